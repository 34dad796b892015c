"""What an older release's record teaches the next: how far to trust the trees, their chances and their intervals.

Rules
1. The record is what a release made ``record_months`` earlier said of months that it had not seen, and what happened.
   Nothing here is learnt from rows that the trees of that release were grown on.
2. Weights: the trees' distribution is mixed with the kernel tier's and with the cell's own faded history of two
   half-lives, by weights >= 0 of sum 1 for each range of counts, least squares on the probabilities (which is what CRPS
   adds up). They are held to a prior: in years of rising violence a free fit learns that everything is too low, and
   is wrong the year after.
3. Chances: the mixed chance of any death is moved by a line in log-odds, held to no change by ``FAITH`` rows' worth of
   evidence. It rises with what the trees said, always.
4. Intervals: for each band of the forecast chance, the level at which the interval held ``COVERAGE`` of the record's
   outcomes, and the level for the size given any death (``SIZE_COVERAGE``). A band with fewer than ``ENOUGH`` rows
   keeps the nominal level. Bands are of what was forecast, never of what came.

Sources: Gneiting, Balabdaoui and Raftery (2007), JRSS B 69(2): 243-268 (calibration); Romano, Patterson and Candes
(2019), NeurIPS 32 (conformal intervals; ours is one level a band, because counts are discrete).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, nnls

from hamsaya.monitor.forecast_distribution import COUNTS, EDGES, monotone, quantiles, sized
from hamsaya.monitor.grid import Array

FADES = (4.0, 48.0)  # half-lives in months of the two histories
FAR_FADES = (8.0, 48.0)
NEAR_MONTHS = 6
"""A release asked further ahead than this uses ``FAR_FADES`` and ``FAR_PRIOR``: recent months tell less of it."""
PARTS = ("trees", "kernel", "quick history", "slow history")
RANGES = np.array([1.0, 3.0, 10.0, 40.0])  # counts at which the next set of weights begins
PRIOR = np.array([[0.5, 0.15, 0.2, 0.15], [0.5, 0.35, 0.15, 0.0], [0.5, 0.25, 0.25, 0.0], [0.45, 0.2, 0.35, 0.0]])
FAR_PRIOR = np.array([[0.4, 0.15, 0.25, 0.2], [0.45, 0.25, 0.2, 0.1], [0.45, 0.4, 0.15, 0.0], [0.5, 0.4, 0.1, 0.0]])
"""Weights of ``PARTS`` in each of ``RANGES``: near those of least squares on the world file's targets of 2012 to 2016
(``PRIOR`` on every other year of them, 1 to 6 months ahead; ``FAR_PRIOR`` 3 to 14 months ahead)."""
PULL = 1.0
"""Weight of the prior against the record, in shares of the record's own evidence."""
FAITH = 1500.0
BANDS = np.array([0.1, 0.3, 0.6, 0.9])
NOMINAL, COVERAGE, SIZE_COVERAGE = 0.90, 0.925, 0.91
LEVELS = np.arange(0.80, 0.985, 0.005)
ENOUGH = 150
LEAST = 1e-6


