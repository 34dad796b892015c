"""The space-time scan: against a slow one, against SaTScan's answers, at sizes where others break."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.monitor.scan import Found, Settings, Study, scan
from hamsaya.monitor.scan_kernel import highest_of, replicate
from hamsaya.monitor.scan_plan import NOTHING, plan
from hamsaya.monitor.scan_space import circles, windows
from tests.monitor.scans import cylinders, studies

REFERENCES = ("afpak-pro-01", "afpak-ret-05", "afpak-ret-025", "nigeria-pro-01")


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def line(place: list[int], bins: list[int], count: int, places: int = 3) -> Study:
    """Places a degree apart on one meridian."""
    return Study(np.arange(places) + 30.0, np.full(places, 60.0), np.array(place, "i4"), np.array(bins, "i4"), count)


def same(one: Found, other: Found) -> bool:
    return one.clusters == other.clusters and one.highest.tobytes() == other.highest.tobytes()


@given(st.booleans().flatmap(lambda given: studies(given)), st.booleans(), st.sampled_from([60.0, 200.0, np.inf]))
@settings(max_examples=120)
def test_clusters_are_those_of_a_slow_scan(study: Study, prospective: bool, radius_km: float) -> None:
    """The top one is the highest of all cylinders; every one shown is a cylinder with that very statistic."""
    with ThreadPoolExecutor(1) as executor:
        found = scan(study, Settings(prospective, radius_km, replicates=0), executor)
    slow = {(places, first, last): value for value, places, first, last in cylinders(study, prospective, radius_km)}
    assert bool(found.clusters) == bool(slow)
    if slow:
        assert found.clusters[0].statistic == pytest.approx(max(slow.values()), rel=1e-12)
    for one in found.clusters:
        assert one.statistic == pytest.approx(slow[one.places, one.first, one.last], rel=1e-12)
        assert not any(one.overlaps(other) for other in found.clusters if other is not one)


@given(st.booleans().flatmap(lambda given: studies(given)), st.booleans(), st.floats(0.3, 6.0))
@settings(max_examples=80)
def test_the_bar_and_the_blocks_miss_nothing(study: Study, prospective: bool, bar: float) -> None:
    """A replicate's highest statistic is the same with any bar that it surpasses: else speed would cost exactness."""
    window = windows(study.count, prospective, 0.5)
    weight = np.bincount(study.place, minlength=len(study.lat)) if study.expected is None else study.expected.sum(1)
    zones = circles(study.lat, study.lon, weight, np.inf, 0.5)
    if not len(study.place) or not len(zones) or not len(window):
        return
    totals = np.full(20, len(study.place))
    made = plan(zones, window, np.bincount(study.bins, minlength=study.count), len(study.place), 2, study.expected,
                len(study.place))
    cases = (len(study.lat), window.lanes, study.place, study.bins)
    low, high = (replicate(made.at(each), *cases, totals, np.uint64(5), 0) for each in (NOTHING, bar))
    assert np.array_equal(high, np.where(low > bar, low, high)) and ((high == low) | (low <= bar)).all()
    slow = max((value for value, *_ in cylinders(study, prospective, np.inf)), default=0.0)
    assert highest_of(made.at(NOTHING), *cases) == pytest.approx(slow, rel=1e-12)


@pytest.mark.parametrize("prospective", [True, False])
@pytest.mark.parametrize(("place", "bins", "count", "places"), [
    ([], [], 10, 3), ([0], [4], 10, 3), ([0, 1], [9, 9], 10, 3), ([0, 0, 0], [1, 5, 9], 10, 1),
    ([0, 1, 2, 0], [0, 0, 0, 0], 1, 3), ([0, 1, 2, 0], [9, 9, 9, 9], 10, 3), ([], [], 0, 0), ([0, 0], [0, 1], 2, 1),
], ids=["none", "one case", "two cases", "one place", "one bin", "all on one day", "nothing", "two bins"])
def test_toy_sizes_are_answered(
    place: list[int], bins: list[int], count: int, places: int, prospective: bool, threads: Executor
) -> None:
    """Where nothing can be told from chance the answer is no cluster with p below a half: no crash and no loop."""
    found = scan(line(place, bins, count, places), Settings(prospective, replicates=99), threads)
    assert all(one.p_value > 0.5 for one in found.clusters)


