"""The charter decides: default deny, bans win, one refused recipient refuses all, each answer has reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamsaya.base.decision import Decision
from hamsaya.base.errors import PeerError, PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.canon import encode
from hamsaya.charter import reduce, rules, views
from hamsaya.charter.check import check
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.said import EMPTY_CHARTER, CharterState
from hamsaya.charter.situation import Situation, situation_at
from hamsaya.charter.types import CHARTER, Request, document_bytes, document_from_bytes, document_from_plain, revision
from hamsaya.messages import charter as said
from hamsaya.messages.catalog import KINDS
from hamsaya.messages.charter import Sign
from hamsaya.messages.event import Event
from hamsaya.messages.kinds import Body
from tests.charter.making import START, clause, draft_event, founding, instrument, party

PLAIN: dict[str, Any] = {
    "title": "A charter of the clauses",
    "draft": True,
    "members": [
        party("ava"),
        party("bel"),
        party("cor"),
        party("dun", standing="absent"),
        party("eld", standing="suspended"),
        party("fen", standing="partial"),
        party("cell", "joint-cell"),
        party("watch", "oversight"),
    ],
    "instruments": [
        instrument(
            "founding",
            clause("F.1", ["charter.sign", "charter.cut"], senders=["any"], recipients=["any"], before_entry=True,
                   standing=["full", "absent", "suspended"]),
            clause("F.2", ["node.peer"], recipients=[], before_entry=True),
        ),
        instrument(
            "cases",
            clause("C.1", ["case.*"], needs_case=True, obligations=["logged"], standing=["full", "partial"]),
            clause("C.2", ["case.answer"], needs_case=True, obligations=["two-persons"], consent_of="data-owner",
                   modality="power"),
            clause("C.3", ["case.revoke"], needs_case=True, standing=["full", "suspended"], modality="duty",
                   wind_down=True),
            clause("C.4", ["case.*"], modality="ban", senders=["oversight"], recipients=["oversight"]),
            clause("C.5", ["case.close"], modality="ban", senders=["member"], recipients=[], standing=["absent"]),
            wind_down_days=30,
        ),
        instrument("joint", clause("J.1", ["linkage.step"], consent_of="territory"), sunset_days=400),
        instrument("real", clause("R.1", ["case.ask"]), exercise=False),
        instrument("draft.union", clause("D.1", ["case.*"])),
    ],
    "depositaries": ["cell"],
}
COMPILED = compile_document(document_from_plain(PLAIN))
LATER = START + DAY


def event(kind: str, sender: str, *recipients: str, body: Body | None = None, **fields: Any) -> Event:
    body = body or Sign(document=CHARTER, revision=COMPILED.revision)
    told = draft_event(kind, sender, recipients, body, START, instrument="cases", case="C-1")
    return replace(told, **fields)


def state_of(*members: str, instruments: list[str] | None = None, state: CharterState = EMPTY_CHARTER) -> CharterState:
    """Return a state in which ``members`` have signed at the start, everything or some instruments."""
    body = Sign(document=CHARTER, revision=COMPILED.revision, instruments=instruments or [])
    for member in members:
        state = reduce.apply(state, event("charter.sign", member, body=body))
    return state


def at(state: CharterState, instant: int = LATER, compiled: Compiled = COMPILED) -> Situation:
    return situation_at(compiled, [compiled.revision], state, instant)


ALL = ("ava", "bel", "cor", "dun", "eld", "fen")
FORCE = at(state_of(*ALL))
SOME = at(state_of("ava", "bel"))
NOBODY = at(EMPTY_CHARTER)


def ask(situation: Situation = FORCE, **fields: Any) -> Decision:
    request = Request("case.ask", "ava", "bel", "cases", "C-1", True, LATER)
    return rules.decide(situation, replace(request, **fields))


def test_a_permitted_message_carries_its_clause_and_text() -> None:
    """A permission that cannot name its clause would be a power nobody gave."""
    decision = ask()
    assert (decision.allowed, decision.reasons[0].ref, decision.reasons[0].text) == (True, "cases:C.1", "Clause C.1.")


REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("unknown-member", {"sender": "zoe"}),
    ("unknown-member", {"recipient": "zoe"}),
    ("not-in-force", {"instrument": "nowhere"}),
    ("draft", {"instrument": "draft.union"}),
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
    ("not-in-force", {"situation": NOBODY}),
    ("not-bound", {"situation": SOME, "recipient": "cor"}),
    ("not-bound", {"situation": SOME, "sender": "cor"}),
    ("expired", {"situation": at(state_of(*ALL), START + 400 * DAY), "instrument": "joint", "kind": "linkage.step"}),
    ("case-required", {"case": None}),
    ("consent-missing", {"instrument": "joint", "kind": "linkage.step"}),
    ("consent-missing", {"instrument": "joint", "kind": "linkage.step", "consents": frozenset(("data-owner",))}),
]


@pytest.mark.parametrize(("code", "fields"), REFUSALS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(REFUSALS)])
def test_each_forbidden_act_is_refused_with_its_code(code: str, fields: dict[str, Any]) -> None:
    """Each refusal tells a machine which rule held, and a person which clause."""
    decision = ask(**fields)
    assert (decision.allowed, decision.code) == (False, code)
    assert all(reason.ref and reason.text for reason in decision.reasons)


def test_a_draft_gives_no_power_even_if_everybody_has_signed() -> None:
    """A text under negotiation is shown, never enforced."""
    assert ask(instrument="draft.union").code == "draft"
    assert "draft.union" not in FORCE.entered


def test_a_suspended_member_keeps_the_clauses_that_say_so() -> None:
    """Suspension takes powers, not duties: the revoke clause admits it, the ask clause does not."""
    decision = ask(kind="case.revoke", sender="eld")
    assert decision.allowed and [reason.ref for reason in decision.reasons] == ["cases:C.3"]


def test_a_ban_that_lists_standings_leaves_the_others_alone() -> None:
    """C.5 stops absent senders only; a full member closes its case."""
    assert ask(kind="case.close").allowed


def test_obligations_of_every_matching_clause_add_up() -> None:
    """Two clauses give the power to answer; a sender owes what both of them ask."""
    decision = ask(kind="case.answer", consents=frozenset(("data-owner",)))
    assert decision.obligations == {"logged", "two-persons"}


def test_a_consent_of_another_sort_permits_nothing() -> None:
    """What touches the soil needs the territory's consent; nobody's own data makes up for it."""
    fields = {"instrument": "joint", "kind": "linkage.step"}
    assert ask(**fields, consents=frozenset(("territory",))).allowed
    assert not ask(**fields, consents=frozenset(("data-owner", "nationals-state"))).allowed


# -- standings, links, winding down -----------------------------------------------------------------------------------


def test_a_partial_standing_holds_for_its_clauses_alone() -> None:
    """Who takes part for one clause has not agreed to the next, in either direction."""
    given_c1 = replace(FORCE, standings={**FORCE.standings, ("fen", "cases"): FORCE.held("fen")._replace(
        clauses=frozenset(("C.2",)))})
    assert ask(sender="fen").allowed
    for ends in ({"sender": "fen"}, {"recipient": "fen"}):
        assert ask(given_c1, **ends).code == "standing"


def test_a_standing_under_one_instrument_leaves_the_others() -> None:
    """Observing one instrument does not touch the rest."""
    watching = replace(FORCE, standings={**FORCE.standings, ("ava", "cases"): FORCE.held("eld")})
    assert ask(watching).code == "standing"
    assert ask(watching, instrument="joint", kind="linkage.step", consents=frozenset(("territory",))).allowed


def test_a_cut_link_stops_everything_but_cutting_and_joining_between_the_two() -> None:
    """Nobody needs to talk to a party it distrusts, and no third party's link is touched."""
    cut = replace(FORCE, cuts={frozenset(("ava", "bel")): "ava"})
    assert ask(cut).code == ask(cut, sender="bel", recipient="ava").code == "link-cut"
    assert ask(cut, recipient="cor").allowed and ask(cut, sender="cor").allowed
    assert ask(cut, kind="charter.cut", instrument="founding", case=None).allowed


