"""Deleting an item's content from this node's journal: a leaf commits to ciphertext, so the log still stands.

Whatever carries something of the item loses it, once this node's member says so over its signature (``case.purge``,
``case.tombstone``), in the same transaction; and what arrives about it afterwards is kept without content at once.
"""

from __future__ import annotations

from msgspec.structs import replace

from hamsaya.cases.item_fold import carrier, deleted_item, is_deleted, redact
from hamsaya.crypto.sealing import lock
from hamsaya.messages.acts import encode_content
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import encode_body
from hamsaya.messages.oversight import Release
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event
from hamsaya.ports.store import JournalRow

CARRIERS = frozenset(("case.answer", "case.attach", "case.unlock", "case.use", "case.consent-ask"))


def follow(node: Node, row: JournalRow, event: Event) -> None:
    """Take out of the journal what ``event``, just recorded as ``row``, deletes here or brings of what was deleted."""
    gone = deleted_item(event) if event.sender == node.own else None
    if gone is not None:
        for each in node.store.journal():
            if each.kind in CARRIERS and each.header.case == event.case:
                _redact(node, each, gone)
    brought = carrier(event.body)
    item = node.state.cases.items.get((event.case or "", brought)) if brought else None
    if item is not None and is_deleted(item, node.own):
        _redact(node, row, item.item)
    if isinstance(event.body, Release) and event.sender == node.own:
        # What oversight was shown is in its own messages here already; a second copy would outlive their deletion.
        content = encode_content(encode_body(replace(event.body, contents=[])), event.acts)
        node.store.redact_journal(row.index, lock(node.ring.storage, node.random.bytes(12), content, row.message_id))


def _redact(node: Node, row: JournalRow, item: str) -> None:
    event = read_event(row, node.ring.storage)
    if event is not None and carrier(event.body) == item:
        content = encode_content(encode_body(redact(event.body)), event.acts)
        node.store.redact_journal(row.index, lock(node.ring.storage, node.random.bytes(12), content, row.message_id))
