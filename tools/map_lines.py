"""Make a region pack's lines for maps: boundaries, and which of them are disputed. Needs the standard library only.

    python tools/map_lines.py src/hamsaya/regions/afpak                       # fetches the archive with npm
    python tools/map_lines.py src/hamsaya/regions/afpak --archive plotly.js-4.1.1.tgz
    python tools/map_lines.py … --record                                      # and write its digest into pack.toml

Rules
1. The lines come from the public package of ``geo_source``, taken only with exactly the recorded hash. They are never
   committed: the file is made here, ``pack.toml`` records its digest, and a node takes no other.
2. An area that the source keeps as a polygon of its own ([disputed] areas in areas.toml) is a disputed area: nobody's
   colour, nobody's name, and every line of its outline is disputed.
3. A line between two others is disputed where areas.toml says that a side does not hold it settled ([disputed] lines).
   In doubt a line is disputed: to draw a settled line so takes no side, the other way round does.
4. Only lines of areas that the pack gives to its parties ([claims] in areas.toml) are taken, within its map box: of
   others' boundaries a pack says nothing. No coasts, names, capitals or rivers.
5. The same archive and the same areas.toml give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from geo_source import PACKAGE, WORLD, arcs, topology

FILE = "map-lines.json"
DIGITS = 3  # Of a degree: about 100 m, finer than the source.
SOURCE = ("Public package plotly.js 4.1.1 (MIT), derived from United Nations map data. Lines and areas imply no "
          "position on the status of any territory, and are without prejudice to any claim.")
Line = list[list[float]]


def sides(topo: dict[str, Any]) -> dict[int, set[str]]:
    """Return arc -> the codes of the areas that it bounds."""
    found: dict[int, set[str]] = {}
    for geometry in topo["objects"]["countries"]["geometries"]:
        for index in _indices(geometry.get("arcs", [])):
            found.setdefault(index if index >= 0 else ~index, set()).add(geometry["id"])
    return found


def _indices(nested: Any) -> Iterator[int]:
    if isinstance(nested, int):
        yield nested
    else:
        for each in nested:
            yield from _indices(each)


def made(
    topo: dict[str, Any], claims: Iterable[str], disputed: dict[str, Any], box: list[float]
) -> dict[str, Any]:
    """Return the file's content: ``settled`` and ``disputed`` lines, and the outlines of disputed ``areas``.

    Args:
        claims: Codes of the polygons that parties of the pack report on.
        disputed: ``areas``, codes of polygons; ``lines``, pairs of codes.
        box: west, south, east, north in degrees.
    """
    lines = arcs(topo)
    known, alone, pairs = set(claims), set(disputed["areas"]), {frozenset(pair) for pair in disputed["lines"]}
    found: dict[str, Any] = {"source": SOURCE, "settled": [], "disputed": [], "areas": []}
    for index, codes in sorted(sides(topo).items()):
        if len(codes) > 1 and codes & known and _inside(lines[index], box):
            kind = "disputed" if codes & alone or frozenset(codes) in pairs else "settled"
            found[kind].append(_rounded(lines[index]))
    for geometry in topo["objects"]["countries"]["geometries"]:
        if geometry["id"] in alone:
            polygons = {"Polygon": [geometry["arcs"]], "MultiPolygon": geometry["arcs"]}[geometry["type"]]
            outlines = [_ring(lines, first) for first, *_ in polygons]
            found["areas"] += [_rounded(outline) for outline in outlines if _inside(outline, box)]
    return found


def _ring(lines: list[list[tuple[float, float]]], indices: list[int]) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for index in indices:
        arc = lines[index] if index >= 0 else lines[~index][::-1]
        points.extend(arc[1:] if points else arc)
    return points


def _inside(line: Iterable[tuple[float, float]], box: list[float]) -> bool:
    west, south, east, north = box
    return any(west <= x <= east and south <= y <= north for x, y in line)


def _rounded(line: Iterable[tuple[float, float]]) -> Line:
    return [[round(x, DIGITS), round(y, DIGITS)] for x, y in line]


def encoded(content: dict[str, Any]) -> bytes:
    """Return the bytes of the file."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def fetched(folder: Path) -> Path:
    """Return the archive, fetched with npm into ``folder``; raises SystemExit saying what is missing."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(f"expected npm on PATH, or --archive with what `npm pack {PACKAGE}` fetches")
    done = subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, check=False, stdout=subprocess.DEVNULL)
    archive = next(folder.glob("*.tgz"), None)
    if done.returncode or archive is None:
        raise SystemExit(f"npm could not fetch {PACKAGE}; give its archive with --archive")
    return archive


def write(pack: Path, archive: Path, record: bool) -> dict[str, Any]:
    """Write the lines of ``pack``; raises SystemExit where they are not those that pack.toml records."""
    head = tomllib.loads((pack / "pack.toml").read_text("utf-8"))
    areas = tomllib.loads((pack / "areas.toml").read_text("utf-8"))
    content = made(topology(archive, WORLD), areas["claims"], areas["disputed"], head["map_box"])
    raw = encoded(content)
    digest = hashlib.sha256(raw).hexdigest()
    if record:
        text = (pack / "pack.toml").read_text("utf-8")
        text = re.sub(r'(\[lines\][^\[]*?sha256 = ")[0-9a-f]{64}"', rf'\g<1>{digest}"', text)
        (pack / "pack.toml").write_text(text, "utf-8")
    elif digest != head["lines"]["sha256"]:
        raise SystemExit(f"expected lines with the SHA-256 that pack.toml records, made {digest}; after a change of "
                         "areas.toml run again with --record")
    (pack / FILE).write_bytes(raw)
    return {"file": str(pack / FILE), "sha256": digest, "bytes": len(raw),
            **{name: len(content[name]) for name in ("settled", "disputed", "areas")}}


def main(arguments: Iterable[str]) -> int:
    """Make the file of one pack."""
    parser = argparse.ArgumentParser(description="Make a region pack's lines for maps.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--archive", type=Path, help=f"the archive of {PACKAGE}; else npm fetches it")
    parser.add_argument("--record", action="store_true", help="write the digest into pack.toml")
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(write(options.pack, options.archive or fetched(Path(scratch)), options.record), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
