"""Every message kind: the list is closed, bodies are read strictly, and what must not be said cannot be said."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, encode
from hamsaya.messages import kinds
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.kinds import Body, body_from_plain, encode_body, kind_of, parse_body
from hamsaya.node.handlers import HANDLERS
from tests.messages.strategies import plain

ALL = [
    "case.accept",
    "case.acknowledge",
    "case.admit",
    "case.answer",
    "case.ask",
    "case.attach",
    "case.clarify",
    "case.clear",
    "case.close",
    "case.consent",
    "case.consent-ask",
    "case.consent-end",
    "case.decline",
    "case.escalate",
    "case.extend",
    "case.hold",
    "case.lapse",
    "case.late",
    "case.notice-date",
    "case.notice-given",
    "case.notice-postpone",
    "case.open",
    "case.overdue",
    "case.pause",
    "case.purge",
    "case.raise",
    "case.read",
    "case.recall",
    "case.remind",
    "case.resume",
    "case.revoke",
    "case.say",
    "case.seen",
    "case.tombstone",
    "case.transfer",
    "case.unhold",
    "case.unlock",
    "case.use",
    "case.withdraw",
    "charter.competent",
    "charter.contest",
    "charter.cut",
    "charter.propose",
    "charter.react",
    "charter.record",
    "charter.reserve",
    "charter.retract",
    "charter.sign",
    "charter.vote",
    "charter.withdraw",
    "compliance.attest",
    "compliance.close",
    "compliance.commit",
    "compliance.drop",
    "compliance.evidence",
    "compliance.finding",
    "compliance.follow-up",
    "compliance.notify",
    "compliance.provisional",
    "compliance.reply",
    "hotline.acknowledge",
    "hotline.close",
    "hotline.notice",
    "hotline.say",
    "keys.publish",
    "linkage.step",
    "linkage.tranche",
    "match.answer",
    "match.audit",
    "match.confirm",
    "match.decline",
    "match.lapse",
    "match.notice",
    "match.open",
    "match.probe",
    "monitor.acted",
    "monitor.alert",
    "monitor.assessment",
    "monitor.concur",
    "monitor.contest",
    "monitor.coverage",
    "monitor.picture",
    "monitor.report",
    "node.peer",
    "oversight.compare",
    "oversight.freeze",
    "oversight.legal-act",
    "oversight.release",
    "oversight.report",
    "oversight.unfreeze",
    "person.end",
    "person.enrol",
    "person.name",
]
SECRET = "sikrit7f3a"
LEAVES = ("StrType", "IntType", "FloatType", "BytesType", "LiteralType", "NoneType", "BoolType")

# Words by which a person would be singled out or struck; no field and no code may carry one of them. The range
# of an indicator (target_low, target_high) is two numbers.
GROUNDS = re.compile(r"ethnic|religio|politic|sect|tribe|racial|faith|opinion|ideolog|extremis|separatis|caste|clan")
FORCE = re.compile(
    r"target(?!_low$|_high$)|strike|kill|lethal|drone|assassin|covert|render|intercept|device|imei|imsi|plate|phone"
)
# What an asker has asked about, shown to the oversight body that drew it: a number, and no way to follow anybody.
OPENED = {("match.open", word) for word in ("phone", "plate")}
PERSON = re.compile(r"person|name|birth|dob|passport|nationality|gender|biometric|face|address|subject|suspect|label")


def refusal(kind: str, raw: bytes) -> PeerError:
    """Return the refusal of a body."""
    with pytest.raises(PeerError) as refused:
        parse_body(kind, raw)
    return refused.value


def words(info: Any) -> set[str]:
    """Every field name and every literal that a schema contains, at any depth."""
    match info:
        case inspect.StructType():
            inner = [words(field.type) for field in info.fields]
            return {field.encode_name for field in info.fields}.union(*inner)
        case inspect.ListType() | inspect.VarTupleType():
            return words(info.item_type)
        case inspect.UnionType():
            return set[str]().union(*map(words, info.types))
        case inspect.LiteralType():
            return set(info.values)
    return set()


def leaves(info: Any) -> list[Any]:
    """Every scalar type a schema contains, at any depth."""
    match info:
        case inspect.StructType():
            return [leaf for field in info.fields for leaf in leaves(field.type)]
        case inspect.ListType() | inspect.VarTupleType():
            return leaves(info.item_type)
        case inspect.UnionType():
            return [leaf for inner in info.types for leaf in leaves(inner)]
    return [info]


def test_the_list_of_kinds_is_closed() -> None:
    """A new kind is a change of the wire: it appears here, in the CHANGELOG, and has a handler."""
    assert sorted(KINDS) == ALL
    assert {kind.partition(".")[0] for kind in KINDS} == set(HANDLERS)


def test_a_kind_is_registered_once() -> None:
    """Neither a name nor a body type can be taken over by a later import."""

    class Fresh(Body, frozen=True):
        """Not a message."""

    for name, body in (("case.open", Fresh), ("case.fresh", KINDS["case.open"])):
        with pytest.raises(ValueError, match="registered twice"):
            kinds.kind(name)(body)
    assert sorted(KINDS) == ALL


@pytest.mark.parametrize("kind", ALL)
def test_bodies_are_frozen_and_complete(kind: str) -> None:
    """Unknown fields are refused, nothing has a default to be filled in silently, and every text has a limit."""
    info = inspect.type_info(KINDS[kind])
    assert isinstance(info, inspect.StructType) and info.forbid_unknown_fields
    assert info.cls.__struct_config__.frozen and info.cls.__doc__
    for leaf in leaves(info):
        assert type(leaf).__name__ in LEAVES
        if isinstance(leaf, inspect.StrType):
            assert leaf.max_length or (leaf.pattern or "").endswith(r"\Z"), "a text ends somewhere, and not with \\n"


@pytest.mark.parametrize("kind", ALL)
def test_no_ground_and_no_force_can_be_written(kind: str) -> None:
    """No field or code for political, religious or ethnic grounds, for targeting, or for tracking a device."""
    for word in words(inspect.type_info(KINDS[kind])):
        assert not GROUNDS.search(word) and (not FORCE.search(word) or (kind, word) in OPENED), word


@pytest.mark.parametrize(
    "kind", [kind for kind in ALL if kind.partition(".")[0] in ("monitor", "compliance", "linkage")]
)
def test_no_person_outside_a_case(kind: str) -> None:
    """Monitoring, verification and benefits have no field in which a person could stand."""
    for word in words(inspect.type_info(KINDS[kind])):
        assert not PERSON.search(word), word


def test_monitoring_is_numbers_by_area() -> None:
    """A row of a report holds numbers and a month; the only free texts of a report are its source and licence."""
    report = inspect.type_info(KINDS["monitor.report"])
    assert isinstance(report, inspect.StructType)
    (rows,) = [field.type for field in report.fields if field.name == "rows"]
    assert isinstance(rows, inspect.ListType)
    assert [type(leaf).__name__ for leaf in leaves(rows)] == ["IntType", "StrType"] + 5 * ["IntType"]
    free = [field.name for field in report.fields if isinstance(field.type, inspect.StrType) and not field.type.pattern]
    assert free == ["source", "licence"]


def test_a_person_is_eligible_by_the_council_or_by_a_crime_only() -> None:
    """Why a case may name somebody at all: two grounds, both of law; and a subject never comes without one."""
    subject = msgspec.inspect.type_info(kinds.KINDS["case.open"]).fields[-1].type.item_type  # type: ignore[union-attr]
    fields = {field.name: field for field in subject.fields}
    assert set(fields["eligibility"].type.values) == {"unsc-listed", "mutually-criminalised"}
    assert all(field.required for field in fields.values())
    assert [kind for kind in ALL if {"subjects"} & words(inspect.type_info(KINDS[kind]))] == ["case.open"]


@pytest.mark.parametrize("kind", ALL)
def test_bodies_round_trip(kind: str) -> None:
    """Whatever the schema admits is read back equal, and written to the same bytes."""

    @given(plain(kind))
    @settings(max_examples=15)
    def check(values: dict[str, Any]) -> None:
        raw = encode(values)
        body = parse_body(kind, raw)
        assert kind_of(body) == kind
        assert parse_body(kind, encode_body(body)) == body
        assert encode_body(parse_body(kind, encode_body(body))) == encode_body(body)

    check()


@pytest.mark.parametrize("kind", ALL)
def test_a_field_too_many_or_too_few_is_refused(kind: str) -> None:
    """A misspelt safeguard is not ignored, and nothing is filled in."""

    @given(plain(kind), st.data())
    @settings(max_examples=8)
    def check(values: dict[str, Any], data: st.DataObject) -> None:
        assert refusal(kind, encode({**values, "unknown": 1})).code == "bad-body"
        missing = data.draw(st.sampled_from(sorted(values)))
        error = refusal(kind, encode({name: value for name, value in values.items() if name != missing}))
        assert error.code == "bad-body" and missing in str(error), "the field is named"
        assert refusal(kind, encode(list(values.values()))).code == "bad-body"

    check()


@pytest.mark.parametrize("kind", ALL)
def test_a_refused_value_is_not_repeated(kind: str) -> None:
    """A secret put in the place of any field, at any depth, is in no message: errors are logged and sent."""

    @given(plain(kind), st.data())
    @settings(max_examples=10)
    def check(values: dict[str, Any], data: st.DataObject) -> None:
        spoilt = SECRET + " - at `$.x`" + "\n" * data.draw(st.integers(0, 1))
        for name in values:
            for value in (spoilt, [spoilt], {spoilt: 1} if isinstance(values[name], list) else spoilt, spoilt.encode()):
                try:
                    parse_body(kind, encode({**values, name: value}))
                except PeerError as error:
                    assert SECRET not in str(error)
            if isinstance(values[name], list) and values[name]:
                inner = [{field: spoilt for field in values[name][0]} if isinstance(values[name][0], dict) else spoilt]
                try:
                    parse_body(kind, encode({**values, name: inner}))
                except PeerError as error:
                    assert SECRET not in str(error)

    check()


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("case.ask", "urgency", "whenever"),
        ("case.ask", "to", "PK"),
        ("case.ask", "to", "pk\n"),
        ("case.ask", "request", "R 1"),
        ("case.ask", "request", "R1\n"),
        ("case.ask", "question", ""),
        ("case.ask", "question", "x" * 4001),
        ("case.ask", "question", b"bytes"),
        ("case.ask", "officer", None),
        ("case.open", "purpose", "political"),
        ("case.open", "act", "extremism"),
        ("case.open", "retain_until", -1),
        ("case.open", "retain_until", 2**48),
        ("case.open", "retain_until", 1.0),
        ("case.open", "participants", ["pk"]),
        ("charter.sign", "revision", bytes(31)),
        ("charter.sign", "revision", "A" * 44),
        ("monitor.picture", "first", "2026-13"),
        ("monitor.picture", "first", "2026-01\n"),
        ("monitor.picture", "cells", True),
        ("monitor.report", "rows", [[0, "2026-01", 1, 1, 1, 1, 1]]),
        ("monitor.report", "rows", [[1, "2026-01", 4, 1, 1, 1, 1]]),
        ("monitor.report", "rows", [[1, "2026-01", 1, 1, 1, 1]]),
        ("monitor.report", "rows", [[1, "2026-01", 1, 1, 1, 1, 1, 1]]),
        ("monitor.report", "rows", [[259_201, "2026-01", 1, 1, 1, 1, 1]]),
        ("compliance.commit", "k", 0),
        ("compliance.commit", "required_detection", 1.01),
        ("compliance.commit", "panel", []),
        ("linkage.tranche", "goods", "weapons"),
        ("linkage.tranche", "low_musd", -1.0),
    ],
)
def test_what_the_schemas_leave_out(kind: str, field: str, value: Any) -> None:
    """Codes off the list, references with a line feed, numbers out of range, text for bytes and bytes for text."""

    @given(plain(kind))
    @settings(max_examples=3)
    def check(values: dict[str, Any]) -> None:
        error = refusal(kind, encode({**values, field: value}))
        assert error.code == "bad-body" and field in str(error)

    check()


@pytest.mark.parametrize("kind", ALL)
def test_on_the_wire_every_field_is_written_out(kind: str) -> None:
    """A default spares the caller some typing; left out on the wire it would be a second spelling of one body."""

    @given(plain(kind), st.data())
    @settings(max_examples=5)
    def check(values: dict[str, Any], data: st.DataObject) -> None:
        left_out = data.draw(st.sampled_from(sorted(values)))
        error = refusal(kind, encode({name: value for name, value in values.items() if name != left_out}))
        assert error.code == "bad-body" and left_out in str(error)

    check()


def test_text_is_bytes_only_for_people() -> None:
    """On the wire a digest is bytes; in JSON, where there are none, it is base64. Each face has its one spelling."""
    values = {"document": "charter", "revision": bytes(32), "instruments": []}
    assert parse_body("charter.sign", encode(values)) == body_from_plain(
        "charter.sign", {**values, "revision": "A" * 43 + "="}
    )
    assert refusal("charter.sign", encode({**values, "revision": "A" * 43 + "="})).code == "bad-body"


def test_unknown_kinds_and_other_spellings_are_refused() -> None:
    """A kind this version does not know is refused by name; bytes that are not canonical are not read at all."""
    assert refusal("case.unmask", encode({})).code == "unknown-kind"
    raw = encode({"request": "R-1", "officer": "o"})
    assert refusal("case.acknowledge", b"\xbf" + raw[1:] + b"\xff").code == "non-canonical"
    assert refusal("case.acknowledge", raw + b"\0").code == "non-canonical"
    assert decode(raw) == {"request": "R-1", "officer": "o"}
