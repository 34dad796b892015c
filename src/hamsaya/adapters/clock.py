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
    """Civil time runs ``rate`` times as fast for the first ``fast_ms`` of machine time, then at its own pace.

    Days of deadlines so fit an exercise, and what stays up afterwards does not race through its keys. All parties
    of an exercise share these figures; no node with a real charter accepts this clock.
    """

    anchor: int
    rate: int
    fast_ms: int

    def now(self) -> int:
        elapsed = self.ticks() - self.anchor
        return self.anchor + elapsed + min(max(elapsed, 0), self.fast_ms) * (self.rate - 1)

    def ticks(self) -> int:
        return time.time_ns() // 1_000_000


class SystemRandom:
    """The operating system's random source."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
