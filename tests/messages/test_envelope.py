"""The envelope under attack: flips, cuts, stripping, lifting, swapping, forwarding, two bodies for two readers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, digest, encode
from hamsaya.crypto.sealing import WRAP_BYTES, KemKey, derive
from hamsaya.messages.envelope import (
    MAX_ENVELOPE_BYTES,
    MAX_RECIPIENTS,
    Envelope,
    parse,
    parse_header,
    seal,
    statement_parts,
)
from tests.messages.making import (
    BODY,
    CEK,
    DEFAULTS,
    KEMS,
    MALLORY,
    SENDER,
    B,
    C,
    Crooked,
    M,
    header_with,
    outer,
    sealed,
    signed,
    wraps_of,
)


@cache
def raw() -> bytes:
    """One honest envelope to B and C."""
    return sealed().encode()


def code_of(unverified_bytes: bytes, kem: KemKey = B) -> str:
    """Return how a receiver that trusts SENDER's key judges the bytes: a refusal's code, or "read"."""
    try:
        envelope = parse(unverified_bytes)
        envelope.verify(SENDER.verifying_key)
        assert envelope.open(kem) == BODY, "nothing but what was sent is ever read"
    except PeerError as error:
        return error.code
    return "read"


def test_every_recipient_reads_what_was_sealed() -> None:
    """The bytes survive the journey unchanged, and the header says what the sender said."""
    envelope = parse(raw())
    assert envelope.encode() == raw()
    assert code_of(raw(), B) == code_of(raw(), C) == "read"
    header = envelope.header
    assert (header.snd, header.typ, header.ins, header.case) == ("aa", "case.acknowledge", "case-exchange", "C-1")
    assert (header.iat, header.exp, header.exr, header.mid) == (1_000, 2_000, True, bytes(range(16)))
    assert [(each.member, each.kid) for each in header.rcp] == [("bb", B.kid), ("cc", C.kid)]
    assert header.sid == SENDER.verifying_key.kid and header.cmt != CEK


def test_a_note_to_oneself_has_no_reader() -> None:
    """Without recipients there is no wrap: the leaf stands for a body that only its author keeps."""
    envelope = parse(sealed(to={}).encode())
    envelope.verify(SENDER.verifying_key)
    assert envelope.wraps == b"" and code_of(envelope.encode()) == "not-for-us"


@given(st.data())
@settings(max_examples=300)
def test_any_altered_byte_is_refused(data: st.DataObject) -> None:
    """Header, wraps, body, signatures, framing: no byte is free."""
    at, flip = data.draw(st.integers(0, len(raw()) - 1)), data.draw(st.integers(1, 255))
    altered = bytearray(raw())
    altered[at] ^= flip
    assert code_of(bytes(altered)) != "read"


@given(st.integers(0, 10**6), st.binary(max_size=8))
@settings(max_examples=100)
def test_truncated_extended_and_spliced_bytes_are_refused(cut: int, extra: bytes) -> None:
    """An envelope is exactly its bytes."""
    whole = raw()
    at = cut % len(whole)
    assert code_of(whole[:at]) != "read"
    assert code_of(whole + extra + b"\0") != "read"
    assert code_of(whole[:at] + extra + b"\0" + whole[at:]) != "read"


@given(st.binary(max_size=200))
def test_random_bytes_never_escape(junk: bytes) -> None:
    """The parser's only answer to what it does not understand is PeerError."""
    assert code_of(junk) != "read"


@given(st.data())
@settings(max_examples=150)
def test_mutated_structures_never_escape(data: st.DataObject) -> None:
    """Well-formed CBOR of the wrong shape reaches the checks behind the decoder; they too only refuse."""
    anything = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.binary(max_size=40),
        st.text(max_size=9),
        st.just([]),
        st.just({}),
        st.just(["bb", B.kid]),
        st.just([["bb", B.kid]]),
    )
    parts: list[Any] = decode(raw())
    if data.draw(st.booleans()):
        header = decode(parts[0])
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(anything)
        if data.draw(st.booleans()):
            del header[data.draw(st.integers(0, len(header) - 1))]
        parts[0] = encode(header)
    else:
        parts[data.draw(st.integers(0, 3))] = data.draw(anything)
    mutated = encode(parts)
    assert mutated == raw() or code_of(mutated) != "read"


