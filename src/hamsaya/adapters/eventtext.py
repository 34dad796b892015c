"""Rows of a CSV file that may be broken or hostile: each row whole, or told by its line.

Rules
1. Bytes are read in blocks and lines are cut before they are parsed, so memory is bounded by MAX_LINE whatever comes.
2. A line with bytes that are not UTF-8, with a NUL, or longer than MAX_LINE is not taken. The next line is.
3. A row that does not end where it should (a quote never closed, too many fields, too long) costs its first line only:
   the lines it swallowed are read once more, each on its own.
4. Packed files (gzip, zip) are read as a stream. They may unpack to MAX_RATIO times their size, no further; a zip
   holds exactly one table.
5. An empty line is no row, and MAX_EMPTY of them no table. A row of HXL tags under the header is told as a note.
6. More than MAX_BAD bad rows and this is no such file: it is refused.

    table = open_table(path, problems.append)
    for line, cells in table.rows: ...
"""

from __future__ import annotations

import csv
import gzip
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.ports.incidents import Problem

BLOCK = 1 << 18
MAX_LINE = 1 << 20
MAX_ROW_LINES = 64  # A quote left open may swallow this many; each is read again, so this also bounds the work.
MAX_FIELDS = 512
MAX_BAD = 100_000
MAX_EMPTY = 1_000_000
MAX_RATIO = 200
ALWAYS_UNPACKED = 64 << 20  # bytes that any packed file may unpack to
DELIMITERS = ",;\t|"
OnProblem = Callable[[Problem], None]


class Stream(Protocol):
    """What is read from: bytes in blocks."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""


class _Broken(Exception):
    """A line inside a row cannot be taken; its text says why."""


class Lines:
    """The lines of a stream of bytes, for a CSV parser, with a memory of those of the row being read.

    ``number`` is the line given last, ``first`` the line at which the present row began.
    """

    def __init__(self, stream: Stream, on_problem: OnProblem) -> None:
        self._source = _lines(stream)
        self._on_problem = on_problem
        self._again: deque[str | _Broken] = deque()
        self._taken: list[str | _Broken] = []
        self.number = 0

    @property
    def first(self) -> int:
        """The line at which the present row began."""
        return self.number - len(self._taken) + 1

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.number += 1
        self._taken.append(line)
        if isinstance(line, _Broken):
            raise line
        if len(self._taken) > MAX_ROW_LINES:
            raise _Broken(f"a row of at most {MAX_ROW_LINES} lines")
        return line

    def next_row(self) -> None:
        """The present row is done."""
        self._taken = []

    def drop(self, expected: str) -> None:
        """Rule 3: tell the present row's first line, and read its others once more."""
        self._on_problem(Problem(self.first, "row", expected))
        self.number -= len(self._taken) - 1
        self._again.extendleft(reversed(self._taken[1:]))
        self.next_row()


