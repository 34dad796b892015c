"""Three small layers round every page, plain ASGI: what a browser may do, which hosts we are, who may look.

They stand in this order from the outside in. The first writes its headers on every response, also on refusals of
the others; the handler of defects writes them itself, because it answers outside of all layers.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hamsaya.console.session import Door

# There is no script at all yet. The first one changes 'none' to 'self' here, and nothing else.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Every response carries ``HEADERS``, whatever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, guarded)


class KnownHosts:
    """A request that calls us by an unknown name is refused: a page elsewhere may have made its name point here.

    Args:
        hosts: Names besides ``localhost``; every loopback address is known, since a name cannot be one.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts) | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._known(Headers(scope=scope).get("host", "")):
            text = "This is not the name of this node. Use the address that the node printed at its start.\n"
            await PlainTextResponse(text, 421)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _known(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").lower()
        if name in self.hosts:
            return True
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return False


class SessionGate:
    """Without a session only the ``open_paths`` answer; everything else goes to ``denied``.

    Args:
        open_paths: Beginnings of paths that guard themselves or hold nothing to guard.
    """

    def __init__(self, app: ASGIApp, door: Door, open_paths: tuple[str, ...], denied: ASGIApp) -> None:
        self.app, self.door, self.open_paths, self.denied = app, door, open_paths, denied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        open_to_all = scope["type"] == "lifespan" or scope.get("path", "").startswith(self.open_paths)
        inside = open_to_all or self.door.admits(_cookie(scope, self.door.cookie))
        await (self.app if inside else self.denied)(scope, receive, send)


def _cookie(scope: Scope, name: str) -> str | None:
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(name)
