"""Every message kind and what handles it, on one screen.

``decide`` asks the charter first (may this pass between these parties at all?), then who has signed (are these the
persons who answer for it?), then the core of the kind's room (is it legal in the present state?). Both ends ask the
same questions of the same rules. ``apply`` folds one admitted message. The cores do not know each other: what one
needs of another is passed here as a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.errors import PeerError
from hamsaya.cases import freezing, hotline, notices
from hamsaya.cases import reduce as cases_reduce
from hamsaya.cases import rules as cases_rules
from hamsaya.cases.hotline import EMPTY_HOTLINE, HotlineState
from hamsaya.cases.types import EMPTY_CASES, CasesState
from hamsaya.charter import assembly
from hamsaya.charter import reduce as charter_reduce
from hamsaya.charter.check import require_sound
from hamsaya.charter.resolved import resolved
from hamsaya.charter.said import EMPTY_CHARTER, CharterState, Recorded
from hamsaya.charter.types import CHARTER, Document
from hamsaya.compliance import reduce as compliance_reduce
from hamsaya.compliance import rules as compliance_rules
from hamsaya.compliance import views as compliance_views
from hamsaya.compliance.types import EMPTY_COMPLIANCE, ComplianceState
from hamsaya.linkage import reduce as linkage_reduce
from hamsaya.linkage import rules as linkage_rules
from hamsaya.linkage.types import EMPTY_LINKAGE, Decided, LinkageState
from hamsaya.matching import probe as match_fold
from hamsaya.matching.types import EMPTY_MATCHES, MatchState
from hamsaya.messages.charter import CastVote, Contest, Record, Sign, ballot_bytes
from hamsaya.messages.compliance import Rating
from hamsaya.messages.envelope import statement_parts
from hamsaya.messages.event import Event
from hamsaya.messages.linkage import Step
from hamsaya.monitor import reduce as monitor_reduce
from hamsaya.monitor import rules as monitor_rules
from hamsaya.monitor.types import EMPTY as EMPTY_MONITOR
from hamsaya.monitor.types import State as MonitorState
from hamsaya.node import directory, match_rules, persons, signers
from hamsaya.node.agreement import REVISION_BYTES, Agreement
from hamsaya.node.chain import SUSPENSION
from hamsaya.node.directory import EMPTY_DIRECTORY, DirectoryState
from hamsaya.node.oversight import rules as oversight_rules
from hamsaya.node.oversight import stream as oversight_stream
from hamsaya.node.oversight.types import EMPTY_OVERSIGHT, OversightState
from hamsaya.node.persons import EMPTY_PERSONS, PersonsState
from hamsaya.node.receipts import read_receipt_by_any
from hamsaya.node.standing import with_votes
from hamsaya.translog.cosignature import log_vkeys

OWN = frozenset(("data-owner",))
"""The consent that every message of today carries: a party speaks of its own data, and the rooms refuse what is
another's. No kind acts on another's soil; one that does will carry the decision with the territory's vote."""


@dataclass(frozen=True, slots=True)
class FederationState:
    """The whole state of a node: one part for each room, each a fold of the journal."""

    directory: DirectoryState = EMPTY_DIRECTORY
    persons: PersonsState = EMPTY_PERSONS
    charter: CharterState = EMPTY_CHARTER
    cases: CasesState = EMPTY_CASES
    hotline: HotlineState = EMPTY_HOTLINE
    monitor: MonitorState = EMPTY_MONITOR
    compliance: ComplianceState = EMPTY_COMPLIANCE
    linkage: LinkageState = EMPTY_LINKAGE
    matches: MatchState = EMPTY_MATCHES
    oversight: OversightState = EMPTY_OVERSIGHT


def initial_state(own: str) -> FederationState:
    """Return the state before the first message at the node of ``own``."""
    return FederationState(cases=CasesState(own=own), oversight=OversightState(own=own))


Rule = Callable[[Agreement, FederationState, Event], Decision]
Fold = Callable[[FederationState, Event], FederationState]


def _decide_charter(agreement: Agreement, state: FederationState, event: Event) -> Decision:
    if isinstance(event.body, Sign) and (refused := _signature(agreement, state, event.body)):
        return refused
    if refused := _ballots(agreement, state, event):
        return refused
    proven = _proven(agreement, state, event) if isinstance(event.body, Contest) else None

    def sound(document: Document) -> None:
        current = agreement.situation(state.charter, event.issued_at).compiled
        require_sound(document, earlier={current.revision: current.document})

    return assembly.decide(lambda at: agreement.situation(state.charter, at), event, sound, proven)


