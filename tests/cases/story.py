"""A small case between three members and an observer, from which the tests of this room start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from msgspec import structs

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.cases import reduce, rules
from hamsaya.cases.caveats import parse
from hamsaya.cases.handling import from_words
from hamsaya.cases.types import EMPTY_CASES, CasesState
from hamsaya.messages.cases import (
    Acknowledge,
    Answer,
    Ask,
    Close,
    Decline,
    Open,
    Overdue,
    Purge,
    Revoke,
    Subject,
)
from hamsaya.messages.caveats import Caveats, Grading, Word, listed
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of

T0 = 1_750_000_000_000
OBSERVERS = frozenset({"watch"})
EVERYBODY = ("ava", "bel", "cor", "watch")
GRADING = Grading(source="B", information="2")
SECRET = "the text that must not survive its purge"


def say(sender: str, body: Body, at: int = 0, to: tuple[str, ...] | None = None, case: str = "C-1") -> Event:
    """Return ``body`` as said by ``sender``, ``at`` ms after T0, to everybody else unless ``to`` is given."""
    told = tuple(member for member in EVERYBODY if member != sender) if to is None else to
    now = T0 + at
    return Event(b"\0" * 16, kind_of(body), sender, told, "cases", case, now, now + DAY, True, body)


def case_open(**fields: Any) -> Open:
    """Return a permitted opening, changed by ``fields``."""
    plain = Open(
        title="A consignment",
        purpose="trace-explosives",
        act="explosives-trafficking",
        participants=["ava", "bel", "cor"],
        officer="ava-1",
        retain_until=T0 + 90 * DAY,
        subjects=[person()],
    )
    return with_fields(plain, **fields)


def person(label: str = "P") -> Subject:
    """Return a person that a case may name."""
    return Subject(type="person", label=label, eligibility="unsc-listed", eligibility_ref="QDi.000")


def with_fields(body: Any, **fields: Any) -> Any:
    """Return ``body`` with ``fields`` changed."""
    return structs.replace(body, **fields)


def ask(request: str = "R-1", to: str = "bel", urgency: Any = "urgent") -> Ask:
    """Return a question."""
    return Ask(request=request, to=to, question="Seen?", urgency=urgency, officer="ava-1")


def acknowledge(request: str = "R-1") -> Acknowledge:
    """Return an acknowledgement."""
    return Acknowledge(request=request, officer="bel-1")


def answer(request: str = "R-1", item: str = "I-1", **fields: Any) -> Answer:
    """Return an answer prepared by one person and released by another."""
    base = {"text": SECRET, "locked": None, "caveats": caveats(), "grading": GRADING, "derived_from": [],
            "supersedes": None, "prepared_by": "bel-1", "released_by": "bel-2"}
    return Answer(request=request, item=item, **(base | fields))


def caveats(*words: Word, audience: tuple[str, ...] = ("ava", "cor"), **axes: Any) -> Caveats:
    """Return the caveats that these words say, for this audience, changed by ``axes``."""
    plain: dict[str, Any] = msgspec.to_builtins(from_words(words, listed(*audience)))
    return parse(plain | axes)


def decline(request: str = "R-1") -> Decline:
    """Return a coded refusal."""
    return Decline(request=request, code="not-held", officer="bel-1")


def overdue(due: int, request: str = "R-1", step: Any = "acknowledge") -> Overdue:
    """Return an overdue mark; ``due`` is in ms after T0."""
    return Overdue(request=request, step=step, due=T0 + due)


def revoke(item: str = "I-1") -> Revoke:
    """Return a revocation."""
    return Revoke(item=item, reason="error", officer="bel-2")


def purge(item: str = "I-1", outcome: Any = "purged") -> Purge:
    """Return a holder's attestation."""
    law = "law-1" if outcome == "retained-under-law" else None
    return Purge(item=item, outcome=outcome, law=law, officer="x-1")


def close() -> Close:
    """Return the closing."""
    return Close(outcome="resolved", officer="ava-1")


def decide(state: CasesState, event: Event) -> Decision:
    """Decide with the observers of these tests."""
    return rules.decide(state, event, OBSERVERS)


def fold(*events: Event, state: CasesState = EMPTY_CASES) -> CasesState:
    """Return the state after ``events``, each of which must be permitted."""
    for event in events:
        decide(state, event).require()
        state = reduce.apply(state, event)
    return state


def replay(*events: Event, own: str | None = None) -> CasesState:
    """Return the state after ``events`` as a node rebuilds it from its journal: without deciding again."""
    state = replace(EMPTY_CASES, own=own)
    for event in events:
        state = reduce.apply(state, event)
    return state


OPENED = fold(say("ava", case_open()))
ASKED = fold(say("ava", ask()), state=OPENED)
ANSWERED = fold(say("bel", answer(), 10), state=ASKED)
REVOKED = fold(say("bel", revoke(), 20), state=ANSWERED)
CLOSED = fold(say("ava", close(), 30), state=ANSWERED)
