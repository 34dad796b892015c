"""The likelihood that two accounts are of one event: learnt from the two files alone, without labels.

The odds of a pair before competition are

    odds = Σ_c mix_c · place_c · days_c · deaths_c · violence_c · actor_c · (1/density_left + 1/density_right) / 2
           / (rate · crowding · ways to touch · (1 − q_left) · (1 − q_right))

where each factor is the likelihood under "one event" over that under "two events":

1. **c**: two ways of telling, sharp and loose. An account that is wrong in one thing is oftener wrong in others too
   (a wrong town with a wrong day); within one way of telling errors are taken as independent.
2. **place**: a mixture of circular Gaussians of fixed scales (km); one set of weights for each class of precision,
   drawn to the common weights.
3. **days**: a free distribution over the signed gap, so that one side may be late as a rule.
4. **deaths**: a mixture of scales of agreement on the logarithm, each balanced so that its margins are the reporters'
   own: to agree on 37 says much, to agree on 1 little.
5. **violence, actor class**: copied truly with a share w, else by chance; a class that is common there says little.
6. **density, rate, crowding**: how many unrelated reports of the other side would be there anyhow (merging_density).
7. **q**: the share of events that each side reports, from the expected number of matched pairs.

Expectation-maximisation: the E step includes the competition between pairs (merging_assign); the M step re-estimates
1 to 5 and q, drawn to the values it starts from as if ``PRIOR_PAIRS`` pairs had been seen with them: what a small file
does not say is taken from there. At the end odds are corrected so that what is known to be wrong turns out as
improbable as it is (merging_calibrate), and the competition is solved once more: that is the calibrated probability.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamsaya.monitor.merging_assign import ROUNDS as MOST_ROUNDS
from hamsaya.monitor.merging_assign import propagate
from hamsaya.monitor.merging_calibrate import StandIns, correction, stand_ins
from hamsaya.monitor.merging_columns import WINDOW_DAYS, Columns, Floats, Ints, Pairs
from hamsaya.monitor.merging_em import rated, tables, taught
from hamsaya.monitor.merging_evidence import (
    CLASSES,
    Evidence,
    Side,
    crowding,
    death_ratios,
    evidence,
    side_of,
    span_of,
)

ROUNDS = 13
INNER = 4
FIRST_ROUNDS = 3
PRIOR_PAIRS = 10.0
FAINT = 0.02  # Pairs with lower odds after the first rounds teach nothing and are left out of the later ones.
SHARP, LOOSE = 0, 1
START_MIX = (0.7, 0.3)
START_SCALES = ((0.25, 0.25, 0.20, 0.10, 0.10, 0.06, 0.03, 0.01), (0.03, 0.03, 0.04, 0.10, 0.20, 0.25, 0.25, 0.10))
START_DAYS = (0.25, 0.75)  # A day more is so many times likelier.
START_DEATHS = ((0.40, 0.25, 0.20, 0.10, 0.05), (0.15, 0.15, 0.25, 0.30, 0.15))
START_TRUE = (0.90, 0.75)  # Codes copied truly.
START_REPORTED = 0.5  # Of the shorter file's accounts the other side reports so many.


class Weights(NamedTuple):
    """What was learnt of one pair of reporters; each distribution sums to 1. Ways of telling come first: sharp, loose.

    Attributes:
        place: Shape (ways, classes of precision, scales).
        days: Shape (ways, 2·window + 1): the gap right − left from −window.
        deaths: Shape (ways, agreements): equal, the scales, none.
        true: Codes copied truly, (ways, 2): violence, actor.
        mix: Share of each way among events that both report.
        reported: Share of the right's accounts that the left reports too, and the reverse.
    """

    place: Floats
    days: Floats
    deaths: Floats
    true: Floats
    mix: Floats
    reported: Floats


class Fitted(NamedTuple):
    """What was learnt, what it was learnt from, the calibrated odds of each pair before competition, its probability
    after it, and the correction (a, b) of the odds."""

    weights: Weights
    seen: Evidence
    agreements: Floats
    odds: Floats
    probability: Floats
    corrected: tuple[float, float]


def fit(left: Columns, right: Columns, pairs: Pairs) -> Fitted:
    """Return the probability of each pair of ``candidate_pairs(left, right)``.

    Args:
        left, right: Accounts of two reporters, neither with an event twice.
    """
    sizes = len(left), len(right)
    sides = side_of(left), side_of(right)
    seen = evidence(*sides, pairs)
    agreements = death_ratios(sides[0].deaths, sides[1].deaths)
    weights = start(sizes)
    _teach(pairs.left, pairs.right, sizes, seen, agreements, weights, FIRST_ROUNDS)
    keep = np.flatnonzero(_odds(seen, agreements, weights) > FAINT)
    _teach(pairs.left[keep], pairs.right[keep], sizes, seen.take(keep), agreements, weights, ROUNDS)
    odds = _odds(seen, agreements, weights)
    a, b, messages = correction(pairs, sizes, odds, *_stand_ins(sides, weights))
    odds = np.clip(np.exp(a + b * np.log(odds)), 1e-12, 1e9)
    probability = propagate(pairs.left, pairs.right, *sizes, odds, *messages, MOST_ROUNDS)
    return Fitted(weights, seen, agreements, odds, probability, (a, b))


def factors(fitted: Fitted, rows: Ints) -> Floats:
    """Return what the odds of some pairs are made of, (rows, 4): place and days, deaths, violence, actor class.

    Each factor is what that alone would say, the ways of telling weighed by their share.
    """
    w, seen = fitted.weights, fitted.seen.take(rows)
    places, dead = tables(w.place, w.deaths, fitted.agreements)
    near = w.mix @ (places[:, seen.place] * w.days[:, seen.day]) * seen.chance * w.reported[0]
    codes = [w.mix @ (w.true[:, k, None] * seen.codes[:, 2 * k] + (1 - w.true[:, k, None]) * seen.codes[:, 2 * k + 1])
             for k in (0, 1)]
    return np.stack([near, w.mix @ dead[:, seen.deaths], *codes], 1)


def start(sizes: tuple[int, int]) -> Weights:
    """Return the weights from which learning starts and to which it is drawn."""
    lag = np.abs(np.arange(-WINDOW_DAYS, WINDOW_DAYS + 1.0))
    days = np.stack([each**lag for each in START_DAYS])
    place = np.repeat(np.array(START_SCALES)[:, None] / np.sum(START_SCALES, 1)[:, None, None], CLASSES, 1)
    half = START_REPORTED * min(sizes)
    return Weights(np.ascontiguousarray(place), days / days.sum(1, keepdims=True), np.array(START_DEATHS),
                   np.repeat(np.array(START_TRUE)[:, None], 2, 1), np.array(START_MIX),
                   np.array([half / max(sizes[1], 1), half / max(sizes[0], 1)]))


def _teach(
    left: Ints, right: Ints, sizes: tuple[int, int], seen: Evidence, agreements: Floats, weights: Weights, rounds: int
) -> None:
    """Let the pairs teach ``weights``, in place."""
    prior = start(sizes)
    taught(left, right, *sizes, *seen, agreements, *weights, prior.place[:, 0] * PRIOR_PAIRS, prior.days * PRIOR_PAIRS,
           prior.deaths * PRIOR_PAIRS, prior.true, prior.mix * PRIOR_PAIRS, PRIOR_PAIRS, rounds, INNER)


def _odds(seen: Evidence, agreements: Floats, weights: Weights) -> Floats:
    places, dead = tables(weights.place, weights.deaths, agreements)
    factor = weights.reported[0] / float(np.prod(1 - weights.reported))
    odds: Floats = rated(*seen, places, weights.days, dead, weights.true, weights.mix, factor, np.zeros((0, 0)))
    return odds


def _stand_ins(sides: tuple[Side, Side], weights: Weights) -> tuple[
    tuple[StandIns, StandIns], tuple[tuple[Floats, Floats], tuple[Floats, Floats]]
]:
    """Return the stand-ins of both sides, and their odds."""
    crowded, scale = crowding(*sides), span_of(*sides) / max(len(sides[0].columns), 1)
    own, odds = [], []
    for at, other in ((0, 1), (1, 0)):
        one = stand_ins(sides[at], sides[other], crowded, scale, first=at == 0)
        agreements = death_ratios(sides[at].deaths, sides[at].deaths)
        own.append(one)
        odds.append((_odds(one.apart, agreements, weights), _odds(one.counted, agreements, weights)))
    return (own[0], own[1]), (odds[0], odds[1])
