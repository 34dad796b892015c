"""Lines for maps: made from the locked archive alone, disputed by rule, refused with other bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from hamsaya.adapters.regionpack import builtin_pack, load_pack
from hamsaya.base.errors import OperatorError

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
map_lines = pytest.importorskip("map_lines", reason="tools/ is not beside the tests")

TOPO: dict[str, Any] = {
    "transform": {"scale": [1.0, 1.0], "translate": [0.0, 0.0]},
    # Five unit squares' worth of arcs: A|B, B|C, A|X, B|X, C|D and a far one of D alone.
    "arcs": [[[1, 0], [0, 1]], [[2, 0], [0, 1]], [[0, 1], [1, 0]], [[1, 1], [1, 0]], [[3, 0], [0, 1]],
             [[50, 50], [1, 1]]],
    "objects": {"countries": {"geometries": [
        {"type": "Polygon", "id": "AAA", "arcs": [[0, 2]]}, {"type": "Polygon", "id": "BBB", "arcs": [[~0, 1, 3]]},
        {"type": "Polygon", "id": "CCC", "arcs": [[~1, 4]]}, {"type": "MultiPolygon", "id": "XXX", "arcs": [[[2, 3]]]},
        {"type": "Polygon", "id": "DDD", "arcs": [[~4, 5]]},
    ]}},
}


def made(**changed: Any) -> dict[str, Any]:
    disputed = {"areas": ["XXX"], "lines": [["BBB", "CCC"]], **changed}
    return dict(map_lines.made(TOPO, ["AAA", "BBB", "XXX"], disputed, [-1.0, -1.0, 10.0, 10.0]))


def test_lines_of_a_disputed_area_and_named_pairs_are_disputed() -> None:
    """In doubt a line is disputed; what is settled is only what no rule names."""
    found = made()
    assert found["settled"] == [[[1.0, 0.0], [1.0, 1.0]]]
    assert found["disputed"] == [[[2.0, 0.0], [2.0, 1.0]], [[0.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [2.0, 1.0]]]
    assert found["areas"] == [[[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]]
    assert len(made(lines=[])["settled"]) == 2


def test_lines_of_states_outside_the_pack_are_left_out() -> None:
    """A pack says nothing of others' boundaries: the line between CCC and DDD touches no party's area."""
    everything = json.dumps(made())
    assert "[3.0, 0.0]" not in everything and "50.0" not in everything


def test_another_archive_is_refused(tmp_path: Path) -> None:
    """The hash of the package decides, not its name."""
    archive = tmp_path / "plotly.js-4.1.1.tgz"
    archive.write_bytes(b"other")
    with pytest.raises(SystemExit, match="received other bytes"):
        map_lines.write(ROOT / "src" / "hamsaya" / "regions" / "afpak", archive, False)


def pack_with(folder: Path, raw: bytes, digest: str) -> Path:
    """Return a copy of the small test pack with lines of these bytes, recorded under ``digest``."""
    pack = folder / "pack"
    shutil.copytree(ROOT / "tests" / "packs" / "lakeland", pack)
    head = (pack / "pack.toml").read_text(encoding="utf-8")
    table = f'[lines]\nfile = "map-lines.json"\nsha256 = "{digest}"\n\n'
    at = head.index("[annex]")
    (pack / "pack.toml").write_text(head[:at] + table + head[at:], encoding="utf-8")
    (pack / "map-lines.json").write_bytes(raw)
    return pack


def test_a_pack_takes_its_lines_only_with_the_recorded_bytes(tmp_path: Path) -> None:
    """Somebody's own line slipped into the file would be drawn as everybody's."""
    raw = map_lines.encoded(made())
    pack = pack_with(tmp_path, raw, hashlib.sha256(raw).hexdigest())
    lines = load_pack(pack).lines
    assert lines is not None and (len(lines.settled), len(lines.disputed), len(lines.areas)) == (1, 3, 1)
    (pack / "map-lines.json").write_bytes(raw.replace(b"2.0", b"2.1"))
    with pytest.raises(OperatorError, match="other bytes"):
        load_pack(pack)
    (pack / "map-lines.json").unlink()
    assert load_pack(pack).lines is None, "not made: maps draw edges of the annex"


def test_the_built_in_packs_lines_keep_to_the_rules() -> None:
    """Where they have been made: disputed areas have outlines of disputed lines, and all of it lies by the map box."""
    pack = builtin_pack()
    if pack.lines is None:
        pytest.skip("the lines of the built-in pack have not been made here (tools/map_lines.py)")
    disputed = {point for line in pack.lines.disputed for point in line}
    assert pack.lines.areas and all(point in disputed for area in pack.lines.areas for point in area)
    assert not {tuple(line) for line in pack.lines.settled} & {tuple(line) for line in pack.lines.disputed}
