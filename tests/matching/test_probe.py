"""Who may ask about what, how often: each rule of the table, the budgets, and the attacks on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from hamsaya.base.instants import DAY
from hamsaya.matching import probe as rules
from hamsaya.matching.audit import draw, named, population
from hamsaya.matching.probe import PER_CASE, PER_DAY, spent
from hamsaya.matching.types import (
    EMPTY_MATCHES,
    Audit,
    Confirm,
    MatchState,
    Notice,
    Opening,
    Openings,
    Pick,
    Probe,
    ProbeAnswer,
    ProbeDecline,
    ProbeLapse,
)
from hamsaya.messages.charter import Sign
from hamsaya.messages.event import Event
from tests.matching.scene import BUILT, FACTS, NOTICED, T0, blank, chance, judged, phone, play, say

EVERYTHING = replace(FACTS, case_budget=100)
ASKED = play(say("ava", blank(3, "P-1")), state=NOTICED)


def notice(epoch: int, mark: str = "") -> Notice:
    public, edition = chance(f"key {epoch} {mark}")(32), chance(f"edition {epoch} {mark}")(16)
    return changed(BUILT.notice, epoch=epoch, public=public, edition=edition)


def answer(inputs: int = 3, ref: str = "P-1") -> ProbeAnswer:
    draw_bytes = chance("answer " + ref)
    return ProbeAnswer(probe=ref, evaluated=[draw_bytes(32) for _ in range(inputs)], proof=bytes(64))


def code(state: MatchState, event: Event, facts: rules.Facts = FACTS) -> str:
    return judged(state, event, facts).code


# -- notices ------------------------------------------------------------------------------------------------


def test_epochs_follow_one_another() -> None:
    """A gap would leave a set nobody has seen; a step back would revive an old key."""
    state = play(say("bel", notice(3)), say("bel", notice(4)))
    assert state.current["bel"] == 4
    assert code(state, say("bel", notice(6))) == code(state, say("bel", notice(3))) == "wrong-epoch"
    assert code(state, say("ava", notice(9))) == "permitted"


def test_an_epoch_has_one_key() -> None:
    """A second key for the same epoch would let a responder tell queriers apart."""
    state = play(say("bel", notice(3)))
    assert code(state, say("bel", notice(3, "other"))) == "epoch-key-changed"
    assert code(state, say("bel", changed(notice(3), edition=b"n" * 16, size=2048))) == "permitted"
    assert code(state, say("bel", notice(3))) == "edition-reused"


def test_of_two_editions_the_later_stands_in_whatever_order_they_came() -> None:
    """Messages overtake one another; whoever kept the earlier edition would ask for a set its owner has dropped."""
    first, second = say("bel", notice(3)), say("bel", changed(notice(3), edition=b"n" * 16, size=2048), at=5)
    assert rules.snapshot(play(first, second)) == rules.snapshot(play(second, first))
    assert play(second, first).notices["bel", 3].notice.edition == b"n" * 16


def test_a_key_serves_one_epoch() -> None:
    """Under one key the sets of two epochs could be compared entry by entry."""
    state = play(say("bel", notice(3)))
    assert code(state, say("bel", changed(notice(4), public=notice(3).public))) == "key-reused"


# -- probes -------------------------------------------------------------------------------------------------


def test_a_probe_within_the_rules_is_permitted_and_counted() -> None:
    """The plain case: what is spent stands in the state of everybody who saw the probe."""
    assert spent(ASKED, "bel", "ava", "C-1", say("ava", blank(1, "x")).issued_at) == (3, 3)
    assert spent(ASKED, "ava", "bel", "C-1", say("ava", blank(1, "x")).issued_at) == (0, 0)


def test_a_probe_without_an_open_case_is_refused() -> None:
    """The attack of that name: no case, a case unknown or closed, a case of others."""
    assert code(NOTICED, say("ava", blank(1, "P-1"), case=None)) == "case-required"
    assert code(NOTICED, say("ava", blank(1, "P-1")), replace(FACTS, case_open=False)) == "case-not-open"
    assert code(NOTICED, say("ava", blank(1, "P-1")), rules.Facts()) == "case-not-open"
    for people in ({"ava", "cor"}, {"bel", "cor"}, set()):
        facts = replace(FACTS, participants=frozenset(people))
        assert code(NOTICED, say("ava", blank(1, "P-1")), facts) == "not-a-participant"
    assert code(NOTICED, say("bel", blank(1, "P-1"))) == "not-a-participant"


def test_a_probe_names_the_current_epoch_or_the_one_before() -> None:
    """Whoever fetched the last set in the night may still use it; older keys are gone."""
    state = play(say("bel", notice(1)), say("bel", notice(2)), say("bel", notice(3)))
    codes = [code(state, say("ava", blank(1, "P-1", epoch, notice(epoch).public))) for epoch in (1, 2, 3, 4)]
    assert codes == ["wrong-epoch", "permitted", "permitted", "predecessor-missing"]
    assert code(EMPTY_MATCHES, say("ava", blank(1, "P-1"))) == "predecessor-missing"
    assert code(play(say("bel", notice(3))), say("ava", blank(1, "P-1", 2))) == "wrong-epoch"


def test_a_probe_under_another_key_is_refused_wherever_it_arrives() -> None:
    """Whoever was given a key of its own says so with its first probe, to the responder and to oversight."""
    assert code(NOTICED, say("ava", blank(1, "P-1", public=notice(1).public))) == "wrong-key"


def test_everybody_concerned_is_told_and_nobody_else() -> None:
    """A probe that oversight does not receive cannot be audited; one that others receive says who is asked about."""
    codes = {told: code(NOTICED, say("ava", blank(1, "P-1"), to=told)) for told in (
        ("bel",), ("watch",), ("bel", "watch", "cor"), ("bel", "watch"))}
    assert list(codes.values()) == ["oversight-missing", "recipient-missing", "recipient-outside", "permitted"]
    assert code(ASKED, say("bel", answer(), to=("ava",))) == "oversight-missing"
    assert code(ASKED, say("bel", BUILT.notice, to=("ava",))) == "oversight-missing"
    assert code(NOTICED, say("ava", blank(1, "P-1")), replace(FACTS, overseers=frozenset())) == "oversight-missing"


def test_oversight_judges_what_it_can_see() -> None:
    """It is told of no case: budgets, epochs and keys it counts all the same."""
    watching = replace(FACTS, case_open=None, participants=frozenset())
    assert code(NOTICED, say("ava", blank(3, "P-1")), watching) == "permitted"
    assert code(NOTICED, say("ava", blank(21, "P-1")), watching) == "over-budget"
    assert code(NOTICED, say("ava", blank(3, "P-1"), case=None), watching) == "case-required"
    state = play(say("bel", notice(1)), say("bel", notice(2)), say("bel", notice(3)))
    overtaken = say("ava", blank(1, "P-1", 1, notice(1).public))
    assert code(state, overtaken, watching) == "permitted", "the owner may have had it in time, and answers it"
    assert code(state, overtaken) == "wrong-epoch"


# -- confirmation ---------------------------------------------------------------------------------------------


def test_a_hit_is_confirmed_once_on_a_request() -> None:
    """By the member asked, for one of the inputs, after the answer, on a question that the asker has put."""
    told, state = ("ava", "watch"), play(say("bel", answer()), state=ASKED)
    confirm = Confirm(probe="P-1", place=1, request="R-1", outcome="not-confirmed", officer="desk-3")
    put = replace(FACTS, asked=True)
    assert code(state, say("bel", confirm, to=told)) == "predecessor-missing"
    assert code(ASKED, say("bel", confirm, to=told), put) == "predecessor-missing"
    assert code(state, say("bel", changed(confirm, place=3), to=told), put) == "batch"
    assert code(state, say("cor", confirm, to=told), put) == "wrong-role"
    done = play(say("bel", confirm, to=told), state=state, facts=put)
    assert [(each.place, each.outcome) for each in done.probes["ava", "P-1"].confirmed] == [(1, "not-confirmed")]
    assert code(done, say("bel", changed(confirm, outcome="confirmed"), to=told), put) == "illegal-transition"


def spoilt(probe: Probe) -> dict[str, tuple[Probe, str]]:
    return {
        "no input": (changed(probe, elements=[], commitments=[]), "batch"),
        "a commitment too few": (changed(probe, commitments=probe.commitments[1:]), "batch"),
        "more than a batch": (changed(blank(101, "P-2")), "batch"),
        "an element twice": (changed(probe, elements=[probe.elements[0]] * 2), "repeated-input"),
        "a commitment twice": (changed(probe, commitments=[probe.commitments[0]] * 2), "repeated-input"),
        "a reference taken": (changed(blank(2, "P-1")), "already-exists"),
    }


@pytest.mark.parametrize("name", spoilt(blank(2, "P-2")))
def test_a_spoilt_batch_is_refused(name: str) -> None:
    """Uncommitted inputs could not be audited; repeated ones could be counted once."""
    probe, expected = spoilt(blank(2, "P-2"))[name]
    assert code(ASKED, say("ava", probe), replace(FACTS, case_budget=1000)) == expected


def test_over_budget_in_a_case_is_refused() -> None:
    """The attack of that name: 20 inputs a case, in one probe or in many, until two persons raise it."""
    state = play(say("ava", blank(18, "P-2")), state=NOTICED)
    assert code(state, say("ava", blank(3, "P-3"))) == "over-budget"
    assert code(state, say("ava", blank(2, "P-3"))) == "permitted"
    assert code(NOTICED, say("ava", blank(PER_CASE + 1, "P-3"))) == "over-budget"
    assert code(state, say("ava", blank(2, "P-3"), case="C-2")) == "permitted"
    assert code(state, say("ava", blank(3, "P-3")), EVERYTHING) == "permitted"
    assert code(state, say("ava", blank(83, "P-3")), replace(FACTS, case_budget=10_000)) == "over-budget"


def test_over_budget_on_a_day_is_refused() -> None:
    """The attack of that name, spread over many cases: 500 inputs a day, whatever they are about."""
    state = NOTICED
    for number in range(25):
        state = play(say("ava", blank(20, f"P-{number}"), at=number, case=f"C-{number}"), state=state)
    assert code(state, say("ava", blank(1, "P-x"), at=DAY - 1, case="C-x")) == "over-budget"
    assert code(state, say("ava", blank(1, "P-x"), at=DAY, case="C-x")) == "permitted"


def test_a_declined_probe_has_been_spent() -> None:
    """Otherwise asking until one is answered would cost nothing."""
    state = play(say("bel", ProbeDecline(probe="P-1", code="national-law", officer="desk-3")), state=ASKED)
    assert state.probes["ava", "P-1"].code == "national-law"
    assert spent(state, "bel", "ava", "C-1", say("ava", blank(1, "x")).issued_at) == (3, 3)


def test_fishing_by_enumeration_is_bounded() -> None:
    """The attack of that name: walking through a country's numbers in as many cases and days as one likes."""
    state, asked, days = NOTICED, 0, 3
    for day in range(days):
        for number in range(60):
            event = say("ava", blank(20, f"P-{day}-{number}"), at=day * DAY + number, case=f"C-{day}-{number}")
            if judged(state, event).allowed:
                state, asked = rules.apply(state, event), asked + 20
    assert asked == days * PER_DAY == sum(spent(state, "bel", "ava", "", T0 + day * DAY)[1] for day in range(days))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(1, 25), st.integers(0, 2 * DAY)),
                max_size=60))
