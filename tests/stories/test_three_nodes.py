"""One case between three neighbours, from the first question to the attested purge; and one without any network."""

from __future__ import annotations

import pytest
from msgspec import structs

from hamsaya.adapters.memory import MemoryStore
from hamsaya.base.errors import PolicyRefusal
from hamsaya.base.instants import DAY, HOUR, MINUTE
from hamsaya.cases import views as case_views
from hamsaya.messages.cases import Acknowledge, Ask, Close, Decline, Open, Overdue, Purge, Revoke
from hamsaya.messages.kinds import Body
from hamsaya.node.exchange import Carried, parse_bundle
from hamsaya.node.logview import audit, prove
from hamsaya.node.send import Draft, Sent
from hamsaya.node.settle import Verdict, verify_receipt
from hamsaya.node.views import overdue_requests
from tests.node.making import CASE, answer, held, reopened, state_bytes
from tests.node.wires import Wires, with_service
from tests.support.federation import Federation, make_federation

SECRET = "a white pickup, three crossings in May"


class Table:
    """Three desks at one table: each says something, and everything that can arrive arrives."""

    def __init__(self) -> None:
        self.fed = make_federation(members=("pk", "ir", "uz"))
        self.wires = Wires(self.fed)

    def says(self, member: str, body: Body, *to: str, case: str | None = CASE) -> Sent:
        """Let a member send, and deliver everywhere."""
        sent = self.fed.send(member, Draft(body, to, case=case))
        self.fed.carry_all()
        return sent

    def receipt(self, sender: str, receiver: str, sent: Sent) -> Verdict:
        """Return what the receipt that came back proves."""
        node = self.fed.node(sender)
        (row,) = node.store.find_journal(sent.message_id)
        receipt = node.store.receipt(receiver, sent.message_id)
        assert receipt is not None, "no receipt came back"
        return verify_receipt(node, receiver, row.statement, receipt)

    def case(self, member: str) -> case_views.CaseView:
        """Return the case as a member's officer sees it."""
        node = self.fed.node(member)
        return case_views.case(node.state.cases, CASE, node.clock.now())


def test_a_case_from_the_first_question_to_the_attested_purge() -> None:
    """Asked, answered, refused with a code, overdue, revoked and purged: proven at each step, equal at the end."""
    table = Table()
    fed = table.fed

    # Pakistan opens a case with Iran and Uzbekistan about explosives, to be kept for three hundred days at most.
    opened = table.says(
        "pk",
        Open(
            title="Explosives traced across two borders",
            purpose="trace-explosives",
            act="bombing",
            participants=["pk", "ir", "uz"],
            legal_basis="CX.1",
            desk="desk",
            officer="desk-1",
            retain_until=fed.clock.now() + 300 * DAY,
            subjects=[],
        ),
        "ir",
        "uz",
    )
    for member in ("ir", "uz"):
        verdict = table.receipt("pk", member, opened)
        assert (verdict.state, verdict.code) == ("admitted", "admitted")
        assert table.case(member).case.opener == "pk"

    # It asks both. Iran takes the question in hand after an hour and answers; two of its officers signed it off.
    table.says("pk", Ask(request="pk/R-1", to="ir", question="Whose pickup?", urgency="urgent",
                         legal_basis="CX.2", desk="desk", officer="desk-1"), "ir")
    table.says("pk", Ask(request="pk/R-2", to="uz", question="Which depot?", urgency="urgent",
                         legal_basis="CX.2", desk="desk", officer="desk-1"), "uz")
    fed.clock.advance(HOUR)
    table.says("ir", Acknowledge(request="pk/R-1", officer="desk-7"), "pk")
    rights = ("no-death-penalty-or-torture",)
    answered = table.says("ir", answer("pk", "pk/R-1", "ir/I-1", SECRET, disclosure="D1", rights=rights), "pk")
    assert table.receipt("ir", "pk", answered).state == "admitted"
    (item,) = table.case("pk").items
    assert item.item.text == SECRET and item.words == ["not-in-court", "no-death-penalty-or-torture"]
    # Nothing of it went to Uzbekistan, which takes part in the case and was not asked this.
    assert SECRET.encode() not in state_bytes(fed.node("uz"))

    # One person alone cannot release an item: the body would name somebody who has not signed.
    alone = structs.replace(answer("pk", "pk/R-2", "uz/I-1", "x"), released_by="o-1")
    with pytest.raises(PolicyRefusal, match="released_by is desk-1, and desk-2 has signed"):
        table.says("uz", alone, "pk")

    # Uzbekistan declines with a code from the closed list and owes no further ground.
    declined = table.says("uz", Decline(request="pk/R-2", code="not-held", officer="desk-4"), "pk")
    assert table.receipt("uz", "pk", declined).state == "admitted"
    assert {request.request.status for request in table.case("pk").requests} == {"answered", "declined"}

    # A third question is met with silence. After two hours the first clock has run out, and the asker records it.
    table.says("pk", Ask(request="pk/R-3", to="ir", question="And June?", urgency="urgent",
                         legal_basis="CX.2", desk="desk", officer="desk-1"), "ir")
    fed.clock.advance(2 * HOUR + MINUTE)
    (late,) = overdue_requests(fed.node("pk"), fed.clock.now())
    assert (late.request, late.step) == ("pk/R-3", "acknowledge")
    table.says("pk", Overdue(request=late.request, step=late.step, due=late.due), "ir")
    assert overdue_requests(fed.node("pk"), fed.clock.now()) == []
    assert [each.late for each in table.case("ir").requests if each.request.request == "pk/R-3"] == [["acknowledge"]]

    # Iran withdraws its item to protect a source. Pakistan purges it and attests that it did.
    table.says("ir", Revoke(item="ir/I-1", reason="source-protection", officer="desk-7"), "pk")
    (item,) = table.case("pk").items
    assert item.outstanding == ["pk"] and SECRET.encode() in state_bytes(fed.node("pk"))
    attested = table.says("pk", Purge(item="ir/I-1", outcome="purged", law=None, officer="desk-1"), "ir")
    assert table.receipt("pk", "ir", attested).state == "admitted"
    assert SECRET.encode() not in state_bytes(fed.node("pk"))
    (seen_by_owner,) = table.case("ir").items
    assert seen_by_owner.outstanding == [] and seen_by_owner.item.attested[0].outcome == "purged"

    # The case is closed; what was said stays on record at both ends, and a restart changes nothing.
    table.says("pk", Close(outcome="resolved", officer="desk-1"), "ir", "uz")
    for member in ("pk", "ir", "uz"):
        assert table.case(member).case.status == "closed"
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live
        assert not [row for row in fed.node(member).store.journal() if row.role == "refused"]

    # Each log is cosigned by the two others and passes its audit; the answer is provable though its text is gone.
    for member in ("pk", "ir", "uz"):
        others = {other for other in ("pk", "ir", "uz") if other != member}
        assert set(with_service(fed, member, table.wires, lambda service: service.cosign())) == others
        reopened(fed, member)
        assert audit(fed.node(member)).size == fed.node(member).tree.size
    (row,) = fed.node("pk").store.find_journal(answered.message_id)
    assert prove(fed.node("pk"), row).count(b"/witness ") == 4, "two lines each of two witnesses"


