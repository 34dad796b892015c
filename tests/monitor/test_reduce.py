"""The later vintage wins, in whatever order messages arrive, and the fold is bit for bit the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hamsaya.canon import encode
from hamsaya.messages.compliance import Attest
from hamsaya.messages.event import Event
from hamsaya.messages.monitor import Picture, Row
from hamsaya.monitor.reduce import snapshot
from hamsaya.monitor.types import EMPTY
from tests.monitor.story import FEB, JAN, MARCH, NORTH, event, fold, report

ROW = Row(NORTH, JAN, 1, 1, 2, 1, 3)


def held(*events: Event) -> list[int]:
    return [part.report.as_of for part in fold(*events).parts.values()]


def test_a_later_vintage_replaces_an_earlier_one_and_not_the_reverse() -> None:
    """A corrected report must stand even when the one it corrects arrives after it."""
    old, new = event("north", report(ROW, as_of=1), 9), event("north", report(as_of=2), 1)
    assert held(old, new) == held(new, old) == [2]


def test_a_tie_is_broken_by_the_message_id() -> None:
    """Two reports of one instant must not leave two nodes with two pictures."""
    one, two = event("north", report(ROW, as_of=1), 1), event("north", report(as_of=1), 2)
    assert fold(one, two) == fold(two, one)
    assert fold(one, two).parts["north", JAN, FEB].message_id == two.message_id


def test_other_senders_and_periods_are_kept_apart() -> None:
    """A report speaks for its sender and its period alone."""
    state = fold(
        event("north", report(), 1), event("south", report(), 2), event("north", report(first=FEB, last=MARCH), 3)
    )
    assert set(state.parts) == {("north", JAN, FEB), ("south", JAN, FEB), ("north", FEB, MARCH)}


def test_the_latest_statement_of_a_digest_stands() -> None:
    """What a party says of its picture is superseded when it says it anew."""
    def stated(number: int, issued_at: int) -> Event:
        body = Picture(first=JAN, last=FEB, digest=bytes([number]) * 32, cells=4, coverage="complete")
        return event("north", body, number, issued_at)

    early, late = stated(9, 1_000), stated(1, 2_000)
    for state in (fold(early, late), fold(late, early)):
        assert state.statements["north", JAN, FEB].picture.digest == bytes([1]) * 32


def test_other_kinds_change_nothing() -> None:
    """A room folds its own messages only."""
    assert fold(event("north", Attest(finding="F", verdict="breach", reason=None))) == EMPTY


REPORTS = st.lists(
    st.tuples(st.sampled_from(["north", "south"]), st.sampled_from([(JAN, FEB), (JAN, JAN), (FEB, MARCH)]),
              st.integers(0, 3), st.integers(0, 2)),
    max_size=12,
)


@given(reports=REPORTS, data=st.data())
def test_any_order_and_any_repetition_gives_the_same_bytes(
    reports: list[tuple[str, tuple[str, str], int, int]], data: st.DataObject
) -> None:
    """Networks reorder and repeat; two nodes that hold the same messages must agree to the last byte."""
    events = [
        event(sender, report(Row(NORTH, first, 1, deaths, deaths, 0, 9), first=first, last=last, as_of=as_of), number)
        for number, (sender, (first, last), as_of, deaths) in enumerate(reports)
    ]
    shuffled = data.draw(st.permutations(events)) + events[:3]
    assert encode(snapshot(fold(*events))) == encode(snapshot(fold(*shuffled)))
    assert fold(*events) == fold(*shuffled)
