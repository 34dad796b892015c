"""What hit/no-hit keeps: records of files, a probe's secrets, hits, and what every party's log says of them.

What is said between nodes is in ``hamsaya.messages.match``, whose names are repeated here for this room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import immutables
import msgspec

from hamsaya.messages.kinds import Hash
from hamsaya.messages.match import (
    MAX_BATCH,
    MAX_SAMPLE,
    Audit,
    Blind,
    Confirm,
    DeclineCode,
    Edition,
    Element,
    Identifier,
    IdentifierType,
    LapseCode,
    Notice,
    Opening,
    Openings,
    Outcome,
    Pick,
    Probe,
    ProbeAnswer,
    ProbeDecline,
    ProbeLapse,
    Proof,
)

__all__ = [
    "CATEGORIES", "EMPTY_MATCHES", "IDENTIFIER_TYPES", "MAX_BATCH", "MAX_SAMPLE", "Asking", "Audit", "Auditing",
    "Blind", "Category", "Confirm", "Confirmed", "DeclineCode", "Edition", "Element", "Hit", "Identifier",
    "IdentifierType", "LapseCode", "MatchState", "Notice", "Noticed", "Opening", "Openings", "Outcome", "Pick",
    "Probe", "ProbeAnswer", "ProbeDecline", "ProbeLapse", "Proof", "Record", "Result", "Secret", "Spent",
]

IDENTIFIER_TYPES: tuple[IdentifierType, ...] = ("document", "phone", "handset", "plate", "account", "name")
Category = Literal["wanted", "suspect", "convicted", "missing", "lost-or-stolen", "finance", "other"]
CATEGORIES: tuple[Category, ...] = (
    "wanted", "suspect", "convicted", "missing", "lost-or-stolen", "finance", "other",
)
"""What kind of file holds a hit, the first of several; closed, and silent on why."""
ProbeStatus = Literal["asked", "answered", "declined", "lapsed"]
AuditStatus = Literal["demanded", "opened"]


class Record(NamedTuple):
    """One entry of a responder's own files: who is found under what, and which desk answers for it.

    ``planted`` marks an identifier that belongs to nobody: whoever asks about it has enumerated or been fed.
    """

    identifier: Identifier
    category: Category
    desk: str
    planted: bool = False


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the querier keeps of one input until the audit's time is over; whoever has it can read the probe."""

    identifier: Identifier
    salt: Hash
    blind: Blind


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """All that a hit says. A person at ``desk`` confirms or denies it, on an ordinary request."""

    category: Category
    desk: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one identifier: a hit, or None."""

    identifier: Identifier
    hit: Hit | None


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """An epoch's latest notice, whom it was addressed to, and the message that said it."""

    notice: Notice
    told: tuple[str, ...]
    at: int
    message: bytes


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What a person at the responder's desk said of one hit."""

    place: int
    outcome: Outcome
    request: str
    at: int


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A probe as every party's log has it; ``message`` said it, ``ended_by`` ended it."""

    probe: str
    querier: str
    responder: str
    case: str
    epoch: int
    public: bytes
    status: ProbeStatus
    at: int
    elements: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    message: bytes
    ended_at: int | None = None
    ended_by: bytes | None = None
    code: DeclineCode | LapseCode | None = None
    confirmed: tuple[Confirmed, ...] = ()


class Auditing(msgspec.Struct, frozen=True, kw_only=True):
    """An audit and what became of it; ``message`` demanded it, ``opened_by`` is the message with the openings."""

    audit: str
    overseer: str
    of: str
    first: int
    last: int
    status: AuditStatus
    at: int
    picks: tuple[Pick, ...]
    population: bytes = b""
    message: bytes = b""
    ended_at: int | None = None
    opened_by: bytes | None = None


class Spent(NamedTuple):
    """Inputs one querier has spent at one responder: in a case, or on a UTC day (days since 1970)."""

    responder: str
    querier: str
    what: str | int


@dataclass(frozen=True, slots=True)
class MatchState:
    """Everything that hit/no-hit remembers: ``notices`` by (responder, epoch), the latest of each; probes by (querier,
    reference); inputs asked and inputs answered; audits by (overseer, reference)."""

    notices: immutables.Map[tuple[str, int], Noticed] = immutables.Map()
    current: immutables.Map[str, int] = immutables.Map()
    probes: immutables.Map[tuple[str, str], Asking] = immutables.Map()
    asked: immutables.Map[Spent, int] = immutables.Map()
    answered: immutables.Map[Spent, int] = immutables.Map()
    audits: immutables.Map[tuple[str, str], Auditing] = immutables.Map()


EMPTY_MATCHES = MatchState()
