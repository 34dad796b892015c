"""A conversation by command, carried by file: said, shown in order, read by name, safe at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
CASE = "C-2026-001"
HOSTILE = "gate \u202egnp.exe\x1b]0;title\x07 نگهبان"


def test_two_desks_converse(in_force: Pair, carry: Carry) -> None:
    """What one says the other reads, in order and under its conditions; reading is a person's word, once."""
    north, south = in_force
    north.json("case", "open", CASE, "--title", "Detonators", "--purpose", "trace-explosives", "--act", "bombing",
               "--with", SOUTH, "--legal-basis", "CX.1", "--desk", "desk", "--officer", "desk-1")
    north.json("case", "say", CASE, "Which gate?", "--caveat", "lead-only")
    carry(north, south)
    south.json("case", "say", CASE, HOSTILE)
    carry(south, north)
    for desk in in_force:
        view = desk.json("case", "talk", CASE)
        assert [word["text"] for word in view["words"]] == ["Which gate?", HOSTILE]
        assert view["words"][0]["caveats"]["use"] == "lead-only"
    plain = north.run("case", "talk", CASE).stdout
    assert "\u202e" not in plain and "\x1b" not in plain and "نگهبان" in plain
    (told,) = north.json("case", "read", CASE)
    assert told["kind"] == "case.read" and told["recipients"] == [SOUTH]
    assert north.refused("case", "read", CASE) == "already-read"
    carry(north, south)
    (_, mine) = south.json("case", "talk", CASE)["words"]
    assert [(each["member"], each["officer"]) for each in mine["readers"]] == [(NORTH, "desk-1")]
    assert south.refused("case", "say", CASE, "x" * 2001) == "bad-body"
    assert south.refused("case", "say", "C-9", "x") == "unknown-case"
