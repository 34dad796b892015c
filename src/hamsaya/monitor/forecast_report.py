"""The report of a replay as plain values: scores of every model on every set, gains with intervals, and the check.

Rules
1. Every figure stands beside the same figure of ``conflictology`` and ``conflictology_n``; a tier is never shown alone.
2. ``per_month`` are sums of CRPS over cells and horizons by target month, so that anyone can recompute a gain.
3. A set without a single death says so: its average precision is None, not zero.
4. A committed figure that got worse than its tolerance fails the check, and so does one that can no longer be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from hamsaya.monitor import scores
from hamsaya.monitor.forecast_backtest import BENCHMARKS, Run, Scores
from hamsaya.monitor.forecast_settle import BANDS
from hamsaya.monitor.grid import PRIO, Array, Box, Reporters
from hamsaya.monitor.incidents import month_text

Plain = dict[str, Any]
RELIABILITY = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
GAINS = ("zone", "quiet", "border")
ALERTS = 20
"""Cells a month on an onset list; the budget comes first, the threshold follows."""
ONSET_NOTICE = ("Onset alerts, in cells without a death for 12 months, are mostly wrong: history knows little of where "
                "violence begins. Look at the precision before acting on one.")


def report(run: Run, *, zone: Box | None = None, reporters: Reporters | None = None, seed: int = 0) -> Plain:
    """Return the whole report of a replay, ready for JSON.

    Args:
        zone: A box looked at apart, by the cells' centres.
        reporters: Who reports on which cell; without it there are no sets by member and border.
        seed: Of the resampled months.
    """
    sets = dict(_sets(run, zone, reporters))
    models = {name: {**_figures(run, one, None), "per_month": _per_month(run, one.crps)}
              for name, one in run.scores.items()}
    return {
        "models": models, "cells": len(run.cube.gid), "months": len(np.unique(run.targets)),
        "horizons": sorted({pair.horizon for pair in run.pairs}),
        "from": month_text(int(run.targets.min())), "to": month_text(int(run.targets.max())),
        "protocol": run.protocol, "tiers": list(run.plan.tiers),
        "gains": _gains(run, {"all": None, **{name: sets[name] for name in GAINS if name in sets}}, seed),
        "sets": {name: {model: _figures(run, one, chosen) for model, one in run.scores.items()}
                 for name, chosen in sets.items()},
        "bands": {model: bands(run, one) for model, one in run.scores.items()},
        "reliability": {model: reliability(run, one) for model, one in run.scores.items()},
        "onset": {"notice": ONSET_NOTICE, "alerts_a_month": ALERTS,
                  "models": {model: onset(run, one) for model, one in run.scores.items()}},
        "releases": {month_text(run.cube.first + known): digest for known, digest in sorted(run.releases.items())},
    }


def _sets(run: Run, zone: Box | None, reporters: Reporters | None) -> Iterable[tuple[str, Array]]:
    """Yield the sets by name, bool of the scores' shape."""
    shape = run.outcome.shape
    yield "quiet", run.quiet
    if zone is not None:
        lon, lat = PRIO.centre(run.cube.gid)
        inside = (lon >= zone.west) & (lon < zone.east) & (lat >= zone.south) & (lat < zone.north)
        yield "zone", np.broadcast_to(inside, shape)
    if reporters is not None and len(reporters.gids):
        border = np.isin(run.cube.gid, reporters.gids[reporters.border])
        yield "border", np.broadcast_to(border, shape)
        of = reporters.of(run.cube.gid)
        for place, member in enumerate(reporters.members):
            if of[:, place].any():
                yield f"member:{member}", np.broadcast_to(of[:, place], shape)


def _figures(run: Run, one: Scores, chosen: Array | None) -> Plain:
    """Return the mean scores over a set, lower is better except ``ap``."""
    at = np.ones(run.outcome.shape, bool) if chosen is None else chosen
    happened, chance = run.outcome[at] > 0, one.chance[at]
    precision = scores.average_precision(chance, happened)
    return {
        "crps": _mean(one.crps[at]), "log_crps": _mean(one.log_crps[at]), "ign": _mean(one.ignorance[at]),
        "mis": _mean(one.interval[at]), "brier": _mean((chance - happened) ** 2),
        "ap": None if np.isnan(precision) else precision, "base_rate": _mean(happened), "rows": int(at.sum()),
    }


def _mean(values: Array) -> float | None:
    return float(values.mean(dtype="f8")) if len(values) else None


