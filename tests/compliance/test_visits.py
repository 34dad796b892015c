"""Visits at least cost: against a general solver, the closed form, drawn calendars, and who knows the plan."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hamsaya.base.interval import Interval
from hamsaya.compliance.sampling import visit_rate
from hamsaya.compliance.visits import Plan, Site, calendar, plan
from hamsaya.compliance.visits_trial import found_in_time, spread

AIMS: tuple[Any, ...] = ("average", "bounds", "each")


def closed_share(sites: Sequence[Site], admitted: float) -> float:
    """Return the share of uniform visiting by the formula that the module gives, for sites that are all visited.

    Args:
        sites: All with P(breach) > 0 and, for uniform visiting to be one exposure, with the same p T.
        admitted: Beta of all sites.
    """
    costs, weights = [site.cost / site.eye for site in sites], [site.breach.mid for site in sites]
    all_costs, all_weights = math.fsum(costs), math.fsum(weights)
    apart = math.fsum(k / all_costs * math.log(k / all_costs / (w / all_weights))
                      for k, w in zip(costs, weights, strict=True))
    return 1.0 - apart / math.log(1.0 / admitted)


def site(name: str, mid: float, **fields: Any) -> Site:
    breach = fields.pop("breach", Interval(mid / 2.0, mid, min(1.0, 2.0 * mid)))
    return replace(Site(name, breach, 0.5, 1.0, 30.0), **fields)


chances = st.floats(0.001, 0.95)
site_lists = st.lists(
    st.builds(lambda p, find, cost, days, required, floor: (p, find, cost, days, required, floor), chances,
              st.floats(0.05, 1.0), st.floats(0.1, 20.0), st.floats(1.0, 200.0), st.floats(0.3, 0.99),
              st.sampled_from([0.0, 0.2, 0.95])), min_size=1, max_size=7,
).map(lambda rows: [site(str(n), p, p_find=find, cost=cost, days=days, required=required, floor=floor)
                    for n, (p, find, cost, days, required, floor) in enumerate(rows)])


def missed_too_many(sites: list[Site], found: Plan, weights: list[float]) -> float:
    return sum(w * (site.required - rate.detection)
               for w, site, rate in zip(weights, sites, found.rates, strict=True)) / sum(weights)


def test_one_site_is_visited_as_timeliness_asks() -> None:
    """Known answer: 90 percent in 30 days at p = .5 takes .153506 a day, and alone it is uniform visiting."""
    found = plan([site("pass", 0.05)])
    assert found.rates[0].per_day == pytest.approx(0.153506, abs=1e-6) == visit_rate(0.1, 0.5, 30.0)
    assert found.share == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("aim", AIMS)
def test_where_sites_are_alike_nothing_is_saved(aim: Any) -> None:
    """Equal beliefs and costs: uniform visiting is the cheapest there is, and the plan says so."""
    found = plan([site(str(n), 0.05, breach=Interval(0.05, 0.05, 0.05)) for n in range(9)], aim)
    assert found.share == pytest.approx(1.0, abs=1e-9)
    assert {round(rate.detection, 9) for rate in found.rates} == {0.9}


@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8), st.data())
def test_what_is_saved_is_the_divergence_of_belief_from_cost(scales: list[float], data: st.DataObject) -> None:
    """While every site is visited the share is 1 - D/ln(1/beta), whatever the figures."""
    sites = [site(str(n), 0.1 * scale, cost=data.draw(st.floats(0.5, 2.0))) for n, scale in enumerate(scales)]
    found = plan(sites)
    assert all(rate.per_day > 0.0 for rate in found.rates)
    assert found.share == pytest.approx(closed_share(sites, 0.1), abs=1e-9)


def test_six_parts_in_ten_take_beliefs_two_and_a_half_times_apart() -> None:
    """Known answer: at equal costs 60 percent needs ln(mean/geometric mean) = .4 ln 10; the prior's spread is short."""
    far = math.exp(math.acosh(10**0.4))
    sites = [site("rare", 0.01, breach=Interval(0.01, 0.01, 0.01)),
             site("often", 0.01 * far**2, breach=Interval(*[0.01 * far**2] * 3))]
    assert closed_share(sites, 0.1) == pytest.approx(0.6, abs=1e-12)
    drawn = spread(Interval(0.02, 0.05, 0.2), 4000, np.random.default_rng(1), True)
    assert 0.85 < plan([site(str(n), float(p)) for n, p in enumerate(drawn)]).share < 0.93


