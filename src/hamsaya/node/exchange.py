"""Three more ways for the same envelopes: pulled by a node that accepts no connection, and carried as a file.

Pull     CBOR[ request, [ed25519, ml_dsa] ] with request = CBOR["from", "to", at]; answered with CBOR[envelope, …].
         The puller runs each through its receive pipeline and posts CBOR[ from, [[message id, receipt], …] ] back.
Courier  CBOR[ "hamsaya/v1/courier", from, to, [envelope, …], [[message id, receipt], …] ] in one file, both ways.
Nothing is trusted for having come by one of them: the proofs are in the envelopes and the receipts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hamsaya.base.errors import HamsayaError, PeerError, RetryLater, StoreError
from hamsaya.base.instants import MINUTE
from hamsaya.canon import decode, encode, tagged
from hamsaya.messages.envelope import MAX_ENVELOPE_BYTES, parse
from hamsaya.messages.keys import parse_signed
from hamsaya.node.core import Node
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.recipients import held, restricted, why_stopped
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act, Writer
from hamsaya.ports.store import OutboxRow

PULL_DOMAIN = "hamsaya/v1/pull"
COURIER_DOMAIN = "hamsaya/v1/courier"
PULL_WINDOW = 5 * MINUTE
PULL_ENVELOPES = 32
COURIER_ENVELOPES = 4096
MAX_PULL_REQUEST_BYTES = 8192
MAX_RECEIPTS_BYTES = MAX_ENVELOPE_BYTES
Receipts = list[tuple[bytes, bytes]]


def pull_request(node: Node, peer: str) -> bytes:
    """Return this node's signed request for what ``peer`` keeps for it, dated by the machine's clock."""
    return signed_request(node, peer, PULL_DOMAIN, [])


def open_pull_request(node: Node, unverified_bytes: bytes) -> str:
    """Return the member that asks, once its signature holds and the request is for us and fresh; as ``open_request``.

    Raises:
        PeerError: also for a request that says more than who asks whom, and when (``bad-request``).
    """
    member, rest = open_request(node, unverified_bytes, PULL_DOMAIN)
    if rest:
        raise PeerError("expected [from, to, at] addressed to this node", code="bad-request")
    return member


def signed_request(node: Node, peer: str, domain: str, rest: Sequence[object]) -> bytes:
    """Return this node's signed question to ``peer`` outside envelopes, dated by the machine's clock."""
    request = encode([node.own, peer, node.clock.ticks(), *rest])
    return encode([request, list(node.ring.message.sign(tagged(domain, request)))])


def open_request(node: Node, unverified_bytes: bytes, domain: str) -> tuple[str, list[object]]:
    """Return the member that asks and what it says beside, once its signature holds and it is for us and fresh.

    Raises:
        PeerError: malformed, of an unknown party, stale (``stale-request``), or not signed (``bad-signature``).
    """
    request, signature = parse_signed(unverified_bytes, "request", "bad-request")
    match decode(request):
        case [str() as member, str() as peer, int() as at, *rest] if peer == node.own:
            pass
        case _:
            raise PeerError("expected [from, to, at] addressed to this node", code="bad-request")
    if abs(node.clock.ticks() - at) > PULL_WINDOW:
        raise PeerError("the request is older than five minutes or from the future", code="stale-request")
    record = node.state.directory.peers.get(member)
    now = node.clock.now()
    # A key just founded is valid only in a while by a clock that is behind.
    keys = [k for k in record.keys("message") if k.valid_at(now) or k.valid_at(now + PULL_WINDOW)] if record else []
    if not keys:
        raise PeerError("the asker has no admitted card at this node", code="unknown-sender")
    refusals: list[PeerError] = []
    for key in keys:  # While a key is being renewed, two are valid.
        try:
            key.verifying_key.verify(signature, tagged(domain, request))
            return member, rest
        except PeerError as refusal:
            refusals.append(refusal)
    raise refusals[-1]


def waiting_for(node: Node, member: str, limit: int) -> list[bytes]:
    """Return the oldest waiting envelopes for ``member``, at most ``limit`` and about 4 MiB."""
    return [envelope for _, envelope in _waiting(node, member, limit)]


def offer(node: Node, member: str, limit: int) -> list[bytes]:
    """Return what ``waiting_for`` gives, and let it wait behind what has been offered less often.

    What the asker cannot admit yet, since another's message must come first, so never hides the rest.
    """
    offered = _waiting(node, member, limit)
    for row, _ in offered:
        node.store.retry_outbox(member, row.message_id, row.due, "offered to the peer's pull")
    return [envelope for _, envelope in offered]


def _waiting(node: Node, member: str, limit: int) -> list[tuple[OutboxRow, bytes]]:
    waiting: list[tuple[OutboxRow, bytes]] = []
    room = 4 * MAX_ENVELOPE_BYTES
    barred = member in restricted(node)
    for row, envelope in node.store.outbox_for(member, limit):
        if (barred and why_stopped(node, row)) or held(node, row):
            continue
        room -= len(envelope)
        if waiting and room < 0:
            break
        waiting.append((row, envelope))
    return waiting


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of the envelopes and receipts of one answer or file."""

    received: int
    settled: int
    refused: int
    waiting: int
    receipts: Receipts


