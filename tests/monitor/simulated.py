"""Simulated months of incidents whose true distribution is known, as tables and cubes."""

from __future__ import annotations

from typing import Any

import numpy as np

from hamsaya.monitor.forecast_cube import Cube, cube_of
from hamsaya.monitor.grid import PRIO, Box
from hamsaya.monitor.incidents import Incidents, from_columns, month_number
from tests.monitor.tables import RELEASE

BOX = Box(60, 30, 66, 36)  # 144 cells
FIRST = month_number("2005-01")


def rates(seed: int) -> Any:
    """Return each cell's chance of a month with deaths and its mean size, constant over time; shape (144,) each."""
    random = np.random.default_rng(seed)
    chance = np.where(random.random(144) < 0.25, random.beta(1.2, 2.5, 144), 0.004)
    return chance, 1 + random.exponential(6, 144)


def deaths(seed: int, months: int) -> Any:
    """Return whole numbers, shape (months, 144): independent draws from ``rates``."""
    random = np.random.default_rng(seed + 1)
    chance, size = rates(seed)
    count = random.geometric(1 / size, (months, 144))
    return np.where(random.random((months, 144)) < chance, count, 0)


def table_of_counts(counts: Any) -> Incidents:
    """Return one incident for each cell and month with deaths."""
    month, cell = np.nonzero(counts)
    lon, lat = PRIO.centre(PRIO.in_box(BOX)[cell])
    day = (FIRST + month).astype("M8[M]").astype("M8[D]").astype("i4") + 14
    return from_columns({
        "id": np.arange(len(month)).astype("S"), "start": day, "end": day, "lon": lon, "lat": lat,
        "gid": PRIO.cell_of(lon, lat), "violence": np.ones(len(month)), "best": counts[month, cell],
    }, RELEASE)


def cube(seed: int = 0, months: int = 132) -> Cube:
    """Return the cube of simulated counts."""
    return cube_of(table_of_counts(deaths(seed, months)), BOX, first=FIRST, last=FIRST + months - 1, margin=1.0)


def cube_of_incidents(counts: Any) -> Cube:
    """Return the cube of so many incidents, each with one death, in each month and cell; shape (months, 144)."""
    month, cell = np.nonzero(counts)
    times = counts[month, cell]
    table = table_of_counts(counts).take(np.repeat(np.arange(len(month)), times))
    return cube_of(table, BOX, first=FIRST, last=FIRST + len(counts) - 1, margin=1.0)
