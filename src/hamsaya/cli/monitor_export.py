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


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``monitor``."""
    command(app, "export", "node")(export)
    command(app, "bulletin", "node")(bulletin)


def export(
    session: Session,
    out: Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False, help="A new file.")],
    what: Annotated[Literal["picture", "zones", "alerts", "forecast", "incidents"],
                    typer.Option(help="What to export.")],
    form: Annotated[Literal["geojson", "parquet", "svg", "png"], typer.Option("--format", help="Of the file.")],
    source: Annotated[Path | None, typer.Option(
        "--from", exists=True, dir_okay=False, metavar="FILE",
        help="Zones: what monitor zones --json printed. Forecast: what monitor forecast wrote. "
             "Incidents: a ledger.")] = None,
    first: Month = None,
    last: Month = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Of the forecast; else its first.")] = None,
    suppress: Suppress = 5,
) -> None:
    """Write the joint picture, zones, alerts, a forecast or merged incidents as GeoJSON, Parquet or a map."""
    from hamsaya.node.exporting import written

    if (source is None) == (what in ("zones", "forecast", "incidents")):
        raise typer.BadParameter("expected --from FILE for zones, forecast and incidents, and without it for picture "
                                 "and alerts")
    _new(out)
    layer = _layer(session, what, source, first, last, month, suppress)
    count = written(layer, form, out)
    session.answer({"file": str(out), "what": what, "format": form, "features": count, "notices": layer.notices,
                    "sources": layer.sources},
                   facts(written=str(out), areas=count, sources=layer.sources), *layer.notices)


def _layer(
    session: Session, what: str, source: Path | None, first: str | None, last: str | None, month: str | None,
    suppress: int,
) -> Any:
    from hamsaya.node import exporting

    if source is not None and what == "incidents":
        from hamsaya.node.exporting_incidents import incidents_layer

        return incidents_layer(source, suppress)
    if source is not None:
        return exporting.zones_layer(source) if what == "zones" else exporting.forecast_layer(source, month=month)
    found = _material(session, first, last)
    if what == "alerts":
        return exporting.alerts_layer(found.alerts.alerts, found.picture)
    if found.picture is None:
        raise OperatorError("nothing has been reported here yet; name a period", code="no-reports")
    return exporting.picture_layer(found.picture, found.digest, suppress)


def bulletin(
    session: Session,
    out: Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False, help="A new file: .html or .pdf.")],
    dated: Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Else the node's day.")] = None,
    lang: Annotated[Literal["en", "ur", "fa", "ru", "zh-Hans"], typer.Option(help="Of headings and notices.")] = "en",
    first: Month = None,
    last: Month = None,
    suppress: Suppress = 5,
) -> None:
    """Write the dated bulletin: picture, alerts with their record, assessments with dissent, sources, in one file."""
    from hamsaya.node import bulletin as bulletins

    if out.suffix not in (".html", ".pdf"):
        raise typer.BadParameter(f"expected a file that ends with .html or .pdf, received {out.name}")
    _new(out)
    found = _material(session, first, last)
    day = _day(dated) if dated else datetime.fromtimestamp(found.now // 1000, UTC).date().isoformat()
    make = bulletins.html if out.suffix == ".html" else bulletins.pdf
    out.write_bytes(make(found, day, lang, suppress))
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
