"""The spellings shared by the log's text formats: each value has exactly one, every other is refused."""

from __future__ import annotations

import base64
import binascii
import re

from hamsaya.base.errors import PeerError

MAX_SIZE = 2**63 - 1
"""Largest tree size, index or POSIX time: what a signed 64-bit integer of other implementations holds."""
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def read_text(unverified_bytes: bytes, limit: int, code: str) -> str:
    """Return the UTF-8 text in ``unverified_bytes``: at most ``limit`` bytes, newline its only control
    character.

    Raises:
        PeerError: too long, not UTF-8, or a control character below U+0020 (code ``code``).
    """
    if len(unverified_bytes) > limit:
        raise PeerError(f"expected at most {limit} bytes, received {len(unverified_bytes)}", code=code)
    try:
        text = unverified_bytes.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PeerError(f"expected UTF-8, received other bytes at offset {error.start}", code=code) from None
    if any(char < " " and char != "\n" for char in set(text)):
        raise PeerError("expected no control character but newline, received one", code=code)
    return text


def read_decimal(text: str, code: str) -> int:
    """Return the whole number in ``text``: ASCII digits, no leading zero, at most 2^63 - 1."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise PeerError(
            "expected a decimal number below 2^63 without sign or leading zero, received another spelling",
            code=code,
        )
    return int(text)


def read_base64(text: str, code: str) -> bytes:
    """Return the bytes of ``text`` in padded standard base64 (RFC 4648 §4); spare bits must be zero."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = None
    if raw is None or write_base64(raw) != text:
        raise PeerError("expected padded standard base64, received another spelling", code=code)
    return raw


def read_hash(text: str, code: str) -> bytes:
    """Return the 32-byte hash in base64 ``text``."""
    raw = read_base64(text, code)
    if len(raw) != 32:
        raise PeerError(f"expected a hash of 32 bytes, received {len(raw)}", code=code)
    return raw


def write_base64(raw: bytes) -> str:
    """Return ``raw`` in padded standard base64."""
    return base64.b64encode(raw).decode("ascii")
