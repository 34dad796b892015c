"""Notices in minutes: who may say what, by when, and the same state in whatever order it arrives."""

from __future__ import annotations

from itertools import permutations

import pytest

from hamsaya.base.instants import MINUTE
from hamsaya.canon import encode
from hamsaya.cases import hotline
from hamsaya.cases.hotline import DUE, EMPTY_HOTLINE, HotlineState
from hamsaya.messages.event import Event
from hamsaya.messages.hotline import AcknowledgeNotice, CloseNotice, Notice, SayOnHotline
from hamsaya.messages.kinds import Body, kind_of

T0 = 1_790_000_000_000
NOTICE = Notice(notice="ava/1", subject="attack-under-way", pace="minutes", cells=[1], text="At the pass.", officer="d")
READ = AcknowledgeNotice(notice="ava/1", officer="d")
MORE = SayOnHotline(notice="ava/1", text="It moves west.", officer="d")
OVER = CloseNotice(notice="ava/1", outcome="over", officer="d")


def said(sender: str, body: Body, to: tuple[str, ...] = ("ava", "bel", "cor"), at: int = T0) -> Event:
    others = tuple(member for member in to if member != sender)
    return Event(bytes([len(sender)]) * 15 + bytes([at % 251]), kind_of(body), sender, others, "hotline", None, at,
                 at + MINUTE, True, body)


def told(*events: Event) -> HotlineState:
    state = EMPTY_HOTLINE
    for event in events:
        assert hotline.decide(state, event).allowed
        state = hotline.apply(state, event)
    return state


GIVEN = told(said("ava", NOTICE))
READ_BY_BEL = told(said("ava", NOTICE), said("bel", READ))


@pytest.mark.parametrize(("code", "state", "event"), [
    ("permitted", EMPTY_HOTLINE, said("ava", NOTICE)),
    ("permitted", GIVEN, said("ava", NOTICE, to=("dun",))),  # The same, to one more.
    ("not-yours", EMPTY_HOTLINE, said("bel", NOTICE)),
    ("no-recipient", EMPTY_HOTLINE, said("ava", NOTICE, to=())),
    ("already-exists", GIVEN, said("ava", Notice(**{**{f: getattr(NOTICE, f) for f in NOTICE.__struct_fields__},
                                                    "text": "Elsewhere."}))),
    ("predecessor-missing", EMPTY_HOTLINE, said("bel", READ)),
    ("permitted", GIVEN, said("bel", READ)),
    ("wrong-role", GIVEN, said("ava", READ)),
    ("wrong-role", GIVEN, said("dun", READ)),
    ("already-acknowledged", READ_BY_BEL, said("bel", READ, at=T0 + 1)),
    ("permitted", GIVEN, said("cor", MORE)),
    ("wrong-role", GIVEN, said("dun", MORE)),
    ("recipient-outside", GIVEN, said("bel", MORE, to=("ava", "dun"))),
    ("wrong-role", GIVEN, said("bel", OVER)),
    ("permitted", GIVEN, said("ava", OVER)),
    ("closed", told(said("ava", NOTICE), said("ava", OVER)), said("ava", OVER, at=T0 + 1)),
    ("permitted", told(said("ava", NOTICE), said("ava", OVER)), said("cor", READ)),  # Late, and still heard.
])
def test_who_may_say_what(code: str, state: HotlineState, event: Event) -> None:
    """Each rule with its refusal; every answer says why."""
    decision = hotline.decide(state, event)
    assert decision.code == code and decision.sentence()


def test_the_order_of_arrival_makes_no_difference() -> None:
    """Two nodes that were told the same read the same, however the network carried it."""
    later = [said("bel", READ, at=T0 + 1), said("cor", MORE, at=T0 + 2), said("bel", MORE, at=T0 + 3),
             said("ava", OVER, at=T0 + 4)]
    states = {encode(hotline.snapshot(told(said("ava", NOTICE), *order))) for order in permutations(later)}
    assert len(states) == 1


def test_the_clock_runs_in_minutes_and_lateness_stays_visible() -> None:
    """Both ends see who has not read it in time, and a late reading is shown as late, not as none."""
    due = T0 + DUE["minutes"]
    (view,) = hotline.notices(GIVEN, due)
    assert (view.due, view.waiting_for, view.late) == (due, ["bel", "cor"], [])
    (view,) = hotline.notices(GIVEN, due + 1)
    assert view.late == ["bel", "cor"]
    after = told(said("ava", NOTICE), said("bel", READ, at=due + 1), said("cor", READ, at=due))
    (view,) = hotline.notices(after, due + MINUTE)
    assert (view.late, view.waiting_for) == (["bel"], [])


def test_open_notices_stand_before_closed_ones() -> None:
    """Who looks at the list in a hurry sees first what is still going on."""
    closed = Notice(notice="ava/0", subject="correction", pace="hour", cells=[], text="x", officer="d")
    state = told(said("ava", closed, at=T0 + 9), said("ava", CloseNotice(notice="ava/0", outcome="over", officer="d")),
                 said("ava", NOTICE))
    assert [view.notice for view in hotline.notices(state, T0)] == ["ava/1", "ava/0"]
