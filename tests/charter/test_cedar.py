"""Two engines, one charter: Cedar says what the rules say, and where it does not, nothing passes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import cedarpy
import pytest

from hamsaya.base.errors import OperatorError
from hamsaya.charter import cedar, rules
from hamsaya.charter.cedar import Engine, Group, Policies, Verdict, compile_policies, verdict_of
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.policies import policy_text, quoted
from hamsaya.charter.rules import Facts
from hamsaya.charter.types import Clause
from tests.support.charters import (
    HOSTILE,
    charter,
    clause,
    default_charter,
    drawn_charter,
    drawn_facts,
    instrument,
)

OF_THE_DEFAULT, DRAWN_CHARTERS, OF_EACH = 60_000, 60, 1_000
CODES = {"permitted", "forbidden", "link-cut", "no-clause", "standing", "expired", "not-in-force", "not-bound",
         "reserved", "case-required", "consent-missing"}


def difference(compiled: Compiled, policies: Policies, facts: Facts) -> tuple[Verdict, Verdict] | None:
    """Return both answers where they differ."""
    first, second = verdict_of(rules.judge(compiled, facts)), cedar.judge(policies, facts)
    return None if first == second else (first, second)


def compare(compiled: Compiled, random: Random, requests: int) -> Counter[str]:
    """Put so many questions to both engines; fail on the first difference; return the rules' codes."""
    policies, codes = compile_policies(compiled), Counter[str]()
    for _ in range(requests):
        facts = drawn_facts(random, compiled)
        found = difference(compiled, policies, facts)
        assert found is None, (facts, found)
        codes[rules.judge(compiled, facts).code] += 1
    return codes


def test_both_engines_agree_on_the_default_charter() -> None:
    """Two engines written apart do not make the same mistake by chance; every code must have been met."""
    codes = compare(default_charter(), Random(3), OF_THE_DEFAULT)
    assert codes.total() == OF_THE_DEFAULT and set(codes) >= CODES
    assert codes["permitted"] > OF_THE_DEFAULT / 50


def test_both_engines_agree_on_charters_nobody_would_write() -> None:
    """A charter is other people's text: empty lists, every role, odd references and hostile words included."""
    codes = Counter[str]()
    for seed in range(DRAWN_CHARTERS):
        random = Random(seed)
        codes += compare(drawn_charter(random), random, OF_EACH)
    assert codes.total() == DRAWN_CHARTERS * OF_EACH and set(codes) >= CODES
    assert codes["permitted"] > codes.total() / 50
    assert codes.total() + OF_THE_DEFAULT >= 100_000


MUTATED = charter(instrument(
    "cases",
    clause("1", "case.ask", "case.answer", standing=["full", "partial"], needs_case=True, consent_of="data-owner",
           wind_down=True),
    clause("2", "charter.sign", before_entry=True),
    clause("3", "case.ask", modality="ban", senders=["oversight"], recipients=["oversight"]),
))
MUTATIONS: dict[str, tuple[int, dict[str, Any]]] = {
    "a power becomes a ban": (0, {"modality": "ban"}),
    "a ban becomes a power": (2, {"modality": "power"}),
    "another sender": (0, {"senders": ("member", "joint-cell")}),
    "no recipient": (0, {"recipients": ()}),
    "one standing more": (0, {"standing": ("full", "partial", "absent")}),
    "the usual standing": (0, {"standing": None}),
    "one kind less": (0, {"kinds": ("case.ask",)}),
    "without a case": (0, {"needs_case": False}),
    "another's consent": (0, {"consent_of": "territory"}),
    "no consent": (0, {"consent_of": "none"}),
    "no wind-down": (0, {"wind_down": False}),
    "only once in force": (1, {"before_entry": False}),
    "a ban of one standing": (2, {"standing": ("full",)}),
    "another reference": (0, {"id": "4"}),
}


@pytest.mark.parametrize(("index", "fields"), MUTATIONS.values(), ids=MUTATIONS)
def test_one_changed_field_of_one_clause_is_found_and_refused(index: int, fields: dict[str, Any]) -> None:
    """The comparison must be able to fail; and where it fails on a live node, the message does not pass."""
    compiled, random = compile_document(MUTATED), Random(1)
    other = compile_policies(_mutated(index, fields))
    engine = Engine({compiled.revision: other})
    asked = [drawn_facts(random, compiled) for _ in range(4_000)]
    differing = [facts for facts in asked if difference(compiled, other, facts)]
    assert differing
    for facts in asked:
        decision = engine(compiled, facts)
        assert (decision.code == "engines-disagree") == (facts in differing)
        assert not (facts in differing and decision.allowed)