def _signature(agreement: Agreement, state: FederationState, body: Sign) -> Decision | None:
    """Return the refusal of a signature for anything but a document of this federation, in a revision known here."""
    expected = agreement.documents.get(body.document)
    if expected is None:
        return refuse("unknown-document", "charter:documents", "no such document is part of this federation")
    earlier = body.document == CHARTER and agreement.knows_revision(state.charter, body.revision[:REVISION_BYTES])
    if expected != body.revision and not earlier:
        return refuse("charter-revision", "charter:documents", "the signature is for another revision of the document")
    return None


def _ballots(agreement: Agreement, state: FederationState, event: Event) -> Decision | None:
    """Return the refusal of a vote or record with a ballot that its member has not signed."""
    if isinstance(event.body, Record) and event.sender not in agreement.situation(
        state.charter, event.issued_at
    ).compiled.document.depositaries:
        return None  # The assembly refuses it, without a signature to verify.
    match event.body:
        case CastVote(proposal=proposal, subject=subject, choice=choice, ballot=ballot):
            ballots = [(event.sender, event.issued_at, choice, ballot)]
        case Record(proposal=proposal, subject=subject, votes=votes):
            ballots = [(vote.member, vote.at, vote.choice, vote.ballot) for vote in votes]
        case _:
            return None
    for member, at, choice, ballot in ballots:
        signed = ballot_bytes(agreement.federation, member, proposal, subject, choice)
        if not directory.signed_by(state.directory, member, signed, ballot, at):
            # A record may come before word of the key with which one of its ballots was signed.
            missing = isinstance(event.body, Record) or member not in state.directory.peers
            return refuse("predecessor-missing" if missing else "bad-ballot", "charter:ballots",
                          f"no key of {member} known here has signed that ballot")
    return None


def _proven(agreement: Agreement, state: FederationState, event: Event) -> tuple[str, int] | None:
    """Return which depositary's log held the contested vote, and when, if the receipt in ``event`` proves it."""
    assert isinstance(event.body, Contest)
    records: Mapping[bytes, Recorded] = state.charter.records.get(event.body.proposal) or {}
    record = records.get(event.body.record)
    try:
        header = statement_parts(event.body.statement)[0]
        if record is None or (header.snd, header.mid) != (event.sender, event.body.vote):
            return None
        keys = [log_vkeys(agreement.origin(record.by), key)
                for key in directory.signature_keys(state.directory, record.by, "log")]
        verdict = read_receipt_by_any(keys, event.body.statement, event.body.receipt)
        if verdict.state != "admitted" or not _holds(agreement, state, event, verdict.at):
            return None
        return record.by, verdict.at
    except PeerError:
        return None


def _holds(agreement: Agreement, state: FederationState, event: Event, at: int) -> bool:
    """Say whether the contesting sender's ballot could be counted at ``at``, when it was in the depositary's log."""
    assert isinstance(event.body, Contest)
    reference = event.body.proposal
    vote, put = state.charter.votes.get((reference, event.sender)), state.charter.proposals.get(reference)
    if vote is None or put is None:
        return True  # The assembly lets it wait for what is missing.
    signed = ballot_bytes(agreement.federation, event.sender, reference, put.subject, vote.choice)
    return directory.signed_by(state.directory, event.sender, signed, vote.ballot, at)


def _finding_behind(agreement: Agreement, state: FederationState, event: Event) -> tuple[str, Rating] | None:
    """Return (commitment, rating) of the finding that speaks and that a tranche's step names as its ground, if any."""
    if not isinstance(event.body, Step):
        return None
    at, document = event.issued_at, agreement.charter.document
    return compliance_views.adopted(with_votes(state.compliance, state.charter, document, at), event.body.ground, at)


def _votes_on(state: FederationState, event: Event) -> list[Decided]:
    """Return what the members are recorded to have decided on the suspension of the tranche that a step moves: blocked,
    it goes on."""
    if not isinstance(event.body, Step):
        return []
    found = resolved(state.charter, SUSPENSION, event.body.tranche, event.issued_at)
    return [Decided(vote.proposal, vote.concerned, not vote.adopted, vote.closed_at) for vote in found]


def _decide_case(agreement: Agreement, state: FederationState, event: Event) -> Decision:
    told_of_no_case = agreement.own in agreement.overseers and state.cases.cases.get(event.case or "") is None
    if event.kind in notices.ROLES and told_of_no_case:
        refused = oversight_rules.notice_of(state.oversight, event)
        return refused or permit("oversight:notice", "oversight is told what comes of a notice")
    return cases_rules.decide(
        state.cases, event, agreement.observers, agreement.retention(event.instrument), agreement.overseers,
        agreement.annexes(state.charter),
    )


def _decide_oversight(agreement: Agreement, state: FederationState, event: Event) -> Decision:
    members = [name for name in agreement.charter.members if agreement.overseers_of(name)]
    facts = oversight_rules.Facts(
        overseers={name: agreement.overseers_of(name) for name in members},
        origins={name: agreement.origin(name) for name in members}, directory=state.directory, cases=state.cases,
    )
    decision = oversight_rules.decide(state.oversight, event, facts)
    return _decide_case(agreement, state, event) if decision.allowed and event.kind in freezing.ROLES else decision


