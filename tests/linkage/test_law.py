"""The price of compliance: published figures, monotone in every argument, and honest where no price exists."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hamsaya.base.interval import Interval
from hamsaya.linkage import law

rates = st.floats(0, 5)
probabilities = st.floats(0, 1)


def test_the_law_at_its_reference_point() -> None:
    """Known answer: r .1, a .05, b .7 give (.8)/(.65) = 1.230769."""
    assert law.price(0.05, 0.7, 0.1) == pytest.approx(1.230769, abs=5e-7)


@pytest.mark.parametrize(("tau", "costs"), [(55.0, (45, 36, 26)), (155.0, (126, 101, 72)), (555.0, (451, 361, 258))])
def test_transit_fees_sustain_their_known_costs(tau: float, costs: tuple[int, int, int]) -> None:
    """Known answers at a .05, b .7 and r .1, .3, .7: one line, two lines, and a pipeline beside them."""
    found = tuple(round(law.break_even_cost(tau, 0.05, 0.7, r)) for r in (0.1, 0.3, 0.7))
    assert found == costs


def test_half_a_false_flag_a_year_is_survived() -> None:
    """Known answer: twice the cost, r .1, a .05, b .7 survive .5 false flags a year."""
    assert law.spoiler_tolerance(2.0, 0.05, 0.7, 0.1) == pytest.approx(0.5)
    assert law.spoiler_tolerance(1.2, 0.05, 0.7, 0.1) < 0.0


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (0.3, 0.3), (0.5, 0.2)])
def test_no_flow_buys_compliance_where_breach_is_no_more_dangerous(a: float, b: float) -> None:
    """When honesty is punished as often as breach, the price is infinite and the break-even cost nought."""
    assert law.price(a, b, 0.1) == math.inf
    assert law.break_even_cost(100.0, a, b, 0.1) == 0.0
    assert law.saving_per_hazard(1.0, a, b, 0.1) == math.inf
    assert "not purchasable" in " ".join(law.explain(a, b, 0.1, 50.0))


@given(a=rates, b=rates, r=rates, more=st.floats(0, 5))
def test_the_price_rises_with_a_and_r_and_falls_with_b(a: float, b: float, r: float, more: float) -> None:
    """More wrongful punishment or impatience costs more; a surer consequence of breach costs less."""
    at = law.price(a, b, r)
    slack = 1e-9 * (1.0 + (at if math.isfinite(at) else 0.0))
    assert law.price(a + more, b, r) >= at - slack
    assert law.price(a, b, r + more) >= at - slack
    assert law.price(a, b + more, r) <= at + slack
    assert at >= 1.0 - slack


@given(a=rates, b=rates, r=rates, tau=st.floats(0.01, 1000))
def test_price_and_break_even_are_two_sides_of_one_law(a: float, b: float, r: float, tau: float) -> None:
    """The cost that a flow just sustains needs exactly that flow, and tolerates no spoiler."""
    assume(b - a > 1e-3)
    cost = law.break_even_cost(tau, a, b, r)
    assert cost * law.price(a, b, r) == pytest.approx(tau)
    assert law.spoiler_tolerance(tau / cost, a, b, r) == pytest.approx(0.0, abs=1e-6)


@given(a=st.floats(0, 0.4), b=st.floats(0.5, 3), r=rates)
def test_a_small_rise_of_b_saves_what_the_slope_says(a: float, b: float, r: float) -> None:
    """The slope -c(r+a)/(b-a)^2 is checked against a small difference."""
    step = 1e-6
    difference = (law.price(a, b - step, r) - law.price(a, b + step, r)) / (2 * step)
    assert law.saving_per_hazard(1.0, a, b, r) == pytest.approx(difference, rel=1e-3, abs=1e-6)


@st.composite
def intervals(draw: st.DrawFn, top: float = 3.0) -> Interval:
    return Interval(*sorted(draw(st.lists(st.floats(0, top), min_size=3, max_size=3))))


@given(a=intervals(), b=intervals(), r=intervals(), tau=intervals(100.0), data=st.data())
def test_an_interval_holds_every_point_of_its_box(
    a: Interval, b: Interval, r: Interval, tau: Interval, data: st.DataObject
) -> None:
    """The worst corner binds: no world within the members' bounds is dearer than the high end says."""
    point = [data.draw(st.floats(each.low, each.high)) for each in (a, b, r, tau)]
    found, costs = law.price_interval(a, b, r), law.break_even_interval(tau, a, b, r)
    at = law.price(*point[:3])
    assert found.low * (1 - 1e-9) <= at <= found.high * (1 + 1e-9)
    cost = law.break_even_cost(point[3], *point[:3])
    assert costs.low * (1 - 1e-9) - 1e-300 <= cost <= costs.high * (1 + 1e-9) + 1e-300


@given(visits=rates, p=probabilities, q=probabilities, d=probabilities, h=probabilities)
def test_a_chain_is_no_stronger_than_its_weakest_link(visits: float, p: float, q: float, d: float, h: float) -> None:
    """Any link at nought and breach has no consequence; with all links sure, every visit counts."""
    assert law.breach_hazard(visits, p, q, d, h) == pytest.approx(visits * p * q * d * h)
    assert law.breach_hazard(visits, p, q, d, h) <= visits * min(p, q, d, h) * (1 + 1e-9)
    assert law.honest_hazard(visits, p, q, d, h) == law.breach_hazard(visits, p, q, d, h)
    assert law.breach_hazard(visits, 1.0, 1.0, 1.0, 1.0) == visits


def test_a_chain_of_intervals_multiplies_its_ends() -> None:
    """A hazard is known as well as its factors are."""
    found = law.chain_interval(Interval(4, 6, 12), Interval(0.25, 0.5, 0.75))
    assert found == Interval(1.0, 3.0, 9.0)
    with pytest.raises(ValueError, match="factor"):
        law.chain_interval(Interval(-1, 0, 1))


def test_numbers_without_meaning_are_refused() -> None:
    """A negative hazard or a probability above one is a mistake, not a result."""
    for arguments in [(-0.1, 0.7, 0.1), (0.1, math.nan, 0.1), (0.1, 0.7, math.inf)]:
        with pytest.raises(ValueError, match="finite number"):
            law.price(*arguments)
    with pytest.raises(ValueError, match="probabilities"):
        law.breach_hazard(6.0, 1.2, 0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="rate"):
        law.breach_hazard(-1.0, 0.5, 0.5, 0.5, 0.5)


def test_the_explanation_names_the_figures() -> None:
    """A minister reads sentences, with the unit beside each figure."""
    told = " ".join(law.explain(0.05, 0.7, 0.1, 55.0))
    assert "0.70 times a year" in told and "$1.23m a year" in told and "$44.7m a year" in told
    assert len(law.explain(0.05, 0.7, 0.1)) == 2
