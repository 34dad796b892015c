"""Scans of files: cases laid on places and bins of time, scanned, and told in days and degrees.

Bins are ``unit_days`` long and end with the study's last day; the first one may be shorter. A cell is named by its
centre. Incidents are taken at their end day (``monitor.incidents``, rule 4).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hamsaya.base.errors import OperatorError
from hamsaya.monitor.incidents import Incidents, day_number, day_text
from hamsaya.monitor.scan import Cluster, Found, Settings, Study, scan
from hamsaya.monitor.scan_forecast import Null, scan_above
from hamsaya.monitor.scan_space import arc_km
from hamsaya.node.data_files import read_case_files

Array = Any
Each = Callable[[int], None]
Model = Literal["permutation", "poisson", "negative-binomial"]
DATE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})")
PRECISE = 3
"""Highest ``where_prec`` that still says a place; above it an incident is known by area only."""
MOST_CASES = 2_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """Days since 1970-01-01, both included, and the length of a bin."""

    first: int
    last: int
    unit_days: int

    @property
    def bins(self) -> int:
        """Bins of the period."""
        return -(-(self.last - self.first + 1) // self.unit_days)

    def bin_of(self, day: Array) -> Array:
        """Return the bins of days within the period."""
        result: Array = self.bins - 1 - (self.last - np.asarray(day, "i8")) // self.unit_days
        return result

    def days(self, first: int, last: int) -> tuple[str, str]:
        """Return the first and the last day of bins as ISO dates."""
        start = self.last - (self.bins - first) * self.unit_days + 1
        return day_text(max(start, self.first)), day_text(self.last - (self.bins - 1 - last) * self.unit_days)


def period(first: str, last: str, unit_days: int) -> Period:
    """Return a period of ISO dates; raises OperatorError ``bad-period``."""
    made = Period(_day(first), _day(last), unit_days)
    if made.last < made.first or unit_days < 1:
        raise OperatorError(f"expected a first day not after the last one and bins of one day or more, received "
                            f"{first} to {last} by {unit_days}", code="bad-period")
    return made


def _day(text: str) -> int:
    match = DATE.fullmatch(text)
    try:
        if match:
            return day_number(f"{match[1]}-{int(match[3]):02}-{int(match[4]):02}")
    except ValueError:
        pass  # no such day: refused below, like a date in another spelling
    raise OperatorError(f"expected a date such as 2019-12-31, received {text[:20]!r}", code="bad-period")


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Cases laid on places and bins.

    Attributes:
        states: For each case the country its source gives, "" where none is given; empty for case files.
        outside: Cases outside the period; ``imprecise``: left out because they are known by area only; ``bad``: rows
            of the file that break a rule.
        null: The forecast that a scan looks above; None without one.
    """

    study: Study
    period: Period
    states: Array
    outside: int
    imprecise: int = 0
    bad: int = 0
    null: Null | None = None


def lay_cases(cases: Path, coordinates: Path, means: Path | None, chosen: Period, spread: float = 0.0) -> Laid:
    """Return case and coordinate files laid out; with ``means`` what is expected in each place and bin.

    Args:
        spread: Of counts around the means: variance = mean + mean^2 x spread.
    """
    places, found, expected = read_case_files(cases, coordinates, means)
    count, day = np.array(found.value, "i8"), np.array(found.day, "i8")
    inside = (day >= chosen.first) & (day <= chosen.last)
    if int(count[inside].sum()) > MOST_CASES:
        raise OperatorError(f"expected at most {MOST_CASES} cases, received {int(count[inside].sum())}; scan a shorter "
                            "period", code="too-many-cases")
    place = np.repeat(np.array(found.place, "i4")[inside], count[inside])
    bins = np.repeat(chosen.bin_of(day[inside]), count[inside]).astype("i4")
    study = Study(np.array(places.lat, "f8"), np.array(places.lon, "f8"), place, bins, chosen.bins,
                  None if expected is None else _means(expected, len(places.ids), chosen), spread)
    return Laid(study, chosen, np.zeros(0, "U1"), int(count[~inside].sum()))


