"""Ratings are counted, U is never compliant, and follow-up triggers are those of the published rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.compliance.course import day
from hamsaya.compliance.rating import SCALE, Trigger, compliant, follow_up, score, tally

# The referral rules of the fourth round, as published: 20 of 40, 3 of the six, or by effectiveness.
SIX = ("R3", "R5", "R6", "R10", "R11", "R20")
OUTCOMES = tuple(f"IO{n}" for n in range(1, 12))
REFERRAL = (
    Trigger("many", ("NC", "PC"), 20, tuple(f"R{n}" for n in range(1, 41)), "referral"),
    Trigger("key", ("NC", "PC"), 3, SIX, "referral"),
    Trigger("effect", ("ME", "LE"), 9, OUTCOMES, "referral", also=Trigger("low", ("LE",), 2, OUTCOMES)),
    Trigger("six-low", ("LE",), 6, OUTCOMES, "referral"),
)


def country(**changes: str) -> dict[str, str]:
    rows = {f"R{n}": "LC" for n in range(1, 41)} | dict.fromkeys(OUTCOMES, "SE")
    return rows | changes


def met(ratings: dict[str, str]) -> set[str]:
    return {each.name for each in follow_up(ratings, REFERRAL)[0] if each.met}


def test_the_published_referral_rules() -> None:
    """Each rule at its threshold and one below it."""
    assert met(country()) == set()
    twenty = {f"R{n}": "PC" for n in range(21, 41)}
    assert met(country(**twenty)) == {"many"} and met(country(**{**twenty, "R40": "LC"})) == set()
    assert met(country(R3="NC", R10="PC", R20="NC")) == {"key"} and met(country(R3="NC", R10="PC")) == set()
    nine = dict.fromkeys(OUTCOMES[:9], "ME")
    assert met(country(**nine)) == set()
    assert met(country(**nine, **{})) == set() and met(country(**{**nine, "IO1": "LE", "IO2": "LE"})) == {"effect"}
    assert met(country(**dict.fromkeys(OUTCOMES[:6], "LE"))) == {"six-low"}
    assert met(country(**dict.fromkeys(OUTCOMES[:5], "LE"))) == set()


def test_the_strictest_follow_up_holds() -> None:
    """Where two are met the higher rank is told; none without any."""
    triggers = [Trigger("a", ("PC",), 1, then="enhanced", rank=1), Trigger("b", ("NC",), 1, then="referral", rank=2)]
    assert follow_up({"x": "PC", "y": "NC"}, triggers)[1] == "referral"
    assert follow_up({"x": "C"}, triggers)[1] is None


@given(st.lists(st.sampled_from(SCALE)))
def test_unverified_is_never_compliant(words: list[str]) -> None:
    """U is counted by itself, whatever else there is."""
    counted = tally(words, SCALE)
    assert sum(counted.values()) == len(words)
    assert counted["U"] == sum(word == "U" for word in words)
    assert not compliant("U")
    assert sum(compliant(word) for word in words) == counted["C"] + counted["LC"]


def test_a_score_needs_points_and_something_rated() -> None:
    """Ordinal words are not numbers until somebody says which."""
    assert score({"C": 1, "NC": 1}, {"C": 1.0, "NC": 0.0}) == 50.0
    for tallied, points in (({}, {"C": 1.0}), ({"C": 1}, {"C": 0.0}), ({"PC": 1}, {"C": 1.0}), ({"C": 1}, {})):
        with pytest.raises(ValueError, match="expected"):
            score(tallied, points)


def test_bad_triggers_and_words_are_refused() -> None:
    """A commitment without a rating, a threshold of nought, a word outside the scale."""
    with pytest.raises(ValueError, match="has no rating"):
        follow_up({"x": "C"}, [Trigger("a", ("C",), 1, of=("y",))])
    with pytest.raises(ValueError, match="asks for nothing"):
        follow_up({"x": "C"}, [Trigger("a", ("C",), 0)])
    with pytest.raises(ValueError, match="among"):
        tally(["good"], SCALE)


@pytest.mark.parametrize(("text", "said"), [
    ("1404-12-10", "Solar Hijri"), ("1447-09-12", "Islamic"), ("2569-03-01", "Buddhist"), ("5786-06-12", "Hebrew"),
    ("۲۰۲۶-۰۳-۰۱", "digits 0 to 9"), ("2026-02-30", "exists"), ("1.3.2026", "such as"),
])
def test_dates_of_other_calendars_are_named_not_guessed(text: str, said: str) -> None:
    """Forty years lie between two readings of 1404: the sentence names the calendar, and nothing is converted."""
    with pytest.raises(ValueError, match=said):
        day(text)
