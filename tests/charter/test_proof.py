"""Proofs by exhaustion: what no question whatever gets past the clauses, over every value that each fact can have.

How everything is enumerated
1. A question has finitely many values: two roles, two standings, seven conditions, and for each clause whether it is
   reserved and whether it is accepted, for each consent whether it is carried: impossible combinations too.
2. A fact gets a value when somebody reads it, and is then tried with every other (``questions``). What nobody read
   cannot have mattered: one run stands for all the questions that differ in unread facts only. Nothing is left out.
   That holds because neither side remembers anything from one question to the next.
3. The runs' questions are counted: together they must be exactly as many as there are. The judge and the oracle read
   the same question, so the oracle's reading splits runs as the judge's does.
4. The oracle is written from the fields of the articles and shares nothing with ``charter.rules``.

The engine permits only what the rules permit (``charter.cedar``), so what is shown of the rules' refusals holds of
both; and each run's question is put to Cedar as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, product
from math import prod
from random import Random
from typing import Any

import msgspec
import pytest

from hamsaya.adapters.regionpack import load_pack
from hamsaya.base.decision import Decision
from hamsaya.base.instants import DAY, HOUR
from hamsaya.charter import cedar, rules
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.rules import Facts, Judge
from hamsaya.charter.types import Clause, Instrument, Request, document_from_plain
from hamsaya.charter.votes import (
    CONCERNED,
    PARTICIPANTS,
    SEATED,
    And,
    Consensus,
    NegativeConsensus,
    Over,
    Quota,
    Rule,
    Silence,
    Vote,
    bind,
    evaluate,
    render_rule,
)
from hamsaya.messages.catalog import KINDS
from tests.support.charters import CONSENTS, ROLES, STANDINGS, charter, clause, default_charter, instrument
from tests.support.federation import LAKELAND

VALUES: dict[str, tuple[Any, ...]] = {
    "sender_role": ROLES, "recipient_role": ROLES, "sender_standing": STANDINGS, "recipient_standing": STANDINGS,
    **{name: (False, True) for name in ("to_self", "in_force", "expired", "bound", "cut", "has_case", "winding")},
}
SETS = ("unaccepted", "barred", "consents")
TOUCHING = ("case-content", "area-counts", "soil")
"""What is a member's own: its data, its people, its soil."""

WRITTEN = charter(
    instrument(
        "founding",
        clause("F.1", "charter.sign", senders=["any"], recipients=["any"], before_entry=True, standing=list(STANDINGS)),
        clause("F.2", "charter.cut", modality="power", senders=["any"], recipients=["any"], standing=list(STANDINGS)),
        clause("F.3", "node.peer", recipients=[], before_entry=True),
    ),
    instrument(
        "cases",
        clause("C.1", "case.*", needs_case=True, standing=["full", "partial"]),
        clause("C.2", "monitor.report", object="area-counts", consent_of="data-owner", recipients=["any"]),
        clause("C.3", "linkage.step", object="soil", consent_of="territory", needs_case=True, wind_down=True),
        clause("C.4", "linkage.step", object="soil", consent_of="nationals-state", modality="duty"),
        clause("C.5", "case.*", "linkage.step", modality="ban", senders=["oversight"], recipients=["oversight"]),
        clause("C.6", "monitor.*", modality="ban", standing=["suspended", "left"]),
    ),
)
CHARTERS: dict[str, Callable[[], Compiled]] = {
    "written here": lambda: compile_document(WRITTEN),
    "default": default_charter,
    "lakeland": lambda: compile_document(document_from_plain(load_pack(LAKELAND).charter)),
}


@pytest.fixture(scope="module", params=CHARTERS)
def compiled(request: pytest.FixtureRequest) -> Compiled:
    """Each charter that the proofs are about."""
    return CHARTERS[request.param]()


# -- questions ----------------------------------------------------------------------------------------------


