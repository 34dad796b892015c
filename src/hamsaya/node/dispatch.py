"""Delivery: every waiting outbox row is posted until its receiver's receipt is proven, or it expires.

The identical bytes are resent after a backoff that doubles up to a cap, with jitter so that a healed link is not
met by everybody at once. A row leaves the waiting state only by a verified receipt (admitted or refused), by the
receiver's refusal of its very form, or by expiry: nothing is dropped because a peer was away. Rows for a peer
that accepts no connection are left for it to pull.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from dataclasses import dataclass, field

from hamsaya.base.errors import PeerError
from hamsaya.node.core import Node
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.clock import Clock, Random
from hamsaya.ports.store import OutboxRow
from hamsaya.ports.transport import Address, Answer, Transport

BASE_BACKOFF_MS = 250
PULL_RECHECK_MS = 3_600_000
WINDOW = 16
LONGEST_SLEEP_S = 30.0
# Refusals that a later state of the receiver may lift: the same bytes are worth sending again.
LIFTABLE = frozenset({"unknown-sender", "unknown-key"})


@dataclass
class Dispatcher:
    """Empties the outbox of one node. ``wake`` is set by whoever has just put something into it."""

    writer: Writer
    transport: Transport
    clock: Clock
    random: Random
    backoff_cap_ms: int = 60_000
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sent: asyncio.Condition = field(default_factory=asyncio.Condition)
    _busy: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self.wake.clear()
            await self._round()
            due = await self.writer.ask(lambda node: node.store.outbox_next_due())
            pause = LONGEST_SLEEP_S if due is None else (due - self.clock.ticks()) / 1000
            # A busy destination has rows due now; its task sets ``wake`` when it is done.
            pause = LONGEST_SLEEP_S if self._busy and pause <= 0 else max(0.02, min(pause, LONGEST_SLEEP_S))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), pause)

    async def notify(self) -> None:
        """Say that the outbox has something new: wake delivery and whoever waits in a long poll."""
        self.wake.set()
        async with self.sent:
            self.sent.notify_all()

    async def _round(self) -> None:
        now = self.clock.ticks()
        due = await self.writer.ask(lambda node: node.store.outbox_due(now, 512))
        by_destination: dict[str, list[tuple[OutboxRow, bytes]]] = defaultdict(list)
        for row, envelope in due:
            if row.destination not in self._busy:
                by_destination[row.destination].append((row, envelope))
        for destination, rows in by_destination.items():
            self._busy.add(destination)
            task = asyncio.create_task(self._deliver_all(destination, rows))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver_all(self, destination: str, rows: list[tuple[OutboxRow, bytes]]) -> None:
        try:
            address = await self.writer.ask(lambda node: address_of(node, destination))
            window = asyncio.Semaphore(WINDOW)

            async def one(row: OutboxRow, envelope: bytes) -> None:
                async with window:
                    await self._deliver(address, row, envelope)

            await asyncio.gather(*(one(row, envelope) for row, envelope in rows))
        finally:
            self._busy.discard(destination)
            self.wake.set()

    async def _deliver(self, address: Address | None, row: OutboxRow, envelope: bytes) -> None:
        if address is None:
            await self._retry(row, self.clock.ticks() + PULL_RECHECK_MS, "left for the peer to pull")
            return
        answer = await self.transport.post(address, "/v1/envelopes", envelope, 30.0)
        if answer.status == 200:
            try:
                await self.writer.call(Act(lambda node: settle(node, row.destination, row.message_id, answer.body)))
                return
            except PeerError as error:
                await self._retry(row, self._next_due(row), f"receipt not proven: {error.code}")
                return
        code = refusal_code(answer)
        if answer.status in (400, 413) and code not in LIFTABLE:
            await self.writer.call(Act(lambda node: node.store.settle_outbox(
                row.destination, row.message_id, "refused", code, b"")))
            return
        await self._retry(row, self._next_due(row), code)

    async def _retry(self, row: OutboxRow, due: int, note: str) -> None:
        await self.writer.call(Act(lambda node: node.store.retry_outbox(row.destination, row.message_id, due, note)))

    def _next_due(self, row: OutboxRow) -> int:
        pause = min(self.backoff_cap_ms, BASE_BACKOFF_MS << min(row.attempts, 20))
        jitter = int.from_bytes(self.random.bytes(2), "big") / 65536  # in [0, 1)
        return self.clock.ticks() + int(pause * (0.75 + jitter / 2))


def address_of(node: Node, member: str) -> Address | None:
    """Return where ``member`` listens, or None when it accepts no inbound connection or has no card here."""
    record = node.state.directory.peers.get(member)
    if record is None or record.endpoint is None:
        return None
    return Address(member, node.routes.get(member, record.endpoint), record.tls_certificate)


def refusal_code(answer: Answer) -> str:
    """Return the machine word in a peer's refusal, or what kept it from answering."""
    if answer.status == 0:
        return "no-answer"
    try:
        code = json.loads(answer.body)["code"]
        return str(code)[:40]
    except (ValueError, KeyError, TypeError):
        return f"http-{answer.status}"
