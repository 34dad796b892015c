"""The life of a request: every state against every message, at both ends, and in whatever order messages arrive."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hamsaya.base.instants import DAY, HOUR
from hamsaya.canon import encode
from hamsaya.cases import course, reduce, requests
from hamsaya.cases.requests import CROSSING, OPEN_ROWS, TRANSITIONS
from hamsaya.cases.types import EMPTY_CASES, CasesState
from hamsaya.messages.event import Event
from tests.cases.story import (
    OPENED,
    ROUTINE,
    T0,
    acknowledge,
    admit,
    answer,
    ask,
    case_open,
    clarify,
    decide,
    decline,
    extend,
    fold,
    overdue,
    pause,
    resume,
    say,
    transfer,
    withdraw,
)

KINDS = sorted(kind for kind in requests.ROLES if kind != "case.ask")
NOW = 20
# One state of each kind. The first pause was ended by the asker, the second by the asked; "paused" has both open.
BETWEEN = fold(say("bel", pause(ref="p1"), 1), say("bel", pause(ref="p2"), 2), state=ROUTINE)
STATES: dict[str, CasesState] = {
    "asked": ROUTINE,
    "acknowledged": fold(say("ava", clarify(ref="p1"), 3), say("bel", resume(ref="p2"), 3), state=BETWEEN),
    "paused": BETWEEN,
    "answered": fold(say("bel", answer(), 4), state=BETWEEN),
    "declined": fold(say("bel", decline(), 4), state=BETWEEN),
    "transferred": fold(say("bel", transfer(), 4), state=BETWEEN),
    "withdrawn": fold(say("ava", withdraw(), 4), state=BETWEEN),
}
ABOUT_A_PAUSE = ("case.resume", "case.clarify")


def message(kind: str, status: str) -> Event:
    """Return a message of ``kind`` that only the table could refuse in the sample state."""
    bodies: dict[str, Any] = {
        "case.acknowledge": acknowledge(), "case.admit": admit(), "case.pause": pause(ref="p9", reason="court"),
        "case.resume": resume(ref="p1"), "case.clarify": clarify(ref="p2"), "case.extend": extend(),
        "case.answer": answer(item="I-9"), "case.decline": decline(), "case.transfer": transfer(),
        "case.withdraw": withdraw(), "case.overdue": overdue(DAY),
    }
    sender = "ava" if requests.ROLES[kind] == "the asker" else "bel"
    return say(sender, bodies[kind], 2 * DAY if kind == "case.overdue" else NOW)


def status_after(state: CasesState, event: Event) -> str:
    return fold(event, state=state).requests["C-1", "R-1"].status


@pytest.mark.parametrize(("status", "kind"), sorted(product(STATES, KINDS)))
def test_every_state_and_message_has_a_row_or_is_refused_at_both_ends(status: str, kind: str) -> None:
    """What the table lacks neither the sender's node sends nor the receiver's admits; what it has folds as it says."""
    state, event = STATES[status], message(kind, status)
    assert state.requests["C-1", "R-1"].status == status
    ends = {end: decide(replace(state, own=end), event) for end in ("ava", "bel")}
    sending, arriving = ends[event.sender], ends["bel" if event.sender == "ava" else "ava"]
    if status == "asked" and kind in ABOUT_A_PAUSE:
        assert sending.code == arriving.code == "predecessor-missing", "there is no pause to end"
    elif (status, kind) not in TRANSITIONS:
        assert sending.code == arriving.code == "illegal-transition"
    elif (status, kind) in CROSSING:
        assert sending.code == "illegal-transition", "its sender knows better"
        assert arriving.allowed, arriving.sentence()
    elif kind == "case.overdue" and status != "asked":
        # The step that is due has been done in these samples, or its clock stands: nothing is overdue.
        assert sending.code == "illegal-transition" and arriving.allowed
    else:
        assert sending.allowed and arriving.allowed, (sending.sentence(), arriving.sentence())
    if arriving.allowed:
        # Of two pauses one is left open, so that "paused" goes on where the table says that it ends.
        expected = "paused" if status == "paused" and kind in ABOUT_A_PAUSE else TRANSITIONS[status, kind]
        assert status_after(state, event) == expected


@pytest.mark.parametrize("end", [resume(), clarify()])
def test_the_last_open_pause_ends_the_state(end: Any) -> None:
    """With one pause the row of the table is exact."""
    paused = fold(say("bel", pause(), 1), state=ROUTINE)
    sender = "bel" if end == resume() else "ava"
    assert status_after(paused, say(sender, end, 2)) == TRANSITIONS["paused", f"case.{type(end).__name__.lower()}"]


def test_rows_for_sending_and_for_crossing_are_apart() -> None:
    """A row in both lists would let a node send what its own state has overtaken."""
    assert not OPEN_ROWS.keys() & CROSSING.keys()


def test_a_mark_that_rests_on_a_pause_still_on_its_way_waits_for_it() -> None:
    """A third party that knows less than the asker neither believes the mark nor refuses it for good."""
    stop, go = say("bel", pause(reason="force-majeure"), HOUR), say("bel", resume(), 2 * HOUR)
    mark = say("ava", overdue(3 * HOUR), 4 * HOUR)
    third = replace(fold(say("ava", ask()), state=OPENED), own="cor")
    assert decide(third, mark).code == "predecessor-missing"
    fold(stop, go, mark, state=third)


def test_a_mark_that_crossed_the_end_of_a_pause_was_right_where_it_was_made() -> None:
    """The asker clarified later than the asked resumed without waiting: each reckons with what it knows."""
    stop, go = say("bel", pause(), HOUR), say("bel", resume(), 2 * HOUR)
    told = say("ava", clarify(), 3 * HOUR)
    mark = say("ava", overdue(10 * HOUR, step="answer"), 11 * HOUR)
    here = replace(fold(say("ava", ask()), stop, told, state=OPENED), own="ava")
    there = replace(fold(say("ava", ask()), stop, go, state=OPENED), own="bel")
    here, there = fold(mark, go, state=here), fold(told, mark, state=there)
    assert reduce.snapshot(here) == reduce.snapshot(there)
    assert course.due(here.requests["C-1", "R-1"], "answer") == T0 + 9 * HOUR


def test_an_extension_that_overtook_its_pause_counts_once_that_arrives() -> None:
    """It was in time where it was made; until the pause is here its clock disregards it."""
    stop, longer = say("bel", pause(reason="court"), 6 * DAY), say("bel", extend(), 8 * DAY)
    early = fold(longer, state=replace(ROUTINE, own="ava"))
    assert course.due(early.requests["C-1", "R-1"], "answer") == T0 + 7 * DAY
    known = fold(stop, say("bel", resume(), 9 * DAY), state=early)
    assert course.due(known.requests["C-1", "R-1"], "answer") == T0 + (7 + 3 + 23) * DAY


def test_held_elsewhere_said_too_late_moves_no_clock() -> None:
    """Else a desk that has let eight hours pass could turn them into three days."""
    asked = fold(say("ava", ask()), state=OPENED)
    for at, expected in ((8 * HOUR, 3 * DAY), (8 * HOUR + 1, 8 * HOUR)):
        request = fold(say("bel", admit(held_directly=False), at), state=asked).requests["C-1", "R-1"]
        assert course.due(request, "answer") == T0 + expected


ENDS = ("case.answer", "case.decline", "case.transfer", "case.withdraw")
# What ends a request ends the story: it comes more rarely than the rest.
OFTEN = [*(kind for kind in KINDS if kind not in ENDS), *KINDS, *("case.overdue", "case.pause") * 3]
MEMBERS = ("ava", "bel", "cor")
places = st.integers(0, 10**6)


class Neighbours(RuleBasedStateMachine):
    """Three nodes that say whatever their own state lets them, and hear of each other in any order."""

    def __init__(self) -> None:
        super().__init__()
        # Two questions that all know of: the short clocks and the long ones.
        opened = fold(say("ava", case_open()), say("ava", ask("R-1")), say("ava", ask("R-2", urgency="routine")))
        self.nodes = {member: replace(opened, own=member) for member in MEMBERS}
        self.flying: list[tuple[str, Event]] = []
        self.now = 0
        self.count = 0

    def say(self, sender: str, body: Any) -> None:
        event = say(sender, body, self.now)
        decision = decide(self.nodes[sender], event)
        if decision.allowed:
            self.nodes[sender] = reduce.apply(self.nodes[sender], event)
            self.flying += [(other, event) for other in MEMBERS if other != sender]

    def fresh(self, sender: str, letter: str) -> str:
        self.count += 1
        return f"{sender}-{letter}{self.count}"

    @rule(kind=st.sampled_from(OFTEN), ref=st.sampled_from(("R-1", "R-2")), place=places)
    def go_on(self, kind: str, ref: str, place: int) -> None:
        """Whatever either side might say of a question, lawful or not by what it knows."""
        sender = "ava" if requests.ROLES[kind] == "the asker" else "bel"
        request = self.nodes[sender].requests["C-1", ref]
        which = request.pauses[place % len(request.pauses)].pause if request.pauses else "none"
        step = course.STEPS[place % 2]
        bodies: dict[str, Any] = {
            "case.acknowledge": acknowledge(ref), "case.admit": admit(ref, held_directly=bool(place % 3)),
            "case.pause": pause(ref, self.fresh(sender, "p"), ("clarification", "court", "force-majeure")[place % 3]),
            "case.resume": resume(ref, which), "case.clarify": clarify(ref, which), "case.extend": extend(ref),
            "case.answer": answer(ref, self.fresh(sender, "I")), "case.decline": decline(ref),
            "case.transfer": transfer(ref, MEMBERS[place % 3]), "case.withdraw": withdraw(ref),
            "case.overdue": overdue((course.due(request, step) or 0) - say("ava", ask()).issued_at, ref, step),
        }
        self.say(sender, bodies[kind])

    @precondition(lambda self: self.flying)
    @rule(place=places)
    def deliver(self, place: int) -> None:
        """Any message, to one of those it was sent to; what rests on another waits."""
        self.arrive(place % len(self.flying))

    def arrive(self, place: int) -> bool:
        receiver, event = self.flying[place]
        decision = decide(self.nodes[receiver], event)
        assert decision.allowed or decision.code == "predecessor-missing", decision.sentence()
        if decision.allowed:
            self.nodes[receiver] = reduce.apply(self.nodes[receiver], event)
            del self.flying[place]
        return decision.allowed

    @rule(by=st.sampled_from((1, HOUR, 3 * HOUR, 9 * HOUR, 4 * DAY, 8 * DAY)))
    def time_passes(self, by: int) -> None:
        """Clocks run, and run out."""
        self.now = min(self.now + by, 80 * DAY)

    @invariant()
    def every_state_follows_from_the_rest(self) -> None:
        """The state that is kept is the one that the messages make."""
        for node in self.nodes.values():
            assert all(course.settled(request) == request for request in node.requests.values())

    def teardown(self) -> None:
        """Everything arrives at last, and all three know the same."""
        while any(self.arrive(place) for place in reversed(range(len(self.flying)))):
            pass
        assert not self.flying, [(to, event.kind) for to, event in self.flying]
        ava, bel, cor = (encode(reduce.snapshot(node)) for node in self.nodes.values())
        assert ava == bel == cor
        assert replace(EMPTY_CASES, own="ava") != self.nodes["ava"]


Neighbours.TestCase.settings = settings(max_examples=500, stateful_step_count=50, deadline=None)
TestNeighbours = Neighbours.TestCase
