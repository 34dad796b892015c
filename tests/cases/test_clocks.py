"""Clocks: what is due when, what stops a clock and what does not, and who hears of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.cases import requests
from hamsaya.cases.clocks import (
    EXTENSIONS,
    LOOSEST,
    REPEATS,
    STOPS,
    TERMS,
    TIGHTEST,
    URGENCIES,
    Annex,
    Clock,
    Extension,
    ExtensionReason,
    Override,
    Pause,
    PauseReason,
    Step,
    Urgency,
    annex_for,
    due,
    escalations,
    may_extend,
    parse_annex,
    reminders,
    status,
    stopped,
    stops,
    term,
)

STEPS: tuple[Step, ...] = get_args(Step)
REASONS: tuple[PauseReason, ...] = get_args(PauseReason)
T0 = 1_800_000_000_000
STATES = {"running": 0, "due-soon": 1, "overdue": 2}

pauses = st.builds(
    lambda reason, start, length: Pause(reason, start, None if length is None else start + length),
    st.sampled_from(REASONS),
    st.integers(T0 - DAY, T0 + 10 * DAY),
    st.none() | st.integers(0, 5 * DAY),
)
closed = pauses.map(lambda pause: Pause(pause.reason, pause.start, pause.end or pause.start + HOUR))
extensions = st.none() | st.builds(
    Extension, st.sampled_from(get_args(ExtensionReason)), st.integers(T0, T0 + 40 * DAY)
)


def clocks(of: st.SearchStrategy[Pause] = pauses) -> st.SearchStrategy[Clock]:
    once = st.builds(
        Clock,
        st.sampled_from(STEPS),
        st.sampled_from(URGENCIES),
        st.just(T0),
        pauses=st.lists(of, max_size=4).map(tuple),
        held_directly=st.booleans(),
        extension=extensions,
    )
    return once | st.builds(lambda clock: replace(clock, step="feedback", urgency="routine", nth=2), once)


def known(instant: int | None) -> float:
    """Return an instant that is not known yet as later than all others."""
    return float("inf") if instant is None else instant


# --- the table -------------------------------------------------------------------------------------------

PUBLISHED: list[tuple[Step, tuple[int, int, int]]] = [
    ("receipt", (2 * MINUTE, 5 * MINUTE, 15 * MINUTE)),
    ("acknowledge", (30 * MINUTE, 2 * HOUR, 24 * HOUR)),
    ("first-answer", (2 * HOUR, 8 * HOUR, 7 * DAY)),
    ("confirm-hit", (2 * HOUR, 12 * HOUR, 48 * HOUR)),
    ("onward-decision", (4 * HOUR, 24 * HOUR, 7 * DAY)),
    ("recall-acknowledge", (1 * HOUR, 24 * HOUR, 24 * HOUR)),
    ("purge-attest", (24 * HOUR, 72 * HOUR, 72 * HOUR)),
    ("feedback", (7 * DAY, 30 * DAY, 90 * DAY)),
]


@pytest.mark.parametrize(("step", "terms"), PUBLISHED)
def test_each_step_is_due_after_its_published_term(step: Step, terms: tuple[int, int, int]) -> None:
    """The table is what the members signed; a person checks it here cell by cell."""
    assert tuple(due(Clock(step, urgency, T0)) for urgency in URGENCIES) == tuple(T0 + each for each in terms)


def test_the_table_covers_every_step_and_greater_urgency_is_never_slower() -> None:
    """A missing cell would be a step without a clock."""
    assert set(TERMS) == set(STEPS) == {step for step, _ in PUBLISHED}
    for cells in TERMS.values():
        assert tuple(cells) == URGENCIES
        for column in (0, 1):
            assert [cell[column] for cell in cells.values()] == sorted(cell[column] for cell in cells.values())


def test_the_page_prints_the_table_that_is_in_force() -> None:
    """Members read docs/caveats-and-clocks.md; what it says of a deadline must be what a node does."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "caveats-and-clocks.md").read_text(encoding="utf-8")
    units = {"min": MINUTE, "h": HOUR, "d": DAY}
    printed = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0] in STEPS:
            terms = [[int(n) * units[unit] for n, unit in re.findall(r"(\d+) (\w+)", cell)] for cell in cells[1:]]
            printed[cells[0]] = [(term[0], term[-1]) for term in terms]
    assert printed == {step: [tuple(cell) for cell in cells.values()] for step, cells in TERMS.items()}


