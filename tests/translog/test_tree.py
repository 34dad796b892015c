"""The tree against public vectors, a naive reading of RFC 9162, and the attacks its proofs must stop."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.tree import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

DATA = Path(os.environ.get("HAMSAYA_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
VECTORS = DATA / "vectors" / "merkle.json.gz"

CT_LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        return {}
    loaded: dict[str, Any] = json.loads(gzip.decompress(VECTORS.read_bytes()))
    return loaded


needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="merkle.json.gz is absent (see HAMSAYA_DATA)")


def raises(act: Callable[[], None]) -> bool:
    try:
        act()
    except PeerError as error:
        assert error.code == "bad-proof"
        return True
    return False


def check_vector(case: dict[str, Any]) -> bool:
    """Whether the verifier that the case's fields call for refuses it."""
    raw = {key: base64.b64decode(case[key] or "") for key in ("root", "root1", "root2", "leafHash") if key in case}
    proof = [base64.b64decode(each) for each in case["proof"] or []]
    if "size1" in case:
        return raises(lambda: verify_consistency(case["size1"], case["size2"], proof, raw["root1"], raw["root2"]))
    if "treeSize" in case:
        return raises(lambda: verify_inclusion(case["leafIdx"], case["treeSize"], raw["leafHash"], proof, raw["root"]))
    if "leafIdx" in case:
        return raises(
            lambda: verify_subtree_inclusion(
                case["leafIdx"], case["start"], case["end"], raw["leafHash"], proof, raw["root"]
            )
        )
    return raises(
        lambda: verify_subtree_consistency(case["start"], case["end"], case["size"], proof, raw["root1"], raw["root2"])
    )


@needs_vectors
def test_there_are_518_public_vectors_of_which_both_kinds_exist() -> None:
    """A shrunken file would otherwise let the next test pass on nothing."""
    wanted = [case["wantErr"] for case in vectors().values()]
    assert len(wanted) == 518 and 0 < sum(wanted) < 518


@needs_vectors
@pytest.mark.parametrize("name", sorted(vectors()))
def test_public_vector(name: str) -> None:
    """transparency-dev/merkle: each case is accepted or refused as its authors say."""
    case = vectors_once()[name]
    assert check_vector(case) == case["wantErr"], case["desc"]


_CACHE: dict[str, Any] = {}


def vectors_once() -> dict[str, Any]:
    if not _CACHE:
        _CACHE.update(vectors())
    return _CACHE


# The oracle: RFC 9162 §2.1 and the subtree draft §4, read aloud, with no stored hashes.


