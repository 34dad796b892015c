"""Ids that were seen: the same answer as a set gives, whatever the order and the size of the batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.monitor.seen import Seen, keys_of, repeated

IDS = st.text("ab0", min_size=1, max_size=32).map(str.encode)


@given(st.lists(st.lists(IDS, max_size=30), max_size=8), st.sampled_from([64, 1 << 12]))
def test_repeats_are_those_a_set_finds(batches: list[list[bytes]], bits: int) -> None:
    """Also where the map of bits is full and answers nothing by itself."""
    seen, plain = Seen(bits), set[bytes]()
    for batch in batches:
        again = repeated(np.array(batch, "S") if batch else np.empty(0, "S1"), seen)
        for name, repeat in zip(batch, again, strict=True):
            assert repeat == (name in plain)
            plain.add(name)
    assert len(seen) == len(plain)


def test_the_key_of_an_id_does_not_depend_on_the_longest_beside_it() -> None:
    """A column's width is that of its longest id: another file has another."""
    short = keys_of(np.array([b"12345678", b"7"], "S"))
    wide = keys_of(np.array([b"12345678", b"7", b"x" * 31], "S"))
    assert short.tolist() == wide[:2].tolist()
    assert len(set(keys_of(np.array([f"AVA{number:020}".encode() for number in range(5_000)], "S")).tolist())) == 5_000
