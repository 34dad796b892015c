"""A case that oversight has frozen: what stands still, what goes on, and what both ends do with what crosses it.

Rules
1. A party that oversees freezes a case under a reference of its own, and tells every participant.
                              else ``wrong-role``, ``recipient-missing``, ``recipient-outside``, ``already-exists``
2. It alone ends that freeze; a case is frozen while any freeze of it stands.
                                                     else ``predecessor-missing``, ``illegal-transition``
3. While a case is frozen here, nothing of it is sent or taken in but ``PASS``, a correction of what was given before,
   and an end or refusal of a consent.                                                       else ``case-frozen``
   What a sender could not know of waits at its node until the freeze ends, whatever date it bears.
4. Every clock of the case's requests stands from the freeze to its end; the reason is the freeze, signed. One heard
   more than a day after its date counts here from then on, and so does its end (``messages.timely``): nobody makes or
   wipes lateness by an earlier date. The other end may then reckon differently (``as_dated``).

What is not named here is stopped: a kind that is added later is, until somebody says that it may pass.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec.structs import replace

from hamsaya.base.decision import Decision, refuse
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState, Frozen, Request
from hamsaya.messages.cases import Answer
from hamsaya.messages.event import Event
from hamsaya.messages.items import ConsentGiven
from hamsaya.messages.oversight import Freeze, Unfreeze
from hamsaya.messages.timely import heard_late

ROLES = {"oversight.freeze": "a party that oversees", "oversight.unfreeze": "the party that froze it"}
TRANSITIONS = {
    ("open", "oversight.freeze"): "frozen",
    ("closed", "oversight.freeze"): "frozen",
    ("frozen", "oversight.freeze"): "frozen",
    ("frozen", "oversight.unfreeze"): "as before",
}
# What gives and asks nothing, and what protects whoever is named or whoever gave.
PASS = frozenset(
    f"case.{word}" for word in (
        "acknowledge", "admit", "pause", "resume", "extend", "decline", "transfer", "withdraw", "overdue", "seen",
        "revoke", "recall", "purge", "hold", "unhold", "tombstone", "consent-end",
        "read", "clear", "late", "notice-date", "notice-given", "notice-postpone",
    )
) | {"match.decline", "match.lapse"}


def freezes(state: CasesState, case: str) -> tuple[Frozen, ...]:
    """Return every freeze of ``case`` known here, by its beginning."""
    return state.freezes.get(case, ())


def standing(state: CasesState, case: str) -> tuple[Frozen, ...]:
    """Return the freezes of ``case`` that have not been ended."""
    return tuple(each for each in freezes(state, case) if each.ended_at is None)


def stopped(state: CasesState, event: Event) -> Decision | None:
    """Return the refusal of ``event``, of whatever room, where its case is frozen here; None where it may pass."""
    if event.case is None or event.kind.startswith("oversight.") or passes(event):
        return None
    found = standing(state, event.case)
    if not found:
        return None
    first = found[0]
    text = f"{first.by} has frozen the case ({first.reason}); it waits until that ends"
    return refuse("case-frozen", "cases:freeze", text)


def passes(event: Event) -> bool:
    """Say whether ``event`` goes on in a frozen case."""
    match event.body:
        case Answer(supersedes=supersedes):
            return supersedes is not None
        case ConsentGiven(granted=granted):
            return not granted
        case _:
            return event.kind in PASS


# --- Freezing and its end --------------------------------------------------------------------------------------


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a freeze or its end is about, or None while that is unknown here.

    A party that oversees knows no case: those whom it tells are the participants, as its reports have named them.
    """
    own = state.own == event.sender
    if case is None and not own:
        return None
    if isinstance(event.body, Unfreeze) and not _mine(state, event, event.body.freeze):
        return None
    people = frozenset(event.recipients) if case is None else frozenset(case.participants)
    status = "frozen" if standing(state, ref) else "open" if case is None else case.status
    return Matter(status, frozenset((event.sender,)), people, people, case)


def _mine(state: CasesState, event: Event, freeze: str) -> tuple[Frozen, ...]:
    return tuple(each for each in freezes(state, event.case or "")
                 if (each.by, each.freeze) == (event.sender, freeze))


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a freeze or its end."""
    if event.sender not in matter.overseers:
        yield refuse("wrong-role", "cases:freeze", "only a party that oversees freezes a case")
    if not matter.participants - {event.sender}:
        yield refuse("recipient-missing", "cases:freeze", "every participant of the case must be told")
    match event.body:
        case Freeze(freeze=freeze):
            if _mine(state, event, freeze):
                yield refuse("already-exists", "cases:freeze", "its reference is taken")
        case Unfreeze(freeze=freeze):
            if all(each.ended_at is not None for each in _mine(state, event, freeze)):
                yield refuse("illegal-transition", "cases:freeze", "that freeze has been ended")


# --- What follows ----------------------------------------------------------------------------------------------


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after a freeze or its end, with the clocks of the case's requests."""
    ref, known = event.case or "", freezes(state, event.case or "")
    match event.body:
        case Freeze(freeze=freeze, reason=reason, officer=officer):
            fresh = Frozen(case=ref, freeze=freeze, by=event.sender, reason=reason, officer=officer, at=event.issued_at,
                           told=tuple(sorted(event.recipients)), heard_at=heard_late(event))
            known = (*known, fresh)
        case Unfreeze(freeze=freeze, reason=why, officer=officer):
            known = tuple(
                replace(each, ended_at=max(event.issued_at, each.at), end_reason=why, ended_by=officer,
                        end_heard_at=heard_late(event))
                if (each.by, each.freeze) == (event.sender, freeze) and each.ended_at is None else each
                for each in known
            )
    return _put(state, ref, tuple(sorted(known, key=lambda each: (each.at, each.by, each.freeze))))


def _put(state: CasesState, ref: str, known: tuple[Frozen, ...]) -> CasesState:
    state = dataclasses.replace(state, freezes=state.freezes.set(ref, known))
    requests = state.requests
    for key, request in requests.items():
        if key[0] == ref:
            requests = requests.set(key, with_spans(state, request))
    return dataclasses.replace(state, requests=requests)


def as_dated(state: CasesState, ref: str) -> CasesState:
    """Return ``state`` as it is where every freeze of the case was heard in time: as another end may reckon."""
    known = freezes(state, ref)
    if all(each.heard_at is None and each.end_heard_at is None for each in known):
        return state
    return _put(state, ref, tuple(replace(each, heard_at=None, end_heard_at=None) for each in known))


def with_spans(state: CasesState, request: Request) -> Request:
    """Return ``request`` with the times for which its case was or is frozen."""
    spans = tuple(each.span for each in freezes(state, request.case))
    return request if request.frozen == spans else replace(request, frozen=spans)
