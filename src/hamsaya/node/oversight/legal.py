"""Content for the party that oversees this node, under a legal act that both have in their logs and never without.

Rules
1. A legal act for this node that holds is answered by the node itself, with all that it holds of the case, or of the
   items named, at that time: nobody here decides on it, and no caveat keeps anything from it.
2. What is released is what the journal holds: what has been deleted is shown as deleted. A locked text is opened where
   this node can open it.
3. Each part is one sealed message to who made the act. Once the act is over, nothing more goes out under it, and the
   overseer's node shows nothing of it any more and deletes it from its journal.

The overseer has the member's signed word for what it is shown; it can compare it with what other participants release.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.crypto.sealing import lock
from hamsaya.messages.acts import encode_content
from hamsaya.messages.cases import Answer
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, encode_body, parse_body
from hamsaya.messages.oversight import MAX_RELEASED, MAX_RELEASED_BYTES, Release, Released
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event
from hamsaya.node.locked import text_of
from hamsaya.node.oversight.types import ActRecord, ActView, Content

KIND = "oversight.release"


def releases_due(node: Node) -> Iterator[tuple[str, Release, str]]:
    """Yield (case, release, recipient) for every part that this node owes under an act and has not released."""
    now = node.clock.now()
    for act in sorted(node.state.oversight.acts.values(), key=lambda each: (each.at, each.act)):
        if node.own in act.to and not act.done(node.own) and now < act.until:
            had = act.released.get(node.own, ())
            parts = _parts(list(_contents(node, act)))
            if had and had[0][1] != len(parts):
                parts = parts[: had[0][1]]  # What came since then is for another act.
            for number, contents in enumerate(parts, start=1):
                if all(part != number for part, _ in had):
                    body = Release(act=act.act, part=number, parts=had[0][1] if had else len(parts), contents=contents)
                    yield act.case, body, act.by


def _contents(node: Node, act: ActRecord) -> Iterator[Released]:
    for row in node.store.journal():
        if row.header.case != act.case or row.kind.startswith("oversight."):
            continue
        event = read_event(row, node.ring.storage)
        if event is not None and row.at <= _arrived(node, act) and _within(event.body, act.items):
            raw = encode_body(_opened(node, event))
            if len(raw) <= MAX_RELEASED_BYTES:
                yield Released(message=event.message_id, sender=event.sender, kind=event.kind, body=raw)


def _arrived(node: Node, act: ActRecord) -> int:
    """Return when the act was taken in here: what is released does not grow while it is sent."""
    rows = [row for row in node.store.journal() if row.kind == "oversight.legal-act" and row.header.case == act.case
            and row.header.iat == act.at and row.sender == act.by]
    return max((row.at for row in rows), default=act.at)


def _within(body: Body, items: tuple[str, ...]) -> bool:
    return not items or getattr(body, "item", None) in items


def _opened(node: Node, event: Event) -> Body:
    """Return the body with the text that this node can open in the place of the locked one."""
    body = event.body
    item = node.state.cases.items.get((event.case or "", body.item)) if isinstance(body, Answer) else None
    if not isinstance(body, Answer) or item is None or body.locked is None:
        return body
    try:
        text = text_of(node, item)
    except PeerError:
        return body
    return body if text is None else msgspec.structs.replace(body, text=text, locked=None)


def _parts(contents: list[Released]) -> list[list[Released]]:
    """Return ``contents`` in parts that fit a message; one empty part where there is nothing, for that is an answer."""
    parts, size = [list[Released]()], 0
    for each in contents:
        if parts[-1] and (size + len(each.body) > MAX_RELEASED_BYTES or len(parts[-1]) >= MAX_RELEASED):
            parts.append([])
            size = 0
        parts[-1].append(each)
        size += len(each.body) + 100
    return parts


# --- At the overseer -------------------------------------------------------------------------------------------


def acts(node: Node) -> list[ActView]:
    """Return every legal act known here, the latest first."""
    now = node.clock.now()
    found = sorted(node.state.oversight.acts.values(), key=lambda act: (-act.at, act.act))
    return [ActView(act=act, waiting_for=[name for name in act.to if not act.done(name)], over=act.until <= now)
            for act in found]


def contents(node: Node, act: str) -> list[Content]:
    """Return what was released here under an act of this node's own, while it holds, member by member."""
    record = node.state.oversight.acts.get((node.own, act))
    if record is None or record.until <= node.clock.now():
        return []
    found = []
    for row in node.store.journal():
        event = read_event(row, node.ring.storage) if row.kind == KIND and row.role == "received" else None
        if event is not None and isinstance(event.body, Release) and event.body.act == act:
            found += [_content(event.sender, each) for each in event.body.contents]
    return found


def _content(member: str, released: Released) -> Content:
    try:
        body = parse_body(released.kind, released.body)
    except PeerError as error:
        return Content(member=member, sender=released.sender, kind=released.kind, message_id=released.message.hex(),
                       body={"unreadable": error.code})
    return Content(member=member, sender=released.sender, kind=released.kind, message_id=released.message.hex(),
                   body=msgspec.to_builtins(body))


def forget(node: Node) -> int:
    """Delete from this node's journal what was released under acts that are over; return how many parts."""
    now, over = node.clock.now(), 0
    for act in node.state.oversight.acts.values():
        done = f"forgotten {act.act}"
        if act.by == node.own and act.until <= now and node.store.get_meta(done) is None:
            over += _forget(node, act)
            node.store.put_meta(done, b"1")
    return over


def _forget(node: Node, act: ActRecord) -> int:
    count = 0
    for row in node.store.journal():
        event = read_event(row, node.ring.storage) if row.kind == KIND and row.role == "received" else None
        if event is not None and isinstance(event.body, Release) and event.body.act == act.act:
            empty = encode_content(encode_body(msgspec.structs.replace(event.body, contents=[])), event.acts)
            node.store.redact_journal(row.index, lock(node.ring.storage, node.random.bytes(12), empty, row.message_id))
            count += 1
    return count
