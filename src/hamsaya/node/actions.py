"""Everything an operator or officer may ask of a running node, in one table: name, arguments, result.

The command line, the control API and the console all go through here. An action is either a question on committed
state or an act through the service; what is said to others always leaves through the send pipeline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.cases import hotline
from hamsaya.cases import views as cases_views
from hamsaya.compliance import views as compliance_views
from hamsaya.linkage import views as linkage_views
from hamsaya.messages.acts import PersonAct, PersonRole
from hamsaya.messages.charter import ProposalRef
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, Member, Ref, body_from_plain, encode_body, kind_of, schema
from hamsaya.messages.monitor import Month
from hamsaya.messages.persons import EndReason
from hamsaya.monitor import picture as pictures
from hamsaya.monitor.types import Pooled, TableRow
from hamsaya.node import charter_views, enrolment, items, release, views
from hamsaya.node.case_figures import pair_figures
from hamsaya.node.core import Node
from hamsaya.node.enrolment import Enrolment
from hamsaya.node.handlers import OWN
from hamsaya.node.logview import audit, prove
from hamsaya.node.prepared import ApproveJob, Prepared, PrepareJob, discard, waiting_here
from hamsaya.node.recipients import everybody, spelt_out, stop_outbox
from hamsaya.node.send import Draft, Sent, completed, preview
from hamsaya.node.service import Service
from hamsaya.node.signers import seats_of
from hamsaya.node.winddown import wind_downs
from hamsaya.node.witnessing import witness_policy
from hamsaya.node.writer import Act
from hamsaya.translog.checkpoint import Checkpoint


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Arguments of an action; unknown ones are refused."""


class Nothing(Args, frozen=True):
    """No arguments."""


class Signature(Args, frozen=True):
    """One person's signature on a message."""

    person: Ref
    role: PersonRole
    kid: bytes
    signature: bytes


class SendArgs(Args, frozen=True):
    """A message: its kind, its body as JSON values (bytes as base64), whom it goes to ("all" for every party the
    clause may reach), and who has signed it."""

    kind: str
    body: dict[str, Any]
    to: list[str] = []
    instrument: Ref | None = None
    case: Ref | None = None
    acts: list[Signature] = []


class EnrolArgs(Args, Enrolment, frozen=True):
    """A person of this node's staff; the public key is the person's own."""


class RekeyArgs(Args, frozen=True):
    """A fresh key for an enrolled person."""

    person: Ref
    public: bytes
    days: int = 365


class EndArgs(Args, frozen=True):
    """The end of a person's credentials."""

    person: Ref
    reason: EndReason


class DiscloseArgs(Args, frozen=True):
    """Whose name an oversight body is told."""

    person: Ref
    to: Member


class NumberArgs(Args, frozen=True):
    """One prepared message."""

    number: int


class ApproveArgs(Args, frozen=True):
    """One prepared message and the signature that was missing."""

    number: int
    act: Signature


class Limit(Args, frozen=True):
    """How many rows, and from where."""

    first: int = 0
    limit: int = 100


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


class PeriodArgs(Args, frozen=True):
    """A period in months, both ends included (without one: from the first to the last month reported), and how many
    table rows."""

    first: Month | None = None
    last: Month | None = None
    limit: int = 50
    cells: bool = False


class MayArgs(Args, frozen=True):
    """A question to the charter: may this node send ``kind`` to these?"""

    kind: str
    to: list[str] = []
    instrument: Ref | None = None
    case: Ref | None = None


class LogArgs(Args, frozen=True):
    """Whose log; this node's own without it."""

    member: Member | None = None


class MemberArgs(Args, frozen=True):
    """One member."""

    member: Member


class WindDownArgs(Args, frozen=True):
    """One party to settle with; without it each that leaves or has left."""

    member: Member | None = None


class ProposalArgs(Args, frozen=True):
    """One proposal by its reference."""

    proposal: ProposalRef


class ProveArgs(Args, frozen=True):
    """One message by its id, 32 hex digits."""

    message_id: str


class PeerArgs(Args, frozen=True):
    """A card and the fingerprint the operator compared."""

    card: bytes
    fingerprint: str


class FileArgs(Args, frozen=True):
    """A courier file's content."""

    content: bytes


