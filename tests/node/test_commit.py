"""Group commit and what the store decides: one refused job, one defect, one failing disk, one altered journal."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hamsaya.adapters.memory import MemoryStore
from hamsaya.base.errors import HamsayaError, OperatorError, PeerError, PolicyRefusal, StoreError
from hamsaya.messages.envelope import parse
from hamsaya.node.core import Node, open_node
from hamsaya.node.logview import audit
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import SendJob, Sent
from hamsaya.node.settle import verify_receipt
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.keys import KeyRing
from hamsaya.ports.store import JournalRow
from hamsaya.translog.proof import parse_proof
from tests.node.making import acknowledging, asking, held, letters, parties, receive, reopened, state_bytes
from tests.support.federation import Federation, MemoryKeys, SeededRandom, one
from tests.support.persons import by_hand


@pytest.fixture
def fed() -> Federation:
    """Two parties with one case open between them."""
    return parties("pk", "ir", with_case=True)


def questions(fed: Federation, count: int) -> list[bytes]:
    """Return envelopes from pk to ir, each with a question of its own."""
    return [letters(fed, "pk", asking(request=f"R-{number}"))["ir"] for number in range(count)]


@dataclass(frozen=True)
class Broken:
    """A job with a defect, in its run or in its finish."""

    where: str

    def run(self, node: Node) -> Any:
        node.store.put_meta("half", b"done")
        if self.where == "run":
            raise ZeroDivisionError("a defect of ours")

    def finish(self, node: Node, outcome: Any, checkpoint: Any) -> Any:
        raise ZeroDivisionError("a defect of ours")

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Not reached."""


# -- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_has_one_checkpoint_and_a_receipt_each(fed: Federation) -> None:
    """One signature leads to every leaf of the batch; each receipt proves its own."""
    raws, node = questions(fed, 5), fed.node("ir")
    results: list[Received] = node.commit([ReceiveJob(raw) for raw in raws])
    notes = {parse_proof(result.receipt).checkpoint for result in results}
    assert len(notes) == 1
    for raw, result in zip(raws, results, strict=True):
        assert verify_receipt(fed.node("pk"), "ir", parse(raw).statement, result.receipt).code == "admitted"


def test_one_refused_job_does_not_disturb_the_others(fed: Federation) -> None:
    """Junk, a forbidden draft and a stale letter between good ones: the good ones are as if they had been alone."""
    raws, node, twin = questions(fed, 3), fed.node("ir"), None
    twin = one_by_one(copy_of(fed), raws)
    outcomes = node.commit(
        [
            ReceiveJob(raws[0]),
            ReceiveJob(b"junk"),
            SendJob(by_hand("ir", asking(to="pk", case="C-unknown"))),
            ReceiveJob(raws[1]),
            ReceiveJob(raws[0][:-1]),
            ReceiveJob(raws[2]),
        ]
    )
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds == ["Received", "PeerError", "PolicyRefusal", "Received", "PeerError", "Received"]
    assert state_bytes(node) == twin
    assert node.store.refusal_counts() == {"non-canonical": 2}
    assert held(reopened(fed, "ir")).state == twin


def copy_of(fed: Federation) -> Node:
    """Return another node of ir in the same state."""
    store = fed.node("ir").store
    assert isinstance(store, MemoryStore)
    old = fed.node("ir")
    return open_node(
        agreement=old.agreement,
        key_store=fed.parties["ir"].keys,
        store=store.reopen(),
        clock=old.clock,
        random=copy.copy(old.random),
    )


def one_by_one(node: Node, raws: list[bytes]) -> bytes:
    """Return the state after receiving each in a transaction of its own."""
    for raw in raws:
        receive(node, raw)
    return state_bytes(node)


@pytest.mark.parametrize("where", ["run", "finish"])
def test_a_defect_in_one_job_does_not_take_the_others_with_it(fed: Federation, where: str) -> None:
    """The batch is repeated job by job: each good one happens once, the broken one leaves nothing."""
    raws, node = questions(fed, 3), fed.node("ir")
    size = node.tree.size
    outcomes = node.commit([ReceiveJob(raws[0]), ReceiveJob(raws[1]), Broken(where), ReceiveJob(raws[2])])
    assert [type(outcome).__name__ for outcome in outcomes] == 2 * ["Received"] + ["ZeroDivisionError", "Received"]
    assert [outcomes[at].code for at in (0, 1, 3)] == 3 * ["admitted"], "not even a duplicate"
    assert node.tree.size == size + 3 and node.store.get_meta("half") is None
    assert held(reopened(fed, "ir")) == held(node)


