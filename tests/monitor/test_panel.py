"""Panels: whole numbers that add up to the table's, places and dates spread by what was known at the time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.grid import PRIO
from hamsaya.monitor.incidents import Incidents, concat, day_number, month_number
from hamsaya.monitor.panel import Dates, Places, apportion, panel
from tests.monitor.tables import table, tables

FIRST, LAST = month_number("2018-01"), month_number("2021-12")
WAYS = list(product(("end", "spread"), ("spread", "point", "drop")))


def day(text: str) -> int:
    return day_number(text)


@given(tables(), st.sampled_from(WAYS))
def test_nothing_is_lost_however_it_is_spread(made: Incidents, way: tuple[Dates, Places]) -> None:
    """Deaths and incidents of the table are those of the panel and of what it left out, exactly."""
    dates, places = way
    whole = panel(made, first=FIRST, last=LAST, dates=dates, places=places)
    for cells, last in ((None, LAST), (whole.cells[::2], LAST), (None, FIRST + 12)):
        counts = panel(made, first=FIRST, last=last, cells=cells, dates=dates, places=places)
        assert counts.deaths.sum() + counts.left_out.deaths == made.best.sum()
        assert counts.events.sum() + counts.left_out.events == len(made)
        assert (counts.deaths >= 0).all() and (counts.events >= 0).all()
    by_type = [made.best[made.violence == violence].sum() for violence in (1, 2, 3)]
    if places != "drop":
        assert whole.deaths.sum((1, 2)).tolist() == by_type


@given(tables(), st.integers(FIRST, LAST))
def test_a_panel_cut_at_a_month_is_the_panel_of_that_month(made: Incidents, cut: int) -> None:
    """Later history must not move earlier deaths: otherwise a replayed forecast would know the future."""
    then = panel(made.take(made.end_month <= cut), first=FIRST, last=cut)
    now = panel(made, first=FIRST, last=cut, cells=now_cells(made))
    at = now.index_of(then.cells)
    assert (at >= 0).all()
    assert (now.deaths[:, at] == then.deaths).all()
    assert now.deaths.sum() == then.deaths.sum()


def now_cells(made: Incidents) -> np.ndarray:
    """Return every cell that the table's points lie in."""
    return np.unique(PRIO.cell_of(made.lon, made.lat))


def test_deaths_known_by_province_go_where_deaths_were() -> None:
    """Seven deaths of a province, shared 3 to 1 by its history, not piled on the point that stands for it."""
    made = table(
        4, lon=[60.1, 60.6, 75.0, 61.6], best=[6, 2, 50, 7], where_prec=[1, 2, 1, 4], adm1=[0, 0, 2, 0],
        country=[0, 0, 1, 0], end=[day("2019-01-05"), day("2019-02-05"), day("2019-01-09"), day("2019-03-09")],
        start=day("2019-01-01"),
    )
    counts = panel(made, first=FIRST, last=LAST)
    march = counts.deaths[0, :, month_number("2019-03") - FIRST]
    cells = {int(cell): int(deaths) for cell, deaths in zip(counts.cells, march, strict=True) if deaths}
    left, right = PRIO.cell_of([60.1, 60.6], [31.1, 31.1]).tolist()
    assert cells == {left: 5, right: 2}
    assert counts.spread == (1, 7)


def test_a_province_without_history_takes_its_country_s_and_else_its_point() -> None:
    """What is not known is not invented: without any history the point given is the best there is."""
    made = table(3, lon=[60.1, 61.6, 61.6], best=[1, 4, 4], where_prec=[1, 4, 6], adm1=[0, 1, -1], country=[0, 0, 1])
    counts = panel(made, first=FIRST, last=LAST)
    history, point = PRIO.cell_of([60.1, 61.6], [31.1, 31.1]).tolist()
    assert dict(zip(counts.cells.tolist(), counts.deaths.sum((0, 2)).tolist(), strict=True)) == {history: 5, point: 4}


def test_an_event_over_two_months_is_divided_by_its_days_only_on_request() -> None:
    """Ten days of January and twenty of February: nine deaths are three and six; it ends, and counts, in February."""
    made = table(start=day("2019-01-22"), end=day("2019-02-20"), best=9)
    january = month_number("2019-01") - FIRST
    assert panel(made, first=FIRST, last=LAST).deaths[0, 0, january : january + 2].tolist() == [0, 9]
    spread = panel(made, first=FIRST, last=LAST, dates="spread")
    assert spread.deaths[0, 0, january : january + 2].tolist() == [3, 6]
    assert spread.events[0, 0, january : january + 2].tolist() == [0, 1]


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any))
def test_shares_add_up_and_are_nearest(total: int, weights: list[int]) -> None:
    """Largest remainder: the sum is kept and no share is a whole unit away from its exact value."""
    shares = apportion(total, np.array(weights))
    assert shares.sum() == total
    assert all(abs(share * sum(weights) - total * weight) < sum(weights)
               for share, weight in zip(shares.tolist(), weights, strict=True))


def test_tables_of_two_sources_keep_their_names() -> None:
    """Codes of countries and areas are a table's own: put together they must not change places."""
    one, two = table(country=1, adm1=2), table(country=0, adm1=-1)
    both = concat([two.take([0]), one, two])
    assert [both.countries[code] for code in both.country] == ["Ava", "Bel", "Ava"]
    assert both.adm1[0] == -1 and both.areas[both.adm1[1]] == ("Bel", "East")
    assert len(concat([])) == 0
    assert both.of_countries(["Bel"]).id.tolist() == [b"e0"]
    with pytest.raises(ValueError, match="Ava, Bel"):
        both.of_countries(["Cor"])


def test_a_panel_runs_forward_and_names_cells_once() -> None:
    """Either slip would make two arrays that look alike and are not."""
    with pytest.raises(ValueError, match="forward"):
        panel(table(), first=LAST, last=FIRST)
    with pytest.raises(ValueError, match="once"):
        panel(table(), first=FIRST, last=LAST, cells=[5, 5])


def test_a_sum_beyond_counting_is_refused() -> None:
    """Two rows of two thousand million deaths are somebody's error, and must not come out as a negative number."""
    with pytest.raises(ValueError, match="2\\*\\*31"):
        panel(table(2, best=2**31 - 1), first=FIRST, last=LAST)
