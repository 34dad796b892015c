"""What an item is made of goes where its originators let it go, and no more loosely than they asked.

Rules for an item made of others
1. each of them is known here: as an item that was given, or by the consent named, told by its originator
                                                                                    else ``predecessor-missing``
2. it is named with its true originator, and its maker was given it         else ``wrong-originator``, ``not-held``
3. it has not been recalled; an embargo on it is over, its time is not
                                                                 else ``item-revoked``, ``embargoed``, ``past-deletion``
4. whoever receives the product was given the item by its originator, is that originator, or is covered by a consent
   of the originator to this maker, named here and standing at that instant; silence is a refusal
                                                                                               else ``consent-missing``
5. the product is on every axis at least as strict as the item, or as the consent asks where it rests on one, for each
   recipient by what that recipient was given. Of its audience that is asked for whoever is not another recipient:
   no recipient knows what the others may have, and each judges its own desks         else ``caveats-stripped``
6. what the maker made itself brings in what that was made of: nothing is washed by a second product

Both ends apply these rules. The sender answers for every recipient, each recipient for itself: others may hold an item
or a consent that is not known to it. A product that crossed the recall of what it was made of is refused where the
recall is known and recalled with it where it is not yet: nobody can heal that afterwards, and neither end keeps it. One
that crossed the withdrawal of a consent is refused where the withdrawal is known.

Rules for a consent
7. it is asked by a holder for others than itself and the originator, in words        else ``no-text``, ``wrong-role``
8. it is granted once, ends later than it is given, and those it names are in the audience that it asks for; it may be
   withdrawn at any time               else ``already-exists``, ``consent-expired``, ``outside-audience``
   and in time: once the clock of the question has run out, silence has refused it        else ``consent-lapsed``
   It says until when it could be given; an end that lacks what moved the clock waits for it
                                                                          else ``predecessor-missing``, ``wrong-due``
9. a recalled item is not consented to                                                          else ``item-revoked``
10. who consents for what it made of another's item has that other's consent for the same recipients
                                                                                             else ``consent-missing``
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from hamsaya.base.decision import Decision, refuse
from hamsaya.base.instants import to_text
from hamsaya.cases import freezing, waiting
from hamsaya.cases.caveats import SCOPES, Axis, weaker
from hamsaya.cases.clocks import Annex
from hamsaya.cases.lineage import recalled_at
from hamsaya.cases.matter import Matter
from hamsaya.cases.types import Case, CasesState, Decided, Grant, Item
from hamsaya.messages.cases import Answer, Parent
from hamsaya.messages.caveats import Audience, Caveats
from hamsaya.messages.event import Event
from hamsaya.messages.items import ConsentAsk, ConsentEnd, ConsentGiven


def derived(state: CasesState, event: Event, body: Answer, participants: Collection[str]) -> Iterator[Decision]:
    """Yield every rule that stands against the item of ``body`` for what it was made of."""
    asked = _answered_for(state, event, participants)
    others = frozenset(event.recipients) & frozenset(participants)
    for parent, consents in _roots(state, event.sender, body.derived_from).items():
        item = state.items.get((parent.case, parent.item))
        yield from _parent(state, event, parent, item)
        if parent.originator != event.sender:
            yield from _recipients(state, event, body.caveats, _Basis(parent, consents, item), asked, others)


class _Basis(NamedTuple):
    """What a product rests on: an item, as it is known here, and the consents named for it."""

    parent: Parent
    consents: frozenset[str]
    item: Item | None


def _roots(state: CasesState, maker: str, parents: Iterable[Parent]) -> dict[Parent, frozenset[str]]:
    """Return what ``parents`` name with the consents named, and of what the maker made itself what that was made of."""
    found: dict[Parent, frozenset[str]] = {}
    waiting = list(parents)
    while waiting:
        named = waiting.pop(0)
        parent = replace(named, consent=None)
        consents = found.get(parent, frozenset()) | ({named.consent} if named.consent else frozenset())
        if found.get(parent) == consents:
            continue
        found[parent] = consents
        item = state.items.get((parent.case, parent.item))
        if item is not None and item.originator == maker:
            waiting.extend(item.derived_from)
    return found


def _answered_for(state: CasesState, event: Event, participants: Collection[str]) -> list[str]:
    """Return the recipients that this node judges: all at the sender, elsewhere this node's own member."""
    if state.own in (None, event.sender):
        return sorted(set(event.recipients) & set(participants))
    return [state.own] if state.own in participants else []


def _parent(state: CasesState, event: Event, parent: Parent, item: Item | None) -> Iterator[Decision]:
    """Yield what stands against making anything of ``parent``: rules 1 to 3."""
    if item is None:
        if state.own in (None, event.sender):
            yield refuse("predecessor-missing", "cases:onward", f"{parent.item} is not known here")
        return
    if item.originator != parent.originator:
        yield refuse("wrong-originator", "cases:onward", f"{parent.item} was given by another member")
    if event.sender not in (item.originator, *item.holders):
        yield refuse("not-held", "cases:onward", f"{event.sender} was not given {parent.item}")
    recalled = recalled_at(state, item)
    if recalled is not None and (recalled <= event.issued_at or event.sender == state.own):
        yield refuse("item-revoked", "cases:onward", f"{parent.item} is recalled: nothing is made of it any more")


