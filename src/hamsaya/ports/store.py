"""The store of one node, as promises an implementer could fail.

- One writer: every method is called from one thread at a time.
- ``transaction`` is atomic and durable: when it returns, a power cut loses nothing of it; when it raises, nothing
  of it happened. ``savepoint`` is atomic inside a transaction.
- ``outbox_due`` and ``outbox_for`` give at most ``limit`` rows of each destination: one far behind hides no other.
- Order: journal rows are dense from 0 in the order appended; outbox rows of one destination keep their order,
  in ``outbox_for`` among those tried equally often.
- A tag set's buckets are put in their order, from 0 on: ``buckets_held`` says how many are there, which is where
  fetching goes on, ``set_bytes`` how long they are together. What is ``kept`` is found by room and key, and goes with
  ``drop_kept`` or once its time is over.
- A full or read-only disk raises StoreError and leaves what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from hamsaya.messages.envelope import Header, statement_parts

Role = Literal["sent", "received", "note", "refused"]
OutboxState = Literal["waiting", "admitted", "refused", "expired"]


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One leaf of the log and what it stands for. ``body`` is under the storage key; None for refusals."""

    index: int
    role: Role
    code: str
    at: int
    sender: str
    message_id: bytes
    kind: str
    statement: bytes
    salt: bytes
    entry: bytes
    body: bytes | None

    @property
    def header(self) -> Header:
        """The message's header, from the statement."""
        return statement_parts(self.statement)[0]


@dataclass(frozen=True, slots=True)
class SeenRow:
    """What a duplicate is answered with, kept until the envelope has expired."""

    sender: str
    message_id: bytes
    digest: bytes
    expires_at: int
    receipt: bytes
    checkpoint_size: int


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One envelope on its way to one member. ``due`` is machine milliseconds, ``expires_at`` civil ones."""

    destination: str
    message_id: bytes
    kind: str
    due: int
    attempts: int
    expires_at: int
    state: OutboxState
    note: str


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Bytes that were refused before anybody could be held to them: when, why and their digest, never themselves."""

    at: int
    code: str
    digest: bytes
    size: int


@dataclass(frozen=True, slots=True)
class SetRow:
    """A tag set of hit/no-hit, own or fetched: whose, which edition, what its notice says (an encoded body), and the
    hashes of its buckets one after the other; the buckets are kept beside it."""

    owner: str
    epoch: int
    edition: bytes
    notice: bytes
    hashes: bytes
    at: int


class Store(Protocol):
    """Everything a node keeps. See the module's promises."""

    def transaction(self) -> AbstractContextManager[None]: ...
    def savepoint(self) -> AbstractContextManager[None]: ...
    def close(self) -> None: ...

    def get_meta(self, key: str) -> bytes | None: ...
    def put_meta(self, key: str, value: bytes) -> None: ...

    def append_journal(self, row: JournalRow) -> None: ...
    def journal(self, first: int = 0, limit: int | None = None) -> Iterator[JournalRow]: ...
    def journal_counts(self) -> dict[str, int]: ...
    def find_journal(self, message_id: bytes) -> list[JournalRow]: ...
    def redact_journal(self, index: int, body: bytes | None) -> None: ...
    def entries(self, first: int, count: int) -> list[bytes]: ...

    def seen(self, sender: str, message_id: bytes) -> SeenRow | None: ...
    def put_seen(self, row: SeenRow) -> None: ...
    def prune_seen(self, now: int) -> int: ...

    def put_checkpoint(self, size: int, note: str) -> None: ...
    def checkpoint(self, size: int | None = None) -> tuple[int, str] | None: ...
    def put_cosignature(self, size: int, witness: str, lines: str) -> None: ...
    def cosignatures(self, size: int) -> dict[str, str]: ...
    def cosigned_size(self) -> int | None: ...

    def put_outbox(self, row: OutboxRow, envelope: bytes) -> None: ...
    def outbox_due(self, ticks: int, limit: int) -> list[tuple[OutboxRow, bytes]]: ...
    def outbox_for(self, destination: str, limit: int) -> list[tuple[OutboxRow, bytes]]: ...
    def outbox_next_due(self, after: int = -1) -> int | None: ...
    def retry_outbox(self, destination: str, message_id: bytes, due: int, note: str) -> None: ...
    def settle_outbox(
        self, destination: str, message_id: bytes, state: OutboxState, note: str, receipt: bytes
    ) -> bool: ...
    def expire_outbox(self, now: int) -> int: ...
    def outbox_rows(self, limit: int) -> list[OutboxRow]: ...
    def outbox_counts(self) -> dict[str, int]: ...
    def waiting_counts(self) -> dict[str, int]: ...
    def receipt(self, destination: str, message_id: bytes) -> bytes | None: ...

    def put_refusal(self, row: RefusalRow) -> None: ...
    def refusals(self, limit: int) -> list[RefusalRow]: ...
    def refusal_counts(self) -> dict[str, int]: ...

    def witnessed(self, origin: str) -> tuple[int, bytes] | None: ...
    def put_witnessed(self, origin: str, size: int, root: bytes) -> None: ...

    def put_set(self, row: SetRow) -> None: ...
    def sets(self) -> list[SetRow]: ...
    def put_buckets(self, edition: bytes, first: int, buckets: Sequence[bytes]) -> None: ...
    def bucket(self, edition: bytes, number: int) -> bytes | None: ...
    def buckets(self, edition: bytes, first: int, most_bytes: int) -> list[bytes]: ...
    def buckets_held(self, edition: bytes) -> int: ...
    def set_bytes(self, edition: bytes) -> int: ...
    def drop_set(self, edition: bytes) -> None: ...

    def put_kept(self, room: str, key: str, until: int, value: bytes) -> None: ...
    def kept(self, room: str, key: str) -> bytes | None: ...
    def kept_in(self, room: str) -> dict[str, bytes]: ...
    def drop_kept(self, room: str, key: str) -> None: ...
    def prune_kept(self, now: int) -> int: ...
