"""Can a class of decisions be taken at all, by whom, and against the will of the member concerned?

    rule = decision.parsed()                                  # with its placeholders
    p_decide(rule, 8, 0.1)                                    # eight others, each refusing 1 time in 10
    voting_of(rule, members).indices                          # who can decide what
    own = own_act(rule, members)                              # bound: the first member's own question
    share_decidable([own, ...], members, 2, members[:1])      # R_2 while the member whose own act it is attends

Placeholders stand for whoever a real question names. Here the member concerned asks the question itself and
everybody takes part, unless a function says otherwise: the rules treat those whom they do not name alike, so that
one member stands for any.

Left out: appeals, and grounds such as a finding, which are other decisions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, fsum
from typing import NamedTuple

from hamsaya.charter.coalitions import MOST_NAMED, counted
from hamsaya.charter.power import Game, Indices, indices
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
    Vote,
    bind,
    evaluate,
)

LONG_AFTER = 10**15
MOST_SUBSETS = 20_000
MOST_WEIGHED = 12
"""Members told apart by ``p_decide``, which is asked for thousands of times in a price with its interval."""


def own_act(rule: Rule, members: Sequence[str]) -> Rule:
    """Return ``rule`` for the first member's own question about itself, in which all ``members`` take part."""
    return bind(rule, members[0], members[0], members)


def p_decide(rule: Rule, n: int, p_block: float) -> float:
    """Return the probability that ``rule`` decides against the will of the member concerned, who refuses.

    Args:
        rule: With its placeholders: the proposer is one of the others and in favour, and everybody takes part.
            Where a ``MinusConcerned`` names a member, that is the one concerned.
        n: The other members, >= 1; those that the rule names are among them.
        p_block: Probability that one of the others refuses, each on its own, in [0, 1].
    Raises:
        ValueError: an argument out of range, or a rule that names more members than n or than 12.
    """
    if n < 1 or not 0.0 <= p_block <= 1.0:
        raise ValueError(f"expected n >= 1 and p_block in [0, 1], received {n} and {p_block}")
    mentioned = named_in(rule)
    concerned = _left_out(rule) or {CONCERNED}
    concerned |= mentioned & {CONCERNED}
    proposer = mentioned & {PROPOSER}
    named = sorted(mentioned - concerned - proposer - {PARTICIPANTS})
    alike = n - len(named) - len(proposer)
    if alike < 0 or len(named) > MOST_WEIGHED:
        raise ValueError(f"expected a rule that names at most {min(n, MOST_WEIGHED)} others, received "
                         f"{len(named) + len(proposer)}")
    anonymous = [f"(other {number})" for number in range(alike)]
    everybody = [*concerned, *proposer, *named, *anonymous]
    bound = bind(rule, None, PROPOSER, everybody)
    total: list[float] = []
    for refusing, multiple in _subsets(named, anonymous):
        if _adopted(bound, everybody, {*refusing, *concerned}, ()):
            blocks = len(refusing)
            total.append(multiple * p_block**blocks * (1.0 - p_block) ** (n - len(proposer) - blocks))
    return min(1.0, fsum(total))


