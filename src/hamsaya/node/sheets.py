"""The keys of files: the sheet of each, locked like its item, and its chunks, sealed one by one.

    sheet key = HKDF-Expand(item's key, "hamsaya/v1/sheet" 0x00 CBOR[ case, item, attachment ])
    locked    = nonce || AES-256-GCM(sheet key, nonce, CBOR(sheet) padded, bound to the chunks)

The item's key is the one the answer commits to, so no second key opens a sheet to something else. Who has the item's
key, by its own storage key or by the originator's ``case.unlock``, has the sheet, and with it the key of the chunks.
"""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, encode, tagged
from hamsaya.cases.attached import fitting
from hamsaya.cases.records import Attached
from hamsaya.cases.types import (
    Item,
)
from hamsaya.crypto.sealing import derive, lock, open_piece, pad, seal_piece, unlock, unpad
from hamsaya.messages.attachments import Attach, Sheet
from hamsaya.node.core import Node
from hamsaya.node.locked import key_of

_SHEET = "hamsaya/v1/sheet"
_CHUNK = "hamsaya/v1/chunk"


def seal_chunk(key: bytes, names: tuple[str, str, str], index: int, last: bool, piece: bytes) -> bytes:
    """Return the sealed chunk of a file of ``names`` (case, item, attachment); the last one is padded."""
    return seal_piece(key, _nonce(index, last), pad(piece) if last else piece, tagged(_CHUNK, list(names)))


def open_chunk(key: bytes, names: tuple[str, str, str], index: int, last: bool, sealed: bytes) -> bytes:
    """Return the piece in a sealed chunk; raises PeerError ``cannot-open`` or ``bad-padding``."""
    piece = open_piece(key, _nonce(index, last), sealed, tagged(_CHUNK, list(names)))
    return unpad(piece) if last else piece


def _nonce(index: int, last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes((last,))


def lock_sheet(node: Node, item: Item, attachment: str, chunks: list[bytes], sheet: Sheet) -> bytes:
    """Return the sheet of a file of this node's own ``item``, locked under the item's key."""
    key = derive(key_of(node, item.case, item.item), _label(item, attachment))
    plain = pad(encode(msgspec.to_builtins(sheet, builtin_types=(bytes,))))
    return lock(key, node.random.bytes(12), plain, _bound(item, attachment, chunks))


def sheet_of(node: Node, item: Item, found: Attached | Attach) -> Sheet | None:
    """Return the sheet of a file as far as this node can open it: in clear, or with the key of its item.

    Raises:
        PeerError: the originator locked no fitting sheet under the item's key (``cannot-open``, ``bad-body``,
            ``bad-sizes``, ``type-mismatch``).
    """
    if found.sheet is not None or found.locked is None:
        return found.sheet
    base = key_of(node, item.case, item.item) if item.originator == node.own else item.key
    if base is None:
        return None
    bound = _bound(item, found.attachment, list(found.chunks))
    plain = decode(unpad(unlock(derive(base, _label(item, found.attachment)), found.locked, bound)))
    try:
        sheet = msgspec.convert(plain, Sheet, builtin_types=(bytes,))
    except msgspec.ValidationError:
        raise PeerError("the locked sheet does not fit its schema; ask its originator for another file",
                        code="bad-body") from None
    decision = fitting(sheet, len(found.chunks))
    if not decision.allowed:
        raise PeerError(f"the locked sheet contradicts its message: {decision.reasons[0].text}", code=decision.code)
    return sheet


def _label(item: Item, attachment: str) -> bytes:
    return tagged(_SHEET, [item.case, item.item, attachment])


def _bound(item: Item, attachment: str, chunks: list[bytes]) -> bytes:
    return tagged(_SHEET, [item.case, item.item, attachment, chunks])
