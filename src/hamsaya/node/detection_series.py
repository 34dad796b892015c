"""Zones over time, contagion, nowcasts and sudden rises of files of incidents, as plain values."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.change import trend, watch, yearly_share
from hamsaya.monitor.grid import PRIO, Box, Grid
from hamsaya.monitor.hawkes import contagion, points
from hamsaya.monitor.incidents import Incidents, day_number, day_text, month_text, months_of
from hamsaya.monitor.nowcast import nowcast, triangle
from hamsaya.monitor.scan import Settings, scan
from hamsaya.monitor.types import gid_of
from hamsaya.monitor.zones import NONE_YET, Cells, Event, Followed, circle, contours, follow, joined
from hamsaya.node.alerting import read_forecast
from hamsaya.node.detection import Each, Period, lay_incidents
from hamsaya.node.packs import open_named_pack

RISK = re.compile(r"\d{1,3}(\.\d{1,20})?")


def zones_over_time(
    table: Incidents, chosen: Period, looks: list[int], cell: float, settings: Settings, level: float,
    pack: str | None, executor: Executor, each: Each, risk: Mapping[int, float] | None = None, above: float = 1.0,
) -> dict[str, Any]:
    """Return the zones of successive prospective scans, each over as many days as the period has, and their story.

    Args:
        looks: Last day of each scan, days since 1970-01-01, rising.
        level: Clusters with p at or below this make zones.
        pack: Region pack whose annex says who reports where; None is the default one.
        risk: Of PRIO-GRID cells at the last look; those at or above ``above`` are joined to the clusters there.
    """
    grid, areas = Grid(1 / cell), open_named_pack(pack).areas
    risen = [_within(grid, gid) for contour in contours(risk or {}, above) for gid in contour]
    state, story = NONE_YET, []
    for number, day in enumerate(looks):
        at = replace(chosen, first=day - (chosen.last - chosen.first), last=day)
        more = risen if day == looks[-1] else []
        state, events = _look(table, at, cell, grid, settings, level, areas, state, more, executor)
        story.append({"day": day_text(day), "events": [_event(one, grid) for one in events]})
        each(number + 1)
    zones = [{**_zone(zone, grid), "cell_ids": sorted(zone.cells)} for zone in state.zones]
    return {"zones": zones, "looks": story, "level": level, "cell_degrees": 1 / grid.per_degree}


def _look(
    table: Incidents, at: Period, cell: float, grid: Grid, settings: Settings, level: float,
    areas: Mapping[int, frozenset[str]], state: Followed, more: list[Cells], executor: Executor,
) -> tuple[Followed, list[Event]]:
    seen = table.take((table.end >= at.first) & (table.end <= at.last))
    laid = lay_incidents(seen, cell, at)
    found = scan(laid.study, settings, executor)
    alarming = [circle(grid, float(laid.study.lat[one.places[0]]), float(laid.study.lon[one.places[0]]), one.radius_km)
                for one in found.clusters if one.p_value <= level]

    def reporters(cells: Cells) -> set[str]:
        lon, lat = grid.centre(sorted(cells))
        return {member for east, north in zip(lon.tolist(), lat.tolist(), strict=True)
                for member in areas.get(gid_of(east, north), frozenset())}

    return follow(state, joined(grid, [*alarming, *more]), at=at.last, grid=grid, reporters=reporters)


def _within(grid: Grid, gid: int) -> Cells:
    """Return the cells of a grid that a PRIO-GRID cell covers, by their centres, or the one around its own."""
    west, south, east, north = (float(edge) for edge in PRIO.edges(gid))
    inside = grid.in_box(Box(west, south, east, north)).tolist()
    return frozenset(inside or [int(grid.cell_of((west + east) / 2, (south + north) / 2))])


class Risk(NamedTuple):
    """Probabilities by PRIO-GRID cell, and what the answer says of where they are from; nothing of a table."""

    chances: dict[int, float]
    about: dict[str, Any]


def read_risk(path: Path, last: int, month: str | None) -> Risk:
    """Return a forecast's probabilities: what ``monitor forecast`` wrote, or a table of ``gid,risk`` lines.

    Args:
        last: The day of the last look, days since 1970-01-01.
        month: Of the forecast, ``YYYY-MM``; the one after the last look's without it.
    Raises:
        OperatorError: no forecast, or none of that month (``bad-file``); PeerError: a bad line (``bad-risk``).
    """
    if not (path.is_dir() or path.suffix in (".parquet", ".json")):
        return Risk(_lines(path), {})
    about, columns = read_forecast(path, None)
    wanted, tier = month or month_text(int(months_of(np.array([last]))[0]) + 1), columns["tier"][-1]
    rows = [row for row, each in enumerate(columns["month"]) if each == wanted and columns["tier"][row] == tier]
    if not rows:
        held = ", ".join(sorted(set(columns["month"])))
        raise OperatorError(f"{path.name}: expected a forecast of {wanted}, it has {held}; name one with --risk-month",
                            code="bad-file")
    chances = {int(columns["gid"][row]): float(columns["chance"][row]) for row in rows}
    return Risk(chances, {"origin": about["origin"], "release": about["release"], "month": wanted, "tier": tier,
                          "target": about.get("target", "deaths")})


def _lines(path: Path) -> dict[int, float]:
    """Return a table of ``gid,risk`` lines."""
    found: dict[int, float] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not text.strip() or (line == 1 and text.replace(" ", "") == "gid,risk"):
            continue
        gid, _, risk = (part.strip() for part in text.partition(","))
        if not (gid.isdecimal() and 1 <= int(gid) <= PRIO.size and RISK.fullmatch(risk) and float(risk) <= 1):
            raise PeerError(f"{path.name} line {line}: expected gid,risk with a cell from 1 to {PRIO.size} and a "
                            "probability from 0 to 1", code="bad-risk")
        found[int(gid)] = float(risk)
    return found


def _zone(zone: Any, grid: Grid) -> dict[str, Any]:
    lon, lat = grid.centre(sorted(zone.cells))
    return {"number": zone.number, "label": zone.label, "since": day_text(zone.since), "cells": len(zone.cells),
            "area_km2": round(zone.area_km2, 1), "reporters": list(zone.reporters), "cross_border": zone.cross_border,
            "lat": round(float(lat.mean()), 4), "lon": round(float(lon.mean()), 4)}


def _event(event: Event, grid: Grid) -> dict[str, Any]:
    return {"change": event.change, "related": list(event.related), **_zone(event.zone, grid)}


def contagion_of(
    table: Incidents, chosen: Period, jitter_km: float, replicates: int, seed: int, executor: Executor, each: Each
) -> dict[str, Any]:
    """Return the branching ratio of a table's incidents with its interval; raises OperatorError ``too-few``."""
    seen = points(table.end, table.lat, table.lon, chosen.first, jitter_km, seed)
    try:
        found = contagion(seen, float(chosen.last - chosen.first + 1), replicates, seed, executor, each)
    except ValueError as error:
        raise OperatorError(str(error), code="too-few") from None
    return {**asdict(found), "jitter_km": jitter_km, "from": day_text(chosen.first), "to": day_text(chosen.last),
            "replicates": replicates, "seed": seed}


