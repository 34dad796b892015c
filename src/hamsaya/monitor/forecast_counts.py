"""Forecasts of incidents instead of deaths: the same tiers, on a cube that counts incidents.

How many incidents to expect cannot be had from how many deaths: one bombing is one incident and may be most of a
month's deaths. So the tiers learn from, and forecast, the number of incidents of a cell and month, with nothing else
changed. A scan above the forecast needs three figures of it:

    mean, variance   of each distribution, from its probabilities, not from an ensemble: chances of 1 in 400 count
    spread           (variance - mean) / mean^2, >= 0: what counts vary beyond Poisson
    persistence      how much of that lasts from month to month; measured on releases of one and two years before, by
                     the products of what different months of a cell had too much of
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hamsaya.monitor.forecast import Plan, fit_kernels
from hamsaya.monitor.forecast_cube import Cube
from hamsaya.monitor.forecast_distribution import CEILING, COUNTS
from hamsaya.monitor.forecast_rows import KERNELS, WARM_UP, Table
from hamsaya.monitor.grid import Array

RECORD = (12, 24)
"""Months before a release that the older ones were made whose record tells the persistence."""
LEAST_LEARNT = 24
"""Months that such an older release looks back at the least: a year of origins, and the year after each."""


class Moments(NamedTuple):
    """Mean and variance of each distribution, float64."""

    mean: Array
    variance: Array


def counted(cube: Cube) -> Cube:
    """Return the cube whose "deaths" are incidents: what is learnt and forecast from it are numbers of incidents."""
    by_type = np.zeros_like(cube.by_type)
    by_type[0] = cube.events
    return replace(cube, by_type=by_type)


def moments(exceed: Array) -> Moments:
    """Return the moments of distributions by rule 2 of ``forecast_distribution``; shape (rows, len(COUNTS)) in."""
    whole = np.arange(1, int(CEILING) + 1, dtype="f8")
    edges = np.append(COUNTS, CEILING)
    at = np.clip(np.searchsorted(edges, whole, "right") - 1, 0, len(COUNTS) - 1)
    share = np.log(whole / edges[at]) / np.log(edges[at + 1] / edges[at])
    first, second = np.zeros((2, len(COUNTS) + 1))
    for weight, sums in ((np.ones_like(whole), first), (2 * whole - 1, second)):
        np.add.at(sums, at, weight * (1 - share))
        np.add.at(sums, at + 1, weight * share)
    known = np.asarray(exceed, "f8")
    mean = known @ first[:-1]
    return Moments(mean, np.maximum(known @ second[:-1] - mean**2, 0))


def spread(found: Moments) -> Array:
    """Return what the counts vary beyond Poisson; 0 where a distribution has no mean."""
    excess = np.maximum(found.variance - found.mean, 0)
    result: Array = np.divide(excess, found.mean**2, out=np.zeros_like(excess), where=found.mean > 0)
    return result


def persistence(table: Table, known: int, plan: Plan) -> float:
    """Return the share of the spread that lasts over months, in [0, 1]; 1, the cautious end, where there is no record.

    Args:
        table: Of a ``counted`` cube, with the features of ``record_origins(known, plan)``.
        known: Index of the last month known.
    """
    product = whole = 0.0
    for origin in record_origins(known, plan):
        horizons = tuple(one for one in range(1, min(RECORD[0], known - origin) + 1))
        months = min(plan.learn_months, origin - WARM_UP)
        older = Plan(horizons, months, plan.record_months, plan.fading, plan.seed, ("conflictology", "kernel"))
        missed, scale = [], []
        for horizon, fit in fit_kernels(table, origin, older).items():
            found = moments(fit.forecast(table.all_cells(origin, horizon)[:, :KERNELS]))
            missed.append(table.followed[origin + horizon] - found.mean)
            scale.append(np.sqrt(spread(found)) * found.mean)
        product += _pairs(np.array(missed))
        whole += _pairs(np.array(scale))
    return float(np.clip(product / whole, 0, 1)) if whole > 0 else 1.0


def record_origins(known: int, plan: Plan) -> list[int]:
    """Return the months of the older releases whose record tells the persistence; fewer where data are short."""
    learnt = min(known - WARM_UP, plan.reach)
    return [known - back for back in RECORD if learnt - back >= LEAST_LEARNT]


def _pairs(values: Array) -> float:
    """Return the sum over cells of the products of different months."""
    return float((values.sum(0) ** 2 - (values**2).sum(0)).sum() / 2)
