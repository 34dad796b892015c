"""The thread as numbers: bounds that hold every world, levers, and the cheapest step."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.interval import Interval
from hamsaya.linkage import law
from hamsaya.linkage.levers import MONEY, Offer, cheapest, next_steps
from hamsaya.linkage.thread import Link, pull, sustained

R = Interval(0.1, 0.1, 0.1)


def exact(value: float) -> Interval:
    return Interval(value, value, value)


def link(name: str, breach: float, honest: float, best: tuple[float, float] | None = None) -> Link:
    return Link(name, exact(breach), exact(honest), "a test", best)


@st.composite
def boxes(draw: st.DrawFn, top: float = 1.0) -> Interval:
    return Interval(*sorted(draw(st.lists(st.floats(0, top), min_size=3, max_size=3))))


@given(shared=st.lists(boxes(6.0), min_size=1, max_size=3), breach=boxes(), honest=boxes(), r=boxes(), data=st.data())
def test_no_world_of_the_box_is_dearer_than_the_high_end(
    shared: list[Interval], breach: Interval, honest: Interval, r: Interval, data: st.DataObject
) -> None:
    """Visits and the decision move both hazards together; whatever point is drawn, the interval holds its price."""
    links = [Link(str(n), each, each, "", shared=True) for n, each in enumerate(shared)]
    links.append(Link("own", breach, honest, ""))
    common = math.prod(data.draw(st.floats(each.low, each.high)) for each in shared)
    b, a, rate = (data.draw(st.floats(each.low, each.high)) for each in (breach, honest, r))
    found = pull(links, r)
    at = law.price(common * a, common * b, rate)
    if breach.low > honest.high:
        assert found.price.low * (1 - 1e-9) <= at <= found.price.high * (1 + 1e-9)
    else:
        assert at >= found.price.low * (1 - 1e-9)
    assert found.b.low * (1 - 1e-9) <= common * b <= found.b.high * (1 + 1e-9)
    assert found.a.low * (1 - 1e-9) <= common * a <= found.a.high * (1 + 1e-9)


def test_shared_links_narrow_the_price() -> None:
    """The bounds of a and b taken apart would pair few visits for breakers with many for the honest."""
    links = [Link("visits", Interval(2, 6, 12), Interval(2, 6, 12), "", shared=True), link("panel", 0.9, 0.1)]
    found = pull(links, R)
    assert found.price.high < law.price_interval(found.a, found.b, R).high


def test_the_largest_lever_is_the_one_that_sustains_most() -> None:
    """A weak link that can be mended beats a strong one that can be polished."""
    links = [link("visits", 4, 4, (5, 5)), link("panel", 0.9, 0.1, (0.95, 0.05)), link("payers", 0.2, 0.2, (1, 1))]
    found = pull(links, R)
    assert found.largest == "payers"
    assert [lever.link for lever in found.levers][0] == "payers"
    assert found.levers[0].sustained == pytest.approx(sustained(0.4, 3.6, 0.1))
    assert pull([link("visits", 4, 4)], R).largest == "none"


def test_where_nothing_is_purchasable_the_interval_says_so() -> None:
    """As many wrong punishments as right ones: the price is endless, and a flow sustains nothing."""
    found = pull([link("visits", 4, 4), link("panel", 0.3, 0.3)], R)
    assert found.price.mid == math.inf and found.sustained.mid <= 0.0


def test_the_cheapest_step_is_that_with_the_least_cost_a_unit() -> None:
    """Money costs the price; a visit its cost by what it adds to the whole flow; agreement has no price in money."""
    links = [link("visits", 2, 2), link("panel", 0.9, 0.1), link("finding", 0.5, 0.5)]
    offers = [Offer("a visit", "visits", 3, 3, 0.3), Offer("a rule", "finding", 1, 1, None),
              Offer("a seat", "panel", 0.9, 0.1, 0.1)]
    steps = next_steps(links, 0.1, 100.0, offers)
    a, b = 0.1, 0.9
    money = next(step for step in steps if step.name == MONEY)
    assert money.per_unit_musd == pytest.approx(law.price(a, b, 0.1))
    visit = next(step for step in steps if step.name == "a visit")
    gain = law.break_even_cost(100.0, 1.5 * a, 1.5 * b, 0.1) - law.break_even_cost(100.0, a, b, 0.1)
    assert visit.adds_musd == pytest.approx(gain) and visit.per_unit_musd == pytest.approx(0.3 / gain)
    assert steps[-1].name == "a rule" and steps[-1].adds_musd > visit.adds_musd
    best = cheapest(steps)
    assert best is not None and best.name == "a visit"
    small = cheapest(next_steps(links, 0.1, 0.01, offers))
    assert small is not None and small.name == MONEY


def test_where_money_buys_nothing_a_rule_may() -> None:
    """The accused can block: no million helps, and the step that has a price and adds something is named."""
    links = [link("finding", 0.0, 0.0), link("panel", 0.9, 0.1)]
    steps = next_steps(links, 0.1, 100.0, [Offer("a rule", "finding", 1, 1, 2.0)])
    assert steps[0].name == "a rule" and steps[0].adds_musd == pytest.approx(100.0 * sustained(0.1, 0.9, 0.1))
    assert next(step for step in steps if step.name == MONEY).per_unit_musd == math.inf
    assert cheapest(next_steps(links, 0.1, 100.0, [])) is None


def test_figures_without_meaning_are_refused() -> None:
    """No links, two of a name, an offer for nothing, a flow below nought."""
    for call in (lambda: pull([], R), lambda: Link("x", exact(1), exact(2), "", shared=True),
                 lambda: pull([link("x", 1, 1), link("x", 1, 1)], R),
                 lambda: next_steps([link("x", 1, 1)], 0.1, -1.0, []),
                 lambda: next_steps([link("x", 1, 1)], 0.1, 1.0, [Offer("y", "y", 1, 1, 1.0)])):
        with pytest.raises(ValueError, match="expected"):
            call()
