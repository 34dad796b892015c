"""The default pack says what its documents say: who may tell whom, who reports where, and no bloc alone decides."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest
from immutables import Map

from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.base.instants import DAY
from hamsaya.charter.check import check
from hamsaya.charter.compiled import Compiled, compile_document
from hamsaya.charter.decidable import own_act, p_decide, share_decidable
from hamsaya.charter.diff import compare
from hamsaya.charter.rules import decide
from hamsaya.charter.said import CharterState, Signed
from hamsaya.charter.situation import Situation, situation_at
from hamsaya.charter.types import CHARTER, Document, Request, document_from_plain, revision
from hamsaya.monitor.types import gid_of

STATES = {
    "AFG": "af", "CHN": "cn", "IRN": "ir", "KAZ": "kz", "KGZ": "kg", "PAK": "pk", "TJK": "tj", "TKM": "tm", "UZB": "uz"
}


OWN = frozenset(("data-owner",))
"""What a party says of its own carries its consent."""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return builtin_pack("afpak")


def compiled(pack: Pack, **standings: str) -> Compiled:
    document = document_from_plain(pack.charter)
    members = tuple(
        msgspec.structs.replace(party, standing=standings.get(party.id, party.standing)) for party in document.members
    )
    return compile_document(msgspec.structs.replace(document, members=members))


def signed(charter: Compiled) -> Situation:
    """Return the situation a day after every party has signed everything."""
    signers = Map({party.id: (Signed(0, ()),) for party in charter.document.members})
    state = CharterState(signatures=CharterState().signatures.set((CHARTER, charter.revision), signers))
    return situation_at(charter, [charter.revision], state, DAY)


def verdict(charter: Compiled, kind: str, sender: str, recipient: str, case: str | None = None) -> str:
    instrument = next(i.id for i in charter.document.instruments if any(kind in c.kinds for c in i.clauses))
    request = Request(kind, sender, recipient, instrument, case, exercise=True, at=DAY, consents=OWN)
    return decide(signed(charter), request).code


def test_parties_and_their_roles(pack: Pack) -> None:
    """Nine members, a joint cell and an oversight body; one fetches its messages itself, one is absent."""
    assert Counter(party.role for party in pack.parties) == {"member": 9, "joint-cell": 1, "oversight": 1}
    assert [party.id for party in pack.parties if not party.inbound] == ["tm"]
    assert [party.id for party in pack.parties if party.standing == "absent"] == ["af"]
    assert pack.party("af").kind == "de-facto-authority"
    assert "without prejudice to recognition" in pack.party("af").authority
    for party in pack.parties:
        assert set(pack.languages) <= set(party.names), party.id


def test_every_instrument_is_for_exercises_only(pack: Pack) -> None:
    """A draft that nobody agreed to must not admit one real message."""
    document = document_from_plain(pack.charter)
    assert document.draft and all(instrument.exercise for instrument in document.instruments)


ADMITTED = [
    ("case.ask", "pk", "ir", "EX-1"),
    ("case.answer", "ir", "pk", "EX-1"),
    ("monitor.report", "tm", "joint-cell", None),
    ("monitor.picture", "joint-cell", "kz", None),
    ("compliance.attest", "joint-cell", "tj", None),
    ("linkage.step", "joint-cell", "tj", None),
    ("charter.sign", "oversight", "af", None),
    ("charter.sign", "af", "pk", None),
    ("node.peer", "af", "af", None),
    ("charter.propose", "pk", "af", None),
    ("charter.record", "joint-cell", "af", None),
    ("charter.cut", "oversight", "pk", None),
    ("charter.competent", "joint-cell", "tm", None),
]
REFUSED = [
    ("case.open", "pk", "joint-cell", "EX-1", "forbidden"),
    ("case.answer", "ir", "oversight", "EX-1", "forbidden"),
    ("case.ask", "joint-cell", "pk", "EX-1", "forbidden"),
    ("case.ask", "pk", "ir", None, "case-required"),
    ("case.ask", "pk", "af", "EX-1", "forbidden"),
    ("monitor.report", "af", "pk", None, "forbidden"),
    ("monitor.report", "pk", "oversight", None, "forbidden"),
    ("monitor.report", "joint-cell", "pk", None, "no-clause"),
    ("compliance.attest", "oversight", "pk", None, "forbidden"),
    ("linkage.tranche", "joint-cell", "pk", None, "no-clause"),
    ("charter.propose", "af", "pk", None, "forbidden"),
    ("charter.propose", "joint-cell", "pk", None, "no-clause"),
    ("charter.vote", "joint-cell", "pk", None, "no-clause"),
    ("charter.record", "oversight", "pk", None, "no-clause"),
]


@pytest.mark.parametrize(("kind", "sender", "recipient", "case"), ADMITTED)
def test_what_the_instruments_are_for_is_admitted(
    pack: Pack, kind: str, sender: str, recipient: str, case: str | None
) -> None:
    """A charter that refused its own purpose would be worked around."""
    assert verdict(compiled(pack), kind, sender, recipient, case) == "permitted"


@pytest.mark.parametrize(("kind", "sender", "recipient", "case", "code"), REFUSED)
def test_what_the_design_refuses_is_refused(
    pack: Pack, kind: str, sender: str, recipient: str, case: str | None, code: str
) -> None:
    """No case content for the organs, nothing to or from the absent, nothing outside a case."""
    assert verdict(compiled(pack), kind, sender, recipient, case) == code


def test_a_suspended_member_keeps_its_reply_and_its_hold_on_its_data(pack: Pack) -> None:
    """Suspension takes powers away, never the right of reply nor the right to call back what one gave."""
    charter = compiled(pack, tj="suspended")
    assert verdict(charter, "compliance.reply", "tj", "joint-cell") == "permitted"
    assert verdict(charter, "compliance.finding", "joint-cell", "tj") == "permitted"
    assert verdict(charter, "case.revoke", "tj", "pk", "EX-1") == "permitted"
    assert verdict(charter, "case.ask", "tj", "pk", "EX-1") == "forbidden"
    assert verdict(charter, "compliance.attest", "tj", "pk") == "forbidden"
    assert verdict(charter, "monitor.report", "tj", "pk") == "forbidden"
    assert verdict(charter, "keys.publish", "tj", "pk") == "permitted"
    assert verdict(charter, "charter.vote", "tj", "pk") == "permitted", "carried, though its class does not count it"


SUPERVISED = {
    "monitor.report": "permitted", "monitor.picture": "permitted", "compliance.reply": "permitted",
    "compliance.evidence": "permitted", "case.purge": "permitted", "case.revoke": "permitted",
    "charter.sign": "permitted", "charter.cut": "permitted", "keys.publish": "permitted",
    "case.open": "standing", "case.ask": "standing", "case.answer": "standing", "compliance.commit": "standing",
    "linkage.tranche": "standing", "compliance.attest": "forbidden", "charter.propose": "forbidden",
}


@pytest.mark.parametrize(("kind", "code"), SUPERVISED.items())
def test_a_member_under_supervision_reports_replies_and_purges_and_starts_nothing(
    pack: Pack, kind: str, code: str
) -> None:
    """Supervision keeps every duty and takes what could harm another: new cases, verdicts, questions."""
    assert verdict(compiled(pack, tj="supervised"), kind, "tj", "pk", "EX-1") == code


def test_instruments_enter_into_force_with_the_members_that_are_present(pack: Pack) -> None:
    """The exercise runs without the absent member: eight signatures must suffice."""
    charter = compiled(pack)
    assert all(instrument.entry_into_force <= len(charter.ratifiers) for instrument in charter.document.instruments)


CLASSES = [
    "share-case-item", "open-joint-case", "joint-visit", "adopt-finding", "appeal-finding", "suspend-tranche",
    "reinstate-tranche", "budget", "admit-party", "suspend-party", "expel-party", "amend-charter", "emergency-notice",
]


def test_the_ladder_of_decisions(pack: Pack) -> None:
    """Sharing and joint acts are each member's own choice; findings and benefits are decided against its will."""
    document = document_from_plain(pack.charter)
    assert [rule.id for rule in document.rules] == CLASSES
    chance = {rule.id: p_decide(rule.parsed(), 8, 0.1) for rule in document.rules}
    own = {rule.id for rule in document.rules if rule.touches_soil_or_data}
    assert own == {"share-case-item", "open-joint-case", "joint-visit"}
    assert all(chance[name] == 0.0 for name in (*own, "admit-party", "amend-charter"))
    assert chance["suspend-tranche"] > 0.99, "where the accused or one friend can block, no incentive is large enough"
    assert chance["adopt-finding"] == pytest.approx(0.9**8)


