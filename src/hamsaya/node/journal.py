"""A journal row: what the log's leaf commits to, and the body as it is kept at rest.

    record = "hamsaya/v1/record" 0x00 CBOR[ role, code, at, statement ]
    entry  = leaf_entry(salt, record)

The record binds the verdict and its time to the statement, so a receipt proves not only that a message arrived but
what became of it. Contents (the body with the signatures of its persons) lie under the node's storage key; a redacted
one is the same message without its text, with the same signatures.
"""

from __future__ import annotations

from dataclasses import replace

from hamsaya.canon import digest, tagged
from hamsaya.crypto.sealing import lock, unlock
from hamsaya.messages.acts import PersonAct, parse_content
from hamsaya.messages.envelope import Header
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, parse_body
from hamsaya.ports.store import JournalRow, Role
from hamsaya.translog.leaf import leaf_entry

DOMAIN = "hamsaya/v1/record"


def record_entry(role: str, code: str, at: int, statement: bytes, salt: bytes) -> bytes:
    """Return the 32-byte log entry that commits to one verdict on one statement."""
    return leaf_entry(salt, tagged(DOMAIN, [role, code, at, statement]))


def event_of(header: Header, body: Body, acts: tuple[PersonAct, ...] = (), body_digest: bytes = b"") -> Event:
    """Return the event that ``header``, its parsed ``body`` and the persons' signatures make."""
    return Event(
        message_id=header.mid,
        kind=header.typ,
        sender=header.snd,
        recipients=tuple(recipient.member for recipient in header.rcp),
        instrument=header.ins,
        case=header.case,
        issued_at=header.iat,
        expires_at=header.exp,
        exercise=header.exr,
        body=body,
        acts=acts,
        body_digest=body_digest,
    )


def open_content(header: Header, content: bytes) -> Event:
    """Return the event of ``header`` and the content sealed under it; raises PeerError where it does not fit."""
    body, acts = parse_content(content)
    return event_of(header, parse_body(header.typ, body), acts, digest(body))


def make_row(
    *, index: int, role: Role, code: str, at: int, header: Header, statement: bytes, salt: bytes,
    content: bytes | None, storage: bytes, nonce: bytes,
) -> JournalRow:
    """Return the row for one statement; ``content`` is locked under ``storage`` with ``nonce``."""
    locked = None if content is None else lock(storage, nonce, content, header.mid)
    entry = record_entry(role, code, at, statement, salt)
    return JournalRow(index, role, code, at, header.snd, header.mid, header.typ, statement, salt, entry, locked)


def read_event(row: JournalRow, storage: bytes) -> Event | None:
    """Return the event of an admitted row, or None for a refusal, which has no effect."""
    if row.role == "refused" or row.body is None:
        return None
    header = row.header
    event = open_content(header, unlock(storage, row.body, header.mid))
    return replace(event, digest=digest(row.statement), arrived_at=row.at if row.role == "received" else None)
