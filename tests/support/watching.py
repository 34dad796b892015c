"""Three neighbours and the party that oversees them: real nodes, whose clock is turned by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.messages.cases import Open, Subject
from hamsaya.messages.kinds import Body
from hamsaya.messages.node import Publish
from hamsaya.node.core import Node
from hamsaya.node.oversight.due import keep_watch, oversight_due
from hamsaya.node.oversight.types import Finding
from hamsaya.node.oversight.views import findings
from hamsaya.node.rotation import peers_to_tell, rotate_keys
from hamsaya.node.send import Draft, Sent
from hamsaya.node.witnessing import WitnessJob, _request
from hamsaya.node.writer import Act
from tests.node.making import CASE, clone
from tests.support.federation import Federation, make_federation, one

WATCH = "oversight"
MEMBERS = ("pk", "ir", "uz")


@cache
def _template() -> Federation:
    return make_federation(members=("pk", "ir", WATCH, "uz"))


@dataclass
class Watched:
    """A federation with one that oversees; ``turn`` is a turn of every node's clock, with all that it brings."""

    fed: Federation = field(default_factory=lambda: clone(_template()))

    def node(self, member: str) -> Node:
        return self.fed.node(member)

    @property
    def watch(self) -> Node:
        """The overseeing node."""
        return self.fed.node(WATCH)

    def says(self, member: str, body: Body, *to: str, case: str | None = CASE) -> Sent:
        """Let a member say something and deliver it."""
        sent = self.fed.send(member, Draft(body, to, case=case))
        self.fed.carry_all()
        return sent

    def refused(self, member: str, body: Body, *to: str, case: str | None = CASE) -> str:
        """Return the code with which the member's own node refuses to send."""
        with pytest.raises(PolicyRefusal) as refusal:
            self.says(member, body, *to, case=case)
        return refusal.value.decision.code

    def opens(
        self, *persons: str, retain_days: int = 300, opener: str = "pk", to: tuple[str, ...] = ("ir", "uz"),
        **fields: Any,
    ) -> None:
        """Let Pakistan open the case with both others, naming these persons; or another with others."""
        subjects = [Subject(type="person", label=name, eligibility="mutually-criminalised", eligibility_ref="bombing")
                    for name in persons]
        plain: dict[str, Any] = {
            "title": "Explosives", "purpose": "trace-explosives", "act": "bombing", "participants": list(MEMBERS),
            "legal_basis": "CX.1", "desk": "desk", "officer": "desk-1", "subjects": subjects,
            "retain_until": self.fed.clock.now() + retain_days * DAY,
        }
        self.says(opener, Open(**(plain | fields)), *to)

    def turn(self, *members: str) -> None:
        """Let each node say what its clock brings, until nothing more is to be said."""
        for _ in range(3):
            for member in members or tuple(self.fed.parties):
                for draft in oversight_due(self.node(member)):
                    self.fed.send(member, draft)
            self.fed.carry_all()
        one(self.watch, Act(keep_watch))

    def passes(self, days: int) -> None:
        """Let days pass, a week at a time, in which every node publishes the sealing keys of the weeks to come."""
        for week in range(0, days, 7):
            self.fed.clock.advance(min(7, days - week) * DAY)
            for member in self.fed.parties:
                statements: Any = one(self.node(member), Act(rotate_keys))
                if statements:
                    publication = Publish(statements=statements)
                    told = peers_to_tell(self.node(member), publication)
                    self.fed.send(member, Draft(publication, told))
            self.fed.carry_all()
        self.fed.clock.advance(1)

    def cosign(self, member: str) -> str:
        """Let the overseer's node witness the member's log; return the code of a refusal."""
        stored = self.watch.store.witnessed(self.watch.agreement.origin(member))
        request = _request(self.node(member), stored[0] if stored else 0)
        assert request is not None
        answer: Any = one(self.watch, WitnessJob(request.body))
        return str(answer.code)

    def found(self) -> list[Finding]:
        """Return what the overseer finds now."""
        return findings(self.watch)

    def codes(self) -> set[str]:
        """Return the codes of what the overseer finds now."""
        return {each.code for each in self.found()}
