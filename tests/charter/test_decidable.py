"""Which classes of decisions can be taken at all, by whom, and at what chance against the member concerned."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.charter.coalitions import counted
from hamsaya.charter.decidable import (
    banzhaf_shares,
    fatal_absence,
    named_in,
    own_act,
    p_decide,
    share_decidable,
    voting_of,
)
from hamsaya.charter.power import Game, indices
from hamsaya.charter.votes import (
    CONCERNED,
    PARTICIPANTS,
    PROPOSER,
    And,
    Consensus,
    MinusConcerned,
    NegativeConsensus,
    Or,
    Over,
    Quota,
    Rule,
    Silence,
    Tacit,
    Vote,
    evaluate,
    render_rule,
)

NINE = tuple("abcdefghi")
OWNER = Over(frozenset((CONCERNED,)), Consensus("blocks"))
ANY_MEMBER = Over(frozenset((PROPOSER,)), Consensus("blocks"))
CONSENT = Over(frozenset((CONCERNED,)), Quota(1, absent="blocks"))
TAKING_PART = Over(frozenset((PARTICIPANTS,)))
VISIT = And((CONSENT, TAKING_PART))
FINDING = MinusConcerned(CONCERNED, Silence(72))
RELIEF = MinusConcerned(CONCERNED, NegativeConsensus(6, 30))
SEVENTEEN = And((Over(frozenset(map(str, range(17)))), Quota(1)))
CLASSES: tuple[Rule, ...] = (
    OWNER, TAKING_PART, VISIT, FINDING, RELIEF, MinusConcerned(CONCERNED, Quota(5)), Quota(6), Consensus(),
    Consensus(Tacit(10)), ANY_MEMBER,
)


def words(value: object) -> str:
    """Return a value as a test's name: a set has no order of its own, and every process must use the same names."""
    return json.dumps(render_rule(value)) if isinstance(value, Rule) else str(value)


@pytest.mark.parametrize(
    ("rule", "price"),
    [
        (MinusConcerned(CONCERNED), 1.597),
        (FINDING, 1.597),
        (MinusConcerned(CONCERNED, Quota(6)), 1.241),
        (MinusConcerned(CONCERNED, NegativeConsensus()), 1.231),
        (RELIEF, 1.231),
    ],
    ids=words,
)
def test_decision_rules_have_their_known_price(rule: Rule, price: float) -> None:
    """Eight others, each blocking one time in ten; ideal b .7, a .05, r .1: the price of each rule."""
    b = 0.7 * p_decide(rule, 8, 0.1)
    assert (0.1 + b) / (b - 0.05) == pytest.approx(price, abs=5e-4)


@pytest.mark.parametrize("rule", [Consensus(), Silence(72), OWNER, VISIT, TAKING_PART])
def test_a_rule_that_the_accused_can_block_decides_nothing(rule: Rule) -> None:
    """Where the accused can refuse, its compliance has no finite price, whatever the others do."""
    assert p_decide(rule, 8, 0.0) == 0.0


def test_who_needs_nobody_else_is_not_stopped_by_the_others() -> None:
    """An emergency notice is given though all others would refuse it; the proposer itself is in favour."""
    assert p_decide(ANY_MEMBER, 8, 1.0) == p_decide(ANY_MEMBER, 1, 1.0) == 1.0
    seconded = And((ANY_MEMBER, Quota(2)))
    assert p_decide(seconded, 3, 0.5) == pytest.approx(0.75)


def test_a_member_that_a_rule_names_is_the_one_concerned() -> None:
    """A rule bound to a question gives the figure of that question."""
    assert p_decide(MinusConcerned("a", Consensus()), 8, 0.1) == pytest.approx(0.9**8)


def test_two_named_participants_must_both_agree() -> None:
    """Two of two is 0.9^2; either of two such pairs is likelier than each."""
    pair = Over(frozenset("ab"))
    assert p_decide(pair, 8, 0.1) == pytest.approx(0.81)
    assert p_decide(Or((pair, Over(frozenset("cd")))), 8, 0.1) == pytest.approx(1 - (1 - 0.81) ** 2)
    assert p_decide(And((pair, Quota(2))), 8, 0.1) == pytest.approx(0.81)
    for n, p_block in ((0, 0.1), (8, 1.1), (1, 0.1)):
        with pytest.raises(ValueError, match="expected"):
            p_decide(pair, n, p_block)