def test_a_stripped_half_is_refused() -> None:
    """Neither the classical nor the post-quantum signature may be missing, empty, doubled or from somebody else."""
    envelope = sealed()
    ed, ml = envelope.signature
    forged_ed, forged_ml = signed(envelope, MALLORY).signature
    for sigs in ([ed], [ml], [], [ed, ml, ml], None, [ed, None]):
        assert code_of(outer(envelope, sigs=sigs)) == "bad-envelope"
    for sigs in ([ed, b""], [b"", ml], [ml, ed], [ed, ed], [ed, forged_ml], [forged_ed, ml], [forged_ed, forged_ml]):
        assert code_of(outer(envelope, sigs=sigs)) == "bad-signature"


def test_signatures_of_another_envelope_are_refused() -> None:
    """Also when both were made by the same sender for the same readers."""
    other = sealed(message_id=b"2" * 16)
    assert code_of(outer(sealed(), sigs=list(other.signature))) == "bad-signature"


def test_a_header_lifted_onto_another_body_is_refused() -> None:
    """Even re-signed by the sender: the header is the body's associated data and enters every wrap."""
    first, second = sealed(), sealed(encode({"request": "R-2", "officer": "desk-2"}), message_id=b"2" * 16)
    lifted = Envelope(first.header, first.header_bytes, second.wraps, second.sealed_body, first.signature)
    assert code_of(lifted.encode()) == "bad-signature"
    assert code_of(signed(lifted, SENDER).encode()) == "cannot-open"
    body_only = replace(first, sealed_body=second.sealed_body)
    assert code_of(signed(body_only, SENDER).encode()) == "cannot-open"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mid", b"x" * 16),
        ("snd", "mm"),
        ("sid", b"x" * 8),
        ("typ", "case.close"),
        ("ins", "founding"),
        ("case", "C-2"),
        ("case", None),
        ("iat", 999),
        ("exp", 2_001),
        ("crv", b"x" * 16),
        ("exr", False),
        ("cmt", bytes(32)),
        ("rcp", [["bb", B.kid], ["dd", C.kid]]),
        ("rcp", [["cc", C.kid], ["bb", B.kid]]),
    ],
)
def test_every_header_field_is_bound(field: str, value: Any) -> None:
    """Changing one breaks the signature; if the sender signs again, wrap or body still do not open."""
    envelope = sealed()
    bent = header_with(envelope, **{field: value})
    assert code_of(outer(envelope, header=bent)) == "bad-signature"
    resigned = signed(replace(parse(outer(envelope, header=bent))), SENDER)
    assert code_of(resigned.encode()) in ("cannot-open", "bad-commitment")


def test_wraps_swapped_between_recipients_do_not_open() -> None:
    """A wrap is bound to the id of its key; re-signing does not help."""
    envelope = sealed()
    first, second = wraps_of(envelope)
    swapped = replace(parse(outer(envelope, wraps=second + first)))
    assert code_of(swapped.encode()) == "bad-signature"
    for kem in (B, C):
        assert code_of(signed(swapped, SENDER).encode(), kem) == "cannot-open"


def test_a_wrap_of_another_envelope_does_not_open() -> None:
    """The same content key wrapped for the same reader under another header is another wrap."""
    envelope, other = sealed(), sealed(message_id=b"2" * 16)
    mixed = replace(envelope, wraps=wraps_of(other)[0] + wraps_of(envelope)[1])
    assert code_of(signed(mixed, SENDER).encode()) == "cannot-open"
    assert code_of(signed(mixed, SENDER).encode(), C) == "read", "the second reader is not concerned"


