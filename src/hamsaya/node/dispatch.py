"""Delivery: every waiting outbox row is posted until its receiver's receipt is proven, or it expires.

The identical bytes are resent after a backoff that doubles up to a cap, with jitter so that a healed link is not
met by everybody at once. A row leaves the waiting state only by a verified receipt (admitted or refused), by the
receiver's refusal of its very form, by expiry, or because its addressee may not have it any more (removed, or the
link cut since): nothing is dropped because a peer was away, or because a gateway
answered in its place. Rows for a peer that accepts no connection are left for it to pull. Each destination has its
own rounds, so that a slow peer delays nobody else; when our own disk refuses, delivery rests and then goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from hamsaya.base.errors import PeerError, StoreError
from hamsaya.node.core import Node
from hamsaya.node.recipients import held, restricted, stop_outbox
from hamsaya.node.settle import settle
from hamsaya.node.writer import LOG, Act, Writer
from hamsaya.ports.clock import Clock, Random
from hamsaya.ports.store import OutboxRow
from hamsaya.ports.transport import Address, Answer, Transport

BASE_BACKOFF_MS = 250
PULL_RECHECK_MS = 3_600_000
FROZEN_RECHECK_MS = 30_000
WINDOW = 16
ROUND = 128
STORE_REST_S = 2.0
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
    news: int = 0
    _busy: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self.wake.clear()
                pause = STORE_REST_S
                try:
                    pause = await self._round()
                except StoreError:
                    pass
                except Exception:
                    LOG.exception("a defect ended one round of delivery; the next one comes")
                # Not ``wait_for``: in Python 3.11 it forgets a cancellation that meets the event it waits for.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self.wake.wait()
        finally:
            for task in self._tasks:
                task.cancel()

    async def notify(self) -> None:
        """Say that the outbox has something new: wake delivery and whoever waits in a long poll."""
        self.news += 1
        self.wake.set()
        async with self.sent:
            self.sent.notify_all()

    async def newer(self, news: int, seconds: float) -> None:
        """Return once something was put in since ``news`` was read, at once if it was already, or after ``seconds``."""
        async with self.sent:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.sent.wait_for(lambda: self.news != news)

    async def _round(self) -> float:
        """Begin to deliver what is due; return the seconds until there may be more to do."""
        now = self.clock.ticks()
        if await self.writer.ask(restricted):
            await self.writer.call(Act(stop_outbox))
        due = await self.writer.ask(lambda node: node.store.outbox_due(now, ROUND))
        by_destination: dict[str, list[tuple[OutboxRow, bytes]]] = defaultdict(list)
        for row, envelope in due:
            if row.destination not in self._busy:
                by_destination[row.destination].append((row, envelope))
        for destination, rows in by_destination.items():
            self._busy.add(destination)
            task = asyncio.create_task(self._deliver_all(destination, rows))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        # Whatever was due by now is in the hands of its destination's task, which sets ``wake`` when it is done.
        next_due = await self.writer.ask(lambda node: node.store.outbox_next_due(now))
        pause = LONGEST_SLEEP_S if next_due is None else (next_due - self.clock.ticks()) / 1000
        return max(0.02, min(pause, LONGEST_SLEEP_S))

    async def _deliver_all(self, destination: str, rows: list[tuple[OutboxRow, bytes]]) -> None:
        try:
            address = await self.writer.ask(lambda node: address_of(node, destination))
            frozen = await self.writer.ask(lambda node: {row.message_id for row, _ in rows if held(node, row)})
            window = asyncio.Semaphore(WINDOW)

            async def one(row: OutboxRow, envelope: bytes) -> bool:
                if row.message_id in frozen:
                    later = self.clock.ticks() + FROZEN_RECHECK_MS
                    return await self._keep(retry_at((destination, row.message_id), later, "its case is frozen"))
                async with window:
                    return await self._deliver(address, row, envelope)

            if not all(await asyncio.gather(*(one(row, envelope) for row, envelope in rows))):
                # The rows are as they were and due at once: without a rest they would be posted in a tight circle.
                await asyncio.sleep(STORE_REST_S)
        except StoreError:
            await asyncio.sleep(STORE_REST_S)
        except Exception:
            LOG.exception("a defect kept this node from delivering to %s; it tries again", destination)
            await asyncio.sleep(STORE_REST_S)
        finally:
            self._busy.discard(destination)
            self.wake.set()

    async def _deliver(self, address: Address | None, row: OutboxRow, envelope: bytes) -> bool:
        """Post one envelope and keep what became of it; say whether our own store could keep it."""
        key = (row.destination, row.message_id)
        if address is None:
            return await self._keep(retry_at(key, self.clock.ticks() + PULL_RECHECK_MS, "left for the peer to pull"))
        answer = await self.transport.post(address, "/v1/envelopes", envelope, 30.0)
        code = refusal_code(answer)
        if answer.status == 200:
            try:
                return await self._keep(lambda node: settle(node, *key, answer.body))
            except PeerError as error:
                code = f"receipt not proven: {error.code}"
        elif answer.status in (400, 413) and code not in LIFTABLE and not code.startswith("http-"):
            return await self._keep(lambda node: node.store.settle_outbox(*key, "refused", code, b""))
        return await self._keep(retry_at(key, self._next_due(row), code))

    async def _keep(self, act: Callable[[Node], object]) -> bool:
        try:
            await self.writer.call(Act(act))
        except StoreError:
            return False
        return True

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


def retry_at(key: tuple[str, bytes], due: int, note: str) -> Callable[[Node], object]:
    """Return the act that lets an outbox row wait until ``due``."""
    return lambda node: node.store.retry_outbox(*key, due, note)


def refusal_code(answer: Answer) -> str:
    """Return the machine word in a node's refusal, ``no-answer``, or ``http-…`` for what no node has said."""
    if answer.status == 0:
        return "no-answer"
    try:
        return msgspec.json.decode(answer.body, type=_Refusal).code
    except msgspec.DecodeError:
        return f"http-{answer.status}"


class _Refusal(msgspec.Struct):
    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