def test_cells_with_the_same_total_differ_by_time(threads: Executor) -> None:
    """A burst of one place in the last bins is found with its place, its window and its numbers."""
    place = [0] * 10 + [1] * 10 + [2] * 20
    bins = [18, 18, 18, 19, 19, 19, 19, 19, 0, 1, *range(10), *range(20)]
    top = scan(line(place, bins, 20), Settings(radius_km=50.0, replicates=999, seed=3), threads).clusters[0]
    assert (top.places, top.first, top.last, top.observed, top.p_value) == ((0,), 18, 19, 8, 0.001)
    assert top.expected == pytest.approx(10 * 10 / 40) and top.recurrence == pytest.approx(1000)


def test_workers_and_processes_change_nothing() -> None:
    """Members compare pictures bit for bit; a node with more cores must not see other clusters."""
    rng = np.random.default_rng(2)
    study = Study(rng.uniform(30, 32, 40), rng.uniform(60, 62, 40), rng.integers(0, 40, 400).astype("i4"),
                  rng.integers(0, 30, 400).astype("i4"), 30)
    chosen = Settings(prospective=False, radius_km=80.0, replicates=199, seed=9)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(3) as three, ProcessPoolExecutor(2) as processes:
        first, *others = [scan(study, chosen, executor) for executor in (one, three, processes)]
        assert all(same(first, other) for other in others)
        assert not same(first, scan(study, replace(chosen, seed=10), one))
        early = replace(chosen, stop_after=5)
        assert same(scan(study, early, one), scan(study, early, three))


def test_replicates_stop_early_with_an_honest_p(threads: Executor) -> None:
    """The h-th replicate that reaches the top ends the drawing; p is the share until then, and the full one agrees."""
    rng = np.random.default_rng(4)
    study = Study(rng.uniform(30, 32, 20), rng.uniform(60, 62, 20), rng.integers(0, 20, 200).astype("i4"),
                  rng.integers(0, 20, 200).astype("i4"), 20)
    whole = scan(study, Settings(replicates=999), threads)
    early = scan(study, Settings(replicates=999, stop_after=20), threads)
    drawn = len(early.highest)
    assert early.stopped and drawn < 999 and np.array_equal(early.highest, whole.highest[:drawn])
    assert early.highest[-1] >= early.clusters[0].statistic and early.clusters[0].p_value == 20 / drawn
    assert whole.clusters[0].p_value == pytest.approx(20 / drawn, abs=0.12)


def test_p_is_uniform_where_nothing_is_there(threads: Executor) -> None:
    """Under the null as many top clusters have p <= .2 as should: no more false alarms than said."""
    rng, low = np.random.default_rng(8), 0
    for trial in range(120):
        study = Study(rng.uniform(30, 32, 15), rng.uniform(60, 62, 15), rng.integers(0, 15, 150).astype("i4"),
                      rng.integers(0, 20, 150).astype("i4"), 20)
        found = scan(study, Settings(replicates=99, seed=trial), threads)
        low += found.clusters[0].p_value <= 0.2 if found.clusters else 0
    assert 10 <= low <= 40


def test_more_than_a_forecast_is_found_and_more_than_uniform_is_not(threads: Executor) -> None:
    """A place that was expected to be bad is no cluster; a lesser one above its forecast is."""
    expected = np.full((3, 10), 0.3)
    expected[0] = 8.0
    bins = [*np.repeat(range(10), 8).tolist(), 8, 8, 8, 9, 9, 9, 9]
    study = replace(line([0] * 80 + [2] * 7, bins, 10), expected=expected)
    top, *others = scan(study, Settings(radius_km=50.0, share=1.0, replicates=199), threads).clusters
    assert top.places == (2,) and (top.first, top.last) == (8, 9) and top.p_value <= 0.01
    assert top.expected == pytest.approx(0.6) and all(one.p_value > 0.2 for one in others)


@pytest.mark.parametrize("changed", [
    {"bins": np.array([0, 10], "i4")}, {"place": np.array([0, 3], "i4")}, {"place": np.array([0, -1], "i4")},
    {"lat": np.zeros(2)}, {"expected": np.zeros((3, 10))}, {"expected": np.ones((2, 10))}, {"count": -1},
])
def test_a_study_that_contradicts_itself_is_refused(changed: dict[str, Any]) -> None:
    """Compiled loops do not look at bounds, so nothing may reach them out of bounds."""
    with pytest.raises(ValueError, match="expected"):
        replace(line([0, 1], [0, 1], 10), **changed)


# --- SaTScan ---------------------------------------------------------------------------------------------