def test_what_is_held_elsewhere_has_longer_when_urgent() -> None:
    """Eight hours for what the desk has, three days for what it must fetch; a threat to life waits for neither."""
    answer = {urgency: Clock("first-answer", urgency, T0, held_directly=False) for urgency in URGENCIES}
    assert [due(answer[urgency]) for urgency in URGENCIES] == [T0 + 2 * HOUR, T0 + 3 * DAY, T0 + 7 * DAY]


@pytest.mark.parametrize("urgency", URGENCIES)
def test_the_clocks_now_in_force_agree_with_the_table(urgency: Urgency) -> None:
    """Until the rules read this table, the two must not drift apart."""
    now = requests.DEADLINES[urgency]
    steps: tuple[Step, ...] = ("acknowledge", "first-answer", "purge-attest")
    assert (now.acknowledge, now.answer, now.purge) == tuple(TERMS[step][urgency].held for step in steps)


def test_routine_feedback_comes_again() -> None:
    """After ninety days, then every hundred and eighty; nothing else repeats."""
    feedback = [due(Clock("feedback", "routine", T0, nth=nth)) for nth in (1, 2, 3)]
    assert feedback == [T0 + 90 * DAY, T0 + 270 * DAY, T0 + 450 * DAY]
    assert set(REPEATS) == {("feedback", "routine")}
    third = Clock("feedback", "routine", T0, nth=3)
    assert reminders(third) == (T0 + 360 * DAY, T0 + 414 * DAY), "of its own 180 days, after the second was due"
    assert (status(third, T0 + 100 * DAY).left, status(third, T0 + 300 * DAY).left) == (180 * DAY, 150 * DAY)
    with pytest.raises(ValueError, match="expected nth 1"):
        Clock("feedback", "urgent", T0, nth=2)
    with pytest.raises(ValueError, match="expected nth 1"):
        Clock("feedback", "routine", T0, nth=0)


# --- pauses ----------------------------------------------------------------------------------------------

STOPPED: dict[PauseReason, set[Step]] = {
    "clarification": {"first-answer", "confirm-hit", "onward-decision"},
    "court": {"first-answer", "confirm-hit", "onward-decision", "purge-attest", "feedback"},
    "force-majeure": set(STEPS),
}


@pytest.mark.parametrize("urgency", URGENCIES)
@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_stops_exactly_its_steps(reason: PauseReason, urgency: Urgency) -> None:
    """A pause that stopped more would be a way to say nothing for ever; ``stops`` and ``due`` agree."""
    expected = set(STOPPED[reason])
    if urgency == "threat-to-life":
        expected = set() if reason == "clarification" else expected - {"receipt"}
    pause = Pause(reason, T0, T0 + HOUR)
    longer = {step for step in STEPS if due(Clock(step, urgency, T0, (pause,))) != due(Clock(step, urgency, T0))}
    permitted = {step for step in STEPS if stops(reason, step, urgency)}
    assert longer == permitted == expected
    assert set(STOPS) == set(REASONS)


def test_the_receipt_of_a_threat_to_life_is_never_paused() -> None:
    """A machine answers it; whoever pauses it has switched it off."""
    forever = tuple(Pause(reason, T0 - DAY, None) for reason in REASONS)
    assert due(Clock("receipt", "threat-to-life", T0, forever)) == T0 + 2 * MINUTE
    assert status(Clock("receipt", "threat-to-life", T0, forever), T0 + 3 * MINUTE).state == "overdue"


@given(clocks(), pauses)
def test_a_pause_never_shortens(clock: Clock, more: Pause) -> None:
    """Neither a pause, nor the extension it may bring into time, can make anything due earlier."""
    assert known(due(replace(clock, pauses=(*clock.pauses, more)))) >= known(due(clock))


