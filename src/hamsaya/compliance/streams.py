"""Watching an indicator as it comes in: when is it enough to say breach, when to say none, when to look again?

    thresholds(0.05, 0.10)                             # Thresholds(ln_a=2.8904, ln_b=-2.2513)
    sprt(counts, poisson(2.0, 6.0), thresholds(0.05, 0.10))
    cusum_run_length(rate, honest=1.0, breach=3.0, h=6)     # exact mean number of periods to an alarm

Wald's sequential test ends at the first period in which the sum of log likelihood ratios leaves (ln B, ln A); the
bounds keep the two errors near alpha and beta. The CUSUM never says "no breach": it waits for a change. Its run
length is exact, by the linear equations of its Markov chain (Brook and Evans 1972), for steps that are whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

MOST_STATES = 2_000


class Thresholds(NamedTuple):
    """Bounds on the sum of log likelihood ratios: at ``ln_a`` or above breach, at ``ln_b`` or below none."""

    ln_a: float
    ln_b: float


class Sequential(NamedTuple):
    """How a sequential test ended: the verdict, after how many periods, and the sum after each."""

    verdict: Literal["breach", "no-breach", "undecided"]
    after: int
    path: tuple[float, ...]


Ratio = Callable[[float], float]


def thresholds(alpha: float, beta: float) -> Thresholds:
    """Return Wald's bounds ln((1-beta)/alpha) and ln(beta/(1-alpha)).

    Args:
        alpha: Admitted chance to call an honest member a breaker.
        beta: Admitted chance to call a breaker honest; alpha + beta < 1.
    Raises:
        ValueError: a chance outside (0, 1), or a sum of 1 or more.
    Source: Wald (1945); .05 and .10 give 2.8904 and -2.2513.
    """
    if not (0.0 < alpha < 1.0 and 0.0 < beta < 1.0 and alpha + beta < 1.0):
        raise ValueError(f"expected alpha and beta in (0, 1) with a sum below 1, received {alpha} and {beta}")
    return Thresholds(math.log((1.0 - beta) / alpha), math.log(beta / (1.0 - alpha)))


def bernoulli(honest: float, breach: float) -> Ratio:
    """Return the log likelihood ratio of one look with outcome 0 or 1, for two probabilities of 1 in (0, 1)."""
    if not (0.0 < honest < 1.0 and 0.0 < breach < 1.0 and honest != breach):
        raise ValueError(f"expected two unlike probabilities in (0, 1), received {honest} and {breach}")
    yes, no = math.log(breach / honest), math.log((1.0 - breach) / (1.0 - honest))

    def ratio(outcome: float) -> float:
        if outcome not in (0.0, 1.0):
            raise ValueError(f"expected looks that are 0 or 1, received {outcome:g}")
        return yes if outcome else no

    return ratio


def poisson(honest: float, breach: float) -> Ratio:
    """Return the log likelihood ratio of one period's count, for two unlike means > 0."""
    if not (0.0 < honest < math.inf and 0.0 < breach < math.inf and honest != breach):
        raise ValueError(f"expected two unlike means > 0, received {honest} and {breach}")
    each, constant = math.log(breach / honest), honest - breach

    def ratio(count: float) -> float:
        if not (count >= 0.0 and float(count).is_integer()):
            raise ValueError(f"expected counts, whole numbers >= 0, received {count:g}")
        return count * each + constant

    return ratio


def sprt(stream: Sequence[float], ratio: Ratio, bounds: Thresholds) -> Sequential:
    """Return where the sequential test ends on ``stream``; later values do not count."""
    total, path = 0.0, []
    for number, value in enumerate(stream, 1):
        total += ratio(value)
        path.append(total)
        if total >= bounds.ln_a:
            return Sequential("breach", number, tuple(path))
        if total <= bounds.ln_b:
            return Sequential("no-breach", number, tuple(path))
    return Sequential("undecided", len(path), tuple(path))


def expected_looks(honest: float, breach: float, alpha: float, beta: float) -> tuple[float, float]:
    """Return Wald's mean number of 0/1 looks to a verdict, for an honest member and for a breaker.

    The excess over the bounds is left out, so both are a little low.
    """
    ratio, (ln_a, ln_b) = bernoulli(honest, breach), thresholds(alpha, beta)
    yes, no = ratio(1.0), ratio(0.0)
    looks = []
    for p, crossing in ((honest, alpha), (breach, 1.0 - beta)):
        looks.append((crossing * ln_a + (1.0 - crossing) * ln_b) / (p * yes + (1.0 - p) * no))
    return looks[0], looks[1]


def reference_value(honest: float, breach: float) -> float:
    """Return the allowance of a Poisson CUSUM that is most powerful between two means, 0 < honest < breach."""
    if not 0.0 < honest < breach < math.inf:
        raise ValueError(f"expected 0 < honest < breach, received {honest} and {breach}")
    return (breach - honest) / math.log(breach / honest)


def cusum(counts: Sequence[float], allowance: float, h: float) -> tuple[int | None, tuple[float, ...]]:
    """Return the first period with S >= h, S = max(0, S + count - allowance), or None, and the path of S."""
    total, path, alarm = 0.0, [], None
    for number, count in enumerate(counts, 1):
        total = max(0.0, total + count - allowance)
        path.append(total)
        if alarm is None and total >= h:
            alarm = number
    return alarm, tuple(path)


def cusum_run_length(mean: float, allowance: int, h: int, scale: int = 1) -> float:
    """Return the exact mean number of periods until a Poisson CUSUM that starts at 0 alarms.

    Args:
        mean: True mean count a period, > 0. At an honest member's mean higher is better, at a breaker's lower.
        allowance, h: In units of 1/``scale`` counts, whole numbers, h >= 1: S = max(0, S + scale*count - allowance)
            alarms at S >= h.
    Raises:
        ValueError: an argument out of range, or more than 2,000 states.
    Source: Brook and Evans, Biometrika 59 (1972); Lucas (1985) for counts.
    """
    import numpy as np

    if not (0.0 < mean < math.inf and allowance >= 0 and 1 <= h <= MOST_STATES and scale >= 1):
        raise ValueError(f"expected mean > 0, allowance >= 0, h from 1 to {MOST_STATES} and scale >= 1, received "
                         f"{mean}, {allowance}, {h} and {scale}")
    moves = np.zeros((h, h))
    for state in range(h):
        count = 0
        while (after := state + scale * count - allowance) < h:
            moves[state, max(0, after)] += math.exp(-mean + count * math.log(mean) - math.lgamma(count + 1))
            count += 1
    return float(np.linalg.solve(np.eye(h) - moves, np.ones(h))[0])
