"""The console's ASGI application: routes and layers, nothing else.

    GET /                     what happened            GET /log, /log/{message}   the log, proofs and receipts
    GET /cases, /cases/{ref}  cases                    GET /about                 what this is and what it refuses
    GET /files?case&item&file a file of an item, to be saved and never shown
    GET /picture              joint picture            GET /login/{token}         the one-time link
    GET /findings             promises and tranches    GET /healthz               200 when the writer answers
    GET /oversight            what oversight sees      GET /alerts                alerts, assessments
    GET /price                what compliance must be worth       GET /coverage   who watches which cells
    GET /incidents            the store of incidents beside this node
    GET /charter              decisions, standings     GET /charter/articles/{instrument}, /charter/decisions/{ref}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from hamsaya.base.errors import HamsayaError
from hamsaya.console.middleware import KnownHosts, SecurityHeaders, SessionGate
from hamsaya.console.pages import Pages
from hamsaya.console.problems import Trouble
from hamsaya.console.rendering import Renderer
from hamsaya.console.session import Door
from hamsaya.node.listing import listing_view
from hamsaya.node.map_lines import MapLines
from hamsaya.node.service import Service

STATIC = Path(__file__).parent / "static"
OPEN_PATHS = ("/login/", "/static/", "/healthz", "/control/")
"""What answers without a session: the way in, the style sheet, the sign of life, and the control API, which has a
token of its own."""


def console_app(
    service: Service, *, login_token: str, control_routes: list[Route], session_key: bytes,
    hosts: Collection[str] = (), disclaimers: Mapping[str, str] | None = None, lines: MapLines | None = None,
    desk: Path | None = None,
) -> Starlette:
    """Return the application that people's browsers and the control API's callers talk to.

    Args:
        login_token: Opens one session, at ``/login/{token}``; at least 16 characters. ``app.state.door.renew``
            makes another.
        control_routes: Routes under ``/control/`` that guard themselves.
        session_key: At least 16 random bytes, fresh at each start.
        hosts: Names under which browsers may call this node, besides loopback.
        disclaimers: The region pack's disclaimers by language, shown with the joint picture.
        lines: The region pack's boundaries for maps, None where they have not been made.
        desk: Folder of the analyst's files that pages show (``node.desk``); None where there is none.
    """
    door = Door(service.node.own, login_token, session_key, service.node.clock.ticks)
    renderer = Renderer(lambda: service.node.agreement, disclaimers or {}, lambda: listing_view(service.node))
    pages = Pages(service, door, renderer, lines, desk)
    app = Starlette(
        routes=[*control_routes, *_routes(pages)],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(KnownHosts, hosts=hosts),
            Middleware(SessionGate, door=door, open_paths=OPEN_PATHS, denied=_outside(pages)),
        ],
        exception_handlers={kind: pages.trouble for kind in (Trouble, HamsayaError, HTTPException, Exception)},
    )
    app.state.door = door
    return app


def _routes(pages: Pages) -> list[Route | Mount]:
    return [
        Route("/", pages.overview),
        Route("/cases", pages.cases),
        Route("/cases/{ref:path}", pages.case),
        Route("/files", pages.file),
        Route("/picture", pages.picture),
        Route("/coverage", pages.coverage),
        Route("/incidents", pages.incidents),
        Route("/alerts", pages.alerts),
        Route("/findings", pages.findings),
        Route("/price", pages.price),
        Route("/charter", pages.charter),
        Route("/charter/articles/{instrument:path}", pages.instrument),
        Route("/charter/decisions/{ref:path}", pages.decision),
        Route("/oversight", pages.oversight),
        Route("/log", pages.log),
        Route("/log/{message_id}", pages.entry),
        Route("/about", pages.about),
        Route("/login/{token}", pages.login),
        Route("/healthz", pages.healthz),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _outside(pages: Pages) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await pages.outside(Request(scope, receive))
        await response(scope, receive, send)

    return answer
