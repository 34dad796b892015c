"""The register of a node's own staff: what is sent to enrol a person, to end it, and to name it to oversight.

The staff number is the employer's own, the same whatever account somebody asks for. Under the node's secret it becomes
the identity that all parties compare; the number itself and the name stay in a note of this node (``person.name``).
"""

from __future__ import annotations

import hmac
import unicodedata
from typing import Any

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.messages.acts import PersonRole
from hamsaya.messages.kinds import Line, Ref
from hamsaya.messages.persons import End, EndReason, Enrol, Name
from hamsaya.node.core import Node
from hamsaya.node.persons import PersonRecord
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft

IDENTITY_DOMAIN = b"hamsaya/v1/identity\0"


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator says of a person; ``days`` is how long the credential lasts."""

    person: Ref
    roles: list[PersonRole]
    public: bytes
    staff_number: Line
    name: Line
    days: int = 365


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """One person as a node shows it; names of others' staff are known to oversight alone."""

    member: str
    person: str
    roles: list[str]
    since: int
    not_after: int
    ended_at: int | None
    stands: bool
    name: str | None
    staff_number: str | None


def normalised(staff_number: str) -> str:
    """Return the one spelling of a staff number: letters in capitals and digits 0 to 9, nothing between them.

    Raises:
        OperatorError: nothing is left of it (code ``bad-staff-number``).
    """
    plain = unicodedata.normalize("NFKC", staff_number).upper()
    spelt = "".join(str(unicodedata.decimal(each, each)) for each in plain if each.isalnum())
    if not spelt:
        raise OperatorError("expected a staff number with letters or digits", code="bad-staff-number")
    return spelt


def identity_of(identity_key: bytes, staff_number: str) -> bytes:
    """Return HMAC-SHA-256 of the normalised staff number under the node's secret: equal for one natural person."""
    return hmac.digest(identity_key, IDENTITY_DOMAIN + normalised(staff_number).encode(), "sha256")


def enrol(node: Node, said: Enrolment) -> list[Draft]:
    """Return the enrolment for everybody, and the note of who it is for this node alone."""
    body = Enrol(
        person=said.person, roles=said.roles, public=said.public, not_after=node.clock.now() + said.days * DAY,
        identity=identity_of(node.ring.identity_key, said.staff_number),
    )
    note = Name(person=said.person, name=said.name, staff_number=said.staff_number)
    return [Draft(body, tuple(everybody(node, "person.enrol"))), Draft(note)]


def rekey(node: Node, person: str, public: bytes, days: int) -> Draft:
    """Return the enrolment of the same person with the same roles and a fresh key, which ends the key before it."""
    record = _own(node, person)
    roles: Any = list(record.credentials[-1].roles)
    body = Enrol(person=person, roles=roles, public=public, identity=record.identity,
                 not_after=node.clock.now() + days * DAY)
    return Draft(body, tuple(everybody(node, "person.enrol")))


def end(node: Node, person: str, reason: EndReason) -> Draft:
    """Return the end of a person's credentials, for everybody."""
    _own(node, person)
    return Draft(End(person=person, reason=reason), tuple(everybody(node, "person.end")))


def disclose(node: Node, person: str, to: str) -> Draft:
    """Return the name behind an own pseudonym, for an oversight body; the charter's clauses say who may be one."""
    _own(node, person)
    name, number = node.state.persons.names[node.own, person]
    return Draft(Name(person=person, name=name, staff_number=number), (to,))


def announcements(node: Node, member: str) -> list[Draft]:
    """Return the enrolments that count now, word for word, for a party that was told of none of them."""
    drafts = []
    for person, record in node.state.persons.of(node.own).items():
        held = record.standing(node.clock.now())
        if held is not None:
            roles: Any = list(held.roles)
            body = Enrol(person=person, roles=roles, public=held.public, identity=record.identity,
                         not_after=held.not_after)
            drafts.append(Draft(body, (member,)))
    return drafts


def views(node: Node) -> list[PersonView]:
    """Return every known person, one's own first."""
    people = sorted(node.state.persons.people.items(), key=lambda each: (each[0][0] != node.own, each[0]))
    return [_view(node, member, person, record) for (member, person), record in people]


def _view(node: Node, member: str, person: str, record: PersonRecord) -> PersonView:
    last, name = record.credentials[-1], node.state.persons.names.get((member, person))
    return PersonView(
        member=member, person=person, roles=list(last.roles), since=last.since, not_after=last.not_after,
        ended_at=next((at for at in record.ends if at >= last.since), None),
        stands=record.standing(node.clock.now()) is not None,
        name=name and name[0], staff_number=name and name[1],
    )


def _own(node: Node, person: str) -> PersonRecord:
    record = node.state.persons.people.get((node.own, person))
    if record is None:
        raise OperatorError(f"this node has enrolled no {person}; see: hamsaya person list", code="unknown-person")
    return record
