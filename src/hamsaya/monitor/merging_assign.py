"""One event, at most one account of each side: the probability of each pair given that all pairs compete.

The posterior of a set of matched pairs is proportional to the product of their odds, over all sets in which no
account occurs twice. Its marginals are sums over all such sets (a permanent, which no fast method computes);
belief propagation gives them exactly where the competing pairs form a tree and closely elsewhere.
Source: Huang and Jebara (2009), "Approximating the permanent with belief propagation", arXiv 0908.1769.
"""

from __future__ import annotations

import numpy as np

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_columns import Floats, Ints

SETTLED = 1e-4  # Largest change of any message, as a probability, at which nothing more is to come.
ROUNDS = 300


def marginals(left: Ints, right: Ints, sizes: tuple[int, int], odds: Floats) -> Floats:
    """Return for each pair the probability that it is one event, when each account is in one pair at most.

    Args:
        left, right: Rows of each pair.
        sizes: How many rows there are on the left and on the right.
        odds: That the pair is one event against none, if nothing competed; > 0.
    Returns:
        In (0, 1); of each account's pairs they sum to 1 at most.
    """
    return propagate(left, right, *sizes, odds, odds.copy(), odds.copy(), ROUNDS)  # type: ignore[no-any-return]


@compiled_untyped
def propagate(i, j, na, nb, odds, mu, nu, rounds):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """As ``marginals``; ``mu`` and ``nu``, what pairs tell their right and left account, are kept for the next call."""
    a, b = np.empty(na), np.empty(nb)
    for _ in range(rounds):
        # The right side answers what the left has just said: settles in a fraction of the rounds of both at once.
        a[:] = 1.0
        for e in range(len(i)):
            a[i[e]] += nu[e]
        b[:] = 1.0
        for e in range(len(i)):
            mu[e] = odds[e] / max(a[i[e]] - nu[e], 1.0)
            b[j[e]] += mu[e]
        change = 0.0
        for e in range(len(i)):
            new = odds[e] / max(b[j[e]] - mu[e], 1.0)
            # Compared as probabilities: odds of a million that still move change nothing.
            change = max(change, abs(new - nu[e]) / ((1 + new) * (1 + nu[e])))
            nu[e] = new
        if change < SETTLED:
            break
    a[:] = 1.0
    b[:] = 1.0
    for e in range(len(i)):
        a[i[e]] += nu[e]
        b[j[e]] += mu[e]
    p = np.empty(len(i))
    for e in range(len(i)):
        z = odds[e] / (max(a[i[e]] - nu[e], 1.0) * max(b[j[e]] - mu[e], 1.0))
        p[e] = z / (1 + z)
    return p
