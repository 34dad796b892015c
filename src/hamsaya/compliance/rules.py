"""From a promise to a finding and what follows: who may say what, and what the panel's verdicts yield.

Rules
1. What a message refers to has been seen here                              else ``predecessor-missing``
2. commit       the range is a range, the mandate lies ahead; what the joint picture answers is counted in its unit; n
                seats for n members, k of them a majority and at most all; the owner judges nobody in its own cause; no
                bloc holds k seats; blocs are those of the roster, where it is given
                else ``already-exists``, ``target-range``, ``mandate-expired``, ``unit``, ``panel``,
                ``owner-on-panel``, ``bloc``
3. evidence     within the mandate, of a class the commitment admits, denied access always; about the past; in the
                commitment's unit; self-reports by the owner, counterpart reports by others; denied access measures no
                value; of one source and one time no two values, unless the later replaces the sender's earlier one
                else ``already-exists``, ``mandate-expired``, ``evidence-class``, ``observed``, ``unit``,
                ``self-report``, ``contradicts``
4. provisional  within the mandate; proposes LC, PC or NC on evidence seen here; its conductor is not the owner; it
                reopens a closed finding of the same commitment, or none
                else ``already-exists``, ``mandate-expired``, ``proposed-rating``, ``owner-conducts``, ``not-closed``
5. notify, finding, drop, follow-up and close are the conductor's          else ``not-the-conductor``
6. notify       at least fifteen days for the reply (an exercise may play its clocks faster)      else ``reply-due``
7. reply        by the owner, once, before it is due    else ``not-the-owner``, ``illegal-transition``, ``reply-due``
8. attest       by a seat of the panel, once, within the panel's term of twenty days after the reply is due
                else ``not-on-panel``, ``already-attested``, ``panel-term``
9. finding      once, after the reply or its term, with exactly the rating that the verdicts yield
                else ``illegal-transition``, ``wrong-rating``, ``predecessor-missing`` while reply or verdicts are
                awaited that could still bear it out
10. follow-up   its review lies ahead                                                                 else ``review``
11. close       remedied: on evidence lodged after adoption, not by the owner alone                 else ``evidence``

The verdicts yield: k for breach, the proposed rating; k for no breach, C; neither, once every seat was heard or
the panel's term is over, U. Since k is a majority, later verdicts never change a rating that earlier ones
yielded; so verdicts and replies that were on their way when a finding was adopted or dropped are recorded, and every
node comes to the same state in whatever order they arrive: all other steps are one sender's. One exception: U adopted
at the end of the term, against a verdict that was given in time and is still on its way; who has seen that verdict
refuses the U. A conductor who does nothing holds nobody up: anybody may raise another finding and name another.

Left out: who may raise, conduct or adopt, which is the charter's; posterior probabilities and grades of evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY
from hamsaya.compliance.types import Commitment, ComplianceState, FindingCase
from hamsaya.messages.compliance import (
    Attest,
    Close,
    Commit,
    Drop,
    Evidence,
    Finding,
    FollowUp,
    Notify,
    Provisional,
    Rating,
    Reply,
    Verdict,
)
from hamsaya.messages.event import Event

NOTIFY_TERM = 30 * DAY
"""A provisional finding that is neither notified nor dropped by then is shown as overdue."""
REPLY_TERM = 15 * DAY
VERDICT_TERM = 15 * DAY
PANEL_TERM = 20 * DAY
"""From the end of the reply's term: fifteen days for the verdicts, five more to hear who is late."""
PROPOSABLE: frozenset[Rating] = frozenset(("LC", "PC", "NC"))
CONDUCTED = (Notify, Finding, Drop, FollowUp, Close)

