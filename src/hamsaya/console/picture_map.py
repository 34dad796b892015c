"""The joint picture drawn: squares of half a degree on a plain grid, as a few SVG paths.

A cell's status is a hatch, deaths are the size of a square; colour only repeats what shape says. Edges of reporting
areas come from the signed annex; boundaries, where the region pack has them, are laid over the cells and decide
nothing: settled ones solid, disputed ones dashed, disputed areas hatched (``node.map_lines`` has the rules).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hamsaya.monitor.types import Cell, PictureDoc, row_column
from hamsaya.node.map_lines import MapLines, Point

HEIGHT = 10
"""Height of a cell in drawing units; its width is smaller, true to scale at the middle latitude."""
MARGIN = 36
LEVELS = (0, 1, 3, 10, 50)
"""Lowest number of deaths of each size of mark; the first is for incidents without deaths."""
DRAWN = ("observed", "partly", "silent", "not-covered")
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tag:
    """A word or a number at a place of the drawing."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """One map. Paths are in drawing units; ``parallels`` and ``meridians`` are tags of their degrees.

    ``edges`` are those of areas with one reporter each, ``undetermined`` those of cells that several report on;
    ``settled``, ``disputed`` and ``disputed_areas`` are empty where the pack's lines have not been made. ``blind``
    rings the cells of a list of blind spots.
    """

    width: int
    height: int
    statuses: dict[str, str]
    marks: list[str]
    edges: str
    undetermined: str
    settled: str
    disputed: str
    disputed_areas: str
    blind: str
    grid: str
    parallels: list[Tag]
    meridians: list[Tag]
    areas: list[Tag]
    margin: int = MARGIN


def draw(document: PictureDoc, names: Mapping[str, str], lines: MapLines | None = None) -> Drawing:
    """Return the map of a picture that has cells; ``names`` are the parties' names, shown on large areas."""
    kinds: dict[str, list[int]] = defaultdict(list)
    sizes: dict[int, list[Place]] = defaultdict(list)
    for cell in document.cells:
        kinds[cell.status].append(cell.gid)
        if (size := level(cell)) is not None:
            sizes[size].append(row_column(cell.gid))
    areas = {cell.gid: cell.reporters for cell in document.cells}
    return sketch(kinds, areas, names, lines, sizes)


def sketch(
    kinds: Mapping[str, Iterable[int]], areas: Mapping[int, Iterable[str]], names: Mapping[str, str],
    lines: MapLines | None = None, sizes: Mapping[int, list[Place]] | None = None, blind: Iterable[int] = (),
) -> Drawing:
    """Return a map of cells by kind (a key of ``DRAWN``).

    Args:
        areas: Every cell that is drawn to its reporters; one at least.
        sizes: Places of marks by their place in ``LEVELS``.
        blind: Cells to be ringed; those outside ``areas`` are not drawn.
    """
    places = {row_column(gid): tuple(sorted(who)) for gid, who in areas.items()}
    grid = _Grid.around(places)
    marks, over = sizes or {}, lines or MapLines()
    single, several = grid.edges(places)
    return Drawing(
        width=grid.width, height=grid.height,
        statuses={kind: grid.runs(map(row_column, kinds[kind])) for kind in DRAWN if kinds.get(kind)},
        marks=[grid.squares(marks.get(size, ()), (3 + 2 * size) / 12) for size in range(len(LEVELS))],
        edges=single, undetermined=several, settled=grid.lines_of(over.settled), disputed=grid.lines_of(over.disputed),
        disputed_areas=grid.lines_of(over.areas, closed=True),
        blind=grid.squares((row_column(gid) for gid in blind if gid in areas), 0.8),
        grid=grid.lines(), parallels=grid.parallels(), meridians=grid.meridians(), areas=grid.names(places, names),
    )


