"""Merging from files, and what follows: incidents, the queue, rulings, coverage and blind spots. Needs no node at work.

The ledger is one file of JSON. It is written beside and moved into place, so that a crash leaves the old or the new.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.interval import Interval
from hamsaya.monitor import blindspots, coverage
from hamsaya.monitor import merging_ledger as ledgers
from hamsaya.monitor.coverage import Own
from hamsaya.monitor.grid import PRIO
from hamsaya.monitor.incidents import Incidents as Table
from hamsaya.monitor.incidents import month_number, month_text
from hamsaya.monitor.merging import compared, linked
from hamsaya.monitor.merging_types import Account, Ground, Incident, Key, Ledger, Linked, Verdict
from hamsaya.monitor.types import COLUMNS, ROWS, row_column
from hamsaya.node.data_files import accounts_of
from hamsaya.node.packs import open_named_pack

__all__ = [  # With the types that its results are made of.
    "Account", "Ground", "Incident", "Key", "Ledger", "Linked", "Merged", "blind_spots", "blind_terms", "decide",
    "events_in_all", "keep", "merge_files", "opened", "own_coverage", "undo", "unmerge",
]

OTHER_CLASS = 63
EDGE = 12  # Cells kept around the annex's, so that kernels see over its edge.


@dataclass
class Merged:
    """What became of merging: the ledger, its incidents and what waits for a person."""

    ledger: Ledger
    pairs: list[Linked]
    incidents: list[Incident]
    queue: list[Linked]
    passed_over: list[Linked]
    open_denials: list[Account]
    bad: list[PeerError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def merge_files(files: Mapping[str, Path], as_of: int, before: Ledger | None = None) -> Merged:
    """Return the files of two or more reporters merged; single bad rows are left out and returned.

    Args:
        files: Reporter to its file.
        before: An earlier ledger, whose rulings and vintages stay.
    """
    bad: list[PeerError] = []
    notes: list[str] = []
    read = [one for reporter in sorted(files)
            for one in accounts_of(files[reporter], reporter, as_of, bad.append, notes.append)]
    told = {account.key for account, _ in read}
    if before is not None and any(label for _, label in read) and any(one.key not in told for one in before.accounts):
        # Classes numbered from names hold for one run: beside another run's numbers they would say what is not so.
        read = [(account, "") for account, _ in read]
        notes.append("the ledger holds accounts that these files do not: names of sides are not compared; give "
                     "actor_class to compare them")
    merged = _merged(compared(_classed(read), before), bad)
    if len(files) > 1 and read and not merged.ledger.candidates:
        notes.append("no two accounts lie near each other in place and time: look whether longitude, latitude and "
                     "dates are in their columns")
    merged.notes.extend(notes)
    return merged


def opened(path: Path) -> Merged:
    """Return a ledger file with what follows from it; raises OperatorError where it is none."""
    try:
        return _merged(msgspec.json.decode(path.read_bytes(), type=Ledger), [])
    except msgspec.DecodeError as error:
        raise OperatorError(f"{path.name}: expected a ledger as `hamsaya monitor merge --ledger` writes it ({error})",
                            code="bad-ledger") from None
    except OSError as error:
        raise OperatorError(f"{path.name}: expected a readable ledger ({type(error).__name__}); make one with hamsaya "
                            "monitor merge --ledger", code="bad-ledger") from None


def keep(path: Path, ledger: Ledger) -> None:
    """Write the ledger in place of the one there."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(ledger), indent=1))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def decide(
    path: Path, left: Key, right: Key, verdict: Verdict, by: str, at: int, ground: Ground = "review"
) -> Merged:
    """Record a person's ruling in a ledger file and return what follows; raises OperatorError for unknown accounts."""
    try:
        ledger = ledgers.ruled(opened(path).ledger, left, right, verdict, by=by, at=at, ground=ground)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-ruling") from None
    keep(path, ledger)
    return _merged(ledger, [])


def unmerge(path: Path, incident: str, by: str, at: int) -> Merged:
    """Take one incident of a ledger file apart and return what follows; raises OperatorError where it is none."""
    merged = opened(path)
    found = next((one for one in merged.incidents if one.id == incident), None)
    if found is None or len(found.accounts) + len(found.denials) < 2:
        raise OperatorError(f"expected an incident that holds several accounts, received {incident!r}; hamsaya monitor "
                            "merge --json lists them", code="unknown-incident")
    ledger = ledgers.unmerged(merged.ledger, found, by=by, at=at)
    keep(path, ledger)
    return _merged(ledger, [])


def undo(path: Path, by: str, at: int) -> Merged:
    """Take back the last call's rulings in a ledger file and return what follows; raises OperatorError without any."""
    try:
        ledger = ledgers.undone(opened(path).ledger, by=by, at=at)
    except ValueError as error:
        raise OperatorError(str(error), code="nothing-to-undo") from None
    keep(path, ledger)
    return _merged(ledger, [])


def own_coverage(path: Path, member: str, declared: Mapping[int, float]) -> Own:
    """Return what a ledger file says of one member's coverage, for that member."""
    merged = opened(path)
    if all(one.reporter != member for one in merged.ledger.accounts):
        raise OperatorError(f"expected a reporter of the ledger, received {member!r}", code="unknown-reporter")
    return coverage.own(member, merged.incidents, merged.pairs, declared)


