"""Three nodes exchange a case over a network that loses, doubles, delays, reorders, cuts and replays."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.canon import encode
from hamsaya.node import handlers
from hamsaya.node.core import Node, open_node
from hamsaya.node.logview import audit
from hamsaya.ports.store import Store
from tests.faults.drafts import PARTICIPANTS, ask, open_case
from tests.faults.network import Network, free_socket, make_network, until
from tests.faults.proxy import FAULTS, FaultProxy

QUESTIONS = 16  # of each member, half of them told to both others


@pytest.mark.process
@pytest.mark.parametrize("seed", [11, 12])
def test_a_hostile_network_costs_time_and_nothing_else(tmp_path: Path, seed: int) -> None:
    """A sender may forget what it has a receipt for: so everything arrives once, and every log says the same."""
    asyncio.run(asyncio.wait_for(_exchange(tmp_path, seed), 40))


async def _exchange(folder: Path, seed: int) -> None:
    def make_store(member: str) -> Store:
        return SqliteStore(folder / f"{member}.db", create=True)

    gates = {member: free_socket() for member in PARTICIPANTS}
    ports = {member: gate.getsockname()[1] for member, gate in gates.items()}
    network = make_network(folder, make_store=make_store, fronts=ports)
    targets = {member: network.sockets[member].getsockname()[1] for member in PARTICIPANTS}
    proxies = [FaultProxy(member, targets[member], network.papers, seed + place, bound=gates[member])
               for place, member in enumerate(PARTICIPANTS)]
    async with network:
        for proxy in proxies:
            await proxy.start()
        try:
            for member in PARTICIPANTS:
                await network.start(member)
            sent = await _talk(network)
            await until(lambda: _outboxes_empty(network), 30)
            replayed = sum([await proxy.replay_all() for proxy in proxies])
            assert replayed > 0
            met = sum((proxy.met for proxy in proxies), Counter())
            assert set(FAULTS) <= set(met), f"no message met {set(FAULTS) - set(met)}"
            assert sum(proxy.answered[b"503"] for proxy in proxies) > 0, "nothing overtook what it refers to"
            await _check_admitted(network, sent)
            for proxy in proxies:
                proxy.share = 0.0
            for member in PARTICIPANTS:
                await network.services[member].cosign()
                await network.services[member].ask(audit)
        finally:
            for proxy in proxies:
                await proxy.stop()
    for member in PARTICIPANTS:
        _check_restart(network.node(member), SqliteStore(folder / f"{member}.db"))


async def _talk(network: Network) -> Counter[tuple[bytes, str]]:
    """Open one case and ask everybody's questions without waiting; return every (message, receiver) there must be."""
    due: Counter[tuple[bytes, str]] = Counter()

    async def send(member: str, draft: object) -> None:
        sent = await network.services[member].send(draft)  # type: ignore[arg-type]
        due.update((sent.message_id, receiver) for receiver in sent.recipients)

    now = network.node("pk").clock.now()
    await send("pk", open_case(now))
    for number in range(QUESTIONS):
        await send("pk", ask(number, "pk", "ir" if number % 2 else "uz", also=("uz", "ir") if number % 4 < 2 else ()))
    for member, other in (("ir", "uz"), ("uz", "ir")):
        # They answer a case that the network may not have brought yet: until it has, their own rules refuse.
        await until(lambda m=member: network.services[m].ask(lambda node: "PK-1" in node.state.cases.cases))
        for number in range(QUESTIONS):
            also = ("pk", other) if number % 4 < 2 else ()
            await send(member, ask(number, member, other if number % 2 else "pk", also=also))
    return due


async def _outboxes_empty(network: Network) -> bool:
    counts = [await service.ask(lambda node: node.store.outbox_counts()) for service in network.services.values()]
    return all("waiting" not in count for count in counts)


async def _check_admitted(network: Network, due: Counter[tuple[bytes, str]]) -> None:
    admitted: Counter[tuple[bytes, str]] = Counter()
    for member, service in network.services.items():
        rows = await service.ask(lambda node: list(node.store.journal()))
        counts = await service.ask(lambda node: node.store.outbox_counts())
        received = [row.message_id for row in rows if row.role == "received" and row.kind.startswith("case.")]
        admitted.update((message_id, member) for message_id in received)
        assert not [row for row in rows if row.role == "refused"]
        assert set(counts) == {"admitted"}, counts
    assert admitted == due, "lost or doubled"
    assert due.total() > 60


def _check_restart(node: Node, store: Store) -> None:
    again = open_node(agreement=node.agreement, key_store=node.key_store, store=store, clock=node.clock,
                      random=node.random)
    assert again.tree.root() == node.tree.root()
    assert encode(handlers.snapshot(again.state)) == encode(handlers.snapshot(node.state))
    store.close()
