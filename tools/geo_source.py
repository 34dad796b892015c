"""The public package whose polygons the tools of this folder read, taken only with exactly the recorded hash.

    topo = topology(Path("plotly.js-4.1.1.tgz"), WORLD)     # a TopoJSON object

``npm pack plotly.js@4.1.1`` fetches the archive.

Nothing of it is committed: the annex of a pack is the pack's own data once it is signed, and map lines are made anew
from the archive wherever they are wanted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tarfile
from pathlib import Path
from typing import Any

PACKAGE = "plotly.js@4.1.1"
INTEGRITY = "fYLAOj091/+M4h1rmtVIkRIpdkz5/P9IdNUeB9wKmCUyvewuUdlCYR5ryqDWP7Cb36Dn4EvSrs6YKvRJ9ukNdQ=="
MEMBER = "package/dist/plotly-geo-assets.js"
ASIA, WORLD = "asia_50m", "world_50m"
"""Topologies of the archive, at 1:50 million."""


def topology(archive: Path, name: str) -> dict[str, Any]:
    """Return one of the archive's TopoJSON objects; raises SystemExit when the archive is not the recorded one."""
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != INTEGRITY:
        raise SystemExit(f"expected the archive of {PACKAGE}, received other bytes; run: npm pack {PACKAGE}")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(MEMBER)
        assert member is not None
        lines = iter(member.read().decode("utf-8").splitlines())
    next(line for line in lines if line.strip().startswith(f'"dist/topojson/{name}.json"'))
    literal = next(lines).strip().removeprefix("module.exports = ").removesuffix(";")
    # An object literal with bare words as keys: quoted, it is JSON. Its minifier writes 1e3 for 1000.
    quoted = re.sub(r"([{,]\s*)([A-Za-z_]\w*):", r'\1"\2":', re.sub(r"\b(\d+)e(\d+)\b", _whole, literal))
    found: dict[str, Any] = json.loads(quoted)
    return found


def _whole(match: re.Match[str]) -> str:
    return str(int(match[1]) * 10 ** int(match[2]))


def arcs(topo: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """Return the arcs in degrees, longitude before latitude."""
    (scale_x, scale_y), (move_x, move_y) = topo["transform"]["scale"], topo["transform"]["translate"]
    found = []
    for deltas in topo["arcs"]:
        x = y = 0
        points = []
        for dx, dy in deltas:
            x, y = x + dx, y + dy
            points.append((x * scale_x + move_x, y * scale_y + move_y))
        found.append(points)
    return found
