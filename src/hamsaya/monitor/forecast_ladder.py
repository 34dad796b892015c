"""The ``ladder`` tier's trees: the chance that anybody dies, then step by step how many.

Rules
1. Hurdle: boosted trees give the probability of at least one death. Ladder: given one, further trees give for each step
   the probability that the count ends on it (a discrete hazard), so that the size follows no assumed family.
2. Horizon and calendar are features, so one model serves all horizons. A row of the hurdle has one horizon, drawn; a
   row of the ladder is taken at several, since violent months are few.
3. A task runs on one thread with LightGBM's deterministic mode, and its seeds are fixed: the trees are the same to the
   last bit on any number of workers.
4. A model travels as LightGBM's own text, which is what its digest is taken of.

LightGBM is the extra ``hamsaya[ladder]``; it is imported when trees are grown or asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError
from hamsaya.monitor.forecast_distribution import COUNTS, finer, monotone
from hamsaya.monitor.grid import Array

STEPS = np.array([1, 2, 3, 4, 6, 9, 14, 20, 30, 45, 70, 100, 150, 250, 500, 1000], "f8")
NEGLIGIBLE = 5e-4
"""Below this chance of any death the size is taken as one: it changes no score, and most cells are that quiet."""
COMMON: Mapping[str, Any] = {
    "objective": "binary", "max_bin": 63, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1,
    "lambda_l2": 5.0, "extra_trees": True, "verbose": -1, "num_threads": 1, "deterministic": True, "seed": 7,
    "force_col_wise": True, "num_leaves": 15,
}
HURDLE: Mapping[str, Any] = {**COMMON, "learning_rate": 0.05, "min_data_in_leaf": 100}
LADDER: Mapping[str, Any] = {**COMMON, "learning_rate": 0.08, "min_data_in_leaf": 300}
HURDLE_ROUNDS, LADDER_ROUNDS = 130, 70
"""Small trees and few: on targets of 2014 and 2016 more of them cost three times as much and said no more."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Both models as LightGBM's text."""

    hurdle: str
    ladder: str

    def forecast(self, features: Array) -> Array:
        """Return the distribution of each row; shape (rows, len(COUNTS)), float32."""
        chance = np.asarray(_booster(self.hurdle).predict(features, num_threads=1))
        result = np.zeros((len(features), len(COUNTS)), "f4")
        result[:, 0] = chance
        matters = np.flatnonzero(chance > NEGLIGIBLE)
        result[matters] = chance[matters, None] * self.sizes(features[matters])
        return monotone(result)

    def sizes(self, features: Array) -> Array:
        """Return the distribution of each row given at least one death."""
        steps = len(STEPS)
        rows = np.column_stack([np.repeat(features, steps, 0), np.tile(np.arange(steps), len(features))])
        ends = np.asarray(_booster(self.ladder).predict(rows.astype("f4"), num_threads=1)).reshape(-1, steps)
        reached = np.cumprod(1 - ends[:, :-1], 1)
        return finer(np.concatenate([np.ones((len(features), 1)), reached], 1), STEPS)


def grow_hurdle(features: Array, violent: Array, counts_as: Array) -> str:
    """Return the hurdle's trees; ``violent`` is whether anybody died, ``counts_as`` the weight of each row."""
    return _grow(HURDLE, features, violent, counts_as, HURDLE_ROUNDS)


def grow_ladder(features: Array, deaths: Array, counts_as: Array) -> str:
    """Return the ladder's trees from rows with at least one death: one row for each step that a count reached."""
    last = np.clip(np.searchsorted(STEPS, deaths, "right") - 1, 0, len(STEPS) - 1)
    row = np.repeat(np.arange(len(last)), last + 1)
    step = np.arange(len(row)) - np.repeat(np.cumsum(last + 1) - last - 1, last + 1)
    table = np.column_stack([features[row], step]).astype("f4", copy=False)
    return _grow(LADDER, table, step == last[row], counts_as[row], LADDER_ROUNDS)


def _grow(settings: Mapping[str, Any], features: Array, label: Array, counts_as: Array, rounds: int) -> str:
    data = lightgbm().Dataset(features, label.astype("f4"), weight=counts_as, params={"max_bin": settings["max_bin"]})
    return str(lightgbm().train(dict(settings), data, rounds).model_to_string())


def _booster(text: str) -> Any:
    return lightgbm().Booster(model_str=text)


def lightgbm() -> Any:
    """Return the library; raises OperatorError ``missing-extra`` where it is not installed or does not load."""
    try:
        import lightgbm as library
    except (ImportError, OSError) as error:  # OSError: its own shared library, or the OpenMP one, is not there.
        raise OperatorError(f"the ladder needs LightGBM ({type(error).__name__}): install hamsaya[ladder], on some "
                            "systems libgomp1 too, or give --tiers conflictology,kernel",
                            code="missing-extra") from None
    return library
