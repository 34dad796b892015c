"""What may warn, answer, assess and dissent; each refusal has a mistake or an attack that only it stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hamsaya.base.instants import DAY
from hamsaya.canon import encode
from hamsaya.messages.alerts import Asked
from hamsaya.messages.kinds import Body
from hamsaya.monitor.alerts_rules import LEAST_KM2, area_km2, end_of, month_of, spent
from hamsaya.monitor.grid import PRIO
from hamsaya.monitor.reduce import apply, snapshot
from hamsaya.monitor.rules import decide
from hamsaya.monitor.types import EMPTY, State
from tests.monitor.story import fold
from tests.monitor.warning import (
    AREAS,
    BOTH,
    DUE,
    FEB,
    FORECAST,
    JAN,
    NORTH,
    SCAN,
    SENT,
    SOUTH,
    acted,
    alert,
    assessment,
    cluster,
    concur,
    said,
)

POLE = 1
SORTED_ASKS = [Asked("north", "step-up-reporting", DUE), Asked("north", "verify", DUE)]
REFUSED_ALERTS: dict[str, tuple[dict[str, Any], str]] = {
    "another's reference": ({"alert": "south/A-1"}, "foreign-reference"),
    "months backward": ({"first": FEB}, "bad-period"),
    "more than a year": ({"last": "2020-01"}, "bad-period"),
    "a warning of what is over": ({"first": "2018-12"}, "horizon-over"),
    "data of tomorrow": ({"as_of": SENT + 1}, "vintage-in-future"),
    "cells out of order": ({"cells": [BOTH, NORTH]}, "rows-unsorted"),
    "a cell twice": ({"cells": [NORTH, NORTH]}, "rows-unsorted"),
    "a cell nobody agreed on": ({"cells": [7]}, "outside-annex"),
    "too small an area": ({"cells": [POLE]}, "area-too-small"),
    "an onset by a scan": ({"basis": SCAN}, "basis-mismatch"),
    "an onset of three": ({"at_least": 3}, "basis-mismatch"),
    "an onset of incidents": ({"measure": "incidents"}, "basis-mismatch"),
    "an interval backward": ({"basis": FORECAST.__class__(tier="kernel", chance=0.4, low=9, high=0)},
                             "basis-mismatch"),
    "a cluster by a forecast": ({"kind": "cluster", "measure": "incidents"}, "basis-mismatch"),
    "somebody not told": ({"asked": [Asked("east", "verify", DUE)]}, "recipient-missing"),
    "somebody whose cells these are not": ({"asked": [Asked("south", "verify", DUE)]}, "not-their-area"),
    "one thing asked twice": ({"asked": SORTED_ASKS[:1] * 2}, "rows-unsorted"),
    "a time gone by": ({"asked": [Asked("north", "verify", SENT)]}, "bad-deadline"),
    "a time after the months": ({"asked": [Asked("north", "verify", end_of(JAN) + 1)]}, "bad-deadline"),
    "more cells than the budget": ({"budget": 1, "cells": [NORTH, BOTH]}, "budget-exceeded"),
}
AREAS_AND_POLE = {**AREAS, POLE: frozenset({"north"})}


def code(body: Body, state: State = EMPTY, sender: str = "north", at: int = SENT, number: int = 1) -> str:
    return decide(state, said(sender, body, number, at), AREAS_AND_POLE).code


@pytest.mark.parametrize("body", [alert(), alert(asked=SORTED_ASKS), alert(kind="escalation", at_least=30), cluster(),
                                  alert(cells=[NORTH, BOTH, SOUTH], asked=[Asked("south", "verify", DUE)])])
def test_an_alert_on_the_annex_s_cells_is_permitted(body: Body) -> None:
    """Of three kinds, on one cell or a zone, with one ask or several, on whomever's soil."""
    assert code(body) == "permitted"


@pytest.mark.parametrize(("fields", "wanted"), REFUSED_ALERTS.values(), ids=REFUSED_ALERTS)
def test_alerts_refused(fields: dict[str, Any], wanted: str) -> None:
    """Each rule by itself."""
    assert code(alert(**fields)) == wanted


