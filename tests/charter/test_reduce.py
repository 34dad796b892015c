"""The fold of the charter's messages: any order of arrival gives the same bytes, and a replay the same again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.instants import DAY, HOUR
from hamsaya.canon import digest, encode
from hamsaya.charter import reduce
from hamsaya.charter.said import EMPTY_CHARTER, CharterState
from hamsaya.charter.types import CHARTER
from hamsaya.messages import charter as said
from hamsaya.messages.cases import Close
from hamsaya.messages.event import Event
from tests.charter.making import (
    MEMBERS,
    PARTIES,
    World,
    amend,
    amended,
    draft_event,
    founding,
    give,
    omitted,
    question,
    yes,
)

ROOT = Path(__file__).resolve().parents[2]


def whole_history() -> World:
    """Return a history in which everything happens that the charter's messages can say."""
    world = World()
    world.must("ava", said.Reserve(instrument="cases", clause="C.1", text="Not for ours."))
    for stance in ("objected", "objected-excluding", "accepted"):
        world.later(HOUR).must("bel", said.React(reserving="ava", instrument="cases", clause="C.1", stance=stance))
    world.must("cor", said.React(reserving="ava", instrument="cases", clause="C.1", stance="objected"))
    world.sign(*PARTIES).later(DAY).sign("ava", instruments=["cases"])
    world.later(HOUR).must("ava", said.Reserve(instrument="cases", clause="C.1", text="After all.", withdrawn=True))
    world.must("ava", said.Withdraw(instrument="joint", text="We leave."))
    world.later(HOUR).must("ava", said.Withdraw(instrument="joint", text="We stay.", revoked=True))
    world.must("bel", said.Cut(member="cor", cut=True, reason="technical"))
    world.later(HOUR).must("bel", said.Cut(member="cor", cut=False, reason="technical"))
    for desk in ("one", "two"):
        body = said.CompetentBody(instrument="cases", name="Desk", desk=desk)
        world.later(HOUR).must("ava", said.Competent(bodies=[body]))
    world.propose("dun", "gone", "budget", said.Resolve(ground="a"))
    world.later(HOUR).must("dun", said.Retract(proposal="dun/gone"))
    world.later(HOUR).must("dun", said.Retract(proposal="dun/gone"))
    put = world.must("ava", question("ava", "q", "budget", said.Resolve(ground="b")))
    world.later(HOUR).must("ava", put.body)
    for number, member in enumerate(("ava", "bel", "cor", "fen", "dun")):
        world.later(HOUR).vote("ava/q", **{member: "no" if number == 4 else "yes"})
    short, message = omitted(world, "dun")
    record = world.must("cell", short)
    proof = {"record": record.message_id, "vote": message, "statement": b"s", "receipt": b"r"}
    world.must("dun", said.Contest(proposal="ava/q", **proof), proven=("cell", world.state.votes["ava/q", "dun"].at))
    world.later(HOUR).record("ava/q")
    world.record("ava/q", "watch")
    world.decide("ava", "s", "suspend", give("eld", "suspended"), yes("ava", "bel", "cor"))
    world.decide("ava", "n", "amend", amend(amended(founding().document, title="New")), yes(*MEMBERS[:4], "fen"))
    return world


HISTORY = whole_history()


def folded(events: list[Event]) -> CharterState:
    state = EMPTY_CHARTER
    for event in events:
        state = reduce.apply(state, event)
    return state


def digest_of(state: CharterState) -> str:
    return digest(encode(reduce.snapshot(state))).hex()


def test_the_history_says_everything_that_can_be_said() -> None:
    """A kind left out of these tests could fold as it likes."""
    assert {event.kind for event in HISTORY.log} == {
        f"charter.{name}" for name in ("sign", "reserve", "react", "withdraw", "cut", "competent", "propose", "retract",
                                       "vote", "record", "contest")}


@settings(max_examples=300)
@given(st.permutations(HISTORY.log))
def test_any_order_of_arrival_gives_the_same_bytes(events: list[Event]) -> None:
    """I4: no two nodes receive in the same order, and all must come to the same charter."""
    assert digest_of(folded(events)) == digest_of(HISTORY.state)


@given(st.lists(st.sampled_from(HISTORY.log), max_size=30))
def test_what_arrives_twice_counts_once(again: list[Event]) -> None:
    """A message may come by post, by pull and by courier."""
    assert digest_of(folded([*HISTORY.log, *again])) == digest_of(HISTORY.state)


@given(st.permutations(HISTORY.log))
def test_the_same_situation_follows_at_every_instant(events: list[Event]) -> None:
    """Who stands where is a function of what is known and of the instant, of nothing else."""
    other = World(state=folded(events), now=HISTORY.now)
    for hours in (0, 1, 30, 300, 3000):
        at = HISTORY.now + hours * HOUR
        one, two = HISTORY.situation(at), other.situation(at)
        assert (one.standings, one.entered, one.bound, one.cuts, one.epoch, one.compiled.revision) == (
            two.standings, two.entered, two.bound, two.cuts, two.epoch, two.compiled.revision)


def test_every_kind_leaves_its_trace() -> None:
    """A state that forgot one message would let it be said again differently."""
    for index, event in enumerate(HISTORY.log):
        first = not any(each.kind == event.kind and each.sender == event.sender for each in HISTORY.log[:index])
        if first:
            rest = [each for each in HISTORY.log if (each.kind, each.sender) != (event.kind, event.sender)]
            assert digest_of(folded(rest)) != digest_of(HISTORY.state), event.kind


def test_other_rooms_change_nothing_here() -> None:
    """The fold is of the charter's own messages."""
    close = draft_event("case.close", "ava", ("bel",), Close(outcome="resolved", officer="desk-1"), HISTORY.now)
    assert reduce.apply(HISTORY.state, close) is HISTORY.state


def test_a_process_with_other_hashes_folds_to_the_same_bytes() -> None:
    """Python orders sets of strings anew in each process; a replay after a restart must not see it."""
    program = "from tests.charter.test_reduce import HISTORY, digest_of; print(digest_of(HISTORY.state))"
    found = set()
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
        found.add(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True,
                                 cwd=ROOT, env=environment).stdout.strip())
    assert found == {digest_of(HISTORY.state)}


def test_each_signature_counts_since_its_own_day() -> None:
    """Who signs some instruments first and all of them later is bound by the rest since the later day."""
    revision = founding().revision
    names: list[list[str]] = [["cases"], [], ["joint", "cases"]]
    for seed in range(6):
        order = Random(seed).sample(names, 3)
        world = World()
        for instruments in order:
            world.later(HOUR).must("ava", said.Sign(document=CHARTER, revision=revision, instruments=instruments))
        since = {each.instruments: each.at for each in world.state.signed(CHARTER, revision)["ava"]}
        signed = [event for event in world.log if isinstance(event.body, said.Sign)]
        first: dict[tuple[str, ...], int] = {}
        for event in signed:
            for one in [(name,) for name in event.body.instruments] or [()]:  # type: ignore[attr-defined]
                first.setdefault(one, event.issued_at)
        assert since == first
