"""P(breach): its law against Bayes' rule, what blocs count, and the calibration of what is stated."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.interval import Interval
from hamsaya.compliance.calibration import SHARP, World, deciles, draw, reports_of, simulate, state, study, worst
from hamsaya.compliance.posterior import (
    Record,
    Report,
    _trigamma,
    bloc_weight,
    correlation,
    grade,
    judge,
    logistic,
    logit,
)

SURE = Record(hits=8e7, misses=2e7, false=1e7, right=9e7)
LITTLE = Record(hits=8, misses=2, false=1, right=9)


def exact(value: float) -> Interval:
    return Interval(value, value, value)


def report(name: str, breach: bool = True, bloc: str | None = None, record: Record = SURE) -> Report:
    return Report(name, bloc or name, breach, record)


def test_one_report_is_right_three_times_in_ten() -> None:
    """Known answer: at a prevalence of 5 percent, p = .8 and false alarms .1, one report is right only 30 percent."""
    assert judge(exact(0.05), [report("ava")], 0.0).breach.mid == pytest.approx(8 / 27, abs=1e-5)


@given(prior=st.floats(0.01, 0.99), said=st.lists(st.booleans(), max_size=9))
def test_independent_reports_follow_bayes(prior: float, said: list[bool]) -> None:
    """With long records and no blocs the answer is Bayes' rule, multiplied out."""
    breach, none = prior, 1.0 - prior
    for each in said:
        breach, none = breach * (0.8 if each else 0.2), none * (0.1 if each else 0.9)
    found = judge(exact(prior), [report(str(n), each) for n, each in enumerate(said)], 0.0)
    assert found.breach.mid == pytest.approx(breach / (breach + none), abs=1e-4)


@given(said=st.lists(st.booleans(), min_size=1, max_size=6), rho=st.floats(0, 1))
def test_a_bloc_of_one_mind_counts_once(said: list[bool], rho: float) -> None:
    """At rho 1 a bloc's reports average to one; between, more weigh never less than fewer of the same word."""
    reports = [report(str(n), each, "north") for n, each in enumerate(said)]
    found = judge(exact(0.3), reports, rho)
    assert 1.0 - 1e-9 <= found.independent <= len(said) + 1e-9
    assert judge(exact(0.3), reports, 1.0).independent == pytest.approx(1.0)
    if all(said):
        assert found.breach.mid >= judge(exact(0.3), reports[:1], rho).breach.mid - 1e-6


def test_probability_and_quantity_are_two_answers() -> None:
    """Nine reports that cancel leave the prior's half, but not the prior's ignorance."""
    none = judge(exact(0.5), [], 0.5)
    record = Record(hits=9e7, misses=1e7, false=1e7, right=9e7)
    many = judge(exact(0.5), [report(str(n), n % 2 == 0, record=record) for n in range(8)], 0.5)
    assert none.breach.mid == pytest.approx(many.breach.mid, abs=1e-3) == pytest.approx(0.5, abs=1e-3)
    assert (none.grade, many.grade) == ("none", "ample")
    assert [grade(1.0, 1), grade(2.0, 2), grade(3.0, 1), grade(3.0, 2)] == ["thin", "fair", "fair", "ample"]


def test_short_records_widen_the_interval_and_draw_to_the_middle() -> None:
    """Ten cases of experience are not a hundred million."""
    sure, little = (judge(exact(0.2), [report(str(n), record=record) for n in range(3)], 0.0)
                    for record in (SURE, LITTLE))
    assert little.breach.high - little.breach.low > 10 * (sure.breach.high - sure.breach.low)
    assert abs(little.breach.mid - 0.5) < abs(sure.breach.mid - 0.5)


def test_the_interval_covers_what_the_records_leave_open() -> None:
    """Rates drawn from the records' own Betas give posteriors of which nine in ten lie inside."""
    rng = np.random.default_rng(4)
    found = judge(exact(0.2), [report(str(n), record=LITTLE) for n in range(3)], 0.0)
    p, q = rng.beta(8, 2, (20_000, 3)), rng.beta(1, 9, (20_000, 3))
    drawn = logit(0.2) + (np.log(p) - np.log(q)).sum(axis=1)
    inside = (drawn >= logit(found.breach.low)) & (drawn <= logit(found.breach.high))
    assert 0.83 < inside.mean() < 0.97


def test_contradictory_reports_of_one_source_are_refused() -> None:
    """A source that says both is asked which it stands by; the second word is not averaged in."""
    with pytest.raises(ValueError, match="contradict each other"):
        judge(exact(0.1), [report("ava", True), report("ava", False)], 0.0)
    with pytest.raises(ValueError, match="repeat each other"):
        judge(exact(0.1), [report("ava"), report("ava")], 0.0)


def test_figures_out_of_range_are_refused() -> None:
    """A prior of nought, a rho above one, a record of nothing, a bloc nobody knows."""
    for call in (lambda: judge(exact(0.0), [], 0.0), lambda: judge(exact(0.1), [report("ava")], 1.5),
                 lambda: judge(exact(0.1), [report("ava")], {"bel": 0.1}), lambda: Record(0, 1, 1, 1),
                 lambda: bloc_weight(0, 0.5), lambda: correlation(2, 1, 0.5),
                 lambda: deciles(np.array([1.2]), np.array([True]))):
        with pytest.raises(ValueError, match="expected"):
            call()


def test_the_trigamma_is_known_where_it_is_known() -> None:
    """At 1 it is pi^2/6, at 1/2 pi^2/2; the logistic of the logit is the number itself."""
    assert _trigamma(1.0) == pytest.approx(np.pi**2 / 6) and _trigamma(0.5) == pytest.approx(np.pi**2 / 2)
    assert all(logistic(logit(p)) == pytest.approx(p) for p in (1e-9, 0.5, 1 - 1e-9))


def test_what_is_stated_comes_as_often_as_stated() -> None:
    """A hundred thousand commitments, two liars of nine, one bloc, weak eyes, no truth to learn from: within 3 points
    in every tenth."""
    stated, happened, right = simulate(World(), histories=20, each=5000, seed=1)
    rows = deciles(stated, happened)
    assert len(stated) == 100_000 and len(rows) == 10
    assert worst(rows) < 0.03
    assert min(row.number for row in rows) > 2000 and right > 0.85


def test_two_liars_and_a_bloc_do_not_turn_the_verdict() -> None:
    """When all nine speak, the verdict is right in 98 of 100 although two always say the opposite."""
    _, _, right = simulate(World(rates=SHARP, speaks=1.0, history=1000), histories=4, each=2500, seed=3)
    assert right > 0.98


def test_the_same_whatever_the_number_of_workers() -> None:
    """To the last bit: each history has its own seed."""
    world = World(history=300)
    alone = simulate(world, histories=3, each=200, seed=9)
    with ProcessPoolExecutor(2) as executor:
        together = simulate(world, histories=3, each=200, seed=9, executor=executor)
    assert alone[0].tobytes() == together[0].tobytes() and alone[1].tobytes() == together[1].tobytes()


def test_judging_all_at_once_is_judging_each() -> None:
    """The arrays of the trial say what ``judge`` says of each commitment."""
    world, rng = World(history=400), np.random.default_rng(6)
    method = study(world, draw(world, world.history, rng))
    new = draw(world, 60, rng)
    together = state(world, method, new)
    for item in range(60):
        prior, reports = reports_of(world, method, new, item)
        assert judge(prior, reports, method.rho).breach.mid == pytest.approx(together[item], abs=1e-9)