def test_a_sender_cannot_show_two_recipients_two_bodies() -> None:
    """GCM is not key-committing, so the header commits to the content key; a second key is refused by its reader."""
    other = b"o" * 32
    two = Crooked(keys={"cc": other}).make()
    assert code_of(two.encode(), B) == "read"
    assert code_of(two.encode(), C) == "bad-commitment"
    both = Crooked(committed=other).make()
    assert code_of(both.encode(), B) == code_of(both.encode(), C) == "bad-commitment"
    sealed_otherwise = Crooked(sealed_with=other).make()
    assert code_of(sealed_otherwise.encode(), B) == "cannot-open"
    assert code_of(Crooked().make().encode()) == "read", "the crooked sender is honest until told otherwise"


def test_a_recipient_cannot_forward_as_if_the_sender_had_written() -> None:
    """Surreptitious forwarding: C, who may read, makes B believe that A wrote to B. Every way fails."""
    to_c = sealed(to={"cc": C})
    content_key = C.unwrap(to_c.wraps, b"hamsaya/v1/wrap\0" + digest(to_c.header_bytes) + C.kid)
    assert content_key == CEK, "C holds the content key and may do with it what it can"
    to_b = header_with(to_c, rcp=[["bb", B.kid]])
    again = seal(BODY, recipients={"bb": B.public}, **{**DEFAULTS, "signing_key": MALLORY, "content_key": content_key})
    # A's signature with a header for B; A's header and signature with a wrap for B; C's own signature in A's name.
    assert code_of(outer(to_c, header=to_b, wraps=again.wraps)) == "bad-signature"
    assert code_of(outer(to_c, wraps=again.wraps)) == "bad-signature"
    assert code_of(again.encode()) == "bad-signature"
    assert code_of(to_c.encode()) == "not-for-us"


def test_a_stranger_cannot_pass_off_a_secret_as_its_own() -> None:
    """Plagiarism: M takes what A sealed to B, signs it as M, and asks B what is in it. It does not open."""
    stolen = sealed()
    mine = header_with(stolen, snd="mm", sid=MALLORY.verifying_key.kid)
    relabelled = signed(parse(outer(stolen, header=mine)), MALLORY)
    relabelled.verify(MALLORY.verifying_key)
    with pytest.raises(PeerError) as refused:
        relabelled.open(B)
    assert refused.value.code == "cannot-open"


@pytest.mark.parametrize(
    "rcp",
    [
        [["bb", B.kid], ["bb", B.kid]],
        [["bb", B.kid], ["bb", C.kid]],
        [["bb", B.kid]],
        [],
        [["bb", B.kid], ["cc", C.kid], ["dd", M.kid]],
        [["bb", B.kid], ["cc", C.kid[:7]]],
        [["bb"], ["cc"]],
        [["bb", B.kid, 1], ["cc", C.kid]],
        [["bb\n", B.kid], ["cc", C.kid]],
        {"bb": B.kid},
    ],
)
def test_recipients_and_wraps_match_one_to_one(rcp: Any) -> None:
    """Nobody twice, nobody without a wrap, no wrap without a name, nothing beside member and key id."""
    envelope = sealed()
    assert code_of(outer(envelope, header=header_with(envelope, rcp=rcp))) == "bad-envelope"


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 0},
        {"v": 2},
        {"v": True},
        {"v": 1.0},
        {"mid": b"x" * 15},
        {"mid": "x" * 16},
        {"snd": "AA"},
        {"snd": "aa\n"},
        {"sid": b""},
        {"typ": "open"},
        {"typ": "case.open\n"},
        {"typ": "Case.open"},
        {"ins": ""},
        {"ins": "a b"},
        {"case": ""},
        {"case": "C-1\n"},
        {"iat": -1},
        {"exp": 2**48},
        {"exp": 1_000},
        {"exp": 999},
        {"iat": 1.0},
        {"crv": bytes(15)},
        {"exr": 1},
        {"exr": None},
        {"cmt": bytes(31)},
    ],
)
def test_headers_out_of_form_are_refused(changes: dict[str, Any]) -> None:
    """Another version, wrong lengths and types, an expiry that is not after the issue time."""
    envelope = sealed()
    with pytest.raises(PeerError) as refused:
        parse_header(header_with(envelope, **changes))
    assert refused.value.code == "bad-envelope"
    assert code_of(outer(envelope, header=header_with(envelope, **changes))) == "bad-envelope"


