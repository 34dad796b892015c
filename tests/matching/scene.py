"""One responder's small set and one querier's probe, from which the tests of hit/no-hit start."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.crypto import oprf
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import probe as rules
from hamsaya.matching import tags
from hamsaya.matching.identifiers import identifier
from hamsaya.matching.probe import Facts
from hamsaya.matching.querier import Prepared, prepare
from hamsaya.matching.tags import Built
from hamsaya.matching.types import (
    EMPTY_MATCHES,
    Audit,
    Identifier,
    MatchState,
    Notice,
    Openings,
    Probe,
    ProbeAnswer,
    ProbeDecline,
    ProbeLapse,
    Record,
)
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body

T0 = 20_000 * DAY
KEY = EpochKey(b"k" * 32)
EDITION = b"e" * 16
DECOY_SEED = b"d" * 32
FACTS = Facts(case_open=True, participants=frozenset({"ava", "bel"}), overseers=frozenset({"watch"}))


def chance(seed: str) -> Callable[[int], bytes]:
    """Return a source of bytes that is the same in every run."""
    drawn = [0]

    def draw(count: int) -> bytes:
        drawn[0] += 1
        return hashlib.shake_256(f"{seed} {drawn[0]}".encode()).digest(count)

    return draw


def phone(number: int) -> Identifier:
    return identifier("phone", f"+9990{number:08d}")


def records(count: int = 10) -> list[Record]:
    """Return records of phones 0, 1, 2 …, at two desks."""
    return [Record(phone(number), "wanted" if number % 2 else "missing", f"desk-{number % 3}")
            for number in range(count)]


def build(own: Sequence[Record], key: EpochKey = KEY, workers: int = 1, **given: Any) -> Built:
    options: dict[str, Any] = {"epoch": 1, "edition": EDITION, "decoy_seed": DECOY_SEED} | given
    with ThreadPoolExecutor(workers) as executor:
        return tags.build(key, own, executor=executor, **options)


BUILT = build(records())


def prepared(wanted: Sequence[Identifier], notice: Notice = BUILT.notice, seed: str = "") -> Prepared:
    return prepare(oprf, notice, "bel", "C-1", wanted, chance(seed))


def probe_of(made: Prepared, ref: str = "P-1", epoch: int = 1) -> Probe:
    return Probe(probe=ref, to="bel", epoch=epoch, public=KEY.public, officer="desk-9", legal_basis="Article 4",
                 elements=made.elements, commitments=made.commitments)


def answer_of(probe: Probe, key: EpochKey = KEY) -> ProbeAnswer:
    evaluated, proof = key.evaluate(probe.elements)
    return ProbeAnswer(probe=probe.probe, evaluated=list(evaluated), proof=proof)


def say(sender: str, body: Body, at: int = 0, to: tuple[str, ...] | None = None, case: str | None = "C-1") -> Event:
    """Return ``body`` as said ``at`` ms after T0, to those whom it concerns unless ``to`` is given."""
    told = _concerned(sender, body) if to is None else to
    return Event(b"\0" * 16, "match.test", sender, told, "cases", case, T0 + at, T0 + at + DAY, True, body)


def _concerned(sender: str, body: Body) -> tuple[str, ...]:
    match body:
        case Probe(to=to):
            return to, "watch"
        case ProbeAnswer() | ProbeDecline() | ProbeLapse():
            return "ava", "watch"
        case Audit(of=of):
            return (of,)
        case Openings():
            return ("watch",)
        case _:
            return tuple(each for each in ("ava", "bel", "watch") if each != sender)


def play(*events: Event, state: MatchState = EMPTY_MATCHES, facts: Facts = FACTS) -> MatchState:
    """Return the state after ``events``, each of which must be permitted."""
    for event in events:
        rules.decide(state, event, facts).require()
        state = rules.apply(state, event)
    return state


def judged(state: MatchState, event: Event, facts: Facts = FACTS) -> Decision:
    return rules.decide(state, event, facts)


def blank(inputs: int, ref: str, epoch: int = 1, public: bytes = KEY.public) -> Probe:
    """Return a probe of so many inputs that no test opens or answers."""
    draw = chance(ref)
    return Probe(probe=ref, to="bel", epoch=epoch, public=public, officer="desk-9", legal_basis="Article 4",
                 elements=[draw(32) for _ in range(inputs)], commitments=[draw(32) for _ in range(inputs)])


NOTICED = play(say("bel", BUILT.notice, case=None))
