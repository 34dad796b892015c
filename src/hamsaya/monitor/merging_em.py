"""Compiled loops of ``merging_model``: odds from tables of likelihoods, and expectation-maximisation over them.

Arrays: pairs e, ways of telling c (sharp, loose), bins; ``place`` and ``deaths`` of a pair are bins into tables that
are made anew each round, so a round costs a few look-ups for each pair.
"""

from __future__ import annotations

import numpy as np

from hamsaya.monitor.compiled import compiled_untyped
from hamsaya.monitor.merging_assign import propagate
from hamsaya.monitor.merging_evidence import CLASSES, DISTANCES, PLACE

LEAST_TAUGHT = 1e-4  # A pair with a lower probability teaches nothing that would be seen.


@compiled_untyped
def tables(by_place, by_deaths, agreements):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Return the likelihood of each bin of place, and of deaths, by way of telling."""
    ways = len(by_place)
    places, dead = np.zeros((ways, CLASSES * DISTANCES)), np.zeros((ways, len(agreements)))
    for c in range(ways):
        for g in range(CLASSES):
            for b in range(DISTANCES):
                value = 0.0
                for s in range(PLACE.shape[1]):
                    value += by_place[c, g, s] * PLACE[b, s]
                places[c, g * DISTANCES + b] = value
        for b in range(len(agreements)):
            value = 0.0
            for s in range(agreements.shape[1]):
                value += by_deaths[c, s] * agreements[b, s]
            dead[c, b] = value
    return places, dead


@compiled_untyped
def rated(place, day, deaths, codes, chance, places, days, dead, true, mix, factor, share):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Return the odds of each pair, ``factor`` included; ``share`` (pairs, ways) is filled with who explains it."""
    ways = len(mix)
    odds = np.empty(len(day))
    for e in range(len(day)):
        whole = 0.0
        for c in range(ways):
            value = mix[c] * places[c, place[e]] * days[c, day[e]] * dead[c, deaths[e]]
            for k in range(2):
                value *= true[c, k] * codes[e, 2 * k] + (1 - true[c, k]) * codes[e, 2 * k + 1]
            whole += value
            if len(share):
                share[e, c] = value
        if len(share) and whole > 0:
            for c in range(ways):
                share[e, c] /= whole
        odds[e] = min(max(whole * chance[e] * factor, 1e-12), 1e9)
    return odds


@compiled_untyped
def taught(  # type: ignore[no-untyped-def]
    i, j, na, nb, place, day, deaths, codes, chance, agreements, by_place, days, by_deaths, true, mix, reported,
    prior_place, prior_days, prior_deaths, prior_true, prior_mix, strength, rounds, inner,
):  # pragma: no cover - compiled
    """Run ``rounds`` of expectation-maximisation; the weights are changed in place."""
    ways = len(mix)
    share = np.zeros((len(day), ways))
    mu, nu = np.empty(0), np.empty(0)
    for turn in range(rounds):
        places, dead = tables(by_place, by_deaths, agreements)
        factor = reported[0] / ((1 - reported[0]) * (1 - reported[1]))
        odds = rated(place, day, deaths, codes, chance, places, days, dead, true, mix, factor, share)
        if turn == 0:
            mu, nu = odds.copy(), odds.copy()
        p = propagate(i, j, na, nb, odds, mu, nu, inner)
        seen_place, seen_dead = np.zeros(places.shape), np.zeros(dead.shape)
        seen_days, mixed = prior_days.copy(), prior_mix.copy()
        hits, known = prior_true * strength / 2, np.full((ways, 2), strength / 2)
        total = 0.0
        for e in range(len(day)):
            total += p[e]
            if p[e] < LEAST_TAUGHT:
                continue
            for c in range(ways):
                part = p[e] * share[e, c]
                mixed[c] += part
                seen_place[c, place[e]] += part
                seen_dead[c, deaths[e]] += part
                seen_days[c, day[e]] += part
                for k in range(2):
                    copied, chanced = true[c, k] * codes[e, 2 * k], (1 - true[c, k]) * codes[e, 2 * k + 1]
                    if codes[e, 2 * k] != 1.0 or codes[e, 2 * k + 1] != 1.0:
                        hits[c, k] += part * copied / (copied + chanced)
                        known[c, k] += part
        for c in range(ways):
            _of_places(by_place[c], seen_place[c], places[c], prior_place[c], strength)
            dead_now = prior_deaths[c].copy()
            for b in range(len(agreements)):
                if seen_dead[c, b] > 0:
                    for s in range(len(dead_now)):
                        dead_now[s] += seen_dead[c, b] * by_deaths[c, s] * agreements[b, s] / dead[c, b]
            by_deaths[c] = dead_now / dead_now.sum()
            days[c] = seen_days[c] / seen_days[c].sum()
            for k in range(2):
                true[c, k] = min(max(hits[c, k] / known[c, k], 0.02), 0.995)
        mix[:] = mixed / mixed.sum()
        matched = min(max(total, 1.0), 0.98 * min(na, nb))
        reported[0], reported[1] = matched / nb, matched / na


@compiled_untyped
def _of_places(weights, seen, likelihood, prior, strength):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Learn one way's weights of scales: of each class of precision, drawn to those of all classes."""
    sums = np.zeros(weights.shape)
    for g in range(CLASSES):
        for b in range(DISTANCES):
            part = seen[g * DISTANCES + b]
            if part > 0:
                for s in range(weights.shape[1]):
                    sums[g, s] += part * weights[g, s] * PLACE[b, s] / likelihood[g * DISTANCES + b]
    common = sums.sum(0) + prior
    common /= common.sum()
    for g in range(CLASSES):
        weights[g] = (sums[g] + strength * common) / (sums[g].sum() + strength)
