"""A charter prepared for deciding: look-ups instead of searches. Made once for each revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hamsaya.base.decision import Reason
from hamsaya.charter.types import Clause, DecisionClass, Document, Instrument, Party, kinds_named, revision
from hamsaya.charter.votes import Rule

ALL_ROLES = frozenset(("member", "joint-cell", "oversight"))
ALL_STANDINGS = frozenset(("full", "partial", "observer", "absent", "supervised", "suspended", "left"))


@dataclass(frozen=True, slots=True)
class CompiledClause:
    """One clause with its lists as sets and its reason ready to hand out; ``id`` is the clause's own."""

    id: str
    senders: frozenset[str]
    recipients: frozenset[str]
    standing: frozenset[str]
    needs_case: bool
    before_entry: bool
    wind_down: bool
    consent_of: str
    reason: Reason
    obligations: frozenset[str]


class Clauses(NamedTuple):
    """What one instrument says of one kind of message."""

    permits: tuple[CompiledClause, ...]
    bans: tuple[CompiledClause, ...]


NO_CLAUSES = Clauses((), ())


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document with its clauses by (instrument, kind), and its rules of decision parsed."""

    document: Document
    revision: bytes
    members: dict[str, Party]
    instruments: dict[str, Instrument]
    clauses: dict[tuple[str, str], Clauses]
    ratifiers: frozenset[str]
    classes: dict[str, DecisionClass]
    rules: dict[str, Rule]


def compile_document(document: Document) -> Compiled:
    """Return ``document`` prepared for deciding; raises PeerError ``bad-rule`` where a rule cannot be read."""
    found: dict[tuple[str, str], tuple[list[CompiledClause], list[CompiledClause]]] = {}
    for instrument in document.instruments:
        for clause in instrument.clauses:
            compiled = _compile_clause(instrument, clause)
            for kind in kinds_named(clause.kinds):
                permits, bans = found.setdefault((instrument.id, kind), ([], []))
                (bans if clause.modality == "ban" else permits).append(compiled)
    return Compiled(
        document,
        revision(document),
        {member.id: member for member in document.members},
        {instrument.id: instrument for instrument in document.instruments},
        {key: Clauses(tuple(permits), tuple(bans)) for key, (permits, bans) in found.items()},
        frozenset(m.id for m in document.members if m.role == "member" and m.standing == "full"),
        {decision.id: decision for decision in document.rules},
        {decision.id: decision.parsed() for decision in document.rules},
    )


def _compile_clause(instrument: Instrument, clause: Clause) -> CompiledClause:
    ban = clause.modality == "ban"
    default = ALL_STANDINGS if ban else frozenset(("full",))
    # A ban that lists no standing binds every standing; anything else that lists none admits nobody.
    unlisted = clause.standing is None or (ban and not clause.standing)
    return CompiledClause(
        clause.id,
        ALL_ROLES if "any" in clause.senders else frozenset(clause.senders),
        ALL_ROLES if "any" in clause.recipients else frozenset(clause.recipients),
        default if unlisted else frozenset(clause.standing or ()),
        clause.needs_case,
        clause.before_entry,
        clause.wind_down,
        clause.consent_of,
        Reason(f"{instrument.id}:{clause.id}", clause.text),
        frozenset(clause.obligations),
    )
