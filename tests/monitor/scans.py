"""Small scans for tests, and a scan written the slow way that owes nothing to the fast one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hamsaya.monitor.scan import Study
from hamsaya.monitor.scan_space import circles

Array = Any


@st.composite
def studies(draw: st.DrawFn, given: bool = False) -> Study:
    """Up to six places on a lattice (so that many distances are equal), up to 40 bins, up to 60 cases."""
    places, count = draw(st.integers(1, 6)), draw(st.integers(1, 40))
    cells = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=places, max_size=places,
                          unique=True))
    cases = draw(st.lists(st.tuples(st.integers(0, places - 1), st.integers(0, count - 1)), max_size=60))
    lat, lon = (np.array(column, "f8") / 2 + 30 for column in zip(*cells, strict=True))
    place, bins = (np.array([case[axis] for case in cases], "i4") for axis in (0, 1))
    expected = None
    if given:
        seed = draw(st.integers(0, 1000))
        expected = np.random.default_rng(seed).gamma(2.0, 0.5, (places, count)) + 0.01
    return Study(lat, lon, place, bins, count, expected)


def cylinders(study: Study, prospective: bool, radius_km: float) -> Iterator[tuple[float, tuple[int, ...], int, int]]:
    """Yield (statistic, places, first, last) of every zone and window with two cases or more than expected."""
    total = len(study.place)
    if not total:
        return
    weight = np.bincount(study.place, minlength=len(study.lat)) if study.expected is None else study.expected.sum(1)
    zones = circles(study.lat, study.lon, weight, radius_km, 0.5)
    for zone in range(len(zones)):
        places = zones.places(zone)
        inside = np.isin(study.place, places)
        for first in range(study.count):
            for last in range(first, study.count):
                if last - first + 1 > study.count // 2 or (prospective and last != study.count - 1):
                    continue
                then = (study.bins >= first) & (study.bins <= last)
                count = int((inside & then).sum())
                if study.expected is None:
                    mu = float(inside.sum() * then.sum() / total)
                else:
                    mu = float(study.expected[places, first: last + 1].sum())
                if count >= 2 and count > mu:
                    yield _statistic(count, mu, total, study.expected is not None), tuple(places.tolist()), first, last


def _statistic(count: int, mu: float, total: int, given: bool) -> float:
    if given:
        return count * math.log(count / mu) - (count - mu)
    rest = (total - count) * math.log((total - count) / (total - mu)) if count < total else 0.0
    return count * math.log(count / mu) + rest


def within_strata(study: Study) -> Array:
    """Return what permutation within strata expects by place and bin, summed case by case."""
    assert study.stratum is not None
    expected = np.zeros((len(study.lat), study.count))
    for one in np.unique(study.stratum):
        here = np.flatnonzero(study.stratum == one)
        for case in here:
            for other in here:
                expected[study.place[case], study.bins[other]] += 1 / len(here)
    return expected
