"""One value, one spelling: RFC 8949 examples, every other spelling refused, round trips, and hostile bytes."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamsaya.base.errors import HamsayaError, PeerError
from hamsaya.canon import decode, digest, encode, tagged
from hamsaya.canon.cbor import MAX_DEPTH, MAX_VALUES

# RFC 8949, appendix A: what our profile keeps of it (definite lengths, no tags, text keys, finite numbers of 64 bits).
APPENDIX_A: list[tuple[Any, str]] = [
    (0, "00"),
    (1, "01"),
    (10, "0a"),
    (23, "17"),
    (24, "1818"),
    (25, "1819"),
    (100, "1864"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (-1, "20"),
    (-10, "29"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (0.0, "f90000"),
    (-0.0, "f98000"),
    (1.0, "f93c00"),
    (1.1, "fb3ff199999999999a"),
    (1.5, "f93e00"),
    (65504.0, "f97bff"),
    (100000.0, "fa47c35000"),
    (3.4028234663852886e38, "fa7f7fffff"),
    (1.0e300, "fb7e37e43c8800759c"),
    (5.960464477539063e-8, "f90001"),
    (0.00006103515625, "f90400"),
    (-4.0, "f9c400"),
    (-4.1, "fbc010666666666666"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("", "60"),
    ("a", "6161"),
    ("IETF", "6449455446"),
    ('"\\', "62225c"),
    ("ü", "62c3bc"),
    ("水", "63e6b0b4"),
    ("𐅑", "64f0908591"),
    ([], "80"),
    ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
    ({"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}, "a56161614161626142616361436164614461656145"),
]

OTHER_SPELLINGS = {
    "integer in one byte more": "1800",
    "integer in two bytes more": "190017",
    "integer in eight bytes": "1b0000000000000001",
    "negative integer in one byte more": "3800",
    "byte string length not shortest": "580101",
    "text length not shortest": "780161",
    "array length not shortest": "9800",
    "map length not shortest": "b800",
    "float in 32 bits that fits 16": "fa3f800000",
    "float in 64 bits that fits 32": "fb40f86a0000000000",
    "not a number": "f97e00",
    "not a number, long": "fb7ff8000000000001",
    "infinity": "f97c00",
    "minus infinity": "f9fc00",
    "indefinite bytes": "5f42010243030405ff",
    "indefinite text": "7f657374726561646d696e67ff",
    "indefinite array": "9fff",
    "indefinite map": "bfff",
    "keys unsorted": "a2616201616100",
    "longer key first": "a262616101616200",
    "duplicate keys": "a2616101616102",
    "integer key": "a10102",
    "bytes key": "a1410102",
    "null key": "a1f600",
    "array key": "a18000",
    "date as a tag": "c074323031332d30332d32315432303a30343a30305a",
    "epoch date as a tag": "c11a514b67b0",
    "bignum as a tag": "c249010000000000000000",
    "small bignum as a tag": "c24101",
    "decimal fraction": "c48221196ab3",
    "set as a tag": "d9010283010203",
    "regular expression as a tag": "d8236161",
    "unknown tag": "d9d9f6a0",
    "self-described": "d9d9f701",
    "embedded CBOR": "d818456449455446",
    "shared value": "d81c00",
    "text with string references": "d90100816161",
    "undefined": "f7",
    "simple value": "f0",
    "simple value in two bytes": "f8ff",
    "reserved simple value": "f818",
    "integer above 64 bits signed": "1bffffffffffffffff",
    "integer below 64 bits signed": "3bffffffffffffffff",
    "text that is no UTF-8": "62ff00",
    "surrogates": "63eda080",
    "nothing": "",
    "two values": "0000",
    "bytes after the value": "83010203ff",
    "break alone": "ff",
    "truncated text": "6261",
    "truncated array": "8301",
    "truncated head": "19",
    "length beyond the bytes": "5affffffff",
    "array of 2^32": "9affffffff",
    "reserved additional information": "1c",
}

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=30), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(("value", "spelling"), APPENDIX_A, ids=[spelling[:16] for _, spelling in APPENDIX_A])
def test_the_rfc_examples_have_one_spelling(value: Any, spelling: str) -> None:
    """Appendix A of RFC 8949 in both directions; repr tells 0.0 from -0.0 and 1 from 1.0 and True."""
    assert encode(value).hex() == spelling
    assert repr(decode(bytes.fromhex(spelling))) == repr(value)


@pytest.mark.parametrize("name", OTHER_SPELLINGS)
def test_every_other_spelling_is_refused(name: str) -> None:
    """Two parties that hash what they parsed must have parsed the same bytes, so a value has one spelling."""
    with pytest.raises(PeerError) as refused:
        decode(bytes.fromhex(OTHER_SPELLINGS[name]))
    assert refused.value.code == "non-canonical"


@given(plain)
def test_round_trip_is_exact(value: Any) -> None:
    """What is encoded comes back equal and is encoded to the same bytes again."""
    raw = encode(value)
    assert encode(decode(raw)) == raw
    assert decode(raw) == value


@given(
    st.lists(st.tuples(st.text(max_size=30), st.integers(0, 9)), unique_by=lambda pair: pair[0], max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_of_keys_does_not_show(pairs: list[tuple[str, int]], order: Any) -> None:
    """Maps that are equal have equal bytes, however they were filled."""
    shuffled = list(pairs)
    order.shuffle(shuffled)
    assert encode(dict(pairs)) == encode(dict(shuffled))


@given(st.binary(max_size=60))
@example(bytes.fromhex("d81c81d81d00"))
@example(b"\xd8\x1c" * 40 + b"\x80")
@example(b"\x81" * 10_000)
@example(b"\xa1\x61a" * 1000)
def test_arbitrary_bytes_are_a_value_or_refused(raw: bytes) -> None:
    """Nothing but PeerError escapes, and what is accepted is the one spelling of what it says."""
    try:
        value = decode(raw)
    except PeerError as error:
        assert isinstance(error, HamsayaError) and error.code == "non-canonical"
    else:
        assert encode(value) == raw


@given(plain, st.integers(0, 10**6), st.integers(1, 255))
def test_an_altered_byte_never_escapes(value: Any, at: int, flip: int) -> None:
    """Near misses of valid bytes reach deeper than random ones; they too are a value or refused."""
    raw = bytearray(encode(value))
    raw[at % len(raw)] ^= flip
    with contextlib.suppress(PeerError):
        assert encode(decode(bytes(raw))) == bytes(raw)


def test_shared_references_do_not_unfold() -> None:
    """Shared references (tags 28 and 29) double at each level: forty levels would never end. No tag is ever decoded."""
    levels = 18
    doubling = b"\xd8\x1c\x80" + b"".join(
        b"\xd8\x1c\x82" + 2 * (b"\xd8\x1d" + encode(level)) for level in range(levels)
    )
    with pytest.raises(PeerError, match="do not parse"):
        decode(bytes([0x80 + levels + 1]) + doubling)


def test_depth_is_bounded() -> None:
    """Nesting costs stack at every reader, so there is a limit; what is within it passes."""
    within: Any = []
    for _ in range(MAX_DEPTH - 1):
        within = [within]
    assert decode(encode(within)) == within
    with pytest.raises(PeerError):
        decode(encode([[within]]))


@given(plain)
def test_errors_do_not_repeat_what_was_received(value: Any) -> None:
    """Refused bytes may be somebody's case content: the message speaks of the form only."""
    secret = "secret-7f3a"
    with pytest.raises(PeerError) as refused:
        decode(encode([secret, value]) + b"\x00")
    assert secret not in str(refused.value)


