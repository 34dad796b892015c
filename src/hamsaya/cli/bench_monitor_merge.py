"""``hamsaya bench monitor --part merge|blind``: merging two sides' accounts, and what a year of silence costs.

    merge  Events of a file (or invented ones), told by two sides with errors of their own; which pairs are one event?
           For each model of error (``bench_merge_models``: two shown before, four used to develop, four held out):
           F1 of pairs above one half, the largest gap between said and true share in a band of probability that holds
           ``ENOUGH`` pairs, the log score (nats for each shared event; lower is better), candidate pairs for each
           second of CPU (blocking, learning, assignment; compiled before). ``small``: the same of files of some 200
           accounts, pooled over ``SMALL_SEEDS`` stretches of time.
    blind  Average precision (area under precision and recall) of "a death within three months" on cells that touch
           another state, with their own last 12 months and their neighbours' hidden ÷ with all known.

Real events come from ``HAMSAYA_DATA`` or ``../shared/data``; without them events are invented, and the figures say so.
"""

from __future__ import annotations

import csv
import gzip
import os
import time
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.adapters.regionpack import builtin_pack
from hamsaya.cli.bench_merge_models import DEVELOPED, HELD, SHOWN, Events, Model
from hamsaya.monitor import blindspots
from hamsaya.monitor.merging_columns import candidate_pairs
from hamsaya.monitor.merging_model import fit

Array = Any
Figures = dict[str, Any]
EVENTS = "ucdp-ged-global-v21_1-prec12.parquet"
CELLS = "priogrid-cells-region.csv.gz"
STATES = 2  # With most events, of those whose events nearly all lie in cells of the pack's annex.
MEMBER_SHARE = 0.9
SINCE = "2018-01-01"
SEEDS = 5
SMALL, SMALL_SEEDS = 300, 24  # Events of which each side tells some 200.
ENOUGH = 50
BANDS = ((0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.01))
BOX = (43, 20, 100, 57)  # West, south, east, north.
FIRST_YEAR, TEST_YEAR = 1989, 2017


def merge(quick: bool) -> Figures:
    """Measure merging on every model of error."""
    path = _data(EVENTS)
    events = _invented() if path is None else _real(path)
    figures: Figures = {"events": len(events.day), "source": "invented" if path is None else path.name}
    _measured(events, SHOWN["protocol"], range(1))  # Compiling is not part of the work.
    for group, models in (("shown", SHOWN), ("developed", DEVELOPED), ("held", HELD)):
        for name, model in models.items():
            figures[name] = {"group": group, **_measured(events, model, range(2 if quick else SEEDS))}
            if not quick:
                small = _measured(events, model, range(SMALL_SEEDS), SMALL)
                figures[name]["small"] = {key: small[key] for key in ("f1", "calibration_gap", "nats")}
    return figures


def _measured(events: Events, model: Model, seeds: range, stretch: int | None = None) -> Figures:
    said, true, scores, spent, pairs_seen, shared = [], [], [], 0.0, 0, 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        some = events if stretch is None else _stretch(events, rng, stretch)
        (ids, left), (other, right) = model(some, rng, 0), model(some, rng, 1)
        start = time.process_time()
        pairs = candidate_pairs(left, right)
        p = fit(left, right, pairs).probability
        spent += time.process_time() - start
        pairs_seen += len(p)
        same = ids[pairs.left] == other[pairs.right]
        both = len(np.intersect1d(ids, other))
        shared += both
        hits = int((same & (p > 0.5)).sum())
        scores.append((hits / max((p > 0.5).sum(), 1), hits / both, 2 * hits / ((p > 0.5).sum() + both)))
        said.append(p)
        true.append(same)
    p, same = np.concatenate(said), np.concatenate(true)
    gaps = [abs(p[k].mean() - same[k].mean()) for low, high in BANDS
            if (k := (p >= low) & (p < high)).sum() >= ENOUGH]
    kept = np.clip(p, 1e-6, 1 - 1e-6)
    precision, recall, f1 = np.mean(scores, 0)
    return {
        "precision": round(float(precision), 3), "recall": round(float(recall), 3), "f1": round(float(f1), 3),
        "calibration_gap": round(float(max(gaps, default=0.0)), 3),
        "nats": round(-float(np.log(np.where(same, kept, 1 - kept)).sum()) / shared, 3),
        "pairs_per_s": round(pairs_seen / spent),
    }


def _stretch(events: Events, rng: Array, count: int) -> Events:
    """Return ``count`` events that follow one another in time."""
    order = np.argsort(events.day, kind="stable")
    rows = np.sort(order[np.arange(count) + rng.integers(0, len(order) - count)])
    return Events(*(column[rows] for column in events))


