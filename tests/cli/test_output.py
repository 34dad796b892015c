"""What reaches standard output and the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from hamsaya.cli.main import app, with_names
from hamsaya.cli.output import Table, cell, print_blocks, printable, remark
from tests.cli.conftest import Desk

Pair = tuple[Desk, Desk]

QUESTIONS = [
    "node status", "node card", "node peers list", "node peers show uz", "node rotate-keys", "charter show",
    "charter explain case.open --to all", "case list", "case inbox", "compliance status", "linkage price",
    "linkage tranche list", "log show", "log show --refusals", "log policy", "log cosign", "doctor",
]
REFUSALS = ["case show C-1", "case close C-1 --outcome resolved --officer o", "log prove 00", "log audit",
            "monitor picture", "charter sign no-such-annex", "charter explain no.such"]


@pytest.mark.parametrize("words", QUESTIONS)
def test_json_is_one_value_and_nothing_else(pair: Pair, words: str) -> None:
    """A program reads the whole of standard output; people get the same without braces."""
    result = pair[0].run(*words.split(), "--json")
    assert result.exit_code == 0, result.stdout + result.stderr
    json.loads(result.stdout)
    shown = pair[0].run(*words.split())
    assert shown.exit_code == 0 and "Traceback" not in shown.output and "\x1b" not in shown.output


@pytest.mark.parametrize("words", REFUSALS)
def test_a_refusal_is_one_json_value_or_one_line_with_its_code(pair: Pair, words: str) -> None:
    """Scripts branch on the code; a person reads the sentence on standard error and nothing on standard output."""
    result = pair[0].run(*words.split(), "--json")
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 1 and set(error) == {"code", "message"}
    shown = pair[0].run(*words.split())
    assert shown.exit_code == 1 and shown.stdout == "" and f"[{error['code']}]" in shown.stderr


@pytest.mark.parametrize("words", ["node", "nonsense", "case ask C-1", "monitor picture --first 2019-13",
                                   "node init", "linkage price --seats 3 --k 4", "demo --with-nowhere"])
def test_wrong_usage_ends_with_two(pair: Pair, words: str) -> None:
    """Usage errors are the caller's and never look like a refusal of the node."""
    assert pair[0].run(*words.split()).exit_code == 2


def test_text_from_others_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A title may come from a peer: escape sequences and direction marks are shown as what they are, not obeyed."""
    print_blocks([Table(("title",), [("\x1b[2J[bold]x[/bold]\u202etxt",)]), "\x1b]0;owned\x07"])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown and "[bold]x" in shown


def test_persian_with_its_joiners_is_left_alone() -> None:
    """The zero-width non-joiner belongs to the spelling; only marks that turn direction around are taken out."""
    assert printable("می\u200cخواهم") == "می\u200cخواهم"


def test_cells_read_as_people_write() -> None:
    """Nothing is a dash, not the word None."""
    assert [cell(value) for value in (None, [], True, 0, 0.5, ["a", "b"], {"x": 1})] == [
        "-", "-", "yes", "0", "0.5", "a, b", "x 1"]


def test_a_party_may_be_named_as_an_option_of_the_demo() -> None:
    """``--with-NAME`` takes an English name or an id from the pack; no code knows the names."""
    assert with_names(["demo", "--with-afghanistan", "--json"]) == ["demo", "--with", "af", "--json"]
    assert with_names(["demo", "--with-af"]) == ["demo", "--with", "af"]
    assert with_names(["case", "--with-af"]) == ["case", "--with-af"]


def test_no_code_of_the_command_line_names_a_member_of_the_region() -> None:
    """Another pack is a folder of data: a name in the code would make this region the only one."""
    source = Path(typer.main.get_command(app).callback.__code__.co_filename).parent  # type: ignore[union-attr]
    files = [path.read_text(encoding="utf-8").lower() for path in source.glob("*.py")]
    assert len(files) > 10 and not any(name in text for text in files for name in ("afghanistan", "pakistan", "uzbek"))


def test_a_remark_of_two_lines_keeps_them_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A fingerprint that a person compares must stand on a line of its own, without a sign of damage in it."""
    remark("the card's fingerprint\n2d33 2339 \x1b[2J")
    assert capsys.readouterr().err == "the card's fingerprint\n2d33 2339 \N{REPLACEMENT CHARACTER}[2J\n"