class Unread:
    """A question whose facts get values when they are read: ``read`` keeps them, ``path`` what is still to try."""

    def __init__(self, kind: str, instrument: Instrument, path: list[list[Any]]) -> None:
        self.kind, self.instrument = kind, instrument.id
        self.members = {each.id for each in instrument.clauses} | set(CONSENTS)
        self.read: dict[str, Any] = {}
        self.path = path

    def __getattr__(self, name: str) -> Any:
        return _Members(self, name) if name in SETS else self.value(name, VALUES[name])

    def value(self, key: str, values: tuple[Any, ...]) -> Any:
        """Return the value of one fact, the next to be tried where it is read for the first time."""
        if key not in self.read:
            if len(self.read) == len(self.path):
                self.path.append(list(values))
            self.read[key] = self.path[len(self.read)][0]
        return self.read[key]

    def stands_for(self, total: int) -> int:
        """Return how many of ``total`` questions differ from this one in unread facts only."""
        return total // prod(len(VALUES.get(key, (False, True))) for key in self.read)

    def filled(self, random: Random) -> Facts:
        """Return the question with chance values for whatever nobody read."""
        values = {name: self.read.get(name, random.choice(VALUES[name])) for name in VALUES}
        sets = {
            name: frozenset(one for one in self.members if self.read.get(f"{name} {one}", random.random() < 0.5))
            for name in SETS
        }
        return Facts(kind=self.kind, instrument=self.instrument, **values, **sets)


class _Members:
    """A set of which nobody knows the members before asking for them one by one; it can do nothing else."""

    def __init__(self, question: Unread, name: str) -> None:
        self.question, self.name = question, name

    def __contains__(self, one: str) -> bool:
        assert one in self.question.members, "only what may be in a set is asked for"
        return bool(self.question.value(f"{self.name} {one}", (False, True)))


def total_of(instrument: Instrument) -> int:
    """Return how many questions there are on one kind under ``instrument``."""
    members = len({each.id for each in instrument.clauses} | set(CONSENTS))
    return prod(len(values) for values in VALUES.values()) * 2 ** (members * len(SETS))


def questions(compiled: Compiled) -> Iterator[Unread]:
    """Yield questions on every kind under every instrument that stand for all there are; checks that they do."""
    for one, kind in product(compiled.document.instruments, sorted(KINDS)):
        path: list[list[Any]] = []
        total, counted, left = total_of(one), 0, True
        while left:
            question = Unread(kind, one, path)
            yield question
            counted += question.stands_for(total)
            del path[len(question.read):]
            while path and len(path[-1]) == 1:
                path.pop()
            left = bool(path)
            if left:
                path[-1].pop(0)
        assert counted == total, (one.id, kind)


# -- the oracle ---------------------------------------------------------------------------------------------


def clauses_on(compiled: Compiled, facts: Any) -> list[Clause]:
    """Return the articles of the question's instrument that name its kind, or its room."""
    (one,) = [each for each in compiled.document.instruments if each.id == facts.instrument]
    names = (facts.kind, facts.kind.split(".")[0] + ".*")
    return [each for each in one.clauses if any(name in each.kinds for name in names)]


def is_named(role: str, roles: tuple[str, ...]) -> bool:
    """Say whether ``roles`` names the role."""
    return "any" in roles or role in roles


def stands(clause: Clause, standing: str, facts: Any) -> bool:
    """Say whether the article gives a power to an end of this standing."""
    if standing in (("full",) if clause.standing is None else clause.standing):
        return True
    return clause.wind_down and standing == "left" and bool(facts.winding)


def is_basis(clause: Clause, facts: Any) -> bool:
    """Say whether the article is a legal basis: a power for these roles and standings, in force or to bring it so."""
    ends = is_named(facts.sender_role, clause.senders) and (
        is_named(facts.recipient_role, clause.recipients) if clause.recipients else facts.to_self
    )
    return bool(
        clause.modality in ("power", "permission", "duty") and ends
        and stands(clause, facts.sender_standing, facts) and stands(clause, facts.recipient_standing, facts)
        and (clause.before_entry or (facts.in_force and not facts.expired and facts.bound))
    )


def is_met(clause: Clause, facts: Any) -> bool:
    """Say whether what the article asks for is there, and nothing takes it away between the two."""
    return (
        clause.id not in facts.barred and clause.id not in facts.unaccepted
        and (not clause.needs_case or facts.has_case)
        and (clause.consent_of == "none" or clause.consent_of in facts.consents)
    )


def is_banned(clause: Clause, facts: Any) -> bool:
    """Say whether the article is a ban that stops one of the ends."""
    if clause.modality != "ban":
        return False
    ends = ((facts.sender_role, facts.sender_standing, clause.senders),
            (facts.recipient_role, facts.recipient_standing, clause.recipients))
    return any(is_named(role, roles) and (not clause.standing or standing in clause.standing)
               for role, standing, roles in ends)


