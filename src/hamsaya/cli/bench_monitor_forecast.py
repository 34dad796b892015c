"""``hamsaya bench monitor --part forecast``: the CRPS kernel against scoringrules, and what a forecast costs.

    crps_ms, crps_ratio    200,000 outcomes, ensembles of 100; scoringrules' time ÷ ours (higher is better)
    crps_off               largest difference from scoringrules
    kernel_*, ladder_*     features, refit and forecast of ``cells`` cells for 6 horizons, by that tier and those before
    sort_s                 the raw limit beside them: numpy sorting 2^24 random numbers, in the same process
    gain_*                 with real incidents: CRPS gain of the ladder over the benchmarks, its interval, in per cent

Costs are on invented incidents, from a seed, over a box of 57 by 37 degrees and 23 years. Each tier runs in a process
of its own with two workers; CPU is of all three, their start included; peak memory is that of the largest process.
Gains need a file of incidents: UCDP GED 21.1 in the folder that HAMSAYA_DATA names, or else in ``../shared/data``.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20_260_901
ROWS, MEMBERS = 200_000, 100
BOX = "43,20,100,57"
CORE = "60,23,78,39"
YEARS = 23
REAL = "ucdp-ged-global-v21_1-prec12.parquet"
Figures = dict[str, Any]
Array = Any


def forecast(quick: bool) -> Figures:
    """Measure the score and the tiers; without ``quick`` also the gains on real incidents, where they are."""
    figures = in_a_process(crps_cost, ROWS // 10 if quick else ROWS)
    for tiers in (("conflictology", "kernel"), ("conflictology", "kernel", "ladder")):
        figures |= in_a_process(tier_cost, tiers, 6 if quick else 1)
    folder = Path(os.environ.get("HAMSAYA_DATA") or Path("..") / "shared" / "data")
    if not quick and (folder / REAL).is_file():
        figures |= gains(folder / REAL, "2017-01", "2019-12")
    return figures


def in_a_process(work: Callable[..., Figures], *arguments: Any) -> Figures:
    """Return what ``work`` measures in a fresh process whose array libraries use one thread."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(work, *arguments).result()


def crps_cost(rows: int) -> Figures:
    """Measure the score of whole-number ensembles, zero in most rows as deaths are; best of five."""
    from hamsaya.monitor import scores

    random = np.random.default_rng(SEED)
    ensemble = random.poisson(random.gamma(0.1, 1, rows)[:, None], (rows, MEMBERS)).astype("i2")
    observed = random.poisson(0.1, rows)
    ours, score = best_of(5, lambda: scores.crps(observed, ensemble))
    figures: Figures = {"crps_ms": round(1000 * ours, 2), "crps_rows": rows}
    try:
        oracle: Any = import_module("scoringrules")
    except ImportError:
        return figures
    outcome, members = observed.astype("f8"), ensemble.astype("f8")
    theirs, other = best_of(3, lambda: oracle.crps_ensemble(outcome, members, estimator="qd", backend="numba"))
    return {**figures, "crps_ratio": round(theirs / ours, 1), "crps_off": float(np.abs(score - other).max())}


def best_of(times: int, call: Callable[[], Array]) -> tuple[float, Array]:
    """Return the least CPU seconds of several calls after a first, and the last result."""
    result, least = call(), float("inf")
    for _ in range(times):
        start = time.process_time()
        result = call()
        least = min(least, time.process_time() - start)
    return least, result


def tier_cost(tiers: tuple[str, ...], coarser: int) -> Figures:
    """Measure features, refit and forecast of one set of tiers; ``coarser`` divides the area."""
    from hamsaya.monitor.forecast import Plan, release_of
    from hamsaya.monitor.forecast_rows import table_of
    from hamsaya.node.forecasting import executor_of

    cube, plan = invented(coarser), Plan(tiers=tiers)
    last = len(cube.events) - 1
    raw = best_of(1, lambda: np.sort(np.random.default_rng(SEED).random(1 << 24)))[0]
    with executor_of(2) as executor:
        list(executor.map(abs, range(4)))  # Starting the processes is not part of the work.
        wall, cpu = time.perf_counter(), _cpu()
        table = table_of(cube, [last], executor, first=last - plan.reach, seed=plan.seed,
                         farthest=max(plan.horizons), groups=5 if "ladder" in tiers else 1)
        release = release_of(table, last, plan, executor)
        for horizon in plan.horizons:
            release.tiers(table, last, horizon)
        wall = time.perf_counter() - wall
    cpu = _cpu() - cpu  # Of workers only once they have ended.
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    name = tiers[-1]
    return {"cells": len(cube.gid), "sort_s": round(raw, 2), f"{name}_wall_s": round(wall, 1),
            f"{name}_cpu_s": round(cpu, 1), f"{name}_cpu_ratio": round(cpu / raw, 1),
            f"{name}_peak_gib": round(peak / 2**20, 2), f"{name}_rows": release.learnt.rows}


def _cpu() -> float:
    return time.process_time() + sum(os.times()[2:4])


def invented(coarser: int = 1) -> Any:
    """Return a cube of invented incidents with clusters, as many as a large region has; the same for the same seed."""
    from hamsaya.monitor.forecast_cube import cube_of
    from hamsaya.monitor.grid import PRIO, Box
    from hamsaya.monitor.incidents import Release, from_columns, month_number

    random = np.random.default_rng(SEED)
    box = Box(43, 20, 43 + 57 // coarser, 20 + 37 // coarser)
    first, months, events = month_number("1997-01"), YEARS * 12, 30_000 // coarser
    centres = np.stack([random.uniform(box.west, box.east, 60), random.uniform(box.south, box.north, 60)], 1)
    cluster = random.choice(60, events, p=random.dirichlet(np.full(60, 0.3)))
    place = centres[cluster] + random.normal(0, 0.8, (events, 2))
    lon, lat = np.clip(place[:, 0], -179, 179), np.clip(place[:, 1], -89, 89)
    day = (first + random.integers(0, months, events)).astype("M8[M]").astype("M8[D]").astype("i4")
    columns = {"id": np.arange(events).astype("S"), "start": day, "end": day, "lon": lon, "lat": lat,
               "gid": PRIO.cell_of(lon, lat), "violence": random.integers(1, 4, events),
               "best": random.geometric(0.3, events)}
    table = from_columns(columns, Release("bench", "single", "", 0, "", ""))
    return cube_of(table, box, first=first, last=first + months - 1)


def gains(path: Path, first: str, last: str) -> Figures:
    """Return the ladder's gains over both benchmarks on the whole box and its core, each with its interval."""
    from hamsaya.node.forecasting import Asked, replay

    found = replay(Asked(path, BOX, zone=CORE), first=first, last=last, workers=2)
    figures: Figures = {"gain_months": f"{found['from']} to {found['to']}"}
    for benchmark, sets in found["gains"]["ladder"].items():
        for name in ("all", "zone"):
            one = sets[name]
            figures[f"gain_{benchmark}_{name}"] = [round(100 * one[key], 2) for key in ("gain", "low", "high")]
    best = found["onset"]["models"]["ladder"]
    return {**figures, "onset_precision": best["precision"], "onset_recall": best["recall"],
            "bands": found["bands"]["ladder"], "reliability": found["reliability"]["ladder"]}
