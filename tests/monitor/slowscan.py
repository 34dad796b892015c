"""A space-time permutation scan in plain Python, from its published description and the rules of ``monitor.scan``.

Nothing of the fast scan is used: distances, circles, windows, statistics and the choice of clusters are made anew, one
cylinder after another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

EARTH_KM = 6367.0


class Cylinder(NamedTuple):
    """A zone and a window with more cases than expected."""

    statistic: float
    places: frozenset[int]
    first: int
    last: int
    observed: int
    expected: float


def clusters(
    points: Sequence[tuple[float, float]], cases: Sequence[tuple[int, int]], bins: int, *, prospective: bool,
    radius_km: float, share: float = 0.5,
) -> list[Cylinder]:
    """Return the clusters, the most likely first.

    Args:
        points: (latitude, longitude) of each place.
        cases: (place, bin) of each case.
        share: Largest share of the cases in a zone, and of the bins in a window.
    """
    offered = [one for centre in range(len(points))
               for one in _offers(list(_around(centre, points, cases, bins, prospective, radius_km, share)), bins)]
    kept: list[Cylinder] = []
    for one in sorted(offered, key=lambda each: -each.statistic):
        if not any(one.places & other.places and _meet(one, other) for other in kept):
            kept.append(one)
    return kept


def _meet(one: Cylinder, other: Cylinder) -> bool:
    return one.first <= other.last + 1 and other.first <= one.last + 1


def _offers(found: list[Cylinder], bins: int) -> Iterator[Cylinder]:
    """Yield a centre's best, then the best apart in time from those and not alive in the last bin."""
    taken: list[Cylinder] = []
    for one in sorted(found, key=lambda each: -each.statistic):
        if not taken or (one.last < bins - 1 and not any(_meet(one, other) for other in taken)):
            taken.append(one)
            yield one


def _around(
    centre: int, points: Sequence[tuple[float, float]], cases: Sequence[tuple[int, int]], bins: int, prospective: bool,
    radius_km: float, share: float,
) -> Iterator[Cylinder]:
    near = sorted((_km(points[centre], point), place) for place, point in enumerate(points))
    for size in range(1, len(near) + 1):
        zone = frozenset(place for _, place in near[:size])
        inside = [when for place, when in cases if place in zone]
        if near[size - 1][0] > radius_km or len(inside) > share * len(cases):
            return
        for first in range(bins):
            for last in range(first, bins):
                if last - first + 1 <= math.floor(share * bins) and (not prospective or last == bins - 1):
                    yield from _cylinder(zone, inside, cases, first, last)


def _cylinder(
    zone: frozenset[int], inside: list[int], cases: Sequence[tuple[int, int]], first: int, last: int
) -> Iterator[Cylinder]:
    total = len(cases)
    observed = sum(first <= when <= last for when in inside)
    expected = len(inside) * sum(first <= when <= last for _, when in cases) / total
    if observed >= 2 and observed > expected:
        statistic = observed * math.log(observed / expected)
        if observed < total:
            statistic += (total - observed) * math.log((total - observed) / (total - expected))
        yield Cylinder(statistic, zone, first, last, observed, expected)


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great circle distance by the haversine formula."""
    (north, east), (north_2, east_2) = ([math.radians(degrees) for degrees in point] for point in (one, other))
    half = (math.sin((north_2 - north) / 2) ** 2
            + math.cos(north) * math.cos(north_2) * math.sin((east_2 - east) / 2) ** 2)
    return 2 * EARTH_KM * math.asin(math.sqrt(half))
