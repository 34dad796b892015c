"""A node that accepts no inbound connection, over real HTTP: it pulls, and its receipts go back by its own posts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hamsaya.messages.envelope import MAX_ENVELOPE_BYTES, parse
from hamsaya.node import exchange
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act
from tests.faults.drafts import ask, open_case
from tests.faults.network import Network, make_network, until
from tests.support.federation import Federation, make_federation, one


async def _settled(network: Network) -> bool:
    counts = [await service.ask(lambda node: node.store.outbox_counts()) for service in network.services.values()]
    return all(set(each) <= {"admitted"} for each in counts)


@pytest.mark.process
def test_a_node_behind_a_wall_receives_by_long_poll_and_answers(tmp_path: Path) -> None:
    """Ministries that let nothing in are members like any other, in both directions."""
    asyncio.run(asyncio.wait_for(_behind_a_wall(tmp_path), 40))


async def _behind_a_wall(folder: Path) -> None:
    async with make_network(folder, pulling=frozenset({"uz"})) as network:
        for member in ("pk", "ir", "uz"):
            await network.start(member)
        pk, uz = network.services["pk"], network.services["uz"]
        await pk.send(open_case(network.node("pk").clock.now()))
        await until(lambda: uz.ask(lambda node: "PK-1" in node.state.cases.cases), 15)
        for number in range(40):  # More than one answer to a pull holds.
            await pk.send(ask(number, "pk", "uz"))
        await uz.send(ask(1, "uz", "pk"))
        await until(lambda: _settled(network), 15)
        assert len(await uz.ask(lambda node: list(node.state.cases.requests))) == 41
        assert ("PK-1", "uz-1") in await pk.ask(lambda node: dict(node.state.cases.requests))
        rows = await uz.ask(lambda node: [row.message_id for row in node.store.journal() if row.role == "received"])
        assert len(rows) == len(set(rows))


@pytest.mark.process
def test_a_pull_over_the_network_is_refused_to_everybody_but_its_member(tmp_path: Path) -> None:
    """The gate lets every member in; whose messages are given out is decided by the request's signature alone."""
    asyncio.run(asyncio.wait_for(_foreign_pulls(tmp_path), 40))


async def _foreign_pulls(folder: Path) -> None:
    async with make_network(folder, pulling=frozenset({"uz"})) as network:
        pk = await network.start("pk")
        await pk.send(open_case(network.node("pk").clock.now()))
        ir = network.transport("ir")
        honest = exchange.pull_request(network.node("uz"), "pk")
        forged = exchange.pull_request(network.node("ir"), "pk").replace(b"bir", b"buz")
        statuses = {}
        for name, body in (("elsewhere", exchange.pull_request(network.node("uz"), "ir")), ("forged", forged),
                           ("cut", honest[:-1]), ("too large", bytes(exchange.MAX_PULL_REQUEST_BYTES + 1)),
                           ("honest", honest)):
            statuses[name] = (await ir.post(network.address("pk"), "/v1/pull", body, 10.0)).status
        await ir.close()
        assert statuses == {"elsewhere": 400, "forged": 400, "cut": 400, "too large": 413, "honest": 200}


@pytest.mark.process
def test_too_large_a_message_is_answered_although_it_is_not_read(tmp_path: Path) -> None:
    """The sender must learn that these bytes will never do: without the answer it would send them for a month."""
    asyncio.run(asyncio.wait_for(_oversize(tmp_path), 40))


async def _oversize(folder: Path) -> None:
    async with make_network(folder) as network:
        await network.start("pk")
        ir = network.transport("ir")
        sizes = {}
        for size in (MAX_ENVELOPE_BYTES, MAX_ENVELOPE_BYTES + 1, 24 << 20):
            sizes[size] = (await ir.post(network.address("pk"), "/v1/envelopes", bytes(size), 10.0)).status
        await ir.close()
        assert list(sizes.values()) == [400, 413, 413]


def test_what_a_puller_cannot_admit_yet_does_not_hide_the_rest() -> None:
    """A whole answer's worth may wait a month for another member's message; what comes after must not wait with it."""
    federation = make_federation()
    federation.send("ir", open_case(federation.clock.now(), sender="ir", ref="IR-1"))
    federation.send("pk", open_case(federation.clock.now()))
    ir = federation.node("ir")
    federation.carry("pk")
    _deliver(federation, "ir", "pk")
    assert ("IR-1" in federation.node("pk").state.cases.cases, "IR-1" in federation.node("uz").state.cases.cases) == (
        True, False)
    for number in range(exchange.PULL_ENVELOPES + 8):
        federation.send("pk", ask(number, "pk", "uz", ref="IR-1"))
    last = federation.send("pk", ask(1000, "pk", "uz", ref="PK-1"))
    pulled: set[bytes] = set()
    for _ in range(3):
        envelopes = one(federation.node("pk"), Act(lambda n: exchange.offer(n, "uz", exchange.PULL_ENVELOPES)))
        assert len(envelopes) == exchange.PULL_ENVELOPES
        pulled |= {parse(envelope).header.mid for envelope in envelopes}
    assert last.message_id in pulled
    assert len(pulled) == exchange.PULL_ENVELOPES + 9
    assert ir.store.waiting_counts() == {"uz": 1}


def _deliver(federation: Federation, sender: str, receiver: str) -> None:
    for destination, message_id, envelope in federation.waiting(sender):
        if destination == receiver:
            received = one(federation.node(receiver), ReceiveJob(envelope))
            one(federation.node(sender), Act(lambda n, r=received, m=message_id: settle(n, receiver, m, r.receipt)))


@pytest.mark.process
def test_what_is_sent_while_a_poll_looks_is_not_left_until_its_end(tmp_path: Path) -> None:
    """Between looking and going to sleep lies a moment; a message put in just then would wait twenty seconds."""
    asyncio.run(asyncio.wait_for(_sent_while_looking(tmp_path), 15))


async def _sent_while_looking(folder: Path) -> None:
    async with make_network(folder, pulling=frozenset({"uz"})) as network:
        pk = await network.start("pk")
        request = exchange.pull_request(network.node("uz"), "pk")
        ask_node, draft = pk.ask, open_case(network.node("pk").clock.now())
        looks = 0

        async def ask_then_send(question):  # type: ignore[no-untyped-def]
            nonlocal looks
            looks += 1
            answer = await ask_node(question)
            if looks == 2:  # The first question opens the request, the second looks into the outbox.
                await pk.send(draft)
            return answer

        pk.ask = ask_then_send  # type: ignore[method-assign]
        assert len(await pk.serve_pull(request)) == 1
