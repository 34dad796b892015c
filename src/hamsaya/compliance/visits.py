"""Where to visit how often, so that breaches are found in time at the least cost; and when, so that nobody foresees it.

    sites = [Site("pass", Interval(.02, .05, .2), p_find=.5, cost=1.0, days=30.0), …]
    found = plan(sites, "average")       # Plan(rates=…, cost=…, uniform_cost=…, share=.89, …)

Visits at random instants at the rate v a day, each finding a breach with probability p, miss it for T days with
m = exp(-v p T) (``sampling``). With P(breach) = w and a required detection 1 - beta at each site the aims are:

1. average  sum w m <= sum w beta at the middle of what is believed: of the breaches that there are, so many are found
            in time. Whoever knows the plan and breaks where it looks least is found with the detection ``least`` only.
2. bounds   the same for every w between the bounds of what is believed: being wrong within them costs no breach.
3. each     m <= beta at every site, whatever is believed. No plan at the same or a lower cost does better against a
            breaker who knows it and picks the place: that is the leader's optimum of the game in which both see the
            rates (Stackelberg), and P(breach) has no part in it.
A floor adds to 1 and 2 that no site is looked at less than so much: what deters at the place looked at least.

Least cost: the sum of c v is convex in m, the aims are linear in m, so one multiplier s prices a missed breach, and
every site's m is s c/(p T)/w, cut at 1 - floor above (water-filling). Between bounds w is the high one where m > beta
and the low one where m < beta, and m rests at beta where neither asks for more. With k = c/(p T) and no floor met,

    share of uniform visiting = 1 - D(k || w) / ln(1/beta)           D: relative entropy of the shares of k and of w

so where cost and belief are spread alike nothing is saved, and a plan tells its share rather than promise one.

Left out: a breach that hides from all visits alike or that is over before T; consent, by which a visit takes place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hamsaya.base.interval import Interval
from hamsaya.canon import digest, tagged

Aim = Literal["average", "bounds", "each"]
MOST_SITES = 10_000
MOST_DRAWN = 1_000_000
DOMAIN = "hamsaya/v1/visit"
_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Site:
    """A place, or an area of a commitment, where a breach would be seen.

    Attributes:
        breach: P(breach), in [0, 1].
        p_find: Chance that one visit sees a breach that is there, in (0, 1].
        cost: Of one visit, > 0, in one unit for all sites.
        days: Within which a breach is to be found, > 0.
        required: Share of breaches to be found within ``days``, in (0, 1).
        floor: Least detection here whatever is believed, in [0, 1).
    """

    name: str
    breach: Interval
    p_find: float
    cost: float
    days: float
    required: float = 0.9
    floor: float = 0.0

    def __post_init__(self) -> None:
        if not (self.breach.low >= 0.0 and self.breach.high <= 1.0 and 0.0 < self.p_find <= 1.0):
            raise ValueError(f"{self.name}: expected P(breach) in [0, 1] and a chance to find it in (0, 1], received "
                             f"{self.breach.low:g} to {self.breach.high:g} and {self.p_find:g}")
        if not (0.0 < self.cost < math.inf and 0.0 < self.days < math.inf):
            raise ValueError(f"{self.name}: expected a cost and days above 0, received {self.cost:g}, {self.days:g}")
        if not (0.0 < self.required < 1.0 and 0.0 <= self.floor < 1.0):
            raise ValueError(f"{self.name}: expected a required detection in (0, 1) and a floor in [0, 1), received "
                             f"{self.required:g} and {self.floor:g}")

    @property
    def eye(self) -> float:
        """Exposure that one visit a day brings: p T."""
        return self.p_find * self.days

    @property
    def admitted(self) -> float:
        """The admitted chance to miss a breach, beta."""
        return 1.0 - self.required


class Rate(NamedTuple):
    """Visits to one site: a day, the detection within its days, and the rate at which the site alone would do."""

    site: str
    per_day: float
    detection: float
    alone_per_day: float


class Plan(NamedTuple):
    """Rates of least cost, beside uniform visiting that meets the same aim.

    Attributes:
        cost, uniform_cost: A day, in the sites' unit; ``share`` is the first by the second, at most 1.
        uniform_per_day: The one rate for all sites.
        each_cost: A day, of the aim ``each``.
        detection, required: Of breaches as believed at the middle; the plan's share found in time, and the one asked.
        at_worst: The same share at the worst belief between the bounds; 1 where no breach is believed possible.
        least: Detection at the site looked at least, which is what a breaker meets who knows the plan.
    """

    aim: Aim
    rates: tuple[Rate, ...]
    cost: float
    uniform_per_day: float
    uniform_cost: float
    share: float
    each_cost: float
    detection: float
    required: float
    at_worst: float
    least: float


class Visit(NamedTuple):
    """One drawn visit: days after the start, and where."""

    day: float
    site: str


class _Belief(NamedTuple):
    """Weights of a site's breach where less and where more is missed than admitted."""

    low: float
    high: float


