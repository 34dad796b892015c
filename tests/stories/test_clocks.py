"""Clocks between real nodes: what a node says by itself while others keep it waiting, and who hears of it."""

from __future__ import annotations

from functools import cache
from typing import Any

from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.cases import views
from hamsaya.messages.cases import Acknowledge, Ask, Revoke
from hamsaya.messages.items import ConsentAsk, ConsentGiven, Use
from hamsaya.node import reminders
from hamsaya.node.case_figures import item_steps
from hamsaya.node.reminders import clock_views, escalation_views, reminders_due
from hamsaya.node.send import Draft
from tests.node.making import CASE, answer, clone, held, opening, parties, reopened, state_bytes
from tests.node.wires import Wires, with_service
from tests.support.federation import Federation, make_federation

FIVE = ("pk", "ir", "uz", "joint-cell", "oversight")
QUESTION = "Which consignment left the depot?"


@cache
def _begun() -> Federation:
    fed = make_federation(members=FIVE)
    fed.send("pk", opening(fed, participants=("pk", "ir", "uz")))
    fed.carry_all()
    return fed


def begun() -> Federation:
    return clone(_begun())


def asks(fed: Federation, urgency: Any = "threat-to-life") -> None:
    body = Ask(request="R-1", to="ir", question=QUESTION, urgency=urgency, legal_basis="CX.2", desk="desk",
               officer="desk-1")
    fed.send("pk", Draft(body, ("ir", "uz"), case=CASE))
    fed.carry_all()


def answers(fed: Federation, **axes: Any) -> None:
    fed.clock.advance(1000)
    fed.send("ir", Draft(answer("pk", "R-1", "I-1", "the text", **axes), ("pk",), case=CASE))
    fed.carry_all()


def says(fed: Federation, sender: str, body: Any, *to: str) -> None:
    fed.clock.advance(1000)
    fed.send(sender, Draft(body, to, case=CASE))
    fed.carry_all()


