"""Panels: how k of n votes separate a breach from a fabrication, against published figures."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.compliance.panel import k_of_n, minimum_panel, panel_rates


@pytest.mark.parametrize(
    ("n", "k", "p", "expected"),
    [
        (5, 3, 0.8, 0.94208),
        (5, 3, 0.1, 0.00856),
        (3, 2, 0.7, 0.784),
        (5, 3, 0.7, 0.83692),
        (11, 6, 0.7, 0.92177521),
    ],
)
def test_votes_have_their_known_probability(n: int, k: int, p: float, expected: float) -> None:
    """Condorcet's jury and the 3-of-5 panel of the verification notes."""
    assert k_of_n(n, k, p) == pytest.approx(expected, abs=5e-9)


@pytest.mark.parametrize(
    ("n", "k", "colluders", "expected"),
    [(5, 3, 0, 0.0086), (5, 3, 1, 0.052), (5, 3, 2, 0.271), (5, 3, 3, 1.0), (9, 5, 2, 0.0257)],
)
def test_collusion_is_what_kills_a_panel(n: int, k: int, colluders: int, expected: float) -> None:
    """Known answers: a fabricated claim passes 3 of 5 with .0086, .052, .271 and 1; 5 of 9 with .0257."""
    assert panel_rates(n, k, 0.8, 0.1, colluders).false_alarm == pytest.approx(expected, rel=6e-3)


@pytest.mark.parametrize(("liars", "panel"), [(1, (3, 2)), (2, (5, 3)), (3, (7, 4))])
def test_the_least_panel_for_so_many_liars(liars: int, panel: tuple[int, int]) -> None:
    """Known answer: 3, 5 and 7 seats for one, two and three liars, who can then neither force nor block."""
    assert minimum_panel(liars) == panel
    n, k = panel
    rates = panel_rates(n, k, 1.0, 0.0, liars)
    assert (rates.detection, rates.false_alarm) == (1.0, 0.0)
    smaller = panel_rates(n - 1, k, 1.0, 0.0, liars)
    assert smaller.detection == 0.0


@given(n=st.integers(1, 6), data=st.data(), p=st.floats(0, 1))
def test_the_count_is_that_of_every_possible_vote(n: int, data: st.DataObject, p: float) -> None:
    """An enumeration of all 2^n votes is the oracle."""
    k = data.draw(st.integers(-1, n + 1))
    total = 0.0
    for votes in itertools.product((True, False), repeat=n):
        weight = 1.0
        for vote in votes:
            weight *= p if vote else 1.0 - p
        total += weight if sum(votes) >= k else 0.0
    assert k_of_n(n, k, p) == pytest.approx(total, abs=1e-9)


@given(
    n=st.integers(1, 15),
    data=st.data(),
    p=st.floats(0, 1),
    q=st.floats(0, 1),
)
def test_panels_are_monotone(n: int, data: st.DataObject, p: float, q: float) -> None:
    """Sharper eyes help, a higher bar lowers both rates, and a colluder never helps."""
    k, colluders = data.draw(st.integers(1, n)), data.draw(st.integers(0, n - 1))
    low, high = sorted((p, q))
    assert k_of_n(n, k, low) <= k_of_n(n, k, high) + 1e-9
    assert k_of_n(n, k + 1, p) <= k_of_n(n, k, p) + 1e-9
    fewer, more = panel_rates(n, k, p, q, colluders), panel_rates(n, k, p, q, colluders + 1)
    assert more.detection <= fewer.detection + 1e-9
    assert more.false_alarm >= fewer.false_alarm - 1e-9


def test_impossible_panels_are_mistakes() -> None:
    """A panel that cannot sit has no rates."""
    for arguments in [(5, 0, 0.8, 0.1, 0), (5, 6, 0.8, 0.1, 0), (5, 3, 0.8, 0.1, 6), (5, 3, 1.1, 0.1, 0)]:
        with pytest.raises(ValueError, match="expected"):
            panel_rates(*arguments)
    with pytest.raises(ValueError, match="liars"):
        minimum_panel(-1)
