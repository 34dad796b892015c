"""Alerts and assessments on the lake's cells, as the tests of them share."""

from __future__ import annotations

from typing import Any

from hamsaya.base.instants import DAY
from hamsaya.messages.alerts import Acted, Alert, Asked, Assessment, ByForecast, ByScan, Concur, Source
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from hamsaya.monitor.alerts_rules import end_of
from tests.monitor.story import event

NORTH, BOTH, SOUTH, NOBODYS = 150_000, 150_001, 150_002, 150_003
AREAS = {
    NORTH: frozenset({"north"}), BOTH: frozenset({"north", "south"}), SOUTH: frozenset({"south"}),
    NOBODYS: frozenset[str](),
}
JAN, FEB, MARCH = "2019-01", "2019-02", "2019-03"
SENT = end_of("2018-12") + DAY
DUE = SENT + 10 * DAY
FORECAST = ByForecast(tier="kernel", chance=0.4, low=0, high=9)
SCAN = ByScan(statistic=12.5, p_value=0.001, observed=9, expected=2.5, recurrence_days=700.0)


def alert(**fields: Any) -> Alert:
    plain: dict[str, Any] = {
        "alert": "north/A-1", "kind": "onset", "cells": [NORTH], "zone": None, "first": JAN, "last": JAN,
        "measure": "deaths", "at_least": 1, "basis": FORECAST, "as_of": SENT - DAY, "vintage": bytes(32),
        "model": bytes(range(32)), "asked": [Asked("north", "verify", DUE)], "budget": 3, "threshold": 0.3,
    }
    return Alert(**{**plain, **fields})


def cluster(**fields: Any) -> Alert:
    return alert(**{"kind": "cluster", "measure": "incidents", "at_least": 3, "basis": SCAN, **fields})


def acted(**fields: Any) -> Acted:
    return Acted(**{"alert": "north/A-1", "action": "verify", "outcome": "done", "reason": None, **fields})


def assessment(**fields: Any) -> Assessment:
    plain: dict[str, Any] = {
        "assessment": "north/S-1", "title": "The shore in spring", "first": JAN, "last": MARCH, "cells": [NORTH, BOTH],
        "text": ["It has been quiet.", "It may not stay so."], "confidence": "likely",
        "sources": [Source("own count", "CC BY 4.0", bytes(32))], "alerts": ["north/A-1"], "picture": None,
    }
    return Assessment(**{**plain, **fields})


def concur(**fields: Any) -> Concur:
    return Concur(**{"assessment": "north/S-1", "digest": b"", "stance": "concur", "text": None, **fields})


def said(sender: str, body: Body, number: int = 1, at: int = SENT) -> Event:
    """An event told to both shores."""
    from dataclasses import replace

    other = "south" if sender == "north" else "north"
    return replace(event(sender, body, number, at), recipients=(other,))