def test_while_it_winds_down_only_the_marked_clauses_go_on() -> None:
    """Who has left still answers for what it holds, and gets nothing new."""
    left = {("ava", "cases"): FORCE.held("ava")._replace(standing="left")}
    gone = replace(FORCE, standings={**FORCE.standings, **left})
    winding = replace(gone, winding=frozenset((("ava", "cases"),)))
    assert ask(winding, kind="case.revoke").allowed
    assert ask(winding).code == "standing"
    assert ask(gone, kind="case.revoke").code == "standing"
    assert ask(winding, kind="case.revoke", recipient="fen").code == "standing"  # One winding end frees no other.


# -- entry into force -------------------------------------------------------------------------------------------------


def test_before_entry_only_the_clauses_that_say_so_permit() -> None:
    """Signing must work before anything is in force, and nothing else may."""
    sign = event("charter.sign", "dun", "ava", "watch", instrument="founding", case=None)
    assert rules.decide_event(NOBODY, sign).allowed
    assert rules.decide_event(NOBODY, event("case.ask", "ava", "bel")).code == "not-in-force"


@pytest.mark.parametrize(
    "signers", [("ava",), ("ava", "dun"), ("ava", "cell", "watch"), ("ava", "ava"), ("ava", "eld")]
)
def test_only_full_members_bring_an_instrument_into_force(signers: tuple[str, ...]) -> None:
    """Organs, absent or suspended members and a second signature of one member do not count."""
    assert "cases" not in at(state_of(*signers)).entered
    assert "cases" in at(state_of(*signers, "bel")).entered


