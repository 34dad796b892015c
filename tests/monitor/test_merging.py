"""Merging accounts: what is found, how sure it says it is, and that order changes nothing."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.cli.bench_merge_models import Events, protocol, sloppy
from hamsaya.monitor import merging_ledger as ledgers
from hamsaya.monitor.merging import compared, linked
from hamsaya.monitor.merging_assign import marginals
from hamsaya.monitor.merging_columns import candidate_pairs, columns_of
from hamsaya.monitor.merging_model import fit
from hamsaya.monitor.merging_types import Ledger, Linked
from tests.monitor.accounts import account, same_event, two_sides


def links(ledger: Ledger) -> list[Linked]:
    """Return the candidates of a ledger that are more likely one event than not."""
    return [one for one in linked(ledger) if (one.probability or 0) > 0.5]


def test_both_sides_accounts_of_one_event_come_together() -> None:
    """Against the known truth of invented events: few false pairs, few missed."""
    hits = said = true = 0
    for seed in range(3):
        ava, bel = two_sides(seed)
        found = links(compared([*ava, *bel]))
        hits += sum(same_event(one.candidate.left, one.candidate.right) for one in found)
        said += len(found)
        true += len({one.id[1:] for one in ava} & {one.id[1:] for one in bel})
    assert 2 * hits / (said + true) > 0.9


def test_probabilities_are_true_shares() -> None:
    """After assignment, of the pairs said to be one event with probability p a share p is: within .05 in each band and
    two standard errors (the bench measures it finer)."""
    said: list[float] = []
    true: list[bool] = []
    for seed in range(10, 14):
        ava, bel = two_sides(seed, 1600)
        for one in linked(compared([*ava, *bel])):
            said.append(one.probability or 0.0)
            true.append(same_event(one.candidate.left, one.candidate.right))
    p, same = np.array(said), np.array(true)
    for low, high in ((0.05, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.0)):
        band = (p >= low) & (p < high)
        allowed = 0.05 + 2 * np.sqrt(0.25 / max(int(band.sum()), 25))
        assert abs(p[band].mean() - same[band].mean()) < allowed, (low, band.sum(), p[band].mean(), same[band].mean())


@pytest.mark.parametrize("seed", [3, 4])
def test_order_changes_nothing(seed: int) -> None:
    """To the last bit: neither the order of sides nor that of rows may decide what is one event."""
    ava, bel = two_sides(seed, 150)
    rows = [*ava, *bel]
    expected = compared(rows)
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    for other in (compared([*bel, *ava]), compared(shuffled), compared(rows[::-1], compared(rows[: len(rows) // 2]))):
        assert other == expected
        assert linked(other) == linked(expected)


def test_renaming_the_sides_changes_no_probability() -> None:
    """Which side comes first in the alphabet is no evidence."""
    ava, bel = two_sides(5, 200)
    turned = [msgspec.structs.replace(one, reporter="zoe") for one in ava]
    plain, other = linked(compared([*ava, *bel])), linked(compared([*turned, *bel]))
    before = {(one.candidate.left[1], one.candidate.right[1]): one.probability or 0 for one in plain}
    after = {(one.candidate.right[1], one.candidate.left[1]): one.probability or 0 for one in other}
    assert before.keys() == after.keys()
    assert all(abs(before[key] - after[key]) < 1e-3 for key in before)


def test_too_little_to_learn_from_is_no_error() -> None:
    """A side with one account, or none, is compared with what is assumed before anything is learnt."""
    assert compared([]) == Ledger()
    assert compared([account("ava", "1")]).candidates == []
    ledger = compared([account("ava", "1"), account("bel", "2")])
    assert [one.candidate.right for one in linked(ledger)] == [("bel", "2")]
    assert compared([account("ava", "1"), account("bel", "2", longitude=80.0)]).candidates == []


def test_each_reason_is_there_in_words() -> None:
    """A probability without its reasons is an order."""
    ava, bel = two_sides(6, 200)
    for one in linked(compared([*ava, *bel])):
        text = "; ".join(one.candidate.reasons)
        assert all(word in text for word in ("apart", "deaths", "type of violence", "actor class"))


def test_the_later_vintage_speaks_and_the_earlier_stays() -> None:
    """What was said first can be looked up for ever."""
    first, second = account(best=3), account(as_of=1, best=3, high=9)
    ledger = compared([second], compared([first]))
    assert (ledger.accounts, ledger.earlier) == ([second], [first])
    assert compared([first], ledger) == ledger


def brute(odds: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Return the marginals by counting every set of pairs without a common account."""
    total, sums = 0.0, dict.fromkeys(odds, 0.0)
    for size in range(len(odds) + 1):
        for chosen in itertools.combinations(odds, size):
            if len({i for i, _ in chosen}) == len({j for _, j in chosen}) == size:
                weight = float(np.prod([odds[pair] for pair in chosen]))
                total += weight
                for pair in chosen:
                    sums[pair] += weight
    return {pair: value / total for pair, value in sums.items()}


