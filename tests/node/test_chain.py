"""The thread through the rooms: one rule of the charter in, the price of compliance out."""

from __future__ import annotations

from typing import Any

import pytest

from hamsaya.base.interval import Interval
from hamsaya.charter.types import DecisionClass
from hamsaya.node.chain import Chain, price_chain

MINUS = {"rule": "minus-concerned", "concerned": "*concerned"}


def exact(value: float) -> Interval:
    return Interval(value, value, value)


def price(rule: dict[str, Any], block: Interval | None = None) -> Chain:
    inputs = {"visits_per_year": exact(1.0), "p_detect": exact(0.7), "p_false": exact(0.05),
              "p_seat_detect": exact(1.0), "p_seat_false": exact(1.0), "p_honoured": exact(1.0),
              "block_each": block or exact(0.1), "r": exact(0.1)}
    return price_chain(inputs, DecisionClass(id="x", title="X", rule=rule), 8, 1, 1)


@pytest.mark.parametrize(("inner", "decided"), [
    ({"rule": "consensus"}, 0.9**8),
    ({"rule": "quota", "q": 8}, 0.9**8),
    ({"rule": "negative-consensus"}, 1 - 0.1**8),
])
def test_the_rule_sets_both_hazards(inner: dict[str, Any], decided: float) -> None:
    """A rule that decides more often finds more breaches, and wrongs more honest members, in the same measure."""
    found = price({**MINUS, "inner": inner})
    assert found.b.mid == pytest.approx(0.7 * decided) and found.a.mid == pytest.approx(0.05 * decided)
    assert found.price.mid == pytest.approx((0.1 + found.b.mid) / (found.b.mid - found.a.mid))


def test_a_rule_that_the_accused_can_block_has_no_price() -> None:
    """Consensus with the accused: compliance cannot be bought at any flow."""
    assert price({"rule": "consensus"}).price.mid == float("inf")


def test_more_refusing_gives_the_worse_bound() -> None:
    """An interval of refusing goes through the rule with its ends swapped, and stays an interval."""
    found = price({**MINUS, "inner": {"rule": "quota", "q": 6}}, Interval(0.05, 0.1, 0.3))
    assert found.b.low < found.b.mid < found.b.high
