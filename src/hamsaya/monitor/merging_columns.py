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
FEW_PAIRS = 40  # Up to so many of one account are sorted by insertion.


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

    def take(self, rows: Ints) -> Columns:
        """Return some of the accounts."""
        return Columns(self.longitude[rows], self.latitude[rows], self.first[rows], self.last[rows], self.best[rows],
                       self.low[rows], self.high[rows], self.violence[rows], self.actor[rows], self.precision[rows])


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
    order = np.lexsort((right.first, cell))  # Stable: rows stay in their order where cell and day are the same.
    cell = cell[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    return Pairs(*_search(
        left.longitude, left.latitude, left.first, left.last, right.longitude[order], right.latitude[order],
        right.first[order], right.last[order], order, cell[starts], np.append(starts, len(order)), height, across,
        longest, km, days,
    ))


@compiled_untyped
def _search(  # type: ignore[no-untyped-def]
    ax, ay, af, al, bx, by, bf, bl, order, cells, starts, height, across, longest, km, days
):  # pragma: no cover - compiled
    size = 1024
    i, j = np.empty(size, np.int64), np.empty(size, np.int64)
    far, gap, wide = np.empty(size), np.empty(size, np.int64), np.empty(size)
    n = 0
    ring = min(across, 3)
    high = km / 111.19  # Degrees of latitude, a little too many.
    for a in range(len(ax)):
        begun = n
        row = int(np.floor((ay[a] + 90.0) / height))
        column = int(np.floor((ax[a] + 180.0) / 360.0 * across))
        for below in range(-1, 2):
            at, held = 0, -2
            for beside in range(ring):
                cell = (row + below) * across + (column + beside - 1) % across
                # Neighbours in a row mostly follow one another in the list of cells that are not empty.
                if cell == held + 1:
                    while at < len(cells) and cells[at] < cell:
                        at += 1
                else:
                    at = _first(cells, 0, len(cells), cell)
                held = cell
                if at == len(cells) or cells[at] != cell:
                    continue
                # A right range that begins up to ``longest`` days before may still reach into the window.
                b = _first(bf, starts[at], starts[at + 1], af[a] - days - longest)
                while b < starts[at + 1] and bf[b] <= al[a] + days:
                    dy = by[b] - ay[a]
                    apart = min(max(bf[b] - al[a], 0) - max(af[a] - bl[b], 0), days + 1)
                    if -days <= apart and abs(dy) <= high:
                        dx = (bx[b] - ax[a] + 180.0) % 360.0 - 180.0
                        dx *= np.cos(np.radians((ay[a] + by[b]) / 2))
                        distance = KM_PER_DEGREE * np.sqrt(dx * dx + dy * dy)
                        if distance <= km:
                            if n == size:
                                size *= 2
                                i, j = _grown(i, size), _grown(j, size)
                                far, gap, wide = _grown(far, size), _grown(gap, size), _grown(wide, size)
                            width = 1.0 + (al[a] - af[a]) + (bl[b] - bf[b]) if apart == 0 else 1.0
                            i[n], j[n], far[n], gap[n], wide[n] = a, order[b], distance, apart, width
                            n += 1
                    b += 1
        _sort(j[begun:n], far[begun:n], gap[begun:n], wide[begun:n])
    return i[:n], j[:n], far[:n], gap[:n], wide[:n]


@compiled_untyped
def _sort(j, far, gap, wide):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Put one account's pairs, mostly few, in the order of their right rows."""
    if len(j) > FEW_PAIRS:
        by = np.argsort(j)
        j[:], far[:], gap[:], wide[:] = j[by], far[by], gap[by], wide[by]
        return
    for end in range(1, len(j)):
        kept = j[end], far[end], gap[end], wide[end]
        to = end
        while to > 0 and j[to - 1] > kept[0]:
            j[to], far[to], gap[to], wide[to] = j[to - 1], far[to - 1], gap[to - 1], wide[to - 1]
            to -= 1
        j[to], far[to], gap[to], wide[to] = kept


@compiled_untyped
def _first(values, low, high, least):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return the first place from ``low`` up to ``high`` whose value is ``least`` or more."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@compiled_untyped
def _grown(old, size):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    new = np.empty(size, old.dtype)
    new[: len(old)] = old
    return new
