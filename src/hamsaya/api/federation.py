"""What peers may ask of a node, over mutual TLS: hand in envelopes, pull, give receipts, read and witness its log.

    POST /v1/envelopes      one envelope         → 200 receipt · 400 · 413 refused · 503 send the same bytes later
    POST /v1/pull           signed request       → 200 CBOR[envelope, …] after at most 20 s
    POST /v1/receipts       CBOR[from, pairs]    → 204
    POST /v1/sets           signed request       → 200 one page of a tag set, to those its notice was addressed to
    POST /v1/chunks/get     signed request       → 200 CBOR[chunk, …] · 400 refused · 503 ask again later
    POST /v1/chunks/put     CBOR[request, …]     → 200 CBOR[index still missing, …]
    POST /add-checkpoint    C2SP tlog-witness    → its status table
    GET  /checkpoint        latest checkpoint with its cosignatures
    GET  /tile/…            C2SP tlog-tiles: hash tiles and entry bundles; 404 for what is not in the log
    GET  /healthz           200 when the writer answers

A refusal's body is JSON {"code", "message"}: what was expected, never what was received.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hamsaya.base.errors import HamsayaError, PeerError, RetryLater, StoreError
from hamsaya.messages.envelope import MAX_ENVELOPE_BYTES
from hamsaya.node.exchange import MAX_PULL_REQUEST_BYTES, MAX_RECEIPTS_BYTES, encode_envelopes
from hamsaya.node.logview import MAX_WITNESS_REQUEST_BYTES, latest_note, read_tile
from hamsaya.node.service import Service
from hamsaya.node.transfer import MAX_GET_BYTES, MAX_PUT_BYTES, encode_missing

LOG = logging.getLogger("hamsaya.api")
# What a reader of the log asked for and this log does not have (yet).
ABSENT = frozenset({"not-in-log", "bad-tile", "bad-path", "empty-log"})
BINARY = "application/octet-stream"
Handler = Callable[[Request], Awaitable[Response]]


def federation_app(service: Service) -> Starlette:
    """Return the ASGI application that peers talk to."""

    async def envelopes(request: Request) -> Response:
        received = await service.receive(await read_bounded(request, MAX_ENVELOPE_BYTES))
        return Response(received.receipt, media_type=BINARY)

    async def pull(request: Request) -> Response:
        waiting = await service.serve_pull(await read_bounded(request, MAX_PULL_REQUEST_BYTES))
        return Response(encode_envelopes(waiting), media_type=BINARY)

    async def receipts(request: Request) -> Response:
        await service.take_receipts(await read_bounded(request, MAX_RECEIPTS_BYTES))
        return Response(status_code=204)

    async def sets(request: Request) -> Response:
        page = await service.serve_set(await read_bounded(request, MAX_PULL_REQUEST_BYTES))
        return Response(page, media_type=BINARY)

    async def give_chunks(request: Request) -> Response:
        found = await service.transfers.serve(await read_bounded(request, MAX_GET_BYTES))
        return Response(encode_envelopes(found), media_type=BINARY)

    async def take_chunks(request: Request) -> Response:
        missing = await service.transfers.accept(await read_bounded(request, MAX_PUT_BYTES))
        return Response(encode_missing(missing), media_type=BINARY)

    async def add_checkpoint(request: Request) -> Response:
        answer = await service.witness(await read_bounded(request, MAX_WITNESS_REQUEST_BYTES))
        return Response(answer.body, answer.status, media_type=answer.content_type)

    async def checkpoint(request: Request) -> Response:
        note = await service.ask(latest_note)
        return Response(note, media_type="text/plain; charset=utf-8")

    async def tile(request: Request) -> Response:
        path = f"tile/{request.path_params['path']}"
        return Response(await service.ask(lambda node: read_tile(node, path)), media_type=BINARY)

    async def healthz(request: Request) -> Response:
        await service.ask(lambda node: None)
        return Response(b"ok\n", media_type="text/plain")

    routes = [
        Route("/v1/envelopes", refusals(envelopes), methods=["POST"]),
        Route("/v1/pull", refusals(pull), methods=["POST"]),
        Route("/v1/receipts", refusals(receipts), methods=["POST"]),
        Route("/v1/sets", refusals(sets), methods=["POST"]),
        Route("/v1/chunks/get", refusals(give_chunks), methods=["POST"]),
        Route("/v1/chunks/put", refusals(take_chunks), methods=["POST"]),
        Route("/add-checkpoint", refusals(add_checkpoint), methods=["POST"]),
        Route("/checkpoint", refusals(checkpoint)),
        Route("/tile/{path:path}", refusals(tile)),
        Route("/healthz", refusals(healthz)),
    ]
    return Starlette(routes=routes)


async def read_bounded(request: Request, limit: int) -> bytes:
    """Return the request's body; raises PeerError ``oversize`` past ``limit`` bytes without reading on."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise PeerError(f"expected at most {limit} bytes, received more", code="oversize")
        chunks.append(chunk)
    return b"".join(chunks)


def refusals(handler: Handler) -> Handler:
    """Wrap a handler: every refusal becomes a status and a code; nothing else of an error leaves the node."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except HamsayaError as error:
            return refusal(error)
        except HTTPException:
            raise
        except ClientDisconnect:
            return _json(400, "broken-off", "expected the whole body")
        except Exception:
            LOG.exception("a defect kept this node from answering %s", request.url.path)
            return _json(500, "internal", "this node failed to answer; its operator finds why in its standard error")

    return handle


def refusal(error: HamsayaError) -> Response:
    """Return the HTTP face of an error. Peers send again after 503; other answers need other bytes."""
    status = 400
    if isinstance(error, RetryLater | StoreError):
        status = 503
    elif error.code == "oversize":
        status = 413
    elif error.code in ABSENT:
        status = 404
    return _json(status, error.code, str(error))


def _json(status: int, code: str, message: str) -> Response:
    return Response(msgspec.json.encode({"code": code, "message": message}), status, media_type="application/json")