def test_digest_is_sha_256() -> None:
    """The standard's own function, on the standard's own example."""
    assert digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(st.text("abc/", min_size=1, max_size=8), st.text("abc/", min_size=1, max_size=8), plain, plain)
def test_a_domain_cannot_be_read_as_another(domain: str, other: str, value: Any, another: Any) -> None:
    """Tagged bytes are equal only when domain and value are: the zero byte ends the domain."""
    same = domain == other and encode(value) == encode(another)
    assert (tagged(domain, value) == tagged(other, another)) == same
    assert tagged(domain, value) == domain.encode() + b"\0" + encode(value)


def test_a_domain_is_ascii() -> None:
    """A domain is written by us; anything else is our mistake and no peer's."""
    with pytest.raises(UnicodeEncodeError):
        tagged("حسن", 1)
    assert hashlib.sha256(tagged("d", 1)).digest() == digest(b"d\x00\x01")


@pytest.mark.parametrize("item", [{}, [], 1, b""])
def test_the_number_of_values_is_bounded(item: Any) -> None:
    """A mebibyte of empty maps would cost as much as a thousand signatures; every level counts."""
    assert decode(encode([item] * 8), 8) == [item] * 8
    for crowd in ([item] * 9, [[item] * 4, [item] * 4], {str(place): item for place in range(9)}):
        with pytest.raises(PeerError, match="fewer values"):
            decode(encode(crowd), 8)
    with pytest.raises(PeerError, match="fewer values"):
        decode(encode([item] * (MAX_VALUES + 1)))
