"""What belongs together is joined: scans, nowcasts and blind spots of the store, forecasts as baseline and as risk."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hamsaya.adapters.regionpack import load_pack
from hamsaya.base.errors import OperatorError
from hamsaya.node.alerting import candidates_of_forecast
from tests.adapters.eventmaking import ged, text_of
from tests.cli.analyst import Analyst

pytest.importorskip("pyarrow")
START = date(2018, 1, 3)
PERIOD = ("--from", "2018-01-03", "--to", "2019-01-01")
WEEKS = 52


def incident(number: int, day: int, place: int) -> dict[str, Any]:
    """Ten places half a degree apart, five a state; the states lie side by side."""
    when = (START + timedelta(days=day)).isoformat()
    return ged(number, date_start=when, date_end=when, latitude=30.3 + 0.5 * (place % 5),
               longitude=60.3 + 2.0 * (place // 5), country="Ava" if place < 5 else "Bel", best=1, low=1, high=1)


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Analyst:
    """A year, taken in every fortnight: Ava reports within days, Bel with four weeks' delay on average."""
    one, rng = Analyst(tmp_path_factory.mktemp("join")), np.random.default_rng(3)
    day, place = rng.integers(0, 364, 1200), rng.integers(0, 10, 1200)
    known = day + np.where(place < 5, rng.exponential(2, 1200), rng.exponential(28, 1200))
    before = -1
    for number, vintage in enumerate(range(13, 364, 14)):
        rows = [incident(row, int(day[row]), int(place[row])) for row in
                np.flatnonzero((known > before) & (known <= vintage)).tolist()]
        one.take_in(f"part{number}.csv", rows, (START + timedelta(days=vintage)).isoformat())
        before = vintage
    return one


NOW = ("--as-of", "2019-01-01")


def test_a_nowcast_of_the_store_tells_the_states_apart(analyst: Analyst) -> None:
    """First vintages are the reports: Bel's last weeks are mostly unknown yet, Ava's are not."""
    told = analyst.json("nowcast", *NOW, "--bins", "8", "--unit-days", "14", "--by", "country")
    assert (told["source"], told["vintages"], told["last_vintage"]) == ("ucdp", 26, "2019-01-01")
    ava, bel = told["series"]
    assert (ava["area"], bel["area"]) == ("Ava", "Bel")
    newest = ava["bins"][-1], bel["bins"][-1]
    assert newest[0]["share"] > 0.7 and newest[1]["share"] < 0.4
    assert newest[1]["share_low"] < newest[1]["share"] < newest[1]["share_high"]
    assert newest[1]["low"] > newest[1]["reported"] and newest[1]["low"] < 23 < newest[1]["high"]
    (whole,) = analyst.json("nowcast", *NOW, "--bins", "8", "--unit-days", "14")["series"]
    assert whole["bins"][-1]["reported"] == sum(one["reported"] for one in newest) and whole["area"] == ""
    past = analyst.json("nowcast", "--as-of", "2018-10-09", "--bins", "4", "--unit-days", "14")
    assert past["last_vintage"] == "2018-10-09" and past["vintages"] == 20


def test_too_few_vintages_name_the_next_step(analyst: Analyst, tmp_path: Path) -> None:
    """One update teaches no delay; a scan of such a store goes on and says so; a file needs its day."""
    early = analyst.refused("nowcast", "--as-of", "2018-02-01")
    assert early["code"] == "too-few-vintages" and "--as-of DATE" in early["message"]
    assert "received 2" in early["message"]
    scanned = analyst.json("scan", "--from", "2018-01-03", "--to", "2018-01-30", "--as-of", "2018-02-01",
                           "--replicates", "19")
    assert scanned["nowcast"]["done"] == "nothing" and "4 vintages" in scanned["nowcast"]["why"]
    assert analyst.run("nowcast", str(next(analyst.folder.glob("*.csv")))).exit_code == 2
    assert Analyst(tmp_path).refused("nowcast")["code"] == "no-incidents"


