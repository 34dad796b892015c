"""Where a table of incidents falls silent, told before anybody takes its silence for peace.

Rules
1. A month in which the whole table has no incident is silent.
2. A country that had LIVELY incidents or more in the 12 months up to its last one has fallen silent if more than
   PAUSE months follow without any. Sources end for different countries at different times, in one file too.
3. Nothing is left out for it: the words stand beside what was computed.

    for words in silences(table, first, last): ...
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hamsaya.monitor.incidents import Array, Incidents, distinct, month_text

LIVELY, PAUSE = 24, 6
SHOWN = 5


def silences(table: Incidents, first: int, last: int) -> list[str]:
    """Return in words what is silent in the months ``first`` to ``last`` (since 1970-01), the gravest first."""
    ends = table.end_month
    seen = distinct(ends[(ends >= first) & (ends <= last)])
    silent = np.setdiff1d(np.arange(first, last + 1), seen)
    words = []
    if len(silent):
        words.append(f"no incident at all in {len(silent)} of the months {month_text(first)} to {month_text(last)}: "
                     f"{', '.join(_runs(silent))}; they count as months without deaths")
    return [*words, *_fallen(table, ends, last)]


def _runs(months: Array) -> Iterator[str]:
    """Yield the first few runs of successive months."""
    runs = np.split(months, np.flatnonzero(np.diff(months) > 1) + 1)
    for run in runs[:SHOWN]:
        yield month_text(run[0]) if len(run) == 1 else f"{month_text(run[0])} to {month_text(run[-1])}"
    if len(runs) > SHOWN:
        yield f"and {len(runs) - SHOWN} more spans"


def _fallen(table: Incidents, ends: Array, last: int) -> Iterator[str]:
    """Rule 2: yield each country that fell silent, the liveliest first."""
    found = []
    for code, name in enumerate(table.countries):
        months = ends[(table.country == code) & (ends <= last)]
        if len(months) and last - (end := int(months.max())) > PAUSE:
            before = int((months > end - 12).sum())
            if before >= LIVELY:
                found.append((-before, name, end))
    for before, name, end in sorted(found):
        yield (f"no incident of {name} after {month_text(end)}, {-before} in the 12 months up to then; silence there "
               "counts as peace")
