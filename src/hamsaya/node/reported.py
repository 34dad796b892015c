"""When the store's incidents were reported, by its own vintages: nowcasts, and what a scan has to know of delays.

    known = reported(store, as_of=now, source=None)         # incidents that speak, each with its first vintage
    answer = nowcast_of_store(known, as_of=day, …)
    shares = shares_of(known, period, …)                     # for a scan: what is known, by state and bin
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.monitor.incidents import Incidents, day_text
from hamsaya.monitor.nowcast import LEAST_SHARE
from hamsaya.monitor.reporting import Binned, Delays, Reports, TooFew, binned, delays, filled
from hamsaya.node.detection import Period
from hamsaya.node.incident_store import held
from hamsaya.ports.incidents import IncidentStore

Array = Any
By = Literal["all", "country"]
KNOWN = 0.95
"""A bin of which no state has less than this for sure needs no correction."""
NEXT_STEP = ("take in the earlier updates too, each with the day it was known: hamsaya monitor ingest FILE --format "
             "FORMAT --as-of DATE")


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """The store's incidents of one source as known at an instant.

    Attributes:
        table: All that speak. source: Of which source; "" where the store holds none.
        watched: Those of them that ended after the first vintage, with the day of their first; ``group`` is the code of
            the country, unknown ones come last.
        vintages: Days on which something was taken in, rising.
    """

    table: Incidents
    source: str
    watched: Reports
    vintages: Array

    @property
    def groups(self) -> int:
        """Countries of the table, and one for unknown."""
        return len(self.table.countries) + 1

    def learnt(self, as_of: int, unit: int, longest: int) -> Delays:
        """Return the delays as known at a day; raises TooFew."""
        return delays(self.watched, self.vintages, self.groups, as_of, unit, longest)


def source_of(store: IncidentStore, source: str | None) -> str:
    """Return the one source asked for; raises OperatorError ``unknown-source`` or ``several-sources``."""
    found = sorted({one.source for one in store.ingests()})
    if source is not None and source not in found:
        raise OperatorError(f"expected a source of the store ({', '.join(found)}), received {source!r}",
                            code="unknown-source")
    if source is None and len(found) > 1:
        raise OperatorError(f"the store holds {', '.join(found)}, which report the same incidents each in its time; "
                            "name one with --source", code="several-sources")
    return source or (found[0] if found else "")


def reported(store: IncidentStore, as_of: int, source: str | None) -> Reported:
    """Return what of a source was known at an instant (UTC milliseconds), and since when."""
    name = source_of(store, source)
    ingests = sorted((one for one in store.ingests() if one.source == name and one.as_of <= as_of),
                     key=lambda one: (one.as_of, one.number))
    table = held(store, as_of, name)
    vintages = np.array(sorted({one.as_of // DAY for one in ingests}), "i8")
    first: dict[bytes, int] = {}
    for one in ingests:
        for batch in store.batches(one.number, ("id", "end")):
            late = batch.columns["end"] > vintages[0]
            for each in batch.columns["id"][late].tolist():
                first.setdefault(each, one.as_of // DAY)
    rows = table.take(table.end > vintages[0]) if len(vintages) else table.take(slice(0))
    day = rows.end.astype("i8")
    # A vintage known before the day has ended, as it has in the east, reports it on that day.
    seen = np.maximum([first[each] for each in rows.id.tolist()], day) if len(rows) else day
    group = np.where(rows.country < 0, len(table.countries), rows.country).astype("i8")
    return Reported(table, name, Reports(day, seen, group), vintages)


def days_of(chosen: Period) -> Array:
    """Return the days of each bin, shape (bins, unit_days); where the first is shorter its first day repeats."""
    last = chosen.last - np.arange(chosen.bins)[::-1] * chosen.unit_days
    return np.maximum(last[:, None] - np.arange(chosen.unit_days)[::-1], chosen.first)


# -- nowcast -----------------------------------------------------------------------------------------------


def nowcast_of_store(known: Reported, as_of: int, bins: int, unit_days: int, longest: int, seed: int, by: By
                     ) -> dict[str, Any]:
    """Return the nowcast of the store's incidents, in one series or one a country, in the shape of a file's.

    Args:
        as_of: Day, days since 1970-01-01; the last bin ends with it.
        longest: Bins of age that are looked at.
    Raises:
        OperatorError: ``too-few-vintages``.
    """
    try:
        found = known.learnt(as_of, unit_days, longest)
    except TooFew as error:
        raise OperatorError(f"{error}; {NEXT_STEP}. Or give a file of event,reported",
                            code="too-few-vintages") from None
    chosen = Period(as_of - bins * unit_days + 1, as_of, unit_days)
    names: Sequence[tuple[str, int | None]] = [("", None)] if by == "all" else [
        (name, number) for number, name in sorted(enumerate((*known.table.countries, "")), key=lambda item: item[1])]
    series = [{"area": name, "bins": told} for name, group in names
              if (told := _series(known, found, chosen, seed, group)) is not None]
    return {"as_of": day_text(as_of), "unit_days": unit_days, "longest_bins": longest, "source": known.source,
            "vintages": len(found.vintages), "last_vintage": day_text(found.last), "series": series}


def _series(
    known: Reported, found: Delays, chosen: Period, seed: int, group: int | None
) -> list[dict[str, Any]] | None:
    """Return one series' bins; None where a group has no incident in them."""
    day = known.table.end.astype("i8")
    code = np.where(known.table.country < 0, len(known.table.countries), known.table.country)
    here = (day >= chosen.first) & (day <= chosen.last) & ((code == group) if group is not None else True)
    if group is not None and not here.any():
        return None
    counts, days = np.bincount(chosen.bin_of(day[here]), minlength=chosen.bins), days_of(chosen)
    share, final = binned(found, days, seed, group), filled(found, counts, days, seed, LEAST_SHARE, group)
    told = []
    for number in range(chosen.bins):
        first, last = chosen.days(number, number)
        told.append({"from": first, "to": last, "reported": int(counts[number]), "share": float(share.share[number]),
                     "share_low": float(share.low[number]), "share_high": float(share.high[number]),
                     **{name: None if np.isnan(value[number]) else float(value[number]) for name, value in
                        (("median", final.median), ("low", final.low), ("high", final.high))}})
    return told


