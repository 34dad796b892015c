"""The distribution of deaths in a cell and month, as the probabilities to reach each of a fixed list of counts.

Rules
1. ``exceed[i, k]`` is the probability of at least ``COUNTS[k]`` deaths; it never rises along k. The first column is the
   probability that anybody dies at all. Nothing reaches ``CEILING``.
2. Between two counts of the list the probability falls evenly in the logarithm of the count.
3. 200 quantiles stand for the distribution where an ensemble is wanted: member m is the (m + 1/2) / 200 quantile,
   rounded down to a whole number.
4. Distributions are mixed by mixing these probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hamsaya.monitor.compiled import compiled
from hamsaya.monitor.grid import Array

COUNTS = np.array([*range(1, 11), 12, 14, 17, 20, 24, 30, 36, 45, 56, 70, 85, 100, 125, 150, 200, 250, 350, 500, 700,
                   1000, 1500], "f8")
CEILING = 3000.0
EDGES = np.append(COUNTS, CEILING)
MEMBERS = 200


def monotone(exceed: Array) -> Array:
    """Return ``exceed`` within [0, 1] and never rising along a row (rule 1); float32."""
    result: Array = np.minimum.accumulate(np.clip(exceed, 0, 1), 1).astype("f4")
    return result


def of_members(ensemble: Array, weights: Any = None) -> Array:
    """Return the distribution of an ensemble, shape (rows, members), whose members count by ``weights`` (sum 1)."""
    shares = np.full(ensemble.shape[1], 1 / ensemble.shape[1]) if weights is None else np.asarray(weights, "f8")
    result = np.zeros((len(ensemble), len(COUNTS)))
    for member, share in zip(ensemble.T, shares, strict=True):
        result += share * (member[:, None] >= COUNTS)
    return result.astype("f4")


def finer(exceed: Array, counts: Array) -> Array:
    """Return probabilities known at some of the counts (an increasing list that starts with 1) at all of ``COUNTS``."""
    known, wanted = np.log(np.append(counts, CEILING)), np.log(COUNTS)
    at = np.clip(np.searchsorted(known, wanted, "right") - 1, 0, len(counts) - 1)
    share = (wanted - known[at]) / (known[at + 1] - known[at])
    whole = np.concatenate([exceed, np.zeros((len(exceed), 1), exceed.dtype)], 1)
    result: Array = (whole[:, at] * (1 - share) + whole[:, at + 1] * share).astype("f4")
    return result


def members(exceed: Array, count: int = MEMBERS) -> Array:
    """Return ``count`` quantiles as whole numbers in rising order, int32, shape (rows, count) (rule 3)."""
    levels = (np.arange(count) + 0.5) / count
    result: Array = _quantiles(exceed.astype("f8"), EDGES, np.broadcast_to(levels, (len(exceed), count)))
    return result


def quantiles(exceed: Array, levels: Array) -> Array:
    """Return the quantiles of each row at its own levels in (0, 1), rising along a row; int32, shape of ``levels``."""
    result: Array = _quantiles(exceed.astype("f8"), EDGES, np.asarray(levels, "f8"))
    return result


@compiled
def _quantiles(exceed: Array, edges: Array, levels: Array) -> Array:
    rows, steps = exceed.shape
    result = np.zeros(levels.shape, np.int32)
    for row in range(rows):
        step = 0
        for place in range(levels.shape[1]):
            above = 1.0 - levels[row, place]
            if above >= exceed[row, 0]:
                continue
            while step + 1 < steps and above < exceed[row, step + 1]:
                step += 1
            upper = exceed[row, step]
            lower = exceed[row, step + 1] if step + 1 < steps else 0.0
            share = min((upper - above) / max(upper - lower, 1e-12), 0.999999)
            result[row, place] = int(edges[step] * (edges[step + 1] / edges[step]) ** share + 1e-9)
    return result


def mean(exceed: Array) -> Array:
    """Return the expected deaths of each row, float64: the 200 quantiles' mean."""
    result: Array = members(exceed).mean(1)
    return result


def sized(exceed: Array) -> Array:
    """Return the distribution of the deaths given that anybody dies; rows without any chance of it are certain of 1."""
    first = exceed[:, :1]
    certain = np.zeros_like(exceed)
    certain[:, 0] = 1
    result: Array = np.where(first > 0, exceed / np.maximum(first, 1e-12), certain)
    return result