def test_a_slow_state_makes_no_cluster_of_its_neighbour(analyst: Analyst) -> None:
    """Bare, Ava's last weeks look like an outbreak beside Bel's; with the nowcast nothing does, and both say so."""
    words = ("scan", *PERIOD, *NOW, "--radius-km", "150", "--replicates", "199", "--unit-days", "14", "--cell", "0.5")
    bare, healed = analyst.json(*words, "--no-nowcast"), analyst.json(*words)
    assert bare["nowcast"]["done"] == "off" and healed["nowcast"]["done"] == "within-states"
    assert bare["clusters"][0]["p_value"] <= 0.01 and bare["clusters"][0]["states"] == ["Ava"]
    assert bare["clusters"][0]["alert"]
    assert all(one["p_value"] > 0.05 for one in healed["clusters"])
    assert healed["cases"] == bare["cases"] and healed["store"]["source"] == "ucdp"
    newest = [one for one in healed["nowcast"]["bins"] if one["to"] == "2019-01-01"]
    assert [one["state"] for one in newest] == ["Ava", "Bel"]
    assert all(one["low"] <= one["share"] <= one["high"] for one in newest) and newest[1]["share"] < 0.4
    result = analyst.run(*words)
    assert "within-states" in result.stderr and "Not reported whole yet" in result.stdout


def test_a_burst_is_found_through_the_nowcast(analyst: Analyst, tmp_path: Path) -> None:
    """A true rise at one place of a state stands out among that state's own cases."""
    rows = [incident(5000 + number, 360, 2) for number in range(15)]
    path = tmp_path / "burst.csv"
    path.write_text(text_of(rows), encoding="utf-8")
    store = tmp_path / "store"
    for number, part in enumerate(sorted(analyst.folder.glob("part*.csv"), key=lambda one: int(one.stem[4:]))):
        known = (START + timedelta(days=13 + 14 * number)).isoformat()
        analyst.json("ingest", str(part), "--format", "ucdp-candidate", "--as-of", known, "--covers",
                     "1990-01:1990-01", "--store", str(store))
    analyst.json("ingest", str(path), "--format", "ucdp-candidate", "--as-of", "2019-01-01", "--covers",
                 "1990-01:1990-01", "--store", str(store))
    found = analyst.json("scan", *PERIOD, *NOW, "--radius-km", "30", "--replicates", "199", "--unit-days", "14",
                         "--cell", "0.5", "--store", str(store))
    top = found["clusters"][0]
    assert found["nowcast"]["done"] == "within-states" and top["p_value"] <= 0.01
    assert (top["lat"], top["lon"], top["states"]) == (31.25, 60.25, ["Ava"])


def test_one_state_alone_and_old_periods_need_no_correction(analyst: Analyst) -> None:
    """The plain permutation, and why."""
    words = ("scan", *NOW, "--replicates", "19", "--cell", "0.5", "--one-grid")
    one = analyst.json(*words, *PERIOD, "--countries", "Ava")
    assert one["nowcast"]["done"] == "not-needed" and "one state" in one["nowcast"]["why"]
    old = analyst.json(*words, "--from", "2018-01-03", "--to", "2018-05-01", "--unit-days", "14")
    assert old["nowcast"]["done"] == "not-needed" and old["nowcast"]["bins"] == []


def test_several_sources_are_not_mixed(analyst: Analyst, tmp_path: Path) -> None:
    """Two sources tell of the same incidents: one must be named."""
    one = Analyst(tmp_path)
    one.take_in("a.csv", [incident(1, 3, 0)], "2018-02-01")
    path = tmp_path / "b.csv"
    path.write_text("id,start,lat,lon,violence,best\n1,2018-01-05,30.1,60.1,1,2\n", encoding="utf-8")
    one.json("ingest", str(path), "--format", "csv", "--as-of", "2018-02-01")
    assert one.refused("scan", *PERIOD)["code"] == "several-sources"
    assert one.json("scan", *PERIOD, "--source", "ucdp")["cases"] == 1
    assert one.json("scan", *PERIOD, "--no-nowcast")["cases"] == 2
    assert one.refused("nowcast", "--source", "nobody")["code"] == "unknown-source"


def test_zones_contagion_and_trend_read_the_store(analyst: Analyst) -> None:
    """No file is carried between commands."""
    assert analyst.json("contagion", *PERIOD, *NOW, "--replicates", "0")["incidents"] > 1000
    ava, bel = analyst.json("trend", *PERIOD, *NOW, "--watch-from", "2018-09-05")["series"]
    assert (ava["series"], bel["series"]) == ("Ava", "Bel")
    told = analyst.json("zones", "--from", "2018-12-20", "--to", "2019-01-01", "--window-days", "300", *NOW,
                        "--replicates", "19", "--level", "0.0")
    assert told["zones"] == [] and len(told["looks"]) == 1


