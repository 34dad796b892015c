"""``hamsaya monitor merge`` and what follows from it, on two small files."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hamsaya.adapters.regionpack import load_pack
from hamsaya.cli.main import app
from hamsaya.node.exporting import written
from hamsaya.node.exporting_incidents import incidents_layer
from tests.cli.conftest import NORTH, Desk
from tests.monitor.accounts import two_sides

HEADER = ("id", "date_start", "latitude", "longitude", "type_of_violence", "best", "low", "high", "side_b", "stance",
          "answers")


def run(*words: str | Path, code: int = 0) -> Any:
    """Return the JSON answer of a command."""
    result = CliRunner().invoke(app, ["monitor", *map(str, words), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sides' files; the second also denies one event of the first, and has a row that is no account."""
    folder = tmp_path_factory.mktemp("merge")
    ava, bel = two_sides(1, 200)
    for name, accounts in (("a", ava), ("b", bel)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            for one in accounts:
                day = date(1970, 1, 1) + timedelta(one.first_day)
                writer.writerow([one.id, day, one.latitude, one.longitude, one.violence, one.best, one.low, one.high,
                                 f"group {one.actor}" if one.actor else "", "", ""])
            if name == "b":
                said = ava[0]
                day = date(1970, 1, 1) + timedelta(said.first_day)
                writer.writerow(["d1", day, said.latitude, said.longitude, 1, 0, 0, 0, "", "denies", f"ava:{said.id}"])
                writer.writerow(["x1", "2019-13-01", 31, 65, 1, 0, 0, 0, "", "", ""])
                writer.writerow(["x2", "2019-12-01", 31, 65, 1, 0, 0, 0, "", "perhaps", ""])
    return folder


def test_two_files_become_incidents_that_keep_both_claims(files: Path) -> None:
    """Every account is in one incident, a denial contests, bad rows are told by line, names of groups are not kept."""
    ledger = files / "one.json"
    answer = run("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    rows = sum(len((files / name).read_text().splitlines()) for name in ("a.csv", "b.csv")) - 5
    assert sum(len(one["accounts"]) for one in answer["merged"]) == rows
    assert answer["statuses"]["contested"] == 1 and answer["bad_rows"] == 2
    assert "line" in answer["bad"][0] and "date_start" in answer["bad"][0] and "stance" in answer["bad"][1]
    several = [one for one in answer["merged"] if len(one["accounts"]) == 2]
    assert len(several) > 50 and all(one["reasons"] and one["probability"] > 0.5 for one in several)
    assert "group" not in ledger.read_text()


def test_a_person_rules_unmerges_and_the_ledger_remembers(files: Path) -> None:
    """Rulings survive a new merge of the files; nothing is taken out of the ledger."""
    ledger = files / "two.json"
    names = ("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    run(*names)
    waiting = run("queue", ledger)
    first = waiting["pairs"][0]
    assert 0.2 <= first["probability"] <= 0.9 and first["reasons"]
    after = run("decide", ledger, first["left"], first["right"], "same", "--by", "desk-1")
    assert after["rulings"] == 1 and after["queue"] < waiting["waiting"]
    [incident] = [one for one in after["merged"] if first["left"].split(":") in one["accounts"]]
    assert first["right"].split(":") in incident["accounts"]
    apart = run("unmerge", ledger, incident["id"], "--by", "desk-2")
    assert apart["incidents"] == after["incidents"] + 1 and apart["rulings"] >= 2
    assert run(*names)["rulings"] == apart["rulings"]
    stored = json.loads(ledger.read_text())
    assert [one["by"] for one in stored["rulings"]][:2] == ["desk-1", "desk-2"]


def test_denials_are_seen_from_the_queue_to_the_export(files: Path, tmp_path: Path) -> None:
    """A contested incident and a denial that names what is not here: told by merge, queue and the exported layer."""
    ledger, late = files / "five.json", tmp_path / "late.csv"
    names = ("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    assert run(*names)["open_denials"] == 0
    late.write_text(",".join(HEADER) + "\nd2,2017-12-02,31.2,65.2,1,0,0,0,,denies,ava:unknown\n", encoding="utf-8")
    told = run("merge", late, "--names", "cyd", "--ledger", ledger)
    assert told["open_denials"] == 1 and told["statuses"]["contested"] == 1
    [denial] = run("queue", ledger)["open_denials"]
    assert denial["account"] == "cyd:d2" and "ava:unknown" in denial["about"]
    layer = incidents_layer(ledger)
    disputed = [one for one in layer.features if one.fields["disputed"]]
    assert len(disputed) == 2 and all(one.mark == "!" for one in disputed)
    assert "1 are contested; 1 denials belong to no incident" in layer.notices[0]
    assert sum(one.fields["incidents"] or 0 for one in incidents_layer(ledger, 0).features) == told["incidents"]
    out = tmp_path / "incidents.geojson"
    assert written(layer, "geojson", out) == len(json.loads(out.read_text())["features"])


def test_a_ruling_says_why_and_is_undone(files: Path) -> None:
    """One call takes back the last; the ledger keeps who and why of both."""
    ledger = files / "six.json"
    run("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    assert run("undo", ledger, "--by", "desk-1", code=1)["error"]["code"] == "nothing-to-undo"
    first = run("queue", ledger)["pairs"][0]
    run("decide", ledger, first["left"], first["right"], "same", "--by", "desk-1", "--why", "place")
    run("undo", ledger, "--by", "desk-2")
    assert run("queue", ledger)["pairs"][0] == first
    stored = json.loads(ledger.read_text())["rulings"]
    assert [(one["verdict"], one["ground"], one["by"]) for one in stored] == [
        ("same", "place", "desk-1"), ("open", "undo", "desk-2")]


def test_names_of_sides_of_two_runs_are_not_compared(files: Path, tmp_path: Path) -> None:
    """Numbers given to names in one run mean other names in the next: told, and left unknown."""
    ledger = files / "seven.json"
    run("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    part = tmp_path / "part.csv"
    part.write_text("\n".join((files / "b.csv").read_text(encoding="utf-8").splitlines()[:40]), encoding="utf-8")
    assert any("actor_class" in note for note in run("merge", part, "--names", "bel", "--ledger", ledger)["notes"])


def test_coverage_is_of_one_member(files: Path) -> None:
    """The answer names the member asked about and nobody else."""
    ledger = files / "three.json"
    run("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    own = run("coverage", ledger, "--member", "ava")
    assert own["overall"]["low"] < 0.8 < own["overall"]["high"] + 0.05
    assert "bel" not in json.dumps(own)
    assert run("coverage", ledger, "--member", "cyd", code=1)["error"]["code"] == "unknown-reporter"


@pytest.mark.parametrize(("words", "code"), [
    (("queue", "nowhere.json"), "bad-ledger"), (("decide", "L", "ava:1", "bel", "same", "--by", "d"), "bad-account"),
    (("decide", "L", "ava:none", "bel:none", "same", "--by", "d"), "bad-ruling"),
    (("unmerge", "L", "ava:none", "--by", "d"), "unknown-incident"),
])
def test_what_is_not_there_is_refused(files: Path, words: tuple[str, ...], code: str) -> None:
    """A refusal names what was expected and leaves the ledger as it was."""
    ledger = files / "four.json"
    if not ledger.exists():
        run("merge", files / "a.csv", files / "b.csv", "--names", "ava,bel", "--ledger", ledger)
    before = ledger.read_bytes()
    assert run(*(ledger if word == "L" else word for word in words), code=1)["error"]["code"] == code
    assert ledger.read_bytes() == before


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Columns that are missing, bytes that are no text: said before anything is compared."""
    (tmp_path / "a.csv").write_text("id,day\n1,2\n")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    good = tmp_path / "c.csv"
    good.write_text(",".join(HEADER) + "\n")
    assert run("merge", tmp_path / "a.csv", good, code=1)["error"]["code"] == "missing-columns"
    assert run("merge", tmp_path / "b.csv", good, code=1)["error"]["code"] == "bad-accounts"
    assert run("merge", good, good)["incidents"] == 0


def test_a_member_declares_and_contests_by_command(
    in_force: tuple[Desk, Desk], pack: Path, tmp_path: Path) -> None:
    """Own cells go out, signed by who releases; another's are refused before anything is sent."""
    north, _ = in_force
    releaser = "--as", str(north.key("desk-2"))
    areas = load_pack(pack).areas
    own = min(gid for gid, who in areas.items() if who == {NORTH})
    foreign = min(gid for gid, who in areas.items() if who and NORTH not in who)
    told = tmp_path / "cover.toml"
    told.write_text(f'first = "2019-01"\nlast = "2019-12"\nrows = [[{own}, 60]]\n', encoding="utf-8")
    assert north.json("monitor", "declare", str(told), *releaser)["recipients"]
    figures = "--first", "2019-01", "--last", "2019-12", "--low", "20", "--high", "50", "--own", "60"
    contest = "monitor", "contest", str(own), *figures, "--ground", "no-access"
    assert north.json(*contest, *releaser)["recipients"]
    told.write_text(f'first = "2019-01"\nlast = "2019-12"\nrows = [[{foreign}, 60]]\n', encoding="utf-8")
    assert north.refused("monitor", "declare", str(told), *releaser) == "not-your-area"
