"""Sudden rise and trend of a count series: of a state, a corridor, any list of cells.

Rules
1. The budget comes first: false alarms a year over all series together. The bar follows from it by simulation, a part
   for each series, with the doubt about its past in it: of each simulated series mean and spread are estimated too.
2. What is usual is the reference: mean and overdispersion (method of moments) of the bins before the watch begins.
3. The statistic is a CUSUM of log likelihood ratios, negative binomial, of a rise by each of ``FACTORS``; the largest
   counts. At the bar it alarms and starts again from 0. The rise began after the bin at which it was last 0; an alarm
   again without a return to 0 between is the same rise, which goes on.
4. The trend is log-linear with a quasi-Poisson spread and a 95 % interval; none is given below ``FEWEST`` bins or where
   everything is 0.
5. Counts should be nowcast before (``nowcast``): a fresh bin is never a fall.

Source: Höhle and Paul (2008), Computational Statistics and Data Analysis 52(9): 4357-4368.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FACTORS = (1.5, 2.0, 4.0)
SIMULATED = 2000
FEWEST = 8
LEAST_MEAN = 0.05
DAYS_A_YEAR = 365.25


class Usual(NamedTuple):
    """Mean of a bin, > 0, and overdispersion: variance = mean + mean^2 x spread; 0 is Poisson."""

    mean: float
    spread: float


class Rise(NamedTuple):
    """An alarm: bins (of the watch) at which the rise began, was seen, was seen last while it went on; the mean from
    the first to the last of these bins as a multiple of the usual one."""

    began: int
    seen: int
    last: int
    factor: float


@dataclass(frozen=True, slots=True)
class Watched:
    """One series under watch: the usual count, its bar, every alarm, and the CUSUM at the end."""

    usual: Usual
    bar: float
    rises: tuple[Rise, ...]
    level: float


class Trend(NamedTuple):
    """Change for each 30 days as a ratio, with a 95 % interval; 1 is none."""

    ratio: float
    low: float
    high: float


def usual(reference: Array) -> Usual:
    """Return mean and spread of a reference, at least two bins; raises ValueError below that."""
    if reference.shape[-1] < 2:
        raise ValueError(f"expected a reference of two bins or more, received {reference.shape[-1]}")
    mean, spread = _moments(np.asarray(reference, "f8")[None])
    return Usual(float(mean[0]), float(spread[0]))


def _moments(reference: Array) -> tuple[Array, Array]:
    mean = np.maximum(reference.mean(1), LEAST_MEAN)
    return mean, np.maximum(reference.var(1, ddof=1) - mean, 0.0) / mean**2


def cusum(counts: Array, mean: Any, spread: Any, bar: float = math.inf) -> tuple[Array, Array]:
    """Return the statistic after each bin (of the largest factor), and whether it alarmed there; shape of ``counts``.

    Args:
        counts: Shape (series, bin). mean, spread: Of each series, shape (series,).
    """
    counts = np.asarray(counts, "f8")
    mean, spread = np.broadcast_to(mean, len(counts))[:, None], np.broadcast_to(spread, len(counts))[:, None]
    ratios = np.stack([_log_ratio(counts, mean, spread, factor) for factor in FACTORS])
    level = np.zeros(ratios.shape[:2])
    path, alarms = np.zeros(counts.shape), np.zeros(counts.shape, bool)
    for step in range(counts.shape[1]):
        level = np.maximum(level + ratios[:, :, step], 0.0)
        path[:, step] = level.max(0)
        alarms[:, step] = path[:, step] >= bar
        level[:, alarms[:, step]] = 0.0
    return path, alarms


def _log_ratio(counts: Array, mean: Array, spread: Array, factor: float) -> Array:
    """Return ln(p(count; factor x mean) / p(count; mean)), negative binomial with 1/spread as size."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 1.0 / spread
        wide = counts * math.log(factor) - (counts + size) * np.log((size + factor * mean) / (size + mean))
    return np.where(spread < 1e-9, counts * math.log(factor) - (factor - 1.0) * mean, wide)


def bar_for(known: Usual, reference: int, bins: int, budget: float, seed: int) -> float:
    """Return the bar that keeps to a budget of false alarms over the watch.

    Args:
        known: The usual count; ``reference``: bins it was estimated from; ``bins``: of the watch, >= 1.
        budget: Expected false alarms of this series over the watch, > 0.
    """
    rng = np.random.default_rng([seed, reference, bins])
    shape = (SIMULATED, reference + bins)
    rate = known.mean if known.spread < 1e-9 else rng.gamma(1 / known.spread, known.spread * known.mean, shape)
    drawn = rng.poisson(rate, shape)
    mean, spread = _moments(drawn[:, :reference].astype("f8"))
    path, _ = cusum(drawn[:, reference:], mean, spread)
    return float(np.quantile(path.max(1), math.exp(-budget), method="higher")) + 1e-9


def watch(reference: Array, counts: Array, budget: float, seed: int) -> Watched:
    """Return the alarms of a series after its reference.

    Args:
        reference, counts: Whole numbers by bin; the watch follows the reference.
        budget: As ``bar_for``.
    """
    known = usual(np.asarray(reference))
    if not len(counts):
        return Watched(known, math.inf, (), 0.0)
    bar = bar_for(known, len(reference), len(counts), budget, seed)
    path, alarms = cusum(np.asarray(counts)[None], known.mean, known.spread, bar)
    rises: list[Rise] = []
    start = 0
    for seen in np.flatnonzero(alarms[0]).tolist():
        calm = np.flatnonzero(path[0, start:seen] <= 0.0)
        began, first = start + int(calm[-1]) + 1 if len(calm) else start, seen
        if rises and not len(calm):
            began, first = rises[-1].began, rises.pop().seen
        rises.append(Rise(began, first, seen, float(np.mean(counts[began: seen + 1]) / known.mean)))
        start = seen + 1
    return Watched(known, bar, tuple(rises), float(path[0, -1]) if not alarms[0, -1] else 0.0)


def yearly_share(budget_a_year: float, series: int, bins: int, unit_days: int) -> float:
    """Return one series' part of the budget over a watch of so many bins."""
    return budget_a_year * bins * unit_days / DAYS_A_YEAR / max(series, 1)


def trend(counts: Array, unit_days: int) -> Trend | None:
    """Return the log-linear trend of a series, None where there is none to be told (rule 4)."""
    y = np.asarray(counts, "f8")
    if len(y) < FEWEST or not y.any():
        return None
    x = np.stack([np.ones(len(y)), (np.arange(len(y)) - (len(y) - 1) / 2) * unit_days / 30.0], axis=1)
    beta = np.array([math.log(y.mean()), 0.0])
    for _ in range(50):
        mean = np.exp(np.clip(x @ beta, -20, 20))
        step = np.linalg.solve(x.T @ (x * mean[:, None]) + 1e-9 * np.eye(2), x.T @ (y - mean))
        beta = beta + np.clip(step, -1.0, 1.0)
        if abs(step).max() < 1e-10:
            break
    mean = np.exp(np.clip(x @ beta, -20, 20))
    spread = max(float(((y - mean) ** 2 / mean).sum() / (len(y) - 2)), 1.0)
    error = math.sqrt(spread * float(np.linalg.inv(x.T @ (x * mean[:, None]) + 1e-9 * np.eye(2))[1, 1]))
    low, ratio, high = (math.exp(float(np.clip(beta[1] + z * error, -50, 50))) for z in (-1.96, 0.0, 1.96))
    return Trend(ratio, low, high)
