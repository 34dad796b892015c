"""The second engine: Cedar, which must agree with the first about every message.

Rules
1. What no policy permits is denied, and one ``forbid`` outweighs every ``permit``: Cedar's own rule.
2. A policy that fails counts for nothing with Cedar, a ``forbid`` too. Here one failure refuses the request.
3. ``Engine`` asks both. Where they differ on the verdict or on a clause, it is refused: ``engines-disagree``.

    engine = Engine()
    engine(compiled, facts)     # as rules.judge, and equal to it

Left out: obligations, and which condition failed: those the first engine says (``charter.rules``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import cedarpy
import msgspec

from hamsaya.base.decision import Decision, Reason
from hamsaya.charter import rules
from hamsaya.charter.compiled import ALL_ROLES, ALL_STANDINGS, Compiled
from hamsaya.charter.policies import LINK_POLICY, LINKS, policy, quoted
from hamsaya.charter.rules import Facts
from hamsaya.charter.types import kinds_named
from hamsaya.messages.catalog import KINDS


class _Context(msgspec.Struct):
    """What a policy may ask beyond the two ends and the kind; the names are those of the policies."""

    instrument: str
    note_to_self: bool
    in_force: bool
    expired: bool
    both_bound: bool
    link_cut: bool
    within_case: bool
    winding_down: bool
    not_accepted: frozenset[str]
    reserved: frozenset[str]
    consents: frozenset[str]


_CEDAR_TYPES = {str: "String", bool: "Bool", frozenset[str]: "Set<String>"}
ANSWERS_KEPT = 4096
_ENCODE = msgspec.json.Encoder().encode


class Verdict(NamedTuple):
    """What an engine says: the clauses that permit, else those that forbid, else none; and what failed in it."""

    allowed: bool
    clauses: frozenset[str]
    errors: tuple[str, ...] = ()


class Group(NamedTuple):
    """The policies on one kind under one instrument, parsed; Cedar names them ``policy0`` on, in order."""

    handle: cedarpy.PolicySet
    refs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Policies:
    """A charter's policies, parsed and checked once.

    Attributes:
        texts: (instrument, clause) -> the policy.
        groups: (instrument, kind) -> those that speak of it, the rule of cut links last.
    """

    texts: dict[tuple[str, str], str]
    groups: dict[tuple[str, str], Group]

    def text(self) -> str:
        """Return the whole charter as one Cedar document, in the charter's order."""
        return _joined((*self.texts.values(), LINK_POLICY))


def compile_policies(compiled: Compiled) -> Policies:
    """Return every clause of the charter as a parsed policy, each fitting Cedar's schema of what may be asked.

    A set for each instrument and kind is what a decision is fastest with: the charter as one set, or a set for each
    instrument, costs it more the more clauses there are (docs/adr/0011-cedar.md has the figures).

    Raises:
        ValueError: a policy cannot be read or asks what no request answers; a defect here, not in the charter.
    """
    texts, members = {}, dict[tuple[str, str], list[tuple[str, str]]]()
    for instrument in compiled.document.instruments:
        for clause in instrument.clauses:
            texts[instrument.id, clause.id] = policy(instrument, clause)
            for kind in kinds_named(clause.kinds):
                members.setdefault((instrument.id, kind), []).append((instrument.id, clause.id))
    policies = Policies(texts, {key: _group(texts, clauses) for key, clauses in members.items()})
    checked = cedarpy.validate_policies(policies.text(), schema())
    if not checked.validation_passed:
        raise ValueError(f"a policy does not fit its schema: {checked.errors[0].error}")
    return policies


def _group(texts: dict[tuple[str, str], str], clauses: list[tuple[str, str]]) -> Group:
    text = _joined((*(texts[key] for key in clauses), LINK_POLICY))
    refs = (*(f"{instrument}:{clause}" for instrument, clause in clauses), LINKS)
    return Group(cedarpy.PolicySet.from_str(text), {f"policy{number}": ref for number, ref in enumerate(refs)})


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(texts) + "\n"


# -- what may be asked --------------------------------------------------------------------------------------


@cache
def schema() -> cedarpy.Schema:
    """Return what a request holds: two parties with role and standing, a kind, and the circumstances."""
    rooms = sorted({_room(kind) for kind in KINDS})
    fields = ", ".join(f"{one.name}: {_CEDAR_TYPES[one.type]}" for one in msgspec.structs.fields(_Context))
    asked = f"appliesTo {{ principal: Party, resource: Party, context: {{ {fields} }} }}"
    return cedarpy.Schema.from_str("\n".join((
        "entity Party = { role: String, standing: String };",
        *(f"action {quoted(room)};" for room in rooms),
        *(f"action {quoted(kind)} in [{quoted(_room(kind))}] {asked};" for kind in sorted(KINDS)),
    )))


