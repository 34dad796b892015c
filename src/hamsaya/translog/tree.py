"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1, its proofs and their verifiers.

Rules
1. A leaf hashes as SHA-256(0x00 ‖ entry), a node as SHA-256(0x01 ‖ left ‖ right), the empty tree as
   SHA-256("").
2. A subtree ``[start, end)`` is valid when start is a multiple of the smallest power of two >= end - start
   (draft-ietf-plants-merkle-tree-certs §4); ``[0, size)`` is the whole tree.
3. Verifiers raise PeerError (code ``bad-proof``) and return nothing: ignoring the outcome is impossible.
4. Consistency from size 0 proves nothing and is refused here; a witness, who must accept it, says so itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from hamsaya.base.errors import PeerError

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
_new_node = sha256(b"\1").copy
"""A hash that has taken the node prefix: copying it is a tenth cheaper than joining three parts first."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of the leaf that holds ``entry``."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above ``left`` and ``right``, 32 bytes each."""
    hasher = _new_node()
    hasher.update(left)
    hasher.update(right)
    return hasher.digest()


class Tree:
    """An append-only tree in memory: per level one bytearray of complete subtrees' hashes (64 B a leaf)."""

    __slots__ = ("_edge", "_levels", "_size")

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels = [bytearray()]
        self._edge = [b""]  # Per level the newest hash that still waits for a right sibling.
        self._size = 0
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def append(self, leaf: bytes) -> int:
        """Add one leaf hash (32 bytes) at the end and return its index."""
        self.extend((leaf,))
        return self._size - 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes (32 bytes each) at the end, in order: the fast way for a batch."""
        levels, edge, size = self._levels, self._edge, self._size
        for node in leaf_hashes:
            if len(node) != HASH_BYTES:
                raise ValueError(f"expected leaf hashes of 32 bytes, received one of {len(node)}")
            level, height, path = levels[0], 0, size
            level += node
            while path & 1:  # A right child completes its parent.
                hasher = _new_node()
                hasher.update(edge[height] + node)
                node = hasher.digest()
                path >>= 1
                height += 1
                if height == len(levels):
                    levels.append(bytearray())
                    edge.append(b"")
                level = levels[height]
                level += node
            edge[height] = node
            size += 1
            self._size = size

    def truncate(self, size: int) -> None:
        """Forget every leaf from index ``size`` on: the undo of appends whose transaction failed."""
        self._need(0 <= size <= self._size, f"size {size}")
        for height, level in enumerate(self._levels):
            del level[HASH_BYTES * (size >> height) :]
            self._edge[height] = bytes(level[-HASH_BYTES:])
        self._size = size

    def hashes(self, height: int, first: int, count: int) -> bytes:
        """Return the hashes of ``count`` complete subtrees of 2^height leaves from ``first`` on, joined."""
        self._need(
            height >= 0 and first >= 0 and count > 0 and (first + count) << height <= self._size,
            f"hashes {first}..{first + count} at height {height}",
        )
        return bytes(self._levels[height][HASH_BYTES * first : HASH_BYTES * (first + count)])

    def root(self, size: int | None = None) -> bytes:
        """Return the root hash of the first ``size`` leaves (default: all)."""
        return self.subtree_root(0, self._size if size is None else size)

    def subtree_root(self, start: int, end: int) -> bytes:
        """Return the hash of the valid subtree ``[start, end)``."""
        self._need(end <= self._size and _is_subtree(start, end), f"subtree [{start}, {end})")
        return self._fold(start, end)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the proof of leaf ``index`` in the first ``size`` leaves (default: all), leaf side first."""
        return self.subtree_inclusion(index, 0, self._size if size is None else size)

    def subtree_inclusion(self, index: int, start: int, end: int) -> list[bytes]:
        """Return the inclusion proof of leaf ``index`` in the valid subtree ``[start, end)``."""
        self._need(
            end <= self._size and start <= index < end and _is_subtree(start, end),
            f"leaf {index} in [{start}, {end})",
        )
        inner, border = _path(index - start, end - start)
        proof = [self._node(height, (index >> height) ^ 1) for height in range(inner - 1)]
        if inner:  # Only the topmost inner sibling can be incomplete: it holds the last leaf.
            proof.append(self._fold(((index >> (inner - 1)) ^ 1) << (inner - 1), end))
        return proof + [
            self._node(height, (index >> height) - 1)
            for height in range(inner, inner + border.bit_length())
            if border >> (height - inner) & 1
        ]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Return the proof that the first ``old`` >= 1 leaves begin the first ``new`` (default: all)."""
        return self.subtree_consistency(0, old, self._size if new is None else new)

    def subtree_consistency(self, start: int, end: int, size: int) -> list[bytes]:
        """Return the proof that the valid subtree ``[start, end)``, not empty, belongs to ``size`` leaves."""
        self._need(
            size <= self._size and start < end <= size and _is_subtree(start, end),
            f"consistency of [{start}, {end}) with {size}",
        )
        low, high, proof, known = 0, size, [], True
        while (low, high) != (start, end):
            middle = low + (1 << ((high - low - 1).bit_length() - 1))
            if end <= middle:
                proof.append(self._fold(middle, high))
                high = middle
            else:
                proof.append(self._fold(low, middle))
                if start < middle:  # The split cuts the subtree: its right part is unknown.
                    start, known = middle, False
                low = middle
        if not known:
            proof.append(self._fold(low, high))
        return proof[::-1]

    def _node(self, height: int, position: int) -> bytes:
        return bytes(self._levels[height][HASH_BYTES * position : HASH_BYTES * (position + 1)])

    def _fold(self, start: int, end: int) -> bytes:
        """Hash ``[start, end)`` from its complete subtrees, the smallest (rightmost) first."""
        if start == end:
            return EMPTY_ROOT
        result = b""
        while start < end:
            height = ((end - start) & (start - end)).bit_length() - 1
            part = self._node(height, (end >> height) - 1)
            result = node_hash(part, result) if result else part
            end -= 1 << height
        return result

    def _need(self, holds: bool, asked: str) -> None:
        if not holds:
            raise PeerError(f"expected a part of the tree of {self._size} leaves, received {asked}", code="not-in-log")


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Return when ``proof`` shows leaf hash ``leaf`` at ``index`` of ``size`` leaves with ``root``.

    Raises:
        PeerError: it does not (code ``bad-proof``).
    Source: RFC 9162 §2.1.3.2.
    """
    verify_subtree_inclusion(index, 0, size, leaf, proof, root)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Return when ``proof`` shows ``leaf`` at ``index`` of the subtree ``[start, end)`` with ``root``."""
    if not start <= index < end or not _is_subtree(start, end):
        raise _bad(f"a leaf index within a valid subtree, received {index} in [{start}, {end})")
    position = index - start
    inner, border = _path(position, end - start)
    _check_lengths((leaf, *proof))
    if len(proof) != inner + border.bit_count():
        raise _bad(f"{inner + border.bit_count()} hashes, received {len(proof)}")
    # One bit a sibling: set where it stands on the left, as all do above the inner path.
    turns = position & ~(-1 << inner) | (1 << len(proof)) - (1 << inner)
    result = leaf
    for sibling in proof:  # Node hashing is written out: a call would cost a fifth more.
        hasher = _new_node()
        hasher.update(sibling + result if turns & 1 else result + sibling)
        result = hasher.digest()
        turns >>= 1
    if result != root:
        raise _bad("a proof that leads to the root, received one that leads elsewhere")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Return when ``proof`` shows that the tree of ``old`` leaves is a prefix of the tree of ``new`` leaves.

    Raises:
        PeerError: it does not, or ``old`` is 0, from which anything would follow (code ``bad-proof``).
    Source: RFC 9162 §2.1.4.2.
    """
    if old < 1:
        raise _bad(f"an old tree of at least one leaf, received {old}")
    verify_subtree_consistency(0, old, new, proof, old_root, new_root)


