"""The ranked list: the best first, with a reason that a person can check, and no favour to either side."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.matching.names import THRESHOLD, Candidate, fit, rank
from tests.matching.names import public_names

NAMES = st.text(st.characters(categories=("L", "M", "Zs", "Pd", "Po")), max_size=50) | st.sampled_from(
    [public.name for public in public_names()])
YEARS = st.none() | st.integers(1900, 2010)


def test_the_example_of_the_module() -> None:
    """It is the first thing a reader tries."""
    found = rank("Мухаммад Иқбол", ["محمد اقبال", "Mahmud Iqbal"])
    assert found[0].candidate == "محمد اقبال"
    assert found[0].reasons[0] == "мухаммад ~ محمد: same skeleton MMT"
    assert found[0].score >= THRESHOLD > found[1].score


def test_the_candidate_is_given_back_as_written() -> None:
    """Folding is for comparing; people see the original."""
    written = "  ﻣﺤﻤﺪ اقبال (1877)"
    assert rank("Muhammad Iqbal", [written])[0].candidate == written


def test_a_part_fits_less_than_the_whole() -> None:
    """Otherwise every Ahmad of a list would stand above the one meant."""
    whole, part, one = (fit("Ahmad Shah Durrani", Candidate(name)).score
                        for name in ("احمد شاه درانی", "احمد درانی", "احمد"))
    assert whole == 1.0 and whole > part >= THRESHOLD > one


def test_relatives_are_not_the_same_person() -> None:
    """Father's, grandfather's and family name are shared; the first word is the person's own."""
    assert fit("Nur Barzan Ibrahim Mazandarani", Candidate("علی برزان ابراهیم مازندرانی")).score < THRESHOLD


def test_an_initial_fits_its_name_a_little() -> None:
    """A. Zahir may be Ahmad Zahir; B. Zahir is less likely so."""
    assert fit("A. Zahir Ghaznawi", Candidate("Ahmad Zahir Ghaznawi")).score > fit(
        "B. Zahir Ghaznawi", Candidate("Ahmad Zahir Ghaznawi")).score


def test_years_of_birth_count() -> None:
    """A neighbour year supports, a far one speaks against, an unknown one does neither; the reason says which."""
    near, unknown, far = (fit("Ahmad Zahir", Candidate("احمد طاهر", born), 1946) for born in (1947, None, 1990))
    assert near.score > unknown.score > far.score
    assert near.reasons[-1] == "years of birth 1946 and 1947"


def test_nothing_in_common_says_so() -> None:
    """A score of zero with a reason, not an empty line."""
    assert fit("Ahmad Zahir", Candidate("郭沫若")) == ("郭沫若", 0.0, ("no word in common",))
    assert fit("", Candidate("...")).score == 0.0


def test_ranking_a_query_against_all_public_names_finds_the_person() -> None:
    """For nine of ten spellings outside Han letters the best of the other spellings is the same person's."""
    found = [public for public in public_names() if public.script != "Chinese"]
    right = 0
    for query in found:
        others = [public for public in found if public is not query]
        best = rank(query.name, [public.name for public in others])[0].candidate
        right += any(public.name == best and public.who == query.who for public in others)
    assert right >= 0.95 * len(found)


def test_no_two_public_persons_reach_the_threshold() -> None:
    """Two chance hits among thirty thousand pairs at most."""
    pairs = [(one, other) for one, other in itertools.combinations(public_names(), 2) if one.who != other.who]
    assert sum(fit(one.name, Candidate(other.name)).score >= THRESHOLD for one, other in pairs) <= 2


@given(NAMES, NAMES, YEARS, YEARS)
def test_the_score_is_symmetric_and_bounded(one: str, other: str, born: int | None, theirs: int | None) -> None:
    """Who asks whom must not change the answer."""
    here, there = fit(one, Candidate(other, theirs), born), fit(other, Candidate(one, born), theirs)
    assert here.score == pytest.approx(there.score, abs=1e-9)
    assert 0.0 <= here.score <= 1.0 and here.reasons


@given(st.lists(NAMES, max_size=8))
def test_rank_returns_every_candidate_best_first(names: list[str]) -> None:
    """Nothing is dropped behind the analyst's back."""
    found = rank("Ahmad Zahir", names)
    assert sorted(one.candidate for one in found) == sorted(names)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
