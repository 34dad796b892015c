"""One contract for every place where chunks lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hamsaya.adapters.chunkfiles import FileChunks
from hamsaya.adapters.memory import MemoryChunks
from hamsaya.base.errors import StoreError
from hamsaya.ports.chunks import ChunkStore


@pytest.fixture(params=["files", "memory"])
def chunks(request: pytest.FixtureRequest, tmp_path: Path) -> ChunkStore:
    return FileChunks(tmp_path / "chunks") if request.param == "files" else MemoryChunks()


def test_what_is_put_is_there_under_its_digest_until_it_is_dropped(chunks: ChunkStore) -> None:
    """Twice is once, and dropping what is gone is no error."""
    one, other = chunks.put(b"one"), chunks.put(b"other")
    assert one == hashlib.sha256(b"one").digest() == chunks.put(b"one")
    assert (chunks.get(one), chunks.has(one), sorted(chunks.digests()), chunks.used()) == (
        b"one", True, sorted((one, other)), 8)
    chunks.drop(one)
    chunks.drop(one)
    assert (chunks.get(one), chunks.has(one), list(chunks.digests()), chunks.used()) == (None, False, [other], 5)


def test_many_threads_put_and_read_at_once(chunks: ChunkStore) -> None:
    """A fetch and a sweep of other files go on together."""
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(lambda number: chunks.put(b"%d" % (number % 40)), range(200)))
    assert len(set(digests)) == len(list(chunks.digests())) == 40
    assert all(chunks.get(each) for each in digests)


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(b"other"), lambda p: os.truncate(p, 1)])
def test_what_the_disk_has_altered_is_not_there_any_more(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """It is fetched again instead of being given out."""
    chunks = FileChunks(tmp_path / "chunks")
    digest = chunks.put(b"whole")
    (place,) = (tmp_path / "chunks").glob("*/*")
    assert place.stat().st_mode & 0o777 == 0o600
    damage(place)
    assert chunks.get(digest) is None and not chunks.has(digest)
    chunks.put(b"whole")
    assert chunks.get(digest) == b"whole"


def test_what_a_kill_left_half_written_is_gone_at_the_next_start(tmp_path: Path) -> None:
    """It has another name and counts as nothing."""
    folder = tmp_path / "chunks"
    chunks = FileChunks(folder)
    chunks.put(b"whole")
    (place,) = folder.glob("*/*")
    left = place.with_name("ab" * 32 + "-1234.part")
    left.write_bytes(b"half")
    assert len(chunks.digests()) == 1 and chunks.used() == 5
    assert len(FileChunks(folder).digests()) == 1 and not left.exists()


def test_a_disk_that_refuses_keeps_nothing(tmp_path: Path) -> None:
    """A file stands where the folder would be, which stops root as well."""
    (tmp_path / "chunks").write_text("in the way")
    chunks = FileChunks(tmp_path / "chunks")
    with pytest.raises(StoreError):
        chunks.put(b"whole")
    assert not list(chunks.digests())
