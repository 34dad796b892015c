"""Chunks of files between two nodes, beside the envelopes: each is bound by its digest to an admitted message.

    get    POST /v1/chunks/get  CBOR[ request, [ed25519, ml_dsa] ]                       → CBOR[ chunk, … ]
    put    POST /v1/chunks/put  CBOR[ CBOR[ request, [ed25519, ml_dsa] ], [ chunk, … ] ] → CBOR[ index missing, … ]

Who may ask what is in ``chunk_rules``. Here a sixth rule: there is room, for all files and for those of one
originator, else ``quota``.

A transfer has no state of its own: what is here is here, what is missing is asked for, after any break and any restart.
But for chunks that files of other originators name too: whoever names another's chunks would learn by what is asked for
whether this node has them. Of these only what came with the very file counts as here, until this process ends.
Nothing is trusted for having come by one of these ways, by courier file or from whom: the digest is in the signed
message. A node that accepts no connection hands its own files over by ``put``; every other one waits to be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hamsaya.base.errors import OperatorError, PeerError, RetryLater
from hamsaya.canon import decode, encode
from hamsaya.messages.attachments import CHUNK_BYTES
from hamsaya.node.chunk_rules import (
    WINDOW,
    Asked,
    Plan,
    Progress,
    judged,
    named_elsewhere,
    open_request,
    others_of,
    own_plans,
    passing_plan,
    plan_of,
    runs,
    signed_request,
)
from hamsaya.node.core import Node
from hamsaya.node.dispatch import refusal_code
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.chunks import ChunkStore
from hamsaya.ports.transport import Address, Transport

MAX_GET_BYTES = 8192
MAX_PUT_BYTES = WINDOW * (CHUNK_BYTES + CHUNK_BYTES // 32 + 64) + MAX_GET_BYTES
TIMEOUT_S = 120.0
MIB = 1 << 20
T = TypeVar("T")


@dataclass
class Transfers:
    """The chunks of one node and their ways in and out. ``chunks`` None: this node was given no room for files.

    Attributes:
        room, room_each: Bytes for all files, and for those of one other party.
    """

    writer: Writer
    transport: Transport
    chunks: ChunkStore | None
    room: int
    room_each: int
    _given: set[tuple[str, str, str, str]] = field(default_factory=set)
    _came: set[tuple[str, str, str, int]] = field(default_factory=set)

    def store(self) -> ChunkStore:
        """Return where chunks lie; raises OperatorError ``no-room-for-files``."""
        if self.chunks is None:
            raise OperatorError("this node was opened without room for files", code="no-room-for-files")
        return self.chunks

    # -- asked by others ----------------------------------------------------------------------------------

    async def serve(self, unverified_bytes: bytes) -> list[bytes]:
        """Return the chunks that a holder of our item asks for, by the rules above."""
        def judge(node: Node) -> list[bytes]:
            asked = open_request(node, unverified_bytes, "get")
            plan = judged(node, asked, originator=node.own, holder=asked.sender)
            return list(plan.chunks[asked.first : asked.first + min(asked.chunks, WINDOW)])

        digests = await self._judged(judge, unverified_bytes)
        found = await asyncio.to_thread(lambda: [self.store().get(each) for each in digests])
        if None in found:
            raise RetryLater("a chunk is not here any more; its originator gives the file anew", code="no-chunk")
        return [each for each in found if each is not None]

    async def accept(self, unverified_bytes: bytes) -> list[int]:
        """Keep the chunks that an originator hands over, and return what is still missing."""
        match decode(unverified_bytes, 8 + WINDOW):
            case [bytes() as request, list() as sealed] if len(sealed) <= WINDOW and all(
                    type(each) is bytes for each in sealed):
                pass
            case _:
                raise PeerError("expected [request, [chunk, …]]", code="bad-request")

        def judge(node: Node) -> tuple[Asked, Plan, int, frozenset[bytes]]:
            asked = open_request(node, request, "put")
            plan = judged(node, asked, originator=asked.sender, holder=node.own)
            return asked, plan, others_of(node, plan), named_elsewhere(node, plan)

        asked, plan, others, elsewhere = await self._judged(judge, request)
        return await asyncio.to_thread(self._keep, plan, asked.first, sealed, others, elsewhere)

    async def _judged(self, judge: Callable[[Node], T], refused_bytes: bytes) -> T:
        """Answer on committed state; a refusal is counted like that of an envelope."""
        try:
            return await self.writer.ask(judge)
        except PeerError as error:
            refusal = error  # The name in the clause ends with it.
        await self.writer.call(Act(lambda node: node.record_refusal(refusal, refused_bytes)))
        raise refusal

    def _keep(
        self, plan: Plan, first: int, sealed: Sequence[bytes], others: int, elsewhere: frozenset[bytes]
    ) -> list[int]:
        """Keep chunks from ``first`` on, within the room there is, and return which are missing then."""
        chunks = self.store()
        self._require_room(chunks, plan, sum(map(len, sealed)), others)
        for index, each in enumerate(sealed, first):
            if index >= len(plan.chunks):
                raise PeerError("expected no more chunks than the signed message names", code="wrong-chunk")
            self._take(plan, index, each)
        return self._missing(plan, elsewhere)

    def _take(self, plan: Plan, index: int, sealed: bytes) -> None:
        plan.take(self.store(), index, sealed)
        self._came.add((plan.case, plan.item, plan.attachment, index))

    def _missing(self, plan: Plan, elsewhere: frozenset[bytes]) -> list[int]:
        """Return which chunks of a file another may be asked for or told to be missing here."""
        chunks, names = self.store(), (plan.case, plan.item, plan.attachment)
        return [index for index, each in enumerate(plan.chunks)
                if not chunks.has(each) or (each in elsewhere and (*names, index) not in self._came)]

    def _require_room(self, chunks: ChunkStore, plan: Plan, more: int, others: int) -> None:
        if chunks.used() + more > self.room:
            raise OperatorError(f"the files here would take more than {self.room // MIB} MiB; raise files_mib in "
                                "node.toml or purge items", code="quota")
        if others + plan.sealed_bytes > self.room_each:
            raise OperatorError(f"the files of {plan.originator} would take more than {self.room_each // MIB} MiB; "
                                "raise files_mib_each in node.toml or purge items", code="quota")

    # -- asking others ------------------------------------------------------------------------------------

    async def fetch(self, case: str, item: str, attachment: str, most: int) -> Progress:
        """Bring at most ``most`` missing chunks of a file here, and return how much of it is here then.

        Raises:
            OperatorError: no such file, it may not pass now (``item-revoked``, ``case-frozen``, the charter's code), no
                room (``quota``), or its originator takes no connection (``not-reachable``).
            RetryLater: nobody answered, or the originator asks to come back; what came stays.
            PeerError: the originator refuses, with its code, or sends something else (``wrong-chunk``).
        """
        chunks = self.store()
        plan, own, others, elsewhere = await self.writer.ask(lambda node: (
            (found := plan_of(node, case, item, attachment)), node.own, others_of(node, found),
            named_elsewhere(node, found)))
        missing = await asyncio.to_thread(self._missing, plan, elsewhere)
        if missing and plan.originator == own:
            raise OperatorError("chunks of this node's own file are gone from its disk; attach the file again",
                                code="incomplete")
        if missing:  # What is here whole is read all the same.
            await self.writer.ask(lambda node: passing_plan(node, case, item, attachment))
        await self._take_all(plan, runs(missing[:most]), others)
        return await asyncio.to_thread(plan.progress, chunks)

    async def _take_all(self, plan: Plan, todo: Sequence[range], others: int) -> None:
        """Bring runs of chunks here; while one is looked at and kept, the next one is on its way."""
        chunks, ahead = self.store(), None
        try:
            for place, run in enumerate(todo):
                sealed = await (ahead or asyncio.create_task(self._get(plan, run)))
                ahead = asyncio.create_task(self._get(plan, todo[place + 1])) if place + 1 < len(todo) else None
                await asyncio.to_thread(self._require_room, chunks, plan, sum(map(plan.length, run)), others)
                for index, each in zip(run, sealed, strict=True):
                    await asyncio.to_thread(self._take, plan, index, each)
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def _get(self, plan: Plan, run: range) -> list[bytes]:
        if plan.address is None:
            raise OperatorError(f"{plan.originator} accepts no connection: its node hands the file over by itself, or "
                                "it comes by courier: hamsaya case fetch --from FILE", code="not-reachable")
        request = await self.writer.ask(lambda node: signed_request(node, "get", plan, plan.originator, run))
        answer = await self.transport.post(plan.address, "/v1/chunks/get", request, TIMEOUT_S)
        if answer.status != 200:
            code = refusal_code(answer)
            later = answer.status in (0, 503) or code.startswith("http-")
            raise (RetryLater if later else PeerError)(
                f"{plan.originator} gives no chunk ({code}); run the command again to go on", code=code)
        sealed = decode(answer.body, WINDOW + 1)
        if type(sealed) is not list or len(sealed) != len(run) or not all(type(each) is bytes for each in sealed):
            raise PeerError("expected the chunks that were asked for", code="wrong-chunk")
        return sealed

    # -- handing over -------------------------------------------------------------------------------------

    async def hand_over(self) -> None:
        """Hand this node's own files to every holder that accepts connections, for a node that accepts none itself."""
        plans = await self.writer.ask(own_plans)
        for plan, holder, address in plans:
            key = (holder, plan.case, plan.item, plan.attachment)
            if key not in self._given and await self._give(plan, holder, address):
                self._given.add(key)

    async def _give(self, plan: Plan, holder: str, address: Address) -> bool:
        """Hand one file over, as far as the holder takes it; say whether it has all of it."""
        missing = await self._put(plan, holder, address, range(0))
        while missing:
            before, run = len(missing), runs(missing)[0]
            missing = await self._put(plan, holder, address, run)
            if missing is not None and len(missing) >= before:
                return False
        return missing == []

    async def _put(self, plan: Plan, holder: str, address: Address, run: range) -> list[int] | None:
        """Return what the holder still misses after ``run``, None when it did not say."""
        chunks = self.store()
        sealed = await asyncio.to_thread(lambda: [chunks.get(plan.chunks[index]) for index in run])
        if None in sealed:
            return None
        request = await self.writer.ask(lambda node: signed_request(node, "put", plan, holder, run))
        answer = await self.transport.post(address, "/v1/chunks/put", encode([request, sealed]), TIMEOUT_S)
        try:
            missing = decode(answer.body, len(plan.chunks) + 1) if answer.status == 200 else None
        except PeerError:
            return None
        if type(missing) is not list or not all(type(i) is int and 0 <= i < len(plan.chunks) for i in missing):
            return None
        return sorted(set(missing))

    # -- carried ------------------------------------------------------------------------------------------

    async def carried(self, case: str, item: str, attachment: str, index: int, sealed: bytes) -> Progress:
        """Keep one chunk that came as part of a file; raises as ``fetch`` does."""
        plan, others, elsewhere = await self.writer.ask(lambda node: (
            (found := passing_plan(node, case, item, attachment)), others_of(node, found),
            named_elsewhere(node, found)))
        await asyncio.to_thread(self._keep, plan, index, [sealed], others, elsewhere)
        return await asyncio.to_thread(plan.progress, self.store())

    async def to_carry(self, case: str, item: str, attachment: str, index: int) -> bytes:
        """Return one sealed chunk of this node's own file, to be carried to whoever holds the item."""
        plan, own = await self.writer.ask(lambda node: (passing_plan(node, case, item, attachment), node.own))
        if plan.originator != own:
            raise OperatorError("only its originator gives a file", code="not-yours")
        sealed = await asyncio.to_thread(self.store().get, plan.chunks[index]) if index < len(plan.chunks) else None
        if sealed is None:
            raise OperatorError(f"chunk {index + 1} is not here", code="incomplete")
        return sealed


def encode_missing(missing: list[int]) -> bytes:
    """Return the answer to chunks that were handed over."""
    return encode(missing)