def tick(fed: Federation, *members: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Let nodes say by the clock what they have to, and return (kind, level, to)."""
    said = []
    for member in members or FIVE:
        for draft in reminders_due(fed.node(member)):
            sent = fed.send(member, draft)
            said.append((sent.kind, str(getattr(draft.body, "level", "")), sent.recipients))
    fed.carry_all()
    return said


def test_a_question_nobody_takes_up_climbs_rung_by_rung() -> None:
    """Every level once, to who owes it; the last also to the joint cell and oversight, which learn no content."""
    fed = begun()
    asks(fed)
    start, said = fed.clock.now(), []
    for minute in range(0, 75, 5):
        fed.clock.instant = start + minute * MINUTE + 1000
        said += [(minute, kind, level, to) for kind, level, to in tick(fed)]
        assert tick(fed) == []
    acknowledge = [each for each in said if each[0] < 60]
    assert acknowledge == [
        (15, "case.remind", "half", ("ir",)), (25, "case.remind", "four-fifths", ("ir",)),
        (30, "case.remind", "desk-head", ("ir",)), (45, "case.remind", "releasing-authority", ("ir",))]
    last = [each for each in said if each[1] == "case.escalate"]
    assert [(each[0], sorted(each[3])) for each in last] == [(60, ["ir", "joint-cell", "oversight"])]
    for member in ("joint-cell", "oversight"):
        (told,) = escalation_views(fed.node(member))
        assert (told.case, told.step, told.owes, told.waits, told.urgency) == (
            CASE, "acknowledge", "ir", "pk", "threat-to-life")
        assert QUESTION.encode() not in state_bytes(fed.node(member)) and not fed.node(member).state.cases.cases
    ends = [[(v.about, v.step, v.owes, v.status.state, v.status.due, sorted(v.said)) for v in clock_views(fed.node(m))]
            for m in ("pk", "ir")]
    assert ends[0] == ends[1] and {each[3] for each in ends[0]} >= {"overdue"}
    assert clock_views(fed.node("uz")) == [], "who was told and neither waits nor owes has no clock"
    for member in FIVE:
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live


def test_what_is_done_is_not_reminded_of() -> None:
    """An acknowledgement ends the first clock, an answer the second; the next clock is the word on its use."""
    fed = begun()
    asks(fed)
    says(fed, "ir", Acknowledge(request="R-1", officer="desk-1"), "pk")
    fed.clock.advance(20 * MINUTE)
    assert tick(fed) == []
    answers(fed)
    fed.clock.advance(3 * HOUR)
    assert tick(fed) == []
    assert [(v.step, v.owes) for v in clock_views(fed.node("pk"))] == [("feedback", "pk")]


def test_after_a_rest_a_node_says_the_last_level_only() -> None:
    """Three days without power: one message, not five."""
    fed = begun()
    asks(fed, "urgent")
    fed.clock.advance(10 * DAY)
    said = tick(fed, "pk")
    assert sorted(kind for kind, _, _ in said) == ["case.escalate", "case.escalate"], "one for each step"
    assert tick(fed, "pk") == []


def test_without_anybody_above_the_last_rung_is_the_one_below() -> None:
    """Where neither joint cell nor oversight can be reached the ladder ends at the releasing authority."""
    fed = clone(parties("pk", "ir", with_case=True))
    says(fed, "pk", Ask(request="R-1", to="ir", question="x", urgency="urgent", legal_basis="CX.2", desk="desk",
                        officer="desk-1"), "ir")
    fed.clock.advance(10 * DAY)
    (draft, *_) = reminders_due(fed.node("pk"))
    assert getattr(draft.body, "level", "") == "releasing-authority" and draft.recipients == ("ir",)


def test_a_consent_nobody_decides_on_is_refused_by_the_clock() -> None:
    """Reminded once half the time is over; after four hours both ends have it as refused, and a grant is too late."""
    fed = begun()
    asks(fed)
    answers(fed)
    says(fed, "pk", ConsentAsk(consent="P-1", item="I-1", to=["uz"], purpose="prevent-attack", text="x", officer="o-1"),
         "ir")
    start, said = fed.clock.now(), []
    assert [t.task for t in views.inbox(fed.node("ir").state.cases, "ir", start)] == ["consent"]
    for hour in range(6):
        fed.clock.instant = start + hour * HOUR + 1000
        said += [(hour, kind, level) for kind, level, _ in tick(fed)]
    assert said == [(2, "case.remind", "half"), (4, "case.lapse", "")]
    for member in ("pk", "ir"):
        (sought,) = fed.node(member).state.cases.items[CASE, "I-1"].sought
        assert sought.lapsed_at is not None
    assert views.inbox(fed.node("ir").state.cases, "ir", fed.clock.now()) == []
    late = ConsentGiven(consent="P-1", item="I-1", asker="pk", to=["uz"], granted=True,
                        caveats=answer("uz").caveats, until=fed.clock.now() + DAY, officer="o-2")
    (result,) = refused(fed, "ir", late, "pk", "uz")
    assert result == "consent-lapsed"


def refused(fed: Federation, sender: str, body: Any, *to: str) -> list[str]:
    try:
        says(fed, sender, body, *to)
    except Exception as error:
        return [getattr(error, "code", repr(error))]
    return []


def test_a_holder_that_says_nothing_of_an_item_is_late_at_both_ends() -> None:
    """Seven days under a threat to life: reminded, recorded as late, told upwards; its word ends it."""
    fed = begun()
    asks(fed)
    answers(fed)
    start, said = fed.clock.now(), []
    for day in range(0, 15):
        fed.clock.instant = start + day * DAY + 1000
        said += [(day, kind, level) for kind, level, _ in tick(fed)]
    assert said == [
        (4, "case.remind", "half"), (6, "case.remind", "four-fifths"), (7, "case.late", ""),
        (7, "case.remind", "desk-head"), (11, "case.remind", "releasing-authority"), (14, "case.escalate", "")]
    for member in ("ir", "pk"):
        (late,) = fed.node(member).state.cases.items[CASE, "I-1"].late
        assert (late.holder, late.step, late.due) == ("pk", "feedback", start + 7 * DAY)
        (view,) = clock_views(fed.node(member))
        assert view.recorded is not None and view.status.state == "overdue"
    assert [t.task for t in views.inbox(fed.node("pk").state.cases, "pk", fed.clock.now())] == ["feedback"]
    says(fed, "pk", Use(item="I-1", outcome="not-used", text=None, officer="desk-1"), "ir")
    assert clock_views(fed.node("ir")) == clock_views(fed.node("pk")) == [] == tick(fed)


def test_a_purge_not_attested_is_recorded_and_told() -> None:
    """A recall has a clock of its own; both ends show who is late with it."""
    fed = begun()
    asks(fed)
    answers(fed)
    says(fed, "ir", Revoke(item="I-1", reason="error", officer="o-2"), "pk")
    fed.clock.advance(DAY + 1000)
    kinds = [kind for kind, _, _ in tick(fed)]
    assert sorted(kinds) == ["case.late", "case.remind"]
    (late,) = fed.node("pk").state.cases.items[CASE, "I-1"].late
    assert (late.holder, late.step) == ("pk", "purge-attest")


def test_a_running_node_says_it_by_itself() -> None:
    """Nobody at the desk has to be awake for it."""
    fed = begun()
    asks(fed)
    fed.clock.advance(16 * MINUTE)
    with_service(fed, "pk", Wires(fed), lambda service: service.tick())
    fed.carry_all()
    assert [v.said.keys() for v in clock_views(fed.node("ir")) if v.step == "acknowledge"] == [{"half"}]


def test_steps_of_items_are_figures_once_both_have_signed_them() -> None:
    """What the holder did with the time it had, as its receipts show it; without the receipt it is one side's claim."""
    fed = begun()
    asks(fed)
    answers(fed)
    says(fed, "pk", Use(item="I-1", outcome="not-used", text=None, officer="desk-1"), "ir")
    for member in ("pk", "ir"):
        (step,) = item_steps(fed.node(member), ["pk", "ir", "uz"])
        assert (step.step, step.waits, step.owes) == ("feedback", "ir", "pk")
        assert step.done_at is not None and step.done_at < step.due and step.signed_by == {"pk", "ir"}
    fed.clock.advance(1000)
    fed.send("pk", Draft(Use(item="I-1", outcome="new-lead", text=None, officer="desk-1"), ("ir",), case=CASE))
    (step,) = item_steps(fed.node("pk"), ["pk", "ir", "uz"])
    assert step.signed_by == {"pk"}
    assert reminders.observers(fed.node("pk")) == ["joint-cell", "oversight"]
