"""Every message against every state of an item, in every order of arrival: the desks end with one story.

At each step a desk says whatever its rules let it, and letters arrive in any order or wait. What a desk was refused is
refused at the other end too; what it was let do folds there, however late and after whatever else it comes.

A recall, with what its originator's node recalls for it, and the withdrawal of a consent arrive before more is said: a
product that crosses them is the one thing that nobody can heal (``onward``). A reference begins with the slug of who
gives it (``rules``).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from hamsaya.cases import rules
from hamsaya.cases.items import ROLES
from hamsaya.cases.lineage import recalled_at
from hamsaya.cases.types import Item
from hamsaya.messages.cases import Purge, Revoke
from hamsaya.messages.items import (
    Accept,
    ConsentAsk,
    ConsentEnd,
    ConsentGiven,
    Hold,
    Recall,
    Seen,
    Tombstone,
    Unhold,
    Unlock,
    Use,
)
from tests.cases.desks import DAY, EVERYBODY, KEY, Desks, answer, opened, parent
from tests.cases.story import T0, caveats

STATES = ("released", "superseded", "revoked")
OPEN = {"R-1": ("bel", "C-1"), "R-2": ("bel", "C-1"), "R-3": ("cor", "C-1"), "R-4": ("ava", "C-2"),
        "R-5": ("cor", "C-2"), "R-6": ("ava", "C-2")}
SAID: dict[str, Callable[[Item, str], Any]] = {
    "seen": lambda item, other: Seen(item=item.item, officer="o-1"),
    "accept": lambda item, other: Accept(item=item.item, officer="o-1"),
    "unlock": lambda item, other: Unlock(item=item.item, holder=other, key=KEY),
    "wrong-key": lambda item, other: Unlock(item=item.item, holder=other, key=b"x" * 32),
    "use": lambda item, other: Use(item=item.item, outcome="new-lead", text="words", officer="o-1"),
    "consent-ask": lambda item, other: ConsentAsk(consent=f"{_asker(item, other)}-{other}", item=item.item, to=[other],
                                                  text="words", purpose="prevent-attack", officer="o-1"),
    "grant": lambda item, other: _consent(item, other, True),
    "withdraw": lambda item, other: _consent(item, other, False),
    "consent-end": lambda item, other: ConsentEnd(consent=_consent(item, other, False).consent, item=item.item),
    "hold": lambda item, other: Hold(item=item.item, law="law-1", prepared_by="o-1", released_by="o-2"),
    "unhold": lambda item, other: Unhold(item=item.item, law="law-1", prepared_by="o-1", released_by="o-2"),
    "tombstone": lambda item, other: Tombstone(item=item.item, reason="retention"),
    "purge": lambda item, other: Purge(item=item.item, outcome="purged", law=None, officer="o-1"),
    "retain": lambda item, other: Purge(item=item.item, outcome="retained-under-law", law="law-1", officer="o-1"),
    "recall": lambda item, other: Recall(item=item.item),
    "revoke": lambda item, other: Revoke(item=item.item, reason="error", officer="o-1"),
}


CROSSED = {"revoke", "recall", "withdraw", "consent-end"}


def _asker(item: Item, other: str) -> str:
    return next((holder for holder in item.holders if holder != other), item.holders[0])


def _reference(item: Item, asker: str, other: str) -> str:
    """Return the asker's reference where it has asked, as far as is known there, else one of the originator's own."""
    asked = f"{asker}-{other}"
    return asked if any(each.consent == asked for each in item.sought) else f"{item.originator}-{asker}-{other}"


def _consent(item: Item, other: str, granted: bool) -> ConsentGiven:
    asker = _asker(item, other)
    return ConsentGiven(consent=_reference(item, asker, other), item=item.item, asker=asker, to=[other],
                        granted=granted, until=T0 + 60 * DAY, caveats=caveats(audience=(other,)), officer="o-1")


def told(item: Item, kind: str, other: str, sender: str) -> tuple[str, ...]:
    """Return whom a message goes to, as the commands and the node address it."""
    if kind in ("grant", "withdraw", "consent-end"):
        asker = _consent(item, other, True).asker
        return (asker, other)
    if kind == "unlock" or kind == "wrong-key":
        return (other,)
    if kind in ("recall", "revoke") or (kind == "tombstone" and sender == item.originator):
        return item.holders
    return (item.originator,)


class Items(RuleBasedStateMachine):
    """Four desks, and whatever is said of what they give each other."""

    def __init__(self) -> None:
        super().__init__()
        self.desks: Desks = opened()
        self.count = 0
        self.pairs: set[tuple[str, str]] = set()

    @rule(request=st.sampled_from(sorted(OPEN)), disclosure=st.sampled_from(["D0", "D2"]),
          of=st.integers(0, 20), made=st.booleans(), wide=st.booleans(), short=st.booleans())
    def answers(self, request: str, disclosure: str, of: int, made: bool, wide: bool, short: bool) -> None:
        """Give an item, open or locked, made of something or not, for one desk or several."""
        sender, case = OPEN[request]
        state = self.desks.states[sender]
        asker = state.requests[case, request].asker
        readers = sorted(({"ava", "bel", "cor"} if case == "C-1" else set(EVERYBODY)) - {sender}) if wide else [asker]
        items = [item for _, item in sorted(state.items.items())]
        parents = []
        if made and items:
            item = items[of % len(items)]
            parents = [parent(item.item, item.originator, item.case)]
            parents += [parent(item.item, item.originator, item.case, key[3]) for key, grant in state.grants.items()
                        if key[:3] == (item.case, item.item, item.originator) and set(grant.to) & set(readers)]
        self.count += 1
        body = answer(f"{sender}-{self.count}", request, audience=readers, disclosure=disclosure, parents=parents,
                      delete_by=T0 + 40 * DAY if short else None)
        self.desks.try_to(sender, body, readers, case)

    @rule(member=st.sampled_from(EVERYBODY), of=st.integers(0, 20))
    def corrects(self, member: str, of: int) -> None:
        """Replace an item of one's own."""
        mine = [item for _, item in sorted(self.desks.states[member].items.items()) if item.originator == member]
        if not mine:
            return
        old = mine[of % len(mine)]
        self.count += 1
        body = answer(f"{member}-{self.count}", old.request, audience=old.holders, supersedes=old.item)
        self.desks.try_to(member, body, old.holders, old.case)

    @rule(member=st.sampled_from(EVERYBODY), of=st.integers(0, 20), kind=st.sampled_from(sorted(SAID)),
          other=st.sampled_from(EVERYBODY))
    def says(self, member: str, of: int, kind: str, other: str) -> None:
        """Say something about an item that this desk knows; whatever the rules refuse, they refuse with a reason."""
        known = [item for _, item in sorted(self.desks.states[member].items.items())]
        if not known:
            return
        item = known[of % len(known)]
        body = SAID[kind](item, other)
        if kind == "consent-ask":
            body = replace(body, consent=f"{member}-{other}")
        if kind in CROSSED:
            self.desks.deliver()
        event = self.desks.event(member, body, told(item, kind, other, member), item.case)
        decision = self.desks.decide(member, event)
        self.pairs.add((item.status, event.kind))
        assert decision.reasons and "the text" not in decision.sentence()
        if decision.allowed:
            self.desks.try_to(member, body, told(item, kind, other, member), item.case).require()
        elif member in (item.originator, *item.holders):
            self.refused_there_too(item, event)
        if kind in CROSSED:
            self.desks.deliver()
            self.recalls_follow()

    def recalls_follow(self) -> None:
        """What each node says by itself: what is made of something recalled is recalled."""
        for member in EVERYBODY * 2:
            for _, item in sorted(self.desks.states[member].items.items()):
                recalled = recalled_at(self.desks.states[member], item) is not None
                if item.originator == member and recalled and item.status != "revoked":
                    self.desks.try_to(member, Recall(item=item.item), item.holders, item.case)
            self.desks.deliver()

    def refused_there_too(self, item: Item, event: Any) -> None:
        """What this desk must not say, the other end does not take in once it knows what this desk knows.

        Only of a recall the other end may know more: that of a part this desk never held.
        """
        settled = self.desks.copy()
        settled.deliver()
        for member in event.recipients:
            if event.kind == "case.purge" and self.recalled(settled, member, item) != self.recalled(
                    settled, event.sender, item):
                continue
            asker_knows = member in (item.originator, *item.holders)
            if asker_knows and not settled.decide(event.sender, event).allowed:
                own_only = event.kind == "case.recall" or event.kind == "case.consent"
                assert own_only or not settled.decide(member, event).allowed, (member, event)

    @staticmethod
    def recalled(desks: Any, member: str, item: Item) -> bool:
        """Say whether ``member`` knows of a recall of ``item``, or of what it is made of."""
        known = desks.states[member].items.get((item.case, item.item))
        return known is not None and recalled_at(desks.states[member], known) is not None

    @rule(of=st.integers(0, 20), holder=st.sampled_from(EVERYBODY))
    def goes_on(self, of: int, holder: str) -> None:
        """The next lawful step with a locked item: its holder accepts, or its originator gives the key."""
        items = [item for _, item in sorted(self.desks.states[holder].items.items()) if holder in item.holders]
        locked = [item for item in items if item.locked is not None]
        if not locked:
            return
        item = locked[of % len(locked)]
        if not any(each.holder == holder for each in item.accepted):
            self.desks.try_to(holder, SAID["accept"](item, holder), (item.originator,), item.case)
        self.desks.try_to(item.originator, SAID["unlock"](item, holder), (holder,), item.case)

    @rule(of=st.integers(0, 20), request=st.sampled_from(sorted(OPEN)))
    def passes_on(self, of: int, request: str) -> None:
        """A consent is given, and the one it was given to makes something of the item, whoever has heard of it."""
        maker, case = OPEN[request]
        state = self.desks.states[maker]
        reader = state.requests[case, request].asker
        held = [item for _, item in sorted(state.items.items())
                if maker in item.holders and reader not in (item.originator, *item.holders)]
        if not held:
            return
        item = held[of % len(held)]
        reference = f"{item.originator}-{maker}-{reader}"
        grant = ConsentGiven(consent=reference, item=item.item, asker=maker, to=[reader], granted=True,
                             until=T0 + 60 * DAY, caveats=caveats(audience=(reader,)), officer="o-1")
        self.desks.try_to(item.originator, grant, (maker, reader), item.case)
        self.count += 1
        body = answer(f"{maker}-{self.count}", request, audience=(reader,),
                      parents=[parent(item.item, item.originator, item.case, reference)])
        self.desks.try_to(maker, body, (reader,), case)

    @rule(days=st.sampled_from([0, 1, 45]))
    def time_passes(self, days: int) -> None:
        """Past the day of deletion of some, and never back."""
        self.desks.now = max(self.desks.now, min(self.desks.now + days * DAY, T0 + 80 * DAY))

    @precondition(lambda self: self.desks.waiting)
    @rule(place=st.integers(0, 100))
    def one_arrives(self, place: int) -> None:
        """Any letter, before those sent earlier."""
        desks = self.desks
        letter = desks.waiting.pop(place % len(desks.waiting))
        rest, desks.waiting = desks.waiting, [letter]
        desks.deliver()
        desks.waiting += rest

    @precondition(lambda self: self.desks.waiting)
    @rule(seed=st.integers(0, 2**32))
    def whatever_order_they_arrive_in(self, seed: int) -> None:
        """The same letters in two orders: the same states, and the same refusals."""
        one, other = self.desks.copy(), self.desks.copy()
        order = list(range(len(other.waiting)))
        Random(seed).shuffle(order)
        one.deliver()
        other.deliver(order)
        for member in EVERYBODY:
            assert one.snapshot(member) == other.snapshot(member), member
        assert sorted(one.refused) == sorted(other.refused)
        assert len(one.waiting) == len(other.waiting)
        self.desks = one

    @invariant()
    def nothing_lawful_was_refused_on_its_way(self) -> None:
        """What the sender's rules let out, the receiver's let in."""
        assert not self.desks.refused

    @invariant()
    def what_is_deleted_is_gone(self) -> None:
        """No text, no key, no word about it is left at who said it was deleted."""
        for member, state in self.desks.states.items():
            for item in state.items.values():
                purged = any(each.holder == member and each.outcome == "purged" for each in item.attested)
                if purged or any(each.holder == member for each in item.deleted):
                    kept = [item.text, item.locked, item.key, *(each.text for each in (*item.uses, *item.sought))]
                    assert not any(kept)
                if item.key is not None:
                    assert item.originator == member or any(each.holder == member for each in item.accepted)
                assert (recalled_at(state, item) is None) or item.status == "revoked" or item.derived_from


TestItems = Items.TestCase
TestItems.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)


def test_every_state_and_kind_has_a_row_or_a_reason() -> None:
    """The table is whole: each kind of message about an item, in each state, is let in or refused by name."""
    left_out = {(state, kind) for state in STATES for kind in ROLES} - set(rules.TRANSITIONS)
    assert left_out == {("revoked", "case.revoke"), ("revoked", "case.recall"),
                        *((state, "case.consent-end") for state in STATES)}
    assert ("superseded", "case.answer") not in rules.TRANSITIONS