def _fold_oversight(state: FederationState, event: Event) -> FederationState:
    if event.kind in freezing.ROLES:
        return replace(state, cases=cases_reduce.apply(state.cases, event))
    return replace(state, oversight=oversight_rules.apply(state.oversight, event))


# room prefix -> (the room's rule, the room's fold)
HANDLERS: Mapping[str, tuple[Rule, Fold]] = {
    "node": (
        lambda agreement, state, event: directory.decide(state.directory, event, agreement.own),
        lambda state, event: replace(state, directory=directory.apply(state.directory, event)),
    ),
    "keys": (
        lambda agreement, state, event: directory.decide(state.directory, event, agreement.own),
        lambda state, event: replace(state, directory=directory.apply(state.directory, event)),
    ),
    "person": (
        lambda agreement, state, event: persons.decide(state.persons, event),
        lambda state, event: replace(state, persons=persons.apply(state.persons, event)),
    ),
    "charter": (
        _decide_charter,
        lambda state, event: replace(state, charter=charter_reduce.apply(state.charter, event)),
    ),
    "case": (
        _decide_case,
        lambda state, event: replace(state, cases=cases_reduce.apply(state.cases, event)),
    ),
    "hotline": (
        lambda agreement, state, event: hotline.decide(state.hotline, event),
        lambda state, event: replace(state, hotline=hotline.apply(state.hotline, event)),
    ),
    "monitor": (
        lambda agreement, state, event: monitor_rules.decide(state.monitor, event, agreement.areas),
        lambda state, event: replace(state, monitor=monitor_reduce.apply(state.monitor, event)),
    ),
    "compliance": (
        lambda agreement, state, event: compliance_rules.decide(state.compliance, event, agreement.blocs),
        lambda state, event: replace(state, compliance=compliance_reduce.apply(state.compliance, event)),
    ),
    "linkage": (
        lambda agreement, state, event: linkage_rules.decide(
            state.linkage, event, _finding_behind(agreement, state, event), agreement.joint_cells,
            _votes_on(state, event),
        ),
        lambda state, event: replace(state, linkage=linkage_reduce.apply(state.linkage, event)),
    ),
    "match": (
        lambda agreement, state, event: match_rules.decide(
            agreement, state.matches, state.cases, state.directory, event
        ),
        lambda state, event: replace(state, matches=match_fold.apply(state.matches, event)),
    ),
    "oversight": (_decide_oversight, _fold_oversight),
}


def decide(
    agreement: Agreement, state: FederationState, event: Event, arrived: int | None = None, *, prepared: bool = False
) -> Decision:
    """Decide whether ``event`` may pass: the charter's clauses, who signed, whether its case is frozen, the room's
    rules; the first refusal stands.

    Args:
        arrived: When it arrived here, for what another has sent: who has been removed or cut off since it was issued,
            or says so, is not let in by an earlier date.
        prepared: It is not to be sent yet, so persons who must sign may still be missing.
    """
    by_charter = agreement.decide(state.charter, event, OWN)
    if by_charter.allowed and arrived is not None and arrived > event.issued_at:
        by_charter = agreement.decide(state.charter, event, OWN, arrived)
    if not by_charter.allowed:
        return by_charter
    by_persons = signers.decide(state.persons, agreement.federation, event, prepared=prepared)
    if not by_persons.allowed:
        return by_persons
    if (frozen := freezing.stopped(state.cases, event)) is not None:
        return frozen
    rule, _ = HANDLERS[event.kind.partition(".")[0]]
    by_room = rule(agreement, state, event)
    if not by_room.allowed:
        return by_room
    signed = by_persons.reasons if event.acts else ()
    obligations = by_charter.obligations | by_room.obligations
    return Decision(True, by_room.code, by_charter.reasons + signed + by_room.reasons, obligations)


def apply(state: FederationState, event: Event) -> FederationState:
    """Return the state after ``event``, which ``decide`` permitted."""
    _, fold = HANDLERS[event.kind.partition(".")[0]]
    return fold(state, event)


def snapshot(state: FederationState) -> Any:
    """Return the whole state as one plain value; equal states give equal bytes."""
    return {
        "directory": directory.snapshot(state.directory),
        "persons": persons.snapshot(state.persons),
        "charter": charter_reduce.snapshot(state.charter),
        "cases": cases_reduce.snapshot(state.cases),
        "hotline": hotline.snapshot(state.hotline),
        "monitor": monitor_reduce.snapshot(state.monitor),
        "compliance": compliance_reduce.snapshot(state.compliance),
        "linkage": linkage_reduce.snapshot(state.linkage),
        "matches": match_fold.snapshot(state.matches),
        "oversight": oversight_stream.snapshot(state.oversight),
    }
