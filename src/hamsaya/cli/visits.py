"""``hamsaya compliance visits``: where to visit how often at the least cost, and a calendar that nobody foresees."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command, instant
from hamsaya.cli.output import Block, Table, facts
from hamsaya.cli.verification import Chart

if TYPE_CHECKING:
    from hamsaya.node.visits import CalendarView

app = typer.Typer()


@command(app, "visits")
def visits(
    session: Session,
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, metavar="[FILE.json]",
                                                help="Sites; else the commitments of the node of --dir.")] = None,
    aim: Annotated[Literal["average", "bounds", "each"], typer.Option(
        help="Detection on average as believed; for every belief within the bounds; or at each site.")] = "average",
    floor: Annotated[float | None, typer.Option(help="Least detection at every site, such as 0.3.")] = None,
    out: Annotated[Path | None, typer.Option(
        "--calendar", metavar="FILE", help="Also draw dates into this new file, for its owner only.")] = None,
    start: Annotated[int | None, typer.Option(parser=instant, metavar="DATE", help="Its first day.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Its length.")] = 90,
    seed: Annotated[str | None, typer.Option(help="64 hexadecimal digits that the dates follow from.")] = None,
    check: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE", help="Only say whether a calendar's dates were drawn.")] = None,
    figure: Chart = None,
) -> None:
    """Work out how often to visit which site, so that breaches are found in time at the least cost.

    Uniform visiting to the same aim stands beside it. Nothing is ordered: it is a suggestion. Dates are drawn at random
    into a file that stays with whoever conducts the visits; only its digest is printed.
    """
    from hamsaya.node.visits import VisitsView, check_calendar, draw_calendar, visits_of_file

    if check is not None:
        told = check_calendar(check)
        session.answer(told, _calendar(told))
        return
    if out is not None and start is None:
        raise typer.BadParameter("expected --start DATE with --calendar: the calendar's first day")
    if file is None:
        if not (session.directory / "node.toml").is_file():
            raise OperatorError(f"expected a file of sites, or a node's directory with --dir; {session.directory} is "
                                "none", code="no-sites")
        view = msgspec.convert(session.call("visits", aim=aim, floor=floor or 0.0), VisitsView)
    else:
        view = visits_of_file(file, aim, floor)
    drawn = (None if out is None or start is None else
             draw_calendar(out, view, start, days, _seed(seed)))
    blocks: list[Block] = [] if drawn is None else [_calendar(drawn)]
    if figure is not None:
        from hamsaya.cli import price_figures

        blocks.append(price_figures.draw(figure, price_figures.visits(view)))
    session.answer(
        {**msgspec.to_builtins(view), "calendar": drawn}, *view.words,
        Table(("site", "P(breach)", "visits a year", "days between", "found in time", "required", "alone, a year"),
              [(row.site, f"{row.breach.mid:.2f} ({row.breach.low:.2f} to {row.breach.high:.2f})",
                round(row.per_year, 2), row.days_between and round(row.days_between, 1), f"{row.detection:.0%}",
                f"{row.required:.0%}{', short of it' if row.short else ''}", round(row.alone_per_year, 2))
               for row in view.sites]),
        *blocks,
    )


def _seed(text: str | None) -> bytes:
    try:
        return secrets.token_bytes(32) if text is None else bytes.fromhex(text)
    except ValueError:
        raise typer.BadParameter("expected --seed of 64 hexadecimal digits") from None


def _calendar(view: CalendarView) -> Block:
    return facts(calendar=view.file, visits=view.visits, digest=view.digest,
                 dates="as drawn" if view.as_drawn else "not those that its seed yields")
