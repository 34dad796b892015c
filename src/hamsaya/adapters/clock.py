"""Clocks and randomness of the real machine, and the fast clock of an exercise."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass


class SystemClock:
    """Civil time is the machine's UTC."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def ticks(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class ExerciseClock:
    """Civil time runs ``rate`` times as fast from ``anchor`` on, so that days of deadlines fit an exercise.

    All parties of an exercise share anchor and rate; no node with a real charter accepts this clock.
    """

    anchor: int
    rate: int

    def now(self) -> int:
        return self.anchor + (self.ticks() - self.anchor) * self.rate

    def ticks(self) -> int:
        return time.time_ns() // 1_000_000


class SystemRandom:
    """The operating system's random source."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
