"""Exports and bulletin by command: files that are new, whole, and the same twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import NORTH, Desk

Pair = tuple[Desk, Desk]
COLUMNS = "id,date_start,date_end,latitude,longitude,type_of_violence,best,low,high"


def test_a_picture_leaves_as_file_and_bulletin(in_force: Pair, pack: Path, tmp_path: Path) -> None:
    """From a report to a file for others; nothing is overwritten."""
    from hamsaya.adapters.regionpack import load_pack
    from hamsaya.monitor.types import centre

    north, _ = in_force
    own = next(gid for gid, who in sorted(load_pack(pack).areas.items()) if who == {NORTH})
    longitude, latitude = centre(own)
    file = tmp_path / "i.csv"
    file.write_text(f"{COLUMNS}\n1,2025-03-01,2025-03-02,{latitude},{longitude},1,9,8,12\n", encoding="utf-8")
    empty = tmp_path / "none.svg"
    assert north.refused("monitor", "export", "--what", "picture", "--format", "svg", str(empty)) == "no-reports"
    north.json("monitor", "report", str(file))
    out = tmp_path / "p.geojson"
    said = north.json("monitor", "export", "--what", "picture", "--format", "geojson", str(out))
    plain: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    (mine,) = [one for one in plain["features"] if one["properties"]["gid"] == own]
    assert mine["properties"]["best_high"] == 9 and said["features"] == len(plain["features"])
    assert mine["properties"]["incidents_high"] is None and mine["properties"]["suppressed"]
    assert north.refused("monitor", "export", "--what", "picture", "--format", "geojson", str(out)) == "bad-file"
    blind = tmp_path / "b.json"
    blind.write_text(json.dumps({"month": "2025-03", "spots": [{
        "gid": own, "score": 0.4, "score_low": 0.1, "score_high": 0.6, "probability": 0.5, "coverage": 0.2,
        "border": False, "reasons": []}]}), encoding="utf-8")
    for words in (("picture", "--blind-spots"), ("blind-spots", "--from")):
        for form in ("geojson", "png"):
            file = tmp_path / f"{words[0]}-blind.{form}"
            told = north.json("monitor", "export", "--what", words[0], words[1], str(blind), "--format", form,
                              str(file))
            assert any("boundar" in notice.lower() for notice in told["notices"]) == (form == "png")
            assert told["as_of"] and file.stat().st_size
    alerts = tmp_path / "a.geojson"
    assert north.json("monitor", "export", "--what", "alerts", "--format", "geojson", str(alerts))["features"] == 0
    pages = [tmp_path / name for name in ("a.html", "b.html", "c.pdf")]
    for page in pages:
        assert north.json("monitor", "bulletin", str(page), "--date", "2026-10-01")["date"] == "2026-10-01"
    assert pages[0].read_bytes() == pages[1].read_bytes() and pages[2].read_bytes().startswith(b"%PDF")
    assert north.refused("monitor", "bulletin", str(tmp_path / "u.pdf"), "--lang", "ur") == "bad-language"


def test_a_list_of_blind_spots_goes_from_the_command_to_a_map(pack: Path, tmp_path: Path) -> None:
    """What one command prints the other takes, without a node: sources, age and interval included."""
    from typer.testing import CliRunner

    from hamsaya.adapters.regionpack import load_pack
    from hamsaya.cli.main import app
    from hamsaya.monitor.types import centre

    places = [centre(gid) for gid in sorted(load_pack(pack).areas)[:4]]
    rows = [f"{year}{month:02}{at},{year}-{month:02}-03,{year}-{month:02}-04,{lat},{lon},1,2,1,3"
            for year in range(2008, 2020) for month in range(1, 13)
            for at, (lon, lat) in enumerate(places) if (month + year) % (at + 2) == 0]
    file, blind, out = (tmp_path / name for name in ("i.csv", "b.json", "b.geojson"))
    file.write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["monitor", "blind-spots", str(file), "--month", "2019-12", "--pack", str(pack),
                                   "--limit", "3", "--json"])
    assert run.exit_code == 0, run.output
    blind.write_text(run.stdout, encoding="utf-8")
    run = CliRunner().invoke(app, ["monitor", "export", "--what", "blind-spots", "--from", str(blind), "--format",
                                   "geojson", str(out), "--dir", str(tmp_path / "none"), "--json"])
    assert run.exit_code == 0, run.output
    plain = json.loads(out.read_text(encoding="utf-8"))
    assert len(plain["features"]) == 3 and plain["as_of"] == "end of 2019-12"
    for one in plain["features"]:
        assert 0 <= one["properties"]["unseen_low"] <= one["properties"]["unseen_high"] <= 1
        assert one["properties"]["hatch"] == "blind" and "times in a hundred" in one["properties"]["in_words"]
    assert "taken as unknown" in " ".join(plain["notices"]) and any("CC BY 4.0" in each for each in plain["sources"])


def test_wrong_usage_is_told(in_force: Pair, tmp_path: Path) -> None:
    """Zones come from a file, a picture does not, and a bulletin is a page or a print."""
    north, _ = in_force
    for words in (("export", "--what", "alerts", "--blind-spots", __file__, "--format", "svg", str(tmp_path / "a.svg")),
                  ("export", "--what", "zones", "--format", "svg", str(tmp_path / "z.svg")),
                  ("bulletin", str(tmp_path / "b.docx")),
                  ("bulletin", str(tmp_path / "b.html"), "--date", "yesterday")):
        assert north.run("monitor", *words).exit_code == 2
