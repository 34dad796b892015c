"""Bodies about one item that was given: seen, accepted, unlocked, used, passed on with consent, kept by law, deleted.

Text of an item, and words about it, are None once the node has deleted them: the journal keeps that they were.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.canon import digest, tagged
from hamsaya.messages.cases import Purpose
from hamsaya.messages.caveats import Caveats
from hamsaya.messages.kinds import Body, Instant, Member, Ref, Text, kind

# What came of an item, in words that take no side and claim no success in numbers.
UseOutcome = Literal[
    "not-used", "known-before", "new-lead", "supported-check", "supported-freeze", "supported-court-measure",
    "harm-averted", "found-wrong",
]
Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Members = Annotated[list[Member], msgspec.Meta(min_length=1, max_length=32)]
_KEY_DOMAIN = "hamsaya/v1/item-key"


def commitment_of(key: bytes) -> bytes:
    """Return what an answer commits to in place of ``key``, which is 32 random bytes."""
    return digest(tagged(_KEY_DOMAIN, [key]))


@kind("case.seen")
class Seen(Body, frozen=True):
    """A person at a holder's desk has opened the item."""

    item: Ref
    officer: Ref


@kind("case.accept")
class Accept(Body, frozen=True):
    """A named person at a holder's desk accepts the caveats of an item, and answers for them."""

    item: Ref
    officer: Ref


@kind("case.unlock")
class Unlock(Body, frozen=True):
    """The originator gives the key of a locked item to one holder that has accepted its caveats."""

    item: Ref
    holder: Member
    key: Key | None


@kind("case.use")
class Use(Body, frozen=True):
    """A holder says what came of an item."""

    item: Ref
    outcome: UseOutcome
    text: Text | None
    officer: Ref


@kind("case.consent-ask")
class ConsentAsk(Body, frozen=True):
    """A holder asks whether it may pass the item on to these, for this purpose, in these words. Silence denies."""

    consent: Ref
    item: Ref
    to: Members
    purpose: Purpose
    text: Text | None
    officer: Ref


@kind("case.consent")
class ConsentGiven(Body, frozen=True):
    """The originator lets ``asker`` pass an item on to these until then, under these caveats; or does not, or no more.

    It is told to those it may be passed on to, whose nodes ask for it before they take anything in. ``due`` is until
    when the question could be decided, as the originator's clock has it: None where it was not asked, or not granted.
    """

    consent: Ref
    item: Ref
    asker: Member
    to: Members
    granted: bool
    caveats: Caveats
    until: Instant
    officer: Ref
    due: Instant | None = None


@kind("case.consent-end")
class ConsentEnd(Body, frozen=True):
    """The originator's node ends a consent by itself, because the item is recalled; told to all whom it named."""

    consent: Ref
    item: Ref


@kind("case.recall")
class Recall(Body, frozen=True):
    """The originator's node recalls an item by itself, because something it was made of is recalled."""

    item: Ref


@kind("case.tombstone")
class Tombstone(Body, frozen=True):
    """The time for which the item may be kept is over: its text is deleted at the sender's node."""

    item: Ref
    reason: Literal["retention"]


@kind("case.hold")
class Hold(Body, frozen=True):
    """A law obliges this holder to keep the item: one of its officers says so and another confirms it."""

    item: Ref
    law: Ref
    prepared_by: Ref
    released_by: Ref


@kind("case.unhold")
class Unhold(Body, frozen=True):
    """The law that kept the item obliges no more: one officer says so and another confirms it."""

    item: Ref
    law: Ref
    prepared_by: Ref
    released_by: Ref