def test_an_alert_that_comes_late_comes_before_its_months() -> None:
    """Attack: a warning dated to the day before the event. A day late is not late, and what is early enough passes."""
    early = said("north", alert(first=FEB, last=FEB, asked=[Asked("north", "verify", end_of(JAN) + 1)]), 1, SENT)
    for arrived, wanted in ((SENT, "permitted"), (SENT + DAY, "permitted"), (end_of(JAN) - 1, "permitted"),
                            (max(end_of(JAN), SENT + DAY + 1), "came-late")):
        event = replace(early, arrived_at=arrived)
        assert decide(EMPTY, event, AREAS_AND_POLE).code == wanted, arrived
        heard = [each.heard_at for each in apply(EMPTY, event).alerts.alerts.values()]
        assert heard == [arrived if arrived > SENT + DAY else None]


def test_a_budget_holds_for_the_month_and_for_each_sender() -> None:
    """The fourth cell of three is refused at either end; the other shore has its own; the next month is a new one."""
    state = fold(said("north", alert(cells=[NORTH, BOTH])))
    more = alert(alert="north/A-2", cells=[BOTH, SOUTH], asked=[Asked("south", "verify", DUE)])
    assert spent(state.alerts, "north", month_of(SENT)) == 2
    assert code(more, state) == "budget-exceeded"
    assert code(alert(alert="north/A-2", cells=[BOTH]), state) == "permitted"
    theirs = alert(alert="south/A-1", cells=[BOTH, SOUTH], asked=[Asked("south", "verify", DUE)])
    assert code(theirs, state, "south") == "permitted"
    later = alert(alert="north/A-2", cells=[BOTH, SOUTH], first=FEB, last=FEB,
                  asked=[Asked("south", "verify", end_of(JAN) + 5 * DAY)])
    assert code(later, state, at=end_of(JAN)) == "permitted"


def test_a_budget_is_not_raised_within_its_month() -> None:
    """A budget that gives way when it is spent is none."""
    state = fold(said("north", alert()))
    assert code(alert(alert="north/A-2", budget=100), state) == "budget-changed"
    assert code(alert(), state) == "already-exists"


def test_who_was_asked_answers_once() -> None:
    """Whoever was not asked says nothing, and nobody answers twice."""
    state = fold(said("north", alert(cells=[BOTH], asked=[Asked("south", "verify", DUE)])))
    assert code(acted(), EMPTY, "south") == "predecessor-missing", "it may be on its way"
    assert code(acted(), state) == "not-asked"
    assert code(acted(action="joint-visit-offer"), state, "south") == "not-asked"
    assert code(acted(outcome="declined"), state, "south") == "bad-reason"
    assert code(acted(reason="no-access"), state, "south") == "bad-reason"
    assert code(acted(outcome="declined", reason="not-safe"), state, "south") == "permitted"
    assert code(acted(), apply(state, said("south", acted())), "south") == "already-answered"


def test_an_assessment_and_its_dissent() -> None:
    """Nobody dissents from a text that it has not read, from its own, or without a word."""
    assert code(assessment()) == "permitted"
    for wrong, wanted in (({"assessment": "south/S-1"}, "foreign-reference"), ({"first": "2019-04"}, "bad-period"),
                          ({"cells": [7]}, "outside-annex"), ({"cells": [BOTH, NORTH]}, "rows-unsorted")):
        assert code(assessment(**wrong)) == wanted
    state = fold(said("north", assessment()))
    assert code(assessment(), state) == "already-exists"
    assert code(concur(), EMPTY, "south") == "predecessor-missing"
    assert code(concur(), state) == "own-assessment"
    assert code(concur(digest=bytes(32)), state, "south") == "other-text"
    assert code(concur(stance="dissent"), state, "south") == "text-missing"
    assert code(concur(stance="dissent", text="We see it otherwise."), state, "south") == "permitted"


def test_of_two_stances_the_later_stands_whatever_order_they_arrive_in() -> None:
    """Also when the courier brings the first one last."""
    first = said("south", concur(), 2, SENT + 1)
    second = said("south", concur(stance="dissent", text="no"), 3, SENT + 2)
    begun = fold(said("north", assessment()))
    one, other = (apply(apply(begun, a), b) for a, b in ((first, second), (second, first)))
    assert encode(snapshot(one)) == encode(snapshot(other))
    assert one.alerts.stances["north/S-1", "south"].said.stance == "dissent"


@pytest.mark.parametrize("gid", [1, 720, 100_000, 150_003, 259_200])
def test_the_area_of_cells_is_that_of_the_grid(gid: int) -> None:
    """The rules carry no arrays and must not measure otherwise than the grid does."""
    assert area_km2([gid]) == pytest.approx(float(PRIO.area_km2([gid])[0]), rel=1.2e-2), "a sphere for an ellipsoid"
    assert (area_km2([gid]) < LEAST_KM2) == (gid in (1, 720, 259_200))
