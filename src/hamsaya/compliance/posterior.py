"""How probable is a breach, given who reported what, and how much is that worth?

    L = logit(prior) + sum over blocs of w_b * sum over its reports of ln P(report | breach) / P(report | no breach)
    w_b = 1 / (1 + (n_b - 1) * rho_b)                        n_b reports of one bloc count as n_b * w_b

    judged = judge(prior, reports, rho=0.5)
    judged.breach         # P(breach), an interval at 90 percent
    judged.grade          # how much evidence there is, whatever it says: none, thin, fair or ample

Rules
1. Probability and quantity of evidence are two answers and never merged: 0.5 after nine reports is not 0.5 after none.
2. A bloc's reports are one report as far as they agree by nature: its weight falls with its size and its rho.
3. Each attestor's rates are known as well as its record is long: their uncertainty widens the interval and draws the
   middle towards one half.
4. An attestor reports once. Two unlike reports from one source contradict each other and are refused, not averaged.

The spread of a log rate is that of a Beta distribution, by its trigamma; the average of the logistic function over a
normal spread is a plain sum. Both are exact far beyond the third digit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hamsaya.base.interval import Interval

Grade = Literal["none", "thin", "fair", "ample"]
FAIR, AMPLE = 1.5, 3.0
"""Independent reports that make evidence fair, and ample; ample also takes two blocs."""
NINETY = 1.6448536269514722
_AXIS = [0.25 * step for step in range(-24, 25)]
_TOTAL = math.fsum(math.exp(-z * z / 2.0) for z in _AXIS)
NORMAL = tuple((z, math.exp(-z * z / 2.0) / _TOTAL) for z in _AXIS)
"""Points of a standard normal distribution and their weights: the trapezium rule, whose error here is below 1e-6."""


@dataclass(frozen=True, slots=True)
class Record:
    """How an attestor has judged before: pseudo-counts, each > 0.

    ``hits`` of ``hits + misses`` breaches were reported, ``false`` of ``false + right`` cases without a breach.
    """

    hits: float
    misses: float
    false: float
    right: float

    def __post_init__(self) -> None:
        if not all(0.0 < count < math.inf for count in (self.hits, self.misses, self.false, self.right)):
            raise ValueError(f"expected counts > 0, received {self}")


class Report(NamedTuple):
    """One attestor's word on one commitment: whether it saw a breach, and how it has judged before."""

    attestor: str
    bloc: str
    breach: bool
    record: Record


class Weighed(NamedTuple):
    """A report whose weight was worked out elsewhere: the mean and the variance of its log likelihood ratio."""

    attestor: str
    bloc: str
    breach: bool
    ratio: float
    variance: float


class Judged(NamedTuple):
    """P(breach) as an interval, the reports that count as independent, and the grade of their quantity.

    ``weights``: what each bloc's reports count.
    """

    breach: Interval
    independent: float
    grade: Grade
    weights: Mapping[str, float]


def judge(prior: Interval, reports: Sequence[Report | Weighed], rho: float | Mapping[str, float]) -> Judged:
    """Return P(breach) with its 90 percent interval, and how much evidence it rests on.

    Args:
        prior: P(breach) before any report, inside (0, 1).
        reports: At most one for each attestor; none leaves the prior.
        rho: Correlation within a bloc, in [0, 1], for all or by bloc.
    Raises:
        ValueError: a number out of range, a bloc without a rho, or two reports of one attestor.
    """
    _check(prior, reports)
    sizes = Counter(report.bloc for report in reports)
    weights = {bloc: bloc_weight(size, _rho(rho, bloc)) for bloc, size in sorted(sizes.items())}
    middle, spread = logit(prior.mid), _prior_spread(prior)
    for report in reports:
        ratio, variance = log_ratio(report)
        middle += weights[report.bloc] * ratio
        # Errors of one bloc's records go together, so their spreads are not thinned by the weight alone.
        spread += weights[report.bloc] ** 2 * variance
    sd = math.sqrt(spread)
    mean = _average(middle, sd)
    # Far out in a tail the mean lies beyond a quantile.
    low, high = min(mean, logistic(middle - NINETY * sd)), max(mean, logistic(middle + NINETY * sd))
    found = Interval(low, mean, high)
    independent = math.fsum(sizes[bloc] * weight for bloc, weight in weights.items())
    return Judged(found, independent, grade(independent, len(sizes)), weights)


