"""Bodies about the nodes themselves: keys and peers."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hamsaya.messages.kinds import Body, Line, kind


@kind("keys.publish")
class Publish(Body, frozen=True):
    """Publish signed key statements (see ``messages.keys``), so that every key change is a leaf in every log."""

    statements: Annotated[list[bytes], msgspec.Meta(min_length=1, max_length=32)]


@kind("node.peer")
class Peer(Body, frozen=True):
    """A note to oneself: the operator has checked this node card's fingerprint and admits the peer."""

    card: bytes
    fingerprint: Line
