"""One question between three neighbours, once for each way it can go: what each side sees, and by when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.canon import encode
from hamsaya.cases import views
from hamsaya.cases.reduce import snapshot
from hamsaya.cases.types import RequestView, TaskView
from hamsaya.messages.cases import (
    Acknowledge,
    Admit,
    Answer,
    Ask,
    Clarify,
    Decline,
    DeclineCode,
    Extend,
    Open,
    Pause,
    Raise,
    Resume,
    Subject,
    Transfer,
    Withdraw,
)
from hamsaya.messages.kinds import Body
from hamsaya.node.case_figures import pair_figures
from hamsaya.node.send import Draft
from tests.node.making import CASE, handmade, held, parties, receive, reopened
from tests.node.making import answer as given
from tests.node.wires import Wires, with_service
from tests.support.federation import make_federation

FIRST, SECOND = "pk/R-1", "pk/R-2"


class Desk:
    """Pakistan asks Iran within a case of three; everything is delivered to all three, who must agree."""

    def __init__(self, urgency: Any = "urgent", *, asked: bool = True) -> None:
        self.fed = parties("pk", "ir", "uz", with_case=True)
        self.began = self.fed.clock.now()
        if asked:
            self.ask("ir", FIRST, urgency)

    def says(self, member: str, body: Body) -> None:
        """Let a member say something to both others."""
        others = tuple(other for other in ("pk", "ir", "uz") if other != member)
        self.fed.send(member, Draft(body, others, case=CASE))
        self.fed.carry_all()

    def ask(self, to: str, request: str, urgency: Any = "urgent", continues: str | None = None) -> None:
        """Let Pakistan put its question."""
        self.says("pk", Ask(request=request, to=to, question="Which depot?", urgency=urgency, legal_basis="CX.2",
                            desk="desk-1", officer="officer-1", continues=continues))

    def refused(self, member: str, body: Body) -> str:
        """Return the code with which a member's own node refuses to send."""
        with pytest.raises(PolicyRefusal) as refusal:
            self.says(member, body)
        return refusal.value.decision.code

    def view(self, request: str = FIRST) -> RequestView:
        """Return the request as all three see it, which must be the same."""
        now = self.fed.clock.now()
        seen = [next(each for found in views.cases(self.fed.node(m).state.cases, now) for each in found.requests
                     if each.request.request == request) for m in ("pk", "ir", "uz")]
        assert seen[0] == seen[1] == seen[2]
        return seen[0]

    def due(self, request: str = FIRST) -> int | None:
        """Return when the answer is due, in ms after the asking."""
        view = self.view(request)
        return None if view.answer_due is None else view.answer_due - view.request.asked_at

    def tasks(self, member: str) -> list[TaskView]:
        """Return what a member's inbox shows now."""
        return views.inbox(self.fed.node(member).state.cases, member, self.fed.clock.now())

    def agreed(self) -> None:
        """All three hold the same, nothing was refused, and a restart changes nothing."""
        states = [encode(snapshot(self.fed.node(member).state.cases)) for member in ("pk", "ir", "uz")]
        assert states[0] == states[1] == states[2]
        for member in ("pk", "ir", "uz"):
            node = self.fed.node(member)
            assert not [row for row in node.store.journal() if row.role == "refused"]
            live = held(node)
            assert held(reopened(self.fed, member)) == live


def answer(request: str = FIRST, by: str = "ir") -> Answer:
    return given(("pk", "ir", "uz"), request, f"{by}/I-1", "The northern one.")


def test_answered() -> None:
    """Taken in hand, admitted, answered in time: nothing is left to do."""
    desk = Desk()
    (task,) = desk.tasks("ir")
    assert (task.task, task.state, task.due) == ("acknowledge", "running", desk.began + 2 * HOUR)
    assert [at - desk.began for at in task.reminders] == [HOUR, 96 * MINUTE]
    assert [rung for _, rung in task.escalations] == ["desk-head", "releasing-authority", "joint-cell"]
    desk.fed.clock.advance(HOUR)
    desk.says("ir", Acknowledge(request=FIRST, officer="ir-1"))
    desk.says("ir", Admit(request=FIRST, extent="whole", held_directly=True, officer="ir-1"))
    desk.fed.clock.advance(6 * HOUR)
    assert desk.view().state == "due-soon"
    desk.says("ir", answer())
    view = desk.view()
    assert (view.request.status, view.state, view.late) == ("answered", "met", [])
    assert desk.tasks("ir") == desk.tasks("pk") == []
    assert desk.refused("ir", Acknowledge(request=FIRST, officer="ir-1")) == "illegal-transition"
    assert desk.refused("pk", Withdraw(request=FIRST, officer="pk-1")) == "illegal-transition"
    desk.agreed()


