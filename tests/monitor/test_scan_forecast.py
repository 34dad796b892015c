"""The scan above a forecast of incidents: calibrated where the forecast holds, loud where a rise was planted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hamsaya.monitor.forecast import Plan
from hamsaya.monitor.forecast_counts import counted, moments, persistence, record_origins, spread
from hamsaya.monitor.forecast_distribution import COUNTS, of_members
from hamsaya.monitor.forecast_rows import table_of
from hamsaya.monitor.grid import PRIO
from hamsaya.monitor.scan import Settings, Study
from hamsaya.monitor.scan_forecast import Level, Null, best_above, scan_above
from hamsaya.monitor.scan_space import circles, windows
from tests.monitor import simulated

Array = Any
CELLS = PRIO.in_box(simulated.BOX)
CHOSEN = Settings(radius_km=80.0, replicates=99, seed=1)


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def null(seed: int, *, spread: float = 0.6, lasting: float = 0.3, months: int = 6, known: Any = None) -> Null:
    """144 cells, a few of them always bad, six months in weeks; cells are places and have one part."""
    rng = np.random.default_rng(seed)
    mean = np.where(rng.random(144) < 0.2, rng.gamma(2, 2, 144), 0.02)[:, None] * rng.uniform(0.8, 1.2, (144, months))
    days = np.kron(np.eye(months), np.full((1, 4), 0.25))
    at = np.arange(144)
    share = np.ones((1, 1, days.shape[1])) if known is None else known
    return Null(Level(mean, np.where(mean > 0.1, spread, 3.0), lasting), days, at, at, np.ones(144), np.ones((144, 1)),
                share)


def study(made: Null, counts: Array) -> Study:
    lon, lat = PRIO.centre(CELLS)
    place, bins = np.nonzero(counts)
    times = counts[place, bins]
    return Study(lat, lon, np.repeat(place, times).astype("i4"), np.repeat(bins, times).astype("i4"),
                 counts.shape[1], made.expected())


def lowest(made: Null, counts: Array, executor: Executor, chosen: Settings = CHOSEN) -> float:
    return min([one.p_value for one in scan_above(study(made, counts), made, chosen, executor).clusters] or [1.0])


def negative_binomial(made: Null, rng: np.random.Generator) -> Array:
    """Draw months by the forecast's mean and spread and deal them out over their weeks: no code of ``Null``."""
    mean, spread = made.level.mean, made.level.spread
    months = rng.negative_binomial(1 / spread, 1 / (1 + spread * mean))
    return np.concatenate([rng.multinomial(months[:, one], np.full(4, 0.25)) for one in range(mean.shape[1])], 1)


def test_p_is_uniform_where_the_forecast_holds(threads: Executor) -> None:
    """Counts drawn from the forecast's own months: p at or below .05 in about one of twenty, .5 in about half."""
    made = null(1, lasting=0.0)
    p = np.array([lowest(made, negative_binomial(made, np.random.default_rng(seed)), threads) for seed in range(120)])
    assert 1 <= (p <= 0.05).sum() <= 13  # 6 of 120; beyond 13 once in 250.
    assert 42 <= (p <= 0.5).sum() <= 78


def test_weeks_of_a_month_are_not_independent(threads: Executor) -> None:
    """The same counts against a null without levels alarm most of the time: what rule 2 is for."""
    made = null(1, lasting=0.0)
    poisson = replace(made, level=made.level._replace(spread=np.zeros_like(made.level.spread)))
    p = [lowest(poisson, negative_binomial(made, np.random.default_rng(seed)), threads) for seed in range(20)]
    assert sum(one <= 0.05 for one in p) >= 15


def test_a_rise_above_the_forecast_is_found_and_a_place_that_is_always_bad_is_not(threads: Executor) -> None:
    """Twenty-eight more in two weeks in a quiet cell; the worst cell, as bad as was said, is in no cluster."""
    made = null(2)
    counts = negative_binomial(made, np.random.default_rng(4))
    worst = int(made.level.mean[:, -1].argmax())
    quiet = int(np.flatnonzero(np.abs(made.level.mean.mean(1) - np.sort(made.level.mean.mean(1))[-20]) < 1e-12)[0])
    counts[worst] = np.rint(made.expected()[worst])
    counts[quiet, -2:] += 14
    found = scan_above(study(made, counts), made, CHOSEN, threads)
    top = found.clusters[0]
    assert quiet in top.places and top.last == counts.shape[1] - 1 and top.p_value <= 0.02
    assert not any(one.p_value <= 0.05 and one.places[0] == worst for one in found.clusters)
    assert top.expected == pytest.approx(made.expected()[list(top.places), top.first: top.last + 1].sum())


def test_late_reports_are_expected_not_missed(threads: Executor) -> None:
    """Half of the last two weeks is known yet: a count as forecast is then twice what is expected, and found."""
    share = np.ones((50, 1, 24))
    share[:, :, -2:] = np.random.default_rng(1).beta(50, 50, (50, 1, 1))
    whole, late = null(3), null(3, known=share)
    counts = negative_binomial(whole, np.random.default_rng(5))
    busy = int(whole.level.mean[:, -1].argmax())
    counts[busy, -2:] += 9
    assert late.expected()[:, -2:] == pytest.approx(whole.expected()[:, -2:] * share[:, 0, -1].mean())
    assert lowest(late, counts, threads) < lowest(whole, counts, threads)
    thinned = counts.copy()
    thinned[busy, -2:] -= 9
    thinned[:, -2:] = np.random.default_rng(6).binomial(thinned[:, -2:], 0.5)
    assert lowest(late, thinned, threads) > 0.05