def carry(fed: Federation, wires: Wires, bearer: bytes, to: str) -> tuple[Carried, bytes]:
    """Hand a courier's file to ``to`` and return what became of it, and the file to carry back."""
    carried, back = with_service(fed, to, wires, lambda service: service.import_courier(bearer))
    return carried, back.encode()


def file_from(fed: Federation, wires: Wires, sender: str, to: str) -> bytes:
    """Return the file that ``sender`` gives to the courier."""
    return with_service(fed, sender, wires, lambda service: service.export_courier(to)).encode()


def test_two_neighbours_with_nothing_but_a_courier() -> None:
    """No cable between them: a case is opened, asked and answered by files, one of them lost, one of them opened."""
    fed = make_federation(members=("pk", "ir"))
    wires = Wires(fed, cut={"pk", "ir"})

    # Pakistan writes two messages. They wait; the courier takes them along, and the first courier never arrives.
    fed.send(
        "pk",
        Draft(
            Open(
                title="Weapons at the pass",
                purpose="prevent-attack",
                act="arms-trafficking",
                participants=["pk", "ir"],
                legal_basis="CX.1",
                desk="desk",
                officer="desk-1",
                retain_until=fed.clock.now() + 90 * DAY,
                subjects=[],
            ),
            ("ir",),
            case=CASE,
        ),
    )
    question = Ask(request="pk/R-1", to="ir", question="Who bought them?", urgency="routine",
                   legal_basis="CX.2", desk="desk", officer="desk-1")
    fed.send("pk", Draft(question, ("ir",), case=CASE))
    file_from(fed, wires, "pk", "ir")
    fed.clock.advance(2 * DAY)

    # The second courier brings the same two. Iran takes them in; its receipts travel back in its own file.
    outward = file_from(fed, wires, "pk", "ir")
    carried, back = carry(fed, wires, outward, "ir")
    assert (carried.received, carried.refused, carried.waiting) == (2, 0, 0)
    fed.send("ir", Draft(answer("pk", "pk/R-1", "ir/I-1", SECRET), ("pk",), case=CASE))

    # On the way the file is opened by a stranger: it can see who writes to whom, and nothing of what they say.
    homeward = file_from(fed, wires, "ir", "pk")
    assert SECRET.encode() not in homeward and b"Who bought them" not in outward
    stranger = parse_bundle(homeward, "pk")
    assert (stranger.sender, len(stranger.envelopes)) == ("ir", 1)

    # Pakistan takes in the receipts and the answer, whichever file comes first, and however often.
    for file in (homeward, back, homeward, back):
        carry(fed, wires, file, "pk")
    assert fed.node("pk").store.outbox_counts() == {"admitted": 5}, "two persons, charter, case and question"
    _, last = carry(fed, wires, homeward, "pk")
    carry(fed, wires, last, "ir")
    assert fed.node("ir").store.outbox_counts() == {"admitted": 4}

    # Both hold the same case, as if a line had joined them, and nothing was ever sent over one.
    views = [case_views.case(fed.node(m).state.cases, CASE, fed.clock.now()) for m in ("pk", "ir")]
    assert views[0] == views[1] and views[0].items[0].item.text == SECRET
    assert wires.asked == []
    for member in ("pk", "ir"):
        assert isinstance(fed.node(member).store, MemoryStore)
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live
        assert len({(row.sender, row.message_id) for row in fed.node(member).store.journal()}) == live.checkpoint[0]  # type: ignore[index]
