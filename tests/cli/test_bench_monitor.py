"""The bench of monitoring: its invented incidents are the same everywhere, and it counts what it takes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hamsaya.base.errors import OperatorError
from hamsaya.cli import bench_monitor
from hamsaya.cli.bench_monitor_ingest import csv_cost, events, parquet_cost, write_csv


def test_invented_incidents_come_from_their_seed() -> None:
    """Two people who compare figures must have measured the same rows."""
    one, two = next(events(500, 7)), next(events(500, 7))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(one["latitude"], next(events(500, 8))["latitude"])


def test_a_measurement_takes_in_every_row(tmp_path: Path) -> None:
    """A figure of rows that were refused would be the speed of refusing."""
    pytest.importorskip("pyarrow")
    write_csv(tmp_path / "a.csv", 5)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[0].count(",") == 48
    assert csv_cost(tmp_path, 2_000)["csv_rows"] == 2_000
    assert {"cost_us_ingest", "cost_us_load", "cost_us_panel", "peak_gib"} == set(parquet_cost(tmp_path, 3_000))


def test_every_part_that_is_listed_is_there() -> None:
    """A part is found by its name only when it is asked for, so a slip would wait until then."""
    for name in bench_monitor.PARTS:
        assert callable(bench_monitor.load(name))
    with pytest.raises(OperatorError, match="ingest"):
        bench_monitor.monitor(True, ("nothing",))


def test_the_scan_is_measured_on_an_invented_problem_where_no_answers_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without SaTScan's answers no ratio to it is told, only what was measured here."""
    from hamsaya.cli import bench_monitor_scan

    monkeypatch.setenv("HAMSAYA_DATA", str(tmp_path))
    monkeypatch.setattr(bench_monitor_scan, "REPLICATES", 20)
    figures = bench_monitor.monitor(True, ("scan",))["scan"]
    assert figures["cpu_s_invented"] > 0 and figures["contagion_fit_cpu_s"] > 0
    assert not any(name.startswith(("ratio", "parity")) for name in figures)