def test_what_is_held_elsewhere_has_three_days() -> None:
    """The asked says at once that it must seek the answer, and both see the longer clock."""
    desk = Desk()
    assert desk.due() == 8 * HOUR
    desk.says("ir", Admit(request=FIRST, extent="part", held_directly=False, officer="ir-1"))
    assert desk.due() == 3 * DAY
    desk.agreed()


@pytest.mark.parametrize("code", get_args(DeclineCode))
def test_declined_by_every_code(code: DeclineCode) -> None:
    """A coded refusal is an end like any other: in time, with no further ground owed."""
    desk = Desk("threat-to-life")
    desk.says("ir", Decline(request=FIRST, code=code, officer="ir-1"))
    view = desk.view()
    assert (view.request.status, view.request.declined, view.state) == ("declined", code, "met")
    assert desk.refused("ir", answer()) == "illegal-transition"
    desk.agreed()


def test_paused_for_a_court_and_resumed() -> None:
    """While the court sits the answer's clock stands at both ends; then what was left of it runs on."""
    desk = Desk()
    desk.fed.clock.advance(HOUR)
    desk.says("ir", Pause(request=FIRST, pause="p1", reason="court", text="Leave of the court.", officer="ir-1"))
    desk.fed.clock.advance(5 * DAY)
    view = desk.view()
    assert (view.request.status, view.state, view.answer_due, view.late) == ("paused", "paused", None, [])
    assert [(task.task, task.state) for task in desk.tasks("ir")] == [("answer", "paused")]
    assert with_service(desk.fed, "pk", Wires(desk.fed), lambda service: service.tick()) is None
    assert desk.view().request.marks == (), "nothing is overdue while its clock stands"
    desk.says("ir", Resume(request=FIRST, pause="p1", officer="ir-1"))
    assert desk.due() == 5 * DAY + 8 * HOUR and desk.view().state == "running"
    assert desk.refused("ir", Resume(request=FIRST, pause="p1", officer="ir-1")) == "illegal-transition"
    desk.fed.clock.advance(7 * HOUR + 1)
    assert desk.view().late == ["answer"]
    desk.agreed()


def test_clarified() -> None:
    """The asked asks back; the asker finds that in its inbox, and with its word the clock runs again."""
    desk = Desk("routine")
    desk.says("ir", Pause(request=FIRST, pause="p1", reason="clarification", text="Which year?", officer="ir-1"))
    desk.fed.clock.advance(2 * DAY)
    assert [(task.task, task.reference, task.due) for task in desk.tasks("pk")] == [("clarify", FIRST, None)]
    desk.says("pk", Clarify(request=FIRST, pause="p1", text="This year.", officer="pk-1"))
    view = desk.view()
    assert (view.request.status, view.request.pauses[0].clarification) == ("acknowledged", "This year.")
    assert desk.due() == 9 * DAY and desk.tasks("pk") == []
    desk.says("ir", answer())
    desk.agreed()


def test_no_clarification_under_a_threat_to_life() -> None:
    """A question does not wait for a question."""
    desk = Desk("threat-to-life")
    ask_back = Pause(request=FIRST, pause="p1", reason="clarification", text="Which?", officer="ir-1")
    assert desk.refused("ir", ask_back) == "cannot-pause"
    desk.agreed()


def test_extended() -> None:
    """One routine question, one extension with its reason; a second, or one for an urgent question, is refused."""
    desk = Desk("routine")
    longer = Extend(request=FIRST, reason="translation", text="Two hundred pages.", officer="ir-1")
    desk.fed.clock.advance(6 * DAY)
    desk.says("ir", longer)
    assert desk.due() == 30 * DAY and desk.view().request.extended is not None
    assert desk.refused("ir", longer) == "already-extended"
    desk.ask("ir", SECOND, "urgent")
    assert desk.refused("ir", Extend(request=SECOND, reason="volume", text="?", officer="ir-1")) == "no-extension"
    desk.agreed()


