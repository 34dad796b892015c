"""Do the clauses of one instrument say one thing, and leave each member what is its own?

Rules
1. A ban is nothing but a ban: it asks no consent and no case, owes nothing, goes on for nobody, and nobody may reserve
   it.                                                                                               ``unlike-a-ban``
2. No ban takes back all that another clause permits, nor any part of a duty, nor says the opposite of a clause about
   the same kind, roles and standings.                                              ``taken-back``, ``contradictory``
   What a ban takes back in part is a warning.                                                     ``partly-taken-back``
3. What carries a case's content, counts by area or acts on a member's soil asks whose consent it has.  ``no-consent``
4. An answer with a case's content is released by two persons.                                          ``one-person``
5. What a suspended member still owes and may say stays with it: its right of reply, its keys, its persons, purging and
   revoking, its vote.                                                                                 ``suspended``
6. What goes on while the instrument is wound down has the days to do so.                               ``mis-dated``
7. A power that no party of the charter can use is a warning.                                            ``unusable``
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hamsaya.charter.compiled import NO_CLAUSES, Compiled, CompiledClause
from hamsaya.charter.problem import Problem, error, warning
from hamsaya.charter.types import TOUCHES, Clause, Instrument, Party, kinds_named

CARRY = {"case.answer": "a case's content", "monitor.report": "counts by area"}
"""Kinds whose bodies hold what is a member's own, whatever a clause says it is about."""
STAY = ("compliance.reply", "keys.publish", "person.enrol", "person.end", "case.purge", "case.revoke", "charter.vote")
Permit = tuple[CompiledClause, list[str]]


def check_clauses(compiled: Compiled, instrument: Instrument) -> Iterator[Problem]:
    """Yield what is wrong with the clauses of ``instrument``."""
    permits = {permit.id: (permit, kinds) for permit, kinds in permits_of(compiled, instrument)}
    stops = {kind: _stops(bans) for (name, kind), (_, bans) in compiled.clauses.items() if name == instrument.id}
    for clause in instrument.clauses:
        ref = f"{instrument.id}:{clause.id}"
        if clause.modality == "ban":
            yield from _ban(ref, clause)
            continue
        yield from _own(ref, clause)
        if clause.wind_down and not instrument.wind_down_days:
            yield error(ref, "mis-dated", "it goes on while the instrument is wound down, for which there are 0 days")
        if clause.id in permits:
            permit, kinds = permits[clause.id]
            yield from _taken_back(ref, clause, permit, {kind: stops[kind] for kind in kinds})
            if why := _nobody(permit, compiled.document.members):
                yield warning(ref, "unusable", why)
    yield from _suspended(compiled, instrument)


def permits_of(compiled: Compiled, instrument: Instrument) -> list[Permit]:
    """Return every clause of ``instrument`` that permits something, with the kinds of message that it permits."""
    found: dict[str, Permit] = {}
    for (name, kind), (permits, _) in sorted(compiled.clauses.items()):
        for permit in permits if name == instrument.id else ():
            found.setdefault(permit.id, (permit, []))[1].append(kind)
    return [found[clause.id] for clause in instrument.clauses if clause.id in found]


# 1. A ban is nothing but a ban.
def _ban(ref: str, clause: Clause) -> Iterator[Problem]:
    extras = {"obligations": clause.obligations, "a consent": clause.consent_of != "none", "a case": clause.needs_case,
              "a wind-down": clause.wind_down, "reservations": clause.reservable}
    for name in [name for name, there in extras.items() if there]:
        yield error(ref, "unlike-a-ban", f"a ban holds whatever happens, and this one speaks of {name}")
    if not clause.senders and not clause.recipients:
        yield warning(ref, "unusable", "it bans nobody: it names neither senders nor recipients")


# 2. No ban takes it back.
class _Stops(NamedTuple):
    """What the bans of one kind leave to nobody: ends as (role, standing), and the bans by exactly whom they stop."""

    senders: frozenset[tuple[str, str]]
    recipients: frozenset[tuple[str, str]]
    bans: tuple[CompiledClause, ...]
    exactly: dict[object, str]


def _stops(bans: tuple[CompiledClause, ...]) -> _Stops:
    return _Stops(
        frozenset((role, standing) for ban in bans for role in ban.senders for standing in ban.standing),
        frozenset((role, standing) for ban in bans for role in ban.recipients for standing in ban.standing),
        bans, {_ends(ban): ban.reason.ref for ban in bans},
    )


