"""How each attestor errs, learned from who said what of the same items, though nobody knows the truth.

    found = learn(items, attestors, labels, classes=2)
    found.prevalence           # share of each true class
    found.confusion[j, k, l]   # probability that attestor j says l of an item that is truly k

Expectation-maximisation after Dawid and Skene (1979), with Dirichlet priors. An attestor may err otherwise about a
friend than about a rival, so an attestor is here whoever says it *in one relation to the accused*: pass one number
for each pair. ``groups`` names the relation of each; those in one relation are then drawn towards what they have in
common, by as many pseudo-items as ``pool`` says.

Repeated labels of one attestor on one item count as repeated looks. Pitfall: with few items the classes may swap
their names; the prior on the diagonal and the start from the majority stand against it, and ``swapped`` names
classes that most attestors would then call by another's name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
TINY = 1e-300
MOST_CLASSES = 64


class Learned(NamedTuple):
    """What was learned.

    Attributes:
        prevalence: Shape (class,), sums to 1.
        confusion: Shape (attestor, true class, label), rows sum to 1; the mean of ``counts``.
        counts: Same shape: soft counts with their priors, the parameters of a Dirichlet for each row.
        posterior: Shape (item, class): the probability of each true class, given all labels.
        loglikelihood: Natural logarithm, of the labels alone, without the priors' share.
        iterations: Rounds until the change fell below the tolerance; ``converged`` is False at the limit.
        swapped: Classes whose name most labels of the items in them contradict.
    """

    prevalence: Floats
    confusion: Floats
    counts: Floats
    posterior: Floats
    loglikelihood: float
    iterations: int
    converged: bool
    swapped: tuple[int, ...]


def learn(
    items: ArrayLike,
    attestors: ArrayLike,
    labels: ArrayLike,
    *,
    classes: int,
    groups: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    diagonal: float = 0.0,
    elsewhere: float = 0.0,
    pool: float = 0.0,
    most: int = 2000,
    tolerance: float = 1e-9,
) -> Learned:
    """Return prevalences and confusion matrices from rows (item, attestor, label), one number each, from 0.

    Args:
        items, attestors, labels: Equally long, whole numbers >= 0; labels below ``classes``.
        classes: True classes, which are also the labels, 2 to 64.
        groups: For each attestor the number of its relation; needed for ``pool``.
        weights: What each row counts as evidence of the truth, in (0, 1]: below 1 where a bloc speaks with one voice.
        diagonal, elsewhere: Pseudo-items by which every attestor is taken to have been right, and wrong in each
            other way, before the first label. 0 and 0 is the maximum likelihood of Dawid and Skene.
        pool: Pseudo-items by which an attestor is drawn towards its group.
        most, tolerance: Rounds at most; the largest change of a posterior at which to stop.
    Raises:
        ValueError: no rows, unlike lengths, a number out of range, or an item or attestor number without a row.
    Source: Dawid and Skene, Applied Statistics 28 (1979), equations 2.3 to 2.5; priors are ours.
    """
    item, rater, label = _columns(items, attestors, labels, classes)
    n, m = int(item.max()) + 1, int(rater.max()) + 1
    if len(np.unique(item)) != n or len(np.unique(rater)) != m:
        raise ValueError("expected items and attestors numbered from 0 without a gap")
    if min(diagonal, elsewhere, pool) < 0.0:
        raise ValueError(f"expected pseudo-items >= 0, received {diagonal}, {elsewhere} and {pool}")
    group = _groups(groups, m, pool)
    weight = np.ones(len(item)) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != item.shape or not ((weight > 0.0) & (weight <= 1.0)).all():
        raise ValueError("expected one weight in (0, 1] for each row")
    prior = np.full((classes, classes), elsewhere) + np.eye(classes) * (diagonal - elsewhere)
    votes = np.zeros((n, classes))
    np.add.at(votes, (item, label), 1.0)
    posterior = votes / votes.sum(axis=1, keepdims=True)
    change, rounds, loglikelihood = np.inf, 0, -np.inf
    while rounds < most and change > tolerance:
        prevalence = posterior.mean(axis=0)
        counts = _counts(item, rater, label, posterior, (m, classes), prior, group, pool)
        confusion = _rows(counts, prior)
        after, loglikelihood = _expect(item, rater, label, weight, prevalence, confusion, n)
        change, posterior, rounds = float(np.abs(after - posterior).max()), after, rounds + 1
    said = posterior.T @ votes
    swapped = tuple(int(k) for k in range(classes) if said[k].sum() > 0 and said[k].argmax() != k)
    return Learned(prevalence, confusion, counts, posterior, loglikelihood, rounds, change <= tolerance, swapped)


def _columns(items: Any, attestors: Any, labels: Any, classes: int) -> tuple[Any, Any, Any]:
    item, rater, label = (np.asarray(column, dtype=np.int64) for column in (items, attestors, labels))
    if item.ndim != 1 or not len(item) == len(rater) == len(label) > 0:
        raise ValueError(f"expected three equally long columns of at least one row, received {item.shape}, "
                         f"{rater.shape} and {label.shape}")
    if not 2 <= classes <= MOST_CLASSES or min(item.min(), rater.min(), label.min()) < 0 or label.max() >= classes:
        raise ValueError(f"expected 2 to {MOST_CLASSES} classes and numbers from 0, labels below the classes")
    return item, rater, label


def _groups(groups: Any, m: int, pool: float) -> Any:
    group = np.zeros(m, dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
    if group.shape != (m,) or group.min() < 0 or (groups is None and pool > 0.0):
        raise ValueError(f"expected one group >= 0 for each of {m} attestors, received {group.shape}")
    return group


def _counts(
    item: Any, rater: Any, label: Any, posterior: Floats, shape: tuple[int, int], prior: Floats, group: Any, pool: float
) -> Floats:
    """Return the soft counts of (attestor, true class, label) with the priors on top."""
    m, classes = shape
    counts = np.zeros((m, classes, classes))
    for k in range(classes):
        np.add.at(counts[:, k, :], (rater, label), posterior[item, k])
    own = counts + prior
    if pool > 0.0:
        pooled = np.zeros((int(group.max()) + 1, classes, classes))
        np.add.at(pooled, group, counts)
        own = own + pool * _rows(pooled + prior, prior)[group]
    return own


def _rows(counts: Floats, prior: Floats) -> Floats:
    """Return ``counts`` with rows that sum to 1; a row of nothing is even."""
    total = counts.sum(axis=-1, keepdims=True)
    even = np.full(counts.shape[-1], 1.0 / counts.shape[-1])
    found: Floats = np.where(total > 0.0, counts / np.where(total > 0.0, total, 1.0), even)
    return found


def _expect(
    item: Any, rater: Any, label: Any, weight: Floats, prevalence: Floats, confusion: Floats, n: int
) -> tuple[Floats, float]:
    logs = np.log(np.maximum(confusion, TINY))[rater, :, label] * weight[:, None]
    total = np.tile(np.log(np.maximum(prevalence, TINY)), (n, 1))
    np.add.at(total, item, logs)
    top = total.max(axis=1, keepdims=True)
    weights = np.exp(total - top)
    sums = weights.sum(axis=1, keepdims=True)
    return weights / sums, float((top + np.log(sums)).sum())
