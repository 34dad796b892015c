"""What monitoring holds and shows: incidents on a grid, reports by period, the joint picture.

A cell is a PRIO-GRID cell: half a degree square, rows counted from the south pole, columns from 180 degrees
west, both from 0; ``gid = row * 720 + column + 1``. Months are written ``YYYY-MM``, so they sort as text.
Source of the grid: Tollefsen, Strand and Buhaug (2012), Journal of Peace Research 49(2): 363-374.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import immutables
import msgspec

from hamsaya.messages.monitor import Coverage, Dispute, Picture, Report
from hamsaya.monitor.alerts_types import NO_ALERTS, AlertState
from hamsaya.monitor.merging_types import Account as Account  # Readers of files see it here.

COLUMNS, ROWS = 720, 360

Status = Literal["observed", "partly", "silent", "not-covered"]
"""observed: a reporter covered every month; partly: some months; silent: it has reporters and none reported;
not-covered: the annex gives the cell to nobody. Only ``observed`` without claims means that its reporters say
that nothing happened."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One event of organised violence, at a place and on the day on which it ended.

    Attributes:
        day: ISO date.
        longitude, latitude: Degrees, WGS 84; the south and west edge belong to a cell.
        gid: The cell of the point.
        violence: 1 state-based, 2 non-state, 3 one-sided.
        best, low, high: Deaths, whole numbers, 0 <= low <= best <= high.
        where_prec: UCDP's precision of the place, 1 exact to 7 international; None where the file has none.
        widened: The source's bounds did not hold its best estimate and were widened until they did.
    """

    id: str
    day: str
    longitude: float
    latitude: float
    gid: int
    violence: int
    best: int
    low: int
    high: int
    where_prec: int | None = None
    widened: bool = False

    @property
    def month(self) -> str:
        """The month of ``day`` as ``YYYY-MM``."""
        return self.day[:7]


def gid_of(longitude: float, latitude: float) -> int:
    """Return the cell of a point; longitude in [-180, 180), latitude in [-90, 90), degrees."""
    return math.floor((latitude + 90) * 2) * COLUMNS + math.floor((longitude + 180) * 2) + 1


def row_column(gid: int) -> tuple[int, int]:
    """Return the row (from the south) and the column (from the west) of a cell."""
    return divmod(gid - 1, COLUMNS)


def centre(gid: int) -> tuple[float, float]:
    """Return longitude and latitude of a cell's centre, degrees."""
    row, column = row_column(gid)
    return column / 2 - 179.75, row / 2 - 89.75


def months(first: str, last: str) -> list[str]:
    """Return every month ``first`` to ``last``, both included; empty when the period runs backward."""
    start, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(start, end + 1)]


@dataclass(frozen=True, slots=True)
class Part:
    """The latest report of one sender on exactly one period, and the message it came in."""

    message_id: bytes
    report: Report

    @property
    def vintage(self) -> tuple[int, bytes]:
        """What decides between two reports: the later ``as_of``, then the greater message id."""
        return self.report.as_of, self.message_id


@dataclass(frozen=True, slots=True)
class Statement:
    """The latest digest that one sender stated for one period."""

    issued_at: int
    message_id: bytes
    picture: Picture


@dataclass(frozen=True, slots=True)
class Declared:
    """The latest declaration of coverage by one sender for exactly one period."""

    message_id: bytes
    coverage: Coverage

    @property
    def vintage(self) -> tuple[int, bytes]:
        """The later ``as_of`` wins, then the greater message id."""
        return self.coverage.as_of, self.message_id


@dataclass(frozen=True, slots=True)
class Contested:
    """The latest contest by one sender of the figure of one of its cells and one period."""

    message_id: bytes
    dispute: Dispute

    @property
    def vintage(self) -> tuple[int, bytes]:
        """The later ``as_of`` wins, then the greater message id."""
        return self.dispute.as_of, self.message_id


@dataclass(frozen=True, slots=True)
class State:
    """Parts, statements and declarations by (sender, first month, last month); contests also by cell; alerts apart."""

    parts: immutables.Map[tuple[str, str, str], Part] = immutables.Map()
    statements: immutables.Map[tuple[str, str, str], Statement] = immutables.Map()
    coverage: immutables.Map[tuple[str, str, str], Declared] = immutables.Map()
    contests: immutables.Map[tuple[str, int, str, str], Contested] = immutables.Map()
    alerts: AlertState = NO_ALERTS


EMPTY = State()


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What one reporter says of one cell over the period, one type of violence: its own sums."""

    member: str
    violence: int
    incidents: int
    best: int
    low: int
    high: int


class Pooled(msgspec.Struct, frozen=True, array_like=True):
    """What the reporters of a cell say together, one type of violence: from the lowest to the highest claim.

    ``best_low`` to ``best_high`` spans their best estimates of deaths, ``low`` to ``high`` their bounds.
    """

    violence: int
    incidents_low: int
    incidents_high: int
    best_low: int
    best_high: int
    low: int
    high: int


class Cell(msgspec.Struct, frozen=True, array_like=True):
    """One cell of the annex: who reports on it, whether they did, what each said, and the span of it."""

    gid: int
    status: Status
    reporters: list[str]
    claims: list[Claim]
    pooled: list[Pooled]


class Reporter(msgspec.Struct, frozen=True):
    """How far one reporter's reports cover the period.

    ``as_of`` is its latest vintage, None when it is silent; ``sources`` are (source, licence).
    """

    member: str
    cells: int
    months: int
    as_of: int | None
    sources: list[tuple[str, str]]


class PictureDoc(msgspec.Struct, frozen=True):
    """The joint picture of a period. Every node that holds the same reports and annex makes the same one.

    Claims are kept side by side; nothing is added up over reporters and no claim is preferred. ``totals`` add
    up over cells.
    """

    first: str
    last: str
    months: int
    coverage: Literal["complete", "partial"]
    reporters: list[Reporter]
    cells: list[Cell]
    statuses: dict[str, int]
    totals: list[Pooled]
    notice: str


class TableRow(msgspec.Struct, frozen=True):
    """One line of the picture as a table; centre of the cell in degrees, spans as (low, high)."""

    gid: int
    longitude: float
    latitude: float
    status: Status
    reporters: list[str]
    incidents: tuple[int, int]
    best: tuple[int, int]
    bounds: tuple[int, int]
