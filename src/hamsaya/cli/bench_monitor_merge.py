"""``hamsaya bench monitor --part merge|blind``: merging two sides' accounts, and what a year of silence costs.

    merge  Events of a file (or invented ones), told by two sides with errors of their own; which pairs are one event?
           F1 of pairs above one half, the largest gap between said and true share in a band of probability, candidate
           pairs for each second of CPU (blocking, learning, assignment; compiled before). Two models of error, on
           neither of which anything was tuned: ``protocol`` (70 % reported, places off by .5, 8 or 30 km) and
           ``harsh`` (sides that differ in share, lateness and undercount, with precision codes).
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
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hamsaya.adapters.regionpack import builtin_pack
from hamsaya.monitor import blindspots
from hamsaya.monitor.merging_columns import KM_PER_DEGREE, Columns, candidate_pairs
from hamsaya.monitor.merging_model import fit

Array = Any
Figures = dict[str, Any]
EVENTS = "ucdp-ged-global-v21_1-prec12.parquet"
CELLS = "priogrid-cells-region.csv.gz"
STATES = 2  # With most events, of those whose events nearly all lie in cells of the pack's annex.
MEMBER_SHARE = 0.9
SINCE = "2018-01-01"
SEEDS = 5
BANDS = ((0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.01))
BOX = (43, 20, 100, 57)  # West, south, east, north.
FIRST_YEAR, TEST_YEAR = 1989, 2017


class Events(NamedTuple):
    """Events that happened, one row each; ``actor`` from 1."""

    lon: Array
    lat: Array
    day: Array
    best: Array
    violence: Array
    actor: Array


def merge(quick: bool) -> Figures:
    """Measure merging on both models of error."""
    path = _data(EVENTS)
    events = _invented() if path is None else _real(path)
    figures: Figures = {"events": len(events.day), "source": "invented" if path is None else path.name}
    for name, model in (("protocol", _protocol), ("harsh", _harsh)):
        figures |= {f"{name}_{key}": value for key, value in _measured(events, model, 2 if quick else SEEDS).items()}
    return figures


def _measured(events: Events, model: Callable[..., tuple[Array, Columns]], seeds: int) -> Figures:
    said, true, scores, spent, pairs_seen = [], [], [], 0.0, 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        (ids, left), (other, right) = model(events, rng, 0), model(events, rng, 1)
        if seed == 0:
            fit(left, right, candidate_pairs(left, right))  # Compiling is not part of the work.
        start = time.process_time()
        pairs = candidate_pairs(left, right)
        p = fit(left, right, pairs).probability
        spent += time.process_time() - start
        pairs_seen += len(p)
        same = ids[pairs.left] == other[pairs.right]
        both = len(np.intersect1d(ids, other))
        hits = int((same & (p > 0.5)).sum())
        scores.append((hits / max((p > 0.5).sum(), 1), hits / both))
        said.append(p)
        true.append(same)
    precision, recall = np.mean(scores, 0)
    p, same = np.concatenate(said), np.concatenate(true)
    gaps = [abs(p[k].mean() - same[k].mean()) for low, high in BANDS if (k := (p >= low) & (p < high)).any()]
    return {
        "precision": round(float(precision), 3), "recall": round(float(recall), 3),
        "f1": round(float(np.mean([2 * a * b / (a + b) for a, b in scores])), 3),
        "calibration_gap": round(float(max(gaps)), 3), "pairs_per_s": round(pairs_seen / spent),
    }


def _protocol(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events with the errors of the protocol: the same for both sides, no precision given."""
    kept = np.flatnonzero(rng.random(len(events.day)) < 0.7)
    n = len(kept)
    off = rng.choice([0.5, 8.0, 30.0], n, p=[0.55, 0.33, 0.12])
    late = np.where((u := rng.random(n)) < 0.75, 0, np.where(u < 0.92, rng.integers(1, 3, n), rng.integers(3, 7, n)))
    factor = np.exp(rng.normal(0, np.where(rng.random(n) < 0.6, 0.05, 0.5)))
    actor = np.where(rng.random(n) < 0.9, events.actor[kept], rng.integers(1, 41, n))
    return kept, _told(
        events, kept, rng.normal(0, off), rng.normal(0, off), late * rng.choice([-1, 1], n), factor,
        np.where(rng.random(n) < 0.92, events.violence[kept], rng.integers(1, 4, n)),
        np.where(rng.random(n) < 0.2, 0, actor), np.zeros(n, np.int64))


def _harsh(events: Events, rng: Any, side: int) -> tuple[Array, Columns]:
    """Tell events as one side that knows much and one that knows what is big, is late and counts low."""
    share = np.where(events.best > 5, 0.85, 0.45) if side else np.full(len(events.day), 0.75)
    kept = np.flatnonzero(rng.random(len(events.day)) < share)
    n = len(kept)
    precision = rng.choice([1, 2, 3], n, p=[0.5, 0.35, 0.15])
    off = np.array([0.0, 1.0, 10.0, 35.0])[precision] * rng.gamma(2.0, 0.5, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    late = rng.poisson(0.8 if side else 0.2, n)
    factor = np.exp(rng.normal(-0.2 if side else 0.0, 0.3, n)) * np.where(rng.random(n) < 0.5, 1.0, 0.9)
    wrong = rng.random(n) < 0.07
    return kept, _told(
        events, kept, off * np.cos(angle), off * np.sin(angle), late, factor,
        np.where(wrong, 3, events.violence[kept]),
        np.where(rng.random(n) < 0.35, 0, np.where(rng.random(n) < 0.95, events.actor[kept], 1)), precision)


def _told(
    events: Events, kept: Array, east: Array, north: Array, late: Array, factor: Array, violence: Array, actor: Array,
    precision: Array,
) -> Columns:
    lat = events.lat[kept] + north / KM_PER_DEGREE
    lon = events.lon[kept] + east / (KM_PER_DEGREE * np.cos(np.radians(events.lat[kept])))
    day = (events.day[kept] + late).astype(np.int64)
    best = np.maximum(0, np.round(events.best[kept] * factor)).astype(np.int64)
    return Columns(lon, lat, day, day, best, best, best, violence.astype(np.int64), actor.astype(np.int64),
                   precision.astype(np.int64))


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
