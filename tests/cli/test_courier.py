"""Two nodes that never run, and everything between them carried as files: the whole life of a case by command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import NORTH, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
CASE = "C-2026-001"


def opened(north: Desk) -> None:
    north.json("case", "open", CASE, "--title", "Detonators", "--purpose", "trace-explosives", "--act", "bombing",
               "--legal-basis", "CX.1", "--desk", "desk",
               "--with", SOUTH, "--officer", "desk-1", "--subject", "consignment|crate 7|mutually-criminalised|art. 3")


def test_nothing_may_be_asked_before_the_members_have_signed(pair: Pair) -> None:
    """Default deny reaches the command line with its code; the reason names the instrument."""
    north, _ = pair
    arguments = ["case", "open", CASE, "--title", "x", "--purpose", "trace-explosives", "--act", "bombing",
                 "--legal-basis", "CX.1", "--desk", "desk",
                 "--with", SOUTH, "--officer", "desk-1"]
    assert north.refused(*arguments) == "not-in-force"
    dry = north.json(*arguments, "--dry-run")
    assert (dry["allowed"], dry["code"]) == (False, "not-in-force")
    assert north.json("charter", "explain", "case.open", "--to", SOUTH, "--case", CASE)["code"] == "not-in-force"


def test_signatures_carried_by_file_bring_the_charter_into_force(in_force: Pair) -> None:
    """Both sides come to the same conclusion from the same two signatures."""
    for desk in in_force:
        instruments = desk.json("charter", "show")
        assert all(i["in_force"] is not i["draft"] and sorted(i["signed_by"]) == [NORTH, SOUTH] for i in instruments)


def test_a_case_lives_from_opening_to_attested_purge(in_force: Pair, carry: Carry) -> None:
    """One question answered, one declined, the answer revoked and purged, the case closed: by command and courier."""
    north, south = in_force
    opened(north)
    first = north.json("case", "ask", CASE, SOUTH, "--question", "Whose crate?",
                       "--desk", "desk", "--officer", "desk-1")
    second = north.json("case", "ask", CASE, SOUTH, "--question", "Which road?",
                        "--desk", "desk", "--officer", "desk-1",
                        "--urgency", "urgent")
    assert first["node_running"] is False and first["recipients"] == [SOUTH]
    assert second["message_id"] != first["message_id"]
    assert carry(north, south)["received"] == 3

    tasks = south.json("case", "inbox")
    asked = {task["reference"] for task in tasks if task["task"] == "acknowledge"}
    assert asked == {f"{CASE}/{NORTH}-q1", f"{CASE}/{NORTH}-q2"}
    south.json("case", "acknowledge", CASE, f"{CASE}/{NORTH}-q1", "--officer", "desk-1")
    south.json("case", "answer", CASE, f"{CASE}/{NORTH}-q1", "--text", "Ours, lost in May.", "--prepared-by", "desk-1",
               "--released-by", "desk-2", "--caveat", "no-onward")
    south.json("case", "decline", CASE, f"{CASE}/{NORTH}-q2", "--code", "not-held", "--officer", "desk-1")
    carry(south, north)

    view = north.json("case", "show", CASE)
    states = {r["request"]["request"]: r["request"]["declined"] or r["request"]["status"] for r in view["requests"]}
    assert states == {f"{CASE}/{NORTH}-q1": "answered", f"{CASE}/{NORTH}-q2": "not-held"}
    (item,) = view["items"]
    assert (item["item"]["text"], item["withheld"], item["words"]) == (None, "locked", ["not-in-court", "no-onward"])
    assert [task["task"] for task in north.json("case", "inbox")] == ["accept"]
    north.json("case", "accept", CASE, item["item"]["item"], "--officer", "desk-1")
    carry(north, south)
    carry(south, north)
    (item,) = north.json("case", "show", CASE)["items"]
    assert item["item"]["text"] == "Ours, lost in May."

    reference = item["item"]["item"]
    south.json("case", "revoke", CASE, reference, "--reason", "source-protection", "--officer", "desk-1")
    carry(south, north)
    assert [task["task"] for task in north.json("case", "inbox")] == ["purge"]
    north.json("case", "purge", CASE, reference, "--outcome", "purged", "--officer", "desk-1")
    north.json("case", "close", CASE, "--outcome", "resolved", "--officer", "desk-1")
    carry(north, south)

    (kept,) = south.json("case", "show", CASE)["items"]
    assert kept["outstanding"] == [] and kept["item"]["attested"][0]["outcome"] == "purged"
    assert north.json("case", "show", CASE)["items"][0]["item"]["text"] is None
    assert [case["case"]["status"] for case in south.json("case", "list")] == ["closed"]
    assert north.json("node", "status")["outbox"].keys() <= {"admitted"}


def test_one_person_cannot_both_prepare_and_release(in_force: Pair, carry: Carry) -> None:
    """The second person is a rule of the cell; the command line is no way around it."""
    north, south = in_force
    opened(north)
    north.json("case", "ask", CASE, SOUTH, "--question", "Whose?",
               "--desk", "desk", "--officer", "desk-1", "--request", "R1")
    carry(north, south)
    answer = ["case", "answer", CASE, "R1", "--text", "x", "--prepared-by", "desk-1", "--released-by"]
    assert south.refused(*answer, "desk-1") == "two-persons"
    assert south.refused(*answer, "desk-2", "--and", str(south.key("desk-1"))) == "same-person"
    assert south.run(*answer, "desk-2", "--text-file", str(south.directory / "node.card")).exit_code == 2, "text twice"
    assert south.refused("case", "answer", CASE, "R1", "--prepared-by", "desk-1", "--released-by", "desk-2",
                         "--text-file", str(south.directory / "node.card")) == "bad-file"
    assert south.json(*answer, "desk-2", "--dry-run")["allowed"] is True
    assert south.json("case", "show", CASE)["items"] == [], "a dry run says what would happen and does nothing"


def test_a_file_for_another_member_or_of_another_form_changes_nothing(in_force: Pair, tmp_path: Path) -> None:
    """A courier who hands over the wrong file is told so."""
    north, south = in_force
    bundle = tmp_path / "for-south"
    north.json("node", "courier", "export", SOUTH, str(bundle))
    assert north.refused("node", "courier", "import", str(bundle)) == "not-for-us"
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xff" * 40)
    size = south.json("node", "status")["log_size"]
    assert south.refused("node", "courier", "import", str(junk)) == "non-canonical"
    assert south.json("node", "status")["log_size"] == size


def test_importing_a_file_twice_does_no_harm(in_force: Pair, tmp_path: Path) -> None:
    """Couriers hand over copies; the second one is answered with the same receipts."""
    north, south = in_force
    opened(north)
    bundle = tmp_path / "twice"
    north.json("node", "courier", "export", SOUTH, str(bundle))
    files = [tmp_path / "back-1", tmp_path / "back-2"]
    counts = [south.json("node", "courier", "import", str(bundle), "--back", str(back)) for back in files]
    assert [count["received"] for count in counts] == [1, 1]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(south.json("case", "list")) == 1


def test_a_proof_and_its_receipt_are_checked_with_files_alone(in_force: Pair, carry: Carry, tmp_path: Path) -> None:
    """Who holds the files needs no node; a changed statement or another node's card does not verify."""
    north, south = in_force
    opened(north)
    carry(north, south)
    sent = next(row for row in north.json("log", "show") if row["kind"] == "case.open")
    files = north.json("log", "prove", sent["message_id"], "--out", str(tmp_path / "p"))["files"]
    assert {Path(file).name for file in files} == {"p.proof", "p.statement", f"p.{SOUTH}.receipt"}

    proof, receipt = str(tmp_path / "p.proof"), str(tmp_path / f"p.{SOUTH}.receipt")
    cards = {desk.directory.name: str(desk.directory / "node.card") for desk in in_force}
    outside = Desk(tmp_path / "nowhere", tmp_path / "no-passphrase")
    view = outside.json("log", "verify", proof, "--card", cards[NORTH])
    assert (view["message_id"], view["role"], view["recipients"]) == (sent["message_id"], "sent", [SOUTH])
    assert outside.json("log", "verify", receipt, "--card", cards[SOUTH])["role"] == "received"
    assert outside.refused("log", "verify", proof, "--card", cards[SOUTH]) == "wrong-log"

    policy = tmp_path / "policy"
    policy.write_text(north.json("log", "policy")["policy"])
    assert outside.refused("log", "verify", proof, "--card", cards[NORTH], "--policy", str(policy)) == "quorum-missing"
    statement = bytearray((tmp_path / "p.statement").read_bytes())
    statement[-1] ^= 1
    (tmp_path / "p.statement").write_bytes(statement)
    assert outside.refused("log", "verify", proof, "--card", cards[NORTH]) == "bad-proof"


