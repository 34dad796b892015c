"""How members bind themselves and decide together: which of the charter's own messages are lawful.

Rules
 1. sign: the instruments named exist.                                                  else ``unknown-instrument``
 2. reserve: a reservable clause, some of its kinds, no later than one's own signature.
    A reservation that is withdrawn was made.       else ``unknown-clause``, ``not-reservable``, ``late-reservation``
 3. react: to another's reservation that is known here.
 4. withdraw: from an instrument one has signed; a notice is revoked while it runs.
                                                                               else ``not-bound``, ``no-notice``
 5. cut: the link with another party.                                                   else ``unknown-member``
 6. propose: by a member with a vote, under its own name, for a class of decisions that may do this; the member that a
    standing or the class's rule is about is named, clauses only of an instrument that is; it bears the date on which
    it was put, no older than a message may be; an amendment is a sound charter that supersedes the one in effect; an
    appeal is what the class provides, by the member concerned or the proposer, on the same matter, against what is
    recorded. A member puts at most ``MOST_PUT`` questions within 30 days.
    else ``not-yours``, ``unknown-class``, ``not-conferred``, ``concerned``, ``misdated``, ``bad-amendment``,
                                                              ``no-appeal``, ``unknown-clause``, ``too-many``
    What touches soil or data names those whose it is, all of them there to answer.     else ``concerned``
    A reference is used once.                                                           else ``reference-taken``
 7. vote: by a member, once, on exactly the proposal known here.                        else ``other-proposal``
 8. record: by a depositary that has not left, at once when it closes, and once: another of its counts waits until the
    first has been proven wrong; it carries the signed ballots that it counts, so that whoever never
    got a vote can count again too; its times follow theirs, the electorate is that of the opening, and counting again
    gives the same.                                                    else ``not-depositary``, ``miscounted``, …
    A change of standing needs the named votes of enough others: the signatures of its epoch.
                                                                                        else ``epoch-signatures``
 9. retract: by the proposer, while nothing is recorded. Where the two cross on the way the record stands, whichever
    came first: else the order of arrival would decide.                                 else ``recorded``
10. contest: the depositary's own receipt shows the sender's vote in time, and the record leaves its sender out or
    lists the vote with a later time than its log. The record is void then, and the depositary counts again. Nobody
    contests for a vote that the rule does not hear, nor later than ``CONTESTED_WITHIN``.
                                                                                  else ``not-omitted``, ``too-late``
What rests on a message that is not known here yet waits: ``predecessor-missing``.

A vote is counted from the instant at which it was in the depositary's log, never from the time its sender wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR
from hamsaya.charter.compiled import Compiled
from hamsaya.charter.history import SKEW, record_of
from hamsaya.charter.reduce import kept, subject_of
from hamsaya.charter.said import CharterState, Proposal, Recorded
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import TOUCHES, Clause, Document, document_from_bytes, kinds_named
from hamsaya.charter.votes import (
    CONCERNED,
    PARTICIPANTS,
    PRESENT,
    SEATED,
    And,
    MinusConcerned,
    Or,
    Outcome,
    Over,
    Rule,
    Vote,
    bind,
    evaluate,
    never_tacit,
    voters,
)
from hamsaya.messages import charter as said
from hamsaya.messages.charter import Amend, SetStanding
from hamsaya.messages.event import Event

MISSING = "predecessor-missing"
DATED_BACK = 30 * DAY
"""The oldest a question may be when it is put: as long as a message may be on its way."""
MOST_PUT = 64
CONTESTED_WITHIN = 30 * DAY
"""From a record's closing; after that a proof kept back would undo what everybody has lived by."""
MOST_ANSWERS = 16
Sound = Callable[[Document], None]
SituationAt = Callable[[int], Situation]


