"""Forecasts and their replay from an incident file, with or without a node: read, cut at the month, compute, say.

    found = replay(Asked(path, box), first="2017-01", last="2019-12", workers=2)      # plain values for JSON
    made = forecast_from(Asked(path, box), origin="2019-12", workers=2)               # columns and the model card

A month after the origin is cut off before anything is computed; a month that the file does not reach is refused.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.forecast import Plan, release_of
from hamsaya.monitor.forecast_backtest import CHALLENGE, Protocol, backtest
from hamsaya.monitor.forecast_card import Data, card
from hamsaya.monitor.forecast_cube import Cube, cube_of
from hamsaya.monitor.forecast_distribution import COUNTS, mean
from hamsaya.monitor.forecast_features import GROUPS
from hamsaya.monitor.forecast_report import report
from hamsaya.monitor.forecast_rows import table_of
from hamsaya.monitor.grid import Box, parse_box, reporters
from hamsaya.monitor.incidents import Incidents, Release, from_incidents, month_number, month_text
from hamsaya.monitor.panel import Places
from hamsaya.node.bootstrap import incidents_of, open_named_pack

MOST_MONTHS = 720
"""Months before the last that are looked at: sixty years, whatever stray date a file begins with."""
Plain = dict[str, Any]
Each = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a forecast or a replay is made of.

    Attributes:
        box: West, south, east, north in degrees, as text.
        types: Types of violence that count, 1 to 3.
        cells: Ids of the cells to forecast besides those with an incident; None is every cell of the box.
        pack: The region pack whose annex says who reports where; None is the default pack.
    """

    path: Path
    box: str
    plan: Plan = Plan()
    places: Places = "spread"
    types: tuple[int, ...] = (1, 2, 3)
    cells: tuple[int, ...] | None = None
    zone: str | None = None
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A forecast: columns of equal length, one row a tier, cell and horizon, and the model card."""

    columns: Plain
    card: str
    about: Plain


def replay(
    asked: Asked, *, first: str, last: str, workers: int, protocol: Protocol = "rolling",
    each: Each = lambda done, of: None,
) -> Plain:
    """Return the report of a replay of the target months ``first`` to ``last``, as ``YYYY-MM``.

    Raises:
        OperatorError: the period or the box cannot be scored with this file (``bad-period``, ``bad-box``).
        PeerError: the file is none of incidents.
    """
    table, data = _read(asked)
    cube = _cube(asked, table, month_number(last))
    plan = asked.plan if protocol == "rolling" else _with_horizons(asked.plan, CHALLENGE)
    pack = open_named_pack(asked.pack)
    with executor_of(workers) as executor:
        try:
            run = backtest(cube, first=month_number(first), last=month_number(last), plan=plan, executor=executor,
                           protocol=protocol, each=each)
        except ValueError as error:
            raise OperatorError(str(error), code="bad-period") from None
    zone = None if asked.zone is None else _box(asked.zone)
    return {**report(run, zone=zone, reporters=reporters(pack.areas)), "data": data._asdict()}


def forecast_from(asked: Asked, *, origin: str, workers: int, quoted: Plain | None = None) -> Made:
    """Return the forecast from the end of a month, all tiers side by side, and its model card.

    Args:
        quoted: A replay's report for the card.
    Raises:
        OperatorError: as for ``replay``.
        PeerError: the file is none of incidents.
    """
    table, data = _read(asked)
    cube = _cube(asked, table, month_number(origin))
    known = len(cube.events) - 1
    plan = asked.plan
    if known - plan.reach < 0:
        raise OperatorError(f"expected {plan.reach} months of data up to {origin}, received {known + 1}; give "
                            "--learn-months", code="bad-period")
    with executor_of(workers) as executor:
        groups = len(GROUPS) if "ladder" in plan.tiers else 1
        try:
            features = table_of(cube, [known], executor, first=known - plan.reach, seed=plan.seed, groups=groups)
            release = release_of(features, known, plan, executor)
        except ValueError as error:
            raise OperatorError(str(error), code="bad-period") from None
    pieces = [_piece(cube, name, horizon, tier) for horizon in plan.horizons
              for name, tier in release.tiers(features, known, horizon).items()]
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    about = {"origin": origin, "release": release.digest, "counts": COUNTS.astype(int).tolist(), "rows":
             len(columns["gid"]), "cells": len(cube.gid), "data": data._asdict(), "notice": "EXPERIMENTAL forecast by "
             "area; read the model card. No ground for action against a person."}
    return Made(columns, card(release, features, known, data, quoted), about)


def _piece(cube: Cube, name: str, horizon: int, tier: Any) -> Plain:
    cells = len(cube.gid)
    return {
        "tier": np.full(cells, name), "gid": cube.gid,
        "month": np.full(cells, month_text(cube.last + horizon)), "horizon": np.full(cells, horizon, "i2"),
        "chance": tier.exceed[:, 0], "mean": mean(tier.exceed).astype("f4"),
        "low": tier.interval[:, 0], "high": tier.interval[:, 1],
        "size_low": tier.size_interval[:, 0], "size_high": tier.size_interval[:, 1], "exceed": tier.exceed,
    }


def _with_horizons(plan: Plan, horizons: tuple[int, ...]) -> Plan:
    return Plan(horizons, plan.learn_months, plan.record_months, plan.fading, plan.seed, plan.tiers)


def _read(asked: Asked) -> tuple[Incidents, Data]:
    """Return the file's incidents and what the card says of it."""
    bad: list[PeerError] = []
    incidents, (source, licence) = incidents_of(asked.path)
    table = from_incidents(incidents(bad.append), Release("file", "single", "", 0, licence, source))
    if not len(table):
        raise OperatorError(f"{asked.path.name} holds no incident that can be read", code="no-incidents")
    return table, Data(asked.path.name, _digest(asked.path), len(table), len(bad), asked.places,
                       [f"{source}. Licence: {licence}."])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cube(asked: Asked, table: Incidents, last: int) -> Cube:
    """Return the cube up to ``last``; what the file does not reach is refused, not taken for peace."""
    ends = table.end_month
    if last > ends.max():
        raise OperatorError(f"the incidents of {asked.path.name} end in {month_text(int(ends.max()))}, before "
                            f"{month_text(last)}; give a month that they reach", code="bad-period")
    first = max(int(ends.min()), last - MOST_MONTHS)
    try:
        cube = cube_of(table, _box(asked.box), first=first, last=last, places=asked.places, land=asked.cells)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-period") from None
    return cube if set(asked.types) == {1, 2, 3} else cube.of_types(asked.types)


def _box(text: str) -> Box:
    try:
        return parse_box(text)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-box") from None


@contextmanager
def executor_of(workers: int) -> Iterator[Executor]:
    """Give an executor of this many processes, or of this process alone; what it computes is the same."""
    if workers < 2:
        with ThreadPoolExecutor(1) as threads:
            yield threads
        return
    # Fresh processes: one that is forked from a process with array threads can wait for them for ever.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as processes:
        yield processes
