"""Offline proofs (C2SP tlog-proof): index and path of an entry, and a checkpoint. Hamsaya's receipt.

Rules
1. Lines: ``c2sp.org/tlog-proof@v1``, optionally ``extra <base64>``, ``index <n>``, one hash a line from the
   leaf's sibling upwards, an empty line, and the checkpoint note byte for byte.
2. ``extra`` is not authenticated: nothing may be decided from it alone.
3. To verify: the log's keys over the checkpoint, then the witnesses' policy, then the path from the entry to
   the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hamsaya.base.errors import PeerError
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import open_checkpoint
from hamsaya.translog.note import MAX_NOTE_BYTES, VKey
from hamsaya.translog.policy import Policy
from hamsaya.translog.text import read_base64, read_decimal, read_hash, read_text, write_base64
from hamsaya.translog.tree import leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 64 * 1024


@dataclass(frozen=True, slots=True)
class Proof:
    """Index of the entry, its inclusion path, the checkpoint note as signed, unauthenticated ``extra``."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the bytes of the proof."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {write_base64(self.extra)}")
        lines += [f"index {self.index}", *map(write_base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def parse_proof(unverified_bytes: bytes) -> Proof:
    """Return the proof in ``unverified_bytes``; nothing has been verified.

    Raises:
        PeerError: a line of another form, or more than 63 hashes (code ``bad-proof``).
    """
    text = read_text(unverified_bytes, MAX_PROOF_BYTES, "bad-proof")
    head, gap, note = text.partition("\n\n")
    header, *lines = head.split("\n")
    extra = read_base64(lines.pop(0)[6:], "bad-proof") if lines and lines[0].startswith("extra ") else None
    if not gap or header != HEADER or not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_HASHES:
        raise PeerError(
            f"expected {HEADER}, an index and at most {MAX_HASHES} hashes, received other lines",
            code="bad-proof",
        )
    index = read_decimal(lines[0][6:], "bad-proof")
    return Proof(index, tuple(read_hash(line, "bad-proof") for line in lines[1:]), note.encode(), extra)


def verify_proof(proof: Proof, entry: bytes, log_keys: Sequence[VKey], policy: Policy | None = None) -> Checkpoint:
    """Return the checkpoint whose tree holds ``entry`` at the proof's index.

    Args:
        proof: As parsed.
        entry: The entry as logged, see ``leaf_entry``.
        log_keys: All keys of the log, every one of which must have signed.
        policy: The witnesses to ask for; None asks for none, as for a receipt given before any witness has
            seen it.
    Raises:
        PeerError: the first of the rules under 3 that does not hold.
    """
    checkpoint = open_checkpoint(proof.checkpoint, tuple(log_keys))
    if policy is not None:
        policy.check(proof.checkpoint)
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(entry), proof.hashes, checkpoint.root)
    return checkpoint
