"""The price of compliance: one law that ties a charter's rule, a panel, visits and benefits together.

    b = visits · p_detect · p_attribute · p_decide · p_honoured    hazard a year that a breach costs the breaker
    a = the same chain for a member that has done nothing           hazard a year of being punished wrongly
    tau* / c = (r + b) / (b - a)                                    what a year of compliance must be worth

tau is the flow a member receives (million US$ a year), c what complying costs it (same unit), r its discount rate,
a and b hazards, all three per year. Derivation: a member in good standing is worth V = (tau - c)/(r + a); a moment
of breach gains c and risks (b - a)V more, so tau* solves (b - a)(tau - c) = c(r + a): an efficiency wage with false
positives (Shapiro and Stiglitz 1984). It supposes permanent suspension, nothing outside, and breach all or nothing.

A member's c is never guessed: ``break_even_cost`` says up to which c a flow suffices. Where b <= a no flow does.
"""

from __future__ import annotations

import math

from hamsaya.base.interval import Interval


def price(a: float, b: float, r: float) -> float:
    """Return tau*/c, the flow needed for each unit of compliance cost; ``math.inf`` when b <= a. Lower is better.

    Args:
        a, b: Hazards that an honest member and a breaker are punished, 1/yr, >= 0.
        r: Discount rate, 1/yr, >= 0.
    Raises:
        ValueError: a hazard or a rate that is negative or no finite number.
    """
    _check(a=a, b=b, r=r)
    return math.inf if b <= a else (r + b) / (b - a)


def break_even_cost(tau: float, a: float, b: float, r: float) -> float:
    """Return the largest compliance cost that a flow ``tau`` sustains, in tau's unit; 0 when b <= a."""
    _check(tau=tau, a=a, b=b, r=r)
    return 0.0 if b <= a else tau * (b - a) / (r + b)


def spoiler_tolerance(tau_over_c: float, a: float, b: float, r: float) -> float:
    """Return how many false-flag punishments a year the package survives; negative when it fails without any.

    Source: a third party that adds sigma to a and b alike leaves (tau/c)(b - a) >= r + b + sigma.
    """
    _check(tau_over_c=tau_over_c, a=a, b=b, r=r)
    return tau_over_c * (b - a) - r - b


def saving_per_hazard(c: float, a: float, b: float, r: float) -> float:
    """Return by how much tau* falls for a small rise of b, in c's unit per 1/yr; ``math.inf`` when b <= a.

    With b proportional to visits, one more verified visit a year saves about this times b/visits.
    """
    _check(c=c, a=a, b=b, r=r)
    return math.inf if b <= a else c * (r + a) / (b - a) / (b - a)


def price_interval(a: Interval, b: Interval, r: Interval) -> Interval:
    """Return tau*/c over a box of hazards and rates: the law rises in a and r and falls in b, so corners bound it."""
    return _ordered(price(a.low, b.high, r.low), price(a.mid, b.mid, r.mid), price(a.high, b.low, r.high))


def break_even_interval(tau: Interval, a: Interval, b: Interval, r: Interval) -> Interval:
    """Return ``break_even_cost`` over a box, bounded by its corners like ``price_interval``."""
    return _ordered(
        break_even_cost(tau.low, a.high, b.low, r.high),
        break_even_cost(tau.mid, a.mid, b.mid, r.mid),
        break_even_cost(tau.high, a.low, b.high, r.low),
    )


def breach_hazard(
    visits_per_year: float, p_detect: float, p_attribute: float, p_decide: float, p_honoured: float
) -> float:
    """Return b: how often a year a real breach costs the breaker something, 1/yr. Higher deters more.

    Args:
        visits_per_year: Verification visits or looks, 1/yr, >= 0.
        p_detect: Probability that one of them sees the breach.
        p_attribute: Probability that the panel confirms it.
        p_decide: Probability that the charter's rule decides on it.
        p_honoured: Probability that the payers carry the decision out.
    Raises:
        ValueError: a negative rate, or a probability outside [0, 1].
    """
    return _chain(visits_per_year, p_detect, p_attribute, p_decide, p_honoured)


def honest_hazard(
    visits_per_year: float, p_false: float, p_misattribute: float, p_decide: float, p_honoured: float
) -> float:
    """Return a: how often a year a member that did nothing is punished all the same, 1/yr. Lower is better.

    ``p_false`` is the probability that a visit reports a breach that is none, ``p_misattribute`` that the panel
    confirms it; the rest is as in ``breach_hazard``.
    """
    return _chain(visits_per_year, p_false, p_misattribute, p_decide, p_honoured)


def chain_interval(*factors: Interval) -> Interval:
    """Return the product of factors that are all >= 0, known between bounds: a hazard from a chain of intervals."""
    _check(**{f"factor_{n}": factor.low for n, factor in enumerate(factors)})
    return Interval(
        math.prod(factor.low for factor in factors),
        math.prod(factor.mid for factor in factors),
        math.prod(factor.high for factor in factors),
    )


def explain(a: float, b: float, r: float, tau_musd: float | None = None) -> list[str]:
    """Return the law's answer as plain sentences, the figures rounded for reading."""
    told = [
        f"A real breach costs the breaker something {_rate(b)} times a year; "
        f"an honest member is punished wrongly {_rate(a)} times a year."
    ]
    if b <= a:
        return [*told, "Compliance is not purchasable: breaking the promise is no more dangerous than keeping it."]
    told.append(
        f"At a discount rate of {r:.0%} a year, each $1m of compliance cost needs ${price(a, b, r):.2f}m a year."
    )
    if tau_musd is not None:
        cost = break_even_cost(tau_musd, a, b, r)
        told.append(f"A flow of ${tau_musd:g}m a year sustains a compliance cost of up to ${cost:.1f}m a year.")
    return told


def _rate(hazard: float) -> str:
    # Two decimals would show a rare wrong as none at all.
    return f"{hazard:.2f}" if hazard >= 0.05 or not hazard else f"{hazard:.2g}"


def _ordered(low: float, mid: float, high: float) -> Interval:
    # The corners are in order but for the last bit, which rounding may turn.
    return Interval(min(low, mid), mid, max(mid, high))


def _chain(rate: float, *probabilities: float) -> float:
    _check(rate=rate)
    for probability in probabilities:
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"expected probabilities in [0, 1], received {probability}")
    return rate * math.prod(probabilities)


def _check(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (math.isfinite(number) and number >= 0.0):
            raise ValueError(f"expected {name} to be a finite number >= 0, received {number}")
