"""What was known then is read back as it was: tables to the last byte, and a forecast that was made of them."""

from __future__ import annotations

import csv
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.instants import DAY
from hamsaya.monitor.grid import PRIO
from hamsaya.monitor.incidents import COLUMNS, NAMES, Incidents, day_number
from hamsaya.node.data_files import open_incident_store
from hamsaya.node.forecasting import Asked, Made, Plan, forecast_from
from hamsaya.node.incident_store import Taking, held, ingest
from tests.adapters.eventmaking import ged, text_of
from tests.monitor import simulated

pytest.importorskip("pyarrow")
START = day_number("2020-01-10")


def bytes_of(table: Incidents) -> bytes:
    """Return every column and every list of names as bytes."""
    columns = b"".join(np.ascontiguousarray(getattr(table, name)).tobytes() for name in COLUMNS)
    return columns + repr([getattr(table, name) for name in NAMES]).encode()


Release = tuple[str, str, list[tuple[int, int, str, int]]]


@st.composite
def releases(draw: st.DrawFn) -> list[Release]:
    """Return releases of one source in the order in which they come: format, version, rows of (id, month, country,
    deaths). Ids come again in later releases, moved, counted anew or withdrawn."""
    row = st.tuples(st.integers(0, 12), st.integers(1, 12), st.sampled_from(["Ava", "Bel"]), st.integers(0, 9))
    rows = st.lists(row, min_size=1, max_size=8, unique_by=lambda one: one[0])
    kinds = st.sampled_from([("ucdp-ged", "20.1"), ("ucdp-ged", "21.1"), ("ucdp-candidate", "19.0.3"),
                             ("ucdp-candidate", "19.0.7"), ("ucdp-candidate", "19.01.19.12"), ("ucdp-candidate", "")])
    return [(*draw(kinds), draw(rows)) for _ in range(draw(st.integers(2, 6)))]


@given(releases())
@settings(max_examples=25, deadline=None)
def test_every_day_s_table_is_read_back_to_the_last_byte(history: list[Release]) -> None:
    """Whatever releases came in whatever order: nothing taken in later changes what was known at any day before."""
    with tempfile.TemporaryDirectory() as folder, closing(
            open_incident_store(Path(folder) / "store", create=True)) as store:
        known: dict[int, bytes] = {}
        rows = 0
        for number, (form, version, made) in enumerate(history):
            path = Path(folder) / f"release-{number}.csv"
            path.write_text(text_of([_row(*one) for one in made]), encoding="utf-8")
            as_of = (START + 30 * number) * DAY
            taken = ingest(store, path, Taking(form=form, as_of=as_of, version=version))
            rows += 0 if taken.already else len(made)
            known[as_of] = bytes_of(held(store, as_of))
            assert {day: bytes_of(held(store, day)) for day in known} == known
        assert bytes_of(held(store)) == known[max(known)]
        assert sum(one.rows for one in store.ingests()) == rows, "nothing is lost, whoever speaks"


def _row(number: int, month: int, country: str, deaths: int) -> dict[str, Any]:
    day = f"2019-{month:02}-05"
    return ged(number, date_start=day, date_end=day, country=country, best=deaths, low=0, high=9)


def test_a_past_forecast_is_made_again_to_the_last_bit(tmp_path: Path) -> None:
    """The same release digest, distributions and model card, after newer data rewrote the months it had seen."""
    _write(tmp_path / "first.csv", simulated.deaths(0, 96), 2005)
    then, now = day_number("2013-01-20") * DAY, day_number("2014-01-20") * DAY
    with closing(open_incident_store(tmp_path / "store", create=True)) as store:
        ingest(store, tmp_path / "first.csv", Taking(form="ucdp-ged", as_of=then, version="13.1"))
        made = _forecast(tmp_path / "store", then)
        _write(tmp_path / "second.csv", simulated.deaths(0, 108) + 3, 2005)
        ingest(store, tmp_path / "second.csv", Taking(form="ucdp-ged", as_of=now, version="14.1"))
    again, newer = _forecast(tmp_path / "store", then), _forecast(tmp_path / "store", now)
    assert again.card == made.card and again.about == made.about
    assert all(again.columns[name].tobytes() == made.columns[name].tobytes() for name in made.columns)
    assert newer.about["release"] != made.about["release"], "with what is known now it is another forecast"


def _forecast(store: Path, as_of: int) -> Made:
    plan = Plan(horizons=(1, 2), learn_months=48, tiers=("conflictology", "kernel"))
    box = ",".join(f"{edge:g}" for edge in simulated.BOX)
    return forecast_from(Asked(None, box, plan, store=store, as_of=as_of), origin="2012-12", workers=1)


def _write(path: Path, counts: Any, year: int) -> None:
    month, cell = np.nonzero(counts)
    lon, lat = PRIO.centre(PRIO.in_box(simulated.BOX)[cell])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "date_start", "date_end", "latitude", "longitude", "type_of_violence", "best", "low",
                         "high", "country"])
        for number, (at, x, y, deaths) in enumerate(zip(month, lon, lat, counts[month, cell], strict=True)):
            day = f"{year + at // 12}-{at % 12 + 1:02}-15"
            writer.writerow([number, day, day, y, x, 1, deaths, deaths, deaths, "Ava"])
