"""``compliance visits``: from a file, from a node's own commitments, and calendars that stay with their holder."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Desk
from tests.cli.test_verification import COMMITMENT

Pair = tuple[Desk, Desk]
EXAMPLE = Path(__file__).parents[2] / "examples" / "visits.json"


def test_the_example_is_planned_by_each_aim(pair: Pair) -> None:
    """Each aim guarantees more and costs more; the share of uniform visiting stands beside it, whatever it is."""
    views = {aim: pair[0].json("compliance", "visits", str(EXAMPLE), "--aim", aim)
             for aim in ("average", "bounds", "each")}
    costs = [view["cost"] for view in views.values()]
    assert costs == sorted(costs) and all(0.0 < view["share"] <= 1.0 for view in views.values())
    assert views["average"]["detection"] == pytest.approx(0.9)
    assert views["bounds"]["at_worst"] == pytest.approx(0.9) and views["average"]["at_worst"] < 0.8
    assert views["each"]["least"] == pytest.approx(0.9)
    assert views["average"]["weakest"] == "market" and views["average"]["sites"][2]["short"]
    assert pair[0].json("compliance", "visits", str(EXAMPLE), "--floor", "0.8")["least"] >= 0.8


def test_it_is_said_plainly_where_little_is_saved(pair: Pair, tmp_path: Path) -> None:
    """Above 60 percent a sentence says why; where sites are alike nothing is saved; below, no excuse is made."""
    def said(*breaches: float) -> str:
        file = tmp_path / "sites.json"
        file.write_text(json.dumps({"sites": [{"site": f"s{n}", "breach": p, "detect": 0.5}
                                              for n, p in enumerate(breaches)]}), encoding="utf-8")
        return pair[0].run("compliance", "visits", str(file)).stdout

    assert "Nothing is saved" in said(0.05, 0.05) and "above 60%" in said(0.05, 0.1)
    few = said(0.9, 0.01, 0.01, 0.01, 0.01)
    assert "above" not in few and "Nothing is saved" not in few and "A suggestion" in few


def test_a_calendar_stays_with_its_holder_and_can_be_checked(pair: Pair, tmp_path: Path) -> None:
    """Dates go to a private file; what is printed is a digest. A date that was moved shows, and so does a bent rate."""
    held = tmp_path / "calendar.json"
    words = ["compliance", "visits", str(EXAMPLE), "--calendar", str(held), "--start", "2026-03-01", "--days", "60"]
    told = pair[0].run(*words)
    assert told.exit_code == 0 and "2026-" not in told.stdout
    assert held.stat().st_mode & 0o777 == 0o600
    file = json.loads(held.read_text(encoding="utf-8"))
    assert {site for _, site in file["visits"]} <= {"pass", "bridge", "market"}
    assert all(0 <= (date.fromisoformat(day) - date(2026, 3, 1)).days < 60 for day, _ in file["visits"])
    view = pair[0].json("compliance", "visits", "--check", str(held))
    assert view["as_drawn"] and view["digest"] in told.stdout
    # The same seed gives the same calendar elsewhere.
    again = pair[0].json(*words[:4], str(tmp_path / "again.json"), *words[5:], "--seed", file["seed"])
    assert again["calendar"]["digest"] == view["digest"]
    for change in ({"visits": file["visits"][1:]}, {"per_day": {**file["per_day"], "pass": 0.5}}):
        held.write_text(json.dumps({**file, **change}), encoding="utf-8")
        changed = pair[0].json("compliance", "visits", "--check", str(held))
        assert not changed["as_drawn"] and (changed["digest"] == view["digest"]) == ("visits" in change)
    assert pair[0].refused(*words) == "bad-file", "a calendar never overwrites another file"


def test_bad_files_and_options_are_told_in_a_sentence(pair: Pair, tmp_path: Path) -> None:
    """A site without a chance to see, a probability above one, a date of another calendar, a guessable seed."""
    file = tmp_path / "sites.json"
    good: dict[str, Any] = {"site": "a", "breach": 0.1, "detect": 0.5}
    for bad in ({**good, "breach": 1.5}, {**good, "detect": 0}, {**good, "cost": -1}, {**good, "days": 0},
                {**good, "breach": [0.3, 0.2]}, {"site": "a"}):
        file.write_text(json.dumps({"sites": [bad]}), encoding="utf-8")
        assert pair[0].refused("compliance", "visits", str(file)) == "bad-file"
    out = ["--calendar", str(tmp_path / "c.json")]
    assert pair[0].run("compliance", "visits", str(EXAMPLE), *out).exit_code == 2
    hijri = pair[0].run("compliance", "visits", str(EXAMPLE), *out, "--start", "1405-09-01")
    assert hijri.exit_code == 2 and "calendar" in hijri.stderr
    assert pair[0].refused("compliance", "visits", str(EXAMPLE), *out, "--start", "2026-03-01", "--seed", "00ff"
                           ) == "bad-figure"
    assert not (tmp_path / "c.json").exists()
    file.write_text(json.dumps({"seed": "zz", "start": "1405-09-01", "days": 9, "per_day": {}, "visits": []}))
    assert pair[0].refused("compliance", "visits", "--check", str(file)) == "bad-file"


def test_a_node_suggests_rates_for_its_own_commitments(in_force: Pair, tmp_path: Path) -> None:
    """P(breach) is the live one, days and detection are the commitment's; nothing is sent and nothing else changes."""
    north, _ = in_force
    assert north.refused("compliance", "visits") == "no-sites"
    terms = tmp_path / "k.toml"
    fitting = COMMITMENT.replace('"ir", bloc = "southern-asia"', '"tm", bloc = "central-asia"')
    for ref, changed in (("K-1", fitting), ("K-2", fitting.replace("timeliness_days = 10", "timeliness_days = 30")),
                         ("K-3", fitting.replace("required_detection = 0.8", "required_detection = 1.0"))):
        terms.write_text(changed.replace("K-1", ref))
        north.json("compliance", "declare", str(terms))
    before = north.json("log", "show")
    view = north.json("compliance", "visits")
    status = {each["commitment"]: each["posterior"] for each in north.json("compliance", "status")}
    rows = {row["site"]: row for row in view["sites"]}
    assert set(rows) == {"K-1", "K-2"} and "certain" in view["left_out"]["K-3"]
    assert rows["K-1"]["breach"] == status["K-1"]["breach"] and rows["K-1"]["required"] == 0.8
    assert rows["K-1"]["days"] == 10 and rows["K-1"]["per_year"] > rows["K-2"]["per_year"] > 0.0
    assert view["detection"] == pytest.approx(0.8) and view["cost_unit"] == "million US$"
    assert north.json("log", "show") == before


def test_a_chart_is_drawn(pair: Pair, tmp_path: Path) -> None:
    """The rates beside uniform visiting, as a file a person can look at."""
    chart = tmp_path / "visits.svg"
    pair[0].json("compliance", "visits", str(EXAMPLE), "--figure", str(chart))
    assert "<svg" in chart.read_text(encoding="utf-8")
