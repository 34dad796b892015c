"""Models of error for the bench of merging: how two sides may tell of the same events, each wrong in its own way.

Every model is a function ``(events, rng, side) -> (ids, columns)``: which event each account is of, and the account.

    protocol    the same for both: 70 % reported, places off by .5, 8 or 30 km, no precision given
    harsh       one knows much, one what is big, is late and counts low; precision codes given
    tails       places, days and deaths off by heavy-tailed amounts
    week        one writes the Monday of the week for half of its events, the first of the month for some
    deadly      one reports hardly anything below three deaths
    sloppy      errors of one account hang together: a quarter of them is wrong in everything at once
    capital     places snapped to the busiest place of the district, by one side with a precision code
    halved      one counts half of the deaths, the other rounds to fives and tens
    lumped      one reports 90 % and lumps what happens in a district on a day; the other reports 40 %
    recoded     one has another scheme of types, and five actor classes for many

``DEVELOPED`` were looked at while the method was made; ``HELD`` when it was done, once. What lumps is counted as the
deadliest of the events that it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hamsaya.monitor.merging_columns import KM_PER_DEGREE, Columns

Array = Any
MONDAY = 4  # Days since 1970-01-01, a Thursday, of the first Monday.


class Events(NamedTuple):
    """Events that happened, one row each; ``actor`` from 1."""

    lon: Array
    lat: Array
    day: Array
    best: Array
    violence: Array
    actor: Array


Model = Callable[[Events, Any, int], tuple[Array, Columns]]


def protocol(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events with the errors of the protocol: the same for both sides, no precision given."""
    kept = np.flatnonzero(rng.random(len(events.day)) < 0.7)
    n = len(kept)
    off = rng.choice([0.5, 8.0, 30.0], n, p=[0.55, 0.33, 0.12])
    late = np.where((u := rng.random(n)) < 0.75, 0, np.where(u < 0.92, rng.integers(1, 3, n), rng.integers(3, 7, n)))
    factor = np.exp(rng.normal(0, np.where(rng.random(n) < 0.6, 0.05, 0.5)))
    actor = np.where(rng.random(n) < 0.9, events.actor[kept], rng.integers(1, 41, n))
    return kept, told(
        events, kept, rng.normal(0, off), rng.normal(0, off), late * rng.choice([-1, 1], n),
        events.best[kept] * factor, np.where(rng.random(n) < 0.92, events.violence[kept], rng.integers(1, 4, n)),
        np.where(rng.random(n) < 0.2, 0, actor), np.zeros(n, np.int64))


