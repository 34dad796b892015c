"""The exercise's candidates for alerts: from counts alone, each with the cell's own months behind it."""

from __future__ import annotations

from hamsaya.cli.exercise_alert import CANDIDATES, candidates
from hamsaya.messages.monitor import Row

AREAS = {gid: frozenset({"ava", "bel"}) for gid in range(1, 20)}


def test_the_busiest_cells_are_candidates_with_their_own_history() -> None:
    """Cells outside the areas given, and months before the last twelve, say nothing."""
    months = [f"2018-{number:02}" for number in range(1, 13)]
    rows = [Row(gid, month, 1, 1, gid * (place % 4), 0, 99) for gid in (*range(1, 12), 50)
            for place, month in enumerate(months)]
    rows += [Row(1, "2017-12", 1, 1, 10_000, 0, 10_000)]
    found = candidates(rows, AREAS, "2026-04", 5)
    assert [one.cells for one in found.areas] == [[11], [10], [9], [8], [7], [6]] and CANDIDATES == 6
    top = found.areas[0]
    assert (top.at_least, top.score, top.basis.low, top.basis.high) == (33, 0.25, 0, 33)
    assert found == candidates(rows, AREAS, "2026-04", 5) and found.first == found.last == "2026-04"
