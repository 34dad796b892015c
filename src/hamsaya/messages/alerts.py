"""Bodies of warning and of joint analysis: alerts by area, what came of what was asked, assessments and dissent.

An alert speaks of cells and months, asks parties for acts of a closed list, and has no field for free text. What came
of it is nobody's to write: every node works it out from the reports (``monitor.alerts_record``).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, Share, Text, kind
from hamsaya.messages.monitor import Count, Gid, Month

AlertKind = Literal["escalation", "onset", "cluster"]
Action = Literal["verify", "step-up-reporting", "joint-visit-offer", "notify-border-service"]
Figure = Annotated[float, msgspec.Meta(ge=0.0, le=1e12)]
Budget = Annotated[int, msgspec.Meta(ge=1, le=100)]
Confidence = Literal[
    "almost-certain", "very-likely", "likely", "roughly-even", "unlikely", "very-unlikely", "remote"
]


class ByForecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="forecast"):
    """A forecast stands behind the alert: the chance that it comes true, and the 90 % interval of deaths."""

    tier: Literal["conflictology", "kernel", "ladder"]
    chance: Share
    low: Count
    high: Count


class ByScan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="scan"):
    """A scan statistic stands behind it: incidents observed and expected, and how often chance alone shows as much.

    ``recurrence_days`` is None where the scan looked back and not ahead.
    """

    statistic: Figure
    p_value: Share
    observed: Count
    expected: Figure
    recurrence_days: Figure | None


class Asked(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Who is asked to do what, and by when."""

    party: Member
    action: Action
    due: Instant


@kind("monitor.alert")
class Alert(Body, frozen=True):
    """The sender warns of an area and of months to come, under a budget of cells a month that it set first.

    It comes true if the joint picture of ``first`` to ``last`` holds ``at_least`` so many deaths or incidents in
    ``cells``. ``vintage`` is the digest of the data behind it, known as of ``as_of``; ``model`` that of the model.
    ``threshold`` is the score at which the budget was spent.
    """

    alert: Ref
    kind: AlertKind
    cells: Annotated[list[Gid], msgspec.Meta(min_length=1, max_length=100)]
    zone: Ref | None
    first: Month
    last: Month
    measure: Literal["deaths", "incidents"]
    at_least: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    basis: ByForecast | ByScan
    as_of: Instant
    vintage: Hash
    model: Hash
    asked: Annotated[list[Asked], msgspec.Meta(min_length=1, max_length=40)]
    budget: Budget
    threshold: Figure


@kind("monitor.acted")
class Acted(Body, frozen=True):
    """Whoever was asked says that it has done it, or declines with a reason from the closed list."""

    alert: Ref
    action: Action
    outcome: Literal["done", "declined"]
    reason: Literal["no-access", "no-capacity", "not-safe", "under-way-otherwise", "not-our-area", "disputed"] | None


class Source(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an assessment stands on: its title, its licence, and the digest of exactly what was read."""

    title: Line
    licence: Line
    digest: Hash


@kind("monitor.assessment")
class Assessment(Body, frozen=True):
    """A judgement on an area and a period in plain paragraphs, with a word for how likely it is, and its sources.

    ``alerts`` are those it speaks of, ``picture`` the digest of the joint picture that its authors had before them.
    """

    assessment: Ref
    title: Line
    first: Month
    last: Month
    cells: Annotated[list[Gid], msgspec.Meta(min_length=1, max_length=2_000)]
    text: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=30)]
    confidence: Confidence
    sources: Annotated[list[Source], msgspec.Meta(min_length=1, max_length=100)]
    alerts: Annotated[list[Ref], msgspec.Meta(max_length=100)]
    picture: Hash | None


@kind("monitor.concur")
class Concur(Body, frozen=True):
    """The sender concurs with an assessment, or dissents in words that stand beside it wherever it is shown.

    ``digest`` is that of the assessment's body: nobody is held to a text that it did not read.
    """

    assessment: Ref
    digest: Hash
    stance: Literal["concur", "dissent"]
    text: Text | None
