"""Cells: PRIO-GRID's own ids, areas, neighbours round the globe, and who reports on a cell."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.grid import PRIO, QUARTER, Box, Grid, collar, parse_box, reporters
from hamsaya.monitor.types import centre, gid_of

GRIDS = [PRIO, QUARTER, Grid(10), Grid(1), Grid(0.5), PRIO.shifted(), QUARTER.shifted()]
LON = st.floats(-180, 180, exclude_max=True, width=32)
LAT = st.floats(-90, 90, exclude_max=True, width=32)


@given(LON, LAT)
def test_prio_cells_are_those_that_reports_name(lon: float, lat: float) -> None:
    """A report's cell and an array's cell must be one, or the picture and the forecast speak of two places."""
    assert PRIO.cell_of([lon], [lat])[0] == gid_of(lon, lat)
    gid = gid_of(lon, lat)
    assert tuple(axis[0] for axis in PRIO.centre([gid])) == centre(gid)


@pytest.mark.parametrize("grid", GRIDS)
@given(LON, LAT)
def test_a_point_lies_between_the_edges_of_its_cell(grid: Grid, lon: float, lat: float) -> None:
    """On every size and origin, with the globe going round: no point is without a cell."""
    cell = grid.cell_of([lon], [lat])
    west, south, east, north = (edge[0] for edge in grid.edges(cell))
    assert 1 <= cell[0] <= grid.size
    assert south - 1e-9 <= lat <= north + 1e-9
    assert west - 1e-9 <= lon <= east + 1e-9 or west - 1e-9 <= lon + 360 <= east + 1e-9


@pytest.mark.parametrize("grid", GRIDS)
def test_cells_add_up_to_the_globe(grid: Grid) -> None:
    """Areas are of the ellipsoid: together 510,065,622 km2."""
    assert grid.area_km2(np.arange(1, grid.size + 1)).sum() == pytest.approx(510_065_621.7, rel=1e-9)


def test_neighbours_go_round_the_globe_and_end_at_the_poles() -> None:
    """The cell west of the first of a row is the last of that row; south of row 0 there is none."""
    corner = PRIO.ring([1], 1)[0].reshape(3, 3)
    assert corner[0].tolist() == [0, 0, 0]
    assert corner[1].tolist() == [720, 1, 2]
    assert PRIO.ring([1000], 0).tolist() == [[1000]]
    outer = PRIO.ring([100_000], 2, whole=False)[0]
    assert len(outer) == 16 and 100_000 not in outer


def test_a_shifted_grid_has_its_corners_in_the_middle_of_cells() -> None:
    """Two neighbours of one grid meet inside one cell of the other; shifting twice changes nothing."""
    shifted = PRIO.shifted()
    lon, lat = PRIO.centre([100_000])
    west, south, _, _ = shifted.edges(shifted.cell_of(lon + 0.01, lat + 0.01))
    assert (west[0], south[0]) == (lon[0], lat[0])
    assert shifted.shifted() == PRIO


def test_a_box_holds_its_cells_and_a_collar_adds_three_degrees() -> None:
    """A circle near the edge of a box must see what lies beyond it."""
    box = Box(60, 30, 61, 31)
    assert len(PRIO.in_box(box)) == 4
    assert len(PRIO.in_box(collar(box))) == 14 * 14
    assert collar(Box(-180, -90, 180, 90)) == Box(-180, -90, 180, 90)


@pytest.mark.parametrize("text", ["", "1,2,3", "100,20,43,57", "43,20,100,95", "a,b,c,d", "43,20,nan,57"])
def test_a_box_that_is_none_is_refused(text: str) -> None:
    """Sides in the wrong order would silently be an empty picture."""
    with pytest.raises(ValueError, match="expected"):
        parse_box(text)
    assert parse_box("43,20,100,57") == Box(43, 20, 100, 57)


def test_a_cell_of_two_states_stays_with_both() -> None:
    """Border cells are where a joint picture is made: none is given to one side."""
    row = 100_000
    annex = reporters({row: frozenset({"ava"}), row + 1: frozenset({"ava", "bel"}), row + 2: frozenset({"bel"}),
                       row + 5: frozenset({"bel"}), row + 9: frozenset()})
    assert annex.members == ("ava", "bel")
    assert annex.several.tolist() == [False, True, False, False, False]
    assert annex.border.tolist() == [True, True, True, False, False]
    assert annex.own("ava").tolist() == [row, row + 1]
    assert annex.own("cor").tolist() == []
    assert annex.of([row + 1, 7]).tolist() == [[True, True], [False, False]]
    assert reporters({}).of([5]).shape == (1, 0)


def test_cells_agree_with_the_published_table(shared_data: Path) -> None:
    """8,436 cells: centres and ids exactly, areas to 0.05 km2 of the table's rounding to 0.1."""
    with gzip.open(shared_data / "priogrid-cells-region.csv.gz", "rt", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    gids = np.array([int(row["gid"]) for row in rows])
    lon, lat = PRIO.centre(gids)
    assert lon.tolist() == [float(row["lon"]) for row in rows]
    assert lat.tolist() == [float(row["lat"]) for row in rows]
    assert set(PRIO.in_box(Box(43, 20, 100, 57))) == set(gids)
    assert PRIO.area_km2(gids) == pytest.approx([float(row["cell_km2"]) for row in rows], abs=0.0501)
