"""Distributions: they add up, never rise, and their quantiles are those of the ensemble they came from."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.monitor import forecast_distribution as distribution
from hamsaya.monitor.forecast_distribution import COUNTS
from hamsaya.monitor.forecast_settle import BANDS, ENOUGH, NOMINAL, band_of, is_far, settle, unsettled
from hamsaya.monitor.forecast_weights import FAR_PRIOR, PARTS, PRIOR, TILT, Setting, mixed, tilted


def drawn(seed: int, rows: int = 30, members: int = 40) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.poisson(random.gamma(0.3, 30, (rows, 1)), (rows, members)).clip(0, 2500)


def is_distribution(exceed: np.ndarray) -> bool:
    """Probabilities of the intervals between the counts are >= 0 and add up to one with that of zero."""
    steps = -np.diff(exceed.astype("f8"), axis=1, prepend=1.0, append=0.0)
    return bool((steps >= 0).all() and np.allclose(steps.sum(1), 1))


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_ensembles_mixtures_and_moves_are_distributions(seed: int) -> None:
    """Whatever is done to it, what is published is a distribution."""
    random = np.random.default_rng(seed)
    parts = tuple(distribution.of_members(drawn(seed + shift)) for shift in range(len(PARTS)))
    rule = unsettled()
    moved = type(rule)(random.dirichlet(np.ones(len(PARTS)), 4), random.normal(), random.uniform(0.5, 2), rule.levels,
                       rule.size_levels, 1)
    setting = anywhere(seed, len(parts[0]))
    for exceed in (*parts, *(one.mixed(parts, setting) for one in (rule, moved)),  # type: ignore[arg-type]
                   distribution.sized(parts[0])):
        assert is_distribution(exceed)


def test_small_counts_come_back_as_they_went_in() -> None:
    """Below ten every count has a column of its own, so nothing is lost on the way to quantiles."""
    ensemble = np.sort(np.random.default_rng(0).integers(0, 10, (50, 200)), 1)
    assert (distribution.members(distribution.of_members(ensemble)) == ensemble).mean() > 0.999


def test_quantiles_rise_and_stay_within_the_counts_bounds() -> None:
    members = distribution.members(distribution.of_members(drawn(3)))
    assert (np.diff(members, axis=1) >= 0).all() and members.min() >= 0 and members.max() < distribution.CEILING


def test_coarse_steps_are_kept_and_filled_in_between() -> None:
    """At a known count the probability is the known one; between two it lies between theirs."""
    known = np.array([1.0, 4.0, 20.0])
    exceed = np.array([[0.8, 0.5, 0.1]])
    fine = distribution.finer(exceed, known)
    assert np.allclose(fine[0, np.isin(COUNTS, known)], exceed[0])
    assert (np.diff(fine[0]) <= 0).all()


def anywhere(seed: int, rows: int) -> Setting:
    """Rows of any recent level and any months ahead."""
    random = np.random.default_rng(seed)
    return Setting(random.exponential(1, rows), random.integers(1, 7, rows))


def simulated(seed: int, rows: int, bias: float) -> tuple[tuple[np.ndarray, ...], Setting, np.ndarray, np.ndarray]:
    """Forecasts whose odds are off by ``bias``, and outcomes from the true chance; sizes are right."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.5, rows)
    happened = random.random(rows) < 1 / (1 + np.exp(-odds))
    deaths = np.where(happened, random.geometric(0.2, rows), 0)
    size = 0.8 ** (COUNTS - 1)
    exceed = (1 / (1 + np.exp(-odds - bias)))[:, None] * size
    return (exceed.astype("f4"),) * len(PARTS), anywhere(seed, rows), deaths, np.ones(rows, "f4")


def test_a_record_of_too_high_chances_lowers_them() -> None:
    """On simulated data the settled chances come true as said, in every band, where the raw ones do not."""
    parts, setting, deaths, stands_for = simulated(1, 60_000, 1.0)
    rule = settle(parts, setting, deaths, stands_for)  # type: ignore[arg-type]
    unseen, there, later, _ = simulated(2, 60_000, 1.0)
    settled, raw = rule.mixed(unseen, there), unseen[0]  # type: ignore[arg-type]

    def worst(exceed: np.ndarray) -> float:
        in_band = [band_of(exceed[:, 0]) == band for band in range(len(BANDS) + 1)]
        return max(abs(exceed[rows, 0].mean() - (later[rows] > 0).mean()) for rows in in_band)

    assert worst(settled) < 0.05 < 0.1 < worst(raw)


