"""Which rows speak, where the same events were told several times: the newest word on each, and nothing is deleted.

Rules
1. Only releases of one source take each other's place; sources stand side by side (merging them is another matter).
2. Of two releases of a source the higher ranked speaks: annual before candidate, then the later version, then the one
   known later, then the one taken in later.
3. A row speaks unless a higher ranked release holds its id, or covers its month in its country: a release that covers
   a month without repeating an event has withdrawn it. What a release covers:
   - an annual release, every month from its first year to its last;
   - a monthly candidate release, its month; a cumulative one, the months its version names;
   - a candidate release without a version, the months of its rows, at most the last 12;
   - anything else, nothing, unless whoever took it in said so.
4. A release counts in the countries of its own rows only, so a country's extract never empties the others.
5. As of an instant, only what was known by then is looked at: the same question gets the same answer for ever.

    speaks = Speakers(vintages)
    for number in speaks.order: mask = speaks.of(number, table)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from hamsaya.monitor.incidents import Incidents, month_number
from hamsaya.monitor.seen import Seen, keys_of

UPDATED_MONTHS = 12
FIRST_UCDP_MONTH = month_number("1989-01")
_RANKS = {"annual": 2, "candidate": 1, "single": 0}
# The version in the name of a file as UCDP publishes it: GEDEvent_v25_1, GEDEvent_v26_0_2, ged251-csv.
_IN_NAME = (re.compile(r"v(\d{2})[_.](\d{1,2})(?:[_.](\d{1,2}))?(?:[_.](\d{1,2}))?(?!\d)", re.I),
            re.compile(r"ged(\d{2})(\d)(?!\d)", re.I))
_VERSION = re.compile(r"\d{2}\.\d{1,2}(\.\d{1,2}(\.\d{1,2})?)?")

Covers = tuple[int, int]


class Vintage(NamedTuple):
    """One release as these rules see it; ``covers`` are months since 1970-01, both included."""

    number: int
    source: str
    kind: str
    version: str
    as_of: int
    covers: Covers | None
    countries: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, tuple[int, ...], int, int]:
        """Rule 2."""
        return _RANKS[self.kind], version_key(self.version), self.as_of, self.number


def version_key(version: str) -> tuple[int, ...]:
    """Return a UCDP version as numbers that sort; a cumulative one by its last month; () where it is none."""
    if not _VERSION.fullmatch(version):
        return ()
    numbers = tuple(int(part) for part in version.split("."))
    return (numbers[2], 0, numbers[3]) if len(numbers) == 4 else numbers


def version_in_name(name: str) -> str:
    """Return the version that the name of a published file shows; empty where it shows none."""
    for pattern in _IN_NAME:
        if match := pattern.search(name):
            return ".".join(part if place else str(int(part)) for place, part in enumerate(match.groups())
                            if part is not None)
    return ""


def covered(kind: str, version: str, months: Covers | None) -> Covers | None:
    """Return what a release covers by rule 3.

    Args:
        months: First and last month of its rows' ends; None without rows.
    """
    numbers = tuple(int(part) for part in version.split(".")) if _VERSION.fullmatch(version) else ()
    if kind == "annual" and len(numbers) == 2:
        return FIRST_UCDP_MONTH, _year(numbers[0]) - 1
    if kind == "candidate" and len(numbers) == 3:
        month = _year(numbers[0]) + max(numbers[2], 1) - 1
        return month, month
    if kind == "candidate" and len(numbers) == 4:
        return _year(numbers[0]) + numbers[1] - 1, _year(numbers[2]) + numbers[3] - 1
    if months is None or kind == "single":
        return None
    first, last = months
    if kind == "annual":
        return first - first % 12, last - last % 12 + 11
    return max(first, last - UPDATED_MONTHS + 1), last


def version_of_rows(kind: str, months: Covers) -> str:
    """Return the version that a UCDP release with rows of these months would have."""
    year, month = divmod(months[1], 12)
    short = (1970 + year) % 100
    return f"{(short + 1) % 100}.1" if kind == "annual" else f"{short}.0.{month + 1}"


def _year(short: int) -> int:
    """Return January of a year written with two digits, months since 1970-01."""
    return (short + (2000 if short < 89 else 1900) - 1970) * 12


class Speakers:
    """Which rows speak, release by release from the highest ranked down."""

    def __init__(self, vintages: Iterable[Vintage], as_of: int | None = None) -> None:
        known = [one for one in vintages if as_of is None or one.as_of <= as_of]
        self._ranked = sorted(known, key=lambda one: (one.source, one.rank), reverse=True)
        self._seen: dict[str, Seen] = {}

    @property
    def order(self) -> list[int]:
        """The releases' numbers in the order in which they must be asked about, each batch of one before the next."""
        return [one.number for one in self._ranked]

    def of(self, number: int, table: Incidents) -> Any:
        """Return which rows of some of a release speak, bool; every row of higher ranked ones was asked about before.

        Raises:
            ValueError: a release that was not known.
        """
        own = next((one for one in self._ranked if one.number == number), None)
        if own is None:
            raise ValueError(f"expected a release among {self.order}, received {number}")
        higher = [one for one in self._ranked if one.source == own.source and one.rank > own.rank]
        alone = len([one for one in self._ranked if one.source == own.source]) == 1
        speaks = np.ones(len(table), bool)
        months, names = table.end_month, (*table.countries, "")
        for one in higher:
            if one.covers is not None:
                inside = np.array([name in one.countries for name in names], bool)[table.country]
                speaks &= ~(inside & (months >= one.covers[0]) & (months <= one.covers[1]))
        if not alone:
            seen = self._seen.setdefault(own.source, Seen())
            keys = keys_of(table.id)
            speaks &= ~seen.has(keys)
            seen.add(keys)
        return speaks
