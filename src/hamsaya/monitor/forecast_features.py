"""Features of a cell in a month: what its own past and that of its surroundings say, as kernels in time and space.

Rules
1. The value of a feature in month *t* is made of months up to *t* only. Cutting the cube at *t* changes no bit of it.
2. A feature is a map for each month; the rows wanted are picked out of it and the map is let go, so that memory does
   not grow with the number of features.
3. The order of features is fixed (``names``), whoever computes which group of them.
4. Seasons are looked up as the target month in earlier years, only in years that the origin has already seen.
5. No feature is a person, a party or a group: deaths and incidents by area, month and type of violence, and the map.

Exponential decays of several half-lives, each blurred by several Gaussians, carry what a self-exciting (Hawkes) model
carries; the trees choose among them. Sources: Porter and White (2012), Annals of Applied Statistics 6(1): 106-124;
Zammit-Mangion et al. (2012), PNAS 109(31): 12414-12419; our deviation: fixed kernels instead of fitted ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from hamsaya.monitor.forecast_cube import Cube
from hamsaya.monitor.grid import Array

HALF_LIVES = (1.0, 3.0, 12.0, 60.0)  # months
BLURS = (0.0, 0.8, 2.0, 5.0)  # cells
WIDE, LONG = 12.0, 240.0  # cells; months
NEVER = 240.0  # months since the last incident are not told apart beyond this
TINY = np.float32(1e-3)
Plane = tuple[str, Array]


class At(NamedTuple):
    """Where features are wanted: index of the month and of the cell, of equal length."""

    month: Array
    cell: Array


def decayed(maps: Array, half_life: float) -> Array:
    """Return the exponentially weighted mean of each month and those before it; float32, same shape."""
    keep = np.float32(0.5 ** (1 / half_life))
    result, level = np.empty_like(maps), np.zeros(maps.shape[1:], "f4")
    for month in range(len(maps)):
        level = keep * level + (1 - keep) * maps[month]
        result[month] = level
    return result


def blurred(maps: Array, sigma: float) -> Array:
    """Return each map smoothed by a Gaussian of ``sigma`` cells, cut at the map's edge and at four sigma."""
    if sigma == 0:
        return maps
    down, across = (_band(size, sigma) for size in maps.shape[1:])
    result: Array = np.matmul(np.matmul(down, maps), across.T)
    return result


def _band(size: int, sigma: float) -> Array:
    reach = int(4 * sigma + 0.5)
    total = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).sum()
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    return np.where(away <= reach, np.exp(-0.5 * (away / sigma) ** 2) / total, 0).astype("f4")


def window(maps: Array, months: int) -> Array:
    """Return the sum of each month and the ``months - 1`` before it; float32."""
    total = np.zeros((len(maps) + 1, *maps.shape[1:]))
    np.cumsum(maps, 0, dtype="f8", out=total[1:])
    return (total[1:] - total[np.maximum(np.arange(1, len(maps) + 1) - months, 0)]).astype("f4")


def widest(maps: Array) -> Array:
    """Return the largest value among each cell and its eight neighbours."""
    result = maps.copy()
    np.maximum(result[:, 1:], maps[:, :-1], out=result[:, 1:])
    np.maximum(result[:, :-1], maps[:, 1:], out=result[:, :-1])
    rows = result.copy()
    np.maximum(result[:, :, 1:], rows[:, :, :-1], out=result[:, :, 1:])
    np.maximum(result[:, :, :-1], rows[:, :, 1:], out=result[:, :, :-1])
    return result


def since(active: Array) -> Array:
    """Return the months since the last active one, 0 in an active month, at most ``NEVER``; float32."""
    result, level = np.empty(active.shape, "f4"), np.full(active.shape[1:], NEVER, "f4")
    for month in range(len(active)):
        level = np.where(active[month], np.float32(0), np.minimum(level + 1, NEVER))
        result[month] = level
    return result


def kernels(cube: Cube) -> Iterator[Plane]:
    """Yield decays by blurs of log deaths and of incidents: all that the ``kernel`` tier uses."""
    yield from _kernels("deaths", np.log1p(cube.deaths))
    yield from _kernels("events", cube.events)


def _kernels(name: str, maps: Array) -> Iterator[Plane]:
    for half_life in HALF_LIVES:
        level = decayed(maps, half_life)
        for sigma in BLURS:
            yield f"{name}_h{half_life:g}_s{sigma:g}", blurred(level, sigma)


def _since(cube: Cube) -> Iterator[Plane]:
    yield "since", since(cube.events > 0)
    yield "since_ring", since(widest(cube.events) > 0)