def test_a_header_in_another_spelling_is_refused() -> None:
    """The header is a byte string inside the envelope: its own bytes must be canonical too."""
    envelope = sealed()
    plain = decode(envelope.header_bytes)
    assert code_of(outer(envelope, header=b"\x98\x0d" + encode(plain)[1:])) == "non-canonical"
    assert code_of(outer(envelope, header=encode(dict(enumerate(map(str, plain)))))) != "read"
    assert code_of(outer(envelope, header=encode([*plain, 1]))) == "bad-envelope"
    assert code_of(outer(envelope, header=encode(plain[:-1]))) == "bad-envelope"


def test_oversize_is_refused_before_parsing() -> None:
    """One mebibyte is the limit; what is above is not even read as CBOR. Just below it passes."""
    assert code_of(bytes(MAX_ENVELOPE_BYTES + 1)) == "oversize"
    assert code_of(bytes(MAX_ENVELOPE_BYTES)) == "non-canonical"
    large = sealed(bytes(900_000))
    assert parse(large.encode()).open(B) == bytes(900_000)


def test_recipients_are_at_most_64() -> None:
    """Both the maker and the reader hold the limit."""
    many = {f"m{number:02}": B.public for number in range(MAX_RECIPIENTS + 1)}
    with pytest.raises(ValueError, match="at most 64"):
        seal(BODY, recipients=many, **DEFAULTS)
    envelope = sealed()
    crowd = [[member, B.kid] for member in many]
    bent = outer(envelope, header=header_with(envelope, rcp=crowd), wraps=bytes(WRAP_BYTES * len(crowd)))
    assert code_of(bent) == "bad-envelope"


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_content_key_is_32_bytes(key: bytes) -> None:
    """Our own mistake, found before anything is sealed."""
    with pytest.raises(ValueError, match="32-byte content key"):
        sealed(content_key=key)


def test_the_statement_is_enough_for_an_auditor() -> None:
    """It names the header and the digests of the rest, holds no ciphertext and no secret, and verifies by itself."""
    envelope = sealed()
    header, wraps, body, size = statement_parts(envelope.statement)
    assert header == envelope.header and size == len(envelope.sealed_body)
    assert (wraps, body) == (digest(envelope.wraps), digest(envelope.sealed_body))
    SENDER.verifying_key.verify(envelope.signature, envelope.statement)
    assert len(envelope.statement) < 350 and derive(CEK, b"hamsaya/v1/body") not in envelope.statement


@given(st.binary(max_size=100))
def test_what_is_no_statement_is_refused(junk: bytes) -> None:
    """With and without the right beginning, only PeerError."""
    for candidate in (junk, b"hamsaya/v1/sig\0" + junk, b"hamsaya/v1/sig\0" + encode([junk, junk, junk, 1])):
        with pytest.raises(PeerError):
            statement_parts(candidate)


def test_errors_do_not_repeat_the_header() -> None:
    """Case references and members stay out of the message, whatever is wrong with them."""
    envelope = sealed()
    for field in ("snd", "typ", "ins", "case", "mid", "crv", "cmt", "rcp", "iat", "v"):
        with pytest.raises(PeerError) as refused:
            parse(outer(envelope, header=header_with(envelope, **{field: "Sikrit 7f3a"})))
        assert "Sikrit" not in str(refused.value)


def test_a_body_is_padded_and_sizes_are_as_specified() -> None:
    """Bodies up to 252 bytes are not told apart; a recipient costs 1,168 bytes of wrap and its name and key id."""
    one, two = sealed(to={"bb": B}), sealed()
    assert len(sealed(b"").encode()) == len(sealed(bytes(252)).encode())
    assert len(two.wraps) - len(one.wraps) == WRAP_BYTES == 1_168
    assert len(two.encode()) - len(one.encode()) == WRAP_BYTES + len(encode(["cc", C.kid]))
    assert list(KEMS) == [each.member for each in two.header.rcp]
