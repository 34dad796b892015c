"""Bodies of the joint intelligence cell: one case, one question at a time, and how each ends.

Purposes and acts are closed, politically neutral lists. There is no code for a political, religious or ethnic
ground and none for lethal or covert action: such a request cannot be written.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.caveats import Caveats, Grading
from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, Text, kind

Purpose = Literal["prevent-attack", "investigate-attack", "trace-explosives", "trace-financing", "protect-border"]
Act = Literal["bombing", "armed-attack", "hostage-taking", "arms-trafficking", "explosives-trafficking", "financing"]
Urgency = Literal["threat-to-life", "urgent", "routine"]
DeclineCode = Literal[
    "sovereignty", "national-law", "open-investigation", "not-held", "not-competent", "rights-risk", "disproportionate"
]
SubjectType = Literal["person", "vehicle", "document", "consignment"]
Eligibility = Literal["unsc-listed", "mutually-criminalised"]
RevokeReason = Literal["error", "source-protection", "consent-withdrawn", "legal-order"]
PurgeOutcome = Literal["purged", "retained-under-law", "in-court-file"]
CloseOutcome = Literal["resolved", "not-resolved", "withdrawn"]


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who or what a case names, and why it may be named at all."""

    type: SubjectType
    label: Line
    eligibility: Eligibility
    eligibility_ref: Line


@kind("case.open")
class Open(Body, frozen=True):
    """Open a case between ``participants`` for one purpose and one mutually criminalised act."""

    title: Line
    purpose: Purpose
    act: Act
    participants: Annotated[list[Member], msgspec.Meta(min_length=2, max_length=32)]
    officer: Ref
    retain_until: Instant
    subjects: Annotated[list[Subject], msgspec.Meta(max_length=20)]


@kind("case.ask")
class Ask(Body, frozen=True):
    """Put one question to one member; the urgency sets the clocks."""

    request: Ref
    to: Member
    question: Text
    urgency: Urgency
    officer: Ref


@kind("case.acknowledge")
class Acknowledge(Body, frozen=True):
    """A person at the asked desk has taken the request in hand."""

    request: Ref
    officer: Ref


class Parent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An item that another was made of, whose it is, and the originator's consent on which passing it on rests.

    It is named once for each consent; without one everybody who receives the product was given the item.
    """

    originator: Member
    case: Ref
    item: Ref
    consent: Ref | None


class Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The text of an item under a key of its own, and the commitment to that key."""

    sealed: Annotated[bytes, msgspec.Meta(min_length=29, max_length=20_000)]
    commitment: Hash


@kind("case.answer")
class Answer(Body, frozen=True):
    """Answer a request with one item, prepared by one person and released by another.

    A D2 or D3 item has ``locked`` in the place of ``text``. Both are None once the item has been deleted: the journal
    keeps that it was, not what it said. ``supersedes`` is an earlier item of the same request that this one corrects.
    """

    request: Ref
    item: Ref
    text: Text | None
    locked: Locked | None
    caveats: Caveats
    grading: Grading
    derived_from: Annotated[list[Parent], msgspec.Meta(max_length=16)]
    supersedes: Ref | None
    prepared_by: Ref
    released_by: Ref


@kind("case.decline")
class Decline(Body, frozen=True):
    """Refuse a request with a code from the closed list."""

    request: Ref
    code: DeclineCode
    officer: Ref


@kind("case.revoke")
class Revoke(Body, frozen=True):
    """The originator asks every holder to purge an item and to attest the outcome."""

    item: Ref
    reason: RevokeReason
    officer: Ref


@kind("case.purge")
class Purge(Body, frozen=True):
    """A holder attests what became of a revoked item at its node, and the law under which it keeps what it keeps."""

    item: Ref
    outcome: PurgeOutcome
    law: Ref | None
    officer: Ref


@kind("case.overdue")
class Overdue(Body, frozen=True):
    """The asking side records that a clock ran out."""

    request: Ref
    step: Literal["acknowledge", "answer"]
    due: Instant


@kind("case.close")
class Close(Body, frozen=True):
    """The opener closes the case; what it holds stays until ``retain_until``."""

    outcome: CloseOutcome
    officer: Ref
