"""SIGKILL at every numbered step of the send pipeline and of settling, in a real process on a real store."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from hamsaya.adapters.memory import MemoryStore
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.messages.cases import Ask
from hamsaya.messages.envelope import parse
from hamsaya.node.core import Node, open_node
from hamsaya.node.journal import read_event
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import SendJob, Sent
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act
from hamsaya.ports.keys import encode_ring
from tests.faults.crash import Crashes, check_store, reopen
from tests.faults.drafts import ask, open_case
from tests.faults.kills import (
    KILLS,
    OUTSIDE_KILLS,
    SEND_KILLS,
    SEND_STEPS,
    SENT_AT_ONCE,
    SETTLE_KILLS,
    STEPS,
    STREAM_KILLS,
)
from tests.faults.worker import Trial
from tests.support.federation import Federation, MemoryKeys, make_federation

DRAFTS = [ask(number, "pk", to, also=also) for number, (to, also) in enumerate(
    [("uz", ("ir",)), ("ir", ("uz",)), ("uz", ()), ("ir", ())] * 3)]


@dataclass(frozen=True)
class Scene:
    """A sender's store as a file; its peers wait in memory."""

    federation: Federation
    store: Path
    ring: bytes

    def trial(self, folder: Path, step: str | None = None, occurrence: int = 0) -> Trial:
        """Return a life on a fresh copy of the store."""
        copy = folder / "node.db"
        if not copy.exists():
            shutil.copy(self.store, copy)
        return Trial(copy, "pk", self.ring, self.federation.clock.now(), step, occurrence)

    def peer(self, member: str) -> Node:
        """Return a peer as it was when the scene was made, so that trials do not see each other."""
        party = self.federation.parties[member]
        assert isinstance(party.node.store, MemoryStore)
        return open_node(agreement=party.node.agreement, key_store=MemoryKeys(party.keys.ring),
                         store=party.node.store.reopen(), clock=party.node.clock, random=party.node.random)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Pakistan's store with its peers' cards, the charter in force and an open case."""
    folder = tmp_path_factory.mktemp("sender")
    federation = make_federation(
        make_store=lambda member: SqliteStore(folder / "node.db", create=True) if member == "pk" else MemoryStore()
    )
    federation.send("pk", open_case(federation.clock.now()))
    federation.carry_all()
    federation.node("pk").store.close()
    return Scene(federation, folder / "node.db", encode_ring(federation.parties["pk"].keys.ring))


def _requests(node: Node) -> Counter[str]:
    """Count the journal's questions by request reference: the effects of the drafts."""
    events = [read_event(row, node.ring.storage) for row in node.store.journal() if row.role in ("sent", "received")]
    return Counter(event.body.request for event in events if event is not None and isinstance(event.body, Ask))


def _deliver(scene: Scene, sender: Node) -> None:
    """Deliver the outbox to fresh peers, twice, and hold every receipt to its proof."""
    peers = {member: scene.peer(member) for member in ("ir", "uz")}
    rows = sender.store.outbox_due(2**62, 1000)
    for row, envelope in [*rows, *rows]:
        (received,) = peers[row.destination].commit([ReceiveJob(envelope)])
        assert isinstance(received, Received), received
        settle(sender, row.destination, row.message_id, received.receipt)
    assert set(sender.store.outbox_counts()) == {"admitted"}
    for member, peer in peers.items():
        addressed = {draft.body.request: 1 for draft in DRAFTS if member in draft.recipients}  # type: ignore[attr-defined]
        assert _requests(peer) == addressed, "a peer has lost a question or has it twice"


@pytest.mark.process
@pytest.mark.parametrize(("step", "occurrence"), SEND_KILLS)
def test_what_was_called_sent_is_delivered_and_nothing_twice(
    crashes: Crashes, scene: Scene, tmp_path: Path, step: str, occurrence: int
) -> None:
    """An officer who was told "sent" does not ask again; one who was not told does, and must not ask double."""
    trial = scene.trial(tmp_path, step, occurrence)
    life = crashes.start(trial)
    sent: list[Sent] = []
    for size in SENT_AT_ONCE:
        results = life.ask("send", DRAFTS[len(sent) : len(sent) + size])
        if results is None:
            break
        sent += results
    assert life.end(), f"{step} was not reached {occurrence} times"
    assert len(sent) < len(DRAFTS)

    node = reopen(trial)
    try:
        check_store(node)
        waiting = {(row.destination, row.message_id): parse(envelope).header.mid
                   for row, envelope in node.store.outbox_due(2**62, 1000)}
        for message in sent:
            assert [row.index for row in node.store.find_journal(message.message_id)] == [message.index]
            for member in message.recipients:
                assert waiting[member, message.message_id] == message.message_id
        _ask_again(node, len(sent))
        assert _requests(node) == {draft.body.request: 1 for draft in DRAFTS}  # type: ignore[attr-defined]
        _deliver(scene, node)
        check_store(node)
    finally:
        node.store.close()


def _ask_again(node: Node, told: int) -> None:
    """Send what nobody was told about; what had been kept all the same is refused as taken."""
    kept = _requests(node)
    for draft in DRAFTS[told:]:
        (result,) = node.commit([SendJob(draft)])
        if kept[draft.body.request]:  # type: ignore[attr-defined]
            assert getattr(result, "code", "") == "already-exists"
        else:
            assert isinstance(result, Sent), result


@pytest.mark.process
@pytest.mark.parametrize(("step", "occurrence"), SETTLE_KILLS)
def test_a_kill_while_settling_leaves_a_row_waiting_or_proven(
    crashes: Crashes, scene: Scene, tmp_path: Path, step: str, occurrence: int
) -> None:
    """The receiver has the message already: the same receipt must settle it after the restart."""
    trial = scene.trial(tmp_path)
    node = reopen(trial)
    node.commit([SendJob(draft) for draft in DRAFTS])
    peers = {member: scene.peer(member) for member in ("ir", "uz")}
    receipts = []
    for row, envelope in node.store.outbox_due(2**62, 1000):
        (received,) = peers[row.destination].commit([ReceiveJob(envelope)])
        assert isinstance(received, Received)
        receipts.append((row.destination, row.message_id, received.receipt))
    node.store.close()

    life = crashes.start(scene.trial(tmp_path, step, occurrence))
    settled = []
    for start in range(0, len(receipts), 6):
        if life.ask("settle", receipts[start : start + 6]) is None:
            break
        settled += receipts[start : start + 6]
    assert life.end()

    node = reopen(trial)
    try:
        states = {(row.destination, row.message_id): row.state for row in node.store.outbox_rows(1000)}
        for destination, message_id, receipt in settled:
            assert states[destination, message_id] == "admitted"
            assert node.store.receipt(destination, message_id) == receipt
        assert set(states.values()) <= {"waiting", "admitted"}
        node.commit([Act(lambda n, r=receipt: settle(n, *r)) for receipt in receipts])
        assert set(node.store.outbox_counts()) == {"admitted"}
    finally:
        node.store.close()


def test_the_check_kills_at_least_a_hundred_times_and_at_every_step() -> None:
    """Every trial fails unless SIGKILL ended its process, so the trials are the kills."""
    assert {step for step, _ in KILLS} == {step for step, _ in STREAM_KILLS} == set(STEPS)
    assert {step for step, _ in SEND_KILLS} == set(SEND_STEPS)
    kills = len(KILLS) + len(STREAM_KILLS) + OUTSIDE_KILLS + len(STEPS) + len(SEND_KILLS) + len(SETTLE_KILLS)
    assert kills >= 100
