"""Has this proposal been adopted? Rules of voting as values, and one function that says how far a vote has come.

Rules, for every rule alike
1. The electorate: standings ``full`` and ``partial`` vote; ``absent`` keeps its seat; all others have no vote.
   Without anybody present nothing is adopted.
2. A vote counts from its instant on; one cast later than the rule allows does not count.
3. An absent member that casts a vote is no absentee. One that casts none counts as the rule's ``absent`` says:
   ``abstains``; ``blocks`` (as if it refused); ``waits`` (for its vote, however long); ``Tacit(days)`` (as if it
   agreed, once the days are over).
4. Who may vote and has not is waited for, except where a rule sets a time.

and for each
5. Consensus: nobody refuses. An abstention never blocks: consensus is not unanimity.
6. MinusConcerned: the rule inside it, by everybody but the member concerned.
7. Quota: votes in favour, counted by weight, reach q.
8. Silence: nobody refuses before the hours are over; adopted at that instant, never before.
9. NegativeConsensus: adopted unless all (or ``stops`` members) refuse, by the end of ``days`` where given.
10. And, Or: every, or any, of the rules; of no rules at all nothing follows. Over: the rule among participants,
    each of whom must be present or absent, never without a vote: else somebody's consent would be skipped.

    evaluate(Silence(72), {}, standings, opened_at, opened_at + 72 * HOUR)      # Outcome("adopted", None, (...))

Left out: a quorum other than ``And((Consensus(), Quota(q)))``; changing a vote; who may propose; keeping a decision
once adopted, which is for whoever records it: without a time limit a later vote still counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, NamedTuple

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR
from hamsaya.messages.charter import Choice

Verdict = Literal["adopted", "blocked", "pending"]
PRESENT = frozenset(("full", "partial"))
SEATED = PRESENT | {"absent"}
MOST_DEPTH = 8
MOST_PARTS = 64
LARGEST = 1_000_000
"""Bounds on what ``parse_rule`` takes: rules within rules, entries of a list, and every number."""


@dataclass(frozen=True, slots=True)
class Tacit:
    """An absent member agrees unless it refuses within ``days``, >= 1."""

    days: int

    def __post_init__(self) -> None:
        _at_least_one("days", self.days)


Absent = Literal["blocks", "abstains", "waits"] | Tacit


@dataclass(frozen=True, slots=True)
class Consensus:
    """Nobody refuses."""

    absent: Absent = "abstains"


@dataclass(frozen=True, slots=True)
class MinusConcerned:
    """``rule`` by everybody but the member ``concerned``."""

    concerned: str
    rule: Rule = Consensus()


@dataclass(frozen=True, slots=True)
class Quota:
    """Votes in favour reach ``q``, >= 1; each member has one, or what ``weights`` gives it (none if not named)."""

    q: int
    weights: tuple[tuple[str, int], ...] = ()
    absent: Absent = "abstains"

    def __post_init__(self) -> None:
        _at_least_one("q", self.q)
        if any(weight < 0 for _, weight in self.weights) or len(dict(self.weights)) != len(self.weights):
            raise ValueError("expected one weight >= 0 for each member")

    def weight(self, member: str) -> int:
        """Return how many votes ``member`` has."""
        return dict(self.weights).get(member, 0) if self.weights else 1


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody refuses before ``hours``, >= 1, are over."""

    hours: int
    absent: Absent = "abstains"

    def __post_init__(self) -> None:
        _at_least_one("hours", self.hours)


@dataclass(frozen=True, slots=True)
class NegativeConsensus:
    """Adopted unless all refuse, or ``stops`` of them (0: all), within ``days`` (0: once enough have voted)."""

    stops: int = 0
    days: int = 0
    absent: Absent = "abstains"

    def __post_init__(self) -> None:
        if self.stops < 0 or self.days < 0:
            raise ValueError(f"expected stops and days >= 0, received {self.stops} and {self.days}")


@dataclass(frozen=True, slots=True)
class And:
    """Every one of ``rules``."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any one of ``rules``."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Over:
    """``rule`` among ``participants`` and nobody else."""

    participants: frozenset[str]
    rule: Rule = Consensus()


Rule = Consensus | MinusConcerned | Quota | Silence | NegativeConsensus | And | Or | Over


CONCERNED, PROPOSER, PARTICIPANTS = "*concerned", "*proposer", "*participants"
"""What a charter's rule writes for the member a question is about, whoever asks it, and those who take part."""


