"""Deterministic CBOR (RFC 8949 §4.2), the only form in which a value is hashed, signed or stored.

Rules: definite lengths, shortest integers and floats, map keys sorted by their encoded bytes, text keys only,
no tags, no duplicate keys, no NaN or infinity, no more values than the form may hold. ``decode`` refuses every other
spelling of the same value, so two parties that hash what they parsed hash the same bytes. What has been received is
verified as received; it is never re-encoded and then verified.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import cbor2

from hamsaya.base.errors import PeerError

MAX_DEPTH = 16
MAX_VALUES = 200_000
"""Values in one piece, all levels together; the largest report has 20,000 rows of eight. A mebibyte of empty maps
would otherwise cost as much as a thousand signatures."""


class _NoTags(dict[int, Callable[..., Any]]):
    """Answers for every tag there is: refused. A built-in decoder never runs, so no tag can build a set, a shared or
    cyclic value (a few bytes that unfold without end), a regular expression or a huge number."""

    def __missing__(self, tag: int) -> Callable[..., Any]:
        return self._refuse

    def _refuse(self, *unused: Any) -> Any:
        raise ValueError("no tags")


_NO_TAGS = _NoTags()


def encode(value: Any) -> bytes:
    """Return the one deterministic encoding of ``value`` (None, bool, int, float, bytes, str, list/tuple, dict)."""
    return cbor2.dumps(value, canonical=True)


def decode(unverified_bytes: bytes, most: int = MAX_VALUES) -> Any:
    """Return the value whose one deterministic encoding is ``unverified_bytes``.

    Args:
        most: How many values lists and maps may hold, all levels together.
    Raises:
        PeerError: not CBOR, or CBOR in any but the deterministic form, or more values (code ``non-canonical``).
    """
    try:
        value = cbor2.loads(
            unverified_bytes,
            semantic_decoders=_NO_TAGS,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise PeerError(f"expected deterministic CBOR, received bytes that do not parse ({type(error).__name__})",
                        code="non-canonical") from None
    _refuse_foreign(value, most)
    if encode(value) != unverified_bytes:
        raise PeerError("expected the deterministic encoding, received another spelling of the value",
                        code="non-canonical")
    return value


_LEAVES = frozenset((bytes, str, bool, type(None)))


def _refuse_foreign(value: Any, most: int) -> None:
    """Refuse what the profile leaves out: tags, simple values, non-text keys, NaN and infinities, big integers, and
    more than ``most`` values."""
    open_values = [value]
    while open_values:
        item = open_values.pop()
        kind = type(item)
        if kind in _LEAVES:
            continue
        if kind is int:
            if not -(2**63) <= item < 2**63:
                raise PeerError("expected integers that fit in 64 bits", code="non-canonical")
        elif kind is list:
            most = _room(most, len(item))
            open_values += item
        elif kind is dict:
            most = _room(most, len(item))
            if any(type(key) is not str for key in item):
                raise PeerError("expected text map keys", code="non-canonical")
            open_values += item.values()
        elif kind is not float:
            raise PeerError(f"expected plain values, received {kind.__name__}", code="non-canonical")
        elif not math.isfinite(item):
            raise PeerError("expected finite numbers", code="non-canonical")


def _room(most: int, values: int) -> int:
    if values > most:
        raise PeerError("expected fewer values than received", code="non-canonical")
    return most - values


def digest(data: bytes) -> bytes:
    """Return SHA-256 of ``data``, 32 bytes."""
    return hashlib.sha256(data).digest()


def tagged(domain: str, value: Any) -> bytes:
    """Return ``domain``, a zero byte, and the deterministic encoding of ``value``: the form of all signed bytes.

    The domain keeps a signature made for one purpose from being read as another.
    """
    return domain.encode("ascii") + b"\0" + encode(value)
