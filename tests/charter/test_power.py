"""Power indices: known answers, axioms, and agreement with plain counting of every coalition."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.charter.power import MOST_MEMBERS, Game, Indices, indices

COUNCIL = indices(Game((1,) * 15, 9, frozenset(range(5))))


def wins(game: Game, coalition: set[int]) -> bool:
    return game.vetoes <= coalition and sum(game.weights[member] for member in coalition) >= game.quota


def coalitions(n: int) -> list[set[int]]:
    return [{member for member in range(n) if bits >> member & 1} for bits in range(1 << n)]


@st.composite
def games(draw: st.DrawFn, most: int = 8) -> Game:
    weights = draw(st.lists(st.integers(0, 9), min_size=1, max_size=most).filter(any))
    quota = draw(st.integers(1, sum(weights)))
    return Game(tuple(weights), quota, draw(st.frozensets(st.integers(0, len(weights) - 1), max_size=3)))


def test_the_security_council_has_its_published_indices() -> None:
    """Five vetoes and nine of fifteen votes: the best known answer of the field."""
    assert (COUNCIL.winning, COUNCIL.swings) == (848, (848,) * 5 + (84,) * 10)
    assert COUNCIL.shapley_shubik == (Fraction(421, 2145),) * 5 + (Fraction(4, 2145),) * 10
    assert [round(float(COUNCIL.banzhaf[m]), 6) for m in (0, 14)] == [0.166929, 0.016535]
    assert round(float(COUNCIL.power_to_act), 7) == 0.0258789
    assert (COUNCIL.blockers, COUNCIL.smallest_veto_set) == ((0, 1, 2, 3, 4), 1)
    assert (COUNCIL.dictator, COUNCIL.dummies) == (None, ())


@pytest.mark.parametrize(("quota", "winning", "veto_set"), [(9, 1, 1), (8, 10, 2), (7, 46, 3), (6, 130, 4)])
def test_nine_members_have_their_known_coalitions(quota: int, winning: int, veto_set: int) -> None:
    """Consensus, consensus minus one, seven of nine, two thirds: what each step of leniency makes possible."""
    found = indices(Game((1,) * 9, quota))
    assert (found.winning, found.power_to_act, found.smallest_veto_set) == (winning, Fraction(winning, 512), veto_set)


@given(games())
def test_counting_every_coalition_gives_the_same(game: Game) -> None:
    """The generating function must count what the definition counts, vetoes and weights of nought included."""
    n, found = len(game.weights), indices(game)
    winning = [coalition for coalition in coalitions(n) if wins(game, coalition)]
    swings = tuple(sum(m in c and not wins(game, c - {m}) for c in winning) for m in range(n))
    assert (found.winning, found.swings) == (len(winning), swings)
    assert found.blockers == tuple(m for m in range(n) if all(m in c for c in winning))
    assert found.smallest_veto_set == min(
        len(gone) for gone in coalitions(n) if not wins(game, set(range(n)) - gone)
    )
    alone = [m for m in range(n) if wins(game, {m}) and not wins(game, set(range(n)) - {m})]
    assert found.dictator == (alone[0] if alone else None)


@given(games(most=5))
def test_every_order_of_voting_gives_the_same_shapley_index(game: Game) -> None:
    """The member whose joining makes the coalition win, over all orders, is the definition."""
    n = len(game.weights)
    decided = [0] * n
    orders = list(permutations(range(n)))
    for order in orders:
        first = next(k for k in range(1, n + 1) if wins(game, set(order[:k])))
        decided[order[first - 1]] += 1
    assert indices(game).shapley_shubik == tuple(Fraction(count, len(orders)) for count in decided)


@given(games())
def test_the_axioms_hold(game: Game) -> None:
    """Efficiency: shares sum to one; symmetry: equals have equal shares; dummy: no swing, no share."""
    found = indices(game)
    assert sum(found.shapley_shubik) == sum(found.banzhaf) == 1
    for first, one in enumerate(game.weights):
        for second, other in enumerate(game.weights):
            if one == other and (first in game.vetoes) == (second in game.vetoes):
                assert found.shapley_shubik[first] == found.shapley_shubik[second]
    for member, share in enumerate(found.shapley_shubik):
        assert (share == 0) == (found.swings[member] == 0) == (member in found.dummies)


def test_weights_do_not_say_who_matters() -> None:
    """Five votes of nine, five needed: the first decides alone. Of 50, 49 and 1 the last two are equal at 51."""
    alone = indices(Game((5, 3, 1), 5))
    assert (alone.dictator, alone.dummies, alone.banzhaf) == (0, (1, 2), (1, 0, 0))
    assert indices(Game((50, 49, 1), 51)).banzhaf == (Fraction(3, 5), Fraction(1, 5), Fraction(1, 5))


def test_coleman_tells_preventing_from_initiating() -> None:
    """Under consensus everybody prevents everything, and a member rarely makes a losing coalition win."""
    found = indices(Game((1,) * 9, 9))
    assert (set(found.prevent), set(found.initiate)) == ({Fraction(1)}, {Fraction(1, 511)})


def test_large_bodies_are_counted_exactly() -> None:
    """25 members with unlike weights, and a thousand with equal ones, still sum to exactly one."""
    unlike = indices(Game(tuple(range(101, 126)), 1413))
    equal: Indices = indices(Game((7,) * MOST_MEMBERS, 7 * 667))
    assert sum(unlike.shapley_shubik) == sum(equal.shapley_shubik) == 1
    # Of two complementary coalitions exactly one wins when the quota is just above half of an odd sum.
    assert sum(range(101, 126)) == 2825 and unlike.winning == 2**24


@pytest.mark.parametrize(
    "game",
    [
        {"weights": (), "quota": 1},
        {"weights": (1,) * (MOST_MEMBERS + 1), "quota": 1},
        {"weights": (1, -1), "quota": 1},
        {"weights": (1, 1), "quota": 0},
        {"weights": (1, 1), "quota": 3},
        {"weights": (1, 1), "quota": 2, "vetoes": frozenset({2})},
        {"weights": (10**12, 10**12 + 1), "quota": 10**12},
        {"weights": tuple(range(301)), "quota": 700},
    ],
)
def test_what_is_no_game_is_refused(game: dict[str, Any]) -> None:
    """A quota nobody can reach, a veto of nobody, or weights beyond counting are mistakes, not results."""
    with pytest.raises(ValueError, match="expected"):
        Game(**game)
