"""Power indices and the static report of a charter, by command and without any node."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hamsaya.cli.main import app
from hamsaya.node.charter_report import report_of
from hamsaya.node.packs import open_charter
from tests.support.charters import charter, clause, instrument, party

EVERY = ["full", "partial", "observer", "absent", "suspended"]
SIGNING = instrument("base", clause("B.1", "charter.sign", before_entry=True, standing=EVERY))
MINUS = {"rule": "minus-concerned", "concerned": "*concerned"}
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["charter", *words])


def answer(*words: str) -> Any:
    """Return the one JSON value of a command that succeeds."""
    result = run(*words, "--json")
    assert result.exit_code == 0, f"{words}: {result.stdout}{result.stderr}{result.exception!r}"
    return json.loads(result.stdout)


COUNCIL = ("power", "--weights", ",".join("1" * 15), "--quota", "9", "--veto", "0,1,2,3,4")


def test_the_security_council_by_command() -> None:
    """Others check the program with this very line; fractions stay exact on the way out."""
    view = answer(*COUNCIL)
    assert (view["winning"], view["swings"][0], view["swings"][14]) == (848, 848, 84)
    assert (view["shapley_shubik"][0], view["shapley_shubik"][14]) == ("421/2145", "4/2145")
    assert abs(view["power_to_act"] - 0.0258789) < 1e-7 and view["power_to_act_exact"] == "53/2048"


def test_members_with_equal_power_share_a_line() -> None:
    """Fifteen equal lines would hide that there are two kinds of member."""
    shown = run(*COUNCIL).stdout
    assert "0, 1, 2, 3, 4" in shown and "421/2145" in shown and shown.count("4/2145") == 1


def test_counts_beyond_64_bits_stay_whole_numbers() -> None:
    """A hundred equal members have more winning coalitions than a machine word holds."""
    view = answer("power", "--weights", ",".join("1" * 100), "--quota", "51")
    assert view["winning"] * 2 + 100891344545564193334812497256 == 2**100


def test_a_game_that_is_none_is_wrong_usage() -> None:
    """Exit code 2 and the reason: the mistake is on the command line."""
    assert run("power", "--weights", "1,1", "--quota", "3").exit_code == 2
    assert "whole numbers" in run("power", "--weights", "1,x", "--quota", "1").output


# --- the static report -----------------------------------------------------------------------------------


def test_the_built_in_charter_is_reported() -> None:
    """The default: R_2 of nine tenths or more, nothing contradictory, a line for every article."""
    view = answer("report")
    assert view["decidable"]["2"]["share"] >= 0.9
    found = {one["id"]: one for one in view["classes"]}
    assert [found[name]["power"]["winning"] for name in ("adopt-finding", "budget")] == [10, 130]
    assert found["admit-party"]["power"]["power_to_act_exact"] == "1/512" and found["admit-party"]["p_decide"] == 0
    assert found["joint-visit"]["stopped_by"]["1"] and found["budget"]["stopped_by"]["3"] is None
    assert (view["conflicts"], [one for one in view["problems"] if one["severity"] == "error"]) == ([], [])
    articles = {one["ref"]: one for one in view["articles"]}
    assert len(articles) == len(view["articles"]) and "two-persons" in articles["case-exchange:CX.3"]["words"]


def test_people_read_the_same_in_sentences() -> None:
    """Every class, every R_k, every instrument and every article stands on the page."""
    shown = run("report").stdout
    assert "admit-party" in shown and "1/512" in shown and "R_2: with any 2 absent" in shown
    assert "case-exchange:CX.7" in shown and "No ban takes a permission back." in shown
    assert "(draft)" in shown and "a text under negotiation, which gives no power" in shown


def test_every_way_of_naming_a_charter_gives_one_report(tmp_path: Path) -> None:
    """A version by date, with its pack, by its folder, by its head, and the pack's folder when it is the one in use."""
    head = next(line for line in run("check").stdout.splitlines())
    (version,) = VERSION.findall(head)
    report = answer("report")
    assert answer("report", version) == answer("report", f"afpak/{version}") == answer("report", "afpak") == report
    folder = Path(__file__).parents[2] / "src" / "hamsaya" / "regions" / "afpak"
    for place in (folder, folder / "charter" / version, folder / "charter" / version / "charter.toml"):
        assert answer("report", str(place)) == report
    assert run("report", str(tmp_path / "nothing")).exit_code == 1


