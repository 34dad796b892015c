"""What is published of verification and incentives, worked out now beside it: a reader checks the arithmetic at once.

Each row names its case, the question, the published figure to its digits, and what this build yields to the same
digits. The simulations among the published checks take longer and stand in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from hamsaya.base.instants import to_text
from hamsaya.base.interval import Interval
from hamsaya.charter.decidable import p_decide
from hamsaya.charter.votes import parse_rule
from hamsaya.compliance.course import STAGES, course, day
from hamsaya.compliance.panel import k_of_n, minimum_panel, panel_rates
from hamsaya.compliance.rating import score
from hamsaya.compliance.sampling import sample_size, visit_rate
from hamsaya.compliance.streams import thresholds
from hamsaya.linkage import games, law, review, suspension
from hamsaya.translog.tree import EMPTY_ROOT, Tree, leaf_hash

LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
"""The eight reference leaves of RFC 9162, in hexadecimal."""


class KnownView(msgspec.Struct, frozen=True, kw_only=True):
    """One published answer and this build's, to the same digits."""

    case: str
    question: str
    published: str
    here: str
    agrees: bool


class _Row(NamedTuple):
    case: str
    question: str
    published: str
    work: Callable[[], object]


def known() -> list[KnownView]:
    """Return every published answer with what this build yields."""
    found = []
    for row in (*_verification(), *_prices(), *_incentives()):
        here = _like(row.published, row.work())
        found.append(KnownView(case=row.case, question=row.question, published=row.published, here=here,
                               agrees=here == row.published))
    return found


def _like(published: str, value: object) -> str:
    """Return ``value``, a number or several, to the digits of each of the published ones."""
    if isinstance(value, str):
        return value
    each = value if isinstance(value, list | tuple) else [value]
    texts = published.split(", ")
    return ", ".join("none" if math.isinf(number) else f"{number:.{len(text.partition('.')[2])}f}"
                     for text, number in zip(texts, each, strict=True))


def _verification() -> Iterator[_Row]:
    yield _Row("B1", "of 1000 items with 10 defects, inspect for 10 percent of missing them: approximate, exact",
               "206, 205", lambda: _sizes(0.1))
    yield _Row("B1", "the same for 5 percent", "259, 258", lambda: _sizes(0.05))
    yield _Row("B2", "2 of 3, 3 of 5 and 6 of 11 seats, each right with .7", "0.784, 0.83692, 0.92177521",
               lambda: [k_of_n(n, k, 0.7) for n, k in ((3, 2), (5, 3), (11, 6))])
    yield _Row("B2", "3 of 5 seats at .8 and .1: detects, false alarm", "0.94208, 0.00856",
               lambda: (panel_rates(5, 3, 0.8, 0.1).detection, panel_rates(5, 3, 0.8, 0.1).false_alarm))
    yield _Row("B21", "the same with 0, 1, 2 and 3 colluders: a fabrication passes", "0.0086, 0.052, 0.271, 1",
               lambda: [panel_rates(5, 3, 0.8, 0.1, liars).false_alarm for liars in range(4)])
    yield _Row("B21", "5 of 9 seats with two colluders", "0.0257", lambda: panel_rates(9, 5, 0.8, 0.1, 2).false_alarm)
    yield _Row("B2", "least panels that bear 1, 2 and 3 liars", "3, 5, 7",
               lambda: [minimum_panel(liars)[0] for liars in (1, 2, 3)])
    yield _Row("B5", "10, 39, 19 and 32 percent of provisions at 0 to 3 points: score", "57.667",
               lambda: score(dict(zip("0123", (10.0, 39.0, 19.0, 32.0), strict=True)),
                             {str(points): float(points) for points in range(4)}))
    yield _Row("B6", "days of reply, panel, review and vote, and in all", "15, 15, 5, 30, 65",
               lambda: [*(days for _, days in STAGES), sum(days for _, days in STAGES)])
    yield _Row("B6", "notified on 24 July 2025: the vote begins, and ends", "2025-08-28, 2025-09-27",
               lambda: ", ".join(to_text(stage.ends)[:10] for stage in course(day("2025-07-24"))[-2:]))
    yield _Row("B7", "Merkle roots of RFC 9162: of eight leaves, of none", "5dc9da79…4604328, e3b0c442…", _roots)
    yield _Row("B8", "Wald's bounds at 5 and 10 percent: ln A, ln B", "2.8904, -2.2513",
               lambda: (thresholds(0.05, 0.10).ln_a, thresholds(0.05, 0.10).ln_b))
    yield _Row("B9", "visits a day for 90 percent in 30 days at .5 a visit", "0.153506",
               lambda: visit_rate(0.1, 0.5, 30.0))


def _sizes(nondetection: float) -> tuple[int, int]:
    found = sample_size(1000, 10, nondetection)
    return found.approximate, found.exact


def _roots() -> str:
    tree = Tree()
    for leaf in LEAVES:
        tree.append(leaf_hash(bytes.fromhex(leaf)))
    root = tree.root().hex()
    return f"{root[:8]}…{root[-7:]}, {EMPTY_ROOT.hex()[:8]}…"


