"""Bodies of the conversation inside a case: what is said, that it was read, and that it is deleted with the case.

What is said names what its sender had seen, by the digest of its signed statement, so that every end reads it in one
order whatever arrived first, and nobody can put other words under a name that stands. It is for the parties of the case
alone and carries its conditions like everything else.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.caveats import Caveats
from hamsaya.messages.kinds import Body, Hash, Ref, kind

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
MOST_SEEN = 16


@kind("case.say")
class Say(Body, frozen=True):
    """Say something to other participants of the case.

    ``seen`` are the last things said that its sender had before it, of those that all who are told may read. ``text``
    is None once it has been deleted here.
    """

    text: Words | None
    seen: Annotated[list[Hash], msgspec.Meta(max_length=MOST_SEEN)]
    caveats: Caveats
    officer: Ref


@kind("case.read")
class Read(Body, frozen=True):
    """A named person has read these, and with them whatever they rest on."""

    words: Annotated[list[Hash], msgspec.Meta(min_length=1, max_length=MOST_SEEN)]
    officer: Ref


@kind("case.clear")
class Clear(Body, frozen=True):
    """The time of the case is over: everything said in it is deleted at the sender's node."""

    reason: Literal["retention"]
