"""Power indices and the static report of a charter, by command and without any node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from hamsaya.cli.main import app


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

CHARTER = """
title = "A charter of nowhere"
{members}
[[instruments]]
id = "one"
title = "One"
purpose = "One."
exercise = true
entry_into_force = {needed}
retention_days = 30
{clauses}
[[rules]]
id = "budget"
title = "Budget"
rule = "quota"
params = {{ yes = {yes}, of = 3 }}
"""
MEMBER = '[[members]]\nid = "{}"\nkind = "state"\nrole = "member"\nstanding = "{}"\nbloc = "x"'
CLAUSE = '[[instruments.clauses]]\nid = "{}"\ntext = "Words of {}."\neffect = "{}"\nkinds = {}\nsenders = {}\n' \
         "recipients = {}\n{}"
ANY, CELL = '["member"]', '["joint-cell"]'


def charter(folder: Path, *clauses: tuple[str, ...], needed: int = 2, yes: int = 2) -> str:
    """Write a charter of three members; a clause is (id, effect, kinds, senders, recipients, more)."""
    members = "\n".join(MEMBER.format(name, standing) for name, standing in
                        (("ava", "full"), ("bel", "full"), ("cor", "absent")))
    told = "\n".join(CLAUSE.format(c[0], c[0], *c[1:]) for c in clauses)
    path = folder / "charter.toml"
    path.write_text(CHARTER.format(members=members, needed=needed, clauses=told, yes=yes), encoding="utf-8")
    return str(path)


ASK = ("A", "permit", '["case.ask", "case.open"]', ANY, ANY, "")


def test_the_built_in_charter_is_reported() -> None:
    """The default: R_2 of nine tenths, nothing dead, nothing contradictory, a line for every article."""
    view = answer("report")
    assert view["decidable"]["2"] == {"share": 0.9, "exact": "9/10", "whoever_is_absent": "7/10"}
    found = {one["id"]: one for one in view["classes"]}
    assert [found[name]["power"]["winning"] for name in ("admit-party", "adopt-finding", "budget")] == [1, 10, 130]
    assert found["admit-party"]["power"]["power_to_act_exact"] == "1/512" and found["admit-party"]["p_decide"] == 0
    assert found["joint-visit"]["stopped_by"]["1"] and found["budget"]["stopped_by"]["3"] is None
    assert (view["unusable"], view["conflicts"]) == ([], [])
    (answering,) = [one for one in view["articles"] if one["ref"] == "case-exchange:CX.3"]
    assert answering["words"] == (
        "With standing full or partial, a member may send case.answer to a member, only within a case, "
        "with the consent of the data-owner, and owes two-persons, caveats."
    )


def test_people_read_the_same_in_sentences() -> None:
    """Every class, every R_k and every article stands on the page."""
    shown = run("report").stdout
    assert "admit-party" in shown and "1/512" in shown and "R_2: with any 2 absent 9/10" in shown
    assert "case-exchange:CX.7" in shown and "No ban takes a permission back." in shown


def test_a_pack_folder_and_its_charter_file_give_one_report(pack: Path) -> None:
    """The file takes its members from the table beside it, as the pack does."""
    assert answer("report", str(pack)) == answer("report", str(pack / "charter.toml"))


def test_a_power_nobody_can_use_is_found(tmp_path: Path) -> None:
    """No joint cell, nobody suspended, and only two who may sign where three must: words without effect."""
    suspended = 'standing = ["suspended"]'
    path = charter(tmp_path, ASK, ("B", "permit", '["case.ask"]', CELL, ANY, ""),
                   ("C", "permit", '["case.ask"]', ANY, CELL, ""), ("D", "permit", '["case.ask"]', ANY, ANY, suspended),
                   needed=3)
    view = answer("report", path)
    assert [one["ref"] for one in view["unusable"]] == ["one", "one:B", "one:C", "one:D"]
    assert view["unusable"][0]["why"] == "needs 3 signatures, and 2 may sign"
    assert "Nobody can use one:B: no party" in run("report", path).stdout


def test_a_permission_that_a_ban_takes_back_is_found(tmp_path: Path) -> None:
    """Wholly, or for some kinds; a ban that leaves somebody to speak is no conflict."""
    ban = ("Z", "forbid", '["case.ask"]', ANY, "[]", "")
    note = ("N", "permit", '["node.peer"]', ANY, "[]", "")
    path = charter(tmp_path, ASK, note, ban, ("Y", "forbid", '["node.peer"]', "[]", ANY, 'standing = ["full"]'))
    assert answer("report", path)["conflicts"] == [
        {"ref": "one:A", "why": "one:Z takes back case.ask"},
        {"ref": "one:N", "why": "one:Y takes back all it permits"},
    ]
    mild = charter(tmp_path, ASK, ("Z", "forbid", '["case.*"]', ANY, ANY, 'standing = ["suspended"]'))
    assert answer("report", mild)["conflicts"] == []


def test_a_charter_that_is_none_is_refused(tmp_path: Path) -> None:
    """A class whose quota nobody can reach, a file that is no charter, one that is no TOML: each with its code."""
    other, broken = tmp_path / "other.toml", tmp_path / "broken.toml"
    other.write_text('title = "x"', encoding="utf-8")
    broken.write_text("title = = 2", encoding="utf-8")
    unreachable = charter(tmp_path, ASK, yes=4)
    for path, code in ((unreachable, "bad-rule"), (other, "bad-charter"), (broken, "bad-file")):
        result = run("report", str(path), "--json")
        assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (1, code)
    assert run("report", str(tmp_path / "nothing")).exit_code == 2
