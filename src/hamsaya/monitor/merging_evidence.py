"""What a pair of accounts shows before anything is learnt, as numbers that tables of likelihoods are looked up with.

1. **Place, days, deaths** become a bin each: the learner keeps one likelihood for a bin, so its cost hardly depends
   on how many shapes of error it weighs.
2. **Codes** (violence, actor class) give two likelihood ratios: copied truly, or by chance.
3. **Chance**: how many unrelated reports of the other side would be there anyhow (merging_density).

``beside`` gives the same of two accounts of *one* reporter, which are two events: what no match looks like.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_columns import RADIUS_KM, WINDOW_DAYS, Columns, Floats, Ints, Pairs
from hamsaya.monitor.merging_density import BANDS_KM, Habits, Places, code_shares, habits, places_of

SCALES_KM = np.array([0.35, 0.7, 1.4, 2.8, 5.6, 11.0, 22.0, 45.0])
DEATH_SCALES = np.array([0.12, 0.35, 0.9])  # Log units; besides them equal numbers, and no relation at all.
DEATH_BINS = 40
CLASSES = 5  # Of precision: unknown, exact, near, district, wider; of a pair the worse of the two.
ACTORS = 64  # Codes, 0 included (unknown).
SINKHORN = 16
FINEST_KM, STEPS = 0.25, 16.0  # Bins of distance: steps in log(1 + km / FINEST_KM), so near ones are narrow.
DISTANCES = int(np.log1p((RADIUS_KM + 1e-3) / FINEST_KM) * STEPS) + 1
MIDDLE_KM = FINEST_KM * np.expm1((np.arange(DISTANCES) + 0.5) / STEPS)
PLACE = np.exp(-(MIDDLE_KM[:, None] ** 2) / (2 * SCALES_KM**2)) / (2 * np.pi * SCALES_KM**2) + 1e-12
"""Density per km² of each scale, at the middle of each bin of distance."""


class Side(NamedTuple):
    """What is known of one reporter's file: its accounts, places, habits and the bins of its deaths."""

    columns: Columns
    places: Places
    habits: Habits
    deaths: Ints


class Evidence(NamedTuple):
    """Per pair.

    Attributes:
        place: Class of precision times ``DISTANCES`` plus bin of distance.
        day: Gap plus ``WINDOW_DAYS``.
        deaths: Bin of the left times ``DEATH_BINS`` plus bin of the right.
        codes: Ratios, (pairs, 4): violence copied truly, by chance; actor copied truly, by chance.
        chance: km² and days in which one unrelated report of the right is expected, divided by how many there are.
    """

    place: Ints
    day: Ints
    deaths: Ints
    codes: Floats
    chance: Floats

    def take(self, rows: Ints) -> Evidence:
        """Return some of the pairs."""
        return Evidence(self.place[rows], self.day[rows], self.deaths[rows], self.codes[rows], self.chance[rows])


class Codes(NamedTuple):
    """Of one code: share of each value in both files, and P(an unrelated report nearby has it too)."""

    share: Floats
    near: Floats


def side_of(columns: Columns) -> Side:
    """Return what is known of one reporter's file."""
    return Side(columns, places_of(columns), habits(columns, WINDOW_DAYS, ACTORS), death_bin(columns.best))


def evidence(left: Side, right: Side, pairs: Pairs) -> Evidence:
    """Return what each pair of two reporters shows."""
    scale = span_of(left, right) / max(len(left.columns), 1)
    return _of_pairs(left, right, pairs, left.places.density[pairs.left], right.places.density[pairs.right],
                     crowding(left, right), scale)


def beside(one: Side, pairs: Pairs, density: tuple[Floats, Floats], crowded: Floats, scale: float) -> Evidence:
    """Return what pairs of one reporter's own accounts would show, were the second the other reporter's.

    Args:
        density: Of each pair's accounts, per km².
        crowded: ``crowding`` of the two reporters.
        scale: Days of both files together ÷ accounts of the left reporter.
    """
    return _of_pairs(one, one, pairs, *density, crowded, scale)


def crowding(left: Side, right: Side) -> Floats:
    """Return how reports crowd in days, the two reporters weighed by their reports; (bands of km, days + 1)."""
    share = len(left.columns) / max(len(left.columns) + len(right.columns), 1)
    return share * left.habits.crowding + (1 - share) * right.habits.crowding


def death_bin(deaths: Ints) -> Ints:
    """Return the bin of each count: whole numbers to 15, then three to each doubling."""
    large = 16 + np.floor(np.log2(np.maximum(deaths, 16) / 16.0) * 3.0).astype(np.int64)
    return np.minimum(np.where(deaths <= 15, deaths, large), DEATH_BINS - 1)


