"""Every step that somebody waits for and somebody else owes, with its clock: of requests, of items, of consents.

Rules
1. acknowledge, first-answer   the asker waits, the member asked owes; from the question on (``course``)
2. onward-decision             who asked for a consent waits, the originator owes; from the question on. When the clock
                               has run out the consent is refused, and may be asked for anew
3. purge-attest                the originator waits, each holder owes; from the recall on, as far as it is known here
4. feedback                    the originator waits, each holder owes a word on what came of the item; from its release
                               on, for a locked item from the giving of the key, and where ``clocks.REPEATS`` says so
                               again and again. A word counts for the time in which it falls, and for an earlier one
                               as late. It ends with the item: superseded, recalled, deleted, over its time

The urgency is that of the question which the item answered. No pause stops the last three, and a freeze by
oversight stops all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hamsaya.cases import clocks, course, freezing
from hamsaya.cases.clocks import REPEATS, Annex, Clock
from hamsaya.cases.lineage import keep_until, recalled_at
from hamsaya.cases.types import CasesState, Item, Request, Sought, Step
from hamsaya.messages.cases import Urgency
from hamsaya.messages.caveats import LOCKED
from hamsaya.messages.reminders import TimedStep

MOST_TIMES = 24
"""Times of a step that comes again; no case is kept for so long."""
_STEPS: dict[TimedStep, Step] = {"acknowledge": "acknowledge", "first-answer": "answer"}


class Waiting(NamedTuple):
    """One step: ``waits`` for it, ``owes`` it, the nth time; ``done_at`` None while it is not done."""

    case: str
    about: str
    step: TimedStep
    nth: int
    waits: str
    owes: str
    clock: Clock
    done_at: int | None

    @property
    def due(self) -> int | None:
        """When it is due, None while a pause keeps that from being known."""
        return clocks.due(self.clock)


def find(
    state: CasesState, case: str, about: str, step: TimedStep, nth: int, owes: str, annexes: Sequence[Annex] = ()
) -> Waiting | None:
    """Return one step, done or not; None where what it rests on is not known here or there is no such step."""
    request, item = state.requests.get((case, about)), state.items.get((case, about))
    if step in _STEPS:
        fits = request is not None and nth == 1 and request.asked == owes
        return _of_request(request, step, annexes) if fits and request is not None else None
    if step == "onward-decision":
        found = consent(state, case, about, owes)
        return _onward(state, *found, annexes) if found is not None and nth == 1 else None
    if item is None or owes not in item.holders:
        return None
    if step == "purge-attest":
        return _purge(state, item, owes, annexes) if nth == 1 else None
    return _feedback(state, item, owes, nth, annexes)


def consent(state: CasesState, case: str, about: str, originator: str) -> tuple[Item, Sought] | None:
    """Return the question for a consent of that reference on an item of ``originator``, and the item."""
    for item in state.items.values():
        if (item.case, item.originator) == (case, originator):
            for sought in item.sought:
                if sought.consent == about:
                    return item, sought
    return None


def undone(state: CasesState, now: int, annexes: Sequence[Annex] = ()) -> Iterator[Waiting]:
    """Yield every step that is not done at ``now``, due or not."""
    for request in state.requests.values():
        if not course.over(request):
            steps = (_of_request(request, step, annexes) for step in _STEPS)
            yield from (each for each in steps if each.done_at is None)
    for item in state.items.values():
        yield from _undone_of(state, item, now, annexes)


def _undone_of(state: CasesState, item: Item, now: int, annexes: Sequence[Annex]) -> Iterator[Waiting]:
    for sought in item.sought:
        if sought.lapsed_at is None and (each := _onward(state, item, sought, annexes)).done_at is None:
            yield each
    for holder in item.holders:
        purge = _purge(state, item, holder, annexes)
        if purge is not None:
            if purge.done_at is None:
                yield purge
        elif _still_used(state, item, holder, now) and (each_ := next_feedback(state, item, holder, annexes)):
            yield each_


def all_of(state: CasesState, item: Item, annexes: Sequence[Annex] = ()) -> Iterator[Waiting]:
    """Yield every step of ``item``, done or not; of one that comes again those up to the first that is not done."""
    for sought in item.sought:
        yield _onward(state, item, sought, annexes)
    for holder in item.holders:
        if (purge := _purge(state, item, holder, annexes)) is not None:
            yield purge
        for nth in range(1, MOST_TIMES + 1):
            found = _feedback(state, item, holder, nth, annexes)
            if found is None or not _was_owed(state, item, holder, found):
                break
            yield found
            if found.done_at is None:
                break


def _was_owed(state: CasesState, item: Item, holder: str, found: Waiting) -> bool:
    """Say whether a word on an item was due before the item ended for its holder."""
    ends = [keep_until(state.cases[item.case], item), recalled_at(state, item)]
    ends += [each.at for each in item.deleted if each.holder == holder]
    until = found.due
    return item.superseded_by is None and until is not None and all(end is None or until <= end for end in ends)


def _still_used(state: CasesState, item: Item, holder: str, now: int) -> bool:
    gone = {each.holder for each in item.deleted}
    return item.status == "released" and holder not in gone and now < keep_until(state.cases[item.case], item)


def next_feedback(
    state: CasesState, item: Item, holder: str, annexes: Sequence[Annex] = ()
) -> Waiting | None:
    """Return the first word on what came of the item that ``holder`` still owes; None where it owes no more."""
    for nth in range(1, MOST_TIMES + 1):
        found = _feedback(state, item, holder, nth, annexes)
        if found is None or found.done_at is None:
            return found
    return None


# --- Each kind of step ------------------------------------------------------------------------------------


def _of_request(request: Request, step: TimedStep, annexes: Sequence[Annex]) -> Waiting:
    name = _STEPS[step]
    return Waiting(request.case, request.request, step, 1, request.asker, request.asked,
                   course.clock(request, name, annexes), course.done_at(request, name))


def urgency_of(state: CasesState, item: Item) -> Urgency:
    """Return the urgency of the question that ``item`` answered."""
    return state.requests[item.case, item.request].urgency


def _onward(state: CasesState, item: Item, sought: Sought, annexes: Sequence[Annex]) -> Waiting:
    grant = state.grants.get((item.case, item.item, item.originator, sought.consent))
    annex = clocks.annex_for(annexes, sought.asker, item.originator, sought.at)
    clock = Clock("onward-decision", urgency_of(state, item), sought.at, annex=annex, frozen=_frozen(state, item))
    done = min((each.at for each in grant.decided), default=None) if grant else None
    return Waiting(item.case, sought.consent, "onward-decision", 1, sought.asker, item.originator, clock, done)


def _purge(state: CasesState, item: Item, holder: str, annexes: Sequence[Annex]) -> Waiting | None:
    recalled = recalled_at(state, item)
    if recalled is None:
        return None
    annex = clocks.annex_for(annexes, item.originator, holder, recalled)
    said = [each.at for each in item.attested if each.holder == holder]
    said += [each.at for each in item.deleted if each.holder == holder]
    clock = Clock("purge-attest", urgency_of(state, item), recalled, annex=annex, frozen=_frozen(state, item))
    return Waiting(item.case, item.item, "purge-attest", 1, item.originator, holder, clock, min(said, default=None))


def _feedback(state: CasesState, item: Item, holder: str, nth: int, annexes: Sequence[Annex]) -> Waiting | None:
    urgency = urgency_of(state, item)
    started = _unlocked(item, holder) if item.caveats.disclosure in LOCKED else item.released_at
    if started is None or (nth > 1 and ("feedback", urgency) not in REPEATS) or nth > MOST_TIMES:
        return None
    annex = clocks.annex_for(annexes, item.originator, holder, started)
    clock = Clock("feedback", urgency, started, annex=annex, nth=nth, frozen=_frozen(state, item))
    before = 0 if nth == 1 else clocks.due(dataclasses.replace(clock, nth=nth - 1))
    said = [use.at for use in item.uses if use.holder == holder and before is not None and use.at > before]
    return Waiting(item.case, item.item, "feedback", nth, item.originator, holder, clock, min(said, default=None))


def _frozen(state: CasesState, item: Item) -> tuple[tuple[int, int | None], ...]:
    return tuple((each.span.start, each.span.end) for each in freezing.freezes(state, item.case))


def _unlocked(item: Item, holder: str) -> int | None:
    return next((each.at for each in item.unlocked if each.holder == holder), None)
