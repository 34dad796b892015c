"""Clocks that run between two members beyond the answer: consents, words on what came of an item, reminders, rungs."""

from __future__ import annotations

from dataclasses import replace as changed
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hamsaya.base.instants import HOUR, MINUTE
from hamsaya.cases import clocks, reduce, rules, timing, waiting
from hamsaya.cases.clocks import STOPS, TERMS, URGENCIES, Annex, Clock, Override, Pause
from hamsaya.cases.types import EMPTY_CASES, CasesState, Frozen
from hamsaya.messages.event import Event
from hamsaya.messages.items import Accept, ConsentAsk, ConsentGiven, Unlock, Use
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.oversight import FreezeReason
from hamsaya.messages.reminders import Escalate, Lapse, Late, Remind
from tests.cases.desks import DAY, KEY, Desks, answer, opened
from tests.cases.story import T0, ask, caveats, revoke

HOLDERS = ("ava", "cor")
OBSERVERS = frozenset({"watch", "cell"})


def given_item(urgency: str = "urgent", **axes: Any) -> Desks:
    """Return desks after bel has answered ava's question with I-1 for ava and cor."""
    desks = opened()
    desks.say("ava", ask("R-9", "bel", urgency), ("bel", "cor"))
    desks.say("bel", answer("I-1", "R-9", audience=HOLDERS, **axes), HOLDERS)
    return desks


def asked(desks: Desks) -> int:
    """Let ava ask to pass I-1 on to dun; return when."""
    desks.say("ava", ConsentAsk(consent="P-1", item="I-1", to=["dun"], purpose="prevent-attack", text="x",
                                officer="o-1"), ("bel",))
    return desks.item("bel").sought[0].at


def grant(desks: Desks, granted: bool = True) -> ConsentGiven:
    return ConsentGiven(consent="P-1", item="I-1", asker="ava", to=["dun"], granted=granted, until=T0 + 80 * DAY,
                        caveats=caveats(audience=("dun",)), officer="o-1")


def at(desks: Desks, instant: int) -> None:
    """Let the next message be said at ``instant``."""
    desks.now = instant - 1


def test_a_lapse_that_crosses_a_freeze_is_recorded_at_both_ends() -> None:
    """The freeze comes to one end after the lapse, or before it: neither refuses for good what the other has folded."""
    desks = given_item()
    begun = asked(desks)
    frozen = Frozen(case="C-1", freeze="watch/1", by="watch", reason=get_args(FreezeReason)[0], officer="o-1",
                    at=begun + HOUR, ended_at=begun + 4 * HOUR)

    def with_freeze(member: str) -> Desks:
        there = desks.copy()
        state = there.states[member]
        there.states[member] = changed(state, freezes=state.freezes.set("C-1", (frozen,)))
        return there

    later = begun + DAY + 3 * HOUR
    for knows, due, code in (("bel", begun + DAY, "permitted"), ("ava", later, "predecessor-missing")):
        there = with_freeze(knows)
        at(there, due + 1)
        lapse = Lapse(consent="P-1", item="I-1", due=due)
        assert there.try_to("ava", replace(lapse, due=due - 1), ("bel",)).code == "wrong-due"
        assert there.force("ava", replace(lapse, due=begun + DAY - 1), "bel") == "wrong-due"
        there.try_to("ava", lapse, ("bel",)).require()
        assert there.decide("bel", there.waiting[0][1]).code == code
        state = there.states["bel"]
        there.states["bel"] = changed(state, freezes=state.freezes.set("C-1", (frozen,)))
        there.deliver()
        assert not there.refused and not there.waiting
        assert there.item("bel").sought[0].lapsed_at == there.item("ava").sought[0].lapsed_at is not None


