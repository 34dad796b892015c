"""Four real nodes with a case between three of them, and an oversight body that is told of no case.

    scene = scenery()                    # a clone: every test goes its own way
    scene.publish("ir", records)         # build, sign, send, carry
    scene.fetch("pk")
    sent = scene.ask("pk", "ir", [phone(1), phone(2)])
    scene.turn()                         # the clock's own acts everywhere, and delivery
    scene.found("pk")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

from hamsaya.base.decision import permit
from hamsaya.base.instants import DAY
from hamsaya.crypto.oprf import EpochKey
from hamsaya.matching import tags
from hamsaya.matching.types import Identifier, Notice, Probe, Record, Secret
from hamsaya.messages.cases import Open
from hamsaya.messages.kinds import Body
from hamsaya.node import handlers, house, match_sets
from hamsaya.node.core import Node
from hamsaya.node.match_fetch import match_due, match_housekeeping
from hamsaya.node.match_probes import ProbeJob, notice_for, prepare_probe, read_answers
from hamsaya.node.match_sets import keep_built, own_unpublished, prepare_epoch
from hamsaya.node.match_views import AnswerView, answers
from hamsaya.node.send import Draft, Sent
from hamsaya.node.writer import Act
from tests.node.making import clone
from tests.node.wires import Wires, with_service
from tests.support import persons
from tests.support.federation import Federation, make_federation, one

CASE = "C-2026-001"
MEMBERS = ("pk", "ir", "uz")
WATCH = "oversight"


@dataclass
class Scene:
    """The federation, and the short ways of these tests through it."""

    fed: Federation
    wires: Wires = field(init=False)
    drawn: int = 0

    def __post_init__(self) -> None:
        self.wires = Wires(self.fed)

    def node(self, member: str) -> Node:
        return self.fed.node(member)

    def say(self, member: str, body: Body, *to: str, case: str | None = CASE) -> Sent:
        """Let a member send to ``to`` and oversight, and deliver everywhere."""
        sent = self.fed.send(member, Draft(body, (*to, *(() if member == WATCH else (WATCH,))), case=case))
        self.fed.carry_all()
        return sent

    def build(self, member: str, records: Sequence[Record], *, fresh: bool = False) -> Notice:
        """Build a set at the member's node and return the notice that waits to be published."""
        node = self.node(member)
        key = one(node, Act(lambda n: prepare_epoch(n, fresh)))
        with ThreadPoolExecutor(1) as executor:
            built = tags.build(EpochKey(key.seed), records, epoch=key.epoch, edition=node.random.bytes(16),  # type: ignore[attr-defined]
                               decoy_seed=key.decoy_seed, executor=executor)  # type: ignore[attr-defined]
        one(node, Act(lambda n: keep_built(n, built)))
        return own_unpublished(node)

    def publish(
        self, member: str, records: Sequence[Record], to: tuple[str, ...] = (), *, fresh: bool = False
    ) -> Notice:
        """Build and publish to ``to``, to every other member without it."""
        notice = self.build(member, records, fresh=fresh)
        self.say(member, notice, *(to or tuple(each for each in MEMBERS if each != member)), case=None)
        return notice

    def fetch(self, member: str) -> list[match_sets.Part]:
        """Let a member fetch what was noticed to it."""
        return with_service(self.fed, member, self.wires, lambda service: service.fetch_sets())

    def prepare(
        self, member: str, to: str, wanted: Sequence[Identifier], ref: str = "", case: str = CASE,
        notice: Notice | None = None,
    ) -> tuple[Probe, list[Secret]]:
        """Return a probe and its secrets as a person's program makes them."""
        self.drawn += 1
        return prepare_probe(
            notice or notice_for(self.node(member), to), to, case, wanted, probe=ref or f"{member}-p{self.drawn}",
            officer="desk-1", legal_basis="CX.32", randomness=self.node(member).random.bytes,
        )

    def ask(
        self, member: str, to: str, wanted: Sequence[Identifier], ref: str = "", case: str = CASE,
        spoil: Callable[[Probe], Probe] = lambda probe: probe,
    ) -> Sent:
        """Send a probe with its secrets, and deliver."""
        probe, secrets = self.prepare(member, to, wanted, ref, case)
        draft = persons.signed(self.node(member), Draft(spoil(probe), (to, WATCH), case=case))
        sent: Sent = one(self.node(member), ProbeJob(draft, tuple(secrets)))  # type: ignore[assignment]
        self.fed.carry_all()
        return sent

    def turn(self) -> None:
        """Do at every node what the clock brings, and deliver."""
        for member in self.fed.parties:
            node = self.node(member)
            one(node, Act(match_housekeeping))
            for draft in match_due(node):
                self.fed.send(member, draft)
        self.fed.carry_all()

    def found(self, member: str, ref: str | None = None) -> AnswerView:
        """Return the member's latest probe, or one of them, with what was found."""
        node = self.node(member)
        one(node, Act(read_answers))
        return next(each for each in answers(node) if ref in (None, each.probe))

    def refused(self, member: str) -> dict[str, str]:
        """Return destination -> code of what of the member somebody refused; the latest of each destination."""
        return {row.destination: row.note for row in self.node(member).store.outbox_rows(1000)[::-1]
                if row.state == "refused"}

    def waits(self, member: str) -> set[tuple[str, str]]:
        """Return (destination, kind) of what still waits at the member."""
        return {(row.destination, row.kind) for row in self.node(member).store.outbox_rows(1000)
                if row.state == "waiting"}


@contextmanager
def dishonest() -> Iterator[None]:
    """Let nodes send within what their own rules and house would have refused: a party that altered its program."""
    with patch.object(handlers, "decide", lambda *given, **named: permit("attack", "altered")), \
            patch.object(house, "require_own", lambda node, body: None):
        yield


def attack(scene: Scene, member: str, body: Body, *to: str, case: str | None = CASE) -> None:
    """Let an altered node say ``body`` over its persons' true signatures; honest nodes judge what arrives."""
    with dishonest():
        scene.fed.send(member, Draft(body, to, case=case))
    scene.fed.carry_all()


@cache
def _template() -> Federation:
    made = make_federation(members=(*MEMBERS, WATCH))
    made.send("pk", Draft(opening(made.clock.now() + 300 * DAY), ("ir", "uz"), case=CASE))
    made.carry_all()
    return made


def opening(until: int, participants: tuple[str, ...] = MEMBERS, **more: Any) -> Open:
    """Return the opening of a case between the three."""
    given: dict[str, Any] = {
        "title": "Detonators", "purpose": "trace-explosives", "act": "bombing", "participants": list(participants),
        "legal_basis": "CX.1", "desk": "desk", "officer": "desk-1", "retain_until": until, "subjects": []}
    return Open(**{**given, **more})


def scenery() -> Scene:
    """Return a fresh scene."""
    return Scene(clone(_template()))
