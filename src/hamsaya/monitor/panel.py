"""A panel: deaths and incidents by type of violence, cell and month, in whole numbers that add up to the table's.

Rules
1. An incident counts in the month in which it ended. With ``dates="spread"`` its deaths are divided over the months of
   its days, by the days; it is still one incident, of its last month. Spreading looks into an event's past only.
2. An incident whose place is an area (``where_prec`` 4 and above) is spread over that area, not piled on the point that
   stands for it: the deaths of all such incidents of one area, month and type are shared among the area's cells in
   proportion to the deaths of well-located incidents there up to and including that month. Later history is not looked
   at, so a panel cut at a month is the panel that could be made then.
3. The area is the first-order area, or the country where that is unknown, has no history yet, or ``where_prec`` is 6 or
   7. Without any history the incident stays in the cell of its point.
4. A death and an incident are never divided: shares are rounded by largest remainder, ties to the lower cell.
5. Nothing is lost: what lies outside the cells or months asked for is counted in ``left_out``.

    made = panel(table, cells=PRIO.in_box(box), first=month_number("1989-01"), last=month_number("2019-12"))
    made.deaths.sum() + made.left_out.deaths == table.best.sum()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from hamsaya.monitor.grid import PRIO, Array, Grid
from hamsaya.monitor.incidents import Incidents, distinct

AREA_PRECISION = 4
COUNTRY_PRECISION = 6
TYPES = 3
Dates = Literal["end", "spread"]
Places = Literal["spread", "point", "drop"]


class Sum(NamedTuple):
    """Incidents and their deaths, best estimate."""

    events: int
    deaths: int


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Counts by type, cell and month.

    Attributes:
        grid: Whose ids ``cells`` are.
        cells: int64, sorted; the second axis.
        first: Month of index 0 of the third axis, months since 1970-01.
        deaths, events: int32, shape (3, cells, months); index 0 is type of violence 1.
        spread: What was shared over areas (rule 2), wherever it went.
        left_out: What fell outside cells or months, or was dropped.
    """

    grid: Grid
    cells: Array
    first: int
    deaths: Array
    events: Array
    spread: Sum
    left_out: Sum

    @property
    def months(self) -> Array:
        """The months of the third axis, since 1970-01."""
        return self.first + np.arange(self.deaths.shape[2])

    def index_of(self, cells: Any) -> Array:
        """Return where these cells stand on the second axis, -1 where they do not."""
        wanted = np.asarray(cells, "i8")
        if not len(self.cells):
            return np.full(wanted.shape, -1)
        at = np.minimum(np.searchsorted(self.cells, wanted), len(self.cells) - 1)
        return np.where(self.cells[at] == wanted, at, -1)


class _Counts(NamedTuple):
    """Contributions to a panel, of equal length: cell, deaths int64; month, incidents int32; type (1 to 3) int8."""

    cell: Array
    month: Array
    violence: Array
    deaths: Array
    events: Array


def panel(
    table: Incidents,
    *,
    first: int,
    last: int,
    cells: Any = None,
    grid: Grid = PRIO,
    dates: Dates = "end",
    places: Places = "spread",
) -> Panel:
    """Return the counts of a table.

    Args:
        first, last: Months since 1970-01, both included.
        cells: Ids of ``grid``, each once, in any order; without it the cells that hold anything.
        places: ``spread`` as rule 2, ``point`` leaves every incident where its point is, ``drop`` leaves out those
            whose place is an area.
    Raises:
        ValueError: ``last`` comes before ``first``, a cell is named twice, or one cell and month has 2**31 deaths.
    """
    if last < first:
        raise ValueError("expected a period that runs forward")
    found = grid.cell_of(table.lon, table.lat)
    vague = table.where_prec >= AREA_PRECISION
    kept = ~vague if places == "drop" else np.ones(len(table), bool)
    counts = _dated(table, found, kept, dates)
    moved = vague[counts[1]] & (places == "spread")
    contributions, spread = counts[0], Sum(0, 0)
    if moved.any():
        rows = counts[1]
        spread = Sum(int(contributions.events[moved].sum()), int(contributions.deaths[moved].sum()))
        contributions = _placed(table, contributions, rows, moved)
    dropped = Sum(int((~kept).sum()), int(table.best[~kept].sum(dtype="i8")))
    return _summed(contributions, grid, cells, first, last, spread, dropped)


