"""The joint picture: claims side by side, spans instead of sums, silence told from peace, one digest everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.messages.kinds import encode_body
from hamsaya.messages.monitor import Row
from hamsaya.monitor.picture import digest, picture, statement, table
from hamsaya.monitor.types import EMPTY, Cell, Claim, PictureDoc, Pooled, State
from tests.monitor.story import AREAS, BOTH, FEB, JAN, MARCH, NOBODYS, NORTH, SOUTH, event, fold, report


def cell(document: PictureDoc, gid: int) -> Cell:
    return next(cell for cell in document.cells if cell.gid == gid)


def two_reporters() -> State:
    """Of the shared cell in January, North says 2 incidents and 5 deaths, South 1 and 8; both cover both months."""
    return fold(
        event("north", report(Row(NORTH, FEB, 2, 1, 3, 3, 3), Row(BOTH, JAN, 1, 2, 5, 4, 6)), 1),
        event("south", report(Row(BOTH, JAN, 1, 1, 8, 2, 9), Row(BOTH, FEB, 1, 1, 1, 1, 1)), 2),
    )


def test_claims_stay_side_by_side_and_are_never_added_over_reporters() -> None:
    """Two accounts of one attack are not two attacks: the span is from the lowest to the highest claim."""
    shared = cell(picture(two_reporters(), AREAS, JAN, FEB), BOTH)
    assert shared.claims == [Claim("north", 1, 2, 5, 4, 6), Claim("south", 1, 2, 9, 3, 10)]
    # January: 1 to 2 incidents, best 5 to 8, bounds 2 to 9; February: North covers it and claims none.
    assert shared.pooled == [Pooled(1, 1, 3, 5, 9, 2, 10)]


def test_totals_add_up_over_cells_and_types_stay_apart() -> None:
    """Kinds of violence are different things and are never one number."""
    document = picture(two_reporters(), AREAS, JAN, FEB)
    assert document.totals == [Pooled(1, 1, 3, 5, 9, 2, 10), Pooled(2, 1, 1, 3, 3, 3, 3)]


STATUSES = {
    "nobody reported": (EMPTY, {NORTH: "silent", BOTH: "silent", SOUTH: "silent", NOBODYS: "not-covered"}),
    "one reported nothing": (
        fold(event("north", report())),
        {NORTH: "observed", BOTH: "observed", SOUTH: "silent", NOBODYS: "not-covered"},
    ),
    "one covered a part": (
        fold(event("north", report(first=FEB, last=FEB)), event("south", report(first=MARCH, last=MARCH), 2)),
        {NORTH: "partly", BOTH: "partly", SOUTH: "silent", NOBODYS: "not-covered"},
    ),
}


@pytest.mark.parametrize(("state", "expected"), STATUSES.values(), ids=STATUSES)
def test_not_observed_is_told_from_nothing_happened(state: State, expected: dict[int, str]) -> None:
    """A silent reporter must never look like a peaceful area."""
    document = picture(state, AREAS, JAN, FEB)
    assert {cell.gid: cell.status for cell in document.cells} == expected
    assert sum(document.statuses.values()) == len(AREAS)


def test_coverage_is_complete_only_when_all_reported_all() -> None:
    """One missing month of one reporter makes the whole partial, and says whose."""
    covered = {gid: who for gid, who in AREAS.items() if who}
    whole = fold(event("north", report(), 1), event("south", report(), 2))
    assert picture(whole, covered, JAN, FEB).coverage == "complete"
    assert picture(whole, AREAS, JAN, FEB).coverage == "partial", "a cell is given to nobody"
    partial = picture(whole, covered, JAN, MARCH)
    assert partial.coverage == "partial"
    assert [(reporter.member, reporter.months) for reporter in partial.reporters] == [("north", 2), ("south", 2)]


def test_a_correction_of_one_month_replaces_that_month_only() -> None:
    """Parts of different length overlap when a single month is corrected; no month may count twice."""
    long = event("north", report(Row(NORTH, JAN, 1, 1, 1, 1, 1), Row(NORTH, FEB, 1, 1, 1, 1, 1), as_of=1), 1)
    correction = event("north", report(Row(NORTH, FEB, 1, 5, 50, 50, 50), first=FEB, last=FEB, as_of=2), 2)
    for state in (fold(long, correction), fold(correction, long)):
        assert cell(picture(state, AREAS, JAN, FEB), NORTH).claims == [Claim("north", 1, 6, 51, 51, 51)]


def test_an_older_long_report_does_not_come_back_over_a_correction() -> None:
    """The vintage decides for every month, whatever the length of the part."""
    correction = event("north", report(first=FEB, last=FEB, as_of=5), 1)
    stale = event("north", report(Row(NORTH, FEB, 1, 9, 9, 9, 9), as_of=4), 2)
    assert cell(picture(fold(correction, stale), AREAS, JAN, FEB), NORTH).claims == []


def test_rows_outside_the_period_or_the_area_do_not_speak() -> None:
    """A picture of February holds no January, and an amended annex takes a cell's old reporter out of it."""
    state = two_reporters()
    assert cell(picture(state, AREAS, FEB, FEB), BOTH).claims == [Claim("south", 1, 1, 1, 1, 1)]
    amended = {**AREAS, BOTH: frozenset({"north"})}
    assert [claim.member for claim in cell(picture(state, amended, JAN, FEB), BOTH).claims] == ["north"]