@pytest.mark.parametrize(("urgency", "term"), [("threat-to-life", 4 * HOUR), ("urgent", DAY), ("routine", 7 * DAY)])
def test_silence_is_a_refusal_and_both_ends_record_it(urgency: str, term: int) -> None:
    """By the published term, not at its due instant but after it; what is granted later is refused everywhere."""
    desks = given_item(urgency)
    due = asked(desks) + term
    lapse = Lapse(consent="P-1", item="I-1", due=due)
    at(desks, due)
    assert desks.try_to("ava", lapse, ("bel",)).code == "not-due"
    desks.now -= 1
    assert desks.copy().try_to("bel", grant(desks), ("ava", "dun")).allowed, "at its due instant it is in time"
    at(desks, due + 1)
    assert desks.try_to("bel", grant(desks), ("ava", "dun")).code == "consent-lapsed"
    forced = desks.event("bel", grant(desks), ("ava", "dun"), "C-1")
    assert desks.decide("ava", forced).code == "consent-lapsed"
    assert desks.try_to("ava", replace(lapse, due=due - 1), ("bel",)).code == "wrong-due"
    desks.say("ava", lapse, ("bel",))
    assert desks.item("ava").sought == desks.item("bel").sought and desks.item("ava").sought[0].lapsed_at is not None
    assert desks.try_to("ava", lapse, ("bel",)).code == "already-marked"
    assert desks.try_to("bel", grant(desks, granted=False), ("ava",)).allowed, "a refusal in words is always open"
    assert all(each.step != "onward-decision" for m in ("ava", "bel") for each in
               waiting.undone(desks.states[m], desks.now))


def test_a_consent_waits_for_a_freeze_that_gave_it_time() -> None:
    """The originator's clock stood while the case was frozen; an end without the freeze waits and accuses nobody."""
    desks = given_item()
    begun = asked(desks)
    frozen = Frozen(case="C-1", freeze="watch/1", by="watch", reason=get_args(FreezeReason)[0], officer="o-1",
                    at=begun + HOUR, ended_at=begun + 4 * HOUR)

    def learns(member: str) -> None:
        state = desks.states[member]
        desks.states[member] = changed(state, freezes=state.freezes.set("C-1", (frozen,)))

    learns("bel")
    at(desks, begun + DAY + HOUR)
    due = begun + DAY + 3 * HOUR
    assert desks.try_to("bel", replace(grant(desks), due=due + 1), ("ava", "dun")).code == "wrong-due"
    desks.try_to("bel", replace(grant(desks), due=due), ("ava", "dun")).require()
    desks.deliver()
    assert [member for member, _ in desks.waiting] == ["ava"] and not desks.refused
    learns("ava")
    desks.deliver()
    assert not desks.waiting and not desks.refused
    assert desks.states["ava"].grants == desks.states["bel"].grants == desks.states["dun"].grants
    for said in (None, begun + DAY, due - HOUR):  # None of these says that the clock ran longer.
        at(desks, begun + DAY + 4 * HOUR)
        late = replace(grant(desks), consent="P-1", due=said)
        fresh = given_item()
        asked(fresh)
        assert fresh.decide("ava", desks.event("bel", late, ("ava", "dun"), "C-1")).code == "consent-lapsed"


def test_a_consent_in_time_stands_though_a_lapse_crossed_it() -> None:
    """The grant was said in time and came late: what is recorded beside it takes nothing away."""
    desks = given_item()
    due = asked(desks) + DAY
    at(desks, due)
    desks.try_to("bel", grant(desks), ("ava", "dun")).require()
    at(desks, due + HOUR)
    desks.try_to("ava", Lapse(consent="P-1", item="I-1", due=due), ("bel",)).require()
    desks.deliver()
    assert not desks.waiting and not desks.refused
    for member in ("ava", "bel", "dun"):
        (known,) = desks.states[member].grants.values()
        assert known.decided[-1].granted


