"""``hamsaya bench monitor --part ingest``: files of incidents against the raw cost of reading them, up to 10^7 rows.

    csv_*        a CSV with all of GED's 49 columns into the store: rows a minute, and the time of a bare CSV reader of
                 the same file ÷ ours (higher is better, at most 1)
    cost_us_*    µs for each row of a Parquet file: into the store, out of it again, into a panel; at several sizes
    flat_*       cost at the largest size ÷ cost at the smallest (near 1: the cost of a row does not grow)
    peak_gib_*   largest memory of the process that did one size, all three steps together

Rows are invented, from a seed: clusters in invented provinces of invented states, a sixth known by area only. Each size
runs in a process of its own. Times are CPU seconds of that process, threads of the Parquet library included.
"""

from __future__ import annotations

import csv
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.base.errors import OperatorError

SEED = 20_260_901
CHUNK = 1 << 17
STATES, PROVINCES, TOWNS = 8, 20, 12
FIRST_DAY, DAYS = 6_940, 13_149  # 1989-01-01 and 36 years of days
GED = 49
Figures = dict[str, Any]
Array = Any


def ingest(quick: bool) -> Figures:
    """Measure reading, keeping and counting incidents."""
    sizes = (50_000, 200_000) if quick else (1_000_000, 3_000_000, 10_000_000)
    with tempfile.TemporaryDirectory(prefix="hamsaya-bench-") as folder:
        figures = _in_a_process(csv_cost, Path(folder), 20_000 if quick else 300_000)
        costs = {size: _in_a_process(parquet_cost, Path(folder), size) for size in sizes}
    small, large = costs[sizes[0]], costs[sizes[-1]]
    for size, cost in costs.items():
        figures |= {f"{name}_{size}": value for name, value in cost.items()}
    steps = [name for name in small if name.startswith("cost_us")]
    figures |= {name.replace("cost_us", "flat"): round(large[name] / small[name], 2) for name in steps}
    return figures


def _in_a_process(work: Callable[[Path, int], Figures], folder: Path, size: int) -> Figures:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(work, folder, size).result()


