"""What is to be given back when a party leaves, told over the whole of its notice and wind-down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY, HOUR
from hamsaya.messages.cases import Ask, Open, Purge, Revoke
from hamsaya.messages.charter import CastVote, Propose, SetStanding, Withdraw
from hamsaya.messages.compliance import Commit, Seat
from hamsaya.messages.kinds import Body, kind_of
from hamsaya.messages.linkage import Tranche
from hamsaya.node.assembly import records_due
from hamsaya.node.recipients import everybody
from hamsaya.node.send import Draft
from hamsaya.node.winddown import WindDownView, wind_downs
from tests.node.making import answer, clone
from tests.support.federation import Federation, make_federation, small_pack

FOUR = ("pk", "ir", "uz", "kz")
"""The last counts votes."""
NOTICE, WIND_DOWN = 9 * DAY, 8 * DAY
"""Days enough to tell apart, and few enough for the sealing keys that each party has published."""
CASE = "X-1"


@pytest.fixture(scope="module")
def shared() -> Federation:
    """Four parties; the first has asked the second, which answered it and a third; tests work on clones."""
    pack = small_pack(FOUR)
    instruments = [{**one, "notice_days": NOTICE // DAY, "wind_down_days": WIND_DOWN // DAY}
                   for one in pack.charter["instruments"]]
    fed = make_federation(pack=replace(pack, charter={**pack.charter, "instruments": instruments}))
    say(fed, "pk", Open(title="t", purpose="prevent-attack", act="bombing", participants=["pk", "ir", "uz"],

                        legal_basis="CX.1", desk="desk", officer="desk-1",
                         retain_until=fed.clock.now() + 600 * DAY, subjects=[]), ("ir", "uz"), CASE)
    for asker, asked in (("pk", "ir"), ("ir", "pk")):
        request = f"{CASE}/{asker}"
        say(fed, asker, Ask(request=request, to=asked, question="q", urgency="routine",
                            legal_basis="CX.2", desk="desk", officer="desk-1"), (asked,),
            CASE)
        told = tuple({asker, "uz"})
        say(fed, asked, answer(told, request, f"{CASE}/of-{asked}", "Yes."), told, CASE)
    return fed


@pytest.fixture
def fed(shared: Federation) -> Federation:
    return clone(shared)


def say(fed: Federation, member: str, body: Body, to: Sequence[str] = (), case: str | None = None) -> None:
    """Send, to everybody it may reach where nobody is named, and deliver."""
    fed.send(member, Draft(body, tuple(to) or tuple(everybody(fed.node(member), kind_of(body))), case=case))
    fed.carry_all()


def leave(fed: Federation, member: str, instrument: str = "case-exchange") -> None:
    say(fed, member, Withdraw(instrument=instrument, text="We leave."))


def settle_with(fed: Federation, member: str, other: str) -> WindDownView:
    (view,) = wind_downs(fed.node(member), other)
    return view


def test_nobody_leaves_and_nothing_is_to_be_settled(fed: Federation) -> None:
    """Held content alone is no reason to ask for it back."""
    assert all(wind_downs(fed.node(member)) == [] for member in FOUR)
    leave(fed, "ir", "linkage")
    assert settle_with(fed, "pk", "ir").there == [], "it leaves another instrument than that of the case"


def test_both_sides_see_the_same_items_and_days(fed: Federation) -> None:
    """What one calls its own there, the other calls the first's here."""
    at = fed.clock.now()
    leave(fed, "ir")
    staying, leaving = settle_with(fed, "pk", "ir"), settle_with(fed, "ir", "pk")
    assert [item.item for item in staying.there] == [item.item for item in leaving.here] == [f"{CASE}/of-pk"]
    assert [item.item for item in staying.here] == [item.item for item in leaving.there] == [f"{CASE}/of-ir"]
    assert staying.there[0].others == ["uz"], "a revocation goes to every holder, so each is named"
    assert staying.departures == leaving.departures
    (leaves,) = staying.departures
    assert (leaves.left_at, leaves.ends_at) == (at + NOTICE, at + NOTICE + WIND_DOWN)
    assert [view.member for view in wind_downs(fed.node("uz"))] == ["ir"]
    assert [view.member for view in wind_downs(fed.node("ir"))] == [
        member for member in fed.node("ir").agreement.charter.members if member != "ir"]