def test_transferred_and_answered_there() -> None:
    """Iran is not competent and says who is; the question stays Pakistan's, which puts it there with a clock anew."""
    desk = Desk()
    desk.fed.clock.advance(7 * HOUR)
    desk.says("ir", Transfer(request=FIRST, to="uz", reason="not-competent", officer="ir-1"))
    assert (desk.view().request.status, desk.view().late) == ("transferred", ["acknowledge"])
    assert [(task.task, task.reference) for task in desk.tasks("pk")] == [("ask-again", FIRST)]
    assert desk.tasks("uz") == [], "nobody has asked Uzbekistan yet"
    with pytest.raises(PolicyRefusal, match="handed over to another"):
        desk.ask("ir", SECOND, continues=FIRST)
    desk.ask("uz", SECOND, continues=FIRST)
    assert desk.tasks("pk") == [] and desk.due(SECOND) == 8 * HOUR
    assert [task.due for task in desk.tasks("uz")] == [desk.fed.clock.now() + 2 * HOUR]
    desk.says("uz", answer(SECOND, "uz"))
    assert (desk.view(SECOND).request.status, desk.view(SECOND).request.continues) == ("answered", FIRST)
    desk.agreed()


def test_withdrawn() -> None:
    """The asker needs it no longer: the asked has nothing to do, and its own node sends no answer after that."""
    desk = Desk()
    desk.says("pk", Withdraw(request=FIRST, officer="pk-1"))
    assert (desk.view().request.status, desk.view().state) == ("withdrawn", "met")
    assert desk.tasks("ir") == []
    assert desk.refused("ir", answer()) == "illegal-transition"
    assert desk.refused("pk", Withdraw(request=FIRST, officer="pk-1")) == "illegal-transition"
    desk.fed.clock.advance(DAY)
    assert desk.view().late == []
    desk.agreed()


@pytest.mark.parametrize("first", ["answer", "decline", "transfer", "withdraw"])
def test_what_has_no_row_is_refused_by_the_receiver_too(first: str) -> None:
    """A node whose software says anything gets a signed refusal for what the table lacks, and nothing changes."""
    desk = Desk()
    again: dict[str, Body] = {
        "answer": given(("pk", "ir", "uz"), FIRST, "ir/I-2", "x"),
        "decline": Decline(request=FIRST, code="sovereignty", officer="ir-1"),
        "transfer": Transfer(request=FIRST, to="uz", reason="not-competent", officer="ir-1"),
    }
    taken_back = Withdraw(request=FIRST, officer="pk-1")
    sender, receiver = ("pk", "ir") if first == "withdraw" else ("ir", "pk")
    bodies: list[Body] = [taken_back] if first == "withdraw" else list(again.values())
    desk.says(sender, answer() if first == "answer" else taken_back if first == "withdraw" else again[first])
    before = desk.view()
    for body in bodies:
        assert desk.refused(sender, body) == "illegal-transition"
        letter = handmade(desk.fed, sender, receiver, body)
        assert receive(desk.fed.node(receiver), letter.encode()).code == "illegal-transition"
    assert desk.view() == before


def test_an_answer_that_crossed_the_withdrawal_stands() -> None:
    """Both were lawful where they were said; in whatever order they arrive, all three end with the answer."""
    desk = Desk()
    desk.fed.send("pk", Draft(Withdraw(request=FIRST, officer="pk-1"), ("ir", "uz"), case=CASE))
    desk.fed.clock.advance(1)
    desk.fed.send("ir", Draft(answer(), ("pk", "uz"), case=CASE))
    desk.fed.carry_all()
    assert (desk.view().request.status, desk.view().request.withdrawn_at) == ("answered", desk.began)
    desk.agreed()


def test_overdue_and_a_late_answer() -> None:
    """The asker's node records it by itself; both ends show it; the late answer is welcome and stays late."""
    desk = Desk()
    wires = Wires(desk.fed)
    desk.fed.clock.advance(2 * HOUR)
    with_service(desk.fed, "pk", wires, lambda service: service.tick())
    assert desk.view().request.marks == (), "at its due instant a step is in time"
    desk.fed.clock.advance(7 * HOUR)
    assert [(task.task, task.late, task.state) for task in desk.tasks("ir")] == [("acknowledge", True, "overdue")]
    with_service(desk.fed, "pk", wires, lambda service: service.tick())
    desk.fed.carry_all()
    for member in ("pk", "ir"):
        (found,) = views.case(desk.fed.node(member).state.cases, CASE, desk.fed.clock.now()).requests  # type: ignore[union-attr]
        assert (found.request.marks, found.late) == (("acknowledge", "answer"), ["acknowledge", "answer"])
    desk.fed.send("ir", Draft(answer(), ("pk",), case=CASE))
    desk.fed.carry_all()
    for member in ("pk", "ir"):
        (found,) = views.case(desk.fed.node(member).state.cases, CASE, desk.fed.clock.now()).requests  # type: ignore[union-attr]
        assert (found.request.status, found.late) == ("answered", ["acknowledge", "answer"])


