"""Nodes that reach each other without a network: a transport that hands bytes to another node's own jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from hamsaya.base.errors import HamsayaError, RetryLater
from hamsaya.node.match_sets import serve
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.service import Service
from hamsaya.node.witnessing import WitnessJob
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.transport import Address, Answer
from tests.support.federation import Federation, one

T = TypeVar("T")


@dataclass
class Wires:
    """``ports.transport.Transport`` between the nodes of a federation; ``cut`` names who cannot be reached."""

    fed: Federation
    cut: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        """Let the addressed node answer, as its HTTP face would."""
        self.asked.append((address.member, path))
        if address.member in self.cut:
            return Answer(0, b"")
        node = self.fed.node(address.member)
        try:
            if path == "/add-checkpoint":
                witnessed = one(node, WitnessJob(body))
                return Answer(witnessed.status, witnessed.body)  # type: ignore[attr-defined]
            if path == "/v1/sets":
                return Answer(200, one(node, Act(lambda n: serve(n, body))))  # type: ignore[arg-type]
            received = one(node, ReceiveJob(body))
            return Answer(200, received.receipt)  # type: ignore[attr-defined]
        except HamsayaError as error:
            return Answer(503 if isinstance(error, RetryLater) else 400, b'{"code": "%s"}' % error.code.encode())

    async def close(self) -> None:
        """Nothing is open."""


def address(fed: Federation, by: str, member: str) -> Address:
    """Return where ``by`` believes that ``member`` listens."""
    record = fed.node(by).state.directory.peers[member]
    return Address(member, record.endpoint or "", record.tls_certificate)


def with_writer(fed: Federation, member: str, act: Callable[[Writer], Awaitable[T]]) -> T:
    """Run ``act`` with a writer on ``member``'s node, as a running service would, and stop the writer."""

    async def run() -> T:
        writer = Writer(fed.node(member))
        try:
            return await act(writer)
        finally:
            await asyncio.to_thread(writer.stop)

    return asyncio.run(run())


def with_service(fed: Federation, member: str, wires: Wires, act: Callable[[Service], Awaitable[T]]) -> T:
    """Run ``act`` on a service of ``member``'s node whose loops have not been started."""

    async def run() -> T:
        service = Service(fed.node(member), wires)
        try:
            return await act(service)
        finally:
            await asyncio.to_thread(service.writer.stop)

    return asyncio.run(run())
