"""The analyst's desk: files that a node's pages show beside what the node itself holds. The node only reads them.

    DIR/desk/incidents/                 the store that ``monitor ingest --store DIR/desk/incidents`` keeps
    DIR/desk/ledger.json                what ``monitor merge --ledger`` wrote
    DIR/desk/blind-spots.json           what ``monitor blind-spots --json`` printed
    DIR/desk/zones.json                 what ``monitor zones --json`` printed
    DIR/desk/forecast.json, .parquet    what ``monitor forecast`` wrote

Each may be missing, and may be a link to a file elsewhere. Nothing of them is sent, signed or counted into a picture: a
page says what lies there, since when, and for whom. Array libraries are loaded when a page asks, never at start.

Rule: of merged reports a page gets the figures of one party, its own (``monitor.coverage``, rule 5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hamsaya.base.errors import HamsayaError
from hamsaya.base.instants import DAY, to_text
from hamsaya.node.alerting import read_forecast

if TYPE_CHECKING:
    from hamsaya.monitor.coverage import Own

FORECASTS = ("forecast.parquet", "forecast.json")
PROBLEMS = 100
"""Rows of the quarantine that a page shows."""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the desk.

    Attributes:
        what: ``zones``, ``forecast``, ``blind-spots`` or ``ledger``.
        as_of: Day or month up to which it knows; "" where the file does not say.
        areas: Of how many areas it speaks; of a ledger, how many accounts it holds.
        sources: With licences, as the file names them.
        readable: False where a file lies there that is none of its kind.
    """

    what: str
    file: str
    as_of: str = ""
    areas: int = 0
    sources: list[str] = []
    readable: bool = True


class Vintage(msgspec.Struct, frozen=True, kw_only=True):
    """One file taken into the store, and how many of its rows speak; days and months as ISO text, "" for none."""

    number: int
    source: str
    kind: str
    version: str
    as_of: int
    first_day: str
    last_day: str
    covers: str
    rows: int
    speaking: int
    bad: int
    licence: str
    citation: str


