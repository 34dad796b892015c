"""A federation of real nodes in one process: real pipelines, keys and logs; stores in memory, time by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hamsaya.adapters.memory import MemoryKeys, MemoryStore
from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.base.errors import HamsayaError
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.charter import Sign
from hamsaya.messages.keys import encode_card
from hamsaya.messages.node import Peer
from hamsaya.node.bootstrap import agreement_of, make_card
from hamsaya.node.core import Node, Step, no_step, open_node
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import Draft, SendJob, Sent
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act
from hamsaya.ports.keys import new_ring, rotate
from hamsaya.ports.store import Store
from tests.support import persons
from tests.support.persons import enrolment, staff

LAKELAND = Path(__file__).resolve().parent.parent / "packs" / "lakeland"
THREE = ("pk", "ir", "uz")
START = 1_790_000_000_000


@dataclass
class HandClock:
    """Time that moves only when a test moves it; civil and machine time are the same."""

    instant: int = START

    def now(self) -> int:
        return self.instant

    def ticks(self) -> int:
        return self.instant

    def advance(self, milliseconds: int) -> None:
        self.instant += milliseconds


@dataclass
class SeededRandom:
    """Bytes that a test can repeat: SHA-256 in counter mode. Never for real keys."""

    seed: str
    counter: int = 0

    def bytes(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            out += hashlib.sha256(f"{self.seed}/{self.counter}".encode()).digest()
            self.counter += 1
        return out[:count]


@dataclass
class Party:
    """One party's node with what a restart needs."""

    node: Node
    card: bytes
    keys: MemoryKeys

    def restart(self, store: Store) -> None:
        """Open the node again from what ``store`` kept, as after a crash."""
        old = self.node
        self.node = open_node(agreement=old.agreement, key_store=self.keys, store=store, clock=old.clock,
                              random=old.random, step=old.step)


@dataclass
class Federation:
    """Parties that have exchanged cards. ``signed`` federations have their instruments in force."""

    clock: HandClock = field(default_factory=HandClock)
    parties: dict[str, Party] = field(default_factory=dict)

    def node(self, member: str) -> Node:
        return self.parties[member].node

    def send(self, member: str, draft: Draft) -> Sent:
        """Send through the member's send pipeline, signed by the persons of its desk; raises what it refuses."""
        return one(self.node(member), SendJob(persons.signed(self.node(member), draft)))

    def waiting(self, member: str) -> list[tuple[str, bytes, bytes]]:
        """Return (destination, message id, envelope) of everything the member's outbox holds."""
        rows = self.node(member).store.outbox_due(2**62, 10_000)
        return [(row.destination, row.message_id, envelope) for row, envelope in rows]

    def carry(self, member: str) -> int:
        """Deliver the member's outbox once, settling receipts; return how many were settled."""
        settled = 0
        for destination, message_id, envelope in self.waiting(member):
            try:
                received: Received = one(self.node(destination), ReceiveJob(envelope))
            except HamsayaError:
                continue
            one(self.node(member), Act(lambda n, d=destination, m=message_id, r=received.receipt: settle(n, d, m, r)))
            settled += 1
        return settled

    def carry_all(self) -> None:
        """Deliver until nothing moves."""
        while any([self.carry(member) for member in self.parties]):
            pass


def one(node: Node, job: object) -> object:
    """Commit one job and return its result, raising what refused it."""
    (result,) = node.commit([job])  # type: ignore[list-item]
    if isinstance(result, BaseException):
        raise result
    return result


def small_pack(members: tuple[str, ...]) -> Pack:
    """Return the default pack with a charter that ``members`` alone can bring into force and change.

    All of the pack's parties stay in the text; those left out never come on line. The last member counts votes, the
    first stands in for it, and one other member's vote in favour is enough where the real text asks for several.
    """
    pack = builtin_pack("afpak")
    instruments = [{**instrument, "entry_into_force": 2} for instrument in pack.charter["instruments"]]
    parties = tuple(party for party in pack.parties if party.id in members)
    assert len(parties) == len(members)
    table = [member if member["id"] in members or member["role"] != "member" else {**member, "standing": "observer"}
             for member in pack.charter["members"]]
    rules = [_small_rule(rule) for rule in pack.charter["rules"]]
    changed = {"instruments": instruments, "members": table, "rules": rules, "epoch_signatures": 1,
               "depositaries": [members[-1], members[0]]}
    return replace(pack, parties=parties, charter={**pack.charter, **changed})


def _small_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a class of decisions with every quota of several votes lowered to one."""
    def lower(plain: Any) -> Any:
        if isinstance(plain, list):
            return [lower(part) for part in plain]
        if isinstance(plain, dict):
            return {key: 1 if key == "q" else lower(value) for key, value in plain.items()}
        return plain

    return {**rule, "rule": lower(rule["rule"])}


def make_federation(
    *,
    members: tuple[str, ...] = THREE,
    pack: Pack | None = None,
    signed: bool = True,
    make_store: Callable[[str], Store] = lambda member: MemoryStore(),
    step: Callable[[str], Step] = lambda member: no_step,
) -> Federation:
    """Return a federation with cards exchanged and, unless told otherwise, the charter signed by all."""
    loaded = pack or small_pack(members)
    federation = Federation()
    for party in loaded.parties:
        random = SeededRandom(party.id)
        ring = rotate(new_ring(party.id, random), federation.clock.now(), random)
        endpoint = f"https://{party.id}.invalid" if party.inbound else None
        now, root = federation.clock.now(), SigningKey("ml-dsa-65", random.bytes(64))
        card = encode_card(make_card(ring, root, now, endpoint, b""), ring.message)
        keys = MemoryKeys(ring)
        node = open_node(agreement=agreement_of(loaded, party.id), key_store=keys, store=make_store(party.id),
                         clock=federation.clock, random=random, step=step(party.id))
        federation.parties[party.id] = Party(node, card, keys)
    for member in federation.parties:
        for other in [member, *(name for name in federation.parties if name != member)]:
            federation.send(member, Draft(Peer(card=federation.parties[other].card, fingerprint="by hand")))
    enrol_staff(federation)
    if signed:
        sign_charter(federation)
    return federation


def enrol_staff(federation: Federation) -> None:
    """Let every party enrol two persons and deliver the enrolments."""
    for member in federation.parties:
        others = tuple(name for name in federation.parties if name != member)
        for key in staff(member):
            federation.send(member, Draft(enrolment(key, federation.clock.now()), recipients=others))
    federation.carry_all()


def sign_charter(federation: Federation) -> None:
    """Let every party sign the charter and deliver the signatures."""
    for member in federation.parties:
        others = tuple(name for name in federation.parties if name != member)
        revision = federation.node(member).agreement.documents["charter"]
        federation.send(member, Draft(Sign(document="charter", revision=revision), recipients=others))
    federation.carry_all()
