"""What a node knows of commitments, evidence and findings, and how a person sees it.

"U", unverified, is where every commitment starts and what it stays without an adopted finding. It never counts as
compliant. Denied access is a fact of its own and is never counted as an absence of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import immutables
import msgspec

from hamsaya.messages.compliance import Commit, EvidenceClass, Rating, Verdict

FindingStatus = Literal["notified", "replied", "adopted"]
WORDS: dict[Rating, str] = {
    "C": "compliant",
    "LC": "largely compliant",
    "PC": "partially compliant",
    "NC": "not compliant",
    "U": "unverified",
}


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen record of plain fields; instants are UTC milliseconds."""


class Commitment(_Record, frozen=True):
    """A promise of ``owner``, in the very words of its message."""

    owner: str
    made_at: int
    terms: Commit


class EvidenceItem(_Record, frozen=True):
    """One piece of evidence, known by its digest."""

    commitment: str
    evidence: str
    lodged_by: str
    evidence_class: EvidenceClass
    observed_from: int
    observed_to: int
    value: float | None
    digest: bytes
    summary: str
    lodged_at: int


class Attested(_Record, frozen=True):
    """One seat's verdict."""

    member: str
    verdict: Verdict
    at: int


class FindingCase(_Record, frozen=True):
    """A finding on its way: proposed, replied to, attested by the panel, perhaps adopted."""

    finding: str
    commitment: str
    notified_by: str
    proposed: Rating
    evidence: tuple[str, ...]
    notified_at: int
    reply_due: int
    reply: str | None = None
    replied_at: int | None = None
    verdicts: tuple[Attested, ...] = ()
    rating: Rating | None = None
    adopted_by: str | None = None
    adopted_at: int | None = None

    @property
    def status(self) -> FindingStatus:
        """The state in the table of ``rules.TRANSITIONS``."""
        if self.rating is not None:
            return "adopted"
        return "notified" if self.reply is None else "replied"


@dataclass(frozen=True, slots=True)
class ComplianceState:
    """Every commitment, piece of evidence (by commitment and reference) and finding this node knows."""

    commitments: immutables.Map[str, Commitment] = immutables.Map()
    evidence: immutables.Map[tuple[str, str], EvidenceItem] = immutables.Map()
    findings: immutables.Map[str, FindingCase] = immutables.Map()


EMPTY_COMPLIANCE = ComplianceState()


class PanelRates(_Record, frozen=True):
    """How a panel errs: the probability that it confirms a real breach, and a fabricated one."""

    detection: float
    false_alarm: float


class FindingView(_Record, frozen=True):
    """A finding with its tally. ``derived`` is the rating the verdicts yield now, None while they yield none."""

    finding: FindingCase
    status: FindingStatus
    reply_expired: bool
    tally: dict[Verdict, int]
    outstanding: list[str]
    derived: Rating | None


class CommitmentView(_Record, frozen=True):
    """A commitment with its current rating, evidence by class, and denied access counted apart."""

    commitment: str
    owner: str
    terms: Commit
    made_at: int
    rating: Rating
    words: str
    rated_at: int | None
    evidence: list[EvidenceItem]
    by_class: dict[EvidenceClass, int]
    access_denied: int
    findings: list[FindingView]
