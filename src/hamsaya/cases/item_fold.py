"""What is said of an item, folded: every list is a set in one order, so that the order of arrival does not matter.

A deletion takes the item's text, what it was locked in, its key and every word about it out of the state;
``deleted_item``, ``carrier`` and ``redact`` let the node take them out of its journal too. The state keeps no digest of
a text, so a journal so redacted folds to the very same state.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from msgspec.structs import astuple, replace

from hamsaya.cases import attached
from hamsaya.cases.records import Deleted, Said
from hamsaya.cases.types import (
    Attested,
    CasesState,
    Decided,
    Grant,
    Held,
    Item,
    Sought,
    Unlocked,
    Used,
)
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
    Use,
)
from hamsaya.messages.kinds import Body

R = TypeVar("R", Said, Unlocked, Used, Sought, Held, Deleted)


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; other kinds change nothing here."""
    body, ref = event.body, event.case or ""
    if isinstance(body, ConsentGiven):
        return _decided(state, event, body)
    if isinstance(body, ConsentEnd):
        return _consent_ended(state, event, body)
    if isinstance(body, Answer):
        return _superseded(_put(state, _released(ref, event, body)), ref, body)
    name = getattr(body, "item", None)
    item = state.items.get((ref, name)) if event.kind.startswith("case.") and name else None
    return state if item is None else _put(state, _moved(item, event))


def _moved(item: Item, event: Event) -> Item:
    by, at = event.sender, event.issued_at
    match event.body:
        case Attach() as body:
            return replace(item, attachments=attached.added(item.attachments, event, body))
        case Revoke(reason=reason):
            return replace(item, status="revoked", revoked_at=at, reason=reason)
        case Recall():
            return replace(item, status="revoked", revoked_at=at, reason="origin-recalled")
        case Purge() as body:
            mine = Attested(holder=by, outcome=body.outcome, at=at, law=body.law)
            return replace(item, attested=_latest(item.attested, mine))
        case Seen(officer=officer):
            return replace(item, seen=_with(item.seen, Said(holder=by, officer=officer, at=at)))
        case Accept(officer=officer):
            return replace(item, accepted=_with(item.accepted, Said(holder=by, officer=officer, at=at)))
        case Unlock(holder=holder, key=key):
            return replace(item, unlocked=_with(item.unlocked, Unlocked(holder=holder, at=at)), key=key or item.key)
        case Use() as body:
            used = Used(holder=by, outcome=body.outcome, text=body.text, officer=body.officer, at=at)
            return replace(item, uses=_with(item.uses, used))
        case ConsentAsk() as body:
            asked = Sought(consent=body.consent, asker=by, to=tuple(sorted(set(body.to))), purpose=body.purpose,
                           officer=body.officer, at=at, text=body.text)
            return replace(item, sought=_with(item.sought, asked))
        case Hold() as body:
            officers = (body.prepared_by, body.released_by)
            return replace(item, holds=_held(item, Held(holder=by, law=body.law, officers=officers, at=at)))
        case Unhold(law=law):
            return replace(item, holds=_ended(item, by, law, at))
        case Tombstone():
            return replace(item, deleted=_with(item.deleted, Deleted(holder=by, at=at)))
        case _:
            return item


def _put(state: CasesState, item: Item) -> CasesState:
    """Return the state with ``item``, without its content where this node has deleted it."""
    if is_deleted(item, state.own):
        item = replace(item, text=None, locked=None, key=None,
                       uses=_ordered(replace(each, text=None) for each in item.uses),
                       sought=_ordered(replace(each, text=None) for each in item.sought),
                       attachments=attached.emptied(item.attachments))
    return dataclasses.replace(state, items=state.items.set((item.case, item.item), item))


def is_deleted(item: Item, own: str | None) -> bool:
    """Return whether ``own`` has purged its copy or deleted it when its time was over; for None, whether anybody has.
    """
    gone = {each.holder for each in item.attested if each.outcome == "purged"}
    gone |= {each.holder for each in item.deleted}
    return bool(gone) if own is None else own in gone


def _released(ref: str, event: Event, body: Answer) -> Item:
    return Item(
        case=ref,
        item=body.item,
        status="released",
        request=body.request,
        originator=event.sender,
        text=body.text,
        locked=body.locked,
        caveats=body.caveats,
        grading=body.grading,
        derived_from=tuple(body.derived_from),
        supersedes=body.supersedes,
        prepared_by=body.prepared_by,
        released_by=body.released_by,
        released_at=event.issued_at,
        holders=tuple(sorted(set(event.recipients) - {event.sender})),
        message=event.message_id,
    )