def events(size: int, seed: int = SEED) -> Iterator[dict[str, Array]]:
    """Yield invented incidents under GED's column names, a chunk at a time; the same for the same size and seed."""
    places = np.random.default_rng(seed)
    states = places.uniform((50, 28), (90, 48), (STATES, 2))
    towns = np.repeat(states, PROVINCES, 0) + places.uniform(-5, 5, (STATES * PROVINCES, 2))
    for first in range(0, size, CHUNK):
        count = min(CHUNK, size - first)
        chance = np.random.default_rng((seed, first))
        province = (STATES * PROVINCES * chance.random(count) ** 2).astype(int)
        town = chance.integers(0, TOWNS, count)
        lon = towns[province, 0] + (town % 4 - 1.5) * 0.6 + np.round(chance.normal(0, 0.05, count), 3)
        lat = towns[province, 1] + (town // 4 - 1.0) * 0.6 + np.round(chance.normal(0, 0.05, count), 3)
        start = FIRST_DAY + chance.integers(0, DAYS - 40, count)
        best = np.minimum(chance.geometric(0.3, count) * (1 + 20 * (chance.random(count) < 0.02)), 500)
        yield {
            "id": np.arange(first + 1, first + count + 1), "type_of_violence": chance.choice(3, count) + 1,
            "where_prec": chance.choice([1, 2, 3, 4, 5, 6], count, p=[0.5, 0.25, 0.09, 0.1, 0.03, 0.03]),
            "latitude": lat.round(5), "longitude": lon.round(5), "country": province // PROVINCES,
            "adm_1": province, "date_prec": chance.integers(1, 4, count), "date_start": start,
            "date_end": start + (chance.random(count) < 0.1) * chance.integers(1, 40, count), "best": best,
            "low": best // 2, "high": best * 2,
        }


def write_parquet(path: Path, size: int, seed: int = SEED) -> None:
    """Write invented incidents as Parquet with GED's names and types."""
    import pyarrow as pa
    from pyarrow import parquet

    days = {"date_start", "date_end"}
    words = {"country": [f"State {number}" for number in range(STATES)],
             "adm_1": [f"Province {number}" for number in range(STATES * PROVINCES)]}
    writer = None
    for chunk in events(size, seed):
        arrays = {name: pa.DictionaryArray.from_arrays(pa.array(column, pa.int32()), words[name]) if name in words
                  else pa.array(column.astype("M8[D]")) if name in days else pa.array(column)
                  for name, column in chunk.items()}
        batch = pa.record_batch(arrays)
        writer = writer or parquet.ParquetWriter(path, batch.schema, compression="zstd")
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


def write_csv(path: Path, size: int, seed: int = SEED) -> None:
    """Write invented incidents as CSV, as wide as GED's own and with text in the columns that nobody reads."""
    with path.open("w", encoding="utf-8", newline="") as text:
        out, filler = csv.writer(text), None
        for chunk in events(size, seed):
            days = {name: np.datetime_as_string(chunk[name].astype("M8[D]")) for name in ("date_start", "date_end")}
            words = {name: [f"{name} {number}" for number in chunk[name]] for name in ("country", "adm_1")}
            columns = {**chunk, **days, **words}
            if filler is None:
                filler = [f"text_{number}" for number in range(GED - len(columns))]
                out.writerow([*columns, *filler])
            rest = ["Some words, of a \"source\"", *[""] * (len(filler) - 8), *("Words of a place" for _ in range(7))]
            out.writerows([*row, *rest] for row in zip(*columns.values(), strict=True))


def csv_cost(folder: Path, size: int) -> Figures:
    """Measure a CSV of all 49 columns."""
    from hamsaya.node.data_files import open_incident_store
    from hamsaya.node.incident_store import Taking
    from hamsaya.node.incident_store import ingest as take

    path = folder / "events.csv"
    write_csv(path, size)
    store = open_incident_store(folder / "csv", create=True)
    ratios, costs = [], []
    for number in range(3):
        bare = _seconds(lambda: _read_bare(path))
        taking = Taking(form="ucdp-ged", as_of=2_000_000_000_000, version=f"{26 + number}.1")
        cost = _seconds(lambda taking=taking: take(store, path, taking))  # type: ignore[misc]
        ratios.append(bare / cost)
        costs.append(cost)
    if store.ingests()[-1].rows != size:
        raise OperatorError(f"expected {size} rows taken in, received {store.ingests()[-1].rows}", code="bench")
    store.close()
    return {"csv_rows": size, "csv_columns": GED, "csv_rows_a_minute": round(60 * size / sorted(costs)[1]),
            "csv_ratio": round(sorted(ratios)[1], 3), "csv_peak_gib": _peak()}


def _read_bare(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as text:
        return sum(1 for _ in csv.reader(text))


def parquet_cost(folder: Path, size: int) -> Figures:
    """Measure one size: into the store, out of it, into a panel."""
    from hamsaya.monitor.panel import panel
    from hamsaya.node.data_files import open_incident_store
    from hamsaya.node.incident_store import Taking, held
    from hamsaya.node.incident_store import ingest as take

    path, made = folder / "events.parquet", {}
    write_parquet(path, size)
    store = open_incident_store(folder / f"store-{size}", create=True)
    clock = time.process_time()
    take(store, path, Taking(form="ucdp-ged", as_of=2_000_000_000_000, version="26.1"))
    made["cost_us_ingest"] = time.process_time() - clock
    path.unlink()
    clock = time.process_time()
    table = held(store)
    made["cost_us_load"] = time.process_time() - clock
    clock = time.process_time()
    counts = panel(table, first=228, last=228 + 36 * 12)
    made["cost_us_panel"] = time.process_time() - clock
    if counts.deaths.sum() + counts.left_out.deaths != table.best.sum(dtype="i8") or len(table) != size:
        raise OperatorError("expected every incident and every death in the panel", code="bench")
    store.close()
    return {**{name: round(seconds / size * 1e6, 2) for name, seconds in made.items()}, "peak_gib": _peak()}


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
