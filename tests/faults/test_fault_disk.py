"""A disk that is full or read-only: the node refuses in words, loses nothing, and goes on when it can write again."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hamsaya.adapters.memory import MemoryStore
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.base.errors import HamsayaError, StoreError
from hamsaya.canon import encode
from hamsaya.messages.cases import Ask
from hamsaya.node import dispatch, handlers
from hamsaya.node.core import Node, open_node
from hamsaya.node.journal import read_event
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import SendJob, Sent
from hamsaya.ports.store import Store
from tests.faults.drafts import ask, open_case
from tests.faults.network import Network, make_network, until
from tests.support.federation import Federation, make_federation

# How a test makes the receiver's disk refuse and lets it go again.
Switch = Callable[[SqliteStore, bool], None]


def _full(store: SqliteStore, refuses: bool) -> None:
    store._db.execute(f"PRAGMA max_page_count={1 if refuses else 2**30}")


def _read_only(store: SqliteStore, refuses: bool) -> None:
    store._db.execute(f"PRAGMA query_only={'ON' if refuses else 'OFF'}")


DISKS: list[tuple[Switch, str]] = [(_full, "disk-full"), (_read_only, "disk-read-only")]


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    """Three parties; Uzbekistan's store lies on a disk. A case is open at all of them."""
    made = make_federation(
        make_store=lambda member: SqliteStore(tmp_path / "node.db", create=True) if member == "uz" else MemoryStore()
    )
    made.send("pk", open_case(made.clock.now()))
    made.carry_all()
    yield made
    made.node("uz").store.close()


def _snapshot(node: Node) -> tuple[int, bytes, bytes]:
    return node.tree.size, node.tree.root(), encode(handlers.snapshot(node.state))


def _refusals(results: list[object]) -> set[str]:
    return {result.code for result in results if isinstance(result, HamsayaError)}


@pytest.mark.parametrize(("switch", "code"), DISKS)
def test_a_refused_batch_leaves_state_log_and_store_as_they_were(
    federation: Federation, tmp_path: Path, switch: Switch, code: str
) -> None:
    """Every job of the batch is answered with the disk's refusal, and the same bytes are admitted afterwards."""
    node = federation.node("uz")
    store = node.store
    assert isinstance(store, SqliteStore)
    for number in range(24):
        federation.send("pk", ask(number, "pk", "uz"))
    envelopes = [envelope for _, _, envelope in federation.waiting("pk")]
    switch(store, True)
    before = _snapshot(node)
    results = node.commit([ReceiveJob(envelope) for envelope in envelopes])
    assert [getattr(result, "code", None) for result in results] == [code] * 24
    assert all(isinstance(result, StoreError) for result in results)
    assert _snapshot(node) == before
    switch(store, False)
    assert all(isinstance(result, Received) for result in node.commit([ReceiveJob(each) for each in envelopes]))
    _check_reopened(node, tmp_path / "node.db")


@pytest.mark.parametrize(("switch", "code"), DISKS)
def test_nothing_is_called_sent_that_the_disk_refused(
    federation: Federation, tmp_path: Path, switch: Switch, code: str
) -> None:
    """An officer who was refused finds no half of the message in the outbox, and may send it again."""
    node = federation.node("uz")
    assert isinstance(node.store, SqliteStore)
    switch(node.store, True)
    before = _snapshot(node)
    drafts = [ask(number, "uz", "pk") for number in range(24)]
    assert _refusals(node.commit([SendJob(draft) for draft in drafts])) == {code}
    assert (_snapshot(node), federation.waiting("uz")) == (before, [])
    switch(node.store, False)
    assert all(isinstance(result, Sent) for result in node.commit([SendJob(draft) for draft in drafts]))
    assert len(federation.waiting("uz")) == 24
    _check_reopened(node, tmp_path / "node.db")


