"""Two persons at every party's desk, for tests that are about something else: one prepares, the other releases."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import msgspec

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.canon import digest
from hamsaya.messages.acts import PersonAct, PersonKey, Signed
from hamsaya.messages.kinds import Body, encode_body, kind_of
from hamsaya.messages.persons import Enrol
from hamsaya.node.core import Node
from hamsaya.node.send import Draft, completed, to_sign
from hamsaya.node.signers import NAMED, seats_of

ROLES: dict[str, tuple[str, ...]] = {"desk-1": ("liaison", "analyst", "verifier", "auditor"), "desk-2": ("releaser",)}


def key_of(member: str, person: str, roles: tuple[str, ...] = ()) -> PersonKey:
    """Return the key that ``person`` of ``member`` always has."""
    return PersonKey(member, person, roles or ROLES[person], hashlib.sha256(f"{member}/{person}".encode()).digest())


def enrolment(key: PersonKey, now: int, identity: bytes = b"") -> Enrol:
    """Return the enrolment of ``key`` for most of a year; each pseudonym is somebody of its own unless told."""
    roles: Any = list(key.roles)
    return Enrol(person=key.person, roles=roles, public=key.public, not_after=now + 360 * DAY,
                 identity=identity or hashlib.sha256(key.person.encode()).digest())


def staff(member: str) -> list[PersonKey]:
    """Return the keys of both persons of ``member``."""
    return [key_of(member, person) for person in ROLES]


def seated(kind: str) -> list[tuple[str, str]]:
    """Return (person, role) for each seat of ``kind``."""
    return [next((person, role) for role in seat for person, roles in ROLES.items() if role in roles)
            for seat in seats_of(kind)]


def named(body: Body) -> Body:
    """Return ``body`` naming as its officers the persons who sign it; a body that names the same one twice goes on
    doing so."""
    seats = seated(kind_of(body))
    names = {name: seats[place][0] for name, place in NAMED.items() if hasattr(body, name) and place < len(seats)}
    if getattr(body, "prepared_by", 0) == getattr(body, "released_by", 1):
        names["released_by"] = names["prepared_by"]
    if getattr(body, "officer", 0) == getattr(body, "second_officer", 1):
        names["second_officer"] = names["officer"]
    return msgspec.structs.replace(body, **names) if names else body


def acts_on(member: str, signed: Signed) -> tuple[PersonAct, ...]:
    """Return the signatures of the persons of ``member`` for each seat."""
    return tuple(key_of(member, person).sign(signed, role) for person, role in seated(signed.kind))


def by_hand(member: str, draft: Draft, instrument: str = "case-exchange", federation: str = "afpak") -> Draft:
    """Return ``draft`` as the persons of ``member`` sign it without a node."""
    body, kind = named(draft.body), kind_of(draft.body)
    told = tuple(dict.fromkeys(draft.recipients))
    what = Signed(federation, member, kind, instrument, draft.case, told, digest(encode_body(body)))
    return replace(draft, body=body, acts=acts_on(member, what))


def signed(node: Node, draft: Draft) -> Draft:
    """Return ``draft`` with the signatures its kind asks for; one that has some, or has no instrument, as it is."""
    if draft.acts or not seats_of(kind_of(draft.body)):
        return draft
    draft = completed(node, replace(draft, body=named(draft.body)))
    try:
        what = to_sign(node, draft, encode_body(draft.body))
    except PolicyRefusal:
        return draft
    return replace(draft, acts=acts_on(node.own, what))
