"""The cheapest schedule of benefits at which every promise is worth keeping: one linear program, robust by its corner.

    found = solve(plan)                     # Solved(flows, cost_musd, margin, members, projects)
    found.members["ava"].margin             # million US$ a quarter to spare at the worst corner
    worlds.sample(plan, found.flows, 100_000, seed=1).incentive        # 0

    min  sum_t d^t (sum_p payments_p y_pt + sum_i x_it)                  d^t/(1-d) for the last quarter, which goes on
    s.t. W_it, P_it as in ``worlds``;  IC with margin e;  IR;  0 <= y_pt <= y_p,t+1 <= 1;  sum over a group <= 1
         sender  sum_u>=t d_s^(u-t) (value_s - payments_s,u)  >=  (1 - d_s^L)/(1 - d_s) sum_p losses_sp y_pt
    then max e with the cost at most (1 + slack) times that minimum

The needed flow rises in c, a and r and falls in b, so one world, the worst corner of the box, stands for all. With
suspensions that end, a back-loaded schedule can break that monotony; ``solve`` therefore tries sampled worlds and adds
any in which something breaks as a further set of constraints, until none does.
Where nothing is feasible, the refusal names who cannot be bought and by how much it is short.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from hamsaya.linkage import worlds
from hamsaya.linkage.plan import PARAMETERS, Member, Plan, Point, Project, factor, middle, relieved, worst
from hamsaya.linkage.worlds import Flows

Floats = NDArray[np.float64]
TRIED = 2_000
ROUNDS = 8
SHORT = 1e-7
STEPS = 30


class MemberResult(NamedTuple):
    """What the schedule leaves a member at the worst corner.

    ``margin``: least slack of its incentive, million US$ a quarter, in quarter ``tightest``; ``middle_margin``: that
    in the world of all middles. ``binding``: the quantity whose middle instead of its worst end would widen the margin
    most ("none": nothing would). ``participation``: worth over outside, million US$ in all. ``spoiler``: false-flag
    punishments a year on top. ``sustained``: the largest cost, million US$ a quarter, at which its promise would still
    be worth keeping, all else at its worst. ``flow_musd``: what it receives in the last quarter.
    """

    margin: float
    tightest: int
    middle_margin: float
    binding: str
    participation: float
    spoiler: float
    sustained: float
    flow_musd: float


class ProjectResult(NamedTuple):
    """A project's first quarter of running, last level, and snapback credibility: receivers' loss by payers' loss."""

    starts: int | None
    level: float
    credibility: float


class Solved(NamedTuple):
    """A schedule, its cost and the least cost (million US$, discounted), the common margin, and what each part gets.

    ``points``: worlds that had to be added to the worst corners.
    """

    flows: Flows
    cost_musd: float
    least_cost_musd: float
    margin: float
    members: Mapping[str, MemberResult]
    projects: Mapping[str, ProjectResult]
    points: int


class Infeasible(ValueError):
    """No schedule within the caps does it; ``short`` says who lacks how much, million US$ a quarter (IR: in all)."""

    def __init__(self, short: Mapping[str, float]) -> None:
        self.short = dict(short)
        said = "; ".join(f"{name} by ${lack:.3g}m" for name, lack in self.short.items())
        super().__init__(f"not purchasable with these projects and top-ups: short are {said}; raise the caps, add a "
                         "project, verify more or decide more surely")


def solve(plan: Plan, seed: int = 0) -> Solved:
    """Return the cheapest robust schedule of ``plan``, its margin widened by the slack that the plan admits.

    Args:
        seed: Of the sampled worlds in which it is tried.
    Raises:
        Infeasible: nothing suffices.
    """
    blocks = [(number, worst(plan, member)) for number, member in enumerate(plan.members)]
    known = len(blocks)
    for round_number in range(ROUNDS):
        flows, cost, least, margin = _optimum(plan, blocks)
        broken = worlds.sample(plan, flows, TRIED, seed + round_number)
        if not broken.first:
            break
        index = {member.name: number for number, member in enumerate(plan.members)}
        blocks += [(index[name], point) for name, point in broken.first.items()]
    return Solved(flows, cost, least, margin, _members(plan, flows), _projects(plan, flows), len(blocks) - known)


