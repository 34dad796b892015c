"""Signatures, folded. A set of signatures does not depend on the order in which they arrived."""

from __future__ import annotations

from typing import Any

from hamsaya.charter.types import CharterState
from hamsaya.messages.charter import Sign
from hamsaya.messages.event import Event


def apply(state: CharterState, event: Event) -> CharterState:
    """Return ``state`` with what ``event`` signed; other kinds change nothing here."""
    match event.body:
        case Sign(document=document, revision=revision):
            signed = state.signed(document, revision) | {event.sender}
            return CharterState(state.signatures.set((document, revision), signed))
        case _:
            return state


def snapshot(state: CharterState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    entries = sorted(state.signatures.items(), key=lambda entry: entry[0])
    return {"signatures": [[document, revision, sorted(signed)] for (document, revision), signed in entries]}
