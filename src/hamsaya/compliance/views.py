"""Commitments as a person or a program reads them. What nobody verified is shown as unverified, whatever else."""

from __future__ import annotations

from collections import Counter

from hamsaya.compliance.rules import derive, tally
from hamsaya.compliance.types import (
    WORDS,
    Commitment,
    CommitmentView,
    ComplianceState,
    FindingCase,
    FindingView,
)
from hamsaya.messages.compliance import Commit, Rating


def commitments(state: ComplianceState, now: int) -> list[CommitmentView]:
    """Return every commitment, oldest first, with its rating, evidence and findings as they stand at ``now``."""
    ordered = sorted(state.commitments.items(), key=lambda entry: (entry[1].made_at, entry[0]))
    return [_commitment(state, ref, commitment, now) for ref, commitment in ordered]


def rating(state: ComplianceState, commitment: str) -> tuple[Rating, int | None]:
    """Return the rating of the finding adopted last and its instant; ("U", None) without any."""
    found = [
        (finding.adopted_at, finding.finding, finding.rating)
        for finding in state.findings.values()
        if finding.commitment == commitment and finding.adopted_at is not None and finding.rating is not None
    ]
    if not found:
        return "U", None
    at, _, word = max(found)
    return word, at


def adopted(state: ComplianceState, finding: str) -> tuple[str, Rating] | None:
    """Return the commitment and the rating of an adopted finding; None while it is unknown or not adopted."""
    found = state.findings.get(finding)
    return None if found is None or found.rating is None else (found.commitment, found.rating)


def _commitment(state: ComplianceState, ref: str, commitment: Commitment, now: int) -> CommitmentView:
    word, at = rating(state, ref)
    evidence = [item for item in state.evidence.values() if item.commitment == ref]
    findings = [finding for finding in state.findings.values() if finding.commitment == ref]
    by_class = Counter(item.evidence_class for item in evidence)
    return CommitmentView(
        commitment=ref,
        owner=commitment.owner,
        terms=commitment.terms,
        made_at=commitment.made_at,
        rating=word,
        words=WORDS[word],
        rated_at=at,
        evidence=sorted(evidence, key=lambda item: (item.lodged_at, item.evidence)),
        by_class=dict(sorted(by_class.items())),
        access_denied=by_class["access-denied"],
        findings=[
            _finding(each, commitment.terms, now)
            for each in sorted(findings, key=lambda each: (each.notified_at, each.finding))
        ],
    )


def _finding(finding: FindingCase, terms: Commit, now: int) -> FindingView:
    heard = {verdict.member for verdict in finding.verdicts}
    return FindingView(
        finding=finding,
        status=finding.status,
        reply_expired=finding.reply is None and now >= finding.reply_due,
        tally=tally(finding),
        outstanding=[seat.member for seat in terms.panel if seat.member not in heard],
        derived=derive(finding, terms, now),
    )
