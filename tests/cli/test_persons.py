"""Persons at the terminal: their key files, the second person's panel, and what nobody signs unseen."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.cli.signing import Signers
from hamsaya.messages.cases import Acknowledge
from hamsaya.messages.charter import CastVote
from hamsaya.messages.kinds import Body, encode_body, kind_of
from hamsaya.node.bootstrap import make_person
from tests.cli.conftest import NORTH, PASSPHRASE, SOUTH, Desk

Pair = tuple[Desk, Desk]
Carry = Callable[[Desk, Desk], dict[str, Any]]
OPEN = ("case", "open", "C-1", "--title", "A crate", "--purpose", "prevent-attack", "--act", "bombing",
        "--legal-basis", "CX.1", "--desk", "desk", "--with", SOUTH)


def prepare(desk: Desk, *words: str) -> dict[str, Any]:
    """Return the answer to a command for two persons that only the first of them gives."""
    return dict(replace(desk, together=False).json(*words))


def test_a_person_is_enrolled_listed_and_ended(pair: Pair) -> None:
    """Name and staff number show at the own node; the key file is the person's alone."""
    north, _ = pair
    north.enrol("desk-7", "liaison", "auditor", number="77")
    assert north.key("desk-7").stat().st_mode & 0o777 == 0o600
    (view,) = [view for view in north.json("person", "list", "--member", NORTH) if view["person"] == "desk-7"]
    assert (view["roles"], view["stands"], view["name"], view["staff_number"]) == (
        ["liaison", "auditor"], True, "The desk-7", "77")
    north.json("person", "end", "desk-7", "--reason", "left")
    (view,) = [view for view in north.json("person", "list") if view["person"] == "desk-7"]
    assert view["stands"] is False and view["ended_at"] is not None
    assert "desk-7" in north.run("person", "list").stdout
    assert north.refused("person", "end", "nobody", "--reason", "left") == "unknown-person"


def test_one_person_gets_no_second_account_and_a_refusal_leaves_no_key(pair: Pair) -> None:
    """The staff number is what counts, however it is typed; half an enrolment would be a key nobody knows."""
    north, _ = pair
    words = ("person", "enrol", "desk-8", "--role", "releaser", "--name", "Another name", "--key")
    assert north.refused(*words, str(north.key("desk-8")), "--staff-number", "DESK 1") == "same-person"
    assert not north.key("desk-8").exists()
    kept = north.key("desk-1").read_bytes()
    assert north.refused(*words, str(north.key("desk-1")), "--staff-number", "9") == "already-there"
    assert north.key("desk-1").read_bytes() == kept
    assert north.run(*words, str(north.key("desk-8")), "--staff-number", "9", "--role", "king").exit_code == 2


def test_a_fresh_key_takes_the_place_of_the_one_before(in_force: Pair) -> None:
    """What the old file signs is refused from then on."""
    north, _ = in_force
    north.json("person", "rekey", "desk-1", "--key", str(north.key("fresh")))
    assert north.refused(*OPEN) == "person-ended"
    north.json(*OPEN, "--as", str(north.key("fresh")))
    assert north.refused("person", "rekey", "nobody", "--key", str(north.key("other"))) == "unknown-person"


def test_without_a_person_nothing_is_sent(in_force: Pair) -> None:
    """The operator of the node is nobody in a case; what the node alone may say it still says."""
    north, _ = in_force
    key = north.key("desk-1")
    away = key.rename(north.directory / "away.key")
    assert north.refused("charter", "cut", SOUTH, "--reason", "technical") == "person-missing"
    assert north.refused(*OPEN) == "person-missing", "an officer is a person"
    assert north.refused(*OPEN, "--as", str(north.directory / "keys.bin")) == "wrong-key-file"
    assert north.json("case", "list") == []
    away.rename(key)


