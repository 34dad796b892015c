"""Read incidents from a file as checked columns: CSV (plain, .gz, .zip) or Parquet, in any of ``eventformats``.

Rules for a row
1. Id: 1 to 32 printable ASCII characters. Dates: ISO, with or without a time of day; 1946 to 2099 and not after the day
   the file was taken in; the end not before the start, and within five years of it. Without an end the start is it.
2. Longitude in [-180, 180), latitude in [-90, 90). A ``priogrid_gid`` that is given is the cell of the point. A point
   far from the middle of its country's points whose exchanged coordinates are near it is told as exchanged.
3. Deaths are whole numbers from 0 to 2**31 - 1, the type of violence is 1, 2 or 3, precisions are in their ranges.
4. ``high`` below ``low`` is bad. UCDP's own releases hold some 1 % of such rows (it split one report's deaths over
   several events); ``widen`` takes them, and bounds that do not hold the best estimate are always widened and say so.
5. Of ACLED, protests, riots and strategic developments are left out and counted; the rest is an incident.
6. Memory is that of a few batches, whatever the size of the file.

    for batch in read_events(path, format_of("ucdp-ged"), problems.append, latest=day): ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from hamsaya.adapters import eventformats
from hamsaya.adapters.eventformats import ACLED_OTHER, ACLED_SIDES, ACLED_VIOLENT, Format, places
from hamsaya.adapters.eventtext import OnProblem, Table, opened, regular
from hamsaya.adapters.eventvalues import (
    ABSENT,
    BAD,
    MAX_NAME,
    Array,
    Codes,
    Memo,
    Raw,
    day_of,
    degrees,
    iso_day,
    names,
    whole,
    wholes,
)
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.types import COLUMNS as GRID_COLUMNS
from hamsaya.ports.incidents import Batch, Origin, Problem

BATCH = 65_536
FIRST_DAY, LAST_DAY = iso_day("1946-01-01"), iso_day("2099-12-31")
LONGEST_DAYS = 5 * 366
MAX_DEATHS = 2**31 - 1
COUNTRIES, AREAS = 2_000, 100_000
# Rule 2: degrees from the middle of a country's points, exchanged and as they stand; how many points make a middle,
# how many are enough for one, and the share of far ones above which there is none.
NEAR, FAR, MIDDLE_OF, ENOUGH, FEW = 10.0, 15.0, 3, 1_000, 0.35
TEXTS = frozenset({"id", "start", "end", "country", "adm1"})
PRECISIONS = {"date_prec": 5, "where_prec": 7}
ACLED_PRECISIONS = {"date_prec": {1: 1, 2: 3, 3: 4}, "where_prec": {1: 1, 2: 3, 3: 4}}


@dataclass
class _Reading:
    """What one reading of a file remembers from batch to batch."""

    form: Format
    on_problem: OnProblem
    latest: int
    widen: bool
    numbers: Memo = field(default_factory=lambda: Memo(whole))
    countries: Codes = field(default_factory=lambda: Codes(COUNTRIES))
    areas: Codes = field(default_factory=lambda: Codes(AREAS))
    seen_at: dict[int, list[Array]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.days = Memo(day_of(self.form.date_form) if self.form.date_form else iso_day)
        self.violence = Memo(_kind_of(self.form))


@dataclass
class EventFile:
    """One file being read (``ports.incidents.EventFile``)."""

    batches: Iterator[Batch]
    _reading: _Reading
    _notes: list[str]

    @property
    def origin(self) -> Origin:
        """Whose data it is."""
        form = self._reading.form
        return Origin(form.source, form.kind, form.licence, form.citation)

    @property
    def notes(self) -> list[str]:
        """What was left out by rule so far."""
        left_out = sorted(self._reading.left_out.items())
        return self._notes + [f"{count} rows of the kind {kind!r}, left out" for kind, count in left_out]


def read_events(
    path: Path, form: Format | None, on_problem: OnProblem, *, latest: int = LAST_DAY, widen: bool = False
) -> EventFile:
    """Return a file's incidents in batches, in its order.

    Args:
        form: None to tell it from the header.
        on_problem: Told of each row that breaks a rule and is left out, line by line in batches.
        latest: The last day on which an incident can have ended, days since 1970-01-01.
    Raises (the first at once, the others when the batches are read):
        OperatorError: ``incidents-unreadable``, it is a pipe or a device, or cannot be read; ``missing-extra``, Parquet
            without pyarrow.
        PeerError: ``bad-incidents``, it is no such file; ``missing-columns``.
    """
    reading = _Reading(form or eventformats.FORMATS["ucdp-ged"], on_problem, min(latest, LAST_DAY), widen)
    notes: list[str] = []
    regular(path)
    source = _parquet(path, form, reading) if path.suffix == ".parquet" else _csv(path, form, reading, notes)
    return EventFile(source, reading, notes)


def _csv(path: Path, form: Format | None, reading: _Reading, notes: list[str]) -> Iterator[Batch]:
    with opened(path) as stream:
        table = Table(stream, reading.on_problem)
        table.notes = notes
        _settle(reading, form, table.header)
        found = places(reading.form, table.header)
        pick, rows = itemgetter(*found.values(), found["id"]), table.rows
        while chunk := list(islice(rows, BATCH)):
            lines = np.fromiter(map(itemgetter(0), chunk), "i8", len(chunk))
            columns = zip(*map(pick, map(itemgetter(1), chunk)), strict=True)
            raw: dict[str, Raw] = dict(zip(found, map(list, columns), strict=False))
            yield _batch(reading, lines, raw)


def _settle(reading: _Reading, form: Format | None, header: list[str]) -> None:
    if form is None:
        reading.form = eventformats.FORMATS[eventformats.guess(header)]
        reading.__post_init__()


def _parquet(path: Path, form: Format | None, reading: _Reading) -> Iterator[Batch]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise OperatorError("Parquet needs the extra: install hamsaya[parquet], or give the CSV of the same release",
                            code="missing-extra") from None
    try:
        with parquet.ParquetFile(path) as file:
            header = list(file.schema_arrow.names)
            _settle(reading, form, header)
            found, at = places(reading.form, header), 0
            for rows in file.iter_batches(BATCH, columns=sorted({header[place] for place in found.values()})):
                lines = np.arange(at + 1, at + len(rows) + 1)
                raw = {name: _arrow(rows.column(header[place]), name) for name, place in found.items()}
                at += len(rows)
                yield _batch(reading, lines, raw)
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        raise PeerError(f"{path.name}: expected Parquet, received bytes that do not parse ({type(error).__name__})",
                        code="bad-incidents") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file of incidents ({type(error).__name__})",
                            code="incidents-unreadable") from None


def _arrow(column: Any, name: str) -> Raw:
    """Return an Arrow column as numbers with NaN for what is absent, or as text; texts of ours are always text.

    A whole id or name that was stored as a float, as tables with gaps do, is the number without a point.
    """
    import pyarrow

    kind = column.type
    if name in TEXTS and pyarrow.types.is_floating(kind):
        return ["" if number is None or number != number else f"{number:.0f}" if number.is_integer() else str(number)
                for number in column.to_pylist()]
    if name not in TEXTS and (pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind)):
        values: Array = column.to_numpy(zero_copy_only=False)
        return values
    if pyarrow.types.is_timestamp(kind):
        column = column.cast(pyarrow.date32(), safe=False)
    texts: list[str] = column.cast(pyarrow.string()).fill_null("").to_pylist()
    return texts


def _batch(reading: _Reading, lines: Array, raw: dict[str, Raw]) -> Batch:
    """Return the good rows of some; the others are told."""
    size = len(lines)
    raw |= {name: [text] * size for name, text in reading.form.constants.items()}
    checks = _Checks(lines)
    columns = _columns(reading, raw, checks)
    kept = columns.pop("kept") & ~checks.bad
    for problem in checks.problems():
        reading.on_problem(problem)
    return Batch(lines[kept], {name: column[kept] for name, column in columns.items()}, reading.countries.names(),
                 reading.areas.names())


class _Checks:
    """Which rows broke which rule; of each row the first is told."""

    def __init__(self, lines: Array) -> None:
        self._lines = lines
        self._first = np.zeros(len(lines), "i2")
        self._said: list[tuple[str, str]] = []

    @property
    def bad(self) -> Array:
        """Rows that broke a rule."""
        result: Array = self._first > 0
        return result

    def require(self, good: Array, field_name: str, expected: str) -> None:
        """Note the rows for which ``good`` does not hold."""
        self._said.append((field_name, expected))
        self._first[~good & (self._first == 0)] = len(self._said)

    def problems(self) -> Iterator[Problem]:
        """Yield what each bad row broke, in the file's order."""
        for at in np.flatnonzero(self._first):
            field_name, expected = self._said[self._first[at] - 1]
            yield Problem(int(self._lines[at]), field_name, expected)


