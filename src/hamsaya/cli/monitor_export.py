"""``hamsaya monitor export``, ``bulletin``: what a node holds of monitoring as files for others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command
from hamsaya.cli.output import facts

if TYPE_CHECKING:
    from hamsaya.node.exporting import Material

Month = Annotated[str | None, typer.Option(metavar="YYYY-MM")]
Suppress = Annotated[int, typer.Option("--suppress-below", min=0, max=100,
                                       help="Counts above zero and below this are not told.")]
Blind = Annotated[Path | None, typer.Option(
    "--blind-spots", exists=True, dir_okay=False, metavar="FILE", help="What monitor blind-spots --json printed.")]
FROM_FILES = ("zones", "forecast", "blind-spots", "incidents")


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``monitor``."""
    command(app, "export", "node")(export)
    command(app, "bulletin", "node")(bulletin)


def export(
    session: Session,
    out: Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False, help="A new file.")],
    what: Annotated[Literal["picture", "zones", "alerts", "forecast", "blind-spots", "incidents"], typer.Option(
        help="What to export.")],
    form: Annotated[Literal["geojson", "parquet", "svg", "png"], typer.Option("--format", help="Of the file.")],
    source: Annotated[Path | None, typer.Option(
        "--from", exists=True, dir_okay=False, metavar="FILE",
        help="Zones, blind spots: what monitor zones or blind-spots --json printed. Forecast: what monitor forecast "
             "wrote. Incidents: a ledger.")] = None,
    first: Month = None,
    last: Month = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Of the forecast; else its first.")] = None,
    blind: Blind = None,
    suppress: Suppress = 5,
) -> None:
    """Write the joint picture or what was made of files (zones, a forecast, …) as GeoJSON, Parquet or a map."""
    from hamsaya.node.exporting import with_lines, written

    if (source is None) == (what in FROM_FILES):
        raise typer.BadParameter(f"expected --from FILE for {', '.join(FROM_FILES)}, and without it for picture and "
                                 "alerts")
    if blind is not None and what != "picture":
        raise typer.BadParameter("expected --blind-spots with --what picture; for the list itself: --what blind-spots")
    _new(out)
    layer = _layer(session, what, source, first, last, month, suppress, blind)
    if form in ("svg", "png"):
        layer = with_lines(layer, *_pack_lines(session))
    count = written(layer, form, out)
    session.answer({"file": str(out), "what": what, "format": form, "features": count, "as_of": layer.as_of,
                    "notices": layer.notices, "sources": layer.sources},
                   facts(written=str(out), areas=count, as_of=layer.as_of, sources=layer.sources), *layer.notices)


def _layer(
    session: Session, what: str, source: Path | None, first: str | None, last: str | None, month: str | None,
    suppress: int, blind: Path | None,
) -> Any:
    from hamsaya.node import exporting

    if source is not None and what == "incidents":
        from hamsaya.node.exporting_incidents import incidents_layer

        return incidents_layer(source, suppress)
    if source is not None:
        from_file = {"zones": exporting.zones_layer, "blind-spots": exporting.blind_layer}
        return from_file[what](source) if what in from_file else exporting.forecast_layer(source, month=month)
    found = _material(session, first, last)
    if what == "alerts":
        return exporting.alerts_layer(found.alerts.alerts, found.picture, suppress)
    if found.picture is None:
        raise OperatorError("nothing has been reported here yet; name a period", code="no-reports")
    spots = None if blind is None else exporting.blind_spots_of(blind)
    return exporting.picture_layer(found.picture, found.digest, suppress, spots)


def _pack_lines(session: Session) -> tuple[Any, Any]:
    """Return the annex and the lines of the node's pack; of the default one where there is no node."""
    from hamsaya.node.bootstrap import open_named_pack, read_settings

    at_work = (session.directory / "node.toml").is_file()
    pack = open_named_pack(read_settings(session.directory).pack if at_work else None)
    return pack.areas, pack.lines


def bulletin(
    session: Session,
    out: Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False, help="A new file: .html or .pdf.")],
    dated: Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Else the node's day.")] = None,
    lang: Annotated[Literal["en", "ur", "fa", "ru", "zh-Hans"], typer.Option(help="Of headings and notices.")] = "en",
    first: Month = None,
    last: Month = None,
    blind: Blind = None,
    suppress: Suppress = 5,
) -> None:
    """Write the dated bulletin: picture, blind spots, alerts with their record, assessments with dissent, sources."""
    from hamsaya.node import bulletin as bulletins
    from hamsaya.node.exporting import blind_spots_of

    if out.suffix not in (".html", ".pdf"):
        raise typer.BadParameter(f"expected a file that ends with .html or .pdf, received {out.name}")
    _new(out)
    found = _material(session, first, last)
    day = _day(dated) if dated else datetime.fromtimestamp(found.now // 1000, UTC).date().isoformat()
    make = bulletins.html if out.suffix == ".html" else bulletins.pdf
    areas, lines = _pack_lines(session)
    more = bulletins.More(None if blind is None else blind_spots_of(blind), areas, lines)
    out.write_bytes(make(found, day, lang, suppress, more))
    session.answer({"file": str(out), "date": day, "language": lang, "alerts": len(found.alerts.alerts),
                    "assessments": len(found.assessments)},
                   facts(written=str(out), date=day, alerts=len(found.alerts.alerts),
                         assessments=len(found.assessments)))


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"expected a date such as 2026-03-01, received {text!r}") from None


def _new(out: Path) -> None:
    if out.exists():
        raise OperatorError(f"{out}: expected a new file; it is there already", code="bad-file")


def _material(session: Session, first: str | None, last: str | None) -> Material:
    from hamsaya.node.exporting import Material

    return msgspec.convert(session.call("joint-material", first=first, last=last), Material)
