"""What the operator of a node asks: its state, its peers, its keys, its couriers."""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.node import views
from hamsaya.node.actions.table import Action, Args, Limit, MemberArgs, Nothing, question
from hamsaya.node.recipients import stop_outbox
from hamsaya.node.service import Service
from hamsaya.node.writer import Act


class PeerArgs(Args, frozen=True):
    """A card and the fingerprint the operator compared."""

    card: bytes
    fingerprint: str


class FileArgs(Args, frozen=True):
    """A courier file's content."""

    content: bytes


class CourierView(msgspec.Struct, frozen=True, kw_only=True):
    """What a courier file brought, and the file to carry back (or to carry there)."""

    received: int
    settled: int
    refused: int
    waiting: int
    content: bytes


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
    "status": Action(Nothing, question(lambda node, _: views.status(node))),
    "peers": Action(Nothing, question(lambda node, _: views.peers(node))),
    "outbox": Action(Limit, question(lambda node, a: views.outbox(node, a.limit))),
    "stop-outbox": Action(Nothing, _stop_outbox),
    "add-peer": Action(PeerArgs, _add_peer),
    "rotate-keys": Action(Nothing, _rotate),
    "courier-export": Action(MemberArgs, _export_courier),
    "courier-import": Action(FileArgs, _import_courier),
}
