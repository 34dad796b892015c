"""Where a source says nothing: told in words, by month and by country."""

from __future__ import annotations

import numpy as np

from hamsaya.monitor.incidents import day_number, month_number
from hamsaya.monitor.silence import LIVELY, silences
from tests.monitor import tables


def test_a_gap_and_a_country_that_fell_silent_are_told() -> None:
    """Both would otherwise be scored as peace: a file with a year missing, a country whose data end."""
    early, late = day_number("2019-03-05"), day_number("2020-06-05")
    days = np.array([early] * LIVELY + [late])
    table = tables.table(len(days), start=days, end=days, country=[0] * LIVELY + [1])
    words = silences(table, month_number("2019-03"), month_number("2020-06"))
    assert "14 of the months 2019-03 to 2020-06" in words[0] and "2019-04 to 2020-05" in words[0]
    assert "no incident of Ava after 2019-03, 24 in the 12 months" in words[1] and len(words) == 2


def test_a_lull_is_no_silence() -> None:
    """A country with few incidents has quiet half years; nothing is told where every month has an incident."""
    days = np.arange(day_number("2019-01-03"), day_number("2019-12-30"), 15)
    table = tables.table(len(days), start=days, end=days, country=[0] * (LIVELY - 1) + [1] * (len(days) - LIVELY + 1))
    assert silences(table, month_number("2019-01"), month_number("2019-12")) == []
