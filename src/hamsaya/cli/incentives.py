"""``hamsaya linkage``, the arithmetic of incentives: break-even costs, reviews, coalitions, schedules, what-if."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hamsaya.cli.command import InFile, Session, command
from hamsaya.cli.output import Block, Table
from hamsaya.cli.verification import Chart

app = typer.Typer()
Rate = typer.Option(min=0.0, help="Per year.")


@command(app, "break-even", "json")
def break_even(
    session: Session,
    tau: Annotated[float, typer.Option(min=0.0, help="The yearly flow, million US$.")],
    a: Annotated[float, Rate],
    b: Annotated[float, Rate],
    r: Annotated[list[float] | None, typer.Option(min=0.0, help="Discount rate; repeat. Else 0.1, 0.3, 0.7.")] = None,
    cost: Annotated[float | None, typer.Option(min=0.0, help="A yearly cost of compliance: does it suffice?")] = None,
    years: Annotated[float | None, typer.Option(min=0.0, help="Length of a suspension; else for ever.")] = None,
    figure: Chart = None,
) -> None:
    """Say up to which cost of compliance a flow suffices, rather than guess the cost; or that none is purchasable."""
    from hamsaya.node import incentives

    view = incentives.break_even(tau, a, b, r or [0.1, 0.3, 0.7], cost, math.inf if years is None else years)
    session.answer(
        view,
        Table(("discount rate", "price", "sustains, million US$ a year", "saved by 1 more b",
               "price if suspensions end"),
              [(row.r, row.price, row.c_max_musd, row.saving_per_hazard_musd,
                row.suspension_price if years is not None else None) for row in view.rows]),
        *view.words, *_drawn(figure, "break_even", view),
    )


@command(app, "suspension", "json")
def suspension(
    session: Session,
    a: Annotated[float, Rate],
    b: Annotated[float, Rate],
    r: Annotated[float, Rate],
    years: Annotated[list[float] | None, typer.Option(min=0.0, help="Length; repeat. Else 1, 2 and 5.")] = None,
    quarters: Annotated[int, typer.Option(min=1, max=400, help="Of the cheapest schedule shown.")] = 8,
) -> None:
    """Say what the length of a suspension does to the price, and how the cheapest flow is back-loaded."""
    from hamsaya.node.incentives import suspensions

    view = suspensions(a, b, r, years or [1.0, 2.0, 5.0], quarters)
    session.answer(
        view,
        Table(("suspended, years", "price", "in good standing, of an honest member's time"),
              [("for ever" if row.years is None else row.years, row.price, row.good_standing) for row in view.rows]),
        *view.words,
        Table(("quarter", "cheapest flow, in costs of a quarter"), list(enumerate(view.backloaded, 1))),
    )


@command(app, "known", "json")
def known(session: Session) -> int:
    """Work out every published answer of verification and incentives, beside what was published; 1 if one differs."""
    from hamsaya.node.known import known as worked

    views = worked()
    session.answer(views, Table(("case", "question", "published", "here", ""),
                                [(v.case, v.question, v.published, v.here, "" if v.agrees else "DIFFERS")
                                 for v in views]))
    return 0 if all(view.agrees for view in views) else 1


@command(app, "review-window", "json")
def review_window(
    session: Session,
    honest: Annotated[float, typer.Option(min=0.0, help="Incidents a year of a member that keeps its word.")],
    breach: Annotated[float, typer.Option(min=0.0, help="Incidents a year of one that does not.")],
    discount: Annotated[float, typer.Option(min=0.0, help="Discount rate, per year.")],
    figure: Chart = None,
) -> None:
    """Choose how often to review, and how many incidents make a review bad."""
    from hamsaya.node import incentives

    view = incentives.review_window(honest, breach, discount)
    session.answer(
        view, *view.words,
        Table(("days", "incidents", "honest, bad review", "breach, bad review", "price", "price against slices"),
              [(round(w.window_days, 1), w.trigger, w.alpha, w.beta, w.price, w.sliced_price) for w in view.windows]),
        *_drawn(figure, "review_windows", view),
    )


@command(app, "coalition", "json")
def coalition(
    session: Session,
    file: Annotated[Path | None, typer.Argument(
        exists=True, dir_okay=False, help="Unlike members, values or payoffs of coalitions, as JSON.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="So many like members.")] = None,
    club: Annotated[float, typer.Option(min=0.0, help="Benefit of membership alone, in benefit²/cost.")] = 0.0,
    cost: Annotated[float | None, typer.Option(help="A constant cost of acting, with --benefit.")] = None,
    benefit: Annotated[float | None, typer.Option(help="A constant benefit to each of another's acting.")] = None,
    shares: Annotated[str | None, typer.Option(
        metavar="NAME=COST,…", help="Costs of a corridor up to where each user leaves it: who pays how much.")] = None,
) -> None:
    """Say which coalition holds by itself or by payments, and who pays how much of what all use."""
    from hamsaya.node import incentives

    if sum(given is not None for given in (file, members, shares)) != 1:
        raise typer.BadParameter("expected one of a FILE, --members and --shares")
    if (cost is None) != (benefit is None):
        raise typer.BadParameter("expected --cost and --benefit together")
    if file is not None:
        view = incentives.coalition_of(file)
    elif shares is not None:
        view = incentives.sequence_shares(_costs(shares))
    else:
        view = incentives.like_members(members or 1, club, cost, benefit)
    blocks: list[Block] = [*view.words]
    if view.stable:
        blocks.append(Table(("coalition", "surplus", "payments"),
                            [(each.members, each.surplus, each.payments) for each in view.stable]))
    session.answer(view, *blocks)


def _costs(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for place, part in enumerate(text.split(","), 1):
        name, equals, cost = part.rpartition("=")
        try:
            found[name.strip() if equals else str(place)] = float(cost)
        except ValueError:
            raise typer.BadParameter(f"expected costs such as 30,60,100 or ava=30,bel=60, received {part!r}") from None
    return found


@command(app, "schedule", "json")
def schedule(
    session: Session,
    file: InFile,
    worlds: Annotated[int, typer.Option(min=1, help="Worlds to try the schedule in.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the worlds.")] = 1,
    figure: Chart = None,
) -> None:
    """Find the cheapest schedule of benefits at which every promise is worth keeping, and try it in sampled worlds."""
    from hamsaya.node.schedules import schedule_of

    view = schedule_of(file, worlds, seed)
    session.answer(
        view, *view.words,
        Table(("member", "margin, million US$ a quarter", "binding", "over its outside", "spoilers a year",
               "sustains a cost of", "last flow"),
              [(name, m.margin_musd, m.binding, m.participation_musd, m.spoiler, m.sustained_cost_musd,
                m.flow_musd[-1])
               for name, m in view.members.items()]),
        Table(("project", "starts in quarter", "last level", "receivers' loss by payers'"),
              [(name, p.starts_quarter, p.levels[-1], p.credibility) for name, p in view.projects.items()]),
        *_drawn(figure, "schedule", view, (8.0, 7.0)),
    )


@command(app, "projects", "json")
def projects(
    session: Session,
    pack: Annotated[str | None, typer.Option(help="A built-in region pack, or a pack's folder.")] = None,
) -> None:
    """List a pack's corridors and lines with their published figures: intervals, sources, dates, disputes."""
    from hamsaya.node.offline import projects_of_pack

    views = projects_of_pack(pack)
    session.answer(
        views,
        Table(("project", "title", "parties", "goods", "as of", "status"),
              [(p["id"], p["title"], p["parties"], p["goods"], p["as_of"], p["status"]) for p in views]),
        Table(("figure", "value", "low", "high", "unit", "as of", "disputed", "source"),
              [(f"{p['id']}.{f['name']}", f["value"], f["low"], f["high"], f["unit"], f["as_of"], f["dispute"],
                f["source"]) for p in views for f in p["figures"]]),
        "Press and ministry figures, not audited. A yearly flow counts in a price only where a person chooses it:",
        "  hamsaya linkage what-if --set flow.PROJECT.FIGURE=on",
    )