def test_a_lapse_is_the_askers_and_waits_for_its_question() -> None:
    """Attack: somebody else records another's consent as refused; a lapse overtakes its question."""
    desks = given_item()
    ask_ = ConsentAsk(consent="P-1", item="I-1", to=["dun"], purpose="prevent-attack", text="x", officer="o-1")
    desks.try_to("ava", ask_, ("bel",)).require()
    lapse = Lapse(consent="P-1", item="I-1", due=desks.now + DAY)
    at(desks, desks.now + 2 * DAY)
    assert desks.force("ava", lapse, "bel") == "predecessor-missing"
    desks.deliver()
    assert desks.force("cor", lapse, "bel") == "predecessor-missing", "cor asked for nothing of that name"
    assert desks.force("ava", lapse, "bel") == "permitted"


@pytest.mark.parametrize(("urgency", "dues"), [
    ("threat-to-life", [7]), ("urgent", [30]), ("routine", [90, 270, 450, 630]),
])
def test_a_word_on_what_came_of_it_is_due_by_the_table(urgency: str, dues: list[int]) -> None:
    """7, 30 or 90 days, and every 180 days for a routine one; a holder owes it, its originator waits."""
    desks = given_item(urgency)
    released = desks.item("bel").released_at
    for nth in range(1, 5):
        found = waiting.find(desks.states["bel"], "C-1", "I-1", "feedback", nth, "ava")
        assert (found.due if found else None) == (released + dues[nth - 1] * DAY if nth <= len(dues) else None)
    owed = {(each.owes, each.waits) for each in waiting.undone(desks.states["bel"], desks.now)
            if each.step == "feedback"}
    assert owed == {("ava", "bel"), ("cor", "bel")}


def test_a_word_counts_for_the_time_in_which_it_falls() -> None:
    """Said on day 10, the next is due on day 270; nothing is due once the case's own time is over."""
    desks = given_item("routine")
    released = desks.item("bel").released_at
    at(desks, released + 10 * DAY)
    desks.say("ava", Use(item="I-1", outcome="not-used", text=None, officer="o-1"), ("bel",))

    def next_due(holder: str) -> tuple[int, int]:
        found = waiting.next_feedback(desks.states["bel"], desks.item("bel"), holder)
        assert found is not None and found.due is not None
        return found.nth, (found.due - released) // DAY

    assert (next_due("ava"), next_due("cor")) == ((2, 270), (1, 90))
    late = Late(item="I-1", step="feedback", nth=1, owes="ava", due=released + 90 * DAY)
    at(desks, released + 91 * DAY)
    assert desks.try_to("bel", late, ("ava",)).code == "step-done"
    assert not [each for each in waiting.undone(desks.states["bel"], T0 + 95 * DAY) if each.step == "feedback"]


def test_lateness_is_recorded_once_at_both_ends_and_the_word_may_still_come() -> None:
    """An urgent one, after thirty days."""
    desks = given_item("urgent")
    due = desks.item("bel").released_at + 30 * DAY
    late = Late(item="I-1", step="feedback", nth=1, owes="cor", due=due)
    at(desks, due + 1)
    assert desks.try_to("cor", late, ("bel",)).code == "wrong-role"
    assert desks.try_to("bel", late, ("cor", "ava")).code == "recipient-outside"
    assert desks.try_to("bel", late, ()).code == "recipient-missing"
    desks.say("bel", late, ("cor",))
    assert desks.item("bel").late == desks.item("cor").late != ()
    assert desks.try_to("bel", late, ("cor",)).code == "already-marked"
    desks.say("cor", Use(item="I-1", outcome="new-lead", text=None, officer="o-1"), ("bel",))
    assert waiting.next_feedback(desks.states["bel"], desks.item("bel"), "cor") is None


