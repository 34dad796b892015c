"""Commitments, evidence and findings, folded. No message overwrites what another sender's message said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as replace_state
from typing import Any

import msgspec
from msgspec.structs import replace

from hamsaya.compliance.types import (
    Attested,
    Closed,
    Commitment,
    ComplianceState,
    EvidenceItem,
    FindingCase,
    Followed,
)
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
    Reply,
)
from hamsaya.messages.event import Event


def apply(state: ComplianceState, event: Event) -> ComplianceState:
    """Return ``state`` after ``event``, which ``decide`` has permitted; other kinds change nothing here."""
    at = event.issued_at
    match event.body:
        case Commit() as body:
            made = Commitment(owner=event.sender, made_at=at, terms=body)
            return replace_state(state, commitments=state.commitments.set(body.commitment, made))
        case Evidence() as body:
            item = EvidenceItem(lodged_by=event.sender, lodged_at=at, **msgspec.structs.asdict(body))
            return replace_state(state, evidence=state.evidence.set((body.commitment, body.evidence), item))
        case Provisional() as body:
            return _found(state, _raised(event, body))
        case Notify() as body:
            return _found(state, replace(state.findings[body.finding], notified_at=at, reply_due=body.reply_due))
        case Reply() as body:
            said = {"stance": body.stance, "reply": body.text, "replied_at": at}
            return _found(state, replace(state.findings[body.finding], **said))
        case Attest() as body:
            finding = state.findings[body.finding]
            verdict = Attested(member=event.sender, verdict=body.verdict, at=at, reason=body.reason)
            verdicts = tuple(sorted((*finding.verdicts, verdict), key=lambda each: each.member))
            return _found(state, replace(finding, verdicts=verdicts))
        case Finding() as body:
            return _found(state, replace(state.findings[body.finding], rating=body.rating, adopted_at=at))
        case Drop() as body:
            return _found(state, replace(state.findings[body.finding], dropped_at=at, dropped_why=body.text))
        case FollowUp() as body:
            finding = state.findings[body.finding]
            order = Followed(track=body.track, review_on=body.review_on, text=body.text, at=at)
            return _found(state, replace(finding, followed=(*finding.followed, order)))
        case Close() as body:
            closed = Closed(ground=body.ground, evidence=tuple(body.evidence), at=at)
            return _found(state, replace(state.findings[body.finding], closed=closed))
        case _:
            return state


def _raised(event: Event, body: Provisional) -> FindingCase:
    return FindingCase(
        finding=body.finding,
        commitment=body.commitment,
        raised_by=event.sender,
        raised_at=event.issued_at,
        conductor=body.conductor,
        proposed=body.proposed,
        evidence=tuple(body.evidence),
        reopens=body.reopens,
    )


def _found(state: ComplianceState, finding: FindingCase) -> ComplianceState:
    return replace_state(state, findings=state.findings.set(finding.finding, finding))


def snapshot(state: ComplianceState) -> Any:
    """Return ``state`` as a plain value; equal states give equal values."""
    return {
        "commitments": _plain(state.commitments),
        "evidence": _plain(state.evidence),
        "findings": _plain(state.findings),
    }


def _plain(records: Mapping[Any, Any]) -> list[Any]:
    return [msgspec.to_builtins(records[key], builtin_types=(bytes,)) for key in sorted(records)]
