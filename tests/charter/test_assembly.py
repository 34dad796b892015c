"""The assembly: which of the charter's own messages are lawful, rule by rule, and how decisions come about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.charter import assembly, reduce
from hamsaya.charter.check import require_sound
from hamsaya.charter.history import SKEW, in_effect, record_of
from hamsaya.charter.types import CHARTER
from hamsaya.messages import charter as said
from hamsaya.messages.charter import Contest, Cut, React, Reserve, Resolve, Retract, Sign, Withdraw
from tests.charter.making import (
    MEMBERS,
    PARTIES,
    World,
    agreement,
    amend,
    amended,
    away,
    ballot,
    counted,
    founding,
    give,
    honest_record,
    omitted,
    question,
    replace_body,
    signed_world,
    yes,
)

GROUND = Resolve(ground="finding-7")
OTHERS = ("ava", "bel", "cor", "dun", "fen")


@pytest.fixture
def world() -> World:
    """Everybody has signed everything."""
    return signed_world()


def answered(world: World, sender: str, body: Any, **fields: Any) -> str:
    """Return the code of the answer to what ``sender`` says, with words for people in it."""
    event = world.event(sender, body, fields.get("at"))
    found = world.judge(event, fields.get("proven"))
    assert found.reasons and all(reason.ref and reason.text for reason in found.reasons)
    return found.code


# -- 1. to 5.: what a member says of itself ---------------------------------------------------------------------------


def test_a_signature_names_instruments_of_the_charter() -> None:
    """Rule 1: who signs for an instrument that is not there has signed another text."""
    revision = founding().revision
    world = World()
    assert answered(world, "ava", Sign(document=CHARTER, revision=revision, instruments=["cases"])) == "permitted"
    unknown = Sign(document=CHARTER, revision=revision, instruments=["cases", "nowhere"])
    assert answered(world, "ava", unknown) == "unknown-instrument"


def reserve(clause: str = "C.1", instrument: str = "cases", **fields: Any) -> Reserve:
    return Reserve(instrument=instrument, clause=clause, text="Not for ours.", **fields)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("permitted", reserve()),
        ("permitted", reserve(excludes=["case.ask"])),
        ("unknown-clause", reserve("C.9")),
        ("unknown-clause", reserve(instrument="nowhere")),
        ("unknown-clause", reserve(excludes=["case.answer"])),  # C.1 does not speak of answers.
        ("not-reservable", reserve("C.3")),
        ("predecessor-missing", reserve(withdrawn=True)),
    ],
)
def test_a_reservation_is_of_a_reservable_clause(code: str, body: Reserve) -> None:
    """Rule 2: what may be reserved is agreed in the text."""
    assert answered(World(), "ava", body) == code


def test_a_reservation_comes_no_later_than_the_signature_and_goes_at_any_time() -> None:
    """Rule 2: nobody changes by a reservation what it has signed without one."""
    world = World()
    world.must("ava", reserve())
    world.sign("ava", "bel").later(1)
    assert answered(world, "ava", reserve("C.2")) == "late-reservation"
    assert answered(world, "gil", reserve("C.2")) == "permitted"
    assert answered(world, "ava", reserve(withdrawn=True)) == "permitted"


def test_only_others_answer_a_reservation_that_is_known() -> None:
    """Rule 3."""
    world = World()
    react = React(reserving="ava", instrument="cases", clause="C.1", stance="objected")
    assert answered(world, "bel", react) == "predecessor-missing"
    world.must("ava", reserve())
    assert (answered(world, "bel", react), answered(world, "ava", react)) == ("permitted", "not-yours")


def test_notice_is_given_of_what_was_signed_and_revoked_while_it_runs() -> None:
    """Rule 4, with every refusal."""
    world = World().sign("ava", "bel", instruments=["cases"])
    leave, stay = Withdraw(instrument="cases", text="x"), Withdraw(instrument="cases", text="x", revoked=True)
    assert answered(world, "cor", leave) == "not-bound"
    assert answered(world, "ava", Withdraw(instrument="joint", text="x")) == "not-bound"
    assert answered(world, "ava", stay) == "predecessor-missing"
    world.must("ava", leave)
    assert answered(world, "ava", stay, at=world.now + 90 * DAY - 1) == "permitted"
    assert answered(world, "ava", stay, at=world.now + 90 * DAY) == "no-notice"


def test_who_has_left_is_not_let_in_by_giving_notice_again(world: World) -> None:
    """Rule 4: a second notice would run for another ninety days, with all powers."""
    world.must("ava", Withdraw(instrument="cases", text="We leave."))
    world.later(91 * DAY)
    assert answered(world, "ava", Withdraw(instrument="cases", text="We leave again.")) == "not-bound"


def test_a_link_is_cut_with_another_party_and_needs_nobody(world: World) -> None:
    """Rule 5: at once, before anything is in force too, and by a suspended member."""
    assert answered(World(), "ava", Cut(member="bel", cut=True, reason="technical")) == "permitted"
    assert answered(world, "ava", Cut(member="cell", cut=True, reason="technical")) == "permitted"
    for stranger in ("ava", "zoe"):
        assert answered(world, "ava", Cut(member=stranger, cut=True, reason="technical")) == "unknown-member"
    world.decide("ava", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    assert answered(world, "eld", Cut(member="bel", cut=True, reason="government-decision")) == "permitted"


def test_competent_bodies_are_named_for_instruments_of_the_charter(world: World) -> None:
    """Rule 1 again."""
    body = said.CompetentBody(instrument="nowhere", name="Desk", desk="desk-1")
    assert answered(world, "ava", said.Competent(bodies=[body])) == "unknown-instrument"


# -- 6. proposals -----------------------------------------------------------------------------------------------------

Make = Callable[[World], Any]
PROPOSALS: list[tuple[str, str, Make]] = [
    ("permitted", "ava", lambda w: question("ava", "q", "budget", GROUND)),
    ("permitted", "ava", lambda w: question("ava", "q", "suspend", give("eld", "suspended"))),
    ("permitted", "ava", lambda w: question("ava", "q", "amend", amend(amended(founding().document, title="New")))),
    ("not-yours", "ava", lambda w: question("bel", "q", "budget", GROUND)),
    ("no-vote", "gil", lambda w: question("gil", "q", "budget", GROUND)),
    ("unknown-class", "ava", lambda w: question("ava", "q", "war", GROUND)),
    ("not-conferred", "ava", lambda w: question("ava", "q", "budget", give("eld", "left"))),
    ("not-conferred", "ava", lambda w: question("ava", "q", "suspend", give("eld", "left"))),
    ("not-conferred", "ava", lambda w: question("ava", "q", "budget", amend(founding().document))),
    ("not-conferred", "ava", lambda w: question("ava", "q", "amend", GROUND)),
    ("concerned", "ava", lambda w: question("ava", "q", "suspend", give("eld", "suspended"), concerned="fen")),
    ("concerned", "ava", lambda w: question("ava", "q", "finding", GROUND)),
    ("concerned", "ava", lambda w: question("ava", "q", "visit", GROUND)),
    ("unknown-member", "ava", lambda w: question("ava", "q", "finding", GROUND, concerned="zoe")),
    ("unknown-member", "ava", lambda w: question("ava", "q", "budget", GROUND, participants=["zoe"])),
    ("unknown-instrument", "ava", lambda w: question("ava", "q", "suspend", give("eld", "suspended", "nowhere"))),
    ("unknown-clause", "ava", lambda w: question("ava", "q", "admit", give("eld", "partial", "cases", "C.99"))),
    ("unknown-clause", "ava", lambda w: question("ava", "q", "admit", give("eld", "partial", None, "C.1"))),
    ("permitted", "ava", lambda w: question("ava", "q", "admit", give("eld", "partial", "cases", "C.1"))),
    ("bad-amendment", "ava", lambda w: question("ava", "q", "amend", amend(founding().document))),
    ("bad-amendment", "ava", lambda w: question("ava", "q", "amend", said.Amend(document=b"\x80"))),
    ("predecessor-missing", "ava", lambda w: question("ava", "q", "panel", GROUND, concerned="eld", against="bel/f")),
]


@pytest.mark.parametrize(("code", "sender", "make"), PROPOSALS, ids=[f"{c}-{n}" for n, (c, *_) in enumerate(PROPOSALS)])
def test_a_question_is_put_as_the_rule_says(world: World, code: str, sender: str, make: Make) -> None:
    """Rule 6, with every refusal."""
    assert answered(world, sender, make(world)) == code


def test_an_unsound_amendment_is_no_question() -> None:
    """Rule 6: a charter without anybody's way out is refused before anybody votes on it."""
    world = signed_world()
    trap = amended(founding().document, instruments=founding().document.instruments[1:])
    event = world.event("ava", question("ava", "q", "amend", amend(trap)))
    found = assembly.decide(lambda at: world.situation(at), event, require_sound)
    assert found.code == "bad-amendment"
    with pytest.raises(PeerError):
        require_sound(trap)


