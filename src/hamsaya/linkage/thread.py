"""The thread as numbers: links in, the hazards a and b, the price and its interval, and the link that matters most.

    b = product of each link as a breach meets it         a = product of each link as an honest member meets it
    price = (r + b)/(b - a)        sustained = (b - a)/(r + b)        the cost that one unit of flow sustains

Rules
1. Links are values with a source; this module does not know what a charter, a panel or a visit is.
2. What both hazards share (visits, the decision, the payers) moves them together. So bounds of the price are taken with
   every shared link at one end for both: a high with a high b. Bounds of a and of b alone are each link's own.
3. The largest lever is the link whose best attainable value, all else at the middle, raises what a flow sustains most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hamsaya.base.interval import Interval
from hamsaya.linkage import law


@dataclass(frozen=True, slots=True)
class Link:
    """One factor of both hazards.

    Attributes:
        name: What it is, in a word or two.
        breach, honest: Its value where there is a breach and where there is none.
        best: What could be reached at best for a breach and for an honest member; None where nothing is known to help.
        source: Where the figures come from.
        shared: It is one quantity, which moves both hazards alike; ``breach`` and ``honest`` are then equal.
    """

    name: str
    breach: Interval
    honest: Interval
    source: str
    best: tuple[float, float] | None = None
    shared: bool = False

    def __post_init__(self) -> None:
        if self.shared and self.breach != self.honest:
            raise ValueError(f"expected {self.name} to be one quantity, received {self.breach} and {self.honest}")


class Lever(NamedTuple):
    """What one link would do at its best: the hazards, the price and what a unit of flow sustains then."""

    link: str
    a: float
    b: float
    price: float
    sustained: float
    gain: float


class Thread(NamedTuple):
    """Hazards a year, the price, what a unit of flow sustains (not above 0: nothing), levers with the largest first."""

    a: Interval
    b: Interval
    price: Interval
    sustained: Interval
    levers: tuple[Lever, ...]

    @property
    def largest(self) -> str:
        """The name of the largest lever; "none" where no link can be bettered."""
        return self.levers[0].link if self.levers and self.levers[0].gain > 0.0 else "none"


def pull(links: Sequence[Link], r: Interval) -> Thread:
    """Return what ``links`` yield at the discount rate ``r``, 1/yr.

    Raises:
        ValueError: no links, a negative one, two of one name, or a negative rate.
    """
    if not links or len({link.name for link in links}) != len(links):
        raise ValueError("expected at least one link, each name once")
    b = law.chain_interval(*(link.breach for link in links))
    a = law.chain_interval(*(link.honest for link in links))
    corners = [_corner(links, r, end) for end in ("bad", "mid", "good")]
    prices = [law.price(*corner) for corner in corners]
    sustains = [sustained(*corner) for corner in corners]
    found = [_lever(links, r.mid, link, sustains[1]) for link in links if link.best is not None]
    return Thread(a, b, Interval(min(prices), prices[1], max(prices)),
                  Interval(min(sustains), sustains[1], max(sustains)),
                  tuple(sorted(found, key=lambda lever: -lever.gain)))


def sustained(a: float, b: float, r: float) -> float:
    """Return (b - a)/(r + b): the cost of compliance that one unit of flow sustains; at most 0 it sustains none."""
    return (b - a) / (r + b) if r + b > 0.0 else 0.0


def with_link(links: Sequence[Link], name: str, breach: float, honest: float) -> tuple[float, float]:
    """Return a and b with all links at their middle, but one at the values given."""
    b = math.prod(breach if link.name == name else link.breach.mid for link in links)
    a = math.prod(honest if link.name == name else link.honest.mid for link in links)
    return a, b


def _corner(links: Sequence[Link], r: Interval, end: str) -> tuple[float, float, float]:
    """Return (a, b, r) at one corner of the box. With common factors S and own ones x > y the price is
    (r/S + x)/(x - y): it falls in S and x and rises in y and r."""
    a = b = 1.0
    for link in links:
        if end == "mid":
            a, b = a * link.honest.mid, b * link.breach.mid
        elif link.shared:
            value = link.breach.low if end == "bad" else link.breach.high
            a, b = a * value, b * value
        else:
            b *= link.breach.low if end == "bad" else link.breach.high
            a *= link.honest.high if end == "bad" else link.honest.low
    return a, b, {"bad": r.high, "mid": r.mid, "good": r.low}[end]


def _lever(links: Sequence[Link], r: float, link: Link, now: float) -> Lever:
    assert link.best is not None
    a, b = with_link(links, link.name, *link.best)
    then = sustained(a, b, r)
    return Lever(link.name, a, b, law.price(a, b, r), then, then - now)
