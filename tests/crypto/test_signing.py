"""Hybrid signatures: both halves or nothing, and the published Ed25519 vector of RFC 8032."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest
from hamsaya.crypto.signing import SigningKey, VerifyingKey

KEY, OTHER = SigningKey("ml-dsa-44", b"k" * 64), SigningKey("ml-dsa-44", b"o" * 64)
ROOT = SigningKey("ml-dsa-65", b"r" * 64)
TEXT = b"purpose\0what is signed"


def refused(key: VerifyingKey, signature: tuple[bytes, bytes], text: bytes = TEXT) -> bool:
    """Say that verification raised the one code it has."""
    with pytest.raises(PeerError) as caught:
        key.verify(signature, text)
    return caught.value.code == "bad-signature"


@pytest.mark.parametrize("key", [KEY, ROOT])
def test_both_halves_verify(key: SigningKey) -> None:
    """Ed25519 is 64 bytes, ML-DSA 2,420 or 3,309; together they hold over the text and nothing else."""
    signature = key.sign(TEXT)
    assert [len(half) for half in signature] == [64, 2420 if key is KEY else 3309]
    key.verifying_key.verify(signature, TEXT)
    assert refused(key.verifying_key, signature, TEXT + b"!")
    assert refused(OTHER.verifying_key, KEY.sign(TEXT))


def test_half_a_signature_is_nothing() -> None:
    """A quantum computer forges Ed25519, a flaw in ML-DSA the other half: each half alone must not do."""
    ed, ml = KEY.sign(TEXT)
    foreign_ed, foreign_ml = OTHER.sign(TEXT)
    old_ed, old_ml = KEY.sign(b"purpose\0something else")
    for forged in (
        (ed, b""),
        (b"", ml),
        (ed, foreign_ml),
        (foreign_ed, ml),
        (ed, old_ml),
        (old_ed, ml),
        (ml, ed),
        (ed, bytes(len(ml))),
        (bytes(64), ml),
        (b"", b""),
    ):
        assert refused(KEY.verifying_key, forged)


@given(st.booleans(), st.integers(0, 2419), st.integers(0, 7))
@settings(max_examples=60)
def test_a_flipped_bit_in_either_half_is_refused(first: bool, at: int, bit: int) -> None:
    """Neither scheme lets a signature be altered into another valid one."""
    halves = [bytearray(half) for half in KEY.sign(TEXT)]
    chosen = halves[0 if first else 1]
    chosen[at % len(chosen)] ^= 1 << bit
    assert refused(KEY.verifying_key, (bytes(halves[0]), bytes(halves[1])))


def test_the_ed25519_half_is_rfc_8032() -> None:
    """Section 7.1, test 1: an empty message under the published secret key."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey("ml-dsa-44", secret + bytes(32))
    assert key.verifying_key.ed25519.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign_ed25519(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


@pytest.mark.parametrize(
    ("algorithm", "raw"),
    [
        ("ml-dsa-44", b""),
        ("ml-dsa-44", bytes(32 + 1311)),
        ("ml-dsa-44", bytes(32 + 1313)),
        ("ml-dsa-65", bytes(32 + 1312)),
        ("ml-dsa-87", bytes(32 + 2592)),
        ("none", bytes(32)),
    ],
)
def test_what_is_no_public_key_is_refused(algorithm: str, raw: bytes) -> None:
    """Lengths tell the parameter set; a root's key is never taken for a node's."""
    with pytest.raises(PeerError) as caught:
        VerifyingKey.parse(raw, algorithm)
    assert caught.value.code == "bad-key"


def test_an_all_zero_public_key_verifies_nothing() -> None:
    """A degenerate key has the right length; it must not make every signature hold."""
    zero = VerifyingKey.parse(bytes(32 + 1312))
    assert refused(zero, (bytes(64), bytes(2420)))
    assert refused(zero, KEY.sign(TEXT))


def test_seeds_have_their_length_and_are_never_printed() -> None:
    """Our own mistakes stay ValueError; a key shows its id only."""
    for algorithm, seed in (("ml-dsa-44", bytes(63)), ("ml-dsa-44", b""), ("rsa", bytes(64))):
        with pytest.raises(ValueError, match="64-byte seed"):
            SigningKey(algorithm, seed)
    assert KEY.seed.hex() not in repr(KEY) and repr(KEY.seed) not in repr(KEY)
    assert KEY.verifying_key.kid.hex() in repr(KEY)


def test_a_key_follows_from_its_seed_and_names_itself() -> None:
    """The same seed gives the same key after a restart; the id is the head of SHA-256 over both public keys."""
    again = SigningKey("ml-dsa-44", b"k" * 64).verifying_key
    assert again == KEY.verifying_key == VerifyingKey.parse(again.raw)
    assert again.kid == digest(again.raw)[:8] and again.kid != OTHER.verifying_key.kid
