"""docs/spec/envelope.md and its vectors say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest, encode
from hamsaya.crypto.sealing import WRAP_BYTES, KemKey, derive, open_body, pad
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.envelope import (
    MAX_ENVELOPE_BYTES,
    MAX_RECIPIENTS,
    Header,
    parse,
    parse_header,
    seal,
    statement_parts,
)
from hamsaya.messages.keys import open_statement
from hamsaya.messages.kinds import parse_body
from tests.messages.making import DEFAULTS

SPEC = Path(__file__).parents[2] / "docs" / "spec"
PAGE = (SPEC / "envelope.md").read_text(encoding="utf-8")
VECTOR: dict[str, Any] = json.loads((SPEC / "vectors" / "envelope.json").read_text(encoding="utf-8"))
REFUSED = {case["name"]: case for case in VECTOR["refused"]}


def raw(name: str) -> bytes:
    """Return one hexadecimal value of the vector."""
    return bytes.fromhex(VECTOR[name])


def sender() -> SigningKey:
    """Return A's message key."""
    return SigningKey("ml-dsa-44", raw("sender_seed"))


def readers() -> dict[str, KemKey]:
    """Return the recipients' keys from their seeds."""
    return {each["member"]: KemKey(bytes.fromhex(each["seed"])) for each in VECTOR["recipients"]}


def test_keys_follow_from_their_seeds() -> None:
    """Public keys and key ids of A, B and C."""
    key = sender().verifying_key
    assert key.raw == raw("sender_public") and key.kid == raw("sender_kid")
    for each, kem in zip(VECTOR["recipients"], readers().values(), strict=True):
        assert kem.public.hex() == each["public"] and kem.kid.hex() == each["kid"]


def test_the_header_follows_from_its_fields() -> None:
    """Thirteen fields in their order; byte strings are hexadecimal in the file."""
    fields = VECTOR["header_fields"]
    assert list(fields) == list(Header.__struct_fields__)
    plain = {
        name: bytes.fromhex(value) if name in ("mid", "sid", "crv", "cmt") else value for name, value in fields.items()
    }
    plain["rcp"] = [[member, bytes.fromhex(kid)] for member, kid in plain["rcp"]]
    assert encode(list(plain.values())) == raw("header")
    header = parse_header(raw("header"))
    assert header.exp - header.iat == 30 * 86_400_000 and header.mid[:6] == header.iat.to_bytes(6, "big")


def test_sealing_again_gives_the_same_deterministic_parts() -> None:
    """Header, body and commitment; wraps and the ML-DSA half are randomised, Ed25519 is not but signs the wraps."""
    fields = VECTOR["header_fields"]
    again = seal(
        raw("body"),
        kind=fields["typ"],
        message_id=bytes.fromhex(fields["mid"]),
        sender=fields["snd"],
        signing_key=sender(),
        recipients={member: kem.public for member, kem in readers().items()},
        instrument=fields["ins"],
        case=fields["case"],
        issued_at=fields["iat"],
        expires_at=fields["exp"],
        charter_revision=bytes.fromhex(fields["crv"]),
        exercise=fields["exr"],
        content_key=raw("content_key"),
    )
    assert again.header_bytes == raw("header") and again.sealed_body == raw("sealed_body")
    assert again.wraps != raw("wraps") and len(again.encode()) == len(raw("envelope"))


def test_each_recipient_opens_the_vector() -> None:
    """From its seed: the info string, the content key, the commitment, the body key, the body."""
    envelope = parse(raw("envelope"))
    assert encode(VECTOR["body_plain"]) == raw("body")
    for at, (kem, info) in enumerate(zip(readers().values(), map(bytes.fromhex, VECTOR["wrap_info"]), strict=True)):
        assert info == b"hamsaya/v1/wrap\0" + digest(raw("header")) + kem.kid
        assert kem.unwrap(raw("wraps")[at * WRAP_BYTES : (at + 1) * WRAP_BYTES], info) == raw("content_key")
        assert envelope.open(kem) == raw("body")
    assert derive(raw("content_key"), b"hamsaya/v1/commit") == raw("commitment") == envelope.header.cmt
    assert derive(raw("content_key"), b"hamsaya/v1/body") == raw("body_key")
    assert open_body(raw("body_key"), raw("sealed_body"), raw("header")) == raw("body")
    assert type(parse_body(envelope.header.typ, raw("body"))) is KINDS["case.acknowledge"]