def level(cell: Cell) -> int | None:
    """Return which of ``LEVELS`` a cell's highest claim of deaths reaches; None when nobody claims an incident."""
    if not any(pooled.incidents_high for pooled in cell.pooled):
        return None
    deaths = sum(pooled.best_high for pooled in cell.pooled)
    return max(size for size, least in enumerate(LEVELS) if deaths >= least)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where cells lie on the drawing; rows count from the south, columns from the west."""

    south: int
    north: int
    west: int
    east: int
    step: int

    @classmethod
    def around(cls, places: Iterable[Place]) -> _Grid:
        rows, columns = zip(*places, strict=True)
        south, north = min(rows), max(rows)
        middle = math.radians((south + north + 1) / 4 - 90)
        return cls(south, north, min(columns), max(columns), max(3, round(HEIGHT * math.cos(middle))))

    @property
    def width(self) -> int:
        return (self.east - self.west + 1) * self.step + 2 * MARGIN

    @property
    def height(self) -> int:
        return (self.north - self.south + 1) * HEIGHT + 2 * MARGIN

    def x(self, column: float) -> int:
        return round((column - self.west) * self.step) + MARGIN

    def y(self, row: float) -> int:
        """Return the upper edge of a row."""
        return round((self.north - row) * HEIGHT) + MARGIN

    def runs(self, places: Iterable[Place]) -> str:
        """Return one path that covers the cells, joined along each row."""
        parts: list[str] = []
        start: Place | None = None
        last: Place | None = None
        for place in [*sorted(places), None]:
            if start and last and place != (last[0], last[1] + 1):
                width = (last[1] - start[1] + 1) * self.step
                parts.append(f"M{self.x(start[1])} {self.y(start[0])}h{width}v{HEIGHT}h-{width}z")
                start = place
            start, last = start or place, place
        return "".join(parts)

    def squares(self, places: Iterable[Place], share: float) -> str:
        """Return one path of squares in the middle of the cells, ``share`` of a cell wide."""
        side = round(self.step * share, 1)
        across, down = (self.step - side) / 2, (HEIGHT - side) / 2
        return "".join(
            f"M{self.x(column) + across:.1f} {self.y(row) + down:.1f}h{side}v{side}h-{side}z" for row, column in places
        )

    def edges(self, areas: Mapping[Place, tuple[str, ...]]) -> tuple[str, str]:
        """Return the lines between cells on which others report: where each side has one reporter, and the rest."""
        parts: tuple[list[str], list[str]] = ([], [])
        for (row, column), reporters in areas.items():
            east, north = areas.get((row, column + 1)), areas.get((row + 1, column))
            if east is not None and east != reporters:
                parts[max(len(east), len(reporters)) > 1].append(f"M{self.x(column + 1)} {self.y(row)}v{HEIGHT}")
            if north is not None and north != reporters:
                parts[max(len(north), len(reporters)) > 1].append(f"M{self.x(column)} {self.y(row)}h{self.step}")
        return "".join(parts[0]), "".join(parts[1])

    def lines_of(self, lines: Iterable[list[Point]], closed: bool = False) -> str:
        """Return lines in degrees as one path; those wholly off the drawing are left out, the rest is to be clipped."""
        parts: list[str] = []
        for line in lines:
            places = [((lon + 180) * 2, (lat + 90) * 2) for lon, lat in line]
            if any(self.west <= column <= self.east + 1 and self.south <= row <= self.north + 1
                   for column, row in places):
                points = [f"{(column - self.west) * self.step + MARGIN:.1f} "
                          f"{(self.north + 1 - row) * HEIGHT + MARGIN:.1f}" for column, row in places]
                parts.append("M" + "L".join(points) + ("z" if closed else ""))
        return "".join(parts)

    def _degrees(self, first: int, last: int, offset: int) -> list[int]:
        """Return the multiples of ten degrees between two rows or columns; ``offset`` is the degree of index 0."""
        return [degree for degree in range(-180, 181, 10) if first <= (degree - offset) * 2 <= last + 1]

    def lines(self) -> str:
        across = self._degrees(self.south, self.north, -90)
        down = self._degrees(self.west, self.east, -180)
        width, height = self.width - 2 * MARGIN, self.height - 2 * MARGIN
        return "".join(
            [f"M{MARGIN} {self._parallel(degree)}h{width}" for degree in across]
            + [f"M{self.x((degree + 180) * 2)} {MARGIN}v{height}" for degree in down]
        )

    def _parallel(self, degree: int) -> int:
        return self.y((degree + 90) * 2) + HEIGHT

    def parallels(self) -> list[Tag]:
        return [
            Tag(MARGIN - 6, self._parallel(degree) + 4, _compass(degree, "N", "S"))
            for degree in self._degrees(self.south, self.north, -90)
        ]

    def meridians(self) -> list[Tag]:
        return [
            Tag(self.x((degree + 180) * 2), self.height - MARGIN + 18, _compass(degree, "E", "W"))
            for degree in self._degrees(self.west, self.east, -180)
        ]

    def names(self, areas: Mapping[Place, tuple[str, ...]], names: Mapping[str, str]) -> list[Tag]:
        """Return the name of each party that reports alone on an area, in the middle of its cells."""
        cells: dict[str, list[Place]] = defaultdict(list)
        for place, reporters in areas.items():
            if len(reporters) == 1:
                cells[reporters[0]].append(place)
        return [self._name(names.get(member, member), places) for member, places in sorted(cells.items())]

    def _name(self, name: str, places: list[Place]) -> Tag:
        # The middle of the row with most cells lies inside the area even where its centre of gravity does not.
        mean = sum(row for row, _ in places) / len(places)
        rows = Counter(row for row, _ in places)
        row = max(rows, key=lambda each: (rows[each] - 2 * abs(each - mean), each))
        columns = sorted(column for each, column in places if each == row)
        return Tag(self.x(columns[len(columns) // 2] + 0.5), self.y(row) + HEIGHT, name)


def _compass(degree: int, positive: str, negative: str) -> str:
    return f"{abs(degree)}°{positive if degree > 0 else negative if degree < 0 else ''}"