# -- forecasts ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], str]:
    """Files of seven years of 25 cells: two are always bad, the others quiet; a rise of so many in the last weeks."""
    folder = tmp_path_factory.mktemp("years")
    rng = np.random.default_rng(11)
    mean = np.where(np.isin(np.arange(25), (6, 18)), 12.0, 0.4)
    counts = rng.negative_binomial(2, 1 / (1 + mean / 2), (84, 25))
    rows = []
    for month, cell in zip(*np.nonzero(counts), strict=True):
        for _ in range(counts[month, cell]):
            rows.append((int(month), int(cell), int(rng.integers(1, 29))))

    def made(rise: int) -> str:
        path = folder / f"rise{rise}.csv"
        late = [(83, 12, int(day)) for day in np.random.default_rng(1).integers(15, 29, rise)]
        path.write_text(text_of([
            ged(number, date_start=f"{2012 + month // 12}-{month % 12 + 1:02}-{day:02}",
                date_end=f"{2012 + month // 12}-{month % 12 + 1:02}-{day:02}", latitude=30.2 + 0.5 * (cell // 5),
                longitude=60.2 + 0.5 * (cell % 5), best=1, low=1, high=1)
            for number, (month, cell, day) in enumerate([*rows, *late])]), encoding="utf-8")
        return str(path)

    return made


SCAN = ("--from", "2018-07-01", "--to", "2018-12-31", "--radius-km", "60", "--replicates", "99")


def test_our_own_forecast_is_the_baseline(years: Callable[[int], str], tmp_path: Path) -> None:
    """A planted rise is found and the places that are always bad are not; without a rise nothing is."""
    quiet = Analyst(tmp_path).json("scan", "--incidents", years(0), "--baseline", "forecast", *SCAN)
    assert quiet["baseline"]["forecast"] == "2018-06" and quiet["baseline"]["tier"] == "kernel"
    assert quiet["baseline"]["expected"] == pytest.approx(quiet["cases"], rel=0.5) and quiet["places"] == 25
    assert not any(one["p_value"] <= 0.05 for one in quiet["clusters"]) and "nowcast" not in quiet
    risen = Analyst(tmp_path).json("scan", "--incidents", years(25), "--baseline", "forecast", *SCAN)
    top = risen["clusters"][0]
    assert top["p_value"] <= 0.02 and top["end"] == "2018-12-31" and top["grids_agree"] and top["alert"]
    assert abs(top["lat"] - 31.25) <= 0.5 and abs(top["lon"] - 61.25) <= 0.5 and top["observed"] >= 25
    assert not any((one["lat"], one["lon"]) in ((30.75, 60.75), (31.75, 61.75)) and one["p_value"] <= 0.05
                   for one in risen["clusters"])
    text = Analyst(tmp_path).run("scan", "--incidents", years(25), "--baseline", "forecast", *SCAN).stdout
    assert "forecast from" in text and "2018-06" in text


def test_what_comes_after_the_scan_begins_changes_no_expectation(years: Callable[[int], str], tmp_path: Path) -> None:
    """The baseline is of the last month before the scan: the planted rise is not in it."""
    words = ("--baseline", "forecast", *SCAN, "--region-box", "60,30,62.5,32.5", "--one-grid")
    one, other = (Analyst(tmp_path).json("scan", "--incidents", years(rise), *words) for rise in (0, 25))
    assert one["baseline"] == other["baseline"] and other["cases"] == one["cases"] + 25


def test_a_saved_forecast_is_the_same_baseline(years: Callable[[int], str], tmp_path: Path) -> None:
    """A folder of monitor forecast --target incidents; finer cells; what does not fit is refused with the next step."""
    one, box = Analyst(tmp_path), "60,30,62.5,32.5"
    made = ("forecast", "--incidents", years(25), "--origin", "2018-06", "--region-box", box, "--tiers",
            "conflictology,kernel", "--workers", "1", "--learn-months", "60")
    one.json(*made, "--target", "incidents", "--out", str(tmp_path / "counts"))
    card = (tmp_path / "counts" / "forecast-2018-06.card.md").read_text(encoding="utf-8")
    assert "Incidents by cell and month" in card and "A forecast is of incidents" in card
    words = ("scan", "--incidents", years(25), *SCAN)
    found = one.json(*words, "--baseline", str(tmp_path / "counts"))
    assert found["clusters"][0]["p_value"] <= 0.02 and found["baseline"]["forecast"] == "2018-06"
    assert 0 <= found["baseline"]["persistence"] <= 1
    fine = one.json(*words, "--baseline", str(tmp_path / "counts"), "--cell", "0.25", "--one-grid")
    assert fine["places"] == 100 and fine["baseline"]["expected"] == pytest.approx(found["baseline"]["expected"])
    assert fine["cases"] == found["cases"] and fine["clusters"][0]["p_value"] <= 0.02
    assert one.refused(*words, "--baseline", str(tmp_path / "counts"), "--cell", "0.3")["code"] == "bad-cell"
    late = one.refused("scan", "--incidents", years(25), "--from", "2018-06-15", "--to", "2018-12-31", "--baseline",
                       str(tmp_path / "counts"))
    assert "before 2018-06" in late["message"]
    far = one.refused("scan", "--incidents", years(25), "--from", "2018-07-01", "--to", "2019-02-28", "--baseline",
                      str(tmp_path / "counts"))
    assert "2019-01, 2019-02" in far["message"] and "--horizons" in far["message"]
    assert "--places drop" in one.refused(*words, "--precise", "--baseline", str(tmp_path / "counts"))["message"]
    one.json(*made, "--out", str(tmp_path / "deaths"), "--format", "json")
    of_deaths = one.refused(*words, "--baseline", str(tmp_path / "deaths"))
    assert "--target incidents" in of_deaths["message"]
    assert one.run(*words, "--baseline", str(tmp_path / "nothing")).exit_code == 2
    (tmp_path / "empty").mkdir()
    assert "found 0" in one.refused(*words, "--baseline", str(tmp_path / "empty"))["message"]
    short = one.refused("scan", "--incidents", years(0), "--baseline", "forecast", "--from", "2013-01-01", "--to",
                        "2013-06-30")
    assert short["code"] == "bad-period" and "36 months" in short["message"]


def test_late_reports_lower_what_the_forecast_expects_of_the_store(tmp_path: Path) -> None:
    """Half a year in fortnightly updates, Bel four weeks late: less is expected there, in the newest bins, and said."""
    one, rng = Analyst(tmp_path), np.random.default_rng(7)
    day, place = rng.integers(-5 * 365, 182, 4000), rng.integers(0, 10, 4000)
    known = day + np.where(place < 5, 1, rng.exponential(28, 4000))
    before = -10_000
    for number, vintage in enumerate(range(0, 183, 14)):
        rows = [incident(row, int(day[row]), int(place[row])) for row in
                np.flatnonzero((known > before) & (known <= vintage)).tolist()]
        one.take_in(f"part{number}.csv", rows, (START + timedelta(days=vintage)).isoformat())
        before = vintage
    words = ("scan", "--from", "2018-02-01", "--to", "2018-07-04", "--as-of", "2018-07-04", "--unit-days", "14",
             "--baseline", "forecast", "--replicates", "99", "--radius-km", "100", "--one-grid")
    bare, scaled = one.json(*words, "--no-nowcast"), one.json(*words)
    assert scaled["nowcast"]["done"] == "expected-scaled" and scaled["cases"] == bare["cases"]
    assert scaled["baseline"]["expected"] < bare["baseline"]["expected"] - 5
    assert {one["state"] for one in scaled["nowcast"]["bins"] if one["share"] < 0.7} == {"Bel"}
    assert not any(one["p_value"] <= 0.05 for one in scaled["clusters"])


def test_an_incident_forecast_raises_no_alert_of_deaths(years: Callable[[int], str], tmp_path: Path) -> None:
    """Chances of an incident are not chances of a death; exports and alerts say so instead of mixing them."""
    one = Analyst(tmp_path)
    one.json("forecast", "--incidents", years(0), "--origin", "2018-06", "--region-box", "60,30,62.5,32.5", "--tiers",
             "conflictology,kernel", "--workers", "1", "--learn-months", "60", "--target", "incidents", "--out",
             str(tmp_path / "counts"))
    with pytest.raises(OperatorError, match="forecast of deaths, this one is of incidents"):
        candidates_of_forecast(tmp_path / "counts", "onset")


def test_zones_take_a_forecast_as_it_was_written(years: Callable[[int], str], tmp_path: Path) -> None:
    """The folder itself is the risk; the month after the last look, or the one named."""
    one = Analyst(tmp_path)
    one.json("forecast", "--incidents", years(0), "--origin", "2018-06", "--region-box", "60,30,62.5,32.5", "--tiers",
             "conflictology,kernel", "--workers", "1", "--learn-months", "60", "--out", str(tmp_path / "deaths"))
    words = ("zones", "--incidents", years(0), "--from", "2018-06-20", "--to", "2018-06-30", "--window-days", "300",
             "--replicates", "19", "--level", "0.0", "--risk", str(tmp_path / "deaths"), "--risk-above", "0.8")
    told = one.json(*words)
    assert told["risk"]["month"] == "2018-07" and told["risk"]["tier"] == "kernel"
    assert told["risk"]["above"] == 0.8 and len(told["zones"]) == 2
    where = {(round(zone["lat"], 2), round(zone["lon"], 2)) for zone in told["zones"]}
    assert where == {(30.75, 60.75), (31.75, 61.75)}
    assert one.json(*words, "--risk-month", "2018-09")["risk"]["month"] == "2018-09"
    assert "--risk-month" in one.refused(*words, "--risk-month", "2019-09")["message"]


def small(pack: Path, folder: Path, runs: int) -> Path:
    """Return a copy of a pack whose annex is cut to its first runs of cells."""
    made = folder / "small"
    shutil.copytree(pack, made)
    annex = made / "annex-reporting.csv"
    annex.write_text("".join(annex.read_text(encoding="utf-8").splitlines(keepends=True)[: runs + 1]), encoding="utf-8")
    digest = hashlib.sha256(annex.read_bytes()).hexdigest()
    told = made / "pack.toml"
    told.write_text(re.sub(r'(?m)^sha256 = "[0-9a-f]+"', f'sha256 = "{digest}"', told.read_text(encoding="utf-8")),
                    encoding="utf-8")
    return made


def test_a_store_silent_over_the_whole_period_is_no_peace(tmp_path: Path) -> None:
    """Whoever forgot to take in the newest file reads how far the store reaches, not that nothing happened."""
    one = Analyst(tmp_path)
    one.take_in("a.csv", [incident(1, 3, 0)], "2018-02-01")
    for words in ((), ("--no-nowcast",)):
        told = one.refused("scan", "--from", "2019-01-01", "--to", "2019-06-30", *words)
        assert told["code"] == "no-incidents" and "its incidents run from 2018-01" in told["message"]


def test_blind_spots_of_the_store_as_it_was_known(pack: Path, tmp_path: Path) -> None:
    """The same list from a file and from the store; what was taken in later is not in the list of the day before."""
    cut = small(pack, tmp_path, 12)
    gids = sorted(gid for gid, who in load_pack(cut).areas.items() if who)
    rng, rows = np.random.default_rng(2), []
    for month in range(12 * 12):
        for cell in np.flatnonzero(rng.random(len(gids)) < np.where(np.arange(len(gids)) < 6, 0.6, 0.02)).tolist():
            row, column = divmod(gids[cell] - 1, 720)
            day = f"{2007 + month // 12}-{month % 12 + 1:02}-15"
            rows.append(ged(len(rows), date_start=day, date_end=day, latitude=row / 2 - 89.8,
                            longitude=column / 2 - 179.8, best=2, low=2, high=2))
    one = Analyst(tmp_path)
    early = one.take_in("early.csv", rows, "2019-01-10")
    words = ("blind-spots", "--month", "2018-12", "--limit", "8", "--pack", str(cut))
    of_file = one.json(*words, early)
    assert {spot["gid"] for spot in of_file["spots"][:3]} <= set(gids[:6]) and len(of_file["spots"]) == 8
    again = [{**row, "id": 900_000 + number} for number, row in enumerate(rows) if row["date_end"] < "2017-06"]
    one.take_in("late.csv", again, "2019-03-01")
    then, since = (one.json(*words, "--as-of", day) for day in ("2019-02-01", "2019-04-01"))
    assert then["spots"] == of_file["spots"] != since["spots"]
    assert [len(told["sources"]) for told in (of_file, then, since)] == [1, 1, 1]
    assert one.refused("blind-spots", "--month", "2019-06", "--pack", str(cut))["code"] == "bad-period"
    assert one.refused(*words, "--as-of", "2018-01-01")["code"] == "no-incidents"