def _per_month(run: Run, values: Array) -> dict[str, float]:
    return {month_text(month): total for month, total in run.by_month(values).items()}


def _gains(run: Run, sets: Mapping[str, Array | None], seed: int) -> Plain:
    """Return by tier, benchmark and set the CRPS gain, its interval over months, and the gain of each year."""
    made: Plain = {}
    for tier in [name for name in run.scores if name not in BENCHMARKS]:
        made[tier] = {}
        for benchmark in BENCHMARKS:
            made[tier][benchmark] = {
                name: gain(run.by_month(run.scores[tier].crps, chosen),
                           run.by_month(run.scores[benchmark].crps, chosen), seed)
                for name, chosen in sets.items()}
    return made


def gain(model: Mapping[int, float], benchmark: Mapping[int, float], seed: int) -> Plain:
    """Return 1 - model / benchmark of sums by month, with its 95 % interval, the years, and the share of months won."""
    ours, theirs = (np.array([sums[month] for month in sorted(model)]) for sums in (model, benchmark))
    low, high = scores.gain_interval(ours, theirs, seed)
    years = np.array(sorted(model)) // 12
    return {
        "gain": _gain(ours, theirs), "low": low, "high": high, "months_won": float((ours < theirs).mean()),
        "by_year": {str(1970 + year): _gain(ours[years == year], theirs[years == year]) for year in np.unique(years)},
    }


def _gain(ours: Array, theirs: Array) -> float:
    return float(1 - ours.sum() / theirs.sum()) if theirs.sum() else 0.0


class Band(NamedTuple):
    """Coverage among forecasts whose chance of any death lies in a band; None where nothing was to be judged."""

    low: float
    high: float
    rows: int
    coverage: float | None
    sizes: float | None


def bands(run: Run, one: Scores) -> list[Plain]:
    """Return coverage of the 90 % interval and of the size's by band of the forecast chance."""
    made = []
    for low, high in zip((0.0, *BANDS), (*BANDS, 1.0), strict=True):
        rows = (one.chance >= low) & ((one.chance < high) | (high == 1))
        sizes = one.size[rows]
        made.append(Band(float(low), float(high), int(rows.sum()), _mean(one.inside[rows]), _mean(sizes[sizes >= 0])))
    return [band._asdict() for band in made]


def reliability(run: Run, one: Scores) -> list[Plain]:
    """Return what was said and what happened, by band of the forecast chance."""
    place = np.searchsorted(RELIABILITY, one.chance, "right")
    edges = (0.0, *RELIABILITY, 1.0)
    made = []
    for band in range(len(edges) - 1):
        rows = place == band
        made.append({"low": edges[band], "high": edges[band + 1], "rows": int(rows.sum()),
                     "said": _mean(one.chance[rows]), "happened": _mean(run.outcome[rows] > 0)})
    return made


def onset(run: Run, one: Scores) -> Plain:
    """Return precision and recall of the monthly list of quiet cells most at risk, at the shortest horizon."""
    shortest = min(pair.horizon for pair in run.pairs)
    hits = alerts = happened = cells = 0
    for place in [place for place, pair in enumerate(run.pairs) if pair.horizon == shortest]:
        quiet = np.flatnonzero(run.quiet[place])
        violent = run.outcome[place, quiet] > 0
        listed = np.argsort(-one.chance[place, quiet], kind="stable")[:ALERTS]
        hits, alerts = hits + int(violent[listed].sum()), alerts + len(listed)
        happened, cells = happened + int(violent.sum()), cells + len(quiet)
    return {"precision": hits / alerts if alerts else None, "recall": hits / happened if happened else None,
            "base_rate": happened / cells if cells else None, "alerts": alerts}


def worse(found: Plain, committed: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for every committed figure that got worse than its tolerance (rule 4).

    Args:
        committed: Each with ``figure`` (its place in the report, such as ``gains.ladder.conflictology.all.gain``),
            ``value``, ``tolerance`` >= 0 and ``better`` (``higher`` or ``lower``).
    """
    return [complaint for one in committed if (complaint := _complaint(found, one))]


def _complaint(found: Plain, one: Mapping[str, Any]) -> str | None:
    value: Any = found
    for step in str(one["figure"]).split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if not isinstance(value, int | float):
        return f"{one['figure']}: expected a figure, found none"
    sign = 1 if one["better"] == "higher" else -1
    if sign * (value - one["value"]) >= -one["tolerance"]:
        return None
    return f"{one['figure']}: committed {one['value']:g} within {one['tolerance']:g}, found {value:g}"
