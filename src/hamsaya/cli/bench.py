"""``hamsaya bench``: each figure as a ratio to a raw limit measured in the same run, interleaved, on this machine.

    receive  public-key floor CPU ÷ CPU per accepted message, for batches of 1 and 64 (higher is better, at most 1)
    log      append and inclusion verification ÷ raw SHA-256 of 65 bytes (higher is better)
    seal     envelope bytes beyond the body, for 8 recipients ÷ (KEM ciphertexts + signatures) (lower is better)
    charter  CPU of a decision ÷ public-key floor CPU of the message it is about, remembered and not (lower is better);
             and the seconds that exact indices of 25 members and the report of 200 clauses take
    monitor  what ``cli/bench_monitor.py`` lists, or the parts named with --part

The receiving node is a real one: its SQLite store lies on disk, every message runs the whole receive pipeline. Times
are CPU time of this process, which other work on the machine disturbs less than the wall clock; medians of rounds.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from hamsaya.adapters.clock import SystemClock, SystemRandom
from hamsaya.adapters.memory import MemoryKeys, MemoryStore
from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.charter import cedar, rules
from hamsaya.charter.cedar import Engine, compile_policies
from hamsaya.charter.compiled import compile_document
from hamsaya.charter.power import Game, indices
from hamsaya.charter.types import Document, Request, document_from_plain
from hamsaya.cli.bench_matching import matching
from hamsaya.cli.bench_monitor import monitor
from hamsaya.cli.output import print_json
from hamsaya.crypto import personal
from hamsaya.crypto.sealing import KemKey, wrap
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import PersonAct, PersonKey, Signed, encode_content
from hamsaya.messages.cases import Ask, Open
from hamsaya.messages.charter import Sign
from hamsaya.messages.envelope import seal
from hamsaya.messages.event import Event
from hamsaya.messages.keys import encode_card
from hamsaya.messages.kinds import encode_body, kind_of
from hamsaya.messages.node import Peer
from hamsaya.messages.persons import Enrol
from hamsaya.node.bootstrap import agreement_of, make_card, settle_memory
from hamsaya.node.charter_report import report_of
from hamsaya.node.core import Node, open_node
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft, SendJob, to_sign
from hamsaya.node.signers import seats_of
from hamsaya.ports.keys import KeyRing, new_ring, rotate
from hamsaya.ports.store import Store
from hamsaya.translog.tree import Tree, leaf_hash, verify_inclusion

MESSAGES = 256
ROUNDS = 5
RECIPIENTS = 4
KEM_CIPHERTEXT_BYTES = 1120
SIGNATURE_BYTES = 64 + 2420
CASE = "BENCH-1"
PEOPLE = {"desk-1": ("liaison",), "desk-2": ("releaser",)}


def run(name: str, as_json: bool, quick: bool, parts: tuple[str, ...] = ()) -> int:
    """Measure one bench or all, print the figures, return 0; ``parts`` choose among those of ``monitor``."""
    benches: dict[str, Callable[[bool], dict[str, Any]]] = {
        "receive": receive, "log": log, "seal": sealing, "charter": charter, "matching": matching,
        "monitor": lambda quick: monitor(quick, parts),
    }
    if parts and name != "monitor":
        raise OperatorError("expected --part with bench monitor only", code="unknown-bench")
    if name != "all" and name not in benches:
        raise OperatorError(f"expected one of all, {', '.join(benches)}", code="unknown-bench")
    console = Console(stderr=True, highlight=False)
    figures: dict[str, Any] = {}
    for each in benches if name == "all" else [name]:
        with console.status(f"bench {each} …"):
            figures[each] = benches[each](quick)
    if as_json:
        print_json(figures)
    else:
        for each, values in figures.items():
            print(each, *(f"\n  {key:<34} {value}" for key, value in values.items()), sep="")
    return 0


# -- receive -----------------------------------------------------------------------------------------------


@dataclass
class _Bench:
    """A sender and what is needed to open fresh receivers that know it."""

    pack: Pack
    members: list[str]
    rings: dict[str, KeyRing]
    cards: dict[str, bytes]
    people: dict[str, list[PersonKey]]
    began: int
    sender: Node


def receive(quick: bool) -> dict[str, Any]:
    """Measure the receive pipeline against its public-key floor."""
    bench = _prepare()
    settle_memory()
    messages, rounds = (64, 2) if quick else (MESSAGES, ROUNDS)
    asks = [_envelope(bench, number) for number in range(messages)]
    rows: dict[int, list[tuple[float, float]]] = {1: [], 64: []}
    with tempfile.TemporaryDirectory(prefix="hamsaya-bench-") as directory:
        for round_number in range(rounds):
            for batch, row in rows.items():
                row.append(_receive_all(bench, asks, batch, Path(directory) / f"{round_number}-{batch}.db"))
    floor = statistics.median(base for base, _ in rows[64])
    cost = {batch: statistics.median(cost for _, cost in row) for batch, row in rows.items()}
    return {
        "floor_us": round(floor * 1e6, 1),
        **{f"cpu_us_batch_{batch}": round(value * 1e6, 1) for batch, value in cost.items()},
        **{f"ratio_batch_{batch}": round(statistics.median(base / cost for base, cost in row), 3)
           for batch, row in rows.items()},
        "accepted_per_cpu_s_batch_64": round(1 / cost[64]),
        "messages": messages, "recipients": RECIPIENTS, "persons": len(PEOPLE),
        "body_bytes": _body_size(), "rounds": rounds,
    }


def _prepare() -> _Bench:
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
    bench = _Bench(pack, members, rings, cards, people, now, None)  # type: ignore[arg-type]
    bench.sender = _node(bench, members[0], MemoryStore())
    return bench


def _node(bench: _Bench, member: str, store: Store) -> Node:
    node = open_node(agreement=agreement_of(bench.pack, member), key_store=MemoryKeys(bench.rings[member]), store=store,
                     clock=SystemClock(), random=SystemRandom())
    _commit(node, [SendJob(Draft(Peer(card=bench.cards[each], fingerprint="bench"))) for each in bench.members])
    return node


def _commit(node: Node, jobs: list[Any]) -> list[Any]:
    results = node.commit(jobs)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def _question() -> str:
    return "x" * 900


def _body_size() -> int:
    return len(encode_body(_ask(0, "member")))


def _ask(number: int, to: str) -> Ask:
    return Ask(request=f"R-{number}", to=to, question=_question(), urgency="routine",
               legal_basis="CX.2", desk="desk", officer="desk-1")


def _envelope(bench: _Bench, number: int) -> bytes:
    to = bench.members[1]
    return _sealed(bench, Draft(_ask(number, to), tuple(bench.members[1:]), case=CASE))


def _sealed(bench: _Bench, draft: Draft, sender: str = "", at: int = 0) -> bytes:
    """Return what a sender's pipeline would send, without asking it: the receiver is what is measured."""
    node, now = bench.sender, at or SystemClock().now()
    kind, own, body = kind_of(draft.body), sender or node.own, encode_body(draft.body)
    signed = to_sign(node, draft, body)
    content = encode_content(body, _acts(bench, replace(signed, node=own, recipients=draft.recipients)))
    keys = {member: bench.rings[member].epochs[0].kem.public for member in draft.recipients}
    return seal(
        content, kind=kind, message_id=now.to_bytes(6, "big") + os.urandom(10), sender=own,
        signing_key=bench.rings[own].message, recipients=keys, instrument=signed.instrument,
        case=draft.case, issued_at=now, expires_at=now + 30 * DAY, charter_revision=node.agreement.revision,
        exercise=node.agreement.exercise, content_key=os.urandom(32),
    ).encode()


