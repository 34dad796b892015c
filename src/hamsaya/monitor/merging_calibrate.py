"""How far a probability may be trusted: learnt from what cannot be one event, without labels.

Two accounts of one reporter are two events. So a reporter's own account stands in for the other reporter's, and is
rated by the same model in the same competition: what such a **stand-in** wins, it wins wrongly. How many wrong pairs
each band of probability holds follows, and with it the share of right ones.

Rules
1. A stand-in competes with all that the account beside it has. If its event is thought to be reported by the other side
   too, it has that rival as well, and the density at its place counts it; if not, it has none and is not counted.
2. Both reporters' own accounts speak, half each: at most ``SAMPLE`` of each, every k-th of a longer file.
3. Odds are corrected to exp(a) · odds^b, so that of the pairs between ``BANDS`` the share that stand-ins do not explain
   is the one said: a logistic regression on positive and unlabelled pairs, drawn to what was assumed before as if that
   were known within ``KNOWN``. Twice, because a correction changes the competition.
4. Before anything is seen b is ``TRUST``, less for small files: densities learnt from few accounts are bolder than
   right, and stand-ins cannot see that the model was learnt on the same few pairs.
5. A stand-in of few deaths speaks for as many as the other reporter has with few (``SIZES``).

``TRUST``, ``FEW``, ``BANDS`` and ``KNOWN`` were set on six models of error and held fixed for those it is tested on.
Positive and unlabelled: Elkan and Noto (2008), KDD '08: 213-220. False pairs counted by stand-ins: target and decoy
search, Elias and Gygi (2007), Nature Methods 4: 207-214.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_assign import propagate
from hamsaya.monitor.merging_columns import Floats, Ints, Pairs, candidate_pairs
from hamsaya.monitor.merging_density import density_without
from hamsaya.monitor.merging_evidence import Evidence, Side, beside

SAMPLE = 600
TRUST = 0.85
FEW = 80.0
BANDS = (-3.0, 3.0)  # Log odds after competition: probabilities from .05 to .95.
BINS = 48
KNOWN = (0.2, 0.1)  # Standard deviations of a and of the change of b, before anything is seen.
PASSES = 2
SETTLING = 12  # Rounds of competition in each pass; the messages of the pass before are kept.
NEWTON = 25
SIZES = np.array([0, 1, 2, 4, 9])  # Deaths up to which, by class of size.
SEEN = 10.0  # Classes of size are drawn to the whole file as if so many accounts had been seen as it says.


class StandIns(NamedTuple):
    """Pairs of one reporter's accounts: the account, its stand-in, what they show without and with the stand-in's
    account counted in the density, and how many pairs of two reporters each speaks for."""

    account: Ints
    posing: Ints
    apart: Evidence
    counted: Evidence
    weight: Floats


def stand_ins(one: Side, other: Side, crowded: Floats, scale: float, *, first: bool) -> StandIns:
    """Return the pairs of a reporter's own accounts, the second of each posing as the other reporter's.

    Args:
        crowded, scale: As for ``merging_evidence.beside``.
        first: The reporter is the left one of the two.
    """
    n = len(one.columns)
    sample = np.arange(0, n, max(1, -(-n // SAMPLE)))
    some = one.columns.take(sample)
    found = candidate_pairs(some, one.columns)
    posing = sample[found.left]
    rows = np.flatnonzero(posing != found.right)
    found, posing = found.take(rows), posing[rows]
    account = found.right
    # ``found`` has the stand-in on its left; gaps are right − left.
    pairs = (Pairs(account, posing, found.km, -found.gap, found.widths) if first else
             Pairs(posing, account, found.km, found.gap, found.widths))
    apart = density_without(one.places, pairs.left, pairs.right), density_without(one.places, pairs.right, pairs.left)
    counted = one.places.density[pairs.left], one.places.density[pairs.right]
    return StandIns(account, posing, beside(one, pairs, apart, crowded, scale),
                    beside(one, pairs, counted, crowded, scale),
                    (0.5 * n / max(len(sample), 1) * _alike(one, other))[posing])


def _alike(one: Side, other: Side) -> Floats:
    """Return for each account how many of the other reporter's it stands for: as many as have such deaths there."""
    own, others = (np.bincount(np.searchsorted(SIZES, side.columns.best), minlength=len(SIZES) + 1)
                   for side in (one, other))
    whole = len(other.columns) / max(len(one.columns), 1)
    ratio = (others + SEEN * whole) / (own + SEEN)
    each: Floats = ratio[np.searchsorted(SIZES, one.columns.best)]
    return each * (whole / max(float(each.mean()), 1e-9)) if len(each) else each


