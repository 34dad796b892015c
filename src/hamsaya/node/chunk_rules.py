"""Who may have chunks of which file, and how one asks for them: the rules that both ways of ``transfer`` share.

    request = CBOR[ from, to, at, verb, case, item, attachment, first, count ]

Rules, at whoever is asked
1. the request is for this node, fresh, and signed by a known party     else ``bad-request``, ``stale-request``,
                                                                        ``unknown-sender``, ``bad-signature``
2. ``get``: this node gave the item and the asker holds it; ``put``: the asker gave it and this node holds it. Holders
   give nothing to each other                                                                     else ``not-yours``
3. the item is neither recalled nor deleted, here or by its holder                              else ``item-revoked``
4. the charter lets a file pass between the two now: a member removed or cut off since gets nothing; and no party that
   oversees has frozen the case                                         else the charter's own code, ``case-frozen``
   A file that still waits for a second person passes to nobody, by courier neither               else ``not-released``
5. a chunk that comes has the length and the digest that the signed message names                else ``wrong-chunk``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.canon import digest
from hamsaya.cases import freezing
from hamsaya.cases.item_fold import is_deleted
from hamsaya.cases.lineage import recalled_at
from hamsaya.cases.types import Item
from hamsaya.messages.attachments import CHUNK_BYTES, TAG_BYTES
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from hamsaya.node import exchange
from hamsaya.node.attachments import locate
from hamsaya.node.core import Node
from hamsaya.node.dispatch import address_of
from hamsaya.node.handlers import OWN
from hamsaya.ports.chunks import ChunkStore
from hamsaya.ports.transport import Address

DOMAIN = "hamsaya/v1/chunks"
WINDOW = 4
"""Chunks in one answer: a transport's answers end at 5 MiB."""
Verb = Literal["get", "put"]


class Asked(NamedTuple):
    """One request, as its bytes have it."""

    sender: str
    case: str
    item: str
    attachment: str
    first: int
    chunks: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a file is here: chunks of it, and the bytes that all of them take."""

    held: int
    chunks: int
    sealed_bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A file that this node holds or gave: whose it is, its chunks, and where its originator answers."""

    case: str
    item: str
    attachment: str
    originator: str
    chunks: tuple[bytes, ...]
    sealed_bytes: int
    address: Address | None

    def length(self, index: int) -> int:
        """Return how long a sealed chunk is."""
        whole = CHUNK_BYTES + TAG_BYTES
        return whole if index < len(self.chunks) - 1 else self.sealed_bytes - index * whole

    def take(self, chunks: ChunkStore, index: int, sealed: bytes) -> None:
        """Keep one chunk once it is the one that the signed message names; raises PeerError ``wrong-chunk``."""
        if len(sealed) != self.length(index) or digest(sealed) != self.chunks[index]:
            raise PeerError(f"chunk {index + 1} is not the one that the signed message names; nothing of it was kept",
                            code="wrong-chunk")
        chunks.put(sealed)

    def progress(self, chunks: ChunkStore) -> Progress:
        """Return how much of it is here."""
        held = sum(map(chunks.has, self.chunks))
        return Progress(held=held, chunks=len(self.chunks), sealed_bytes=self.sealed_bytes)


def plan_of(node: Node, case: str, item: str, attachment: str) -> Plan:
    """Return the plan of a file; raises OperatorError as ``locate`` does."""
    known, found = locate(node, case, item, attachment)
    return _plan(node, known, found.attachment, tuple(found.chunks), found.sealed_bytes)


def _plan(node: Node, item: Item, attachment: str, chunks: tuple[bytes, ...], sealed_bytes: int) -> Plan:
    address = None if item.originator == node.own else address_of(node, item.originator)
    return Plan(item.case, item.item, attachment, item.originator, chunks, sealed_bytes, address)


def passing_plan(node: Node, case: str, item: str, attachment: str) -> Plan:
    """Return the plan of a file that may pass now to this node, or from it to one holder at least: rules 3 and 4.

    What one asks for oneself, and what a courier carries, passes no peer's rules.

    Raises:
        OperatorError: as ``locate``, or it may not pass, with the code that a peer would be given; a file that still
            waits for a second person passes to nobody (``not-released``).
    """
    known, found = locate(node, case, item, attachment)
    if found not in known.attachments:
        raise OperatorError(f"{attachment} waits for a second person: hamsaya case approve; until then it stays here",
                            code="not-released")
    if _gone(node, known):
        raise OperatorError(f"{item} is recalled, and its files with it", code="item-revoked")
    holders = known.holders if known.originator == node.own else (node.own,)
    codes = [why_not(node, known, known.originator, holder) for holder in holders]
    if all(codes):
        raise OperatorError("a file of this item may not pass now", code=codes[0] if codes else "not-yours")
    return _plan(node, known, found.attachment, tuple(found.chunks), found.sealed_bytes)


