"""Hybrid signatures: Ed25519 and ML-DSA together, and both must verify.

Ed25519 gives long-standing assurance, ML-DSA (FIPS 204) holds against a quantum computer. A key pair is
one object, a public key is one object, a signature is the pair ``(ed25519, ml_dsa)``: half of it is nothing.
Node keys use ML-DSA-44, offline roots ML-DSA-65.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA44PrivateKey,
    MLDSA44PublicKey,
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest

Signature = tuple[bytes, bytes]
SEED_BYTES = 64
_PUBLIC_BYTES = {"ml-dsa-44": 1312, "ml-dsa-65": 1952}


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A hybrid public key: 32 bytes of Ed25519, then ML-DSA of the named parameter set."""

    algorithm: str
    ed25519: bytes
    ml_dsa: bytes

    def __post_init__(self) -> None:
        if len(self.ed25519) != 32 or len(self.ml_dsa) != _PUBLIC_BYTES.get(self.algorithm, -1):
            raise PeerError("expected an Ed25519 and an ML-DSA public key of their standard lengths", code="bad-key")

    @property
    def raw(self) -> bytes:
        """Both public keys, concatenated (lengths are fixed)."""
        return self.ed25519 + self.ml_dsa

    @property
    def kid(self) -> bytes:
        """The first 8 bytes of SHA-256 over the public key."""
        return key_id(self.raw)

    def verify(self, signature: Signature, signed_bytes: bytes) -> None:
        """Return when both signatures hold over ``signed_bytes``.

        Raises:
            PeerError: either is missing or wrong (code ``bad-signature``).
        """
        ed_key, ml_key = _loaded(self.algorithm, self.ed25519, self.ml_dsa)
        try:
            ed_key.verify(signature[0], signed_bytes)
            ml_key.verify(signature[1], signed_bytes)
        except (InvalidSignature, ValueError):
            raise PeerError("expected valid Ed25519 and ML-DSA signatures, at least one does not verify",
                            code="bad-signature") from None

    @staticmethod
    @lru_cache(maxsize=512)
    def parse(raw: bytes, algorithm: str = "ml-dsa-44") -> VerifyingKey:
        """Return the key in ``raw``, the same object for the same bytes; refuses wrong lengths with PeerError."""
        return VerifyingKey(algorithm, raw[:32], raw[32:])


_Loaded = tuple[Ed25519PublicKey, MLDSA44PublicKey | MLDSA65PublicKey]


@lru_cache(maxsize=256)
def _loaded(algorithm: str, ed25519: bytes, ml_dsa: bytes) -> _Loaded:
    """Parse public keys once: parsing costs a fifth of a verification."""
    load = MLDSA44PublicKey.from_public_bytes if algorithm == "ml-dsa-44" else MLDSA65PublicKey.from_public_bytes
    return Ed25519PublicKey.from_public_bytes(ed25519), load(ml_dsa)


@dataclass(frozen=True)
class SigningKey:
    """A hybrid private key from one 64-byte seed (32 Ed25519, 32 ML-DSA). The seed never leaves the key file."""

    algorithm: str
    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES or self.algorithm not in _PUBLIC_BYTES:
            raise ValueError("expected a 64-byte seed and algorithm ml-dsa-44 or ml-dsa-65")

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, kid={self.verifying_key.kid.hex()})"

    @cached_property
    def _keys(self) -> tuple[Ed25519PrivateKey, MLDSA44PrivateKey | MLDSA65PrivateKey]:
        load = MLDSA44PrivateKey.from_seed_bytes if self.algorithm == "ml-dsa-44" else MLDSA65PrivateKey.from_seed_bytes
        return Ed25519PrivateKey.from_private_bytes(self.seed[:32]), load(self.seed[32:])

    @cached_property
    def verifying_key(self) -> VerifyingKey:
        """The public half."""
        ed_key, ml_key = self._keys
        ed25519, ml_dsa = ed_key.public_key().public_bytes_raw(), ml_key.public_key().public_bytes_raw()
        return VerifyingKey(self.algorithm, ed25519, ml_dsa)

    def sign(self, signed_bytes: bytes) -> Signature:
        """Return ``(ed25519, ml_dsa)`` over ``signed_bytes``, which must carry its own domain prefix."""
        return self.sign_ed25519(signed_bytes), self.sign_ml_dsa(signed_bytes)

    def sign_ed25519(self, signed_bytes: bytes) -> bytes:
        """Return the 64-byte Ed25519 half, for formats (C2SP notes) that carry one algorithm a line."""
        return self._keys[0].sign(signed_bytes)

    def sign_ml_dsa(self, signed_bytes: bytes) -> bytes:
        """Return the ML-DSA half, for formats (C2SP cosignatures) that carry one algorithm a line."""
        return self._keys[1].sign(signed_bytes)


@lru_cache(maxsize=1024)
def key_id(public_bytes: bytes) -> bytes:
    """Return the 8-byte key id: the head of SHA-256 over the public key."""
    return digest(public_bytes)[:8]