def test_the_statement_of_the_vector_verifies() -> None:
    """Both halves, over the bytes that the page's formula gives."""
    parts = [raw("header"), digest(raw("wraps")), digest(raw("sealed_body")), len(raw("sealed_body"))]
    assert raw("statement") == b"hamsaya/v1/sig\0" + encode(parts)
    assert statement_parts(raw("statement"))[0] == parse_header(raw("header"))
    sender().verifying_key.verify((raw("ed25519"), raw("ml_dsa_44")), raw("statement"))
    whole = [raw("header"), raw("wraps"), raw("sealed_body"), [raw("ed25519"), raw("ml_dsa_44")]]
    assert encode(whole) == raw("envelope")
    assert sender().sign_ed25519(raw("statement")) == raw("ed25519"), "Ed25519 is deterministic"


@pytest.mark.parametrize("name", REFUSED)
def test_each_edit_is_refused_with_its_code(name: str) -> None:
    """Parse, then verify, as a receiver does."""
    start, stop, new = REFUSED[name]["splice"]
    edited = raw("envelope")[:start] + bytes.fromhex(new) + raw("envelope")[stop:]
    assert edited != raw("envelope")
    with pytest.raises(PeerError) as refused:
        parse(edited).verify(sender().verifying_key)
    assert refused.value.code == REFUSED[name]["code"]


def test_the_key_statement_of_the_vector() -> None:
    """A root vouches for a message key: the bytes open under the root's seed and under no other."""
    case = VECTOR["key_statement"]
    root = SigningKey("ml-dsa-65", bytes.fromhex(case["root_seed"]))
    statement = open_statement(bytes.fromhex(case["statement"]), root.verifying_key, [])
    assert (statement.node, statement.use, statement.kid) == ("member-b", "message", raw("sender_kid"))
    with pytest.raises(PeerError):
        open_statement(bytes.fromhex(case["statement"]), SigningKey("ml-dsa-65", bytes(64)).verifying_key, [])


def test_the_example_of_the_page_is_the_vector() -> None:
    """The hexadecimal column of the header, read downwards, is the header; the outer lines are the envelope's heads."""
    shown = re.search(r"```\n(.*?)\n```", PAGE, re.DOTALL)
    assert shown
    outer, inner = shown[1].split("\n\n")
    column = "".join(re.match(r"[ 0-9a-f]*", line[:40])[0] for line in inner.split("\n"))  # type: ignore[index]
    assert column.replace(" ", "") == VECTOR["header"]
    whole = VECTOR["envelope"]
    assert whole.startswith("8458bc8d0150019ca869500000010203") and raw("header").hex().endswith("a8dc")
    for name, head in (("wraps", "590920"), ("sealed_body", "590110"), ("ed25519", "825840"), ("ml_dsa_44", "590974")):
        assert head + VECTOR[name] in whole and re.search(rf"{head[:-4]}\s?{head[-4:]}", outer.replace(" ", "")), name
    assert VECTOR["body"] in PAGE and f"{len(raw('envelope')):,} bytes" in PAGE


def test_the_page_gives_the_codes_numbers() -> None:
    """Limits and sizes in the text are those of the code."""
    assert f"at most {MAX_ENVELOPE_BYTES:,} bytes" in PAGE and f"at most {MAX_RECIPIENTS}, nobody twice" in PAGE
    assert f"{WRAP_BYTES:,} bytes" in PAGE and len(pad(bytes(252))) == 256 < len(pad(bytes(253)))
    eight = {f"member-{letter}": KemKey(letter.encode() * 32).public for letter in "bcdefghi"}
    envelope = seal(bytes(1000), recipients=eight, **{**DEFAULTS, "sender": "member-a"})
    costs = len(envelope.wraps) + sum(map(len, envelope.signature))
    assert f"{len(envelope.encode()):,} bytes, of which {costs:,} are wraps and signatures" in PAGE
