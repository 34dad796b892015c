"""The send pipeline: what leaves has passed the rules; what does not leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.base.errors import HamsayaError, OperatorError, PeerError, PolicyRefusal
from hamsaya.base.instants import DAY
from hamsaya.messages.cases import Ask
from hamsaya.messages.charter import Sign
from hamsaya.messages.envelope import parse
from hamsaya.messages.keys import STORE_AND_FORWARD
from hamsaya.messages.kinds import encode_body
from hamsaya.messages.node import Peer
from hamsaya.node.journal import read_event
from hamsaya.node.send import Draft, SendJob, preview
from hamsaya.node.writer import Act
from tests.node.making import acknowledging, answering, asking, held, letters, opening, parties, reopened
from tests.support.federation import Federation, one
from tests.support.persons import signed


@pytest.fixture
def fed() -> Federation:
    """Three parties with one case open between them."""
    return parties("pk", "ir", "uz", with_case=True)


def refused(fed: Federation, draft: Draft) -> HamsayaError:
    """Return why pk's node does not send ``draft``, once it is clear that nothing has changed."""
    node, before = fed.node("pk"), held(fed.node("pk"))
    (error,) = node.commit([SendJob(signed(node, draft))])
    assert isinstance(error, HamsayaError) and held(node) == before
    return error


def test_what_is_sent_is_logged_folded_and_on_its_way(fed: Federation) -> None:
    """One leaf, one journal row, one outbox row for each recipient, all with the identical envelope."""
    draft = replace(opening(fed, "C-2", ("pk", "ir", "uz")), recipients=("pk", "ir", "uz", "ir"))
    size = fed.node("pk").tree.size
    sent = fed.send("pk", draft)
    assert (sent.index, sent.kind, sent.recipients) == (size, "case.open", ("ir", "uz")), "nobody twice, not oneself"
    raws = {raw for _, mid, raw in fed.waiting("pk") if mid == sent.message_id}
    (raw,) = raws
    (row,) = fed.node("pk").store.find_journal(sent.message_id)
    assert (row.role, row.code, row.index, row.statement) == ("sent", "admitted", size, parse(raw).statement)
    event = read_event(row, fed.node("pk").ring.storage)
    assert event is not None and event.body == draft.body and "C-2" in fed.node("pk").state.cases.cases
    assert sent.decision.allowed and sent.decision.reasons


def test_a_note_to_oneself_waits_for_nobody(fed: Federation) -> None:
    """It is a leaf like all else and has neither recipients nor an outbox row."""
    before = fed.node("pk").store.outbox_counts()
    sent = fed.send("pk", Draft(Peer(card=fed.parties["ir"].card, fingerprint="again")))
    (row,) = fed.node("pk").store.find_journal(sent.message_id)
    assert row.role == "note" and sent.recipients == () and fed.node("pk").store.outbox_counts() == before


def test_what_the_rules_forbid_is_refused_with_reasons(fed: Federation) -> None:
    """By the charter, by the room's rules, or for want of any instrument; each names the clause or table."""
    cases = {
        "no-clause": replace(asking(), instrument="monitoring"),
        "not-in-force": replace(asking(), instrument="nothing"),
        "case-required": replace(asking(), case=None),
        "recipient-missing": replace(asking(), recipients=("uz",)),
        "wrong-role": asking(to="pk"),
        "predecessor-missing": asking(case="C-unknown"),
        "unknown-member": replace(asking(), recipients=("ir", "zz")),
    }
    for code, draft in cases.items():
        error = refused(fed, draft)
        assert isinstance(error, PolicyRefusal) and error.code == code and error.decision.reasons
        asked = preview(fed.node("pk"), signed(fed.node("pk"), draft))[1]
        assert asked.code == code, "asking first gives the same answer"


def test_a_preview_changes_nothing(fed: Federation) -> None:
    """May I send this, and why? The answer is the one that sending would give."""
    node, before = fed.node("pk"), held(fed.node("pk"))
    event, decision = preview(node, signed(node, asking()))
    assert decision.allowed and event.recipients == ("ir",) and held(node) == before


def test_a_recipient_without_card_or_key_is_named(fed: Federation) -> None:
    """The operator learns what to do; a message to many is refused whole rather than sent to some."""
    revision = fed.node("pk").agreement.documents["charter"]
    with_stranger = Draft(Sign(document="charter", revision=revision), ("ir", "kz"))
    error = refused(fed, with_stranger)
    assert isinstance(error, OperatorError) and error.code == "no-card" and "kz" in str(error)
    fed.clock.advance(36 * DAY)
    error = refused(fed, asking(request="R-late"))
    assert isinstance(error, OperatorError) and error.code == "no-kem-key" and "rotate-keys" in str(error)


def test_what_peers_would_refuse_is_not_sent(fed: Federation) -> None:
    """A body that code of ours built past its schema is found here, not at the peer."""
    body = Ask(request="R-1", to="ir", question="x" * 4001, urgency="urgent",
               legal_basis="CX.2", desk="desk", officer="o")
    error = refused(fed, replace(asking(), body=body))
    assert isinstance(error, PeerError) and error.code == "bad-body" and "xxx" not in str(error)


def test_a_life_is_at_most_thirty_days(fed: Federation) -> None:
    """Shorter on request, never longer: receivers refuse what lives beyond the store-and-forward time."""
    now = fed.clock.now()
    for number, (asked, given) in enumerate(((DAY, DAY), (STORE_AND_FORWARD, 30 * DAY), (99 * DAY, 30 * DAY))):
        raw = letters(fed, "pk", replace(asking(request=f"R-{number}"), lifetime_ms=asked))["ir"]
        assert parse(raw).header.exp == now + given


def test_retries_carry_the_identical_bytes(fed: Federation) -> None:
    """After failures and a restart too: the receiver's memory of them answers the doubt."""
    raw, node = letters(fed, "pk", asking())["ir"], fed.node("pk")
    mid = parse(raw).header.mid
    for attempt in range(3):
        one(node, Act(lambda n, a=attempt: n.store.retry_outbox("ir", mid, n.clock.ticks() + a, "no-answer")))
    node = reopened(fed, "pk")
    ((row, again),) = node.store.outbox_for("ir", 9)
    assert again == raw and row.attempts == 3


def test_what_nobody_fetched_in_time_expires(fed: Federation) -> None:
    """The sender sees it as expired, the bytes are forgotten, the journal keeps that it was said."""
    raw, node = letters(fed, "pk", replace(asking(), lifetime_ms=DAY))["ir"], fed.node("pk")
    fed.clock.advance(DAY)
    one(node, Act(lambda n: n.store.expire_outbox(n.clock.now())))
    assert node.store.outbox_counts()["expired"] == 1 and node.store.outbox_for("ir", 9) == []
    assert node.store.find_journal(parse(raw).header.mid)[0].role == "sent"


def test_bodies_rest_under_the_storage_key(fed: Federation) -> None:
    """What is said is in no column of the store in the clear."""
    fed.send("pk", asking())
    fed.carry_all()
    fed.send("ir", acknowledging())
    fed.send("ir", answering())
    for row in fed.node("ir").store.journal():
        event = read_event(row, fed.node("ir").ring.storage)
        assert event is not None and row.body is not None
        assert encode_body(event.body) not in row.body and b"grey" not in row.body + row.statement
