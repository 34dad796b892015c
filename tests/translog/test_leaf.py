"""The leaf: a salted, length-framed commitment."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.leaf import leaf_entry


def test_the_entry_is_spelt_out_byte_by_byte() -> None:
    """An auditor in another language must be able to recompute it from the specification alone."""
    salt, statement = bytes(range(32)), b"statement"
    cbor = b"\x82" + b"\x58\x20" + salt + b"\x49" + statement
    assert leaf_entry(salt, statement) == sha256(b"hamsaya/v1/leaf\x00" + cbor).digest()


@given(st.binary(max_size=40), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_the_salt_hides_a_guessed_statement(statement: bytes, salt: bytes, other: bytes) -> None:
    """Without the salt a correct guess of the statement cannot be recognised."""
    assert (leaf_entry(salt, statement) == leaf_entry(other, statement)) == (salt == other)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_of_another_length_is_refused(length: int) -> None:
    """A short salt could be guessed; a long one would let bytes slide between salt and statement."""
    with pytest.raises(PeerError) as caught:
        leaf_entry(bytes(length), b"statement")
    assert caught.value.code == "bad-leaf"
