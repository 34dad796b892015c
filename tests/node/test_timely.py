"""Dates that are believed for a day: a freeze, its end and an alert dated back, or carried by hand for days."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from hamsaya.base.instants import DAY, HOUR
from hamsaya.cases import freezing, reduce
from hamsaya.cases.course import due
from hamsaya.cases.types import Span
from hamsaya.messages.event import Event
from hamsaya.messages.oversight import Freeze, Unfreeze
from hamsaya.node.oversight import views
from hamsaya.node.send import Draft
from tests.cases.story import ASKED, T0, decide, overdue, say
from tests.node.making import CASE, asking, handmade, receive, reopened, state_bytes
from tests.support.watching import WATCH, Watched

FREEZE = Freeze(freeze="F-1", reason="rights-risk", officer="desk-1")
LIFT = Unfreeze(freeze="F-1", reason="cleared", officer="desk-1")


def asked() -> Watched:
    """Return three neighbours, of whom the first has asked the second, and oversight that knows of it."""
    watched = Watched()
    watched.opens()
    watched.says("pk", asking().body, "ir")
    watched.turn()
    return watched


def request(watched: Watched, member: str) -> Any:
    """Return what ``member`` holds of the one question."""
    (found,) = watched.node(member).state.cases.requests.values()
    return found


def dated(watched: Watched, body: Any, at: int) -> str:
    """Let an altered overseer send ir what it dates ``at``; return what became of it."""
    cards, now = watched.node("ir").state.directory.peers, watched.fed.clock.now()
    keys = {member: cards[member].kem_at(now) for member in ("pk", "ir", "uz")}
    letter = handmade(
        watched.fed, WATCH, "ir", body, instrument=watched.watch.agreement.instrument_for("oversight.freeze"),
        recipients={member: key.public for member, key in keys.items() if key is not None}, issued_at=at,
        expires_at=at + 30 * DAY,
    )
    return receive(watched.node("ir"), letter.encode()).code


def test_a_freeze_dated_back_wipes_no_lateness() -> None:
    """Attack: a week after an answer was due, an overseer freezes the case as of the day it was asked."""
    watched = asked()
    before = due(request(watched, "ir"), "answer")
    watched.fed.clock.advance(7 * DAY)
    now = watched.fed.clock.now()
    assert dated(watched, FREEZE, now - 7 * DAY + 1) == "admitted"
    held = request(watched, "ir")
    assert held.frozen == (Span(start=now, end=None),) and before is not None and before < now
    (shown,) = views.frozen(watched.node("ir"))
    assert (shown.at, shown.heard_at) == (now - 7 * DAY + 1, now), "and it is shown as late"
    state = state_bytes(watched.node("ir"))
    assert state_bytes(reopened(watched.fed, "ir")) == state, "the journal keeps when it came"


def test_a_freeze_carried_by_hand_takes_effect_where_it_comes() -> None:
    """Three days on the road: from its arrival nothing goes on there; and what the other end marks is understood."""
    watched = asked()
    sent = watched.fed.send(WATCH, Draft(FREEZE, ("pk", "ir", "uz"), case=CASE))
    letters = {to: raw for to, mid, raw in watched.fed.waiting(WATCH) if mid == sent.message_id}
    assert receive(watched.node("pk"), letters["pk"]).code == "admitted"
    watched.fed.clock.advance(3 * DAY)
    assert not freezing.standing(watched.node("ir").state.cases, CASE)
    assert receive(watched.node("ir"), letters["ir"]).code == "admitted"
    assert freezing.standing(watched.node("ir").state.cases, CASE)
    assert request(watched, "pk").frozen != request(watched, "ir").frozen
    assert [each.heard_at is None for each in (*views.frozen(watched.node("pk")), *views.frozen(watched.node("ir")))
            ] == [True, False]
    watched.fed.carry_all()
    watched.fed.clock.advance(DAY)
    watched.says(WATCH, LIFT, "pk", "ir", "uz")
    mark = due(request(watched, "pk"), "acknowledge")
    own = due(request(watched, "ir"), "acknowledge")
    assert mark is not None and own is not None and own < mark, "the asker waits longer: it heard of the freeze at once"
    watched.fed.clock.advance(DAY)
    watched.says("pk", overdue(mark - T0, step="acknowledge"), "ir")
    assert request(watched, "ir").marks == request(watched, "pk").marks == ("acknowledge",)


def heard(event: Event, late: int) -> Event:
    """Return ``event`` as it arrives ``late`` after its date."""
    return replace(event, arrived_at=event.issued_at + late)


SAID = (
    say("watch", FREEZE, int(HOUR), ("ava", "bel", "cor")), say("watch", LIFT, int(3 * HOUR), ("ava", "bel", "cor")),
)


@pytest.mark.parametrize("lates", list(product((0, DAY, DAY + 1, 5 * DAY), repeat=2)))
def test_a_mark_is_understood_whenever_either_end_heard_of_a_freeze(lates: tuple[int, int]) -> None:
    """Both ends reckon by when they heard; what the asker marks by its own is neither refused nor left to wait."""
    for asker, other in (lates, lates[::-1]):
        here, there = ASKED, ASKED
        for event in SAID:
            here = reduce.apply(here, heard(event, asker))
            there = reduce.apply(there, heard(event, other))
        until = due(here.requests["C-1", "R-1"], "answer")
        assert until is not None
        mark = say("ava", overdue(until - T0, step="answer"), until - T0 + 1)
        assert decide(there, mark).allowed, (asker, other, decide(there, mark))
        foul = say("ava", overdue(until - T0 - 12 * DAY, step="answer"), until - T0 + 1)
        assert not decide(there, foul).allowed


def test_the_end_of_a_freeze_dated_back_makes_nobody_late() -> None:
    """Attack: the end is dated to the hour after the freeze, days ago, so that the clock had run all the while."""
    watched = asked()
    watched.says(WATCH, FREEZE, "pk", "ir", "uz")
    frozen_at = watched.fed.clock.now()
    watched.fed.clock.advance(5 * DAY)
    now = watched.fed.clock.now()
    assert dated(watched, LIFT, frozen_at + HOUR) == "admitted"
    held = request(watched, "ir")
    assert held.frozen[0].end == now
    left = due(held, "answer")
    assert left is not None and left > now
