"""Oversight as a node may ask of it: headers, findings, statistics, draws, legal acts, freezes, notices."""

from __future__ import annotations

from hamsaya.messages.kinds import Instant, Member, Ref
from hamsaya.node import notice_dates
from hamsaya.node.actions.sending import SentView, say
from hamsaya.node.actions.table import Action, Args, Nothing, question
from hamsaya.node.oversight import draws, legal, reporting, views
from hamsaya.node.oversight.statistics import statistics
from hamsaya.node.send import Draft
from hamsaya.node.service import Service


class HeadersArgs(Args, frozen=True):
    """Of one member's log or of one case, else of all; the latest ``limit``."""

    limit: int = 100
    member: Member | None = None
    case: Ref | None = None


class PeriodArgs(Args, frozen=True):
    """A period, ``since <= t < until`` in UTC milliseconds; with small counts left out for an ``export``."""

    since: Instant
    until: Instant
    export: bool = False


class ActArgs(Args, frozen=True):
    """One legal act of this node's own."""

    act: Ref


class CaseRefArgs(Args, frozen=True):
    """One case."""

    case: Ref


class AgainArgs(Args, frozen=True):
    """The leaf from which on this node's log is reported again."""

    first: int


class ComparisonArgs(Args, frozen=True):
    """What was seen pass between a member that this node oversees and another, in a period."""

    overseen: Member
    other: Member
    since: Instant
    until: Instant


class DateArgs(Args, frozen=True):
    """The day of notice for a case that is to be opened, UTC milliseconds."""

    case: Ref
    date: Instant


async def _again(service: Service, args: AgainArgs) -> list[SentView]:
    return await say(service, lambda node: [Draft(body, told) for body, told in reporting.again(node, args.first)])


ACTIONS: dict[str, Action] = {
    "oversight-headers": Action(HeadersArgs, question(lambda node, a: views.headers(node, a.limit, a.member, a.case))),
    "oversight-streams": Action(Nothing, question(lambda node, _: views.streams(node))),
    "oversight-findings": Action(Nothing, question(lambda node, _: views.findings(node))),
    "oversight-statistics": Action(PeriodArgs, question(
        lambda node, a: statistics(node, a.since, a.until, export=a.export))),
    "oversight-draws": Action(Nothing, question(lambda node, _: draws.draws(node))),
    "oversight-acts": Action(Nothing, question(lambda node, _: legal.acts(node))),
    "oversight-contents": Action(ActArgs, question(lambda node, a: legal.contents(node, a.act))),
    "oversight-frozen": Action(Nothing, question(lambda node, _: views.frozen(node))),
    "oversight-participants": Action(CaseRefArgs, question(lambda node, a: views.participants(node, a.case))),
    "oversight-openings": Action(CaseRefArgs, question(lambda node, a: views.openings(node, a.case))),
    "oversight-told": Action(Nothing, question(lambda node, _: views.telling(node))),
    "oversight-again": Action(AgainArgs, _again),
    "oversight-comparison": Action(ComparisonArgs, question(
        lambda node, a: views.comparison(node, a.overseen, a.other, a.since, a.until))),
    "oversight-compared": Action(Nothing, question(lambda node, _: views.compared(node))),
    "notices": Action(Nothing, question(lambda node, _: views.notices(node))),
    "seal-notice": Action(DateArgs, question(lambda node, a: notice_dates.seal_date(node, a.case, a.date))),
}
