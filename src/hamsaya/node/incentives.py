"""Incentives without a node: break-even costs, review windows, coalitions, cost shares.

The linkage core computes on numbers; here options and files become numbers, and the answers plain values. Where no flow
suffices a price is infinite, which is null in JSON, and ``purchasable`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.linkage import law, review, suspension
from hamsaya.node.files import Strict, read_json

COALITION_FORM = ('expected {"members": {"NAME": {"benefit", "cost", "club"}}}, or {"values": {"NAME+NAME": 12.5}}, or '
                  '{"payoffs": {"NAME+NAME": {"NAME": 1.5}}}')
T = TypeVar("T")
SHOWN = 20


class BreakEven(msgspec.Struct, frozen=True, kw_only=True):
    """The highest yearly cost of compliance that a flow sustains, for each discount rate asked; words say it."""

    tau_musd: float
    a: float
    b: float
    purchasable: bool
    rows: list[BreakEvenRow]
    words: list[str]


class BreakEvenRow(msgspec.Struct, frozen=True, kw_only=True):
    """One discount rate: the price, the break-even cost, and what one more event of b a year would save."""

    r: float
    price: float
    c_max_musd: float
    saving_per_hazard_musd: float
    suspension_price: float


class SuspensionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One length, None for ever: the price, and the share of time that an honest member is not suspended."""

    years: float | None
    price: float
    good_standing: float


class Suspensions(msgspec.Struct, frozen=True, kw_only=True):
    """What the length of a suspension does. ``backloaded`` is the cheapest flow by quarter where suspension is for
    ever, in units of a quarter's cost, ``rent`` and ``flat_rent`` what good standing is worth under it and under a flat
    flow; empty and None where nothing can be bought."""

    a: float
    b: float
    r: float
    purchasable: bool
    rows: list[SuspensionRow]
    required: float
    backloaded: list[float]
    rent: float | None
    flat_rent: float | None
    honest: float | None
    breach: float | None
    words: list[str]


class WindowView(msgspec.Struct, frozen=True, kw_only=True):
    """One review: its window, its trigger, both chances of a bad review, the price, and the price against slices."""

    window_days: float
    trigger: int
    alpha: float
    beta: float
    price: float
    sliced_price: float


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """The cheapest review, the cheapest against small breaches, the best of every window, and reacting at once."""

    honest: float
    breach: float
    discount: float
    best: WindowView
    safest: WindowView
    windows: list[WindowView]
    at_once: float
    words: list[str]


class StableView(msgspec.Struct, frozen=True, kw_only=True):
    """One coalition that payments can hold: its surplus and the payments to each member (they sum to 0)."""

    members: list[str]
    surplus: float
    payments: dict[str, float]


class CoalitionView(msgspec.Struct, frozen=True, kw_only=True):
    """How large a pact holds. Fields that were not asked for are None or empty."""

    members: int
    stable_size: int | None = None
    club_benefit: float | None = None
    club_needed_for_all: float | None = None
    linear_size: int | None = None
    stable: list[StableView] = []
    shares: dict[str, float] = {}
    words: list[str] = []


class MemberFile(Strict, frozen=True):
    benefit: float
    cost: float
    club: float = 0.0


class CoalitionFile(Strict, frozen=True):
    members: dict[str, MemberFile] = {}
    values: dict[str, float] = {}
    payoffs: dict[str, dict[str, float]] = {}


def break_even(
    tau_musd: float, a: float, b: float, rates: Sequence[float], cost_musd: float | None = None,
    years: float = math.inf,
) -> BreakEven:
    """Return what a flow sustains at each discount rate, and whether it covers ``cost_musd``.

    Args:
        years: Length of a suspension, for the price with suspensions that end.
    Raises:
        OperatorError: ``bad-figure``.
    """
    try:
        rows = [BreakEvenRow(
            r=r, price=law.price(a, b, r), c_max_musd=law.break_even_cost(tau_musd, a, b, r),
            saving_per_hazard_musd=law.saving_per_hazard(law.break_even_cost(tau_musd, a, b, r), a, b, r),
            suspension_price=suspension.suspension_price(a, b, r, years),
        ) for r in rates]
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    return BreakEven(tau_musd=tau_musd, a=a, b=b, purchasable=b > a, rows=rows,
                     words=_break_even_words(tau_musd, a, b, rows, cost_musd))


