"""A desk for the pages: a store with a quarantine, a ledger, blind spots, zones and a forecast, all of it invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from hamsaya.base.instants import DAY
from hamsaya.messages.monitor import Coverage, CoverRow, Dispute
from hamsaya.monitor.merging import compared
from hamsaya.monitor.types import centre
from hamsaya.node.data_files import open_incident_store
from hamsaya.node.incident_store import Taking, ingest
from hamsaya.node.merging import keep
from tests.adapters.eventmaking import ged, text_of
from tests.monitor.accounts import two_sides

AS_OF = 1_769_904_000_000  # 2026-02-01


def make_desk(folder: Path, own: str, cells: list[int]) -> Path:
    """Return ``folder`` with one of everything in it.

    Args:
        own: The party whose node it is.
        cells: PRIO-GRID cells of blind spots and zones.
    """
    folder.mkdir(exist_ok=True)
    rows = [ged(number, date_start=f"2025-{number % 12 + 1:02}-03", date_end=f"2025-{number % 12 + 1:02}-04")
            for number in range(60)]
    rows += [ged(90, best=-1), ged(91, date_start="2019-13-01"), ged(92, latitude="<b>here</b>")]
    source = folder / "GEDEvent_v26_1.csv"
    source.write_text(text_of(rows), encoding="utf-8")
    store = open_incident_store(folder / "incidents", create=True)
    ingest(store, source, Taking(form="ucdp-ged", as_of=AS_OF, on_error="quarantine"))
    store.close()
    source.unlink()
    sides = [msgspec.structs.replace(one, reporter=name, as_of=AS_OF) for name, side in
             zip((own, "bel"), two_sides(1, 60), strict=True) for one in side]
    keep(folder / "ledger.json", compared(sides, None))
    (folder / "blind-spots.json").write_text(json.dumps(blind_spots(cells)), encoding="utf-8")
    (folder / "zones.json").write_text(json.dumps(zones(cells)), encoding="utf-8")
    (folder / "forecast.json").write_text("{}", encoding="utf-8")
    return folder


def blind_spots(cells: list[int]) -> dict[str, Any]:
    """Return what ``monitor blind-spots --json`` prints."""
    spots = [{"gid": gid, "score": 0.45, "score_low": 0.15, "score_high": 0.6, "probability": 0.5, "coverage": 0.4,
              "border": place == 0, "reasons": ["invented"]} for place, gid in enumerate(cells)]
    return {"month": "2026-01", "sources": [["UCDP GED", "CC BY 4.0"]], "ledger_as_of": AS_OF, "border_weight": 1.5,
            "spots": spots}


def zones(cells: list[int]) -> dict[str, Any]:
    """Return what ``monitor zones --json`` prints, of one zone."""
    longitude, latitude = centre(cells[0])
    return {"zones": [{"number": 1, "label": "Z-0001", "since": "2026-01-01", "cells": 1, "area_km2": 2500.0,
                       "reporters": ["ava"], "cross_border": False, "lat": latitude, "lon": longitude,
                       "cell_ids": cells[:1]}],
            "looks": [{"day": "2026-01-31", "events": []}], "level": 0.05, "cell_degrees": 0.5}


def declarations(own: list[int], now: int) -> list[Coverage | Dispute]:
    """Return what a member declares and contests of its own cells: all, half, nothing of the first three."""
    rows = [CoverRow(gid, percent) for gid, percent in zip(sorted(own)[:3], (100, 50, 0), strict=True)]
    return [Coverage(as_of=now - DAY, first="2026-01", last="2026-06", rows=rows),
            Dispute(as_of=now - DAY, gid=rows[1].gid, first="2026-01", last="2026-06", low=10, high=30, own=55,
                    ground="reports-missing")]