@settings(max_examples=60)
def test_no_history_gets_beyond_the_budgets(history: list[tuple[str, int, int, int]]) -> None:
    """Whatever is asked, in any order of dates: no case beyond 20, and what is counted is what was asked."""
    facts = replace(FACTS, participants=frozenset({"ava", "abe", "bel"}))
    state, admitted = NOTICED, []
    for number, (who, case, inputs, at) in enumerate(history):
        sender = {"a": "ava", "b": "abe"}[who]
        event = say(sender, blank(inputs, f"P-{number}"), at=at, case=f"C-{case}")
        if judged(state, event, facts).allowed:
            state = rules.apply(state, event)
            admitted.append((sender, f"C-{case}", inputs))
    for sender, case in {(sender, case) for sender, case, _ in admitted}:
        total = sum(inputs for who, where, inputs in admitted if (who, where) == (sender, case))
        assert total == spent(state, "bel", sender, case, 0)[0] <= PER_CASE
    days = [spent(state, "bel", sender, "", T0 + day * DAY)[1] for sender in ("ava", "abe") for day in range(3)]
    assert sum(days) == sum(inputs for *_, inputs in admitted)


# -- answers ------------------------------------------------------------------------------------------------


def test_a_probe_is_answered_once_by_the_member_asked() -> None:
    """Nobody else can, and an answer stays what it was."""
    state = play(say("bel", answer()), state=ASKED)
    assert state.probes["ava", "P-1"].status == "answered"
    assert code(state, say("bel", answer())) == "illegal-transition"
    declined = ProbeDecline(probe="P-1", code="national-law", officer="desk-3")
    assert code(state, say("bel", declined)) == "illegal-transition"
    assert code(ASKED, say("cor", answer())) == "wrong-role"
    assert code(ASKED, say("bel", answer(), case="C-2")) == "wrong-role"
    assert code(ASKED, say("bel", answer(ref="P-9"))) == "predecessor-missing"
    assert code(ASKED, say("bel", answer(2))) == "batch"


