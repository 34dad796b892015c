"""Three shores of a lake: the cells, reports and events that the monitoring tests share."""

from __future__ import annotations

from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.reduce import apply
from hamsaya.monitor.types import EMPTY, State

NORTH, BOTH, SOUTH, NOBODYS = 100, 101, 102, 103
AREAS = {
    NORTH: frozenset({"north"}),
    BOTH: frozenset({"north", "south"}),
    SOUTH: frozenset({"south"}),
    NOBODYS: frozenset[str](),
}
JAN, FEB, MARCH = "2019-01", "2019-02", "2019-03"


def report(*rows: Row, first: str = JAN, last: str = FEB, as_of: int = 1_000, source: str = "own count") -> Report:
    return Report(source=source, licence="CC BY 4.0", as_of=as_of, first=first, last=last, rows=list(rows))


def event(sender: str, body: Body, number: int = 1, issued_at: int = 2_000) -> Event:
    return Event(
        message_id=number.to_bytes(16, "big"), kind=kind_of(body), sender=sender, recipients=("other",),
        instrument="lake-watch", case=None, issued_at=issued_at, expires_at=issued_at + 1, exercise=True, body=body,
    )


def fold(*events: Event) -> State:
    state = EMPTY
    for one in events:
        state = apply(state, one)
    return state
