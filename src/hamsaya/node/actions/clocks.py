"""Clocks: what is waited for and owed, and what was escalated."""

from __future__ import annotations

from hamsaya.messages.kinds import Ref
from hamsaya.node import reminders
from hamsaya.node.actions.table import Action, Args, Nothing, question


class ClocksArgs(Args, frozen=True):
    """Of one case, of all without it."""

    case: Ref | None = None


ACTIONS: dict[str, Action] = {
    "clocks": Action(ClocksArgs, question(lambda node, a: reminders.clock_views(node, a.case))),
    "escalations": Action(Nothing, question(lambda node, _: reminders.escalation_views(node))),
}
