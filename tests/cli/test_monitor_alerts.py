"""Alerts and assessments by command: shown first, raised under a budget, answered, listed with their record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hamsaya.adapters.regionpack import load_pack
from hamsaya.base.instants import DAY
from hamsaya.monitor.alerts_rules import month_of
from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]


@pytest.fixture
def cells(pack: Path) -> list[int]:
    """Three cells of the south, then one outside the annex."""
    areas = load_pack(pack).areas
    return [*[gid for gid, who in sorted(areas.items()) if who == {SOUTH}][:3], 7]


def forecast(path: Path, now: int, rows: dict[int, tuple[float, float, int]]) -> Path:
    """A forecast file; by cell: conflictology's chance, the kernel tier's chance, conflictology's upper bound."""
    month = month_of(now + 40 * DAY)
    table = [(tier, gid, month, old if tier == "conflictology" else new, 0, high)
             for tier in ("conflictology", "kernel") for gid, (old, new, high) in rows.items()]
    columns = {name: [row[place] for row in table]
               for place, name in enumerate(("tier", "gid", "month", "chance", "low", "high"))}
    columns["exceed"] = [[row[3], row[3] / 2, row[3] / 4] for row in table]
    path.write_text(json.dumps({"origin": month_of(now - 32 * DAY), "release": "11" * 32, "counts": [1, 3, 10],
                                "data": {"digest": "22" * 32}, "columns": columns}), encoding="utf-8")
    return path


def test_alerts_from_a_forecast(in_force: Pair, carry: Carry, tmp_path: Path, cells: list[int]) -> None:
    """What --dry-run shows is what is raised; the other end answers; both lists are the same."""
    north, south = in_force
    now = north.json("node", "status")["now"]
    file = forecast(tmp_path / "f.json", now, {
        cells[0]: (0.0, 0.6, 0), cells[1]: (0.0, 0.5, 0), cells[2]: (0.5, 0.9, 2), cells[3]: (0.0, 0.9, 0)})
    words = ("monitor", "alerts", "raise", "--kind", "onset", "--from-forecast", str(file), "--budget", "1")
    shown = north.json(*words, "--dry-run")
    assert [one["cells"] for one in shown["alerts"]] == [[cells[0]]] and shown["sent"] == []
    assert (shown["outside"], shown["left_out"], shown["threshold"]) == (1, 1, 0.6)
    assert shown["record"] == "no onset alert has been resolved yet"
    raised = north.json(*words, "--ask", "verify", "--ask", "joint-visit-offer")
    (alert,) = raised["alerts"]
    assert len(raised["sent"]) == 1 and alert["asked"][0][:2] == [SOUTH, "joint-visit-offer"]
    assert north.json(*words)["alerts"] == [], "the budget of the month is spent"
    carry(north, south)
    south.json("monitor", "alerts", "answer", alert["alert"], "--action", "verify", "--declined", "no-access")
    assert south.refused("monitor", "alerts", "answer", alert["alert"], "--action", "verify") == "already-answered"
    carry(south, north)
    lists = [desk.json("monitor", "alerts", "list") for desk in in_force]
    assert lists[0]["alerts"] == lists[1]["alerts"] and lists[0]["lot"] == lists[1]["lot"]
    (view,) = lists[0]["alerts"]
    assert (view["by"], view["resolution"]["outcome"]) == (NORTH, "open")
    assert [one["reason"] for one in view["asked"]] == [None, "no-access"]
    assert [rate["kind"] for rate in north.json("monitor", "alerts", "record")] == ["escalation", "onset", "cluster"]
    text = north.run("monitor", "alerts", "list").stdout
    assert "no onset alert has been resolved yet" in text and "equal attention" in text


def test_an_escalation_is_more_than_history_s_interval_holds(in_force: Pair, tmp_path: Path, cells: list[int]) -> None:
    """Two deaths are the upper bound of the last months, so three would come true; quiet cells are no matter."""
    north, _ = in_force
    now = north.json("node", "status")["now"]
    file = forecast(tmp_path / "f.json", now, {cells[0]: (0.0, 0.6, 0), cells[2]: (0.5, 0.9, 2)})
    (alert,) = north.json("monitor", "alerts", "raise", "--kind", "escalation", "--from-forecast", str(file),
                          "--budget", "5", "--dry-run")["alerts"]
    assert (alert["cells"], alert["at_least"], alert["basis"]["chance"]) == ([cells[2]], 3, 0.45)


