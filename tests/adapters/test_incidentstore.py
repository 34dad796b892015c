"""The store of incidents: only grows, all of a file or nothing of it, the same after any crash."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hamsaya.adapters import incidentstore
from hamsaya.adapters.incidentstore import COLUMNS, ParquetIncidents
from hamsaya.base.errors import OperatorError, StoreError
from hamsaya.ports.incidents import Batch, Problem

pytest.importorskip("pyarrow")
ABOUT: dict[str, Any] = {
    "source": "test", "kind": "single", "version": "", "as_of": 5, "licence": "CC0-1.0", "citation": "Made for a test.",
    "file": "f.csv", "sha256": "00", "rows": 3, "bad": 1, "first_day": 1, "last_day": 2, "covers": (7, 8),
    "countries": ("Ava",), "notes": ("a note",),
}
BATCH = Batch(
    np.arange(3), {
        "id": np.array([b"a", b"b" * 32, b"7"], "S"), "start": np.array([1, -5, 2]), "end": np.array([1, 2, 2]),
        "lon": np.array([65.1, -179.9, 0.0]), "lat": np.array([31.1, -89.9, 0.0]), "gid": np.array([1, 2, 3]),
        "violence": np.array([1, 2, 3]), "best": np.array([0, 5, 2**31 - 1]), "low": np.array([9, 0, 0]),
        "high": np.array([1, 9, 2**31 - 1]), "country": np.array([0, -1, 0]),
    }, ("Ava",), (("Ava", "Nörd"),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ParquetIncidents]:
    """An empty store."""
    made = ParquetIncidents(tmp_path / "store", create=True)
    yield made
    made.close()


def put(store: ParquetIncidents, **changed: Any) -> int:
    part = store.begin()
    part.write(BATCH)
    part.quarantine(Problem(3, "best", "a whole number"))
    return part.commit({**ABOUT, **changed}).number


def test_what_was_written_is_read_back(store: ParquetIncidents, tmp_path: Path) -> None:
    """Column by column, crossed bounds as the source gave them, also after opening again."""
    assert [put(store), put(store, file="g.csv")] == [1, 2]
    store.close()
    again = ParquetIncidents(tmp_path / "store")
    assert [(one.number, one.file, one.covers, one.countries, one.notes) for one in again.ingests()] == [
        (1, "f.csv", (7, 8), ("Ava",), ("a note",)), (2, "g.csv", (7, 8), ("Ava",), ("a note",))]
    batch = next(again.batches(1))
    assert batch.countries == ("Ava",) and batch.areas == (("Ava", "Nörd"),)
    assert set(batch.columns) == set(COLUMNS)
    for name, column in BATCH.columns.items():
        assert batch.columns[name].tolist() == column.tolist(), name
    assert batch.columns["adm1"].tolist() == [-1, -1, -1] and np.isnan(batch.columns["radius_km"]).all()
    assert again.problems(2, 10) == [(2, Problem(3, "best", "a whole number"))]
    assert len(again.problems(None, 10)) == 2 and len(again.problems(None, 1)) == 1
    assert set(next(again.batches(1, ("id", "best"))).columns) == {"id", "best"}
    again.close()


def test_nothing_in_it_is_changed_or_deleted(store: ParquetIncidents, tmp_path: Path) -> None:
    """Not even by a slip of a later version: the index itself refuses."""
    put(store)
    index = sqlite3.connect(tmp_path / "store" / "index.sqlite")
    for statement in ("DELETE FROM ingest", "UPDATE ingest SET about = ''", "DELETE FROM problem",
                      "UPDATE problem SET line = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            index.execute(statement)
    index.close()


def test_a_part_that_was_not_committed_leaves_nothing(store: ParquetIncidents, tmp_path: Path) -> None:
    """A refused file and a killed process are alike: the next writing takes the place."""
    part = store.begin()
    part.write(BATCH)
    part.discard()
    part.discard()
    assert store.ingests() == [] and list((tmp_path / "store" / "parts").iterdir()) == []
    (tmp_path / "store" / "parts" / "writing").write_bytes(b"left by a crash")
    (tmp_path / "store" / "parts" / "000001.parquet").write_bytes(b"left by a crash before the index knew it")
    assert put(store) == 1
    assert len(next(store.batches(1)).lines) == 3


@pytest.mark.parametrize("broken", ["_durable", "replace"])
def test_a_disk_that_refuses_leaves_the_store_as_it_was(
    store: ParquetIncidents, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """All or nothing: and the lock is free again."""

    def refuse(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((incidentstore, broken) if broken == "_durable" else (os, broken)), refuse)
    with pytest.raises(StoreError, match="make room"):
        put(store)
    monkeypatch.undo()
    assert store.ingests() == []
    assert put(store) == 1


@pytest.mark.parametrize("at", ["rows", "end"])
def test_a_full_disk_takes_nothing_and_says_so(store: ParquetIncidents, tmp_path: Path, at: str) -> None:
    """The system itself refuses the bytes, among the rows or at the end; the same store takes the file afterwards."""
    many = 400_000 if at == "rows" else 1_000
    rng = np.random.default_rng(1)
    columns = {name: np.zeros(many, "i4") for name in BATCH.columns} | {
        "id": np.arange(many).astype("S"), "lon": rng.uniform(-180, 180, many), "lat": rng.uniform(-90, 90, many)}
    part, before = store.begin(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        with pytest.raises(StoreError, match="nothing was taken; make room"):
            part.write(Batch(np.arange(many), columns, (), ()))
            part.commit(ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        part.discard()
    assert store.ingests() == [] and list((tmp_path / "store" / "parts").iterdir()) == []
    assert put(store) == 1


def test_a_writer_that_is_killed_leaves_nothing_and_no_lock(store: ParquetIncidents, tmp_path: Path) -> None:
    """The lock is the system's and ends with the process; what it had written is not part of the store."""
    code = ("import sys, time; from pathlib import Path; from hamsaya.adapters.incidentstore import ParquetIncidents;"
            "from tests.adapters.test_incidentstore import BATCH; part = ParquetIncidents(Path(sys.argv[1])).begin();"
            "part.write(BATCH); print('written', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "store")], stdout=subprocess.PIPE,
                          cwd=Path(__file__).parents[2]) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"written\n"
        with pytest.raises(OperatorError, match="another command writes"):
            store.begin()
        writer.kill()
    assert (tmp_path / "store" / "parts" / "writing").exists() and store.ingests() == []
    assert put(store) == 1 and len(next(store.batches(1)).lines) == 3


