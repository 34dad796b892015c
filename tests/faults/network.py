"""Nodes that talk to each other over real mutual TLS on loopback, inside the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from hamsaya.adapters.clock import SystemClock, SystemRandom
from hamsaya.adapters.http import HttpTransport, admit, make_certificate, server_context
from hamsaya.adapters.memory import MemoryStore
from hamsaya.api.federation import federation_app
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.keys import encode_card
from hamsaya.messages.node import Peer
from hamsaya.node.bootstrap import agreement_of, make_card
from hamsaya.node.core import Node, open_node
from hamsaya.node.send import Draft
from hamsaya.node.service import Pace, Service
from hamsaya.ports.keys import new_ring, rotate
from hamsaya.ports.store import Store
from hamsaya.ports.transport import Address
from tests.support.federation import THREE, Federation, MemoryKeys, Party, enrol_staff, sign_charter, small_pack

LOOPBACK = "127.0.0.1"
# Whole seconds of a real node become hundredths, so that a test sees many retries in little time.
QUICK = Pace(cosign_s=3600, deadlines_s=3600, pull_pause_s=0.05, backoff_cap_s=0.4)


@dataclass(frozen=True)
class Papers:
    """One party's TLS certificate, in the forms that its users ask for."""

    certificate: bytes
    certificate_file: Path
    key_file: Path

    def server(self, *clients: bytes) -> ssl.SSLContext:
        """Return a server context that admits ``clients``."""
        context = server_context(self.certificate_file, self.key_file)
        for client in clients:
            admit(context, client)
        return context


def make_papers(folder: Path, name: str) -> Papers:
    """Return fresh papers kept in ``folder``."""
    key, certificate = make_certificate(name, SystemClock().now())
    papers = Papers(certificate, folder / f"{name}.crt", folder / f"{name}.key")
    papers.key_file.write_bytes(key)
    papers.certificate_file.write_bytes(load_der_x509_certificate(certificate).public_bytes(Encoding.PEM))
    return papers


class QuietServer(uvicorn.Server):
    """A server that leaves the test runner's signal handlers alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def free_socket() -> socket.socket:
    """Return a socket bound to a free loopback port, so that the port is known before anybody serves on it."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, 0))
    return bound


@contextlib.asynccontextmanager
async def serving(app: Any, context: ssl.SSLContext, bound: socket.socket | None = None) -> AsyncIterator[int]:
    """Serve ``app`` behind ``context`` and yield the port."""
    bound = bound or free_socket()
    config = uvicorn.Config(app, lifespan="off", log_level="critical", ssl_context_factory=lambda *_: context,
                            timeout_graceful_shutdown=1, timeout_keep_alive=30)
    server = QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
        yield bound.getsockname()[1]
    finally:
        server.should_exit = True
        await task


@dataclass
class Network:
    """Federated nodes with papers, sockets and, once started, services. ``fronts`` stand before their servers."""

    federation: Federation
    papers: dict[str, Papers]
    sockets: dict[str, socket.socket]
    services: dict[str, Service] = field(default_factory=dict)
    _running: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    def node(self, member: str) -> Node:
        return self.federation.node(member)

    def address(self, member: str) -> Address:
        """Return where ``member`` really listens, past any front."""
        port = self.sockets[member].getsockname()[1]
        return Address(member, f"https://{LOOPBACK}:{port}", self.papers[member].certificate)

    def transport(self, member: str) -> HttpTransport:
        """Return a transport that speaks with ``member``'s papers."""
        return HttpTransport(self.papers[member].certificate_file, self.papers[member].key_file)

    async def start(self, member: str, pace: Pace = QUICK) -> Service:
        """Bring one member up: its server if it has one, then its loops."""
        context = self.papers[member].server()
        service = Service(self.node(member), self.transport(member), pace, lambda der: admit(context, der))
        self.services[member] = service
        if member in self.sockets:
            await self._running.enter_async_context(
                serving(federation_app(service), context, self.sockets[member]))
        await service.start()
        self._running.push_async_callback(service.stop)
        return service

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._running.aclose()


def make_network(
    folder: Path,
    *,
    members: tuple[str, ...] = THREE,
    pulling: frozenset[str] = frozenset(),
    make_store: Callable[[str], Store] = lambda member: MemoryStore(),
    fronts: Mapping[str, int] | None = None,
) -> Network:
    """Return a network with cards exchanged and the charter in force; nobody listens yet.

    Args:
        pulling: Members that accept no inbound connection.
        fronts: Ports that members' cards give in place of their own.
    """
    pack, clock, random = small_pack(members), SystemClock(), SystemRandom()
    federation = Federation(clock=clock)  # type: ignore[arg-type]
    papers = {member: make_papers(folder, member) for member in members}
    sockets = {member: free_socket() for member in members if member not in pulling}
    for member in members:
        now = clock.now()
        ring = rotate(new_ring(member, random), now, random)
        port = (fronts or {}).get(member) or (sockets[member].getsockname()[1] if member in sockets else None)
        endpoint = None if port is None else f"https://{LOOPBACK}:{port}"
        root = SigningKey("ml-dsa-65", random.bytes(64))
        card = encode_card(make_card(ring, root, now, endpoint, papers[member].certificate), ring.message)
        node = open_node(agreement=agreement_of(pack, member), key_store=MemoryKeys(ring), store=make_store(member),
                         clock=clock, random=random)
        federation.parties[member] = Party(node, card, MemoryKeys(ring))
    for member in members:
        for other in [member, *(name for name in members if name != member)]:
            federation.send(member, Draft(Peer(card=federation.parties[other].card, fingerprint="by hand")))
    enrol_staff(federation)
    sign_charter(federation)
    return Network(federation, papers, sockets)


async def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    """Return once ``await holds()`` is true; fails after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.02)
