"""What an overseeing node knows of the logs it is told of, and what an overseen node has told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
from immutables import Map

from hamsaya.messages.oversight import Released, RowRole
from hamsaya.translog.frontier import EMPTY, Frontier

FlawCode = Literal["rewritten", "other-log"]


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class HeaderRow(_Record, frozen=True):
    """One leaf of a member's log, opened: the header of what it stands for, never what it says.

    Attributes:
        digest: SHA-256 of the signed statement. leaf: The hash of the leaf. root: Of the tree up to this leaf.
        facts: Coded words by name, as the member states them.
    """

    member: str
    index: int
    role: RowRole
    code: str
    at: int
    kind: str
    case: str | None
    instrument: str
    sender: str
    recipients: tuple[str, ...]
    issued_at: int
    expires_at: int
    message: bytes
    digest: bytes
    leaf: bytes
    root: bytes
    facts: tuple[tuple[str, str], ...]

    def fact(self, name: str) -> str | None:
        """Return one coded word, None where it was not stated."""
        return dict(self.facts).get(name)


class Flaw(_Record, frozen=True):
    """A report contradicts an earlier one or the checkpoint that goes with it; both are kept in the journal."""

    code: FlawCode
    index: int
    at: int


@dataclass(frozen=True, slots=True)
class Stream:
    """How far one member's log has been opened here.

    Attributes:
        edge: The tree of the leaves opened.
        proven: The largest size whose root the member's own checkpoint confirmed.
        last_at: When the last leaf opened was written, by the member's clock. told_at: When it was last reported.
        awaited: Reports of the member whose own leaves have not been opened yet.
    """

    edge: Frontier = EMPTY
    proven: int = 0
    last_at: int = 0
    told_at: int = 0
    awaited: frozenset[bytes] = frozenset()
    flaws: tuple[Flaw, ...] = ()


class ActRecord(_Record, frozen=True):
    """A legal act under which content is asked for, and the parts that came, by member."""

    act: str
    by: str
    case: str
    authority: str
    law: str
    items: tuple[str, ...]
    until: int
    officers: tuple[str, str]
    at: int
    to: tuple[str, ...]
    released: dict[str, tuple[tuple[int, int], ...]] = {}

    def done(self, member: str) -> bool:
        """Say whether all that ``member`` held has been released."""
        parts = self.released.get(member, ())
        return bool(parts) and {part for part, _ in parts} == set(range(1, parts[0][1] + 1))


class Compared(_Record, frozen=True):
    """What another overseer says it has seen pass between ``overseen`` and ``other``."""

    by: str
    overseen: str
    other: str
    since: int
    until: int
    sent: tuple[bytes, ...]
    received: tuple[bytes, ...]
    at: int


@dataclass(frozen=True, slots=True)
class OversightState:
    """Everything of oversight at one node. ``told`` is how far this node's own log was reported, by overseer.

    ``openings`` are the leaves by which each case was opened;
    ``notes`` are the first checkpoints that each member reported on a UTC day, for ``KEPT_DAYS`` days.
    """

    own: str = ""
    told: Map[str, int] = Map()
    streams: Map[str, Stream] = Map()
    rows: Map[tuple[str, int], HeaderRow] = Map()
    openings: Map[str, tuple[tuple[str, int], ...]] = Map()
    notes: Map[tuple[str, int], bytes] = Map()
    acts: Map[tuple[str, str], ActRecord] = Map()
    compared: Map[tuple[str, str, str, int], Compared] = Map()


EMPTY_OVERSIGHT = OversightState()
KEPT_DAYS = 40


class StreamView(_Record, frozen=True):
    """One member's log as it is overseen; ``witnessed`` is the largest tree of it that this node cosigned."""

    member: str
    opened: int
    proven: int
    witnessed: int | None
    told_at: int | None
    last_at: int | None
    findings: int


class HeaderView(_Record, frozen=True):
    """One header as people read it; ``obligations`` are what the charter's clauses asked of its sender."""

    member: str
    index: int
    at: int
    role: str
    code: str
    kind: str
    case: str | None
    sender: str
    recipients: list[str]
    issued_at: int
    message_id: str
    statement: str
    obligations: list[str]
    facts: dict[str, str]


class Finding(_Record, frozen=True):
    """Something that does not fit together, whose logs show it, and in words why."""

    code: str
    members: list[str]
    case: str | None
    message_id: str | None
    index: int | None
    at: int
    text: str


class Content(_Record, frozen=True):
    """One message whose content was released under a legal act, as JSON values."""

    member: str
    sender: str
    kind: str
    message_id: str
    body: dict[str, object]


class ActView(_Record, frozen=True):
    """A legal act, and which of those asked have released all they hold."""

    act: ActRecord
    waiting_for: list[str]
    over: bool


__all__ = ["ActRecord", "ActView", "Compared", "Content", "Finding", "Flaw", "HeaderRow", "HeaderView",
           "OversightState", "Released", "Stream", "StreamView"]
