"""Zones with an identity: what is one place of trouble this month, and whether it is the one of last month.

Rules
1. A zone is a set of cells. Clusters (all cells of their circle) and risk contours that share a cell, or touch, are one
   zone.
2. A zone covers ``LEAST_KM2`` or more; a smaller one grows by the cells around it until it does. Nothing here says a
   point, and nothing says a person.
3. Two zones of successive looks are related when they share at least ``share`` of the smaller one's area.
4. Every identity goes on in at most one zone, every zone has at most one identity: pairs are taken from the largest
   common area down (then the older number). What is left over is new, or has ended.
5. Events: ``born``, or ``split`` from a related zone whose identity went elsewhere; ``merged`` into a related zone,
   else ``ended``; of those that go on ``grown`` and ``shrunk`` by a tenth of the area or more, else ``held``.
6. Numbers rise and are never given twice. A zone on cells of two or more reporting states is cross-border and says so;
   it is never assigned to one of them.

    state, events = follow(NONE_YET, areas, at=day, reporters=reporters_of)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hamsaya.monitor.grid import Box, Grid

Cells = frozenset[int]
Change = Literal["born", "split", "grown", "shrunk", "held", "merged", "ended"]

LEAST_KM2 = 25.0
EARTH_KM = 6367.0
KM_A_DEGREE = 111.0
SHARE = 0.2
STEADY = 0.1


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone as last seen.

    Attributes:
        number: Its identity, from 1. since: When it was first seen, days since 1970-01-01.
        cells: Ids of the grid. area_km2: Of all cells, whole.
        reporters: Members that report on its cells, sorted.
    """

    number: int
    since: int
    cells: Cells
    area_km2: float
    reporters: tuple[str, ...]

    @property
    def cross_border(self) -> bool:
        """Whether two or more members report on it."""
        return len(self.reporters) > 1

    @property
    def label(self) -> str:
        """What it is called on screens."""
        where = ", ".join(self.reporters) or "no reporter"
        return f"Z-{self.number:04} {'cross-border: ' if self.cross_border else ''}{where}"


@dataclass(frozen=True, slots=True)
class Event:
    """What became of one zone between two looks; ``related`` are the numbers it came from or went into."""

    change: Change
    zone: Zone
    related: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """All zones alive, by number, and the next number."""

    zones: tuple[Zone, ...] = ()
    next_number: int = 1


NONE_YET = Followed()


def joined(grid: Grid, areas: Iterable[Collection[int]]) -> list[Cells]:
    """Return the areas as zones' cells (rules 1 and 2), by their smallest cell."""
    cells = {cell for area in areas for cell in area}
    found: list[Cells] = []
    while cells:
        reached, edge = set[int](), {min(cells)}
        while edge:
            reached |= edge
            edge = _around(grid, edge) & cells - reached
        cells -= reached
        found.append(_grown(grid, frozenset(reached)))
    return sorted(found, key=min)


def contours(risk: Mapping[int, float], threshold: float) -> list[Cells]:
    """Return the cells whose risk is at or above the threshold, each an area of its own; ``joined`` makes zones."""
    return [frozenset({cell}) for cell, value in sorted(risk.items()) if value >= threshold]


def circle(grid: Grid, lat: float, lon: float, radius_km: float) -> Cells:
    """Return the cells whose centre lies within the radius of a point, and the cell of the point itself."""
    own = int(grid.cell_of(lon, lat))
    high = radius_km / KM_A_DEGREE
    wide = high / max(math.cos(math.radians(min(abs(lat) + high, 89.0))), 0.01)
    near = grid.in_box(Box(max(lon - wide, -180.0), max(lat - high, -90.0), min(lon + wide, 180.0),
                           min(lat + high, 90.0)))
    east, north = (np.radians(axis) for axis in grid.centre(near))
    here = math.radians(lat)
    square = np.sin((north - here) / 2) ** 2 + np.cos(north) * math.cos(here) * np.sin(
        (east - math.radians(lon)) / 2) ** 2
    inside = 2 * EARTH_KM * np.arcsin(np.sqrt(square)) <= radius_km
    return frozenset(near[inside].tolist()) | {own}


def area_km2(grid: Grid, cells: Iterable[int]) -> float:
    """Return the area of cells, km2."""
    return float(grid.area_km2(sorted(cells)).sum())


def _around(grid: Grid, cells: Collection[int]) -> set[int]:
    return set(grid.ring(sorted(cells), 1).ravel().tolist()) - {0}


def _grown(grid: Grid, cells: Cells) -> Cells:
    while area_km2(grid, cells) < LEAST_KM2:
        cells = cells | _around(grid, cells)
    return cells


def follow(
    before: Followed, areas: Iterable[Cells], *, at: int, grid: Grid,
    reporters: Callable[[Cells], Iterable[str]], share: float = SHARE,
) -> tuple[Followed, list[Event]]:
    """Return the zones after a new look and what became of each: those that go on, new ones, those that are no more.

    Args:
        areas: Disjoint sets of cells, as ``joined`` gives them.
        at: Day of the look, since 1970-01-01.
        reporters: Who reports on some cells.
        share: Rule 3, in (0, 1].
    """
    seen = sorted(areas, key=min)
    common = _common(grid, before.zones, seen, share)
    kept = _identities(common)
    events: list[Event] = []
    alive: list[Zone] = []
    number = before.next_number
    for place, cells in enumerate(seen):
        old = next((zone for zone in before.zones if kept.get(zone.number) == place), None)
        origins = tuple(sorted(one for one, other in common if other == place and (old is None or one != old.number)))
        if old is None:
            zone = Zone(number, at, cells, area_km2(grid, cells), tuple(sorted(set(reporters(cells)))))
            number += 1
            events.append(Event("split" if origins else "born", zone, origins))
        else:
            zone = Zone(old.number, old.since, cells, area_km2(grid, cells), tuple(sorted(set(reporters(cells)))))
            events.append(Event(_size_change(old, zone), zone, origins))
        alive.append(zone)
    for zone in before.zones:
        if zone.number not in kept:
            into = tuple(sorted(alive[place].number for one, place in common if one == zone.number))
            events.append(Event("merged" if into else "ended", zone, into))
    return Followed(tuple(sorted(alive, key=lambda zone: zone.number)), number), events


def _common(grid: Grid, zones: Iterable[Zone], seen: list[Cells], share: float) -> dict[tuple[int, int], float]:
    """Return the common area of every related pair (number, place among those seen), km2 (rule 3)."""
    common = {}
    for zone in zones:
        for place, cells in enumerate(seen):
            if both := zone.cells & cells:
                area = area_km2(grid, both)
                if area >= share * min(zone.area_km2, area_km2(grid, cells)):
                    common[zone.number, place] = area
    return common


def _identities(common: Mapping[tuple[int, int], float]) -> dict[int, int]:
    """Return in which place each identity goes on (rule 4)."""
    kept: dict[int, int] = {}
    for (number, place), _ in sorted(common.items(), key=lambda item: (-item[1], item[0])):
        if number not in kept and place not in kept.values():
            kept[number] = place
    return kept


def _size_change(old: Zone, new: Zone) -> Change:
    ratio = new.area_km2 / old.area_km2
    return "grown" if ratio >= 1 + STEADY else "shrunk" if ratio <= 1 - STEADY else "held"