def test_competition_is_close_to_counting_every_way() -> None:
    """Exact counting grows beyond all bounds; what stands for it must not drift from it, loops included."""
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(60):
        pairs = [(i, j) for i in range(3) for j in range(3) if rng.random() < 0.7] or [(0, 0)]
        odds = {pair: float(np.exp(rng.normal(0, 2))) for pair in pairs}
        i, j = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
        found = marginals(i, j, (3, 3), np.array([odds[pair] for pair in pairs]))
        exact = brute(odds)
        errors += [abs(p - exact[pair]) for pair, p in zip(pairs, found, strict=True)]
        assert np.bincount(i, found).max() < 1 + 1e-3 and np.bincount(j, found).max() < 1 + 1e-3
    assert np.mean(errors) < 0.03 and max(errors) < 0.2


def test_competition_is_exact_on_a_tree() -> None:
    """A chain of pairs has no loop: belief propagation owes nothing to luck there."""
    odds = {(0, 0): 3.0, (0, 1): 0.5, (1, 1): 8.0, (2, 1): 1.0, (2, 2): 0.1}
    pairs = sorted(odds)
    i, j = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    found = marginals(i, j, (3, 3), np.array([odds[pair] for pair in pairs]))
    exact = brute(odds)
    assert all(abs(p - exact[pair]) < 1e-3 for pair, p in zip(pairs, found, strict=True))


@given(st.integers(0, 2**31), st.floats(5, 200), st.integers(0, 9))
@settings(deadline=None, max_examples=25)
def test_blocking_finds_every_pair(seed: int, km: float, days: int) -> None:
    """Cells and bisection are a short cut, not a judgement: all pairs within reach, also across 180 degrees."""
    rng = np.random.default_rng(seed)
    sides = []
    for reporter in ("ava", "bel"):
        starts = rng.integers(18_000, 18_020, 30)
        sides.append([account(reporter, str(n), longitude=float((rng.uniform(177, 183) + 180) % 360 - 180),
                              latitude=float(rng.uniform(55, 60)), first_day=int(day),
                              last_day=int(day + rng.integers(0, 6))) for n, day in enumerate(starts)])
    pairs = candidate_pairs(columns_of(sides[0]), columns_of(sides[1]), km, days)
    expected = set()
    for i, a in enumerate(sides[0]):
        for j, b in enumerate(sides[1]):
            gap = max(b.first_day - a.last_day, a.first_day - b.last_day, 0)
            dx = (b.longitude - a.longitude + 180) % 360 - 180
            dx *= np.cos(np.radians((a.latitude + b.latitude) / 2))
            if gap <= days and 111.195 * np.hypot(dx, b.latitude - a.latitude) <= km:
                expected.add((i, j))
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == sorted(expected)


# --- incidents ------------------------------------------------------------------------------------------


def check_conserved(ledger: Ledger) -> None:
    """Every affirming account is in one incident, each reporter once in each, and spans hold every claim."""
    found = ledgers.incidents(ledger, linked(ledger))
    keys = [key for one in found for key in one.accounts]
    assert sorted(keys) == [one.key for one in ledger.accounts if one.stance == "affirms"]
    by_key = {one.key: one for one in ledger.accounts}
    for one in found:
        assert len({reporter for reporter, _ in one.accounts}) == len(one.accounts)
        claims = [by_key[key] for key in one.accounts]
        assert one.low <= min(claim.low for claim in claims) <= max(claim.high for claim in claims) == one.high
        assert one.best_low == min(claim.best for claim in claims)
        assert one.best_high == max(claim.best for claim in claims)