@given(clocks(), st.randoms(use_true_random=False))
def test_the_order_of_pauses_does_not_matter(clock: Clock, shuffle: Random) -> None:
    """Two nodes may learn of them in different order, and of one of them twice."""
    mixed = [*clock.pauses, *clock.pauses[:1]]
    shuffle.shuffle(mixed)
    other = replace(clock, pauses=tuple(mixed))
    assert status(clock, T0 + DAY) == status(other, T0 + DAY)


@given(clocks(closed), st.integers(T0, T0 + 10 * DAY))
def test_a_pause_cut_in_two_is_the_same_pause(clock: Clock, cut: int) -> None:
    """Ending a pause and beginning it again at once changes nothing."""
    halves = []
    for pause in clock.pauses:
        end = pause.end if pause.end is not None else pause.start
        middle = min(max(cut, pause.start), end)
        halves += [Pause(pause.reason, pause.start, middle), Pause(pause.reason, middle, end)]
    assert due(replace(clock, pauses=tuple(halves))) == due(clock)


@given(clocks())
def test_the_term_is_the_time_that_ran_until_it_was_due(clock: Clock) -> None:
    """Counted a second way: instant by instant what is neither before the start nor inside a pause."""
    until = due(clock)
    if until is not None:
        covered = [(p.start, p.end or 2**60) for p in clock.pauses if stops(p.reason, clock.step, clock.urgency)]
        edges = sorted({T0, until, *(min(max(edge, T0), until) for span in covered for edge in span)})
        pieces = [(a, b) for a, b in zip(edges, edges[1:], strict=False) if not any(s <= a < e for s, e in covered)]
        running = term(clock) + (90 * DAY if clock.nth == 2 else 0)
        assert sum(b - a for a, b in pieces) == running == until - T0 - stopped(clock, until)


def test_overlapping_pauses_count_once() -> None:
    """A court and a clarification at the same time stop one clock, not two."""
    both = (Pause("court", T0 + HOUR, T0 + 4 * HOUR), Pause("clarification", T0 + 3 * HOUR, T0 + 6 * HOUR))
    clock = Clock("first-answer", "urgent", T0, both)
    assert due(clock) == T0 + 13 * HOUR
    assert stopped(clock, T0 + 5 * HOUR) == 4 * HOUR
    assert stopped(clock, T0 + DAY) == 5 * HOUR


