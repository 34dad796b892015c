"""The exercise's link: it relays until it is cut, and again once it is healed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hamsaya.cli.exercise_link import LOOPBACK, Link


def _with_link(story: Callable[[Link], Awaitable[None]], target: bool = True) -> None:
    """Run ``story`` with a link to a server that echoes, or to a port where nobody listens."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(echo, LOOPBACK, 0)
        port = server.sockets[0].getsockname()[1]
        if not target:
            server.close()
        link = Link(0, port)
        await link.start()
        try:
            await asyncio.wait_for(story(link), 10)
        finally:
            await link.stop()
            server.close()

    asyncio.run(run())


def test_a_link_relays_both_ways_until_either_end_is_done() -> None:
    """More than a buffer's worth passes whole, and the end of one side reaches the other."""

    async def story(link: Link) -> None:
        said = bytes(range(256)) * 4096
        reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
        writer.write(said)
        assert await reader.readexactly(len(said)) == said
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()

    _with_link(story)


def test_a_cut_breaks_what_is_open_and_refuses_what_is_new() -> None:
    """A fallen line does not wait for answers under way."""

    async def story(link: Link) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        await link.cut()
        await link.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        with pytest.raises(OSError):
            await asyncio.open_connection(LOOPBACK, link.port)
        writer.close()

    _with_link(story)


def test_a_healed_link_relays_on_the_same_port() -> None:
    """Peers know one address; they find it working again."""

    async def story(link: Link) -> None:
        port = link.port
        await link.cut()
        await link.heal()
        await link.heal()
        assert link.port == port
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"
        writer.close()

    _with_link(story)


def test_a_link_to_nobody_closes_what_it_accepts() -> None:
    """A node that is down behind a link looks down."""

    async def story(link: Link) -> None:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            reader, _ = await asyncio.open_connection(LOOPBACK, link.port)
            await reader.readexactly(1)

    _with_link(story, target=False)