def credibility(project: Project) -> float:
    """Return the receivers' loss by the payers' loss when the project is suspended; higher is better, above 3 is good.

    Infinite where no payer loses anything by stopping it.
    """
    receivers = math.fsum(each.mid for each in project.benefits.values())
    payers = math.fsum(each.mid for each in project.losses.values())
    return receivers / payers if payers else math.inf


class _Program:
    """Rows of one linear program over y (project, quarter), x (member, quarter), W (block, quarter), S (sender,
    quarter) and the margin."""

    def __init__(self, plan: Plan, blocks: Sequence[tuple[int, Point]]) -> None:
        self.plan, self.blocks, q = plan, blocks, plan.quarters
        sizes = [len(plan.projects) * q, len(plan.members) * q, len(blocks) * q, len(plan.senders) * q, 1]
        self.y, self.x, self.w, self.s, self.margin = (int(n) for n in np.cumsum([0, *sizes[:-1]]))
        self.width = sum(sizes)
        self.equal: list[tuple[dict[int, float], float]] = []
        self.most: list[tuple[dict[int, float], float]] = []
        self.what: dict[int, str] = {}

    def at(self, base: int, number: int, t: int) -> int:
        """Return the column of quarter ``t`` (beyond the last: the last) of row ``number`` at ``base``."""
        return base + number * self.plan.quarters + min(t, self.plan.quarters - 1)

    def add_at_most(self, row: dict[int, float], bound: float, what: str = "") -> None:
        """Add row . columns <= bound; ``what`` names who may fall short of it."""
        if what:
            self.what[len(self.most)] = what
        self.most.append((row, bound))


def _optimum(plan: Plan, blocks: Sequence[tuple[int, Point]]) -> tuple[Flows, float, float, float]:
    program = _build(plan, blocks)
    costs = _costs(program)
    first = _run(program, costs)
    least = float(costs @ first)
    if not plan.slack:
        return _flows(program, first), least, least, 0.0
    program.add_at_most({int(n): float(costs[n]) for n in np.nonzero(costs)[0]},
                        least * (1.0 + plan.slack) + SHORT * max(1.0, least))
    goal = np.zeros(program.width)
    goal[program.margin] = -1.0
    second = _run(program, goal, free_margin=True)
    return _flows(program, second), float(costs @ second), least, float(second[program.margin])


def _build(plan: Plan, blocks: Sequence[tuple[int, Point]]) -> _Program:
    program = _Program(plan, blocks)
    for number, (member, point) in enumerate(blocks):
        _member_rows(program, number, member, point)
    for number in range(len(plan.senders)):
        _sender_rows(program, number)
    _level_rows(program)
    return program


def _member_rows(program: _Program, number: int, member: int, point: Point) -> None:
    plan, at, delta, alpha = program.plan, program.at, point.delta, point.alpha
    finite = math.isfinite(plan.suspension)
    back, tail = (int(plan.suspension), delta**plan.suspension) if finite else (0, 0.0)
    outside = point.suspended * (1.0 - tail) / (1.0 - delta)
    need = delta * (point.beta - alpha)
    name = plan.members[member].name
    gets = [(p, point.benefits[project.name]) for p, project in enumerate(plan.projects)
            if project.name in point.benefits]
    for t in range(plan.quarters):
        row: dict[int, float] = {}
        _into(row, at(program.w, number, t), 1.0)
        _into(row, at(program.w, number, t + 1), -delta * (1.0 - alpha))
        _into(row, at(program.w, number, t + 1 + back), -delta * alpha * tail)
        _into(row, at(program.x, member, t), -1.0)
        for p, benefit in gets:
            _into(row, at(program.y, p, t), -benefit)
        program.equal.append((row, point.value - point.cost + delta * alpha * outside))
        row = {program.margin: 1.0}
        _into(row, at(program.w, number, t + 1), -need)
        _into(row, at(program.w, number, t + 1 + back), need * tail)
        program.add_at_most(row, -point.cost - need * outside, f"{name} (incentive)")
    program.add_at_most({at(program.w, number, 0): -1.0}, -point.outside, f"{name} (participation)")


