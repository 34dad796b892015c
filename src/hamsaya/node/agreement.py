"""What the members agreed, as this node enforces it: the founding charter, and what they have decided since.

The founding charter is given at start and the same at every node of a federation. Which revision is in effect at an
instant, and who stands where under it, follows from the charter's state alone (``charter.situation``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import msgspec

from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY
from hamsaya.cases.clocks import Annex
from hamsaya.charter import rules
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.history import END_OF_TIME, amendments
from hamsaya.charter.rules import Judge
from hamsaya.charter.said import EMPTY_CHARTER, CharterState
from hamsaya.charter.situation import Situation, situation_at
from hamsaya.linkage.types import Quantity
from hamsaya.messages.event import Event

REVISION_BYTES = 16
CLOCKS = "annex-clocks"
"""The ``document`` of a ``charter.sign`` of the annex on clocks."""
DECISIONS_KEPT = 4096
SITUATIONS_KEPT = 64


@dataclass
class _Memory:
    """What has been worked out for one state: nothing of it outlives the next of the charter's own messages."""

    state: CharterState = EMPTY_CHARTER
    versions: list[tuple[int, Compiled]] = field(default_factory=list)
    situations: list[Situation] = field(default_factory=list)
    decisions: dict[object, Decision] = field(default_factory=dict)


def _kept(texts: Sequence[Compiled]) -> dict[bytes, frozenset[str]]:
    """Return, for the revision of each of ``texts``, the instruments that it and all later ones have."""
    kept, found = frozenset(texts[-1].instruments), dict[bytes, frozenset[str]]()
    for text in reversed(texts):
        kept &= text.instruments.keys()
        found[text.revision] = kept
    return found