def _dated(table: Incidents, cell: Array, kept: Array, dates: Dates) -> tuple[_Counts, Array]:
    """Rule 1: return contributions and the row of the table that each came from."""
    rows = np.flatnonzero(kept)
    if dates == "end":
        return _Counts(cell[rows], table.end_month[rows], table.violence[rows], table.best[rows].astype("i8"),
                       np.ones(len(rows), "i4")), rows
    first = table.start_month[rows].astype("i8")
    pieces = table.end_month[rows] - first + 1
    row = np.repeat(rows, pieces)
    ends = np.cumsum(pieces)
    month = np.repeat(first, pieces) + np.arange(len(row)) - np.repeat(ends - pieces, pieces)
    deaths = table.best[row].astype("i8")
    # Days of the event up to the end of the month, of all its days; floors of the running share conserve the sum.
    start, end = table.start[row].astype("i8"), table.end[row].astype("i8")
    after = (month + 1).astype("M8[M]").astype("M8[D]").astype("i8")
    before = month.astype("M8[M]").astype("M8[D]").astype("i8")
    days = end - start + 1
    upto, since = (np.clip(edge - start, 0, days) for edge in (after, before))
    deaths = deaths * upto // days - deaths * since // days
    events = np.zeros(len(row), "i4")
    events[ends - 1] = 1
    return _Counts(cell[row], month.astype("i4"), table.violence[row], deaths, events), row


def _placed(table: Incidents, counts: _Counts, rows: Array, moved: Array) -> _Counts:
    """Rules 2 to 4: return the contributions with those that are ``moved`` shared over their areas."""
    stay, go = np.flatnonzero(~moved), np.flatnonzero(moved)
    small = np.where(table.where_prec[rows] < COUNTRY_PRECISION, table.adm1[rows], -1).astype("i8")
    country = table.country[rows].astype("i8")
    precise = _Counts(*(column[stay] for column in counts))
    histories = _Histories(precise, table.adm1[rows][stay].astype("i8"), country[stay])
    order = go[np.lexsort((counts.month[go], small[go], country[go]))]
    keys = np.stack([country[order], small[order], counts.month[order]])
    bounds = np.flatnonzero(np.any(keys[:, 1:] != keys[:, :-1], 0)) + 1
    made = [precise]
    for group in np.split(order, bounds):
        one = group[0]
        history = histories.of(int(country[one]), int(small[one]), int(counts.month[one]))
        part = _Counts(*(column[group] for column in counts))
        made.append(part if history is None else _shared(part, *history))
    return _Counts(*(np.concatenate(columns) for columns in zip(*made, strict=True)))


def _shared(part: _Counts, cells: Array, weights: Array) -> _Counts:
    """Return one area's and month's contributions shared over its cells by weight."""
    made = []
    for violence in distinct(part.violence):
        of_type = part.violence == violence
        deaths, events = (apportion(int(column[of_type].sum()), weights) for column in (part.deaths, part.events))
        here = np.flatnonzero((deaths > 0) | (events > 0))
        made.append(_Counts(cells[here], np.full(len(here), part.month[0], "i4"), np.full(len(here), violence, "i1"),
                            deaths[here], events[here].astype("i4")))
    return _Counts(*(np.concatenate(columns) for columns in zip(*made, strict=True)))


