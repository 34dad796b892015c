"""This node's log as others may read it: checkpoint, tiles, proofs, and its audit from the inside."""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.canon import decode, encode
from hamsaya.messages.envelope import statement_parts
from hamsaya.messages.keys import open_card
from hamsaya.node.core import Node
from hamsaya.node.journal import record_entry
from hamsaya.node.witnessing import check_policy, cosigned_note
from hamsaya.ports.store import JournalRow
from hamsaya.translog import tiles
from hamsaya.translog.audit import audit_log
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.cosignature import log_vkeys
from hamsaya.translog.note import parse_note
from hamsaya.translog.policy import parse_policy
from hamsaya.translog.proof import Proof, parse_proof, verify_proof
from hamsaya.translog.witness import MAX_REQUEST_BYTES as MAX_WITNESS_REQUEST_BYTES

__all__ = ["MAX_WITNESS_REQUEST_BYTES", "audit", "latest_note", "prove", "read_tile", "verify_offline"]


def latest_note(node: Node) -> bytes:
    """Return the latest checkpoint, with whatever cosignatures there are; raises PeerError for an empty log."""
    head = node.store.checkpoint()
    if head is None:
        raise PeerError("this log has no leaf yet", code="empty-log")
    return cosigned_note(node, head[0]) or head[1].encode()


def read_tile(node: Node, path: str) -> bytes:
    """Return a hash tile or an entry bundle of the committed tree; raises PeerError for any other path."""
    tile = tiles.parse_path(path)
    if tile.level is None:
        first, count = tile.index * tiles.WIDTH, tile.width
        if first + count > node.tree.size:
            raise PeerError("the log has no such entries yet", code="bad-tile")
        return tiles.entry_bundle(node.store.entries(first, count))
    return tiles.hash_tile(node.tree, tile.level, tile.index, tile.width)


def prove(node: Node, row: JournalRow) -> bytes:
    """Return the tlog-proof of one leaf to the largest cosigned checkpoint that covers it, else to the latest."""
    cosigned = node.store.cosigned_size()
    head = node.store.checkpoint()
    size = cosigned if cosigned is not None and cosigned > row.index else (head[0] if head else 0)
    note = cosigned_note(node, size)
    if note is None:
        raise OperatorError("this log has no checkpoint yet; send something first", code="empty-log")
    extra = encode([row.role, row.code, row.at, row.salt])
    return Proof(row.index, tuple(node.tree.inclusion(row.index, size)), note, extra).encode()


def audit(node: Node) -> Checkpoint:
    """Return the cosigned checkpoint after recomputing every leaf from its statement and checking its quorum.

    Raises:
        PeerError: a leaf, the root, or the witnesses' quorum does not hold.
    """
    entries: list[bytes] = []
    for row in node.store.journal():
        entry = record_entry(row.role, row.code, row.at, row.statement, row.salt)
        if entry != row.entry:
            raise PeerError(f"leaf {row.index} does not commit to its journal row", code="leaf-differs")
        entries.append(entry)
    size = node.store.cosigned_size()
    note = cosigned_note(node, size) if size is not None else None
    if size is None or note is None:
        raise PeerError("no witness has cosigned this log yet; run: hamsaya log cosign", code="quorum-missing")
    check_policy(node, node.own, note)
    return audit_log(note, entries[:size], node.log_keys(node.own))


class ProvenView(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof proves: the log of ``origin`` holds this verdict on this message, and whether a quorum of
    witnesses was asked for and is there. No content."""

    origin: str
    index: int
    size: int
    role: str
    code: str
    at: int
    message_id: str
    kind: str
    sender: str
    recipients: list[str]
    cosigned: bool


def verify_offline(
    unverified_proof: bytes, statement: bytes, card_bytes: bytes, policy: bytes | None = None
) -> ProvenView:
    """Return what a tlog-proof proves about ``statement``, with nothing but files; asks no node and no network.

    Args:
        unverified_proof: A tlog-proof, as ``prove`` gives it or a receiver returns it as a receipt.
        statement: The signed statement that the leaf commits to.
        card_bytes: The card of the log's node. Whoever relies on the result has compared its fingerprint.
        policy: A tlog-policy whose quorum must have cosigned; None asks for no witness.
    Raises:
        PeerError: a file of another form, or the first signature or path that does not hold.
    """
    card = open_card(card_bytes)
    proof = parse_proof(unverified_proof)
    role, code, at, salt = parse_extra(proof)
    keys = [key for key in card.open_statements() if key.use == "log"]
    origin = parse_checkpoint(parse_note(proof.checkpoint).text).origin
    if not keys or not origin.startswith("hamsaya/") or not origin.endswith(f"/{card.node}"):
        raise PeerError(f"expected a proof from the log of {card.node}, received one of another log", code="wrong-log")
    witnesses = parse_policy(policy) if policy is not None else None
    checkpoint = verify_proof(proof, record_entry(role, code, at, statement, salt),
                              log_vkeys(origin, keys[-1].verifying_key), witnesses)
    header, *_ = statement_parts(statement)
    return ProvenView(
        origin=origin, index=proof.index, size=checkpoint.size, role=role, code=code, at=at,
        message_id=header.mid.hex(), kind=header.typ, sender=header.snd,
        recipients=[recipient.member for recipient in header.rcp],
        cosigned=witnesses is not None and witnesses.quorum is not None,
    )


def parse_extra(proof: Proof) -> tuple[str, str, int, bytes]:
    """Return the role, code, time and salt that a proof's ``extra`` claims; the path proves them."""
    match decode(proof.extra or b""):
        case [str() as role, str() as code, int() as at, bytes() as salt]:
            return role, code, at, salt
        case _:
            raise PeerError("expected a proof whose extra is [role, code, at, salt]", code="bad-proof")