def _columns(reading: _Reading, raw: dict[str, Raw], checks: _Checks) -> dict[str, Array]:
    """Check every column by the rules, in the order of the rules, and return ours."""
    called = {name: spelling[0] for name, spelling in reading.form.columns.items()}
    ids, bad = names(raw["id"])
    checks.require(~bad, called["id"], "a name of 1 to 32 printable ASCII characters")
    columns = {"id": ids, "kept": np.ones(len(ids), bool), **_dates(reading, raw, checks, called)}
    columns |= _points(raw, checks, called)
    columns |= _named(reading, raw, checks, called)
    columns |= _counts(reading, raw, checks, called)
    columns |= _acts(reading, raw, checks, called, columns["kept"])
    for name, highest in PRECISIONS.items():
        if name in raw:
            columns[name] = _precision(reading, raw[name], name, highest, checks, called[name])
    if "radius_km" in raw:
        radius = degrees(raw["radius_km"])
        checks.require(np.isnan(radius) | ((radius >= 0) & (radius <= 5_000)), called["radius_km"], "0 to 5000 km")
        columns["radius_km"] = radius
    _exchanged(reading, columns, checks, called)
    return columns


def _dates(reading: _Reading, raw: dict[str, Raw], checks: _Checks, called: dict[str, str]) -> dict[str, Array]:
    start = reading.days.column(raw["start"])
    checks.require(start > BAD, called["start"], "a date such as 2019-08-17")
    checks.require(start >= FIRST_DAY, called["start"], "a date of 1946 or later")
    checks.require(start <= reading.latest, called["start"], "a date not after the day the file was taken in")
    if "end" not in raw:
        return {"start": start, "end": start}
    end = reading.days.column(raw["end"])
    checks.require(end != BAD, called["end"], "a date such as 2019-08-17")
    end = np.where(end == ABSENT, start, end)
    checks.require(end <= reading.latest, called["end"], "a date not after the day the file was taken in")
    checks.require(end >= start, called["end"], f"a date not before {called['start']}")
    checks.require(end - start <= LONGEST_DAYS, called["end"], f"a date within five years of {called['start']}")
    return {"start": start, "end": end}