def apportion(total: int, weights: Array) -> Array:
    """Return whole numbers that add up to ``total`` and are as near to its shares as whole numbers can be.

    Args:
        total: >= 0; ``total`` times the largest weight stays below 2**63.
        weights: int64 >= 0, their sum > 0.
    Returns:
        int64, by largest remainder (Hamilton's method), ties to the earlier position.
    """
    whole = weights.sum()
    shares, rest = np.divmod(total * weights, whole)
    more = total - int(shares.sum())
    shares[np.argsort(-rest, kind="stable")[:more]] += 1
    result: Array = shares
    return result


class _History:
    """Deaths and incidents of one area's well-located incidents by cell, as they add up over the months."""

    def __init__(self, precise: _Counts) -> None:
        order = np.argsort(precise.month, kind="stable")
        self._month, self._deaths, self._events = (
            column[order] for column in (precise.month, precise.deaths, precise.events))
        self.cells, self._cell = np.unique(precise.cell[order], return_inverse=True)
        self._sums = np.zeros((2, len(self.cells)), "i8")
        self._upto = 0

    def weights(self, month: int) -> Array | None:
        """Return each cell's weight from the history up to and including ``month``; None where there is none."""
        upto = int(np.searchsorted(self._month, month, "right"))
        if upto < self._upto:
            self._sums[:], self._upto = 0, 0
        new = slice(self._upto, upto)
        np.add.at(self._sums[0], self._cell[new], self._deaths[new])
        np.add.at(self._sums[1], self._cell[new], self._events[new])
        self._upto = upto
        return next((sums for sums in self._sums if sums.any()), None)


class _Histories:
    """The history of every area, made when it is first asked for."""

    def __init__(self, precise: _Counts, adm1: Array, country: Array) -> None:
        self._precise = precise
        self._orders = {"adm1": np.argsort(adm1, kind="stable"), "country": np.argsort(country, kind="stable")}
        self._sorted = {"adm1": adm1[self._orders["adm1"]], "country": country[self._orders["country"]]}
        self._known: dict[tuple[str, int], _History] = {}

    def of(self, country: int, adm1: int, month: int) -> tuple[Array, Array] | None:
        """Return cells and weights by rule 3; None where nothing is known up to ``month``."""
        for level, code in (("adm1", adm1), ("country", country)):
            if code >= 0:
                history = self._known.get((level, code)) or self._make(level, code)
                if (weights := history.weights(month)) is not None:
                    return history.cells, weights
        return None

    def _make(self, level: str, code: int) -> _History:
        first, last = np.searchsorted(self._sorted[level], (code, code + 1))
        rows = self._orders[level][first:last]
        self._known[level, code] = _History(_Counts(*(column[rows] for column in self._precise)))
        return self._known[level, code]


def _summed(
    counts: _Counts, grid: Grid, cells: Any, first: int, last: int, spread: Sum, dropped: Sum
) -> Panel:
    """Rule 5: return the contributions as a panel."""
    inside = (counts.month >= first) & (counts.month <= last)
    given = distinct(counts.cell[inside]) if cells is None else np.sort(np.asarray(cells, "i8"))
    if (np.diff(given) == 0).any():
        raise ValueError("expected every cell once")
    shape = (TYPES, len(given), last - first + 1)
    made = Panel(grid, given, first, np.zeros(shape, "i4"), np.zeros(shape, "i4"), spread, dropped)
    at = made.index_of(counts.cell)
    inside &= at >= 0
    flat = np.ravel_multi_index((counts.violence[inside] - 1, at[inside], counts.month[inside] - first), shape)
    for target, column in ((made.deaths, counts.deaths), (made.events, counts.events)):
        # Sums of whole numbers below 2**53 are exact as floats.
        sums = np.bincount(flat, column[inside], target.size)
        if sums.size and sums.max() >= 2**31:
            raise ValueError("expected fewer than 2**31 deaths in a cell and month")
        target.ravel()[:] = sums
    left = Sum(dropped.events + int(counts.events[~inside].sum()), dropped.deaths + int(counts.deaths[~inside].sum()))
    return Panel(grid, given, first, made.deaths, made.events, spread, left)
