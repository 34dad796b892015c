"""May this report or statement be taken into the record?

Rules for a report, in the order in which they are applied
1. its period runs forward                                                   else ``bad-period``
2. it is of a vintage not later than its own sending                         else ``vintage-in-future``
3. each row lies in the period                                               else ``outside-period``
4. rows are sorted by cell, month and type, each once                        else ``rows-unsorted``
5. low <= best <= high in each row                                           else ``bad-interval``
6. the signed annex gives each cell to the sender                            else ``not-your-area``
A statement of a picture's digest needs rule 1 only. A declaration of coverage needs rules 1 and 2, rows sorted by cell,
each once (4), and rule 6; a contest of one's own coverage needs rules 1, 2, 5 (low <= high) and 6. Alerts and
assessments have rules of their own (``alerts_rules``).

Reporting areas come from the annex, never from a map. A refusal names the first row that breaks a rule by its
place, not by its content. Left out: whether a count is true; others' claims on the cell are kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.messages.alerts import Acted, Alert, Assessment, Concur
from hamsaya.messages.event import Event
from hamsaya.messages.monitor import Coverage, Dispute, Picture, Report, Row
from hamsaya.monitor import alerts_rules
from hamsaya.monitor.types import State

Areas = Mapping[int, frozenset[str]]
RowRule = tuple[str, str, str, Callable[[Row], bool]]
NOBODY: frozenset[str] = frozenset()


def decide(state: State, event: Event, areas: Areas) -> Decision:
    """Return whether the event may be recorded; ``areas`` is the signed annex, cell to reporters."""
    match event.body:
        case Report() as report:
            return _decide_report(report, event, areas)
        case Picture() as picture if picture.first <= picture.last:
            return permit("monitor:picture", "a digest may be stated for any period")
        case Picture():
            return refuse("bad-period", "monitor:1", "the first month is after the last")
        case Coverage() as coverage:
            return _decide_coverage(coverage, event, areas)
        case Dispute() as dispute:
            return _decide_dispute(dispute, event, areas)
        case Alert() | Acted() | Assessment() | Concur():
            return alerts_rules.decide(state.alerts, event, areas)
    return refuse("unknown-kind", "monitor", f"monitoring knows no {event.kind}")


def _decide_report(report: Report, event: Event, areas: Areas) -> Decision:
    if report.first > report.last:
        return refuse("bad-period", "monitor:1", "the first month is after the last")
    if report.as_of > event.issued_at:
        return refuse("vintage-in-future", "monitor:2", "the report is as of a time after its sending")
    for code, ref, text, holds in _row_rules(report, event.sender, areas):
        broken = next((place for place, row in enumerate(report.rows, start=1) if not holds(row)), None)
        if broken is not None:
            return refuse(code, ref, f"row {broken} of {len(report.rows)} {text}")
    return permit("monitor:report", "every row is of the period and of a cell that the sender reports on")


def _untimely(body: Coverage | Dispute, event: Event) -> Decision | None:
    """Return the refusal by rule 1 or 2, if there is one."""
    if body.first > body.last:
        return refuse("bad-period", "monitor:1", "the first month is after the last")
    if body.as_of > event.issued_at:
        return refuse("vintage-in-future", "monitor:2", "it is as of a time after its sending")
    return None


def _decide_coverage(coverage: Coverage, event: Event, areas: Areas) -> Decision:
    if untimely := _untimely(coverage, event):
        return untimely
    before = 0
    for place, row in enumerate(coverage.rows, start=1):
        if row.gid <= before:
            return refuse("rows-unsorted", "monitor:4", f"row {place} does not come after the row before it by cell")
        if event.sender not in areas.get(row.gid, NOBODY):
            return refuse("not-your-area", "monitor:6", f"row {place} is of a cell that the annex does not give to the "
                          "sender")
        before = row.gid
    return permit("monitor:coverage", "every row is of a cell that the sender reports on")


def _decide_dispute(dispute: Dispute, event: Event, areas: Areas) -> Decision:
    if untimely := _untimely(dispute, event):
        return untimely
    if dispute.low > dispute.high:
        return refuse("bad-interval", "monitor:5", "the figure contested breaks low <= high")
    if event.sender not in areas.get(dispute.gid, NOBODY):
        return refuse("not-your-area", "monitor:6", "a party contests the figure of its own cells only")
    return permit("monitor:contest", "the figure is of a cell that the sender reports on")


def _row_rules(report: Report, sender: str, areas: Areas) -> tuple[RowRule, ...]:
    """Return rules 3 to 6 as (code, reference, what is wrong, what must hold of each row)."""
    return (
        ("outside-period", "monitor:3", "lies outside the period",
         lambda row: report.first <= row.month <= report.last),
        ("rows-unsorted", "monitor:4", "does not come after the row before it by cell, month and type",
         _ascending()),
        ("bad-interval", "monitor:5", "breaks low <= best <= high",
         lambda row: row.low <= row.best <= row.high),
        ("not-your-area", "monitor:6", "is of a cell that the annex does not give to the sender",
         lambda row: sender in areas.get(row.gid, NOBODY)),
    )


def _ascending() -> Callable[[Row], bool]:
    """Return a check that holds for each row that comes after all those it has seen."""
    before: tuple[int, str, int] = (0, "", 0)

    def holds(row: Row) -> bool:
        nonlocal before
        previous, before = before, (row.gid, row.month, row.violence)
        return previous < before

    return holds