@pytest.mark.parametrize(("after", "stage"), [
    (0, "notice"), (NOTICE - 1, "notice"), (NOTICE, "wind-down"), (NOTICE + WIND_DOWN - 1, "wind-down"),
    (NOTICE + WIND_DOWN, "over"),
])
def test_the_stage_follows_the_days_of_the_instrument(fed: Federation, after: int, stage: str) -> None:
    """From the notice's effect the wind-down runs, and not a moment longer."""
    leave(fed, "ir")
    fed.clock.advance(after)
    assert [each.stage for each in settle_with(fed, "pk", "ir").departures] == [stage]


def test_while_it_winds_down_content_goes_back_and_nothing_new_is_asked(fed: Federation) -> None:
    """Asset return is carried out by messages that go on: revoked, purged, attested, and gone from the list."""
    leave(fed, "ir")
    fed.clock.advance(NOTICE + HOUR)
    with pytest.raises(PolicyRefusal):
        say(fed, "pk", Ask(request=f"{CASE}/new", to="ir", question="q", urgency="routine",
                           legal_basis="CX.2", desk="desk", officer="desk-1"), ("ir",),
            CASE)
    say(fed, "pk", Revoke(item=f"{CASE}/of-pk", reason="consent-withdrawn", officer="desk-1"), ("ir", "uz"), CASE)
    item = settle_with(fed, "pk", "ir").there[0]
    assert item.revoked_at == fed.clock.now() and item.purge_due is not None and item.attested is None
    retained = Purge(item=f"{CASE}/of-pk", outcome="retained-under-law", law="law-1", officer="desk-1")
    say(fed, "ir", retained, ("pk",), CASE)
    assert settle_with(fed, "pk", "ir").there[0].attested == "retained-under-law"
    fed.clock.advance(HOUR)
    say(fed, "ir", Purge(item=f"{CASE}/of-pk", outcome="purged", law=None, officer="desk-1"), ("pk",), CASE)
    assert settle_with(fed, "pk", "ir").there == [] and settle_with(fed, "ir", "pk").here == []


def test_a_revoked_notice_leaves_nothing_to_settle(fed: Federation) -> None:
    """Who stays after all keeps what it was given."""
    leave(fed, "ir")
    fed.clock.advance(DAY)
    say(fed, "ir", Withdraw(instrument="case-exchange", text="We stay.", revoked=True))
    assert wind_downs(fed.node("pk")) == []


def test_a_party_put_out_by_decision_has_no_wind_down(fed: Federation) -> None:
    """Nothing passes between the two any more; what it holds is still shown, as what it is: over."""
    say(fed, "pk", Propose(proposal="pk/out", decision="expel-party", title="t", concerned="ir",
                           act=SetStanding(member="ir", standing="left", instrument=None, clauses=[])))
    subject = fed.node("pk").state.charter.proposals["pk/out"].subject
    for member in ("pk", "uz", "kz"):
        say(fed, member, CastVote(proposal="pk/out", subject=subject, choice="yes"))
    for draft in records_due(fed.node("kz")):
        fed.send("kz", draft)
    fed.carry_all()
    assert wind_downs(fed.node("pk")) == [], "the timelock still runs"
    fed.clock.advance(73 * HOUR)
    view = settle_with(fed, "pk", "ir")
    assert {each.stage for each in view.departures} == {"over"} and len(view.departures) > 1
    assert [item.item for item in view.there] == [f"{CASE}/of-pk"]


def test_tranches_and_commitments_of_the_party_are_named(fed: Federation) -> None:
    """What was tied to its conduct is not undone by its leaving: people must see it and decide."""
    seats = [Seat(member=member, bloc=fed.node(member).agreement.blocs[member]) for member in ("pk", "uz")]
    say(fed, "ir", Commit(
        commitment="C-1", title="t", indicator="i", unit="percent", target_low=90.0, target_high=100.0, cadence_days=30,
        query=None, materiality=0.0, until=4102444800000, publication="members",
        timeliness_days=15, required_detection=0.9, max_false_alarm=0.1, evidence_classes=["joint-visit"], k=2,
        panel=seats))
    say(fed, "pk", Tranche(tranche="T-1", project="p", receiver="ir", payers=["pk"], goods="energy", low_musd=1.0,
                           mid_musd=2.0, high_musd=3.0, commitment="C-1", source="s"))
    leave(fed, "ir")
    tied = {(each.kind, each.reference): (each.as_, each.status) for each in settle_with(fed, "uz", "ir").tied}
    assert tied == {("tranche", "T-1"): ("receiver", "planned"), ("commitment", "C-1"): ("owner", "unverified")}
    leave(fed, "pk")
    tied = {(each.kind, each.reference): each.as_ for each in settle_with(fed, "uz", "pk").tied}
    assert tied == {("tranche", "T-1"): "payer", ("commitment", "C-1"): "panel"}
