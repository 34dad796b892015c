"""The drawing of the joint picture: what each cell becomes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from hamsaya.console.picture_map import HEIGHT, LEVELS, draw, level, sketch
from hamsaya.monitor.types import Cell, PictureDoc, Pooled, Status, gid_of
from hamsaya.ports.layers import MapLines

RUN = re.compile(r"M(\d+) (\d+)h(\d+)v10h-(\d+)z")


def cell(longitude: float, latitude: float, status: Status = "observed", deaths: int | None = None,
         reporters: tuple[str, ...] = ("pk",)) -> Cell:
    pooled = [] if deaths is None else [Pooled(1, 1, 1, deaths, deaths, deaths, deaths)]
    return Cell(gid_of(longitude, latitude), status, list(reporters), [], pooled)


def document(*cells: Cell) -> PictureDoc:
    return PictureDoc(first="2026-01", last="2026-01", months=1, coverage="partial", reporters=[], cells=list(cells),
                      statuses={}, totals=[], notice="")


def area(path: str, step: int) -> int:
    """Return how many cells a path of runs covers."""
    runs = RUN.findall(path)
    assert "".join(f"M{x} {y}h{w}v10h-{v}z" for x, y, w, v in runs) == path
    assert all(w == v and int(w) % step == 0 for _, _, w, v in runs)
    return sum(int(width) // step for _, _, width, _ in runs)


cells = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=60)


@given(cells)
def test_every_cell_is_drawn_once(places: set[tuple[int, int]]) -> None:
    """A cell lost between two runs would be a place about which the map says nothing."""
    drawing = draw(document(*(cell(60 + column / 2, 30 + row / 2) for row, column in sorted(places))), {})
    columns = max(column for _, column in places) - min(column for _, column in places) + 1
    step = (drawing.width - 72) // columns
    assert area(drawing.statuses["observed"], step) == len(places)


def test_north_is_up_and_east_is_not_mirrored() -> None:
    """Maps keep their direction in every language."""
    drawing = draw(document(cell(60, 30, "observed"), cell(61, 31, "silent")), {})
    (west_x, south_y, *_), = RUN.findall(drawing.statuses["observed"])
    (east_x, north_y, *_), = RUN.findall(drawing.statuses["silent"])
    assert int(east_x) > int(west_x) and int(north_y) == int(south_y) - 2 * HEIGHT


def test_unlike_things_are_drawn_unlike() -> None:
    """"Not observed" must never look like "nothing happened": each status is a path of its own."""
    drawing = draw(document(cell(60, 30, "observed"), cell(60.5, 30, "partly"), cell(61, 30, "silent"),
                            cell(61.5, 30, "not-covered", reporters=())), {})
    assert list(drawing.statuses) == ["observed", "partly", "silent", "not-covered"]
    assert len(set(drawing.statuses.values())) == 4


def test_marks_grow_with_deaths_and_nothing_claimed_has_none() -> None:
    """Size carries the number, so that the map reads without colour."""
    assert level(cell(60, 30)) is None
    assert [level(cell(60, 30, deaths=deaths)) for deaths in (0, 1, 2, 3, 9, 10, 49, 50, 5000)] == [
        0, 1, 1, 2, 2, 3, 3, 4, 4]
    drawing = draw(document(*(cell(60 + size, 30, deaths=least) for size, least in enumerate(LEVELS))), {})
    sides = [float(re.findall(r"h([\d.]+)v", path)[0]) for path in drawing.marks]
    assert sides == sorted(set(sides))


def test_edges_lie_between_reporting_areas_only() -> None:
    """Where several report, no edge says where one area meets another: it is drawn as undetermined."""
    same = draw(document(cell(60, 30), cell(60.5, 30)), {})
    other = draw(document(cell(60, 30), cell(60.5, 30, reporters=("af",))), {})
    shared = draw(document(cell(60, 30), cell(60.5, 30, reporters=("pk", "af"))), {})
    assert (same.edges, same.undetermined) == ("", "")
    assert (other.edges.count("M"), other.undetermined) == (1, "")
    assert (shared.edges, shared.undetermined.count("M")) == ("", 1)


def test_disputed_lines_are_paths_of_their_own() -> None:
    """A disputed line must never come out as a settled one; lines wholly off the map are left out."""
    lines = MapLines(source="x", settled=[[(60.0, 30.0), (60.5, 30.5)], [(10.0, 10.0), (11.0, 11.0)]],
                     disputed=[[(60.25, 30.0), (60.25, 30.5)]], areas=[[(60.0, 30.0), (60.5, 30.0), (60.5, 30.5)]])
    drawing = draw(document(cell(60, 30)), {}, lines)
    assert drawing.settled.count("M") == drawing.disputed.count("M") == 1
    assert drawing.disputed_areas.endswith("z") and drawing.settled != drawing.disputed
    west, east, top, bottom = 36.0, drawing.width - 36.0, 36.0, drawing.height - 36.0
    assert drawing.settled == f"M{west:.1f} {bottom:.1f}L{east:.1f} {top:.1f}"


def test_blind_spots_are_ringed_where_there_are_cells() -> None:
    """A ring is laid over whatever the cell seems to say; one outside the annex has no place on the map."""
    gid = gid_of(60, 30)
    drawing = sketch({"observed": [gid]}, {gid: ["pk"]}, {}, blind=[gid, gid + 50])
    assert drawing.blind.count("M") == 1


def test_names_stand_on_areas_of_one_reporter() -> None:
    """On cells that several report on no single name is written."""
    shared = cell(60.5, 30, reporters=("af", "pk"))
    drawing = draw(document(cell(60, 30), shared), {"pk": "Pakistan", "af": "Afghanistan"})
    assert [tag.text for tag in drawing.areas] == ["Pakistan"]


def test_degrees_are_named_where_they_are() -> None:
    """The grid is the only orientation that takes no position."""
    drawing = draw(document(cell(59.5, 29.5), cell(71, 41)), {})
    assert [tag.text for tag in drawing.meridians] == ["60°E", "70°E"]
    assert [tag.text for tag in drawing.parallels] == ["30°N", "40°N"]
