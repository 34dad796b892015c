"""The joint picture, and what follows from it: commitments and tranches."""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.compliance import views as compliance_views
from hamsaya.compliance.visits import Aim
from hamsaya.linkage import views as linkage_views
from hamsaya.messages.compliance import Publication
from hamsaya.messages.kinds import Ref
from hamsaya.messages.monitor import Month
from hamsaya.monitor import picture as pictures
from hamsaya.monitor.types import Pooled, TableRow
from hamsaya.node.actions.sending import SentView
from hamsaya.node.actions.table import Action, Args, Nothing, question, sentences
from hamsaya.node.core import Node
from hamsaya.node.indicators import indicator
from hamsaya.node.posteriors import posteriors, published
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft
from hamsaya.node.service import Service
from hamsaya.node.standing import standing
from hamsaya.node.visits import visits_of_node


class PeriodArgs(Args, frozen=True):
    """A period in months, both ends included (without one: from the first to the last month reported), and how many
    table rows."""

    first: Month | None = None
    last: Month | None = None
    limit: int = 50
    cells: bool = False


class PictureView(msgspec.Struct, frozen=True, kw_only=True):
    """The joint picture in short: its digest, its statuses and totals, its first rows, what others state."""

    first: str
    last: str
    digest: str
    cells: int
    coverage: str
    statuses: dict[str, int]
    totals: list[Pooled]
    rows: list[TableRow]
    stated: dict[str, bool]


def _period(node: Node, args: PeriodArgs) -> tuple[Month, Month]:
    reported = node.state.monitor.parts
    if not reported and not (args.first and args.last):
        raise OperatorError("nothing has been reported here yet; name a period", code="no-reports")
    first = args.first or min(first for _, first, _ in reported)
    last = args.last or max(last for _, _, last in reported)
    if first > last:
        raise OperatorError(f"expected a period that runs forward, received {first} to {last}", code="bad-period")
    return first, last


def _picture(node: Node, args: PeriodArgs) -> PictureView:
    first, last = _period(node, args)
    document = pictures.picture(node.state.monitor, node.agreement.areas, first, last)
    digest = pictures.digest(document)
    stated = {
        member: statement.picture.digest == digest
        for (member, *period), statement in node.state.monitor.statements.items()
        if period == [first, last]
    }
    return PictureView(
        first=first, last=last, digest=digest.hex(), cells=len(document.cells), coverage=document.coverage,
        statuses=document.statuses, totals=document.totals, rows=pictures.table(document, args.limit),
        stated=dict(sorted(stated.items())),
    )


async def _state_picture(service: Service, args: PeriodArgs) -> SentView:
    def draft(node: Node) -> Draft:
        document = pictures.picture(node.state.monitor, node.agreement.areas, *_period(node, args))
        return Draft(pictures.statement(document), tuple(everybody(node, "monitor.picture")))

    sent = await service.send(await service.ask(draft))
    return SentView(message_id=sent.message_id.hex(), index=sent.index, kind=sent.kind,
                    recipients=list(sent.recipients), reasons=sentences(sent.decision), obligations=[])


class CommitmentArgs(Args, frozen=True):
    """One commitment."""

    commitment: Ref


class VisitsArgs(Args, frozen=True):
    """What the visits are to achieve, and the least detection at every commitment."""

    aim: Aim = "average"
    floor: float = 0.0


class StatementArgs(Args, frozen=True):
    """One commitment, and who will read what is said of it."""

    commitment: Ref
    level: Publication


ACTIONS: dict[str, Action] = {
    "picture": Action(PeriodArgs, question(_picture)),
    "state-picture": Action(PeriodArgs, _state_picture),
    "commitments": Action(Nothing, question(lambda node, _: compliance_views.commitments(
        standing(node), node.clock.now()))),
    "indicator": Action(CommitmentArgs, question(lambda node, a: indicator(node, a.commitment))),
    "posteriors": Action(Nothing, question(lambda node, _: posteriors(node))),
    "visits": Action(VisitsArgs, question(lambda node, a: visits_of_node(node, a.aim, a.floor))),
    "statement": Action(StatementArgs, question(lambda node, a: published(node, a.commitment, a.level))),
    "tranches": Action(Nothing, question(lambda node, _: linkage_views.tranches(node.state.linkage))),
}
