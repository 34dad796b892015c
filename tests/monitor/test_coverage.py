"""Coverage and blind spots: what is measured against known truth, and what no type can say."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from hamsaya.monitor import blindspots, coverage
from hamsaya.monitor import merging_ledger as ledgers
from hamsaya.monitor.coverage import AnyCell, CellFigure, Counts, Own
from hamsaya.monitor.merging import compared, linked
from hamsaya.monitor.merging_types import Incident, Linked
from tests.monitor.accounts import two_sides


def merged(seed: int, events: int = 600) -> tuple[list[Incident], list[Linked]]:
    """Return incidents and pairs of invented events, of which "ava" reports 80 % and "bel" 70 %."""
    ava, bel = two_sides(seed, events)
    ledger = compared([*ava, *bel])
    pairs = linked(ledger)
    return ledgers.incidents(ledger, pairs), pairs


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_share_reported_is_recovered_from_merged_accounts(seed: int) -> None:
    """What was really shared, which the merge does not know, lies within the interval and near its middle."""
    ava, bel = two_sides(seed, 600)
    shared = len({one.id[1:] for one in ava} & {one.id[1:] for one in bel})
    found = merged(seed)
    for member, others in (("ava", bel), ("bel", ava)):
        own = coverage.own(member, *found, {})
        truth = shared / len(others)
        assert own.overall.low <= truth <= own.overall.high
        assert abs(own.overall.mid - truth) < 0.03


@pytest.mark.parametrize("seed", [1, 2])
def test_the_number_of_events_is_recovered(seed: int) -> None:
    """Those that nobody reported are counted in."""
    total = coverage.total(*merged(seed))
    assert total.low <= 600 <= total.high and abs(total.mid - 600) < 40


def test_dependent_lists_stay_within_the_interval() -> None:
    """What is big both report: the naive figure is too high, the interval reaches down to the truth."""
    rng = np.random.default_rng(5)
    big = rng.random(4_000) < 0.5
    share = np.where(big, 0.7, 0.45)
    here, there = rng.random(4_000) < share, rng.random(4_000) < share
    figure = coverage.captured(float(there.sum()), float((here & there).sum()))
    assert figure.mid > here.mean() and figure.low <= here.mean() <= figure.high


@pytest.mark.parametrize(("events", "here", "there"), [
    (60, 0.7, 0.7), (150, 0.4, 0.9), (400, 0.3, 0.3), (400, 0.85, 0.45)])
def test_nine_of_ten_intervals_hold_the_truth(events: int, here: float, there: float) -> None:
    """Sampling alone, lists independent: 85 to 95 % of nominal 90 % intervals hold, for few events as for many."""
    rng = np.random.default_rng(7)
    drawn = 600
    total = share = 0
    for _ in range(drawn):
        ours, theirs = rng.random(events) < here, rng.random(events) < there
        both = float((ours & theirs).sum())
        counts = Counts(both, float(ours.sum()) - both, float(theirs.sum()) - both, 0.0)
        found = coverage.chapman(counts, 1.0)
        total += found.low <= events <= found.high
        found = coverage.captured(float(theirs.sum()), both, dependence=1.0)
        share += found.low <= here <= found.high
    assert 0.85 <= total / drawn <= 0.95 and 0.85 <= share / drawn <= 0.95


def test_intervals_hold_through_the_merge() -> None:
    """Nobody says which accounts are of one event: intervals still hold the share and the number of events."""
    seeds = range(100, 124)
    total = share = 0
    for seed in seeds:
        found = merged(seed, 150)
        events = coverage.total(*found)
        total += events.low <= 150 <= events.high
        own = coverage.own("ava", *found, {}).overall
        share += own.low <= 0.8 <= own.high
    assert min(total, share) >= 0.85 * len(seeds)


@given(st.integers(0, 400), st.floats(0, 1), st.floats(0, 50))
@settings(deadline=None)
def test_a_share_is_an_interval_in_zero_to_one(events: int, part: float, variance: float) -> None:
    """Whatever was counted; and doubt of the merge never narrows it."""
    figure = coverage.captured(float(events), events * part, variance)
    sure = coverage.captured(float(events), events * part)
    assert 0 <= figure.low <= figure.mid <= figure.high <= 1
    assert figure.high - figure.low >= sure.high - sure.low - 1e-9


@given(st.floats(0, 300), st.floats(0, 300), st.floats(0, 300), st.floats(0, 40))
@settings(deadline=None)
def test_there_were_at_least_the_events_seen(both: float, first: float, second: float, variance: float) -> None:
    """An estimate below what was seen would be absurd."""
    total = coverage.chapman(Counts(both, first, second, variance))
    assert total.low >= both + first + second - 1e-6


def test_chapman_by_hand() -> None:
    """Two lists of 40 and 50 with 20 in both: 41 · 51 / 21 − 1 = 98.57."""
    assert coverage.chapman(Counts(20, 20, 30, 0)).mid == pytest.approx(98.571, abs=1e-3)
    assert coverage.chao([1, 1, 1, 2, 2]) == 5 + 3 * 2 / (2 * 3)


def test_a_declaration_moves_a_cell_and_overrules_nothing() -> None:
    """Said to watch everything, and measured at a third: the figure lies between, near what was measured."""
    found = merged(1)
    plain = {one.gid: one for one in coverage.own("bel", *found, {}).cells}
    busiest = max(plain.values(), key=lambda one: one.events)
    stated = coverage.own("bel", *found, {busiest.gid: 1.0}).cells
    declared = {one.gid: one for one in stated}[busiest.gid]
    assert busiest.mid < declared.mid < busiest.mid + 0.15
    assert declared.declared == 1.0 and declared.low < declared.mid < declared.high


def test_where_nothing_is_known_the_figure_says_so() -> None:
    """Unknown is a value, not zero and not one half."""
    own = coverage.own("ava", [], [], {})
    assert (own.overall.low, own.overall.high) == (0.0, 1.0) and "unknown" in own.words[0]
    assert coverage.anybody([], [7]) == [AnyCell(7, 0.0, 0.0, 1.0)]


def members_in(info: inspect.Type, deep: bool = False) -> list[str]:
    """Return the fields called like a party that a type holds inside a list, at any depth."""
    match info:
        case inspect.StructType() | inspect.NamedTupleType() | inspect.DataclassType():
            said = [field.name for field in info.fields]
            own = [name for name in said if deep and re.search("member|reporter|sender", name)]
            return own + [name for field in info.fields for name in members_in(field.type, deep)]
        case inspect.ListType() | inspect.VarTupleType():
            return members_in(info.item_type, True)
        case inspect.DictType():
            return members_in(info.key_type, True) + members_in(info.value_type, True)
        case inspect.UnionType():
            return [name for one in info.types for name in members_in(one, deep)]
    return []


def test_no_type_can_rank_members() -> None:
    """A figure of coverage belongs to one member; a list of cells holds nobody's name, so it ranks no state."""
    for kind in (Own, CellFigure, AnyCell, blindspots.Spot):
        assert members_in(inspect.type_info(kind)) == []
        assert members_in(inspect.type_info(list[blindspots.Spot])) == []
    assert members_in(inspect.type_info(list[Own])) == ["member"], "the check itself must find a list of members"


