"""A whole probe: hits and no hits, and answers or sets that must not be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from hamsaya.base.errors import PeerError
from hamsaya.crypto import oprf
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import tags
from hamsaya.matching.querier import prepare, read
from hamsaya.matching.types import Hit, Identifier, Notice, ProbeAnswer, Result
from tests.matching.scene import (
    BUILT,
    KEY,
    NOTICED,
    Prepared,
    answer_of,
    build,
    chance,
    judged,
    phone,
    prepared,
    probe_of,
    records,
    say,
)

MADE = prepared([phone(1), phone(20), phone(3)])
PROBE = probe_of(MADE)
ANSWER = answer_of(PROBE)


def look_up(output: bytes) -> Hit | None:
    return tags.find(BUILT.tags, output)


def read_all(made: Prepared = MADE, answer: ProbeAnswer = ANSWER, notice: Notice = BUILT.notice) -> list[Result]:
    return read(oprf, notice, made.secrets, PROBE, answer, look_up)


def test_a_probe_finds_what_is_there_and_nothing_else() -> None:
    """The querier learns category and desk of its own hits; the order is that of its question."""
    assert [(each.identifier, each.hit) for each in read_all()] == [
        (phone(1), Hit(category="wanted", desk="desk-1")), (phone(20), None),
        (phone(3), Hit(category="wanted", desk="desk-0")),
    ]


@given(st.sets(st.integers(0, 30), min_size=1, max_size=6))
@settings(max_examples=10)
def test_hits_are_those_of_a_plain_comparison(wanted: set[int]) -> None:
    """Private or not, the answer is the intersection."""
    items = [phone(number) for number in sorted(wanted)]
    made = prepared(items)
    probe = probe_of(made)
    found = read(oprf, BUILT.notice, made.secrets, probe, answer_of(probe), look_up)
    own = {record.identifier for record in records()}
    assert {each.identifier for each in found if each.hit} == own & set(items)


def test_what_is_sent_shows_nothing_of_the_question() -> None:
    """Asked twice, the same identifiers make elements and commitments that have nothing in common."""
    again = prepared([phone(1), phone(20), phone(3)], seed="again")
    assert not set(MADE.elements) & set(again.elements)
    assert not set(MADE.commitments) & set(again.commitments)
    sent = b"".join([*MADE.elements, *MADE.commitments])
    assert not any(each.identifier.value.encode() in sent or each.blind[:16] in sent for each in MADE.secrets)


def test_a_responder_with_a_per_querier_key_is_found_out() -> None:
    """The attack of that name: answers made with a key other than the epoch's in the log are evidence, not results."""
    special = answer_of(PROBE, EpochKey(b"only for ava".ljust(32)))
    with pytest.raises(PeerError, match="epoch key in the log") as refused:
        read_all(answer=special)
    assert refused.value.code == "bad-proof"


def test_a_per_querier_key_with_a_notice_of_its_own_cannot_be_logged() -> None:
    """The same attack with a second notice: whoever sees both notices of one epoch holds the proof."""
    special = build(records(), key=EpochKey(b"only for ava".ljust(32)), edition=b"f" * 16)
    assert judged(NOTICED, say("bel", special.notice)).code == "epoch-key-changed"


INVALID: dict[str, Callable[[ProbeAnswer], ProbeAnswer]] = {
    "the identity": lambda answer: changed(answer, evaluated=[bytes(32), *answer.evaluated[1:]]),
    "no point": lambda answer: changed(answer, evaluated=[b"\xff" * 32, *answer.evaluated[1:]]),
    "an element repeated": lambda answer: changed(answer, evaluated=[answer.evaluated[1], *answer.evaluated[1:]]),
    "an element too few": lambda answer: changed(answer, evaluated=answer.evaluated[1:]),
    "another probe": lambda answer: changed(answer, probe="P-2"),
    "no proof": lambda answer: changed(answer, proof=bytes(64)),
}


@pytest.mark.parametrize("spoil", INVALID.values(), ids=INVALID)
def test_invalid_points_and_answers_are_refused(spoil: Callable[[ProbeAnswer], ProbeAnswer]) -> None:
    """The attack of that name, from the responder's side."""
    with pytest.raises(PeerError) as refused:
        read_all(answer=spoil(ANSWER))
    assert refused.value.code in {"bad-element", "bad-proof", "wrong-answer"}


@pytest.mark.parametrize("element", [bytes(32), b"\xff" * 32, (1).to_bytes(32, "little")])
def test_invalid_points_in_a_probe_are_refused_by_the_responder(element: bytes) -> None:
    """The attack of that name, from the querier's side: nothing is multiplied by the key but an element."""
    with pytest.raises(PeerError) as refused:
        KEY.evaluate([*PROBE.elements, element])
    assert refused.value.code == "bad-element"


def test_the_secrets_of_another_probe_do_not_read_an_answer() -> None:
    """A mix-up in the querier's own files is its operator's to repair."""
    with pytest.raises(ValueError, match="secrets with which"):
        read_all(made=prepared([phone(1), phone(20), phone(3)], seed="again"))


def test_the_notice_of_another_epoch_does_not_read_an_answer() -> None:
    """The key is that of the epoch that was asked."""
    with pytest.raises(PeerError):
        read_all(notice=changed(BUILT.notice, epoch=2))


BATCHES = {"none": [], "one twice": [phone(1), phone(1)], "101": [phone(number) for number in range(101)]}


@pytest.mark.parametrize("wanted", BATCHES.values(), ids=BATCHES)
def test_a_batch_is_1_to_100_different_identifiers(wanted: list[Identifier]) -> None:
    """An oversize batch is refused before anything is sent."""
    with pytest.raises(ValueError, match="1 to 100 different"):
        prepare(oprf, BUILT.notice, "bel", "C-1", wanted, chance(""))


def test_results_and_secrets_say_no_more_than_they_must() -> None:
    """A hit has two fields and no others: no name, no file number, no count."""
    fields: Any = Hit.__struct_fields__
    assert fields == ("category", "desk")