def _sender_rows(program: _Program, number: int) -> None:
    plan, at, sender = program.plan, program.at, program.plan.senders[number]
    delta = factor(sender.r.high)
    length = (1.0 - delta**plan.suspension) / (1.0 - delta) if math.isfinite(plan.suspension) else 1.0 / (1.0 - delta)
    for t in range(plan.quarters):
        row: dict[int, float] = {}
        _into(row, at(program.s, number, t), 1.0)
        _into(row, at(program.s, number, t + 1), -delta)
        for p, project in enumerate(plan.projects):
            if sender.name in project.payments:
                _into(row, at(program.y, p, t), project.payments[sender.name].high)
        for member in range(len(plan.members) if sender.topups else 0):
            _into(row, at(program.x, member, t), sender.topups)
        program.equal.append((row, sender.value.low))
        row = {at(program.s, number, t): -1.0}
        for p, project in enumerate(plan.projects):
            if sender.name in project.losses:
                _into(row, at(program.y, p, t), length * project.losses[sender.name].high)
        program.add_at_most(row, 0.0, f"{sender.name} (would not carry a suspension out)")


def _level_rows(program: _Program) -> None:
    plan, at = program.plan, program.at
    for t in range(plan.quarters - 1):
        for p in range(len(plan.projects)):
            row = {at(program.y, p, t): 1.0, at(program.y, p, t + 1): -1.0}
            (program.equal.append((row, 0.0)) if plan.flat else program.add_at_most(row, 0.0))
        if plan.flat:
            for m in range(len(plan.members)):
                program.equal.append(({at(program.x, m, t): 1.0, at(program.x, m, t + 1): -1.0}, 0.0))
    for group in sorted({project.group for project in plan.projects} - {""}):
        rivals = [p for p, project in enumerate(plan.projects) if project.group == group]
        # Levels never fall, so the last quarter's sum bounds all.
        program.add_at_most({at(program.y, p, plan.quarters - 1): 1.0 for p in rivals}, 1.0)


def _into(row: dict[int, float], column: int, value: float) -> None:
    row[column] = row.get(column, 0.0) + value


def _costs(program: _Program) -> Floats:
    plan, costs = program.plan, np.zeros(program.width)
    delta = factor(plan.discount)
    weights = delta ** np.arange(plan.quarters)
    weights[-1] /= 1.0 - delta
    for p, project in enumerate(plan.projects):
        each = math.fsum(payment.mid for payment in project.payments.values())
        costs[program.at(program.y, p, 0): program.at(program.y, p, 0) + plan.quarters] = each * weights
    for m in range(len(plan.members)):
        costs[program.at(program.x, m, 0): program.at(program.x, m, 0) + plan.quarters] = weights
    return costs


def _bounds(program: _Program, free_margin: bool) -> list[tuple[float | None, float | None]]:
    plan = program.plan
    bounds: list[tuple[float | None, float | None]] = []
    for project in plan.projects:
        bounds += [(0.0, 0.0 if t < project.start and not plan.flat else 1.0) for t in range(plan.quarters)]
    cap = plan.topup_cap if math.isfinite(plan.topup_cap) else None
    bounds += [(0.0, cap)] * (len(plan.members) * plan.quarters)
    bounds += [(None, None)] * ((len(program.blocks) + len(plan.senders)) * plan.quarters)
    return [*bounds, (0.0, None if free_margin else 0.0)]


def _run(program: _Program, goal: Floats, free_margin: bool = False) -> Floats:
    found = linprog(goal, *_matrix(program.most, program.width), *_matrix(program.equal, program.width),
                    _bounds(program, free_margin), method="highs")
    if found.status == 2:
        raise Infeasible(_short(program))
    if found.status != 0:
        raise ValueError(f"the linear program was not solved: {found.message}")
    solution: Floats = found.x
    return solution


