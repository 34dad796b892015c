"""What the joint picture says of a commitment: a span for each period, and what that span shows.

Rules
1. A period's figure is a span: from the lowest to the highest that reporters claim, added up over the query's cells.
2. beyond     every figure of the span lies outside the target range by more than is material
3. within     every cell was observed, and every figure of the span lies in the target range
4. unverified some cell was not observed, and the span does not lie beyond whatever is missing could hide
5. unclear    all was observed, and the span neither lies within nor beyond
What a missing report could hide can only add: a count that is too high already is beyond without it, one that is too
low may not be.

A figure is no finding. It is what a person may lodge as evidence, and what shows that nobody has looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from hamsaya.messages.compliance import Commit, Query

Reading = Literal["within", "beyond", "unclear", "unverified"]


class Count(NamedTuple):
    """What is claimed of one cell and one type of violence over a period, lowest and highest."""

    cell: int
    violence: int
    incidents: tuple[int, int]
    deaths: tuple[int, int]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator over the months ``first`` to ``last``; ``observed`` of ``cells`` were reported on."""

    first: str
    last: str
    low: int
    high: int
    observed: int
    cells: int
    reading: Reading


def figure(terms: Commit, first: str, last: str, observed: frozenset[int], counts: Iterable[Count]) -> Figure:
    """Return what ``counts`` say of ``terms``, whose query is not None, over one period.

    Args:
        observed: Those of the query's cells that every month of the period was reported on.
    """
    query = terms.query
    assert query is not None, "only a commitment with a query is answered by the picture"
    spans = [_span(query, count) for count in counts if _asked(query, count)]
    low, high = sum(span[0] for span in spans), sum(span[1] for span in spans)
    whole = observed >= set(query.cells)
    return Figure(first=first, last=last, low=low, high=high, observed=len(observed & set(query.cells)),
                  cells=len(set(query.cells)), reading=_reading(terms, low, high, whole))


def _asked(query: Query, count: Count) -> bool:
    return count.cell in query.cells and query.violence in (0, count.violence)


def _span(query: Query, count: Count) -> tuple[int, int]:
    return count.incidents if query.measure == "incidents" else count.deaths


def _reading(terms: Commit, low: int, high: int, whole: bool) -> Reading:
    if low > terms.target_high + terms.materiality or (whole and high < terms.target_low - terms.materiality):
        return "beyond"
    if not whole:
        return "unverified"
    return "within" if terms.target_low <= low and high <= terms.target_high else "unclear"