def test_the_clock_of_a_locked_item_starts_with_its_key() -> None:
    """Who could not read it owes no word on it."""
    desks = given_item("threat-to-life", disclosure="D2")
    assert waiting.next_feedback(desks.states["bel"], desks.item("bel"), "ava") is None
    desks.say("ava", Accept(item="I-1", officer="o-1"), ("bel",))
    desks.say("bel", Unlock(item="I-1", holder="ava", key=KEY), ("ava",))
    found = waiting.next_feedback(desks.states["bel"], desks.item("bel"), "ava")
    assert found is not None and found.due == desks.now + 7 * DAY
    assert waiting.next_feedback(desks.states["bel"], desks.item("bel"), "cor") is None
    desks.say("bel", revoke(), HOLDERS)
    steps = {each.step for each in waiting.undone(desks.states["bel"], desks.now) if each.about == "I-1"}
    assert steps == {"purge-attest"}, "a recall ends it, and asks for a purge instead"


def test_terms_that_two_agreed_on_hold_here_too() -> None:
    """An annex between the two, and nobody else."""
    desks = given_item("urgent")
    annex = Annex(between=("ava", "bel"), since=0, until=None, overrides=(
        Override(step="feedback", urgency="urgent", held_directly=True, term=10 * DAY),))
    dues = {each.owes: each.due - each.clock.started for each in waiting.undone(desks.states["bel"], desks.now, [annex])
            if each.step == "feedback" and each.due is not None}
    assert dues == {"ava": 10 * DAY, "cor": 30 * DAY}


def test_a_freeze_stops_these_clocks_too() -> None:
    """Nobody loses a consent, or is late with a word, while oversight keeps the case still."""
    desks = given_item()
    due = asked(desks) + DAY
    released = desks.item("bel").released_at
    state = desks.states["bel"]
    frozen = Frozen(case="C-1", freeze="watch/1", by="watch", reason=get_args(FreezeReason)[0], officer="o-1",
                    at=due - HOUR, ended_at=due + 9 * HOUR)
    thawed = changed(state, freezes=state.freezes.set("C-1", (frozen,)))
    found = waiting.find(thawed, "C-1", "P-1", "onward-decision", 1, "bel")
    assert found is not None and found.due == due + 10 * HOUR
    found = waiting.find(thawed, "C-1", "I-1", "feedback", 1, "ava")
    assert found is not None and found.due == released + 30 * DAY + 10 * HOUR
    still = changed(state, freezes=state.freezes.set("C-1", (replace(frozen, ended_at=None),)))
    found = waiting.find(still, "C-1", "P-1", "onward-decision", 1, "bel")
    assert found is not None and found.due is None and timing.level_at(found.clock, due + DAY) is not None


# --- Levels -----------------------------------------------------------------------------------------------


@given(st.sampled_from(URGENCIES), st.sampled_from(sorted(TERMS)), st.lists(st.tuples(
    st.integers(0, 40 * DAY), st.integers(0, 3 * DAY)), max_size=3), st.lists(st.integers(0, 120 * DAY), max_size=8))
def test_levels_rise_with_time_and_agree_with_the_clock(
    urgency: Any, step: Any, pauses: list[tuple[int, int]], instants: list[int]
) -> None:
    """Reminders come before the due instant, rungs after it, in their order and never earlier than the clock says."""
    clock = Clock(step, urgency, 0, tuple(Pause("court", start, start + length) for start, length in pauses))
    before = -1
    for now in sorted(instants):
        reached = timing.level_at(clock, now)
        status = clocks.status(clock, now)
        place = -1 if reached is None else timing.LEVELS.index(reached[0])
        assert place >= before and (reached is None or reached[1] <= now)
        assert (place >= 2) == status.late
        assert (place >= 0) == any(each <= now for each in status.reminders) or status.late
        before = place
    assert step in TERMS and (step in STOPS["court"] or clocks.stopped(clock, 10**12) == 0)


def reminder(desks: Desks, member: str, about: str = "R-9") -> Remind | Escalate | None:
    """Return what ``member``'s node would say now of a step that it waits for, as ``node/reminders`` does."""
    for each in waiting.undone(desks.states[member], desks.now):
        if each.waits == member and each.about == about and (reached := timing.level_at(each.clock, desks.now)):
            fields: Any = {"about": about, "step": each.step, "nth": each.nth, "owes": each.owes, "due": each.due}
            if reached[0] == "joint-cell":
                return Escalate(**fields, urgency=each.clock.urgency)
            return Remind(**fields, level=reached[0])  # type: ignore[arg-type]
    return None