def _matrix(rows: list[tuple[dict[int, float], float]], width: int) -> tuple[Any, Any]:
    if not rows:
        return None, None
    number = np.repeat(np.arange(len(rows)), [len(row) for row, _ in rows])
    columns = np.fromiter((column for row, _ in rows for column in row), dtype=np.int64, count=len(number))
    values = np.fromiter((value for row, _ in rows for value in row.values()), dtype=float, count=len(number))
    return coo_array((values, (number, columns)), shape=(len(rows), width)).tocsr(), np.array([b for _, b in rows])


def _short(program: _Program) -> dict[str, float]:
    """Return by how much each party falls short where the sum of all shortfalls is least."""
    named = sorted(program.what)
    rows = [dict(row) for row, _ in program.most]
    for place, number in enumerate(named):
        rows[number][program.width + place] = -1.0
    width = program.width + len(named)
    goal = np.r_[np.zeros(program.width), np.ones(len(named))]
    most = _matrix([(row, bound) for row, (_, bound) in zip(rows, program.most, strict=True)], width)
    bounds = [*_bounds(program, False), *[(0.0, None)] * len(named)]
    found = linprog(goal, *most, *_matrix(program.equal, width), bounds, method="highs")
    short: dict[str, float] = {}
    for place, number in enumerate(named):
        lack = float(found.x[program.width + place]) if found.status == 0 else math.inf
        if lack > SHORT:
            short[program.what[number]] = max(lack, short.get(program.what[number], 0.0))
    return short


def _flows(program: _Program, solution: Floats) -> Flows:
    plan, q = program.plan, program.plan.quarters
    clean = np.where(np.abs(solution) < 1e-12, 0.0, solution)
    return Flows({p.name: clean[program.y + n * q: program.y + (n + 1) * q] for n, p in enumerate(plan.projects)},
                 {m.name: clean[program.x + n * q: program.x + (n + 1) * q] for n, m in enumerate(plan.members)})


def _members(plan: Plan, flows: Flows) -> dict[str, MemberResult]:
    found = {}
    for member in plan.members:
        point = worst(plan, member)
        points = [point, middle(plan, member), *(relieved(plan, member, name) for name in PARAMETERS)]
        bad, mid, *eased = worlds.slacks(plan, member, points, flows)
        gains = {name: each.incentive - bad.incentive for name, each in zip(PARAMETERS, eased, strict=True)}
        binding = max(gains, key=lambda name: gains[name])
        found[member.name] = MemberResult(
            margin=bad.incentive, tightest=bad.quarter,
            middle_margin=mid.incentive,
            binding=binding if gains[binding] > SHORT else "none", participation=bad.participation,
            spoiler=worlds.tolerance(plan, member, flows), sustained=_sustained(plan, member, point, flows),
            flow_musd=float(worlds.flow_to(plan, member.name, point.benefits, flows)[-1]),
        )
    return found


def _sustained(plan: Plan, member: Member, point: Point, flows: Flows) -> float:
    """Return the largest cost a quarter at which the member's promise is still worth keeping, all else at its worst.

    What is to spare is the least of linear functions that fall in the cost: the tangent's zero lies above the root, and
    each next one nearer, so that a few steps are exact.
    """
    cost, step = max(point.cost, 1.0), 1e-3
    for _ in range(STEPS):
        here, before = (min(slack.incentive, slack.participation) for slack in worlds.slacks(
            plan, member, [replace(point, cost=cost), replace(point, cost=cost - step)], flows))
        if abs(here) < SHORT:
            break
        cost += here * step / (before - here)
    return cost


def _projects(plan: Plan, flows: Flows) -> dict[str, ProjectResult]:
    found = {}
    for project in plan.projects:
        level = flows.levels[project.name]
        running = np.nonzero(level > 1e-9)[0]
        found[project.name] = ProjectResult(int(running[0]) if len(running) else None, float(level[-1]),
                                            credibility(project))
    return found
