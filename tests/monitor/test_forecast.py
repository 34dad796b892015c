"""Forecasts: nothing of the future in them, the same on any number of workers, whole distributions in every tier."""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

import numpy as np
import pytest

from hamsaya.monitor import forecast_kernel
from hamsaya.monitor.forecast import Plan, Release, release_of
from hamsaya.monitor.forecast_card import Data, card
from hamsaya.monitor.forecast_cube import Ahead, Cube
from hamsaya.monitor.forecast_features import GROUPS, At, calendar, features, picked, seasons
from hamsaya.monitor.forecast_history import conflictology, conflictology_n, faded
from hamsaya.monitor.forecast_rows import KERNELS, LEVEL, Table, draw, table_of
from tests.monitor import simulated

pytest.importorskip("lightgbm")

PLAN = Plan(horizons=(1, 2, 13), learn_months=60, record_months=12, fading=60.0)
KNOWN = 110


def released(cube: Cube, executor: Executor, plan: Plan = PLAN) -> tuple[Release, Table]:
    table = table_of(cube, [KNOWN], executor, first=KNOWN - plan.reach, seed=plan.seed,
                     farthest=max(plan.horizons))
    return release_of(table, KNOWN, plan, executor), table


@cache
def made() -> tuple[Release, Table]:
    with ThreadPoolExecutor(1) as executor:
        return released(simulated.cube().upto(simulated.FIRST + KNOWN), executor)


def said(release: Release, table: Table) -> bytes:
    """Everything a release says from its own month, as bytes."""
    return b"".join(part.tobytes() for horizon in release.plan.horizons
                    for tier in release.tiers(table, KNOWN, horizon).values() for part in tier)


def test_other_data_after_the_origin_change_no_byte() -> None:
    """The guard against leakage: months after the origin are another war altogether, the forecast is the same."""
    counts = simulated.deaths(0, 132)
    counts[KNOWN + 1:] = simulated.deaths(99, 132)[KNOWN + 1:] * 7 + 1
    other = simulated.cube_of(simulated.table_of_counts(counts), simulated.BOX, first=simulated.FIRST,
                              last=simulated.FIRST + 131, margin=1.0)
    with ThreadPoolExecutor(1) as executor:
        release, table = released(other, executor)
    assert release.digest == made()[0].digest
    assert said(release, table) == said(*made())


def test_near_releases_whose_weights_hang_on_the_cell_see_nothing_of_the_future_either() -> None:
    """Their weights are tilted by recent deaths, those of far releases are not."""
    near, cube = replace(PLAN, horizons=(1, 2)), simulated.cube()
    later = replace(cube, by_type=cube.by_type.copy(), events=cube.events.copy())
    later.by_type[:, KNOWN + 1:] *= 7
    later.events[KNOWN + 1:] += 3
    with ThreadPoolExecutor(1) as executor:
        cut, whole = (released(one, executor, near) for one in (cube.upto(simulated.FIRST + KNOWN), later))
    assert not cut[0].settled.far and made()[0].settled.far  # type: ignore[union-attr]
    assert said(*cut) == said(*whole)


def test_the_guard_would_notice_a_change_before_the_origin() -> None:
    """The test above must be able to fail: one more incident in the last month known is another forecast."""
    counts = simulated.deaths(0, KNOWN + 1)
    counts[KNOWN, 60] += 25
    other = simulated.cube_of(simulated.table_of_counts(counts), simulated.BOX, first=simulated.FIRST,
                              last=simulated.FIRST + KNOWN, margin=1.0)
    with ThreadPoolExecutor(1) as executor:
        assert released(other, executor)[0].digest != made()[0].digest


def test_a_release_is_the_same_on_two_processes() -> None:
    """Results to the last bit, whatever the number of workers."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        release, table = released(simulated.cube().upto(simulated.FIRST + KNOWN), executor)
    assert release.digest == made()[0].digest and said(release, table) == said(*made())


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_features_of_a_month_do_not_see_later_ones(group: int) -> None:
    """Cutting the cube at a month changes no bit of that month's features."""
    cube = simulated.cube()
    at = At(np.full(144, 90), np.arange(144))
    whole, cut = picked(group, cube, at), picked(group, cube.upto(simulated.FIRST + 90), at)
    assert whole.names == cut.names and whole.values.tobytes() == cut.values.tobytes()


@pytest.mark.parametrize("horizon", [1, 12, 13, 24, 25])
def test_seasons_are_years_that_the_origin_has_seen(horizon: int) -> None:
    """The target month a year earlier lies after the origin where the horizon is longer than a year."""
    cube = simulated.cube()
    at = At(np.full(144, 90), np.arange(144))
    steps = np.full(144, horizon)
    cut = cube.upto(simulated.FIRST + 90)
    assert (calendar(cube, seasons(cube), at, steps) == calendar(cut, seasons(cut), at, steps)).all()


def test_rows_drawn_from_a_longer_cube_begin_with_those_of_a_shorter() -> None:
    """What is drawn looks at no later month; rows kept for the deaths that follow do, and stand for nothing else."""
    def drawn(last: int) -> list[tuple[int, int, float, float]]:
        rows = draw(simulated.cube().upto(simulated.FIRST + last), 7, 40, 3)
        listed = zip(*(part.tolist() for part in (*rows.at, rows.stands_for, rows.luck)), strict=True)
        return [row for row in listed if row[2] > 0]

    short, long = drawn(80), drawn(100)
    assert len(long) > len(short) and long[:len(short)] == short


