"""Clocks and randomness of the real machine, and the fast clock of an exercise."""

from __future__ import annotations

import contextlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path


class SystemClock:
    """Civil time is the machine's UTC."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def ticks(self) -> int:
        return time.time_ns() // 1_000_000


@dataclass
class ExerciseClock:
    """Civil time runs ``rate`` times as fast for ``fast_ms`` of machine time from ``anchor`` on, else at its own pace.

    Days of deadlines so fit an exercise, and what stays up afterwards does not race through its keys. All parties
    of an exercise share these figures; no node with a real charter accepts this clock. With a file in ``begins`` the
    fast time begins when ``begin_fast_time`` writes it: a script asks for days when it needs them, however long the
    machine took for what came before.
    """

    anchor: int
    rate: int
    fast_ms: int
    begins: Path | None = None

    def now(self) -> int:
        ticks = self.ticks()
        if self.begins is not None:
            self._read_anchor(self.begins)
        fast = min(max(ticks - self.anchor, 0), self.fast_ms) if self.begins is None else 0
        return ticks + fast * (self.rate - 1)

    def _read_anchor(self, begins: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.anchor, self.begins = int(begins.read_bytes()), None

    def ticks(self) -> int:
        return time.time_ns() // 1_000_000


def begin_fast_time(begins: Path) -> None:
    """Let the fast time of every clock that looks for this file begin now; what is there already stays."""
    if not begins.exists():
        fresh = begins.with_suffix(".new")
        fresh.write_text(str(time.time_ns() // 1_000_000), encoding="ascii")
        fresh.replace(begins)


class SystemRandom:
    """The operating system's random source."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)
