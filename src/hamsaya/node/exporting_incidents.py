"""Merged incidents as a layer: how many by status in each cell, spans of deaths, and where one side denies.

Rules
1. An incident stands in the first cell of its places, as for coverage. Nothing is averaged or added up over reporters.
2. That a cell holds a contested incident or an open denial is always told: what is disputed is never smoothed away. How
   many is told as every count is (``exporting`` rule 2).
3. A denial that belongs to no incident stands in the cell of the place that it names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from hamsaya.monitor.merging_types import Agreement, Incident
from hamsaya.monitor.types import gid_of
from hamsaya.node.exporting import AREAS, DUAL_USE, SUPPRESS, UCDP, square, told
from hamsaya.node.merging import opened
from hamsaya.ports.layers import Feature, Layer

STATUSES: tuple[Agreement, ...] = ("single", "agreed", "differing", "contested")
DISPUTED = "!"


def incidents_layer(path: Path, suppress: int = SUPPRESS) -> Layer:
    """Return the incidents of a ledger file by cell; raises OperatorError ``bad-ledger``."""
    merged = opened(path)
    cells: dict[int, list[Incident]] = defaultdict(list)
    for one in merged.incidents:
        cells[one.cells[0]].append(one)
    denials = Counter(gid_of(one.longitude, one.latitude) for one in merged.open_denials)
    features = [_feature(gid, cells.get(gid, []), denials[gid], suppress) for gid in sorted({*cells, *denials})]
    contested = sum(one.status == "contested" for one in merged.incidents)
    reporters = sorted({one.reporter for one in merged.ledger.accounts})
    notices = [f"Incidents merged from accounts of {', '.join(reporters) or 'nobody'}: {len(merged.incidents)}, of "
               f"which {contested} are contested; {sum(denials.values())} denials belong to no incident yet.",
               "Deaths span from the lowest to the highest claim; where a side denies an incident its lowest is 0. "
               "Claims stand side by side; nobody's is taken for true.",
               f"{len(merged.queue)} pairs of accounts wait for a person's ruling.",
               *([f"Counts of 1 to {suppress - 1} are not told."] if suppress > 1 else []), AREAS, DUAL_USE]
    return Layer(what="incidents", title="Merged incidents", unit="deaths, from lowest to highest claim",
                 notices=notices, sources=[UCDP], features=features)


def _feature(gid: int, found: list[Incident], denials: int, suppress: int) -> Feature:
    counts = Counter(one.status for one in found)
    by_status: dict[str, int] = {name: counts[name] for name in STATUSES}
    sums = {"incidents": len(found), **by_status, "open_denials": denials,
            "low": sum(one.low for one in found), "high": sum(one.high for one in found)}
    shown = {name: told(value, suppress) for name, value in sums.items()}
    disputed = bool(counts["contested"] or denials)
    return Feature(
        id=str(gid), squares=[square(gid)], low=shown["low"], high=shown["high"], hatch="",
        mark=DISPUTED if disputed else "",
        fields={"gid": gid, **shown, "disputed": disputed, "suppressed": None in shown.values()},
    )
