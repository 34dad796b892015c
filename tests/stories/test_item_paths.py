"""What becomes of an item between three real nodes: each path from its release to its end."""

from __future__ import annotations

from typing import Any

import pytest

from hamsaya.base.errors import OperatorError, PolicyRefusal
from hamsaya.base.instants import DAY, HOUR
from hamsaya.cases.types import ItemView
from hamsaya.messages.cases import Parent, Purge, Revoke
from hamsaya.messages.items import Accept, ConsentAsk, ConsentGiven, Hold, Recall, Seen, Tombstone, Unhold, Unlock, Use
from hamsaya.messages.kinds import Body
from hamsaya.node import items
from hamsaya.node.items import items_due
from hamsaya.node.journal import read_event
from hamsaya.node.send import Draft
from tests.node.making import (
    CASE,
    answer,
    asking,
    clone,
    handmade,
    held,
    opening,
    parties,
    receive,
    reopened,
    state_bytes,
)
from tests.node.wires import Wires, with_service
from tests.support.federation import Federation

TEXT = "the crate was sealed at the north gate"
SECOND = "C-2026-002"
THREE = ("pk", "ir", "uz")


class Table:
    """Pakistan has asked Iran in one case; in a second one, of Pakistan and Uzbekistan, Uzbekistan has asked Pakistan.
    """

    def __init__(self) -> None:
        self.fed: Federation = clone(_begun())

    def says(self, sender: str, body: Body, *to: str, case: str = CASE) -> None:
        """Let ``sender`` say something, and let it arrive."""
        self.fed.clock.advance(1000)
        self.fed.send(sender, Draft(body, to, case=case))
        self.fed.carry_all()

    def clock_acts(self, *members: str) -> list[str]:
        """Let nodes say what they say by themselves, and return the kinds."""
        self.fed.clock.advance(1000)
        said = []
        for member in members or THREE:
            for draft in items_due(self.fed.node(member)):
                said.append(self.fed.send(member, draft).kind)
        self.fed.carry_all()
        return said

    def sees(self, member: str, item: str = "I-1", case: str = CASE, desk: str | None = None) -> ItemView:
        """Return an item as a desk of ``member`` sees it."""
        view = items.case(self.fed.node(member), case, desk)
        assert view is not None
        return next(each for each in view.items if each.item.item == item)

    def answers(self, **axes: Any) -> None:
        """Iran answers Pakistan's question."""
        self.says("ir", answer("pk", "R-1", "I-1", TEXT, **axes), "pk")

    def lets_pass(self, **axes: Any) -> None:
        """Pakistan asks to pass it on to Uzbekistan, and Iran lets it."""
        ask = ConsentAsk(consent="P-1", item="I-1", to=["uz"], purpose="prevent-attack", text="the gate", officer="o-1")
        self.says("pk", ask, "ir")
        caveats = answer("uz", **axes).caveats
        self.says("ir", ConsentGiven(consent="P-1", item="I-1", asker="pk", to=["uz"], granted=True, caveats=caveats,
                                     until=self.fed.clock.now() + 9 * DAY, officer="o-2"), "pk", "uz")

    def product(self, **axes: Any) -> Any:
        """Return what Pakistan makes of it for Uzbekistan."""
        parent = Parent(originator="ir", case=CASE, item="I-1", consent="P-1")
        return answer("uz", "R-9", "J-1", "a gate in the north", parents=[parent], **axes)


def _begun() -> Federation:
    fed = parties(*THREE)
    fed = clone(fed)
    for sender, draft in (
        ("pk", opening(fed, participants=("pk", "ir"))),
        ("pk", asking()),
        ("uz", opening(fed, SECOND, ("uz", "pk"))),
        ("uz", asking("pk", "R-9", SECOND)),
    ):
        fed.send(sender, draft)
        fed.carry_all()
    return fed


@pytest.fixture
def table() -> Table:
    return Table()


def carries(fed: Federation, member: str, secret: str) -> bool:
    """Say whether a text is anywhere in a node's state, or in an event of its journal."""
    node = fed.node(member)
    events = [read_event(row, node.ring.storage) for row in node.store.journal()]
    return secret.encode() in state_bytes(node) or any(secret in repr(event) for event in events)


def replays(fed: Federation) -> None:
    """Every node comes back from its journal to the same bytes."""
    for member in THREE:
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live


