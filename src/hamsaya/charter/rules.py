"""May this message pass? Every answer carries the clauses that made it so.

Rules, in the order in which they are applied
1. Both ends are members of the charter                                     else ``unknown-member``
2. the instrument exists                                                    else ``not-in-force``
   and exercise traffic uses exercise instruments, other traffic others     else ``exercise-mismatch``
3. no ban of the instrument matches the sender or the recipient             else ``forbidden``
4. a clause gives the power for this kind between these roles               else ``no-clause``
5. both ends hold a standing that clause admits                             else ``standing``
6. the instrument is in force, or the clause serves to bring it into force  else ``not-in-force``
7. a case is named where the clause asks for one                            else ``case-required``
8. permitted: the reasons are every clause left, the obligations all of theirs together.

No clause, no power: what nobody wrote down is refused. A ban wins over every permit, before and after entry
into force. A message to several is one act: one refused recipient refuses the whole. A note to oneself is
judged once, with the sender as its recipient. An organ (joint cell, oversight) may sign, but only members
bring an instrument into force.

    compiled = compile_document(document_from_plain(tomllib.load(file)))
    decide_event(compiled, state, event).require()

Left out: consent of the territory or data owner, which the acts themselves carry; reservations; notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import NamedTuple

from hamsaya.base.decision import Decision, Reason, refuse
from hamsaya.base.errors import PolicyRefusal
from hamsaya.charter.types import (
    CHARTER,
    CharterState,
    Clause,
    DecisionClass,
    Document,
    Instrument,
    Party,
    Request,
    kinds_named,
    revision,
)
from hamsaya.messages.event import Event

ALL_ROLES = frozenset(("member", "joint-cell", "oversight"))
ALL_STANDINGS = frozenset(("full", "partial", "observer", "absent", "suspended", "left"))


@dataclass(frozen=True, slots=True)
class CompiledClause:
    """One clause with its lists as sets and its reason ready to hand out."""

    senders: frozenset[str]
    recipients: frozenset[str]
    standing: frozenset[str]
    needs_case: bool
    before_entry: bool
    reason: Reason
    obligations: frozenset[str]

    def permits_roles(self, sender: Party, recipient: Party) -> bool:
        """Say whether this permit speaks of such a sender and such a recipient."""
        to_self = not self.recipients and sender.id == recipient.id
        return sender.role in self.senders and (to_self or recipient.role in self.recipients)

    def bans(self, sender: Party, recipient: Party) -> bool:
        """Say whether this ban stops either end."""
        return (sender.role in self.senders and sender.standing in self.standing) or (
            recipient.role in self.recipients and recipient.standing in self.standing
        )


class Clauses(NamedTuple):
    """What one instrument says of one kind of message."""

    permits: tuple[CompiledClause, ...]
    bans: tuple[CompiledClause, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A document prepared for deciding: look-ups instead of searches. Made once for each revision."""

    document: Document
    revision: bytes
    members: dict[str, Party]
    instruments: dict[str, Instrument]
    clauses: dict[tuple[str, str], Clauses]
    ratifiers: frozenset[str]


class Question(NamedTuple):
    """A request with its names resolved, as the conditions of a permit see it."""

    sender: Party
    recipient: Party
    in_force: bool
    case: str | None


def compile_document(document: Document) -> Compiled:
    """Return ``document`` prepared for ``decide``."""
    found: dict[tuple[str, str], tuple[list[CompiledClause], list[CompiledClause]]] = {}
    for instrument in document.instruments:
        for clause in instrument.clauses:
            compiled = _compile_clause(instrument, clause)
            for kind in kinds_named(clause.kinds):
                permits, bans = found.setdefault((instrument.id, kind), ([], []))
                (permits if clause.effect == "permit" else bans).append(compiled)
    return Compiled(
        document,
        revision(document),
        {member.id: member for member in document.members},
        {instrument.id: instrument for instrument in document.instruments},
        {key: Clauses(tuple(permits), tuple(bans)) for key, (permits, bans) in found.items()},
        frozenset(m.id for m in document.members if m.role == "member" and m.standing == "full"),
    )


