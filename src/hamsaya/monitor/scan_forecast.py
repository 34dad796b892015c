"""Scan above a forecast of incidents: where and since when is there more than we expected, and more than we doubted?

Rules
1. The forecast gives each PRIO-GRID cell and month a mean and a spread k: variance = mean + mean^2 x k. A month's mean
   is divided over bins by days, a cell's over finer cells by where its past incidents lay.
2. Null hypothesis, from which replicates are drawn: a cell and month has one level, its mean times a factor of variance
   k, shared by all its bins; of it a part lasts over the months (``persistence``). Given the levels counts are Poisson.
   Drawn anew each time too: how a cell divides over finer ones (Dirichlet of past counts), and what is known by now of
   each state's bins. Bins of one month are therefore not taken for independent, which would alarm all the time.
3. What late reports still hide lowers what is expected, never raises what was counted: a bin of which a share F is
   known expects F times its mean.
4. Statistic: likelihood ratio of a negative binomial count c against its mean mu at the zone's and window's own k,
   c ln(c/mu) - (c + 1/k) ln((1 + k c) / (1 + k mu)), Poisson's where k is nothing. It need not be the null's exact
   likelihood (places of one cell, and shares that are drawn, are taken as independent there): replicates are drawn by
   rule 2, so p holds whatever the statistic.
5. Each centre offers its best zone and window; p, secondary clusters and workers as in ``scan``.

Left out: levels shared by neighbours, or by a country. A rise everywhere is above the forecast everywhere.
Source: rule 4, Neill (2009), International Journal of Forecasting 25: 498-517, with a negative binomial in the place of
his Poisson.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.compiled import compiled, inlined
from hamsaya.monitor.scan import SHOWN, Found, Progress, Settings, Study, judged, kept, replicated
from hamsaya.monitor.scan_space import Windows, Zones, circles, windows

Array = npt.NDArray[Any]

FLOOR = 1e-4
"""Fewest incidents a cell and month expects: a place without any history still is no place of no surprise."""
PRIOR_MASS = 2.0
"""Incidents' worth of doubt about where in a cell the next ones lie, shared evenly by its parts."""
NO_SPREAD = 1e-9


class Level(NamedTuple):
    """A forecast of incidents: mean > 0 and spread >= 0, shape (cell, month); persistence in [0, 1]."""

    mean: Array
    spread: Array
    persistence: float


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """What is expected, and how it is drawn (rule 2).

    Attributes:
        level: By cell and month.
        days: Share of each month's days in each bin, shape (month, bin).
        cell, place: int64, of each part of a cell: the cell it is of, and the scan's place that it is in; parts are
            sorted by place, and every place has some.
        past: Past incidents of each part, >= 0.
        mix: Share of each state in a cell's incidents, shape (cell, state), rows sum to 1.
        known: Draws of the share known of each state's bins, shape (draw, state, bin), in [0, 1].
    """

    level: Level
    days: Array
    cell: Array
    place: Array
    past: Array
    mix: Array
    known: Array

    @property
    def places(self) -> int:
        """How many places there are."""
        return int(self.place[-1]) + 1

    def expected(self) -> Array:
        """Return the mean of each place and bin, >= a trace, shape (place, bin)."""
        by_bin = (self.level.mean @ self.days) * (self.mix @ self.known.mean(0))
        return np.maximum(self._gathered(by_bin, self._alpha() / self._of_cells(self._alpha())[self.cell]), 1e-12)

    def drawn(self, seed: int, number: int) -> Array:
        """Return the counts of replicate ``number``, int64, shape (place, bin)."""
        rng = np.random.default_rng([seed, 5, number])
        lasting, own = self._parts()
        rate = self.level.mean * _factor(rng, lasting)[:, None] * _factor(rng, own)
        by_bin = (rate @ self.days) * (self.mix @ self.known[number % len(self.known)])
        weight = rng.standard_gamma(self._alpha()) + 1e-300
        counts: Array = rng.poisson(self._gathered(by_bin, weight / self._of_cells(weight)[self.cell]))
        return counts

    def over(self, window: Windows) -> tuple[Array, Array]:
        """Return mean and variance beyond the mean by place and window (rule 4), shape (place, window) each."""
        ends = np.concatenate([np.zeros((len(self.days), 1)), np.cumsum(self.days, 1)], 1)
        spans = np.array([window.span(one) for one in range(len(window))]).reshape(-1, 2)
        lasts = ends[:, spans[:, 1] + 1] - ends[:, spans[:, 0]]
        lasting, own = self._parts()
        share = self._alpha() / self._of_cells(self._alpha())[self.cell]
        known = self.mix @ self.known.mean(0)
        # A window's known share is its bins' average: bins of a window seldom differ by much but for the newest.
        sums = np.concatenate([np.zeros((len(known), 1)), np.cumsum(known, 1)], 1)
        part = (sums[:, spans[:, 1] + 1] - sums[:, spans[:, 0]]) / np.maximum(spans[:, 1] + 1 - spans[:, 0], 1)
        mean = (self.level.mean @ lasts) * part
        more = lasting[:, None] * mean**2 + ((self.level.mean**2 * own) @ lasts**2) * part**2
        exact = window.cumulated(self.expected())
        return (exact[:, window.after] - exact[:, window.before],
                self._gathered(more, share**2))

    def _alpha(self) -> Array:
        parts = np.bincount(self.cell, minlength=len(self.level.mean))
        return self.past + PRIOR_MASS / parts[self.cell]

    def _of_cells(self, values: Array) -> Array:
        return np.bincount(self.cell, values, len(self.level.mean))

    def _gathered(self, by_cell: Array, share: Array) -> Array:
        """Return values by cell divided over parts and added up over places."""
        starts = np.searchsorted(self.place, np.arange(self.places))
        result: Array = np.add.reduceat(by_cell[self.cell] * share[:, None], starts, axis=0)
        return result

    def _parts(self) -> tuple[Array, Array]:
        """Return the spread that lasts, by cell, and each month's own: (1 + lasting)(1 + own) = 1 + spread."""
        lasting = self.level.persistence * self.level.spread.min(1)
        return lasting, (1 + self.level.spread) / (1 + lasting[:, None]) - 1