def test_locked_accepted_opened_used_and_receipted(table: Table) -> None:
    """R1 to R5 of one item: nobody at the holder reads it before a named person has accepted its conditions."""
    table.answers(disclosure="D2", use="lead-only")
    assert (table.sees("pk").item.text, table.sees("pk").withheld) == (None, "locked")
    assert table.sees("ir").item.text == TEXT and not carries(table.fed, "pk", TEXT)
    assert table.clock_acts() == [], "no key before an acceptance"

    table.says("pk", Seen(item="I-1", officer="desk-1"), "ir")
    table.says("pk", Accept(item="I-1", officer="desk-1"), "ir")
    assert table.clock_acts() == ["case.unlock"] and table.clock_acts() == []
    assert (table.sees("pk").item.text, table.sees("pk").withheld) == (TEXT, "")
    assert table.sees("pk").item.key is None, "a screen shows no key"

    table.says("pk", Use(item="I-1", outcome="new-lead", text=None, officer="desk-1"), "ir")
    table.says("ir", Revoke(item="I-1", reason="error", officer="o-2"), "pk")
    table.says("pk", Purge(item="I-1", outcome="purged", law=None, officer="desk-1"), "ir")
    (receipt,) = items.receipts(table.fed.node("ir"), CASE, "I-1")
    instants = [receipt.delivered, receipt.seen, receipt.accepted, receipt.unlocked, receipt.ended_at]
    assert None not in instants and instants == sorted(instants)  # type: ignore[type-var]
    assert (receipt.holder, receipt.uses, receipt.ended) == ("pk", ["new-lead"], "purged")
    assert table.sees("pk").withheld == "deleted"
    replays(table.fed)


def test_a_running_node_gives_the_key_by_itself(table: Table) -> None:
    """Nobody at the originator's desk has to be awake for it."""
    table.answers(disclosure="D3")
    table.says("pk", Accept(item="I-1", officer="desk-1"), "ir")
    with_service(table.fed, "ir", Wires(table.fed), lambda service: service.tick())
    table.fed.carry_all()
    assert table.sees("pk").item.text == TEXT


def test_another_key_is_refused_by_the_holders_own_node(table: Table) -> None:
    """Attack: a key that opens to other words, or goes to who has not accepted."""
    table.answers(disclosure="D2")
    table.says("pk", Accept(item="I-1", officer="desk-1"), "ir")
    forged = handmade(table.fed, "ir", "pk", Unlock(item="I-1", holder="pk", key=b"x" * 32))
    assert receive(table.fed.node("pk"), forged.encode()).code == "wrong-key"
    assert table.sees("pk").withheld == "locked"


def test_a_desk_outside_the_audience_sees_nothing_and_exports_nothing(table: Table) -> None:
    """Caveats are enforced where the item is held: in the views, and in what leaves them."""
    table.answers(disclosure="D1", audience={"scope": "listed", "desks": ["pk/border"]})
    node = table.fed.node("pk")
    assert table.sees("pk").withheld == "outside-audience" and table.sees("pk").item.text is None
    assert table.sees("pk", desk="pk/border").item.text == TEXT
    with pytest.raises(PolicyRefusal, match="not in its audience"):
        items.export(node, CASE, "I-1")
    exported = items.export(node, CASE, "I-1", "pk/border")
    assert (exported.text, exported.tlp) == (TEXT, "TLP:RED") and exported.conditions
    assert exported.caveats.disclosure == "D1" and exported.obligations == ["carry-caveats"]
    with pytest.raises(OperatorError, match="a desk of pk"):
        items.case(node, CASE, "ir/liaison")


def test_a_named_desk_item_is_shown_and_never_exported(table: Table) -> None:
    """D3 stays on the screen of its desk."""
    table.answers(disclosure="D3")
    table.says("pk", Accept(item="I-1", officer="desk-1"), "ir")
    table.clock_acts()
    assert table.sees("pk").item.text == TEXT
    with pytest.raises(PolicyRefusal, match="D3 does not allow export"):
        items.export(table.fed.node("pk"), CASE, "I-1")


