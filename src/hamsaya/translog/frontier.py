"""The right edge of a Merkle tree: what is enough to add leaves and to know the root, kept as a value.

    edge = EMPTY.with_leaf(leaf_hash(entry))        # edge.size == 1, edge.root() is the root of one leaf

Rule: the peaks are the roots of the complete subtrees that make the tree, the largest and leftmost first (RFC 9162
§2.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from hamsaya.translog.tree import EMPTY_ROOT, node_hash


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of ``size`` leaves by its peaks."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def with_leaf(self, leaf: bytes) -> Frontier:
        """Return the tree with one more leaf hash (32 bytes) at its end."""
        peaks, path = [*self.peaks], self.size
        while path & 1:
            leaf = node_hash(peaks.pop(), leaf)
            path >>= 1
        return Frontier(self.size + 1, (*peaks, leaf))

    def root(self) -> bytes:
        """Return the root hash of the tree."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, root = self.peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root


EMPTY = Frontier()