def _means(expected: Any, places: int, chosen: Period) -> Array:
    table, day = np.zeros((places, chosen.bins)), np.array(expected.day, "i8")
    inside = (day >= chosen.first) & (day <= chosen.last)
    np.add.at(table, (np.array(expected.place, "i8")[inside], chosen.bin_of(day[inside])),
              np.array(expected.value, "f8")[inside])
    if not (table > 0).all():
        raise OperatorError(f"expected a mean for every place and bin, {int((table <= 0).sum())} of {table.size} have "
                            "none; give each id a row in each bin", code="missing-means")
    return table


def narrowed(table: Incidents, countries: list[str]) -> Incidents:
    """Return the incidents of some countries, of all without names; raises OperatorError ``unknown-country``."""
    try:
        return table.of_countries(countries) if countries else table
    except ValueError as error:
        raise OperatorError(str(error), code="unknown-country") from None


def between(table: Incidents, chosen: Period, precise: bool) -> tuple[Incidents, int, int]:
    """Return the incidents of some days, with ``precise`` those well located; how many fell outside or were vague."""
    within = table.take((table.end >= chosen.first) & (table.end <= chosen.last))
    kept = within.take(within.where_prec <= PRECISE) if precise else within
    return kept, len(table) - len(within), len(within) - len(kept)


def lay_incidents(
    table: Incidents, cell: float, chosen: Period, *, shifted: bool = False, outside: int = 0, imprecise: int = 0,
    bad: int = 0,
) -> Laid:
    """Return incidents laid on square cells of ``cell`` degrees; ``shifted`` by half a cell to the north-east."""
    offset = 0.5 if shifted else 0.0
    rows, columns = (np.floor(degrees / cell - offset).astype("i8") for degrees in (table.lat, table.lon))
    keys, place = np.unique(np.stack([rows, columns], axis=1).reshape(-1, 2), axis=0, return_inverse=True)
    centres = np.round((keys + 0.5 + offset) * cell, 6)
    study = Study(centres[:, 0], centres[:, 1], place.ravel().astype("i4"), chosen.bin_of(table.end).astype("i4"),
                  chosen.bins)
    names = np.array([*table.countries, ""])  # The code of an unknown country is -1, the last one.
    return Laid(study, chosen, names[table.country], outside, imprecise, bad)


def scanned(laid: Laid, settings: Settings, executor: Executor, each: Each) -> tuple[Found, float]:
    """Return what a scan finds and the CPU seconds of this process that it took, compiled code at hand."""
    if laid.null is not None:
        scan_above(laid.study, laid.null, replace(settings, replicates=1), executor)
        started = time.process_time()
        return scan_above(laid.study, laid.null, settings, executor, each), time.process_time() - started
    scan(_warm(laid.study), replace(settings, replicates=1, radius_km=math.inf), executor)
    started = time.process_time()
    found = scan(laid.study, settings, executor, each)
    return found, time.process_time() - started


def _warm(study: Study) -> Study:
    """Return a toy that loads the compiled code which this study needs."""
    lat, bins = np.array([0.0, 1.0, 2.0]), np.array([3, 3, 3, 0, 1, 2, 3], "i4")
    expected = None if study.expected is None else np.ones((3, 4))
    return Study(lat, lat, np.array([0, 0, 0, 1, 1, 2, 2], "i4"), bins, 4, expected, study.spread)


def told(laid: Laid, cluster: Cluster) -> dict[str, Any]:
    """Return a cluster in days and degrees, as plain values."""
    centre = cluster.places[0]
    start, end = laid.period.days(cluster.first, cluster.last)
    days = None if cluster.recurrence is None else round(cluster.recurrence * laid.period.unit_days, 1)
    states = states_of(laid, cluster)
    return {
        "lat": float(laid.study.lat[centre]), "lon": float(laid.study.lon[centre]),
        "radius_km": round(cluster.radius_km, 4), "start": start, "end": end, "observed": cluster.observed,
        "expected": cluster.expected, "statistic": cluster.statistic, "p_value": cluster.p_value,
        "recurrence_days": days, "places": len(cluster.places), "states": states, "cross_border": len(states) > 1,
    }


