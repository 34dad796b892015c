"""Sampling: exact against enumeration, also where a look can miss."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.compliance.sampling import detected_within, missed, sample_size, visit_rate


@given(population=st.integers(1, 12), data=st.data(), p_find=st.floats(0.05, 1.0))
def test_the_chance_to_miss_is_that_of_every_sample(population: int, data: st.DataObject, p_find: float) -> None:
    """An enumeration of all samples is the oracle."""
    defects, inspected = data.draw(st.integers(1, population)), data.draw(st.integers(0, population))
    samples = list(combinations(range(population), inspected))
    expected = sum((1.0 - p_find) ** sum(item < defects for item in sample) for sample in samples) / len(samples)
    assert missed(population, defects, inspected, p_find) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60)
@given(population=st.integers(2, 3000), data=st.data(), goal=st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5]),
       p_find=st.sampled_from([1.0, 0.9, 0.6]))
def test_the_size_is_the_least_that_reaches_the_goal(
    population: int, data: st.DataObject, goal: float, p_find: float
) -> None:
    """One item less would miss too often; a goal out of reach is said to be so."""
    defects = data.draw(st.integers(1, population))
    if missed(population, defects, population, p_find) > goal:
        with pytest.raises(ValueError, match="within reach"):
            sample_size(population, defects, goal, p_find)
        return
    found = sample_size(population, defects, goal, p_find)
    assert found.nondetection <= goal * (1 + 1e-9)
    assert missed(population, defects, found.exact - 1, p_find) > goal * (1 - 1e-9)


def test_a_goal_met_exactly_is_met() -> None:
    """One defect of ten, missed at most three times in ten: seven items, though .3 is no binary fraction."""
    assert sample_size(10, 1, 0.3).exact == 7
    assert sample_size(1000, 1, 0.1).exact == 900


def test_large_lists_are_sampled_at_once() -> None:
    """Ten million items: the answer agrees with sampling with replacement to a part in a thousand."""
    found = sample_size(10_000_000, 100_000, 0.05)
    assert found.exact == pytest.approx(math.log(0.05) / math.log(0.99), rel=0.01)


def test_visits_at_random_find_in_time() -> None:
    """A simulation of the Poisson process: 90 percent within the term."""
    rate, rng = visit_rate(0.1, 0.5, 30.0), np.random.default_rng(1)
    visits = rng.poisson(rate * 30.0, 100_000)
    assert (1.0 - 0.5**visits).mean() == pytest.approx(0.9, abs=0.004)
    assert detected_within(rate, 0.5, 60.0) == pytest.approx(0.99)


@pytest.mark.parametrize("call", [
    lambda: sample_size(0, 1, 0.1), lambda: sample_size(10, 11, 0.1), lambda: sample_size(10, 1, 0.0),
    lambda: sample_size(10, 1, 0.1, 0.0), lambda: visit_rate(1.0, 0.5, 30), lambda: visit_rate(0.1, 0.5, 0),
    lambda: detected_within(-1, 0.5, 1),
])
def test_figures_out_of_range_are_refused(call: object) -> None:
    """More defects than items, a certainty, no time: each is said."""
    assert callable(call)
    with pytest.raises(ValueError, match="expected"):
        call()
