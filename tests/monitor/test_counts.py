"""Incidents become counts, counts become reports that fit, and nothing is lost or made up on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.messages.kinds import encode_body
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.counts import MAX_BYTES, MAX_ROWS, counts, own_rows, split_report
from hamsaya.monitor.exercise import PER_MONTH, exercise_incidents
from hamsaya.monitor.rules import decide
from hamsaya.monitor.types import EMPTY, Incident, centre, gid_of, months, row_column
from tests.monitor.story import AREAS, BOTH, FEB, JAN, MARCH, NORTH, SOUTH, event


def split(rows: list[Row], first: str, last: str) -> list[Report]:
    return split_report(rows, source="s", licence="l", as_of=1, first=first, last=last)


def test_counts_are_by_cell_month_and_type() -> None:
    """The day's month decides, which for a long event is the month of its end."""
    incidents = [
        Incident("a", "2019-01-31", 0, 0, NORTH, 1, 2, 1, 3), Incident("b", "2019-01-01", 0, 0, NORTH, 1, 1, 1, 1),
        Incident("c", "2019-01-01", 0, 0, NORTH, 2, 5, 5, 5), Incident("d", "2019-02-01", 0, 0, NORTH, 1, 0, 0, 4),
    ]
    assert counts(incidents) == [
        Row(NORTH, JAN, 1, 2, 3, 2, 4), Row(NORTH, JAN, 2, 1, 5, 5, 5), Row(NORTH, FEB, 1, 1, 0, 0, 4),
    ]


def test_own_rows_are_those_of_the_annex() -> None:
    """A border cell belongs to both reports, a neighbour's to neither."""
    rows = [Row(gid, JAN, 1, 1, 0, 0, 0) for gid in (NORTH, BOTH, SOUTH, 999)]
    assert [row.gid for row in own_rows(rows, "north", AREAS)] == [NORTH, BOTH]


@pytest.mark.parametrize(("first", "last", "count"), [("2019-11", "2020-02", 4), (JAN, JAN, 1), (FEB, JAN, 0)])
def test_months_cross_the_year(first: str, last: str, count: int) -> None:
    """December is followed by January."""
    found = months(first, last)
    assert len(found) == count and found == sorted(found)


@given(row=st.integers(0, 359), column=st.integers(0, 719))
def test_the_cell_of_a_cells_centre_is_the_cell(row: int, column: int) -> None:
    """Grid arithmetic must be its own inverse at every place on earth."""
    gid = row * 720 + column + 1
    assert row_column(gid) == (row, column)
    assert gid_of(*centre(gid)) == gid


ROWS = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from(months("2018-11", MARCH)), st.integers(1, 3)),
    unique=True, max_size=40,
)


@given(keys=ROWS)
def test_parts_join_to_the_whole_and_repeat_exactly(keys: list[tuple[int, str, int]]) -> None:
    """Every month is in exactly one part and every row in its month's; the same rows split the same way."""
    rows = [Row(*key, 1, 2, 1, 3) for key in keys]
    parts = split(rows, "2018-11", MARCH)
    assert [month for part in parts for month in months(part.first, part.last)] == months("2018-11", MARCH)
    assert sorted((row.gid, row.month, row.violence) for part in parts for row in part.rows) == sorted(keys)
    assert parts == split(list(reversed(rows)), "2018-11", MARCH)


def test_a_long_period_is_split_and_each_part_fits_and_is_admitted() -> None:
    """A body must stay below 700 kB so that the envelope stays below its limit, and must be in order as split."""
    areas = {gid: frozenset({"north"}) for gid in range(1, 9_001)}
    rows = [Row(gid, month, 1, 2**30, 2**30, 2**30, 2**30) for gid in areas for month in (JAN, FEB, MARCH)]
    parts = split(rows, "2018-12", "2019-04")
    assert len(parts) > 1
    for part in parts:
        assert len(part.rows) <= MAX_ROWS
        assert len(encode_body(part)) < MAX_BYTES + 500
        assert decide(EMPTY, event("north", part), areas).allowed
    assert sum(len(part.rows) for part in parts) == len(rows)


def test_nothing_to_report_is_one_report_of_nothing() -> None:
    """A quiet period is still covered, in one message."""
    (part,) = split([], JAN, MARCH)
    assert (part.first, part.last, part.rows) == (JAN, MARCH, [])


def test_what_cannot_be_split_is_a_callers_mistake() -> None:
    """Rows outside the period would be lost; a month over the limits cannot be sent."""
    with pytest.raises(ValueError, match="within"):
        split([Row(1, "2020-01", 1, 1, 0, 0, 0)], JAN, FEB)
    with pytest.raises(ValueError, match="within"):
        split([], FEB, JAN)
    with pytest.raises(ValueError, match="in 2019-01"):
        split([Row(gid, JAN, 1, 1, 0, 0, 0) for gid in range(1, MAX_ROWS + 2)], JAN, FEB)


@given(seed=st.integers(0, 2**64 - 1))
def test_exercise_incidents_are_well_formed_and_repeat(seed: int) -> None:
    """Every node that has the seed makes the same invented data, and each looks like a real row."""
    made = list(exercise_incidents(seed, list(AREAS), [JAN, FEB]))
    assert made == list(exercise_incidents(seed, list(reversed(AREAS)), [JAN, FEB]))
    assert len(made) == 2 * PER_MONTH
    for incident in made:
        assert incident.gid in AREAS and gid_of(incident.longitude, incident.latitude) == incident.gid
        assert 0 <= incident.low <= incident.best <= incident.high
        assert incident.month in (JAN, FEB) and incident.violence in (1, 2, 3)
        assert incident.id.startswith("EX-")


def test_other_seeds_make_other_incidents() -> None:
    """A generator that ignored its seed would pass every test above."""
    one, two = (list(exercise_incidents(seed, list(AREAS), [JAN])) for seed in (1, 2))
    assert [incident.longitude for incident in one] != [incident.longitude for incident in two]


def test_exercise_needs_a_place() -> None:
    """No cells, no incidents: a silent empty data set would look like peace."""
    with pytest.raises(ValueError, match="cell"):
        next(exercise_incidents(1, [], [JAN]))
