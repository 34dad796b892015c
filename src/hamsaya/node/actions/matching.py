"""Hit/no-hit between nodes: sets built, published and fetched; probes asked and answered; audits; the UN list."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.messages.kinds import Member, Ref
from hamsaya.node import listing, match_audits, match_probes, match_sets, match_views
from hamsaya.node.actions.sending import SendArgs, SentView, draft_of, say, sent_view
from hamsaya.node.actions.table import Action, Args, MemberArgs, Nothing, question
from hamsaya.node.core import Node
from hamsaya.node.hit_no_hit import read_set_bytes, set_bytes
from hamsaya.node.listing import ListedView, ListingView
from hamsaya.node.match_fetch import BuiltView, build
from hamsaya.node.match_probes import ProbeJob, prepared_secrets
from hamsaya.node.match_sets import Part
from hamsaya.node.match_views import AnswerView
from hamsaya.node.service import Service
from hamsaya.node.writer import Act


class BuildArgs(Args, frozen=True):
    """A file of records on the node's own machine, and how to build its set."""

    path: str
    fresh: bool = False
    workers: int = 1
    cap: int = 5


class ProbeArgs(SendArgs, frozen=True):
    """A signed probe with the secrets it was made with, as JSON values (bytes as base64)."""

    secrets: list[dict[str, object]] = []


class ProbeRef(Args, frozen=True):
    """One probe that waits here, by its reference, and by its asker where several have used it."""

    probe: Ref
    querier: Member | None = None


class FollowedArgs(Args, frozen=True):
    """The request that follows up the hit at one place of an own probe."""

    probe: Ref
    place: int
    request: Ref


class ByHandArgs(Args, frozen=True):
    """Whether probes are answered by hand."""

    by_hand: bool


class ContentArgs(Args, frozen=True):
    """A file's content."""

    content: bytes


class AuditArgs(Args, frozen=True):
    """Whom to audit, over which past period, and how many inputs to open."""

    of: Member
    first: int
    last: int
    openings: int | None = None
    audit: Ref | None = None


class References(Args, frozen=True):
    """Permanent reference numbers of the UN list."""

    references: list[str]


class PartView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a set has come."""

    owner: str
    epoch: int
    edition: str
    buckets_here: int
    complete: bool


class SetView(msgspec.Struct, frozen=True, kw_only=True):
    """A set as a file's content."""

    owner: str
    epoch: int
    content: bytes


async def _build(service: Service, args: BuildArgs) -> BuiltView:
    path = Path(args.path)
    if not path.is_file() or args.workers < 1 or args.cap < 1:
        raise OperatorError(f"expected a readable CSV file, received {path}", code="no-file")
    return await build(service.writer, path, fresh=args.fresh, workers=args.workers, cap=args.cap)


async def _probe(service: Service, args: ProbeArgs) -> SentView:
    draft = await service.ask(lambda node: draft_of(node, args))
    sent = await service.writer.call(ProbeJob(draft, prepared_secrets(args.secrets)))
    await service.dispatcher.notify()
    return sent_view(sent)


async def _answer(service: Service, args: ProbeRef) -> list[SentView]:
    return await say(service, lambda node: [
        match_probes.answer_to(node, match_probes.find_waiting(node, args.probe, args.querier))])


async def _answers(service: Service, args: Nothing) -> list[AnswerView]:
    await service.writer.call(Act(match_probes.read_answers))
    return await service.ask(match_views.answers)


async def _followed(service: Service, args: FollowedArgs) -> dict[str, str]:
    await service.writer.call(Act(lambda node: match_probes.note_request(node, args.probe, args.place, args.request)))
    return {"request": args.request}


async def _by_hand(service: Service, args: ByHandArgs) -> dict[str, bool]:
    await service.writer.call(Act(lambda node: match_probes.set_by_hand(node, args.by_hand)))
    return {"by_hand": args.by_hand}


async def _fetch(service: Service, args: Nothing) -> list[PartView]:
    return [_part(each) for each in await service.fetch_sets()]


async def _take(service: Service, args: ContentArgs) -> PartView:
    published = read_set_bytes(args.content)
    part: Part = await service.writer.call(Act(lambda node: match_sets.take_whole(node, published)))
    await service.writer.call(Act(match_probes.read_answers))
    return _part(part)


async def _audit(service: Service, args: AuditArgs) -> list[SentView]:
    found = await service.ask(lambda node: match_audits.audit_draft(
        node, args.of, args.first, args.last, count=args.openings, audit=args.audit))
    return await say(service, lambda node: [] if found is None else [found])


async def _load_list(service: Service, args: ContentArgs) -> ListingView:
    return await service.load_list(args.content)


def _part(part: Part) -> PartView:
    return PartView(owner=part.owner, epoch=part.epoch, edition=part.edition.hex(), buckets_here=part.held,
                    complete=part.complete)


def _set_of(node: Node, member: str) -> SetView:
    found = match_sets.whole(node, member)
    return SetView(owner=member, epoch=found.epoch, content=set_bytes(found))


def _listed(node: Node, references: list[str]) -> list[ListedView]:
    return [listing.listed_view(node, each) for each in references]


ACTIONS: dict[str, Action] = {
    "match-build": Action(BuildArgs, _build),
    "match-unpublished": Action(Nothing, question(lambda node, _: match_sets.own_unpublished(node))),
    "match-notice": Action(MemberArgs, question(lambda node, a: match_probes.notice_for(node, a.member))),
    "match-probe": Action(ProbeArgs, _probe),
    "match-waiting": Action(ProbeRef, question(lambda node, a: match_probes.find_waiting(node, a.probe, a.querier))),
    "match-answer": Action(ProbeRef, _answer),
    "match-answers": Action(Nothing, _answers),
    "match-followed": Action(FollowedArgs, _followed),
    "match-by-hand": Action(ByHandArgs, _by_hand),
    "match-fetch": Action(Nothing, _fetch),
    "match-take": Action(ContentArgs, _take),
    "match-set": Action(MemberArgs, question(lambda node, a: _set_of(node, a.member))),
    "match-status": Action(Nothing, question(lambda node, _: match_views.status(node))),
    "match-audit": Action(AuditArgs, _audit),
    "match-audits": Action(Nothing, question(lambda node, _: match_views.audits(node))),
    "list-load": Action(ContentArgs, _load_list),
    "list": Action(Nothing, question(lambda node, _: listing.listing_view(node))),
    "listed": Action(References, question(lambda node, a: _listed(node, a.references))),
}
