"""The loops of a running node: whatever ends one turn, the next one comes, and a defect is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from hamsaya.base.errors import OperatorError, StoreError
from hamsaya.node.service import Pace, Service
from hamsaya.ports.transport import Address, Answer
from tests.faults.network import until
from tests.node.making import asking, parties
from tests.node.wires import Wires
from tests.support.federation import Federation
from tests.support.persons import signed

BRISK = Pace(cosign_s=0.01, deadlines_s=0.01, pull_pause_s=0.01, backoff_cap_s=0.05)


@pytest.fixture
def fed() -> Federation:
    """Two parties with one case open between them."""
    return parties("pk", "ir", with_case=True)


def running(fed: Federation, act: Callable[[Service], Awaitable[None]]) -> None:
    """Run ``act`` on pk's started service, and stop it."""

    async def run() -> None:
        service = Service(fed.node("pk"), Wires(fed), BRISK)
        try:
            await act(service)
        finally:
            await service.stop()

    asyncio.run(run())


@pytest.mark.parametrize("loop", ["cosign", "tick"])
@pytest.mark.parametrize("error", [StoreError("full"), OperatorError("no room for keys", code="x"), KeyError("defect")])
def test_a_failed_turn_ends_no_loop(
    fed: Federation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, loop: str, error: Exception
) -> None:
    """A node whose keys are never renewed again dies in silence four weeks later."""
    turns = 0

    async def fails(self: Service) -> None:
        nonlocal turns
        turns += 1
        raise error

    monkeypatch.setattr(Service, loop, fails)

    async def act(service: Service) -> None:
        await service.start()
        await until(lambda: service.ask(lambda node: turns >= 3))

    with caplog.at_level(logging.WARNING, "hamsaya.node"):
        running(fed, act)
    assert bool(caplog.records) is not isinstance(error, StoreError)


def test_a_failed_round_ends_no_delivery(
    fed: Federation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a defect of a round nor one of a single destination keeps what waits from being delivered."""
    monkeypatch.setattr("hamsaya.node.dispatch.STORE_REST_S", 0.01)
    store = fed.node("pk").store
    real, failures = store.outbox_due, [KeyError("round"), StoreError("disk")]

    def due(ticks: int, limit: int) -> object:
        if failures:
            raise failures.pop()
        return real(ticks, limit)

    monkeypatch.setattr(store, "outbox_due", due)
    wires = [KeyError("one destination")]
    post = Wires.post

    async def broken(self: Wires, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        if wires and path == "/v1/envelopes":
            raise wires.pop()
        return await post(self, address, path, body, timeout_s)

    monkeypatch.setattr(Wires, "post", broken)

    async def act(service: Service) -> None:
        await service.start()
        await service.send(signed(service.node, asking()))
        await until(lambda: service.ask(lambda node: bool(fed.node("ir").state.cases.requests)))

    with caplog.at_level(logging.ERROR, "hamsaya.node"):
        running(fed, act)
    assert len([record for record in caplog.records if "deliver" in record.message]) >= 2