def references(clauses: list[Clause], facts: Any) -> set[str]:
    return {f"{facts.instrument}:{each.id}" for each in clauses}


# -- what holds of every question ---------------------------------------------------------------------------


def has_legal_basis(compiled: Compiled, facts: Any, decision: Decision) -> bool:
    """P1. What is permitted rests on articles in force that name exactly this kind, these roles and standings."""
    if not decision.allowed:
        return True
    bases = references([each for each in clauses_on(compiled, facts) if is_basis(each, facts)], facts)
    return {reason.ref for reason in decision.reasons} <= bases


def touches(compiled: Compiled, facts: Any) -> bool:
    """Say whether an article classes this kind as touching a member's own: one of its instrument, or one in power."""
    names = (facts.kind, facts.kind.split(".")[0] + ".*")
    return any(
        each.object in TOUCHING and each.modality != "ban" and any(name in each.kinds for name in names)
        for one in compiled.document.instruments if one.id == facts.instrument or not one.id.startswith("draft.")
        for each in one.clauses
    )


def has_consent(compiled: Compiled, facts: Any, decision: Decision) -> bool:
    """P2. What touches a member's soil, data or people carries the consent that its articles name, whatever else."""
    if not decision.allowed or not touches(compiled, facts):
        return True
    reasons = {reason.ref for reason in decision.reasons}
    named = [each.consent_of for each in clauses_on(compiled, facts) if f"{facts.instrument}:{each.id}" in reasons]
    return bool(named) and all(consent != "none" and consent in facts.consents for consent in named)


def is_stopped_by_a_ban(compiled: Compiled, facts: Any, decision: Decision) -> bool:
    """P3. A ban wins over everything, and is the reason given."""
    bans = references([each for each in clauses_on(compiled, facts) if is_banned(each, facts)], facts)
    return not bans or (not decision.allowed and {reason.ref for reason in decision.reasons} == bans)


PASS = {
    "charter.cut", "charter.propose", "charter.record", "charter.contest",
    "oversight.report", "oversight.freeze", "oversight.unfreeze", "oversight.legal-act", "oversight.release",
}


def passes_no_cut_link(compiled: Compiled, facts: Any, decision: Decision) -> bool:
    """P4. Over a cut link passes only the word that it is cut, what keeps nobody from what binds it, and
    what nobody may keep from oversight."""
    return not decision.allowed or facts.kind in PASS or not facts.cut


def is_what_the_articles_say(compiled: Compiled, facts: Any, decision: Decision) -> bool:
    """And nothing else is refused: the rules permit exactly what the articles give, and name all that give it."""
    found = clauses_on(compiled, facts)
    open_link = facts.kind in PASS or not facts.cut
    free = open_link and not any(is_banned(each, facts) for each in found)
    giving = [each for each in found if is_basis(each, facts) and is_met(each, facts)] if free else []
    if not giving:
        return not decision.allowed
    return decision.allowed and {reason.ref for reason in decision.reasons} == references(giving, facts)


Claim = Callable[[Compiled, Any, Decision], bool]
CLAIMS: dict[str, Claim] = {
    "P1 a legal basis": has_legal_basis,
    "P2 consent to what is one's own": has_consent,
    "P3 bans win": is_stopped_by_a_ban,
    "P4 cut links": passes_no_cut_link,
    "exactly the articles": is_what_the_articles_say,
}


