"""What compliance must be worth when a suspension lasts for a time, in periods or in years.

    stationary_price(alpha=0.05, beta=0.5, delta=0.9)                 # 1.358025, suspended for ever
    stationary_price(0.05, 0.5, 0.9, periods=4)                       # 1.829092, for four periods
    suspension_price(a=0.05, b=0.7, r=0.1, years=2)                   # 1.93

A member in good standing has W = (tau - c) + delta [(1 - alpha) W + alpha P], and a suspended one
P = delta^L W; its
payoff outside is 0. One breach gains c and moves the chance of suspension from alpha to beta, so that keeping the
promise takes delta (beta - alpha)(W - P) >= c. With D = 1 - delta^L:

    tau*/c = 1 + (1 - delta + delta alpha D) / (delta (beta - alpha) D)

In continuous time, with hazards a, b and D = 1 - exp(-r L): tau*/c = 1 + (r + a D)/((b - a) D); L without end gives the
law (r + b)/(b - a). Where beta <= alpha, or b <= a, no price suffices and the answer is infinite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def stationary_price(alpha: float, beta: float, delta: float, periods: float = math.inf) -> float:
    """Return tau*/c for a flat flow; ``math.inf`` when beta <= alpha. Lower is better.

    Args:
        alpha, beta: Chance in a period that an honest member is suspended, and a breaker, in [0, 1].
        delta: Discount factor of a period, in (0, 1).
        periods: Length of a suspension, >= 1; infinite is for ever.
    Raises:
        ValueError: an argument out of range.
    Source: one-shot deviations in a repeated game with public signals; derivation above.
    """
    _chances(alpha, beta, delta)
    if not periods >= 1.0:
        raise ValueError(f"expected a suspension of at least one period, received {periods}")
    depth = 1.0 - math.exp(periods * math.log(delta))
    if beta <= alpha:
        return math.inf
    return 1.0 + (1.0 - delta + delta * alpha * depth) / (delta * (beta - alpha) * depth)


def required_value(alpha: float, beta: float, delta: float, cost: float = 1.0) -> float:
    """Return the least W - P in every next period at which keeping the promise pays: cost / (delta (beta - alpha))."""
    _chances(alpha, beta, delta)
    return math.inf if beta <= alpha else cost / (delta * (beta - alpha))


def backloaded(alpha: float, beta: float, delta: float, periods: int, cost: float = 1.0) -> list[float]:
    """Return the cheapest flow for so many periods, suspension being for ever: nothing first, then a constant.

    The last payment is the stationary one that goes on. Every continuation value is then exactly ``required_value``.
    """
    if periods < 1:
        raise ValueError(f"expected at least one period, received {periods}")
    need = required_value(alpha, beta, delta, cost)
    if math.isinf(need):
        raise ValueError("not purchasable: a breach is punished no more often than honesty")
    first = max(0.0, cost - delta * (1.0 - alpha) * need)
    return [first, *[cost + need * (1.0 - delta * (1.0 - alpha))] * (periods - 1)]


def rent(flow: Sequence[float], alpha: float, delta: float, cost: float = 1.0) -> float:
    """Return what good standing is worth at the start; the last of ``flow`` goes on, and suspension is final."""
    value = (flow[-1] - cost) / (1.0 - delta * (1.0 - alpha))
    for payment in reversed(flow[:-1]):
        value = payment - cost + delta * (1.0 - alpha) * value
    return value


def suspension_price(a: float, b: float, r: float, years: float = math.inf) -> float:
    """Return tau*/c for suspensions of so many years; ``math.inf`` when b <= a. Lower is better.

    Args:
        a, b: Hazards, 1/yr, >= 0.
        r: Discount rate, 1/yr, > 0 where a suspension ends.
        years: Length of a suspension, > 0.
    Raises:
        ValueError: an argument out of range.
    """
    if not (a >= 0.0 and b >= 0.0 and r >= 0.0 and years > 0.0) or (r == 0.0 and math.isfinite(years)):
        raise ValueError(f"expected a, b, r >= 0 (r > 0 for a suspension that ends) and years > 0, received {a}, {b}, "
                         f"{r} and {years}")
    if b <= a:
        return math.inf
    depth = 1.0 if math.isinf(years) else -math.expm1(-r * years)
    return 1.0 + (r + a * depth) / ((b - a) * depth)


def good_standing(a: float, years: float) -> float:
    """Return the share of time that an honest member is not suspended: 1/(1 + a L). Higher is better."""
    if not (a >= 0.0 and years >= 0.0 and math.isfinite(a * years)):
        raise ValueError(f"expected a and years >= 0 and finite, received {a} and {years}")
    return 1.0 / (1.0 + a * years)


def honest_value(tau: float, c: float, a: float, r: float) -> float:
    """Return what always keeping the promise is worth, suspension being final: (tau - c)/(r + a)."""
    return (tau - c) / (r + a)


def shirking_value(tau: float, b: float, r: float) -> float:
    """Return what always breaking it is worth, suspension being final: tau/(r + b). Equal to the other at tau*."""
    return tau / (r + b)


def _chances(alpha: float, beta: float, delta: float) -> None:
    if not (0.0 <= alpha <= 1.0 and 0.0 <= beta <= 1.0 and 0.0 < delta < 1.0):
        raise ValueError(f"expected alpha and beta in [0, 1] and delta in (0, 1), received {alpha}, {beta} and {delta}")
