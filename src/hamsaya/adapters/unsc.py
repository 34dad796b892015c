"""Read the UN Security Council's consolidated list (its XML, packed or not) as the common eligibility list.

Rules
1. The root ``CONSOLIDATED_LIST`` says when the list was generated (``dateGenerated``); every entry carries that
   instant. A list without it is refused: a list without a date would be taken for today's.
2. An ``INDIVIDUAL`` or ``ENTITY`` has a ``DATAID``, a ``REFERENCE_NUMBER`` and a name; its first to fourth names are
   joined. ``NAME_ORIGINAL_SCRIPT`` and the aliases follow, each with the list's own grade; empty ones are left out.
3. A year of birth that is no plain year stays absent, and so does a listing date that is no date.
4. The file is hostile until read: no document type, no entity declarations, bounds on size, depth, text and entries.
   Where one is passed, or the XML does not parse to its end, the list is refused.

Comments, addresses, documents and places are not read. An error names the line, never what stood there.

    listed = load(path)                     # all or nothing
    party = eligible(listed, "QDi.001")     # party.as_of goes wherever the party is shown

Source: the list as the United Nations publishes it, schema sc-sanctions.xsd. A dated copy screens nobody.
"""

from __future__ import annotations

import gzip
import io
import re
import unicodedata
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from hamsaya.base import instants
from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.ports.listed import BirthYears, Kind, ListedName, ListedParty, NameQuality, eligible

__all__ = ["eligible", "load", "parse", "read"]

MAX_BYTES = 64 * 2**20  # unpacked; the list of 2025 has 2 MB
MAX_ENTRIES = 100_000
MAX_NAMES = 1_000
MAX_DEPTH = 12
MAX_TEXT = 32_768
CHUNK = 65_536
GZIP = b"\x1f\x8b"

ROOT = "CONSOLIDATED_LIST"
ENTRIES = {"INDIVIDUAL": Kind.INDIVIDUAL, "ENTITY": Kind.ENTITY}
NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
FIELDS = frozenset({*NAMES, "DATAID", "REFERENCE_NUMBER", "UN_LIST_TYPE", "LISTED_ON", "NAME_ORIGINAL_SCRIPT"})
ALIASES = frozenset({"INDIVIDUAL_ALIAS", "ENTITY_ALIAS"})
BIRTH = "INDIVIDUAL_DATE_OF_BIRTH"
GROUPS = {**dict.fromkeys(ALIASES, frozenset({"QUALITY", "ALIAS_NAME"})),
          BIRTH: frozenset({"TYPE_OF_DATE", "YEAR", "DATE", "FROM_YEAR", "TO_YEAR"})}
GRADES = {"good": NameQuality.GOOD, "low": NameQuality.LOW, "a.k.a.": NameQuality.AKA, "f.k.a.": NameQuality.FKA}
YEAR = re.compile(r"(1[0-9]{3}|20[0-9]{2})(?:-.*)?")

OnBad = Callable[[PeerError], None]
Fields = dict[str, str]


def load(path: Path) -> tuple[ListedParty, ...]:
    """Return the whole list, or raise as ``read`` does: a list cut short never passes for a short list."""
    return tuple(read(path))


def parse(unverified_bytes: bytes) -> tuple[ListedParty, ...]:
    """Return the whole list in the bytes of its file, packed or not; raises PeerError ``bad-list`` as ``read`` does."""
    raw = io.BytesIO(unverified_bytes)
    try:
        return tuple(_parse(gzip.GzipFile(fileobj=raw) if unverified_bytes.startswith(GZIP) else raw, None))
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PeerError(f"expected XML or packed XML ({type(error).__name__})", code="bad-list") from None


