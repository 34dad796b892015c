"""Case and coordinate files: read as written, refused with file, line and field."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hamsaya.adapters.casefile import read_cases, read_places
from hamsaya.base.errors import OperatorError, PeerError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.geo").write_text("L0 24.85 67.05\n\nL1 -25.15 180\n", encoding="utf-8")
    return tmp_path


def test_both_kinds_are_read_plain_and_packed(folder: Path) -> None:
    """Both spellings of a date; blank lines are nothing."""
    with gzip.open(folder / "a.cas.gz", "wt", encoding="utf-8") as text:
        text.write("L1 2 1970/1/2\n  L0 0 1970-01-11  \n")
    places = read_places(folder / "a.geo")
    assert places == (["L0", "L1"], [24.85, -25.15], [67.05, 180.0])
    assert read_cases(folder / "a.cas.gz", places) == ([1, 0], [2.0, 0.0], [1, 10])


def test_means_are_above_zero(folder: Path) -> None:
    """A forecast of exactly nothing would make a single case infinitely surprising."""
    (folder / "a.exp").write_text("L0 0.5 1970-01-02\nL1 0 1970-01-02\n", encoding="utf-8")
    with pytest.raises(PeerError, match="a.exp line 2, mean: expected a number above 0"):
        read_cases(folder / "a.exp", read_places(folder / "a.geo"), means=True)


@pytest.mark.parametrize(("row", "field"), [
    ("L9 1 1970-01-02", "id"), ("L0 -1 1970-01-02", "count"), ("L0 1.5 1970-01-02", "count"),
    ("L0 ٣ 1970-01-02", "count"), ("L0 1 1970-02-30", "date"),
    ("L0 1 02/01/1970", "date"), ("L0 1 1970-01/02", "date"), ("L0 1", "row"),
    ("L0 1 1970-01-02 9", "row"), ("L0 9999999999 1970-01-02", "count"),
])
def test_bad_cases_are_refused_by_line_and_field(folder: Path, row: str, field: str) -> None:
    """A row that is guessed at would move a cluster."""
    (folder / "b.cas").write_text(f"L0 1 1970-01-02\n{row}\n", encoding="utf-8")
    with pytest.raises(PeerError, match=f"b.cas line 2, {field}: expected") as caught:
        read_cases(folder / "b.cas", read_places(folder / "a.geo"))
    assert caught.value.code == "bad-cases"


@pytest.mark.parametrize(("row", "field"), [
    ("L0 1 2", "id"), ("L2 91 2", "latitude"), ("L2 1 181", "longitude"), ("L2 nan 2", "latitude"),
    ("L2 x 2", "latitude"),
])
def test_bad_places_are_refused_by_line_and_field(folder: Path, row: str, field: str) -> None:
    """Exchanged or doubled coordinates lay the circles elsewhere."""
    (folder / "b.geo").write_text(f"L0 1 2\n{row}\n", encoding="utf-8")
    with pytest.raises(PeerError, match=f"b.geo line 2, {field}: expected"):
        read_places(folder / "b.geo")


def test_files_that_are_none_are_refused(folder: Path) -> None:
    """Bytes that are no text, a packed file cut short, no file at all."""
    (folder / "c.geo").write_bytes(b"\xff\xfe\x00L")
    (folder / "d.geo.gz").write_bytes(gzip.compress(b"L0 1 2\n" * 100)[:20])
    for name in ("c.geo", "d.geo.gz"):
        with pytest.raises(PeerError, match=name):
            read_places(folder / name)
    with pytest.raises(OperatorError, match="none.geo"):
        read_places(folder / "none.geo")
