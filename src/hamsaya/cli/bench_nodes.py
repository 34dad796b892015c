"""Nodes to measure: real ones of the pack, with persons, cards and signatures; what a message costs at least."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hamsaya.adapters.clock import SystemClock, SystemRandom
from hamsaya.adapters.memory import MemoryKeys, MemoryStore
from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.base.instants import DAY
from hamsaya.crypto import personal
from hamsaya.crypto.sealing import KemKey, wrap
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import PersonAct, PersonKey, Signed, encode_content
from hamsaya.messages.cases import Ask
from hamsaya.messages.charter import Sign
from hamsaya.messages.envelope import seal
from hamsaya.messages.keys import encode_card
from hamsaya.messages.kinds import encode_body, kind_of
from hamsaya.messages.node import Peer
from hamsaya.messages.persons import Enrol
from hamsaya.node.bootstrap import agreement_of, make_card
from hamsaya.node.core import Node, open_node
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft, SendJob, to_sign
from hamsaya.node.signers import seats_of
from hamsaya.ports.keys import KeyRing, new_ring, rotate
from hamsaya.ports.store import Store

RECIPIENTS = 4
CASE = "BENCH-1"
PEOPLE = {"desk-1": ("liaison",), "desk-2": ("releaser",)}


@dataclass
class Bench:
    """A sender and what is needed to open fresh receivers that know it."""

    pack: Pack
    members: list[str]
    rings: dict[str, KeyRing]
    cards: dict[str, bytes]
    people: dict[str, list[PersonKey]]
    began: int
    sender: Node


def prepare() -> Bench:
    random, now = SystemRandom(), SystemClock().now()
    pack = builtin_pack()
    instruments = [{**instrument, "entry_into_force": 1} for instrument in pack.charter["instruments"]]
    pack = replace(pack, charter={**pack.charter, "instruments": instruments})
    full = [party.id for party in pack.parties if party.role == "member" and party.standing == "full"]
    members = full[: RECIPIENTS + 1]
    rings = {member: rotate(new_ring(member, random), now, random) for member in members}
    cards = {
        member: encode_card(make_card(ring, SigningKey("ml-dsa-65", random.bytes(64)), now, None, b""), ring.message)
        for member, ring in rings.items()
    }
    people = {member: [PersonKey(member, person, roles, random.bytes(32)) for person, roles in PEOPLE.items()]
              for member in members}
    bench = Bench(pack, members, rings, cards, people, now, None)  # type: ignore[arg-type]
    bench.sender = bench_node(bench, members[0], MemoryStore())
    return bench


def bench_node(bench: Bench, member: str, store: Store) -> Node:
    node = open_node(agreement=agreement_of(bench.pack, member), key_store=MemoryKeys(bench.rings[member]), store=store,
                     clock=SystemClock(), random=SystemRandom())
    commit(node, [SendJob(Draft(Peer(card=bench.cards[each], fingerprint="bench"))) for each in bench.members])
    return node


def commit(node: Node, jobs: list[Any]) -> list[Any]:
    results = node.commit(jobs)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def _question() -> str:
    return "x" * 900


def ask(number: int, to: str) -> Ask:
    return Ask(request=f"R-{number}", to=to, question=_question(), urgency="routine",
               legal_basis="CX.2", desk="desk", officer="desk-1")


def sealed(bench: Bench, draft: Draft, sender: str = "", at: int = 0) -> bytes:
    """Return what a sender's pipeline would send, without asking it: the receiver is what is measured."""
    node, now = bench.sender, at or SystemClock().now()
    kind, own, body = kind_of(draft.body), sender or node.own, encode_body(draft.body)
    signed = to_sign(node, draft, body)
    content = encode_content(body, acts(bench, replace(signed, node=own, recipients=draft.recipients)))
    keys = {member: bench.rings[member].epochs[0].kem.public for member in draft.recipients}
    return seal(
        content, kind=kind, message_id=now.to_bytes(6, "big") + os.urandom(10), sender=own,
        signing_key=bench.rings[own].message, recipients=keys, instrument=signed.instrument,
        case=draft.case, issued_at=now, expires_at=now + 30 * DAY, charter_revision=node.agreement.revision,
        exercise=node.agreement.exercise, content_key=os.urandom(32),
    ).encode()


def acts(bench: Bench, signed: Signed) -> list[PersonAct]:
    """Return the signatures that the kind asks for: the last person of the sender releases, the first does the rest."""
    people = bench.people[signed.node]
    return [people[-1 if seat[0] == "releaser" else 0].sign(signed, seat[0]) for seat in seats_of(signed.kind)]


def _enrol(key: PersonKey) -> Enrol:
    roles: Any = list(key.roles)
    return Enrol(person=key.person, roles=roles, public=key.public, identity=hashlib.sha256(key.public).digest(),
                 not_after=SystemClock().now() + 300 * DAY)


def receiver(bench: Bench, store: Store, member: str = "") -> Node:
    """Return a fresh node of ``member`` (without it, of the second) that knows everybody's persons and signature of
    the charter."""
    node = bench_node(bench, member or bench.members[1], store)
    told = tuple(member for member in bench.members if member != node.own)
    commit(node, [SendJob(Draft(_enrol(key), told)) for key in bench.people[node.own]])
    commit(node, [ReceiveJob(sealed(bench, Draft(_enrol(key), (node.own,)), member, bench.began))
                   for member in told for key in bench.people[member]])
    signature = Sign(document="charter", revision=node.agreement.documents["charter"])
    sign = Draft(signature, told)
    own = [SendJob(replace(sign, acts=tuple(acts(bench, to_sign(node, sign, encode_body(signature))))))]
    others = [sealed(bench, Draft(signature, (node.own,)), member) for member in bench.members if member != node.own]
    commit(node, [*own, *(ReceiveJob(envelope) for envelope in others)])
    return node


def make_floor(bench: Bench) -> Callable[[], None]:
    """Return what a message costs in public-key operations alone: the node's two signatures and those of the two
    persons verified, one content key opened."""
    people = [(key.public, personal.sign(key.seed, b"signed")) for key in bench.people[bench.sender.own]]
    key, signed, kem = bench.sender.ring.message, os.urandom(300), KemKey(os.urandom(32))
    signature, wrapped, verifying = key.sign(signed), wrap(os.urandom(32), kem.public, b"info"), key.verifying_key

    def floor() -> None:
        verifying.verify(signature, signed)
        for public, by_person in people:
            personal.verify(public, by_person, b"signed")
        kem.unwrap(wrapped, b"info")

    floor()
    return floor


def per_call(call: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times
