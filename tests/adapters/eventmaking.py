"""Files of incidents for tests: the real columns of each format, rows invented."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from hamsaya.adapters.eventfile import LAST_DAY, read_events
from hamsaya.adapters.eventformats import format_of
from hamsaya.monitor.types import gid_of
from hamsaya.ports.incidents import Batch, Problem

_GED = """
id relid year active_year code_status type_of_violence conflict_dset_id conflict_new_id conflict_name dyad_dset_id
dyad_new_id dyad_name side_a_dset_id side_a_new_id side_a side_b_dset_id side_b_new_id side_b number_of_sources
source_article source_office source_date source_headline source_original where_prec where_coordinates
where_description adm_1 adm_2 latitude longitude geom_wkt priogrid_gid country country_id region event_clarity
date_prec date_start date_end deaths_a deaths_b deaths_civilians deaths_unknown best high low gwnoa gwnob
"""
_ACLED = """
event_id_cnty event_date year time_precision disorder_type event_type sub_event_type actor1 assoc_actor_1 inter1
actor2 assoc_actor_2 inter2 interaction civilian_targeting iso region country admin1 admin2 admin3 location
latitude longitude geo_precision source source_scale notes fatalities tags timestamp
"""
GED, ACLED = _GED.split(), _ACLED.split()


def ged(number: int, **changed: Any) -> dict[str, Any]:
    """Return one row with all of GED's columns; ``changed`` takes the place of plain values."""
    lat, lon = 34.5 + number % 7 / 10, 69.2 + number % 5 / 10
    row: dict[str, Any] = dict.fromkeys(GED, "") | {
        "id": 1000 + number, "type_of_violence": 1, "where_prec": 1, "adm_1": "North province", "latitude": lat,
        "longitude": lon, "country": "Ava", "date_prec": 1, "date_start": "2019-03-02 00:00:00.000",
        "date_end": "2019-03-04 00:00:00.000", "best": 3, "low": 2, "high": 5, "gwnoa": 1,
        "side_a": "Government of Ava", "side_b": "Somebody's Name", "source_headline": "Quoted, \"news\"",
    }
    row |= changed
    if "priogrid_gid" not in changed and "latitude" not in changed and "longitude" not in changed:
        row["priogrid_gid"] = gid_of(lon, lat)
    return row


def acled(number: int, **changed: Any) -> dict[str, Any]:
    """Return one row with all of ACLED's columns."""
    return dict.fromkeys(ACLED, "") | {
        "event_id_cnty": f"AVA{number}", "event_date": "05 March 2019", "time_precision": 1, "event_type": "Battles",
        "inter1": "State forces", "inter2": "Rebel group", "country": "Ava", "admin1": "North", "latitude": 34.5,
        "longitude": 69.2, "geo_precision": 1, "fatalities": 2, "actor1": "A", "notes": "text",
    } | changed


def text_of(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV under their header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(path: Path, form: str = "ucdp-ged", **options: Any) -> tuple[list[Batch], list[Problem], list[str]]:
    """Return a file's batches, what was not taken, and the notes."""
    problems: list[Problem] = []
    file = read_events(path, format_of(form), problems.append, latest=options.pop("latest", LAST_DAY), **options)
    return list(file.batches), problems, file.notes


def ids(batches: list[Batch]) -> list[str]:
    """Return the ids of all rows."""
    return [name.decode() for batch in batches for name in batch.columns["id"].tolist()]
