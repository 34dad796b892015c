"""Every cluster of the scan, top and secondary, against a scan in plain Python that shares no line with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hamsaya.monitor.scan import Settings, Study, scan
from tests.monitor.slowscan import clusters


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("prospective", [True, False])
def test_all_clusters_are_those_of_a_scan_in_plain_python(seed: int, prospective: bool) -> None:
    """Random places, a burst in one of them: the same zones and windows in the same order, statistics to 1e-6."""
    rng = np.random.default_rng(seed)
    places, bins, size = int(rng.integers(5, 14)), int(rng.integers(6, 17)), int(rng.integers(30, 90))
    lat, lon = rng.uniform(25, 40, places), rng.uniform(60, 75, places)
    place, when = rng.integers(0, places, size), rng.integers(0, bins, size)
    place[:6], when[:6] = place[0], bins - 1 - (np.arange(6) % 2) - (0 if prospective else bins // 3)
    radius = float(rng.choice([300.0, 800.0, np.inf]))
    study = Study(lat, lon, place.astype("i4"), when.astype("i4"), bins)
    with ThreadPoolExecutor(1) as executor:
        found = scan(study, Settings(prospective, radius, replicates=0), executor).clusters
    slow = clusters(list(zip(lat.tolist(), lon.tolist(), strict=True)),
                    list(zip(place.tolist(), when.tolist(), strict=True)), bins, prospective=prospective,
                    radius_km=radius)
    assert len(slow) > 1, "a problem with one cluster says nothing of secondary ones"
    assert [one.statistic for one in found] == pytest.approx([one.statistic for one in slow], abs=1e-6)
    # Cylinders of one statistic have no order: their whole group is compared.
    assert {_told(one.statistic, frozenset(one.places), one.first, one.last, one.observed) for one in found} == {
        _told(one.statistic, one.places, one.first, one.last, one.observed) for one in slow}


def _told(statistic: float, places: frozenset[int], *rest: int) -> tuple[object, ...]:
    return round(statistic, 6), places, *rest
