"""Grades: a translation loses where it must and never makes a report better."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from hamsaya.cases.grading import (
    INFORMATION,
    SOURCES,
    Admiralty,
    Credibility,
    Reliability,
    from_admiralty,
    to_admiralty,
    weakest,
)
from hamsaya.messages.caveats import Grading

ALL = [Grading(source=source, information=information) for source, information in product(SOURCES, INFORMATION)]
THEIRS = [Admiralty(*pair) for pair in product(get_args(Reliability), get_args(Credibility))]


@pytest.mark.parametrize("grading", ALL)
def test_a_grade_comes_back_from_the_admiralty_scale_as_it_was(grading: Grading) -> None:
    """A report passed to and fro between services keeps its grade."""
    assert from_admiralty(to_admiralty(grading)) == grading


def test_an_admiralty_grade_comes_back_as_it_was_or_not_at_all() -> None:
    """Rounding C to B, or E to C and on to D, would launder a doubtful source."""
    back = {theirs: from_admiralty(theirs) for theirs in THEIRS}
    assert all(to_admiralty(ours) == theirs for theirs, ours in back.items() if ours is not None)
    assert sum(ours is None for ours in back.values()) == 36 - 16
    assert from_admiralty(Admiralty("C", "1")) is from_admiralty(Admiralty("A", "5")) is None


def test_the_worked_example() -> None:
    """Mostly unreliable and uncorroborated: not usually reliable, cannot be judged."""
    assert "".join(to_admiralty(Grading(source="C", information="4"))) == "D6"


def test_a_product_is_graded_like_its_worst_parts() -> None:
    """One good source among bad ones does not lift what rests on all of them."""
    parts = [Grading(source="A", information="4"), Grading(source="C", information="1")]
    assert weakest(parts) == Grading(source="C", information="4")
    assert weakest([*parts, Grading(source="X", information="1")]).source == "X"
    with pytest.raises(ValueError, match="at least one"):
        weakest([])