def told_to(desks: Desks, sender: str, body: Body, to: tuple[str, ...]) -> str:
    """Return the code of a reminder at its sender, and let whoever is told take it in, observers too."""
    event = desks.event(sender, body, to, "C-1")
    decision = rules.decide(desks.states[sender], event, OBSERVERS)
    if decision.allowed:
        for member in (sender, *to):
            state = desks.states.setdefault(member, changed(EMPTY_CASES, own=member))
            rules.decide(state, event, OBSERVERS).require()
            desks.states[member] = reduce.apply(state, event)
    return decision.code


def test_a_step_that_is_never_done_climbs_to_the_joint_cell() -> None:
    """Half, four fifths, the desk's head, the releasing authority, the joint cell and oversight: each once."""
    desks = given_item()
    desks.say("ava", ask("R-10", "bel", "threat-to-life"), ("bel",))
    start = desks.now
    said = []
    for minutes in range(0, 70):
        at(desks, start + minutes * MINUTE + 2)
        desks.now += 1
        body = reminder(desks, "ava", "R-10")
        if body is None or body.step != "acknowledge":
            continue
        to = ("bel", "cell", "watch") if isinstance(body, Escalate) else ("bel",)
        code = told_to(desks, "ava", body, to)
        if code == "permitted":
            said.append((kind_of(body), getattr(body, "level", "joint-cell"), minutes))
        else:
            assert code == "already-marked"
    assert [(level, minutes) for _, level, minutes in said] == [
        ("half", 15), ("four-fifths", 24), ("desk-head", 30), ("releasing-authority", 45), ("joint-cell", 60)]
    assert desks.states["ava"].reminded == desks.states["bel"].reminded
    for observer in ("cell", "watch"):
        assert len(desks.states[observer].reminded) == 1 and not desks.states[observer].cases


@pytest.mark.parametrize(("sender", "to", "change", "code"), [
    ("bel", ("ava",), {}, "wrong-role"), ("cor", ("bel",), {}, "wrong-role"), ("ava", (), {}, "recipient-missing"),
    ("ava", ("bel", "cor"), {}, "recipient-outside"), ("ava", ("bel",), {"about": "R-77"}, "predecessor-missing"),
    ("ava", ("bel",), {"owes": "cor"}, "predecessor-missing"), ("ava", ("bel",), {"nth": 2}, "predecessor-missing"),
    ("ava", ("bel",), {"due": 7}, "wrong-due"), ("ava", ("bel",), {"level": "desk-head"}, "not-due"),
    ("ava", ("bel",), {"step": "purge-attest"}, "predecessor-missing"),
])
def test_who_may_remind_whom_of_what(sender: str, to: tuple[str, ...], change: dict[str, Any], code: str) -> None:
    """Attack: somebody else reminds, others hear of it, of a step that is not there, before its instant."""
    desks = given_item()
    body = Remind(about="R-9", step="acknowledge", nth=1, owes="bel", level="half", due=0)
    desks.say("ava", ask("R-10", "bel", "urgent"), ("bel", "cor"))
    due = desks.now + 2 * HOUR
    at(desks, desks.now + HOUR)
    body = replace(body, about="R-10", due=due)
    assert told_to(desks, sender, replace(body, **change), to) == code


