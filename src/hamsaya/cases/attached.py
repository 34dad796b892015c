"""May this file go with this item, and what is known of an item's files, folded.

Rules, in the order in which they are applied
1. it names its sealed chunks, as many as its bytes need, and no more bytes than fit in them
                                                                                   else ``no-text``, ``bad-sizes``
2. its sheet is locked where the item is, and in clear where it is not                          else ``not-locked``
3. what is in clear fits: as many chunks as its size needs, and its name ends as its type does
                                                                              else ``bad-sizes``, ``type-mismatch``
4. its reference is free, and the item has fewer than ``MOST`` files       else ``already-exists``, ``too-many-files``
5. one person prepared it and another released it                                              else ``two-persons``
6. it goes to all who hold the item and to nobody else                                   else ``recipient-outside``
7. before the day on which the item is deleted, and not once it is recalled   else ``past-deletion``, ``item-revoked``

A locked sheet is judged by rule 3 when it is opened, and every file by its bytes, before anybody is given it
(``node/attachments.py``). The audience of a file is that of its item; what an item is made of covers its files.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import to_text
from hamsaya.cases.filetypes import EXTENSIONS
from hamsaya.cases.lineage import recalled_at
from hamsaya.cases.records import Attached
from hamsaya.cases.types import (
    CasesState,
    Item,
)
from hamsaya.messages.attachments import CHUNK_BYTES, MAX_LAST_BYTES, TAG_BYTES, Attach, Sheet
from hamsaya.messages.event import Event

MOST = 8
"""Files of one item."""


def refusals(state: CasesState, event: Event, body: Attach, item: Item, keep_until: int) -> Iterator[Decision]:
    """Yield every rule that stands against giving the file of ``body`` with ``item``."""
    # 1. Chunks.
    if not body.chunks:
        yield refuse("no-text", "cases:attach", "a file names its chunks; only a deleted one lacks them")
    if not _fits(len(body.chunks), body.sealed_bytes):
        yield refuse("bad-sizes", "cases:attach", "the chunks named do not hold as many bytes as it says")
    # 2. and 3. The sheet.
    if (body.sheet is None) != (item.locked is not None) or (body.locked is None) != (item.locked is None):
        yield refuse("not-locked", "cases:attach", "the sheet is locked where the item is locked, and nowhere else")
    if body.sheet is not None and not (decision := fitting(body.sheet, len(body.chunks))).allowed:
        yield decision
    # 4. The reference.
    others = [each for each in item.attachments if each.attachment != body.attachment]
    if len(others) != len(item.attachments):
        yield refuse("already-exists", "cases:attach", "the reference names another file of this item")
    if len(others) >= MOST:
        yield refuse("too-many-files", "cases:attach", f"an item has at most {MOST} files")
    # 5. and 6.
    if body.prepared_by == body.released_by:
        yield refuse("two-persons", "cases:attach", "one person prepares a file and another releases it")
    if outside := set(event.recipients) - set(item.holders):
        text = f"{', '.join(sorted(outside))} does not hold the item"
        yield refuse("recipient-outside", "cases:attach", text)
    # 7. Its time.
    if event.issued_at >= keep_until:
        yield refuse("past-deletion", "cases:attach", f"the item was to be deleted by {to_text(keep_until)}")
    recalled = recalled_at(state, item)
    if recalled is not None and (recalled <= event.issued_at or event.sender == state.own):
        yield refuse("item-revoked", "cases:attach", "the item is recalled")


def _fits(chunks: int, sealed_bytes: int) -> bool:
    last = sealed_bytes - (chunks - 1) * (CHUNK_BYTES + TAG_BYTES)
    return chunks > 0 and TAG_BYTES < last <= MAX_LAST_BYTES


def fitting(sheet: Sheet, chunks: int) -> Decision:
    """Return whether a sheet fits ``chunks`` chunks and says one thing by its type and by the end of its name."""
    if -(-sheet.size // CHUNK_BYTES) != chunks:
        return refuse("bad-sizes", "cases:attach", f"{sheet.size} bytes are not {chunks} chunks")
    ending = sheet.file.rpartition(".")[2].lower()
    if EXTENSIONS.get(ending) != sheet.type:
        return refuse("type-mismatch", "cases:attach", f"a name that ends in .{ending[:8]} is not {sheet.type}")
    return permit("cases:attach", "sheet and chunks fit")


def added(known: tuple[Attached, ...], event: Event, body: Attach) -> tuple[Attached, ...]:
    """Return ``known`` with the file of ``body``, sorted."""
    mine = Attached(attachment=body.attachment, at=event.issued_at, chunks=tuple(body.chunks),
                    sealed_bytes=body.sealed_bytes, sheet=body.sheet, locked=body.locked,
                    officers=(body.prepared_by, body.released_by), message=event.message_id)
    return tuple(sorted((*known, mine), key=lambda each: (each.attachment, each.message)))


def emptied(known: tuple[Attached, ...]) -> tuple[Attached, ...]:
    """Return ``known`` without what they say or open: that there were files stays."""
    return tuple(replace(each, chunks=(), sheet=None, locked=None) for each in known)