def plan(sites: Sequence[Site], aim: Aim = "average") -> Plan:
    """Return the visit rates of least cost that meet ``aim``, and what uniform visiting would cost.

    Raises:
        ValueError: no site, too many, one named twice, or for an aim that rests on belief no possible breach at all.
    Source: Lagrange's condition on a separable convex program; checked against a general solver in the tests.
    """
    _check(sites, aim)
    beliefs = [_belief(site, aim) for site in sites]
    missed = ([min(site.admitted, 1.0 - site.floor) for site in sites] if aim == "each"
              else _water(sites, beliefs))
    uniform = _uniform(sites, beliefs, aim)
    rates = tuple(Rate(site.name, -math.log(m) / site.eye, 1.0 - m, -math.log(site.admitted) / site.eye)
                  for site, m in zip(sites, missed, strict=True))
    cost = math.fsum(site.cost * rate.per_day for site, rate in zip(sites, rates, strict=True))
    even = math.fsum(site.cost * uniform for site in sites)
    weight = [site.breach.mid for site in sites]
    return Plan(
        aim=aim, rates=rates, cost=cost, uniform_per_day=uniform, uniform_cost=even, share=cost / even,
        each_cost=math.fsum(site.cost * rate.alone_per_day for site, rate in zip(sites, rates, strict=True)),
        detection=_mean(weight, [rate.detection for rate in rates]),
        required=_mean(weight, [site.required for site in sites]),
        at_worst=_at_worst(sites, missed), least=min(rate.detection for rate in rates),
    )


def calendar(per_day: Mapping[str, float], days: float, seed: bytes) -> list[Visit]:
    """Return visits at random instants at the rates ``per_day``, in time order; one seed, one calendar, anywhere.

    What was drawn says nothing of what comes next: the time to the next visit has the same distribution whenever one
    asks. Each site has draws of its own, so that another site's rate moves none of them.

    Args:
        per_day: Visits a day by site, >= 0.
        days: Length of the calendar, > 0.
        seed: Whoever knows it knows the calendar.
    Raises:
        ValueError: a rate or a length out of range, or more than a million visits.
    Source: exponential gaps by inversion of 53 bits of SHA-256 of the seed, the site and a counter.
    """
    if not (0.0 < days < math.inf and all(0.0 <= rate < math.inf for rate in per_day.values())):
        raise ValueError(f"expected days above 0 and rates >= 0, received {days:g} days")
    if (expected := days * math.fsum(per_day.values())) > MOST_DRAWN / 2:
        raise ValueError(f"expected at most {MOST_DRAWN // 2} visits, received rates for {expected:.0f}; draw a "
                         "shorter calendar")
    return sorted(Visit(day, site) for site, rate in per_day.items() if rate > 0.0
                  for day in _instants(site, rate, days, seed))


def _instants(site: str, rate: float, days: float, seed: bytes) -> list[float]:
    found, at = list[float](), 0.0
    while True:
        number = int.from_bytes(digest(tagged(DOMAIN, [seed, site, len(found)]))[:8], "big") >> 11
        at -= math.log((number + 1) / 2.0**53) / rate
        if at >= days:
            return found
        found.append(at)