def test_an_earlier_date_gains_nothing() -> None:
    """A querier that dates its probes back into spent-free days meets the responder's own clock at the answer."""
    state = NOTICED
    for number in range(26):
        ref = f"P-{number}"
        probe = say("ava", blank(20, ref), at=-(number % 3) * DAY, case=f"C-{number}")
        state = play(probe, state=state)
        reply = say("bel", answer(20, ref), at=number, case=f"C-{number}")
        if number < 25:
            state = play(reply, state=state)
    assert code(state, reply) == "over-budget"
    assert code(state, say("bel", ProbeLapse(probe="P-25", code="over-budget"), case="C-25")) == "permitted"
    assert code(state, replace(reply, issued_at=reply.issued_at + DAY)) == "permitted"


# -- audits -------------------------------------------------------------------------------------------------


def audit(state: MatchState, count: int = 2, seed: bytes = b"s" * 32) -> Audit:
    at = say("ava", blank(1, "x")).issued_at
    everything = population(state, "ava", at, at)
    return Audit(audit="A-1", of="ava", first=at, last=at, seed=seed, checkpoints=[b"a", b"b"], inputs=len(everything),
                 population=named(everything), picks=list(draw(seed, everything, count)))


def opened(picks: list[Pick]) -> Openings:
    return Openings(audit="A-1", openings=[
        Opening(pick=pick, identifier=phone(0), salt=bytes(32), blind=bytes(64)) for pick in picks])


