"""What a node knows of commitments, evidence and findings, and how a person sees it.

"U", unverified, is where every commitment starts and what it stays without an adopted finding. It never counts as
compliant. Denied access is a fact of its own and is never counted as an absence of evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import immutables
import msgspec

from hamsaya.messages.compliance import Commit, EvidenceClass, Ground, Publication, Rating, Stance, Track, Verdict

FindingStatus = Literal[
    "provisional", "notified", "accepted", "disputed", "dropped", "adopted", "follow-up", "closed"
]
Step = Literal["notify", "reply", "verdicts", "adoption", "review"]
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
    unit: str | None
    replaces: str | None
    digest: bytes
    summary: str
    lodged_at: int


class Attested(_Record, frozen=True):
    """One seat's verdict."""

    member: str
    verdict: Verdict
    at: int
    reason: str | None


class Followed(_Record, frozen=True):
    """What the conductor ordered after adoption."""

    track: Track
    review_on: int
    text: str
    at: int


class Closed(_Record, frozen=True):
    """How a finding ended."""

    ground: Ground
    evidence: tuple[str, ...]
    at: int


class FindingCase(_Record, frozen=True):
    """A finding on its way: raised, notified, replied to, attested by the panel, adopted, followed up, closed."""

    finding: str
    commitment: str
    raised_by: str
    raised_at: int
    conductor: str
    proposed: Rating
    evidence: tuple[str, ...]
    reopens: str | None
    notified_at: int | None = None
    reply_due: int | None = None
    stance: Stance | None = None
    reply: str | None = None
    replied_at: int | None = None
    verdicts: tuple[Attested, ...] = ()
    rating: Rating | None = None
    adopted_at: int | None = None
    dropped_at: int | None = None
    dropped_why: str | None = None
    followed: tuple[Followed, ...] = ()
    closed: Closed | None = None

    @property
    def status(self) -> FindingStatus:
        """The state in the table of ``rules.TRANSITIONS``."""
        if self.dropped_at is not None:
            return "dropped"
        if self.rating is not None:
            return "closed" if self.closed else "follow-up" if self.followed else "adopted"
        if self.notified_at is None:
            return "provisional"
        return "notified" if self.stance is None else self.stance


@dataclass(frozen=True, slots=True)
class ComplianceState:
    """Every commitment, piece of evidence (by commitment and reference) and finding this node knows.

    ``voted_down``: findings that the members voted down, which do not speak. No message of this room fills it; who
    reads a record says which.
    """

    commitments: immutables.Map[str, Commitment] = immutables.Map()
    evidence: immutables.Map[tuple[str, str], EvidenceItem] = immutables.Map()
    findings: immutables.Map[str, FindingCase] = immutables.Map()
    voted_down: frozenset[str] = frozenset()


EMPTY_COMPLIANCE = ComplianceState()


class PanelRates(_Record, frozen=True):
    """How a panel errs: the probability that it confirms a real breach, and a fabricated one."""

    detection: float
    false_alarm: float


class Due(_Record, frozen=True):
    """What a finding waits for: by whom and by when (UTC ms)."""

    step: Step
    by: list[str]
    due: int
    overdue: bool


class FindingView(_Record, frozen=True):
    """A finding with its tally. ``derived`` is the rating the verdicts yield now, None while they yield none.

    ``reopened_by``: findings that took this one up again after it was closed. ``voted_down``: by the members.
    """

    finding: FindingCase
    status: FindingStatus
    due: list[Due]
    reopened_by: list[str]
    voted_down: bool
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


class Statement(_Record, frozen=True):
    """What may be said of a commitment at one level of publication. What a level does not show is empty.

    Attributes:
        words: The rating in words, never in words of blame; unverified is said as such.
        since: When the finding was adopted, or None.
        confidence: In words how sure the rating is, and on how much evidence; "" where nobody has worked it out.
        votes, dissent: How the panel voted, and the reasons of those who saw it otherwise.
        index: For members: reference, class and date of each piece of evidence; denied access among them.
        whole: For the owner: everything about itself.
    """

    commitment: str
    owner: str
    title: str
    level: Publication
    rating: Rating
    words: str
    since: int | None
    votes: dict[Verdict, int]
    dissent: list[str]
    index: list[EvidenceItem]
    whole: CommitmentView | None
    confidence: str = ""