def _check_reopened(node: Node, path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        again = open_node(agreement=node.agreement, key_store=node.key_store, store=store, clock=node.clock,
                          random=node.random)
        assert _snapshot(again) == _snapshot(node)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB of its own; only some machines let a test mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here; the other tests of this file limit SQLite's pages")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_node_on_a_disk_that_really_fills_goes_on_once_there_is_room(small_disk: Path) -> None:
    """SQLite meets the real error in the middle of a write-ahead log, and the node still knows what it has."""
    federation = make_federation(
        make_store=lambda member: SqliteStore(small_disk / "node.db", create=True) if member == "uz" else MemoryStore()
    )
    node = federation.node("uz")
    federation.send("pk", open_case(federation.clock.now()))
    federation.carry_all()
    for number in range(40):
        federation.send("pk", ask(number, "pk", "uz"))
    _fill(small_disk / "filler", leave=1 << 16)
    codes: set[str] = set()
    waiting = [envelope for _, _, envelope in federation.waiting("pk")]
    for start in range(0, len(waiting), 5):
        codes |= _refusals(node.commit([ReceiveJob(each) for each in waiting[start : start + 5]]))
        _check_reopened(node, small_disk / "node.db")
    assert codes == {"disk-full"}
    (small_disk / "filler").unlink()
    federation.carry_all()
    assert sorted(_requests(node)) == sorted(f"pk-{number}" for number in range(40))
    _check_reopened(node, small_disk / "node.db")
    node.store.close()


def _fill(path: Path, leave: int) -> None:
    """Write until the disk is full, then give back ``leave`` bytes."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    with path.open("r+b") as file:
        file.truncate(max(0, path.stat().st_size - leave))


def test_a_store_on_a_read_only_disk_is_refused_at_start(small_disk: Path) -> None:
    """A node that cannot write must not take anything in; its operator is told what to look at."""
    SqliteStore(small_disk / "node.db", create=True).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StoreError) as refused:
        SqliteStore(small_disk / "node.db")
    assert refused.value.code == "disk-read-only"


@pytest.mark.process
@pytest.mark.parametrize(("switch", "code"), DISKS)
def test_a_sender_waits_until_the_receivers_disk_takes_it(tmp_path: Path, switch: Switch, code: str) -> None:
    """A full disk in one ministry must cost no message of another."""
    asyncio.run(asyncio.wait_for(_full_receiver(tmp_path, switch, code), 40))


def _disk_network(folder: Path, on_disk: str) -> Network:
    def make_store(member: str) -> Store:
        return SqliteStore(folder / "node.db", create=True) if member == on_disk else MemoryStore()

    return make_network(folder, make_store=make_store)


async def _full_receiver(folder: Path, switch: Switch, code: str) -> None:
    async with _disk_network(folder, "uz") as network:
        for member in ("pk", "ir", "uz"):
            await network.start(member)
        pk, uz = network.services["pk"], network.services["uz"]
        await pk.send(open_case(network.node("pk").clock.now()))
        await until(lambda: _all_admitted(network))
        await uz.ask(lambda node: switch(node.store, True))  # type: ignore[arg-type]
        for number in range(30):
            await pk.send(ask(number, "pk", "uz"))

        async def refused() -> bool:
            rows = await pk.ask(lambda node: node.store.outbox_rows(100))
            return any(row.state == "waiting" and row.note == code for row in rows)

        await until(refused)
        assert "waiting" in await pk.ask(lambda node: node.store.outbox_counts())
        await uz.ask(lambda node: switch(node.store, False))  # type: ignore[arg-type]
        await until(lambda: _all_admitted(network))
        requests = await uz.ask(_requests)
        assert sorted(requests) == sorted(f"pk-{number}" for number in range(30))
    _check_reopened(network.node("uz"), folder / "node.db")


async def _all_admitted(network: Network) -> bool:
    counts = [await service.ask(lambda node: node.store.outbox_counts()) for service in network.services.values()]
    return all(set(each) <= {"admitted"} for each in counts)


def _requests(node: Node) -> list[str]:
    events = [read_event(row, node.ring.storage) for row in node.store.journal() if row.role == "received"]
    return [event.body.request for event in events if event is not None and isinstance(event.body, Ask)]


@pytest.mark.process
def test_a_sender_whose_own_disk_refuses_does_not_hammer_its_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot keep the receipts, so it must ask for them again: after a rest, and the receiver counts one message."""
    monkeypatch.setattr(dispatch, "STORE_REST_S", 0.3)
    asyncio.run(asyncio.wait_for(_full_sender(tmp_path), 40))


async def _full_sender(folder: Path) -> None:
    async with _disk_network(folder, "pk") as network:
        pk = await network.start("pk")
        await pk.send(open_case(network.node("pk").clock.now()))
        for number in range(4):
            await pk.send(ask(number, "pk", "uz"))
        await pk.ask(lambda node: _read_only(node.store, True))  # type: ignore[arg-type]
        await network.start("ir")
        uz = await network.start("uz")
        posts = 0
        receive = uz.receive

        async def counted(unverified_bytes: bytes) -> Received:
            nonlocal posts
            posts += 1
            return await receive(unverified_bytes)

        uz.receive = counted  # type: ignore[method-assign]
        await until(lambda: _at_least(lambda: posts, 10))
        started = asyncio.get_running_loop().time()
        posts = 0
        await asyncio.sleep(1.2)
        rounds = (asyncio.get_running_loop().time() - started) / 0.3 + 1
        assert posts <= 5 * rounds, "the same rows were posted without a rest"
        with pytest.raises(StoreError):
            await pk.send(ask(99, "pk", "uz"))
        await pk.ask(lambda node: _read_only(node.store, False))  # type: ignore[arg-type]
        await until(lambda: _all_admitted(network))
        assert sorted(await uz.ask(_requests)) == [f"pk-{number}" for number in range(4)]
    _check_reopened(network.node("pk"), folder / "node.db")


async def _at_least(count: Callable[[], int], least: int) -> bool:
    return count() >= least
