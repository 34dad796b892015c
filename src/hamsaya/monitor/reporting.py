"""Reporting delay as vintages show it: what share of the incidents of a day is known by the last of them.

Rules
1. A vintage is a day on which something of a source was taken in. An incident was reported with the first vintage that
   held it; what a later one has withdrawn is no incident. Nothing after ``as_of`` is looked at.
2. Only incidents that ended after the first vintage teach: what the first one held was known since nobody knows when.
3. Vintages come in batches, so delays are not counted in days but from vintage to vintage: an incident of age ``a`` at
   one vintage is at risk of being first reported with the next. Hazard h[a] = first reported with the next / reported
   by the next, over all pairs of neighbouring vintages; ages in classes of ``unit`` days. A day that the last month's
   batch covers whole is known whole, whatever the day of the month.
4. The share known at age a is the product of 1 - h over a, a + s, a + 2s …, s being the usual step between vintages in
   classes. Beyond the oldest class that is seen nothing is expected to come; ``longest`` says how old that is.
5. A group (a state) is drawn to all groups by ``PRIOR`` incidents; all groups to the mean hazard of the same age and
   older by one. So few incidents do not make a delay, and no class without any makes one either.
6. Of a day after the last vintage nothing can be known: share 0.
7. Draws take the hazards from beta distributions, seeded; all draws of a group go together over its days.

Vintages nearer to each other than ``unit`` days count as one, the later: ages cannot tell them apart.
Source: Lawless (1994), Canadian Journal of Statistics 22(1): 15-31 (reverse hazards); our deviation: the clock of
delays is the vintages', and rows are weighted by pairs of vintages. Left out: cadences that change, and delays that
differ by place within a group or by how deadly an incident was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LEAST_VINTAGES = 4
LEAST_INCIDENTS = 30
PRIOR = 10.0
DRAWS = 1000


class TooFew(ValueError):
    """There are too few vintages, or too few incidents after the first, to learn a delay from."""


class Reports(NamedTuple):
    """First reports, one row an incident, of equal length.

    Attributes:
        day: int64, the day an incident ended, days since 1970-01-01.
        reported: int64, the day of the vintage that held it first, not before ``day``.
        group: int64, index of its group (its state).
    """

    day: Array
    reported: Array
    group: Array

    def take(self, chosen: Any) -> Reports:
        """Return the rows that a mask chooses."""
        return Reports(*(column[chosen] for column in self))


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """What vintages teach of reporting.

    Attributes:
        last: Day of the last vintage; ``unit``: days of a class of age; ``step``: classes between vintages.
        exact, within: float64, shape (group, class): first reported with the next vintage, and by it.
        vintages: Days of the vintages that count, rising.
    """

    last: int
    unit: int
    step: int
    exact: Array
    within: Array
    vintages: tuple[int, ...]

    @property
    def longest(self) -> int:
        """Age in days beyond which nothing is expected to come, since nothing so old was looked at twice."""
        seen = np.flatnonzero(self.within.sum(0))
        return int(seen.max() + 1) * self.unit if len(seen) else 0

    def share(self, days: Array, group: int | None = None) -> Array:
        """Return the expected share known by the last vintage, of each day, in [0, 1]; of all groups without one."""
        hits, misses = self._beta(group)
        hazard = np.divide(hits, hits + misses, out=np.zeros_like(hits), where=hits > 0)
        shares: Array = self._shares(hazard[None], days)[0]
        return shares

    def draws(self, days: Array, seed: int, group: int | None = None, count: int = DRAWS) -> Array:
        """Return draws of that share, shape (count, days) (rule 7)."""
        hits, misses = self._beta(group)
        rng = np.random.default_rng([seed, 3, 0 if group is None else group + 1])
        drawn = rng.beta(np.maximum(hits, 1e-12), np.maximum(misses, 1e-12), (count, len(hits)))
        return self._shares(np.where(hits > 0, drawn, 0.0), days)

    def _beta(self, group: int | None) -> tuple[Array, Array]:
        """Rule 5: the two parameters of each class's hazard; 0 and 0 where there is nothing to learn from."""
        exact, within = self.exact.sum(0), self.within.sum(0)
        older, seen = (np.cumsum(one[::-1])[::-1] for one in (exact, within))
        mean = np.divide(older + 0.5, seen + 1.0, out=np.zeros_like(seen), where=seen > 0)
        hits, total = exact + mean, within + (seen > 0)
        if group is not None:
            share = np.divide(hits, total, out=np.zeros_like(hits), where=total > 0)
            hits = self.exact[group] + PRIOR * share
            total = self.within[group] + PRIOR * (total > 0)
        return hits, total - hits

    def _shares(self, hazard: Array, days: Array) -> Array:
        """Rules 4 and 6, for rows of hazards."""
        age = (self.last - np.asarray(days, "i8")) // self.unit
        known = np.ones((len(hazard), hazard.shape[1] + self.step))
        for one in range(hazard.shape[1] - 1, -1, -1):
            known[:, one] = (1 - hazard[:, one]) * known[:, one + self.step]
        shares: Array = np.where(age < 0, 0.0, known[:, np.clip(age, 0, known.shape[1] - 1)])
        return shares