@cache
def entities() -> cedarpy.Entities:
    """Return every party there can be, by role and standing, and every kind within its room."""
    parties = [
        {"uid": _party(role, standing), "attrs": {"role": role, "standing": standing}, "parents": []}
        for role in ALL_ROLES for standing in ALL_STANDINGS
    ]
    kinds = [{"uid": _kind(kind), "attrs": {}, "parents": [_kind(_room(kind))]} for kind in KINDS]
    return cedarpy.Entities.from_json_str(msgspec.json.encode(parties + kinds).decode())


def _room(kind: str) -> str:
    return kind.split(".")[0] + ".*"


def _party(role: str, standing: str) -> dict[str, str]:
    return {"type": "Party", "id": f"{role}, {standing}"}


def _kind(kind: str) -> dict[str, str]:
    return {"type": "Action", "id": kind}


# -- deciding -----------------------------------------------------------------------------------------------


def judge(policies: Policies, facts: Facts) -> Verdict:
    """Return what the policies say of ``facts``; of a kind that no clause speaks of only the rule of cut links does."""
    group = policies.groups.get((facts.instrument, facts.kind)) or _links()
    answer = cedarpy.is_authorized(request(facts), group.handle, entities())
    clauses = frozenset([group.refs[name] for name in answer.diagnostics.reasons])
    if len(clauses) > 1 and not answer.allowed:
        clauses -= {LINKS}  # The rules ask for bans first, and of a cut link only where there is none.
    return Verdict(answer.allowed, clauses, tuple(answer.diagnostics.errors))


def request(facts: Facts) -> dict[str, Any]:
    """Return ``facts`` as Cedar is asked them."""
    context = _Context(
        facts.instrument, facts.to_self, facts.in_force, facts.expired, facts.bound, facts.cut, facts.has_case,
        facts.winding, facts.unaccepted, facts.barred, facts.consents,
    )
    return {
        "principal": _party(facts.sender_role, facts.sender_standing), "action": _kind(facts.kind),
        "resource": _party(facts.recipient_role, facts.recipient_standing), "context": _ENCODE(context).decode(),
    }


@cache
def _links() -> Group:
    return _group({}, [])


def verdict_of(decision: Decision) -> Verdict:
    """Return of the first engine's answer what the second one can confirm."""
    if decision.allowed or decision.code == "forbidden":
        return Verdict(decision.allowed, frozenset(reason.ref for reason in decision.reasons))
    return Verdict(False, frozenset((LINKS,)) if decision.code == "link-cut" else frozenset())


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """A ``rules.Judge`` that asks both engines and permits only what both permit, by the same clauses.

    Equal revisions are equal clauses, and the answer follows from clauses and facts alone: so it may be remembered.

    Attributes:
        policies: Revision -> its policies, compiled when first asked for.
        answers: (revision, facts) -> the answer, at most ``ANSWERS_KEPT`` of them.
    """

    policies: dict[bytes, Policies] = field(default_factory=dict)
    answers: dict[tuple[bytes, Facts], Decision] = field(default_factory=dict)

    def __call__(self, compiled: Compiled, facts: Facts) -> Decision:
        """Return the answer to ``facts``, remembered where it has been asked before."""
        key = (compiled.revision, facts)
        answer = self.answers.get(key)
        if answer is None:
            if len(self.answers) >= ANSWERS_KEPT:
                self.answers.clear()
            answer = self.answers[key] = self.ask(compiled, facts)
        return answer

    def ask(self, compiled: Compiled, facts: Facts) -> Decision:
        """Return the rules' decision where the policies agree with it, else a refusal that names both answers."""
        policies = self.policies.get(compiled.revision)
        if policies is None:
            policies = self.policies[compiled.revision] = compile_policies(compiled)
        decision = rules.judge(compiled, facts)
        first, second = verdict_of(decision), judge(policies, facts)
        return decision if first == second else _disagreement(first, second)


def _disagreement(first: Verdict, second: Verdict) -> Decision:
    text = (f"the rules say {_said(first)}, the policies say {_said(second)}; where the two engines differ, nothing "
            "passes: report this as a defect")
    return Decision(False, "engines-disagree", (Reason("charter:engines", text),))


def _said(verdict: Verdict) -> str:
    by = ", ".join(sorted(verdict.clauses)) or "no clause"
    failed = f", {len(verdict.errors)} of them failed" if verdict.errors else ""
    return f"{'permitted' if verdict.allowed else 'refused'} by {by}{failed}"
