"""Square cells of the globe: PRIO-GRID by default, other sizes and shifted origins for the scans.

Rules
1. Rows count from the south pole, columns from 180 degrees west, both from 0; ``id = row * columns + column + 1``. Half
   a degree gives PRIO-GRID's own ids (``PRIO``). The south and west edge belong to a cell.
2. Columns go round the globe, rows end at the poles. Where no cell is, the id is 0.
3. A shifted grid (``shifted``) has its origin half a cell further north-east: what holds on both does not owe itself to
   where the lines happen to lie. Its first row is a half one at the south pole.
4. A cell may have several reporting states: who reports comes from the signed annex and nothing else (``Reporters``).
   A cell never goes to one of them by majority.

    PRIO.cell_of(lon, lat)                       # ids, vectorised
    PRIO.in_box(collar(Box(60, 23, 78, 39)))     # the box and three degrees around it

Source of the grid: Tollefsen, Strand and Buhaug (2012), Journal of Peace Research 49(2): 363-374.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

COLLAR_DEGREES = 3.0
"""Kernels and circles are cut at an edge; this much beyond it is taken in, and left out of what is shown."""
# WGS 84: half axes in km and first eccentricity.
_A, _B = 6378.137, 6356.752314245
_E = (1 - (_B / _A) ** 2) ** 0.5


class Box(NamedTuple):
    """Degrees; the west and south edge belong to it, the east and north edge do not."""

    west: float
    south: float
    east: float
    north: float


def parse_box(text: str) -> Box:
    """Return ``west,south,east,north`` as a box; raises ValueError where it is none."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"expected west,south,east,north in degrees, received {text[:60]!r}") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError(f"expected -180 <= west < east <= 180 and -90 <= south < north <= 90, received {text[:60]!r}")
    return Box(west, south, east, north)


