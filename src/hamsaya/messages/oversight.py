"""Bodies between a member's node and the party that oversees it, and between two that oversee.

A report opens a span of the member's log: every leaf in it, whatever it is about, as the signed statement (the header
and digests of the rest) with its salt. No body, no content key. Coded facts go with it for the statistics; they are
words of closed lists, references and counts.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.kinds import Body, Hash, Instant, Line, Member, Ref, kind

MAX_ROWS = 256
MAX_COMPARED = 4096
MAX_RELEASED = 256
MAX_RELEASED_BYTES = 600_000

RowRole = Literal["sent", "received", "note", "refused"]
FactName = Literal[
    "act", "named", "people", "request", "asked", "urgency", "item", "correction", "code", "step", "limit",
    "inputs", "outcome", "notice", "notice-on", "notice-salt",
]
FreezeReason = Literal["eligibility", "purpose", "rights-risk", "rules-breached", "court-order", "complaint"]
UnfreezeReason = Literal["cleared", "remedied", "court-order", "error"]
Index = Annotated[int, msgspec.Meta(ge=0, lt=2**48)]


class Fact(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One coded word about a message that its header does not say."""

    name: FactName
    value: Ref


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One leaf, opened: what became of which statement, when, and the salt that makes the leaf of it."""

    role: RowRole
    code: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
    at: Instant
    statement: Annotated[bytes, msgspec.Meta(min_length=1, max_length=8192)]
    salt: Hash
    facts: Annotated[list[Fact], msgspec.Meta(max_length=16)]


@kind("oversight.report")
class Report(Body, frozen=True):
    """The leaves of the sender's log from ``first`` on, none left out.

    ``checkpoint`` is the log's signed note over exactly the leaves up to the last of these, where there is one.
    ``salt`` is that of the report's own leaf, which no report before the next can open.
    """

    first: Index
    rows: Annotated[list[Row], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    checkpoint: Annotated[bytes, msgspec.Meta(min_length=1, max_length=16_384)] | None
    salt: Hash


@kind("oversight.compare")
class Compare(Body, frozen=True):
    """What the sender has seen pass between ``overseen``, which reports to it, and ``other``, issued in a period.

    ``sent`` and ``received`` are digests of statements, from the point of view of ``overseen``; sorted.
    """

    overseen: Member
    other: Member
    since: Instant
    until: Instant
    sent: Annotated[list[Hash], msgspec.Meta(max_length=MAX_COMPARED)]
    received: Annotated[list[Hash], msgspec.Meta(max_length=MAX_COMPARED)]


@kind("oversight.freeze")
class Freeze(Body, frozen=True):
    """Stop a case: nothing is asked, given, unlocked or probed in it until the end of the freeze of this reference."""

    freeze: Ref
    reason: FreezeReason
    officer: Ref


@kind("oversight.unfreeze")
class Unfreeze(Body, frozen=True):
    """End a freeze of the sender's own."""

    freeze: Ref
    reason: UnfreezeReason
    officer: Ref


@kind("oversight.legal-act")
class LegalAct(Body, frozen=True):
    """Ask for the content of a case, or of some items in it, under an act of an authority.

    Args:
        act: The sender's own reference of this demand.
        authority, law: Who ordered it, and the order by its reference.
        items: What of the case; all of it where none is named.
        until: Nothing is released under it from then on.
        officer, second_officer: Two persons of the sender who answer for it.
    """

    act: Ref
    authority: Line
    law: Line
    items: Annotated[list[Ref], msgspec.Meta(max_length=64)]
    until: Instant
    officer: Ref
    second_officer: Ref


class Released(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One message of the case as the releasing node holds it: ``body`` is the CBOR of its body."""

    message: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    sender: Member
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.[a-z-]{1,32}\Z")]
    body: Annotated[bytes, msgspec.Meta(max_length=MAX_RELEASED_BYTES)]


@kind("oversight.release")
class Release(Body, frozen=True):
    """Part ``part`` of ``parts`` of what a member's node holds under a legal act, for the party that made the act."""

    act: Ref
    part: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    parts: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    contents: Annotated[list[Released], msgspec.Meta(max_length=MAX_RELEASED)]
