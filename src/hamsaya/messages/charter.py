"""Bodies by which members bind themselves."""

from __future__ import annotations

from hamsaya.messages.kinds import Body, Hash, Ref, kind


@kind("charter.sign")
class Sign(Body, frozen=True):
    """The sender signs one document (the charter or an annex) of exactly this digest."""

    document: Ref
    revision: Hash
