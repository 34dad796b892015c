"""The store of incidents: taking files in, and the table as it was known at any time.

    made = ingest(store, path, Taking(form="ucdp-ged", as_of=now))
    table = held(store, as_of=then)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.instants import DAY
from hamsaya.monitor.incidents import Incidents, concat, from_columns
from hamsaya.monitor.vintages import Covers, Speakers, Vintage, covered, version_in_name, version_of_rows
from hamsaya.node.data_files import event_terms, machine_now, open_event_file
from hamsaya.node.incidents import OnError, refuse_bad, release_of, unrepeated
from hamsaya.ports.incidents import Batch, IncidentPart, IncidentStore, Ingest, Origin, Problem

__all__ = ["IncidentStore", "Ingest", "Taken", "Taking", "held", "ingest", "machine_now", "speaking", "vintage"]


@dataclass(frozen=True, slots=True)
class Taking:
    """How a file is to be taken in.

    Attributes:
        as_of: When it was known here, UTC milliseconds; no incident can be later.
        version: Of the release; by default as the file's name shows it, else told from its rows.
        covers: Months it takes the place of; by default by ``monitor.vintages``, rule 3.
        source, licence: In the place of the format's own.
    """

    form: str
    as_of: int
    mapping: Path | None = None
    on_error: OnError = "refuse"
    widen: bool = False
    version: str = ""
    covers: Covers | None = None
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file taken in; ``already`` where the store held it before and nothing was changed."""

    ingest: Ingest
    already: bool


def ingest(
    store: IncidentStore, path: Path, taking: Taking, each: Callable[[int], None] = lambda count: None
) -> Taken:
    """Take a file in, all of it or with ``quarantine`` its good rows; on any error the store is as it was.

    Args:
        each: Told the number of rows taken so far.
    Raises:
        OperatorError: as the reader; ``store-busy``.
        PeerError: the file is none of incidents, has no row, or with ``refuse`` has a bad one.
        StoreError: no room.
    """
    digest = _digest(path)
    held_before = _held_before(store.ingests(), digest, taking)
    if held_before is not None:
        return Taken(held_before, True)
    part, tally, problems = store.begin(), _Tally(), list[Problem]()
    try:
        # In the region's time zones tomorrow has begun before it has in UTC.
        latest = taking.as_of // DAY + 1
        file = open_event_file(path, taking.form, taking.mapping, problems.append, latest, taking.widen)
        for batch in unrepeated(file.batches, problems.append):
            refuse_bad(problems, taking.on_error)
            part.write(batch)
            tally.add(batch)
            each(tally.rows)
        refuse_bad(problems, taking.on_error)
        if not (tally.rows or problems or file.notes):
            raise PeerError(f"{path.name}: expected rows under the header, received none", code="bad-incidents")
        for problem in sorted(problems):
            part.quarantine(problem)
        return Taken(_committed(part, path, taking, file.origin, tally, digest, problems, file.notes), False)
    except BaseException:
        part.discard()
        raise


def _held_before(ingests: list[Ingest], digest: str, taking: Taking) -> Ingest | None:
    """Return the ingest of this very file that was asked for in the same way and is still its release's last word."""
    same = [one for one in ingests if one.sha256 == digest and one.bad == 0
            and taking.version in ("", one.version) and taking.covers in (None, one.covers)
            and (taking.form == "csv" or one.citation == event_terms(taking.form)[1])]
    if not same:
        return None
    # A source that goes back to what it said before says it anew: the earlier ingest ranks below what came between.
    after = [one for one in ingests if one.number > same[-1].number
             and (one.source, one.kind, one.version) == (same[-1].source, same[-1].kind, same[-1].version)]
    return None if after else same[-1]


class _Tally:
    """What is known of a file once its rows are through."""

    def __init__(self) -> None:
        self.rows = 0
        self.days: tuple[int, int] | None = None
        self.countries: tuple[str, ...] = ()

    def add(self, batch: Batch) -> None:
        if len(batch.lines):
            end = batch.columns["end"]
            first, last = int(end.min()), int(end.max())
            self.days = (first, last) if self.days is None else (min(first, self.days[0]), max(last, self.days[1]))
        self.rows += len(batch.lines)
        self.countries = batch.countries

    @property
    def months(self) -> Covers | None:
        if self.days is None:
            return None
        first, last = np.array(self.days, "M8[D]").astype("M8[M]").astype(int).tolist()
        return first, last


def _committed(
    part: IncidentPart, path: Path, taking: Taking, origin: Origin, tally: _Tally, digest: str,
    problems: list[Problem], notes: list[str],
) -> Ingest:
    version, labelled = taking.version, True
    if not version and origin.source == "ucdp":
        version = version_in_name(path.name)
    if not version and origin.source == "ucdp" and tally.months is not None:
        version, labelled = version_of_rows(origin.kind, tally.months), False
        notes = [*notes, f"version {version} told from the months of the rows"]
    covers = taking.covers or covered(origin.kind, version if labelled else "", tally.months)
    first, last = tally.days or (None, None)
    about: dict[str, Any] = {
        "source": taking.source or origin.source, "kind": origin.kind, "version": version, "as_of": taking.as_of,
        "licence": taking.licence or origin.licence, "citation": origin.citation, "file": path.name, "sha256": digest,
        "rows": tally.rows, "bad": len(problems), "first_day": first, "last_day": last, "covers": covers,
        "countries": tally.countries, "notes": tuple(notes),
    }
    return part.commit(about)


def _digest(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise OperatorError(f"{path.name}: expected a regular file of incidents, received a pipe or a device; write it "
                            "to a file first", code="incidents-unreadable")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file of incidents ({type(error).__name__})",
                            code="incidents-unreadable") from None


def vintage(one: Ingest) -> Vintage:
    """Return an ingest as the rules of vintages see it."""
    return Vintage(one.number, one.source, one.kind, one.version, one.as_of, one.covers, one.countries)


def speaking(
    store: IncidentStore, as_of: int | None = None, source: str | None = None
) -> Iterator[tuple[int, Incidents]]:
    """Yield (ingest, rows that speak) as known at ``as_of``, in bounded batches; of one source or of all."""
    ingests = {one.number: one for one in store.ingests() if source in (None, one.source)}
    speakers = Speakers(map(vintage, ingests.values()), as_of)
    for number in speakers.order:
        one = ingests[number]
        release = release_of(Origin(one.source, one.kind, one.licence, one.citation), one.version, one.as_of)
        for batch in store.batches(number):
            table = from_columns(batch.columns, release, batch.countries, batch.areas)
            yield number, table.take(speakers.of(number, table))


def held(store: IncidentStore, as_of: int | None = None, source: str | None = None) -> Incidents:
    """Return the table as it was known at ``as_of`` (UTC milliseconds), now without it."""
    return concat(table for _, table in speaking(store, as_of, source))
