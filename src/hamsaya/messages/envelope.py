"""The envelope: one signed statement, one sealed body, one wrapped content key for each recipient.

    envelope  = CBOR[ header, wraps, sealed_body, [ed25519, ml_dsa] ]
    header    = CBOR[ v, mid, snd, sid, rcp, typ, ins, case, iat, exp, crv, exr, cmt ]
    wraps     = one wrap of 1,168 bytes for each recipient, in the header's order, without separators
    statement = "hamsaya/v1/sig" 0x00 CBOR[ header, SHA-256(wraps), SHA-256(sealed_body), len(sealed_body) ]

Rules
1. The header's received bytes are what is verified, bound and hashed; nothing is re-encoded and then verified.
2. The header enters every wrap (HPKE ``info``) and the body (AEAD associated data), so neither a signature nor a
   wrap can be lifted onto another header: no stripping, no surreptitious forwarding.
3. ``cmt`` commits to the content key, so a sender cannot show two recipients two bodies.
4. Ed25519 and ML-DSA-44 sign the statement; both must verify. The statement is all that a relay, an auditor or
   the log needs: no ciphertext, no secret.

Not here: whether the sender is known, the keys were valid then, or the act is permitted (``node/receive.py``).
Specification with vectors: ``docs/spec/envelope.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import msgspec

from hamsaya.base.errors import PeerError
from hamsaya.canon import decode, digest, encode, tagged
from hamsaya.crypto.sealing import WRAP_BYTES, KemKey, derive, open_body, seal_body, wrap
from hamsaya.crypto.signing import Signature, SigningKey, VerifyingKey
from hamsaya.messages.kinds import Hash, Instant, Member, Ref, misfit

VERSION = 1
MAX_ENVELOPE_BYTES = 1 << 20
MAX_RECIPIENTS = 64
CONTENT_KEY_BYTES = 32
# What the forms hold, and room to say of a form that is slightly wrong what is wrong with it.
_OUTER_VALUES, _HEADER_VALUES = 16, 256
SIGN_DOMAIN = "hamsaya/v1/sig"
_WRAP_LABEL = b"hamsaya/v1/wrap\0"
_COMMIT_LABEL = b"hamsaya/v1/commit"
_BODY_LABEL = b"hamsaya/v1/body"

KeyId = Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]


class Recipient(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A member and the id of the KEM epoch key its wrap is sealed to."""

    member: Member
    kid: KeyId


class Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What everybody on the way may read, in the wire's order: a CBOR array, since names would cost 50 bytes.

    Fields: version, message id, sender, sender's key id, recipients with key ids, kind, instrument, case
    reference, issued at, expires at, charter revision, exercise flag, commitment to the content key.
    """

    v: int
    mid: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    snd: Member
    sid: KeyId
    rcp: Annotated[tuple[Recipient, ...], msgspec.Meta(max_length=MAX_RECIPIENTS)]
    typ: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.[a-z-]{1,32}\Z")]
    ins: Ref
    case: Ref | None
    iat: Instant
    exp: Instant
    crv: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    exr: bool
    cmt: Hash


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope. Parsing proves its form only; ``verify`` proves who signed, ``open`` what it says."""

    header: Header
    header_bytes: bytes
    wraps: bytes
    sealed_body: bytes
    signature: Signature

    @cached_property
    def statement(self) -> bytes:
        """The signed bytes: header and digests of everything else."""
        return _statement(self.header_bytes, self.wraps, self.sealed_body)

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that tell this envelope's bytes from all others: the encoding has one spelling, and the statement
        commits to every part but the signatures."""
        return digest(self.statement + self.signature[0] + self.signature[1])

    def verify(self, key: VerifyingKey) -> None:
        """Return when both signatures of ``key`` hold over the statement; raises PeerError ``bad-signature``."""
        key.verify(self.signature, self.statement)

    def open(self, kem: KemKey) -> bytes:
        """Return the body sealed to ``kem``.

        Raises:
            PeerError: not addressed to this key (``not-for-us``), altered (``cannot-open``) or sealed under
                another content key than the header commits to (``bad-commitment``).
        """
        kids = [recipient.kid for recipient in self.header.rcp]
        if kem.kid not in kids:
            raise PeerError("no wrap in this envelope is for this key", code="not-for-us")
        start = kids.index(kem.kid) * WRAP_BYTES
        wrapped = self.wraps[start : start + WRAP_BYTES]
        content_key = kem.unwrap(wrapped, _wrap_info(self.header_bytes, kem.kid))
        if derive(content_key, _COMMIT_LABEL) != self.header.cmt:
            raise PeerError("the content key is not the one the header commits to", code="bad-commitment")
        return open_body(derive(content_key, _BODY_LABEL), self.sealed_body, self.header_bytes)

    def encode(self) -> bytes:
        """Return the envelope's bytes, identical to the bytes it was parsed from."""
        return encode([self.header_bytes, self.wraps, self.sealed_body, list(self.signature)])


