"""``hamsaya monitor ingest``, ``incidents``, ``quarantine``, ``fetch``: incident files and their store.

Nothing here speaks to a node: an analyst's machine needs none for it.
"""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY, to_text
from hamsaya.cli.command import Session, command, instant, new_group
from hamsaya.cli.output import Table, facts, remark
from hamsaya.cli.progress import counting

if TYPE_CHECKING:
    from hamsaya.node.incident_store import IncidentStore, Ingest

app = typer.Typer()
incidents = new_group(app, "incidents", "The store of incidents: vintages, exports, counts by cell.")

PERIOD = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2])):(\d{4}-(?:0[1-9]|1[0-2]))")


def data_directory() -> Path:
    """Return where this user's data lies: ``hamsaya`` below XDG_DATA_HOME, by default below ``~/.local/share``."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hamsaya"


def _covers(text: str) -> tuple[int, int]:
    match = PERIOD.fullmatch(text)
    if match is None or match[1] > match[2]:
        raise typer.BadParameter(f"expected first and last month, such as 2026-01:2026-02, received {text!r}")
    first, last = ((int(month[:4]) - 1970) * 12 + int(month[5:]) - 1 for month in match.groups())
    return first, last


def _box(text: str) -> tuple[float, float, float, float]:
    from hamsaya.node.incident_views import parse_box

    try:
        return parse_box(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Format = Literal["ucdp-ged", "ucdp-candidate", "acled", "csv"]
Store = Annotated[Path | None, typer.Option(
    "--store", envvar="HAMSAYA_INCIDENTS", metavar="DIR", help="Where the incidents are kept; else the user's data.")]
AsOf = Annotated[int | None, typer.Option(
    parser=instant, metavar="DATE", help="As it was known then: only what had been taken in as of this.")]


def open_store(directory: Path | None, *, create: bool = False) -> IncidentStore:
    """Return the store of incidents, by default the user's own."""
    from hamsaya.node.data_files import open_incident_store

    return open_incident_store(directory or data_directory() / "incidents", create=create)


@command(app, "ingest", "json")
def ingest(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".csv, .csv.gz, .zip or .parquet")],
    form: Annotated[Format, typer.Option("--format", help="What kind of file it is.")],
    on_error: Annotated[Literal["refuse", "quarantine"], typer.Option(
        help="A bad row: take nothing of the file, or set it aside with line and reason and take the rest.")]
    = "refuse",
    bounds: Annotated[Literal["strict", "widen"], typer.Option(
        help="A high below its low is bad, or is widened until it holds the best estimate.")] = "strict",
    mapping: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="With --format csv: a TOML file that names its columns.")] = None,
    release: Annotated[str, typer.Option(help="Version, such as 25.1; else told from the file's name or rows.")] = "",
    covers: Annotated[Any, typer.Option(
        parser=_covers, metavar="FIRST:LAST", help="Months whose earlier incidents this file replaces.")] = None,
    as_of: Annotated[int | None, typer.Option(
        parser=instant, metavar="DATE", help="When this was known; else now.")] = None,
    store: Store = None,
) -> None:
    """Take an incident file into the store, every vintage kept."""
    from hamsaya.node.incident_store import Taking, machine_now
    from hamsaya.node.incident_store import ingest as take

    now = machine_now()
    if as_of is not None and as_of > now:
        raise typer.BadParameter(f"expected --as-of not after now, {to_text(now)}: nothing is known before its time")
    taking = Taking(form=form, as_of=now if as_of is None else as_of, mapping=mapping, on_error=on_error,
                    widen=bounds == "widen", version=release, covers=covers)
    with closing(open_store(store, create=True)) as kept, counting(file.name, "rows") as each:
        taken = take(kept, file, taking, each)
        shown = kept.problems(taken.ingest.number, 20)
    one = taken.ingest
    if not session.as_json:
        for _, problem in shown:
            remark(f"quarantined: {problem}")
        if one.bad > len(shown):
            remark(f"quarantined: {one.bad - len(shown)} more rows (hamsaya monitor quarantine --ingest {one.number})")
    session.answer(
        {**_about(one), "already": taken.already, "problems": [_problem(number, each) for number, each in shown]},
        facts(ingest=one.number, already_held=taken.already, rows=one.rows, quarantined=one.bad, source=one.source,
              version=one.version, days=_days(one), covers=_months(one), licence=one.licence, cite=one.citation,
              notes=list(one.notes)),
    )