def correction(
    pairs: Pairs, sizes: tuple[int, int], odds: Floats, own: tuple[StandIns, StandIns],
    rated: tuple[tuple[Floats, Floats], tuple[Floats, Floats]],
) -> tuple[float, float, tuple[Floats, Floats]]:
    """Return (a, b) of rule 3, and what pairs tell their right and their left account, for the last competition.

    Args:
        odds: Of each pair before competition.
        own: Stand-ins of the left and the right reporter.
        rated: Their odds, without and with the stand-in counted.
    """
    a, b = 0.0, TRUST * min(sizes) / (min(sizes) + FEW)
    logs = np.log(odds)
    logs_own = [(np.log(apart), np.log(counted)) for apart, counted in rated]
    messages = np.exp(a + b * logs), np.exp(a + b * logs)
    for _ in range(PASSES):
        corrected = np.exp(a + b * logs)
        p = propagate(pairs.left, pairs.right, *sizes, corrected, *messages, SETTLING)
        said, wrong = _binned(p, np.ones(len(p))), np.zeros(BINS)
        for side in (0, 1):
            rows, count = (pairs.left, pairs.right)[side], sizes[side]
            told, heard = messages if side == 0 else messages[::-1]
            busy, best, matched = _state(rows, count, told, heard, p)
            apart, counted = (np.exp(a + b * part) for part in logs_own[side])
            one = own[side]
            wins = _posed(one.account, one.posing, count, apart, counted, busy, best)
            taken = matched[one.posing]
            wrong += _binned(wins[0], one.weight * (1 - taken)) + _binned(wins[1], one.weight * taken)
        shift, slope = _regressed(said, wrong)
        a, b = shift + slope * a, slope * b
    return a, b, messages


def _regressed(said: Floats, wrong: Floats) -> tuple[float, float]:
    """Return (shift, slope) for which exp(shift + slope · x) is right pairs over wrong ones in each bin of log odds x.

    Of ``said`` + ``wrong`` pairs in a bin with odds r = right ÷ wrong, (1 + r) of (2 + r) are expected among ``said``.
    """
    middle = np.linspace(*BANDS, BINS + 1)[:-1] + (BANDS[1] - BANDS[0]) / BINS / 2
    known = 1 / np.array(KNOWN) ** 2
    assumed = np.array([0.0, 1.0])
    now = assumed.copy()
    design = np.stack([np.ones(BINS), middle], 1)
    for _ in range(NEWTON):
        r = np.exp(np.clip(design[:, 0] * now[0] + middle * now[1], -20, 20))
        slope = said * (r / (1 + r) - r / (2 + r)) - wrong * r / (2 + r)
        # Only the part that bends downward: each step goes uphill from wherever it is.
        bend = -np.maximum(wrong * 2 * r / (2 + r) ** 2 - said * (r / (1 + r) ** 2 - 2 * r / (2 + r) ** 2), 0.0)
        gradient = (design * slope[:, None]).sum(0) - known * (now - assumed)
        curve = (design[:, :, None] * design[:, None, :] * bend[:, None, None]).sum(0) - np.diag(known)
        determinant = curve[0, 0] * curve[1, 1] - curve[0, 1] * curve[1, 0]
        step = np.array([curve[1, 1] * gradient[0] - curve[0, 1] * gradient[1],
                         curve[0, 0] * gradient[1] - curve[1, 0] * gradient[0]]) / -determinant
        now = now + np.clip(step, -0.5, 0.5)
        if float(np.abs(step).max()) < 1e-7:
            break
    return float(now[0]), max(float(now[1]), 0.2)


@compiled_untyped
def _binned(p, weight):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    sums = np.zeros(BINS)
    for e in range(len(p)):
        x = np.log(max(p[e], 1e-12) / max(1 - p[e], 1e-12))
        at = int(np.floor((x - BANDS[0]) / (BANDS[1] - BANDS[0]) * BINS))
        if 0 <= at < BINS:
            sums[at] += weight[e]
    return sums


@compiled_untyped
def _state(rows, count, told, heard, p):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return for each account: 1 + all that it is told, the loudest it tells a rival, the probability to be matched."""
    busy, best, matched = np.ones(count), np.zeros(count), np.zeros(count)
    for e in range(len(rows)):
        busy[rows[e]] += heard[e]
        best[rows[e]] = max(best[rows[e]], told[e])
        matched[rows[e]] += p[e]
    return busy, best, np.minimum(matched, 1.0)


@compiled_untyped
def _posed(account, posing, count, apart, counted, busy, best):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Return the probability that each stand-in wins: without a rival of its own, and with it (rule 1)."""
    alone, rival = np.ones(count), np.ones(count)
    for e in range(len(account)):
        alone[posing[e]] += apart[e] / busy[account[e]]
        rival[posing[e]] += counted[e] / busy[account[e]]
    wins = np.empty((2, len(account)))
    for e in range(len(account)):
        free, held = busy[account[e]], posing[e]
        z = apart[e] / (free * max(alone[held] - apart[e] / free, 1.0))
        wins[0, e] = z / (1 + z)
        z = counted[e] / (free * max(rival[held] - counted[e] / free + best[held], 1.0))
        wins[1, e] = z / (1 + z)
    return wins
