"""Review windows: Poisson tails, the published design, and breaches that are small."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from hamsaya.linkage import law
from hamsaya.linkage.review import YEAR_DAYS, design, tail, window
from hamsaya.linkage.suspension import stationary_price


@given(mean=st.floats(0, 60), k=st.integers(0, 120))
def test_tails_are_those_of_the_poisson_distribution(mean: float, k: int) -> None:
    """To nine digits of themselves, far out too."""
    assert tail(mean, k) == pytest.approx(float(poisson.sf(k - 1, mean)), rel=1e-8, abs=1e-300)


def test_quarterly_reviews_with_three_incidents() -> None:
    """Two incidents a year honest, twelve in breach: about a quarter and three, not incident by incident."""
    found = design(2.0, 12.0, 0.1)
    assert found.best.trigger == 3 and 60 < found.best.window_days < 92
    quarter = next(each for each in found.windows if each.window_days == YEAR_DAYS / 4)
    assert quarter.trigger == 3 and quarter.price < found.at_once == pytest.approx(1.21)
    assert quarter.price - found.best.price < 0.003


def test_reacting_at_once_is_the_limit_of_short_windows() -> None:
    """A window of a minute with one incident costs what the law says."""
    found = window(2.0, 12.0, 0.1, 1.0 / 1440.0, 1)
    assert found.price == pytest.approx(law.price(2.0, 12.0, 0.1), rel=1e-4)


@given(honest=st.floats(0.1, 5), more=st.floats(0.5, 20), discount=st.floats(0.02, 1.0), days=st.floats(7, 366),
       trigger=st.integers(1, 12))
def test_the_price_against_slices_holds_for_every_slice(
    honest: float, more: float, discount: float, days: float, trigger: int
) -> None:
    """At that price no share of a window breached pays, and it is never below the price for all or nothing."""
    found = window(honest, honest + more, discount, days, trigger)
    assert found.sliced_price >= found.price * (1 - 1e-9)
    if not math.isfinite(found.sliced_price) or found.sliced_price > 1e9:
        return
    years = days / YEAR_DAYS
    delta = math.exp(-discount * years)
    # Worth of good standing at that price: (tau - c)/(1 - delta (1 - alpha)), c = 1 for the whole window.
    worth = (found.sliced_price - 1.0) / (1.0 - delta * (1.0 - found.alpha))
    for share in np.linspace(0.02, 1.0, 50):
        caught = tail((honest + share * more) * years, trigger) - found.alpha
        # Slices are tried in steps of a fortieth, so a little may be gained between two of them.
        assert share <= delta * caught * worth * 1.02 + 1e-6


def test_the_price_of_a_window_is_that_of_its_chances() -> None:
    """A window is one period of the closed form."""
    found = window(1.0, 6.0, 0.3, 91.3125, 2)
    assert found.price == pytest.approx(stationary_price(found.alpha, found.beta, math.exp(-0.075)))


@pytest.mark.parametrize(("honest", "breach", "discount"), [(5.0, 5.0, 0.1), (5.0, 1.0, 0.1), (-1, 2, 0.1), (1, 2, 0)])
def test_an_indicator_that_does_not_tell_is_refused(honest: float, breach: float, discount: float) -> None:
    """Where a breaker has no more incidents than an honest member no review helps."""
    with pytest.raises(ValueError, match="expected"):
        design(honest, breach, discount)