def _mutated(index: int, fields: dict[str, Any]) -> Compiled:
    (only,) = MUTATED.instruments
    clauses = list(only.clauses)
    old = {name: getattr(clauses[index], name) for name in Clause.__struct_fields__}
    clauses[index] = Clause(**old | fields)
    changed = {name: getattr(only, name) for name in type(only).__struct_fields__} | {"clauses": tuple(clauses)}
    kept = {name: getattr(MUTATED, name) for name in type(MUTATED).__struct_fields__}
    return compile_document(type(MUTATED)(**kept | {"instruments": (type(only)(**changed),)}))


FACTS = Facts("case.ask", "cases", "member", "member", "full", "full", False, True, False, True, False, True, True,
              frozenset(), frozenset(), frozenset(("data-owner",)))


def test_the_engine_answers_as_the_rules_do_when_both_agree() -> None:
    """Faces show the rules' reasons and obligations; the second engine only confirms."""
    compiled, engine = compile_document(MUTATED), Engine()
    assert engine(compiled, FACTS) == rules.judge(compiled, FACTS)
    assert engine(compiled, FACTS).allowed
    refused = FACTS._replace(has_case=False)
    assert engine(compiled, refused) == rules.judge(compiled, refused)
    assert engine.policies.keys() == {compiled.revision}


def test_an_answer_is_remembered_for_its_revision_and_facts_alone() -> None:
    """A remembered answer must be the one that asking again would give, also under another charter."""
    compiled, other, engine = compile_document(MUTATED), _mutated(0, {"needs_case": False}), Engine()
    asked = [FACTS._replace(has_case=has_case, cut=cut) for has_case in (True, False) for cut in (True, False)]
    for charters in ((compiled, other), (other, compiled)):
        for each in charters:
            assert [engine(each, facts) for facts in asked] == [engine.ask(each, facts) for facts in asked]
    assert len(engine.answers) == 2 * len(asked)


def test_the_memory_of_answers_is_bounded() -> None:
    """Whoever sends messages of many sorts must not be able to fill a node's memory."""
    compiled, engine = compile_document(MUTATED), Engine()
    filled = {(compiled.revision, FACTS._replace(kind=str(number))): engine.ask(compiled, FACTS)
              for number in range(cedar.ANSWERS_KEPT)}
    engine.answers.update(filled)
    engine(compiled, FACTS)
    assert len(engine.answers) == 1


def test_a_disagreement_names_both_answers() -> None:
    """Whoever reports it must be able to say which clause each engine went by."""
    compiled = compile_document(MUTATED)
    engine = Engine({compiled.revision: compile_policies(_mutated(0, {"modality": "ban"}))})
    text = engine(compiled, FACTS).sentence()
    assert "the rules say permitted by cases:1" in text and "the policies say refused by cases:1" in text


@pytest.mark.parametrize("effect", ["permit", "forbid"])
def test_a_policy_that_fails_refuses(effect: str) -> None:
    """Cedar passes over a policy that fails: a ban that failed would let through what it forbids."""
    compiled = compile_document(MUTATED)
    sound = compile_policies(compiled)
    failing = f"{effect} (principal, action, resource) when {{ context.nothing }};"
    key = ("cases", "case.ask")
    handle = cedarpy.PolicySet.from_str(f"{sound.texts['cases', '1']}\n{failing}")
    broken = replace(sound, groups={key: Group(handle, {"policy0": "cases:1", "policy1": "cases:9"})})
    decision = Engine({compiled.revision: broken})(compiled, FACTS)
    assert (decision.allowed, decision.code) == (False, "engines-disagree")
    assert "1 of them failed" in decision.sentence()


def test_a_standing_nobody_knows_is_refused() -> None:
    """A party that Cedar has never heard of has no standing, whatever the rules make of its name."""
    compiled = compile_document(MUTATED)
    assert not Engine()(compiled, FACTS._replace(sender_standing="honorary")).allowed


