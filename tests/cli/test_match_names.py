"""Names by command, without any node: keys, a ranked file, an evaluation of one's own pairs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hamsaya.cli.main import app
from hamsaya.matching.keys import keys

Save = Callable[[str, str], Path]


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["match", "names", *words])


def answer(*words: str) -> Any:
    """Return the one JSON value of a command that succeeds."""
    result = run(*words, "--json")
    assert result.exit_code == 0, f"{words}: {result.stdout}{result.stderr}{result.exception!r}"
    return json.loads(result.stdout)


def refused(*words: str) -> tuple[str, str]:
    """Return code and message of a command that is refused."""
    result = run(*words, "--json")
    assert result.exit_code == 1, f"{words}: {result.exit_code} {result.stdout}{result.stderr}"
    error = json.loads(result.stdout)["error"]
    return error["code"], error["message"]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


def test_keys_by_command_are_the_keys_of_the_core() -> None:
    """With a year and without; the original string stands beside them."""
    assert answer("keys", "احمد ظاهر") == {"name": "احمد ظاهر", "born": None, "keys": list(keys("احمد ظاهر"))}
    assert answer("keys", "Ahmad Zahir", "--born", "1946")["keys"] == list(keys("Ahmad Zahir", 1946))
    assert run("keys", "Ahmad Zahir").stdout.splitlines() == list(keys("Ahmad Zahir"))


def test_a_name_without_a_key_says_why() -> None:
    """An empty answer would look like a fault of the program."""
    assert "without a year of birth" in run("keys", "Ali").stdout
    assert run("keys", "Ali", "--born", "0").exit_code == 2


def test_rank_reads_a_plain_list_and_a_table(save: Save) -> None:
    """One name a line, or a column; the line leads back to the file."""
    plain = answer("rank", "Ahmad Zahir", str(save("names.txt", "郭沫若\n\nاحمد ظاهر\n")))["candidates"]
    assert [(one["candidate"], one["line"], one["is_match"]) for one in plain] == [
        ("احمد ظاهر", 3, True), ("郭沫若", 1, False)]
    table = save("names.csv.gz", "\ufeffid,name,born\n1,احمد ظاهر,1990\n2,Ахмад Захир,1946\n")
    best = answer("rank", "Ahmad Zahir", str(table), "--born", "1946", "--limit", "1")["candidates"]
    assert [(one["candidate"], one["line"]) for one in best] == [("Ахмад Захир", 3)]
    assert "ahmad ~ ахмад: same skeleton AMT" in best[0]["reasons"]
    assert "a person compares" in run("rank", "Ahmad Zahir", str(table)).stdout


def test_evaluate_prints_recall_and_precision_per_group(save: Save) -> None:
    """The form that outsiders score with."""
    path = save("pairs.csv", "name1,name2,is_match,group\nAhmad Zahir,احمد ظاهر,true,fa\nAhmad Zahir,Ба Цзинь,0,ru\n")
    view = answer("evaluate", str(path))
    assert (view["overall"]["keys"]["recall"], view["overall"]["keys"]["precision"]) == (1.0, 1.0)
    assert (view["groups"]["fa"]["rank"]["recall"], view["groups"]["ru"]["rank"]["recall"]) == (1.0, None)
    assert view["max_keys"] == 4 and 0 < view["threshold"] < 1
    assert "group fa" in run("evaluate", str(path)).stdout


def test_the_group_column_may_be_absent(save: Save) -> None:
    """Three columns are enough."""
    view = answer("evaluate", str(save("pairs.csv", "name1,name2,is_match\nAhmad,احمد,yes\n")))
    assert (view["overall"]["pairs"], view["groups"]) == (1, {})


WRONG = {
    "a column is missing": ("name1,name2\nA,B\n", "line 1: expected the columns"),
    "an empty file": ("", "line 1: expected the columns"),
    "no truth value": ("name1,name2,is_match\nA,B,1\nA,B,maybe\n", "line 3, is_match:"),
    "an empty name": ("name1,name2,is_match\nA,,1\n", "line 2, name2:"),
    "a name without end": (f"name1,name2,is_match\n{'A' * 1001},B,1\n", "line 2, name1:"),
    "a short row": ("name1,name2,is_match\nA,B\n", "line 2, row:"),
    "an open quote": ('name1,name2,is_match\n"A,B,1\n', "line 2: expected CSV"),
    "groups without end": ("name1,name2,is_match,group\n" + "".join(f"A,B,1,{n}\n" for n in range(1001)), "group:"),
}


@pytest.mark.parametrize(("text", "where"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_by_line_and_column(save: Save, text: str, where: str) -> None:
    """Nothing is skipped in silence: a pair left out would change the figures. No name is repeated in the message."""
    code, message = refused("evaluate", str(save("pairs.csv", text)))
    assert code == "bad-names" and where in message and "maybe" not in message


def test_a_year_that_is_none_is_refused(save: Save) -> None:
    """In a list to rank, by line and column."""
    code, message = refused("rank", "Ahmad", str(save("names.csv", "name,born\nAhmad,46\n")))
    assert code == "bad-names" and "line 2, born:" in message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """Another encoding, or something only called gzip."""
    for name, data in (("pairs.csv", b"name1,name2,is_match\n\xff\xfe,B,1\n"), ("pairs.csv.gz", b"name1"),
                       ("pairs.csv.gz", gzip.compress(b"name1,name2,is_match\nA,B,1\n" * 50)[:-9])):
        (tmp_path / name).write_bytes(data)
        assert refused("evaluate", str(tmp_path / name))[0] == "bad-names"
    assert run("evaluate", str(tmp_path / "nothing.csv")).exit_code == 2
