"""The operator's and officers' way into their own running node: actions on loopback, behind a token.

``POST /control/<action>`` with JSON arguments and ``Authorization: Bearer <token>``; the token is made anew at each
start and lies in DIR/control.json, which only the node's owner may read. Bearer headers are not sent by browsers
on their own, so no page elsewhere can make one act.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hamsaya.api.federation import read_bounded, refusals
from hamsaya.node.actions import perform
from hamsaya.node.service import Service

MAX_ARGUMENT_BYTES = 64 << 20  # a courier file of a month, in base64


def control_routes(service: Service, token: str, more: Mapping[str, Callable[[], object]] | None = None) -> list[Route]:
    """Return the control API's one route; ``more`` are actions of the process rather than of the node, by name."""
    local = more or {}

    async def act(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return Response(
                msgspec.json.encode({"code": "no-token", "message": "expected the bearer token of DIR/control.json"}),
                401, media_type="application/json",
            )
        arguments = await read_bounded(request, MAX_ARGUMENT_BYTES)
        name = request.path_params["action"]
        result = msgspec.json.encode(local[name]()) if name in local else await perform(service, name, arguments)
        return Response(result, media_type="application/json")

    return [Route("/control/{action}", refusals(act), methods=["POST"])]
