"""Key statements and node cards: who may sign and where to seal, each claim signed.

    offline root (Ed25519 + ML-DSA-65) ──signs──► message, log and witness keys (a year each)
    message key                        ──signs──► KEM epoch keys (a week each, published four ahead)

A key does one thing: message keys sign statements, log keys sign checkpoints, witness keys cosign the checkpoints
of others, KEM keys open. Every key statement travels in ``keys.publish`` or in the card that the operator admitted,
so each one is a leaf in every log: a key change is public to all members.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.base.instants import DAY, WEEK
from hamsaya.canon import decode, digest, encode, tagged
from hamsaya.crypto.sealing import check_kem_public
from hamsaya.crypto.signing import Signature, SigningKey, VerifyingKey, key_id
from hamsaya.messages.kinds import Instant, Member, misfit

KeyUse = Literal["message", "log", "witness", "kem"]
SIGNING_LIFETIME = 366 * DAY
EPOCH_LENGTH = WEEK
EPOCHS_AHEAD = 4
STORE_AND_FORWARD = 30 * DAY
_DOMAIN = "hamsaya/v1/key"
_CARD_DOMAIN = "hamsaya/v1/card"


class KeyStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One public key, its single use and its validity [not_before, not_after) in UTC milliseconds."""

    node: Member
    use: KeyUse
    public: bytes
    not_before: Instant
    not_after: Instant

    def __post_init__(self) -> None:
        if self.use == "kem":  # A bad one would keep its owner's neighbours from sealing to anybody with it.
            check_kem_public(self.public)
        else:
            VerifyingKey.parse(self.public)

    @property
    def kid(self) -> bytes:
        """The 8-byte key id."""
        return key_id(self.public)

    def valid_at(self, instant: int) -> bool:
        """Say whether the key may be used at ``instant``."""
        return self.not_before <= instant < self.not_after

    @property
    def verifying_key(self) -> VerifyingKey:
        """The signature key; meaningful for every use but ``kem``."""
        return VerifyingKey.parse(self.public)


def sign_statement(statement: KeyStatement, issuer: SigningKey) -> bytes:
    """Return the statement with the issuer's two signatures: CBOR[statement, [ed25519, ml_dsa]]."""
    inner = encode(msgspec.to_builtins(statement, builtin_types=(bytes,)))
    return encode([inner, list(issuer.sign(tagged(_DOMAIN, inner)))])


def open_statement(unverified_bytes: bytes, root: VerifyingKey, message_keys: list[KeyStatement]) -> KeyStatement:
    """Return the key statement when the right issuer signed it.

    Args:
        root: The node's root key; it must have signed every use but ``kem``.
        message_keys: Already trusted message-key statements of the same node; one of them must have signed a
            ``kem`` statement, for an epoch of its own time or of the four weeks it is published ahead.
    Raises:
        PeerError: malformed (``bad-key``), or signed by nobody who may (``bad-signature``).
    """
    statement, signed, signature = _parse_statement(unverified_bytes)
    issuers = [root] if statement.use != "kem" else [
        key.verifying_key for key in message_keys
        if key.not_before < statement.not_after and statement.not_before < key.not_after + EPOCHS_AHEAD * EPOCH_LENGTH
    ]
    for issuer in issuers:
        try:
            issuer.verify(signature, signed)
        except PeerError:
            continue
        return statement
    raise PeerError(f"no trusted key of {statement.node} signed this {statement.use} key", code="bad-signature")


