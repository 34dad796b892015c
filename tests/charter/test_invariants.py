"""I1 to I6 over random histories: proposals, votes, records true and false, cuts, withdrawals, reservations, time.

    I1  no power without a clause in force
    I2  no act on a member's soil, data or people without its consent, whatever the vote
    I3  a rule is monotone in votes
    I4  a replay is deterministic, from any order of arrival
    I5  a suspended member keeps its duties and its right of reply; a removed one gets nothing new
    I6  every decision has an explanation

In the nightly search (`python3 dev.py test --hypothesis-profile nightly`) more than a million steps are played.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hamsaya.base.instants import HOUR
from hamsaya.charter.votes import (
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
)
from tests.charter.making import MEMBERS, PARTIES, START
from tests.charter.playing import MOVES, Play

LENGTH = 120
STEPS, NIGHTLY_STEPS = 20_400, 1_020_000
EXPECTED = (
    *(f"charter.{kind} permitted" for kind in ("sign", "reserve", "react", "withdraw", "cut", "propose", "vote",
                                               "record", "retract", "contest")),
    "charter.record miscounted", "charter.record not-depositary", "charter.record epoch-signatures",
    "charter.contest not-omitted", "charter.propose no-vote", "charter.propose bad-amendment", "charter.vote voted",
    "charter.withdraw not-bound", "charter.reserve late-reservation", "recorded adopted", "recorded blocked",
    *(f"asked {code}" for code in ("permitted", "draft", "exercise-mismatch", "forbidden", "link-cut", "no-clause",
                                   "standing", "expired", "not-in-force", "not-bound", "reserved", "case-required",
                                   "consent-missing", "unknown-member")),
    "duties kept", "visits adopted",
)


def test_no_step_of_a_random_history_breaks_an_invariant(nightly: bool) -> None:
    """Honest and dishonest parties, from seeds; a failure names its seed, with which it can be told again."""
    seen: Counter[str] = Counter()
    for seed in range((NIGHTLY_STEPS if nightly else STEPS) // LENGTH):
        play = Play(seed)
        try:
            play.run(LENGTH)
        except AssertionError as broken:
            raise AssertionError(f"seed {seed} after {len(play.world.log)} messages: {broken}") from broken
        seen.update(play.seen)
    missing = [word for word in EXPECTED if not seen[word]]
    assert not missing, "the histories never come to what they are to test"


class Charter(RuleBasedStateMachine):
    """The same moves chosen by Hypothesis, which finds the shortest history that breaks an invariant."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play(0)
        self.play.world.sign(*PARTIES)

    @rule(move=st.sampled_from(MOVES), seed=st.integers(0, 2**16))
    def move(self, move: str, seed: int) -> None:
        self.play.random = Random(seed)
        self.play.step(move)

    @invariant()
    def replays_alike(self) -> None:
        self.play.check_orders()


TestCharter = Charter.TestCase
TestCharter.settings = settings(max_examples=30, stateful_step_count=40)


# -- I3 for every rule of the algebra ---------------------------------------------------------------------------------

LADDER = ("blocked", "pending", "adopted")
BETTER = {"no": ("no", "abstain", "yes"), "abstain": ("abstain", "yes"), "yes": ("yes",)}


def drawn_rule(random: Random, depth: int = 0) -> Rule:
    absent = random.choice(("blocks", "abstains", Tacit(random.randint(1, 5))))
    kinds = ["consensus", "quota", "silence", "negative"] + ["and", "or", "over", "minus"] * (depth < 3)
    match random.choice(kinds):
        case "consensus":
            return Consensus(absent)
        case "quota":
            weights = tuple((m, random.randint(0, 3)) for m in MEMBERS) if random.random() < 0.3 else ()
            return Quota(random.randint(1, 7), weights, absent)
        case "silence":
            return Silence(random.randint(1, 120), absent)
        case "negative":
            return NegativeConsensus(random.randint(0, 4), random.randint(0, 5), absent)
        case "and":
            return And(tuple(drawn_rule(random, depth + 1) for _ in range(random.randint(0, 3))))
        case "or":
            return Or(tuple(drawn_rule(random, depth + 1) for _ in range(random.randint(0, 3))))
        case "over":
            return Over(frozenset(random.sample(MEMBERS, random.randint(0, 4))), drawn_rule(random, depth + 1))
        case _:
            return MinusConcerned(random.choice(MEMBERS), drawn_rule(random, depth + 1))


def test_no_better_vote_does_harm_under_any_rule(nightly: bool) -> None:
    """I3: no to abstain to yes, one vote or many, never moves an outcome towards blocked."""
    random, moved = Random(7), 0
    for _ in range(200_000 if nightly else 8_000):
        drawn = drawn_rule(random)
        seats = {m: random.choice(("full", "full", "full", "partial", "absent", "suspended")) for m in MEMBERS}
        votes = {m: Vote(random.choice(("yes", "no", "abstain")), START + random.randint(0, 130) * HOUR)
                 for m in MEMBERS if random.random() < 0.8}
        now = START + random.randint(0, 150) * HOUR
        better = {m: Vote(random.choice(BETTER[v.choice]), v.at) for m, v in votes.items()}
        before, after = (evaluate(drawn, each, seats, START, now) for each in (votes, better))
        assert LADDER.index(after.verdict) >= LADDER.index(before.verdict), (drawn, votes, better, seats)
        assert before.reasons and after.reasons and all((*before.reasons, *after.reasons))
        moved += before.verdict != after.verdict
    assert moved > 500, "the votes drawn never matter"
