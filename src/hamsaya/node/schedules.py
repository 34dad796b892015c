"""A schedule of benefits from a file: read, solved, tried in sampled worlds, told.

    {"quarters": 40, "suspension_quarters": 8, "topup_cap_musd": 20,
     "members": {"ava": {"cost": [3, 4, 6], "a": [0.02, 0.05, 0.08], "b": [0.5, 0.7, 1.0], "r": [0.1, 0.2, 0.4]}},
     "projects": {"line": {"benefits": {"ava": [8, 10, 12]}, "payments": {"bel": 5}, "losses": {"bel": 1}}},
     "senders": {"bel": {"value": 60, "r": 0.1, "topups": 1.0}}}

Money is million US$ a quarter, ``outside`` million US$ in all; hazards and rates are per year. A field ``unit`` may say
so, and any other unit is refused rather than converted. An interval is a number, [low, high] or [low, middle, high].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.interval import Interval
from hamsaya.compliance.course import day
from hamsaya.linkage.plan import Member, Plan, Project, Sender
from hamsaya.node.files import Span, Strict, interval, read_json

FORM = ('expected {"quarters", "members": {"NAME": {"cost", "a", "b", "r"}}, "projects": {"NAME": {"benefits": '
        '{"MEMBER": [low, middle, high]}, "payments", "losses"}}, "senders": {"NAME": {"value", "r"}}}; see '
        'docs/price.md')
UNIT = "MUSD/quarter"
WORLDS = 100_000


class MemberFile(Strict, frozen=True):
    cost: Span
    a: Span
    b: Span
    r: Span
    outside: Span = 0.0
    suspended: Span = 0.0
    value: Span = 0.0
    unit: str = UNIT


class ProjectFile(Strict, frozen=True):
    benefits: dict[str, Span]
    payments: dict[str, Span] = {}
    losses: dict[str, Span] = {}
    start: int = 0
    goods: str = "transit"
    group: str = ""
    unit: str = UNIT


class SenderFile(Strict, frozen=True):
    value: Span
    r: Span
    topups: float = 0.0
    unit: str = UNIT


class ScheduleFile(Strict, frozen=True):
    members: dict[str, MemberFile]
    projects: dict[str, ProjectFile] = {}
    senders: dict[str, SenderFile] = {}
    quarters: int = 40
    suspension_quarters: int | None = None
    topup_cap_musd: float | None = None
    discount: float = 0.1
    slack: float = 0.05
    start: str | None = None


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """What a member gets and what is left at the worst corner; ``spoiler``: false-flag punishments a year survived;
    ``sustained_cost_musd``: its break-even cost a quarter, up to which its promise is worth keeping."""

    margin_musd: float
    tightest_quarter: int
    middle_margin_musd: float
    binding: str
    participation_musd: float
    spoiler: float
    sustained_cost_musd: float
    flow_musd: list[float]
    topups_musd: list[float]


class ProjectView(msgspec.Struct, frozen=True, kw_only=True):
    """A project's levels, its first quarter, and its snapback credibility (None: no payer loses anything)."""

    starts_quarter: int | None
    levels: list[float]
    credibility: float | None