def test_a_writer_goes_on_after_a_defect(fed: Federation) -> None:
    """Whoever queued the broken job gets its error; the thread lives and serves the next."""
    raws, writer = questions(fed, 2), Writer(fed.node("ir"))
    futures = [writer.submit(job) for job in (ReceiveJob(raws[0]), Broken("run"), ReceiveJob(raws[1]))]
    assert futures[0].result(10).code == futures[2].result(10).code == "admitted"
    with pytest.raises(ZeroDivisionError):
        futures[1].result(10)
    with pytest.raises(ZeroDivisionError):
        writer.look(lambda node: 1 // 0).result(10)
    assert writer.look(lambda node: node.own).result(10) == "ir"
    writer.stop()


def test_a_question_sees_committed_state_only(fed: Federation) -> None:
    """Between two batches, never inside one: what it reads is in the store."""
    writer = Writer(fed.node("ir"))
    futures = [writer.submit(ReceiveJob(raw)) for raw in questions(fed, 4)]
    looked = writer.look(lambda node: (node.tree.size, len(list(node.store.journal())))).result(10)
    assert looked[0] == looked[1]
    assert all(future.result(10).code == "admitted" for future in futures)
    writer.stop()


# -- the disk -------------------------------------------------------------------------------------------------------


def memory(node: Node) -> MemoryStore:
    """Return the node's store."""
    assert isinstance(node.store, MemoryStore)
    return node.store


def test_a_disk_that_fails_before_keeping_leaves_nothing(fed: Federation) -> None:
    """Every job of the batch is told; the sender resends and all happens once."""
    raws, node = questions(fed, 2), fed.node("ir")
    before = held(node)
    memory(node).fail_next("before")
    outcomes = node.commit([ReceiveJob(raw) for raw in raws])
    assert [outcome.code for outcome in outcomes] == ["disk-full", "disk-full"]
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert held(node) == before and held(copy_of(fed)) == before
    assert [receive(node, raw).duplicate for raw in raws] == [False, False]
    assert held(reopened(fed, "ir")) == held(node)


def test_a_disk_that_fails_after_keeping_is_followed(fed: Federation) -> None:
    """The store decides what has happened: the node folds what was kept, and the resend finds its receipt."""
    raws, node = questions(fed, 2), fed.node("ir")
    size = node.tree.size
    memory(node).fail_next("after")
    outcomes = node.commit([ReceiveJob(raw) for raw in raws])
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert node.tree.size == size + 2 and held(copy_of(fed)) == held(node)
    for raw in raws:
        received = receive(node, raw)
        assert received.duplicate
        assert verify_receipt(fed.node("pk"), "ir", parse(raw).statement, received.receipt).code == "admitted"
    assert node.tree.size == size + 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_send_happens_as_the_store_says(fed: Federation, when: str) -> None:
    """Before: nothing anywhere, and the same draft may be sent again. After: it is on its way, exactly once."""
    node = fed.node("pk")
    before = held(node)
    memory(node).fail_next(when)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        fed.send("pk", asking())
    waiting = len(fed.waiting("pk"))
    if when == "before":
        assert held(node) == before and waiting == 0
        assert isinstance(fed.send("pk", asking()), Sent)
    else:
        assert waiting == 1
        with pytest.raises(PolicyRefusal) as refused:
            fed.send("pk", asking())
        assert refused.value.code == "already-exists", "the repetition is refused by the rules of the case"
    fed.carry_all()
    assert len([row for row in fed.node("ir").store.journal() if row.kind == "case.ask"]) == 1
    assert held(reopened(fed, "pk")) == held(node)


# -- opening --------------------------------------------------------------------------------------------------------

Damage = Callable[[list[JournalRow]], None]


def changed(**changes: Any) -> Damage:
    """Return a damage that changes columns of the fourth last row, an admitted letter."""

    def damage(rows: list[JournalRow]) -> None:
        at = next(at for at in reversed(range(len(rows))) if rows[at].role == "received")
        values = {name: value(getattr(rows[at], name)) if callable(value) else value for name, value in changes.items()}
        rows[at] = replace(rows[at], **values)

    return damage


def flipped(data: bytes) -> bytes:
    """Return ``data`` with its last bit changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


DAMAGE: dict[str, Damage] = {
    "statement": changed(statement=flipped),
    "verdict": changed(role="refused", code="forbidden", body=None),
    "code": changed(code="forbidden"),
    "time": changed(at=lambda at: at + 1),
    "salt": changed(salt=flipped),
    "salt of another length": changed(salt=lambda salt: salt[:-1]),
    "entry": changed(entry=flipped),
    "body": changed(body=flipped),
    "body removed": changed(body=None),
    "body of another row": lambda rows: rows.__setitem__(-1, replace(rows[-1], body=rows[-2].body)),
    "sender column": changed(sender="uz"),
    "kind column": changed(kind="case.close"),
    "message id column": changed(message_id=flipped),
    "index": changed(index=lambda index: index + 1),
    "last row removed": lambda rows: rows.pop(),
    "row in the middle removed": lambda rows: rows.pop(3),
    "rows exchanged": lambda rows: rows.__setitem__(slice(1, 3), rows[2:0:-1]),
    "all rows removed": lambda rows: rows.clear(),
    "row added": lambda rows: rows.append(replace(rows[-1], index=len(rows))),
}


def open_again(fed: Federation, ring: KeyRing | None = None) -> Node:
    """Open ir's node from what its store kept, perhaps with other keys."""
    old = fed.node("ir")
    keys = fed.parties["ir"].keys if ring is None else MemoryKeys(ring)
    return open_node(
        agreement=old.agreement, key_store=keys, store=memory(old).reopen(), clock=old.clock, random=old.random
    )


@pytest.mark.parametrize("name", DAMAGE)
def test_an_altered_journal_is_not_opened(fed: Federation, name: str) -> None:
    """Whoever edits the database is found at the next start, and the operator is told not to go on with it."""
    fed.send("ir", asking(to="pk", request="R-1"))
    fed.send("pk", asking(request="R-2"))
    fed.carry_all()
    open_again(fed)
    DAMAGE[name](memory(fed.node("ir"))._kept.journal)
    with pytest.raises(OperatorError) as refused:
        open_again(fed)
    assert refused.value.code == "damaged-log" and "operator.md" in str(refused.value)


def test_an_altered_or_missing_checkpoint_is_not_opened(fed: Federation) -> None:
    """Removed, of another size, or with a bit of its signature changed."""
    kept = memory(fed.node("ir"))._kept
    size = max(kept.checkpoints)
    note = kept.checkpoints[size]
    for checkpoints in (
        {},
        {at: text for at, text in kept.checkpoints.items() if at < size},
        {**kept.checkpoints, size + 1: note},
        {**kept.checkpoints, size: note.replace("\n", "\n\n", 1)},
        {**kept.checkpoints, size: note[:-10] + ("A" if note[-10] != "A" else "B") + note[-9:]},
        {**kept.checkpoints, size: note.rsplit("—", 1)[0]},
    ):
        kept.checkpoints = checkpoints
        with pytest.raises(OperatorError) as refused:
            open_again(fed)
        assert refused.value.code == "damaged-log"
    kept.checkpoints = {size: note}
    assert open_again(fed).tree.size == size


def test_keys_of_another_node_are_not_used(fed: Federation) -> None:
    """A mistaken copy of a key file is named as such; keys that did not sign this log, or cannot read it, too."""
    with pytest.raises(OperatorError) as refused:
        open_again(fed, fed.node("pk").ring)
    assert refused.value.code == "wrong-keys"
    ring = fed.node("ir").ring
    for other in (replace(ring, log=ring.message), replace(ring, storage=bytes(32))):
        with pytest.raises(OperatorError):
            open_again(fed, other)
    assert open_again(fed, ring).own == "ir"


def test_replay_gives_the_same_state_to_the_last_byte(fed: Federation) -> None:
    """All state is the fold of the journal, however often it is opened."""
    fed.send("pk", asking())
    fed.carry_all()
    fed.send("ir", acknowledging())
    fed.carry_all()
    for member in ("pk", "ir"):
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live
        assert held(reopened(fed, member)) == live


def test_a_refusal_leaves_the_tree_usable(fed: Federation) -> None:
    """After a job that failed late, the next leaf has the right index and proof."""

    @dataclass(frozen=True)
    class Late:
        """Records a whole letter and then refuses."""

        raw: bytes

        def run(self, node: Node) -> Any:
            ReceiveJob(self.raw).run(node)
            raise PeerError("too late", code="late")

        def finish(self, node: Node, outcome: Any, checkpoint: Any) -> Any:
            raise AssertionError

        def refused(self, node: Node, error: HamsayaError) -> None:
            node.record_refusal(error, self.raw)

    raws, node = questions(fed, 2), fed.node("ir")
    size = node.tree.size
    late, good = node.commit([Late(raws[0]), ReceiveJob(raws[1])])
    assert late.code == "late" and good.code == "admitted"
    assert node.tree.size == size + 1 and node.store.refusal_counts() == {"late": 1}
    assert verify_receipt(fed.node("pk"), "ir", parse(raws[1]).statement, good.receipt).index == size
    # The undone letter can still come: it is neither seen nor admitted.
    assert receive(node, raws[0]).code == "admitted"
    with pytest.raises(PeerError):
        audit(node)
    assert SeededRandom("x").bytes(3) == SeededRandom("x").bytes(3)
    assert one(node, Act(lambda n: n.tree.size)) == size + 2
