"""What would this vote give? One class of decisions, the votes as one supposes them, and a time.

    simulate(document, "adopt-finding", Supposed(yes=("ava",), no=(), abstain=(), absent=(), concerned="bel",
                                                 proposer="ava", participants=(), after_ms=72 * HOUR))

The outcome is that of ``votes.evaluate`` with every vote cast at the opening. A question lapses after the days of
its class. Beside the outcome stand who is decisive, whose other word would change it, and how many more votes in
favour would adopt it at that time.

Left out: the named votes that a change of standing takes beyond its rule; they are told in ``notes``, for a class
does not say whether a question of it changes a standing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY
from hamsaya.charter.assembly import placeholders
from hamsaya.charter.decidable import named_in
from hamsaya.charter.types import DecisionClass, Document
from hamsaya.charter.votes import (
    CONCERNED,
    PARTICIPANTS,
    PROPOSER,
    SEATED,
    Outcome,
    Rule,
    Vote,
    bind,
    evaluate,
    never_tacit,
)
from hamsaya.messages.charter import Choice

MOST_TRIED = 100_000
"""Sets of further votes that are tried; a rule that tells very many members apart gets no figure."""
CHOICES: tuple[Choice, ...] = ("yes", "no", "abstain")


class Supposed(NamedTuple):
    """A vote as one supposes it: who says what, who is absent, whom it is about, and how long after its opening."""

    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    abstain: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    concerned: str | None = None
    proposer: str | None = None
    participants: tuple[str, ...] = ()
    after_ms: int = 0


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a supposed vote.

    Attributes:
        verdict: adopted, blocked or pending.
        until_ms: When pending, milliseconds after the opening at which time alone may change it.
        decisive: Member to the other words of its own that would change the outcome (``none``: no vote).
        needed: The least further votes in favour with which it would be adopted at that time; None for never.
        waiting: Members that could still vote.
    """

    decision: str
    verdict: str
    until_ms: int | None
    reasons: list[str]
    decisive: dict[str, list[str]]
    needed: int | None
    waiting: list[str]
    notes: list[str]


class _Ballot(NamedTuple):
    rule: Rule
    standings: dict[str, str]
    after_ms: int
    lapses_ms: int

    def outcome(self, said: Mapping[str, Choice]) -> Outcome:
        votes = {member: Vote(choice, 0) for member, choice in said.items()}
        found = evaluate(self.rule, votes, self.standings, 0, min(self.after_ms, self.lapses_ms))
        if found.verdict != "pending":
            return found
        if self.after_ms >= self.lapses_ms:
            return Outcome("blocked", None, (f"undecided for {self.lapses_ms // DAY} days, it has lapsed",))
        return found._replace(next_at=min(found.next_at or self.lapses_ms, self.lapses_ms))


def simulate(document: Document, name: str, supposed: Supposed) -> Simulated:
    """Return what the vote ``supposed`` on a question of the class ``name`` would give.

    Raises:
        PeerError: code ``bad-vote``; no such class or member, a member named twice or without a vote, or a question
            that leaves open whom it is about. The message says what is expected.
    """
    decision = next((one for one in document.rules if one.id == name), None)
    if decision is None:
        raise _bad(f"expected one of the charter's classes {_listed(one.id for one in document.rules)}, "
                   f"received {name[:64]!r}")
    standings = _standings(document, supposed)
    said = _said(supposed, standings)
    rule = _bound(decision, supposed)
    ballot = _Ballot(rule, standings, supposed.after_ms, decision.expires_days * DAY)
    found = ballot.outcome(said)
    waiting = [member for member, standing in standings.items() if standing in SEATED and member not in said]
    return Simulated(
        decision=name, verdict=found.verdict, until_ms=found.next_at, reasons=list(found.reasons),
        decisive=_decisive(ballot, said, found), needed=_needed(ballot, said, waiting), waiting=waiting,
        notes=list(_notes(document, decision, supposed)),
    )


def _bad(text: str) -> PeerError:
    return PeerError(text, code="bad-vote")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "(none)"


