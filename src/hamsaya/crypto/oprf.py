"""The VOPRF of RFC 9497 over ristretto255 with SHA-512 (mode 1): the responder's key and the querier's side of it.

    key = EpochKey(seed)                                    # responder
    [mask] = masks(key.public, [blind])                     # querier, before it knows what it will ask
    asked = ask(b"input", mask)
    evaluated, proof = key.evaluate([asked.element])        # responder
    [output] = outputs(key.public, [asked], evaluated, proof)
    output == key.output(b"input")

Rules
1. Multiplying by a secret is left to the library ``voprf`` (Rust, constant time). The arithmetic of ``ristretto``
   serves what is public, verifying a proof, and the sums that put a mask on and take it off.
2. What arrives is an element in its canonical encoding, not the identity; else ``bad-element``. The library ignores
   bytes after the first 32, so lengths are checked here.
3. A proof is verified before an output is computed, against the public key that the caller took from the log; a
   responder that uses another key, for one querier or for one element, is refused with ``bad-proof``.
4. Blinding adds: element = H(input) + r·G, and k·H(input) = evaluated - r·(k·G). RFC 9497 §3.3.2 multiplies instead;
   the bytes sent, the responder's work and the output are the same. The library's own client keeps its blind to
   itself, so it could neither wait for an answer across a restart nor show oversight what it had asked. Adding is
   safe where the public key is certain, which rule 3 makes it: Jarecki, Krawczyk, Xu (2021), "On the (In)Security of
   the Diffie-Hellman Oblivious PRF with Multiplicative Blinding", §6; it was the verifiable mode's blinding in
   draft-irtf-cfrg-voprf-07, §3.3.2. The 64-byte blind stands for a uniform r, so an element tells nothing about its
   input to anybody, with any computer.

Left out: the other modes and groups of the RFC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from voprf import ristretto as library

from hamsaya.base.errors import PeerError
from hamsaya.crypto.ristretto import (
    ELEMENT_BYTES,
    ORDER,
    Point,
    add,
    encode,
    from_uniform,
    negate,
    parse,
    sum_of_multiples,
)

SEED_BYTES = 32
BLIND_BYTES = 64
PROOF_BYTES = 64
MAX_INPUT_BYTES = 2**16 - 1
CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"

_parsed = lru_cache(maxsize=1024)(parse)
"""Whoever verifies an answer reads it next: parsing costs more than all else that reading does."""
_BASE = parse(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))


class Mask(NamedTuple):
    """What one blind r adds to an element (``shift`` = r·G) and takes from its evaluation (``unshift`` = -r·k·G)."""

    shift: Point
    unshift: Point


class Asked(NamedTuple):
    """One input as it was asked: ``element`` is what the responder sees of it, ``point`` the same element."""

    data: bytes
    mask: Mask
    point: Point
    element: bytes


@dataclass(frozen=True)
class EpochKey:
    """A responder's secret key of one epoch, kept as the 32-byte seed from which the key pair derives."""

    seed: bytes = field(repr=False)
    info: bytes = b"hamsaya/v1/epoch-key"

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise ValueError(f"expected a {SEED_BYTES}-byte seed, received {len(self.seed)} bytes")

    def __getstate__(self) -> tuple[bytes, bytes]:
        return self.seed, self.info

    def __setstate__(self, state: tuple[bytes, bytes]) -> None:
        for name, value in zip(("seed", "info"), state, strict=True):
            object.__setattr__(self, name, value)

    @cached_property
    def _evaluator(self) -> library.Evaluator:
        return library.Evaluator.from_seed(self.seed, self.info)

    @cached_property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._evaluator.public_key.serialize()

    def evaluate(self, elements: Sequence[bytes]) -> tuple[tuple[bytes, ...], bytes]:
        """Return each blinded element times the key, and one proof over all that it is this key (64 bytes).

        Raises:
            PeerError: an element that is none (code ``bad-element``).
            ValueError: no element.
        Source: RFC 9497 §3.3.2, BlindEvaluate; two evaluations of the same elements differ in their proof only.
        """
        if not elements:
            raise ValueError("expected at least one element")
        answer = self._evaluator.evaluate_batch([_as_input(element) for element in elements]).serialize()
        proof, products = answer[:PROOF_BYTES], answer[PROOF_BYTES:]
        cut = range(0, len(products), ELEMENT_BYTES)
        return tuple(products[first : first + ELEMENT_BYTES] for first in cut), proof

    def output(self, data: bytes) -> bytes:
        """Return the 64-byte output for an input of 1 to 65,535 bytes. Source: RFC 9497 §3.3.2, Evaluate."""
        _require_input(data)
        return self._evaluator.evaluate_known_input(data)