def _prices() -> Iterator[_Row]:
    concerned = {"rule": "minus-concerned", "concerned": "*concerned"}
    rules = ({"rule": "consensus"}, {**concerned, "inner": {"rule": "consensus"}},
             {**concerned, "inner": {"rule": "quota", "q": 6}}, {**concerned, "inner": {"rule": "negative-consensus"}})
    yield _Row("C3", "price with snapback for ever and for four periods (discount .9, alpha .05, beta .5)",
               "1.358025, 1.829092",
               lambda: [suspension.stationary_price(0.05, 0.5, 0.9, periods) for periods in (math.inf, 4.0)])
    yield _Row("C3", "the law at r .1, a .05, b .7; false flags a year survived at twice the cost", "1.230769, 0.5",
               lambda: (law.price(0.05, 0.7, 0.1), law.spoiler_tolerance(2.0, 0.05, 0.7, 0.1)))
    yield _Row("C31", "price by rule: the accused may block, minus one, six of eight, negative consensus",
               "none, 1.597, 1.241, 1.231",
               lambda: [law.price(0.05, 0.7 * p_decide(parse_rule(rule), 8, 0.1), 0.1) for rule in rules])
    yield _Row("C32", "price of suspensions of one, two and five years", "2.69, 1.93, 1.47",
               lambda: [suspension.suspension_price(0.05, 0.7, 0.1, years) for years in (1.0, 2.0, 5.0)])
    yield _Row("C33", "at that price honesty and breach are worth, in costs of a year", "1.538462, 1.538462", _worth)
    yield _Row("C3", "incidents that make a review bad (2 and 12 a year, r .1)", "3",
               lambda: review.design(2.0, 12.0, 0.1).best.trigger)
    yield _Row("C34", "one line of 55 sustains at r .1, .3, .7", "45, 36, 26",
               lambda: [law.break_even_cost(55.0, 0.05, 0.7, r) for r in (0.1, 0.3, 0.7)])


def _worth() -> tuple[float, float]:
    tau = law.price(0.05, 0.7, 0.1)
    return suspension.honest_value(tau, 1.0, 0.05, 0.1), suspension.shirking_value(tau, 0.7, 0.1)


def _incentives() -> Iterator[_Row]:
    from hamsaya.linkage import coalition, shares  # Array libraries.

    yield _Row("C1", "patience for grim punishment of 5, 3, 1", "0.5", lambda: games.grim_patience(5.0, 3.0, 1.0))
    yield _Row("C2", "with a public signal of .9 and .4: patience, best payoff", "0.526316, 1.8",
               lambda: (games.noisy_patience(0.9, 0.4), games.best_noisy_payoff(2.0, 1.0, 0.9, 0.4)))
    yield _Row("C4", "like members that hold together, of 3, of 9 and of 200", "3, 3, 3",
               lambda: [coalition.stable_size(members) for members in (3, 9, 200)])
    yield _Row("C4", "at a constant cost of 3.4; of nine with a club benefit of 24 and 23.99", "4, 9, 8",
               lambda: (coalition.linear_size(3.4, 1.0), *(coalition.stable_size(9, club) for club in (24.0, 23.99))))
    yield _Row("C5", "percent gained from trade at a domestic share of .93, elasticities 5 and 10", "1.441, 0.723",
               lambda: [100.0 * games.trade_gain(0.93, elasticity) for elasticity in (5.0, 10.0)])
    yield _Row("C6", "one left glove and two right ones", "0.6667, 0.1667, 0.1667",
               lambda: [float(share) for share in shares.shapley([0, 0, 0, 1, 0, 1, 0, 1])])
    yield _Row("C6", "a corridor of 30, 60 and 100 in sequence", "10, 25, 65",
               lambda: list(shares.airport({"ava": 30.0, "bel": 60.0, "cyr": 100.0}).values()))
    yield _Row("C7", "continuation needed (discount .95, alpha .04, beta .5); rent back-loaded and flat",
               "2.28833, 1.09, 2.29", _backloaded)
    yield _Row("C7", "the cheapest schedule by the linear program: first payment", "0.00", _first)
    yield _Row("C8", "the first to offer keeps at a discount of .9", "0.526316", lambda: games.first_mover_share(0.9))


def _backloaded() -> tuple[float, float, float]:
    flow = suspension.backloaded(0.04, 0.5, 0.95, 12)
    flat = [suspension.stationary_price(0.04, 0.5, 0.95)]
    return (suspension.required_value(0.04, 0.5, 0.95), suspension.rent(flow, 0.04, 0.95),
            suspension.rent(flat, 0.04, 0.95))


def _first() -> float:
    from hamsaya.linkage.plan import Member, Plan
    from hamsaya.linkage.schedule import solve

    a, b, r = (Interval(x, x, x) for x in (-4.0 * math.log1p(-0.04), -4.0 * math.log1p(-0.5), -4.0 * math.log(0.95)))
    member = Member("ava", Interval(1.0, 1.0, 1.0), a, b, r)
    return abs(float(solve(Plan((member,), quarters=12, slack=0.0)).flows.topups["ava"][0]))