def reference(folder: Path, name: str) -> tuple[dict[str, Any], Study, list[str]]:
    """Return what SaTScan was asked and answered, the study, and the names of its places."""
    folder = folder / "satscan-reference"
    if not (folder / f"{name}.json").is_file():
        pytest.skip(f"SaTScan's answer to {name} is not here")
    answer = json.loads((folder / f"{name}.json").read_text())
    with gzip.open(folder / f"{name}.geo.gz", "rt") as text:
        rows = [row.split() for row in text]
    with gzip.open(folder / f"{name}.cas.gz", "rt") as text:
        cases = [row.split() for row in text]
    names = [row[0] for row in rows]
    end = day(answer["study"][1])
    count = (end - day(answer["study"][0]) + 1) // answer["time_aggregation_days"]
    bins = [count - 1 - (end - day(case[2])) // answer["time_aggregation_days"] for case in cases]
    place = [names.index(case[0]) for case in cases]
    lat, lon = (np.array([float(row[axis]) for row in rows]) for axis in (1, 2))
    return answer, Study(lat, lon, np.array(place, "i4"), np.array(bins, "i4"), count), names


def day(text: str) -> int:
    year, month, number = text.split("/")
    return int(np.datetime64(f"{year}-{int(month):02}-{int(number):02}", "D").astype("i8"))


@pytest.mark.parametrize("name", REFERENCES)
def test_top_and_secondary_clusters_are_those_of_satscan(name: str, shared_data: Path, threads: Executor) -> None:
    """The same places, statistic to 1e-6, radius and counts, one after the other; p within Monte Carlo error."""
    answer, study, names = reference(shared_data, name)
    chosen = Settings("prospective" in answer["analysis"], answer["max_radius_km"], replicates=999, seed=1)
    found = scan(study, chosen, threads).clusters
    assert len(found) >= len(answer["clusters"]) > 4  # All of them, whatever the seed makes of those near p = 1.
    for ours, theirs in zip(found, answer["clusters"], strict=False):
        assert [names[place] for place in ours.places] == theirs["locations"]
        assert ours.statistic == pytest.approx(theirs["statistic"], abs=1.1e-6)
        assert ours.observed == theirs["observed"] and ours.radius_km == pytest.approx(theirs["radius_km"], abs=0.02)
        assert ours.expected == pytest.approx(theirs["expected"], abs=0.006)
        p = float(theirs["p_value"])
        assert abs(ours.p_value - p) <= 0.0015 + 4 * (2 * p * (1 - p) / 999) ** 0.5


def test_overdispersed_counts_do_not_alarm_as_poisson_would(threads: Executor) -> None:
    """Where counts vary far more than Poisson, a plain scan finds clusters in nothing; with the spread it does not."""
    rng, expected = np.random.default_rng(6), np.full((12, 20), 2.0)
    false = {0.0: 0, 1.0: 0}
    for trial in range(25):
        counts = rng.poisson(rng.gamma(1.0, 2.0, expected.shape))
        place, bins = (np.repeat(axis.ravel(), counts.ravel()).astype("i4") for axis in np.indices(counts.shape))
        study = Study(rng.uniform(30, 32, 12), rng.uniform(60, 62, 12), place, bins, 20, expected)
        for spread in false:
            found = scan(replace(study, spread=spread), Settings(replicates=39, seed=trial), threads)
            false[spread] += bool(found.clusters) and found.clusters[0].p_value <= 0.1
    assert false[0.0] >= 15 and false[1.0] <= 7


def test_a_burst_above_overdispersed_means_is_found(threads: Executor) -> None:
    """The score statistic names its place and bins; the number of workers changes nothing."""
    rng, expected = np.random.default_rng(7), np.full((9, 20), 2.0)
    counts = rng.poisson(rng.gamma(2.0, 1.0, expected.shape))
    counts[4, 17:] = 14
    place, bins = (np.repeat(axis.ravel(), counts.ravel()).astype("i4") for axis in np.indices(counts.shape))
    lat, lon = (axis.ravel() / 2.0 + 30 for axis in np.indices((3, 3)))
    study = Study(lat, lon, place, bins, 20, expected, spread=0.5)
    chosen = Settings(replicates=99, radius_km=120.0)
    found = scan(study, chosen, threads)
    top = found.clusters[0]
    assert 4 in top.places and top.first == 17 and top.p_value <= 0.02
    with ThreadPoolExecutor(1) as one:
        assert same(found, scan(study, chosen, one))