def _acts(bench: _Bench, signed: Signed) -> list[PersonAct]:
    """Return the signatures that the kind asks for: the last person of the sender releases, the first does the rest."""
    people = bench.people[signed.node]
    return [people[-1 if seat[0] == "releaser" else 0].sign(signed, seat[0]) for seat in seats_of(signed.kind)]


def _enrol(key: PersonKey) -> Enrol:
    roles: Any = list(key.roles)
    return Enrol(person=key.person, roles=roles, public=key.public, identity=hashlib.sha256(key.public).digest(),
                 not_after=SystemClock().now() + 300 * DAY)


def _receive_all(bench: _Bench, asks: list[bytes], batch: int, path: Path) -> tuple[float, float]:
    """Return CPU seconds per message, of the public-key floor and of a fresh receiver, taken in turn batch by batch.

    Opening the case is not counted.
    """
    node = _receiver(bench, SqliteStore(path, create=True))
    opening = Open(title="bench", purpose="prevent-attack", act="bombing", participants=bench.members,
                   legal_basis="CX.1", desk="desk", officer="desk-1",
                   retain_until=SystemClock().now() + 30 * DAY, subjects=[])
    _commit(node, [ReceiveJob(_sealed(bench, Draft(opening, tuple(bench.members[1:]), case=CASE)))])
    floor, base, cost = _make_floor(bench), 0.0, 0.0
    for first in range(0, len(asks), batch):
        jobs = [ReceiveJob(envelope) for envelope in asks[first : first + batch]]
        start = time.process_time()
        for _ in jobs:
            floor()
        between = time.process_time()
        results = _commit(node, jobs)
        base, cost = base + between - start, cost + time.process_time() - between
        if any(result.code != "admitted" for result in results):
            raise RuntimeError(f"expected every message admitted, received {results[0].code}")
    node.store.close()
    return base / len(asks), cost / len(asks)


