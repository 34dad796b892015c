"""What nodes say by the clock, judged and folded: reminders, what is late, consents that lapsed, escalations.

Rules
remind    by who waits, to who owes the step and nobody else, each level once    else ``wrong-role``,
                                                      ``recipient-outside``, ``recipient-missing``, ``already-marked``
late      the same, by the originator of the item; after the due instant                               else ``not-due``
lapse     by who asked for the consent, with the due instant of its clock and after it, once; a freeze that its sender
          did not know yet moves nothing, one that is not known here is waited for
                                          else ``predecessor-missing``, ``wrong-due``, ``not-due``, ``already-marked``
escalate  by who waits, to who owes the step, the joint cell and the oversight body; elsewhere than at the two of them
          it is taken as its sender's word, for nothing of the case is known there        else ``no-observer``
A node says one of these only while the step is not done as far as it knows, and when its instant has come
                                                                        else ``step-done``, ``wrong-due``, ``not-due``

They crossed something on their way, or their sender knew of no pause: what has arrived is the sender's claim, and
moves nothing but a consent. A consent on which nothing was decided in time is refused; what was decided in time stands,
whatever is recorded. What is granted later is asked for anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import msgspec

from hamsaya.base.decision import Decision, refuse
from hamsaya.cases import clocks, freezing, waiting
from hamsaya.cases.clocks import ESCALATION, REMINDERS, Clock
from hamsaya.cases.matter import Matter
from hamsaya.cases.records import Lateness, Reminded, ReminderKey
from hamsaya.cases.types import (
    Case,
    CasesState,
)
from hamsaya.cases.waiting import Waiting
from hamsaya.messages.event import Event
from hamsaya.messages.reminders import Escalate, Lapse, Late, Remind

replace = msgspec.structs.replace
WAITS = "who waits for the step"
ROLES = {"case.remind": WAITS, "case.escalate": WAITS, "case.late": "the originator of the item",
         "case.lapse": "who asked for the consent"}
TRANSITIONS = {
    **{(state, kind): state for state in ("open", "closed") for kind in ROLES},
    ("elsewhere", "case.escalate"): "elsewhere",
}
LEVELS = ("half", "four-fifths", "desk-head", "releasing-authority", "joint-cell")
"""In their order: two reminders, then the rungs that are told once the step is overdue."""


def level_at(clock: Clock, now: int) -> tuple[str, int] | None:
    """Return the last level that has been reached at ``now``, and its instant; None before the first."""
    until = clocks.due(clock)
    found: list[tuple[str, int]] = []
    if until is None or now <= until:
        found = list(zip(LEVELS[: len(REMINDERS)], clocks.reminders(clock), strict=False))
    else:
        found = [(rung, at) for at, rung in clocks.escalations(clock)]
    assert len(LEVELS) == len(REMINDERS) + len(ESCALATION)
    reached = [each for each in found if each[1] <= now]
    return reached[-1] if reached else None


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a reminder or a mark is about, or None while what it rests on is not known here."""
    body = event.body
    if case is None and isinstance(body, Escalate):
        people = frozenset((event.sender, *event.recipients))
        return Matter("elsewhere", frozenset((event.sender,)), frozenset((body.owes,)), people)
    if case is None:
        return None
    people = frozenset(case.participants)
    found = _about(state, event)
    if found is None:
        return None
    people |= {found.waits, found.owes}
    return Matter(case.status, frozenset((found.waits,)), frozenset((found.owes,)), people, case)


