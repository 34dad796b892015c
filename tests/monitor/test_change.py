"""Sudden rises are seen, and false alarms stay within what was agreed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hamsaya.monitor.change import Usual, bar_for, cusum, trend, usual, watch, yearly_share


def negative_binomial(rng: np.random.Generator, mean: float, spread: float, size: int) -> np.ndarray:
    return rng.poisson(rng.gamma(1 / spread, spread * mean, size))


@pytest.mark.parametrize(("mean", "spread"), [(2.0, 0.0), (5.0, 0.3), (0.3, 0.0)])
def test_false_alarms_keep_to_the_budget(mean: float, spread: float) -> None:
    """Over 300 quiet series with a budget of .5 alarms each, .3 to .75 alarm on average: overdispersion included."""
    rng, alarms = np.random.default_rng(1), 0
    for number in range(300):
        quiet = negative_binomial(rng, mean, spread, 156) if spread else rng.poisson(mean, 156)
        alarms += len(watch(quiet[:104], quiet[104:], 0.5, number % 3).rises)
    assert 0.25 <= alarms / 300 <= 0.8


def test_a_sudden_rise_is_seen_soon_and_dated() -> None:
    """A doubling at bin 20 is seen within eight bins in four of five series; its beginning is near."""
    rng, delays, began = np.random.default_rng(2), [], []
    for number in range(60):
        quiet, risen = rng.poisson(6.0, 124), rng.poisson(12.0, 20)
        found = watch(quiet[:104], np.concatenate([quiet[104:], risen]), 0.1, number)
        after = [rise for rise in found.rises if rise.seen >= 20]
        delays.append(after[0].seen - 20 if after else math.inf)
        began += [rise.began for rise in after[:1]]
    assert np.mean(np.array(delays) <= 8) >= 0.8 and abs(np.median(began) - 20) <= 2


def test_a_rise_that_goes_on_is_one_rise() -> None:
    """Thirty bins of a fourfold level are one rise with one beginning, not an alarm every week."""
    rng = np.random.default_rng(3)
    found = watch(rng.poisson(5.0, 104), np.concatenate([rng.poisson(5.0, 10), rng.poisson(20.0, 30)]), 0.1, 1)
    assert len(found.rises) == 1 and found.rises[0].last >= 37 and 3 < found.rises[0].factor < 5


def test_a_larger_budget_lowers_the_bar() -> None:
    """Who accepts more false alarms sees more; nobody gets both."""
    bars = [bar_for(Usual(4.0, 0.2), 104, 52, budget, 1) for budget in (0.05, 0.5, 2.0)]
    assert bars == sorted(bars, reverse=True) and len(set(bars)) == 3
    assert yearly_share(2.0, 4, 52, 7) == pytest.approx(2 * 364 / 365.25 / 4)


def test_the_statistic_is_the_one_written_down() -> None:
    """Poisson, one factor at a time: max(0, previous + count ln 2 - mean) for the doubling."""
    counts = np.array([3, 9, 1, 0])
    level, path = 0.0, []
    for factor in (1.5, 2.0, 4.0):
        level, own = 0.0, []
        for count in counts:
            level = max(0.0, level + count * math.log(factor) - (factor - 1) * 4.0)
            own.append(level)
        path.append(own)
    assert cusum(counts[None], [4.0], [0.0])[0][0] == pytest.approx(np.max(path, axis=0))


def test_wide_spread_needs_more_than_poisson() -> None:
    """The same burst in a series that is always bursty weighs less."""
    counts = np.array([[4, 4, 15]])
    assert cusum(counts, [4.0], [0.8])[0][0, -1] < cusum(counts, [4.0], [0.0])[0][0, -1]


@pytest.mark.parametrize(("reference", "counts"), [([0, 0], []), ([0, 0, 0], [0, 0]), ([1, 0], [3])])
def test_toy_series_are_answered(reference: list[int], counts: list[int]) -> None:
    """All zero, two bins, nothing watched."""
    found = watch(np.array(reference), np.array(counts), 0.5, 1)
    assert found.usual.mean > 0 and math.isfinite(found.level)
    with pytest.raises(ValueError, match="two bins"):
        usual(np.array([1]))


def test_trend_is_recovered_and_not_invented() -> None:
    """A tenth more each 30 days lies in the interval; where nothing changes, 1 does."""
    rng = np.random.default_rng(5)
    rising = rng.poisson(10 * 1.1 ** (np.arange(104) * 7 / 30))
    found, flat = trend(rising, 7), trend(rng.poisson(10.0, 104), 7)
    assert found is not None and found.low < 1.1 < found.high and found.low > 1.05
    assert flat is not None and flat.low < 1 < flat.high
    assert trend(np.zeros(50), 7) is None and trend(np.array([1, 2, 3]), 7) is None