def decide(situation_at: SituationAt, event: Event, sound: Sound, proven: tuple[str, int] | None = None) -> Decision:
    """Return whether the charter's message ``event`` is lawful now; its clauses have been asked before.

    Args:
        situation_at: The situation at an instant; that of the message is ``situation_at(event.issued_at)``.
        sound: Returns for a charter that may take effect, raises PeerError for one that may not.
        proven: For a contest: the depositary whose receipt holds for the vote named, and when its log had it.
    """
    now = situation_at(event.issued_at)
    match event.body:
        case said.Sign() as body:
            return _sign(now, body)
        case said.Reserve() as body:
            return _reserve(now, event, body)
        case said.React() as body:
            return _react(now, event, body)
        case said.Withdraw() as body:
            return _withdraw(now, event, body)
        case said.Cut(member=member):
            return _cut(now, event, member)
        case said.Competent() as body:
            unknown = [each.instrument for each in body.bodies if each.instrument not in now.compiled.instruments]
            return _known_instruments(unknown)
        case said.Propose() as body:
            return _propose(now, event, body, sound)
        case said.CastVote() as body:
            return _vote(situation_at, event, body)
        case said.Record() as body:
            return _record(situation_at, event, body)
        case said.Retract(proposal=reference):
            return _retract(now, event, reference)
        case said.Contest() as body:
            return _contest(situation_at, event, body, proven)
    return refuse("unknown-kind", "charter", "not a kind of the charter")


def _known_instruments(unknown: list[str]) -> Decision:
    if unknown:
        return refuse("unknown-instrument", "assembly:1", f"the charter has no instrument {unknown[0]!r}")
    return permit("assembly:1", "every instrument named is the charter's")


def _sign(now: Situation, body: said.Sign) -> Decision:
    return _known_instruments([name for name in body.instruments if name not in now.compiled.instruments])


def _reserve(now: Situation, event: Event, body: said.Reserve) -> Decision:
    instrument = now.compiled.instruments.get(body.instrument)
    clause = next((each for each in instrument.clauses if each.id == body.clause), None) if instrument else None
    if clause is None:
        return refuse("unknown-clause", "assembly:2", f"there is no clause {body.instrument}:{body.clause}")
    if not clause.reservable:
        return refuse("not-reservable", "assembly:2", f"nobody may reserve {body.instrument}:{body.clause}")
    if not set(body.excludes) <= kinds_named(clause.kinds):
        return refuse("unknown-clause", "assembly:2", "a reservation excludes kinds that the clause speaks of")
    held = now.state.reservations.get((event.sender, body.instrument, body.clause))
    if body.withdrawn:
        if held is None:
            return refuse(MISSING, "assembly:2", "no such reservation is known here yet")
        return permit("assembly:2", "a reservation may be withdrawn at any time")
    signed = [each for signers in now.state.signatures.values() for each in signers.get(event.sender, ())]
    bound = [each.at for each in signed if not each.instruments or body.instrument in each.instruments]
    if (event.sender, body.instrument) in now.bound and min(bound) < event.issued_at:
        return refuse("late-reservation", "assembly:2", "a reservation is made no later than the signature")
    return permit("assembly:2", "the clause may be reserved")


def _react(now: Situation, event: Event, body: said.React) -> Decision:
    if body.reserving == event.sender:
        return refuse("not-yours", "assembly:3", "nobody answers its own reservation")
    if (body.reserving, body.instrument, body.clause) not in now.state.reservations:
        return refuse(MISSING, "assembly:3", "no such reservation is known here yet")
    answers = now.state.reactions.get((event.sender, body.reserving, body.instrument, body.clause), ())
    if len(answers) >= MOST_ANSWERS:
        return refuse("too-many", "assembly:3", f"a party answers one reservation at most {MOST_ANSWERS} times")
    return permit("assembly:3", "every other party may answer a reservation")


def _withdraw(now: Situation, event: Event, body: said.Withdraw) -> Decision:
    if (event.sender, body.instrument) not in now.bound:
        return refuse("not-bound", "assembly:4", "only who has signed an instrument leaves it")
    if not body.revoked and now.held(event.sender, body.instrument).standing == "left":
        return refuse("not-bound", "assembly:4", "who has left gives no notice; joining again needs a decision")
    if not body.revoked:
        return permit("assembly:4", "a party may leave with the notice that the instrument asks for")
    held = now.state.withdrawals.get((event.sender, body.instrument))
    if held is None or not held.yes:
        return refuse(MISSING, "assembly:4", "no running notice is known here yet")
    notice = now.compiled.instruments[body.instrument].notice_days * DAY
    if event.issued_at >= held.at + notice:
        return refuse("no-notice", "assembly:4", "the notice has taken effect; joining again needs a decision")
    return permit("assembly:4", "a notice may be revoked while it runs")


