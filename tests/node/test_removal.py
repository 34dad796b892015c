"""Whom the members remove is out at every node that can reach anybody, and nothing merges it back in.

The failure of MISP/MISP#10899 (a removed instance keeps receiving, and third parties bring it back) must not happen:
membership is decided anew for every message, on the way out and on the way in.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from hamsaya.base.errors import HamsayaError, PolicyRefusal
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.charter.reduce import snapshot
from hamsaya.messages.cases import Ask
from hamsaya.messages.charter import CastVote, Cut, Propose, SetStanding, Sign, Standing
from hamsaya.messages.envelope import parse
from hamsaya.messages.kinds import Body
from hamsaya.messages.node import Peer
from hamsaya.node import exchange
from hamsaya.node.assembly import contests_due, records_due
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.recipients import everybody, stop_outbox
from hamsaya.node.send import Draft
from hamsaya.node.service import Pace
from hamsaya.node.settle import settle
from hamsaya.node.writer import Act
from tests.node.making import asking, clone, handmade, letters, opening, receive, reopened
from tests.support.federation import Federation, make_federation, one, small_pack

CELL, OUT = "joint-cell", "uz"
PARTIES = ("pk", "ir", "uz", "kz", CELL)
"""The cell counts votes, the first stands in for it."""
STAY = tuple(member for member in PARTIES if member != OUT)
REFUSED = ("standing", "forbidden")
CARRIED = {"charter.record", "charter.vote"}
"""What this charter still carries to a removed member: how votes came out, its own expulsion among them."""
CHECKPOINT_MS = int(Pace().cosign_s * 1000)
"""The interval in which every checkpoint is cosigned."""


@pytest.fixture(scope="module")
def together() -> Federation:
    """Five parties with a case between the four members; tests work on clones."""
    fed = make_federation(pack=small_pack(PARTIES))
    fed.send("pk", opening(fed, participants=("pk", "ir", "uz", "kz")))
    fed.carry_all()
    fed.clock.advance(7 * DAY)  # Keys have been valid for a while, so that a message can be dated back.
    return fed


@pytest.fixture
def fed(together: Federation) -> Federation:
    return clone(together)


def say(fed: Federation, member: str, body: Body) -> None:
    """Say it to all others, without carrying it."""
    fed.send(member, Draft(body, tuple(other for other in PARTIES if other != member)))


def carry(fed: Federation, away: tuple[str, ...] = ()) -> None:
    """Deliver until nothing moves, but from and to those that are away."""
    moved = True
    while moved:
        moved = False
        for member in set(fed.parties) - set(away):
            for destination, message_id, raw in fed.waiting(member):
                if destination not in away:
                    moved |= delivered(fed, member, destination, message_id, raw)


def delivered(fed: Federation, member: str, destination: str, message_id: bytes, raw: bytes) -> bool:
    """Deliver one envelope and settle its receipt; say whether it was taken in."""
    try:
        receipt = receive(fed.node(destination), raw).receipt
    except HamsayaError:
        return False
    one(fed.node(member), Act(lambda node: settle(node, destination, message_id, receipt)))
    return True


def tick(fed: Federation, away: tuple[str, ...] = ()) -> None:
    """Let every node that is there do of itself what is due, and deliver."""
    for member in set(fed.parties) - set(away):
        for draft in [*records_due(fed.node(member)), *contests_due(fed.node(member))]:
            fed.send(member, draft)
        one(fed.node(member), Act(stop_outbox))
    carry(fed, away)


def give(standing: Standing) -> SetStanding:
    """Return the act that gives the one a standing under all instruments."""
    return SetStanding(member=OUT, standing=standing, instrument=None, clauses=[])


def decide(fed: Federation, name: str, decision: str, standing: Standing, away: tuple[str, ...] = ()) -> None:
    """Let the others decide on the standing of the one, and the depositary record it.

    Who is away has voted before it went, and hears of nothing after.
    """
    reference = f"pk/{name}"
    act = give(standing)
    say(fed, "pk", Propose(proposal=reference, decision=decision, title="A standing", act=act, concerned=OUT))
    carry(fed, away if OUT in away else ())
    for member in sorted(("pk", "ir", "kz"), key=lambda each: each not in away):
        subject = fed.node(member).state.charter.proposals[reference].subject
        say(fed, member, CastVote(proposal=reference, subject=subject, choice="yes"))
        carry(fed, away if OUT in away or member not in away else ())
    tick(fed, away)


def expel(fed: Federation, away: tuple[str, ...] = ()) -> None:
    """Expel the one and let the timelock run out."""
    decide(fed, "out", "expel-party", "left", away)
    fed.clock.advance(72 * HOUR)


def standing(fed: Federation, at_node: str) -> str:
    """Return where the one stands, by what this node knows."""
    node = fed.node(at_node)
    return node.agreement.situation(node.state.charter, node.clock.now()).held(OUT).standing


def question(request: str = "R-9", to: str = "ir") -> Ask:
    body = asking(to, request).body
    assert isinstance(body, Ask)
    return body


def charter_bytes(fed: Federation, member: str) -> object:
    return snapshot(fed.node(member).state.charter)


# -- (a) out, at every node that has the record -----------------------------------------------------------------------


def test_the_removal_takes_effect_everywhere_at_the_same_instant_and_by_time_alone(fed: Federation) -> None:
    """No message is needed at the end of the timelock, so none can be held back."""
    decide(fed, "out", "expel-party", "left")
    fed.clock.advance(72 * HOUR - 1)
    assert {standing(fed, member) for member in PARTIES} == {"full"}
    fed.clock.advance(1)
    assert {standing(fed, member) for member in PARTIES} == {"left"}


@pytest.mark.parametrize("earlier", [0, MINUTE, 24 * HOUR, 80 * HOUR])
def test_what_it_signs_is_refused_everywhere_whatever_its_date(fed: Federation, earlier: int) -> None:
    """80 hours back it was a member; what arrives is judged by the day of its arrival too."""
    expel(fed)
    for member in STAY:
        past = fed.clock.now() - earlier
        forged = handmade(fed, OUT, member, question(to=member), issued_at=past, expires_at=past + DAY + earlier)
        assert receive(fed.node(member), forged.encode()).code != "admitted"
    assert all("R-9" not in str(fed.node(member).state.cases.requests) for member in STAY)


def test_its_charter_messages_are_refused_too(fed: Federation) -> None:
    """It has no say any more: no question and no signature lets it in by the back door."""
    expel(fed)
    node = fed.node("ir")
    said: list[Body] = [
        Propose(proposal="uz/in", decision="admit-party", title="Back", act=give("full"),
                concerned=OUT),
        Sign(document="charter", revision=node.agreement.charter.revision),
    ]
    before = charter_bytes(fed, "ir")
    for body in said:
        forged = handmade(fed, OUT, "ir", body, instrument="founding", case=None)
        assert receive(node, forged.encode()).code in REFUSED
    assert charter_bytes(fed, "ir") == before


def test_nobody_can_send_it_anything_new(fed: Federation) -> None:
    """The sender's own node refuses, with the clauses that made it so; the others go on as before."""
    expel(fed)
    for member in ("pk", "ir", "kz"):
        with pytest.raises(PolicyRefusal) as refused:
            fed.send(member, asking(OUT, f"R-{member}"))
        assert refused.value.code in REFUSED
    fed.send("pk", asking("ir", "R-5"))
    carry(fed)
    assert "R-5" in str(fed.node("ir").state.cases.requests)