def read(path: Path, on_bad: OnBad | None = None) -> Iterator[ListedParty]:
    """Yield the entries of a list in its order, one in memory at a time.

    What was yielded before an error is not the list: use ``load`` where absence counts.

    Args:
        path: The XML, as it is or packed by gzip.
        on_bad: Called with the error of each entry that breaks rule 2, which is then left out; without it the first
            such entry ends the reading.
    Raises:
        OperatorError: the file cannot be read (``list-unreadable``).
        PeerError: it is no such list, or passes a bound (``bad-list``).
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            yield from _parse(gzip.GzipFile(fileobj=raw) if packed else raw, on_bad)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise PeerError(f"{path.name}: expected XML or packed XML ({type(error).__name__})", code="bad-list") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable list ({type(error).__name__})",
                            code="list-unreadable") from None


def _parse(source: BinaryIO | gzip.GzipFile | io.BytesIO, on_bad: OnBad | None) -> Iterator[ListedParty]:
    reader, total = _Reader(on_bad), 0
    while chunk := source.read(CHUNK):
        total += len(chunk)
        if total > MAX_BYTES:
            raise PeerError(f"expected a list of at most {MAX_BYTES} bytes", code="bad-list")
        yield from reader.feed(chunk)
    yield from reader.feed(b"", last=True)


class _Reader:
    """Turns pieces of XML into entries; holds one entry at a time."""

    def __init__(self, on_bad: OnBad | None) -> None:
        self._on_bad = on_bad
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self._declared
        parser.ExternalEntityRefHandler = self._declared
        parser.buffer_text = True
        self._ready: deque[ListedParty] = deque()
        self._path: list[str] = []
        self._letters: list[str] | None = None
        self._length = self._count = 0
        self._as_of: int | None = None
        self._begin()

    def feed(self, chunk: bytes, *, last: bool = False) -> Iterator[ListedParty]:
        """Yield the entries that end within ``chunk``; raises PeerError with the line where it is no such list."""
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise self._wrong(f"XML ({expat.errors.messages[error.code]})") from None
        while self._ready:
            yield self._ready.popleft()

    def _begin(self) -> None:
        self._fields: Fields = {}
        self._aliases: list[Fields] = []
        self._births: list[Fields] = []
        self._group: Fields = {}

    def _wrong(self, expected: str) -> PeerError:
        return PeerError(f"line {self._parser.CurrentLineNumber}: expected {expected}", code="bad-list")

    def _declared(self, *_: Any) -> int:
        raise self._wrong("no document type and no entity declaration")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        depth = len(self._path)
        if depth > MAX_DEPTH:
            raise self._wrong(f"at most {MAX_DEPTH} nested elements")
        if depth == 1:
            self._open_list(tag, attributes)
        elif depth == 3 and tag in ENTRIES:
            self._begin()
        elif depth == 4 and tag in GROUPS:
            self._group = {}
        self._letters = [] if self._wanted() else None
        self._length = 0

    def _wanted(self) -> bool:
        match self._path:
            case [_, _, entry, field]:
                return entry in ENTRIES and field in FIELDS
            case [_, _, entry, group, field]:
                return entry in ENTRIES and field in GROUPS.get(group, ())
        return False

    def _open_list(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != ROOT:
            raise self._wrong(f"the element {ROOT}")
        try:
            self._as_of = instants.parse(attributes.get("dateGenerated", ""))
        except (ValueError, OverflowError):
            self._as_of = None
        if self._as_of is None or self._as_of < 0:
            raise self._wrong("the list's date (dateGenerated), as a date-time after 1970 with its offset")

    def _text(self, text: str) -> None:
        if self._letters is None:
            return
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise self._wrong(f"at most {MAX_TEXT} characters in an element")
        self._letters.append(text)

    def _end(self, tag: str) -> None:
        depth = len(self._path)
        if self._letters is not None:
            into = self._fields if depth == 4 else self._group
            into.setdefault(tag, " ".join("".join(self._letters).split()))
            self._letters = None
        if depth == 4 and tag in GROUPS:
            into_list = self._births if tag == BIRTH else self._aliases
            into_list.append(self._group)
            if len(into_list) > MAX_NAMES:
                raise self._wrong(f"at most {MAX_NAMES} names in an entry")
        elif depth == 3 and tag in ENTRIES:
            self._finish(ENTRIES[tag])
        self._path.pop()

    def _finish(self, kind: Kind) -> None:
        self._count += 1
        if self._count > MAX_ENTRIES:
            raise self._wrong(f"at most {MAX_ENTRIES} entries")
        names = tuple(_names(self._fields, self._aliases))
        missing = [field for field in ("DATAID", "REFERENCE_NUMBER") if not self._fields.get(field)]
        if missing or not names or names[0].quality is not NameQuality.NAME:
            error = self._wrong(f"an entry with {', '.join(missing) or 'a name'}")
            if self._on_bad is None:
                raise error
            self._on_bad(error)
            return
        assert self._as_of is not None
        self._ready.append(ListedParty(
            self._fields["REFERENCE_NUMBER"], self._fields["DATAID"], kind, self._fields.get("UN_LIST_TYPE", ""), names,
            tuple(filter(None, map(_born, self._births))), _day(self._fields.get("LISTED_ON", "")), self._as_of,
        ))


def _names(fields: Fields, aliases: list[Fields]) -> Iterator[ListedName]:
    """Yield the names in the list's order: its own, in the original script, aliases; exact repeats once."""
    graded = [(" ".join(filter(None, (fields.get(name) for name in NAMES))), NameQuality.NAME),
              (fields.get("NAME_ORIGINAL_SCRIPT", ""), NameQuality.ORIGINAL)]
    graded += [(alias.get("ALIAS_NAME", ""), GRADES.get(alias.get("QUALITY", "").lower(), NameQuality.AKA))
               for alias in aliases]
    for text, quality in dict.fromkeys(graded):
        if text:
            yield ListedName(text, quality, _script(text))


def _script(text: str) -> str:
    letter = next(filter(str.isalpha, text), "")
    return unicodedata.name(letter, "unknown").split()[0].lower() if letter else "unknown"


def _born(birth: Fields) -> BirthYears | None:
    approximate = birth.get("TYPE_OF_DATE", "").upper() == "APPROXIMATELY"
    exact = _year(birth.get("YEAR", "")) or _year(birth.get("DATE", ""))
    first, last = (exact, exact) if exact else (_year(birth.get("FROM_YEAR", "")), _year(birth.get("TO_YEAR", "")))
    return BirthYears(first, last, approximate) if first and last and first <= last else None


def _year(text: str) -> int | None:
    match = YEAR.fullmatch(text)
    return int(match[1]) if match else None


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None