def _standings(document: Document, supposed: Supposed) -> dict[str, str]:
    found: dict[str, str] = {one.id: one.standing for one in document.members if one.role == "member"}
    everybody = (*supposed.yes, *supposed.no, *supposed.abstain, *supposed.absent, *supposed.participants,
                 *filter(None, (supposed.concerned, supposed.proposer)))
    for member in everybody:
        if member not in found:
            raise _bad(f"expected members of the charter ({_listed(found)}), received {member[:40]!r}")
    found.update(dict.fromkeys(supposed.absent, "absent"))
    return found


def _said(supposed: Supposed, standings: Mapping[str, str]) -> dict[str, Choice]:
    found: dict[str, Choice] = {}
    for choice, members in zip(CHOICES, (supposed.yes, supposed.no, supposed.abstain), strict=True):
        for member in members:
            if found.get(member, choice) != choice or member in supposed.absent:
                raise _bad(f"expected one word of each member, received {member} with two")
            if standings[member] not in SEATED:
                raise _bad(f"{member} has the standing {standings[member]} and no vote; leave it out")
            found[member] = choice
    return found


def _bound(decision: DecisionClass, supposed: Supposed) -> Rule:
    rule = decision.parsed()
    for name, given, option in ((CONCERNED, supposed.concerned, "--concerned"),
                                (PROPOSER, supposed.proposer, "--proposer"),
                                (PARTICIPANTS, supposed.participants, "--participants")):
        if name in placeholders(rule) and not given:
            raise _bad(f"the rule of {decision.id} speaks of {name[1:]}: say with {option} who that is")
    return bind(rule, supposed.concerned, supposed.proposer or PROPOSER, supposed.participants)


def _decisive(ballot: _Ballot, said: Mapping[str, Choice], found: Outcome) -> dict[str, list[str]]:
    decisive: dict[str, list[str]] = {}
    for member, standing in ballot.standings.items():
        for choice in (*CHOICES, None) if standing in SEATED else ():
            if choice == said.get(member):
                continue
            rest = {other: word for other, word in said.items() if other != member}
            if ballot.outcome(rest if choice is None else {**rest, member: choice}).verdict != found.verdict:
                decisive.setdefault(member, []).append(choice or "none")
    return decisive


def _needed(ballot: _Ballot, said: Mapping[str, Choice], waiting: Sequence[str]) -> int | None:
    """Return the least further votes in favour that adopt it; whom the rule does not name it treats alike."""
    named = [member for member in waiting if member in named_in(ballot.rule, ballot.standings)]
    alike = [member for member in waiting if member not in named]
    tried = 0
    for size in range(len(waiting) + 1):
        for some in (some for count in range(min(size, len(named)) + 1) for some in combinations(named, count)):
            if size - len(some) > len(alike):
                continue
            tried += 1
            favour = dict.fromkeys((*some, *alike[: size - len(some)]), "yes")
            if ballot.outcome({**said, **favour}).verdict == "adopted":  # type: ignore[dict-item]
                return size
            if tried >= MOST_TRIED:
                return None
    return None


def _notes(document: Document, decision: DecisionClass, supposed: Supposed) -> Iterator[str]:
    if decision.touches_soil_or_data:
        yield "it touches soil, data or people: whatever the vote, the act needs the consent of whom it concerns"
    if "amend" in decision.confers and never_tacit(decision.parsed()) != decision.parsed():
        yield ("nobody agrees by silence to an amendment that changes a clause on soil, data or people: who is absent "
               "then refuses")
    if decision.timelock_hours:
        yield f"what is adopted takes effect {decision.timelock_hours} hours later"
    if any(name not in ("amend", "resolve") for name in decision.confers):
        named = len(set(supposed.yes) - {supposed.concerned})
        yield (f"a change of standing also takes {document.epoch_signatures} votes in favour from others; here are "
               f"{named}")
    if decision.appeal:
        yield f"it can be decided again as {decision.appeal}"
