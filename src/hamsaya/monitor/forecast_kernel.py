"""The ``kernel`` tier: a non-negative linear intensity on kernels, and what followed such intensities before.

Rules
1. For each horizon the log of deaths is fitted by least squares with coefficients >= 0 on decays by blurs (group 0 of
   the features). More violence nearby never lowers the intensity.
2. Intensities are cut into bins; the forecast of a bin is the distribution of what followed in it, each row weighted as
   it was drawn. A higher bin is never milder: each probability is fitted to rise with the bin (isotonic regression).
3. numpy and scipy only; no chance anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression, nnls

from hamsaya.monitor.forecast_distribution import COUNTS, monotone
from hamsaya.monitor.grid import Array

BIN_SHARES = np.r_[0.0, 0.5, 0.8, 0.9, 1 - np.geomspace(0.07, 0.0002, 28), 1.0]
RIDGE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """One horizon's fit.

    Attributes:
        weights: float64, >= 0, one a feature.
        edges: Intensities between the bins, rising.
        exceed: float32, shape (bins, len(COUNTS)): the distribution of each bin.
    """

    weights: Array
    edges: Array
    exceed: Array

    def forecast(self, features: Array) -> Array:
        """Return the distribution of each row; shape (rows, len(COUNTS))."""
        result: Array = self.exceed[self._bins(features.astype("f8") @ self.weights)]
        return result

    def _bins(self, intensity: Array) -> Array:
        return _bins(intensity, self.edges)


def _bins(intensity: Array, edges: Array) -> Array:
    return np.clip(np.searchsorted(edges, intensity, "right") - 1, 0, len(edges) - 2)


def fit(features: Array, deaths: Array, drawn: Array) -> Kernel:
    """Return the fit of one horizon.

    Args:
        features: Shape (rows, kernels), >= 0.
        deaths: What followed, shape (rows,), >= 0.
        drawn: How many rows each row stands for, > 0.
    Raises:
        ValueError: there are no rows.
    """
    if not len(deaths):
        raise ValueError("expected rows to learn from, received none")
    known = features.astype("f8")
    weighted = known * drawn[:, None]
    gram = weighted.T @ known + RIDGE * np.eye(known.shape[1])
    weights, _ = nnls(gram, weighted.T @ np.log1p(deaths.astype("f8")))
    intensity = known @ weights
    edges = _edges(intensity, drawn)
    bins, size = _bins(intensity, edges), len(edges) - 1
    total = np.bincount(bins, drawn, size)
    violent = np.flatnonzero(deaths > 0)  # Only these reach any count.
    bins, deaths, drawn = bins[violent], deaths[violent], drawn[violent]
    reached = np.stack([np.bincount(bins, drawn * (deaths >= count), size) for count in COUNTS], 1)
    held = np.maximum(total, 1e-9)
    exceed = np.stack([isotonic_regression(column / held, weights=held).x for column in reached.T], 1)
    return Kernel(weights, edges, monotone(exceed))


def _edges(intensity: Array, drawn: Array) -> Array:
    """Return the bins' edges: quantiles of the intensity over all cells and months, rows weighted as drawn."""
    order = np.argsort(intensity, kind="stable")
    share = np.cumsum(drawn[order], dtype="f8")
    at = np.searchsorted(share, BIN_SHARES * share[-1]).clip(0, len(order) - 1)
    edges = np.unique(intensity[order][at])
    return edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1])
