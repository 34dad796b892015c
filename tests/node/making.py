"""What the node tests share: drafts of one case, letters made by hand, and everything a node holds, to compare."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec

from hamsaya.adapters.memory import MemoryStore
from hamsaya.base.errors import HamsayaError
from hamsaya.base.instants import DAY
from hamsaya.canon import digest, encode
from hamsaya.cases.handling import from_words
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import Signed, encode_content
from hamsaya.messages.cases import Acknowledge, Answer, Ask, Open, Parent
from hamsaya.messages.caveats import Caveats, Grading, listed
from hamsaya.messages.envelope import Envelope, seal
from hamsaya.messages.kinds import Body, encode_body, kind_of
from hamsaya.node import handlers
from hamsaya.node.core import Node
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import Draft
from tests.support.federation import Federation, HandClock, MemoryKeys, Party, make_federation, one
from tests.support.persons import acts_on, named

CASE = "C-2026-001"
SECRET = "the van is grey, seen at the third pass"


@cache
def _template(members: tuple[str, ...], with_case: bool) -> Federation:
    """Return a federation that is made once and never used itself."""
    federation = make_federation(members=members)
    if with_case:
        federation.send(members[0], opening(federation, participants=members))
        federation.carry_all()
    return federation


def parties(*members: str, with_case: bool = False) -> Federation:
    """Return parties under a signed charter, with one case open between them all when asked."""
    return clone(_template(members, with_case))


def clone(original: Federation) -> Federation:
    """Return a federation that is in the same state and goes its own way from here."""
    copied = Federation(HandClock(original.clock.instant))
    for member, party in original.parties.items():
        old = party.node
        assert isinstance(old.store, MemoryStore)
        keys = MemoryKeys(party.keys.ring)
        node = replace(
            old,
            store=old.store.reopen(),
            key_store=keys,
            clock=copied.clock,
            random=copy.copy(old.random),
            tree=copy.deepcopy(old.tree),
            pending={},
        )
        copied.parties[member] = Party(node, party.card, keys)
    return copied


def opening(fed: Federation, case: str = CASE, participants: tuple[str, ...] = ("pk", "ir")) -> Draft:
    """Return a draft that opens a case."""
    body = Open(
        title="Explosives traced across the border",
        purpose="trace-explosives",
        act="bombing",
        participants=list(participants),
        legal_basis="CX.1",
        desk="desk",
        officer="desk-1",
        retain_until=fed.clock.now() + 300 * DAY,
        subjects=[],
    )
    return Draft(body, participants, case=case)


def asking(to: str = "ir", request: str = "R-1", case: str = CASE) -> Draft:
    """Return a draft that puts a question."""
    question = "Which consignment left the depot in May?"
    return Draft(Ask(request=request, to=to, question=question, urgency="urgent",
                     legal_basis="CX.2", desk="desk", officer="desk-1"), (to,), case=case)


def acknowledging(to: str = "pk", request: str = "R-1", case: str = CASE) -> Draft:
    """Return a draft that takes a request in hand."""
    return Draft(Acknowledge(request=request, officer="desk-2"), (to,), case=case)


def answering(to: str = "pk", request: str = "R-1", item: str = "I-1", case: str = CASE, text: str = SECRET) -> Draft:
    """Return a draft that answers with one item."""
    return Draft(answer(to, request, item, text, disclosure="D1"), (to,), case=case)


def answer(
    to: str | tuple[str, ...], request: str = "R-1", item: str = "I-1", text: str = SECRET, *,
    parents: Sequence[Parent] = (),
    supersedes: str | None = None, **axes: Any,
) -> Answer:
    """Return an answer for the desks of ``to``, open to every use unless ``axes`` say otherwise."""
    members = (to,) if isinstance(to, str) else to
    desks = members if axes.get("disclosure") != "D3" else tuple(f"{member}/liaison" for member in members)
    plain = msgspec.to_builtins(from_words([], listed(*desks))) | axes
    return Answer(request=request, item=item, text=text, locked=None, caveats=msgspec.convert(plain, Caveats),
                  grading=Grading(source="B", information="2"), derived_from=list(parents), supersedes=supersedes,
                  prepared_by="o-1", released_by="o-2")


def letters(fed: Federation, sender: str, draft: Draft) -> dict[str, bytes]:
    """Send a draft and return, by destination, the envelopes its outbox now holds for that message."""
    sent = fed.send(sender, draft)
    return {to: raw for to, message_id, raw in fed.waiting(sender) if message_id == sent.message_id}


def handmade(
    fed: Federation, by: str, to: str, body: Body | bytes, *, content: bool = False, **changes: Any
) -> Envelope:
    """Return an envelope that the keys of ``by`` sign, whatever its rules would say to it.

    Args:
        content: ``body`` is what is sealed, with whatever signatures of persons it has.
    """
    node, receiver = fed.node(by), fed.node(to)
    record = receiver.state.directory.peers[to]
    key = record.kem_at(fed.clock.now())
    assert key is not None
    now = fed.clock.now()
    fields: dict[str, Any] = {
        "kind": kind_of(body) if isinstance(body, Body) else "case.ask",
        "message_id": now.to_bytes(6, "big") + node.random.bytes(10),
        "sender": by,
        "signing_key": node.ring.message,
        "recipients": {to: key.public},
        "instrument": "case-exchange",
        "case": CASE,
        "issued_at": now,
        "expires_at": now + 30 * DAY,
        "charter_revision": node.agreement.revision,
        "exercise": True,
        "content_key": node.random.bytes(32),
    }
    fields |= changes
    if isinstance(body, bytes):
        return seal(body if content else encode_content(body, ()), **fields)
    raw = encode_body(named(body))
    told = tuple(fields["recipients"])
    names = (fields["kind"], fields["instrument"], fields["case"])
    signed = Signed(node.agreement.federation, by, *names, told, digest(raw))
    return seal(encode_content(raw, acts_on(by, signed)), **fields)


def receive(node: Node, raw: bytes) -> Received:
    """Run bytes through the receive pipeline; raises what it refuses."""
    received: Received = one(node, ReceiveJob(raw))  # type: ignore[assignment]
    return received


def refusal(node: Node, raw: bytes) -> HamsayaError:
    """Return the error that the receive pipeline raises for ``raw``."""
    (result,) = node.commit([ReceiveJob(raw)])
    assert isinstance(result, HamsayaError), f"expected a refusal, received {result!r}"
    return result


def state_bytes(node: Node) -> bytes:
    """Return the node's whole state as bytes; equal states give equal bytes."""
    return encode(handlers.snapshot(node.state))


@dataclass(frozen=True)
class Held:
    """Everything a node holds, except the list of what it refused."""

    state: bytes
    journal: tuple[Any, ...]
    root: bytes
    checkpoint: tuple[int, str] | None
    outbox: tuple[Any, ...]
    refusals: dict[str, int]


def held(node: Node) -> Held:
    """Return what ``node`` holds now."""
    store = node.store
    return Held(
        state_bytes(node),
        tuple(store.journal()),
        node.tree.root(),
        store.checkpoint(),
        tuple(store.outbox_rows(10_000)),
        store.refusal_counts(),
    )


def reopened(fed: Federation, member: str) -> Node:
    """Restart ``member``'s node from what its store kept, as after a crash, and return it."""
    store = fed.node(member).store
    assert isinstance(store, MemoryStore)
    fed.parties[member].restart(store.reopen())
    return fed.node(member)


def stranger() -> SigningKey:
    """A key nobody has vouched for."""
    return SigningKey("ml-dsa-44", b"?" * 64)
