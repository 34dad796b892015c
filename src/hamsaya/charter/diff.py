"""What one version of a charter changes against another, and who gains or loses power by it.

Rules
1. Parts are the same part when they have the same id; a part that was renamed is one removed and one added.
2. A changed sentence is shown word by word: what was taken out stands in [- -], what came in in {+ +}.
3. A rule is compared by what it does as well: p_decide with as many others as today and one refusing in ten, and
   each member's share of power, averaged over whose question it is.
4. What p_decide does to the price of compliance follows from the law of the price alone: the oftener breaches are
   decided on, the cheaper; at 0 it has no price.

    changes = compare(old, new)
    changes.articles, changes.rules, changes.r_k, changes.power

Left out: examples and the words of other languages' packs, which are no part of the law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Any, Literal

import msgspec

from hamsaya.charter.decidable import banzhaf_shares, own_act, p_decide, share_decidable
from hamsaya.charter.types import DecisionClass, Document, revision
from hamsaya.charter.votes import PRESENT, SEATED, parse_rule
from hamsaya.charter.words import class_words, clause_words, instrument_words, rule_words

P_BLOCK = 0.1
"""Probability that one of the other members refuses, for ``p_decide``."""
ABSENCES = (1, 2, 3)
Verb = Literal["added", "removed", "changed"]
_PARTS = ("clauses", "members", "instruments", "rules")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field that changed; ``before`` and ``after`` as plain values, or for a sentence ``words`` shows both."""

    name: str
    before: Any = None
    after: Any = None
    words: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One part that is new, gone or changed; ``words`` say what it comes to now, or came to."""

    ref: str
    verb: Verb
    words: str
    fields: list[Field] = []


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A class of decisions that is new, gone or changed, and what that does; None where it was not or is no more."""

    ref: str
    verb: Verb
    words: str
    fields: list[Field]
    p_decide: tuple[float | None, float | None]
    price: str


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """How a member's share of power over one class of decisions changed, as fractions and as their difference."""

    ref: str
    member: str
    before: str
    after: str
    gained: float


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """R_k of both versions: the share of the classes that can be decided with any k others absent."""

    k: int
    before: str | None
    after: str | None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two charters; empty lists where nothing does."""

    before: str
    after: str
    same: bool
    charter: list[Field]
    members: list[Change]
    instruments: list[Change]
    articles: list[Change]
    rules: list[RuleChange]
    r_k: list[Shares]
    power: list[Gain]


def compare(old: Document, new: Document) -> Changes:
    """Return what ``new`` changes against ``old``."""
    return Changes(
        before=_name(old), after=_name(new), same=revision(old) == revision(new),
        charter=_fields(old, new),
        members=_parts(_members(old), _members(new), lambda one: f"{one.role}, {one.kind}, standing {one.standing}"),
        instruments=_parts(_instruments(old), _instruments(new), instrument_words),
        articles=_parts(_articles(old), _articles(new), clause_words),
        rules=_rules(old, new),
        r_k=[Shares(k=k, before=one, after=two)
             for k in ABSENCES for one, two in [(_share(old, k), _share(new, k))] if one != two],
        power=_power(old, new),
    )


def _name(document: Document) -> str:
    return f"{document.title} ({document.dated}, {revision(document).hex()[:16]})"


def _members(document: Document) -> dict[str, Any]:
    return {party.id: party for party in document.members}


def _instruments(document: Document) -> dict[str, Any]:
    return {one.id: one for one in document.instruments}


def _articles(document: Document) -> dict[str, Any]:
    return {f"{one.id}:{clause.id}": clause for one in document.instruments for clause in one.clauses}


def _parts(old: Mapping[str, Any], new: Mapping[str, Any], words: Any) -> list[Change]:
    found = []
    for ref in [*new, *(ref for ref in old if ref not in new)]:
        if ref not in old or ref not in new:
            verb: Verb = "added" if ref in new else "removed"
            found.append(Change(ref=ref, verb=verb, words=words(new.get(ref, old.get(ref)))))
        elif fields := _fields(old[ref], new[ref]):
            found.append(Change(ref=ref, verb="changed", words=words(new[ref]), fields=fields))
    return found


def _fields(old: Any, new: Any) -> list[Field]:
    """Return the fields in which two parts of one kind differ; parts within them are compared on their own."""
    found = []
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, str) and " " in before + after:
            found.append(Field(name=name, words=words_between(before, after)))
        elif name == "texts":
            found += [Field(name=f"texts.{language}", words=words_between(before.get(language, ""),
                                                                         after.get(language, "")))
                      for language in sorted({*before, *after}) if before.get(language) != after.get(language)]
        elif name == "rule":
            found.append(Field(name=name, before=rule_words(parse_rule(before)), after=rule_words(parse_rule(after))))
        elif name not in _PARTS:
            found.append(Field(name=name, before=msgspec.to_builtins(before), after=msgspec.to_builtins(after)))
    return found


def words_between(before: str, after: str) -> str:
    """Return both sentences in one: words only in ``before`` in [- -], words only in ``after`` in {+ +}."""
    old, new = before.split(), after.split()
    found = []
    for verb, start, end, into, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = " ".join(old[start:end]), " ".join(new[into:until])
        if verb == "equal":
            found.append(gone)
        else:
            found += [f"[-{gone}-]"] * bool(gone) + [f"{{+{come}+}}"] * bool(come)
    return " ".join(found)


# 3. What a rule does.
def _rules(old: Document, new: Document) -> list[RuleChange]:
    was, now = ({one.id: one for one in document.rules} for document in (old, new))
    moved = _others(old) != _others(new)
    found = []
    for ref in [*now, *(ref for ref in was if ref not in now)]:
        before, after = was.get(ref), now.get(ref)
        fields = _fields(before, after) if before and after else []
        chances = (_chance(old, before), _chance(new, after))
        if before and after and not fields and not (moved and chances[0] != chances[1]):
            continue
        held = after or before
        assert held is not None
        verb: Verb = "changed" if before and after else "added" if after else "removed"
        found.append(RuleChange(ref=ref, verb=verb, words=class_words(held), fields=fields, p_decide=chances,
                                price=price_tendency(*chances) if before and after else ""))
    return found


def _others(document: Document) -> int:
    voting = sum(party.role == "member" and party.standing in PRESENT for party in document.members)
    return max(1, voting - 1)


def _seated(document: Document) -> list[str]:
    return [party.id for party in document.members if party.role == "member" and party.standing in SEATED]


def _chance(document: Document, decision: DecisionClass | None) -> float | None:
    try:
        return p_decide(decision.parsed(), _others(document), P_BLOCK) if decision else None
    except ValueError:  # A rule that tells too many members apart has no such figure.
        return None


def price_tendency(before: float | None, after: float | None) -> str:
    """Return in words what a change of p_decide does to the price of compliance under a rule."""
    if before is None or after is None or before == after:
        return ""
    if after == 0.0:
        return "where breaches are decided by it, compliance can no longer be paid for: whom it concerns can stop it"
    if before == 0.0:
        return "where breaches are decided by it, compliance gets a price: whom it concerns can no longer stop it"
    how = ("cheaper", "oftener") if after > before else ("dearer", "more seldom")
    return f"where breaches are decided by it, compliance gets {how[0]} to sustain: it decides {how[1]}"


def _share(document: Document, k: int) -> str | None:
    members = _seated(document)
    if not members or not document.rules:
        return None
    rules = [own_act(decision.parsed(), members) for decision in document.rules]
    try:
        share = share_decidable(rules, members, k, members[:1])
    except ValueError:
        return None
    return f"{share * len(rules)}/{len(rules)}"


def _power(old: Document, new: Document) -> list[Gain]:
    was, now = ({one.id: one for one in document.rules} for document in (old, new))
    found = []
    for ref in [ref for ref in now if ref in was]:
        before, after = _shares(was[ref], _seated(old)), _shares(now[ref], _seated(new))
        for member in dict.fromkeys([*before, *after]):
            one, two = before.get(member, Fraction(0)), after.get(member, Fraction(0))
            if one != two:
                found.append(Gain(ref=ref, member=member, before=str(one), after=str(two), gained=float(two - one)))
    return found


def _shares(decision: DecisionClass, members: Sequence[str]) -> dict[str, Fraction]:
    return (banzhaf_shares(decision.parsed(), members) if members else None) or {}
