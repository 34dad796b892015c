"""What the members decided on one thing, as a depositary recorded it; other rooms rest on it as on a value.

Only records that stand count: what was proven to leave a vote out is void, and what an appeal replaced is gone.
"""

from __future__ import annotations

from typing import NamedTuple

from hamsaya.charter.history import in_effect, record_of
from hamsaya.charter.said import CharterState
from hamsaya.messages.charter import Resolve


class Resolved(NamedTuple):
    """One recorded decision: on whom, adopted and in effect or else blocked, and when it closed (UTC ms)."""

    proposal: str
    concerned: str | None
    adopted: bool
    closed_at: int


def resolved(state: CharterState, decision: str, ground: str, at: int) -> list[Resolved]:
    """Return what was decided by ``at`` on ``ground`` under the class ``decision``, by reference; what is adopted and
    not yet, or no longer, in effect is left out."""
    effective = {reference for _, reference, _ in in_effect(state, at)}
    found = []
    for reference, put in sorted(state.proposals.items()):
        if put.decision != decision or not isinstance(put.act, Resolve) or put.act.ground != ground:
            continue
        record = record_of(state, reference)
        if record is None or record.closed_at > at or (record.verdict == "adopted" and reference not in effective):
            continue
        found.append(Resolved(reference, put.concerned, record.verdict == "adopted", record.closed_at))
    return found
