"""Bodies about a party's own staff: a pseudonym and its key for all, the name for its own node and oversight."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.acts import PersonRole
from hamsaya.messages.kinds import Body, Hash, Instant, Line, Ref, kind

EndReason = Literal["left", "role-changed", "key-lost", "key-compromised", "misconduct"]


@kind("person.enrol")
class Enrol(Body, frozen=True):
    """Give a person of the sender's staff a credential.

    Fields:
        person: The pseudonym under which others know the person.
        roles: What the person may act as.
        public: The person's Ed25519 public key, fresh for every credential.
        identity: HMAC-SHA-256 of the staff number under a secret of the sender: equal values are the same natural
            person, and nobody else can try numbers.
        not_after: When the credential ends by itself, at most 366 days ahead.
    """

    person: Ref
    roles: Annotated[list[PersonRole], msgspec.Meta(min_length=1, max_length=6)]
    public: Hash
    identity: Hash
    not_after: Instant


@kind("person.end")
class End(Body, frozen=True):
    """Take from a person every credential that stands."""

    person: Ref
    reason: EndReason


@kind("person.name")
class Name(Body, frozen=True):
    """Who is behind a pseudonym: a note of the person's own node, or its answer to an oversight body."""

    person: Ref
    name: Line
    staff_number: Line
