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
5. where the row asks for a finding, the ground is one on the tranche's own commitment that speaks now, with one of the
   row's ratings                else ``predecessor-missing`` (no finding of that name speaks here), ``ground``
6. a notice rests on a finding that no earlier notice of the tranche rested on; a suspension on that of its notice
                    else ``ground-used``, ``ground``
7. thirty days lie between notice and suspension (an exercise may play its clocks faster), and in the meantime no vote
   let the tranche go on        else ``notice-term``, ``continued-by-vote``
8. where the row asks for a vote, the ground is the members' recorded decision on this very tranche and its receiver,
   closed since the notice, by which it goes on
                    else ``predecessor-missing`` (no such record here), ``ground``
9. a reinstatement, and nothing else, says how long the probation lasts: at least thirty days (in an exercise one);
   until it is over the tranche neither runs as before nor matures     else ``probation``

The charter asks the members one question: is this benefit to be suspended? The default is inverted: without a vote it
is, and where enough of the others refuse, the record of their vote lets it go on. A vote that crossed the suspension on
its way lifts it: so all who were told come to the same state in whatever order the two arrive.

The steps of payment (escrowed, released, running, matured) rest on decisions of the payers, which the step names and
the payers answer for. One tranche, one hand: of two lawful steps that two payers take at once, a node keeps the first
it sees, so payers agree on who moves a tranche.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY
from hamsaya.linkage.types import Decided, LinkageState, TrancheRecord
from hamsaya.messages.compliance import Rating
from hamsaya.messages.event import Event
from hamsaya.messages.linkage import Goods, Step, Tranche, TrancheState

NOTICE_TERM = 30 * DAY
LEAST_PROBATION_DAYS = 30
NON_SUSPENDABLE: frozenset[Goods] = frozenset(("humanitarian-goods", "medicine", "pedestrian-return"))

# State and next state to the ratings of which the ground must be one; the empty set stands for a decision: of the
# members where the row is in ``VOTED``, else of the payers.
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
    ("suspended", "continued"): _DECISION,
    ("suspended", "reinstated"): _HEALED,
    ("reinstated", "running"): _DECISION,
    ("reinstated", "notice"): _BREACH,
    ("reinstated", "matured"): _DECISION,
}
VOTED: frozenset[tuple[TrancheState, TrancheState]] = frozenset((("notice", "continued"), ("suspended", "continued")))


def decide(
    state: LinkageState,
    event: Event,
    finding: tuple[str, Rating] | None = None,
    joint_cells: frozenset[str] = frozenset(),
    decisions: Sequence[Decided] = (),
) -> Decision:
    """Return whether ``event`` (of a ``linkage.*`` kind) may be applied to ``state``.

    Args:
        finding: Commitment and rating of the finding that the step names as its ground and that speaks when the step
            is taken; None when this node knows none of that name.
        joint_cells: Members of that role, which may declare and move tranches without paying.
        decisions: What the members are recorded here to have decided on the suspension of this very tranche.
    """
    permitted = permit(f"linkage:{event.kind}", "the table of states and the rules of its ground hold")
    return next(_refusals(state, event, finding, joint_cells, decisions), permitted)


def _refusals(
    state: LinkageState, event: Event, finding: tuple[str, Rating] | None, joint_cells: frozenset[str],
    decisions: Sequence[Decided],
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
            yield from _step(event, body, tranche, finding, decisions)
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
    event: Event, body: Step, tranche: TrancheRecord, finding: tuple[str, Rating] | None, decisions: Sequence[Decided]
) -> Iterator[Decision]:
    to = body.to
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
    # 5. The finding.
    if ground and finding is None:
        yield _awaited("its ground is no finding that speaks here")
    if ground and finding is not None and (finding[0] != tranche.commitment or finding[1] not in ground):
        text = f"it needs a finding {' or '.join(sorted(ground))} on {tranche.commitment}"
        yield refuse("ground", "linkage:ground", text)
    # 6. and 7. Notice, and what comes of it.
    if to == "notice" and any((step.to, step.ground) == ("notice", body.ground) for step in tranche.steps):
        yield refuse("ground-used", "linkage:ground", "an earlier notice rested on that finding; it takes another")
    if to == "suspended":
        yield from _suspend(event, body, tranche, decisions)
    # 8. The vote.
    if (tranche.status, to) in VOTED:
        yield from _continue(body, tranche, decisions)
    # 9. Probation.
    yield from _probation(event, body, tranche)


def _suspend(event: Event, body: Step, tranche: TrancheRecord, decisions: Sequence[Decided]) -> Iterator[Decision]:
    if tranche.noticed is None or tranche.noticed.ground != body.ground:
        yield refuse("ground", "linkage:ground", "a suspension rests on the finding of its notice")
    if not event.exercise and event.issued_at < tranche.since + NOTICE_TERM:
        yield refuse("notice-term", "linkage:notice", "thirty days lie between notice and suspension")
    for vote in decisions:
        if _goes_on(vote, tranche):
            text = f"by the vote {vote.proposal} it goes on; move it to 'continued' on that ground"
            yield refuse("continued-by-vote", "linkage:vote", text)


def _continue(body: Step, tranche: TrancheRecord, decisions: Sequence[Decided]) -> Iterator[Decision]:
    named = next((vote for vote in decisions if vote.proposal == body.ground), None)
    if named is None:
        yield _awaited(f"no vote {body.ground} on this tranche has been recorded here")
    elif not _goes_on(named, tranche):
        text = "it needs a vote on this tranche and its receiver, closed since the notice, by which it goes on"
        yield refuse("ground", "linkage:vote", text)


def _goes_on(vote: Decided, tranche: TrancheRecord) -> bool:
    """Say whether ``vote`` lets ``tranche`` go on. Who is concerned has no vote, so it must be the receiver."""
    since = tranche.noticed.at if tranche.noticed else tranche.declared_at
    return vote.goes_on and vote.concerned == tranche.receiver and vote.at >= since


def _probation(event: Event, body: Step, tranche: TrancheRecord) -> Iterator[Decision]:
    if (body.probation_days is None) == (body.to == "reinstated"):
        yield refuse("probation", "linkage:probation", "a reinstatement, and nothing else, has a probation in days")
    if body.to == "reinstated" and not event.exercise and (body.probation_days or 0) < LEAST_PROBATION_DAYS:
        yield refuse("probation", "linkage:probation", f"a probation lasts {LEAST_PROBATION_DAYS} days or more")
    until = tranche.probation_until
    if until is not None and body.to in ("running", "matured") and not event.exercise and event.issued_at < until:
        yield refuse("probation", "linkage:probation", "its probation is not over")


def ground_words(at: TrancheState, to: TrancheState) -> str:
    """Return what the row from ``at`` to ``to`` rests on, as the published table says it."""
    ratings = TRANSITIONS[at, to]
    if ratings:
        return f"finding {' or '.join(sorted(ratings))}"
    return "vote to continue" if (at, to) in VOTED else "decision"


def reachable(status: TrancheState) -> frozenset[TrancheState]:
    """Return every state that some sequence of rows leads to from ``status``."""
    found: set[TrancheState] = set()
    edge = {status}
    while edge := {to for (at, to) in TRANSITIONS if at in edge} - found:
        found |= edge
    return frozenset(found)
