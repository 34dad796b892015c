"""The send pipeline: everything that leaves this node leaves through here.

 1  name      the kind is registered, the instrument is named or found in the charter; a vote gets its signed ballot, a
              question its date, a D2 or D3 answer its lock, a consent its term
 2  address   recipients are known; oneself is not among them
 3  permit    charter clauses, the persons who signed and the room's rules say yes, with reasons (the release rule is
              among them), and this node can stand by it (``house``); its case is not frozen here, and oversight was
              told of what came before: its report goes first
 4  keys      each recipient has published a KEM key for now
 5  seal      one content key, one wrap each, two signatures
 6  log       the leaf and journal row; the sender's own state is folded
 7  outbox    one row for each recipient, due now
 8  commit    checkpoint signed, transaction durable (``core.commit``, with the rest of the batch)
The caller then lets the dispatcher know; delivery, retries and receipts are in ``dispatch.py``.
A kill before 8 leaves nothing; after 8 the outbox row is delivered at the next start.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hamsaya.base.decision import Decision
from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.base.ids import message_id
from hamsaya.canon import digest
from hamsaya.cases import onward
from hamsaya.messages.acts import PersonAct, Signed, encode_content
from hamsaya.messages.cases import Answer, Open
from hamsaya.messages.charter import CastVote, Propose, ballot_bytes
from hamsaya.messages.envelope import CONTENT_KEY_BYTES, MAX_ENVELOPE_BYTES, Header, seal
from hamsaya.messages.event import Event
from hamsaya.messages.items import ConsentGiven
from hamsaya.messages.keys import STORE_AND_FORWARD
from hamsaya.messages.kinds import Body, encode_body, kind_of, parse_body
from hamsaya.messages.oversight import Report
from hamsaya.node import handlers, house, locked, redaction
from hamsaya.node.core import Node
from hamsaya.node.journal import make_row
from hamsaya.node.notice_dates import with_date
from hamsaya.ports.store import JournalRow, OutboxRow, Role
from hamsaya.translog.leaf import SALT_BYTES

REPORTED_FIRST = frozenset(("case", "match"))
"""Rooms whose messages leave only once oversight has been told of all that is older than a minute."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What persons or a rule of this node want to say; ``acts`` are the persons' signatures, in the seats' order."""

    body: Body
    recipients: tuple[str, ...] = ()
    instrument: str | None = None
    case: str | None = None
    lifetime_ms: int = STORE_AND_FORWARD
    acts: tuple[PersonAct, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is durable here and on its way."""

    message_id: bytes
    index: int
    kind: str
    recipients: tuple[str, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class SendJob:
    """``core.Job`` that sends one draft."""

    draft: Draft

    def run(self, node: Node) -> Sent:
        if kind_of(self.draft.body).partition(".")[0] in REPORTED_FIRST:
            _report(node)
        return _send(node, self.draft)

    def finish(self, node: Node, outcome: Sent, checkpoint: Any) -> Sent:
        return outcome

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Our own refusals are answered to the person who asked; only bytes of others are recorded."""


def _report(node: Node) -> None:
    """Send what oversight must have been told before anything more of a case leaves (``node.oversight.reporting``).

    Nothing that is asked of this pipeline can keep it from that. Where no report can be sealed now, for want of a key
    of the overseer, the log goes on growing and the report comes with a later turn: an absent overseer stops no case.
    """
    from hamsaya.node.oversight import reporting

    for report, told in reporting.late(node):
        with suppress(HamsayaError):
            _send(node, Draft(report, told))


def preview(node: Node, draft: Draft, *, prepared: bool = False) -> tuple[Event, Decision]:
    """Return what steps 1 to 3 make of ``draft`` now, without sending: may I send this, and why?

    Args:
        prepared: Persons who must sign it may still be missing.
    """
    draft = completed(node, draft)
    return _preview(node, draft, encode_body(draft.body), prepared)


def to_sign(node: Node, draft: Draft, body: bytes) -> Signed:
    """Return what persons sign for ``draft``, whose encoded body is ``body``; steps 1 and 2 without their checks."""
    kind = kind_of(draft.body)
    instrument = draft.instrument or node.agreement.instrument_for(kind)
    recipients = tuple(dict.fromkeys(member for member in draft.recipients if member != node.own))
    return Signed.over(body, node.agreement.federation, node.own, kind, instrument, draft.case, recipients)


def _preview(node: Node, draft: Draft, body: bytes, prepared: bool = False) -> tuple[Event, Decision]:
    node.step("send.1")
    signed = to_sign(node, draft, body)
    node.step("send.2")
    now = node.clock.now()
    event = Event(
        message_id=message_id(now, node.random.bytes(10)),
        kind=signed.kind,
        sender=node.own,
        recipients=signed.recipients,
        instrument=signed.instrument,
        case=draft.case,
        issued_at=now,
        expires_at=now + min(draft.lifetime_ms, STORE_AND_FORWARD),
        exercise=node.agreement.exercise,
        body=draft.body,
        acts=draft.acts,
        body_digest=signed.body_digest,
    )
    node.step("send.3")
    return event, handlers.decide(node.agreement, node.state, event, prepared=prepared)


def _send(node: Node, draft: Draft) -> Sent:
    draft = completed(node, draft)
    body = encode_body(draft.body)
    event, decision = _preview(node, draft, body)
    decision.require()
    house.require_own(node, draft.body)

    node.step("send.4")
    keys = {member: _kem_key(node, member, event.issued_at) for member in event.recipients}

    node.step("send.5")
    parse_body(event.kind, body)  # What we send passes the very parser that peers will judge it by.
    content = encode_content(body, event.acts)
    envelope = seal(
        content,
        kind=event.kind,
        message_id=event.message_id,
        sender=node.own,
        signing_key=node.ring.message,
        recipients=keys,
        instrument=event.instrument,
        case=event.case,
        issued_at=event.issued_at,
        expires_at=event.expires_at,
        charter_revision=node.agreement.revision,
        exercise=event.exercise,
        content_key=node.random.bytes(CONTENT_KEY_BYTES),
    )

    node.step("send.6")
    index = node.tree.size
    role: Role = "sent" if event.recipients else "note"
    append(node, role, envelope.header, envelope.statement, content, event)

    node.step("send.7")
    encoded = envelope.encode() if event.recipients else b""
    if len(encoded) > MAX_ENVELOPE_BYTES:
        raise OperatorError(f"the message would be {len(encoded)} bytes, peers accept {MAX_ENVELOPE_BYTES}; split it",
                            code="oversize")
    for member in event.recipients:
        row = OutboxRow(member, event.message_id, event.kind, node.clock.ticks(), 0, event.expires_at, "waiting", "")
        node.store.put_outbox(row, encoded)
    node.step("send.8")
    return Sent(event.message_id, index, event.kind, event.recipients, decision)


def completed(node: Node, draft: Draft) -> Draft:
    """Return a vote with its ballot signed, a question with its date, an answer locked, an opening with its day of
    notice, a consent with its term; any other draft as it is.

    What is there already stays: persons have signed the body with it.
    """
    match draft.body:
        case CastVote(ballot=[]) as vote:
            signed = ballot_bytes(node.agreement.federation, node.own, vote.proposal, vote.subject, vote.choice)
            return replace(draft, body=msgspec.structs.replace(vote, ballot=list(node.ring.message.sign(signed))))
        case Answer() as answer:
            return replace(draft, body=locked.lock_answer(node, draft.case or "", answer))
        case Open() as opening:
            return replace(draft, body=with_date(node, draft.case or "", opening))
        case ConsentGiven(granted=True, due=None) as given:
            annexes = node.agreement.annexes(node.state.charter)
            due = onward.term(node.state.cases, draft.case or "", given.consent, node.own, given.asker, annexes)
            return replace(draft, body=msgspec.structs.replace(given, due=due))
        case Propose(put_at=0) as question:
            return replace(draft, body=msgspec.structs.replace(question, put_at=node.clock.now()))
        case _:
            return draft


def _kem_key(node: Node, member: str, now: int) -> bytes:
    record = node.state.directory.peers.get(member)
    if record is None:
        raise OperatorError(f"no card of {member} has been admitted; run: hamsaya node peers add CARD", code="no-card")
    key = record.kem_at(now)
    if key is None:
        raise OperatorError(f"{member} has published no KEM key for now; its operator must run: "
                            "hamsaya node rotate-keys", code="no-kem-key")
    return key.public


def append(node: Node, role: Role, header: Header, statement: bytes, content: bytes, event: Event) -> JournalRow:
    """Record one admitted message of either direction; what it deletes here leaves the journal with it."""
    at, salt = node.clock.now(), node.random.bytes(SALT_BYTES)
    if role == "sent" and isinstance(event.body, Report):
        at, salt = event.issued_at, event.body.salt  # Who oversees this node makes this leaf from the report itself.
    row = make_row(
        index=node.tree.size, role=role, code="admitted", at=at, header=header, statement=statement, salt=salt,
        content=content, storage=node.ring.storage, nonce=node.random.bytes(12),
    )
    # A replay of the journal folds the very same.
    event = replace(event, digest=digest(statement), arrived_at=row.at if role == "received" else None)
    node.record(row, event)
    redaction.follow(node, row, event)
    return row
