"""Forecast and replay by command: the agreed JSON, the check that fails a build, what is refused and why."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hamsaya.cli.main import app
from hamsaya.monitor.grid import PRIO
from tests.monitor import simulated

BOX = ",".join(f"{edge:g}" for edge in simulated.BOX)
QUICK = ("--tiers", "conflictology,kernel", "--learn-months", "48")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["monitor", *words])


def answer(*words: str, code: int = 0) -> Any:
    """Return the one JSON value of a command that ends with ``code``."""
    result = run(*words, "--json")
    assert result.exit_code == code, f"{words}: {result.exit_code} {result.stdout}{result.stderr}{result.exception!r}"
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file under UCDP GED's column names, 2005-01 to 2015-12."""
    path = tmp_path_factory.mktemp("incidents") / "ged.csv"
    counts = simulated.deaths(0, 132)
    month, cell = np.nonzero(counts)
    lon, lat = PRIO.centre(PRIO.in_box(simulated.BOX)[cell])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "date_start", "date_end", "latitude", "longitude", "type_of_violence", "best", "low",
                         "high"])
        for number, (at, x, y, deaths) in enumerate(zip(month, lon, lat, counts[month, cell], strict=True)):
            day = f"{2005 + at // 12}-{at % 12 + 1:02}-15"
            writer.writerow([number, day, day, y, x, 1, deaths, deaths, deaths])
    return str(path)


@pytest.fixture(scope="module")
def found(incidents: str) -> dict[str, Any]:
    """The replay of two years."""
    return dict(answer("backtest", "--incidents", incidents, "--from", "2014-01", "--to", "2015-12", "--region-box",
                       BOX, "--zone-box", "61,31,64,34", *QUICK))


def test_a_gain_can_be_recomputed_from_what_is_printed(found: dict[str, Any]) -> None:
    """An outsider has the JSON and nothing else: the monthly sums must lead to the means and to the gain."""
    assert found["cells"] == 144 and found["months"] == 24 and found["horizons"] == [1, 2, 3, 4, 5, 6]
    sums = {}
    for name, model in found["models"].items():
        assert list(model["per_month"]) == [f"{year}-{month:02}" for year in (2014, 2015) for month in range(1, 13)]
        sums[name] = sum(model["per_month"].values())
        assert model["crps"] == pytest.approx(sums[name] / (144 * 24 * 6), rel=1e-5)
    for benchmark in ("conflictology", "conflictology_n"):
        gain = found["gains"]["kernel"][benchmark]["all"]
        assert gain["gain"] == pytest.approx(1 - sums["kernel"] / sums[benchmark])
        assert gain["low"] < gain["gain"] < gain["high"]


def test_history_is_scored_as_its_definition_says(found: dict[str, Any]) -> None:
    """Conflictology by hand: the ensemble of the last twelve months of each cell, at each origin and horizon."""
    counts = simulated.deaths(0, 132)
    total = 0.0
    for target in range(108, 132):
        for horizon in range(1, 7):
            members = counts[target - horizon - 11:target - horizon + 1].astype("f8")
            spread = np.abs(members[:, None] - members[None]).mean((0, 1))
            total += float((np.abs(members - counts[target]).mean(0) - spread / 2).sum())
    assert found["models"]["conflictology"]["crps"] == pytest.approx(total / (144 * 24 * 6), rel=1e-5)


def test_where_neighbours_know_nothing_the_kernel_learns_not_to_ask_them(found: dict[str, Any]) -> None:
    """The simulated cells are independent of each other: by every proper score, asking the neighbours must lose."""
    kernel, neighbours = (found["models"][name] for name in ("kernel", "conflictology_n"))
    for score in ("crps", "log_crps", "ign", "mis", "brier"):
        assert kernel[score] < 0.95 * neighbours[score], score
    assert kernel["ap"] > 3 * kernel["base_rate"]


def test_sets_and_bands_add_up(found: dict[str, Any]) -> None:
    rows = 144 * 24 * 6
    for model in ("conflictology", "kernel"):
        assert sum(band["rows"] for band in found["bands"][model]) == rows
        assert sum(band["rows"] for band in found["reliability"][model]) == rows
        assert found["sets"]["zone"][model]["rows"] == rows // 4
        assert 0 < found["sets"]["quiet"][model]["rows"] < rows
    assert "mostly wrong" in found["onset"]["notice"]


def test_a_figure_that_got_worse_fails_the_build(incidents: str, found: dict[str, Any], tmp_path: Path) -> None:
    """The same figures pass; one beyond its tolerance, and one that is no longer there, do not."""
    crps = found["models"]["kernel"]["crps"]
    words = ("backtest", "--incidents", incidents, "--from", "2015-12", "--to", "2015-12", "--region-box", BOX, *QUICK)
    now = answer(*words)["models"]["kernel"]["crps"]
    committed = tmp_path / "committed.json"
    for value, code in ((now * 1.001, 0), (now * 0.9, 1)):
        committed.write_text(json.dumps([{"figure": "models.kernel.crps", "value": value, "tolerance": 0.0,
                                          "better": "lower"}]))
        assert len(answer(*words, "--check", str(committed), code=code)["worse"]) == code
    committed.write_text(json.dumps([{"figure": "models.gone.crps", "value": crps, "tolerance": 9, "better": "lower"}]))
    assert "found none" in answer(*words, "--check", str(committed), code=1)["worse"][0]
    committed.write_text('[{"figure": "models.kernel.crps"}]')
    assert answer(*words, "--check", str(committed), code=1)["error"]["code"] == "bad-figures"


def test_the_challenge_protocol_forecasts_a_year_from_october(incidents: str) -> None:
    made = answer("backtest", "--incidents", incidents, "--from", "2014-01", "--to", "2014-12", "--region-box", BOX,
                  "--protocol", "challenge", *QUICK)
    assert made["horizons"] == list(range(3, 15)) and list(made["releases"]) == ["2013-10"]


