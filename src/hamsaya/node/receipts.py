"""What a receipt proves: the receiver's log holds a statement with its verdict, under its own signature.

Steps
1. The receipt parses as a tlog-proof whose ``extra`` is CBOR[role, code, at, salt].
2. Role, code and time, with the statement and the salt, give the entry: none of them is taken on trust.
3. The checkpoint carries every key of the receiver's log, and the entry's path leads to its root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode
from hamsaya.node.journal import record_entry
from hamsaya.ports.store import OutboxState
from hamsaya.translog.note import VKey
from hamsaya.translog.proof import parse_proof, verify_proof

# A verdict's word is kept and shown: a stranger's text, or a megabyte of it, is no word.
CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message at its receiver, proven."""

    state: OutboxState
    code: str
    at: int
    index: int
    tree_size: int


def read_receipt_by_any(keys: Sequence[tuple[VKey, ...]], statement: bytes, unverified_receipt: bytes) -> Verdict:
    """Return the verdict that a receipt proves by one of ``keys``, at least one: a log's keys are renewed, and a
    receipt stays a proof. Raises PeerError as ``read_receipt`` does, for the first of them."""
    refusals: list[PeerError] = []
    for each in keys:
        try:
            return read_receipt(each, statement, unverified_receipt)
        except PeerError as refusal:
            refusals.append(refusal)
    raise refusals[0]


def read_receipt(log_keys: tuple[VKey, ...], statement: bytes, unverified_receipt: bytes) -> Verdict:
    """Return the verdict on ``statement`` that a receipt of the log with ``log_keys`` proves.

    Raises:
        PeerError: malformed (``bad-receipt``), or a signature or path that does not verify.
    """
    proof = parse_proof(unverified_receipt)
    match decode(proof.extra or b""):
        case [("received" | "refused") as role, str() as code, int() as at, bytes() as salt] if CODE.fullmatch(code):
            pass
        case _:
            raise PeerError("expected a receipt whose extra is [role, code, at, salt]", code="bad-receipt")
    entry = record_entry(role, code, at, statement, salt)
    checkpoint = verify_proof(proof, entry, log_keys)
    state: OutboxState = "admitted" if role == "received" else "refused"
    return Verdict(state, code, at, proof.index, checkpoint.size)
