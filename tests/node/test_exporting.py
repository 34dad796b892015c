"""Exports and the bulletin: same bytes for the same input, small counts kept back, silence never written as peace."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import msgspec
import pytest
from pyarrow import parquet

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.canon import digest
from hamsaya.messages.alerts import Alert, Asked, Assessment, ByForecast, ByScan, Concur, Source
from hamsaya.messages.kinds import encode_body
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.alerts_rules import end_of, month_of
from hamsaya.node import bulletin, exporting, map_lines
from hamsaya.node.bulletin_words import TONGUES
from hamsaya.node.data_files import draw_layer
from hamsaya.node.exporting import Material, MaterialArgs, geojson, material, picture_layer, table, written
from hamsaya.node.send import Draft
from hamsaya.ports.layers import Layer, MapLines
from tests.support.federation import make_federation

MEMBERS = ("pk", "ir", "uz")
HOSTILE = "<script>alert(1)</script> \u202egnp.exe"


@cache
def made() -> tuple[Material, list[int]]:
    """One node's material: a busy cell, a cell of few deaths, a silent member, an alert, an assessment with dissent."""
    fed = make_federation(members=MEMBERS)
    areas = fed.node("pk").agreement.areas
    cells = [gid for gid, who in sorted(areas.items()) if who == {"ir"}][:3]
    rows = [Row(cells[0], "2026-01", 1, 20, 40, 30, 60), Row(cells[1], "2026-01", 1, 1, 2, 1, 3)]
    fed.send("ir", Draft(Report(source=HOSTILE, licence="CC BY 4.0", as_of=1, first="2026-01", last="2026-03",
                                rows=rows), ("pk", "uz")))
    fed.carry_all()
    now = fed.clock.now()
    month = month_of(now)
    fed.send("pk", Draft(Alert(
        alert="pk/A-1", kind="onset", cells=cells[2:], zone=None, first=month, last=month, measure="deaths", at_least=1,
        basis=ByForecast(tier="kernel", chance=0.25, low=0, high=4), as_of=now - DAY, vintage=bytes(32),
        model=bytes(32), asked=[Asked("ir", "verify", min(now + DAY, end_of(month)))], budget=5, threshold=0.2,
    ), ("ir", "uz")))
    body = Assessment(
        assessment="pk/S-1", title=HOSTILE, first="2026-01", last="2026-03", cells=cells, text=["EXERCISE: text."],
        confidence="unlikely", sources=[Source("EXERCISE counts", "CC BY 4.0", bytes(32))], alerts=[], picture=None)
    fed.send("pk", Draft(body, ("ir", "uz")))
    fed.carry_all()
    fed.send("ir", Draft(Concur(assessment="pk/S-1", digest=digest(encode_body(body)), stance="dissent",
                                text="EXERCISE: otherwise."), ("pk", "uz")))
    fed.carry_all()
    return material(fed.node("uz"), MaterialArgs()), cells


def layer() -> Layer:
    found, _ = made()
    assert found.picture is not None
    return picture_layer(found.picture, found.digest)


def test_material_survives_the_way_to_the_command_line() -> None:
    """The command gets it as JSON and makes of it what the node would."""
    found, _ = made()
    assert msgspec.convert(json.loads(msgspec.json.encode(found)), Material) == found


def test_geojson_is_that_of_the_standard() -> None:
    """RFC 7946: closed rings against the clock, longitude first, no reference system, and what must be cited."""
    plain = json.loads(geojson(layer()))
    assert plain["type"] == "FeatureCollection" and "crs" not in plain
    for feature in plain["features"]:
        assert feature["geometry"]["type"] == "MultiPolygon"
        for (ring,) in feature["geometry"]["coordinates"]:
            assert ring[0] == ring[-1] and len(ring) == 5
            turned = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False))
            assert turned > 0 and all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in ring)
    assert any("UCDP" in source and "CC BY 4.0" in source for source in plain["sources"])
    assert any("person" in notice for notice in plain["notices"])


