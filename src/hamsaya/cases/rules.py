"""Who may do what within a case, and when.

Rules, in the order in which they are applied
1. Every message names its case                                             else ``case-required``
2. what it refers to has been seen: the case, the request, the item         else ``predecessor-missing``
3. the sender holds the role that ``ROLES`` asks for                else ``not-a-participant``, ``wrong-role``
4. recipients are participants or observers, and those concerned are told
                                                            else ``recipient-outside``, ``recipient-missing``
5. ``TRANSITIONS`` has a row for the state and the kind     else ``already-exists``, ``illegal-transition``
6. the rules of the kind:
   open      participants named once, <= 20 persons, kept after today, at most five years and at most as long as
             its instrument lets it         else ``participants``, ``too-many-persons``, ``retention``
   ask       another participant is asked, before the case closed and before its retention ends
                          else ``not-a-participant``, ``wrong-role``, ``case-closed``, ``retention-over``
   answer    text, a new item reference, one person prepared and another released, retention not over
                               else ``no-text``, ``already-exists``, ``two-persons``, ``retention-over``
   overdue   once a step, with the due instant of the table, and after it
                                                         else ``already-marked``, ``wrong-due``, ``not-due``
   purge     after "purged" a holder has nothing to add                             else ``already-purged``

An overdue mark ends nothing: a late answer is accepted and shown as late. A mark is the asker's claim, since
at third parties it may overtake an answer that was in time; the views judge by instants. Messages of
different senders may arrive in any order once what they refer to is there, with two exceptions that nobody
can heal afterwards: a reference belongs to whoever uses it first (begin yours with your own slug), and a
question that arrived before the closing it came after stands.

Left out: clarification, transfer, consent to onward use, and legal holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.cases.types import Case, CasesState, Item, Request, Step
from hamsaya.messages.cases import Answer, Ask, Close, Open, Overdue, Purge, Revoke, Urgency
from hamsaya.messages.event import Event

MAX_PERSONS = 20
MAX_RETENTION = 1827 * DAY
"""Five years with their leap days; the ceiling of the exchange notes, section 5, item 10."""


class Clocks(NamedTuple):
    """Milliseconds to acknowledge and to answer a request, and to attest a purge after a revocation."""

    acknowledge: int
    answer: int
    purge: int


# The published deadlines, in UTC hours: human acknowledgement, first substantive answer or refusal, purge.
DEADLINES: dict[Urgency, Clocks] = {
    "threat-to-life": Clocks(30 * MINUTE, 2 * HOUR, 24 * HOUR),
    "urgent": Clocks(2 * HOUR, 8 * HOUR, 72 * HOUR),
    "routine": Clocks(24 * HOUR, 7 * DAY, 72 * HOUR),
}

# Who may send each kind.
ROLES: dict[str, str] = {
    "case.open": "a participant",
    "case.ask": "a participant",
    "case.acknowledge": "the member asked",
    "case.answer": "the member asked",
    "case.decline": "the member asked",
    "case.overdue": "the asker",
    "case.revoke": "the originator of the item",
    "case.purge": "a holder of the item",
    "case.close": "the opener",
}

# The life of a case, of a request and of an item. What has no row is refused. An acknowledgement that was
# overtaken by the answer it announced is still recorded.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("none", "case.open"): "open",
    ("open", "case.close"): "closed",
    ("none", "case.ask"): "asked",
    ("asked", "case.acknowledge"): "acknowledged",
    ("asked", "case.answer"): "answered",
    ("asked", "case.decline"): "declined",
    ("asked", "case.overdue"): "asked",
    ("acknowledged", "case.answer"): "answered",
    ("acknowledged", "case.decline"): "declined",
    ("acknowledged", "case.overdue"): "acknowledged",
    ("answered", "case.acknowledge"): "answered",
    ("answered", "case.overdue"): "answered",
    ("declined", "case.acknowledge"): "declined",
    ("declined", "case.overdue"): "declined",
    ("released", "case.revoke"): "revoked",
    ("revoked", "case.purge"): "revoked",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """What a message is about: the state it would move, who may move it, and who must be told."""

    status: str
    actors: frozenset[str]
    told: frozenset[str]
    participants: frozenset[str]
    case: Case | None = None
    request: Request | None = None
    item: Item | None = None


def due(request: Request, step: Step) -> int:
    """Return the instant by which ``step`` of ``request`` is due."""
    return request.asked_at + getattr(DEADLINES[request.urgency], step)  # type: ignore[no-any-return]


def decide(
    state: CasesState, event: Event, observers: frozenset[str] = frozenset(), longest: int = MAX_RETENTION
) -> Decision:
    """Return whether ``event`` (of a ``case.*`` kind) may be applied to ``state``.

    Args:
        observers: Members that may be addressed without being participants: oversight and the joint cell.
        longest: How long the instrument lets a case be kept, milliseconds.
    """
    if event.kind not in ROLES:
        return refuse("illegal-transition", "cases:kinds", f"{event.kind} is no message of a case")
    if event.case is None:
        return refuse("case-required", "cases:case", "every message of the cell belongs to a case")
    matter = _matter(state, event, event.case)
    if matter is None:
        return refuse("predecessor-missing", "cases:order", "what this message refers to has not arrived yet")
    permitted = permit(f"cases:{event.kind}", f"{ROLES[event.kind]} may do this in state {matter.status!r}")
    return next(_refusals(state, event, matter, observers, min(longest, MAX_RETENTION)), permitted)


def _matter(state: CasesState, event: Event, ref: str) -> Matter | None:
    """Return what ``event`` is about, or None while that is unknown here (rule 2)."""
    case, body = state.cases.get(ref), event.body
    if isinstance(body, Open):
        people = frozenset(body.participants)
        return Matter(case.status if case else "none", people, people, people)
    if case is None:
        return None
    people = frozenset(case.participants)
    if isinstance(body, Close):
        return Matter(case.status, frozenset((case.opener,)), people, people, case)
    if isinstance(body, Revoke | Purge):
        item = state.items.get((ref, body.item))
        # A holder cannot purge what it was never asked to: the revocation is the purge's predecessor.
        if item is None or (isinstance(body, Purge) and item.status == "released"):
            return None
        owner, holders = frozenset((item.originator,)), frozenset(item.holders)
        actors, told = (owner, holders) if isinstance(body, Revoke) else (holders, owner)
        return Matter(item.status, actors, told, people, case, item=item)
    request = state.requests.get((ref, body.request))  # type: ignore[attr-defined]
    if isinstance(body, Ask):
        return Matter(request.status if request else "none", people, frozenset((body.to,)), people, case)
    if request is None:
        return None
    asker, asked = frozenset((request.asker,)), frozenset((request.asked,))
    actors, told = (asker, asked) if isinstance(body, Overdue) else (asked, asker)
    return Matter(request.status, actors, told, people, case, request)


def _refusals(
    state: CasesState, event: Event, matter: Matter, observers: frozenset[str], longest: int
) -> Iterator[Decision]:
    """Yield every refusal that applies, in the order of the rules."""
    # 3. The sender's role.
    if event.sender not in matter.actors:
        code = "wrong-role" if event.sender in matter.participants else "not-a-participant"
        yield refuse(code, "cases:roles", f"only {ROLES[event.kind]} may send {event.kind}")
    # 4. The recipients.
    told = frozenset(event.recipients)
    if outside := told - matter.participants - observers:
        text = f"{', '.join(sorted(outside))} takes no part in the case"
        yield refuse("recipient-outside", "cases:recipients", text)
    if missing := matter.told - told - {event.sender}:
        text = f"{', '.join(sorted(missing))} must be told"
        yield refuse("recipient-missing", "cases:recipients", text)
    # 5. The table of states.
    if (matter.status, event.kind) not in TRANSITIONS:
        if ("none", event.kind) in TRANSITIONS:
            yield refuse("already-exists", "cases:transitions", "its reference is taken")
        text = f"{event.kind} has no place in state {matter.status!r}"
        yield refuse("illegal-transition", "cases:transitions", text)
    # 6. The rules of the kind.
    match event.body:
        case Open():
            yield from _open(event, event.body, longest)
        case Ask() | Answer() if matter.case is not None:
            yield from _exchange(state, event, matter.case)
        case Overdue() if matter.request is not None:
            yield from _overdue(event, event.body, matter.request)
        case Purge() if matter.item is not None:
            if any(a.holder == event.sender and a.outcome == "purged" for a in matter.item.attested):
                yield refuse("already-purged", "cases:purge", "this holder has attested its purge before")
        case _ if event.kind == "case.acknowledge" and _acknowledged(matter):
            yield refuse("illegal-transition", "cases:transitions", "it has been acknowledged before")


def _acknowledged(matter: Matter) -> bool:
    return matter.request is not None and matter.request.acknowledged_at is not None


def _open(event: Event, body: Open, longest: int) -> Iterator[Decision]:
    if len(set(body.participants)) != len(body.participants):
        yield refuse("participants", "cases:open", "a participant is named once")
    if sum(subject.type == "person" for subject in body.subjects) > MAX_PERSONS:
        yield refuse("too-many-persons", "cases:open", f"a case names at most {MAX_PERSONS} persons")
    if not event.issued_at < body.retain_until <= event.issued_at + longest:
        text = f"a case is kept beyond its opening and, under its instrument, at most {longest // DAY} days"
        yield refuse("retention", "cases:open", text)


def _exchange(state: CasesState, event: Event, case: Case) -> Iterator[Decision]:
    """Yield what forbids a question or an answer."""
    if event.issued_at >= case.retain_until:
        yield refuse("retention-over", "cases:retention", "the time for which the case may be kept is over")
    if isinstance(event.body, Ask):
        if event.body.to not in case.participants:
            yield refuse("not-a-participant", "cases:ask", "only a participant can be asked")
        if event.body.to == event.sender:
            yield refuse("wrong-role", "cases:ask", "a question goes to another participant")
        if case.closed_at is not None and event.issued_at >= case.closed_at:
            yield refuse("case-closed", "cases:ask", "the case is closed: it takes no new question")
    if isinstance(event.body, Answer):
        if event.body.text is None:
            yield refuse("no-text", "cases:answer", "an answer carries its item; only a purged one lacks it")
        if (case.case, event.body.item) in state.items:
            yield refuse("already-exists", "cases:answer", "the item's reference is taken")
        if event.body.prepared_by == event.body.released_by:
            yield refuse("two-persons", "cases:answer", "one person prepares an item and another releases it")


def _overdue(event: Event, body: Overdue, request: Request) -> Iterator[Decision]:
    expected = due(request, body.step)
    if body.step in request.marks:
        yield refuse("already-marked", "cases:overdue", f"the {body.step} step has been marked before")
    if body.due != expected:
        yield refuse("wrong-due", "cases:overdue", f"the {body.step} step was due at {expected}")
    if event.issued_at < expected:
        yield refuse("not-due", "cases:overdue", f"the {body.step} step is due at {expected}, later than now")
