"""Where would nobody know? Cells where a death is likely although little would be reported, with reasons.

    score = P(death within ``MONTHS`` | ring and old history, own recent reports hidden)
            × (1 − coverage) × border weight

Rules
1. P never sees the last ``HIDDEN`` months of the cell and its eight neighbours: silence there is what is in question.
   It is learnt from all cells and months before, with the same months hidden from it.
2. Coverage is the share of events that *anybody* reports (``coverage.anybody``). No type here can say whose report is
   missing: a list of blind spots is about cells, never about members.
3. A cell that holds or touches two reporting areas weighs ``BORDER``: there each side may leave it to the other.
4. The list gives the interval that coverage leaves to the score, and reasons in words.

P is the geometric mean of two logistic regressions on kernels of counts (decays × blurs) in logarithms: a plain one,
and one with hinges at three quantiles of each column. Their errors differ, so the mean ranks better than either.
Left out: a place that has never reported and whose ring has not either; nothing is known of it, and the list says so
by its low P.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve
from scipy.optimize import minimize
from scipy.signal import fftconvolve
from scipy.special import expit, logit

from hamsaya.monitor.coverage import AnyCell

Array = NDArray[Any]

MONTHS = 3
HIDDEN = 12
BORDER = 1.5
OWN_HALF_LIVES = (1.0, 3.0, 6.0, 12.0, 24.0, 60.0)
OWN_ACTIVE = (6.0, 12.0, 36.0, 120.0)
RING_HALF_LIVES = (1.0, 3.0, 12.0, 60.0)
RING_WIDTHS = (2.0, 5.0)
NEAR_WIDTHS = (1.2, 3.0)
FLOOR = 0.003
WARM_UP = 72  # Months before the first that is learnt from, so that long decays have something to remember.
RIDGE = 3.0
QUIET_SHARE = 0.12  # Of the months without a death, so many are learnt from, each with the weight of those left out.
NEVER = 400
KNOTS = (0.2, 0.5, 0.8)
STEPS = 200  # More change nothing that would be seen.
LEAST_SCALE = 1e-6


class Spot(msgspec.Struct, frozen=True):
    """One cell of the list; there is no member in it."""

    gid: int
    score: float
    score_low: float
    score_high: float
    probability: float
    coverage: float
    border: bool
    reasons: list[str]


class Model(NamedTuple):
    """A fitted model: what standardises the columns, where they bend, and the weights of both regressions.

    Each regression is (centre, scale, weights), the constant last.
    """

    centre: Array
    scale: Array
    knots: Array
    plain: tuple[Array, Array, Array]
    hinged: tuple[Array, Array, Array]


def features(events: Array, hidden: int = HIDDEN) -> Iterator[Array]:
    """Yield one column after another, shape (months, rows, columns) in float32, as known at each month's end.

    Args:
        events: Incidents by month and cell of a grid, shape (months, rows, columns), >= 0; outside is taken as empty.
        hidden: Months for which the cell and its neighbours are taken not to have reported; 0 hides nothing.
    """
    active = (events > 0).astype(np.float32)
    for half_life in OWN_HALF_LIVES:
        yield _log(_late(_decay(events, half_life), hidden))
    for half_life in OWN_ACTIVE:
        yield _log(_late(_decay(active, half_life), hidden))
    block = np.ones((1, 3, 3), np.float32)
    yield _log(_late(_decay(convolve(events, block, mode="constant"), 60.0), hidden))
    around = block.copy()
    around[0, 1, 1] = 0
    for half_life in (12.0, 60.0):
        yield _log(_late(convolve(_decay(active, half_life), around / 8, mode="constant"), hidden))
    second = np.ones((1, 5, 5), np.float32)
    second[0, 1:4, 1:4] = 0
    for half_life in (3.0, 12.0):
        yield _log(convolve(_decay(active, half_life), second / 16, mode="constant"))
    yield _log(_late(convolve(_decay(active, 12.0), second / 16, mode="constant"), hidden))
    for half_life in RING_HALF_LIVES:
        decayed = _decay(events, half_life)
        for width in RING_WIDTHS:
            yield _log(_blur(decayed, width))
    for half_life in (3.0, 12.0):
        decayed = _decay(active, half_life)
        for width in NEAR_WIDTHS:
            yield _log(_blur(decayed, width))
    yield np.log1p(_late(_since(active), hidden))
    yield np.log1p(_late(np.cumsum(active, 0), hidden))


def table(events: Array, cells: Array, months: Sequence[int], hidden: int = HIDDEN) -> Array:
    """Return the features of some cells in some months, shape (months, cells, features), float32.

    Args:
        cells: bool, shape (rows, columns).
    """
    at = np.asarray(months, dtype=np.int64)
    return np.stack([column[at][:, cells] for column in features(events, hidden)], -1)


def outcome(deaths: Array, cells: Array) -> Array:
    """Return for each month but the last ``MONTHS`` whether a death falls in the next ones, bool (months, cells)."""
    any_death = deaths[:, cells] > 0
    ahead = [any_death[step : len(any_death) - MONTHS + step] for step in range(1, MONTHS + 1)]
    result: Array = np.logical_or.reduce(ahead)
    return result


def fit(rows: Array, happened: Array, seed: int) -> Model:
    """Return a model learnt from rows of features and what happened.

    Args:
        rows: Shape (n, features), finite.
        happened: bool, shape (n,).
        seed: Decides which quiet rows are learnt from.
    """
    drawn = np.random.default_rng(seed).random(len(rows)) < QUIET_SHARE
    chosen = np.flatnonzero(happened | drawn)
    y, weight = happened[chosen].astype(np.float64), np.where(happened[chosen], 1.0, 1.0 / QUIET_SHARE)
    x = rows[chosen].astype(np.float64)
    centre, scale = x.mean(0), x.std(0) + LEAST_SCALE
    x = (x - centre) / scale
    knots = np.array([_knots(column) for column in x.T]).T
    return Model(centre, scale, knots, _regress(x, y, weight), _regress(_hinges(x, knots), y, weight))


def probability(model: Model, rows: Array) -> Array:
    """Return P(death within ``MONTHS``) of each row of features, shape (n,)."""
    x = (rows.astype(np.float64) - model.centre) / model.scale
    p: Array = np.sqrt(_answer(model.plain, x) * _answer(model.hinged, _hinges(x, model.knots)))
    return p


def _knots(column: Array) -> Array:
    """Return where a column bends: quantiles of its values above the least, which stands for nothing at all."""
    above = column[column > column.min() + LEAST_SCALE]
    return np.quantile(above if len(above) else column, KNOTS)


def _hinges(x: Array, knots: Array) -> Array:
    return np.concatenate([x, *(np.maximum(x - row, 0) for row in knots)], axis=1)


def _regress(x: Array, y: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Return a ridge logistic regression as (centre, scale, weights)."""
    centre, scale = x.mean(0), x.std(0) + LEAST_SCALE
    standard = np.column_stack([(x - centre) / scale, np.ones(len(x))])

    def loss(b: Array) -> tuple[float, Array]:
        u = standard @ b
        ridge = np.append(b[:-1], 0.0) * RIDGE
        value = float(weight @ (np.logaddexp(0, u) - y * u)) + float(ridge @ b) / 2
        return value, standard.T @ (weight * (expit(u) - y)) + ridge

    start = np.zeros(standard.shape[1])
    start[-1] = logit(np.clip(y.sum() / weight.sum(), 1e-6, 0.5))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return centre, scale, found.x


