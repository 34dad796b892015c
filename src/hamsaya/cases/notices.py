"""The notice owed to the persons whom a case named: a date sealed at the opening, and what came of it.

Rules
1. A case that names a person has a sealed date from its opening; one that names none may have one
                                                                                               else ``notice-missing``
2. The opener opens the date: it makes the commitment, has come, and is said once to all participants and to oversight.
                                else ``wrong-date``, ``not-due``, ``already-exists``, ``oversight-missing``
3. Two persons of the opener put the notice off, with oversight told: to a later day, at most 366 days ahead, and not
   after it was given.          else ``two-persons``, ``oversight-missing``, ``wrong-date``, ``already-given``
4. Who gave notice says so once, with oversight told. It may be given before its date.   else ``already-given``

The opener and its overseers know the date; nobody else does before it comes. A case without a date owes none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import DAY
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState, Notice, NoticeView, Postponed
from hamsaya.messages.cases import Open
from hamsaya.messages.event import Event
from hamsaya.messages.notices import NoticeDate, NoticeGiven, NoticePostpone, date_commitment

MAX_POSTPONED = 366 * DAY
_OPENER = "the opener"
ROLES = dict.fromkeys(("case.notice-date", "case.notice-postpone", "case.notice-given"), _OPENER)
TRANSITIONS = {(state, kind): state for kind in ROLES for state in ("open", "closed", "frozen")}


def owes(body: Open) -> bool:
    """Say whether an opening names a person, who is owed notice."""
    return any(subject.type == "person" for subject in body.subjects)


def opening(body: Open) -> Iterator[Decision]:
    """Yield what forbids an opening for want of a date."""
    if body.notice is None and owes(body):
        yield refuse("notice-missing", "cases:notice", "a case that names a person seals the day of notice to it")


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a word about notice is about, or None while the case is unknown here."""
    if case is None:
        return None
    people = frozenset(case.participants)
    frozen = any(each.ended_at is None for each in state.freezes.get(ref, ()))
    told = people if isinstance(event.body, NoticeDate) else frozenset[str]()
    return Matter("frozen" if frozen else case.status, frozenset((case.opener,)), told, people, case)


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a word about notice."""
    notice = state.notices.get(event.case or "")
    if notice is None:
        yield refuse("notice-missing", "cases:notice", "no date was sealed when the case was opened")
        return
    if not matter.overseers or matter.overseers - set(event.recipients):
        yield refuse("oversight-missing", "cases:notice", "oversight is told what comes of a notice")
    match event.body:
        case NoticeDate() as body:
            yield from _date(event, body, notice)
        case NoticePostpone() as body:
            yield from _postpone(event, body, notice)
        case NoticeGiven() if notice.given_at is not None:
            yield _given()


def _date(event: Event, body: NoticeDate, notice: Notice) -> Iterator[Decision]:
    if date_commitment(notice.case, body.date, body.salt) != notice.commitment:
        yield refuse("wrong-date", "cases:notice", "it is not the date that the opening committed to")
    if event.issued_at < body.date:
        yield refuse("not-due", "cases:notice", "the date is opened when it has come")
    if notice.date is not None:
        yield refuse("already-exists", "cases:notice", "the date has been opened before")


def _postpone(event: Event, body: NoticePostpone, notice: Notice) -> Iterator[Decision]:
    if body.officer == body.second_officer:
        yield refuse("two-persons", "cases:notice", "two different persons put a notice off")
    before = max(at for at in (event.issued_at, notice.date, *(each.until for each in notice.postponed))
                  if at is not None)
    if not before < body.until <= event.issued_at + MAX_POSTPONED:
        yield refuse("wrong-date", "cases:notice", "a notice is put off to a later day, at most 366 days from now")
    if notice.given_at is not None:
        yield _given()


def _given() -> Decision:
    return refuse("already-given", "cases:notice", "notice has been given")


# --- What follows ----------------------------------------------------------------------------------------------


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after an opening with a sealed date, or a word about notice."""
    ref = event.case or ""
    match event.body:
        case Open(notice=sealed) if sealed is not None:
            return _put(state, Notice(case=ref, opener=event.sender, commitment=sealed.commitment, sealed=sealed.sealed,
                                      opened_at=event.issued_at))
        case NoticeDate(date=date):
            return _put(state, replace(_known(state, event), date=date))
        case NoticePostpone() as body:
            notice = _known(state, event)
            put = Postponed(until=body.until, reason=body.reason, officers=(body.officer, body.second_officer),
                            at=event.issued_at)
            return _put(state, replace(notice, postponed=tuple(sorted((*notice.postponed, put), key=lambda p: p.at))))
        case NoticeGiven(way=way, officer=officer):
            return _put(state, replace(_known(state, event), given_at=event.issued_at, way=way, given_by=officer))
    return state


def _known(state: CasesState, event: Event) -> Notice:
    """Return the notice of the event's case; at a party that oversees, which is told of no case, a fresh one."""
    ref = event.case or ""
    fresh = Notice(case=ref, opener=event.sender, commitment=b"", sealed=b"", opened_at=event.issued_at)
    return state.notices.get(ref, fresh)


def _put(state: CasesState, notice: Notice) -> CasesState:
    return dataclasses.replace(state, notices=state.notices.set(notice.case, notice))


def due(notice: Notice, date: int | None = None) -> int | None:
    """Return by when notice is to be given, None where the date is closed here.

    Args:
        date: The sealed date, where it is known from elsewhere.
    """
    known = notice.date if notice.date is not None else date
    later = [each.until for each in notice.postponed]
    return max([known, *later]) if known is not None else max(later, default=None)


def view(notice: Notice, now: int, date: int | None = None) -> NoticeView:
    """Return a notice as it stands at ``now``."""
    until = due(notice, date)
    late = notice.given_at is None and until is not None and until + GIVE_WITHIN < now
    return NoticeView(notice=notice, state=_state(notice, until, now), due=until, late=late)


def _state(notice: Notice, until: int | None, now: int) -> Literal["sealed", "waiting", "due", "given"]:
    if notice.given_at is not None:
        return "given"
    if until is None:
        return "sealed"
    return "due" if until <= now else "waiting"


GIVE_WITHIN = 30 * DAY
"""From the date on, how long giving notice may take before it is shown as late."""
