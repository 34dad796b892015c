"""Cases, folded. What one message adds touches nothing that another sender's message adds.

What is said of an item is folded in ``item_fold``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from hamsaya.cases import freezing, item_fold, notices, talk, timing
from hamsaya.cases.course import after
from hamsaya.cases.types import Case, CasesState, Raised, Request
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
    Raise,
    Resume,
    Transfer,
    Withdraw,
)
from hamsaya.messages.event import Event
from hamsaya.messages.notices import NoticeDate, NoticeGiven, NoticePostpone
from hamsaya.messages.oversight import Freeze, Unfreeze
from hamsaya.messages.reminders import Escalate, Lapse, Late, Remind
from hamsaya.messages.talk import Clear, Read, Say


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; other kinds change nothing here."""
    ref, at = event.case or "", event.issued_at
    match event.body:
        case Open() as body:
            return notices.apply(_put(state, _opened(ref, event, body)), event)
        case Close(outcome=outcome):
            return _put(state, replace(state.cases[ref], status="closed", closed_at=at, outcome=outcome))
        case Ask() as body:
            return _put(state, freezing.with_spans(state, _asked(ref, event, body)))
        case Answer() as body:
            answered = state
            if body.supersedes is None:
                answered = _put(state, _moved(state, event, body.request))
            return item_fold.apply(answered, event)
        case (
            Acknowledge(request=request) | Admit(request=request) | Pause(request=request) | Resume(request=request)
            | Clarify(request=request) | Extend(request=request) | Decline(request=request)
            | Transfer(request=request) | Withdraw(request=request) | Overdue(request=request)
        ):
            return _put(state, _moved(state, event, request))
        case Freeze() | Unfreeze():
            return freezing.apply(state, event)
        case NoticeDate() | NoticeGiven() | NoticePostpone():
            return notices.apply(state, event)
        case Raise() as body:
            return dataclasses.replace(state, raises=state.raises.set(ref, _raised(ref, event, body)))
        case Say() | Read() | Clear():
            return talk.apply(state, event)
        case Remind() | Escalate() | Late() | Lapse():
            return timing.apply(state, event)
        case _:
            return item_fold.apply(state, event)


def _put(state: CasesState, record: Case | Request) -> CasesState:
    if isinstance(record, Case):
        return dataclasses.replace(state, cases=state.cases.set(record.case, record))
    return dataclasses.replace(state, requests=state.requests.set((record.case, record.request), record))


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


def snapshot(state: CasesState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    return {"cases": _plain(state.cases), "requests": _plain(state.requests), "items": _plain(state.items),
            "raises": _plain(state.raises), "grants": _plain(state.grants), "notices": _plain(state.notices),
            "words": _plain(state.words), "cleared": _plain(state.cleared),
            "reminded": [[list(key), msgspec.to_builtins(state.reminded[key])] for key in sorted(state.reminded)],
            "freezes": [[msgspec.to_builtins(each, builtin_types=(bytes,)) for each in state.freezes[case]]
                        for case in sorted(state.freezes)]}


def _plain(records: Mapping[Any, Any]) -> list[Any]:
    return [msgspec.to_builtins(records[key]) for key in sorted(records)]