def seal(
    body: bytes,
    *,
    kind: str,
    message_id: bytes,
    sender: str,
    signing_key: SigningKey,
    recipients: dict[str, bytes],
    instrument: str,
    case: str | None,
    issued_at: int,
    expires_at: int,
    charter_revision: bytes,
    exercise: bool,
    content_key: bytes,
) -> Envelope:
    """Return ``body`` sealed to every recipient's KEM public key and signed by the sender.

    Args:
        body: Deterministic CBOR of the typed body.
        recipients: Member slug to KEM public key; may be empty (a note to oneself, readable by nobody else).
        charter_revision: The first 16 bytes of the SHA-256 of the charter document in force.
        content_key: 32 fresh random bytes, never used for another envelope.
    Raises:
        ValueError: a content key of another length; more than 64 recipients.
    """
    if len(content_key) != CONTENT_KEY_BYTES or len(recipients) > MAX_RECIPIENTS:
        raise ValueError(f"expected a 32-byte content key and at most {MAX_RECIPIENTS} recipients")
    kids = {member: digest(public)[:8] for member, public in recipients.items()}
    header = Header(
        v=VERSION,
        mid=message_id,
        snd=sender,
        sid=signing_key.verifying_key.kid,
        rcp=tuple(Recipient(member, kid) for member, kid in kids.items()),
        typ=kind,
        ins=instrument,
        case=case,
        iat=issued_at,
        exp=expires_at,
        crv=charter_revision,
        exr=exercise,
        cmt=derive(content_key, _COMMIT_LABEL),
    )
    header_bytes = encode(msgspec.to_builtins(header, builtin_types=(bytes,)))
    wraps = b"".join(
        wrap(content_key, public, _wrap_info(header_bytes, kids[member])) for member, public in recipients.items()
    )
    sealed_body = seal_body(derive(content_key, _BODY_LABEL), body, header_bytes)
    signature = signing_key.sign(_statement(header_bytes, wraps, sealed_body))
    return Envelope(header, header_bytes, wraps, sealed_body, signature)


def parse(unverified_bytes: bytes) -> Envelope:
    """Return the envelope in ``unverified_bytes``: form checked, nothing verified.

    Raises:
        PeerError: over 1 MiB (``oversize``), not deterministic CBOR (``non-canonical``), or of another shape
            (``bad-envelope``): fields, lengths, one wrap for each recipient, no recipient twice, both signatures.
    """
    if len(unverified_bytes) > MAX_ENVELOPE_BYTES:
        raise PeerError(f"expected at most {MAX_ENVELOPE_BYTES} bytes, received {len(unverified_bytes)}",
                        code="oversize")
    outer = decode(unverified_bytes, _OUTER_VALUES)
    match outer:
        case [bytes() as header_bytes, bytes() as wraps, bytes() as sealed_body, [bytes() as ed, bytes() as ml]]:
            pass
        case _:
            raise PeerError("expected [header, wraps, sealed body, [ed25519, ml-dsa]]", code="bad-envelope")
    header = parse_header(header_bytes)
    members = {recipient.member for recipient in header.rcp}
    if len(wraps) != WRAP_BYTES * len(header.rcp) or len(members) != len(header.rcp):
        raise PeerError(
            f"expected one wrap of {WRAP_BYTES} bytes for each recipient and no recipient twice", code="bad-envelope"
        )
    return Envelope(header, header_bytes, wraps, sealed_body, (ed, ml))


def parse_header(header_bytes: bytes) -> Header:
    """Return the header; raises PeerError ``bad-envelope`` or ``non-canonical``."""
    plain: Any = decode(header_bytes, _HEADER_VALUES)
    try:
        header = msgspec.convert(plain, Header, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise PeerError(f"the header does not fit its schema: {misfit(error)}", code="bad-envelope") from None
    if header.v != VERSION or header.exp <= header.iat:
        raise PeerError(f"expected version {VERSION} and an expiry after the issue time", code="bad-envelope")
    return header


def statement_parts(statement: bytes) -> tuple[Header, bytes, bytes, int]:
    """Return header, digest of wraps, digest of sealed body and its length from a statement (for auditors).

    Raises:
        PeerError: not a statement of this version (``bad-statement``).
    """
    prefix = SIGN_DOMAIN.encode() + b"\0"
    if not statement.startswith(prefix):
        raise PeerError("expected a statement of this version", code="bad-statement")
    match decode(statement[len(prefix) :]):
        case [bytes() as header_bytes, bytes() as wraps, bytes() as body, int() as size]:
            return parse_header(header_bytes), wraps, body, size
        case _:
            raise PeerError("expected [header, H(wraps), H(sealed body), length]", code="bad-statement")


def _wrap_info(header_bytes: bytes, kid: bytes) -> bytes:
    return _WRAP_LABEL + digest(header_bytes) + kid


def _statement(header_bytes: bytes, wraps: bytes, sealed_body: bytes) -> bytes:
    parts = [header_bytes, digest(wraps), digest(sealed_body), len(sealed_body)]
    return tagged(SIGN_DOMAIN, parts)