def test_a_signature_under_another_revision_counts_for_nothing() -> None:
    """Who signed yesterday's text has not signed today's."""
    other = Sign(document=CHARTER, revision=b"\1" * 32)
    state = reduce.apply(state_of("ava"), event("charter.sign", "bel", body=other))
    annex = Sign(document="annex-1", revision=COMPILED.revision)
    state = reduce.apply(state, event("charter.sign", "bel", body=annex))
    assert at(state).entered == frozenset() and ("bel", "cases") not in at(state).bound


def test_a_signature_of_some_instruments_binds_to_those_alone() -> None:
    """Variable geometry: an instrument may bind any subset of members."""
    some = at(state_of("fen", instruments=["founding"], state=state_of("ava", "bel")))
    assert ask(some).allowed
    assert ask(some, sender="fen").code == "not-bound"


# -- several recipients -----------------------------------------------------------------------------------------------


def test_one_refused_recipient_refuses_the_whole_and_is_named() -> None:
    """A message is one act: it must not be delivered in part."""
    decision = rules.decide_event(FORCE, event("case.ask", "ava", "bel", "dun", "cor", "zoe"))
    assert (decision.allowed, decision.code) == (False, "standing")
    assert "dun, zoe" in decision.reasons[0].text and "bel" not in decision.reasons[0].text


def test_a_note_to_oneself_is_judged_with_the_sender_as_recipient() -> None:
    """No recipients is not a way around the clauses."""
    note = event("node.peer", "ava", instrument="founding", case=None)
    assert rules.decide_event(NOBODY, note).allowed
    assert rules.decide_event(NOBODY, replace(note, sender="cell")).code == "no-clause"
    assert rules.decide_event(FORCE, event("case.ask", "watch")).code == "forbidden"


