"""Permutation within strata: what a delay in reporting that differs by state makes of a scan, and what heals it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.monitor.scan import Settings, Study, scan
from hamsaya.monitor.scan_space import circles, windows
from tests.monitor.scans import studies, within_strata


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@given(studies(), st.integers(0, 1000), st.booleans(), st.sampled_from([60.0, np.inf]))
@settings(max_examples=60)
def test_the_highest_is_that_of_a_slow_scan(study: Study, seed: int, prospective: bool, radius_km: float) -> None:
    """Every zone and window, with means summed case by case: the top cluster has the highest of all statistics."""
    study = replace(study, stratum=np.random.default_rng(seed).integers(0, 3, len(study.place)).astype("i4"))
    with ThreadPoolExecutor(1) as executor:
        found = scan(study, Settings(prospective, radius_km, replicates=0), executor)
    best, total = 0.0, len(study.place)
    if total:
        expected, window = within_strata(study), windows(study.count, prospective, 0.5)
        zones = circles(study.lat, study.lon, np.bincount(study.place, minlength=len(study.lat)), radius_km, 0.5)
        for zone in range(len(zones)):
            inside = np.isin(study.place, zones.places(zone))
            for span in range(len(window)):
                first, last = window.span(span)
                count = int((inside & (study.bins >= first) & (study.bins <= last)).sum())
                mu = expected[zones.places(zone), first: last + 1].sum()
                if count >= 2 and count > mu + 1e-9:
                    rest = (total - count) * np.log((total - count) / (total - mu)) if count < total else 0.0
                    best = max(best, count * np.log(count / mu) + rest)
    assert (found.clusters[0].statistic if found.clusters else 0.0) == pytest.approx(best, abs=1e-9)


def test_one_stratum_is_none(threads: Executor) -> None:
    """The same replicates, clusters and p, to the rounding of means."""
    rng = np.random.default_rng(5)
    study = Study(rng.uniform(30, 33, 12), rng.uniform(60, 63, 12), rng.integers(0, 12, 300).astype("i4"),
                  rng.integers(0, 40, 300).astype("i4"), 40)
    chosen = Settings(radius_km=150.0, replicates=99, seed=2)
    plain = scan(study, chosen, threads)
    same = scan(replace(study, stratum=np.zeros(300, "i4")), chosen, threads)
    assert [one.places for one in same.clusters] == [one.places for one in plain.clusters]
    assert same.highest == pytest.approx(plain.highest) and len(plain.clusters)
    assert [one.p_value for one in same.clusters] == [one.p_value for one in plain.clusters]


def known(seed: int, slow: float, burst: int = 0) -> Study:
    """Two states of ten places each with even incidents over 60 weeks; of the last six weeks one knows ``slow``."""
    rng = np.random.default_rng(seed)
    place, bins = rng.integers(0, 20, 1500), rng.integers(0, 60, 1500)
    kept = (bins < 54) | (place < 10) | (rng.random(1500) < slow)
    place, bins = place[kept], bins[kept]
    place, bins = np.concatenate([place, np.full(burst, 13)]), np.concatenate([bins, np.full(burst, 59)])
    where = np.arange(20)
    return Study(30.0 + where % 5 * 0.3, 60.0 + where // 5 * 0.3 + (where >= 10) * 5, place.astype("i4"),
                 bins.astype("i4"), 60, stratum=(place >= 10).astype("i4"))


def test_a_slow_state_makes_no_cluster_of_the_quick_one(threads: Executor) -> None:
    """Where one state's last weeks are known by a fifth, plain permutation alarms in the other; within states not."""
    chosen, loud, quiet = Settings(radius_km=150.0, replicates=99, seed=1), 0, 0
    for seed in range(40):
        study = known(seed, 0.2)
        for stratum in (None, study.stratum):
            p = min([one.p_value for one in scan(replace(study, stratum=stratum), chosen, threads).clusters] or [1.0])
            loud, quiet = loud + (p <= 0.05 and stratum is None), quiet + (p <= 0.05 and stratum is not None)
    assert loud >= 30 and quiet <= 6  # 6 or more of 40 at 5 % happen once in 70.


def test_a_burst_in_the_slow_state_is_still_found(threads: Executor) -> None:
    """What is left of the slow state's last week is enough to see a burst against."""
    study = known(1, 0.2, burst=9)
    top = scan(study, Settings(radius_km=60.0, replicates=99, seed=1), threads).clusters[0]
    assert 13 in top.places and top.last == 59 and top.p_value == 0.01
    assert top.expected < 4


def test_strata_and_means_exclude_each_other() -> None:
    """A given mean already says what each place expects."""
    study = known(1, 1.0)
    with pytest.raises(ValueError, match="none where means are given"):
        replace(study, expected=np.ones((20, 60)))
    with pytest.raises(ValueError, match="each case"):
        replace(study, stratum=np.zeros(3, "i4"))