def own_plans(node: Node) -> list[tuple[Plan, str, Address]]:
    """Return the files this node gave with each holder that may have them now and accepts connections."""
    found = []
    for _, item in sorted(node.state.cases.items.items()):
        if item.originator != node.own or _gone(node, item):
            continue
        for holder in item.holders:
            address = address_of(node, holder)
            if address is None or not item.attachments or is_deleted(item, holder):
                continue
            if why_not(node, item, node.own, holder) == "":
                found += [(_plan(node, item, each.attachment, each.chunks, each.sealed_bytes), holder, address)
                          for each in item.attachments]
    return found


def named_elsewhere(node: Node, plan: Plan) -> frozenset[bytes]:
    """Return the digests of ``plan`` that files of other originators name here too.

    Every file is sealed under a key of its own, so that only somebody who knows another's chunks names them again.
    """
    ours = frozenset(plan.chunks)
    return ours & {digest for item in node.state.cases.items.values() if item.originator != plan.originator
                   for each in item.attachments for digest in each.chunks}


def others_of(node: Node, plan: Plan) -> int:
    """Return how many sealed bytes the other files of the same originator take here, at most."""
    if plan.originator == node.own:
        return 0
    names = (plan.case, plan.item, plan.attachment)
    return sum(
        each.sealed_bytes for item in node.state.cases.items.values() if item.originator == plan.originator
        for each in item.attachments if each.chunks and (item.case, item.item, each.attachment) != names
    )


def judged(node: Node, asked: Asked, originator: str, holder: str) -> Plan:
    """Return the plan of the file asked for once rules 2 to 4 let it pass; raises PeerError otherwise.

    What is not known, not held and not given is refused in the same words: a stranger learns nothing.
    """
    item = node.state.cases.items.get((asked.case, asked.item))
    found = next((each for each in item.attachments if each.attachment == asked.attachment), None) if item else None
    if item is None or found is None or item.originator != originator or holder not in item.holders:
        raise PeerError("expected a file of an item that its originator gave to who asks", code="not-yours")
    if _gone(node, item) or is_deleted(item, holder):
        raise PeerError("the item is recalled or deleted, and its files with it", code="item-revoked")
    if code := why_not(node, item, originator, holder):
        raise PeerError("the charter does not let a file pass between the two now", code=code)
    return _plan(node, item, found.attachment, found.chunks, found.sealed_bytes)


def _gone(node: Node, item: Item) -> bool:
    return is_deleted(item, node.own) or recalled_at(node.state.cases, item) is not None


def why_not(node: Node, item: Item, originator: str, holder: str) -> str:
    """Return the code for which a file of ``item`` may not pass from its originator to ``holder`` now, "" if it may."""
    now, kind = node.clock.now(), "case.attach"
    event = Event(
        message_id=bytes(16), kind=kind, sender=originator, recipients=(holder,),
        instrument=node.agreement.instrument_for(kind), case=item.case, issued_at=now, expires_at=now + 1,
        exercise=node.agreement.exercise, body=Body(),
    )
    frozen = freezing.stopped(node.state.cases, event)
    decision = frozen or node.agreement.decide(node.state.charter, event, OWN, now)
    return "" if decision.allowed else decision.code


# --- Requests ---------------------------------------------------------------------------------------------


def runs(indices: Sequence[int]) -> list[range]:
    """Return ``indices`` (ascending) as runs of at most ``WINDOW`` that follow each other."""
    found: list[range] = []
    for index in indices:
        if found and found[-1].stop == index and len(found[-1]) < WINDOW:
            found[-1] = range(found[-1].start, index + 1)
        else:
            found.append(range(index, index + 1))
    return found


def signed_request(node: Node, verb: Verb, plan: Plan, peer: str, run: range) -> bytes:
    """Return this node's signed request about chunks of a file, dated by the machine's clock."""
    rest = [verb, plan.case, plan.item, plan.attachment, run.start, len(run)]
    return exchange.signed_request(node, peer, DOMAIN, rest)


def open_request(node: Node, unverified_bytes: bytes, verb: Verb) -> Asked:
    """Return a request by rule 1; raises PeerError."""
    member, rest = exchange.open_request(node, unverified_bytes, DOMAIN)
    match rest:
        case [str() as said, str() as case, str() as item, str() as attachment, int() as first, int() as chunks] if (
                said == verb and first >= 0 and chunks >= 0):
            return Asked(member, case, item, attachment, first, chunks)
        case _:
            raise PeerError("expected [from, to, at, verb, case, item, attachment, first, count] for this verb",
                            code="bad-request")
