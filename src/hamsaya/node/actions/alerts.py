"""Alerts and assessments: what was said, what came of it, what a budget allows, and drafts of what is answered."""

from __future__ import annotations

from hamsaya.base.errors import OperatorError
from hamsaya.messages.alerts import Concur
from hamsaya.messages.kinds import Ref, Text
from hamsaya.monitor.alerts_record import assessments
from hamsaya.node.actions.table import Action, Args, Nothing, question
from hamsaya.node.alerting import PlanArgs, alerts_page, planned
from hamsaya.node.core import Node


class StanceArgs(Args, frozen=True):
    """What this party says of an assessment: ``text`` makes it a dissent unless it concurs."""

    assessment: Ref
    dissent: bool
    text: Text | None = None


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
