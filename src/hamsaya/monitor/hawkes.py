"""Contagion: how many incidents another incident brings about, how soon and how near (self-exciting point process).

Intensity at day t and point x: nu f(x) / T + sum over earlier incidents i of
kappa e(t - t_i) N(x - x_i; sigma), where e is the exponential density with rate omega cut at ``CUT_DAYS`` and N the
round normal density in two dimensions. ``kappa`` is the branching ratio: below 1 the process dies out by itself.

Rules
1. The background f is a kernel density of the incidents, each weighted by its probability to be background and left out
   at its own place; weights and parameters are found in turn (stochastic declustering).
2. Its bandwidth is that of ``BANDWIDTHS_KM`` which forecasts best: fitted on the first three quarters of the period,
   scored on the last one. It must be as fine as places are: a town that is always bad looks like contagion to a
   background that smooths it away, which is also why the mean lag is held below half of ``CUT_DAYS``.
3. Dates and towns are coarser than contagion: times are spread over their day and places by ``jitter_km``, with a seed.
   A ``sigma_km`` near the jitter says how places were written down, not how violence spreads.
4. The interval comes from the fit's own simulations, fitted again ("basic" bootstrap: it mirrors and so corrects the
   fit's bias). Replicate r has its own generator (seed, r): any number of workers gives the same.

Source: Ogata (1988), Journal of the American Statistical Association 83: 9-27; Zhuang, Ogata and Vere-Jones (2002),
ibid. 97: 369-380; Veen and Schoenberg (2008), ibid. 103: 614-624. Left out: edges of the region, other kernels. Where
there is next to no contagion the interval ends at 0 and is shorter than it should be.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.compiled import compiled

Array = npt.NDArray[Any]

BANDWIDTHS_KM = (3.0, 7.0, 15.0, 30.0, 60.0)
CUT_DAYS, CUT_KM = 90.0, 100.0
KM_A_DEGREE = 111.195
OUTER, INNER = 6, 30
FEWEST = 30
"""Incidents below which nothing is fitted: an interval would span everything."""
PIECE = 5  # replicates to a piece of work


class Points(NamedTuple):
    """Incidents in order of time: days from the start of the period, km on a plane."""

    t: Array
    x: Array
    y: Array


class Parameters(NamedTuple):
    """``kappa`` branching ratio; ``omega`` per day; ``sigma_km``; ``nu`` background incidents of the period."""

    kappa: float
    omega: float
    sigma_km: float
    nu: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted process.

    Attributes:
        background: Each incident's probability to be background, in [0, 1].
        bandwidth_km: Of the background.
        gain: Held-out log likelihood for each incident above that of the background alone, nats; NaN where not scored.
    """

    parameters: Parameters
    background: Array
    bandwidth_km: float
    gain: float


@dataclass(frozen=True, slots=True)
class Contagion:
    """The branching ratio with its interval, and what goes with it; ``interval`` is 95 %, None without replicates."""

    incidents: int
    branching: float
    interval: tuple[float, float] | None
    lag_days: float
    sigma_km: float
    background_share: float
    bandwidth_km: float
    gain: float


def points(day: Array, lat: Array, lon: Array, first: int, jitter_km: float, seed: int) -> Points:
    """Return incidents as points (rule 3); ``day`` and ``first`` are days since 1970-01-01."""
    rng = np.random.default_rng([seed, 0])
    t = np.asarray(day, "f8") - first + rng.random(len(day))
    middle = np.deg2rad(np.mean(lat)) if len(day) else 0.0
    x = np.asarray(lon, "f8") * np.cos(middle) * KM_A_DEGREE + rng.normal(0, jitter_km, len(day))
    y = np.asarray(lat, "f8") * KM_A_DEGREE + rng.normal(0, jitter_km, len(day))
    order = np.argsort(t, kind="stable")
    return Points(t[order], x[order], y[order])