def _subsets(named: Sequence[str], alike: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield one subset for each that differ in named members or in how many of the alike, and how many it is for."""
    for size in range(len(named) + 1):
        for some in combinations(named, size):
            for count in range(len(alike) + 1):
                yield (*some, *alike[:count]), comb(len(alike), count)


def _adopted(rule: Rule, members: Iterable[str], against: Collection[str], absent: Collection[str]) -> bool:
    votes = {m: Vote("no" if m in against else "yes", 0) for m in members if m not in absent}
    standings = {m: "absent" if m in absent else "full" for m in members}
    return evaluate(rule, votes, standings, 0, LONG_AFTER).verdict == "adopted"


def named_in(rule: Rule, members: Collection[str] | None = None) -> set[str]:
    """Return whom ``rule`` names, placeholders too; a list of all ``members`` tells nobody apart and is left out."""
    match rule:
        case And(rules) | Or(rules):
            return set[str]().union(*(named_in(part, members) for part in rules))
        case Over(participants, inner):
            everybody = members is not None and participants >= frozenset(members)
            return (set() if everybody else set(participants)) | named_in(inner, members)
        case MinusConcerned(concerned, inner):
            return {concerned} | named_in(inner, members)
        case Quota(weights=weights):
            return {member for member, _ in weights}
        case _:
            return set()


def _left_out(rule: Rule) -> set[str]:
    """Return whom a ``MinusConcerned`` inside ``rule`` names."""
    match rule:
        case And(rules) | Or(rules):
            return set[str]().union(*map(_left_out, rules))
        case Over(_, inner):
            return _left_out(inner)
        case MinusConcerned(concerned, inner):
            return {concerned} | _left_out(inner)
        case _:
            return set()


class Voting(NamedTuple):
    """A rule as a game among ``players``: its indices, or None and ``why`` there are none.

    ``game`` is there where votes, a quota and vetoes say it all.
    """

    players: tuple[str, ...]
    game: Game | None
    indices: Indices | None
    why: str


def voting_of(rule: Rule, members: Sequence[str]) -> Voting:
    """Return who can decide what under ``rule`` when everybody is there and says yes or no.

    Consensus minus the member concerned is the game in which any one may be outvoted; another rule minus the member
    concerned is played by the others, whoever they are. What the proposer may do alone, any one may do. A rule that
    is no weighted game is the first member's own question (see ``own_act``), counted coalition by coalition.
    """
    found = _weighted(rule, tuple(members))
    if found is not None:
        players, weights, quota = found
        if not 1 <= quota <= sum(weights):
            why = "decided whatever the votes" if quota < 1 else "never decided, though all agree"
            return Voting(players, None, None, why)
        try:
            game = Game(weights, quota)
        except ValueError as error:
            return Voting(players, None, None, str(error))
        return Voting(players, game, indices(game), "")
    if isinstance(rule, MinusConcerned):
        concerned = members[0] if rule.concerned == CONCERNED else rule.concerned
        inner = bind(rule.rule, concerned, concerned, members)
        return _by_coalitions(inner, [member for member in members if member != concerned])
    return _by_coalitions(own_act(rule, members), members)


_Weighted = tuple[tuple[str, ...], tuple[int, ...], int]


def _weighted(rule: Rule, members: tuple[str, ...]) -> _Weighted | None:
    """Return (players, votes of each, votes that decide) where that says it all; else None."""
    n = len(members)
    match rule:
        case Consensus() | Silence():
            return members, (1,) * n, n
        case Quota(q):
            return members, tuple(rule.weight(member) for member in members), q
        case NegativeConsensus(stops):
            return members, (1,) * n, n - (stops or n) + 1
        case MinusConcerned(concerned, Consensus() | Silence()) if concerned == CONCERNED:
            return members, (1,) * n, max(1, n - 1)
        case MinusConcerned(concerned, inner) if concerned != CONCERNED or not named_in(inner):
            others = members[1:] if concerned == CONCERNED else tuple(m for m in members if m != concerned)
            return _weighted(inner, others)
        case Over(participants, inner) if participants == {PROPOSER} and not named_in(inner):
            found = _weighted(inner, members[:1])
            return found and (members, (1,) * n, 1 if found[2] == 1 else n + 1)
        case Over(participants, inner):
            return _weighted_among(participants, inner, members)
        case And((single,)) | Or((single,)):
            return _weighted(single, members)
        case _:
            return None


def _weighted_among(participants: frozenset[str], inner: Rule, members: tuple[str, ...]) -> _Weighted | None:
    if participants == {CONCERNED}:
        return _weighted(inner, members[:1]) if not named_in(inner) else None
    if participants == {PARTICIPANTS}:
        return _weighted(inner, members)
    if participants <= set(members):
        return _weighted(inner, tuple(member for member in members if member in participants))
    return None


def _by_coalitions(bound: Rule, members: Sequence[str]) -> Voting:
    named = sorted(named_in(bound, members) & set(members))
    alike = [member for member in members if member not in named]
    players = (*named, *alike)
    if len(named) > MOST_NAMED:
        why = f"tells {len(named)} members apart, too many to count every coalition of them"
        return Voting(players, None, None, why)

    def wins(bits: int, count: int) -> bool:
        favour = {member for number, member in enumerate(named) if bits >> number & 1} | set(alike[:count])
        return _adopted(bound, players, set(players) - favour, ())

    try:
        return Voting(players, None, counted(len(named), len(alike), wins), "")
    except ValueError as error:
        return Voting(players, None, None, str(error))


def banzhaf_shares(rule: Rule, members: Sequence[str]) -> dict[str, Fraction] | None:
    """Return each member's share of all swings under ``rule``, averaged over whose own question it is.

    None where there are no indices (see ``voting_of``), for one of the questions or for all.
    """
    total = dict.fromkeys(members, Fraction(0))
    roles = named_in(rule) & {CONCERNED, PROPOSER}
    askers = members if roles else members[:1]
    for asker in askers:
        voting = voting_of(bind(rule, asker, asker, members), members)
        if voting.indices is None:
            return None
        for player, share in zip(voting.players, voting.indices.banzhaf, strict=True):
            total[player] += share / len(askers)
    return total


def fatal_absence(
    rule: Rule, members: Collection[str], k: int, present: Collection[str] = ()
) -> tuple[str, ...] | None:
    """Return ``k`` members without whom ``rule`` adopts nothing though all others agree; None if there are none.

    Args:
        rule: Bound; a placeholder left in it is nobody, and so is its vote.
        members: Everybody with a seat. Fewer than ``k`` of them means all.
        present: Members that are taken to be there whatever ``k``.
    Raises:
        ValueError: k < 0, or more than 20,000 sets of named members of one size to look at.
    """
    pool, mentioned = set(members) - set(present), named_in(rule, members)
    # Whom the rule does not name it treats alike: which of them are absent makes no difference, only how many.
    named, alike = sorted(pool & mentioned), sorted(pool - mentioned)
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
