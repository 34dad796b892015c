"""How much of what happens a reporter reports: declared, and measured against what the others report.

Rules
1. **Measured.** Of the events that other reporters reported, the share that this one reported too (Lincoln–Petersen
   and Chapman's estimate from two lists). Nothing is assumed about who is right; every pair counts with its
   probability, merged or not, and that the merge may err widens the interval.
2. **Dependence.** Lists are not independent: what is big is reported by all. The interval is the hull over odds ratios
   between the lists from 1 to ``DEPENDENCE``: were large events so much likelier in both, more would be in neither.
   With three lists or more, Chao's lower bound on the number of events must be met as well.
3. **By cell** there are few events. A cell's figure is drawn to the reporter's overall figure as if ``WEIGHT`` events
   had been seen there at that rate; a declaration shifts what it is drawn to, with ``DECLARED_WEIGHT``.
4. A cell without events of others and without a declaration has the overall figure with an interval as wide as
   that knowledge is; without any event at all it is unknown: 0 to 1.
5. A figure belongs to one reporter and is made for it alone: ``Own`` names one member, and there is no type that holds
   the figures of two. What the blind-spot list uses is the chance that *anybody* reports, and names nobody.

Chapman (1951), University of California Publications in Statistics 1: 131-160. Chao (1987), Biometrics 43: 783-791.
Sadinle (2009), Communications in Statistics - Simulation and Computation 38: 1909-1924 (interval for few events).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from scipy.stats import beta

from hamsaya.base.interval import Interval
from hamsaya.monitor.merging_types import Incident, Key, Linked

LEVEL = 0.9  # Of every interval here.
Z = 1.6449  # Standard deviations within which a normal quantity lies with LEVEL.
DEPENDENCE = 3.0
WEIGHT = 5.0
DECLARED_WEIGHT = 2.0
UNKNOWN = Interval(0.0, 0.5, 1.0)


class Counts(NamedTuple):
    """Of two lists: events in both, in the first only, in the second only (expected numbers, >= 0), and the variance of
    the first."""

    both: float
    first: float
    second: float
    variance: float


class CellFigure(msgspec.Struct, frozen=True):
    """Coverage of one cell by the one member whose list it stands in; ``declared`` in [0, 1], None where not said."""

    gid: int
    low: float
    mid: float
    high: float
    events: float
    shared: float
    declared: float | None


class Own(msgspec.Struct, frozen=True):
    """One member's coverage, made for that member.

    Attributes:
        overall: Share of events that it reports, LEVEL interval.
        events: What others reported, expected number, of which ``shared`` it reported too.
        cells: By PRIO-GRID cell, sorted.
    """

    member: str
    overall: Interval
    events: float
    shared: float
    cells: list[CellFigure]
    words: list[str]


class AnyCell(NamedTuple):
    """The share of events in a cell that at least one reporter reports; names nobody."""

    gid: int
    low: float
    mid: float
    high: float


def chapman(counts: Counts, dependence: float = DEPENDENCE) -> Interval:
    """Return the number of events, in either list or in none, with its interval over sampling and dependence.

    Args:
        dependence: Largest odds ratio between the lists that the interval allows for, >= 1; 1 for sampling alone.
    """
    both, first, second, variance = counts
    seen = both + first + second
    mid = max((both + first + 1) * (both + second + 1) / (both + 1) - 1, seen)
    # What was missed, log-normal about its odds form, each count half an event larger: holds for few events too.
    m, f, s = both + 0.5, first + 0.5, second + 0.5
    spread = 1 / m + 1 / f + 1 / s + m / (f * s) + variance * (1 / m + 1 / f + 1 / s) ** 2
    factor = float(np.exp(Z * np.sqrt(spread)))
    low, high = seen - 0.5 + f * s / m / factor, seen - 0.5 + dependence * f * s / m * factor
    return Interval(min(max(low, seen), mid), mid, max(high, mid))


def chao(times_seen: Sequence[int]) -> float:
    """Return Chao's lower bound of the number of events from how many lists each is in (bias-corrected)."""
    once, twice = sum(one == 1 for one in times_seen), sum(one == 2 for one in times_seen)
    return len(times_seen) + once * (once - 1) / (2 * (twice + 1))