def _recipients(
    state: CasesState, event: Event, caveats: Caveats, basis: _Basis, recipients: list[str], others: frozenset[str]
) -> Iterator[Decision]:
    """Yield what stands against these recipients: rules 3 to 5, each by what it rests on for that recipient."""
    parent = basis.parent
    for member in recipients:
        demands = _demands(state, event, basis, member)
        stripped = [list(_kept(event, caveats, parent, each, others - {member})) for each in demands]
        if demands and not all(stripped):
            continue
        if _may_come(state, event, basis, member, bool(demands)):
            text = f"neither {parent.item} nor its originator's consent is known here"
            yield refuse("predecessor-missing", "cases:onward", text)
        elif demands:
            yield from stripped[0]
        else:
            text = f"{parent.originator} has not consented that {event.sender} passes {parent.item} on to {member}"
            yield refuse("consent-missing", "cases:onward", text)


def _demands(state: CasesState, event: Event, basis: _Basis, member: str) -> list[Caveats]:
    """Return the caveats under any of which ``member`` may have it: of a consent named, and of the item it was given.
    """
    word = _consent(state, basis, event.sender, member, event.issued_at)
    item = basis.item
    given = [item.caveats] if item is not None and member in (item.originator, *item.holders) else []
    return ([word.caveats] if word is not None else []) + given


def _may_come(state: CasesState, event: Event, basis: _Basis, member: str, rests: bool) -> bool:
    """Say whether what is not known here may still let ``member`` receive the product: a consent, or the item itself.

    Args:
        rests: It rests on something known here already, under caveats that were not kept.
    """
    known = [_grant(state, basis.parent, each) for each in basis.consents]
    if None in known:
        return not rests or state.own not in (None, event.sender)
    return basis.item is None and not any(grant is not None and member in grant.to for grant in known)


def _kept(
    event: Event, caveats: Caveats, parent: Parent, demand: Caveats, others: frozenset[str]
) -> Iterator[Decision]:
    # 3. Time, as what it rests on says.
    if demand.embargo_until is not None and event.issued_at < demand.embargo_until:
        text = f"nothing is done with {parent.item} before {to_text(demand.embargo_until)}"
        yield refuse("embargoed", "cases:onward", text)
    if demand.delete_by is not None and event.issued_at >= demand.delete_by:
        yield refuse("past-deletion", "cases:onward", f"{parent.item} was to be deleted")
    # 5. Every axis.
    lost: set[Axis] = {axis for axis in weaker(demand, caveats) if axis != "audience"}
    if not _within(caveats.audience, demand.audience, others | {parent.originator}):
        lost.add("audience")
    if lost:
        text = f"what the originator of {parent.item} asked for would be lost on: {', '.join(sorted(lost))}"
        yield refuse("caveats-stripped", "cases:onward", text)


def _within(audience: Audience, allowed: Audience, others: frozenset[str]) -> bool:
    """Say whether everybody in ``audience`` is in ``allowed``, or of a member that is judged by what it was given."""
    if audience.scope != "listed":
        return SCOPES.index(allowed.scope) <= SCOPES.index(audience.scope)
    return all(desk.partition("/")[0] in others or allowed.includes(desk) for desk in audience.desks)


def _grant(state: CasesState, parent: Parent, consent: str) -> Grant | None:
    return state.grants.get((parent.case, parent.item, parent.originator, consent))


def standing(grant: Grant, at: int) -> Decided | None:
    """Return the originator's last word on a consent at ``at`` where it grants it and is not over; else None."""
    if grant.ended_at is not None and grant.ended_at <= at:
        return None
    said = [each for each in grant.decided if each.at <= at]
    return said[-1] if said and said[-1].granted and at < said[-1].until else None


def _consent(state: CasesState, basis: _Basis, asker: str, to: str, at: int) -> Decided | None:
    for consent in sorted(basis.consents):
        grant = _grant(state, basis.parent, consent)
        if grant is not None and grant.asker == asker and to in grant.to and (word := standing(grant, at)) is not None:
            return word
    return None


# --- Consents --------------------------------------------------------------------------------------------


def told(body: ConsentGiven) -> frozenset[str]:
    """Return who is told of a consent: who asked, and where it is granted those it lets the item be passed on to."""
    return frozenset((body.asker, *(body.to if body.granted else ())))


def elsewhere(state: CasesState, event: Event, body: ConsentGiven, case: Case | None) -> Matter | None:
    """Return what a consent is about at a node that was not given the item, None where it does not concern that node.

    Whose item it is cannot be known here: it is taken as its sender's, and serves for items named as that sender's.
    """
    if state.own is not None and state.own not in body.to:
        return None
    people = frozenset((event.sender, body.asker, *body.to)) | frozenset(case.participants if case else ())
    return Matter("elsewhere", frozenset((event.sender,)), told(body), people, case)