def death_ratios(left: Ints, right: Ints) -> Floats:
    """Return P(both bins | one event) / (P(left bin) · P(right bin)), shape (bins · bins, agreements)."""
    p = (np.bincount(left, minlength=DEATH_BINS) + 0.5) / (len(left) + 0.5 * DEATH_BINS)
    q = (np.bincount(right, minlength=DEATH_BINS) + 0.5) / (len(right) + 0.5 * DEATH_BINS)
    balanced = _balanced(DEATH_KERNELS, p, q)
    whole = np.concatenate([balanced, np.ones((1, DEATH_BINS, DEATH_BINS))])
    return whole.transpose(1, 2, 0).reshape(DEATH_BINS * DEATH_BINS, -1).copy()


def _kernels() -> Floats:
    large = 16.0 * 2.0 ** ((np.arange(16, DEATH_BINS) - 16 + 0.5) / 3.0)
    at = np.log(np.concatenate([np.arange(16), large]) + 0.5)
    off = np.abs(at[None, :] - at[:, None])
    return np.stack([np.eye(DEATH_BINS) + 1e-6, *(np.exp(-off / scale) + 1e-9 for scale in DEATH_SCALES)])


DEATH_KERNELS = _kernels()


def span_of(left: Side, right: Side) -> float:
    """Return the days that both files cover together, at least 1."""
    a, b = left.columns, right.columns
    if not len(a) or not len(b):
        return 1.0
    return float(max(a.last.max(), b.last.max()) - min(a.first.min(), b.first.min()) + 1)


def _of_pairs(
    left: Side, right: Side, pairs: Pairs, at_left: Floats, at_right: Floats, crowded: Floats, scale: float
) -> Evidence:
    a, b = left.columns, right.columns
    codes = [_codes(a.violence, b.violence, left.habits.violence, right.habits.violence),
             _codes(a.actor, b.actor, left.habits.actor, right.habits.actor)]
    return Evidence(*_seen(
        pairs.left, pairs.right, pairs.km, pairs.gap, pairs.widths, a.precision, b.precision, left.deaths, right.deaths,
        a.violence, b.violence, a.actor, b.actor, *codes[0], *codes[1], at_left, at_right, crowded,
        np.array(BANDS_KM), scale,
    ))


def _codes(left: Ints, right: Ints, near_left: Floats, near_right: Floats) -> Codes:
    near: Floats = np.sqrt(near_left * near_right)
    return Codes(code_shares(np.concatenate([left, right]), len(near)), near)


@compiled_untyped
def _balanced(kernels, p, q):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Scale each kernel so that its margins are p and q; both at once and half-way, so that neither comes first."""
    result = np.empty(kernels.shape)
    size = len(p)
    for k in range(len(kernels)):
        u, v = np.ones(size), np.ones(size)
        for _ in range(SINKHORN):
            x, y = np.zeros(size), np.zeros(size)
            for a in range(size):
                for b in range(size):
                    x[a] += kernels[k, a, b] * q[b] * v[b]
                    y[b] += kernels[k, a, b] * p[a] * u[a]
            for a in range(size):
                u[a] = np.sqrt(u[a] / x[a])
                v[a] = np.sqrt(v[a] / y[a])
        for a in range(size):
            for b in range(size):
                result[k, a, b] = u[a] * kernels[k, a, b] * v[b]
    return result


@compiled_untyped
def _seen(  # type: ignore[no-untyped-def]
    i, j, km, gap, widths, precise_a, precise_b, deaths_a, deaths_b, violence_a, violence_b, actor_a, actor_b,
    violence_share, violence_near, actor_share, actor_near, at_left, at_right, crowded, bands, scale,
):  # pragma: no cover - compiled
    n = len(i)
    place, day, deaths = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    codes, chance = np.ones((n, 4)), np.empty(n)
    for e in range(n):
        a, b = i[e], j[e]
        group = 0
        if precise_a[a] > 0 and precise_b[b] > 0:
            group = min(max(precise_a[a], precise_b[b]), CLASSES - 1)
        place[e] = group * DISTANCES + int(np.log1p(km[e] / FINEST_KM) * STEPS)
        day[e] = gap[e] + WINDOW_DAYS
        deaths[e] = deaths_a[a] * DEATH_BINS + deaths_b[b]
        x, y = violence_a[a], violence_b[b]
        if x > 0 and y > 0:
            codes[e, 0], codes[e, 1] = _ratios(x, y, violence_share, violence_near)
        x, y = actor_a[a], actor_b[b]
        if x > 0 and y > 0:
            codes[e, 2], codes[e, 3] = _ratios(x, y, actor_share, actor_near)
        band = 0
        while band < len(bands) and km[e] > bands[band]:
            band += 1
        chance[e] = (0.5 / at_left[e] + 0.5 / at_right[e]) * scale / (crowded[band, abs(gap[e])] * widths[e])
    return place, day, deaths, codes, chance


@compiled_untyped
def _ratios(x, y, share, near):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return the likelihood ratios of two known codes if they were copied truly, and if they were not."""
    if x == y:
        return 1.0 / near[x], share[x] / near[x]
    rare = (1 - share[x]) / (1 - min(near[x], 0.999)) * (1 - share[y]) / (1 - min(near[y], 0.999))
    return 0.0, np.sqrt(rare)
