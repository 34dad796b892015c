"""Who may ask hit/no-hit about what, how often, and what is remembered of it: pure rules and their fold.

    decide(state, event, facts).require()
    state = apply(state, event)

Rules, in the order in which they are applied; both ends and oversight apply the same
all      0. it is addressed to exactly those whom it concerns, oversight among them
                                              else ``oversight-missing``, ``recipient-missing``, ``recipient-outside``
notice   1. epochs follow one another by one, where every notice is seen                  else ``wrong-epoch``
         2. one key an epoch, never used in another; an edition is used once              else ``epoch-key-changed``,
                                                                                ``key-reused``, ``edition-reused``
probe    1. it names a case, which is open                                     else ``case-required``, ``case-not-open``
         2. asker and asked both take part in the case, and are two                       else ``not-a-participant``
         3. the epoch is the responder's current or the one before, and the key the noticed one
                                                      else ``predecessor-missing``, ``wrong-epoch``, ``wrong-key``
         4. 1 to 100 inputs, one commitment each, none twice                    else ``batch``, ``repeated-input``
         5. its reference is new                                                          else ``already-exists``
         6. at most 20 inputs for one case, unless two persons raised that, and 500 on one UTC day, by one asker of one
            responder                                                                     else ``over-budget``
answer,  1. the probe is known and waits                                       else ``predecessor-missing``,
decline,                                                                                  ``illegal-transition``
lapse    2. the member asked sends it                                                     else ``wrong-role``
answer   3. one evaluated element for each asked                                          else ``batch``
         4. within 500 inputs on the responder's own UTC day                              else ``over-budget``
confirm  1. the probe was answered, the place is one of its inputs and has not been confirmed
                                                   else ``predecessor-missing``, ``illegal-transition``, ``batch``
         2. the member asked sends it, on a request that the asker put to it in the case
                                                                     else ``wrong-role``, ``predecessor-missing``
audit    1. an overseer asks, of somebody else, about a past period            else ``wrong-role``, ``wrong-period``
         2. it names the list of what was asked then, as it is known here             else ``other-population``
            and its picks are those that its seed draws from it                           else ``wrong-sample``
open     1. the member audited answers, once, every pick and no other          else ``wrong-role``, ``wrong-sample``,
                                                                                          ``illegal-transition``

The day of rule 6 is the asker's ``issued_at``; the answer's rule 4 counts on the responder's clock as well, so writing
an earlier date gains nothing. A probe that was declined or lapsed has been spent: otherwise asking until refused would
be free. Whether an opening fits its commitment is for ``audit`` to find: one that does not is evidence, and is admitted
as such. Oversight is told of no case, so it leaves the probe's rules 1 and 2, and what is asked of a request, to the
two ends; and whether an epoch is over, since notices may overtake a probe on their way to it: what the owner answers
must not be missing there.

Left out: what needs arithmetic of the group or a signature (points, proofs, checkpoints), which the node checks beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec.structs import replace as changed

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY
from hamsaya.matching.audit import draw, named, population
from hamsaya.matching.types import (
    MAX_BATCH,
    Asking,
    Audit,
    Auditing,
    Confirm,
    Confirmed,
    MatchState,
    Notice,
    Noticed,
    Openings,
    Probe,
    ProbeAnswer,
    ProbeDecline,
    ProbeLapse,
    Spent,
)
from hamsaya.messages.event import Event

PER_CASE = 20
"""Inputs about one case, by one asker of one responder; more once two persons have raised it, at most ``MAX_BATCH``."""
PER_DAY = 500
"""Inputs on one UTC day, by one asker of one responder."""
End = ProbeAnswer | ProbeDecline | ProbeLapse


@dataclass(frozen=True, slots=True)
class Facts:
    """What the node knows from elsewhere: of the case, from the cell's state; of oversight, from the charter.

    Attributes:
        case_open: None where the node is told of no case (oversight); then ``participants`` and ``asked`` do not count.
        case_budget: Above ``PER_CASE`` only by a decision of two persons that oversight sees.
        sees_all: Whether every notice of the sender comes here: at the sender itself and at oversight.
        asked: Whether the request that a confirmation names was put by the asker to the responder, in the case.
    """

    case_open: bool | None = False
    participants: frozenset[str] = frozenset()
    overseers: frozenset[str] = frozenset()
    case_budget: int = PER_CASE
    sees_all: bool = True
    asked: bool = False


def decide(state: MatchState, event: Event, facts: Facts) -> Decision:
    """Return whether ``event`` (of a ``match.*`` kind) may be applied to ``state``; the first refusal that applies."""
    match event.body:
        case Notice() as notice:
            refusals = _notice(state, event, notice, facts)
        case Probe() as probe:
            refusals = _probe(state, event, probe, facts)
        case ProbeAnswer() | ProbeDecline() | ProbeLapse() as end:
            refusals = _end(state, event, end, facts)
        case Confirm() as confirm:
            refusals = _confirm(state, event, confirm, facts)
        case Audit() as audit:
            refusals = _audit(state, event, audit, facts)
        case Openings() as openings:
            refusals = _openings(state, event, openings)
        case _:
            return refuse("illegal-transition", "match:kinds", f"{event.kind} is no message of hit/no-hit")
    return next(refusals, permit(f"match:{type(event.body).__name__.lower()}", "it fits the rules of hit/no-hit"))


def apply(state: MatchState, event: Event) -> MatchState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; other bodies change nothing here."""
    match event.body:
        case Notice() as notice:
            return _noticed(state, event, notice)
        case Probe() as probe:
            return _asked(state, event, probe)
        case ProbeAnswer(probe=ref) | ProbeDecline(probe=ref) | ProbeLapse(probe=ref):
            return _ended(state, event, ref)
        case Confirm() as confirm:
            return _confirmed(state, event, confirm)
        case Audit() as audit:
            record = Auditing(audit=audit.audit, overseer=event.sender, of=audit.of, first=audit.first,
                              last=audit.last, status="demanded", at=event.issued_at, picks=tuple(audit.picks),
                              population=audit.population, message=event.message_id)
            return replace(state, audits=state.audits.set((event.sender, audit.audit), record))
        case Openings(audit=ref):
            demanded = _demanded(state, event, ref)
            if demanded is None:
                raise ValueError("expected an audit that decide has found")
            record = changed(demanded, status="opened", ended_at=event.issued_at, opened_by=event.message_id)
            return replace(state, audits=state.audits.set((record.overseer, ref), record))
        case _:
            return state


