"""A purge attested is a purge done: out of the state, out of the journal, out of the files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.messages.cases import Purge, PurgeOutcome, Revoke
from hamsaya.node.core import Node, open_node
from hamsaya.node.journal import read_event
from hamsaya.node.logview import prove
from hamsaya.node.send import Draft
from hamsaya.node.settle import verify_receipt
from tests.node.making import CASE, SECRET, acknowledging, answering, asking, held, opening, state_bytes
from tests.support.federation import Federation, make_federation


@pytest.fixture
def fed(tmp_path: Path) -> Federation:
    """Two nodes on real files; ir has answered pk's question with a secret and has revoked it."""
    federation = make_federation(
        members=("pk", "ir"), make_store=lambda member: SqliteStore(tmp_path / f"{member}.db", create=True)
    )
    for sender, draft in (
        ("pk", opening(federation)),
        ("pk", asking()),
        ("ir", acknowledging()),
        ("ir", answering()),
        ("ir", Draft(Revoke(item="I-1", reason="source-protection", officer="desk-2"), ("pk",), case=CASE)),
    ):
        federation.send(sender, draft)
        federation.carry_all()
    return federation


def purge(fed: Federation, outcome: PurgeOutcome = "purged") -> None:
    """Let pk attest what became of the item."""
    law = "law-1" if outcome == "retained-under-law" else None
    fed.send("pk", Draft(Purge(item="I-1", outcome=outcome, law=law, officer="desk-1"), ("ir",), case=CASE))
    fed.carry_all()


def answer_body(node: Node) -> bytes:
    """Return the locked body of the answer in the node's journal."""
    (row,) = [row for row in node.store.journal() if row.kind == "case.answer"]
    assert row.body is not None
    return row.body


def files(tmp_path: Path, member: str) -> bytes:
    """Return every byte of a node's files, after its write-ahead log has been taken in."""
    with sqlite3.connect(tmp_path / f"{member}.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return b"".join(path.read_bytes() for path in sorted(tmp_path.glob(f"{member}.db*")))


def test_a_purged_text_is_nowhere_at_its_holder(fed: Federation, tmp_path: Path) -> None:
    """Not in the state, not in the journal, and the bytes it was locked in are in no file any more."""
    node = fed.node("pk")
    locked = answer_body(node)
    assert SECRET.encode() in state_bytes(node) and locked[20:60] in files(tmp_path, "pk")
    purge(fed)
    assert SECRET.encode() not in state_bytes(node)
    for row in node.store.journal():
        event = read_event(row, node.ring.storage)
        assert event is not None and SECRET not in repr(event)
    content = files(tmp_path, "pk")
    assert SECRET.encode() not in content
    assert not any(locked[at : at + 24] in content for at in range(0, len(locked) - 24, 24))


def test_the_owner_keeps_what_is_its_own(fed: Federation) -> None:
    """A holder's purge takes nothing from the originator, whose text it was."""
    purge(fed)
    assert SECRET.encode() in state_bytes(fed.node("ir"))
    (item,) = fed.node("ir").state.cases.items.values()
    assert [(attested.holder, attested.outcome) for attested in item.attested] == [("pk", "purged")]


@pytest.mark.parametrize("outcome", ["retained-under-law", "in-court-file"])
def test_what_is_retained_is_said_to_be_retained(fed: Federation, outcome: PurgeOutcome) -> None:
    """An attestation that something stays does not remove it, and does not pretend to."""
    before = answer_body(fed.node("pk"))
    purge(fed, outcome)
    assert answer_body(fed.node("pk")) == before and SECRET.encode() in state_bytes(fed.node("pk"))


def test_a_redacted_journal_replays_to_the_same_state(fed: Federation, tmp_path: Path) -> None:
    """The leaf commits to ciphertext, so the log stands; the journal says that it was, not what it said."""
    purge(fed)
    node, live = fed.node("pk"), held(fed.node("pk"))
    node.store.close()
    store = SqliteStore(tmp_path / "pk.db")
    again = open_node(
        agreement=node.agreement,
        key_store=fed.parties["pk"].keys,
        store=store,
        clock=node.clock,
        random=node.random,
    )
    assert held(again) == live
    (row,) = [row for row in store.journal() if row.kind == "case.answer"]
    assert prove(again, row).startswith(b"c2sp.org/tlog-proof@v1\n"), "the answer's leaf is as provable as before"
    store.close()


def test_the_receipt_of_the_answer_still_proves_it(fed: Federation) -> None:
    """What was received stays proven to the sender after the text is gone at the receiver."""
    purge(fed)
    (row,) = [row for row in fed.node("ir").store.journal() if row.kind == "case.answer"]
    receipt = fed.node("ir").store.receipt("pk", row.message_id)
    assert receipt is not None
    assert verify_receipt(fed.node("ir"), "pk", row.statement, receipt).state == "admitted"