class MonthRow(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents that speak and their deaths in one month of all the store's area."""

    month: str
    incidents: int
    best: int
    low: int
    high: int


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """One row in quarantine: never what it held."""

    ingest: int
    line: int
    field: str
    expected: str


class StorePage(msgspec.Struct, frozen=True, kw_only=True):
    """The store of incidents at area level: no id, no place, no row of it. Months are newest first."""

    incidents: int
    last_as_of: int
    vintages: list[Vintage]
    months: list[MonthRow]
    quarantine: list[SetAside]
    bad: int


class BlindSpot(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the list of blind spots; shares in [0, 1]. ``border``: it holds or touches two reporting areas."""

    gid: int
    score: float
    score_low: float
    score_high: float
    probability: float
    coverage: float
    border: bool
    reasons: list[str]


class BlindSpots(msgspec.Struct, frozen=True, kw_only=True):
    """What ``monitor blind-spots --json`` prints, highest score first.

    Attributes:
        month: The last that was known.
        sources: Of the incidents, each with its licence.
        ledger_as_of: How late the merged reports are that coverage is from; None where it was taken as unknown.
        border_weight: By which the score of a border cell was raised.
    """

    month: str
    spots: list[BlindSpot]
    sources: list[tuple[str, str]] = []
    ledger_as_of: int | None = None
    border_weight: float = 1.5

    def unseen(self, one: BlindSpot) -> tuple[float, float]:
        """Return the chance of a death there within three months that nobody would report: its interval, in [0, 1]."""
        weight = self.border_weight if one.border else 1.0
        return min(one.score_low / weight, 1.0), min(one.score_high / weight, 1.0)


def store_page(folder: Path) -> StorePage | None:
    """Return what the store holds; None where there is none.

    Raises:
        OperatorError: the extra for Parquet is missing.
        StoreError: a part of it cannot be read.
    """
    directory = folder / "incidents"
    if not (directory / "index.sqlite").is_file():
        return None
    from hamsaya.node.data_files import open_incident_store

    with closing(open_incident_store(directory)) as store:
        ingests, aside = store.ingests(), store.problems(None, PROBLEMS)
    speaking, months = _counts(directory, tuple(one.as_of for one in ingests))
    return StorePage(
        incidents=sum(speaking.values()), last_as_of=max((one.as_of for one in ingests), default=0),
        vintages=[_vintage(one, speaking.get(one.number, 0)) for one in reversed(ingests)], months=list(months),
        quarantine=[SetAside(ingest=number, line=row.line, field=row.field, expected=row.expected)
                    for number, row in aside],
        bad=sum(one.bad for one in ingests),
    )


@lru_cache(maxsize=4)
def _counts(directory: Path, ingests: tuple[int, ...]) -> tuple[dict[int, int], tuple[MonthRow, ...]]:
    """Return rows that speak by ingest, and the months; the store only grows, so ``ingests`` tells its states apart.

    Args:
        ingests: As-of of each, which is also what tells another store in the same place.
    """
    import numpy as np

    from hamsaya.monitor.incidents import month_text
    from hamsaya.node.data_files import open_incident_store
    from hamsaya.node.incident_store import speaking

    rows: Counter[int] = Counter()
    sums: dict[int, list[int]] = {}
    with closing(open_incident_store(directory)) as store:
        for number, table in speaking(store):
            rows[number] += len(table)
            months, place = np.unique(table.end_month, return_inverse=True)
            for at, weights in enumerate((None, table.best, table.low, table.high)):
                for month, value in zip(months.tolist(), np.bincount(place, weights, len(months)), strict=True):
                    sums.setdefault(month, [0, 0, 0, 0])[at] += int(value)
    return dict(rows), tuple(
        MonthRow(month=month_text(month), incidents=total[0], best=total[1], low=total[2], high=total[3])
        for month, total in sorted(sums.items(), reverse=True))


def _vintage(one: Any, speaking: int) -> Vintage:
    covers = "" if one.covers is None else " – ".join(f"{1970 + at // 12:04}-{at % 12 + 1:02}" for at in one.covers)
    return Vintage(
        number=one.number, source=one.source, kind=one.kind, version=one.version, as_of=one.as_of,
        first_day=_day(one.first_day), last_day=_day(one.last_day), covers=covers, rows=one.rows, speaking=speaking,
        bad=one.bad, licence=one.licence, citation=one.citation,
    )


def _day(day: int | None) -> str:
    return "" if day is None else to_text(day * DAY)[:10]


def papers(folder: Path) -> list[Paper]:
    """Return the files that lie on the desk, in a fixed order; one that is none of its kind says so."""
    readers = {"zones.json": ("zones", _zones), "blind-spots.json": ("blind-spots", _blind),
               "ledger.json": ("ledger", _ledger), **dict.fromkeys(FORECASTS, ("forecast", _forecast))}
    found = []
    for name, (what, read) in readers.items():
        path = folder / name
        if path.is_file():
            try:
                found.append(read(path))
            except (HamsayaError, msgspec.MsgspecError, ValueError, KeyError, TypeError, OSError):
                found.append(Paper(what=what, file=name, readable=False))
    return found


def _zones(path: Path) -> Paper:
    plain = msgspec.json.decode(path.read_bytes())
    days = [str(look["day"]) for look in plain["looks"]]
    return Paper(what="zones", file=path.name, as_of=max(days, default=""), areas=len(plain["zones"]),
                 sources=[str(each) for each in plain.get("citations", [])])


def _blind(path: Path) -> Paper:
    told = read_blind_spots(path)
    return Paper(what="blind-spots", file=path.name, as_of=told.month, areas=len(told.spots),
                 sources=[f"{source} ({licence})" for source, licence in told.sources])


def _forecast(path: Path) -> Paper:
    about, columns = read_forecast(path)
    return Paper(what="forecast", file=path.name, as_of=str(about["origin"]), areas=len(set(columns["gid"])),
                 sources=[str(each) for each in about["data"].get("licences", [])])


def _ledger(path: Path) -> Paper:
    plain = msgspec.json.decode(path.read_bytes())
    known = max((int(one["as_of"]) for one in plain["accounts"]), default=None)
    return Paper(what="ledger", file=path.name, as_of="" if known is None else to_text(known)[:10],
                 areas=len(plain["accounts"]))


def read_blind_spots(path: Path) -> BlindSpots:
    """Return a list of blind spots; raises msgspec.MsgspecError where the file holds none."""
    return msgspec.json.decode(path.read_bytes(), type=BlindSpots)


def blind_spots(folder: Path) -> BlindSpots | None:
    """Return the desk's list of blind spots; None where there is none that can be read."""
    try:
        return read_blind_spots(folder / "blind-spots.json")
    except (OSError, msgspec.MsgspecError):
        return None


def measured(folder: Path, member: str, declared: Mapping[int, float]) -> Own | None:
    """Return what the desk's ledger measures of one party's coverage, for that party.

    Args:
        declared: What it declared of its own cells, share in [0, 1].
    Returns:
        None where there is no ledger that can be read, or none of that party's accounts in it.
    """
    path = folder / "ledger.json"
    if not path.is_file():
        return None
    from hamsaya.node.merging import own_coverage

    try:
        return own_coverage(path, member, declared)
    except HamsayaError:
        return None
