"""Small games with known answers: when patience suffices, what noise costs, who gains by moving first.

Used as anchors: the schedules and prices of this room must agree with them where they say the same thing.
"""

from __future__ import annotations

import math


def grim_patience(temptation: float, reward: float, punishment: float) -> float:
    """Return the least discount factor at which grim punishment sustains cooperation, seen without error.

    Args:
        temptation, reward, punishment: Payoff of breaking alone, of both keeping, of both breaking, in that order.
    Source: Friedman (1971): (T - R)/(T - P); 5, 3, 1 give 1/2.
    """
    if not temptation > reward > punishment:
        raise ValueError(f"expected temptation > reward > punishment, received {temptation}, {reward}, {punishment}")
    return (temptation - reward) / (temptation - punishment)


def noisy_patience(p: float, q: float) -> float:
    """Return the same where a good public signal comes with p if both keep and with q if one breaks.

    Payoffs are 2 for keeping, 3 for breaking alone, 0 for both breaking; infinite where patience never suffices.
    Source: Mailath and Samuelson (2006), section 7.2: 1/(3p - 2q); p = .9, q = .4 give .526316.
    """
    if not 0.0 <= q < p <= 1.0:
        raise ValueError(f"expected 0 <= q < p <= 1, received {q} and {p}")
    least = 3.0 * p - 2.0 * q
    return 1.0 / least if least > 1.0 else math.inf


def best_noisy_payoff(payoff: float, gain: float, p: float, q: float) -> float:
    """Return the best symmetric payoff under noise: payoff - gain/(l - 1), l the likelihood ratio of a bad signal.

    Source: Abreu, Milgrom and Pearce (1991); payoff 2, gain 1, p = .9, q = .4 give 1.8.
    """
    if not 0.0 <= q < p < 1.0:
        raise ValueError(f"expected 0 <= q < p < 1, received {q} and {p}")
    return payoff - gain / ((1.0 - q) / (1.0 - p) - 1.0)


def first_mover_share(delta: float) -> float:
    """Return what the first to offer keeps of a pie: 1/(1 + delta). Source: Rubinstein (1982); .9 gives .526316."""
    if not 0.0 <= delta <= 1.0:
        raise ValueError(f"expected delta in [0, 1], received {delta}")
    return 1.0 / (1.0 + delta)


def trade_gain(domestic_share: float, elasticity: float) -> float:
    """Return the share of income that trade is worth: 1 - lambda^(1/epsilon).

    Args:
        domestic_share: Share of spending on a country's own goods, in (0, 1].
        elasticity: Of trade with respect to its cost, as a number > 0.
    Source: Arkolakis, Costinot and Rodriguez-Clare (2012); .93 with 5 and 10 give 1.441 and .723 percent.
    """
    if not (0.0 < domestic_share <= 1.0 and elasticity > 0.0):
        raise ValueError(f"expected a share in (0, 1] and an elasticity > 0, received {domestic_share}, {elasticity}")
    return -math.expm1(math.log(domestic_share) / elasticity)