def test_an_escalation_says_nothing_of_content_and_goes_to_whom_it_is_for() -> None:
    """Attack: another participant, or nobody above, is told; the joint cell itself takes it as its sender's word."""
    desks = given_item()
    desks.say("ava", ask("R-10", "bel", "urgent"), ("bel", "cor"))
    due = desks.now + 2 * HOUR
    at(desks, desks.now + 5 * HOUR)
    body = Escalate(about="R-10", step="acknowledge", nth=1, owes="bel", due=due, urgency="urgent")
    assert told_to(desks, "ava", body, ("bel",)) == "no-observer"
    assert told_to(desks, "ava", body, ("bel", "cor", "cell")) == "recipient-outside"
    assert told_to(desks, "ava", body, ("cell",)) == "recipient-missing"
    assert told_to(desks, "ava", replace(body, due=due + 1), ("bel", "cell")) == "wrong-due"
    event = Event(b"\0" * 16, "case.escalate", "ava", ("bel", "cell"), "cases", "C-1", due, due + DAY, True, body)
    assert rules.decide(desks.states["bel"], event, OBSERVERS).code == "not-due"
    assert told_to(desks, "ava", body, ("bel", "cell")) == "permitted"


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.tuples(st.sampled_from(["wait", "remind", "mark", "use", "grant",
       "ask", "lapse", "arrive"]), st.integers(0, 9)), max_size=40))
def test_whatever_is_said_by_the_clock_both_ends_come_to_one_record(
    chance: Random, steps: list[tuple[str, int]]
) -> None:
    """Random hours and acts; letters arrive in any order: nothing lawful is refused, and the records are the same."""
    desks = given_item("threat-to-life")
    count = 0
    for word, number in steps:
        member = ("ava", "bel", "cor")[number % 3]
        if word == "wait":
            desks.now = min(desks.now + number * 9 * HOUR, T0 + 60 * DAY)
        elif word == "arrive" and desks.waiting:
            letter = desks.waiting.pop(number % len(desks.waiting))
            rest, desks.waiting = desks.waiting, [letter]
            desks.deliver()
            desks.waiting += rest
        elif word == "ask":
            count += 1
            desks.try_to("ava", ConsentAsk(consent=f"P-{count}", item="I-1", to=["dun"], purpose="prevent-attack",
                                           text="x", officer="o-1"), ("bel",))
        elif word == "grant":
            for sought in desks.item("bel").sought[: 1 + number % 2]:
                desks.try_to("bel", replace(grant(desks), consent=sought.consent), ("ava", "dun"))
        elif word == "use" and member != "bel":
            desks.try_to(member, Use(item="I-1", outcome="not-used", text=None, officer="o-1"), ("bel",))
        else:
            _by_the_clock(desks, member)
    chance.shuffle(desks.waiting)
    desks.deliver()
    assert not desks.waiting and not desks.refused
    one, other = desks.states["ava"], desks.states["bel"]
    for key in {*one.reminded, *other.reminded}:
        if {key[4], key[5]} == {"ava", "bel"}:
            assert one.reminded[key] == other.reminded[key]
    assert desks.item("ava").sought == desks.item("bel").sought
    assert [each for each in desks.item("bel").late if each.holder == "ava"] == [
        each for each in desks.item("ava").late if each.holder == "ava"]


def _by_the_clock(desks: Desks, member: str) -> None:
    """Let a member's node say what it has to, as far as its rules let it."""
    for each in list(waiting.undone(desks.states[member], desks.now)):
        until = each.due
        if each.waits != member or until is None:
            continue
        body = reminder(desks, member, each.about)
        if isinstance(body, Remind) and body.step == each.step and body.owes == each.owes:
            desks.try_to(member, body, (each.owes,))
        if desks.now > until and each.step == "onward-decision":
            desks.try_to(member, Lapse(consent=each.about, item="I-1", due=until), (each.owes,))
        if desks.now > until and each.step == "feedback":
            desks.try_to(member, Late(item="I-1", step="feedback", nth=each.nth, owes=each.owes, due=until),
                         (each.owes,))


def test_an_empty_state_waits_for_nothing() -> None:
    """No clock runs where nothing was asked."""
    assert list(waiting.undone(CasesState(own="ava"), T0)) == []