def _cut(now: Situation, event: Event, member: str) -> Decision:
    if member == event.sender or member not in now.compiled.members:
        return refuse("unknown-member", "assembly:5", "a link is cut with another party of the charter")
    return permit("assembly:5", "every party may cut its own link at once, and joins it again itself")


def _propose(now: Situation, event: Event, body: said.Propose, sound: Sound) -> Decision:
    held = now.state.proposals.get(body.proposal)
    if held is not None and held.subject != subject_of(body):
        return refuse("reference-taken", "assembly:6", "the reference names another proposal already")
    if body.proposal.partition("/")[0] != event.sender:
        return refuse("not-yours", "assembly:6", "a proposal's reference begins with its proposer")
    if not event.issued_at - DATED_BACK - SKEW <= body.put_at <= event.issued_at + SKEW:
        return refuse("misdated", "assembly:6", "a question bears the date on which it was put, within 30 days")
    if held is None and _put_near(now.state, event.sender, body.put_at) >= MOST_PUT:
        return refuse("too-many", "assembly:6", f"a member puts at most {MOST_PUT} questions within 30 days")
    if now.electorate.get(event.sender) not in PRESENT and body.against is None:
        return refuse("no-vote", "assembly:6", "only members with a vote propose, but for an appeal")
    decision = now.compiled.classes.get(body.decision)
    if decision is None:
        return refuse("unknown-class", "assembly:6", f"the charter has no class of decisions {body.decision!r}")
    does = _does(body.act)
    if does not in decision.confers:
        return refuse("not-conferred", f"rules:{decision.id}", f"such a decision cannot give: {does}")
    if refused := _about(now, body, now.compiled.rules[decision.id]):
        return refused
    if isinstance(body.act, Amend) and (refused := _amendment(now.compiled, body.act, sound)):
        return refused
    if body.against is not None and (refused := _appeal(now, event, body, body.against)):
        return refused
    return permit(f"rules:{decision.id}", f"{decision.title}: the members decide by the charter's rule")


def _put_near(state: CharterState, member: str, put_at: int) -> int:
    """Return how many questions of ``member`` known here were put within 30 days of ``put_at``, either way."""
    return sum(put.by == member and abs(put.at - put_at) < DATED_BACK for put in state.proposals.values())


def _own_consent(now: Situation, body: said.Propose) -> Decision | None:
    """Return the refusal of a question on soil or data that could be answered without those whose it is."""
    away = [member for member in body.participants if now.electorate.get(member) not in PRESENT]
    left_out = body.participants and body.concerned is not None and body.concerned not in body.participants
    if away or left_out:
        return refuse("concerned", "assembly:6", "what touches soil or data is put to those whose it is, and to "
                                                 "members that are there to answer")
    return None


def _does(act: said.Act) -> str:
    return act.standing if isinstance(act, SetStanding) else "amend" if isinstance(act, Amend) else "resolve"


def _about(now: Situation, body: said.Propose, rule: Rule) -> Decision | None:
    """Return the refusal of a proposal that leaves open whom it is about, if it does."""
    names = placeholders(rule)
    concerned = body.act.member if isinstance(body.act, SetStanding) else None
    if concerned is not None and body.concerned != concerned:
        return refuse("concerned", "assembly:6", "the member whose standing changes is the one concerned")
    if (CONCERNED in names and body.concerned is None) or (PARTICIPANTS in names and not body.participants):
        return refuse("concerned", "assembly:6", "the rule asks whom the question is about and who takes part")
    if now.compiled.classes[body.decision].touches_soil_or_data and (refused := _own_consent(now, body)):
        return refused
    unknown = [m for m in (body.concerned, *body.participants) if m is not None and m not in now.compiled.members]
    if unknown:
        return refuse("unknown-member", "assembly:6", f"the charter knows no member {unknown[0]!r}")
    if isinstance(body.act, SetStanding) and body.act.instrument not in (None, *now.compiled.instruments):
        return refuse("unknown-instrument", "assembly:6", "the charter has no such instrument")
    if isinstance(body.act, SetStanding) and not set(body.act.clauses) <= _clause_ids(now.compiled, body.act):
        return refuse("unknown-clause", "assembly:6", "a standing is held for clauses of the instrument that it names")
    return None