def test_an_open_pause_leaves_the_due_instant_unknown_unless_it_came_too_late() -> None:
    """Unknown is said as such; and a pause declared after the term is used up saves nobody."""
    clock = Clock("first-answer", "urgent", T0, (Pause("court", T0 + 7 * HOUR, None),))
    assert due(clock) is None
    assert reminders(clock) == (T0 + 4 * HOUR, T0 + 8 * HOUR * 80 // 100)
    assert escalations(clock) == ()
    paused = status(clock, T0 + 30 * DAY)
    assert (paused.state, paused.left, paused.late) == ("paused", HOUR, False)
    late = replace(clock, pauses=(Pause("court", T0 + 8 * HOUR, None),))
    assert due(late) == T0 + 8 * HOUR
    assert status(late, T0 + 30 * DAY).state == "overdue"


def test_time_before_the_start_is_no_pause() -> None:
    """A pause already over, or begun before, counts from the start of the clock only."""
    before = (Pause("court", T0 - DAY, T0 - HOUR), Pause("court", T0 - DAY, T0 + HOUR), Pause("court", T0, T0))
    assert due(Clock("first-answer", "urgent", T0, before)) == T0 + 9 * HOUR
    with pytest.raises(ValueError, match="end after it began"):
        Pause("court", T0, T0 - 1)


# --- extension -------------------------------------------------------------------------------------------


def test_a_routine_answer_is_extended_once_and_only_in_time() -> None:
    """Seven days and then twenty-three more, if it was said before the seven were over."""
    clock = Clock("first-answer", "routine", T0)
    in_time, late = Extension("translation", T0 + 7 * DAY), Extension("translation", T0 + 7 * DAY + 1)
    assert due(replace(clock, extension=in_time)) == T0 + 30 * DAY
    assert due(replace(clock, extension=late)) == T0 + 7 * DAY
    assert may_extend(clock, in_time.at).allowed
    assert may_extend(clock, late.at).code == "too-late"
    assert may_extend(replace(clock, extension=in_time), T0).code == "already-extended"


def test_a_pause_leaves_longer_to_ask_for_the_extension() -> None:
    """The instant by which it must be said moves with the clock, and is open while the clock stands."""
    standing = Clock("first-answer", "routine", T0, (Pause("court", T0 + DAY, None),))
    asked = Extension("court-order", T0 + 20 * DAY)
    assert may_extend(standing, asked.at).allowed
    ended = replace(standing, pauses=(Pause("court", T0 + DAY, T0 + 15 * DAY),), extension=asked)
    assert due(ended) == T0 + (7 + 14 + 23) * DAY


@pytest.mark.parametrize("urgency", URGENCIES)
@pytest.mark.parametrize("step", STEPS)
def test_nothing_else_is_extended(step: Step, urgency: Urgency) -> None:
    """An extension on another step or urgency is refused, and has no effect when it arrives all the same."""
    clock = Clock(step, urgency, T0)
    if (step, urgency) not in EXTENSIONS:
        assert may_extend(clock, T0).code == "no-extension"
        assert due(replace(clock, extension=Extension("volume", T0))) == due(clock)
    else:
        assert (step, urgency) == ("first-answer", "routine")


# --- the annex of a pair ---------------------------------------------------------------------------------


def annex(*overrides: Override, **fields: Any) -> Annex:
    return Annex(**{"between": ("ava", "bel"), "since": T0, "until": None, "overrides": overrides} | fields)


def override(step: Step, urgency: Urgency, term: int, held_directly: bool = True) -> Override:
    return Override(step=step, urgency=urgency, held_directly=held_directly, term=term)


def test_a_pair_may_agree_on_tighter_and_looser_terms() -> None:
    """Neighbours with a hotline want less, a small desk more; both signed, so both know."""
    pair = annex(
        override("first-answer", "routine", 3 * DAY),
        override("first-answer", "urgent", 9 * DAY, held_directly=False),
        override("acknowledge", "threat-to-life", HOUR),
    )
    assert due(Clock("first-answer", "routine", T0, annex=pair)) == T0 + 3 * DAY
    assert due(Clock("first-answer", "urgent", T0, annex=pair, held_directly=False)) == T0 + 9 * DAY
    assert due(Clock("first-answer", "urgent", T0, annex=pair)) == T0 + 8 * HOUR
    assert due(Clock("acknowledge", "threat-to-life", T0, annex=pair)) == T0 + HOUR
    assert due(Clock("acknowledge", "threat-to-life", T0, annex=pair, held_directly=False)) == T0 + HOUR
    assert due(Clock("receipt", "urgent", T0, annex=pair)) == T0 + 5 * MINUTE


@pytest.mark.parametrize("urgency", URGENCIES)
@pytest.mark.parametrize("step", STEPS)
def test_an_annex_stays_within_its_bounds(step: Step, urgency: Urgency) -> None:
    """Two members cannot agree a clock away, nor set one that nobody can keep."""
    usual = TERMS[step][urgency].held
    low, high = -(-usual // TIGHTEST), usual * LOOSEST[urgency]
    assert {override(step, urgency, low).term, override(step, urgency, high).term} == {low, high}
    for term_ in (low - 1, high + 1):
        with pytest.raises(ValueError, match="from a quarter"):
            override(step, urgency, term_)


BAD_ANNEX: dict[str, dict[str, Any]] = {
    "a term out of bounds": {
        "overrides": [{"step": "receipt", "urgency": "routine", "held_directly": True, "term": DAY}]
    },
    "a case the step does not know": {
        "overrides": [{"step": "receipt", "urgency": "urgent", "held_directly": False, "term": 5 * MINUTE}]
    },
    "a term twice": {
        "overrides": [{"step": "feedback", "urgency": "urgent", "held_directly": True, "term": 30 * DAY}] * 2
    },
    "an acknowledgement after the answer": {
        "overrides": [
            {"step": "acknowledge", "urgency": "urgent", "held_directly": True, "term": 8 * HOUR},
            {"step": "first-answer", "urgency": "urgent", "held_directly": True, "term": 2 * HOUR},
        ]
    },
    "one member twice": {"between": ["ava", "ava"]},
    "members out of order": {"between": ["bel", "ava"]},
    "an end before the beginning": {"until": T0},
    "an unknown field": {"calendar": "working-days"},
}


@pytest.mark.parametrize("change", BAD_ANNEX.values(), ids=BAD_ANNEX.keys())
def test_a_malformed_annex_is_the_peers_error(change: dict[str, Any]) -> None:
    """What two members sign is read strictly, or they would mean different things by it."""
    plain = msgspec.to_builtins(annex(override("feedback", "urgent", 20 * DAY)))
    assert parse_annex(plain) == annex(override("feedback", "urgent", 20 * DAY))
    with pytest.raises(PeerError) as refused:
        parse_annex(plain | change)
    assert refused.value.code == "bad-annex"


def test_the_annex_in_force_at_the_start_holds() -> None:
    """A new annex does not move a clock that is running; another pair's does not count at all."""
    old, new = annex(until=T0 + 9), annex(since=T0 + 5)
    other = annex(between=("ava", "cor"))
    found = [annex_for((new, other, old), "bel", "ava", at) for at in (T0 - 1, T0, T0 + 5, T0 + 9)]
    assert found == [None, old, new, new]
    assert annex_for((old,), "ava", "bel", T0 + 9) is None


# --- status ----------------------------------------------------------------------------------------------


@given(clocks(), st.integers(T0 - DAY, T0 + 200 * DAY), st.integers(0, 100 * DAY))
def test_a_clock_never_runs_back(clock: Clock, now: int, later: int) -> None:
    """From one look to the next a step only comes nearer to its end; standing still is no step back."""
    before, after = status(clock, now), status(clock, now + later)
    assert after.left <= before.left
    assert after.late >= before.late
    ranks = [STATES[each.state] for each in (before, after) if each.state != "paused"]
    assert ranks == sorted(ranks)
    assert (before.due, before.reminders, before.escalations) == (after.due, after.reminders, after.escalations)


@given(clocks(), st.integers(T0 - DAY, T0 + 200 * DAY))
def test_done_by_the_due_instant_is_in_time(clock: Clock, done: int) -> None:
    """Whatever was done is met; it was late exactly when it came after the due instant."""
    then = status(clock, done + DAY, done_at=done)
    assert then.state == "met"
    assert then.late == (done > known(due(clock)))
    assert status(clock, done - 1, done_at=done) == status(clock, done - 1)


@given(clocks())
def test_reminders_come_before_the_end_and_escalations_after_it(clock: Clock) -> None:
    """A person is reminded while there is time, and others are told only when there is none."""
    until = known(due(clock))
    told = [each.at for each in escalations(clock)]
    assert list(reminders(clock)) == sorted(reminders(clock))
    assert all(T0 <= instant <= until for instant in reminders(clock))
    assert told == sorted(told)
    assert all(instant > until for instant in told)
    for instant in told:
        assert status(clock, instant).state == "overdue"
        assert status(clock, instant - 1).state == "overdue" or instant == told[0]


def test_a_clock_told_from_beginning_to_end() -> None:
    """One urgent question: reminded at four hours, due soon, due at eight, then up the ladder."""
    clock = Clock("first-answer", "urgent", T0)
    soon = T0 + 8 * HOUR * 80 // 100
    at = {T0: "running", soon - 1: "running", soon: "due-soon", T0 + 8 * HOUR: "due-soon", T0 + 8 * HOUR + 1: "overdue"}
    assert {now: status(clock, now).state for now in at} == at
    told = [(each.at - T0, each.to) for each in status(clock, T0).escalations]
    assert told == [
        (8 * HOUR + 1, "desk-head"),
        (12 * HOUR + 1, "releasing-authority"),
        (16 * HOUR + 1, "joint-cell"),
    ]
