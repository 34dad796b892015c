"""A quantity known between two bounds, with the value to plan with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """``low <= mid <= high`` in one unit; the caller's name carries the unit (``flow_musd_per_year``)."""

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.mid <= self.high:
            raise ValueError(f"expected low <= mid <= high, received {self.low}, {self.mid}, {self.high}")
