"""What is exported and drawn of monitoring: areas made of squares on a grid, with what is said of each.

A square is a cell, in degrees, WGS 84, and says who reports there at most. Boundaries are decoration of maps: they come
apart from the areas (``MapLines``), decide nothing, and no file of data holds them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Square = tuple[float, float, float, float]
"""West, south, east, north in degrees."""
Point = tuple[float, float]
"""Longitude and latitude in degrees."""
Hatch = Literal["", "unobserved", "partly", "not-covered", "blind"]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One area.

    Attributes:
        id: What it is called; a cell's number as text.
        squares: Its cells.
        low, high: What a map colours, from the least to the most that is claimed or expected; None where unknown or
            too small to be told.
        hatch: Why it may look quiet and not be.
        blind: Whether it stands on the list of blind spots; drawn over its hatch.
        mark: A short text put on it, "" for none.
        fields: What tables and GeoJSON say of it; plain values.
    """

    id: str
    squares: list[Square]
    low: float | None
    high: float | None
    hatch: Hatch
    mark: str
    fields: dict[str, Any]
    blind: bool = False


class MapLines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines for maps, WGS 84, none of them preferred to another.

    Attributes:
        source: Whose lines they are, with the licence; "" where they only follow the reporting annex.
        settled: Boundaries that no side is known to dispute.
        disputed: Boundaries that a side disputes, the outlines of disputed areas among them.
        areas: The outline of each area that is nobody's to colour or to name.
        undetermined: Edges of cells that the annex gives to several parties: about here one area meets another.
    """

    source: str = ""
    settled: list[list[Point]] = []
    disputed: list[list[Point]] = []
    areas: list[list[Point]] = []
    undetermined: list[list[Point]] = []


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """Areas of one kind with what must be said beside them: title, unit of low and high, notices, sources.

    ``as_of`` says in words how late the knowledge is; ``lines`` are drawn on maps and are in no file of data.
    """

    what: Literal["picture", "zones", "alerts", "forecast", "blind-spots", "incidents"]
    title: str
    unit: str
    notices: list[str]
    sources: list[str]
    features: list[Feature]
    as_of: str = ""
    lines: MapLines | None = None
