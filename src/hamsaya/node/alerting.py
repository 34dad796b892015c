"""Alerts from files: candidates out of a forecast or a scan, and the messages that a budget allows of them.

    found = candidates_of_forecast(path, "onset")           # on the analyst's machine
    plan = planned(node, args)                              # at the node: what would be raised, and the record so far

An onset is a first death in a cell without one for twelve months: its score is the chance of any. An escalation is more
deaths in a month than history's 90 % interval of the cell holds: its score is the chance of that. A cluster's score is
its recurrence interval in days, or 1/p where it has none; only clusters that the scan itself lets alert are candidates.
What is left out here: cells outside the annex, and areas in which nobody who can be told reports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.canon import digest, tagged
from hamsaya.messages.alerts import Action, Alert, AlertKind, Asked, Budget, ByForecast, ByScan
from hamsaya.messages.kinds import Hash, Instant, Ref, misfit
from hamsaya.messages.monitor import Gid, Month
from hamsaya.monitor.alerts import choose, drawn_by_lot
from hamsaya.monitor.alerts_record import AlertView, Rate, views
from hamsaya.monitor.alerts_rules import MOST_MONTHS, end_of, month_of, spent
from hamsaya.monitor.types import centre, months
from hamsaya.node.core import Node
from hamsaya.node.recipients import everybody

EARTH_KM = 6371.0
COLUMNS = ("tier", "gid", "month", "chance", "low", "high", "exceed")


class Candidate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One area that could be warned of, its score (higher is more urgent), and what would have to come true."""

    cells: list[Gid]
    score: float
    at_least: int
    basis: ByForecast | ByScan


class Candidates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All candidates of one kind out of one file, with the months they speak of and the digests behind them."""

    kind: AlertKind
    first: Month
    last: Month
    as_of: Instant
    vintage: Hash
    model: Hash
    areas: list[Candidate]


class PlanArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Candidates, the month's budget, what to ask of whoever reports there, and by when (None: half-way)."""

    found: Candidates
    budget: Budget
    actions: list[Action]
    due: Instant | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be raised. ``candidates`` could have been, ``left_out`` did not fit, ``nobody`` has no one to ask.

    ``spent_before`` are the month's cells so far; ``lot`` the cells of equal attention; ``rates`` the record.
    """

    alerts: list[Alert]
    threshold: float
    candidates: int
    left_out: int
    nobody: int
    outside: int
    budget: int
    spent_before: int
    month: Month
    lot: list[int]
    rates: list[Rate]


class AlertsView(msgspec.Struct, frozen=True, kw_only=True):
    """Every alert, the latest first; the record of each kind; the month's cells of equal attention."""

    alerts: list[AlertView]
    rates: list[Rate]
    month: str
    lot: list[int]


def alerts_page(node: Node) -> AlertsView:
    """Return the alerts with their record, of one committed state."""
    now, areas = node.clock.now(), node.agreement.areas
    alerts, rates = views(node.state.monitor, areas, now)
    month = month_of(now)
    return AlertsView(alerts=alerts, rates=rates, month=month, lot=list(drawn_by_lot(areas, month)))


def planned(node: Node, args: PlanArgs) -> Plan:
    """Return the alerts that the budget still allows this node in the present month.

    Raises:
        OperatorError: no action is asked for, or the first month is over (``bad-alert``).
    """
    found, now, areas = args.found, node.clock.now(), node.agreement.areas
    if not args.actions or end_of(found.first) <= now:
        raise OperatorError("expected a month that is not over and at least one action to ask for, received "
                            f"{found.first} and {len(args.actions)} actions; make a fresh forecast", code="bad-alert")
    told = {node.own, *everybody(node, "monitor.alert")}
    inside = {place: one for place, one in enumerate(found.areas) if all(gid in areas for gid in one.cells)}
    parties = {place: sorted(told.intersection(*[_reporters(areas, one.cells)])) for place, one in inside.items()}
    open_to = {place: one for place, one in inside.items() if parties[place] and len(one.cells) <= args.budget}
    month = month_of(now)
    before = spent(node.state.monitor.alerts, node.own, month)
    keys = {place: min(one.cells) for place, one in open_to.items()}
    chosen = choose({place: one.score for place, one in open_to.items()}, max(args.budget - before, 0),
                    {place: len(one.cells) for place, one in open_to.items()}, seed=f"{found.kind}/{month}/{len(keys)}")
    due = args.due if args.due is not None else (now + end_of(found.last)) // 2
    numbers = _free(node, found.first)
    alerts = [_alert(open_to[place], parties[place], args, chosen.threshold, next(numbers), due)
              for place in chosen.taken]
    return Plan(
        alerts=alerts, threshold=chosen.threshold, candidates=len(open_to), left_out=chosen.left_out,
        nobody=sum(not who for who in parties.values()), outside=len(found.areas) - len(inside), budget=args.budget,
        spent_before=before, month=month, lot=list(drawn_by_lot(areas, month)),
        rates=views(node.state.monitor, areas, now)[1],
    )