def blind(quick: bool) -> Figures:
    """Measure what is kept of average precision when a year is hidden."""
    path, cells = _data(EVENTS), _data(CELLS)
    if path is None or cells is None:
        return {"skipped": f"{EVENTS} and {CELLS} are absent: set HAMSAYA_DATA to their folder"}
    events, deaths = _grid(path)
    learnt_on, asked = _member_cells(cells, events.shape[1:])
    first = (TEST_YEAR - FIRST_YEAR) * 12
    happened = blindspots.outcome(deaths, learnt_on)
    train = range(blindspots.WARM_UP, first - blindspots.MONTHS)
    test = range(first, len(happened))
    tested = happened[first:][:, asked[learnt_on]].ravel()
    figures: Figures = {"cells": int(asked.sum()), "months": len(test), "base_rate": round(float(tested.mean()), 4)}
    for name, hidden in (("full", 0), ("hidden", blindspots.HIDDEN)):
        start = time.process_time()
        rows = blindspots.table(events, learnt_on, [*train, *test], hidden)
        size = rows.shape[-1]
        model = blindspots.fit(rows[: len(train)].reshape(-1, size), happened[train.start : train.stop].ravel(), 0)
        p = blindspots.probability(model, rows[len(train) :][:, asked[learnt_on]].reshape(-1, size))
        figures |= {f"ap_{name}": round(average_precision(tested, p), 4),
                    f"cpu_s_{name}": round(time.process_time() - start, 1)}
    figures["kept"] = round(figures["ap_hidden"] / figures["ap_full"], 3)
    return figures


def average_precision(happened: Array, score: Array) -> float:
    """Return the mean of precision over recall, ties taken together; higher is better."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(happened[order])
    last = np.append(np.diff(score[order]) != 0, True)
    precision = (hits / np.arange(1, len(hits) + 1))[last]
    recall = (hits / hits[-1])[last]
    return float(np.diff(recall, prepend=0.0) @ precision)


def _data(name: str) -> Path | None:
    path = Path(os.environ.get("HAMSAYA_DATA", Path("..") / "shared" / "data")) / name
    return path if path.is_file() else None


def _columns(path: Path, names: list[str]) -> dict[str, Array]:
    from pyarrow import parquet

    table = parquet.read_table(path, columns=names)
    return {name: np.array(table[name].to_pylist()) if name in ("country", "side_b") else table[name].to_numpy()
            for name in names}


def _real(path: Path) -> Events:
    read = _columns(path, ["country", "date_start", "longitude", "latitude", "best", "type_of_violence", "side_b"])
    day = read["date_start"].astype("M8[D]")
    recent = day >= np.datetime64(SINCE)
    states, at = np.unique(read["country"], return_inverse=True)
    inside = np.bincount(at, np.isin(_gids(read), _annex()), len(states)) / np.bincount(at, minlength=len(states))
    counts = np.where(inside > MEMBER_SHARE, np.bincount(at, recent, len(states)), 0)
    chosen = np.isin(at, np.argsort(-counts, kind="stable")[:STATES]) & recent
    _, actor = np.unique(read["side_b"][chosen].astype(str), return_inverse=True)
    return Events(read["longitude"][chosen], read["latitude"][chosen], day[chosen].astype(np.int64),
                  read["best"][chosen].astype(np.float64), read["type_of_violence"][chosen], actor + 1)


def _gids(read: dict[str, Array]) -> Array:
    row, column = (np.floor((read[name] + low) * 2).astype(int) for name, low in (("latitude", 90), ("longitude", 180)))
    return row * 720 + column + 1


def _annex() -> list[int]:
    return [gid for gid, reporters in builtin_pack().areas.items() if reporters]


def _invented(count: int = 3_000) -> Events:
    rng = np.random.default_rng(20_260_901)
    towns = rng.uniform((61, 30), (73, 37), (300, 2))
    town = (rng.random(count) ** 2 * len(towns)).astype(int)
    return Events(towns[town, 0], towns[town, 1], rng.integers(17_532, 18_262, count),
                  rng.geometric(0.15, count).astype(float), rng.choice([1, 1, 1, 1, 2, 3], count),
                  rng.choice([1, 1, 1, 2, 3], count))


def _grid(path: Path) -> tuple[Array, Array]:
    read = _columns(path, ["date_start", "longitude", "latitude", "best"])
    west, south, east, north = BOX
    lon, lat = read["longitude"], read["latitude"]
    inside = (lon >= west) & (lon < east) & (lat >= south) & (lat < north)
    month = read["date_start"].astype("M8[M]").astype(int)[inside] - (FIRST_YEAR - 1970) * 12
    row, column = (np.floor((at[inside] - low) * 2).astype(int) for at, low in ((lat, south), (lon, west)))
    shape = (12 * (int(month.max()) // 12 + 1), 2 * (north - south), 2 * (east - west))
    events, deaths = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    np.add.at(events, (month, row, column), 1)
    np.add.at(deaths, (month, row, column), read["best"][inside])
    return events, deaths


def _member_cells(path: Path, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the cells of the default pack's members, and of these those that touch another state's cell."""
    areas = files("hamsaya.regions") / builtin_pack().id / "areas.toml"
    claims = tomllib.loads(areas.read_text(encoding="utf-8"))["claims"]
    state = np.full(shape, "", "U3")
    with gzip.open(path, "rt", encoding="utf-8") as text:
        for cell in csv.DictReader(text):
            row, column = int((float(cell["lat"]) - BOX[1]) * 2), int((float(cell["lon"]) - BOX[0]) * 2)
            if float(cell["land_share"] or 0) > 0 and 0 <= row < shape[0] and 0 <= column < shape[1]:
                state[row, column] = cell["adm0_a3"] or "UNK"
    member = np.isin(state, sorted(claims))
    touches = np.zeros(shape, bool)
    for up in (-1, 0, 1):
        for right in (-1, 0, 1):
            near = np.roll(state, (up, right), (0, 1))
            touches |= (near != state) & (near != "") & (state != "")
    return member, member & touches
