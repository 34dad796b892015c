"""What hit/no-hit needs of an oblivious pseudorandom function, so that its rules know no library.

The node passes ``hamsaya.crypto.oprf``, which is RFC 9497 over ristretto255; a test may pass an independent one. Both
sides promise: outputs depend on the input and the key alone; whoever holds neither learns nothing from elements; an
answer made with another key than ``public`` is refused, not noticed later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

ELEMENT_BYTES = 32
PROOF_BYTES = 64
BLIND_BYTES = 64
OUTPUT_BYTES = 64


class ResponderKey(Protocol):
    """The secret key of one epoch. It is pickled to workers of an executor, which so belong to the responder."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes, as it is logged."""

    def evaluate(self, elements: Sequence[bytes]) -> tuple[tuple[bytes, ...], bytes]:
        """Return the elements under the key, and one proof of that; raises PeerError ``bad-element``."""

    def output(self, data: bytes) -> bytes:
        """Return the 64-byte output for an input known to the responder."""


class Asked(Protocol):
    """One input as it was asked."""

    @property
    def element(self) -> bytes:
        """The 32 bytes that the responder sees of it."""


class QuerierSide(Protocol):
    """What a querier, and whoever checks it, computes."""

    def masks(self, public: bytes, blinds: Sequence[bytes], /) -> Sequence[Any]:
        """Return what hides one input each, for the responder with ``public``; needs no input yet."""

    def ask(self, data: bytes, mask: Any, /) -> Any:
        """Return ``data`` under one of those masks, an ``Asked``."""

    def outputs(self, public: bytes, asked: Sequence[Any], evaluated: Sequence[bytes], proof: bytes, /) -> list[bytes]:
        """Return the outputs once the proof holds; raises PeerError ``bad-proof`` or ``bad-element``."""

    def outputs_of_admitted(self, asked: Sequence[Any], evaluated: Sequence[bytes], /) -> list[bytes]:
        """Return the outputs of an answer whose proof was verified when it was admitted; raises ``bad-element``."""

    def element_of(self, data: bytes, blind: bytes, /) -> bytes:
        """Return the element that ``blind`` makes of ``data``."""