def test_small_counts_are_kept_back_and_silence_is_unknown() -> None:
    """Two deaths in one cell point at who was there; a cell nobody observed has no zero."""
    _, cells = made()
    by_cell = {one.fields["gid"]: one for one in layer().features}
    busy, small, quiet = (by_cell[gid].fields for gid in cells)
    assert (busy["best_low"], busy["best_high"], busy["suppressed"]) == (40, 40, False)
    assert (small["best_high"], small["incidents_high"], small["suppressed"]) == (None, None, True)
    assert (quiet["best_high"], quiet["status"], quiet["suppressed"]) == (0, "observed", False)
    silent = next(one for one in by_cell.values() if one.fields["status"] == "silent")
    assert silent.hatch == "unobserved" and silent.fields["best_high"] is None and silent.high is None
    found, _ = made()
    assert found.picture is not None
    whole = {one.fields["gid"]: one for one in picture_layer(found.picture, found.digest, suppress=0).features}
    assert whole[cells[1]].fields["best_high"] == 2


def test_the_alerts_layer_carries_the_record() -> None:
    """Whoever gets the file gets what past alerts were worth."""
    found, cells = made()
    (one,) = exporting.alerts_layer(found.alerts.alerts, found.picture).features
    assert one.fields["record"] == "no onset alert has been resolved yet" and one.fields["cells"] == cells[2:]
    assert one.fields["basis_chance"] == 0.25 and one.mark == "O"


@pytest.mark.parametrize("form", ["geojson", "parquet", "svg", "png"])
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, form: exporting.Format) -> None:
    """A digest printed in a protocol must fit tomorrow's file."""
    for name in ("a", "b"):
        assert written(layer(), form, tmp_path / name) == len(layer().features)
    first = (tmp_path / "a").read_bytes()
    assert first == (tmp_path / "b").read_bytes() and len(first) > 1000


def test_parquet_holds_the_table_and_what_must_be_cited(tmp_path: Path) -> None:
    """Columns as GeoJSON's fields, notices in the file itself."""
    written(layer(), "parquet", tmp_path / "p.parquet")
    held = parquet.read_table(tmp_path / "p.parquet")
    assert held.num_rows == len(layer().features) and {"id", "west", "north", "best_high"} <= set(held.column_names)
    assert held.column_names == list(table(layer()))
    assert b"UCDP" in held.schema.metadata[b"hamsaya"]


def test_a_forecast_and_zones_become_layers(tmp_path: Path) -> None:
    """From the files that the commands write."""
    columns = {"tier": ["conflictology", "kernel"], "gid": [150_000, 150_000], "month": ["2026-02"] * 2,
               "chance": [0.0, 0.4], "low": [0, 0], "high": [0, 7], "exceed": [[0.0], [0.4]]}
    about = {"origin": "2026-01", "release": "11" * 32, "counts": [1], "data": {"digest": "22" * 32}}
    file = tmp_path / "f.json"
    file.write_text(json.dumps({**about, "columns": columns}), encoding="utf-8")
    (one,) = exporting.forecast_layer(file).features
    assert (one.fields["chance"], one.fields["conflictology_chance"], one.high) == (0.4, 0.0, 7.0)
    with pytest.raises(OperatorError, match="holds no"):
        exporting.forecast_layer(file, month="2026-03")
    zones = {"zones": [{"number": 3, "label": "Z-0003 x", "since": "2026-01-01", "cells": 2, "area_km2": 1200.0,
                        "reporters": ["ava"], "cross_border": False, "lat": 30.1, "lon": 60.1,
                        "cell_ids": [1, 1442]}], "looks": [], "level": 0.05, "cell_degrees": 0.25}
    file.write_text(json.dumps(zones), encoding="utf-8")
    (zone,) = exporting.zones_layer(file).features
    assert zone.squares == [(-180.0, -90.0, -179.75, -89.75), (-179.75, -89.75, -179.5, -89.5)]
    file.write_text("{}", encoding="utf-8")
    for make in (exporting.zones_layer, exporting.forecast_layer, exporting.blind_layer):
        with pytest.raises(OperatorError, match="expected"):
            make(file)


