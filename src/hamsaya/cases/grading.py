"""How good a source and its information are: the scale of four by four, and the Admiralty scale of six by six.

Rules
1. A source has A no doubt about it, B mostly reliable, C mostly unreliable, X not to be assessed; information is
   1 without doubt, 2 known to the source itself, 3 known from others and corroborated, 4 known from others and not.
2. A grade is translated only where the other scale has the same step, and back again it gives the same grade: passing
   a report to and fro never makes it better. Admiralty C and E, 4 and 5 have no such step; a person grades again.
3. What is made of several items is no better than the worst source and the worst information among them, until a
   person grades the product. What cannot be assessed counts as the worst.

    to_admiralty(Grading(source="C", information="4"))     # ("D", "6")

Source: Regulation (EU) 2016/794, article 29 (four by four); NATO AJP-2.1 (Admiralty).
Left out: the reading of 2 and 3 as steps of likelihood is ours; article 29 says how the source came to know.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from hamsaya.messages.caveats import Grading, Information, Source

Reliability = Literal["A", "B", "C", "D", "E", "F"]
Credibility = Literal["1", "2", "3", "4", "5", "6"]

# From the best to the worst.
SOURCES: tuple[Source, ...] = ("A", "B", "C", "X")
INFORMATION: tuple[Information, ...] = ("1", "2", "3", "4")

_RELIABILITY: dict[Source, Reliability] = {"A": "A", "B": "B", "C": "D", "X": "F"}
_CREDIBILITY: dict[Information, Credibility] = {"1": "1", "2": "2", "3": "3", "4": "6"}
_SOURCE = {theirs: ours for ours, theirs in _RELIABILITY.items()}
_INFORMATION = {theirs: ours for ours, theirs in _CREDIBILITY.items()}


class Admiralty(NamedTuple):
    """The grades of one item on the Admiralty scale, written together as in ``B2``."""

    reliability: Reliability
    credibility: Credibility


def to_admiralty(grading: Grading) -> Admiralty:
    """Return ``grading`` on the Admiralty scale; every one of ours has its step there."""
    return Admiralty(_RELIABILITY[grading.source], _CREDIBILITY[grading.information])


def from_admiralty(admiralty: Admiralty) -> Grading | None:
    """Return an Admiralty grade on our scale, or None where it has no such step and a person must grade again."""
    source, information = _SOURCE.get(admiralty.reliability), _INFORMATION.get(admiralty.credibility)
    if source is None or information is None:
        return None
    return Grading(source=source, information=information)


def weakest(gradings: Iterable[Grading]) -> Grading:
    """Return the grades of a product of items with these, until a person grades it.

    Raises:
        ValueError: no grades.
    """
    found = list(gradings)
    if not found:
        raise ValueError("expected the grades of at least one item")
    return Grading(
        source=max((each.source for each in found), key=SOURCES.index),
        information=max((each.information for each in found), key=INFORMATION.index),
    )
