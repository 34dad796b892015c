"""Read case and coordinate files as scan software writes them: a row a line, fields between blanks.

Rules
1. A coordinate file has ``ID latitude longitude``: degrees, each id once.
2. A case file has ``ID count date``: a whole number >= 0, a date as 2019-08-28 or 2019/8/28, an id of the coordinates.
3. A mean file (what is expected) has ``ID mean date``: a number > 0; the date says the bin it is for.
4. Files are UTF-8, plain or ``.gz``. A bad row ends the reading; the error names file, line and field.
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from hamsaya.base.errors import OperatorError, PeerError

DATE = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})")
MOST = 1_000_000_000
EPOCH = date(1970, 1, 1).toordinal()


class Places(NamedTuple):
    """A coordinate file: ids in the file's order, degrees."""

    ids: list[str]
    lat: list[float]
    lon: list[float]


class Cases(NamedTuple):
    """A case or a mean file: index of the place, count or mean, days since 1970-01-01."""

    place: list[int]
    value: list[float]
    day: list[int]


def read_places(path: Path) -> Places:
    """Return a coordinate file; raises PeerError ``bad-cases`` or OperatorError ``cases-unreadable``."""
    places, seen = Places([], [], []), set()
    for line, (name, lat, lon) in _rows(path):
        if name in seen:
            raise _bad(path, line, "id", "an id that no row before it has")
        seen.add(name)
        places.ids.append(name)
        places.lat.append(_degrees(path, line, "latitude", lat, 90.0))
        places.lon.append(_degrees(path, line, "longitude", lon, 180.0))
    return places


def read_cases(path: Path, places: Places, *, means: bool = False) -> Cases:
    """Return a case file, or with ``means`` a mean file; raises as ``read_places``."""
    known = {name: number for number, name in enumerate(places.ids)}
    cases = Cases([], [], [])
    for line, (name, value, day) in _rows(path):
        if name not in known:
            raise _bad(path, line, "id", "an id of the coordinate file")
        cases.place.append(known[name])
        cases.value.append(_mean(path, line, value) if means else _count(path, line, value))
        cases.day.append(_day(path, line, day))
    return cases


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig") as text:
            for line, row in enumerate(text, 1):
                if fields := row.split():
                    if len(fields) != 3:
                        raise _bad(path, line, "row", "three fields between blanks")
                    yield line, fields
    except (UnicodeDecodeError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PeerError(f"{path.name}: expected text in UTF-8, plain or .gz ({type(error).__name__})",
                        code="bad-cases") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file ({type(error).__name__})",
                            code="cases-unreadable") from None


def _bad(path: Path, line: int, field: str, expected: str) -> PeerError:
    return PeerError(f"{path.name} line {line}, {field}: expected {expected}", code="bad-cases")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _degrees(path: Path, line: int, field: str, text: str, limit: float) -> float:
    degrees = _number(text)
    if not -limit <= degrees <= limit:
        raise _bad(path, line, field, f"degrees from -{limit:.0f} to {limit:.0f}")
    return degrees


def _count(path: Path, line: int, text: str) -> float:
    if not (text.isdecimal() and text.isascii() and len(text) < 10):
        raise _bad(path, line, "count", "a whole number from 0 to 999999999")
    return float(text)


def _mean(path: Path, line: int, text: str) -> float:
    mean = _number(text)
    if not 0 < mean < MOST:
        raise _bad(path, line, "mean", "a number above 0")
    return mean


def _day(path: Path, line: int, text: str) -> int:
    match = DATE.fullmatch(text)
    try:
        if match:
            return date(int(match[1]), int(match[3]), int(match[4])).toordinal() - EPOCH
    except ValueError:
        pass  # no such day: refused below, like a date in another spelling
    raise _bad(path, line, "date", "a date such as 2019-08-28")