@compiled
def _pairs(t: Array, x: Array, y: Array, cut_days: float, cut_km: float) -> tuple[Array, Array, Array, Array]:
    """Return where each point's earlier neighbours begin, who they are, how long ago and how far (km2) they were."""
    first = np.zeros(len(t) + 1, np.int64)
    for fill in range(2):
        if fill:
            who = np.empty(first[-1], np.int64)
            ago, apart = np.empty(first[-1]), np.empty(first[-1])
        number = 0
        for point in range(len(t)):
            other = point - 1
            while other >= 0 and t[point] - t[other] < cut_days:
                square = (x[point] - x[other]) ** 2 + (y[point] - y[other]) ** 2
                if square < cut_km * cut_km:
                    if fill:
                        who[number], ago[number], apart[number] = other, t[point] - t[other], square
                    number += 1
                other -= 1
            first[point + 1] = number
    return first, who, ago, apart


@compiled
def _density(x: Array, y: Array, weight: Array, at_x: Array, at_y: Array, width: float, own: bool) -> Array:
    """Return the weighted kernel density at points, per km2; ``own``: they are the points themselves, each left out."""
    total, norm = weight.sum(), 1.0 / (2 * np.pi * width * width)
    out = np.empty(len(at_x))
    for point in range(len(at_x)):
        value, left = 0.0, total
        for other in range(len(x)):
            if own and other == point:
                left -= weight[other]
                continue
            square = (at_x[point] - x[other]) ** 2 + (at_y[point] - y[other]) ** 2
            if square < 25 * width * width:
                value += weight[other] * np.exp(-square / (2 * width * width))
        out[point] = max(value * norm / max(left, 1e-12), 1e-12)
    return out


@compiled
def _maximise(t: Array, density: Array, days: float, pairs: Any, start: Any, rounds: int) -> tuple[Any, Array]:
    """Return (kappa, omega, sigma, nu) after so many rounds of expectation and maximisation, and background shares."""
    first, _, ago, apart = pairs
    kappa, omega, sigma, nu = start
    background = np.ones(len(t))
    for _ in range(rounds):
        triggered, lag, square = 0.0, 0.0, 0.0
        for point in range(len(t)):
            base = nu / days * density[point]
            total, one_lag, one_square = 0.0, 0.0, 0.0
            scale = kappa * omega / (2 * np.pi * sigma * sigma * (1 - np.exp(-omega * CUT_DAYS)))
            for pair in range(first[point], first[point + 1]):
                value = scale * np.exp(-omega * ago[pair] - apart[pair] / (2 * sigma * sigma))
                total += value
                one_lag += value * ago[pair]
                one_square += value * apart[pair]
            rate = base + total
            background[point] = base / rate
            triggered += total / rate
            lag += one_lag / rate
            square += one_square / rate
        reach = 0.0
        for point in range(len(t)):
            reach += (1 - np.exp(-omega * min(days - t[point], CUT_DAYS))) / (1 - np.exp(-omega * CUT_DAYS))
        nu = max(background.sum(), 1e-9)
        kappa = max(triggered / max(reach, 1e-9), 1e-9)
        omega = min(max(triggered / max(lag, 1e-12), 2 / CUT_DAYS), 50.0)
        sigma = max(np.sqrt(square / (2 * max(triggered, 1e-12))), 0.05)
    return (kappa, omega, sigma, nu), background


def _fitted(seen: Points, days: float, bandwidth: float, start: Parameters | None = None) -> tuple[Parameters, Array]:
    pairs = _pairs(*seen, CUT_DAYS, CUT_KM)
    weight = np.ones(len(seen.t))
    found = tuple(start or Parameters(0.4, 0.1, 10.0, 0.6 * len(seen.t)))
    for _ in range(OUTER):
        density = _density(seen.x, seen.y, weight, seen.x, seen.y, bandwidth, True)
        found, weight = _maximise(seen.t, density, days, pairs, found, INNER)
    return Parameters(*found), weight


