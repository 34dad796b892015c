"""What attestors of one bloc share, learned together with how each errs.

    found, rho = learn_with_blocs(items, sources, labels, blocs, classes=2, diagonal=1.0, elsewhere=0.25)

A bloc that speaks with one voice would count as many witnesses, and pull the truth towards itself. So its rows weigh
1/(1 + (n - 1) rho) where n of its members spoke of an item, and rho is what they agree beyond what their own errors
would bring; the two are learned in turn, from rho = 1/2 on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hamsaya.compliance.attestors import Learned, learn
from hamsaya.compliance.posterior import correlation

ROUNDS = 4


def learn_with_blocs(
    items: ArrayLike, attestors: ArrayLike, labels: ArrayLike, blocs: ArrayLike, *, classes: int, **options: Any
) -> tuple[Learned, float]:
    """Return what ``attestors.learn`` finds with rows weighed by bloc, and the correlation within blocs.

    Args:
        blocs: The bloc of each row's attestor, a number.
        options: As for ``learn``, but for ``weights``.
    Raises:
        ValueError: as ``learn``, or blocs of another length.
    """
    item, source, label, bloc = (np.asarray(column, dtype=np.int64) for column in (items, attestors, labels, blocs))
    if bloc.shape != item.shape:
        raise ValueError(f"expected a bloc for each of {item.size} rows, received {bloc.size}")
    _, key, spoke = np.unique(np.stack([item, bloc]), axis=1, return_inverse=True, return_counts=True)
    key, (one, other) = key.ravel(), _pairs(key.ravel())
    rho = 0.5
    for _ in range(ROUNDS):
        weights = 1.0 / (1.0 + (spoke[key] - 1) * rho)
        found = learn(item, source, label, classes=classes, weights=weights, **options)
        rho = _correlation(found, item, source, label, one, other)
    return found, rho


def _pairs(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of every two that share a key."""
    order = np.argsort(key, kind="stable")
    first, second = [], []
    for step in range(1, len(order)):
        alike = key[order[:-step]] == key[order[step:]]
        if not alike.any():
            break
        first.append(order[:-step][alike])
        second.append(order[step:][alike])
    none = np.empty(0, dtype=np.int64)
    return np.concatenate([none, *first]), np.concatenate([none, *second])


def _correlation(found: Learned, item: Any, source: Any, label: Any, one: Any, other: Any) -> float:
    if not len(one):
        return 0.0
    by_class = (found.confusion[source[one]] * found.confusion[source[other]]).sum(axis=2)
    expected = float((found.posterior[item[one]] * by_class).sum()) / len(one)
    return correlation(int((label[one] == label[other]).sum()), len(one), min(expected, 1.0 - 1e-9))