class Table:
    """A table of text: the header's names and the rows under it, as (line, cells)."""

    def __init__(self, stream: Stream, on_problem: OnProblem) -> None:
        self.notes: list[str] = []
        self._bad = self._empty = 0
        self._tell = on_problem
        self._lines = Lines(stream, self._problem)
        self.header, self._delimiter = self._head()

    def _problem(self, problem: Problem) -> None:
        self._bad += 1
        if self._bad > MAX_BAD:
            raise PeerError(f"expected a file of incidents, received more than {MAX_BAD} bad rows, the last at line "
                            f"{problem.line}; look at --format", code="bad-incidents")
        self._tell(problem)

    def _head(self) -> tuple[list[str], str]:
        try:
            line = next(self._lines)
        except StopIteration:
            raise PeerError("expected a header of column names, received an empty file",
                            code="missing-columns") from None
        except _Broken as error:
            raise PeerError(f"line 1: expected {error}; save the table as CSV in UTF-8", code="bad-incidents") from None
        self._lines.next_row()
        delimiter = max(DELIMITERS, key=line.count)
        if line.count(delimiter) >= MAX_FIELDS:
            raise PeerError(f"line 1: expected at most {MAX_FIELDS} columns", code="bad-incidents")
        try:
            names = next(csv.reader([line.removeprefix("\ufeff")], delimiter=delimiter, strict=True))
        except csv.Error:
            raise PeerError("line 1: expected column names", code="bad-incidents") from None
        return [name.strip() for name in names], delimiter

    @property
    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that has as many cells as the header."""
        lines, width = self._lines, len(self.header)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        first = True
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _Broken) as error:
                lines.drop(str(error) if isinstance(error, _Broken) else "quotes that close where a field ends")
                continue
            if len(cells) == width:
                if first and any(cell.startswith("#") for cell in cells):
                    self.notes.append(f"line {lines.first}: a row of HXL tags, left out")
                else:
                    yield lines.first, cells
                first = False
                lines.next_row()
            elif cells:
                lines.drop(f"{width} fields as in the header, received {len(cells)}")
            else:
                self._count_empty()
                lines.next_row()

    def _count_empty(self) -> None:
        self._empty += 1
        if self._empty > MAX_EMPTY:
            raise PeerError(f"expected a table, received more than {MAX_EMPTY} empty lines", code="bad-incidents")


def _lines(stream: Stream) -> Iterator[str | _Broken]:
    """Rules 1 and 2: yield each line, or why it cannot be taken."""
    rest, skipping = b"", False
    while block := stream.read(BLOCK):
        if skipping:  # Inside a line that was already told as too long.
            _, newline, block = block.partition(b"\n")
            skipping = not newline
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield from _decoded(rest + head)
            rest = tail
        elif not skipping:
            rest += tail
        if len(rest) > MAX_LINE:
            yield _Broken(f"lines of at most {MAX_LINE >> 20} MiB")
            rest, skipping = b"", True
    if rest:
        yield from _decoded(rest)


def _decoded(block: bytes) -> Iterator[str | _Broken]:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and "\0" not in text and len(text) <= MAX_LINE:
        yield from text.split("\n")
        return
    for line in block.split(b"\n"):
        yield _one(line)


def _one(line: bytes) -> str | _Broken:
    if len(line) > MAX_LINE:
        return _Broken(f"lines of at most {MAX_LINE >> 20} MiB")
    if b"\0" in line:
        return _Broken("text without NUL bytes")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return _Broken("text in UTF-8")


def regular(path: Path) -> None:
    """Refuse what is no file of bytes at rest: a pipe or a device may never end, and cannot be read twice.

    Raises:
        OperatorError: ``incidents-unreadable``.
    """
    if path.exists() and not path.is_file():
        raise OperatorError(f"{path.name}: expected a regular file, received a pipe, a device or a folder; write it to "
                            "a file first", code="incidents-unreadable")


@contextmanager
def opened(path: Path) -> Iterator[Stream]:
    """Yield the bytes of a table, unpacked by what the file's name ends on (rule 4).

    Raises:
        PeerError: ``bad-incidents``, it is not what its name says, or unpacks to too much.
        OperatorError: ``incidents-unreadable``.
    """
    try:
        with _unpacked(path) as stream:
            yield stream
    except (gzip.BadGzipFile, zlib.error, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise PeerError(f"{path.name}: expected a packed file that unpacks ({type(error).__name__})",
                        code="bad-incidents") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable file of incidents ({type(error).__name__})",
                            code="incidents-unreadable") from None


@contextmanager
def _unpacked(path: Path) -> Iterator[Stream]:
    regular(path)
    limit = max(ALWAYS_UNPACKED, path.stat().st_size * MAX_RATIO)
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as packed:
            yield _Bounded(packed, limit)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            tables = [one for one in archive.infolist() if one.filename.lower().endswith((".csv", ".txt"))
                      and not one.filename.startswith("__MACOSX")]
            if len(tables) != 1:
                raise PeerError(f"{path.name}: expected one .csv in the zip, received {len(tables)}",
                                code="bad-incidents")
            with archive.open(tables[0]) as member:
                yield _Bounded(member, limit)
    else:
        with path.open("rb") as plain:
            yield plain


class _Bounded:
    """A stream that refuses to unpack further than a limit."""

    def __init__(self, stream: Stream, limit: int) -> None:
        self._stream, self._left = stream, limit

    def read(self, size: int) -> bytes:
        """Return the next bytes; raises PeerError past the limit."""
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise PeerError(f"expected a file that unpacks to at most {MAX_RATIO} times its size; unpack it yourself "
                            "if you trust it", code="bad-incidents")
        return block
