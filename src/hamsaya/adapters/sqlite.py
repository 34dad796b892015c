"""SQLite as the node's store: WAL, ``synchronous=FULL``, one writer, hand-written SQL.

Why these settings: FULL makes a returned commit survive a power cut (NORMAL loses acknowledged commits);
8 kB pages, rowid tables and time-ordered ids keep inserts at the end of their trees; ``secure_delete``
overwrites what is redacted. The store is not trusted for truth: altering it breaks the log's root, which the
witnesses have cosigned. It is trusted for secrecy only of metadata; bodies lie under the storage key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hamsaya.base.errors import OperatorError, StoreError
from hamsaya.ports.store import JournalRow, OutboxRow, OutboxState, RefusalRow, SeenRow, SetRow

SCHEMA_VERSION = 1
REFUSALS_KEPT = 10_000

_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE journal(
  idx INTEGER PRIMARY KEY, role TEXT NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL, sender TEXT NOT NULL,
  mid BLOB NOT NULL, kind TEXT NOT NULL, statement BLOB NOT NULL, salt BLOB NOT NULL, entry BLOB NOT NULL, body BLOB);
CREATE INDEX journal_mid ON journal(mid);
CREATE TABLE seen(
  id INTEGER PRIMARY KEY, sender TEXT NOT NULL, mid BLOB NOT NULL, digest BLOB NOT NULL, exp INTEGER NOT NULL,
  receipt BLOB NOT NULL, size INTEGER NOT NULL);
CREATE UNIQUE INDEX seen_key ON seen(mid, sender);
CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE cosignature(size INTEGER NOT NULL, witness TEXT NOT NULL, lines TEXT NOT NULL, PRIMARY KEY(size, witness));
CREATE TABLE envelope(id INTEGER PRIMARY KEY, mid BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL);
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY, dest TEXT NOT NULL, mid BLOB NOT NULL, kind TEXT NOT NULL, due INTEGER NOT NULL,
  attempts INTEGER NOT NULL, exp INTEGER NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, receipt BLOB);
CREATE UNIQUE INDEX outbox_key ON outbox(mid, dest);
CREATE INDEX outbox_waiting ON outbox(due) WHERE state = 'waiting';
CREATE TABLE refusal(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, code TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL);
CREATE TABLE refusal_count(code TEXT PRIMARY KEY, total INTEGER NOT NULL);
CREATE TABLE witnessed(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL);
"""
# Made at every start where they are missing: a store of an earlier build of this schema gets them so.
_LATER = (
    "CREATE TABLE IF NOT EXISTS tagset(edition BLOB PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL, "
    "notice BLOB NOT NULL, hashes BLOB NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tagbucket(edition BLOB NOT NULL, number INTEGER NOT NULL, entries BLOB NOT NULL, "
    "PRIMARY KEY(edition, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS kept(room TEXT NOT NULL, key TEXT NOT NULL, until INTEGER NOT NULL, "
    "value BLOB NOT NULL, PRIMARY KEY(room, key))",
)

_JOURNAL = "idx, role, code, at, sender, mid, kind, statement, salt, entry, body"
_OUTBOX = "dest, mid, kind, due, attempts, exp, state, note"


