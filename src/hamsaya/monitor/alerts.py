"""Which alerts a budget allows: the number of false alarms that can be borne comes first, the threshold follows.

Rules
1. A budget is a number of cells a month. Candidates are taken from the highest score down until the next one does not
   fit; the score of the last one taken is the threshold. Nothing after it is taken, however small.
2. A candidate without a positive score is none. Equal scores are ordered by a digest of the seed and the cell, so that
   no corner of the map is favoured and every node breaks the tie alike.
3. Patrols follow alerts, and reports follow patrols. ``LOT`` of all cells are drawn by lot each month to be looked at
   as closely as those of alerts, whatever their scores: what is seen there is what alerts are to be compared with. The
   draw follows from the month and the cells alone, so that every node draws the same.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

LOT = 0.05


class Chosen(NamedTuple):
    """What a budget buys.

    Attributes:
        threshold: Score of the last one taken; 0 when none was.
        taken: Keys in the order of their scores, the highest first. spent: Cells they hold.
        left_out: Candidates with a positive score that the budget did not reach.
    """

    threshold: float
    taken: tuple[int, ...]
    spent: int
    left_out: int


def choose(
    scores: Mapping[int, float], budget: int, sizes: Mapping[int, int] | None = None, *, seed: str = ""
) -> Chosen:
    """Return the candidates that a budget allows (rules 1 and 2).

    Args:
        scores: By key (a cell, or the number of a zone), higher is more urgent; what is not above 0 is no candidate.
        budget: Cells, >= 0.
        sizes: Cells of each key, >= 1; one each without it.
    """
    candidates = sorted((key for key, score in scores.items() if score > 0),
                        key=lambda key: (-scores[key], _ticket(seed, key)))
    taken: list[int] = []
    spent = 0
    for key in candidates:
        size = 1 if sizes is None else sizes[key]
        if spent + size > budget:
            break
        taken.append(key)
        spent += size
    return Chosen(scores[taken[-1]] if taken else 0.0, tuple(taken), spent, len(candidates) - len(taken))


def drawn_by_lot(cells: Iterable[int], month: str) -> tuple[int, ...]:
    """Return the cells of equal attention in a month, ``LOT`` of all, at least one, sorted (rule 3)."""
    ordered = sorted(set(cells), key=lambda gid: _ticket(f"lot/{month}", gid))
    return tuple(sorted(ordered[: math.ceil(LOT * len(ordered))]))


def _ticket(seed: str, key: int) -> bytes:
    return hashlib.sha256(f"hamsaya/v1/alerts/{seed}/{key}".encode()).digest()