def test_an_overseer_draws_and_the_member_opens() -> None:
    """The plain case; what the openings prove is found afterwards, so that a bad one stays on record."""
    asked = audit(ASKED)
    state = play(say("watch", asked, at=1), say("ava", opened(asked.picks), at=2), state=ASKED)
    assert state.audits["watch", "A-1"].status == "opened"
    assert code(state, say("ava", opened(asked.picks), at=3)) == "illegal-transition"
    assert code(state, say("watch", asked, at=3)) == "already-exists"


def test_nobody_chooses_the_sample() -> None:
    """Picks other than the seed's, or of probes outside the period, are no audit."""
    asked = audit(ASKED)
    others = [changed(asked, picks=asked.picks[::-1]), changed(asked, seed=b"t" * 32),
              changed(asked, picks=[*asked.picks, Pick(probe="P-9", place=0)])]
    assert {code(ASKED, say("watch", each, at=1)) for each in others} == {"wrong-sample"}
    lists = [changed(asked, first=0, last=1), changed(asked, population=bytes(32)),
             changed(asked, inputs=asked.inputs + 1)]
    assert {code(ASKED, say("watch", each, at=1)) for each in lists} == {"other-population"}
    assert code(ASKED, say("watch", asked)) == "wrong-period"
    assert code(ASKED, say("ava", asked, at=1)) == code(ASKED, say("bel", asked, at=1)) == "wrong-role"
    assert code(ASKED, say("watch", changed(asked, of="watch"), at=1)) == "wrong-role"


def test_every_pick_is_opened_and_no_other() -> None:
    """Leaving one out must show as a refusal, not as a shorter list."""
    asked = audit(ASKED)
    state = play(say("watch", asked, at=1), state=ASKED)
    for picks in (asked.picks[:1], asked.picks[::-1], [*asked.picks, asked.picks[0]]):
        assert code(state, say("ava", opened(picks), at=2)) == "wrong-sample"
    assert code(state, say("bel", opened(asked.picks), at=2)) == "wrong-role"
    assert code(ASKED, say("ava", opened(asked.picks), at=2)) == "predecessor-missing"


def test_another_kind_of_message_has_no_place_here() -> None:
    """Closed by default; and the fold leaves alone what it does not know."""
    stranger = say("ava", Sign(document="charter", revision=bytes(16)))
    assert code(ASKED, stranger) == "illegal-transition"
    assert rules.apply(ASKED, stranger) == ASKED
