"""A running service and an HTTP client for its faces, without sockets between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette

from hamsaya.api.control import control_routes
from hamsaya.api.federation import federation_app
from hamsaya.node.core import Node
from hamsaya.node.service import Pace, Service
from hamsaya.ports.transport import Address, Answer

T = TypeVar("T")
TOKEN = "a-token-of-this-start"
STILL = Pace(cosign_s=3600, deadlines_s=3600)


class NoTransport:
    """A transport that reaches nobody."""

    async def post(self, address: Address, path: str, body: bytes, timeout_s: float) -> Answer:
        return Answer(0, b"")

    async def close(self) -> None:
        """Keep nothing open."""


def served(node: Node, story: Callable[[Service, httpx.AsyncClient], Awaitable[T]]) -> T:
    """Return what ``story`` returns, given the running service of ``node`` and a client of both its faces."""

    async def run() -> T:
        service = Service(node, NoTransport(), STILL)
        app = federation_app(service)
        everything = Starlette(routes=[*app.routes, *control_routes(service, TOKEN)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(everything), base_url="https://node") as client:
            await service.start()
            try:
                return await story(service, client)
            finally:
                await service.stop()

    return asyncio.run(run())


def post(node: Node, path: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    """Return the answer of ``node`` to one post."""

    async def story(service: Service, client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(path, content=body, headers=headers)

    return served(node, story)


def get(node: Node, path: str) -> httpx.Response:
    """Return the answer of ``node`` to one get."""

    async def story(service: Service, client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(path)

    return served(node, story)


def refusal(answer: httpx.Response) -> tuple[int, Any]:
    """Return status and code of a refusal, after checking that it says nothing else than code and message."""
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert set(said) == {"code", "message"}
    return answer.status_code, said["code"]
