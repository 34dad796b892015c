"""What a schedule of benefits is asked to do: members, projects, payers, and the box of what nobody knows exactly.

Money is million US$ a quarter unless a name says otherwise; hazards and discount rates are per year, as elsewhere,
and become chances and factors of a quarter here and nowhere else: alpha = 1 - exp(-a/4), delta = exp(-r/4).

Rules
1. Every uncertain quantity is an interval; a schedule must hold at its worst corner.
2. Humanitarian goods, medicine and pedestrian return are no lever: a project of them is refused, not scheduled.
3. A member whose b may lie at or below its a is not purchasable at any flow: refused by name.
4. Projects that compete for the same freight stand in one group and share its capacity; their benefits are not added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hamsaya.base.interval import Interval
from hamsaya.linkage.rules import NON_SUSPENDABLE

QUARTERS_A_YEAR = 4.0
NOUGHT = Interval(0.0, 0.0, 0.0)
MOST_QUARTERS = 400


@dataclass(frozen=True, slots=True)
class Member:
    """A member that is to keep a promise.

    Attributes:
        cost: Of complying, million US$ a quarter.
        a, b: Hazards that it is punished though honest, and though it broke its word, 1/yr.
        r: Its discount rate, 1/yr.
        outside: What it would have without the agreement, million US$ in all (a rival's offer counts).
        suspended: What it gets while suspended, and ``value`` what the agreement is worth to it beside all flows,
            million US$ a quarter.
    """

    name: str
    cost: Interval
    a: Interval
    b: Interval
    r: Interval
    outside: Interval = NOUGHT
    suspended: Interval = NOUGHT
    value: Interval = NOUGHT


@dataclass(frozen=True, slots=True)
class Project:
    """A corridor, line or facility, run at a level of 0 to 1 that never falls back.

    Attributes:
        benefits: What each receiver gets a quarter at level 1.
        payments: What each payer spends a quarter at level 1.
        losses: What each payer loses itself a quarter at level 1 while it is suspended.
        start: First quarter in which it can run, from 0.
        goods: What it carries.
        group: Projects of one name share one level of 1; "" is a group of its own.
    """

    name: str
    benefits: Mapping[str, Interval]
    payments: Mapping[str, Interval] = field(default_factory=dict)
    losses: Mapping[str, Interval] = field(default_factory=dict)
    start: int = 0
    goods: str = "transit"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """A payer that must carry a suspension out: what the regime is worth to it a quarter, and its discount rate."""

    name: str
    value: Interval
    r: Interval
    topups: float = 0.0
    """Its share of all cash top-ups, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole problem.

    Attributes:
        quarters: Length of the schedule; what runs in the last quarter goes on.
        suspension: Length of a suspension in quarters; infinite is for ever.
        topup_cap: Cash to each member a quarter at most.
        discount: Rate at which costs are added up, 1/yr.
        slack: Share by which the cheapest cost may be exceeded to widen every margin.
        flat: The same level and the same cash in every quarter.
    """

    members: tuple[Member, ...]
    projects: tuple[Project, ...] = ()
    senders: tuple[Sender, ...] = ()
    quarters: int = 40
    suspension: float = math.inf
    topup_cap: float = math.inf
    discount: float = 0.1
    slack: float = 0.05
    flat: bool = False

    def __post_init__(self) -> None:
        _check_sizes(self)
        _check_names(self)
        for member in self.members:
            _check_member(member)
        for project in self.projects:
            _check_project(project, self.quarters)


@dataclass(frozen=True, slots=True)
class Point:
    """One member in one world: everything of ``Member`` as numbers, and its benefit of each project by name."""

    cost: float
    alpha: float
    beta: float
    delta: float
    outside: float
    suspended: float
    value: float
    benefits: Mapping[str, float]


def chance(hazard: float) -> float:
    """Return the chance in a quarter of what has this hazard a year."""
    return -math.expm1(-hazard / QUARTERS_A_YEAR)


def factor(rate: float) -> float:
    """Return the discount factor of a quarter for a rate a year."""
    return math.exp(-rate / QUARTERS_A_YEAR)


def middle(plan: Plan, member: Member) -> Point:
    """Return the member in the world of all middles."""
    gets = {p.name: p.benefits[member.name].mid for p in plan.projects if member.name in p.benefits}
    return Point(member.cost.mid, chance(member.a.mid), chance(member.b.mid), factor(member.r.mid), member.outside.mid,
                 member.suspended.mid, member.value.mid, gets)


def worst(plan: Plan, member: Member) -> Point:
    """Return the member at its worst corner: all that the needed flow rises in is high, all it falls in is low."""
    gets = {p.name: p.benefits[member.name].low for p in plan.projects if member.name in p.benefits}
    return Point(member.cost.high, chance(member.a.high), chance(member.b.low), factor(member.r.high),
                 member.outside.high, member.suspended.high, member.value.low, gets)


# What may bind, in words, and the worst corner with that one quantity at its middle.
PARAMETERS = ("cost", "a", "b", "r", "outside", "suspended", "value", "benefits")


def relieved(plan: Plan, member: Member, parameter: str) -> Point:
    """Return the worst corner with ``parameter`` at its middle instead."""
    bad, mid = worst(plan, member), middle(plan, member)
    name = {"a": "alpha", "b": "beta", "r": "delta"}.get(parameter, parameter)
    return replace(bad, **{name: getattr(mid, name)})


def _check_sizes(plan: Plan) -> None:
    if not plan.members:
        raise ValueError("expected at least one member whose promise is to be kept, received none")
    if not 1 <= plan.quarters <= MOST_QUARTERS or not plan.suspension >= 1:
        raise ValueError(f"expected 1 to {MOST_QUARTERS} quarters and a suspension of at least one, received "
                         f"{plan.quarters} and {plan.suspension}")
    if not (plan.topup_cap >= 0.0 and plan.discount > 0.0 and plan.slack >= 0.0):
        raise ValueError("expected topup_cap >= 0, discount > 0 and slack >= 0")


def _check_names(plan: Plan) -> None:
    for what, names in (("member", [m.name for m in plan.members]), ("project", [p.name for p in plan.projects]),
                        ("sender", [s.name for s in plan.senders])):
        if len(set(names)) != len(names):
            raise ValueError(f"expected each {what} once, received {names}")
    receivers = {m.name for m in plan.members}
    for project in plan.projects:
        if strangers := sorted(set(project.benefits) - receivers):
            raise ValueError(f"project {project.name} benefits {strangers[0]}, which is none of the members")
    if plan.senders and sum(sender.topups for sender in plan.senders) > 1.0 + 1e-9:
        raise ValueError("expected the senders' shares of top-ups to sum to at most 1")


def _check_member(member: Member) -> None:
    if min(member.cost.low, member.a.low, member.b.low, member.suspended.low) < 0.0 or not member.r.low > 0.0:
        raise ValueError(f"{member.name}: expected cost, a, b, suspended >= 0 and r > 0")
    if member.b.low <= member.a.high:
        raise ValueError(f"{member.name}: not purchasable at any flow: b may be {member.b.low:g} a year while a may be "
                         f"{member.a.high:g}; a breach must be more dangerous than honesty, so verify more, decide "
                         "more surely, or narrow the intervals")


def _check_project(project: Project, quarters: int) -> None:
    if project.goods in NON_SUSPENDABLE:
        raise ValueError(f"project {project.name}: {project.goods} is never stopped, so it buys no compliance; take it "
                         "out of the schedule and let it run")
    figures = [*project.benefits.values(), *project.payments.values(), *project.losses.values()]
    if any(figure.low < 0.0 for figure in figures) or not 0 <= project.start < quarters:
        raise ValueError(f"project {project.name}: expected money >= 0 and a start before quarter {quarters}")
