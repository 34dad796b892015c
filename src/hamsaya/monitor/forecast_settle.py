"""What an older release's record teaches the next: how far to trust the trees, their chances and their intervals.

Rules
1. The record is what a release made ``record_months`` earlier said of months that it had not seen, and what happened.
   Nothing here is learnt from rows that the trees of that release were grown on.
2. Weights: the parts are mixed as ``forecast_weights`` says.
3. Chances: the mixed chance of any death is moved by a line in log-odds, held to no change by ``FAITH`` rows' worth of
   evidence. It rises with what the trees said, always.
4. Intervals: for each band of the forecast chance, the level at which the interval held ``COVERAGE`` of the record's
   outcomes, and the level for the size given any death (``SIZE_COVERAGE``). Bands above the lowest are filled up with
   ``ENOUGH`` rows' worth of all of them together, and their levels are held to the nominal one by as much: a band with
   few rows has a level between the nominal one and its neighbours'. Bands are of what was forecast, never of what came.

Sources: Gneiting, Balabdaoui and Raftery (2007), JRSS B 69(2): 243-268 (calibration); Romano, Patterson and Candes
(2019), NeurIPS 32 (conformal intervals; ours is one level a band, because counts are discrete).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from hamsaya.monitor.forecast_distribution import monotone, quantiles, sized
from hamsaya.monitor.forecast_weights import FAR_PRIOR, PRIOR, Parts, Setting, learnt_weights, mixed
from hamsaya.monitor.grid import Array

FADES = (4.0, 48.0)  # half-lives in months of the two histories
FAR_FADES = (8.0, 48.0)
NEAR_MONTHS = 6
"""A release asked further ahead than this uses ``FAR_FADES`` and ``FAR_PRIOR``: recent months tell less of it."""
FAITH = 1500.0
BANDS = np.array([0.1, 0.3, 0.6, 0.9])
NOMINAL, COVERAGE, SIZE_COVERAGE = 0.90, 0.925, 0.91
LEVELS = np.arange(0.80, 0.985, 0.005)
ENOUGH = 150
LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What was learnt from a record.

    Attributes:
        weights: Of an average row, as ``forecast_weights.mixed`` takes them.
        shift, slope: The line in log-odds, slope > 0.
        levels, size_levels: Nominal level of the 90 % interval in each of ``len(BANDS) + 1`` bands.
        rows: Rows of the record, 0 where there was none and everything is as by default.
        far: Whether it is of a release that looks far ahead, whose weights are not tilted.
    """

    weights: Array
    shift: float
    slope: float
    levels: Array
    size_levels: Array
    rows: int
    far: bool = False

    def mixed(self, parts: Parts, setting: Setting) -> Array:
        """Return the settled distribution from those of the parts."""
        return self.moved(mixed(self.weights, parts, None if self.far else setting))

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
    return Settled(FAR_PRIOR if far else PRIOR, 0.0, 1.0, np.full(bands, NOMINAL), np.full(bands, NOMINAL), 0, far)


def band_of(chance: Array) -> Array:
    """Return which band each forecast chance lies in, 0 for the lowest."""
    return np.searchsorted(BANDS, chance, "right")


def _interval(exceed: Array, level: Array) -> Array:
    tail = (1 - level) / 2
    return quantiles(exceed, np.stack([tail, 1 - tail], 1))


def settle(parts: Parts, setting: Setting, deaths: Array, stands_for: Array, far: bool = False) -> Settled:
    """Return what a record teaches.

    Args:
        parts: Distributions by the older release's parts; shape (rows, len(COUNTS)) each.
        setting: Of each row.
        deaths: What happened, shape (rows,).
        stands_for: How many rows each row stands for, > 0.
        far: As ``is_far`` says of the horizons.
    """
    default = unsettled(far)
    if len(deaths) < ENOUGH:
        return default
    weights = learnt_weights(parts, deaths, stands_for, default.weights)
    plain = mixed(weights, parts, None if far else setting)
    shift, slope = _line(plain[:, 0], deaths > 0, stands_for)
    moved = replace(default, shift=shift, slope=slope).moved(plain)
    bands = band_of(moved[:, 0])
    violent = deaths > 0
    levels = _levels(moved, deaths, stands_for, bands, COVERAGE)
    sizes = _levels(sized(moved)[violent], deaths[violent], stands_for[violent], bands[violent], SIZE_COVERAGE)
    return Settled(weights, shift, slope, levels, sizes, len(deaths), far)


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
    held = np.stack([_held(exceed, deaths, level) for level in LEVELS], 1) * stands_for[:, None].astype("f8")
    above = bands > 0
    common = held[above].sum(0) / max(float(stands_for[above].sum(dtype="f8")), 1.0)
    for band in range(len(result)):
        rows, fill = bands == band, ENOUGH if band else 0
        if np.count_nonzero(above if band else rows) < ENOUGH:
            continue
        count = stands_for[rows].sum(dtype="f8")
        enough = np.flatnonzero((held[rows].sum(0) + fill * common) / (count + fill) >= wanted)
        level = LEVELS[enough[0]] if len(enough) else LEVELS[-1]
        result[band] = (count * level + fill * NOMINAL) / (count + fill)
    return result


def _held(exceed: Array, deaths: Array, level: float) -> Array:
    low, high = _interval(exceed, np.full(len(exceed), level)).T
    result: Array = (deaths >= low) & (deaths <= high)
    return result
