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
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hamsaya.base.errors import OperatorError
from hamsaya.monitor.forecast import TIERS, Plan, release_of
from hamsaya.monitor.forecast_backtest import CHALLENGE, DECEMBER, OCTOBER, Protocol, backtest
from hamsaya.monitor.forecast_card import Data, card
from hamsaya.monitor.forecast_counts import counted, persistence, record_origins
from hamsaya.monitor.forecast_cube import Cube, cube_of
from hamsaya.monitor.forecast_distribution import COUNTS, mean
from hamsaya.monitor.forecast_features import GROUPS
from hamsaya.monitor.forecast_ladder import lightgbm
from hamsaya.monitor.forecast_report import report, worse
from hamsaya.monitor.forecast_rows import table_of
from hamsaya.monitor.grid import PRIO, Box, parse_box, reporters
from hamsaya.monitor.incidents import Incidents, month_number, month_text
from hamsaya.monitor.panel import Places
from hamsaya.monitor.silence import silences
from hamsaya.node.data_files import open_incident_store
from hamsaya.node.incident_store import held
from hamsaya.node.incidents import read_incidents
from hamsaya.node.packs import open_named_pack

MOST_MONTHS = 720
"""Months before the last that are looked at: sixty years, whatever stray date a file begins with."""
MEMORY_MONTHS = 12
LEAST_MONTHS = 36
"""The fewest months that a release may learn from."""
Target = Literal["deaths", "incidents"]
Plain = dict[str, Any]
Each = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a forecast or a replay is made of.

    Attributes:
        path: A file of incidents; None reads the ``store`` instead, as it was known ``as_of`` (UTC milliseconds).
        box: West, south, east, north in degrees, as text.
        types: Types of violence that count, 1 to 3.
        cells: Ids of the cells to forecast besides those with an incident; None is every cell of the box.
        zone: A second box, looked at apart.
        pack: The region pack whose annex says who reports where; None is the default pack.
        target: What is counted by cell and month.
        each: Told how many rows of the file have been read.
    """

    path: Path | None
    box: str
    plan: Plan = Plan()
    places: Places = "spread"
    types: tuple[int, ...] = (1, 2, 3)
    cells: tuple[int, ...] | None = None
    zone: str | None = None
    pack: str | None = None
    store: Path | None = None
    as_of: int | None = None
    target: Target = "deaths"
    each: Callable[[int], None] = lambda count: None


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
    if first > last:
        raise OperatorError(f"expected months that run forward, received {first} to {last}; exchange them",
                            code="bad-period")
    table, data = _read(asked)
    cube = _cube(asked, table, month_number(last))
    plan = asked.plan if protocol == "rolling" else _with_horizons(asked.plan, CHALLENGE)
    _long_enough(cube, plan, month_number(first), protocol)
    pack = open_named_pack(asked.pack)
    with executor_of(workers) as executor:
        try:
            run = backtest(cube, first=month_number(first), last=month_number(last), plan=plan, executor=executor,
                           protocol=protocol, each=each)
        except ValueError as error:
            raise OperatorError(str(error), code="bad-period") from None
    zone = None if asked.zone is None else box_of(asked.zone)
    since = month_number(first) - max(plan.horizons) - MEMORY_MONTHS
    return {**report(run, zone=zone, reporters=reporters(pack.areas)), "data": data._asdict(),
            "warnings": _warnings(table, data, since, month_number(last))}


def _warnings(table: Incidents, data: Data, first: int, last: int) -> list[str]:
    """Return in words what of the data the figures hide: bad rows, and silence that counts as peace."""
    bad = [f"{data.left_out} bad rows of {data.name} were left out; hamsaya monitor ingest names them"]
    return [*(bad if data.left_out else []), *silences(table, first, last)]


def _long_enough(cube: Cube, plan: Plan, first: int, protocol: Protocol) -> None:
    """Raise OperatorError ``bad-period`` with what to ask instead where the data begin too late for a replay."""
    ends = DECEMBER if protocol == "rolling" else OCTOBER
    ahead = max(plan.horizons) if protocol == "rolling" else CHALLENGE[0]
    known = first - ahead
    known -= (known - ends) % 12
    if (lacking := plan.reach - (known - cube.first)) <= 0:
        return
    earliest = cube.first + plan.reach
    earliest += (ends - earliest) % 12 + ahead
    shorter = plan.learn_months - lacking
    instead = f", or give --learn-months {shorter}" if shorter >= LEAST_MONTHS else ""
    raise OperatorError(
        f"expected {plan.reach} months of data up to {month_text(known)}, when the first release is made, received "
        f"{max(0, known - cube.first)}: the incidents begin in {month_text(cube.first)}; begin with --from "
        f"{month_text(earliest)} or later{instead}", code="bad-period")


def forecast_from(asked: Asked, *, origin: str, workers: int, quoted: Plain | None = None) -> Made:
    """Return the forecast from the end of a month, all tiers side by side, and its model card.

    Args:
        quoted: A replay's report for the card.
    Raises:
        OperatorError: as for ``replay``.
        PeerError: the file is none of incidents.
    """
    return forecast_of(*_read(asked), asked, origin=origin, workers=workers, quoted=quoted)


def forecast_of(
    table: Incidents, data: Data, asked: Asked, *, origin: str, workers: int, quoted: Plain | None = None
) -> Made:
    """Return the forecast of a table already read; raises as ``forecast_from``."""
    cube = _cube(asked, table, month_number(origin))
    known = len(cube.events) - 1
    plan = asked.plan
    if known - plan.reach < 0:
        raise OperatorError(f"expected {plan.reach} months of data up to {origin}, received {known + 1}; give "
                            "--learn-months", code="bad-period")
    with executor_of(workers) as executor:
        groups = len(GROUPS) if "ladder" in plan.tiers else 1
        try:
            record = record_origins(known, plan) if asked.target == "incidents" else []
            features = table_of(cube, [known, *record], executor, first=known - plan.reach, seed=plan.seed,
                                farthest=max(plan.horizons), groups=groups)
            release = release_of(features, known, plan, executor)
        except ValueError as error:
            raise OperatorError(str(error), code="bad-period") from None
    pieces = [_piece(cube, name, horizon, tier) for horizon in plan.horizons
              for name, tier in release.tiers(features, known, horizon).items()]
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    about = {"origin": origin, "target": asked.target, "release": release.digest, "counts": COUNTS.astype(int).tolist(),
             "rows": len(columns["gid"]), "cells": len(cube.gid), "data": data._asdict(),
             "warnings": _warnings(table, data, month_number(origin) - MEMORY_MONTHS + 1, month_number(origin)),
             "notice": "EXPERIMENTAL forecast by area; read the model card. No ground for action against a person."}
    if asked.target == "incidents":
        about |= {"persistence": persistence(features, known, plan), "types": list(asked.types)}
    return Made(columns, card(release, features, known, data, quoted, asked.target), about)


def most_at_risk(made: Made, limit: int) -> list[Plain]:
    """Return the cells of highest chance at the first horizon, by the last tier, beside conflictology's chance."""
    tiers, horizon = made.columns["tier"], made.columns["horizon"]
    last = tiers[-1]
    first = horizon == horizon.min()
    own = dict(zip(made.columns["gid"][first & (tiers == "conflictology")].tolist(),
                   made.columns["chance"][first & (tiers == "conflictology")].tolist(), strict=True))
    rows = np.flatnonzero(first & (tiers == last))
    rows = rows[np.argsort(-made.columns["chance"][rows], kind="stable")][:limit]
    named = {name: made.columns[name][rows].tolist() for name in made.columns if name != "exceed"}
    listed = [dict(zip(named, values, strict=True)) for values in zip(*named.values(), strict=True)]
    for row in listed:
        longitude, latitude = PRIO.centre(row["gid"])
        row |= {"longitude": float(longitude), "latitude": float(latitude), "conflictology": own.get(row["gid"])}
    return listed


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
    """Return the incidents of the file, or of the store, and what the card says of them."""
    if asked.store is not None:
        with closing(open_incident_store(asked.store)) as store:
            table = held(store, asked.as_of)
        return table, data_of(table, "store of incidents", asked.places)
    if asked.path is None:
        raise OperatorError("expected a file or a store of incidents", code="no-incidents")
    found = read_incidents(asked.path, each=asked.each)
    bad = len({problem.line for problem in found.problems})
    return found.table, Data(asked.path.name, _digest(found.table), len(found.table), bad, asked.places,
                             found.table.citations())


