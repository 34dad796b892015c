"""Does a schedule hold? A member's worth quarter by quarter, in one world or in a hundred thousand.

    W_t = v + tau_t - c + delta [(1 - alpha) W_{t+1} + alpha P_{t+1}]     in good standing
    P_t = u (1 - delta^L)/(1 - delta) + delta^L W_{t+L}                   just suspended, for L quarters
    IC    delta (beta - alpha)(W_{t+1} - P_{t+1}) - c  >= 0
    IR    W_0 - O                                      >= 0

The last quarter goes on for ever, so every index beyond it means the last. This module knows nothing of the linear
program that makes schedules: it is the program's judge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hamsaya.base.interval import Interval
from hamsaya.linkage.plan import Member, Plan, Point, worst

Floats = NDArray[np.float64]
MOST_SPOILER = 1000.0
STEPS = 60
ROUNDING = 1e-7
NUMBERS = ("cost", "alpha", "beta", "delta", "outside", "suspended", "value")


class Flows(NamedTuple):
    """A schedule: level of each project, and cash to each member, both by name, shape (quarter,)."""

    levels: Mapping[str, Floats]
    topups: Mapping[str, Floats]


class Slack(NamedTuple):
    """The least slack of the incentive over all quarters, its quarter, and the slack of participation, million US$."""

    incentive: float
    quarter: int
    participation: float


class Broken(NamedTuple):
    """Worlds tried and those in which somebody's incentive or participation breaks; ``first`` is one of them."""

    worlds: int
    incentive: int
    participation: int
    least: float
    first: Mapping[str, Point]


def slack(plan: Plan, member: Member, point: Point, flows: Flows) -> Slack:
    """Return how much room ``member`` leaves in the world ``point``."""
    return slacks(plan, member, [point], flows)[0]


def slacks(plan: Plan, member: Member, points: Sequence[Point], flows: Flows) -> list[Slack]:
    """Return the same for several worlds, in one pass."""
    arrays = {name: np.array([getattr(point, name) for point in points]) for name in NUMBERS}
    gets = {name: np.array([point.benefits[name] for point in points]) for name in points[0].benefits}
    incentive, first = _slacks(plan, member.name, arrays, gets, flows)
    quarters = incentive.argmin(axis=0)
    return [Slack(float(incentive[quarter, n]), int(quarter), float(first[n] - points[n].outside))
            for n, quarter in enumerate(quarters)]


def sample(plan: Plan, flows: Flows, worlds: int, seed: int, tolerance: float = 1e-6) -> Broken:
    """Return in how many of ``worlds`` drawn evenly from the plan's box some member's incentive breaks.

    Args:
        tolerance: Slack below minus this counts as broken, million US$.
    """
    rng = np.random.default_rng(seed)
    broken, unwilling = np.zeros(worlds, dtype=bool), np.zeros(worlds, dtype=bool)
    least, first = math.inf, {}
    for member in plan.members:
        arrays, gets = _draw(plan, member, worlds, rng)
        incentive, start = _slacks(plan, member.name, arrays, gets, flows)
        lowest = incentive.min(axis=0)
        broken |= lowest < -tolerance
        short = start - arrays["outside"]
        unwilling |= short < -tolerance
        least = min(least, float(lowest.min()))
        if (both := np.minimum(lowest, short)).min() < -tolerance:
            at = int(both.argmin())
            first[member.name] = Point(**{name: float(column[at]) for name, column in arrays.items()},
                                       benefits={name: float(column[at]) for name, column in gets.items()})
    return Broken(worlds, int(broken.sum()), int(unwilling.sum()), least, first)


def tolerance(plan: Plan, member: Member, flows: Flows) -> float:
    """Return how many false-flag punishments a year, on top of the worst corner, the member's incentive survives.

    0 where it holds without any but no more; -1 where it does not even then; at most 1000.
    """
    point = worst(plan, member)
    if slack(plan, member, point, flows).incentive < -ROUNDING:
        return -1.0
    grid = np.r_[0.0, np.geomspace(1e-3, MOST_SPOILER, STEPS)]
    for _ in range(5):
        stay = np.exp(-grid / 4.0)
        pushed = [replace(point, alpha=1.0 - (1.0 - point.alpha) * each, beta=1.0 - (1.0 - point.beta) * each)
                  for each in stay]
        broken = np.array([each.incentive < -ROUNDING for each in slacks(plan, member, pushed, flows)])
        if not broken.any():
            break
        at = int(broken.argmax())
        grid = np.linspace(grid[at - 1], grid[at], STEPS)
    return float(grid[0] if broken.any() else grid[-1])


def flow_to(plan: Plan, member: str, gets: Mapping[str, float], flows: Flows) -> Floats:
    """Return what ``member`` receives in each quarter, million US$."""
    total = flows.topups.get(member, np.zeros(plan.quarters)).copy()
    for name, benefit in gets.items():
        total += benefit * flows.levels[name]
    return total


def _slacks(
    plan: Plan, member: str, at: Mapping[str, Floats], gets: Mapping[str, Floats], flows: Flows
) -> tuple[Floats, Floats]:
    """Return the incentive's slack, shape (quarter, world), and the worth at the start, shape (world,)."""
    quarters, delta, alpha = plan.quarters, at["delta"], at["alpha"]
    topups = flows.topups.get(member, np.zeros(quarters))
    tail = delta**plan.suspension if math.isfinite(plan.suspension) else np.zeros_like(delta)
    outside = at["suspended"] * (1.0 - tail) / (1.0 - delta)
    back = int(plan.suspension) if math.isfinite(plan.suspension) else 0
    last = quarters - 1
    worth = np.empty((quarters, len(delta)))
    need = delta * (at["beta"] - alpha)
    for t in range(last, -1, -1):
        now = at["value"] + topups[t] - at["cost"]
        for name, benefit in gets.items():
            now = now + benefit * flows.levels[name][t]
        if t == last:
            worth[t] = (now + delta * alpha * outside) / (1.0 - delta * (1.0 - alpha) - delta * alpha * tail)
        else:
            punished = outside + tail * worth[min(t + 1 + back, last)]
            worth[t] = now + delta * ((1.0 - alpha) * worth[t + 1] + alpha * punished)
    following = np.minimum(np.arange(quarters) + 1, last)
    later = np.minimum(following + back, last)
    return need * (worth[following] - outside - tail * worth[later]) - at["cost"], worth[0]


def _draw(
    plan: Plan, member: Member, worlds: int, rng: np.random.Generator
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    def within(interval: Interval) -> Floats:
        return rng.uniform(interval.low, interval.high, worlds)

    arrays = {"cost": within(member.cost), "outside": within(member.outside), "suspended": within(member.suspended),
              "value": within(member.value)}
    arrays |= {name: -np.expm1(-within(hazard) / 4.0) for name, hazard in (("alpha", member.a), ("beta", member.b))}
    arrays["delta"] = np.exp(-within(member.r) / 4.0)
    return arrays, {p.name: within(p.benefits[member.name]) for p in plan.projects if member.name in p.benefits}


