"""What a node knows of tranches, and how a person sees them. Flows are million US$ a year, always intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import immutables
import msgspec

from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.messages.linkage import Goods, TrancheState


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class Moved(_Record, frozen=True):
    """One step of a tranche: where to, on which ground, by whom and when; of a reinstatement also the probation."""

    to: TrancheState
    ground: str
    by: str
    at: int
    probation_days: int | None = None


class TrancheRecord(_Record, frozen=True):
    """One yearly flow tied to one commitment, with every step it has taken."""

    tranche: str
    project: str
    receiver: str
    payers: tuple[str, ...]
    goods: Goods
    low_musd: float
    mid_musd: float
    high_musd: float
    commitment: str
    source: str
    declared_by: str
    declared_at: int
    steps: tuple[Moved, ...] = ()

    @property
    def status(self) -> TrancheState:
        """The state in the table of ``rules.TRANSITIONS``."""
        return self.steps[-1].to if self.steps else "planned"

    @property
    def since(self) -> int:
        """The instant of the last step, or of the declaration."""
        return self.steps[-1].at if self.steps else self.declared_at

    @property
    def noticed(self) -> Moved | None:
        """The last notice it was put on, if any."""
        return next((step for step in reversed(self.steps) if step.to == "notice"), None)

    @property
    def probation_until(self) -> int | None:
        """The end of its probation while it is reinstated, else None."""
        last = self.steps[-1] if self.steps else None
        return last.at + (last.probation_days or 0) * DAY if last and last.to == "reinstated" else None


class Decided(NamedTuple):
    """What the members decided on a tranche's suspension, as the charter's record says: by which proposal, on whom,
    whether the tranche goes on, and when the vote was closed (UTC ms)."""

    proposal: str
    concerned: str | None
    goes_on: bool
    at: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A published figure with its unit, source and date; ``dispute``: sources disagree, and the interval holds both."""

    value: Interval
    unit: str
    source: str
    as_of: str = ""
    dispute: bool = False


@dataclass(frozen=True, slots=True)
class LinkageState:
    """Every tranche this node knows."""

    tranches: immutables.Map[str, TrancheRecord] = immutables.Map()


EMPTY_LINKAGE = LinkageState()


class TrancheView(_Record, frozen=True):
    """A tranche, whether it may ever be suspended, and each next state with the ground it needs.

    ``term_ends``: when the notice or the probation it is in ends (UTC ms); None in every other state.
    """

    tranche: TrancheRecord
    status: TrancheState
    since: int
    suspendable: bool
    next: dict[TrancheState, str]
    term_ends: int | None
