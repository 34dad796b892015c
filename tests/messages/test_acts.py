"""The persons' signatures inside the seal: one spelling, nothing lifted, nothing but refusals for junk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.canon import encode
from hamsaya.crypto import personal
from hamsaya.messages.acts import (
    MAX_ACTS,
    PersonAct,
    PersonKey,
    Signed,
    encode_content,
    encode_person,
    parse_content,
    parse_person,
)

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "spec" / "vectors" / "act.json").read_text(encoding="utf-8"))
KEY = PersonKey("member-a", "desk-1", ("liaison", "analyst"), b"\1" * 32)
SIGNED = Signed.over(b"\xa0", "federation", "member-a", "case.ask", "case-exchange", "C-1", ("member-c", "member-b"))
ACT = KEY.sign(SIGNED, "liaison")
PSEUDONYMS = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)
ACTS = st.builds(
    PersonAct, PSEUDONYMS, st.sampled_from(("liaison", "releaser", "auditor")),
    st.binary(min_size=8, max_size=8), st.binary(min_size=64, max_size=64),
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.binary(max_size=70) | st.sampled_from(("a", "liaison", "")),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=20,
)


def refusal(raw: bytes) -> str:
    with pytest.raises(PeerError) as refused:
        parse_content(raw)
    return refused.value.code


@given(st.binary(max_size=300), st.lists(ACTS, max_size=MAX_ACTS))
def test_a_content_reads_back_as_it_was_written(body: bytes, acts: list[PersonAct]) -> None:
    """One spelling each way: the digest of what was signed is the digest of what is read."""
    raw = encode_content(body, acts)
    assert parse_content(raw) == (body, tuple(acts)) and encode_content(*parse_content(raw)) == raw


@given(JUNK)
def test_whatever_else_is_canonical_is_refused_as_the_peers_fault(plain: Any) -> None:
    """Content comes from outside the seal: what does not fit is a refusal and never a traceback."""
    raw = encode(plain)
    try:
        body, acts = parse_content(raw)
    except PeerError as error:
        assert error.code in ("bad-acts", "non-canonical")
    else:
        assert encode_content(body, acts) == raw


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_another_content(place: int, value: int) -> None:
    """No two spellings of one content exist, so nobody can make a second leaf of one signature."""
    raw = bytearray(encode_content(b"\xa0", [ACT]))
    original, raw[place % len(raw)] = bytes(raw), value
    if bytes(raw) == original:
        return
    try:
        assert parse_content(bytes(raw)) != parse_content(original)
    except PeerError as error:
        assert error.code in ("bad-acts", "non-canonical")


PLAIN: list[Any] = ["desk-1", "liaison", bytes(8), bytes(64)]
SHAPES: dict[str, Any] = {
    "no list": b"\xa0", "no acts": [b"\xa0"], "a body that is text": ["", []], "more": [b"", [], []],
    "five": [b"", [PLAIN] * 5], "no pseudonym": [b"", [["", *PLAIN[1:]]]],
    "a role nobody knows": [b"", [["a", "king", *PLAIN[2:]]]],
    "a short signature": [b"", [[*PLAIN[:3], bytes(63)]]], "a long key id": [b"", [[*PLAIN[:2], bytes(9), bytes(64)]]],
    "a fifth field": [b"", [[*PLAIN, 1]]], "text for bytes": [b"", [[*PLAIN[:3], "x" * 64]]], "a map": [b"", [{}]],
}


@pytest.mark.parametrize("name", SHAPES)
def test_another_shape_is_refused(name: str) -> None:
    """Each defect by its name."""
    assert refusal(encode(SHAPES[name])) == "bad-acts"


@pytest.mark.parametrize("change", [
    {"federation": "other"}, {"node": "member-b"}, {"kind": "case.answer"}, {"instrument": "founding"}, {"case": None},
    {"recipients": ("member-b",)}, {"body_digest": bytes(32)},
], ids=lambda change: next(iter(change)))
def test_a_signature_is_lifted_onto_nothing_else(change: dict[str, Any]) -> None:
    """Not to another federation, node, kind, law, case, audience or text; nor to another name or role."""
    personal.verify(KEY.public, ACT.signature, SIGNED.by("desk-1", "liaison"))
    for other in (replace(SIGNED, **change).by("desk-1", "liaison"), SIGNED.by("desk-2", "liaison"),
                  SIGNED.by("desk-1", "analyst")):
        with pytest.raises(PeerError) as refused:
            personal.verify(KEY.public, ACT.signature, other)
        assert refused.value.code == "bad-act-signature"


def test_the_order_of_recipients_is_not_signed() -> None:
    """The header has its order; the audience is what the person agreed to."""
    assert replace(SIGNED, recipients=("member-b", "member-c")).by("a", "b") == SIGNED.by("a", "b")


def test_a_persons_key_survives_its_file_form_and_shows_no_secret() -> None:
    """A key that printed itself would end in a log."""
    assert parse_person(encode_person(KEY)) == KEY
    assert KEY.seed.hex() not in repr(KEY) and repr(KEY.seed) not in repr(KEY)
    for raw in (b"", b"\xa0", encode(["hamsaya/v1/person", "a"]), encode([1, "a", "b", [], b""])):
        with pytest.raises(OperatorError) as refused:
            parse_person(raw)
        assert refused.value.code == "wrong-key-file"


def test_the_vector_follows_from_its_seeds() -> None:
    """docs/spec/envelope.md, section 4, as another implementation would check it."""
    plain = VECTOR["signed"]
    signed = Signed.over(bytes.fromhex(VECTOR["body"]), plain["federation"], plain["node"], plain["kind"],
                         plain["instrument"], plain["case"], tuple(plain["recipients"]))
    assert encode(VECTOR["body_plain"]).hex() == VECTOR["body"] and signed.body_digest.hex() == VECTOR["body_digest"]
    acts = []
    for each in VECTOR["acts"]:
        key = PersonKey(plain["node"], each["person"], (each["role"],), bytes.fromhex(each["seed"]))
        act = key.sign(signed, each["role"])
        assert (key.public.hex(), act.kid.hex()) == (each["public"], each["kid"])
        assert signed.by(act.person, act.role).hex() == each["signed_bytes"]
        assert act.signature.hex() == each["signature"]
        acts.append(act)
    assert encode_content(bytes.fromhex(VECTOR["body"]), acts).hex() == VECTOR["content"]
    assert parse_content(bytes.fromhex(VECTOR["content"])) == (bytes.fromhex(VECTOR["body"]), tuple(acts))