def test_most_decisions_can_be_taken_whoever_two_members_are_absent(pack: Pack) -> None:
    """R_2 of at least nine tenths, while the member attends whose own act it is: staying away stops little."""
    document = document_from_plain(pack.charter)
    members = [party.id for party in document.members if party.role == "member"]
    rules = [own_act(rule.parsed(), members) for rule in document.rules]
    assert share_decidable(rules, members, 2, members[:1]) == Fraction(12, 13)


def test_only_named_votes_change_a_standing(pack: Pack) -> None:
    """Silence takes no member's standing and gives nobody one; expulsion takes more than suspension."""
    document = document_from_plain(pack.charter)
    rules = {rule.id: rule for rule in document.rules}
    confers = {name: set(rule.confers) for name, rule in rules.items() if rule.confers != ("resolve",)}
    assert confers == {
        "admit-party": {"full", "partial", "observer", "absent", "supervised"},
        "suspend-party": {"suspended", "supervised", "absent", "full", "partial"},
        "expel-party": {"left"}, "amend-charter": {"amend"},
    }
    assert document.epoch_signatures == 5 and document.depositaries[0] == "joint-cell"
    assert (rules["suspend-party"].timelock_hours, rules["amend-charter"].timelock_hours) == (24, 240)


def versions(pack: Pack) -> list[Document]:
    return [document_from_plain(builtin_pack(pack.id, version).charter) for version in pack.versions]