@dataclass(frozen=True)
class Agreement:
    """The charter in effect, its annexes, and who this node is in it.

    Attributes:
        federation: Name of the federation, part of every log's origin.
        own: This node's slug.
        founding: The compiled charter that the federation began with.
        charter: The one in effect now; ``following`` keeps it so.
        documents: Document reference to SHA-256, for everything members sign (the charter, the annexes).
        areas: PRIO-GRID cell to the members that report on it, from the signed annex, never from polygons.
        observers: Members that may see what they take no part in (joint cell, oversight).
        exercise: Whether this federation is an exercise.
        priors: The pack's published figures for the price of compliance by name, and each project's yearly flow of
            money as ``flow.PROJECT.FIGURE``; nobody has signed them.
        clocks: The terms between pairs of members, as the annex on clocks has them (``annexes`` says which count).
        judge: What the clauses are put to; the policy engine and its reference must agree.
    """

    federation: str
    own: str
    founding: Compiled
    charter: Compiled
    documents: Mapping[str, bytes]
    areas: Mapping[int, frozenset[str]]
    observers: frozenset[str]
    exercise: bool
    judge: Judge = rules.judge
    clocks: tuple[Annex, ...] = ()
    priors: Mapping[str, Quantity] = field(default_factory=dict)
    _memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    def decide(
        self, state: CharterState, event: Event, consents: frozenset[str] = frozenset(), at: int | None = None
    ) -> Decision:
        """Return the charter's decision on ``event`` at ``at`` (its time of issue), remembered while nothing changes.

        The clauses look at nothing of a message but what the key holds, and a situation holds for a span of time, so
        equal keys have equal decisions.
        """
        situation = self.situation(state, event.issued_at if at is None else at)
        decisions = self._memory.decisions
        key = (situation.since, event.kind, event.sender, event.recipients, event.instrument, event.case is None,
               event.exercise, consents)
        decision = decisions.get(key)
        if decision is None:
            if len(decisions) >= DECISIONS_KEPT:
                decisions.clear()
            decision = decisions[key] = rules.decide_event(situation, event, consents, at, self.judge)
        return decision

    def situation(self, state: CharterState, at: int) -> Situation:
        """Return who stands where at ``at``, under the revision in effect then."""
        memory = self._remember(state)
        for known in memory.situations:
            if known.since <= at < known.until:
                return known
        begins, index = max((start, index) for index, (start, _) in enumerate(memory.versions) if start <= at)
        ends = memory.versions[index + 1][0] if index + 1 < len(memory.versions) else END_OF_TIME
        texts = [compiled for _, compiled in memory.versions[: index + 1]]
        found = situation_at(texts[-1], [text.revision for text in texts], state, at, _kept(texts))
        found = replace(found, since=max(found.since, begins), until=min(found.until, ends))
        if len(memory.situations) >= SITUATIONS_KEPT:
            memory.situations.clear()
            memory.decisions.clear()
        memory.situations.append(found)
        return found

    def revision_at(self, state: CharterState, at: int) -> bytes:
        """Return the first 16 bytes of the revision in effect at ``at``, as headers carry it."""
        return self.situation(state, at).compiled.revision[:REVISION_BYTES]

    def knows_revision(self, state: CharterState, short: bytes) -> bool:
        """Say whether ``short`` (16 bytes) is a revision that was, is or will be in effect by what is known here."""
        return any(compiled.revision[:REVISION_BYTES] == short for _, compiled in self._remember(state).versions)

    def following(self, state: CharterState, now: int) -> Agreement:
        """Return this agreement with the charter in effect at ``now``; itself where that has not changed."""
        charter = self.situation(state, now).compiled
        if charter.revision == self.charter.revision:
            return self
        return replace(self, charter=charter, documents={**self.documents, "charter": charter.revision})

    def _remember(self, state: CharterState) -> _Memory:
        memory = self._memory
        if memory.state is not state or not memory.versions:
            memory.state, memory.situations, memory.decisions = state, [], {}
            known = {compiled.revision: compiled for _, compiled in memory.versions}
            memory.versions = [(0, self.founding)]
            for start, document, revision in amendments(state, self.founding.revision):
                memory.versions.append((start, known.get(revision) or compile_document(document)))
        return memory

    @cached_property
    def blocs(self) -> dict[str, str]:
        """Each party's bloc, for the arithmetic of panels."""
        return {member: party.bloc for member, party in self.charter.members.items()}

    @cached_property
    def joint_cells(self) -> frozenset[str]:
        """The parties with the role of a joint cell."""
        return frozenset(member for member, party in self.charter.members.items() if party.role == "joint-cell")

    def annexes(self, state: CharterState) -> tuple[Annex, ...]:
        """Return the terms between two members that count, each from when both had signed the annex on clocks."""
        signers = state.signed(CLOCKS, self.documents[CLOCKS]) if self.clocks else {}
        found = []
        for annex in self.clocks:
            if all(member in signers for member in annex.between):
                since = max(annex.since, *(min(signed.at for signed in signers[m]) for m in annex.between))
                if annex.until is None or since < annex.until:
                    found.append(msgspec.structs.replace(annex, since=since))
        return tuple(found)

    @cached_property
    def overseers(self) -> frozenset[str]:
        """The parties with the role of oversight."""
        return frozenset(member for member, party in self.charter.members.items() if party.role == "oversight")

    def overseers_of(self, member: str) -> frozenset[str]:
        """Return the parties to which the node of ``member`` reports: the one the charter names for it, else all that
        oversee; nobody where it is no member."""
        party = self.charter.members.get(member)
        if party is None or party.role != "member":
            return frozenset()
        return frozenset((party.overseer,)) if party.overseer else self.overseers

    def overseen_by(self, overseer: str) -> frozenset[str]:
        """Return the members whose nodes report to ``overseer``."""
        return frozenset(member for member in self.charter.members if overseer in self.overseers_of(member))

    @property
    def revision(self) -> bytes:
        """The first 16 bytes of the charter's digest, as headers carry it."""
        return self.charter.revision[:REVISION_BYTES]

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
