"""The conversation of a case: read, and what a person would say to have read."""

from __future__ import annotations

from hamsaya.messages.kinds import Member, Ref
from hamsaya.node import talk
from hamsaya.node.actions.table import Action, Args, question


class TalkArgs(Args, frozen=True):
    """One case, for one desk of this node; ``to`` are those that something is to be said to, all without one."""

    case: Ref
    desk: str | None = None
    to: list[Member] = []


ACTIONS: dict[str, Action] = {
    "talk": Action(TalkArgs, question(lambda node, a: talk.conversation(node, a.case, a.desk, a.to))),
    "talk-unread": Action(TalkArgs, question(lambda node, a: talk.to_read(node, a.case, a.desk))),
}
