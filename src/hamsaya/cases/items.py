"""One item given in answer: released by two persons, locked until accepted, recalled, kept no longer than agreed.

Rules of the kinds
answer    rules of release and of what it is made of: ``release``, ``onward``. An answer that supersedes an item
          corrects it for the same request, by its originator, and is told to all its holders  else ``wrong-request``
seen      once a holder                                                             else ``already-seen``
accept    once a holder                                                             else ``already-accepted``
unlock    a locked item, once a holder, to that holder alone, after it has accepted, with the very key that the answer
          committed to, and not once it is recalled or its originator has deleted it
   else ``item-revoked``, ``past-deletion``, ``not-locked``, ``already-unlocked``, ``recipient-outside``, ``wrong-key``
use       at any time
recall    of what was made of something that is recalled; its originator alone may know that     else ``not-recalled``
consents  rules of ``onward``
purge     of an item that was recalled, or made of one that was; what is retained under law names the law; after
          "purged" a holder has nothing to add
                                       else ``predecessor-missing``, ``law-required``, ``already-purged``, ``on-hold``
hold      by two different persons                                                  else ``two-persons``
unhold    of what is held, by two different persons                       else ``predecessor-missing``, ``two-persons``
attach    rules of ``attached``
tombstone once what the case and the caveats allow is over, unless a law holds it
                                                         else ``not-due``, ``on-hold``, ``already-purged``

A holder that has just ended its hold and deletes may be heard in the other order: elsewhere than at the holder itself
``on-hold`` is therefore ``predecessor-missing``, and the deletion waits for the end of the hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import to_text
from hamsaya.cases import attached, onward, release, requests
from hamsaya.cases.lineage import keep_until, recalled_at
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState, Item
from hamsaya.messages.attachments import Attach
from hamsaya.messages.cases import Answer, Purge, Revoke
from hamsaya.messages.event import Event
from hamsaya.messages.items import (
    Accept,
    ConsentAsk,
    ConsentEnd,
    ConsentGiven,
    Hold,
    Recall,
    Seen,
    Tombstone,
    Unhold,
    Unlock,
    commitment_of,
)

_OWNER, _HOLDER = "the originator of the item", "a holder of the item"
ROLES = {
    "case.attach": _OWNER,
    "case.revoke": _OWNER,
    "case.purge": _HOLDER,
    "case.seen": _HOLDER,
    "case.accept": _HOLDER,
    "case.unlock": _OWNER,
    "case.use": _HOLDER,
    "case.consent-ask": _HOLDER,
    "case.consent": _OWNER,
    "case.consent-end": _OWNER,
    "case.recall": _OWNER,
    "case.hold": _HOLDER,
    "case.unhold": _HOLDER,
    "case.tombstone": "a holder of the item, or its originator,",
}
# What is said about an item leaves its state as it is, whichever that is: it may have crossed a recall on its way.
_SAID = ("attach", "seen", "accept", "unlock", "use", "consent-ask", "consent", "hold", "unhold", "tombstone", "purge")
TRANSITIONS = {
    ("released", "case.revoke"): "revoked",
    ("superseded", "case.revoke"): "revoked",
    ("released", "case.recall"): "revoked",
    ("superseded", "case.recall"): "revoked",
    ("released", "case.answer"): "superseded",
    ("revoked", "case.answer"): "revoked",
    **{(state, f"case.{said}"): state for state in ("released", "superseded", "revoked") for said in _SAID},
    # A consent is told to those it lets an item be passed on to, who do not know the item yet.
    ("elsewhere", "case.consent"): "elsewhere",
    ("elsewhere", "case.consent-end"): "elsewhere",
}


def answered(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what an answer is about: its request, or the item that it supersedes."""
    assert isinstance(event.body, Answer)
    if event.body.supersedes is None:
        return requests.matter(state, event, ref, case)
    old = state.items.get((ref, event.body.supersedes))
    if case is None or old is None:
        return None
    owner, holders = frozenset((old.originator,)), frozenset(old.holders)
    status = old.status if old.superseded_by is None else "superseded"  # Recalled or not, it is replaced once.
    return Matter(status, owner, holders, frozenset(case.participants), case, item=old)


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a message about an item is about, or None while that is unknown here."""
    body = event.body
    if isinstance(body, ConsentEnd):
        return onward.ending(state, event, body, case)
    item = state.items.get((ref, body.item))  # type: ignore[attr-defined]
    if isinstance(body, ConsentGiven) and (case is None or item is None):
        return onward.elsewhere(state, event, body, case)
    if case is None or item is None or _early(state, event, item):
        return None
    owner, holders, people = frozenset((item.originator,)), frozenset(item.holders), frozenset(case.participants)
    match body:
        case Attach() | Revoke() | Recall():
            actors, told = owner, holders
        case Unlock(holder=holder):
            actors, told = owner, frozenset((holder,))
        case ConsentGiven():
            actors, told, people = owner, onward.told(body), people | frozenset(body.to)
        case Tombstone():
            actors, told = owner | holders, holders if event.sender == item.originator else owner
        case _:
            actors, told = holders, owner
    return Matter(item.status, actors, told, people, case, item=item)


def _early(state: CasesState, event: Event, item: Item) -> bool:
    """Say whether what the message rests on has not arrived: a recall, an acceptance, a hold, the end of one."""
    match event.body:
        case Purge() as body:
            held = body.outcome == "purged" and _held_elsewhere(state, event, item)
            return held or recalled_at(state, item) is None
        case Tombstone():
            return _held_elsewhere(state, event, item)
        case Unlock(holder=holder):
            return all(each.holder != holder for each in item.accepted)
        case Unhold(law=law):
            return all((each.holder, each.law) != (event.sender, law) for each in item.holds)
        case _:
            return False


def _held_elsewhere(state: CasesState, event: Event, item: Item) -> bool:
    return state.own not in (None, event.sender) and _held(item, event)


def _held(item: Item, event: Event) -> bool:
    return any(each.holder == event.sender and each.stands(event.issued_at) for each in item.holds)


def _purged(item: Item, event: Event) -> bool:
    return any(
        each.holder == event.sender and each.outcome == "purged" and each.at <= event.issued_at
        for each in item.attested
    )


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a step of an item; an answer is asked here too, beside the rules of its request."""
    if matter.case is not None and isinstance(event.body, Answer):
        yield from release.refusals(state, event, event.body, matter)
        yield from onward.derived(state, event, event.body, matter.participants)
    elif isinstance(event.body, ConsentGiven):
        yield from onward.consent(state, event, event.body, matter.item, matter.annexes)
    elif matter.item is not None and matter.case is not None:
        yield from _item(state, event, matter.item, matter.case)


