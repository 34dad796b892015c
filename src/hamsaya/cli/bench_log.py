"""What the tree of the log costs, beside raw SHA-256."""

from __future__ import annotations

import hashlib
import os
import statistics
import time
from typing import Any

from hamsaya.cli.bench_nodes import (
    per_call,
)
from hamsaya.translog.tree import Tree, leaf_hash, verify_inclusion

ROUNDS = 5


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
        raw.append(per_call(_raw_sha256, 20_000))
        start = time.process_time()
        tree = Tree()
        for first in range(0, size, 64):
            tree.extend(leaves[first : first + 64])
        appends.append((time.process_time() - start) / size)
        verifies.append(per_call(lambda: verify_inclusion(index, size, leaves[index], proof, root), 2_000))
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
