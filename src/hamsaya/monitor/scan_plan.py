"""From places, cases and what is expected to the compiled scan's ``Frame``: blocks, bars, and their size in memory.

A zone's expected numbers are looked up by its size on a grid that is fine where sizes are small; rounding the size down
rounds the bar down, so nothing above it is missed (``scan_kernel``, 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.scan_kernel import Frame, bars_by_block, bars_by_size, counter, cut, thresholds
from hamsaya.monitor.scan_lanes import pad
from hamsaya.monitor.scan_space import Windows, Zones

Array = npt.NDArray[Any]

STEP = 1.01
"""Ratio between sizes of the grid; finer wins nothing, coarser computes more statistics in vain."""
SLACK = 0.4
"""A block may grow while a count at the first zone's bar still has this share of the bar at its last zone: then blocks
are met about as often as single zones would be with a bar so low, which is seldom."""
MOST_BYTES = 64 << 20
"""Tables of bars beyond this leave the processor's cache; the grid of sizes becomes coarser instead."""
NOTHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A scan before its bar is known.

    Attributes:
        sizes: int64, the grid of zone sizes, rising; ``zone_row``: int32, a zone's place on it.
        margin: int64, cases (or what is expected, rounded up) of a window over all places.
        most: Most cases that any zone and window can hold in a replicate.
    """

    frame: Frame
    width: int
    dtype: Any
    sizes: Array
    zone_row: Array
    margin: Array
    most: int

    def bars(self, bar: float) -> Array:
        """Return the bars by size."""
        frame = self.frame
        rows = np.full((len(self.sizes), self.width), pad(self.dtype), self.dtype)
        limit = thresholds(self.most, frame.least, bar, frame.cases, frame.shuffled)
        bars_by_size(rows, self.sizes, self.margin, frame.cases, frame.slot, limit, pad(self.dtype))
        return rows

    def at(self, bar: float) -> Frame:
        """Return the frame with the blocks and bars of this bar."""
        high, low = self.bars(bar), self.bars(bar * SLACK)
        block, blocks = cut(self.frame.first, self.zone_row, _reach(high, low))
        starts = block[:-1]
        if not self.frame.given:
            return self.frame._replace(block=block, blocks=blocks, block_row=self.zone_row[starts],
                                       zone_row=self.zone_row, bars=high)
        rows = np.full((len(starts), self.width), pad(self.dtype), self.dtype)
        limit = thresholds(self.most, self.frame.least, bar, self.frame.cases, self.frame.shuffled)
        bars_by_block(rows, self.frame, block, blocks, limit, pad(self.dtype))
        own = np.arange(len(starts), dtype="i4")
        return self.frame._replace(block=block, blocks=blocks, block_row=own, bars=rows,
                                   zone_row=np.repeat(own, np.diff(block)))


def plan(
    zones: Zones, windows: Windows, bins: Array, cases: int, least: int, expected: Array | None, most: int,
    strata: Array | None = None,
) -> Plan:
    """Return the plan of a scan.

    Args:
        bins: Cases by bin under permutation, shape (bin,).
        cases: Cases observed.
        expected: Given means by place and bin, > 0, or those of a permutation with strata; None for one without.
        most: Most cases of any replicate.
        strata: Where each stratum's cases start, with the end; None where means are given.
    """
    given = expected is not None
    totals = bins if expected is None else expected.sum(0)
    lanes = windows.cumulated(totals[None])[0]
    margin = np.ceil(lanes[windows.after] - lanes[windows.before]).astype("i8")
    size = np.ceil(zones.size).astype("i8")
    total = float(cases) if strata is not None or expected is None else float(expected.sum())
    largest = most if strata is None and expected is not None else int(size.max(initial=0))
    bounds = np.array([0, cases], "i8") if strata is None else strata
    dtype = counter(largest)
    sizes = _grid(size, windows.width * np.dtype(dtype).itemsize)
    frame = Frame(
        prospective=windows.prospective, given=given, shuffled=not given or strata is not None, strata=bounds,
        bins=windows.bins, longest=windows.longest, cases=total,
        least=least, first=zones.first, place=zones.place, size=size, before=windows.before, after=windows.after,
        slot=windows.slot, margin=margin,
        expected=np.zeros((0, 0)) if expected is None else windows.cumulated(expected),
        ends=np.zeros(0) if expected is None else np.cumsum(expected),
        block=np.zeros(1, "i8"), blocks=np.zeros(len(zones.first), "i8"), block_row=np.zeros(0, "i4"),
        zone_row=np.zeros(len(zones), "i4"), bars=np.zeros((0, windows.width), dtype),
    )
    row = np.maximum(np.searchsorted(sizes, size, "right") - 1, 0).astype("i4")
    return Plan(frame, windows.width, dtype, sizes, row, margin, largest)


def _grid(size: Array, row_bytes: int) -> Array:
    """Return sizes such that every zone's is at or above one, and bars for all of them fit in ``MOST_BYTES``."""
    known, step = np.unique(size), STEP
    while True:
        chosen: list[int] = []
        for one in known.tolist():
            if not chosen or one > chosen[-1] * step:
                chosen.append(one)
        if len(chosen) * row_bytes <= MOST_BYTES or len(chosen) <= 2:
            return np.array(chosen, "i8")
        step = 1 + 2 * (step - 1)


def _reach(high: Array, low: Array) -> Array:
    """Return, for each row, the last row to which a block that starts with it may grow (``SLACK``)."""
    reach, last = np.zeros(len(high), "i8"), 0
    for row in range(len(high)):
        last = max(last, row)
        while last + 1 < len(high) and (high[row] >= low[last + 1]).all():
            last += 1
        reach[row] = last
    return reach
