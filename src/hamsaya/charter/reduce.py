"""What members said, folded. Whatever the order in which it arrives, the state comes out the same.

Of two statements of one member about one thing the later stands, of two equal signatures or two votes the earlier:
by time of issue, then by message id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from immutables import Map

from hamsaya.canon import digest, encode
from hamsaya.charter.said import Cast, CharterState, Counted, Named, Proposal, Reacted, Recorded, Reserved, Said, Signed
from hamsaya.messages import charter as said
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, encode_body

K = TypeVar("K")
V = TypeVar("V", Reserved, Said, Named)


def apply(state: CharterState, event: Event) -> CharterState:
    """Return ``state`` with what ``event`` says; other kinds change nothing here."""
    at, who, message = event.issued_at, event.sender, event.message_id
    match event.body:
        case said.Sign() as body:
            return _sign(state, who, at, body)
        case said.Reserve() as body:
            reserved = Reserved(at, message, tuple(body.excludes), tuple(body.obligations), body.text, body.withdrawn)
            about = (who, body.instrument, body.clause)
            return replace(state, reservations=_latest(state.reservations, about, reserved))
        case said.React() as body:
            to = (who, body.reserving, body.instrument, body.clause)
            answers = state.reactions.get(to, frozenset()) | {Reacted(at, body.stance)}
            return replace(state, reactions=state.reactions.set(to, answers))
        case said.Withdraw() as body:
            notice = Said(at, message, not body.revoked, body.text)
            return replace(state, withdrawals=_latest(state.withdrawals, (who, body.instrument), notice))
        case said.Cut() as body:
            cut = Said(at, message, body.cut, body.reason)
            return replace(state, cuts=_latest(state.cuts, (who, body.member), cut))
        case said.Competent() as body:
            named = Named(at, message, tuple(body.bodies))
            return replace(state, competent=_latest(state.competent, who, named))
        case _:
            return _assembly(state, event)


def _assembly(state: CharterState, event: Event) -> CharterState:
    at, message = event.issued_at, event.message_id
    match event.body:
        case said.Propose() as body:
            put = Proposal(body.put_at, message, event.sender, subject_of(body), body.decision, body.title,
                           kept(body.act), body.concerned, tuple(body.participants), body.against)
            # Put again it is the same question; of its messages the one with the lower id stands for it everywhere.
            first_put = min(state.proposals.get(body.proposal, put), put, key=lambda each: (each.at, each.message))
            return replace(state, proposals=state.proposals.set(body.proposal, first_put))
        case said.Retract(proposal=reference):
            return replace(state, retracted=state.retracted.set(reference, min(at, state.retracted.get(reference, at))))
        case said.CastVote() as body:
            cast = Cast(at, message, body.choice, body.reason, tuple(body.ballot))
            first = min(state.votes.get((body.proposal, event.sender), cast), cast, key=lambda each: each[:2])
            return replace(state, votes=state.votes.set((body.proposal, event.sender), first))
        case said.Record() as body:
            votes = tuple(Counted(vote.member, vote.choice, vote.at, vote.message) for vote in body.votes)
            record = Recorded(event.sender, message, body.verdict, body.opened_at, body.decided_at, body.closed_at,
                              body.effective_at, body.rank, body.epoch, votes)
            held = state.records.get(body.proposal, Map[bytes, Recorded]())
            return replace(state, records=state.records.set(body.proposal, held.set(message, record)))
        case said.Contest(record=record_id):
            return replace(state, contested=state.contested | {record_id})
        case _:
            return state


def kept(act: said.Act) -> said.Act:
    """Return ``act`` as the state keeps it: with nothing in it that could change."""
    if isinstance(act, said.SetStanding):
        return msgspec.structs.replace(act, clauses=tuple(act.clauses))
    return act


def subject_of(proposal: Body) -> bytes:
    """Return the 32 bytes by which votes and records name exactly this proposal."""
    return digest(encode_body(proposal))


def _sign(state: CharterState, who: str, at: int, body: said.Sign) -> CharterState:
    """Signing the same once more changes nothing; what is signed later is signed since then.

    Each instrument is kept by itself: a member that signs ever other sets of them adds nothing.
    """
    key = (body.document, body.revision)
    signed = state.signed(*key)
    since = {each.instruments: each.at for each in signed.get(who, ())}
    sets: list[tuple[str, ...]] = [(name,) for name in body.instruments]
    for instruments in sets or [()]:
        since[instruments] = min(at, since.get(instruments, at))
    signatures = tuple(sorted(Signed(first, names) for names, first in since.items()))
    return replace(state, signatures=state.signatures.set(key, signed.set(who, signatures)))


def _latest(known: Map[K, V], key: K, word: V) -> Map[K, V]:
    earlier = known.get(key)
    return known if earlier is not None and earlier[:2] > word[:2] else known.set(key, word)


def snapshot(state: CharterState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    return {
        "signatures": _rows((*key, member, *signature) for key, signers in state.signatures.items()
                            for member, signatures in signers.items() for signature in signatures),
        "reservations": _rows((*key, *word) for key, word in state.reservations.items()),
        "reactions": _rows((*key, *answer) for key, answers in state.reactions.items() for answer in answers),
        "withdrawals": _rows((*key, *word) for key, word in state.withdrawals.items()),
        "cuts": _rows((*key, *word) for key, word in state.cuts.items()),
        "competent": _rows((member, *named) for member, named in state.competent.items()),
        "proposals": _rows((reference, *put) for reference, put in state.proposals.items()),
        "retracted": _rows(state.retracted.items()),
        "votes": _rows((*key, *cast) for key, cast in state.votes.items()),
        "records": _rows((reference, *record) for reference, records in state.records.items()
                         for record in records.values()),
        "contested": sorted(state.contested),
    }


def _rows(rows: Any) -> list[Any]:
    """Return tuples as plain lists, in the order of their encodings."""
    plain = [msgspec.to_builtins(row, builtin_types=(bytes,)) for row in rows]
    return sorted(plain, key=encode)
