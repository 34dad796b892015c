"""Audits: how many openings are enough, a sample that nobody chose, and openings that do not fit."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from hamsaya.crypto import oprf
from hamsaya.matching.audit import (
    Finding,
    commitment,
    detection,
    draw,
    findings_of,
    openings_needed,
    population,
    seed_of,
)
from hamsaya.matching.querier import open_pick
from hamsaya.matching.types import Pick
from tests.matching.scene import NOTICED, phone, play, prepared, probe_of, say

MADE = prepared([phone(1), phone(20), phone(3)])
STATE = play(say("ava", probe_of(MADE)), state=NOTICED)
ASKING = {"P-1": STATE.probes["ava", "P-1"]}
PICKS = [Pick(probe="P-1", place=place) for place in range(3)]
OPENINGS = [open_pick(pick, MADE.secrets) for pick in PICKS]
OTHER = prepared([phone(2), phone(20), phone(3)], seed="other")


@pytest.mark.parametrize(("share", "openings"), [(0.10, 29), (0.01, 299), (0.5, 5), (1.0, 1)])
def test_openings_needed_are_the_known_ones(share: float, openings: int) -> None:
    """29 openings show 10 % misuse at 95 %, 299 show 1 %: the note's figures, and one fewer would not."""
    assert openings_needed(share) == openings
    assert detection(share, openings) >= 0.95
    assert detection(share, openings - 1) < 0.95


@pytest.mark.parametrize("wrong", [(0.0, 0.95), (1.1, 0.95), (0.1, 0.0), (0.1, 1.0)])
def test_a_share_and_a_confidence_are_probabilities(wrong: tuple[float, float]) -> None:
    """Outside their ranges the answer would be a number all the same."""
    with pytest.raises(ValueError, match="expected a share"):
        openings_needed(*wrong)
    with pytest.raises(ValueError, match="expected a share"):
        detection(-0.1, 3)


def test_the_sample_depends_on_every_checkpoint() -> None:
    """Neither the order in which they are listed, nor one log alone, decides it."""
    notes = {"ava.example/log": b"a", "bel.example/log": b"b"}
    assert seed_of(notes) == seed_of(dict(reversed(notes.items())))
    assert seed_of(notes) != seed_of({**notes, "bel.example/log": b"c"})
    assert seed_of({"a": b"bc", "b": b""}) != seed_of({"a": b"b", "b": b"c"})
    with pytest.raises(ValueError, match="at least two logs"):
        seed_of({"ava.example/log": b"a"})


@given(st.binary(min_size=32, max_size=32), st.integers(0, 40), st.integers(0, 50))
def test_a_sample_is_part_of_what_was_asked_and_each_once(seed: bytes, inputs: int, count: int) -> None:
    """And the same whoever draws it, from whatever order."""
    everything = [Pick(probe=f"P-{number % 7}", place=number) for number in range(inputs)]
    drawn = draw(seed, everything, count)
    assert drawn == draw(seed, everything[::-1], count)
    assert len(set(drawn)) == len(drawn) == min(count, inputs) and set(drawn) <= set(everything)
    assert draw(seed, everything, max(0, count - 1)) == drawn[: max(0, count - 1)]


def test_every_input_is_drawn_about_as_often() -> None:
    """Over many seeds no place is favoured: 600 draws of 5 of 20, 150 expected each, five standard deviations."""
    everything = [Pick(probe="P-1", place=place) for place in range(20)]
    hits = Counter(pick.place for seed in range(600) for pick in draw(seed.to_bytes(32, "big"), everything, 5))
    assert all(abs(hits[place] - 150) < 5 * (600 * 0.25 * 0.75) ** 0.5 for place in range(20))


def test_the_population_is_one_members_inputs_of_the_period() -> None:
    """Declined or answered, all of them; nobody else's."""
    at = ASKING["P-1"].at
    assert population(STATE, "ava", at, at) == PICKS
    assert population(STATE, "ava", at + 1, at + 9) == population(STATE, "bel", at, at) == []


def test_honest_openings_leave_nothing_to_find() -> None:
    """Input, salt and blind make the commitment and the element that were sent."""
    assert findings_of(oprf, ASKING, PICKS, OPENINGS) == []


FLAWS = {
    "not opened": ("not-opened", OPENINGS[1:]),
    "another identifier": ("other-commitment", [changed(OPENINGS[0], identifier=phone(2)), *OPENINGS[1:]]),
    "another salt": ("other-commitment", [changed(OPENINGS[0], salt=bytes(32)), *OPENINGS[1:]]),
    "another blind": ("other-element", [changed(OPENINGS[0], blind=bytes(64)), *OPENINGS[1:]]),
    "no identifier at all": ("not-an-identifier", [
        changed(OPENINGS[0], identifier=changed(phone(2), value="any man called Karim")), *OPENINGS[1:]]),
}


@pytest.mark.parametrize(("flaw", "openings"), FLAWS.values(), ids=FLAWS)
def test_an_opening_that_does_not_fit_is_found(flaw: str, openings: list[object]) -> None:
    """A querier that asked about something else than it committed to cannot open it."""
    assert findings_of(oprf, ASKING, PICKS, openings) == [Finding(PICKS[0], flaw)]  # type: ignore[arg-type]


def test_a_commitment_to_one_identifier_cannot_ride_on_anothers_element() -> None:
    """The lie that commitments are for: an innocent identifier committed to, another one asked about."""
    first = OTHER.secrets[0]
    lying = commitment("bel", "C-1", 1, phone(1), OTHER.elements[0], first.salt)
    asking = changed(ASKING["P-1"], elements=(OTHER.elements[0],), commitments=(lying,))
    shown = changed(open_pick(PICKS[0], OTHER.secrets), identifier=phone(1))
    assert findings_of(oprf, {"P-1": asking}, PICKS[:1], [shown]) == [Finding(PICKS[0], "other-element")]


def test_a_commitment_belongs_to_its_case_responder_and_epoch() -> None:
    """An opening of one case cannot stand in for another's."""
    for other in (changed(ASKING["P-1"], case="C-2"), changed(ASKING["P-1"], responder="cor"),
                  changed(ASKING["P-1"], epoch=2)):
        found = findings_of(oprf, {"P-1": other}, PICKS, OPENINGS)
        assert [each.flaw for each in found] == ["other-commitment"] * 3