@pytest.fixture
def undelivered(fed: Federation) -> Federation:
    """Return the parties after a removal during which letters to the removed could not be delivered."""
    letters(fed, "ir", asking(OUT, "R-1"))
    expel(fed, away=(OUT,))
    return fed


def test_what_still_waits_for_it_goes_out_by_no_door(undelivered: Federation) -> None:
    """Sent in good faith before: not pushed, not pulled, not carried; the row says why."""
    for member in STAY:
        node = undelivered.node(member)
        assert any(row.destination == OUT for row in node.store.outbox_rows(1000) if row.state == "waiting")
        assert kinds(exchange.waiting_for(node, OUT, 100)) <= CARRIED
        assert kinds(exchange.export_bundle(node, OUT, []).envelopes) <= CARRIED
        one(node, Act(stop_outbox))
        rows = [row for row in node.store.outbox_rows(1000) if row.destination == OUT]
        assert {row.kind for row in rows if row.state == "waiting"} <= CARRIED
        assert {row.note for row in rows if row.state == "refused"} <= set(REFUSED)
    assert ("case.ask", "forbidden") in {(row.kind, row.note) for row in undelivered.node("ir").store.outbox_rows(1000)}
    carry(undelivered)
    assert "R-1" not in str(undelivered.node(OUT).state.cases.requests)


def test_at_its_pull_it_is_given_nothing(undelivered: Federation) -> None:
    """It may ask for as long as its keys are known; who asks is not who may have."""
    node = undelivered.node("ir")
    member = exchange.open_pull_request(node, exchange.pull_request(undelivered.node(OUT), "ir"))
    assert member == OUT and kinds(exchange.offer(node, member, exchange.PULL_ENVELOPES)) <= CARRIED


def kinds(envelopes: list[bytes]) -> set[str]:
    return {parse(raw).header.typ for raw in envelopes}


