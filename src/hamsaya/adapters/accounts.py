"""Read one reporter's accounts from CSV, CSV.GZ or Parquet with UCDP GED's column names, and a few of our own.

Rules for a row
1. ``id``, ``date_start``, ``latitude``, ``longitude``, ``type_of_violence``, ``best``, ``low`` and ``high`` are there;
   ``date_end``, ``where_prec`` and these may be: ``actor_class`` (a number 1 to 63 of the agreed list), ``stance``
   (affirms, denies, elsewhere) and ``answers`` (reporter:id of the account that a denial is about).
2. Without ``actor_class``, the text of ``side_b`` (of ``side_a`` where that is civilians) tells classes of one run
   apart. It is returned beside the account and kept nowhere.
3. Dates are ISO, from 1946 to the day of reading; coordinates in range; deaths not negative, low not above high; one id
   comes once. A best estimate outside its bounds widens them, and that is said.
4. A place far from the file's others that lies among them when longitude and latitude change over is left out.
5. Bytes are read as ``eventtext`` says: a line with NUL, not in UTF-8 or too long costs itself only; HXL tags are told.

A row that breaks a rule is handed to ``on_bad`` with its line and field, never with what the field held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from hamsaya.adapters.eventtext import Table, opened
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.monitor.types import Account

REQUIRED = ("id", "date_start", "latitude", "longitude", "type_of_violence", "best", "low", "high")
OPTIONAL = ("date_end", "where_prec", "actor_class", "stance", "answers", "side_a", "side_b")
EPOCH = date(1970, 1, 1).toordinal()
CIVILIANS = "civilians"
FIRST_DAY = date(1946, 1, 1).toordinal() - EPOCH
DAY_MS = 86_400_000
ENOUGH = 20  # Rows that say where a file's places are.
NEAR, SPREADS = 3.0, 6.0  # Degrees; median distances from the median within which a file's places lie.
Values = Mapping[str, Any]
OnBad = Callable[[PeerError], None]
OnNote = Callable[[str], None]


def read_accounts(
    path: Path, reporter: str, as_of: int, on_bad: OnBad, on_note: OnNote
) -> list[tuple[Account, str]]:
    """Return each account and what tells its actor's class apart ("" where unknown), in the file's order.

    Args:
        as_of: Vintage, UTC milliseconds; no event can be later.
        on_bad: Told of each row left out.
        on_note: Told of what was done to rows that stay.
    Raises:
        OperatorError: the file cannot be opened, or Parquet without the extra.
        PeerError: the file is not what its name says, or a required column is missing.
    """
    rows = _parquet(path) if path.suffix == ".parquet" else _csv(path, on_bad, on_note)
    seen: set[str] = set()
    read: list[tuple[int, Account, str]] = []
    widened = 0
    for line, values in rows:
        try:
            account, label, wider = _account(line, values, reporter, as_of)
            if account.id in seen:
                raise _bad(line, "id", "an id that comes once")
        except PeerError as error:
            on_bad(error)
            continue
        seen.add(account.id)
        read.append((line, account, label))
        widened += wider
    if widened:
        on_note(f"{path.name}: {widened} rows with a best estimate outside their bounds; the bounds were widened")
    turned = _turned([account for _, account, _ in read])
    for line in sorted(read[at][0] for at in turned):
        on_bad(_bad(line, "latitude", "a place near the file's others; with longitude and latitude changed over it is"))
    return [(account, label) for at, (_, account, label) in enumerate(read) if at not in turned]


def _turned(accounts: Sequence[Account]) -> set[int]:
    """Rule 4: return which accounts lie far from the file's others, but among them with coordinates changed over."""
    if len(accounts) < ENOUGH:
        return set()
    middle, reach = [], []
    for values in ([one.longitude for one in accounts], [one.latitude for one in accounts]):
        centre = median(values)
        middle.append(centre)
        reach.append(max(NEAR, SPREADS * median(abs(value - centre) for value in values)))

    def among(longitude: float, latitude: float) -> bool:
        return abs(longitude - middle[0]) <= reach[0] and abs(latitude - middle[1]) <= reach[1]

    return {at for at, one in enumerate(accounts)
            if not among(one.longitude, one.latitude) and among(one.latitude, one.longitude)}


def _account(line: int, values: Values, reporter: str, as_of: int) -> tuple[Account, str, bool]:
    first = _day(line, values, "date_start", as_of)
    best, low, high = (_whole(line, values, name, 2**31 - 1) for name in ("best", "low", "high"))
    if high < low:
        raise _bad(line, "high", "a number not below low")
    plain = {
        "reporter": reporter, "id": str(values["id"]).strip(), "as_of": as_of,
        "longitude": _degrees(line, values, "longitude"), "latitude": _degrees(line, values, "latitude"),
        "precision": _whole(line, values, "where_prec", 7) if _given(values, "where_prec") else 0,
        "first_day": first, "last_day": _day(line, values, "date_end", as_of) if _given(values, "date_end") else first,
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
    label = "" if _given(values, "actor_class") else _label(values)
    return account, label, not low <= best <= high


def _label(values: Values) -> str:
    sides = [str(values[name]).strip() if _given(values, name) else "" for name in ("side_b", "side_a")]
    return sides[1] if sides[0].casefold() == CIVILIANS else sides[0]


def _given(values: Values, name: str) -> bool:
    value = values.get(name)
    return value is not None and value != "" and value == value  # A Parquet file writes an absent number as NaN.


def _bad(line: int, field: str, expected: str) -> PeerError:
    return PeerError(f"line {line}, {field}: expected {expected}", code="bad-account")


def _day(line: int, values: Values, field: str, as_of: int) -> int:
    text = str(values[field])
    try:
        if text[10:11] not in ("", " ", "T") or date.fromisoformat(text[:10]).isoformat() != text[:10]:
            raise ValueError
        day = date.fromisoformat(text[:10]).toordinal() - EPOCH
    except ValueError:
        raise _bad(line, field, "a date such as 2019-08-17") from None
    if not FIRST_DAY <= day <= as_of // DAY_MS + 1:
        raise _bad(line, field, "a date from 1946 to the day on which the file is read")
    return day


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


def _csv(path: Path, on_bad: OnBad, on_note: OnNote) -> Iterator[tuple[int, Values]]:
    try:
        with opened(path) as stream:
            table = Table(stream, lambda problem: on_bad(_bad(problem.line, problem.field, problem.expected)))
            columns = _columns(table.header)
            for line, cells in table.rows:
                yield line, {name: cells[at] for name, at in columns.items()}
            for note in table.notes:
                on_note(f"{path.name}: {note}")
    except PeerError as error:
        if error.code != "bad-incidents":
            raise
        raise PeerError(f"{path.name}: {error}", code="bad-accounts") from None
    except OperatorError:
        raise OperatorError(f"{path.name}: expected a readable file of accounts", code="accounts-unreadable") from None


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
