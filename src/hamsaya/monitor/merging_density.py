"""How many unrelated reports are to be expected near a report: places, crowding of days, local habits.

1. **Place.** A reporter's own other reports, counted on grids of several cell sizes, mixed with the weights under which
   each report is best foretold by the others (leave-one-out likelihood). A report is never counted for itself, and
   the other reporter's reports are not counted at all: they may be the same event.
2. **Days.** Violence comes in bursts. Two reports of *one* reporter are two events, so how often such pairs fall k days
   apart, against what an even spread over the period would give, says how often two unrelated reports do.
3. **Codes.** Groups keep to their districts: two unrelated reports there name one class far oftener than two of the
   whole file do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_columns import KM_PER_DEGREE, RADIUS_KM, Columns, Floats, Ints

CELLS_KM = (0.75, 2.0, 6.0, 20.0, 60.0, 240.0)
EVEN_KM2 = 2.0e7  # A report may come from anywhere: an even share over such an area keeps densities above 0.
LEAST_WEIGHT = 1e-3
ROUNDS = 12
BANDS_KM = (5.0, 25.0)
NEAR_KM = 25.0
SEEN_PAIRS = 5.0  # Crowding is drawn to 1 as if so many pairs had been seen that fall as an even spread says.
SEEN_CODES = 20.0  # Local agreement is drawn to the share in the file as if so many pairs had been seen with it.
COMPARED = 250_000  # Pairs looked at; of larger files every k-th report speaks.


class Habits(NamedTuple):
    """What two unrelated reports of one reporter have in common.

    Attributes:
        crowding: How many times as many pairs fall 0, 1, ... days apart as if spread evenly; (bands of km, days + 1).
        violence, actor: P(the other has the code too, within ``NEAR_KM`` | one has it), by code.
    """

    crowding: Floats
    violence: Floats
    actor: Floats


class Places(NamedTuple):
    """Where a reporter's reports are, and how dense.

    Attributes:
        x, y: Km east and north on an equal-area map.
        layers: Density by size of cell, the last even over ``EVEN_KM2``, each report left out of its own;
            (reports, sizes + 1).
        weights: Of the layers.
        density: At each report, of the reporter's other reports, per km², > 0.
    """

    x: Floats
    y: Floats
    layers: Floats
    weights: Floats
    density: Floats


def places_of(reports: Columns) -> Places:
    """Return the places of one reporter's reports, with the weights under which each is best foretold by the others."""
    n = len(reports)
    layers = np.full((n, len(CELLS_KM) + 1), 1.0 / EVEN_KM2)
    weights = np.full(layers.shape[1], 1.0 / layers.shape[1])
    if n < 2:
        return Places(np.zeros(n), np.zeros(n), layers, weights, layers[:, -1].copy())
    x, y = _flat(reports)
    for at, size in enumerate(CELLS_KM):
        layers[:, at] = _layer(x, y, size)
    density = _weighed(layers, weights, LEAST_WEIGHT, ROUNDS)
    return Places(x, y, layers, weights, density)


def density_without(places: Places, at: Ints, left_out: Ints) -> Floats:
    """Return the density at each report of ``at`` when the report beside it in ``left_out`` is not counted either."""
    without: Floats = _without(at, left_out, places.x, places.y, places.layers, places.weights, np.array(CELLS_KM))
    return without


def habits(reports: Columns, days: int, actors: int) -> Habits:
    """Return the habits of one reporter; crowding 1 and shares of the whole file where nothing is known."""
    shares = [code_shares(code, size) for code, size in ((reports.violence, 4), (reports.actor, actors))]
    n, bands = len(reports), len(BANDS_KM) + 1
    if n < 2:
        return Habits(np.ones((bands, days + 1)), *shares)
    x, y = _flat(reports)
    span = int(reports.first.max() - reports.first.min()) + 1
    total, near, both, one = _compare(
        x, y, reports.first, np.stack([reports.violence, reports.actor]), np.array(BANDS_KM), days, actors,
        max(1, n * n // COMPARED), RADIUS_KM, NEAR_KM,
    )
    lag = np.arange(days + 1)
    expected = total[:, None] * np.where(lag == 0, 1.0 / span, 2.0 * np.maximum(span - lag, 0) / span**2)
    agreed = [(both[k, : len(share)] + SEEN_CODES * share) / (one[k, : len(share)] + SEEN_CODES)
              for k, share in enumerate(shares)]
    return Habits((near + SEEN_PAIRS) / (expected + SEEN_PAIRS), *agreed)


def code_shares(code: Ints, size: int) -> Floats:
    """Return the share of each code among those known (code 0 is unknown), none quite 0."""
    seen = np.bincount(code, minlength=size).astype(np.float64)
    seen[0] = 0.0
    share: Floats = (seen + 0.5) / (seen.sum() + 0.5 * size)
    return share


def _flat(reports: Columns) -> tuple[Floats, Floats]:
    """Return km east and north on an equal-area (sinusoidal) map about the reports' own middle."""
    angles = np.radians(reports.longitude)
    middle = np.degrees(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()))
    east = (reports.longitude - middle + 180.0) % 360.0 - 180.0
    return KM_PER_DEGREE * east * np.cos(np.radians(reports.latitude)), KM_PER_DEGREE * reports.latitude


