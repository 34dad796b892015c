"""Findings and tranches together, at two nodes, in any order of messages: what must never happen does not.

Messages of both rooms are proposed at will, decided by the real rules at the node of their sender, and delivered to the
other in any order; what waits for a predecessor stays under way. At every step, at both ends:

- a finding is adopted only after its owner replied or the time for the reply was over;
- a tranche is put on notice or suspended only on a finding of non-compliance that was adopted, open and on its own
  commitment, and suspended only thirty days after its notice and without a vote by which it goes on;
- what people live on is neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.compliance import reduce as compliance_reduce
from hamsaya.compliance import rules as compliance_rules
from hamsaya.compliance import views as compliance_views
from hamsaya.compliance.types import EMPTY_COMPLIANCE, ComplianceState
from hamsaya.linkage import reduce as linkage_reduce
from hamsaya.linkage import rules as linkage_rules
from hamsaya.linkage.types import EMPTY_LINKAGE, Decided, LinkageState
from hamsaya.messages.compliance import Attest, Close, Commit, Drop, Evidence, Finding, Notify, Provisional, Reply, Seat
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.linkage import Step, Tranche

T0 = 1_750_000_000_000
SEATS = {"bel": "north", "dun": "south", "cell": "joint"}
PROMISES, FINDINGS, TRANCHES = ("K-1", "K-2"), ("F-1", "F-2", "F-3"), ("T-1", "T-2", "T-3")
GOODS: dict[str, Any] = {"T-1": "energy", "T-2": "medicine", "T-3": "pedestrian-return"}
NODES = ("one", "two")


@dataclass
class End:
    """One node: what it has folded, what it was told and has not admitted yet, and the votes recorded at it."""

    compliance: ComplianceState = EMPTY_COMPLIANCE
    linkage: LinkageState = EMPTY_LINKAGE
    votes: list[tuple[str, Decided]] = field(default_factory=list)
    under_way: list[Any] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def decide(self, event: Event) -> Decision:
        if event.kind.startswith("compliance"):
            return compliance_rules.decide(self.compliance, event)
        step = event.body if isinstance(event.body, Step) else None
        finding = compliance_views.adopted(self.compliance, step.ground, event.issued_at) if step else None
        known = [vote for tranche, vote in self.votes if step and tranche == step.tranche]
        return linkage_rules.decide(self.linkage, event, finding, frozenset({"cell"}), known)

    def take(self, event: Event) -> bool:
        """Admit ``event`` if the rules do; afterwards hold it against what must never happen."""
        if not self.decide(event).allowed:
            return False
        before = self.linkage
        self.compliance = compliance_reduce.apply(self.compliance, event)
        self.linkage = linkage_reduce.apply(self.linkage, event)
        if isinstance(event.body, Step) and event.body.to in ("notice", "suspended"):
            self._stopped(event, event.body, before)
        return True

    def _stopped(self, event: Event, step: Step, before: LinkageState) -> None:
        tranche, finding = before.tranches[step.tranche], self.compliance.findings[step.ground]
        assert tranche.goods == "energy", "what people live on was touched"
        assert finding.rating == "NC" and finding.commitment == tranche.commitment
        assert finding.adopted_at is not None and finding.adopted_at <= event.issued_at
        assert finding.closed is None or finding.closed.at > event.issued_at
        if step.to == "suspended":
            assert event.issued_at >= tranche.since + 30 * DAY and tranche.status == "notice"
            assert not any(ref == step.tranche and vote.goes_on and vote.at >= tranche.since
                           for ref, vote in self.votes if vote.concerned == tranche.receiver)
            self.stopped.append(step.tranche)


class Federation(RuleBasedStateMachine):
    """Two nodes, one clock, and messages that may overtake one another."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.ends = {name: End() for name in NODES}

    def say(self, at: str, sender: str, body: Body) -> None:
        """Decide ``body`` at the node ``at``; what is permitted there is under way to the other."""
        event = Event(b"\0" * 16, kind_of(body), sender, ("all",), "verification", None, self.now, self.now + DAY,
                      False, body)
        if self.ends[at].take(event):
            self.ends[NODES[at == NODES[0]]].under_way.append(event)

    @initialize()
    def promises_and_tranches(self) -> None:
        for ref in PROMISES:
            self.say("one", "rec", Commit(
                commitment=ref, title="A promise", indicator="visits", unit="percent", query=None, target_low=90.0,
                target_high=100.0, materiality=0.0, until=T0 + 3000 * DAY, publication="members", cadence_days=30,
                timeliness_days=15, required_detection=0.9, max_false_alarm=0.1, evidence_classes=["joint-visit"],
                panel=[Seat(member=member, bloc=bloc) for member, bloc in SEATS.items()], k=2))
            self.say("one", "bel", Evidence(
                commitment=ref, evidence="E-1", evidence_class="access-denied", observed_from=T0, observed_to=T0,
                value=None, unit=None, replaces=None, digest=b"\1" * 32, summary="Not admitted"))
        for ref in TRANCHES:
            self.say("one", "pay", Tranche(
                tranche=ref, project="line", receiver="rec", payers=["pay"], goods=GOODS[ref], low_musd=1.0,
                mid_musd=2.0, high_musd=3.0, commitment="K-1", source="a range"))
            for to in ("escrowed", "released", "running"):
                self.say("one", "pay", Step(tranche=ref, to=to, ground="D-1", probation_days=None))

    @rule(days=st.sampled_from([1, 16, 31, 60]))
    def time_passes(self, days: int) -> None:
        self.now += days * DAY

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS), promise=st.sampled_from(PROMISES))
    def raise_and_notify(self, at: str, ref: str, promise: str) -> None:
        self.say(at, "bel", Provisional(commitment=promise, finding=ref, proposed="NC", evidence=["E-1"],
                                        conductor="cell", reopens=None))
        self.say(at, "cell", Notify(finding=ref, reply_due=self.now + 15 * DAY))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS), short=st.integers(0, 14))
    def notify_too_short(self, at: str, ref: str, short: int) -> None:
        self.say(at, "cell", Notify(finding=ref, reply_due=self.now + short * DAY))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS), sender=st.sampled_from(["rec", "pay"]))
    def reply(self, at: str, ref: str, sender: str) -> None:
        self.say(at, sender, Reply(finding=ref, stance="disputed", text="No."))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS), sure=st.booleans())
    def attest(self, at: str, ref: str, sure: bool) -> None:
        for member in SEATS:
            self.say(at, member, Attest(finding=ref, verdict="breach" if sure else "no-breach", reason=None))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS), rating=st.sampled_from(["NC", "NC", "C", "U"]))
    def adopt(self, at: str, ref: str, rating: Any) -> None:
        self.say(at, "cell", Finding(finding=ref, rating=rating))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS), drop=st.booleans())
    def end(self, at: str, ref: str, drop: bool) -> None:
        self.say(at, "cell", Drop(finding=ref, text="It does not bear it.") if drop
                 else Close(finding=ref, ground="lapsed", evidence=[]))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(TRANCHES), ground=st.sampled_from((*FINDINGS, "bel/v-1")),
          to=st.sampled_from(["notice", "suspended", "continued", "reinstated", "running", "matured"]),
          by=st.sampled_from(["pay", "cell", "rec"]))
    def move(self, at: str, ref: str, ground: str, to: Any, by: str) -> None:
        self.say(at, by, Step(tranche=ref, to=to, ground=ground, probation_days=30 if to == "reinstated" else None))

    @rule(at=st.sampled_from(NODES), ref=st.sampled_from(FINDINGS))
    def play_it_through(self, at: str, ref: str) -> None:
        """The straight way to a suspension, so that the machine gets there at all."""
        self.raise_and_notify(at, ref, "K-1")
        self.now += 16 * DAY
        self.attest(at, ref, True)
        self.adopt(at, ref, "NC")
        self.move(at, "T-1", ref, "notice", "pay")
        self.move(at, "T-2", ref, "notice", "cell")
        self.now += 31 * DAY
        self.move(at, "T-1", ref, "suspended", "pay")

    @rule(at=st.sampled_from(NODES), goes_on=st.booleans(), concerned=st.sampled_from(["rec", "pay", None]))
    def vote(self, at: str, goes_on: bool, concerned: str | None) -> None:
        self.ends[at].votes.append(("T-1", Decided("bel/v-1", concerned, goes_on, self.now)))

    @rule(at=st.sampled_from(NODES), pick=st.randoms(use_true_random=False))
    def deliver(self, at: str, pick: Any) -> None:
        """Hand over what is under way in any order, once round; what waits for a predecessor stays."""
        end = self.ends[at]
        arriving, end.under_way = end.under_way, []
        pick.shuffle(arriving)
        for event in arriving:
            decision = end.decide(event)
            if decision.allowed:
                end.take(event)
            elif decision.code == "predecessor-missing":
                end.under_way.append(event)

    @invariant()
    def no_finding_before_its_owner_could_reply(self) -> None:
        for end in self.ends.values():
            for finding in end.compliance.findings.values():
                if finding.adopted_at is not None:
                    assert finding.reply_due is not None and finding.notified_at is not None
                    assert finding.reply_due - finding.notified_at >= 15 * DAY
                    assert finding.replied_at is not None or finding.adopted_at >= finding.reply_due

    @invariant()
    def what_people_live_on_is_never_stopped(self) -> None:
        for end in self.ends.values():
            for tranche in end.linkage.tranches.values():
                if tranche.goods != "energy":
                    assert not {step.to for step in tranche.steps} & {"notice", "suspended"}


TestFederation = Federation.TestCase
TestFederation.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_the_machine_reaches_a_suspension() -> None:
    """A machine that never suspends anything would prove nothing."""
    machine = Federation()
    machine.promises_and_tranches()
    machine.play_it_through("one", "F-1")
    assert machine.ends["one"].stopped == ["T-1"]
    assert machine.ends["one"].linkage.tranches["T-2"].status == "running"