def _receiver(bench: _Bench, store: Store) -> Node:
    """Return a fresh node of the second member that knows everybody's persons and signature of the charter."""
    node = _node(bench, bench.members[1], store)
    told = tuple(member for member in bench.members if member != node.own)
    _commit(node, [SendJob(Draft(_enrol(key), told)) for key in bench.people[node.own]])
    _commit(node, [ReceiveJob(_sealed(bench, Draft(_enrol(key), (node.own,)), member, bench.began))
                   for member in told for key in bench.people[member]])
    signature = Sign(document="charter", revision=node.agreement.documents["charter"])
    sign = Draft(signature, told)
    own = [SendJob(replace(sign, acts=tuple(_acts(bench, to_sign(node, sign, encode_body(signature))))))]
    others = [_sealed(bench, Draft(signature, (node.own,)), member) for member in bench.members if member != node.own]
    _commit(node, [*own, *(ReceiveJob(envelope) for envelope in others)])
    return node


def _make_floor(bench: _Bench) -> Callable[[], None]:
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


# -- charter -----------------------------------------------------------------------------------------------


def charter(quick: bool) -> dict[str, Any]:
    """Measure decisions on a question to four recipients against the public-key floor of that message."""
    bench = _prepare()
    settle_memory()
    node, times = _receiver(bench, MemoryStore()), 200 if quick else 1_000
    work = {"floor": _make_floor(bench), **_decisions(bench, node)}
    rounds = [{name: _per_call(call, times) for name, call in work.items()} for _ in range(2 if quick else ROUNDS)]
    costs = {name: statistics.median(each[name] for each in rounds) for name in work}
    ratios = {name: statistics.median(each[name] / each["floor"] for each in rounds) for name in work}
    return {
        **{f"{name}_us": round(cost * 1e6, 1) for name, cost in costs.items()},
        **{f"{name}_ratio": round(ratio, 4) for name, ratio in ratios.items() if name != "floor"},
        **_texts(bench.pack, 1 if quick else 3),
        "recipients": RECIPIENTS, "rounds": len(rounds),
    }


def _decisions(bench: _Bench, node: Node) -> dict[str, Callable[[], object]]:
    """Return ways to decide on one question: remembered, anew for the whole message, and by each engine once."""
    agreement, state, now = node.agreement, node.state.charter, SystemClock().now()
    body = _ask(0, bench.members[1])
    event = Event(bytes(16), kind_of(body), bench.members[0], tuple(bench.members[1:]), "", CASE, now, now + DAY,
                  agreement.exercise, body)
    event = replace(event, instrument=agreement.instrument_for(event.kind))
    agreement.decide(state, event).require()
    situation, compiled = agreement.situation(state, now), agreement.charter
    policies = compile_policies(compiled)
    request = Request(event.kind, event.sender, event.recipients[0], event.instrument, CASE, event.exercise, now)
    sender, recipient = compiled.members[request.sender], compiled.members[request.recipient]
    facts, _ = rules.facts_of(situation, request, sender, recipient)
    return {
        "cached": lambda: agreement.decide(state, event),
        "uncached": lambda: rules.decide_event(situation, event, judge=Engine({compiled.revision: policies})),
        "both_engines": lambda: Engine({compiled.revision: policies}).ask(compiled, facts),
        "cedar_alone": lambda: cedar.judge(policies, facts),
        "rules_alone": lambda: rules.judge(compiled, facts),
    }


