"""Who stands behind a message: the persons' signatures, sealed together with the body.

    content = CBOR[ body, [ [person, role, kid, signature], … ] ]       what is sealed; body is a byte string
    signed  = "hamsaya/v1/act" 0x00 CBOR[ federation, node, person, role, kind, instrument, case, recipients,
                                          SHA-256(body) ]               recipients sorted; case may be null

Rules
1. Every kind is sealed in this form; a kind that no person answers for has an empty list.
2. A person signs as one role, for one federation and node, to exactly these recipients: no node can lift the
   signature onto another message, addressee or role.
3. ``kid`` is the key id of the person's credential, so that a message which overtook an enrolment waits for it.
4. The signatures travel inside the seal: who at a desk signed is for the recipients and nobody on the way.

Which kinds need whom, and whether a person was enrolled then: ``node/signers.py``. Layout and vectors:
``docs/spec/envelope.md``, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.canon import decode, digest, encode, tagged
from hamsaya.crypto import personal
from hamsaya.crypto.signing import key_id
from hamsaya.messages.kinds import Ref, misfit

DOMAIN = "hamsaya/v1/act"
MAX_ACTS = 4
# What the form holds, and room to say of one that is slightly wrong what is wrong with it.
_CONTENT_VALUES = 64

PersonRole = Literal["liaison", "releaser", "analyst", "verifier", "auditor", "operator"]


class PersonAct(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One person's signature: pseudonym, the role acted in, the credential's key id, Ed25519."""

    person: Ref
    role: PersonRole
    kid: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]


def encode_content(body: bytes, acts: Sequence[PersonAct]) -> bytes:
    """Return what is sealed for ``body``, the deterministic bytes of a typed body, with its signatures."""
    return encode([body, [[act.person, act.role, act.kid, act.signature] for act in acts]])


def parse_content(unverified_bytes: bytes) -> tuple[bytes, tuple[PersonAct, ...]]:
    """Return the body's bytes and the signatures, of which nothing has been verified.

    Raises:
        PeerError: other than deterministic CBOR (``non-canonical``), or of another shape (``bad-acts``).
    """
    match decode(unverified_bytes, _CONTENT_VALUES):
        case [bytes() as body, list() as plain] if len(plain) <= MAX_ACTS:
            return body, tuple(_act(each) for each in plain)
        case _:
            raise PeerError(f"expected [body, at most {MAX_ACTS} signatures of persons]", code="bad-acts")


def _act(plain: Any) -> PersonAct:
    try:
        return msgspec.convert(plain, PersonAct, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise PeerError(f"a person's signature does not fit its form: {misfit(error)}", code="bad-acts") from None


@dataclass(frozen=True, slots=True)
class Signed:
    """What a person signs, but for the pseudonym and the role: one body from one node to its recipients."""

    federation: str
    node: str
    kind: str
    instrument: str
    case: str | None
    recipients: tuple[str, ...]
    body_digest: bytes

    @classmethod
    def over(
        cls, body: bytes, federation: str, node: str, kind: str, instrument: str, case: str | None,
        recipients: tuple[str, ...],
    ) -> Signed:
        """Return what is signed for ``body``, the deterministic bytes of a typed body."""
        return cls(federation, node, kind, instrument, case, recipients, digest(body))

    def by(self, person: str, role: str) -> bytes:
        """Return the bytes that ``person`` signs as ``role``."""
        return tagged(DOMAIN, [self.federation, self.node, person, role, self.kind, self.instrument, self.case,
                               sorted(self.recipients), self.body_digest])


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's private key with what it is for; it lives in that person's key file and in no node."""

    node: str
    person: str
    roles: tuple[str, ...]
    seed: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """The 32-byte public key, as the enrolment publishes it."""
        return personal.public_of(self.seed)

    def sign(self, signed: Signed, role: str) -> PersonAct:
        """Return this person's signature as ``role``; raises PeerError ``bad-acts`` for a word that is no role."""
        signature = personal.sign(self.seed, signed.by(self.person, role))
        return _act([self.person, role, key_id(self.public), signature])


def encode_person(key: PersonKey) -> bytes:
    """Return the key's bytes; they are secret and belong under encryption."""
    return encode(["hamsaya/v1/person", key.node, key.person, list(key.roles), key.seed])


def parse_person(secret_bytes: bytes) -> PersonKey:
    """Return the key in ``secret_bytes``; raises OperatorError ``wrong-key-file`` for a file of another kind."""
    try:
        match decode(secret_bytes):
            case ["hamsaya/v1/person", str() as node, str() as person, list() as roles, bytes() as seed]:
                return PersonKey(node, person, tuple(roles), seed)
    except PeerError:
        pass
    raise OperatorError("expected a person's key file, received another; see: hamsaya person list",
                        code="wrong-key-file")