@given(n=st.integers(1, 12), yes=st.integers(1, 12), p=st.floats(0, 1), q=st.floats(0, 1))
def test_rules_are_monotone_in_blocking(n: int, yes: int, p: float, q: float) -> None:
    """More blocking never makes a decision likelier, under any rule."""
    low, high = sorted((p, q))
    for rule in (FINDING, MinusConcerned(CONCERNED, Quota(yes)), MinusConcerned(CONCERNED, NegativeConsensus(yes))):
        assert p_decide(rule, n, low) >= p_decide(rule, n, high) - 1e-12


@given(n=st.integers(1, 12), yes=st.integers(1, 13), p=st.floats(0, 1))
def test_a_quota_is_the_binomial_tail(n: int, yes: int, p: float) -> None:
    """An independent way to count the same probability."""
    tail = sum(comb(n, k) * (1 - p) ** k * p ** (n - k) for k in range(yes, n + 1))
    assert abs(p_decide(MinusConcerned(CONCERNED, Quota(yes)), n, p) - tail) < 1e-9


def test_the_usual_classes_stay_decidable_with_two_members_absent() -> None:
    """R_2 is 9/10 or more while the member whose own act it is attends; nobody else stands in for that member."""
    rules = [own_act(rule, NINE) for rule in CLASSES]
    assert share_decidable(rules, NINE, 2, NINE[:1]) == 1
    assert share_decidable(rules, NINE, 2) == Fraction(7, 10)
    blocking = own_act(And((CONSENT, Over(frozenset((PARTICIPANTS,)), Consensus("blocks")))), NINE)
    assert fatal_absence(blocking, NINE, 1, NINE[:1]) is not None


def test_a_role_that_nobody_fills_decides_nothing() -> None:
    """Closed by default: without an owner named, nobody's yes is taken for the owner's."""
    assert fatal_absence(OWNER, NINE, 0) == ()


def test_an_absence_that_stops_a_rule_is_named() -> None:
    """A figure says that something stops; a name says what to do about it."""
    assert fatal_absence(Consensus("blocks"), NINE, 2) == ("a", "b")
    assert fatal_absence(Consensus(), NINE, 8) is None
    assert fatal_absence(Consensus(), NINE, 9) == fatal_absence(Consensus(), NINE, 20) == NINE
    assert fatal_absence(Quota(7), NINE, 2) is None and fatal_absence(Quota(8), NINE, 2) == ("a", "b")
    assert fatal_absence(Silence(72), NINE, 0) is None


@given(st.sets(st.sampled_from(NINE[:5]), min_size=1), st.integers(1, 9), st.integers(0, 5))
def test_members_that_a_rule_treats_alike_need_no_trying_out(pair: set[str], q: int, k: int) -> None:
    """The short way over named members finds what trying every set of absent members finds."""
    rule = Or((Over(frozenset(pair), Consensus("blocks")), Quota(q, (("a", 3), ("f", 2), *((m, 1) for m in "bgh")))))
    tried = [gone for gone in combinations(NINE, k) if not agrees(rule, gone)]
    found = fatal_absence(rule, NINE, k)
    assert (found is None) == (not tried) and (found is None or tuple(sorted(found)) in tried)


def test_a_list_of_everybody_tells_nobody_apart() -> None:
    """Sixty participants, all members, are counted like sixty members without a name."""
    crowd = [str(n) for n in range(60)]
    everybody = Over(frozenset(crowd), Consensus("blocks"))
    assert named_in(everybody, crowd) == set()
    assert fatal_absence(everybody, crowd, 9) == tuple(sorted(crowd)[:9])


def agrees(rule: Rule, gone: tuple[str, ...]) -> bool:
    """Say whether ``rule`` adopts what everybody but the absent is in favour of."""
    votes = {member: Vote("yes", 0) for member in NINE if member not in gone}
    standings = {member: "absent" if member in gone else "full" for member in NINE}
    return evaluate(rule, votes, standings, 0, 10**15).verdict == "adopted"