def _texts(pack: Pack, rounds: int) -> dict[str, Any]:
    """Return the seconds of what is done once for a charter's text: a report, its policies, exact indices."""
    document = _two_hundred(pack)
    compiled, game = compile_document(document), Game(tuple(range(1, 26)), 25 * 26 // 4 + 1)
    work: dict[str, Callable[[], object]] = {
        "report": lambda: report_of(document), "policies": lambda: compile_policies(compiled),
        "indices_of_25": lambda: indices(game),
    }
    members = sum(party.role == "member" for party in document.members)
    return {
        **{f"{name}_s": round(statistics.median(_per_call(call, 1) for _ in range(rounds)), 3)
           for name, call in work.items()},
        "clauses": sum(len(instrument.clauses) for instrument in document.instruments), "members": members,
    }


def _two_hundred(pack: Pack) -> Document:
    """Return the pack's charter with its clauses repeated, under other references, until there are 200."""
    document = document_from_plain(pack.charter)
    instruments = list(document.instruments)
    clauses = [(index, clause) for index, one in enumerate(instruments) for clause in one.clauses]
    for number in range(200 - len(clauses)):
        index, clause = clauses[number % len(clauses)]
        more = msgspec.structs.replace(clause, id=f"{clause.id}-{number}")
        instruments[index] = msgspec.structs.replace(instruments[index], clauses=(*instruments[index].clauses, more))
    return msgspec.structs.replace(document, instruments=tuple(instruments))


# -- log ---------------------------------------------------------------------------------------------------


def log(quick: bool) -> dict[str, Any]:
    """Measure the tree against raw SHA-256 of 65 bytes."""
    figures: dict[str, Any] = {}
    for exponent in (13,) if quick else (13, 20):
        figures |= _log_at(exponent, rounds=2 if quick else ROUNDS)
    return figures


def _log_at(exponent: int, rounds: int) -> dict[str, Any]:
    size = 1 << exponent
    leaves = [leaf_hash(number.to_bytes(32, "big")) for number in range(size)]
    proven = Tree(leaves)
    root = proven.root()
    index = size // 3
    proof = proven.inclusion(index, size)
    raw, appends, verifies = [], [], []
    for _ in range(rounds):
        raw.append(_per_call(_raw_sha256, 20_000))
        start = time.process_time()
        tree = Tree()
        for first in range(0, size, 64):
            tree.extend(leaves[first : first + 64])
        appends.append((time.process_time() - start) / size)
        verifies.append(_per_call(lambda: verify_inclusion(index, size, leaves[index], proof, root), 2_000))
    base = statistics.median(raw)
    return {
        f"append_ratio_2^{exponent}": round(base / statistics.median(appends), 3),
        f"verify_ratio_2^{exponent}": round(base / statistics.median(verifies), 4),
        f"verify_hashes_2^{exponent}": len(proof),
        f"raw_per_s_2^{exponent}": round(1 / base),
    }


_BLOCK = os.urandom(65)


def _raw_sha256() -> bytes:
    return hashlib.sha256(_BLOCK).digest()


def _per_call(call: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times


# -- seal --------------------------------------------------------------------------------------------------


def sealing(quick: bool) -> dict[str, Any]:
    """Measure an envelope's size for eight recipients and its CPU cost against the public-key operations in it."""
    key, kems = SigningKey("ml-dsa-44", os.urandom(64)), [KemKey(os.urandom(32)) for _ in range(8)]
    recipients = {f"m{number}": kem.public for number, kem in enumerate(kems)}
    body = os.urandom(1000)

    def once() -> bytes:
        return seal(
            body, kind="case.ask", message_id=os.urandom(16), sender="mx", signing_key=key, recipients=recipients,
            instrument="case-exchange", case="C-2026-001", issued_at=1 << 40, expires_at=1 << 41,
            charter_revision=bytes(16), exercise=False, content_key=os.urandom(32),
        ).encode()

    def raw() -> None:
        key.sign(body[:300])
        for kem in kems:
            wrap(body[:32], kem.public, b"info")

    times = 20 if quick else 100
    pairs = [(_per_call(raw, times), _per_call(once, times)) for _ in range(2 if quick else ROUNDS)]
    floor, cost = (statistics.median(column) for column in zip(*pairs, strict=True))
    size, least = len(once()), 8 * KEM_CIPHERTEXT_BYTES + SIGNATURE_BYTES
    return {
        "envelope_bytes": size, "body_bytes": len(body), "kem_and_signature_bytes": least,
        "bytes_ratio": round((size - len(body)) / least, 4),
        "cpu_ratio": round(floor / cost, 3),
        "seals_per_cpu_s": round(1 / cost),
    }