def refuted(compiled: Compiled, judge: Judge) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each claim that a question refutes, and the facts that did."""
    for question in questions(compiled):
        decision = judge(compiled, question)  # type: ignore[arg-type]
        for name, claim in CLAIMS.items():
            if not claim(compiled, question, decision):
                yield name, {"kind": question.kind, "instrument": question.instrument} | question.read


def test_no_question_there_is_refutes_a_claim(compiled: Compiled) -> None:
    """A charter's promises must hold of every message there can be, not of those somebody thought of.

    Of the default charter these are more than 10^19 questions, told apart by some 10^5 runs.
    """
    assert next(refuted(compiled, rules.judge), None) is None


def test_cedar_agrees_on_a_question_of_every_kind_that_the_rules_tell_apart(compiled: Compiled) -> None:
    """Each way through the rules ends in one question, put to Cedar with chance values for what was never read."""
    policies, random = cedar.compile_policies(compiled), Random(11)
    for question in questions(compiled):
        first = cedar.verdict_of(rules.judge(compiled, question))  # type: ignore[arg-type]
        assert cedar.judge(policies, question.filled(random)) == first


def test_what_touches_a_members_own_names_a_consent(compiled: Compiled) -> None:
    """An article on soil, data or people that asked nobody would make the proof above an empty one."""
    for one in compiled.document.instruments:
        for each in one.clauses:
            assert each.modality == "ban" or each.object not in TOUCHING or each.consent_of != "none", each.id


FAULTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a power in force too early": ("P1 a legal basis", "C.1", {"before_entry": True}),
    "a power for one role more": ("P1 a legal basis", "C.1", {"senders": ("member", "joint-cell")}),
    "a power for one standing more": ("P1 a legal basis", "C.1", {"standing": ("full", "partial", "absent")}),
    "a power for one kind more": ("P1 a legal basis", "C.2", {"kinds": ("monitor.*",)}),
    "nobody's consent": ("P2 consent to what is one's own", "C.2", {"consent_of": "none"}),
    "another's consent": ("P2 consent to what is one's own", "C.4", {"consent_of": "territory"}),
    "a ban of nobody": ("P3 bans win", "C.5", {"senders": (), "recipients": ()}),
    "a ban that became a power": ("P3 bans win", "C.6", {"modality": "power"}),
    "no case asked for": ("exactly the articles", "C.1", {"needs_case": False}),
    "no wind-down": ("exactly the articles", "C.3", {"wind_down": False}),
}


@pytest.mark.parametrize(("claim", "name", "fields"), FAULTS.values(), ids=FAULTS)
def test_a_judge_that_reads_one_article_wrongly_is_found_out(claim: str, name: str, fields: dict[str, Any]) -> None:
    """A proof that no fault could break would prove nothing."""
    changed = [
        msgspec.structs.replace(one, clauses=tuple(
            msgspec.structs.replace(each, **fields) if each.id == name else each for each in one.clauses))
        for one in WRITTEN.instruments
    ]
    other = compile_document(msgspec.structs.replace(WRITTEN, instruments=tuple(changed)))
    found = refuted(compile_document(WRITTEN), lambda _, facts: rules.judge(other, facts))
    assert any(refuted_claim == claim for refuted_claim, _ in found)


class Joined:
    """A question as a judge sees it that has never heard of cut links."""

    cut = False

    def __init__(self, question: Any) -> None:
        self.question = question

    def __getattr__(self, name: str) -> Any:
        return getattr(self.question, name)


def test_a_judge_that_forgets_cut_links_is_found_out() -> None:
    """As above, of the one claim that no article's field can break."""
    found = refuted(compile_document(WRITTEN),
                    lambda compiled, facts: rules.judge(compiled, Joined(facts)))  # type: ignore[arg-type]
    assert any(claim == "P4 cut links" for claim, _ in found)


# -- drafts and exercises -----------------------------------------------------------------------------------


class Nowhere:
    """A situation that must not be looked at: what is refused before is refused whatever it says."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the situation was asked for {name}")


def requests(compiled: Compiled, exercise: Callable[[Instrument], tuple[bool, ...]]) -> Iterator[Request]:
    """Yield every request that names two parties, a kind and an instrument of the charter."""
    members = sorted(compiled.members)
    for one in compiled.document.instruments:
        for kind, sender, recipient, case, flag in product(KINDS, members, members, (None, "C-1"), exercise(one)):
            yield Request(kind, sender, recipient, one.id, case, flag, 1, frozenset(CONSENTS))


def test_a_draft_gives_no_power_in_any_situation(compiled: Compiled) -> None:
    """P5. A text under negotiation is refused before anybody's standing or signature is even looked at."""
    drafts = {one.id: f"draft.{one.id.removeprefix('draft.')}" for one in compiled.document.instruments}
    renamed = tuple(
        msgspec.structs.replace(one, id=drafts[one.id], requires=tuple(drafts[name] for name in one.requires))
        for one in compiled.document.instruments
    )
    drafted: Any = Nowhere(compile_document(msgspec.structs.replace(compiled.document, instruments=renamed)))
    for request in requests(drafted.compiled, lambda _: (False, True)):
        assert rules.decide(drafted, request).code == "draft"


