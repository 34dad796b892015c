"""Bodies about the notice that is owed to a person whom a case named: the date that was sealed, and what came of it.

    commitment = SHA-256("hamsaya/v1/notice-date" 0x00 CBOR[ case, date, salt ])

No field says to whom, how or in what words notice was given.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.canon import digest, tagged
from hamsaya.messages.kinds import Body, Hash, Instant, Ref, kind

PostponeReason = Literal["open-investigation", "danger-to-life", "court-order", "originator-consent"]
NoticeWay = Literal["in-writing", "through-counsel", "through-court", "could-not-be-given"]
_DOMAIN = "hamsaya/v1/notice-date"


def date_commitment(case: str, date: int, salt: bytes) -> bytes:
    """Return what an opening commits to in place of ``date`` (UTC ms); ``salt`` is 32 bytes that nobody can guess."""
    return digest(tagged(_DOMAIN, [case, date, salt]))


class SealedDate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The date on which persons are to be told, closed to all but the opener and its overseers."""

    commitment: Hash
    sealed: Annotated[bytes, msgspec.Meta(min_length=29, max_length=256)]


@kind("case.notice-date")
class NoticeDate(Body, frozen=True):
    """The opener's node opens the date that it sealed, on that date."""

    date: Instant
    salt: Hash


@kind("case.notice-postpone")
class NoticePostpone(Body, frozen=True):
    """Two persons of the opener put the notice off, for a reason from the list; oversight is told."""

    until: Instant
    reason: PostponeReason
    officer: Ref
    second_officer: Ref


@kind("case.notice-given")
class NoticeGiven(Body, frozen=True):
    """A person of the opener says that the persons the case named have been told, and by which way."""

    way: NoticeWay
    officer: Ref
