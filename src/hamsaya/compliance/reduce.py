"""Commitments, evidence and findings, folded. No message overwrites what another sender's message said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as replace_state
from typing import Any

import msgspec
from msgspec.structs import replace

from hamsaya.compliance.types import Attested, Commitment, ComplianceState, EvidenceItem, FindingCase
from hamsaya.messages.compliance import Attest, Commit, Evidence, Finding, Notify, Reply
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
        case Notify() as body:
            return _found(state, _notified(event, body))
        case Reply() as body:
            return _found(state, replace(state.findings[body.finding], reply=body.text, replied_at=at))
        case Attest() as body:
            finding = state.findings[body.finding]
            verdict = Attested(member=event.sender, verdict=body.verdict, at=at)
            verdicts = tuple(sorted((*finding.verdicts, verdict), key=lambda each: each.member))
            return _found(state, replace(finding, verdicts=verdicts))
        case Finding() as body:
            finding = state.findings[body.finding]
            return _found(state, replace(finding, rating=body.rating, adopted_by=event.sender, adopted_at=at))
        case _:
            return state


def _notified(event: Event, body: Notify) -> FindingCase:
    return FindingCase(
        finding=body.finding,
        commitment=body.commitment,
        notified_by=event.sender,
        proposed=body.proposed,
        evidence=tuple(body.evidence),
        notified_at=event.issued_at,
        reply_due=body.reply_due,
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
