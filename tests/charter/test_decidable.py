"""Which classes of decisions can be taken at all: agreement with the older figures, and the built-in charter's R_k."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.adapters.regionpack import builtin_pack
from hamsaya.charter import rules
from hamsaya.charter.decidable import fatal_absence, game_of, p_decide, rule_of, share_decidable
from hamsaya.charter.power import indices
from hamsaya.charter.types import DecisionClass, document_from_plain
from hamsaya.charter.votes import And, Consensus, Or, Over, Quota, Rule, Silence, Vote, evaluate

NINE = tuple("abcdefghi")
DOCUMENT = document_from_plain(builtin_pack().charter)
MEMBERS = [party.id for party in DOCUMENT.members if party.role == "member"]
RULES = [rule_of(decision, MEMBERS, concerned="pk", proposer="pk") for decision in DOCUMENT.rules]


def decision(rule: Any, **params: Any) -> DecisionClass:
    return DecisionClass(id="x", title="X", rule=rule, params=params)


CLASSES = [
    decision("owner-alone"),
    decision("any-member"),
    decision("consensus"),
    decision("consensus", absent="tacit", tacit_days=10),
    decision("consensus", over="participants", consent="territory", absent="blocks"),
    decision("minus-concerned"),
    decision("minus-concerned", silence_hours=72),
    decision("negative-consensus"),
    decision("negative-consensus", continue_yes=6, continue_of=8, days=30),
    *(decision("quota", yes=yes, of=of) for yes in (1, 5, 6, 8) for of in (8, 9)),
]


@pytest.mark.parametrize("known", CLASSES, ids=lambda known: f"{known.rule} {known.params}")
@given(p_block=st.floats(0.0, 1.0))
def test_the_algebra_agrees_with_the_counted_probabilities(known: DecisionClass, p_block: float) -> None:
    """The price of compliance rests on p_decide: two ways of counting it must give one figure."""
    assert abs(p_decide(rule_of(known, NINE), 8, p_block) - rules.p_decide(known, 8, p_block)) < 1e-9


def test_the_algebra_also_weighs_what_the_older_figures_could_not() -> None:
    """Two named participants must both agree (0.9^2); either of two rules is likelier than each."""
    pair = Over(frozenset("ab"))
    assert p_decide(pair, 8, 0.1) == pytest.approx(0.81)
    assert p_decide(Or((pair, Over(frozenset("cd")))), 8, 0.1) == pytest.approx(1 - (1 - 0.81) ** 2)
    assert p_decide(And((pair, Quota(2))), 8, 0.1) == pytest.approx(0.81)
    for n, p_block in ((0, 0.1), (8, 1.1), (1, 0.1)):
        with pytest.raises(ValueError, match="expected"):
            p_decide(pair, n, p_block)


def test_the_built_in_charter_stays_decidable_with_two_members_absent() -> None:
    """R_2 is 9/10 while the member whose own act it is attends; the tenth class asks for consent on one's soil."""
    for k in (1, 2, 3):
        assert share_decidable(RULES, MEMBERS, k, ("pk",)) == Fraction(9, 10)
    fatal = {d.id for d, rule in zip(DOCUMENT.rules, RULES, strict=True)
             if fatal_absence(rule, MEMBERS, 2, ("pk",))}
    assert fatal == {"joint-visit"}


def test_nobody_elses_presence_stands_in_for_an_absent_owner() -> None:
    """With any two absent, the owner among them, what needs the owner's own consent or act stops as well: 7/10."""
    assert share_decidable(RULES, MEMBERS, 2) == Fraction(7, 10)


def test_a_role_that_nobody_fills_decides_nothing() -> None:
    """Closed by default: without an owner named, nobody's yes is taken for the owner's."""
    assert fatal_absence(rule_of(decision("owner-alone"), NINE), NINE, 0) == ()


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


@pytest.mark.parametrize(
    ("known", "winning"),
    [
        (decision("consensus"), 1),
        (decision("minus-concerned"), 10),
        (decision("quota", yes=7, of=9), 46),
        (decision("quota", yes=6, of=9), 130),
        (decision("any-member"), 511),
        (decision("owner-alone"), 1),
        (decision("negative-consensus"), 255),
        (decision("negative-consensus", continue_yes=6, continue_of=8), 219),
    ],
    ids=lambda value: str(value),
)
def test_each_class_is_the_game_of_the_textbook(known: DecisionClass, winning: int) -> None:
    """Nine members: consensus 1, minus one 10, seven of nine 46, two thirds 130 winning coalitions."""
    assert indices(game_of(known, 9)).winning == winning


@pytest.mark.parametrize(
    "broken",
    [
        decision("quota"),
        decision("quota", yes=0),
        decision("quota", yes=True),
        decision("consensus", absent="tacit"),
        decision("consensus", absent="forgiven"),
        decision("minus-concerned", silence_hours="72"),
    ],
    ids=lambda value: str(value.params),
)
def test_a_class_with_unfit_parameters_is_refused(broken: DecisionClass) -> None:
    """A rule without its number must not become a weaker rule."""
    with pytest.raises(ValueError, match="expected"):
        rule_of(broken, NINE)
