"""RFC 9497 over ristretto255 written a second time, from the text alone, on libsodium's group instead of ours.

All three modes, so that it can be held against every vector of the suite before it is held against the product. The
library behind it (``rbcl``) checks no lengths and is for tests only.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import rbcl

ORDER = 2**252 + 27742317777372353535851937790883648493
multiply = rbcl.crypto_scalarmult_ristretto255
base = rbcl.crypto_scalarmult_ristretto255_base
plus = rbcl.crypto_core_ristretto255_add
invert = rbcl.crypto_core_ristretto255_scalar_invert


def number(scalar: bytes) -> int:
    return int.from_bytes(scalar, "little")


def scalar(value: int) -> bytes:
    return (value % ORDER).to_bytes(32, "little")


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


class Reference(NamedTuple):
    """One mode of the RFC: 0 OPRF, 1 VOPRF, 2 POPRF."""

    mode: int

    @property
    def context(self) -> bytes:
        return b"OPRFV1-" + bytes([self.mode]) + b"-ristretto255-SHA512"

    def expand(self, message: bytes, domain: bytes) -> bytes:
        suffix = domain + bytes([len(domain)])
        first = hashlib.sha512(bytes(128) + message + b"\0\x40\0" + suffix).digest()
        return hashlib.sha512(first + b"\1" + suffix).digest()

    def to_group(self, data: bytes) -> bytes:
        uniform = self.expand(data, b"HashToGroup-" + self.context)
        return bytes(rbcl.crypto_core_ristretto255_from_hash(uniform))

    def to_scalar(self, data: bytes, domain: bytes = b"HashToScalar-") -> bytes:
        return scalar(number(self.expand(data, domain + self.context)))

    def derive(self, seed: bytes, info: bytes) -> bytes:
        return self.to_scalar(seed + framed(info) + b"\0", b"DeriveKeyPair")

    def blind(self, data: bytes, blind: bytes) -> bytes:
        return bytes(multiply(blind, self.to_group(data)))

    def tweak(self, info: bytes) -> bytes:
        return self.to_scalar(b"Info" + framed(info))

    def evaluate(self, key: bytes, element: bytes, info: bytes = b"") -> bytes:
        by = invert(scalar(number(key) + number(self.tweak(info)))) if self.mode == 2 else key
        return bytes(multiply(by, element))

    def finalize(self, data: bytes, blind: bytes, evaluated: bytes, info: bytes = b"") -> bytes:
        product = multiply(invert(blind), evaluated)
        middle = framed(info) if self.mode == 2 else b""
        return hashlib.sha512(framed(data) + middle + framed(product) + b"Finalize").digest()

    def prove(self, key: bytes, asked: list[bytes], products: list[bytes], nonce: bytes, info: bytes = b"") -> bytes:
        if self.mode == 2:
            key = scalar(number(key) + number(self.tweak(info)))
            asked, products = products, asked
        public = base(key)
        m = None
        for weight, element in zip(self.weights(public, asked, products), asked, strict=True):
            m = multiply(weight, element) if m is None else plus(m, multiply(weight, element))
        parts = (public, m, multiply(key, m), base(nonce), multiply(nonce, m))
        challenge = self.to_scalar(b"".join(map(framed, parts)) + b"Challenge")
        return challenge + scalar(number(nonce) - number(challenge) * number(key))

    def weights(self, public: bytes, asked: list[bytes], products: list[bytes]) -> list[bytes]:
        seed = hashlib.sha512(framed(public) + framed(b"Seed-" + self.context)).digest()
        return [self.to_scalar(framed(seed) + place.to_bytes(2, "big") + framed(c) + framed(d) + b"Composite")
                for place, (c, d) in enumerate(zip(asked, products, strict=True))]