def test_no_version_has_an_error(pack: Pack) -> None:
    """What ships as a sample must be fit to be law; what warnings remain are known here by name."""
    documents = versions(pack)
    for document in documents:
        problems = check(document, earlier={revision(each): each for each in documents})
        assert {(problem.severity, problem.ref, problem.code) for problem in problems} <= {
            ("warning", "rules:open-joint-case", "absent"), ("warning", "rules:open-joint-case", "left-out"),
            ("warning", "founding:FD.17", "unusable"),  # This pack has one party that oversees; two would compare.
        }


def test_the_second_version_changes_what_its_head_says(pack: Pack) -> None:
    """Two articles, two rules and one notice: a change that nobody announced would be found here."""
    assert pack.versions == ("2026-09-01", "2026-12-01")
    changes = compare(*versions(pack))
    assert [(one.verb, one.ref) for one in changes.articles] == [
        ("changed", "case-exchange:CX.4"), ("added", "case-exchange:CX.9")
    ]
    assert {one.ref for one in changes.rules if one.verb == "changed"} == {"adopt-finding", "suspend-party"}
    assert len(changes.rules) == 2
    assert [one.ref for one in changes.instruments] == ["linkage"] and not changes.members


def test_the_mandate_of_the_standing_organ_is_stated_with_sources_and_gives_no_power(pack: Pack) -> None:
    """What an organ may do by its own treaties is no law here; what extends it says so, in the article that does."""
    document = document_from_plain(pack.charter)
    mandate = next(one for one in document.instruments if one.id == "draft.rats-mandate")
    assert mandate.draft and all(clause.sources for clause in mandate.clauses)
    said = {clause.id for one in document.instruments if not one.draft for clause in one.clauses if clause.sources}
    assert said == {"FD.7", "FD.11", "MN.1", "MN.2", "VR.2", "VR.3", "VR.5", "VR.6", "VR.10", "LK.2"}
    stated = " ".join(clause.text for clause in mandate.clauses)
    assert all(name in stated for name in said)


def test_the_exercise_panel_is_apart_from_owner_and_payers(pack: Pack) -> None:
    """Who gains from a finding must not hold a seat on its panel."""
    commitment, tranche = pack.exercise.commitment, pack.exercise.tranche
    seats = {seat.member: seat.bloc for seat in commitment.body.panel}
    assert (commitment.body.k, len(seats)) == (3, 5)
    assert not seats.keys() & {commitment.owner, tranche.body.receiver, *tranche.body.payers}
    assert tranche.body.receiver == commitment.owner
    assert all(bloc == pack.party(member).bloc for member, bloc in seats.items())
    assert sum(verdict == "breach" for verdict in commitment.verdicts.values()) >= commitment.body.k


def test_the_exercise_shows_each_way_a_question_ends(pack: Pack) -> None:
    """One answer, one coded refusal, one clock that runs out, and the answer called back."""
    case = pack.exercise.case
    assert [ask.outcome for ask in case.asks] == ["answer", "decline", "overdue"]
    assert case.asks[0].answer is not None and case.revoke.item == case.asks[0].answer.item
    assert "EXERCISE" in case.title and "EXERCISE" in pack.exercise.title


PLACES = {
    "a cell on the line between two members has both": ((71.05, 34.1), {"af", "pk"}),
    "the source's polygon XJK goes to the claimant that is a party": ((74.3, 35.9), {"pk"}),
    "XAC": ((79.3, 35.2), {"cn"}),
    "four members meet": ((74.75, 37.25), {"af", "cn", "pk", "tj"}),
    "far inside": ((66.9, 48.0), {"kz"}),
}


@pytest.mark.parametrize(("place", "reporters"), PLACES.values(), ids=PLACES)
def test_reporters_of_a_cell(pack: Pack, place: tuple[float, float], reporters: set[str]) -> None:
    """Border cells have every member that they touch; disputed polygons nobody forgets (docs/region-packs.md)."""
    assert pack.areas[gid_of(*place)] == reporters


def test_no_cell_of_the_annex_is_left_to_nobody(pack: Pack) -> None:
    """A first draft by polygon left 84 disputed cells to nobody; that hole must not come back."""
    assert all(pack.areas.values())
    assert len(pack.areas) == 4904


def test_annex_agrees_with_an_independent_table_of_countries(pack: Pack, shared_data: Path) -> None:
    """Another map maker's countries, cell by cell: nearly all cells must have the very same members."""
    table = shared_data / "priogrid-cells-region.csv.gz"
    if not table.is_file():
        pytest.skip("priogrid-cells-region.csv.gz absent")
    same = cells = disjoint = 0
    with gzip.open(table, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            theirs = {STATES[code] for code in line["adm0_all"].split("|") if code in STATES}
            ours = pack.areas.get(int(line["gid"]), frozenset())
            cells, same = cells + 1, same + (theirs == ours)
            disjoint += bool(theirs and ours and not theirs & ours)
    assert cells == 8436
    assert same / cells > 0.98
    assert disjoint == 0
