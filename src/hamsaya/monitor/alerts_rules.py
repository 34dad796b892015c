"""May this alert, this answer, this assessment or this dissent be taken into the record? Both ends ask the same.

Rules for an alert, in the order in which they are applied
1. its reference begins with the sender's id and a slash          else ``foreign-reference``
   and is not taken                                               else ``already-exists``
2. its months run forward, ``MOST_MONTHS`` at most                else ``bad-period``
   and the first one is not over                                  else ``horizon-over``: a warning comes before
   where it came more than a day after its date (``messages.timely``) the first one has not begun  else ``came-late``
3. its data are of a vintage not later than its own sending       else ``vintage-in-future``
4. its cells are sorted, each once                                else ``rows-unsorted``
   are in the annex                                               else ``outside-annex``
   and cover ``LEAST_KM2`` or more                                else ``area-too-small``
5. a cluster stands on a scan and counts incidents, the others on a forecast and count deaths, an onset any death
                                                                  else ``basis-mismatch``
6. who is asked is the sender or told                             else ``recipient-missing``
   reports on one of the cells                                    else ``not-their-area``
   is asked each thing once, sorted                               else ``rows-unsorted``
   by a time after the sending and not after the last month       else ``bad-deadline``
7. in a month (UTC, of the sending) a sender has one budget       else ``budget-changed``
   and all its alerts of the month together keep to it            else ``budget-exceeded``
An answer is given to an alert that is known (else ``predecessor-missing``: it may be on its way), by whom it asked
(``not-asked``), once (``already-answered``), with a reason if and only if it declines (``bad-reason``).
An assessment needs rule 1, a period that runs forward (2), and rule 4 without the area's size. A concurrence or dissent
is on an assessment that is known (``predecessor-missing``) of just that text (``other-text``), not the sender's own
(``own-assessment``), and a dissent says why (``text-missing``).

Left out: whether an alert is wise. Its record says that (``alerts_record``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.messages.alerts import Acted, Alert, Assessment, ByForecast, ByScan, Concur
from hamsaya.messages.event import Event
from hamsaya.messages.timely import heard_late
from hamsaya.monitor.alerts_types import AlertState, Raised

Areas = Mapping[int, frozenset[str]]
MOST_MONTHS = 12
LEAST_KM2 = 25.0
EARTH_KM = 6371.0


def month_of(instant: int) -> str:
    """Return the month of an instant (UTC) as ``YYYY-MM``."""
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m")


def start_of(month: str) -> int:
    """Return the first instant of a month, UTC milliseconds."""
    return int(datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC).timestamp()) * 1000


def end_of(month: str) -> int:
    """Return the first instant after a month, UTC milliseconds."""
    year, number = int(month[:4]), int(month[5:])
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(after.timestamp()) * 1000


def area_km2(cells: Iterable[int]) -> float:
    """Return the area of PRIO-GRID cells on a sphere, km2."""
    total = 0.0
    for gid in cells:
        south = math.radians((gid - 1) // 720 / 2 - 90)
        total += math.sin(south + math.radians(0.5)) - math.sin(south)
    return total * EARTH_KM**2 * math.radians(0.5)


def decide(state: AlertState, event: Event, areas: Areas) -> Decision:
    """Return whether the event may be recorded; ``areas`` is the signed annex, cell to reporters."""
    match event.body:
        case Alert() as alert:
            permitted = permit("alerts:alert", "it keeps to the budget, names an area, and says who is asked what")
            return next(_refusals(state, event, alert, areas), permitted)
        case Acted() as acted:
            permitted = permit("alerts:acted", "the sender was asked and has not answered before")
            return next(_acted(state, event, acted), permitted)
        case Assessment() as assessment:
            permitted = permit("alerts:assessment", "it is of cells of the annex and a period that runs forward")
            return next(_assessment(state, event, assessment, areas), permitted)
        case Concur() as concur:
            permitted = permit("alerts:concur", "it is on an assessment of another, of just that text")
            return next(_concur(state, event, concur), permitted)
    return refuse("unknown-kind", "alerts", f"alerts know no {event.kind}")


def spent(state: AlertState, sender: str, month: str) -> int:
    """Return the cells of all alerts that ``sender`` has sent in a month."""
    return sum(len(raised.alert.cells) for raised in _of_month(state, sender, month))


def _of_month(state: AlertState, sender: str, month: str) -> list[Raised]:
    return [raised for raised in state.alerts.values() if raised.by == sender and month_of(raised.at) == month]


def _refusals(state: AlertState, event: Event, alert: Alert, areas: Areas) -> Iterator[Decision]:
    yield from _reference(event.sender, alert.alert, alert.alert in state.alerts)
    months = _months_apart(alert.first, alert.last)
    if not 0 <= months < MOST_MONTHS:
        yield refuse("bad-period", "alerts:2", f"the months run backward, or are more than {MOST_MONTHS}")
    if end_of(alert.first) <= event.issued_at:
        yield refuse("horizon-over", "alerts:2", "the first month was over when it was sent")
    if (heard := heard_late(event)) is not None and start_of(alert.first) <= heard:
        yield refuse("came-late", "alerts:2", "it came more than a day after its date, and its first month had begun")
    if alert.as_of > event.issued_at:
        yield refuse("vintage-in-future", "alerts:3", "its data are as of a time after its sending")
    yield from _cells(alert.cells, areas)
    if area_km2(alert.cells) < LEAST_KM2:
        yield refuse("area-too-small", "alerts:4", f"the cells cover less than {LEAST_KM2:g} km2")
    if not _fits(alert):
        yield refuse("basis-mismatch", "alerts:5", "a cluster stands on a scan and counts incidents, the others on a "
                     "forecast and count deaths, an onset the first one")
    yield from _asked(event, alert, areas)
    yield from _budget(state, event, alert)


def _reference(sender: str, reference: str, taken: bool) -> Iterator[Decision]:
    if not reference.startswith(f"{sender}/"):
        yield refuse("foreign-reference", "alerts:1", "the reference does not begin with the sender's id and a slash")
    if taken:
        yield refuse("already-exists", "alerts:1", "the reference is taken")


def _months_apart(first: str, last: str) -> int:
    start, end = (int(month[:4]) * 12 + int(month[5:]) for month in (first, last))
    return end - start


def _cells(cells: list[int], areas: Areas) -> Iterator[Decision]:
    if any(after <= before for before, after in zip(cells, cells[1:], strict=False)):
        yield refuse("rows-unsorted", "alerts:4", "the cells are not sorted, or one stands twice")
    outside = next((place for place, gid in enumerate(cells, 1) if gid not in areas), None)
    if outside is not None:
        yield refuse("outside-annex", "alerts:4", f"cell {outside} of {len(cells)} is not in the annex")


def _fits(alert: Alert) -> bool:
    match alert.basis:
        case ByScan():
            return alert.kind == "cluster" and alert.measure == "incidents"
        case ByForecast(low=low, high=high):
            onset = alert.kind != "onset" or alert.at_least == 1
            return alert.kind != "cluster" and alert.measure == "deaths" and low <= high and onset


def _asked(event: Event, alert: Alert, areas: Areas) -> Iterator[Decision]:
    told = {event.sender, *event.recipients}
    reporters = frozenset[str]().union(*(areas.get(gid, frozenset()) for gid in alert.cells))
    before = ("", "")
    for place, asked in enumerate(alert.asked, 1):
        which = f"place {place} of {len(alert.asked)}"
        if asked.party not in told:
            yield refuse("recipient-missing", "alerts:6", f"who is asked in {which} is not told")
        if asked.party not in reporters:
            yield refuse("not-their-area", "alerts:6", f"who is asked in {which} reports on none of the cells")
        if (asked.party, asked.action) <= before:
            yield refuse("rows-unsorted", "alerts:6", f"{which} does not come after the one before it")
        if not event.issued_at < asked.due <= end_of(alert.last):
            yield refuse("bad-deadline", "alerts:6", f"the time of {which} is before the sending or after the months")
        before = (asked.party, asked.action)


def _budget(state: AlertState, event: Event, alert: Alert) -> Iterator[Decision]:
    month = month_of(event.issued_at)
    earlier = _of_month(state, event.sender, month)
    if any(raised.alert.budget != alert.budget for raised in earlier):
        yield refuse("budget-changed", "alerts:7", f"an alert of {month} was sent under another budget")
    total = sum(len(raised.alert.cells) for raised in earlier) + len(alert.cells)
    if total > alert.budget:
        yield refuse("budget-exceeded", "alerts:7", f"{total} cells in {month}, and the budget is {alert.budget}")


def _acted(state: AlertState, event: Event, acted: Acted) -> Iterator[Decision]:
    raised = state.alerts.get(acted.alert)
    if raised is None:
        yield refuse("predecessor-missing", "alerts:acted", "the alert is not known here")
    elif not any((asked.party, asked.action) == (event.sender, acted.action) for asked in raised.alert.asked):
        yield refuse("not-asked", "alerts:acted", "the alert does not ask the sender for this")
    if (acted.alert, event.sender, acted.action) in state.answers:
        yield refuse("already-answered", "alerts:acted", "the sender has answered this before")
    if (acted.outcome == "declined") != (acted.reason is not None):
        yield refuse("bad-reason", "alerts:acted", "a reason is given if and only if it is declined")


def _assessment(state: AlertState, event: Event, assessment: Assessment, areas: Areas) -> Iterator[Decision]:
    yield from _reference(event.sender, assessment.assessment, assessment.assessment in state.assessments)
    if assessment.first > assessment.last:
        yield refuse("bad-period", "alerts:2", "the first month is after the last")
    yield from _cells(assessment.cells, areas)


def _concur(state: AlertState, event: Event, concur: Concur) -> Iterator[Decision]:
    held = state.assessments.get(concur.assessment)
    if held is None:
        yield refuse("predecessor-missing", "alerts:concur", "the assessment is not known here")
    elif held.by == event.sender:
        yield refuse("own-assessment", "alerts:concur", "who wrote it has said what it thinks")
    elif held.digest != concur.digest:
        yield refuse("other-text", "alerts:concur", "the digest is of another text")
    if concur.stance == "dissent" and concur.text is None:
        yield refuse("text-missing", "alerts:concur", "a dissent says why")
