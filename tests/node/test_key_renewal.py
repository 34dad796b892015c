"""The yearly message key: renewed with the offline root, crash by crash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.instants import DAY
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.keys import open_card
from hamsaya.messages.monitor import Report
from hamsaya.messages.node import Publish
from hamsaya.node.receive import ReceiveJob
from hamsaya.node.rotation import close_key, prepare_successor, promote_successor, reissue_card, rotate_keys
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.support.federation import Federation, SeededRandom, make_federation, one


def root_of(member: str) -> SigningKey:
    """Return the root that ``make_federation`` draws for ``member``: the first thing after its ring's keys."""
    federation = make_federation(signed=False)
    wanted = federation.node(member).state.directory.peers[member].root
    random = SeededRandom(member)
    for _ in range(40):
        candidate = SigningKey("ml-dsa-65", random.bytes(64))
        if candidate.verifying_key.raw == wanted:
            return candidate
        random.counter -= 1
    raise AssertionError("the federation's root key was not found again")


def publish(federation: Federation, member: str, statement: bytes) -> None:
    others = tuple(name for name in federation.parties if name != member)
    federation.send(member, Draft(Publish(statements=[statement]), recipients=others))


def report() -> Report:
    return Report(source="test", licence="CC0", as_of=0, first="2019-01", last="2019-01", rows=[])


def test_a_renewed_key_signs_only_once_it_is_published() -> None:
    """Peers must be able to know a key before anything is signed with it."""
    federation = make_federation()
    node, root = federation.node("pk"), root_of("pk")
    old = node.ring.message
    statement = one(node, Act(lambda n: prepare_successor(n, root)))
    one(node, Act(promote_successor))
    assert node.ring.message is old and node.ring.successor is not None
    again = one(node, Act(lambda n: prepare_successor(n, root)))
    assert node.ring.successor.verifying_key.raw in again, "a second try goes on with the same successor"

    publish(federation, "pk", statement)
    one(node, Act(promote_successor))
    assert node.ring.message is not old and node.ring.successor is None
    federation.send("pk", Draft(report(), recipients=("ir", "uz")))
    federation.carry_all()
    assert federation.node("ir").state.monitor.parts, "a message under the new key is admitted"
    assert not federation.waiting("pk")


def test_a_closed_key_admits_nothing_more_whatever_its_date() -> None:
    """Whoever stole a message key must not go on by dating messages back."""
    federation = make_federation()
    federation.clock.advance(DAY)
    node, root = federation.node("pk"), root_of("pk")
    stolen = node.ring.message
    publish(federation, "pk", one(node, Act(lambda n: prepare_successor(n, root))))
    one(node, Act(promote_successor))
    federation.carry_all()
    federation.send("pk", Draft(Publish(statements=close_key(node, stolen, root)), ("ir", "uz")))
    federation.carry_all()

    renewed, node.ring = node.ring, replace(node.ring, message=stolen)
    federation.send("pk", Draft(report(), recipients=("ir",)))
    ((_, _, envelope),) = federation.waiting("pk")
    with pytest.raises(PeerError, match="no such key"):
        one(federation.node("ir"), ReceiveJob(envelope))
    assert not federation.node("ir").state.monitor.parts
    node.ring = renewed


def test_another_root_renews_nothing() -> None:
    """Whoever holds the running node's keys alone cannot give it a new identity."""
    federation = make_federation()
    node = federation.node("pk")
    with pytest.raises(OperatorError, match="not the one on this node's card"):
        one(node, Act(lambda n: prepare_successor(n, SigningKey("ml-dsa-65", bytes(64)))))
    assert node.ring.successor is None


def test_a_reissued_card_shows_the_present_epochs() -> None:
    """A card handed out months later must let its reader seal to the node at once."""
    federation = make_federation()
    node = federation.node("pk")
    federation.clock.advance(40 * DAY)
    one(node, Act(rotate_keys))
    card = open_card(reissue_card(node, open_card(federation.parties["pk"].card)))
    now = federation.clock.now()
    assert any(key.use == "kem" and key.valid_at(now) for key in card.open_statements())
    assert {key.use for key in card.open_statements()} == {"message", "log", "witness", "kem"}
