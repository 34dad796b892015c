"""Delivery when peers are slow, gateways answer in their place, and the node itself is being stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from hamsaya.adapters.clock import SystemClock
from hamsaya.adapters.memory import MemoryStore
from hamsaya.base.errors import OperatorError, StoreError
from hamsaya.node.core import Node
from hamsaya.node.dispatch import ROUND
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import SendJob
from hamsaya.node.service import Pace, Service
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.transport import Address, Answer
from tests.faults.drafts import ask, open_case
from tests.faults.network import until
from tests.support.federation import Federation, make_federation

Reply = Callable[[bytes], Awaitable[Answer]]


@dataclass
class ScriptedTransport:
    """Answers each member's posts by its own script and counts them."""

    replies: dict[str, Reply]
    posts: dict[str, int] = field(default_factory=dict)

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        if path != "/v1/envelopes":
            return Answer(0, b"")
        self.posts[address.member] = self.posts.get(address.member, 0) + 1
        return await self.replies[address.member](body)

    async def close(self) -> None:
        """Keep nothing open."""


def taking(node: Node) -> Reply:
    """Return a peer that takes in everything at once."""

    async def reply(body: bytes) -> Answer:
        (received,) = node.commit([ReceiveJob(body)])
        return Answer(200, received.receipt) if isinstance(received, Received) else Answer(503, b"")

    return reply


async def never(body: bytes) -> Answer:
    """Hang, as a peer behind a broken gateway does, until the caller gives up."""
    await asyncio.sleep(3600)
    raise AssertionError("unreachable")


def saying(status: int, body: bytes) -> Reply:
    """Return a peer that always says the same."""

    async def reply(_: bytes) -> Answer:
        return Answer(status, body)

    return reply


@pytest.fixture
def federation() -> Federation:
    """Three parties on the machine's clock, with an open case delivered."""
    made = make_federation()
    made.send("pk", open_case(made.clock.now()))
    made.carry_all()
    for party in made.parties.values():
        party.node.clock = _TickingClock(made.clock.now())
    return made


@dataclass
class _TickingClock:
    """Civil time of the test, machine time of the machine."""

    civil: int

    def now(self) -> int:
        return self.civil

    def ticks(self) -> int:
        return SystemClock().ticks()


def _run(federation: Federation, replies: dict[str, Reply], story: Callable[[Service], Awaitable[None]],
         backoff_cap_s: float = 0.1) -> ScriptedTransport:
    transport = ScriptedTransport(replies)

    async def run() -> None:
        pace = Pace(cosign_s=3600, deadlines_s=3600, backoff_cap_s=backoff_cap_s)
        service = Service(federation.node("pk"), transport, pace)
        await service.start()
        try:
            await asyncio.wait_for(story(service), 25)
        finally:
            await asyncio.wait_for(service.stop(), 20)

    asyncio.run(run())
    return transport


async def _counts(service: Service) -> dict[str, int]:
    return await service.ask(lambda node: node.store.outbox_counts())


def test_a_peer_that_hangs_delays_nobody_else(federation: Federation) -> None:
    """More than a round's worth lies before one ministry's broken gateway; the others hear from us all the same."""
    pk = federation.node("pk")
    pk.commit([SendJob(ask(number, "pk", "ir")) for number in range(ROUND + 40)])

    async def story(service: Service) -> None:
        await until(lambda: _posted("ir"))
        for number in range(3):
            await service.send(ask(1000 + number, "pk", "uz"))

        async def delivered() -> bool:
            return "uz" not in await service.ask(lambda node: node.store.waiting_counts())

        await until(delivered)

    async def _posted(member: str) -> bool:
        return transport_posts.get(member, 0) > 0

    transport_posts: dict[str, int] = {}

    async def counted_never(body: bytes) -> Answer:
        transport_posts["ir"] = transport_posts.get("ir", 0) + 1
        return await never(body)

    _run(federation, {"ir": counted_never, "uz": taking(federation.node("uz"))}, story)
    assert pk.store.waiting_counts() == {"ir": ROUND + 40}


def test_a_retry_is_not_held_up_by_a_peer_that_hangs(federation: Federation) -> None:
    """What is due in a moment for one is sent in a moment, although another's rows have been due all along."""
    refused_once: list[bytes] = []
    take = taking(federation.node("uz"))

    async def second_time(body: bytes) -> Answer:
        if body in refused_once:
            return await take(body)
        refused_once.append(body)
        return Answer(503, b'{"code":"predecessor-missing","message":""}')

    async def story(service: Service) -> None:
        await service.send(ask(1, "pk", "ir"))
        await service.send(ask(2, "pk", "uz"))

        async def delivered() -> bool:
            return set(await service.ask(lambda node: node.store.waiting_counts())) == {"ir"}

        await until(delivered)

    _run(federation, {"ir": never, "uz": second_time}, story)
    assert len(refused_once) == 1


