"""Ed25519 alone, for the signatures of persons: 32-byte seeds and public keys, 64-byte signatures (RFC 8032).

The hybrid signature of the node covers the sealed content that holds them, so what was sent stays bound to the node
also where Ed25519 has fallen (ADR 13).
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hamsaya.base.errors import PeerError

SEED_BYTES = PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64


def public_of(seed: bytes) -> bytes:
    """Return the public key of ``seed``; raises ValueError for a seed of another length."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, signed_bytes: bytes) -> bytes:
    """Return the signature over ``signed_bytes``, which must carry its own domain prefix."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(signed_bytes)


def verify(public: bytes, signature: bytes, signed_bytes: bytes) -> None:
    """Return when ``signature`` holds; raises PeerError ``bad-act-signature``."""
    try:
        _loaded(public).verify(signature, signed_bytes)
    except (InvalidSignature, ValueError):
        raise PeerError("expected a person's valid Ed25519 signature", code="bad-act-signature") from None


@lru_cache(maxsize=1024)
def _loaded(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)
