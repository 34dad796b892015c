"""Bodies of verification: what was promised, what is known about it, who says so, and what was found."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, Share, Text, kind
from hamsaya.messages.monitor import Gid

EvidenceClass = Literal[
    "self-report", "counterpart-report", "third-party-observation", "sensor-product", "joint-visit", "access-denied"
]
Verdict = Literal["breach", "no-breach", "cannot-tell"]
Rating = Literal["C", "LC", "PC", "NC", "U"]
Publication = Literal["public", "members", "owner"]
Stance = Literal["accepted", "disputed"]
Track = Literal["regular", "enhanced"]
Ground = Literal["remedied", "lapsed", "superseded"]
Measure = Literal["incidents", "deaths"]
Days = Annotated[int, msgspec.Meta(ge=1, le=3660)]
Refs = Annotated[list[Ref], msgspec.Meta(max_length=64)]


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One seat of a panel and the bloc its holder belongs to."""

    member: Member
    bloc: Ref


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An indicator that the joint picture answers: what is counted, in which cells, over how many months at a time.

    Attributes:
        violence: 1 state-based, 2 non-state, 3 one-sided; 0 all of them.
    """

    measure: Measure
    violence: Annotated[int, msgspec.Meta(ge=0, le=3)]
    cells: Annotated[list[Gid], msgspec.Meta(min_length=1, max_length=2000)]
    months: Annotated[int, msgspec.Meta(ge=1, le=12)]


@kind("compliance.commit")
class Commit(Body, frozen=True):
    """The sender promises that an indicator stays within a range, and by which panel it may be judged.

    Attributes:
        query: How the joint picture answers it; None where people attest it.
        materiality: By how much, in ``unit``, it must leave the range for that to matter.
        until: The end of the mandate: nothing new is lodged or raised after it.
        publication: Who may see the rating: everybody, the members, the owner alone.
    """

    commitment: Ref
    title: Line
    indicator: Line
    unit: Line
    query: Query | None
    target_low: float
    target_high: float
    materiality: Annotated[float, msgspec.Meta(ge=0)]
    until: Instant
    publication: Publication
    cadence_days: Days
    timeliness_days: Days
    required_detection: Share
    max_false_alarm: Share
    evidence_classes: Annotated[list[EvidenceClass], msgspec.Meta(min_length=1, max_length=6)]
    panel: Annotated[list[Seat], msgspec.Meta(min_length=1, max_length=15)]
    k: Annotated[int, msgspec.Meta(ge=1, le=15)]


@kind("compliance.evidence")
class Evidence(Body, frozen=True):
    """One piece of evidence by its digest. Denied access is a class of its own, never an absence.

    Attributes:
        value, unit: The indicator as measured, in the commitment's unit; both None where nothing was measured.
        replaces: The sender's own earlier evidence that this corrects; both stay on record.
    """

    commitment: Ref
    evidence: Ref
    evidence_class: EvidenceClass
    observed_from: Instant
    observed_to: Instant
    value: float | None
    unit: Line | None
    replaces: Ref | None
    digest: Hash
    summary: Line


@kind("compliance.provisional")
class Provisional(Body, frozen=True):
    """Raise a finding on evidence, and name who conducts it: screens it, notifies it, adopts it, follows it up.

    Attributes:
        reopens: A closed finding on the same commitment that this takes up again.
    """

    commitment: Ref
    finding: Ref
    proposed: Rating
    evidence: Annotated[list[Ref], msgspec.Meta(min_length=1, max_length=64)]
    conductor: Member
    reopens: Ref | None


@kind("compliance.notify")
class Notify(Body, frozen=True):
    """Notify a provisional finding and give the owner the right of reply until ``reply_due``."""

    finding: Ref
    reply_due: Instant


@kind("compliance.reply")
class Reply(Body, frozen=True):
    """The owner's reply to a notified finding, and whether it disputes it."""

    finding: Ref
    stance: Stance
    text: Text


@kind("compliance.attest")
class Attest(Body, frozen=True):
    """One panel member's verdict on a notified finding, with its reason, which a dissent note carries."""

    finding: Ref
    verdict: Verdict
    reason: Text | None


@kind("compliance.finding")
class Finding(Body, frozen=True):
    """Adopt a finding: the rating that the panel's verdicts yield under its k-of-n rule."""

    finding: Ref
    rating: Rating


@kind("compliance.drop")
class Drop(Body, frozen=True):
    """Drop a finding before it is adopted: the evidence does not bear it."""

    finding: Ref
    text: Text


@kind("compliance.follow-up")
class FollowUp(Body, frozen=True):
    """What follows from an adopted finding: how closely it is watched, and when it is looked at again."""

    finding: Ref
    track: Track
    review_on: Instant
    text: Text


@kind("compliance.close")
class Close(Body, frozen=True):
    """Close an adopted finding. It speaks no longer: the commitment is unverified until another finding."""

    finding: Ref
    ground: Ground
    evidence: Refs
