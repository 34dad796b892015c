"""What this node says by the clock, and what it shows of clocks: who waits, who owes, what has been said of it.

A node that waits says by itself, once each
1. to who owes the step: at half and at four fifths of its term, and once it is overdue to the desk's head and to the
   releasing authority there, by the instants of ``cases/clocks.py``;
2. when all of the term has passed again, to the joint cell and the oversight body as well, without content;
3. that a holder is late with its word on an item or with its purge; that a consent lapsed.
After a rest it says the last of 1 that has been reached, not those before it. Who hears of it at a desk is the desk's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from hamsaya.base.errors import PolicyRefusal
from hamsaya.cases import clocks, timing, waiting
from hamsaya.cases.clocks import Status
from hamsaya.cases.timing import LEVELS
from hamsaya.cases.waiting import Waiting
from hamsaya.messages.reminders import Escalate, Lapse, Late, Level, Remind
from hamsaya.node.core import Node
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft

REMINDED: tuple[Level, ...] = get_args(Level)


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class ClockView(_View, frozen=True):
    """One step that is not done, as it stands now; ``said`` are the reminders and escalations sent, and when."""

    case: str
    about: str
    step: str
    nth: int
    waits: str
    owes: str
    status: Status
    said: dict[str, int]
    recorded: int | None


class EscalationView(_View, frozen=True):
    """What this node was told of a step long overdue, or told others."""

    case: str
    about: str
    step: str
    nth: int
    waits: str
    owes: str
    urgency: str
    due: int
    at: int


def clock_views(node: Node, case: str | None = None) -> list[ClockView]:
    """Return every step that this node waits for or owes and that is not done, the soonest due first."""
    now = node.clock.now()
    found = [_view(node, each, now) for each in _undone(node, now)
             if node.own in (each.waits, each.owes) and case in (None, each.case)]
    return sorted(found, key=lambda view: (view.status.due is None, view.status.due, view.case, view.about, view.step))


def _view(node: Node, each: Waiting, now: int) -> ClockView:
    state = node.state.cases
    said = {level: state.reminded[key].at for level in LEVELS if (key := _key(each, level)) in state.reminded}
    return ClockView(case=each.case, about=each.about, step=each.step, nth=each.nth, waits=each.waits, owes=each.owes,
                     status=clocks.status(each.clock, now), said=said, recorded=_recorded(node, each))


def _recorded(node: Node, each: Waiting) -> int | None:
    """Return when it was recorded that an item's step is late."""
    item = node.state.cases.items.get((each.case, each.about))
    names = (each.owes, each.step, each.nth)
    marks = item.late if item is not None else ()
    return next((mark.at for mark in marks if (mark.holder, mark.step, mark.nth) == names), None)


def escalation_views(node: Node) -> list[EscalationView]:
    """Return the escalations known here, oldest first."""
    found = [
        EscalationView(case=key[0], about=key[1], step=key[2], nth=key[3], waits=key[4], owes=key[5],
                       urgency=each.urgency, due=each.due, at=each.at)
        for key, each in node.state.cases.reminded.items() if each.urgency is not None
    ]
    return sorted(found, key=lambda view: (view.at, view.case, view.about))


def _undone(node: Node, now: int) -> Iterator[Waiting]:
    return waiting.undone(node.state.cases, now, node.agreement.annexes(node.state.charter))


def _key(each: Waiting, level: str) -> Any:
    return each.case, each.about, each.step, each.nth, each.waits, each.owes, level


# --- What a node says by itself ---------------------------------------------------------------------------


def reminders_due(node: Node) -> list[Draft]:
    """Return what this node has to say by the clock now, in one order."""
    now = node.clock.now()
    mine = sorted(each for each in _undone(node, now) if each.waits == node.own and each.owes != node.own)
    return [draft for each in mine for draft in (*_marks(node, each, now), *_levels(node, each, now))]


def _marks(node: Node, each: Waiting, now: int) -> Iterator[Draft]:
    until = each.due
    if until is None or now <= until:
        return
    if each.step == "onward-decision":
        found = waiting.consent(node.state.cases, each.case, each.about, each.owes)
        assert found is not None, "it was found there"
        yield Draft(Lapse(consent=each.about, item=found[0].item, due=until), (each.owes,), case=each.case)
    elif (each.step == "feedback" or each.step == "purge-attest") and _recorded(node, each) is None:
        body = Late(item=each.about, step=each.step, nth=each.nth, owes=each.owes, due=until)
        yield Draft(body, (each.owes,), case=each.case)


def _levels(node: Node, each: Waiting, now: int) -> Iterator[Draft]:
    reached, until = timing.level_at(each.clock, now), each.due
    if reached is None or until is None or (each.step == "onward-decision" and now > until):
        return
    said = [level for level in LEVELS if _key(each, level) in node.state.cases.reminded]
    above = observers(node) if reached[0] == LEVELS[-1] else []
    # Where nobody oversees, the last rung is the one below.
    level = reached[0] if reached[0] in REMINDED or above else LEVELS[-2]
    if said and LEVELS.index(said[-1]) >= LEVELS.index(level):
        return
    fields: dict[str, Any] = {"about": each.about, "step": each.step, "nth": each.nth, "owes": each.owes, "due": until}
    if level == LEVELS[-1]:
        yield Draft(Escalate(**fields, urgency=each.clock.urgency), (each.owes, *above), case=each.case)
    else:
        yield Draft(msgspec.convert({**fields, "level": level}, Remind), (each.owes,), case=each.case)


def observers(node: Node) -> list[str]:
    """Return the joint cell and the oversight body, those of them that an escalation may reach now."""
    try:
        reached = everybody(node, "case.escalate")
    except PolicyRefusal:  # No clause of the charter in effect speaks of escalations.
        return []
    return [member for member in reached if member in node.agreement.joint_cells | node.agreement.overseers]
