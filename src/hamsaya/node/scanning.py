"""Scans that join what lies apart: incidents of a file or of the store, what late reports hide, and our own forecast.

Rules
1. A file is scanned as it is. The store is scanned as it was known at an instant, and its reporting delays, learnt from
   its own vintages, enter unless that is switched off.
2. Permutation: the time margin is fixed, so a delay that all share cancels; one that differs by state does not. Where
   a state's bin may be less than ``reported.KNOWN`` known, cases are permuted within their state: exact whatever the
   delays are, at the price that a rise of a whole state is no cluster (``monitor trend`` looks for that).
3. Above a forecast: what is expected is multiplied by the share known of its state's bin; no case is ever added.
4. What was done is said, with the share of every bin that is not known whole; also where nothing could be done, and
   why.
5. A forecast knows nothing from the month on in which the scan begins, counts incidents, and counts them as the scan
   does: at their points, or only those well located.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.monitor.forecast_counts import moments, spread
from hamsaya.monitor.forecast_distribution import COUNTS
from hamsaya.monitor.grid import PRIO, Grid
from hamsaya.monitor.incidents import Incidents, month_text, months_of
from hamsaya.monitor.scan import Study
from hamsaya.monitor.scan_forecast import FLOOR, Level, Null
from hamsaya.node import forecasting
from hamsaya.node.alerting import read_forecast
from hamsaya.node.data_files import machine_now, open_incident_store
from hamsaya.node.detection import Laid, Period, between, lay_incidents, narrowed
from hamsaya.node.forecasting import Asked, Plan
from hamsaya.node.incident_store import held
from hamsaya.node.incidents import read_incidents
from hamsaya.node.reported import Shares, days_of, reported, shares_of, source_of, told_shares

Array = Any
LONGEST_DAYS = 365
"""Age beyond which an incident is taken to have been reported."""
DRAWS = 200
LEARN_MONTHS, LEAST_MONTHS, MOST_AHEAD, MOST_CELLS = 180, 36, 36, 20_000
TYPES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be scanned.

    Attributes:
        path: A file of incidents; None reads ``store`` as it was known ``as_of`` (UTC milliseconds; None is now).
        source: Of the store, where it holds several.
        countries: As the source spells them; empty for all. precise: Without incidents known by area only.
        nowcast: Whether delays enter (rule 1).
    """

    path: Path | None
    store: Path
    as_of: int | None
    source: str | None
    countries: list[str]
    chosen: Period
    precise: bool
    nowcast: bool
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a scan is made of.

    Attributes:
        whole: Incidents of the countries, of all days. table: Of the period, well located where asked.
        shares: What is known of each state's bins; None where delays do not enter.
        origin: What the answer says of where the incidents came from; empty for a file.
        bad: Rows of the file that break a rule.
    """

    whole: Incidents
    table: Incidents
    outside: int
    imprecise: int
    shares: Shares | None
    origin: dict[str, Any]
    bad: int = 0


def material(wanted: Wanted) -> Material:
    """Return the incidents to scan, and of the store what is known of their reporting.

    Raises:
        OperatorError: ``no-incidents``, ``several-sources``, ``unknown-source``, ``unknown-country``.
        PeerError: the file is none of incidents.
    """
    if wanted.path is not None:
        read = read_incidents(wanted.path)
        whole = narrowed(read.table, wanted.countries)
        return Material(whole, *_between(whole, wanted), None, {}, len({one.line for one in read.problems}))
    as_of = machine_now() if wanted.as_of is None else wanted.as_of
    with closing(open_incident_store(wanted.store)) as store:
        if not wanted.nowcast:
            whole = narrowed(held(store, as_of, wanted.source), wanted.countries)
            return Material(whole, *_some_between(whole, wanted), None, {"as_of": as_of, "source": wanted.source})
        known = reported(store, as_of, wanted.source)
    whole = narrowed(known.table, wanted.countries)
    table, outside, imprecise = _some_between(whole, wanted)
    states = sorted({(*table.countries, "")[code] for code in np.unique(table.country).tolist()})
    shares = shares_of(known, states, wanted.chosen, as_of // DAY, LONGEST_DAYS, wanted.seed)
    return Material(whole, table, outside, imprecise, shares, {"as_of": as_of, "source": known.source})


def table_of(path: Path | None, store: Path, as_of: int | None, source: str | None) -> Incidents:
    """Return the incidents of a file, or of one source of the store as it was known at an instant, now without it."""
    if path is not None:
        return read_incidents(path).table
    with closing(open_incident_store(store)) as kept:
        return held(kept, as_of, source_of(kept, source))


def _between(whole: Incidents, wanted: Wanted) -> tuple[Incidents, int, int]:
    return between(whole, wanted.chosen, wanted.precise)


def _some_between(whole: Incidents, wanted: Wanted) -> tuple[Incidents, int, int]:
    """Refuse a store that is silent over the whole period: it more likely lacks a file than knows a peace."""
    made = _between(whole, wanted)
    if not len(made[0]):
        reach = f"its incidents run from {day(int(whole.start.min()))} to {day(int(whole.end.max()))}" if len(
            whole) else "it holds none"
        raise OperatorError(f"expected incidents of the period in the store as it was known then: {reach}; take in a "
                            "later file (hamsaya monitor ingest), or give other --from, --to or --as-of",
                            code="no-incidents")
    return made


# -- permutation ----------------------------------------------------------------------------------------------


def grids_of(found: Material, cell: float, chosen: Period, one_grid: bool) -> list[Laid]:
    """Return the incidents laid on one grid or on two, by strata where rule 2 asks for them."""
    laid = [lay_incidents(found.table, cell, chosen, shifted=shifted, outside=found.outside, imprecise=found.imprecise,
                          bad=found.bad)
            for shifted in ((False,) if one_grid else (False, True))]
    if not _within_states(found.shares):
        return laid
    return [replace(one, study=replace(one.study, stratum=np.unique(one.states, return_inverse=True)[1].astype("i4")))
            for one in laid]


def _within_states(shares: Shares | None) -> bool:
    return shares is not None and shares.found is not None and not shares.complete and len(shares.names) > 1


def told_nowcast(found: Material, chosen: Period, above_forecast: bool) -> dict[str, Any]:
    """Return what was done about late reports, for the answer (rule 4); nothing for a file."""
    if not found.origin:
        return {}
    shares = found.shares
    about: dict[str, Any] = {"done": "off", "why": "switched off", "vintages": None, "last_vintage": None, "bins": []}
    if shares is not None and shares.found is None:
        about |= {"done": "nothing", "why": shares.why}
    elif shares is not None and shares.found is not None:
        about |= {"vintages": len(shares.found.vintages), "last_vintage": day(shares.found.last),
                  "bins": told_shares(shares, chosen)}
        about |= dict(zip(("done", "why"), _done(shares, above_forecast), strict=True))
    return {"store": found.origin, "nowcast": about}


def _done(shares: Shares, above_forecast: bool) -> tuple[str, str]:
    if shares.complete:
        return "not-needed", "every state's bins are reported for sure, nearly"
    if above_forecast:
        return "expected-scaled", "what is expected was multiplied by the share known of its state's bin"
    if len(shares.names) < 2:
        return "not-needed", "one state: a delay that all cases share cancels under permutation"
    return ("within-states", "cases were permuted within their state, so that its delay cancels; a rise of the whole "
            "state does too")


def day(number: int) -> str:
    """Return a day as an ISO date."""
    return str(np.datetime64(number, "D"))


# -- forecast -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A forecast of incidents for the months of a scan.

    Attributes:
        gid: int64, PRIO-GRID cells, sorted. level: By cell and month. first: Its first month, since 1970-01.
        types: Types of violence counted. precise: Only well-located incidents.
        about: What the answer says of it.
    """

    gid: Array
    level: Level
    first: int
    types: tuple[int, ...]
    precise: bool
    about: dict[str, Any]


