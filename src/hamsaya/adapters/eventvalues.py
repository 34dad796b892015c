"""Columns of text or of Arrow into columns of numbers, with a mask of what is bad; no row is looked at twice.

A raw column is a list of text (CSV) or an array of numbers with NaN for what is absent (Parquet). Values repeat, so
each distinct text is parsed once and remembered; the memory is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Raw = list[str] | Array

REMEMBERED = 200_000
ABSENT = -(2**31)
BAD = ABSENT + 1
MAX_ID = 32
MAX_NAME = 120
WHOLE = re.compile(r"\s*([0-9]{1,10})(?:\.0+)?\s*", re.ASCII)
TIME = re.compile(r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?", re.ASCII)
EPOCH = date(1970, 1, 1).toordinal()


class Memo(dict[str, int]):
    """What each text stands for: ABSENT for nothing, BAD for what the parser refuses with ValueError."""

    def __init__(self, parse: Callable[[str], int]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> int:
        try:
            value = self._parse(text.strip()) if text.strip() else ABSENT
        except ValueError:
            value = BAD
        if len(self) < REMEMBERED:
            self[text] = value
        return value

    def column(self, raw: Raw) -> Array:
        """Return a column of what its texts stand for, int64."""
        return np.fromiter(map(self.__getitem__, raw), "i8", len(raw))


def whole(text: str) -> int:
    """Return a whole number >= 0; ``3`` and ``3.0`` are the same one."""
    match = WHOLE.fullmatch(text)
    if match is None:
        raise ValueError
    return int(match[1])


def iso_day(text: str) -> int:
    """Return an ISO date, with or without a time of day, as days since 1970-01-01."""
    day, rest = text[:10], text[10:]
    if day[4:5] != "-" or (rest and TIME.fullmatch(rest) is None):
        raise ValueError
    return date.fromisoformat(day).toordinal() - EPOCH


def day_of(form: str) -> Callable[[str], int]:
    """Return a parser of dates of one form, as ``datetime.strptime`` spells forms; ISO dates pass too."""

    def parse(text: str) -> int:
        try:
            return iso_day(text)
        except ValueError:
            return datetime.strptime(text, form).toordinal() - EPOCH

    return parse


def wholes(raw: Raw, memo: Memo) -> Array:
    """Return whole numbers, ABSENT and BAD as int64."""
    if isinstance(raw, list):
        return memo.column(raw)
    if raw.dtype.kind in "iu":
        return np.where((raw < 0) | (raw > 2**40), BAD, raw).astype("i8")
    good = (raw >= 0) & (raw <= 2**40) & (np.floor(raw) == raw)
    return np.where(np.isnan(raw), ABSENT, np.where(good, raw, BAD)).astype("i8")


def degrees(raw: Raw) -> Array:
    """Return decimal degrees, NaN where there are none."""
    if not isinstance(raw, list):
        return raw.astype("f8")
    try:
        if (joined := "".join(raw)).isascii() and "_" not in joined:
            return np.fromiter(map(float, raw), "f8", len(raw))
    except ValueError:
        pass
    return np.fromiter(map(_degree, raw), "f8", len(raw))


def _degree(text: str) -> float:
    try:
        return float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        return float("nan")


def names(raw: Raw) -> tuple[Array, Array]:
    """Return ids as bytes, and a mask of those that are not 1 to MAX_ID printable ASCII characters."""
    texts = [text.strip() for text in raw] if isinstance(raw, list) else [str(number) for number in raw.tolist()]
    good = [0 < len(text) <= MAX_ID and text.isascii() and text.isprintable() for text in texts]
    if not all(good):
        texts = [text if fine else "?" for text, fine in zip(texts, good, strict=True)]
    return np.array(texts, "S") if texts else np.empty(0, "S1"), ~np.array(good, bool)


class Codes(dict[Any, int]):
    """Numbers for names as they come; a name that is none, or one too many, is BAD."""

    def __init__(self, limit: int) -> None:
        super().__init__({"": -1})
        self._limit = limit

    def __missing__(self, key: Any) -> int:
        parts = key if isinstance(key, tuple) else (key,)
        if len(self) > self._limit or not all(len(part) <= MAX_NAME and part.isprintable() for part in parts):
            return BAD
        self[key] = len(self) - 1  # The empty name is there from the start.
        return self[key]

    def column(self, keys: list[Any]) -> Array:
        """Return the numbers of these names, int64."""
        return np.fromiter(map(self.__getitem__, keys), "i8", len(keys))

    def names(self) -> tuple[Any, ...]:
        """Return the names by number."""
        return tuple(self)[1:]
