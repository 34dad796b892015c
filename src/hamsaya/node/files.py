"""Reading the tables and JSON files that a person wrote: each fault is told with the file and the place."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.interval import Interval

T = TypeVar("T")
Span = float | tuple[float, ...]
"""A number, [low, high] or [low, middle, high], as files write an interval."""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a file; unknown fields are refused."""


def read_json(path: Path, kind: type[T], form: str) -> T:
    """Return the value in a JSON file; raises OperatorError ``bad-file`` naming the field that does not fit."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; expected a file of the form {form}", code="bad-file") from None
    except msgspec.DecodeError as error:
        raise OperatorError(f"{path}: {error}; {form}", code="bad-file") from None


def read_rows(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cells by column) of a CSV file with a heading line; cells are stripped.

    Raises:
        OperatorError: ``bad-file``; no UTF-8, a column missing, or a row without a value in one of ``columns``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            names = [name.strip() for name in reader.fieldnames or ()]
            if missing := [name for name in columns if name not in names]:
                raise OperatorError(f"{path}: expected a heading line with {', '.join(columns)}"
                                    f"{' and, where known, ' + ', '.join(optional) if optional else ''}; "
                                    f"{missing[0]} is missing", code="bad-file")
            reader.fieldnames = names
            for cells in reader:
                row = {name: (cells.get(name) or "").strip() for name in (*columns, *optional)}
                if empty := [name for name in columns if not row[name]]:
                    raise OperatorError(f"{path}, line {reader.line_num}: expected a value for {empty[0]}, received "
                                        "none", code="bad-file")
                yield reader.line_num, row
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}", code="bad-file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{path}: expected a CSV table in UTF-8: {error}", code="bad-file") from None


def interval(span: Span, field: str) -> Interval:
    """Return what a file's ``span`` says; raises ValueError naming ``field``."""
    ends = [float(span)] * 3 if isinstance(span, (int, float)) else [float(end) for end in span]
    if len(ends) == 2:
        ends.insert(1, sum(ends) / 2.0)
    if len(ends) != 3 or not ends[0] <= ends[1] <= ends[2]:
        raise ValueError(f"{field}: expected a number, [low, high] or [low, middle, high], received {span!r}")
    return Interval(*ends)
