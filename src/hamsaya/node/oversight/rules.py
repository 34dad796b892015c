"""Who may do what in oversight: reports, comparisons, legal acts and what is released under them, freezes.

Rules
report    as in ``stream``
compare   from one overseer to another, about a member that reports to the sender, and one that reports to the receiver
                                                                                                   else ``wrong-role``
freeze    by a party that oversees one of the case's participants; at that party all whom the reports name as
unfreeze  participants are told, and nobody else; the rest is the cell's (``cases.freezing``). Where the reports know
          several openings of one reference each is frozen by itself: neither's participants learn of the other's
                                 else ``not-overseen``, ``unknown-case``, ``recipient-missing``, ``recipient-outside``
legal-act by a party that oversees everybody asked, about a case known there; signed by two different persons; for at
          most 90 days; under a fresh reference
                  else ``not-overseen``, ``predecessor-missing``, ``two-persons``, ``bad-validity``, ``already-exists``
release   by who was asked in a legal act, to who made it and nobody else, while the act holds; each part once
                                          else ``no-legal-act``, ``recipient-outside``, ``expired``, ``already-exists``
notice    a word about notice is the case's opener's, as the reports name it, at a node that is told of no case
                                                                           else ``predecessor-missing``, ``wrong-role``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY
from hamsaya.cases.types import CasesState
from hamsaya.messages.event import Event
from hamsaya.messages.oversight import Compare, LegalAct, Release, Report
from hamsaya.node.directory import DirectoryState
from hamsaya.node.oversight import stream
from hamsaya.node.oversight.types import ActRecord, Compared, OversightState

MAX_ACT = 90 * DAY
"""How long content may be asked for under one legal act; a longer one is recorded again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the node knows from elsewhere: who oversees whom, the keys of logs and their origins, the cases."""

    overseers: Mapping[str, frozenset[str]]
    origins: Mapping[str, str]
    directory: DirectoryState
    cases: CasesState

    def overseen(self, overseer: str, member: str) -> bool:
        """Say whether ``member`` reports to ``overseer``."""
        return overseer in self.overseers.get(member, frozenset())


def decide(state: OversightState, event: Event, facts: Facts) -> Decision:
    """Decide on an ``oversight.*`` message but for what the cell's own rules say of freezes."""
    match event.body:
        case Report() as report:
            overseers = facts.overseers.get(event.sender, frozenset())
            return stream.decide(state, facts.directory, event, report, overseers, facts.origins.get(event.sender, ""))
        case Compare() as body:
            refusals = _compare(event, body, facts)
        case LegalAct() as body:
            refusals = _act(state, event, body, facts)
        case Release() as body:
            refusals = _release(state, event, body)
        case _:
            refusals = _freeze(state, event, facts)
    return next(refusals, permit(f"oversight:{event.kind}", "it fits the rules of oversight"))


def _compare(event: Event, body: Compare, facts: Facts) -> Iterator[Decision]:
    ours = facts.overseen(event.sender, body.overseen)
    theirs = all(facts.overseen(name, body.other) for name in event.recipients)
    if not ours or not theirs or not event.recipients or body.overseen == body.other:
        yield refuse("wrong-role", "oversight:compare", "each compares what the member that it oversees has reported")


def participants(state: OversightState, event: Event, facts: Facts) -> list[frozenset[str]]:
    """Return the participants of the case of ``event``, from the cell's state or of each opening that reports have
    named; empty while unknown.
    """
    case = facts.cases.cases.get(event.case or "")
    if case is not None:
        return [frozenset(case.participants)]
    return [stream.participants_of(each) for each in stream.openings_of(state, event.case or "")]


