"""A link of the exercise that can be cut and healed: a TCP relay on loopback, between one node and another's port.

It moves bytes it cannot read. Cut, it closes what is open and refuses what is new, as a fallen line does.
"""

from __future__ import annotations

import asyncio
import contextlib

LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 65_536


class Link:
    """A relay from ``listen_port`` to ``target_port``; port 0 takes a free one, which ``port`` then names."""

    def __init__(self, listen_port: int, target_port: int) -> None:
        self.port, self._target = listen_port, target_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen and relay; raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._relay, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection off and refuse new ones. Cutting a cut link changes nothing."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._open):
            writer.transport.abort()
        if server is not None:
            await server.wait_closed()

    async def heal(self) -> None:
        """Listen again on the same port."""
        if self._server is None:
            await self.start()

    async def stop(self) -> None:
        """Leave no connection and no listener behind."""
        await self.cut()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            self._drop(writer)
            return
        self._open.add(far_writer)
        try:
            if self._server is None:  # It was cut while the far end was being reached.
                return
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._drop(writer)
            self._drop(far_writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Move bytes until either end is gone; then close the writing end, so that the other direction ends too."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
