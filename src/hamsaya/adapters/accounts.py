"""Read one reporter's accounts from CSV, CSV.GZ or Parquet with UCDP GED's column names, and a few of our own.

Rules for a row
1. ``id``, ``date_start``, ``latitude``, ``longitude``, ``type_of_violence``, ``best``, ``low`` and ``high`` are there;
   ``date_end``, ``where_prec`` and these may be: ``actor_class`` (a number 1 to 63 of the agreed list), ``stance``
   (affirms, denies, elsewhere) and ``answers`` (reporter:id of the account that a denial is about).
2. Without ``actor_class``, the text of ``side_b`` (of ``side_a`` where that is civilians) tells classes of one run
   apart. It is returned beside the account and kept nowhere.
3. A best estimate outside its bounds widens them. Dates are ISO; coordinates in range; one id comes once.

A row that breaks a rule is handed to ``on_bad`` with its line and field, never with what the field held.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.types import Account

REQUIRED = ("id", "date_start", "latitude", "longitude", "type_of_violence", "best", "low", "high")
OPTIONAL = ("date_end", "where_prec", "actor_class", "stance", "answers", "side_a", "side_b")
EPOCH = date(1970, 1, 1).toordinal()
CIVILIANS = "civilians"
MOST_CELLS = 1_000
Values = Mapping[str, Any]
OnBad = Callable[[PeerError], None]


def read_accounts(path: Path, reporter: str, as_of: int, on_bad: OnBad) -> Iterator[tuple[Account, str]]:
    """Yield each account and what tells its actor's class apart ("" where unknown), in the file's order.

    Raises:
        OperatorError: the file cannot be opened, or Parquet without the extra.
        PeerError: the file is not what its name says, or a required column is missing.
    """
    rows = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    seen: set[str] = set()
    for line, values in rows:
        try:
            account, label = _account(line, values, reporter, as_of)
            if account.id in seen:
                raise _bad(line, "id", "an id that comes once")
        except PeerError as error:
            on_bad(error)
            continue
        seen.add(account.id)
        yield account, label


def _account(line: int, values: Values, reporter: str, as_of: int) -> tuple[Account, str]:
    if not values:
        raise _bad(line, "row", "as many fields as the header has")
    first = _day(line, values, "date_start")
    best, low, high = (_whole(line, values, name, 2**31 - 1) for name in ("best", "low", "high"))
    plain = {
        "reporter": reporter, "id": str(values["id"]).strip(), "as_of": as_of,
        "longitude": _degrees(line, values, "longitude"), "latitude": _degrees(line, values, "latitude"),
        "precision": _whole(line, values, "where_prec", 7) if _given(values, "where_prec") else 0,
        "first_day": first, "last_day": _day(line, values, "date_end") if _given(values, "date_end") else first,
        "low": min(low, best, high), "best": best, "high": max(low, best, high),
        "violence": _whole(line, values, "type_of_violence", 3),
        "actor": _whole(line, values, "actor_class", 63) if _given(values, "actor_class") else 0,
        "stance": str(values["stance"]) if _given(values, "stance") else "affirms",
        "answers": str(values["answers"]).split(":", 1) if _given(values, "answers") else None,
    }
    try:
        account = msgspec.convert(plain, Account)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("`$.")[2].partition("`")[0].partition("[")[0] if "`$." in str(error) else "row"
        raise _bad(line, field, str(error).partition(" - at")[0].removeprefix("Expected ").removeprefix("expected ")
                   if not str(error).startswith("Invalid") else "a word of the closed list") from None
    return account, "" if _given(values, "actor_class") else _label(values)


def _label(values: Values) -> str:
    sides = [str(values[name]).strip() if _given(values, name) else "" for name in ("side_b", "side_a")]
    return sides[1] if sides[0].casefold() == CIVILIANS else sides[0]


def _given(values: Values, name: str) -> bool:
    value = values.get(name)
    return value is not None and value != "" and value == value  # A Parquet file writes an absent number as NaN.


def _bad(line: int, field: str, expected: str) -> PeerError:
    return PeerError(f"line {line}, {field}: expected {expected}", code="bad-account")


def _day(line: int, values: Values, field: str) -> int:
    text = str(values[field])
    try:
        if text[10:11] in ("", " ", "T") and date.fromisoformat(text[:10]).isoformat() == text[:10]:
            return date.fromisoformat(text[:10]).toordinal() - EPOCH
    except ValueError:
        pass  # Refused below, like a date in another spelling.
    raise _bad(line, field, "a date such as 2019-08-17")


def _degrees(line: int, values: Values, field: str) -> float:
    try:
        return float(values[field])
    except (ValueError, TypeError):
        raise _bad(line, field, "decimal degrees") from None


def _whole(line: int, values: Values, field: str, most: int) -> int:
    text = str(values[field]).removesuffix(".0").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= most):
        raise _bad(line, field, f"a whole number from 0 to {most}")
    return int(text)


def _columns(header: list[str]) -> dict[str, int]:
    found = {name: header.index(name) for name in REQUIRED + OPTIONAL if name in header}
    if missing := [name for name in REQUIRED if name not in found]:
        raise PeerError(f"expected the columns of UCDP GED, missing: {', '.join(missing)}", code="missing-columns")
    return found


def _csv(path: Path) -> Iterator[tuple[int, Values]]:
    open_bytes: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with open_bytes(path, "rt", encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if len(header) > MOST_CELLS:
                raise PeerError(f"{path.name}: expected at most {MOST_CELLS} columns", code="bad-accounts")
            columns = _columns(header)
            for number, cells in enumerate(reader):
                if number == 0 and any(cell.startswith("#") for cell in cells):
                    continue  # HXL tags, one under each column name
                if cells:
                    fits = len(cells) == len(header)
                    yield reader.line_num, {name: cells[at] for name, at in columns.items()} if fits else {}
    except (csv.Error, UnicodeDecodeError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PeerError(f"{path.name}: expected CSV in UTF-8, received bytes that do not parse "
                        f"({type(error).__name__})", code="bad-accounts") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file of accounts ({type(error).__name__})",
                            code="accounts-unreadable") from None


def _parquet(path: Path) -> Iterator[tuple[int, Values]]:
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
            for batch in file.iter_batches(8_192, columns=columns):
                for row in batch.to_pylist():
                    line += 1
                    yield line, row
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        raise PeerError(f"{path.name}: expected Parquet, received bytes that do not parse ({type(error).__name__})",
                        code="bad-accounts") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file of accounts ({type(error).__name__})",
                            code="accounts-unreadable") from None