def _compile_clause(instrument: Instrument, clause: Clause) -> CompiledClause:
    default = frozenset(("full",)) if clause.effect == "permit" else ALL_STANDINGS
    # A ban that lists no standing binds every standing; a permit that lists none admits nobody.
    unlisted = clause.standing is None or (clause.effect == "forbid" and not clause.standing)
    return CompiledClause(
        ALL_ROLES if "any" in clause.senders else frozenset(clause.senders),
        ALL_ROLES if "any" in clause.recipients else frozenset(clause.recipients),
        default if unlisted else frozenset(clause.standing or ()),
        clause.needs_case,
        clause.before_entry,
        Reason(f"{instrument.id}:{clause.id}", clause.text),
        frozenset(clause.obligations),
    )


def in_force(compiled: Compiled, state: CharterState, instrument_id: str) -> bool:
    """Say whether enough members of full standing have signed this very revision.

    An instrument that the document does not have is not in force, and neither is a draft outside exercises.
    """
    instrument = compiled.instruments.get(instrument_id)
    if instrument is None or (compiled.document.draft and not instrument.exercise):
        return False
    signed = state.signed(CHARTER, compiled.revision)
    return len(signed & compiled.ratifiers) >= instrument.entry_into_force


def _standing(clause: CompiledClause, question: Question) -> bool:
    return question.sender.standing in clause.standing and question.recipient.standing in clause.standing


def _entered(clause: CompiledClause, question: Question) -> bool:
    return question.in_force or clause.before_entry


def _within_case(clause: CompiledClause, question: Question) -> bool:
    return question.case is not None or not clause.needs_case


# Rules 5 to 7: what must hold of at least one permit, the code when it holds of none, and why.
CONDITIONS = (
    (_standing, "standing", "the sender or the recipient does not hold a standing that the clause admits"),
    (_entered, "not-in-force", "too few members have signed this revision for the instrument to be in force"),
    (_within_case, "case-required", "the clause gives this power only within a case, and no case is named"),
)


def decide(compiled: Compiled, state: CharterState, request: Request) -> Decision:
    """Return whether ``request`` is permitted, with every clause that made it so."""
    # 1. Both ends are members.
    sender, recipient = compiled.members.get(request.sender), compiled.members.get(request.recipient)
    if sender is None or recipient is None:
        unknown = request.sender if sender is None else request.recipient
        return refuse("unknown-member", "charter:members", f"the charter knows no member {unknown[:40]!r}")
    # 2. The instrument exists and is of the right sort.
    instrument = compiled.instruments.get(request.instrument)
    if instrument is None:
        return refuse("not-in-force", "charter:instruments", f"there is no {request.instrument[:64]!r}")
    if instrument.exercise != request.exercise:
        return refuse("exercise-mismatch", instrument.id, "exercise traffic and real instruments never mix")
    # 3. No ban.
    clauses = compiled.clauses.get((instrument.id, request.kind), Clauses((), ()))
    if bans := tuple(ban.reason for ban in clauses.bans if ban.bans(sender, recipient)):
        return Decision(False, "forbidden", bans)
    # 4. A clause that gives the power.
    permits = [clause for clause in clauses.permits if clause.permits_roles(sender, recipient)]
    if not permits:
        text = f"no clause, no power: none lets {sender.role} send {request.kind} to {recipient.role}"
        return refuse("no-clause", instrument.id, text)
    # 5. to 8. Its conditions.
    question = Question(sender, recipient, in_force(compiled, state, instrument.id), request.case)
    return _conditions(instrument, permits, question)


def _conditions(instrument: Instrument, permits: list[CompiledClause], question: Question) -> Decision:
    for holds, code, text in CONDITIONS:
        left = [clause for clause in permits if holds(clause, question)]
        if not left:
            why = Reason(f"{instrument.id}:{code}", text)
            return Decision(False, code, (why, *(clause.reason for clause in permits)))
        permits = left
    obligations = frozenset[str]().union(*(clause.obligations for clause in permits))
    return Decision(True, "permitted", tuple(clause.reason for clause in permits), obligations)


