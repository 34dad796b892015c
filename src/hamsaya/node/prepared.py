"""Messages that one person has signed and that wait here for another to release them.

They lie in the store's table of single values under the storage key, numbered from 1; nothing of them has left the
node or is in its log. Whoever releases one signs the very same bytes; what the charter and the rooms say is asked
again then. A hundred may wait; each until it is released or discarded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.canon import decode, encode
from hamsaya.crypto.sealing import lock, unlock
from hamsaya.messages.acts import PersonAct, encode_content, parse_content
from hamsaya.messages.kinds import encode_body, kind_of, parse_body
from hamsaya.node.core import Node
from hamsaya.node.send import Draft, SendJob, Sent, preview

MOST = 100
_META = "prepared"
_LABEL = b"hamsaya/v1/prepared"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """One message that waits for a person: its draft, and when it was prepared."""

    number: int
    at: int
    draft: Draft


@dataclass(frozen=True, slots=True)
class PrepareJob:
    """``core.Job`` that keeps a draft with the signatures it has so far; refuses what could not be sent with more."""

    draft: Draft

    def run(self, node: Node) -> Prepared:
        """Keep the draft and return it with its number."""
        event, decision = preview(node, self.draft, prepared=True)
        decision.require()
        number, waiting = _read(node)
        if len(waiting) >= MOST:
            raise OperatorError(f"{MOST} messages wait for their release; release or discard some", code="too-many")
        # What was signed is kept as it was signed: with its instrument and its recipients spelt out.
        draft = replace(self.draft, instrument=event.instrument, recipients=event.recipients)
        prepared = Prepared(number=number, at=event.issued_at, draft=draft)
        _keep(node, number + 1, [*waiting, prepared])
        return prepared

    def finish(self, node: Node, outcome: Prepared, checkpoint: Any) -> Prepared:
        return outcome

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Our own refusals are answered to the person who asked."""


@dataclass(frozen=True, slots=True)
class ApproveJob:
    """``core.Job`` that adds one signature to a prepared message, sends it and forgets it, or changes nothing."""

    number: int
    act: PersonAct

    def run(self, node: Node) -> Sent:
        """Send the message through the send pipeline."""
        draft = find(node, self.number).draft
        sent = SendJob(replace(draft, acts=(*draft.acts, self.act))).run(node)
        discard(node, self.number)
        return sent

    def finish(self, node: Node, outcome: Sent, checkpoint: Any) -> Sent:
        return outcome

    def refused(self, node: Node, error: HamsayaError) -> None:
        """Our own refusals are answered to the person who asked."""


def waiting_here(node: Node) -> list[Prepared]:
    """Return what waits, in the order of its numbers."""
    return _read(node)[1]


def _read(node: Node) -> tuple[int, list[Prepared]]:
    """Return the next number, which is never given twice, and what waits."""
    locked = node.store.get_meta(_META)
    if locked is None:
        return 1, []
    number, rows = decode(unlock(node.ring.storage, locked, _LABEL))
    return number, [_prepared(row) for row in rows]


def find(node: Node, number: int) -> Prepared:
    """Return one prepared message; raises OperatorError ``unknown-number``."""
    for each in waiting_here(node):
        if each.number == number:
            return each
    raise OperatorError(f"nothing waits under the number {number}; see: hamsaya case prepared", code="unknown-number")


def discard(node: Node, number: int) -> None:
    """Forget one prepared message; raises OperatorError ``unknown-number``."""
    find(node, number)
    following, waiting = _read(node)
    _keep(node, following, [each for each in waiting if each.number != number])


def _keep(node: Node, following: int, prepared: list[Prepared]) -> None:
    plain = encode([following, [_row(each) for each in prepared]])
    node.store.put_meta(_META, lock(node.ring.storage, node.random.bytes(12), plain, _LABEL))


def _row(prepared: Prepared) -> list[Any]:
    draft = prepared.draft
    return [prepared.number, prepared.at, kind_of(draft.body), draft.instrument, draft.case, list(draft.recipients),
            draft.lifetime_ms, encode_content(encode_body(draft.body), draft.acts)]


def _prepared(row: list[Any]) -> Prepared:
    number, at, kind, instrument, case, recipients, lifetime_ms, content = row
    body, acts = parse_content(content)
    draft = Draft(parse_body(kind, body), tuple(recipients), instrument, case, lifetime_ms, acts)
    return Prepared(number=number, at=at, draft=draft)
