"""Records that states and views of the cases core are made of and that know nothing of either: what was said, when."""

from __future__ import annotations

import msgspec

from hamsaya.messages.attachments import Sheet
from hamsaya.messages.cases import Urgency
from hamsaya.messages.caveats import Caveats

ReminderKey = tuple[str, str, str, int, str, str, str]
"""(case reference, what it is about, step, which time, who waits, who owes it, level)"""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class Said(Record, frozen=True):
    """What one holder's officer did with an item, once: opened it, or accepted its caveats."""

    holder: str
    officer: str
    at: int


class Deleted(Record, frozen=True):
    """A member deleted its copy of an item because its time was over."""

    holder: str
    at: int


class Attached(Record, frozen=True):
    """A file that belongs to an item: the digests of its sealed chunks, and its sheet, in clear or locked.

    The three are empty once the item is deleted at this node. ``message`` is the id of the message that brought it.
    """

    attachment: str
    at: int
    chunks: tuple[bytes, ...]
    sealed_bytes: int
    sheet: Sheet | None
    locked: bytes | None
    officers: tuple[str, str]
    message: bytes


class Spoken(Record, frozen=True):
    """One thing said in a case's conversation; the ``digest`` of its statement names it.

    ``depth`` is 0 where it rests on nothing, else one more than the deepest of what it names as ``seen``. ``text`` is
    None once it is deleted here. ``read`` holds one person of each member.
    """

    digest: bytes
    message: bytes
    case: str
    sender: str
    officer: str
    at: int
    text: str | None
    seen: tuple[bytes, ...]
    caveats: Caveats
    told: tuple[str, ...]
    depth: int
    read: tuple[Said, ...] = ()


class Lateness(Record, frozen=True):
    """The originator recorded that a holder had not done a step by ``due``, the nth time."""

    holder: str
    step: str
    nth: int
    due: int
    at: int


class Reminded(Record, frozen=True):
    """A reminder or an escalation that was sent: for what was due when, said at ``at``."""

    due: int
    at: int
    urgency: Urgency | None


class AttachmentView(Record, frozen=True):
    """A file of an item as a desk may see it: what it is where that may be known, and how much of it is here.

    ``held`` of ``chunks`` sealed chunks are on this node's disk. ``withheld`` says why the sheet is not shown.
    """

    attachment: str
    at: int
    file: str | None
    type: str | None
    size: int | None
    digest: bytes | None
    chunks: int
    held: int
    sealed_bytes: int
    withheld: str
