"""Accounts as columns of numbers, and which pairs of two reporters' accounts are worth comparing.

Blocking: both accounts lie within ``RADIUS_KM`` of each other and their day ranges are at most ``WINDOW_DAYS`` apart.
Cells of that size and the ring around each are searched, days by bisection, so the cost follows the pairs found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_types import Account

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RADIUS_KM = 90.0
WINDOW_DAYS = 7
KM_PER_DEGREE = 111.195


class Columns(NamedTuple):
    """Accounts of one reporter, one row each: degrees, days since 1970, deaths, codes (0 where unknown)."""

    longitude: Floats
    latitude: Floats
    first: Ints
    last: Ints
    best: Ints
    low: Ints
    high: Ints
    violence: Ints
    actor: Ints
    precision: Ints

    def __len__(self) -> int:
        return len(self.longitude)


class Pairs(NamedTuple):
    """Pairs in the order of the left rows, then of the right: rows, distance in km, signed gap of days (right - left).

    The gap is 0 where the day ranges touch; ``widths`` is in how many ways two ranges so long can touch (1 for single
    days).
    """

    left: Ints
    right: Ints
    km: Floats
    gap: Ints
    widths: Floats

    def take(self, rows: Ints) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.left[rows], self.right[rows], self.km[rows], self.gap[rows], self.widths[rows])


def columns_of(accounts: Sequence[Account]) -> Columns:
    """Return the columns of ``accounts`` in their order."""
    whole = [(one.first_day, one.last_day, one.best, one.low, one.high, one.violence, one.actor, one.precision)
             for one in accounts]
    numbers = np.array(whole, dtype=np.int64).reshape(-1, 8).T
    longitude = np.array([one.longitude for one in accounts], dtype=np.float64)
    latitude = np.array([one.latitude for one in accounts], dtype=np.float64)
    return Columns(longitude, latitude, *(np.ascontiguousarray(row) for row in numbers))


def candidate_pairs(left: Columns, right: Columns, km: float = RADIUS_KM, days: int = WINDOW_DAYS) -> Pairs:
    """Return every pair within ``km`` and ``days``; each once."""
    empty = np.zeros(0, np.int64)
    if not len(left) or not len(right):
        return Pairs(empty, empty, np.zeros(0), empty, np.zeros(0))
    # A row of cells is as high as the radius; a column at least as wide, even at the latitude nearest a pole.
    height = km / KM_PER_DEGREE
    steepest = min(max(float(np.abs(left.latitude).max()), float(np.abs(right.latitude).max())) + height, 89.0)
    across = max(int(360.0 / (height / np.cos(np.radians(steepest)))), 1)
    longest = int(max((left.last - left.first).max(), (right.last - right.first).max()))
    row = np.floor((right.latitude + 90.0) / height).astype(np.int64)
    column = np.floor((right.longitude + 180.0) / 360.0 * across).astype(np.int64) % across
    cell = row * across + column
    order = np.lexsort((np.arange(len(cell)), right.first, cell))
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    found = _search(
        left.longitude, left.latitude, left.first, left.last, right.longitude[order], right.latitude[order],
        right.first[order], right.last[order], cell[order][starts], np.append(starts, len(order)), height, across,
        longest, km, days,
    )
    i, j, distance, gap, widths = found
    j = order[j]
    sorting = np.lexsort((j, i))
    return Pairs(i[sorting], j[sorting], distance[sorting], gap[sorting], widths[sorting])


@compiled_untyped
def _search(  # type: ignore[no-untyped-def]
    ax, ay, af, al, bx, by, bf, bl, cells, starts, height, across, longest, km, days
):  # pragma: no cover - compiled
    size = 1024
    i, j = np.empty(size, np.int64), np.empty(size, np.int64)
    far, gap, wide = np.empty(size), np.empty(size, np.int64), np.empty(size)
    n = 0
    ring = min(across, 3)
    for a in range(len(ax)):
        row = int(np.floor((ay[a] + 90.0) / height))
        column = int(np.floor((ax[a] + 180.0) / 360.0 * across))
        for below in range(-1, 2):
            for beside in range(ring):
                cell = (row + below) * across + (column + beside - 1) % across
                at = np.searchsorted(cells, cell)
                if at == len(cells) or cells[at] != cell:
                    continue
                start, end = starts[at], starts[at + 1]
                # A right range that begins up to ``longest`` days before may still reach into the window.
                b = start + np.searchsorted(bf[start:end], af[a] - days - longest)
                while b < end and bf[b] <= al[a] + days:
                    if bl[b] < af[a]:
                        apart = bl[b] - af[a]
                    elif bf[b] > al[a]:
                        apart = bf[b] - al[a]
                    else:
                        apart = 0
                    if -days <= apart:
                        dy = by[b] - ay[a]
                        dx = (bx[b] - ax[a] + 180.0) % 360.0 - 180.0
                        dx *= np.cos(np.radians((ay[a] + by[b]) / 2))
                        distance = 111.195 * np.sqrt(dx * dx + dy * dy)
                        if distance <= km:
                            if n == size:
                                size *= 2
                                i, j = _grown(i, size), _grown(j, size)
                                far, gap, wide = _grown(far, size), _grown(gap, size), _grown(wide, size)
                            i[n], j[n], far[n], gap[n] = a, b, distance, apart
                            wide[n] = 1.0 + (al[a] - af[a]) + (bl[b] - bf[b]) if apart == 0 else 1.0
                            n += 1
                    b += 1
    return i[:n], j[:n], far[:n], gap[:n], wide[:n]


@compiled_untyped
def _grown(old, size):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    new = np.empty(size, old.dtype)
    new[: len(old)] = old
    return new
