"""The published answers of incentives, row by row: each test's name begins with the row it holds to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from hamsaya.base.interval import Interval
from hamsaya.charter.decidable import p_decide
from hamsaya.charter.votes import parse_rule
from hamsaya.linkage import law
from hamsaya.linkage.coalition import club_needed, linear_size, public_good, stable_coalitions, stable_size
from hamsaya.linkage.games import (
    best_noisy_payoff,
    first_mover_share,
    grim_patience,
    noisy_patience,
    trade_gain,
)
from hamsaya.linkage.plan import Member, Plan
from hamsaya.linkage.schedule import solve
from hamsaya.linkage.shares import airport, shapley
from hamsaya.linkage.suspension import (
    backloaded,
    good_standing,
    honest_value,
    rent,
    required_value,
    shirking_value,
    stationary_price,
    suspension_price,
)


def exact(value: float) -> Interval:
    return Interval(value, value, value)


def hazard(chance: float) -> float:
    """Return the hazard a year that gives ``chance`` in a quarter."""
    return -4.0 * math.log1p(-chance)


def one_member(alpha: float, beta: float, delta: float, **plan: object) -> Plan:
    member = Member("ava", exact(1.0), exact(hazard(alpha)), exact(hazard(beta)), exact(-4.0 * math.log(delta)))
    return Plan((member,), slack=0.0, **plan)  # type: ignore[arg-type]


def test_c1_grim_punishment() -> None:
    """Five for breaking alone, three for keeping, one for both breaking: 1/2."""
    assert grim_patience(5.0, 3.0, 1.0) == 0.5


def noisy_lp(delta: float, p: float, q: float) -> float | None:
    """Return the best symmetric value with a public signal, by a linear program; None where it is infeasible."""
    # v, value after a good and after a bad signal; v = (1-d)2 + d(p g + (1-p) b); d(p-q)(g-b) >= 1-d; 0 <= b, g <= v.
    found = linprog(
        [-1, 0, 0], A_ub=[[0, -delta * (p - q), delta * (p - q)], [-1, 1, 0], [-1, 0, 1]], b_ub=[-(1 - delta), 0, 0],
        A_eq=[[1, -delta * p, -delta * (1 - p)]], b_eq=[2 * (1 - delta)], bounds=[(0, None)] * 3, method="highs",
    )
    return float(found.x[0]) if found.status == 0 else None


def test_c2_a_noisy_public_signal() -> None:
    """p = .9, q = .4: patience .526316, best payoff 1.8; below it the linear program is infeasible."""
    patience = noisy_patience(0.9, 0.4)
    assert f"{patience:.6f}" == "0.526316"
    assert best_noisy_payoff(2.0, 1.0, 0.9, 0.4) == pytest.approx(1.8)
    assert noisy_lp(patience + 1e-6, 0.9, 0.4) == pytest.approx(1.8)
    assert noisy_lp(patience - 1e-6, 0.9, 0.4) is None


@pytest.mark.parametrize(("periods", "digits"), [(math.inf, "1.358025"), (4.0, "1.829092")])
def test_c3_the_price_with_snapback(periods: float, digits: str) -> None:
    """Discount .9, alpha .05, beta .5, suspended for ever and for four periods; the program agrees to 1e-9."""
    found = stationary_price(0.05, 0.5, 0.9, periods)
    assert f"{found:.6f}" == digits
    solved = solve(one_member(0.05, 0.5, 0.9, quarters=12, suspension=periods, flat=True))
    assert solved.flows.topups["ava"][0] == pytest.approx(found, abs=1e-9)


def test_c3_the_law_and_its_spoiler() -> None:
    """r .1, a .05, b .7: 1.230769, and twice the cost survives half a false flag a year."""
    assert f"{law.price(0.05, 0.7, 0.1):.6f}" == "1.230769"
    assert suspension_price(0.05, 0.7, 0.1) == pytest.approx(law.price(0.05, 0.7, 0.1))
    assert law.spoiler_tolerance(2.0, 0.05, 0.7, 0.1) == pytest.approx(0.5)


@pytest.mark.parametrize(("rule", "digits"), [
    ({"rule": "consensus"}, "inf"),
    ({"rule": "minus-concerned", "concerned": "*concerned", "inner": {"rule": "consensus"}}, "1.597"),
    ({"rule": "minus-concerned", "concerned": "*concerned", "inner": {"rule": "quota", "q": 6}}, "1.241"),
    ({"rule": "minus-concerned", "concerned": "*concerned", "inner": {"rule": "negative-consensus"}}, "1.231"),
], ids=["consensus", "minus-one", "six-of-eight", "negative"])
def test_c31_a_rule_is_a_price(rule: dict[str, object], digits: str) -> None:
    """Eight others, each blocking one time in ten, an ideal b of .7 and a of .05."""
    b = 0.7 * p_decide(parse_rule(rule), 8, 0.1)
    assert f"{law.price(0.05, b, 0.1):.3f}" == digits


@pytest.mark.parametrize(("years", "digits"), [(1.0, "2.69"), (2.0, "1.93"), (5.0, "1.47")])
def test_c32_suspensions_must_be_long(years: float, digits: str) -> None:
    """And an honest member is in good standing 1/(1 + aL) of the time."""
    assert f"{suspension_price(0.05, 0.7, 0.1, years):.2f}" == digits
    assert good_standing(0.05, years) == pytest.approx(1.0 / (1.0 + 0.05 * years))


def test_c32_good_standing_is_what_a_simulation_finds() -> None:
    """Exponential spells in good standing, fixed ones suspended, a hundred thousand spells."""
    rng = np.random.default_rng(5)
    good = rng.exponential(20.0, 100_000)
    assert good.sum() / (good.sum() + 5.0 * len(good)) == pytest.approx(good_standing(0.05, 5.0), abs=0.005)


@pytest.mark.parametrize(("a", "b", "r", "c"), [(0.05, 0.7, 0.1, 1.0), (0.0, 2.0, 0.4, 7.0), (0.3, 0.9, 0.02, 3.0)])
def test_c33_at_the_price_honesty_and_shirking_are_worth_the_same(a: float, b: float, r: float, c: float) -> None:
    """Above it honesty is worth more, below it less."""
    tau = c * law.price(a, b, r)
    assert honest_value(tau, c, a, r) == pytest.approx(shirking_value(tau, b, r))
    assert honest_value(1.01 * tau, c, a, r) > shirking_value(1.01 * tau, b, r)
    assert honest_value(0.99 * tau, c, a, r) < shirking_value(0.99 * tau, b, r)


def test_c33_a_simulation_of_both_finds_the_same() -> None:
    """Lives until an exponential end, discounted: both are worth c/(b - a)."""
    rng, r, a, b = np.random.default_rng(2), 0.1, 0.05, 0.7
    tau = law.price(a, b, r)
    for end, flow in ((rng.exponential(1 / a, 400_000), tau - 1.0), (rng.exponential(1 / b, 400_000), tau)):
        worth = flow * (1.0 - np.exp(-r * end)) / r
        assert worth.mean() == pytest.approx(1.0 / (b - a), rel=0.01)


def test_c34_break_even_costs() -> None:
    """One line at r .1, .3, .7 sustains 45, 36 and 26 million a year, and so on for more lines."""
    for tau, costs in ((55.0, (45, 36, 26)), (155.0, (126, 101, 72)), (555.0, (451, 361, 258))):
        assert tuple(round(law.break_even_cost(tau, 0.05, 0.7, r)) for r in (0.1, 0.3, 0.7)) == costs


def test_c4_a_public_good_pact_stays_at_three() -> None:
    """Whatever the number of members, by the formula, and by counting every coalition of up to ten."""
    assert {stable_size(members) for members in range(3, 201)} == {3}
    for members in (3, 5, 10):
        held = stable_coalitions(public_good([1.0] * members, [1.0] * members))
        assert len(held[0].members) == 3


def test_c4_constant_costs_and_club_benefits() -> None:
    """ceil(3.4) is four; a club benefit of 24 holds nine, 23.99 holds eight."""
    assert linear_size(3.4, 1.0) == 4
    assert (stable_size(9, 24.0), stable_size(9, 23.99), club_needed(9)) == (9, 8, 24.0)
    held = stable_coalitions(public_good([1.0] * 9, [1.0] * 9, [24.0] * 9))
    assert len(held[0].members) == 9 and held[0].surplus == pytest.approx(0.0)
    assert len(stable_coalitions(public_good([1.0] * 9, [1.0] * 9, [23.99] * 9))[0].members) == 8


def test_c5_gains_from_trade() -> None:
    """A domestic share of .93 and elasticities of 5 and 10: 1.441 and .723 percent."""
    assert [f"{100 * trade_gain(0.93, e):.3f}" for e in (5.0, 10.0)] == ["1.441", "0.723"]


def test_c6_shared_costs() -> None:
    """One left glove and two right ones; a corridor of 30, 60 and 100."""
    assert shapley([0, 0, 0, 1, 0, 1, 0, 1]) == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert list(airport({"ava": 30.0, "bel": 60.0, "cyr": 100.0}).values()) == pytest.approx([10.0, 25.0, 65.0])
    worth = [0.0] + [-max(cost for member, cost in enumerate((30, 60, 100)) if number >> member & 1)
                     for number in range(1, 8)]
    assert -shapley(worth) == pytest.approx([10.0, 25.0, 65.0])


def test_c7_the_cheapest_schedule_is_backloaded() -> None:
    """Discount .95, alpha .04, beta .5: the continuation is 2.28833, the rent 1.09 instead of 2.29 at a flat flow."""
    assert f"{required_value(0.04, 0.5, 0.95):.5f}" == "2.28833"
    closed = backloaded(0.04, 0.5, 0.95, 12)
    solved = solve(one_member(0.04, 0.5, 0.95, quarters=12))
    assert solved.flows.topups["ava"] == pytest.approx(closed, abs=1e-9)
    assert closed[0] == 0.0
    assert f"{rent(closed, 0.04, 0.95):.2f}" == "1.09"
    assert f"{rent([stationary_price(0.04, 0.5, 0.95)], 0.04, 0.95):.2f}" == "2.29"


def test_c8_the_first_to_offer() -> None:
    """At a discount of .9: .526316."""
    assert f"{first_mover_share(0.9):.6f}" == "0.526316"