def test_a_case_that_names_more_than_twenty() -> None:
    """Two persons decide it, oversight is told before the case opens, and twenty-one are refused without that."""
    fed = make_federation(members=("pk", "ir", "oversight"))
    crate = Subject(type="consignment", label="crate", eligibility="mutually-criminalised", eligibility_ref="CX.1")
    body = Open(title="Many crates", purpose="trace-explosives", act="explosives-trafficking", legal_basis="CX.1",
                participants=["pk", "ir"], desk="desk-1", officer="pk-1", retain_until=fed.clock.now() + 90 * DAY,
                subjects=[crate] * 21)

    def decided(second: str) -> Raise:
        return Raise(limit=30, reason="One shipment of many crates.", officer="pk-1", second_officer=second)

    def refused(body: Body, *to: str) -> str:
        with pytest.raises(PolicyRefusal) as refusal:
            fed.send("pk", Draft(body, to, case="C-21"))
        return refusal.value.decision.code

    assert refused(body, "ir") == "too-many-subjects"
    assert refused(decided("pk-1"), "ir", "oversight") == "wrong-person", "one person alone has not signed twice"
    assert refused(decided("pk-2"), "ir") == "oversight-missing"
    fed.send("pk", Draft(decided("pk-2"), ("ir", "oversight"), case="C-21"))
    fed.send("pk", Draft(body, ("ir",), case="C-21"))
    fed.carry_all()
    assert len(fed.node("ir").state.cases.cases["C-21"].subjects) == 21
    (raised,) = views.raises(fed.node("oversight").state.cases)
    assert (raised.by, raised.limit, raised.officers) == ("pk", 30, ("desk-1", "desk-2"))
    assert not fed.node("oversight").state.cases.cases, "oversight learns of the decision, not of the case"


def end(how: str) -> Callable[[str], Body]:
    bodies: dict[str, Callable[[str], Body]] = {
        "answer": lambda ref: given(("pk", "ir", "uz"), ref, f"ir/{ref}", "x"),
        "decline": lambda ref: Decline(request=ref, code="not-held", officer="ir-1"),
        "transfer": lambda ref: Transfer(request=ref, to="uz", reason="not-competent", officer="ir-1"),
    }
    return bodies[how]


def test_figures_of_a_pair_come_from_what_both_have_signed() -> None:
    """Asker and asked reckon the same from their own logs; what was not receipted, and few, say nothing."""
    desk = Desk(asked=False)
    ends = 8 * ["answer"] + 5 * ["decline"] + 2 * ["transfer"]
    for number, how in enumerate(ends):
        desk.ask("ir", f"pk/F-{number}")
        desk.says("ir", end(how)(f"pk/F-{number}"))
    desk.ask("ir", "pk/taken-back")
    desk.says("pk", Withdraw(request="pk/taken-back", officer="pk-1"))
    # One more was answered, and the answer never came home.
    desk.ask("ir", "pk/lost")
    desk.fed.send("ir", Draft(end("answer")("pk/lost"), ("pk",), case=CASE))
    period = (desk.began, desk.fed.clock.now() + DAY)
    mine, theirs = ({(each.asker, each.asked): each for each in pair_figures(desk.fed.node(member), *period)}
                    for member in ("pk", "ir"))
    pair = theirs["pk", "ir"]
    assert (pair.requests, pair.declined, pair.refusals["not-competent"]) == (15, 7, None)
    assert mine["pk", "ir"].requests == 16, "the asker has both sides' word that it asked, and no answer"
    assert mine["ir", "pk"].requests is None and mine["pk", "uz"].requests is None
    desk.fed.carry_all()
    mine, theirs = ({(each.asker, each.asked): each for each in pair_figures(desk.fed.node(member), *period)}
                    for member in ("pk", "ir"))
    assert mine["pk", "ir"] == theirs["pk", "ir"] and mine["pk", "ir"].requests == 16
    third = {(each.asker, each.asked): each.requests for each in pair_figures(desk.fed.node("uz"), *period)}
    assert set(third.values()) == {None}, "who overheard them has no word of theirs to show"
