"""One question from one participant to another: taken in hand, paused, answered, refused or handed over.

Rules of the kinds
ask       another participant is asked, before the case closed and before its retention ends; what it continues was
          handed over to that participant        else ``not-a-participant``, ``wrong-role``, ``case-closed``,
                                                                        ``retention-over``, ``not-transferred``
acknowledge, admit, extend   once                            else ``illegal-transition``, ``already-extended``
extend    a routine request, before its answer is due                          else ``no-extension``, ``too-late``
pause     under a fresh reference, at most ``MAX_PAUSES`` times, for a reason that stops one of its clocks
                                                 else ``already-exists``, ``too-many-pauses``, ``cannot-pause``
resume    a pause once; clarify a pause for clarification once         else ``illegal-transition``, ``not-asked``
transfer  to a participant that is neither of the two                    else ``not-a-participant``, ``wrong-role``
overdue   once a step, with the due instant of the clocks, and after it
                                                         else ``already-marked``, ``wrong-due``, ``not-due``

A message may cross another on its way. ``CROSSING`` names the rows for what was sent before its sender saw what has
happened since: a node takes such a message from another and sends none itself. An end that the asked member made
stands over a withdrawal that crossed it.

An overdue mark ends nothing: a late answer is accepted and shown as late. A mark is the asker's claim, since
at third parties it may overtake an answer that was in time; the views judge by instants.

A transfer does not carry the question: it is the asker's, who may put it to the participant named, in a request of its
own that ``continues`` this one and has a clock of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hamsaya.base.decision import Decision, refuse
from hamsaya.cases import clocks, course, freezing
from hamsaya.cases.clocks import TERMS, URGENCIES
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState, Paused, Request
from hamsaya.messages.cases import (
    Admit,
    Answer,
    Ask,
    Clarify,
    Extend,
    Overdue,
    Pause,
    Resume,
    Transfer,
    Urgency,
    Withdraw,
)
from hamsaya.messages.event import Event

MAX_PAUSES = 4
"""Pauses of one request. More are no pauses but a refusal that is not said."""


class Clocks(NamedTuple):
    """Milliseconds to acknowledge and to answer a request, and to attest a purge after a revocation."""

    acknowledge: int
    answer: int
    purge: int


# The published deadlines where the answer is held directly and nothing else was agreed.
DEADLINES: dict[Urgency, Clocks] = {
    urgency: Clocks(*(TERMS[step][urgency].held for step in ("acknowledge", "first-answer", "purge-attest")))
    for urgency in URGENCIES
}

ROLES = {
    "case.ask": "a participant",
    **dict.fromkeys(
        ("case.acknowledge", "case.admit", "case.pause", "case.resume", "case.extend", "case.answer", "case.decline",
         "case.transfer"), "the member asked"
    ),
    **dict.fromkeys(("case.clarify", "case.withdraw", "case.overdue"), "the asker"),
}
# What its sender may do, knowing the state.
OPEN_ROWS: dict[tuple[str, str], str] = {
    ("none", "case.ask"): "asked",
    ("asked", "case.acknowledge"): "acknowledged",
    ("asked", "case.admit"): "acknowledged",
    ("asked", "case.pause"): "paused",
    ("asked", "case.extend"): "acknowledged",
    ("asked", "case.answer"): "answered",
    ("asked", "case.decline"): "declined",
    ("asked", "case.transfer"): "transferred",
    ("asked", "case.withdraw"): "withdrawn",
    ("asked", "case.overdue"): "asked",
    ("acknowledged", "case.admit"): "acknowledged",
    ("acknowledged", "case.pause"): "paused",
    ("acknowledged", "case.extend"): "acknowledged",
    ("acknowledged", "case.answer"): "answered",
    ("acknowledged", "case.decline"): "declined",
    ("acknowledged", "case.transfer"): "transferred",
    ("acknowledged", "case.withdraw"): "withdrawn",
    ("acknowledged", "case.overdue"): "acknowledged",
    ("paused", "case.admit"): "paused",
    ("paused", "case.pause"): "paused",
    ("paused", "case.resume"): "acknowledged",
    ("paused", "case.clarify"): "acknowledged",
    ("paused", "case.extend"): "paused",
    ("paused", "case.answer"): "answered",
    ("paused", "case.decline"): "declined",
    ("paused", "case.transfer"): "transferred",
    ("paused", "case.withdraw"): "withdrawn",
    ("paused", "case.overdue"): "paused",
}
ENDS = ("answered", "declined", "transferred")
# What may still be on its way when it has moved on: recorded, and it moves nothing that has ended.
CROSSING: dict[tuple[str, str], str] = {
    ("acknowledged", "case.acknowledge"): "acknowledged",
    ("paused", "case.acknowledge"): "paused",
    ("acknowledged", "case.resume"): "acknowledged",
    ("acknowledged", "case.clarify"): "acknowledged",
    **{
        (end, f"case.{word}"): end
        for end in (*ENDS, "withdrawn")
        for word in ("acknowledge", "admit", "pause", "resume", "extend", "clarify", "overdue")
    },
    **{(end, "case.withdraw"): end for end in ENDS},
    ("withdrawn", "case.answer"): "answered",
    ("withdrawn", "case.decline"): "declined",
    ("withdrawn", "case.transfer"): "transferred",
}
TRANSITIONS = {**OPEN_ROWS, **CROSSING}

ABOUT_A_PAUSE = (Resume, Clarify)
BY_THE_ASKER = (Clarify, Withdraw, Overdue)


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a message about a request is about, or None while that is unknown here."""
    if case is None:
        return None
    people = frozenset(case.participants)
    request = state.requests.get((ref, event.body.request))  # type: ignore[attr-defined]
    if isinstance(event.body, Ask):
        return Matter(request.status if request else "none", people, frozenset((event.body.to,)), people, case)
    if request is None or (isinstance(event.body, ABOUT_A_PAUSE) and _pause(request, event.body.pause) is None):
        return None
    asker, asked = frozenset((request.asker,)), frozenset((request.asked,))
    actors, told = (asker, asked) if isinstance(event.body, BY_THE_ASKER) else (asked, asker)
    return Matter(request.status, actors, told, people, case, request)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a step of a request."""
    match event.body:
        case Ask() | Answer() if matter.case is not None and event.issued_at >= matter.case.retain_until:
            yield refuse("retention-over", "cases:retention", "the time for which the case may be kept is over")
    if isinstance(event.body, Ask) and matter.case is not None:
        yield from _ask(state, event, event.body, matter)
    elif matter.request is not None:
        ref = (matter.request.case, matter.request.request)
        dated = freezing.as_dated(state, matter.request.case).requests.get(ref, matter.request)
        yield from _step(event, matter, matter.request, dated)


def _step(event: Event, matter: Matter, request: Request, dated: Request) -> Iterator[Decision]:
    match event.body:
        case Overdue() as body:
            yield from _overdue(event, body, matter, request, dated)
        case Pause() as body:
            yield from _may_pause(body, request)
        case Resume() | Clarify() as body:
            yield from _may_go_on(body, matter, request)
        case Extend():
            yield from _may_extend(event, matter, request)
        case Transfer(to=to):
            yield from _may_hand_over(to, matter, request)
        case Withdraw() if request.withdrawn_at is not None:
            yield refuse("illegal-transition", "cases:transitions", "it has been withdrawn before")
        case Admit() if request.admitted is not None:
            yield refuse("illegal-transition", "cases:transitions", "it has been admitted before")
        case _ if event.kind == "case.acknowledge" and request.acknowledged_at is not None:
            yield refuse("illegal-transition", "cases:transitions", "it has been acknowledged before")


def _ask(state: CasesState, event: Event, body: Ask, matter: Matter) -> Iterator[Decision]:
    assert matter.case is not None
    if body.to not in matter.participants:
        yield refuse("not-a-participant", "cases:ask", "only a participant can be asked")
    if body.to == event.sender:
        yield refuse("wrong-role", "cases:ask", "a question goes to another participant")
    if matter.case.closed_at is not None and event.issued_at >= matter.case.closed_at:
        yield refuse("case-closed", "cases:ask", "the case is closed: it takes no new question")
    if body.continues is not None:
        yield from _continues(state, event, body, matter, body.continues)


def _continues(state: CasesState, event: Event, body: Ask, matter: Matter, ref: str) -> Iterator[Decision]:
    """Yield what forbids to go on with a request elsewhere, as far as it is known here.

    Who is asked now need not know the first request: it takes the asker's word.
    """
    first = state.requests.get((event.case or "", ref))
    if first is None:
        if matter.sending:
            yield refuse("predecessor-missing", "cases:ask", "the request it continues is not known here")
    elif first.asker != event.sender or (course.over(first) and first.transferred_to != body.to):
        yield refuse("not-transferred", "cases:ask", "what it continues is the asker's and was handed over to another")
    elif first.end != "transferred":
        code = "not-transferred" if matter.sending else "predecessor-missing"
        yield refuse(code, "cases:ask", "the request it continues has not been handed over")


def _pause(request: Request, ref: str) -> Paused | None:
    return next((pause for pause in request.pauses if pause.pause == ref), None)


def _may_pause(body: Pause, request: Request) -> Iterator[Decision]:
    if _pause(request, body.pause) is not None:
        yield refuse("already-exists", "cases:pause", "the pause's reference is taken")
    if len(request.pauses) >= MAX_PAUSES:
        yield refuse("too-many-pauses", "cases:pause", f"a request is paused at most {MAX_PAUSES} times")
    if not any(clocks.stops(body.reason, course.CLOCKS[step], request.urgency) for step in course.STEPS):
        text = f"{body.reason} stops no clock of a request when {request.urgency}"
        yield refuse("cannot-pause", "clocks:3", text)


def _may_go_on(body: Resume | Clarify, matter: Matter, request: Request) -> Iterator[Decision]:
    pause = _pause(request, body.pause)
    assert pause is not None, "without its pause there is no matter"
    said = pause.resumed_at if isinstance(body, Resume) else pause.clarified_at
    # Where both end a pause at once both messages stand; nobody ends one that has ended.
    if said is not None or (matter.sending and course.ended_at(pause) is not None):
        yield refuse("illegal-transition", "cases:transitions", "the pause has been ended before")
    if isinstance(body, Clarify) and pause.reason != "clarification":
        yield refuse("not-asked", "cases:clarify", f"the pause waits for {pause.reason}, not for the asker")


def _may_extend(event: Event, matter: Matter, request: Request) -> Iterator[Decision]:
    decision = clocks.may_extend(course.clock(request, "answer", matter.annexes), event.issued_at)
    # One that arrives too late may be in time by a pause that is still on its way; its clock disregards it until then.
    if not decision.allowed and (matter.sending or decision.code != "too-late"):
        yield decision


def _may_hand_over(to: str, matter: Matter, request: Request) -> Iterator[Decision]:
    if to not in matter.participants:
        yield refuse("not-a-participant", "cases:transfer", "a request is handed over to a participant")
    if to in (request.asker, request.asked):
        yield refuse("wrong-role", "cases:transfer", "a request is handed over to a third participant")


def _overdue(
    event: Event, body: Overdue, matter: Matter, request: Request, dated: Request
) -> Iterator[Decision]:
    until = course.due(request, body.step, matter.annexes)
    if body.step in request.marks:
        yield refuse("already-marked", "cases:overdue", f"the {body.step} step has been marked before")
    if body.due != until:
        yield from _other_due(body, matter, request, dated, until)
    if event.issued_at <= body.due:
        yield refuse("not-due", "cases:overdue", f"the {body.step} step is due at {body.due}, not before now")
    done = course.done_at(request, body.step)
    if matter.sending and done is not None:
        yield refuse("illegal-transition", "cases:overdue", f"the {body.step} step is done")


def _other_due(
    body: Overdue, matter: Matter, request: Request, dated: Request, until: int | None
) -> Iterator[Decision]:
    """Yield what forbids a mark with another due instant than is known here.

    Args:
        dated: The request where every freeze was heard in time; with freezes any instant between is right, for one that
            is heard too late counts from then on.
    """
    if matter.sending:
        yield refuse("wrong-due", "cases:overdue", f"the {body.step} step is due at {until}")
        return
    may = set[int]().union(*(course.dues_the_asker_may_know(each, body.step, matter.annexes)
                             for each in (request, dated)))
    between = bool(request.frozen and may) and min(may) <= body.due <= max(may)
    if body.due not in may and not between:
        # Later than all that is known here: what moved it has not arrived.
        code = "predecessor-missing" if until is not None and body.due > until else "wrong-due"
        yield refuse(code, "cases:overdue", f"the {body.step} step is due at {until}")
