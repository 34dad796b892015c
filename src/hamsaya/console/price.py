"""The page on the price of compliance: what its form asks for, and how its hazards are drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from hamsaya.base.interval import Interval
from hamsaya.console.problems import Trouble
from hamsaya.node.price_page import PricePage

RULES = ("consensus", "minus-one", "6-of-others", "silence:72", "negative-consensus")
"""Rules in words that the form offers; others can be asked for by ``hamsaya linkage what-if``."""
FIELDS = {"finding": "charter.finding.rule", "suspension": "charter.suspension.rule", "panel": "panel",
          "visits": "visits"}
WORD = re.compile(r"[a-z0-9.:-]{1,40}")
WIDTH = 600.0


class Bar(NamedTuple):
    """One interval on the shared axis, in units of the drawing."""

    name: str
    low: float
    mid: float
    high: float


def settings_of(query: Mapping[str, str], page_flows: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the settings that an address asks for, and what its fields hold; an empty field sets nothing.

    Raises:
        Trouble: ``bad-arguments``; a field that holds anything but a plain word or number.
    """
    held = {name: query.get(name, "").strip() for name in (*FIELDS, "flow")}
    if any(text and not WORD.fullmatch(text) for text in held.values()):
        raise Trouble("bad-arguments")
    settings = [f"{setting}={held[name]}" for name, setting in FIELDS.items() if held[name]]
    if held["flow"]:
        if held["flow"] not in page_flows:
            raise Trouble("bad-arguments")
        settings.append(f"{held['flow']}=on")
    return settings, held


def bars(page: PricePage) -> dict[str, list[Bar]]:
    """Return the hazards a and b of every promise on one axis, now and, where something was set, after."""
    told = {each.commitment: [("b", each.now.b), ("a", each.now.a)]
            + ([("b-after", each.after.b), ("a-after", each.after.a)] if each.after else [])
            for each in page.promises}
    most = max((span.high for rows in told.values() for _, span in rows), default=0.0) or 1.0
    return {ref: [_bar(name, span, most) for name, span in rows] for ref, rows in told.items()}


def _bar(name: str, span: Interval, most: float) -> Bar:
    return Bar(name, *(round(WIDTH * end / most, 1) for end in (span.low, span.mid, span.high)))
