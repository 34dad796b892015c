"""A receipt settles an outbox row: it leaves the waiting state only by proof, which is kept (``receipts.py``)."""

from __future__ import annotations

from hamsaya.base.errors import PeerError
from hamsaya.node.core import Node
from hamsaya.node.receipts import Verdict, read_receipt


def verify_receipt(node: Node, receiver: str, statement: bytes, unverified_receipt: bytes) -> Verdict:
    """Return the proven verdict of ``receiver`` on ``statement``; raises PeerError as ``read_receipt`` does."""
    return read_receipt(node.log_keys(receiver), statement, unverified_receipt)


def settle(node: Node, receiver: str, message_id: bytes, unverified_receipt: bytes) -> Verdict:
    """Verify ``receiver``'s receipt for our message and settle its outbox row; safe to repeat.

    Raises:
        PeerError: we never sent that message, or the receipt does not prove it.
    """
    row = next((row for row in node.store.find_journal(message_id) if row.role == "sent"), None)
    if row is None:
        raise PeerError("the receipt is for a message this node never sent", code="bad-receipt")
    verdict = verify_receipt(node, receiver, row.statement, unverified_receipt)
    node.store.settle_outbox(receiver, message_id, verdict.state, verdict.code, unverified_receipt)
    return verdict
