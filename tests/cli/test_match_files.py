"""``match files``: the whole round by command, as people and as programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hamsaya.cli.match_files import register

OWN = "type,value,issuer,category,desk\nphone,+999 12 345 67 89,,wanted,desk-1\n"
WANTED = "type,value\nphone,00999123456789\nphone,+999123456780\n"


@pytest.fixture
def app() -> typer.Typer:
    group = typer.Typer()
    register(group)
    return group


def run(app: typer.Typer, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def test_a_round_by_command(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build, request, answer, result: four commands, and only the querier learns what was found."""
    monkeypatch.chdir(tmp_path)
    Path("own.csv").write_text(OWN, encoding="utf-8")
    Path("wanted.csv").write_text(WANTED, encoding="utf-8")

    def plain(*words: str) -> Any:
        return json.loads(run(app, *words, "--json"))

    built = plain("files", "build", "own.csv", "--key", "k", "--new-key", "--out", "set", "--epoch", "4")
    assert (built["entries"], built["decoys"], built["epoch"]) == (1024, 1023, 4)
    asked = plain("files", "request", "wanted.csv", "--notice", "set.notice", "--responder", "bel", "--case", "C-1",
                  "--officer", "desk-1", "--legal-basis", "Article 4", "--out", "request", "--secrets", "secrets")
    assert asked["inputs"] == 2
    plain("files", "answer", "request", "--key", "k", "--notice", "set.notice", "--out", "answer")
    words = ("files", "result", "answer", "--request", "request", "--secrets", "secrets", "--notice", "set.notice",
             "--set", "set")
    found = plain(*words)
    assert found["hits"] == 1
    assert [each["hit"] for each in found["results"]] == [{"category": "wanted", "desk": "desk-1"}, None]
    shown = run(app, *words)
    assert "no hit" in shown and "a person at the desk confirms it" in shown


def test_a_key_is_never_made_twice(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting an epoch is explicit: without --new-key a missing key is an error, with it an existing one."""
    monkeypatch.chdir(tmp_path)
    Path("own.csv").write_text(OWN, encoding="utf-8")
    run(app, "files", "build", "own.csv", "--key", "k", "--out", "set", code=1)
    run(app, "files", "build", "own.csv", "--key", "k", "--out", "set", "--new-key")
    run(app, "files", "build", "own.csv", "--key", "k", "--out", "set", "--new-key", code=1)
    run(app, "files", "build", "own.csv", "--key", "k", "--out", "set", "--workers", "2")