def test_sources_are_cited_with_their_licences() -> None:
    """Attribution is a condition of the data's licence and part of what members agreed."""
    reporters = picture(two_reporters(), AREAS, JAN, FEB).reporters
    assert reporters[0].sources == [("own count", "CC BY 4.0")] and reporters[0].as_of == 1_000


def test_a_backward_period_is_a_callers_mistake() -> None:
    """There is no picture of no time."""
    with pytest.raises(ValueError, match="runs forward"):
        picture(EMPTY, AREAS, FEB, JAN)


def test_table_lists_the_worst_cells_first_and_quiet_ones_not_at_all() -> None:
    """The table is read from the top by people in a hurry."""
    document = picture(two_reporters(), AREAS, JAN, FEB)
    assert [(row.gid, row.incidents, row.best, row.bounds) for row in table(document, 5)] == [
        (BOTH, (1, 3), (5, 9), (2, 10)), (NORTH, (1, 1), (3, 3), (3, 3)),
    ]
    assert [row.gid for row in table(document, 1)] == [BOTH]


def test_a_statement_carries_the_digest() -> None:
    """What is sent to the others is small; it must be of exactly this picture."""
    document = picture(two_reporters(), AREAS, JAN, FEB)
    stated = statement(document)
    assert (stated.digest, stated.cells, stated.coverage) == (digest(document), 4, "partial")
    assert len(encode_body(stated)) < 120


ROWS = st.lists(
    st.tuples(st.sampled_from([NORTH, BOTH, SOUTH]), st.sampled_from([JAN, FEB, MARCH]), st.integers(1, 3),
              st.integers(1, 9), st.integers(0, 9)),
    max_size=8, unique_by=lambda row: row[:3],
)
REPORTS = st.lists(st.tuples(st.sampled_from(["north", "south"]), st.integers(0, 3), ROWS), min_size=1, max_size=6)


@given(reports=REPORTS, data=st.data())
def test_the_digest_does_not_depend_on_the_order_of_arrival(
    reports: list[tuple[str, int, list[tuple[int, str, int, int, int]]]], data: st.DataObject
) -> None:
    """This is what the federation rests on: the same messages, the same picture, at every node."""
    events = []
    for number, (sender, as_of, rows) in enumerate(reports):
        said = [Row(gid, month, kind, n, deaths, 0, deaths) for gid, month, kind, n, deaths in sorted(rows)]
        events.append(event(sender, report(*said, last=MARCH, as_of=as_of), number))
    one = picture(fold(*events), AREAS, JAN, MARCH)
    other = picture(fold(*data.draw(st.permutations(events))), dict(reversed(AREAS.items())), JAN, MARCH)
    assert digest(one) == digest(other)
    for each in one.cells:
        for pooled in each.pooled:
            claims = [claim for claim in each.claims if claim.violence == pooled.violence]
            assert pooled.low <= pooled.best_low <= pooled.best_high <= pooled.high
            assert all(claim.best <= pooled.best_high for claim in claims)


@given(deaths=st.integers(1, 9), other=st.integers(1, 9))
def test_another_count_is_another_digest(deaths: int, other: int) -> None:
    """A digest that missed a difference would call two pictures one."""
    def made(count: int) -> bytes:
        return digest(picture(fold(event("north", report(Row(NORTH, JAN, 1, 1, count, 0, 9)))), AREAS, JAN, FEB))

    assert (made(deaths) == made(other)) == (deaths == other)