def test_votes_on_later_questions_are_not_sent_to_it(fed: Federation) -> None:
    """It is told how it was removed; what the others decide afterwards is not its business."""
    expel(fed)
    assert OUT not in everybody(fed.node("ir"), "charter.vote")


def test_a_node_that_starts_again_still_knows(fed: Federation) -> None:
    """The removal is part of the fold: a restart, or a copy of the store, brings nobody back."""
    expel(fed)
    reopened(fed, "ir")
    forged = handmade(fed, OUT, "ir", question())
    assert receive(fed.node("ir"), forged.encode()).code in REFUSED


# -- (b) nobody brings it back ----------------------------------------------------------------------------------------


def test_old_messages_merge_nothing_back(fed: Federation) -> None:
    """Every envelope of the federation, sent again in any order: signatures, cards, an older admission."""
    kept: list[tuple[str, bytes]] = []
    carried = Federation.waiting

    def watching(self: Federation, member: str) -> list[tuple[str, bytes, bytes]]:
        rows = carried(self, member)
        kept.extend((to, raw) for to, _, raw in rows)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Federation, "waiting", watching)
        for member in PARTIES:
            say(fed, member, Sign(document="charter", revision=fed.node(member).agreement.charter.revision))
        decide(fed, "a", "suspend-party", "suspended")
        fed.clock.advance(25 * HOUR)
        decide(fed, "b", "suspend-party", "full")
        fed.clock.advance(25 * HOUR)
        assert {standing(fed, member) for member in STAY} == {"full"}
        expel(fed)
    before = {member: charter_bytes(fed, member) for member in STAY}
    Random(1).shuffle(kept)
    assert len(kept) > 50
    for to, raw in kept:
        if to in STAY:
            fed.node(to).commit([ReceiveJob(raw)])
    assert {member: charter_bytes(fed, member) for member in STAY} == before
    assert {standing(fed, member) for member in STAY} == {"left"}


def test_an_older_card_is_no_way_in(fed: Federation) -> None:
    """An operator that admits the card again has compared a fingerprint, and given no standing."""
    expel(fed)
    fed.send("ir", Draft(Peer(card=fed.parties[OUT].card, fingerprint="by hand")))
    assert standing(fed, "ir") == "left"
    assert receive(fed.node("ir"), handmade(fed, OUT, "ir", question()).encode()).code in REFUSED


def test_a_third_party_cannot_speak_for_it(fed: Federation) -> None:
    """What another signs in its name is no signature of its; a signature for somebody else does not exist."""
    expel(fed)
    keys = fed.node("kz").ring.message
    forged = handmade(fed, OUT, "ir", question(), signing_key=keys)
    (refused,) = fed.node("ir").commit([ReceiveJob(forged.encode())])
    assert isinstance(refused, HamsayaError) and refused.code == "unknown-key"


def test_a_stale_node_learns_it_with_the_first_delivery(fed: Federation) -> None:
    """kz was cut off from the network while the others decided; once it is back, one delivery is enough."""
    expel(fed, away=("kz",))
    assert (standing(fed, "kz"), standing(fed, "ir")) == ("full", "left")
    assert receive(fed.node("kz"), handmade(fed, OUT, "kz", question(to="kz")).encode()).code == "admitted"
    for member in PARTIES:
        fed.carry(member)
    assert standing(fed, "kz") == "left"
    forged = handmade(fed, OUT, "kz", question("R-10", to="kz"))
    assert receive(fed.node("kz"), forged.encode()).code in REFUSED


def test_a_stale_node_passes_nothing_on(fed: Federation) -> None:
    """What a node that has not heard yet admits stays with it: nobody else takes a member's word from another."""
    expel(fed, away=("kz",))
    receive(fed.node("kz"), handmade(fed, OUT, "kz", question(to="kz")).encode())
    carry(fed)
    assert all("R-9" not in str(fed.node(member).state.cases.requests) for member in STAY if member != "kz")


# -- (c) within one checkpoint interval -------------------------------------------------------------------------------


def until(fed: Federation, done: Callable[[], bool], away: tuple[str, ...] = ()) -> int:
    """Let the nodes' own work go on, at its pace, until ``done()``; return the milliseconds that took."""
    began, step = fed.clock.now(), int(Pace().deadlines_s * 1000)
    while not done():
        assert fed.clock.now() - began <= CHECKPOINT_MS, "longer than one checkpoint interval"
        fed.clock.advance(step)
        tick(fed, away)
    return fed.clock.now() - began