def test_parts_of_a_cell_share_its_level_and_add_up() -> None:
    """Four parts a cell: their means add up to the cell's, unequal by the past; draws are as correlated as said."""
    whole = null(1)
    cell = np.repeat(np.arange(144), 4)
    past = np.tile([6, 2, 0, 0], 144)
    parts = replace(whole, cell=cell, place=np.arange(576), past=past.astype("f8"))
    expected = parts.expected().reshape(144, 4, -1)
    assert expected.sum(1) == pytest.approx(whole.expected())
    assert expected[0, :, 0] / expected[0, :, 0].sum() == pytest.approx(np.array([6.5, 2.5, 0.5, 0.5]) / 10)
    assert expected.shape == (144, 4, 24)


def test_draws_have_the_moments_that_the_forecast_says() -> None:
    """Mean, variance and what lasts from month to month, over many replicates."""
    made = null(1, spread=0.6, lasting=0.5)
    busy = made.level.mean.mean(1) > 2
    drawn = np.array([made.drawn(1, number)[busy].reshape(busy.sum(), 6, 4).sum(2) for number in range(3000)])
    mean = made.level.mean[busy]
    assert drawn.mean(0) == pytest.approx(mean, rel=0.15)
    assert ((drawn.var(0) - drawn.mean(0)) / mean**2).mean() == pytest.approx(0.6, rel=0.1)
    between = ((drawn[:, :, 0] - mean[:, 0]) * (drawn[:, :, 5] - mean[:, 5])).mean(0) / (mean[:, 0] * mean[:, 5])
    assert between.mean() == pytest.approx(0.3, rel=0.15)


def test_the_highest_is_that_of_a_slow_scan() -> None:
    """Every zone and window with the statistic written out; prospective and not."""
    made = null(4)
    counts = made.drawn(9, 0)
    one = study(made, counts)
    for prospective in (True, False):
        window = windows(one.count, prospective, 0.3)
        zones = circles(one.lat, one.lon, made.expected().sum(1), 80.0, 0.5)
        mean, over = made.over(window)
        best, _ = best_above(zones.first, zones.place, window.before, window.after, mean, over,
                             window.cumulated(counts), 2)
        slow = 0.0
        for zone in range(len(zones)):
            places = zones.places(zone)
            for number in range(len(window)):
                first, last = window.span(number)
                c = counts[places, first: last + 1].sum()
                mu, k = mean[places, number].sum(), over[places, number].sum() / mean[places, number].sum() ** 2
                if c >= 2 and c > mu:
                    slow = max(slow, c * np.log(c / mu) - (c + 1 / k) * np.log((1 + k * c) / (1 + k * mu)))
        assert best.max() == pytest.approx(slow, rel=1e-9)
        assert mean == pytest.approx(np.array([made.expected()[:, first: last + 1].sum(1) for first, last in map(
            window.span, range(len(window)))]).T)


def test_workers_and_processes_change_nothing(threads: Executor) -> None:
    """The same bits on threads, on processes and in one thread."""
    made = null(5)
    one = study(made, made.drawn(3, 7))
    first = scan_above(one, made, CHOSEN, threads)
    with ProcessPoolExecutor(2) as processes, ThreadPoolExecutor(1) as single:
        for executor in (processes, single):
            again = scan_above(one, made, CHOSEN, executor)
            assert again.clusters == first.clusters and again.highest.tobytes() == first.highest.tobytes()


def test_moments_are_those_of_the_distribution() -> None:
    """Small counts exactly, however rare; counts between the listed ones by rule 2 of the distribution."""
    rare = np.zeros((1, len(COUNTS)))
    rare[0, :2] = 0.001, 0.0004
    found = moments(rare)
    assert found.mean[0] == pytest.approx(0.0014) and found.variance[0] == pytest.approx(0.0022 - 0.0014**2)
    counts = np.random.default_rng(1).negative_binomial(2, 0.3, (1, 4000))
    found = moments(of_members(counts))
    assert found.mean[0] == pytest.approx(counts.mean(), rel=0.02)
    assert found.variance[0] == pytest.approx(counts.var(), rel=0.05)
    assert spread(found)[0] == pytest.approx((counts.var() - counts.mean()) / counts.mean() ** 2, rel=0.1)


@pytest.mark.parametrize(("lasting", "low", "high"), [(False, 0.0, 0.25), (True, 0.35, 1.0)])
def test_persistence_tells_levels_that_last_from_those_that_do_not(lasting: bool, low: float, high: float) -> None:
    """Cells whose level moves anew each month, and cells whose level stays for two years and then moves."""
    rng = np.random.default_rng(8)
    base = np.where(rng.random(144) < 0.3, 4.0, 0.01)
    level = np.repeat(rng.gamma(0.5, 2, (6, 144)), 24, 0)[:132] if lasting else rng.gamma(0.5, 2, (132, 144))
    cube = simulated.cube_of_incidents(rng.poisson(base * level))
    plan = Plan(learn_months=84, tiers=("conflictology", "kernel"))
    known = 131
    with ThreadPoolExecutor(1) as executor:
        table = table_of(counted(cube), [known, *record_origins(known, plan)], executor, first=known - 84, seed=1,
                         farthest=12, groups=1)
    assert low <= persistence(table, known, plan) <= high


def test_without_a_record_everything_lasts() -> None:
    """The cautious end: a short history cannot say that levels do not last."""
    plan = Plan(learn_months=36, tiers=("conflictology", "kernel"))
    assert record_origins(40, plan) == []