def bind(rule: Rule, concerned: str | None, proposer: str, participants: Iterable[str]) -> Rule:
    """Return ``rule`` for one question: its placeholders replaced by the members that it names.

    A placeholder for which the question names nobody stays, and nobody holds a vote under that name.
    """
    names = {CONCERNED: frozenset((concerned or CONCERNED,)), PROPOSER: frozenset((proposer,)),
             PARTICIPANTS: frozenset(participants) or frozenset((PARTICIPANTS,))}
    match rule:
        case And(rules):
            return And(tuple(bind(part, concerned, proposer, participants) for part in rules))
        case Or(rules):
            return Or(tuple(bind(part, concerned, proposer, participants) for part in rules))
        case Over(among, inner):
            members = frozenset[str]().union(*(names.get(member, frozenset((member,))) for member in among))
            return Over(members, bind(inner, concerned, proposer, participants))
        case MinusConcerned(member, inner):
            (found,) = names[CONCERNED] if member == CONCERNED else (member,)
            return MinusConcerned(found, bind(inner, concerned, proposer, participants))
        case _:
            return rule


def voters(rule: Rule, members: Iterable[str]) -> set[str]:
    """Return those of ``members`` whose vote ``rule`` asks for."""
    everybody = set(members)
    match rule:
        case And(rules) | Or(rules):
            return set[str]().union(*(voters(part, everybody) for part in rules))
        case Over(among, inner):
            return voters(inner, everybody & among)
        case MinusConcerned(concerned, inner):
            return voters(inner, everybody - {concerned})
        case _:
            return everybody


def never_tacit(rule: Rule) -> Rule:
    """Return ``rule`` with nobody agreeing by silence: an absent member's vote is then waited for."""
    match rule:
        case And(rules):
            return And(tuple(map(never_tacit, rules)))
        case Or(rules):
            return Or(tuple(map(never_tacit, rules)))
        case Over() | MinusConcerned():
            return replace(rule, rule=never_tacit(rule.rule))
        case Consensus(Tacit()) | Quota(absent=Tacit()) | Silence(absent=Tacit()) | NegativeConsensus(absent=Tacit()):
            return replace(rule, absent="waits")
        case _:
            return rule


class Vote(NamedTuple):
    """What a member said, and when: UTC milliseconds."""

    choice: Choice
    at: int


class Outcome(NamedTuple):
    """How far a vote has come.

    ``next_at``: when pending, the next instant at which time alone may change it; None: only a vote can.
    ``reasons``: plain sentences, never empty.
    """

    verdict: Verdict
    next_at: int | None
    reasons: tuple[str, ...]


class _Ballot(NamedTuple):
    votes: Mapping[str, Vote]
    standings: Mapping[str, str]
    opened_at: int
    now: int


class _Count(NamedTuple):
    """Where the electorate stands: ``open`` are still waited for, tacit ones until ``tacit_at``."""

    yes: frozenset[str]
    no: frozenset[str]
    open: frozenset[str]
    tacit_at: int | None
    size: int


def evaluate(
    rule: Rule, votes: Mapping[str, Vote], standings: Mapping[str, str], opened_at: int, now: int
) -> Outcome:
    """Return how far a vote has come; the same arguments always give the same outcome.

    Args:
        votes: One vote a member; those of members without a vote, or cast after ``now``, do not count.
        standings: Each member's standing under the instrument.
        opened_at, now: UTC milliseconds; before ``opened_at`` everything is pending.
    """
    if now < opened_at:
        return Outcome("pending", opened_at, ("the vote has not been opened yet",))
    return _evaluate(rule, _Ballot(votes, standings, opened_at, now))


def _evaluate(rule: Rule, ballot: _Ballot) -> Outcome:
    match rule:
        case And(rules) | Or(rules):
            return _combine(isinstance(rule, And), [_evaluate(part, ballot) for part in rules])
        case Over(participants, inner):
            return _over(participants, inner, ballot)
        case MinusConcerned(concerned, inner):
            others = {member: standing for member, standing in ballot.standings.items() if member != concerned}
            found = _evaluate(inner, ballot._replace(standings=others))
            return found._replace(reasons=(f"{concerned} is concerned and does not vote", *found.reasons))
    voted = {member for member, vote in ballot.votes.items() if vote.at <= ballot.now}
    if not any(standing in PRESENT or (standing == "absent" and member in voted)
               for member, standing in ballot.standings.items()):
        return Outcome("blocked", None, ("nobody with a vote is present",))
    match rule:
        case Consensus():
            return _consensus(_count(rule.absent, ballot))
        case Quota():
            return _quota(rule, _count(rule.absent, ballot))
        case Silence():
            return _silence(rule, ballot)
        case NegativeConsensus():
            return _negative(rule, ballot)