SPOT = {"gid": 150_000, "score": 0.45, "score_low": 0.15, "score_high": 0.6, "probability": 0.5, "coverage": 0.4,
        "border": True, "reasons": ["invented \u202e"]}


def spots(folder: Path, gid: int) -> Path:
    """Write what ``monitor blind-spots --json`` prints, of one border cell."""
    file = folder / "blind.json"
    file.write_text(json.dumps({"month": "2026-01", "sources": [["EXERCISE", "CC0-1.0"]], "ledger_as_of": 0,
                                "border_weight": 1.5, "spots": [{**SPOT, "gid": gid}]}), encoding="utf-8")
    return file


def every_layer(folder: Path) -> dict[str, Layer]:
    """Return each kind of layer from what commands write."""
    found, cells = made()
    assert found.picture is not None
    (folder / "z.json").write_text(json.dumps({
        "zones": [{"number": 1, "label": "Z-0001", "since": "2026-01-01", "area_km2": 2500.0, "reporters": ["ava"],
                   "cross_border": False, "cell_ids": cells[:1]}], "citations": ["EXERCISE. Licence: CC0-1.0."],
        "looks": [{"day": "2026-01-31", "events": []}], "level": 0.05, "cell_degrees": 0.5}), encoding="utf-8")
    (folder / "f.json").write_text(json.dumps({
        "origin": "2026-01", "release": "11" * 32, "counts": [1],
        "data": {"digest": "22" * 32, "licences": ["CC0-1.0"]},
        "columns": {"tier": ["conflictology", "kernel"], "gid": cells[:1] * 2, "month": ["2026-02"] * 2,
                    "chance": [0.0, 0.4], "low": [0, 0], "high": [0, 7], "exceed": [[0.0], [0.4]]}}), encoding="utf-8")
    blind = spots(folder, cells[0])
    return {
        "picture": picture_layer(found.picture, found.digest, blind=exporting.blind_spots_of(blind)),
        "alerts": exporting.alerts_layer(found.alerts.alerts, found.picture),
        "zones": exporting.zones_layer(folder / "z.json"), "forecast": exporting.forecast_layer(folder / "f.json"),
        "blind-spots": exporting.blind_layer(blind),
    }


@pytest.mark.parametrize("form", ["geojson", "parquet", "svg", "png"])
@pytest.mark.parametrize("what", ["picture", "alerts", "zones", "forecast", "blind-spots"])
def test_every_layer_says_whose_how_late_and_how_sure_in_every_format(
    tmp_path: Path, what: str, form: exporting.Format
) -> None:
    """A file goes on without the one who made it: sources, licence, as-of and uncertainty go with it."""
    one = every_layer(tmp_path)[what]
    assert one.as_of and one.features and any("CC" in each for each in one.sources)
    said = " ".join(one.notices)
    sure = {"picture": "lowest to the highest", "alerts": "mostly wrong", "zones": "p of", "forecast": "90 % interval",
            "blind-spots": "the interval is"}
    assert sure[what] in said and "not for targeting" in said
    file = tmp_path / f"out.{form}"
    drawn = exporting.with_lines(one, {}, MapLines(source="EXERCISE lines", settled=[[(60.0, 30.0), (61.0, 31.0)]]))
    written(drawn if form in ("svg", "png") else one, form, file)
    if form == "geojson":
        plain = json.loads(file.read_text(encoding="utf-8"))
        assert (plain["as_of"], plain["sources"], plain["notices"]) == (one.as_of, one.sources, one.notices)
    elif form == "parquet":
        about = json.loads(parquet.read_schema(file).metadata[b"hamsaya"])
        assert (about["as_of"], about["sources"], about["notices"]) == (one.as_of, one.sources, one.notices)
    else:
        bare = tmp_path / f"bare.{form}"
        written(msgspec.structs.replace(drawn, as_of="", sources=[], notices=[]), form, bare)
        assert file.stat().st_size > bare.stat().st_size, "the words stand on the map"