def test_rows_to_learn_from_add_up_to_all_cells_and_months() -> None:
    """Every month that deaths follow is there once, for itself; the others stand for as many as there were."""
    _, table = made()
    known, months = 100, 60
    rows = table.followed_by(known, months, 2)
    after = table.followed[known - months + 2:known + 1]
    violent = rows.deaths > 0
    assert violent.sum() == (after > 0).sum() > 0 and (rows.stands_for[violent] == 1).all()
    quiet = (after == 0).sum()
    assert abs(rows.stands_for[~violent].sum() - quiet) < 0.06 * quiet


def test_learning_ends_with_the_month_known() -> None:
    """A row whose target month lies after what the release knows would teach it the answer."""
    _, table = made()
    rows = table.learning(100, 60, PLAN.horizons)
    assert (rows.at.month + rows.horizon).max() <= 100 and set(rows.horizon) <= set(PLAN.horizons)
    assert (rows.deaths == table.followed[rows.at.month + rows.horizon, rows.at.cell]).all()


def test_the_future_is_refused() -> None:
    """A month that the data do not reach, and an origin before the release was made."""
    release, table = made()
    for origin in (KNOWN + 1, KNOWN - 1):
        with pytest.raises(Ahead):
            release.tiers(table, origin, 1)
    with pytest.raises(Ahead, match="do not reach"):
        simulated.cube().upto(simulated.FIRST + 500)
    with ThreadPoolExecutor(1) as executor, pytest.raises(Ahead):
        release_of(table, KNOWN + 1, PLAN, executor)


def test_nothing_to_learn_from_is_said() -> None:
    quiet = simulated.cube()
    quiet = replace(quiet, by_type=quiet.by_type * 0, events=quiet.events * 0)
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="deaths to learn from"):
        released(quiet, executor)


def test_all_tiers_are_distributions_with_their_intervals() -> None:
    release, table = made()
    for horizon in PLAN.horizons:
        tiers = release.tiers(table, KNOWN, horizon)
        assert list(tiers) == ["conflictology", "kernel", "ladder"]
        for tier in tiers.values():
            assert (np.diff(tier.exceed, axis=1) <= 0).all() and 0 <= tier.exceed.min() <= tier.exceed.max() <= 1
            assert (tier.interval[:, 0] <= tier.interval[:, 1]).all() and tier.size_interval.min() >= 1


def test_conflictology_is_the_last_twelve_months_and_the_neighbours_theirs() -> None:
    cube = simulated.cube()
    at = At(np.full(144, 90), np.arange(144))
    own = cube.deaths[79:91, cube.row, cube.column].T
    assert (np.sort(conflictology(cube, at), 1) == np.sort(own, 1)).all()
    around = cube.deaths[79:91, cube.row[70] - 1:cube.row[70] + 2, cube.column[70] - 1:cube.column[70] + 2]
    assert (np.sort(conflictology_n(cube, at)[70]) == np.sort(around.ravel())).all()


def test_faded_history_weighs_the_months_as_said() -> None:
    """A death one half-life ago counts half as much as one now."""
    cube = simulated.cube()
    cube = replace(cube, by_type=cube.by_type * 0)

    def chance(month: int) -> float:
        one = cube.by_type.copy()
        one[0, month, cube.row[0], cube.column[0]] = 1
        return float(faded(replace(cube, by_type=one), At(np.array([90]), np.array([0])), 4.0)[0, 0])

    assert chance(86) == pytest.approx(chance(90) / 2)


def test_more_violence_nearby_never_lowers_the_kernel() -> None:
    """Non-negative weights and rising bins: raising every feature cannot lower a chance."""
    release, table = made()
    known = table.all_cells(KNOWN, 1)[:, :KERNELS]
    fit = release.learnt.kernels[1]
    assert (fit.weights >= 0).all() and (fit.forecast(known * 1.5)[:, 0] >= fit.forecast(known)[:, 0]).all()


def test_the_kernel_needs_rows() -> None:
    with pytest.raises(ValueError, match="rows to learn from"):
        forecast_kernel.fit(np.zeros((0, KERNELS)), np.zeros(0), np.zeros(0))


def test_features_stand_in_one_order() -> None:
    cube = simulated.cube()
    at = At(np.full(144, 90), np.arange(144))
    with ThreadPoolExecutor(1) as executor:
        both = features(cube, at, executor)
    parts = [picked(group, cube, at) for group in range(len(GROUPS))]
    assert both.names == [name for part in parts for name in part.names] and len(set(both.names)) == len(both.names)
    assert (both.values == np.concatenate([part.values for part in parts], 1)).all()
    assert both.names[LEVEL] == "deaths_h3_s0"


def test_the_card_names_data_features_limits_and_digests() -> None:
    """A release without its card is a number without a source."""
    release, table = made()
    text = card(release, table, KNOWN, Data("test.csv", "ab" * 32, 10, 1, "spread", ["Made for a test. Licence: CC0."]))
    for wanted in (release.digest, "ab" * 32, "1 rows left out", "2014-03", table.names[0], "mostly wrong", "CC0",
                   "No replay was run"):
        assert wanted in text, wanted
    assert text == card(release, table, KNOWN, Data("test.csv", "ab" * 32, 10, 1, "spread",
                                                    ["Made for a test. Licence: CC0."]))
