"""What a message of a case is about: the state it would move, who may move it, and who must be told."""

from __future__ import annotations

from dataclasses import dataclass

from hamsaya.cases.clocks import Annex
from hamsaya.cases.types import Case, Item, Request


@dataclass(frozen=True, slots=True)
class Matter:
    """What ``decide`` asks of a message before the rules of its kind.

    Attributes:
        status: The state in the table of its room: of the case, the request or the item.
        actors: Who may send it. told: Who must be among its recipients. participants: Of the case.
        sending: Whether this node would send it, having seen all that the state holds; else it has arrived.
        overseers: The parties that oversee. annexes: The terms that pairs of members agreed on.
    """

    status: str
    actors: frozenset[str]
    told: frozenset[str]
    participants: frozenset[str]
    case: Case | None = None
    request: Request | None = None
    item: Item | None = None
    sending: bool = False
    overseers: frozenset[str] = frozenset()
    annexes: tuple[Annex, ...] = ()
