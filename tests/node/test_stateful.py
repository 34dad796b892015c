"""Three nodes under whatever a network, a disk and an adversary on the wire do, step by step, in any order.

After every step: nothing is admitted twice, nothing that was receipted is lost, every receipt verifies, every log
extends what it was. At the end links heal, everything arrives, and all three hold the same cases.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hamsaya.adapters.memory import MemoryStore
from hamsaya.base.errors import PeerError, PolicyRefusal, RetryLater, StoreError
from hamsaya.base.instants import HOUR, MINUTE
from hamsaya.cases.clocks import URGENCIES
from hamsaya.cases.course import due
from hamsaya.cases.types import Request
from hamsaya.messages.cases import (
    Acknowledge,
    Admit,
    Ask,
    Clarify,
    Decline,
    Extend,
    Open,
    Overdue,
    Pause,
    PauseReason,
    Purge,
    Resume,
    Revoke,
    Transfer,
    Withdraw,
)
from hamsaya.messages.envelope import parse
from hamsaya.messages.kinds import Body
from hamsaya.node import handlers
from hamsaya.node.core import Node
from hamsaya.node.receive import Received, ReceiveJob
from hamsaya.node.send import Draft
from hamsaya.node.settle import settle, verify_receipt
from hamsaya.node.writer import Act
from tests.node.making import CASE, answer, held, parties, reopened
from tests.support.federation import one

MEMBERS = ("ir", "pk", "uz")
LINKS = sorted(permutations(MEMBERS, 2))
REASONS: list[PauseReason] = ["clarification", "court", "force-majeure"]
STEPS = ["overdue to acknowledge", "admit", "pause", "pause", "resume", "clarify", "extend", "transfer", "withdraw",
         "ask again"]
members, links, places = st.sampled_from(MEMBERS), st.sampled_from(LINKS), st.integers(0, 10**6)
Letter = tuple[str, str, bytes, bytes]
"""(sender, receiver, message id, envelope); for a receipt (receiver, sender, message id, receipt)"""


class Neighbours(RuleBasedStateMachine):
    """Three nodes and everything between them."""

    def __init__(self) -> None:
        super().__init__()
        self.fed = parties(*MEMBERS, with_case=True)
        self.flying: list[Letter] = []
        self.receipts: list[Letter] = []
        self.ever: list[Letter] = []
        self.cut: set[tuple[str, str]] = set()
        self.promised: dict[tuple[str, bytes], tuple[int, str]] = {}
        self.heads = {member: (node.tree.size, node.tree.root()) for member, node in self.nodes()}
        self.count = 0

    def nodes(self) -> list[tuple[str, Node]]:
        """Every member with its present node."""
        return [(member, self.fed.node(member)) for member in MEMBERS]

    # -- what members say -------------------------------------------------------------------------------------------

    def say(self, member: str, body: Body, case: str = CASE) -> None:
        """Send to all the others, so that in the end all know the same."""
        others = tuple(other for other in MEMBERS if other != member)
        self.fed.send(member, Draft(body, others, case=case))

    def fresh(self, member: str, letter: str) -> str:
        """Return a reference nobody else uses."""
        self.count += 1
        return f"{member}/{letter}-{self.count}"

    @rule(member=members)
    def open_case(self, member: str) -> None:
        """A second case, as real desks have."""
        until = self.fed.clock.now() + 1000 * HOUR
        body = Open(
            title="t",
            purpose="protect-border",
            act="bombing",
            participants=list(MEMBERS),
            legal_basis="CX.1",
            desk="desk",
            officer="o",
            retain_until=until,
            subjects=[],
        )
        self.say(member, body, self.fresh(member, "C"))

    @rule(link=links, place=places, urgency=st.sampled_from(URGENCIES))
    def ask(self, link: tuple[str, str], place: int, urgency: Any) -> None:
        """A question in some case the asker knows."""
        cases = sorted(self.fed.node(link[0]).state.cases.cases)
        question = Ask(request=self.fresh(link[0], "R"), to=link[1], question="?", urgency=urgency,
                       legal_basis="CX.2", desk="desk", officer="o")
        self.say(link[0], question, cases[place % len(cases)])

    @rule(
        member=members,
        place=places,
        how=st.sampled_from(["acknowledge", "answer", "decline", "overdue", "revoke", "purge", *STEPS]),
    )
    def go_on(self, member: str, place: int, how: str) -> None:
        """Whatever the tables allow next with something this node knows; what they forbid is refused here."""
        state = self.fed.node(member).state.cases
        requests = sorted(state.requests.items())
        items = sorted(state.items.items())
        known: list[Any] = items if how in ("revoke", "purge") else requests
        if not known:
            return
        (case, ref), record = known[place % len(known)]
        bodies: dict[str, Any] = {
            "acknowledge": lambda: Acknowledge(request=ref, officer="o"),
            "answer": lambda: answer(MEMBERS, ref, self.fresh(member, "I"), "a secret"),
            "decline": lambda: Decline(request=ref, code="not-held", officer="o"),
            "overdue": lambda: Overdue(request=ref, step="answer", due=due(record, "answer") or 0),
            "overdue to acknowledge": lambda: Overdue(request=ref, step="acknowledge",
                                                      due=due(record, "acknowledge") or 0),
            "admit": lambda: Admit(request=ref, extent="part", held_directly=bool(place % 2), officer="o"),
            "pause": lambda: Pause(request=ref, pause=self.fresh(member, "p"), reason=REASONS[place % 3], text="?",
                                   officer="o"),
            "resume": lambda: Resume(request=ref, pause=some_pause(record, place), officer="o"),
            "clarify": lambda: Clarify(request=ref, pause=some_pause(record, place), text="!", officer="o"),
            "extend": lambda: Extend(request=ref, reason="volume", text="?", officer="o"),
            "transfer": lambda: Transfer(request=ref, to=MEMBERS[place % 3], reason="not-competent", officer="o"),
            "withdraw": lambda: Withdraw(request=ref, officer="o"),
            "ask again": lambda: Ask(request=self.fresh(member, "R"), to=record.transferred_to or "pk", question="?",
                                     urgency="urgent", legal_basis="CX.2", desk="desk", officer="o", continues=ref),
            "revoke": lambda: Revoke(item=ref, reason="error", officer="o"),
            "purge": lambda: Purge(item=ref, outcome="purged", law=None, officer="o"),
        }
        try:
            self.say(member, bodies[how](), case)
        except PolicyRefusal as refused:
            assert refused.decision.reasons

    # -- what the network does --------------------------------------------------------------------------------------

    @rule(member=members)
    def dispatch(self, member: str) -> None:
        """Everything that waits is put on the wire, again and again until it is receipted."""
        letters = [(member, to, mid, raw) for to, mid, raw in self.fed.waiting(member)]
        self.flying += letters
        self.ever += [letter for letter in letters if letter not in self.ever]

    def taken(self, place: int) -> Letter:
        return self.flying.pop(place % len(self.flying))

    @precondition(lambda self: self.flying)
    @rule(place=places)
    def deliver(self, place: int) -> None:
        """Any letter on the wire, in any order."""
        self.arrive([self.taken(place)])

    @precondition(lambda self: len(self.flying) > 1)
    @rule(place=places)
    def deliver_together(self, place: int) -> None:
        """Several letters to one receiver in one commit, in the wrong order."""
        to = self.flying[place % len(self.flying)][1]
        batch = [letter for letter in self.flying if letter[1] == to][::-1]
        self.flying = [letter for letter in self.flying if letter[1] != to]
        self.arrive(batch)

    @precondition(lambda self: self.flying)
    @rule(place=places)
    def duplicate(self, place: int) -> None:
        """The network delivers twice."""
        self.flying.append(self.flying[place % len(self.flying)])

    @precondition(lambda self: self.flying)
    @rule(place=places)
    def drop(self, place: int) -> None:
        """The network loses one."""
        self.taken(place)

    @precondition(lambda self: self.ever)
    @rule(place=places, to=members)
    def replay(self, place: int, to: str) -> None:
        """An old letter comes again, perhaps at somebody it was not for."""
        sender, receiver, mid, raw = self.ever[place % len(self.ever)]
        if to == receiver:
            self.arrive([(sender, receiver, mid, raw)])
        else:
            (result,) = self.fed.node(to).commit([ReceiveJob(raw)])
            addressed = to in {each.member for each in parse(raw).header.rcp} and to != sender
            assert addressed or (isinstance(result, PeerError) and result.code == "not-for-us")
            if isinstance(result, Received):
                self.promise(sender, to, mid, raw, result)

    @precondition(lambda self: self.ever)
    @rule(place=places, at=places, flip=st.integers(1, 255))
    def tamper(self, place: int, at: int, flip: int) -> None:
        """One byte of a letter is changed on the way."""
        _, receiver, _, raw = self.ever[place % len(self.ever)]
        bent = bytearray(raw)
        bent[at % len(bent)] ^= flip
        (result,) = self.fed.node(receiver).commit([ReceiveJob(bytes(bent))])
        assert isinstance(result, PeerError)

    @rule(link=links)
    def cut_link(self, link: tuple[str, str]) -> None:
        """Nothing passes in this direction."""
        self.cut.add(link)

    @rule(link=links)
    def heal_link(self, link: tuple[str, str]) -> None:
        """It passes again."""
        self.cut.discard(link)

    def arrive(self, batch: list[Letter]) -> None:
        """Hand letters to their receiver; an honest one is admitted, or told to come later, or finds a sick disk."""
        batch = [letter for letter in batch if (letter[0], letter[1]) not in self.cut]
        if not batch:
            return
        results = self.fed.node(batch[0][1]).commit([ReceiveJob(raw) for *_, raw in batch])
        for (sender, receiver, mid, raw), result in zip(batch, results, strict=True):
            if isinstance(result, Received):
                self.promise(sender, receiver, mid, raw, result)
            else:
                assert isinstance(result, RetryLater | StoreError), result

    def promise(self, sender: str, receiver: str, mid: bytes, raw: bytes, result: Received) -> None:
        """A receipt has been given: it verifies, says "admitted", and is the same as any given before."""
        verdict = verify_receipt(self.fed.node(sender), receiver, parse(raw).statement, result.receipt)
        assert verdict.state == "admitted", (verdict, parse(raw).header.typ)
        assert self.promised.setdefault((receiver, mid), (verdict.index, sender)) == (verdict.index, sender)
        self.receipts.append((receiver, sender, mid, result.receipt))

    @precondition(lambda self: self.receipts)
    @rule(place=places, keep=st.booleans(), lose=st.booleans())
    def receipt_arrives(self, place: int, keep: bool, lose: bool) -> None:
        """A receipt comes home, or is lost, or comes twice."""
        at = place % len(self.receipts)
        receiver, sender, mid, receipt = self.receipts[at]
        if not keep:
            del self.receipts[at]
        if lose or (receiver, sender) in self.cut:
            return
        one(self.fed.node(sender), Act(lambda node: settle(node, receiver, mid, receipt)))

    # -- what machines do -------------------------------------------------------------------------------------------

    @rule(member=members)
    def restart(self, member: str) -> None:
        """A node dies and is started again: its state is the fold of its journal."""
        before = held(self.fed.node(member))
        assert held(reopened(self.fed, member)) == before

    @rule(member=members, when=st.sampled_from(["before", "after"]))
    def disk_fails_next(self, member: str, when: Any) -> None:
        """The next commit of this node fails: before anything was kept, or after everything was."""
        store = self.fed.node(member).store
        assert isinstance(store, MemoryStore)
        store.fail_next(when)
        result = self.fed.node(member).commit([Act(lambda node: node.store.prune_seen(0))])
        assert isinstance(result[0], StoreError)

    @precondition(lambda self: self.flying)
    @rule(place=places, when=st.sampled_from(["before", "after"]))
    def disk_fails_on_delivery(self, place: int, when: Any) -> None:
        """A letter meets a disk that fails."""
        letter = self.taken(place)
        store = self.fed.node(letter[1]).store
        assert isinstance(store, MemoryStore)
        store.fail_next(when)
        self.arrive([letter])
        store._fail = None

    @rule(minutes=st.integers(1, 300) | st.integers(300, 5 * 24 * 60))
    def time_passes(self, minutes: int) -> None:
        """Clocks run out, nothing expires; dedupe rows are pruned as a running node does."""
        self.fed.clock.advance(minutes * MINUTE)
        for _, node in self.nodes():
            one(node, Act(lambda n: n.store.prune_seen(n.clock.now() - 5 * MINUTE)))

    # -- what always holds ------------------------------------------------------------------------------------------

    @initialize()
    def nothing_yet(self) -> None:
        """The invariants hold before the first step too."""

    @invariant()
    def nothing_twice_and_nothing_lost(self) -> None:
        """One leaf for each message at each receiver, and every receipt's leaf is still where it was proven."""
        for member, node in self.nodes():
            rows = list(node.store.journal())
            keys = [(row.sender, row.message_id) for row in rows]
            assert len(set(keys)) == len(keys), "a message was admitted twice"
            assert not [row for row in rows if row.role == "refused"], "an honest message was refused"
            for (receiver, mid), (index, sender) in self.promised.items():
                if receiver == member:
                    assert (rows[index].sender, rows[index].message_id) == (sender, mid), "a receipted message was lost"

    @invariant()
    def every_log_extends_what_it_was(self) -> None:
        """The tree of an earlier step is a prefix of today's, and the signed checkpoint is of this tree."""
        for member, node in self.nodes():
            size, root = self.heads[member]
            assert node.tree.size >= size and node.tree.root(size) == root
            head = node.store.checkpoint()
            assert head is not None and head[0] == node.tree.size == len(list(node.store.journal()))
            self.heads[member] = (node.tree.size, node.tree.root())

    def teardown(self) -> None:
        """Links heal: everything that was said arrives, and all three know the same."""
        self.cut.clear()
        self.fed.carry_all()
        shared = []
        for member, node in self.nodes():
            assert node.store.outbox_counts().get("waiting", 0) == 0, "something never arrived"
            snapshot = handlers.snapshot(node.state)
            # A purge takes an item's text at its holder only; all else of the rooms is common.
            shared.append((without_texts(snapshot["cases"]), snapshot["charter"], snapshot["directory"]))
            assert held(reopened(self.fed, member)) == held(node)
        assert shared[0] == shared[1] == shared[2]
        self.nothing_twice_and_nothing_lost()
        self.every_log_extends_what_it_was()


def some_pause(request: Request, place: int) -> str:
    """Return a pause of the request, or one that is none."""
    return request.pauses[place % len(request.pauses)].pause if request.pauses else "none"


def without_texts(cases: dict[str, Any]) -> dict[str, Any]:
    """Return the cases without what a purge removes."""
    return {**cases, "items": [{**item, "text": None} for item in cases["items"]]}


NIGHTLY = settings.default is not None and settings.default.max_examples > 100
Neighbours.TestCase.settings = settings(
    max_examples=400 if NIGHTLY else 70, stateful_step_count=60 if NIGHTLY else 40, deadline=None
)
TestNeighbours = Neighbours.TestCase
