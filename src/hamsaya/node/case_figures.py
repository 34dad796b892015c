"""What each member may expect of each other, from what both have signed and this node holds.

Rules
1. A request counts here when this node is one of its two sides: what others tell of others is a claim.
2. What the other side said is signed by its envelope, and by us in the receipt that our log gave. What we said is
   signed by us, and by the other side in the receipt that its log gave. Without that receipt the request is ours alone.
3. A question taken back before its answer was due is left out; taken back later, it was never answered.
4. A step of an item counts when this node waits for it or owes it; what began and what ended it are signed like that.
5. A request that was handed over is one refused as not competent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.cases import clocks, course, waiting
from hamsaya.cases.figures import STEP_FIELDS, Exchange, ItemStep, Outcome, PairFigures, figures
from hamsaya.cases.types import Key, Request
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event
from hamsaya.node.settle import verify_receipt
from hamsaya.ports.store import JournalRow

STEP_KINDS = frozenset((
    "case.answer", "case.unlock", "case.use", "case.consent-ask", "case.consent", "case.revoke", "case.recall",
    "case.purge", "case.tombstone",
))
"""What begins and ends the steps of items."""


def pair_figures(node: Node, since: int, until: int) -> list[PairFigures]:
    """Return the figures of every ordered pair of members for requests due at ``since <= t < until``.

    Pairs without this node are listed with nothing in them: their own nodes know.

    Args:
        since, until: UTC milliseconds.
    """
    members = [member for member, party in node.agreement.charter.members.items() if party.role == "member"]
    return figures(exchanges(node, until), members, since, until, item_steps(node, members))


def exchanges(node: Node, until: int) -> Iterator[Exchange]:
    """Yield every request of this node as it stood at ``until``, with the members whose signatures show it."""
    alone = _unreceipted(node)
    for key, request in sorted(node.state.cases.requests.items()):
        if node.own in (request.asker, request.asked) and not _taken_back(node, request):
            signed = {node.own} if key in alone else {request.asker, request.asked}
            yield _exchange(node, key, request, until, frozenset(signed))


def _taken_back(node: Node, request: Request) -> bool:
    """Return whether a question was withdrawn before anything was to be done."""
    if request.end is not None or request.withdrawn_at is None:
        return False
    due = course.due(request, "answer", node.agreement.annexes(node.state.charter))
    return due is None or request.withdrawn_at <= due


def _exchange(node: Node, key: Key, request: Request, until: int, signed_by: frozenset[str]) -> Exchange:
    clock = course.clock(request, "answer", node.agreement.annexes(node.state.charter))
    outcome: Outcome | None = "answered" if request.end == "answered" else "declined" if request.end else None
    # A withdrawal ends the clocks and does not do what they asked for.
    acts = msgspec.structs.replace(request, withdrawn_at=None)
    return Exchange(
        reference=key,
        asker=request.asker,
        asked=request.asked,
        urgency=request.urgency,
        asked_at=request.asked_at,
        acknowledged_at=course.done_at(acts, "acknowledge"),
        ended_at=request.ended_at,
        outcome=outcome,
        code=(request.declined or "not-competent") if outcome == "declined" else None,
        acknowledge_due=course.due(request, "acknowledge", node.agreement.annexes(node.state.charter)),
        answer_due=clocks.due(clock),
        paused=clocks.stopped(clock, until if request.ended_at is None else request.ended_at),
        term=clocks.term(clock),
        signed_by=signed_by,
    )


def _unreceipted(node: Node) -> set[Key]:
    """Return the requests of which this node said something that the other side has not receipted as admitted."""
    found = set()
    for row in node.store.journal():
        if row.role == "sent" and row.kind.startswith("case.") and (key := _about(node, row)) is not None:
            request = node.state.cases.requests.get(key)
            if request is not None and not _receipted(node, request, row):
                found.add(key)
    return found


def _about(node: Node, row: JournalRow) -> Key | None:
    event = read_event(row, node.ring.storage)
    reference = getattr(event.body, "request", None) if event is not None else None
    return None if reference is None else (row.header.case or "", reference)


def _receipted(node: Node, request: Request, row: JournalRow) -> bool:
    return _receipted_by(node, request.asked if request.asker == node.own else request.asker, row)


def _receipted_by(node: Node, other: str, row: JournalRow) -> bool:
    receipt = node.store.receipt(other, row.message_id)
    try:
        return receipt is not None and verify_receipt(node, other, row.statement, receipt).state == "admitted"
    except PeerError:
        return False


def item_steps(node: Node, members: Collection[str]) -> Iterator[ItemStep]:
    """Yield every step of an item between this node and another of ``members``, with whose signatures show it."""
    alone, annexes = _unreceipted_of_items(node), node.agreement.annexes(node.state.charter)
    for item in node.state.cases.items.values():
        for each in waiting.all_of(node.state.cases, item, annexes):
            pair, until = {each.waits, each.owes}, each.due
            if node.own not in pair or not pair <= set(members) or until is None or each.step not in STEP_FIELDS:
                continue
            (other,) = pair - {node.own}
            signed = {node.own} if (item.case, item.item, other) in alone else pair
            yield ItemStep(
                reference=(each.case, each.about, each.step, each.nth, each.owes), step=each.step, waits=each.waits,
                owes=each.owes, due=until, done_at=each.done_at, signed_by=frozenset(signed))


def _unreceipted_of_items(node: Node) -> set[tuple[str, str, str]]:
    """Return (case, item, member) where this node said something of the item that the member has not receipted."""
    found = set()
    for row in node.store.journal():
        if row.role != "sent" or row.kind not in STEP_KINDS:
            continue
        event = read_event(row, node.ring.storage)
        name = getattr(event.body, "item", None) if event is not None else None
        for member in event.recipients if event is not None and name is not None else ():
            if not _receipted_by(node, member, row):
                found.add((row.header.case or "", str(name), member))
    return found
