"""Coalitions and shares: axioms, enumeration, and payments at which nobody leaves."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.linkage.coalition import (
    linear_size,
    public_good,
    stable_coalitions,
    stable_size,
    stay_gain,
)
from hamsaya.linkage.shares import airport, shapley


@given(n=st.integers(1, 5), data=st.data())
def test_shapley_is_the_average_over_all_orders(n: int, data: st.DataObject) -> None:
    """An enumeration of every order of arrival is the oracle."""
    worth = [0.0] + data.draw(st.lists(st.floats(-10, 10), min_size=(1 << n) - 1, max_size=(1 << n) - 1))
    total = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        coalition = 0
        for each in order:
            total[each] += worth[coalition | 1 << each] - worth[coalition]
            coalition |= 1 << each
    assert shapley(worth) == pytest.approx(total / len(orders), abs=1e-9)


@given(costs=st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_costs_in_sequence_are_shapley_shares(costs: list[float]) -> None:
    """The quick rule and the definition agree, and the shares pay for the longest stretch."""
    names = {str(number): cost for number, cost in enumerate(costs)}
    worth = [0.0] + [max(cost for number, cost in enumerate(costs) if bits >> number & 1)
                     for bits in range(1, 1 << len(costs))]
    shares = airport(names)
    assert list(shares.values()) == pytest.approx(list(shapley(worth)), abs=1e-9)
    assert sum(shares.values()) == pytest.approx(max(costs))


def test_twenty_members_are_exact() -> None:
    """A quadratic game has shares in closed form: weight times the total."""
    weights = np.arange(1.0, 21.0)
    bits = (np.arange(1 << 20)[:, None] >> np.arange(20)) & 1
    worth = (bits @ weights) ** 2
    assert shapley(worth) == pytest.approx(weights * weights.sum())


@given(members=st.integers(1, 60), club=st.floats(0, 500))
def test_the_largest_pact_is_the_largest_in_which_staying_pays(members: int, club: float) -> None:
    """The root and a plain search agree."""
    found = stable_size(members, club)
    assert found == max(k for k in range(1, members + 1) if k == 1 or stay_gain(k, club) >= 0.0)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 6), seed=st.integers(0, 10_000))
def test_payments_hold_a_stable_coalition(n: int, seed: int) -> None:
    """They sum to nought, and with them nobody gains by leaving; every other coalition lacks that in sum."""
    rng = np.random.default_rng(seed)
    payoffs = public_good(rng.uniform(0.5, 2, n), rng.uniform(0.5, 2, n), rng.uniform(0, 5, n))
    held = stable_coalitions(payoffs)
    stable = {sum(1 << m for m in each.members) for each in held}
    for each in held:
        number = sum(1 << m for m in each.members)
        assert sum(each.payments) == pytest.approx(0.0, abs=1e-9)
        for m, payment in zip(each.members, each.payments, strict=True):
            assert payoffs[number, m] + payment >= payoffs[number & ~(1 << m), m] - 1e-9
    for number in set(range(1, 1 << n)) - stable:
        inside = [m for m in range(n) if number >> m & 1]
        if len(inside) > 1:
            assert sum(payoffs[number, m] - payoffs[number & ~(1 << m), m] for m in inside) < 1e-9


@pytest.mark.parametrize("call", [
    lambda: stable_size(0), lambda: stable_size(3, -1.0), lambda: linear_size(0.0, 1.0), lambda: airport({}),
    lambda: airport({"ava": -1.0}), lambda: shapley([0.0, 1.0, 2.0]), lambda: shapley([1.0, 2.0]),
    lambda: public_good([1.0], [0.0]), lambda: public_good([1.0] * 21, [1.0] * 21),
    lambda: stable_coalitions(np.zeros((3, 2))),
])
def test_games_without_meaning_are_refused(call: object) -> None:
    """No members, a free effort, a worth of nobody: each is said."""
    assert callable(call)
    with pytest.raises(ValueError, match="expected"):
        call()
