"""Power indices of any simple game in which most members are alike, by looking at each coalition that differs.

A weighted game is counted faster by ``power``. This is for the rest: two rules at once, one rule or another, a rule
for some and another for all. Coalitions with the same named members and as many of the others stand for each other.

    counted(2, 7, lambda named, alike: named == 3 and named.bit_count() + alike >= 5)    # two vetoes, five of nine

Left out: games in which a larger coalition loses; no rule of the charter makes one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import comb, factorial

from hamsaya.charter.power import Indices

MOST_NAMED = 16
"""Members that are looked at one by one: some seconds' work, and each one more doubles it."""


def counted(named: int, alike: int, wins: Callable[[int, int], bool]) -> Indices:
    """Return every index of a game, exactly; the named members come first, then those that are alike.

    Args:
        named: Members told apart, 0 to 16.
        alike: Members of whom only the number counts, >= 0.
        wins: Whether a coalition wins; bit i of its first argument says whether named member i is in it, the
            second how many of the alike are.
    Raises:
        ValueError: too many named members, nobody at all, or a game that nobody or everybody always wins.
    Source: Banzhaf (1965), Shapley and Shubik (1954), Coleman (1971).
    """
    n = named + alike
    if not 0 <= named <= MOST_NAMED or n < 1:
        raise ValueError(f"expected 0 to {MOST_NAMED} members told apart and at least one member, received {named}")
    table = [[wins(bits, count) for count in range(alike + 1)] for bits in range(1 << named)]
    if table[0][0] or not table[-1][-1]:
        raise ValueError("decided whatever the votes" if table[0][0] else "never decided, though all agree")
    winning = sum(comb(alike, count) for row in table for count, won in enumerate(row) if won)
    lone = [_by_size_named(table, member, alike, n) for member in range(named)]
    by_size = [*lone, *([_by_size_alike(table, alike, n)] * alike)]
    alone = [*(table[1 << member][0] for member in range(named)), *([table[0][1]] * alike if alike else ())]
    return _assemble(by_size, winning, alone, _veto_set(table, n))


def _by_size_named(table: Sequence[Sequence[bool]], member: int, alike: int, n: int) -> list[int]:
    """Return, by the size of the others, the coalitions that win with the named ``member`` and lose without."""
    found = [0] * n
    for bits, row in enumerate(table):
        if not bits >> member & 1:
            joined = table[bits | 1 << member]
            for count in range(alike + 1):
                if joined[count] and not row[count]:
                    found[bits.bit_count() + count] += comb(alike, count)
    return found


def _by_size_alike(table: Sequence[Sequence[bool]], alike: int, n: int) -> list[int]:
    """Return, by the size of the others, the coalitions that win with one of the alike and lose without it."""
    found = [0] * n
    for bits, row in enumerate(table):
        for count in range(alike):
            if row[count + 1] and not row[count]:
                found[bits.bit_count() + count] += comb(alike - 1, count)
    return found


def _veto_set(table: Sequence[Sequence[bool]], n: int) -> int:
    """Return the least number of members without whom everybody else together still loses."""
    sizes = (bits.bit_count() + count for bits, row in enumerate(table) for count, won in enumerate(row) if not won)
    return n - max(sizes)


def _assemble(by_size: Sequence[Sequence[int]], winning: int, alone: Sequence[bool], veto_set: int) -> Indices:
    n, swings = len(by_size), tuple(map(sum, by_size))
    blockers = tuple(member for member, count in enumerate(swings) if count == winning)
    orders = (sum(c * factorial(size) * factorial(n - 1 - size) for size, c in enumerate(each)) for each in by_size)
    return Indices(
        winning=winning,
        swings=swings,
        banzhaf=tuple(Fraction(count, sum(swings)) for count in swings),
        banzhaf_raw=tuple(Fraction(count, 2 ** (n - 1)) for count in swings),
        shapley_shubik=tuple(Fraction(order, factorial(n)) for order in orders),
        power_to_act=Fraction(winning, 2**n),
        prevent=tuple(Fraction(count, winning) for count in swings),
        initiate=tuple(Fraction(count, 2**n - winning) for count in swings),
        blockers=blockers,
        smallest_veto_set=veto_set,
        dictator=next((member for member in blockers if alone[member]), None),
        dummies=tuple(member for member, count in enumerate(swings) if count == 0),
    )
