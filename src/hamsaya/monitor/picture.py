"""The joint picture: one document from all reports, the same at every node that holds them.

Rules
1. The cells are those of the signed annex. Nothing is drawn from polygons.
2. For each reporter and month the part with the latest vintage that covers the month speaks, and no other.
3. Claims stay side by side. Where several parties report on a cell, each month's span runs from the lowest to
   the highest claim; one that covers the month without a row claims none. Claims are never added up over
   reporters.
4. Spans add up over months and over cells.
5. What was not reported is told apart from what was reported as nothing (``Status``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter

import msgspec

from hamsaya.canon import digest as sha256
from hamsaya.canon import tagged
from hamsaya.messages.monitor import Picture, Report, Row
from hamsaya.monitor.types import (
    Cell,
    Claim,
    Part,
    PictureDoc,
    Pooled,
    Reporter,
    State,
    Status,
    TableRow,
    centre,
    months,
)

DOMAIN = "hamsaya/v1/picture"
NOTICE = "Reporting areas say who reports, without prejudice to any claim. Claims stand side by side."
Chosen = dict[tuple[str, str], Part]
Said = list[tuple[str, Row]]


def picture(state: State, areas: Mapping[int, frozenset[str]], first: str, last: str) -> PictureDoc:
    """Return the joint picture of the months ``first`` to ``last``.

    Args:
        areas: The signed annex, cell to reporters; an empty set is a cell that nobody covers.
    Raises:
        ValueError: the period runs backward.
    """
    period = months(first, last)
    if not period:
        raise ValueError(f"expected a period that runs forward, received {first} to {last}")
    chosen = _chosen(state, first, last)
    covered = Counter(member for member, _ in chosen)
    said = _said(state, chosen, areas)
    statuses = {who: _status(who, covered, len(period)) for who in set(areas.values())}
    cells = [_cell(gid, areas[gid], statuses[areas[gid]], said.get(gid, []), chosen) for gid in sorted(areas)]
    reporters = _reporters(areas, chosen, covered)
    whole = all(reporter.months == len(period) for reporter in reporters) and all(areas.values())
    return PictureDoc(
        first=first, last=last, months=len(period), coverage="complete" if whole else "partial",
        reporters=reporters, cells=cells,
        statuses=dict(sorted(Counter(cell.status for cell in cells).items())),
        totals=_add(pooled for cell in cells for pooled in cell.pooled), notice=NOTICE,
    )


def digest(document: PictureDoc) -> bytes:
    """Return the 32 bytes that tell two pictures apart: SHA-256 of the tagged deterministic encoding."""
    return sha256(tagged(DOMAIN, msgspec.to_builtins(document)))


def statement(document: PictureDoc) -> Picture:
    """Return the body by which a node states which picture it holds."""
    return Picture(first=document.first, last=document.last, digest=digest(document),
                   cells=len(document.cells), coverage=document.coverage)


def table(document: PictureDoc, limit: int) -> list[TableRow]:
    """Return the ``limit`` cells with most deaths (highest best estimate), then incidents, then by id."""
    rows = [_table_row(cell) for cell in document.cells if cell.pooled]
    return sorted(rows, key=lambda row: (-row.best[1], -row.incidents[1], row.gid))[:limit]


def _chosen(state: State, first: str, last: str) -> Chosen:
    """Rule 2: (member, month) to the part that speaks for it."""
    chosen: Chosen = {}
    for (member, start, end), part in state.parts.items():
        for month in months(max(first, start), min(last, end)):
            held = chosen.get((member, month))
            if held is None or held.vintage < part.vintage:
                chosen[member, month] = part
    return chosen


def _said(state: State, chosen: Chosen, areas: Mapping[int, frozenset[str]]) -> dict[int, Said]:
    """Return every row that speaks, by cell; none of a cell that the annex does not give to its sender."""
    said: dict[int, Said] = defaultdict(list)
    for (member, _, _), part in sorted(state.parts.items(), key=itemgetter(0)):
        for row in part.report.rows:
            if chosen.get((member, row.month)) is part and member in areas.get(row.gid, ()):
                said[row.gid].append((member, row))
    return said


def _status(reporters: frozenset[str], covered: Mapping[str, int], period: int) -> Status:
    """Rule 5."""
    if not reporters:
        return "not-covered"
    best = max(covered.get(member, 0) for member in reporters)
    return "observed" if best == period else "partly" if best else "silent"


def _cell(gid: int, reporters: frozenset[str], status: Status, said: Said, chosen: Chosen) -> Cell:
    pooled = _pool(reporters, said, chosen) if said else []
    return Cell(gid, status, sorted(reporters), _claims(said), pooled)


def _claims(said: Said) -> list[Claim]:
    sums: dict[tuple[str, int], list[int]] = {}
    for member, row in said:
        total = sums.setdefault((member, row.violence), [0, 0, 0, 0])
        for place, count in enumerate((row.incidents, row.best, row.low, row.high)):
            total[place] += count
    return [Claim(*key, *sums[key]) for key in sorted(sums)]


def _pool(reporters: frozenset[str], said: Said, chosen: Chosen) -> list[Pooled]:
    """Rule 3: the span of each month's claims, then the sum of the spans over months."""
    by_month: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for _, row in said:
        by_month[row.violence, row.month].append(row)
    return _add(
        _span(violence, rows, sum((member, month) in chosen for member in reporters) - len(rows))
        for (violence, month), rows in by_month.items()
    )


def _span(violence: int, rows: list[Row], silent_claims: int) -> Pooled:
    """Return the span of one month's claims; ``silent_claims`` reporters covered the month and claim none."""
    incidents, bests = [row.incidents for row in rows], [row.best for row in rows]
    low = (0, 0, 0) if silent_claims else (min(incidents), min(bests), min(row.low for row in rows))
    high = max(row.high for row in rows)
    return Pooled(violence, low[0], max(incidents), low[1], max(bests), low[2], high)


def _add(spans: Iterable[Pooled]) -> list[Pooled]:
    """Rule 4: the sum of spans, one for each type of violence that occurs."""
    sums: dict[int, list[int]] = {}
    for span in spans:
        total = sums.setdefault(span.violence, [0] * 6)
        for place, count in enumerate((span.incidents_low, span.incidents_high, span.best_low,
                                       span.best_high, span.low, span.high)):
            total[place] += count
    return [Pooled(violence, *sums[violence]) for violence in sorted(sums)]


def _reporters(
    areas: Mapping[int, frozenset[str]], chosen: Chosen, covered: Mapping[str, int]
) -> list[Reporter]:
    cells = Counter(member for reporters in areas.values() for member in reporters)
    reports: dict[str, list[Report]] = defaultdict(list)
    for (member, _), part in chosen.items():
        reports[member].append(part.report)
    return [
        Reporter(
            member=member, cells=cells[member], months=covered.get(member, 0),
            as_of=max((report.as_of for report in reports[member]), default=None),
            sources=sorted({(report.source, report.licence) for report in reports[member]}),
        )
        for member in sorted(cells)
    ]


def _table_row(cell: Cell) -> TableRow:
    longitude, latitude = centre(cell.gid)
    return TableRow(
        gid=cell.gid, longitude=longitude, latitude=latitude, status=cell.status, reporters=cell.reporters,
        incidents=(sum(p.incidents_low for p in cell.pooled), sum(p.incidents_high for p in cell.pooled)),
        best=(sum(p.best_low for p in cell.pooled), sum(p.best_high for p in cell.pooled)),
        bounds=(sum(p.low for p in cell.pooled), sum(p.high for p in cell.pooled)),
    )
