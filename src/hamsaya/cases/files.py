"""The case itself: opened for one purpose and one act, kept for a time, closed by who opened it.

Rules of the kinds
raise     before the opening, decided by two different persons, told to every party that oversees
                                                                    else ``two-persons``, ``oversight-missing``
open      participants named once; at most ``MAX_SUBJECTS`` subjects, or as many as its opener's two persons raised it
          to; kept after today, at most five years and at most as long as its instrument lets it; with a sealed date
          of notice where it names a person
                                              else ``participants``, ``too-many-subjects``, ``retention``,
                                                                                          ``notice-missing``
close     by the opener
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import DAY
from hamsaya.cases import notices
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState
from hamsaya.messages.cases import MAX_SUBJECTS, Close, Open, Raise
from hamsaya.messages.event import Event

MAX_RETENTION = 1827 * DAY
"""Five years with their leap days; the ceiling of the exchange notes, section 5, item 10."""

ROLES = {
    "case.raise": "the member that will open the case", "case.open": "a participant", "case.close": "the opener"
}
TRANSITIONS = {
    ("none", "case.raise"): "raised",
    ("none", "case.open"): "open",
    ("raised", "case.open"): "open",
    ("open", "case.close"): "closed",
}


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what an opening or a closing is about, or None while that is unknown here."""
    status = case.status if case is not None else "raised" if ref in state.raises else "none"
    match event.body:
        case Open(participants=participants):
            people = frozenset(participants)
            return Matter(status, people, people, people)
        case Raise():
            # Who will take part is not said before the opening: those who are told, observers apart.
            people = frozenset((event.sender, *event.recipients))
            return Matter(status, frozenset((event.sender,)), frozenset(), people)
    if case is None:
        return None
    people = frozenset(case.participants)
    return Matter(case.status, frozenset((case.opener,)), people, people, case)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids an opening; ``longest`` is how long its instrument lets it be kept, milliseconds."""
    match event.body:
        case Raise() as body:
            yield from _raise(event, body, matter)
        case Open() as body:
            yield from _open(event, body, longest)
            yield from notices.opening(body)
            yield from _named(state, event, body, matter)
        case body:
            assert isinstance(body, Close)


def _raise(event: Event, body: Raise, matter: Matter) -> Iterator[Decision]:
    if body.officer == body.second_officer:
        yield refuse("two-persons", "cases:raise", "two different persons raise how many a case may name")
    if not matter.overseers or matter.overseers - set(event.recipients):
        yield refuse("oversight-missing", "cases:raise", "oversight is told when a case is to name more")


def _open(event: Event, body: Open, longest: int) -> Iterator[Decision]:
    if len(set(body.participants)) != len(body.participants):
        yield refuse("participants", "cases:open", "a participant is named once")
    if not event.issued_at < body.retain_until <= event.issued_at + longest:
        text = f"a case is kept beyond its opening and, under its instrument, at most {longest // DAY} days"
        yield refuse("retention", "cases:open", text)


def _named(state: CasesState, event: Event, body: Open, matter: Matter) -> Iterator[Decision]:
    """Yield what forbids to name as many as an opening does."""
    raised = state.raises.get(event.case or "")
    if raised is not None and raised.by != event.sender:
        yield refuse("already-exists", "cases:open", "its reference is taken")
    limit = MAX_SUBJECTS if raised is None else raised.limit
    if len(body.subjects) > limit:
        # What the opener's two persons decided may still be on its way.
        awaited = raised is None and not matter.sending and state.own is not None
        code = "predecessor-missing" if awaited else "too-many-subjects"
        yield refuse(code, "cases:open", f"this case names at most {limit}; two persons may raise that before it opens")
