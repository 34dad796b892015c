"""Bodies of hit/no-hit: the notice of an epoch, a probe, how it ends, who confirms a hit, and the audit.

Nobody reads an identifier from a notice, a probe or an answer. One body holds identifiers, ``match.open``: it goes to
the oversight body that drew them, and to nobody else.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, kind

IdentifierType = Literal["document", "phone", "handset", "plate", "account", "name"]
DeclineCode = Literal["national-law", "rights-risk", "disproportionate"]
"""Why a person does not let a probe be answered."""
LapseCode = Literal["over-budget", "case-closed", "epoch-over"]
"""Why a node may not answer any more; whether that is so follows from its log and its clock."""
Outcome = Literal["confirmed", "not-confirmed"]

MAX_BATCH = 100
MAX_SAMPLE = 1000
MAX_NOTE_BYTES = 16_384

Element = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Proof = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
Blind = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
Edition = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
SignedNote = Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_NOTE_BYTES)]
Number = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
Place = Annotated[int, msgspec.Meta(ge=0, lt=MAX_BATCH)]


@kind("match.notice")
class Notice(Body, frozen=True):
    """The responder's logged statement of one epoch's key and tag set; nothing else than this is believed of either.

    ``edition`` is 16 random bytes of one building of the set; a set with entries added is a new notice. ``size``
    counts entries, decoys among them; ``root`` is the Merkle root over the set's 4,096 buckets. Those it is addressed
    to may fetch the set and probe it.
    """

    epoch: Number
    public: Element
    edition: Edition
    size: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    root: Hash
    desks: Annotated[list[Ref], msgspec.Meta(min_length=1, max_length=256)]


@kind("match.probe")
class Probe(Body, frozen=True):
    """Ask ``to`` whether it holds a file on 1 to 100 identifiers, none of which can be read from this.

    ``public`` is the epoch's key as the asker knows it, so that a key of its own for one asker shows wherever the
    probe arrives.
    """

    probe: Ref
    to: Member
    epoch: Number
    public: Element
    officer: Ref
    legal_basis: Line
    elements: Annotated[list[Element], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    commitments: Annotated[list[Hash], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


@kind("match.answer")
class ProbeAnswer(Body, frozen=True):
    """The elements under the responder's key of the epoch, with one proof of that; it learns no result."""

    probe: Ref
    evaluated: Annotated[list[Element], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
    proof: Proof


@kind("match.decline")
class ProbeDecline(Body, frozen=True):
    """A person at the asked desk does not let a probe be answered, and says why from a closed list."""

    probe: Ref
    code: DeclineCode
    officer: Ref


@kind("match.lapse")
class ProbeLapse(Body, frozen=True):
    """The asked node may not answer any more, and says why."""

    probe: Ref
    code: LapseCode


@kind("match.confirm")
class Confirm(Body, frozen=True):
    """A person at the responder's desk says whether a hit is one: ``request`` is the question that named it."""

    probe: Ref
    place: Place
    request: Ref
    outcome: Outcome
    officer: Ref


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, order=True):
    """One input of one probe, by its place."""

    probe: Ref
    place: Place


@kind("match.audit")
class Audit(Body, frozen=True):
    """Oversight demands openings from ``of``: those that ``seed`` draws from its probes of [first, last] (instants).

    ``seed`` is the hash of ``checkpoints``, of logs of which at least one is not the audited member's, signed after
    ``last``: whoever asked could not know it then. ``inputs`` and ``population`` are the length and the digest of the
    list that was sampled from (``matching.audit.named``): where the audited member has another, it says so.
    """

    audit: Ref
    of: Member
    first: Instant
    last: Instant
    seed: Hash
    checkpoints: Annotated[list[SignedNote], msgspec.Meta(min_length=2, max_length=8)]
    inputs: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    population: Hash
    picks: Annotated[list[Pick], msgspec.Meta(min_length=1, max_length=MAX_SAMPLE)]


class Identifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, order=True):
    """One strong identifier in its one spelling (``matching.identifiers.identifier`` makes it)."""

    type: IdentifierType
    issuer: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")] | None
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=160)]


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One committed input shown to oversight: what was asked, and what makes its commitment and its element."""

    pick: Pick
    identifier: Identifier
    salt: Hash
    blind: Blind


@kind("match.open")
class Openings(Body, frozen=True):
    """The answer to an audit: every pick, opened."""

    audit: Ref
    openings: Annotated[list[Opening], msgspec.Meta(min_length=1, max_length=MAX_SAMPLE)]