def collar(box: Box, degrees: float = COLLAR_DEGREES) -> Box:
    """Return the box with a collar around it, cut at the poles and at 180 degrees."""
    return Box(max(-180.0, box.west - degrees), max(-90.0, box.south - degrees),
               min(180.0, box.east + degrees), min(90.0, box.north + degrees))


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of square cells.

    Attributes:
        per_degree: Cells along one degree, > 0: 2 for PRIO-GRID, 4 for a quarter of a degree, 10 for a tenth.
            Degrees divided by 0.1 do not floor as degrees multiplied by 10 do, so the size is kept this way.
        offset: The share of a cell, in [0, 1), by which the origin lies further north and east.
    """

    per_degree: float = 2.0
    offset: float = 0.0

    @property
    def columns(self) -> int:
        """Cells of a row."""
        return round(360 * self.per_degree)

    @property
    def rows(self) -> int:
        """Cells of a column, the half one of a shifted grid included."""
        return round(180 * self.per_degree) + (self.offset > 0)

    @property
    def size(self) -> int:
        """Cells of the globe; ids run from 1 to this."""
        return self.rows * self.columns

    def cell_of(self, lon: Any, lat: Any) -> Array:
        """Return the ids (int64) of points; longitude in [-180, 180], latitude in [-90, 90], degrees."""
        south = self.offset - (self.offset > 0)  # A shifted grid starts with the row below its first whole one.
        column = np.floor((np.asarray(lon, "f8") + 180) * self.per_degree - self.offset).astype("i8") % self.columns
        row = np.floor((np.asarray(lat, "f8") + 90) * self.per_degree - south).astype("i8")
        result: Array = np.minimum(row, self.rows - 1) * self.columns + column + 1
        return result

    def row_column(self, ids: Any) -> tuple[Array, Array]:
        """Return rows and columns of ids."""
        row, column = np.divmod(np.asarray(ids, "i8") - 1, self.columns)
        return row, column

    def id_of(self, row: Any, column: Any) -> Array:
        """Return the ids of rows and columns; columns go round, beyond the poles there is 0."""
        row, column = np.broadcast_arrays(np.asarray(row, "i8"), np.asarray(column, "i8"))
        inside = (row >= 0) & (row < self.rows)
        return np.where(inside, row * self.columns + column % self.columns + 1, 0)

    def centre(self, ids: Any) -> tuple[Array, Array]:
        """Return longitudes in [-180, 180) and latitudes of the centres, degrees."""
        row, column = self.row_column(ids)
        _, south, _, north = self.edges(ids)
        lon = (column + 0.5 + self.offset) / self.per_degree
        return np.where(lon >= 360, lon - 360, lon) - 180, (south + north) / 2

    def edges(self, ids: Any) -> tuple[Array, Array, Array, Array]:
        """Return west, south, east and north edge, degrees; east may exceed 180 on a shifted grid."""
        row, column = self.row_column(ids)
        shift = self.offset - (self.offset > 0)
        west = (column + self.offset) / self.per_degree - 180
        south, north = ((row + shift + more) / self.per_degree - 90 for more in (0, 1))
        return west, np.maximum(south, -90.0), west + 1 / self.per_degree, np.minimum(north, 90.0)

    def area_km2(self, ids: Any) -> Array:
        """Return the area of cells on the WGS 84 ellipsoid, km2."""
        _, south, _, north = self.edges(ids)
        width = np.deg2rad(1 / self.per_degree)
        result: Array = width * (_zone(north) - _zone(south))
        return result

    def ring(self, ids: Any, reach: int, *, whole: bool = True) -> Array:
        """Return the cells at most ``reach`` rows and columns away, shape (..., (2 reach + 1)^2), row by row.

        Args:
            whole: With the cells between; without it only those exactly ``reach`` away, and of reach 0 the cell itself.
        Returns:
            Ids, 0 beyond a pole.
        """
        steps = np.arange(-reach, reach + 1)
        up, right = (step.ravel() for step in np.meshgrid(steps, steps, indexing="ij"))
        if not whole:
            outer = np.maximum(abs(up), abs(right)) == reach
            up, right = up[outer], right[outer]
        row, column = self.row_column(ids)
        return self.id_of(row[..., None] + up, column[..., None] + right)

    def in_box(self, box: Box) -> Array:
        """Return the ids of all cells whose centre lies in the box, sorted."""
        columns, rows = np.arange(self.columns), np.arange(self.rows)
        lon, _ = self.centre(columns + 1)
        _, lat = self.centre(rows * self.columns + 1)
        inside = np.ix_(rows[(lat >= box.south) & (lat < box.north)], columns[(lon >= box.west) & (lon < box.east)])
        result: Array = (inside[0] * self.columns + inside[1] + 1).ravel()
        return result

    def shifted(self) -> Grid:
        """Return the same cells with the origin half a cell further (rule 3)."""
        return replace(self, offset=(self.offset + 0.5) % 1)


def _zone(latitude: Array) -> Array:
    """Return the area from the equator to a latitude, km2 for each radian of longitude.

    Source: Snyder (1987), Map Projections: A Working Manual, USGS PP 1395, eq. 3-12 (authalic latitude).
    """
    sine = np.sin(np.deg2rad(latitude))
    result: Array = _B**2 / 2 * (sine / (1 - (_E * sine) ** 2) + np.arctanh(_E * sine) / _E)
    return result


PRIO = Grid(2)
QUARTER = Grid(4)


@dataclass(frozen=True, slots=True)
class Reporters:
    """Who reports on which PRIO-GRID cell, as arrays: members sorted, ``table[cell, member]`` says yes or no.

    Attributes:
        gids: int64, sorted.
        members: Sorted.
        table: bool, shape (cells, members).
    """

    gids: Array
    members: tuple[str, ...]
    table: Array

    @property
    def several(self) -> Array:
        """Cells that two or more report on, bool."""
        result: Array = self.table.sum(1) >= 2
        return result

    @property
    def border(self) -> Array:
        """Cells that hold or touch (of 8 neighbours) two or more reporters, bool."""
        around = PRIO.ring(self.gids, 1)
        at = np.minimum(np.searchsorted(self.gids, around), max(len(self.gids) - 1, 0))
        found = self.gids[at] == around if len(self.gids) else around > 0
        near = (self.table[at] & found[..., None]).any(1)
        result: Array = near.sum(1) >= 2
        return result

    def own(self, member: str) -> Array:
        """Return the cells of one member; none where the annex does not name it."""
        if member not in self.members:
            return self.gids[:0]
        result: Array = self.gids[self.table[:, self.members.index(member)]]
        return result

    def of(self, gids: Any) -> Array:
        """Return who reports on these cells, bool of shape (len(gids), members); nobody on a cell outside the annex."""
        wanted = np.asarray(gids, "i8")
        if not len(self.gids):
            return np.zeros((len(wanted), len(self.members)), bool)
        at = np.minimum(np.searchsorted(self.gids, wanted), len(self.gids) - 1)
        result: Array = self.table[at] & (self.gids[at] == wanted)[:, None]
        return result


def reporters(areas: Mapping[int, frozenset[str]]) -> Reporters:
    """Return the annex (cell to reporters) as arrays."""
    gids = sorted(areas)
    members = tuple(sorted(frozenset().union(*areas.values())))
    table = np.array([[member in areas[gid] for member in members] for gid in gids], bool)
    return Reporters(np.array(gids, "i8"), members, table.reshape(len(gids), len(members)))
