"""What a node knows of its cases, and how a person sees it.

An item's text is kept in the state only until the item is purged; afterwards the state keeps that it was, who
held it and what each holder attested, never what it said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import immutables

from hamsaya.cases.clocks import Escalated, State, Status
from hamsaya.cases.records import (
    Attached,
    AttachmentView,
    Deleted,
    Lateness,
    Record,
    Reminded,
    ReminderKey,
    Said,
    Spoken,
)
from hamsaya.messages.cases import (
    Act,
    CloseOutcome,
    DeclineCode,
    ExtensionReason,
    Extent,
    Locked,
    Parent,
    PauseReason,
    PurgeOutcome,
    Purpose,
    RevokeReason,
    Subject,
    Urgency,
)
from hamsaya.messages.caveats import Caveats, Grading, Word
from hamsaya.messages.items import UseOutcome
from hamsaya.messages.notices import NoticeWay, PostponeReason
from hamsaya.messages.oversight import FreezeReason, UnfreezeReason

CaseStatus = Literal["open", "closed"]
RequestStatus = Literal["asked", "acknowledged", "paused", "answered", "declined", "transferred", "withdrawn"]
End = Literal["answered", "declined", "transferred"]
ItemStatus = Literal["released", "superseded", "revoked"]
Step = Literal["acknowledge", "answer"]
Task = Literal[
    "acknowledge", "answer", "purge", "mark-overdue", "clarify", "ask-again", "accept", "consent", "give-notice",
    "feedback",
]
Key = tuple[str, str]
"""(case reference, request or item reference)"""
GrantKey = tuple[str, str, str, str]
"""(case reference, item reference, originator, the consent's reference)"""


class Case(Record, frozen=True):
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


class Raised(Record, frozen=True):
    """Two persons of ``by`` decided that the case of this reference may name up to ``limit``."""

    case: str
    by: str
    limit: int
    reason: str
    officers: tuple[str, str]
    at: int


class Admitted(Record, frozen=True):
    """The asked member took the question on, and says whether it holds the answer itself."""

    extent: Extent
    held_directly: bool
    at: int


class Paused(Record, frozen=True):
    """One pause: the asked member began it at ``started_at``; it ended when that member or the asker first said so."""

    pause: str
    reason: PauseReason
    text: str
    started_at: int
    resumed_at: int | None = None
    clarified_at: int | None = None
    clarification: str | None = None


class Extended(Record, frozen=True):
    """The asked member took its extension at ``at``; whether it was in time is the clock's to say."""

    reason: ExtensionReason
    text: str
    at: int


class Span(Record, frozen=True):
    """The time for which a request's case was frozen; no end while it is."""

    start: int
    end: int | None = None


class Frozen(Record, frozen=True):
    """One freeze of a case by a party that oversees, and its end; ``officer`` and ``ended_by`` are pseudonyms.

    ``told`` are those whom its beginning was sent to. ``heard_at`` and ``end_heard_at`` are when the two arrived here,
    where that was too late for their dates to count (``messages.timely``).
    """

    case: str
    freeze: str
    by: str
    reason: FreezeReason
    officer: str
    at: int
    ended_at: int | None = None
    end_reason: UnfreezeReason | None = None
    ended_by: str | None = None
    told: tuple[str, ...] = ()
    heard_at: int | None = None
    end_heard_at: int | None = None

    @property
    def span(self) -> Span:
        """The time for which it counts here: from its date to that of its end, or from when either was heard too late.
        """
        start = self.heard_at or self.at
        end = self.end_heard_at or self.ended_at
        return Span(start=start, end=None if end is None else max(start, end))


class Postponed(Record, frozen=True):
    """Two persons of the opener put a notice off at ``at``."""

    until: int
    reason: PostponeReason
    officers: tuple[str, str]
    at: int


class Notice(Record, frozen=True):
    """The notice that a case owes: its sealed date, the date once it is open, and what came of it."""

    case: str
    opener: str
    commitment: bytes
    sealed: bytes
    opened_at: int
    date: int | None = None
    postponed: tuple[Postponed, ...] = ()
    given_at: int | None = None
    way: NoticeWay | None = None
    given_by: str | None = None


class Request(Record, frozen=True):
    """One question from one member to one other, as what either has said of it; ``status`` follows from the rest.

    Attributes:
        continues: The request that another member handed over to ``asked``.
        ended_at, end: When and how the asked member ended it; ``declined`` and ``transferred_to`` go with their end.
        marks: The steps its asker recorded as overdue.
        frozen: When its case was frozen.
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
    frozen: tuple[Span, ...] = ()


class Attested(Record, frozen=True):
    """What one holder says became of a revoked item at its node, and under which law it keeps what it keeps."""

    holder: str
    outcome: PurgeOutcome
    at: int
    law: str | None


class Unlocked(Record, frozen=True):
    """The holder that was given the key of a locked item."""

    holder: str
    at: int


class Used(Record, frozen=True):
    """What a holder says came of an item."""

    holder: str
    at: int
    outcome: UseOutcome
    officer: str
    text: str | None


class Sought(Record, frozen=True):
    """A holder's question whether it may pass an item on; ``lapsed_at`` is when its node recorded that nothing had been
    decided in time."""

    consent: str
    asker: str
    to: tuple[str, ...]
    purpose: Purpose
    officer: str
    at: int
    text: str | None
    lapsed_at: int | None = None


class Held(Record, frozen=True):
    """A law obliges a holder to keep an item, from ``at`` on and until ``ended_at``; two officers said so."""

    holder: str
    law: str
    officers: tuple[str, str]
    at: int
    ended_at: int | None = None

    def stands(self, at: int) -> bool:
        """Return whether it held at ``at``, as far as is known here."""
        return self.at <= at and not (self.ended_at is not None and self.at <= self.ended_at <= at)


class Item(Record, frozen=True):
    """One released item; ``holders`` are the recipients of the answer, observers among them.

    ``text`` or ``locked`` with its ``key`` is what it says; all three are None once it is deleted at this node.
    ``message`` is the id of the answer that brought it. Lists are sorted, without repetition.
    """

    case: str
    item: str
    status: ItemStatus
    request: str
    originator: str
    text: str | None
    locked: Locked | None
    caveats: Caveats
    grading: Grading
    derived_from: tuple[Parent, ...]
    supersedes: str | None
    prepared_by: str
    released_by: str
    released_at: int
    holders: tuple[str, ...]
    message: bytes
    key: bytes | None = None
    superseded_by: str | None = None
    revoked_at: int | None = None
    reason: RevokeReason | Literal["origin-recalled"] | None = None
    attested: tuple[Attested, ...] = ()
    seen: tuple[Said, ...] = ()
    accepted: tuple[Said, ...] = ()
    unlocked: tuple[Unlocked, ...] = ()
    uses: tuple[Used, ...] = ()
    sought: tuple[Sought, ...] = ()
    holds: tuple[Held, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    attachments: tuple[Attached, ...] = ()
    late: tuple[Lateness, ...] = ()


class Decided(Record, frozen=True):
    """One word of an originator on a consent: until when, under which caveats, or that it is refused or withdrawn."""

    at: int
    granted: bool
    until: int
    caveats: Caveats
    officer: str


class Grant(Record, frozen=True):
    """Whether ``asker`` may pass an item on to these, as its originator has said; the last word before an act counts.

    From ``ended_at`` on, when the item was recalled, nothing may be passed on any more, whatever is said.

    It is known also where the item itself is not: at those to whom it may be passed on.
    """

    case: str
    item: str
    originator: str
    consent: str
    asker: str
    to: tuple[str, ...]
    decided: tuple[Decided, ...]
    ended_at: int | None = None


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
    grants: immutables.Map[GrantKey, Grant] = immutables.Map()
    freezes: immutables.Map[str, tuple[Frozen, ...]] = immutables.Map()
    notices: immutables.Map[str, Notice] = immutables.Map()
    words: immutables.Map[bytes, Spoken] = immutables.Map()
    cleared: immutables.Map[str, tuple[Deleted, ...]] = immutables.Map()
    reminded: immutables.Map[ReminderKey, Reminded] = immutables.Map()


EMPTY_CASES = CasesState()


class RequestView(Record, frozen=True):
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


class ItemView(Record, frozen=True):
    """An item, when its purge is due if it was recalled, the holders that have not attested then, and what it allows.

    Attributes:
        recalled_at: When it, or an item it was made of, was revoked.
        keep_until: When it is deleted everywhere.
        words: The caveats as far as the five words say them. beyond: The axes on which they say too little.
        products: What is known here to be made of it, as (case, item).
        withheld: Why its text is not shown here; "" where it is.
        attachments: Its files; ``item`` itself carries none in a view.
    """

    item: Item
    purge_due: int | None
    outstanding: list[str]
    recalled_at: int | None
    keep_until: int
    words: list[Word]
    beyond: list[str]
    tlp: str
    products: list[Key]
    withheld: str = ""
    attachments: tuple[AttachmentView, ...] = ()


class NoticeView(Record, frozen=True):
    """A notice, by when it is to be given as far as that is known here, and whether that is long past."""

    notice: Notice
    state: Literal["sealed", "waiting", "due", "given"]
    due: int | None
    late: bool


class CaseView(Record, frozen=True):
    """One case with its requests and items, each in the order of their making.

    ``frozen`` are the freezes that stand; ``notice`` is what the case owes those it names.
    """

    case: Case
    requests: list[RequestView]
    items: list[ItemView]
    frozen: list[Frozen] = []
    notice: NoticeView | None = None


class OverdueView(Record, frozen=True):
    """A clock that has run out on a step that has not been done."""

    case: str
    request: str
    step: Step
    due: int
    asker: str
    asked: str
    marked: bool


class TaskView(Record, frozen=True):
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


class HotlineView(Record, frozen=True):
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
