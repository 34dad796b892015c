"""``hamsaya bench files``: a file from one node's disk to another's desk, against raw AES-256-GCM of the same bytes.

    attach   read, sealed in chunks, looked at, hashed, and kept on disk durably
    fetch    asked for with signed requests over mutual TLS on loopback, digests checked, kept on disk durably
    open     every chunk opened, the type found again, digest and length compared, and read once more piece by piece

End to end is the sum of the three. The raw limit seals and opens the same bytes in pieces of a chunk, interleaved with
the rounds. The ratio is of CPU time, of both nodes together, which other work on the machine disturbs less; megabytes a
second are by the wall clock. Both nodes are in this process, each with chunks and keys of its own.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from hamsaya.adapters.chunkfiles import FileChunks
from hamsaya.adapters.clock import SystemClock, SystemRandom
from hamsaya.adapters.http import HttpTransport, admit, make_certificate, server_context
from hamsaya.adapters.memory import MemoryKeys, MemoryStore
from hamsaya.adapters.regionpack import builtin_pack
from hamsaya.api.federation import federation_app
from hamsaya.base.instants import DAY
from hamsaya.cases.handling import from_words
from hamsaya.cli.serve import _server
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.acts import PersonKey
from hamsaya.messages.attachments import CHUNK_BYTES
from hamsaya.messages.cases import Answer, Ask, Open
from hamsaya.messages.caveats import Grading, listed
from hamsaya.messages.charter import Sign
from hamsaya.messages.keys import encode_card
from hamsaya.messages.kinds import Body, encode_body
from hamsaya.messages.node import Peer
from hamsaya.messages.persons import Enrol
from hamsaya.node.attachments import opened
from hamsaya.node.bootstrap import agreement_of, make_card
from hamsaya.node.core import Node, open_node
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft, SendJob, completed, to_sign
from hamsaya.node.service import Service
from hamsaya.node.signers import seats_of
from hamsaya.ports.keys import KeyRing, new_ring, rotate

SIZE, ROUNDS = 96 << 20, 3
CASE, ITEM = "BENCH-1", "I-1"


@dataclass
class _Side:
    """One party: its node, its people, its certificate, its server."""

    member: str
    node: Node
    people: list[PersonKey]
    folder: Path
    service: Service
    context: Any


def files(quick: bool) -> dict[str, Any]:
    """Measure a file's way from disk to desk."""
    size, rounds = (16 << 20, 2) if quick else (SIZE, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="hamsaya-bench-") as directory:
        return asyncio.run(_measure(Path(directory), size, rounds))


async def _measure(folder: Path, size: int, rounds: int) -> dict[str, Any]:
    source = folder / "bench.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(size - 8))
    taken: dict[str, list[float]] = {"raw": [], "attach": [], "fetch": [], "open": []}
    cpu: list[tuple[float, float]] = []
    async with _pair(folder) as (giver, taker):
        before = _peak()
        for number in range(rounds):
            names = (CASE, ITEM, f"f-{number}")
            began, start = time.process_time(), time.perf_counter()
            _raw(source)
            taken["raw"].append(time.perf_counter() - start)
            between = time.process_time()
            for step in (_attach(giver, taker, source, names), _fetch(taker, names), _open(taker, names)):
                start = time.perf_counter()
                taken[await step].append(time.perf_counter() - start)
            cpu.append((between - began, time.process_time() - between))
        grown = _peak() - before
    mb = size / 1e6
    speed = {name: mb / statistics.median(seconds) for name, seconds in taken.items()}
    whole = [sum(steps) for steps in zip(taken["attach"], taken["fetch"], taken["open"], strict=True)]
    return {
        "end_to_end_mb_per_s": round(mb / statistics.median(whole), 1),
        "raw_seal_and_open_mb_per_s": round(speed["raw"], 1),
        "cpu_mb_per_s": round(mb / statistics.median(all_ for _, all_ in cpu), 1),
        "ratio_of_cpu": round(statistics.median(raw / all_ for raw, all_ in cpu), 4),
        **{f"{name}_mb_per_s": round(speed[name], 1) for name in ("attach", "fetch", "open")},
        "peak_memory_grown_mib": round(grown, 1), "file_mib": size >> 20, "chunk_kib": CHUNK_BYTES >> 10,
        "rounds": rounds,
    }


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _raw(source: Path) -> None:
    cipher = AESGCM(bytes(32))
    with source.open("rb") as file:
        index = 0
        while piece := file.read(CHUNK_BYTES):
            nonce = index.to_bytes(12, "big")
            cipher.decrypt(nonce, cipher.encrypt(nonce, piece, None), None)
            index += 1


# --- The three parts --------------------------------------------------------------------------------------


async def _attach(giver: _Side, taker: _Side, source: Path, names: tuple[str, str, str]) -> str:
    service, size = giver.service, source.stat().st_size
    stage = await service.ask(lambda node: service.stages.begin(node, names, source.name, size))
    with source.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            await asyncio.to_thread(stage.add, service.transfers.store(), piece)
    body = await service.ask(lambda node: service.stages.finish(node, names, "desk-1", "desk-2"))
    await _say(giver, taker, body)
    return "attach"


