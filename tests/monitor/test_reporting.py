"""Reporting delay from vintages: what a store's own updates teach, and that batches are not taken for delays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hamsaya.monitor.reporting import Reports, TooFew, binned, delays, filled

Array = Any


def simulated(seed: int, vintages: Array, lag: float, days: int = 420, covers: int = 0, group: int = 0) -> Reports:
    """Five incidents a day, reported with the first vintage after an exponential lag and, with ``covers``, no earlier
    than so many days after the end of their thirty-day month."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, days, 5 * days)
    ready = day + rng.exponential(lag, len(day))
    if covers:
        ready = np.maximum(ready, (day // 30 + 1) * 30 + covers)
    at = np.searchsorted(vintages, ready)
    seen = at < len(vintages)
    return Reports(day[seen], np.asarray(vintages)[at[seen]], np.full(int(seen.sum()), group))


def test_weekly_updates_teach_the_lag() -> None:
    """The share known of the newest weeks is that of the process, averaged over their days."""
    vintages = np.arange(27, 420, 7)
    found = delays(simulated(1, vintages, 10.0), vintages, 1, 430, 7, 12)
    assert (found.last, found.step, len(found.vintages)) == (419, 1, 57)
    weeks = 419 - np.arange(7) - 7 * np.arange(6)[:, None]
    truth = (1 - np.exp(-(419 - weeks + 0.5) / 10.0)).mean(1)
    told = binned(found, weeks, 1)
    assert told.share == pytest.approx(truth, abs=0.05)
    assert ((told.low <= told.share) & (told.share <= told.high) & (told.high - told.low < 0.15)).all()


def test_a_batch_that_covers_a_month_is_known_whole() -> None:
    """Monthly files, twenty days after the month: by days alone a month-old day would seem half known; it is whole."""
    vintages = np.arange(50, 420, 30)
    reports = simulated(2, vintages, 0.1, covers=20)
    found = delays(reports, vintages, 1, 410, 5, 24)
    assert found.last == 410 and found.step == 6
    known = found.share(np.array([409, 395, 391, 385, 375, 360]))
    assert known[:3] == pytest.approx(0, abs=0.03) and known[3:] == pytest.approx(1, abs=0.03)
    assert found.share(np.array([411, 500])).tolist() == [0.0, 0.0]


def test_final_counts_lie_in_the_interval_as_often_as_said() -> None:
    """Of many replays at a past vintage, some 90 % of weeks end within 5 % and 95 %."""
    inside = total = 0
    for seed in range(12):
        vintages = np.arange(27, 420, 7)
        reports = simulated(seed, vintages, 12.0)
        as_of = int(vintages[-12])
        found = delays(reports, vintages, 1, as_of, 7, 14)
        weeks = as_of - np.arange(7) - 7 * np.arange(8)[:, None]
        final = np.array([np.isin(reports.day, week).sum() for week in weeks])
        now = np.array([(np.isin(reports.day, week) & (reports.reported <= as_of)).sum() for week in weeks])
        told = filled(found, now, weeks, seed, 0.02)
        inside += int(((told.low <= final) & (final <= told.high)).sum())
        total += len(weeks)
    assert 0.8 <= inside / total <= 0.99


def test_the_past_answers_the_same_whatever_came_later() -> None:
    """A nowcast of the past made today is the one that was made then."""
    vintages = np.arange(27, 420, 7)
    reports = simulated(3, vintages, 10.0)
    then = reports.take(reports.reported <= 300)
    one = delays(reports, vintages, 1, 300, 7, 12)
    other = delays(then, vintages[vintages <= 300], 1, 300, 7, 12)
    assert one.exact.tolist() == other.exact.tolist() and one.share(np.arange(250, 300)).tolist() == other.share(
        np.arange(250, 300)).tolist()
    assert one.draws(np.arange(290, 300), 5).tobytes() == other.draws(np.arange(290, 300), 5).tobytes()


def test_a_slow_state_is_told_apart_and_a_small_one_is_drawn_to_all() -> None:
    """States with their own lag; one with three incidents says what all say, nearly."""
    vintages = np.arange(27, 420, 7)
    parts = [simulated(4, vintages, 3.0), simulated(5, vintages, 25.0, group=1)]
    small = Reports(np.array([60, 61, 62]), np.array([69, 69, 69]), np.array([2, 2, 2]))
    reports = Reports(*(np.concatenate(columns) for columns in zip(*parts, small, strict=True)))
    found = delays(reports, vintages, 3, 419, 7, 16)
    week = np.arange(406, 413)
    quick, slow, few, both = (found.share(week, group).mean() for group in (0, 1, 2, None))
    assert quick > 0.9 and slow < 0.5 and slow < both < quick and few == pytest.approx(both, abs=0.12)


def test_what_the_first_vintage_held_teaches_nothing() -> None:
    """Years of history taken in at once are not incidents that were reported years late."""
    vintages = np.arange(2000, 2400, 7)
    reports = simulated(6, np.arange(27, 420, 7), 5.0)
    late = Reports(reports.day + 1980, reports.reported + 1980, reports.group)
    vintages = np.unique(late.reported)
    history = Reports(np.arange(0, 2000), np.full(2000, vintages[0]), np.zeros(2000, "i8"))
    both = Reports(*(np.concatenate(columns) for columns in zip(history, late, strict=True)))
    one, other = (delays(each, vintages, 1, 2399, 7, 12) for each in (both, late))
    assert one.within.tolist() == other.within.tolist()


def test_too_few_vintages_or_incidents_are_said() -> None:
    """Three looks are no cadence, days in a row are one look, and ten incidents are no delay."""
    reports = simulated(7, np.arange(27, 420, 7), 5.0)
    with pytest.raises(TooFew, match="4 vintages"):
        delays(reports, np.array([400, 407, 414]), 1, 419, 7, 12)
    with pytest.raises(TooFew, match="received 1"):
        delays(reports, np.array([410, 411, 412, 413, 414]), 1, 419, 7, 12)
    with pytest.raises(TooFew, match="30 incidents"):
        delays(reports.take(np.arange(10)), np.arange(27, 420, 7), 1, 419, 7, 12)
