"""Can a class of decisions be taken at all: with members absent, or against the will of the member concerned?

    rules = [rule_of(decision, members, concerned="pk", proposer="pk") for decision in document.rules]
    share_decidable(rules, members, 2)                      # R_2, whoever is absent
    share_decidable(rules, members, 2, present=("pk",))     # R_2 while the member whose own act it is attends

Roles that a class speaks of have names until a real decision puts members there: ``CONCERNED`` is the member that
the decision is about (of its soil, data, rating or benefits), ``PROPOSER`` whoever wants it.

Left out: appeals, and grounds such as a finding, which are other decisions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, fsum

from hamsaya.charter.power import Game
from hamsaya.charter.types import DecisionClass
from hamsaya.charter.votes import (
    Absent,
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

CONCERNED, PROPOSER = "(the member concerned)", "(the proposer)"
LONG_AFTER = 10**15
MOST_SUBSETS = 20_000
MOST_NAMED = 12


def rule_of(
    decision: DecisionClass,
    members: Collection[str],
    *,
    concerned: str = CONCERNED,
    proposer: str = PROPOSER,
    participants: Collection[str] = (),
) -> Rule:
    """Return the rule of ``decision`` for one question put to ``members``.

    Args:
        members: Everybody with a seat, the member concerned among them.
        participants: Who takes part, where the class is decided among participants; all members without it.
    Raises:
        ValueError: a parameter of the class is missing or no whole number >= 1.
    """
    absent = _absent(decision)
    match decision.rule:
        case "owner-alone":
            return Over(frozenset((concerned,)), Consensus("blocks"))
        case "any-member":
            return Over(frozenset((proposer,)), Consensus("blocks"))
        case "consensus":
            return _consensus(decision, absent, concerned, frozenset(participants))
        case "minus-concerned":
            hours = _number(decision, "silence_hours", 0)
            return MinusConcerned(concerned, Silence(hours, absent) if hours else Consensus(absent))
        case "quota":
            quota = Quota(_number(decision, "yes"), absent=absent)
            others = _number(decision, "of", len(members)) < len(members)
            return MinusConcerned(concerned, quota) if others else quota
        case "negative-consensus":
            stops, days = _number(decision, "continue_yes", 0), _number(decision, "days", 0)
            return MinusConcerned(concerned, NegativeConsensus(stops, days, absent))


def _consensus(decision: DecisionClass, absent: Absent, concerned: str, participants: frozenset[str]) -> Rule:
    among = decision.params.get("over") == "participants" and participants
    rule: Rule = Over(participants, Consensus(absent)) if among else Consensus(absent)
    if decision.params.get("consent") == "territory":
        # Its consent is a vote in favour, not the mere absence of a refusal.
        return And((Over(frozenset((concerned,)), Quota(1, absent="blocks")), rule))
    return rule


def _absent(decision: DecisionClass) -> Absent:
    match decision.params.get("absent", "abstains"):
        case "blocks":
            return "blocks"
        case "tacit":
            return Tacit(_number(decision, "tacit_days"))
        case "abstains":
            return "abstains"
        case other:
            raise ValueError(f"expected {decision.id} to have absent blocks, abstains or tacit, received {other!r}")


def _number(decision: DecisionClass, name: str, default: int | None = None) -> int:
    value = decision.params.get(name, default)
    if type(value) is not int or (name in decision.params and value < 1):
        raise ValueError(f"expected decision class {decision.id} to give {name} as a whole number >= 1")
    return value


def game_of(decision: DecisionClass, n: int) -> Game:
    """Return the voting game of ``decision`` among ``n`` members, each with one vote.

    Consensus minus the member concerned is the game in which any one may be outvoted. Where a class counts
    fewer than n (``of``), the others are the players. The coalition against which a negative consensus cannot
    be had is the winning one. An owner alone is a game of one.
    """
    match decision.rule:
        case "owner-alone":
            players, quota = 1, 1
        case "any-member":
            players, quota = n, 1
        case "consensus":
            players, quota = n, n
        case "minus-concerned":
            players, quota = n, max(1, n - 1)
        case "quota":
            players, quota = _number(decision, "of", n), _number(decision, "yes")
        case "negative-consensus":
            players = _number(decision, "continue_of", max(1, n - 1))
            quota = players - _number(decision, "continue_yes", players) + 1
    return Game((1,) * players, quota)


def p_decide(rule: Rule, n: int, p_block: float) -> float:
    """Return the probability that ``rule`` decides against the will of the member concerned, who refuses.

    Args:
        rule: As from ``rule_of``. Whoever a ``MinusConcerned`` names is concerned too; ``PROPOSER`` is in favour.
        n: The other members, >= 1; those that the rule names are among them.
        p_block: Probability that one of the others refuses, each on its own, in [0, 1].
    Raises:
        ValueError: an argument out of range, or a rule that names more members than n or than 12.
    """
    if n < 1 or not 0.0 <= p_block <= 1.0:
        raise ValueError(f"expected n >= 1 and p_block in [0, 1], received {n} and {p_block}")
    concerned = {CONCERNED} | _concerned(rule)
    named = sorted(_named(rule) - concerned - {PROPOSER})
    alike = n - len(named)
    if alike < 0 or len(named) > MOST_NAMED:
        raise ValueError(f"expected a rule that names at most {min(n, MOST_NAMED)} others, received {len(named)}")
    anonymous = [f"(other {number})" for number in range(alike)]
    everybody = {PROPOSER, *concerned, *named, *anonymous} - (set() if PROPOSER in _named(rule) else {PROPOSER})
    total: list[float] = []
    for size in range(len(named) + 1):
        for refusing in combinations(named, size):
            for count in range(alike + 1):
                if _adopted(rule, everybody, {*refusing, *anonymous[:count], *concerned}, frozenset()):
                    blocks = size + count
                    total.append(comb(alike, count) * p_block**blocks * (1.0 - p_block) ** (n - blocks))
    return min(1.0, fsum(total))


def _adopted(rule: Rule, members: Iterable[str], against: Collection[str], absent: Collection[str]) -> bool:
    votes = {m: Vote("no" if m in against else "yes", 0) for m in members if m not in absent}
    standings = {m: "absent" if m in absent else "full" for m in members}
    return evaluate(rule, votes, standings, 0, LONG_AFTER).verdict == "adopted"


def _named(rule: Rule) -> set[str]:
    match rule:
        case And(rules) | Or(rules):
            return set[str]().union(*map(_named, rules))
        case Over(participants, inner):
            return set(participants) | _named(inner)
        case MinusConcerned(concerned, inner):
            return {concerned} | _named(inner)
        case Quota(weights=weights):
            return {member for member, _ in weights}
        case _:
            return set()


def _concerned(rule: Rule) -> set[str]:
    match rule:
        case And(rules) | Or(rules):
            return set[str]().union(*map(_concerned, rules))
        case Over(_, inner):
            return _concerned(inner)
        case MinusConcerned(concerned, inner):
            return {concerned} | _concerned(inner)
        case _:
            return set()


def fatal_absence(
    rule: Rule, members: Collection[str], k: int, present: Collection[str] = ()
) -> tuple[str, ...] | None:
    """Return ``k`` members without whom ``rule`` adopts nothing though all others agree; None if there are none.

    Args:
        members: Everybody with a seat. Fewer than ``k`` of them means all.
        present: Members that are taken to be there whatever ``k``.
    Raises:
        ValueError: k < 0, or more than 20,000 sets of named members of one size to look at.
    """
    pool = set(members) - set(present)
    # Whom the rule does not name it treats alike: which of them are absent makes no difference, only how many.
    named, alike = sorted(pool & _named(rule)), sorted(pool - _named(rule))
    k = min(k, len(pool))
    if k < 0 or comb(len(named), min(k, len(named) // 2)) > MOST_SUBSETS:
        raise ValueError(f"expected k >= 0 with at most {MOST_SUBSETS} sets of named members, received k = {k}")
    for count in range(max(0, k - len(alike)), min(k, len(named)) + 1):
        for some in combinations(named, count):
            gone = (*some, *alike[: k - count])
            if not _adopted(rule, members, (), gone):
                return gone
    return None


def share_decidable(rules: Sequence[Rule], members: Collection[str], k: int, present: Collection[str] = ()) -> Fraction:
    """Return R_k: the share of ``rules`` that can still adopt something whichever ``k`` members are absent.

    Raises:
        ValueError: no rules, or as ``fatal_absence`` does.
    """
    if not rules:
        raise ValueError("expected at least one rule")
    return Fraction(sum(fatal_absence(rule, members, k, present) is None for rule in rules), len(rules))
