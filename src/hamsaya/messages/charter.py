"""Bodies by which members bind themselves, stand in for one another, decide together and go their own way.

What a member says of itself (a signature, a reservation, a notice of withdrawal, a cut link) holds when it is said.
What concerns others is proposed, voted on and, once the rule is met, recorded by a depositary of the charter: the
record lists the votes it counted, each of them a signed message that everybody holds.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.canon import tagged
from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, kind

Standing = Literal["full", "partial", "observer", "absent", "supervised", "suspended", "left"]
Stance = Literal["accepted", "objected", "objected-excluding"]
Choice = Literal["yes", "no", "abstain"]
CutReason = Literal["keys-compromised", "unreachable-authority", "government-decision", "technical"]
MessageId = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
ProposalRef = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,31}/[A-Za-z0-9][A-Za-z0-9._:-]{0,31}\Z")]
"""A proposal's reference: the proposer's slug, a slash, and a name of its own choice."""
Kinds = Annotated[list[Line], msgspec.Meta(max_length=32)]
Refs = Annotated[list[Ref], msgspec.Meta(max_length=64)]


@kind("charter.sign")
class Sign(Body, frozen=True, kw_only=True):
    """The sender signs one document (the charter or an annex) of exactly this digest.

    ``instruments``: of the charter, the instruments the sender is bound by; none named means all of them.
    """

    document: Ref
    revision: Hash
    instruments: Refs = []


@kind("charter.reserve")
class Reserve(Body, frozen=True, kw_only=True):
    """The sender reserves one clause: for the kinds it names (none: all of them), or only under added obligations.

    With ``withdrawn`` an earlier reservation is taken back.
    """

    instrument: Ref
    clause: Ref
    excludes: Kinds = []
    obligations: Refs = []
    text: Line
    withdrawn: bool = False


@kind("charter.react")
class React(Body, frozen=True):
    """The sender answers another's reservation: accepts it, objects, or objects and excludes treaty relations."""

    reserving: Member
    instrument: Ref
    clause: Ref
    stance: Stance


@kind("charter.withdraw")
class Withdraw(Body, frozen=True, kw_only=True):
    """The sender gives notice of leaving an instrument; ``revoked`` takes the notice back while it still runs."""

    instrument: Ref
    text: Line
    revoked: bool = False


@kind("charter.cut")
class Cut(Body, frozen=True):
    """The sender cuts its own link with one party at once, or with ``cut`` false joins it again."""

    member: Member
    cut: bool
    reason: CutReason


class CompetentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body that acts for a party under one instrument, and the desk where it is reached: offices, never persons."""

    instrument: Ref
    name: Line
    desk: Ref


@kind("charter.competent")
class Competent(Body, frozen=True):
    """The sender names its competent bodies; a later list takes the place of the earlier one."""

    bodies: Annotated[list[CompetentBody], msgspec.Meta(min_length=1, max_length=32)]


class SetStanding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="standing"):
    """Give ``member`` a standing under ``instrument`` (None: under all); ``clauses`` are those of a partial one."""

    member: Member
    standing: Standing
    instrument: Ref | None
    clauses: Refs


class Amend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="amend"):
    """Replace the charter by ``document``, the deterministic CBOR of its plain table."""

    document: Annotated[bytes, msgspec.Meta(min_length=1, max_length=512 * 1024)]


class Resolve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="resolve"):
    """Decide on what ``ground`` names (a finding, a tranche, a budget, a visit); other rooms may rest on it."""

    ground: Ref


Act = SetStanding | Amend | Resolve


@kind("charter.propose")
class Propose(Body, frozen=True, kw_only=True):
    """Put a question to the members.

    Attributes:
        proposal: ``sender/name``, so that nobody takes another's reference.
        decision: The class of decisions whose rule applies.
        concerned: The member it is about (its soil, data, rating, benefits or standing), where there is one.
        participants: Who takes part, where the rule counts participants.
        act: What happens when it is adopted.
        against: An earlier proposal that this one appeals.
        put_at: When it was first put; the send pipeline dates it. Whoever is shown it later reads the same date.
    """

    proposal: ProposalRef
    decision: Ref
    title: Line
    act: Act
    concerned: Member | None = None
    participants: Annotated[list[Member], msgspec.Meta(max_length=64)] = []
    against: ProposalRef | None = None
    put_at: Instant = 0


@kind("charter.retract")
class Retract(Body, frozen=True):
    """The proposer takes its proposal back, as long as nothing is recorded."""

    proposal: ProposalRef


BALLOT_DOMAIN = "hamsaya/v1/ballot"
Ballot = Annotated[list[Annotated[bytes, msgspec.Meta(max_length=2420)]], msgspec.Meta(max_length=2)]
"""Both signatures of the member's message key over ``ballot_bytes``."""


def ballot_bytes(federation: str, member: str, proposal: str, subject: bytes, choice: str) -> bytes:
    """Return what a ballot's signatures are over: a vote that can be shown to whoever never received it."""
    return tagged(BALLOT_DOMAIN, [federation, member, proposal, subject, choice])


@kind("charter.vote")
class CastVote(Body, frozen=True, kw_only=True):
    """The sender's one vote on exactly the proposal whose digest is ``subject``; ``no`` also breaks a silence.

    ``ballot``: the send pipeline signs it; the record carries it to everybody.
    """

    proposal: ProposalRef
    subject: Hash
    choice: Choice
    ballot: Ballot = []
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class CountedVote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One vote as a depositary counted it: whose, what, when it was in its log, which message, and the ballot."""

    member: Member
    choice: Choice
    at: Instant
    message: MessageId
    ballot: Ballot


@kind("charter.record")
class Record(Body, frozen=True):
    """A depositary records how a vote came out, with the ballot of every vote it counted; anyone can count again.

    Attributes:
        subject: Digest of the proposal's body.
        opened_at, closed_at: From when to when it counted, by its own log; UTC milliseconds.
        decided_at: When the votes had decided it; a depositary closes soon after.
        effective_at: When what was adopted takes effect: the class's timelock after ``closed_at``.
        rank: The sender's place among the depositaries, from 0.
        epoch: How many changes of membership were in effect when it opened.
    """

    proposal: ProposalRef
    subject: Hash
    verdict: Literal["adopted", "blocked"]
    opened_at: Instant
    decided_at: Instant
    closed_at: Instant
    effective_at: Instant
    rank: Annotated[int, msgspec.Meta(ge=0, lt=64)]
    epoch: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    votes: Annotated[list[CountedVote], msgspec.Meta(max_length=64)]


@kind("charter.contest")
class Contest(Body, frozen=True):
    """The sender proves that a record left its vote out: the depositary's own receipt shows it in time."""

    proposal: ProposalRef
    record: MessageId
    vote: MessageId
    statement: Annotated[bytes, msgspec.Meta(min_length=1, max_length=65_536)]
    receipt: Annotated[bytes, msgspec.Meta(min_length=1, max_length=65_536)]
