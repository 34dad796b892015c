"""The receive pipeline: each numbered refusal, what it changes (nothing) and what it records; duplicates; receipts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hamsaya.base.decision import permit
from hamsaya.base.errors import PeerError, RetryLater
from hamsaya.base.instants import DAY, MINUTE
from hamsaya.canon import decode, digest, encode
from hamsaya.crypto.sealing import derive, seal_body, wrap
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.cases import Acknowledge, Ask
from hamsaya.messages.charter import Sign
from hamsaya.messages.envelope import MAX_ENVELOPE_BYTES, parse, seal
from hamsaya.messages.kinds import encode_body
from hamsaya.messages.monitor import Report, Row
from hamsaya.messages.node import Peer
from hamsaya.node import handlers
from hamsaya.node.journal import record_entry
from hamsaya.node.receive import CLOCK_SKEW, Received, ReceiveJob
from hamsaya.node.send import Draft
from hamsaya.node.settle import settle, verify_receipt
from hamsaya.node.writer import Act
from hamsaya.translog.checkpoint import Checkpoint
from hamsaya.translog.cosignature import sign_checkpoint
from hamsaya.translog.proof import Proof, parse_proof
from hamsaya.translog.tree import Tree, leaf_hash
from tests.messages.making import Crooked, header_with, outer, signed
from tests.node.making import (
    CASE,
    SECRET,
    acknowledging,
    asking,
    handmade,
    held,
    letters,
    opening,
    parties,
    receive,
    refusal,
    reopened,
    stranger,
)
from tests.support.federation import Federation, make_federation, one

QUESTION = Ask(request="R-9", to="ir", question=SECRET, urgency="urgent",
               legal_basis="CX.2", desk="desk", officer="desk-1")


@pytest.fixture
def fed() -> Federation:
    """Two parties with one case open between them, everything delivered."""
    return parties("pk", "ir", with_case=True)


# -- steps 1 to 6: bytes nobody can be held to ----------------------------------------------------------------------

Make = Callable[[Federation], bytes]


def _not_yet(fed: Federation) -> bytes:
    later = fed.clock.now() + CLOCK_SKEW + 1
    return handmade(fed, "pk", "ir", QUESTION, issued_at=later, expires_at=later + DAY).encode()


def _expired(fed: Federation) -> bytes:
    now = fed.clock.now()
    return handmade(fed, "pk", "ir", QUESTION, issued_at=now - DAY, expires_at=now).encode()


def _immortal(fed: Federation) -> bytes:
    return handmade(fed, "pk", "ir", QUESTION, expires_at=fed.clock.now() + 30 * DAY + 1).encode()


def _our_own(fed: Federation) -> bytes:
    """A message that seems to come from the receiver itself, signed with its own key: an echo, or a stolen key."""
    return handmade(fed, "ir", "ir", QUESTION).encode()


def _reused(fed: Federation) -> bytes:
    first = handmade(fed, "pk", "ir", QUESTION)
    receive(fed.node("ir"), first.encode())
    return handmade(fed, "pk", "ir", replace_question("another"), message_id=first.header.mid).encode()


def replace_question(text: str) -> Ask:
    """Return a question with other words."""
    return Ask(request="R-10", to="ir", question=text, urgency="urgent",
               legal_basis="CX.2", desk="desk", officer="desk-1")


def _half(fed: Federation) -> bytes:
    letter = handmade(fed, "pk", "ir", QUESTION)
    return outer(letter, sigs=[letter.signature[0], stranger().sign(letter.statement)[1]])


def _forged(fed: Federation) -> bytes:
    letter = handmade(fed, "pk", "ir", QUESTION)
    return signed(letter, stranger()).encode()


def _old_key(fed: Federation) -> bytes:
    """The message key's year is over at the time of issue."""
    fed.clock.advance(366 * DAY)
    kem = fed.node("ir").ring.epochs[0].kem.public
    now = fed.clock.now()
    return handmade_at(fed, now, kem)


def handmade_at(fed: Federation, now: int, kem: bytes) -> bytes:
    """Return a letter sealed to a named key, since the published ones have run out."""
    node = fed.node("pk")
    return seal(
        encode_body(QUESTION),
        kind="case.ask",
        message_id=bytes(16),
        sender="pk",
        signing_key=node.ring.message,
        recipients={"ir": kem},
        instrument="case-exchange",
        case=CASE,
        issued_at=now,
        expires_at=now + DAY,
        charter_revision=node.agreement.revision,
        exercise=True,
        content_key=bytes(32),
    ).encode()


