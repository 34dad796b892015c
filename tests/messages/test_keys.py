"""Key statements and node cards: who may vouch for which key, for how long, and what an altered one is worth."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, WEEK
from hamsaya.canon import decode, encode
from hamsaya.crypto.sealing import KemKey
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.keys import (
    SIGNING_LIFETIME,
    Card,
    KeyStatement,
    KeyUse,
    encode_card,
    fingerprint,
    open_card,
    open_statement,
    open_statements,
    sign_statement,
)

NOW = 1_790_000_000_000
ROOT, OTHER_ROOT = SigningKey("ml-dsa-65", b"r" * 64), SigningKey("ml-dsa-65", b"o" * 64)
MESSAGE, OTHER_MESSAGE = SigningKey("ml-dsa-44", b"m" * 64), SigningKey("ml-dsa-44", b"x" * 64)
LOG, WITNESS, KEM = SigningKey("ml-dsa-44", b"l" * 64), SigningKey("ml-dsa-44", b"w" * 64), KemKey(b"k" * 32)


def statement(
    use: KeyUse = "message", public: bytes = b"", node: str = "pk", begin: int = NOW, **end: int
) -> KeyStatement:
    """Return an unsigned statement."""
    raw = public or (
        KEM.public if use == "kem" else {"message": MESSAGE, "log": LOG, "witness": WITNESS}[use].verifying_key.raw
    )
    return KeyStatement(
        node=node, use=use, public=raw, not_before=begin, not_after=end.get("end", begin + SIGNING_LIFETIME)
    )


VOUCHED = [statement()]
EPOCH = statement("kem", end=NOW + WEEK)


def code_of(raw: bytes, keys: list[KeyStatement] = VOUCHED) -> str:
    """Return how a signed statement is judged under ROOT and ``keys``."""
    try:
        open_statement(raw, ROOT.verifying_key, keys)
    except PeerError as error:
        return error.code
    return "trusted"


@pytest.mark.parametrize("use", ["message", "log", "witness"])
def test_only_the_root_vouches_for_signature_keys(use: KeyUse) -> None:
    """A message key cannot make another message key: whoever steals it has it for a year, not for ever."""
    assert code_of(sign_statement(statement(use), ROOT)) == "trusted"
    for issuer in (MESSAGE, OTHER_ROOT, LOG):
        assert code_of(sign_statement(statement(use), issuer)) == "bad-signature"


def test_only_a_trusted_message_key_vouches_for_kem_keys() -> None:
    """The root lies in a safe; log and witness keys do one thing and not this."""
    assert code_of(sign_statement(EPOCH, MESSAGE)) == "trusted"
    for issuer in (ROOT, LOG, OTHER_MESSAGE):
        assert code_of(sign_statement(EPOCH, issuer)) == "bad-signature"
    assert code_of(sign_statement(EPOCH, MESSAGE), []) == "bad-signature"


def test_a_message_key_vouches_in_its_time_only() -> None:
    """An expired key that leaks later must not make epochs; one four weeks ahead of its end still may."""
    old = [statement(begin=NOW - 2 * SIGNING_LIFETIME)]
    assert code_of(sign_statement(EPOCH, MESSAGE), old) == "bad-signature"
    ending = [statement(begin=NOW - SIGNING_LIFETIME + DAY)]
    ahead = statement("kem", begin=NOW + 4 * WEEK, end=NOW + 5 * WEEK)
    assert code_of(sign_statement(ahead, MESSAGE), ending) == "trusted"
    later = [statement(begin=NOW + SIGNING_LIFETIME)]
    assert code_of(sign_statement(EPOCH, MESSAGE), later) == "bad-signature"


@given(st.data())
@settings(max_examples=80)
def test_an_altered_statement_is_refused(data: st.DataObject) -> None:
    """Public key, node, use and validity are signed bytes; so is their encoding."""
    raw = bytearray(sign_statement(EPOCH, MESSAGE))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    assert code_of(bytes(raw)) in ("bad-signature", "bad-key", "non-canonical")


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "message"},
        {"use": "admin"},
        {"node": "PK"},
        {"node": "pk\n"},
        {"public": b""},
        {"public": bytes(1216 + 1)},
        {"not_after": NOW},
        {"not_after": NOW - 1},
        {"not_before": -1},
        {"not_before": 1.5},
        {"extra": 1},
        {"not_after": 2**48},
    ],
)
def test_statements_out_of_form_are_refused(changes: dict[str, Any]) -> None:
    """Also when the right key signed them: a use off the list, a length of another use, a validity that never is."""
    good = decode(decode(sign_statement(EPOCH, MESSAGE))[0])
    inner = encode({**good, **changes})
    issuer = ROOT if changes.get("use") == "message" else MESSAGE
    raw = encode([inner, list(issuer.sign(b"hamsaya/v1/key\0" + encode(inner)))])
    assert code_of(raw) == "bad-key"


@given(st.binary(max_size=80))
def test_junk_is_refused(junk: bytes) -> None:
    """Neither parser lets anything but PeerError out."""
    for raw in (junk, encode([junk, [junk, junk]]), encode([encode({"node": "pk"}), [junk, junk]])):
        assert code_of(raw) in ("non-canonical", "bad-key")
        with pytest.raises(PeerError):
            open_card(raw)


def test_a_signature_has_one_purpose() -> None:
    """What a message key signed as a card or an envelope is no key statement: each has its own domain."""
    inner = decode(sign_statement(EPOCH, MESSAGE))[0]
    for domain in (b"hamsaya/v1/card\0", b"hamsaya/v1/sig\0", b""):
        assert code_of(encode([inner, list(MESSAGE.sign(domain + encode(inner)))])) == "bad-signature"


def test_validity_is_a_half_open_interval() -> None:
    """The last instant belongs to the next key, so that exactly one is valid at the change."""
    assert EPOCH.valid_at(NOW) and EPOCH.valid_at(NOW + WEEK - 1)
    assert not EPOCH.valid_at(NOW - 1) and not EPOCH.valid_at(NOW + WEEK)


def test_statements_of_another_node_are_refused() -> None:
    """A node publishes its own keys; even correctly signed ones of another node are not its to publish."""
    raw = [sign_statement(statement(), ROOT), sign_statement(EPOCH, MESSAGE)]
    assert [key.use for key in open_statements("pk", raw, ROOT.verifying_key, [])] == ["message", "kem"]
    with pytest.raises(PeerError) as refused:
        open_statements("ir", raw, ROOT.verifying_key, [])
    assert refused.value.code == "bad-key"
    with pytest.raises(PeerError):
        open_statements("pk", raw[::-1], ROOT.verifying_key, [])


def card(signer: SigningKey = MESSAGE, **changes: Any) -> bytes:
    """Return a node card."""
    keys = [sign_statement(statement(use), ROOT) for use in ("message", "log", "witness")] + [
        sign_statement(EPOCH, MESSAGE)
    ]
    plain: dict[str, Any] = {
        "node": "pk",
        "root": ROOT.verifying_key.raw,
        "statements": keys,
        "endpoint": "https://pk.invalid",
        "tls_certificate": b"der",
    }
    return encode_card(Card(**{**plain, **changes}), signer)


def test_a_card_carries_its_own_proof() -> None:
    """Root vouches for the message key, message key for the KEM key and for the card as a whole."""
    opened = open_card(card())
    assert opened.node == "pk" and [key.use for key in opened.open_statements()] == ["message", "log", "witness", "kem"]
    assert opened.fingerprint == fingerprint(ROOT.verifying_key.raw) and len(opened.fingerprint) == 16 * 5 - 1
    assert open_card(card(endpoint=None)).endpoint is None


def test_a_card_of_mixed_hands_is_refused() -> None:
    """Another's message key, another root, keys of another node, or no message key at all."""
    bad = {
        "signed by a stranger": card(signer=OTHER_MESSAGE),
        "root that vouched for nothing": card(root=OTHER_ROOT.verifying_key.raw),
        "another node's keys": card(node="ir"),
        "no message key": card(statements=[sign_statement(statement("log"), ROOT)]),
        "no log key": card(statements=[sign_statement(statement(use), ROOT) for use in ("message", "witness")]),
        "no witness key": card(statements=[sign_statement(statement(use), ROOT) for use in ("message", "log")]),
    }
    for name, raw in bad.items():
        with pytest.raises(PeerError) as refused:
            open_card(raw)
        assert refused.value.code in ("bad-signature", "bad-key", "bad-card"), name


@given(st.data())
@settings(max_examples=60)
def test_an_altered_card_is_refused(data: st.DataObject) -> None:
    """Endpoint and certificate too: they decide where connections go."""
    raw = bytearray(card())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PeerError):
        open_card(bytes(raw))


def test_a_fingerprint_tells_roots_apart() -> None:
    """Two people read it to each other: sixteen groups of four."""
    assert fingerprint(ROOT.verifying_key.raw) != fingerprint(OTHER_ROOT.verifying_key.raw)
    assert all(len(group) == 4 for group in fingerprint(ROOT.verifying_key.raw).split())