def test_blind_spots_are_a_layer_and_mark_the_picture(tmp_path: Path) -> None:
    """A quiet, observed cell of the list is marked as blind, with the interval as shares and in words."""
    found, cells = made()
    layers = every_layer(tmp_path)
    (one,) = layers["blind-spots"].features
    assert (one.low, one.high) == pytest.approx((0.1, 0.4)), "the weight of a border cell is no chance"
    assert one.fields["in_words"].startswith("between 10 and 40 times in a hundred")
    assert one.blind and "\u202e" not in str(one.fields)
    marked = {each.fields["gid"]: each.fields for each in layers["picture"].features}
    assert marked[cells[0]]["blind_spot"] and not marked[cells[1]]["blind_spot"]
    assert (marked[cells[0]]["unseen_low"], marked[cells[1]]["unseen_low"]) == (0.1, None)
    (flat,) = [each for each in json.loads(geojson(layers["picture"]))["features"]
               if each["properties"]["gid"] == cells[0]]
    assert flat["properties"]["hatch"] == "blind"
    plain = picture_layer(found.picture, found.digest) if found.picture else None
    assert plain is not None and "blind_spot" not in plain.features[0].fields


def test_a_small_count_behind_an_alert_is_kept_back(tmp_path: Path) -> None:
    """What a scan saw in a few cells is a count like the picture's."""
    found, _ = made()
    (alert,) = found.alerts.alerts
    scan = ByScan(statistic=9.0, p_value=0.01, observed=3, expected=0.5, recurrence_days=400.0)
    few = msgspec.structs.replace(alert, basis=scan)
    assert exporting.alerts_layer([few]).features[0].fields["basis_observed"] is None
    assert exporting.alerts_layer([few], suppress=0).features[0].fields["basis_observed"] == 3
    held = msgspec.structs.replace(found, alerts=msgspec.structs.replace(found.alerts, alerts=[few]))
    assert "&lt; 5 / 0.5" in bulletin.html(held, "2026-10-01").decode()


def test_maps_draw_disputed_lines_unlike_settled_ones_and_files_of_data_hold_none(tmp_path: Path) -> None:
    """No side's line is left out or merged with another's; GeoJSON carries areas of the annex only."""
    one = layer()
    lines = MapLines(source="EXERCISE lines", settled=[[(50.0, 30.0), (55.0, 31.0)]])
    disputed = MapLines(source="EXERCISE lines", disputed=lines.settled)
    drawn = {name: draw_layer(exporting.with_lines(one, {}, each), "svg")
             for name, each in (("settled", lines), ("disputed", disputed))}
    assert drawn["disputed"].count(b"stroke-dasharray") > drawn["settled"].count(b"stroke-dasharray")
    assert geojson(exporting.with_lines(one, {}, disputed)).count(b"LineString") == 0
    assert "Dashed lines: disputed" in exporting.with_lines(one, {}, disputed).notices[-1]


def test_without_lines_the_cells_of_several_parties_are_left_undetermined() -> None:
    """What the annex gives to two parties is where one area meets another; the map says no more than that."""
    areas = {1000: frozenset({"ava"}), 1001: frozenset({"ava", "bel"}), 1002: frozenset({"bel"}),
             1003: frozenset({"cor"})}
    over = map_lines.drawn(areas, None)
    west = (1000 - 1) % 720 / 2 - 180 + 0.5
    assert [edge[0][0] for edge in over.undetermined] == [west, west + 0.5]
    assert not over.settled and not over.disputed and map_lines.said(over).startswith("No boundary is drawn")
    known = MapLines(source="x", settled=[[(0.0, 0.0), (1.0, 1.0)]])
    assert map_lines.drawn(areas, known) is known