def saved(path: Path, chosen: Period, precise: bool) -> Baseline:
    """Return a forecast that ``monitor forecast --target incidents`` has written; raises OperatorError ``bad-file``."""
    return _baseline(*read_forecast(path, "incidents"), chosen, precise, path.name)


def own_forecast(found: Material, chosen: Period, box: str | None, precise: bool) -> Baseline:
    """Return our own forecast of incidents, made from the last month before the scan begins: the kernel tier.

    Args:
        box: West, south, east, north; without it the cells around all incidents given.
    Raises:
        OperatorError: too short a history, too long a period or too wide a box (``bad-period``, ``bad-box``).
    """
    if not len(found.whole):
        raise OperatorError("expected incidents to forecast from, received none", code="no-incidents")
    begins, ends = _months(chosen)
    known = begins - 1 - int(found.whole.end_month.min())
    if known < LEAST_MONTHS or ends - begins + 1 > MOST_AHEAD:
        raise OperatorError(f"expected {LEAST_MONTHS} months of incidents or more before {month_text(begins)} and a "
                            f"scan of {MOST_AHEAD} months at most, received {max(known, 0)} and {ends - begins + 1}",
                            code="bad-period")
    around = box or _box_around(found.whole)
    plan = Plan(tuple(range(1, ends - begins + 2)), min(LEARN_MONTHS, known), tiers=("conflictology", "kernel"))
    asked = Asked(None, around, plan, "drop" if precise else "point", target="incidents")
    if len(PRIO.in_box(forecasting.box_of(around))) > MOST_CELLS:
        raise OperatorError(f"expected a box of {MOST_CELLS} cells at most, received {around}; give --countries or "
                            "--region-box", code="bad-box")
    data = forecasting.data_of(found.whole, "incidents of the scan", asked.places)
    made = forecasting.forecast_of(found.whole, data, asked, origin=month_text(begins - 1), workers=1)
    return _baseline(made.about, made.columns, chosen, precise, "the forecast")


