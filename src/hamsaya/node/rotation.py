"""Key rotation: weekly KEM epochs, a yearly message key, and the card that shows the present ones.

KEM epochs are made four ahead and destroyed when nothing sealed to them can still arrive. A message key is renewed
with the offline root in three steps, each durable before the next, so that a crash in between is finished later:
the successor is made and kept; its statement, signed by the root, is published under the old key; it signs.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.keys import SIGNING_LIFETIME, Card, KeyStatement, encode_card, sign_statement
from hamsaya.messages.node import Publish
from hamsaya.node.core import Node
from hamsaya.node.send import Draft, preview
from hamsaya.ports.keys import KeyRing, rotate


def rotate_keys(node: Node) -> list[bytes]:
    """Bring the KEM epochs to their horizon and return the signed statements of new ones, for publishing.

    The key file is durable before anything is published: a crash in between leaves keys nobody knows of, which the
    next rotation finds missing from the directory and publishes.
    """
    _keep(node, rotate(node.ring, node.clock.now(), node.random))
    published = {statement.kid for statement in _own_statements(node)}
    return [sign_statement(s, node.ring.message) for s in _present_epochs(node) if s.kid not in published]


def peers_to_tell(node: Node, publication: Publish) -> tuple[str, ...]:
    """Return the peers that ``publication`` can be sealed to now and may be told.

    One that has been away for longer than its epochs reach must not keep the rest from learning new keys: it comes
    back by its operator's card, and is given ours.
    """
    now = node.clock.now()
    return tuple(
        member for member, record in node.state.directory.peers.items()
        if member != node.own and record.kem_at(now) and preview(node, Draft(publication, (member,)))[1].allowed
    )


def prepare_successor(node: Node, root: SigningKey) -> bytes:
    """Return the root-signed statement of the next message key, which is made and kept if there is none yet.

    Raises:
        OperatorError: the root is not this node's (code ``wrong-root``).
    """
    own = node.state.directory.peers.get(node.own)
    if own is None or own.root != root.verifying_key.raw:
        raise OperatorError("this root key is not the one on this node's card", code="wrong-root")
    if node.ring.successor is None:
        _keep(node, replace(node.ring, successor=SigningKey("ml-dsa-44", node.random.bytes(64))))
    assert node.ring.successor is not None
    now = node.clock.now()
    public = node.ring.successor.verifying_key.raw
    return sign_statement(node.ring.statement("message", public, now, now + SIGNING_LIFETIME), root)


def promote_successor(node: Node) -> None:
    """Let the successor sign from now on, if its statement is published; else change nothing."""
    successor = node.ring.successor
    if successor and successor.verifying_key.kid in {statement.kid for statement in _own_statements(node)}:
        _keep(node, replace(node.ring, message=successor, successor=None))


def close_key(node: Node, closed: SigningKey, root: SigningKey) -> list[bytes]:
    """Return what to publish so that nothing under ``closed`` is admitted, whatever its date, nor sealed by its word.

    First the root's statement that its validity was one millisecond of 1970: a thief who dates a message into it
    finds the message expired. Then this node's KEM keys, signed anew: with the key end those it vouched for.
    """
    closing = node.ring.statement("message", closed.verifying_key.raw, 0, 1)
    return [sign_statement(closing, root), *(sign_statement(s, node.ring.message) for s in _present_epochs(node))]


def reissue_card(node: Node, card: Card, signed_by_root: list[bytes] | None = None) -> bytes:
    """Return ``card`` with the present KEM epochs, signed anew.

    Args:
        signed_by_root: Statements of signing keys; None keeps the card's own.
    """
    if signed_by_root is None:
        opened = zip(card.statements, card.open_statements(), strict=True)
        signed_by_root = [raw for raw, statement in opened if statement.use != "kem"]
    sealing = [sign_statement(s, node.ring.message) for s in _present_epochs(node)]
    return encode_card(msgspec.structs.replace(card, statements=signed_by_root + sealing), node.ring.message)


def _own_statements(node: Node) -> tuple[KeyStatement, ...]:
    record = node.state.directory.peers.get(node.own)
    return record.statements if record else ()


def _present_epochs(node: Node) -> list[KeyStatement]:
    now, ring = node.clock.now(), node.ring
    return [ring.statement("kem", epoch.kem.public, epoch.not_before, epoch.not_after)
            for epoch in ring.epochs if epoch.not_after > now]


def _keep(node: Node, ring: KeyRing) -> None:
    """Make ``ring`` durable, then use it."""
    if ring != node.ring:
        node.key_store.save(ring)
        node.ring = ring