@settings(deadline=None, max_examples=60)
@given(site_lists, st.sampled_from(AIMS))
def test_the_aim_is_met_and_never_at_more_than_uniform_visiting(sites: list[Site], aim: Any) -> None:
    """Whatever the figures: on average, for every belief within the bounds, or at each site; floors hold besides."""
    found = plan(sites, aim)
    assert found.share <= 1.0 + 1e-9
    assert found.cost == pytest.approx(sum(s.cost * r.per_day for s, r in zip(sites, found.rates, strict=True)))
    assert missed_too_many(sites, found, [s.breach.mid for s in sites]) <= 1e-9
    for rate, each in zip(found.rates, sites, strict=True):
        assert rate.detection >= each.floor - 1e-12
        assert rate.detection == pytest.approx(-math.expm1(-rate.per_day * each.p_find * each.days), abs=1e-12)
        assert aim != "each" or rate.detection >= each.required - 1e-12
    if aim == "bounds":
        rng = np.random.default_rng(1)
        for _ in range(40):
            weights = [float(rng.choice([s.breach.low, s.breach.high])) for s in sites]
            assert missed_too_many(sites, found, weights) <= 1e-9


@settings(deadline=None, max_examples=25)
@given(site_lists.filter(lambda sites: len(sites) > 1))
def test_no_general_solver_finds_a_cheaper_plan(sites: list[Site]) -> None:
    """The multiplier's solution is the least cost: an interior search from the plan gains nothing."""
    found = plan(sites)
    weights = np.array([s.breach.mid for s in sites])
    k, beta = np.array([s.cost / s.eye for s in sites]), np.array([s.admitted for s in sites])
    least = np.array([-math.log1p(-s.floor) for s in sites])
    scale = float(k.sum())
    answer = minimize(
        lambda x: float(k @ x) / scale, np.maximum(least, 3.0), jac=lambda x: k / scale, method="SLSQP",
        bounds=[(low, 60.0) for low in least], options={"maxiter": 500, "ftol": 1e-12},
        constraints=[{"type": "ineq", "fun": lambda x: float(weights @ (beta - np.exp(-x))) / weights.sum(),
                      "jac": lambda x: weights * np.exp(-x) / weights.sum()}])
    if answer.success:
        assert found.cost <= answer.fun * scale * (1.0 + 1e-6)


@settings(deadline=None, max_examples=40)
@given(site_lists)
def test_more_certainty_costs_more_and_the_worst_belief_is_within_the_bounds(sites: list[Site]) -> None:
    """Average <= bounds in cost; ``at_worst`` is no more than any belief's share, and what bounds guarantees."""
    average, bounds = plan(sites, "average"), plan(sites, "bounds")
    assert average.cost <= bounds.cost * (1.0 + 1e-9)
    rng = np.random.default_rng(2)
    for _ in range(20):
        weights = np.array([rng.uniform(s.breach.low, s.breach.high) for s in sites])
        share = float(weights @ [rate.detection for rate in average.rates] / weights.sum())
        assert average.at_worst <= share + 1e-9
    assert average.at_worst <= average.detection + 1e-9


@settings(deadline=None, max_examples=40)
@given(site_lists, st.lists(st.floats(0.2, 3.0), min_size=7, max_size=7))
def test_against_a_breaker_who_knows_the_plan_equal_detection_is_best(sites: list[Site], moves: list[float]) -> None:
    """No plan of the same cost or less leaves the weakest site better looked at than the aim each does."""
    sites = [replace(each, required=0.9, floor=0.0) for each in sites]
    found = plan(sites, "each")
    assert found.least == pytest.approx(0.9) and found.cost == pytest.approx(found.each_cost)
    other = [rate.per_day * move for rate, move in zip(found.rates, moves, strict=False)]
    if sum(s.cost * v for s, v in zip(sites, other, strict=True)) <= found.cost:
        assert min(-math.expm1(-v * s.eye) for v, s in zip(other, sites, strict=True)) <= found.least + 1e-12