def _clause_ids(compiled: Compiled, act: SetStanding) -> set[str]:
    """Return the clauses that ``act`` may name: in general none, since a clause's id is its instrument's own."""
    return {clause.id for instrument in compiled.document.instruments if act.instrument == instrument.id
            for clause in instrument.clauses}


def placeholders(rule: Rule) -> set[str]:
    """Return the placeholders that ``rule`` names."""
    match rule:
        case And(rules) | Or(rules):
            return set[str]().union(*map(placeholders, rules))
        case Over(among, inner):
            return {member for member in among if member.startswith("*")} | placeholders(inner)
        case MinusConcerned(member, inner):
            return ({member} if member.startswith("*") else set()) | placeholders(inner)
        case _:
            return set()


def _amendment(compiled: Compiled, act: Amend, sound: Sound) -> Decision | None:
    try:
        document = document_from_bytes(act.document)
        sound(document)
    except PeerError as error:
        return refuse("bad-amendment", "assembly:6", str(error))
    if compiled.document.depositaries and not document.depositaries:
        return refuse("bad-amendment", "assembly:6", "nobody would count votes, so no later text could mend it")
    if document.supersedes != compiled.revision.hex():
        return refuse("bad-amendment", "assembly:6", "the text does not supersede the charter in effect")
    return None


def _appeal(now: Situation, event: Event, body: said.Propose, against: str) -> Decision | None:
    earlier = now.state.proposals.get(against)
    if earlier is None or record_of(now.state, against) is None:
        return refuse(MISSING, "assembly:6", "what is appealed is not recorded here yet")
    decision = now.compiled.classes.get(earlier.decision)
    same = (earlier.act, earlier.concerned) == (kept(body.act), body.concerned)
    may = event.sender in (earlier.concerned, earlier.by)
    if decision is None or decision.appeal != body.decision or not same or not may:
        return refuse("no-appeal", "assembly:6", "an appeal is what the class provides, by the member concerned or the "
                                                 "proposer, on the same matter")
    return None


def _vote(situation_at: SituationAt, event: Event, body: said.CastVote) -> Decision:
    now = situation_at(event.issued_at)
    put = now.state.proposals.get(body.proposal)
    if put is None:
        return refuse(MISSING, "assembly:7", "the proposal is not known here yet")
    if put.subject != body.subject:
        return refuse("other-proposal", "assembly:7", "the vote is on another text than the proposal known here")
    if event.sender not in now.electorate:
        return refuse("no-vote", "assembly:7", "only members vote")
    held = now.state.votes.get((body.proposal, event.sender))
    if held is not None and held.message != event.message_id:
        return refuse("voted", "assembly:7", "a member votes once")
    return permit("assembly:7", "a vote on exactly this proposal; whether it counts follows from the standing")


