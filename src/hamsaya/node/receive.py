"""The receive pipeline: everything that enters this node enters through here.

 1  form      at most 1 MiB, deterministic CBOR, the envelope's shape
 2  duplicate bytes seen before are answered with the stored receipt, byte for byte, and change nothing
 3  time      not expired, not issued in the future, not living longer than the store-and-forward time
 4  sender    a card is admitted here, and the signing key was valid at the issue time
 5  signature Ed25519 and ML-DSA-44 over the statement, both
 6  address   this node is a recipient, and the message id is not another message's
    From here on a named party is held to what it signed: a refusal is a leaf too, and its receipt says why.
 7  charter   the kind is known; the revision is the one in effect at the issue time, except for the charter's messages,
              by which nodes come to the same revision; what names one that is not known here yet waits at its sender
 8  open      the wrap opens, the content key matches its commitment, body and signatures of persons fit their forms
 9  permit    charter clauses, the persons who signed and the room's rules say yes, which believe some kinds' dates for
              a day only (``messages.timely``); a message whose predecessor, whose
              persons' enrolment or whose instrument's signatures are missing here, or whose case is frozen, waits at
              its sender
10  log       the leaf and journal row; the state is folded
11  receipt   inclusion proof to the batch's checkpoint, kept for duplicates
12  commit    transaction durable (``core.commit``, with the rest of the batch)
A kill before 12 leaves nothing and the sender resends; after 12 a resend finds its receipt at step 2.
Refusals of steps 1 to 6 change nothing and are recorded by digest; PeerError goes back to whoever delivered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from hamsaya.base.errors import HamsayaError, PeerError, RetryLater
from hamsaya.base.instants import MINUTE
from hamsaya.canon import digest, encode
from hamsaya.messages.envelope import Envelope, Header, parse
from hamsaya.messages.event import Event
from hamsaya.messages.keys import STORE_AND_FORWARD
from hamsaya.messages.kinds import schema
from hamsaya.node import handlers
from hamsaya.node.core import Node
from hamsaya.node.journal import make_row, open_content
from hamsaya.node.send import append
from hamsaya.ports.store import SeenRow
from hamsaya.translog.leaf import SALT_BYTES
from hamsaya.translog.proof import Proof

CLOCK_SKEW = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Admission:
    """A leaf for what arrived, admitted or refused; ``finish`` turns it into a receipt."""

    index: int
    code: str
    at: int
    salt: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Received:
    """What goes back to the sender: the receipt, whether it was stored before, and the verdict's code."""

    receipt: bytes
    duplicate: bool
    code: str


@dataclass(frozen=True, slots=True)
class ReceiveJob:
    """``core.Job`` that receives one envelope's bytes. Steps 1 to 9 write nothing, and only they refuse."""

    unverified_bytes: bytes
    writes_last: ClassVar[bool] = True

    def run(self, node: Node) -> Admission | Received:
        return _receive(node, self.unverified_bytes)

    def finish(self, node: Node, outcome: Admission | Received, checkpoint: tuple[int, bytes] | None) -> Received:
        if isinstance(outcome, Received):
            return outcome
        assert checkpoint is not None, "an admission grows the tree, so the batch has a checkpoint"
        return _give_receipt(node, outcome, checkpoint)

    def refused(self, node: Node, error: HamsayaError) -> None:
        node.record_refusal(error, self.unverified_bytes)


def _receive(node: Node, unverified_bytes: bytes) -> Admission | Received:
    node.step("receive.1")
    envelope = parse(unverified_bytes)
    header = envelope.header
    key = (header.snd, header.mid)

    node.step("receive.2")
    logged = node.store.find_journal(header.mid)
    seen = node.store.seen(*key) if logged else None
    if seen is not None and seen.digest == envelope.digest:
        return _stored_receipt(node, seen)
    earlier: Admission | None = node.pending.get(key)
    if earlier is not None and earlier.envelope.digest == envelope.digest:
        return earlier

    node.step("receive.3")
    _check_times(node, envelope)

    node.step("receive.4")
    message_key = node.state.directory.message_key(header.snd, header.sid, header.iat)

    node.step("receive.5")
    envelope.verify(message_key)

    node.step("receive.6")
    if header.snd == node.own or node.own not in (recipient.member for recipient in header.rcp):
        raise PeerError("this envelope is not addressed to this node", code="not-for-us")
    # The log outlives the duplicate rows: nothing happens twice, even after a clock that ran ahead and pruned them.
    if earlier is not None or any(row.sender == header.snd for row in logged):
        raise PeerError("the sender has used this message id before", code="message-id-reused")

    admission = _judge(node, envelope)
    node.pending[key] = admission
    return admission


