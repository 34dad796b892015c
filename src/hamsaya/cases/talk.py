"""The conversation inside a case: who may say what to whom, in which order all read it, and how it ends.

Rules
say    by a participant to other participants, and to nobody else           else ``not-a-participant``,
                                                                            ``no-recipient``, ``recipient-outside``
       what it names as seen is here, and was for all who are told now    else ``predecessor-missing``,
                                                                          ``outside-thread``
       it carries its text; D0 or D1, for an audience that reaches whoever is told; kept as long as the case, without an
       embargo or a day of its own: what needs those, or a lock, is an item
                              else ``no-text``, ``not-locked``, ``outside-audience``, ``not-to-state``, ``bad-caveats``
       before the case's time is over; by its own node also before it is closed, at most ``MOST_A_DAY``, and without the
       label of anybody whom another case known here names
                                                  else ``retention-over``, ``case-closed``, ``too-many``, ``other-case``
read   by who was told, to who said it; a second time by a person's own node only of what is new
                                                  else ``predecessor-missing``, ``not-held``, ``recipient-missing``,
                                                       ``recipient-outside``, ``already-read``
clear  once, when the case's time is over                                   else ``not-due``, ``already-purged``

What is said is named by the digest of its signed statement: a message id is chosen by its sender, who could take
another's or give two readers two texts under one.

Order: by depth, then time, then digest. The depth of what rests on nothing is 0, else one more than the deepest of
what it names. All of that was for whoever reads it, so everybody reckons the same depth, and any two ends show what
both have in the same order: nothing stands before what it answers, and no clock can move it there.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator

import msgspec

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import DAY, to_text
from hamsaya.cases.matter import Matter
from hamsaya.cases.records import Deleted, Said, Spoken
from hamsaya.cases.types import (
    Case,
    CasesState,
)
from hamsaya.messages.caveats import LOCKED
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from hamsaya.messages.talk import MOST_SEEN, Clear, Read, Say

replace = msgspec.structs.replace
MOST_A_DAY = 200
"""What one member says in one case in a day; more is no conversation."""
LEAST_LABEL = 4
"""A label shorter than this is found in too many words."""
ROLES = {"case.say": "a participant", "case.read": "a participant who was told", "case.clear": "a participant"}
TRANSITIONS = {(state, kind): state for state in ("open", "closed") for kind in ROLES}


def matter(state: CasesState, event: Event, ref: str, case: Case | None) -> Matter | None:
    """Return what a message of the conversation is about, or None while something of it is unknown here."""
    if case is None or any(each not in state.words for each in _named(event.body)):
        return None
    people = frozenset(case.participants)
    told: frozenset[str] = frozenset()
    if isinstance(event.body, Read):
        told = frozenset(state.words[each].sender for each in event.body.words)
    return Matter(case.status, people, told, people, case)


def _named(body: Body) -> Iterable[bytes]:
    return body.seen if isinstance(body, Say) else body.words if isinstance(body, Read) else ()


def refusals(state: CasesState, event: Event, matter: Matter, longest: int) -> Iterator[Decision]:
    """Yield what forbids a message of the conversation."""
    assert matter.case is not None
    if outside := set(event.recipients) - matter.participants:
        yield refuse("recipient-outside", "cases:talk", f"{', '.join(sorted(outside))} takes no part in the case")
    match event.body:
        case Say() as body:
            yield from _say(state, event, body, matter.case)
            if matter.sending:
                yield from _house(state, event, body, matter.case)
        case Read() as body:
            yield from _read(state, event, body, matter)
        case Clear():
            if event.issued_at < matter.case.retain_until:
                text = f"what was said may be kept until {to_text(matter.case.retain_until)}"
                yield refuse("not-due", "cases:talk", text)
            if any(each.holder == event.sender for each in state.cleared.get(matter.case.case, ())):
                yield refuse("already-purged", "cases:talk", "it has been deleted there before")


def _say(state: CasesState, event: Event, body: Say, case: Case) -> Iterator[Decision]:
    readers = frozenset((event.sender, *event.recipients))
    if not event.recipients:
        yield refuse("no-recipient", "cases:talk", "something is said to somebody")
    for each in body.seen:
        spoken = state.words[each]
        if spoken.case != case.case or not readers <= audience(spoken):
            yield refuse("outside-thread", "cases:talk", "it rests on something that not all who are told may read")
    if body.text is None:
        yield refuse("no-text", "cases:talk", "it says something; only what was deleted does not")
    if body.caveats.disclosure in LOCKED:
        yield refuse("not-locked", "cases:talk", "what is D2 or D3 is given as an item, locked, by two persons")
    if body.caveats.delete_by is not None or body.caveats.embargo_until is not None:
        yield refuse("bad-caveats", "cases:talk", "what has a time of its own is given as an item")
    for member in sorted(event.recipients):
        if not body.caveats.audience.reaches(member):
            yield refuse("outside-audience", "cases:talk", f"nobody at {member} is in its audience")
        if member in body.caveats.barred:
            yield refuse("not-to-state", "cases:talk", f"it must not go to {member}")
    if event.issued_at >= case.retain_until:
        yield refuse("retention-over", "cases:retention", "the time for which the case may be kept is over")


def _house(state: CasesState, event: Event, body: Say, case: Case) -> Iterator[Decision]:
    """Yield what this node does not say itself; what arrives is judged by the other rules alone."""
    if case.status == "closed":
        yield refuse("case-closed", "cases:talk", "the case is closed")
    today = [each for each in state.words.values() if each.case == case.case and each.sender == event.sender
             and each.at > event.issued_at - DAY]
    if len(today) >= MOST_A_DAY:
        yield refuse("too-many", "cases:talk", f"a member says at most {MOST_A_DAY} things in a case in a day")
    here = {_plain(subject.label) for subject in case.subjects}
    said = _plain(body.text or "")
    for other in state.cases.values():
        labels = {_plain(subject.label) for subject in other.subjects} - here
        if any(len(label) >= LEAST_LABEL and label in said for label in labels):
            yield refuse("other-case", "cases:talk", "it names somebody or something of another case: nothing of one "
                                                     "case is said in another")


def _plain(text: str) -> str:
    """Return a text as it is compared: one form of each letter, no case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _read(state: CasesState, event: Event, body: Read, matter: Matter) -> Iterator[Decision]:
    words = [state.words[each] for each in body.words]
    if any(event.sender not in each.told or matter.case is None or each.case != matter.case.case for each in words):
        yield refuse("not-held", "cases:talk", "only who was told has read it")
    shared = frozenset[str].intersection(*(audience(each) for each in words))
    if outside := set(event.recipients) - shared:
        text = f"{', '.join(sorted(outside))} was not told what was read"
        yield refuse("recipient-outside", "cases:talk", text)
    if matter.sending and all(any(said.holder == event.sender for said in each.read) for each in words):
        yield refuse("already-read", "cases:talk", "this member has said so before")