def test_three_sides_are_counted_once() -> None:
    """An incident holds one account of each side at most, and no account is lost."""
    ava, bel = two_sides(7, 150)
    cyd = [msgspec.structs.replace(one, reporter="cyd", id=f"c{one.id[1:]}") for one in bel[::2]]
    check_conserved(compared([*ava, *bel, *cyd]))


def test_unmerging_is_one_call_and_can_be_taken_back() -> None:
    """An incident wrongly merged comes apart at once; ruling "same" afterwards restores it, and all rulings stay."""
    ava, bel = two_sides(8, 150)
    ledger = compared([*ava, *bel])
    before = ledgers.incidents(ledger, linked(ledger))
    merged = next(one for one in before if len(one.accounts) == 2)
    apart = ledgers.unmerged(ledger, merged, by="desk-1", at=5)
    check_conserved(apart)
    after = ledgers.incidents(apart, linked(apart))
    assert merged.accounts not in [one.accounts for one in after]
    left, right = merged.accounts
    again = ledgers.ruled(apart, left, right, "same", by="desk-2", at=6)
    assert [one.accounts for one in ledgers.incidents(again, linked(again))] == [one.accounts for one in before]
    assert [ruling.verdict for ruling in again.rulings] == ["different", "same"]
    assert again.accounts == ledger.accounts and again.earlier == ledger.earlier


def test_a_ruling_frees_or_binds_the_competitors() -> None:
    """Two accounts of one side near one of the other: if it is not the first, it is likelier the second."""
    ava, bel = two_sides(9, 1200)
    ledger = compared([*ava, *bel])
    by_left: dict[tuple[str, str], list[Linked]] = {}
    for one in linked(ledger):
        by_left.setdefault(one.candidate.left, []).append(one)
    rivals = [(a, b) for group in by_left.values() for a in group for b in group
              if (a.probability or 0) > 0.5 > (b.probability or 0) > 0.05]
    strong, weak = rivals[0]
    pair = strong.candidate.left, strong.candidate.right

    def now(verdict: str) -> float:
        after = ledgers.ruled(ledger, *pair, verdict, by="desk-1", at=1)  # type: ignore[arg-type]
        return next(one.probability or 0 for one in linked(after) if one.candidate == weak.candidate)

    assert now("different") > (weak.probability or 0) > now("same")


def test_the_queue_holds_the_doubtful_until_ruled_on() -> None:
    """Rule 5: .2 to .9, the least certain first; a ruling takes it off."""
    ava, bel = two_sides(11, 300)
    ledger = compared([*ava, *bel])
    waiting = ledgers.queue(linked(ledger))
    assert waiting and all(0.2 <= (one.probability or 0) <= 0.9 for one in waiting)
    assert [abs((one.probability or 0) - 0.5) for one in waiting] == sorted(
        abs((one.probability or 0) - 0.5) for one in waiting)
    pair = waiting[0].candidate
    after = ledgers.ruled(ledger, pair.left, pair.right, "same", by="desk-1", at=1)
    assert pair not in [one.candidate for one in ledgers.queue(linked(after))]


def test_a_denial_contests_and_removes_nothing() -> None:
    """One side reports five deaths, the other says that nothing happened: both stay, the span starts at none."""
    said = account("ava", "1", low=4, best=5, high=6)
    denial = account("bel", "9", stance="denies", answers=("ava", "1"), low=0, best=0, high=0)
    ledger = compared([said, denial])
    [one] = ledgers.incidents(ledger, linked(ledger))
    assert (one.status, one.accounts, one.denials) == ("contested", [("ava", "1")], [("bel", "9")])
    assert (one.low, one.best_low, one.best_high, one.high) == (0, 5, 5, 6)
    assert one.disagreement == ["bel says that it did not happen"]
    elsewhere = msgspec.structs.replace(denial, stance="elsewhere")
    [other] = ledgers.incidents(moved := compared([said, elsewhere]), linked(moved))
    assert (other.low, other.disagreement) == (4, ["bel says that it was not on its side"])


