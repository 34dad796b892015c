"""Items whose text is locked until a named person has accepted their caveats.

    key    = HKDF-Expand(storage key, "hamsaya/v1/item-lock" 0x00 CBOR[ case, item ])
    sealed = nonce || AES-256-GCM(key, nonce, padded text, bound)
    bound  = "hamsaya/v1/item" 0x00 CBOR[ case, item, caveats ]

The originator derives the key again whenever it is asked for, and stores none. The answer commits to the key, since
under AES-GCM alone two keys could open one ciphertext to two texts; and it is bound to the caveats, so that a text does
not open under others. What this keeps from a holder is the text until it has accepted; never afterwards.
"""

from __future__ import annotations

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.canon import tagged
from hamsaya.cases.types import Item
from hamsaya.crypto.sealing import derive, lock, pad, unlock, unpad
from hamsaya.messages.cases import Answer, Locked
from hamsaya.messages.caveats import LOCKED, Caveats
from hamsaya.messages.items import commitment_of
from hamsaya.node.core import Node

_KEY = "hamsaya/v1/item-lock"
_TEXT = "hamsaya/v1/item"
_NONCE = "hamsaya/v1/item-nonce"


def key_of(node: Node, case: str, item: str) -> bytes:
    """Return the key under which this node locks its own item."""
    return derive(node.ring.storage, tagged(_KEY, [case, item]))


def lock_answer(node: Node, case: str, body: Answer) -> Answer:
    """Return ``body`` with its text locked where its caveats ask for it, otherwise as it is."""
    if body.text is None or body.locked is not None or body.caveats.disclosure not in LOCKED:
        return body
    key = key_of(node, case, body.item)
    bound = _bound(case, body.item, body.caveats)
    text = pad(body.text.encode())
    # The same text is locked to the same bytes: what was explained and signed is what is sent.
    nonce = derive(key, tagged(_NONCE, [bound, text]))[:12]
    sealed = lock(key, nonce, text, bound)
    return msgspec.structs.replace(body, text=None, locked=Locked(sealed=sealed, commitment=commitment_of(key)))


def text_of(node: Node, item: Item) -> str | None:
    """Return what ``item`` says, as far as this node can open it: in clear, with the key it was given, or its own.

    Raises:
        PeerError: the originator locked no text under the key and the caveats it names (``cannot-open``).
    """
    if item.text is not None or item.locked is None:
        return item.text
    key = key_of(node, item.case, item.item) if item.originator == node.own else item.key
    return None if key is None else _open(key, item.locked, _bound(item.case, item.item, item.caveats))


def _open(key: bytes, locked: Locked, bound: bytes) -> str:
    try:
        return unpad(unlock(key, locked.sealed, bound)).decode()
    except UnicodeDecodeError:
        raise PeerError("the locked item holds no text; ask its originator for another", code="cannot-open") from None


def _bound(case: str, item: str, caveats: Caveats) -> bytes:
    return tagged(_TEXT, [case, item, msgspec.to_builtins(caveats)])
