"""Sealed chunks: any file comes back as it was; no chunk opens elsewhere, in another order or under another name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.messages import attachments
from hamsaya.messages.attachments import CHUNK_BYTES, MAX_LAST_BYTES, TAG_BYTES
from hamsaya.node.sheets import open_chunk, seal_chunk

KEY, NAMES = bytes(range(32)), ("C-1", "I-1", "f-1")


def sealed(raw: bytes, size: int) -> list[bytes]:
    """Return ``raw`` sealed in chunks of ``size``."""
    pieces = [raw[start : start + size] for start in range(0, len(raw), size)]
    return [seal_chunk(KEY, NAMES, index, index == len(pieces) - 1, piece) for index, piece in enumerate(pieces)]


def opened(chunks: list[bytes]) -> bytes:
    """Return what sealed chunks hold, in their order."""
    return b"".join(open_chunk(KEY, NAMES, index, index == len(chunks) - 1, each) for index, each in enumerate(chunks))


@given(st.binary(min_size=1, max_size=5000), st.integers(1, 2000))
def test_whatever_is_cut_and_sealed_comes_back(raw: bytes, size: int) -> None:
    """The size of a chunk is a constant of the wire; nothing rests on which."""
    assert opened(sealed(raw, size)) == raw


@settings(max_examples=60)
@given(st.binary(min_size=40, max_size=400), st.data())
def test_no_chunk_moves_goes_or_comes(raw: bytes, data: st.DataObject) -> None:
    """Attack: chunks swapped, left out, doubled or altered, beneath the list of digests that names them."""
    chunks = sealed(raw, 16)
    place = data.draw(st.integers(0, len(chunks) - 2))
    flipped = bytearray(chunks[place])
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1
    for broken in (
        chunks[:place] + [chunks[place + 1], chunks[place]] + chunks[place + 2 :],
        chunks[:-1], chunks[:place] + chunks[place + 1 :], [*chunks[: place + 1], *chunks[place:]],
        [*chunks[:place], bytes(flipped), *chunks[place + 1 :]],
    ):
        with pytest.raises(PeerError) as refused:
            opened(broken)
        assert refused.value.code == "cannot-open"


@pytest.mark.parametrize("names", [("C-2", "I-1", "f-1"), ("C-1", "I-2", "f-1"), ("C-1", "I-1", "f-2")])
def test_a_chunk_opens_under_its_own_names_only(names: tuple[str, str, str]) -> None:
    """It cannot be shown as part of another case, another item or another file."""
    with pytest.raises(PeerError):
        open_chunk(KEY, names, 0, True, seal_chunk(KEY, NAMES, 0, True, b"x"))


def test_the_longest_chunks_are_as_long_as_the_constants_say() -> None:
    """What a receiver allows is what a sender makes, to the byte."""
    whole = bytes(CHUNK_BYTES)
    assert len(seal_chunk(KEY, NAMES, 0, False, whole)) == CHUNK_BYTES + TAG_BYTES
    assert len(seal_chunk(KEY, NAMES, 0, True, whole)) == MAX_LAST_BYTES
    assert (attachments.MAX_CHUNKS - 1) * (CHUNK_BYTES + TAG_BYTES) + MAX_LAST_BYTES == attachments.MAX_SEALED_BYTES
