"""Time and randomness come in through here and nowhere else."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Two clocks: civil time for what is signed, machine time for how long to wait."""

    def now(self) -> int:
        """Return UTC milliseconds, for issue times, deadlines and key validity; an exercise may run it fast."""
        ...

    def ticks(self) -> int:
        """Return machine milliseconds since 1970, for retries and polling; an exercise does not change it."""
        ...


class Random(Protocol):
    """A source of unpredictable bytes."""

    def bytes(self, count: int) -> bytes:
        """Return ``count`` fresh bytes fit for keys."""
        ...