def test_exercise_and_real_never_mix_in_any_situation(compiled: Compiled) -> None:
    """P6. An exercise's message under a real instrument, or the other way round, is refused whatever else holds."""
    nowhere: Any = Nowhere(compiled)
    for request in requests(compiled, lambda one: (not one.exercise,)):
        assert rules.decide(nowhere, request).code in ("exercise-mismatch", "draft")


# -- votes on what is a member's own ------------------------------------------------------------------------

VOTES = ("yes", "no", "abstain", None)
OTHERS = (("full", "yes"), ("full", "no"), ("full", None), ("absent", None), ("absent", "yes"))
INSTANTS = (HOUR, 30 * DAY, 400 * DAY)


def adopted_with(rule: Rule, members: list[str], about: str | None) -> set[str]:
    """Return what the member concerned did wherever ``rule`` is adopted: "yes", or what is less than that.

    Enumerated are the standing and the vote of the member concerned, what each number of the others do, who takes
    part, and the time. The others are counted, not told apart, which is the same where the rule names no member.
    """
    concerned, others = members[0], members[1:]
    assert not any(member in str(render_rule(rule)) for member in members), "the members can be told apart"
    names_it = CONCERNED in str(render_rule(rule))
    bound = [(names_it or concerned in part, bind(rule, about, others[0], part)) for part in ((), members, others)]
    found = set()
    for states in combinations_with_replacement(OTHERS, len(others)):
        standings = {member: standing for member, (standing, _) in zip(others, states, strict=True)}
        cast = {member: Vote(vote, 1) for member, (_, vote) in zip(others, states, strict=True) if vote}
        for standing, own in product(STANDINGS, VOTES):
            votes = cast | ({concerned: Vote(own, 1)} if own else {})  # type: ignore[arg-type]
            electorate = {concerned: standing, **standings}
            for now, (asked, each) in product(INSTANTS, bound):
                if evaluate(each, votes, electorate, 0, now).verdict == "adopted":
                    found.add(_did(own, standing in SEATED, asked))
    return found


def _did(own: str | None, has_a_vote: bool, asked: bool) -> str:
    if not asked:
        return "left out"
    return (own or "silent") if has_a_vote else "no vote"


CLASSES = {f"{name} {each.id}": (each, make) for name, make in CHARTERS.items() for each in make().document.rules
           if each.touches_soil_or_data}
OWN_RULES: dict[str, Rule] = {
    "its own vote and a quota of the others": And((Over(frozenset((CONCERNED,)), Quota(1)), Quota(3))),
    "its own vote": Over(frozenset((CONCERNED,)), Quota(1)),
}
WRONG_RULES: dict[str, tuple[Rule, str]] = {
    "a quota": (Quota(3), "no"),
    "nobody objects": (Consensus(), "no vote"),
    "silence": (Silence(72), "silent"),
    "unless all object": (NegativeConsensus(), "no"),
    "those who take part": (Over(frozenset((PARTICIPANTS,)), Consensus()), "left out"),
    "the member concerned does not object": (Over(frozenset((CONCERNED,)), Consensus("blocks")), "abstain"),
}


@pytest.mark.parametrize("name", CLASSES)
def test_no_vote_of_the_charter_disposes_of_a_members_own_without_it(name: str) -> None:
    """What touches soil or data is never adopted against the member concerned, nor without it but as said above."""
    decision, make = CLASSES[name]
    members = sorted(party.id for party in make().document.members if party.role == "member")
    found = adopted_with(decision.parsed(), members, members[0])
    assert found == {"yes"}


@pytest.mark.parametrize("rule", OWN_RULES.values(), ids=OWN_RULES)
def test_a_rule_that_asks_the_member_concerned_passes(rule: Rule) -> None:
    """The enumeration must let pass what asks the member concerned; a question about nobody is never adopted."""
    members = ["ava", "bel", "cor", "dun", "eld"]
    assert adopted_with(rule, members, members[0]) == {"yes"}
    assert adopted_with(rule, members, None) == set()


@pytest.mark.parametrize(("rule", "how"), WRONG_RULES.values(), ids=WRONG_RULES)
def test_a_rule_that_goes_over_the_member_concerned_is_found_out(rule: Rule, how: str) -> None:
    """A majority, or a silence, is no consent: the enumeration must find each of these."""
    members = ["ava", "bel", "cor", "dun", "eld"]
    assert how in adopted_with(rule, members, members[0])