def _freeze(state: OversightState, event: Event, facts: Facts) -> Iterator[Decision]:
    openings = participants(state, event, facts)
    if not openings:
        code = "unknown-case" if event.sender == state.own else "predecessor-missing"
        yield refuse(code, "oversight:freeze", "no report of this case's opening has arrived")
        return
    told = set(event.recipients) & facts.overseers.keys()
    # The opening that is meant is the one whose participants are told; else the nearest to it.
    known = min(openings, key=lambda each: len((each & facts.overseers.keys()) ^ told))
    if not any(facts.overseen(event.sender, member) for member in known):
        yield refuse("not-overseen", "oversight:freeze", "it oversees no participant of the case")
    if missing := known & facts.overseers.keys() - told:
        yield refuse("recipient-missing", "oversight:freeze", f"{', '.join(sorted(missing))} must be told")
    if outside := told - known:
        yield refuse("recipient-outside", "oversight:freeze", f"{', '.join(sorted(outside))} takes no part in the case")


def _act(state: OversightState, event: Event, body: LegalAct, facts: Facts) -> Iterator[Decision]:
    if not event.recipients or not all(facts.overseen(event.sender, name) for name in event.recipients):
        yield refuse("not-overseen", "oversight:act", "content is asked of members that the sender oversees")
    if not participants(state, event, facts):
        yield refuse("predecessor-missing", "oversight:act", "the case is not known here")
    if body.officer == body.second_officer:
        yield refuse("two-persons", "oversight:act", "two different persons answer for it")
    if not event.issued_at < body.until <= event.issued_at + MAX_ACT:
        yield refuse("bad-validity", "oversight:act", "content is asked for during at most 90 days")
    if (event.sender, body.act) in state.acts:
        yield refuse("already-exists", "oversight:act", "its reference is taken")


def _release(state: OversightState, event: Event, body: Release) -> Iterator[Decision]:
    asked = [act for (_, ref), act in state.acts.items()
             if ref == body.act and event.sender in act.to and act.by in event.recipients]
    if not asked or asked[0].case != event.case:
        yield refuse("no-legal-act", "oversight:release", "no legal act known here asks this member for this case")
        return
    act = asked[0]
    if event.recipients != (act.by,):
        yield refuse("recipient-outside", "oversight:release", "it goes to who made the act, and to nobody else")
    if event.issued_at >= act.until:
        yield refuse("expired", "oversight:release", "the time of the legal act is over")
    had = act.released.get(event.sender, ())
    if not 1 <= body.part <= body.parts or any(part == body.part or of != body.parts for part, of in had):
        yield refuse("already-exists", "oversight:release", "each part is released once")


def notice_of(state: OversightState, event: Event) -> Decision | None:
    """Return what forbids a word about notice at a node that is told of no case; None where nothing does."""
    openings = stream.openings_of(state, event.case or "")
    if not openings:
        return refuse("predecessor-missing", "oversight:notice", "no report of this case's opening has arrived")
    if all(opening.sender != event.sender for opening in openings):
        return refuse("wrong-role", "oversight:notice", "only the opener owes the notice")
    return None


# --- The fold --------------------------------------------------------------------------------------------------


def apply(state: OversightState, event: Event) -> OversightState:
    """Return the state after an admitted message of oversight; freezes are the cell's."""
    match event.body:
        case Report() as report:
            return stream.apply(state, event, report)
        case Compare() as body:
            return _compared(state, event, body)
        case LegalAct() as body:
            act = ActRecord(
                act=body.act, by=event.sender, case=event.case or "", authority=body.authority, law=body.law,
                items=tuple(body.items), until=body.until, officers=(body.officer, body.second_officer),
                at=event.issued_at, to=event.recipients,
            )
            return replace(state, acts=state.acts.set((act.by, act.act), act))
        case Release(act=ref, part=part, parts=parts):
            key = next(key for key, act in state.acts.items() if key[1] == ref and act.by in event.recipients)
            act = state.acts[key]
            had = (*act.released.get(event.sender, ()), (part, parts))
            released = {**act.released, event.sender: tuple(sorted(had))}
            return replace(state, acts=state.acts.set(key, msgspec.structs.replace(act, released=released)))
    return state


def _compared(state: OversightState, event: Event, body: Compare) -> OversightState:
    if event.sender == state.own:
        return state
    found = Compared(by=event.sender, overseen=body.overseen, other=body.other, since=body.since, until=body.until,
                     sent=tuple(body.sent), received=tuple(body.received), at=event.issued_at)
    return replace(state, compared=state.compared.set((event.sender, body.overseen, body.other, body.since), found))