def _reporters(areas: Any, cells: Iterable[int]) -> frozenset[str]:
    return frozenset[str]().union(*(areas[gid] for gid in cells))


def _free(node: Node, month: str) -> Any:
    """Yield references of this node's alerts of a month that are not taken."""
    number = 0
    while True:
        number += 1
        if (reference := f"{node.own}/A-{month}-{number:03}") not in node.state.monitor.alerts.alerts:
            yield reference


def _alert(one: Candidate, parties: list[str], args: PlanArgs, threshold: float, reference: Ref, due: int) -> Alert:
    found = args.found
    asked = [Asked(party, action, due) for party in parties for action in sorted(set(args.actions))]
    return Alert(
        alert=reference, kind=found.kind, cells=one.cells, zone=None, first=found.first, last=found.last,
        measure="incidents" if found.kind == "cluster" else "deaths", at_least=one.at_least, basis=one.basis,
        as_of=found.as_of, vintage=found.vintage, model=found.model, asked=asked, budget=args.budget,
        threshold=threshold,
    )


# -- from a forecast ------------------------------------------------------------------------------------------


def read_forecast(path: Path, target: str | None = "deaths") -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return what a file of ``monitor forecast`` says of itself, and its columns.

    Args:
        path: The file, or the folder that it lies in alone.
        target: What it must count; None takes deaths and incidents.
    Raises:
        OperatorError: it is none, or counts something else (``bad-file``).
    """
    path = _forecast_file(path)
    try:
        if path.suffix == ".parquet":
            from hamsaya.node.data_files import read_parquet_columns

            about, columns = read_parquet_columns(path)
        else:
            about = json.loads(path.read_text(encoding="utf-8"))
            columns = about.pop("columns")
        if not {"origin", "release", "counts", "data"} <= about.keys() or not set(COLUMNS) <= columns.keys():
            raise ValueError
        if len({len(columns[name]) for name in COLUMNS}) != 1 or not columns["tier"]:
            raise ValueError
        bytes.fromhex(about["release"]), bytes.fromhex(about["data"]["digest"]), end_of(about["origin"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OperatorError(f"{path.name}: expected a forecast as monitor forecast writes it, .json or .parquet",
                            code="bad-file") from None
    counts = about.get("target", "deaths")
    if target not in (None, counts):
        raise OperatorError(f"{path.name}: expected a forecast of {target}, this one is of {counts}; make one with "
                            f"hamsaya monitor forecast --target {target}", code="bad-file")
    return about, columns


def _forecast_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(each for each in path.iterdir() if each.suffix in (".parquet", ".json")
                   and each.name.startswith("forecast-"))
    if len(found) != 1:
        raise OperatorError(f"{path.name}: expected one forecast in the folder, found {len(found)}; name its file",
                            code="bad-file")
    return found[0]


def candidates_of_forecast(path: Path, kind: AlertKind, *, month: str | None = None,
                           tier: str | None = None) -> Candidates:
    """Return the candidates for onsets or escalations in one month of a forecast.

    Args:
        month: As ``YYYY-MM``; the first one forecast without it.
        tier: The most elaborate of the file without it.
    Raises:
        OperatorError: the file is no forecast, or lacks the month or the tier (``bad-file``).
    """
    about, columns = read_forecast(path)
    tiers, named = columns["tier"], columns["month"]
    wanted_tier = tier or tiers[-1]
    wanted = month or min(named)
    rows = [place for place, each in enumerate(named) if each == wanted]
    history = {columns["gid"][place]: place for place in rows if tiers[place] == "conflictology"}
    chosen = [place for place in rows if tiers[place] == wanted_tier]
    if not chosen or not history:
        raise OperatorError(f"{path.name}: expected {wanted_tier} beside conflictology in {wanted}, found neither",
                            code="bad-file")
    areas = []
    for place in chosen:
        gid = columns["gid"][place]
        before = history[gid]
        quiet = columns["chance"][before] == 0
        if quiet != (kind == "onset"):
            continue
        step, at_least = _step(about["counts"], 1 if quiet else columns["high"][before] + 1)
        chance = float(columns["exceed"][place][step])
        basis = _by_forecast(path, {"type": "forecast", "tier": wanted_tier, "chance": chance,
                                    "low": columns["low"][place], "high": columns["high"][place]})
        areas.append(Candidate(cells=[gid], score=chance, at_least=at_least, basis=basis))
    return Candidates(kind=kind, first=wanted, last=wanted, as_of=end_of(about["origin"]),
                      vintage=_hash(about["data"]["digest"]), model=_hash(about["release"]), areas=areas)


def _by_forecast(path: Path, plain: dict[str, Any]) -> ByForecast:
    try:
        return msgspec.convert(plain, ByForecast)
    except msgspec.ValidationError as error:
        raise OperatorError(f"{path.name}: a row does not fit a forecast: {misfit(error)}", code="bad-file") from None


def _step(counts: list[int], wanted: int) -> tuple[int, int]:
    """Return the place and value of the first count that is not below ``wanted``."""
    place = next((place for place, count in enumerate(counts) if count >= wanted), len(counts) - 1)
    return place, int(counts[place])


def _hash(hex_digest: str) -> bytes:
    raw = bytes.fromhex(hex_digest)
    return raw if len(raw) == 32 else digest(raw)


# -- from a scan ----------------------------------------------------------------------------------------------


def candidates_of_scan(path: Path, now: int, *, ahead: int = 1) -> Candidates:
    """Return the candidates for clusters: what a scan lets alert, for the present month and those after it.

    An alert comes true when more incidents follow in its cells than the scan expects there in as long a time.

    Args:
        now: UTC milliseconds. ahead: Months that the alert speaks of, 1 to ``MOST_MONTHS``.
    Raises:
        OperatorError: the file is no answer of ``monitor scan --json`` (``bad-file``).
    """
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
        settings = [answer[name] for name in ("unit_days", "seed", "replicates", "grids", "from", "to")]
        first = month_of(now)
        last = _later(first, ahead - 1)
        days = sum((end_of(month) - end_of(_later(month, -1))) // 86_400_000 for month in months(first, last))
        areas = [_cluster(one, days) for one in answer["clusters"] if one["alert"]]
        as_of = end_of(answer["to"][:7]) if answer["to"][8:] >= "28" else end_of(_later(answer["to"][:7], -1))
        as_of = min(as_of, now)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OperatorError(f"{path.name}: expected what monitor scan --json prints", code="bad-file") from None
    # The seconds it took are no part of what was found.
    lasting = {name: value for name, value in answer.items() if not name.endswith("cpu_seconds")}
    return Candidates(kind="cluster", first=first, last=last, as_of=as_of,
                      vintage=digest(tagged("hamsaya/v1/scan", lasting)),
                      model=digest(tagged("hamsaya/v1/scan-settings", settings)), areas=areas)


def _cluster(one: dict[str, Any], days: int) -> Candidate:
    lasted = (_day(one["end"]) - _day(one["start"])) + 1
    recurrence = one["recurrence_days"]
    basis = ByScan(statistic=float(one["statistic"]), p_value=float(one["p_value"]), observed=int(one["observed"]),
                   expected=float(one["expected"]), recurrence_days=None if recurrence is None else float(recurrence))
    return Candidate(
        cells=_cells_within(float(one["lon"]), float(one["lat"]), float(one["radius_km"])),
        score=float(recurrence) if recurrence is not None else 1 / max(basis.p_value, 1e-9),
        at_least=math.floor(basis.expected * days / lasted) + 1, basis=basis,
    )


def _day(text: str) -> int:
    from datetime import date

    return date.fromisoformat(text).toordinal()


def _later(month: str, by: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _cells_within(longitude: float, latitude: float, radius_km: float) -> list[int]:
    """Return the PRIO-GRID cells whose centre lies in a circle, with the one that holds its centre; sorted."""
    from hamsaya.monitor.types import gid_of

    reach = math.ceil(radius_km / 27.0) + 1  # Half a degree is 27 km at 60 degrees, and more nearer the equator.
    found = {gid_of(longitude, latitude)}
    for north in range(-reach, reach + 1):
        for east in range(-2 * reach, 2 * reach + 1):
            gid = gid_of((longitude + east / 2 + 180) % 360 - 180, max(-90.0, min(latitude + north / 2, 89.9)))
            if _km((longitude, latitude), centre(gid)) <= radius_km:
                found.add(gid)
    return sorted(found)


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    (lon, lat), (to_lon, to_lat) = [(math.radians(a), math.radians(b)) for a, b in (one, other)]
    half = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


__all__ = ["MOST_MONTHS", "AlertsView", "Candidate", "Candidates", "Plan", "PlanArgs", "candidates_of_forecast",
           "candidates_of_scan", "alerts_page", "planned", "read_forecast"]