# --- Fold -------------------------------------------------------------------------------------------------


def apply(state: CasesState, event: Event) -> CasesState:
    """Return ``state`` after a message of the conversation, which ``decide`` has permitted."""
    ref = event.case or ""
    match event.body:
        case Say() as body:
            gone = body.text is None or is_cleared(state, ref)
            spoken = Spoken(
                digest=event.digest, message=event.message_id, case=ref, sender=event.sender,
                officer=body.officer, at=event.issued_at,
                text=None if gone else body.text, seen=tuple(sorted(set(body.seen))), caveats=body.caveats,
                told=tuple(sorted(set(event.recipients) - {event.sender})),
                depth=1 + max((state.words[each].depth for each in body.seen), default=-1))
            return _put(state, [spoken])
        case Read() as body:
            mine = Said(holder=event.sender, officer=body.officer, at=event.issued_at)
            return _put(state, [_with(each, mine) for each in _resting(state, body.words, event.sender)])
        case Clear():
            mine_ = Deleted(holder=event.sender, at=event.issued_at)
            known = {each.holder: each for each in (*state.cleared.get(ref, ()), mine_)}
            cleared = state.cleared.set(ref, tuple(known[holder] for holder in sorted(known)))
            after = dataclasses.replace(state, cleared=cleared)
            if not is_cleared(after, ref):
                return after
            return _put(after, [replace(each, text=None) for each in after.words.values() if each.case == ref])
    return state


def _put(state: CasesState, words: Iterable[Spoken]) -> CasesState:
    known = state.words
    for each in words:
        known = known.set(each.digest, each)
    return dataclasses.replace(state, words=known)


def _with(spoken: Spoken, mine: Said) -> Spoken:
    """Return ``spoken`` as read by who read it first at each member."""
    earliest = {each.holder: each for each in sorted((*spoken.read, mine), key=lambda said: (said.at, said.officer),
                                                     reverse=True)}
    return replace(spoken, read=tuple(earliest[holder] for holder in sorted(earliest)))


def _resting(state: CasesState, words: Iterable[bytes], holder: str) -> list[Spoken]:
    """Return what was said to ``holder`` of ``words`` and of everything they rest on."""
    found: dict[bytes, Spoken] = {}
    waiting = list(words)
    while waiting:
        spoken = state.words[waiting.pop()]
        if spoken.digest not in found:
            found[spoken.digest] = spoken
            waiting.extend(spoken.seen)
    return [each for each in found.values() if holder in each.told]


def is_cleared(state: CasesState, case: str) -> bool:
    """Say whether this node has deleted what was said in ``case``; without an own member, whether anybody has."""
    gone = {each.holder for each in state.cleared.get(case, ())}
    return bool(gone) if state.own is None else state.own in gone


# --- Views ------------------------------------------------------------------------------------------------


def audience(spoken: Spoken) -> frozenset[str]:
    """Return who may read something said: who said it and who was told."""
    return frozenset((spoken.sender, *spoken.told))


def ordered(state: CasesState, case: str) -> list[Spoken]:
    """Return what was said in ``case``, as far as it is known here, in the order in which every end reads it."""
    return sorted((each for each in state.words.values() if each.case == case), key=place)


def place(spoken: Spoken) -> tuple[int, int, bytes]:
    """Return where something said stands among all that is said in its case."""
    return spoken.depth, spoken.at, spoken.digest


def heads(state: CasesState, case: str, readers: Iterable[str]) -> list[bytes]:
    """Return what something said to ``readers`` (its sender among them) rests on: the last things all of them may read.
    """
    wanted = frozenset(readers)
    shared = [each for each in ordered(state, case) if wanted <= audience(each)]
    answered = {name for each in shared for name in each.seen}
    return [each.digest for each in shared if each.digest not in answered][-MOST_SEEN:]


def unread(state: CasesState, case: str, member: str) -> list[Spoken]:
    """Return what was said to ``member`` and read by nobody there, in order."""
    return [each for each in ordered(state, case)
            if member in each.told and all(said.holder != member for said in each.read)]