@command(app, "what-if")
def what_if(
    session: Session,
    sets: Annotated[list[str] | None, typer.Option(
        "--set", metavar="NAME=VALUE", help="charter.finding.rule=negative-consensus, visits=12, panel=3-of-5, "
                                            "flow.PROJECT.FIGURE=on, tau=100, r=0.1..0.3, …; repeat.")] = None,
    pack: Annotated[str | None, typer.Option(help="A built-in region pack or a pack's folder: asks no node.")] = None,
    charter: Annotated[str | None, typer.Option(help="Another charter, as for charter report: asks no node.")] = None,
    live: Annotated[bool, typer.Option("--live/--priors", help="Let the node's own record move the priors.")] = True,
    figure: Chart = None,
) -> None:
    """Show what a clause, a visit, a seat or a corridor does to the price of compliance, and the cheapest next step.

    Asks the node of --dir where there is one, and the built-in pack otherwise. Nothing is changed by it.
    """
    from hamsaya.node.what_if import WhatIf

    if pack is None and charter is None and (session.directory / "node.toml").is_file():
        view = msgspec.convert(_endless(session.call("what-if", settings=sets or [], live=live)), WhatIf)
    else:
        from hamsaya.node.offline import what_if_from_pack

        view = what_if_from_pack(pack, charter, sets or [])
    session.answer(
        view, *view.words,
        Table(("", "before", "after"), [
            ("a, a year", view.before.a.mid, view.after.a.mid), ("b, a year", view.before.b.mid, view.after.b.mid),
            ("price", _span(view.before.price), _span(view.after.price)),
            ("sustained, million US$ a year", view.before.break_even_musd, view.after.break_even_musd),
            ("false flags a year at twice the cost", view.before.spoiler_tolerance, view.after.spoiler_tolerance),
            ("largest lever", view.before.largest_lever, view.after.largest_lever)]),
        Table(("link", "a breach passes", "an honest member passes", "source"),
              [(link.name, _span(link.breach), _span(link.honest), link.source) for link in view.after.links]),
        *([Table(("flow chosen", "million US$ a year", "as of", "disputed", "source"),
                 [(f.name, _span(f.musd), f.as_of, f.dispute, f.source) for f in view.flows])] if view.flows else []),
        Table(("next step", "adds, million US$ a year", "costs", "a unit costs"),
              [(s.name, s.adds_musd, "agreement" if s.cost_musd is None else s.cost_musd, s.per_unit_musd)
               for s in view.next_steps]),
        *_drawn(figure, "what_if", view, (9.0, 4.0)),
    )


def _endless(value: Any) -> Any:
    """Return a node's answer with the prices that JSON leaves null as infinite again."""
    for side in (value["before"], value["after"]):
        side["price"] = {end: math.inf if number is None else number for end, number in side["price"].items()}
    for step in value["next_steps"]:
        if step["per_unit_musd"] is None and step["cost_musd"] is not None:
            step["per_unit_musd"] = math.inf
    return value


def _span(interval: Any) -> str:
    if interval.low == interval.high:
        return f"{interval.mid:.3g}"
    return f"{interval.mid:.3g} ({interval.low:.3g} to {interval.high:.3g})"


def _drawn(file: Path | None, name: str, view: Any, size: tuple[float, float] = (7.0, 4.2)) -> list[str]:
    if file is None:
        return []
    from hamsaya.cli import price_figures

    return [price_figures.draw(file, getattr(price_figures, name)(view), size)]


