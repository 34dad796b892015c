"""Bodies of the joint intelligence cell: one case, one question at a time, and how each ends.

Purposes and acts are closed, politically neutral lists. There is no code for a political, religious or ethnic
ground and none for lethal or covert action: such a request cannot be written.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.caveats import Caveats, Grading
from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, Text, kind
from hamsaya.messages.notices import SealedDate

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
PauseReason = Literal["clarification", "court", "force-majeure"]
ExtensionReason = Literal["records-elsewhere", "court-order", "translation", "volume"]
Extent = Literal["whole", "part"]
TransferReason = Literal["not-competent"]

MAX_SUBJECTS = 20
"""How many a case names unless two persons have raised the limit, visible to oversight."""
MOST_SUBJECTS = 100
"""How far two persons may raise it."""


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who or what a case names, and why it may be named at all."""

    type: SubjectType
    label: Line
    eligibility: Eligibility
    eligibility_ref: Line


@kind("case.open")
class Open(Body, frozen=True, kw_only=True):
    """Open a case between ``participants`` for one purpose and one mutually criminalised act.

    ``legal_basis`` is the clause or law under which it is opened; ``desk`` and ``officer`` (a pseudonym that the sender
    resolves) say who answers for it. ``notice`` seals the day on which persons it names are to be told of it; the node
    puts it in where it is left out.
    """

    title: Line
    purpose: Purpose
    act: Act
    legal_basis: Ref
    participants: Annotated[list[Member], msgspec.Meta(min_length=2, max_length=32)]
    desk: Ref
    officer: Ref
    retain_until: Instant
    notice: SealedDate | None = None
    subjects: Annotated[list[Subject], msgspec.Meta(max_length=MOST_SUBJECTS)]


@kind("case.ask")
class Ask(Body, frozen=True):
    """Put one question to one member; the urgency sets the clocks.

    ``continues`` is the request that another member handed over to this one, when there is one.
    """

    request: Ref
    to: Member
    question: Text
    urgency: Urgency
    legal_basis: Ref
    desk: Ref
    officer: Ref
    continues: Ref | None = None


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


@kind("case.raise")
class Raise(Body, frozen=True):
    """Two persons decide, before a case is opened, that it may name more than ``MAX_SUBJECTS``; oversight is told."""

    limit: Annotated[int, msgspec.Meta(ge=MAX_SUBJECTS + 1, le=MOST_SUBJECTS)]
    reason: Text
    officer: Ref
    second_officer: Ref


@kind("case.admit")
class Admit(Body, frozen=True):
    """The asked side takes the question on, all of it or a part, and says whether it holds the answer itself."""

    request: Ref
    extent: Extent
    held_directly: bool
    officer: Ref


@kind("case.pause")
class Pause(Body, frozen=True):
    """The asked side stops the clocks that the reason stops; ``text`` is what it needs to know, or why it waits."""

    request: Ref
    pause: Ref
    reason: PauseReason
    text: Text
    officer: Ref


@kind("case.resume")
class Resume(Body, frozen=True):
    """The asked side lets the clocks run again."""

    request: Ref
    pause: Ref
    officer: Ref


@kind("case.clarify")
class Clarify(Body, frozen=True):
    """The asker answers a clarification, and with that the clocks run again."""

    request: Ref
    pause: Ref
    text: Text
    officer: Ref


@kind("case.extend")
class Extend(Body, frozen=True):
    """The asked side takes the one extension that a routine request has, and says why."""

    request: Ref
    reason: ExtensionReason
    text: Text
    officer: Ref


@kind("case.transfer")
class Transfer(Body, frozen=True):
    """The asked side ends a request by naming the participant that is competent; the question stays the asker's."""

    request: Ref
    to: Member
    reason: TransferReason
    officer: Ref


@kind("case.withdraw")
class Withdraw(Body, frozen=True):
    """The asker takes its question back."""

    request: Ref
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