def test_what_one_prepares_another_sees_whole_and_releases(in_force: Pair, carry: Carry) -> None:
    """The panel shows kind, audience, every field and the clauses; the first person cannot release alone."""
    north, south = in_force
    waiting = prepare(north, *OPEN)
    assert (waiting["number"], waiting["missing"], waiting["signed"]) == (1, [["releaser"]], ["desk-1 (liaison)"])
    assert north.json("case", "list") == [] and len(north.json("case", "prepared")) == 1
    shown = north.run("case", "approve", "1", "--dry-run").stdout
    for part in ("case.open", SOUTH, "A crate", "prevent-attack", "desk-1 (liaison)", "CX.1", "may be sent"):
        assert part in shown, part
    assert north.refused("case", "approve", "1") == "same-person"
    assert north.refused("case", "approve", "9") == "unknown-number"
    released = north.json("case", "approve", "1", "--as", str(north.key("desk-2")))
    assert released["kind"] == "case.open" and released["recipients"] == [SOUTH]
    assert north.json("case", "prepared") == []
    carry(north, south)
    assert [view["case"]["case"] for view in south.json("case", "list")] == ["C-1"]


def test_what_is_discarded_was_never_sent(in_force: Pair) -> None:
    """The number is gone, and so is the message; the next one gets another number."""
    north, _ = in_force
    assert prepare(north, *OPEN)["number"] == 1
    assert north.json("case", "discard", "1") == {"discarded": 1}
    assert north.refused("case", "discard", "1") == "unknown-number"
    assert prepare(north, *OPEN)["number"] == 2
    assert "case.open waits" not in north.run("case", "prepared").stdout


# -- what is signed -------------------------------------------------------------------------------------------------

ACK = Acknowledge(request="R-1", officer="desk-1")


def explained(told: Body, **changes: Any) -> dict[str, Any]:
    """Return what a node says it would send."""
    return {"allowed": True, "reasons": [], "code": "permitted", "seats": [["liaison"]], "recipients": [SOUTH],
            "federation": "f", "instrument": "case-exchange", "case": "C-1",
            "body": base64.b64encode(encode_body(told)).decode(), **changes}


def said(body: Body, **changes: Any) -> dict[str, Any]:
    return {"kind": kind_of(body), "body": msgspec.to_builtins(body), "to": [SOUTH], "case": "C-1", **changes}


@pytest.fixture
def signers(tmp_path: Path, passphrase_file: Path) -> Signers:
    """One liaison officer at the terminal."""
    make_person(tmp_path / "key", PASSPHRASE, NORTH, "desk-1", ("liaison", "releaser"))
    return Signers([tmp_path / "key"], passphrase_file)


OTHERS: dict[str, dict[str, Any]] = {
    "another body": {"body": base64.b64encode(encode_body(Acknowledge(request="R-2", officer="desk-1"))).decode()},
    "another case": {"case": "C-2"}, "another audience": {"recipients": [SOUTH, "pk"]},
}


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_signs_what_was_not_asked_for(signers: Signers, name: str) -> None:
    """A captured node may answer anything; the person's own program compares before it signs."""
    arguments, count = signers.sign(said(ACK), explained(ACK))
    assert count == 1 and arguments["acts"][0]["person"] == "desk-1"
    with pytest.raises(OperatorError) as refused:
        signers.sign(said(ACK), explained(ACK, **OTHERS[name]))
    assert refused.value.code == "other-message"


def test_the_node_adds_a_ballot_and_nothing_else_to_a_vote(signers: Signers) -> None:
    """The ballot is the node's own signature; the choice is the person's."""
    vote = CastVote(proposal="kz/1", subject=bytes(32), choice="no")
    ballot = msgspec.structs.replace(vote, ballot=[bytes(64), bytes(2420)])
    asked = said(vote, to=["all"], case=None)
    arguments, _ = signers.sign(asked, explained(ballot, case=None, seats=[["releaser"]]))
    assert arguments["body"]["ballot"] and arguments["body"]["choice"] == "no"
    with pytest.raises(OperatorError):
        signers.sign(asked, explained(msgspec.structs.replace(ballot, choice="yes"), case=None))


def test_what_the_node_would_refuse_is_told_before_anybody_signs(signers: Signers) -> None:
    """No passphrase is asked for a message that cannot go."""
    with pytest.raises(HamsayaError) as refused:
        Signers([]).sign(said(ACK), explained(ACK, allowed=False, code="no-clause", reasons=["none"]))
    assert refused.value.code == "no-clause"
    with pytest.raises(OperatorError) as missing:
        Signers([]).sign(said(ACK), explained(ACK))
    assert missing.value.code == "person-missing"
