"""Past forecasts replayed and scored: what each tier would have said with what was known then, and how good it was.

Rules
1. Rolling protocol: every month is an origin, for the plan's horizons. Challenge protocol: one origin a year, October,
   for the 3rd to 14th month after it, the calendar year that follows.
2. From each origin speaks the latest release made by then; releases are made once a year, knowing the months up to
   December (rolling) or October (challenge). No release is asked about a month that it learnt from.
3. Beside the tiers stand the benchmarks: ``conflictology`` and ``conflictology_n``.
4. Scores are means over cells, months and horizons; sums by target month are given too, so that anyone can recompute a
   gain. Intervals are over resampled months, since cells of one month are not independent.
5. Sets are looked at apart: all cells, the zone asked for, cells without a death in the 12 months before, cells of or
   beside two reporting members, and the cells of each member. No set is chosen by its outcome.
6. Coverage and reliability are by band of the forecast chance. A size is judged among rows with a death by the interval
   of the size forecast, and only where the forecast chance was a tenth or more.

    run = backtest(cube, first=…, last=…, plan=Plan(), executor=executor)
    run.scores["ladder"].crps.mean()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from hamsaya.monitor import scores
from hamsaya.monitor.forecast import Learnt, Plan, Release, Tier, learn, release_of
from hamsaya.monitor.forecast_cube import Cube
from hamsaya.monitor.forecast_distribution import MEMBERS, members
from hamsaya.monitor.forecast_features import GROUPS
from hamsaya.monitor.forecast_history import conflictology, conflictology_n
from hamsaya.monitor.forecast_rows import Table, table_of
from hamsaya.monitor.grid import Array

Protocol = Literal["rolling", "challenge"]
CHALLENGE = tuple(range(3, 15))
DECEMBER, OCTOBER = 11, 9
BENCHMARKS = ("conflictology", "conflictology_n")
QUIET_MONTHS = 12
Each = Callable[[int, int], None]


class Pair(NamedTuple):
    """One origin and horizon, and the month index up to which the release that speaks was made."""

    origin: int
    horizon: int
    known: int


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of one model, each of shape (pairs, cells), float32.

    ``inside`` says whether the interval at 90 % held the outcome; ``size`` is 1 or 0 for the interval of the size, and
    -1 where it is not judged (rule 6).
    """

    chance: Array
    crps: Array
    log_crps: Array
    ignorance: Array
    interval: Array
    inside: Array
    size: Array


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A replay.

    Attributes:
        pairs: In the order of the scores' first axis.
        outcome: Deaths, float32, shape (pairs, cells).
        quiet: bool, same shape: no death in the cell in the 12 months up to the origin.
        scores: By model.
        releases: Digest of each release by the index of the last month it knew.
    """

    cube: Cube
    plan: Plan
    protocol: Protocol
    pairs: list[Pair]
    outcome: Array
    quiet: Array
    scores: dict[str, Scores]
    releases: dict[int, str] = field(default_factory=dict)

    @property
    def targets(self) -> Array:
        """The target month of each pair, months since 1970-01."""
        return self.cube.first + np.array([pair.origin + pair.horizon for pair in self.pairs])

    def by_month(self, values: Array, chosen: Array | None = None) -> dict[int, float]:
        """Return the sum of ``values`` by target month, over the cells and pairs ``chosen`` (shape of the scores)."""
        rows = (values if chosen is None else np.where(chosen, values, 0)).sum(1, dtype="f8")
        return {int(month): float(rows[self.targets == month].sum()) for month in np.unique(self.targets)}


def pairs_of(cube: Cube, first: int, last: int, plan: Plan, protocol: Protocol) -> list[Pair]:
    """Return the origins, horizons and releases of a replay (rules 1 and 2).

    Args:
        first, last: Target months, months since 1970-01; whole calendar years in the challenge protocol.
    Raises:
        Ahead: the data end before ``last``.
        ValueError: the data begin too late, or the challenge protocol is asked for parts of a year.
    """
    start, end = cube.index(first), cube.index(last)
    if protocol == "challenge" and (first % 12 or last % 12 != DECEMBER):
        raise ValueError("expected whole calendar years in the challenge protocol")
    made = []
    for target in range(start, end + 1):
        for horizon in plan.horizons if protocol == "rolling" else [3 + (cube.first + target) % 12]:
            origin = target - horizon
            ends = DECEMBER if protocol == "rolling" else OCTOBER
            made.append(Pair(origin, horizon, origin - (cube.first + origin - ends) % 12))
    if min(pair.known for pair in made) - plan.reach < 0:
        raise ValueError(f"expected {plan.reach} months of data before the first release, "
                         f"received {min(pair.known for pair in made)}")
    return sorted(made, key=lambda pair: (pair.known, pair))


def backtest(
    cube: Cube, *, first: int, last: int, plan: Plan, executor: Executor, protocol: Protocol = "rolling",
    each: Each = lambda done, of: None,
) -> Run:
    """Return the replay of all forecasts of the target months ``first`` to ``last`` (months since 1970-01).

    Args:
        cube: Months after ``last`` are not looked at.
        each: Told how many of the pairs are done.
    Raises:
        As ``pairs_of`` and ``release_of`` do.
    """
    cube = cube.upto(last)
    pairs = pairs_of(cube, first, last, plan, protocol)
    start = min(pair.known for pair in pairs) - plan.reach
    groups = len(GROUPS) if "ladder" in plan.tiers else 1
    table = table_of(cube, sorted({pair.origin for pair in pairs}), executor, first=start, seed=plan.seed,
                     farthest=max(pair.horizon for pair in pairs), groups=groups)
    collected = [_scored(table, pair, release, len(pairs), done, each)
                 for done, (pair, release) in enumerate(_replayed(table, pairs, plan, executor))]
    names = list(collected[0].scores)
    stacked = {name: Scores(*(np.stack([getattr(one.scores[name], part) for one in collected])
                              for part in Scores.__slots__)) for name in names}
    return Run(cube, plan, protocol, pairs, np.stack([one.outcome for one in collected]),
               np.stack([one.quiet for one in collected]), stacked,
               {known: release.digest for known, release in
                {one.release.known: one.release for one in collected}.items()})


def _replayed(table: Table, pairs: list[Pair], plan: Plan, executor: Executor) -> Iterator[tuple[Pair, Release]]:
    """Yield every pair with its release; what is learnt once also serves as the older release."""
    learnt: dict[int, Learnt] = {}
    release: Release | None = None
    for pair in pairs:
        if release is None or release.known != pair.known:
            before = pair.known - plan.record_months
            if "ladder" in plan.tiers and before not in learnt:
                learnt[before] = learn(table, before, plan, executor)()
            release = release_of(table, pair.known, plan, executor, learnt.get(before))
            learnt[pair.known] = release.learnt
        yield pair, release


class _Scored(NamedTuple):
    outcome: Array
    quiet: Array
    scores: dict[str, Scores]
    release: Release


def _scored(table: Table, pair: Pair, release: Release, of: int, done: int, each: Each) -> _Scored:
    at = table.at(pair.origin)
    outcome = table.followed[pair.origin + pair.horizon]
    own = conflictology(table.cube, at, QUIET_MONTHS)
    tiers = release.tiers(table, pair.origin, pair.horizon)
    ensembles = {"conflictology": own, "conflictology_n": conflictology_n(table.cube, at)}
    made = {}
    for name in dict.fromkeys((*BENCHMARKS, *tiers)):
        tier = tiers.get(name)
        made[name] = score(outcome, ensembles.get(name), tier if name not in BENCHMARKS else None)
    each(done + 1, of)
    return _Scored(outcome, own.max(1) == 0, made, release)


def score(outcome: Array, ensemble: Array | None, tier: Tier | None) -> Scores:
    """Return the scores of one forecast of all cells: of an ensemble, or of a tier's distribution and intervals.

    Cells for which nothing was expected and nothing happened are scored in closed form.
    """
    if tier is not None:
        chance = tier.exceed[:, 0]
        likely = np.flatnonzero((chance > 0.5 / MEMBERS) | (outcome > 0))
        drawn = members(tier.exceed[likely])
        inside, size = _within(outcome, tier.interval), _within(outcome, tier.size_interval)
    elif ensemble is not None:
        chance = (ensemble > 0).mean(1)
        likely = np.flatnonzero((chance > 0) | (outcome > 0))
        drawn = np.sort(ensemble[likely], 1)
        inside, size = np.ones(len(outcome), bool), np.zeros(len(outcome), bool)
        low, high = scores.central(drawn)
        inside[likely] = (outcome[likely] >= low) & (outcome[likely] <= high)
        size[likely] = _size_within(outcome[likely], drawn)
    else:
        raise ValueError("expected an ensemble or a tier")
    seen = outcome[likely].astype("i8")
    judged = (outcome > 0) & (chance >= 0.1)
    return Scores(
        chance.astype("f4"), _spread(len(outcome), likely, scores.crps(seen, drawn)),
        _spread(len(outcome), likely, scores.log_crps(seen, drawn)),
        _spread(len(outcome), likely, scores.ignorance(seen, drawn), _nothing()),
        _spread(len(outcome), likely, scores.interval_score(seen, drawn)), inside,
        np.where(judged, size, -1).astype("i1"))


def _within(outcome: Array, interval: Array) -> Array:
    result: Array = (outcome >= interval[:, 0]) & (outcome <= interval[:, 1])
    return result


def _size_within(outcome: Array, drawn: Array) -> Array:
    """Return whether each outcome lies between the 5 % and the 95 % quantile of its ensemble's members above zero."""
    above = (drawn > 0).sum(1)
    zeros, last = drawn.shape[1] - above, drawn.shape[1] - 1
    rows = np.arange(len(drawn))
    low = drawn[rows, np.minimum(zeros + np.floor(0.05 * above).astype(int), last)]
    high = drawn[rows, np.clip(zeros + np.ceil(0.95 * above).astype(int) - 1, 0, last)]
    result: Array = (above > 0) & (outcome >= low) & (outcome <= high)
    return result


def _spread(cells: int, at: Array, values: Array, elsewhere: float = 0.0) -> Array:
    result = np.full(cells, elsewhere, "f4")
    result[at] = values
    return result


def _nothing() -> float:
    """Return the ignorance score of a sure zero that came true."""
    return float(scores.ignorance(np.zeros(1), np.zeros((1, 1)))[0])
