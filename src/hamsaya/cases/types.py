"""What a node knows of its cases, and how a person sees it.

An item's text is kept in the state only until the item is purged; afterwards the state keeps that it was, who
held it and what each holder attested, never what it said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import immutables
import msgspec

from hamsaya.messages.cases import (
    Act,
    Caveat,
    CloseOutcome,
    DeclineCode,
    PurgeOutcome,
    Purpose,
    RevokeReason,
    Subject,
    Urgency,
)

CaseStatus = Literal["open", "closed"]
RequestStatus = Literal["asked", "acknowledged", "answered", "declined"]
ItemStatus = Literal["released", "revoked"]
Step = Literal["acknowledge", "answer"]
Task = Literal["acknowledge", "answer", "purge", "mark-overdue"]
Key = tuple[str, str]
"""(case reference, request or item reference)"""


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class Case(_Record, frozen=True):
    """One case; what it holds may be kept until ``retain_until``."""

    case: str
    status: CaseStatus
    title: str
    purpose: Purpose
    act: Act
    opener: str
    participants: tuple[str, ...]
    subjects: tuple[Subject, ...]
    opened_at: int
    retain_until: int
    closed_at: int | None = None
    outcome: CloseOutcome | None = None


class Request(_Record, frozen=True):
    """One question from one member to one other. ``marks`` are the steps its asker recorded as overdue."""

    case: str
    request: str
    status: RequestStatus
    asker: str
    asked: str
    question: str
    urgency: Urgency
    asked_at: int
    acknowledged_at: int | None = None
    ended_at: int | None = None
    declined: DeclineCode | None = None
    marks: tuple[Step, ...] = ()


class Attested(_Record, frozen=True):
    """What one holder says became of a revoked item at its node."""

    holder: str
    outcome: PurgeOutcome
    at: int


class Item(_Record, frozen=True):
    """One released item; ``holders`` are the recipients of the answer, observers among them."""

    case: str
    item: str
    status: ItemStatus
    request: str
    originator: str
    text: str | None
    caveats: tuple[Caveat, ...]
    prepared_by: str
    released_by: str
    released_at: int
    holders: tuple[str, ...]
    revoked_at: int | None = None
    reason: RevokeReason | None = None
    attested: tuple[Attested, ...] = ()


@dataclass(frozen=True, slots=True)
class CasesState:
    """Everything a node knows of its cases.

    ``own`` is the member whose node this is: its own attestation removes an item's text here. Without it the
    first attestation that any holder has purged removes the text.
    """

    cases: immutables.Map[str, Case] = immutables.Map()
    requests: immutables.Map[Key, Request] = immutables.Map()
    items: immutables.Map[Key, Item] = immutables.Map()
    own: str | None = None


EMPTY_CASES = CasesState()


class RequestView(_Record, frozen=True):
    """A request with its clocks. A step is late once done after its due instant, or due and not done."""

    request: Request
    acknowledge_due: int
    answer_due: int
    late: list[Step]


class ItemView(_Record, frozen=True):
    """An item, when its purge is due if it was revoked, and the holders that have not attested then."""

    item: Item
    purge_due: int | None
    outstanding: list[str]


class CaseView(_Record, frozen=True):
    """One case with its requests and items, each in the order of their making."""

    case: Case
    requests: list[RequestView]
    items: list[ItemView]


class OverdueView(_Record, frozen=True):
    """A clock that has run out on a step that has not been done."""

    case: str
    request: str
    step: Step
    due: int
    asker: str
    asked: str
    marked: bool


class TaskView(_Record, frozen=True):
    """Something one member has still to do: ``reference`` is a request, or an item to purge."""

    task: Task
    case: str
    reference: str
    due: int
    late: bool


class HotlineView(_Record, frozen=True):
    """One notice: who was told, who has read it, who is late; ``words`` are [instant, member, text]."""

    notice: str
    sender: str
    subject: str
    pace: str
    cells: list[int]
    text: str
    at: int
    due: int
    told: list[str]
    acknowledged: dict[str, int]
    waiting_for: list[str]
    late: list[str]
    words: list[list[int | str]]
    closed_at: int | None
    outcome: str | None
