"""Forecasts of deaths by cell and month, in three tiers that are always shown side by side.

    conflictology  the cell's own last 12 months; needs nothing, and is what the others have to beat
    kernel         a non-negative linear intensity; numpy and scipy
    ladder         boosted trees mixed with history, settled on its own record; the extra ``hamsaya[ladder]``

Rules
1. A release knows the months up to its own and nothing later: it learns from rows whose target month it has seen, and
   is settled on the record of an older release made ``record_months`` before. A forecast from month *t* sees months up
   to *t*. A release is not asked about an origin before its own month (``Ahead``): that would be hindsight.
2. Every forecast is a whole distribution (``forecast_distribution``), for every cell, whatever is known of it.
3. The same data, plan and version give the same bytes, on any number of workers.
4. Past forecasts are replayed with the data as they are now, cut at the month; where the source has since revised its
   history, a replay is better informed than the forecast of the day was. The card says so.

    table = table_of(cube, [origin], executor, first=…, seed=plan.seed)
    release = release_of(table, known=origin, plan=plan, executor=executor)
    tiers = release.tiers(table, origin, horizon=1)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hamsaya.monitor import forecast_kernel
from hamsaya.monitor.forecast_cube import Ahead
from hamsaya.monitor.forecast_distribution import COUNTS, of_members
from hamsaya.monitor.forecast_features import At
from hamsaya.monitor.forecast_history import conflictology, faded
from hamsaya.monitor.forecast_kernel import Kernel
from hamsaya.monitor.forecast_ladder import Trees, grow_hurdle, grow_ladder
from hamsaya.monitor.forecast_rows import KERNELS, LEVEL, Table
from hamsaya.monitor.forecast_settle import FADES, FAR_FADES, Settled, is_far, settle, unsettled
from hamsaya.monitor.forecast_weights import Parts, Setting
from hamsaya.monitor.grid import Array

TIERS = ("conflictology", "kernel", "ladder")


@dataclass(frozen=True, slots=True)
class Plan:
    """How releases are made.

    Attributes:
        horizons: Months ahead, rising, >= 1.
        learn_months: Months of origins that a release learns from.
        record_months: Months between a release and the older one whose record settles it.
        fading: Half-life in months of a row's weight: reporting and wars change, the past counts less.
        tiers: Which of ``TIERS``.
    """

    horizons: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    learn_months: int = 180
    record_months: int = 24
    fading: float = 60.0
    seed: int = 7
    tiers: tuple[str, ...] = TIERS

    @property
    def reach(self) -> int:
        """Months before its own that a release looks at to learn, its older release included."""
        return self.learn_months + (self.record_months if "ladder" in self.tiers else 0)


class Forecasting(NamedTuple):
    """Rows to forecast: origin and cell, features with the calendar, and the horizon of each."""

    at: At
    features: Array
    horizon: Array

    @property
    def setting(self) -> Setting:
        """What the weights of the ladder's parts hang on."""
        return Setting(self.features[:, LEVEL], self.horizon)


class Tier(NamedTuple):
    """What one tier says of every cell: distribution, interval at 90 %, and interval of the deaths given any."""

    exceed: Array
    interval: Array
    size_interval: Array


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What was learnt from the months up to a release's own, before it is settled.

    Attributes:
        kernels: One fit for each horizon; empty where only history is asked for.
        trees: The ladder's; None where the plan leaves it out.
        rows: Rows learnt from.
    """

    kernels: dict[int, Kernel]
    trees: Trees | None
    rows: int

    def parts(self, table: Table, rows: Forecasting) -> Parts:
        """Return the distributions that the ladder mixes, in the order of ``forecast_weights.PARTS``."""
        if self.trees is None:
            raise ValueError("expected trees")
        return self.trees.forecast(rows.features), self.kernel(rows), *histories(table, rows.at, is_far(self.kernels))

    def kernel(self, rows: Forecasting) -> Array:
        """Return the kernel tier's distribution of each row."""
        result = np.zeros((len(rows.features), len(COUNTS)), "f4")
        for horizon in np.unique(rows.horizon):
            here = np.flatnonzero(rows.horizon == horizon)
            result[here] = self.kernels[int(horizon)].forecast(rows.features[here, :KERNELS])
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """What a release says.

    Attributes:
        known: Index of the last month it knows.
        settled: The ladder's weights, line and intervals; None where the plan leaves the ladder out.
    """

    known: int
    plan: Plan
    learnt: Learnt
    settled: Settled | None = None

    def tiers(self, table: Table, origin: int, horizon: int) -> dict[str, Tier]:
        """Return what each tier says from one origin for one horizon, all cells.

        Raises:
            Ahead: the data end before ``origin``, or the release was made after it (rule 1).
        """
        if origin >= len(table.cube.events) or origin < self.known:
            raise Ahead("expected an origin that the data reach, in or after the month the release was made")
        plain = unsettled()
        made = {}
        for name, exceed in self._said(table, origin, horizon):
            rule = self.settled if name == "ladder" and self.settled is not None else plain
            made[name] = Tier(exceed, rule.interval(exceed), rule.size_interval(exceed))
        return made

    def _said(self, table: Table, origin: int, horizon: int) -> Iterator[tuple[str, Array]]:
        at = table.at(origin)
        rows = Forecasting(at, table.all_cells(origin, horizon), np.full(len(at.cell), horizon))
        if "conflictology" in self.plan.tiers:
            yield "conflictology", of_members(conflictology(table.cube, at))
        if "kernel" in self.plan.tiers:
            yield "kernel", self.learnt.kernel(rows)
        if self.settled is not None:
            yield "ladder", self.settled.mixed(self.learnt.parts(table, rows), rows.setting)

    @property
    def digest(self) -> str:
        """SHA-256 over everything learnt, as hex."""
        total = hashlib.sha256(repr((self.known, self.plan)).encode())
        for horizon, fit in self.learnt.kernels.items():
            for part in (np.array(horizon), fit.weights, fit.edges, fit.exceed):
                total.update(np.ascontiguousarray(part).tobytes())
        if self.learnt.trees is not None and self.settled is not None:
            total.update(self.learnt.trees.hurdle.encode() + self.learnt.trees.ladder.encode())
            for part in (self.settled.weights, self.settled.levels, self.settled.size_levels):
                total.update(part.tobytes())
            total.update(repr((self.settled.shift, self.settled.slope)).encode())
        return total.hexdigest()