NAMES = [*ALL, "cell", "watch", "zoe"]
REFS = {f"{i['id']}:{c['id']}": c for i in PLAIN["instruments"] for c in i["clauses"]}
CONSENTS = st.sets(st.sampled_from(["data-owner", "territory", "nationals-state"])).map(frozenset)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    sender=st.sampled_from(NAMES),
    recipients=st.lists(st.sampled_from(NAMES), max_size=5, unique=True),
    name=st.sampled_from(["founding", "cases", "joint", "real", "draft.union", "nowhere"]),
    case=st.sampled_from([None, "C-1"]),
    exercise=st.booleans(),
    situation=st.sampled_from([NOBODY, SOME, FORCE, at(state_of("ava", "cell"))]),
    consents=CONSENTS,
)
def test_the_answer_for_many_is_the_answer_for_each(
    kind: str, sender: str, recipients: list[str], name: str, case: str | None, exercise: bool, situation: Situation,
    consents: frozenset[str],
) -> None:
    """Many recipients are many questions; a permit names clauses that permit, and every consent they ask is there."""
    told = event(kind, sender, *recipients, instrument=name, case=case, exercise=exercise)
    whole = rules.decide_event(situation, told, consents)
    each = [
        rules.decide(situation, Request(kind, sender, recipient, name, case, exercise, START, consents))
        for recipient in recipients or [sender]
    ]
    assert whole.allowed == all(decision.allowed for decision in each)
    assert all(reason.ref and reason.text for decision in (whole, *each) for reason in decision.reasons)
    if whole.allowed:
        used = [REFS[reason.ref] for reason in whole.reasons]
        assert all(one["modality"] != "ban" and one.get("consent_of", "none") in {"none", *consents} for one in used)
        assert whole.obligations == frozenset().union(*(decision.obligations for decision in each))


@given(kind=st.sampled_from(sorted(KINDS)), sender=st.sampled_from(NAMES), recipient=st.sampled_from(NAMES))
def test_a_charter_without_clauses_permits_nothing(kind: str, sender: str, recipient: str) -> None:
    """No clause, no power: the default is refusal, whoever asks."""
    bare = compile_document(document_from_plain(PLAIN | {"instruments": [instrument("cases")]}))
    everything = frozenset(("data-owner", "territory", "nationals-state"))
    request = Request(kind, sender, recipient, "cases", "C-1", True, START, everything)
    signed = reduce.apply(EMPTY_CHARTER, event("charter.sign", "ava", body=Sign(document=CHARTER, revision=b"\0" * 32)))
    assert not rules.decide(situation_at(bare, [bare.revision, b"\0" * 32], signed, START), request).allowed


def test_who_may_be_told_is_not_whether_it_may_be_said_now() -> None:
    """A list of recipients is drawn up by role, standing and link; entry and consents are asked of the message."""
    cut = replace(NOBODY, cuts={frozenset(("ava", "bel")): "bel"})
    assert rules.reaches(NOBODY, "linkage.step", "joint", "ava", "bel")
    assert not rules.reaches(cut, "linkage.step", "joint", "ava", "bel")
    assert rules.reaches(cut, "charter.cut", "founding", "ava", "bel")
    assert not rules.reaches(NOBODY, "linkage.step", "joint", "ava", "eld")
    assert not rules.reaches(NOBODY, "linkage.step", "joint", "ava", "cell")
    assert not rules.reaches(NOBODY, "case.ask", "cases", "ava", "watch")


def test_the_instrument_of_a_kind_is_the_first_that_permits_it_and_no_draft() -> None:
    """Nobody has to name an instrument, and none is found for what no clause permits."""
    assert rules.instrument_for(COMPILED, "case.ask") == "cases"
    with pytest.raises(PolicyRefusal) as refusal:
        rules.instrument_for(COMPILED, "monitor.report")
    assert refusal.value.code == "no-clause"


# -- the document -----------------------------------------------------------------------------------------------------