# -- scans -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """What is known of each state's bins, for a scan.

    Attributes:
        names: States as the source spells them, "" for unknown; ``by_state``: of each, in that order.
        found: The delays; None where too little is known of them, and ``why``.
        codes: All names of the store, in the order of the groups of ``found``.
    """

    names: tuple[str, ...]
    by_state: tuple[Binned, ...]
    found: Delays | None
    why: str = ""
    codes: tuple[str, ...] = ()

    def draws(self, name: str, days: Array, seed: int, count: int) -> Array:
        """Return draws of the share known of each bin of a state, shape (count, bins); of all where it is unknown."""
        assert self.found is not None
        group = self.codes.index(name) if name in self.codes else None
        drawn: Array = self.found.draws(days.ravel(), seed, group, count).reshape(count, *days.shape).mean(2)
        return drawn

    @property
    def complete(self) -> bool:
        """Whether every state's bins are known for sure, nearly."""
        return self.found is not None and all((one.low >= KNOWN).all() for one in self.by_state)


def shares_of(known: Reported, states: Sequence[str], chosen: Period, as_of: int, longest_days: int, seed: int
              ) -> Shares:
    """Return what is known of each state's bins; a store with too few vintages is no error, but says so.

    Args:
        states: Names of the countries that are scanned; "" is the unknown.
        as_of: Day, days since 1970-01-01.
    """
    try:
        found = known.learnt(as_of, chosen.unit_days, max(1, -(-longest_days // chosen.unit_days)))
    except TooFew as error:
        return Shares(tuple(states), (), None, f"{error}; {NEXT_STEP}")
    codes, days = (*known.table.countries, ""), days_of(chosen)
    shares = tuple(binned(found, days, seed, codes.index(name)) for name in states)
    return Shares(tuple(states), shares, found, codes=codes)


def told_shares(shares: Shares, chosen: Period) -> list[dict[str, Any]]:
    """Return the bins that are not known whole, by state, with 5 % and 95 %."""
    told = []
    for name, one in zip(shares.names, shares.by_state, strict=True):
        for number in np.flatnonzero(one.low < KNOWN).tolist():
            first, last = chosen.days(number, number)
            told.append({"state": name, "from": first, "to": last, "share": round(float(one.share[number]), 4),
                         "low": round(float(one.low[number]), 4), "high": round(float(one.high[number]), 4)})
    return told