def events_in_all(path: Path) -> Interval:
    """Return how many events there were, in any list or in none."""
    merged = opened(path)
    return coverage.total(merged.incidents, merged.pairs)


def blind_spots(
    table: Table, ledger: Path | None, pack: str | None, month: str, limit: int, *, seed: int = 0
) -> list[blindspots.Spot]:
    """Return the blind spots after ``month`` among the cells of a pack's annex.

    Args:
        table: Incidents, of a file or of the store as it was known at some time.
        ledger: Merged accounts that say how much is reported; without it coverage is unknown.
        month: ``YYYY-MM``, the last that is known.
    Raises:
        OperatorError: fewer than ten years before ``month`` (``too-short``), or what the readers raise.
    """
    areas = open_named_pack(pack).areas
    gids = sorted(gid for gid, who in areas.items() if who)
    if not gids:
        raise OperatorError("expected a pack whose annex gives cells to reporters", code="no-areas")
    box, events, deaths = _grid(table, gids, month)
    place = np.array([row_column(gid) for gid in gids]) - np.array(box)
    cells = np.zeros(events.shape[1:], bool)
    cells[place[:, 0], place[:, 1]] = True
    learn = range(blindspots.WARM_UP, len(events) - blindspots.MONTHS)
    if len(learn) < 48:
        raise OperatorError(f"expected ten years of incidents before {month}", code="too-short")
    columns = blindspots.table(events, cells, [*learn, len(events) - 1])
    happened = blindspots.outcome(deaths, cells)[blindspots.WARM_UP :]
    size = columns.shape[-1]
    model = blindspots.fit(columns[:-1].reshape(-1, size), happened.ravel(), seed)
    chances = blindspots.probability(model, columns[-1])
    known = [] if ledger is None else _figures(ledger)
    since = blindspots.months_since(events, cells, len(events) - 1)
    return blindspots.blind_spots(gids, chances, coverage.anybody(known, gids), _borders(gids, areas), since, limit)


def blind_terms(table: Table, ledger: Path | None) -> dict[str, Any]:
    """Return what a list of blind spots must carry: sources with licences, how late its reports are, the weight."""
    known = None if ledger is None else max((one.as_of for one in opened(ledger).ledger.accounts), default=None)
    return {"sources": table.sources(), "ledger_as_of": known, "border_weight": blindspots.BORDER}


def _figures(ledger: Path) -> list[Own]:
    merged = opened(ledger)
    return [coverage.own(member, merged.incidents, merged.pairs, {})
            for member in sorted({one.reporter for one in merged.ledger.accounts})]


def _merged(ledger: Ledger, bad: list[PeerError]) -> Merged:
    pairs = linked(ledger)
    found = ledgers.incidents(ledger, pairs)
    passed = ledgers.passed_over(found, pairs)
    return Merged(ledger, pairs, found, ledgers.queue(pairs, passed), passed, ledgers.open_denials(ledger, found), bad)


def _classed(read: Sequence[tuple[Account, str]]) -> list[Account]:
    """Number the labels of all files by how often they come; only the numbers are kept."""
    counts = Counter(label for _, label in read if label)
    order = sorted(counts, key=lambda label: (-counts[label], label))
    number = {label: min(at, OTHER_CLASS) for at, label in enumerate(order, start=1)}
    return [msgspec.structs.replace(account, actor=number[label]) if label else account for account, label in read]


def _grid(table: Table, gids: Sequence[int], month: str) -> tuple[tuple[int, int], Any, Any]:
    """Return the first row and column, incidents and deaths by month, row and column up to ``month``."""
    places = np.array([row_column(gid) for gid in gids])
    low = np.maximum(places.min(0) - EDGE, 0)
    high = np.minimum(places.max(0) + EDGE, (ROWS - 1, COLUMNS - 1))
    known = table.take(table.end_month <= month_number(month))
    if not len(known):
        raise OperatorError(f"expected incidents up to {month}, received none", code="no-incidents")
    if table.end_month.max() < month_number(month):
        raise OperatorError(f"the incidents end in {month_text(int(table.end_month.max()))}, before {month}; give a "
                            "month that they reach", code="bad-period")
    at = known.end_month - known.end_month.min()
    row, column = PRIO.row_column(known.gid)
    inside = (row >= low[0]) & (row <= high[0]) & (column >= low[1]) & (column <= high[1])
    place = at[inside], row[inside] - low[0], column[inside] - low[1]
    length = month_number(month) - int(known.end_month.min()) + 1
    events, deaths = np.zeros((2, length, high[0] - low[0] + 1, high[1] - low[1] + 1), np.float32)
    np.add.at(events, place, 1)
    np.add.at(deaths, place, known.best[inside])
    return (int(low[0]), int(low[1])), events, deaths


def _borders(gids: Sequence[int], areas: Mapping[int, frozenset[str]]) -> Any:
    """Return which cells hold or touch two reporting areas."""
    steps = [row * COLUMNS + column for row in (-1, 0, 1) for column in (-1, 0, 1)]
    near = [frozenset[str]().union(*(areas.get(gid + step, frozenset()) for step in steps)) for gid in gids]
    return np.array([len(who) > 1 for who in near])
