"""This node's log: its rows, its proofs, its witnesses."""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.messages.kinds import Member
from hamsaya.node import views
from hamsaya.node.actions.table import Action, Args, Limit, Nothing, question
from hamsaya.node.core import Node
from hamsaya.node.logview import audit, prove
from hamsaya.node.service import Service
from hamsaya.node.witnessing import witness_policy
from hamsaya.translog.checkpoint import Checkpoint


class LogArgs(Args, frozen=True):
    """Whose log; this node's own without it."""

    member: Member | None = None


class ProveArgs(Args, frozen=True):
    """One message by its id, 32 hex digits."""

    message_id: str


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


ACTIONS: dict[str, Action] = {
    "log": Action(Limit, question(lambda node, a: views.log_rows(node, a.first, a.limit))),
    "refusals": Action(Limit, question(lambda node, a: views.refusals(node, a.limit))),
    "checkpoint": Action(Nothing, question(lambda node, _: views.checkpoint(node))),
    "prove": Action(ProveArgs, question(_prove)),
    "audit": Action(Nothing, question(_audit)),
    "policy": Action(LogArgs, question(lambda node, a: {"policy": witness_policy(node, a.member or node.own)})),
    "cosign": Action(Nothing, _cosign),
}
