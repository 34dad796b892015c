"""How often to review, and how many incidents make a review bad: windows and triggers.

    best = design(honest=2.0, breach=12.0, discount=0.1)      # incidents a year
    best.window_days, best.trigger                            # about a quarter, 3

In a window of T years an honest member has Poisson(x0 T) incidents, a breaker Poisson(x1 T); k or more make the review
bad. A window is one period of ``suspension.stationary_price`` with delta = exp(-r T), alpha = P(k or more | honest) and
beta = P(k or more | breach). Reacting to each incident at once is the limit T -> 0, k = 1: the law with a = x0, b = x1.

Two prices are given. ``price`` is for a breach that is all or nothing, as the law supposes. A member may also break its
word a little: a share s of the window. Then the threat must cover every share, which takes a higher price,
``sliced_price``: with a high trigger a small breach hardly moves the odds. Where they differ much, a lower trigger or a
shorter window is the safer agreement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hamsaya.linkage.law import price
from hamsaya.linkage.suspension import stationary_price

YEAR_DAYS = 365.25
# Windows that people keep: week, fortnight, month, two months, quarter, half-year, year.
WINDOWS_DAYS = (7.0, 14.0, YEAR_DAYS / 12, YEAR_DAYS / 6, YEAR_DAYS / 4, YEAR_DAYS / 2, YEAR_DAYS)
MOST_TRIGGER = 60
SHARES = 40


class Window(NamedTuple):
    """One design: window, trigger, the chance of a bad review for an honest member and a breaker, both prices."""

    window_days: float
    trigger: int
    alpha: float
    beta: float
    price: float
    sliced_price: float


class Design(NamedTuple):
    """The cheapest design, the cheapest that also holds against small breaches, every window's best, and the price
    of reacting to each incident at once."""

    best: Window
    safest: Window
    windows: tuple[Window, ...]
    at_once: float


def tail(mean: float, k: int) -> float:
    """Return P(Poisson(mean) >= k), mean >= 0."""
    if k <= 0:
        return 1.0
    if mean == 0.0:
        return 0.0
    below = math.fsum(math.exp(-mean + j * math.log(mean) - math.lgamma(j + 1)) for j in range(k))
    # A small tail is summed by itself: one minus nearly one keeps no digits.
    if below < 0.999:
        return 1.0 - below
    return math.fsum(math.exp(-mean + j * math.log(mean) - math.lgamma(j + 1)) for j in range(k, k + 200))


def window(honest: float, breach: float, discount: float, days: float, trigger: int) -> Window:
    """Return one design with its prices.

    Args:
        honest, breach: Incidents a year of a member that keeps its word, and of one that does not, 0 <= honest.
        discount: Discount rate, 1/yr, > 0.
        days: Length of the window, > 0.
        trigger: Incidents that make a review bad, >= 1.
    Raises:
        ValueError: an argument out of range.
    """
    if not (0.0 <= honest < math.inf and 0.0 <= breach < math.inf and 0.0 < discount < math.inf and days > 0.0
            and trigger >= 1):
        raise ValueError(f"expected rates >= 0, discount > 0, days > 0 and trigger >= 1, received {honest}, {breach}, "
                         f"{discount}, {days} and {trigger}")
    years = days / YEAR_DAYS
    delta = math.exp(-discount * years)
    alpha, beta = tail(honest * years, trigger), tail(breach * years, trigger)
    return Window(days, trigger, alpha, beta, stationary_price(alpha, beta, delta),
                  _sliced(honest * years, breach * years, trigger, alpha, delta))


def design(
    honest: float, breach: float, discount: float, windows_days: Sequence[float] = WINDOWS_DAYS
) -> Design:
    """Return the cheapest review, among calendar windows and triggers up to what a breaker brings about, at most 60.

    Raises:
        ValueError: an argument out of range, or a breaker with no more incidents than an honest member: then no
            review tells the two apart.
    """
    if not breach > honest:
        raise ValueError(f"expected a breaker to have more incidents than an honest member, received {breach:g} and "
                         f"{honest:g} a year: no review tells them apart; choose an indicator that does")
    rows = [[window(honest, breach, discount, days, k) for k in range(1, most + 1)]
            for days in windows_days
            for most in [min(MOST_TRIGGER, math.ceil(breach * days / YEAR_DAYS) + 1)]]
    best = tuple(min(row, key=lambda each: each.price) for row in rows)
    every = [each for row in rows for each in row]
    return Design(min(best, key=lambda each: each.price), min(every, key=lambda each: each.sliced_price), best,
                  price(honest, breach, discount))


def _sliced(m0: float, m1: float, trigger: int, alpha: float, delta: float) -> float:
    """Return the price at which no share of a breach pays: the threat's least growth for each unit of gain."""
    slope = min((tail(m0 + share * (m1 - m0), trigger) - alpha) / share
                for share in (number / SHARES for number in range(1, SHARES + 1)))
    slope = min(slope, _density(m0, trigger) * (m1 - m0))
    return stationary_price(alpha, min(1.0, alpha + slope), delta) if slope > 0.0 else math.inf


def _density(mean: float, k: int) -> float:
    """Return the slope of ``tail`` at ``mean``: P(Poisson(mean) = k - 1)."""
    if mean == 0.0:
        return 1.0 if k == 1 else 0.0
    return math.exp(-mean + (k - 1) * math.log(mean) - math.lgamma(k))
