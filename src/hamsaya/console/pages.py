"""The pages: each asks the node, and hands plain views to its template. Nothing here changes anything."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from hamsaya.base.errors import HamsayaError, OperatorError, StoreError
from hamsaya.console import price, watch
from hamsaya.console.i18n import choose
from hamsaya.console.middleware import HEADERS
from hamsaya.console.picture_map import LEVELS, draw
from hamsaya.console.problems import BY_STATUS, Trouble, problem_of
from hamsaya.console.rendering import Renderer, names
from hamsaya.console.session import Door
from hamsaya.node import attachments, charter_views, console_views, coverage_views, price_page, views
from hamsaya.node.actions import ACTIONS
from hamsaya.node.core import Node
from hamsaya.node.listing import LISTED, subjects_listed
from hamsaya.node.map_lines import MapLines
from hamsaya.node.oversight import views as oversight_views
from hamsaya.node.service import Service

T = TypeVar("T")
LATEST = 12
LOG_ROWS = 50
TABLE_ROWS = 100
MONTH_ROWS = 36
COVERAGE_ROWS = 25
# Months that calendars and people can mean; a report may hold others.
MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Pages:
    """Every page of one node."""

    service: Service
    door: Door
    renderer: Renderer
    lines: MapLines | None = None
    desk: Path | None = None

    async def _ask(self, question: Callable[[Node], T]) -> T:
        return await self.service.ask(question)

    async def _perform(self, action: str, **arguments: Any) -> Any:
        """Return the result of one of the node's own actions; raises Trouble for arguments that do not fit."""
        entry = ACTIONS[action]
        try:
            args = msgspec.convert(arguments, entry.args)
        except msgspec.ValidationError:
            raise Trouble("bad-arguments") from None
        return await entry.run(self.service, args)

    # -- pages --------------------------------------------------------------------------------------------

    async def overview(self, request: Request) -> Response:
        found = await self._ask(lambda node: console_views.overview(node, LATEST))
        return self.renderer.page(request, "overview.html", here="/", view=found)

    async def cases(self, request: Request) -> Response:
        found = await self._perform("cases")
        return self.renderer.page(request, "cases.html", here="/cases", cases=found[::-1])

    async def case(self, request: Request) -> Response:
        try:
            found = await self._perform("case", case=request.path_params["ref"])
        except Trouble:
            found = None
        if found is None:
            raise Trouble("unknown-case")
        by_list = await self._ask(lambda node: subjects_listed(node, found.case.subjects))
        references = [each.eligibility_ref for each in found.case.subjects if each.eligibility == LISTED]
        listed = dict(zip(references, by_list, strict=True))
        talk = await self._perform("talk", case=found.case.case)
        return self.renderer.page(request, "case.html", here="/cases", view=found, listed=listed, talk=talk)

    async def file(self, request: Request) -> Response:
        """Give a file to be saved, checked whole before its first byte: never a page, whatever it is."""
        names = [request.query_params.get(name, "") for name in ("case", "item", "file")]
        try:
            found = await self._ask(lambda node: attachments.opened(node, names[0], names[1], names[2]))
            store = self.service.transfers.store()
            await run_in_threadpool(found.check, store)
        except HamsayaError:
            raise Trouble("no-file") from None

        async def pieces() -> AsyncIterator[bytes]:
            for index in range(len(found.chunks)):
                yield await run_in_threadpool(found.piece, store, index)

        # A name in any script, and nothing of it outside the quotes of its encoding.
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.sheet.file, safe='')}",
                   "Content-Length": str(found.sheet.size)}
        return StreamingResponse(pieces(), media_type="application/octet-stream", headers=headers)

    async def picture(self, request: Request) -> Response:
        state, areas = await self._ask(lambda node: (node.state.monitor, node.agreement.areas))
        chosen = _period(request, console_views.period(state))
        if chosen is None or not areas:
            return self.renderer.page(request, "picture_empty.html", here="/picture")
        known = names(self.service.node.agreement, choose(request))

        def make() -> tuple[console_views.JointPicture, Any]:
            joint = console_views.picture(state, areas, *chosen)
            return joint, draw(joint.document, known, self.lines)

        joint, drawing = await run_in_threadpool(make)
        first = _whole(request, "from", 0)
        return self.renderer.page(
            request, "picture.html", here="/picture", joint=joint, map=drawing, levels=LEVELS, first=first,
            rows=joint.rows[first : first + TABLE_ROWS], size=TABLE_ROWS,
        )

    async def coverage(self, request: Request) -> Response:
        state, areas = await self._ask(lambda node: (node.state.monitor, node.agreement.areas))
        chosen = _period(request, coverage_views.period(state))
        if chosen is None or not areas:
            return self.renderer.page(request, "coverage_empty.html", here="/coverage")
        known, own = names(self.service.node.agreement, choose(request)), self.service.node.own

        def make() -> watch.Looked:
            page = coverage_views.coverage_page(state, areas, own, *chosen)
            return watch.looked_at(page, known, self.lines, self.desk)

        found = await run_in_threadpool(make)
        return self.renderer.page(
            request, "coverage.html", here="/coverage", view=found.page, map=found.map, measured=found.measured,
            blind=found.blind, own_rows=found.own_rows, size=COVERAGE_ROWS,
            at={name: _whole(request, name, 0) for name in ("unwatched", "own", "areas")},
        )

    async def incidents(self, request: Request) -> Response:
        desk = await run_in_threadpool(watch.desk_files, self.desk)
        held = await self._perform("alerts")
        first = _whole(request, "from", 0)
        return self.renderer.page(request, "incidents.html", here="/incidents", desk=desk,
                                  alerts=len(held.alerts), first=first, size=MONTH_ROWS)

    async def alerts(self, request: Request) -> Response:
        found, said = await self._perform("alerts"), await self._perform("assessments")
        return self.renderer.page(request, "alerts.html", here="/alerts", view=found, assessments=said)

    async def findings(self, request: Request) -> Response:
        commitments = await self._perform("commitments")
        tranches = await self._perform("tranches")
        return self.renderer.page(request, "findings.html", here="/findings", commitments=commitments,
                                  tranches=tranches)

    async def price(self, request: Request) -> Response:
        asked = await self._ask(price_page.question)
        flows = sorted(name for name in asked.setup.priors if name.startswith("flow."))
        settings, held = price.settings_of(request.query_params, flows)
        found, problem_text = None, ""
        try:
            found = await run_in_threadpool(price_page.page, asked, settings)
        except OperatorError as error:
            problem_text = str(error)
        return self.renderer.page(
            request, "price.html", here="/price", page=found, problem_text=problem_text, held=held, flows=flows,
            rules=price.RULES, bars=price.bars(found) if found else {}, endless=math.inf,
        )

    async def charter(self, request: Request) -> Response:
        found = await self._ask(console_views.charter)
        return self.renderer.page(request, "charter.html", here="/charter", view=found)

    async def instrument(self, request: Request) -> Response:
        name = request.path_params["instrument"]
        found = await self._ask(lambda node: console_views.instrument(node, name))
        if found is None:
            raise Trouble("unknown-instrument")
        return self.renderer.page(request, "instrument.html", here="/charter", view=found)

    async def decision(self, request: Request) -> Response:
        reference = request.path_params["ref"]
        found = await self._ask(lambda node: charter_views.decision(node, reference))
        if found is None:
            raise Trouble("unknown-proposal")
        return self.renderer.page(request, "decision.html", here="/charter", view=found)

    async def oversight(self, request: Request) -> Response:
        found = await self._ask(lambda node: oversight_views.page(node, LOG_ROWS))
        return self.renderer.page(request, "oversight.html", here="/oversight", view=found)

    async def log(self, request: Request) -> Response:
        before = _whole(request, "before", None)
        found = await self._ask(lambda node: console_views.log_page(node, before, LOG_ROWS))
        return self.renderer.page(request, "log.html", here="/log", view=found, step=LOG_ROWS)

    async def entry(self, request: Request) -> Response:
        proof = await self._perform("prove", message_id=request.path_params["message_id"])
        (row,) = await self._ask(lambda node: views.log_rows(node, proof.index, 1))
        return self.renderer.page(request, "entry.html", here="/log", proof=proof, row=row)

    async def about(self, request: Request) -> Response:
        found = await self._ask(console_views.about)
        return self.renderer.page(request, "about.html", here="/about", view=found)

    # -- the way in ---------------------------------------------------------------------------------------

    async def login(self, request: Request) -> Response:
        """Open a session for the unused link. Neither HEAD nor a browser's guess ahead uses it up."""
        guessed = "prefetch" in request.headers.get("sec-purpose", "")
        session = None
        if request.method == "GET" and not guessed:
            session = self.door.take(request.path_params["token"])
        if session is None:
            return self.refuse(request, "used-link")
        # A page that moves on by itself, not a redirect: after a redirect from elsewhere a strict cookie stays home.
        response = self.renderer.page(request, "welcome.html", inside=False)
        response.headers["Refresh"] = "1; url=/"
        self.door.remember(response, session)
        return response

    async def healthz(self, request: Request) -> Response:
        await self._ask(lambda node: None)
        return PlainTextResponse("ok\n")

    # -- what cannot be shown -----------------------------------------------------------------------------

    def refuse(self, request: Request, code: str) -> Response:
        """Return the page of one of ``PROBLEMS``; whoever is outside sees nothing of the node but its name."""
        problem = problem_of(code)
        inside = self.door.admits(request.cookies.get(self.door.cookie))
        return self.renderer.page(request, "problem.html", problem.status, problem=problem, inside=inside)

    async def outside(self, request: Request) -> Response:
        return self.refuse(request, "no-session")

    async def trouble(self, request: Request, error: Exception) -> Response:
        """Return the page of an error that a page or the router raised."""
        match error:
            case Trouble():
                return self.refuse(request, error.code)
            case StoreError():
                return self.refuse(request, "store")
            case HamsayaError():
                return self.refuse(request, error.code)
            case HTTPException():
                return self.refuse(request, BY_STATUS.get(error.status_code, "bad-request"))
        response = self.refuse(request, "internal")
        # A defect is answered outside of the layers that write these.
        response.headers.update(HEADERS)
        return response


def _period(request: Request, known: tuple[str, str] | None) -> tuple[str, str] | None:
    """Return the months asked for, what is known by default; raises Trouble ``bad-period``."""
    first, last = request.query_params.get("first"), request.query_params.get("last")
    if first is None and last is None:
        return known
    for month in (first, last):
        if month is None or not MONTH.fullmatch(month):
            raise Trouble("bad-period")
    assert first is not None and last is not None
    if first > last:
        raise Trouble("bad-period")
    return first, last


def _whole(request: Request, name: str, default: T) -> int | T:
    """Return a whole number of the address, the default where there is none; raises Trouble ``bad-request``."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,12}", text):
        raise Trouble("bad-request")
    return int(text)
