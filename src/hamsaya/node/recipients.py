"""Whom a message may reach now, and which waiting ones may not reach their addressee any more.

Membership is decided anew for every message, on the way out as on the way in: a member that has been removed, or
whose link was cut, gets nothing that still waits for it, by whatever way it asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hamsaya.cases.freezing import stopped
from hamsaya.charter.rules import reaches
from hamsaya.messages.kinds import Body
from hamsaya.node.core import Node
from hamsaya.node.handlers import OWN
from hamsaya.node.journal import event_of, read_event
from hamsaya.ports.store import OutboxRow

STOPS = frozenset(("link-cut", "standing", "forbidden", "unknown-member"))
"""Refusals that say whom the message would go to may not have it; what else may refuse was asked when it was sent."""
MOST_WAITING = 10_000


def spelt_out(node: Node, kind: str, to: Sequence[str]) -> tuple[str, ...]:
    """Return the recipients of a message of ``kind`` with "all" replaced by everybody it may reach."""
    return tuple(name for member in to for name in (everybody(node, kind) if member == "all" else [member]))


def everybody(node: Node, kind: str) -> list[str]:
    """Return every other known party that the clauses of the kind's instrument let a message of ``kind`` reach now."""
    situation = node.agreement.situation(node.state.charter, node.clock.now())
    instrument = node.agreement.instrument_for(kind)
    known = node.state.directory.peers
    return [
        member for member in situation.compiled.members
        if member != node.own and member in known and reaches(situation, kind, instrument, node.own, member)
    ]


def restricted(node: Node) -> list[str]:
    """Return the peers that some message may not reach although it was sent: their standing or link has changed."""
    situation = node.agreement.situation(node.state.charter, node.clock.now())
    cut = {member for pair in situation.cuts if node.own in pair for member in pair - {node.own}}
    began = node.agreement.founding.members
    changed = {
        member for (member, _), held in situation.standings.items()
        if held.standing != (began[member].standing if member in began else "full")
    }
    dropped = set(node.state.directory.peers) - situation.compiled.members.keys()
    return sorted((cut | changed | dropped) & set(node.state.directory.peers) - {node.own})


def why_stopped(node: Node, row: OutboxRow) -> str:
    """Return the code for which ``row`` may not go to its destination any more, "" when it may."""
    sent = next((each for each in node.store.find_journal(row.message_id) if each.role == "sent"), None)
    if sent is None:
        return ""
    event = replace(event_of(sent.header, Body()), recipients=(row.destination,))
    decision = node.agreement.decide(node.state.charter, event, OWN, node.clock.now())
    return decision.code if decision.code in STOPS else ""


def held(node: Node, row: OutboxRow) -> bool:
    """Say whether ``row`` waits because oversight has frozen its case since it was sent; it goes when that ends."""
    if not any(each.ended_at is None for known in node.state.cases.freezes.values() for each in known):
        return False
    sent = next((each for each in node.store.find_journal(row.message_id) if each.role == "sent"), None)
    event = read_event(sent, node.ring.storage) if sent is not None else None
    return event is not None and stopped(node.state.cases, event) is not None


def stop_outbox(node: Node) -> int:
    """Settle as refused whatever waits for a peer that may not have it any more; return how many rows."""
    stopped = 0
    for member in restricted(node):
        for row, _ in node.store.outbox_for(member, MOST_WAITING):
            if code := why_stopped(node, row):
                node.store.settle_outbox(row.destination, row.message_id, "refused", code, b"")
                stopped += 1
    return stopped
