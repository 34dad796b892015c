"""The node without its edges: a state, a tree, a store, and batches of jobs that commit together.

Group commit
1. One transaction holds a batch of jobs. Each job runs inside a savepoint: when it is refused, its part of state,
   tree and store is as if it had never run, and the refusal is recorded beside it.
2. When the tree grew, one checkpoint is signed for the whole batch, and every receipt of the batch leads to it.
3. The transaction commits, durably; only then is a signature, a receipt or a result let out of this module.
A crash before 3 leaves nothing, so no signature of a lost tree has ever been seen; a crash after it leaves all.

Nothing here waits, listens or reads a clock but through its ports. One thread at a time (``writer.py``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hamsaya.base.errors import HamsayaError, OperatorError, PeerError, RetryLater, StoreError
from hamsaya.canon import digest
from hamsaya.messages.event import Event
from hamsaya.node import handlers
from hamsaya.node.agreement import Agreement
from hamsaya.node.directory import signature_key
from hamsaya.node.handlers import FederationState, initial_state
from hamsaya.node.journal import read_event, record_entry
from hamsaya.ports.clock import Clock, Random
from hamsaya.ports.keys import KeyRing, KeyStore
from hamsaya.ports.listed import Listing
from hamsaya.ports.store import JournalRow, RefusalRow, Store
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import log_vkeys, open_checkpoint, sign_checkpoint
from hamsaya.translog.note import VKey
from hamsaya.translog.tree import Tree, leaf_hash

Step = Callable[[str], None]


def no_step(name: str) -> None:
    """The default step hook: does nothing. Tests pass one that kills the process at a named step."""


class Job(Protocol):
    """One unit of work for the writer.

    A job may set ``writes_last = True`` when everything it may refuse for comes before its first write; it then runs
    without a savepoint, which costs a tenth of a message. Breaking that promise ends the batch, never half a job.
    """

    def run(self, node: Node) -> Any:
        """Do the work inside a savepoint and return what ``finish`` needs; raise HamsayaError to refuse."""
        ...

    def finish(self, node: Node, outcome: Any, checkpoint: tuple[int, bytes] | None) -> Any:
        """Return the job's result, knowing the batch's checkpoint (size, note); still inside the transaction."""
        ...

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Record why ``run`` refused, outside the savepoint that was rolled back."""
        ...