def test_an_amendment_is_of_the_text_in_effect(world: World) -> None:
    """Rule 6: once a text has taken effect the next supersedes that one."""
    one = amended(founding().document, title="One")
    world.decide("ava", "one", "amend", amend(one), yes(*MEMBERS))
    world.later(240 * HOUR)
    stale = question("ava", "two", "amend", amend(amended(founding().document, title="Two")))
    assert answered(world, "ava", stale) == "bad-amendment"
    assert answered(world, "ava", question("ava", "two", "amend", amend(amended(one, title="Two")))) == "permitted"


def test_a_reference_names_one_text(world: World) -> None:
    """Rule 6: of two texts under one reference the first known stands; the same text may be put again."""
    world.propose("ava", "q", "budget", GROUND)
    other = question("ava", "q", "budget", Resolve(ground="another"))
    assert answered(world, "ava", other) == "reference-taken"
    assert answered(world, "ava", question("ava", "q", "budget", GROUND)) == "permitted"


# -- 7. votes ---------------------------------------------------------------------------------------------------------


def test_a_vote_is_on_exactly_the_text_known_here(world: World) -> None:
    """Rule 7: nobody's vote is carried over to another text."""
    reference = world.propose("ava", "q", "budget", GROUND)
    vote = ballot(world.state, reference, "yes")
    assert answered(world, "bel", vote) == "permitted"
    assert answered(world, "bel", replace_body(vote, subject=b"\1" * 32)) == "other-proposal"
    assert answered(world, "bel", replace_body(vote, proposal="ava/other")) == "predecessor-missing"


