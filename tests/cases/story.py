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
    Admit,
    Answer,
    Ask,
    Clarify,
    Close,
    Decline,
    Extend,
    Open,
    Overdue,
    Pause,
    Purge,
    Raise,
    Resume,
    Revoke,
    Subject,
    Transfer,
    Withdraw,
)
from hamsaya.messages.caveats import Caveats, Grading, Word, listed
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.notices import SealedDate, date_commitment

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
        legal_basis="CX.1",
        desk="desk",
        officer="ava-1",
        retain_until=T0 + 90 * DAY,
        notice=sealed(),
        subjects=[person()],
    )
    return with_fields(plain, **fields)


NOTICE_SALT = b"s" * 32


def sealed(date: int = T0 + 60 * DAY, case: str = "C-1") -> SealedDate:
    """Return a day of notice as its opener seals it; what is sealed does not matter here."""
    return SealedDate(commitment=date_commitment(case, date, NOTICE_SALT), sealed=b"x" * 64)


def person(label: str = "P") -> Subject:
    """Return a person that a case may name."""
    return Subject(type="person", label=label, eligibility="unsc-listed", eligibility_ref="QDi.000")


def with_fields(body: Any, **fields: Any) -> Any:
    """Return ``body`` with ``fields`` changed."""
    return structs.replace(body, **fields)


def ask(request: str = "R-1", to: str = "bel", urgency: Any = "urgent", continues: str | None = None) -> Ask:
    """Return a question."""
    return Ask(request=request, to=to, question="Seen?", urgency=urgency,
               legal_basis="CX.2", desk="desk", officer="ava-1", continues=continues)


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


def admit(request: str = "R-1", held_directly: bool = True) -> Admit:
    """Return an admission of the whole question."""
    return Admit(request=request, extent="whole", held_directly=held_directly, officer="bel-1")


def pause(request: str = "R-1", ref: str = "p1", reason: Any = "clarification") -> Pause:
    """Return a pause."""
    return Pause(request=request, pause=ref, reason=reason, text="Which year?", officer="bel-1")


def resume(request: str = "R-1", ref: str = "p1") -> Resume:
    """Return the end of a pause by who began it."""
    return Resume(request=request, pause=ref, officer="bel-1")


def clarify(request: str = "R-1", ref: str = "p1") -> Clarify:
    """Return the end of a pause by the asker."""
    return Clarify(request=request, pause=ref, text="This year.", officer="ava-1")


def extend(request: str = "R-1") -> Extend:
    """Return an extension."""
    return Extend(request=request, reason="translation", text="Two hundred pages.", officer="bel-1")


def transfer(request: str = "R-1", to: str = "cor") -> Transfer:
    """Return a transfer to who is competent."""
    return Transfer(request=request, to=to, reason="not-competent", officer="bel-1")


def withdraw(request: str = "R-1") -> Withdraw:
    """Return a withdrawal."""
    return Withdraw(request=request, officer="ava-1")


def raise_limit(limit: int = 30, second: str = "ava-2") -> Raise:
    """Return a decision that a case may name more."""
    return Raise(limit=limit, reason="A whole cell.", officer="ava-1", second_officer=second)


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
    return rules.decide(state, event, OBSERVERS, overseers=OBSERVERS)


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
PAUSED = fold(say("bel", pause(), 5), state=ASKED)
ROUTINE = fold(say("ava", ask(urgency="routine")), state=OPENED)
WITHDRAWN = fold(say("ava", withdraw(), 10), state=ASKED)
TRANSFERRED = fold(say("bel", transfer(), 10), state=ASKED)
REVOKED = fold(say("bel", revoke(), 20), state=ANSWERED)
CLOSED = fold(say("ava", close(), 30), state=ANSWERED)
