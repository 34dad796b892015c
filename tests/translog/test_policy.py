"""Witness policies: the specification's example, its rules one by one, and the arithmetic of quorums."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.translog.note import ED25519, ED25519_COSIGNATURE, VKey, parse_note
from hamsaya.translog.policy import parse_policy, policy_text, quorum


def key(name: str, kind: int = ED25519_COSIGNATURE, material: str = "") -> str:
    """The text of a key that nobody holds, distinct for distinct names unless ``material`` says otherwise."""
    return VKey(name, kind, sha256((material or name).encode()).digest()).encode()


LOG = f"log {key('example.com/log', ED25519)}\n"
SPEC_POLICY = f"""\
{LOG}
witness X1 {key("X1")}
witness X2 {key("X2")}
witness X3 {key("X3")}
group X-witnesses 2 X1 X2 X3

witness Y1 {key("Y1")}
witness Y2 {key("Y2")}
witness Y3 {key("Y3")}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


@pytest.mark.parametrize(
    ("present", "holds"),
    [
        ("X1 X2 Y1", True),
        ("X2 X3 Y3", True),
        ("X1 X2 X3 Y1 Y2 Y3", True),
        ("X1 X2 X3", False),
        ("X1 Y1 Y2 Y3", False),
        ("", False),
        ("X-witnesses Y-witnesses", False),
        ("X-and-Y", False),
    ],
)
def test_the_specifications_policy(present: str, holds: bool) -> None:
    """Two of X and one of Y; a group's name among the cosigners counts for nothing."""
    assert parse_policy(SPEC_POLICY.encode()).satisfied(set(present.split())) is holds


def test_layout_is_free_where_the_specification_says_so() -> None:
    """Tabs, spaces at both ends, comments, URLs, and bytes that are not UTF-8 in names and comments."""
    raw = (
        b"\t# caf\xe9\n  quorum\t none \n"
        + LOG.replace("\n", "  https://log.example/\n").encode()
        + b"witness \xff "
        + key("w").encode()
        + b"\n"
    )
    policy = parse_policy(raw)
    assert policy.quorum is None and len(policy.logs) == 1 and set(policy.witnesses) == {"\udcff"}


W1, W2 = f"witness a {key('a')}\n", f"witness b {key('b')}\n"
BAD = {
    "no quorum": LOG + W1,
    "two quorums": LOG + "quorum none\nquorum none\n",
    "quorum not defined before": LOG + "quorum a\n" + W1,
    "group not defined before": LOG + "group g any a\n" + W1 + "quorum g\n",
    "group within itself": LOG + W1 + "group g any g\nquorum g\n",
    "group without members": LOG + "group g any\nquorum g\n",
    "group of none": LOG + "group g any none\nquorum g\n",
    "threshold 0": LOG + W1 + "group g 0 a\nquorum g\n",
    "threshold above the members": LOG + W1 + "group g 2 a\nquorum g\n",
    "threshold with a leading zero": LOG + W1 + "group g 01 a\nquorum g\n",
    "member twice in a group": LOG + W1 + "group g 1 a a\nquorum g\n",
    "member of two groups": LOG + W1 + W2 + "group g any a\ngroup h all a b\nquorum h\n",
    "name twice": LOG + W1 + f"witness a {key('b')}\nquorum a\n",
    "name none": LOG + f"witness none {key('b')}\nquorum none\n",
    "key twice among the witnesses": LOG + W1 + f"witness b {key('b', material='a')}\nquorum a\n",
    "key twice among the logs": LOG + LOG + "quorum none\n",
    "cosigner's key as a log": f"log {key('a')}\nquorum none\n",
    "log's key as a witness": f"witness a {key('a', ED25519)}\nquorum a\n",
    "unknown word": LOG + "mirror x\nquorum none\n",
    "word in another case": LOG.replace("log", "Log", 1) + "quorum none\n",
    "too many items": LOG + "quorum none none\n",
    "no newline at the end": LOG + "quorum none",
    "carriage return": LOG + "quorum none\r\n",
    "form feed": LOG + "\x0cquorum none\n",
    "delete": LOG + "# \x7f\nquorum none\n",
    "broken key": "log example.com/log+00000000+AAAA\nquorum none\n",
    "too large": "#" * 600_000 + "\nquorum none\n",
}


