"""The witness: the status table of C2SP tlog-witness, the race it forbids, and the client's side."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import sign_checkpoint, verify_note
from hamsaya.translog.note import Note, parse_note
from hamsaya.translog.tree import EMPTY_ROOT
from hamsaya.translog.witness import (
    NEVER,
    Answer,
    Seen,
    accept_cosignatures,
    add_checkpoint,
    encode_add_checkpoint,
    malformed,
    parse_add_checkpoint,
    parse_conflict,
)

NAME = "w1.example/witness"
NOW_S = 1_767_225_700
SPEC_REQUEST = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501


def ask(world: Any, old: int, proof: list[bytes], note: bytes, seen: Seen = NEVER) -> Answer:
    request = parse_add_checkpoint(encode_add_checkpoint(old, proof, note))
    return add_checkpoint(request, {world.origin: world.vkeys}, seen, world.witnesses[NAME], NAME, NOW_S)


def seen(world: Any, size: int) -> Seen:
    return Seen(size, world.tree.root(size))


def test_the_specifications_request_round_trips() -> None:
    """The example of C2SP tlog-witness."""
    request = parse_add_checkpoint(SPEC_REQUEST.encode())
    assert (request.old_size, request.checkpoint.size, len(request.proof)) == (20852014, 20852163, 4)
    assert encode_add_checkpoint(20852014, request.proof, request.note.encode()) == SPEC_REQUEST.encode()


def test_the_first_checkpoint_is_cosigned_from_size_0(world: Any) -> None:
    """200 with an empty proof, though the general verifier refuses size 0."""
    answer = ask(world, 0, [], world.note(7))
    assert (answer.status, answer.seen, answer.code) == (200, seen(world, 7), "")
    note = accept_cosignatures(world.note(7), answer.body, world.witness_vkeys(NAME))
    assert {line.time_s for line in verify_note(parse_note(note), world.witness_vkeys(NAME))} == {NOW_S}


def test_an_extension_is_cosigned(world: Any) -> None:
    """200 for a consistent larger tree, and again for the same tree with an empty proof."""
    assert ask(world, 7, world.tree.consistency(7, 12), world.note(12), seen(world, 7)).seen == seen(world, 12)
    again = ask(world, 12, [], world.note(12), seen(world, 12))
    assert (again.status, again.seen) == (200, seen(world, 12))


def forked(world: Any, size: int) -> bytes:
    """A checkpoint the log truly signed over another history of the same size."""
    return sign_checkpoint(Checkpoint(world.origin, size, b"f" * 32), world.key, NOW_S)


REFUSALS: dict[str, tuple[Any, int, str]] = {
    "404 unknown origin": (
        lambda w: ask(w, 0, [], sign_checkpoint(Checkpoint("x.example", 0, EMPTY_ROOT), w.key, NOW_S)),
        404,
        "unknown-log",
    ),
    "403 no signature of the log": (
        lambda w: ask(w, 0, [], Note(w.checkpoint(7).encode(), parse_note(w.note(7)).signatures[:1]).encode()),
        403,
        "bad-signature",
    ),
    "403 signature over another head": (
        lambda w: ask(w, 0, [], Note(w.checkpoint(8).encode(), parse_note(w.note(7)).signatures).encode()),
        403,
        "bad-signature",
    ),
    "400 old size above the checkpoint": (lambda w: ask(w, 8, [], w.note(7), seen(w, 8)), 400, "bad-request"),
    "409 old size not the one cosigned": (
        lambda w: ask(w, 5, w.tree.consistency(5, 12), w.note(12), seen(w, 7)),
        409,
        "stale",
    ),
    "409 first request of a client that knows nothing": (lambda w: ask(w, 0, [], w.note(12), seen(w, 7)), 409, "stale"),
    "409 equal sizes, different roots": (lambda w: ask(w, 7, [], forked(w, 7), seen(w, 7)), 409, "fork"),
    "409 empty tree with a root": (lambda w: ask(w, 0, [], forked(w, 0)), 409, "fork"),
    "422 proof does not verify": (
        lambda w: ask(w, 7, w.tree.consistency(6, 12), w.note(12), seen(w, 7)),
        422,
        "bad-proof",
    ),
    "422 fork with the honest proof": (
        lambda w: ask(w, 7, w.tree.consistency(7, 12), forked(w, 12), seen(w, 7)),
        422,
        "bad-proof",
    ),
    "422 no proof": (lambda w: ask(w, 7, [], w.note(12), seen(w, 7)), 422, "bad-proof"),
    "422 proof from size 0": (lambda w: ask(w, 0, [bytes(32)], w.note(12)), 422, "bad-proof"),
    "422 proof between equal sizes": (lambda w: ask(w, 7, [bytes(32)], w.note(7), seen(w, 7)), 422, "bad-proof"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_status_table(world: Any, case: str) -> None:
    """Each refusal has the status of the specification, remembers nothing and cosigns nothing."""
    act, status, code = REFUSALS[case]
    answer = act(world)
    assert (answer.status, answer.code, answer.seen) == (status, code, None)
    assert b"\xe2\x80\x94" not in answer.body


def test_a_stale_client_learns_the_size_to_start_from(world: Any) -> None:
    """409 carries the size cosigned, typed; a fork does not, or the client would try again for ever."""
    answer = ask(world, 0, [], world.note(12), seen(world, 7))
    assert (answer.content_type, answer.body) == ("text/x.tlog.size", b"7\n")
    assert parse_conflict(answer.body) == 7
    assert ask(world, 7, [], forked(world, 7), seen(world, 7)).content_type != "text/x.tlog.size"


def test_two_requests_from_one_state_cannot_roll_the_log_back(world: Any) -> None:
    """The race of the specification: after the larger tree is stored, the smaller one is stale."""
    small = (7, world.tree.consistency(7, 9), world.note(9))
    large = (7, world.tree.consistency(7, 12), world.note(12))
    state = ask(world, *large, seen(world, 7)).seen
    assert state == seen(world, 12)
    assert ask(world, *small, state).status == 409


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old 0",
        "old 0\n",
        "old 0\n\n",
        "old 00\n\nx",
        "old -1\n\nx",
        "new 0\n\n" + SPEC_REQUEST.partition("\n\n")[2],
        SPEC_REQUEST.replace("old 20852014", "old 020852014"),
        SPEC_REQUEST.replace("PlRN", "PlR"),
        SPEC_REQUEST.replace("pkaw=", "pkax="),
        SPEC_REQUEST.replace("\n", "\r\n"),
        SPEC_REQUEST[:-1],
        SPEC_REQUEST.partition("\n\u2014")[0],
        "old 1\n" + "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 64 + "\n" + SPEC_REQUEST.partition("\n\n")[2],
    ],
)
def test_a_malformed_request_is_400(body: str) -> None:
    """Wrong lines, a 64th hash, or a note that is none: refused before any key is touched."""
    with pytest.raises(PeerError) as caught:
        parse_add_checkpoint(body.encode())
    assert malformed(caught.value).status == 400 and malformed(caught.value).seen is None


def test_a_client_keeps_the_lines_it_asked_for_and_no_others(world: Any) -> None:
    """Lines of strangers are dropped; a missing or forged line of the witness is refused."""
    note, other = world.note(7), "w2.example/witness"
    body = ask(world, 0, [], note).body
    stranger = parse_note(world.note(7, [other])).signatures[2].encode().encode()
    merged = accept_cosignatures(note, body + stranger, world.witness_vkeys(NAME))
    assert {line.name for line in parse_note(merged).signatures} == {world.origin, NAME}
    for wrong in (stranger, body.splitlines(keepends=True)[0], ask(world, 0, [], world.note(8)).body, b"", body[:-1]):
        with pytest.raises(PeerError):
            accept_cosignatures(note, wrong, world.witness_vkeys(NAME))


@settings(max_examples=300)
@given(st.binary(max_size=100) | st.text("old 0123\n=AB\u2014", max_size=60).map(str.encode), st.integers(0, 700))
def test_no_bytes_break_the_request_parser(raw: bytes, cut: int) -> None:
    """Whatever parses encodes to the same bytes; all else is PeerError."""
    sample = SPEC_REQUEST.encode()
    for each in (raw, sample[:cut] + raw + sample[cut:], sample[:cut] + raw + sample[cut + len(raw) :]):
        try:
            request = parse_add_checkpoint(each)
        except PeerError:
            continue
        assert encode_add_checkpoint(request.old_size, request.proof, request.note.encode()) == each


@given(st.binary(max_size=40))
def test_no_bytes_break_the_conflict_parser(raw: bytes) -> None:
    """Whatever parses is a size and a newline; all else is PeerError."""
    with contextlib.suppress(PeerError):
        assert f"{parse_conflict(raw)}\n".encode() == raw
