"""What is given in answer, by command: explained before it leaves, accepted, reported on, kept, passed on, exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
CASE = "C-2026-001"
ASKED, ITEM = f"{CASE}/{NORTH}-q1", f"{CASE}/{SOUTH}-i1"
TWO = ("--prepared-by", "desk-1", "--released-by", "desk-2")


@pytest.fixture
def asked(in_force: Pair, carry: Carry) -> Pair:
    """Two nodes and a question of the north that the south has received."""
    north, south = in_force
    north.json("case", "open", CASE, "--title", "Detonators", "--purpose", "trace-explosives", "--act", "bombing",
               "--with", SOUTH, "--legal-basis", "CX.1", "--desk", "desk", "--officer", "desk-1")
    north.json("case", "ask", CASE, SOUTH, "--question", "Whose crate?", "--legal-basis", "CX.1", "--desk", "desk",
               "--officer", "desk-1")
    carry(north, south)
    return in_force


def answered(pair: Pair, carry: Carry, *more: str) -> Pair:
    """Let the south answer with one item, and carry it."""
    north, south = pair
    south.json("case", "answer", CASE, ASKED, "--text", "Ours, lost in May.", *TWO, *more)
    carry(south, north)
    return pair


def item(desk: Desk) -> dict[str, Any]:
    """Return the item's view."""
    (view,) = desk.json("case", "show", CASE)["items"]
    return dict(view)


def test_a_preview_says_who_would_see_what_and_sends_nothing(asked: Pair) -> None:
    """Rule, recipients, desks, conditions, labels and duties, before anything has left."""
    _, south = asked
    before = south.json("node", "status")["log_size"]
    view = south.json("case", "preview", CASE, ASKED, "--text", "Ours.", *TWO, "--caveat", "named-desk-only",
                      "--use", "check", "--right", "minor")
    assert view["allowed"] and view["instrument"] == "case-exchange"
    (reader,) = view["readers"]
    assert (reader["member"], reader["desks"]) == (NORTH, [f"{NORTH}/liaison"])
    assert "accepted" in reader["sees"] and reader["acts"] == ["check", "show"]
    assert view["tlp"] == "TLP:RED" and {"two-persons", "caveats"} <= set(view["obligations"])
    assert any("child's safeguards" in sentence for sentence in view["conditions"])
    assert south.json("node", "status")["log_size"] == before
    said = south.run("case", "preview", CASE, ASKED, "--text", "Ours.", *TWO).stdout
    assert "may be released" in said and "Who sees what" in said


def test_a_preview_says_why_not(asked: Pair) -> None:
    """One person under two seats, or a reader that nobody can be, is told before anybody waits for it."""
    _, south = asked
    alone = ("--prepared-by", "desk-1", "--released-by", "desk-1")
    assert south.json("case", "preview", CASE, ASKED, "--text", "Ours.", *alone)["code"] == "two-persons"
    outside = south.json("case", "preview", CASE, ASKED, "--text", "Ours.", *TWO, "--audience", f"{SOUTH}/liaison")
    assert outside["code"] == "outside-audience" and outside["readers"][0]["sees"].startswith("nothing")
    assert south.refused("case", "preview", CASE, ASKED, "--text", "x", *TWO, "--audience", "No Such") == "bad-caveats"
    assert south.run("case", "answer", CASE, ASKED, "--text", "x", *TWO, "--grade", "Z9").exit_code == 2
    for grade in ("admiralty:C4", "admiralty:G1"):
        assert south.refused("case", "answer", CASE, ASKED, "--text", "x", *TWO, "--grade", grade) == "bad-grade"
    graded = south.json("case", "preview", CASE, ASKED, "--text", "x", *TWO, "--grade", "admiralty:D6")
    assert graded["grade"] == "D6"
    assert south.run("case", "answer", CASE, ASKED, "--text", "x", *TWO, "--caveat", "none").exit_code == 2