def _points(raw: dict[str, Raw], checks: _Checks, called: dict[str, str]) -> dict[str, Array]:
    lat, lon = degrees(raw["lat"]), degrees(raw["lon"])
    for values, limit, name in ((lat, 90, "lat"), (lon, 180, "lon")):
        checks.require((values >= -limit) & (values < limit), called[name],
                       f"degrees in [-{limit}, {limit}), with a decimal point")
    fine = ~checks.bad
    cell = _cells(np.where(fine, lon, 0), np.where(fine, lat, 0))
    if "gid" in raw:
        given = wholes(raw["gid"], Memo(whole))
        exchanged = _cells(np.where(fine & (abs(lon) < 90), lat, 0), np.where(fine & (abs(lon) < 90), lon, 0))
        checks.require((given != exchanged) | (given == cell) | ~fine, called["lat"],
                       "latitude and longitude in their own columns; they are exchanged")
        checks.require((given == ABSENT) | (given == cell), called["gid"],
                       "the cell in which latitude and longitude lie")
    return {"lat": lat, "lon": lon, "gid": cell}


def _cells(lon: Array, lat: Array) -> Array:
    result: Array = (np.floor((lat + 90) * 2) * GRID_COLUMNS + np.floor((lon + 180) * 2) + 1).astype("i8")
    return result


def _named(reading: _Reading, raw: dict[str, Raw], checks: _Checks, called: dict[str, str]) -> dict[str, Array]:
    """Countries and first-order areas as codes."""
    columns: dict[str, Array] = {}
    if "country" not in raw:
        return columns
    country = [str(text).strip() for text in raw["country"]]
    columns["country"] = reading.countries.column(country)
    checks.require(columns["country"] != BAD, called["country"],
                   f"a printable name of at most {MAX_NAME} characters, one of at most {COUNTRIES}")
    if "adm1" in raw:
        area = [(first, str(text).strip()) if text else "" for first, text in zip(country, raw["adm1"], strict=True)]
        columns["adm1"] = reading.areas.column(area)
        checks.require(columns["adm1"] != BAD, called["adm1"],
                       f"a printable name of at most {MAX_NAME} characters, one of at most {AREAS}")
    return columns


def _counts(reading: _Reading, raw: dict[str, Raw], checks: _Checks, called: dict[str, str]) -> dict[str, Array]:
    columns: dict[str, Array] = {}
    for name in ("best", "low", "high"):
        if name in raw:
            deaths = wholes(raw[name], reading.numbers)
            missing = (deaths == ABSENT) & (name != "best") & (name not in reading.form.required)
            checks.require((deaths >= 0) & (deaths <= MAX_DEATHS) | missing, called[name],
                           f"a whole number from 0 to {MAX_DEATHS}")
            columns[name] = np.where(missing, columns.get("best", deaths), deaths)
    if "low" in columns and "high" in columns and not reading.widen:
        checks.require(columns["high"] >= columns["low"], called["high"],
                       f"a number not below {called['low']}")
    return columns