def _about(state: CasesState, event: Event, matter: Matter | None = None) -> Waiting | None:
    ref, body, annexes = event.case or "", event.body, matter.annexes if matter else ()
    match body:
        case Remind() | Escalate():
            return waiting.find(state, ref, body.about, body.step, body.nth, body.owes, annexes)
        case Late():
            return waiting.find(state, ref, body.item, body.step, body.nth, body.owes, annexes)
        case Lapse():
            item = state.items.get((ref, body.item))
            owes = item.originator if item is not None else ""
            found = waiting.find(state, ref, body.consent, "onward-decision", 1, owes, annexes)
            return found if found is not None and found.waits == event.sender else None
    raise AssertionError(event.kind)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a reminder or a mark."""
    body, observers = event.body, set(event.recipients) - matter.told
    if isinstance(body, Escalate):
        if not observers:
            yield refuse("no-observer", "cases:timing", "an escalation is told to the joint cell or to oversight")
        if matter.case is not None and (named := observers & matter.participants - {event.sender}):
            yield refuse("recipient-outside", "cases:timing", f"{', '.join(sorted(named))} neither waits nor owes it")
    elif observers - {event.sender}:
        text = f"{', '.join(sorted(observers))} neither waits for the step nor owes it"
        yield refuse("recipient-outside", "cases:timing", text)
    if _marked(state, event):
        yield refuse("already-marked", "cases:timing", "that has been said before")
    found = _about(state, event, matter) if matter.case is not None else None
    if found is not None:
        dated = _about(freezing.as_dated(state, event.case or ""), event, matter) or found
        yield from _timely(event, found, dated, matter.sending)


def _timely(event: Event, found: Waiting, dated: Waiting, sending: bool) -> Iterator[Decision]:
    """Yield what forbids it by the clock; but for a lapse only its own sender is asked (see above)."""
    body, until = event.body, found.due
    assert isinstance(body, Remind | Escalate | Late | Lapse)
    late = isinstance(body, Late | Lapse | Escalate)
    if (sending or isinstance(body, Lapse)) and body.due != until:
        yield from _other_due(body.due, found, dated, sending)
    if late and event.issued_at <= body.due:
        yield refuse("not-due", "cases:timing", "at its due instant a step is in time")
    if not sending:
        return
    if found.done_at is not None:
        yield refuse("step-done", "cases:timing", "the step is done")
    level = body.level if isinstance(body, Remind) else "joint-cell" if isinstance(body, Escalate) else None
    reached = level_at(found.clock, event.issued_at)
    if level is not None and (reached is None or LEVELS.index(reached[0]) < LEVELS.index(level)):
        yield refuse("not-due", "cases:timing", "its instant has not come")


def _other_due(due: int, found: Waiting, dated: Waiting, sending: bool) -> Iterator[Decision]:
    """Yield what forbids another due instant than is known here: a freeze may have reached one end before the other, or
    so late that it counts there from then on; then any instant is right between those without and with the freezes.

    A lapse refused for that would stand at one end alone.
    """
    spans = () if sending else found.clock.frozen
    known = {clocks.due(dataclasses.replace(found.clock, frozen=spans[:some])) for some in range(len(spans))}
    may = {instant for instant in (*known, found.due, dated.due) if instant is not None}
    if due in known or (spans and may and min(may) <= due <= max(may)):
        return
    early = not sending and found.due is not None and due > found.due
    yield refuse("predecessor-missing" if early else "wrong-due", "cases:timing",
                 f"the {found.step} step is due at {found.due}")


def key_of(event: Event) -> ReminderKey:
    """Return under which key a reminder or an escalation is kept."""
    body = event.body
    assert isinstance(body, Remind | Escalate)
    level = body.level if isinstance(body, Remind) else "joint-cell"
    return event.case or "", body.about, body.step, body.nth, event.sender, body.owes, level


def _marked(state: CasesState, event: Event) -> bool:
    body, ref = event.body, event.case or ""
    match body:
        case Remind() | Escalate():
            return key_of(event) in state.reminded
        case Late():
            item = state.items.get((ref, body.item))
            names = (body.owes, body.step, body.nth)
            return item is not None and any((each.holder, each.step, each.nth) == names for each in item.late)
        case Lapse():
            item = state.items.get((ref, body.item))
            return item is not None and any(each.consent == body.consent and each.lapsed_at for each in item.sought)
    return False


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after a reminder or a mark, which ``decide`` has permitted."""
    body, ref = event.body, event.case or ""
    match body:
        case Remind():
            return _put(state, event, Reminded(due=body.due, at=event.issued_at, urgency=None))
        case Escalate():
            return _put(state, event, Reminded(due=body.due, at=event.issued_at, urgency=body.urgency))
        case Late():
            item = state.items[ref, body.item]
            mine = Lateness(holder=body.owes, step=body.step, nth=body.nth, due=body.due, at=event.issued_at)
            late = tuple(sorted((*item.late, mine), key=lambda each: (each.holder, each.step, each.nth, each.at)))
            return dataclasses.replace(state, items=state.items.set((ref, body.item), replace(item, late=late)))
        case Lapse():
            item = state.items[ref, body.item]
            sought = tuple(replace(each, lapsed_at=event.issued_at)
                           if (each.consent, each.asker) == (body.consent, event.sender) else each
                           for each in item.sought)
            return dataclasses.replace(state, items=state.items.set((ref, body.item), replace(item, sought=sought)))
    return state


def _put(state: CasesState, event: Event, reminded: Reminded) -> CasesState:
    return dataclasses.replace(state, reminded=state.reminded.set(key_of(event), reminded))
