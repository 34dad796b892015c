"""Audit of a whole log: do all its entries make the tree it signed, and did it ever rewrite one?

Steps
1. Both checkpoints carry every line of the log; the current one also satisfies the witnesses' policy.
2. The number of entries is the size signed (code ``size-differs``).
3. The entries lead to the root signed (code ``root-differs``): none was changed, dropped or put elsewhere.
4. Their beginning leads to the earlier checkpoint's root (code ``rewritten``); a larger earlier tree is a
   rollback (code ``rollback``).
Left to the caller: recomputing entries from salts and statements, and comparing sender's with receiver's log.
"""

from __future__ import annotations

from collections.abc import Sequence

from hamsaya.base.errors import PeerError
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import open_checkpoint
from hamsaya.translog.note import VKey
from hamsaya.translog.policy import Policy
from hamsaya.translog.tree import Tree, leaf_hash


def audit_log(
    current: bytes,
    entries: Sequence[bytes],
    log_keys: Sequence[VKey],
    policy: Policy | None = None,
    earlier: bytes | None = None,
) -> Checkpoint:
    """Return the current checkpoint once every step above holds.

    Args:
        current: The note of the latest checkpoint, with its cosignatures.
        entries: All entries of the log, in order (32 bytes each in Hamsaya's logs).
        log_keys: All keys of the log.
        policy: The witnesses to ask for; None asks for none.
        earlier: The note of a checkpoint seen before, or None.
    Raises:
        PeerError: the first step that fails, with its code.
    """
    keys = tuple(log_keys)
    head = open_checkpoint(current, keys)
    before = None if earlier is None else open_checkpoint(earlier, keys)
    if policy is not None:
        policy.check(current)
    if len(entries) != head.size:
        raise PeerError(f"expected the {head.size} entries signed, received {len(entries)}", code="size-differs")
    tree = Tree(map(leaf_hash, entries))
    if tree.root() != head.root:
        raise PeerError(
            f"expected entries that make the root signed for size {head.size}, received others",
            code="root-differs",
        )
    if before is not None:
        _check_history(tree, before)
    return head


def _check_history(tree: Tree, before: Checkpoint) -> None:
    if before.size > tree.size:
        raise PeerError(
            f"expected at least the {before.size} entries signed earlier, received {tree.size}",
            code="rollback",
        )
    if tree.root(before.size) != before.root:
        raise PeerError(
            f"expected the {before.size} entries signed earlier unchanged, received a log that differs "
            "among them; keep both checkpoints as evidence",
            code="rewritten",
        )
