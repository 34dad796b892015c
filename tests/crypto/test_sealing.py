"""Content keys and bodies: public vectors, padding, and what does not open."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import example, given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest
from hamsaya.crypto import sealing
from hamsaya.crypto.sealing import (
    KEM_PUBLIC_BYTES,
    PAD_FLOOR,
    WRAP_BYTES,
    KemKey,
    derive,
    lock,
    open_body,
    pad,
    seal_body,
    unlock,
    unpad,
    wrap,
)

ALICE, BOB = KemKey(b"a" * 32), KemKey(b"b" * 32)
KEY, INFO = bytes(range(32)), b"info"
SIZES = st.one_of(st.integers(0, 2_000), st.integers(0, 1 << 20))

# draft-connolly-cfrg-xwing-kem, appendix C: seed, and the first 18 and last 18 bytes of its public key.
XWING = [
    (
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
        "e2236b35a8c24b39b10aa1323a96a919a2ce",
        "70216223593d4ba32d9abac8cd049040ef6534",
    ),
    (
        "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
        "0333285fa253661508c9fb444852caa40616",
        "f85b528c953926d96ea8a160b8843f1c89c62",
    ),
]


@pytest.mark.parametrize(("seed", "head", "tail"), XWING)
def test_x_wing_public_keys_follow_from_the_drafts_seeds(seed: str, head: str, tail: str) -> None:
    """The seed's expansion, the order of the two halves and their encodings are those of the draft."""
    public = KemKey(bytes.fromhex(seed)).public
    assert len(public) == KEM_PUBLIC_BYTES
    assert public.hex().startswith(head) and public.hex().endswith(tail)


def hpke_vectors(folder: Path) -> list[dict[str, Any]]:
    """The base-mode vectors of KEM 0x647a."""
    path = folder / "vectors" / "hpke-pq.json.gz"
    if not path.exists():
        pytest.skip(f"public vectors absent: {path}")
    return [v for v in json.loads(gzip.decompress(path.read_bytes())) if v["kem_id"] == 0x647A and not v["mode"]]


def test_hpke_vectors_of_the_working_group(shared_data: Path) -> None:
    """Our key from the vector's seed has its public key and opens its first ciphertext, for every suite it lists."""
    openssl = pytest.importorskip("cryptography.hazmat.bindings._rust").openssl
    decrypt = getattr(openssl.hpke, "_decrypt_with_aad", None)
    if decrypt is None:
        pytest.skip("this cryptography has no helper with associated data")
    vectors = hpke_vectors(shared_data)
    suites = {1: KDF.HKDF_SHA256, 17: KDF.SHAKE256}, {2: AEAD.AES_256_GCM, 3: AEAD.CHACHA20_POLY1305}
    for vector in vectors:
        raw = {name: bytes.fromhex(vector[name]) for name in ("skRm", "pkRm", "enc", "info")}
        key = KemKey(raw["skRm"])
        assert key.public == raw["pkRm"]
        suite = Suite(KEM.MLKEM768_X25519, suites[0][vector["kdf_id"]], suites[1][vector["aead_id"]])
        first = vector["encryptions"][0]
        sealed = raw["enc"] + bytes.fromhex(first["ct"])
        opened = decrypt(suite, sealed, key._private, info=raw["info"], aad=bytes.fromhex(first["aad"]))
        assert opened.hex() == first["pt"]
    assert len(vectors) == 2


def test_a_wrap_opens_for_its_key_and_info_only() -> None:
    """Not with another key, another info, or one bit changed; and no two wraps of one key are alike."""
    wrapped = wrap(KEY, ALICE.public, INFO)
    assert len(wrapped) == WRAP_BYTES and ALICE.unwrap(wrapped, INFO) == KEY
    assert wrap(KEY, ALICE.public, INFO) != wrapped
    flipped = bytes([wrapped[0] ^ 1]) + wrapped[1:]
    for key, candidate, info in (
        (BOB, wrapped, INFO),
        (ALICE, wrapped, b"other"),
        (ALICE, flipped, INFO),
        (ALICE, wrapped[:-1], INFO),
        (ALICE, b"", INFO),
        (ALICE, wrapped + b"\0", INFO),
    ):
        with pytest.raises(PeerError) as refused:
            key.unwrap(candidate, info)
        assert refused.value.code == "cannot-open"


@pytest.mark.parametrize(
    "public", [b"", bytes(KEM_PUBLIC_BYTES - 1), bytes(KEM_PUBLIC_BYTES + 1), b"\xff" * KEM_PUBLIC_BYTES]
)
def test_what_is_no_public_key_is_refused(public: bytes) -> None:
    """Wrong lengths, and coefficients beyond ML-KEM's modulus (FIPS 203 §7.2)."""
    with pytest.raises(PeerError) as refused:
        wrap(KEY, public, INFO)
    assert refused.value.code == "bad-key"