def verify_subtree_consistency(
    start: int, end: int, size: int, proof: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """Return when ``proof`` shows that ``[start, end)`` with ``subtree_root`` belongs to ``size`` leaves.

    An empty subtree belongs to every tree: its hash must be that of nothing and its proof empty.
    Source: draft-ietf-plants-merkle-tree-certs §4.4; the three right-shifted bounds are first, last and tree
        end.
    """
    if not 0 <= start <= end <= size or not _is_subtree(start, end):
        raise _bad(f"a valid subtree of the tree, received [{start}, {end}) of {size}")
    _check_lengths(proof)
    if start == end:
        if proof or subtree_root != EMPTY_ROOT:
            raise _bad("an empty proof and the empty hash for an empty subtree, received others")
        return
    first, last, tree_end = start, end - 1, size - 1
    while first != last and (last == tree_end or last & 1):
        first, last, tree_end = first >> 1, last >> 1, tree_end >> 1
    rest = list(proof)
    if first != last and not rest:
        raise _bad("at least one hash, received none")
    subtree = tree = subtree_root if first == last else rest.pop(0)
    for sibling in rest:
        if tree_end == 0:
            raise _bad("fewer hashes, received more than the path has nodes")
        if last & 1 or last == tree_end:
            subtree = node_hash(sibling, subtree) if first < last else subtree
            tree = node_hash(sibling, tree)
            while not last & 1:
                first, last, tree_end = first >> 1, last >> 1, tree_end >> 1
        else:
            tree = node_hash(tree, sibling)
        first, last, tree_end = first >> 1, last >> 1, tree_end >> 1
    if tree_end or subtree != subtree_root or tree != root:
        raise _bad("a proof that leads to both hashes, received one that does not")


def _path(position: int, size: int) -> tuple[int, int]:
    """Return how many inner siblings the path has, and a mask whose set bits are its border siblings."""
    inner = (position ^ (size - 1)).bit_length()
    return inner, position >> inner


def _is_subtree(start: int, end: int) -> bool:
    return 0 <= start <= end and (start == end or start % (1 << (end - start - 1).bit_length()) == 0)


def _check_lengths(hashes: Sequence[bytes]) -> None:
    if not set(map(len, hashes)) <= {HASH_BYTES}:
        raise _bad("hashes of 32 bytes, received another length")


def _bad(expected_received: str) -> PeerError:
    return PeerError(f"expected {expected_received}; ask the log for a fresh proof", code="bad-proof")