def test_a_cluster_from_a_scan(in_force: Pair, tmp_path: Path, cells: list[int]) -> None:
    """Only what the scan lets alert; the bar is what it expects in as long a time."""
    north, _ = in_force
    from hamsaya.monitor.types import centre

    longitude, latitude = centre(cells[1])
    one = {"lat": latitude, "lon": longitude, "radius_km": 0.0, "start": "2025-01-01", "end": "2025-01-28",
           "observed": 12, "expected": 4.0, "statistic": 9.1, "p_value": 0.001, "recurrence_days": 7000.0,
           "alert": True}
    answer = {"clusters": [one, {**one, "alert": False}], "unit_days": 7, "seed": 1, "replicates": 999, "grids": 2,
              "from": "2023-02-01", "to": "2025-01-28", "cpu_seconds": 1.25}
    file = tmp_path / "scan.json"
    file.write_text(json.dumps(answer), encoding="utf-8")
    words = ("monitor", "alerts", "raise", "--kind", "cluster", "--from-scan", str(file), "--budget", "5", "--dry-run")
    (alert,) = north.json(*words)["alerts"]
    assert alert["cells"] == [cells[1]] and 4 < alert["at_least"] < 7 and alert["measure"] == "incidents"
    file.write_text(json.dumps({**answer, "cpu_seconds": 9.5}), encoding="utf-8")
    assert north.json(*words)["alerts"][0]["vintage"] == alert["vintage"], "how long it took is no part of the data"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"columns": 3}', '{"origin": 1, "release": "zz", "columns": {}}',
                                  '{"origin": "x", "release": "11", "counts": [1], "data": {"digest": "22"}, "columns":'
                                  ' {"tier": ["kernel"], "gid": [1], "month": ["2026-01"], "chance": [0], "low": [0],'
                                  ' "high": [0], "exceed": [[0]]}}',
                                  '{"origin": "2026-01", "release": "11", "counts": [1], "data": {"digest": "22"},'
                                  ' "columns": {"exceed": [[0]]}}'])
def test_what_is_no_forecast_is_refused(in_force: Pair, tmp_path: Path, text: str) -> None:
    """By name, without a traceback, and nothing is sent."""
    file = tmp_path / "f.json"
    file.write_text(text, encoding="utf-8")
    for kind, option in (("onset", "--from-forecast"), ("cluster", "--from-scan")):
        assert in_force[0].refused("monitor", "alerts", "raise", "--kind", kind, option, str(file),
                                   "--budget", "5") == "bad-file"


def test_wrong_usage_is_told(in_force: Pair, tmp_path: Path) -> None:
    """A cluster comes from a scan, and an ask is of the closed list."""
    file = tmp_path / "f.json"
    file.write_text("{}", encoding="utf-8")
    words = ("monitor", "alerts", "raise", "--budget", "5", "--from-forecast", str(file))
    assert in_force[0].run(*words, "--kind", "cluster").exit_code == 2
    assert in_force[0].run(*words, "--kind", "onset", "--ask", "arrest").exit_code == 2


ASSESSMENT = """
assessment = "kz/S-1"
title = "EXERCISE: the shore in spring"
first = "2026-01"
last = "2026-06"
cells = [{cell}]
text = ["EXERCISE: it has been quiet.", "EXERCISE: it may not stay so."]
confidence = "likely"
[[sources]]
title = "EXERCISE counts"
licence = "CC BY 4.0"
digest = "{digest}"
"""


def test_an_assessment_and_a_dissent(in_force: Pair, carry: Carry, tmp_path: Path, cells: list[int]) -> None:
    """Two persons sign each; the dissent stands beside the text at both ends."""
    north, south = in_force
    file = tmp_path / "a.toml"
    file.write_text(ASSESSMENT.format(cell=cells[0], digest="33" * 32), encoding="utf-8")
    waits = north.json("monitor", "assess", str(file))
    assert waits["missing"] == [["releaser"]], "free text leaves with a second person's signature"
    north.json("monitor", "assess", str(file), *north.second)
    carry(north, south)
    assert south.refused("monitor", "concur", "kz/S-2") == "unknown-assessment"
    south.json("monitor", "concur", "kz/S-1", "--dissent", "EXERCISE: we see it otherwise.", *south.second)
    carry(south, north)
    held = [desk.json("monitor", "assessments") for desk in in_force]
    assert held[0] == held[1] and held[0][0]["stances"][0]["stance"] == "dissent"
    text = north.run("monitor", "assessments").stdout
    assert "likely (55 to 80 %)" in text and "we see it otherwise" in text
    file.write_text(ASSESSMENT.format(cell=cells[0], digest="no digest"), encoding="utf-8")
    assert north.refused("monitor", "assess", str(file)) == "bad-file"
