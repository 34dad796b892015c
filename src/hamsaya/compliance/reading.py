"""What a reading of the joint picture says for or against a breach: a likelihood ratio with its interval.

    found = weigh(terms, figure, record)      # Weight(ratio=Interval(2.1, 6.3, 10.0), log=1.84, variance=.31), or None

Rules
1. Only a reading that is beyond or within (``indicator``) says anything. Unverified and unclear say nothing: no ratio.
2. A reading speaks one way: beyond never for compliance, within never for a breach, at no point of its interval, nor
   by its doubt. By Jensen's inequality no mean of probabilities moves the other way while the variance is at most twice
   the log ratio, and a higher reading never lowers it while the variance changes by at most twice what the ratio does;
   ``MOST_DOUBT`` keeps both.
3. It counts at most as one look does. The picture shows a breach that is there with the chance d, and one that is not
   with f, as ``record`` has it of a look (what is kept out of sight, what is made up); with L the ratio of the counts
       ratio = (d L + 1 - d)/(f L + 1 - f),        between (1 - d)/(1 - f) and d/f; where d <= f it says nothing
4. The further a count lies beyond the range, or the further inside, the more it says: the ratio is monotone in it.
5. Doubt widens the interval and does not move its middle: the reporters' span, cells that nobody reported on, what
   was not seen or counted twice, what belongs elsewhere, how much counts scatter, and how well d and f are known.

A promise holds where conduct keeps the mean count in its range with the materiality added at both ends, and is broken
where it does not; the counts then scatter about that mean (negative binomial, variance m + m^2/size). Means are taken
as evenly spread over the range, and beyond it as exponential with the range's own end as scale. With other spreads the
ratio differs; its direction and order do not, since the ratio of any two such mixtures is monotone.

Left out: that the reports of successive periods resemble each other. So the latest alone counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hamsaya.base.interval import Interval
from hamsaya.compliance.indicator import Figure
from hamsaya.compliance.posterior import NINETY, Record, log_variance
from hamsaya.messages.compliance import Commit, Measure

POINTS = 33
WEIGHTS = (0.2, 0.6, 0.2)
"""Of the low end, the middle and the high end of what is seen, in the middle of the ratio."""
MOST_DOUBT = 0.75
"""The most variance for each unit of the log ratio (rule 2)."""
SURE = 50.0
"""A log ratio of the counts beyond which nothing changes."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """How counts come about, each at 90 percent.

    Attributes:
        seen: Counted for each that happened: below 1 what nobody saw, above 1 what was counted twice or not merged.
        stray: Counted in a period that belongs elsewhere.
        size: Of the negative binomial: the smaller, the more counts scatter.
    """

    seen: Interval
    stray: Interval
    size: Interval


DOUBTS: Mapping[Measure, Doubt] = {
    "incidents": Doubt(Interval(0.6, 0.9, 1.2), Interval(0.0, 0.1, 0.5), Interval(1.0, 4.0, 100.0)),
    "deaths": Doubt(Interval(0.5, 0.9, 1.3), Interval(0.0, 0.2, 1.0), Interval(0.25, 1.0, 4.0)),
}
"""Priors for exercises; deaths come in clusters, so their counts scatter more."""


class Weight(NamedTuple):
    """The likelihood ratio at 90 percent, and the mean and variance of its logarithm, as ``posterior.judge`` has it."""

    ratio: Interval
    log: float
    variance: float


class _World(NamedTuple):
    claimed: float
    seen: tuple[tuple[float, float], ...]  # (share seen, weight)
    stray: float
    size: float


def weigh(terms: Commit, figure: Figure, record: Record) -> Weight | None:
    """Return what ``figure`` says of the commitment ``terms``, or None where it says nothing (rules 1 and 3).

    Args:
        terms: With a query; ``figure`` answers it.
        record: How often a look shows a breach that is there, and one that is not.
    """
    hit, false = (record.hits / (record.hits + record.misses), record.false / (record.false + record.right))
    if terms.query is None or figure.reading in ("unverified", "unclear") or hit <= false:
        return None
    sign = 1.0 if figure.reading == "beyond" else -1.0
    worlds, counts = _worlds(terms.query.measure, figure), _counts_ratio(terms)

    def log(world: _World) -> float:
        return sign * max(0.0, sign * _through(counts(world), hit, false))

    middle = log(worlds[0])
    spread = sum((log(low) - log(high)) ** 2 for low, high in zip(worlds[1::2], worlds[2::2], strict=True))
    variance = spread / (2.0 * NINETY) ** 2 + _of_record(counts(worlds[0]), record, hit, false)
    variance = min(variance, MOST_DOUBT * abs(middle))
    return Weight(_ratio(middle, math.sqrt(variance), sign, hit, false), middle, variance)


def _worlds(measure: Measure, figure: Figure) -> list[_World]:
    """Return the middle, then for each doubt its two ends with all else at the middle."""
    doubt, covered = DOUBTS[measure], figure.observed / figure.cells
    ends = zip((doubt.seen.low, doubt.seen.mid, doubt.seen.high), WEIGHTS, strict=True)
    middle = _World((figure.low + figure.high) / 2.0, tuple(ends), doubt.stray.mid, doubt.size.mid)
    return [
        middle,
        middle._replace(claimed=float(figure.low)), middle._replace(claimed=float(figure.high)),
        # Cells without a report may hold nothing, or as much as the others.
        middle._replace(seen=((doubt.seen.low * covered, 1.0),)), middle._replace(seen=((doubt.seen.high, 1.0),)),
        middle._replace(stray=doubt.stray.low), middle._replace(stray=doubt.stray.high),
        middle._replace(size=doubt.size.low), middle._replace(size=doubt.size.high),
    ]


def means(terms: Commit) -> tuple[list[float], list[list[float]]]:
    """Return mean counts of conduct that keeps the promise, and of conduct beyond each end that it can be beyond."""
    low, high = max(0.0, terms.target_low - terms.materiality), terms.target_high + terms.materiality
    kept = [low + (high - low) * place / (POINTS - 1) for place in range(POINTS)]
    scale = max(high, 1.0)
    above = [high - scale * math.log1p(-(place + 0.5) / POINTS) for place in range(POINTS)]
    below = [low * (place + 0.5) / POINTS for place in range(POINTS)]
    return kept, [above, below] if low > 0.0 else [above]


def _counts_ratio(terms: Commit) -> Callable[[_World], float]:
    """Return the function that gives ln P(count | broken) / P(count | kept), a breach being beyond either end alike."""
    kept, broken = means(terms)

    def ratio(world: _World) -> float:
        return _log_mean([(_mixed(world, side), 1.0 / len(broken)) for side in broken]) - _mixed(world, kept)

    return ratio


def _mixed(world: _World, of: Sequence[float]) -> float:
    """Return the log of the mean likelihood over the mean counts ``of``, but for what depends on the count alone."""
    return _log_mean([(_likelihood(world.claimed, seen * mean + world.stray, world.size), weight / len(of))
                      for seen, weight in world.seen for mean in of])


def _log_mean(logs: Sequence[tuple[float, float]]) -> float:
    """Return the log of the weighted sum of what ``logs`` are the logarithms of, with their weights."""
    top = max(log for log, _ in logs)
    if top == -math.inf:
        return -1e9  # Far below any other, and still a number.
    return top + math.log(math.fsum(weight * math.exp(log - top) for log, weight in logs))


def _likelihood(count: float, mean: float, size: float) -> float:
    if mean <= 0.0:
        return 0.0 if count == 0.0 else -math.inf
    return count * (math.log(mean) - math.log(mean + size)) - size * math.log1p(mean / size)


def _through(counts: float, hit: float, false: float) -> float:
    """Return the log ratio of rule 3."""
    found = math.exp(max(-SURE, min(SURE, counts)))
    return math.log(hit * found + 1.0 - hit) - math.log(false * found + 1.0 - false)


def _of_record(counts: float, record: Record, hit: float, false: float) -> float:
    """Return the variance that d and f bring: a chance and its complement move against each other."""
    found = math.exp(max(-SURE, min(SURE, counts)))
    total = 0.0
    for p, yes, no in ((hit, record.hits, record.misses), (false, record.false, record.right)):
        shown = p * found / (p * found + 1.0 - p)
        total += (shown * math.sqrt(log_variance(yes, no)) - (1.0 - shown) * math.sqrt(log_variance(no, yes))) ** 2
    return total


def _ratio(middle: float, sd: float, sign: float, hit: float, false: float) -> Interval:
    """Return the ratio's interval, on its side of 1 and within what one look can say."""
    ends = sorted((0.0, math.log(hit / false) if sign > 0.0 else math.log((1.0 - hit) / (1.0 - false))))
    low, high = (min(max(middle + step, ends[0]), ends[1]) for step in (-NINETY * sd, NINETY * sd))
    return Interval(math.exp(low), math.exp(middle), math.exp(high))
