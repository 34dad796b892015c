"""Incidents as columns: one array a field, so that ten million of them can be counted in seconds.

Rules
1. A row is one incident by area and day. No column can hold a person, a party's name or a source's text; of who fought
   whom there is the *class* only (``ACTORS``).
2. Arrays of a table have equal length and are not written to; a change is a new table.
3. Days are whole days since 1970-01-01, months are whole months since 1970-01, both as numpy's datetime64 counts them.
4. An incident belongs to the month in which it ended: a long or summary event is known only at its end, so nothing of
   the future leaks into a month (``spread_days`` in ``panel`` divides it on request).
5. Unknown is a value: precision 0, radius NaN, country or area -1.

    table = from_columns({"id": …, "start": …, …}, release)
    table.take(table.end_month >= first)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Kind = Literal["annual", "candidate", "single"]

ACTORS = ("unknown", "state-state", "state-group", "group-group", "state-civilians", "group-civilians")
"""Classes of who acted against whom, by the codes of the column ``actors``; a class is all that is ever kept."""
VIOLENCE = ("", "state-based", "non-state", "one-sided")
RADIUS_KM = (float("nan"), 1.0, 25.0, 50.0, 150.0, 150.0, 500.0, 100.0)
"""Radius in km that UCDP's ``where_prec`` 0 (unknown) to 7 stands for. 2 is UCDP's own figure; the others are the
radius of a circle as large as a usual place, district, province or country."""


class Release(NamedTuple):
    """Where rows came from: a source's release as this node took it in.

    Attributes:
        source: The source family, such as ``ucdp``; only rows of one family ever take each other's place.
        kind: ``annual`` wins over ``candidate``; ``single`` has no such ranks.
        version: As the source numbers it, such as ``25.1``; may be empty.
        as_of: When it was known here, UTC milliseconds.
    """

    source: str
    kind: Kind
    version: str
    as_of: int
    licence: str
    citation: str


@dataclass(frozen=True, slots=True, eq=False)
class Incidents:
    """A table of incidents, one array a column, all of one length.

    Attributes:
        id: Bytes, the source's own, ASCII.
        start, end: int32, days since 1970-01-01, start <= end.
        date_prec: int8, UCDP's: 1 exact day, 2 a few days, 3 a week, 4 a month, 5 more; 0 unknown.
        lon, lat: float64, degrees WGS 84, in [-180, 180) and [-90, 90).
        where_prec: int8, UCDP's: 1 exact to 7 sea or air; 0 unknown. 4 and above say an area, not a place.
        radius_km: float32, the place lies within this; NaN unknown.
        gid: int32, PRIO-GRID cell of the point.
        country: int16, index into ``countries`` (as the source spells them); -1 unknown.
        adm1: int32, index into ``areas``; -1 unknown.
        violence: int8, 1 state-based, 2 non-state, 3 one-sided.
        actors: int8, index into ``ACTORS``.
        best, low, high: int32, deaths, 0 <= low <= best <= high.
        widened: bool, the source's bounds did not hold its best estimate and were widened until they did.
        release: int16, index into ``releases``.
        areas: (country, first-order area) as the source spells them.
    """

    id: Array
    start: Array
    end: Array
    date_prec: Array
    lon: Array
    lat: Array
    where_prec: Array
    radius_km: Array
    gid: Array
    country: Array
    adm1: Array
    violence: Array
    actors: Array
    best: Array
    low: Array
    high: Array
    widened: Array
    release: Array
    countries: tuple[str, ...] = ()
    areas: tuple[tuple[str, str], ...] = ()
    releases: tuple[Release, ...] = ()

    def __len__(self) -> int:
        return len(self.id)

    @property
    def end_month(self) -> Array:
        """The month of the end day, int32, months since 1970-01."""
        return months_of(self.end)

    @property
    def start_month(self) -> Array:
        """The month of the start day, int32, months since 1970-01."""
        return months_of(self.start)

    def take(self, chosen: Any) -> Incidents:
        """Return the rows that a mask, a slice or an array of positions chooses, in that order."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})

    def of_countries(self, names: Iterable[str]) -> Incidents:
        """Return the rows of these countries, as the source spells them; raises ValueError for one it does not have."""
        wanted = list(names)
        if unknown := [name for name in wanted if name not in self.countries]:
            raise ValueError(f"expected countries of the table ({', '.join(sorted(self.countries))}), "
                             f"received {', '.join(unknown)}")
        return self.take(np.isin(self.country, [self.countries.index(name) for name in wanted]))

    def within(self, west: float, south: float, east: float, north: float) -> Incidents:
        """Return the rows whose point lies in the box; west and south edge belong to it, east and north do not."""
        return self.take((self.lon >= west) & (self.lon < east) & (self.lat >= south) & (self.lat < north))

    def citations(self) -> list[str]:
        """Return what must be cited with anything made of these rows, each once, sorted."""
        return [f"{citation} Licence: {licence}." for citation, licence in self.sources()]

    def sources(self) -> list[tuple[str, str]]:
        """Return citation and licence of what these rows came from, each pair once, sorted."""
        return sorted({(one.citation, one.licence) for one in map(self.releases.__getitem__, distinct(self.release))})