def _box_around(table: Incidents) -> str:
    west, south = (np.floor(2 * one.min()) / 2 for one in (table.lon, table.lat))
    east, north = (min(np.floor(2 * one.max()) / 2 + 0.5, edge) for one, edge in ((table.lon, 180), (table.lat, 90)))
    return f"{west:g},{south:g},{east:g},{north:g}"


def _months(chosen: Period) -> tuple[int, int]:
    first, last = months_of(np.array([chosen.first, chosen.last])).tolist()
    return first, last


def _baseline(
    about: dict[str, Any], columns: dict[str, Any], chosen: Period, precise: bool, name: str
) -> Baseline:
    """Return what a forecast says of the scan's months, by its last tier (rule 5)."""
    begins, ends = _months(chosen)
    if about["origin"] >= month_text(begins):
        raise OperatorError(f"{name}: expected a forecast from before {month_text(begins)}, where the scan begins; "
                            f"this one knows {about['origin']}", code="bad-file")
    places, allowed = about["data"]["places"], ("drop",) if precise else ("point", "drop")
    if places not in allowed or about["counts"] != COUNTS.astype(int).tolist():
        raise OperatorError(f"{name}: expected incidents counted as the scan counts them; make the forecast with "
                            "--places point, or with --places drop for --precise", code="bad-file")
    tier, months = np.asarray(columns["tier"]), np.asarray(columns["month"])
    wanted = [month_text(month) for month in range(begins, ends + 1)]
    if missing := sorted(set(wanted) - set(months.tolist())):
        raise OperatorError(f"{name}: expected a forecast of {wanted[0]} to {wanted[-1]}, it has none of "
                            f"{', '.join(missing)}; make it with more --horizons", code="bad-file")
    gid, level = _level(columns, tier == tier[-1], months, wanted, float(about["persistence"]))
    told = {"forecast": about["origin"], "release": about["release"], "tier": str(tier[-1]), "cells": len(gid),
            "persistence": round(level.persistence, 4), "places": places}
    return Baseline(gid, level, begins, tuple(about["types"]), places == "drop", told)


def _level(columns: dict[str, Any], of_tier: Array, months: Array, wanted: list[str], persists: float
           ) -> tuple[Array, Level]:
    all_gids = np.asarray(columns["gid"], "i8")
    exceed = columns["exceed"]
    gid, means, spreads = np.unique(all_gids[of_tier]), [], []
    for month in wanted:
        rows = np.flatnonzero(of_tier & (months == month))
        rows = rows[np.argsort(all_gids[rows])]
        found = moments(np.array([exceed[row] for row in rows.tolist()], "f8"))
        means.append(np.maximum(found.mean, FLOOR))
        spreads.append(spread(found))
    return gid, Level(np.stack(means, 1), np.stack(spreads, 1), persists)


def grids_above(
    found: Material, baseline: Baseline, cell: float, chosen: Period, one_grid: bool, seed: int
) -> list[Laid]:
    """Return the incidents laid beside what was expected, on one grid or on two.

    Args:
        cell: Degrees; a whole number of cells must make up PRIO-GRID's half degree.
    Raises:
        OperatorError: ``bad-cell``, ``bad-baseline``.
    """
    if abs(0.5 / cell - round(0.5 / cell)) > 1e-9:
        raise OperatorError(f"expected cells that divide half a degree, such as 0.5, 0.25 or 0.1, received {cell:g}",
                            code="bad-cell")
    table, whole = (_counted(one, baseline) for one in (found.table, found.whole))
    history = whole.take(whole.end_month < baseline.first)
    parts = _Parts(baseline, round(0.5 / cell))
    mix, known = _known(found.shares, history, baseline, chosen, seed)
    return [_above(table, history, parts, baseline, chosen, shifted, mix, known, found)
            for shifted in ((0,) if one_grid else (0, 1))]


