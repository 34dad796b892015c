"""Identifiers: member slugs, time-ordered message ids, case references."""

from __future__ import annotations

import re

MEMBER = re.compile(r"[a-z][a-z0-9-]{1,31}")
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
MESSAGE_ID_BYTES = 16


def member_id(text: str) -> str:
    """Return ``text`` when it is a member slug: a lower-case letter, then 1 to 31 of ``a-z 0-9 -``.

    Raises:
        ValueError: anything else.
    """
    if not MEMBER.fullmatch(text):
        raise ValueError(f"expected a member slug such as 'pk' or 'joint-cell', received {text[:40]!r}")
    return text


def reference(text: str) -> str:
    """Return ``text`` when it is a reference (case, commitment, tranche …): 1 to 64 of ``A-Z a-z 0-9 . _ : / -``.

    Raises:
        ValueError: anything else.
    """
    if not REFERENCE.fullmatch(text):
        raise ValueError(f"expected a reference such as 'C-2026-001', received {text[:40]!r}")
    return text


def message_id(now: int, random_bytes: bytes) -> bytes:
    """Return a 16-byte id: 6 bytes of milliseconds, then 10 random bytes, so ids sort by time of making.

    Args:
        now: UTC milliseconds, 0 <= now < 2**48.
        random_bytes: exactly 10 bytes from a secure source.
    """
    if len(random_bytes) != MESSAGE_ID_BYTES - 6:
        raise ValueError(f"expected 10 random bytes, received {len(random_bytes)}")
    return now.to_bytes(6, "big") + random_bytes
