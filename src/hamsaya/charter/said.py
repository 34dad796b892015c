"""What members have said about the charter, as the fold of their messages keeps it.

One record for each kind of charter message, and ``CharterState``, which holds them all. What follows from them at an
instant is in ``history`` and ``situation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from immutables import Map

from hamsaya.messages.charter import Act, Choice, CompetentBody, Stance


class Signed(NamedTuple):
    """One signature: when, and of which instruments; none named means all."""

    at: int
    instruments: tuple[str, ...]


class Reserved(NamedTuple):
    """What a member said last about its reservation of one clause."""

    at: int
    message: bytes
    excludes: tuple[str, ...]
    obligations: tuple[str, ...]
    text: str
    withdrawn: bool


class Reacted(NamedTuple):
    """One answer to a reservation."""

    at: int
    stance: Stance


class Said(NamedTuple):
    """The latest of two opposite statements (notice given or revoked, link cut or joined), and why."""

    at: int
    message: bytes
    yes: bool
    why: str


class Named(NamedTuple):
    """A member's latest list of competent bodies."""

    at: int
    message: bytes
    bodies: tuple[CompetentBody, ...]


class Proposal(NamedTuple):
    """A question as it was put; ``subject`` is the digest of its body, which votes and records name."""

    at: int
    message: bytes
    by: str
    subject: bytes
    decision: str
    title: str
    act: Act
    concerned: str | None
    participants: tuple[str, ...]
    against: str | None


class Cast(NamedTuple):
    """One member's vote; its first stands."""

    at: int
    message: bytes
    choice: Choice
    reason: str
    ballot: tuple[bytes, ...]


class Counted(NamedTuple):
    """One vote as a record counts it."""

    member: str
    choice: Choice
    at: int
    message: bytes


class Recorded(NamedTuple):
    """How a depositary recorded a vote."""

    by: str
    message: bytes
    verdict: Literal["adopted", "blocked"]
    opened_at: int
    decided_at: int
    closed_at: int
    effective_at: int
    rank: int
    epoch: int
    votes: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class CharterState:
    """What members said, as it stands whatever the order of arrival.

    Attributes:
        signatures: (document, revision) -> member -> its signatures, each set of instruments since its first.
        reservations: (member, instrument, clause) -> the latest word on it.
        reactions: (member, reserving, instrument, clause) -> its answers.
        withdrawals: (member, instrument) -> notice given or revoked.
        cuts: (member, other) -> whether the member has cut its link with the other.
        competent: member -> its competent bodies.
        proposals: reference -> the question.
        retracted: references taken back by their proposers, with when.
        votes: (reference, member) -> the vote.
        records: reference -> message id of the record -> the record.
        contested: message ids of records that were proven to leave a vote out.
    """

    signatures: Map[tuple[str, bytes], Map[str, tuple[Signed, ...]]] = Map()
    reservations: Map[tuple[str, str, str], Reserved] = Map()
    reactions: Map[tuple[str, str, str, str], frozenset[Reacted]] = Map()
    withdrawals: Map[tuple[str, str], Said] = Map()
    cuts: Map[tuple[str, str], Said] = Map()
    competent: Map[str, Named] = Map()
    proposals: Map[str, Proposal] = Map()
    retracted: Map[str, int] = Map()
    votes: Map[tuple[str, str], Cast] = Map()
    records: Map[str, Map[bytes, Recorded]] = Map()
    contested: frozenset[bytes] = frozenset()

    def signed(self, document: str, revision: bytes) -> Map[str, tuple[Signed, ...]]:
        """Return who signed exactly ``revision`` of ``document``, and when."""
        return self.signatures.get((document, revision), Map())


EMPTY_CHARTER = CharterState()