def test_a_power_nobody_can_use_is_found() -> None:
    """Nobody suspended, and an organ that is none of the parties: words without effect, said as such."""
    document = charter(SIGNING, instrument("one", clause("A", "case.ask", standing=["suspended"]), entry_into_force=4),
                       rules=[{"id": "x", "title": "X", "rule": {"rule": "quota", "q": 9}}])
    report = report_of(document)
    assert [(one.ref, one.code) for one in report.unusable] == [
        ("one", "unsignable"), ("one:A", "unusable"), ("rules:x", "dead")]


def test_a_permission_that_a_ban_takes_back_is_found() -> None:
    """Wholly, or for some kinds; a ban that leaves somebody to speak is no conflict."""
    ask = clause("A", "case.ask", "case.open")
    banned = clause("Z", "case.ask", modality="ban", recipients=[])
    mild = clause("Z", "case.*", modality="ban", standing=["suspended"])
    (conflict,) = report_of(charter(SIGNING, instrument("one", ask, banned))).conflicts
    assert (conflict.ref, conflict.sentence) == ("one:A", "one:Z takes back case.ask")
    assert report_of(charter(SIGNING, instrument("one", ask, mild))).conflicts == []


def test_a_class_without_indices_says_why() -> None:
    """A quota that nobody reaches has no power to share, and p_decide of many told apart is not guessed."""
    rules = [{"id": "x", "title": "X", "rule": {"rule": "quota", "q": 9}},
             {"id": "y", "title": "Y", "rule": {"rule": "quota", "q": 2, "weights": {"ava": 2, "bel": 1, "cor": 1}}}]
    dead, weighted = report_of(charter(SIGNING, rules=rules)).classes
    assert dead.power is None and "never decided" in dead.why_no_power and dead.p_decide == 0.0
    assert weighted.power is not None and weighted.power.banzhaf_exact[0] == "3/5" and weighted.p_decide is None


def test_nine_members_and_two_hundred_clauses_are_reported_whole() -> None:
    """The size that a real charter has: every clause has its line, every class its figures."""
    names = [f"m{number}" for number in range(9)]
    many = [instrument(f"i{number}", *(clause(f"C.{number}.{each}", "case.ask") for each in range(20)))
            for number in range(10)]
    rules = [{"id": f"r{n}", "title": "R", "rule": {**MINUS, "inner": {"rule": "and", "rules": [
        {"rule": "consensus"}, {"rule": "quota", "q": n + 1}]}}} for n in range(8)]
    report = report_of(charter(SIGNING, *many, members=[party(name) for name in names], rules=rules))
    assert len(report.articles) == 201 and all(one.power is not None for one in report.classes)
    assert report.decidable["2"].share == 6 / 8, "two absent and one concerned leave six votes, never seven or eight"


@pytest.mark.parametrize(("content", "code"), [('title = "x"', "pack-invalid"), ("title = = 2", "pack-invalid")])
def test_a_charter_that_is_none_is_refused(tmp_path: Path, content: str, code: str) -> None:
    """A file that is no charter, one that is no TOML: each with its name and what is missing."""
    path = tmp_path / "other.toml"
    path.write_text(content, encoding="utf-8")
    result = run("report", str(path), "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (1, code)


def test_a_charter_where_nobody_has_a_seat_is_refused(tmp_path: Path) -> None:
    """Shares of nobody are no figures."""
    path = tmp_path / "charter.toml"
    path.write_text('title = "x"\n[[members]]\nid = "cell"\nkind = "organisation"\nrole = "joint-cell"\n'
                    'standing = "full"\nbloc = "x"\n[[instruments]]\nid = "a"\ntitle = "A"\npurpose = "A"\n'
                    "entry_into_force = 1\nretention_days = 1\nclauses = []\n", encoding="utf-8")
    result = run("report", str(path), "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (1, "bad-charter")
    assert open_charter(str(path)).members[0].id == "cell"
