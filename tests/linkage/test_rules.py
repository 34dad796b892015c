"""A benefit follows conduct by a published table, on a named ground, and some things are never stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.canon import encode
from hamsaya.linkage import reduce, rules, views
from hamsaya.linkage.types import EMPTY_LINKAGE, Decided, LinkageState
from hamsaya.messages.compliance import Rating
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.linkage import Step, Tranche, TrancheState
from hamsaya.messages.node import Publish

T0 = 1_750_000_000_000
CELLS = frozenset({"cell"})
NC, C = ("K-1", "NC"), ("K-1", "C")
Found = tuple[str, Any] | None


def say(sender: str, body: Body, at: int = 0, exercise: bool = False) -> Event:
    """Return ``body`` as said by ``sender``, ``at`` ms after T0."""
    now = T0 + at
    return Event(b"\0" * 16, kind_of(body), sender, ("rec",), "linkage", None, now, now + DAY, exercise, body)


def tranche(**fields: Any) -> Tranche:
    plain = Tranche(
        tranche="T-1",
        project="line-1",
        receiver="rec",
        payers=["pay", "too"],
        goods="energy",
        low_musd=45.0,
        mid_musd=55.0,
        high_musd=65.0,
        commitment="K-1",
        source="a published range",
    )
    return structs.replace(plain, **fields)


def step(to: Any, ref: str = "T-1", ground: str = "F-1", days: int | None = None) -> Step:
    probation = 90 if to == "reinstated" and days is None else days
    return Step(tranche=ref, to=to, ground=ground, probation_days=probation or None)


def decide(state: LinkageState, event: Event, finding: Found = None, *votes: Decided) -> Decision:
    return rules.decide(state, event, finding, CELLS, votes)


def vote(goes_on: bool = True, concerned: str | None = "rec", at: int = 130 * DAY, name: str = "bel/v-1") -> Decided:
    return Decided(name, concerned, goes_on, T0 + at)


def walk(*states: Any, of: Tranche | None = None) -> LinkageState:
    """Return the state after a permitted declaration and permitted steps, each with the ground it needs."""
    event = say("pay", of or tranche())
    decide(EMPTY_LINKAGE, event).require()
    state = reduce.apply(EMPTY_LINKAGE, event)
    for n, to in enumerate(states, start=1):
        event = say("pay", step(to), n * 31 * DAY)
        votes = [vote(name="F-1")] if to == "continued" else []
        decide(state, event, C if to == "reinstated" else NC, *votes).require()
        state = reduce.apply(state, event)
    return state


UP = ("escrowed", "released", "running")
PLANNED, RUNNING, NOTICE = walk(), walk(*UP), walk(*UP, "notice")
SUSPENDED = walk(*UP, "notice", "suspended")
REINSTATED = walk(*UP, "notice", "suspended", "reinstated")
CONTINUED = walk(*UP, "notice", "continued")
HEALED_AT = 6 * 31 * DAY
LATE = 400 * DAY

PERMITTED: list[tuple[LinkageState, Event, Found]] = [
    (EMPTY_LINKAGE, say("too", tranche()), None),
    (EMPTY_LINKAGE, say("cell", tranche()), None),
    (EMPTY_LINKAGE, say("pay", tranche(low_musd=55.0, high_musd=55.0)), None),
    (PLANNED, say("too", step("escrowed")), None),
    (RUNNING, say("cell", step("notice")), NC),
    (RUNNING, say("pay", step("matured")), None),
    (CONTINUED, say("pay", step("notice", ground="F-2"), LATE), NC),
    (REINSTATED, say("pay", step("notice", ground="F-2"), LATE), NC),
    (REINSTATED, say("pay", step("running"), HEALED_AT + 90 * DAY), None),
    (REINSTATED, say("pay", step("running"), HEALED_AT + DAY, exercise=True), None),
    (SUSPENDED, say("pay", step("reinstated", days=1), LATE, exercise=True), C),
    (NOTICE, say("pay", step("suspended"), LATE), NC),
    (NOTICE, say("pay", step("suspended"), exercise=True), NC),
    (SUSPENDED, say("pay", step("reinstated"), LATE), C),
    (SUSPENDED, say("pay", step("reinstated"), LATE), ("K-1", "LC")),
]


@pytest.mark.parametrize(("state", "event", "finding"), PERMITTED)
def test_what_the_table_allows_is_permitted(state: LinkageState, event: Event, finding: Found) -> None:
    """Refusing all would pass every test below."""
    decision = decide(state, event, finding)
    assert decision.allowed, decision.sentence()


REFUSED: list[tuple[str, LinkageState, Event, Found]] = [
    ("already-exists", PLANNED, say("pay", tranche()), None),
    ("not-a-payer", EMPTY_LINKAGE, say("rec", tranche()), None),
    ("not-a-payer", EMPTY_LINKAGE, say("fen", tranche()), None),
    ("receiver-pays", EMPTY_LINKAGE, say("pay", tranche(payers=["pay", "rec"])), None),
    ("interval", EMPTY_LINKAGE, say("pay", tranche(low_musd=56.0)), None),
    ("interval", EMPTY_LINKAGE, say("pay", tranche(high_musd=54.0)), None),
    ("predecessor-missing", EMPTY_LINKAGE, say("pay", step("escrowed")), None),
    ("predecessor-missing", PLANNED, say("pay", step("running")), None),
    ("not-a-payer", PLANNED, say("rec", step("escrowed")), None),
    ("not-a-payer", PLANNED, say("fen", step("escrowed")), None),
    ("predecessor-missing", RUNNING, say("cell", step("notice")), None),
    ("ground", RUNNING, say("cell", step("notice")), ("K-2", "NC")),
    *[("ground", RUNNING, say("cell", step("notice")), ("K-1", word)) for word in ("C", "LC", "PC", "U")],
    ("ground", NOTICE, say("pay", step("suspended"), LATE), C),
    ("ground", SUSPENDED, say("pay", step("reinstated"), LATE), NC),
    ("ground", SUSPENDED, say("pay", step("reinstated"), LATE), ("K-1", "U")),
    ("notice-term", NOTICE, say("pay", step("suspended"), 4 * 31 * DAY + 30 * DAY - 1), NC),
    ("ground", NOTICE, say("pay", step("suspended", ground="F-2"), LATE), NC),
    ("ground-used", CONTINUED, say("pay", step("notice"), LATE), NC),
    ("ground-used", REINSTATED, say("pay", step("notice"), LATE), NC),
    ("predecessor-missing", NOTICE, say("pay", step("continued"), LATE), None),
    ("predecessor-missing", SUSPENDED, say("pay", step("continued"), LATE), None),
    ("probation", SUSPENDED, say("pay", step("reinstated", days=29), LATE), C),
    ("probation", SUSPENDED, say("pay", Step(tranche="T-1", to="reinstated", ground="F-1", probation_days=None)), C),
    ("probation", RUNNING, say("pay", step("notice", days=90)), NC),
    ("probation", REINSTATED, say("pay", step("running"), HEALED_AT + 90 * DAY - 1), None),
    ("probation", REINSTATED, say("pay", step("matured"), HEALED_AT + DAY), None),
    ("illegal-transition", RUNNING, say("pay", step("planned")), None),
    ("illegal-transition", RUNNING, say("pay", step("escrowed")), None),
    ("illegal-transition", walk(*UP, "matured"), say("pay", step("running")), None),
    ("illegal-transition", PLANNED, say("pay", Publish(statements=[b""])), None),
]


@pytest.mark.parametrize(("code", "state", "event", "finding"), REFUSED)
def test_each_forbidden_act_is_refused_with_its_code(
    code: str, state: LinkageState, event: Event, finding: Found
) -> None:
    """The code tells the sender's machine what to do next: wait, correct, or give up."""
    decision = decide(state, event, finding)
    assert (decision.allowed, decision.code) == (False, code), decision.sentence()