class SentView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is durable and on its way, and the clauses that let it."""

    message_id: str
    index: int
    kind: str
    recipients: list[str]
    reasons: list[str]
    obligations: list[str]


class ExplainView(msgspec.Struct, frozen=True, kw_only=True):
    """May this be sent? With the clauses that make it so, who must sign it, and the very bytes that they sign.

    ``seats`` are the roles that may take each seat, in order; ``body`` is the body's CBOR.
    """

    allowed: bool
    code: str
    reasons: list[str]
    obligations: list[str]
    recipients: list[str]
    seats: list[list[str]] = []
    federation: str = ""
    instrument: str = ""
    case: str | None = None
    body: bytes = b""


class PreparedView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for a person: what it says, to whom, who has signed, and what would be decided now."""

    number: int
    at: int
    kind: str
    content: dict[str, Any]
    signed: list[str]
    missing: list[list[str]]
    explained: ExplainView


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


class ProofView(msgspec.Struct, frozen=True, kw_only=True):
    """The tlog-proof of one leaf, as text, the statement it commits to, and the receipts that receivers gave."""

    message_id: str
    index: int
    role: str
    proof: str
    statement: bytes
    receipts: dict[str, str]


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """A log that holds: origin, cosigned size, root, and who cosigned."""

    origin: str
    size: int
    root: str
    witnesses: list[str]


class CourierView(msgspec.Struct, frozen=True, kw_only=True):
    """What a courier file brought, and the file to carry back (or to carry there)."""

    received: int
    settled: int
    refused: int
    waiting: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Action:
    """One entry: the type of the arguments and what to do with them."""

    args: type[msgspec.Struct]
    run: Callable[[Service, Any], Awaitable[Any]]


def _question(ask: Callable[[Node, Any], Any]) -> Callable[[Service, Any], Awaitable[Any]]:
    async def run(service: Service, args: Any) -> Any:
        return await service.ask(lambda node: ask(node, args))

    return run


def draft_of(node: Node, args: SendArgs) -> Draft:
    """Return the draft that ``args`` describe, with "all" spelt out."""
    body = body_from_plain(args.kind, args.body)
    acts = tuple(_act(each) for each in args.acts)
    return Draft(body, spelt_out(node, args.kind, args.to), args.instrument, args.case, acts=acts)


def _act(args: Signature) -> PersonAct:
    return PersonAct(args.person, args.role, args.kid, args.signature)


def _sentences(decision: Any) -> list[str]:
    return [f"{reason.text} [{reason.ref}]" for reason in decision.reasons]


async def _send(service: Service, args: SendArgs) -> SentView:
    return _sent(await service.send(await service.ask(lambda node: draft_of(node, args))))


def _sent(sent: Sent) -> SentView:
    return SentView(
        message_id=sent.message_id.hex(), index=sent.index, kind=sent.kind, recipients=list(sent.recipients),
        reasons=_sentences(sent.decision), obligations=sorted(sent.decision.obligations),
    )


def explained(node: Node, draft: Draft) -> ExplainView:
    """Return what would be decided on ``draft`` now, whoever has still to sign it."""
    draft = completed(node, draft)
    event, decision = preview(node, draft, prepared=True)
    return ExplainView(
        allowed=decision.allowed, code=decision.code, reasons=_sentences(decision),
        obligations=sorted(decision.obligations), recipients=list(event.recipients),
        seats=[list(seat) for seat in seats_of(event.kind)], federation=node.agreement.federation,
        instrument=event.instrument, case=event.case, body=encode_body(draft.body),
    )


async def _prepare(service: Service, args: SendArgs) -> PreparedView:
    kept: Prepared = await service.writer.call(PrepareJob(await service.ask(lambda node: draft_of(node, args))))
    return await service.ask(lambda node: prepared_view(node, kept))


def prepared_view(node: Node, kept: Prepared) -> PreparedView:
    """Return the panel on which a second person decides: kind, recipients, what it says, which clauses let it."""
    draft, kind = kept.draft, kind_of(kept.draft.body)
    return PreparedView(
        number=kept.number, at=kept.at, kind=kind, content=msgspec.to_builtins(draft.body),
        signed=[f"{act.person} ({act.role})" for act in draft.acts],
        missing=[list(seat) for seat in seats_of(kind)[len(draft.acts):]], explained=explained(node, draft),
    )