def _item(state: CasesState, event: Event, item: Item, case: Case) -> Iterator[Decision]:
    match event.body:
        case Attach() as body:
            yield from attached.refusals(state, event, body, item, keep_until(case, item))
        case Seen() if any(each.holder == event.sender for each in item.seen):
            yield refuse("already-seen", "cases:seen", "this holder has said so before")
        case Accept() if any(each.holder == event.sender for each in item.accepted):
            yield refuse("already-accepted", "cases:accept", "this holder has accepted its caveats before")
        case Unlock() as body:
            yield from _unlock(state, event, body, item)
        case ConsentAsk() as body:
            yield from onward.asked(event, body, item)
        case (Hold() | Unhold()) as body if body.prepared_by == body.released_by:
            yield refuse("two-persons", "cases:hold", "two persons say that a law keeps an item, or no more")
        case Recall() if state.own in (None, event.sender) and recalled_at(state, item) is None:
            yield refuse("not-recalled", "cases:recall", "nothing it was made of is recalled; revoke it yourself")
        case Purge() as body:
            yield from _purge(event, body, item)
        case Tombstone():
            yield from _tombstone(event, item, keep_until(case, item))


def _unlock(state: CasesState, event: Event, body: Unlock, item: Item) -> Iterator[Decision]:
    recalled = recalled_at(state, item)
    if any(each.holder == event.sender and each.at <= event.issued_at for each in item.deleted):
        yield refuse("past-deletion", "cases:unlock", "its originator has deleted it, and its key with it")
    if recalled is not None and recalled <= event.issued_at:
        yield refuse("item-revoked", "cases:unlock", "the item is recalled: nobody is given its key any more")
    if item.text is not None:
        yield refuse("not-locked", "cases:unlock", "the item is open to whoever holds it")
    if any(each.holder == body.holder for each in item.unlocked):
        yield refuse("already-unlocked", "cases:unlock", "this holder was given the key before")
    if set(event.recipients) != {body.holder}:
        yield refuse("recipient-outside", "cases:unlock", "the key goes to the holder that accepted, and to no other")
    if body.key is None or (item.locked is not None and commitment_of(body.key) != item.locked.commitment):
        yield refuse("wrong-key", "cases:unlock", "it is not the key that the answer committed to")


def _purge(event: Event, body: Purge, item: Item) -> Iterator[Decision]:
    if _purged(item, event):
        yield refuse("already-purged", "cases:purge", "this holder has attested its purge before")
    if (body.outcome == "retained-under-law") != (body.law is not None) and body.outcome != "in-court-file":
        yield refuse("law-required", "cases:purge", "what is retained under law names the law, and nothing else does")
    if body.outcome == "purged" and _held(item, event):
        yield _on_hold()


def _tombstone(event: Event, item: Item, due: int) -> Iterator[Decision]:
    if event.issued_at < due:
        yield refuse("not-due", "cases:tombstone", f"it may be kept until {to_text(due)}")
    if _purged(item, event) or any(each.holder == event.sender for each in item.deleted):
        yield refuse("already-purged", "cases:tombstone", "it has been deleted there before")
    if _held(item, event):
        yield _on_hold()


def _on_hold() -> Decision:
    return refuse("on-hold", "cases:hold", "a law keeps it there; two officers end the hold first: case unhold")