def test_a_forecast_is_written_with_its_card(incidents: str, tmp_path: Path) -> None:
    """Every tier, cell and horizon has a whole distribution; JSON and Parquet hold the same."""
    parquet = pytest.importorskip("pyarrow.parquet")
    said = {}
    for form in ("json", "parquet"):
        said[form] = answer("forecast", "--incidents", incidents, "--origin", "2015-06", "--region-box", BOX, "--out",
                            str(tmp_path), "--format", form, *QUICK)
    table = parquet.read_table(tmp_path / "forecast-2015-06.parquet")
    plain = json.loads((tmp_path / "forecast-2015-06.json").read_text())
    assert table.num_rows == len(plain["columns"]["gid"]) == 2 * 144 * 6
    assert np.array_equal(np.stack(table["exceed"].to_numpy()), np.array(plain["columns"]["exceed"], "f4"))
    assert set(table["month"].to_pylist()) == {f"2015-{month:02}" for month in range(7, 13)}
    assert set(table["tier"].to_pylist()) == {"conflictology", "kernel"}
    card = Path(said["json"]["card"]).read_text(encoding="utf-8")
    assert said["json"]["release"] == said["parquet"]["release"] and said["json"]["release"] in card
    assert "nothing later was looked at" in card and "2015-06" in card


def test_what_cannot_be_forecast_is_refused_with_the_next_step(incidents: str, tmp_path: Path) -> None:
    """A month that the file does not reach, too short a past, a box without a cell, a file of something else."""
    common = ("--region-box", BOX, *QUICK)
    period = ("backtest", "--incidents", incidents, "--from", "2016-01", "--to", "2016-12", *common)
    assert answer(*period, code=1)["error"]["code"] == "bad-period"
    early = answer("backtest", "--incidents", incidents, "--from", "2006-01", "--to", "2006-12", *common, code=1)
    assert "months of data" in early["error"]["message"] and "--from 2010-06 or later" in early["error"]["message"]
    far = ("--region-box", "-170,-60,-160,-50", *QUICK)
    for words, said in (
        (("--from", "2014-12", "--to", "2014-01", *common), "months that run forward"),
        (("--from", "2001-01", "--to", "2001-12", *common), "the incidents begin in 2005-"),
        (("--from", "2014-01", "--to", "2014-12", *far), "the order is west,south,east,north"),
    ):
        refused = answer("backtest", "--incidents", incidents, *words, code=1)["error"]
        assert said in refused["message"], refused
    nowhere = ("forecast", "--incidents", incidents, "--origin", "2015-06", "--out", str(tmp_path), "--region-box",
               "61.0,31.0,61.1,31.1", *QUICK)
    assert answer(*nowhere, code=1)["error"]["code"] == "bad-period"
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    other = answer("backtest", "--incidents", str(tmp_path / "other.csv"), "--from", "2014-01", "--to", "2014-12",
                   *common, code=1)
    assert other["error"]["code"] != "system"


def test_the_earliest_month_that_it_names_can_be_replayed(incidents: str) -> None:
    """The next step that a refusal names must be one that works, and the month before it must not."""
    for last, code in (("2010-05", 1), ("2010-06", 0)):
        answer("backtest", "--incidents", incidents, "--from", last, "--to", "2010-06", "--region-box", BOX, *QUICK,
               code=code)


def test_without_its_library_a_tier_is_left_out_and_told(incidents: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for everything, the other tiers are scored and the missing one named; asked for by name, it is refused."""
    monkeypatch.setitem(sys.modules, "lightgbm", None)  # As if it were not installed.
    given = ("backtest", "--incidents", incidents, "--from", "2014-12", "--to", "2014-12", "--region-box", BOX,
             "--learn-months", "48", "--workers", "1")
    made = answer(*given)
    assert set(made["models"]) == {"conflictology", "conflictology_n", "kernel"}
    assert any("ladder is left out" in one and "hamsaya[ladder]" in one for one in made["warnings"])
    assert "Warning: the tier ladder is left out" in run(*given).stderr
    refused = answer(*given, "--tiers", "conflictology,kernel,ladder", code=1)["error"]
    assert refused["code"] == "missing-extra" and "--tiers conflictology,kernel" in refused["message"]


@pytest.mark.parametrize("words", [
    ("--tiers", "kernel"), ("--tiers", "conflictology,oracle"), ("--types", "4"), ("--horizons", "6-1"),
    ("--horizons", "0"), ("--from", "2014-13"),
])
def test_wrong_usage_ends_with_two(incidents: str, words: tuple[str, ...]) -> None:
    given = ("--incidents", incidents, "--from", "2014-01", "--to", "2014-12", "--region-box", BOX)
    assert run("backtest", *given, *words).exit_code == 2


@pytest.mark.parametrize("name", ["ucdp-ged-global-v21_1-prec12.parquet", "ucdp-ged-region.csv.gz"])
def test_real_incidents_are_forecast_better_than_by_history(shared_data: Path, name: str) -> None:
    """The public releases as they come, a year of targets: the tier without trees beats both benchmarks."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    made = answer("backtest", "--incidents", str(shared_data / name), "--from", "2016-01", "--to", "2016-12",
                  "--region-box", "60,23,78,39", "--tiers", "conflictology,kernel", "--learn-months", "120",
                  "--workers", "1")
    gains = made["gains"]["kernel"]
    assert gains["conflictology"]["all"]["gain"] > 0.02 and gains["conflictology_n"]["all"]["low"] > 0.05
    assert made["data"]["incidents"] > 30_000 and any(name.startswith("member:") for name in made["sets"])