def _record(situation_at: SituationAt, event: Event, body: said.Record) -> Decision:
    now = situation_at(event.issued_at)
    put = now.state.proposals.get(body.proposal)
    if event.sender not in now.compiled.document.depositaries:
        return refuse("not-depositary", "assembly:8", "a depositary of the charter records what was decided")
    if now.held(event.sender).standing == "left":
        return refuse("not-depositary", "assembly:8", "who has left counts no votes any more")
    if put is None:
        return refuse(MISSING, "assembly:8", "the proposal is not known here yet")
    known = record_of(now.state, body.proposal)
    if known is not None and known.by == event.sender and not _the_same(known, body):
        return refuse(MISSING, "assembly:8", "it has recorded this already, and nothing known here has voided that")
    if refused := _listed(now.state, event, body, put):
        return refused
    then = situation_at(body.opened_at)
    if body.epoch != then.epoch:
        code = MISSING if body.epoch > then.epoch else "stale-epoch"
        return refuse(code, "assembly:8", "the record counts another membership epoch than is known here")
    decision = then.compiled.classes.get(put.decision)
    if decision is None:
        return refuse("unknown-class", "assembly:8", "the charter of that time has no such class of decisions")
    votes = {vote.member: Vote(vote.choice, vote.at) for vote in body.votes}
    outcome = outcome_of(then, put, votes, body.opened_at, body.closed_at)
    if outcome.verdict != body.verdict or body.effective_at != body.closed_at + decision.timelock_hours * HOUR:
        return refuse("miscounted", "assembly:8", f"counting again gives {outcome.verdict}: {outcome.reasons[0]}")
    decided = decided_at(then, put, votes, body.opened_at, body.closed_at)
    if (body.rank, body.decided_at) != (now.compiled.document.depositaries.index(event.sender), decided):
        return refuse("miscounted", "assembly:8", "the sender's rank, or the instant that decided it, is another")
    if body.verdict == "adopted" and (lacking := lacking_names(then, put, votes)):
        return refuse("epoch-signatures", "assembly:8", f"a change of standing needs {lacking} more members by name")
    return permit("assembly:8", f"{body.verdict}: {'; '.join(outcome.reasons)}")


def _listed(state: CharterState, event: Event, body: said.Record, put: Proposal) -> Decision | None:
    """Return the refusal of a record of another text, or whose times do not follow; its ballots have been verified."""
    if put.subject != body.subject or len({vote.member for vote in body.votes}) != len(body.votes):
        return refuse("other-proposal", "assembly:8", "the record is of another text than the proposal known here")
    for vote in body.votes:
        held = state.votes.get((body.proposal, vote.member))
        if held is not None and held.message == vote.message and vote.at < held.at - SKEW:
            return refuse("miscounted", "assembly:8", f"{vote.member} voted later than the record says")
    opened, closed = put.at - SKEW <= body.opened_at, abs(event.issued_at - body.closed_at) <= SKEW
    counted = all(body.opened_at - SKEW <= vote.at <= body.closed_at for vote in body.votes)
    if not (opened and closed and counted and body.opened_at <= body.closed_at):
        return refuse("miscounted", "assembly:8", "the times of the record do not follow those of the votes")
    return None


def _the_same(known: Recorded, body: said.Record) -> bool:
    """Say whether ``body`` is the count of ``known``, sent again to somebody else."""
    times = (body.opened_at, body.closed_at, body.effective_at, body.epoch, body.verdict)
    votes = tuple((vote.member, vote.choice, vote.at, vote.message) for vote in body.votes)
    return times == (known.opened_at, known.closed_at, known.effective_at, known.epoch, known.verdict) and (
        votes == known.votes)


def heard(then: Situation, put: Proposal) -> frozenset[str]:
    """Return the members whose votes on ``put`` can count: those its rule asks, and who may lend it their names."""
    rule = bind(then.compiled.rules[put.decision], put.concerned, put.by, put.participants)
    seated = frozenset(member for member, standing in then.electorate.items() if standing in SEATED)
    names = seated - {put.concerned} if isinstance(put.act, SetStanding) else frozenset[str]()
    return names | voters(rule, seated)


def lacking_names(then: Situation, put: Proposal, votes: Mapping[str, Vote]) -> int:
    """Return how many other members must still vote in favour by name before a change of standing has its epoch."""
    if not isinstance(put.act, SetStanding):
        return 0
    named = [member for member, vote in votes.items()
             if vote.choice == "yes" and member != put.concerned and then.electorate.get(member) in SEATED]
    return max(0, then.compiled.document.epoch_signatures - len(named))


