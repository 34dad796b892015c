"""UTC instants as whole milliseconds since 1970-01-01T00:00:00Z; one unit in memory, on the wire and on disk."""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
_YEAR_10000 = 253_402_300_800_000


def to_text(instant: int) -> str:
    """Return ISO 8601 UTC with seconds, for example ``2026-03-01T08:00:00Z``; past the year 9999 the number itself."""
    if instant >= _YEAR_10000:  # A peer may write any instant below 2**48.
        return f"{instant} ms"
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> int:
    """Return the instant of an ISO 8601 date-time that names its offset (``Z`` or ``+05:00``).

    Raises:
        ValueError: not ISO 8601, or without an offset; a local time without its offset is not an instant.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"expected a date-time with an offset such as 2026-03-01T08:00:00Z, received {text!r}")
    return int(moment.timestamp() * 1000)
