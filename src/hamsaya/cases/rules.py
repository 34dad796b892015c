"""Who may do what within a case, and when.

Rules, in the order in which they are applied
1. Every message names its case                                             else ``case-required``
2. what it refers to has been seen: the case, the request, the item         else ``predecessor-missing``
3. the sender holds the role that ``ROLES`` asks for                else ``not-a-participant``, ``wrong-role``
4. recipients are participants or observers, and those concerned are told
                                                            else ``recipient-outside``, ``recipient-missing``
5. ``TRANSITIONS`` has a row for the state and the kind     else ``already-exists``, ``illegal-transition``
   A row of ``CROSSING`` is for what has arrived: a node sends nothing that its own state has overtaken.
   Before all of them the node asks ``freezing.stopped``: in a frozen case little goes on    else ``case-frozen``
6. the rules of the kind: ``files`` (the case), ``freezing``, ``notices``, ``requests`` (questions and clocks),
   ``items`` (what was given), ``talk`` (what is said), ``timing`` (what nodes say by the clock).

Messages may arrive in any order once what they refer to is there, with two exceptions that nobody can heal
afterwards: a reference belongs to whoever uses it first (begin yours with your own slug), and a question that arrived
before the closing it came after stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.cases import files, freezing, items, notices, requests, talk, timing
from hamsaya.cases.clocks import Annex
from hamsaya.cases.files import MAX_RETENTION
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState
from hamsaya.messages.event import Event

Find = Callable[[CasesState, Event, str, Case | None], Matter | None]
Refuse = Callable[[CasesState, Event, Matter, int], Iterator[Decision]]

# Who may send each kind.
ROLES: dict[str, str] = {
    **files.ROLES, **freezing.ROLES, **notices.ROLES, **requests.ROLES, **items.ROLES, **talk.ROLES, **timing.ROLES
}
# The life of a case, of a request and of an item, one published table. What has no row is refused.
TRANSITIONS: dict[tuple[str, str], str] = {
    **files.TRANSITIONS, **freezing.TRANSITIONS, **notices.TRANSITIONS, **requests.TRANSITIONS, **items.TRANSITIONS,
    **talk.TRANSITIONS, **timing.TRANSITIONS,
}
# Rows for what crossed another message on its way.
CROSSING = requests.CROSSING
# Each kind's part: how to find what it is about, and its own rules.
PARTS: dict[str, tuple[Find, tuple[Refuse, ...]]] = {
    **dict.fromkeys(files.ROLES, (files.matter, (files.refusals,))),
    **dict.fromkeys(freezing.ROLES, (freezing.matter, (freezing.refusals,))),
    **dict.fromkeys(notices.ROLES, (notices.matter, (notices.refusals,))),
    **dict.fromkeys(requests.ROLES, (requests.matter, (requests.refusals,))),
    **dict.fromkeys(items.ROLES, (items.matter, (items.refusals,))),
    **dict.fromkeys(talk.ROLES, (talk.matter, (talk.refusals,))),
    **dict.fromkeys(timing.ROLES, (timing.matter, (timing.refusals,))),
    "case.answer": (items.answered, (requests.refusals, items.refusals)),
}


def decide(
    state: CasesState, event: Event, observers: frozenset[str] = frozenset(), longest: int = MAX_RETENTION,
    overseers: frozenset[str] = frozenset(), annexes: Sequence[Annex] = (),
) -> Decision:
    """Return whether ``event`` (of a ``case.*`` kind) may be applied to ``state``.

    Args:
        observers: Members that may be addressed without being participants: oversight and the joint cell.
        longest: How long the instrument lets a case be kept, milliseconds.
        overseers: Those of the observers that oversee.
        annexes: The terms that pairs of members agreed on.
    """
    if event.kind not in PARTS:
        return refuse("illegal-transition", "cases:kinds", f"{event.kind} is no message of a case")
    if event.case is None:
        return refuse("case-required", "cases:case", "every message of the cell belongs to a case")
    find, rules = PARTS[event.kind]
    matter = find(state, event, event.case, state.cases.get(event.case))
    if matter is None:
        return refuse("predecessor-missing", "cases:order", "what this message refers to has not arrived yet")
    sending = state.own == event.sender
    matter = replace(matter, sending=sending, overseers=overseers, annexes=tuple(annexes))
    longest = min(longest, MAX_RETENTION)
    found = chain(_refusals(event, matter, observers), *(rule(state, event, matter, longest) for rule in rules))
    return next(found, permit(f"cases:{event.kind}", f"{ROLES[event.kind]} may do this in state {matter.status!r}"))


def _refusals(event: Event, matter: Matter, observers: frozenset[str]) -> Iterator[Decision]:
    """Yield every refusal of rules 3 to 5 that applies, in their order."""
    # 3. The sender's role.
    if event.sender not in matter.actors:
        code = "wrong-role" if event.sender in matter.participants else "not-a-participant"
        yield refuse(code, "cases:roles", f"only {ROLES[event.kind]} may send {event.kind}")
    # 4. The recipients.
    told = frozenset(event.recipients)
    if outside := told - matter.participants - observers:
        text = f"{', '.join(sorted(outside))} takes no part in the case"
        yield refuse("recipient-outside", "cases:recipients", text)
    if missing := matter.told - told - {event.sender}:
        text = f"{', '.join(sorted(missing))} must be told"
        yield refuse("recipient-missing", "cases:recipients", text)
    # 5. The table of states.
    if (matter.status, event.kind) not in TRANSITIONS:
        if ("none", event.kind) in TRANSITIONS:
            yield refuse("already-exists", "cases:transitions", "its reference is taken")
        text = f"{event.kind} has no place in state {matter.status!r}"
        yield refuse("illegal-transition", "cases:transitions", text)
    elif matter.sending and (matter.status, event.kind) in CROSSING:
        text = f"{event.kind} comes too late in state {matter.status!r}"
        yield refuse("illegal-transition", "cases:transitions", text)
