"""Where and when a scan looks: circles around every place, windows of whole bins, and how both lie in memory.

Rules
1. A zone is a centre with its nearest places, in the order of their distance; each place joins singly. Distances are
   great circle on a sphere of ``EARTH_KM``; equal ones are ordered as the rounding of ``_points`` leaves them, which is
   what makes the answers those of SaTScan on a grid, where many distances are equal.
2. A zone reaches ``radius_km`` at most and holds at most ``share`` of all cases (or of what is expected).
3. A window is at most ``time_share`` of the bins long, rounded down. Prospective: it ends with the last bin.
4. Lanes: cumulated counts of a place by bin, from 0. Prospective bins are numbered backward from the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.scan_lanes import LANES, rounded

Array = npt.NDArray[Any]

EARTH_KM = 6367.0
CHUNK = 512  # places whose distances to all others are in memory at a time


def _points(lat: Array, lon: Array) -> Array:
    """Return places as points on the sphere, km, shape (place, 3); libm's own functions, in this order of products."""
    rows = []
    for north, east in zip((lat * math.pi / 180).tolist(), (lon * math.pi / 180).tolist(), strict=True):
        flat = math.cos(north)
        rows.append((EARTH_KM * math.cos(east) * flat, EARTH_KM * math.sin(east) * flat, EARTH_KM * math.sin(north)))
    return np.array(rows, "f8").reshape(len(lat), 3)


def arc_km(chord_km: Any) -> Any:
    """Return the way along the sphere between points whose straight distance is ``chord_km``."""
    return 2 * EARTH_KM * np.arcsin(np.minimum(np.asarray(chord_km) / (2 * EARTH_KM), 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """All circles: those of centre ``i`` are ``first[i]`` to ``first[i + 1]``, growing by one place each.

    Attributes:
        first: int64, shape (centre + 1,).
        place: int32, the place by which a zone is larger than the one before it.
        reach_km: float64, distance of that place from the centre, along the sphere.
        size: Cases (int64) or expected cases (float64) of the zone over all bins.
    """

    first: Array
    place: Array
    reach_km: Array
    size: Array

    def __len__(self) -> int:
        return len(self.place)

    def places(self, zone: int) -> Array:
        """Return the places of a zone, nearest first."""
        centre = int(np.searchsorted(self.first, zone, "right")) - 1
        result: Array = self.place[self.first[centre]: zone + 1]
        return result

    def centre(self, zone: int) -> int:
        """Return the centre of a zone."""
        return int(np.searchsorted(self.first, zone, "right")) - 1


def circles(lat: Array, lon: Array, weight: Array, radius_km: float, share: float) -> Zones:
    """Return the zones of every place as a centre (rules 1 and 2).

    Args:
        lat, lon: Degrees, shape (place,).
        weight: Cases of each place over all bins, or what is expected there, >= 0.
        radius_km: Largest radius, > 0; infinity for none.
        share: Largest part of the whole weight in a zone, in (0, 1].
    """
    points, most = _points(lat, lon), share * weight.sum()
    limit = 4 * EARTH_KM**2 if radius_km >= math.pi * EARTH_KM else (2 * EARTH_KM * math.sin(
        radius_km / (2 * EARTH_KM))) ** 2
    first, place, reach, size = [0], [], [], []
    for start in range(0, len(lat), CHUNK):
        apart = points[start: start + CHUNK, None] - points
        squares = apart[..., 0] ** 2 + apart[..., 1] ** 2 + apart[..., 2] ** 2
        for row in squares:
            near = np.flatnonzero(row <= limit)
            near = near[np.argsort(row[near], kind="stable")]
            sizes = np.cumsum(weight[near])
            count = int(np.searchsorted(sizes, most, "right"))
            first.append(first[-1] + count)
            place.append(near[:count])
            reach.append(row[near[:count]])
            size.append(sizes[:count])
    return Zones(np.array(first, "i8"), _joined(place, "i4"), arc_km(np.sqrt(_joined(reach, "f8"))),
                 _joined(size, weight.dtype))


def _joined(parts: list[Array], dtype: Any) -> Array:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """All windows: window ``w`` counts ``sums[after[w]] - sums[before[w]]`` in lanes (rule 4).

    Attributes:
        bins: Bins of the study period; ``lanes``: whole vectors that hold the cumulated counts and what is read beyond.
        longest: Most bins of a window.
        before, after: int32, lanes; ``slot``: int32, where the window's bar lies in a row of ``width`` bars.
    """

    prospective: bool
    bins: int
    longest: int
    lanes: int
    width: int
    before: Array
    after: Array
    slot: Array

    def __len__(self) -> int:
        return len(self.slot)

    def span(self, window: int) -> tuple[int, int]:
        """Return the first and the last bin of a window, counted from the start of the study."""
        before, after = int(self.before[window]), int(self.after[window])
        return (self.bins - after, self.bins - 1 - before) if self.prospective else (before, after - 1)

    def cumulated(self, values: Array) -> Array:
        """Return values by place and bin as cumulated lanes, shape (place, lanes); beyond the last bin the total."""
        seen = values[:, ::-1][:, : self.longest] if self.prospective else values
        lanes = np.zeros((len(values), self.lanes), np.result_type(values.dtype, "f8") if values.dtype.kind == "f"
                         else "i8")
        lanes[:, 1: seen.shape[1] + 1] = np.cumsum(seen, axis=1)
        if seen.shape[1]:
            lanes[:, seen.shape[1] + 1:] = lanes[:, seen.shape[1]: seen.shape[1] + 1]
        return lanes


def windows(bins: int, prospective: bool, time_share: float) -> Windows:
    """Return the windows of a study of ``bins`` bins (rule 3); there may be none."""
    longest = int(math.floor(bins * time_share + 1e-9))
    if prospective:
        after = np.arange(1, longest + 1, dtype="i4")
        lanes = rounded(longest + 1)
        return Windows(True, bins, longest, lanes, lanes, np.zeros_like(after), after, after)
    before, after, slot, width = spans(bins, longest)
    return Windows(False, bins, longest, rounded(bins + longest + LANES), width, before, after, slot)


def spans(bins: int, longest: int) -> tuple[Array, Array, Array, int]:
    """Return before, after and slot of every window, and the width of a row of bars, as ``span_reaches`` reads them."""
    parts, width = [], 0
    for chunk in range(0, bins, LANES):
        for length in range(1, min(longest, bins - chunk) + 1):
            start = np.arange(chunk, min(chunk + LANES, bins - length + 1))
            parts.append(np.stack([start, start + length, width + start - chunk]))
            width += LANES
    before, after, slot = np.concatenate([np.empty((3, 0), "i8"), *parts], axis=1).astype("i4")
    return before, after, slot, rounded(max(width, 1))