class WorldsView(msgspec.Struct, frozen=True, kw_only=True):
    """Sampled worlds of the box, and in how many somebody's incentive or participation broke."""

    worlds: int
    incentive_breaks: int
    participation_breaks: int
    least_slack_musd: float


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule with its cost, discounted million US$, and its trial."""

    quarters: int
    cost_musd: float
    least_cost_musd: float
    common_margin_musd: float
    members: dict[str, MemberView]
    projects: dict[str, ProjectView]
    trial: WorldsView
    words: list[str]


def schedule_of(path: Path, worlds: int = WORLDS, seed: int = 1) -> ScheduleView:
    """Return the cheapest robust schedule of a file, tried in ``worlds`` drawn from its box.

    Raises:
        OperatorError: ``bad-file``; the file does not fit. ``not-purchasable``; no schedule does it, or b may lie at or
            below a: the sentence says whose.
    """
    from hamsaya.linkage import worlds as judge
    from hamsaya.linkage.schedule import Infeasible, solve

    file = read_json(path, ScheduleFile, FORM)
    try:
        _check_units(file)
        if file.start is not None:
            day(file.start)
        plan = _plan(file)
        found = solve(plan, seed)
        trial = judge.sample(plan, found.flows, worlds, seed)
    except Infeasible as error:
        raise OperatorError(f"{path}: {error}", code="not-purchasable") from None
    except ValueError as error:
        code = "not-purchasable" if "not purchasable" in str(error) else "bad-file"
        raise OperatorError(f"{path}: {error}", code=code) from None
    levels = found.flows.levels
    members = {}
    for member in plan.members:
        result = found.members[member.name]
        gets = {p.name: p.benefits[member.name].mid for p in plan.projects if member.name in p.benefits}
        members[member.name] = MemberView(
            margin_musd=result.margin, tightest_quarter=result.tightest, middle_margin_musd=result.middle_margin,
            binding=result.binding, participation_musd=result.participation, spoiler=result.spoiler,
            sustained_cost_musd=result.sustained,
            flow_musd=judge.flow_to(plan, member.name, gets, found.flows).tolist(),
            topups_musd=found.flows.topups[member.name].tolist(),
        )
    projects = {name: ProjectView(
        starts_quarter=each.starts, levels=levels[name].tolist(),
        credibility=each.credibility if math.isfinite(each.credibility) else None,
    ) for name, each in found.projects.items()}
    view = WorldsView(worlds=trial.worlds, incentive_breaks=trial.incentive, participation_breaks=trial.participation,
                      least_slack_musd=trial.least)
    return ScheduleView(
        quarters=plan.quarters, cost_musd=found.cost_musd, least_cost_musd=found.least_cost_musd,
        common_margin_musd=found.margin, members=members, projects=projects, trial=view,
        words=_words(found.cost_musd, members, projects, view),
    )


def _plan(file: ScheduleFile) -> Plan:
    return Plan(
        members=tuple(Member(
            name=name, cost=interval(m.cost, f"members.{name}.cost"), a=interval(m.a, f"members.{name}.a"),
            b=interval(m.b, f"members.{name}.b"), r=interval(m.r, f"members.{name}.r"),
            outside=interval(m.outside, f"members.{name}.outside"),
            suspended=interval(m.suspended, f"members.{name}.suspended"),
            value=interval(m.value, f"members.{name}.value"),
        ) for name, m in file.members.items()),
        projects=tuple(Project(
            name=name, benefits=_money(name, "benefits", p.benefits), payments=_money(name, "payments", p.payments),
            losses=_money(name, "losses", p.losses), start=p.start, goods=p.goods, group=p.group,
        ) for name, p in file.projects.items()),
        senders=tuple(Sender(name=name, value=interval(s.value, f"senders.{name}.value"),
                             r=interval(s.r, f"senders.{name}.r"), topups=s.topups)
                      for name, s in file.senders.items()),
        quarters=file.quarters,
        suspension=math.inf if file.suspension_quarters is None else float(file.suspension_quarters),
        topup_cap=math.inf if file.topup_cap_musd is None else file.topup_cap_musd,
        discount=file.discount, slack=file.slack,
    )


def _money(project: str, field: str, spans: Mapping[str, Span]) -> dict[str, Interval]:
    return {name: interval(span, f"projects.{project}.{field}.{name}") for name, span in spans.items()}


def _check_units(file: ScheduleFile) -> None:
    for group, each in (("members", file.members), ("projects", file.projects), ("senders", file.senders)):
        for name, table in each.items():
            if table.unit != UNIT:
                raise ValueError(f"units do not match: {group}.{name} is in {table.unit!r}, a schedule in {UNIT!r} "
                                 "(million US$ a quarter); convert the figures")


def _words(
    cost: float, members: Mapping[str, MemberView], projects: Mapping[str, ProjectView], trial: WorldsView
) -> list[str]:
    tight = min(members, key=lambda name: members[name].margin_musd)
    told = [f"The schedule costs ${cost:.0f}m in all, discounted.",
            f"Least to spare has {tight}: ${members[tight].margin_musd:.2f}m a quarter, bound by "
            f"{members[tight].binding}.",
            f"In {trial.worlds} sampled worlds incentives broke {trial.incentive_breaks} times."]
    weak = [name for name, each in projects.items()
            if each.starts_quarter is not None and each.credibility is not None and each.credibility < 3.0]
    if weak:
        told.append(f"Suspended last and restored first, since their payers lose too: {', '.join(weak)}.")
    return told
