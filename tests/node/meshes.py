"""Running services of several nodes without sockets: every path that peers have, by hand-off, with faults on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from hamsaya.adapters.memory import MemoryChunks
from hamsaya.base.errors import HamsayaError, RetryLater, StoreError
from hamsaya.node.exchange import encode_envelopes
from hamsaya.node.service import Service
from hamsaya.node.transfer import encode_missing
from hamsaya.ports.transport import Address, Answer
from tests.support.federation import Federation

T = TypeVar("T")


@dataclass
class Mesh:
    """``ports.transport.Transport`` between services. ``fault`` may change or lose an answer: (path, number, body)."""

    services: dict[str, Service] = field(default_factory=dict)
    chunks: dict[str, MemoryChunks] = field(default_factory=dict)
    fault: Callable[[str, int, bytes], bytes | None] = lambda path, number, body: body
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        """Let the addressed service answer, as its HTTP face would."""
        self.asked.append((address.member, path))
        service = self.services[address.member]
        try:
            if path == "/v1/chunks/get":
                out = encode_envelopes(await service.transfers.serve(body))
            elif path == "/v1/chunks/put":
                out = encode_missing(await service.transfers.accept(body))
            else:
                out = (await service.receive(body)).receipt
        except HamsayaError as error:
            later = isinstance(error, RetryLater | StoreError)
            return Answer(503 if later else 400, b'{"code": "%s"}' % error.code.encode())
        changed = self.fault(path, len([each for each in self.asked if each[1] == path]), out)
        return Answer(0, b"") if changed is None else Answer(200, changed)

    async def close(self) -> None:
        """Nothing is open."""


def run(fed: Federation, mesh: Mesh, act: Callable[[Mesh], Awaitable[T]]) -> T:
    """Run ``act`` with a service for every party; chunks stay in ``mesh`` from one run to the next."""
    async def inside() -> T:
        for member in fed.parties:
            chunks = mesh.chunks.setdefault(member, MemoryChunks())
            mesh.services[member] = Service(fed.node(member), mesh, chunks=chunks)
        try:
            return await act(mesh)
        finally:
            for service in mesh.services.values():
                await asyncio.to_thread(service.writer.stop)

    return asyncio.run(inside())