def mth(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(start: int, end: int, leaves: list[bytes], known: bool = True) -> list[bytes]:
    n = len(leaves)
    if (start, end) == (0, n):
        return [] if known else [mth(leaves)]
    k = split(n)
    if end <= k:
        return [*subproof(start, end, leaves[:k], known), mth(leaves[k:])]
    if k <= start:
        return [*subproof(start - k, end - k, leaves[k:], known), mth(leaves[:k])]
    return [*subproof(0, end - k, leaves[k:], False), mth(leaves[:k])]


def valid_subtree(start: int, end: int) -> bool:
    width = 1
    while width < end - start:
        width *= 2
    return start % width == 0


def leaves_of(n: int) -> list[bytes]:
    return [leaf_hash(bytes([each % 251, each // 251])) for each in range(n)]


def test_certificate_transparency_roots() -> None:
    """The eight leaves every implementation since 2013 agrees on, and the empty tree."""
    tree = Tree(map(leaf_hash, CT_LEAVES))
    assert [tree.root(size).hex() for size in range(9)] == CT_ROOTS


def test_every_proof_up_to_33_leaves_is_the_oracles_and_verifies() -> None:
    """Exhaustive where it is cheap: roots, subtrees, inclusion and consistency for every size and bound."""
    leaves = leaves_of(33)
    tree = Tree(leaves)
    roots = {(start, end): mth(leaves[start:end]) for start in range(34) for end in range(start, 34)}
    for (start, end), root in roots.items():
        if start == end or not valid_subtree(start, end):
            continue
        assert tree.subtree_root(start, end) == root
        for index in range(start, end):
            proof = tree.subtree_inclusion(index, start, end)
            assert proof == path(index - start, leaves[start:end])
            verify_subtree_inclusion(index, start, end, leaves[index], proof, root)
        for size in range(end, 34):
            proof = tree.subtree_consistency(start, end, size)
            assert proof == subproof(start, end, leaves[:size])
            verify_subtree_consistency(start, end, size, proof, root, roots[0, size])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_proof_altered_in_any_way_is_refused(data: st.DataObject) -> None:
    """One bit, one hash more or less, another index, size or leaf: nothing else than the truth verifies."""
    n = data.draw(st.integers(2, 700))
    leaves = leaves_of(n)
    tree, index, old = Tree(leaves), data.draw(st.integers(0, n - 1)), data.draw(st.integers(1, n - 1))
    for proof, verify in (
        (tree.inclusion(index), lambda p: verify_inclusion(index, n, leaves[index], p, tree.root())),
        (tree.consistency(old), lambda p: verify_consistency(old, n, p, tree.root(old), tree.root())),
    ):
        verify(proof)
        at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
        for wrong in (
            proof[:at] + [flipped] + proof[at + 1 :],
            proof[:-1],
            [*proof, proof[-1]],
            [proof[0][:31], *proof[1:]],
        ):
            with pytest.raises(PeerError):
                verify(wrong)
    other = data.draw(st.integers(0, n - 1).filter(lambda each: each != index))
    with pytest.raises(PeerError):
        verify_inclusion(other, n, leaves[index], tree.inclusion(index), tree.root())
    with pytest.raises(PeerError):
        verify_consistency(old, n, tree.consistency(old), tree.root(), tree.root())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 600), st.data())
def test_truncation_undoes_appends(n: int, data: st.DataObject) -> None:
    """A transaction that fails leaves the tree as if its leaves had never been appended."""
    keep = data.draw(st.integers(0, n))
    tree = Tree(leaves_of(n))
    tree.truncate(keep)
    again = [leaf_hash(b"other %d" % each) for each in range(n - keep + 5)]
    for each in again:
        tree.append(each)
    expected = Tree(leaves_of(n)[:keep] + again)
    assert [tree.root(size) for size in range(tree.size + 1)] == [
        expected.root(size) for size in range(expected.size + 1)
    ]


def test_consistency_from_the_empty_tree_is_refused() -> None:
    """From nothing everything follows, so such a proof would prove nothing."""
    tree = Tree(leaves_of(3))
    with pytest.raises(PeerError):
        verify_consistency(0, 3, [], EMPTY_ROOT, tree.root())
    with pytest.raises(PeerError):
        tree.consistency(0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.root(4),
        lambda tree: tree.root(-1),
        lambda tree: tree.inclusion(3),
        lambda tree: tree.inclusion(-1),
        lambda tree: tree.inclusion(0, 4),
        lambda tree: tree.consistency(2, 4),
        lambda tree: tree.hashes(0, 2, 2),
        lambda tree: tree.hashes(1, 1, 1),
        lambda tree: tree.hashes(64, 0, 1),
        lambda tree: tree.hashes(0, 0, 0),
        lambda tree: tree.hashes(0, -1, 2),
        lambda tree: tree.subtree_root(1, 3),
        lambda tree: tree.truncate(4),
    ],
)
def test_what_the_tree_does_not_hold_is_refused(ask: Callable[[Tree], object]) -> None:
    """A request from outside for a future or negative part is a PeerError, never an IndexError or a wrong hash."""
    with pytest.raises(PeerError) as caught:
        ask(Tree(leaves_of(3)))
    assert caught.value.code == "not-in-log"


def test_a_leaf_hash_of_another_length_is_the_callers_mistake() -> None:
    """Anything but 32 bytes would shift every later hash of the level."""
    with pytest.raises(ValueError):
        Tree().append(b"short")


def test_a_leaf_cannot_pose_as_a_node() -> None:
    """The prefixes 0x00 and 0x01 keep the two hashes apart."""
    left, right = leaves_of(2)
    assert leaf_hash(left + right) != node_hash(left, right)