def _check_times(node: Node, envelope: Envelope) -> None:
    header, now = envelope.header, node.clock.now()
    if header.exp <= now:
        raise PeerError("the envelope has expired; its sender issues a new message", code="expired")
    if header.iat > now + CLOCK_SKEW:
        raise RetryLater("the envelope is issued in the future; compare both nodes' clocks", code="not-yet-valid")
    if header.exp - header.iat > STORE_AND_FORWARD:
        raise PeerError("expected a lifetime of at most 30 days", code="lifetime")


def _judge(node: Node, envelope: Envelope) -> Admission:
    """Admit the message, or log its refusal: either way the sender is held to what it signed."""
    index = node.tree.size
    try:
        content, event = _open(node, envelope)
        node.step("receive.9")
        event = replace(event, arrived_at=node.clock.now(), digest=digest(envelope.statement))
        decision = handlers.decide(node.agreement, node.state, event, event.arrived_at)
        if _awaits_others(node, event, decision.code) or (not decision.allowed and _ahead(node, envelope.header)):
            raise RetryLater("the message rests on one that has not arrived yet; send it again later",
                             code=decision.code)
        if not decision.allowed:
            return _log_refusal(node, envelope, decision.code)
    except RetryLater:
        raise
    except PeerError as error:
        return _log_refusal(node, envelope, error.code)

    node.step("receive.10")
    row = append(node, "received", envelope.header, envelope.statement, content, event)
    return Admission(index, "admitted", row.at, row.salt, envelope)


def _awaits_others(node: Node, event: Event, code: str) -> bool:
    """Say whether what others have sent may still permit ``event``: what it refers to, the enrolment of who signed it,
    the end of another pseudonym of the person it enrols, signatures of the charter, or the end of a freeze."""
    if code in ("not-in-force", "not-bound"):
        return event.instrument in node.agreement.charter.instruments
    waits = ("predecessor-missing", "unknown-person", "case-frozen")
    return code in waits or (event.kind, code) == ("person.enrol", "same-person")


def _ahead(node: Node, header: Header) -> bool:
    """Say whether the charter's message was sent under a revision not known here, which may permit what ours does not.

    What is permitted all the same passes: by it nodes come to that revision.
    """
    return header.typ.startswith("charter.") and not node.agreement.knows_revision(node.state.charter, header.crv)


def _open(node: Node, envelope: Envelope) -> tuple[bytes, Event]:
    header = envelope.header
    node.step("receive.7")
    schema(header.typ)
    _check_revision(node, header)
    node.step("receive.8")
    kid = next(recipient.kid for recipient in header.rcp if recipient.member == node.own)
    kem = node.ring.kem(kid)
    if kem is None:
        raise PeerError("sealed to a key this node does not hold or has destroyed", code="unknown-kem-key")
    content = envelope.open(kem)
    return content, open_content(header, content)


def _check_revision(node: Node, header: Header) -> None:
    agreement, state = node.agreement, node.state.charter
    if header.typ.startswith("charter.") or header.crv == agreement.revision_at(state, header.iat):
        return
    if agreement.knows_revision(state, header.crv):
        raise PeerError("the charter's revision in effect at that time is another; fetch the decision that made it so "
                        "from any peer, and issue the message anew", code="charter-revision")
    raise RetryLater("the sender acts under a charter revision whose decision has not arrived here yet",
                     code="fetch-revision")


def _log_refusal(node: Node, envelope: Envelope, code: str) -> Admission:
    row = make_row(
        index=node.tree.size, role="refused", code=code, at=node.clock.now(), header=envelope.header,
        statement=envelope.statement, salt=node.random.bytes(SALT_BYTES), content=None, storage=node.ring.storage,
        nonce=b"",
    )
    node.record(row, None)
    return Admission(row.index, code, row.at, row.salt, envelope)


def _give_receipt(node: Node, admission: Admission, checkpoint: tuple[int, bytes]) -> Received:
    node.step("receive.11")
    size, note = checkpoint
    role = "received" if admission.code == "admitted" else "refused"
    extra = encode([role, admission.code, admission.at, admission.salt])
    proof = Proof(admission.index, tuple(node.tree.inclusion(admission.index, size)), b"", extra)
    header = admission.envelope.header
    head = proof.encode()
    if node.pending.pop((header.snd, header.mid), None) is not None:
        node.store.put_seen(SeenRow(header.snd, header.mid, admission.envelope.digest, header.exp, head, size))
    return Received(head + note, False, admission.code)


def _stored_receipt(node: Node, seen: SeenRow) -> Received:
    stored = node.store.checkpoint(seen.checkpoint_size)
    assert stored is not None, "a receipt is stored in one transaction with its checkpoint"
    return Received(seen.receipt + stored[1].encode(), True, "duplicate")