def _parse_statement(unverified_bytes: bytes) -> tuple[KeyStatement, bytes, Signature]:
    inner, signature = parse_signed(unverified_bytes, "statement", "bad-key")
    try:
        statement = msgspec.convert(decode(inner), KeyStatement, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise PeerError(f"the key statement does not fit its schema: {misfit(error)}", code="bad-key") from None
    longest = EPOCH_LENGTH if statement.use == "kem" else SIGNING_LIFETIME
    if not 0 < statement.not_after - statement.not_before <= longest:
        raise PeerError(f"expected a key validity of at most {longest // DAY} days that ends after it begins",
                        code="bad-key")
    return statement, tagged(_DOMAIN, inner), signature


def parse_signed(unverified_bytes: bytes, what: str, code: str) -> tuple[bytes, Signature]:
    """Return the bytes of ``what`` and the two signatures beside them, nothing verified; raises PeerError ``code``."""
    match decode(unverified_bytes):
        case [bytes() as inner, [bytes() as ed, bytes() as ml]]:
            return inner, (ed, ml)
        case _:
            raise PeerError(f"expected [{what}, [ed25519, ml-dsa]]", code=code)


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A node's visiting card: what a peer's operator checks by fingerprint and admits once.

    ``endpoint`` is None for a node that accepts no inbound connection: it pulls.
    """

    node: Member
    root: Annotated[bytes, msgspec.Meta(min_length=32 + 1952, max_length=32 + 1952)]
    statements: Annotated[list[bytes], msgspec.Meta(min_length=1, max_length=32)]
    endpoint: Annotated[str, msgspec.Meta(max_length=200)] | None
    tls_certificate: Annotated[bytes, msgspec.Meta(max_length=8192)]

    @property
    def root_key(self) -> VerifyingKey:
        """The root's public key (Ed25519 and ML-DSA-65)."""
        return VerifyingKey.parse(self.root, "ml-dsa-65")

    @property
    def fingerprint(self) -> str:
        """The root key's fingerprint, for two people to read to each other."""
        return fingerprint(self.root)

    def open_statements(self) -> list[KeyStatement]:
        """Return every statement, verified; message keys first, since they vouch for the KEM keys.

        Raises:
            PeerError: one is malformed, of another node, or not signed by who must sign it.
        """
        return open_statements(self.node, self.statements, self.root_key, [])


def fingerprint(root: bytes) -> str:
    """Return SHA-256 of a root key as sixteen groups of four hex digits."""
    text = digest(root).hex()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def open_statements(
    node: str, statements: list[bytes], root: VerifyingKey, known_message_keys: list[KeyStatement]
) -> list[KeyStatement]:
    """Return the verified statements in order; a message key in the list vouches for KEM keys after it."""
    opened: list[KeyStatement] = []
    trusted = list(known_message_keys)
    for raw in statements:
        statement = open_statement(raw, root, trusted)
        if statement.node != node:
            raise PeerError(f"expected key statements of {node}, received one of {statement.node}", code="bad-key")
        if statement.use == "message":
            trusted.append(statement)
        opened.append(statement)
    return opened


def encode_card(card: Card, message_key: SigningKey) -> bytes:
    """Return the card signed by the node's message key: CBOR[card, [ed25519, ml_dsa]]."""
    inner = encode(msgspec.to_builtins(card, builtin_types=(bytes,)))
    return encode([inner, list(message_key.sign(tagged(_CARD_DOMAIN, inner)))])


def open_card(unverified_bytes: bytes) -> Card:
    """Return the card when its own message key signed it and its root vouches for that key.

    A card proves nothing about who is behind it: the operator compares the fingerprint by another channel.

    Raises:
        PeerError: malformed (``bad-card``) or not consistent in itself (``bad-signature``).
    """
    inner, signature = parse_signed(unverified_bytes, "node card", "bad-card")
    try:
        card = msgspec.convert(decode(inner), Card, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise PeerError(f"the node card does not fit its schema: {misfit(error)}", code="bad-card") from None
    statements = card.open_statements()
    if missing := {"message", "log", "witness"} - {statement.use for statement in statements}:
        raise PeerError(f"expected a {sorted(missing)[0]} key in the node card", code="bad-card")
    message_keys = [key for key in statements if key.use == "message"]
    message_keys[-1].verifying_key.verify(signature, tagged(_CARD_DOMAIN, inner))
    return card