class SqliteStore:
    """``ports.store.Store`` on one SQLite file."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the store at ``path``.

        Raises:
            OperatorError: it exists and ``create`` was asked, does not exist and was not, or has another schema.
        """
        if create == path.exists():
            expected = "no store yet" if create else "an existing store"
            raise OperatorError(f"expected {expected} at {path}; check the directory", code="wrong-store")
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
            self._prepare(create)
        except sqlite3.Error as error:
            raise _translated(error) from error

    def _prepare(self, create: bool) -> None:
        for pragma in ("page_size=8192", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON",
                       "wal_autocheckpoint=2000", "foreign_keys=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        if create:
            self._db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            raise OperatorError(f"expected store schema {SCHEMA_VERSION}, found {version}; see the CHANGELOG's "
                                "Schema lines for the way to upgrade", code="wrong-schema")
        for statement in _LATER:
            self._db.execute(statement)

    def close(self) -> None:
        """Release the file; what was committed stays."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block atomically and durably; raises StoreError when the disk refuses."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise _translated(error) from error
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Run a block atomically inside the transaction."""
        self._db.execute("SAVEPOINT job")
        try:
            yield
        except BaseException:
            # A full disk may have ended the whole transaction already; then there is no savepoint to return to.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO job")
                self._db.execute("RELEASE job")
            raise
        self._db.execute("RELEASE job")

    def _run(self, sql: str, params: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Execute one statement; every refusal of the disk is a StoreError, for reads outside transactions too."""
        try:
            return self._db.execute(sql, params)
        except sqlite3.Error as error:
            raise _translated(error) from error

    def _all(self, sql: str, params: tuple[object, ...] = ()) -> list[Any]:
        """Return every row of a query: the disk may refuse while rows are fetched as well."""
        try:
            return self._db.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise _translated(error) from error

    # -- meta ---------------------------------------------------------------------------------------------

    def get_meta(self, key: str) -> bytes | None:
        row = self._run("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return row[0] if row else None

    def put_meta(self, key: str, value: bytes) -> None:
        self._run("INSERT INTO meta VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", (key, value))

    # -- journal ------------------------------------------------------------------------------------------

    def append_journal(self, row: JournalRow) -> None:
        self._run(
            f"INSERT INTO journal({_JOURNAL}) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            (row.index, row.role, row.code, row.at, row.sender, row.message_id, row.kind, row.statement, row.salt,
             row.entry, row.body),
        )

    def journal(self, first: int = 0, limit: int | None = None) -> Iterator[JournalRow]:
        end = 2**62 if limit is None else first + limit
        while rows := self._all(
            f"SELECT {_JOURNAL} FROM journal WHERE idx>=? AND idx<? ORDER BY idx LIMIT 256", (first, end)
        ):
            yield from (JournalRow(*row) for row in rows)
            first = rows[-1][0] + 1

    def journal_counts(self) -> dict[str, int]:
        return dict(self._all("SELECT role, count(*) FROM journal GROUP BY role"))

    def find_journal(self, message_id: bytes) -> list[JournalRow]:
        rows = self._all(f"SELECT {_JOURNAL} FROM journal WHERE mid=? ORDER BY idx", (message_id,))
        return [JournalRow(*row) for row in rows]

    def redact_journal(self, index: int, body: bytes | None) -> None:
        self._run("UPDATE journal SET body=? WHERE idx=?", (body, index))

    def entries(self, first: int, count: int) -> list[bytes]:
        rows = self._all("SELECT entry FROM journal WHERE idx>=? ORDER BY idx LIMIT ?", (first, count))
        return [entry for (entry,) in rows]

    # -- seen ---------------------------------------------------------------------------------------------

    def seen(self, sender: str, message_id: bytes) -> SeenRow | None:
        row = self._run(
            "SELECT sender, mid, digest, exp, receipt, size FROM seen WHERE mid=? AND sender=?", (message_id, sender)
        ).fetchone()
        return SeenRow(*row) if row else None

    def put_seen(self, row: SeenRow) -> None:
        self._run(
            "INSERT INTO seen(sender, mid, digest, exp, receipt, size) VALUES(?,?,?,?,?,?)",
            (row.sender, row.message_id, row.digest, row.expires_at, row.receipt, row.checkpoint_size),
        )

    def prune_seen(self, now: int) -> int:
        return self._run("DELETE FROM seen WHERE exp<=?", (now,)).rowcount

    # -- checkpoints --------------------------------------------------------------------------------------

    def put_checkpoint(self, size: int, note: str) -> None:
        self._run("INSERT INTO checkpoint VALUES(?,?)", (size, note))

    def checkpoint(self, size: int | None = None) -> tuple[int, str] | None:
        where, params = ("WHERE size=?", (size,)) if size is not None else ("", ())
        row = self._run(f"SELECT size, note FROM checkpoint {where} ORDER BY size DESC LIMIT 1", params).fetchone()
        return (row[0], row[1]) if row else None

    def put_cosignature(self, size: int, witness: str, lines: str) -> None:
        self._run("INSERT OR REPLACE INTO cosignature VALUES(?,?,?)", (size, witness, lines))

    def cosignatures(self, size: int) -> dict[str, str]:
        return dict(self._all("SELECT witness, lines FROM cosignature WHERE size=? ORDER BY witness", (size,)))

    def cosigned_size(self) -> int | None:
        (size,) = self._run("SELECT max(size) FROM cosignature").fetchone()
        return size if size is None else int(size)

    # -- outbox -------------------------------------------------------------------------------------------

    def put_outbox(self, row: OutboxRow, envelope: bytes) -> None:
        self._run("INSERT OR IGNORE INTO envelope(mid, bytes) VALUES(?,?)", (row.message_id, envelope))
        self._run(
            f"INSERT INTO outbox({_OUTBOX}) VALUES(?,?,?,?,?,?,?,?)",
            (row.destination, row.message_id, row.kind, row.due, row.attempts, row.expires_at, row.state, row.note),
        )

    def outbox_due(self, ticks: int, limit: int) -> list[tuple[OutboxRow, bytes]]:
        due = self._all("SELECT DISTINCT dest FROM outbox WHERE state='waiting' AND due<=?", (ticks,))
        return [
            pair for (destination,) in due
            for pair in self._waiting("dest=? AND due<=? ORDER BY due, o.id LIMIT ?", (destination, ticks, limit))
        ]

    def outbox_for(self, destination: str, limit: int) -> list[tuple[OutboxRow, bytes]]:
        return self._waiting("dest=? ORDER BY attempts, o.id LIMIT ?", (destination, limit))

    def _waiting(self, where: str, params: tuple[object, ...]) -> list[tuple[OutboxRow, bytes]]:
        columns = _OUTBOX.replace("mid", "o.mid")
        rows = self._all(
            f"SELECT {columns}, e.bytes FROM outbox o JOIN envelope e ON e.mid=o.mid "
            f"WHERE o.state='waiting' AND {where}",
            params,
        )
        return [(OutboxRow(*row[:-1]), row[-1]) for row in rows]

    def outbox_next_due(self, after: int = -1) -> int | None:
        (due,) = self._run("SELECT min(due) FROM outbox WHERE state='waiting' AND due>?", (after,)).fetchone()
        return due if due is None else int(due)

    def retry_outbox(self, destination: str, message_id: bytes, due: int, note: str) -> None:
        self._run(
            "UPDATE outbox SET due=?, attempts=attempts+1, note=? WHERE mid=? AND dest=? AND state='waiting'",
            (due, note, message_id, destination),
        )

    def settle_outbox(self, destination: str, message_id: bytes, state: OutboxState, note: str, receipt: bytes) -> bool:
        changed = self._run(
            "UPDATE outbox SET state=?, note=?, receipt=? WHERE mid=? AND dest=? AND state IN ('waiting','expired')",
            (state, note, receipt, message_id, destination),
        ).rowcount
        self._drop_envelope(message_id)
        return changed > 0

    def _drop_envelope(self, message_id: bytes) -> None:
        """Forget an envelope once nobody waits for it: the journal keeps what it said."""
        self._run(
            "DELETE FROM envelope WHERE mid=? AND NOT EXISTS(SELECT 1 FROM outbox WHERE mid=? AND state='waiting')",
            (message_id, message_id),
        )

    def expire_outbox(self, now: int) -> int:
        expired = self._all("SELECT mid FROM outbox WHERE state='waiting' AND exp<=?", (now,))
        self._run("UPDATE outbox SET state='expired', note='expired' WHERE state='waiting' AND exp<=?", (now,))
        for (message_id,) in expired:
            self._drop_envelope(message_id)
        return len(expired)

    def outbox_rows(self, limit: int) -> list[OutboxRow]:
        return [OutboxRow(*row) for row in
                self._all(f"SELECT {_OUTBOX} FROM outbox ORDER BY id DESC LIMIT ?", (limit,))]

    def outbox_counts(self) -> dict[str, int]:
        return dict(self._all("SELECT state, count(*) FROM outbox GROUP BY state"))

    def waiting_counts(self) -> dict[str, int]:
        return dict(self._all("SELECT dest, count(*) FROM outbox WHERE state='waiting' GROUP BY dest"))

    def receipt(self, destination: str, message_id: bytes) -> bytes | None:
        row = self._run("SELECT receipt FROM outbox WHERE mid=? AND dest=?", (message_id, destination)).fetchone()
        return row[0] if row else None

    # -- refusals and witnessing --------------------------------------------------------------------------

    def put_refusal(self, row: RefusalRow) -> None:
        cursor = self._run(
            "INSERT INTO refusal(at, code, digest, size) VALUES(?,?,?,?)", (row.at, row.code, row.digest, row.size)
        )
        # Strangers must not fill the disk: the last rows are kept whole, the rest only as counts.
        self._run("DELETE FROM refusal WHERE id<=?", ((cursor.lastrowid or 0) - REFUSALS_KEPT,))
        self._run(
            "INSERT INTO refusal_count VALUES(?,1) ON CONFLICT(code) DO UPDATE SET total=total+1", (row.code,)
        )

    def refusals(self, limit: int) -> list[RefusalRow]:
        rows = self._all("SELECT at, code, digest, size FROM refusal ORDER BY id DESC LIMIT ?", (limit,))
        return [RefusalRow(*row) for row in rows]

    def refusal_counts(self) -> dict[str, int]:
        return dict(self._all("SELECT code, total FROM refusal_count"))

    def witnessed(self, origin: str) -> tuple[int, bytes] | None:
        row = self._run("SELECT size, root FROM witnessed WHERE origin=?", (origin,)).fetchone()
        return (row[0], row[1]) if row else None

    def put_witnessed(self, origin: str, size: int, root: bytes) -> None:
        self._run("INSERT OR REPLACE INTO witnessed VALUES(?,?,?)", (origin, size, root))

    # -- tag sets -----------------------------------------------------------------------------------------

    def put_set(self, row: SetRow) -> None:
        self._run("INSERT OR REPLACE INTO tagset(edition, owner, epoch, notice, hashes, at) VALUES(?,?,?,?,?,?)",
                  (row.edition, row.owner, row.epoch, row.notice, row.hashes, row.at))

    def sets(self) -> list[SetRow]:
        rows = self._all("SELECT owner, epoch, edition, notice, hashes, at FROM tagset ORDER BY owner, epoch, at, "
                         "edition")
        return [SetRow(*row) for row in rows]

    def put_buckets(self, edition: bytes, first: int, buckets: Sequence[bytes]) -> None:
        if self.buckets_held(edition) != first or not self._all("SELECT 1 FROM tagset WHERE edition=?", (edition,)):
            raise StoreError("buckets of a known set are put in their order", code="store")
        for number, entries in enumerate(buckets, start=first):
            self._run("INSERT INTO tagbucket(edition, number, entries) VALUES(?,?,?)", (edition, number, entries))

    def bucket(self, edition: bytes, number: int) -> bytes | None:
        row = self._run("SELECT entries FROM tagbucket WHERE edition=? AND number=?", (edition, number)).fetchone()
        return row[0] if row else None

    def buckets(self, edition: bytes, first: int, most_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        cursor = self._run("SELECT entries FROM tagbucket WHERE edition=? AND number>=? ORDER BY number",
                           (edition, first))
        for (entries,) in cursor:
            most_bytes -= len(entries)
            if found and most_bytes < 0:
                break
            found.append(entries)
        return found

    def buckets_held(self, edition: bytes) -> int:
        (count,) = self._run("SELECT count(*) FROM tagbucket WHERE edition=?", (edition,)).fetchone()
        return int(count)

    def set_bytes(self, edition: bytes) -> int:
        (total,) = self._run("SELECT coalesce(sum(length(entries)), 0) FROM tagbucket WHERE edition=?",
                             (edition,)).fetchone()
        return int(total)

    def drop_set(self, edition: bytes) -> None:
        self._run("DELETE FROM tagset WHERE edition=?", (edition,))
        self._run("DELETE FROM tagbucket WHERE edition=?", (edition,))

    # -- kept for a time ----------------------------------------------------------------------------------

    def put_kept(self, room: str, key: str, until: int, value: bytes) -> None:
        self._run("INSERT OR REPLACE INTO kept VALUES(?,?,?,?)", (room, key, until, value))

    def kept(self, room: str, key: str) -> bytes | None:
        row = self._run("SELECT value FROM kept WHERE room=? AND key=?", (room, key)).fetchone()
        return row[0] if row else None

    def kept_in(self, room: str) -> dict[str, bytes]:
        return dict(self._all("SELECT key, value FROM kept WHERE room=? ORDER BY key", (room,)))

    def drop_kept(self, room: str, key: str) -> None:
        self._run("DELETE FROM kept WHERE room=? AND key=?", (room, key))

    def prune_kept(self, now: int) -> int:
        return self._run("DELETE FROM kept WHERE until<=?", (now,)).rowcount


def _translated(error: sqlite3.Error) -> StoreError:
    """Say in words what the disk refused and what the operator does next."""
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if name.startswith("SQLITE_FULL"):
        return StoreError("the disk is full: nothing was changed; make room and the node goes on", code="disk-full")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return StoreError("the store cannot be written: nothing was changed; check mount and permissions",
                          code="disk-read-only")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreError("the store is damaged; stop the node and restore a backup (docs/operator.md)", code="damaged")
    return StoreError(f"the store refused ({name}); nothing was changed", code="store")
