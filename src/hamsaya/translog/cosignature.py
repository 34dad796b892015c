"""Checkpoints signed and verified: the log's own lines, the witnesses' cosignatures (C2SP tlog-cosignature).

Rules
1. Type 0x01 signs the note's text. Type 0x04 signs ``cosignature/v1``, the time, and the text. Type 0x06
   signs the binary ``cosigned_message``: label, cosigner's name, time, origin, start 0, end = size, root; no
   extension lines.
2. 0x04 and 0x06 carry their POSIX time (uint64, seconds) before the signature. Ours is never 0: each of our
   lines also says that this is the largest tree the signer has seen.
3. A log signs twice under its origin as name: 0x01 and 0x06. Both must verify: half a signature is none.
4. A witness signs twice under its own name, which differs from every origin: 0x04 and 0x06.
5. A line that claims a known key and does not verify spoils the whole note (signed-note, Signatures).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from hamsaya.base.errors import PeerError
from hamsaya.crypto.signing import SigningKey, VerifyingKey
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.note import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44,
    Note,
    NoteSignature,
    VKey,
    parse_note,
)
from hamsaya.translog.text import MAX_SIZE

_COSIGNATURE_HEADER = "cosignature/v1"
_SUBTREE_LABEL = b"subtree/v1\n\0"


@dataclass(frozen=True, slots=True)
class Verified:
    """A line that verified: by which key, and at what POSIX time in seconds (None for type 0x01)."""

    vkey: VKey
    time_s: int | None


def log_vkeys(origin: str, key: VerifyingKey) -> tuple[VKey, VKey]:
    """Return the two verifier keys of the log ``origin``."""
    return VKey(origin, ED25519, key.ed25519), VKey(origin, ML_DSA_44, key.ml_dsa)


def witness_vkeys(name: str, key: VerifyingKey) -> tuple[VKey, VKey]:
    """Return the two verifier keys of the witness ``name``."""
    return VKey(name, ED25519_COSIGNATURE, key.ed25519), VKey(name, ML_DSA_44, key.ml_dsa)


def sign_checkpoint(checkpoint: Checkpoint, signing_key: SigningKey, now_s: int) -> bytes:
    """Return the note over ``checkpoint`` with the log's Ed25519 and ML-DSA-44 lines.

    Args:
        checkpoint: Its origin becomes the name of both lines.
        signing_key: The log's key (ML-DSA-44).
        now_s: POSIX time in seconds, >= 1.
    """
    if checkpoint.origin == _COSIGNATURE_HEADER:  # Its text could be read as what a 0x04 line signs.
        raise ValueError("expected another origin than the header of a cosignature")
    ed_key, ml_key = log_vkeys(checkpoint.origin, signing_key.verifying_key)
    text = checkpoint.encode()
    ed_line = ed_key.sign_line(signing_key.sign_ed25519(text.encode()))
    return Note(text, (ed_line, _cosign_ml_dsa(checkpoint, signing_key, ml_key, now_s))).encode()


def cosign(checkpoint: Checkpoint, signing_key: SigningKey, witness_name: str, now_s: int) -> tuple[NoteSignature, ...]:
    """Return the witness's Ed25519 and ML-DSA-44 cosignature lines; the caller has verified consistency.

    Args:
        checkpoint: With its extension lines as received: the Ed25519 line covers them.
        signing_key: The witness's key (ML-DSA-44).
        witness_name: Differs from the log's origin.
        now_s: POSIX time in seconds, >= 1.
    """
    if witness_name == checkpoint.origin:
        raise ValueError("expected a witness name that differs from the log's origin: a log cannot witness itself")
    ed_key, ml_key = witness_vkeys(witness_name, signing_key.verifying_key)
    message = ed25519_message(now_s, checkpoint.encode())
    ed_line = ed_key.sign_line(_u64(now_s) + signing_key.sign_ed25519(message))
    return ed_line, _cosign_ml_dsa(checkpoint, signing_key, ml_key, now_s)


def _cosign_ml_dsa(checkpoint: Checkpoint, signing_key: SigningKey, vkey: VKey, now_s: int) -> NoteSignature:
    if not 1 <= now_s <= MAX_SIZE:
        raise ValueError(f"expected POSIX seconds from 1 to 2^63 - 1, received {now_s}")
    message = ml_dsa_message(vkey.name, now_s, checkpoint.origin, 0, checkpoint.size, checkpoint.root)
    return vkey.sign_line(_u64(now_s) + signing_key.sign_ml_dsa(message))


def ed25519_message(time_s: int, text: str) -> bytes:
    """Return the bytes a 0x04 line signs over the note's ``text``."""
    return f"{_COSIGNATURE_HEADER}\ntime {time_s}\n{text}".encode()


