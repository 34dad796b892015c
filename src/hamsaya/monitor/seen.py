"""Which ids were seen, for tens of millions of them in bounded memory and at a cost for each that does not grow.

Ids are bytes of at most 32; each stands by a key of 64 bits: an id of up to 8 bytes by one of its own, a longer one
by a hash. Two longer ids share a key in about one of 400,000 tables of ten million rows; the later one is then
told as a repeat.

A map of bits answers most questions ("never seen"); the rest are looked up in a few sorted runs, which double in size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.incidents import distinct

Array = npt.NDArray[Any]
BITS = 1 << 28
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def keys_of(ids: Array) -> Array:
    """Return the keys (uint64) of ids (bytes)."""
    width = max(1, -(-ids.dtype.itemsize // 8))
    words = np.ascontiguousarray(ids.astype(f"S{width * 8}")).view(">u8").reshape(len(ids), width).astype("u8")
    key = words[:, 0].copy()
    for place in range(1, width):
        longer = words[:, place] > 0
        # The first eight bytes stay as they are unless there are more, so that short ids never share a key.
        salt = np.uint64(place * int(_ODD) % 2**64)
        key[longer] = _mixed(key[longer] ^ _mixed(words[longer, place] + salt))
    return _mixed(key)  # One to one; unmixed, short ids differ in their high bits only, which hashing tables dislike.


def _mixed(words: Array) -> Array:
    """Return words with their bits mixed. Source: Steele, Lea and Flood (2014), OOPSLA: 453-472 (splitmix64)."""
    words = (words ^ (words >> np.uint64(30))) * _MIX[0]
    words = (words ^ (words >> np.uint64(27))) * _MIX[1]
    result: Array = words ^ (words >> np.uint64(31))
    return result


class Seen:
    """A growing set of keys."""

    def __init__(self, bits: int = BITS) -> None:
        self._map = np.zeros(bits // 8, "u1")
        self._runs: list[Array] = []
        self._bits = np.uint64(bits)

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def has(self, keys: Array) -> Array:
        """Return which keys were added before, bool."""
        byte, bit = self._places(keys)
        found = (self._map[byte] & bit) > 0
        maybe = np.flatnonzero(found)
        found[maybe] = self._among(keys[maybe])
        return found

    def add(self, keys: Array) -> None:
        """Add keys; those that are there already change nothing."""
        run = distinct(keys)
        run = run[~self.has(run)]
        if not len(run):
            return
        byte, bit = self._places(run)
        np.bitwise_or.at(self._map, byte, bit)
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = distinct(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)

    def _places(self, keys: Array) -> tuple[Array, Array]:
        place = _mixed(keys + _ODD) % self._bits
        return (place >> np.uint64(3)).astype("i8"), np.left_shift(1, place & np.uint64(7)).astype("u1")

    def _among(self, keys: Array) -> Array:
        found = np.zeros(len(keys), bool)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            found |= run[at] == keys
        return found


def repeated(ids: Array, seen: Seen) -> Array:
    """Return which ids were seen before, in this array or in ``seen``, and add them all; the first of each is not."""
    keys = keys_of(ids)
    before = seen.has(keys)
    _, first = np.unique(keys, return_index=True)
    again = np.ones(len(keys), bool)
    again[first] = before[first]
    seen.add(keys)
    return again
