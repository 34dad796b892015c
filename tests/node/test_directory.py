"""Whose keys are whose: what a stolen message key, a hostile peer and a wrong order of arrival can do to the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hamsaya.base.errors import HamsayaError, PeerError, PolicyRefusal
from hamsaya.base.instants import DAY, WEEK
from hamsaya.crypto.sealing import KemKey
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.keys import EPOCH_LENGTH, KeyStatement, sign_statement
from hamsaya.messages.node import Publish
from hamsaya.node.directory import MAX_KEYS, PeerRecord
from hamsaya.node.rotation import close_key, peers_to_tell, prepare_successor, promote_successor, rotate_keys
from hamsaya.node.send import Draft
from hamsaya.node.writer import Act
from tests.node.making import handmade, letters, opening, parties, receive, refusal, stranger
from tests.node.test_key_renewal import root_of
from tests.support.federation import Federation, one


@pytest.fixture
def fed() -> Federation:
    """Three parties, a day after they were founded."""
    federation = parties("pk", "ir", "uz")
    federation.clock.advance(DAY)
    return federation


def root() -> SigningKey:
    """pk's root."""
    return root_of("pk")


def publishing(fed: Federation, by: str, statements: list[bytes], key: SigningKey | None = None) -> bytes:
    """Return a publication to ir that ``key`` signs as ``by``."""
    changes = {} if key is None else {"signing_key": key}
    body = Publish(statements=statements)
    return handmade(fed, by, "ir", body, instrument="founding", case=None, **changes).encode()


def kem_statement(fed: Federation, by: str, kem: KemKey, key: SigningKey, start: int | None = None) -> bytes:
    """Return a week's statement of ``kem`` that ``key`` vouches for."""
    start = fed.clock.now() if start is None else start
    return sign_statement(
        KeyStatement(node=by, use="kem", public=kem.public, not_before=start, not_after=start + EPOCH_LENGTH), key
    )


def renew(fed: Federation, *, deliver: bool = True) -> tuple[SigningKey, list[bytes]]:
    """Renew pk's message key; return the old key and what closes it."""
    node = fed.node("pk")
    old = node.ring.message
    statement = one(node, Act(lambda n: prepare_successor(n, root())))
    fed.send("pk", Draft(Publish(statements=[statement]), ("ir", "uz")))  # type: ignore[list-item]
    one(node, Act(promote_successor))
    if deliver:
        fed.carry_all()
    return old, close_key(node, old, root())


def at_ir(fed: Federation) -> PeerRecord:
    """What ir's node knows of pk."""
    return fed.node("ir").state.directory.peers["pk"]


def test_nobody_dates_a_message_back_into_a_closed_keys_life(fed: Federation) -> None:
    """A key a day old: any instant of its true life is less than thirty days ago, so no expiry would help."""
    (founded,) = {key.not_before for key in at_ir(fed).keys("message")}
    old, closing = renew(fed)
    receive(fed.node("ir"), publishing(fed, "pk", closing))
    for at in (founded, founded + 1, fed.clock.now(), 0):
        letter = handmade(fed, "pk", "ir", opening(fed).body, signing_key=old, issued_at=at, expires_at=at + 30 * DAY)
        assert refusal(fed.node("ir"), letter.encode()).code in ("unknown-key", "expired")


def test_with_a_closed_key_end_the_sealing_keys_it_vouched_for(fed: Federation) -> None:
    """Else a thief, who publishes a sealing key before the theft is found, goes on reading what others send."""
    theirs = KemKey(b"t" * 32)
    stolen = fed.node("pk").ring.message
    receive(fed.node("ir"), publishing(fed, "pk", [kem_statement(fed, "pk", theirs, stolen)], stolen))
    assert at_ir(fed).kem_at(fed.clock.now()).public == theirs.public  # type: ignore[union-attr]
    _, closing = renew(fed)
    receive(fed.node("ir"), publishing(fed, "pk", closing))
    own = {epoch.kem.public for epoch in fed.node("pk").ring.epochs}
    assert {key.public for key in at_ir(fed).keys("kem")} == own, "and the true ones are there at once"
    assert letters(fed, "ir", opening(fed, participants=("ir", "pk")))


def test_a_closed_key_stays_closed_in_any_order(fed: Federation) -> None:
    """The statement that once opened it is public: it comes late, or again, and opens nothing."""
    original = next(raw for raw in _statements(fed, "pk") if raw.use == "message")
    old, closing = renew(fed)
    record = at_ir(fed)
    closed = replace(record, statements=tuple(s for s in record.statements if s.public != original.public))
    shut = KeyStatement(node="pk", use="message", public=old.verifying_key.raw, not_before=0, not_after=1)
    for order in ((original, shut), (shut, original)):
        keys = replace(closed, statements=closed.statements + order).keys("message")
        assert [key.not_after for key in keys if key.public == old.verifying_key.raw] == [1]
    receive(fed.node("ir"), publishing(fed, "pk", closing))
    receive(fed.node("ir"), publishing(fed, "pk", [sign_statement(original, root())]))
    assert not any(key.valid_at(fed.clock.now()) for key in at_ir(fed).keys("message") if key.public == original.public)


