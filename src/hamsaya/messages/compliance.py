"""Bodies of verification: what was promised, what is known about it, who says so, and what was found."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, Share, Text, kind

EvidenceClass = Literal[
    "self-report", "counterpart-report", "third-party-observation", "sensor-product", "joint-visit", "access-denied"
]
Verdict = Literal["breach", "no-breach", "cannot-tell"]
Rating = Literal["C", "LC", "PC", "NC", "U"]
Days = Annotated[int, msgspec.Meta(ge=1, le=3660)]


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One seat of a panel and the bloc its holder belongs to."""

    member: Member
    bloc: Ref


@kind("compliance.commit")
class Commit(Body, frozen=True):
    """The sender promises that an indicator stays within a range, and by which panel it may be judged."""

    commitment: Ref
    title: Line
    indicator: Line
    unit: Line
    target_low: float
    target_high: float
    cadence_days: Days
    timeliness_days: Days
    required_detection: Share
    max_false_alarm: Share
    evidence_classes: Annotated[list[EvidenceClass], msgspec.Meta(min_length=1, max_length=6)]
    panel: Annotated[list[Seat], msgspec.Meta(min_length=1, max_length=15)]
    k: Annotated[int, msgspec.Meta(ge=1, le=15)]


@kind("compliance.evidence")
class Evidence(Body, frozen=True):
    """One piece of evidence by its digest. Denied access is a class of its own, never an absence."""

    commitment: Ref
    evidence: Ref
    evidence_class: EvidenceClass
    observed_from: Instant
    observed_to: Instant
    value: float | None
    digest: Hash
    summary: Line


@kind("compliance.notify")
class Notify(Body, frozen=True):
    """Open a provisional finding and give the owner the right of reply until ``reply_due``."""

    commitment: Ref
    finding: Ref
    proposed: Rating
    evidence: Annotated[list[Ref], msgspec.Meta(min_length=1, max_length=64)]
    reply_due: Instant


@kind("compliance.reply")
class Reply(Body, frozen=True):
    """The owner's reply to a notified finding."""

    finding: Ref
    text: Text


@kind("compliance.attest")
class Attest(Body, frozen=True):
    """One panel member's verdict on a notified finding."""

    finding: Ref
    verdict: Verdict


@kind("compliance.finding")
class Finding(Body, frozen=True):
    """Adopt a finding: the rating that the panel's verdicts yield under its k-of-n rule."""

    finding: Ref
    rating: Rating