def test_a_member_votes_once(world: World) -> None:
    """Rule 7: a second vote, another one or the same, is refused; the very message again is not."""
    reference = world.propose("ava", "q", "budget", GROUND)
    first = world.must("bel", ballot(world.state, reference, "yes"))
    assert answered(world, "bel", ballot(world.state, reference, "no")) == "voted"
    assert world.judge(first).allowed


def test_a_suspended_member_may_vote_and_is_not_counted(world: World) -> None:
    """Rule 7: it has its say; the electorate decides what counts."""
    world.decide("ava", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    reference = world.later(1).propose("ava", "q", "budget", GROUND)
    world.vote(reference, **yes("ava", "bel", "cor", "eld")).later(10 * DAY)
    assert honest_record(world, reference).verdict == "blocked"


def test_organs_do_not_vote(world: World) -> None:
    """No clause lets them, and if one did the assembly would not."""
    reference = world.propose("ava", "q", "budget", GROUND)
    event = world.event("cell", ballot(world.state, reference, "yes"))
    assert world.judge(event).code == "no-clause"
    assert assembly.decide(lambda at: world.situation(at), event, require_sound).code == "no-vote"


# -- 8. records -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(world: World) -> World:
    """Four members have voted for ava/q, at one minute's distance, and dun against it."""
    world.propose("ava", "q", "budget", GROUND)
    for member in ("ava", "bel", "cor", "fen"):
        world.later(MINUTE).vote("ava/q", **{member: "yes"})
    world.later(MINUTE).vote("ava/q", dun="no")
    return world.later(MINUTE)


def relisted(record: said.Record, index: int, **fields: Any) -> said.Record:
    votes = [msgspec.structs.replace(vote, **fields) if n == index else vote for n, vote in enumerate(record.votes)]
    return replace_body(record, votes=votes)


FALSE: list[tuple[str, Callable[[World, said.Record], said.Record]]] = [
    ("permitted", lambda w, r: r),
    ("predecessor-missing", lambda w, r: replace_body(r, proposal="ava/other")),
    ("other-proposal", lambda w, r: replace_body(r, subject=b"\1" * 32)),
    ("other-proposal", lambda w, r: replace_body(r, votes=[*r.votes, r.votes[0]])),  # One member twice.
    # Whose ballots they are is asked where the keys are; that a vote has not arrived here changes nothing.
    ("permitted", lambda w, r: replace_body(r, votes=[*r.votes, counted("eld", "yes", w.now, b"x" * 16)])),
    ("miscounted", lambda w, r: relisted(r, 0, choice="no")),
    ("permitted", lambda w, r: relisted(r, 0, message=b"x" * 16)),
    ("miscounted", lambda w, r: relisted(r, 4, at=r.opened_at - SKEW)),
    ("miscounted", lambda w, r: replace_body(r, verdict="blocked")),
    ("miscounted", lambda w, r: replace_body(r, votes=r.votes[:3])),  # Three votes adopt nothing.
    ("miscounted", lambda w, r: replace_body(r, opened_at=r.opened_at - SKEW - 1)),
    ("miscounted", lambda w, r: replace_body(r, opened_at=r.closed_at + 1)),
    ("miscounted", lambda w, r: replace_body(r, closed_at=w.now + SKEW + 1, effective_at=w.now + SKEW + 1)),
    ("miscounted", lambda w, r: replace_body(r, effective_at=r.effective_at - 1)),
    ("miscounted", lambda w, r: replace_body(r, effective_at=r.effective_at + 1)),
    ("miscounted", lambda w, r: replace_body(r, closed_at=r.opened_at, effective_at=r.opened_at)),  # Before any vote.
    ("predecessor-missing", lambda w, r: replace_body(r, epoch=1)),
]


@pytest.mark.parametrize(("code", "falsify"), FALSE, ids=[f"{code}-{n}" for n, (code, _) in enumerate(FALSE)])
def test_a_record_is_counted_again_by_everybody(
    ready: World, code: str, falsify: Callable[[World, said.Record], said.Record]
) -> None:
    """Rule 8: a depositary can invent no vote, no time and no outcome."""
    assert answered(ready, "cell", falsify(ready, honest_record(ready, "ava/q"))) == code


def test_only_a_depositary_records(ready: World) -> None:
    """Rule 8: the second in line may, a member may not."""
    record = honest_record(ready, "ava/q")
    assert (answered(ready, "watch", record), answered(ready, "ava", record)) == ("permitted", "not-depositary")


def test_a_record_under_an_epoch_that_is_over_is_refused(world: World) -> None:
    """Rule 8: forged standings; whoever counts by yesterday's membership counts wrong."""
    world.decide("ava", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    reference = world.later(1).propose("ava", "q", "budget", GROUND)
    world.vote(reference, **yes("ava", "bel", "cor", "dun"))
    record = honest_record(world, reference)
    assert answered(world, "cell", replace_body(record, epoch=0)) == "stale-epoch"
    assert answered(world, "cell", replace_body(record, epoch=2)) == "predecessor-missing"
    assert answered(world, "cell", record) == "permitted"


def test_a_change_of_standing_needs_names(world: World) -> None:
    """Rule 8: consensus with all abstaining admits nobody; two must say yes, and the member itself is not one."""
    reference = world.propose("ava", "in", "admit", give("gil", "full"))
    world.vote(reference, ava="yes", bel="abstain", cor="abstain", dun="abstain", eld="abstain", fen="abstain")
    assert answered(world, "cell", honest_record(world, reference)) == "epoch-signatures"
    again = world.propose("ava", "again", "admit", give("gil", "full"))
    world.vote(again, ava="yes", bel="yes", cor="abstain", dun="abstain", eld="abstain", fen="abstain")
    assert answered(world, "cell", honest_record(world, again)) == "permitted"


def test_a_change_of_standing_without_names_lapses(world: World) -> None:
    """Else it would stay open for good, and one late yes would adopt it years on."""
    reference = world.propose("ava", "in", "admit", give("gil", "full"))
    world.vote(reference, **dict.fromkeys(MEMBERS[:5], "abstain")).later(90 * DAY + 1)
    world.vote(reference, fen="yes")
    assert world.record(reference).body.verdict == "blocked"


def test_an_observer_is_admitted_and_votes_from_then_on(world: World) -> None:
    """An admission takes effect after its timelock; the next vote counts the newcomer."""
    world.decide("ava", "in", "admit", give("gil", "full"), yes(*MEMBERS))
    assert (world.standing("gil"), world.standing("gil", at=world.now + 24 * HOUR)) == ("observer", "full")
    world.later(24 * HOUR)
    reference = world.propose("gil", "q", "budget", GROUND)
    world.vote(reference, **yes("ava", "bel", "cor", "gil"))
    assert honest_record(world, reference).verdict == "adopted"


def test_an_expulsion_does_not_ask_the_member_concerned(world: World) -> None:
    """Its no is heard, listed, and blocks nothing; that of any other does."""
    world.decide("ava", "out", "expel", give("eld", "left"), {**yes(*OTHERS), "eld": "no"})
    assert world.verdict("ava/out") == "adopted"
    reference = world.propose("ava", "again", "expel", give("fen", "left"))
    world.vote(reference, ava="yes", bel="yes", cor="no")
    assert honest_record(world, reference).verdict == "blocked"


def test_a_finding_is_adopted_by_silence_of_72_hours_and_not_before(world: World) -> None:
    """Minus the member concerned, whose no does not break the silence."""
    reference = world.propose("ava", "f", "finding", GROUND, concerned="eld")
    world.vote(reference, eld="no").later(72 * HOUR - 1)
    early = honest_record(world, reference)
    assert answered(world, "cell", replace_body(early, verdict="adopted")) == "miscounted"
    assert answered(world, "cell", early) == "miscounted"  # Nor is it blocked: it is open.
    world.later(1)
    assert world.record(reference).body.verdict == "adopted"


def test_any_other_member_breaks_the_silence(world: World) -> None:
    """One no in time, and nothing is found."""
    reference = world.propose("ava", "f", "finding", GROUND, concerned="eld")
    world.later(71 * HOUR).vote(reference, fen="no").later(2 * HOUR)
    assert world.record(reference).body.verdict == "blocked"


def test_a_question_left_undecided_lapses(world: World) -> None:
    """Ten days for a budget: three votes in favour are not four."""
    reference = world.propose("ava", "q", "budget", GROUND)
    world.vote(reference, **yes("ava", "bel", "cor")).later(10 * DAY - 1)
    assert answered(world, "cell", honest_record(world, reference)) == "miscounted"
    world.later(1)
    assert world.record(reference).body.verdict == "blocked"


def test_a_visit_needs_the_vote_of_the_territory(world: World) -> None:
    """I2: silence, abstention or refusal of the member concerned adopts nothing, whatever the others vote."""
    for choice, verdict in (("yes", "adopted"), ("no", "blocked"), ("abstain", "blocked"), (None, "blocked")):
        reference = world.propose("ava", f"v-{choice}", "visit", GROUND, concerned="eld")
        world.vote(reference, **yes(*OTHERS), **({"eld": choice} if choice else {})).later(90 * DAY)
        assert honest_record(world, reference).verdict == verdict


def test_an_amendment_is_adopted_although_an_absent_member_is_silent() -> None:
    """Ten days after which an absent member has agreed; a no within them blocks."""
    for late, verdict in ((False, "pending"), (True, "adopted")):
        world = World(agreement=agreement(away("dun"))).sign(*PARTIES)
        new = amended(away("dun").document, title="New")
        reference = world.propose("ava", "n", "amend", amend(new))
        world.vote(reference, **yes("ava", "bel", "cor", "eld", "fen")).later(10 * DAY - (not late))
        code = answered(world, "cell", replace_body(honest_record(world, reference), verdict="adopted"))
        assert code == ("permitted" if verdict == "adopted" else "miscounted")


# -- appeals ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def found(world: World) -> World:
    """A finding on eld has been adopted and is in effect."""
    world.decide("ava", "f", "finding", GROUND, {}, wait=72 * HOUR, concerned="eld")
    return world.later(24 * HOUR)


APPEALS: list[tuple[str, str, dict[str, Any]]] = [
    ("permitted", "eld", {}),
    ("permitted", "ava", {}),
    ("no-appeal", "bel", {}),
    ("no-appeal", "eld", {"decision": "budget"}),
    ("no-appeal", "eld", {"act": Resolve(ground="another")}),
    ("no-appeal", "eld", {"concerned": "fen"}),
]


@pytest.mark.parametrize(("code", "sender", "fields"), APPEALS)
def test_an_appeal_is_on_the_same_matter_by_those_it_concerns(
    found: World, code: str, sender: str, fields: dict[str, Any]
) -> None:
    """Rule 6: appeals are what the class provides, and do not let others reopen what is decided."""
    asked = {"decision": "panel", "act": GROUND, "concerned": "eld", "against": "ava/f"} | fields
    assert answered(found, sender, question(sender, "appeal", **asked)) == code


@pytest.mark.parametrize(("refusals", "stands"), [(5, False), (4, True)])
def test_an_appeal_by_negative_consensus_takes_the_place_of_the_finding(
    found: World, refusals: int, stands: bool
) -> None:
    """Adopted unless all others refuse: with one that does not, the finding stands again, from the appeal on."""
    reference = found.propose("eld", "appeal", "panel", GROUND, concerned="eld", against="ava/f")
    found.vote(reference, **dict.fromkeys(OTHERS[:refusals], "no")).later(15 * DAY)
    before = {name for _, name, _ in _in_effect(found)}
    found.record(reference)
    after = {name for _, name, _ in _in_effect(found)}
    assert (before, after) == ({"ava/f"}, {"eld/appeal"} if stands else set())


def _in_effect(world: World) -> list[Any]:
    return in_effect(world.state, world.now)


def test_a_suspended_member_may_appeal_its_suspension(world: World) -> None:
    """The right of reply: whom a decision has just taken the vote from is the one it concerns."""
    world.decide("ava", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    world.later(1)
    appeal = question("eld", "appeal", "review", give("eld", "suspended"), against="ava/s")
    assert answered(world, "eld", appeal) == "permitted"
    assert answered(world, "eld", question("eld", "new", "budget", GROUND)) == "no-vote"


# -- 9. and 10.: taking back, contesting ------------------------------------------------------------------------------


def test_a_question_is_taken_back_by_its_proposer_before_it_is_recorded(ready: World) -> None:
    """Rule 9."""
    assert answered(ready, "bel", Retract(proposal="ava/q")) == "not-yours"
    assert answered(ready, "ava", Retract(proposal="ava/other")) == "predecessor-missing"
    assert answered(ready, "ava", Retract(proposal="ava/q")) == "permitted"
    ready.record("ava/q")
    assert answered(ready, "ava", Retract(proposal="ava/q")) == "recorded"


def test_a_record_that_crosses_a_retraction_stands_at_every_node(ready: World) -> None:
    """Else who heard of the retraction first would hold another charter for good."""
    first, second = ready, World(ready.agreement, ready.state, ready.now, [], ready.told)
    record = first.record("ava/q")
    second.must("ava", Retract(proposal="ava/q"))
    assert second.tell(record).allowed
    assert first.verdict("ava/q") == second.verdict("ava/q") == "adopted"


def contest(record: bytes, vote: bytes) -> Contest:
    return Contest(proposal="ava/q", record=record, vote=vote, statement=b"s", receipt=b"r")


def test_a_contest_voids_a_record_and_a_fuller_one_stands(ready: World) -> None:
    """Rule 10: the vote was in the depositary's log; without the record nothing is decided until it counts again."""
    short, message = omitted(ready, "dun")
    record = ready.must("cell", short)
    assert ready.verdict("ava/q") == "adopted"
    proven = ("cell", ready.state.votes["ava/q", "dun"].at)
    ready.must("dun", contest(record.message_id, message), proven=proven)
    assert record_of(ready.state, "ava/q") is None
    assert answered(ready, "ava", Retract(proposal="ava/q")) == "recorded"
    full = ready.later(MINUTE).record("ava/q")
    standing = record_of(ready.state, "ava/q")
    assert standing is not None and standing.message == full.message_id and len(standing.votes) == 5


def test_a_contest_has_to_prove_that_the_vote_was_left_out_in_time(ready: World) -> None:
    """Rule 10, with every refusal: nobody voids a record by saying so."""
    short, message = omitted(ready, "dun")
    record = ready.must("cell", short)
    at = ready.state.votes["ava/q", "dun"].at
    body = contest(record.message_id, message)
    assert answered(ready, "dun", body, proven=("cell", at)) == "permitted"
    assert answered(ready, "dun", body) == "not-omitted"
    assert answered(ready, "dun", body, proven=("watch", at)) == "not-omitted"
    assert answered(ready, "dun", body, proven=("cell", short.closed_at + 1)) == "not-omitted"
    assert answered(ready, "dun", contest(record.message_id, b"x" * 16), proven=("cell", at)) == "not-omitted"
    assert answered(ready, "dun", contest(b"x" * 16, message), proven=("cell", at)) == "predecessor-missing"
    listed = ready.state.votes["ava/q", "ava"]
    own = contest(record.message_id, listed.message)
    assert answered(ready, "ava", own, proven=("cell", listed.at)) == "not-omitted"


def test_a_vote_dated_later_than_the_depositary_had_it_is_as_good_as_left_out(world: World) -> None:
    """A no in time that is listed as too late would adopt by a silence that was broken."""
    reference = world.propose("ava", "f", "finding", GROUND, concerned="eld")
    world.later(HOUR).vote(reference, fen="no").later(73 * HOUR)
    vote = world.state.votes[reference, "fen"]
    late = counted("fen", "no", world.now, vote.message)
    record = world.must("cell", honest_record(world, reference, verdict="adopted", votes=[late]))
    body = Contest(proposal=reference, record=record.message_id, vote=vote.message, statement=b"s", receipt=b"r")
    assert answered(world, "fen", body, proven=("cell", vote.at)) == "permitted"
    assert answered(world, "fen", body, proven=("cell", world.now)) == "not-omitted"


def test_a_contest_comes_within_thirty_days(ready: World) -> None:
    """A proof kept back for a year would undo what everybody has lived by since."""
    short, message = omitted(ready, "dun")
    record = ready.must("cell", short)
    proven = ("cell", ready.state.votes["ava/q", "dun"].at)
    ready.later(30 * DAY)
    assert answered(ready, "dun", contest(record.message_id, message), proven=proven) == "permitted"
    ready.later(1)
    assert answered(ready, "dun", contest(record.message_id, message), proven=proven) == "too-late"


def test_nobody_contests_for_a_vote_that_the_rule_does_not_hear(world: World) -> None:
    """The member concerned does not vote on itself, so leaving its vote out leaves nothing out."""
    reference = world.propose("ava", "s", "suspend", give("eld", "suspended"))
    world.vote(reference, **yes("ava", "bel", "cor"), eld="no")
    short, message = omitted(world, "eld", reference)
    record = world.must("cell", short)
    body = Contest(proposal=reference, record=record.message_id, vote=message, statement=b"s", receipt=b"r")
    proven = ("cell", world.state.votes[reference, "eld"].at)
    assert answered(world, "eld", body, proven=proven) == "not-omitted"


# -- what dishonest parties try ---------------------------------------------------------------------------------------


def test_a_member_puts_so_many_questions_and_no_more(world: World) -> None:
    """Every node keeps every question, an amendment's half a megabyte too; thirty days later there is room again."""
    for number in range(assembly.MOST_PUT):
        world.propose("ava", f"q{number}", "budget", GROUND)
    assert answered(world, "ava", question("ava", "more", "budget", GROUND)) == "too-many"
    assert answered(world, "ava", question("ava", "q0", "budget", GROUND, put_at=world.now)) == "permitted"
    assert answered(world, "bel", question("bel", "q", "budget", GROUND)) == "permitted"
    world.later(30 * DAY)
    assert answered(world, "ava", question("ava", "more", "budget", GROUND)) == "permitted"


def test_a_party_answers_a_reservation_so_often_and_no_more(world: World) -> None:
    """Each answer is an instant at which the situation changes."""
    fresh = signed_world(*(member for member in PARTIES if member != "ava"))
    fresh.must("ava", Reserve(instrument="cases", clause="C.1", text="Not so."))
    body = React(reserving="ava", instrument="cases", clause="C.1", stance="objected")
    for _ in range(assembly.MOST_ANSWERS):
        fresh.later(MINUTE).must("bel", body)
    assert answered(fresh.later(MINUTE), "bel", body) == "too-many"
    assert answered(fresh, "cor", body) == "permitted"


def test_a_depositary_counts_once_until_it_is_proven_wrong(ready: World) -> None:
    """A second count of its own, dated before the first, would otherwise take back what is in effect."""
    record = ready.count("ava/q")
    ready.later(HOUR).must("cell", replace_body(record, closed_at=ready.now, effective_at=ready.now))
    earlier = replace_body(record, opened_at=record.opened_at + 1)
    event = ready.event("cell", earlier, at=record.closed_at)
    assert ready.judge(event).code == "predecessor-missing"
    assert ready.judge(ready.event("watch", earlier, at=record.closed_at)).code == "permitted"


def test_putting_the_same_question_again_moves_no_opening(ready: World) -> None:
    """A proposer must not be able to void a count by dating its question anew."""
    again = World(ready.agreement, ready.state, ready.now, [], ready.told)
    opened_at = again.state.proposals["ava/q"].at
    again.later(HOUR).must("ava", next(event.body for event in ready.log if isinstance(event.body, said.Propose)))
    assert again.state.proposals["ava/q"].at == opened_at
    assert answered(again, "cell", honest_record(again, "ava/q")) == "permitted"


def test_what_is_in_effect_is_not_undone_by_a_later_count() -> None:
    """An absent member's no, a year later, must not bring back whom the others expelled."""
    world = World(agreement=agreement(away("dun"))).sign(*PARTIES)
    reference = world.decide("ava", "out", "expel", give("eld", "left"), yes("ava", "bel", "cor", "fen"))
    world.later(20 * DAY)
    assert world.standing("eld") == "left"
    world.vote(reference, dun="no")
    world.tell(world.event("watch", honest_record(world, reference)))
    assert world.standing("eld") == "left"


def test_a_vote_that_a_node_may_never_get_does_not_keep_the_record_from_it(ready: World) -> None:
    """Who cuts a link, or shows its vote to the depositary alone, must not stop decisions at somebody's node."""
    record = ready.event("cell", honest_record(ready, "ava/q"))
    elsewhere = World(ready.agreement, now=ready.now)
    for event in ready.log:
        if not (event.kind == "charter.vote" and event.sender == "dun"):
            assert elsewhere.tell(event).allowed
    assert elsewhere.tell(record).allowed


def test_two_votes_of_one_member_do_not_keep_a_record_from_anybody(ready: World) -> None:
    """A member that is to be removed must not stop its removal at a node by showing it another vote."""
    record = ready.event("cell", honest_record(ready, "ava/q"))
    elsewhere = World(ready.agreement, now=ready.now, told=1000)
    for event in ready.log:
        if event.kind == "charter.vote" and event.sender == "dun":
            elsewhere.must("dun", ballot(elsewhere.state, "ava/q", "yes"))
        elsewhere.tell(event)
    assert elsewhere.tell(record).code == "permitted"


def test_a_question_put_again_to_somebody_else_splits_no_record(ready: World) -> None:
    """The proposer shows the depositary the question on Monday and fen the same words on Tuesday."""
    record = ready.event("cell", honest_record(ready, "ava/q"))
    elsewhere = signed_world().later(HOUR)
    first = next(event.body for event in ready.log if isinstance(event.body, said.Propose))
    elsewhere.must("ava", first)
    elsewhere.now = max(ready.now, elsewhere.now)
    assert elsewhere.tell(record).code in ("permitted", "predecessor-missing")


def test_a_stand_in_that_has_not_heard_of_a_suspension_splits_no_record(world: World) -> None:
    """Two nodes that end up knowing the same two records must hold the same outcome."""
    suspension = world.propose("ava", "s", "suspend", give("eld", "suspended"))
    world.vote(suspension, **yes("ava", "bel", "cor"))
    known = world.event("cell", honest_record(world, suspension))
    world.later(MINUTE)
    behind = World(world.agreement, world.state, world.now, [], 1000)
    world.tell(known)
    reference = behind.propose("bel", "q", "budget", GROUND)
    behind.vote(reference, **yes("ava", "bel", "cor", "eld"))
    for event in behind.log:
        world.tell(event)
    record = behind.event("watch", honest_record(behind, reference))
    behind.tell(record)
    behind.tell(known)
    world.tell(record)
    assert world.verdict(reference) == behind.verdict(reference)


def test_a_replayed_message_of_an_assembly_changes_nothing(ready: World) -> None:
    """The same bytes twice fold to the same state."""
    ready.record("ava/q")
    before = reduce.snapshot(ready.state)
    for event in ready.log:
        ready.state = reduce.apply(ready.state, event)
    assert reduce.snapshot(ready.state) == before