def _statements(fed: Federation, member: str) -> tuple[KeyStatement, ...]:
    return fed.node("ir").state.directory.peers[member].statements


def test_a_sealing_key_nobody_can_seal_to_is_refused(fed: Federation) -> None:
    """Else one hostile peer keeps everybody from publishing keys: each publication goes to all at once."""
    good, thief = fed.node("uz").ring.epochs[0].kem.public, fed.node("uz").ring.message
    now = fed.clock.now()
    for public in (good[:1184] + bytes(32), bytes([255]) * len(good), good[:-1]):
        with pytest.raises(PeerError) as refused:
            KeyStatement(node="uz", use="kem", public=public, not_before=now, not_after=now + WEEK)
        assert refused.value.code == "bad-key"
    plain = {"node": "uz", "use": "kem", "public": good[:1184] + bytes(32), "not_before": now, "not_after": now + WEEK}
    raw = _signed_plain(plain, thief)
    assert receive(fed.node("ir"), publishing(fed, "uz", [raw])).code == "bad-key"
    fed.clock.advance(WEEK)
    made = one(fed.node("ir"), Act(rotate_keys))
    publication = Publish(statements=made)  # type: ignore[arg-type]
    told = fed.send("ir", Draft(publication, peers_to_tell(fed.node("ir"), publication))).recipients
    assert set(told) == {"pk", "uz"}


def _signed_plain(plain: dict[str, object], key: SigningKey) -> bytes:
    """Return a signed statement that no constructor of ours would make."""
    from hamsaya.canon import encode, tagged

    inner = encode(plain)
    return encode([inner, list(key.sign(tagged("hamsaya/v1/key", inner)))])


def test_a_party_has_a_bounded_number_of_keys(fed: Federation) -> None:
    """Every statement is tried when others are verified: without a bound one peer slows a node down for all."""
    key = fed.node("uz").ring.message
    seeds = [KemKey(number.to_bytes(32, "big")) for number in range(MAX_KEYS + 8)]
    raws = [kem_statement(fed, "uz", kem, key) for kem in seeds]
    assert receive(fed.node("ir"), publishing(fed, "uz", raws[:16])).code == "admitted"
    assert receive(fed.node("ir"), publishing(fed, "uz", raws[16:])).code == "too-many-keys"
    assert len(_statements(fed, "uz")) < MAX_KEYS + 8


def test_sealing_keys_leave_when_they_are_over(fed: Federation) -> None:
    """A node runs for years: its neighbours keep the present keys, and it does not publish the past again."""
    for _ in range(12):
        fed.clock.advance(WEEK)
        for member in fed.parties:
            made = one(fed.node(member), Act(rotate_keys))
            assert len(made) == 1  # type: ignore[arg-type]
            others = tuple(name for name in fed.parties if name != member)
            fed.send(member, Draft(Publish(statements=made), others))  # type: ignore[arg-type]
        fed.carry_all()
    assert 5 <= len(at_ir(fed).keys("kem")) <= 7 < len(fed.node("pk").ring.epochs)
    assert letters(fed, "ir", opening(fed, "C-9", ("ir", "pk"))), "and can still be sealed to"


@pytest.mark.parametrize(("use", "days"), [("kem", 8), ("message", 367)])
def test_a_key_lives_no_longer_than_agreed(fed: Federation, use: str, days: int) -> None:
    """The specification gives a week and a year; a thief's key for a century is none."""
    now = fed.clock.now()
    public = fed.node("pk").ring.epochs[0].kem.public if use == "kem" else stranger().verifying_key.raw
    plain = {"node": "pk", "use": use, "public": public, "not_before": now, "not_after": now + days * DAY}
    issuer = fed.node("pk").ring.message if use == "kem" else root()
    assert receive(fed.node("ir"), publishing(fed, "pk", [_signed_plain(plain, issuer)])).code == "bad-key"


def test_our_own_publication_is_judged_alike(fed: Federation) -> None:
    """What peers would refuse does not leave this node."""
    with pytest.raises(PolicyRefusal) as refused:
        fed.send("pk", Draft(Publish(statements=[b"junk"]), ("ir",)))
    assert isinstance(refused.value, HamsayaError) and refused.value.code in ("bad-key", "non-canonical")
