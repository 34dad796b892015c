"""Nowcast: how many incidents of the last weeks there are, counting those that are not reported yet.

A fresh week always looks quiet, and a late batch looks like an outbreak; so detection looks at these counts.

Rules
1. An incident of bin t that is first reported d bins later counts at delay d. Only what was reported until ``as_of`` is
   used, so a nowcast of the past can be made again.
2. Reverse hazard g_d: of the incidents reported within d bins, the share reported exactly at d; estimated from all bins
   old enough for d, with half an incident added to either side. The share reported within d is the product of
   1 - g_k over k > d. Beyond ``longest`` nothing is expected to come.
3. The unreported of a bin are negative binomial given the reported: n reported at share F leave n + 1/2 successes to
   wait for. Draws take the g from their beta posteriors, so the interval holds both doubts. One seed, one answer.
4. A bin of which less than ``LEAST_SHARE`` is expected to be reported gets no nowcast: unknown is said as unknown.

Source: Lawless (1994), Canadian Journal of Statistics 22(1): 15-31 (reverse hazards); Höhle and an der Heiden (2014),
Biometrics 70(4): 993-1002. Left out: delays that drift or depend on the day of the week.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DRAWS = 4000
LEAST_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Nowcast:
    """Counts by bin, oldest first.

    Attributes:
        reported: int64, until now. share: Expected share reported by now, in (0, 1].
        median, low, high: Of the final count, 5 % and 95 %; NaN where the share is too small (rule 4).
        reported_within: float64, shape (longest + 1,), share of incidents reported within so many bins.
    """

    reported: Array
    share: Array
    median: Array
    low: Array
    high: Array
    reported_within: Array


def triangle(event: Array, report: Array, count: Array, as_of: int, bins: int, longest: int) -> Array:
    """Return incidents by event bin and delay, int64 of shape (bins, longest + 1); later delays count as the longest.

    Args:
        event, report: Bins of the events and of their first reports, whole; ``as_of`` is the newest bin, the last of
            ``bins``. Rows after it (rule 1) and events before the first bin are left out.
        count: Incidents of each row, >= 0.
    Raises:
        ValueError: a report comes before its event.
    """
    event, report, count = (np.asarray(column, "i8") for column in (event, report, count))
    if (report < event).any():
        raise ValueError(f"expected reports not before their events, {int((report < event).sum())} are")
    row = event - (as_of - bins + 1)
    known = (row >= 0) & (report <= as_of)
    table = np.zeros((bins, longest + 1), "i8")
    np.add.at(table, (row[known], np.minimum(report - event, longest)[known]), count[known])
    return table


def nowcast(table: Array, seed: int) -> Nowcast:
    """Return the nowcast of a triangle whose last row is the newest bin.

    Args:
        table: As ``triangle`` gives it; entries that lie in the future are 0.
        seed: Of the draws.
    """
    bins, delays = table.shape
    age = np.arange(bins)[::-1]
    exact, within = _at_risk(table, age)
    g = (exact + 0.5) / (within + 1.0)
    share_at = _within(g[None])[0]
    reported = table.sum(1)
    at = np.minimum(age, delays - 1)
    rng = np.random.default_rng([seed, 1])
    drawn = _within(rng.beta(exact + 0.5, within - exact + 0.5, (DRAWS, delays - 1)))[:, at]
    final = reported + rng.negative_binomial(reported + 0.5, np.clip(drawn, 1e-9, 1.0))
    final = np.where(drawn >= 1.0, reported, final)
    low, median, high = np.quantile(final, [0.05, 0.5, 0.95], axis=0)
    unknown = share_at[at] < LEAST_SHARE
    low, median, high = (np.where(unknown, np.nan, one) for one in (low, median, high))
    return Nowcast(reported, share_at[at], median, low, high, share_at)


def _at_risk(table: Array, age: Array) -> tuple[Array, Array]:
    """Return, for each delay from 1, the incidents reported exactly then and up to then, of bins old enough."""
    delays = table.shape[1]
    exact, within = np.zeros(delays - 1), np.zeros(delays - 1)
    for delay in range(1, delays):
        old = age >= delay
        exact[delay - 1] = table[old, delay].sum()
        within[delay - 1] = table[old, : delay + 1].sum()
    return exact, within


def _within(g: Array) -> Array:
    """Return the share reported within each delay, from 0, for rows of reverse hazards from delay 1 on."""
    after = np.cumprod((1.0 - g)[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([after, np.ones((len(g), 1))], axis=1)