def test_a_low_order_x25519_point_is_refused() -> None:
    """An all-zero X25519 half would take the classical half out of the hybrid: nothing is sealed to it."""
    weak = ALICE.public[: KEM_PUBLIC_BYTES - 32] + bytes(32)
    with pytest.raises(PeerError) as refused:
        wrap(KEY, weak, INFO)
    assert refused.value.code == "bad-key"


def test_a_seed_is_32_bytes_and_never_printed() -> None:
    """A key shows its id, never its secret."""
    with pytest.raises(ValueError, match="32-byte"):
        KemKey(b"short")
    assert ALICE.seed.hex() not in repr(ALICE) and repr(ALICE.seed) not in repr(ALICE)
    assert ALICE.kid.hex() in repr(ALICE) and ALICE.kid == digest(ALICE.public)[:8]


@given(SIZES)
@example(PAD_FLOOR - 4)
@example(PAD_FLOOR - 3)
@example(0)
def test_padding_is_padme_with_a_floor(size: int) -> None:
    """At most 12 % more than the counted body, at least 256 bytes, and a size that PADMÉ allows."""
    padded = len(pad(bytes(size)))
    counted = size + 4
    assert padded >= max(counted, PAD_FLOOR)
    assert padded <= max(PAD_FLOOR, counted * 1.12)
    exponent = padded.bit_length() - 1
    free = exponent - exponent.bit_length()
    assert padded % (1 << free) == 0


@given(st.binary(max_size=600))
def test_padding_comes_off(body: bytes) -> None:
    """The body comes back whole, also when it ends in zeros."""
    assert unpad(pad(body)) == body
    assert unpad(pad(body + bytes(9))) == body + bytes(9)


def test_few_sizes_show() -> None:
    """All bodies up to 252 bytes look alike; up to 100 kB there are fewer than 200 sizes to see."""
    assert len({len(pad(bytes(size))) for size in range(PAD_FLOOR - 3)}) == 1
    assert len({len(pad(bytes(size))) for size in range(0, 100_000, 50)}) < 200


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\5abcd",
        b"\xff\xff\xff\xff" + bytes(300),
        b"\0\0\0\1ab" + bytes(250),
        b"\0\0\0\1a" + bytes(250) + b"\1",
    ],
)
def test_padding_that_says_more_is_refused(padded: bytes) -> None:
    """A length beyond the bytes, or anything but zeros behind the body, would be a place to hide a second body."""
    with pytest.raises(PeerError) as refused:
        unpad(padded)
    assert refused.value.code == "bad-padding"


def test_a_body_opens_with_its_key_and_header_only() -> None:
    """The header is associated data: the same ciphertext under another header is nothing."""
    sealed = seal_body(KEY, b"body", b"header")
    assert open_body(KEY, sealed, b"header") == b"body" and len(sealed) == PAD_FLOOR + 16
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key, candidate, header in (
        (bytes(32), sealed, b"header"),
        (KEY, sealed, b"other"),
        (KEY, altered, b"header"),
        (KEY, b"", b"header"),
        (KEY, sealed[:15], b"header"),
    ):
        with pytest.raises(PeerError) as refused:
            open_body(key, candidate, header)
        assert refused.value.code == "cannot-open"


@given(st.binary(max_size=64), st.binary(min_size=12, max_size=12))
def test_what_is_kept_at_rest_opens_whole_or_not_at_all(body: bytes, nonce: bytes) -> None:
    """A fresh nonce goes in front; another key, another place or a short file open nothing."""
    kept = lock(KEY, nonce, body, b"place")
    assert kept[:12] == nonce and unlock(KEY, kept, b"place") == body
    for key, candidate, place in (
        (bytes(32), kept, b"place"),
        (KEY, kept, b"elsewhere"),
        (KEY, kept[:-1], b"place"),
        (KEY, kept[:5], b"place"),
        (KEY, b"", b"place"),
    ):
        with pytest.raises(PeerError):
            unlock(key, candidate, place)


def test_labels_give_independent_keys() -> None:
    """HKDF-Expand of RFC 5869 over a uniform key, against a hand-made HMAC."""
    import hmac

    assert derive(KEY, b"one") != derive(KEY, b"two")
    assert derive(KEY, b"one") == hmac.digest(KEY, b"one\x01", "sha256")


def test_the_suite_is_x_wing_with_aes_256_gcm() -> None:
    """The one suite of the envelope; a weaker one is a change of this line and of the specification."""
    wrapped = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM).encrypt(
        KEY, sealing._loaded_kem(ALICE.public), info=INFO
    )
    assert ALICE.unwrap(wrapped, INFO) == KEY
