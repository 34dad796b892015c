"""One question from one participant to another: acknowledged, answered or refused, and its clocks.

Rules of the kinds
ask       another participant is asked, before the case closed and before its retention ends
                          else ``not-a-participant``, ``wrong-role``, ``case-closed``, ``retention-over``
overdue   once a step, with the due instant of the table, and after it
                                                         else ``already-marked``, ``wrong-due``, ``not-due``
acknowledge   once                                                               else ``illegal-transition``

An overdue mark ends nothing: a late answer is accepted and shown as late. A mark is the asker's claim, since
at third parties it may overtake an answer that was in time; the views judge by instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState, Request, Step
from hamsaya.messages.cases import Answer, Ask, Overdue, Urgency
from hamsaya.messages.event import Event


class Clocks(NamedTuple):
    """Milliseconds to acknowledge and to answer a request, and to attest a purge after a revocation."""

    acknowledge: int
    answer: int
    purge: int


# The published deadlines, in UTC hours: human acknowledgement, first substantive answer or refusal, purge.
DEADLINES: dict[Urgency, Clocks] = {
    "threat-to-life": Clocks(30 * MINUTE, 2 * HOUR, 24 * HOUR),
    "urgent": Clocks(2 * HOUR, 8 * HOUR, 72 * HOUR),
    "routine": Clocks(24 * HOUR, 7 * DAY, 72 * HOUR),
}

ROLES = {
    "case.ask": "a participant",
    "case.acknowledge": "the member asked",
    "case.answer": "the member asked",
    "case.decline": "the member asked",
    "case.overdue": "the asker",
}
# An acknowledgement that was overtaken by the answer it announced is still recorded.
TRANSITIONS = {
    ("none", "case.ask"): "asked",
    ("asked", "case.acknowledge"): "acknowledged",
    ("asked", "case.answer"): "answered",
    ("asked", "case.decline"): "declined",
    ("asked", "case.overdue"): "asked",
    ("acknowledged", "case.answer"): "answered",
    ("acknowledged", "case.decline"): "declined",
    ("acknowledged", "case.overdue"): "acknowledged",
    ("answered", "case.acknowledge"): "answered",
    ("answered", "case.overdue"): "answered",
    ("declined", "case.acknowledge"): "declined",
    ("declined", "case.overdue"): "declined",
}


def due(request: Request, step: Step) -> int:
    """Return the instant by which ``step`` of ``request`` is due."""
    return request.asked_at + getattr(DEADLINES[request.urgency], step)  # type: ignore[no-any-return]


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a message about a request is about, or None while that is unknown here."""
    if case is None:
        return None
    people = frozenset(case.participants)
    request = state.requests.get((ref, event.body.request))  # type: ignore[attr-defined]
    if isinstance(event.body, Ask):
        return Matter(request.status if request else "none", people, frozenset((event.body.to,)), people, case)
    if request is None:
        return None
    asker, asked = frozenset((request.asker,)), frozenset((request.asked,))
    actors, told = (asker, asked) if isinstance(event.body, Overdue) else (asked, asker)
    return Matter(request.status, actors, told, people, case, request)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a step of a request."""
    match event.body:
        case Ask() | Answer() if matter.case is not None and event.issued_at >= matter.case.retain_until:
            yield refuse("retention-over", "cases:retention", "the time for which the case may be kept is over")
    match event.body:
        case Ask() as body if matter.case is not None:
            yield from _ask(event, body, matter.case)
        case Overdue() as body if matter.request is not None:
            yield from _overdue(event, body, matter.request)
        case _ if event.kind == "case.acknowledge" and _acknowledged(matter):
            yield refuse("illegal-transition", "cases:transitions", "it has been acknowledged before")


def _ask(event: Event, body: Ask, case: Case) -> Iterator[Decision]:
    if body.to not in case.participants:
        yield refuse("not-a-participant", "cases:ask", "only a participant can be asked")
    if body.to == event.sender:
        yield refuse("wrong-role", "cases:ask", "a question goes to another participant")
    if case.closed_at is not None and event.issued_at >= case.closed_at:
        yield refuse("case-closed", "cases:ask", "the case is closed: it takes no new question")


def _acknowledged(matter: Matter) -> bool:
    return matter.request is not None and matter.request.acknowledged_at is not None


def _overdue(event: Event, body: Overdue, request: Request) -> Iterator[Decision]:
    expected = due(request, body.step)
    if body.step in request.marks:
        yield refuse("already-marked", "cases:overdue", f"the {body.step} step has been marked before")
    if body.due != expected:
        yield refuse("wrong-due", "cases:overdue", f"the {body.step} step was due at {expected}")
    if event.issued_at < expected:
        yield refuse("not-due", "cases:overdue", f"the {body.step} step is due at {expected}, later than now")