def _not_for_us(fed: Federation) -> bytes:
    """A legitimate recipient forwards what it was sent: the envelope as it is."""
    letter = handmade(fed, "pk", "ir", QUESTION)
    return signed(
        parse(outer(letter, header=header_with(letter, rcp=[["uz", b"8" * 8]]))), fed.node("pk").ring.message
    ).encode()


BEFORE_THE_LOG: dict[str, tuple[str, Make]] = {
    "1 too many bytes": ("oversize", lambda fed: bytes(MAX_ENVELOPE_BYTES + 1)),
    "1 no CBOR": ("non-canonical", lambda fed: b"\xff" * 40),
    "1 another spelling": ("non-canonical", lambda fed: b"\x98\x04" + handmade(fed, "pk", "ir", QUESTION).encode()[1:]),
    "1 another shape": ("bad-envelope", lambda fed: encode([1, 2, 3])),
    "3 expired": ("expired", _expired),
    "3 lives too long": ("lifetime", _immortal),
    "4 unknown sender": ("unknown-sender", lambda fed: handmade(fed, "pk", "ir", QUESTION, sender="zz").encode()),
    "4 unknown key": ("unknown-key", lambda fed: handmade(fed, "pk", "ir", QUESTION, signing_key=stranger()).encode()),
    "4 a log key for a message": (
        "unknown-key",
        lambda fed: handmade(fed, "pk", "ir", QUESTION, signing_key=fed.node("pk").ring.log).encode(),
    ),
    "4 a key past its year": ("unknown-key", _old_key),
    "5 forged": ("bad-signature", _forged),
    "5 half a signature": ("bad-signature", _half),
    "6 for somebody else": ("not-for-us", _not_for_us),
    "6 from ourselves": ("not-for-us", _our_own),
    "6 message id used again": ("message-id-reused", _reused),
}


@pytest.mark.parametrize("name", BEFORE_THE_LOG)
def test_bytes_nobody_can_be_held_to_change_nothing(fed: Federation, name: str) -> None:
    """Steps 1 to 6 refuse with their code and record the digest and size of the bytes, never the bytes themselves."""
    code, make = BEFORE_THE_LOG[name]
    raw, node = make(fed), fed.node("ir")
    before = held(node)
    error = refusal(node, raw)
    assert isinstance(error, PeerError) and not isinstance(error, RetryLater) and error.code == code
    after = held(node)
    assert replace(after, refusals={}) == replace(before, refusals={})
    assert after.refusals == {**before.refusals, code: before.refusals.get(code, 0) + 1}
    (row,) = node.store.refusals(1)
    assert (row.at, row.code, row.digest, row.size) == (fed.clock.now(), code, digest(raw), len(raw))
    assert SECRET not in str(error) and CASE not in str(error)


def test_a_message_from_the_future_waits_at_its_sender(fed: Federation) -> None:
    """A clock five minutes ahead is tolerated; more is answered "later", which is no refusal and leaves no record."""
    node, raw = fed.node("ir"), _not_yet(fed)
    before = held(node)
    error = refusal(node, raw)
    assert isinstance(error, RetryLater) and error.code == "not-yet-valid"
    assert held(node) == before
    fed.clock.advance(1)
    assert receive(node, raw).code == "admitted"


def test_times_are_exact_to_the_millisecond(fed: Federation) -> None:
    """The last instant before expiry, the longest life, the largest skew: each just passes."""
    fed.clock.advance(2 * DAY)
    now, node = fed.clock.now(), fed.node("ir")
    for number, (issued, expires) in enumerate(
        ((now - DAY, now + 1), (now, now + 30 * DAY), (now + CLOCK_SKEW, now + DAY)), start=20
    ):
        body = Ask(request=f"R-{number}", to="ir", question="?", urgency="urgent",
                   legal_basis="CX.2", desk="desk", officer="o")
        raw = handmade(fed, "pk", "ir", body, issued_at=issued, expires_at=expires).encode()
        assert receive(node, raw).code == "admitted"


# -- steps 7 to 9: refusals the sender is held to -------------------------------------------------------------------

