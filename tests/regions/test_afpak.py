"""The default pack says what its documents say: who may tell whom, who reports where, and no bloc alone decides."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hamsaya.adapters.regionpack import Pack, builtin_pack
from hamsaya.charter.rules import Compiled, compile_document, decide, p_decide
from hamsaya.charter.types import CHARTER, CharterState, Request, document_from_plain
from hamsaya.messages.catalog import KINDS
from hamsaya.monitor.types import gid_of

STATES = {
    "AFG": "af", "CHN": "cn", "IRN": "ir", "KAZ": "kz", "KGZ": "kg", "PAK": "pk", "TJK": "tj", "TKM": "tm", "UZB": "uz"
}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return builtin_pack("afpak")


def compiled(pack: Pack, **standings: str) -> Compiled:
    document = document_from_plain(pack.charter)
    members = tuple(
        msgspec.structs.replace(party, standing=standings.get(party.id, party.standing)) for party in document.members
    )
    return compile_document(msgspec.structs.replace(document, members=members))


def signed(charter: Compiled) -> CharterState:
    signers = frozenset(party.id for party in charter.document.members)
    return CharterState(CharterState().signatures.set((CHARTER, charter.revision), signers))


def verdict(charter: Compiled, kind: str, sender: str, recipient: str, case: str | None = None) -> str:
    instrument = next(i.id for i in charter.document.instruments if any(kind in c.kinds for c in i.clauses))
    request = Request(kind, sender, recipient, instrument, case, exercise=True)
    return decide(charter, signed(charter), request).code


def test_parties_and_their_roles(pack: Pack) -> None:
    """Nine members, a joint cell and an oversight body; one fetches its messages itself, one is absent."""
    assert Counter(party.role for party in pack.parties) == {"member": 9, "joint-cell": 1, "oversight": 1}
    assert [party.id for party in pack.parties if not party.inbound] == ["tm"]
    assert [party.id for party in pack.parties if party.standing == "absent"] == ["af"]
    assert pack.party("af").kind == "de-facto-authority"
    assert "without prejudice to recognition" in pack.party("af").authority
    for party in pack.parties:
        assert set(pack.languages) <= set(party.names), party.id


def test_every_message_kind_has_its_place_in_the_charter(pack: Pack) -> None:
    """A kind that no clause permits can never be sent; one that two instruments permit has two laws."""
    permitted = [
        kind for instrument in document_from_plain(pack.charter).instruments
        for kind in {kind for clause in instrument.clauses if clause.effect == "permit" for kind in clause.kinds}
    ]
    assert Counter(permitted) == Counter(KINDS.keys())


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


def test_instruments_enter_into_force_with_the_members_that_are_present(pack: Pack) -> None:
    """The exercise runs without the absent member: eight signatures must suffice."""
    charter = compiled(pack)
    assert all(instrument.entry_into_force <= len(charter.ratifiers) for instrument in charter.document.instruments)


def test_suspension_cannot_be_blocked_by_one_member(pack: Pack) -> None:
    """The rule is a price: where the accused or one friend can block, no incentive is large enough."""
    rules = {rule.id: rule for rule in compiled(pack).document.rules}
    assert len(rules) == 10
    assert p_decide(rules["suspend-tranche"], 8, 0.1) > 0.99
    assert p_decide(rules["open-joint-case"], 8, 0.1) == 0.0
    assert all(rules[name].touches_soil_or_data for name in ("share-case-item", "open-joint-case", "joint-visit"))


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
