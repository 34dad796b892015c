"""The joint picture, zones, alerts, forecasts and blind spots as layers for others' tools: GeoJSON, Parquet, maps.

Rules
1. Every layer carries its notices (whose areas these are, how sure it is, what it must not be used for), how late its
   knowledge is, and its sources with their licences; UCDP's data are cited wherever they may have gone in.
2. Counts above zero and below ``suppress`` are not told: the fields are None and ``suppressed`` says so. A sum over
   few incidents in one cell may point at who was there.
3. Not observed is never drawn or written as nothing happened. Blind spots are drawn over whatever a cell seems to say.
4. Maps draw lines by the rules of ``map_lines``; files of data hold none.
5. The same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import to_text
from hamsaya.messages.monitor import Month
from hamsaya.monitor.alerts_record import AlertView, AssessmentView, assessments
from hamsaya.monitor.types import COLUMNS, PictureDoc
from hamsaya.node import console_views, map_lines
from hamsaya.node.alerting import AlertsView, alerts_page, read_forecast
from hamsaya.node.core import Node
from hamsaya.node.data_files import draw_layer, write_parquet_columns
from hamsaya.node.desk import BlindSpots, read_blind_spots
from hamsaya.ports.layers import Feature, Hatch, Layer, MapLines, Square

SUPPRESS = 5
BLIND = ("Outlined and hatched closely: blind spots after {month}, where a death within three months is likely and "
         "little of it would be reported. Silence there says nothing.")
UCDP = ("Sundberg, Ralph and Erik Melander (2013), Introducing the UCDP Georeferenced Event Dataset, Journal of Peace "
        "Research 50(4); UCDP data are licensed CC BY 4.0")
DUAL_USE = ("Dual use: this speaks of areas of about 55 km by 55 km and of months. It is no ground for action against "
            "a person, and not for targeting.")
AREAS = "Squares are cells of PRIO-GRID; reporting areas say who reports, without prejudice to any claim."
HATCHES: dict[str, Hatch] = {"observed": "", "partly": "partly", "silent": "unobserved", "not-covered": "not-covered"}
# Embedding, override and isolate characters of a party's text would turn the words around it.
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")
Format = Literal["geojson", "parquet", "svg", "png"]
Number = int | float | None


class MaterialArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A period in months; without one, all that is reported."""

    first: Month | None = None
    last: Month | None = None


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What a node holds of joint monitoring, of one committed state. ``picture`` is None before the first report."""

    own: str
    federation: str
    exercise: bool
    now: int
    names: dict[str, str]
    picture: PictureDoc | None
    digest: str
    alerts: AlertsView
    assessments: list[AssessmentView]


def material(node: Node, args: MaterialArgs) -> Material:
    """Return what exports and bulletins are made of; raises OperatorError ``bad-period``."""
    known = console_views.period(node.state.monitor)
    first, last = args.first or (known and known[0]), args.last or (known and known[1])
    joint = None
    if first and last:
        if first > last:
            raise OperatorError(f"expected a period that runs forward, received {first} to {last}", code="bad-period")
        joint = console_views.picture(node.state.monitor, node.agreement.areas, first, last)
    members = node.agreement.charter.members
    return Material(
        own=node.own, federation=node.agreement.federation, exercise=node.agreement.exercise, now=node.clock.now(),
        names={member: party.display("en") for member, party in members.items()},
        picture=None if joint is None else joint.document, digest="" if joint is None else joint.digest,
        alerts=alerts_page(node), assessments=assessments(node.state.monitor.alerts),
    )


# -- layers ---------------------------------------------------------------------------------------------------


def square(gid: int, degrees: float = 0.5) -> Square:
    """Return a cell of the grid of squares of so many degrees; PRIO-GRID's without ``degrees``."""
    columns = COLUMNS if degrees == 0.5 else round(360 / degrees)
    row, column = divmod(gid - 1, columns)
    west, south = column * degrees - 180, row * degrees - 90
    return round(west, 6), round(south, 6), round(west + degrees, 6), round(south + degrees, 6)


def told(value: int, suppress: int) -> int | None:
    """Return a count, or None where it is above zero and below ``suppress`` (rule 2)."""
    return None if 0 < value < suppress else value


