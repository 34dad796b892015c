"""One thread owns the node: it drains a queue into batches, and each batch is one durable transaction.

Whoever has something to do hands in a job and waits for its result, from a thread (``submit``) or from the event
loop (``call``). Waiting jobs share a commit, so the cost of a signature and of a disk flush is divided by the load.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from hamsaya.base.errors import HamsayaError, StoreError
from hamsaya.node.core import Job, Node

BATCH = 64
LOG = logging.getLogger("hamsaya.node")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Look:
    """A question that changes nothing; it runs between batches and sees only committed state."""

    question: Callable[[Node], Any]


@dataclass(frozen=True, slots=True)
class Act:
    """A small ``core.Job`` from a function, for effects without a message (retries, cosignatures, pruning)."""

    act: Callable[[Node], Any]

    def run(self, node: Node) -> Any:
        return self.act(node)

    def finish(self, node: Node, outcome: Any, checkpoint: Any) -> Any:
        return outcome

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Nothing of a stranger was refused: the caller gets the error."""


class Writer:
    """The writer thread of one node. ``stop`` finishes what is queued. No job waits for ever."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._queue: queue.SimpleQueue[tuple[Job | _Look, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future[Any]:
        """Queue a job; the future holds its result once the batch is durable, or the error that refused it."""
        return self._put(job)

    def look(self, question: Callable[[Node], T]) -> Future[T]:
        """Queue a question on committed state."""
        return self._put(_Look(question))

    def _put(self, work: Job | _Look) -> Future[Any]:
        future: Future[Any] = Future()
        self._queue.put((work, future))
        if not self._thread.is_alive():
            self._refuse_late()
        return future

    async def call(self, job: Job) -> Any:
        """``submit`` for the event loop."""
        return await asyncio.wrap_future(self.submit(job))

    async def ask(self, question: Callable[[Node], T]) -> T:
        """``look`` for the event loop."""
        return await asyncio.wrap_future(self.look(question))

    def stop(self) -> None:
        """Finish the queue, then close the store; what comes later is refused with ``stopping``."""
        self._queue.put(None)
        self._thread.join()
        self._refuse_late()
        self._node.store.close()

    def _refuse_late(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    _settle(item[1], StoreError("this node is stopping; send the same again later", code="stopping"))

    def _run(self) -> None:
        while True:
            item = self._queue.get()
            batch: list[tuple[Job, Future[Any]]] = []
            while item is not None:
                work, future = item
                if isinstance(work, _Look):
                    self._flush(batch)
                    batch = []
                    _settle(future, _answer(work, self._node))
                else:
                    batch.append((work, future))
                if len(batch) >= BATCH or self._queue.empty():
                    break
                item = self._queue.get()
            self._flush(batch)
            if item is None:
                return

    def _flush(self, batch: list[tuple[Job, Future[Any]]]) -> None:
        if not batch:
            return
        try:
            results = self._node.commit([job for job, _ in batch])
        except BaseException as error:
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, BaseException) and not isinstance(result, HamsayaError):
                LOG.error("a defect ended a job of this node; nothing of the job was kept", exc_info=result)
            _settle(future, result)


def _answer(look: _Look, node: Node) -> Any:
    try:
        return look.question(node)
    except Exception as error:
        return error


def _settle(future: Future[Any], result: Any) -> None:
    if future.set_running_or_notify_cancel():
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
