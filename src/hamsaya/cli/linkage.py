"""``hamsaya linkage``: what compliance must be worth, and the benefits that follow conduct."""

from __future__ import annotations

from typing import Annotated

import typer

from hamsaya.cli.command import InFile, Session, command, new_group, read_toml
from hamsaya.cli.output import Table, when
from hamsaya.messages.linkage import Step, TrancheState

app = typer.Typer(help="The price of compliance, and tranches tied to conduct.", no_args_is_help=True)
tranche = new_group(app, "tranche", "Yearly flows tied to a commitment.")

RULE = "suspend-tranche"
Rate = typer.Option(min=0.0, help="Per year.")


@command(app, "price", "json")
def price(
    session: Session,
    a: Annotated[float | None, Rate] = None,
    b: Annotated[float | None, Rate] = None,
    r: Annotated[float | None, Rate] = None,
    tau: Annotated[float | None, typer.Option(min=0.0, help="A yearly flow, million US$: what it sustains.")] = None,
    cost: Annotated[float | None, typer.Option(min=0.0, help="A yearly cost, million US$: the flow it needs.")] = None,
    rule: Annotated[str, typer.Option(help="The charter's decision class by which a benefit is suspended.")] = RULE,
    seats: Annotated[int, typer.Option(min=1, help="Seats of the panel.")] = 5,
    k: Annotated[int, typer.Option(min=1, help="Verdicts that decide.")] = 3,
    visits: Annotated[float | None, typer.Option(min=0.0, help="Verification visits a year.")] = None,
    pack: Annotated[str | None, typer.Option(help="A built-in region pack, or a pack's folder.")] = None,
) -> None:
    """Work out the price of compliance (r + b)/(b - a), from figures given or from a pack's published priors.

    Give --a (hazard that an honest member is punished), --b (that a breaker is) and --r (discount rate) to use the
    law alone; without them they follow from the charter's rule, the panel and the visits, as intervals.
    """
    from hamsaya.node.offline import price_from_hazards, price_from_pack

    if k > seats:
        raise typer.BadParameter("expected --k of at most --seats")
    try:
        if a is not None and b is not None and r is not None:
            priced = price_from_hazards(a, b, r, tau, cost)
        elif a is b is r is None:
            priced = price_from_pack(pack, rule, seats=seats, k=k, visits=visits, tau_musd=tau, cost_musd=cost)
        else:
            raise typer.BadParameter("expected all of --a, --b and --r, or none of them")
    except ValueError as error:  # A figure that is no finite number.
        raise typer.BadParameter(str(error)) from None
    spans = {"a, a year": priced.a, "b, a year": priced.b, "r, a year": priced.r, "price": priced.price,
             "cost sustained, million US$ a year": priced.break_even_musd,
             "flow needed, million US$ a year": priced.flow_needed_musd}
    rows = [(name, span.low, span.mid, span.high) for name, span in spans.items() if span is not None]
    session.answer(priced, Table(("", "low", "middle", "high"), rows), *priced.words)


@command(tranche, "list")
def list_tranches(session: Session) -> None:
    """List tranches, their states, and the steps open to each."""
    views = session.call("tranches")
    session.answer(views, Table(
        ("tranche", "project", "receiver", "goods", "million US$ a year", "commitment", "status", "since", "term ends",
         "next"),
        [(v["tranche"]["tranche"], v["tranche"]["project"], v["tranche"]["receiver"], v["tranche"]["goods"],
          f"{v['tranche']['mid_musd']:g} ({v['tranche']['low_musd']:g} to {v['tranche']['high_musd']:g})",
          v["tranche"]["commitment"], v["status"], when(v["since"]), when(v["term_ends"]), v["next"]) for v in views],
    ))


@command(tranche, "declare", "send")
def declare(session: Session, file: InFile) -> None:
    """Declare a tranche from a TOML file: receiver, payers, goods, flow, commitment; docs/by-hand.md has an example."""
    session.answer_sent(session.submit("linkage.tranche", read_toml(file), ["all"]))


@command(tranche, "step", "send")
def step(
    session: Session,
    reference: Annotated[str, typer.Argument(help="The tranche's reference.")],
    state: Annotated[TrancheState, typer.Argument(help="The next state of its published table.")],
    ground: Annotated[str, typer.Option(help="The finding, vote or decision it rests on, by reference.")],
    probation_days: Annotated[int | None, typer.Option(min=1, max=730, help="Of a reinstatement: its length.")] = None,
) -> None:
    """Move a tranche to its next state, on a named ground: a finding, the members' vote, or the payers' decision."""
    session.send(Step(tranche=reference, to=state, ground=ground, probation_days=probation_days), ["all"])
