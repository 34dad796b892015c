"""What a node says: shown beforehand, signed by persons, prepared for a second one, sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from hamsaya.messages.acts import PersonAct, PersonRole
from hamsaya.messages.attachments import Attach
from hamsaya.messages.kinds import Ref, body_from_plain, encode_body, kind_of
from hamsaya.node import attachments
from hamsaya.node.actions.table import Action, Args, Nothing, question, sentences
from hamsaya.node.core import Node
from hamsaya.node.prepared import ApproveJob, Prepared, PrepareJob, discard, waiting_here
from hamsaya.node.recipients import spelt_out
from hamsaya.node.send import Draft, Sent, completed, preview
from hamsaya.node.service import Service
from hamsaya.node.signers import seats_of
from hamsaya.node.writer import Act


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


class NumberArgs(Args, frozen=True):
    """One prepared message."""

    number: int


class ApproveArgs(Args, frozen=True):
    """One prepared message and the signature that was missing."""

    number: int
    act: Signature


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


def draft_of(node: Node, args: SendArgs) -> Draft:
    """Return the draft that ``args`` describe, with "all" spelt out."""
    body = body_from_plain(args.kind, args.body)
    acts = tuple(_act(each) for each in args.acts)
    return Draft(body, spelt_out(node, args.kind, args.to), args.instrument, args.case, acts=acts)


def _act(args: Signature) -> PersonAct:
    return PersonAct(args.person, args.role, args.kid, args.signature)


async def _send(service: Service, args: SendArgs) -> SentView:
    return sent_view(await service.send(await service.ask(lambda node: draft_of(node, args))))


def sent_view(sent: Sent) -> SentView:
    """Return what is shown of a message that was sent."""
    return SentView(
        message_id=sent.message_id.hex(), index=sent.index, kind=sent.kind, recipients=list(sent.recipients),
        reasons=sentences(sent.decision), obligations=sorted(sent.decision.obligations),
    )


def explained(node: Node, draft: Draft) -> ExplainView:
    """Return what would be decided on ``draft`` now, whoever has still to sign it."""
    draft = completed(node, draft)
    event, decision = preview(node, draft, prepared=True)
    return ExplainView(
        allowed=decision.allowed, code=decision.code, reasons=sentences(decision),
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
        number=kept.number, at=kept.at, kind=kind, content=_content(node, draft),
        signed=[f"{act.person} ({act.role})" for act in draft.acts],
        missing=[list(seat) for seat in seats_of(kind)[len(draft.acts):]], explained=explained(node, draft),
    )


def _content(node: Node, draft: Draft) -> dict[str, Any]:
    """Return what a draft says; a file as a person looks at it, without its key and digests of chunks."""
    plain: dict[str, Any] = msgspec.to_builtins(draft.body)
    if isinstance(draft.body, Attach):
        return {**attachments.summary(node, draft.case or "", draft.body),
                **{name: plain[name] for name in ("prepared_by", "released_by")}}
    return plain


async def _approve(service: Service, args: ApproveArgs) -> SentView:
    sent: Sent = await service.writer.call(ApproveJob(args.number, _act(args.act)))
    await service.dispatcher.notify()
    return sent_view(sent)


async def _discard(service: Service, args: NumberArgs) -> dict[str, int]:
    await service.writer.call(Act(lambda node: discard(node, args.number)))
    await service.sweep()
    return {"discarded": args.number}


async def say(service: Service, drafts: Callable[[Node], list[Draft]]) -> list[SentView]:
    """Send each message that ``drafts`` makes of committed state, in their order."""
    return [sent_view(await service.send(draft)) for draft in await service.ask(drafts)]


ACTIONS: dict[str, Action] = {
    "send": Action(SendArgs, _send),
    "explain": Action(SendArgs, question(lambda node, a: explained(node, draft_of(node, a)))),
    "prepare": Action(SendArgs, _prepare),
    "prepared": Action(Nothing, question(lambda node, _: [prepared_view(node, each) for each in waiting_here(node)])),
    "approve": Action(ApproveArgs, _approve),
    "discard": Action(NumberArgs, _discard),
}
