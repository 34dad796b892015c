"""One item given in answer: released by two persons, revoked by who gave it, purged by who holds it.

Rules of the kinds
answer    text, a new item reference, one person prepared and another released
                                                         else ``no-text``, ``already-exists``, ``two-persons``
purge     after "purged" a holder has nothing to add                              else ``already-purged``
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.decision import Decision, refuse
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState
from hamsaya.messages.cases import Answer, Purge, Revoke
from hamsaya.messages.event import Event

ROLES = {"case.revoke": "the originator of the item", "case.purge": "a holder of the item"}
TRANSITIONS = {("released", "case.revoke"): "revoked", ("revoked", "case.purge"): "revoked"}


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a message about an item is about, or None while that is unknown here."""
    assert isinstance(event.body, Revoke | Purge)
    item = state.items.get((ref, event.body.item))
    # A holder cannot purge what it was never asked to: the revocation is the purge's predecessor.
    if case is None or item is None or (isinstance(event.body, Purge) and item.status == "released"):
        return None
    owner, holders, people = frozenset((item.originator,)), frozenset(item.holders), frozenset(case.participants)
    actors, told = (owner, holders) if isinstance(event.body, Revoke) else (holders, owner)
    return Matter(item.status, actors, told, people, case, item=item)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a step of an item; an answer is asked here too, beside the rules of its request."""
    match event.body:
        case Answer() as body if matter.case is not None:
            yield from _answer(state, body, matter.case)
        case Purge() if matter.item is not None:
            if any(a.holder == event.sender and a.outcome == "purged" for a in matter.item.attested):
                yield refuse("already-purged", "cases:purge", "this holder has attested its purge before")


def _answer(state: CasesState, body: Answer, case: Case) -> Iterator[Decision]:
    if body.text is None:
        yield refuse("no-text", "cases:answer", "an answer carries its item; only a purged one lacks it")
    if (case.case, body.item) in state.items:
        yield refuse("already-exists", "cases:answer", "the item's reference is taken")
    if body.prepared_by == body.released_by:
        yield refuse("two-persons", "cases:answer", "one person prepares an item and another releases it")
