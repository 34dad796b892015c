"""Alerts and assessments: what was said, what came of it, what a budget allows, and drafts of what is answered."""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.messages.alerts import Concur
from hamsaya.messages.kinds import Ref, Text
from hamsaya.monitor.alerts import drawn_by_lot
from hamsaya.monitor.alerts_record import AlertView, Rate, assessments, views
from hamsaya.monitor.alerts_rules import month_of
from hamsaya.node.actions.table import Action, Args, Nothing, question
from hamsaya.node.alerting import PlanArgs, planned
from hamsaya.node.core import Node


class AlertsView(msgspec.Struct, frozen=True, kw_only=True):
    """Every alert, the latest first; the record of each kind; the month's cells of equal attention."""

    alerts: list[AlertView]
    rates: list[Rate]
    month: str
    lot: list[int]


class StanceArgs(Args, frozen=True):
    """What this party says of an assessment: ``text`` makes it a dissent unless it concurs."""

    assessment: Ref
    dissent: bool
    text: Text | None = None


def alerts_page(node: Node) -> AlertsView:
    """Return the alerts with their record, of one committed state."""
    now, areas = node.clock.now(), node.agreement.areas
    alerts, rates = views(node.state.monitor, areas, now)
    month = month_of(now)
    return AlertsView(alerts=alerts, rates=rates, month=month, lot=list(drawn_by_lot(areas, month)))


def _stance(node: Node, args: StanceArgs) -> Concur:
    held = node.state.monitor.alerts.assessments.get(args.assessment)
    if held is None:
        raise OperatorError(f"no assessment {args.assessment} is known here; see: hamsaya monitor assessments",
                            code="unknown-assessment")
    return Concur(assessment=args.assessment, digest=held.digest, stance="dissent" if args.dissent else "concur",
                  text=args.text)


ACTIONS: dict[str, Action] = {
    "alerts": Action(Nothing, question(lambda node, _: alerts_page(node))),
    "plan-alerts": Action(PlanArgs, question(planned)),
    "assessments": Action(Nothing, question(lambda node, _: assessments(node.state.monitor.alerts))),
    "stance": Action(StanceArgs, question(_stance)),
}