@pytest.mark.parametrize("case", BAD)
def test_what_breaks_a_rule_is_refused(case: str) -> None:
    """A policy read more generously than it was written would trust more than its author did."""
    with pytest.raises(PeerError) as caught:
        parse_policy(BAD[case].encode())
    assert caught.value.code in ("bad-policy", "bad-vkey")


@settings(max_examples=300)
@given(
    st.binary(max_size=80)
    | st.lists(
        st.sampled_from(
            [
                "log",
                "witness",
                "group",
                "quorum",
                "none",
                "a",
                "b",
                "1",
                "any",
                "all",
                "\n",
                "\t",
                "#",
                key("a"),
                key("b"),
                key("l", ED25519),
            ]
        ),
        max_size=30,
    ).map(lambda items: (" ".join(items) + "\n").encode())
)
def test_no_bytes_break_the_policy_parser(raw: bytes) -> None:
    """Whatever parses can be judged; all else is PeerError."""
    try:
        policy = parse_policy(raw)
    except PeerError:
        return
    assert policy.satisfied(set(policy.witnesses)) or policy.quorum


def test_a_member_counts_when_both_of_its_lines_verify(world: Any) -> None:
    """The generated policy asks each witness for Ed25519 and ML-DSA-44: a stripped line takes the vote."""
    name = "w2.example/witness"
    policy = parse_policy(policy_text(world.vkeys, {"w2": world.witness_vkeys(name)}, 1).encode())
    note = world.note(7, [name])
    assert policy.check(note) == world.checkpoint(7)
    for stripped in (2, 3):
        lines = parse_note(note).signatures
        text = (
            parse_note(note).text + "\n" + "".join(line.encode() for line in lines[:stripped] + lines[stripped + 1 :])
        )
        with pytest.raises(PeerError) as caught:
            policy.check(text.encode())
        assert caught.value.code == "quorum-missing" and "w2" in str(caught.value)


def test_a_checkpoint_of_an_unlisted_log_is_refused(world: Any) -> None:
    """Cosignatures alone make no checkpoint, and quorum none still asks for a listed log."""
    policy = parse_policy((LOG + "quorum none\n").encode())
    with pytest.raises(PeerError) as caught:
        policy.check(world.note(7))
    assert caught.value.code == "unknown-log"


@pytest.mark.parametrize(("n", "f", "q"), [(8, 1, 5), (8, 2, 6), (1, 0, 1), (2, 0, 2), (3, 1, 3), (4, 1, 3), (9, 2, 6)])
def test_quorum_examples(n: int, f: int, q: int) -> None:
    """The figures of the design note."""
    assert quorum(n, f) == q


@pytest.mark.parametrize(("n", "f"), [(n, f) for n in range(1, 8) for f in range(n) if (n + f) // 2 + 1 <= n])
def test_two_quorums_share_an_honest_witness_and_a_smaller_one_would_not(n: int, f: int) -> None:
    """By enumeration: every two sets of q overlap in more than f, and q - 1 is too small."""

    def overlap(size: int) -> int:
        sets = [set(each) for each in combinations(range(n), size)]
        return min(len(one & two) for one in sets for two in sets)

    assert overlap(quorum(n, f)) > f >= overlap(quorum(n, f) - 1)


@pytest.mark.parametrize(("n", "f"), [(0, 0), (3, 3), (3, -1)])
def test_a_quorum_of_nobody_is_the_callers_mistake(n: int, f: int) -> None:
    """No witness, or none honest, has no quorum."""
    with pytest.raises(ValueError):
        quorum(n, f)


def test_a_policy_cannot_ask_for_more_than_there_are(world: Any) -> None:
    """Such a policy could never be met."""
    with pytest.raises(ValueError):
        policy_text(world.vkeys, {}, 1)
    assert parse_policy(policy_text(world.vkeys, {}, 0).encode()).check(world.note(7)) == world.checkpoint(7)
