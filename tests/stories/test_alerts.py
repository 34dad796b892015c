"""A warning between three neighbours: raised under a budget, answered, and resolved alike at every node."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.canon import digest
from hamsaya.messages.alerts import Acted, Alert, Assessment, Concur, Source
from hamsaya.messages.kinds import encode_body
from hamsaya.messages.monitor import Report, Row
from hamsaya.messages.node import Publish
from hamsaya.monitor.alerts_record import assessments
from hamsaya.monitor.alerts_rules import end_of, month_of
from hamsaya.node.alerting import AlertsView, PlanArgs, alerts_page, candidates_of_forecast, planned
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.rotation import peers_to_tell, rotate_keys
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.node.making import held, reopened
from tests.support.federation import Federation, make_federation, one

MEMBERS = ("pk", "ir", "uz")


def forecast_file(folder: Path, fed: Federation, chances: dict[int, float]) -> Path:
    """A forecast of the month after the present one, as ``monitor forecast --format json`` writes it; quiet cells."""
    now = fed.clock.now()
    month = month_of(end_of(month_of(now)))
    rows = [(tier, gid, month, 0.0 if tier == "conflictology" else chance, 0, 3)
            for tier in ("conflictology", "kernel") for gid, chance in sorted(chances.items())]
    names = ("tier", "gid", "month", "chance", "low", "high")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    columns["exceed"] = [[row[3], row[3] / 2] for row in rows]
    about = {"origin": month_of(now - 32 * DAY), "release": "11" * 32, "counts": [1, 2], "data": {"digest": "22" * 32}}
    path = folder / "forecast.json"
    path.write_text(json.dumps({**about, "columns": columns}), encoding="utf-8")
    return path


def own_cells(fed: Federation, member: str) -> list[int]:
    areas = fed.node(member).agreement.areas
    return [gid for gid, who in sorted(areas.items()) if who == {member}]


def counts(fed: Federation, member: str, month: str, *rows: Row) -> None:
    """Let a member report a whole month of its cells."""
    report = Report(source="own count", licence="CC BY 4.0", as_of=fed.clock.now(), first=month, last=month,
                    rows=list(rows))
    fed.send(member, Draft(report, tuple(set(MEMBERS) - {member})))
    fed.carry_all()


def weeks_pass(fed: Federation, until: int) -> None:
    """Let time go on by weeks, with fresh keys for each."""
    while fed.clock.now() < until:
        fed.clock.advance(min(6 * DAY, until - fed.clock.now()))
        for member in MEMBERS:
            statements: Any = one(fed.node(member), Act(rotate_keys))
            if statements:
                publication = Publish(statements=statements)
                fed.send(member, Draft(publication, peers_to_tell(fed.node(member), publication)))
        fed.carry_all()


def pages(fed: Federation) -> list[AlertsView]:
    return [alerts_page(fed.node(member)) for member in MEMBERS]


def test_a_warning_from_its_budget_to_its_record(tmp_path: Path) -> None:
    """Raised for two cells of three, one ask done and one declined, one hit and one miss: the same at all three."""
    fed = make_federation(members=MEMBERS)
    near, far, third = (own_cells(fed, "ir")[0], own_cells(fed, "uz")[0], own_cells(fed, "uz")[1])
    found = candidates_of_forecast(forecast_file(tmp_path, fed, {near: 0.5, far: 0.4, third: 0.1}), "onset")
    args = PlanArgs(found=found, budget=2, actions=["verify", "joint-visit-offer"])
    plan = planned(fed.node("pk"), args)
    assert [one.cells for one in plan.alerts] == [[near], [far]]
    assert (plan.threshold, plan.left_out, plan.lot != []) == (0.4, 1, True)
    for alert in plan.alerts:
        fed.send("pk", Draft(alert, ("ir", "uz")))
    fed.carry_all()

    # The budget is spent: at home nothing more leaves, and what a hostile home lets out is refused on arrival.
    assert planned(fed.node("pk"), args).alerts == []
    more = msgspec.structs.replace(plan.alerts[1], alert="pk/A-more", cells=[third])
    with pytest.raises(PolicyRefusal, match="budget-exceeded"):
        fed.send("pk", Draft(more, ("ir", "uz")))

    # Iran has looked; Uzbekistan declines, with a word of the list. Nobody answers for another.
    first, second = (alert.alert for alert in plan.alerts)
    fed.send("ir", Draft(Acted(alert=first, action="verify", outcome="done", reason=None), ("pk", "uz")))
    fed.send("uz", Draft(Acted(alert=second, action="joint-visit-offer", outcome="declined", reason="no-capacity"),
                         ("pk", "ir")))
    with pytest.raises(PolicyRefusal, match="not-asked"):
        fed.send("uz", Draft(Acted(alert=first, action="verify", outcome="done", reason=None), ("pk", "ir")))
    fed.carry_all()
    assert {view.alerts[0].resolution.outcome for view in pages(fed)} == {"open"}

    # The month passes. Iran reports a death, Uzbekistan none; before it does, nothing is held against the alert.
    month = found.first
    weeks_pass(fed, end_of(month) + DAY)
    counts(fed, "ir", month, Row(near, month, 1, 1, 2, 1, 3))
    outcomes = [{one.alert: one.resolution.outcome for one in view.alerts} for view in pages(fed)]
    assert outcomes == [{first: "hit", second: "cannot-tell"}] * 3
    counts(fed, "uz", month)
    seen = pages(fed)
    assert seen[0] == seen[1] == seen[2]
    by_name = {one.alert: one for one in seen[0].alerts}
    assert {name: one.resolution.outcome for name, one in by_name.items()} == {first: "hit", second: "miss"}
    assert by_name[first].record == "of the last 2 resolved onset alerts, 1 came true"
    assert [(one.action, one.outcome, one.late) for one in by_name[first].asked] == [
        ("joint-visit-offer", None, True), ("verify", "done", False)]

    # The next warning is planned beside that record, and a restart knows it too.
    assert {rate.kind: rate.true for rate in seen[0].rates} == {"escalation": 0, "onset": 1, "cluster": 0}
    for member in MEMBERS:
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live


def test_an_alert_over_budget_is_refused_on_arrival(tmp_path: Path) -> None:
    """A sender whose own rules are broken does not get past those of the others."""
    fed = make_federation(members=MEMBERS)
    cells = own_cells(fed, "ir")
    found = candidates_of_forecast(forecast_file(tmp_path, fed, {cells[0]: 0.5, cells[1]: 0.4}), "onset")
    plan = planned(fed.node("pk"), PlanArgs(found=found, budget=2, actions=["verify"]))
    tight: list[Alert] = [msgspec.structs.replace(each, budget=1) for each in plan.alerts]
    fed.send("pk", Draft(tight[0], ("ir", "uz")))
    fed.carry_all()
    pk = fed.node("pk")
    # What it has sent is gone from its memory, so its own check passes.
    pk.state = replace(pk.state, monitor=replace(pk.state.monitor, alerts=type(pk.state.monitor.alerts)()))
    fed.send("pk", Draft(tight[1], ("ir", "uz")))
    ((_, _, envelope), *_) = fed.waiting("pk")
    received = one(fed.node("ir"), ReceiveJob(envelope))
    assert received.code == "budget-exceeded"  # type: ignore[attr-defined]
    assert list(fed.node("ir").state.monitor.alerts.alerts) == [tight[0].alert]


def test_an_alert_written_after_the_event_is_refused_and_one_carried_in_time_is_shown_as_late(tmp_path: Path) -> None:
    """Its date alone makes it no warning: where it comes after its month has begun it is none."""
    fed = make_federation(members=MEMBERS)
    cells = own_cells(fed, "ir")
    found = candidates_of_forecast(forecast_file(tmp_path, fed, {cells[0]: 0.5}), "onset")
    (raised,) = planned(fed.node("pk"), PlanArgs(found=found, budget=1, actions=["verify"])).alerts
    fed.send("pk", Draft(raised, ("ir", "uz")))
    letters = {to: envelope for to, _, envelope in fed.waiting("pk")}
    begins = end_of(month_of(fed.clock.now()))
    assert fed.clock.now() + DAY < begins - 1 < fed.clock.now() + 29 * DAY
    fed.clock.instant = begins - 1
    assert one(fed.node("ir"), ReceiveJob(letters["ir"])).code == "admitted"  # type: ignore[attr-defined]
    fed.clock.instant = begins
    assert one(fed.node("uz"), ReceiveJob(letters["uz"])).code == "came-late"  # type: ignore[attr-defined]
    assert [each.heard_at for each in alerts_page(fed.node("ir")).alerts] == [begins - 1]
    assert alerts_page(fed.node("uz")).alerts == [] and fed.node("pk").state.monitor.alerts.alerts
    assert alerts_page(fed.node("pk")).alerts[0].heard_at is None


def test_an_assessment_with_its_dissent_at_every_node() -> None:
    """Two persons sign each; the dissent is of just that text and stands beside it everywhere."""
    fed = make_federation(members=MEMBERS)
    cell = own_cells(fed, "ir")[0]
    body = Assessment(
        assessment="pk/S-1", title="EXERCISE: the pass in autumn", first="2026-01", last="2026-06", cells=[cell],
        text=["EXERCISE: fewer incidents than a year ago."], confidence="likely",
        sources=[Source("EXERCISE counts", "CC BY 4.0", bytes(32))], alerts=[], picture=None,
    )
    fed.send("pk", Draft(body, ("ir", "uz")))
    fed.carry_all()
    text = digest(encode_body(body))
    with pytest.raises(PolicyRefusal, match="text-missing"):
        fed.send("ir", Draft(Concur(assessment="pk/S-1", digest=text, stance="dissent", text=None), ("pk", "uz")))
    fed.send("ir", Draft(Concur(assessment="pk/S-1", digest=text, stance="dissent", text="EXERCISE: snow."),
                         ("pk", "uz")))
    fed.send("uz", Draft(Concur(assessment="pk/S-1", digest=text, stance="concur", text=None), ("pk", "ir")))
    fed.carry_all()
    seen = [assessments(fed.node(member).state.monitor.alerts) for member in MEMBERS]
    assert seen[0] == seen[1] == seen[2]
    assert [(one.party, one.stance, one.text) for one in seen[0][0].stances] == [
        ("ir", "dissent", "EXERCISE: snow."), ("uz", "concur", None)]
