"""Wiring of data files: with ``bootstrap``, which founds and opens nodes, the modules that name adapters.

Incidents, accounts, tables and drawings are read and written here for commands that need no node. Adapters that load
array libraries are imported where they are asked for, so that a node at work carries none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hamsaya.adapters import ucdp
from hamsaya.adapters.accounts import read_accounts
from hamsaya.adapters.clock import SystemClock
from hamsaya.base.errors import PeerError
from hamsaya.monitor.merging_types import Account
from hamsaya.monitor.types import Incident
from hamsaya.ports.incidents import EventFile, IncidentStore, Problem
from hamsaya.ports.layers import Layer

if TYPE_CHECKING:
    from hamsaya.adapters import ucdpfetch  # It loads an HTTP client, which commands that read files have no use for.


def incidents_of(path: Path) -> tuple[Callable[[Callable[[PeerError], None]], Iterator[Incident]], tuple[str, str]]:
    """Return a reader of a UCDP GED file, which is given what to do with bad rows, and its (source, licence)."""
    return (lambda on_bad: ucdp.read(path, on_bad)), (ucdp.SOURCE, ucdp.LICENCE)


def open_event_file(
    path: Path, form: str | None, mapping: Path | None, on_problem: Callable[[Problem], None], latest: int | None,
    widen: bool,
) -> EventFile:
    """Return a file of incidents to be read in columns; ``form`` None tells its format from the header."""
    from hamsaya.adapters import eventfile, eventformats  # Array libraries: a node at work carries none.

    known = None if form is None and mapping is None else eventformats.format_of(form or "csv", mapping)
    last = eventfile.LAST_DAY if latest is None else latest
    return eventfile.read_events(path, known, on_problem, latest=last, widen=widen)


def event_terms(form: str) -> tuple[str, str]:
    """Return licence and citation of a format's data."""
    from hamsaya.adapters import eventformats

    return eventformats.FORMATS[form].licence, eventformats.FORMATS[form].citation


def machine_now() -> int:
    """Return this machine's time, UTC milliseconds."""
    return SystemClock().now()


def open_incident_store(directory: Path, *, create: bool = False) -> IncidentStore:
    """Return the store of incidents in a directory; raises OperatorError ``no-incidents`` where there is none."""
    from hamsaya.adapters.incidentstore import ParquetIncidents

    return ParquetIncidents(directory, create=create)


def write_incidents(path: Path, tables: Iterator[Any], citations: list[str]) -> int:
    """Write tables of incidents to a new file with what must be cited; return how many rows they had."""
    from hamsaya.adapters import incidentexport

    return incidentexport.write(path, tables, citations)


def hexagon_cells(lon: Any, lat: Any, resolution: int) -> tuple[Any, Callable[[Any], Any]]:
    """Return the hexagons of points, and what gives the centres of hexagons; raises OperatorError ``missing-extra``."""
    from hamsaya.adapters import hexagons

    return hexagons.hexagons(lon, lat, resolution), hexagons.centres


def release_address(version: str) -> str:
    """Return the official address of a release of UCDP; raises OperatorError ``unknown-release``."""
    from hamsaya.adapters import ucdpfetch

    return f"{ucdpfetch.ADDRESS}/{ucdpfetch.release_path(version)}"


def fetch_file(
    address: str, folder: Path, sha256: str, each: Callable[[int, int | None], None]
) -> ucdpfetch.Fetched:
    """Download a public file, resuming what broke off."""
    from hamsaya.adapters import ucdpfetch

    return ucdpfetch.fetch(address, folder, sha256=sha256, each=each)


def accounts_of(
    path: Path, reporter: str, as_of: int, on_bad: Callable[[PeerError], None], on_note: Callable[[str], None]
) -> list[tuple[Account, str]]:
    """Return one reporter's accounts, each beside what tells its actor's class apart."""
    return read_accounts(path, reporter, as_of, on_bad, on_note)


def read_case_files(cases: Path, coordinates: Path, means: Path | None) -> tuple[Any, Any, Any]:
    """Return (places, cases, means or None) of ``adapters.casefile``."""
    from hamsaya.adapters import casefile

    places = casefile.read_places(coordinates)
    expected = None if means is None else casefile.read_cases(means, places, means=True)
    return places, casefile.read_cases(cases, places), expected


def read_parquet_columns(path: Path) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return (what it says of itself, columns) of ``adapters.columnfile``; raises ValueError when it is none."""
    from hamsaya.adapters import columnfile

    return columnfile.read_columns(path)


def write_parquet_columns(path: Path, columns: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write columns with what they say of themselves as Parquet."""
    from hamsaya.adapters import columnfile

    columnfile.write_columns(path, columns, about)


def draw_layer(layer: Layer, form: Literal["svg", "png"]) -> bytes:
    """Return the map of a layer; raises OperatorError ``missing-extra``."""
    from hamsaya.adapters import figures

    return figures.draw(layer, form)


def print_pages(texts: Sequence[str], layer: Layer | None, title: str) -> bytes:
    """Return a PDF of lines of text and a map; raises OperatorError ``missing-extra``."""
    from hamsaya.adapters import figures

    return figures.pages(texts, layer, title)