def _break_even_words(
    tau: float, a: float, b: float, rows: Sequence[BreakEvenRow], cost: float | None
) -> list[str]:
    if b <= a:
        return [f"Not purchasable at any flow: a breach is punished {b:g} times a year and honesty {a:g} times."]
    told = [f"${tau:g}m a year sustains a cost of compliance of up to ${row.c_max_musd:.0f}m a year at a discount rate "
            f"of {row.r:.0%}." for row in rows]
    if cost is None:
        return told
    for row in rows:
        need = cost * row.price
        verdict = "suffices" if tau >= need else "does not: it is not purchasable at this flow"
        told.append(f"A cost of ${cost:g}m a year needs ${need:.1f}m at {row.r:.0%}; ${tau:g}m {verdict}.")
    return told


def suspensions(a: float, b: float, r: float, years: Sequence[float], quarters: int) -> Suspensions:
    """Return the price at each length of a suspension and for ever, and the cheapest flow of so many quarters.

    Args:
        a, b: Hazards a year; a quarter's chances follow from them.
        r: Discount rate a year, > 0.
    Raises:
        OperatorError: ``bad-figure``.
    """
    alpha, beta, delta = -math.expm1(-a / 4.0), -math.expm1(-b / 4.0), math.exp(-r / 4.0)
    try:
        rows = [SuspensionRow(years=each, price=suspension.suspension_price(a, b, r, each),
                              good_standing=suspension.good_standing(a, each)) for each in years]
        rows.append(SuspensionRow(years=None, price=law.price(a, b, r), good_standing=1.0 if a == 0.0 else 0.0))
        need = suspension.required_value(alpha, beta, delta)
        flow = suspension.backloaded(alpha, beta, delta, quarters) if b > a else []
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    if not flow:
        return Suspensions(a=a, b=b, r=r, purchasable=False, rows=rows, required=need, backloaded=[], rent=None,
                           flat_rent=None, honest=None, breach=None,
                           words=[f"Not purchasable at any length: a breach is punished {b:g} times a year and honesty "
                                  f"{a:g} times."])
    flat = [suspension.stationary_price(alpha, beta, delta)]
    rents = suspension.rent(flow, alpha, delta), suspension.rent(flat, alpha, delta)
    tau = law.price(a, b, r)
    honest, breach = suspension.honest_value(tau, 1.0, a, r), suspension.shirking_value(tau, b, r)
    words = [f"At the price of {tau:.3f}, suspended for ever, keeping the promise and breaking it are both worth "
             f"{honest:.3f} years of its cost.",
             f"The cheapest flow pays {flow[0]:.2f} of a quarter's cost first and {flow[-1]:.2f} later: it leaves the "
             f"member {rents[0]:.2f} costs of a quarter, a flat one {rents[1]:.2f}."]
    return Suspensions(a=a, b=b, r=r, purchasable=True, rows=rows, required=need, backloaded=flow, rent=rents[0],
                       flat_rent=rents[1], honest=honest, breach=breach, words=words)


def review_window(honest: float, breach: float, discount: float) -> ReviewView:
    """Return the cheapest review for incidents a year of an honest member and of a breaker.

    Raises:
        OperatorError: ``bad-figure``; the rates do not tell the two apart, or are out of range.
    """
    try:
        found = review.design(honest, breach, discount)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    best, safest = found.best, found.safest
    words = [f"Review every {best.window_days:.0f} days and act on {best.trigger} or more incidents: the price is "
             f"{best.price:.3f}, against {found.at_once:.3f} for reacting to each incident.",
             f"Against a member that breaks its word a little, {safest.window_days:.0f} days and {safest.trigger} or "
             f"more are the cheapest, at {safest.sliced_price:.3f}."]
    return ReviewView(honest=honest, breach=breach, discount=discount, best=WindowView(**best._asdict()),
                      safest=WindowView(**safest._asdict()), at_once=found.at_once, words=words,
                      windows=[WindowView(**each._asdict()) for each in found.windows])


