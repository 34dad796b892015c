"""The steps of a request by command, between two nodes that never run and a courier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from hamsaya.base.instants import DAY
from hamsaya.cases.rules import TRANSITIONS
from hamsaya.cli.case_requests import last_quarter
from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
CASE = "C-2026-001"
FIRST, SECOND, THIRD = (f"{CASE}/{NORTH}-q{number}" for number in (1, 2, 3))
OFFICER = ("--officer", "desk-1")


@pytest.fixture
def asked(in_force: Pair, carry: Carry) -> Pair:
    """Two nodes with a case and three routine questions of the north to the south."""
    north, south = in_force
    north.json("case", "open", CASE, "--title", "Crates", "--purpose", "trace-explosives", "--act", "bombing",
               "--legal-basis", "case-exchange:CX.1", "--with", SOUTH, "--desk", "desk-1", *OFFICER)
    for number in range(3):
        north.json("case", "ask", CASE, SOUTH, "--question", f"Crate {number}?", "--desk", "desk-1", *OFFICER)
    carry(north, south)
    return in_force


def request(desk: Desk, reference: str) -> dict[str, Any]:
    """Return a request as a desk's node shows it."""
    (found,) = [each for each in desk.json("case", "show", CASE)["requests"]
                if each["request"]["request"] == reference]
    return dict(found)


def test_the_steps_of_a_request_by_command(asked: Pair, carry: Carry) -> None:
    """Admitted, paused, clarified, extended, paused again and resumed: what each node knows is what the other does."""
    north, south = asked
    assert request(south, FIRST)["request"]["legal_basis"] == "case-exchange:CX.1", "the case's own, not said again"
    south.json("case", "admit", CASE, FIRST, "--extent", "part", "--elsewhere", *OFFICER)
    south.json("case", "pause", CASE, FIRST, "--reason", "clarification", "--text", "Which year?", *OFFICER)
    assert request(south, FIRST)["state"] == "paused"
    carry(south, north)
    assert [(task["task"], task["due"]) for task in north.json("case", "inbox")] == [("clarify", None)]
    assert "clarify" in north.run("case", "inbox").stdout
    north.json("case", "clarify", CASE, FIRST, "--text", "This year.", *OFFICER)
    carry(north, south)
    south.json("case", "extend", CASE, FIRST, "--reason", "volume", "--text", "Two rooms of files.", *OFFICER)
    south.json("case", "pause", CASE, FIRST, "--reason", "court", "--text", "Leave.", *OFFICER)
    assert south.refused("case", "clarify", CASE, FIRST, "--text", "?", *OFFICER) == "which-pause"
    south.json("case", "resume", CASE, FIRST, *OFFICER)
    assert south.refused("case", "resume", CASE, FIRST, *OFFICER) == "which-pause"
    assert south.refused("case", "resume", CASE, FIRST, "--pause", "p2", *OFFICER) == "illegal-transition"
    carry(south, north)
    here, there = request(north, FIRST), request(south, FIRST)
    assert here["request"] == there["request"] and here["request"]["status"] == "acknowledged"
    assert here["answer_due"] - here["request"]["asked_at"] >= 30 * DAY
    assert (here["request"]["admitted"]["extent"], len(here["request"]["pauses"])) == ("part", 2)
    shown = " ".join(north.run("case", "show", CASE).stdout.split())
    assert "Pauses" in shown and "Leave." in shown


def test_a_question_is_taken_back_and_one_is_not_handed_over_to_its_asker(asked: Pair, carry: Carry) -> None:
    """The asker withdraws; a case of two has no third to hand over to."""
    north, south = asked
    assert south.refused("case", "transfer", CASE, SECOND, NORTH, *OFFICER) == "wrong-role"
    assert south.refused("case", "transfer", CASE, SECOND, "ir", *OFFICER) == "not-a-participant"
    assert south.refused("case", "withdraw", CASE, SECOND, *OFFICER) == "wrong-role"
    north.json("case", "withdraw", CASE, SECOND, *OFFICER)
    carry(north, south)
    assert request(south, SECOND)["request"]["status"] == "withdrawn"
    assert SECOND not in {task["reference"] for task in south.json("case", "inbox")}
    assert south.refused("case", "decline", CASE, SECOND, "--code", "not-held", *OFFICER) == "illegal-transition"


def test_raising_the_limit_needs_two_persons_and_oversight(in_force: Pair) -> None:
    """The command tells oversight by itself; by the charter it may, and --dry-run says by which clause."""
    north, _ = in_force
    words = ("case", "raise", "C-2", "--limit", "30", "--reason", "Many crates.", "--with", SOUTH, *OFFICER)
    assert north.refused(*words, "--second-officer", "desk-1") == "two-persons"
    dry = north.json(*words, "--second-officer", "desk-2", "--dry-run")
    assert "oversight" in dry["recipients"] and any("CX.11" in reason for reason in dry["reasons"]), dry
    assert north.run(*words, "--second-officer", "desk-2", "--limit", "20").exit_code == 2
    assert north.json("case", "raises") == [], "a dry run decides nothing"


def test_figures_by_command_say_that_few_say_nothing(asked: Pair) -> None:
    """Every pair is listed, and none with a handful of requests has a number."""
    north, _ = asked
    found = north.json("case", "figures", "--since", "2026-01-01", "--until", "2030-01-01")
    assert {(each["asker"], each["asked"]) for each in found} >= {(NORTH, SOUTH), (SOUTH, NORTH)}
    assert {each["requests"] for each in found} == {None}
    assert f"{len(found)} of {len(found)} pairs" in north.run("case", "figures").stdout


@pytest.mark.parametrize(
    ("day", "first", "end"),
    [((2026, 11, 22), (2026, 7, 1), (2026, 10, 1)), ((2026, 2, 1), (2025, 10, 1), (2026, 1, 1)),
     ((2026, 4, 1), (2026, 1, 1), (2026, 4, 1))],
)
def test_the_last_whole_quarter(day: tuple[int, ...], first: tuple[int, ...], end: tuple[int, ...]) -> None:
    """A quarter that is not over would be reckoned again; rule 2 of the figures forbids that."""
    def instant(date: tuple[int, ...]) -> int:
        return int(datetime(date[0], date[1], date[2], tzinfo=UTC).timestamp() * 1000)

    assert last_quarter(instant(day)) == (instant(first), instant(end))


def test_the_table_is_printed_whole_and_without_a_node(pair: Pair) -> None:
    """Who argues about a refusal can read the law of both sides in one place."""
    rows = pair[0].json("case", "table")
    assert {(row["state"], row["message"]): row["then"] for row in rows} == TRANSITIONS
    assert {row["crossing"] for row in rows} == {True, False}