# Each: what the sender signed, as (body, changes of the header).
HELD_TO: dict[str, tuple[str, Callable[[Federation], tuple[Any, dict[str, Any]]]]] = {
    "7 unknown kind": ("unknown-kind", lambda fed: (QUESTION, {"kind": "case.unmask"})),
    "8 sealed to a key we never had": (
        "unknown-kem-key",
        lambda fed: (QUESTION, {"recipients": {"ir": _foreign(fed)}}),
    ),
    "8 no canonical body": ("non-canonical", lambda fed: (b"\xbf\xff", {})),
    "8 body does not fit": ("bad-body", lambda fed: (encode({"request": "R-1"}), {})),
    "8 body of another kind": ("bad-body", lambda fed: (Acknowledge(request="R-1", officer="o"), {"kind": "case.ask"})),
    "9 no such instrument": ("not-in-force", lambda fed: (QUESTION, {"instrument": "nothing"})),
    "9 an instrument that gives no such power": ("no-clause", lambda fed: (QUESTION, {"instrument": "monitoring"})),
    "9 real traffic in an exercise": ("exercise-mismatch", lambda fed: (QUESTION, {"exercise": False})),
    "9 case content outside a case": ("case-required", lambda fed: (QUESTION, {"case": None})),
    "9 a note for another node": ("no-clause", lambda fed: (_card(fed), {"instrument": "founding"})),
    "9 a rule of the room": (
        "wrong-role",
        lambda fed: (Ask(request="R-2", to="pk", question="?", urgency="urgent",
                         legal_basis="CX.2", desk="desk", officer="o"), {}),
    ),
    "9 counts of another's cells": (
        "not-your-area",
        lambda fed: (_report(fed), {"instrument": "monitoring", "case": None}),
    ),
}


def _foreign(fed: Federation) -> bytes:
    return fed.node("pk").ring.epochs[0].kem.public


def _card(fed: Federation) -> Any:
    return Peer(card=fed.parties["pk"].card, fingerprint="by hand")


def _report(fed: Federation) -> Report:
    gid = next(gid for gid, members in fed.node("pk").agreement.areas.items() if "pk" not in members)
    row = Row(gid=gid, month="2026-01", violence=1, incidents=1, best=1, low=1, high=1)
    return Report(source="s", licence="l", as_of=fed.clock.now(), first="2026-01", last="2026-01", rows=[row])


@pytest.mark.parametrize("name", HELD_TO)
def test_a_refusal_of_what_was_signed_is_a_leaf_with_a_receipt(fed: Federation, name: str) -> None:
    """State is unchanged; the log grows by one refused leaf without a body; the receipt proves the refusal."""
    code, make = HELD_TO[name]
    body, changes = make(fed)
    letter = handmade(fed, "pk", "ir", body, **changes)
    node, before = fed.node("ir"), held(fed.node("ir"))
    received = receive(node, letter.encode())
    assert received.code == code and not received.duplicate
    after = held(node)
    assert after.state == before.state and after.refusals == before.refusals and after.outbox == before.outbox
    (row,) = after.journal[len(before.journal) :]
    assert (row.role, row.code, row.body, row.statement) == ("refused", code, None, letter.statement)
    verdict = verify_receipt(fed.node("pk"), "ir", letter.statement, received.receipt)
    assert (verdict.state, verdict.code, verdict.at) == ("refused", code, fed.clock.now())
    again = receive(node, letter.encode())
    assert again.duplicate and again.receipt == received.receipt and held(node) == after
    assert held(reopened(fed, "ir")) == after, "a refusal replays to the same state"


@pytest.mark.parametrize(
    ("crooked", "code"),
    [
        (Crooked(keys={"ir": b"o" * 32}), "bad-commitment"),
        (Crooked(sealed_with=b"o" * 32), "cannot-open"),
    ],
)
def test_a_sender_that_seals_two_ways_is_held_to_it(fed: Federation, crooked: Crooked, code: str) -> None:
    """A content key that the header does not commit to: the receiver can prove what it was sent."""
    node = fed.node("ir")
    honest = handmade(fed, "pk", "ir", QUESTION)
    kem = next(epoch.kem for epoch in node.ring.epochs if epoch.kem.kid == honest.header.rcp[0].kid)
    committed = derive(crooked.committed, b"hamsaya/v1/commit")
    header = header_with(honest, cmt=committed)
    info = b"hamsaya/v1/wrap\0" + digest(header) + kem.kid
    raw = outer(
        honest,
        header=header,
        wraps=wrap(crooked.keys.get("ir", crooked.committed), kem.public, info),
        body=seal_body(derive(crooked.sealed_with, b"hamsaya/v1/body"), encode({}), header),
    )
    letter = signed(parse(raw), fed.node("pk").ring.message)
    assert receive(node, letter.encode()).code == code


