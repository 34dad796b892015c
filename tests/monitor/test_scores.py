"""Scores against an independent implementation and against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.monitor import scores

scoringrules = pytest.importorskip("scoringrules")


def counts(seed: int, rows: int = 400, members: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Zero-inflated counts with some in the thousands, as deaths are."""
    random = np.random.default_rng(seed)
    ensemble = random.poisson(random.gamma(0.2, 20, (rows, 1)), (rows, members))
    ensemble[0] = random.integers(600, 3000, members)  # Beyond what is counted: the sorted way.
    return random.poisson(random.gamma(0.2, 20, rows)), ensemble


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_crps_equals_scoringrules(seed: int) -> None:
    """The kernel is ours because it is fast; it may not be another score."""
    observed, ensemble = counts(seed)
    theirs = scoringrules.crps_ensemble(observed.astype("f8"), ensemble.astype("f8"), estimator="qd", backend="numpy")
    for kind in ("i2", "i4", "f8"):
        np.testing.assert_allclose(scores.crps(observed, ensemble.astype(kind)), theirs, rtol=1e-10, atol=1e-10)


def test_crps_of_a_sure_forecast_is_the_distance() -> None:
    observed, ensemble = np.array([0, 3, 7]), np.array([[0, 0], [5, 5], [2, 2]])
    assert scores.crps(observed, ensemble).tolist() == [0, 2, 5]


def test_crps_refuses_shapes_that_do_not_fit() -> None:
    for observed, ensemble in ((np.zeros(3), np.zeros((2, 5))), (np.zeros(2), np.zeros((2, 0))),
                               (np.zeros(2), np.zeros(2))):
        with pytest.raises(ValueError, match="expected"):
            scores.crps(observed, ensemble)


def test_the_true_distribution_scores_best() -> None:
    """A score that a wrong forecast can win is not proper."""
    random = np.random.default_rng(1)
    truth = random.negative_binomial(1, 0.1, 4000)
    said = {shift: np.sort(random.negative_binomial(1, 0.1, (4000, 200)), 1) * shift for shift in (0.5, 1.0, 2.0)}
    for score in (scores.crps, scores.log_crps, scores.ignorance, scores.interval_score):
        means = {shift: float(score(truth, ensemble).mean()) for shift, ensemble in said.items()}
        assert min(means, key=lambda shift: means[shift]) == 1.0, score.__name__


def test_ignorance_of_a_certain_and_of_an_impossible_bin() -> None:
    """The challenge's smoothing: 1,000 members' worth of forecast and one of doubt in each of the bins."""
    sure = scores.ignorance(np.array([0]), np.zeros((1, 10)))
    wrong = scores.ignorance(np.array([2000]), np.zeros((1, 10)))
    assert sure == pytest.approx(-np.log2(1001 / 1011)) and wrong == pytest.approx(np.log2(1011))


def test_average_precision_by_hand_and_with_ties() -> None:
    """Hits at ranks 1 and 3 give (1 + 2/3) / 2; when all are tied the precision is the base rate."""
    happened = np.array([True, False, True, False])
    assert scores.average_precision(np.array([0.9, 0.8, 0.7, 0.1]), happened) == pytest.approx(5 / 6)
    assert scores.average_precision(np.full(4, 0.3), happened) == pytest.approx(0.5)
    assert np.isnan(scores.average_precision(np.full(4, 0.3), np.zeros(4, bool)))


def test_gain_interval_is_seeded_and_holds_the_gain() -> None:
    random = np.random.default_rng(2)
    reference = random.gamma(3, 1, 36)
    model = reference * random.normal(0.9, 0.05, 36)
    low, high = scores.gain_interval(model, reference, 5)
    assert low < 1 - model.sum() / reference.sum() < high
    assert (low, high) == scores.gain_interval(model, reference, 5) != scores.gain_interval(model, reference, 6)
