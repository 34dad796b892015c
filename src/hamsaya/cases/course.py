"""How a request stands: its state and its clocks, from what either side has said of it.

Rules
1. Nothing that was said is taken back: a request is the sum of its messages, in whatever order they came.
2. What the asked member did to end it is its state; else whether it was withdrawn; else whether a pause is open; else
   whether a person at the asked desk has done anything.
3. A pause ends when the asked member resumes or the asker clarifies, whichever was said first.
4. The asked member is taken to hold the answer itself, unless it said otherwise before that clock ran out.
5. A person who admits, pauses, extends or ends a request has acknowledged it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace as replace_clock
from itertools import product
from typing import Any

from msgspec.structs import replace

from hamsaya.cases import clocks
from hamsaya.cases.clocks import Annex, Clock, Extension
from hamsaya.cases.types import Admitted, Extended, Paused, Request, RequestStatus, Step
from hamsaya.messages.cases import (
    Acknowledge,
    Admit,
    Answer,
    Clarify,
    Decline,
    Extend,
    Overdue,
    Pause,
    Resume,
    Transfer,
    Withdraw,
)
from hamsaya.messages.event import Event

STEPS: tuple[Step, ...] = ("acknowledge", "answer")
# What a step of a request is called among the clocks.
CLOCKS: dict[Step, clocks.Step] = {"acknowledge": "acknowledge", "answer": "first-answer"}


def after(request: Request, event: Event) -> Request:
    """Return ``request`` with what ``event`` says of it added, and the state that follows."""
    return settled(replace(request, **_said(request, event)))


def _said(request: Request, event: Event) -> dict[str, Any]:
    """Return the fields of ``request`` that ``event`` sets."""
    at = event.issued_at
    match event.body:
        case Acknowledge():
            return {"acknowledged_at": at}
        case Admit(extent=extent, held_directly=held):
            return {"admitted": Admitted(extent=extent, held_directly=held, at=at)}
        case Pause(pause=ref, reason=reason, text=text):
            return _pauses([*request.pauses, Paused(pause=ref, reason=reason, text=text, started_at=at)])
        case Resume(pause=ref):
            return _pauses([replace(each, resumed_at=at) if each.pause == ref else each for each in request.pauses])
        case Clarify(pause=ref, text=text):
            return _pauses([replace(each, clarified_at=at, clarification=text) if each.pause == ref else each
                            for each in request.pauses])
        case Extend(reason=reason, text=text):
            return {"extended": Extended(reason=reason, text=text, at=at)}
        case Answer():
            return {"end": "answered", "ended_at": at}
        case Decline(code=code):
            return {"end": "declined", "ended_at": at, "declined": code}
        case Transfer(to=to):
            return {"end": "transferred", "ended_at": at, "transferred_to": to}
        case Withdraw():
            return {"withdrawn_at": at}
        case Overdue(step=step):
            return {"marks": tuple(sorted({*request.marks, step}))}
    raise AssertionError(event.kind)


def _pauses(found: list[Paused]) -> dict[str, tuple[Paused, ...]]:
    return {"pauses": tuple(sorted(found, key=lambda pause: (pause.started_at, pause.pause)))}


def settled(request: Request) -> Request:
    """Return ``request`` with the state that follows from the rest of it."""
    return replace(request, status=_status(request))


def _status(request: Request) -> RequestStatus:
    if request.end is not None:
        return request.end
    if request.withdrawn_at is not None:
        return "withdrawn"
    if any(ended_at(pause) is None for pause in request.pauses):
        return "paused"
    return "asked" if _first_act(request) is None else "acknowledged"


def ended_at(pause: Paused) -> int | None:
    """Return when a pause ended, never before it began; None while it is open."""
    said = min((at for at in (pause.resumed_at, pause.clarified_at) if at is not None), default=None)
    return None if said is None else max(said, pause.started_at)


def open_clarifications(request: Request) -> list[Paused]:
    """Return the pauses that wait for the asker, in their order."""
    return [pause for pause in request.pauses if pause.reason == "clarification" and ended_at(pause) is None]


def over(request: Request) -> bool:
    """Return whether nothing more is to be done with it by the asked member."""
    return request.end is not None or request.withdrawn_at is not None


def done_at(request: Request, step: Step) -> int | None:
    """Return when a step was done; with its end or its withdrawal nothing of a request remains to be done."""
    instants = [request.ended_at, request.withdrawn_at, _first_act(request) if step == "acknowledge" else None]
    return min((instant for instant in instants if instant is not None), default=None)


def _first_act(request: Request) -> int | None:
    """Return when a person at the asked desk first did anything."""
    instants = [request.acknowledged_at, request.ended_at, *(pause.started_at for pause in request.pauses)]
    instants += [fact.at for fact in (request.admitted, request.extended) if fact is not None]
    return min((instant for instant in instants if instant is not None), default=None)


def clock(request: Request, step: Step, annexes: Sequence[Annex] = ()) -> Clock:
    """Return the clock of one step under the annex that the two members have, if any."""
    usual = Clock(
        step=CLOCKS[step],
        urgency=request.urgency,
        started=request.asked_at,
        pauses=tuple(clocks.Pause(pause.reason, pause.started_at, ended_at(pause)) for pause in request.pauses),
        annex=clocks.annex_for(annexes, request.asker, request.asked, request.asked_at),
        extension=None if request.extended is None else Extension(request.extended.reason, request.extended.at),
        frozen=tuple((span.start, span.end) for span in request.frozen),
    )
    admitted = request.admitted
    if admitted is None or admitted.held_directly:
        return usual
    until = clocks.due(usual)
    return usual if until is not None and admitted.at > until else _elsewhere(usual)


def _elsewhere(usual: Clock) -> Clock:
    return replace_clock(usual, held_directly=False)


def due(request: Request, step: Step, annexes: Sequence[Annex] = ()) -> int | None:
    """Return the instant by which ``step`` of ``request`` is due, or None while a pause keeps it from being known."""
    return clocks.due(clock(request, step, annexes))


def dues_the_asker_may_know(request: Request, step: Step, annexes: Sequence[Annex] = ()) -> set[int]:
    """Return every due instant that follows from some of what the asked member said.

    A mark of the asker that crossed a pause, or its end, or an extension was right where it was made.
    """
    found = (due(known, step, annexes) for known in _known(request))
    return {instant for instant in found if instant is not None}


def _known(request: Request) -> Iterator[Request]:
    """Yield the request as its asker may know it: any part of what others said about its clocks."""
    admissions = {None, request.admitted}
    extensions = {None, request.extended}
    spans = [{None, span, replace(span, end=None)} for span in request.frozen]
    for pauses in product(*(_known_pause(pause) for pause in request.pauses)):
        for admitted, extended, *frozen in product(admissions, extensions, *spans):
            kept = tuple(pause for pause in pauses if pause is not None)
            yield replace(request, pauses=kept, admitted=admitted, extended=extended,
                          frozen=tuple(span for span in frozen if span is not None))


def _known_pause(pause: Paused) -> set[Paused | None]:
    """Return a pause as the asker may know it; what it has clarified it has seen."""
    seen: set[Paused | None] = {pause, replace(pause, resumed_at=None)}
    return seen if pause.clarified_at is not None else {None, *seen}
