"""The group ristretto255: the standard's points, what is no point, and a second implementation."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.crypto.ristretto import (
    IDENTITY,
    ORDER,
    add,
    encode,
    from_uniform,
    negate,
    parse,
    sum_of_multiples,
)

# RFC 9496 appendix A.1: the generator and its next multiples.
MULTIPLES = [bytes.fromhex(text) for text in (
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
)]
NO_ELEMENT = {
    "the identity": bytes(32),
    "the field's order": (2**255 - 19).to_bytes(32, "little"),
    "above the field's order": (2**255 - 17).to_bytes(32, "little"),
    "all bits": b"\xff" * 32,
    "the top bit beside a good element": MULTIPLES[0][:31] + bytes([MULTIPLES[0][31] | 0x80]),
    "negative": (1).to_bytes(32, "little"),
    "minus one": (2**255 - 20).to_bytes(32, "little"),
    "a negated element": (2**255 - 19 - int.from_bytes(MULTIPLES[0], "little")).to_bytes(32, "little"),
    "no square": (8).to_bytes(32, "little"),
    "a byte short": MULTIPLES[0][:31],
    "a byte long": MULTIPLES[0] + b"\0",
    "nothing": b"",
}
scalars = st.integers(0, ORDER - 1)
# 64 zeros map to the identity, which has no encoding that parse accepts.
points = st.binary(min_size=64, max_size=64).filter(any).map(from_uniform)
# Even and below 2^255, so that half of them pass the first check.
candidates = st.binary(min_size=32, max_size=32).map(lambda b: bytes([b[0] & 0xFE]) + b[1:31] + bytes([b[31] & 0x7F]))


def test_multiples_of_the_generator_are_the_standards() -> None:
    """By repeated addition and by multiplication: both must give the printed encodings."""
    generator = parse(MULTIPLES[0])
    total = IDENTITY
    for times, expected in enumerate(MULTIPLES, 1):
        total = add(total, generator)
        assert encode(total) == encode(sum_of_multiples([times], [generator])) == expected


@pytest.mark.parametrize("unverified", NO_ELEMENT.values(), ids=NO_ELEMENT)
def test_what_is_no_element_is_refused(unverified: bytes) -> None:
    """A second encoding of one element, or a point outside the group, would break what the protocol proves."""
    with pytest.raises(PeerError, match="canonical element") as refused:
        parse(unverified)
    assert refused.value.code == "bad-element"


@given(points)
def test_an_element_survives_its_encoding(point: tuple[int, int, int, int]) -> None:
    """Encoding is one to one: parsing gives a point with the same bytes."""
    assert encode(parse(encode(point))) == encode(point)


@given(points, scalars, scalars)
@settings(max_examples=20)
def test_multiples_add_up(point: tuple[int, int, int, int], a: int, b: int) -> None:
    """aP + bP = (a + b)P, and P - P is the identity, whose encoding is 32 zeros."""
    assert encode(sum_of_multiples([a, b], [point, point])) == encode(sum_of_multiples([(a + b) % ORDER], [point]))
    assert encode(add(point, negate(point))) == encode(sum_of_multiples([0], [point])) == bytes(32)


@given(st.lists(st.tuples(st.binary(min_size=64, max_size=64), scalars), min_size=1, max_size=24))
@example([(bytes(range(64)), ORDER - 1), (bytes(range(1, 65)), 2**252 - 1)])
@settings(max_examples=15)
def test_a_sum_of_multiples_is_what_a_second_library_says(terms: list[tuple[bytes, int]]) -> None:
    """Against libsodium, one multiple at a time."""
    rbcl = pytest.importorskip("rbcl", reason="rbcl, the second implementation of the group, is not installed")
    theirs = bytes(32)
    for uniform, scalar in terms:
        point = rbcl.crypto_core_ristretto255_from_hash(uniform)
        assert encode(from_uniform(uniform)) == point
        if scalar:
            term = rbcl.crypto_scalarmult_ristretto255(scalar.to_bytes(32, "little"), point)
            theirs = rbcl.crypto_core_ristretto255_add(theirs, term)
    ours = sum_of_multiples([scalar for _, scalar in terms], [from_uniform(each) for each, _ in terms])
    assert encode(ours) == theirs


@given(candidates)
def test_two_implementations_agree_on_what_is_an_element(unverified: bytes) -> None:
    """One that accepts more than the other would let a message through at one end only."""
    rbcl = pytest.importorskip("rbcl", reason="rbcl, the second implementation of the group, is not installed")
    valid = rbcl.crypto_core_ristretto255_is_valid_point(unverified) and unverified != bytes(32)
    try:
        parse(unverified)
        assert valid
    except PeerError:
        assert not valid


def test_hashing_needs_64_bytes() -> None:
    """Fewer would not be uniform over the group."""
    with pytest.raises(ValueError, match="64 uniform bytes"):
        from_uniform(bytes(63))