def _over(participants: frozenset[str], rule: Rule, ballot: _Ballot) -> Outcome:
    outside = sorted(member for member in participants if ballot.standings.get(member) not in SEATED)
    if outside or not participants:
        why = f"without a vote here: {_named(outside)}" if outside else "nobody takes part"
        return Outcome("blocked", None, (why,))
    among = {member: ballot.standings[member] for member in participants}
    found = _evaluate(rule, ballot._replace(standings=among))
    return found._replace(reasons=(f"decided among {_named(participants)}", *found.reasons))


def _combine(every: bool, parts: Sequence[Outcome]) -> Outcome:
    if not parts:
        return Outcome("blocked", None, ("no rule is named, and of none nothing follows",))
    decisive, other = ("blocked", "adopted") if every else ("adopted", "blocked")
    for verdict in (decisive, "pending", other):
        if chosen := [part for part in parts if part.verdict == verdict]:
            instants = [part.next_at for part in chosen if part.next_at is not None]
            reasons = tuple(dict.fromkeys(reason for part in chosen for reason in part.reasons))
            return Outcome(chosen[0].verdict, min(instants, default=None), reasons)
    raise AssertionError("every verdict is one of three")


def _count(absent: Absent, ballot: _Ballot, closes: int | None = None) -> _Count:
    """Return where the electorate stands; votes at or after ``closes`` came too late."""
    groups: dict[str, set[str]] = {"yes": set(), "no": set(), "abstain": set(), "open": set()}
    tacit_at = ballot.opened_at + absent.days * DAY if isinstance(absent, Tacit) else None
    waits = False
    for member, standing in ballot.standings.items():
        if standing not in SEATED:
            continue
        away = standing == "absent"
        ends = tacit_at if away and tacit_at is not None else closes
        vote = ballot.votes.get(member)
        if vote is not None and vote.at <= ballot.now and (ends is None or vote.at < ends):
            groups[vote.choice].add(member)
        elif away and absent == "blocks":
            groups["no"].add(member)
        elif away and absent == "abstains":
            continue  # An absentee who abstains is left out of the electorate, also where all must refuse.
        elif ends is None or ballot.now < ends or (away and absent == "waits"):
            groups["open"].add(member)
            waits = waits or away
        else:
            groups["yes" if away else "abstain"].add(member)
    yes, no, abstained, still_open = map(frozenset, groups.values())
    size = len(yes) + len(no) + len(abstained) + len(still_open)
    return _Count(yes, no, still_open, tacit_at if waits else None, size)


def _named(members: Iterable[str]) -> str:
    return ", ".join(sorted(members)) or "nobody"


def _consensus(count: _Count) -> Outcome:
    if count.no:
        return Outcome("blocked", None, (f"refused by {_named(count.no)}",))
    if count.open:
        return Outcome("pending", count.tacit_at, (f"nobody refuses; waiting for {_named(count.open)}",))
    return Outcome("adopted", None, (f"nobody refuses; in favour: {_named(count.yes)}",))


def _quota(rule: Quota, count: _Count) -> Outcome:
    weights = dict(rule.weights)
    yes, open_ = (sum(weights.get(m, 0) for m in members) if weights else len(members)
                  for members in (count.yes, count.open))
    said = f"{yes} of the {rule.q} votes needed, from {_named(count.yes)}"
    if yes >= rule.q:
        return Outcome("adopted", None, (said,))
    if yes + open_ < rule.q:
        return Outcome("blocked", None, (f"{said}; at most {open_} more can come",))
    return Outcome("pending", count.tacit_at, (f"{said}; waiting for {_named(count.open)}",))


def _silence(rule: Silence, ballot: _Ballot) -> Outcome:
    ends = ballot.opened_at + rule.hours * HOUR
    count = _count(rule.absent, ballot, ends)
    if count.no:
        return Outcome("blocked", None, (f"silence broken by {_named(count.no)}",))
    if ballot.now < ends or count.open:
        later = count.tacit_at if ballot.now >= ends else ends
        return Outcome("pending", later, (f"nobody has broken the silence; it runs for {rule.hours} hours",))
    return Outcome("adopted", None, (f"nobody broke the silence of {rule.hours} hours",))


