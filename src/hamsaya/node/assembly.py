"""What a node does of itself when members decide: a depositary counts and records, a member contests an omission.

The depositary's own log is the clock of a vote: it opens when the proposal was in that log, and a vote counts from
the instant at which it was there. The receipt it gave for the vote proves as much to everybody. A stand-in records
only what the depositaries before it have left undone for a day each.
"""

from __future__ import annotations

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import HOUR
from hamsaya.charter.assembly import decided_at, heard, lacking_names, outcome_of
from hamsaya.charter.history import STANDS_IN_AFTER, record_of
from hamsaya.charter.said import Cast, Proposal, Recorded
from hamsaya.charter.situation import Situation
from hamsaya.charter.votes import Vote
from hamsaya.messages.charter import Contest, CountedVote, Record, ballot_bytes
from hamsaya.node import directory
from hamsaya.node.core import Node
from hamsaya.node.receipts import read_receipt_by_any
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft
from hamsaya.translog.cosignature import log_vkeys
from hamsaya.translog.note import VKey


def records_due(node: Node) -> list[Draft]:
    """Return the records that this node, where it is a depositary, has to make now."""
    depositaries = node.agreement.charter.document.depositaries
    if node.own not in depositaries:
        return []
    rank = depositaries.index(node.own)
    state = node.state.charter
    open_ = [ref for ref in state.proposals if ref not in state.retracted and record_of(state, ref) is None]
    bodies = (_record(node, reference, state.proposals[reference], rank) for reference in open_)
    return [Draft(body, tuple(everybody(node, "charter.record"))) for body in bodies if body is not None]


def _record(node: Node, reference: str, put: Proposal, rank: int) -> Record | None:
    now, opened_at = node.clock.now(), _logged_at(node, put.by, put.message)
    then = node.agreement.situation(node.state.charter, opened_at)
    if put.decision not in then.compiled.classes:
        return None
    said = {member: vote for member in sorted(heard(then, put))
            if (vote := node.state.charter.votes.get((reference, member))) is not None}
    arrived = {member: _logged_at(node, member, vote.message) for member, vote in said.items()}
    # A ballot whose key was over on arrival would keep everybody from the record that lists it.
    cast = {member: vote for member, vote in said.items()
            if _holds(node, reference, put, member, vote, arrived[member])}
    early = {member: Vote(vote.choice, arrived[member]) for member, vote in cast.items()}
    if outcome_of(then, put, early, opened_at, now - rank * STANDS_IN_AFTER).verdict == "pending":
        return None
    return _body(then, reference, put, cast, arrived, opened_at, now, rank)


def _body(
    then: Situation, reference: str, put: Proposal, cast: dict[str, Cast], arrived: dict[str, int], opened_at: int,
    now: int, rank: int,
) -> Record | None:
    votes = {member: Vote(vote.choice, arrived[member]) for member, vote in cast.items()}
    verdict = outcome_of(then, put, votes, opened_at, now).verdict
    if verdict == "pending" or (verdict == "adopted" and lacking_names(then, put, votes)):
        return None
    timelock = then.compiled.classes[put.decision].timelock_hours * HOUR
    decided = decided_at(then, put, votes, opened_at, now)
    assert decided is not None, "a verdict other than pending was reached at some instant"
    return Record(
        proposal=reference, subject=put.subject, verdict=verdict, opened_at=opened_at, decided_at=decided,
        closed_at=now, effective_at=now + timelock, rank=rank, epoch=then.epoch,
        votes=[CountedVote(member=member, choice=vote.choice, at=arrived[member], message=vote.message,
                           ballot=list(vote.ballot))
               for member, vote in sorted(cast.items())],
    )


def _holds(node: Node, reference: str, put: Proposal, member: str, vote: Cast, at: int) -> bool:
    signed = ballot_bytes(node.agreement.federation, member, reference, put.subject, vote.choice)
    return directory.signed_by(node.state.directory, member, signed, vote.ballot, at)


def _logged_at(node: Node, sender: str, message_id: bytes) -> int:
    """Return when the message was in this node's log; another sender may have used the same id."""
    return min(row.at for row in node.store.find_journal(message_id) if row.sender == sender and row.role != "refused")


def contests_due(node: Node) -> list[Draft]:
    """Return the contests of records that leave this node's vote out, or date it later than their own log has it."""
    state, drafts = node.state.charter, []
    for reference, records in state.records.items():
        vote = state.votes.get((reference, node.own))
        for message, record in records.items():
            if vote is None or message in state.contested or record.by == node.own:
                continue
            body = _contest(node, reference, message, record, vote)
            if body is not None and _heard(node, reference, record):
                drafts.append(Draft(body, tuple(everybody(node, "charter.contest"))))
    return drafts


def _heard(node: Node, reference: str, record: Recorded) -> bool:
    then, put = node.agreement.situation(node.state.charter, record.opened_at), node.state.charter.proposals[reference]
    return put.decision in then.compiled.classes and node.own in heard(then, put)


def _log_keys(node: Node, member: str) -> list[tuple[VKey, ...]]:
    keys = directory.signature_keys(node.state.directory, member, "log")
    return [log_vkeys(node.agreement.origin(member), key) for key in keys]


def _contest(node: Node, reference: str, message: bytes, record: Recorded, vote: Cast) -> Contest | None:
    receipt = node.store.receipt(record.by, vote.message)
    sent = next((row for row in node.store.find_journal(vote.message) if row.role == "sent"), None)
    if receipt is None or sent is None:
        return None
    try:
        verdict = read_receipt_by_any(_log_keys(node, record.by), sent.statement, receipt)
    except PeerError:
        return None
    listed = any(counted.member == node.own and counted.at <= verdict.at for counted in record.votes)
    if verdict.state != "admitted" or verdict.at > record.closed_at or listed:
        return None
    return Contest(proposal=reference, record=message, vote=vote.message, statement=sent.statement, receipt=receipt)