def histories(table: Table, at: At, far: bool) -> tuple[Array, Array]:
    """Return the quick and the slow faded history, for a release that looks far ahead or not."""
    quick, slow = (faded(table.cube, at, half_life) for half_life in (FAR_FADES if far else FADES))
    return quick, slow


def learn(table: Table, known: int, plan: Plan, executor: Executor) -> Callable[[], Learnt]:
    """Start to learn from the months up to index ``known``; the call that is returned waits for the result.

    Raises:
        ValueError: there is nothing to learn from.
        OperatorError: the ladder is asked for and LightGBM is not installed (``missing-extra``), raised by the call.
    """
    rows = table.learning(known, plan.learn_months, plan.horizons)
    if not (rows.deaths > 0).any():
        raise ValueError("expected at least one month with deaths to learn from, received none")
    growing: list[Future[str]] = []
    if "ladder" in plan.tiers:
        counts_as = _counts_as(rows.age, plan, rows.stands_for)
        growing.append(executor.submit(grow_hurdle, rows.features, rows.deaths > 0, counts_as))
        features, deaths, age = table.violent(known, plan.learn_months, _some(plan.horizons))
        growing.append(executor.submit(grow_ladder, features, deaths, _counts_as(age, plan, np.ones(len(age)))))
    kernels = {} if plan.tiers == ("conflictology",) else fit_kernels(table, known, plan)

    def done() -> Learnt:
        return Learnt(kernels, Trees(*(task.result() for task in growing)) if growing else None, len(rows.deaths))

    return done


def _some(horizons: tuple[int, ...]) -> tuple[int, ...]:
    """Return the nearest, the middle and the farthest horizon: sizes change little with it, and rows cost."""
    return tuple(sorted({horizons[0], horizons[len(horizons) // 2], horizons[-1]}))


def _counts_as(age: Array, plan: Plan, stands_for: Array) -> Array:
    result: Array = (stands_for * 0.5 ** (age / plan.fading)).astype("f4")
    return result


def fit_kernels(table: Table, known: int, plan: Plan) -> dict[int, Kernel]:
    """Return the kernel tier's fit of every horizon, each on all rows that have a target month by ``known``."""
    made = {}
    for horizon in plan.horizons:
        rows = table.followed_by(known, plan.learn_months, horizon)
        made[horizon] = forecast_kernel.fit(rows.features, rows.deaths,
                                            _counts_as(rows.age, plan, rows.stands_for))
    return made


def settled_by(table: Table, older: Learnt, known: int, plan: Plan) -> Settled:
    """Return what the record of ``older``, learnt ``record_months`` before ``known``, teaches."""
    rows = table.learning(known, plan.record_months, plan.horizons)
    asked = Forecasting(rows.at, rows.features, rows.horizon)
    return settle(older.parts(table, asked), asked.setting, rows.deaths, rows.stands_for, is_far(plan.horizons))


def release_of(table: Table, known: int, plan: Plan, executor: Executor, older: Learnt | None = None) -> Release:
    """Return the release known up to month index ``known``.

    Args:
        older: What was learnt ``record_months`` before, where a replay has it; else it is learnt too.
    Raises:
        Ahead: the data end before ``known``.
        ValueError, OperatorError: as ``learn`` does.
    """
    if known >= len(table.cube.events):
        raise Ahead("expected a month that the data reach")
    ladder = "ladder" in plan.tiers
    before = learn(table, known - plan.record_months, plan, executor) if ladder and older is None else None
    learnt = learn(table, known, plan, executor)
    if not ladder:
        return Release(known, plan, learnt())
    record = before() if before is not None else older
    settled = unsettled(is_far(plan.horizons)) if record is None else settled_by(table, record, known, plan)
    return Release(known, plan, learnt(), settled)
