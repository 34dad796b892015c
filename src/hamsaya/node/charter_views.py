"""Views of deciding together that need more than the charter's core: what is waited for, and between whom what holds.

Who is waited for follows from the rule and the electorate; who records, from the charter's depositaries; what a
reservation does between this node's party and each other, from the law of treaties (``charter.treaty``).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hamsaya.base.instants import DAY
from hamsaya.charter.assembly import touches_soil_or_data
from hamsaya.charter.reserved import relation_between, reservations_of
from hamsaya.charter.said import Proposal, Recorded
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import Clause, ProposalView, document_from_bytes, revision
from hamsaya.charter.votes import PRESENT, Rule, bind, never_tacit, voters
from hamsaya.charter.words import rule_words
from hamsaya.messages.charter import Amend
from hamsaya.node import views
from hamsaya.node.core import Node


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class RecordView(_View, frozen=True):
    """One record of a vote; ``void``: it was proven to leave a vote out; ``counted``: member -> vote."""

    by: str
    message_id: str
    verdict: str
    opened_at: int
    closed_at: int
    effective_at: int
    epoch: int
    counted: dict[str, str]
    void: bool


class AmendmentView(_View, frozen=True):
    """The charter that an amendment carries, in short."""

    title: str
    dated: str
    revision: str
    supersedes: str
    instruments: list[str]


class DecisionView(ProposalView, frozen=True, kw_only=True):
    """One question with everything that belongs to it.

    Attributes:
        class_title, rule: The class of decisions in words, and what it takes to adopt; "" where the charter in effect
            has no such class any more.
        timelock_hours: From the record to its effect.
        expires_at: Undecided it lapses then; None once it is recorded.
        appeal: The class by which it may be decided again, or "".
        waits_for: Members whose votes are missing, or depositaries that have to record, in their order.
        own_vote: How this node's party voted.
        amendment: What an amendment would put in effect.
    """

    class_title: str
    rule: str
    timelock_hours: int
    expires_at: int | None
    appeal: str
    waits_for: list[str]
    own_vote: str | None
    amendment: AmendmentView | None
    records: list[RecordView]


class RelationView(_View, frozen=True):
    """What one clause with a reservation on it is worth between this node's party and another.

    ``effect`` is a word of the law of treaties; ``until``: when silence alone changes it.
    """

    other: str
    instrument: str
    clause: str
    reserved_by: list[str]
    effect: str
    until: int | None
    sentence: str


class ChapterView(_View, frozen=True):
    """One instrument with its clauses, whole: their texts in every language, and the typed fields."""

    instrument: str
    clauses: list[Clause]
    notice_days: int
    wind_down_days: int
    sunset_days: int


def decisions(node: Node) -> list[DecisionView]:
    """Return what has been proposed and how far it has come, newest first."""
    situation = views.situation(node)
    return [_decision(node, situation, view) for view in views.proposals(node)]


def decision(node: Node, reference: str) -> DecisionView | None:
    """Return one proposal; None when this node knows no such reference."""
    return next((view for view in decisions(node) if view.proposal == reference), None)


def _decision(node: Node, situation: Situation, view: ProposalView) -> DecisionView:
    state, put = situation.state, situation.state.proposals[view.proposal]
    found = situation.compiled.classes.get(put.decision)
    records: Mapping[bytes, Recorded] = state.records.get(view.proposal) or {}
    vote = state.votes.get((view.proposal, node.own))
    undecided = found is not None and not records
    return DecisionView(
        **msgspec.structs.asdict(view),
        class_title=found.title if found else "",
        rule=rule_words(_rule(situation, put)) if found else "",
        timelock_hours=found.timelock_hours if found else 0,
        expires_at=put.at + found.expires_days * DAY if found and undecided else None,
        appeal=found.appeal if found else "",
        waits_for=_waits_for(situation, view, put),
        own_vote=vote.choice if vote else None,
        amendment=_amendment(put.act) if isinstance(put.act, Amend) else None,
        records=[_record(message, record, state.contested) for message, record in sorted(records.items())],
    )


def _rule(situation: Situation, put: Proposal) -> Rule:
    """Return the rule by which ``put`` is decided; nobody agrees by silence to a change of a clause on soil or data."""
    rule = situation.compiled.rules[put.decision]
    amends = isinstance(put.act, Amend) and touches_soil_or_data(situation.compiled.document, put.act)
    return never_tacit(rule) if amends else rule


def _waits_for(situation: Situation, view: ProposalView, put: Proposal) -> list[str]:
    if view.status == "to-record":
        return list(situation.compiled.document.depositaries)
    rule = situation.compiled.rules.get(put.decision)
    if view.status != "open" or rule is None:
        return []
    present = {member for member, standing in situation.electorate.items() if standing in PRESENT}
    asked = voters(bind(rule, put.concerned, put.by, put.participants), present)
    return sorted(asked - {vote.member for vote in view.votes})


def _amendment(act: Amend) -> AmendmentView:
    document = document_from_bytes(act.document)
    return AmendmentView(
        title=document.title, dated=document.dated, revision=revision(document).hex(), supersedes=document.supersedes,
        instruments=[instrument.id for instrument in document.instruments],
    )


def _record(message: bytes, record: Recorded, contested: frozenset[bytes]) -> RecordView:
    return RecordView(
        by=record.by, message_id=message.hex(), verdict=record.verdict, opened_at=record.opened_at,
        closed_at=record.closed_at, effective_at=record.effective_at, epoch=record.epoch,
        counted={vote.member: vote.choice for vote in record.votes}, void=message in contested,
    )


def relations(node: Node) -> list[RelationView]:
    """Return, for every reserved clause, what it is worth between this node's party and each other member."""
    situation = views.situation(node)
    named = sorted({(instrument, clause) for _, instrument, clause in situation.state.reservations})
    found = []
    for name, about in named:
        instrument = situation.compiled.instruments.get(name)
        for clause in (each for each in instrument.clauses if each.id == about) if instrument else ():
            found += [_relation(node, situation, name, clause, other) for other in situation.electorate
                      if other != node.own and reservations_of(situation, name, clause.id, (node.own, other))]
    return found


def _relation(node: Node, situation: Situation, instrument: str, clause: Clause, other: str) -> RelationView:
    pair = (node.own, other)
    held = relation_between(situation, instrument, clause, pair, node.clock.now())
    own = reservations_of(situation, instrument, clause.id, pair)
    return RelationView(
        other=other, instrument=instrument, clause=clause.id, effect=held.effect, until=held.until,
        sentence=held.sentence, reserved_by=sorted(member for member, word in own.items() if not word.withdrawn),
    )


def chapters(node: Node) -> list[ChapterView]:
    """Return the charter in effect, instrument by instrument."""
    return [
        ChapterView(instrument=one.id, clauses=list(one.clauses), notice_days=one.notice_days,
                    wind_down_days=one.wind_down_days, sunset_days=one.sunset_days)
        for one in views.situation(node).compiled.document.instruments
    ]
