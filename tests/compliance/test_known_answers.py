"""The published answers of verification, row by row: each test's name begins with the row it holds to."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from hamsaya.base.instants import to_text
from hamsaya.compliance.course import STAGES, course, day
from hamsaya.compliance.panel import k_of_n, minimum_panel, panel_rates
from hamsaya.compliance.rating import score
from hamsaya.compliance.sampling import detected_within, sample_size, visit_rate
from hamsaya.compliance.streams import thresholds
from hamsaya.translog.tree import EMPTY_ROOT, Tree, leaf_hash


@pytest.mark.parametrize(("nondetection", "approximate", "exact"), [(0.1, 206, 205), (0.05, 259, 258)])
def test_b1_attribute_sampling(nondetection: float, approximate: int, exact: int) -> None:
    """Of 1000 items, 10 of them defective."""
    found = sample_size(1000, 10, nondetection)
    assert (found.approximate, found.exact) == (approximate, exact)
    assert found.nondetection <= nondetection < math.comb(990, exact - 1) / math.comb(1000, exact - 1)


@pytest.mark.parametrize("population", [5, 10, 37, 100, 333])
@pytest.mark.parametrize(("nondetection", "below"), [("0.01", 4), ("0.05", 3), ("0.1", 3), ("0.2", 3), ("0.5", 3)])
def test_b1_the_exact_size_is_at_most_three_below_the_approximation(
    population: int, nondetection: str, below: int
) -> None:
    """The published range {n-3 ... n} for goals of 5 percent and more, and the exact number is the least, by fractions.

    At one percent it is four below where nearly every item is defective.
    """
    goal = Fraction(nondetection)
    for defects in range(1, population + 1):
        found = sample_size(population, defects, float(nondetection))
        assert found.approximate - below <= found.exact <= found.approximate
        missed, before = (Fraction(math.comb(population - defects, n), math.comb(population, n))
                          for n in (found.exact, found.exact - 1))
        assert missed <= goal < before


@pytest.mark.parametrize(("n", "k", "expected"), [(3, 2, 0.784), (5, 3, 0.83692), (11, 6, 0.92177521)])
def test_b2_condorcet(n: int, k: int, expected: float) -> None:
    """Each seat is right with .7."""
    assert k_of_n(n, k, 0.7) == pytest.approx(expected, abs=5e-9)


def test_b2_an_honest_panel() -> None:
    """Three of five: .94208 and .00856."""
    found = panel_rates(5, 3, 0.8, 0.1)
    assert found.detection == pytest.approx(0.94208, abs=5e-6)
    assert found.false_alarm == pytest.approx(0.00856, abs=5e-6)


@pytest.mark.parametrize(
    ("n", "k", "colluders", "digits"), [(5, 3, 0, ".0086"), (5, 3, 1, ".052"), (5, 3, 2, ".271"), (9, 5, 2, ".0257")]
)
def test_b21_colluders(n: int, k: int, colluders: int, digits: str) -> None:
    """How often a fabricated claim passes, to the digits published."""
    found = panel_rates(n, k, 0.8, 0.1, colluders).false_alarm
    assert f"{found:.{len(digits) - 1}f}" == f"0{digits}"


def test_b21_three_colluders_decide_and_minimum_panels() -> None:
    """Three of five decide whatever they like; 3, 5 and 7 seats bear 1, 2 and 3 liars."""
    assert panel_rates(5, 3, 0.8, 0.1, 3).false_alarm == 1.0
    assert [minimum_panel(liars)[0] for liars in (1, 2, 3)] == [3, 5, 7]


def test_b5_a_provision_score() -> None:
    """10, 39, 19 and 32 percent at none, minimum, intermediate and complete: 57.667."""
    shares = {"none": 10.0, "minimum": 39.0, "intermediate": 19.0, "complete": 32.0}
    found = score(shares, {"none": 0.0, "minimum": 1.0, "intermediate": 2.0, "complete": 3.0})
    assert f"{found:.3f}" == "57.667"


def test_b6_the_snapback_clock() -> None:
    """15 + 15 + 5 + 30 = 65 days; thirty days from 28 August 2025 end on 27 September."""
    assert [days for _, days in STAGES] == [15, 15, 5, 30] and sum(days for _, days in STAGES) == 65
    begun = day("2025-08-28") - 35 * 86_400_000
    stages = course(begun)
    assert stages[2].ends == day("2025-08-28")
    assert to_text(stages[-1].ends).startswith("2025-09-27")


def test_b7_merkle_roots() -> None:
    """The root of the eight reference leaves, and of none."""
    leaves = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
    tree = Tree()
    assert EMPTY_ROOT.hex().startswith("e3b0c442")
    for leaf in leaves:
        tree.append(leaf_hash(bytes.fromhex(leaf)))
    assert tree.root().hex().startswith("5dc9da79") and tree.root().hex().endswith("4604328")


def test_b8_sequential_thresholds() -> None:
    """At 5 and 10 percent: ln A = 2.8904 and ln B = -2.2513."""
    found = thresholds(0.05, 0.10)
    assert (f"{found.ln_a:.4f}", f"{found.ln_b:.4f}") == ("2.8904", "-2.2513")


def test_b9_visits_for_timeliness() -> None:
    """90 percent within 30 days at p = .5: .153506 a day."""
    rate = visit_rate(0.1, 0.5, 30.0)
    assert f"{rate:.6f}" == "0.153506"
    assert detected_within(rate, 0.5, 30.0) == pytest.approx(0.9)
