"""The messages that the fault tests send: one case, and questions in it."""

from __future__ import annotations

from hamsaya.base.instants import DAY
from hamsaya.messages.cases import Ask, Open
from hamsaya.node.send import Draft
from tests.support.persons import by_hand

PARTICIPANTS = ("pk", "ir", "uz")


def open_case(now: int, sender: str = "pk", ref: str = "PK-1", participants: tuple[str, ...] = PARTICIPANTS) -> Draft:
    """Return the opening of a case, told to all its other participants."""
    body = Open(title="A consignment", purpose="trace-explosives", act="explosives-trafficking",
                participants=list(participants),
                legal_basis="CX.1", desk="desk", officer=f"{sender}-1", retain_until=now + 90 * DAY, subjects=[])
    return by_hand(sender, Draft(body, tuple(member for member in participants if member != sender), case=ref))


def ask(number: int, sender: str, to: str, ref: str = "PK-1", also: tuple[str, ...] = ()) -> Draft:
    """Return one question; its request reference names the asker and the number, so that effects can be counted."""
    body = Ask(request=f"{sender}-{number}", to=to, question=f"Question {number}?", urgency="routine",
               legal_basis="CX.2", desk="desk", officer="o-1")
    return by_hand(sender, Draft(body, (to, *also), case=ref))