VOTES: list[tuple[str, LinkageState, Any, Decided]] = [
    ("", NOTICE, "continued", vote()),
    ("", SUSPENDED, "continued", vote()),  # It crossed the suspension on its way.
    ("ground", NOTICE, "continued", vote(goes_on=False)),
    ("ground", NOTICE, "continued", vote(concerned=None)),
    ("ground", NOTICE, "continued", vote(concerned="too")),
    ("ground", NOTICE, "continued", vote(at=4 * 31 * DAY - 1)),  # Closed before the notice: another question.
    ("predecessor-missing", NOTICE, "continued", vote(name="bel/v-2")),
    ("continued-by-vote", NOTICE, "suspended", vote()),
    ("", NOTICE, "suspended", vote(goes_on=False)),
    ("", NOTICE, "suspended", vote(at=4 * 31 * DAY - 1)),
    ("", NOTICE, "suspended", vote(concerned="too")),
]


@pytest.mark.parametrize(("code", "state", "to", "decided"), VOTES)
def test_only_a_vote_on_this_tranche_since_its_notice_lets_it_go_on(
    code: str, state: LinkageState, to: Any, decided: Decided
) -> None:
    """A name is no decision: the record must stand here, be about this receiver, and be no older than the notice."""
    ground = "bel/v-1" if to == "continued" else "F-1"
    decision = decide(state, say("pay", step(to, ground=ground), LATE), NC, decided)
    assert (decision.code if not decision.allowed else "") == code, decision.sentence()


