"""What a node knows of its cases, and how a person sees it.

An item's text is kept in the state only until the item is purged; afterwards the state keeps that it was, who
held it and what each holder attested, never what it said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import immutables
import msgspec

from hamsaya.cases.clocks import Escalated, State, Status
from hamsaya.messages.cases import (
    Act,
    Caveat,
    CloseOutcome,
    DeclineCode,
    ExtensionReason,
    Extent,
    PauseReason,
    PurgeOutcome,
    Purpose,
    RevokeReason,
    Subject,
    Urgency,
)

CaseStatus = Literal["open", "closed"]
RequestStatus = Literal["asked", "acknowledged", "paused", "answered", "declined", "transferred", "withdrawn"]
End = Literal["answered", "declined", "transferred"]
ItemStatus = Literal["released", "revoked"]
Step = Literal["acknowledge", "answer"]
Task = Literal["acknowledge", "answer", "purge", "mark-overdue", "clarify", "ask-again"]
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
    legal_basis: str
    opener: str
    desk: str
    officer: str
    participants: tuple[str, ...]
    subjects: tuple[Subject, ...]
    opened_at: int
    retain_until: int
    closed_at: int | None = None
    outcome: CloseOutcome | None = None


class Raised(_Record, frozen=True):
    """Two persons of ``by`` decided that the case of this reference may name up to ``limit``."""

    case: str
    by: str
    limit: int
    reason: str
    officers: tuple[str, str]
    at: int


class Admitted(_Record, frozen=True):
    """The asked member took the question on, and says whether it holds the answer itself."""

    extent: Extent
    held_directly: bool
    at: int


class Paused(_Record, frozen=True):
    """One pause: the asked member began it at ``started_at``; it ended when that member or the asker first said so."""

    pause: str
    reason: PauseReason
    text: str
    started_at: int
    resumed_at: int | None = None
    clarified_at: int | None = None
    clarification: str | None = None


class Extended(_Record, frozen=True):
    """The asked member took its extension at ``at``; whether it was in time is the clock's to say."""

    reason: ExtensionReason
    text: str
    at: int


class Request(_Record, frozen=True):
    """One question from one member to one other, as what either has said of it; ``status`` follows from the rest.

    Attributes:
        continues: The request that another member handed over to ``asked``.
        ended_at, end: When and how the asked member ended it; ``declined`` and ``transferred_to`` go with their end.
        marks: The steps its asker recorded as overdue.
    """

    case: str
    request: str
    status: RequestStatus
    asker: str
    asked: str
    question: str
    urgency: Urgency
    legal_basis: str
    desk: str
    officer: str
    asked_at: int
    continues: str | None = None
    acknowledged_at: int | None = None
    admitted: Admitted | None = None
    pauses: tuple[Paused, ...] = ()
    extended: Extended | None = None
    ended_at: int | None = None
    end: End | None = None
    declined: DeclineCode | None = None
    transferred_to: str | None = None
    withdrawn_at: int | None = None
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
    raises: immutables.Map[str, Raised] = immutables.Map()


EMPTY_CASES = CasesState()


class RequestView(_Record, frozen=True):
    """A request with its clocks. A step is late once done after its due instant, or due and not done.

    ``state`` is that of the step to be done next, ``met`` once there is none. ``acknowledged_at`` and ``ended_at``
    are when the two steps were done, be it by another act than is meant for it or by a withdrawal. A due instant is
    None while an open pause keeps it from being known.
    """

    request: Request
    state: State
    acknowledge_due: int | None
    answer_due: int | None
    acknowledged_at: int | None
    ended_at: int | None
    acknowledge: Status
    answer: Status
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
    """Something one member has still to do: ``reference`` is a request, or an item to purge.

    ``due`` is None while a pause keeps it from being known, or where nothing is due. Reminders fall and desks above are
    told at the instants named, as long as it is not done.
    """

    task: Task
    case: str
    reference: str
    due: int | None
    late: bool
    state: State = "running"
    reminders: tuple[int, ...] = ()
    escalations: tuple[Escalated, ...] = ()


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
