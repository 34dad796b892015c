"""The rows that forecasts learn from, and all features at once: computed once, cut by time for every release.

Rules
1. Months that deaths follow are few: all of them are kept, each for itself. Of those that none follow a share is drawn,
   1 in ``1 / NEAR`` near earlier violence, 1 in ``1 / MID`` further from it, elsewhere 1 in ``1 / FAR``; such a row
   stands for as many. Sums over rows are then right on average, and no lone surprise counts fifty times.
2. Whether a row is drawn and which horizon it has depend on the seed, its month and its cell, and on months up to its
   own; whether deaths follow, on the target month alone.
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
NEAR, MID, FAR = 0.4, 0.1, 0.02
WARM_UP = 24
"""Months at the start of a cube from which nothing is learnt: their features have no past yet."""
KERNELS = 32
"""Features of group 0, the first of every row."""
LEVEL = 4
"""The feature ``deaths_h3_s0``: mean log deaths of the cell itself, fading by half in three months."""


class Drawn(NamedTuple):
    """Rows to learn from.

    Attributes:
        at: Origin month and cell, in order of month, then cell.
        stands_for: float32, rows without deaths that each stands for, >= 1; 0 where it was not drawn and is kept only
            for the deaths that follow.
        luck: float32 in [0, 1), from which the row's horizon is drawn.
    """

    at: At
    stands_for: Array
    luck: Array


def draw(cube: Cube, seed: int, first: int, farthest: int) -> Drawn:
    """Return the rows of a cube from month index ``first`` on (rules 1 and 2), with deaths up to ``farthest`` ahead."""
    level = decayed(cube.events, 60.0)
    near, mid = (blurred(level, sigma)[:, cube.row, cube.column] for sigma in (2.0, 5.0))
    share = np.where(near > NEAR_LEVEL, NEAR, np.where(mid > MID_LEVEL, MID, FAR))
    violent = cube.deaths[:, cube.row, cube.column] > 0
    months, cells = [], []
    stands_for, luck = [], []
    for month in range(max(first, WARM_UP), len(share)):
        chance = np.random.default_rng((seed, cube.first + month)).random((2, share.shape[1]))
        drawn = chance[0] < share[month]
        kept = np.flatnonzero(drawn | violent[month + 1:month + farthest + 1].any(0))
        months.append(np.full(len(kept), month))
        cells.append(kept)
        stands_for.append(drawn[kept] / share[month, kept])
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
        month = self.drawn.at.month
        chosen = np.flatnonzero((month >= known - months) & (month + min(horizons) <= known))
        usable = np.searchsorted(horizons, known - month[chosen], "right")
        return self._resolved(chosen, np.asarray(horizons)[(self.drawn.luck[chosen] * usable).astype(int)], known)

    def _resolved(self, chosen: Array, horizon: Array, known: int) -> Learning:
        """Return rows at one horizon each, those that stand for none left out (rule 1)."""
        month, cell = (part[chosen] for part in self.drawn.at)
        deaths = self.followed[month + horizon, cell]
        stands_for = np.where(deaths > 0, np.float32(1), self.drawn.stands_for[chosen])
        kept = np.flatnonzero(stands_for)
        at, horizon = At(month[kept], cell[kept]), horizon[kept]
        return Learning(at, self._with_calendar(self.rows[chosen[kept]], at, horizon), horizon, deaths[kept],
                        stands_for[kept], known - at.month)

    def followed_by(self, known: int, months: int, horizon: int) -> Learning:
        """Return all rows of the ``months`` before ``known`` at one horizon, with the kernels as their features."""
        month, cell = self.drawn.at
        chosen = np.flatnonzero((month >= known - months) & (month + horizon <= known))
        deaths = self.followed[month[chosen] + horizon, cell[chosen]]
        stands_for = np.where(deaths > 0, np.float32(1), self.drawn.stands_for[chosen])
        kept = np.flatnonzero(stands_for)
        chosen = chosen[kept]
        return Learning(At(month[chosen], cell[chosen]), self.rows[chosen, :KERNELS], np.full(len(chosen), horizon),
                        deaths[kept], stands_for[kept], known - month[chosen])

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
    cube: Cube, origins: list[int], executor: Executor, *, first: int, seed: int, farthest: int,
    groups: int = len(GROUPS),
) -> Table:
    """Return the features of a cube for releases and forecasts.

    Args:
        origins: Indices of the months to forecast from, each once.
        first: Index of the first month to learn from.
        farthest: The longest horizon, months.
        groups: Groups of features; 1 is enough for the kernel tier.
    """
    drawn = draw(cube, seed, first, farthest)
    cells = np.arange(len(cube.gid))
    month = np.concatenate([drawn.at.month, np.repeat(origins, len(cells)).astype(int)])
    at = At(month, np.concatenate([drawn.at.cell, np.tile(cells, len(origins))]))
    made = features(cube, at, executor, groups)
    split = len(drawn.at.month)
    maps = made.values[split:].reshape(len(origins), len(cells), len(made.names))
    followed = cube.deaths[:, cube.row, cube.column]
    return Table(cube, made.names, drawn, made.values[:split], origins, maps, seasons(cube), followed)
