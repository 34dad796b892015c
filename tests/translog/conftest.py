"""One log and three witnesses with fixed seeds, and the notes they sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from hamsaya.crypto.signing import SigningKey
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import cosign, log_vkeys, sign_checkpoint, witness_vkeys
from hamsaya.translog.note import VKey, add_signatures, parse_note
from hamsaya.translog.tree import Tree, leaf_hash

NOW_S = 1_767_225_600


@dataclass
class World:
    """A log of ``entries``, its keys, and witnesses w1, w2, w3."""

    origin: str = "member-a.example/log"
    key: SigningKey = field(default_factory=lambda: SigningKey("ml-dsa-44", bytes([7]) * 64))
    entries: list[bytes] = field(default_factory=lambda: [bytes([each]) * 32 for each in range(12)])

    @cached_property
    def witnesses(self) -> dict[str, SigningKey]:
        return {f"w{each}.example/witness": SigningKey("ml-dsa-44", bytes([each]) * 64) for each in (1, 2, 3)}

    @cached_property
    def tree(self) -> Tree:
        return Tree(map(leaf_hash, self.entries))

    @property
    def vkeys(self) -> tuple[VKey, VKey]:
        return log_vkeys(self.origin, self.key.verifying_key)

    def witness_vkeys(self, name: str) -> tuple[VKey, VKey]:
        return witness_vkeys(name, self.witnesses[name].verifying_key)

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, self.tree.root(size))

    def note(self, size: int, witnesses: Sequence[str] = ()) -> bytes:
        """The signed checkpoint of ``size``, cosigned by ``witnesses``."""
        note = parse_note(sign_checkpoint(self.checkpoint(size), self.key, NOW_S))
        for name in witnesses:
            note = add_signatures(note, cosign(self.checkpoint(size), self.witnesses[name], name, NOW_S + 1))
        return note.encode()


@pytest.fixture(scope="session")
def world() -> World:
    return World()
