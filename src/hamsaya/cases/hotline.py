"""The hotline: notices in minutes, who has read them, and by when.

Rules
1. notice        its reference begins with its sender and is used once; it goes to somebody
                                                               else ``not-yours``, ``already-exists``, ``no-recipient``
2. acknowledge   by who was told, once                                  else ``wrong-role``, ``already-acknowledged``
3. say           by the sender or who was told, to the same                   else ``wrong-role``, ``recipient-outside``
4. close         by the sender, once                                                   else ``wrong-role``, ``closed``
What refers to a notice that is not known here waits: ``predecessor-missing``.

A clock that runs out ends nothing: the view says so at both ends, and a late acknowledgement is shown as late. Nothing
here needs the joint cell: members' nodes speak to each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from immutables import Map
from msgspec.structs import replace

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import HOUR, MINUTE
from hamsaya.cases.types import HotlineView
from hamsaya.messages.event import Event
from hamsaya.messages.hotline import AcknowledgeNotice, CloseNotice, Notice, Pace, SayOnHotline

DUE: dict[Pace, int] = {"minutes": 5 * MINUTE, "quarter-hour": 15 * MINUTE, "hour": HOUR}
"""From the notice to its acknowledgement by a person, milliseconds."""


class Word(NamedTuple):
    """Something said about a notice; by its time and message id, so that all read it in one order."""

    at: int
    message: bytes
    member: str
    text: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One notice and what became of it."""

    notice: str
    sender: str
    body: Notice
    at: int
    told: tuple[str, ...]
    acknowledged: Map[str, int] = Map()
    words: frozenset[Word] = frozenset()
    closed_at: int | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class HotlineState:
    """Every notice that this node sent or was told."""

    notices: Map[str, Told] = Map()


EMPTY_HOTLINE = HotlineState()


def decide(state: HotlineState, event: Event) -> Decision:
    """Return whether ``event`` (of a ``hotline.*`` kind) is lawful by the rules above."""
    body = event.body
    assert isinstance(body, Notice | AcknowledgeNotice | SayOnHotline | CloseNotice)
    held = state.notices.get(body.notice)
    if isinstance(body, Notice):
        return _notice(event, body, held)
    if held is None:
        return refuse("predecessor-missing", "hotline:order", "the notice has not arrived here yet")
    if refused := _reply(event, held):
        return refused
    return permit(f"hotline:{event.kind}", "a party to the notice may do this")


def _notice(event: Event, body: Notice, held: Told | None) -> Decision:
    if body.notice.partition("/")[0] != event.sender:
        return refuse("not-yours", "hotline:1", "a notice's reference begins with its sender")
    if held is not None and (held.body, held.sender) != (body, event.sender):
        return refuse("already-exists", "hotline:1", "the reference names another notice already")
    if not event.recipients:
        return refuse("no-recipient", "hotline:1", "a notice goes to somebody")
    return permit("hotline:1", "any member may give notice")


def _reply(event: Event, held: Told) -> Decision | None:
    parties = {held.sender, *held.told}
    if outside := set(event.recipients) - parties:
        text = f"{', '.join(sorted(outside))} has no part in the notice"
        return refuse("recipient-outside", "hotline:3", text)
    match event.body:
        case AcknowledgeNotice() if event.sender not in held.told:
            return refuse("wrong-role", "hotline:2", "who was told acknowledges")
        case AcknowledgeNotice() if event.sender in held.acknowledged:
            return refuse("already-acknowledged", "hotline:2", "this member has acknowledged it before")
        case SayOnHotline() if event.sender not in parties:
            return refuse("wrong-role", "hotline:3", "the sender and who was told speak about it")
        case CloseNotice() if event.sender != held.sender:
            return refuse("wrong-role", "hotline:4", "the sender closes its notice")
        case CloseNotice() if held.closed_at is not None:
            return refuse("closed", "hotline:4", "the notice is closed already")
    return None


def apply(state: HotlineState, event: Event) -> HotlineState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; the order of arrival makes no difference."""
    body, at = event.body, event.issued_at
    match body:
        case Notice():
            fresh = Told(notice=body.notice, sender=event.sender, body=body, at=at, told=())
            held = state.notices.get(body.notice, fresh)
            told = tuple(sorted({*held.told, *event.recipients}))
            return _put(state, replace(held, at=min(at, held.at), told=told))
        case AcknowledgeNotice():
            held = state.notices[body.notice]
            return _put(state, replace(held, acknowledged=held.acknowledged.set(event.sender, at)))
        case SayOnHotline():
            held = state.notices[body.notice]
            return _put(state, replace(held, words=held.words | {Word(at, event.message_id, event.sender, body.text)}))
        case CloseNotice():
            return _put(state, replace(state.notices[body.notice], closed_at=at, outcome=body.outcome))
        case _:
            return state


def _put(state: HotlineState, told: Told) -> HotlineState:
    return HotlineState(state.notices.set(told.notice, told))


def snapshot(state: HotlineState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    return [
        [name, told.sender, msgspec.to_builtins(told.body), told.at, list(told.told), sorted(told.acknowledged.items()),
         [list(word) for word in sorted(told.words)], told.closed_at, told.outcome]
        for name, told in sorted(state.notices.items())
    ]


def notices(state: HotlineState, now: int) -> list[HotlineView]:
    """Return every notice, the open ones first and the latest before the earlier, as it stands at ``now``."""
    ordered = sorted(state.notices.values(), key=lambda told: (told.closed_at is not None, -told.at, told.notice))
    return [_view(told, now) for told in ordered]


def _view(told: Told, now: int) -> HotlineView:
    due = told.at + DUE[told.body.pace]
    waiting = [member for member in told.told if member not in told.acknowledged]
    return HotlineView(
        notice=told.notice, sender=told.sender, subject=told.body.subject, pace=told.body.pace,
        cells=list(told.body.cells), text=told.body.text, at=told.at, due=due, told=list(told.told),
        acknowledged=dict(sorted(told.acknowledged.items())),
        late=sorted({member for member, at in told.acknowledged.items() if at > due}
                    | (set(waiting) if now > due and told.closed_at is None else set())),
        waiting_for=waiting, closed_at=told.closed_at, outcome=told.outcome,
        words=[[word.at, word.member, word.text] for word in sorted(told.words)],
    )
