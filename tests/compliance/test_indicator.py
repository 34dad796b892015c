"""What the joint picture says of a promise: spans, never a point, and what nobody saw is not well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hamsaya.compliance.indicator import Count, Figure, figure
from hamsaya.messages.compliance import Query
from tests.compliance.test_rules import commit

BOTH = frozenset((7, 8))
TERMS = commit(unit="incidents", query=Query(measure="incidents", violence=0, cells=[7, 8], months=1),
               target_low=0.0, target_high=3.0, materiality=1.0)


def read(*counts: Count, observed: frozenset[int] = BOTH, **terms: object) -> Figure:
    return figure(structs.replace(TERMS, **terms), "2026-01", "2026-01", observed, counts)


def some(low: int, high: int, cell: int = 7, violence: int = 1) -> Count:
    return Count(cell, violence, (low, high), (10 * low, 10 * high))


@pytest.mark.parametrize(("counts", "observed", "reading"), [
    ([], BOTH, "within"),
    ([some(1, 3)], BOTH, "within"),
    ([some(1, 2), some(0, 2, 8)], BOTH, "unclear"),  # 1 to 4 against at most 3.
    ([some(4, 5)], BOTH, "unclear"),  # Outside, and by no more than is material.
    ([some(5, 9)], BOTH, "beyond"),
    ([some(0, 9)], BOTH, "unclear"),
    ([], frozenset((7,)), "unverified"),
    ([some(5, 9)], frozenset((7,)), "beyond"),  # What is missing could only add.
    ([some(9, 9, cell=99)], BOTH, "within"),  # Another place.
])
def test_a_span_is_read_by_the_rules(counts: list[Count], observed: frozenset[int], reading: str) -> None:
    """Only a span that lies outside as a whole is beyond, and only a whole picture is within."""
    assert read(*counts, observed=observed).reading == reading


def test_a_query_counts_what_it_names() -> None:
    """Deaths for incidents, or one type of violence for another, would judge a promise nobody made."""
    counts = [some(1, 2), some(2, 2, violence=3)]
    assert (read(*counts).low, read(*counts).high) == (3, 4)
    one = Query(measure="deaths", violence=3, cells=[7], months=1)
    assert read(*counts, query=one).low == read(*counts, query=one).high == 20
    assert read(*counts, query=one).cells == 1


def test_too_low_is_beyond_only_when_all_was_observed() -> None:
    """A promise to do something at least so often is not broken by a report that is missing."""
    assert read(target_low=5.0, target_high=9.0).reading == "beyond"
    assert read(target_low=5.0, target_high=9.0, observed=frozenset((8,))).reading == "unverified"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted)), st.frozensets(st.sampled_from([7, 8])))
def test_seeing_less_never_reads_better(spans: list[list[int]], observed: frozenset[int]) -> None:
    """Hiding a cell may turn a figure into an unverified one, never into a compliant one."""
    counts = [some(low, high) for low, high in spans]
    if read(*counts).reading != "within":
        assert read(*counts, observed=observed).reading != "within"