def harsh(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events as one side that knows much and one that knows what is big, is late and counts low."""
    share = np.where(events.best > 5, 0.85, 0.45) if side else np.full(len(events.day), 0.75)
    kept = np.flatnonzero(rng.random(len(events.day)) < share)
    n = len(kept)
    precision = rng.choice([1, 2, 3], n, p=[0.5, 0.35, 0.15])
    off = np.array([0.0, 1.0, 10.0, 35.0])[precision] * rng.gamma(2.0, 0.5, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    late = rng.poisson(0.8 if side else 0.2, n)
    factor = np.exp(rng.normal(-0.2 if side else 0.0, 0.3, n)) * np.where(rng.random(n) < 0.5, 1.0, 0.9)
    wrong = rng.random(n) < 0.07
    return kept, told(
        events, kept, off * np.cos(angle), off * np.sin(angle), late, events.best[kept] * factor,
        np.where(wrong, 3, events.violence[kept]),
        np.where(rng.random(n) < 0.35, 0, np.where(rng.random(n) < 0.95, events.actor[kept], 1)), precision)


def tails(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events with heavy-tailed errors: most are small, a few without bound."""
    kept, n = _kept(events, rng, 0.7)
    factor = np.exp(0.2 * rng.standard_t(2.5, n))
    return kept, told(
        events, kept, 1.5 * rng.standard_t(1.2, n), 1.5 * rng.standard_t(1.2, n), np.rint(0.5 * rng.standard_t(1.7, n)),
        events.best[kept] * np.minimum(factor, 20.0), events.violence[kept],
        _blurred(events.actor[kept], rng, unknown=0.15, wrong=0.05), np.zeros(n, np.int64))


def week(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events by a side that is exact in days, and by one that often writes the week or the month."""
    kept, n = _kept(events, rng, 0.65 if side else 0.75)
    day, u = events.day[kept], rng.random(n)
    rounded = np.where(u < 0.5, (day - MONDAY) // 7 * 7 + MONDAY, day + rng.integers(0, 2, n))
    month = day.astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64)
    written = np.where(u > 0.9, month, rounded) if side else day
    km = 5.0 if side else 1.0
    return kept, told(
        events, kept, rng.normal(0, km, n), rng.normal(0, km, n), written - day,
        events.best[kept] * np.exp(rng.normal(0, 0.25, n)), _swapped(events.violence[kept], rng, 0.05),
        _blurred(events.actor[kept], rng, unknown=0.2, wrong=0.08), np.zeros(n, np.int64))


def deadly(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell nearly everything, or nearly only what cost three lives or more."""
    kept, n = _kept(events, rng, np.where(events.best >= 3, 0.9, 0.04) if side else 0.85)
    off = rng.choice([1.0, 6.0, 20.0], n, p=[0.5, 0.35, 0.15])
    return kept, told(
        events, kept, rng.normal(0, off), rng.normal(0, off), rng.geometric(0.65, n) - 1,
        events.best[kept] * np.exp(rng.normal(0, 0.3, n)), _swapped(events.violence[kept], rng, 0.06),
        _blurred(events.actor[kept], rng, unknown=0.3, wrong=0.05), np.zeros(n, np.int64))


def sloppy(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell three events of four sharply, and the fourth with every error at once."""
    kept, n = _kept(events, rng, 0.7)
    bad = rng.random(n) < 0.25
    off, late = np.where(bad, 22.0, 0.8), np.where(bad, rng.integers(-4, 5, n), 0)
    factor = np.exp(rng.normal(0, np.where(bad, 0.8, 0.05)))
    actor = np.where(bad & (rng.random(n) < 0.5), rng.integers(1, 12, n), events.actor[kept])
    return kept, told(
        events, kept, rng.normal(0, off), rng.normal(0, off), late, events.best[kept] * factor,
        np.where(bad & (rng.random(n) < 0.5), rng.integers(1, 4, n), events.violence[kept]), actor,
        np.zeros(n, np.int64))


def capital(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events at the busiest place of their district for half of them or more; one side says how precise it is."""
    kept, n = _kept(events, rng, 0.7 if side else 0.8)
    snapped = rng.random(n) < (0.65 if side else 0.4)
    busiest = _busiest(events)[kept]
    rows = np.where(snapped, busiest, kept)
    east = (events.lon[rows] - events.lon[kept]) * KM_PER_DEGREE * np.cos(np.radians(events.lat[kept]))
    north = (events.lat[rows] - events.lat[kept]) * KM_PER_DEGREE
    return kept, told(
        events, kept, east + rng.normal(0, 1.0, n), north + rng.normal(0, 1.0, n), rng.geometric(0.7, n) - 1,
        events.best[kept] * np.exp(rng.normal(0, 0.3, n)), _swapped(events.violence[kept], rng, 0.05),
        _blurred(events.actor[kept], rng, unknown=0.2, wrong=0.05), np.where(snapped, 3, 1) if side else np.zeros(n))


def halved(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell half of the deaths, or round numbers only."""
    kept, n = _kept(events, rng, 0.65 if side else 0.75)
    best = events.best[kept]
    fives = np.where(best > 3, np.maximum(np.rint(best / 5), 1) * 5, best)
    rounded = np.where(best >= 20, np.rint(best / 10) * 10, fives)
    off = rng.choice([0.7, 7.0, 25.0], n, p=[0.5, 0.35, 0.15])
    return kept, told(
        events, kept, rng.normal(0, off), rng.normal(0, off), rng.choice([0, 0, 0, 1, 2, -1], n),
        np.ceil(best * 0.5) if side else rounded, _swapped(events.violence[kept], rng, 0.05),
        _blurred(events.actor[kept], rng, unknown=0.2, wrong=0.1), np.zeros(n, np.int64))


def lumped(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell four events of ten one by one, or nine of ten with one account for each district and day."""
    kept, n = _kept(events, rng, 0.9 if side else 0.4)
    best = events.best[kept].copy()
    if side:
        place = _districts(events)[kept] * 100_000 + events.day[kept].astype(np.int64)
        order = np.lexsort((kept, -best, place))
        first = np.append(True, np.diff(place[order]) != 0)
        best = np.add.reduceat(best[order], np.flatnonzero(first))
        kept = kept[order][first]
        n = len(kept)
    off = rng.choice([0.7, 7.0, 25.0], n, p=[0.55, 0.35, 0.1])
    return kept, told(
        events, kept, rng.normal(0, off), rng.normal(0, off), rng.choice([0, 0, 0, 0, 1, 2], n),
        best * np.exp(rng.normal(0, 0.15, n)), _swapped(events.violence[kept], rng, 0.05),
        _blurred(events.actor[kept], rng, unknown=0.2, wrong=0.05), np.zeros(n, np.int64))


def recoded(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events by the codes agreed on, or by a scheme of one's own."""
    kept, n = _kept(events, rng, 0.7)
    violence, actor = events.violence[kept], events.actor[kept]
    if side:
        violence = np.where(violence == 3, 1, np.where(actor % 2 == 0, 3, 1))
        actor = actor % 5 + 1
    off = rng.choice([0.6, 8.0, 28.0], n, p=[0.55, 0.33, 0.12])
    return kept, told(
        events, kept, rng.normal(0, off), rng.normal(0, off), rng.choice([0, 0, 0, 0, 1, -1, 3], n),
        events.best[kept] * np.exp(rng.normal(0, np.where(rng.random(n) < 0.6, 0.05, 0.4))),
        _swapped(violence, rng, 0.05), _blurred(actor, rng, unknown=0.2, wrong=0.05), np.zeros(n, np.int64))


SHOWN: dict[str, Model] = {"protocol": protocol, "harsh": harsh}
DEVELOPED: dict[str, Model] = {"tails": tails, "week": week, "deadly": deadly, "sloppy": sloppy}
HELD: dict[str, Model] = {"capital": capital, "halved": halved, "lumped": lumped, "recoded": recoded}


def told(
    events: Events, kept: Array, east: Array, north: Array, late: Array, best: Array, violence: Array, actor: Array,
    precision: Array,
) -> Columns:
    """Return accounts of some events: km off to the east and north, days late, deaths and codes as told."""
    lat = np.clip(events.lat[kept] + north / KM_PER_DEGREE, -89.0, 89.0)
    lon = events.lon[kept] + east / (KM_PER_DEGREE * np.cos(np.radians(events.lat[kept])))
    lon = (lon + 180.0) % 360.0 - 180.0
    day = (events.day[kept] + late).astype(np.int64)
    deaths = np.maximum(0, np.round(best)).astype(np.int64)
    return Columns(lon, lat, day, day, deaths, deaths, deaths, violence.astype(np.int64), actor.astype(np.int64),
                   precision.astype(np.int64))


def _kept(events: Events, rng: Any, share: Any) -> tuple[Array, int]:
    kept = np.flatnonzero(rng.random(len(events.day)) < share)
    return kept, len(kept)


def _swapped(violence: Array, rng: Any, wrong: float) -> Array:
    return np.where(rng.random(len(violence)) < wrong, rng.integers(1, 4, len(violence)), violence)


def _blurred(actor: Array, rng: Any, *, unknown: float, wrong: float) -> Array:
    other = np.where(rng.random(len(actor)) < wrong, rng.integers(1, 12, len(actor)), actor)
    return np.where(rng.random(len(actor)) < unknown, 0, other)


def _districts(events: Events) -> Array:
    """Return the district of each event, a square of half a degree."""
    return (np.floor(events.lat * 2) * 1_000 + np.floor(events.lon * 2)).astype(np.int64)


def _busiest(events: Events) -> Array:
    """Return for each event a row at the place of its district with most events."""
    places, at, counts = np.unique(np.round(np.stack([events.lon, events.lat], 1), 3), axis=0, return_inverse=True,
                                   return_counts=True)
    districts = _districts(events)
    order = np.lexsort((np.arange(len(at)), -counts[at.ravel()], districts))
    first = order[np.append(True, np.diff(districts[order]) != 0)]
    return first[np.searchsorted(districts[first], districts)]
