"""Which lines a map draws: the pack's where it has them, else what the signed annex alone can say.

Rules
1. A disputed line is drawn unlike a settled one, a disputed area has an outline and neither colour nor name, and no
   side's line is left out or set above another's.
2. Without the pack's lines nothing is drawn as a boundary. Cells that the annex gives to several parties lie across
   one: their edges towards other reporters are drawn as undetermined.
3. Lines decide nothing. Who reports on a cell is what the annex says (``monitor.grid``), whatever is drawn over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hamsaya.monitor.types import COLUMNS
from hamsaya.ports.layers import MapLines as MapLines  # Pages see them here.
from hamsaya.ports.layers import Point as Point

Areas = Mapping[int, frozenset[str]]
DRAWN = ("Solid lines: boundaries that no side is known to dispute. Dashed lines: disputed. Ruled and outlined in "
         "dashes: disputed areas, nobody's to colour or to name. None is preferred.")
UNDETERMINED = ("No boundary is drawn: the region pack's lines are not made here. Dashed: edges of cells that the "
                "annex gives to several parties; where one area meets another is left undetermined.")


def drawn(areas: Areas, lines: MapLines | None) -> MapLines:
    """Return the lines of a map of the cells of an annex (rules 1 and 2)."""
    return lines if lines is not None else MapLines(undetermined=list(_undetermined(areas)))


def said(lines: MapLines) -> str:
    """Return what stands beside a map with these lines."""
    return f"{DRAWN} Lines: {lines.source}" if lines.source else UNDETERMINED


def _undetermined(areas: Areas) -> Iterator[list[Point]]:
    """Yield the edges between a cell of several reporters and one of others."""
    for gid, reporters in sorted(areas.items()):
        row, column = divmod(gid - 1, COLUMNS)
        west, south = column / 2 - 180, row / 2 - 90
        for other, edge in (
            (gid + 1 if column + 1 < COLUMNS else None, [(west + 0.5, south), (west + 0.5, south + 0.5)]),
            (gid + COLUMNS, [(west, south + 0.5), (west + 0.5, south + 0.5)]),
        ):
            beside = areas.get(other) if other is not None else None
            if beside is not None and beside != reporters and max(len(beside), len(reporters)) > 1:
                yield edge
