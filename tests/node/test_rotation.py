"""KEM epochs: new ones are published before they are needed; old ones are destroyed, and their letters with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY, WEEK
from hamsaya.messages.envelope import parse
from hamsaya.messages.keys import open_card
from hamsaya.messages.node import Peer, Publish
from hamsaya.node.core import Node
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.rotation import peers_to_tell, reissue_card, rotate_keys
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.node.making import asking, handmade, held, letters, parties, receive, reopened
from tests.support.federation import Federation, one


@pytest.fixture
def fed() -> Federation:
    """Two parties with one case open between them."""
    return parties("pk", "ir", with_case=True)


def rotate(fed: Federation, member: str) -> list[bytes]:
    """Rotate ``member``'s keys and publish the new epochs to the other."""
    statements: list[bytes] = one(fed.node(member), Act(rotate_keys))  # type: ignore[assignment]
    if statements:
        publication = Publish(statements=statements)
        fed.send(member, Draft(publication, peers_to_tell(fed.node(member), publication)))
        fed.carry_all()
    return statements


def pass_time(fed: Federation, until: int) -> None:
    """Let time pass in steps of a day or less, with both nodes running."""
    while fed.clock.now() < until:
        fed.clock.instant = min(until, fed.clock.now() + DAY)
        for member in fed.parties:
            rotate(fed, member)


def published(node: Node, member: str) -> set[bytes]:
    """Return the ids of the KEM keys that ``node`` knows of ``member``."""
    return {key.kid for key in node.state.directory.peers[member].keys("kem")}


def test_a_peer_learns_new_epochs_before_it_needs_them(fed: Federation) -> None:
    """Week by week for two months: there is always a key to seal to, and it opens."""
    for week in range(9):
        fed.clock.advance(WEEK)
        rotate(fed, "ir")
        rotate(fed, "pk")
        raw = letters(fed, "pk", asking(request=f"R-{week}"))["ir"]
        assert receive(fed.node("ir"), raw).code == "admitted"
        fed.carry_all()
    assert len(fed.node("ir").ring.epochs) <= 11, "five ahead, and those whose letters may still come"
    assert published(fed.node("pk"), "ir") == published(fed.node("ir"), "ir")
    assert held(reopened(fed, "ir")).state == held(fed.node("ir")).state


def test_rotation_within_the_week_makes_nothing(fed: Federation) -> None:
    """It may be run as often as one likes."""
    fed.clock.advance(WEEK)
    assert len(rotate(fed, "ir")) == 1
    before = held(fed.node("ir"))
    assert rotate(fed, "ir") == [] and held(fed.node("ir")) == before


def test_a_crash_between_keeping_and_publishing_is_made_good(fed: Federation) -> None:
    """Keys that were kept and never published are found missing from the directory and published."""
    fed.clock.advance(WEEK)
    lost = one(fed.node("ir"), Act(rotate_keys))
    reopened(fed, "ir")
    again = rotate(fed, "ir")
    assert len(again) == len(lost) == 1  # type: ignore[arg-type]
    now = fed.clock.now()
    present = {epoch.kem.kid for epoch in fed.node("ir").ring.epochs if epoch.not_after > now}
    assert published(fed.node("pk"), "ir") == present


def test_an_epoch_outlives_what_was_sealed_to_it(fed: Federation) -> None:
    """A letter sealed in the last minute of an epoch opens until it expires, thirty days later."""
    ring = fed.node("ir").ring
    last = ring.epochs[-1]
    pass_time(fed, last.not_after - 1)
    raw = letters(fed, "pk", asking())["ir"]
    assert parse(raw).header.rcp[0].kid == last.kem.kid and last in fed.node("ir").ring.epochs
    fed.clock.instant = parse(raw).header.exp - 1
    one(fed.node("ir"), Act(rotate_keys))
    assert receive(fed.node("ir"), raw).code == "admitted"


