"""Reservations between two members: the outcomes of the Vienna Convention, alike from either side."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.instants import DAY, parse
from hamsaya.charter.treaty import (
    EFFECTS,
    Effect,
    Provision,
    Reaction,
    Relation,
    Reservation,
    Stance,
    relation,
    twelve_months_after,
)

NOTICE = parse("2026-03-01T08:00:00Z")
YEAR_ON = parse("2027-03-01T08:00:00Z")
CLAUSE = Provision("CX.3")
RESERVED = Reservation("uz", "CX.3", NOTICE)


def answer(stance: Stance, days: int = 30, **fields: Any) -> Reaction:
    return Reaction(**{"member": "pk", "reserving": "uz", "clause": "CX.3", "stance": stance, "at": NOTICE + days * DAY}
                    | fields)


def between(*reactions: Reaction, now: int = YEAR_ON + DAY, **fields: Any) -> Relation:
    arguments: dict[str, Any] = {"provision": CLAUSE, "reservations": [RESERVED]} | fields
    return relation(between=("pk", "uz"), reactions=reactions, now=now, **arguments)


KNOWN: list[tuple[Effect, str, Relation]] = [
    ("applies", "neither has reserved", between(reservations=[])),
    ("modified-both-ways", "was silent for twelve months", between()),
    ("modified-both-ways", "has accepted", between(answer("accepted"), now=NOTICE + 31 * DAY)),
    ("excluded-between-the-two", "has objected", between(answer("objected"))),
    ("no-treaty-relation", "Nothing of the instrument", between(answer("objected-excluding"))),
    ("applies", "nobody may reserve it", between(answer("objected"), provision=Provision("CX.3", reservable=False))),
    ("no-treaty-relation", "until 2027-03-01T08:00:00Z", between(now=NOTICE + DAY)),
]


@pytest.mark.parametrize(("effect", "words", "found"), KNOWN, ids=[words for _, words, _ in KNOWN])
def test_each_outcome_of_the_convention(effect: Effect, words: str, found: Relation) -> None:
    """Nothing reserved, accepted by silence or in words, two kinds of objection, an unreservable clause, waiting."""
    assert found.effect == effect and words in found.sentence


def test_silence_becomes_acceptance_after_twelve_months_to_the_millisecond() -> None:
    """Calendar months, not 365 days: a leap year makes no member lose its last day."""
    waiting = between(now=YEAR_ON - 1)
    assert (waiting.effect, waiting.until) == ("no-treaty-relation", YEAR_ON)
    assert between(now=YEAR_ON)[:2] == ("modified-both-ways", None)
    assert twelve_months_after(parse("2027-06-01T00:00:00Z")) == parse("2028-06-01T00:00:00Z")
    assert twelve_months_after(parse("2028-02-29T12:00:00Z") + 5) == parse("2029-02-28T12:00:00Z") + 5


def test_who_was_bound_later_has_its_own_twelve_months() -> None:
    """A member that joins afterwards cannot have agreed by silence before it was there to speak."""
    joined = NOTICE + 200 * DAY
    assert between(bound={"pk": joined}).until == twelve_months_after(joined)
    assert between(bound={"pk": NOTICE - DAY, "uz": joined}).effect == "modified-both-ways"


def test_an_objection_after_the_twelve_months_comes_too_late() -> None:
    """Silence has already accepted; also one in words cannot be taken back."""
    assert between(answer("objected", 366)).effect == "modified-both-ways"
    assert between(answer("accepted", 10), answer("objected-excluding", 20)).effect == "modified-both-ways"


def test_an_objection_may_be_softened_but_not_hardened() -> None:
    """The other side relied on the milder one; to withdraw an objection is to accept."""
    assert between(answer("objected", 10), answer("objected-excluding", 20)).effect == "excluded-between-the-two"
    assert between(answer("objected-excluding", 10), answer("objected", 20)).effect == "excluded-between-the-two"
    late = NOTICE + 500 * DAY
    softened = between(answer("objected-excluding", 10), answer("objected", 400), now=late)
    assert softened.effect == "excluded-between-the-two"
    assert between(answer("objected", 10), answer("accepted", 400), now=late).effect == "modified-both-ways"


def test_a_withdrawn_reservation_leaves_the_clause_as_it_was_written() -> None:
    """From the withdrawal on, and not before."""
    gone = [Reservation("uz", "CX.3", NOTICE, withdrawn_at=YEAR_ON)]
    assert between(reservations=gone, now=YEAR_ON).effect == "applies"
    assert between(answer("objected"), reservations=gone, now=YEAR_ON - 1).effect == "excluded-between-the-two"


def test_what_others_said_or_said_of_other_clauses_changes_nothing() -> None:
    """The effect is bilateral: a third member's objection is its own affair."""
    others = [answer("objected", member="ir"), answer("objected", reserving="kz"), answer("objected", clause="CX.4")]
    assert between(*others).effect == "modified-both-ways"
    foreign = [Reservation("kz", "CX.3", NOTICE), Reservation("uz", "CX.4", NOTICE)]
    assert between(reservations=foreign).effect == "applies"
    with pytest.raises(ValueError, match="two members"):
        relation(CLAUSE, ("pk", "pk"), [], [], NOTICE)


