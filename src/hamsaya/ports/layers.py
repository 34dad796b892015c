"""What is exported and drawn of monitoring: areas made of squares on a grid, with what is said of each.

Nothing here is a boundary: a square is a cell, in degrees, WGS 84, and says who reports there at most.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Square = tuple[float, float, float, float]
"""West, south, east, north in degrees."""
Hatch = Literal["", "unobserved", "partly", "not-covered", "blind"]


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One area.

    Attributes:
        id: What it is called; a cell's number as text.
        squares: Its cells.
        low, high: What a map colours, from the least to the most that is claimed or expected; None where unknown or
            too small to be told.
        hatch: Why it may look quiet and not be.
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


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """Areas of one kind with what must be said beside them: title, unit of low and high, notices, sources."""

    what: Literal["picture", "zones", "alerts", "forecast", "incidents"]
    title: str
    unit: str
    notices: list[str]
    sources: list[str]
    features: list[Feature]
