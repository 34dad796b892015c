"""Sequential tests and CUSUMs against simulation, and their errors near what was admitted."""

from __future__ import annotations

import numpy as np
import pytest

from hamsaya.compliance.streams import (
    bernoulli,
    cusum,
    cusum_run_length,
    expected_looks,
    poisson,
    reference_value,
    sprt,
    thresholds,
)


@pytest.mark.parametrize(("p", "wrong", "limit"), [(0.1, "breach", 0.05), (0.4, "no-breach", 0.10)])
def test_errors_stay_near_what_was_admitted(p: float, wrong: str, limit: float) -> None:
    """Two thousand streams of each kind; Wald's bounds hold up to the excess over them."""
    rng, ratio, bounds = np.random.default_rng(8), bernoulli(0.1, 0.4), thresholds(0.05, 0.10)
    ends = [sprt((rng.random(300) < p).astype(float), ratio, bounds) for _ in range(2000)]
    assert sum(end.verdict == wrong for end in ends) / len(ends) < limit + 0.01
    assert all(end.verdict != "undecided" for end in ends)
    looks = expected_looks(0.1, 0.4, 0.05, 0.10)[p > 0.1]
    assert looks <= np.mean([end.after for end in ends]) < 1.5 * looks


def test_a_count_a_period_is_a_look_too() -> None:
    """Many incidents say breach, none say the opposite, and what lies between waits."""
    ratio, bounds = poisson(1.0, 3.0), thresholds(0.05, 0.10)
    assert sprt([4, 5, 4], ratio, bounds).verdict == "breach"
    assert sprt([0, 1, 0], ratio, bounds).verdict == "no-breach"
    assert sprt([2], ratio, bounds) == ("undecided", 1, pytest.approx((2 * np.log(3) - 2,)))
    assert sprt([], ratio, bounds).after == 0


@pytest.mark.parametrize(("mean", "allowance", "h", "scale"), [(1.0, 2, 3, 1), (3.0, 2, 5, 1), (1.2, 3, 6, 2)])
def test_the_run_length_is_exact(mean: float, allowance: int, h: int, scale: int) -> None:
    """Four thousand simulated runs lie around it within four standard errors."""
    rng = np.random.default_rng(3)
    lengths = []
    for _ in range(4000):
        total, length = 0, 0
        while total < h:
            total = max(0, total + scale * int(rng.poisson(mean)) - allowance)
            length += 1
        lengths.append(length)
    error = np.std(lengths) / np.sqrt(len(lengths))
    assert abs(np.mean(lengths) - cusum_run_length(mean, allowance, h, scale)) < 4 * error


def test_a_run_length_small_enough_to_count_by_hand() -> None:
    """With bound 1 and no allowance the first count ends it: 1/(1 - exp(-mean)) periods."""
    assert cusum_run_length(0.5, 0, 1) == pytest.approx(1.0 / (1.0 - np.exp(-0.5)))


def test_a_cusum_alarms_once_and_forgets_the_good_days() -> None:
    """It never falls below nought, so old virtue buys no later breach."""
    alarm, path = cusum([0, 0, 0, 4, 4, 0], 2.0, 4.0)
    assert alarm == 5 and path == (0.0, 0.0, 0.0, 2.0, 4.0, 2.0)
    assert cusum([1, 1], 2.0, 4.0)[0] is None
    assert reference_value(1.0, 3.0) == pytest.approx(2 / np.log(3))


@pytest.mark.parametrize("call", [
    lambda: thresholds(0.0, 0.1), lambda: thresholds(0.6, 0.5), lambda: bernoulli(0.1, 0.1), lambda: bernoulli(0, 0.5),
    lambda: poisson(0.0, 1.0), lambda: sprt([0.5], bernoulli(0.1, 0.4), thresholds(0.05, 0.1)),
    lambda: sprt([1.5], poisson(1, 2), thresholds(0.05, 0.1)), lambda: cusum_run_length(0.0, 1, 1),
    lambda: cusum_run_length(1.0, 1, 0), lambda: reference_value(3.0, 1.0),
])
def test_figures_without_meaning_are_refused(call: object) -> None:
    """A chance of 0 or 2, a count of a half: a mistake, not a stream."""
    assert callable(call)
    with pytest.raises(ValueError, match="expected"):
        call()
