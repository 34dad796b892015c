"""Scores of forecasts of counts: each says which direction is better, and what it is defined by.

A forecast is an *ensemble* of M equally likely whole numbers (200 quantiles of a distribution, or the last twelve
months themselves). For all scores but average precision and coverage lower is better.

Rules
1. Every score is proper, or says that it is not. Coverage and reliability are looked at by what was *forecast*, never
   by what came: among the outcomes above zero even a perfect forecast looks too narrow.
2. CRPS is that of the ensemble as a distribution (1/2M^2 form), so that 12 members and 200 can be compared.
3. The ignorance score, its bins and its pseudo-counts, and the interval score at 90 % follow the VIEWS challenge.

Sources: Gneiting and Raftery (2007), JASA 102(477): 359-378 (CRPS eq. 20, interval score eq. 43); Hegre et al. (2025),
The 2023/24 VIEWS Prediction Challenge, Journal of Peace Research (settings); Lerch et al. (2017), Statistical Science
32(1): 106-127 (forecaster's dilemma, rule 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.compiled import compiled

Array = npt.NDArray[Any]

ALPHA = 0.1
IGNORANCE_EDGES = (0.0, 0.5, 2.5, 5.5, 10.5, 25.5, 50.5, 100.5, 250.5, 500.5, 1000.5)
PSEUDO_WEIGHT = 1000.0
COUNTED = 512
"""Members below this are counted instead of sorted: O(M + largest member) for each row."""


def crps(observed: Array, ensemble: Array) -> Array:
    """Return the continuous ranked probability score of each row, in the unit of the outcome; lower is better.

    Args:
        observed: Shape (rows,), >= 0.
        ensemble: Shape (rows, members), >= 0, in any order; whole numbers in an integer type are scored fastest.
    Raises:
        ValueError: shapes that do not fit, or an ensemble without members.
    """
    outcome = np.asarray(observed)
    if ensemble.ndim != 2 or outcome.shape != ensemble.shape[:1] or not ensemble.shape[1]:
        raise ValueError(f"expected (rows,) and (rows, members), received {outcome.shape} and {ensemble.shape}")
    if ensemble.dtype.kind in "iu" and outcome.dtype.kind in "iu":
        counted: Array = _crps_counted(outcome.astype("i8"), ensemble)
        return counted
    result: Array = _crps_sorted(outcome.astype("f8"), np.sort(ensemble, 1).astype("f8", copy=False))
    return result


@compiled
def _crps_counted(observed: Array, ensemble: Array) -> Array:
    """Sum (F(k) - [y <= k])^2 over whole k: for whole numbers this is the integral, without a sort."""
    rows, members = ensemble.shape
    scores = np.empty(rows)
    counts = np.zeros(COUNTED, np.int64)
    for row in range(rows):
        largest = 0
        for member in range(members):
            largest = max(largest, ensemble[row, member])
        outcome = observed[row]
        if largest == 0:
            scores[row] = outcome
        elif largest >= COUNTED:
            ordered = np.sort(ensemble[row]).astype(np.float64)
            scores[row] = _one_sorted(float(outcome), ordered)
        else:
            for member in range(members):
                counts[ensemble[row, member]] += 1
            below, score = 0, 0.0
            for k in range(max(largest, outcome)):
                if k <= largest:
                    below += counts[k]
                part = below / members - (1.0 if outcome <= k else 0.0)
                score += part * part
            counts[: largest + 1] = 0
            scores[row] = score
    return scores


@compiled
def _crps_sorted(observed: Array, ordered: Array) -> Array:
    scores = np.empty(len(ordered))
    for row in range(len(ordered)):
        scores[row] = _one_sorted(observed[row], ordered[row])
    return scores


@compiled
def _one_sorted(outcome: float, ordered: Array) -> float:
    members = len(ordered)
    spread, distance = 0.0, 0.0
    for place in range(members):
        spread += (2 * place + 1 - members) * ordered[place]
        distance += abs(ordered[place] - outcome)
    return distance / members - spread / (members * members)


def log_crps(observed: Array, ensemble: Array) -> Array:
    """Return the CRPS of log(1 + deaths): what one mega-event does not drown; lower is better."""
    return crps(np.log1p(observed), np.log1p(np.asarray(ensemble, "f8")))


def ignorance(observed: Array, ensemble: Array) -> Array:
    """Return minus the binary logarithm of the bin's smoothed share of the ensemble (rule 3), bits; lower is better."""
    bins = len(IGNORANCE_EDGES)
    fell = np.searchsorted(IGNORANCE_EDGES, observed, "right")
    shared = (np.searchsorted(IGNORANCE_EDGES, ensemble, "right") == fell[:, None]).mean(1)
    result: Array = -np.log2((PSEUDO_WEIGHT * shared + 1) / (PSEUDO_WEIGHT + bins))
    return result


def interval_score(observed: Array, ensemble: Array) -> Array:
    """Return the score of the central 90 % interval, in the unit of the outcome; lower is better.

    Args:
        ensemble: In rising order along a row.
    """
    low, high = central(ensemble)
    below, above = np.maximum(low - observed, 0), np.maximum(observed - high, 0)
    result: Array = high - low + 2 / ALPHA * (below + above)
    return result


def central(ensemble: Array, alpha: float = ALPHA) -> tuple[Array, Array]:
    """Return the alpha/2 and 1 - alpha/2 quantiles of ensembles in rising order, interpolated between members."""
    last = ensemble.shape[1] - 1
    ends = []
    for place in (alpha / 2 * last, (1 - alpha / 2) * last):
        before, share = int(place), place - int(place)
        ends.append(ensemble[:, before] * (1 - share) + ensemble[:, min(before + 1, last)] * share)
    return ends[0], ends[1]


def average_precision(chance: Array, happened: Array) -> float:
    """Return the mean precision at each hit, ranked by chance, ties at their expectation; higher is better.

    NaN without a hit. Not proper: it sees the ranking only.
    """
    hits = int(happened.sum())
    if not hits:
        return float("nan")
    order = np.argsort(-chance, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(chance[order])), len(order) - 1)
    found = np.cumsum(happened[order])[ends]
    return float(np.sum(np.diff(np.append(0, found)) / hits * found / (ends + 1)))


def gain_interval(model: Array, reference: Array, seed: int, resamples: int = 2000) -> tuple[float, float]:
    """Return the 95 % interval of 1 - sum(model) / sum(reference) over resampled months.

    Args:
        model, reference: Sums by month, paired; lower is better, so that a positive gain is an improvement.
    """
    months = np.random.default_rng(seed).integers(0, len(model), (resamples, len(model)))
    gains = 1 - model[months].sum(1) / np.maximum(reference[months].sum(1), 1e-12)
    low, high = np.quantile(gains, (0.025, 0.975))
    return float(low), float(high)
