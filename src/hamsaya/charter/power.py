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
MOST_BITS, MOST_WORK = 1 << 26, 1 << 32
"""The largest generating function, in bits, and that times the unlike weights: some seconds. 25 members with a quota
of up to 99,000 fit, and a hundred members with weights of 1 to 100."""


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
        kinds, bits = len(set(free)), needed * (len(free) + 1) ** 2
        if kinds > 1 and (bits > MOST_BITS or bits * kinds > MOST_WORK):
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
    lighter, below = _tables(free, needed)
    # Whoever holds a veto is decisive in every winning coalition. Sizes leave out the holders of vetoes.
    winning = [comb(len(free), size) - count for size, count in enumerate(below)]
    decisive: dict[int | None, list[int]] = {None: winning}
    decisive.update(lighter.items())
    swings, shapley = [], []
    for member, weight in enumerate(game.weights):
        by_size = decisive[None if member in game.vetoes else weight // scale]
        before = len(game.vetoes) - (member in game.vetoes)
        swings.append(sum(by_size))
        shapley.append(_shapley(by_size, before, n))
    return _assemble(game, sum(winning), tuple(swings), tuple(shapley))


def _free(game: Game) -> tuple[list[int], int, int]:
    """Return the weights without a veto in units of their common divisor, the votes still needed, and that unit."""
    weights = [weight for member, weight in enumerate(game.weights) if member not in game.vetoes]
    scale = gcd(*weights) or 1
    rest = game.quota - sum(game.weights[member] for member in game.vetoes)
    return [weight // scale for weight in weights], max(0, -(-rest // scale)), scale


def _tables(free: Sequence[int], needed: int) -> tuple[dict[int, list[int]], list[int]]:
    """Return, by size, per weight the subsets of the others that it lifts to ``needed``, and all that fall short."""
    n, kinds = len(free), set(free)
    if len(kinds) <= 1:
        each = free[0] if free else 0
        lifted = [comb(n - 1, size) if needed - each <= size * each < needed else 0 for size in range(n)]
        return {each: lifted}, [comb(n, size) if size * each < needed else 0 for size in range(n + 1)]
    product = _generating_function(free, needed)
    lighter = {}
    for weight in kinds:
        low = max(0, needed - weight)
        rows = _without(product, weight, needed, n) >> low * (n + 1) ** 2
        lighter[weight] = _by_size(rows, needed - low, n)
    return lighter, _by_size(product, needed, n)


def _generating_function(weights: Sequence[int], high: int) -> int:
    """Return the product of (1 + x^weight t) below x^high as one number: no count outgrows its n + 1 bits."""
    digit = len(weights) + 1
    row = digit * digit
    mask, product = (1 << high * row) - 1, 1 if high else 0
    for weight in weights:
        product += (product << weight * row + digit) & mask
    return product


def _without(product: int, weight: int, high: int, n: int) -> int:
    """Return ``product`` divided by (1 + x^weight t): 1/(1 + y) is (1 - y)(1 + y^2)(1 + y^4)... up to x^high."""
    digit = n + 1
    bits, shift = high * digit * digit, weight * digit * digit + digit
    mask = (1 << bits) - 1
    product = (product - (product << shift)) & mask
    while (shift := 2 * shift) < bits:
        product = (product + (product << shift)) & mask
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