def _precision(reading: _Reading, raw: Raw, name: str, highest: int, checks: _Checks, called: str) -> Array:
    code = wholes(raw, reading.numbers)
    if reading.form.name == "acled":
        highest = 3
    checks.require((code == ABSENT) | ((code >= 1) & (code <= highest)), called, f"a whole number from 1 to {highest}")
    if reading.form.name == "acled":
        table = ACLED_PRECISIONS[name]
        code = np.array([table.get(one, 0) for one in code.tolist()], "i8")
    return np.where((code >= 1) & (code <= 7), code, 0)


def _kind_of(form: Format) -> Callable[[str], int]:
    def parse(text: str) -> int:
        return form.violence[text.lower()] if text.lower() in form.violence else whole(text)

    return parse


def _acts(
    reading: _Reading, raw: dict[str, Raw], checks: _Checks, called: dict[str, str], kept: Array
) -> dict[str, Array]:
    """Type of violence and class of actors; rule 5 marks what is not kept."""
    if reading.form.name == "acled":
        return _acled_acts(reading, raw, checks, called, kept)
    violence = wholes(raw["violence"], reading.violence)
    checks.require((violence >= 1) & (violence <= 3), called["violence"], "1, 2 or 3")
    if "state_a" not in raw or "state_b" not in raw:
        return {"violence": violence}
    side_a, side_b = _given(raw["state_a"]), _given(raw["state_b"])
    states = np.where(side_a & side_b, 1, 2), np.full(len(violence), 3), np.where(side_a | side_b, 4, 5)
    return {"violence": violence, "actors": np.select([violence == kind for kind in (1, 2, 3)], states, 0)}


def _given(raw: Raw) -> Array:
    """Return where a column holds anything."""
    return np.array([text.strip() != "" for text in raw], bool) if isinstance(raw, list) else ~np.isnan(raw)


def _acled_acts(
    reading: _Reading, raw: dict[str, Raw], checks: _Checks, called: dict[str, str], kept: Array
) -> dict[str, Array]:
    kinds = [str(text).strip().lower() for text in raw["event_type"]]
    known = np.array([kind in ACLED_VIOLENT or kind in ACLED_OTHER for kind in kinds], bool)
    checks.require(known, called["event_type"], "one of ACLED's six types of event")
    kept[:] = [kind not in ACLED_OTHER for kind in kinds]
    reading.left_out.update(kind for kind in kinds if kind in ACLED_OTHER)
    blank = [""] * len(kinds)
    sides = [[ACLED_SIDES.get(str(text).strip().lower().removesuffix(".0"), "") for text in raw.get(name, blank)]
             for name in ("side_a", "side_b")]
    made = [_acled_class(kind, {a, b}, a == b) for kind, a, b in zip(kinds, *sides, strict=True)]
    violence, actors = np.array(made, "i8").reshape(-1, 2).T
    return {"violence": violence, "actors": actors}


def _acled_class(kind: str, sides: set[str], alike: bool) -> tuple[int, int]:
    """Return our type of violence and class of actors."""
    state = "state" in sides
    if kind == "violence against civilians" or "civilians" in sides:
        return 3, 4 if state else 5 if "group" in sides else 0
    if state:
        return 1, 1 if alike else 2 if "group" in sides else 0
    return 2, 3 if sides == {"group"} else 0


def _exchanged(reading: _Reading, columns: dict[str, Array], checks: _Checks, called: dict[str, str]) -> None:
    """Rule 2: tell the rows whose coordinates are exchanged, by where the rest of their country lies."""
    lat, lon, fine = columns["lat"], columns["lon"], ~checks.bad & columns["kept"]
    country = columns.get("country", np.full(len(lat), -1))
    good = np.ones(len(lat), bool)
    for code in sorted(set(country[fine].tolist())):
        here = np.flatnonzero(fine & (country == code))
        seen = reading.seen_at.setdefault(code, [])
        held = sum(len(one) for one in seen)
        if held < ENOUGH:
            seen.append(np.stack([lat[here], lon[here]], 1)[: ENOUGH - held])
        points = np.concatenate(seen)
        if len(points) < MIDDLE_OF:
            continue
        mid_lat, mid_lon = middle = np.median(points, 0)
        if (abs(points - middle) > FAR).any(1).mean() > FEW:  # A country so wide has no middle to judge by.
            continue
        far = (abs(lat[here] - mid_lat) > FAR) | (abs(lon[here] - mid_lon) > FAR)
        near = (abs(lon[here] - mid_lat) <= NEAR) & (abs(lat[here] - mid_lon) <= NEAR)
        good[here[far & near]] = False
    checks.require(good, called["lat"], "latitude and longitude in their own columns; they are exchanged")
