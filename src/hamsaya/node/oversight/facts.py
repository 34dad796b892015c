"""The coded words that go with a header: what a message is of, for the statistics, and never what it says.

Every word is a reference, a word of a closed list or a count. What both ends of a message state must be the same, but
for the date of notice, which the opener alone states.
"""

from __future__ import annotations

from typing import Any

from hamsaya.messages.cases import Answer, Ask, Decline, Open, Overdue, Raise
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from hamsaya.messages.oversight import Fact, FactName
from hamsaya.node.core import Node
from hamsaya.node.notice_dates import opened

OPENER_ONLY = frozenset(("notice-on", "notice-salt"))


def facts_of(node: Node, event: Event) -> list[Fact]:
    """Return what is stated of ``event``, which this node holds."""
    plain: dict[FactName, Any] = _stated(event.body, event.kind)
    if isinstance(event.body, Open) and event.body.notice is not None:
        plain["notice"] = event.body.notice.commitment.hex()
        if event.sender == node.own and (known := opened(node, event.case or "", event.body.notice.sealed)):
            plain |= {"notice-on": known[0], "notice-salt": known[1].hex()}
    return [Fact(name, str(value)) for name, value in plain.items() if value is not None]


def _stated(body: Body, kind: str) -> dict[FactName, Any]:
    match body:
        case Open(act=act, subjects=subjects):
            return {"act": act, "named": len(subjects), "people": sum(each.type == "person" for each in subjects)}
        case Ask(request=request, to=to, urgency=urgency):
            return {"request": request, "asked": to, "urgency": urgency}
        case Answer(request=request, item=item, supersedes=supersedes):
            return {"request": request, "item": item, "correction": supersedes}
        case Decline(request=request, code=code):
            return {"request": request, "code": code}
        case Overdue(request=request, step=step):
            return {"request": request, "step": step}
        case Raise(limit=limit):
            return {"limit": limit}
    room = kind.partition(".")[0]
    if room == "match":
        return {"asked": getattr(body, "to", None), "code": getattr(body, "code", None),
                "inputs": _count(getattr(body, "elements", None)), "outcome": getattr(body, "outcome", None)}
    if room == "case":
        return {"request": getattr(body, "request", None), "item": getattr(body, "item", None)}
    return {}


def _count(found: Any) -> int | None:
    return None if found is None else len(found)
