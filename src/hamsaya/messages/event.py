"""An admitted message as the cores see it: who said what to whom, when, under which instrument."""

from __future__ import annotations

from dataclasses import dataclass

from hamsaya.messages.acts import PersonAct
from hamsaya.messages.kinds import Body


@dataclass(frozen=True, slots=True)
class Event:
    """One message, parsed and authentic. Cores decide on it and fold it; nothing else changes their state.

    Attributes:
        message_id: 16 bytes, time-ordered, unique per sender.
        kind: The registered kind of ``body``.
        sender: The member that signed; the node's own slug for what it said itself.
        recipients: Every addressed member, in the header's order; empty for a note to oneself.
        instrument: The instrument under which it was sent, as the header names it.
        case: The case reference, or None outside cases.
        issued_at, expires_at: UTC milliseconds set by the sender; the cores' only clock is ``issued_at``, but for
            kinds whose date is believed for a time (``messages.timely``).
        exercise: Whether this is exercise traffic, which no real instrument admits.
        body: The typed body.
        acts: The signatures of the persons who stand behind it, first prepared, then released.
        body_digest: SHA-256 of the body's bytes as they were received, which the persons signed.
        digest: SHA-256 of the signed statement, by which others name it: a message id is its sender's choice. Empty
            while it is not signed.
        arrived_at: When it arrived here, as this node's journal has it; None for what this node said itself.
    """

    message_id: bytes
    kind: str
    sender: str
    recipients: tuple[str, ...]
    instrument: str
    case: str | None
    issued_at: int
    expires_at: int
    exercise: bool
    body: Body
    acts: tuple[PersonAct, ...] = ()
    body_digest: bytes = b""
    digest: bytes = b""
    arrived_at: int | None = None