def captured(events: float, shared: float, variance: float = 0.0, dependence: float = DEPENDENCE) -> Interval:
    """Return a share from how many of others' events are shared, with its interval (rules 1 and 2).

    Args:
        events: Expected number that others reported, >= 0.
        shared: Of these, expected number reported here too, 0 <= shared <= events.
        variance: Of ``shared``, from the merge.
        dependence: As for ``chapman``.
    """
    if events <= 0:
        return UNKNOWN
    shared = min(shared, events)
    share = (shared + 0.5) / (events + 1)
    # The doubt of the merge counts like having seen fewer events.
    fewer = 1 / (1 + variance / max(events * share * (1 - share), 0.25))
    a, b = fewer * shared + 0.5, fewer * (events - shared) + 0.5
    low, high = (float(beta.ppf(at, a, b)) for at in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    # With odds ratio d between the lists, an event that others missed is seen here with odds d times lower.
    return Interval(min(low / (low + dependence * (1 - low)), share), share, max(high, share))


def own(
    member: str, incidents: Iterable[Incident], pairs: Iterable[Linked], declared: Mapping[int, float]
) -> Own:
    """Return the coverage of one member, for that member.

    Args:
        incidents, pairs: Of one ledger.
        declared: What the member says it covers, cell to share in [0, 1].
    """
    found = _tally(member, incidents, pairs)
    events = sum(one[0] for one in found.values())
    shared = sum(one[1] for one in found.values())
    overall = captured(events, shared, sum(one[2] for one in found.values()))
    cells = [_cell(gid, found.get(gid, (0.0, 0.0, 0.0)), overall, declared.get(gid))
             for gid in sorted({*found, *declared})]
    return Own(member, overall, events, shared, cells, _words(overall, events, shared))


def _tally(
    member: str, incidents: Iterable[Incident], pairs: Iterable[Linked]
) -> dict[int, tuple[float, float, float]]:
    """Return by cell: others' events, those reported here too, and the variance of the latter."""
    here: dict[Key, float] = {}
    for pair in pairs:
        ends = pair.candidate.left, pair.candidate.right
        for own_key, other in (ends, ends[::-1]):
            if own_key[0] == member and pair.probability is not None:
                here[other] = here.get(other, 0.0) + pair.probability
    sums: dict[int, list[float]] = {}
    for one in incidents:
        others = [key for key in one.accounts if key[0] != member]
        if not others:
            continue
        p = min(max(here.get(key, 0.0) for key in others), 1.0)
        total = sums.setdefault(one.cells[0], [0.0, 0.0, 0.0])
        for place, value in enumerate((1.0, p, p * (1 - p))):
            total[place] += value
    return {gid: (total[0], total[1], total[2]) for gid, total in sums.items()}


def _cell(gid: int, tally: tuple[float, float, float], overall: Interval, declared: float | None) -> CellFigure:
    """Rules 3 and 4."""
    events, shared, variance = tally
    centre, weight = (overall.mid, WEIGHT) if overall != UNKNOWN else (0.5, 0.0)
    if declared is not None:
        centre = (centre * weight + declared * DECLARED_WEIGHT) / (weight + DECLARED_WEIGHT)
        weight += DECLARED_WEIGHT
    if weight + events == 0:
        return CellFigure(gid, UNKNOWN.low, UNKNOWN.mid, UNKNOWN.high, events, shared, declared)
    found = captured(events + weight, shared + weight * centre, variance)
    return CellFigure(gid, found.low, found.mid, found.high, events, shared, declared)


def anybody(figures: Sequence[Own], gids: Sequence[int]) -> list[AnyCell]:
    """Return for each cell the share of events that at least one reporter reports; 0 where nobody has a figure.

    The highest figure is the lower bound (one list may hold all that others hold); independence gives the middle.
    """
    by_cell: dict[int, list[CellFigure]] = {}
    for one in figures:
        for cell in one.cells:
            by_cell.setdefault(cell.gid, []).append(cell)
    result = []
    for gid in gids:
        cells = by_cell.get(gid, [])
        mid = 1.0 - float(np.prod([1.0 - cell.mid for cell in cells]))
        low = max((cell.low for cell in cells), default=0.0)
        high = 1.0 - float(np.prod([1.0 - cell.high for cell in cells]))
        result.append(AnyCell(gid, min(low, mid), mid, high if cells else 1.0))
    return result


def _words(overall: Interval, events: float, shared: float) -> list[str]:
    if overall == UNKNOWN:
        return ["no event of others to measure against: unknown, 0 to 100 %"]
    return [f"of {events:.0f} events that others reported, {shared:.0f} are reported here too: {overall.mid:.0%} "
            f"({overall.low:.0%} to {overall.high:.0%}, {LEVEL:.0%} interval)",
            f"the lower end allows events reported by others to be up to {DEPENDENCE:.0f} times likelier reported here"]


def total(incidents: Sequence[Incident], pairs: Iterable[Linked]) -> Interval:
    """Return how many events there were, in any list or in none.

    Two lists: Chapman's estimate. More: of the two largest lists, and not below Chao's lower bound from all.

    Args:
        incidents, pairs: Of one ledger.
    """
    sizes = Counter(reporter for one in incidents for reporter, _ in one.accounts)
    seen = float(len(incidents))
    if len(sizes) < 2:
        return Interval(seen, seen, float("inf"))
    a, b = sorted(sorted(sizes, key=lambda name: (-sizes[name], name))[:2])
    shared = [one.probability for one in pairs
              if one.probability is not None and (one.candidate.left[0], one.candidate.right[0]) == (a, b)]
    both = min(sum(shared), float(sizes[a]), float(sizes[b]))
    found = chapman(Counts(both, sizes[a] - both, sizes[b] - both, sum(p * (1 - p) for p in shared)))
    mid = max(found.mid, chao([len(one.accounts) for one in incidents]) if len(sizes) > 2 else 0.0)
    return Interval(min(found.low, mid), mid, max(found.high, mid))
