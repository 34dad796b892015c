"""What the members agreed, as this node enforces it: given at start, the same at every node of a federation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.charter import rules
from hamsaya.charter.rules import Compiled
from hamsaya.charter.types import CharterState
from hamsaya.messages.event import Event

REVISION_BYTES = 16
DECISIONS_KEPT = 4096


@dataclass(frozen=True)
class Agreement:
    """The compiled charter, its annexes, and who this node is in it.

    Attributes:
        federation: Name of the federation, part of every log's origin.
        own: This node's slug.
        charter: The compiled charter document.
        documents: Document reference to SHA-256, for everything members sign (the charter, the annexes).
        areas: PRIO-GRID cell to the members that report on it, from the signed annex, never from polygons.
        observers: Members that may see what they take no part in (joint cell, oversight).
        exercise: Whether this federation is an exercise.
    """

    federation: str
    own: str
    charter: Compiled
    documents: Mapping[str, bytes]
    areas: Mapping[int, frozenset[str]]
    observers: frozenset[str]
    exercise: bool
    _decided: dict[object, Decision] = field(default_factory=dict, repr=False, compare=False)

    def decide(self, state: CharterState, event: Event) -> Decision:
        """Return the charter's decision on ``event``, remembered while the signatures stay the same.

        The clauses look at nothing of a message but what the key holds, so equal keys have equal decisions.
        """
        key = (state, event.kind, event.sender, event.recipients, event.instrument, event.case is None, event.exercise)
        decision = self._decided.get(key)
        if decision is None:
            if len(self._decided) >= DECISIONS_KEPT:
                self._decided.clear()
            decision = self._decided[key] = rules.decide_event(self.charter, state, event)
        return decision

    @cached_property
    def blocs(self) -> dict[str, str]:
        """Each party's bloc, for the arithmetic of panels."""
        return {member: party.bloc for member, party in self.charter.members.items()}

    @cached_property
    def joint_cells(self) -> frozenset[str]:
        """The parties with the role of a joint cell."""
        return frozenset(member for member, party in self.charter.members.items() if party.role == "joint-cell")

    @property
    def revision(self) -> bytes:
        """The first 16 bytes of the charter's digest, as headers carry it."""
        return self.documents["charter"][:REVISION_BYTES]

    def origin(self, node: str) -> str:
        """The origin line of ``node``'s log."""
        return f"hamsaya/{self.federation}/{node}"

    def witness_name(self, node: str) -> str:
        """The name under which ``node`` cosigns the checkpoints of others."""
        return f"hamsaya/{self.federation}/{node}/witness"

    def retention(self, instrument: str) -> int:
        """The longest that what is sent under ``instrument`` may be kept, milliseconds; 0 where there is no such."""
        found = self.charter.instruments.get(instrument)
        return 0 if found is None else found.retention_days * DAY

    def instrument_for(self, kind: str) -> str:
        """Return the instrument that ``kind`` is sent under when none is named; raises PolicyRefusal ``no-clause``."""
        return rules.instrument_for(self.charter, kind)