def outcome_of(then: Situation, put: Proposal, votes: Mapping[str, Vote], opened_at: int, now: int) -> Outcome:
    """Return how far the vote on ``put`` has come at ``now``, by the rule and electorate of its opening.

    Undecided, or without the names that its epoch needs, at the end of its class's days it has lapsed: blocked. Nobody
    agrees by silence to an amendment that changes a clause on soil, data or people: there an absent member that has
    not voted refuses.
    """
    decision = then.compiled.classes[put.decision]
    rule = bind(then.compiled.rules[put.decision], put.concerned, put.by, put.participants)
    if isinstance(put.act, Amend) and touches_soil_or_data(then.compiled.document, put.act):
        rule = never_tacit(rule)
    lapses = opened_at + decision.expires_days * DAY
    outcome = evaluate(rule, votes, then.electorate, opened_at, min(now, lapses))
    in_time = {member: vote for member, vote in votes.items() if vote.at <= lapses}
    nameless = outcome.verdict == "adopted" and lacking_names(then, put, in_time) > 0
    if outcome.verdict != "pending" and not (nameless and now >= lapses):
        return outcome
    if now >= lapses:
        return Outcome("blocked", None, (f"undecided for {decision.expires_days} days, it has lapsed",))
    return outcome._replace(next_at=min(outcome.next_at or lapses, lapses))


def decided_at(
    then: Situation, put: Proposal, votes: Mapping[str, Vote], opened_at: int, until: int
) -> int | None:
    """Return the first instant up to ``until`` at which the votes in by then had decided ``put``; None if none."""
    at = opened_at
    while at <= until:
        in_by_then = {member: vote for member, vote in votes.items() if vote.at <= at}
        outcome = outcome_of(then, put, in_by_then, opened_at, at)
        if outcome.verdict != "pending":
            return at
        later = [vote.at for vote in votes.values() if vote.at > at]
        later += [outcome.next_at] if outcome.next_at is not None and outcome.next_at > at else []
        at = min(later, default=until + 1)
    return None


def touches_soil_or_data(document: Document, act: Amend) -> bool:
    """Say whether ``act`` changes, adds or removes a clause of ``document`` that needs somebody's consent."""
    return _consented(document) != _consented(document_from_bytes(act.document))


def _consented(document: Document) -> dict[tuple[str, str], Clause]:
    return {(instrument.id, clause.id): clause for instrument in document.instruments for clause in instrument.clauses
            if clause.consent_of != "none" or clause.object in TOUCHES}


def _retract(now: Situation, event: Event, reference: str) -> Decision:
    put = now.state.proposals.get(reference)
    if put is None:
        return refuse(MISSING, "assembly:9", "the proposal is not known here yet")
    if put.by != event.sender:
        return refuse("not-yours", "assembly:9", "only its proposer takes a proposal back")
    if reference in now.state.records:  # A void record too: what has been counted is counted again, not taken back.
        return refuse("recorded", "assembly:9", "what is recorded is not taken back; propose the opposite")
    return permit("assembly:9", "nothing is recorded yet")


def _contest(
    situation_at: SituationAt, event: Event, body: said.Contest, proven: tuple[str, int] | None
) -> Decision:
    now = situation_at(event.issued_at)
    records: Mapping[bytes, Recorded] = now.state.records.get(body.proposal) or {}
    record = records.get(body.record)
    vote = now.state.votes.get((body.proposal, event.sender))
    if record is None or vote is None:
        return refuse(MISSING, "assembly:10", "the record or the vote is not known here yet")
    if event.issued_at > record.closed_at + CONTESTED_WITHIN:
        return refuse("too-late", "assembly:10", "a record is contested within 30 days of its closing")
    then, put = situation_at(record.opened_at), now.state.proposals[body.proposal]
    if put.decision in then.compiled.classes and event.sender not in heard(then, put):
        return refuse("not-omitted", "assembly:10", "the rule of this question does not hear the sender's vote")
    in_time = proven is not None and proven[0] == record.by and proven[1] <= record.closed_at
    # Listed with a later instant than its own log shows, a vote is left out of whatever had ended by then.
    omitted = all(counted.member != event.sender or (proven is not None and proven[1] < counted.at)
                  for counted in record.votes)
    if vote.message != body.vote or not omitted or not in_time:
        return refuse("not-omitted", "assembly:10", "the receipt does not show that the record left this vote out")
    return permit("assembly:10", "the depositary's own log held the vote in time, and the record leaves it out")

