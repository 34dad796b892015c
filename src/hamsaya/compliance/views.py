"""Commitments as a person or a program reads them. What nobody verified is shown as unverified, whatever else.

A finding speaks from its adoption until it is closed; then its commitment is unverified again, until another speaks.
One that the members voted down does not speak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hamsaya.base.errors import OperatorError
from hamsaya.compliance.rules import NOTIFY_TERM, PANEL_TERM, VERDICT_TERM, derive, due, tally
from hamsaya.compliance.types import (
    WORDS,
    Commitment,
    CommitmentView,
    ComplianceState,
    Due,
    FindingCase,
    FindingView,
    Statement,
    Step,
)
from hamsaya.messages.compliance import Publication, Rating, Verdict

LEVELS: tuple[Publication, ...] = ("public", "members", "owner")


def commitments(state: ComplianceState, now: int) -> list[CommitmentView]:
    """Return every commitment, oldest first, with its rating, evidence and findings as they stand at ``now``."""
    ordered = sorted(state.commitments.items(), key=lambda entry: (entry[1].made_at, entry[0]))
    return [_commitment(state, ref, commitment, now) for ref, commitment in ordered]


def rating(state: ComplianceState, commitment: str) -> tuple[Rating, int | None]:
    """Return the rating of the finding that speaks and the instant of its adoption; ("U", None) without any."""
    finding = speaking(state, commitment)
    return ("U", None) if finding is None or finding.rating is None else (finding.rating, finding.adopted_at)


def speaking(state: ComplianceState, commitment: str) -> FindingCase | None:
    """Return the finding on ``commitment`` that was adopted last and not voted down, unless it is closed."""
    found = [
        (finding.adopted_at, finding.finding, finding)
        for finding in state.findings.values()
        if finding.commitment == commitment and finding.adopted_at is not None
        and finding.finding not in state.voted_down
    ]
    last = max(found, key=lambda each: each[:2])[2] if found else None
    return None if last is None or last.closed else last


def adopted(state: ComplianceState, finding: str, at: int) -> tuple[str, Rating] | None:
    """Return the commitment and rating of a finding that speaks at ``at``.

    None before it is adopted, once it is closed or voted down, and once a later finding on its commitment was adopted:
    nothing rests on what the members have since found otherwise.
    """
    found = state.findings.get(finding)
    if found is None or found.rating is None or (found.closed is not None and found.closed.at <= at):
        return None
    if finding in state.voted_down:
        return None
    own = (found.adopted_at or 0, finding)
    for each in state.findings.values():
        if each.commitment == found.commitment and each.adopted_at is not None and each.adopted_at <= at \
                and (each.adopted_at, each.finding) > own and each.finding not in state.voted_down:
            return None
    return found.commitment, found.rating


def statement(state: ComplianceState, commitment: str, level: Publication, now: int) -> Statement:
    """Return what may be said of ``commitment`` at ``level``; never more than its terms let anybody see.

    Raises:
        OperatorError: no such commitment (``unknown-commitment``), or a level that its terms keep closed (``level``).
    """
    record = state.commitments.get(commitment)
    if record is None:
        raise OperatorError(f"this node knows no commitment {commitment}; see: hamsaya compliance status",
                            code="unknown-commitment")
    if LEVELS.index(level) < LEVELS.index(record.terms.publication):
        raise OperatorError(f"expected at least the level {record.terms.publication}, which the commitment's own terms "
                            f"set, received {level}", code="level")
    word, since = rating(state, commitment)
    finding, view = speaking(state, commitment), _commitment(state, commitment, record, now)
    votes: dict[Verdict, int] = tally(finding) if finding else {"breach": 0, "no-breach": 0, "cannot-tell": 0}
    return Statement(
        commitment=commitment, owner=record.owner, title=record.terms.title, level=level, rating=word,
        words=WORDS[word], since=since, votes=votes, dissent=_dissent(finding),
        index=[] if level == "public" else view.evidence, whole=view if level == "owner" else None,
    )


def _dissent(finding: FindingCase | None) -> list[str]:
    """Return the reasons of the seats that the adopted rating went against."""
    if finding is None or finding.rating in (None, "U"):
        return []
    against = "breach" if finding.rating == "C" else "no-breach"
    return [each.reason for each in finding.verdicts if each.verdict == against and each.reason]


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
            _finding(state, each, commitment, now)
            for each in sorted(findings, key=lambda each: (each.raised_at, each.finding))
        ],
    )


def _finding(state: ComplianceState, finding: FindingCase, commitment: Commitment, now: int) -> FindingView:
    heard = {verdict.member for verdict in finding.verdicts}
    outstanding = [seat.member for seat in commitment.terms.panel if seat.member not in heard]
    return FindingView(
        finding=finding,
        status=finding.status,
        due=[Due(step=step, by=by, due=at, overdue=now >= at)
             for step, by, at in _awaits(finding, commitment, outstanding, now)],
        reopened_by=sorted(each.finding for each in state.findings.values() if each.reopens == finding.finding),
        voted_down=finding.finding in state.voted_down,
        tally=tally(finding),
        outstanding=outstanding,
        derived=None if finding.notified_at is None else derive(finding, commitment.terms, now),
    )


def _awaits(
    finding: FindingCase, commitment: Commitment, outstanding: list[str], now: int
) -> Iterator[tuple[Step, list[str], int]]:
    """Return what ``finding`` waits for: the step, by whom, and when it is due."""
    conductor = [finding.conductor]
    match finding.status:
        case "provisional":
            yield "notify", conductor, finding.raised_at + NOTIFY_TERM
        case "notified" | "accepted" | "disputed":
            if finding.reply is None and now < due(finding):
                yield "reply", [commitment.owner], due(finding)
            if outstanding and derive(finding, commitment.terms, now) is None:
                yield "verdicts", outstanding, due(finding) + VERDICT_TERM
            yield "adoption", conductor, due(finding) + PANEL_TERM
        case "follow-up":
            yield "review", conductor, finding.followed[-1].review_on