def test_a_folder_that_cannot_be_made_says_where_else(tmp_path: Path) -> None:
    """A home that is read-only, or a file in the way."""
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(OperatorError, match="give --store DIR"):
        ParquetIncidents(tmp_path / "data" / "incidents", create=True)


def test_a_second_writer_is_refused(store: ParquetIncidents, tmp_path: Path) -> None:
    """Two commands at once would both think that theirs is the next number."""
    other = ParquetIncidents(tmp_path / "store")
    part = store.begin()
    with pytest.raises(OperatorError) as refused:
        other.begin()
    assert refused.value.code == "store-busy"
    part.discard()
    other.begin().discard()
    other.close()


def test_a_damaged_part_and_a_missing_store_say_what_to_do(store: ParquetIncidents, tmp_path: Path) -> None:
    """Neither is a table without incidents."""
    put(store)
    path = tmp_path / "store" / "parts" / "000001.parquet"
    for damage in (b"PAR1", path.read_bytes()[:-30]):
        path.write_bytes(damage)
        with pytest.raises(StoreError, match="backup"):
            list(store.batches(1))
    path.unlink()
    with pytest.raises(StoreError):
        list(store.batches(1))
    with pytest.raises(OperatorError) as refused:
        ParquetIncidents(tmp_path / "elsewhere")
    assert refused.value.code == "no-incidents" and not (tmp_path / "elsewhere").exists()
