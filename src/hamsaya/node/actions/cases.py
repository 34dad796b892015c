"""Cases as a desk of this node may see them, their figures, and the hotline."""

from __future__ import annotations

from hamsaya.cases import hotline
from hamsaya.cases import views as cases_views
from hamsaya.cases.types import CaseView
from hamsaya.messages.kinds import Ref
from hamsaya.node import attachments, items, release
from hamsaya.node.actions.sending import SendArgs, draft_of
from hamsaya.node.actions.table import Action, Args, Nothing, question
from hamsaya.node.case_figures import pair_figures
from hamsaya.node.core import Node
from hamsaya.node.service import Service


class CaseArgs(Args, frozen=True):
    """One case, as one desk of this node may see it; the liaison desk without one."""

    case: Ref
    desk: str | None = None


class ItemArgs(Args, frozen=True):
    """One item, as one desk of this node may see it."""

    case: Ref
    item: Ref
    desk: str | None = None


class FiguresArgs(Args, frozen=True):
    """A period, ``since <= t < until`` in UTC milliseconds."""

    since: int
    until: int


async def _cases(service: Service, args: Nothing) -> list[CaseView]:
    chunks = service.chunks
    return await service.ask(lambda node: [attachments.with_files(node, chunks, view) for view in items.cases(node)])


async def _case(service: Service, args: CaseArgs) -> CaseView | None:
    def ask(node: Node) -> CaseView | None:
        view = items.case(node, args.case, args.desk)
        return None if view is None else attachments.with_files(node, service.chunks, view, args.desk)

    return await service.ask(ask)


ACTIONS: dict[str, Action] = {
    "cases": Action(Nothing, _cases),
    "case": Action(CaseArgs, _case),
    "caveats": Action(release.CaveatsArgs, question(lambda node, a: release.caveats_from(node, a))),
    "preview": Action(SendArgs, question(lambda node, a: release.preview_answer(node, draft_of(node, a)))),
    "receipts": Action(ItemArgs, question(lambda node, a: items.receipts(node, a.case, a.item))),
    "export": Action(ItemArgs, question(lambda node, a: items.export(node, a.case, a.item, a.desk))),
    "inbox": Action(Nothing, question(lambda node, _: cases_views.inbox(
        node.state.cases, node.own, node.clock.now(), node.agreement.annexes(node.state.charter)))),
    "hotline": Action(Nothing, question(lambda node, _: hotline.notices(node.state.hotline, node.clock.now()))),
    "case-raises": Action(Nothing, question(lambda node, _: cases_views.raises(node.state.cases))),
    "case-figures": Action(FiguresArgs, question(lambda node, a: pair_figures(node, a.since, a.until))),
}