def data_of(table: Incidents, name: str, places: Places) -> Data:
    """Return what the card says of a table already read."""
    return Data(name, _digest(table), len(table), 0, places, table.citations())


def _digest(table: Incidents) -> str:
    """Return the SHA-256 over all columns that a forecast can depend on, as hex."""
    total = hashlib.sha256()
    for name in ("end", "lon", "lat", "where_prec", "country", "adm1", "violence", "best"):
        total.update(np.ascontiguousarray(getattr(table, name)).tobytes())
    return total.hexdigest()


def _cube(asked: Asked, table: Incidents, last: int) -> Cube:
    """Return the cube up to ``last``; what the file does not reach is refused, not taken for peace."""
    ends = table.end_month
    if not len(table):
        raise OperatorError("expected incidents, received a table without any", code="no-incidents")
    if last > ends.max():
        raise OperatorError(f"the incidents end in {month_text(int(ends.max()))}, before "
                            f"{month_text(last)}; give a month that they reach", code="bad-period")
    if last < ends.min():
        raise OperatorError(f"the incidents begin in {month_text(int(ends.min()))}, after {month_text(last)}; give a "
                            "month that they reach", code="bad-period")
    first = max(int(ends.min()), last - MOST_MONTHS)
    if asked.target == "incidents":
        table = table.take(np.isin(table.violence, asked.types))
    try:
        cube = cube_of(table, box_of(asked.box), first=first, last=last, places=asked.places, land=asked.cells)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-period") from None
    if not cube.events.any():
        raise OperatorError(f"no incident in or around the box {asked.box} up to {month_text(last)}; the order is "
                            "west,south,east,north", code="bad-box")
    if asked.target == "incidents":
        return counted(cube)
    return cube if set(asked.types) == {1, 2, 3} else cube.of_types(asked.types)


def box_of(text: str) -> Box:
    """Return a box of text; raises OperatorError ``bad-box``."""
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


def tiers_at_hand() -> tuple[str, ...]:
    """Return the tiers whose libraries are installed and load."""
    try:
        lightgbm()
    except OperatorError:
        return tuple(name for name in TIERS if name != "ladder")
    return TIERS


__all__ = ["Asked", "Made", "Plan", "Target", "box_of", "data_of", "executor_of", "forecast_from", "forecast_of",
           "most_at_risk", "replay", "tiers_at_hand", "worse"]
