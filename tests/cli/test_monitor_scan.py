"""Detection by command: the agreed JSON, the same answer for any number of workers, refusals that say what to do."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hamsaya.cli.main import app
from tests.adapters.eventmaking import ged, text_of

PERIOD = ("--from", "2018-01-03", "--to", "2019-01-01")
FIELDS = ["lat", "lon", "radius_km", "start", "end", "observed", "expected", "statistic", "p_value"]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["monitor", *words])


def answer(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, f"{words}: {result.stdout}{result.stderr}{result.exception!r}"
    return json.loads(result.stdout)


def refused(*words: str) -> dict[str, str]:
    result = run(*words, "--json")
    assert result.exit_code == 1, f"{words}: {result.exit_code} {result.stdout}{result.stderr}"
    return dict(json.loads(result.stdout)["error"])


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A year of two countries: ten places with an incident a week or so, and a burst at one of them in December."""
    rng, rows = np.random.default_rng(3), []
    days = [*rng.integers(0, 364, 300).tolist(), *rng.integers(345, 364, 25).tolist()]
    for number, day in enumerate(days):
        place = int(rng.integers(0, 10)) if number < 300 else 4
        when = (date(2018, 1, 3) + timedelta(days=day)).isoformat()
        rows.append(ged(number, date_start=when, date_end=when, latitude=30.05 + 0.5 * (place % 5),
                        longitude=60.05 + 0.5 * (place // 5), country="Ava" if place < 5 else "Bel",
                        where_prec=5 if number % 50 == 0 else 1))
    path = tmp_path_factory.mktemp("scan") / "ged.csv"
    path.write_text(text_of(rows), encoding="utf-8")
    return str(path)


def test_the_burst_is_found_and_both_grids_agree(incidents: str) -> None:
    """Every agreed field under its name; degrees, days and whole numbers as agreed."""
    found = answer("scan", "--incidents", incidents, "--countries", "Ava,Bel", *PERIOD, "--radius-km", "40")
    top = found["clusters"][0]
    assert [name for name in top if name in FIELDS] == FIELDS
    assert (top["lat"], top["lon"], top["end"], top["p_value"]) == (32.05, 60.05, "2019-01-01", 0.001)
    assert top["start"] >= "2018-12-01" and top["observed"] >= 25 and top["expected"] < 10 and top["states"] == ["Ava"]
    assert top["alert"] and top["grids_agree"] and found["grids"] == 2 and found["cpu_seconds"] > 0
    assert found["cases"] == 325 and not any(one["alert"] for one in found["clusters"][1:])


def test_choices_choose(incidents: str) -> None:
    """Countries by comma, repeated or after each other; imprecise incidents left out; workers that change nothing."""
    base = ("scan", "--incidents", incidents, *PERIOD, "--radius-km", "40", "--replicates", "99", "--one-grid")
    both = [answer(*base, *words) for words in (
        ("--countries", "Ava", "--countries", "Bel", "--workers", "1"),
        ("--countries", "Ava", "Bel", "--workers", "3"))]
    assert both[0]["clusters"] == both[1]["clusters"] and both[0]["grids"] == 1
    assert answer(*base, "--countries", "Bel")["cases"] < 200
    assert answer(*base, "--precise")["imprecise"] == 7
    whole = answer(*base, "--mode", "retrospective")["clusters"]
    assert whole[0]["recurrence_days"] is None and whole[0]["start"] >= "2018-12-01"
    early = answer(*base, "--stop-after", "3", "--countries", "Bel", "--replicates", "999")
    assert early["stopped_early"] == (early["replicates"] < 999)


def test_case_files_and_a_baseline(tmp_path: Path) -> None:
    """Places and cases as given; with a baseline a cluster is what exceeds it."""
    geo, cas, exp = (tmp_path / name for name in ("a.geo", "a.cas", "a.exp"))
    geo.write_text("".join(f"L{number} {30 + number} 60\n" for number in range(4)), encoding="utf-8")
    weeks = [date(2018, 1, 3) + timedelta(days=7 * week) for week in range(10)]
    cas.write_text("".join(f"L{number} {5 if number == 0 else 1} {week:%Y/%m/%d}\n" for number in range(4)
                           for week in weeks) + f"L2 9 {weeks[-1]:%Y/%m/%d}\n", encoding="utf-8")
    exp.write_text("".join(f"L{number} {5 if number == 0 else 1} {week}\n" for number in range(4) for week in weeks),
                   encoding="utf-8")
    words = ("scan", "--cases", str(cas), "--coordinates", str(geo), "--from", "2018-01-03", "--to", "2018-03-13",
             "--radius-km", "50", "--replicates", "199")
    for more in ((), ("--baseline", str(exp)), ("--baseline", str(exp), "--spread", "0.2")):
        top = answer(*words, *more)["clusters"][0]
        assert (top["lat"], top["start"], top["end"], top["observed"]) == (32.0, "2018-03-07", "2018-03-13", 10)
        assert top["p_value"] <= 0.05 and top["grids_agree"] is None
    assert answer(*words, "--baseline", str(exp))["clusters"][0]["expected"] == pytest.approx(1.0)
    exp.write_text(f"L0 1 {weeks[0]}\n", encoding="utf-8")
    assert refused(*words, "--baseline", str(exp))["code"] == "missing-means"


def test_what_cannot_be_scanned_is_refused_with_the_next_step(incidents: str, tmp_path: Path) -> None:
    """Unknown country, period that runs backward, no file or two kinds of them, nothing in the period."""
    assert refused("scan", "--incidents", incidents, "--countries", "Cel", *PERIOD)["code"] == "unknown-country"
    for first in ("2019-01-02", "2019", "2018-02-30"):
        assert refused("scan", "--incidents", incidents, "--from", first, "--to", "2019-01-01")["code"] == "bad-period"
    nowhere = refused("scan", *PERIOD, "--store", str(tmp_path / "nowhere"))
    assert nowhere["code"] == "no-incidents" and "monitor ingest" in nowhere["message"]
    assert run("scan", *PERIOD, "--incidents", incidents, "--spread", "0.5").exit_code == 2
    assert run("scan", *PERIOD, "--incidents", incidents, "--cases", incidents).exit_code == 2
    empty = answer("scan", "--incidents", incidents, "--from", "1999-01-01", "--to", "1999-12-31")
    assert empty["clusters"] == [] and empty["outside"] == 325


def test_bad_rows_are_never_left_out_in_silence(incidents: str, tmp_path: Path) -> None:
    """A file that is half broken gives a scan of its other half: the reader of the answer must know."""
    torn = tmp_path / "torn.csv"
    torn.write_text(Path(incidents).read_text(encoding="utf-8").replace(",32.05,", ",,"), encoding="utf-8")
    words = ("--incidents", str(torn), *PERIOD)
    found = answer("scan", *words, "--replicates", "9")
    assert found["bad_rows"] > 50 and found["bad_rows"] + found["cases"] == 325
    for command in (("scan", "--replicates", "9"), ("contagion", "--replicates", "0"),
                    ("trend", "--watch-from", "2018-06-01")):
        said = run(*command, *words).stderr
        assert f"{found['bad_rows']} bad rows were left out" in said, f"{command}: {said}"


def test_zones_are_told_from_look_to_look(incidents: str) -> None:
    """A zone is born with the burst; the table names it."""
    words = ("zones", "--incidents", incidents, "--from", "2018-11-20", "--to", "2019-01-01", "--window-days", "322",
             "--radius-km", "40", "--replicates", "199", "--level", "0.01", "--step-days", "14")
    told = answer(*words)
    assert len(told["looks"]) == 4 and told["looks"][-1]["day"] == "2019-01-01"
    (zone,) = told["zones"]
    assert zone["since"] > "2018-12-01" and zone["area_km2"] >= 25 and abs(zone["lat"] - 32.05) < 0.3
    assert "born" in run(*words).stdout and zone["label"] in run(*words).stdout


def test_cells_of_high_risk_are_joined_to_the_zones(incidents: str, tmp_path: Path) -> None:
    """A forecast's contour is a zone of its own at the last look; a bad line is told."""
    words = ("zones", "--incidents", incidents, "--from", "2018-12-20", "--to", "2019-01-01", "--window-days", "322",
             "--radius-km", "40", "--replicates", "19", "--level", "0.0", "--risk", str(tmp_path / "risk.csv"))
    (tmp_path / "risk.csv").write_text("gid,risk\n170763,0.6\n170764,0.7\n170800,0.2\n", encoding="utf-8")
    (zone,) = answer(*words)["zones"]
    assert zone["cells"] == 8 and zone["since"] == "2019-01-01" and zone["area_km2"] > 4000
    (tmp_path / "risk.csv").write_text("170763,6\n", encoding="utf-8")
    assert refused(*words)["code"] == "bad-risk"


def test_contagion_by_command(incidents: str) -> None:
    """Ratio and interval; too few incidents are refused."""
    told = answer("contagion", "--incidents", incidents, *PERIOD, "--replicates", "10")
    assert told["interval"][0] <= told["interval"][1] and 0 <= told["branching"] < 0.8 and told["incidents"] == 325
    few = refused("contagion", "--incidents", incidents, "--from", "2018-01-03", "--to", "2018-01-09")
    assert few["code"] == "too-few" and "at least 30" in few["message"]


def test_a_nowcast_of_a_table_of_reports(tmp_path: Path) -> None:
    """The newest week is filled up; bad rows are told by line and field."""
    path, rows = tmp_path / "reports.csv", ["event,reported,area"]
    for week in range(30):
        for number in range(20):
            event = date(2019, 1, 7) + timedelta(days=7 * week)
            rows.append(f"{event},{event + timedelta(days=7 * (number % 4))},north")
    path.write_text("\n".join(rows), encoding="utf-8")
    (told,) = answer("nowcast", str(path), "--as-of", "2019-08-04", "--bins", "30", "--longest", "6")["series"]
    newest = told["bins"][-1]
    assert told["area"] == "north" and newest["reported"] == 5 and newest["share"] == pytest.approx(0.25, abs=0.03)
    assert newest["low"] < 20 < newest["high"] and told["bins"][0]["median"] == 20
    path.write_text("event,reported\n2019-01-02,2019-01-01\n", encoding="utf-8")
    assert "line 2, reported" in refused("nowcast", str(path), "--as-of", "2019-08-04")["message"]
    path.write_text("event,when\n", encoding="utf-8")
    assert refused("nowcast", str(path), "--as-of", "2019-08-04")["code"] == "missing-columns"


def test_rises_and_trends_by_country_and_by_corridor(incidents: str, tmp_path: Path) -> None:
    """The burst is a rise of Ava's, not of Bel's; a corridor is a list of cells."""
    words = ("trend", "--incidents", incidents, *PERIOD, "--watch-from", "2018-09-05")
    ava, bel = answer(*words)["series"]
    assert ava["series"] == "Ava" and ava["rises"][-1]["began"] > "2018-11-20" and ava["rises"][-1]["factor"] > 1.5
    assert bel["trend"]["low"] < 1 < bel["trend"]["high"]
    areas = tmp_path / "areas.csv"
    areas.write_text("area,gid\nroad,175441\nroad,176161\n", encoding="utf-8")
    assert [one["series"] for one in answer(*words, "--areas", str(areas))["series"]] == ["road"]
    areas.write_text("road,0\n", encoding="utf-8")
    assert refused(*words, "--areas", str(areas))["code"] == "bad-areas"
    short = refused("trend", "--incidents", incidents, *PERIOD, "--watch-from", "2018-01-10")
    assert short["code"] == "short-reference"
