"""The date of notice as its opener seals it: others see a commitment, and the opener's node can open it again.

    salt   = HKDF-Expand(storage key, "hamsaya/v1/notice-salt" 0x00 CBOR[ case, date ])
    sealed = nonce || AES-256-GCM(key, nonce, CBOR[ date, salt ], case)      key and nonce from the storage key as well

Everything follows from case and date, so that what was explained and signed is what is sent. Where an opening names a
person and no date was given, the date is the end of the case's time.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hamsaya.base.errors import HamsayaError, OperatorError
from hamsaya.canon import decode, encode, tagged
from hamsaya.cases.notices import owes
from hamsaya.crypto.sealing import derive, lock, unlock
from hamsaya.messages.cases import Open
from hamsaya.messages.kinds import Body
from hamsaya.messages.notices import NoticeDate, SealedDate, date_commitment
from hamsaya.node.core import Node

_KEY, _SALT, _NONCE = "hamsaya/v1/notice-key", "hamsaya/v1/notice-salt", "hamsaya/v1/notice-nonce"


def seal_date(node: Node, case: str, date: int) -> SealedDate:
    """Return ``date`` (UTC ms) sealed for ``case`` under this node's storage key; raises OperatorError for the past."""
    if date <= node.clock.now():
        raise OperatorError("expected a day of notice that is to come", code="wrong-date")
    return _seal(node, case, date)


def _seal(node: Node, case: str, date: int) -> SealedDate:
    salt = derive(node.ring.storage, tagged(_SALT, [case, date]))
    nonce = derive(node.ring.storage, tagged(_NONCE, [case, date]))[:12]
    sealed = lock(derive(node.ring.storage, tagged(_KEY, [case])), nonce, encode([date, salt]), case.encode())
    return SealedDate(commitment=date_commitment(case, date, salt), sealed=sealed)


def with_date(node: Node, case: str, body: Open) -> Open:
    """Return ``body`` with a sealed date where it names a person and has none."""
    if body.notice is not None or not owes(body):
        return body
    return msgspec.structs.replace(body, notice=_seal(node, case, body.retain_until))


def opened(node: Node, case: str, sealed: bytes) -> tuple[int, bytes] | None:
    """Return the date and salt in what this node sealed; None for what it did not."""
    try:
        match decode(unlock(derive(node.ring.storage, tagged(_KEY, [case])), sealed, case.encode())):
            case [int() as date, bytes() as salt]:
                return date, salt
    except HamsayaError:
        pass
    return None


def own_dates(node: Node) -> dict[str, int]:
    """Return the sealed dates of the cases that this node opened."""
    notices = node.state.cases.notices.items()
    found = ((case, opened(node, case, notice.sealed)) for case, notice in notices if notice.opener == node.own)
    return {case: known[0] for case, known in found if known is not None}


def dates_due(node: Node) -> Iterator[tuple[str, Body, tuple[str, ...]]]:
    """Yield (case, word, recipients) for each date of this node's cases that has come and is not open yet."""
    now = node.clock.now()
    for case, notice in sorted(node.state.cases.notices.items()):
        if notice.opener != node.own or notice.date is not None or case not in node.state.cases.cases:
            continue
        known = opened(node, case, notice.sealed)
        if known is not None and known[0] <= now:
            participants = node.state.cases.cases[case].participants
            told = dict.fromkeys((*participants, *sorted(node.agreement.overseers)))
            yield case, NoticeDate(date=known[0], salt=known[1]), tuple(told)
