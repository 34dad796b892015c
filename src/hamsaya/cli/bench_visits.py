"""Part of ``hamsaya bench price``: what visits at least cost cost, as a share of uniform visiting to the same aim.

    equal    sites that are alike: nothing can be saved, the share is 1
    belief   P(breach) spread as the node's own prior is (0.02 to 0.2, nine in ten), all else equal
    pack     the same, and chance to see and cost of a visit spread as the pack's figures are; by each aim, and on
             average with at least one breach in two found at every site
    live     P(breach) as stated in the world of ``compliance.calibration`` after its nine attestors spoke; the breaches
             are those that there were, not those believed

Of ``belief``, ``pack`` and ``live`` also the share of breaches that drawn calendars found in time, of 90 percent asked.
Forty sites in each group, medians over groups; everything is seeded.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hamsaya.base.interval import Interval
from hamsaya.node.bootstrap import open_named_pack, pack_priors
from hamsaya.node.posteriors import PRIOR

if TYPE_CHECKING:
    from hamsaya.compliance.visits import Aim

SITES, DAYS, LENGTH, BREACHES = 40, 30.0, 1000.0, 2000


def visits(quick: bool) -> dict[str, Any]:
    """Measure all of it."""
    import numpy as np

    from hamsaya.compliance.visits import plan

    groups, rng = 5 if quick else 25, np.random.default_rng(1)
    even = plan(_sites([0.05] * SITES))
    found: dict[str, Any] = {"visits_equal_share": round(even.share, 3)}
    pack = pack_priors(open_named_pack(None))
    figures = {"belief": _exact(0.5), "pack": pack["p_detect"].value}
    costs = {"belief": _exact(1.0), "pack": pack["visit_cost_musd"].value}
    for name in figures:
        drawn = [_drawn(figures[name], costs[name], rng) for _ in range(groups)]
        found |= _measured(f"visits_{name}", drawn, rng)
    aims: tuple[Aim, ...] = ("bounds", "each")
    for aim in aims:
        found[f"visits_pack_{aim}_share"] = _median(plan(sites, aim).share for sites in drawn)
    found["visits_pack_floor_half_share"] = _median(
        plan([replace(site, floor=0.5) for site in sites]).share for sites in drawn)
    return found | _live(groups, rng)


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def _exact(value: float) -> Interval:
    return Interval(value, value, value)


def _sites(breach: Any, detect: Any = None, cost: Any = None) -> Any:
    from hamsaya.compliance.visits import Site

    return [Site(str(n), Interval(p / 2.0, p, min(1.0, 2.0 * p)), 0.5 if detect is None else float(detect[n]),
                 1.0 if cost is None else float(cost[n]), DAYS) for n, p in enumerate(map(float, breach))]


def _drawn(detect: Interval, cost: Interval, rng: Any) -> Any:
    from hamsaya.compliance.visits_trial import spread

    return _sites(spread(PRIOR, SITES, rng, True), spread(detect, SITES, rng, True), spread(cost, SITES, rng, False))


def _measured(name: str, groups: Any, rng: Any) -> dict[str, Any]:
    """Return the median share of uniform, the least detection, and what drawn calendars found of breaches as drawn."""
    import numpy as np

    from hamsaya.compliance.visits import plan
    from hamsaya.compliance.visits_trial import found_in_time

    shares, least, found = [], [], []
    for number, sites in enumerate(groups):
        made = plan(sites)
        weight = np.array([site.breach.mid for site in sites])
        where = rng.choice(len(sites), BREACHES, p=weight / weight.sum())
        rates = {rate.site: rate.per_day for rate in made.rates}
        found.append(found_in_time(sites, rates, where, LENGTH, number).mean())
        shares.append(made.share)
        least.append(made.least)
    return {f"{name}_share": _median(shares), f"{name}_found": round(float(np.mean(found)), 3),
            f"{name}_least_detection": _median(least)}


def _live(groups: int, rng: Any) -> dict[str, Any]:
    import numpy as np

    from hamsaya.compliance.calibration import World, simulate
    from hamsaya.compliance.visits import plan
    from hamsaya.compliance.visits_trial import found_in_time

    shares, held, least, found = [], [], [], []
    stated, happened, _ = simulate(World(prevalence=0.1), histories=8, each=groups * SITES, seed=5)
    for number in range(8 * groups):
        chosen = slice(number * SITES, (number + 1) * SITES)
        sites = _sites(np.clip(stated[chosen], 0.0, 1.0))
        made = plan(sites)
        where = np.repeat(np.nonzero(happened[chosen])[0], 50)
        rates = {rate.site: rate.per_day for rate in made.rates}
        found.append(found_in_time(sites, rates, where, LENGTH, number))
        shares.append(made.share)
        least.append(made.least)
        held.append(plan([replace(site, floor=0.5) for site in sites]).share)
    return {"visits_live_share": _median(shares), "visits_live_floor_half_share": _median(held),
            "visits_live_found": round(float(np.concatenate(found).mean()), 3),
            "visits_live_least_detection": _median(least),
            "visits_live_breaches": int(sum(map(len, found)) // 50)}
