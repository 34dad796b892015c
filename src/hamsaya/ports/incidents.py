"""What a node needs to take in files of incidents and to keep them: readers, and a store that only grows.

No array library is imported here: a node at work carries none. Arrays are numpy's, one a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class Problem(NamedTuple):
    """One row that was not taken: where it began, which field, what was expected. Never what the field held."""

    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: expected {self.expected}"


class Batch(NamedTuple):
    """Some rows of a file as columns, in the file's order, each row checked.

    Attributes:
        lines: Where each row began; of Parquet the row's number. int64.
        columns: As ``monitor.incidents`` names them.
        countries, areas: Names that the codes of ``country`` and ``adm1`` stand for, of the file so far.
    """

    lines: Any
    columns: dict[str, Any]
    countries: tuple[str, ...]
    areas: tuple[tuple[str, str], ...]


class Origin(NamedTuple):
    """Whose data a file holds: the source family, its kind (``monitor.incidents.Kind``), licence and citation."""

    source: str
    kind: str
    licence: str
    citation: str


class EventFile(Protocol):
    """A file of incidents being read."""

    @property
    def batches(self) -> Iterator[Batch]:
        """The rows, once, in bounded batches in the file's order."""

    @property
    def origin(self) -> Origin:
        """Whose data it is; where the format is told from the header, known from the first batch on."""

    @property
    def notes(self) -> list[str]:
        """What was left out by rule so far, in words."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """One file as the store holds it.

    Attributes:
        number: Of its taking in, from 1, without gaps.
        source, kind, version, as_of, licence, citation: Of the release (``monitor.incidents.Release``).
        file, sha256: Name and digest of the file.
        rows, bad: Rows kept, and rows in the quarantine.
        first_day, last_day: Of the rows' end days, days since 1970-01-01; None without rows.
        covers: Months (since 1970-01) for which it takes the place of what came before, None for none.
        countries: Of its rows: only there it does so.
        notes: What was left out by rule, in words.
    """

    number: int
    source: str
    kind: str
    version: str
    as_of: int
    licence: str
    citation: str
    file: str
    sha256: str
    rows: int
    bad: int
    first_day: int | None
    last_day: int | None
    covers: tuple[int, int] | None
    countries: tuple[str, ...]
    notes: tuple[str, ...]


class IncidentPart(Protocol):
    """A part being written. Nothing of it is in the store before ``commit``; without it nothing stays."""

    def write(self, batch: Batch) -> None:
        """Add rows."""

    def quarantine(self, problem: Problem) -> None:
        """Add a row that was not taken."""

    def commit(self, about: Mapping[str, Any]) -> Ingest:
        """Make it part of the store, all or nothing, and durable; ``about`` are the fields of ``Ingest`` but number."""

    def discard(self) -> None:
        """Forget it; does nothing after ``commit``."""


class IncidentStore(Protocol):
    """Every file ever taken in, in the order of taking in. Nothing is changed or deleted.

    Reads see committed parts only, from any process; one process writes at a time, a second is refused with
    OperatorError ``store-busy``.
    """

    def ingests(self) -> list[Ingest]:
        """Return all, by number."""

    def batches(self, number: int, names: tuple[str, ...] | None = None) -> Iterator[Batch]:
        """Yield the rows of one part in bounded batches, in order; ``names`` chooses columns."""

    def problems(self, number: int | None, limit: int) -> list[tuple[int, Problem]]:
        """Return (ingest, row not taken), the first ``limit``, of one ingest or of all."""

    def begin(self) -> IncidentPart:
        """Return a new part to write."""

    def close(self) -> None:
        """Let go of the files."""