def _about(one: Ingest) -> dict[str, Any]:
    return {
        "ingest": one.number, "source": one.source, "kind": one.kind, "version": one.version, "as_of": one.as_of,
        "rows": one.rows, "bad_rows": one.bad, "first": _day(one.first_day), "last": _day(one.last_day),
        "covers": _months(one), "countries": list(one.countries), "licence": one.licence, "citation": one.citation,
        "file": one.file, "sha256": one.sha256, "notes": list(one.notes),
    }


def _problem(number: int, problem: Any) -> dict[str, Any]:
    return {"ingest": number, "line": problem.line, "field": problem.field, "expected": problem.expected}


def _day(day: int | None) -> str | None:
    return None if day is None else to_text(day * DAY)[:10]


def _days(one: Ingest) -> str:
    return "-" if one.first_day is None else f"{_day(one.first_day)} to {_day(one.last_day)}"


def _months(one: Ingest) -> str | None:
    if one.covers is None:
        return None
    return " to ".join(f"{1970 + month // 12:04}-{month % 12 + 1:02}" for month in one.covers)


@command(app, "quarantine", "json")
def quarantine(
    session: Session,
    number: Annotated[int | None, typer.Option("--ingest", help="Of this file only, by its number.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 100,
    store: Store = None,
) -> None:
    """Print the rows that were set aside: file, line, field and what was expected, never what they held."""
    with closing(open_store(store)) as kept:
        files = {one.number: one for one in kept.ingests()}
        if number is not None and number not in files:
            raise OperatorError(f"expected the number of an ingest, 1 to {len(files)}; see monitor incidents status",
                                code="unknown-ingest")
        rows = kept.problems(number, limit)
    total = sum(one.bad for one in files.values() if number in (None, one.number))
    session.answer(
        {"bad_rows": total, "rows": [{**_problem(*row), "file": files[row[0]].file} for row in rows]},
        Table(("ingest", "file", "line", "field", "expected"),
              [(one, files[one].file, problem.line, problem.field, problem.expected) for one, problem in rows],
              f"{total} rows in quarantine"),
    )


@command(incidents, "status", "json")
def status(session: Session, as_of: AsOf = None, store: Store = None) -> None:
    """Print what was taken in, how much of it speaks, and the sources' licences."""
    from hamsaya.node.incident_store import speaking

    with closing(open_store(store)) as kept:
        ingests = [one for one in kept.ingests() if as_of is None or one.as_of <= as_of]
        speaks = dict.fromkeys((one.number for one in ingests), 0)
        deaths = dict(speaks)
        with counting("vintages", "rows", sum(one.rows for one in ingests)) as each:
            seen = 0
            for number, table in speaking(kept, as_of):
                speaks[number] += len(table)
                deaths[number] += int(table.best.sum(dtype="i8"))
                each(seen := seen + len(table))
    session.answer(
        {"incidents": sum(speaks.values()), "best": sum(deaths.values()), "as_of": as_of,
         "ingests": [{**_about(one), "speaking": speaks[one.number], "best": deaths[one.number]} for one in ingests],
         "licences": sorted({(one.source, one.licence, one.citation) for one in ingests})},
        facts(incidents=sum(speaks.values()), deaths_best=sum(deaths.values())),
        Table(("ingest", "source", "version", "as of", "days", "covers", "rows", "speaking", "quarantined"),
              [(one.number, f"{one.source} {one.kind}", one.version, to_text(one.as_of), _days(one), _months(one),
                one.rows, speaks[one.number], one.bad) for one in ingests], "Taken in"),
        *(f"{source}: {citation} Licence: {licence}."
          for source, licence, citation in sorted({(one.source, one.licence, one.citation) for one in ingests})),
    )


@command(incidents, "export", "json")
def export(
    session: Session,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="A new .csv or .parquet file.")],
    as_of: AsOf = None,
    source: Annotated[str | None, typer.Option(help="Of this source only.")] = None,
    store: Store = None,
) -> None:
    """Write the incidents that speak to a file, with what must be cited; rows that may not be passed on stay here."""
    from hamsaya.node.incident_views import export as write

    with closing(open_store(store)) as kept:
        rows, citations, kept_back = write(kept, file, as_of, source)
    if kept_back and not session.as_json:
        remark(f"{kept_back} rows may not be passed on by their source's terms and were left out")
    session.answer({"file": str(file), "rows": rows, "left_out": kept_back, "citations": citations},
                   f"{rows} incidents written to {file}. Cite:", *citations)


