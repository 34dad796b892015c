"""Tranches, folded: each keeps every step it has taken."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from hamsaya.linkage.types import LinkageState, Moved, TrancheRecord
from hamsaya.messages.event import Event
from hamsaya.messages.linkage import Step, Tranche


def apply(state: LinkageState, event: Event) -> LinkageState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; other kinds change nothing here."""
    match event.body:
        case Tranche() as body:
            fields = msgspec.structs.asdict(body) | {"payers": tuple(body.payers)}
            declared = TrancheRecord(declared_by=event.sender, declared_at=event.issued_at, **fields)
            return LinkageState(state.tranches.set(body.tranche, declared))
        case Step() as body:
            tranche = state.tranches[body.tranche]
            step = Moved(to=body.to, ground=body.ground, by=event.sender, at=event.issued_at,
                         probation_days=body.probation_days)
            return LinkageState(state.tranches.set(body.tranche, replace(tranche, steps=(*tranche.steps, step))))
        case _:
            return state


def snapshot(state: LinkageState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    return {"tranches": [msgspec.to_builtins(state.tranches[ref]) for ref in sorted(state.tranches)]}
