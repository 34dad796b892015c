"""Signed notes: examples that others published, strict parsing, and bytes that may not crash."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.cosignature import verify_note
from hamsaya.translog.note import ED25519, ML_DSA_44, VKey, add_signatures, parse_note, parse_vkey

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERY"
    "NZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ"
    "nAM=\n"
).encode()
PUBLIC = [(SPEC_KEY, SPEC_NOTE), (GO_KEY, GO_NOTE)]


@pytest.mark.parametrize(("key", "raw"), PUBLIC, ids=["c2sp", "go-sumdb"])
def test_published_notes_verify(key: str, raw: bytes) -> None:
    """The examples of C2SP signed-note and of Go's sumdb/note, key, key id and signature."""
    vkey = parse_vkey(key)
    assert vkey.encode() == key and parse_note(raw).encode() == raw
    assert [line.vkey for line in verify_note(parse_note(raw), [vkey])] == [vkey]


@pytest.mark.parametrize(("key", "raw"), PUBLIC, ids=["c2sp", "go-sumdb"])
def test_an_altered_text_is_refused_and_an_unknown_key_ignored(key: str, raw: bytes) -> None:
    """A known key's wrong line spoils the note; lines of strangers say nothing."""
    other = VKey(parse_vkey(key).name, ED25519, bytes(32))
    assert verify_note(parse_note(raw), [other]) == ()
    with pytest.raises(PeerError) as caught:
        verify_note(parse_note(raw.replace(b"is", b"was", 1)), [parse_vkey(key)])
    assert caught.value.code == "bad-signature"


def test_the_text_ends_at_the_last_empty_line() -> None:
    """Empty lines belong to the text, so nobody can move a signature over another text."""
    note = parse_note(b"one\n\n\xe2\x80\x94 looks like AAAA\n\ntwo\n\n\xe2\x80\x94 name AAAAAAA=\n")
    assert note.text == "one\n\n\u2014 looks like AAAA\n\ntwo\n"
    assert [line.name for line in note.signatures] == ["name"]


LINE = "\u2014 name AAAAAAA=\n"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n" + LINE,
        "text\n\n" + LINE[:-1],
        "text\n\n" + LINE + "\n",
        "te\txt\n\n" + LINE,
        "text\r\n\r\n" + LINE,
        "text\n\n- name AAAAAAA=\n",
        "text\n\n\u2014  name AAAAAAA=\n",
        "text\n\n\u2014 na+me AAAAAAA=\n",
        "text\n\n\u2014 na\u00a0me AAAAAAA=\n",
        "text\n\n\u2014 name AAAAAAA\n",
        "text\n\n\u2014 name AAAAAAB=\n",
        "text\n\n\u2014 name AAAA AAA=\n",
        "text\n\n\u2014 name AAAAAA==\n",
        "text\n\n\u2014 name AAAAAAA= \n",
        "text\n\n" + LINE * 65,
        "x" * 262_144 + "\n\n" + LINE,
    ],
)
def test_other_spellings_are_refused(raw: str) -> None:
    """One spelling per note: what two parsers could read differently, nobody may sign."""
    with pytest.raises(PeerError) as caught:
        parse_note(raw.encode())
    assert caught.value.code == "bad-note"


def test_64_post_quantum_lines_fit() -> None:
    """The specification asks for at least 16 signatures; ML-DSA-44 lines of 32 parties must pass."""
    line = base64.b64encode(bytes(4 + 8 + 2420)).decode()
    raw = ("text\n\n" + "".join(f"\u2014 {name:02d} {line}\n" for name in range(64))).encode()
    assert len(parse_note(raw).signatures) == 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+530d903a",
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("foo", "fo o"),
        SPEC_KEY + "=",
        SPEC_KEY[:-4],
        "+" + SPEC_KEY,
        SPEC_KEY.replace("+Ae", "+Be"),
        "x+00000000+",
        "x+00000000+AQ==",
        "\ud800+00000000+AQ==",
    ],
)
def test_a_key_of_another_form_is_refused(text: str) -> None:
    """A key id that does not follow from the key would let a configuration say one thing and do another."""
    with pytest.raises(PeerError) as caught:
        parse_vkey(text)
    assert caught.value.code == "bad-vkey"


def test_adding_a_line_twice_keeps_one() -> None:
    """Retried cosigning must not grow a note."""
    note = parse_note(SPEC_NOTE)
    assert add_signatures(note, note.signatures) == note


@settings(max_examples=300)
@given(st.binary(max_size=120) | st.text(alphabet="\u2014 \nab+A=", max_size=80).map(str.encode))
def test_no_bytes_break_the_note_parser(raw: bytes) -> None:
    """Whatever parses encodes to the same bytes; all else is PeerError."""
    with contextlib.suppress(PeerError):
        assert parse_note(raw).encode() == raw


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text(alphabet="+abc0123456789AQ=", max_size=60))
def test_no_text_breaks_the_key_parser(text: str) -> None:
    """Whatever parses encodes to the same text; all else is PeerError."""
    with contextlib.suppress(PeerError):
        assert parse_vkey(text).encode() == text


@given(st.text(min_size=1, max_size=20), st.binary(min_size=1312, max_size=1312))
def test_keys_round_trip(name: str, public: bytes) -> None:
    """A name that is admitted survives encoding; any other is refused when the key is made."""
    try:
        key = VKey(name, ML_DSA_44, public)
    except PeerError:
        return
    assert parse_vkey(key.encode()) == key