async def take_in(writer: Writer, envelopes: Sequence[bytes], receipts: Receipts, sender: str) -> Carried:
    """Run envelopes through the receive pipeline and receipts through proof; return what to give back."""
    given: Receipts = []
    refused = waiting = settled = 0
    futures = [writer.submit(ReceiveJob(envelope)) for envelope in envelopes]
    for envelope, future in zip(envelopes, futures, strict=True):
        try:
            outcome: Received = await asyncio.wrap_future(future)
            given.append((parse(envelope).header.mid, outcome.receipt))
        except HamsayaError as error:
            later = isinstance(error, RetryLater | StoreError)
            waiting, refused = waiting + later, refused + (not later)
    for message_id, receipt in receipts:
        try:
            await writer.call(Act(lambda node, m=message_id, r=receipt: settle(node, sender, m, r)))  # type: ignore[misc]
            settled += 1
        except PeerError:
            refused += 1
    return Carried(len(given), settled, refused, waiting, given)


def encode_envelopes(envelopes: Sequence[bytes]) -> bytes:
    """Return the answer to a pull."""
    return encode(list(envelopes))


def parse_envelopes(unverified_bytes: bytes) -> list[bytes]:
    """Return the envelopes of an answer to a pull, at most 32; each still goes through the receive pipeline."""
    plain = decode(unverified_bytes, PULL_ENVELOPES)
    if type(plain) is not list or not all(type(item) is bytes for item in plain):
        raise PeerError("expected a list of envelopes", code="bad-request")
    return plain


def encode_receipts(node: Node, receipts: Receipts) -> bytes:
    """Return what a puller posts back."""
    return encode([node.own, [list(pair) for pair in receipts]])


def parse_receipts(unverified_bytes: bytes) -> tuple[str, Receipts]:
    """Return (receiver, receipts); each still has to be proven."""
    match decode(unverified_bytes, 2 + 3 * PULL_ENVELOPES):
        case [str() as receiver, list() as pairs]:
            return receiver, _pairs(pairs)
        case _:
            raise PeerError("expected [receiver, [[message id, receipt], …]]", code="bad-request")


def _pairs(plain: list[object]) -> Receipts:
    pairs: Receipts = []
    for item in plain:
        match item:
            case [bytes() as message_id, bytes() as receipt]:
                pairs.append((message_id, receipt))
            case _:
                raise PeerError("expected [message id, receipt]", code="bad-request")
    return pairs


@dataclass(frozen=True, slots=True)
class Bundle:
    """A courier's file between two members."""

    sender: str
    receiver: str
    envelopes: list[bytes]
    receipts: Receipts

    def encode(self) -> bytes:
        """Return the file's bytes."""
        pairs = [list(pair) for pair in self.receipts]
        return encode([COURIER_DOMAIN, self.sender, self.receiver, self.envelopes, pairs])


def parse_bundle(unverified_bytes: bytes, own: str) -> Bundle:
    """Return the courier file addressed to ``own``; its contents are proven one by one when taken in.

    Raises:
        PeerError: not a courier file (``bad-bundle``) or for another member (``not-for-us``).
    """
    match decode(unverified_bytes, 5 + 4 * COURIER_ENVELOPES):
        case ["hamsaya/v1/courier", str() as sender, str() as receiver, list() as envelopes, list() as receipts]:
            pass
        case _:
            raise PeerError("expected a courier file of this version", code="bad-bundle")
    if receiver != own:
        raise PeerError(f"expected a courier file for {own}, received one for another member", code="not-for-us")
    if not all(type(item) is bytes for item in envelopes):
        raise PeerError("expected envelopes as byte strings", code="bad-bundle")
    return Bundle(sender, receiver, envelopes, _pairs(receipts))


def export_bundle(node: Node, member: str, receipts: Receipts) -> Bundle:
    """Return what waits for ``member``, with ``receipts`` for what it sent; the rows wait on until receipted."""
    return Bundle(node.own, member, waiting_for(node, member, COURIER_ENVELOPES), receipts)
