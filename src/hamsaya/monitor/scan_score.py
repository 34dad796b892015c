"""Scan above a given mean where counts are overdispersed: negative binomial, by the score statistic.

For a zone and a window: sum of (count - mean) / w over sqrt(sum of mean / w), w = 1 + mean x spread; about standard
normal where nothing is going on. A plain Poisson scan of such counts alarms all the time.
Source: Tango, Takahashi and Kohriyama (2011), Biometrics 67(1): 106-115.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.compiled import compiled

Array = npt.NDArray[Any]


def scores(counts: Array, means: Array, spread: float) -> tuple[Array, Array]:
    """Return (count - mean) / w and mean / w by place and bin."""
    w = 1.0 + means * spread
    return (counts - means) / w, means / w


def draw(means: Array, spread: float, seed: int, number: int) -> Array:
    """Return the counts of replicate ``number``, negative binomial with these means."""
    rng = np.random.default_rng([seed, 2, number])
    rate = rng.gamma(1 / spread, spread * means) if spread > 0 else means
    drawn: Array = rng.poisson(rate)
    return drawn


@compiled
def best_scores(first: Array, place: Array, before: Array, after: Array, above: Array, weight: Array, counts: Array,
                least: int) -> tuple[Array, Array]:
    """Return each centre's highest score, and its (zone, window), -1 for none.

    Args:
        first, place: Zones; before, after: windows (``scan_space``).
        above, weight, counts: Cumulated lanes by place.
        least: Fewest cases.
    """
    centres, lanes = len(first) - 1, above.shape[1]
    best, where = np.zeros(centres), np.full((centres, 2), -1)
    num, den, cases = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    for centre in range(centres):
        num[:] = 0.0
        den[:] = 0.0
        cases[:] = 0.0
        for zone in range(first[centre], first[centre + 1]):
            for lane in range(lanes):
                num[lane] += above[place[zone], lane]
                den[lane] += weight[place[zone], lane]
                cases[lane] += counts[place[zone], lane]
            for window in range(len(before)):
                more = num[after[window]] - num[before[window]]
                size = den[after[window]] - den[before[window]]
                enough = cases[after[window]] - cases[before[window]] >= least
                if more > 0 and enough and more * more > best[centre] * best[centre] * size:
                    best[centre], where[centre, 0], where[centre, 1] = more / np.sqrt(size), zone, window
    return best, where