def _answer(part: tuple[Array, Array, Array], x: Array) -> Array:
    centre, scale, weights = part
    result: Array = expit(((x - centre) / scale) @ weights[:-1] + weights[-1])
    return result


def blind_spots(
    gids: Sequence[int], chances: Array, coverage: Sequence[AnyCell], border: Array, since: Array, limit: int
) -> list[Spot]:
    """Return the ``limit`` highest scores, highest first, ties by cell.

    Args:
        gids: Cells, in the order of the other arguments.
        chances: P of each, from ``probability``.
        coverage: Of each, from ``coverage.anybody``.
        border: bool, whether the cell holds or touches two reporting areas.
        since: Months from the last incident known before the hidden ones; ``NEVER`` and above means none.
    """
    rows = zip(gids, chances, coverage, border, since, strict=True)
    spots = [_spot(gid, float(p), cell, bool(edge), int(months)) for gid, p, cell, edge, months in rows]
    return sorted(spots, key=lambda one: (-one.score, one.gid))[:limit]


def months_since(events: Array, cells: Array, month: int, hidden: int = HIDDEN) -> Array:
    """Return months from each cell's last incident to the hidden ones, shape (cells,)."""
    result: Array = _since((events[: month + 1] > 0).astype(np.float32))[max(month - hidden, 0)][cells]
    return result


def _spot(gid: int, p: float, cell: AnyCell, border: bool, since: int) -> Spot:
    weight = BORDER if border else 1.0
    score, low, high = (p * (1 - share) * weight for share in (cell.mid, cell.high, cell.low))
    reasons = [
        f"a death within {MONTHS} months has probability {p:.0%}, its own last {HIDDEN} months not looked at",
        _reported(cell),
        ("no incident known there before" if since >= NEVER else
         f"its last incident before those lies {HIDDEN + since} months back"),
    ]
    if border:
        reasons.append("it holds or touches two reporting areas")
    return Spot(gid, score, low, high, p, cell.mid, border, reasons)


def _reported(cell: AnyCell) -> str:
    if (cell.mid, cell.high) == (0.0, 1.0):
        return "how much of what happens there would be reported is not known: taken as nothing"
    return f"of what happens there {cell.mid:.0%} would be reported by anybody ({cell.low:.0%} to {cell.high:.0%})"


def _late(values: Array, months: int) -> Array:
    """Return what was known ``months`` ago; nothing before the beginning."""
    if not months:
        return values
    result = np.zeros_like(values)
    result[months:] = values[:-months]
    return result


def _decay(values: Array, half_life: float) -> Array:
    keep = 0.5 ** (1 / half_life)
    result = np.zeros(values.shape, np.float32)
    held = np.zeros(values.shape[1:], np.float32)
    for month in range(len(values)):
        held = keep * held + (1 - keep) * values[month]
        result[month] = held
    return result


def _blur(values: Array, width: float) -> Array:
    """Return a Gaussian blur (width in cells) that leaves out the cell and its eight neighbours."""
    reach = int(4 * width)
    step = np.arange(-reach, reach + 1)
    kernel = np.exp(-(step[:, None] ** 2 + step**2) / (2 * width**2))
    kernel[reach - 1 : reach + 2, reach - 1 : reach + 2] = 0
    kernel /= kernel.sum()
    return np.stack([fftconvolve(one, kernel, "same") for one in values]).astype(np.float32)


def _since(active: Array) -> Array:
    result = np.zeros(active.shape, np.float32)
    months = np.full(active.shape[1:], NEVER, np.float32)
    for month in range(len(active)):
        months = np.where(active[month] > 0, 0, np.minimum(months + 1, NEVER)).astype(np.float32)
        result[month] = months
    return result


def _log(values: Array) -> Array:
    # Fourier blurs leave tiny negatives where there is nothing.
    result: Array = np.log(np.maximum(values, 0) + FLOOR).astype(np.float32)
    return result
