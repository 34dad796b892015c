"""Who stands where at an instant: entry into force, standings, leaving, cut links, amendments by time alone."""

from __future__ import annotations

import pytest

from hamsaya.base.instants import DAY, HOUR
from hamsaya.charter import views
from hamsaya.charter.history import END_OF_TIME, SKEW, amendments
from hamsaya.charter.types import CHARTER, revision
from hamsaya.messages.charter import Competent, CompetentBody, Cut, Resolve, Withdraw
from tests.charter.making import (
    MEMBERS,
    START,
    World,
    amend,
    amended,
    founding,
    give,
    honest_record,
    replace_document,
    signed_world,
    yes,
)


@pytest.fixture
def world() -> World:
    """Everybody has signed everything."""
    return signed_world()


# -- entry into force -------------------------------------------------------------------------------------------------


def test_an_instrument_enters_with_its_count_and_not_one_signature_before() -> None:
    """Four of six for the founding, two for the cases: each instrument has its own count."""
    world = World()
    for number, member in enumerate(MEMBERS, 1):
        world.sign(member)
        assert ("founding" in world.situation().entered, "cases" in world.situation().entered) == (
            number >= 4, number >= 2)


def test_entry_waits_for_the_required_member_and_the_delay() -> None:
    """Areas ask for ava and thirty days; a count without her, or a day too few, is no entry."""
    without = World().sign("bel", "cor", "dun", "eld", "fen").later(60 * DAY)
    assert "areas" not in without.situation().entered
    without.sign("ava")
    enters = without.now + 30 * DAY - SKEW
    assert "areas" not in without.situation(enters - 1).entered and "areas" in without.situation(enters).entered


def test_a_sunset_ends_it_to_the_millisecond(world: World) -> None:
    """400 days from entry; expired is said, and is not the same as never entered."""
    ends = START + (30 + 400) * DAY - SKEW
    assert "areas" in world.situation(ends - 1).entered and "areas" not in world.situation(ends - 1).expired
    assert "areas" not in world.situation(ends).entered and "areas" in world.situation(ends).expired


def test_what_an_instrument_requires_must_be_in_force_too() -> None:
    """Areas require findings; who signs areas alone brings neither into force."""
    world = World().sign("ava", "bel", instruments=["areas"]).later(31 * DAY)
    assert world.situation().entered == frozenset()
    world.sign("cor", "dun", instruments=["findings"])
    assert world.situation().entered == {"areas", "findings"}


def test_a_draft_never_enters(world: World) -> None:
    """Everybody has signed all instruments, and it gives nothing for that."""
    assert "draft.union" not in world.situation(START + 1000 * DAY).entered


def test_a_member_may_sign_some_instruments_only() -> None:
    """Variable geometry: bound is said for each member and instrument."""
    world = World().sign("ava", instruments=["cases"]).sign("bel")
    bound = world.situation().bound
    assert ("ava", "cases") in bound and ("ava", "joint") not in bound and ("bel", "joint") in bound


def test_an_instrument_signed_later_is_not_signed_since_the_first() -> None:
    """Who signs the areas a year after the rest begins their thirty days then."""
    world = World().sign("ava", "bel", instruments=["findings", "founding"]).later(365 * DAY)
    world.sign("ava", "bel", instruments=["areas"])
    assert "areas" not in world.situation(world.now + DAY).entered


# -- standings --------------------------------------------------------------------------------------------------------


