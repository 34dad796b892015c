"""Ratings told as tallies, and the follow-up that a rule file ties to them.

    tally(["C", "NC", "U"], SCALE)                      # {"C": 1, "LC": 0, "PC": 0, "NC": 1, "U": 1}
    follow_up(ratings, [Trigger("many", ("NC", "PC"), 20)], SCALE)

Rules
1. Ratings are ordinal: they are counted, never averaged. A score exists only where a file gives points to each word.
2. What nobody verified is U. It counts as neither compliant nor in breach: a trigger that names it says so itself.
3. A trigger is met when at least so many of its commitments (all, where it names none) carry one of its words. ``also``
   asks for a second count beside the first. Triggers are judged each on its own; the strictest follow-up met holds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SCALE = ("C", "LC", "PC", "NC", "U")
UNVERIFIED = "U"
COMPLIANT = frozenset(("C", "LC"))


@dataclass(frozen=True, slots=True)
class Trigger:
    """At least ``at_least`` of the commitments ``of`` (() is all) are rated with one of ``words``, and so for ``also``.

    ``then`` is the follow-up it asks for, and ``rank`` its strictness: higher is stricter.
    """

    name: str
    words: tuple[str, ...]
    at_least: int
    of: tuple[str, ...] = ()
    then: str = "enhanced"
    rank: int = 1
    also: Trigger | None = None


class Met(NamedTuple):
    """How a trigger came out: what was counted against what was asked, and whether it is met."""

    name: str
    counted: int
    at_least: int
    met: bool
    then: str
    sentence: str


def tally(words: Iterable[str], scale: Sequence[str]) -> dict[str, int]:
    """Return how often each word of ``scale`` occurs; raises ValueError for a word outside it."""
    counts = Counter(words)
    if strangers := sorted(set(counts) - set(scale)):
        raise ValueError(f"expected ratings among {', '.join(scale)}, received {strangers[0]!r}")
    return {word: counts[word] for word in scale}


def compliant(rating: str) -> bool:
    """Return whether a rating is shown as compliant; U never is."""
    return rating in COMPLIANT


def score(tallied: Mapping[str, float], points: Mapping[str, float]) -> float:
    """Return the share of all points reached, in percent: 100 where every item reached the most points of a word.

    Args:
        tallied: How many items (or which share of them) carry each word.
        points: Points of each word, >= 0.
    Raises:
        ValueError: nothing counted, a word without points, or points without a word above 0.
    Source: Kroc Institute, Peace Accords Matrix; 10, 39, 19 and 32 percent at 0 to 3 points give 57.667.
    """
    total = math.fsum(tallied.values())
    most = max(points.values(), default=0.0)
    if not total > 0.0 or not most > 0.0 or min(points.values()) < 0.0:
        raise ValueError("expected at least one rated item, and points >= 0 of which one is above 0")
    if strangers := sorted(word for word, count in tallied.items() if count and word not in points):
        raise ValueError(f"expected points for every word that was given, received none for {strangers[0]!r}")
    return 100.0 * math.fsum(count * points.get(word, 0.0) for word, count in tallied.items()) / (total * most)


def follow_up(ratings: Mapping[str, str], triggers: Sequence[Trigger]) -> tuple[list[Met], str | None]:
    """Return how each trigger came out, and the strictest follow-up that is met (None where none is).

    Raises:
        ValueError: a trigger that names a commitment without a rating, or asks for less than 1.
    """
    found = [_met(ratings, trigger) for trigger in triggers]
    reached = [(trigger.rank, trigger.then) for trigger, met in zip(triggers, found, strict=True) if met.met]
    return found, max(reached, default=(0, None))[1]


def _met(ratings: Mapping[str, str], trigger: Trigger) -> Met:
    if missing := sorted(set(trigger.of) - set(ratings)):
        raise ValueError(f"the trigger {trigger.name} names {missing[0]}, which has no rating; rate it U where nobody "
                         "verified it")
    if trigger.at_least < 1 or not trigger.words:
        raise ValueError(f"the trigger {trigger.name} asks for nothing: expected words, and at_least of 1 or more")
    among = trigger.of or tuple(ratings)
    counted = sum(ratings[name] in trigger.words for name in among)
    second = _met(ratings, trigger.also) if trigger.also else None
    met = counted >= trigger.at_least and (second is None or second.met)
    words = f"{counted} of {len(among)} rated {' or '.join(trigger.words)}, {trigger.at_least} make it so"
    return Met(trigger.name, counted, trigger.at_least, met, trigger.then,
               words if second is None else f"{words}; and {second.sentence}")
