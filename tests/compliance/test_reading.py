"""A reading as evidence: one way, at most one look, more with more, wider with doubt, and still calibrated."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from hamsaya.base.interval import Interval
from hamsaya.compliance.calibration import World, deciles, worst
from hamsaya.compliance.calibration_readings import Pictures, simulate_with_readings
from hamsaya.compliance.indicator import Count, Figure, figure
from hamsaya.compliance.posterior import Record, Weighed, judge
from hamsaya.compliance.reading import Weight, weigh
from hamsaya.messages.compliance import Query
from tests.compliance.test_rules import commit

CELLS = [7, 8, 9, 10]
LOOK = Record(hits=5.0, misses=5.0, false=0.5, right=9.5)
TERMS = commit(unit="incidents", query=Query(measure="incidents", violence=0, cells=CELLS, months=1),
               target_low=0.0, target_high=3.0, materiality=1.0)
MOST, LEAST = 0.5 / 0.05, 0.5 / 0.95
"""What one look can say: reported though there is none, and not reported though there is."""

promises = st.builds(
    lambda low, width, material, measure: structs.replace(
        TERMS, target_low=low, target_high=low + width, materiality=material,
        query=structs.replace(TERMS.query, measure=measure)),
    st.sampled_from([0.0, 5.0, 40.0]), st.sampled_from([0.0, 3.0, 20.0, 1e6]), st.sampled_from([0.0, 0.5, 2.0]),
    st.sampled_from(["incidents", "deaths"]))
priors = st.sampled_from([0.003, 0.05, 0.4, 0.9]).map(lambda p: Interval(p / 2.0, p, min(0.999, 1.5 * p)))


def read(low: int, high: int | None = None, observed: int = 4, terms: Any = TERMS) -> Figure:
    top = low if high is None else high
    return figure(terms, "2026-01", "2026-01", frozenset(CELLS[:observed]), [Count(7, 1, (low, top), (low, top))])


def said(weight: Weight | None, prior: Interval) -> float:
    """Return P(breach) after a reading and no other word."""
    reports = [] if weight is None else [Weighed("picture", "picture", weight.log > 0, weight.log, weight.variance)]
    return judge(prior, reports, 0.0).breach.mid


def test_what_says_nothing_has_no_weight() -> None:
    """Not observed, or neither within nor materially beyond: no ratio, not even one of 1."""
    assert weigh(TERMS, read(0, observed=3), LOOK) is None
    assert weigh(TERMS, read(4), LOOK) is None and weigh(TERMS, read(2, 9), LOOK) is None
    assert weigh(TERMS, read(9), Record(1.0, 9.0, 5.0, 5.0)) is None, "a look that tells nothing lends nothing"


def test_materiality_decides_what_counts_as_beyond() -> None:
    """The same count against a range with a wider margin is no evidence of a breach."""
    assert weigh(TERMS, read(6), LOOK) is not None
    wide = structs.replace(TERMS, materiality=3.0)
    assert weigh(wide, read(6, terms=wide), LOOK) is None
    near, far = weigh(TERMS, read(9), LOOK), weigh(wide, read(9, terms=wide), LOOK)
    assert near is not None and far is not None and near.log > far.log > 0.0


def test_never_more_than_one_look_says() -> None:
    """A thousand incidents more than allowed are one source; so is a year of nothing."""
    much, none = weigh(TERMS, read(1000), LOOK), weigh(TERMS, read(0), LOOK)
    assert much is not None and much.ratio.mid == pytest.approx(MOST, rel=1e-6) and much.ratio.high <= MOST + 1e-9
    assert none is not None and LEAST - 1e-9 <= none.ratio.low <= none.ratio.mid < 0.65


def test_counts_that_chance_explains_say_little() -> None:
    """One more than is material is hardly evidence, deaths of the same number less than incidents, for they cluster."""
    near = weigh(TERMS, read(5), LOOK)
    assert near is not None and near.ratio.mid < 1.7
    deaths = structs.replace(TERMS, query=structs.replace(TERMS.query, measure="deaths"))
    one, other = weigh(TERMS, read(12), LOOK), weigh(deaths, read(12, terms=deaths), LOOK)
    assert one is not None and other is not None and one.log > 1.5 * other.log


@settings(deadline=None, max_examples=60)
@given(promises, st.integers(0, 80), st.integers(0, 10), st.integers(0, 4), priors)
def test_a_reading_speaks_one_way(terms: Any, low: int, width: int, observed: int, prior: Interval) -> None:
    """Beyond never lowers P(breach) and within never raises it, at no end of the interval and by no doubt."""
    shown = read(low, low + width, observed, terms)
    weight = weigh(terms, shown, LOOK)
    before = said(None, prior)
    if weight is None:
        assert shown.reading in ("unclear", "unverified")
    elif shown.reading == "beyond":
        assert 1.0 <= weight.ratio.low <= weight.ratio.high <= MOST + 1e-9
        assert said(weight, prior) >= before - 1e-9
    else:
        assert shown.reading == "within" and LEAST - 1e-9 <= weight.ratio.low <= weight.ratio.high <= 1.0
        assert said(weight, prior) <= before + 1e-9


@settings(deadline=None, max_examples=60)
@given(promises, st.integers(0, 60), st.integers(1, 30), st.integers(0, 3), st.integers(1, 4), priors)
def test_the_further_beyond_the_more_it_says(
    terms: Any, low: int, more: int, width: int, observed: int, prior: Interval
) -> None:
    """On one side of the range, with the same span and coverage: ratio and P(breach) rise with the count."""
    first, then = (read(count, count + width, observed, terms) for count in (low, low + more))
    above = [each.low > terms.target_high or (each.reading == "within" and terms.target_low == 0.0)
             for each in (first, then)]
    one, other = weigh(terms, first, LOOK), weigh(terms, then, LOOK)
    if all(above) and one is not None and other is not None:
        assert other.log >= one.log - 1e-12
        assert said(other, prior) >= said(one, prior) - 1e-4


@settings(deadline=None, max_examples=60)
@given(promises, st.integers(0, 80), st.integers(0, 6), st.integers(1, 3), st.floats(0.01, 0.9))
def test_fewer_cells_observed_widen_the_interval(
    terms: Any, low: int, width: int, observed: int, prior: float
) -> None:
    """What was not reported on is doubt: the middle stays, and both bounds of P(breach) move out or stay."""
    whole, part = (weigh(terms, read(low, low + width, cells, terms), LOOK) for cells in (4, observed))
    if whole is None or part is None:
        return
    assert part.log == whole.log and part.variance >= whole.variance
    belief = Interval(prior, prior, prior)
    wide, narrow = (judge(belief, [Weighed("p", "p", True, each.log, each.variance)], 0.0).breach
                    for each in (part, whole))
    assert wide.low <= narrow.low + 1e-12 and wide.high >= narrow.high - 1e-12


def test_a_wider_span_and_fewer_cells_do_widen_it() -> None:
    """Not only weakly: where there is room, a disagreement or a silent cell shows."""
    plain, torn, dark = (weigh(TERMS, each, LOOK) for each in (read(8), read(6, 10), read(8, observed=1)))
    assert plain is not None and torn is not None and dark is not None
    assert torn.variance > 1.05 * plain.variance and dark.variance > 1.05 * plain.variance


def test_too_few_is_beyond_as_too_many_is() -> None:
    """A promise to do something at least so often is broken from below, the more the less was counted."""
    terms = structs.replace(TERMS, target_low=20.0, target_high=1000.0)
    none, few, inside = (weigh(terms, read(count, terms=terms), LOOK) for count in (0, 12, 60))
    assert none is not None and few is not None and inside is not None
    assert none.log > few.log > 0.0 > inside.log


def test_what_is_stated_still_comes_as_often_with_readings_in() -> None:
    """A hundred thousand commitments, seven in ten with a reading: within 3 points in every tenth, and for those that
    a reading moved as well."""
    with ProcessPoolExecutor(2) as executor:
        stated, happened, moved = simulate_with_readings(World(), Pictures(), histories=20, each=5000, seed=2,
                                                         executor=executor)
    assert len(stated) == 100_000 and 0.4 < moved.mean() < 0.6
    rows = deciles(stated, happened)
    assert len(rows) == 10 and worst(rows) < 0.03
    assert worst(deciles(stated[moved], happened[moved])) < 0.04, "half as many: a point more by chance"
