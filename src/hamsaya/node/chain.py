"""The thread through the rooms: from a decision rule, a panel and visits to the price of compliance.

    b = visits · p_detect · P(panel confirms a real breach) · p_decide(rule) · p_honoured
    a = visits · p_false  · P(panel confirms a false one)   · p_decide(rule) · p_honoured
    price = (r + b) / (b - a)

The charter gives ``p_decide``, compliance the panel's rates, linkage the law; none of them knows the others, and
this module passes the numbers. Every input is an interval with a source; every output keeps one.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hamsaya.base.interval import Interval
from hamsaya.charter.decidable import p_decide
from hamsaya.charter.types import DecisionClass
from hamsaya.compliance.panel import k_of_n
from hamsaya.linkage import law


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Hazards per year, the price of compliance, and what it says in words."""

    panel: str
    rule: str
    a: Interval
    b: Interval
    price: Interval
    words: list[str]


def price_chain(
    inputs: Mapping[str, Interval], rule: DecisionClass, others: int, seats: int, k: int, tau_musd: float | None = None
) -> Chain:
    """Return the price of compliance under one decision rule and one panel.

    Args:
        inputs: visits_per_year (1/yr), p_detect, p_false, p_seat_detect, p_seat_false, p_honoured, block_each
            (probabilities) and r (1/yr), by name.
        rule: The charter's decision class for acting on a finding.
        others: Members that vote besides the one concerned, >= 1.
        seats, k: The panel and the votes it needs; 1 and 1 is a single attestor.
        tau_musd: A yearly flow, million US$ a year, to say what it sustains.
    Raises:
        ValueError: an input out of its range, or a rule that names more members than vote.
        KeyError: an input is missing.
    """
    confirm = _panel(inputs["p_seat_detect"], seats, k)
    misconfirm = _panel(inputs["p_seat_false"], seats, k)
    block = inputs["block_each"]
    parsed = rule.parsed()
    decide = Interval(*(p_decide(parsed, others, p) for p in (block.high, block.mid, block.low)))
    visits, honoured = inputs["visits_per_year"], inputs["p_honoured"]
    b = law.chain_interval(visits, inputs["p_detect"], confirm, decide, honoured)
    a = law.chain_interval(visits, inputs["p_false"], misconfirm, decide, honoured)
    return Chain(
        panel=f"{k} of {seats}", rule=rule.id, a=a, b=b, price=law.price_interval(a, b, inputs["r"]),
        words=law.explain(a.mid, b.mid, inputs["r"].mid, tau_musd),
    )


def _panel(one_seat: Interval, seats: int, k: int) -> Interval:
    """Return how often the panel confirms when each seat does so with ``one_seat``; bounds map to bounds."""
    return Interval(*(k_of_n(seats, k, p) for p in (one_seat.low, one_seat.mid, one_seat.high)))
