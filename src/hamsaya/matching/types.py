"""What hit/no-hit says and keeps: identifiers, the notice of an epoch, a probe, its answer, an audit.

The bodies are frozen, refuse unknown fields and bound every length, so they can be registered as message kinds as they
stand. An identifier appears in one of them only: in an opening, sealed to oversight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import immutables
import msgspec

from hamsaya.messages.kinds import Body, Hash, Line, Member, Ref

IdentifierType = Literal["document", "phone", "handset", "plate", "account", "name"]
IDENTIFIER_TYPES: tuple[IdentifierType, ...] = ("document", "phone", "handset", "plate", "account", "name")
Category = Literal["wanted", "suspect", "convicted", "missing", "lost-or-stolen", "finance", "other"]
CATEGORIES: tuple[Category, ...] = (
    "wanted", "suspect", "convicted", "missing", "lost-or-stolen", "finance", "other",
)
"""What kind of file holds a hit, the first of several; closed, and silent on why."""
DeclineCode = Literal["over-budget", "case-closed", "national-law", "rights-risk", "epoch-over", "disproportionate"]
ProbeStatus = Literal["asked", "answered", "declined"]
AuditStatus = Literal["demanded", "opened"]

MAX_BATCH = 100
MAX_SAMPLE = 1000

Element = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Proof = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
Blind = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
Edition = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Number = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
Place = Annotated[int, msgspec.Meta(ge=0, lt=MAX_BATCH)]


class Identifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, order=True):
    """One strong identifier in its one spelling (``identifiers.identifier`` makes it)."""

    type: IdentifierType
    issuer: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")] | None = None
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=160)]


class Record(NamedTuple):
    """One entry of a responder's own files: who is found under what, and which desk answers for it.

    ``planted`` marks an identifier that belongs to nobody: whoever asks about it has enumerated or been fed.
    """

    identifier: Identifier
    category: Category
    desk: str
    planted: bool = False


class Notice(Body, frozen=True):
    """The responder's logged statement of one epoch's key and tag set; nothing else than this is believed of either.

    ``edition`` is 16 random bytes of one building of the set; a set with entries added is a new notice. ``size``
    counts entries, decoys among them; ``root`` is the Merkle root over the set's 4,096 buckets.
    """

    epoch: Number
    public: Element
    edition: Edition
    size: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    root: Hash
    desks: Annotated[list[Ref], msgspec.Meta(min_length=1, max_length=256)]


class Probe(Body, frozen=True):
    """Ask ``to`` whether it holds a file on 1 to 100 identifiers, none of which can be read from this."""

    probe: Ref
    to: Member
    epoch: Number
    officer: Ref
    legal_basis: Line
    elements: Annotated[list[Element], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    commitments: Annotated[list[Hash], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class ProbeAnswer(Body, frozen=True):
    """The elements under the responder's key of the epoch, with one proof of that; it learns no result."""

    probe: Ref
    evaluated: Annotated[list[Element], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    proof: Proof


class ProbeDecline(Body, frozen=True):
    """Why a probe is not answered."""

    probe: Ref
    code: DeclineCode


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, order=True):
    """One input of one probe, by its place."""

    probe: Ref
    place: Place


class Audit(Body, frozen=True):
    """Oversight demands openings from ``of``: those that ``seed`` draws from its probes of [first, last] (instants).

    ``seed`` is the hash of checkpoints that were signed after ``last``, so neither side could choose the sample.
    """

    audit: Ref
    of: Member
    first: Annotated[int, msgspec.Meta(ge=0, lt=2**48)]
    last: Annotated[int, msgspec.Meta(ge=0, lt=2**48)]
    seed: Hash
    picks: Annotated[list[Pick], msgspec.Meta(min_length=1, max_length=MAX_SAMPLE)]


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One committed input shown to oversight: what was asked, and what makes its commitment and its element."""

    pick: Pick
    identifier: Identifier
    salt: Hash
    blind: Blind


class Openings(Body, frozen=True):
    """The answer to an audit: every pick, opened."""

    audit: Ref
    openings: Annotated[list[Opening], msgspec.Meta(min_length=1, max_length=MAX_SAMPLE)]


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


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A probe as every party's log has it."""

    probe: str
    querier: str
    responder: str
    case: str
    epoch: int
    status: ProbeStatus
    at: int
    elements: tuple[bytes, ...]
    commitments: tuple[bytes, ...]
    ended_at: int | None = None
    declined: DeclineCode | None = None


class Auditing(msgspec.Struct, frozen=True, kw_only=True):
    """An audit and what became of it."""

    audit: str
    overseer: str
    of: str
    status: AuditStatus
    at: int
    picks: tuple[Pick, ...]
    ended_at: int | None = None


class Spent(NamedTuple):
    """Inputs one querier has spent at one responder: in a case, or on a UTC day (days since 1970)."""

    responder: str
    querier: str
    what: str | int


@dataclass(frozen=True, slots=True)
class MatchState:
    """Everything that hit/no-hit remembers: ``notices`` by (responder, epoch), the latest of each; probes by (querier,
    reference); inputs asked and inputs answered; audits by (overseer, reference)."""

    notices: immutables.Map[tuple[str, int], Notice] = immutables.Map()
    current: immutables.Map[str, int] = immutables.Map()
    probes: immutables.Map[tuple[str, str], Asking] = immutables.Map()
    asked: immutables.Map[Spent, int] = immutables.Map()
    answered: immutables.Map[Spent, int] = immutables.Map()
    audits: immutables.Map[tuple[str, str], Auditing] = immutables.Map()


EMPTY_MATCHES = MatchState()
