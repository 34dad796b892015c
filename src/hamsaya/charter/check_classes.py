"""Can a decision of this class take from a member what is its own, and can it be taken at all?

Rules
1. What touches a member's soil, data or people is never adopted while that member refuses, nor without its own
   word: its silence is no consent, neither present nor absent.                         ``overrules``, ``tacit-consent``
   Where those who take part decide, who asks lists them: that the list may leave the member concerned out, or hold
   one that is absent and so abstains, is a warning.                                           ``left-out``, ``absent``
2. A vote can end before the question lapses.                                                              ``mis-dated``
3. A decision that nobody can ever take, or that is taken whatever the votes, is a warning.      ``dead``, ``automatic``
4. So is one that changes standings with fewer named votes than the charter asks for.                      ``few-votes``

A rule treats alike whom it does not name, so one member stands for all of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from hamsaya.charter.compiled import Compiled
from hamsaya.charter.decidable import LONG_AFTER, named_in
from hamsaya.charter.problem import Problem, error, warning
from hamsaya.charter.types import DecisionClass
from hamsaya.charter.votes import (
    PARTICIPANTS,
    SEATED,
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
    bind,
    evaluate,
)
from hamsaya.messages.charter import Choice

NO_STANDING = ("amend", "resolve")
MOST_TRIED = 8
"""Members concerned for whom the least votes are looked for; the rest differ by weight alone."""


def check_class(compiled: Compiled, decision: DecisionClass) -> Iterator[Problem]:
    """Yield what is wrong with one class of decisions."""
    rule, ref = compiled.rules[decision.id], f"rules:{decision.id}"
    members = [one.id for one in compiled.document.members if one.role == "member" and one.standing in SEATED]
    for hours in sorted({hours for hours in _hours(rule) if hours > decision.expires_days * 24}):
        yield error(ref, "mis-dated", f"it lapses after {decision.expires_days} days, before {hours} hours are over")
    if len(members) < 2:
        return
    if decision.touches_soil_or_data:
        yield from _consent(ref, rule, members)
    yield from _alive(ref, rule, members)
    if any(name not in NO_STANDING for name in decision.confers):
        needed = compiled.document.epoch_signatures
        least = _least_in_favour(rule, members)
        if least is not None and least < needed:
            yield warning(ref, "few-votes", f"the rule is met with {least} votes of others, and a change of standing "
                                            f"takes {needed}")


def _hours(rule: Rule) -> Iterator[int]:
    """Yield every time that ``rule`` must wait for before it can adopt something."""
    match rule:
        case And(rules) | Or(rules):
            for part in rules:
                yield from _hours(part)
        case Over(_, inner) | MinusConcerned(_, inner):
            yield from _hours(inner)
        case Silence(hours):
            yield hours
        case NegativeConsensus(_, days):
            yield days * 24
        case Consensus() | Quota():
            pass
    if isinstance(rule, Consensus | Quota | Silence | NegativeConsensus) and isinstance(rule.absent, Tacit):
        yield rule.absent.days * 24


def _tacit(rule: Rule) -> bool:
    """Say whether anybody's silence agrees anywhere in ``rule``."""
    match rule:
        case And(rules) | Or(rules):
            return any(map(_tacit, rules))
        case Over(_, inner) | MinusConcerned(_, inner):
            return _tacit(inner)
        case Silence():
            return True
        case _:
            return isinstance(rule.absent, Tacit)


def _asked(rule: Rule, members: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (member concerned, another that proposes) for every way in which a question differs to ``rule``."""
    named = [member for member in members if member in named_in(rule, members)]
    alike = [member for member in members if member not in named]
    for concerned in (*named, *alike[:1]):
        yield concerned, next(member for member in (*alike, *named) if member != concerned)


def _verdict(rule: Rule, members: Sequence[str], says: Mapping[str, Choice | None], absent: str = "") -> bool:
    votes = {member: Vote(choice, 0) for member, choice in says.items() if choice is not None}
    standings = {member: "absent" if member == absent else "full" for member in members}
    return evaluate(rule, votes, standings, 0, LONG_AFTER).verdict == "adopted"


# 1. Consent.
def _consent(ref: str, rule: Rule, members: Sequence[str]) -> Iterator[Problem]:
    found: dict[str, Problem] = {}
    for concerned, proposer in _asked(rule, members):
        bound = bind(rule, concerned, proposer, members)
        says: dict[str, Choice | None] = dict.fromkeys(members, "yes")
        if _verdict(bound, members, {**says, concerned: "no"}):
            found["overrules"] = error(ref, "overrules", "it touches soil, data or people, and is adopted although the "
                                                         "member concerned refuses")
            continue
        says[concerned] = None
        for absent, where in (("", "present"), (concerned, "absent")):
            if not _verdict(bound, members, says, absent):
                continue
            if absent and PARTICIPANTS in named_in(rule) and not _tacit(rule):
                found["absent"] = warning(ref, "absent", "it touches soil, data or people, and who takes part but is "
                                                         "absent abstains: list nobody who is absent")
            else:
                found["tacit-consent"] = error(ref, "tacit-consent", "it touches soil, data or people, and is adopted "
                                                                     f"while the member concerned, {where}, is silent")
        others = [member for member in members if member != concerned]
        if _verdict(bind(rule, concerned, proposer, others), members, {**says, concerned: "no"}):
            found["left-out"] = warning(ref, "left-out", "it touches soil, data or people, and those who take part "
                                                         "decide: leave nobody concerned out of them")
    yield from found.values()


# 3. Alive.
def _alive(ref: str, rule: Rule, members: Sequence[str]) -> Iterator[Problem]:
    bound = [bind(rule, *asked, members) for asked in _asked(rule, members)]
    if not any(_verdict(one, members, dict.fromkeys(members, "yes")) for one in bound):
        yield warning(ref, "dead", "it is never decided, though all agree")
    if all(_verdict(one, members, dict.fromkeys(members, "no")) for one in bound):
        yield warning(ref, "automatic", "it is decided whatever the votes, though all refuse")


# 4. Named votes.
def _least_in_favour(rule: Rule, members: Sequence[str]) -> int | None:
    """Return the least votes in favour by others with which ``rule`` is met when nobody refuses; None for never."""
    least = None
    for concerned, proposer in islice(_asked(rule, members), MOST_TRIED):
        bound = bind(rule, concerned, proposer, members)
        others = sorted((m for m in members if m != concerned), key=lambda m: -_weight(rule, m))
        for count in range(len(others) + 1 if least is None else least):
            says: dict[str, Choice | None] = dict.fromkeys(members, "abstain")
            says.update(dict.fromkeys(others[:count], "yes"))
            if _verdict(bound, members, says):
                least = count
                break
    return least


def _weight(rule: Rule, member: str) -> int:
    """Return the most votes that ``rule`` gives ``member`` anywhere."""
    match rule:
        case And(rules) | Or(rules):
            return max((_weight(part, member) for part in rules), default=0)
        case Over(among, inner):
            return _weight(inner, member) + (member in among)
        case MinusConcerned(_, inner):
            return _weight(inner, member)
        case Quota():
            return rule.weight(member)
        case _:
            return 1
