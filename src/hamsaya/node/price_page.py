"""The price of compliance of each promise, from the live charter and the live record, and what a change would do to it.

For each commitment: its own panel and the benefits tied to it decide. Commitments with a panel of one size share their
links, so the thread is pulled once for each size, whatever the number of tranches. Benefits that can never be suspended
are no lever and count nothing. Nobody's cost is guessed: the view says up to which cost the benefits suffice.

The question is frozen by the writer (``question``) and answered on another thread (``page``): nothing here changes
state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import msgspec

from hamsaya.base.interval import Interval
from hamsaya.compliance.types import ComplianceState
from hamsaya.compliance.views import rating
from hamsaya.linkage.levers import MONEY
from hamsaya.linkage.rules import NON_SUSPENDABLE
from hamsaya.linkage.types import LinkageState, TrancheRecord
from hamsaya.linkage.views import FLOWING
from hamsaya.messages.compliance import Rating
from hamsaya.messages.linkage import Goods, TrancheState
from hamsaya.node.chain import voters_of
from hamsaya.node.core import Node
from hamsaya.node.observed import observed
from hamsaya.node.price_setup import CLASSES, Setup, apply_setting, setup_of
from hamsaya.node.standing import standing
from hamsaya.node.what_if import Side, StepView, WhatIf, what_if

StepKind = Literal["money", "visits", "panel", "finding", "suspension"]
NOUGHT = Interval(0.0, 0.0, 0.0)


class Question(NamedTuple):
    """What the page is made of, frozen: the charter and figures, and what this node knows of promises and benefits."""

    setup: Setup
    compliance: ComplianceState
    linkage: LinkageState


class BenefitView(msgspec.Struct, frozen=True, kw_only=True):
    """One tranche tied to a promise; ``lever``: it can be suspended and flows now."""

    tranche: str
    project: str
    receiver: str
    goods: Goods
    status: TrancheState
    musd: Interval
    lever: bool


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One state of affairs of one promise. ``price`` is infinite at a bound where no flow suffices.

    Attributes:
        cost_musd: Up to which yearly cost of compliance the benefits suffice, million US$ a year; None: not purchasable
            at any flow, even at the middle of all intervals.
        lever: The link that would raise it most at its best, or "none".
    """

    a: Interval
    b: Interval
    price: Interval
    purchasable: bool
    cost_musd: Interval | None
    lever: str