def decide_event(compiled: Compiled, state: CharterState, event: Event) -> Decision:
    """Return whether ``event`` may pass from its sender to every one of its recipients, as one act."""
    decisions: dict[str, Decision] = {}
    alike: dict[object, Decision] = {}
    for recipient in event.recipients or (event.sender,):
        party = compiled.members.get(recipient)
        # The rules see a recipient's role, standing and whether it is the sender, and nothing else of it.
        key = recipient if party is None else (party.role, party.standing, recipient == event.sender)
        if key not in alike:
            alike[key] = decide(compiled, state, _request(event, recipient))
        decisions[recipient] = alike[key]
    return _together(decisions)


def _request(event: Event, recipient: str) -> Request:
    return Request(event.kind, event.sender, recipient, event.instrument, event.case, event.exercise)


def _together(decisions: dict[str, Decision]) -> Decision:
    refused = [recipient for recipient, decision in decisions.items() if not decision.allowed]
    taken = [decisions[recipient] for recipient in refused] or list(decisions.values())
    reasons = tuple(dict.fromkeys(reason for decision in taken for reason in decision.reasons))
    if refused:
        whole = Reason("charter:recipients", f"refused for {', '.join(refused)}, and so for all recipients")
        return Decision(False, taken[0].code, (whole, *reasons))
    return Decision(True, "permitted", reasons, frozenset[str]().union(*(d.obligations for d in taken)))


def instrument_for(compiled: Compiled, kind: str) -> str:
    """Return the first instrument, in the document's order, with a clause that permits ``kind``.

    Raises:
        PolicyRefusal: no instrument gives that power to anybody (code ``no-clause``).
    """
    for instrument in compiled.document.instruments:
        clauses = compiled.clauses.get((instrument.id, kind))
        if clauses is not None and clauses.permits:
            return instrument.id
    raise PolicyRefusal(refuse("no-clause", "charter", f"no clause, no power: no instrument permits {kind}"))


def p_decide(rule: DecisionClass, n: int, p_block: float) -> float:
    """Return the probability that a class of decisions about one member is taken against its will.

    Args:
        rule: The decision class. ``quota`` needs the parameter ``yes``; ``negative-consensus`` may name
            ``continue_yes``, the votes that stop it (default: all n).
        n: The other members that vote, >= 1.
        p_block: Probability that one of them blocks, each on its own, in [0, 1].
    Returns:
        In [0, 1], higher is more decisive: 0 where the member concerned can block by itself.
    Raises:
        ValueError: an argument out of range, or a quota that names no votes.
    Source: counting of binomial votes; a price of 1.597, 1.241 and 1.231 follows for eight others at 0.1.
    """
    if n < 1 or not 0.0 <= p_block <= 1.0:
        raise ValueError(f"expected n >= 1 and p_block in [0, 1], received {n} and {p_block}")
    if rule.rule in ("owner-alone", "consensus"):
        return 0.0
    if rule.rule == "any-member":
        return 1.0
    if rule.rule == "minus-concerned":
        return _at_least(n, n, 1.0 - p_block)
    if rule.rule == "quota":
        return _at_least(n, _votes(rule, "yes", 0), 1.0 - p_block)
    return 1.0 - _at_least(n, _votes(rule, "continue_yes", n), p_block)


def _votes(rule: DecisionClass, name: str, default: int) -> int:
    votes = rule.params.get(name, default)
    if type(votes) is not int or votes < 1:
        raise ValueError(f"expected decision class {rule.id} to give {name} as a whole number of votes >= 1")
    return votes


def _at_least(n: int, k: int, p: float) -> float:
    return sum(comb(n, j) * p**j * (1.0 - p) ** (n - j) for j in range(k, n + 1))
