"""Hit/no-hit as a node judges it: the room's rules with what it knows of cases, and what needs keys and arithmetic.

Rules beside those of ``matching.probe``, in the order in which they are applied
1. A probe of a case that is not known here waits for the case, where cases come here   else ``predecessor-missing``
2. the rules of the room
3. a notice's key and a probe's inputs are elements of the group  else ``bad-element``
4. an answer proves that it was made with the noticed key         else ``bad-proof``, ``bad-element``
5. the seed of an audit is the hash of its checkpoints, of at least two logs, one of them not the audited member's,
   each signed by its log; outside exercises, whose civil clock runs apart, after the period   else ``wrong-seed``

Rule 4 is asked by whoever is told of the answer, asker and oversight; the responder answers only under the key that its
notice names (``match_probes``), and need not prove it to itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.errors import PeerError
from hamsaya.cases.types import CasesState
from hamsaya.crypto import oprf
from hamsaya.matching import probe as rules
from hamsaya.matching.audit import seed_of
from hamsaya.matching.probe import PER_CASE, Facts
from hamsaya.matching.types import Asking, MatchState
from hamsaya.messages.event import Event
from hamsaya.messages.match import Audit, Confirm, Notice, Probe, ProbeAnswer
from hamsaya.node import directory
from hamsaya.node.agreement import Agreement
from hamsaya.node.directory import DirectoryState
from hamsaya.translog.checkpoint import parse_checkpoint
from hamsaya.translog.cosignature import log_vkeys, open_note, verify_note
from hamsaya.translog.note import parse_note


def decide(
    agreement: Agreement, state: MatchState, cases: CasesState, peers: DirectoryState, event: Event
) -> Decision:
    """Return whether ``event`` (of a ``match.*`` kind) may be applied; the first refusal that applies."""
    told_of_cases = agreement.own not in agreement.overseers
    unknown = told_of_cases and event.case is not None and event.case not in cases.cases
    if isinstance(event.body, Probe) and unknown and event.sender != agreement.own:
        return refuse("predecessor-missing", "match:case", "the case has not arrived here yet")
    by_room = rules.decide(state, event, facts_of(agreement, cases, event))
    if not by_room.allowed:
        return by_room
    try:
        _check(agreement, state, peers, event)
    except PeerError as error:
        return refuse(error.code, "match:proofs", str(error))
    return by_room


def facts_of(agreement: Agreement, cases: CasesState, event: Event) -> Facts:
    """Return what the room is told of the case of ``event``, of oversight, and of this node."""
    overseers, case = agreement.overseers, cases.cases.get(event.case or "")
    sees_all = agreement.own == event.sender or agreement.own in overseers
    if agreement.own in overseers:
        return Facts(case_open=None, overseers=overseers, case_budget=_budget(cases, event.case), sees_all=sees_all)
    still_open = case is not None and (case.closed_at is None or event.issued_at < case.closed_at)
    return Facts(
        case_open=still_open and case is not None and event.issued_at < case.retain_until,
        participants=frozenset(case.participants) if case else frozenset(), overseers=overseers,
        case_budget=_budget(cases, event.case), sees_all=sees_all, asked=_asked(cases, event),
    )


def _budget(cases: CasesState, case: str | None) -> int:
    raised = cases.raises.get(case or "")
    return PER_CASE if raised is None else raised.limit


def _asked(cases: CasesState, event: Event) -> bool:
    if not isinstance(event.body, Confirm):
        return False
    request = cases.requests.get((event.case or "", event.body.request))
    return request is not None and request.asked == event.sender and request.asker in event.recipients


def _check(agreement: Agreement, state: MatchState, peers: DirectoryState, event: Event) -> None:
    match event.body:
        case Notice(public=public):
            oprf.require_elements([public])
        case Probe(elements=elements):
            oprf.require_elements(elements)
        case ProbeAnswer() as answer if event.sender != agreement.own:
            asking = waiting_for(state, event, answer.probe)
            oprf.require_proof(asking.public, asking.elements, answer.evaluated, answer.proof)
        case Audit() as audit:
            _check_seed(agreement, peers, audit)


def waiting_for(state: MatchState, event: Event, ref: str) -> Asking:
    """Return the probe that ``event`` ends; the room's rules have found it."""
    return next(each for querier in event.recipients if (each := state.probes.get((querier, ref))))


def _check_seed(agreement: Agreement, peers: DirectoryState, audit: Audit) -> None:
    notes = opened_notes(agreement, peers, audit.checkpoints, audit.last)
    if set(notes) <= {agreement.origin(audit.of)} or len(notes) != len(audit.checkpoints):
        raise PeerError("expected checkpoints of different logs, one at least not the audited member's",
                        code="wrong-seed")
    if len(notes) < 2 or seed_of(notes) != audit.seed:
        raise PeerError("expected the hash of the checkpoints of at least two logs", code="wrong-seed")


def opened_notes(
    agreement: Agreement, peers: DirectoryState, notes: Sequence[bytes], after: int
) -> dict[str, bytes]:
    """Return origin -> the text of each note, once its log has signed it, outside exercises after ``after`` (ms).

    Only the signed text counts towards a seed: lines of witnesses can be added at will.

    Raises:
        PeerError: no checkpoint, of an unknown log, not signed by it, or too early (``wrong-seed``).
    """
    members = {agreement.origin(member): member for member in agreement.charter.members}
    found: dict[str, bytes] = {}
    for raw in notes:
        try:
            note = parse_note(raw)
            origin = parse_checkpoint(note.text).origin
            keys = log_vkeys(origin, directory.signature_key(peers, members[origin], "log"))
            open_note(note, keys)
            signed_s = max(line.time_s or 0 for line in verify_note(note, keys))
        except (PeerError, KeyError):
            raise PeerError("expected checkpoints that a log of this federation signed", code="wrong-seed") from None
        if not agreement.exercise and signed_s * 1000 <= after:
            raise PeerError("expected checkpoints signed after the period", code="wrong-seed")
        found[origin] = note.text.encode()
    return found
