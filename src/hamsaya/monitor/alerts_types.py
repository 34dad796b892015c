"""What is held of alerts and assessments: each with who sent it and when; all of it a fold of admitted messages."""

from __future__ import annotations

from dataclasses import dataclass

import immutables

from hamsaya.messages.alerts import Acted, Alert, Assessment, Concur, Confidence

RANGES: dict[Confidence, tuple[int, int]] = {
    "almost-certain": (95, 99),
    "very-likely": (80, 95),
    "likely": (55, 80),
    "roughly-even": (45, 55),
    "unlikely": (20, 45),
    "very-unlikely": (5, 20),
    "remote": (1, 5),
}
"""Probability in per cent that each word stands for; wherever the word is shown, the range stands beside it."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert, its sender, and when it was sent; ``heard_at`` is when it arrived here, where that was late."""

    by: str
    at: int
    alert: Alert
    heard_at: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What one party said of one thing it was asked, and when."""

    at: int
    said: Acted


@dataclass(frozen=True, slots=True)
class Assessed:
    """One assessment, its sender, when it was sent, and the digest of its body."""

    by: str
    at: int
    digest: bytes
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Stance:
    """The latest word of one party on one assessment."""

    at: int
    message_id: bytes
    said: Concur


@dataclass(frozen=True, slots=True)
class AlertState:
    """Alerts and assessments by reference; answers by (alert, party, action); stances by (assessment, party)."""

    alerts: immutables.Map[str, Raised] = immutables.Map()
    answers: immutables.Map[tuple[str, str, str], Answered] = immutables.Map()
    assessments: immutables.Map[str, Assessed] = immutables.Map()
    stances: immutables.Map[tuple[str, str], Stance] = immutables.Map()


NO_ALERTS = AlertState()