def visible(text: str) -> str:
    """Return a party's text on one line, every character that turns the direction of writing made visible."""
    return " ".join(text.translate(TURNING).split())


def sources_of(document: PictureDoc | None) -> list[str]:
    """Return every source and licence that a picture's reports name, and UCDP's citation."""
    named = {pair for reporter in document.reporters for pair in reporter.sources} if document else set()
    return [*(visible(f"{source} ({licence})") for source, licence in sorted(named)), UCDP]


def picture_layer(
    document: PictureDoc, digest: str, suppress: int = SUPPRESS, blind: BlindSpots | None = None
) -> Layer:
    """Return the joint picture, one feature a cell of the annex; ``blind`` marks those of a list of blind spots."""
    spots = {} if blind is None else {one.gid: blind.unseen(one) for one in blind.spots}
    features = []
    for cell in document.cells:
        sums = {
            "incidents_low": sum(one.incidents_low for one in cell.pooled),
            "incidents_high": sum(one.incidents_high for one in cell.pooled),
            "best_low": sum(one.best_low for one in cell.pooled),
            "best_high": sum(one.best_high for one in cell.pooled),
            "low": sum(one.low for one in cell.pooled), "high": sum(one.high for one in cell.pooled),
        }
        shown: dict[str, Number] = {name: told(value, suppress) for name, value in sums.items()}
        known = bool(cell.pooled) or cell.status == "observed"
        if not known:
            shown = dict.fromkeys(sums)
        features.append(Feature(
            id=str(cell.gid), squares=[square(cell.gid)], low=shown["best_low"], high=shown["best_high"],
            hatch=HATCHES[cell.status], mark="", blind=cell.gid in spots,
            fields={"gid": cell.gid, "status": cell.status, "reporters": cell.reporters, **shown,
                    "suppressed": known and any(shown[name] is None for name in sums),
                    **_blind(spots, cell.gid, blind)},
        ))
    span = f"{document.first} to {document.last}"
    notices = [f"Joint picture of {span}, SHA-256 {digest}, {document.coverage}.", document.notice,
               "Deaths from the lowest to the highest claim of those who report on a cell.", *_small(suppress),
               *([BLIND.format(month=blind.month)] if blind else []), AREAS, DUAL_USE]
    return Layer(what="picture", title=f"Joint picture, {span}", unit="deaths, best estimates", notices=notices,
                 sources=sources_of(document), as_of=reported_as_of(document), features=features)


def reported_as_of(document: PictureDoc | None) -> str:
    """Return how late each reporter's word of a picture is, in the order of their ids; "" where nobody reported."""
    return "; ".join(f"{one.member} {to_text(one.as_of)[:10]}" for one in (document.reporters if document else [])
                     if one.as_of is not None)


def _blind(spots: Mapping[int, tuple[float, float]], gid: int, blind: BlindSpots | None) -> dict[str, Any]:
    if blind is None:
        return {}
    low, high = spots.get(gid, (None, None))
    return {"blind_spot": gid in spots, "unseen_low": _round(low), "unseen_high": _round(high)}


def _small(suppress: int) -> list[str]:
    return [f"Counts of 1 to {suppress - 1} are not told."] if suppress > 1 else []


def alerts_layer(
    alerts: Sequence[AlertView], document: PictureDoc | None = None, suppress: int = SUPPRESS
) -> Layer:
    """Return every alert, with what came of it and the record of its kind."""
    features = [Feature(
        id=one.alert, squares=[square(gid) for gid in one.cells], low=_chance(one), high=_chance(one), hatch="",
        mark=one.kind[0].upper(),
        fields={
            "alert": one.alert, "kind": one.kind, "by": one.by, "at": to_text(one.at), "first": one.first,
            "last": one.last, "comes_true_at": one.at_least, "measure": one.measure,
            **{f"basis_{name}": told(value, suppress) if name == "observed" else value
               for name, value in msgspec.to_builtins(one.basis).items()},
            "outcome": one.resolution.outcome, "why": one.resolution.why, "record": one.record,
            "asked": [f"{each.party} {each.action}: {each.outcome or 'no answer'}" for each in one.asked],
            "as_of": to_text(one.as_of), "vintage": one.vintage, "model": one.model, "budget": one.budget,
            "cells": one.cells,
        },
    ) for one in alerts]
    notices = ["Letters: E escalation, O onset, C cluster. Onset alerts are mostly wrong; the record of each kind "
               "stands with it. A chance of 40 % comes true four times in ten, if the model is a good one.",
               *_small(suppress), AREAS, DUAL_USE]
    latest = max((one.as_of for one in alerts), default=None)
    return Layer(what="alerts", title="Alerts", unit="chance stated", notices=notices, sources=sources_of(document),
                 as_of="" if latest is None else f"data of the latest alert {to_text(latest)[:10]}",
                 features=features)


