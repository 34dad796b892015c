"""What the charter says, who stands where, and what has been decided."""

from __future__ import annotations

from hamsaya.messages.charter import ProposalRef
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, Member, Ref, schema
from hamsaya.node import charter_views, views
from hamsaya.node.actions.sending import ExplainView
from hamsaya.node.actions.table import Action, Args, Nothing, question, sentences
from hamsaya.node.core import Node
from hamsaya.node.handlers import OWN
from hamsaya.node.recipients import spelt_out
from hamsaya.node.winddown import wind_downs


class WindDownArgs(Args, frozen=True):
    """One party to settle with; without it each that leaves or has left."""

    member: Member | None = None


class ProposalArgs(Args, frozen=True):
    """One proposal by its reference."""

    proposal: ProposalRef


class MayArgs(Args, frozen=True):
    """A question to the charter: may this node send ``kind`` to these?"""

    kind: str
    to: list[str] = []
    instrument: Ref | None = None
    case: Ref | None = None


def _may(node: Node, args: MayArgs) -> ExplainView:
    """Ask the charter alone: its clauses read no body, so none is needed."""
    schema(args.kind)
    now = node.clock.now()
    event = Event(
        message_id=bytes(16), kind=args.kind, sender=node.own, recipients=spelt_out(node, args.kind, args.to),
        instrument=args.instrument or node.agreement.instrument_for(args.kind), case=args.case, issued_at=now,
        expires_at=now, exercise=node.agreement.exercise, body=Body(),
    )
    decision = node.agreement.decide(node.state.charter, event, OWN)
    return ExplainView(
        allowed=decision.allowed, code=decision.code, reasons=sentences(decision),
        obligations=sorted(decision.obligations), recipients=list(event.recipients),
    )


ACTIONS: dict[str, Action] = {
    "instruments": Action(Nothing, question(lambda node, _: views.instruments(node))),
    "standings": Action(Nothing, question(lambda node, _: views.standings(node))),
    "proposals": Action(Nothing, question(lambda node, _: views.proposals(node))),
    "decisions": Action(Nothing, question(lambda node, _: charter_views.decisions(node))),
    "decision": Action(ProposalArgs, question(lambda node, a: charter_views.decision(node, a.proposal))),
    "relations": Action(Nothing, question(lambda node, _: charter_views.relations(node))),
    "chapters": Action(Nothing, question(lambda node, _: charter_views.chapters(node))),
    "winddown": Action(WindDownArgs, question(lambda node, a: wind_downs(node, a.member))),
    "competent": Action(Nothing, question(lambda node, _: views.competent(node))),
    "reservations": Action(Nothing, question(lambda node, _: views.reservations(node))),
    "documents": Action(Nothing, question(lambda node, _: {
        name: revision.hex() for name, revision in node.agreement.documents.items()})),
    "may": Action(MayArgs, question(_may)),
}
