"""What is shown of incidents: counts by cell of any grid, who reports there, and files for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from hamsaya.monitor.grid import PRIO, QUARTER, Box, Grid, parse_box, reporters
from hamsaya.monitor.incidents import Incidents, month_text
from hamsaya.node.data_files import event_terms, fetch_file, hexagon_cells, release_address, write_incidents
from hamsaya.node.incident_store import speaking
from hamsaya.node.packs import open_named_pack
from hamsaya.ports.incidents import IncidentStore

__all__ = ["cell_counts", "export", "fetch_ucdp", "parse_box", "terms_of"]

GridName = Literal["prio", "quarter", "tenth", "hexagons"]
GRIDS: dict[str, Grid] = {"prio": PRIO, "quarter": QUARTER, "tenth": Grid(10)}
NOT_PASSED_ON = frozenset({"acled"})
"""Sources whose terms forbid passing their rows on."""


class CellCount(msgspec.Struct, frozen=True):
    """One cell: centre in degrees, area, incidents and deaths, first and last month, who reports there.

    ``km2`` and ``reporters`` are absent (0 and empty) where the grid is not the one that the annex speaks of.
    """

    cell: str
    longitude: float
    latitude: float
    km2: float
    incidents: int
    best: int
    first: str
    last: str
    reporters: list[str]


def cell_counts(
    table: Incidents, grid: GridName, *, shifted: bool = False, resolution: int = 4, pack: Path | None = None,
    box: Box | None = None, limit: int = 20,
) -> list[CellCount]:
    """Return the cells with most deaths, then incidents, then by id.

    Args:
        shifted: The grid whose origin lies half a cell further.
        resolution: Of hexagons.
        pack: The region pack whose annex says who reports; the built-in one without it.
    """
    table = table if box is None else table.within(*box)
    square = GRIDS.get(grid)
    if square is None:
        cells, centres = hexagon_cells(table.lon, table.lat, resolution)
        ids, back = np.unique(cells, return_inverse=True)
        (lon, lat), areas = centres(ids), np.zeros(len(ids))
    else:
        square = square.shifted() if shifted else square
        cells = square.cell_of(table.lon, table.lat)
        ids, back = np.unique(cells, return_inverse=True)
        (lon, lat), areas = square.centre(ids), square.area_km2(ids)
    incidents = np.bincount(back, minlength=len(ids))
    best = np.bincount(back, table.best, len(ids)).astype("i8")
    first, last = np.full(len(ids), 2**31 - 1), np.full(len(ids), -(2**31))
    np.minimum.at(first, back, table.end_month)
    np.maximum.at(last, back, table.end_month)
    who = _who(ids, pack) if square == PRIO else [[] for _ in ids]
    order = np.lexsort((ids, -incidents, -best))[:limit]
    return [CellCount(f"{int(ids[at]):x}" if square is None else str(ids[at]), round(float(lon[at]), 4),
                      round(float(lat[at]), 4), round(float(areas[at]), 1), int(incidents[at]), int(best[at]),
                      month_text(int(first[at])), month_text(int(last[at])), who[at]) for at in order]


def _who(gids: Any, pack: Path | None) -> list[list[str]]:
    annex = reporters(open_named_pack(None if pack is None else str(pack)).areas)
    return [[member for member, does in zip(annex.members, row, strict=True) if does] for row in annex.of(gids)]


def export(
    store: IncidentStore, path: Path, as_of: int | None = None, source: str | None = None
) -> tuple[int, list[str], int]:
    """Write the rows that speak to a file; return how many, what must be cited, and how many may not be passed on."""
    known = [one for one in store.ingests() if as_of is None or one.as_of <= as_of]
    citations = sorted({f"{one.citation} Licence: {one.licence}." for one in known
                        if one.source not in NOT_PASSED_ON and source in (None, one.source)})
    kept_back = 0

    def free() -> Iterator[Incidents]:
        nonlocal kept_back
        for _, table in speaking(store, as_of, source):
            if table.releases[0].source in NOT_PASSED_ON:
                kept_back += len(table)
            else:
                yield table

    rows = write_incidents(path, free(), citations)
    return rows, citations, kept_back


def fetch_ucdp(
    version: str, folder: Path, address: str = "", sha256: str = "",
    each: Callable[[int, int | None], None] = lambda have, all_: None,
) -> Any:
    """Download a release of UCDP (``adapters.ucdpfetch``); ``address`` takes the place of the official one."""
    return fetch_file(address or release_address(version), folder, sha256, each)


def terms_of(form: str) -> tuple[str, str]:
    """Return licence and citation of a format's data."""
    return event_terms(form)