async def _fetch(taker: _Side, names: tuple[str, str, str]) -> str:
    here = await taker.service.transfers.fetch(*names, 100)
    if here.held != here.chunks:
        raise RuntimeError(f"expected the whole file, received {here.held} of {here.chunks} chunks")
    return "fetch"


async def _open(taker: _Side, names: tuple[str, str, str]) -> str:
    found = await taker.service.ask(lambda node: opened(node, *names))
    store = taker.service.transfers.store()
    await asyncio.to_thread(found.check, store)
    for index in range(len(found.chunks)):
        await asyncio.to_thread(found.piece, store, index)
    return "open"


# --- Two parties ------------------------------------------------------------------------------------------


@asynccontextmanager
async def _pair(folder: Path) -> AsyncIterator[tuple[_Side, _Side]]:
    """Yield a giver that serves over mutual TLS and a taker, with an answered question between them."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        giver, taker = _sides(folder, f"https://127.0.0.1:{bound.getsockname()[1]}")
        server = _server(federation_app(giver.service), lambda config, default: giver.context)
        task = asyncio.create_task(server.serve([bound]))
        try:
            await _agree(giver, taker)
            while not server.started:
                await asyncio.sleep(0.01)
            yield giver, taker
        finally:
            server.should_exit = True
            await task
            await giver.service.stop()
            await taker.service.stop()


def _sides(folder: Path, endpoint: str) -> tuple[_Side, _Side]:
    random, clock, pack = SystemRandom(), SystemClock(), builtin_pack()
    pack = replace(pack, charter={**pack.charter, "instruments": [
        {**instrument, "entry_into_force": 2} for instrument in pack.charter["instruments"]]})
    names = [party.id for party in pack.parties if party.role == "member" and party.standing == "full"][:2]
    rings: dict[str, KeyRing] = {name: rotate(new_ring(name, random), clock.now(), random) for name in names}
    made = {name: make_certificate(name, clock.ticks()) for name in names}
    cards = {
        name: encode_card(make_card(ring, SigningKey("ml-dsa-65", random.bytes(64)), clock.now(),
                                    endpoint if name == names[0] else None, made[name][1]), ring.message)
        for name, ring in rings.items()
    }

    def side(name: str) -> _Side:
        home = folder / name
        home.mkdir()
        (home / "tls.key").write_bytes(made[name][0])
        (home / "tls.crt").write_bytes(load_der_x509_certificate(made[name][1]).public_bytes(Encoding.PEM))
        node = open_node(agreement=agreement_of(pack, name), key_store=MemoryKeys(rings[name]), store=MemoryStore(),
                         clock=clock, random=random)
        for card in cards.values():
            _one(node, SendJob(Draft(Peer(card=card, fingerprint="bench"))))
        context = server_context(home / "tls.crt", home / "tls.key")
        for _, certificate in made.values():
            admit(context, certificate)
        people = [PersonKey(name, "desk-1", ("liaison",), random.bytes(32)),
                  PersonKey(name, "desk-2", ("releaser",), random.bytes(32))]
        service = Service(node, HttpTransport(home / "tls.crt", home / "tls.key"), chunks=FileChunks(home / "chunks"))
        return _Side(name, node, people, home, service, context)

    return side(names[0]), side(names[1])


def _one(node: Node, job: Any) -> Any:
    (result,) = node.commit([job])
    if isinstance(result, BaseException):
        raise result
    return result


async def _agree(giver: _Side, taker: _Side) -> None:
    """Let both enrol their people and sign, the taker ask, and the giver answer."""
    now = SystemClock().now()
    for here, there in ((giver, taker), (taker, giver)):
        for key in here.people:
            roles: Any = list(key.roles)
            await _say(here, there, Enrol(person=key.person, roles=roles, public=key.public, not_after=now + 90 * DAY,
                                          identity=key.public), None)
    for here, there in ((giver, taker), (taker, giver)):
        await _say(here, there, Sign(document="charter", revision=here.node.agreement.documents["charter"]), None)
    await _say(taker, giver, Open(
        title="bench", purpose="prevent-attack", act="bombing", participants=[taker.member, giver.member],
        legal_basis="CX.1", desk="desk", officer="desk-1", retain_until=now + 30 * DAY, subjects=[]))
    await _say(taker, giver, Ask(request="R-1", to=giver.member, question="bench", urgency="routine",
                                 legal_basis="CX.2", desk="desk", officer="desk-1"))
    await _say(giver, taker, Answer(
        request="R-1", item=ITEM, text="bench", locked=None, caveats=from_words([], listed(taker.member)),
        grading=Grading(source="B", information="2"), derived_from=[], supersedes=None, prepared_by="desk-1",
        released_by="desk-2"))


async def _say(here: _Side, there: _Side, body: Body, case: str | None = CASE) -> None:
    """Send a message through one pipeline and take it in through the other."""
    draft = completed(here.node, Draft(body, (there.member,), case=case))
    signed = to_sign(here.node, draft, encode_body(draft.body))
    acts = tuple(here.people[seat[0] == "releaser"].sign(signed, seat[0]) for seat in seats_of(signed.kind))
    sent = await here.service.writer.call(SendJob(replace(draft, acts=acts)))
    rows = await here.service.ask(lambda node: node.store.outbox_for(there.member, 100))
    envelope = next(raw for row, raw in rows if row.message_id == sent.message_id)
    await there.service.writer.call(ReceiveJob(envelope))