def _negative(rule: NegativeConsensus, ballot: _Ballot) -> Outcome:
    ends = ballot.opened_at + rule.days * DAY if rule.days else None
    count = _count(rule.absent, ballot, ends)
    stops = rule.stops or max(1, count.size)
    said = f"{len(count.no)} of the {stops} refusals that stop it, from {_named(count.no)}"
    if len(count.no) >= stops:
        return Outcome("blocked", None, (said,))
    if len(count.no) + len(count.open) < stops:
        return Outcome("adopted", None, (f"{said}; adopted unless enough refuse",))
    instants = [instant for instant in (ends, count.tacit_at) if instant is not None and instant > ballot.now]
    return Outcome("pending", min(instants, default=None), (f"{said}; waiting for {_named(count.open)}",))


def _at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"expected {name} >= 1, received {value}")


_NAMES: dict[str, type[Any]] = {
    "consensus": Consensus, "minus-concerned": MinusConcerned, "quota": Quota, "silence": Silence,
    "negative-consensus": NegativeConsensus, "and": And, "or": Or, "over": Over,
}


def parse_rule(plain: object) -> Rule:
    """Return the rule that a plain table says, as a pack carries it.

    A table names its ``rule`` and gives that rule's fields; the rule inside another stands under ``inner``, and
    ``absent`` is ``blocks``, ``abstains``, ``waits`` or ``{tacit_days = 10}``.

    Raises:
        PeerError: code ``bad-rule``; an unknown rule or field, a missing one, a wrong type, or one out of range.
    """
    try:
        return _parse(plain, 1)
    except ValueError as error:
        raise PeerError(f"the rule cannot be read: {error}", code="bad-rule") from None


def render_rule(rule: Rule) -> dict[str, Any]:
    """Return ``rule`` as the plain table that ``parse_rule`` reads; fields at their default are left out."""
    plain: dict[str, Any] = {"rule": next(name for name, kind in _NAMES.items() if isinstance(rule, kind))}
    for field in fields(rule):
        value = getattr(rule, field.name)
        if value != field.default:
            plain["inner" if field.name == "rule" else field.name] = _render(field.name, value)
    return plain


def _render(name: str, value: Any) -> Any:
    match name:
        case "rule":
            return render_rule(value)
        case "rules":
            return [render_rule(part) for part in value]
        case "participants":
            return sorted(value)
        case "weights":
            return dict(value)
        case _:
            return {"tacit_days": value.days} if isinstance(value, Tacit) else value


def _parse(plain: object, depth: int) -> Rule:
    if not isinstance(plain, Mapping) or depth > MOST_DEPTH:
        raise ValueError(f"expected tables, at most {MOST_DEPTH} deep, received {_shown(plain)}")
    left = dict(plain)
    name = left.pop("rule", None)
    if not isinstance(name, str) or name not in _NAMES:
        raise ValueError(f"expected rule to be one of {', '.join(_NAMES)}, received {_shown(name)}")
    given = {}
    for field in fields(_NAMES[name]):
        key = "inner" if field.name == "rule" else field.name
        if key in left:
            given[field.name] = _read(field.name, left.pop(key), depth)
        elif field.default is MISSING:
            raise ValueError(f"expected {name} to have the field {key}")
    if left:
        raise ValueError(f"{name} has no field {_shown(next(iter(left)))}")
    rule: Rule = _NAMES[name](**given)
    return rule


def _read(name: str, value: Any, depth: int) -> Any:
    match name, value:
        case "rule", _:
            return _parse(value, depth + 1)
        case "rules", list() if len(value) <= MOST_PARTS:
            return tuple(_parse(part, depth + 1) for part in value)
        case "participants", list() if all(map(_is_member, value)):
            return frozenset(value)
        case "weights", dict() if all(_is_member(m) and _is_number(w) for m, w in value.items()):
            return tuple(sorted(value.items()))
        case "absent", "blocks" | "abstains" | "waits":
            return value
        case "absent", {"tacit_days": days} if len(value) == 1 and _is_number(days):
            return Tacit(days)
        case "concerned", str() if _is_member(value):
            return value
        case ("q" | "hours" | "days" | "stops"), int() if _is_number(value):
            return value
    raise ValueError(f"received an unfit {name}: {_shown(value)}")


def _shown(value: object) -> str:
    # A table from outside is not printed: it may be nested deeper than Python can follow.
    return repr(value[:40]) if isinstance(value, str) else f"a value of type {type(value).__name__}"


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _is_member(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 64
