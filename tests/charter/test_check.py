"""What a charter is refused for, each by the smallest document that has that one fault."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.charter.check import check, require_sound
from hamsaya.charter.types import Document, document_from_plain, revision

ALL = ["full", "partial", "observer", "absent", "suspended"]


def party(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "state", "role": "member", "standing": "full", "bloc": name, **more}


def clause(name: str, *kinds: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "text": f"Words of {name}.", "modality": "permission", "kinds": list(kinds),
            "senders": ["member"], "recipients": ["member"], **more}


def ban(name: str, *kinds: str, **more: Any) -> dict[str, Any]:
    return clause(name, *kinds, modality="ban", before_entry=True, **more)


def instrument(name: str, *clauses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "purpose": name, "entry_into_force": 2, "retention_days": 30,
            "clauses": list(clauses), **more}


def decision(name: str, rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "rule": rule, **more}


CONSENT = {"rule": "over", "participants": ["*concerned"], "inner": {"rule": "quota", "q": 1, "absent": "blocks"}}
VISIT = {"rule": "and", "rules": [CONSENT, {"rule": "over", "participants": ["*participants"]}]}
MINUS = {"rule": "minus-concerned", "concerned": "*concerned"}
SOUND: dict[str, Any] = {
    "title": "A charter of nowhere", "dated": "2030-02-28", "depositaries": ["cell", "ava"], "epoch_signatures": 2,
    "members": [*(party(name) for name in ("ava", "bel", "cor", "dun")), party("eel", standing="absent"),
                party("cell", role="joint-cell", kind="organisation")],
    "instruments": [
        instrument("base", clause("B.1", "charter.sign", "charter.withdraw", "charter.cut", before_entry=True,
                                  standing=ALL, senders=["any"], recipients=["any"]),
                   clause("B.2", "charter.vote", "keys.publish", modality="duty", standing=ALL)),
        instrument("work", clause("W.1", "case.open", "case.ask", needs_case=True, decision="budget"),
                   clause("W.2", "case.answer", object="case-content", consent_of="data-owner", needs_case=True,
                          obligations=["two-persons"]),
                   clause("W.3", "case.revoke", "case.purge", modality="duty", standing=ALL, wind_down=True),
                   ban("W.4", "case.*", senders=["joint-cell"], recipients=["joint-cell"]),
                   requires=["base"], required=["ava"]),
    ],
    "rules": [decision("visit", VISIT, touches_soil_or_data=True), decision("budget", {"rule": "quota", "q": 3}),
              decision("finding", {**MINUS, "inner": {"rule": "silence", "hours": 72}}, appeal="budget"),
              decision("suspend", {**MINUS, "inner": {"rule": "quota", "q": 3}}, confers=["suspended"])],
}


def altered(where: str, value: Any) -> Document:
    """Return the sound charter with one field, such as ``instruments.1.sunset_days``, set to ``value``."""
    plain = msgspec.json.decode(msgspec.json.encode(SOUND))
    *path, last = where.split(".")
    held = plain
    for step in path:
        held = held[int(step)] if isinstance(held, list) else held[step]
    if last == "+":
        held.append(value)
    elif isinstance(held, list):
        held[int(last)] = value
    else:
        held[last] = value
    return document_from_plain(plain)


def test_a_sound_charter_has_nothing_wrong() -> None:
    """The text that every other test here spoils in one place."""
    assert check(document_from_plain(SOUND)) == []
    require_sound(document_from_plain(SOUND))


CASES: list[tuple[str, Any, str, str]] = [
    # Contradictory.
    ("instruments.1.clauses.+", ban("Z", "case.ask", "case.open"), "work:W.1", "taken-back"),
    ("instruments.1.clauses.+", ban("Z", "case.ask"), "work:W.1", "partly-taken-back?"),
    ("instruments.1.clauses.+", ban("Z", "case.ask", standing=["full"]), "work:W.1", "contradictory"),
    ("instruments.1.clauses.0", clause("W.1", "case.ask", "case.open", modality="duty"), "", ""),
    ("instruments.1.clauses.+", ban("Z", "case.purge", recipients=[], standing=ALL + ["left"]), "work:W.3",
     "contradictory"),
    ("instruments.1.clauses.3.obligations", ["two-persons"], "work:W.4", "unlike-a-ban"),
    ("instruments.1.clauses.3.consent_of", "data-owner", "work:W.4", "unlike-a-ban"),
    ("instruments.1.clauses.3.wind_down", True, "work:W.4", "unlike-a-ban"),
    ("instruments.1.clauses.3.reservable", True, "work:W.4", "unlike-a-ban"),
    ("instruments.1.clauses.3.needs_case", True, "work:W.4", "unlike-a-ban"),
    ("instruments.1.clauses.+", ban("Z", "case.ask", senders=[], recipients=[]), "work:Z", "unusable?"),
    # Circular, or referring to nothing.
    ("instruments.0.requires", ["work"], "base", "circular"),
    ("instruments.0.requires", ["base"], "base", "circular"),
    ("instruments.0.requires", ["nothing"], "base", "unknown-instrument"),
    ("rules.1.appeal", "finding", "rules:budget", "circular"),
    ("rules.1.appeal", "budget", "rules:budget", "circular"),
    ("rules.1.appeal", "nothing", "rules:budget", "unknown-class"),
    ("instruments.1.clauses.0.decision", "nothing", "work:W.1", "unknown-class"),
    # Mis-dated.
    ("dated", "2030-02-29", "charter", "mis-dated"),
    ("dated", "1970-01-01", "charter", "undated?"),
    ("instruments.1", instrument("work", entry_delay_days=30, sunset_days=30, notice_days=1), "work", "mis-dated"),
    ("instruments.1.notice_days", 1831, "work", "mis-dated"),
    ("instruments.1.wind_down_days", 1831, "work", "mis-dated"),
    ("instruments.1.wind_down_days", 0, "work:W.3", "mis-dated"),
    ("instruments.1.sunset_days", 60, "work", "late-notice?"),
    ("rules.2.expires_days", 2, "rules:finding", "mis-dated"),
    ("rules.1.rule", {"rule": "quota", "q": 3, "absent": {"tacit_days": 91}}, "rules:budget", "mis-dated"),
    # Unsignable.
    ("instruments.0.clauses.0.before_entry", False, "charter", "unsignable"),
    ("instruments.0.clauses.0.standing", ["absent", "suspended"], "charter", "unsignable"),
    ("instruments.1.entry_into_force", 5, "work", "unsignable"),
    ("instruments.1.required", ["eel"], "work", "unsignable"),
    ("instruments.1.required", ["nobody"], "work", "unsignable"),
    ("depositaries", ["nobody"], "charter", "unknown-party"),
    ("depositaries", [], "charter", "no-depositary?"),
    ("epoch_signatures", 4, "charter", "epoch-signatures?"),
    # A member's own.
    ("instruments.1.clauses.1.consent_of", "none", "work:W.2", "no-consent"),
    ("instruments.1.clauses.1.obligations", [], "work:W.2", "one-person"),
    ("instruments.1.clauses.+", clause("W.9", "monitor.report"), "work:W.9", "no-consent"),
    ("instruments.1.clauses.0.object", "soil", "work:W.1", "no-consent"),
    ("rules.0.rule", {"rule": "quota", "q": 3}, "rules:visit", "overrules"),
    ("rules.0.rule", MINUS, "rules:visit", "overrules"),
    ("rules.0.rule", {"rule": "over", "participants": ["*proposer"]}, "rules:visit", "overrules"),
    ("rules.0.rule", {"rule": "consensus", "absent": {"tacit_days": 10}}, "rules:visit", "tacit-consent"),
    ("rules.0.rule", {"rule": "consensus"}, "rules:visit", "tacit-consent"),
    ("rules.0.rule", {"rule": "silence", "hours": 72, "absent": "blocks"}, "rules:visit", "tacit-consent"),
    ("rules.0.rule", {"rule": "over", "participants": ["*participants"],
                      "inner": {"rule": "consensus", "absent": "blocks"}}, "rules:visit", "left-out?"),
    ("rules.0.rule", {"rule": "over", "participants": ["*participants"]}, "rules:visit", "absent?"),
    ("rules.0.rule", {"rule": "over", "participants": ["*participants"],
                      "inner": {"rule": "consensus", "absent": {"tacit_days": 1}}}, "rules:visit", "tacit-consent"),
    ("rules.0.rule", {"rule": "quota", "q": 5, "weights": {"ava": 2, "bel": 2, "cor": 2, "dun": 2}}, "rules:visit",
     "overrules"),
    ("instruments.0.clauses.1.standing", ["full", "absent"], "base:B.2", "suspended"),
    ("instruments.1.clauses.+", ban("Z", "case.purge", recipients=[], standing=["suspended"]), "work:Z", "suspended"),
    # Dead letters.
    ("instruments.1.clauses.+", clause("W.9", "case.ask", senders=["oversight"]), "work:W.9", "unusable?"),
    ("instruments.1.clauses.+", clause("W.9", "case.ask", recipients=["oversight"]), "work:W.9", "unusable?"),
    ("rules.1.rule", {"rule": "quota", "q": 6}, "rules:budget", "dead?"),
    ("rules.1.rule", {"rule": "negative-consensus", "stops": 6}, "rules:budget", "automatic?"),
    ("rules.3.rule", {**MINUS, "inner": {"rule": "quota", "q": 1}}, "rules:suspend", "few-votes?"),
    ("rules.3.rule", {"rule": "consensus"}, "rules:suspend", "few-votes?"),
    ("instruments.0.clauses.0.kinds", ["charter.sign", "charter.cut"], "charter", "no-way-out?"),
    ("members.3.kind", "de-facto-authority", "charter", "recognition?"),
    ("instruments.+", instrument("draft.x", clause("D.1", "case.answer")), "draft.x:D.1", "no-consent?"),
    ("instruments.+", instrument("draft.x", entry_into_force=9), "draft.x", "unsignable?"),
]


@pytest.mark.parametrize(("where", "value", "ref", "code"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_each_fault_is_found_where_it_stands(where: str, value: Any, ref: str, code: str) -> None:
    """The article and the reason; a code with ``?`` is a warning, for which no text is refused."""
    document = altered(where, value)
    found = [(p.ref, p.code + "?" * (p.severity == "warning")) for p in check(document)]
    assert ((ref, code) in found) == bool(code)
    if not code.endswith("?") and code:
        with pytest.raises(PeerError, match=r"\[") as refusal:
            require_sound(document)
        assert refusal.value.code == "bad-charter" and ref in str(refusal.value)
    else:
        require_sound(document)


def test_only_the_fault_is_found() -> None:
    """One fault of the text gives one problem, or its authors would look for what is not there."""
    for where, value, _, code in CASES:
        found = {p.code + "?" * (p.severity == "warning") for p in check(altered(where, value))}
        assert not code or code in found and len(found) <= 2, (where, found)


def test_a_draft_instrument_that_another_waits_for_is_named() -> None:
    """What requires a text under negotiation is in force only when that is agreed."""
    draft = instrument("draft.x", clause("D.1", "case.ask"))
    plain = {**SOUND, "instruments": [*SOUND["instruments"], draft, instrument("late", requires=["draft.x"])]}
    assert [(p.ref, p.code) for p in check(document_from_plain(plain))] == [("late", "waits")]


def test_versions_go_forward() -> None:
    """A version is of a later day than what it supersedes, and the chain of versions has a beginning."""
    first = document_from_plain(SOUND)
    known = {revision(first): first}
    later = document_from_plain({**SOUND, "dated": "2030-03-01", "supersedes": revision(first).hex()})
    same_day = document_from_plain({**SOUND, "supersedes": revision(first).hex()})
    assert check(later, earlier=known) == check(later) == []
    assert [p.code for p in check(same_day, earlier=known)] == ["mis-dated"]
    with pytest.raises(PeerError, match="2030-02-28"):
        require_sound(same_day, earlier=known)
    lost = document_from_plain({**SOUND, "dated": "2031-01-01", "supersedes": "ab" * 32})
    assert [(p.code, p.severity) for p in check(lost, earlier=known)] == [("unknown-version", "warning")]
    ring = {bytes.fromhex("ab" * 32): document_from_plain({**SOUND, "supersedes": "cd" * 32}),
            bytes.fromhex("cd" * 32): document_from_plain({**SOUND, "dated": "2029-01-01", "supersedes": "ab" * 32})}
    assert [p.code for p in check(lost, earlier=ring)] == ["circular"]


def test_more_than_can_be_counted_is_refused_at_once() -> None:
    """A record holds the votes of 64 members; nobody makes a node weigh thousands of rules."""
    crowd = [*SOUND["members"], *(party(f"m{n}") for n in range(60))]
    many = [decision(f"d{n}", {"rule": "consensus"}) for n in range(65)]
    assert [(p.ref, p.code) for p in check(document_from_plain({**SOUND, "members": crowd, "rules": many}))] == [
        ("members", "too-large"), ("rules", "too-large")]


def test_no_instrument_bears_the_name_of_the_whole() -> None:
    """A ban in "charter:links" would be taken for the rule of cut links, on which the two engines then differ."""
    named = instrument("charter", clause("links", "charter.sign", before_entry=True))
    found = check(document_from_plain({**SOUND, "instruments": [*SOUND["instruments"], named]}))
    assert ("charter", "reserved-id", "error") in {(p.ref, p.code, p.severity) for p in found}


def test_a_text_that_would_stop_every_node_is_refused_before_it_is_weighed() -> None:
    """One proposal is read by all: half a megabyte of instruments, clauses or rules took minutes at each of them."""
    article = clause("c", "charter.*")
    crowded = [instrument(f"i{n}", article) for n in range(65)]
    wordy = instrument("wordy", *(clause(f"c{n}", "charter.sign") for n in range(1025)))
    deep = decision("deep", {"rule": "and", "rules": [{"rule": "or", "rules": [{"rule": "consensus"}] * 64}] * 8})
    found = [p for changed in ({"instruments": crowded}, {"instruments": [wordy]}, {"rules": [deep]})
             for p in check(document_from_plain({**SOUND, **changed}))]
    assert [(p.ref, p.code) for p in found] == [
        ("instruments", "too-large"), ("instruments", "too-large"), ("rules", "too-large")]


def test_a_rule_nobody_can_read_is_a_fault_of_the_text() -> None:
    """A document made by hand, not by the parser, is refused in the same way."""
    broken = msgspec.structs.replace(document_from_plain(SOUND).rules[1], rule={"rule": "lottery"})
    document = msgspec.structs.replace(document_from_plain(SOUND), rules=(broken,))
    assert [p.code for p in check(document)] == ["bad-rule"]


def test_the_first_error_and_how_many_more_are_told() -> None:
    """A refusal over the wire is one sentence; the command lists the rest."""
    document = altered("instruments.0.clauses", [clause("B.2", "case.answer")])
    with pytest.raises(PeerError, match=r"and 2 more \(hamsaya charter check"):
        require_sound(document)


# --- any mutation ----------------------------------------------------------------------------------------


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for step, held in inside for path in paths(held, (*at, step)))]


PATHS = paths(msgspec.json.decode(msgspec.json.encode(SOUND)))[1:]
LEAVES = st.sampled_from([0, 1, 2, 99, True, False, "", "ava", "cell", "base", "work", "budget", "*concerned", "any",
                          "member", "suspended", "ban", "duty", "case.*", "charter.sign", "soil", [], ["ava"],
                          ["member"], {"rule": "consensus"}, VISIT, MINUS, {"rule": "or", "rules": []}])


@settings(max_examples=400)
@given(path=st.sampled_from(PATHS), value=LEAVES, remove=st.booleans())
def test_no_single_change_makes_the_check_fall_over(path: tuple[Any, ...], value: Any, remove: bool) -> None:
    """Whatever the parser takes can be checked: a problem is found, or none, but never a crash."""
    plain = msgspec.json.decode(msgspec.json.encode(SOUND))
    held = plain
    for step in path[:-1]:
        held = held[step]
    if remove:
        del held[path[-1]]
    else:
        held[path[-1]] = value
    try:
        document = document_from_plain(plain)
    except PeerError:
        return
    for problem in check(document):
        assert problem.sentence and problem.ref
