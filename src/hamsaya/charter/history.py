"""What the members have decided, whatever the order in which word of it arrived.

Rules
1. Of a proposal's records the one that closed first stands. A later count, however full, undoes nothing.
2. A record that a contest has proven wrong does not stand; nor one that counted under another membership epoch than
   that of its opening, as all that is known now shows it.
3. What was adopted counts from its effect; a decision that was appealed counts until the appeal takes effect, then the
   appeal's outcome does.
4. Of two amendments of one text the first in effect takes its place; the other takes the place of nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from hamsaya.base.instants import MINUTE
from hamsaya.charter.types import CharterState, Document, Proposal, Recorded, document_from_bytes, revision
from hamsaya.messages.charter import Amend, SetStanding

END_OF_TIME = 2**53
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
    """Work through the records in the order of effect: whether one stands follows from those in effect before it."""
    every = [(record.effective_at, message, reference, record) for reference, records in state.records.items()
             for message, record in records.items() if message not in state.contested]
    appeals: dict[str, list[str]] = {}
    for name, proposal in state.proposals.items():
        if proposal.against is not None:
            appeals.setdefault(proposal.against, []).append(name)
    records: dict[str, Recorded] = {}
    adopted: list[tuple[int, str, Proposal]] = []
    standings = _Standings([], [])
    for effect, _, reference, record in sorted(every, key=lambda one: (one[0], one[1])):
        if reference in records or record.epoch != _epoch(appeals, records, standings, record.opened_at):
            continue
        records[reference] = record
        if record.verdict == "adopted" and reference in state.proposals:
            adopted.append((effect, reference, state.proposals[reference]))
            if isinstance(state.proposals[reference].act, SetStanding):
                standings.effects.append(effect)
                if reference in appeals:
                    standings.appealed.append((effect, reference))
    return _History(records, tuple(sorted(adopted, key=lambda one: one[:2])), appeals)


def _epoch(appeals: Appeals, records: Mapping[str, Recorded], standings: _Standings, at: int) -> int:
    replaced = sum(effect <= at and _replaced(appeals, records, reference, at)
                   for effect, reference in standings.appealed)
    return bisect_right(standings.effects, at) - replaced


def _replaced(appeals: Appeals, records: Mapping[str, Recorded], reference: str, at: int) -> bool:
    recorded = map(records.get, appeals.get(reference, ()))
    return any(record is not None and record.effective_at <= at for record in recorded)