class NextView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to buy margin, by kind: what it adds to the cost sustained and what a unit costs (None: not in money)."""

    kind: StepKind
    adds_musd: float
    per_unit_musd: float | None
    cheapest: bool


class PromiseView(msgspec.Struct, frozen=True, kw_only=True):
    """One promise: its rating, its panel, its benefits, its price now and after the settings (None: nothing was set).

    ``musd`` is what can be suspended of the benefits that flow now, million US$ a year; ``weakest`` is the link that
    fewest breaches pass.
    """

    commitment: str
    title: str
    owner: str
    rating: Rating
    k: int
    seats: int
    benefits: list[BenefitView]
    musd: Interval
    now: Told
    after: Told | None
    weakest: str
    passes: float
    next: list[NextView]


class PricePage(msgspec.Struct, frozen=True, kw_only=True):
    """The page: promises, the links they share, and what may be chosen. ``whole``: the charter at large."""

    promises: list[PromiseView]
    whole: WhatIf
    settings: list[str]
    visits: Interval
    r: Interval
    flows: list[str]
    rules: dict[str, str]
    members: int


def question(node: Node) -> Question:
    """Return what the page is made of, as committed now."""
    compliance = standing(node)
    seen = observed(node.agreement.priors, compliance, node.state.linkage, node.clock.now())
    setup = setup_of(node.agreement.charter.document, {**node.agreement.priors, **seen.priors}, seen=seen.words)
    return Question(setup, compliance, node.state.linkage)


def page(asked: Question, settings: Sequence[str] = ()) -> PricePage:
    """Return the page with ``settings`` (of ``price_setup``, but not ``tau``) made.

    Raises:
        OperatorError: a setting that cannot be read (``bad-setting``), or an input that is missing (``no-inputs``).
    """
    setup, pulled = asked.setup, dict[tuple[int, int], WhatIf]()
    whole = what_if(setup, settings)
    changed = setup
    for setting in settings:
        changed = apply_setting(changed, setting)
    added = changed.flow_musd if changed.flows else NOUGHT
    promises = []
    for ref, record in sorted(asked.compliance.commitments.items(), key=lambda each: (each[1].made_at, each[0])):
        panel = (record.terms.k, len(record.terms.panel))
        if panel not in pulled:
            pulled[panel] = what_if(replace(setup, k=panel[0], seats=panel[1]), settings)
        benefits = [each for each in asked.linkage.tranches.values() if each.commitment == ref]
        promises.append(_promise(asked, ref, pulled[panel], benefits, added))
    return PricePage(
        promises=promises, whole=whole, settings=list(settings), visits=setup.value("visits_per_year"),
        r=setup.value("r"), flows=sorted(name for name in setup.priors if name.startswith("flow.")),
        rules={which: name for which, name in CLASSES.items()}, members=voters_of(setup.document),
    )


def _promise(
    asked: Question, ref: str, found: WhatIf, benefits: Sequence[TrancheRecord], added: Interval
) -> PromiseView:
    record = asked.compliance.commitments[ref]
    views = [_benefit(each) for each in sorted(benefits, key=lambda each: each.tranche)]
    flow = _sum([view.musd for view in views if view.lever])
    links = [link for link in found.after.links if link.name != "visits"]
    weakest = min(links, key=lambda link: link.breach.mid)
    steps = found.next_steps
    total = _sum([flow, added])
    # The steps were reckoned at the flow of ``found``; what they add is in proportion to it.
    scale = total.mid / found.after.tau_musd.mid if found.after.tau_musd.mid > 0.0 else 0.0
    return PromiseView(
        commitment=ref, title=record.terms.title, owner=record.owner, rating=rating(asked.compliance, ref)[0],
        k=record.terms.k, seats=len(record.terms.panel), benefits=views, musd=flow, now=_told(found.before, flow),
        after=_told(found.after, total) if found.settings else None, weakest=weakest.name, passes=weakest.breach.mid,
        next=_next(steps, scale),
    )


def _benefit(each: TrancheRecord) -> BenefitView:
    return BenefitView(
        tranche=each.tranche, project=each.project, receiver=each.receiver, goods=each.goods, status=each.status,
        musd=Interval(each.low_musd, each.mid_musd, each.high_musd),
        lever=each.goods not in NON_SUSPENDABLE and each.status in FLOWING,
    )


def _told(side: Side, flow: Interval) -> Told:
    price = side.price
    cost = None
    if side.purchasable:  # The break-even cost is the flow by the price, at each corner of the box.
        cost = Interval(0.0 if math.isinf(price.high) else flow.low / price.high, flow.mid / price.mid,
                        flow.high / price.low)
    return Told(a=side.a, b=side.b, price=price, purchasable=side.purchasable, cost_musd=cost,
                lever=side.largest_lever)


def _next(steps: Sequence[StepView], scale: float) -> list[NextView]:
    rows: list[tuple[StepKind, float, float | None]] = []
    for step in steps:
        kind = _kind(step.name)
        adds = step.adds_musd if kind == "money" else step.adds_musd * scale
        unit = None if step.cost_musd is None else step.cost_musd / adds if adds > 0.0 else math.inf
        rows.append((kind, adds, unit))
    units = [unit for _, _, unit in rows if unit is not None and math.isfinite(unit)]
    best = min(units, default=None)
    rows.sort(key=lambda row: (row[2] is None, row[2] or 0.0, -row[1]))
    return [NextView(kind=kind, adds_musd=adds, per_unit_musd=unit, cheapest=unit is not None and unit == best)
            for kind, adds, unit in rows]


def _kind(name: str) -> StepKind:
    by_start: Mapping[str, StepKind] = {MONEY: "money", "one more visit": "visits", "two more seats": "panel",
                                        CLASSES["finding"]: "finding"}
    return next((kind for start, kind in by_start.items() if name.startswith(start)), "suspension")


def _sum(each: Sequence[Interval]) -> Interval:
    return Interval(sum((x.low for x in each), 0.0), sum((x.mid for x in each), 0.0), sum((x.high for x in each), 0.0))
