"""Contagion is found where it was put in, and not where it was not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hamsaya.monitor.hawkes import FEWEST, Points, contagion, fit, points

DAYS = 700.0


def drawn(kappa: float, background: int, seed: int) -> Points:
    """A process with branching ratio ``kappa``, mean lag 10 days and 8 km, on eight centres of background."""
    rng = np.random.default_rng(seed)
    centres, which = rng.uniform(0, 400, (8, 2)), rng.integers(0, 8, background)
    parts = [np.stack([rng.random(background) * DAYS, *(centres[which] + rng.normal(0, 60, (background, 2))).T])]
    while parts[-1].shape[1]:
        parent = np.repeat(parts[-1], rng.poisson(kappa, parts[-1].shape[1]), axis=1)
        child = parent + np.stack([rng.exponential(10.0, parent.shape[1]), *rng.normal(0, 8.0, (2, parent.shape[1]))])
        parts.append(child[:, child[0] < DAYS])
    every = np.concatenate(parts, axis=1)
    return Points(*every[:, np.argsort(every[0])])


@pytest.mark.parametrize(("kappa", "seed"), [(0.3, 0), (0.3, 1), (0.6, 2)])
def test_the_branching_ratio_is_recovered(kappa: float, seed: int) -> None:
    """Ratio within its interval, lag and reach near the truth, and the held-out incidents better explained."""
    with ThreadPoolExecutor(2) as executor:
        found = contagion(drawn(kappa, 400, seed), DAYS, 40, 1, executor)
    assert found.interval is not None and found.interval[0] <= kappa <= found.interval[1]
    assert 0.03 < found.interval[1] - found.interval[0] < 0.25
    assert 6 < found.lag_days < 16 and 6 < found.sigma_km < 10.5 and found.gain > 0.1


def test_no_contagion_is_found_where_there_is_none() -> None:
    """Places that are always bad are background, not one incident calling the next."""
    found = fit(drawn(0.0, 500, 3), DAYS)
    assert found.parameters.kappa < 0.05 and found.background.mean() > 0.95 and abs(found.gain) < 0.05


def test_every_incident_is_background_or_brought_about() -> None:
    """The shares add up to what the parameters say."""
    seen = drawn(0.5, 200, 4)
    found = fit(seen, DAYS)
    assert found.parameters.nu == pytest.approx(found.background.sum(), rel=1e-9)
    assert ((found.background >= 0) & (found.background <= 1)).all()


def test_workers_change_nothing() -> None:
    """Replicates have their own generators."""
    seen = drawn(0.4, 60, 5)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(3) as three:
        assert contagion(seen, DAYS, 12, 9, one) == contagion(seen, DAYS, 12, 9, three)
        assert contagion(seen, DAYS, 12, 8, one).interval != contagion(seen, DAYS, 12, 9, one).interval


@pytest.mark.parametrize("count", [0, 1, 2, FEWEST - 1])
def test_too_few_incidents_are_refused(count: int) -> None:
    """A ratio of three incidents would be believed by somebody."""
    seen = points(np.arange(count), np.full(count, 31.0), np.full(count, 65.0), 0, 2.0, 1)
    with pytest.raises(ValueError, match=f"at least {FEWEST}"):
        fit(seen, DAYS)


def test_all_at_one_place_on_one_day_is_answered() -> None:
    """Equal times and places must neither divide by zero nor loop."""
    seen = points(np.full(40, 5), np.full(40, 31.0), np.full(40, 65.0), 0, 2.0, 1)
    found = fit(seen, 30.0)
    assert all(np.isfinite(found.parameters)) and found.parameters.kappa < 1.5


def test_points_are_spread_over_their_day_and_in_order() -> None:
    """The same seed spreads alike; days are whole before and kept."""
    day = np.array([12, 10, 11])
    seen = points(day, np.array([31.0, 31.0, 32.0]), np.array([65.0, 65.0, 65.0]), 10, 0.0, 7)
    assert np.floor(seen.t).tolist() == [0, 1, 2] and seen.y[1] - seen.y[0] == pytest.approx(111.195)
    assert all(np.array_equal(a, b) for a, b in zip(
        seen, points(day, np.array([31.0, 31.0, 32.0]), np.array([65.0, 65.0, 65.0]), 10, 0.0, 7), strict=True))