def like_members(members: int, club: float, cost: float | None, benefit: float | None) -> CoalitionView:
    """Return how many like members hold together.

    Args:
        club: Benefit of membership alone, in units of benefit^2/cost.
        cost, benefit: Of acting, each constant; both or neither.
    Raises:
        OperatorError: ``bad-figure``.
    """
    from hamsaya.linkage import coalition

    try:
        size = coalition.stable_size(members, club)
        linear = None if cost is None or benefit is None else coalition.linear_size(cost, benefit)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    need = coalition.club_needed(members)
    words = [f"{size} of {members} like members hold together with a club benefit of {club:g}; all would at {need:g}."]
    if linear is not None:
        words.append(f"At a constant cost and benefit, acting pays from {linear} members on.")
    return CoalitionView(members=members, stable_size=size, club_benefit=club, club_needed_for_all=need,
                         linear_size=linear, words=words)


def sequence_shares(costs: Mapping[str, float]) -> CoalitionView:
    """Return who pays how much of a corridor used in sequence; raises OperatorError ``bad-figure``."""
    from hamsaya.linkage.shares import airport

    try:
        shares = airport(costs)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    return CoalitionView(members=len(costs), shares=shares,
                         words=[f"{user} pays {share:g} of {max(costs.values()):g}." for user, share in shares.items()])


def coalition_of(path: Path) -> CoalitionView:
    """Return what a file of unlike members, of values or of payoffs says: stable coalitions, or Shapley shares.

    Raises:
        OperatorError: ``bad-file``; no such form, more than 20 members, or a coalition that is missing.
    """
    import numpy as np

    from hamsaya.linkage import coalition
    from hamsaya.linkage.shares import MOST_MEMBERS, shapley

    file = read_json(path, CoalitionFile, COALITION_FORM)
    if sum(map(bool, (file.members, file.values, file.payoffs))) != 1:
        raise OperatorError(f"{path}: {COALITION_FORM}", code="bad-file")
    names = sorted(file.members or {part.strip() for text in (file.values or file.payoffs) for part in text.split("+")})
    try:
        if not 1 <= len(names) <= MOST_MEMBERS:
            raise ValueError(f"expected 1 to {MOST_MEMBERS} members, received {len(names)}")
        if file.values:
            worth = np.zeros(1 << len(names))
            for number, value in _numbered(names, file.values):
                worth[number] = value
            shares = dict(zip(names, map(float, shapley(worth)), strict=True))
            return CoalitionView(members=len(names), shares=shares,
                                 words=[f"{name} is worth {share:g}." for name, share in shares.items()])
        if file.members:
            each = [file.members[name] for name in names]
            payoffs = coalition.public_good([m.benefit for m in each], [m.cost for m in each], [m.club for m in each])
        else:
            payoffs = np.zeros((1 << len(names), len(names)))
            for number, row in _numbered(names, file.payoffs):
                payoffs[number] = [row[name] for name in names]
        held = coalition.stable_coalitions(payoffs)
    except KeyError as error:
        raise OperatorError(f"{path}: expected a payoff of every member in every coalition, {error} is missing",
                            code="bad-file") from None
    except ValueError as error:
        raise OperatorError(f"{path}: {error}", code="bad-file") from None
    views = [StableView(members=[names[m] for m in each.members], surplus=each.surplus,
                        payments={names[m]: pay for m, pay in zip(each.members, each.payments, strict=True)})
             for each in held[:SHOWN]]
    words = [f"The largest coalition that payments can hold: {', '.join(views[0].members)} ({len(held)} can be held)."
             if views else "No coalition of two or more holds, whatever its members pay each other."]
    return CoalitionView(members=len(names), stable_size=len(views[0].members) if views else 1, stable=views,
                         words=words)


def _numbered(names: Sequence[str], values: Mapping[str, T]) -> list[tuple[int, T]]:
    """Return each coalition's number by its members' bits, with its value."""
    place = {name: index for index, name in enumerate(names)}
    found = {sum(1 << place[part.strip()] for part in set(text.split("+"))): value for text, value in values.items()}
    missing = [number for number in range(1, 1 << len(names)) if number not in found]
    if missing:
        absent = "+".join(name for index, name in enumerate(names) if missing[0] >> index & 1)
        raise ValueError(f"expected every coalition of {', '.join(names)}, {absent} is missing")
    return sorted(found.items(), key=lambda entry: entry[0])
