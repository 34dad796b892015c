"""What every store promises (``ports/store.py``), asked of SQLite and of memory alike, and what each adds."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from hamsaya.adapters import sqlite
from hamsaya.adapters.memory import MemoryStore
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.base.errors import OperatorError, StoreError
from hamsaya.ports.store import JournalRow, OutboxRow, RefusalRow, SeenRow, SetRow, Store


class Shelf(Protocol):
    """A kind of store, and how to find it again after a restart."""

    store: Store

    def reopen(self) -> Store: ...
    def crashed(self) -> Store: ...


class OnDisk:
    """SQLite in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "node.db"
        self.store: Store = SqliteStore(self.path, create=True)

    def reopen(self) -> Store:
        """Close the file and open it again."""
        self.store.close()
        self.store = SqliteStore(self.path)
        return self.store

    def crashed(self) -> Store:
        """Return what is found when the process dies now: the files as they are."""
        copy = self.path.parent / "copy"
        copy.mkdir()
        for file in self.path.parent.glob("node.db*"):
            shutil.copy(file, copy)
        return SqliteStore(copy / "node.db")


class InMemory:
    """The memory store."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = MemoryStore()

    def reopen(self) -> Store:
        """Return what a restarted process would find."""
        assert isinstance(self.store, MemoryStore)
        self.store = self.store.reopen()
        return self.store

    def crashed(self) -> Store:
        """Return what is found when the process dies now."""
        assert isinstance(self.store, MemoryStore)
        return self.store.reopen()


@pytest.fixture(params=[OnDisk, InMemory], ids=["sqlite", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    """One empty store of each kind."""
    made: Shelf = request.param(tmp_path)
    yield made
    made.store.close()


def mid(number: int) -> bytes:
    """A message id that sorts by its number."""
    return number.to_bytes(16, "big")


def row(index: int, body: bytes | None = b"body") -> JournalRow:
    """A journal row."""
    entry = index.to_bytes(32, "big")
    return JournalRow(index, "received", "admitted", 5, "ir", mid(index), "case.ask", b"st", b"salt", entry, body)


def out(number: int, to: str = "ir", due: int = 10, expires: int = 100) -> OutboxRow:
    """A waiting outbox row."""
    return OutboxRow(to, mid(number), "case.ask", due, 0, expires, "waiting", "")


SET = SetRow("ir", 3, b"e" * 16, b"notice", b"h" * 32, 5)
SEEN = SeenRow("ir", mid(1), b"d" * 32, 100, b"receipt", 7)


# -- transactions -------------------------------------------------------------------------------------------------


def write_everything(store: Store) -> None:
    """One row of everything."""
    store.put_meta("k", b"v")
    store.append_journal(row(0))
    store.put_seen(SEEN)
    store.put_checkpoint(1, "note")
    store.put_cosignature(1, "uz", "lines")
    store.put_outbox(out(1), b"envelope")
    store.put_refusal(RefusalRow(1, "expired", b"d" * 32, 9))
    store.put_witnessed("origin", 3, b"r" * 32)
    store.put_set(SET)
    store.put_buckets(SET.edition, 0, [b"first", b"second"])
    store.put_kept("room", "key", 9, b"value")


def everything(store: Store) -> list[object]:
    """What ``write_everything`` leaves to be read."""
    return [
        store.get_meta("k"),
        list(store.journal()),
        store.seen("ir", mid(1)),
        store.checkpoint(),
        store.cosignatures(1),
        store.outbox_due(99, 9),
        store.outbox_rows(9),
        store.refusals(9),
        store.refusal_counts(),
        store.witnessed("origin"),
        store.sets(),
        store.buckets(SET.edition, 0, 99),
        store.kept_in("room"),
    ]


def test_a_transaction_is_there_after_a_restart(shelf: Shelf) -> None:
    """When it returns, nothing of it is lost."""
    with shelf.store.transaction():
        write_everything(shelf.store)
    kept = everything(shelf.store)
    assert all(kept), "each reader found what was written"
    assert everything(shelf.reopen()) == kept


def test_a_transaction_that_raises_leaves_nothing(shelf: Shelf) -> None:
    """Whatever raised, also our own defect; the store can be used afterwards."""
    nothing = everything(shelf.store)
    for error in (StoreError("x"), RuntimeError("defect"), KeyboardInterrupt()):
        with pytest.raises(type(error)), shelf.store.transaction():
            write_everything(shelf.store)
            raise error
        assert everything(shelf.store) == nothing
    with shelf.store.transaction():
        write_everything(shelf.store)
    assert everything(shelf.reopen()) != nothing


def test_what_is_not_committed_is_not_there_after_a_restart(shelf: Shelf) -> None:
    """A process that dies in the middle leaves the state before."""
    nothing = everything(shelf.store)
    with shelf.store.transaction():
        write_everything(shelf.store)
        found = shelf.crashed()
    assert everything(found) == nothing != everything(shelf.store)
    found.close()


def test_a_savepoint_undoes_its_own_part_only(shelf: Shelf) -> None:
    """One refused job does not disturb the jobs before and after it in the batch."""
    store = shelf.store
    with store.transaction():
        store.append_journal(row(0))
        store.put_outbox(out(9), b"kept")
        with pytest.raises(ValueError, match="refused"), store.savepoint():
            store.append_journal(row(1))
            store.put_meta("k", b"gone")
            store.settle_outbox("ir", mid(9), "admitted", "", b"r")
            raise ValueError("refused")
        with store.savepoint():
            store.append_journal(replace(row(1), code="second try"))
    store = shelf.reopen()
    assert [each.code for each in store.journal()] == ["admitted", "second try"]
    assert store.get_meta("k") is None
    assert store.outbox_due(99, 9) == [(out(9), b"kept")], "the envelope dropped in the savepoint is back"


def test_a_savepoint_does_not_outlive_its_transaction(shelf: Shelf) -> None:
    """What a savepoint released is undone with the rest."""
    store = shelf.store
    with pytest.raises(RuntimeError), store.transaction():
        with store.savepoint():
            store.append_journal(row(0))
        raise RuntimeError
    assert list(store.journal()) == []


# -- the journal --------------------------------------------------------------------------------------------------


def test_the_journal_is_dense_and_ordered(shelf: Shelf) -> None:
    """Rows come back whole, in order, by range and by message id; the entries are those of the rows."""
    store = shelf.store
    rows = [row(number, None if number % 7 == 3 else bytes([number % 256])) for number in range(600)]
    with store.transaction():
        for each in rows:
            store.append_journal(each)
    store = shelf.reopen()
    assert list(store.journal()) == rows
    assert list(store.journal(7, 300)) == rows[7:307]
    assert list(store.journal(598, 9)) == rows[598:] and list(store.journal(600)) == []
    assert store.entries(2, 3) == [each.entry for each in rows[2:5]]
    assert store.find_journal(mid(4)) == [rows[4]] and store.find_journal(mid(700)) == []
    assert store.journal_counts() == {role: sum(each.role == role for each in rows) for role in {r.role for r in rows}}


def test_an_index_is_taken_once(shelf: Shelf) -> None:
    """Two rows for one leaf would be two histories: the transaction fails and the first stands."""
    with shelf.store.transaction():
        shelf.store.append_journal(row(0))
    with pytest.raises(StoreError), shelf.store.transaction():
        shelf.store.append_journal(replace(row(0), code="other"))
    assert list(shelf.store.journal()) == [row(0)]


def test_both_rows_of_one_message_id_are_found(shelf: Shelf) -> None:
    """Ids are unique to their sender, not to the world."""
    twins = [row(0), replace(row(1), message_id=mid(0), sender="uz")]
    with shelf.store.transaction():
        for each in twins:
            shelf.store.append_journal(each)
    assert shelf.store.find_journal(mid(0)) == twins


def test_redaction_replaces_the_body_alone(shelf: Shelf) -> None:
    """Also while the journal is being read, as a purge does."""
    store = shelf.store
    with store.transaction():
        for number in range(300):
            store.append_journal(row(number))
        for each in store.journal():
            if each.index in (1, 299):
                store.redact_journal(each.index, b"redacted")
    expected = [replace(row(n), body=b"redacted") if n in (1, 299) else row(n) for n in range(300)]
    assert list(shelf.reopen().journal()) == expected


# -- duplicates ---------------------------------------------------------------------------------------------------


def test_seen_rows_are_by_sender_and_id(shelf: Shelf) -> None:
    """Another sender may use the same id; one sender may not use it twice."""
    store, twin = shelf.store, replace(SEEN, sender="uz", digest=b"e" * 32)
    with store.transaction():
        store.put_seen(SEEN)
        store.put_seen(twin)
    assert store.seen("ir", mid(1)) == SEEN and store.seen("uz", mid(1)) == twin
    assert store.seen("ir", mid(2)) is None
    with pytest.raises(StoreError), store.transaction():
        store.put_seen(replace(SEEN, receipt=b"another verdict"))
    assert store.seen("ir", mid(1)) == SEEN


def test_pruning_takes_what_has_expired(shelf: Shelf) -> None:
    """A row goes when its envelope can no longer be admitted: at its expiry, not a millisecond before."""
    store = shelf.store
    with store.transaction():
        for number in range(3):
            store.put_seen(replace(SEEN, message_id=mid(number), expires_at=100 + number))
    with store.transaction():
        assert store.prune_seen(99) == 0
        assert store.prune_seen(101) == 2
    assert [store.seen("ir", mid(number)) is None for number in range(3)] == [True, True, False]


# -- checkpoints and witnesses ------------------------------------------------------------------------------------


def test_the_latest_checkpoint_is_the_largest(shelf: Shelf) -> None:
    """By size on request; a size has one checkpoint for ever."""
    store = shelf.store
    assert store.checkpoint() is None and store.cosigned_size() is None
    with store.transaction():
        for size in (1, 9, 10):
            store.put_checkpoint(size, f"note {size}")
    assert store.checkpoint() == (10, "note 10") and store.checkpoint(9) == (9, "note 9")
    assert store.checkpoint(2) is None
    with pytest.raises(StoreError), store.transaction():
        store.put_checkpoint(9, "a fork")
    assert store.checkpoint(9) == (9, "note 9")


def test_cosignatures_are_by_witness(shelf: Shelf) -> None:
    """A witness that signs again replaces its lines; the cosigned size is the largest with any."""
    store = shelf.store
    with store.transaction():
        for size, witness, lines in ((9, "uz", "a"), (9, "ir", "b"), (9, "uz", "c"), (4, "kz", "d")):
            store.put_cosignature(size, witness, lines)
    assert store.cosignatures(9) == {"ir": "b", "uz": "c"} and list(store.cosignatures(9)) == ["ir", "uz"]
    assert store.cosigned_size() == 9 and store.cosignatures(5) == {}


def test_witness_state_is_the_last_put(shelf: Shelf) -> None:
    """By origin; it survives a restart, since a witness without memory must retire."""
    with shelf.store.transaction():
        shelf.store.put_witnessed("a", 3, b"r" * 32)
        shelf.store.put_witnessed("a", 5, b"s" * 32)
        shelf.store.put_witnessed("b", 1, b"t" * 32)
    store = shelf.reopen()
    assert store.witnessed("a") == (5, b"s" * 32) and store.witnessed("b") == (1, b"t" * 32)
    assert store.witnessed("c") is None


# -- the outbox ---------------------------------------------------------------------------------------------------


def test_an_outbox_keeps_its_order_for_each_destination(shelf: Shelf) -> None:
    """Predecessors go out first; what is due later waits, and one envelope serves all its recipients."""
    store = shelf.store
    with store.transaction():
        for number in range(4):
            for to in ("ir", "uz"):
                store.put_outbox(out(number, to, due=10 if number < 3 else 50), f"envelope {number}".encode())
    store = shelf.reopen()
    for to in ("ir", "uz"):
        due = [(each, envelope) for each, envelope in store.outbox_due(10, 9) if each.destination == to]
        assert due == [(out(number, to), f"envelope {number}".encode()) for number in range(3)]
        assert [each.message_id for each, _ in store.outbox_for(to, 9)] == [mid(number) for number in range(4)]
        assert [each.message_id for each, _ in store.outbox_for(to, 2)] == [mid(0), mid(1)]
    assert store.outbox_due(9, 9) == [] and store.outbox_next_due(0) == 10 and store.outbox_next_due(10) == 50
    assert store.outbox_for("kz", 9) == []
    assert [each.message_id for each in store.outbox_rows(3)] == [mid(3), mid(3), mid(2)], "newest first"
    assert store.outbox_counts() == {"waiting": 8}


def test_a_retry_moves_the_due_time_and_nothing_else(shelf: Shelf) -> None:
    """The identical bytes go out later; the attempt is counted and its note kept."""
    store = shelf.store
    with store.transaction():
        store.put_outbox(out(1), b"envelope")
        store.retry_outbox("ir", mid(1), 70, "no-answer")
        store.retry_outbox("uz", mid(1), 70, "no such row")
    retried = replace(out(1), due=70, attempts=1, note="no-answer")
    assert shelf.reopen().outbox_due(70, 9) == [(retried, b"envelope")]
    assert shelf.store.outbox_due(69, 9) == [] and shelf.store.outbox_next_due(0) == 70


@pytest.mark.parametrize("state", ["admitted", "refused"])
def test_a_receipt_settles_its_row_once(shelf: Shelf, state: str) -> None:
    """The receipt is kept as proof; a later one, or a retry, changes nothing."""
    store = shelf.store
    with store.transaction():
        store.put_outbox(out(1), b"envelope")
        assert store.settle_outbox("ir", mid(1), state, "code", b"receipt")  # type: ignore[arg-type]
        assert not store.settle_outbox("ir", mid(1), "refused", "later", b"another")
        assert not store.settle_outbox("uz", mid(1), "admitted", "", b"no such row")
        store.retry_outbox("ir", mid(1), 99, "late")
    store = shelf.reopen()
    assert store.receipt("ir", mid(1)) == b"receipt" and not store.receipt("uz", mid(1))
    assert store.outbox_rows(9) == [replace(out(1), state=state, note="code")]  # type: ignore[arg-type]
    assert store.outbox_due(99, 9) == [] and store.outbox_next_due(0) is None and store.outbox_counts() == {state: 1}


def test_an_envelope_is_forgotten_after_its_last_receipt(shelf: Shelf) -> None:
    """The journal keeps what was said; the sealed bytes are needed until nobody waits for them."""
    store = shelf.store
    with store.transaction():
        for to in ("ir", "uz"):
            store.put_outbox(out(1, to), b"envelope")
        store.settle_outbox("ir", mid(1), "admitted", "", b"r")
    assert store.outbox_due(99, 9) == [(out(1, "uz"), b"envelope")]
    with store.transaction():
        store.settle_outbox("uz", mid(1), "refused", "forbidden", b"r")
        # Were the old bytes still there, this row would be served them.
        store.put_outbox(out(1, "kz"), b"fresh")
    assert store.outbox_due(99, 9) == [(out(1, "kz"), b"fresh")]


def test_expiry_ends_the_waiting_and_a_late_receipt_still_counts(shelf: Shelf) -> None:
    """At its expiry a row stops being sent; a receipt that was on its way proves what happened all the same."""
    store = shelf.store
    with store.transaction():
        store.put_outbox(out(1, expires=100), b"envelope")
        store.put_outbox(out(2, expires=101), b"envelope")
        assert store.expire_outbox(99) == 0 and store.expire_outbox(100) == 1 and store.expire_outbox(100) == 0
    assert [each.message_id for each, _ in store.outbox_due(99, 9)] == [mid(2)]
    assert store.outbox_counts() == {"expired": 1, "waiting": 1}
    with store.transaction():
        assert store.settle_outbox("ir", mid(1), "admitted", "admitted", b"late")
    assert shelf.reopen().receipt("ir", mid(1)) == b"late"
    assert shelf.store.outbox_counts() == {"admitted": 1, "waiting": 1}


# -- refusals -----------------------------------------------------------------------------------------------------


def test_refusals_are_newest_first_and_counted_by_code(shelf: Shelf) -> None:
    """What was refused, when and why; never the bytes."""
    rows = [RefusalRow(number, "expired" if number else "oversize", mid(number), number) for number in range(4)]
    with shelf.store.transaction():
        for each in rows:
            shelf.store.put_refusal(each)
    store = shelf.reopen()
    assert store.refusals(3) == rows[:0:-1]
    assert store.refusal_counts() == {"oversize": 1, "expired": 3}


def test_a_set_comes_in_pieces_and_goes_on_where_it_stopped(shelf: Shelf) -> None:
    """Also after a restart; out of order or of an unknown set nothing is put, and a dropped one leaves nothing."""
    store = shelf.store
    with store.transaction():
        store.put_set(SET)
        store.put_set(replace(SET, owner="ava", edition=b"a" * 16))
        store.put_buckets(SET.edition, 0, [b"zero", b"", b"two"])
    store = shelf.reopen()
    assert store.buckets_held(SET.edition) == 3 and store.bucket(SET.edition, 1) == b""
    assert store.bucket(SET.edition, 3) is None and store.buckets_held(b"x" * 16) == 0
    for edition, first in ((SET.edition, 2), (SET.edition, 4), (b"x" * 16, 0)):
        with pytest.raises(StoreError), store.transaction():
            store.put_buckets(edition, first, [b"stray"])
    with store.transaction():
        store.put_buckets(SET.edition, 3, [b"three"])
    assert [row.owner for row in store.sets()] == ["ava", "ir"]
    assert store.buckets(SET.edition, 1, 3) == [b"", b"two"] and store.buckets(SET.edition, 0, 1) == [b"zero"]
    with store.transaction():
        store.drop_set(SET.edition)
    assert [row.owner for row in store.sets()] == ["ava"] and store.bucket(SET.edition, 0) is None


def test_what_is_kept_goes_when_its_time_is_over(shelf: Shelf) -> None:
    """By room and key; the last put counts, and a drop or the clock takes it."""
    store = shelf.store
    with store.transaction():
        for key, until in (("b", 5), ("a", 6), ("c", 7)):
            store.put_kept("room", key, until, key.encode())
        store.put_kept("room", "a", 6, b"later")
        store.put_kept("other", "a", 5, b"else")
        store.drop_kept("room", "c")
    assert shelf.reopen().kept_in("room") == {"a": b"later", "b": b"b"}
    store = shelf.store
    with store.transaction():
        assert store.prune_kept(5) == 2
    assert store.kept_in("room") == {"a": b"later"} and store.kept("other", "a") is None


def test_a_store_of_an_earlier_build_gets_the_tables_it_lacks(tmp_path: Path) -> None:
    """They were added within one schema: opening makes them, and touches nothing else."""
    disk = OnDisk(tmp_path)
    with disk.store.transaction():
        disk.store.append_journal(row(0))
    disk.store.close()
    with sqlite3.connect(disk.path) as other:
        for name in ("tagset", "tagbucket", "kept"):
            other.execute(f"DROP TABLE {name}")
    other.close()
    store = disk.reopen()
    assert store.sets() == [] and store.kept_in("room") == {} and len(list(store.journal())) == 1
    store.close()


def test_meta_is_the_last_put(shelf: Shelf) -> None:
    """Small facts about the node, by key."""
    with shelf.store.transaction():
        shelf.store.put_meta("k", b"one")
        shelf.store.put_meta("k", b"two")
    assert shelf.reopen().get_meta("k") == b"two" and shelf.store.get_meta("other") is None


# -- memory -------------------------------------------------------------------------------------------------------


def test_memory_fails_before_or_after_keeping() -> None:
    """The two ways a disk can fail: nothing kept and said so, or all kept and not said so."""
    for when, kept in (("before", []), ("after", [row(0)])):
        store = MemoryStore()
        store.fail_next(when)  # type: ignore[arg-type]
        with pytest.raises(StoreError), store.transaction():
            store.append_journal(row(0))
        assert list(store.journal()) == list(store.reopen().journal()) == kept
        with store.transaction():
            store.put_meta("k", b"works again")
        assert store.reopen().get_meta("k") == b"works again"


# -- SQLite -------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[OnDisk]:
    """An empty SQLite store."""
    made = OnDisk(tmp_path)
    yield made
    made.store.close()


def pragma(store: Store, name: str) -> object:
    """Return one setting of the open connection."""
    assert isinstance(store, SqliteStore)
    return store._db.execute(f"PRAGMA {name}").fetchone()[0]


def test_sqlite_survives_power_cuts(disk: OnDisk) -> None:
    """FULL is what makes a returned commit durable in WAL mode; NORMAL loses it. Also after reopening."""
    for _ in range(2):
        settings = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "page_size": 8192}
        assert {name: pragma(disk.store, name) for name in settings} == settings
        disk.reopen()


def test_sqlite_never_founds_by_accident(tmp_path: Path) -> None:
    """A wrong path must not become a second, empty history, and an existing one is never overwritten."""
    path = tmp_path / "node.db"
    with pytest.raises(OperatorError) as refused:
        SqliteStore(path)
    assert refused.value.code == "wrong-store" and not path.exists()
    SqliteStore(path, create=True).close()
    with pytest.raises(OperatorError) as refused:
        SqliteStore(path, create=True)
    assert refused.value.code == "wrong-store"


def test_sqlite_of_another_schema_is_refused(disk: OnDisk) -> None:
    """An older or newer program does not guess at the tables."""
    disk.store.close()
    with sqlite3.connect(disk.path) as other:
        other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(OperatorError) as refused:
        SqliteStore(disk.path)
    assert refused.value.code == "wrong-schema" and "99" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 300])
def test_sqlite_that_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty or foreign file is named as damaged or of another schema; nothing is written into it."""
    path = tmp_path / "node.db"
    path.write_bytes(content)
    with pytest.raises((OperatorError, StoreError)) as refused:
        SqliteStore(path)
    assert refused.value.code in ("damaged", "wrong-schema")


