"""The charter decides: default deny, bans win, one refused recipient refuses all, each answer has reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.decision import Decision
from hamsaya.base.errors import PeerError
from hamsaya.canon import encode
from hamsaya.charter import reduce, rules, views
from hamsaya.charter.types import (
    CHARTER,
    EMPTY_CHARTER,
    CharterState,
    DecisionClass,
    Request,
    document_from_plain,
    revision,
)
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.charter import Sign
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body


def party(name: str, role: str = "member", standing: str = "full") -> dict[str, Any]:
    return {"id": name, "kind": "state", "role": role, "standing": standing, "bloc": "x"}


def clause(name: str, kinds: list[str], **fields: Any) -> dict[str, Any]:
    ends = {"senders": ["member"], "recipients": ["member"]}
    return {"id": name, "text": f"Clause {name}.", "effect": "permit", "kinds": kinds} | ends | fields


def instrument(name: str, *clauses: dict[str, Any], **fields: Any) -> dict[str, Any]:
    base = {"id": name, "title": name, "purpose": name, "exercise": True, "retention_days": 30}
    return base | {"entry_into_force": 2, "clauses": list(clauses)} | fields


PLAIN: dict[str, Any] = {
    "title": "A charter of nowhere",
    "draft": True,
    "members": [
        party("ava"),
        party("bel"),
        party("cor"),
        party("dun", standing="absent"),
        party("eld", standing="suspended"),
        party("cell", "joint-cell"),
        party("watch", "oversight"),
    ],
    "instruments": [
        instrument(
            "founding",
            clause(
                "F.1",
                ["charter.sign"],
                senders=["any"],
                recipients=["any"],
                before_entry=True,
                standing=["full", "absent", "suspended"],
            ),
            clause("F.2", ["node.peer"], recipients=[], before_entry=True),
        ),
        instrument(
            "cases",
            clause("C.1", ["case.*"], needs_case=True, obligations=["logged"]),
            clause("C.2", ["case.answer"], needs_case=True, obligations=["two-persons"]),
            clause("C.3", ["case.revoke"], needs_case=True, standing=["full", "suspended"]),
            clause("C.4", ["case.*"], effect="forbid", senders=["oversight"], recipients=["oversight"]),
            clause(
                "C.5", ["case.close"], effect="forbid", senders=["member"], recipients=[], standing=["absent"]
            ),
        ),
        instrument("real", clause("R.1", ["case.ask"]), exercise=False),
    ],
    "rules": [{"id": "budget", "title": "Budget", "rule": "quota", "params": {"yes": 6, "of": 9}}],
}
COMPILED = rules.compile_document(document_from_plain(PLAIN))


def event(kind: str, sender: str, *recipients: str, body: Body | None = None, **fields: Any) -> Event:
    body = body or Sign(document=CHARTER, revision=COMPILED.revision)
    told = Event(b"\0" * 16, kind, sender, recipients, "cases", "C-1", 1_000, 2_000, True, body)
    return replace(told, **fields)


def signed(*members: str) -> CharterState:
    state = EMPTY_CHARTER
    for member in members:
        state = reduce.apply(state, event("charter.sign", member))
    return state


FORCE = signed("ava", "bel")


def ask(**fields: Any) -> Decision:
    request = Request("case.ask", "ava", "bel", "cases", "C-1", True)
    return rules.decide(COMPILED, FORCE, replace(request, **fields))


def test_a_permitted_message_carries_its_clause_and_text() -> None:
    """A permission that cannot name its clause would be a power nobody gave."""
    decision = ask()
    assert (decision.allowed, decision.reasons[0].ref, decision.reasons[0].text) == (
        True,
        "cases:C.1",
        "Clause C.1.",
    )


REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("unknown-member", {"sender": "zoe"}),
    ("unknown-member", {"recipient": "zoe"}),
    ("not-in-force", {"instrument": "nowhere"}),
    ("exercise-mismatch", {"exercise": False}),
    ("exercise-mismatch", {"instrument": "real"}),
    ("not-in-force", {"instrument": "real", "exercise": False}),  # A draft has no force outside exercises.
    ("forbidden", {"sender": "watch"}),
    ("forbidden", {"recipient": "watch"}),
    ("forbidden", {"kind": "case.close", "sender": "dun"}),
    ("no-clause", {"kind": "monitor.report"}),
    ("no-clause", {"kind": "case.unheard-of"}),
    ("no-clause", {"sender": "cell"}),
    ("no-clause", {"recipient": "cell"}),
    ("no-clause", {"kind": "node.peer", "instrument": "founding"}),  # A note to oneself, sent to another.
    ("standing", {"sender": "eld"}),
    ("standing", {"recipient": "dun"}),
    ("case-required", {"case": None}),
]


@pytest.mark.parametrize(("code", "fields"), REFUSALS)
def test_each_forbidden_act_is_refused_with_its_code(code: str, fields: dict[str, Any]) -> None:
    """Each refusal tells a machine which rule held, and a person which clause."""
    decision = ask(**fields)
    assert (decision.allowed, decision.code) == (False, code)
    assert all(reason.ref and reason.text for reason in decision.reasons)


def test_a_suspended_member_keeps_the_clauses_that_say_so() -> None:
    """Suspension takes powers, not duties: the revoke clause admits it, the ask clause does not."""
    decision = ask(kind="case.revoke", sender="eld")
    assert decision.allowed and [reason.ref for reason in decision.reasons] == ["cases:C.3"]


def test_a_ban_that_lists_standings_leaves_the_others_alone() -> None:
    """C.5 stops absent senders only; a full member closes its case."""
    assert ask(kind="case.close").allowed


def test_obligations_of_every_matching_clause_add_up() -> None:
    """Two clauses give the power to answer; a sender owes what both of them ask."""
    assert ask(kind="case.answer").obligations == {"logged", "two-persons"}


def test_before_entry_only_the_clauses_that_say_so_permit() -> None:
    """Signing must work before anything is in force, and nothing else may."""
    sign = event("charter.sign", "dun", "ava", "watch", instrument="founding", case=None)
    assert rules.decide_event(COMPILED, EMPTY_CHARTER, sign).allowed
    assert rules.decide_event(COMPILED, EMPTY_CHARTER, event("case.ask", "ava", "bel")).code == "not-in-force"


@pytest.mark.parametrize(
    "signers", [("ava",), ("ava", "dun"), ("ava", "cell", "watch"), ("ava", "ava"), ("ava", "eld")]
)
def test_only_full_members_bring_an_instrument_into_force(signers: tuple[str, ...]) -> None:
    """Organs, absent or suspended members and a second signature of one member do not count."""
    assert not rules.in_force(COMPILED, signed(*signers), "cases")
    assert rules.in_force(COMPILED, signed(*signers, "bel"), "cases")


def test_a_signature_under_another_revision_counts_for_nothing() -> None:
    """Who signed yesterday's text has not signed today's."""
    other = Sign(document=CHARTER, revision=b"\1" * 32)
    state = reduce.apply(signed("ava"), event("charter.sign", "bel", body=other))
    annex = Sign(document="annex-1", revision=COMPILED.revision)
    state = reduce.apply(state, event("charter.sign", "bel", body=annex))
    assert not rules.in_force(COMPILED, state, "cases")
    assert not rules.in_force(COMPILED, FORCE, "nowhere")


def test_one_refused_recipient_refuses_the_whole_and_is_named() -> None:
    """A message is one act: it must not be delivered in part."""
    decision = rules.decide_event(COMPILED, FORCE, event("case.ask", "ava", "bel", "dun", "cor", "zoe"))
    assert (decision.allowed, decision.code) == (False, "standing")
    assert "dun, zoe" in decision.reasons[0].text and "bel" not in decision.reasons[0].text


def test_a_note_to_oneself_is_judged_with_the_sender_as_recipient() -> None:
    """No recipients is not a way around the clauses."""
    note = event("node.peer", "ava", instrument="founding", case=None)
    assert rules.decide_event(COMPILED, EMPTY_CHARTER, note).allowed
    assert rules.decide_event(COMPILED, EMPTY_CHARTER, replace(note, sender="cell")).code == "no-clause"
    assert rules.decide_event(COMPILED, FORCE, event("case.ask", "watch")).code == "forbidden"


MEMBERS = ["ava", "bel", "cor", "dun", "eld", "cell", "watch", "zoe"]


@given(
    kind=st.sampled_from(sorted(KINDS)),
    sender=st.sampled_from(MEMBERS),
    recipients=st.lists(st.sampled_from(MEMBERS), max_size=5, unique=True),
    name=st.sampled_from(["founding", "cases", "real", "nowhere"]),
    case=st.sampled_from([None, "C-1"]),
    exercise=st.booleans(),
    state=st.sampled_from([EMPTY_CHARTER, FORCE, signed("ava", "cell")]),
)
def test_the_answer_for_many_is_the_answer_for_each(
    kind: str,
    sender: str,
    recipients: list[str],
    name: str,
    case: str | None,
    exercise: bool,
    state: CharterState,
) -> None:
    """Recipients that the rules see alike share one look-up; that must never change the answer."""
    told = event(kind, sender, *recipients, instrument=name, case=case, exercise=exercise)
    whole = rules.decide_event(COMPILED, state, told)
    each = [
        rules.decide(COMPILED, state, Request(kind, sender, recipient, name, case, exercise))
        for recipient in recipients or [sender]
    ]
    assert whole.allowed == all(decision.allowed for decision in each)
    if whole.allowed:
        permits = {
            f"{i['id']}:{c['id']}"
            for i in PLAIN["instruments"]
            for c in i["clauses"]
            if c["effect"] == "permit"
        }
        assert whole.reasons and {reason.ref for reason in whole.reasons} <= permits
        assert whole.obligations == frozenset().union(*(decision.obligations for decision in each))


@given(
    kind=st.sampled_from(sorted(KINDS)), sender=st.sampled_from(MEMBERS), recipient=st.sampled_from(MEMBERS)
)
def test_a_charter_without_clauses_permits_nothing(kind: str, sender: str, recipient: str) -> None:
    """No clause, no power: the default is refusal, whoever asks."""
    bare = PLAIN | {"instruments": [instrument("cases")]}
    compiled = rules.compile_document(document_from_plain(bare))
    assert not rules.decide(compiled, FORCE, Request(kind, sender, recipient, "cases", "C-1", True)).allowed


@given(st.permutations(["ava", "bel", "cor", "dun"]))
def test_signatures_fold_alike_in_any_order(order: list[str]) -> None:
    """Members sign when they can; every node ends with the same bytes."""
    assert encode(reduce.snapshot(signed(*order))) == encode(
        reduce.snapshot(signed("ava", "bel", "cor", "dun"))
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"title": 7}, "title"),
        ({"surprise": True}, "surprise"),
        ({"members": []}, "members"),
        ({"members": [party("ava"), party("ava")]}, "ava"),
        ({"members": [party("ava", standing="royal")]}, "standing"),
        ({"instruments": [instrument("a", entry_into_force=0)]}, "entry_into_force"),
        ({"instruments": [instrument("a", clause("1", ["case.everything"]))]}, "a:1.kinds"),
        ({"instruments": [instrument("a", clause("1", ["nothing.*"]))]}, "a:1.kinds"),
        ({"instruments": [instrument("a", clause("1", ["case.ask"], need_case=True))]}, "need_case"),
        ({"instruments": [instrument("a", clause("1", ["case.ask"]), clause("1", ["case.ask"]))]}, "clauses"),
        ({"rules": [{"id": "r", "title": "r", "rule": "acclamation"}]}, "rule"),
    ],
)
def test_a_charter_that_does_not_fit_is_refused_by_field(change: dict[str, Any], named: str) -> None:
    """A misspelt safeguard must stop the founding of a network, not vanish from it."""
    with pytest.raises(PeerError, match=named) as refusal:
        document_from_plain(PLAIN | change)
    assert refusal.value.code == "bad-charter"


def test_one_changed_word_is_another_revision() -> None:
    """Members sign every word; the digest follows all of them and nothing else."""
    document = document_from_plain(PLAIN)
    assert revision(document) == revision(document_from_plain(dict(reversed(PLAIN.items()))))
    assert revision(document) != revision(document_from_plain(PLAIN | {"title": "A charter of nowhere else"}))


def test_the_view_counts_what_is_still_missing() -> None:
    """A person sees who signed and how many are needed."""
    view = views.instruments(COMPILED, signed("ava", "cell"))[1]
    assert (view.instrument, view.in_force, view.signed_by, view.needed) == ("cases", False, ["ava"], 2)


def decision_class(rule: str, **params: int) -> DecisionClass:
    return DecisionClass(id="x", title="x", rule=rule, params=params)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "price"),
    [
        (decision_class("minus-concerned"), 1.597),
        (decision_class("quota", yes=6), 1.241),
        (decision_class("negative-consensus"), 1.231),
        (decision_class("negative-consensus", continue_yes=6), 1.231),
    ],
)
def test_decision_rules_have_their_known_price(rule: DecisionClass, price: float) -> None:
    """Eight others, each blocking one time in ten; ideal b .7, a .05, r .1: the price of each rule."""
    b = 0.7 * rules.p_decide(rule, 8, 0.1)
    assert (0.1 + b) / (b - 0.05) == pytest.approx(price, abs=5e-4)


def test_a_rule_that_the_accused_can_block_decides_nothing() -> None:
    """Consensus with the accused never decides, so its price is infinite; an emergency notice has no vote."""
    assert rules.p_decide(decision_class("consensus"), 8, 0.0) == 0.0
    assert rules.p_decide(decision_class("owner-alone"), 8, 0.0) == 0.0
    assert rules.p_decide(decision_class("any-member"), 8, 1.0) == 1.0


@given(n=st.integers(1, 12), yes=st.integers(1, 12), p=st.floats(0, 1), q=st.floats(0, 1))
def test_rules_are_monotone_in_blocking(n: int, yes: int, p: float, q: float) -> None:
    """More blocking never makes a decision likelier, under any rule."""
    low, high = sorted((p, q))
    names = ("minus-concerned", "quota", "negative-consensus")
    for rule in (decision_class(name, yes=yes) for name in names):
        assert rules.p_decide(rule, n, low) >= rules.p_decide(rule, n, high) - 1e-12


def test_a_quota_without_its_votes_is_a_mistake() -> None:
    """A rule that names no threshold must not be taken for one that always decides."""
    with pytest.raises(ValueError, match="yes"):
        rules.p_decide(decision_class("quota"), 8, 0.1)
    with pytest.raises(ValueError, match="n >= 1"):
        rules.p_decide(decision_class("minus-concerned"), 0, 0.1)
