"""What a message costs: sealed, received, and from one node to another and back."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hamsaya.adapters.clock import SystemClock
from hamsaya.adapters.sqlite import SqliteStore
from hamsaya.base.instants import DAY
from hamsaya.cli.bench_nodes import (
    CASE,
    PEOPLE,
    RECIPIENTS,
    Bench,
    acts,
    ask,
    commit,
    make_floor,
    per_call,
    prepare,
    receiver,
    sealed,
)
from hamsaya.crypto.sealing import KemKey, wrap
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.cases import Open
from hamsaya.messages.envelope import seal
from hamsaya.messages.kinds import encode_body
from hamsaya.node.bootstrap import settle_memory
from hamsaya.node.core import Node
from hamsaya.node.receipts import Verdict
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.send import Draft, SendJob, Sent, to_sign
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act

MESSAGES = 256
BATCH = 64
ROUNDS = 5
KEM_CIPHERTEXT_BYTES = 1120
SIGNATURE_BYTES = 64 + 2420


def receive(quick: bool) -> dict[str, Any]:
    """Measure the receive pipeline against its public-key floor."""
    bench = prepare()
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


def _body_size() -> int:
    return len(encode_body(ask(0, "member")))


def _envelope(bench: Bench, number: int) -> bytes:
    to = bench.members[1]
    return sealed(bench, Draft(ask(number, to), tuple(bench.members[1:]), case=CASE))


def _receive_all(bench: Bench, asks: list[bytes], batch: int, path: Path) -> tuple[float, float]:
    """Return CPU seconds per message, of the public-key floor and of a fresh receiver, taken in turn batch by batch.

    Opening the case is not counted.
    """
    node = receiver(bench, SqliteStore(path, create=True))
    opening = _opening(bench.members)
    commit(node, [ReceiveJob(sealed(bench, Draft(opening, tuple(bench.members[1:]), case=CASE)))])
    floor, base, cost = make_floor(bench), 0.0, 0.0
    for first in range(0, len(asks), batch):
        jobs = [ReceiveJob(envelope) for envelope in asks[first : first + batch]]
        start = time.process_time()
        for _ in jobs:
            floor()
        between = time.process_time()
        results = commit(node, jobs)
        base, cost = base + between - start, cost + time.process_time() - between
        if any(result.code != "admitted" for result in results):
            raise RuntimeError(f"expected every message admitted, received {results[0].code}")
    node.store.close()
    return base / len(asks), cost / len(asks)


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
    pairs = [(per_call(raw, times), per_call(once, times)) for _ in range(2 if quick else ROUNDS)]
    floor, cost = (statistics.median(column) for column in zip(*pairs, strict=True))
    size, least = len(once()), 8 * KEM_CIPHERTEXT_BYTES + SIGNATURE_BYTES
    return {
        "envelope_bytes": size, "body_bytes": len(body), "kem_and_signature_bytes": least,
        "bytes_ratio": round((size - len(body)) / least, 4),
        "cpu_ratio": round(floor / cost, 3),
        "seals_per_cpu_s": round(1 / cost),
    }


def exchange(quick: bool) -> dict[str, Any]:
    """Measure questions from one node to another: decided, logged, sealed and signed there; opened, verified, admitted
    and logged here; and the receipt verified and settled there. Both ends run in this process, one after the other.

    The persons' own signatures, which devices make, are made beforehand and not counted.
    """
    bench = prepare()
    settle_memory()
    messages, rounds = (64, 1) if quick else (MESSAGES, 3)
    rows = []
    with tempfile.TemporaryDirectory(prefix="hamsaya-bench-") as directory:
        for number in range(rounds):
            rows.append(_exchange(bench, messages, Path(directory) / str(number)))
    sending, receiving, settling, wall = (statistics.median(column) for column in zip(*rows, strict=True))
    return {
        "sender_cpu_us": round(sending * 1e6, 1), "receiver_cpu_us": round(receiving * 1e6, 1),
        "settle_cpu_us": round(settling * 1e6, 1), "wall_us": round(wall * 1e6, 1),
        "messages_per_s_both_ends_on_one_core": round(1 / (sending + receiving + settling)),
        "messages_per_s_by_the_clock": round(1 / wall),
        "messages": messages, "batch": BATCH, "rounds": rounds,
    }


def _exchange(bench: Bench, messages: int, path: Path) -> tuple[float, float, float, float]:
    """Return CPU seconds per message of sending, receiving and settling, and seconds by the clock of all three."""
    there = receiver(bench, SqliteStore(path.with_suffix(".to"), create=True))
    asks = replace(bench, sender=receiver(bench, SqliteStore(path.with_suffix(".from"), create=True), bench.members[0]))
    node = asks.sender
    _open_case(asks, node, there)
    spent, wall = [0.0, 0.0, 0.0], 0.0
    for first in range(0, messages, BATCH):
        drafts = [Draft(ask(number, there.own), (there.own,), case=CASE) for number in range(first, first + BATCH)]
        jobs = [SendJob(replace(draft, acts=tuple(acts(asks, to_sign(node, draft, encode_body(draft.body))))))
                for draft in drafts]
        began, marks = time.perf_counter(), [time.process_time()]
        sent = commit(node, jobs)
        marks.append(time.process_time())
        received = commit(there, [ReceiveJob(row) for row in _envelopes(node, there.own, sent)])
        marks.append(time.process_time())
        commit(node, [Act(_settling(there.own, one.message_id, other.receipt))
                      for one, other in zip(sent, received, strict=True)])
        marks.append(time.process_time())
        wall += time.perf_counter() - began
        spent = [total + after - before for total, before, after in zip(spent, marks[:-1], marks[1:], strict=True)]
    for each in (node, there):
        each.store.close()
    sending, receiving, settling = (total / messages for total in spent)
    return sending, receiving, settling, wall / messages


def _open_case(bench: Bench, node: Node, there: Node) -> None:
    opening = Draft(_opening([node.own, there.own]), (there.own,), case=CASE)
    signed = replace(opening, acts=tuple(acts(bench, to_sign(node, opening, encode_body(opening.body)))))
    (sent,) = commit(node, [SendJob(signed)])
    commit(there, [ReceiveJob(envelope) for envelope in _envelopes(node, there.own, [sent])])


def _opening(participants: list[str]) -> Open:
    return Open(title="bench", purpose="prevent-attack", act="bombing", participants=participants,
                legal_basis="CX.1", desk="desk", officer="desk-1",
                retain_until=SystemClock().now() + 30 * DAY, subjects=[])


def _envelopes(node: Node, to: str, sent: list[Sent]) -> list[bytes]:
    """Return the bytes of ``sent`` as they wait in the outbox, in order."""
    waiting = {row.message_id: envelope for row, envelope in node.store.outbox_for(to, 10_000)}
    return [waiting[each.message_id] for each in sent]


def _settling(receiver: str, message_id: bytes, receipt: bytes) -> Callable[[Node], Verdict]:
    return lambda node: settle(node, receiver, message_id, receipt)