@given(st.permutations(["ava", "bel", "cor", "dun"]))
def test_signatures_fold_alike_in_any_order(order: list[str]) -> None:
    """Members sign when they can; every node ends with the same bytes."""
    assert encode(reduce.snapshot(state_of(*order))) == encode(reduce.snapshot(state_of("ava", "bel", "cor", "dun")))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"title": 7}, "title"),
        ({"surprise": True}, "surprise"),
        ({"members": []}, "members"),
        ({"members": [party("ava"), party("ava")]}, "ava"),
        ({"members": [party("ava", standing="royal")]}, "standing"),
        ({"dated": "1 March"}, "dated"),
        ({"supersedes": "yesterday's"}, "supersedes"),
        ({"epoch_signatures": 0}, "epoch_signatures"),
        ({"instruments": [instrument("a", entry_into_force=0)]}, "entry_into_force"),
        ({"instruments": [instrument("a", notice_days=0)]}, "notice_days"),
        ({"instruments": [instrument("a", clause("1", ["case.everything"]))]}, "a:1.kinds"),
        ({"instruments": [instrument("a", clause("1", ["nothing.*"]))]}, "a:1.kinds"),
        ({"instruments": [instrument("a", clause("1", ["case.ask"], need_case=True))]}, "need_case"),
        ({"instruments": [instrument("a", clause("1", ["case.ask"], modality="permit"))]}, "modality"),
        ({"instruments": [instrument("a", clause("1", ["case.ask"], consent_of="nobody"))]}, "consent_of"),
        ({"instruments": [instrument("a", clause("1", ["case.ask"]), clause("1", ["case.ask"]))]}, "clauses"),
        ({"rules": [{"id": "r", "title": "r", "rule": "acclamation"}]}, "rule"),
        ({"rules": [{"id": "r", "title": "r", "rule": {"rule": "consensus"}, "confers": ["king"]}]}, "confers"),
    ],
)
def test_a_charter_that_does_not_fit_is_refused_by_field(change: dict[str, Any], named: str) -> None:
    """A misspelt safeguard must stop the founding of a network, not vanish from it."""
    with pytest.raises(PeerError, match=named) as refusal:
        document_from_plain(PLAIN | change)
    assert refusal.value.code == "bad-charter"


def test_a_rule_that_cannot_be_read_refuses_the_charter() -> None:
    """A class of decisions without a readable rule would be decided by nobody knows what."""
    with pytest.raises(PeerError) as refusal:
        document_from_plain(PLAIN | {"rules": [{"id": "r", "title": "r", "rule": {"rule": "acclamation"}}]})
    assert refusal.value.code == "bad-rule"


def test_one_changed_word_is_another_revision() -> None:
    """Members sign every word; the digest follows all of them and nothing else."""
    document = document_from_plain(PLAIN)
    assert revision(document) == revision(document_from_plain(dict(reversed(PLAIN.items()))))
    assert revision(document) != revision(document_from_plain(PLAIN | {"title": "A charter of nowhere else"}))


def test_a_charter_survives_the_form_in_which_an_amendment_carries_it() -> None:
    """What takes effect is what was voted on, to the last word."""
    document = founding().document
    assert document_from_bytes(document_bytes(document)) == document
    with pytest.raises(PeerError):
        document_from_bytes(encode(["a list"]))


def test_the_charter_of_these_tests_is_one_that_could_be_signed() -> None:
    """Tests on an unsound charter would prove little about sound ones."""
    assert [problem for problem in check(founding().document) if problem.severity == "error"] == []


def test_the_view_counts_what_is_still_missing() -> None:
    """A person sees who signed and how many are needed."""
    view = views.instruments(at(state_of("ava", "cell")))[1]
    assert (view.instrument, view.in_force, view.signed_by, view.needed) == ("cases", False, ["ava"], 2)
    drafts = [each.instrument for each in views.instruments(FORCE) if each.draft]
    assert drafts == ["draft.union"]


# -- reservations: the outcomes of the Vienna Convention, through the charter's own door -------------------------------

RESERVE = said.Reserve(instrument="cases", clause="C.1", text="Not for ours.")
OUTCOMES: list[tuple[str, said.Stance | None, int, bool, bool]] = [
    # what happened, the answer, days after the reservation, the clause still counts, another clause still counts
    ("not reserved", None, 10, True, True),
    ("pending", None, 10, False, False),
    ("silent for twelve months", None, 400, False, True),
    ("accepted", "accepted", 10, False, True),
    ("objected", "objected", 10, False, True),
    ("excluded", "objected-excluding", 10, False, False),
]


def reserved(stance: said.Stance | None, body: said.Reserve = RESERVE) -> CharterState:
    state = reduce.apply(EMPTY_CHARTER, event("charter.reserve", "ava", body=body))
    state = state_of(*ALL, state=state)
    if stance is None:
        return state
    answer = said.React(reserving="ava", instrument="cases", clause=body.clause, stance=stance)
    return reduce.apply(state, event("charter.react", "bel", body=answer, issued_at=START + DAY))


