"""Every order of arrival: two askers, an owner and oversight, whose messages cross, wait and are refused."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hamsaya.base.instants import DAY, HOUR
from hamsaya.matching import probe as rules
from hamsaya.matching.probe import PER_CASE, PER_DAY, Facts
from hamsaya.matching.types import EMPTY_MATCHES, MatchState, ProbeAnswer, ProbeDecline, ProbeLapse
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from tests.matching.scene import blank, chance, say
from tests.matching.test_probe import notice

ASKERS = ("ava", "abe")
EVERYBODY = (*ASKERS, "bel", "watch")
CASES = ("C-1", "C-2")


class Histories(RuleBasedStateMachine):
    """Honest senders ask their own rules; what they say reaches each receiver in its own time, per link in order."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, MatchState] = dict.fromkeys(EVERYBODY, EMPTY_MATCHES)
        self.links: dict[tuple[str, str], deque[Event]] = {}
        self.at = 0
        self.number = 0
        self.say("bel", notice(1), ("ava", "abe", "watch"), None)

    def facts(self, member: str, sender: str) -> Facts:
        overseers = frozenset(("watch",))
        if member == "watch":
            return Facts(case_open=None, overseers=overseers)
        return Facts(case_open=True, participants=frozenset(("ava", "abe", "bel")), overseers=overseers,
                     sees_all=member == sender)

    def say(self, sender: str, body: Body, to: tuple[str, ...], case: str | None) -> bool:
        event = say(sender, body, at=self.at, to=to, case=case)
        if not rules.decide(self.states[sender], event, self.facts(sender, sender)).allowed:
            return False
        self.states[sender] = rules.apply(self.states[sender], event)
        for each in to:
            self.links.setdefault((sender, each), deque()).append(event)
        return True

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.at += hours * HOUR

    @precondition(lambda self: self.states["bel"].current["bel"] < 4)
    @rule()
    def a_new_epoch(self) -> None:
        epoch = self.states["bel"].current["bel"] + 1
        assert self.say("bel", notice(epoch), ("ava", "abe", "watch"), None)

    @rule(asker=st.sampled_from(ASKERS), case=st.sampled_from(CASES), inputs=st.integers(1, 12))
    def ask(self, asker: str, case: str, inputs: int) -> None:
        epoch = self.states[asker].current.get("bel")
        if epoch is not None:
            self.number += 1
            body = blank(inputs, f"P-{self.number}", epoch, notice(epoch).public)
            self.say(asker, body, ("bel", "watch"), case)

    @rule(how=st.sampled_from(["answer", "decline", "lapse"]), pick=st.integers(0, 99))
    def end(self, how: str, pick: int) -> None:
        waiting = sorted((each for each in self.states["bel"].probes.values() if each.status == "asked"),
                         key=lambda each: each.probe)
        if not waiting:
            return
        asking = waiting[pick % len(waiting)]
        draw = chance(asking.probe)
        bodies: dict[str, Body] = {
            "answer": ProbeAnswer(probe=asking.probe, evaluated=[draw(32) for _ in asking.elements], proof=bytes(64)),
            "decline": ProbeDecline(probe=asking.probe, code="national-law", officer="desk-1"),
            "lapse": ProbeLapse(probe=asking.probe, code="case-closed"),
        }
        assert self.say("bel", bodies[how], (asking.querier, "watch"), asking.case)

    @precondition(lambda self: any(self.links.values()))
    @rule(pick=st.integers(0, 99))
    def deliver(self, pick: int) -> None:
        waiting = sorted(link for link, queue in self.links.items() if queue)
        self._deliver(waiting[pick % len(waiting)])

    def _deliver(self, link: tuple[str, str]) -> bool:
        """Deliver the first message of a link; say whether it has left the link."""
        sender, member = link
        event = self.links[link][0]
        decision = rules.decide(self.states[member], event, self.facts(member, sender))
        if decision.code == "predecessor-missing":
            self.links[link].rotate(-1)
            return False
        self.links[link].popleft()
        if decision.allowed:
            self.states[member] = rules.apply(self.states[member], event)
        return True

    @invariant()
    def nobody_counts_more_than_the_budgets(self) -> None:
        for state in self.states.values():
            for account, inputs in state.asked.items():
                assert inputs <= (PER_DAY if isinstance(account.what, int) else PER_CASE)
            assert all(inputs <= PER_DAY for inputs in state.answered.values())

    def teardown(self) -> None:
        """Once everything that can arrive has arrived, all who were told of an end know it as the same."""
        while any([self._deliver(link) for link in sorted(self.links) for _ in range(len(self.links[link]))]):
            pass
        for (querier, ref), asking in self.states["bel"].probes.items():
            for other in (querier, "watch"):
                known = self.states[other].probes.get((querier, ref))
                assert known == asking, "what the owner ended is known to the asker and to oversight"
        for member, state in self.states.items():
            for key, asking in state.probes.items():
                assert asking.status == "asked" or key in self.states["bel"].probes, member
        super().teardown()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_the_days_of_the_budget_are_utc_days() -> None:
    """Two halves of one day count together, midnight apart does not: the figure behind the machine's invariant."""
    state = rules.apply(EMPTY_MATCHES, say("bel", notice(1), case=None))
    early, late = (say("ava", blank(1, ref, 1, notice(1).public), at=at) for ref, at in (("P-1", 0), ("P-2", DAY - 1)))
    for event in (early, late):
        state = rules.apply(state, event)
    assert rules.spent(state, "bel", "ava", "C-1", early.issued_at) == (2, 2)
    assert rules.spent(state, "bel", "ava", "C-1", replace(late, issued_at=late.issued_at + 1).issued_at) == (2, 0)
