"""From a promise to a finding: who may say what, and what the panel's verdicts yield.

Rules
1. What a message refers to has been seen here                              else ``predecessor-missing``
2. commit    the range is a range; n seats for n members, k of them a majority and at most all; the owner judges
             nobody in its own cause; no bloc holds k seats; blocs are those of the roster, where it is given
             else ``already-exists``, ``target-range``, ``panel``, ``owner-on-panel``, ``bloc``
3. evidence  of a class the commitment admits, denied access always; about the past; self-reports by the owner,
             counterpart reports by others; denied access measures no value
             else ``already-exists``, ``evidence-class``, ``observed``, ``self-report``
4. notify    proposes PC or NC on evidence seen here, with at least fifteen days for the reply (an exercise may
             play its clocks faster)        else ``already-exists``, ``proposed-rating``, ``reply-due``
5. reply     by the owner, once, before it is due
             else ``not-the-owner``, ``illegal-transition``, ``reply-due``
6. attest    by a seat of the panel, once, within the panel's term of twenty days after the reply is due
             else ``not-on-panel``, ``already-attested``, ``panel-term``
7. finding   once, after the reply or its term, with exactly the rating that the verdicts yield
             else ``illegal-transition``, ``wrong-rating``, ``predecessor-missing`` while reply or verdicts are
             awaited that could still bear it out

The verdicts yield: k for breach, the proposed rating; k for no breach, C; neither, once every seat was heard or
the panel's term is over, U. Since k is a majority, later verdicts never change a rating that earlier ones
yielded; so verdicts and replies that were on their way when a finding was adopted are recorded, and every node
comes to the same state in whatever order they arrive. One exception: U adopted at the end of the term, against
a verdict that was given in time and is still on its way; who has seen that verdict refuses the U.

Left out: who may adopt, which is the charter's; posterior probabilities and grades of evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY
from hamsaya.compliance.types import Commitment, ComplianceState, FindingCase
from hamsaya.messages.compliance import Attest, Commit, Evidence, Finding, Notify, Rating, Reply, Verdict
from hamsaya.messages.event import Event

REPLY_TERM = 15 * DAY
PANEL_TERM = 20 * DAY
PROPOSABLE: frozenset[Rating] = frozenset(("PC", "NC"))

# The life of a commitment and of a finding. A reply or a verdict that was on its way when a finding was adopted
# still goes on record.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("none", "compliance.commit"): "monitoring",
    ("monitoring", "compliance.evidence"): "monitoring",
    ("none", "compliance.notify"): "notified",
    ("notified", "compliance.attest"): "notified",
    ("notified", "compliance.reply"): "replied",
    ("notified", "compliance.finding"): "adopted",
    ("replied", "compliance.attest"): "replied",
    ("replied", "compliance.finding"): "adopted",
    ("adopted", "compliance.attest"): "adopted",
    ("adopted", "compliance.reply"): "adopted",
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
            roster = {seat.member: seat.bloc for seat in body.panel} if blocs is None else blocs
            yield from _commit(event, body, roster)
        case Evidence() as body:
            yield from _evidence(state, event, body)
        case Notify() as body:
            yield from _notify(state, event, body)
        case Reply(finding=ref) | Attest(finding=ref) | Finding(finding=ref):
            finding = state.findings.get(ref)
            if finding is None:
                yield _awaited(f"finding {ref} has not been notified here")
            else:
                yield from _on_finding(event, finding, state.commitments[finding.commitment])
        case _:
            yield refuse("illegal-transition", "compliance:kinds", f"{event.kind} is none of verification")


def _awaited(text: str) -> Decision:
    return refuse("predecessor-missing", "compliance:order", text)


def _commit(event: Event, body: Commit, blocs: Mapping[str, str]) -> Iterator[Decision]:
    seats = Counter(seat.member for seat in body.panel)
    if body.target_low > body.target_high:
        yield refuse("target-range", "compliance:commit", "the target's low end lies above its high end")
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
    if body.evidence_class not in {"access-denied", *commitment.terms.evidence_classes}:
        text = f"the commitment admits no evidence of class {body.evidence_class}"
        yield refuse("evidence-class", "compliance:evidence", text)
    if not body.observed_from <= body.observed_to <= event.issued_at:
        yield refuse("observed", "compliance:evidence", "an observation has a beginning, an end, and is past")
    if body.evidence_class == "access-denied" and body.value is not None:
        yield refuse("observed", "compliance:evidence", "who was denied access has measured nothing")
    own = event.sender == commitment.owner
    if body.evidence_class == ("counterpart-report" if own else "self-report"):
        text = "self-reports are the owner's, counterpart reports another's"
        yield refuse("self-report", "compliance:evidence", text)


def _notify(state: ComplianceState, event: Event, body: Notify) -> Iterator[Decision]:
    if body.commitment not in state.commitments:
        yield _awaited(f"commitment {body.commitment} is not known here")
    if body.finding in state.findings:
        yield refuse("already-exists", "compliance:notify", "the finding's reference is taken")
    if body.proposed not in PROPOSABLE:
        yield refuse("proposed-rating", "compliance:notify", "a notification proposes PC or NC")
    if body.reply_due < event.issued_at + (1 if event.exercise else REPLY_TERM):
        yield refuse("reply-due", "compliance:notify", "the owner has at least fifteen days to reply")
    for ref in body.evidence:
        if (body.commitment, ref) not in state.evidence:
            yield _awaited(f"evidence {ref} has not been seen here")


def _on_finding(event: Event, finding: FindingCase, commitment: Commitment) -> Iterator[Decision]:
    again = isinstance(event.body, Reply) and finding.reply is not None
    if again or (finding.status, event.kind) not in TRANSITIONS:
        text = f"{event.kind} has no place in state {finding.status!r}"
        yield refuse("illegal-transition", "compliance:transitions", text)
    match event.body:
        case Reply():
            if event.sender != commitment.owner:
                yield refuse("not-the-owner", "compliance:reply", "only the owner replies")
            if event.issued_at >= finding.reply_due:
                yield refuse("reply-due", "compliance:reply", "the time for the reply is over")
        case Attest():
            if all(seat.member != event.sender for seat in commitment.terms.panel):
                yield refuse("not-on-panel", "compliance:attest", "only a seat of the panel attests")
            if any(verdict.member == event.sender for verdict in finding.verdicts):
                yield refuse("already-attested", "compliance:attest", "each seat attests once")
            if event.issued_at >= finding.reply_due + PANEL_TERM:
                yield refuse("panel-term", "compliance:attest", "the panel's term is over")
        case Finding(rating=rating):
            yield from _adopt(event, rating, finding, commitment)


def _adopt(event: Event, rating: Rating, finding: FindingCase, commitment: Commitment) -> Iterator[Decision]:
    if finding.reply is None and event.issued_at < finding.reply_due:
        yield _awaited("neither the owner's reply nor the end of its time has come")
    derived = derive(finding, commitment.terms, event.issued_at)
    if derived != rating:
        if rating in possible(finding, commitment.terms):
            yield _awaited(f"the verdicts seen here do not yield {rating} yet")
        yielded = "no rating yet" if derived is None else derived
        yield refuse("wrong-rating", "compliance:finding", f"the verdicts yield {yielded}, not {rating}")


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
    return "U" if heard or now >= finding.reply_due + PANEL_TERM else None


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