@pytest.fixture
def reservable() -> Compiled:
    """The same charter with C.1 and J.1 open to reservations."""
    document = document_from_plain(PLAIN | {"instruments": [
        instrument("cases", clause("C.1", ["case.ask", "case.close"], reservable=True), clause("C.2", ["case.answer"]),
                   clause("C.3", ["case.revoke"], before_entry=True)),
    ]})
    return compile_document(document)


def between(compiled: Compiled, state: CharterState, kind: str, pair: tuple[str, str], days: int) -> Decision:
    """Ask the question with the lineage's signatures made under the other text of these tests."""
    situation = situation_at(compiled, [COMPILED.revision, compiled.revision], state, START + days * DAY)
    return rules.decide(situation, Request(kind, *pair, "cases", "C-1", True, START + days * DAY))


@pytest.mark.parametrize(("what", "stance", "days", "clause_counts", "rest_counts"), OUTCOMES)
@pytest.mark.parametrize("pair", [("ava", "bel"), ("bel", "ava")])
def test_a_reservation_has_the_effect_of_the_convention_both_ways(
    reservable: Compiled, what: str, stance: said.Stance | None, days: int, clause_counts: bool, rest_counts: bool,
    pair: tuple[str, str],
) -> None:
    """Vienna Convention, articles 20 and 21: the same answer whoever of the two sends."""
    state = state_of(*ALL) if what == "not reserved" else reserved(stance)
    asked = between(reservable, state, "case.ask", pair, days)
    rest = between(reservable, state, "case.answer", pair, days)
    assert (asked.allowed, rest.allowed) == (clause_counts, rest_counts)
    assert asked.allowed or asked.code == "reserved"
    assert between(reservable, state, "case.ask", ("bel", "cor"), days).allowed  # Others among themselves: as written.
    assert between(reservable, state, "case.revoke", pair, days).allowed  # What serves to enter is never taken away.


@pytest.mark.parametrize("pair", [("ava", "bel"), ("bel", "ava")])
def test_a_reservation_of_one_kind_leaves_the_clause_for_the_others(
    reservable: Compiled, pair: tuple[str, str]
) -> None:
    """To the extent reserved, and no further."""
    body = said.Reserve(instrument="cases", clause="C.1", text="No questions.", excludes=["case.ask"])
    for stance in ("accepted", "objected"):
        state = reserved(stance, body)
        assert between(reservable, state, "case.ask", pair, 10).code == "reserved"
        assert between(reservable, state, "case.close", pair, 10).allowed


@pytest.mark.parametrize("pair", [("ava", "bel"), ("bel", "ava")])
def test_a_reservation_to_a_condition_adds_it_in_both_directions(reservable: Compiled, pair: tuple[str, str]) -> None:
    """Accepted, the condition binds both; objected to, the clause falls away between the two."""
    body = said.Reserve(instrument="cases", clause="C.1", text="Two persons.", obligations=["two-persons"])
    accepted = between(reservable, reserved("accepted", body), "case.ask", pair, 10)
    assert accepted.allowed and accepted.obligations == {"two-persons"}
    assert between(reservable, reserved("objected", body), "case.ask", pair, 10).code == "reserved"


def test_a_clause_that_nobody_may_reserve_applies_all_the_same(reservable: Compiled) -> None:
    """A reservation that slipped in has no effect."""
    body = said.Reserve(instrument="cases", clause="C.2", text="Not this.")
    assert between(reservable, reserved("objected-excluding", body), "case.answer", ("ava", "bel"), 10).allowed


def test_a_reservation_taken_back_has_no_effect_any_more(reservable: Compiled) -> None:
    """Article 22: at any time."""
    back = said.Reserve(instrument="cases", clause="C.1", text="After all.", withdrawn=True)
    state = reduce.apply(reserved("objected"), event("charter.reserve", "ava", body=back, issued_at=START + 5 * DAY))
    assert between(reservable, state, "case.ask", ("ava", "bel"), 10).allowed
