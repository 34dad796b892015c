"""The likelihood that two accounts are of one event: learnt from the two files alone, without labels.

The odds of a pair before competition are

    odds = place · days · deaths · violence · actor · (1/density_left + 1/density_right) / 2
           / (rate · crowding · ways to touch · (1 − q_left) · (1 − q_right))

where each factor is the likelihood under "one event" over that under "two events":

1. **place**: a mixture of circular Gaussians of fixed scales (km); one set of weights for each class of precision,
   drawn to the common weights.
2. **days**: a free distribution over the signed gap, so that one side may be late as a rule.
3. **deaths**: a mixture of scales of agreement on the logarithm, each balanced so that its margins are the reporters'
   own: to agree on 37 says much, to agree on 1 little.
4. **violence, actor class**: copied truly with a share w, else by chance; a class that is common there says little.
5. **density, rate, crowding**: how many unrelated reports of the other side would be there anyhow (merging_density).
6. **q**: the share of events that each side reports, from the expected number of matched pairs.

Expectation-maximisation: the E step includes the competition between pairs (merging_assign); the M step re-estimates
1 to 4 and q. At the end the odds are raised to the power ``TRUST`` (densities are estimates, and errors of one account
hang together, so the odds are bolder than what is known) and the competition is solved once more: that is the
calibrated probability. ``TRUST`` was set once on two invented models of error, others than those it is tested on.
Left out: dependence between the errors of one account beyond that, such as a wrong town with a wrong day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_assign import marginals, propagate
from hamsaya.monitor.merging_columns import WINDOW_DAYS, Columns, Floats, Ints, Pairs
from hamsaya.monitor.merging_density import BANDS_KM, code_shares, habits, place_density

SCALES_KM = np.array([0.35, 0.7, 1.4, 2.8, 5.6, 11.0, 22.0, 45.0])
DEATH_SCALES = np.array([0.12, 0.35, 0.9])  # Log units; besides them equal numbers, and no relation at all.
DEATH_BINS = 40
CLASSES = 5  # Of precision: unknown, exact, near, district, wider; of a pair the worse of the two.
VIOLENCE, ACTORS = 4, 64  # Codes, 0 included (unknown).
ROUNDS = 16
INNER = 4
PRIOR_PAIRS = 10.0
FAINT = 0.02  # Pairs with lower odds after the first rounds teach nothing and are left out of the later ones.
FIRST_ROUNDS = 3
TRUST = 0.85
SINKHORN = 16
REPORTED_LEFT = 2  # Where in ``shares``.


class Weights(NamedTuple):
    """What was learnt of one pair of reporters; each distribution sums to 1.

    Attributes:
        place: Shape (classes of precision, scales).
        days: Shape (2·window + 1,): the gap right − left from −window.
        deaths: Shape (agreements,): equal, the scales, none.
        shares: Copied truly: violence, actor; reported: left, right.
    """

    place: Floats
    days: Floats
    deaths: Floats
    shares: Floats


class Evidence(NamedTuple):
    """Per pair: densities of each scale, class, gap, ratios of each agreement, of codes copied truly or not, chance."""

    place: Floats
    group: Ints
    day: Ints
    deaths: Floats
    codes: Floats
    chance: Floats


class Fitted(NamedTuple):
    """What was learnt, what it was learnt from, the calibrated odds of each pair before competition, and its
    probability after it."""

    weights: Weights
    seen: Evidence
    odds: Floats
    probability: Floats


def fit(left: Columns, right: Columns, pairs: Pairs) -> Fitted:
    """Return the probability of each pair of ``candidate_pairs(left, right)``.

    Args:
        left, right: Accounts of two reporters, neither with an event twice.
    """
    sizes = len(left), len(right)
    seen = evidence(left, right, pairs)
    weights = _learnt(pairs.left, pairs.right, sizes, seen, _start(sizes), FIRST_ROUNDS)
    odds = _odds(*seen, *weights)
    keep = np.flatnonzero(odds > FAINT)
    kept = Evidence(seen.place[keep], seen.group[keep], seen.day[keep], seen.deaths[keep], seen.codes[keep],
                    seen.chance[keep])
    weights = _learnt(pairs.left[keep], pairs.right[keep], sizes, kept, weights, ROUNDS - FIRST_ROUNDS)
    odds = _odds(*seen, *weights) ** TRUST
    return Fitted(weights, seen, odds, marginals(pairs.left, pairs.right, sizes, odds))


def factors(fitted: Fitted, rows: Ints) -> Floats:
    """Return what the odds of some pairs are made of, (rows, 4): place and days, deaths, violence, actor class."""
    w, seen = fitted.weights, fitted.seen
    near = (w.place[seen.group[rows]] * seen.place[rows]).sum(1) * w.days[seen.day[rows]] * seen.chance[rows]
    codes = [w.shares[k] * seen.codes[rows, 2 * k] + (1 - w.shares[k]) * seen.codes[rows, 2 * k + 1] for k in (0, 1)]
    return np.stack([near * w.shares[REPORTED_LEFT], seen.deaths[rows] @ w.deaths, *codes], 1)


def evidence(left: Columns, right: Columns, pairs: Pairs) -> Evidence:
    """Return what each pair shows, before anything is learnt."""
    i, j, km = pairs.left, pairs.right, pairs.km
    both = left.precision[i], right.precision[j]
    group = np.where((both[0] == 0) | (both[1] == 0), 0, np.minimum(np.maximum(*both), CLASSES - 1))
    bins = death_bin(left.best), death_bin(right.best)
    deaths = death_ratios(*bins)[bins[0][i], bins[1][j]]
    of_left, of_right = habits(left, WINDOW_DAYS, ACTORS), habits(right, WINDOW_DAYS, ACTORS)
    share = len(left) / (len(left) + len(right)) if len(pairs.left) else 0.5
    crowding = share * of_left.crowding + (1 - share) * of_right.crowding
    crowded = crowding[np.searchsorted(BANDS_KM, km), np.abs(pairs.gap)]
    inverse = 0.5 / place_density(left)[i] + 0.5 / place_density(right)[j]
    codes = [*code_ratios((left.violence, right.violence), np.sqrt(of_left.violence * of_right.violence), i, j),
             *code_ratios((left.actor, right.actor), np.sqrt(of_left.actor * of_right.actor), i, j)]
    every = np.concatenate([left.first, right.first, left.last, right.last])
    span = float(every.max() - every.min() + 1) if len(every) else 1.0
    # With n_left·n_right/(matched·span) events a day; "matched" follows what is learnt (_odds).
    chance = inverse * span / (crowded * pairs.widths * max(len(left), 1) * max(len(right), 1))
    return Evidence(np.exp(-(km[:, None] ** 2) / (2 * SCALES_KM**2)) / (2 * np.pi * SCALES_KM**2) + 1e-12,
                    group, pairs.gap + WINDOW_DAYS, deaths, np.stack(codes, 1), chance * len(right))


def death_bin(deaths: Ints) -> Ints:
    """Return the bin of each count: whole numbers to 15, then three to each doubling."""
    large = 16 + np.floor(np.log2(np.maximum(deaths, 16) / 16.0) * 3.0).astype(np.int64)
    return np.minimum(np.where(deaths <= 15, deaths, large), DEATH_BINS - 1)


def death_ratios(left: Ints, right: Ints) -> Floats:
    """Return the tables P(both bins | one event) / (P(left bin) · P(right bin)), shape (bins, bins, agreements)."""
    p = (np.bincount(left, minlength=DEATH_BINS) + 0.5) / (len(left) + 0.5 * DEATH_BINS)
    q = (np.bincount(right, minlength=DEATH_BINS) + 0.5) / (len(right) + 0.5 * DEATH_BINS)
    large = 16.0 * 2.0 ** ((np.arange(16, DEATH_BINS) - 16 + 0.5) / 3.0)
    at = np.log(np.concatenate([np.arange(16), large]) + 0.5)
    off = np.abs(at[None, :] - at[:, None])
    kernels = np.stack([np.eye(DEATH_BINS) + 1e-6, *(np.exp(-off / scale) + 1e-9 for scale in DEATH_SCALES)])
    u, v = np.ones(kernels.shape[:2]), np.ones(kernels.shape[:2])
    for _ in range(SINKHORN):
        # Both at once and half-way (in the logarithm), so that neither side comes first.
        u, v = (np.sqrt(u / np.einsum("kab,kb->ka", kernels, q * v)),
                np.sqrt(v / np.einsum("kab,ka->kb", kernels, p * u)))
    balanced = u[:, :, None] * kernels * v[:, None, :]
    return np.concatenate([balanced, np.ones((1, DEATH_BINS, DEATH_BINS))]).transpose(1, 2, 0).copy()


def code_ratios(codes: tuple[Ints, Ints], near: Floats, i: Ints, j: Ints) -> tuple[Floats, Floats]:
    """Return each pair's likelihood ratios if the code was copied truly, and if it was not; 1 and 1 where unknown.

    Args:
        near: P(an unrelated report nearby has the code too), by code.
    """
    share = code_shares(np.concatenate(codes), len(near))
    rare = (1 - share) / (1 - np.minimum(near, 0.999))
    a, b = codes[0][i], codes[1][j]
    known, same = (a > 0) & (b > 0), a == b
    true = np.where(known, np.where(same, 1 / near[a], 0.0), 1.0)
    chance = np.where(known, np.where(same, share[a] / near[a], np.sqrt(rare[a] * rare[b])), 1.0)
    return true, chance


def _start(sizes: tuple[int, int]) -> Weights:
    days = 0.5 ** np.abs(np.arange(-WINDOW_DAYS, WINDOW_DAYS + 1.0))
    half = 0.5 * min(sizes)
    shares = np.array([0.9, 0.9, half / max(sizes[1], 1), half / max(sizes[0], 1)])
    return Weights(np.full((CLASSES, len(SCALES_KM)), 1.0 / len(SCALES_KM)), days / days.sum(),
                   np.array([0.3, 0.2, 0.2, 0.2, 0.1]), shares)


def _learnt(left: Ints, right: Ints, sizes: tuple[int, int], seen: Evidence, start: Weights, rounds: int) -> Weights:
    days = 0.6 ** np.abs(np.arange(-WINDOW_DAYS, WINDOW_DAYS + 1.0))
    learnt = _rounds(
        left, right, *sizes, seen.place, seen.group, seen.day, seen.deaths, seen.codes, seen.chance, start.place.copy(),
        start.days.copy(), start.deaths.copy(), start.shares.copy(), rounds, INNER, PRIOR_PAIRS * days / days.sum(),
        PRIOR_PAIRS,
    )
    return Weights(*learnt)


@compiled_untyped
def _odds(place, group, day, deaths, codes, chance, by_place, by_day, by_deaths, shares):  # type: ignore[no-untyped-def]  # pragma: no cover
    odds = np.empty(len(day))
    never = (1 - shares[2]) * (1 - shares[3])
    for e in range(len(day)):
        where = 0.0
        for s in range(place.shape[1]):
            where += by_place[group[e], s] * place[e, s]
        dead = 0.0
        for s in range(deaths.shape[1]):
            dead += by_deaths[s] * deaths[e, s]
        value = where * dead * by_day[day[e]] * chance[e] * shares[2] / never
        for k in range(2):
            value *= shares[k] * codes[e, 2 * k] + (1 - shares[k]) * codes[e, 2 * k + 1]
        odds[e] = min(max(value, 1e-12), 1e9)
    return odds


@compiled_untyped
def _rounds(  # type: ignore[no-untyped-def]
    i, j, na, nb, place, group, day, deaths, codes, chance, by_place, by_day, by_deaths, shares, rounds, inner,
    day_prior, prior,
):  # pragma: no cover - compiled
    odds = _odds(place, group, day, deaths, codes, chance, by_place, by_day, by_deaths, shares)
    mu, nu = odds.copy(), odds.copy()
    for _ in range(rounds):
        odds = _odds(place, group, day, deaths, codes, chance, by_place, by_day, by_deaths, shares)
        p = propagate(i, j, na, nb, odds, mu, nu, inner)
        places, days, dead = np.zeros(by_place.shape), day_prior.copy(), np.full(len(by_deaths), 0.5)
        hits, known, total = np.ones(2), np.full(2, 1.2), 0.0
        for e in range(len(day)):
            total += p[e]
            if p[e] < 1e-4:
                continue  # Teaches nothing that would be seen.
            days[day[e]] += p[e]
            where = 0.0
            for s in range(place.shape[1]):
                where += by_place[group[e], s] * place[e, s]
            for s in range(place.shape[1]):
                places[group[e], s] += p[e] * by_place[group[e], s] * place[e, s] / where
            fit = 0.0
            for s in range(deaths.shape[1]):
                fit += by_deaths[s] * deaths[e, s]
            for s in range(deaths.shape[1]):
                dead[s] += p[e] * by_deaths[s] * deaths[e, s] / fit
            for k in range(2):
                true, chanced = shares[k] * codes[e, 2 * k], (1 - shares[k]) * codes[e, 2 * k + 1]
                if codes[e, 2 * k] != 1.0 or codes[e, 2 * k + 1] != 1.0:
                    hits[k] += p[e] * true / (true + chanced)
                    known[k] += p[e]
        common = places.sum(0) + 0.5
        common /= common.sum()
        for g in range(len(places)):
            by_place[g] = (places[g] + prior * common) / (places[g].sum() + prior)
        by_day[:] = days / days.sum()
        by_deaths[:] = dead / dead.sum()
        for k in range(2):
            shares[k] = min(max(hits[k] / known[k], 0.05), 0.995)
        matched = min(max(total, 1.0), 0.98 * min(na, nb))
        shares[2], shares[3] = matched / nb, matched / na
    return by_place, by_day, by_deaths, shares
