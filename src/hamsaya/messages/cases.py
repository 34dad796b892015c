"""Bodies of the joint intelligence cell: one case, one question at a time, and how each ends.

Purposes and acts are closed, politically neutral lists. There is no code for a political, religious or ethnic
ground and none for lethal or covert action: such a request cannot be written.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Instant, Line, Member, Ref, Text, kind

Purpose = Literal["prevent-attack", "investigate-attack", "trace-explosives", "trace-financing", "protect-border"]
Act = Literal["bombing", "armed-attack", "hostage-taking", "arms-trafficking", "explosives-trafficking", "financing"]
Urgency = Literal["threat-to-life", "urgent", "routine"]
DeclineCode = Literal[
    "sovereignty", "national-law", "open-investigation", "not-held", "not-competent", "rights-risk", "disproportionate"
]
SubjectType = Literal["person", "vehicle", "document", "consignment"]
Eligibility = Literal["unsc-listed", "mutually-criminalised"]
Caveat = Literal["not-in-court", "no-onward", "named-desk-only", "lead-only", "no-death-penalty-or-torture"]
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


@kind("case.answer")
class Answer(Body, frozen=True):
    """Answer a request with one item, prepared by one person and released by another.

    ``text`` is None once the item has been purged: the journal keeps that it was, not what it said.
    """

    request: Ref
    item: Ref
    text: Text | None
    caveats: Annotated[list[Caveat], msgspec.Meta(max_length=8)]
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
    """A holder attests what became of a revoked item at its node."""

    item: Ref
    outcome: PurgeOutcome
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
