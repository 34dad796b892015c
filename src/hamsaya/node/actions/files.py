"""Files of items: sealed piece by piece on their way in, fetched, checked, and given to a desk piece by piece.

A piece is at most a chunk long, so that neither side ever holds a whole file.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.messages.attachments import CHUNK_BYTES
from hamsaya.messages.kinds import Ref
from hamsaya.node import attachments
from hamsaya.node.actions.table import Action, Args
from hamsaya.node.attachments import Opened
from hamsaya.node.chunk_rules import Progress
from hamsaya.node.service import Service

Index = Annotated[int, msgspec.Meta(ge=0, lt=1 << 16)]


class FileArgs(Args, frozen=True):
    """One file of an item."""

    case: Ref
    item: Ref
    attachment: Ref

    @property
    def names(self) -> tuple[str, str, str]:
        """Case, item and file."""
        return self.case, self.item, self.attachment


class BeginArgs(FileArgs, frozen=True):
    """A file to be sealed: what it is called and how many bytes it has."""

    file: str
    size: int


class PieceArgs(FileArgs, frozen=True):
    """The next piece of it."""

    data: bytes


class FinishArgs(FileArgs, frozen=True):
    """Who gives it: one prepares, another releases."""

    prepared_by: Ref
    released_by: Ref


class FetchArgs(FileArgs, frozen=True):
    """How many chunks to bring at most."""

    most: Annotated[int, msgspec.Meta(ge=0, le=100)] = 8


class DeskArgs(FileArgs, frozen=True):
    """A file, for one desk of this node; the liaison desk without one."""

    desk: str | None = None


class ReadArgs(FileArgs, frozen=True):
    """One piece of a file, for one desk."""

    index: Index
    desk: str | None = None


class TakeArgs(FileArgs, frozen=True):
    """One sealed chunk that came by courier."""

    index: Index
    data: bytes


class GiveArgs(FileArgs, frozen=True):
    """One sealed chunk that goes by courier."""

    index: Index


class OpenedView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is whole and what its sheet says; ``pieces`` of it can be read."""

    file: str
    type: str
    size: int
    digest: bytes
    pieces: int


async def _begin(service: Service, args: BeginArgs) -> dict[str, int]:
    service.transfers.store()
    await service.ask(lambda node: service.stages.begin(node, args.names, args.file, args.size))
    return {"piece_bytes": CHUNK_BYTES}


async def _put(service: Service, args: PieceArgs) -> dict[str, int]:
    stage = service.stages.get(args.names)
    await asyncio.to_thread(stage.add, service.transfers.store(), args.data)
    return {"done": stage.done, "of": stage.size}


async def _finish(service: Service, args: FinishArgs) -> Any:
    return await service.ask(
        lambda node: service.stages.finish(node, args.names, args.prepared_by, args.released_by))


async def _fetch(service: Service, args: FetchArgs) -> Progress:
    return await service.transfers.fetch(*args.names, args.most)


async def _opened(service: Service, args: DeskArgs | ReadArgs) -> Opened:
    return await service.ask(lambda node: attachments.opened(node, *args.names, args.desk))


async def _open(service: Service, args: DeskArgs) -> OpenedView:
    found = await _opened(service, args)
    await asyncio.to_thread(found.check, service.transfers.store())
    service.checked.add(found.chunks)
    sheet = found.sheet
    return OpenedView(file=sheet.file, type=sheet.type, size=sheet.size, digest=sheet.digest,
                      pieces=len(found.chunks))


async def _read(service: Service, args: ReadArgs) -> dict[str, bytes]:
    found = await _opened(service, args)
    if found.chunks not in service.checked:
        raise OperatorError("the file has not been checked whole since this node started; open it first",
                            code="not-checked")
    if args.index >= len(found.chunks):
        raise OperatorError(f"expected a piece below {len(found.chunks)}", code="bad-arguments")
    return {"data": await asyncio.to_thread(found.piece, service.transfers.store(), args.index)}


async def _take(service: Service, args: TakeArgs) -> Progress:
    return await service.transfers.carried(*args.names, args.index, args.data)


async def _give(service: Service, args: GiveArgs) -> dict[str, bytes]:
    return {"data": await service.transfers.to_carry(*args.names, args.index)}


ACTIONS: dict[str, Action] = {
    "file-begin": Action(BeginArgs, _begin),
    "file-put": Action(PieceArgs, _put),
    "file-finish": Action(FinishArgs, _finish),
    "file-fetch": Action(FetchArgs, _fetch),
    "file-open": Action(DeskArgs, _open),
    "file-read": Action(ReadArgs, _read),
    "file-take": Action(TakeArgs, _take),
    "file-give": Action(GiveArgs, _give),
}
