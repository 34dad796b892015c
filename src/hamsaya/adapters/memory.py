"""A store in memory: the same contract as SQLite, for tests and simulations; it can fail before or after persisting.

``fail_next("before")`` makes the next transaction fail with nothing kept, as a full disk does. ``fail_next("after")``
makes it fail although everything was kept, as a machine does that dies between the commit and its return.
"""

from __future__ import annotations

import copy
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from hamsaya.base.errors import StoreError
from hamsaya.ports.keys import KeyRing
from hamsaya.ports.store import JournalRow, OutboxRow, OutboxState, RefusalRow, SeenRow, SetRow


@dataclass
class MemoryKeys:
    """``ports.keys.KeyStore`` in memory."""

    ring: KeyRing

    def load(self) -> KeyRing:
        return self.ring

    def save(self, ring: KeyRing) -> None:
        self.ring = ring


@dataclass
class _Tables:
    meta: dict[str, bytes] = field(default_factory=dict)
    journal: list[JournalRow] = field(default_factory=list)
    seen: dict[tuple[str, bytes], SeenRow] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)
    cosignatures: dict[tuple[int, str], str] = field(default_factory=dict)
    envelopes: dict[bytes, bytes] = field(default_factory=dict)
    outbox: dict[tuple[bytes, str], OutboxRow] = field(default_factory=dict)
    receipts: dict[tuple[bytes, str], bytes] = field(default_factory=dict)
    refusals: list[RefusalRow] = field(default_factory=list)
    witnessed: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    sets: dict[bytes, SetRow] = field(default_factory=dict)
    buckets: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    kept: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)

    def copy(self) -> _Tables:
        """Return a copy whose containers are fresh; rows are frozen and may be shared."""
        return _Tables(**{name: copy.copy(table) for name, table in vars(self).items()})


