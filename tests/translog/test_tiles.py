"""Tiles: the examples printed in C2SP tlog-tiles, one spelling per path, bundles that hold exactly their entries."""

from __future__ import annotations

import contextlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.tiles import Tile, entry_bundle, hash_tile, layout, parse_bundle, parse_path
from hamsaya.translog.tree import Tree, leaf_hash, node_hash

tiles = st.builds(Tile, st.none() | st.integers(0, 63), st.integers(0, 10**17), st.integers(1, 256))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(63, 273, 112), "tile/63/273.p/112"),
        (Tile(None, 1234067, 1), "tile/entries/x001/x234/067.p/1"),
    ],
)
def test_path_examples(tile: Tile, path: str) -> None:
    """The paths of the specification and the borders of a digit group."""
    assert tile.path == path
    assert parse_path(path) == tile


@given(tiles)
def test_every_tile_has_one_path(tile: Tile) -> None:
    """Encode and parse are inverse."""
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/data/000",
        "tile/entries/../000",
        "tile/0/x1e3/000",
        "tile/0/" + "x999/" * 40 + "999",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    """Two names for one file would let two caches hold different contents."""
    with pytest.raises(PeerError) as caught:
        parse_path(path)
    assert caught.value.code == "bad-path"


@settings(max_examples=300)
@given(st.text(alphabet="tile/0123456789xp.entris\n", max_size=40))
def test_no_text_breaks_the_path_parser(text: str) -> None:
    """Whatever parses is the canonical path; all else is PeerError."""
    with contextlib.suppress(PeerError):
        assert parse_path(text).path == text


def test_layout_of_70000_leaves() -> None:
    """The specification's example: 273 full and one 112 wide; one full and one 17 wide; one 1 wide."""
    found = list(layout(70_000))
    assert Counter((tile.level, tile.width) for tile in found) == {
        (0, 256): 273,
        (0, 112): 1,
        (1, 256): 1,
        (1, 17): 1,
        (2, 1): 1,
    }
    assert list(layout(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert not list(layout(0))


def test_tiles_hold_the_hashes_of_full_tiles_below() -> None:
    """Every tile of the layout exists, level 1 hashes level 0, and what lies beyond the tree is refused."""
    leaves = [leaf_hash(each.to_bytes(4, "big")) for each in range(70_000)]
    tree = Tree(leaves)
    for tile in layout(70_000):
        assert tile.level is not None
        assert len(hash_tile(tree, tile.level, tile.index, tile.width)) == 32 * tile.width
    assert hash_tile(tree, 0, 3, 2) == leaves[768] + leaves[769]
    level = leaves[512:768]
    while len(level) > 1:
        level = [node_hash(*level[at : at + 2]) for at in range(0, len(level), 2)]
    assert hash_tile(tree, 1, 0)[64:96] == level[0]
    for wrong in ((0, 273, 113), (1, 1, 18), (2, 0, 2), (3, 0, 1), (0, 274, 1)):
        with pytest.raises(PeerError):
            hash_tile(tree, *wrong)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_a_bundle_returns_its_entries(entries: list[bytes]) -> None:
    """Length prefixes carry any bytes, and a missing or additional byte or entry is refused."""
    bundle = entry_bundle(entries)
    assert parse_bundle(bundle, len(entries)) == entries
    for wrong, width in (
        (bundle[:-1], len(entries)),
        (bundle + b"\0", len(entries)),
        (bundle, len(entries) + 1),
        (bundle, len(entries) - 1),
    ):
        with pytest.raises(PeerError):
            parse_bundle(wrong, width)


@given(st.binary(max_size=60), st.integers(0, 256))
def test_no_bytes_break_the_bundle_parser(raw: bytes, width: int) -> None:
    """Whatever parses encodes to the same bytes; all else is PeerError."""
    try:
        entries = parse_bundle(raw, width)
    except PeerError:
        return
    assert not raw if width == 0 else entry_bundle(entries) == raw


def test_oversize_entries_are_the_callers_mistake() -> None:
    """A length of 65,536 does not fit its two bytes."""
    with pytest.raises(ValueError):
        entry_bundle([bytes(65_536)])
    with pytest.raises(ValueError):
        entry_bundle([])