def test_the_bulletin_says_where_nobody_is_looking(tmp_path: Path) -> None:
    """With the interval in words, in each language; without a list it does not read as if there were none."""
    found, cells = made()
    more = bulletin.More(exporting.blind_spots_of(spots(tmp_path, cells[0])))
    for tongue, language in TONGUES.items():
        words = language.words
        text = bulletin.html(found, "2026-10-01", tongue, more=more).decode()
        assert words["blind"] in text and words["between"].format(low=10, high=40) in text
        assert "EXERCISE (CC0-1.0)" in text
        assert words["noblind"].split(".")[0] in bulletin.html(found, "2026-10-01", tongue).decode()
    assert bulletin.pdf(found, "2026-10-01", more=more) != bulletin.pdf(found, "2026-10-01")


@pytest.mark.parametrize("tongue", TONGUES)
def test_the_bulletin_prints_as_it_stands(tongue: str) -> None:
    """A browser sets what the PDF cannot: sheet, numbered pages, heads on each page of a table, isolated dates."""
    found, _ = made()
    text = bulletin.html(found, "2026-10-01", tongue).decode()
    start = {"ltr": "left", "rtl": "right"}[TONGUES[tongue].direction]
    assert f"@bottom-{start}{{content:\"{TONGUES[tongue].words['title']}" in text and "@page{size:A4" in text
    for rule in ("counter(page)", "thead{display:table-header-group}", "break-after:avoid", "break-inside:avoid"):
        assert rule in text
    assert "left:" not in text.split("</style>")[0].replace("@bottom-left", "").replace("padding-inline", "")


@pytest.mark.parametrize("tongue", TONGUES)
def test_the_bulletin_holds_everything_in_each_language(tongue: str) -> None:
    """Record, dissent, sources, uncertainty, dual use; in the direction of its writing; no script, no turned text."""
    found, cells = made()
    text = bulletin.html(found, "2026-10-01", tongue).decode()
    words = TONGUES[tongue].words
    assert f'lang="{tongue}" dir="{TONGUES[tongue].direction}"' in text and "<bdi" in text
    for part in ("dual", "uncertainty", "onset", "dissent"):
        assert words[part].split(".")[0] in text
    assert "EXERCISE: otherwise." in text and "no onset alert has been resolved yet" in text
    assert "CC BY 4.0" in text and "UCDP" in text and "unlikely (20 – 45 %)" in text
    assert "<script" not in text and "\u202e" not in text and "http" not in text.replace("http-equiv", "").replace(
        "http://www.w3.org", ""), "one file, without a look elsewhere"
    assert f">{cells[1]}<" in text and "&lt; 5" in text
    assert bulletin.html(found, "2026-10-01", tongue).decode() == text


def test_the_pdf_is_the_same_twice_and_says_where_it_cannot_set_a_script() -> None:
    """A page of empty boxes would pass for a bulletin."""
    found, _ = made()
    one = bulletin.pdf(found, "2026-10-01")
    assert one.startswith(b"%PDF") and one == bulletin.pdf(found, "2026-10-01") and b"CreationDate" not in one
    assert bulletin.pdf(found, "2026-10-01", "ru") != one
    for tongue in ("ur", "fa", "zh-Hans"):
        with pytest.raises(OperatorError, match="print it from a browser"):
            bulletin.pdf(found, "2026-10-01", tongue)


def test_a_bulletin_before_the_first_report_says_so() -> None:
    """An empty page looks like peace."""
    fed = make_federation(members=MEMBERS)
    found = material(fed.node("pk"), MaterialArgs())
    text = bulletin.html(found, "2026-10-01").decode()
    assert "Nothing has been reported" in text and "No alert is held here." in text
    assert bulletin.pdf(found, "2026-10-01").startswith(b"%PDF")


def test_all_tongues_have_all_words() -> None:
    """A heading without a word would fail on the day it is needed."""
    assert {frozenset(each.words) for each in TONGUES.values()} == {frozenset(TONGUES["en"].words)}