# The life of a commitment and of a finding. A reply or a verdict that was on its way when a finding was adopted,
# followed up, closed or dropped still goes on record.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("none", "compliance.commit"): "monitoring",
    ("monitoring", "compliance.evidence"): "monitoring",
    ("none", "compliance.provisional"): "provisional",
    ("provisional", "compliance.notify"): "notified",
    ("provisional", "compliance.drop"): "dropped",
    ("notified", "compliance.reply"): "accepted or disputed",
    **{(status, "compliance.attest"): status for status in ("notified", "accepted", "disputed", "dropped")},
    **{(status, "compliance.finding"): "adopted" for status in ("notified", "accepted", "disputed")},
    **{(status, "compliance.drop"): "dropped" for status in ("notified", "accepted", "disputed")},
    **{(status, f"compliance.{late}"): status
       for status in ("adopted", "follow-up", "closed") for late in ("attest", "reply")},
    ("dropped", "compliance.reply"): "dropped",
    ("adopted", "compliance.follow-up"): "follow-up",
    ("follow-up", "compliance.follow-up"): "follow-up",
    ("adopted", "compliance.close"): "closed",
    ("follow-up", "compliance.close"): "closed",
}


def decide(state: ComplianceState, event: Event, blocs: Mapping[str, str] | None = None) -> Decision:
    """Return whether ``event`` (of a ``compliance.*`` kind) may be applied to ``state``.

    Args:
        blocs: The bloc of every member by the roster; a panel's seats must agree with it. None: not checked.
    """
    return next(_refusals(state, event, blocs), permit(f"compliance:{event.kind}", "the rules of its kind hold"))


def _refusals(state: ComplianceState, event: Event, blocs: Mapping[str, str] | None) -> Iterator[Decision]:
    match event.body:
        case Commit() as body:
            if body.commitment in state.commitments:
                yield refuse("already-exists", "compliance:commit", "the commitment's reference is taken")
            yield from _commit(event, body)
            roster = {seat.member: seat.bloc for seat in body.panel} if blocs is None else blocs
            yield from _panel(event, body, roster)
        case Evidence() as body:
            yield from _evidence(state, event, body)
        case Provisional() as body:
            yield from _provisional(state, event, body)
        case (
            Notify(finding=ref) | Reply(finding=ref) | Attest(finding=ref) | Finding(finding=ref)
            | Drop(finding=ref) | FollowUp(finding=ref) | Close(finding=ref)
        ):
            finding = state.findings.get(ref)
            if finding is None:
                yield _awaited(f"finding {ref} has not been raised here")
            else:
                yield from _on_finding(state, event, finding, state.commitments[finding.commitment])
        case _:
            yield refuse("illegal-transition", "compliance:kinds", f"{event.kind} is none of verification")


def _awaited(text: str) -> Decision:
    return refuse("predecessor-missing", "compliance:order", text)


def _commit(event: Event, body: Commit) -> Iterator[Decision]:
    if body.target_low > body.target_high:
        yield refuse("target-range", "compliance:commit", "the target's low end lies above its high end")
    if body.until <= event.issued_at:
        yield refuse("mandate-expired", "compliance:commit", "the mandate ends before the promise is made")
    if body.query is not None and body.unit != body.query.measure:
        text = f"the joint picture counts {body.query.measure}, and the unit says {body.unit}"
        yield refuse("unit", "compliance:commit", text)


def _panel(event: Event, body: Commit, blocs: Mapping[str, str]) -> Iterator[Decision]:
    if not body.panel:
        yield refuse("panel", "compliance:panel", "the panel is empty; name its members first")
        return
    seats = Counter(seat.member for seat in body.panel)
    if max(seats.values()) > 1 or not len(body.panel) / 2 < body.k <= len(body.panel):
        yield refuse("panel", "compliance:panel", "each member has one seat, and k is a majority of the seats")
    if event.sender in seats:
        yield refuse("owner-on-panel", "compliance:panel", "nobody judges in its own cause")
    if any(blocs.get(seat.member) != seat.bloc for seat in body.panel):
        yield refuse("bloc", "compliance:panel", "a seat names another bloc than the roster")
    name, held = Counter(seat.bloc for seat in body.panel).most_common(1)[0]
    if held >= body.k:
        yield refuse("bloc", "compliance:panel", f"bloc {name} holds {held} seats, and {body.k} votes decide")


