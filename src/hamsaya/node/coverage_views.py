"""What a page shows of coverage: what was declared and contested, which cells nobody or one party watches.

Rules
1. A party watches a cell when the annex gives the cell to it, it reported on the period, and it does not declare that
   it covers nothing of that cell. Nothing else is read into silence.
2. What others declared and contested is shown by cell, as it was told under the monitoring instrument, in the order of
   cells and of names. No total, mean or count by party is made: there is no ranking, also not by accident.
3. What merged reports measure is shown for this party alone, from the ledger on this machine (``desk``); of others the
   record holds only the figures that they themselves contest.
4. Figure, declaration and contest stand side by side; none overrules another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

import msgspec

from hamsaya.monitor.types import Declared, State, centre

Areas = Mapping[int, frozenset[str]]
WATCH = ("several", "one", "nobody", "not-covered")
"""By how many a cell is watched; not-covered: the annex gives it to nobody."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """That a party declared its coverage of a period, as known at ``as_of``; how much of it is told by cell only."""

    member: str
    first: str
    last: str
    as_of: int


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """A party's word against a figure of its own coverage of one cell; per cent."""

    member: str
    gid: int
    first: str
    last: str
    low: int
    high: int
    own: int
    ground: str
    as_of: int


class AreaRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: its reporters, those that watched it, and what each of them declared, per cent."""

    gid: int
    longitude: float
    latitude: float
    reporters: list[str]
    watched_by: list[str]
    declared: list[tuple[str, int]]
    contested: bool


class CoveragePage(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage of a period. ``cells`` is each cell's kind of ``WATCH``; ``unwatched`` are those of nobody, by cell.
    ``reporters`` are those that the annex names.

    ``own_declared`` is what this party declared of its own cells, share in [0, 1].
    """

    own: str
    first: str
    last: str
    cells: dict[int, str]
    reporters: dict[int, list[str]]
    counts: dict[str, int]
    unwatched: list[AreaRow]
    declarations: list[Declaration]
    areas: list[AreaRow]
    contests: list[Contest]
    own_declared: dict[int, float]


def coverage_page(state: State, areas: Areas, own: str, first: str, last: str) -> CoveragePage:
    """Return what a party sees of coverage over the months ``first`` to ``last``."""
    told = {key: said for key, said in state.coverage.items() if key[1] <= last and key[2] >= first}
    declared = _declared(told, areas)
    reported = {member for member, start, end in state.parts if start <= last and end >= first}
    contests = sorted(
        (_contest(member, said.dispute) for (member, _, start, end), said in state.contests.items()
         if start <= last and end >= first), key=lambda one: (one.gid, one.member, one.first, one.last))
    contested = {one.gid for one in contests}
    rows = {gid: _row(gid, areas, declared, reported, contested) for gid in areas}
    cells = {gid: _kind(row) for gid, row in sorted(rows.items())}
    return CoveragePage(
        own=own, first=first, last=last, cells=cells,
        reporters={gid: row.reporters for gid, row in rows.items()},
        counts={kind: sum(each == kind for each in cells.values()) for kind in WATCH},
        unwatched=[rows[gid] for gid, kind in cells.items() if kind == "nobody"],
        declarations=[Declaration(member=member, first=start, last=end, as_of=said.coverage.as_of)
                      for (member, start, end), said in sorted(told.items(), key=lambda item: item[0])],
        areas=[rows[gid] for gid in sorted({*declared, *contested} & rows.keys())], contests=contests,
        own_declared={gid: dict(said)[own] / 100 for gid, said in declared.items() if own in dict(said)},
    )


def _declared(told: Mapping[tuple[str, str, str], Declared], areas: Areas) -> dict[int, list[tuple[str, int]]]:
    """Return by cell what its reporters declared, the latest word of each, by name; others' cells do not count."""
    latest: dict[int, dict[str, int]] = defaultdict(dict)
    for (member, _, _), said in sorted(told.items(), key=lambda item: item[1].vintage):
        for row in said.coverage.rows:
            if member in areas.get(row.gid, ()):
                latest[row.gid][member] = row.percent
    return {gid: sorted(each.items()) for gid, each in latest.items()}


def _row(gid: int, areas: Areas, declared: Mapping[int, list[tuple[str, int]]], reported: set[str],
         contested: set[int]) -> AreaRow:
    longitude, latitude = centre(gid)
    said = declared.get(gid, [])
    blind = {member for member, percent in said if percent == 0}
    return AreaRow(gid=gid, longitude=longitude, latitude=latitude, reporters=sorted(areas[gid]),
                   watched_by=sorted((areas[gid] & reported) - blind), declared=said, contested=gid in contested)


def _kind(row: AreaRow) -> str:
    if not row.reporters:
        return "not-covered"
    return ("nobody", "one")[len(row.watched_by)] if len(row.watched_by) < 2 else "several"


def _contest(member: str, dispute: object) -> Contest:
    plain = msgspec.to_builtins(dispute)
    return Contest(member=member, **{name: plain[name] for name in Contest.__struct_fields__ if name != "member"})


def period(state: State) -> tuple[str, str] | None:
    """Return the first and last month that reports, declarations or contests speak of; None before the first."""
    spans = [*((key[1], key[2]) for key in chain(state.parts, state.coverage)),
             *((key[2], key[3]) for key in state.contests)]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
