"""Audits of hit/no-hit: the overseer's draft and its findings, and the openings of whoever is audited.

    draft = audit_draft(node, "ava", first, last, count=29)       # at the overseer; None where nothing was asked
    findings = findings_on(node, "2026-11/ava")                   # once the openings have come

The sample is a function of checkpoints that nobody of the two could foresee (``matching.audit``); the audited node
computes the same, and opens what was drawn by itself: silence must not be cheaper than a bad opening.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.crypto import oprf
from hamsaya.matching.audit import Finding, draw, findings_of, named, openings_needed, population, seed_of
from hamsaya.matching.querier import open_pick
from hamsaya.matching.types import Audit, Auditing, Opening, Openings, Pick
from hamsaya.node.core import Node
from hamsaya.node.journal import read_event
from hamsaya.node.match_rules import opened_notes
from hamsaya.node.match_secrets import secrets_of
from hamsaya.node.send import Draft
from hamsaya.translog.proof import parse_proof

SHARE = 0.10
"""Misuse of this share of the inputs is found with 95 % confidence by the default number of openings, 29."""
RECEIPTS_SEARCHED = 500


def audit_draft(
    node: Node, of: str, first: int, last: int, *, count: int | None = None, audit: str | None = None,
    checkpoints: Sequence[bytes] = (),
) -> Draft | None:
    """Return the demand for openings of ``of`` from its probes of [first, last], None where it asked nothing then.

    Args:
        node: An overseer's node.
        first, last: UTC milliseconds; ``last`` is past.
        count: Openings to draw, all where there are fewer; ``openings_needed(SHARE)`` without it.
        audit: The audit's reference, new at this overseer; made of the member and ``last`` without it.
        checkpoints: Signed notes of at least two logs, one not the audited member's, signed after ``last``; without
            them this node's own latest and those that its receipts hold.
    Raises:
        OperatorError: this node is no overseer's (``not-oversight``), or knows too few checkpoints
            (``too-few-checkpoints``).
        PeerError: a checkpoint that no log of the federation has signed, or too early (``wrong-seed``).
    """
    if node.own not in node.agreement.overseers:
        raise OperatorError("only an oversight body demands openings", code="not-oversight")
    everything = population(node.state.matches, of, first, last)
    if not everything:
        return None
    notes = list(checkpoints) or known_checkpoints(node, last)
    opened = opened_notes(node.agreement, node.state.directory, notes, last)
    if len(opened) < 2 or set(opened) <= {node.agreement.origin(of)}:
        raise OperatorError("expected checkpoints of at least two logs, one not the audited member's, signed after the "
                            "period; wait until another party has answered this node", code="too-few-checkpoints")
    seed = seed_of(opened)
    picks = draw(seed, everything, count or openings_needed(SHARE))
    body = Audit(audit=audit or f"{of}/{last}", of=of, first=first, last=last, seed=seed, checkpoints=notes,
                 inputs=len(everything), population=named(everything), picks=list(picks))
    return Draft(body, (of,))


def known_checkpoints(node: Node, after: int) -> list[bytes]:
    """Return this node's latest checkpoint and, of each other log, the one in the latest receipt that came back.

    Outside exercises only those that were signed after ``after``, UTC milliseconds.
    """
    found: dict[str, bytes] = {}
    own = node.store.checkpoint()
    if own is not None:
        found[node.own] = own[1].encode()
    for row in node.store.outbox_rows(RECEIPTS_SEARCHED):
        receipt = node.store.receipt(row.destination, row.message_id)
        if receipt and row.destination not in found and row.state in ("admitted", "refused"):
            found[row.destination] = parse_proof(receipt).checkpoint
    return [note for note in found.values() if _in_time(node, note, after)][:8]


def _in_time(node: Node, note: bytes, after: int) -> bool:
    try:
        return bool(opened_notes(node.agreement, node.state.directory, [note], after))
    except PeerError:
        return False


def openings_due(node: Node) -> Iterator[Draft]:
    """Yield the openings that an audit of this node still waits for.

    A secret whose time is over cannot be opened; then nothing is, and the audit shows it.
    """
    for (overseer, audit), each in sorted(node.state.matches.audits.items()):
        if each.of == node.own and each.status == "demanded":
            openings = [_opening(node, pick) for pick in each.picks]
            if all(openings):
                body = Openings(audit=audit, openings=[found for found in openings if found is not None])
                yield Draft(body, (overseer,))


def _opening(node: Node, pick: Pick) -> Opening | None:
    secrets = secrets_of(node, pick.probe)
    return None if secrets is None else open_pick(pick, secrets)


def findings_on(node: Node, audit: str) -> list[Finding] | None:
    """Return what was not as committed to, empty where all was; None while the openings have not come.

    Raises:
        OperatorError: this node has demanded no such audit (``unknown-audit``).
    """
    each = audit_of(node, audit)
    if each.opened_by is None:
        return None
    # A message id is its sender's: somebody else may have used the same.
    rows = node.store.find_journal(each.opened_by)
    row = next(row for row in rows if (row.sender, row.role) == (each.of, "received"))
    event = read_event(row, node.ring.storage)
    assert event is not None, "an admitted row holds its message"
    askings = {probe: asking for (querier, probe), asking in node.state.matches.probes.items() if querier == each.of}
    return findings_of(oprf, askings, each.picks, cast(Openings, event.body).openings)


def audit_of(node: Node, audit: str) -> Auditing:
    """Return an audit that this node demanded; raises OperatorError ``unknown-audit``."""
    found = node.state.matches.audits.get((node.own, audit))
    if found is None:
        raise OperatorError(f"this node has demanded no audit {audit}; see: hamsaya match audits", code="unknown-audit")
    return found
