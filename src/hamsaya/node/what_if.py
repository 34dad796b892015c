"""What a clause, a visit, a seat or a corridor does to the price of compliance: before, after, and the cheapest step.

    setup = setup_of(document, priors)
    told = what_if(setup, ["charter.finding.rule=negative-consensus", "visits=12"])

Settings are those of ``price_setup``. Nothing is stored: a what-if changes no state, here or at any node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.interval import Interval
from hamsaya.linkage.law import break_even_cost, price, spoiler_tolerance
from hamsaya.linkage.levers import NextStep, Offer, cheapest, next_steps
from hamsaya.node.chain import BChain, Charter, Looks, Panel, b_chain, decision_link, voters_of
from hamsaya.node.price_setup import CLASSES, NEEDED, Setup, apply_setting, with_rule

EXAMPLE_RATIO = 2.0
"""A flow of twice what complying costs: at which the spoiler tolerance is told, since nobody's cost is guessed."""


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One link: its value for a breach and for an honest member, whether both share it, and its source."""

    name: str
    breach: Interval
    honest: Interval
    shared: bool
    source: str


class LeverView(msgspec.Struct, frozen=True, kw_only=True):
    """One link at its best: hazards, price (None: none suffices), and what a unit of flow sustains then."""

    link: str
    a: float
    b: float
    price: float | None
    sustained: float


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One state of affairs. ``price`` is infinite (null in JSON) where no flow suffices."""

    a: Interval
    b: Interval
    r: Interval
    price: Interval
    purchasable: bool
    tau_musd: Interval
    break_even_musd: float
    spoiler_tolerance: float
    links: list[LinkView]
    levers: list[LeverView]
    largest_lever: str
    words: list[str]


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to buy margin; ``per_unit_musd`` is the yearly cost of 1 million US$ more of break-even cost."""

    name: str
    adds_musd: float
    cost_musd: float | None
    per_unit_musd: float | None


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """A corridor's yearly flow that a person chose to count, with what its publishers said of it."""

    name: str
    musd: Interval
    source: str
    as_of: str
    dispute: bool


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """Before and after, what was set, the flows chosen, next steps from there with the cheapest, and all in words."""

    settings: list[str]
    before: Side
    after: Side
    flows: list[FlowView]
    next_steps: list[StepView]
    cheapest: str | None
    tau_is_example: bool
    words: list[str]


def what_if(setup: Setup, settings: Sequence[str]) -> WhatIf:
    """Return what ``settings`` do to the price that ``setup`` yields; without any, the price as it is.

    Raises:
        OperatorError: a setting that cannot be read (``bad-setting``) or an input that is missing (``no-inputs``).
    """
    changed = setup
    for setting in settings:
        changed = apply_setting(changed, setting)
    if setup.tau is None and not setup.flows:
        setup = replace(setup, tau=changed.tau, flows=changed.flows)  # Two sides of one flow can be compared.
    try:
        before, after = _chain(setup), _chain(changed)
        one, other = _side(setup, before), _side(changed, after)
        steps = next_steps(after.links, after.r.mid, changed.flow_musd.mid, _offers(changed))
    except ValueError as error:
        raise OperatorError(str(error), code="bad-setting") from None
    best = cheapest(steps)
    example = changed.tau is None and not changed.flows
    return WhatIf(settings=list(settings), before=one, after=other, flows=_flows(changed),
                  next_steps=[StepView(**step._asdict()) for step in steps], cheapest=best.name if best else None,
                  tau_is_example=example, words=_words(one, other, best, example, changed.seen))


def _chain(setup: Setup) -> BChain:
    values = {name: setup.value(name) for name in NEEDED}
    tau = None if setup.tau is None and not setup.flows else setup.flow_musd.mid
    panel = Panel(setup.seats, setup.k, values["p_seat_detect"], values["p_seat_false"], setup.colluders)
    looks = Looks(values["visits_per_year"], values["p_detect"], values["p_false"])
    source = {link: setup.priors[name].source for link, name in (
        ("visits", "visits_per_year"), ("detection", "p_detect"), ("panel", "p_seat_detect"), ("payers", "p_honoured"))}
    return b_chain(Charter(setup.document, values["block_each"]), panel, looks, values["p_honoured"], values["r"],
                   tau, source)


