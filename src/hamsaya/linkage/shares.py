"""Who pays how much of what all use: Shapley values, exact.

    airport({"ava": 30.0, "bel": 60.0, "cyr": 100.0})     # 10, 25 and 65: who uses a stretch shares it evenly
    shapley(values)                                       # of any game, 2^n values numbered by the members' bits

Source: Shapley (1953); for costs in sequence Littlechild and Owen (1973).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_MEMBERS = 20


def airport(costs: Mapping[str, float]) -> dict[str, float]:
    """Return each user's share where each needs the first stretches of one corridor, up to its own cost.

    Args:
        costs: What the corridor costs up to where each user leaves it, >= 0.
    Returns:
        Shares that sum to the largest cost.
    """
    if not costs or not all(0.0 <= cost < math.inf for cost in costs.values()):
        raise ValueError("expected a cost >= 0 for at least one user")
    shares, reached, share = {}, 0.0, 0.0
    for number, (user, cost) in enumerate(sorted(costs.items(), key=lambda entry: entry[1])):
        share += (cost - reached) / (len(costs) - number)
        reached, shares[user] = cost, share
    return {user: shares[user] for user in costs}


def shapley(values: ArrayLike) -> NDArray[np.float64]:
    """Return each member's Shapley value.

    Args:
        values: Shape (2^n,), n <= 20: what each coalition is worth, numbered by its members' bits; the empty one 0.
    Returns:
        Shape (n,); sums to the worth of all together.
    Raises:
        ValueError: another length, or an empty coalition that is worth something.
    """
    worth = np.asarray(values, dtype=float)
    n = max(1, worth.size).bit_length() - 1
    if worth.ndim != 1 or worth.size != 1 << n or not 1 <= n <= MOST_MEMBERS or worth[0] != 0.0:
        raise ValueError(f"expected 2^n values for n of 1 to {MOST_MEMBERS}, the first 0, received {worth.shape}")
    numbers = np.arange(1 << n)
    size = np.bitwise_count(numbers).astype(np.int64)
    weight = np.array([math.factorial(k) * math.factorial(n - 1 - k) / math.factorial(n) for k in range(n)])
    found = np.empty(n)
    for member in range(n):
        without = numbers[numbers >> member & 1 == 0]
        found[member] = (weight[size[without]] * (worth[without | 1 << member] - worth[without])).sum()
    return found