def ml_dsa_message(name: str, time_s: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """Return the bytes a 0x06 line signs: the subtree ``[start, end)`` of log ``origin`` has hash ``root``.

    Raises:
        PeerError: name or origin longer than 255 bytes of UTF-8 (code ``bad-note``).
    """
    return b"".join((_SUBTREE_LABEL, _short(name), _u64(time_s), _short(origin), _u64(start), _u64(end), root))


def verify_note(note: Note, vkeys: Collection[VKey]) -> tuple[Verified, ...]:
    """Return, in the note's order, the lines made by ``vkeys``; lines of other keys are ignored.

    Raises:
        PeerError: a line claims one of ``vkeys`` and does not verify (code ``bad-signature``).
    """
    known = {(key.name, key.key_id): key for key in vkeys}
    return tuple(
        Verified(key, verify_line(key, note.text, line.value))
        for line in note.signatures
        if (key := known.get((line.name, line.key_id)))
    )


def verify_line(vkey: VKey, text: str, value: bytes) -> int | None:
    """Return the time in a line of ``vkey`` over ``text`` once its signature holds (None for type 0x01).

    Raises:
        PeerError: it does not hold (code ``bad-signature``), or 0x06 over a text that is no checkpoint.
    """
    if vkey.kind == ED25519:
        time_s, message, signature = None, text.encode(), value
    else:
        time_s, signature = int.from_bytes(value[:8], "big"), value[8:]
        message = (
            ed25519_message(time_s, text)
            if vkey.kind == ED25519_COSIGNATURE
            else _checkpoint_message(vkey.name, time_s, text)
        )
    try:
        if time_s is not None and time_s > MAX_SIZE:
            raise InvalidSignature
        _load(vkey.kind, vkey.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise PeerError(
            f"expected a valid signature of {vkey.name} (type 0x{vkey.kind:02x}), it does not verify",
            code="bad-signature",
        ) from None
    return time_s


@lru_cache(maxsize=64)
def open_checkpoint(unverified_note: bytes, vkeys: tuple[VKey, ...]) -> Checkpoint:
    """Return the checkpoint of a note that every key of the log has signed. Remembers the last 64 notes.

    Args:
        unverified_note: The note as received; lines of witnesses are left for the policy.
        vkeys: All keys of the one log that is expected, see ``log_vkeys``.
    Raises:
        PeerError: malformed, another origin (code ``wrong-origin``), or a key whose line is missing or wrong
            (code ``bad-signature``).
    """
    return open_note(parse_note(unverified_note), vkeys)


def open_note(note: Note, vkeys: Sequence[VKey]) -> Checkpoint:
    """Return the checkpoint of a parsed note that every one of ``vkeys`` signed, as ``open_checkpoint``."""
    checkpoint = parse_checkpoint(note.text)
    if {key.name for key in vkeys} != {checkpoint.origin}:
        raise PeerError(
            "expected a checkpoint of the log whose keys were given, received another origin",
            code="wrong-origin",
        )
    missing = set(vkeys) - {line.vkey for line in verify_note(note, vkeys)}
    if missing:
        raise PeerError(
            f"expected a line of every key of the log, received none of {len(missing)}", code="bad-signature"
        )
    return checkpoint


def _checkpoint_message(name: str, time_s: int, text: str) -> bytes:
    checkpoint = parse_checkpoint(text)
    return ml_dsa_message(name, time_s, checkpoint.origin, 0, checkpoint.size, checkpoint.root)


@lru_cache(maxsize=256)
def _load(kind: int, public: bytes) -> Ed25519PublicKey | MLDSA44PublicKey:
    """Parse a public key once: parsing costs a fifth of a verification."""
    if kind == ML_DSA_44:
        return MLDSA44PublicKey.from_public_bytes(public)
    return Ed25519PublicKey.from_public_bytes(public)


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _short(text: str) -> bytes:
    raw = text.encode()
    if not 1 <= len(raw) <= 255:
        raise PeerError(f"expected a name of 1 to 255 bytes, received {len(raw)}", code="bad-note")
    return bytes([len(raw)]) + raw