def _check(sites: Sequence[Site], aim: Aim) -> None:
    if not 1 <= len(sites) <= MOST_SITES:
        raise ValueError(f"expected 1 to {MOST_SITES} sites, received {len(sites)}")
    names = [site.name for site in sites]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"expected each site once, received {twice} twice")
    if aim != "each" and not any(_belief(site, aim).high for site in sites):
        raise ValueError("expected a site where a breach is believed possible, received P(breach) = 0 everywhere; "
                         "the aim each asks for no belief")


def _belief(site: Site, aim: Aim) -> _Belief:
    if aim == "bounds":
        return _Belief(site.breach.low, site.breach.high)
    return _Belief(site.breach.mid, site.breach.mid)


def _excess(sites: Sequence[Site], beliefs: Sequence[_Belief], missed: Sequence[float]) -> float:
    """Return how many breaches more than admitted are missed, at the worst belief; the aim is <= 0."""
    return math.fsum((belief.high if m > site.admitted else belief.low) * (m - site.admitted)
                     for site, belief, m in zip(sites, beliefs, missed, strict=True))


def _water(sites: Sequence[Site], beliefs: Sequence[_Belief]) -> list[float]:
    """Return the chance to miss at each site: the highest level of s at which the aim is met."""
    def at(level: float) -> list[float]:
        return [_missed(site, belief, level) for site, belief in zip(sites, beliefs, strict=True)]

    def met(level: float) -> bool:
        return _excess(sites, beliefs, at(level)) <= 0.0

    weights = [(site.cost / site.eye, belief.high) for site, belief in zip(sites, beliefs, strict=True)]
    dry = max(weight / k for k, weight in weights)
    if met(dry):  # The floors alone do.
        return at(math.inf)
    low = min(site.admitted * (belief.low or belief.high) / k
              for site, belief, (k, weight) in zip(sites, beliefs, weights, strict=True) if weight > 0.0)
    return at(_edge(met, low, dry))


def _missed(site: Site, belief: _Belief, level: float) -> float:
    k, beta = site.cost / site.eye, site.admitted
    fine = level * k / belief.low if belief.low > 0.0 else math.inf
    coarse = level * k / belief.high if belief.high > 0.0 else math.inf
    found = fine if fine < beta else coarse if coarse > beta else beta
    return min(found, 1.0 - site.floor)


def _uniform(sites: Sequence[Site], beliefs: Sequence[_Belief], aim: Aim) -> float:
    """Return the least one rate that meets the same aim and every floor."""
    floor = max(-math.log1p(-site.floor) / site.eye for site in sites)
    enough = max(-math.log(site.admitted) / site.eye for site in sites)
    if aim == "each":
        return max(floor, enough)

    def met(inverse: float) -> bool:
        return _excess(sites, beliefs, [math.exp(-site.eye / inverse) for site in sites]) <= 0.0

    if floor > 0.0 and met(1.0 / floor):
        return floor
    # The more days between visits the more is missed; at the first end the aim is met at every site.
    return max(floor, 1.0 / _edge(met, 1.0 / enough, max(2.0 / enough, 1e9 * max(site.eye for site in sites))))


def _edge(met: Callable[[float], bool], low: float, high: float) -> float:
    """Return the highest number between ``low`` and ``high`` > 0 at which ``met``; it falls false only once."""
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        if not low < middle < high:
            break
        low, high = (middle, high) if met(middle) else (low, middle)
    return low


def _at_worst(sites: Sequence[Site], missed: Sequence[float]) -> float:
    """Return the least share of breaches found, over every belief between the bounds.

    The worst belief is at the high end where most is missed and at the low end elsewhere.
    """
    order = sorted(zip(missed, (site.breach for site in sites), strict=True), key=lambda each: -each[0])
    above = sum_above = 0.0
    below, sum_below = math.fsum(b.low for _, b in order), math.fsum(b.low * m for m, b in order)
    worst = sum_below / below if below > 0.0 else 0.0
    for m, belief in order:
        above, sum_above = above + belief.high, sum_above + belief.high * m
        below, sum_below = below - belief.low, sum_below - belief.low * m
        if above + below > 0.0:
            worst = max(worst, (sum_above + sum_below) / (above + below))
    return max(0.0, 1.0 - worst)


def _mean(weights: Sequence[float], values: Sequence[float]) -> float:
    total = math.fsum(weights)
    return math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total if total > 0.0 else min(values)
