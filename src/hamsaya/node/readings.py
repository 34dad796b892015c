"""What the joint picture says of a commitment, as one source beside the others, and why it counts or does not.

Rules
1. The owner's own reports count nothing in its own cause: the figure is made of what others report, and a cell that
   only the owner reports on was not observed.
2. One reading: of the latest whole period that was observed enough to say something, no older than a measurement may be
   (``posteriors``, rule 2), and no older than the last closing.
3. What a panel judged is not counted again: where the finding that counts has verdicts, only a period that begins after
   the last of them does.
4. It is one source however many report, in their bloc where all are of one, else in a bloc of its own. What one of
   these reporters measured in that period is the same account, and is not counted beside it (``posteriors``).
5. It never says more than one look (``compliance.reading``), and no rating follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import immutables
import msgspec
from msgspec import structs

from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.compliance.course import day
from hamsaya.compliance.indicator import Figure, Reading
from hamsaya.compliance.posterior import Record, Weighed
from hamsaya.compliance.reading import Weight, weigh
from hamsaya.compliance.types import Commitment, ComplianceState, FindingCase
from hamsaya.monitor import picture as pictures
from hamsaya.node.core import Node
from hamsaya.node.indicators import figure_of, periods

NAME = "joint picture"
"""The reading among the sources; no member can be called so."""


class ReadingView(msgspec.Struct, frozen=True, kw_only=True):
    """A reading and what it counts. ``ratio``: how many times likelier with a breach than without, at 90 percent; None
    where it counts nothing, and ``reason`` says why. ``reporters`` without the owner."""

    first: str | None
    last: str | None
    low: int | None
    high: int | None
    observed: int | None
    cells: int
    reading: Reading | None
    reporters: list[str]
    ratio: Interval | None
    reason: str


class Read(NamedTuple):
    """One period's figure from the reports of others, who reported, and its first and last instant (UTC ms)."""

    figure: Figure
    reporters: frozenset[str]
    begins: int
    ends: int


class Counted(NamedTuple):
    """The reading as a source, and as a person sees it; ``report`` is None where it counts nothing."""

    report: Weighed | None
    view: ReadingView
    read: Read | None


def reads(node: Node, ref: str) -> list[Read]:
    """Return the readings of a known commitment that are not too old, oldest first; none where it names no query."""
    record, now = node.state.compliance.commitments[ref], node.clock.now()
    if record.terms.query is None:
        return []
    since = now - window(record)
    return [_read(node, record, *period) for period in periods(node, record, record.terms.query)
            if since < ends_of(period[1]) <= now]


def window(commitment: Commitment) -> int:
    """Return how old, in ms, what counts as a measurement may be."""
    return (commitment.terms.cadence_days + commitment.terms.timeliness_days) * DAY


def ends_of(month: str) -> int:
    """Return the first instant after ``month``."""
    year, number = int(month[:4]), int(month[5:])
    return day(f"{year + number // 12:04}-{number % 12 + 1:02}-01")


def _read(node: Node, record: Commitment, first: str, last: str) -> Read:
    query = record.terms.query
    assert query is not None, "only a commitment with a query has readings"
    areas = {cell: node.agreement.areas.get(cell, frozenset()) - {record.owner} for cell in query.cells}
    # Reports of other months say nothing of this period, and there are many of them.
    parts = {key: part for key, part in node.state.monitor.parts.items() if key[1] <= last and first <= key[2]}
    document = pictures.picture(replace(node.state.monitor, parts=immutables.Map(parts)), areas, first, last)
    reporters = frozenset(each.member for each in document.reporters if each.months)
    return Read(figure_of(record.terms, document, first, last), reporters, day(f"{first}-01"), ends_of(last))


def counted(
    found: Sequence[Read], commitment: Commitment, state: ComplianceState, ref: str, judged: FindingCase | None,
    blocs: Mapping[str, str], record: Record,
) -> Counted | None:
    """Return the reading that counts, or why none does; None where people attest the commitment.

    Args:
        judged: The finding whose verdicts count.
        record: How well one look sees, which a reading never surpasses.
    """
    query = commitment.terms.query
    if query is None:
        return None
    after = _after(state, ref, judged)
    fresh = [each for each in found if each.begins > after]
    saying = [each for each in fresh if each.figure.reading != "unverified"]
    if not saying:
        return Counted(None, _silent(commitment, found, fresh), None)
    chosen = saying[-1]
    weight = weigh(commitment.terms, chosen.figure, record)
    view = _view(chosen, weight)
    if weight is None:
        return Counted(None, view, None)
    named = {blocs.get(member, member) for member in chosen.reporters}
    bloc = named.pop() if len(named) == 1 else NAME
    return Counted(Weighed(NAME, bloc, chosen.figure.reading == "beyond", weight.log, weight.variance), view, chosen)


def _after(state: ComplianceState, ref: str, judged: FindingCase | None) -> int:
    """Rules 2 and 3: the instant after which a period must begin."""
    closings = (each.closed.at for each in state.findings.values() if each.commitment == ref and each.closed)
    verdicts = (verdict.at for verdict in (judged.verdicts if judged else ()))
    return max([*closings, *verdicts], default=-1)


def _view(read: Read, weight: Weight | None) -> ReadingView:
    figure = read.figure
    return ReadingView(
        first=figure.first, last=figure.last, low=figure.low, high=figure.high, observed=figure.observed,
        cells=figure.cells, reading=figure.reading, reporters=sorted(read.reporters),
        ratio=weight.ratio if weight else None, reason=_reason(figure, weight),
    )


def _reason(figure: Figure, weight: Weight | None) -> str:
    span = f"{figure.low}" if figure.low == figure.high else f"{figure.low} to {figure.high}"
    told = f"{span} counted by others than its owner, {figure.observed} of {figure.cells} cells observed"
    if figure.reading == "unclear":
        return f"{told}: neither within the range nor beyond it by what is material, so it counts nothing"
    if weight is None:
        return f"{told}; by the published figures a look tells nothing, so it counts nothing"
    side = "beyond the range by more than is material" if figure.reading == "beyond" else "within the range"
    times = (f"{weight.ratio.mid:.1f} times likelier with a breach" if weight.log >= 0.0
             else f"{1.0 / weight.ratio.mid:.1f} times likelier without one")
    return f"{told}: {side}, {times}; one source, at most one look"


def _silent(commitment: Commitment, found: Sequence[Read], fresh: Sequence[Read]) -> ReadingView:
    assert commitment.terms.query is not None
    if fresh:
        figure = fresh[-1].figure
        why = (f"others than its owner reported on {figure.observed} of {figure.cells} cells for the whole period: "
               "unverified, so it counts nothing")
        return structs.replace(_view(fresh[-1], None), reason=why)
    why = ("no period that began after the last verdict or closing has been reported on" if found else
           "no whole period that is recent enough has been reported on")
    return ReadingView(first=None, last=None, low=None, high=None, observed=None,
                       cells=len(set(commitment.terms.query.cells)), reading=None, reporters=[], ratio=None,
                       reason=f"{why}, so it counts nothing")


def same_account(read: Read | None, member: str, observed_from: int, observed_to: int) -> bool:
    """Say whether a measurement by ``member`` is part of what ``read`` counts (rule 4)."""
    return read is not None and member in read.reporters and observed_from < read.ends and read.begins <= observed_to
