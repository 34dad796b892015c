"""Three reporters and more, and what persons ruled: consistent incidents, rulings that outlive files, undoing."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from hamsaya.monitor import merging_ledger as ledgers
from hamsaya.monitor.merging import compared, linked
from hamsaya.monitor.merging_types import Account, Candidate, Incident, Ledger
from tests.monitor.accounts import account, two_sides

A, B, C = ("ava", "1"), ("bel", "1"), ("cyd", "1")


def chain(**odds: float) -> Ledger:
    """Return a ledger of three accounts with the odds of the pairs named, as in ``ab=9``."""
    keys = dict(zip("abc", (A, B, C), strict=True))
    pairs = [Candidate(keys[name[0]], keys[name[1]], value, False, ["said so"]) for name, value in odds.items()]
    return Ledger([account(*key) for key in (A, B, C)], [], pairs, [])


def incidents(ledger: Ledger) -> list[Incident]:
    """Return the incidents of a ledger."""
    return ledgers.incidents(ledger, linked(ledger))


def groups(ledger: Ledger) -> list[list[str]]:
    """Return the reporters of each incident."""
    return [[key[0] for key in one.accounts] for one in incidents(ledger)]


def test_a_chain_joins_only_where_more_speaks_for_it_than_against() -> None:
    """A with B and B with C are likely, A with C is not: the weaker link gives way, and a person is told."""
    assert groups(chain(ab=20, bc=9, ac=0.5)) == [["ava", "bel", "cyd"]]
    ledger = chain(ab=20, bc=9, ac=0.05)
    assert groups(ledger) == [["ava", "bel"], ["cyd"]]
    never = chain(ab=20, bc=9)
    assert groups(never) == [["ava", "bel"], ["cyd"]]
    [passed] = ledgers.passed_over(incidents(never), linked(never))
    assert (passed.candidate.left, passed.candidate.right, passed.candidate.reasons) == (B, C, ["said so"])
    assert passed in ledgers.queue(linked(never), [passed])
    joined = ledgers.ruled(never, B, C, "same", by="desk-1", at=1)
    assert groups(joined) == [["ava"], ["bel", "cyd"]], "a ruling comes first; now ava's pair is the weaker link"
    assert [(one.candidate.left, one.candidate.right) for one in ledgers.passed_over(
        incidents(joined), linked(joined))] == [(A, B)]
    whole = ledgers.ruled(joined, A, B, "same", by="desk-1", at=2)
    assert groups(whole) == [["ava", "bel", "cyd"]], "a person may know better"


def test_a_pair_ruled_apart_stays_apart_through_a_third() -> None:
    """A is B, B is C, and a person has ruled that A is not C: no road leads round a ruling."""
    ledger = ledgers.ruled(chain(ab=20, bc=9, ac=4), A, C, "different", by="desk-1", at=1)
    assert groups(ledger) == [["ava", "bel"], ["cyd"]]


@pytest.mark.parametrize("seed", range(4))
def test_four_reporters_are_each_once_in_an_incident(seed: int) -> None:
    """Noise on every side: no reporter twice, no account lost, and hardly an incident that mixes two events."""
    ava, bel = two_sides(seed, 150)
    rng = np.random.default_rng(seed)

    def other(reporter: str, source: list[Account]) -> list[Account]:
        return [msgspec.structs.replace(one, reporter=reporter, id=f"{reporter[0]}{one.id[1:]}",
                                        longitude=one.longitude + float(rng.normal(0, 0.1)),
                                        first_day=(day := one.first_day + int(rng.integers(0, 2))), last_day=day)
                for one in source if rng.random() < 0.7]

    ledger = compared([*ava, *bel, *other("cyd", ava), *other("dov", bel)])
    found = incidents(ledger)
    keys = [key for one in found for key in one.accounts]
    assert sorted(keys) == sorted(one.key for one in ledger.accounts)
    assert all(len({reporter for reporter, _ in one.accounts}) == len(one.accounts) for one in found)
    assert sum(len(one.accounts) > 2 for one in found) > 40
    pure = [len({number[1:] for _, number in one.accounts}) == 1 for one in found if len(one.accounts) > 2]
    assert np.mean(pure) > 0.8
    home = {key: one.id for one in found for key in one.accounts}
    for pair in ledgers.passed_over(found, linked(ledger)):
        assert home[pair.candidate.left] != home[pair.candidate.right] and pair.candidate.reasons


def later(accounts: list[Account]) -> list[Account]:
    """Return the accounts as a later file has them: a little other, so that everything is compared anew."""
    return [msgspec.structs.replace(one, as_of=9, longitude=one.longitude + 0.01, best=one.best + 1, high=one.high + 1)
            for one in accounts]


def test_unmerged_stays_unmerged_when_newer_files_come() -> None:
    """Rule 6: whoever merges the next release must not have to unmerge again, nor through a third reporter."""
    ava, bel = two_sides(8, 150)
    cyd = [msgspec.structs.replace(one, reporter="cyd", id=f"c{one.id[1:]}") for one in bel]
    ledger = compared([*ava, *bel])
    merged = next(one for one in incidents(ledger) if len(one.accounts) == 2)
    apart = ledgers.unmerged(ledger, merged, by="desk-1", at=5)
    after = compared([*later(ava), *later(bel), *cyd], apart)
    assert after.rulings == apart.rulings
    for one in incidents(after):
        assert not set(merged.accounts) <= set(one.accounts)
    back = ledgers.undone(after, by="desk-2", at=6)
    assert any(set(merged.accounts) <= set(one.accounts) for one in incidents(back))


def test_a_ruling_outlives_files_that_no_longer_bring_the_pair_together() -> None:
    """"Same" holds although the newer place is far away; the pair has its reason in words."""
    first = compared([account(*A), account(*B)])
    ruled = ledgers.ruled(first, A, B, "same", by="desk-1", at=1, ground="source")
    after = compared([account(*A, longitude=80.0, as_of=2)], ruled)
    [one] = incidents(after)
    assert one.accounts == [A, B] and after.candidates[0].reasons == ["brought together by a person, not by comparing"]
    assert (after.rulings[0].ground, after.rulings[0].by) == ("source", "desk-1")


def test_undoing_gives_back_what_was_ruled_before() -> None:
    """Who, when and why of all of it stay; an undo can be undone; an unmerging is undone as one."""
    ledger = ledgers.ruled(chain(ab=20, bc=20, ac=20), A, B, "different", by="desk-1", at=1)
    turned = ledgers.ruled(ledger, A, B, "same", by="desk-2", at=2, ground="place")
    undone = ledgers.undone(turned, by="desk-3", at=3)
    assert groups(undone) == groups(ledger) and len(undone.rulings) == 3
    assert [(one.verdict, one.ground, one.by) for one in undone.rulings[-1:]] == [("different", "undo", "desk-3")]
    assert groups(ledgers.undone(undone, by="desk-3", at=4)) == groups(turned)
    whole = chain(ab=20, bc=20, ac=20)
    [one] = incidents(whole)
    apart = ledgers.unmerged(whole, one, by="desk-1", at=5)
    assert len(incidents(apart)) == 3
    again = ledgers.undone(apart, by="desk-1", at=6)
    assert groups(again) == [["ava", "bel", "cyd"]] and len(again.rulings) == 6
    assert all(one.ruling is None for one in linked(again)), "the model speaks again"
    with pytest.raises(ValueError, match="a ruling to undo"):
        ledgers.undone(whole, by="desk-1", at=7)


def test_a_denial_of_an_account_that_is_not_here_stays_open() -> None:
    """It names what nobody has sent yet: shown until it comes, then it contests."""
    denial = account("bel", "9", stance="denies", answers=A, low=0, best=0, high=0)
    ledger = compared([denial])
    assert [one.key for one in ledgers.open_denials(ledger, incidents(ledger))] == [("bel", "9")]
    after = compared([account(*A)], ledger)
    assert ledgers.open_denials(after, incidents(after)) == [] and incidents(after)[0].status == "contested"