def masks(public: bytes, blinds: Sequence[bytes]) -> list[Mask]:
    """Return the masks of ``blinds``, 64 secret random bytes each, for the responder with key ``public``.

    Raises:
        PeerError: ``public`` is no element (code ``bad-element``).
    """
    element = _as_input(public)
    made = []
    for blind in blinds:
        multiplier = _multiplier(blind)
        rest = parse(multiplier.evaluate(element).serialize()[PROOF_BYTES:])
        made.append(Mask(parse(multiplier.public_key.serialize()), negate(rest)))
    return made


def ask(data: bytes, mask: Mask) -> Asked:
    """Return an input of 1 to 65,535 bytes under ``mask``, which no other input may get."""
    point = add(_hash_to_group(data), mask.shift)
    return Asked(data, mask, point, encode(point))


def element_of(data: bytes, blind: bytes) -> bytes:
    """Return the blinded element that ``blind`` makes of ``data``: what oversight recomputes when a probe is opened."""
    shift = parse(_multiplier(blind).public_key.serialize())
    return encode(add(_hash_to_group(data), shift))


def outputs(public: bytes, asked: Sequence[Asked], evaluated: Sequence[bytes], proof: bytes) -> list[bytes]:
    """Return the 64-byte output of each input, once ``proof`` shows that all were evaluated under ``public``.

    Args:
        public: The responder's key of the epoch as the log has it, never as the answer says.
        asked: What was sent, in the order in which it was sent.
        evaluated, proof: The answer.
    Raises:
        PeerError: counts that differ or a proof that does not verify (``bad-proof``), no element (``bad-element``).
    """
    products = [parse(each) for each in evaluated]
    verify_proof(public, [(each.element, each.point) for each in asked],
                 list(zip(evaluated, products, strict=True)), proof)
    return _outputs(asked, products)


def outputs_of_admitted(asked: Sequence[Asked], evaluated: Sequence[bytes]) -> list[bytes]:
    """Return the outputs of an answer whose proof ``require_proof`` has verified before, against the logged key.

    Raises:
        PeerError: no element (``bad-element``).
    """
    return _outputs(asked, [_parsed(each) for each in evaluated])


def _outputs(asked: Sequence[Asked], products: Sequence[Point]) -> list[bytes]:
    return [_finalize(each.data, encode(add(product, each.mask.unshift)))
            for each, product in zip(asked, products, strict=True)]


def require_elements(unverified: Sequence[bytes]) -> None:
    """Return when all are elements in their canonical encoding, not the identity; raises PeerError ``bad-element``."""
    for each in unverified:
        _as_input(each)