def test_notice_may_become_suspension_after_exactly_thirty_days() -> None:
    """The last of the thirty days is the receiver's."""
    assert decide(NOTICE, say("pay", step("suspended"), 4 * 31 * DAY + 30 * DAY), NC).allowed


@pytest.mark.parametrize("goods", ["humanitarian-goods", "medicine", "pedestrian-return"])
@pytest.mark.parametrize("to", ["notice", "suspended"])
@pytest.mark.parametrize("exercise", [False, True])
def test_what_people_live_on_is_never_stopped(goods: str, to: str, exercise: bool) -> None:
    """No finding, no vote and no exercise puts humanitarian goods, medicine or people on foot on notice."""
    state = walk(*UP, of=tranche(goods=goods))
    assert decide(state, say("cell", step(to), LATE, exercise), NC).code == "humanitarian"
    view = views.tranches(state)[0]
    assert not view.suspendable and set(view.next) == {"matured"}


def test_without_joint_cells_only_payers_move_a_tranche() -> None:
    """Nobody is a joint cell by default."""
    assert rules.decide(EMPTY_LINKAGE, say("cell", tranche())).code == "not-a-payer"
    assert rules.decide(RUNNING, say("cell", step("notice")), NC).code == "not-a-payer"


def test_every_state_is_reached_and_only_maturity_ends() -> None:
    """A state that nothing leads to, or that nothing leaves, would be a trap in the table."""
    states: set[TrancheState] = set(get_args(TrancheState))
    assert rules.reachable("planned") == states - {"planned"}
    assert {state for state in states if not rules.reachable(state)} == {"matured"}


@given(st.lists(st.sampled_from(sorted(get_args(TrancheState))), max_size=20), st.sampled_from(get_args(Rating)))
def test_a_walk_never_leaves_the_table(wanted: list[TrancheState], word: Rating) -> None:
    """Whatever is asked, each step taken is a row, and without NC nothing is ever put on notice."""
    state = PLANNED
    for n, to in enumerate(wanted):
        before = state.tranches["T-1"].status
        event = say("pay", step(to), n * 31 * DAY)
        if decide(state, event, ("K-1", word)).allowed:
            state = reduce.apply(state, event)
            assert (before, to) in rules.TRANSITIONS
    if word != "NC":
        assert all(moved.to not in ("notice", "suspended") for moved in state.tranches["T-1"].steps)


def test_tranches_fold_alike_in_either_order() -> None:
    """Two payers' tranches have nothing to do with one another."""
    one, other = say("pay", tranche()), say("too", tranche(tranche="T-2"), 5)
    left = reduce.apply(reduce.apply(EMPTY_LINKAGE, one), other)
    right = reduce.apply(reduce.apply(EMPTY_LINKAGE, other), one)
    assert left == right
    assert encode(reduce.snapshot(left)) == encode(reduce.snapshot(right))


def test_a_step_that_overtook_its_predecessor_waits_for_it() -> None:
    """Two payers move one tranche in turn: the second step, arriving first, is asked to come again."""
    second = say("too", step("released"), 10)
    assert decide(PLANNED, second).code == "predecessor-missing"
    after = reduce.apply(PLANNED, say("pay", step("escrowed"), 5))
    assert decide(after, second).allowed


def test_the_view_says_what_may_come_next_and_on_which_ground() -> None:
    """A receiver reads beforehand what would move its benefit."""
    view = views.tranches(RUNNING)[0]
    assert (view.status, view.since) == ("running", T0 + 93 * DAY)
    assert view.next == {"notice": "finding NC", "matured": "decision"}
    assert views.tranches(SUSPENDED)[0].next == {"reinstated": "finding C or LC", "continued": "vote to continue"}
    assert views.tranches(NOTICE)[0].next == {"suspended": "finding NC", "continued": "vote to continue"}
    assert views.tranches(NOTICE)[0].term_ends == T0 + 4 * 31 * DAY + 30 * DAY
    assert views.tranches(REINSTATED)[0].term_ends == T0 + HEALED_AT + 90 * DAY and view.term_ends is None
    assert [moved.by for moved in view.tranche.steps] == ["pay"] * 3


def test_a_members_flow_is_the_sum_of_what_flows_now() -> None:
    """Planned and suspended tranches are no leverage; one on notice still flows."""
    assert views.flow(PLANNED, "rec") == views.flow(SUSPENDED, "rec") == Interval(0, 0, 0)
    more = reduce.apply(NOTICE, say("pay", tranche(tranche="T-2")))
    assert views.flow(more, "rec") == Interval(45.0, 55.0, 65.0)
    assert views.flow(more, "pay") == Interval(0, 0, 0)


def test_messages_of_other_rooms_change_nothing() -> None:
    """The fold is total: a node may hand every event to every core."""
    event = replace(say("pay", Publish(statements=[b""])), case="C-1")
    assert reduce.apply(RUNNING, event) is RUNNING
