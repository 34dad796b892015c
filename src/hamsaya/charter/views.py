"""The charter as a person or a program reads it: instruments, who stands where, what is proposed and decided."""

from __future__ import annotations

from typing import Any

import msgspec

from hamsaya.base.instants import DAY
from hamsaya.charter.assembly import outcome_of
from hamsaya.charter.history import epoch_at, in_effect, record_of
from hamsaya.charter.said import Proposal, Recorded
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import CompetentView, InstrumentView, ProposalView, ReservationView, StandingView, VoteView
from hamsaya.charter.votes import Vote

NAMING_DAYS = 60
"""Days to name a competent body after signing, as in the databank agreement of 2004."""


def instruments(situation: Situation) -> list[InstrumentView]:
    """Return every instrument in the document's order, with how far it is on its way into force."""
    ratifiers = situation.compiled.ratifiers
    return [
        InstrumentView(
            instrument=one.id, title=one.title, purpose=one.purpose, exercise=one.exercise, draft=one.draft,
            in_force=one.id in situation.entered, expired=one.id in situation.expired,
            signed_by=sorted(member for member, name in situation.bound if name == one.id and member in ratifiers),
            needed=one.entry_into_force, required=list(one.required), requires=list(one.requires),
            retention_days=one.retention_days,
        )
        for one in situation.compiled.document.instruments
    ]


def standings(situation: Situation, at: int) -> list[StandingView]:
    """Return every party's standing in general, and under the instruments where it is another."""
    state, found = situation.state, []
    for member, party in situation.compiled.members.items():
        general = situation.held(member)
        under = {name: held.standing for (who, name), held in situation.standings.items() if who == member and name}
        cut = sorted(next(iter(pair - {member})) for pair in situation.cuts if member in pair)
        notices = {name: said.at + situation.compiled.instruments[name].notice_days * DAY
                   for (who, name), said in state.withdrawals.items()
                   if who == member and said.yes and name in situation.compiled.instruments}
        found.append(StandingView(
            member=member, role=party.role, kind=party.kind, standing=general.standing,
            clauses=sorted(general.clauses), under=under, cut_with=cut, leaves=notices,
            signed=sorted(name for who, name in situation.bound if who == member),
            epoch=epoch_at(state, at),
        ))
    return found


def proposals(situation: Situation, at: int) -> list[ProposalView]:
    """Return every proposal with how far it has come at ``at``, newest first."""
    state = situation.state
    effective = {reference for _, reference, _ in in_effect(state, at)}
    rows = sorted(state.proposals.items(), key=lambda item: (item[1].at, item[0]), reverse=True)
    return [_proposal(situation, reference, put, at, reference in effective) for reference, put in rows]


def _proposal(situation: Situation, reference: str, put: Proposal, at: int, effective: bool) -> ProposalView:
    state, record = situation.state, record_of(situation.state, reference)
    cast = {member: vote for (name, member), vote in state.votes.items() if name == reference}
    status, next_at, reasons = _status(situation, reference, put, record, at, effective)
    return ProposalView(
        proposal=reference, by=put.by, decision=put.decision, title=put.title, subject=put.subject.hex(),
        act=_short(put), concerned=put.concerned, participants=list(put.participants),
        against=put.against, proposed_at=put.at, status=status, next_at=next_at, reasons=reasons,
        effective_at=record.effective_at if record and record.verdict == "adopted" else None,
        recorded_by=record.by if record else None,
        votes=[VoteView(member=member, choice=vote.choice, at=vote.at, reason=vote.reason,
                        counted=record is not None and any(c.message == vote.message for c in record.votes))
               for member, vote in sorted(cast.items())],
    )


def _short(put: Proposal) -> dict[str, Any]:
    """Return what a proposal does, without the text of an amendment."""
    plain: dict[str, Any] = msgspec.to_builtins(put.act, builtin_types=(bytes,))
    return {**plain, "document": f"{len(plain['document'])} bytes"} if "document" in plain else plain


def _status(
    situation: Situation, reference: str, put: Proposal, record: Recorded | None, at: int, effective: bool
) -> tuple[str, int | None, list[str]]:
    state = situation.state
    if reference in state.retracted and record is None:
        return "retracted", None, [f"{put.by} has taken it back"]
    if record is not None:
        counted = ", ".join(f"{vote.member} {vote.choice}" for vote in record.votes) or "no votes"
        said = [f"recorded by {record.by} with {counted}", *_why(situation, put, record)]
        if record.verdict == "blocked":
            return "blocked", None, said
        if effective:
            return "in-effect", None, said
        return ("queued", record.effective_at, said) if at < record.effective_at else ("appealed", None, said)
    if put.decision not in situation.compiled.classes:
        return "open", None, ["the charter in effect has no such class of decisions any more"]
    votes = {member: Vote(vote.choice, vote.at) for (name, member), vote in state.votes.items() if name == reference}
    outcome = outcome_of(situation, put, votes, put.at, at)
    contested = ["an earlier record left a vote out and is void"] * bool(state.records.get(reference))
    verdict = {"pending": "open", "adopted": "to-record", "blocked": "to-record"}[outcome.verdict]
    return verdict, outcome.next_at, [*contested, *outcome.reasons]


def _why(situation: Situation, put: Proposal, record: Recorded) -> tuple[str, ...]:
    """Return how the votes that ``record`` lists come to its verdict; none where the charter now counts otherwise."""
    if put.decision not in situation.compiled.classes:
        return ()
    votes = {vote.member: Vote(vote.choice, vote.at) for vote in record.votes}
    outcome = outcome_of(situation, put, votes, record.opened_at, record.closed_at)
    return outcome.reasons if outcome.verdict == record.verdict else ()


def competent(situation: Situation, at: int) -> list[CompetentView]:
    """Return the competent bodies of every member, and by when one that has named none is to do so."""
    found = []
    for member, party in situation.compiled.members.items():
        named = situation.state.competent.get(member)
        signed = [each.at for signers in situation.state.signatures.values() for each in signers.get(member, ())]
        due = min(signed) + NAMING_DAYS * DAY if signed and named is None and party.role == "member" else None
        bodies = named.bodies if named else ()
        found.append(CompetentView(
            member=member, bodies=[msgspec.to_builtins(body) for body in bodies], named_at=named.at if named else None,
            due=due, overdue=due is not None and due < at,
        ))
    return found


def reservations(situation: Situation) -> list[ReservationView]:
    """Return every reservation with the answers to it."""
    state = situation.state
    return [
        ReservationView(
            member=member, instrument=instrument, clause=clause, excludes=list(word.excludes),
            obligations=list(word.obligations), text=word.text, at=word.at, withdrawn=word.withdrawn,
            answers={who: max(answers).stance for (who, reserving, about, name), answers in state.reactions.items()
                     if (reserving, about, name) == (member, instrument, clause)},
        )
        for (member, instrument, clause), word in sorted(state.reservations.items())
    ]
