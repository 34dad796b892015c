"""Bodies that tie benefits to conduct: tranches of corridor, energy and transit projects."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Line, Member, Ref, kind

TrancheState = Literal[
    "planned", "escrowed", "released", "running", "notice", "suspended", "continued", "reinstated", "matured"
]
Goods = Literal["energy", "transit", "finance", "trade", "humanitarian-goods", "medicine", "pedestrian-return"]
Musd = Annotated[float, msgspec.Meta(ge=0.0)]


@kind("linkage.tranche")
class Tranche(Body, frozen=True):
    """Declare a yearly flow to ``receiver`` (million US$ a year, an interval) tied to one commitment."""

    tranche: Ref
    project: Ref
    receiver: Member
    payers: Annotated[list[Member], msgspec.Meta(min_length=1, max_length=16)]
    goods: Goods
    low_musd: Musd
    mid_musd: Musd
    high_musd: Musd
    commitment: Ref
    source: Line


@kind("linkage.step")
class Step(Body, frozen=True):
    """Move a tranche to the next state of its published table, on a named ground (a finding or a decision).

    Attributes:
        probation_days: How long a reinstated tranche is on probation; None for every other step.
    """

    tranche: Ref
    to: TrancheState
    ground: Ref
    probation_days: Annotated[int, msgspec.Meta(ge=1, le=730)] | None
