"""From incidents to reports: count by cell, month and type, keep one's own cells, split by period.

    rows = counts(read(path))
    own = own_rows(rows, "north", areas)
    parts = split_report(own, source=…, licence=…, as_of=…, first="2018-01", last="2019-12")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter

import msgspec

from hamsaya.canon import encode
from hamsaya.messages.monitor import Report, Row
from hamsaya.monitor.types import Incident, months

MAX_ROWS = 20_000  # rows of one report, as its schema allows
MAX_BYTES = 700_000  # encoded rows of one report: with envelope and signatures it stays below 1 MiB
SORTED = attrgetter("gid", "month", "violence")
MONTH = attrgetter("month")


def counts(incidents: Iterable[Incident]) -> list[Row]:
    """Return how many incidents and deaths each (cell, month, type) has, sorted by these."""
    sums: dict[tuple[int, str, int], list[int]] = {}
    for one in incidents:
        total = sums.setdefault((one.gid, one.month, one.violence), [0, 0, 0, 0])
        total[0] += 1
        total[1] += one.best
        total[2] += one.low
        total[3] += one.high
    return [Row(*key, *sums[key]) for key in sorted(sums)]


def own_rows(rows: Iterable[Row], member: str, areas: Mapping[int, frozenset[str]]) -> list[Row]:
    """Return the rows of cells that the annex gives to ``member``, in their order."""
    return [row for row in rows if member in areas.get(row.gid, ())]


def split_report(
    rows: Iterable[Row], *, source: str, licence: str, as_of: int, first: str, last: str
) -> list[Report]:
    """Return reports that together say ``rows`` of the months ``first`` to ``last``, none over the limits.

    Periods join without gap or overlap, so months without rows are reported as such. The same rows give the
    same parts.

    Args:
        rows: Within the period, in any order.
        as_of: Vintage, UTC milliseconds.
    Raises:
        ValueError: the period runs backward, a row lies outside it, or one month alone is over the limits.
    """
    by_month = {month: list(group) for month, group in groupby(sorted(rows, key=MONTH), MONTH)}
    period = months(first, last)
    if not period or by_month.keys() - set(period):
        raise ValueError(f"expected rows within {first} to {last}")
    parts = []
    start, held, size = first, list[Row](), 0
    for month, before in zip(period, [first, *period], strict=False):
        new = by_month.get(month, [])
        new_size = sum(len(encode(msgspec.to_builtins(row))) for row in new)
        if len(new) > MAX_ROWS or new_size > MAX_BYTES:
            raise ValueError(f"expected at most {MAX_ROWS} rows and {MAX_BYTES} bytes in {month}")
        if len(held) + len(new) > MAX_ROWS or size + new_size > MAX_BYTES:
            parts.append((start, before, held))
            start, held, size = month, [], 0
        held, size = held + new, size + new_size
    parts.append((start, last, held))
    return [
        Report(source=source, licence=licence, as_of=as_of, first=start, last=end,
               rows=sorted(part, key=SORTED))
        for start, end, part in parts
    ]
