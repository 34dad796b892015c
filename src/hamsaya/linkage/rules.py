"""How a tranche moves, and what can never be stopped.

Rules
1. A tranche is declared once, by a payer or the joint cell; its receiver is no payer; its flow is an interval
                    else ``already-exists``, ``not-a-payer``, ``receiver-pays``, ``interval``
2. a step moves a tranche that is known here, and is sent by a payer or the joint cell
                    else ``predecessor-missing``, ``not-a-payer``
3. humanitarian goods, medicine and pedestrian return are never put on notice nor suspended, on any ground
                    else ``humanitarian``
4. the step is a row of ``TRANSITIONS``; where only rows in between are missing, they may be on their way
                    else ``illegal-transition``, ``predecessor-missing``
5. the ground of the row is there: an adopted finding on the tranche's own commitment with one of its ratings
                    else ``predecessor-missing`` (no adopted finding of that name here), ``ground``
6. thirty days lie between notice and suspension (an exercise may play its clocks faster)
                    else ``notice-term``

Where the ground is a decision of the members, the step names it and the charter's rules have judged it. One
tranche, one hand: of two lawful steps that two payers take at once, a node keeps the first it sees, so payers agree
on who moves a tranche.
Left out: votes on continuation, and how long a probation lasts.
"""

from __future__ import annotations

from collections.abc import Iterator

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY
from hamsaya.linkage.types import LinkageState, TrancheRecord
from hamsaya.messages.compliance import Rating
from hamsaya.messages.event import Event
from hamsaya.messages.linkage import Goods, Step, Tranche, TrancheState

NOTICE_TERM = 30 * DAY
NON_SUSPENDABLE: frozenset[Goods] = frozenset(("humanitarian-goods", "medicine", "pedestrian-return"))

# State and next state to the ratings of which the ground must be one; the empty set stands for a decision.
_DECISION: frozenset[Rating] = frozenset()
_BREACH: frozenset[Rating] = frozenset(("NC",))
_HEALED: frozenset[Rating] = frozenset(("C", "LC"))
TRANSITIONS: dict[tuple[TrancheState, TrancheState], frozenset[Rating]] = {
    ("planned", "escrowed"): _DECISION,
    ("escrowed", "released"): _DECISION,
    ("released", "running"): _DECISION,
    ("running", "notice"): _BREACH,
    ("running", "matured"): _DECISION,
    ("notice", "suspended"): _BREACH,
    ("notice", "continued"): _DECISION,
    ("continued", "notice"): _BREACH,
    ("continued", "matured"): _DECISION,
    ("suspended", "reinstated"): _HEALED,
    ("reinstated", "running"): _DECISION,
    ("reinstated", "notice"): _BREACH,
    ("reinstated", "matured"): _DECISION,
}


def decide(
    state: LinkageState,
    event: Event,
    finding: tuple[str, Rating] | None = None,
    joint_cells: frozenset[str] = frozenset(),
) -> Decision:
    """Return whether ``event`` (of a ``linkage.*`` kind) may be applied to ``state``.

    Args:
        finding: Commitment and rating of the adopted finding that the step names as its ground; None when this
            node knows none of that name.
        joint_cells: Members of that role, which may declare and move tranches without paying.
    """
    permitted = permit(f"linkage:{event.kind}", "the table of states and the rules of its ground hold")
    return next(_refusals(state, event, finding, joint_cells), permitted)


def _refusals(
    state: LinkageState, event: Event, finding: tuple[str, Rating] | None, joint_cells: frozenset[str]
) -> Iterator[Decision]:
    match event.body:
        case Tranche() as body:
            if body.tranche in state.tranches:
                yield refuse("already-exists", "linkage:tranche", "the tranche's reference is taken")
            yield from _declare(event, body, joint_cells)
        case Step() as body:
            tranche = state.tranches.get(body.tranche)
            if tranche is None:
                yield _awaited(f"tranche {body.tranche} is not known here")
                return
            if event.sender not in joint_cells.union(tranche.payers):
                yield refuse("not-a-payer", "linkage:step", "only a payer or the joint cell moves a tranche")
            yield from _step(event, body.to, tranche, finding)
        case _:
            yield refuse("illegal-transition", "linkage:kinds", f"{event.kind} is none of linkage")


def _awaited(text: str) -> Decision:
    return refuse("predecessor-missing", "linkage:order", text)


def _declare(event: Event, body: Tranche, joint_cells: frozenset[str]) -> Iterator[Decision]:
    if event.sender not in joint_cells.union(body.payers):
        yield refuse("not-a-payer", "linkage:tranche", "only a payer or the joint cell declares a tranche")
    if body.receiver in body.payers:
        yield refuse("receiver-pays", "linkage:tranche", "the receiver of a tranche is none of its payers")
    if not body.low_musd <= body.mid_musd <= body.high_musd:
        yield refuse("interval", "linkage:tranche", "a flow is an interval: low <= mid <= high")


def _step(
    event: Event, to: TrancheState, tranche: TrancheRecord, finding: tuple[str, Rating] | None
) -> Iterator[Decision]:
    # 3. What never stops.
    if to in ("notice", "suspended") and tranche.goods in NON_SUSPENDABLE:
        yield refuse("humanitarian", "linkage:non-suspendable", f"{tranche.goods} is never stopped")
    # 4. The table.
    ground = TRANSITIONS.get((tranche.status, to))
    if ground is None:
        if to in reachable(tranche.status):
            yield _awaited(f"it is {tranche.status!r} here: the steps between are missing")
        text = f"no row leads from {tranche.status!r} to {to!r}"
        yield refuse("illegal-transition", "linkage:transitions", text)
        return
    # 5. The ground.
    if ground and finding is None:
        yield _awaited("its ground is no finding adopted here")
    if ground and finding is not None and (finding[0] != tranche.commitment or finding[1] not in ground):
        text = f"it needs a finding {' or '.join(sorted(ground))} on {tranche.commitment}"
        yield refuse("ground", "linkage:ground", text)
    # 6. The term of notice.
    if to == "suspended" and not event.exercise and event.issued_at < tranche.since + NOTICE_TERM:
        yield refuse("notice-term", "linkage:notice", "thirty days lie between notice and suspension")


def reachable(status: TrancheState) -> frozenset[TrancheState]:
    """Return every state that some sequence of rows leads to from ``status``."""
    found: set[TrancheState] = set()
    edge = {status}
    while edge := {to for (at, to) in TRANSITIONS if at in edge} - found:
        found |= edge
    return frozenset(found)
