"""The pages on coverage and on the store of incidents: what the desk adds to the node's record, and the map of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hamsaya.base.errors import HamsayaError
from hamsaya.console.picture_map import Drawing, sketch
from hamsaya.node import desk as desks
from hamsaya.node.coverage_views import Contest, CoveragePage
from hamsaya.node.desk import BlindSpots, Paper, StorePage
from hamsaya.node.map_lines import MapLines

KINDS = {"several": "observed", "one": "partly", "nobody": "silent", "not-covered": "not-covered"}
"""How each kind of watching is drawn: as the joint picture draws what it is like."""


class OwnRow(NamedTuple):
    """One cell of this party: declared, measured (shares in [0, 1]) and contested, side by side."""

    gid: int
    declared: float | None
    measured: Any | None
    contests: list[Contest]


@dataclass(frozen=True, slots=True)
class Looked:
    """The page on coverage, put together: the record, the map, and what the desk measures for this party alone."""

    page: CoveragePage
    map: Drawing
    measured: Any | None
    blind: BlindSpots | None
    own_rows: list[OwnRow]


def looked_at(
    page: CoveragePage, names: Mapping[str, str], lines: MapLines | None, folder: Path | None
) -> Looked:
    """Return the page with its map; ``names`` are the parties' names, ``folder`` the desk."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for gid, kind in page.cells.items():
        kinds[KINDS[kind]].append(gid)
    blind = None if folder is None else desks.blind_spots(folder)
    measured = None if folder is None else desks.measured(folder, page.own, page.own_declared)
    spots = [] if blind is None else [each.gid for each in blind.spots]
    drawing = sketch(kinds, page.reporters, names, lines, blind=spots)
    return Looked(page, drawing, measured, blind, _own_rows(page, measured))


def _own_rows(page: CoveragePage, measured: Any | None) -> list[OwnRow]:
    figures = {} if measured is None else {one.gid: one for one in measured.cells}
    contests: dict[int, list[Contest]] = defaultdict(list)
    for one in page.contests:
        if one.member == page.own:
            contests[one.gid].append(one)
    # A ledger counts others' events wherever they are; of cells that are not this party's nothing is asked of it.
    own = {gid for gid in figures if page.own in page.reporters.get(gid, ())}
    return [OwnRow(gid, page.own_declared.get(gid), figures.get(gid), contests.get(gid, []))
            for gid in sorted({*page.own_declared, *own, *contests})]


class DeskFiles(NamedTuple):
    """The files of the desk and what its store of incidents holds; ``broken`` where it is there and cannot be read."""

    papers: list[Paper]
    store: StorePage | None
    broken: bool


def desk_files(folder: Path | None) -> DeskFiles:
    """Return what lies on the desk."""
    if folder is None:
        return DeskFiles([], None, False)
    try:
        return DeskFiles(desks.papers(folder), desks.store_page(folder), False)
    except HamsayaError:
        return DeskFiles(desks.papers(folder), None, True)
