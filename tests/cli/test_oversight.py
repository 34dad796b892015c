"""Oversight by command: three nodes that never run and a courier between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import NOBODY_LISTENS, NORTH, SOUTH, Desk

Carry = Callable[[Desk, Desk], dict[str, Any]]
Three = tuple[Desk, Desk, Desk]
CASE = "C-2026-001"
OFFICER = ("--officer", "desk-1")
PERIOD = ("--since", "2020-01-01", "--until", "2040-01-01")


@pytest.fixture
def watched(
    in_force: tuple[Desk, Desk], carry: Carry, tmp_path: Path, pack: Path, passphrase_file: Path
) -> Three:
    """Two members with a case that names a person, and an oversight body with an auditor and a releaser."""
    north, south = in_force
    watch = Desk(tmp_path / "nodes" / "oversight", passphrase_file, together=False)
    watch.json("node", "init", "oversight", "--pack", str(pack), "--endpoint", NOBODY_LISTENS)
    for desk in in_force:
        for one, other in ((desk, watch), (watch, desk)):
            card = other.directory / "node.card"
            fingerprint = one.json("node", "card", str(card))["fingerprint"]
            one.json("node", "peers", "add", str(card), "--fingerprint", fingerprint)
    watch.enrol("desk-1", "auditor")
    watch.enrol("desk-2", "releaser")
    north.json("case", "open", CASE, "--title", "Crates", "--purpose", "trace-explosives", "--act", "bombing",
               "--legal-basis", "CX.1", "--with", SOUTH, "--desk", "desk", *OFFICER, "--notice-on", "2027-01-05",
               "--retain-days", "700", "--subject", "person | P | mutually-criminalised | bombing")
    north.json("case", "ask", CASE, SOUTH, "--question", "Which crate?", "--desk", "desk", *OFFICER)
    carry(north, south)
    for desk in in_force:
        carry(desk, watch)
    return north, south, watch


def test_what_oversight_sees_by_command(watched: Three) -> None:
    """Headers with their coded words, how far each log was told, nothing found; at a member, how far its own was."""
    north, _, watch = watched
    rows = watch.json("case", "oversight", "headers", "--case", CASE)
    assert {(row["member"], row["kind"]) for row in rows} == {(m, k) for m in (NORTH, SOUTH)
                                                             for k in ("case.open", "case.ask")}
    assert "Which crate?" not in str(rows) and "Crates" not in str(rows)
    streams = {each["member"]: each for each in watch.json("case", "oversight", "status")["streams"]}
    assert streams[NORTH]["opened"] > 5 and streams[NORTH]["findings"] == 0
    told = north.json("case", "oversight", "status")["told"]
    assert told["overseers"] == ["oversight"] and told["reported"] == streams[NORTH]["opened"]
    assert watch.json("case", "oversight", "findings") == []
    (pair,) = watch.json("case", "oversight", "statistics", *PERIOD)["pairs"]
    assert (pair["asker"], pair["asked"], pair["act"], pair["requests"]) == (NORTH, SOUTH, "bombing", 1)
    assert watch.json("case", "oversight", "statistics", "--export", *PERIOD)["pairs"] == []
    assert {each["state"] for each in watch.json("case", "oversight", "draws")} == {"nothing-asked"}
    assert watch.json("case", "oversight", "compared") == []
    assert "opened" in watch.run("case", "oversight", "status").stdout
    assert north.json("case", "oversight", "again", "--from", "0")[0]["kind"] == "oversight.report"


def test_a_case_is_frozen_and_thawed_by_command(watched: Three, carry: Carry) -> None:
    """The command finds the participants in what was reported, and names the freeze by itself."""
    north, south, watch = watched
    watch.json("case", "oversight", "freeze", CASE, "--reason", "rights-risk")
    for desk in (north, south):
        carry(watch, desk)
        (frozen,) = desk.json("case", "oversight", "frozen")
        assert (frozen["case"], frozen["officer"], frozen["ended_at"]) == (CASE, "desk-1", None)
    words = ("case", "ask", CASE, NORTH, "--question", "And now?", "--desk", "desk", *OFFICER)
    assert south.refused(*words) == "case-frozen"
    assert "frozen" in north.run("case", "list").stdout
    assert north.refused("case", "oversight", "unfreeze", CASE, "--reason", "cleared", "--ref", "f1") == "no-clause"
    watch.json("case", "oversight", "unfreeze", CASE, "--reason", "cleared")
    assert watch.refused("case", "oversight", "unfreeze", CASE, "--reason", "cleared") == "which-freeze"
    carry(watch, south)
    assert south.json(*words)["kind"] == "case.ask"


def test_content_by_command_needs_two_persons(watched: Three, carry: Carry) -> None:
    """One signature waits at the overseer's node; with the second the member's node releases what it holds."""
    north, _, watch = watched
    words = ("case", "oversight", "act", CASE, "--ref", "A-1", "--authority", "High Court", "--law", "Order 17",
             "--from", NORTH, "--officer", "desk-1", "--second-officer", "desk-2")
    waiting = watch.json(*words)
    assert waiting["missing"] == [["releaser"]]
    assert watch.json("case", "oversight", "acts") == []
    watch.json("case", "approve", str(waiting["number"]), "--as", str(watch.key("desk-2")))
    carry(watch, north)
    carry(north, watch)
    (act,) = watch.json("case", "oversight", "acts")
    assert act["waiting_for"] == [] and act["act"]["law"] == "Order 17"
    given = watch.json("case", "oversight", "contents", "A-1")
    assert {each["body"].get("question") for each in given} >= {"Which crate?"}
    assert "Which crate?" in watch.run("case", "oversight", "contents", "A-1").stdout


def test_notices_by_command(watched: Three, carry: Carry) -> None:
    """The day is known to the opener and to oversight; two persons put it off, and both are told."""
    north, south, watch = watched
    (sealed,) = south.json("case", "notice", "list")
    assert (sealed["state"], sealed["due"]) == ("sealed", None)
    for desk in (north, watch):
        (view,) = desk.json("case", "notice", "list")
        assert view["state"] == "waiting" and "2027-01-05" in desk.run("case", "notice", "list").stdout
    words = ("case", "notice", "postpone", CASE, "--until", "2027-02-05", "--reason", "court-order", *OFFICER,
             "--second-officer", "desk-2")
    assert north.json(*words)["missing"] == [["releaser"]]
    north.json("case", "approve", "1", "--as", str(north.key("desk-2")))
    north.json("case", "notice", "given", CASE, "--way", "in-writing", *OFFICER)
    carry(north, watch)
    (view,) = watch.json("case", "notice", "list")
    assert (view["state"], view["notice"]["way"], len(view["notice"]["postponed"])) == ("given", "in-writing", 1)
    assert north.refused("case", "notice", "given", CASE, "--way", "in-writing", *OFFICER) == "already-given"
