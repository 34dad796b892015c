"""The case itself: opened for one purpose and one act, kept for a time, closed by who opened it.

Rules of the kinds
open      participants named once, <= 20 persons, kept after today, at most five years and at most as long as its
          instrument lets it                        else ``participants``, ``too-many-persons``, ``retention``
close     by the opener
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import DAY
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState
from hamsaya.messages.cases import Close, Open
from hamsaya.messages.event import Event

MAX_PERSONS = 20
MAX_RETENTION = 1827 * DAY
"""Five years with their leap days; the ceiling of the exchange notes, section 5, item 10."""

ROLES = {"case.open": "a participant", "case.close": "the opener"}
TRANSITIONS = {("none", "case.open"): "open", ("open", "case.close"): "closed"}


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what an opening or a closing is about, or None while that is unknown here."""
    if isinstance(event.body, Open):
        people = frozenset(event.body.participants)
        return Matter(case.status if case else "none", people, people, people)
    if case is None:
        return None
    people = frozenset(case.participants)
    return Matter(case.status, frozenset((case.opener,)), people, people, case)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids an opening; ``longest`` is how long its instrument lets it be kept, milliseconds."""
    body = event.body
    if isinstance(body, Close):
        return
    assert isinstance(body, Open)
    if len(set(body.participants)) != len(body.participants):
        yield refuse("participants", "cases:open", "a participant is named once")
    if sum(subject.type == "person" for subject in body.subjects) > MAX_PERSONS:
        yield refuse("too-many-persons", "cases:open", f"a case names at most {MAX_PERSONS} persons")
    if not event.issued_at < body.retain_until <= event.issued_at + longest:
        text = f"a case is kept beyond its opening and, under its instrument, at most {longest // DAY} days"
        yield refuse("retention", "cases:open", text)
