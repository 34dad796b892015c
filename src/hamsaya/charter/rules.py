"""May this message pass? Every answer carries the clauses that made it so.

Rules, in the order in which they are applied
 1. Both ends are parties of the charter                                    else ``unknown-member``
 2. the instrument exists                                                   else ``not-in-force``
    and is no draft                                                         else ``draft``
    and exercise traffic uses exercise instruments, other traffic others    else ``exercise-mismatch``
 3. no ban of the instrument matches the sender or the recipient            else ``forbidden``
 4. the link between the two is not cut, but for ``PASS_CUTS``              else ``link-cut``
 5. a clause gives the power for this kind between these roles              else ``no-clause``
 6. both ends hold a standing that clause admits, a partial one for that
    very clause; or have left and are winding down by it                    else ``standing``
 7. the instrument is in force, or the clause serves to bring it into force else ``not-in-force``, ``expired``
 8. and both ends, where they are members, have signed it                   else ``not-bound``
 9. no reservation between the two takes the clause away                    else ``reserved``
10. a case is named where the clause asks for one                           else ``case-required``
11. the act carries the consent that the clause asks for                    else ``consent-missing``
12. permitted: the reasons are every clause left, the obligations all of theirs together.

No clause, no power: what nobody wrote down is refused. A ban wins over every permit, before and after entry
into force. A message to several is one act: one refused recipient refuses the whole. A note to oneself is
judged once, with the sender as its recipient. An organ (joint cell, oversight) may sign, but only members
bring an instrument into force.

    facts = facts_of(situation, request)     # what the clauses ask, nothing else of the world
    judge(situation.compiled, facts)         # the same question that charter.cedar puts to its policies

Left out: whether a consent is real, which the room of the act knows and passes as ``Request.consents``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from hamsaya.base.decision import Decision, Reason, refuse
from hamsaya.base.errors import PolicyRefusal
from hamsaya.charter.compiled import NO_CLAUSES, Compiled, CompiledClause
from hamsaya.charter.reserved import reserved_between
from hamsaya.charter.situation import Situation
from hamsaya.charter.types import Party, Request
from hamsaya.messages.event import Event

NOTHING = frozenset[str]()
PASS_CUTS = frozenset((
    "charter.cut", "charter.propose", "charter.record", "charter.contest",
    "oversight.report", "oversight.freeze", "oversight.unfreeze", "oversight.legal-act", "oversight.release",
))
"""What passes a cut link: word of the cut itself, what keeps a member from being left out of decisions that bind it (a
record rests on signed ballots, not on trust in who sends it), and what no member may keep from oversight."""


class Facts(NamedTuple):
    """Everything a clause may ask about one message between two parties, resolved to plain values.

    Attributes:
        to_self: The recipient is the sender: a note.
        sender_standing, recipient_standing: Under this instrument.
        in_force, expired: Of the instrument, at this time.
        bound: Both ends have signed it, where they are members.
        cut: The link between the two is cut.
        barred: Ids of clauses that a partial standing or a reservation takes away between the two.
        winding: Each end that has left is winding down under this instrument.
        consents: Whose consents the act carries.
    """

    kind: str
    instrument: str
    sender_role: str
    recipient_role: str
    sender_standing: str
    recipient_standing: str
    to_self: bool
    in_force: bool
    expired: bool
    bound: bool
    cut: bool
    has_case: bool
    winding: bool
    unaccepted: frozenset[str]
    barred: frozenset[str]
    consents: frozenset[str]


def _standing(clause: CompiledClause, facts: Facts) -> bool:
    if clause.id in facts.unaccepted:
        return False
    admitted = clause.standing | {"left"} if clause.wind_down and facts.winding else clause.standing
    return facts.sender_standing in admitted and facts.recipient_standing in admitted


def _entered(clause: CompiledClause, facts: Facts) -> bool:
    return facts.in_force or clause.before_entry


def _unexpired(clause: CompiledClause, facts: Facts) -> bool:
    return not facts.expired or clause.before_entry


def _bound(clause: CompiledClause, facts: Facts) -> bool:
    return facts.bound or clause.before_entry


def _unreserved(clause: CompiledClause, facts: Facts) -> bool:
    return clause.id not in facts.barred


def _within_case(clause: CompiledClause, facts: Facts) -> bool:
    return facts.has_case or not clause.needs_case


def _consented(clause: CompiledClause, facts: Facts) -> bool:
    return clause.consent_of == "none" or clause.consent_of in facts.consents


# Rules 6 to 11: what must hold of at least one clause, the code when it holds of none, and why.
CONDITIONS: tuple[tuple[Callable[[CompiledClause, Facts], bool], str, str], ...] = (
    (_standing, "standing", "the sender or the recipient does not hold a standing that the clause admits"),
    (_unexpired, "expired", "the instrument's time is over"),
    (_entered, "not-in-force", "too few members have signed this revision for the instrument to be in force"),
    (_bound, "not-bound", "the sender or the recipient has not signed the instrument"),
    (_unreserved, "reserved", "a reservation takes the clause away between the two"),
    (_within_case, "case-required", "the clause gives this power only within a case, and no case is named"),
    (_consented, "consent-missing", "the act touches what is another's, and does not carry its consent"),
)


def permits_roles(clause: CompiledClause, facts: Facts) -> bool:
    """Say whether this clause speaks of such a sender and such a recipient."""
    to_self = not clause.recipients and facts.to_self
    return facts.sender_role in clause.senders and (to_self or facts.recipient_role in clause.recipients)


def bans(clause: CompiledClause, facts: Facts) -> bool:
    """Say whether this ban stops either end."""
    return (facts.sender_role in clause.senders and facts.sender_standing in clause.standing) or (
        facts.recipient_role in clause.recipients and facts.recipient_standing in clause.standing
    )


def judge(compiled: Compiled, facts: Facts) -> Decision:
    """Return what the clauses say of ``facts``: rules 3 to 12, without anything but the clauses themselves."""
    clauses = compiled.clauses.get((facts.instrument, facts.kind), NO_CLAUSES)
    # 3. No ban.
    if banned := tuple(ban.reason for ban in clauses.bans if bans(ban, facts)):
        return Decision(False, "forbidden", banned)
    # 4. The link stands.
    if facts.cut and facts.kind not in PASS_CUTS:
        return refuse("link-cut", "charter:links", "the link between the two is cut")
    # 5. A clause that gives the power.
    permits = [clause for clause in clauses.permits if permits_roles(clause, facts)]
    if not permits:
        text = f"no clause, no power: none lets {facts.sender_role} send {facts.kind} to {facts.recipient_role}"
        return refuse("no-clause", facts.instrument, text)
    # 6. to 12. Its conditions.
    for holds, code, text in CONDITIONS:
        left = [clause for clause in permits if holds(clause, facts)]
        if not left:
            why = Reason(f"{facts.instrument}:{code}", text)
            return Decision(False, code, (why, *(clause.reason for clause in permits)))
        permits = left
    obligations = frozenset[str]().union(*(clause.obligations for clause in permits))
    return Decision(True, "permitted", tuple(clause.reason for clause in permits), obligations)


Judge = Callable[[Compiled, Facts], Decision]


def decide(situation: Situation, request: Request, judge: Judge = judge) -> Decision:
    """Return whether ``request`` is permitted, with every clause that made it so."""
    compiled = situation.compiled
    # 1. Both ends are parties.
    sender, recipient = compiled.members.get(request.sender), compiled.members.get(request.recipient)
    if sender is None or recipient is None:
        unknown = request.sender if sender is None else request.recipient
        return refuse("unknown-member", "charter:members", f"the charter knows no member {unknown[:40]!r}")
    # 2. The instrument exists and is of the right sort.
    instrument = compiled.instruments.get(request.instrument)
    if instrument is None:
        return refuse("not-in-force", "charter:instruments", f"there is no {request.instrument[:64]!r}")
    if instrument.draft:
        return refuse("draft", instrument.id, "the text is under negotiation and gives no power")
    if instrument.exercise != request.exercise:
        return refuse("exercise-mismatch", instrument.id, "exercise traffic and real instruments never mix")
    facts, added = facts_of(situation, request, sender, recipient)
    decision = judge(compiled, facts)
    if added and decision.allowed:
        return Decision(True, decision.code, decision.reasons, decision.obligations | added)
    return decision


def facts_of(
    situation: Situation, request: Request, sender: Party, recipient: Party
) -> tuple[Facts, frozenset[str]]:
    """Return what the clauses may ask about ``request``, and obligations that reservations between the two add."""
    name = request.instrument
    mine, theirs = situation.held(sender.id, name), situation.held(recipient.id, name)
    ends = [(party, held) for party, held in ((sender, mine), (recipient, theirs))]
    taken, added = reserved_between(situation, request) if name in situation.reserved else (NOTHING, NOTHING)
    return Facts(
        kind=request.kind, instrument=name,
        sender_role=sender.role, recipient_role=recipient.role,
        sender_standing=mine.standing, recipient_standing=theirs.standing,
        to_self=sender.id == recipient.id,
        in_force=name in situation.entered, expired=name in situation.expired,
        bound=all(party.role != "member" or (party.id, name) in situation.bound for party, _ in ends),
        cut=frozenset((sender.id, recipient.id)) in situation.cuts,
        has_case=request.case is not None,
        winding=all(held.standing != "left" or (party.id, name) in situation.winding for party, held in ends),
        unaccepted=_unaccepted(situation, name, [held.clauses for _, held in ends if held.standing == "partial"]),
        barred=taken, consents=request.consents,
    ), added


def reaches(situation: Situation, kind: str, instrument: str, sender: str, recipient: str) -> bool:
    """Say whether some clause lets such a sender's ``kind`` reach ``recipient`` by role, standing and link.

    Entry into force, cases and consents are not asked: who may be told at all is not whether it may be said now.
    """
    parties = situation.compiled.members
    if sender not in parties or recipient not in parties:
        return False
    request = Request(kind, sender, recipient, instrument, None, False)
    facts, _ = facts_of(situation, request, parties[sender], parties[recipient])
    clauses = situation.compiled.clauses.get((instrument, kind), NO_CLAUSES)
    if (facts.cut and kind not in PASS_CUTS) or any(bans(ban, facts) for ban in clauses.bans):
        return False
    return any(permits_roles(clause, facts) and _standing(clause, facts) for clause in clauses.permits)


def _unaccepted(situation: Situation, instrument: str, accepted: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return the clauses of ``instrument`` that a partial standing, held for some clauses only, leaves out."""
    listed = [clauses for clauses in accepted if clauses]
    if not listed:
        return frozenset()
    every = frozenset(clause.id for clause in situation.compiled.instruments[instrument].clauses)
    return frozenset[str]().union(*(every - clauses for clauses in listed))


def decide_event(
    situation: Situation, event: Event, consents: frozenset[str] = frozenset(), at: int | None = None,
    judge: Judge = judge,
) -> Decision:
    """Return whether ``event`` may pass from its sender to every one of its recipients, as one act."""
    when = event.issued_at if at is None else at
    return _together({
        recipient: decide(situation, Request(event.kind, event.sender, recipient, event.instrument, event.case,
                                             event.exercise, when, consents), judge)
        for recipient in event.recipients or (event.sender,)
    })


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
        if clauses is not None and clauses.permits and not instrument.draft:
            return instrument.id
    raise PolicyRefusal(refuse("no-clause", "charter", f"no clause, no power: no instrument permits {kind}"))
