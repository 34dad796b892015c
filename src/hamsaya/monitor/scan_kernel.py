"""The scan's inner loops, compiled: replicates of the null hypothesis and the highest statistic of each.

How it is fast and still exact
1. The bar. For a zone and a window the statistic grows with the count, so "above the bar" is "at least so many cases":
   one whole number, looked up. Logarithms are taken only where that number is reached.
2. The block. A zone's successors hold it. If not even the last zone of a run of successors has as many cases as its
   *first* one would need, none of the run is above the bar, and one comparison has settled all.
3. A replicate's highest statistic does not depend on the bar it was found with: bars are rounded down, everything that
   reaches one is computed, and a replicate in which nothing does is scanned once more with a bar of nothing.
4. Replicate ``r`` is drawn by its own generator, seeded by (seed, r): who computes it does not matter.

Statistics, for a count c above the expected mu, else 0
- permutation (Kulldorff et al. 2005, PLoS Medicine 2(3): e59): c ln(c/mu) + (C-c) ln((C-c)/(C-mu)), C cases in all,
  mu = cases of the zone x cases of the window / C. Null: the cases' times are shuffled among them. With strata both
  are done within each of them, and mu is the sum over strata.
- expectation-based Poisson (Neill 2009, International Journal of Forecasting 25: 498-517): c ln(c/mu) - (c - mu), mu
  given. Null: counts are Poisson with the given means.
Generator: SplitMix64 (Steele, Lea and Flood 2014, OOPSLA).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.compiled import compiled, inlined
from hamsaya.monitor.scan_lanes import add_places, pad, reaches, span_reaches

Array = npt.NDArray[Any]


class Frame(NamedTuple):
    """Everything about a scan that replicates share; compiled code takes it whole.

    Attributes:
        prospective: Windows end with the last bin. given: what is expected is given (``expected``).
        shuffled: Permutation: its statistic, and times that are shuffled among the cases of each stratum.
        strata: int64, where each stratum's cases start, with the end.
        bins, longest: As ``scan_space.Windows``. cases: C, as a float.
        first, place: Zones by centre. size: int64, cases of a zone.
        before, after, slot: Windows. margin: int64, cases of a window over all places.
        expected: float64, cumulated lanes of the given means, shape (place, lanes); (0, 0) under permutation.
        ends: float64, running total of the given means by (place, bin); empty under permutation.
        block, blocks: Zones at which blocks start, with the end; blocks of centre i are blocks[i] to blocks[i + 1].
        block_row, zone_row: int32, the row of bars of a block's first zone, and of a zone.
        bars: int16 or int32, shape (row, width): fewest cases above the bar. least: fewest cases of a cluster.
    """

    prospective: bool
    given: bool
    shuffled: bool
    strata: Array
    bins: int
    longest: int
    cases: float
    least: int
    first: Array
    place: Array
    size: Array
    before: Array
    after: Array
    slot: Array
    margin: Array
    expected: Array
    ends: Array
    block: Array
    blocks: Array
    block_row: Array
    zone_row: Array
    bars: Array


@inlined
def _permuted(count: Any, mu: float, cases: float) -> Any:
    more = count * np.log(count / mu)
    return more + (cases - count) * np.log((cases - count) / (cases - mu)) if count < cases else more


@inlined
def _poisson(count: Any, mu: float) -> Any:
    return count * np.log(count / mu) - (count - mu)


@compiled
def thresholds(most: int, least: int, bar: float, cases: float, shuffled: bool) -> Array:
    """Return, for each count 0 to ``most``, an expected number below which the count is above the bar; it rises.

    Rounded up by 1e-9 of itself, so that no count above the bar is missed; -1 below ``least`` cases.
    """
    limit = np.full(most + 1, -1.0)
    for count in range(max(least, 1), most + 1):
        low, high = 0.0, float(count)
        for _ in range(52):
            middle = 0.5 * (low + high)
            value = _permuted(count, middle, cases) if shuffled else _poisson(count, middle)
            if value > bar:
                low = middle
            else:
                high = middle
        limit[count] = high * (1 + 1e-9)
    return limit


@inlined
def _bar(expected: float, limit: Array, none: int) -> Any:
    """Return the fewest cases above the bar at this expected number; ``none`` where no number suffices."""
    count = np.searchsorted(limit, expected, "right")
    return count if count < min(len(limit), none) else none


@compiled
def bars_by_size(bars: Array, sizes: Array, margin: Array, cases: float, slot: Array, limit: Array, none: int) -> None:
    """Write a row of bars for each zone size: the expected number is size x margin / cases."""
    for row in range(len(sizes)):
        for window in range(len(slot)):
            bars[row, slot[window]] = _bar(sizes[row] * margin[window] / cases, limit, none)


@compiled
def bars_by_block(bars: Array, frame: Any, block: Array, blocks: Array, limit: Array, none: int) -> None:
    """Write a row of bars for each block: the expected number is what is given for its first zone."""
    base = np.zeros(frame.expected.shape[1])
    for centre in range(len(frame.first) - 1):
        base[:] = 0.0
        for number in range(blocks[centre], blocks[centre + 1]):
            for zone in range(block[number], block[number + 1]):
                for lane in range(len(base)):
                    base[lane] += frame.expected[frame.place[zone], lane]
                if zone == block[number]:
                    for window in range(len(frame.slot)):
                        mu = base[frame.after[window]] - base[frame.before[window]]
                        bars[number, frame.slot[window]] = _bar(mu, limit, none)


@compiled
def cut(first: Array, row: Array, reach: Array) -> tuple[Array, Array]:
    """Return where blocks start (with the end), and each centre's first block: a block runs to the last zone whose row
    is at most ``reach`` of its first zone's row."""
    block, blocks, number = np.empty(len(row) + 1, np.int64), np.zeros(len(first), np.int64), 0
    for centre in range(len(first) - 1):
        zone = first[centre]
        while zone < first[centre + 1]:
            block[number] = zone
            last = reach[row[zone]]
            number += 1
            zone += 1
            while zone < first[centre + 1] and row[zone] <= last:
                zone += 1
        blocks[centre + 1] = number
    block[number] = len(row)
    return block[: number + 1].copy(), blocks


