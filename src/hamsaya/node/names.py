"""Files of names for the matching core: labelled pairs to evaluate, lists to rank, a row at a time.

    report = evaluate(Path("pairs.csv"))              # columns name1, name2, is_match and, if wanted, group
    best = rank_file("Ahmad Zahir", Path("list.csv"))  # column name and, if wanted, born; or one name a line
"""

from __future__ import annotations

import csv
import gzip
import heapq
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.matching.keys import YEARS, keys
from hamsaya.matching.names import THRESHOLD, Candidate, Ranked, fit
from hamsaya.matching.names_measure import Measured, Pair, measure

MAX_NAME = 1_000  # characters of one name; the longest on the UN list has 190
MAX_GROUPS = 1_000
TRUE = frozenset({"1", "true", "t", "yes", "y"})
FALSE = frozenset({"0", "false", "f", "no", "n"})
Cells = dict[str, str]
Each = Callable[[int], None]


class Found(msgspec.Struct, frozen=True):
    """One candidate of a list: as written, its line, its score in [0, 1], whether it reaches the threshold, and why."""

    candidate: str
    line: int
    score: float
    is_match: bool
    reasons: tuple[str, ...]


def keys_of(name: str, born: int | None = None) -> tuple[str, ...]:
    """Return the matching keys of a name; see ``hamsaya.matching.keys``."""
    return keys(name, born)


def evaluate(path: Path, each: Each = lambda count: None) -> Measured:
    """Return recall and precision of keys and scores on the pairs of a CSV file.

    Args:
        path: ``.csv`` or ``.csv.gz`` in UTF-8 with the columns name1, name2, is_match and, if wanted, group.
        each: Called with the number of pairs read so far.
    Raises:
        OperatorError: the file cannot be read (``names-unreadable``).
        PeerError: it is no such CSV (``bad-names``); the message names line and column.
    """
    return measure(_pairs(path, each))


def _pairs(path: Path, each: Each) -> Iterator[Pair]:
    groups: set[str] = set()
    for count, (line, cells) in enumerate(_rows(path, ("name1", "name2", "is_match")), 1):
        group = cells.get("group", "").strip()
        groups.add(group)
        if len(groups) > MAX_GROUPS:
            raise _bad(line, "group", f"at most {MAX_GROUPS} groups")
        yield Pair(_name(line, "name1", cells), _name(line, "name2", cells), _truth(line, cells), group)
        each(count)


def rank_file(name: str, path: Path, born: int | None = None, limit: int = 20,
              threshold: float = THRESHOLD) -> list[Found]:
    """Return the best ``limit`` candidates of a list, the best first; equal scores in the order of the file.

    Args:
        path: ``.csv`` or ``.csv.gz`` with a column ``name`` and, if wanted, ``born``; else one name a line.
    Raises:
        OperatorError, PeerError: as for ``evaluate``.
    """
    scored = ((fit(name, candidate, born), line) for line, candidate in _candidates(path))
    best: list[tuple[Ranked, int]] = heapq.nlargest(limit, scored, key=lambda one: (one[0].score, -one[1]))
    return [Found(one.candidate, line, one.score, one.score >= threshold, one.reasons) for one, line in best]


def _candidates(path: Path) -> Iterator[tuple[int, Candidate]]:
    if _is_csv(path):
        for line, cells in _rows(path, ("name",)):
            yield line, Candidate(_name(line, "name", cells), _year(line, cells))
        return
    for line, text in enumerate(_lines(path), 1):
        if text.strip():
            yield line, Candidate(_name(line, "name", {"name": text}))


def _name(line: int, column: str, cells: Cells) -> str:
    name = cells[column].strip()
    if not name or len(name) > MAX_NAME:
        raise _bad(line, column, f"a name of 1 to {MAX_NAME} characters")
    return name


def _truth(line: int, cells: Cells) -> bool:
    said = cells["is_match"].strip().lower()
    if said not in TRUE | FALSE:
        raise _bad(line, "is_match", "true or false (also 1 or 0, yes or no)")
    return said in TRUE


def _year(line: int, cells: Cells) -> int | None:
    text = cells.get("born", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and int(text) in YEARS):
        raise _bad(line, "born", f"a year from {YEARS.start} to {YEARS.stop - 1}, or nothing")
    return int(text)


def _bad(line: int, column: str, expected: str) -> PeerError:
    return PeerError(f"line {line}, {column}: expected {expected}", code="bad-names")


def _is_csv(path: Path) -> bool:
    return path.name.lower().endswith((".csv", ".csv.gz"))


def _rows(path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, Cells]]:
    """Yield (line, cells by column) of a CSV file; raises PeerError when a required column is missing."""
    reader = csv.reader(_lines(path), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in required if name not in header]:
            raise PeerError(f"line 1: expected the columns {', '.join(required)}, missing: {', '.join(missing)}",
                            code="bad-names")
        for cells in reader:
            if cells and len(cells) != len(header):
                raise _bad(reader.line_num, "row", f"{len(header)} cells as in the header, received {len(cells)}")
            if cells:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise PeerError(f"line {reader.line_num}: expected CSV ({error})", code="bad-names") from None


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a text file, packed or not."""
    open_text: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8-sig", newline="") as text:
            yield from text
    except (UnicodeDecodeError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PeerError(f"{path.name}: expected text in UTF-8, received bytes that do not parse "
                        f"({type(error).__name__})", code="bad-names") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file ({type(error).__name__})",
                            code="names-unreadable") from None
