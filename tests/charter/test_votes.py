"""Rules of voting: the truth table of each, silence to the hour, and what must hold of every rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR
from hamsaya.charter.votes import (
    And,
    Choice,
    Consensus,
    MinusConcerned,
    NegativeConsensus,
    Or,
    Outcome,
    Over,
    Quota,
    Rule,
    Silence,
    Tacit,
    Vote,
    evaluate,
    parse_rule,
    render_rule,
)

OPENED = 1_790_000_000_000
MEMBERS = ("ava", "bel", "cor", "dun")
LETTERS: dict[str, Choice] = {"y": "yes", "n": "no", "a": "abstain"}
STANDINGS = {"F": "full", "P": "partial", "A": "absent", "S": "suspended", "O": "observer", "L": "left"}


def outcome(rule: Rule, said: str, seats: str = "FFFF", after: int = HOUR) -> Outcome:
    """Return what becomes of ``said``: one letter a member (y, n, a, or - for no vote), cast at opening."""
    votes = {m: Vote(LETTERS[letter], OPENED) for m, letter in zip(MEMBERS, said, strict=True) if letter != "-"}
    standings = {m: STANDINGS[letter] for m, letter in zip(MEMBERS, seats, strict=True)}
    return evaluate(rule, votes, standings, OPENED, OPENED + after)


MINUS_AVA = MinusConcerned("ava")
TWO = Quota(2)
WEIGHTED = Quota(5, (("ava", 3), ("bel", 2), ("cor", 1)))
PAIR = Over(frozenset(("ava", "bel")))
NONE_YET = NegativeConsensus()

TABLE: list[tuple[Rule, str, str, str]] = [
    (Consensus(), "yyyy", "FFFF", "adopted"),
    (Consensus(), "yaaa", "FFFF", "adopted"),
    (Consensus(), "aaaa", "FFFF", "adopted"),
    (Consensus(), "yyyn", "FFFF", "blocked"),
    (Consensus(), "n---", "FFFF", "blocked"),
    (Consensus(), "yyy-", "FFFF", "pending"),
    (Consensus(), "yyy-", "FFFP", "pending"),
    (Consensus(), "yyy-", "FFFA", "adopted"),
    (Consensus(), "yyyn", "FFFA", "blocked"),
    (Consensus(), "yyyn", "FFFS", "adopted"),
    (Consensus(), "yyyn", "FFFO", "adopted"),
    (Consensus(), "yyyn", "FFFL", "adopted"),
    (Consensus(), "----", "AAAA", "blocked"),
    (Consensus(), "yyyy", "SSLO", "blocked"),
    (Consensus("blocks"), "yyy-", "FFFA", "blocked"),
    (Consensus("blocks"), "yyyy", "FFFA", "adopted"),
    (Consensus(Tacit(10)), "yyy-", "FFFA", "pending"),
    (MINUS_AVA, "nyyy", "FFFF", "adopted"),
    (MINUS_AVA, "-yyy", "FFFF", "adopted"),
    (MINUS_AVA, "ynyy", "FFFF", "blocked"),
    (MINUS_AVA, "nyy-", "FFFF", "pending"),
    (MINUS_AVA, "y---", "FSSS", "blocked"),
    (MinusConcerned("ava", TWO), "yy--", "FFFF", "pending"),
    (TWO, "yy--", "FFFF", "adopted"),
    (TWO, "yynn", "FFFF", "adopted"),
    (TWO, "ynn-", "FFFF", "pending"),
    (TWO, "ynna", "FFFF", "blocked"),
    (TWO, "y--y", "FFFS", "pending"),
    (TWO, "y---", "FAAA", "blocked"),
    (Quota(2, absent="blocks"), "y---", "FAAA", "blocked"),
    (Quota(5), "yyyy", "FFFF", "blocked"),
    (WEIGHTED, "yy--", "FFFF", "adopted"),
    (WEIGHTED, "-yyy", "FFFF", "pending"),
    (WEIGHTED, "nyyy", "FFFF", "blocked"),
    (NONE_YET, "nnnn", "FFFF", "blocked"),
    (NONE_YET, "nnna", "FFFF", "adopted"),
    (NONE_YET, "nnn-", "FFFF", "pending"),
    (NONE_YET, "y---", "FFFF", "adopted"),
    (NONE_YET, "nnn-", "FFFA", "blocked"),
    (NegativeConsensus(3), "nnny", "FFFF", "blocked"),
    (NegativeConsensus(3), "nny-", "FFFF", "pending"),
    (NegativeConsensus(3, absent="blocks"), "nn--", "FFAA", "blocked"),
    (PAIR, "yynn", "FFFF", "adopted"),
    (PAIR, "y-yy", "FFFF", "pending"),
    (PAIR, "ynyy", "FFFF", "blocked"),
    (PAIR, "yyyy", "FSFF", "blocked"),
    (Over(frozenset()), "yyyy", "FFFF", "blocked"),
    (Over(frozenset(("ava", "zoe"))), "yyyy", "FFFF", "blocked"),
    (And((Consensus(), TWO)), "yyaa", "FFFF", "adopted"),
    (And((Consensus(), TWO)), "yaaa", "FFFF", "blocked"),
    (And((Consensus(), TWO)), "yy--", "FFFF", "pending"),
    (And(()), "yyyy", "FFFF", "blocked"),
    (Or((Consensus(), TWO)), "yynn", "FFFF", "adopted"),
    (Or((Consensus(), TWO)), "ynnn", "FFFF", "blocked"),
    (Or((Consensus(), TWO)), "yn--", "FFFF", "pending"),
    (Or(()), "yyyy", "FFFF", "blocked"),
    (And((Or(()), Consensus())), "yyyy", "FFFF", "blocked"),
]


@pytest.mark.parametrize(("rule", "said", "seats", "verdict"), TABLE)
def test_the_truth_table(rule: Rule, said: str, seats: str, verdict: str) -> None:
    """Each line is a situation a lawyer can correct: who said what, who sits how, and what follows."""
    found = outcome(rule, said, seats)
    assert found.verdict == verdict
    assert found.reasons and all(found.reasons)


def test_silence_is_pending_at_71_hours_adopted_at_72_and_blocked_once_broken() -> None:
    """To the millisecond: an hour early is no decision, and agreement in haste does not shorten it."""
    rule = Silence(72)
    assert outcome(rule, "yyyy", after=71 * HOUR)[:2] == ("pending", OPENED + 72 * HOUR)
    assert outcome(rule, "----", after=72 * HOUR - 1).verdict == "pending"
    assert outcome(rule, "a---", after=72 * HOUR).verdict == "adopted"
    assert outcome(rule, "--n-", after=1).reasons == ("silence broken by cor",)
    assert outcome(rule, "--n-", after=72 * HOUR).verdict == "blocked"
    assert outcome(rule, "--n-", seats="FFSF", after=72 * HOUR).verdict == "adopted"


def test_a_refusal_after_the_silence_comes_too_late() -> None:
    """Else a decision everybody acts upon could be undone by whoever was slow."""
    standings = dict.fromkeys(MEMBERS, "full")
    for at, verdict in ((OPENED + 72 * HOUR - 1, "blocked"), (OPENED + 72 * HOUR, "adopted")):
        votes = {"bel": Vote("no", at)}
        assert evaluate(Silence(72), votes, standings, OPENED, OPENED + 90 * HOUR).verdict == verdict


def test_an_absent_member_has_its_days_to_refuse() -> None:
    """Tacit agreement: waited for until the day, then counted as agreeing, whatever the rule."""
    for rule in (Consensus(Tacit(10)), Quota(4, absent=Tacit(10)), Silence(72, Tacit(10))):
        assert outcome(rule, "yyy-", "FFFA", after=10 * DAY - 1)[:2] == ("pending", OPENED + 10 * DAY)
        assert outcome(rule, "yyy-", "FFFA", after=10 * DAY).verdict == "adopted"
        assert outcome(rule, "yyyn", "FFFA", after=10 * DAY).verdict == "blocked"


def test_relief_ends_after_thirty_days_unless_enough_vote_to_continue() -> None:
    """The snapback: time works for the decision, and only votes stop it."""
    rule = NegativeConsensus(3, days=30)
    assert outcome(rule, "nn--", after=30 * DAY - 1)[:2] == ("pending", OPENED + 30 * DAY)
    assert outcome(rule, "nn--", after=30 * DAY).verdict == "adopted"
    assert outcome(rule, "nnn-", after=30 * DAY).verdict == "blocked"


def test_nothing_is_decided_before_the_vote_opens() -> None:
    """A clock that runs behind must not see a result."""
    assert outcome(Consensus(), "yyyy", after=-1)[:2] == ("pending", OPENED)


def test_the_reasons_name_who_is_waited_for_and_who_refused() -> None:
    """A decision nobody can explain is none; the sentences say names and numbers."""
    assert outcome(Consensus(), "yy--").reasons == ("nobody refuses; waiting for cor, dun",)
    assert outcome(MINUS_AVA, "nynn").reasons == ("ava is concerned and does not vote", "refused by cor, dun")
    assert outcome(TWO, "ynna").reasons == ("1 of the 2 votes needed, from ava; at most 0 more can come",)


# --- every rule ------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(MEMBERS)
_ABSENT: st.SearchStrategy[Any] = st.sampled_from(["blocks", "abstains"]) | st.builds(Tacit, st.integers(1, 5))
_WEIGHTS = st.dictionaries(_NAMES, st.integers(0, 3)).map(lambda found: tuple(sorted(found.items())))
RULES: st.SearchStrategy[Rule] = st.recursive(
    st.builds(Consensus, _ABSENT)
    | st.builds(Quota, st.integers(1, 5), _WEIGHTS, _ABSENT)
    | st.builds(Silence, st.integers(1, 96), _ABSENT)
    | st.builds(NegativeConsensus, st.integers(0, 4), st.integers(0, 4), _ABSENT),
    lambda inner: (
        st.builds(MinusConcerned, _NAMES, inner)
        | st.builds(Over, st.frozensets(_NAMES), inner)
        | st.builds(And, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=4,
)
SEATS = st.fixed_dictionaries({m: st.sampled_from(["full", "full", *STANDINGS.values()]) for m in MEMBERS})
WHEN = st.integers(0, 120).map(lambda hours: OPENED + hours * HOUR)
VOTES = st.dictionaries(_NAMES, st.builds(Vote, st.sampled_from(list(LETTERS.values())), WHEN))
LADDER = ("blocked", "pending", "adopted")


@given(RULES, VOTES, SEATS, WHEN, st.data())
def test_a_vote_in_favour_never_does_harm(
    rule: Rule, votes: dict[str, Vote], seats: dict[str, str], now: int, data: st.DataObject
) -> None:
    """I3, monotone: turning a refusal or an abstention into a yes never moves the outcome towards blocked."""
    before = evaluate(rule, votes, seats, OPENED, now)
    changed = {m: Vote("yes", v.at) if data.draw(st.booleans()) else v for m, v in votes.items()}
    after = evaluate(rule, changed, seats, OPENED, now)
    assert LADDER.index(after.verdict) >= LADDER.index(before.verdict)


@given(RULES, VOTES, SEATS, WHEN, st.randoms())
def test_the_outcome_does_not_depend_on_the_order_of_arrival(
    rule: Rule, votes: dict[str, Vote], seats: dict[str, str], now: int, random: Any
) -> None:
    """I4 and I6: two nodes that hold the same votes say the same words, and always some."""
    found = evaluate(rule, votes, seats, OPENED, now)
    shuffled, seated = list(votes.items()), list(seats.items())
    random.shuffle(shuffled)
    random.shuffle(seated)
    assert evaluate(rule, dict(shuffled), dict(seated), OPENED, now) == found
    assert found.reasons and all(found.reasons)


@given(RULES, SEATS, WHEN, st.dictionaries(_NAMES, st.sampled_from(list(LETTERS.values()))), st.integers(0, 200))
def test_without_new_votes_nothing_changes_before_the_next_instant(
    rule: Rule, seats: dict[str, str], now: int, said: dict[str, Choice], later: int
) -> None:
    """A node sleeps until ``next_at``; what is adopted or blocked stays so."""
    votes = {member: Vote(choice, OPENED) for member, choice in said.items()}
    found = evaluate(rule, votes, seats, OPENED, now)
    if found.verdict == "pending" and found.next_at is not None:
        assert found.next_at > now
        until = min(now + later * HOUR, found.next_at - 1)
    else:
        until = now + later * HOUR
    assert evaluate(rule, votes, seats, OPENED, until).verdict == found.verdict


@given(RULES, VOTES, WHEN)
def test_without_anybody_who_votes_nothing_is_adopted(rule: Rule, votes: dict[str, Vote], now: int) -> None:
    """Closed by default: an empty electorate refuses, whoever sends votes."""
    gone = dict.fromkeys(MEMBERS, "suspended")
    assert evaluate(rule, votes, gone, OPENED, now).verdict == "blocked"
    assert evaluate(rule, votes, {}, OPENED, now).verdict == "blocked"


@given(RULES)
def test_a_rule_survives_its_plain_form(rule: Rule) -> None:
    """A pack carries rules as tables; nothing may be lost on the way."""
    assert parse_rule(render_rule(rule)) == rule


def test_the_plain_form_reads_like_the_rule() -> None:
    """The form is an interface of packs: it must not drift."""
    rule = MinusConcerned("af", And((Silence(72), Quota(6, (("cn", 2),), Tacit(10)))))
    assert render_rule(rule) == {
        "rule": "minus-concerned",
        "concerned": "af",
        "inner": {
            "rule": "and",
            "rules": [
                {"rule": "silence", "hours": 72},
                {"rule": "quota", "q": 6, "weights": {"cn": 2}, "absent": {"tacit_days": 10}},
            ],
        },
    }


def _nested(depth: int) -> Any:
    plain: Any = {"rule": "consensus"}
    for _ in range(depth):
        plain = {"rule": "and", "rules": [plain]}
    return plain


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        {},
        {"rule": "majority"},
        {"rule": ["quota"]},
        {"rule": "quota"},
        {"rule": "quota", "q": 0},
        {"rule": "quota", "q": True},
        {"rule": "quota", "q": 2.0},
        {"rule": "quota", "q": 10**9},
        {"rule": "quota", "q": 1, "weights": {"a": -1}},
        {"rule": "quota", "q": 1, "wieghts": {"a": 1}},
        {"rule": "consensus", "absent": "ignored"},
        {"rule": "consensus", "absent": {"tacit_days": 0}},
        {"rule": "consensus", 3: 4},
        {"rule": "silence", "hours": -1},
        {"rule": "over", "participants": "af"},
        {"rule": "over", "participants": [["af"]]},
        {"rule": "minus-concerned", "concerned": ""},
        {"rule": "and", "rules": {"rule": "consensus"}},
        {"rule": "and", "rules": [{}] * 65},
        _nested(8),
        _nested(2000),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(plain: object) -> None:
    """A misspelt safeguard silently ignored would be a weaker rule than people signed."""
    with pytest.raises(PeerError) as caught:
        parse_rule(plain)
    assert caught.value.code == "bad-rule"