def test_sqlite_on_a_read_only_file_says_so(disk: OnDisk) -> None:
    """The operator learns what to check; nothing has changed."""
    assert isinstance(disk.store, SqliteStore)
    disk.store._db.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError) as refused, disk.store.transaction():
        disk.store.append_journal(row(0))
    assert refused.value.code == "disk-read-only"
    disk.store._db.execute("PRAGMA query_only=OFF")
    assert list(disk.store.journal()) == []


def test_sqlite_on_a_full_disk_says_so_and_goes_on(disk: OnDisk) -> None:
    """The batch is refused whole, what was there stays, and after making room the next one succeeds."""
    assert isinstance(disk.store, SqliteStore)
    with disk.store.transaction():
        disk.store.append_journal(row(0))
    pages = pragma(disk.store, "page_count")
    disk.store._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError) as refused, disk.store.transaction():
        with disk.store.savepoint():
            disk.store.append_journal(row(1))
        with disk.store.savepoint():
            disk.store.append_journal(row(2, bytes(100_000)))
    assert refused.value.code == "disk-full"
    assert list(disk.store.journal()) == [row(0)]
    disk.store._db.execute("PRAGMA max_page_count=1000000")
    with disk.store.transaction():
        disk.store.append_journal(row(1, bytes(100_000)))
    assert len(list(disk.reopen().journal())) == 2


def test_sqlite_bounds_what_strangers_can_fill(disk: OnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last refusals are kept whole, all of them as counts."""
    monkeypatch.setattr(sqlite, "REFUSALS_KEPT", 5)
    for number in range(12):
        with disk.store.transaction():
            disk.store.put_refusal(RefusalRow(number, "malformed", mid(number), 1))
    assert [each.at for each in disk.store.refusals(99)] == [11, 10, 9, 8, 7]
    assert disk.store.refusal_counts() == {"malformed": 12}


def test_sqlite_overwrites_what_is_redacted(disk: OnDisk) -> None:
    """After a checkpoint of the write-ahead log neither file holds the old body any more."""
    assert isinstance(disk.store, SqliteStore)
    secret = b"SECRET-" * 2000
    with disk.store.transaction():
        disk.store.append_journal(row(0, secret))
    with disk.store.transaction():
        disk.store.redact_journal(0, b"gone")
    disk.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in os.listdir(disk.path.parent):
        assert b"SECRET-" not in (disk.path.parent / name).read_bytes(), name
