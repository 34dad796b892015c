"""What a member's node tells the party that oversees it, by itself: every leaf of its log, opened, without content.

Rules
1. It is told of every leaf, in the log's order, whatever it is about. No setting, caveat or argument narrows that:
   what is told follows from the log alone.
2. It is told with each turn of the clock once there is a leaf besides its own reports; and nothing of a case leaves
   this node while a leaf is older than ``LATEST`` and untold: the send pipeline sends the report first.
3. Who oversees this node is what the charter says; as many of them as have a card here are told in one message, from
   where the one furthest behind was told.

Left out: what a node that was altered does. It cannot leave out a leaf unseen, for its log is cosigned; ``findings``.
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.instants import MINUTE
from hamsaya.charter.rules import reaches
from hamsaya.messages.oversight import MAX_ROWS, Report, Row
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event
from hamsaya.node.oversight.facts import facts_of
from hamsaya.ports.store import JournalRow
from hamsaya.translog.leaf import SALT_BYTES

KIND = "oversight.report"
LATEST = MINUTE
"""How old an untold leaf may be when something of a case is sent: real time, for a person who watches."""
MAX_BYTES = 500_000
MAX_REPORTS = 16
"""Reports in one turn; the next goes on from there."""
Told = tuple[Report, tuple[str, ...]]


def overseers_told(node: Node) -> tuple[str, ...]:
    """Return the parties that oversee this node and can be told, sorted."""
    situation = node.agreement.situation(node.state.charter, node.clock.now())
    instruments = [each.id for each in node.agreement.charter.document.instruments
                   if (each.id, KIND) in node.agreement.charter.clauses and not each.draft]
    return tuple(
        name for name in sorted(node.agreement.overseers_of(node.own))
        if name in node.state.directory.peers and instruments
        and reaches(situation, KIND, instruments[0], node.own, name)
    )


def reported(node: Node) -> int:
    """Return how many leaves of this node's log every party that oversees it was told of."""
    told = node.state.oversight.told
    return min((told.get(name, 0) for name in overseers_told(node)), default=0)


def pending(node: Node) -> list[Told]:
    """Return the reports to be sent now, each with its recipients; none while there is nothing but reports to tell."""
    told = overseers_told(node)
    head = node.store.checkpoint()
    if not told or head is None:
        return []
    first = reported(node)
    if not any(_telling(row) for row in node.store.journal(first, head[0] - first)):
        return []
    return [(report, told) for report in _reports(node, first, head[0], head[1].encode())]


def again(node: Node, first: int) -> list[Told]:
    """Return the reports of what was told before, from leaf ``first`` on: for an overseer that has lost them."""
    head, told = node.store.checkpoint(), overseers_told(node)
    last = min(reported(node), head[0] if head else 0)
    return [(report, told) for report in _reports(node, first, last, None)] if told else []


def late(node: Node) -> list[Told]:
    """Return the reports that must go before anything else of a case does: rule 2."""
    told = overseers_told(node)
    if not told:
        return []
    untold = next((row for row in node.store.journal(reported(node), MAX_ROWS) if _telling(row)), None)
    return pending(node) if untold is not None and untold.at < node.clock.now() - LATEST else []


def _telling(row: JournalRow) -> bool:
    return row.role != "sent" or row.kind != KIND


def _reports(node: Node, first: int, last: int, note: bytes | None) -> Iterator[Report]:
    for _ in range(MAX_REPORTS):
        rows = list(_rows(node, first, min(last - first, MAX_ROWS)))
        if not rows:
            return
        end = first + len(rows)
        yield Report(first=first, rows=rows, checkpoint=note if end == last else None,
                     salt=node.random.bytes(SALT_BYTES))
        first = end


def _rows(node: Node, first: int, limit: int) -> Iterator[Row]:
    size = 0
    for each in node.store.journal(first, limit) if limit > 0 else ():
        event = read_event(each, node.ring.storage)
        facts = [] if event is None else facts_of(node, event)
        size += len(each.statement) + 200 + 40 * len(facts)
        if size > MAX_BYTES:
            return
        yield Row(each.role, each.code, each.at, each.statement, each.salt, facts)
