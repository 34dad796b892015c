"""Who can decide what under a voting rule: exact power indices of weighted games with vetoes.

A coalition wins when it holds every member with a veto and its weights reach the quota. Coalitions are counted by
size and weight with a generating function, never one by one, so every figure is exact.

    council = Game((1,) * 15, 9, frozenset(range(5)))
    indices(council).shapley_shubik[0]      # Fraction(421, 2145)

Left out: games that are no weighted game (two quotas at once); abstention as a third choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, factorial, gcd

MOST_MEMBERS = 1000
MOST_BITS = 1 << 26
"""The largest generating function, in bits: 25 members with a quota of up to 99,000 fit, in a few seconds."""


@dataclass(frozen=True, slots=True)
class Game:
    """A weighted game; members are numbered from 0.

    Attributes:
        weights: Votes of each member, whole numbers >= 0, 1 to 1000 members.
        quota: Votes that decide, from 1 to their sum.
        vetoes: Members without whom nothing is decided.
    Raises:
        ValueError: an argument out of range, or weights too large to count exactly.
    """

    weights: tuple[int, ...]
    quota: int
    vetoes: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        n, total = len(self.weights), sum(self.weights)
        if not 1 <= n <= MOST_MEMBERS:
            raise ValueError(f"expected 1 to {MOST_MEMBERS} weights, received {n}")
        if min(self.weights) < 0:
            raise ValueError(f"expected weights >= 0, received {min(self.weights)}")
        if not 1 <= self.quota <= total:
            raise ValueError(f"expected a quota from 1 to {total}, the sum of the weights, received {self.quota}")
        if strangers := sorted(self.vetoes - set(range(n))):
            raise ValueError(f"expected vetoes from 0 to {n - 1}, received {strangers[0]}")
        free, needed, _ = _free(self)
        if len(set(free)) > 1 and needed * (len(free) + 1) ** 2 > MOST_BITS:
            raise ValueError(f"expected weights small enough to count, received a quota of {needed} in steps of their "
                             f"common divisor for {len(free)} members; divide and round the weights")


@dataclass(frozen=True, slots=True)
class Indices:
    """What each member, and the whole body, can bring about; tuples have one entry for each member.

    Attributes:
        winning: Winning coalitions.
        swings: Coalitions that win with the member and lose without it.
        banzhaf: Share of all swings; sums to 1.
        banzhaf_raw: Swings / 2^(n-1), the chance to be decisive among coin-tossers.
        shapley_shubik: Share of the orders of voting in which the member decides; sums to 1.
        power_to_act: Coleman's: winning coalitions / 2^n.
        prevent: Coleman's: share of the winning coalitions that the member can break.
        initiate: Coleman's: share of the losing coalitions that the member can make win.
        blockers: Members without whom nothing is decided.
        smallest_veto_set: Least number of members that together can stop everything.
        dictator: The member that decides alone and without whom nothing is decided.
        dummies: Members that never matter.
    """

    winning: int
    swings: tuple[int, ...]
    banzhaf: tuple[Fraction, ...]
    banzhaf_raw: tuple[Fraction, ...]
    shapley_shubik: tuple[Fraction, ...]
    power_to_act: Fraction
    prevent: tuple[Fraction, ...]
    initiate: tuple[Fraction, ...]
    blockers: tuple[int, ...]
    smallest_veto_set: int
    dictator: int | None
    dummies: tuple[int, ...]


def indices(game: Game) -> Indices:
    """Return every index of ``game``, exactly.

    Source: Banzhaf (1965), Shapley and Shubik (1954), Coleman (1971); generating functions after Brams and
    Affuso (1976).
    """
    n = len(game.weights)
    free, needed, scale = _free(game)
    winning_by_size = [comb(len(free), size) - below for size, below in enumerate(_counts(free, 0, needed))]
    # Whoever holds a veto is decisive in every winning coalition. Sizes leave out the holders of vetoes.
    decisive: dict[int | None, list[int]] = {None: winning_by_size}
    for weight in set(free):
        others = list(free)
        others.remove(weight)
        decisive[weight] = _counts(others, needed - weight, needed)
    swings, shapley = [], []
    for member, weight in enumerate(game.weights):
        by_size = decisive[None if member in game.vetoes else weight // scale]
        before = len(game.vetoes) - (member in game.vetoes)
        swings.append(sum(by_size))
        shapley.append(_shapley(by_size, before, n))
    return _assemble(game, sum(winning_by_size), tuple(swings), tuple(shapley))


def _free(game: Game) -> tuple[list[int], int, int]:
    """Return the weights without a veto in units of their common divisor, the votes still needed, and that unit."""
    weights = [weight for member, weight in enumerate(game.weights) if member not in game.vetoes]
    scale = gcd(*weights) or 1
    rest = game.quota - sum(game.weights[member] for member in game.vetoes)
    return [weight // scale for weight in weights], max(0, -(-rest // scale)), scale


def _counts(weights: Sequence[int], low: int, high: int) -> list[int]:
    """Return, by size from 0 to all, how many subsets of ``weights`` weigh at least ``low`` and less than ``high``."""
    n, low = len(weights), max(0, low)
    if high <= low:
        return [0] * (n + 1)
    if len(set(weights)) <= 1:
        each = weights[0] if weights else 0
        return [comb(n, size) if low <= size * each < high else 0 for size in range(n + 1)]
    return _by_size(_generating_function(weights, high) >> low * (n + 1) ** 2, high - low, n)


def _generating_function(weights: Sequence[int], high: int) -> int:
    """Return the product of (1 + x^weight t) below x^high as one number: no count outgrows its n + 1 bits."""
    digit = len(weights) + 1
    row = digit * digit
    mask, product = (1 << high * row) - 1, 1
    for weight in weights:
        product += (product << weight * row + digit) & mask
    return product


def _by_size(rows: int, count: int, n: int) -> list[int]:
    """Return the sums, by size, of ``count`` rows of n + 1 numbers; halves are laid upon each other."""
    digit = n + 1
    while count > 1:
        count = (count + 1) // 2
        rows = (rows >> count * digit * digit) + (rows & (1 << count * digit * digit) - 1)
    return [rows >> size * digit & (1 << digit) - 1 for size in range(n + 1)]


def _shapley(by_size: Sequence[int], before: int, n: int) -> Fraction:
    orders = (count * factorial(before + size) * factorial(n - 1 - before - size)
              for size, count in enumerate(by_size) if count)
    return Fraction(sum(orders), factorial(n))


def _assemble(game: Game, winning: int, swings: tuple[int, ...], shapley: tuple[Fraction, ...]) -> Indices:
    n, total = len(swings), sum(swings)
    blockers = tuple(member for member, count in enumerate(swings) if count == winning)
    alone = [m for m in blockers if game.weights[m] >= game.quota and game.vetoes <= {m}]
    return Indices(
        winning=winning,
        swings=swings,
        banzhaf=tuple(Fraction(count, total) for count in swings),
        banzhaf_raw=tuple(Fraction(count, 2 ** (n - 1)) for count in swings),
        shapley_shubik=shapley,
        power_to_act=Fraction(winning, 2**n),
        prevent=tuple(Fraction(count, winning) for count in swings),
        initiate=tuple(Fraction(count, 2**n - winning) for count in swings),
        blockers=blockers,
        smallest_veto_set=1 if blockers else _smallest_veto_set(game),
        dictator=alone[0] if alone else None,
        dummies=tuple(member for member, count in enumerate(swings) if count == 0),
    )


def _smallest_veto_set(game: Game) -> int:
    heaviest = sorted(game.weights, reverse=True)
    # The heaviest leave first; a quota of at least 1 ends this at the latest when all have left.
    return next(gone for gone in range(1, len(heaviest) + 1) if sum(heaviest[gone:]) < game.quota)