def _factor(rng: np.random.Generator, spread: Array) -> Array:
    """Return gamma factors of mean 1 and this variance; 1 where it is nothing."""
    wide = np.maximum(spread, NO_SPREAD)
    return np.where(spread > NO_SPREAD, rng.standard_gamma(1 / wide) * wide, 1.0)


def scan_above(
    study: Study, null: Null, settings: Settings, executor: Executor, each: Progress = lambda drawn: None
) -> Found:
    """Return the clusters of a study above a forecast; none where no zone has as many cases as expected.

    Args:
        study: Its ``expected`` is ``null.expected()``.
    """
    assert study.expected is not None
    window = windows(study.count, settings.prospective, settings.time_share)
    zones = circles(study.lat, study.lon, study.expected.sum(1), settings.radius_km, settings.share)
    if not len(zones) or not len(window):
        return Found((), np.zeros(0))
    mean, over = null.over(window)
    best, where = _scored(zones, window, mean, over, _counts(study), settings.least)
    above = best > 0

    def submit(start: int, stop: int) -> Future[Array]:
        return executor.submit(_piece, null, zones, window, mean, over, settings, range(start, stop))

    if not above.any():
        return Found((), np.zeros(0))
    highest, stopped = replicated(submit, settings, float(best.max()), each)
    above &= best > (SHOWN * highest.min() if len(highest) else 0.0)
    found = kept(study, study.expected, zones, window, best[above], where[above])
    return Found(judged(found, highest, stopped, settings), highest, stopped)


def _counts(study: Study) -> Array:
    counts = np.zeros((len(study.lat), study.count), "i8")
    np.add.at(counts, (study.place, study.bins), 1)
    return counts


def _piece(null: Null, zones: Zones, window: Windows, mean: Array, over: Array, settings: Settings, numbers: range
           ) -> Array:
    return np.array([_scored(zones, window, mean, over, null.drawn(settings.seed, number), settings.least)[0].max()
                     for number in numbers])


def _scored(zones: Zones, window: Windows, mean: Array, over: Array, counts: Array, least: int) -> tuple[Array, Array]:
    lanes = window.cumulated(counts)
    return best_above(zones.first, zones.place, window.before, window.after, mean, over, lanes, least)


@inlined
def _ratio(count: Any, mu: float, more: float) -> Any:
    """Return the statistic of rule 4."""
    spread = more / (mu * mu)
    if spread * count < 1e-6:
        return count * np.log(count / mu) - (count - mu)
    return count * np.log(count / mu) - (count + 1 / spread) * np.log((1 + spread * count) / (1 + spread * mu))


@compiled
def best_above(first: Array, place: Array, before: Array, after: Array, mean: Array, over: Array, counts: Array,
               least: int) -> tuple[Array, Array]:
    """Return each centre's highest statistic, 0 for none, and its (zone, window).

    Args:
        first, place: Zones; before, after: windows (``scan_space``).
        mean, over: By place and window. counts: Cumulated lanes by place.
        least: Fewest cases.
    """
    centres, spans = len(first) - 1, len(before)
    best, where = np.zeros(centres), np.full((centres, 2), -1)
    cases = np.zeros(counts.shape[1], np.int64)
    mu, more = np.zeros(spans), np.zeros(spans)
    for centre in range(centres):
        cases[:] = 0
        mu[:] = 0.0
        more[:] = 0.0
        for zone in range(first[centre], first[centre + 1]):
            at = place[zone]
            for lane in range(len(cases)):
                cases[lane] += counts[at, lane]
            for window in range(spans):
                mu[window] += mean[at, window]
                more[window] += over[at, window]
                count = cases[after[window]] - cases[before[window]]
                above = count >= least and count > mu[window]
                # (c - mu)^2 / mu is above every statistic; most zones are settled by it, without logarithms.
                if above and (count - mu[window]) ** 2 > best[centre] * mu[window]:
                    value = _ratio(count, mu[window], more[window])
                    if value > best[centre]:
                        best[centre], where[centre, 0], where[centre, 1] = value, zone, window
    return best, where
