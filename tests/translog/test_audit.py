"""The audit of a whole log: each way to tamper with it is found and named."""

from __future__ import annotations

from typing import Any

import pytest

from hamsaya.base.errors import PeerError
from hamsaya.translog.audit import audit_log
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import sign_checkpoint
from hamsaya.translog.policy import parse_policy, policy_text
from hamsaya.translog.tree import Tree, leaf_hash

NOW_S = 1_767_225_800


def policy_of(world: Any) -> Any:
    keys = {f"w{each}": world.witness_vkeys(f"w{each}.example/witness") for each in (1, 2, 3)}
    return parse_policy(policy_text(world.vkeys, keys, 2).encode())


def rewritten(world: Any) -> tuple[bytes, list[bytes]]:
    """The log's own key over a history whose third entry was replaced."""
    entries = [*world.entries[:2], b"rewritten", *world.entries[3:]]
    root = Tree(map(leaf_hash, entries)).root()
    return sign_checkpoint(Checkpoint(world.origin, len(entries), root), world.key, NOW_S), entries


def test_an_honest_log_passes(world: Any) -> None:
    """Entries, cosignatures and an earlier checkpoint agree."""
    current = world.note(12, ["w1.example/witness", "w3.example/witness"])
    head = audit_log(current, world.entries, world.vkeys, policy_of(world), world.note(7))
    assert head == world.checkpoint(12)


CASES: dict[str, tuple[Any, str]] = {
    "entry changed": (lambda w: audit_log(w.note(12), [*w.entries[:-1], b"x"], w.vkeys), "root-differs"),
    "entries swapped": (
        lambda w: audit_log(w.note(12), [w.entries[1], w.entries[0], *w.entries[2:]], w.vkeys),
        "root-differs",
    ),
    "entry dropped": (lambda w: audit_log(w.note(12), w.entries[:-1], w.vkeys), "size-differs"),
    "entry added": (lambda w: audit_log(w.note(11), w.entries, w.vkeys), "size-differs"),
    "history rewritten and signed again": (lambda w: audit_log(*rewritten(w), w.vkeys, None, w.note(7)), "rewritten"),
    "fork at one size": (lambda w: audit_log(*rewritten(w), w.vkeys, None, w.note(12)), "rewritten"),
    "rolled back": (lambda w: audit_log(w.note(7), w.entries[:7], w.vkeys, None, w.note(12)), "rollback"),
    "too few witnesses": (
        lambda w: audit_log(w.note(12, ["w1.example/witness"]), w.entries, w.vkeys, policy_of(w)),
        "quorum-missing",
    ),
    "earlier checkpoint forged": (
        lambda w: audit_log(w.note(12), w.entries, w.vkeys, None, w.note(7).replace(b"\n7\n", b"\n6\n")),
        "bad-signature",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tampering_is_named(world: Any, case: str) -> None:
    """The code says what differs; nothing but the honest history passes."""
    act, code = CASES[case]
    with pytest.raises(PeerError) as caught:
        act(world)
    assert caught.value.code == code
