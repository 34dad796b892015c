"""Budget first: what is taken, how ties fall, and which cells are looked at whatever their score."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.alerts import LOT, choose, drawn_by_lot

SCORES = st.dictionaries(st.integers(1, 500), st.floats(0, 1), max_size=60)


def test_the_budget_is_spent_on_the_highest_scores_and_gives_the_threshold() -> None:
    """Twenty false alarms can be borne, so twenty cells are named: not as many as pass some number."""
    found = choose({1: 0.1, 2: 0.9, 3: 0.5, 4: 0.0}, 2)
    assert (found.taken, found.threshold, found.spent, found.left_out) == ((2, 3), 0.5, 2, 1)


def test_a_zone_that_does_not_fit_ends_the_list() -> None:
    """A smaller zone further down is not slipped in before a larger one that is more urgent."""
    assert choose({1: 3.0, 2: 2.0, 3: 1.0}, 5, {1: 4, 2: 2, 3: 1}).taken == (1,)


@given(SCORES, st.integers(0, 30), st.randoms())
def test_ties_fall_alike_in_any_order_and_by_the_seed(scores: dict[int, float], budget: int, random: object) -> None:
    """Two nodes that read a file in another order name the same cells."""
    flat = {gid: round(score, 1) for gid, score in scores.items()}
    items = list(flat.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    found = choose(dict(items), budget, seed="a")
    assert found == choose(flat, budget, seed="a")
    assert len(found.taken) == min(budget, sum(score > 0 for score in flat.values()))
    assert all(flat[gid] >= found.threshold for gid in found.taken)


def test_ties_do_not_favour_a_corner_of_the_map() -> None:
    """Low ids lie in the south; another month draws other cells of equal score."""
    flat = dict.fromkeys(range(1, 200), 0.5)
    one, other = (set(choose(flat, 10, seed=seed).taken) for seed in ("2019-01", "2019-02"))
    assert one != other and one != set(range(1, 11))


@given(st.sets(st.integers(1, 259_200), max_size=400), st.sampled_from(["2019-01", "2019-02"]))
def test_the_lot_is_a_twentieth_drawn_alike(cells: set[int], month: str) -> None:
    """Where everybody looks only where it was bad, reports confirm themselves for ever."""
    drawn = drawn_by_lot(cells, month)
    assert drawn == drawn_by_lot(sorted(cells, reverse=True), month)
    assert set(drawn) <= cells and len(drawn) == math.ceil(LOT * len(cells))


def test_the_lot_changes_with_the_month() -> None:
    """The same cells every month would be one more habit."""
    cells = range(1, 1001)
    assert drawn_by_lot(cells, "2019-01") != drawn_by_lot(cells, "2019-02")
