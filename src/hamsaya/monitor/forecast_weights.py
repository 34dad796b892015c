"""How far each part of the ladder is trusted: weights by range of counts, by recent violence and by months ahead.

Rules
1. The parts are ``PARTS``: trees, the kernel tier, and the cell's own faded history of two half-lives. Their
   distributions are mixed by weights >= 0 of sum 1, for each of ``RANGES`` of counts.
2. The weights of an average row are learnt from the record, least squares on the probabilities (which is what CRPS adds
   up). They are held to a prior: in years of rising violence a free fit learns that everything is too low, and is wrong
   the year after.
3. Near releases then tilt them row by row (``TILT``): the more died in the cell of late, the more its own last months
   count; the further ahead, the less. Far releases do not: their rows are all far ahead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from hamsaya.monitor.forecast_distribution import COUNTS, EDGES, monotone
from hamsaya.monitor.grid import Array

PARTS = ("trees", "kernel", "quick history", "slow history")
RANGES = np.array([1.0, 3.0, 10.0, 40.0])  # counts at which the next set of weights begins
RANGE_OF = np.searchsorted(RANGES, COUNTS, "right") - 1
PRIOR = np.array([[0.5, 0.15, 0.2, 0.15], [0.5, 0.35, 0.15, 0.0], [0.5, 0.25, 0.25, 0.0], [0.45, 0.2, 0.35, 0.0]])
FAR_PRIOR = np.array([[0.4, 0.15, 0.25, 0.2], [0.45, 0.25, 0.2, 0.1], [0.45, 0.4, 0.15, 0.0], [0.5, 0.4, 0.1, 0.0]])
"""Weights of ``PARTS`` in each of ``RANGES``: near those of least squares on the world file's targets of 2012 to 2016
(``PRIOR`` on every other year of them, 1 to 6 months ahead; ``FAR_PRIOR`` 3 to 14 months ahead)."""
TILT = np.array([
    [[0.0, 0.7, -0.6, 0.2], [0.0, -0.6, 0.6, -0.1], [0.0, 0.2, -0.2, 0.2]],
    [[0.0, 0.0, -1.2, 0.5], [0.0, 0.1, 0.9, 0.0], [0.0, -0.6, -0.2, 0.6]],
    [[0.0, 0.6, -1.6, 0.7], [0.0, 0.0, 1.0, -0.1], [0.0, -0.5, -0.3, 0.9]],
    [[0.0, 1.6, -1.0, 0.9], [0.0, 0.2, 0.8, -0.2], [0.0, -0.1, -0.7, 1.4]],
])
"""By range: what is added to the logarithm of each part's weight, once, by recent level and by log months ahead; the
trees' stays. Near the best CRPS on targets of 2010 to 2016, the mean of the world's and the region file's, which
agreed."""
LEAST_WEIGHT = 0.02
"""Tilts start from no less: a part that the record gave nothing may count where its rows differ."""
MOST_LEVEL = 4.0
PULL = 1.0
"""Weight of the prior against the record, in shares of the record's own evidence."""

Parts = tuple[Array, Array, Array, Array]


class Setting(NamedTuple):
    """What a row's weights hang on, beside the record.

    Attributes:
        level: Mean of log(1 + deaths) in the cell, a month counting half as much as one three months later; >= 0.
        ahead: Months ahead, >= 1.
    """

    level: Array
    ahead: Array


def mixed(weights: Array, parts: Parts, setting: Setting | None = None) -> Array:
    """Return the parts' distributions mixed, float32, shape (rows, len(COUNTS)).

    Args:
        weights: Shape (len(RANGES), len(PARTS)), rows sum to 1.
        setting: Of each row, to tilt the weights by (rule 3); without it they hold for every row.
    """
    result = np.empty_like(parts[0], "f4")
    for number, plain in enumerate(weights):
        here = np.flatnonzero(number == RANGE_OF)
        each = np.broadcast_to(plain, (len(result), len(PARTS))) if setting is None else tilted(plain, number, setting)
        result[:, here] = sum(part[:, here] * weight[:, None].astype("f4")
                              for part, weight in zip(parts, each.T, strict=True))
    return monotone(result)


def tilted(weights: Array, number: int, setting: Setting) -> Array:
    """Return one range's weights for every row, shape (rows, len(PARTS)), rows sum to 1 (rule 3)."""
    once, level, ahead = TILT[number]
    moved = (once + np.multiply.outer(np.minimum(setting.level, MOST_LEVEL), level)
             + np.multiply.outer(np.log(setting.ahead), ahead))
    result = np.maximum(weights, LEAST_WEIGHT) * np.exp(moved)
    made: Array = result / result.sum(1, keepdims=True)
    return made


def learnt_weights(parts: Parts, deaths: Array, stands_for: Array, prior: Array) -> Array:
    """Return what a record teaches of the average row's weights, shape (len(RANGES), len(PARTS)) (rule 2).

    Args:
        deaths: What happened, shape (rows,).
        stands_for: How many rows each row stands for, > 0.
        prior: As the result.
    """
    return np.stack([_of_range(parts, deaths, stands_for, number, plain) for number, plain in enumerate(prior)])


def _of_range(parts: Parts, deaths: Array, stands_for: Array, number: int, prior: Array) -> Array:
    """Return one range's weights: least squares on the simplex, pulled to the prior."""
    here = np.flatnonzero(number == RANGE_OF)
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
