"""The files of items: which there are, what a desk may see of them, and what of their chunks is to be kept here.

Rules
1. A chunk is kept for a file of an item that this node holds or gave and has not deleted, for a file that waits for a
   second person, and for one that is being sealed; every other is dropped (``swept``). So purge, recall, deletion in
   time and legal holds of an item reach its files.
2. A desk sees of a file what it may see of the item's text. It is given the bytes once every chunk is here, they open,
   and digest, length and type are what the sheet says; until then it is given none.
3. A file is written out by a person who asks for it, never shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from hamsaya.base.errors import OperatorError, PeerError, PolicyRefusal
from hamsaya.cases.filetypes import Inspector
from hamsaya.cases.item_fold import is_deleted
from hamsaya.cases.records import Attached, AttachmentView
from hamsaya.cases.types import (
    CaseView,
    Item,
)
from hamsaya.messages.attachments import Attach, Sheet
from hamsaya.node import prepared
from hamsaya.node.core import Node
from hamsaya.node.items import desk_of, find, permitted
from hamsaya.node.sheets import open_chunk, sheet_of
from hamsaya.ports.chunks import ChunkStore


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose sheet is open here: all that is needed to read its chunks."""

    names: tuple[str, str, str]
    sheet: Sheet
    chunks: tuple[bytes, ...]

    def piece(self, chunks: ChunkStore, index: int) -> bytes:
        """Return one piece of the file.

        Raises:
            OperatorError: its chunk is not here (``incomplete``).
            PeerError: it does not open.
        """
        sealed = chunks.get(self.chunks[index])
        if sealed is None:
            raise OperatorError(f"chunk {index + 1} of {len(self.chunks)} is not here; fetch it: hamsaya case fetch",
                                code="incomplete")
        return open_chunk(self.sheet.key, self.names, index, index == len(self.chunks) - 1, sealed)

    def check(self, chunks: ChunkStore) -> None:
        """Return when the whole file is what its sheet says; memory holds one chunk at a time.

        Raises:
            PolicyRefusal: its bytes are of another type, or of none on the list.
            PeerError: digest or length differ (``wrong-file``), or a chunk does not open.
        """
        look, hashed, size = Inspector(), hashlib.sha256(), 0
        for index in range(len(self.chunks)):
            piece = self.piece(chunks, index)
            look.update(piece)
            hashed.update(piece)
            size += len(piece)
        look.verdict(self.sheet.type).require()
        if size != self.sheet.size or hashed.digest() != self.sheet.digest:
            raise PeerError("the file is not the one that its sheet names", code="wrong-file")


def locate(node: Node, case: str, item: str, attachment: str) -> tuple[Item, Attached | Attach]:
    """Return a file and its item, also one that still waits here for a second person.

    Raises:
        OperatorError: no such item or file (``unknown-item``, ``unknown-attachment``), or its item is deleted here
            (``deleted``).
    """
    known = find(node, case, item)
    names = (case, item, attachment)
    waiting = (body for at, body in _waiting(node) if (at, body.item, body.attachment) == names)
    found = next((each for each in known.attachments if each.attachment == attachment), None) or next(waiting, None)
    if found is None:
        raise OperatorError(f"this node knows no file {attachment} of {item}; see: hamsaya case show {case}",
                            code="unknown-attachment")
    if is_deleted(known, node.own):
        raise OperatorError(f"{item} is deleted here, and its files with it", code="deleted")
    return known, found


def opened(node: Node, case: str, item: str, attachment: str, desk: str | None = None) -> Opened:
    """Return a file for a desk that may see it.

    Raises:
        PolicyRefusal: the item's caveats keep it from this desk.
        OperatorError: as ``locate``, or the sheet is locked here (``locked``).
    """
    known, found = locate(node, case, item, attachment)
    permitted(node, known, "show", desk_of(node, desk)).require()
    sheet = sheet_of(node, known, found)
    if sheet is None:
        raise OperatorError(f"{attachment} is locked until a named person here accepts the conditions of its item: "
                            f"hamsaya case accept {case} {item}", code="locked")
    return Opened((case, item, attachment), sheet, tuple(found.chunks))


def shown(node: Node, chunks: ChunkStore | None, item: Item, desk: str | None = None) -> tuple[AttachmentView, ...]:
    """Return the files of ``item`` as a desk may see them."""
    decision = permitted(node, item, "show", desk_of(node, desk))
    return tuple(_shown(node, chunks, item, each, "" if decision.allowed else decision.code)
                 for each in item.attachments)


def summary(node: Node, case: str, body: Attach) -> dict[str, str | int]:
    """Return what a person who releases a file must know of it before it leaves."""
    sheet = sheet_of(node, find(node, case, body.item), body)
    known: dict[str, str | int] = {} if sheet is None else {"file": sheet.file, "type": sheet.type, "size": sheet.size,
                                                            "sha256": sheet.digest.hex()}
    locked = "until the conditions are accepted" if body.locked is not None else "no"
    return {"item": body.item, "attachment": body.attachment, **known, "locked": locked,
            "look_at_it": f"hamsaya case fetch {case} {body.item} {body.attachment}"}


def with_files(node: Node, chunks: ChunkStore | None, view: CaseView, desk: str | None = None) -> CaseView:
    """Return a case as ``items`` shows it to a desk, with the files of its items."""
    items = node.state.cases.items
    shown_ = [msgspec.structs.replace(
        each, attachments=shown(node, chunks, items[each.item.case, each.item.item], desk)) for each in view.items]
    return msgspec.structs.replace(view, items=shown_)


def _shown(node: Node, chunks: ChunkStore | None, item: Item, each: Attached, withheld: str) -> AttachmentView:
    sheet: Sheet | None = None
    if not withheld:
        try:
            sheet = sheet_of(node, item, each)
            withheld = "" if sheet is not None else "deleted" if is_deleted(item, node.own) else "locked"
        except (PeerError, PolicyRefusal) as error:
            withheld = error.code
    held = sum(chunks.has(digest) for digest in each.chunks) if chunks is not None else 0
    return AttachmentView(
        attachment=each.attachment, at=each.at, file=sheet.file if sheet else None,
        type=sheet.type if sheet else None, size=sheet.size if sheet else None,
        digest=sheet.digest if sheet else None, chunks=len(each.chunks), held=held, sealed_bytes=each.sealed_bytes,
        withheld=withheld,
    )


# --- What is kept -----------------------------------------------------------------------------------------


def wanted(node: Node) -> set[bytes]:
    """Return the digests of all chunks that this node has a reason to keep, by rule 1, but for those being sealed."""
    found = {digest for _, body in _waiting(node) for digest in body.chunks}
    for _, item in node.state.cases.items.items():
        if item.attachments and not is_deleted(item, node.own) and node.own in (item.originator, *item.holders):
            found.update(digest for each in item.attachments for digest in each.chunks)
    return found


def swept(chunks: ChunkStore, there: Iterable[bytes], keep: set[bytes]) -> int:
    """Drop whatever of ``there`` is not to be kept; return how many chunks.

    ``there`` is read before ``keep``: what is put in between is not touched.
    """
    gone = [digest for digest in there if digest not in keep]
    for digest in gone:
        chunks.drop(digest)
    return len(gone)


def _waiting(node: Node) -> Iterator[tuple[str | None, Attach]]:
    return ((each.draft.case, each.draft.body) for each in prepared.waiting_here(node)
            if isinstance(each.draft.body, Attach))