def _chance(one: AlertView) -> float | None:
    return getattr(one.basis, "chance", None)


def forecast_layer(path: Path, *, month: str | None = None, tier: str | None = None, suppress: int = 0) -> Layer:
    """Return one month of a forecast file, one feature a cell, beside conflictology's chance.

    Raises:
        OperatorError: the file is no forecast or lacks the month or the tier (``bad-file``).
    """
    about, columns = read_forecast(path)
    wanted, chosen = month or min(columns["month"]), tier or columns["tier"][-1]
    rows = [place for place, each in enumerate(columns["month"]) if each == wanted]
    history = {columns["gid"][place]: columns["chance"][place] for place in rows
               if columns["tier"][place] == "conflictology"}
    features = [Feature(
        id=str(columns["gid"][place]), squares=[square(columns["gid"][place])],
        low=float(columns["low"][place]), high=float(columns["high"][place]), hatch="", mark="",
        fields={"gid": columns["gid"][place], "month": wanted, "tier": chosen,
                **{name: _round(columns[name][place]) for name in ("chance", "mean", "low", "high") if name in columns},
                "conflictology_chance": _round(history.get(columns["gid"][place]))},
    ) for place in rows if columns["tier"][place] == chosen]
    if not features:
        raise OperatorError(f"{path.name}: holds no {chosen} forecast of {wanted}", code="bad-file")
    notices = [f"Forecast from {about['origin']}, release {about['release']}, tier {chosen}.",
               "From the low to the high end of the 90 % interval of deaths; nine in ten months should fall within.",
               "A cell without reports looks like a cell at peace.", AREAS, DUAL_USE]
    cited = [str(each) for each in about["data"].get("licences", [])]
    return Layer(what="forecast", title=f"Forecast of {wanted}", unit="deaths, 90 % interval", notices=notices,
                 sources=[*cited, UCDP], as_of=f"end of {about['origin']}", features=features)


def _round(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)


def zones_layer(path: Path) -> Layer:
    """Return the zones that ``monitor zones --json`` printed; raises OperatorError ``bad-file``."""
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
        degrees = float(answer["cell_degrees"])
        features = [Feature(
            id=f"Z-{one['number']:04}", squares=[square(gid, degrees) for gid in one["cell_ids"]], low=None, high=None,
            hatch="", mark=str(one["number"]),
            fields={name: one[name] for name in ("number", "label", "since", "area_km2", "reporters", "cross_border")},
        ) for one in answer["zones"]]
        cited = [visible(str(each)) for each in answer.get("citations", [])]
        as_of = max((str(look["day"]) for look in answer["looks"]), default="")
    except (ValueError, KeyError, TypeError):
        raise OperatorError(f"{path.name}: expected what monitor zones --json prints", code="bad-file") from None
    notices = [f"Zones of clusters with p of {answer['level']} or less; each covers 25 km2 or more. Numbers keep their "
               "identity over time. A zone is not the edge of what happens.", AREAS, DUAL_USE]
    return Layer(what="zones", title="Zones", unit="", notices=notices, sources=[*cited, UCDP], as_of=as_of,
                 features=features)