def test_waiting_for_a_peer_that_hangs_costs_nothing(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are due but in hand must not be looked up again and again."""
    store = federation.node("pk").store
    assert isinstance(store, MemoryStore)
    rounds, look = [], store.outbox_due
    monkeypatch.setattr(store, "outbox_due", lambda ticks, limit: rounds.append(ticks) or look(ticks, limit))

    async def story(service: Service) -> None:
        await service.send(ask(1, "pk", "ir"))
        await asyncio.sleep(0.5)

    _run(federation, {"ir": never}, story)
    assert len(rounds) <= 4


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, b"<html>Bad Request</html>"), (400, b""), (400, b'{"error":"no"}'), (400, b'{"code":"<b>no</b>"}'),
     (413, b"Request Entity Too Large"), (404, b"{}"), (502, b""), (200, b"welcome to the captive portal"), (0, b""),
     (400, b'{"code":"unknown-sender","message":""}'), (500, b'{"code":"internal","message":""}')],
)
def test_only_the_receivers_own_word_settles_a_message(federation: Federation, status: int, body: bytes) -> None:
    """Gateways, portals and half-started nodes answer too; what they say must not make a message disappear."""

    async def story(service: Service) -> None:
        await service.send(ask(1, "pk", "uz"))

        async def tried() -> bool:
            rows = await service.ask(lambda node: node.store.outbox_rows(10))
            return any(row.attempts >= 2 for row in rows)

        await until(tried)
        assert (await _counts(service))["waiting"] == 1

    _run(federation, {"uz": saying(status, body)}, story)


def test_a_receivers_refusal_of_the_form_settles_a_message(federation: Federation) -> None:
    """Sending the same bytes again could not help; the sender's people see why."""

    async def story(service: Service) -> None:
        await service.send(ask(1, "pk", "uz"))
        await until(lambda: _has(service, "refused"))
        rows = await service.ask(lambda node: node.store.outbox_rows(10))
        assert [row.note for row in rows if row.state == "refused"] == ["bad-envelope"]

    transport = _run(federation, {"uz": saying(400, b'{"code":"bad-envelope","message":"x"}')}, story)
    assert transport.posts == {"uz": 1}


async def _has(service: Service, state: str) -> bool:
    return state in await _counts(service)


def test_stopping_in_the_middle_of_a_delivery_ends_and_loses_nothing(federation: Federation) -> None:
    """A restart must not wait for a peer that hangs, nor take its rows for delivered."""
    posted = asyncio.Event()

    async def hang(body: bytes) -> Answer:
        posted.set()
        return await never(body)

    async def story(service: Service) -> None:
        await service.send(ask(1, "pk", "uz"))
        await posted.wait()

    _run(federation, {"uz": hang}, story)
    assert federation.node("pk").store.waiting_counts() == {"uz": 1}


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_stop_that_meets_a_wake_up_ends(federation: Federation, steps: int) -> None:
    """The last receipt and the operator's interrupt may come in the same instant; the node must still end."""

    async def run() -> None:
        service = Service(federation.node("pk"), ScriptedTransport({}), Pace(cosign_s=3600, deadlines_s=3600))
        await service.start()
        await asyncio.sleep(0.05)  # Delivery has found nothing and sleeps.
        service.dispatcher.wake.set()
        for _ in range(steps):  # The wake-up is so far under way when the stop comes.
            await asyncio.sleep(0)
        await asyncio.wait_for(service.stop(), 20)

    asyncio.run(run())


def test_what_comes_after_the_stop_is_refused_and_not_left_waiting(federation: Federation) -> None:
    """A request that races a shutdown gets an answer: send the same again later."""
    writer = Writer(federation.node("pk"))
    writer.stop()
    for future in (writer.submit(Act(lambda node: None)), writer.look(lambda node: node.own)):
        with pytest.raises(StoreError) as refused:
            future.result(timeout=20)
        assert refused.value.code == "stopping"


def test_a_peer_whose_card_holds_no_certificate_does_not_keep_a_node_from_starting(federation: Federation) -> None:
    """One member's broken card must not take another member down."""
    started: list[bytes] = []

    def admit(certificate: bytes) -> None:
        started.append(certificate)
        raise OperatorError("not a certificate", code="bad-certificate")

    async def run() -> None:
        service = Service(federation.node("pk"), ScriptedTransport({}), Pace(), admit)
        await service.start()
        await service.stop()

    asyncio.run(run())
    assert len(started) == 3