def test_a_breach_of_the_charter_settles_at_the_sender(fed: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member whose own node was made to send it learns from the receipt why it was refused, and keeps the proof."""
    with monkeypatch.context() as patch:
        patch.setattr(handlers, "decide", lambda *_, **__: permit("nobody", "a node that does not ask its rules"))
        broken = letters(fed, "pk", replace(asking(), recipients=("ir",), instrument="monitoring"))["ir"]
    mid = parse(broken).header.mid
    received = receive(fed.node("ir"), broken)
    assert received.code == "no-clause"
    verdict: Any = one(fed.node("pk"), Act(lambda node: settle(node, "ir", mid, received.receipt)))
    assert (verdict.state, verdict.code) == ("refused", "no-clause")
    (row,) = [row for row in fed.node("pk").store.outbox_rows(99) if row.message_id == mid]
    assert (row.state, row.note) == ("refused", "no-clause")
    assert fed.node("pk").store.receipt("ir", mid) == received.receipt


def test_a_receipt_for_what_was_never_sent_is_refused(fed: Federation) -> None:
    """A receiver may log what it likes; it settles nothing here."""
    stray = handmade(fed, "pk", "ir", QUESTION)
    received = receive(fed.node("ir"), stray.encode())
    with pytest.raises(PeerError, match="never sent"):
        one(fed.node("pk"), Act(lambda node: settle(node, "ir", stray.header.mid, received.receipt)))


# -- order ----------------------------------------------------------------------------------------------------------


def test_a_message_whose_predecessor_is_missing_waits_and_is_then_admitted() -> None:
    """An answer that overtakes nothing it refers to: the same bytes are refused for now and admitted later."""
    third = parties("pk", "ir", "uz")
    third.send("pk", opening(third, participants=("pk", "ir")))
    question = letters(third, "pk", asking())["ir"]
    node = third.node("ir")
    before = held(node)
    error = refusal(node, question)
    assert isinstance(error, RetryLater) and error.code == "predecessor-missing"
    assert held(node) == before, "waiting is no refusal: no leaf, no record"
    third.carry_all()
    assert ("pk", "case.ask") in {(row.sender, row.kind) for row in node.store.journal()}
    assert all(row.state == "admitted" for row in third.node("pk").store.outbox_rows(99))


# -- duplicates -----------------------------------------------------------------------------------------------------


def test_a_duplicate_gets_the_same_receipt_byte_for_byte(fed: Federation) -> None:
    """At once, after more has happened, and after a restart; nothing else changes."""
    raw, node = letters(fed, "pk", asking())["ir"], fed.node("ir")
    first = receive(node, raw)
    assert first.code == "admitted" and not first.duplicate
    before = held(node)
    for _ in range(3):
        again = receive(node, raw)
        assert again.receipt == first.receipt and again.duplicate
    assert held(node) == before
    fed.send("ir", acknowledging())
    node = reopened(fed, "ir")
    before = held(node)
    assert receive(node, raw).receipt == first.receipt and held(node) == before


def test_duplicates_within_one_batch_get_one_effect_and_one_receipt(fed: Federation) -> None:
    """Two copies that meet in one commit are one message."""
    raw, node = letters(fed, "pk", asking())["ir"], fed.node("ir")
    size = node.tree.size
    results = node.commit([ReceiveJob(raw), ReceiveJob(raw), ReceiveJob(raw)])
    assert {result.receipt for result in results} == {results[0].receipt} and results[0].code == "admitted"
    assert node.tree.size == size + 1 and receive(node, raw).receipt == results[0].receipt
    assert held(reopened(fed, "ir")) == held(node)


def test_other_bytes_under_one_id_are_refused_in_one_batch_too(fed: Federation) -> None:
    """The first of them stands, whichever came first; the other is evidence against its sender's node."""
    one_, node = handmade(fed, "pk", "ir", QUESTION), fed.node("ir")
    two = handmade(fed, "pk", "ir", replace_question("other"), message_id=one_.header.mid)
    first, second = node.commit([ReceiveJob(one_.encode()), ReceiveJob(two.encode())])
    assert first.code == "admitted" and isinstance(second, PeerError) and second.code == "message-id-reused"
    assert refusal(node, two.encode()).code == "message-id-reused"


def test_an_id_belongs_to_its_sender() -> None:
    """Two senders may happen, or choose, to use the same id: neither can block the other's message."""
    three = parties("pk", "ir", "uz", with_case=True)
    mid = b"i" * 16
    a = handmade(three, "pk", "ir", QUESTION, message_id=mid)
    b = handmade(three, "uz", "ir", replace_question("from uz"), message_id=mid)
    assert [r.code for r in three.node("ir").commit([ReceiveJob(a.encode()), ReceiveJob(b.encode())])] == 2 * [
        "admitted"
    ]
    assert receive(three.node("ir"), a.encode()).duplicate and receive(three.node("ir"), b.encode()).duplicate


def test_a_replay_after_pruning_is_refused_as_expired(fed: Federation) -> None:
    """Dedupe rows go only when their envelopes have expired, so a replay finds the one or the other for ever."""
    raw, node = letters(fed, "pk", asking())["ir"], fed.node("ir")
    first = receive(node, raw)
    expiry = parse(raw).header.exp
    for instant in (expiry - 1, expiry, expiry + 5 * MINUTE - 1, expiry + 5 * MINUTE, expiry + DAY):
        fed.clock.instant = instant
        one(node, Act(lambda n: n.store.prune_seen(n.clock.now() - 5 * MINUTE)))
        (result,) = node.commit([ReceiveJob(raw)])
        if isinstance(result, Received):
            assert result.receipt == first.receipt and result.duplicate
        else:
            assert result.code == "expired" and instant >= expiry + 5 * MINUTE
    assert node.store.seen("pk", parse(raw).header.mid) is None, "in the end the row is gone"
    assert len([row for row in node.store.journal() if row.kind == "case.ask"]) == 1


# -- receipts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def receipted(fed: Federation) -> tuple[Federation, bytes, bytes]:
    """A delivered question: the federation, the statement and its receipt."""
    raw = letters(fed, "pk", asking())["ir"]
    return fed, parse(raw).statement, receive(fed.node("ir"), raw).receipt


def test_a_receipt_proves_the_verdict(receipted: tuple[Federation, bytes, bytes]) -> None:
    """Role, code and time come out of the proven leaf."""
    fed, statement, receipt = receipted
    verdict = verify_receipt(fed.node("pk"), "ir", statement, receipt)
    assert (verdict.state, verdict.code, verdict.at) == ("admitted", "admitted", fed.clock.now())
    assert verdict.tree_size == fed.node("ir").tree.size == verdict.index + 1


def altered(receipt: bytes) -> dict[str, bytes]:
    """Return receipts that each tell something else than what was signed."""
    proof = parse_proof(receipt)
    role, code, at, salt = decode(proof.extra or b"")
    extras = {
        "verdict": ["refused", code, at, salt],
        "code": [role, "forbidden", at, salt],
        "time": [role, code, at + 1, salt],
        "salt": [role, code, at, bytes(32)],
        "role of a sender": ["sent", code, at, salt],
        "one field less": [role, code, at],
        "time as text": [role, code, str(at), salt],
    }
    bent = {name: replace(proof, extra=encode(extra)).encode() for name, extra in extras.items()}
    bent["no extra"] = replace(proof, extra=None).encode()
    bent["index"] = replace(proof, index=proof.index - 1).encode()
    bent["path"] = replace(proof, hashes=tuple(bytes(32) for _ in proof.hashes)).encode()
    bent["shorter path"] = replace(proof, hashes=proof.hashes[:-1]).encode()
    lines = proof.checkpoint.decode().split("\n")
    bent["size"] = replace(
        proof, checkpoint="\n".join([lines[0], str(int(lines[1]) + 1), *lines[2:]]).encode()
    ).encode()
    bent["one signature line"] = replace(proof, checkpoint="\n".join([*lines[:-2], ""]).encode()).encode()
    bent["truncated"], bent["empty"], bent["junk"] = receipt[: len(receipt) // 2], b"", b"\xff" * 100
    return bent


def test_an_altered_receipt_proves_nothing(receipted: tuple[Federation, bytes, bytes]) -> None:
    """Whatever is changed, the row stays in the outbox and the same bytes are sent again."""
    fed, statement, receipt = receipted
    node, (row, _) = fed.node("pk"), fed.node("pk").store.outbox_for("ir", 9)[-1]
    for name, bent in altered(receipt).items():
        assert bent != receipt, name
        with pytest.raises(PeerError):
            verify_receipt(node, "ir", statement, bent)
        with pytest.raises(PeerError):
            one(node, Act(lambda n, b=bent: settle(n, "ir", row.message_id, b)))
    assert node.store.outbox_for("ir", 9)[-1][0] == row


def test_a_receipt_is_for_its_statement_and_its_log(receipted: tuple[Federation, bytes, bytes]) -> None:
    """It proves nothing about another message, and another member cannot give it."""
    fed, statement, receipt = receipted
    other = parse(letters(fed, "pk", asking(request="R-2"))["ir"]).statement
    for receiver, said in (("ir", other), ("pk", statement)):
        with pytest.raises(PeerError):
            verify_receipt(fed.node("pk"), receiver, said, receipt)
    with pytest.raises(PeerError) as refused:
        verify_receipt(fed.node("pk"), "zz", statement, receipt)
    assert refused.value.code == "unknown-key"


def test_a_receipt_forged_with_other_keys_is_refused(receipted: tuple[Federation, bytes, bytes]) -> None:
    """A stranger who saw the statement builds a whole log around it: the checkpoint is not the receiver's."""
    fed, statement, _ = receipted
    salt = bytes(32)
    tree = Tree([leaf_hash(record_entry("received", "admitted", 1, statement, salt))])
    checkpoint = Checkpoint(fed.node("ir").agreement.origin("ir"), 1, tree.root())
    extra = encode(["received", "admitted", 1, salt])
    for key in (stranger(), fed.node("ir").ring.message, fed.node("ir").ring.witness):
        assert isinstance(key, SigningKey)
        forged = Proof(0, (), sign_checkpoint(checkpoint, key, 1), extra).encode()
        with pytest.raises(PeerError):
            verify_receipt(fed.node("pk"), "ir", statement, forged)
    honest = Proof(0, (), sign_checkpoint(checkpoint, fed.node("ir").ring.log, 1), extra).encode()
    assert verify_receipt(fed.node("pk"), "ir", statement, honest).code == "admitted", (
        "the construction itself is right"
    )


# -- clocks, order and words ------------------------------------------------------------------------------------------


def test_nothing_happens_twice_even_after_a_clock_that_ran_ahead(fed: Federation) -> None:
    """Once duplicate rows were pruned by a wrong clock, the log itself still knows what it holds."""
    node, raw = fed.node("ir"), handmade(fed, "pk", "ir", QUESTION).encode()
    receive(node, raw)
    node.store.prune_seen(fed.clock.now() + 3650 * DAY)
    before = held(node)
    assert refusal(node, raw).code == "message-id-reused"
    assert replace(held(node), refusals={}) == replace(before, refusals={})


def test_a_message_waits_for_signatures_that_others_have_sent() -> None:
    """Its sender saw who had signed the charter; that a signature is late here is nobody's breach."""
    third = make_federation(signed=False)
    revision = third.node("pk").agreement.documents["charter"]
    for member in third.parties:
        others = tuple(name for name in third.parties if name != member)
        third.send(member, Draft(Sign(document="charter", revision=revision), recipients=others))
    for member in ("uz", "ir"):
        for _, _, raw in [row for row in third.waiting(member) if row[0] == "pk"]:
            receive(third.node("pk"), raw)
    third.carry("pk")
    early = letters(third, "pk", opening(third, participants=("pk", "ir", "uz")))["ir"]
    node = third.node("ir")
    before = held(node)
    error = refusal(node, early)
    assert isinstance(error, RetryLater) and error.code == "not-bound" and held(node) == before
    third.carry("uz")
    assert receive(node, early).code == "admitted"


@pytest.mark.parametrize("code", ["", "\x1b[2J", "Admitted", "a" * 41, "two words", "admitted\n"])
def test_a_verdict_is_a_word_and_no_text_of_a_stranger(fed: Federation, code: str) -> None:
    """It is kept and shown to people: a hostile receiver signs whatever it likes into its own log."""
    raw = letters(fed, "pk", asking())["ir"]
    letter, salt, log = parse(raw), bytes(32), fed.node("ir").ring.log
    tree = Tree([leaf_hash(record_entry("received", code, 1, letter.statement, salt))])
    checkpoint = Checkpoint(fed.node("ir").agreement.origin("ir"), 1, tree.root())
    receipt = Proof(0, (), sign_checkpoint(checkpoint, log, 1), encode(["received", code, 1, salt])).encode()
    with pytest.raises(PeerError) as refused:
        one(fed.node("pk"), Act(lambda node: settle(node, "ir", letter.header.mid, receipt)))
    assert refused.value.code == "bad-receipt" and fed.node("pk").store.outbox_for("ir", 9)
