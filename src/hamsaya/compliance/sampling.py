"""How much to look at: inspection of lists, and random visits in time.

    sample_size(1000, 10, 0.1)        # SampleSize(approximate=206, exact=205, nondetection=0.0989...)
    visit_rate(0.1, 0.5, 30.0)        # .153506 visits a day: 90 percent within 30 days at p = .5

A list of N items of which d are defective, n of them inspected without replacement: the chance to miss all d is
C(N-d, n)/C(N, n). The approximation N(1 - beta^(1/d)) is never below the exact number and at most a few above it.
Visits at random instants at rate v, each finding a breach with probability p, miss it for T days with exp(-v p T).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

MOST_ITEMS = 10_000_000
# Below this distance of two logarithms floating point does not decide, whole numbers do.
CLOSE = 1e-7
MOST_EXACT = 20_000


class SampleSize(NamedTuple):
    """Items to inspect: by the approximation, the exact least number, and the chance to miss all with the latter."""

    approximate: int
    exact: int
    nondetection: float


def sample_size(population: int, defects: int, nondetection: float, p_find: float = 1.0) -> SampleSize:
    """Return how many items must be inspected so that ``defects`` are all missed at most that often.

    Args:
        population: Items in the list, 1 to 10 million.
        defects: Defective items that matter, 1 to ``population``.
        nondetection: The admitted chance to find none of them, in (0, 1).
        p_find: Probability that an inspected defective item is seen as one, in (0, 1].
    Raises:
        ValueError: an argument out of range, or inspecting everything would still miss more often than admitted.
    Source: IAEA Safeguards Glossary (attribute sampling); hypergeometric distribution.
    """
    _check(population, defects, nondetection, p_find)
    if missed(population, defects, population, p_find) > nondetection * (1 + 1e-12):
        raise ValueError(f"expected a goal within reach, received {nondetection:g}: inspecting all {population} items "
                         f"still misses with {missed(population, defects, population, p_find):.3g}")
    rough = population * (1.0 - nondetection ** (1.0 / defects)) / p_find
    low, high = 0, population
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _reached(population, defects, middle, nondetection, p_find) else (middle, high)
    # Rounding must not turn a whole number into the next one.
    approximate = min(population, max(1, math.ceil(rough - 1e-9)))
    return SampleSize(approximate, high, missed(population, defects, high, p_find))


def missed(population: int, defects: int, inspected: int, p_find: float = 1.0) -> float:
    """Return the chance that none of ``defects`` is found among ``inspected`` items; lower is better."""
    if p_find == 1.0:
        return math.exp(_log_missed(population, defects, inspected))
    least = max(0, inspected - (population - defects))
    return min(1.0, math.fsum(
        math.exp(_log_drawn(population, defects, inspected, x) + (x * math.log1p(-p_find) if x else 0.0))
        for x in range(least, min(defects, inspected) + 1)
    ))


def visit_rate(nondetection: float, p_find: float, days: float) -> float:
    """Return the random visits a day that find a standing breach within ``days`` but for ``nondetection``.

    Raises:
        ValueError: a probability outside (0, 1), or (0, 1] for ``p_find``; days not above 0.
    Source: thinning of a Poisson process; 90 % in 30 days at p = .5 takes .153506 a day.
    """
    if not (0.0 < nondetection < 1.0 and 0.0 < p_find <= 1.0 and 0.0 < days < math.inf):
        raise ValueError(f"expected nondetection in (0, 1), p_find in (0, 1] and days > 0, received {nondetection}, "
                         f"{p_find} and {days}")
    return -math.log(nondetection) / (p_find * days)


def detected_within(rate: float, p_find: float, days: float) -> float:
    """Return the chance that visits at ``rate`` a day find a standing breach within ``days``; higher is better."""
    if not (rate >= 0.0 and 0.0 <= p_find <= 1.0 and days >= 0.0):
        raise ValueError(f"expected rate, days >= 0 and p_find in [0, 1], received {rate}, {days} and {p_find}")
    return -math.expm1(-rate * p_find * days)


def _check(population: int, defects: int, nondetection: float, p_find: float) -> None:
    if not 1 <= defects <= population <= MOST_ITEMS:
        raise ValueError(f"expected 1 <= defects <= population <= {MOST_ITEMS}, received {defects} and {population}")
    if not (0.0 < nondetection < 1.0 and 0.0 < p_find <= 1.0):
        raise ValueError(f"expected nondetection in (0, 1) and p_find in (0, 1], received {nondetection} and {p_find}")


def _log_missed(population: int, defects: int, inspected: int) -> float:
    if inspected > population - defects:
        return -math.inf
    few, many = sorted((defects, inspected))
    if few <= MOST_EXACT:
        return math.fsum(math.log1p(-many / (population - i)) for i in range(few))
    return (math.lgamma(population - defects + 1) + math.lgamma(population - inspected + 1)
            - math.lgamma(population + 1) - math.lgamma(population - defects - inspected + 1))


def _log_drawn(population: int, defects: int, inspected: int, x: int) -> float:
    """Return the log probability that x of the inspected items are defective."""
    return _log_comb(defects, x) + _log_comb(population - defects, inspected - x) - _log_comb(population, inspected)


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _reached(population: int, defects: int, inspected: int, nondetection: float, p_find: float) -> bool:
    if p_find < 1.0:
        return missed(population, defects, inspected, p_find) <= nondetection * (1 + 1e-12)
    gap = _log_missed(population, defects, inspected) - math.log(nondetection)
    few, many = sorted((defects, inspected))
    if abs(gap) > CLOSE or few > MOST_EXACT:
        return gap <= 0.0
    # The goal is the decimal a person wrote, not its nearest binary fraction.
    goal = Fraction(repr(nondetection))
    top = math.prod(population - many - i for i in range(few))
    return top * goal.denominator <= goal.numerator * math.prod(population - i for i in range(few))