def test_intervals_hold_what_they_say_on_unseen_simulated_months() -> None:
    """Conformal levels: the interval at 90 % holds at least nine in ten in every band, and the size's about as many."""
    parts, setting, deaths, stands_for = simulated(3, 40_000, 0.0)
    rule = settle(parts, setting, deaths, stands_for)  # type: ignore[arg-type]
    unseen, there, later, _ = simulated(4, 40_000, 0.0)
    exceed = rule.mixed(unseen, there)  # type: ignore[arg-type]
    bands = band_of(exceed[:, 0])
    low, high = rule.interval(exceed).T
    size_low, size_high = rule.size_interval(exceed).T
    for band in range(1, len(BANDS) + 1):
        rows = bands == band
        assert ((later >= low) & (later <= high))[rows].mean() >= 0.9
        violent = rows & (later > 0)
        assert 0.87 <= ((later >= size_low) & (later <= size_high))[violent].mean() <= 0.96


def test_a_short_record_teaches_nothing() -> None:
    parts, setting, deaths, stands_for = simulated(5, 20, 0.0)
    assert settle(parts, setting, deaths, stands_for).rows == 0  # type: ignore[arg-type]


def test_weights_are_held_to_those_of_how_far_ahead_is_asked() -> None:
    """What a short record keeps, and what a long one is pulled to: the priors of near and far horizons differ."""
    for prior in (PRIOR, FAR_PRIOR):
        assert np.allclose(prior.sum(1), 1) and (prior >= 0).all()
    assert not is_far((1, 6)) and is_far((3, 14))
    few, many = simulated(5, 20, 0.0), simulated(5, 40_000, 0.0)
    near, far = (settle(*few, far=which).weights for which in (False, True))  # type: ignore[arg-type]
    assert (near == PRIOR).all() and (far == FAR_PRIOR).all()
    near, far = (settle(*many, far=which).weights for which in (False, True))  # type: ignore[arg-type]
    assert (near != far).any() and np.allclose(near.sum(1), 1) and np.allclose(far.sum(1), 1)


def test_the_more_died_of_late_the_more_the_last_months_count_and_the_further_ahead_the_less() -> None:
    """In every range of counts; and what the record gave nothing may still count a little."""
    for number, prior in enumerate(PRIOR):
        level = tilted(prior, number, Setting(np.linspace(0, 4, 9), np.full(9, 3)))
        ahead = tilted(prior, number, Setting(np.full(6, 1.0), np.arange(1, 7)))
        for weights in (level, ahead):
            assert np.allclose(weights.sum(1), 1) and (weights > 0).all()
        quick = PARTS.index("quick history")
        assert (np.diff(level[:, quick]) > 0).all() and (np.diff(ahead[:, quick]) < 0).all()
    assert (TILT[:, :, 0] == 0).all()


def test_far_releases_mix_every_row_alike() -> None:
    parts = tuple(distribution.of_members(drawn(shift)) for shift in range(len(PARTS)))
    setting = anywhere(0, len(parts[0]))
    near, far = (unsettled(which).mixed(parts, setting) for which in (False, True))  # type: ignore[arg-type]
    assert np.allclose(far, mixed(FAR_PRIOR, parts), atol=1e-6)  # type: ignore[arg-type]
    assert not np.allclose(near, mixed(PRIOR, parts), atol=1e-3)  # type: ignore[arg-type]


def test_a_band_with_few_rows_has_a_level_between_the_nominal_one_and_its_neighbours() -> None:
    """A handful of sure forecasts in the record, whose sizes were as well known as everywhere."""
    parts, setting, deaths, stands_for = simulated(6, 40_000, 0.0)
    chance = parts[0][:, 0]
    kept = (chance < BANDS[-1]) | (np.cumsum(chance >= BANDS[-1]) <= 20)
    rule = settle(tuple(part[kept] for part in parts), Setting(*(part[kept] for part in setting)),
                  deaths[kept], stands_for[kept])
    assert 0 < (chance[kept] >= BANDS[-1]).sum() < ENOUGH
    between = sorted((NOMINAL, float(rule.levels[-2])))
    assert between[0] < rule.levels[-1] < between[1]
