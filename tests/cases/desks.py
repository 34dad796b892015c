"""Four desks with a node's state each, and letters between them that arrive in any order, or not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hamsaya.base.decision import Decision
from hamsaya.canon import digest, encode
from hamsaya.cases import reduce, rules
from hamsaya.cases.types import EMPTY_CASES, CasesState, Item
from hamsaya.messages.cases import Answer, Locked, Parent
from hamsaya.messages.caveats import LOCKED
from hamsaya.messages.event import Event
from hamsaya.messages.items import commitment_of
from hamsaya.messages.kinds import Body, kind_of
from tests.cases.story import GRADING, T0, ask, case_open, caveats

EVERYBODY = ("ava", "bel", "cor", "dun")
KEY = b"k" * 32
DAY = 86_400_000


@dataclass
class Desks:
    """The desks of four members. ``C-1`` is between the first three, ``C-2`` between the last three."""

    states: dict[str, CasesState] = field(
        default_factory=lambda: {member: replace(EMPTY_CASES, own=member) for member in EVERYBODY}
    )
    waiting: list[tuple[str, Event]] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    now: int = T0
    count: int = 0

    def decide(self, member: str, event: Event) -> Decision:
        """Return what ``member``'s node decides on an event of anybody."""
        return rules.decide(self.states[member], event)

    def event(self, sender: str, body: Body, to: Sequence[str], case: str) -> Event:
        """Return ``body`` as said now; every message has its own millisecond."""
        self.now, self.count = self.now + 1, self.count + 1
        told = tuple(member for member in to if member != sender)
        message = self.count.to_bytes(16, "big")
        return Event(message, kind_of(body), sender, told, "cases", case, self.now, self.now + DAY, True, body,
                     digest=digest(message))

    def try_to(self, sender: str, body: Body, to: Sequence[str], case: str = "C-1") -> Decision:
        """Say ``body`` where the sender's node lets it; what is said waits at nobody's door yet."""
        event = self.event(sender, body, to, case)
        decision = self.decide(sender, event)
        if decision.allowed:
            self.states[sender] = reduce.apply(self.states[sender], event)
            self.waiting += [(member, event) for member in event.recipients]
        return decision

    def say(self, sender: str, body: Body, to: Sequence[str], case: str = "C-1") -> None:
        """Say ``body``, which must be permitted, and let everything arrive."""
        self.try_to(sender, body, to, case).require()
        self.deliver()

    def force(self, sender: str, body: Body, to: str, case: str = "C-1") -> str:
        """Return the code with which ``to`` answers what a dishonest node sends whatever its own rules say."""
        event = self.event(sender, body, (to,), case)
        return self.decide(to, event).code

    def deliver(self, order: Sequence[int] | None = None) -> None:
        """Let letters arrive, again and again, until those left wait for something that nobody has sent."""
        queue = self.waiting if order is None else [self.waiting[place] for place in order]
        moved = True
        while moved:
            moved, rest = False, []
            for member, event in queue:
                decision = self.decide(member, event)
                if decision.code == "predecessor-missing":
                    rest.append((member, event))
                    continue
                moved = True
                if decision.allowed:
                    self.states[member] = reduce.apply(self.states[member], event)
                else:
                    self.refused.append((member, event.kind, decision.code))
            queue = rest
        self.waiting = list(queue)

    def copy(self) -> Desks:
        """Return desks that go their own way from here."""
        return Desks(dict(self.states), list(self.waiting), list(self.refused), self.now, self.count)

    def item(self, member: str, item: str = "I-1", case: str = "C-1") -> Item:
        """Return an item as ``member`` knows it."""
        return self.states[member].items[case, item]

    def snapshot(self, member: str) -> bytes:
        """Return a member's state as bytes."""
        return encode(reduce.snapshot(self.states[member]))


def answer(item: str = "I-1", request: str = "R-1", *, parents: Sequence[Parent] = (), text: str = "the text",
           supersedes: str | None = None, audience: Sequence[str] = ("ava",), **axes: Any) -> Answer:
    """Return an answer, locked where its disclosure asks for it."""
    if axes.get("disclosure") == "D3":
        audience = [desk if "/" in desk else f"{desk}/liaison" for desk in audience]
    said = caveats(audience=tuple(audience), **axes)
    locked = Locked(sealed=b"s" * 40, commitment=commitment_of(KEY)) if said.disclosure in LOCKED else None
    return Answer(request=request, item=item, text=None if locked else text, locked=locked, caveats=said,
                  grading=GRADING, derived_from=list(parents), supersedes=supersedes, prepared_by="p-1",
                  released_by="p-2")


def parent(item: str = "I-1", originator: str = "bel", case: str = "C-1", consent: str | None = None) -> Parent:
    """Return what a product was made of."""
    return Parent(originator=originator, case=case, item=item, consent=consent)


def opened() -> Desks:
    """Return desks after ava has asked bel in C-1, and bel, cor and dun have opened C-2, where dun asked bel and cor.

    In C-1 cor asked bel too, and ava asked cor, so that items cross.
    """
    desks = Desks()
    desks.say("ava", case_open(), EVERYBODY[:3])
    second = case_open(participants=["bel", "cor", "dun", "ava"], title="Another", officer="bel-1")
    desks.say("bel", second, EVERYBODY, "C-2")
    desks.say("ava", ask("R-1", "bel"), EVERYBODY[:3])
    desks.say("cor", ask("R-2", "bel"), EVERYBODY[:3])
    desks.say("ava", ask("R-3", "cor"), EVERYBODY[:3])
    desks.say("dun", ask("R-4", "ava"), EVERYBODY, "C-2")
    desks.say("dun", ask("R-5", "cor"), EVERYBODY, "C-2")
    desks.say("cor", ask("R-6", "ava"), EVERYBODY, "C-2")
    return desks