# --- any history -----------------------------------------------------------------------------------------

_WHO, _CLAUSES = st.sampled_from(["pk", "uz", "ir"]), st.sampled_from(["CX.3", "CX.4"])
_WHEN = st.integers(0, 800).map(lambda days: NOTICE + days * DAY)
_STANCES: st.SearchStrategy[Stance] = st.sampled_from(["accepted", "objected", "objected-excluding"])
RESERVATIONS = st.lists(st.builds(Reservation, _WHO, _CLAUSES, _WHEN, st.none() | _WHEN), max_size=4)
REACTIONS = st.lists(st.builds(Reaction, _WHO, _WHO, _CLAUSES, _STANCES, _WHEN), max_size=6)
PROVISIONS = st.builds(Provision, _CLAUSES, st.booleans())


@given(PROVISIONS, RESERVATIONS, REACTIONS, _WHEN, st.randoms())
def test_both_sides_see_the_same_in_whatever_order_they_heard_of_it(
    provision: Provision, reservations: list[Reservation], reactions: list[Reaction], now: int, random: Any
) -> None:
    """Reciprocity (art. 21): what binds one towards the other binds the other too."""
    found = relation(provision, ("pk", "uz"), reservations, reactions, now)
    random.shuffle(reservations)
    random.shuffle(reactions)
    assert relation(provision, ("uz", "pk"), reservations, reactions, now) == found
    assert provision.clause in found.sentence or found.effect == "no-treaty-relation"


@given(PROVISIONS, RESERVATIONS, REACTIONS, _WHEN)
def test_only_a_reservation_in_effect_takes_anything_away(
    provision: Provision, reservations: list[Reservation], reactions: list[Reaction], now: int
) -> None:
    """No reaction, however worded, weakens a clause that neither of the two has reserved, or could."""
    effective = [
        r
        for r in reservations
        if r.clause == provision.clause and r.member != "ir" and r.notified_at <= now
        and (r.withdrawn_at is None or r.withdrawn_at > now)
    ]
    applies = relation(provision, ("pk", "uz"), reservations, reactions, now).effect == "applies"
    assert applies == (not effective or not provision.reservable)


@given(RESERVATIONS, REACTIONS, _WHEN)
def test_one_more_reservation_never_leaves_more_between_the_two(
    reservations: list[Reservation], reactions: list[Reaction], now: int
) -> None:
    """Effects are ordered; of several the one that leaves the least stands."""
    before = relation(CLAUSE, ("pk", "uz"), reservations, reactions, now)
    after = relation(CLAUSE, ("pk", "uz"), [*reservations, RESERVED], reactions, now)
    assert EFFECTS.index(after.effect) >= EFFECTS.index(before.effect)