def _evidence(state: ComplianceState, event: Event, body: Evidence) -> Iterator[Decision]:
    commitment = state.commitments.get(body.commitment)
    if commitment is None:
        yield _awaited(f"commitment {body.commitment} is not known here")
        return
    if (body.commitment, body.evidence) in state.evidence:
        yield refuse("already-exists", "compliance:evidence", "the evidence's reference is taken")
    yield from _within(event, commitment)
    if body.evidence_class not in {"access-denied", *commitment.terms.evidence_classes}:
        text = f"the commitment admits no evidence of class {body.evidence_class}"
        yield refuse("evidence-class", "compliance:evidence", text)
    if not body.observed_from <= body.observed_to <= event.issued_at:
        yield refuse("observed", "compliance:evidence", "an observation has a beginning, an end, and is past")
    if body.evidence_class == "access-denied" and body.value is not None:
        yield refuse("observed", "compliance:evidence", "who was denied access has measured nothing")
    if body.unit != (None if body.value is None else commitment.terms.unit):
        text = f"a value is in the commitment's unit, {commitment.terms.unit}, and has one; received {body.unit}"
        yield refuse("unit", "compliance:evidence", text)
    own = event.sender == commitment.owner
    if body.evidence_class == ("counterpart-report" if own else "self-report"):
        text = "self-reports are the owner's, counterpart reports another's"
        yield refuse("self-report", "compliance:evidence", text)
    yield from _against_itself(state, event, body)


def _within(event: Event, commitment: Commitment) -> Iterator[Decision]:
    if event.issued_at > commitment.terms.until:
        text = "the mandate of the commitment has expired; its owner may make another"
        yield refuse("mandate-expired", "compliance:mandate", text)


def _against_itself(state: ComplianceState, event: Event, body: Evidence) -> Iterator[Decision]:
    """Rule 3, last: one source, one class, one time, one value."""
    mine = {item.evidence: item for item in state.evidence.values()
            if (item.commitment, item.lodged_by) == (body.commitment, event.sender)}
    if body.replaces is not None and body.replaces not in mine:
        yield _awaited(f"own evidence {body.replaces} has not been seen here")
    stale = {item.replaces for item in mine.values()} | {body.replaces}
    for item in mine.values():
        apart = item.observed_to < body.observed_from or body.observed_to < item.observed_from
        same = item.evidence_class == body.evidence_class and None not in (item.value, body.value)
        if item.evidence not in stale and same and not apart and item.value != body.value:
            text = f"the sender's own {item.evidence} says {item.value} of the same time; name it as replaced"
            yield refuse("contradicts", "compliance:evidence", text)


def _provisional(state: ComplianceState, event: Event, body: Provisional) -> Iterator[Decision]:
    commitment = state.commitments.get(body.commitment)
    if commitment is None:
        yield _awaited(f"commitment {body.commitment} is not known here")
        return
    if body.finding in state.findings:
        yield refuse("already-exists", "compliance:provisional", "the finding's reference is taken")
    yield from _within(event, commitment)
    if body.proposed not in PROPOSABLE:
        yield refuse("proposed-rating", "compliance:provisional", "a finding proposes LC, PC or NC")
    if body.conductor == commitment.owner:
        yield refuse("owner-conducts", "compliance:provisional", "nobody conducts a finding on its own promise")
    yield from _seen(state, body.commitment, body.evidence)
    if body.reopens is not None:
        earlier = state.findings.get(body.reopens)
        if earlier is None or (earlier.closed is None and earlier.dropped_at is None):
            yield _awaited(f"finding {body.reopens} has not been closed here")
        elif earlier.commitment != body.commitment or earlier.closed is None:
            yield refuse("not-closed", "compliance:provisional", "it reopens a closed finding of its own commitment")


def _seen(state: ComplianceState, commitment: str, evidence: list[str]) -> Iterator[Decision]:
    for ref in evidence:
        if (commitment, ref) not in state.evidence:
            yield _awaited(f"evidence {ref} has not been seen here")