def test_a_decision_bites_within_one_checkpoint_interval(fed: Federation) -> None:
    """From the last vote to the record at every node: one tick of the depositary, and a delivery."""
    act = give("left")
    say(fed, "pk", Propose(proposal="pk/out", decision="expel-party", title="Out", act=act, concerned=OUT))
    carry(fed)
    subject = fed.node("pk").state.charter.proposals["pk/out"].subject
    for member in ("pk", "ir", "kz"):
        say(fed, member, CastVote(proposal="pk/out", subject=subject, choice="yes"))
    carry(fed)
    assert until(fed, lambda: all(fed.node(m).state.charter.records for m in PARTIES)) <= CHECKPOINT_MS
    fed.clock.advance(72 * HOUR)
    assert {standing(fed, member) for member in PARTIES} == {"left"}


def test_a_cut_bites_within_one_checkpoint_interval(fed: Federation) -> None:
    """Every node that can reach anybody knows; the one that cannot is told when it can."""
    say(fed, "ir", Cut(member=OUT, cut=True, reason="keys-compromised"))
    assert fed.node("ir").state.charter.cuts
    away = ("kz",)
    until(fed, lambda: all(fed.node(m).state.charter.cuts for m in PARTIES if m not in away), away)
    carry(fed)
    assert fed.node("kz").state.charter.cuts


# -- (d) one's own link -----------------------------------------------------------------------------------------------


def test_a_member_cuts_its_own_link_alone_and_at_once(fed: Federation) -> None:
    """Nobody's consent, no vote, and the joint cell's node may be down."""
    letters(fed, "ir", asking(OUT, "R-1"))
    say(fed, "ir", Cut(member=OUT, cut=True, reason="government-decision"))
    node = fed.node("ir")
    assert receive(node, handmade(fed, OUT, "ir", question()).encode()).code == "link-cut"
    past = fed.clock.now() - DAY
    back_dated = handmade(fed, OUT, "ir", question("R-10"), issued_at=past, expires_at=past + 2 * DAY)
    assert receive(node, back_dated.encode()).code == "link-cut"
    with pytest.raises(PolicyRefusal) as refused:
        fed.send("ir", asking(OUT, "R-2"))
    assert refused.value.code == "link-cut"
    assert one(node, Act(stop_outbox)) == 1 and "case.ask" not in waiting_kinds(fed, "ir")
    carry(fed, away=(CELL,))
    with pytest.raises(PolicyRefusal):
        fed.send(OUT, asking("ir", "R-3"))


def waiting_kinds(fed: Federation, member: str) -> set[str]:
    rows = fed.node(member).store.outbox_rows(1000)
    return {row.kind for row in rows if row.state == "waiting" and row.destination == OUT}


def test_a_cut_leaves_the_links_of_all_others_alone(fed: Federation) -> None:
    """Everybody else still talks to both."""
    say(fed, "ir", Cut(member=OUT, cut=True, reason="technical"))
    carry(fed, away=(CELL,))
    for number, (sender, to) in enumerate((("pk", "ir"), ("pk", OUT), ("kz", OUT), (OUT, "kz"), ("ir", "kz"))):
        fed.send(sender, asking(to, f"R-{number}"))
        carry(fed)
        assert f"R-{number}" in str(fed.node(to).state.cases.requests)


def test_only_who_cut_the_link_joins_it_again(fed: Federation) -> None:
    """The other side, and everybody else, may say what they like."""
    say(fed, "ir", Cut(member=OUT, cut=True, reason="technical"))
    carry(fed)
    fed.clock.advance(MINUTE)
    for member in (OUT, "pk"):
        other = "ir" if member == OUT else OUT
        say(fed, member, Cut(member=other, cut=False, reason="technical"))
    carry(fed)
    with pytest.raises(PolicyRefusal):
        fed.send("ir", asking(OUT, "R-1"))
    say(fed, "ir", Cut(member=OUT, cut=False, reason="technical"))
    carry(fed)
    fed.send("ir", asking(OUT, "R-2"))
    carry(fed)
    assert "R-2" in str(fed.node(OUT).state.cases.requests)


def test_a_member_that_has_cut_a_link_keeps_its_vote_everywhere(fed: Federation) -> None:
    """Its votes reach the other side in the record, not by the link it has cut."""
    say(fed, "ir", Cut(member="kz", cut=True, reason="technical"))
    carry(fed)
    reference, act = "pk/out", give("left")
    say(fed, "pk", Propose(proposal=reference, decision="expel-party", title="Out", act=act, concerned=OUT))
    carry(fed)
    subject = fed.node("pk").state.charter.proposals[reference].subject
    for member in ("pk", "ir", "kz"):
        unlinked = {"ir": "kz", "kz": "ir"}.get(member)
        vote = CastVote(proposal=reference, subject=subject, choice="yes")
        fed.send(member, Draft(vote, tuple(other for other in PARTIES if other not in (member, unlinked))))
    carry(fed)
    tick(fed)
    fed.clock.advance(72 * HOUR)
    assert {standing(fed, member) for member in PARTIES} == {"left"}
