"""Deleting an item's content from this node's journal: a leaf commits to ciphertext, so the log still stands.

Whatever carries something of the item loses it, once this node's member says so over its signature (``case.purge``,
``case.tombstone``), in the same transaction; and what arrives about it afterwards is kept without content at once. The
same holds for what was said in a case, once its time is over (``case.clear``); and for what a member released under
a legal act, where it arrives after the act is over.
"""

from __future__ import annotations

from msgspec.structs import replace

from hamsaya.cases import talk
from hamsaya.cases.item_fold import carrier, deleted_item, is_deleted, redact
from hamsaya.crypto.sealing import lock
from hamsaya.messages.acts import encode_content
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, encode_body
from hamsaya.messages.oversight import Release
from hamsaya.messages.talk import Clear, Say
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
    if isinstance(event.body, Clear) and event.sender == node.own:
        for each in node.store.journal():
            if each.kind == "case.say" and each.header.case == event.case:
                _silence(node, each)
    if isinstance(event.body, Say) and talk.is_cleared(node.state.cases, event.case or ""):
        _silence(node, row)
    brought = carrier(event.body)
    item = node.state.cases.items.get((event.case or "", brought)) if brought else None
    if item is not None and is_deleted(item, node.own):
        _redact(node, row, item.item)
    if isinstance(event.body, Release) and event.sender == node.own:
        # What oversight was shown is in its own messages here already; a second copy would outlive their deletion.
        _rewrite(node, row, event, replace(event.body, contents=[]))
    elif isinstance(event.body, Release):
        act = node.state.oversight.acts.get((node.own, event.body.act))
        if act is None or act.until <= node.clock.now():
            # It was on its way when the act ended: ``legal.forget`` has been here already.
            _rewrite(node, row, event, replace(event.body, contents=[]))


def _redact(node: Node, row: JournalRow, item: str) -> None:
    event = read_event(row, node.ring.storage)
    if event is not None and carrier(event.body) == item:
        _rewrite(node, row, event, redact(event.body))


def _silence(node: Node, row: JournalRow) -> None:
    event = read_event(row, node.ring.storage)
    if event is not None and isinstance(event.body, Say):
        _rewrite(node, row, event, replace(event.body, text=None))


def _rewrite(node: Node, row: JournalRow, event: Event, body: Body) -> None:
    content = encode_content(encode_body(body), event.acts)
    node.store.redact_journal(row.index, lock(node.ring.storage, node.random.bytes(12), content, row.message_id))
