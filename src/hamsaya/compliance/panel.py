"""How well a panel of n seats that decides by k votes tells a breach from a fabrication.

The counting is binomial: each honest seat judges on its own. Colluding seats are the reason for the charter's rule
that no bloc holds k seats: three of a 3-of-5 panel decide whatever they like.
"""

from __future__ import annotations

from math import comb

from hamsaya.compliance.types import PanelRates


def k_of_n(n: int, k: int, p: float) -> float:
    """Return the probability that at least k of n seats vote alike when each does with probability p.

    Args:
        n: Seats, >= 0.
        k: Votes needed; with k <= 0 the answer is 1, with k > n it is 0.
        p: Probability of one seat's vote, in [0, 1].
    Raises:
        ValueError: n or p out of range.
    Source: Condorcet's jury theorem; 3 of 5 gives .94208 at p = .8 and .00856 at p = .1.
    """
    if n < 0 or not 0.0 <= p <= 1.0:
        raise ValueError(f"expected n >= 0 and p in [0, 1], received {n} and {p}")
    if k <= 0:
        return 1.0
    return min(1.0, sum(comb(n, j) * p**j * (1.0 - p) ** (n - j) for j in range(k, n + 1)))


def panel_rates(n: int, k: int, p_detect: float, p_false: float, colluders: int = 0) -> PanelRates:
    """Return how often a panel confirms a real breach, and a fabricated one, at its worst.

    Args:
        n, k: Seats and votes needed, 1 <= k <= n.
        p_detect, p_false: Probability that an honest seat sees a breach that is real, and one that is not.
        colluders: Seats, 0 to n, that vote against a real breach and for a fabricated one.
    Returns:
        ``detection``, higher is better, and ``false_alarm``, lower is better, both in [0, 1].
    Raises:
        ValueError: a number out of range.
    """
    if not 1 <= k <= n or not 0 <= colluders <= n:
        raise ValueError(f"expected 1 <= k <= n and 0 <= colluders <= n, received {k}, {n}, {colluders}")
    honest = n - colluders
    detection = k_of_n(honest, k, p_detect)
    return PanelRates(detection=detection, false_alarm=k_of_n(honest, k - colluders, p_false))


def minimum_panel(liars: int) -> tuple[int, int]:
    """Return the least (n, k) at which ``liars`` >= 0 seats can neither force nor block a finding: 2f+1, f+1."""
    if liars < 0:
        raise ValueError(f"expected a number of liars >= 0, received {liars}")
    return 2 * liars + 1, liars + 1
