"""``hamsaya bench matching``: hit/no-hit against raw multiplications of the group, taken in the same run, interleaved.

    evaluate  2 multiplications an input (the element and its weight in the proof) ÷ their raw time (higher is better)
    tag       1 multiplication an identifier ÷ its raw time (higher is better)
    probe     milliseconds for 100 inputs against a set, from identifiers to hits; masks are made before

The raw multiplication is libsodium's, by the package ``rbcl`` that the tests use; without it the ratios are absent and
times remain. CPU time of this process, medians of rounds; building a set over processes is wall time.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any

from hamsaya.canon import encode
from hamsaya.crypto import oprf
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import tags
from hamsaya.matching.identifiers import encoded, identifier
from hamsaya.matching.tags import Built
from hamsaya.matching.types import MAX_BATCH, Identifier, Record

ROUNDS = 7
SET_SIZE = 100_000
WORKERS = 2


def matching(quick: bool) -> dict[str, Any]:
    """Measure evaluation, tags, a whole probe of 100, and building a set."""
    size, rounds = (5_000, 3) if quick else (SET_SIZE, ROUNDS)
    key = EpochKey(os.urandom(32))
    built, seconds = build(key, size)
    return {
        **_ratios(key, rounds),
        **_probe(key, built, rounds),
        "set_entries": built.notice.size,
        "set_bytes": len(built.tags.entries),
        "build_workers": WORKERS,
        "build_s": round(seconds, 2),
        "built_per_s": round(size / seconds),
    }


def build(key: EpochKey, size: int) -> tuple[Built, float]:
    """Return a set of ``size`` phones over ``WORKERS`` processes, and the seconds that it took, root included."""
    records = [Record(phone(number), "suspect", f"desk-{number % 20}") for number in range(size)]
    with ProcessPoolExecutor(WORKERS) as executor:
        list(executor.map(abs, range(WORKERS)))  # Starting the processes is not part of the work.
        start = time.perf_counter()
        built = tags.build(key, records, epoch=1, edition=os.urandom(16), decoy_seed=os.urandom(32), executor=executor)
        return built, time.perf_counter() - start


def phone(number: int) -> Identifier:
    """Return a number under +999, which is assigned to no country."""
    return identifier("phone", f"+9990{number:08d}")


def _ratios(key: EpochKey, rounds: int) -> dict[str, Any]:
    element = EpochKey(os.urandom(32)).public
    multiply = _raw(element)
    elements = [EpochKey(os.urandom(32)).public for _ in range(MAX_BATCH)]
    data = encoded(phone(1))
    raw, evaluate, tag = [], [], []
    for _ in range(rounds):
        if multiply is not None:
            raw.append(_per_call(multiply, 1_000))
        evaluate.append(_per_call(lambda: key.evaluate(elements), 10) / MAX_BATCH)
        tag.append(_per_call(lambda: key.output(data), 1_000))
    figures: dict[str, Any] = {
        "evaluated_per_cpu_s": round(1 / statistics.median(evaluate)),
        "tags_per_cpu_s": round(1 / statistics.median(tag)),
    }
    if raw:
        pairs = list(zip(raw, evaluate, tag, strict=True))
        figures |= {
            "raw_per_cpu_s": round(1 / statistics.median(raw)),
            "evaluate_ratio": round(statistics.median(2 * floor / cost for floor, cost, _ in pairs), 3),
            "evaluate_ratio_proof_uncounted": round(statistics.median(floor / cost for floor, cost, _ in pairs), 3),
            "tag_ratio": round(statistics.median(floor / cost for floor, _, cost in pairs), 3),
        }
    return figures


def _raw(element: bytes) -> Callable[[], object] | None:
    """Return one multiplication by libsodium, or None where the package is not installed."""
    try:
        rbcl: Any = import_module("rbcl")
    except ImportError:
        return None
    scalar = rbcl.crypto_core_ristretto255_scalar_random()
    return lambda: rbcl.crypto_scalarmult_ristretto255(scalar, element)


def _probe(key: EpochKey, built: Built, rounds: int) -> dict[str, Any]:
    """Measure a probe of 100, ten of them hits."""
    wanted = [encoded(phone(number if number < 10 else 50_000_000 + number)) for number in range(MAX_BATCH)]
    rows = []
    for _ in range(rounds):
        blinds = [os.urandom(oprf.BLIND_BYTES) for _ in wanted]
        clock = [time.process_time()]
        masks = oprf.masks(key.public, blinds)
        clock.append(time.process_time())
        asked = [oprf.ask(data, mask) for data, mask in zip(wanted, masks, strict=True)]
        clock.append(time.process_time())
        evaluated, proof = key.evaluate([each.element for each in asked])
        clock.append(time.process_time())
        outputs = oprf.outputs(key.public, asked, evaluated, proof)
        clock.append(time.process_time())
        hits = sum(tags.find(built.tags, output) is not None for output in outputs)
        clock.append(time.process_time())
        if hits != 10:
            raise RuntimeError(f"expected 10 hits, received {hits}")
        rows.append([1_000 * (after - before) for before, after in zip(clock, clock[1:], strict=False)])
    precompute, ask, evaluate, verify, find = (statistics.median(column) for column in zip(*rows, strict=True))
    wire = len(encode([each.element for each in asked])) + len(encode([*evaluated, proof]))
    return {
        "probe_masks_ms": round(precompute, 1), "probe_ask_ms": round(ask, 1),
        "probe_evaluate_ms": round(evaluate, 1), "probe_verify_ms": round(verify, 1),
        "probe_find_ms": round(find, 2), "probe_ms": round(ask + evaluate + verify + find, 1), "probe_bytes": wire,
    }


def _per_call(call: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times
