"""Read incidents from a UCDP GED file: CSV, CSV.GZ or Parquet, with the columns' real names.

Rules for a row
1. ``id``, ``date_start`` (or ``date_end``), ``latitude``, ``longitude``, ``type_of_violence``, ``best``, ``low`` and
   ``high`` are there; ``date_end``, ``priogrid_gid`` and ``where_prec`` may be absent or empty.
2. Dates are ISO dates, with or without a time of day; the incident's day is the end, where one is given, since a
   long event is known only at its end.
3. Longitude is in [-180, 180), latitude in [-90, 90); a ``priogrid_gid`` that is given is the cell of the point.
4. The type of violence is 1, 2 or 3; deaths are whole numbers >= 0.
5. In some 1.5 % of its rows UCDP gives bounds that cross, or a best estimate outside them, mostly where it split
   the deaths of one report over several events. Their bounds are widened until they hold all three figures, and
   the incident says so (``widened``). The best estimate stays as it is.

A byte order mark and a row of HXL tags under the header are tolerated. Nothing else is read from a row: no names
of parties, no quoted news. An error names the line and the field, never what the field held.

    incidents = read(path, on_bad=problems.append)

Cite: Sundberg and Melander (2013), Journal of Peace Research 50(4): 523-532. Licence of the data: CC BY 4.0.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.types import Incident, gid_of

SOURCE = "UCDP GED, Uppsala Conflict Data Program"
LICENCE = "CC BY 4.0"
REQUIRED = ("id", "date_start", "latitude", "longitude", "type_of_violence", "best", "low", "high")
OPTIONAL = ("date_end", "priogrid_gid", "where_prec")
COLUMNS = REQUIRED + OPTIONAL
MAX_DEATHS = 2**31 - 1
BATCH = 8_192  # rows of a Parquet file in memory at a time
WHOLE = re.compile(r"([0-9]{1,10})(?:\.0+)?")
OnBad = Callable[[PeerError], None]
Values = Mapping[str, Any]


def read(path: Path, on_bad: OnBad | None = None) -> Iterator[Incident]:
    """Yield the incidents of a file, in its order, a row at a time.

    Args:
        path: ``.csv``, ``.csv.gz`` or ``.parquet``.
        on_bad: Called with the error of each row that breaks a rule, which is then left out. Without it the
            first such row ends the reading.
    Raises:
        OperatorError: the file cannot be opened (``incidents-unreadable``), or Parquet without the extra
            ``hamsaya[parquet]`` (``missing-extra``).
        PeerError: the file is not what its name says (``bad-incidents``), a required column is missing
            (``missing-columns``), or a row breaks a rule (``bad-incident``).
    """
    rows = _parquet_rows(path) if path.suffix == ".parquet" else _csv_rows(path)
    for line, values in rows:
        try:
            yield _incident(line, values)
        except PeerError as error:
            if on_bad is None:
                raise
            on_bad(error)


def _incident(line: int, values: Values) -> Incident:
    if not values:
        raise _bad(line, "row", "as many fields as the header has")
    longitude = _degrees(line, values, "longitude", 180.0)
    latitude = _degrees(line, values, "latitude", 90.0)
    best, low, high = (_number(line, values, field, 0, MAX_DEATHS) for field in ("best", "low", "high"))
    return Incident(
        _name(line, values), _day(line, values), longitude, latitude,
        _cell(line, values, gid_of(longitude, latitude)),
        _number(line, values, "type_of_violence", 1, 3), best, min(best, low, high), max(best, low, high),
        None if _absent(values, "where_prec") else _number(line, values, "where_prec", 1, 7),
        widened=not low <= best <= high,
    )


def _bad(line: int, field: str, expected: str) -> PeerError:
    return PeerError(f"line {line}, {field}: expected {expected}", code="bad-incident")


def _absent(values: Values, field: str) -> bool:
    value = values.get(field)
    return value is None or value == "" or value != value  # a Parquet file writes an absent number as NaN


def _name(line: int, values: Values) -> str:
    name = str(values["id"]).strip()
    if not name or len(name) > 64 or not name.isprintable():
        raise _bad(line, "id", "a name of 1 to 64 characters")
    return name


def _day(line: int, values: Values) -> str:
    start = _date(line, values, "date_start")
    if _absent(values, "date_end"):
        return start
    end = _date(line, values, "date_end")
    if end < start:
        raise _bad(line, "date_end", "a date not before date_start")
    return end


def _date(line: int, values: Values, field: str) -> str:
    text = str(values[field])
    day, rest = text[:10], text[10:11]
    try:
        if rest in ("", " ", "T") and date.fromisoformat(day).isoformat() == day:
            return day
    except ValueError:
        pass  # not a date: refused below, like a date in another spelling
    raise _bad(line, field, "a date such as 2019-08-17")


def _degrees(line: int, values: Values, field: str, limit: float) -> float:
    try:
        degrees = float(values[field])
    except (ValueError, TypeError):
        raise _bad(line, field, "decimal degrees") from None
    if not -limit <= degrees < limit:
        raise _bad(line, field, f"degrees in [-{limit:.0f}, {limit:.0f})")
    return degrees


def _number(line: int, values: Values, field: str, low: int, high: int) -> int:
    """Return a whole number in low..high; ``3`` and ``3.0`` are the same number."""
    value = values[field]
    if type(value) is not int:
        match = WHOLE.fullmatch(str(value))
        value = int(match[1]) if match else -1
    if not low <= value <= high:
        raise _bad(line, field, f"a whole number from {low} to {high}")
    return int(value)


def _cell(line: int, values: Values, gid: int) -> int:
    if not _absent(values, "priogrid_gid") and _number(line, values, "priogrid_gid", 1, 259_200) != gid:
        raise _bad(line, "priogrid_gid", "the cell in which latitude and longitude lie")
    return gid


def _columns(names: Sequence[str]) -> dict[str, int]:
    """Return where each wanted column stands; raises PeerError ``missing-columns``."""
    found = {name: names.index(name) for name in COLUMNS if name in names}
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise PeerError(f"expected the columns of UCDP GED, missing: {', '.join(missing)}", code="missing-columns")
    return found


def _csv_rows(path: Path) -> Iterator[tuple[int, Values]]:
    """Yield (line, values by column) of a CSV file, packed or not."""
    open_bytes: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with open_bytes(path, "rt", encoding="utf-8-sig", newline="") as text:
            yield from _table(csv.reader(text, strict=True))
    except (csv.Error, UnicodeDecodeError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PeerError(f"{path.name}: expected CSV in UTF-8, received bytes that do not parse "
                        f"({type(error).__name__})", code="bad-incidents") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _table(reader: Any) -> Iterator[tuple[int, Values]]:
    header: list[str] = next(reader, [])
    columns = _columns([name.strip() for name in header])
    for number, cells in enumerate(reader):
        if number == 0 and any(cell.startswith("#") for cell in cells):
            continue  # HXL tags, one under each column name
        if len(cells) == len(header):
            yield reader.line_num, {name: cells[place] for name, place in columns.items()}
        elif cells:
            yield reader.line_num, {}  # of another width: no column of it can be trusted


def _parquet_rows(path: Path) -> Iterator[tuple[int, Values]]:
    """Yield (row number, values by column) of a Parquet file, a batch in memory at a time."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise OperatorError("Parquet needs the extra: install hamsaya[parquet], or give the CSV of the same release",
                            code="missing-extra") from None
    try:
        with parquet.ParquetFile(path) as file:
            columns = list(_columns(file.schema_arrow.names))
            line = 0
            for batch in file.iter_batches(BATCH, columns=columns):
                lists = [batch.column(name).to_pylist() for name in columns]
                for cells in zip(*lists, strict=True):
                    line += 1
                    yield line, dict(zip(columns, cells, strict=True))
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        raise PeerError(f"{path.name}: expected Parquet, received bytes that do not parse "
                        f"({type(error).__name__})", code="bad-incidents") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> OperatorError:
    return OperatorError(f"{path.name}: expected a readable file of incidents ({type(error).__name__})",
                         code="incidents-unreadable")