DTYPES: dict[str, str] = {
    "id": "S", "start": "i4", "end": "i4", "date_prec": "i1", "lon": "f8", "lat": "f8", "where_prec": "i1",
    "radius_km": "f4", "gid": "i4", "country": "i2", "adm1": "i4", "violence": "i1", "actors": "i1", "best": "i4",
    "low": "i4", "high": "i4", "widened": "?", "release": "i2",
}
COLUMNS: tuple[str, ...] = tuple(DTYPES)
NAMES: tuple[str, ...] = tuple(field.name for field in fields(Incidents) if field.name not in DTYPES)


def distinct(values: Array) -> Array:
    """Return the distinct values of one dimension, sorted.

    As ``numpy.unique``, which in numpy 2.4 hashes whole numbers and then takes hundreds of times as long.
    """
    ordered = np.sort(values)
    found: Array = ordered[np.concatenate([np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1]])]
    return found


def months_of(days: Array) -> Array:
    """Return the months (since 1970-01, int32) of days (since 1970-01-01)."""
    return days.astype("M8[D]").astype("M8[M]").astype("i4")


def month_number(text: str) -> int:
    """Return ``YYYY-MM`` as months since 1970-01."""
    return (int(text[:4]) - 1970) * 12 + int(text[5:7]) - 1


def month_text(number: int) -> str:
    """Return months since 1970-01 as ``YYYY-MM``."""
    return f"{1970 + number // 12:04}-{number % 12 + 1:02}"


def day_text(number: int) -> str:
    """Return days since 1970-01-01 as an ISO date."""
    return str(np.datetime64(int(number), "D"))


def day_number(text: str) -> int:
    """Return an ISO date as days since 1970-01-01."""
    return int(np.datetime64(text, "D").astype("i8"))


def from_columns(
    columns: Mapping[str, Any], release: Release, countries: Sequence[str] = (), areas: Sequence[tuple[str, str]] = ()
) -> Incidents:
    """Return a table of one release from columns; those left out are unknown, and bounds are widened to hold ``best``.

    Args:
        columns: ``id``, ``start``, ``end``, ``lon``, ``lat``, ``gid``, ``violence`` and ``best`` at least.
    Raises:
        ValueError: columns of unequal length, or one that no table has.
    """
    size = len(columns["id"])
    if columns.keys() - DTYPES.keys() or any(len(column) != size for column in columns.values()):
        raise ValueError(f"expected columns of one length among {', '.join(COLUMNS)}")
    best = np.asarray(columns["best"], "i4")
    low, high = (np.asarray(columns.get(name, best), "i4") for name in ("low", "high"))
    where = np.asarray(columns.get("where_prec", np.zeros(size)), "i1")
    given = {
        "where_prec": where, "radius_km": np.asarray(RADIUS_KM, "f4")[where],
        **{name: np.full(size, -1) for name in ("country", "adm1")},
        **{name: np.zeros(size) for name in ("date_prec", "actors", "release")},
        **columns,
        "low": np.minimum(np.minimum(low, high), best), "high": np.maximum(np.maximum(low, high), best),
        "widened": (low > best) | (best > high) | np.asarray(columns.get("widened", False)),
    }
    made: dict[str, Any] = {name: np.asarray(given[name], dtype) for name, dtype in DTYPES.items()}
    made |= {"countries": tuple(countries), "areas": tuple(areas), "releases": (release,)}
    return Incidents(**made)


def empty() -> Incidents:
    """Return a table without rows."""
    made: dict[str, Any] = {name: np.empty(0, "S1" if dtype == "S" else dtype) for name, dtype in DTYPES.items()}
    return Incidents(**made)


def concat(tables: Iterable[Incidents]) -> Incidents:
    """Return the rows of all tables, in their order, under one list of countries, areas and releases."""
    parts = [table for table in tables if len(table)]
    if not parts:
        return empty()
    known: dict[str, dict[Any, int]] = {name: {} for name in NAMES}
    pieces: dict[str, list[Array]] = {name: [] for name in COLUMNS}
    for part in parts:
        coded = {"country": "countries", "adm1": "areas", "release": "releases"}
        for name in COLUMNS:
            column = getattr(part, name)
            pieces[name].append(_recoded(column, getattr(part, coded[name]), known[coded[name]])
                                if name in coded else column)
    made: dict[str, Any] = {name: np.concatenate(pieces[name]) for name in COLUMNS}
    made |= {name: tuple(values) for name, values in known.items()}
    return Incidents(**made)


def _recoded(column: Array, names: Sequence[Any], known: dict[Any, int]) -> Array:
    """Return the codes of a column under ``known``, which learns the names it lacks; -1 stays -1."""
    codes = [known.setdefault(name, len(known)) for name in names]
    return np.array([*codes, -1], column.dtype)[column]
