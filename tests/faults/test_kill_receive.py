"""SIGKILL at every numbered step of the receive pipeline, in a real process on a real store."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hamsaya.adapters.memory import MemoryStore
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.canon import encode
from hamsaya.messages.envelope import parse
from hamsaya.node import handlers
from hamsaya.node.core import Node
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.settle import verify_receipt
from hamsaya.ports.keys import encode_ring
from tests.faults.crash import Crashes, check_store, reopen
from tests.faults.drafts import ask, open_case
from tests.faults.kills import KILLS, OUTSIDE_KILLS, RECEIVED_AT_ONCE, STEPS, STREAM_KILLS
from tests.faults.worker import Trial
from tests.support.federation import Federation, make_federation


@dataclass(frozen=True)
class Scene:
    """A receiver's store as a file, what it is going to receive, and what it must know in the end."""

    federation: Federation
    store: Path
    ring: bytes
    envelopes: list[bytes]
    known: bytes

    def trial(self, folder: Path, step: str | None = None, occurrence: int = 0) -> Trial:
        """Return a life on a fresh copy of the store."""
        copy = folder / "node.db"
        if not copy.exists():
            shutil.copy(self.store, copy)
        return Trial(copy, "uz", self.ring, self.federation.clock.now(), step, occurrence)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Uzbekistan's store with its peers' cards and the charter in force; a case and 16 questions under way to it."""
    folder = tmp_path_factory.mktemp("receiver")
    federation = make_federation(
        make_store=lambda member: SqliteStore(folder / "node.db", create=True) if member == "uz" else MemoryStore()
    )
    federation.send("pk", open_case(federation.clock.now()))
    opening = [row for row in federation.waiting("pk") if row[0] == "ir"]
    assert len(opening) == 1
    federation.node("uz").store.close()
    _hand_over(federation, "pk", "ir")
    for number in range(8):
        for sender in ("pk", "ir"):
            federation.send(sender, ask(number, sender, "uz"))
    envelopes = [row[2] for sender in ("pk", "ir") for row in federation.waiting(sender) if row[0] == "uz"]
    shuffled = envelopes[:1] + random.Random(7).sample(envelopes[1:], len(envelopes) - 1)
    assert len(shuffled) == sum(RECEIVED_AT_ONCE)
    ring = encode_ring(federation.parties["uz"].keys.ring)
    reference = folder / "reference.db"
    shutil.copy(folder / "node.db", reference)
    node = reopen(Trial(reference, "uz", ring, federation.clock.now(), None, 0))
    assert all(isinstance(result, Received) for result in _commit(node, shuffled))
    known = _knowledge(node)
    node.store.close()
    return Scene(federation, folder / "node.db", ring, shuffled, known)


def _hand_over(federation: Federation, sender: str, receiver: str) -> None:
    for destination, _, envelope in federation.waiting(sender):
        if destination == receiver:
            federation.node(receiver).commit([ReceiveJob(envelope)])


def _commit(node: Node, envelopes: Iterable[bytes]) -> list[object]:
    return node.commit([ReceiveJob(envelope) for envelope in envelopes])


def _knowledge(node: Node) -> bytes:
    return encode(handlers.snapshot(node.state))


def _groups(envelopes: list[bytes]) -> Iterable[list[bytes]]:
    start = 0
    for size in RECEIVED_AT_ONCE:
        yield envelopes[start : start + size]
        start += size


def _check_after(scene: Scene, trial: Trial, acknowledged: dict[bytes, Received]) -> None:
    """Reopen, resend everything, and hold the store to every promise."""
    node = reopen(trial)
    try:
        check_store(node)
        before = Counter(row.message_id for row in node.store.journal() if row.role == "received")
        results = _commit(node, scene.envelopes)
        assert set(before.values()) <= {1}
        for envelope, result in zip(scene.envelopes, results, strict=True):
            message_id = parse(envelope).header.mid
            assert isinstance(result, Received), result
            if envelope in acknowledged:
                assert before[message_id] == 1, "an acknowledged message is lost"
                assert result.duplicate
                assert result.receipt == acknowledged[envelope].receipt, "a receipt changed"
        received = Counter(row.message_id for row in node.store.journal() if row.role == "received")
        wanted = [parse(envelope).header.mid for envelope in scene.envelopes]
        assert {message_id: received[message_id] for message_id in wanted} == dict.fromkeys(wanted, 1)
        assert _knowledge(node) == scene.known, "an effect is missing or happened twice"
        check_store(node)
        for envelope, receipt in acknowledged.items():
            message = parse(envelope)
            sender = scene.federation.node(message.header.snd)
            verdict = verify_receipt(sender, "uz", message.statement, receipt.receipt)
            assert verdict.state == "admitted"
    finally:
        node.store.close()


@pytest.mark.process
@pytest.mark.parametrize(("step", "occurrence"), KILLS)
def test_a_kill_between_batches_loses_no_receipt(
    crashes: Crashes, scene: Scene, tmp_path: Path, step: str, occurrence: int
) -> None:
    """A sender forgets a message once it holds the receipt, so no death may take back what a receipt says."""
    trial = scene.trial(tmp_path, step, occurrence)
    life = crashes.start(trial)
    acknowledged: dict[bytes, Received] = {}
    for group in _groups(scene.envelopes):
        results = life.ask("receive", group)
        if results is None:
            break
        acknowledged |= dict(zip(group, results, strict=True))
    assert life.end(), f"{step} was not reached {occurrence} times"
    assert len(acknowledged) < len(scene.envelopes)
    _check_after(scene, trial, acknowledged)


@pytest.mark.process
@pytest.mark.parametrize(("step", "occurrence"), STREAM_KILLS)
def test_a_kill_under_the_writer_loses_no_receipt(
    crashes: Crashes, scene: Scene, tmp_path: Path, step: str, occurrence: int
) -> None:
    """Batches form as messages happen to wait; whatever left the writer before the death stands."""
    trial = scene.trial(tmp_path, step, occurrence)
    life = crashes.start(trial)
    acknowledged = {scene.envelopes[place]: result for place, result in life.stream(scene.envelopes)}
    assert life.end()
    assert all(isinstance(result, Received) for result in acknowledged.values())
    _check_after(scene, trial, acknowledged)


@pytest.mark.process
@pytest.mark.parametrize("seed", range(OUTSIDE_KILLS))
def test_a_kill_from_outside_at_any_moment_loses_no_receipt(
    crashes: Crashes, scene: Scene, tmp_path: Path, seed: int
) -> None:
    """Between the numbered steps lie the database's own; a death there must be no different."""
    trial = scene.trial(tmp_path)
    life = crashes.start(trial)
    life.connection.send(("stream", scene.envelopes))
    time.sleep(random.Random(seed).uniform(0, 0.025))
    os.kill(life.pid, signal.SIGKILL)
    acknowledged: dict[bytes, Received] = {}
    with contextlib.suppress(EOFError, OSError):
        while (reported := life.connection.recv()) is not None:
            acknowledged[scene.envelopes[reported[0]]] = reported[1]
    assert life.end()
    _check_after(scene, trial, acknowledged)


@pytest.mark.process
def test_a_node_that_dies_again_and_again_still_takes_everything_in_once(
    crashes: Crashes, scene: Scene, tmp_path: Path
) -> None:
    """Recovery is interrupted too: the same store survives a death at each step in turn."""
    acknowledged: dict[bytes, Received] = {}
    for number, step in enumerate(STEPS):
        trial = scene.trial(tmp_path, step, 1)
        life = crashes.start(trial)
        place = number % len(scene.envelopes)
        for envelope in scene.envelopes[: place + 1]:
            results = life.ask("receive", [envelope])
            if results is None:
                break
            assert acknowledged.setdefault(envelope, results[0]).receipt == results[0].receipt
        assert life.end()
    _check_after(scene, scene.trial(tmp_path), acknowledged)