def blind_layer(path: Path) -> Layer:
    """Return the blind spots that ``monitor blind-spots --json`` printed; raises OperatorError ``bad-file``."""
    told_by = blind_spots_of(path)
    features = []
    for one in told_by.spots:
        low, high = told_by.unseen(one)
        features.append(Feature(
            id=str(one.gid), squares=[square(one.gid)], low=low, high=high, hatch="", mark="", blind=True,
            fields={"gid": one.gid, "score": _round(one.score), "score_low": _round(one.score_low),
                    "score_high": _round(one.score_high), "death_within_3_months": _round(one.probability),
                    "reported_by_anybody": _round(one.coverage), "unseen_low": _round(low),
                    "unseen_high": _round(high), "border": one.border, "in_words": unseen_in_words(low, high),
                    "reasons": [visible(each) for each in one.reasons]},
        ))
    late = ("taken as unknown" if told_by.ledger_as_of is None
            else f"from merged reports as of {to_text(told_by.ledger_as_of)[:10]}")
    notices = [BLIND.format(month=told_by.month),
               f"How much would be reported is {late}; the interval is what that leaves.",
               "A place that has never reported, and whose surroundings have not, is not on the list: nothing is known "
               "of it.", "A list of cells, never of members: it says nothing of anybody's will.", AREAS, DUAL_USE]
    return Layer(what="blind-spots", title=f"Where nobody is looking, after {told_by.month}",
                 unit="chance of a death that nobody would report", notices=notices,
                 sources=[visible(f"{source} ({licence})") for source, licence in told_by.sources],
                 as_of=f"end of {told_by.month}", features=features)


def blind_spots_of(path: Path) -> BlindSpots:
    """Return the list of blind spots of a file; raises OperatorError ``bad-file``."""
    try:
        return read_blind_spots(path)
    except msgspec.MsgspecError:
        raise OperatorError(f"{path.name}: expected what monitor blind-spots --json prints", code="bad-file") from None


def unseen_in_words(low: float, high: float) -> str:
    """Return the interval of a chance in [0, 1] as a sentence."""
    return (f"between {100 * low:.0f} and {100 * high:.0f} times in a hundred somebody dies there within three months "
            "and nobody would report it")


def with_lines(layer: Layer, areas: Mapping[int, frozenset[str]], lines: MapLines | None) -> Layer:
    """Return a layer as a map draws it: with the lines of ``map_lines`` and what must be said of them."""
    over = map_lines.drawn(areas, lines)
    return msgspec.structs.replace(layer, lines=over, notices=[*layer.notices, map_lines.said(over)])


# -- files ----------------------------------------------------------------------------------------------------


def written(layer: Layer, form: Format, path: Path) -> int:
    """Write a layer and return the number of its features; raises OperatorError ``missing-extra``."""
    if form == "geojson":
        path.write_bytes(geojson(layer))
    elif form == "parquet":
        write_parquet_columns(path, table(layer), {"title": layer.title, "unit": layer.unit, "as_of": layer.as_of,
                                                   "notices": layer.notices, "sources": layer.sources})
    else:
        path.write_bytes(draw_layer(layer, form))
    return len(layer.features)


def geojson(layer: Layer) -> bytes:
    """Return a layer as RFC 7946: WGS 84, longitude first, outer rings against the clock, squares of cells.

    How late it is, notices and sources stand in foreign members of the collection.
    """
    features = [{
        "type": "Feature", "id": one.id,
        "geometry": {"type": "MultiPolygon", "coordinates": [[_ring(each)] for each in one.squares]},
        "properties": {**one.fields, "hatch": "blind" if one.blind and not one.hatch else one.hatch},
    } for one in layer.features]
    collection = {"type": "FeatureCollection", "title": layer.title, "unit": layer.unit, "as_of": layer.as_of,
                  "notices": layer.notices, "sources": layer.sources, "features": features}
    return json.dumps(collection, ensure_ascii=False, sort_keys=True, allow_nan=False).encode() + b"\n"


def _ring(one: Square) -> list[list[float]]:
    west, south, east, north = one
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def table(layer: Layer) -> dict[str, list[Any]]:
    """Return a layer as columns: id, bounds of its area in degrees, then every field."""
    names = sorted({name for one in layer.features for name in one.fields})
    columns: dict[str, list[Any]] = {"id": [one.id for one in layer.features]}
    for place, name in enumerate(("west", "south", "east", "north")):
        pick = min if place < 2 else max
        columns[name] = [pick(each[place] for each in one.squares) for one in layer.features]
    columns["hatch"] = ["blind" if one.blind and not one.hatch else one.hatch for one in layer.features]
    return {**columns, **{name: [one.fields.get(name) for one in layer.features] for name in names}}
