"""Cases, folded. What one message adds touches nothing that another sender's message adds.

A purge takes the item's text out of the state; ``purged_items`` and ``redact`` let the node take it out of
its journal too. The state keeps no digest of a text, so a journal so redacted folds to the very same state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as replace_state
from typing import Any

import msgspec
from msgspec.structs import replace

from hamsaya.cases.course import after
from hamsaya.cases.types import Attested, Case, CasesState, Item, Raised, Request
from hamsaya.messages.cases import (
    Acknowledge,
    Admit,
    Answer,
    Ask,
    Clarify,
    Close,
    Decline,
    Extend,
    Open,
    Overdue,
    Pause,
    Purge,
    Raise,
    Resume,
    Revoke,
    Transfer,
    Withdraw,
)
from hamsaya.messages.event import Event


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; other kinds change nothing here."""
    ref, at = event.case or "", event.issued_at
    match event.body:
        case Open() as body:
            return _put(state, _opened(ref, event, body))
        case Close(outcome=outcome):
            return _put(state, replace(state.cases[ref], status="closed", closed_at=at, outcome=outcome))
        case Ask() as body:
            return _put(state, _asked(ref, event, body))
        case Answer() as body:
            return _put(_put(state, _moved(state, event, body.request)), _released(ref, event, body))
        case (
            Acknowledge(request=request) | Admit(request=request) | Pause(request=request) | Resume(request=request)
            | Clarify(request=request) | Extend(request=request) | Decline(request=request)
            | Transfer(request=request) | Withdraw(request=request) | Overdue(request=request)
        ):
            return _put(state, _moved(state, event, request))
        case Raise() as body:
            return replace_state(state, raises=state.raises.set(ref, _raised(ref, event, body)))
        case Revoke() as body:
            item = state.items[ref, body.item]
            return _put(state, replace(item, status="revoked", revoked_at=at, reason=body.reason))
        case Purge() as body:
            return _put(state, _attested(state, event, body, state.items[ref, body.item]))
        case _:
            return state


def _put(state: CasesState, record: Case | Request | Item) -> CasesState:
    cases, requests, items = state.cases, state.requests, state.items
    match record:
        case Case():
            cases = cases.set(record.case, record)
        case Request():
            requests = requests.set((record.case, record.request), record)
        case Item():
            items = items.set((record.case, record.item), record)
    return replace_state(state, cases=cases, requests=requests, items=items)


def _moved(state: CasesState, event: Event, ref: str) -> Request:
    return after(state.requests[event.case or "", ref], event)


def _raised(ref: str, event: Event, body: Raise) -> Raised:
    return Raised(case=ref, by=event.sender, limit=body.limit, reason=body.reason,
                  officers=(body.officer, body.second_officer), at=event.issued_at)


def _opened(ref: str, event: Event, body: Open) -> Case:
    return Case(
        case=ref,
        status="open",
        title=body.title,
        purpose=body.purpose,
        act=body.act,
        legal_basis=body.legal_basis,
        opener=event.sender,
        desk=body.desk,
        officer=body.officer,
        participants=tuple(body.participants),
        subjects=tuple(body.subjects),
        opened_at=event.issued_at,
        retain_until=body.retain_until,
    )


def _asked(ref: str, event: Event, body: Ask) -> Request:
    return Request(
        case=ref,
        request=body.request,
        status="asked",
        asker=event.sender,
        asked=body.to,
        question=body.question,
        urgency=body.urgency,
        legal_basis=body.legal_basis,
        desk=body.desk,
        officer=body.officer,
        asked_at=event.issued_at,
        continues=body.continues,
    )


def _released(ref: str, event: Event, body: Answer) -> Item:
    return Item(
        case=ref,
        item=body.item,
        status="released",
        request=body.request,
        originator=event.sender,
        text=body.text,
        caveats=tuple(body.caveats),
        prepared_by=body.prepared_by,
        released_by=body.released_by,
        released_at=event.issued_at,
        holders=tuple(sorted(set(event.recipients) - {event.sender})),
    )


def _attested(state: CasesState, event: Event, body: Purge, item: Item) -> Item:
    """Return ``item`` with the sender's attestation; of several by one holder the latest stands, in any order."""
    mine = Attested(holder=event.sender, outcome=body.outcome, at=event.issued_at)
    latest = {each.holder: each for each in item.attested}
    known = latest.setdefault(event.sender, mine)
    latest[event.sender] = max(known, mine, key=lambda each: (each.at, each.outcome))
    gone = body.outcome == "purged" and state.own in (None, event.sender)
    attested = tuple(latest[holder] for holder in sorted(latest))
    return replace(item, attested=attested, text=None if gone else item.text)


def purged_items(event: Event) -> str | None:
    """Return the item of ``event.case`` that ``event.sender`` attests to have purged, else None.

    When the sender is this node's own member, the node redacts the answer that carried the item in its
    journal, in the same transaction. What a holder retains under law or in a court file is not redacted.
    """
    body = event.body
    return body.item if isinstance(body, Purge) and body.outcome == "purged" else None


def redact(answer: Answer) -> Answer:
    """Return ``answer`` without its text: the journal keeps that it was, not what it said."""
    return replace(answer, text=None)


def snapshot(state: CasesState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    return {"cases": _plain(state.cases), "requests": _plain(state.requests), "items": _plain(state.items),
            "raises": _plain(state.raises)}


def _plain(records: Mapping[Any, Any]) -> list[Any]:
    return [msgspec.to_builtins(records[key]) for key in sorted(records)]
