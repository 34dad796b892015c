"""Seal one content key to a recipient (X-Wing HPKE) and a body under a content key (AES-256-GCM).

X-Wing is MLKEM768-X25519 (HPKE KEM 0x647a): the content stays secret while either ML-KEM-768 or X25519 stands.
HPKE is used in base mode; the sender is known by the signature over the whole envelope, never by the KEM.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from hamsaya.base.errors import PeerError
from hamsaya.crypto.signing import key_id

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_MLKEM_PUBLIC_BYTES = 1184
KEM_PUBLIC_BYTES = _MLKEM_PUBLIC_BYTES + 32
KEM_SEED_BYTES = 32
WRAP_BYTES = 1120 + 32 + 16
PAD_FLOOR = 256


@dataclass(frozen=True)
class KemKey:
    """A recipient's private key of one epoch, kept as the 32-byte X-Wing seed (the library cannot serialise it)."""

    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != KEM_SEED_BYTES:
            raise ValueError("expected a 32-byte X-Wing seed")

    def __repr__(self) -> str:
        return f"KemKey(kid={self.kid.hex()})"

    @cached_property
    def _halves(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        # draft-connolly-cfrg-xwing-kem: SHAKE256(seed) gives the ML-KEM seed (64) and the X25519 scalar (32).
        expanded = hashlib.shake_256(self.seed).digest(96)
        return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])

    @cached_property
    def _private(self) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(*self._halves)

    @cached_property
    def public(self) -> bytes:
        """The 1,216 public bytes: ML-KEM-768, then X25519."""
        ml_kem, x25519 = self._halves
        return ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    @cached_property
    def kid(self) -> bytes:
        """The 8-byte key id."""
        return key_id(self.public)

    def unwrap(self, wrapped: bytes, info: bytes) -> bytes:
        """Return the content key sealed in ``wrapped`` for exactly this ``info``.

        Raises:
            PeerError: sealed to another key, for another header, or altered (code ``cannot-open``).
        """
        try:
            return _SUITE.decrypt(wrapped, self._private, info=info)
        except (InvalidTag, ValueError):
            raise PeerError("the sealed content key does not open with this node's key", code="cannot-open") from None


def wrap(content_key: bytes, kem_public: bytes, info: bytes) -> bytes:
    """Return ``content_key`` sealed to ``kem_public``: 1,120 bytes of encapsulation and a 48-byte ciphertext.

    Raises:
        PeerError: no key anybody could open with, such as a low-order X25519 point (code ``bad-key``).
    """
    key = _loaded_kem(kem_public)
    try:
        return _SUITE.encrypt(content_key, key, info=info)
    except ValueError:
        raise PeerError("expected a KEM key that gives a shared secret; its owner publishes another",
                        code="bad-key") from None


@lru_cache(maxsize=256)
def _loaded_kem(kem_public: bytes) -> MLKEM768X25519PublicKey:
    if len(kem_public) != KEM_PUBLIC_BYTES:
        raise PeerError(f"expected {KEM_PUBLIC_BYTES} bytes of KEM key, received {len(kem_public)}", code="bad-key")
    try:
        ml_kem = MLKEM768PublicKey.from_public_bytes(kem_public[:_MLKEM_PUBLIC_BYTES])
        x25519 = X25519PublicKey.from_public_bytes(kem_public[_MLKEM_PUBLIC_BYTES:])
    except ValueError:
        raise PeerError("expected a valid ML-KEM-768 and X25519 public key", code="bad-key") from None
    return MLKEM768X25519PublicKey(ml_kem, x25519)


@lru_cache(maxsize=1024)
def check_kem_public(kem_public: bytes) -> None:
    """Return when something can be sealed to ``kem_public``: found out by sealing, since low-order points parse.

    Raises:
        PeerError: of another length, or no key (code ``bad-key``).
    """
    wrap(bytes(32), kem_public, b"")


def derive(content_key: bytes, label: bytes) -> bytes:
    """Return 32 bytes bound to ``label`` (HKDF-Expand, RFC 5869; the content key is already uniform)."""
    return HKDFExpand(SHA256(), 32, label).derive(content_key)


def seal_body(key: bytes, body: bytes, associated: bytes) -> bytes:
    """Return the padded body under AES-256-GCM. ``key`` must be used for this one body: the nonce is zero."""
    return AESGCM(key).encrypt(bytes(12), pad(body), associated)


def open_body(key: bytes, sealed_body: bytes, associated: bytes) -> bytes:
    """Return the body; raises PeerError (``cannot-open``) when it, the key or ``associated`` differ."""
    try:
        return unpad(AESGCM(key).decrypt(bytes(12), sealed_body, associated))
    except (InvalidTag, ValueError):
        raise PeerError("the sealed body does not open: altered, or sealed for another header",
                        code="cannot-open") from None


def lock(key: bytes, nonce: bytes, body: bytes, associated: bytes) -> bytes:
    """Return ``nonce`` and the body under AES-256-GCM, for keeping at rest. ``nonce`` is 12 fresh random bytes."""
    return nonce + AESGCM(key).encrypt(nonce, body, associated)


def unlock(key: bytes, locked: bytes, associated: bytes) -> bytes:
    """Return the body of ``lock``; raises PeerError (``cannot-open``) when anything differs."""
    try:
        return AESGCM(key).decrypt(locked[:12], locked[12:], associated)
    except (InvalidTag, ValueError):
        raise PeerError("what is kept at rest does not open with this key", code="cannot-open") from None


def pad(body: bytes) -> bytes:
    """Return a 4-byte length, the body and zeros up to a PADMÉ size: at most 12 % more, at least 256 bytes.

    Source: Nikitin et al. (2019), "Reducing Metadata Leakage from Encrypted Files", PoPETs 2019(4), algorithm 1.
    """
    size = max(PAD_FLOOR, len(body) + 4)
    exponent = size.bit_length() - 1
    free_bits = exponent - exponent.bit_length()
    size = (size + (1 << free_bits) - 1) >> free_bits << free_bits
    return len(body).to_bytes(4, "big") + body + bytes(size - 4 - len(body))


def unpad(padded: bytes) -> bytes:
    """Return the body of ``pad``; refuses a length beyond the bytes or padding that is not zero."""
    size = int.from_bytes(padded[:4], "big")
    if len(padded) < 4 or size > len(padded) - 4 or any(padded[4 + size :]):
        raise PeerError("expected zero padding after the body", code="bad-padding")
    return padded[4 : 4 + size]


def seal_piece(key: bytes, nonce: bytes, piece: bytes, associated: bytes) -> bytes:
    """Return one piece of a stream under AES-256-GCM. ``nonce``, 12 bytes used once under ``key``, does not travel."""
    return AESGCM(key).encrypt(nonce, piece, associated)


def open_piece(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Return the piece of ``seal_piece``; raises PeerError (``cannot-open``) when anything differs."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except (InvalidTag, ValueError):
        raise PeerError("a piece of the file does not open: altered, moved, or sealed for another item",
                        code="cannot-open") from None