def test_impossible_questions_are_refused() -> None:
    """A share of nothing, fewer than none absent, or more sets than can be looked at."""
    crowd = [str(n) for n in range(60)]
    weighted = Quota(9, tuple((member, 2) for member in crowd))
    assert fatal_absence(Consensus(), crowd, 9) is None
    for arguments in (((), NINE, 1), ([Consensus()], NINE, -1), ([weighted], crowd, 9)):
        with pytest.raises(ValueError, match="expected"):
            share_decidable(*arguments)


# --- who can decide what ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "winning", "players"),
    [
        (Consensus(), 1, 9),
        (Silence(72), 1, 9),
        (MinusConcerned(CONCERNED), 10, 9),
        (FINDING, 10, 9),
        (Quota(7), 46, 9),
        (Quota(6), 130, 9),
        (ANY_MEMBER, 511, 9),
        (OWNER, 1, 1),
        (MinusConcerned(CONCERNED, NegativeConsensus()), 255, 8),
        (RELIEF, 219, 8),
        (MinusConcerned("c", Quota(5)), 93, 8),
        (Over(frozenset("abc"), Quota(2)), 4, 3),
        (TAKING_PART, 1, 9),
        (And((Consensus(),)), 1, 9),
        (VISIT, 1, 9),
        (MinusConcerned(CONCERNED, And((Consensus(), Quota(5)))), 1, 8),
        (MinusConcerned("c", Or((Over(frozenset("ab")), Quota(8)))), 2**6, 8),
        (And((CONSENT, Quota(6))), sum(comb(8, k) for k in range(5, 9)), 9),
        (Or((Over(frozenset("ab")), Quota(9))), 2**7, 9),
    ],
    ids=words,
)
def test_each_rule_is_the_game_of_the_textbook(rule: Rule, winning: int, players: int) -> None:
    """Nine members: consensus 1, minus one 10, seven of nine 46, two thirds 130 winning coalitions."""
    found = voting_of(rule, NINE)
    assert found.indices is not None and (found.indices.winning, len(found.players)) == (winning, players)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Quota(10), "never decided"),
        (And((Consensus(), Quota(10))), "never decided"),
        (NegativeConsensus(10), "whatever the votes"),
        (Or((Consensus(), NegativeConsensus(10))), "whatever the votes"),
        (Over(frozenset(("x", "y"))), "never decided"),
        (SEVENTEEN, "too many"),
        (Quota(1, (("a", 10**6), ("b", 10**6 - 1), *((m, 7) for m in "cdefghi"))), ""),
        (Quota(10**6, (("a", 10**6), ("b", 10**6 - 1), *((m, 99_991) for m in "cdefghi"))), "small enough"),
    ],
    ids=words,
)
def test_a_rule_without_indices_says_why(rule: Rule, why: str) -> None:
    """A figure that would mean nothing is not given."""
    members = tuple(map(str, range(18))) if rule is SEVENTEEN else NINE
    found = voting_of(rule, members)
    assert (found.indices is None) == bool(why) and why in found.why


@settings(max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 4), st.data())
def test_counting_by_coalitions_agrees_with_the_generating_function(
    weights: list[int], alike: int, data: st.DataObject
) -> None:
    """Two ways of counting the same weighted game give the same indices, to the last fraction."""
    every = [*weights, *([1] * alike)]
    quota = data.draw(st.integers(1, max(1, sum(every))))
    if sum(every) < quota:
        return
    found = counted(len(weights), alike, lambda bits, count: count + sum(
        weight for number, weight in enumerate(weights) if bits >> number & 1) >= quota)
    assert found == indices(Game(tuple(every), quota))


def test_shares_follow_whose_question_it_is() -> None:
    """Who asks decides alone under the owner's rule; over all questions everybody's share is the same."""
    for rule in (OWNER, ANY_MEMBER, FINDING, Quota(6), VISIT):
        assert banzhaf_shares(rule, NINE) == dict.fromkeys(NINE, Fraction(1, 9))
    heavy = banzhaf_shares(Quota(3, tuple((m, 2 if m == "a" else 1) for m in "abc")), NINE)
    assert heavy == {**dict.fromkeys(NINE, Fraction(0)), "a": Fraction(3, 5), "b": Fraction(1, 5), "c": Fraction(1, 5)}
    assert banzhaf_shares(Quota(10), NINE) is None
