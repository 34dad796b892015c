"""Counts as a stack of maps, one a month: what forecasts are made from, and nothing of later months.

Rules
1. A cube ends with its last month. What is forecast from month *t* sees ``upto(t)`` and nothing else; a month after the
   end is refused, not filled in.
2. Around the cells asked for lies a collar: kernels there see incidents just outside, and no forecast is given for it.
3. A month before the first or after the last has no value. A month inside without incidents counts as zero deaths; that
   nobody looked is for the blind-spot list to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hamsaya.monitor.grid import PRIO, Array, Box, collar
from hamsaya.monitor.incidents import Incidents, month_text
from hamsaya.monitor.panel import Places, panel

COLLAR_DEGREES = 5.0


class Ahead(ValueError):
    """A month was asked for that lies after the data: a forecast would have been made from the future."""


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Deaths and incidents on maps.

    Attributes:
        box: The box of the cells forecast.
        first: Month of index 0, months since 1970-01.
        by_type: float32, shape (3, months, rows, columns), deaths by type of violence; rows from the south.
        events: float32, shape (months, rows, columns), incidents of all types.
        row, column: int64, where each cell forecast lies on the maps; cells in the order of ``gid``.
        gid: int64, PRIO-GRID ids of the cells forecast, sorted.
    """

    box: Box
    first: int
    by_type: Array
    events: Array
    row: Array
    column: Array
    gid: Array

    @property
    def last(self) -> int:
        """The last month, months since 1970-01."""
        return self.first + len(self.events) - 1

    @property
    def deaths(self) -> Array:
        """Deaths of all types, float32, shape (months, rows, columns)."""
        result: Array = self.by_type.sum(0)
        return result

    def index(self, month: int) -> int:
        """Return the index of a month; raises Ahead after the end, ValueError before the start."""
        if month > self.last:
            raise Ahead(f"expected a month up to {month_text(self.last)}, received {month_text(month)}, which the data "
                        "do not reach")
        if month < self.first:
            raise ValueError(f"expected a month from {month_text(self.first)}, received {month_text(month)}")
        return month - self.first

    def upto(self, month: int) -> Cube:
        """Return the cube as it was at the end of ``month`` (rule 1)."""
        end = self.index(month) + 1
        return replace(self, by_type=self.by_type[:, :end], events=self.events[:end])

    def of_types(self, types: tuple[int, ...]) -> Cube:
        """Return the cube of these types of violence (1 to 3); ``events`` stays where any of them killed."""
        chosen = np.zeros_like(self.by_type)
        chosen[[one - 1 for one in types]] = self.by_type[[one - 1 for one in types]]
        return replace(self, by_type=chosen, events=self.events * (chosen.sum(0) > 0))


def cube_of(
    table: Incidents, box: Box, *, first: int, last: int, places: Places = "spread", margin: float = COLLAR_DEGREES,
    land: Any = None,
) -> Cube:
    """Return the cube of a table: all cells of the box, or of ``land`` those in it and every cell with an incident.

    Args:
        box: Degrees; cells are those whose centre lies in it.
        first, last: Months since 1970-01, both included.
        places: What becomes of incidents known by area only, as in ``panel``.
        margin: Degrees of collar, >= 0.
        land: Ids of cells to forecast; without it the whole box, sea included.
    Raises:
        ValueError: the box holds no cell.
    """
    cells, around = PRIO.in_box(box), PRIO.in_box(collar(box, margin))
    if not len(cells):
        raise ValueError("expected a box that holds the centre of a cell")
    counted = panel(table, first=first, last=last, cells=around, places=places)
    rows, columns = PRIO.row_column(around)
    shape = (last - first + 1, int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)
    by_type = np.ascontiguousarray(counted.deaths.transpose(0, 2, 1), "f4").reshape(3, *shape)
    events = np.ascontiguousarray(counted.events.sum(0).T, "f4").reshape(shape)
    if land is not None:
        hot = around[counted.events.any((0, 2))]
        cells = np.intersect1d(cells, np.union1d(np.asarray(land, "i8"), hot))
    row, column = PRIO.row_column(cells)
    return Cube(box, first, by_type, events, row - rows.min(), column - columns.min(), cells)
