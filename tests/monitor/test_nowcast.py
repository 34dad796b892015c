"""Counts of the last weeks as they will be: right on average, with intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.nowcast import nowcast, triangle


def reports(seed: int, bins: int = 60, mean: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """Events with delays of 0 to 6 bins, half of them within one."""
    rng = np.random.default_rng(seed)
    event = np.repeat(np.arange(bins), rng.poisson(mean, bins))
    return event, event + rng.choice(7, len(event), p=[0.35, 0.25, 0.15, 0.1, 0.07, 0.05, 0.03])


def test_the_last_weeks_are_filled_up() -> None:
    """Over 60 histories, intervals of 90 % hold the later truth in 80 to 98 %, and medians are not off by a tenth."""
    held, ratios = [], []
    for seed in range(60):
        event, report = reports(seed)
        table = triangle(event, report, np.ones(len(event)), 59, 40, 8)
        found = nowcast(table, 1)
        truth = np.bincount(event, minlength=60)[20:]
        held += ((found.low <= truth) & (truth <= found.high))[-5:].tolist()
        ratios += (found.median / truth)[-5:].tolist()
        assert (found.reported[-3:] < truth[-3:]).mean() > 0.5
    assert 0.8 <= np.mean(held) <= 0.98 and abs(np.median(ratios) - 1) < 0.1


def test_shares_are_those_of_the_delays() -> None:
    """A third within the same bin, all within eight."""
    event, report = reports(1, bins=400)
    found = nowcast(triangle(event, report, np.ones(len(event)), 399, 400, 8), 1)
    assert found.reported_within[[0, 1, 3]] == pytest.approx([0.35, 0.6, 0.85], abs=0.02)
    assert found.share[0] == 1.0 and found.share[-1] == found.reported_within[0] and found.reported_within[-1] == 1.0


def test_what_was_reported_later_is_not_used() -> None:
    """A nowcast of the past made today is the one that was made then."""
    event, report = reports(2)
    then = triangle(event, report, np.ones(len(event)), 40, 30, 8)
    known = report <= 40
    assert np.array_equal(then, triangle(event[known], report[known], np.ones(known.sum()), 40, 30, 8))
    assert then[-1, 1:].sum() == 0


def test_hardly_anything_reported_is_said_as_unknown() -> None:
    """Where less than 2 % is known by now a number would be invention."""
    event = np.repeat(np.arange(40), 50)
    delay = np.where(np.arange(len(event)) % 200 == 0, 0, 3)
    found = nowcast(triangle(event, event + delay, np.ones(len(event)), 39, 40, 5), 1)
    assert np.isnan(found.median[-1]) and np.isnan(found.high[-1]) and found.median[0] == 50


@given(st.integers(0, 3), st.integers(1, 4), st.integers(0, 3))
def test_toy_triangles_are_answered(longest: int, bins: int, cases: int) -> None:
    """No report at all, a single bin, delays that cannot be: counts stay at or above what is reported."""
    event = np.zeros(cases, "i8")
    found = nowcast(triangle(event, event, np.ones(cases), 0, bins, longest), 3)
    known = ~np.isnan(found.low)
    assert (found.low[known] >= found.reported[known]).all() and (found.low[known] <= found.high[known]).all()
    assert found.reported.sum() == cases


def test_a_report_before_its_event_is_refused() -> None:
    """Two columns exchanged would turn delays round."""
    with pytest.raises(ValueError, match="not before"):
        triangle(np.array([5]), np.array([4]), np.array([1]), 9, 10, 3)