async def _approve(service: Service, args: ApproveArgs) -> SentView:
    sent: Sent = await service.writer.call(ApproveJob(args.number, _act(args.act)))
    await service.dispatcher.notify()
    return _sent(sent)


async def _discard(service: Service, args: NumberArgs) -> dict[str, int]:
    await service.writer.call(Act(lambda node: discard(node, args.number)))
    return {"discarded": args.number}


async def _say(service: Service, drafts: Callable[[Node], list[Draft]]) -> list[SentView]:
    return [_sent(await service.send(draft)) for draft in await service.ask(drafts)]


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
        allowed=decision.allowed, code=decision.code, reasons=_sentences(decision),
        obligations=sorted(decision.obligations), recipients=list(event.recipients),
    )


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
                    recipients=list(sent.recipients), reasons=_sentences(sent.decision), obligations=[])


def _prove(node: Node, args: ProveArgs) -> ProofView:
    try:
        message_id = bytes.fromhex(args.message_id)
    except ValueError:
        raise PeerError("expected a message id of 32 hex digits; see: hamsaya log show", code="bad-id") from None
    rows = node.store.find_journal(message_id)
    if not rows:
        raise OperatorError("this node's log has no such message; see: hamsaya log show", code="unknown-message")
    row = rows[0]
    receipts = {
        recipient.member: receipt.decode()
        for recipient in row.header.rcp
        if row.role == "sent" and (receipt := node.store.receipt(recipient.member, message_id))
    }
    return ProofView(message_id=args.message_id, index=row.index, role=row.role, proof=prove(node, row).decode(),
                     statement=row.statement, receipts=receipts)


def _audit(node: Node, args: Nothing) -> AuditView:
    checkpoint: Checkpoint = audit(node)
    return AuditView(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex(),
                     witnesses=sorted(node.store.cosignatures(checkpoint.size)))


async def _cosign(service: Service, args: Nothing) -> dict[str, int]:
    return await service.cosign()


async def _rotate(service: Service, args: Nothing) -> dict[str, int]:
    return {"made": await service.rotate_keys()}


async def _add_peer(service: Service, args: PeerArgs) -> dict[str, str]:
    return {"member": await service.add_peer(args.card, args.fingerprint)}


async def _stop_outbox(service: Service, args: Nothing) -> dict[str, int]:
    return {"stopped": await service.writer.call(Act(stop_outbox))}


async def _export_courier(service: Service, args: MemberArgs) -> CourierView:
    if args.member == service.node.own or args.member not in service.node.agreement.charter.members:
        raise OperatorError("expected another party of the charter; see: hamsaya node peers list",
                            code="unknown-member")
    bundle = await service.export_courier(args.member)
    return CourierView(received=0, settled=0, refused=0, waiting=len(bundle.envelopes), content=bundle.encode())


async def _import_courier(service: Service, args: FileArgs) -> CourierView:
    carried, back = await service.import_courier(args.content)
    return CourierView(received=carried.received, settled=carried.settled, refused=carried.refused,
                       waiting=carried.waiting, content=back.encode())