Parts = tuple[Array, Array, Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What was learnt from a record.

    Attributes:
        weights: Shape (len(RANGES), len(PARTS)), rows sum to 1.
        shift, slope: The line in log-odds, slope > 0.
        levels, size_levels: Nominal level of the 90 % interval in each of ``len(BANDS) + 1`` bands.
        rows: Rows of the record, 0 where there was none and everything is as by default.
    """

    weights: Array
    shift: float
    slope: float
    levels: Array
    size_levels: Array
    rows: int

    def mixed(self, parts: Parts) -> Array:
        """Return the settled distribution from those of ``PARTS``."""
        return self.moved(_mixed(self.weights, parts))

    def moved(self, exceed: Array) -> Array:
        """Return a distribution with its chance of any death moved by the line (rule 3); the sizes stay."""
        chance = np.clip(exceed[:, :1].astype("f8"), LEAST, 1 - LEAST)
        to = 1 / (1 + np.exp(-self.shift - self.slope * np.log(chance / (1 - chance))))
        return monotone(np.where(exceed[:, :1] > LEAST, sized(exceed) * to, exceed))

    def interval(self, exceed: Array) -> Array:
        """Return low and high of the 90 % interval, int32, shape (rows, 2)."""
        return _interval(exceed, self.levels[band_of(exceed[:, 0])])

    def size_interval(self, exceed: Array) -> Array:
        """Return low and high of the 90 % interval of the deaths given any, int32, shape (rows, 2)."""
        return _interval(sized(exceed), self.size_levels[band_of(exceed[:, 0])])


def is_far(horizons: Iterable[int]) -> bool:
    """Return whether a release for these horizons looks far ahead (``NEAR_MONTHS``)."""
    return max(horizons) > NEAR_MONTHS


def unsettled(far: bool = False) -> Settled:
    """Return what holds without a record."""
    bands = len(BANDS) + 1
    return Settled(FAR_PRIOR if far else PRIOR, 0.0, 1.0, np.full(bands, NOMINAL), np.full(bands, NOMINAL), 0)


def band_of(chance: Array) -> Array:
    """Return which band each forecast chance lies in, 0 for the lowest."""
    return np.searchsorted(BANDS, chance, "right")


def _mixed(weights: Array, parts: Parts) -> Array:
    each = weights[np.searchsorted(RANGES, COUNTS, "right") - 1]
    return monotone(sum(part * weight.astype("f4") for part, weight in zip(parts, each.T, strict=True)))


def _interval(exceed: Array, level: Array) -> Array:
    tail = (1 - level) / 2
    return quantiles(exceed, np.stack([tail, 1 - tail], 1))


def settle(parts: Parts, deaths: Array, stands_for: Array, far: bool = False) -> Settled:
    """Return what a record teaches.

    Args:
        parts: Distributions by the older release's ``PARTS``; shape (rows, len(COUNTS)) each.
        deaths: What happened, shape (rows,).
        stands_for: How many rows each row stands for, > 0.
        far: As ``is_far`` says of the horizons.
    """
    default = unsettled(far)
    if len(deaths) < ENOUGH:
        return default
    weights = np.stack([_weights(parts, deaths, stands_for, number, prior)
                        for number, prior in enumerate(default.weights)])
    plain = _mixed(weights, parts)
    shift, slope = _line(plain[:, 0], deaths > 0, stands_for)
    moved = Settled(weights, shift, slope, default.levels, default.size_levels, len(deaths)).moved(plain)
    bands = band_of(moved[:, 0])
    violent = deaths > 0
    levels = _levels(moved, deaths, stands_for, bands, COVERAGE)
    sizes = _levels(sized(moved)[violent], deaths[violent], stands_for[violent], bands[violent], SIZE_COVERAGE)
    return Settled(weights, shift, slope, levels, sizes, len(deaths))


def _weights(parts: Parts, deaths: Array, stands_for: Array, number: int, prior: Array) -> Array:
    """Rule 2 for one range of counts: least squares on the simplex, pulled to the prior."""
    here = np.flatnonzero(np.searchsorted(RANGES, COUNTS, "right") - 1 == number)
    scale = np.sqrt(stands_for[:, None] * np.diff(EDGES)[here])
    known = np.stack([(part[:, here] * scale).ravel() for part in parts], 1).astype("f8")
    happened = ((deaths[:, None] >= COUNTS[here]) * scale).ravel()
    size = np.trace(known.T @ known) / len(PARTS)
    gram = known.T @ known + PULL * size * np.eye(len(PARTS))
    right = known.T @ happened + PULL * size * prior
    gram, right = gram + 1e4 * size, right + 1e4 * size  # Their sum is 1.
    root = np.linalg.cholesky(gram)
    found, _ = nnls(root.T, np.linalg.solve(root, right))
    result: Array = found / found.sum() if found.sum() > 0 else prior
    return result


def _line(chance: Array, violent: Array, stands_for: Array) -> tuple[float, float]:
    """Rule 3: the line in log-odds of largest penalised likelihood; slope at least 0.5."""
    odds = np.clip(chance.astype("f8"), LEAST, 1 - LEAST)
    odds = np.log(odds / (1 - odds))

    def loss(line: Array) -> tuple[float, Array]:
        value = line[0] + line[1] * odds
        miss = stands_for * (1 / (1 + np.exp(-value)) - violent)
        total = float(np.sum(stands_for * (np.logaddexp(0, value) - violent * value)))
        total += FAITH * (line[0] ** 2 + 4 * (line[1] - 1) ** 2) / 2
        slope = np.array([miss.sum() + FAITH * line[0], (miss * odds).sum() + 4 * FAITH * (line[1] - 1)])
        return total, slope

    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(-1, 1), (0.5, 2)])
    return float(found.x[0]), float(found.x[1])


def _levels(exceed: Array, deaths: Array, stands_for: Array, bands: Array, wanted: float) -> Array:
    """Rule 4: each band's smallest level whose interval held the wanted share of the record."""
    result = np.full(len(BANDS) + 1, NOMINAL)
    for band in range(len(result)):
        rows = np.flatnonzero(bands == band)
        if len(rows) < ENOUGH:
            continue
        held = [_held(exceed[rows], deaths[rows], stands_for[rows], level) for level in LEVELS]
        enough = np.flatnonzero(np.asarray(held) >= wanted)
        result[band] = LEVELS[enough[0]] if len(enough) else LEVELS[-1]
    return result


def _held(exceed: Array, deaths: Array, stands_for: Array, level: float) -> float:
    low, high = _interval(exceed, np.full(len(exceed), level)).T
    return float(np.average((deaths >= low) & (deaths <= high), weights=stands_for))
