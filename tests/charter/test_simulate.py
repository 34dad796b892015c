"""What a supposed vote gives: the rules' truth table, who is decisive, and how many votes are wanting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR
from hamsaya.charter.simulate import Simulated, Supposed, simulate
from hamsaya.charter.types import document_from_plain
from tests.support.charters import instrument, party

NINE = ("ava", "bel", "cor", "dun", "eel", "fox", "gnu", "hen", "ibi")
MINUS = {"rule": "minus-concerned", "concerned": "*concerned"}
PLAIN: dict[str, Any] = {
    "title": "A charter of nowhere", "epoch_signatures": 5, "instruments": [instrument("one")],
    "members": [*(party(name) for name in NINE), party("jay", standing="suspended"), party("cell", role="joint-cell")],
    "rules": [
        {"id": "finding", "title": "F", "rule": {**MINUS, "inner": {"rule": "silence", "hours": 72}},
         "appeal": "budget"},
        {"id": "suspend", "title": "S", "rule": {**MINUS, "inner": {"rule": "quota", "q": 5}}, "confers": ["suspended"],
         "timelock_hours": 48},
        {"id": "budget", "title": "B", "rule": {"rule": "quota", "q": 6}, "expires_days": 10},
        {"id": "visit", "title": "V", "touches_soil_or_data": True, "rule": {"rule": "and", "rules": [
            {"rule": "over", "participants": ["*concerned"], "inner": {"rule": "quota", "q": 1, "absent": "blocks"}},
            {"rule": "over", "participants": ["*participants"]}]}},
        {"id": "notice", "title": "N", "rule": {"rule": "over", "participants": ["*proposer"]}},
        {"id": "weighed", "title": "W", "rule": {"rule": "quota", "q": 7, "weights": {"ava": 5, "bel": 2, "cor": 1}}},
    ],
}
DOCUMENT = document_from_plain(PLAIN)


def vote(name: str, **supposed: Any) -> Simulated:
    return simulate(DOCUMENT, name, Supposed(**supposed))


@pytest.mark.parametrize(("hours", "no", "verdict", "until"), [
    (71, (), "pending", 72 * HOUR), (72, (), "adopted", None), (71, ("bel",), "blocked", None),
])
def test_a_silence_runs_to_its_hour(hours: int, no: tuple[str, ...], verdict: str, until: int | None) -> None:
    """Pending at 71 hours, adopted at 72, and broken by one refusal; the member concerned has no word."""
    found = vote("finding", concerned="ava", no=no, after_ms=hours * HOUR)
    assert (found.verdict, found.until_ms) == (verdict, until)
    assert "ava" not in found.decisive and found.reasons
    assert vote("finding", concerned="ava", no=("ava",), after_ms=72 * HOUR).verdict == "adopted"


def test_who_could_still_turn_it_is_named() -> None:
    """With four in favour and three against of nine, quota six is pending on two; both are needed."""
    found = vote("budget", yes=NINE[:4], no=NINE[4:7])
    assert (found.verdict, found.needed, found.waiting) == ("pending", 2, ["hen", "ibi"])
    assert found.decisive["hen"] == ["no", "abstain"] and "ava" in found.decisive
    lost = vote("budget", yes=NINE[:4], no=NINE[4:8])
    assert (lost.verdict, lost.needed) == ("blocked", None)
    assert lost.decisive == {name: ["yes", "none"] for name in NINE[4:8]}
    won = vote("budget", yes=NINE[:7])
    assert (won.verdict, won.needed, won.decisive) == ("adopted", 0, {})


def test_a_question_lapses() -> None:
    """Ten days are over: what was pending is blocked, and before that the lapse is the next instant."""
    assert vote("budget", yes=NINE[:4], after_ms=9 * DAY).until_ms == 10 * DAY
    found = vote("budget", yes=NINE[:4], after_ms=10 * DAY)
    assert found.verdict == "blocked" and "lapsed" in found.reasons[0] and found.needed == 2


def test_who_is_absent_is_so_for_this_question() -> None:
    """An absentee abstains by this rule: the rest decide, and its own word would still count."""
    visit = {"concerned": "ava", "participants": ("ava", "bel"), "yes": ("ava",)}
    assert vote("visit", **visit).verdict == "pending"
    assert vote("visit", **visit, absent=("bel",)).verdict == "adopted"
    assert vote("visit", **visit, no=("bel",)).verdict == "blocked"
    nobody = vote("visit", concerned="ava", participants=("ava", "bel"), yes=("bel",), absent=("ava",))
    assert nobody.verdict == "blocked" and any("consent" in note for note in nobody.notes)


def test_weights_decide_how_many_more_votes_it_takes() -> None:
    """The two heavy members are enough; the light one adds nothing that they lack."""
    assert vote("weighed").needed == 2 and vote("weighed", yes=("ava", "cor")).needed == 1
    assert vote("weighed", yes=("ava",), no=("bel",)).verdict == "blocked"


def test_what_a_verdict_does_not_say_stands_in_the_notes() -> None:
    """The timelock, the named votes of an epoch, and the appeal are no part of the rule."""
    notes = " ".join(vote("suspend", concerned="ava", yes=NINE[1:6]).notes)
    assert "48 hours" in notes and "5 votes in favour from others; here are 5" in notes
    assert "budget" in " ".join(vote("finding", concerned="ava").notes)


@pytest.mark.parametrize(("name", "supposed", "what"), [
    ("lottery", {}, "expected one of the charter's classes finding, suspend"),
    ("finding", {}, "--concerned"),
    ("visit", {"concerned": "ava"}, "--participants"),
    ("notice", {}, "--proposer"),
    ("budget", {"yes": ("zoe",)}, "expected members of the charter"),
    ("budget", {"yes": ("cell",)}, "expected members of the charter"),
    ("budget", {"yes": ("ava",), "no": ("ava",)}, "ava with two"),
    ("budget", {"yes": ("ava",), "absent": ("ava",)}, "ava with two"),
    ("budget", {"yes": ("jay",)}, "standing suspended and no vote"),
    ("finding", {"concerned": "zoe"}, "expected members of the charter"),
])
def test_an_impossible_vote_is_refused_with_what_is_expected(name: str, supposed: dict[str, Any], what: str) -> None:
    """A name that is misspelt must not count as a vote that was not cast."""
    with pytest.raises(PeerError, match=what) as refusal:
        vote(name, **supposed)
    assert refusal.value.code == "bad-vote"


CHOICE = st.sampled_from(["yes", "no", "abstain", "absent", None])


@given(st.lists(CHOICE, min_size=9, max_size=9), st.sampled_from(["finding", "suspend", "budget", "weighed"]),
       st.integers(0, 100))
def test_the_figures_hold_when_tried(words: list[str | None], name: str, hours: int) -> None:
    """Every other word that a member is said to turn the outcome with does so when the vote is put once more."""

    def outcome(words: list[str | None]) -> Simulated:
        said = {word: tuple(m for m, w in zip(NINE, words, strict=True) if w == word)
                for word in ("yes", "no", "abstain", "absent")}
        return vote(name, **said, concerned="ava", after_ms=hours * HOUR)

    found = outcome(words)
    assert (found.needed == 0) == (found.verdict == "adopted")
    for number, member in enumerate(NINE):
        for choice in ("yes", "no", "abstain"):
            turned = outcome([*words[:number], choice, *words[number + 1:]]).verdict != found.verdict
            assert turned == (choice in found.decisive.get(member, []))
