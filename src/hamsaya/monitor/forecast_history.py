"""History as a forecast: the last months themselves, which every model is measured against.

    conflictology    a cell's own last 12 months are the ensemble
    conflictology_n  those of the cell and its eight neighbours, 108 members; what lies outside the maps counts as zero
    faded            a cell's own months, a month counting half as much as one ``half_life`` months later

Source: Hegre et al. (2025), The 2023/24 VIEWS Prediction Challenge, Journal of Peace Research (both benchmarks).
"""

from __future__ import annotations

import numpy as np

from hamsaya.monitor.forecast_cube import Cube
from hamsaya.monitor.forecast_distribution import COUNTS
from hamsaya.monitor.forecast_features import At
from hamsaya.monitor.grid import Array

MONTHS = 12


def conflictology(cube: Cube, at: At, months: int = MONTHS) -> Array:
    """Return each cell's own last months, int32, shape (rows, months); months before the first count as zero."""
    deaths = cube.deaths[:, cube.row, cube.column]
    return np.stack([_back(deaths, at, back) for back in range(months)], 1).astype("i4")


def conflictology_n(cube: Cube, at: At, months: int = MONTHS) -> Array:
    """Return the last months of each cell and its neighbours, int32, shape (rows, 9 * months)."""
    ringed = np.pad(cube.deaths, ((0, 0), (1, 1), (1, 1)))
    around = [ringed[:, cube.row + up, cube.column + right] for up in range(3) for right in range(3)]
    return np.stack([_back(deaths, at, back) for deaths in around for back in range(months)], 1).astype("i4")


def faded(cube: Cube, at: At, half_life: float) -> Array:
    """Return the distribution of each cell's own faded months; shape (rows, len(COUNTS)), float32."""
    deaths = cube.deaths[:, cube.row, cube.column]
    weights = 0.5 ** (np.arange(int(4 * half_life)) / half_life)
    violent = np.concatenate([np.zeros((1, deaths.shape[1]), "i4"), np.cumsum(deaths > 0, 0, dtype="i4")])
    since = violent[at.month + 1, at.cell] - violent[np.maximum(at.month + 1 - len(weights), 0), at.cell]
    rows = np.flatnonzero(since)  # The others are sure of zero.
    own = At(at.month[rows], at.cell[rows])
    reached = np.zeros((len(rows), len(COUNTS)))
    for back, weight in enumerate(weights / weights.sum()):
        reached += weight * (_back(deaths, own, back)[:, None] >= COUNTS)
    result = np.zeros((len(at.month), len(COUNTS)), "f4")
    result[rows] = reached
    return result


def _back(deaths: Array, at: At, back: int) -> Array:
    month = at.month - back
    return np.where(month >= 0, deaths[np.maximum(month, 0), at.cell], 0)