# -- nowcast -----------------------------------------------------------------------------------------------


def nowcast_of(path: Path, as_of: int, bins: int, unit_days: int, longest: int, seed: int) -> dict[str, Any]:
    """Return the nowcast of a CSV of first reports: columns ``event``, ``reported``, and if wanted ``area``, ``count``.

    Args:
        as_of: Day of the nowcast, days since 1970-01-01; the last bin ends with it.
        longest: Bins after which no report is expected any more.
    """
    rows: dict[str, list[tuple[int, int, int]]] = {}
    for area, event, reported, count in _reports(path):
        rows.setdefault(area, []).append(((event - as_of - 1) // unit_days + 1, (reported - as_of - 1) // unit_days + 1,
                                          count))
    series = [{"area": area, "bins": _nowcast(np.array(seen), as_of, bins, unit_days, longest, seed)}
              for area, seen in sorted(rows.items())]
    return {"as_of": day_text(as_of), "unit_days": unit_days, "longest_bins": longest, "series": series}


def _nowcast(seen: Any, as_of: int, bins: int, unit_days: int, longest: int, seed: int) -> list[dict[str, Any]]:
    found = nowcast(triangle(seen[:, 0], seen[:, 1], seen[:, 2], 0, bins, longest), seed)
    ends = [as_of - (bins - 1 - number) * unit_days for number in range(bins)]
    return [
        {"from": day_text(ends[number] - unit_days + 1), "to": day_text(ends[number]),
         "reported": int(found.reported[number]), "share": float(found.share[number]),
         **{name: None if np.isnan(value[number]) else float(value[number])
            for name, value in (("median", found.median), ("low", found.low), ("high", found.high))}}
        for number in range(bins)]


