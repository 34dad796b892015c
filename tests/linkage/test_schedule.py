"""Schedules: the linear program against the closed forms, its judge, and a hundred thousand worlds of its box."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.interval import Interval
from hamsaya.linkage import worlds
from hamsaya.linkage.plan import Member, Plan, Project, Sender, middle, worst
from hamsaya.linkage.rules import NON_SUSPENDABLE
from hamsaya.linkage.schedule import Infeasible, credibility, solve
from hamsaya.linkage.suspension import stationary_price
from hamsaya.linkage.worlds import Flows


def exact(value: float) -> Interval:
    return Interval(value, value, value)


def around(value: float, share: float = 0.2) -> Interval:
    return Interval(value * (1 - share), value, value * (1 + share))


def member(name: str = "ava", **more: Interval) -> Member:
    fields = {"cost": exact(1.0), "a": exact(0.05), "b": exact(0.7), "r": exact(0.2)} | more
    return Member(name, **fields)


def corridor(seed: int = 4, members: int = 9, projects: int = 12, quarters: int = 40, suspension: float = 8.0) -> Plan:
    """Return a plan of the size that the house must manage: 9 members, 12 projects, 40 quarters."""
    rng = random.Random(seed)
    names = [f"m{number}" for number in range(members)]
    box = {"a": Interval(0.02, 0.05, 0.08), "b": Interval(0.5, 0.7, 1.0), "r": Interval(0.1, 0.2, 0.4)}
    return Plan(
        tuple(Member(name, around(rng.uniform(1, 10)), **box, outside=around(rng.uniform(0, 5)),
                     suspended=around(0.3), value=around(0.2)) for name in names),
        tuple(Project(f"p{number}", {n: around(rng.uniform(1, 15)) for n in rng.sample(names, min(3, members))},
                      {n: around(rng.uniform(1, 8)) for n in rng.sample(names, min(2, members))},
                      {n: around(rng.uniform(0.1, 2)) for n in rng.sample(names, min(2, members))},
                      start=rng.randrange(0, max(1, quarters // 3)), group="rail" if number < 2 else "")
              for number in range(projects)),
        tuple(Sender(name, around(60.0), Interval(0.05, 0.1, 0.15), 1.0 / members) for name in names),
        quarters=quarters, suspension=suspension,
    )


@settings(max_examples=30, deadline=None)
@given(alpha=st.floats(0.0, 0.3), gap=st.floats(0.05, 0.6), delta=st.floats(0.6, 0.98), periods=st.integers(1, 12),
       forever=st.booleans(), cost=st.floats(0.1, 20.0))
def test_the_program_is_the_closed_form(
    alpha: float, gap: float, delta: float, periods: int, forever: bool, cost: float
) -> None:
    """Whatever the figures, the flat schedule costs the closed price to a part in a thousand million."""
    chances = {name: exact(-4.0 * math.log1p(-p)) for name, p in (("a", alpha), ("b", alpha + gap))}
    length = math.inf if forever else float(periods)
    plan = Plan((member(cost=exact(cost), r=exact(-4.0 * math.log(delta)), **chances),), quarters=6, suspension=length,
                slack=0.0, flat=True)
    found = solve(plan)
    wanted = cost * stationary_price(alpha, alpha + gap, delta, length)
    assert found.flows.topups["ava"] == pytest.approx(np.full(6, wanted), rel=1e-9, abs=1e-9)
    assert abs(found.members["ava"].margin) < 1e-6


def test_nine_members_forty_quarters_twelve_projects_hold_in_every_sampled_world() -> None:
    """A hundred thousand worlds inside the box: no incentive breaks, and nobody would rather stay out."""
    plan = corridor()
    found = solve(plan)
    trial = worlds.sample(plan, found.flows, 100_000, seed=7)
    assert (trial.worlds, trial.incentive, trial.participation) == (100_000, 0, 0)
    assert trial.least > 0.0
    assert found.least_cost_musd <= found.cost_musd <= 1.05 * found.least_cost_musd + 1e-3


@pytest.mark.parametrize("suspension", [4.0, 7.0, math.inf])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_any_slack_the_worst_corner_still_bears_every_world(suspension: float, seed: int) -> None:
    """The cheapest schedule of all has no margin by design, and yet nothing inside the box breaks it."""
    plan = replace(corridor(seed, members=3, projects=4, quarters=16, suspension=suspension), slack=0.0)
    found = solve(plan)
    assert worlds.sample(plan, found.flows, 20_000, seed=11).incentive == 0


def test_a_schedule_cut_below_the_price_breaks() -> None:
    """The judge is no rubber stamp: one percent less of every flow, and most worlds have a break."""
    plan = replace(corridor(members=3, projects=4, quarters=16), slack=0.0)
    flows = solve(plan).flows
    less = Flows({name: 0.97 * level for name, level in flows.levels.items()},
                 {name: 0.97 * cash for name, cash in flows.topups.items()})
    one = plan.members[0]
    assert worlds.slack(plan, one, worst(plan, one), less).incentive < 0.0
    corner = replace(plan, members=tuple(replace(m, cost=exact(m.cost.high), a=exact(m.a.high), b=exact(m.b.low),
                                                 r=exact(m.r.high)) for m in plan.members))
    assert worlds.sample(corner, less, 500, seed=1).incentive > 0


def test_levels_never_fall_and_rivals_share_their_freight() -> None:
    """A line once run is run; two that compete for one freight are not counted twice."""
    plan = corridor()
    levels = solve(plan).flows.levels
    for project in plan.projects:
        assert (np.diff(levels[project.name]) >= -1e-9).all()
        assert (levels[project.name][: project.start] == 0.0).all()
        assert levels[project.name].max() <= 1.0 + 1e-9
    assert (levels["p0"] + levels["p1"]).max() <= 1.0 + 1e-9


def test_a_payer_that_would_lose_too_much_is_no_sender() -> None:
    """Where executing the snapback costs the payer more than the regime is worth to it, the project is no lever."""
    line = Project("line", {"ava": exact(10.0)}, {"bel": exact(1.0)}, {"bel": exact(9.0)})
    cheap = Plan((member(),), (line,), (Sender("bel", exact(50.0), exact(0.1)),), quarters=8)
    assert solve(cheap).projects["line"].level > 0.1
    poor = replace(cheap, senders=(Sender("bel", exact(0.0), exact(0.1)),))
    assert solve(poor).projects["line"].level == pytest.approx(0.0, abs=1e-9)
    assert credibility(line) == pytest.approx(10.0 / 9.0)
    assert credibility(replace(line, losses={})) == math.inf


def test_what_cannot_be_bought_is_said_with_who_is_short() -> None:
    """No project and no cash: the refusal names the member and what it lacks."""
    with pytest.raises(Infeasible, match="ava") as refused:
        solve(Plan((member(), member("bel", value=exact(50.0))), topup_cap=0.0, quarters=8))
    assert set(refused.value.short) == {"ava (incentive)", "ava (participation)"}
    with pytest.raises(Infeasible, match="participation"):
        solve(Plan((member(value=exact(5.0), outside=exact(1e6)),), topup_cap=0.0, quarters=8))


def test_a_spoiler_is_survived_to_the_tolerance_told_and_not_beyond() -> None:
    """The stated number of false flags a year holds, one percent more does not."""
    plan = Plan((member(),), quarters=8, slack=0.3)
    found = solve(plan)
    told = found.members["ava"].spoiler
    assert told > 0.0
    for factor, holds in ((0.99, True), (1.01, False)):
        sigma = factor * told
        pushed = replace(plan.members[0], a=exact(0.05 + sigma), b=exact(0.7 + sigma))
        room = worlds.slack(plan, pushed, middle(plan, pushed), found.flows).incentive
        assert (room >= 0.0) == holds


def test_the_break_even_cost_is_where_keeping_the_promise_just_pays() -> None:
    """Of a flat flow it is the flow by the closed price; of any schedule nothing is to spare at it."""
    flat = Plan((member(r=exact(-4 * math.log(0.9)), a=exact(-4 * math.log(0.95)), b=exact(4 * math.log(2.0))),),
                quarters=12, suspension=math.inf, slack=0.0, flat=True)
    assert solve(flat).members["ava"].sustained == pytest.approx(1.0, abs=1e-6)
    plan = corridor(members=4, projects=5, quarters=16)
    solved = solve(plan)
    for each in plan.members:
        point, found = worst(plan, each), solved.members[each.name]
        spare = [min(slack.incentive, slack.participation) for slack in worlds.slacks(plan, each, [
            replace(point, cost=cost) for cost in (found.sustained, 0.99 * found.sustained, 1.01 * found.sustained)],
            solved.flows)]
        assert abs(spare[0]) < 1e-6 and spare[1] > 0.0 > spare[2]
        assert found.sustained >= each.cost.high - 1e-6


def test_the_binding_quantity_is_the_one_whose_relief_widens_most() -> None:
    """A wide interval of cost binds where all else is known exactly; where nothing is open, nothing binds."""
    assert solve(Plan((member(cost=Interval(1.0, 2.0, 4.0)),), quarters=8)).members["ava"].binding == "cost"
    assert solve(Plan((member(b=Interval(0.3, 0.7, 0.9)),), quarters=8)).members["ava"].binding == "b"
    assert solve(Plan((member(),), quarters=8)).members["ava"].binding == "none"


def test_the_judge_counts_as_a_slow_reading_of_the_definition_does() -> None:
    """Value by value, a thousand quarters ahead, against the recursion with its end."""
    plan = Plan((member(suspended=exact(0.1)),), quarters=5, suspension=3.0)
    flows = Flows({}, {"ava": np.array([0.0, 1.0, 2.0, 1.5, 3.0])})
    point = middle(plan, plan.members[0])
    length = 1000
    pay = np.r_[flows.topups["ava"], np.full(length, 3.0)]
    value = np.zeros(length + 20)
    outside = sum(0.1 * point.delta**k for k in range(3))
    for t in range(length - 1, -1, -1):
        punished = outside + point.delta**3 * value[t + 4]
        value[t] = pay[t] - 1.0 + point.delta * ((1 - point.alpha) * value[t + 1] + point.alpha * punished)
    room = [point.delta * (point.beta - point.alpha) * (value[t + 1] - outside - point.delta**3 * value[t + 4]) - 1.0
            for t in range(5)]
    found = worlds.slack(plan, plan.members[0], point, flows)
    assert found.incentive == pytest.approx(min(room), abs=1e-9)
    assert found.quarter == int(np.argmin(room)) and found.participation == pytest.approx(value[0], abs=1e-9)


@pytest.mark.parametrize("goods", sorted(NON_SUSPENDABLE))
def test_humanitarian_items_are_never_a_lever(goods: str) -> None:
    """They run whatever anybody does, so no schedule may count on stopping them."""
    line = Project("line", {"ava": exact(1.0)}, goods=goods)
    with pytest.raises(ValueError, match="never stopped"):
        Plan((member(),), (line,))


def test_the_list_of_what_never_stops_is_the_one_of_the_rules() -> None:
    """Hard-coded, in one place, and exactly these."""
    assert {"humanitarian-goods", "medicine", "pedestrian-return"} == NON_SUSPENDABLE


@pytest.mark.parametrize("make", [
    lambda: Plan(()), lambda: Plan((member(),), quarters=0), lambda: Plan((member(), member())),
    lambda: Plan((member(a=exact(0.7)),)), lambda: Plan((member(b=Interval(0.0, 0.7, 1.0)),)),
    lambda: Plan((member(r=exact(0.0)),)), lambda: Plan((member(),), suspension=0.5),
    lambda: Plan((member(),), (Project("line", {"bel": exact(1.0)}),)),
    lambda: Plan((member(),), (Project("line", {"ava": exact(1.0)}, start=99),)),
    lambda: Plan((member(),), senders=tuple(Sender(name, exact(1), exact(0.1), 0.7) for name in ("bel", "cyr"))),
])
def test_plans_without_meaning_are_refused(make: object) -> None:
    """No member, no quarter, b at or below a, a benefit to a stranger: each is a sentence."""
    assert callable(make)
    with pytest.raises(ValueError):
        make()