def _counted(table: Incidents, baseline: Baseline) -> Incidents:
    table = table.take(table.where_prec <= 3) if baseline.precise else table
    return table if set(baseline.types) == set(TYPES) else table.take(np.isin(table.violence, baseline.types))


class _Parts:
    """The forecast's cells cut into squares of half a scan cell, of which both grids are made.

    ``ids`` are those of ``grid``, sorted; ``cell`` is the forecast's cell that each is of.
    """

    def __init__(self, baseline: Baseline, cells: int) -> None:
        self.side = 2 * cells
        self.grid = Grid(2.0 * self.side)
        row, column = PRIO.row_column(baseline.gid)
        steps = np.arange(self.side)
        north, east = (one[:, None, None] * self.side for one in (row, column))
        ids = self.grid.id_of(north + steps[:, None], east + steps)
        flat, cell = ids.ravel(), np.repeat(np.arange(len(row)), self.side**2)
        order = np.argsort(flat)
        self.ids, self.cell = flat[order], cell[order]

    def at(self, table: Incidents) -> Array:
        """Return the part that each incident lies in, -1 outside."""
        wanted = self.grid.cell_of(table.lon, table.lat)
        at = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.where(self.ids[at] == wanted, at, -1)

    def placed(self, shifted: int) -> tuple[Array, Array, Array]:
        """Return the scan's cell of each part, numbered from 0, and the cells' latitudes and longitudes."""
        row, column = (np.floor_divide(one - shifted, 2) for one in self.grid.row_column(self.ids))
        keys, place = np.unique(np.stack([row, column], 1), axis=0, return_inverse=True)
        lat, lon = ((2 * keys[:, axis] + shifted + 1) / (2.0 * self.side) - edge for axis, edge in ((0, 90), (1, 180)))
        return place.ravel(), np.round(lat, 6), np.round(lon, 6)


def _above(
    table: Incidents, history: Incidents, parts: _Parts, baseline: Baseline, chosen: Period, shifted: int, mix: Array,
    known: Array, found: Material,
) -> Laid:
    place, lat, lon = parts.placed(shifted)
    at, before = parts.at(table), parts.at(history)
    inside = at >= 0
    order = np.argsort(place, kind="stable")
    past = np.bincount(before[before >= 0], minlength=len(place)).astype("f8")
    null = Null(baseline.level, _days(baseline, chosen), parts.cell[order], place[order], past[order], mix, known)
    study = Study(lat, lon, place[at[inside]].astype("i4"), chosen.bin_of(table.end[inside]).astype("i4"), chosen.bins,
                  null.expected())
    names = np.array([*table.countries, ""])[table.country]
    left = len(found.table) - len(table)
    return Laid(study, chosen, names[inside], found.outside + int((~inside).sum()) + left, found.imprecise, found.bad,
                null)


def _days(baseline: Baseline, chosen: Period) -> Array:
    """Return the share of each month's days that lies in each bin."""
    day = np.arange(chosen.first, chosen.last + 1)
    month = months_of(day) - baseline.first
    starts = (baseline.first + np.arange(month.max() + 2)).astype("M8[M]").astype("M8[D]").astype("i8")
    table = np.zeros((baseline.level.mean.shape[1], chosen.bins))
    np.add.at(table, (month, chosen.bin_of(day)), 1.0)
    result: Array = table / np.diff(starts)[:, None]
    return result


def _known(
    shares: Shares | None, history: Incidents, baseline: Baseline, chosen: Period, seed: int
) -> tuple[Array, Array]:
    """Return each cell's share of states, and draws of what is known of their bins (rule 3)."""
    if shares is None or shares.found is None or shares.complete:
        return np.ones((len(baseline.gid), 1)), np.ones((1, 1, chosen.bins))
    names = (*history.countries, "")
    counts = np.zeros((len(baseline.gid), len(names)))
    at = np.minimum(np.searchsorted(baseline.gid, history.gid), len(baseline.gid) - 1)
    inside = baseline.gid[at] == history.gid
    np.add.at(counts, (at[inside], history.country[inside]), 1.0)
    # A cell without a past is as mixed as all together.
    counts += 1e-6 * (counts.sum(0) + 1e-6)
    days = days_of(chosen)
    drawn = [shares.draws(name, days, seed, DRAWS) for name in names]
    return counts / counts.sum(1, keepdims=True), np.stack(drawn, 1)
