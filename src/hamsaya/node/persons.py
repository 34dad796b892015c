"""Who acts for each party, as a fold of enrolments: pseudonyms, roles, keys, and which of them are one person.

Rules
1. A party enrols its own staff only: what a person is called counts under the sender's name.
2. A credential counts from its enrolment to ``not_after``, at most 366 days ahead.            else ``bad-validity``
   Each role is named once.                                                                   else ``bad-roles``
3. A natural person has one pseudonym at a time: an enrolment whose identity stands under another is refused with
   ``same-person``; a receiver waits with it, since the end of the other may be on its way.
   A pseudonym never passes to somebody else.                                            else ``pseudonym-taken``
4. Every credential has a key of its own.                                                     else ``key-in-use``
   The same enrolment said again changes nothing: so newly admitted peers learn of it.
5. A later credential of a pseudonym ends the one before; an end ends all that began up to it. What a person signed
   before counts on: messages in flight are judged by their own date.
6. An end and a name need an enrolment before them.                                    else ``predecessor-missing``
   A name goes to nobody, or to oversight.                                             (the charter's clauses)

What counts at an instant is a function of the set of enrolments and ends, whatever order they arrived in. Identities
of two parties cannot be compared: each is made under that party's own secret, and vouched for by it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from immutables import Map

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.crypto.signing import key_id
from hamsaya.messages.event import Event
from hamsaya.messages.keys import SIGNING_LIFETIME
from hamsaya.messages.persons import End, Enrol, Name


@dataclass(frozen=True, slots=True)
class Credential:
    """One key of one person: what it may be used as, from ``since`` and before ``not_after`` (UTC ms)."""

    public: bytes
    roles: tuple[str, ...]
    since: int
    not_after: int

    @property
    def kid(self) -> bytes:
        """The key id that signatures name."""
        return key_id(self.public)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One pseudonym of one party: whose identity it is, its credentials in order of beginning, its ends."""

    identity: bytes
    credentials: tuple[Credential, ...] = ()
    ends: tuple[int, ...] = ()

    def credential(self, kid: bytes) -> Credential | None:
        """Return the credential with that key id, whether or not it still counts."""
        return next((each for each in self.credentials if each.kid == kid), None)

    def standing(self, at: int) -> Credential | None:
        """Return the credential that counts at ``at``, or None."""
        begun = [each for each in self.credentials if each.since <= at]
        if not begun or begun[-1].not_after <= at:
            return None
        return None if any(begun[-1].since <= end <= at for end in self.ends) else begun[-1]


@dataclass(frozen=True, slots=True)
class PersonsState:
    """Every known person by (party, pseudonym), and the names this node was given for some of them."""

    people: Map[tuple[str, str], PersonRecord] = Map()
    names: Map[tuple[str, str], tuple[str, str]] = Map()

    def of(self, member: str) -> dict[str, PersonRecord]:
        """Return the persons of one party by pseudonym."""
        return {person: record for (owner, person), record in self.people.items() if owner == member}


EMPTY_PERSONS = PersonsState()


def decide(state: PersonsState, event: Event) -> Decision:
    """Decide on ``person.enrol``, ``person.end`` and ``person.name``."""
    match event.body:
        case Enrol() as body:
            return _enrol(state, event, body)
        case End(person=person) | Name(person=person):
            if (event.sender, person) not in state.people:
                return refuse("predecessor-missing", "persons:6", f"no enrolment of {person} has arrived")
            return permit("persons:6", "the person is enrolled")
    return refuse("unknown-kind", "persons", "not a kind about persons")


def _enrol(state: PersonsState, event: Event, body: Enrol) -> Decision:
    if not event.issued_at < body.not_after <= event.issued_at + SIGNING_LIFETIME:
        return refuse("bad-validity", "persons:2", "a credential ends after it begins, at most 366 days later")
    if len(set(body.roles)) != len(body.roles):
        return refuse("bad-roles", "persons:2", "each role is named once")
    for person, record in state.of(event.sender).items():
        if person == body.person and record.identity != body.identity:
            return refuse("pseudonym-taken", "persons:3", f"{person} is somebody else, and stays so; choose another")
        if person != body.person and record.identity == body.identity and record.standing(event.issued_at):
            return refuse("same-person", "persons:3", f"this person stands under the pseudonym {person}; end it first")
        held = record.credential(key_id(body.public))
        if held is not None and not _again(person, held, body):
            return refuse("key-in-use", "persons:4", f"a credential of {person} has that key already; make another")
    return permit("persons:1", "a party enrols its own staff")


def _again(person: str, held: Credential, body: Enrol) -> bool:
    return (person, held.roles, held.not_after) == (body.person, tuple(body.roles), body.not_after)


def apply(state: PersonsState, event: Event) -> PersonsState:
    """Return the state after an admitted message about a person."""
    match event.body:
        case Enrol(person=person) as body:
            key = (event.sender, person)
            record = _with(state.people.get(key, PersonRecord(body.identity)), body, event.issued_at)
            return replace(state, people=state.people.set(key, record))
        case End(person=person):
            key = (event.sender, person)
            record = state.people[key]
            ends = tuple(sorted({*record.ends, event.issued_at}))
            return replace(state, people=state.people.set(key, replace(record, ends=ends)))
        case Name(person=person, name=name, staff_number=number):
            return replace(state, names=state.names.set((event.sender, person), (name, number)))
    return state


def _with(record: PersonRecord, body: Enrol, at: int) -> PersonRecord:
    held = record.credential(key_id(body.public))
    since = at if held is None else min(held.since, at)
    fresh = Credential(body.public, tuple(body.roles), since, body.not_after)
    others = [each for each in record.credentials if each is not held]
    return replace(record, credentials=tuple(sorted([*others, fresh], key=lambda each: (each.since, each.public))))


def snapshot(state: PersonsState) -> Any:
    """Return the state as a plain value; equal states give equal bytes."""
    return [
        [[*key, record.identity, [[c.public, list(c.roles), c.since, c.not_after] for c in record.credentials],
          list(record.ends)] for key, record in sorted(state.people.items())],
        [[*key, *name] for key, name in sorted(state.names.items())],
    ]
