"""``hamsaya bench monitor --part scan``: scans against SaTScan's answers and its CPU, where those lie beside the data.

    ratio_*       SaTScan's CPU seconds ÷ ours on the same problem, 999 replicates (higher is better); SaTScan's were
                  measured once and lie in its answer files, ours are the median of the rounds, compiled code at hand
    parity_*      largest difference of the statistics of all clusters that both show, top and secondary (0 is equal)
    same_*        clusters with the very places, counts and rank of SaTScan's ÷ those that both show (1 is all)
    p_sigma_*     largest difference of p in Monte Carlo standard errors of two runs
    cylinders_*   10^9 cylinders (zone x window) a CPU second, and as a ratio to 16-bit comparisons by numpy
    contagion_*   CPU seconds of one fit to the precise incidents of a year

The answers are looked for in HAMSAYA_DATA, else in ../shared/data; without them an invented problem of the same size is
scanned and only cylinders are told. Other work on the machine disturbs CPU seconds less than wall clock, but it does:
``load`` is the machine's load average when the bench began.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.adapters.casefile import read_cases, read_places
from hamsaya.monitor.hawkes import fit, points
from hamsaya.monitor.incidents import day_number
from hamsaya.monitor.scan import Found, Settings, Study, scan
from hamsaya.monitor.scan_space import circles, windows

ROUNDS = 3
REPLICATES = 999
Figures = dict[str, Any]


def scan_bench(quick: bool) -> Figures:
    """Measure the scans and the contagion fit."""
    figures: Figures = {"load": round(os.getloadavg()[0], 2), "workers": 1}
    folder = _folder()
    problems = {"invented": _invented()} if folder is None else {
        path.stem: _problem(folder, path.stem) for path in sorted(folder.glob("*.json"))}
    for name, (study, settings, answer) in problems.items():
        seconds, found = _timed(study, settings, 1 if quick else ROUNDS)
        figures |= _cylinders(name, study, settings, seconds)
        if answer:
            figures |= _against(name, found, answer, seconds)
    return figures | _contagion()


def _folder() -> Path | None:
    root = Path(__file__).resolve().parents[4]
    places = [Path(os.environ["HAMSAYA_DATA"])] if "HAMSAYA_DATA" in os.environ else [root / "shared" / "data"]
    return next((place / "satscan-reference" for place in places if (place / "satscan-reference").is_dir()), None)


def _problem(folder: Path, name: str) -> tuple[Study, Settings, Any]:
    with (folder / f"{name}.json").open(encoding="utf-8") as text:
        answer = json.load(text)
    places = read_places(folder / f"{name}.geo.gz")
    cases = read_cases(folder / f"{name}.cas.gz", places)
    first, last = (_day(one) for one in answer["study"])
    unit = answer["time_aggregation_days"]
    count = -(-(last - first + 1) // unit)
    repeats = np.array(cases.value, "i8")
    bins = count - 1 - (last - np.repeat(np.array(cases.day), repeats)) // unit
    study = Study(np.array(places.lat), np.array(places.lon), np.repeat(np.array(cases.place), repeats).astype("i4"),
                  bins.astype("i4"), count)
    chosen = Settings(answer["analysis"].startswith("prospective"), answer["max_radius_km"], replicates=REPLICATES)
    answer["names"] = places.ids
    return study, chosen, answer


def _day(text: str) -> int:
    year, month, day = map(int, text.split("/"))
    return day_number(f"{year:04}-{month:02}-{day:02}")


def _invented() -> tuple[Study, Settings, None]:
    rng = np.random.default_rng(1)
    place = rng.choice(900, 3400, p=rng.dirichlet(np.full(900, 0.5)))
    study = Study(rng.uniform(25, 38, 900), rng.uniform(60, 75, 900), place.astype("i4"),
                  rng.integers(0, 104, 3400).astype("i4"), 104)
    return study, Settings(True, 150.0, replicates=REPLICATES), None


def _timed(study: Study, settings: Settings, rounds: int) -> tuple[float, Found]:
    """Return median CPU seconds of this process and what was found; one scan before warms up."""
    seconds = []
    with ThreadPoolExecutor(1) as executor:
        found = scan(study, settings, executor)
        for _ in range(rounds):
            started = time.process_time()
            scan(study, settings, executor)
            seconds.append(time.process_time() - started)
    return statistics.median(seconds), found


def _cylinders(name: str, study: Study, settings: Settings, seconds: float) -> Figures:
    weight = np.bincount(study.place, minlength=len(study.lat))
    zones = len(circles(study.lat, study.lon, weight, settings.radius_km, settings.share))
    number = zones * len(windows(study.count, settings.prospective, settings.time_share)) * settings.replicates
    left, right = np.arange(1 << 20, dtype="i2"), np.zeros(1 << 20, "i2")
    raw = (1 << 20) * 20 / _cpu(lambda: [np.greater_equal(left, right) for _ in range(20)])
    return {f"cpu_s_{name}": round(seconds, 3), f"cylinders_{name}": round(number / seconds / 1e9, 2),
            f"cylinders_ratio_{name}": round(number / seconds / raw, 2)}


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return max(time.process_time() - started, 1e-9)


def _against(name: str, found: Found, answer: Any, seconds: float) -> Figures:
    pairs = list(zip(found.clusters, answer["clusters"], strict=False))
    same = [[answer["names"][place] for place in ours.places] == theirs["locations"]
            and ours.observed == theirs["observed"] for ours, theirs in pairs]
    sigma = [abs(ours.p_value - float(theirs["p_value"])) / max(
        (2 * float(theirs["p_value"]) * (1 - float(theirs["p_value"])) / REPLICATES) ** 0.5, 1 / REPLICATES)
        for ours, theirs in pairs]
    return {
        f"ratio_{name}": round(answer["cpu_seconds_user"] / seconds, 1),
        f"parity_{name}": max(abs(ours.statistic - theirs["statistic"]) for ours, theirs in pairs),
        f"same_{name}": sum(same) / len(same), f"clusters_{name}": len(pairs), f"p_sigma_{name}": round(max(sigma), 2),
    }


def _contagion() -> Figures:
    """Return the cost of one fit; incidents are invented, as many and as near as those of a bad year."""
    rng = np.random.default_rng(2)
    day, centre = np.sort(rng.integers(0, 365, 1500)), rng.integers(0, 40, 1500)
    seen = points(day, rng.uniform(29, 37, 40)[centre] + rng.normal(0, 0.2, 1500),
                  rng.uniform(62, 72, 40)[centre] + rng.normal(0, 0.2, 1500), 0, 2.0, 1)
    fit(seen, 365.0)
    return {"contagion_fit_cpu_s": round(_cpu(lambda: fit(seen, 365.0)), 2), "contagion_incidents": 1500}