@inlined
def _mixed(state: Any) -> Any:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled
def _shuffle(bins: Array, strata: Array, state: Any) -> None:
    """Shuffle each stratum in place (Fisher and Yates)."""
    for stratum in range(len(strata) - 1):
        start = strata[stratum]
        for last in range(strata[stratum + 1] - start - 1, 0, -1):
            state += np.uint64(0x9E3779B97F4A7C15)
            other = np.int64(((_mixed(state) >> np.uint64(32)) * np.uint64(last + 1)) >> np.uint64(32))
            bins[start + last], bins[start + other] = bins[start + other], bins[start + last]


@compiled
def _draw(place: Array, bins: Array, ends: Array, width: int, state: Any) -> None:
    """Draw each case's place and bin in proportion to what is expected there."""
    for case in range(len(place)):
        state += np.uint64(0x9E3779B97F4A7C15)
        share = (_mixed(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
        cell = min(np.searchsorted(ends, share * ends[-1], "right"), len(ends) - 1)
        place[case], bins[case] = cell // width, cell % width


@compiled
def _cumulate(frame: Any, place: Array, bins: Array, counts: Array) -> None:
    """Set ``counts`` to the cumulated lanes of cases at these places and bins."""
    counts[:] = 0
    for case in range(len(place)):
        lane = frame.bins - bins[case] if frame.prospective else bins[case] + 1
        if lane < counts.shape[1]:
            counts[place[case], lane] += 1
    for row in range(counts.shape[0]):
        total = counts[row, 0]
        for lane in range(1, counts.shape[1]):
            total += counts[row, lane]
            counts[row, lane] = total


@compiled
def _zone_highest(frame: Any, sums: Array, at: int, centre: int, zone: int, base: Array, best: float) -> float:
    """Return the highest statistic of one zone, or ``best`` where that is higher; ``base`` is room to work in."""
    if frame.given:
        base[:] = 0.0
        for step in range(frame.first[centre], zone + 1):
            for lane in range(len(base)):
                base[lane] += frame.expected[frame.place[step], lane]
    row = frame.zone_row[zone]
    for window in range(len(frame.slot)):
        before, after = frame.before[window], frame.after[window]
        count = np.int64(sums[at, after]) - np.int64(sums[at, before])
        if count >= frame.bars[row, frame.slot[window]]:
            mu = base[after] - base[before] if frame.given else frame.size[zone] * frame.margin[window] / frame.cases
            if count > mu:
                value = _permuted(count, mu, frame.cases) if frame.shuffled else _poisson(count, mu)
                best = max(best, value)
    return best


@compiled
def _highest(frame: Any, counts: Array, sums: Array, base: Array) -> float:
    """Return the highest statistic above the bar over all zones and windows; 0 where there is none."""
    best = 0.0
    for centre in range(len(frame.first) - 1):
        at = 0
        for lane in range(sums.shape[1]):
            sums[0, lane] = 0
        for block in range(frame.blocks[centre], frame.blocks[centre + 1]):
            start, end = frame.block[block], frame.block[block + 1]
            add_places(sums, at, 1 - at, counts, frame.place, start, end)
            if frame.prospective:
                met = reaches(sums, 1 - at, frame.bars, frame.block_row[block])
            else:
                met = span_reaches(sums, 1 - at, frame.bars, frame.block_row[block], frame.bins, frame.longest)
            if met:
                for zone in range(start, end):
                    add_places(sums, at, at, counts, frame.place, zone, zone + 1)
                    if frame.prospective:
                        met = reaches(sums, at, frame.bars, frame.zone_row[zone])
                    else:
                        met = span_reaches(sums, at, frame.bars, frame.zone_row[zone], frame.bins, frame.longest)
                    if met:
                        best = _zone_highest(frame, sums, at, centre, zone, base, best)
            at = 1 - at
    return best


@compiled
def replicate(frame: Any, places: int, lanes: int, place: Array, bins: Array, total: Array, seed: Any, first: int
              ) -> Array:
    """Return the highest statistic above the bar of each of ``len(total)`` replicates, numbered from ``first``.

    Args:
        places, lanes: Shape of the cumulated counts.
        place, bins: int32, the observed cases; under permutation their bins are shuffled.
        total: int64, cases of each replicate where what is expected is given; else only its length counts.
        seed: uint64.
    """
    highest = np.zeros(len(total))
    counts = np.zeros((places, lanes), frame.bars.dtype)
    sums = np.zeros((2, lanes), frame.bars.dtype)
    base = np.zeros(lanes)
    for number in range(len(total)):
        state = _mixed(_mixed(seed) + np.uint64(first + number + 1) * np.uint64(0x9E3779B97F4A7C15))
        if not frame.shuffled:
            drawn, when = np.empty(total[number], np.int32), np.empty(total[number], np.int32)
            _draw(drawn, when, frame.ends, frame.bins, state)
            _cumulate(frame, drawn, when, counts)
        else:
            when = bins.copy()
            _shuffle(when, frame.strata, state)
            _cumulate(frame, place, when, counts)
        highest[number] = _highest(frame, counts, sums, base)
    return highest


@compiled
def highest_of(frame: Any, places: int, lanes: int, place: Array, bins: Array) -> float:
    """Return the highest statistic above the bar of the cases given; 0 where there is none."""
    counts = np.zeros((places, lanes), frame.bars.dtype)
    _cumulate(frame, place, bins, counts)
    return _highest(frame, counts, np.zeros((2, lanes), frame.bars.dtype), np.zeros(lanes))


@compiled
def _windows_best(frame: Any, counts: Array, centre: int, floor: float, sums: Array, base: Array, best: Array,
                  zones: Array) -> None:
    """Write each window's highest statistic over a centre's zones, and that zone; -1 where none is above ``floor``.

    A logarithm is taken only where the bound (c - mu)^2 / mu, or (c - mu)^2 C / (mu (C - mu)), which no statistic
    exceeds, is above the best so far. Of equal ones the smallest zone is kept.
    """
    sums[:] = 0
    base[:] = 0.0
    best[:] = floor
    zones[:] = -1
    for zone in range(frame.first[centre], frame.first[centre + 1]):
        for lane in range(len(sums)):
            sums[lane] += counts[frame.place[zone], lane]
            if frame.given:
                base[lane] += frame.expected[frame.place[zone], lane]
        for window in range(len(frame.slot)):
            before, after = frame.before[window], frame.after[window]
            count = sums[after] - sums[before]
            if count < frame.least:
                continue
            mu = base[after] - base[before] if frame.given else frame.size[zone] * frame.margin[window] / frame.cases
            rest = (frame.cases - mu) / frame.cases if frame.shuffled else 1.0
            if count > mu and (count - mu) ** 2 > best[window] * mu * rest:
                value = _permuted(count, mu, frame.cases) if frame.shuffled else _poisson(count, mu)
                if value > best[window]:
                    best[window], zones[window] = value, zone


@compiled
def candidates(frame: Any, places: int, lanes: int, place: Array, bins: Array, floor: float) -> tuple[Array, Array]:
    """Return statistics and (zone, window) of every centre's candidates, of those above ``floor``.

    A centre's first candidate is its best zone and window. Another is the best whose window neither meets nor touches
    an earlier one's and does not hold the last bin.
    """
    counts = np.zeros((places, lanes), np.int32)
    _cumulate(frame, place, bins, counts)
    sums, base = np.zeros(lanes, np.int64), np.zeros(lanes)
    best, zones = np.zeros(len(frame.slot)), np.zeros(len(frame.slot), np.int64)
    room = (len(frame.first) - 1) * (frame.bins // 2 + 1)
    found, where, number = np.zeros(room), np.zeros((room, 2), np.int64), 0
    for centre in range(len(frame.first) - 1):
        _windows_best(frame, counts, centre, floor, sums, base, best, zones)
        while True:
            top = -1
            for window in range(len(best)):
                if zones[window] >= 0 and (top < 0 or best[window] > best[top]):
                    top = window
            if top < 0:
                break
            found[number], where[number, 0], where[number, 1] = best[top], zones[top], top
            number += 1
            for window in range(len(best)):
                meets = frame.before[window] <= frame.after[top] and frame.before[top] <= frame.after[window]
                if meets or frame.prospective or frame.after[window] == frame.bins:
                    zones[window] = -1
    return found[:number].copy(), where[:number].copy()


def counter(largest: int) -> Any:
    """Return the smallest dtype in which counts up to ``largest`` stay below ``pad``."""
    return np.int16 if largest < pad(np.int16) else np.int32
