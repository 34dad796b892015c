"""Tiles and entry bundles (C2SP tlog-tiles): the log as static files.

Rules
1. A full tile holds 256 hashes; tile n of level l holds the hashes of complete subtrees of 256^l leaves.
2. The rightmost tile of a level may be partial, 1 to 255 wide, and then its path ends in ``.p/<width>``.
3. Tile indexes are written in groups of three digits, all but the last prefixed with ``x``: 1234067 is
   x001/x234/067.
4. An entry bundle holds its entries in order, each behind its length as big-endian uint16.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hamsaya.base.errors import PeerError
from hamsaya.translog.tree import Tree

WIDTH = 256
MAX_ENTRY_BYTES = 2**16 - 1
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: ``level`` 0..63 or None for an entry bundle, ``index`` in the level, ``width`` 1..256."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The tile's one path below the log's prefix."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [f"x{digits[at : at + 3]}" for at in range(0, len(digits), 3)]
        groups[-1] = groups[-1][1:]
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{suffix}"


def parse_path(unverified_path: str) -> Tile:
    """Return the tile that ``unverified_path`` names.

    Raises:
        PeerError: not the one spelling of a tile's path (code ``bad-path``).
    """
    match = _PATH.fullmatch(unverified_path)
    if match:
        level, groups, width = match.groups()
        index = int(groups.replace("/", "").replace("x", ""))
        tile = Tile(None if level == "entries" else int(level), index, WIDTH if width is None else int(width))
        if 1 <= tile.width <= WIDTH and (tile.level or 0) <= 63 and tile.path == unverified_path:
            return tile
    raise PeerError(
        "expected a path such as tile/0/x001/234 or tile/entries/000.p/7, received another spelling",
        code="bad-path",
    )


def layout(size: int) -> Iterator[Tile]:
    """Yield every hash tile of a tree of ``size`` leaves, level by level, a partial one last in its level."""
    level = 0
    while size:
        yield from (Tile(level, index) for index in range(size // WIDTH))
        if size % WIDTH:
            yield Tile(level, size // WIDTH, size % WIDTH)
        level, size = level + 1, size // WIDTH


def hash_tile(tree: Tree, level: int, index: int, width: int = WIDTH) -> bytes:
    """Return the tile's ``32 * width`` bytes; PeerError (code ``not-in-log``) where there is no such tile."""
    return tree.hashes(8 * level, index * WIDTH, width)


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bundle of 1 to 256 ``entries`` of at most 65,535 bytes each."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise ValueError("expected 1 to 256 entries of at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(unverified_bytes: bytes, width: int) -> list[bytes]:
    """Return the ``width`` entries of a bundle, in order.

    Raises:
        PeerError: more or fewer entries, or bytes left over (code ``bad-bundle``).
    """
    entries: list[bytes] = []
    at = 0
    while at < len(unverified_bytes) and len(entries) < width:
        start = at + 2
        at = start + int.from_bytes(unverified_bytes[at:start], "big")
        entries.append(unverified_bytes[start:at])
    if at != len(unverified_bytes) or len(entries) != width:
        raise PeerError(f"expected exactly {width} length-prefixed entries, received other bytes", code="bad-bundle")
    return entries
