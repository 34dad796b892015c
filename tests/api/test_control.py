"""The operator's own way in: a token, a table of actions, and JSON both ways."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import httpx
import pytest

from hamsaya.messages.cases import Acknowledge
from hamsaya.node.actions import ACTIONS
from hamsaya.node.core import Node
from hamsaya.node.send import Draft
from hamsaya.node.service import Service
from tests.api.client import TOKEN, refusal, served
from tests.faults.drafts import ask, open_case
from tests.support.federation import Federation, make_federation
from tests.support.persons import by_hand


def _make() -> Federation:
    made = make_federation()
    made.send("pk", open_case(made.clock.now()))
    made.send("pk", ask(1, "pk", "uz"))
    made.carry_all()
    return made


@pytest.fixture
def federation() -> Federation:
    """Three parties with an open case and one question delivered."""
    return _make()


@pytest.fixture(scope="module")
def standing() -> Federation:
    """The same, shared by the tests that change nothing."""
    return _make()


def control(node: Node, action: str, arguments: Any = None, token: str | None = TOKEN) -> httpx.Response:
    """Return the node's answer to one action."""
    headers = {} if token is None else {b"authorization": f"Bearer {token}".encode()}
    content = arguments if isinstance(arguments, bytes) else json.dumps(arguments or {}).encode()

    async def story(service: Service, client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/control/{action}", content=content, headers=headers)

    return served(node, story)


@pytest.mark.parametrize("token", [None, "", "another", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "tökén"])
def test_nobody_acts_without_the_token(standing: Federation, token: str | None) -> None:
    """Every program of this machine can reach loopback; only the operator can read the token."""
    node = standing.node("pk")
    before = node.tree.size
    assert refusal(control(node, "send", token=token)) == (401, "no-token")
    assert node.tree.size == before


def test_an_unknown_action_names_the_known_ones(federation: Federation) -> None:
    """The operator mistyped; the answer is the list to choose from."""
    answer = control(federation.node("pk"), "shutdown-everything")
    assert refusal(answer) == (400, "unknown-action")
    assert "status" in answer.text


@pytest.mark.parametrize(
    ("action", "arguments"),
    [("status", b"not json"), ("status", {"verbose": True}), ("log", {"limit": "many"}), ("case", {}),
     ("case", {"case": "../../etc"}), ("send", {"kind": "case.ask"}), ("add-peer", {"card": "%%%", "fingerprint": ""}),
     ("picture", {"first": "2020", "last": "2021"}), ("status", b"[]"), ("status", b"\xff")],
)
def test_arguments_that_do_not_fit_are_refused(standing: Federation, action: str, arguments: Any) -> None:
    """A misspelt argument must not be silently left out."""
    assert refusal(control(standing.node("pk"), action, arguments)) == (400, "bad-arguments")


def acknowledging(member: str, request: str, to: str) -> dict[str, Any]:
    """Return the arguments of an acknowledgement that a liaison officer of ``member`` has signed."""
    draft = by_hand(member, Draft(Acknowledge(request=request, officer="desk-1"), (to,), case="PK-1"))
    acts = [{"person": act.person, "role": act.role, "kid": b64encode(act.kid).decode(),
             "signature": b64encode(act.signature).decode()} for act in draft.acts]
    body = {"request": request, "officer": "desk-1"}
    return {"kind": "case.acknowledge", "body": body, "to": [to], "case": "PK-1", "acts": acts}


def test_a_refused_act_comes_with_its_code(federation: Federation) -> None:
    """A program that drives the node tells refusals apart by code, a person reads the clauses."""
    arguments = acknowledging("pk", "uz-9", "uz")
    assert refusal(control(federation.node("pk"), "send", arguments)) == (400, "predecessor-missing")
    assert refusal(control(federation.node("pk"), "send", arguments | {"acts": []})) == (400, "person-missing")


def test_a_message_is_sent_and_its_clauses_are_named(federation: Federation) -> None:
    """Whoever sends is told by which clause it was permitted."""
    node = federation.node("uz")
    answer = control(node, "send", acknowledging("uz", "pk-1", "pk"))
    assert answer.status_code == 200
    said = answer.json()
    assert (said["kind"], said["recipients"]) == ("case.acknowledge", ["pk"])
    assert any("CX" in reason for reason in said["reasons"])
    assert [row.role for row in node.store.find_journal(bytes.fromhex(said["message_id"]))] == ["sent"]


# Actions that only ask, with arguments that fit.
QUESTIONS: dict[str, Any] = {
    "status": {}, "peers": {}, "instruments": {}, "log": {"limit": 5}, "refusals": {}, "outbox": {}, "checkpoint": {},
    "cases": {}, "case": {"case": "PK-1"}, "inbox": {}, "picture": {"first": "2020-01", "last": "2020-02"},
    "commitments": {}, "tranches": {}, "courier-export": {"member": "uz"}, "cosign": {},
}


@pytest.mark.parametrize("action", QUESTIONS)
def test_every_question_is_answered_in_json(standing: Federation, action: str) -> None:
    """The command line and the console are built on these answers."""
    answer = control(standing.node("pk"), action, QUESTIONS[action])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert isinstance(answer.json(), dict | list)


def test_explaining_sends_nothing(federation: Federation) -> None:
    """A person may ask "may I?" as often as they like."""
    node = federation.node("uz")
    before = node.tree.size
    body = {"request": "pk-1", "officer": "uz-1"}
    answer = control(node, "explain", {"kind": "case.acknowledge", "body": body, "to": ["pk"], "case": "PK-1"})
    assert answer.json()["allowed"] is True
    assert node.tree.size == before


def test_a_proof_is_given_for_a_message_and_refused_for_no_message(federation: Federation) -> None:
    """The proof is what a third party is shown."""
    node = federation.node("pk")
    row = next(row for row in node.store.journal() if row.kind == "case.ask")
    answer = control(node, "prove", {"message_id": row.message_id.hex()})
    assert answer.json()["index"] == row.index
    assert answer.json()["receipts"].keys() == {"uz"}
    assert refusal(control(node, "prove", {"message_id": "00" * 16})) == (400, "unknown-message")
    assert refusal(control(node, "prove", {"message_id": "xyz"})) == (400, "bad-id")


def test_a_courier_file_carries_messages_and_brings_receipts_back(federation: Federation) -> None:
    """A ministry without a line is a member like any other."""
    federation.send("pk", ask(2, "pk", "uz"))
    pk, uz = federation.node("pk"), federation.node("uz")
    there = control(pk, "courier-export", {"member": "uz"}).json()
    back = control(uz, "courier-import", {"content": there["content"]}).json()
    assert (there["waiting"], back["received"], back["refused"]) == (1, 1, 0)
    assert control(pk, "courier-import", {"content": back["content"]}).json()["settled"] == 1
    assert set(pk.store.outbox_counts()) == {"admitted"}
    tampered = bytearray(b64decode(there["content"]))
    tampered[-2] ^= 1
    altered = control(uz, "courier-import", {"content": b64encode(bytes(tampered)).decode()}).json()
    assert (altered["received"], altered["refused"]) == (0, 1)
    tampered[0] ^= 1
    assert refusal(control(uz, "courier-import", {"content": b64encode(bytes(tampered)).decode()}))[0] == 400


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_takes_an_argument_it_does_not_know(standing: Federation, action: str) -> None:
    """What is not understood is not done: an argument of a later version may have forbidden something."""
    assert refusal(control(standing.node("pk"), action, {"unheard-of": 1})) == (400, "bad-arguments")