def _reports(path: Path) -> Iterator[tuple[str, int, int, int]]:
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            if missing := {"event", "reported"} - set(reader.fieldnames or ()):
                raise PeerError(f"{path.name}: expected the columns event and reported, missing: "
                                f"{', '.join(sorted(missing))}", code="missing-columns")
            for row in reader:
                yield _report(path, reader.line_num, row)
    except (UnicodeDecodeError, csv.Error, gzip.BadGzipFile, EOFError) as error:
        raise PeerError(f"{path.name}: expected CSV in UTF-8 ({type(error).__name__})", code="bad-reports") from None


def _report(path: Path, line: int, row: dict[str, str]) -> tuple[str, int, int, int]:
    event, reported = (_day(path, line, field, row[field]) for field in ("event", "reported"))
    count = row.get("count") or "1"
    if reported < event:
        raise PeerError(f"{path.name} line {line}, reported: expected a day not before event", code="bad-reports")
    if not (count.isascii() and count.isdecimal() and len(count) < 10):
        raise PeerError(f"{path.name} line {line}, count: expected a whole number", code="bad-reports")
    return (row.get("area") or "").strip(), event, reported, int(count)


def _day(path: Path, line: int, field: str, text: str | None) -> int:
    try:
        if text and len(text.strip()) == len("2019-08-28"):
            return day_number(text.strip())
    except ValueError:
        pass  # refused below, like a date in another spelling
    raise PeerError(f"{path.name} line {line}, {field}: expected a date such as 2019-08-28", code="bad-reports")


# -- trend -------------------------------------------------------------------------------------------------


def series_of(table: Incidents, chosen: Period, areas: Path | None) -> dict[str, Any]:
    """Return counts by bin of each country, or of each area of a file ``area,gid`` (a corridor is a list of cells)."""
    bins = chosen.bin_of(table.end)
    if areas is None:
        return {name: np.bincount(bins[table.country == number], minlength=chosen.bins)
                for number, name in sorted(enumerate(table.countries), key=lambda item: item[1])
                if (table.country == number).any()}
    return {name: np.bincount(bins[np.isin(table.gid, gids)], minlength=chosen.bins)
            for name, gids in sorted(_areas(areas).items())}


def _areas(path: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not text.strip() or (line == 1 and text.replace(" ", "") == "area,gid"):
            continue
        name, _, gid = text.rpartition(",")
        if not (name.strip() and gid.strip().isdecimal() and 1 <= int(gid) <= 259_200):
            raise PeerError(f"{path.name} line {line}: expected area,gid with a PRIO-GRID cell from 1 to 259200",
                            code="bad-areas")
        found.setdefault(name.strip(), []).append(int(gid))
    return found


def rises_of(
    series: Mapping[str, Any], chosen: Period, watch_from: int, budget_a_year: float, seed: int
) -> list[dict[str, Any]]:
    """Return, of each series, sudden rises since a day within a budget of false alarms, and the trend of all bins.

    Raises:
        OperatorError: ``short-reference``, fewer than eight bins before the watch begins.
    """
    start = int(chosen.bin_of(watch_from)) if watch_from <= chosen.last else chosen.bins
    if start < 8:
        raise OperatorError(f"expected eight bins or more before the watch begins to learn what is usual, received "
                            f"{max(start, 0)}; begin the study earlier", code="short-reference")
    budget = yearly_share(budget_a_year, len(series), chosen.bins - start, chosen.unit_days)
    answer = []
    for name, counts in series.items():
        seen, change = watch(counts[:start], counts[start:], max(budget, 1e-6), seed), trend(counts, chosen.unit_days)
        rises = [{"began": chosen.days(start + one.began, start + one.began)[0],
                  "seen": chosen.days(start + one.seen, start + one.seen)[1],
                  "last": chosen.days(start + one.last, start + one.last)[1], "factor": one.factor}
                 for one in seen.rises]
        answer.append({"series": name, "incidents": int(counts.sum()), "usual": seen.usual.mean,
                       "spread": seen.usual.spread, "bar": seen.bar if np.isfinite(seen.bar) else None,
                       "level": seen.level, "rises": rises, "trend": None if change is None else change._asdict()})
    return answer