def require_proof(public: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> None:
    """Return when ``proof`` shows that ``evaluated`` are ``elements`` under ``public``, to anybody who has the three.

    Raises:
        PeerError: it does not show it (``bad-proof``), or something is no element (``bad-element``).
    """
    asked, products = ([(each, _parsed(each)) for each in side] for side in (elements, evaluated))
    verify_proof(public, asked, products, proof)


Parsed = tuple[bytes, Point]
"""An element as it arrived, and parsed."""


def verify_proof(public: bytes, elements: Sequence[Parsed], products: Sequence[Parsed], proof: bytes) -> None:
    """Return when ``proof`` shows that one key is behind ``public`` and makes each of ``products`` of its element.

    Raises:
        PeerError: it does not (code ``bad-proof``), or ``public`` is no element (``bad-element``).
    Source: RFC 9497 §2.2.2, VerifyProof and ComputeComposites.
    """
    if not elements or len(elements) != len(products) or len(proof) != PROOF_BYTES:
        raise PeerError(f"expected {len(elements)} evaluated elements and a proof of {PROOF_BYTES} bytes, received "
                        f"{len(products)} and {len(proof)}", code="bad-proof")
    challenge, response = (int.from_bytes(half, "little") for half in (proof[:32], proof[32:]))
    if challenge >= ORDER or response >= ORDER:
        raise _no_proof()
    weights = _weights(public, [each for each, _ in elements], [each for each, _ in products])
    m, z = (sum_of_multiples(weights, [point for _, point in side]) for side in (elements, products))
    pairs = ((_BASE, parse(public)), (m, z))
    commitments = (sum_of_multiples((response, challenge), pair) for pair in pairs)
    parts = (public, encode(m), encode(z), *map(encode, commitments))
    if _hash_to_scalar(b"".join(map(_framed, parts)) + b"Challenge") != challenge:
        raise _no_proof()


def _weights(public: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes]) -> list[int]:
    """Return the weight of each pair in the one combination that the proof is about."""
    seed = hashlib.sha512(_framed(public) + _framed(b"Seed-" + CONTEXT)).digest()
    return [
        _hash_to_scalar(_framed(seed) + number.to_bytes(2, "big") + _framed(element) + _framed(product) + b"Composite")
        for number, (element, product) in enumerate(zip(elements, evaluated, strict=True))
    ]


def _finalize(data: bytes, product: bytes) -> bytes:
    return hashlib.sha512(_framed(data) + _framed(product) + b"Finalize").digest()


def _hash_to_group(data: bytes) -> Point:
    _require_input(data)
    return from_uniform(_expand(data, b"HashToGroup-" + CONTEXT))


def _hash_to_scalar(data: bytes) -> int:
    return int.from_bytes(_expand(data, b"HashToScalar-" + CONTEXT), "little") % ORDER


def _expand(data: bytes, domain: bytes) -> bytes:
    """Return 64 bytes by expand_message_xmd with SHA-512. Source: RFC 9380 §5.3.1, one block of output."""
    suffix = domain + bytes([len(domain)])
    first = hashlib.sha512(bytes(128) + data + (64).to_bytes(2, "big") + b"\0" + suffix).digest()
    return hashlib.sha512(first + b"\1" + suffix).digest()


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _multiplier(blind: bytes) -> library.Evaluator:
    """Return the library's keeper of the scalar for which ``blind`` stands.

    All 64 bytes enter the hash that makes the scalar (RFC 9497 §3.2.1, with the second half as its info), so the
    scalar is uniform to within 2^-128.
    """
    if len(blind) != BLIND_BYTES:
        raise ValueError(f"expected a blind of {BLIND_BYTES} bytes, received {len(blind)}")
    return library.Evaluator.from_seed(blind[:SEED_BYTES], blind[SEED_BYTES:])


def _as_input(unverified_bytes: bytes) -> library.BlindedInput:
    try:
        if len(unverified_bytes) == ELEMENT_BYTES:
            return library.BlindedInput.deserialize(unverified_bytes)
    except ValueError:
        pass
    raise PeerError("expected a canonical element of ristretto255 other than the identity, received other bytes",
                    code="bad-element")


def _require_input(data: bytes) -> None:
    if not 0 < len(data) <= MAX_INPUT_BYTES:
        raise ValueError(f"expected an input of 1 to {MAX_INPUT_BYTES} bytes, received {len(data)}")


def _no_proof() -> PeerError:
    return PeerError("the answer was not made with the epoch key in the log; keep it as evidence, tell oversight, and "
                     "use none of it", code="bad-proof")