def test_every_question_fits_the_schema_that_the_policies_were_checked_against() -> None:
    """Only then has the check shown that no policy asks for what a question does not hold."""
    random = Random(7)
    compiled = drawn_charter(random)
    policies = compile_policies(compiled)
    whole = cedarpy.PolicySet.from_str(policies.text())
    asked = [drawn_facts(random, compiled) for _ in range(500)]
    answers = cedarpy.is_authorized_batch(
        [cedar.request(facts) for facts in asked], whole, cedar.entities(), cedar.schema())
    assert not [answer.diagnostics.errors for answer in answers if answer.diagnostics.errors]
    # The charter as one document says what its parts say.
    assert [answer.allowed for answer in answers] == [cedar.judge(policies, facts).allowed for facts in asked]


def test_a_policy_that_asks_what_no_question_holds_is_found() -> None:
    """The check against the schema must be able to fail, else it checks nothing."""
    wrong = "permit (principal, action, resource) when { context.nothing };"
    assert not cedarpy.validate_policies(wrong, cedar.schema())
    assert not cedarpy.validate_policies('permit (principal, action == Action::"case.no", resource);', cedar.schema())


def test_cedar_counts_the_policies_as_we_do() -> None:
    """Its answers name policies by number: the number must be the clause it was written for, beyond nine too."""
    names = [f"{number}" for number in range(25)]
    compiled = compile_document(charter(instrument("cases", *(clause(name, "case.ask") for name in names))))
    policies = compile_policies(compiled)
    group = policies.groups["cases", "case.ask"]
    plain = json.loads(cedarpy.policies_to_json_str(policies.text()))["staticPolicies"]
    assert {name: each["annotations"]["id"] for name, each in plain.items()} == group.refs
    assert cedar.judge(policies, FACTS).clauses == {f"cases:{name}" for name in names}
    answer = cedarpy.is_authorized(cedar.request(FACTS), group.handle, cedar.entities()).diagnostics
    assert answer.id_annotations_by_reason == {name: group.refs[name] for name in answer.reasons}


def test_an_article_keeps_its_words_and_cannot_leave_its_quotation_marks() -> None:
    """A sentence in a charter is anybody's proposal: it must not be able to write a policy of its own."""
    document = charter(instrument("cases", clause("1", "case.ask", text=HOSTILE)))
    text = policy_text(compile_document(document), "cases", "1")
    (only,) = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    assert only["annotations"] == {"id": "cases:1", "says": HOSTILE}
    assert len(text.splitlines()) == len(policy_text(compile_document(MUTATED), "cases", "2").splitlines()) + 1


@pytest.mark.parametrize("letter", ['"', "\\", "\n", "\r", "\0", "\u2028", "\u202e", "\u00e9", "\U0010ffff", "'"])
def test_every_letter_can_be_quoted(letter: str) -> None:
    """Texts come in many scripts, and some letters have a meaning to Cedar."""
    text = f"@says({quoted(letter)}) permit (principal, action, resource);"
    (only,) = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    assert only["annotations"]["says"] == letter


def test_a_policy_reads_like_its_article() -> None:
    """An official must be able to lay the article beside it and agree, line by line."""
    assert policy_text(compile_document(MUTATED), "cases", "1") == (
        '@id("cases:1")\n'
        '@says("Clause 1.")\n'
        'permit (principal, action in [Action::"case.ask", Action::"case.answer"], resource)\n'
        'when { context.instrument == "cases" }\n'
        'when { principal.role == "member" }\n'
        'when { resource.role == "member" }\n'
        'when { ["full", "partial"].contains(principal.standing)'
        ' || (context.winding_down && principal.standing == "left") }\n'
        'when { ["full", "partial"].contains(resource.standing)'
        ' || (context.winding_down && resource.standing == "left") }\n'
        "when { context.in_force && !context.expired && context.both_bound }\n"
        "when { context.within_case }\n"
        'when { context.consents.contains("data-owner") }\n'
        'when { !context.reserved.contains("1") && !context.not_accepted.contains("1") };'
    )


def test_a_clause_that_does_not_exist_has_no_policy() -> None:
    """A face that is asked for it answers with what was expected."""
    with pytest.raises(OperatorError, match="expected a clause") as caught:
        policy_text(compile_document(MUTATED), "cases", "9")
    assert caught.value.code == "unknown-clause"
