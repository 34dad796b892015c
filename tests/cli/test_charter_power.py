"""Power indices and the static report of a charter, by command and without any node."""

from __future__ import annotations

import json
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