def _superseded(state: CasesState, ref: str, body: Answer) -> CasesState:
    old = state.items.get((ref, body.supersedes)) if body.supersedes else None
    if old is None:
        return state
    status = "revoked" if old.status == "revoked" else "superseded"
    return _put(state, replace(old, status=status, superseded_by=body.item))


def _decided(state: CasesState, event: Event, body: ConsentGiven) -> CasesState:
    key = (event.case or "", body.item, event.sender, body.consent)
    mine = Decided(at=event.issued_at, granted=body.granted, until=body.until, caveats=body.caveats,
                   officer=body.officer)
    known = state.grants.get(key)
    decided = {mine, *(known.decided if known else ())}
    grant = Grant(case=key[0], item=key[1], originator=key[2], consent=key[3], asker=body.asker,
                  to=tuple(sorted(set(body.to))), decided=tuple(sorted(decided, key=_decision_order)),
                  ended_at=known.ended_at if known else None)
    return dataclasses.replace(state, grants=state.grants.set(key, grant))


def _consent_ended(state: CasesState, event: Event, body: ConsentEnd) -> CasesState:
    key = (event.case or "", body.item, event.sender, body.consent)
    grant = state.grants[key]
    ended = replace(grant, ended_at=min(event.issued_at, grant.ended_at or event.issued_at))
    return dataclasses.replace(state, grants=state.grants.set(key, ended))


def _decision_order(decided: Decided) -> tuple[int, bool, int, str]:
    # Of two words said in the same millisecond the refusal is the last.
    return decided.at, not decided.granted, decided.until, decided.officer


def _with(records: tuple[R, ...], record: R) -> tuple[R, ...]:
    return _ordered((*records, record))


def _ordered(records: Any) -> tuple[Any, ...]:
    return tuple(sorted(set(records), key=lambda each: tuple(map(repr, astuple(each)))))


def _latest(known: tuple[Attested, ...], mine: Attested) -> tuple[Attested, ...]:
    """Return what each holder attests; of several words of one holder the latest stands, in whatever order they came.
    """
    latest = {each.holder: each for each in known}
    earlier = latest.get(mine.holder, mine)
    latest[mine.holder] = max(earlier, mine, key=lambda each: (each.at, each.outcome, each.law or ""))
    return tuple(latest[holder] for holder in sorted(latest))


def _held(item: Item, mine: Held) -> tuple[Held, ...]:
    others = [each for each in item.holds if (each.holder, each.law) != (mine.holder, mine.law)]
    for each in item.holds:
        if each not in others:
            newest = max(each, mine, key=lambda one: (one.at, one.officers))
            mine = replace(newest, ended_at=each.ended_at)
    return _ordered((*others, mine))


def _ended(item: Item, by: str, law: str, at: int) -> tuple[Held, ...]:
    return _ordered(
        replace(each, ended_at=max(at, each.ended_at or 0)) if (each.holder, each.law) == (by, law) else each
        for each in item.holds
    )


# --- What the node's journal keeps of it ------------------------------------------------------------------


def deleted_item(event: Event) -> str | None:
    """Return the item of ``event.case`` that ``event.sender`` says to have deleted at its node, else None.

    When the sender is this node's own member, the node redacts whatever carries the item in its journal, in the same
    transaction. What a holder retains under law or in a court file is not redacted.
    """
    match event.body:
        case Purge(item=item, outcome="purged") | Tombstone(item=item):
            return item
        case _:
            return None


def carrier(body: Body) -> str | None:
    """Return the item whose content ``body`` carries: its text, its key, its files, or words about it."""
    return body.item if isinstance(body, Answer | Attach | Unlock | Use | ConsentAsk) else None


def redact(body: Body) -> Body:
    """Return ``body`` without what it carries of an item: the journal keeps that it was, not what it said."""
    match body:
        case Answer():
            return replace(body, text=None, locked=None)
        case Attach():
            return replace(body, chunks=[], sheet=None, locked=None)
        case Unlock():
            return replace(body, key=None)
        case Use() | ConsentAsk():
            return replace(body, text=None)
        case _:
            return body
