"""This node's log as others may read it: checkpoint, tiles, proofs, and its audit from the inside."""

from __future__ import annotations

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.canon import encode
from hamsaya.node.core import Node
from hamsaya.node.journal import record_entry
from hamsaya.node.witnessing import check_policy, cosigned_note
from hamsaya.ports.store import JournalRow
from hamsaya.translog import tiles
from hamsaya.translog.audit import audit_log
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.proof import Proof
from hamsaya.translog.witness import MAX_REQUEST_BYTES as MAX_WITNESS_REQUEST_BYTES

__all__ = ["MAX_WITNESS_REQUEST_BYTES", "audit", "latest_note", "prove", "read_tile"]


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
