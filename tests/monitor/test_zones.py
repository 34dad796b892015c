"""Zones keep their identity from look to look, and nothing smaller than an area is ever one."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.grid import PRIO, Grid
from hamsaya.monitor.zones import (
    LEAST_KM2,
    NONE_YET,
    Cells,
    Event,
    Followed,
    area_km2,
    circle,
    contours,
    follow,
    joined,
)

START = int(PRIO.cell_of(65.1, 31.1))


def row(first: int, count: int, north: int = 0) -> Cells:
    return frozenset(int(PRIO.id_of(*PRIO.row_column(START))) + north * PRIO.columns + first + step
                     for step in range(count))


def nobody(cells: Cells) -> Iterable[str]:
    return ()


def looks(*seen: list[Cells]) -> tuple[Followed, list[list[tuple[str, int, tuple[int, ...]]]]]:
    """Follow several looks; of each the events as (change, number, related)."""
    state, told = NONE_YET, []
    for day, areas in enumerate(seen):
        state, events = follow(state, areas, at=day, grid=PRIO, reporters=nobody)
        told.append([(one.change, one.zone.number, one.related) for one in events])
    return state, told


def test_a_zone_is_born_grows_shrinks_holds_and_ends() -> None:
    """The same number all along; it is never given again."""
    _, told = looks([row(0, 4)], [row(0, 6)], [row(0, 6)], [row(0, 3)], [], [row(0, 3)])
    assert [one[0][:2] for one in told if one] == [
        ("born", 1), ("grown", 1), ("held", 1), ("shrunk", 1), ("ended", 1), ("born", 2)]


def test_a_split_keeps_the_number_in_the_larger_part() -> None:
    """The smaller part is new and says where it comes from."""
    state, told = looks([row(0, 10)], [row(0, 6), row(7, 3)])
    assert told[1] == [("shrunk", 1, ()), ("split", 2, (1,))]
    assert [len(zone.cells) for zone in state.zones] == [6, 3]


def test_a_merger_keeps_the_number_of_the_larger_common_area() -> None:
    """The other one ends in it, and both say so."""
    state, told = looks([row(0, 3), row(5, 5)], [row(0, 10)])
    assert told[1] == [("grown", 2, (1,)), ("merged", 1, (2,))]
    assert [zone.number for zone in state.zones] == [2]


def test_zones_that_hardly_touch_are_not_the_same() -> None:
    """One common cell of ten is less than a fifth: a new number, not a wandering zone."""
    _, told = looks([row(0, 10)], [row(9, 10)])
    assert told[1] == [("born", 2, ()), ("ended", 1, ())]


def test_a_zone_across_a_border_says_so() -> None:
    """It belongs to all who report there, never to the one with more cells."""
    state, _ = follow(NONE_YET, [row(0, 4)], at=0, grid=PRIO, reporters=lambda cells: ["bel", "ava", "bel"])
    assert state.zones[0].reporters == ("ava", "bel") and state.zones[0].cross_border
    assert state.zones[0].label == "Z-0001 cross-border: ava, bel"


def test_clusters_and_contours_that_touch_are_one_zone() -> None:
    """Corner to corner counts; a gap of a cell does not."""
    risk = {cell: 0.4 for cell in row(3, 2, north=1)} | {cell: 0.1 for cell in row(9, 2)}
    assert joined(PRIO, [row(0, 3), *contours(risk, 0.3)]) == [row(0, 3) | row(3, 2, north=1)]
    assert joined(PRIO, [row(0, 3), row(4, 2)]) == [row(0, 3), row(4, 2)]
    assert joined(PRIO, []) == [] and contours({}, 0.3) == []


def test_no_zone_is_smaller_than_25_km2() -> None:
    """A cell of 1 km would point at a village: it grows by its surroundings."""
    grid = Grid(100)
    (zone,) = joined(grid, [[int(grid.cell_of(65.1, 31.1))]])
    assert area_km2(grid, zone) >= LEAST_KM2 and len(zone) == 25


def test_a_circle_is_all_its_cells() -> None:
    """As large as the circle, whole, and never without the cell of its centre."""
    grid = Grid(4)
    cells = circle(grid, 34.125, 65.125, 100.0)
    assert abs(area_km2(grid, cells) / (3.14159 * 100**2) - 1) < 0.05 and len(joined(grid, [cells])) == 1
    assert circle(grid, 34.2, 65.2, 0.0) == {int(grid.cell_of(65.2, 34.2))}
    assert area_km2(grid, circle(grid, 34.125, 179.9, 100.0)) > 0


areas = st.lists(st.sets(st.integers(0, 30), min_size=1, max_size=8), max_size=5)


@given(st.lists(areas, min_size=1, max_size=6))
def test_every_identity_is_accounted_for(history: list[list[set[int]]]) -> None:
    """Zones before go on, merge or end, once; zones now go on or are new; no number comes twice."""
    state, given_out = NONE_YET, set[int]()
    for day, look in enumerate(history):
        seen = joined(PRIO, [[START + cell for cell in one] for one in look])
        before = {zone.number for zone in state.zones}
        state, events = follow(state, seen, at=day, grid=PRIO, reporters=nobody)
        alive = {zone.number for zone in state.zones}
        gone, new, on = (_numbers(events, kinds) for kinds in (
            {"merged", "ended"}, {"born", "split"}, {"grown", "shrunk", "held"}))
        assert len(events) == len(gone) + len(new) + len(on)
        assert before == gone | on and alive == new | on and not gone & on and not new & given_out
        assert {zone.cells for zone in state.zones} == set(seen) and len(state.zones) == len(seen)
        given_out |= new


def _numbers(events: list[Event], kinds: set[str]) -> set[int]:
    return {one.zone.number for one in events if one.change in kinds}