def states_of(laid: Laid, cluster: Cluster) -> list[str]:
    """Return the countries in which the cluster's cases lie, as their source spells them, sorted."""
    if not len(laid.states):
        return []
    inside = np.isin(laid.study.place, cluster.places) & (laid.study.bins >= cluster.first) & (
        laid.study.bins <= cluster.last)
    return sorted(set(laid.states[inside].tolist()) - {""})


def agrees(laid: Laid, cluster: Cluster, other: Laid, found: Found, level: float) -> bool:
    """Return whether another grid has a cluster with p <= ``level`` that meets this one in place and time."""
    return any(one.p_value <= level and one.first <= cluster.last and cluster.first <= one.last
               and _apart_km(laid, cluster, other, one) <= cluster.radius_km + one.radius_km for one in found.clusters)


def _apart_km(laid: Laid, cluster: Cluster, other: Laid, one: Cluster) -> float:
    """Return the distance of the centres, less the half diagonal of a cell by which two grids are apart."""
    here, there = (_point(where.study, circle.places[0]) for where, circle in ((laid, cluster), (other, one)))
    return float(arc_km(math.dist(here, there))) - _grid_km(laid, other)


def _point(study: Study, place: int) -> tuple[float, float, float]:
    north, east = math.radians(study.lat[place]), math.radians(study.lon[place])
    flat = math.cos(north) * 6367.0
    return flat * math.cos(east), flat * math.sin(east), 6367.0 * math.sin(north)


def _grid_km(laid: Laid, other: Laid) -> float:
    """Return the distance between the nearest centres of two grids, over all places, at most."""
    if not len(laid.study.lat) or not len(other.study.lat):
        return 0.0
    apart = np.abs(laid.study.lat[:, None] - other.study.lat).min(initial=90.0)
    return float(apart) * math.sqrt(2) * 111.2


def settings(
    prospective: bool, radius_km: float, share: float, time_share: float, replicates: int, seed: int, stop_after: int
) -> Settings:
    """Return how to scan; a radius of 0 km is none. Raises OperatorError ``bad-settings``."""
    try:
        return Settings(prospective, radius_km or math.inf, share, time_share, replicates=replicates, seed=seed,
                        stop_after=stop_after)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-settings") from None


def scan_answer(
    grids: list[Laid], chosen: Settings, executor: Executor, each: Each, level: float
) -> dict[str, Any]:
    """Return the clusters of the first grid as plain values; of two grids, whether the other one agrees.

    A cluster alerts where p is at most ``level`` and every grid agrees. CPU seconds are those of the scan that gives
    the clusters, and of the second grid's, in this process, without reading the file and loading compiled code.
    """
    laid = grids[0]
    found, seconds = scanned(laid, chosen, executor, each)
    others = [(other, *scanned(other, chosen, executor, lambda drawn: each(drawn + chosen.replicates)))
              for other in grids[1:]]
    clusters = []
    for one in found.clusters:
        both = all(agrees(laid, one, other, theirs, level) for other, theirs, _ in others)
        clusters.append({**told(laid, one), "grids_agree": both if others else None,
                         "alert": one.p_value <= level and both})
    return {
        "clusters": clusters, "cpu_seconds": round(seconds, 6),
        "second_grid_cpu_seconds": round(sum(more for *_, more in others), 6),
        "cases": len(laid.study.place), "places": len(laid.study.lat), "outside": laid.outside,
        "imprecise": laid.imprecise, "bad_rows": laid.bad, "replicates": len(found.highest),
        "stopped_early": found.stopped,
        "grids": len(grids), "from": day_text(laid.period.first), "to": day_text(laid.period.last),
        "unit_days": laid.period.unit_days, "seed": chosen.seed,
    }