def _on_finding(
    state: ComplianceState, event: Event, finding: FindingCase, commitment: Commitment
) -> Iterator[Decision]:
    again = isinstance(event.body, Reply) and finding.reply is not None
    if isinstance(event.body, CONDUCTED) and event.sender != finding.conductor:
        yield refuse("not-the-conductor", "compliance:conductor", f"{finding.conductor} conducts this finding")
    if finding.status == "provisional" and isinstance(event.body, Reply | Attest | Finding):
        yield _awaited(f"finding {finding.finding} has not been notified here")
    if again or (finding.status, event.kind) not in TRANSITIONS:
        text = f"{event.kind} has no place in state {finding.status!r}"
        yield refuse("illegal-transition", "compliance:transitions", text)
    match event.body:
        case Notify() as body:
            if body.reply_due < event.issued_at + (1 if event.exercise else REPLY_TERM):
                yield refuse("reply-due", "compliance:notify", "the owner has at least fifteen days to reply")
        case Reply():
            if event.sender != commitment.owner:
                yield refuse("not-the-owner", "compliance:reply", "only the owner replies")
            if event.issued_at >= due(finding):
                yield refuse("reply-due", "compliance:reply", "the time for the reply is over")
        case Attest():
            yield from _attest(event, finding, commitment)
        case Finding(rating=rating):
            yield from _adopt(event, rating, finding, commitment)
        case FollowUp(review_on=review_on):
            if review_on <= event.issued_at:
                yield refuse("review", "compliance:follow-up", "a review lies ahead")
        case Close() as body:
            yield from _close(state, body, finding, commitment)


def due(finding: FindingCase) -> int:
    """Return when the owner's reply is due; 0 before it is notified."""
    return finding.reply_due or 0


def _attest(event: Event, finding: FindingCase, commitment: Commitment) -> Iterator[Decision]:
    if all(seat.member != event.sender for seat in commitment.terms.panel):
        yield refuse("not-on-panel", "compliance:attest", "only a seat of the panel attests")
    if any(verdict.member == event.sender for verdict in finding.verdicts):
        yield refuse("already-attested", "compliance:attest", "each seat attests once")
    if event.issued_at >= due(finding) + PANEL_TERM:
        yield refuse("panel-term", "compliance:attest", "the panel's term is over")


def _adopt(event: Event, rating: Rating, finding: FindingCase, commitment: Commitment) -> Iterator[Decision]:
    if finding.reply is None and event.issued_at < due(finding):
        yield _awaited("neither the owner's reply nor the end of its time has come")
    derived = derive(finding, commitment.terms, event.issued_at)
    if derived != rating:
        if rating in possible(finding, commitment.terms):
            yield _awaited(f"the verdicts seen here do not yield {rating} yet")
        yielded = "no rating yet" if derived is None else derived
        yield refuse("wrong-rating", "compliance:finding", f"the verdicts yield {yielded}, not {rating}")


def _close(state: ComplianceState, body: Close, finding: FindingCase, commitment: Commitment) -> Iterator[Decision]:
    yield from _seen(state, finding.commitment, body.evidence)
    if body.ground == "remedied":
        shown = [state.evidence[finding.commitment, ref] for ref in body.evidence]
        fresh = [item for item in shown if item.lodged_at > (finding.adopted_at or 0)]
        if all(item.lodged_by == commitment.owner for item in fresh):
            text = "that it is remedied is shown by evidence lodged since adoption by others than its owner"
            yield refuse("evidence", "compliance:close", text)


def tally(finding: FindingCase) -> dict[Verdict, int]:
    """Return how many seats gave each verdict."""
    given = Counter(verdict.verdict for verdict in finding.verdicts)
    return {"breach": given["breach"], "no-breach": given["no-breach"], "cannot-tell": given["cannot-tell"]}


def derive(finding: FindingCase, terms: Commit, now: int) -> Rating | None:
    """Return the rating that the verdicts yield at ``now``, None while seats are still to be heard."""
    votes = tally(finding)
    if votes["breach"] >= terms.k:
        return finding.proposed
    if votes["no-breach"] >= terms.k:
        return "C"
    heard = len(finding.verdicts) == len(terms.panel)
    return "U" if heard or now >= due(finding) + PANEL_TERM else None


def possible(finding: FindingCase, terms: Commit) -> frozenset[Rating]:
    """Return every rating that the verdicts still to come could yield."""
    votes, left = tally(finding), len(terms.panel) - len(finding.verdicts)
    ratings: set[Rating] = set()
    if votes["breach"] < terms.k <= votes["breach"] + left:
        ratings.add(finding.proposed)
    if votes["no-breach"] < terms.k <= votes["no-breach"] + left:
        ratings.add("C")
    if left and votes["breach"] < terms.k and votes["no-breach"] < terms.k:
        ratings.add("U")
    return frozenset(ratings)