def test_a_floor_leaves_no_site_unvisited() -> None:
    """Without one a site where little is believed gets no visit at all; with one it gets what deters."""
    sites = [site("often", 0.5), site("never", 0.0001)]
    assert plan(sites).rates[1].per_day == 0.0 == plan(sites).least
    held = plan([replace(each, floor=0.5) for each in sites])
    assert held.least == pytest.approx(0.5) and held.detection == pytest.approx(0.9)
    assert plan(sites).cost < held.cost < plan(sites, "each").cost
    # Where the floors alone find enough, they are the plan.
    assert {round(r.detection, 9) for r in plan([replace(s, floor=0.95) for s in sites]).rates} == {0.95}


def test_drawn_calendars_find_what_the_rates_say() -> None:
    """Twenty sites of unlike chance, cost and belief: 90 percent of 20,000 breaches are found within their days."""
    rng = np.random.default_rng(3)
    sites = [site(str(n), float(p), p_find=float(f), cost=float(c), days=20.0 + n) for n, (p, f, c) in enumerate(zip(
        spread(Interval(0.02, 0.05, 0.2), 20, rng, True), rng.uniform(0.3, 1.0, 20), rng.uniform(0.1, 1.0, 20),
        strict=True))]
    found = plan(sites)
    weight = np.array([each.breach.mid for each in sites])
    where = rng.choice(20, 20_000, p=weight / weight.sum())
    seen = found_in_time(sites, {r.site: r.per_day for r in found.rates}, where, 20_000.0, 7)
    assert found.share < 0.95
    assert abs(seen.mean() - 0.9) < 0.01
    for place in np.bincount(where).argsort()[-3:]:
        assert abs(seen[where == place].mean() - found.rates[place].detection) < 0.03


def test_a_calendar_is_its_seeds_alone_and_tells_nothing_of_what_comes() -> None:
    """The same seed gives the same dates, one site's rate moves no other's, and gaps have no memory."""
    rates = {"pass": 0.2, "bridge": 0.1, "shut": 0.0}
    drawn = calendar(rates, 20_000.0, b"\1" * 32)
    assert drawn == calendar(rates, 20_000.0, b"\1" * 32) == sorted(drawn)
    assert drawn != calendar(rates, 20_000.0, b"\2" * 32)
    alone = [visit for visit in drawn if visit.site == "pass"]
    assert alone == calendar({"pass": 0.2}, 20_000.0, b"\1" * 32) and len(alone) == pytest.approx(4000, abs=250)
    gaps = np.diff([visit.day for visit in alone])
    late = gaps[gaps > 5.0] - 5.0
    assert late.mean() == pytest.approx(gaps.mean(), rel=0.1) == pytest.approx(5.0, rel=0.1)


def test_another_implementation_comes_to_the_same_dates() -> None:
    """The first gap, by hand: SHA-256 of the domain, a zero byte and CBOR of [seed, site, 0], its top 53 bits."""
    seed = b"\1" * 32
    told = b"hamsaya/v1/visit\0" + b"\x83\x58\x20" + seed + b"\x66bridge" + b"\x00"
    number = int.from_bytes(hashlib.sha256(told).digest()[:8], "big") >> 11
    assert calendar({"bridge": 0.1}, 100.0, seed)[0].day == pytest.approx(-10.0 * math.log((number + 1) / 2**53))


def test_figures_out_of_range_are_refused() -> None:
    """No site, one twice, nothing believed, and every number outside its range; a calendar without end."""
    nothing = site("a", 0.0)
    for call in (lambda: plan([]), lambda: plan([site("a", 0.1), site("a", 0.2)]), lambda: plan([nothing]),
                 lambda: plan([nothing], "bounds"), lambda: site("a", 0.1, p_find=0.0),
                 lambda: site("a", 0.1, cost=0.0), lambda: site("a", 0.1, days=-1.0),
                 lambda: site("a", 0.1, required=1.0), lambda: site("a", 0.1, floor=1.0),
                 lambda: site("a", 0.1, breach=Interval(0.1, 0.2, 1.1)), lambda: site("a", 0.1, cost=math.nan),
                 lambda: calendar({"a": 1.0}, 0.0, b""), lambda: calendar({"a": -1.0}, 1.0, b""),
                 lambda: calendar({"a": 1e9}, 1e3, b"")):
        with pytest.raises(ValueError, match="expected"):
            call()
    assert plan([nothing], "each").least == pytest.approx(0.9)
