"""Compute a region pack's reporting annex: which party reports on which half-degree cell.

    python tools/reporting_area.py src/hamsaya/regions/afpak --archive plotly.js-4.1.1.tgz --write
    python tools/reporting_area.py src/hamsaya/regions/afpak --archive … --compare priogrid-cells.csv.gz

Rules
1. The annex is made once, committed as the pack's own data and signed. From then on it is what members agreed
   and nothing recomputes it; this tool shows where the first draft came from.
2. The polygons are those of the public package below, taken only with exactly the recorded hash.
3. A party reports on every cell of which its area covers at least MIN_SHARE, so border cells have several.
4. An area that several parties claim is given to each of them that is a party of the pack ([claims] in
   areas.toml), without prejudice.
5. The annex stops at the pack's map box.

Needs shapely 2; nothing that is installed with the software imports it. The archive is fetched with
``npm pack plotly.js@4.1.1``.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import shapely
from geo_source import ASIA, PACKAGE, arcs, topology
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

MIN_SHARE = 0.0005  # of the cell, about 1 km2: slivers of simplified borders do not make a reporter
CELL, COLUMNS = 0.5, 720
Areas = dict[int, set[str]]


def country_shapes(topo: dict[str, Any]) -> dict[str, Any]:
    """Return country code -> geometry in degrees, longitude before latitude."""
    lines = arcs(topo)

    def ring(indices: list[int]) -> list[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        for index in indices:
            arc = lines[index] if index >= 0 else lines[~index][::-1]
            points.extend(arc[1:] if points else arc)
        return points

    shapes: dict[str, list[Any]] = {}
    for geometry in topo["objects"]["countries"]["geometries"]:
        polygons = {"Polygon": [geometry["arcs"]], "MultiPolygon": geometry["arcs"]}.get(geometry["type"], [])
        for first, *holes in polygons:
            if len(ring(first)) >= 4:
                polygon = Polygon(ring(first), [ring(hole) for hole in holes if len(ring(hole)) >= 4])
                shapes.setdefault(geometry["id"], []).append(shapely.make_valid(polygon))
    return {code: unary_union(parts) for code, parts in shapes.items()}


def cells_of(shape: Any, limits: list[float]) -> Iterator[int]:
    """Yield the PRIO-GRID cells within ``limits`` (west, south, east, north) of which it covers MIN_SHARE."""
    west, south, east, north = limits
    shapely.prepare(shape)
    for row in range(int((south + 90) / CELL), int((north + 90) / CELL)):
        for column in range(int((west + 180) / CELL), int((east + 180) / CELL)):
            x, y = column * CELL - 180, row * CELL - 90
            cell = box(x, y, x + CELL, y + CELL)
            if shape.intersects(cell) and shape.intersection(cell).area >= MIN_SHARE * CELL * CELL:
                yield row * COLUMNS + column + 1


def areas_of(shapes: dict[str, Any], claims: dict[str, list[str]], limits: list[float]) -> Areas:
    """Return cell -> reporters; ``claims`` says which parties report on each polygon."""
    areas: Areas = {}
    for code, parties in claims.items():
        for gid in cells_of(shapes[code], limits):
            areas.setdefault(gid, set()).update(parties)
    return areas


def runs(areas: Areas) -> Iterator[tuple[int, int, int, str]]:
    """Yield (row, first column, last column, reporters), neighbours with the same reporters as one."""
    open_run: tuple[int, int, int, str] | None = None
    for gid in sorted(areas):
        row, column = divmod(gid - 1, COLUMNS)
        names = "|".join(sorted(areas[gid]))
        if open_run and (open_run[0], open_run[2] + 1, open_run[3]) == (row, column, names):
            open_run = (row, open_run[1], column, names)
            continue
        if open_run:
            yield open_run
        open_run = (row, column, column, names)
    if open_run:
        yield open_run


def write(pack: Path, areas: Areas) -> None:
    """Write the annex of ``pack`` and record its SHA-256 in pack.toml."""
    text = "row,col_first,col_last,reporters\n"
    text += "".join(f"{row},{first},{last},{names}\n" for row, first, last, names in runs(areas))
    (pack / "annex-reporting.csv").write_bytes(text.encode("ascii"))
    head = (pack / "pack.toml").read_text("utf-8")
    recorded = hashlib.sha256(text.encode("ascii")).hexdigest()
    head = re.sub(r'sha256 = "[0-9a-f]{64}"', f'sha256 = "{recorded}"', head)
    (pack / "pack.toml").write_text(head, "utf-8")


def compare(areas: Areas, table: Path, codes: dict[str, list[str]]) -> dict[str, int]:
    """Return how the annex agrees with an independent table of the countries in each cell (adm0_all)."""
    outcome: Counter[str] = Counter()
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            theirs = {party for code in line["adm0_all"].split("|") for party in codes.get(code, [])}
            ours = areas.get(int(line["gid"]), set())
            outcome["cells"] += 1
            outcome["same reporters"] += ours == theirs
            outcome["both have a party"] += bool(ours and theirs)
            outcome["of these, one in common"] += bool(ours & theirs)
            outcome["a party of theirs is missing here"] += bool(theirs - ours)
            outcome["a party here is not theirs"] += bool(ours - theirs)
            outcome["theirs but nobody here"] += bool(theirs and not ours)
    return dict(outcome)


def main(arguments: Iterable[str]) -> int:
    """Compute, and write or compare as asked."""
    parser = argparse.ArgumentParser(description="Compute the reporting annex of a region pack.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--archive", type=Path, required=True, help=f"the archive of {PACKAGE}")
    parser.add_argument("--write", action="store_true", help="replace the annex and its recorded digest")
    parser.add_argument("--compare", type=Path, help="a table of cells with the column adm0_all")
    options = parser.parse_args(list(arguments))
    claims = tomllib.loads((options.pack / "areas.toml").read_text("utf-8"))["claims"]
    limits = tomllib.loads((options.pack / "pack.toml").read_text("utf-8"))["map_box"]
    areas = areas_of(country_shapes(topology(options.archive, ASIA)), claims, limits)
    count = Counter(party for parties in areas.values() for party in parties)
    report: dict[str, Any] = {
        "cells": len(areas),
        "with several reporters": sum(len(parties) > 1 for parties in areas.values()),
        "runs": sum(1 for _ in runs(areas)),
        "by party": dict(sorted(count.items())),
    }
    if options.compare:
        report["comparison"] = compare(areas, options.compare, claims)
    if options.write:
        write(options.pack, areas)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