def test_what_is_sealed_to_a_destroyed_epoch_opens_nowhere(fed: Federation) -> None:
    """Thirty days after its end the key is gone from memory and file; the letter is refused, with proof."""
    first = fed.node("ir").ring.epochs[0]
    stored = letters(fed, "pk", asking())["ir"]
    mid = parse(stored).header.mid
    one(fed.node("pk"), Act(lambda node: node.store.settle_outbox("ir", mid, "expired", "kept by an attacker", b"")))
    assert parse(stored).header.rcp[0].kid == first.kem.kid
    pass_time(fed, first.not_after + 30 * DAY - 1)
    assert fed.node("ir").ring.kem(first.kem.kid) is not None
    pass_time(fed, first.not_after + 30 * DAY)
    for ring in (fed.node("ir").ring, fed.parties["ir"].keys.load()):
        assert ring.kem(first.kem.kid) is None and first not in ring.epochs
    fresh = handmade(fed, "pk", "ir", asking().body, recipients={"ir": first.kem.public})
    assert receive(fed.node("ir"), fresh.encode()).code == "unknown-kem-key"
    (late,) = fed.node("ir").commit([ReceiveJob(stored)])
    assert getattr(late, "code", "") == "expired", "and an honest old letter has expired by then"


def test_nobody_publishes_keys_for_another(fed: Federation) -> None:
    """Statements of ir sent by pk, or of pk signed by a wrong key, are refused at home and abroad."""
    fed.clock.advance(WEEK)
    theirs: list[bytes] = one(fed.node("ir"), Act(rotate_keys))  # type: ignore[assignment]
    with pytest.raises(PolicyRefusal):
        fed.send("pk", Draft(Publish(statements=theirs), ("ir",)))
    letter = handmade(fed, "pk", "ir", Publish(statements=theirs), instrument="founding", case=None)
    known = published(fed.node("ir"), "ir"), published(fed.node("ir"), "pk")
    assert receive(fed.node("ir"), letter.encode()).code == "bad-signature"
    assert (published(fed.node("ir"), "ir"), published(fed.node("ir"), "pk")) == known
    raw = letters(fed, "ir", Draft(Publish(statements=theirs), ("pk",)))["pk"]
    assert receive(fed.node("pk"), raw).code == "admitted"


def test_a_ring_that_was_kept_is_used_after_a_restart(fed: Federation) -> None:
    """The file is written before anybody is told."""
    fed.clock.advance(WEEK)
    rotate(fed, "ir")
    kept = fed.parties["ir"].keys.load()
    assert kept == fed.node("ir").ring and reopened(fed, "ir").ring == kept
    assert replace(kept, epochs=()) == replace(fed.node("ir").ring, epochs=())


def test_one_that_stays_away_does_not_keep_the_others_from_new_keys() -> None:
    """Whose epochs have run out cannot be told; everybody else is, for as long as it takes."""
    fed = parties("pk", "ir", "uz", with_case=True)
    for _ in range(12):
        fed.clock.advance(WEEK)
        for member in ("pk", "ir"):
            statements: list[bytes] = one(fed.node(member), Act(rotate_keys))  # type: ignore[assignment]
            publication = Publish(statements=statements)
            fed.send(member, Draft(publication, peers_to_tell(fed.node(member), publication)))
        fed.carry("pk"), fed.carry("ir")
    assert fed.node("pk").state.directory.peers["uz"].kem_at(fed.clock.now()) is None
    raw = letters(fed, "pk", asking())["ir"]
    assert receive(fed.node("ir"), raw).code == "admitted"


def test_two_that_lost_each_other_meet_again_by_their_cards(fed: Federation) -> None:
    """After three months of silence neither can seal to the other; a card exchanged by hand mends it."""
    fed.clock.advance(90 * DAY)
    for member in ("pk", "ir"):
        one(fed.node(member), Act(rotate_keys))
    assert peers_to_tell(fed.node("pk"), Publish(statements=[b"x"])) == ()
    for member, other in (("pk", "ir"), ("ir", "pk")):
        node = fed.node(other)
        card = reissue_card(node, open_card(fed.parties[other].card))
        fed.send(member, Draft(Peer(card=card, fingerprint="compared by hand")))
    raw = letters(fed, "pk", asking())["ir"]
    assert receive(fed.node("ir"), raw).code == "admitted"


def test_a_clock_that_ran_ahead_leaves_keys_for_the_present(fed: Federation) -> None:
    """One wrong answer of a time server destroys the present epochs; once it is right there are new ones at once."""
    present = fed.clock.now()
    fed.clock.advance(200 * DAY)
    assert rotate(fed, "ir")
    fed.clock.instant = present
    assert rotate(fed, "ir")
    epochs = fed.node("ir").ring.epochs
    for at in (present, present + 4 * WEEK):
        assert any(epoch.not_before <= at < epoch.not_after for epoch in epochs)
    assert letters(fed, "pk", asking())["ir"]
    assert rotate(fed, "ir") == [], "and no more than are needed"
