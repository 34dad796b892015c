"""What a charter gives to whom, worked out from its text alone: no node, no keys, no messages.

    report = report_of(open_charter(None))                  # the built-in pack's charter
    report.decidable["2"].share                             # R_2 >= 0.9

What a report says
1. Of each class of decisions: its rule in words, its voting game with every index, whether it survives 1, 2 or 3
   members being absent, and p_decide. A figure that does not exist is None, with the reason beside it.
2. R_k: the share of the classes that survive, while the member whose own act it is attends and where it may not.
3. What ``charter.check`` finds: conflicts, powers nobody can use and all else.
4. Each instrument and each article in plain words; texts under negotiation are marked as drafts.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.charter.check import check
from hamsaya.charter.decidable import fatal_absence, own_act, p_decide, voting_of
from hamsaya.charter.diff import ABSENCES, P_BLOCK
from hamsaya.charter.problem import Problem
from hamsaya.charter.types import DecisionClass, Document, revision
from hamsaya.charter.votes import PRESENT, SEATED
from hamsaya.charter.words import class_words, clause_words, document_words, instrument_words
from hamsaya.node.charter_power import Power, power_view

CONFLICTS = frozenset(("taken-back", "contradictory", "partly-taken-back"))
USELESS = frozenset(("unusable", "unsignable", "dead"))


class ClassReport(msgspec.Struct, frozen=True, kw_only=True):
    """One class of decisions.

    Attributes:
        power: The indices, or None where ``why_no_power`` says why there are none.
        players: The members in the order of the indices; where it depends, the first member's own question.
        stopped_by: Per k, members whose absence stops it though the member whose own act it is attends (the first
            stands for any); None if there are none.
        p_decide: Probability that a decision about a member is taken against its will; None where a rule tells too
            many members apart.
    """

    id: str
    title: str
    words: str
    touches_soil_or_data: bool
    power: Power | None
    why_no_power: str
    players: list[str]
    stopped_by: dict[str, list[str] | None]
    p_decide: float | None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """R_k while the member whose own act it is attends, and where it may be among the absent itself."""

    share: float
    exact: str
    whoever_is_absent: str


class InstrumentReport(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument: its purpose, and how it comes into force, ends and is left."""

    id: str
    title: str
    purpose: str
    draft: bool
    words: str


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """One clause: the sentence agreed to, and what the node makes of it."""

    ref: str
    modality: str
    draft: bool
    text: str
    words: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a charter gives to whom. ``others`` are the members that vote beside the one concerned, today."""

    title: str
    dated: str
    revision: str
    draft: bool
    words: str
    members: list[str]
    others: int
    p_block: float
    classes: list[ClassReport]
    decidable: dict[str, Share]
    unusable: list[Problem]
    conflicts: list[Problem]
    problems: list[Problem]
    instruments: list[InstrumentReport]
    articles: list[Article]


def report_of(document: Document) -> Report:
    """Return the static report of ``document``.

    Raises:
        OperatorError: nobody has a seat (``bad-charter``).
    """
    members = [party.id for party in document.members if party.role == "member" and party.standing in SEATED]
    voting = sum(party.role == "member" and party.standing in PRESENT for party in document.members)
    if not members:
        raise OperatorError("expected at least one member with a seat in the charter", code="bad-charter")
    others = max(1, voting - 1)
    problems = check(document)
    return Report(
        title=document.title, dated=document.dated, revision=revision(document).hex(), draft=document.draft,
        words=document_words(document), members=members, others=others, p_block=P_BLOCK,
        classes=(classes := [_class(decision, members, others) for decision in document.rules]),
        decidable={str(k): _share(document.rules, classes, members, k) for k in ABSENCES} if classes else {},
        unusable=[problem for problem in problems if problem.code in USELESS],
        conflicts=[problem for problem in problems if problem.code in CONFLICTS],
        problems=[problem for problem in problems if problem.code not in USELESS | CONFLICTS],
        instruments=[InstrumentReport(id=one.id, title=one.title, purpose=one.purpose, draft=one.draft,
                                      words=instrument_words(one)) for one in document.instruments],
        articles=[Article(ref=f"{one.id}:{clause.id}", modality=clause.modality, draft=one.draft, text=clause.text,
                          words=clause_words(clause)) for one in document.instruments for clause in one.clauses],
    )


def _class(decision: DecisionClass, members: list[str], others: int) -> ClassReport:
    rule = decision.parsed()
    found, own = voting_of(rule, members), own_act(rule, members)
    try:
        chance = p_decide(rule, others, P_BLOCK)
    except ValueError:
        chance = None
    stopped = {str(k): fatal_absence(own, members, k, members[:1]) for k in ABSENCES}
    return ClassReport(
        id=decision.id, title=decision.title, words=class_words(decision),
        touches_soil_or_data=decision.touches_soil_or_data,
        power=power_view(found.game, found.indices) if found.indices else None, why_no_power=found.why,
        players=list(found.players), p_decide=chance,
        stopped_by={k: None if gone is None else list(gone) for k, gone in stopped.items()},
    )


def _share(decisions: Sequence[DecisionClass], classes: Sequence[ClassReport], members: list[str], k: int) -> Share:
    attended = sum(one.stopped_by[str(k)] is None for one in classes)
    strict = sum(fatal_absence(own_act(decision.parsed(), members), members, k) is None for decision in decisions)
    total = len(classes)
    return Share(share=attended / total, exact=f"{attended}/{total}", whoever_is_absent=f"{strict}/{total}")