ACTIONS: dict[str, Action] = {
    "status": Action(Nothing, _question(lambda node, _: views.status(node))),
    "peers": Action(Nothing, _question(lambda node, _: views.peers(node))),
    "instruments": Action(Nothing, _question(lambda node, _: views.instruments(node))),
    "log": Action(Limit, _question(lambda node, a: views.log_rows(node, a.first, a.limit))),
    "refusals": Action(Limit, _question(lambda node, a: views.refusals(node, a.limit))),
    "outbox": Action(Limit, _question(lambda node, a: views.outbox(node, a.limit))),
    "standings": Action(Nothing, _question(lambda node, _: views.standings(node))),
    "proposals": Action(Nothing, _question(lambda node, _: views.proposals(node))),
    "decisions": Action(Nothing, _question(lambda node, _: charter_views.decisions(node))),
    "decision": Action(ProposalArgs, _question(lambda node, a: charter_views.decision(node, a.proposal))),
    "relations": Action(Nothing, _question(lambda node, _: charter_views.relations(node))),
    "chapters": Action(Nothing, _question(lambda node, _: charter_views.chapters(node))),
    "winddown": Action(WindDownArgs, _question(lambda node, a: wind_downs(node, a.member))),
    "stop-outbox": Action(Nothing, _stop_outbox),
    "competent": Action(Nothing, _question(lambda node, _: views.competent(node))),
    "reservations": Action(Nothing, _question(lambda node, _: views.reservations(node))),
    "documents": Action(Nothing, _question(lambda node, _: {
        name: revision.hex() for name, revision in node.agreement.documents.items()})),
    "checkpoint": Action(Nothing, _question(lambda node, _: views.checkpoint(node))),
    "prove": Action(ProveArgs, _question(_prove)),
    "audit": Action(Nothing, _question(_audit)),
    "policy": Action(LogArgs, _question(lambda node, a: {"policy": witness_policy(node, a.member or node.own)})),
    "cosign": Action(Nothing, _cosign),
    "send": Action(SendArgs, _send),
    "explain": Action(SendArgs, _question(lambda node, a: explained(node, draft_of(node, a)))),
    "prepare": Action(SendArgs, _prepare),
    "prepared": Action(Nothing, _question(lambda node, _: [prepared_view(node, each) for each in waiting_here(node)])),
    "approve": Action(ApproveArgs, _approve),
    "discard": Action(NumberArgs, _discard),
    "persons": Action(Nothing, _question(lambda node, _: enrolment.views(node))),
    "enrol": Action(EnrolArgs, lambda service, a: _say(service, lambda node: enrolment.enrol(node, a))),
    "rekey": Action(RekeyArgs, lambda service, a: _say(service, lambda node: [
        enrolment.rekey(node, a.person, a.public, a.days)])),
    "end-person": Action(EndArgs, lambda service, a: _say(service, lambda node: [
        enrolment.end(node, a.person, a.reason)])),
    "disclose": Action(DiscloseArgs, lambda service, a: _say(service, lambda node: [
        enrolment.disclose(node, a.person, a.to)])),
    "may": Action(MayArgs, _question(_may)),
    "cases": Action(Nothing, _question(lambda node, _: items.cases(node))),
    "case": Action(CaseArgs, _question(lambda node, a: items.case(node, a.case, a.desk))),
    "caveats": Action(release.CaveatsArgs, _question(lambda node, a: release.caveats_from(node, a))),
    "preview": Action(SendArgs, _question(lambda node, a: release.preview_answer(node, draft_of(node, a)))),
    "receipts": Action(ItemArgs, _question(lambda node, a: items.receipts(node, a.case, a.item))),
    "export": Action(ItemArgs, _question(lambda node, a: items.export(node, a.case, a.item, a.desk))),
    "inbox": Action(Nothing, _question(lambda node, _: cases_views.inbox(
        node.state.cases, node.own, node.clock.now(), node.agreement.annexes(node.state.charter)))),
    "hotline": Action(Nothing, _question(lambda node, _: hotline.notices(node.state.hotline, node.clock.now()))),
    "case-raises": Action(Nothing, _question(lambda node, _: cases_views.raises(node.state.cases))),
    "case-figures": Action(FiguresArgs, _question(lambda node, a: pair_figures(node, a.since, a.until))),
    "picture": Action(PeriodArgs, _question(_picture)),
    "state-picture": Action(PeriodArgs, _state_picture),
    "commitments": Action(Nothing, _question(lambda node, _: compliance_views.commitments(
        node.state.compliance, node.clock.now()))),
    "tranches": Action(Nothing, _question(lambda node, _: linkage_views.tranches(node.state.linkage))),
    "add-peer": Action(PeerArgs, _add_peer),
    "rotate-keys": Action(Nothing, _rotate),
    "courier-export": Action(MemberArgs, _export_courier),
    "courier-import": Action(FileArgs, _import_courier),
}


async def perform(service: Service, name: str, arguments: bytes) -> bytes:
    """Run one action on JSON arguments and return its result as JSON.

    Raises:
        PeerError: no such action, or arguments that do not fit (``bad-arguments``).
        HamsayaError: whatever the action refuses.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise PeerError(f"expected one of {', '.join(sorted(ACTIONS))}", code="unknown-action")
    try:
        args = msgspec.json.decode(arguments or b"{}", type=action.args)
    except msgspec.DecodeError as error:
        raise PeerError(f"the arguments of {name} do not fit: {error}", code="bad-arguments") from None
    return msgspec.json.encode(await action.run(service, args))