class MemoryStore:
    """``ports.store.Store`` in memory. ``reopen`` gives what a restarted process would find."""

    def __init__(self) -> None:
        self._now = _Tables()
        self._kept = _Tables()
        self._fail: Literal["before", "after"] | None = None

    def fail_next(self, when: Literal["before", "after"]) -> None:
        """Make the next transaction raise StoreError, before or after it is kept."""
        self._fail = when

    def reopen(self) -> MemoryStore:
        """Return a store holding what was kept, as after a crash."""
        fresh = MemoryStore()
        fresh._kept, fresh._now = self._kept.copy(), self._kept.copy()
        return fresh

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            yield
            when, self._fail = self._fail, None
            if when == "before":
                raise StoreError("the disk is full: nothing was changed; make room, the node goes on", code="disk-full")
            self._kept = self._now.copy()
            if when == "after":
                raise StoreError("the store refused (lost on return)", code="store")
        except BaseException:
            self._now = self._kept.copy()
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        before = self._now.copy()
        try:
            yield
        except BaseException:
            self._now = before
            raise

    def close(self) -> None:
        """Keep nothing open."""

    def get_meta(self, key: str) -> bytes | None:
        return self._now.meta.get(key)

    def put_meta(self, key: str, value: bytes) -> None:
        self._now.meta[key] = value

    def append_journal(self, row: JournalRow) -> None:
        if row.index != len(self._now.journal):
            raise StoreError("the journal is dense; this index is taken or leaves a gap", code="store")
        self._now.journal.append(row)

    def journal(self, first: int = 0, limit: int | None = None) -> Iterator[JournalRow]:
        return iter(self._now.journal[first : None if limit is None else first + limit])

    def journal_counts(self) -> dict[str, int]:
        return dict(Counter(row.role for row in self._now.journal))

    def find_journal(self, message_id: bytes) -> list[JournalRow]:
        return [row for row in self._now.journal if row.message_id == message_id]

    def redact_journal(self, index: int, body: bytes | None) -> None:
        self._now.journal[index] = replace(self._now.journal[index], body=body)

    def entries(self, first: int, count: int) -> list[bytes]:
        return [row.entry for row in self._now.journal[first : first + count]]

    def seen(self, sender: str, message_id: bytes) -> SeenRow | None:
        return self._now.seen.get((sender, message_id))

    def put_seen(self, row: SeenRow) -> None:
        if (row.sender, row.message_id) in self._now.seen:
            raise StoreError("a message id is kept once for each sender", code="store")
        self._now.seen[row.sender, row.message_id] = row

    def prune_seen(self, now: int) -> int:
        kept = {key: row for key, row in self._now.seen.items() if row.expires_at > now}
        pruned = len(self._now.seen) - len(kept)
        self._now.seen = kept
        return pruned

    def put_checkpoint(self, size: int, note: str) -> None:
        if size in self._now.checkpoints:
            raise StoreError("a size has one checkpoint", code="store")
        self._now.checkpoints[size] = note

    def checkpoint(self, size: int | None = None) -> tuple[int, str] | None:
        size = max(self._now.checkpoints, default=None) if size is None else size
        return None if size is None or size not in self._now.checkpoints else (size, self._now.checkpoints[size])

    def put_cosignature(self, size: int, witness: str, lines: str) -> None:
        self._now.cosignatures[size, witness] = lines

    def cosignatures(self, size: int) -> dict[str, str]:
        return {witness: lines for (at, witness), lines in sorted(self._now.cosignatures.items()) if at == size}

    def cosigned_size(self) -> int | None:
        return max((size for size, _ in self._now.cosignatures), default=None)

    def put_outbox(self, row: OutboxRow, envelope: bytes) -> None:
        self._now.envelopes.setdefault(row.message_id, envelope)
        self._now.outbox[row.message_id, row.destination] = row

    def outbox_due(self, ticks: int, limit: int) -> list[tuple[OutboxRow, bytes]]:
        due = sorted((row for row in self._waiting() if row.due <= ticks), key=lambda row: row.due)
        places: Counter[str] = Counter()
        first: list[OutboxRow] = []
        for row in due:
            places[row.destination] += 1
            if places[row.destination] <= limit:
                first.append(row)
        return self._with_envelopes(first)

    def outbox_for(self, destination: str, limit: int) -> list[tuple[OutboxRow, bytes]]:
        rows = [row for row in self._waiting() if row.destination == destination]
        return self._with_envelopes(sorted(rows, key=lambda row: row.attempts)[:limit])

    def _waiting(self) -> list[OutboxRow]:
        return [row for row in self._now.outbox.values() if row.state == "waiting"]

    def _with_envelopes(self, rows: list[OutboxRow]) -> list[tuple[OutboxRow, bytes]]:
        return [(row, self._now.envelopes[row.message_id]) for row in rows]

    def outbox_next_due(self, after: int = -1) -> int | None:
        return min((row.due for row in self._waiting() if row.due > after), default=None)

    def retry_outbox(self, destination: str, message_id: bytes, due: int, note: str) -> None:
        row = self._now.outbox.get((message_id, destination))
        if row is not None and row.state == "waiting":
            changed = replace(row, due=due, attempts=row.attempts + 1, note=note)
            self._now.outbox[message_id, destination] = changed

    def settle_outbox(self, destination: str, message_id: bytes, state: OutboxState, note: str, receipt: bytes) -> bool:
        row = self._now.outbox.get((message_id, destination))
        changed = row is not None and row.state in ("waiting", "expired")
        if row is not None and changed:
            self._now.outbox[message_id, destination] = replace(row, state=state, note=note)
            self._now.receipts[message_id, destination] = receipt
        self._drop_envelope(message_id)
        return changed

    def _drop_envelope(self, message_id: bytes) -> None:
        if not any(row.message_id == message_id for row in self._waiting()):
            self._now.envelopes.pop(message_id, None)

    def expire_outbox(self, now: int) -> int:
        expired = [row for row in self._waiting() if row.expires_at <= now]
        for row in expired:
            self._now.outbox[row.message_id, row.destination] = replace(row, state="expired", note="expired")
            self._drop_envelope(row.message_id)
        return len(expired)

    def outbox_rows(self, limit: int) -> list[OutboxRow]:
        return list(self._now.outbox.values())[::-1][:limit]

    def outbox_counts(self) -> dict[str, int]:
        return dict(Counter(row.state for row in self._now.outbox.values()))

    def waiting_counts(self) -> dict[str, int]:
        return dict(Counter(row.destination for row in self._waiting()))

    def receipt(self, destination: str, message_id: bytes) -> bytes | None:
        return self._now.receipts.get((message_id, destination))

    def put_refusal(self, row: RefusalRow) -> None:
        self._now.refusals.append(row)

    def refusals(self, limit: int) -> list[RefusalRow]:
        return self._now.refusals[::-1][:limit]

    def refusal_counts(self) -> dict[str, int]:
        return dict(Counter(row.code for row in self._now.refusals))

    def witnessed(self, origin: str) -> tuple[int, bytes] | None:
        return self._now.witnessed.get(origin)

    def put_witnessed(self, origin: str, size: int, root: bytes) -> None:
        self._now.witnessed[origin] = (size, root)

    def put_set(self, row: SetRow) -> None:
        self._now.sets[row.edition] = row
        self._now.buckets.setdefault(row.edition, ())

    def sets(self) -> list[SetRow]:
        return sorted(self._now.sets.values(), key=lambda row: (row.owner, row.epoch, row.at, row.edition))

    def put_buckets(self, edition: bytes, first: int, buckets: Sequence[bytes]) -> None:
        held = self._now.buckets.get(edition)
        if held is None or len(held) != first:
            raise StoreError("buckets of a known set are put in their order", code="store")
        self._now.buckets[edition] = (*held, *buckets)

    def bucket(self, edition: bytes, number: int) -> bytes | None:
        held = self._now.buckets.get(edition, ())
        return held[number] if number < len(held) else None

    def buckets(self, edition: bytes, first: int, most_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        for each in self._now.buckets.get(edition, ())[first:]:
            most_bytes -= len(each)
            if found and most_bytes < 0:
                break
            found.append(each)
        return found

    def buckets_held(self, edition: bytes) -> int:
        return len(self._now.buckets.get(edition, ()))

    def set_bytes(self, edition: bytes) -> int:
        return sum(map(len, self._now.buckets.get(edition, ())))

    def drop_set(self, edition: bytes) -> None:
        self._now.sets.pop(edition, None)
        self._now.buckets.pop(edition, None)

    def put_kept(self, room: str, key: str, until: int, value: bytes) -> None:
        self._now.kept[room, key] = (until, value)

    def kept(self, room: str, key: str) -> bytes | None:
        found = self._now.kept.get((room, key))
        return found[1] if found else None

    def kept_in(self, room: str) -> dict[str, bytes]:
        return {key: value for (where, key), (_, value) in sorted(self._now.kept.items()) if where == room}

    def drop_kept(self, room: str, key: str) -> None:
        self._now.kept.pop((room, key), None)

    def prune_kept(self, now: int) -> int:
        over = [key for key, (until, _) in self._now.kept.items() if until <= now]
        for key in over:
            del self._now.kept[key]
        return len(over)

@dataclass
class MemoryChunks:
    """``ports.chunks.ChunkStore`` in memory."""

    kept: dict[bytes, bytes] = field(default_factory=dict)

    def put(self, sealed: bytes) -> bytes:
        digest = hashlib.sha256(sealed).digest()
        self.kept[digest] = sealed
        return digest

    def get(self, digest: bytes) -> bytes | None:
        sealed = self.kept.get(digest)
        if sealed is not None and hashlib.sha256(sealed).digest() != digest:
            self.drop(digest)
            return None
        return sealed

    def has(self, digest: bytes) -> bool:
        return digest in self.kept

    def drop(self, digest: bytes) -> None:
        self.kept.pop(digest, None)

    def digests(self) -> list[bytes]:
        return list(self.kept)

    def used(self) -> int:
        return sum(map(len, self.kept.values()))