def _types(cube: Cube) -> Iterator[Plane]:
    logs = np.log1p(cube.deaths)
    for half_life in HALF_LIVES[:3]:
        yield f"deaths_h{half_life:g}_s{WIDE:g}", blurred(decayed(logs, half_life), WIDE)
    level = decayed(logs, LONG)
    for sigma in (0.0, 2.0):
        yield f"deaths_h{LONG:g}_s{sigma:g}", blurred(level, sigma)
    for number, name in enumerate(("state", "nonstate", "onesided")):
        level = decayed(np.log1p(cube.by_type[number]), 12.0)
        for sigma in (0.0, 2.0):
            yield f"{name}_h12_s{sigma:g}", blurred(level, sigma)


def _sizes(cube: Cube) -> Iterator[Plane]:
    deaths = cube.deaths
    violent, logs = (deaths > 0).astype("f4"), np.log(np.maximum(deaths, 1))
    for months in (6, 12, 36, 120):
        count = window(violent, months)
        yield f"violent_{months}", count
        if months > 6:
            yield f"size_{months}", window(logs, months) / np.maximum(count, 1)
    for months in (12, 36):
        yield f"largest_{months}", _largest(logs, months)
        yield f"mean_{months}", np.log1p(window(deaths, months) / np.float32(months))
    yield "per_event_36", np.log(np.maximum(window(deaths, 36), 1) / np.maximum(window(cube.events, 36), 1))
    for months in (1, 2):
        earlier = np.zeros_like(deaths)
        earlier[months:] = np.log1p(deaths[:-months])
        yield f"earlier_{months}", earlier


def _largest(maps: Array, months: int) -> Array:
    result = maps.copy()
    for back in range(1, months):
        np.maximum(result[back:], maps[:-back], out=result[back:])
    return result


def _trends(cube: Cube) -> Iterator[Plane]:
    logs = np.log1p(cube.deaths)
    for half_life, sigma in ((3.0, 2.0), (12.0, 2.0), (12.0, 5.0)):
        yield f"raw_h{half_life:g}_s{sigma:g}", np.log(blurred(decayed(cube.deaths, half_life), sigma) + TINY)
    for short, long, sigma in ((1.0, 12.0, 2.0), (12.0, 60.0, 2.0), (3.0, 12.0, 5.0)):
        now, before = (blurred(decayed(logs, half_life), sigma) + TINY for half_life in (short, long))
        yield f"trend_{short:g}_{long:g}_s{sigma:g}", np.log(now / before)


GROUPS: tuple[Callable[[Cube], Iterator[Plane]], ...] = (kernels, _since, _types, _sizes, _trends)


class Group(NamedTuple):
    """Names of some features and their values, float32, shape (rows, features)."""

    names: list[str]
    values: Array


def picked(number: int, cube: Cube, at: At) -> Group:
    """Return the features of one group at some months and cells."""
    rows, columns = cube.row[at.cell], cube.column[at.cell]
    names, values = [], []
    for name, maps in GROUPS[number](cube):
        names.append(name)
        values.append(maps[at.month, rows, columns])
    return Group(names, np.stack(values, 1).astype("f4", copy=False))


def features(cube: Cube, at: At, executor: Executor, groups: int = len(GROUPS)) -> Group:
    """Return the first ``groups`` groups of features, side by side; ``groups=1`` is what the kernel tier needs."""
    parts = [task.result() for task in [executor.submit(picked, number, cube, at) for number in range(groups)]]
    return Group([name for part in parts for name in part.names], np.concatenate([part.values for part in parts], 1))


CALENDAR = ("horizon", "month_sine", "month_cosine", "season_own", "season_own_3", "season_around_5", "latitude",
            "longitude")


class Seasons(NamedTuple):
    """Log deaths of every month and cell, own and blurred; float32, shape (months, cells)."""

    own: Array
    around: Array


def seasons(cube: Cube) -> Seasons:
    """Return what ``calendar`` looks up."""
    logs = np.log1p(cube.deaths)
    return Seasons(logs[:, cube.row, cube.column], blurred(logs, 2.0)[:, cube.row, cube.column])


def calendar(cube: Cube, known: Seasons, at: At, horizon: Array) -> Array:
    """Return what depends on the target month, float32, shape (rows, len(CALENDAR)).

    Args:
        horizon: Months from origin to target, >= 1, one a row.
    """
    target = at.month + horizon
    years = (horizon + 11) // 12  # The last year whose same month the origin has seen (rule 4).
    angle = 2 * np.pi * ((cube.first + target) % 12) / 12

    def before(values: Array, count: int) -> Array:
        back = [values[np.maximum(target - 12 * (years + more), 0), at.cell] for more in range(count)]
        result: Array = np.mean(back, 0)
        return result

    columns = (horizon, np.sin(angle), np.cos(angle), before(known.own, 1), before(known.own, 3),
               before(known.around, 5), cube.row[at.cell], cube.column[at.cell])
    return np.stack([np.broadcast_to(column, target.shape) for column in columns], 1).astype("f4")
