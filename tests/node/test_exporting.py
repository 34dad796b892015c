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
from hamsaya.messages.alerts import Alert, Asked, Assessment, ByForecast, Concur, Source
from hamsaya.messages.kinds import encode_body
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.alerts_rules import end_of, month_of
from hamsaya.node import bulletin, exporting
from hamsaya.node.bulletin_words import TONGUES
from hamsaya.node.exporting import Material, MaterialArgs, geojson, material, picture_layer, table, written
from hamsaya.node.send import Draft
from hamsaya.ports.layers import Layer
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
    for make in (exporting.zones_layer, exporting.forecast_layer):
        with pytest.raises(OperatorError, match="expected"):
            make(file)


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
