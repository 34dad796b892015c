"""A gateway between nodes that does to HTTP messages what networks and their owners do.

It holds the papers of all parties, so it can stand in the middle of mutual TLS: to the client it shows the server's
certificate, and to the server it speaks as the client. A message meets one of ``FAULTS``:

delay            it arrives late
drop-request     it does not arrive, and the connection is gone
drop-answer      it arrives, and the answer does not come back
duplicate        it arrives twice
reorder          it waits until a later one has passed
cut-request      half of it arrives, then the connection is gone
cut-answer       it arrives, and half of the answer comes back
replay           it arrives, and arrives again much later
What this leaves out: altered bytes, which TLS and the envelope's signatures refuse before anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hamsaya.adapters.http import client_context
from tests.faults.network import LOOPBACK, Papers, free_socket

FAULTS = ("delay", "drop-request", "drop-answer", "duplicate", "reorder", "cut-request", "cut-answer", "replay")


class Cut(Exception):
    """The connection to the client ends here."""


@dataclass
class FaultProxy:
    """Stands before one server. The first messages meet every fault once, later ones a ``share`` of them by chance."""

    server: str
    target_port: int
    papers: Mapping[str, Papers]
    seed: int
    share: float = 0.7
    bound: socket.socket = field(default_factory=free_socket)
    met: Counter[str] = field(default_factory=Counter)
    answered: Counter[bytes] = field(default_factory=Counter)
    _kept: list[tuple[str, bytes]] = field(default_factory=list)
    _waiting: asyncio.Event | None = None
    _listener: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        # The opening of a case is lost first, so that what refers to it arrives before it.
        self._first = [*self._random.sample(FAULTS, len(FAULTS)), "drop-request"]
        self._members = {papers.certificate: member for member, papers in self.papers.items()}

    async def start(self) -> None:
        """Listen."""
        context = self.papers[self.server].server(*self._members)
        self._listener = await asyncio.start_server(self._serve, sock=self.bound, ssl=context)

    async def replay_all(self) -> int:
        """Send everything again that was kept for it, and return how many messages that were."""
        kept, self._kept = self._kept, []
        for client, request in kept:
            await self._forward(client, request)
        return len(kept)

    async def stop(self) -> None:
        """Close the listener and every connection."""
        assert self._listener is not None
        self._listener.close()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
        client = self._members[shown.getpeercert(True) or b""]
        with contextlib.suppress(Cut, OSError, asyncio.IncompleteReadError):
            while request := await read_message(reader):
                await self._meet(self._choose(request), client, request, writer)
        self._open.discard(writer)
        writer.transport.abort()

    def _choose(self, request: bytes) -> str:
        fault = self._random.choice(FAULTS) if self._random.random() < self.share else "none"
        if self._first and self.share:
            fault = self._first.pop()
        self.met[fault] += 1
        return fault

    async def _meet(self, fault: str, client: str, request: bytes, writer: asyncio.StreamWriter) -> None:
        """Let one message meet its fault, and answer the client unless the fault is that it gets no answer."""
        if fault == "drop-request":
            raise Cut
        if fault == "cut-request":
            await self._forward(client, request, part=0.6)
            raise Cut
        if fault == "delay":
            await asyncio.sleep(self._random.uniform(0.02, 0.15))
        if fault == "reorder":
            await self._let_another_pass()
        answers = [await self._forward(client, request) for _ in range(2 if fault == "duplicate" else 1)]
        if self._waiting is not None and fault != "reorder":
            self._waiting.set()
        if fault == "replay":
            self._kept.append((client, request))
        if fault == "drop-answer" or not answers[-1]:
            raise Cut
        if fault == "cut-answer":
            writer.write(answers[-1][: len(answers[-1]) * 6 // 10])
            await writer.drain()
            writer.close()
            raise Cut
        writer.write(answers[-1])
        await writer.drain()

    async def _let_another_pass(self) -> None:
        self._waiting = passed = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(passed.wait(), 0.3)

    async def _forward(self, client: str, request: bytes, part: float = 1.0) -> bytes:
        """Return the server's answer to the request, or b"" when it gave none or only ``part`` was sent."""
        mine, theirs = self.papers[client], self.papers[self.server]
        context = client_context(mine.certificate_file, mine.key_file, theirs.certificate)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(LOOPBACK, self.target_port, ssl=context, server_hostname="x")
            try:
                writer.write(request[: int(len(request) * part)])
                await writer.drain()
                answer = await read_message(reader) if part == 1.0 else b""
                self.answered[answer[9:12]] += 1
                return answer
            finally:
                writer.transport.abort()
        return b""


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Return one whole HTTP/1.1 message with a content length, or b"" when the connection ends before one begins."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return b""
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    return head + await reader.readexactly(int(fields.get(b"content-length", b"0")))
