"""Attestors: the published example of Dawid and Skene, and worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.compliance.attestors import learn

# Applied Statistics 28 (1979), table 1: 45 patients graded 1 to 4, the first anaesthetist three times, then four more.
TABLE_1 = (
    "1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 "
    "1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 "
    "1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 "
    "2322222 1211111 2222222 "
)


def table_1() -> tuple[list[int], list[int], list[int]]:
    rows = [(item, max(0, place - 2), int(grade) - 1)
            for item, patient in enumerate(TABLE_1.split()) for place, grade in enumerate(patient)]
    items, attestors, labels = zip(*rows, strict=True)
    return list(items), list(attestors), list(labels)


def test_the_published_example_is_reproduced() -> None:
    """Known answer: prevalences .40, .42, .11 and .07 of the four grades, and the first observer's sure hand."""
    found = learn(*table_1(), classes=4)
    assert found.prevalence == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    assert np.diag(found.confusion[0]) == pytest.approx([0.89, 0.88, 0.66, 0.44], abs=0.006)
    assert found.converged and found.swapped == ()
    weak = learn(*table_1(), classes=4, diagonal=0.02, elsewhere=0.01)
    assert weak.prevalence == pytest.approx(found.prevalence, abs=0.005)


def world(seed: int, items: int, confusion: np.ndarray, prevalence: float) -> tuple[np.ndarray, ...]:
    """Draw labels of every attestor on every item; ``confusion`` is (attestor, truth, label)."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) < prevalence).astype(int)
    p_one = confusion[:, truth, 1].T
    labels = (rng.random(p_one.shape) < p_one).astype(int)
    item, rater = np.meshgrid(np.arange(items), np.arange(len(confusion)), indexing="ij")
    return truth, item.ravel(), rater.ravel(), labels.ravel()


def test_two_liars_of_nine_are_found_out() -> None:
    """Seven honest attestors and two that say the opposite: everybody's matrix is learned, the liars' too."""
    honest, liar = [[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.8, 0.2]]
    confusion = np.array([honest] * 7 + [liar] * 2)
    truth, *rows = world(3, 3000, confusion, 0.3)
    found = learn(*rows, classes=2, diagonal=4, elsewhere=1)
    assert np.abs(found.confusion - confusion).max() < 0.04
    assert np.mean((found.posterior[:, 1] > 0.5) == truth) > 0.97
    assert found.prevalence[1] == pytest.approx(truth.mean(), abs=0.02)


def test_an_attestor_who_said_little_is_judged_by_its_relation() -> None:
    """Friends of the accused look away: whoever spoke twice is taken to err as its group does, not as nobody."""
    friend, neutral = [[0.98, 0.02], [0.6, 0.4]], [[0.95, 0.05], [0.1, 0.9]]
    confusion = np.array([friend] * 4 + [neutral] * 5)
    _, item, rater, label = world(5, 800, confusion, 0.4)
    few = (rater != 0) | (item < 2)
    groups = [0, 0, 0, 0, 1, 1, 1, 1, 1]
    alone = learn(item[few], rater[few], label[few], classes=2, diagonal=2, elsewhere=1)
    pooled = learn(item[few], rater[few], label[few], classes=2, diagonal=2, elsewhere=1, groups=groups, pool=20)
    truth = np.array(friend)
    assert np.abs(pooled.confusion[0] - truth).max() < 0.12 < np.abs(alone.confusion[0] - truth).max()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 4))
def test_the_likelihood_of_every_start_is_a_maximum_nearby(seed: int, classes: int) -> None:
    """Rows and prevalences are distributions, and another half of the rounds never lowers the likelihood."""
    rng = np.random.default_rng(seed)
    item, rater, label = np.repeat(np.arange(20), 4), np.tile(np.arange(4), 20), rng.integers(0, classes, 80)
    short, long = (learn(item, rater, label, classes=classes, most=most) for most in (10, 200))
    assert long.loglikelihood >= short.loglikelihood - 1e-9
    for found in (short, long):
        assert found.confusion.sum(axis=2) == pytest.approx(1.0)
        assert found.posterior.sum(axis=1) == pytest.approx(1.0)
        assert found.prevalence.sum() == pytest.approx(1.0)


def test_swapped_names_are_told() -> None:
    """Where most labels contradict the name of a class, the result says so instead of passing for knowledge."""
    item, rater, label = [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 1, 1]
    assert learn(item, rater, label, classes=2).swapped == ()
    assert learn(item, rater, label, classes=2, elsewhere=50.0).swapped


@pytest.mark.parametrize(
    ("items", "attestors", "labels", "more"),
    [([], [], [], {}), ([0], [0, 1], [0], {}), ([0], [0], [2], {}), ([1], [0], [0], {}), ([0], [0], [0], {"pool": 1.0}),
     ([0], [0], [0], {"diagonal": -1.0}), ([0], [0], [-1], {})],
    ids=["none", "unlike lengths", "no such class", "a gap", "pool without groups", "negative prior", "negative"],
)
def test_rows_that_mean_nothing_are_refused(
    items: list[int], attestors: list[int], labels: list[int], more: dict[str, float]
) -> None:
    """A mistake in the rows is said, not turned into figures."""
    with pytest.raises(ValueError, match="expected"):
        learn(items, attestors, labels, classes=2, **more)