def delays(reports: Reports, vintages: Array, groups: int, as_of: int, unit: int, longest: int) -> Delays:
    """Return what the vintages known by a day teach.

    Args:
        vintages: Days of all vintages, in any order; rows of ``reports`` name some of them.
        groups: How many groups there are, >= 1.
        as_of: Day, days since 1970-01-01 (rule 1).
        unit: Days of a class of age, >= 1.
        longest: Classes of age that are looked at, >= 1.
    Raises:
        TooFew: fewer than ``LEAST_VINTAGES`` vintages, or ``LEAST_INCIDENTS`` incidents after the first.
    """
    days = np.unique(np.asarray(vintages, "i8"))
    chosen = _apart(days[days <= as_of], unit)
    if len(chosen) < LEAST_VINTAGES:
        raise TooFew(f"expected {LEAST_VINTAGES} vintages or more, {unit} days apart, to learn a reporting delay from, "
                     f"received {len(chosen)}")
    seen = reports.take((reports.reported <= chosen[-1]) & (reports.day > chosen[0]))
    if len(seen.day) < LEAST_INCIDENTS:
        raise TooFew(f"expected {LEAST_INCIDENTS} incidents or more that ended after the first vintage, received "
                     f"{len(seen.day)}")
    exact, within = np.zeros((2, groups, longest))
    first = np.searchsorted(chosen, seen.reported)
    for number, vintage in enumerate(chosen[:-1].tolist()):
        age = (vintage - seen.day) // unit
        known = (age >= 0) & (age < longest) & (first <= number + 1)
        np.add.at(within, (seen.group[known], age[known]), 1)
        new = known & (first == number + 1)
        np.add.at(exact, (seen.group[new], age[new]), 1)
    step = max(1, round(float(np.median(np.diff(chosen))) / unit))
    return Delays(int(chosen[-1]), unit, step, exact, within, tuple(chosen.tolist()))


def _apart(days: Array, unit: int) -> Array:
    """Return the days from the last backward that are at least ``unit`` apart, rising."""
    kept: list[int] = []
    for day in days[::-1].tolist():
        if not kept or kept[-1] - day >= unit:
            kept.append(day)
    return np.array(kept[::-1], "i8")


class Binned(NamedTuple):
    """The known share of each bin, float64: expected, and 5 % and 95 % of its draws."""

    share: Array
    low: Array
    high: Array


def binned(found: Delays, days: Array, seed: int, group: int | None = None) -> Binned:
    """Return the share of each bin that is known; incidents are taken to come evenly over a bin's days.

    Args:
        days: Days of each bin, shape (bin, day of the bin); one may repeat where a bin is shorter.
    """
    flat = days.ravel()
    share = found.share(flat, group).reshape(days.shape).mean(1)
    drawn = found.draws(flat, seed, group).reshape(-1, *days.shape).mean(2)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    return Binned(share, np.minimum(low, share), np.maximum(high, share))


class Filled(NamedTuple):
    """Counts by bin: reported; median, 5 % and 95 % of the final count, NaN where nothing can be told."""

    reported: Array
    median: Array
    low: Array
    high: Array


def filled(found: Delays, reported: Array, days: Array, seed: int, least: float, group: int | None = None) -> Filled:
    """Return the final counts of bins of which ``reported`` are known (the negative binomial of ``nowcast``, rule 3).

    Args:
        reported: int64, shape (bin,). least: Share below which nothing is told.
    """
    drawn = found.draws(days.ravel(), seed, group).reshape(-1, *days.shape).mean(2)
    share = found.share(days.ravel(), group).reshape(days.shape).mean(1)
    rng = np.random.default_rng([seed, 4, 0 if group is None else group + 1])
    more = rng.negative_binomial(reported + 0.5, np.clip(drawn, 1e-9, 1.0))
    final = reported + np.where(drawn >= 1.0, 0, more)
    low, median, high = np.quantile(final, [0.05, 0.5, 0.95], axis=0)
    low, median, high = (np.where(share < least, np.nan, one) for one in (low, median, high))
    return Filled(reported, median, low, high)