def test_an_audit_without_witnesses_says_that_they_are_missing(in_force: Pair) -> None:
    """Nobody has cosigned a log that was never on a network: the audit must not call it good."""
    assert in_force[0].refused("log", "audit") == "quorum-missing"


def test_a_file_for_nobody_is_not_written(in_force: Pair, tmp_path: Path) -> None:
    """A misspelt slug must not end in an empty file that somebody carries across a mountain."""
    bundle = tmp_path / "bundle"
    for nobody in ("nowhere", NORTH):
        assert in_force[0].refused("node", "courier", "export", nobody, str(bundle)) == "unknown-member"
    assert not bundle.exists()


def test_a_case_is_kept_no_longer_than_its_instrument_lets_it(in_force: Pair) -> None:
    """`charter show` prints that bound: the members agreed on it and rely on it."""
    north, _ = in_force
    longest = next(view["retention_days"] for view in north.json("charter", "show")
                   if view["instrument"] == "case-exchange")
    words = ["case", "open", CASE, "--title", "t", "--purpose", "protect-border", "--act", "bombing",
             "--legal-basis", "CX.1", "--desk", "desk", "--with", SOUTH,
             "--officer", "desk-1", "--retain-days"]
    assert north.refused(*words, str(longest + 1)) == "retention"
    assert north.json(*words, str(longest), "--dry-run")["allowed"] is True


@pytest.mark.parametrize(("words", "known"), [
    (("case", "open", CASE, "--title", "t", "--purpose", "protect-border", "--act", "bombing",
      "--legal-basis", "CX.1", "--desk", "desk", "--with", SOUTH,
      "--officer", "desk-1", "--subject", "group | x | unsc-listed | y"), "consignment"),
    (("case", "open", "no reference", "--title", "t", "--purpose", "protect-border", "--act", "bombing",
      "--legal-basis", "CX.1", "--desk", "desk", "--with",
      SOUTH, "--officer", "desk-1"), "C-2026-001"),
])
def test_wrong_words_are_answered_with_the_right_ones(pair: Pair, words: tuple[str, ...], known: str) -> None:
    """Wrong usage ends with 2, and says what would have been right."""
    shown = pair[0].run(*words, "--json")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert known in shown.stderr