def bloc_weight(size: int, rho: float) -> float:
    """Return what each of ``size`` >= 1 reports of one bloc counts: 1 at rho 0, 1/size at rho 1."""
    if size < 1 or not 0.0 <= rho <= 1.0:
        raise ValueError(f"expected size >= 1 and rho in [0, 1], received {size} and {rho}")
    return 1.0 / (1.0 + (size - 1) * rho)


def log_ratio(report: Report | Weighed) -> tuple[float, float]:
    """Return the mean and the variance of ln P(report | breach) / P(report | no breach)."""
    if isinstance(report, Weighed):
        return report.ratio, report.variance
    record = report.record
    if report.breach:
        given, other = (record.hits, record.misses), (record.false, record.right)
    else:
        given, other = (record.misses, record.hits), (record.right, record.false)
    mean = math.log(given[0] / sum(given)) - math.log(other[0] / sum(other))
    return mean, log_variance(*given) + log_variance(*other)


def grade(independent: float, blocs: int) -> Grade:
    """Return the grade of the quantity of evidence, from what counts as independent and from how many blocs."""
    if not independent:
        return "none"
    if independent >= AMPLE and blocs >= 2:
        return "ample"
    return "fair" if independent >= FAIR else "thin"


def correlation(agreed: int, pairs: int, expected: float) -> float:
    """Return a bloc's rho: the agreement of its members beyond chance, in [0, 1] (Cohen's kappa, cut at 0).

    Args:
        agreed, pairs: Pairs of reports of the bloc's members on the same items: alike, and in all, >= 1.
        expected: Share that would be alike if they judged each on its own, in [0, 1).
    Raises:
        ValueError: a number out of range.
    """
    if not 0 <= agreed <= pairs or pairs < 1 or not 0.0 <= expected < 1.0:
        raise ValueError(f"expected 0 <= agreed <= pairs, pairs >= 1 and a share in [0, 1), received {agreed}, "
                         f"{pairs} and {expected}")
    return min(1.0, max(0.0, (agreed / pairs - expected) / (1.0 - expected)))


def logit(p: float) -> float:
    """Return ln p/(1-p) for p in (0, 1)."""
    return math.log(p) - math.log1p(-p)


def logistic(x: float) -> float:
    """Return 1/(1+exp(-x)), safe at both ends."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))


def _check(prior: Interval, reports: Sequence[Report | Weighed]) -> None:
    if not 0.0 < prior.low <= prior.high < 1.0:
        raise ValueError(f"expected a prior inside (0, 1), received {prior.low} to {prior.high}")
    for name, count in Counter(report.attestor for report in reports).items():
        if count > 1:
            said = {report.breach for report in reports if report.attestor == name}
            kind = "contradict each other" if len(said) > 1 else "repeat each other"
            raise ValueError(f"expected one report from {name}, received {count}, which {kind}; ask it which it stands "
                             "by, and leave the others out")


def _rho(rho: float | Mapping[str, float], bloc: str) -> float:
    if not isinstance(rho, Mapping):
        return rho
    if bloc not in rho:
        raise ValueError(f"expected a rho for the bloc {bloc}, received {', '.join(sorted(rho)) or 'none'}")
    return rho[bloc]


def _prior_spread(prior: Interval) -> float:
    """Return the variance of the prior's logit, its bounds taken as a 90 percent interval."""
    return float(((logit(prior.high) - logit(prior.low)) / (2.0 * NINETY)) ** 2)


def log_variance(a: float, b: float) -> float:
    """Return the variance of the logarithm of a Beta(a, b) variable; a, b > 0."""
    return _trigamma(a) - _trigamma(a + b)


def _trigamma(x: float) -> float:
    """Return the second derivative of ln Gamma at x > 0 (recurrence to 8, then the asymptotic series)."""
    total = 0.0
    while x < 8.0:
        total += 1.0 / (x * x)
        x += 1.0
    y = 1.0 / (x * x)
    return total + 1.0 / x + y / 2.0 + y / x * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y / 30.0)))


def _average(middle: float, sd: float) -> float:
    """Return the mean of the logistic function over a normal distribution."""
    return math.fsum(weight * logistic(middle + sd * z) for z, weight in NORMAL)