def _side(setup: Setup, chain: BChain) -> Side:
    a, b, r, tau = chain.thread.a, chain.thread.b, chain.r, setup.flow_musd
    return Side(
        a=a, b=b, r=r, price=chain.thread.price, purchasable=b.mid > a.mid, tau_musd=tau,
        break_even_musd=break_even_cost(tau.mid, a.mid, b.mid, r.mid),
        spoiler_tolerance=spoiler_tolerance(EXAMPLE_RATIO, a.mid, b.mid, r.mid),
        links=[LinkView(name=link.name, breach=link.breach, honest=link.honest, shared=link.shared, source=link.source)
               for link in chain.links],
        levers=[LeverView(link=lever.link, a=lever.a, b=lever.b, sustained=lever.sustained,
                          price=lever.price if lever.b > lever.a else None) for lever in chain.thread.levers],
        largest_lever=chain.thread.largest, words=chain.words,
    )


def _flows(setup: Setup) -> list[FlowView]:
    return [FlowView(name=name, musd=value, source=setup.priors[name].source, as_of=setup.priors[name].as_of,
                     dispute=setup.priors[name].dispute) for name, value in setup.flows.items()]


def _offers(setup: Setup) -> list[Offer]:
    """Return the ways to better the links from here: a visit, two seats, and a rule that the accused's friends cannot
    stop. A rule costs agreement, not money."""
    visits = setup.value("visits_per_year").mid + 1.0
    offers = [Offer("one more visit a year", "visits", visits, visits, _cost(setup, "visit_cost_musd"))]
    bigger = replace(setup, seats=setup.seats + 2, k=setup.k + 1)
    if setup.seats + 2 < voters_of(setup.document):
        (panel,) = [link for link in _chain(bigger).links if link.name == "panel"]
        offers.append(Offer(f"two more seats, {bigger.k} of {bigger.seats}", "panel", panel.breach.mid,
                            panel.honest.mid, _cost(setup, "seat_cost_musd")))
    for name, which in CLASSES.items():
        changed = with_rule(setup.document, name, "negative-consensus")
        link = decision_link(Charter(changed, setup.value("block_each")), name)
        offers.append(Offer(f"{which} by negative consensus", name, link.breach.mid, link.honest.mid, None))
    return offers


def _cost(setup: Setup, name: str) -> float | None:
    return setup.priors[name].value.mid if name in setup.priors else None


def _words(one: Side, other: Side, best: NextStep | None, example: bool, seen: Sequence[str]) -> list[str]:
    told = [*seen, f"a {_moves(one.a.mid, other.a.mid)}, b {_moves(one.b.mid, other.b.mid)} a year.",
            f"The price of compliance {_moves(_priced(one), _priced(other), 'no flow suffices')}."]
    flow = f"{'An example flow' if example else 'The flow'} of ${other.tau_musd.mid:g}m a year sustains"
    told.append(f"{flow} a cost of compliance that {_moves(one.break_even_musd, other.break_even_musd)} (million US$ "
                "a year).")
    if best is not None and best.per_unit_musd is not None:
        told.append(f"The cheapest next million of it: {best.name}, at ${best.per_unit_musd:.3g}m a year.")
    return [*told, *other.words[-2:]]


def _priced(side: Side) -> float:
    return price(side.a.mid, side.b.mid, side.r.mid)


def _moves(before: float, after: float, endless: str = "without end") -> str:
    first, second = (endless if value == float("inf") else f"{value:.3g}" for value in (before, after))
    return f"stays {second}" if first == second else f"moves from {first} to {second}"