def test_decisions_change_standings_in_the_order_of_effect(world: World) -> None:
    """Suspended, and full again by a later decision; each holds from its effect and says nothing of before."""
    world.decide("ava", "out", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    first = world.now
    world.later(DAY).decide("ava", "in", "suspend", give("eld", "full"), yes("ava", "bel", "cor"))
    assert [world.standing("eld", at=at) for at in (first - 1, first, world.now - 1, world.now)] == [
        "full", "suspended", "suspended", "full"]


def test_a_decision_takes_effect_when_its_timelock_is_over(world: World) -> None:
    """72 hours for an expulsion: nothing before, and no message is needed then."""
    world.decide("ava", "out", "expel", give("eld", "left"), yes("ava", "bel", "cor", "dun", "fen"))
    assert world.standing("eld", at=world.now + 72 * HOUR - 1) == "full"
    assert world.standing("eld", at=world.now + 72 * HOUR) == "left"


def test_a_standing_under_one_instrument_is_of_that_one_alone(world: World) -> None:
    """And a later decision in general takes the place of what was decided for one."""
    world.decide("ava", "a", "suspend", give("eld", "suspended", "cases"), yes("ava", "bel", "cor"))
    assert (world.standing("eld"), world.standing("eld", "cases")) == ("full", "suspended")
    world.later(1).decide("ava", "b", "suspend", give("eld", "full"), yes("ava", "bel", "cor"))
    assert (world.standing("eld"), world.standing("eld", "cases")) == ("full", "full")


def test_the_epoch_counts_changes_of_standing_in_effect(world: World) -> None:
    """A budget changes nobody's standing, a suspension does, a change not yet in effect does not yet."""
    world.decide("ava", "b", "budget", Resolve(ground="b"), yes("ava", "bel", "cor", "dun"))
    assert world.situation().epoch == 0
    world.decide("ava", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    world.decide("ava", "x", "expel", give("eld", "left"), yes("ava", "bel", "cor", "dun", "fen"))
    assert (world.situation().epoch, world.situation(world.now + 72 * HOUR).epoch) == (1, 2)


def test_a_stranger_has_left() -> None:
    """Closed by default: who is no party holds no standing."""
    assert World().standing("zoe") == "left"


# -- leaving ----------------------------------------------------------------------------------------------------------


def test_a_notice_runs_takes_effect_and_winds_down(world: World) -> None:
    """90 days of notice, then 30 of winding down, then nothing; other instruments are not touched."""
    world.must("ava", Withdraw(instrument="cases", text="We leave."))
    left, over = world.now + 90 * DAY, world.now + 120 * DAY
    assert world.standing("ava", "cases", left - 1) == "full"
    assert world.standing("ava", "cases", left) == "left" and ("ava", "cases") in world.situation(left).winding
    assert ("ava", "cases") in world.situation(over - 1).winding
    assert ("ava", "cases") not in world.situation(over).winding and world.standing("ava", "cases", over) == "left"
    assert world.standing("ava", "joint", over) == "full"


def test_a_notice_gives_who_is_put_out_no_wind_down(world: World) -> None:
    """Else a member that sees its expulsion coming would keep the wind-down's clauses by giving notice first."""
    world.must("eld", Withdraw(instrument="cases", text="We go."))
    world.decide("ava", "out", "expel", give("eld", "left"), yes("ava", "bel", "cor", "dun", "fen"))
    world.later(91 * DAY)
    assert world.standing("eld", "cases") == "left"
    assert ("eld", "cases") not in world.situation().winding


def test_a_dropped_instrument_that_comes_back_is_signed_anew(world: World) -> None:
    """Under the same id may stand another text: who signed the first has not signed that."""
    base = founding().document
    without = amended(base, instruments=tuple(one for one in base.instruments if one.id != "joint"))
    again = replace_document(without, instruments=base.instruments, supersedes=revision(without).hex(),
                             dated="2026-07-01")
    for number, text in enumerate((without, again)):
        world.decide("ava", f"n{number}", "amend", amend(text), yes(*MEMBERS))
        world.later(240 * HOUR)
    situation = world.situation()
    assert situation.compiled.revision == revision(again)
    assert ("eld", "cases") in situation.bound and ("eld", "joint") not in situation.bound
    world.sign("eld", instruments=["joint"])
    assert ("eld", "joint") in world.situation().bound


def test_a_revoked_notice_never_took_effect(world: World) -> None:
    """Taken back while it runs, it leaves no trace."""
    world.must("ava", Withdraw(instrument="cases", text="We leave."))
    world.later(80 * DAY).must("ava", Withdraw(instrument="cases", text="We stay.", revoked=True))
    assert world.standing("ava", "cases", world.now + 100 * DAY) == "full"


def test_who_has_left_comes_back_by_a_decision_that_names_the_instrument(world: World) -> None:
    """A general decision about something else does not bind it again against its will."""
    world.must("eld", Withdraw(instrument="cases", text="We leave."))
    world.later(91 * DAY)
    world.decide("ava", "a", "suspend", give("eld", "full"), yes("ava", "bel", "cor"))
    assert world.standing("eld", "cases") == "left"
    world.later(1).decide("ava", "b", "suspend", give("eld", "full", "cases"), yes("ava", "bel", "cor"))
    assert world.standing("eld", "cases") == "full" and world.standing("eld", "cases", world.now - 1) == "left"


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_link_is_cut_at_once_and_joined_only_by_who_cut_it(world: World) -> None:
    """Both may cut: then both must join again."""
    pair = frozenset(("ava", "bel"))
    world.must("ava", Cut(member="bel", cut=True, reason="technical"))
    assert set(world.situation().cuts) == {pair} and not world.situation(world.now - 1).cuts
    world.later(HOUR).must("bel", Cut(member="ava", cut=True, reason="government-decision"))
    world.later(HOUR).must("ava", Cut(member="bel", cut=False, reason="technical"))
    assert world.situation().cuts == {pair: "bel"}
    world.later(HOUR).must("bel", Cut(member="ava", cut=False, reason="technical"))
    assert not world.situation().cuts


# -- amendments -------------------------------------------------------------------------------------------------------


def test_an_amendment_takes_effect_by_time_alone_and_signatures_carry_over(world: World) -> None:
    """240 hours after the record the new text counts, for everybody who had signed the old one."""
    new = amended(founding().document, title="A charter of nowhere, amended")
    world.decide("ava", "new", "amend", amend(new), yes(*MEMBERS))
    effect = world.now + 240 * HOUR
    before, after = world.situation(effect - 1), world.situation(effect)
    assert before.compiled.revision == founding().revision and after.compiled.document == new
    assert before.until == effect == after.since
    assert after.entered == before.entered and after.bound == before.bound
    assert world.agreement.knows_revision(world.state, after.compiled.revision[:16])
    following = world.agreement.following(world.state, effect)
    assert following.documents[CHARTER] == after.compiled.revision
    assert world.agreement.following(world.state, effect - 1) is world.agreement


def test_of_two_amendments_of_one_text_the_first_in_effect_wins(world: World) -> None:
    """The other supersedes a text that is not in effect any more, and so takes the place of nothing."""
    one, two = (amended(founding().document, title=title) for title in ("One", "Two"))
    second = world.propose("bel", "two", "amend", amend(two))
    world.decide("ava", "one", "amend", amend(one), yes(*MEMBERS))
    world.vote(second, **yes(*MEMBERS)).later(1).record(second)
    found = amendments(world.state, founding().revision)
    assert [document.title for _, document, _ in found] == ["One"]
    assert world.situation(world.now + 300 * HOUR).compiled.document.title == "One"


def test_an_amendment_of_the_amended_text_follows(world: World) -> None:
    """Versions form one line, each in the place of the one before."""
    one = amended(founding().document, title="One")
    world.decide("ava", "one", "amend", amend(one), yes(*MEMBERS))
    world.later(241 * HOUR)
    world.decide("ava", "two", "amend", amend(amended(one, title="Two")), yes(*MEMBERS))
    world.later(241 * HOUR)
    assert world.situation().compiled.document.title == "Two"
    assert ("ava", "cases") in world.situation().bound


# -- spans, views -----------------------------------------------------------------------------------------------------


def test_a_situation_says_how_long_it_holds(world: World) -> None:
    """What is remembered for a span must be true of all of it: each edge of a long history changes something."""
    world.must("ava", Withdraw(instrument="cases", text="We leave."))
    world.must("bel", Cut(member="cor", cut=True, reason="technical"))
    world.later(DAY).decide("ava", "x", "expel", give("eld", "left"), yes("ava", "bel", "cor", "dun", "fen"))
    at, spans = 0, 0
    while at < END_OF_TIME:
        found = world.situation(at)
        assert found.since <= at < found.until
        at, spans = found.until, spans + 1
    assert spans == 8  # Signed; withdrawn and cut; recorded; expelled; areas enter; left; wound down; areas' sunset.


def test_competent_bodies_are_due_in_sixty_days(world: World) -> None:
    """As in the databank agreement: who has signed names the offices that act for it."""
    due = {each.member: each for each in views.competent(world.situation(), START + 60 * DAY)}
    assert due["ava"].due == START + 60 * DAY and not due["ava"].overdue
    assert views.competent(world.situation(), START + 60 * DAY + 1)[0].overdue
    world.must("ava", Competent(bodies=[CompetentBody(instrument="cases", name="Desk of ava", desk="desk-1")]))
    named = {each.member: each for each in views.competent(world.situation(), START + 90 * DAY)}
    assert (named["ava"].due, named["ava"].bodies[0]["desk"], named["bel"].overdue) == (None, "desk-1", True)
    assert named["cell"].due is None  # An organ names nobody.


def test_the_views_show_standings_links_and_notices(world: World) -> None:
    """What a person reads is what the rules decide by."""
    world.must("ava", Withdraw(instrument="cases", text="We leave."))
    world.must("bel", Cut(member="cor", cut=True, reason="technical"))
    shown = {each.member: each for each in views.standings(world.situation(), world.now)}
    assert shown["ava"].leaves == {"cases": world.now + 90 * DAY}
    assert (shown["bel"].cut_with, shown["cor"].cut_with, shown["dun"].cut_with) == (["cor"], ["bel"], [])
    assert "cases" in shown["dun"].signed and shown["watch"].cut_with == []


def test_the_view_of_a_question_follows_its_life(world: World) -> None:
    """open, to-record, queued, in-effect, appealed: in the words of the console."""
    def status(name: str) -> str:
        return next(p.status for p in views.proposals(world.situation(), world.now) if p.proposal == name)

    reference = world.propose("ava", "f", "finding", _ground(), concerned="eld")
    assert status(reference) == "open"
    world.later(72 * HOUR)
    assert status(reference) == "to-record"
    world.record(reference)
    assert status(reference) == "queued"
    world.later(24 * HOUR)
    assert status(reference) == "in-effect"
    appeal = world.propose("eld", "appeal", "panel", _ground(), concerned="eld", against=reference)
    world.vote(appeal, **dict.fromkeys(("ava", "bel", "cor", "dun", "fen"), "no")).record(appeal)
    assert (status(reference), status(appeal)) == ("appealed", "blocked")


def _ground() -> Resolve:
    return Resolve(ground="finding-7")


def test_signing_the_same_text_twice_changes_nothing(world: World) -> None:
    """Nodes sign again at a new start; entry into force does not move."""
    before = world.situation()
    world.later(DAY).sign("ava")
    assert world.situation().entered == before.entered and world.situation(START).bound == before.bound


def test_the_record_of_a_past_instant_is_of_that_instant(world: World) -> None:
    """The electorate of a vote is the one at its opening, whatever has been decided since."""
    reference = world.propose("ava", "q", "budget", _ground())
    world.later(1).decide("bel", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    world.later(1).vote(reference, **yes("ava", "bel", "cor", "eld"))
    assert honest_record(world, reference).verdict == "adopted"
    assert world.record(reference).body.verdict == "adopted"