def test_a_locked_item_is_accepted_reported_on_and_receipted(asked: Pair, carry: Carry) -> None:
    """By courier alone: the key travels back with the receipts of the acceptance."""
    north, south = answered(asked, carry, "--caveat", "no-onward", "--grade", "B2")
    assert item(north)["withheld"] == "locked" and item(north)["item"]["grading"] == {"source": "B", "information": "2"}
    assert north.refused("case", "export", CASE, ITEM) == "locked"
    north.json("case", "seen", CASE, ITEM, "--officer", "desk-1")
    north.json("case", "accept", CASE, ITEM, "--officer", "desk-1")
    carry(north, south)
    assert item(north)["item"]["text"] == "Ours, lost in May."
    north.json("case", "use", CASE, ITEM, "--outcome", "new-lead", "--officer", "desk-1")
    carry(north, south)
    (row,) = south.json("case", "receipts", CASE, ITEM)
    assert row["delivered"] and row["seen"] and row["unlocked"] and row["uses"] == ["new-lead"]
    assert row["accepted_by"] == "desk-1" and row["ended"] is None


def test_an_export_carries_its_conditions(asked: Pair, carry: Carry, tmp_path: Path) -> None:
    """A file says what may be done with it; a desk outside the audience gets none."""
    north, _ = answered(asked, carry, "--disclosure", "D1", "--audience", f"{NORTH}/border")
    assert item(north)["withheld"] == "outside-audience"
    assert north.refused("case", "export", CASE, ITEM) == "outside-audience"
    out = tmp_path / "item.json"
    view = north.json("case", "export", CASE, ITEM, "--desk", f"{NORTH}/border", "--out", str(out))
    assert json.loads(out.read_text(encoding="utf-8")) == view
    assert (view["text"], view["caveats"]["disclosure"]) == ("Ours, lost in May.", "D1") and view["conditions"]


def test_holds_consents_and_corrections_by_command(asked: Pair, carry: Carry) -> None:
    """Each is a message that the other side reads with its law, its recipients and its two persons."""
    north, south = answered(asked, carry, "--disclosure", "D1")
    alone = ("--prepared-by", "desk-1", "--released-by", "desk-1")
    assert north.refused("case", "hold", CASE, ITEM, "--law", "law-1", *alone) == "two-persons"
    north.json("case", "hold", CASE, ITEM, "--law", "law-1", *TWO)
    asking = north.json("case", "consent-ask", CASE, ITEM, "--for", "ir", "--purpose", "prevent-attack", "--text",
                        "Lost in May.", "--officer", "desk-1")
    assert asking["recipients"] == [SOUTH]
    carry(north, south)
    assert south.json("case", "receipts", CASE, ITEM)[0]["held"] == ["law-1"]
    (sought,) = item(south)["item"]["sought"]
    assert south.json("case", "item", CASE, ITEM)["item"]["sought"] == [sought]
    assert "Lost in May." in south.run("case", "item", CASE, ITEM).stdout
    assert sought["to"] == ["ir"] and "consent" in {task["task"] for task in south.json("case", "inbox")}
    deciding = ("case", "consent", CASE, ITEM, sought["consent"])
    refused = south.json(*deciding, "--refuse", "--officer", "desk-1", "--to", NORTH)
    assert refused["recipients"] == [NORTH]
    no_such = ("case", "consent", CASE, ITEM, "no-such", "--grant", "--officer", "desk-1")
    assert south.refused(*no_such) == "unknown-consent"
    south.json("case", "answer", CASE, ASKED, "--text", "Ours, lost in June.", *TWO, "--supersedes", ITEM)
    north.json("case", "unhold", CASE, ITEM, "--law", "law-1", *TWO)
    carry(south, north)
    items = {each["item"]["item"]: each["item"] for each in north.json("case", "show", CASE)["items"]}
    assert (items[ITEM]["status"], items[ITEM]["superseded_by"]) == ("superseded", f"{CASE}/{SOUTH}-i2")


def test_what_is_retained_names_its_law(asked: Pair, carry: Carry) -> None:
    """A recall is answered with an outcome that can be checked."""
    north, south = answered(asked, carry)
    south.json("case", "revoke", CASE, ITEM, "--reason", "error", "--officer", "desk-1")
    carry(south, north)
    said = ("case", "purge", CASE, ITEM, "--outcome", "retained-under-law", "--officer", "desk-1")
    assert north.refused(*said) == "law-required"
    north.json(*said, "--law", "penal-code/12")
    carry(north, south)
    assert item(south)["item"]["attested"][0]["law"] == "penal-code/12"
