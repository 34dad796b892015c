"""Incident files by command: what is reported, what is left out and why, and one picture on both sides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hamsaya.adapters.regionpack import load_pack
from hamsaya.monitor.types import centre
from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
COLUMNS = "id,date_start,date_end,latitude,longitude,type_of_violence,best,low,high"


@pytest.fixture
def incidents(pack: Path, tmp_path: Path) -> Path:
    """Three incidents in cells of the north, one elsewhere, and one row without a number of deaths."""
    areas = load_pack(pack).areas
    own = next(gid for gid, members in sorted(areas.items()) if members == {NORTH})
    other = next(gid for gid, members in sorted(areas.items()) if members == {SOUTH})
    rows = [COLUMNS]
    events = [(own, "2019-03-02"), (own, "2019-03-20"), (own, "2019-05-01"), (other, "2019-04-04")]
    for number, (gid, day) in enumerate(events):
        longitude, latitude = centre(gid)
        rows.append(f"e{number},{day},{day},{latitude},{longitude},1,2,1,3")
    rows.append(f"bad,2019-03-02,2019-03-02,{latitude},{longitude},1,secret-word,1,3")
    path = tmp_path / "ged.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_file_becomes_counts_of_own_cells_and_one_picture_on_both_sides(
    in_force: Pair, carry: Carry, incidents: Path
) -> None:
    """Bad rows are told by line and field without their content; both nodes compute the same digest."""
    north, south = in_force
    report = north.json("monitor", "report", str(incidents))
    assert (report["incidents"], report["bad_rows"], report["rows"]) == (4, 1, 2)
    assert (report["first"], report["last"]) == ("2019-03", "2019-05")
    assert report["bad"][0].startswith("line 6, best") and "secret-word" not in report["bad"][0]
    carry(north, south)
    pictures = [desk.json("monitor", "picture") for desk in in_force]
    assert pictures[0]["digest"] == pictures[1]["digest"]
    assert pictures[0]["rows"][0]["incidents"] == [3, 3]
    south.json("monitor", "picture", "--first", "2019-03", "--last", "2019-05", "--state")
    carry(south, north)
    assert north.json("monitor", "picture")["stated"] == {SOUTH: True}


def test_strict_reports_nothing_of_a_file_with_a_bad_row(in_force: Pair, incidents: Path) -> None:
    """Who asks for all or nothing gets nothing, and the log is as it was."""
    north, _ = in_force
    before = north.json("node", "status")["log_size"]
    assert north.refused("monitor", "report", str(incidents), "--strict") == "bad-incidents"
    assert north.json("node", "status")["log_size"] == before


def test_months_outside_the_period_are_not_reported(in_force: Pair, incidents: Path) -> None:
    """--first and --last bound the report, and a dry run sends nothing."""
    period = ["--first", "2019-05", "--last", "2019-06"]
    report = in_force[0].json("monitor", "report", str(incidents), *period, "--dry-run")
    assert (report["incidents"], report["rows"], report["last"]) == (1, 1, "2019-06")
    assert in_force[0].refused("monitor", "picture") == "no-reports"


def test_a_period_without_incidents_must_be_named_to_be_reported(in_force: Pair, tmp_path: Path) -> None:
    """Silence is a statement: an empty file alone does not make it."""
    empty = tmp_path / "empty.csv"
    empty.write_text(COLUMNS + "\n")
    assert in_force[0].refused("monitor", "report", str(empty)) == "no-incidents"
    named = in_force[0].json("monitor", "report", str(empty), "--first", "2020-01", "--last", "2020-02")
    assert [part["rows"] for part in named["reports"]] == [0]


def test_a_file_that_is_no_incident_file_is_refused(in_force: Pair, tmp_path: Path) -> None:
    """The refusal names the columns that are missing."""
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    assert in_force[0].refused("monitor", "report", str(other)) == "missing-columns"


def test_a_period_that_runs_backward_is_refused(in_force: Pair) -> None:
    """Two months in the wrong order are a slip of the operator, not a defect of the node."""
    assert in_force[0].refused("monitor", "picture", "--first", "2019-05", "--last", "2019-03") == "bad-period"
