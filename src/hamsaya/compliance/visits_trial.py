"""Do drawn calendars find breaches in time as often as their rates say? Breaches begin at any hour, visits are drawn.

    found = found_in_time(sites, per_day, where, days=3650.0, seed=1)      # found[j]: breach j, at sites[where[j]]

A breach stands for the whole of its site's days; every visit in them sees it with the site's own chance, each on its
own. Seeds are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hamsaya.base.interval import Interval
from hamsaya.compliance.posterior import NINETY, logit
from hamsaya.compliance.visits import Site, calendar


def found_in_time(
    sites: Sequence[Site], per_day: Mapping[str, float], where: NDArray[np.int64], days: float, seed: int
) -> NDArray[np.bool_]:
    """Return which breaches a calendar of ``days`` drawn at the rates ``per_day`` finds in time.

    Args:
        where: The place in ``sites`` of each breach.
        days: Longer than any site's own days.
    """
    rng = np.random.default_rng(seed)
    by_site: dict[str, list[float]] = {site.name: [] for site in sites}
    for visit in calendar(per_day, days, seed.to_bytes(8, "big")):
        by_site[visit.site].append(visit.day)
    found = np.zeros(len(where), dtype=np.bool_)
    for place, site in enumerate(sites):
        here = np.nonzero(where == place)[0]
        drawn = np.asarray(by_site[site.name])
        begins = rng.uniform(0.0, days - site.days, len(here))
        looks = np.searchsorted(drawn, begins + site.days) - np.searchsorted(drawn, begins)
        found[here] = rng.random(len(here)) < -np.expm1(looks * np.log1p(-site.p_find)) if site.p_find < 1.0 \
            else looks > 0
    return found


def spread(interval: Interval, number: int, rng: np.random.Generator, chance: bool) -> NDArray[np.float64]:
    """Return ``number`` values of which nine in ten lie between the bounds of ``interval``.

    Args:
        chance: Probabilities, whose logits are drawn; else positive quantities, whose logarithms are. Either way the
            normal has the middle and the width of the interval.
    """
    low, mid, high = ((logit(x) if chance else float(np.log(x))) for x in (interval.low, interval.mid, interval.high))
    drawn = np.asarray(rng.normal(mid, (high - low) / (2.0 * NINETY), number))
    return 1.0 / (1.0 + np.exp(-drawn)) if chance else np.exp(drawn)
