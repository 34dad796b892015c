"""Keys and envelopes for tests, from fixed seeds, and a second maker of envelopes that breaks one rule at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hamsaya.canon import decode, digest, encode, tagged
from hamsaya.crypto.sealing import WRAP_BYTES, KemKey, derive, seal_body, wrap
from hamsaya.crypto.signing import SigningKey
from hamsaya.messages.envelope import Envelope, seal

SENDER, MALLORY = SigningKey("ml-dsa-44", b"S" * 64), SigningKey("ml-dsa-44", b"M" * 64)
B, C, M = KemKey(b"B" * 32), KemKey(b"C" * 32), KemKey(b"M" * 32)
KEMS = {"bb": B, "cc": C}
CEK = bytes(range(32))
BODY = encode({"request": "R-1", "officer": "desk-1"})
DEFAULTS: dict[str, Any] = {
    "kind": "case.acknowledge",
    "message_id": bytes(range(16)),
    "sender": "aa",
    "signing_key": SENDER,
    "instrument": "case-exchange",
    "case": "C-1",
    "issued_at": 1_000,
    "expires_at": 2_000,
    "charter_revision": b"R" * 16,
    "exercise": True,
    "content_key": CEK,
}


def sealed(body: bytes = BODY, to: dict[str, KemKey] = KEMS, **changes: Any) -> Envelope:
    """Return an honest envelope."""
    recipients = {member: kem.public for member, kem in to.items()}
    return seal(body, recipients=recipients, **{**DEFAULTS, **changes})


def wraps_of(envelope: Envelope) -> list[bytes]:
    """Return the wraps one by one."""
    return [envelope.wraps[at : at + WRAP_BYTES] for at in range(0, len(envelope.wraps), WRAP_BYTES)]


def signed(envelope: Envelope, key: SigningKey) -> Envelope:
    """Return ``envelope`` with the signature ``key`` makes over what it now says."""
    bare = Envelope(envelope.header, envelope.header_bytes, envelope.wraps, envelope.sealed_body, (b"", b""))
    return replace(bare, signature=key.sign(bare.statement))


def header_with(envelope: Envelope, **changes: Any) -> bytes:
    """Return the header's bytes with fields replaced by position name."""
    names = ["v", "mid", "snd", "sid", "rcp", "typ", "ins", "case", "iat", "exp", "crv", "exr", "cmt"]
    plain = dict(zip(names, decode(envelope.header_bytes), strict=True))
    assert set(changes) <= set(names)
    return encode(list({**plain, **changes}.values()))


def outer(envelope: Envelope, **changes: Any) -> bytes:
    """Return the envelope's bytes with outer parts replaced."""
    parts: dict[str, Any] = {
        "header": envelope.header_bytes,
        "wraps": envelope.wraps,
        "body": envelope.sealed_body,
        "sigs": list(envelope.signature),
    }
    assert set(changes) <= set(parts)
    return encode(list({**parts, **changes}.values()))


@dataclass
class Crooked:
    """A sender that follows the format by hand, so that a test can make it cheat in one place.

    ``keys`` gives each recipient the content key wrapped for it, ``committed`` is the key the header commits to,
    ``sealed_with`` the one the body is sealed under.
    """

    to: dict[str, KemKey] = field(default_factory=lambda: dict(KEMS))
    keys: dict[str, bytes] = field(default_factory=dict)
    committed: bytes = CEK
    sealed_with: bytes = CEK
    body: bytes = BODY

    def make(self) -> Envelope:
        """Return the envelope, correctly signed by the sender."""
        honest = sealed(to=self.to)
        header_bytes = header_with(honest, cmt=derive(self.committed, b"hamsaya/v1/commit"))
        wraps = b"".join(
            wrap(self.keys.get(member, CEK), kem.public, b"hamsaya/v1/wrap\0" + digest(header_bytes) + kem.kid)
            for member, kem in self.to.items()
        )
        body = seal_body(derive(self.sealed_with, b"hamsaya/v1/body"), self.body, header_bytes)
        statement = tagged("hamsaya/v1/sig", [header_bytes, digest(wraps), digest(body), len(body)])
        return Envelope(honest.header, header_bytes, wraps, body, SENDER.sign(statement))
