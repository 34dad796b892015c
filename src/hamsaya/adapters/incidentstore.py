"""The store of incidents: one Parquet part a file taken in, and an index in SQLite. It only grows.

    DIR/index.sqlite            what was taken in, and the rows that were not; rows are never changed or deleted
    DIR/parts/000001.parquet    the rows of one file, with licence and citation in its metadata
    DIR/lock                    held by whoever writes

A part is written beside, made durable, renamed, and then named by the index in one transaction. A crash before that
transaction leaves a file that the index does not know; the next writing takes its place. Whoever alters a part or the
index alters what this node computes, not what others were told: reports and pictures are signed when they are made.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError, StoreError
from hamsaya.ports.incidents import Batch, Ingest, Problem

GROUP = 1 << 17  # rows of a row group
SCHEMA = """
CREATE TABLE IF NOT EXISTS ingest (number INTEGER PRIMARY KEY, about TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS problem (
    ingest INTEGER NOT NULL REFERENCES ingest, line INTEGER NOT NULL, field TEXT NOT NULL, expected TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS problem_of ON problem (ingest, line);
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{act.lower()} BEFORE {act} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the store only grows'); END;\n"
    for table in ("ingest", "problem") for act in ("UPDATE", "DELETE")
)
COLUMNS: dict[str, str] = {
    "id": "S", "start": "i4", "end": "i4", "date_prec": "i1", "lon": "f8", "lat": "f8", "where_prec": "i1",
    "radius_km": "f4", "gid": "i4", "country": "i2", "adm1": "i4", "violence": "i1", "actors": "i1", "best": "i4",
    "low": "i4", "high": "i4",
}
"""What a part holds, all of it by area and day; ``low`` and ``high`` as the source gave them."""
DEFAULTS = {"radius_km": float("nan"), "country": -1, "adm1": -1}


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise OperatorError("the store of incidents needs the extra: install hamsaya[parquet]",
                            code="missing-extra") from None
    return pyarrow, parquet


class ParquetIncidents:
    """The store in a directory (``ports.incidents.IncidentStore``)."""

    def __init__(self, directory: Path, *, create: bool = False) -> None:
        """Open the store, or with ``create`` begin one; raises OperatorError ``no-incidents`` where there is none."""
        self._directory = directory
        index = directory / "index.sqlite"
        if not create and not index.is_file():
            raise OperatorError(f"{directory}: expected a store of incidents; take in a file first: hamsaya monitor "
                                "ingest FILE --format FORMAT", code="no-incidents")
        try:
            (directory / "parts").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(f"{directory}: {error.strerror}; give --store DIR, or set HAMSAYA_INCIDENTS, to a "
                                "folder that can be written", code="store-unwritable") from None
        try:
            self._index = sqlite3.connect(index, isolation_level=None)
            self._index.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {SCHEMA}")
        except sqlite3.Error as error:
            raise StoreError(f"{index}: expected an index of incidents ({error})") from None

    def close(self) -> None:
        """Let go of the files."""
        self._index.close()

    def ingests(self) -> list[Ingest]:
        """Return all, by number."""
        rows = self._index.execute("SELECT number, about FROM ingest ORDER BY number")
        return [_ingest(number, json.loads(about)) for number, about in rows]

    def problems(self, number: int | None, limit: int) -> list[tuple[int, Problem]]:
        """Return rows not taken."""
        rows = self._index.execute(
            "SELECT ingest, line, field, expected FROM problem WHERE ?1 IS NULL OR ingest = ?1 "
            "ORDER BY ingest, line LIMIT ?2", (number, limit))
        return [(ingest, Problem(*rest)) for ingest, *rest in rows]

    def batches(self, number: int, names: tuple[str, ...] | None = None) -> Iterator[Batch]:
        """Yield the rows of one part."""
        pyarrow, parquet = _arrow()
        try:
            with parquet.ParquetFile(self._path(number)) as file:
                said = json.loads(file.metadata.metadata[b"hamsaya"])
                countries, areas = tuple(said["countries"]), tuple((one, two) for one, two in said["areas"])
                at = 0
                for rows in file.iter_batches(GROUP, columns=list(names) if names else None):
                    columns = {name: _numpy(rows.column(name), name) for name in rows.schema.names}
                    yield Batch(np.arange(at, at + len(rows)), columns, countries, areas)
                    at += len(rows)
        except (pyarrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{self._path(number).name}: expected a part of the store ({type(error).__name__}); bring "
                             "it back from a backup, or take the files in again in a new store") from None

    def begin(self) -> Part:
        """Return a new part to write."""
        return Part(self._directory, self._index)

    def _path(self, number: int) -> Path:
        return part_path(self._directory, number)


def part_path(directory: Path, number: int) -> Path:
    """Return where a part lies."""
    return directory / "parts" / f"{number:06}.parquet"


def _ingest(number: int, about: dict[str, Any]) -> Ingest:
    pairs = {name: None if about[name] is None else tuple(about[name]) for name in ("covers", "countries", "notes")}
    return Ingest(**{**about, **pairs, "number": number})


def _numpy(column: Any, name: str) -> Any:
    if name == "id":
        return np.array(column.to_pylist(), "S") if len(column) else np.empty(0, "S1")
    return column.to_numpy(zero_copy_only=False)


class Part:
    """A part being written (``ports.incidents.IncidentPart``); it holds the store's lock."""

    def __init__(self, directory: Path, index: sqlite3.Connection) -> None:
        pyarrow, parquet = _arrow()
        self._directory, self._index = directory, index
        self._lock = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise OperatorError(f"{directory}: another command writes to this store; wait for it to end",
                                code="store-busy") from None
        self._pyarrow = pyarrow
        self._temporary = directory / "parts" / "writing"
        types = {"S": pyarrow.string(), "i1": pyarrow.int8(), "i2": pyarrow.int16(), "i4": pyarrow.int32(),
                 "f4": pyarrow.float32(), "f8": pyarrow.float64()}
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
        self._writer = parquet.ParquetWriter(self._temporary, self._schema, compression="zstd",
                                             use_dictionary=["country", "adm1", "violence", "actors", "gid"])
        self._problems: list[Problem] = []
        self._names: tuple[Any, Any] = ((), ())
        self._open = True

    def write(self, batch: Batch) -> None:
        """Add rows."""
        size = len(batch.lines)
        arrays = []
        for name, kind in COLUMNS.items():
            column = batch.columns.get(name)
            values = np.full(size, DEFAULTS.get(name, 0)) if column is None else column
            arrays.append(self._pyarrow.array(values.astype("U") if name == "id" else values.astype(kind)))
        try:
            self._writer.write_batch(self._pyarrow.record_batch(arrays, schema=self._schema), GROUP)
        except OSError as error:
            raise self._no_room(error) from None
        self._names = batch.countries, batch.areas

    def quarantine(self, problem: Problem) -> None:
        """Add a row that was not taken."""
        self._problems.append(problem)

    def commit(self, about: Mapping[str, Any]) -> Ingest:
        """Make it part of the store."""
        countries, areas = self._names
        said = {"countries": countries, "areas": areas, "licence": about["licence"], "citation": about["citation"]}
        # The names are known only now; key-value metadata goes into the footer, after the rows.
        self._writer.add_key_value_metadata({"hamsaya": json.dumps(said)})
        try:
            self._writer.close()
        except OSError as error:
            raise self._no_room(error) from None
        number = 1 + int(self._index.execute("SELECT coalesce(max(number), 0) FROM ingest").fetchone()[0])
        made = Ingest(number=number, **about)
        kept = {name: value for name, value in asdict(made).items() if name != "number"}
        try:
            _durable(self._temporary)
            os.replace(self._temporary, part_path(self._directory, number))
            _durable(self._directory / "parts")
            with self._index:
                self._index.execute("BEGIN IMMEDIATE")
                self._index.execute("INSERT INTO ingest VALUES (?, ?)", (number, json.dumps(kept)))
                self._index.executemany("INSERT INTO problem VALUES (?, ?, ?, ?)",
                                        [(number, *problem) for problem in self._problems])
        except (OSError, sqlite3.Error) as error:
            raise self._no_room(error) from None
        finally:
            self._let_go()
        return made

    def discard(self) -> None:
        """Forget it."""
        if self._open:
            with suppress(OSError):  # A full disk refuses the footer of what is thrown away, too.
                self._writer.close()
            self._let_go()

    def _no_room(self, error: Exception) -> StoreError:
        return StoreError(f"{self._directory}: the part could not be kept ({error}), nothing was taken; make room, try "
                          "again")

    def _let_go(self) -> None:
        with suppress(FileNotFoundError):
            self._temporary.unlink()
        os.close(self._lock)
        self._open = False


def _durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