def snapshot(state: MatchState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    def plain(records: Any) -> list[Any]:
        return [[key, msgspec.to_builtins(records[key], builtin_types=(bytes,))] for key in sorted(records, key=str)]

    return {name: plain(getattr(state, name))
            for name in ("notices", "current", "probes", "asked", "answered", "audits")}


def spent(state: MatchState, responder: str, querier: str, case: str, at: int) -> tuple[int, int]:
    """Return the inputs that ``querier`` has spent at ``responder``: in ``case``, and on the UTC day of ``at``."""
    case_key, day_key = _accounts(responder, querier, case, at)
    return state.asked.get(case_key, 0), state.asked.get(day_key, 0)


def answered_on(state: MatchState, responder: str, querier: str, at: int) -> int:
    """Return the inputs of ``querier`` that ``responder`` has answered on the UTC day of ``at``."""
    return state.answered.get(_accounts(responder, querier, "", at)[1], 0)


# -- refusals -----------------------------------------------------------------------------------------------


def _told(event: Event, whom: frozenset[str], facts: Facts) -> Iterator[Decision]:
    """Yield what forbids the recipients of ``event``: those concerned and every overseer, and nobody else."""
    told = frozenset(event.recipients)
    if not facts.overseers or facts.overseers - told - {event.sender}:
        yield refuse("oversight-missing", "match:recipients", "every oversight body is told of what is asked")
    if missing := whom - told - {event.sender}:
        yield refuse("recipient-missing", "match:recipients", f"{', '.join(sorted(missing))} must be told")
    if outside := told - whom - facts.overseers:
        yield refuse("recipient-outside", "match:recipients", f"{', '.join(sorted(outside))} has no part in this")


def _notice(state: MatchState, event: Event, notice: Notice, facts: Facts) -> Iterator[Decision]:
    yield from _told(event, frozenset(event.recipients), facts)
    last = state.current.get(event.sender)
    if last is not None and (notice.epoch < last or (facts.sees_all and notice.epoch > last + 1)):
        yield refuse("wrong-epoch", "match:notice", f"after epoch {last} comes {last + 1}")
    own = {epoch: each.notice for (member, epoch), each in state.notices.items() if member == event.sender}
    if notice.epoch in own and own[notice.epoch].public != notice.public:
        yield refuse("epoch-key-changed", "match:notice", "an epoch has one key; a second would tell queriers apart")
    if any(each.public == notice.public for epoch, each in own.items() if epoch != notice.epoch):
        yield refuse("key-reused", "match:notice", "a new epoch has a new key: its set must not compare with the old")
    if any(each.edition == notice.edition for each in own.values()):
        yield refuse("edition-reused", "match:notice", "each building of a set has an edition of its own")


def _probe(state: MatchState, event: Event, probe: Probe, facts: Facts) -> Iterator[Decision]:
    # 1, 2. The case and who takes part in it.
    if event.case is None:
        yield refuse("case-required", "match:case", "a probe belongs to a case")
    if facts.case_open is False:
        yield refuse("case-not-open", "match:case", "only an open case can be asked about")
    between = facts.case_open is None or {event.sender, probe.to} <= facts.participants
    if not between or event.sender == probe.to:
        yield refuse("not-a-participant", "match:case", "asker and asked are two participants of the case")
    yield from _told(event, frozenset((probe.to,)), facts)
    # 3. The epoch.
    current = state.current.get(probe.to)
    if current is None or probe.epoch > current:
        yield refuse("predecessor-missing", "match:epoch", f"no notice of epoch {probe.epoch} has arrived yet")
    elif (probe.to, probe.epoch) not in state.notices or (facts.case_open is not None and probe.epoch < current - 1):
        yield refuse("wrong-epoch", "match:epoch", f"epoch {probe.epoch} is over; the current one is {current}")
    elif state.notices[probe.to, probe.epoch].notice.public != probe.public:
        yield refuse("wrong-key", "match:epoch", "the key is not the one noticed here for that epoch; keep both")
    # 4, 5. The batch and its name.
    inputs = len(probe.elements)
    if not 1 <= inputs <= MAX_BATCH or len(probe.commitments) != inputs:
        yield refuse("batch", "match:batch", f"a probe has 1 to {MAX_BATCH} inputs and a commitment for each")
    if len(set(probe.elements)) != inputs or len(set(probe.commitments)) != inputs:
        yield refuse("repeated-input", "match:batch", "an input is asked about once")
    if (event.sender, probe.probe) in state.probes:
        yield refuse("already-exists", "match:reference", "the probe's reference is taken")
    # 6. The budgets.
    in_case, on_day = spent(state, probe.to, event.sender, event.case or "", event.issued_at)
    budget = min(facts.case_budget, MAX_BATCH)
    if in_case + inputs > budget:
        yield refuse("over-budget", "match:case-budget", f"{in_case} of {budget} inputs of this case are spent")
    if on_day + inputs > PER_DAY:
        yield refuse("over-budget", "match:day-budget", f"{on_day} of {PER_DAY} inputs of this day are spent")


def _end(state: MatchState, event: Event, body: End, facts: Facts) -> Iterator[Decision]:
    asking = _waiting(state, event, body.probe)
    if asking is None:
        known = any((querier, body.probe) in state.probes for querier in event.recipients)
        yield (refuse("wrong-role", "match:roles", "only the member asked ends a probe, in its case") if known else
               refuse("predecessor-missing", "match:order", "the probe has not arrived yet"))
        return
    yield from _told(event, frozenset((asking.querier,)), facts)
    if asking.status != "asked":
        yield refuse("illegal-transition", "match:states", f"the probe is {asking.status}")
    if isinstance(body, ProbeAnswer):
        if len(body.evaluated) != len(asking.elements):
            yield refuse("batch", "match:answer", f"{len(asking.elements)} elements were asked about")
        day = _accounts(asking.responder, asking.querier, asking.case, event.issued_at)[1]
        if state.answered.get(day, 0) + len(body.evaluated) > PER_DAY:
            yield refuse("over-budget", "match:day-budget", "the day's inputs for this asker are spent: let it lapse")


def _confirm(state: MatchState, event: Event, body: Confirm, facts: Facts) -> Iterator[Decision]:
    asking = _waiting(state, event, body.probe)
    if asking is None:
        known = any((querier, body.probe) in state.probes for querier in event.recipients)
        yield (refuse("wrong-role", "match:roles", "only the member asked confirms a hit, in its case") if known else
               refuse("predecessor-missing", "match:order", "the probe has not arrived yet"))
        return
    yield from _told(event, frozenset((asking.querier,)), facts)
    if asking.status == "asked":
        yield refuse("predecessor-missing", "match:order", "the probe's answer has not arrived yet")
    if asking.status != "answered" or any(each.place == body.place for each in asking.confirmed):
        yield refuse("illegal-transition", "match:states", "a hit of an answered probe is confirmed once")
    if body.place >= len(asking.elements):
        yield refuse("batch", "match:answer", f"the probe has {len(asking.elements)} inputs")
    if facts.case_open is not None and not facts.asked:
        yield refuse("predecessor-missing", "match:confirm", "the asker has put no such request to the responder yet")


def _alone(event: Event, whom: str) -> Iterator[Decision]:
    if event.recipients != (whom,):
        yield refuse("recipient-outside", "match:recipients", f"this is between {event.sender} and {whom} alone")


def _audit(state: MatchState, event: Event, audit: Audit, facts: Facts) -> Iterator[Decision]:
    if event.sender not in facts.overseers or event.sender == audit.of:
        yield refuse("wrong-role", "match:roles", "an overseer audits somebody else")
    yield from _alone(event, audit.of)
    if not audit.first <= audit.last < event.issued_at:
        yield refuse("wrong-period", "match:audit", "an audit is about a period that is over")
    if (event.sender, audit.audit) in state.audits:
        yield refuse("already-exists", "match:reference", "the audit's reference is taken")
    everything = population(state, audit.of, audit.first, audit.last)
    if (audit.inputs, audit.population) != (len(everything), named(everything)):
        yield refuse("other-population", "match:audit", "it was drawn from another list than was asked by what is here")
    if tuple(audit.picks) != draw(audit.seed, everything, len(audit.picks)):
        yield refuse("wrong-sample", "match:audit", "the picks are those that the seed draws, in order")


def _openings(state: MatchState, event: Event, body: Openings) -> Iterator[Decision]:
    demanded = _demanded(state, event, body.audit)
    if demanded is None:
        known = any((overseer, body.audit) in state.audits for overseer in event.recipients)
        yield (refuse("wrong-role", "match:roles", "only the member audited opens its inputs") if known else
               refuse("predecessor-missing", "match:order", "the audit has not arrived yet"))
        return
    yield from _alone(event, demanded.overseer)
    if demanded.status != "demanded":
        yield refuse("illegal-transition", "match:states", f"the audit is {demanded.status}")
    if tuple(each.pick for each in body.openings) != demanded.picks:
        yield refuse("wrong-sample", "match:audit", "every pick is opened, in the order of the audit, and no other")


# -- the fold -----------------------------------------------------------------------------------------------


def _accounts(responder: str, querier: str, case: str, at: int) -> tuple[Spent, Spent]:
    return Spent(responder, querier, case), Spent(responder, querier, at // DAY)


def _waiting(state: MatchState, event: Event, ref: str) -> Asking | None:
    """Return the probe that ``event`` may end: the querier is among the recipients, the sender was asked."""
    for querier in event.recipients:
        asking = state.probes.get((querier, ref))
        if asking is not None and (asking.responder, asking.case) == (event.sender, event.case):
            return asking
    return None


def _demanded(state: MatchState, event: Event, ref: str) -> Auditing | None:
    """Return the audit that ``event`` may answer: the overseer is among the recipients, the sender is audited."""
    found = (state.audits.get((overseer, ref)) for overseer in event.recipients)
    return next((each for each in found if each is not None and each.of == event.sender), None)


def _noticed(state: MatchState, event: Event, notice: Notice) -> MatchState:
    """Return the state with the later of two notices of one epoch, in whatever order they came.

    The later one's set is the one that its owner still gives.
    """
    fresh = Noticed(notice=notice, told=event.recipients, at=event.issued_at, message=event.message_id)
    known = state.notices.get((event.sender, notice.epoch), fresh)
    latest = max(known, fresh, key=lambda each: (each.at, each.message))
    return replace(state, notices=state.notices.set((event.sender, notice.epoch), latest),
                   current=state.current.set(event.sender, notice.epoch))


def _asked(state: MatchState, event: Event, probe: Probe) -> MatchState:
    asking = Asking(probe=probe.probe, querier=event.sender, responder=probe.to, case=event.case or "",
                    epoch=probe.epoch, public=probe.public, status="asked", at=event.issued_at,
                    elements=tuple(probe.elements), commitments=tuple(probe.commitments), message=event.message_id)
    counts = state.asked
    for account in _accounts(probe.to, event.sender, asking.case, event.issued_at):
        counts = counts.set(account, counts.get(account, 0) + len(probe.elements))
    return replace(state, probes=state.probes.set((event.sender, probe.probe), asking), asked=counts)


def _ended(state: MatchState, event: Event, ref: str) -> MatchState:
    asking = _waiting(state, event, ref)
    if asking is None:
        raise ValueError("expected a probe that decide has found")
    body, counts = event.body, state.answered
    by = event.message_id
    if isinstance(body, ProbeDecline | ProbeLapse):
        status = "declined" if isinstance(body, ProbeDecline) else "lapsed"
        ended = changed(asking, status=status, ended_at=event.issued_at, ended_by=by, code=body.code)
    else:
        ended = changed(asking, status="answered", ended_at=event.issued_at, ended_by=by)
        day = _accounts(asking.responder, asking.querier, asking.case, event.issued_at)[1]
        counts = counts.set(day, counts.get(day, 0) + len(asking.elements))
    return replace(state, probes=state.probes.set((asking.querier, ref), ended), answered=counts)


def _confirmed(state: MatchState, event: Event, body: Confirm) -> MatchState:
    asking = _waiting(state, event, body.probe)
    if asking is None:
        raise ValueError("expected a probe that decide has found")
    said = Confirmed(place=body.place, outcome=body.outcome, request=body.request, at=event.issued_at)
    confirmed = tuple(sorted((*asking.confirmed, said), key=lambda each: each.place))
    return replace(state, probes=state.probes.set((asking.querier, body.probe), changed(asking, confirmed=confirmed)))