@command(incidents, "cells", "json")
def cells(
    session: Session,
    grid: Annotated[Literal["prio", "quarter", "tenth", "hexagons"], typer.Option(
        help="PRIO-GRID's half degree, a quarter, a tenth, or hexagons of H3 (an extra).")] = "prio",
    shifted: Annotated[bool, typer.Option("--shifted", help="The grid whose origin lies half a cell further.")] = False,
    resolution: Annotated[int, typer.Option(min=0, max=6, help="Of hexagons.")] = 4,
    box: Annotated[Any, typer.Option(parser=_box, metavar="W,S,E,N", help="Degrees.")] = None,
    pack: Annotated[Path | None, typer.Option(exists=True, file_okay=False, help="Region pack with the annex.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Cells to print.")] = 20,
    as_of: AsOf = None,
    store: Store = None,
) -> None:
    """Print the cells with most deaths, and on PRIO-GRID who reports on each by the annex."""
    from hamsaya.node.incident_store import held
    from hamsaya.node.incident_views import cell_counts

    with closing(open_store(store)) as kept:
        table = held(kept, as_of)
    rows = cell_counts(table, grid, shifted=shifted, resolution=resolution, pack=pack, box=box, limit=limit)
    session.answer(
        {"grid": grid, "shifted": shifted, "cells": rows, "citations": table.citations()},
        Table(("cell", "longitude", "latitude", "km2", "incidents", "deaths, best", "from", "to", "reporters"),
              [(row.cell, row.longitude, row.latitude, row.km2 or None, row.incidents, row.best, row.first, row.last,
                row.reporters) for row in rows]),
        *table.citations(),
    )


@command(app, "fetch", "json")
def fetch(
    session: Session,
    source: Annotated[Literal["ucdp"], typer.Argument(help="Whose public release.")],
    version: Annotated[str, typer.Option(help="26.1: annual; 26.0.2: a month's candidates; 25.01.25.12: a year's.")]
    = "26.1",
    folder: Annotated[Path | None, typer.Option("--to", file_okay=False, help="Else the user's data.")] = None,
    address: Annotated[str, typer.Option(help="Instead of the official address: a mirror.")] = "",
    sha256: Annotated[str, typer.Option(help="Digest that the file must have, in hex.")] = "",
) -> None:
    """Download a public release, going on where a download broke off; it is taken in by ``monitor ingest``."""
    from hamsaya.node.incident_views import fetch_ucdp, terms_of

    licence, citation = terms_of("ucdp-ged" if version.count(".") == 1 else "ucdp-candidate")
    if not session.as_json:
        remark(f"Licence: {licence}. Cite: {citation}")
    with counting(f"{source} {version}", "bytes") as each:
        got = fetch_ucdp(version, folder or data_directory() / "downloads", address, sha256,
                         lambda have, total: each(have))
    session.answer(
        {"file": str(got.path), "bytes": got.size, "sha256": got.sha256, "resumed_from": got.resumed_from,
         "licence": licence, "citation": citation},
        facts(file=str(got.path), bytes=got.size, sha256=got.sha256, resumed_from=got.resumed_from),
    )
