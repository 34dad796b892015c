"""``hamsaya monitor``: what this node reports on its own cells, and the picture that all reports make together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.cli import monitor_alerts, monitor_export, monitor_forecast, monitor_incidents, monitor_merge, monitor_scan
from hamsaya.cli.command import Session, command
from hamsaya.cli.output import Table, facts, remark
from hamsaya.cli.progress import counting
from hamsaya.messages.kinds import kind_of

app = typer.Typer(help="Incident counts by area, and the joint picture.", no_args_is_help=True)
app.add_typer(monitor_incidents.app)
monitor_merge.register(app)
monitor_alerts.register(app)
monitor_export.register(app)
app.add_typer(monitor_scan.app)
app.add_typer(monitor_forecast.app)

BAD_ROWS_SHOWN = 20
MONTH_FORM = "YYYY-MM"


def _month(text: str) -> str:
    if len(text) == 7 and text[4] == "-" and text[:4].isdecimal() and "01" <= text[5:] <= "12":
        return text
    raise typer.BadParameter(f"expected a month such as 2019-08, received {text!r}")


First = Annotated[str | None, typer.Option(parser=_month, metavar=MONTH_FORM, help="First month.")]
Last = Annotated[str | None, typer.Option(parser=_month, metavar=MONTH_FORM, help="Last month, included.")]


@command(app, "report", "send")
def report(
    session: Session,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="UCDP GED: .csv, .csv.gz or .parquet.")],
    first: First = None,
    last: Last = None,
    strict: Annotated[bool, typer.Option("--strict", help="Report nothing when any row of the file is bad.")] = False,
    source: Annotated[str | None, typer.Option(help="Source to name instead of UCDP; needs --licence.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of that source.")] = None,
) -> None:
    """Count the incidents of a file in this node's own cells and report them to every entitled party."""
    from hamsaya.node.offline import reports_of

    if (source is None) != (licence is None):
        raise typer.BadParameter("expected --source and --licence together")
    named = (source, licence) if source is not None and licence is not None else None
    now = session.now()
    with counting(file.name, "incidents") as each:
        found = reports_of(session.directory, file, as_of=now, source=named, first=first, last=last, each=each)
    bad = _bad_rows(found.bad, quiet=session.as_json)
    if strict and found.bad:
        raise OperatorError(f"{len(found.bad)} rows of {file.name} are bad, the first at {found.bad[0]}; nothing was "
                            "reported", code="bad-incidents")
    sent: list[dict[str, Any]] = []
    for part in found.reports:
        result = session.submit(kind_of(part), msgspec.to_builtins(part), ["all"])
        sent.append({"first": part.first, "last": part.last, "rows": len(part.rows), **result})
    session.answer(
        {"incidents": found.incidents, "widened": found.widened, "bad": bad, "bad_rows": len(found.bad),
         "first": found.first, "last": found.last, "rows": found.rows, "reports": sent},
        facts(incidents=found.incidents, bad_rows=len(found.bad), bounds_widened=found.widened,
              months=f"{found.first} to {found.last}", rows_of_own_cells=found.rows),
        Table(("from", "to", "rows", "leaf", "told"), [
            (s["first"], s["last"], s["rows"], s.get("index", "dry run"), s["recipients"]) for s in sent], "Reports"),
    )


def _bad_rows(bad: list[PeerError], *, quiet: bool) -> list[str]:
    """Return the first bad rows' errors (line, field, what was expected), and say them to a person."""
    shown = [str(error) for error in bad[:BAD_ROWS_SHOWN]]
    if bad and not quiet:
        for text in shown:
            remark(f"left out: {text}")
        if len(bad) > len(shown):
            remark(f"left out: {len(bad) - len(shown)} more rows")
    return shown


@command(app, "picture", "node")
def picture(
    session: Session,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows to print.")] = 20,
    state: Annotated[bool, typer.Option("--state", help="Also state its digest to every entitled party.")] = False,
) -> None:
    """Print the joint picture of a period, by default of all that is reported, and its digest."""
    view = session.call("picture", first=first, last=last, limit=limit)
    period = {"first": view["first"], "last": view["last"]}
    stated = session.call("state-picture", **period) if state else None
    session.answer(
        {**view, "statement": stated},
        facts(months=f"{view['first']} to {view['last']}", digest=view["digest"], cells=view["cells"],
              coverage=view["coverage"], cells_by_status=view["statuses"], stated_alike_by=_alike(view["stated"], True),
              stated_otherwise_by=_alike(view["stated"], False)),
        Table(("cell", "longitude", "latitude", "status", "reporters", "incidents", "deaths, best", "low to high"),
              [(r["gid"], r["longitude"], r["latitude"], r["status"], r["reporters"], _span(r["incidents"]),
                _span(r["best"]), _span(r["bounds"])) for r in view["rows"]]),
        *([f"Stated in message {stated['message_id']}."] if stated else []),
    )


def _alike(stated: dict[str, bool], wanted: bool) -> list[str]:
    return [member for member, same in stated.items() if same == wanted]


def _span(pair: list[int]) -> str:
    low, high = pair
    return f"{low}" if low == high else f"{low} to {high}"