def test_onward_with_consent_and_recalled_through_two_hands(table: Table) -> None:
    """Consent is asked, given and seen at both ends; a recall goes the same way down, and each end attests."""
    table.answers(disclosure="D1")
    with pytest.raises(PolicyRefusal, match="rests on|consent"):
        table.says("pk", table.product(disclosure="D1"), "uz", case=SECOND)
    table.lets_pass(disclosure="D1")
    with pytest.raises(PolicyRefusal, match="would be lost on: disclosure"):
        table.says("pk", table.product(), "uz", case=SECOND)
    table.says("pk", table.product(disclosure="D1"), "uz", case=SECOND)
    assert table.sees("uz", "J-1", SECOND).item.text == "a gate in the north"
    assert not carries(table.fed, "uz", TEXT)

    table.says("ir", Revoke(item="I-1", reason="source-protection", officer="o-2"), "pk")
    assert table.sees("pk", "J-1", SECOND).outstanding == ["uz"]
    assert sorted(table.clock_acts()) == ["case.consent-end", "case.recall"] and table.clock_acts() == []
    assert table.sees("uz", "J-1", SECOND).item.reason == "origin-recalled"
    table.says("uz", Purge(item="J-1", outcome="purged", law=None, officer="u-1"), "pk", case=SECOND)
    table.says("pk", Purge(item="I-1", outcome="purged", law=None, officer="desk-1"), "ir")
    assert not carries(table.fed, "uz", "a gate in the north") and not carries(table.fed, "pk", TEXT)
    assert table.sees("pk", "J-1", SECOND).outstanding == [] and table.sees("ir").outstanding == []
    replays(table.fed)


def test_onward_without_consent_is_refused_by_the_new_holders_node(table: Table) -> None:
    """Attack: a holder's node sends whatever its rules say; the receiver's waits for a consent that never comes."""
    table.answers(disclosure="D1")
    forged = handmade(table.fed, "pk", "uz", table.product(disclosure="D1"), case=SECOND)
    with pytest.raises(Exception) as waiting:
        receive(table.fed.node("uz"), forged.encode())
    assert getattr(waiting.value, "code", "") == "predecessor-missing"
    table.lets_pass(disclosure="D1")
    stripped = handmade(table.fed, "pk", "uz", table.product(), case=SECOND)
    assert receive(table.fed.node("uz"), stripped.encode()).code == "caveats-stripped"
    assert (SECOND, "J-1") not in table.fed.node("uz").state.cases.items


def test_a_correction_takes_the_place_of_the_old_item(table: Table) -> None:
    """The old text stays readable as what it is: superseded."""
    table.answers(disclosure="D1")
    better = answer("pk", "R-1", "I-2", "sealed at the south gate", supersedes="I-1", disclosure="D1")
    table.says("ir", better, "pk")
    for member in ("pk", "ir"):
        old = table.sees(member).item
        assert (old.status, old.superseded_by, old.text) == ("superseded", "I-2", TEXT)
    assert table.sees("pk", "I-2").item.supersedes == "I-1"


def test_deleted_in_time_at_every_node_by_itself_unless_a_law_holds_it(table: Table) -> None:
    """The day comes: the originator deletes, the holder is held by its law until two persons end it, then deletes."""
    end = table.fed.clock.now() + 5 * DAY
    table.answers(disclosure="D2", delete_by=end)
    table.says("pk", Accept(item="I-1", officer="desk-1"), "ir")
    table.clock_acts()
    table.says("pk", Hold(item="I-1", law="penal-code/12", prepared_by="p-1", released_by="p-2"), "ir")
    assert items.receipts(table.fed.node("ir"), CASE, "I-1")[0].held == ["penal-code/12"]
    table.fed.clock.advance(5 * DAY)
    assert table.clock_acts() == ["case.tombstone"]
    assert table.sees("ir").withheld == "deleted" and not carries(table.fed, "ir", TEXT)
    assert table.fed.node("pk").state.cases.items[CASE, "I-1"].key is not None, "the law holds it"
    with pytest.raises(PolicyRefusal, match="a law keeps it"):
        table.says("pk", Tombstone(item="I-1", reason="retention"), "ir")

    table.says("pk", Unhold(item="I-1", law="penal-code/12", prepared_by="p-1", released_by="p-2"), "ir")
    assert table.clock_acts() == ["case.tombstone"] and table.clock_acts() == []
    node = table.fed.node("pk")
    rows = [read_event(row, node.ring.storage) for row in node.store.journal()]
    bodies = [event.body for event in rows if event is not None]
    assert all(body.key is None for body in bodies if isinstance(body, Unlock))
    assert all(getattr(body, "locked", None) is None for body in bodies)
    (receipt,) = items.receipts(table.fed.node("ir"), CASE, "I-1")
    assert (receipt.ended, receipt.held) == ("deleted-in-time", [])
    replays(table.fed)


def test_no_recall_in_another_hand_than_the_originators(table: Table) -> None:
    """A node that recalls by itself does so for its own products, and only when something was recalled."""
    table.answers(disclosure="D1")
    for sender, code in (("pk", "wrong-role"), ("ir", "not-recalled")):
        with pytest.raises(PolicyRefusal) as refused:
            table.says(sender, Recall(item="I-1"), *({"pk", "ir"} - {sender}))
        assert refused.value.code == code
    table.fed.clock.advance(HOUR)
    assert table.clock_acts() == []
