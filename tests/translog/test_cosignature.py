"""Checkpoints and the lines under them: exact messages, both signatures of a log, attacks on half of them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.cosignature import (
    cosign,
    ed25519_message,
    ml_dsa_message,
    open_checkpoint,
    sign_checkpoint,
    verify_line,
    verify_note,
    witness_vkeys,
)
from hamsaya.translog.note import Note, parse_note
from hamsaya.translog.tree import EMPTY_ROOT

SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
NOW_S = 1_767_225_600


def test_the_specifications_checkpoint_round_trips() -> None:
    """The example of C2SP tlog-checkpoint."""
    checkpoint = parse_checkpoint(SOFA)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.encode() == SOFA


def test_extension_lines_are_kept() -> None:
    """The Ed25519 cosignature covers them, so they must survive byte for byte."""
    assert parse_checkpoint(SOFA + "one\ntwo\n").extensions == ("one", "two")
    assert parse_checkpoint(SOFA + "one\ntwo\n").encode() == SOFA + "one\ntwo\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        SOFA[:-1],
        SOFA + "\n",
        "\n" + SOFA,
        SOFA.replace("20852163", "020852163"),
        SOFA.replace("20852163", "+1"),
        SOFA.replace("20852163", "-1"),
        SOFA.replace("20852163", "٣"),
        SOFA.replace("20852163", str(2**63)),
        SOFA.replace("q2I=", "q2J="),
        SOFA.replace("CsUY", ""),
        SOFA.replace("=", ""),
        "a\n1\n",
    ],
)
def test_other_spellings_of_a_checkpoint_are_refused(text: str) -> None:
    """One tree head, one text: otherwise two signatures could cover one head, or one text two."""
    with pytest.raises(PeerError) as caught:
        parse_checkpoint(text)
    assert caught.value.code == "bad-checkpoint"


@settings(max_examples=300)
@given(
    st.text(max_size=60)
    | st.tuples(st.text(max_size=5), st.text("0123456789", max_size=21), st.just(SOFA[-45:-1]))
    .map("\n".join)
    .map(lambda each: each + "\n")
)
def test_no_text_breaks_the_checkpoint_parser(text: str) -> None:
    """Whatever parses encodes to the same text; all else is PeerError."""
    with contextlib.suppress(PeerError):
        assert parse_checkpoint(text).encode() == text


def test_the_signed_messages_are_those_of_the_specification() -> None:
    """The Ed25519 example of C2SP tlog-cosignature, and the ML-DSA-44 structure written out by hand."""
    assert ed25519_message(1679315147, SOFA).decode() == f"cosignature/v1\ntime 1679315147\n{SOFA}"
    root = parse_checkpoint(SOFA).root
    assert ml_dsa_message("w", 1679315147, "example.com", 0, 258, root) == (
        b"subtree/v1\n\0"
        + b"\x01w"
        + (1679315147).to_bytes(8, "big")
        + b"\x0bexample.com"
        + bytes(8)
        + b"\0\0\0\0\0\0\x01\x02"
        + root
    )


def test_a_log_signs_with_both_keys_and_both_are_asked_for(world: Any) -> None:
    """A note with either line stripped is no checkpoint of ours: half a hybrid signature is none."""
    raw = world.note(7)
    assert open_checkpoint(raw, world.vkeys) == world.checkpoint(7)
    note = parse_note(raw)
    assert [line.key_id for line in note.signatures] == [key.key_id for key in world.vkeys]
    for kept in note.signatures:
        with pytest.raises(PeerError) as caught:
            open_checkpoint(Note(note.text, (kept,)).encode(), world.vkeys)
        assert caught.value.code == "bad-signature"


def test_a_line_of_another_size_root_origin_or_time_is_refused(world: Any) -> None:
    """Every field of the head, and the time, stands under both signatures."""
    note = parse_note(world.note(7))
    for text in (world.checkpoint(8).encode(), Checkpoint(world.origin, 7, EMPTY_ROOT).encode()):
        for line, key in zip(note.signatures, world.vkeys, strict=True):
            with pytest.raises(PeerError):
                verify_line(key, text, line.value)
    value = note.signatures[1].value
    with pytest.raises(PeerError):
        verify_line(world.vkeys[1], note.text, bytes([value[0] ^ 1]) + value[1:])
    with pytest.raises(PeerError):
        verify_line(world.vkeys[1], note.text, b"\xff" + value[1:])
    assert verify_line(world.vkeys[1], note.text, value) == NOW_S
    for length in (0, 7, 8, 9, len(value) - 1):
        with pytest.raises(PeerError):
            verify_line(world.vkeys[1], note.text, value[:length])


def test_a_checkpoint_of_another_log_is_refused(world: Any) -> None:
    """Keys are asked for by log: a true checkpoint of a neighbour is still the wrong one."""
    raw = sign_checkpoint(Checkpoint("elsewhere.example/log", 0, EMPTY_ROOT), world.key, NOW_S)
    for vkeys in (world.vkeys, ()):
        with pytest.raises(PeerError) as caught:
            open_checkpoint(raw, vkeys)
        assert caught.value.code == "wrong-origin"


def test_cosignatures_verify_and_cannot_be_moved(world: Any) -> None:
    """A witness's lines hold for its head only, and the ML-DSA line for its name only."""
    name = "w1.example/witness"
    note = parse_note(world.note(7, [name]))
    assert [(line.vkey.kind, line.time_s) for line in verify_note(note, world.witness_vkeys(name))] == [
        (0x04, NOW_S + 1),
        (0x06, NOW_S + 1),
    ]
    ml_line = note.signatures[3]
    renamed = witness_vkeys("other.example/witness", world.witnesses[name].verifying_key)[1]
    with pytest.raises(PeerError):
        verify_line(renamed, note.text, ml_line.value)
    for line, key in zip(note.signatures[2:], world.witness_vkeys(name), strict=True):
        with pytest.raises(PeerError):
            verify_line(key, world.checkpoint(8).encode(), line.value)


def test_the_ed25519_cosignature_covers_extension_lines(world: Any) -> None:
    """What the specification says of both types: 0x04 covers them, 0x06 does not."""
    name = "w1.example/witness"
    ed_line, ml_line = cosign(world.checkpoint(7), world.witnesses[name], name, NOW_S)
    ed_key, ml_key = world.witness_vkeys(name)
    extended = world.checkpoint(7).encode() + "extension\n"
    assert verify_line(ml_key, extended, ml_line.value) == NOW_S
    with pytest.raises(PeerError):
        verify_line(ed_key, extended, ed_line.value)


def test_a_log_cannot_witness_itself_nor_pose_as_a_cosignature(world: Any) -> None:
    """Its ML-DSA line and a witness's line under its own name would be the same bytes."""
    with pytest.raises(ValueError):
        cosign(world.checkpoint(7), world.key, world.origin, NOW_S)
    with pytest.raises(ValueError):
        sign_checkpoint(Checkpoint("cosignature/v1", 0, EMPTY_ROOT), world.key, NOW_S)
    with pytest.raises(ValueError):
        sign_checkpoint(world.checkpoint(7), world.key, 0)


def test_a_name_too_long_for_the_message_is_refused(world: Any) -> None:
    """The structure gives names one byte of length; an origin of 256 bytes from outside must not crash us."""
    with pytest.raises(PeerError):
        verify_line(world.vkeys[1], SOFA.replace("example", "e" * 250), bytes(2428))
