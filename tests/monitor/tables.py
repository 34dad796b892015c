"""Tables of incidents for tests: a few columns given, the rest plain."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from hamsaya.monitor.grid import PRIO
from hamsaya.monitor.incidents import Incidents, Release, day_number, from_columns

RELEASE = Release("test", "single", "1", 0, "CC0-1.0", "Made for a test.")
COUNTRIES = ("Ava", "Bel")
AREAS = (("Ava", "North"), ("Ava", "South"), ("Bel", "East"))


def table(size: int = 1, **columns: Any) -> Incidents:
    """Return ``size`` incidents on 2019-03-05 at (65.1, 31.1), one death each, changed by ``columns``."""
    day = np.full(size, day_number("2019-03-05"))
    made: dict[str, Any] = {
        "id": np.array([f"e{number}".encode() for number in range(size)], "S"), "start": day, "end": day,
        "lon": np.full(size, 65.1), "lat": np.full(size, 31.1), "violence": np.ones(size), "best": np.ones(size),
        "country": np.zeros(size), "adm1": np.zeros(size), "where_prec": np.ones(size),
    }
    made |= {name: np.broadcast_to(value, size) for name, value in columns.items()}
    made["gid"] = PRIO.cell_of(made["lon"], made["lat"])
    return from_columns(made, RELEASE, COUNTRIES, AREAS)


@st.composite
def tables(draw: st.DrawFn) -> Incidents:
    """Small tables with long events, events known by area only, and points in a few cells of two countries."""
    size = draw(st.integers(1, 25))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    start = np.array(column(st.integers(17_800, 18_300)))
    return table(
        size, start=start, end=start + column(st.integers(0, 120)),
        lon=column(st.sampled_from([60.1, 60.6, 61.1, 75.0])), lat=column(st.sampled_from([31.0, 31.5])),
        best=column(st.integers(0, 400)), violence=column(st.integers(1, 3)), where_prec=column(st.integers(0, 7)),
        country=column(st.integers(-1, 1)), adm1=column(st.integers(-1, 2)),
    )