# --- blind spots ----------------------------------------------------------------------------------------


def lake(months: int = 160, seed: int = 1) -> np.ndarray:
    """Return counts of invented incidents: a few places that burn on and off, the rest quiet."""
    rng = np.random.default_rng(seed)
    rate = np.full((14, 16), 0.002)
    rate[4:6, 4:7] = 0.5
    rate[10, 12] = 0.3
    wave = np.repeat(rng.gamma(2, 0.5, months // 10 + 1), 10)[:months]
    return rng.poisson(rate * wave[:, None, None]).astype(np.float32)


def test_what_is_hidden_is_not_seen() -> None:
    """Rule 1: change a cell's and its neighbours' last year in any way, and its own features stay the same."""
    events = lake()
    changed = events.copy()
    changed[-12:, 3:6, 4:7] += 9
    cell = np.zeros(events.shape[1:], bool)
    cell[4, 5] = True
    last = [len(events) - 1]
    before, after = (blindspots.table(one, cell, last) for one in (events, changed))
    assert np.allclose(before, after, atol=1e-3)
    assert not np.allclose(blindspots.table(events, cell, last, 0), blindspots.table(changed, cell, last, 0), atol=1e-2)


def test_nothing_of_the_future_is_seen() -> None:
    """A feature of a month is the same whatever comes after."""
    events = lake()
    later = events.copy()
    later[120:] += 5
    cells = np.ones(events.shape[1:], bool)
    assert np.array_equal(blindspots.table(events, cells, [100, 119]), blindspots.table(later, cells, [100, 119]))


def test_places_that_burn_are_ranked_first_although_silent() -> None:
    """A year of silence in the busiest place leaves it among the first of the list."""
    events = lake()
    events[-12:, 3:7, 3:8] = 0
    cells = np.ones(events.shape[1:], bool)
    learn = list(range(blindspots.WARM_UP, len(events) - 15))
    happened = blindspots.outcome(events, cells)[learn]
    rows = blindspots.table(events, cells, [*learn, len(events) - 1])
    model = blindspots.fit(rows[:-1].reshape(-1, rows.shape[-1]), happened.ravel(), 0)
    again = blindspots.fit(rows[:-1].reshape(-1, rows.shape[-1]), happened.ravel(), 0)
    p = blindspots.probability(model, rows[-1])
    assert np.array_equal(p, blindspots.probability(again, rows[-1]))
    first = set(np.argsort(-p)[:7].tolist())
    assert {4 * 16 + 4, 4 * 16 + 5, 4 * 16 + 6, 5 * 16 + 4, 5 * 16 + 5, 5 * 16 + 6} <= first


def test_the_list_weighs_likelihood_silence_and_borders() -> None:
    """Equal chances: the cell where less is reported comes first, and a border counts for more."""
    cells = [AnyCell(1, 0.1, 0.2, 0.3), AnyCell(2, 0.7, 0.8, 0.9), AnyCell(3, 0.1, 0.2, 0.3)]
    spots = blindspots.blind_spots([1, 2, 3], np.array([0.5, 0.5, 0.5]), cells, np.array([False, False, True]),
                                   np.array([3, 3, blindspots.NEVER]), 2)
    assert [one.gid for one in spots] == [3, 1]
    assert (spots[1].score_low, spots[1].score, spots[1].score_high) == pytest.approx((0.35, 0.4, 0.45))
    assert spots[0].reasons[-1] == "it holds or touches two reporting areas"
    assert "no incident known" in spots[0].reasons[2]
    assert all(isinstance(msgspec.to_builtins(one)["reasons"], list) for one in spots)
