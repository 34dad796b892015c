"""Who stays in: how large a pact holds by itself, and whether payments among its members can hold it.

    stable_size(members=9, club=0.0)       # 3, whatever the number of members
    stable_size(members=9, club=24.0)      # 9; at 23.99 only 8

Members who are alike (Barrett 1994): everybody's effort helps all alike, its cost is quadratic, members decide
together and outsiders alone. In units of benefit^2/cost a member of k gains by staying

    -k^2/2 + 2k - 3/2 + L            L: what only members get (a club benefit)

so the largest pact that nobody leaves has floor(2 + sqrt(1 + 2L)) members. Members who differ: a coalition is
*potentially* stable when what it is worth to its members covers what each would have outside while the rest stays; then
there are payments at which nobody leaves, and ``stabilising`` gives one set of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_MEMBERS = 20
SLACK = 1e-9


class Stable(NamedTuple):
    """A coalition with the surplus over what its members would have outside, and payments that hold it (sum 0)."""

    members: tuple[int, ...]
    surplus: float
    payments: tuple[float, ...]


def stay_gain(k: int, club: float = 0.0) -> float:
    """Return what each of ``k`` like members gains by staying, in units of benefit^2/cost."""
    return -k * k / 2.0 + 2.0 * k - 1.5 + club


def stable_size(members: int, club: float = 0.0) -> int:
    """Return how many of ``members`` >= 1 like ones form the largest pact that nobody leaves.

    Args:
        club: Benefit of membership alone, in units of benefit^2/cost, >= 0.
    Source: Barrett, CSERGE GEC 92-34 (1992/1994); k* = floor(2 + sqrt(1 + 2L)).
    """
    if members < 1 or not 0.0 <= club < math.inf:
        raise ValueError(f"expected members >= 1 and a club benefit >= 0, received {members} and {club}")
    found = min(members, math.floor(2.0 + math.sqrt(1.0 + 2.0 * club)))
    # A root next to a whole number may come out just below it.
    return found + 1 if found < members and stay_gain(found + 1, club) >= 0.0 else found


def club_needed(members: int) -> float:
    """Return the club benefit at which so many like members stay: ((k-2)^2 - 1)/2, nothing for three or fewer."""
    return max(0.0, ((members - 2) ** 2 - 1) / 2.0)


def linear_size(cost: float, benefit: float) -> int:
    """Return how many must act together so that acting pays, at a constant cost and benefit each: ceil(c/b)."""
    if not (cost > 0.0 and benefit > 0.0):
        raise ValueError(f"expected cost and benefit > 0, received {cost} and {benefit}")
    return max(1, math.ceil(cost / benefit - SLACK))


def public_good(benefit: Sequence[float], cost: Sequence[float], club: Sequence[float] | None = None) -> Floats:
    """Return what each member gets in every coalition: shape (2^n, n), coalitions numbered by their members' bits.

    Args:
        benefit: What a unit of anybody's effort is worth to each member, > 0.
        cost: Each member's cost of effort q is cost * q^2 / 2, > 0.
        club: What each member gets only inside a coalition of two or more.
    """
    b, c = np.asarray(benefit, dtype=float), np.asarray(cost, dtype=float)
    extra = np.zeros(len(b)) if club is None else np.asarray(club, dtype=float)
    _members(len(b))
    if not (b.shape == c.shape == extra.shape and (b > 0).all() and (c > 0).all()):
        raise ValueError("expected a benefit > 0 and a cost > 0 for each member")
    inside = _inside(len(b))
    effort = np.where(inside, (inside @ b)[:, None], b) / c
    together = inside & (inside.sum(axis=1) > 1)[:, None]
    found: Floats = effort.sum(axis=1)[:, None] * b - c * effort**2 / 2.0 + np.where(together, extra, 0.0)
    return found


def stable_coalitions(payoffs: Floats) -> list[Stable]:
    """Return every coalition of two or more that payments can hold, the largest first, then by surplus.

    Args:
        payoffs: Shape (2^n, n): what each of n <= 20 members gets when exactly the coalition with those bits holds.
    Raises:
        ValueError: another shape.
    """
    n = payoffs.shape[1] if payoffs.ndim == 2 else 0
    _members(n)
    if payoffs.shape != (1 << n, n):
        raise ValueError(f"expected payoffs of shape (2^n, n), received {payoffs.shape}")
    inside = _inside(n)
    numbers = np.arange(1 << n)
    outside = np.zeros(payoffs.shape)
    for member in range(n):
        outside[:, member] = payoffs[numbers & ~(1 << member), member]
    surplus = np.where(inside, payoffs - outside, 0.0).sum(axis=1)
    size = inside.sum(axis=1)
    held = [int(s) for s in numbers[(size >= 2) & (surplus >= -SLACK)]]
    held.sort(key=lambda s: (-size[s], -surplus[s], s))
    return [_stable(s, payoffs, outside, inside, float(surplus[s])) for s in held]


def _stable(s: int, payoffs: Floats, outside: Floats, inside: NDArray[np.bool_], surplus: float) -> Stable:
    """Return coalition ``s`` with payments that leave each member its outside payoff and an even share of the rest."""
    members = tuple(int(m) for m in np.nonzero(inside[s])[0])
    gains = [float(outside[s, m] + surplus / len(members) - payoffs[s, m]) for m in members]
    return Stable(members, surplus, tuple(gains))


def _inside(n: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1 == 1
    return found


def _members(n: int) -> None:
    if not 1 <= n <= MOST_MEMBERS:
        raise ValueError(f"expected 1 to {MOST_MEMBERS} members, received {n}")
