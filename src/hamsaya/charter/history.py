"""What the members have decided, whatever the order in which word of it arrived.

Rules
1. Of a proposal's records that of the depositary of the best rank stands, if it closed in its time: within a day for
   each rank, after the votes had decided. A stand-in so undoes nothing that the first recorded in time, whatever date
   it gives its own. Of one rank, and where none was in time, the one that closed first stands: a later count, however
   full, undoes nothing.
2. A record that a contest has proven wrong does not stand; nor one that counted under another membership epoch than
   that of its opening, as all that is known now shows it.
3. What was adopted counts from its effect; a decision that was appealed counts until the appeal takes effect, then the
   appeal's outcome does.
4. Of two amendments of one text the first in effect takes its place; the other takes the place of nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from hamsaya.base.instants import DAY, MINUTE
from hamsaya.charter.said import CharterState, Proposal, Recorded
from hamsaya.charter.types import Document, document_from_bytes, revision
from hamsaya.messages.charter import Amend, SetStanding

END_OF_TIME = 2**53
STANDS_IN_AFTER = DAY
"""How long each depositary leaves to those before it."""
SKEW = 5 * MINUTE
"""How far two parties' clocks may be apart: a signature counts from so long before its date, so that what its signer
did next is not refused by who is behind."""


Appeals = Mapping[str, list[str]]


class _History(NamedTuple):
    """The records that stand, what they adopted as (effect, reference, proposal) in the order of effect, and which
    proposals appeal which."""

    records: Mapping[str, Recorded]
    effects: tuple[tuple[int, str, Proposal], ...]
    appeals: Appeals


def record_of(state: CharterState, reference: str) -> Recorded | None:
    """Return the record that stands for a proposal, by rules 1 and 2."""
    return _history(state).records.get(reference)


def effects(state: CharterState) -> tuple[tuple[int, str, Proposal], ...]:
    """Return what was adopted, as (effect, reference, proposal) in the order of effect, appealed decisions too."""
    return _history(state).effects


def in_effect(state: CharterState, at: int) -> list[tuple[int, str, Proposal]]:
    """Return what was adopted and counts at ``at``, in the order of effect."""
    known = _history(state)
    return [one for one in known.effects if one[0] <= at and not _replaced(known.appeals, known.records, one[1], at)]


def epoch_at(state: CharterState, at: int) -> int:
    """Return how many decisions on standings count at ``at``: the number of the membership epoch."""
    return sum(isinstance(proposal.act, SetStanding) for _, _, proposal in in_effect(state, at))


def amendments(state: CharterState, founding: bytes) -> list[tuple[int, Document, bytes]]:
    """Return the charters that took the place of ``founding``, as (from when, document, revision), by rule 4."""
    known = _history(state)
    found: list[tuple[int, Document, bytes]] = []
    current = founding
    for effect, reference, proposal in known.effects:
        if isinstance(proposal.act, Amend) and not _replaced(known.appeals, known.records, reference, effect):
            document = document_from_bytes(proposal.act.document)
            if document.supersedes == current.hex():
                current = revision(document)
                found.append((effect, document, current))
    return found


class _Standings(NamedTuple):
    """The decisions on standings met so far: when each took effect, in order, and those that have been appealed."""

    effects: list[int]
    appealed: list[tuple[int, str]]


@lru_cache(maxsize=64)
def _history(state: CharterState) -> _History:
    """Leave out the records of a wrong epoch until none is left among those that stand."""
    void = state.contested
    while True:
        found, wrong = _worked_through(state, void)
        if not wrong:
            return found
        void |= wrong


def _preferred(records: Iterable[Recorded]) -> Recorded:
    """Return the one of some records of one proposal that stands, by rule 1."""
    every = list(records)
    in_time = [each for each in every if each.closed_at <= each.decided_at + (each.rank + 1) * STANDS_IN_AFTER]
    if in_time:
        return min(in_time, key=lambda each: (each.rank, each.closed_at, each.message))
    return min(every, key=lambda each: (each.closed_at, each.message))


def _worked_through(state: CharterState, void: frozenset[bytes]) -> tuple[_History, frozenset[bytes]]:
    """Work through the records in the order of effect: whether one stands follows from those in effect before it.

    Return what stands, and the message ids of records that would, had they not counted under a wrong epoch.
    """
    every = []
    for reference, known in state.records.items():
        if left := [record for message, record in known.items() if message not in void]:
            best = _preferred(left)
            every.append((best.effective_at, best.message, reference, best))
    wrong = set[bytes]()
    appeals: dict[str, list[str]] = {}
    for name, proposal in state.proposals.items():
        if proposal.against is not None:
            appeals.setdefault(proposal.against, []).append(name)
    records: dict[str, Recorded] = {}
    adopted: list[tuple[int, str, Proposal]] = []
    standings = _Standings([], [])
    for effect, _, reference, record in sorted(every, key=lambda one: (one[0], one[1])):
        if record.epoch != _epoch(appeals, records, standings, record.opened_at):
            wrong.add(record.message)
            continue
        records[reference] = record
        if record.verdict == "adopted" and reference in state.proposals:
            adopted.append((effect, reference, state.proposals[reference]))
            if isinstance(state.proposals[reference].act, SetStanding):
                standings.effects.append(effect)
                if reference in appeals:
                    standings.appealed.append((effect, reference))
    return _History(records, tuple(sorted(adopted, key=lambda one: one[:2])), appeals), frozenset(wrong)


def _epoch(appeals: Appeals, records: Mapping[str, Recorded], standings: _Standings, at: int) -> int:
    replaced = sum(effect <= at and _replaced(appeals, records, reference, at)
                   for effect, reference in standings.appealed)
    return bisect_right(standings.effects, at) - replaced


def _replaced(appeals: Appeals, records: Mapping[str, Recorded], reference: str, at: int) -> bool:
    recorded = map(records.get, appeals.get(reference, ()))
    return any(record is not None and record.effective_at <= at for record in recorded)