def test_a_denial_that_names_nothing_waits_for_a_person() -> None:
    """No model may decide what a state denies."""
    said = account("ava", "1")
    ledger = compared([said, account("bel", "9", stance="denies", latitude=31.2, low=0, best=0, high=0)])
    assert ledgers.incidents(ledger, linked(ledger))[0].status == "single"
    found = ledgers.incidents(ledger, linked(ledger))
    assert [one.key for one in ledgers.open_denials(ledger, found)] == [("bel", "9")]
    [waiting] = ledgers.queue(linked(ledger))
    assert waiting.probability is None and waiting.candidate.denial
    after = ledgers.ruled(ledger, ("ava", "1"), ("bel", "9"), "same", by="desk-1", at=1)
    assert ledgers.incidents(after, linked(after))[0].status == "contested"
    assert ledgers.queue(linked(after)) == []


def test_what_differs_is_said() -> None:
    """Both sides agree that it happened and on nothing else: nothing is averaged away."""
    other = account("bel", "2", low=20, best=25, high=30, violence=3, first_day=18_002, last_day=18_002)
    ledger = compared([account("ava", "1", violence=1), other])
    ledger = ledgers.ruled(ledger, ("ava", "1"), ("bel", "2"), "same", by="desk-1", at=1)
    [one] = ledgers.incidents(ledger, linked(ledger))
    assert one.status == "differing" and (one.low, one.best_low, one.best_high, one.high) == (3, 3, 25, 30)
    assert one.disagreement == ["bounds of deaths do not touch: ava 3 to 3, bel 20 to 30", "days do not touch",
                                "types of violence differ: 1, 3"]


def test_a_ruling_needs_accounts_of_two_sides() -> None:
    """Bad input changes nothing and says what was expected."""
    ledger = compared([account("ava", "1"), account("ava", "2")])
    with pytest.raises(ValueError, match="two reporters"):
        ledgers.ruled(ledger, ("ava", "1"), ("ava", "2"), "same", by="desk-1", at=1)
    with pytest.raises(ValueError, match="account of the ledger"):
        ledgers.ruled(ledger, ("ava", "1"), ("bel", "2"), "same", by="desk-1", at=1)


def test_errors_that_come_together_are_not_taken_for_other_events() -> None:
    """A quarter of each side's accounts is wrong in everything at once: most events are found all the same."""
    events = invented(900)
    rng = np.random.default_rng(2)
    (ids, left), (other, right) = sloppy(events, rng, 0), sloppy(events, rng, 1)
    pairs = candidate_pairs(left, right)
    p = fit(left, right, pairs).probability
    same = ids[pairs.left] == other[pairs.right]
    assert (same & (p > 0.5)).sum() / len(np.intersect1d(ids, other)) > 0.75
    assert (same & (p > 0.5)).sum() / (p > 0.5).sum() > 0.85


def test_sides_that_share_nothing_are_not_brought_together() -> None:
    """Each event has one account: what is said to be shared is little, and is said with doubt."""
    events = invented(1200)
    half = np.random.default_rng(3).random(1200) < 0.5
    parts = [type(events)(*(column[rows] for column in events)) for rows in (half, ~half)]
    rng = np.random.default_rng(4)
    left, right = (protocol(part, rng, side)[1] for side, part in enumerate(parts))
    fitted = fit(left, right, candidate_pairs(left, right))
    assert fitted.probability.sum() < 0.1 * min(len(left), len(right))
    assert fitted.weights.reported.max() < 0.15


def test_stand_ins_tell_how_many_pairs_are_wrong() -> None:
    """Own accounts posing as the other side's win about as often as wrong pairs do: known here, where truth is."""
    events = invented(2400)
    said = true = 0.0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        (ids, left), (other, right) = protocol(events, rng, 0), protocol(events, rng, 1)
        pairs = candidate_pairs(left, right)
        p = fit(left, right, pairs).probability
        band = (p > 0.1) & (p < 0.9)
        said += float((1 - p[band]).sum())
        true += float((ids[pairs.left] != other[pairs.right])[band].sum())
    assert true > 60 and abs(said / true - 1) < 0.25


def invented(count: int) -> Events:
    """Return invented events in two hundred towns over two years."""
    rng = np.random.default_rng(11)
    towns = rng.uniform((61, 30), (73, 37), (200, 2))
    town = (rng.random(count) ** 2 * len(towns)).astype(int)
    return Events(towns[town, 0], towns[town, 1], rng.integers(17_532, 18_262, count),
                  rng.geometric(0.15, count).astype(float), rng.choice([1, 1, 1, 1, 2, 3], count),
                  rng.choice([1, 1, 1, 2, 3], count))
