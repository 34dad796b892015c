"""The rows that forecasts learn from, and all features at once: computed once, cut by time for every release.

Rules
1. Most cells of most months are quiet and teach the same, so they are drawn: every cell near earlier violence is kept,
   of cells far from it one in ``1 / MID``, elsewhere one in ``1 / FAR``; a row says how many it stands for.
2. Whether a row is kept and which horizon it has depend on the seed, its month and its cell, and on months up to its
   own: a longer cube begins with the rows of a shorter one.
3. A release known up to month *r* learns from rows whose target month is *r* or earlier. Nothing else reaches it.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hamsaya.monitor.forecast_cube import Cube
from hamsaya.monitor.forecast_features import GROUPS, At, Seasons, blurred, calendar, decayed, features, seasons
from hamsaya.monitor.grid import Array

NEAR_LEVEL, MID_LEVEL = 4e-3, 1e-4  # incidents a month, half-life 60 months, blurred by 2 and 5 cells
MID, FAR = 0.15, 0.02
WARM_UP = 24
"""Months at the start of a cube from which nothing is learnt: their features have no past yet."""
KERNELS = 32
"""Features of group 0, the first of every row."""


class Drawn(NamedTuple):
    """Rows to learn from.

    Attributes:
        at: Origin month and cell.
        stands_for: float32, rows that each stands for, >= 1.
        luck: float32 in [0, 1), from which the row's horizon is drawn.
    """

    at: At
    stands_for: Array
    luck: Array


def draw(cube: Cube, seed: int, first: int) -> Drawn:
    """Return the rows of a cube from month index ``first`` on (rules 1 and 2)."""
    level = decayed(cube.events, 60.0)
    near, mid = (blurred(level, sigma)[:, cube.row, cube.column] for sigma in (2.0, 5.0))
    share = np.where(near > NEAR_LEVEL, 1.0, np.where(mid > MID_LEVEL, MID, FAR))
    months, cells = [], []
    stands_for, luck = [], []
    for month in range(max(first, WARM_UP), len(share)):
        chance = np.random.default_rng((seed, cube.first + month)).random((2, share.shape[1]))
        kept = np.flatnonzero(chance[0] < share[month])
        months.append(np.full(len(kept), month))
        cells.append(kept)
        stands_for.append(1 / share[month, kept])
        luck.append(chance[1, kept])
    if not months:
        raise ValueError(f"expected more than {WARM_UP} months to learn from, received {len(share)}")
    at = At(np.concatenate(months), np.concatenate(cells))
    return Drawn(at, np.concatenate(stands_for).astype("f4"), np.concatenate(luck).astype("f4"))


class Learning(NamedTuple):
    """Rows with one horizon each and what followed; ``age`` is in months before the last month known."""

    at: At
    features: Array
    horizon: Array
    deaths: Array
    stands_for: Array
    age: Array


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All features that the releases and forecasts of one run need.

    Attributes:
        cube: The data; releases look at no month after their own.
        names: The features, in order; calendar features come on top.
        drawn: Rows to learn from, and ``rows`` their features.
        origins: Month indices for which all cells' features are at hand: ``maps[i]`` those of ``origins[i]``.
    """

    cube: Cube
    names: list[str]
    drawn: Drawn
    rows: Array
    origins: list[int]
    maps: Array
    season: Seasons
    followed: Array

    def learning(self, known: int, months: int, horizons: tuple[int, ...]) -> Learning:
        """Return the rows of the ``months`` before ``known``, each at a horizon drawn among those already resolved.

        Args:
            known: Index of the last month known (rule 3).
        """
        chosen = np.flatnonzero((self.drawn.at.month >= known - months) &
                                (self.drawn.at.month + min(horizons) <= known))
        at = At(self.drawn.at.month[chosen], self.drawn.at.cell[chosen])
        usable = np.searchsorted(horizons, known - at.month, "right")
        horizon = np.asarray(horizons)[(self.drawn.luck[chosen] * usable).astype(int)]
        return Learning(at, self._with_calendar(self.rows[chosen], at, horizon), horizon,
                        self.followed[at.month + horizon, at.cell], self.drawn.stands_for[chosen], known - at.month)

    def followed_by(self, known: int, months: int, horizon: int) -> Learning:
        """Return all rows of the ``months`` before ``known`` at one horizon, with the kernels as their features."""
        month, cell = self.drawn.at
        chosen = np.flatnonzero((month >= known - months) & (month + horizon <= known))
        at = At(month[chosen], cell[chosen])
        return Learning(at, self.rows[:, :KERNELS][chosen], np.full(len(chosen), horizon),
                        self.followed[at.month + horizon, at.cell], self.drawn.stands_for[chosen], known - at.month)

    def violent(self, known: int, months: int, horizons: tuple[int, ...]) -> tuple[Array, Array, Array]:
        """Return features, deaths and age of every row and horizon, of those known, in which anybody died."""
        found, deaths, ages = [], [], []
        for horizon in horizons:
            month, cell = self.drawn.at
            chosen = np.flatnonzero((month >= known - months) & (month + horizon <= known))
            chosen = chosen[self.followed[month[chosen] + horizon, cell[chosen]] > 0]
            at = At(month[chosen], cell[chosen])
            found.append(self._with_calendar(self.rows[chosen], at, np.full(len(chosen), horizon)))
            deaths.append(self.followed[at.month + horizon, at.cell])
            ages.append(known - at.month)
        return np.concatenate(found), np.concatenate(deaths), np.concatenate(ages)

    def all_cells(self, origin: int, horizon: int) -> Array:
        """Return the features of all cells at one origin and horizon."""
        at = self.at(origin)
        return self._with_calendar(self.maps[self.origins.index(origin)], at, np.full(len(at.cell), horizon))

    def at(self, origin: int) -> At:
        """Return all cells at one origin."""
        cells = np.arange(len(self.cube.gid))
        return At(np.full(len(cells), origin), cells)

    def _with_calendar(self, rows: Array, at: At, horizon: Array) -> Array:
        return np.concatenate([rows, calendar(self.cube, self.season, at, horizon)], 1)


def table_of(
    cube: Cube, origins: list[int], executor: Executor, *, first: int, seed: int, groups: int = len(GROUPS)
) -> Table:
    """Return the features of a cube for releases and forecasts.

    Args:
        origins: Indices of the months to forecast from, each once.
        first: Index of the first month to learn from.
        groups: Groups of features; 1 is enough for the kernel tier.
    """
    drawn = draw(cube, seed, first)
    cells = np.arange(len(cube.gid))
    month = np.concatenate([drawn.at.month, np.repeat(origins, len(cells)).astype(int)])
    at = At(month, np.concatenate([drawn.at.cell, np.tile(cells, len(origins))]))
    made = features(cube, at, executor, groups)
    split = len(drawn.at.month)
    maps = made.values[split:].reshape(len(origins), len(cells), len(made.names))
    followed = cube.deaths[:, cube.row, cube.column]
    return Table(cube, made.names, drawn, made.values[:split], origins, maps, seasons(cube), followed)
