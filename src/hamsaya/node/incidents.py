"""Files of incidents and the store that keeps them: what commands and pages read their tables from.

    found = read_incidents(path)                     # a file as it is: found.table, found.problems
    held = held_incidents(directory, as_of=now)      # the store as it was known then
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hamsaya.base.errors import PeerError
from hamsaya.monitor.incidents import Incidents, Release, concat, from_columns
from hamsaya.monitor.seen import Seen, repeated
from hamsaya.node.data_files import open_event_file
from hamsaya.ports.incidents import Batch, Origin, Problem

OnError = Literal["refuse", "quarantine"]
SHOWN = 20
Each = Callable[[int], None]


def _silent(count: int) -> None:
    pass


@dataclass(frozen=True)
class FileRead:
    """A file's incidents, the rows that were not taken, and what was left out by rule."""

    table: Incidents
    problems: list[Problem]
    notes: list[str]


def read_incidents(
    path: Path,
    *,
    form: str | None = None,
    mapping: Path | None = None,
    on_error: OnError = "quarantine",
    widen: bool = True,
    latest: int | None = None,
    each: Each = _silent,
) -> FileRead:
    """Return the incidents of a file as a table of one release, in the file's order, every id once.

    Args:
        form: ``ucdp-ged``, ``ucdp-candidate``, ``acled`` or ``csv``; told from the header without it.
        widen: Take rows whose ``high`` is below their ``low``, with widened bounds; else they are bad.
        latest: Last day on which an incident can have ended, days since 1970-01-01.
        each: Told the number of rows read so far.
    Raises:
        OperatorError: as the reader does.
        PeerError: the file is none of incidents, or with ``refuse`` has a bad row (``bad-incidents``).
    """
    problems: list[Problem] = []
    file = open_event_file(path, form, mapping, problems.append, latest, widen)
    tables, count = [], 0
    for batch in unrepeated(file.batches, problems.append):
        refuse_bad(problems, on_error)
        tables.append(from_columns(batch.columns, release_of(file.origin), batch.countries, batch.areas))
        each(count := count + len(batch.lines))
    refuse_bad(problems, on_error)
    return FileRead(concat(tables), sorted(problems), file.notes)


def release_of(origin: Origin, version: str = "", as_of: int = 0) -> Release:
    """Return the release that a file of this origin is."""
    kind: Any = origin.kind
    return Release(origin.source, kind, version, as_of, origin.licence, origin.citation)


def refuse_bad(problems: list[Problem], on_error: OnError) -> None:
    """Raise PeerError ``bad-incidents`` naming the first bad rows, where bad rows are to be refused."""
    if on_error == "refuse" and problems:
        first = sorted(problems)[:SHOWN]
        crossed = "; --bounds widen takes a high below its low" if any(
            "not below" in one.expected for one in first) else ""
        more = f"; and {len(problems) - len(first)} more so far" if len(problems) > len(first) else ""
        raise PeerError("bad rows, nothing was taken: " + "; ".join(map(str, first)) + more +
                        ". Mend them, or give --on-error quarantine to take the rest" + crossed, code="bad-incidents")


def unrepeated(batches: Iterator[Batch], on_problem: Callable[[Problem], None]) -> Iterator[Batch]:
    """Yield the batches without the rows whose id came before in the same file; those are told."""
    seen = Seen()
    for batch in batches:
        again = repeated(batch.columns["id"], seen)
        if again.any():
            for line in batch.lines[again].tolist():
                on_problem(Problem(line, "id", "an id that no row before it has"))
            columns = {name: column[~again] for name, column in batch.columns.items()}
            batch = Batch(batch.lines[~again], columns, batch.countries, batch.areas)
        yield batch
