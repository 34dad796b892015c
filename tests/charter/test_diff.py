"""What changes between two versions of a charter, in words, in chances and in power."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.charter.diff import Changes, compare, price_tendency, words_between
from hamsaya.charter.types import document_from_plain
from tests.support.charters import clause, instrument, party

NINE = ("ava", "bel", "cor", "dun", "eel", "fox", "gnu", "hen", "ibi")
MINUS = {"rule": "minus-concerned", "concerned": "*concerned"}


def rule(name: str, plain: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "rule": plain, **more}


OLD: dict[str, Any] = {
    "title": "A charter of nowhere", "dated": "2030-01-01", "members": [party(name) for name in NINE],
    "instruments": [instrument("one", clause("A", "case.ask", text="A member may ask another within a case."),
                               clause("B", "case.open"))],
    "rules": [rule("finding", MINUS), rule("budget", {"rule": "quota", "q": 6})],
}


def changed(**fields: Any) -> Changes:
    return compare(document_from_plain(OLD), document_from_plain({**OLD, **fields}))


def test_equal_charters_differ_in_nothing() -> None:
    """No version is reported to change what it leaves alone."""
    found = changed()
    assert found.same and not any((found.charter, found.members, found.instruments, found.articles, found.rules,
                                   found.r_k, found.power))


def test_a_changed_sentence_is_shown_word_by_word() -> None:
    """The reader sees what was taken out and what came in, with the field that changed beside it."""
    text = "A member must ask another within a case."
    found = changed(instruments=[instrument("one", clause("A", "case.ask", text=text, modality="duty"),
                                            clause("B", "case.open"))])
    (article,) = found.articles
    assert (article.ref, article.verb) == ("one:A", "changed")
    fields = {field.name: field for field in article.fields}
    assert fields["text"].words == "A member [-may-] {+must+} ask another within a case."
    assert (fields["modality"].before, fields["modality"].after) == ("permission", "duty")
    assert "must send case.ask" in article.words and not found.same


def test_added_and_removed_parts_are_named_with_what_they_come_to() -> None:
    """A safeguard that is gone must stand out as much as a power that is new."""
    more = instrument("two", clause("C", "case.close", texts={"fr": "Un membre."}), sunset_days=60)
    found = changed(instruments=[instrument("one", clause("A", "case.ask", text=OLD["instruments"][0]["clauses"][0]
                                                          ["text"])), more],
                    members=[*OLD["members"][:-1], party("ibi", standing="absent"), party("jay")])
    assert [(one.ref, one.verb) for one in found.articles] == [("two:C", "added"), ("one:B", "removed")]
    assert [(one.ref, one.verb) for one in found.instruments] == [("two", "added")]
    assert "ends after 60 days" in found.instruments[0].words
    assert [(one.ref, one.verb) for one in found.members] == [("ibi", "changed"), ("jay", "added")]


def test_an_instruments_terms_and_a_translation_are_compared() -> None:
    """A notice that grows binds people longer; a translation is agreed to as well."""
    old = document_from_plain({**OLD, "instruments": [instrument(
        "one", clause("A", "case.ask", texts={"fr": "Un oui."}))]})
    new = document_from_plain({**OLD, "instruments": [instrument(
        "one", clause("A", "case.ask", texts={"fr": "Un non.", "de": "Ein Nein."}), notice_days=365)]})
    found = compare(old, new)
    assert [(f.name, f.before, f.after) for f in found.instruments[0].fields] == [("notice_days", 90, 365)]
    assert {f.name: f.words for f in found.articles[0].fields} == {
        "texts.de": "{+Ein Nein.+}", "texts.fr": "Un [-oui.-] {+non.+}"}


@pytest.mark.parametrize(("inner", "tendency"), [
    ({"rule": "quota", "q": 6}, "cheaper"), ({"rule": "negative-consensus"}, "cheaper"),
    ({"rule": "silence", "hours": 72}, ""),
])
def test_a_rule_is_compared_by_what_it_does(inner: dict[str, Any], tendency: str) -> None:
    """A finding by six of the eight others is likelier than by all: the price of compliance falls."""
    found = changed(rules=[rule("finding", {**MINUS, "inner": inner}), OLD["rules"][1]])
    (one,) = found.rules
    assert one.p_decide[0] == pytest.approx(0.9**8) and tendency in one.price and bool(one.price) == bool(tendency)
    assert one.fields[0].name == "rule" and one.fields[0].before == (
        "everybody but the member concerned: nobody refuses")


def test_a_rule_that_the_accused_can_block_takes_the_price_away() -> None:
    """The gravest change of a rule is told as such, both ways."""
    rules = [rule("finding", {"rule": "consensus", "absent": "blocks"}), OLD["rules"][1]]
    found = changed(rules=rules)
    assert found.rules[0].p_decide[1] == 0.0 and "no longer be paid for" in found.rules[0].price
    assert "gets a price" in price_tendency(0.0, 0.5) and "dearer" in price_tendency(0.5, 0.4)
    assert [(one.k, one.before, one.after) for one in found.r_k] == [(1, "2/2", "1/2"), (2, "2/2", "1/2"),
                                                                     (3, "2/2", "1/2")]


def test_rules_come_and_go() -> None:
    """A class that is new has no chance before, one that is gone none after."""
    found = changed(rules=[OLD["rules"][1], rule("visit", {"rule": "consensus"})])
    assert [(one.ref, one.verb, one.p_decide[0] is None, one.p_decide[1] is None) for one in found.rules] == [
        ("visit", "added", True, False), ("finding", "removed", False, True)]


def test_who_gains_power_is_named() -> None:
    """Weights give one member what they take from the others, and a tenth member takes a share from each."""
    weights = {name: 3 if name == "ava" else 1 for name in NINE}
    found = changed(rules=[OLD["rules"][0], rule("budget", {"rule": "quota", "q": 6, "weights": weights})])
    gained = {one.member: one.gained for one in found.power if one.ref == "budget"}
    assert gained["ava"] > 0 > gained["bel"] and sum(gained.values()) == pytest.approx(0)
    joined = changed(members=[*OLD["members"], party("jay")])
    assert {(one.ref, one.member): (one.before, one.after) for one in joined.power}["budget", "jay"] == ("0", "1/10")
    chances = {one.ref: one.p_decide for one in joined.rules}
    assert chances["finding"] == pytest.approx((0.9**8, 0.9**9)), "nine others must all agree instead of eight"
    assert chances["budget"][1] > chances["budget"][0], "six of nine others are easier to find than six of eight"


@given(st.lists(st.sampled_from(["a", "b", "c"])), st.lists(st.sampled_from(["a", "b", "c"])))
def test_both_sentences_can_be_read_from_the_words_between(before: list[str], after: list[str]) -> None:
    """Nothing of either sentence is lost: without what came in it is the old one, without what went the new."""
    shown = words_between(" ".join(before), " ".join(after))
    old, new, side = [], [], ""
    for word in shown.split():
        side = word[0] if word[:2] in ("[-", "{+") else side
        bare = word.strip("[]{}+-")
        old += [bare] if side != "{" else []
        new += [bare] if side != "[" else []
        side = "" if word[-2:] in ("-]", "+}") else side
    assert (old, new) == (before, after)
