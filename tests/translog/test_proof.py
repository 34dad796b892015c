"""tlog-proof: the receipt that stands alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.policy import parse_policy, policy_text
from hamsaya.translog.proof import Proof, parse_proof, verify_proof

# The example of C2SP tlog-proof; it prints its signatures shortened, so they are filled up here.
SPEC_PROOF = """\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

\u2014 example.com/fancylog hI2DJwAAAAA=
\u2014 witness1.example mJirIgAAAAA=
"""


def proof_of(world: Any, index: int, size: int, witnesses: tuple[str, ...] = ()) -> Proof:
    return Proof(index, tuple(world.tree.inclusion(index, size)), world.note(size, witnesses))


def test_the_specifications_proof_round_trips() -> None:
    """Header, extra data, index, five hashes and the checkpoint verbatim."""
    proof = parse_proof(SPEC_PROOF.encode())
    assert (proof.index, len(proof.hashes)) == (73894, 5) and proof.extra is not None
    assert proof.extra.startswith(b"age-v1.2.1-darwin") and proof.checkpoint.startswith(
        b"example.com/fancylog\n109482\n"
    )
    assert proof.encode().decode() == SPEC_PROOF


@pytest.mark.parametrize("size", [1, 2, 7, 12])
def test_a_receipt_proves_its_entry_and_no_other(world: Any, size: int) -> None:
    """Every entry at its place; any other entry, index or head is refused."""
    for index in range(size):
        proof = parse_proof(proof_of(world, index, size).encode())
        assert verify_proof(proof, world.entries[index], world.vkeys) == world.checkpoint(size)
        with pytest.raises(PeerError) as caught:
            verify_proof(proof, b"another entry", world.vkeys)
        assert caught.value.code == "bad-proof"
        for wrong in (replace(proof, index=index + 1), replace(proof, checkpoint=world.note(size % 12 + 1))):
            with pytest.raises(PeerError):
                verify_proof(wrong, world.entries[index], world.vkeys)


def test_a_policy_asks_for_its_witnesses(world: Any) -> None:
    """Two of three: one cosignature is too few, two suffice."""
    keys = {f"w{each}": world.witness_vkeys(f"w{each}.example/witness") for each in (1, 2, 3)}
    policy = parse_policy(policy_text(world.vkeys, keys, 2).encode())
    one, two = ("w1.example/witness",), ("w1.example/witness", "w3.example/witness")
    verify_proof(proof_of(world, 3, 7, two), world.entries[3], world.vkeys, policy)
    with pytest.raises(PeerError) as caught:
        verify_proof(proof_of(world, 3, 7, one), world.entries[3], world.vkeys, policy)
    assert caught.value.code == "quorum-missing"


def test_extra_data_is_carried_and_proves_nothing(world: Any) -> None:
    """Empty, absent and present extra data stay apart; altering them changes no verdict."""
    for extra in (None, b"", b"context"):
        proof = parse_proof(replace(proof_of(world, 0, 7), extra=extra).encode())
        assert proof.extra == extra
        verify_proof(proof, world.entries[0], world.vkeys)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        SPEC_PROOF.replace("@v1", "@v2"),
        SPEC_PROOF.replace("index 73894", "index 073894"),
        SPEC_PROOF.replace("index 73894\n", ""),
        SPEC_PROOF.replace("index", "Index"),
        SPEC_PROOF.replace("PlQ=", "PlR="),
        SPEC_PROOF.replace("gSKy", ""),
        SPEC_PROOF.replace("\n", "\r\n"),
        " " + SPEC_PROOF,
        SPEC_PROOF.replace("extra ", "extra  "),
        SPEC_PROOF.replace("index", "extra AA==\nindex"),
        SPEC_PROOF.replace("B95l", "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n" * 63 + "B95l"),
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    """One proof, one text."""
    with pytest.raises(PeerError) as caught:
        parse_proof(text.encode())
    assert caught.value.code == "bad-proof"


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text("extra index 0123=AB\n", max_size=60).map(str.encode), st.integers(0, 600))
def test_no_bytes_break_the_proof_parser(raw: bytes, cut: int) -> None:
    """Whatever parses encodes to the same bytes; all else is PeerError."""
    sample = SPEC_PROOF.encode()
    for each in (raw, sample[:cut] + raw + sample[cut:], sample[:cut] + raw):
        try:
            proof = parse_proof(each)
        except PeerError:
            continue
        assert proof.encode() == each