def _layer(x: Floats, y: Floats, size: float) -> Floats:
    """Return the density by linear binning on cells of ``size`` km, each report left out of its own."""
    column, row = np.floor(x / size), np.floor(y / size)
    u, v = x / size - column, y / size - row
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], 1)
    base = (row.astype(np.int64) + 2**20) * 2**22 + column.astype(np.int64) + 2**20
    corners = np.stack([base, base + 1, base + 2**22, base + 2**22 + 1], 1)
    density: Floats = _binned(corners, weights) / (size * size * (len(x) - 1))
    return density


@compiled_untyped
def _binned(corners, weights):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return for each report the sum over its corners of weight times the others' weight there (a hash table)."""
    n = len(corners)
    size = 1
    while size < 8 * n:
        size *= 2
    keys, sums = np.full(size, -1, np.int64), np.zeros(size)
    slots = np.empty((n, 4), np.int64)
    for r in range(n):
        for c in range(4):
            key = corners[r, c]
            at = ((key * 0x9E3779B97F4A7C1) >> 20) & (size - 1)
            while keys[at] != key and keys[at] != -1:
                at = (at + 1) & (size - 1)
            keys[at] = key
            sums[at] += weights[r, c]
            slots[r, c] = at
    others = np.zeros(n)
    for r in range(n):
        for c in range(4):
            others[r] += weights[r, c] * (sums[slots[r, c]] - weights[r, c])
        others[r] = max(others[r], 0.0)
    return others


@compiled_untyped
def _compare(x, y, day, codes, bands, days, size, stride, far, close):  # type: ignore[no-untyped-def]  # pragma: no cover
    total, near = np.zeros(len(bands) + 1), np.zeros((len(bands) + 1, days + 1))
    both, one = np.zeros((len(codes), size)), np.zeros((len(codes), size))
    for a in range(0, len(x), stride):
        for b in range(len(x)):
            square = (x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2
            if a == b or square > far * far:
                continue
            band = 0
            while band < len(bands) and square > bands[band] * bands[band]:
                band += 1
            total[band] += 1
            apart = abs(day[a] - day[b])
            if apart <= days:
                near[band, apart] += 1
            if square < close * close:
                for k in range(len(codes)):
                    if codes[k, a] != 0 and codes[k, b] != 0:
                        one[k, codes[k, a]] += 1
                        both[k, codes[k, a]] += codes[k, a] == codes[k, b]
    return total, near, both, one


@compiled_untyped
def _weighed(layers, weights, least, rounds):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Fit ``weights`` in place by expectation-maximisation; return the mixed density of each report."""
    n, size = layers.shape
    density = np.empty(n)
    for turn in range(rounds + 1):
        sums = np.zeros(size)
        for r in range(n):
            whole = 0.0
            for s in range(size):
                whole += layers[r, s] * weights[s]
            density[r] = whole
            for s in range(size):
                sums[s] += layers[r, s] / whole
        if turn < rounds:
            for s in range(size):
                weights[s] = max(weights[s] * sums[s] / n, least)
            weights /= weights.sum()
    return density


@compiled_untyped
def _shared(a, b, size):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return what two points give to common corners along one axis, in linear binning."""
    first, second = np.floor(a / size), np.floor(b / size)
    u, v = a / size - first, b / size - second
    if first == second:
        return (1 - u) * (1 - v) + u * v
    if second == first + 1:
        return u * (1 - v)
    if second == first - 1:
        return (1 - u) * v
    return 0.0


@compiled_untyped
def _without(at, left_out, x, y, layers, weights, sizes):  # type: ignore[no-untyped-def]  # pragma: no cover
    n = len(x)
    density = np.empty(len(at))
    for e in range(len(at)):
        a, b = at[e], left_out[e]
        density[e] = layers[a, len(sizes)] * weights[len(sizes)]
        for k in range(len(sizes)):
            size = sizes[k]
            own = _shared(x[a], x[b], size) * _shared(y[a], y[b], size) / (size * size)
            density[e] += weights[k] * max(layers[a, k] * (n - 1) - own, 0.0) / max(n - 2, 1)
    return density
