"""Key rotation: weekly KEM epochs, made four ahead and destroyed when nothing sealed to them can still arrive."""

from __future__ import annotations

from hamsaya.messages.keys import sign_statement
from hamsaya.node.core import Node
from hamsaya.ports.keys import rotate


def rotate_keys(node: Node) -> list[bytes]:
    """Bring the ring to its horizon and return the signed statements of new epochs, for publishing.

    The key file is durable before anything is published: a crash in between leaves keys nobody knows of, which the
    next rotation finds missing from the directory and publishes.
    """
    ring = rotate(node.ring, node.clock.now(), node.random)
    if ring != node.ring:
        node.key_store.save(ring)
        node.ring = ring
    record = node.state.directory.peers.get(node.own)
    published = {statement.kid for statement in record.statements} if record else set()
    unpublished = [
        ring.statement("kem", epoch.kem.public, epoch.not_before, epoch.not_after)
        for epoch in ring.epochs
        if epoch.kem.kid not in published
    ]
    return [sign_statement(statement, ring.message) for statement in unpublished]