@dataclass
class Node:
    """One party's node. Build it with ``open_node``; hand it batches with ``commit``."""

    agreement: Agreement
    ring: KeyRing
    key_store: KeyStore
    store: Store
    clock: Clock
    random: Random
    step: Step = no_step
    state: FederationState = field(default_factory=FederationState)
    tree: Tree = field(default_factory=Tree)
    pending: dict[tuple[str, bytes], Any] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    listed: Listing | None = None

    @property
    def own(self) -> str:
        """This node's slug."""
        return self.agreement.own

    def commit(self, jobs: Sequence[Job]) -> list[Any]:
        """Run the jobs as one batch and return, for each, its result or the HamsayaError that refused it.

        A disk that refuses makes every job's outcome the StoreError, and nothing of the batch has happened. A
        defect in one job does not take the others with it: the batch is then repeated job by job.
        """
        try:
            return self._commit(jobs)
        except StoreError as error:
            return [error] * len(jobs)
        except Exception as error:
            if len(jobs) == 1:
                return [error]
            return [outcome for job in jobs for outcome in self.commit([job])]

    def _commit(self, jobs: Sequence[Job]) -> list[Any]:
        size, state = self.tree.size, self.state
        self.follow_charter()
        try:
            with self.store.transaction():
                outcomes = [self._attempt(job) for job in jobs]
                checkpoint = self._sign_checkpoint() if self.tree.size > size else None
                results = [
                    outcome if isinstance(outcome, HamsayaError) else job.finish(self, outcome, checkpoint)
                    for job, outcome in zip(jobs, outcomes, strict=True)
                ]
                self.step("commit")
            self.step("committed")
            return results
        except BaseException:
            self.tree.truncate(size)
            self.state = state
            self._follow_store()
            raise
        finally:
            self.pending.clear()

    def _follow_store(self) -> None:
        """Fold what the store kept although it reported a failure: the store decides what has happened."""
        with contextlib.suppress(StoreError):
            fold_journal(self)

    def _attempt(self, job: Job) -> Any:
        size, state = self.tree.size, self.state
        writes_last = getattr(job, "writes_last", False)
        try:
            with contextlib.nullcontext() if writes_last else self.store.savepoint():
                return job.run(self)
        except StoreError:
            raise
        except HamsayaError as error:
            if writes_last and self.tree.size != size:
                raise RuntimeError("a job that promised to refuse before it writes has written") from error
            self.tree.truncate(size)
            self.state = state
            job.refused(self, error)
            return error

    def _sign_checkpoint(self) -> tuple[int, bytes]:
        """Sign the tree's head once for the batch; the note leaves this module only after the commit."""
        checkpoint = Checkpoint(self.agreement.origin(self.own), self.tree.size, self.tree.root())
        note = sign_checkpoint(checkpoint, self.ring.log, self.clock.ticks() // 1000)
        self.store.put_checkpoint(self.tree.size, note.decode())
        return self.tree.size, note

    def record(self, row: JournalRow, event: Event | None) -> None:
        """Append one leaf with its journal row and fold its event, all or nothing with the batch."""
        self.tree.append(leaf_hash(row.entry))
        self.store.append_journal(row)
        if event is not None:
            self.state = handlers.apply(self.state, event)
            if event.kind.startswith("charter."):
                self.follow_charter()

    def follow_charter(self) -> None:
        """Enforce the charter that is in effect now: amendments take effect by the clock alone."""
        self.agreement = self.agreement.following(self.state.charter, self.clock.now())

    def record_refusal(self, error: HamsayaError, refused_bytes: bytes) -> None:
        """Keep when, why and the digest of bytes nobody can be held to; never the bytes. Retries are not refusals."""
        if isinstance(error, PeerError) and not isinstance(error, RetryLater):
            self.store.put_refusal(
                RefusalRow(self.clock.now(), error.code, digest(refused_bytes), len(refused_bytes))
            )

    def log_keys(self, member: str) -> tuple[VKey, ...]:
        """Return the keys that must all sign checkpoints of ``member``'s log; raises PeerError when unknown."""
        return log_vkeys(self.agreement.origin(member), signature_key(self.state.directory, member, "log"))


def open_node(
    *, agreement: Agreement, key_store: KeyStore, store: Store, clock: Clock, random: Random, step: Step = no_step
) -> Node:
    """Return the node whose state is the fold of its journal, after checking the journal against its own log.

    Raises:
        OperatorError: the journal does not yield the root of the latest signed checkpoint, or a row is not what its
            leaf says or does not open (code ``damaged-log``); or the keys belong to another node (``wrong-keys``).
    """
    ring = key_store.load()
    if ring.node != agreement.own:
        raise OperatorError(f"the key file belongs to {ring.node}, this directory to {agreement.own}",
                            code="wrong-keys")
    node = Node(agreement, ring, key_store, store, clock, random, step, initial_state(agreement.own))
    fold_journal(node)
    _check_head(node)
    node.follow_charter()
    return node


def fold_journal(node: Node) -> None:
    """Bring tree and state up to the store's journal; raises OperatorError where a row is not what its leaf says."""
    for row in node.store.journal(node.tree.size):
        event = _event_of_row(node, row)
        node.tree.append(leaf_hash(row.entry))
        if event is not None:
            node.state = handlers.apply(node.state, event)


def _event_of_row(node: Node, row: JournalRow) -> Event | None:
    """Return a row's event once the row is what its leaf says: in its place, with its columns, and with its body."""
    try:
        entry = record_entry(row.role, row.code, row.at, row.statement, row.salt)
        header, event = row.header, read_event(row, node.ring.storage)
    except PeerError:
        raise _damaged(row.index) from None
    committed = (node.tree.size, entry, header.snd, header.mid, header.typ, row.role != "refused")
    if (row.index, row.entry, row.sender, row.message_id, row.kind, event is not None) != committed:
        raise _damaged(row.index)
    return event


def _check_head(node: Node) -> None:
    head = node.store.checkpoint()
    if head is None:
        if node.tree.size:
            raise _damaged(node.tree.size)
        return
    keys = log_vkeys(node.agreement.origin(node.own), node.ring.log.verifying_key)
    try:
        checkpoint = open_checkpoint(head[1].encode(), keys)
    except PeerError:
        raise _damaged(head[0]) from None
    if not head[0] == checkpoint.size == node.tree.size or checkpoint.root != node.tree.root():
        raise _damaged(min(checkpoint.size, node.tree.size))


def _damaged(index: int) -> OperatorError:
    return OperatorError(
        f"the journal does not match its own signed checkpoint (near leaf {index}): it was altered or restored from an "
        "older copy. Do not go on with this store; see 'A damaged log' in docs/operator.md", code="damaged-log"
    )