def _ends(clause: CompiledClause) -> object:
    return clause.senders, clause.recipients, clause.standing


def _taken_back(ref: str, clause: Clause, permit: CompiledClause, kinds: dict[str, _Stops]) -> Iterator[Problem]:
    shadowed = {kind: stops for kind, stops in kinds.items() if stops.bans and not _left(permit, stops)}
    if not shadowed:
        return
    by, which = _named(permit, shadowed.values()), ", ".join(shadowed)
    opposed = {kind: stops.exactly[_ends(permit)] for kind, stops in shadowed.items() if _ends(permit) in stops.exactly}
    if len(shadowed) == len(kinds):
        yield error(ref, "taken-back", f"{by} takes back all that it permits")
    elif clause.modality == "duty":
        yield error(ref, "contradictory", f"it is a duty, and {by} takes back {which}")
    elif opposed:
        kind, ban = next(iter(opposed.items()))
        yield error(ref, "contradictory", f"{ban} says the opposite of {kind} for the same roles and standings")
    else:
        yield warning(ref, "partly-taken-back", f"{by} takes back {which}")


def _left(permit: CompiledClause, stops: _Stops) -> bool:
    """Say whether somebody may still send, and somebody receive, what ``permit`` permits."""
    standings = permit.standing | ({"left"} if permit.wind_down else frozenset())
    senders = {(role, standing) for role in permit.senders for standing in standings} - stops.senders
    if not permit.recipients:  # A note to oneself is judged with the sender as its recipient.
        return bool(senders - stops.recipients)
    recipients = {(role, standing) for role in permit.recipients for standing in standings} - stops.recipients
    return bool(senders and recipients)


def _named(permit: CompiledClause, found: Iterable[_Stops]) -> str:
    roles = permit.recipients or permit.senders
    refs = sorted({ban.reason.ref for stops in found for ban in stops.bans
                   if ban.senders & permit.senders or ban.recipients & roles})
    return ", ".join(refs[:3]) + (f" and {len(refs) - 3} more" if len(refs) > 3 else "")


# 3. and 4. What is a member's own.
def _own(ref: str, clause: Clause) -> Iterator[Problem]:
    carried = sorted(CARRY[kind] for kind in kinds_named(clause.kinds) if kind in CARRY)
    if clause.consent_of == "none" and (carried or clause.object in TOUCHES):
        what = carried[0] if carried else f"the object class {clause.object}"
        yield error(ref, "no-consent", f"it speaks of {what}, and asks for nobody's consent")
    if "case.answer" in kinds_named(clause.kinds) and "two-persons" not in clause.obligations:
        yield error(ref, "one-person", "case.answer is prepared by one person and released by another, and the clause "
                                       "does not oblige to two-persons")


# 5. What stays with a suspended member.
def _suspended(compiled: Compiled, instrument: Instrument) -> Iterator[Problem]:
    for kind in STAY:
        permits, bans = compiled.clauses.get((instrument.id, kind), NO_CLAUSES)
        theirs = [permit for permit in permits if "member" in permit.senders]
        admitted = any("suspended" in permit.standing for permit in theirs)
        if theirs and not admitted:
            yield error(theirs[0].reason.ref, "suspended", f"a suspended member keeps {kind}, and no clause of the "
                                                           "instrument admits the standing suspended to it")
        for ban in bans if theirs and admitted else ():
            if "suspended" in ban.standing and "member" in ban.senders:
                yield error(ban.reason.ref, "suspended", f"a suspended member keeps {kind}, which this bans")


# 7. Powers that nobody can use.
def _nobody(permit: CompiledClause, parties: Iterable[Party]) -> str:
    # Parties are taken as the charter lists them: who is absent today may come, and this is a warning.
    able = [party for party in parties if party.standing in permit.standing or permit.wind_down]
    senders = {party.id for party in able if party.role in permit.senders}
    recipients = {party.id for party in able if party.role in permit.recipients}
    if not senders:
        return "no party has a role and standing to send it"
    if permit.recipients and not recipients - (senders if len(senders) == 1 else set()):
        return "no other party has a role and standing to receive it"
    return ""