def _gain(seen: Points, days: float, split: float, bandwidth: float) -> tuple[float, float]:
    """Return the held-out log likelihood after day ``split``, for each incident there, and its gain on background."""
    cut = int(np.searchsorted(seen.t, split))
    train = Points(*(axis[:cut] for axis in seen))
    if cut < FEWEST or cut == len(seen.t):
        return float("nan"), float("nan")
    found, weight = _fitted(train, split, bandwidth)
    share = (days - split) / split
    later = len(seen.t) - cut
    first, who, ago, apart = _pairs(*seen, CUT_DAYS, CUT_KM)
    whole = 1 - np.exp(-found.omega * CUT_DAYS)
    pull = found.kappa * found.omega * np.exp(-found.omega * ago - apart / (2 * found.sigma_km**2)) / (
        2 * np.pi * found.sigma_km**2 * whole)
    excited = np.diff(np.concatenate([[0.0], np.cumsum(pull)])[first])[cut:]
    base = _density(train.x, train.y, weight, seen.x[cut:], seen.y[cut:], bandwidth, False)
    plain = _density(train.x, train.y, np.ones(cut), seen.x[cut:], seen.y[cut:], bandwidth, False)
    left = (1 - np.exp(-found.omega * np.minimum(days - seen.t, CUT_DAYS))) / whole
    left[:cut] -= (1 - np.exp(-found.omega * np.minimum(split - seen.t[:cut], CUT_DAYS))) / whole
    score = np.log(found.nu / split * base + excited).sum() - found.nu * share - found.kappa * left.sum()
    flat = np.log(cut / split * plain).sum() - cut * share
    return float(score / later), float((score - flat) / later)


def fit(seen: Points, days: float) -> Fit:
    """Return the process fitted to the incidents of a period of ``days`` (rules 1 and 2).

    Raises:
        ValueError: there are fewer than ``FEWEST`` incidents.
    """
    if len(seen.t) < FEWEST:
        raise ValueError(f"expected at least {FEWEST} incidents to fit contagion, received {len(seen.t)}")
    scores = {width: _gain(seen, days, 0.75 * days, width) for width in BANDWIDTHS_KM}
    width = max(BANDWIDTHS_KM, key=lambda one: (np.nan_to_num(scores[one][0], nan=-np.inf), -abs(one - 30.0)))
    found, background = _fitted(seen, days, width)
    return Fit(found, background, width, scores[width][1])


def simulate(process: Fit, seen: Points, days: float, rng: np.random.Generator) -> Points:
    """Return incidents drawn from a fitted process over the same period."""
    found = process.parameters
    weight = process.background / process.background.sum()
    count = rng.poisson(found.nu)
    origin = rng.choice(len(seen.t), count, p=weight)
    parts = [np.stack([rng.random(count) * days, seen.x[origin] + rng.normal(0, process.bandwidth_km, count),
                       seen.y[origin] + rng.normal(0, process.bandwidth_km, count)])]
    most = 20 * len(seen.t) + 1000  # A process at or above 1 would never end.
    while parts[-1].shape[1] and sum(part.shape[1] for part in parts) < most:
        parent = np.repeat(parts[-1], rng.poisson(min(found.kappa, 0.99), parts[-1].shape[1]), axis=1)
        child = parent + np.stack([rng.exponential(1 / found.omega, parent.shape[1]),
                                   *rng.normal(0, found.sigma_km, (2, parent.shape[1]))])
        parts.append(child[:, child[0] < days])
    drawn = np.concatenate(parts, axis=1)
    return Points(*drawn[:, np.argsort(drawn[0], kind="stable")])


def _refitted(process: Fit, seen: Points, days: float, seed: int, numbers: range) -> list[float]:
    """Return the branching ratios of simulated replicates, fitted again."""
    ratios = []
    for number in numbers:
        drawn = simulate(process, seen, days, np.random.default_rng([seed, 1 + number]))
        enough = len(drawn.t) >= 2
        ratios.append(_fitted(drawn, days, process.bandwidth_km, process.parameters)[0].kappa if enough else 0.0)
    return ratios


def contagion(
    seen: Points, days: float, replicates: int, seed: int, executor: Executor,
    each: Callable[[int], None] = lambda drawn: None,
) -> Contagion:
    """Return the branching ratio of a period's incidents with a 95 % interval (rule 4); raises as ``fit``."""
    process = fit(seen, days)
    numbers = [range(start, min(start + PIECE, replicates)) for start in range(0, replicates, PIECE)]
    futures = [executor.submit(_refitted, process, seen, days, seed, piece) for piece in numbers]
    ratios: list[float] = []
    for future in futures:
        ratios += future.result()
        each(len(ratios))
    found = process.parameters
    interval = None
    if ratios:
        low, high = np.quantile(ratios, [0.025, 0.975])
        interval = (max(0.0, float(2 * found.kappa - high)), max(0.0, float(2 * found.kappa - low)))
    return Contagion(len(seen.t), found.kappa, interval, 1 / found.omega, found.sigma_km,
                     found.nu / len(seen.t), process.bandwidth_km, process.gain)