def ending(state: CasesState, event: Event, body: ConsentEnd, case: Case | None) -> Matter | None:
    """Return what the end of a consent is about: the consent, wherever it is known."""
    grant = state.grants.get((event.case or "", body.item, event.sender, body.consent))
    if grant is None:
        return None
    named = frozenset((grant.asker, *grant.to))
    people = named | {event.sender} | frozenset(case.participants if case else ())
    return Matter("elsewhere", frozenset((event.sender,)), named, people, case)


def asked(event: Event, body: ConsentAsk, item: Item) -> Iterator[Decision]:
    """Yield what forbids asking for a consent."""
    if body.text is None:
        yield refuse("no-text", "cases:consent", "a consent is asked for the words that would be passed on")
    if {event.sender, item.originator} & set(body.to):
        yield refuse("wrong-role", "cases:consent", "a consent is asked for others than its originator and the asker")
    if any(each.consent == body.consent and each.asker != event.sender for each in item.sought):
        yield refuse("already-exists", "cases:consent", "the consent's reference is taken")


def consent(
    state: CasesState, event: Event, body: ConsentGiven, item: Item | None, annexes: Sequence[Annex] = ()
) -> Iterator[Decision]:
    """Yield what forbids a word on a consent; a refusal or withdrawal is always open."""
    if item is not None and body.asker not in item.holders:
        yield refuse("not-held", "cases:consent", f"{body.asker} was not given the item")
    known = state.grants.get((event.case or "", body.item, event.sender, body.consent))
    if known is not None and (known.asker, known.to) != (body.asker, tuple(sorted(set(body.to)))):
        yield refuse("already-exists", "cases:consent", "the consent's reference stands for another question")
    if known is not None and body.granted and known.decided[0].at < event.issued_at:
        yield refuse("already-exists", "cases:consent", "it was decided before; what is granted anew is asked anew")
    if not body.granted:
        return
    yield from _in_time(state, event, body, annexes)
    if body.until <= event.issued_at:
        yield refuse("consent-expired", "cases:consent", "a consent ends later than it is given")
    for member in body.to:
        if not body.caveats.audience.reaches(member) or member in body.caveats.barred:
            text = f"the caveats under which it may be passed on keep it from {member}"
            yield refuse("outside-audience", "cases:consent", text)
    if item is None:
        return
    recalled = recalled_at(state, item)
    if recalled is not None and recalled <= event.issued_at:
        yield refuse("item-revoked", "cases:consent", "the item is recalled")
    if state.own in (None, event.sender):
        yield from _rests(state, event, body, item)


def term(
    state: CasesState, case: str, consent: str, originator: str, asker: str, annexes: Sequence[Annex] = ()
) -> int | None:
    """Return until when the question for a consent could be decided, as far as its clock is known here; else None."""
    asked = waiting.find(state, case, consent, "onward-decision", 1, originator, annexes)
    return asked.due if asked is not None and asked.waits == asker else None


def _in_time(state: CasesState, event: Event, body: ConsentGiven, annexes: Sequence[Annex]) -> Iterator[Decision]:
    """Yield what forbids granting too late. What moved the clock, a freeze, may not have arrived here: where the
    originator says that the clock ran longer than is known here, the consent waits for it.
    """
    sending, case = state.own in (None, event.sender), event.case or ""
    due = term(state, case, body.consent, event.sender, body.asker, annexes)
    there = freezing.as_dated(state, case)  # Where another end heard of a freeze in time.
    dated = term(there, case, body.consent, event.sender, body.asker, annexes)
    if sending and body.due is not None and body.due != due:
        yield refuse("wrong-due", "cases:consent", f"the question could be decided until {due}")
    if due is None or event.issued_at <= (due if sending else max(due, dated or due)):
        return
    if not sending and body.due is not None and due < event.issued_at <= body.due:
        yield refuse("predecessor-missing", "cases:consent", "what moved the clock of the question has not arrived")
        return
    text = f"nothing was decided by {to_text(due)}, which is a refusal; it is asked for anew"
    yield refuse("consent-lapsed", "cases:consent", text)


def _rests(state: CasesState, event: Event, body: ConsentGiven, item: Item) -> Iterator[Decision]:
    """Rule 10: asked of the originator alone, for nobody else knows all the consents it has."""
    for parent in _roots(state, event.sender, item.derived_from):
        if parent.originator == event.sender:
            continue
        origin = state.items.get((parent.case, parent.item))
        ref = (parent.case, parent.item, parent.originator)
        consents = frozenset(key[3] for key in state.grants if key[:3] == ref)
        for member in body.to:
            given = origin is not None and member in (origin.originator, *origin.holders)
            word = _consent(state, _Basis(parent, consents, origin), event.sender, member, event.issued_at)
            if not given and word is None:
                text = f"{parent.originator} has not consented that {parent.item} reaches {member}"
                yield refuse("consent-missing", "cases:consent", text)
            elif word is not None and weaker(word.caveats, body.caveats):
                text = f"the consent of {parent.originator} asks for stricter caveats"
                yield refuse("caveats-stripped", "cases:consent", text)
