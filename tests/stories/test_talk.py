"""A conversation between three real nodes: said, delivered, read by name, withheld by conditions, deleted in time."""

from __future__ import annotations

from typing import Any

from hamsaya.base.instants import DAY
from hamsaya.messages.cases import Open
from hamsaya.messages.talk import Read, Say
from hamsaya.node import talk
from hamsaya.node.journal import read_event
from hamsaya.node.send import Draft
from tests.cases.story import caveats
from tests.node.making import CASE, clone, handmade, held, parties, receive, reopened, state_bytes
from tests.support.federation import START, Federation

THREE = ("pk", "ir", "uz")
TEXT = "call the desk at the north gate"


def begun(days: int = 9) -> Federation:
    fed = clone(parties(*THREE))
    body = Open(title="A case", purpose="prevent-attack", act="bombing", participants=list(THREE), legal_basis="CX.1",
                desk="desk", officer="desk-1", retain_until=START + days * DAY, subjects=[])
    fed.send("pk", Draft(body, ("ir", "uz"), case=CASE))
    fed.carry_all()
    return fed


def says(fed: Federation, sender: str, text: str, *to: str, **axes: Any) -> None:
    """Let ``sender`` say something, as its command does, and let it arrive."""
    fed.clock.advance(1000)
    view = talk.conversation(fed.node(sender), CASE, to=to)
    body = Say(text=text, seen=[bytes.fromhex(each) for each in view.heads],
               caveats=caveats(audience=tuple(view.to), **axes), officer="desk-1")
    fed.send(sender, Draft(body, tuple(view.to), case=CASE))
    fed.carry_all()


def reads(fed: Federation, member: str) -> None:
    fed.clock.advance(1000)
    for each in talk.to_read(fed.node(member), CASE):
        fed.send(member, Draft(Read(words=each.words, officer="desk-1"), tuple(each.to), case=CASE))
    fed.carry_all()


def texts(fed: Federation, member: str, desk: str | None = None) -> list[str | None]:
    return [each.text for each in talk.conversation(fed.node(member), CASE, desk).words]


def test_a_conversation_has_one_order_and_both_receipts() -> None:
    """Three speak, two of them apart as well; each end shows its part in one order; delivered is not read."""
    fed = begun()
    says(fed, "pk", "one")
    says(fed, "ir", "two")
    says(fed, "uz", "between us", "ir")
    says(fed, "pk", "three")
    assert texts(fed, "pk") == ["one", "two", "three"]
    assert texts(fed, "ir") == texts(fed, "uz")
    assert [each for each in texts(fed, "ir") if each != "between us"] == texts(fed, "pk")
    (first, *_) = talk.conversation(fed.node("pk"), CASE).words
    assert all(each.delivered is not None and each.read is None for each in first.readers)
    reads(fed, "ir")
    assert talk.to_read(fed.node("ir"), CASE) == [] == talk.conversation(fed.node("ir"), CASE).unread
    for member in ("pk", "uz"):
        (first, *_) = talk.conversation(fed.node(member), CASE).words
        by = {each.member: each.officer for each in first.readers}
        assert by == {"ir": "desk-1", "uz": None}
    for member in THREE:
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live


def test_a_word_that_did_not_arrive_is_not_delivered() -> None:
    """A receipt proves it; nothing else does."""
    fed = begun()
    body = Say(text="x", seen=[], caveats=caveats(audience=("ir", "uz")), officer="desk-1")
    fed.send("pk", Draft(body, ("ir", "uz"), case=CASE))
    (word,) = talk.conversation(fed.node("pk"), CASE).words
    assert [each.delivered for each in word.readers] == [None, None]


def test_conditions_are_enforced_where_words_are_held() -> None:
    """What is for one desk is shown to that desk, and cannot have been read by another."""
    fed = begun()
    fed.clock.advance(1000)
    body = Say(text=TEXT, seen=[], caveats=caveats(audience=("ir/border", "uz")), officer="desk-1")
    fed.send("pk", Draft(body, ("ir", "uz"), case=CASE))
    fed.carry_all()
    assert texts(fed, "ir") == [None]
    assert texts(fed, "ir", "ir/border") == [TEXT] == texts(fed, "uz") == texts(fed, "pk")
    assert talk.conversation(fed.node("ir"), CASE).words[0].withheld == "outside-audience"
    assert talk.to_read(fed.node("ir"), CASE) == []
    assert len(talk.to_read(fed.node("ir"), CASE, "ir/border")) == 1


def test_an_outsider_is_refused_by_every_node() -> None:
    """Attack: who takes no part in the case speaks into it, or a party speaks to who takes none."""
    fed = clone(parties("pk", "ir", "uz", "kz"))
    body = Open(title="A case", purpose="prevent-attack", act="bombing", participants=["pk", "ir"], legal_basis="CX.1",
                desk="desk", officer="desk-1", retain_until=START + 9 * DAY, subjects=[])
    fed.send("pk", Draft(body, ("ir",), case=CASE))
    fed.carry_all()
    word = Say(text="x", seen=[], caveats=caveats(audience=("ir", "uz")), officer="desk-1")
    assert receive(fed.node("ir"), handmade(fed, "uz", "ir", word).encode()).code == "not-a-participant"
    both = {member: fed.node("ir").state.directory.peers[member].kem_at(fed.clock.now()).public  # type: ignore[union-attr]
            for member in ("ir", "uz")}
    leak = handmade(fed, "pk", "ir", word, recipients=both)
    assert receive(fed.node("ir"), leak.encode()).code == "recipient-outside"


def test_words_are_deleted_with_their_case_and_late_ones_leave_nothing() -> None:
    """Each node clears state and journal by itself and says so; a word that comes afterwards is kept without text."""
    fed = begun(days=2)
    says(fed, "pk", TEXT)
    fed.clock.advance(1000)
    late = Say(text=TEXT, seen=[bytes.fromhex(each) for each in talk.conversation(fed.node("uz"), CASE).heads],
               caveats=caveats(audience=("ir", "pk")), officer="desk-1")
    fed.send("uz", Draft(late, ("ir", "pk"), case=CASE))
    waiting = {to: raw for to, _, raw in fed.waiting("uz")}
    fed.clock.advance(2 * DAY)
    for member in ("pk", "ir"):
        assert talk.talk_due(fed.node("uz")), "the third has its own to do"
        for draft in talk.talk_due(fed.node(member)):
            fed.send(member, draft)
        assert talk.talk_due(fed.node(member)) == []
    receive(fed.node("pk"), waiting["pk"])
    fed.carry_all()
    for member in ("pk", "ir"):
        node = fed.node(member)
        assert texts(fed, member) == [None, None]
        assert TEXT.encode() not in state_bytes(node)
        assert not any(TEXT in repr(read_event(row, node.ring.storage)) for row in node.store.journal())
        assert set(talk.conversation(node, CASE).cleared) == {"pk", "ir"}
    assert texts(fed, "uz") == [TEXT, TEXT]
    for member in THREE:
        live = held(fed.node(member))
        assert held(reopened(fed, member)) == live
