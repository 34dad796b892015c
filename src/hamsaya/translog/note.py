"""Signed notes and verifier keys (C2SP signed-note): text, an empty line, and one line per signature.

Rules
1. A note is UTF-8 without control characters other than newline; its text ends at the last empty line.
2. A signature line is ``— <name> base64(key id ‖ signature)``; key id = SHA-256(name ‖ newline ‖ type ‖
   key)[:4].
3. A name is not empty and holds no space and no plus. Types known here: 0x01 Ed25519 over the text, 0x04
   Ed25519 cosignature, 0x06 ML-DSA-44 cosignature; whoever verifies is given the keys, and ignores lines of
   other keys.
4. At most 64 signatures and 256 KiB: two lines of the log and two of each of 31 witnesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest
from hamsaya.translog.text import read_base64, read_text, write_base64

ED25519, ED25519_COSIGNATURE, ML_DSA_44 = 0x01, 0x04, 0x06
KEY_BYTES = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44: 1312}
MAX_SIGNATURES = 64
MAX_NOTE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line, not verified: who signed, with which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    value: bytes

    def encode(self) -> str:
        """Return the line, newline included."""
        return f"\u2014 {self.name} {write_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as parsed, nothing verified. ``text`` includes its final newline."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the bytes of the note."""
        return (self.text + "\n" + "".join(line.encode() for line in self.signatures)).encode()


@dataclass(frozen=True)
class VKey:
    """A verifier key: the name that signs, the signature type (one byte) and the raw public key."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name, "bad-vkey")
        if len(self.public) != KEY_BYTES.get(self.kind, -1):
            raise PeerError(
                "expected a key of type 0x01 or 0x04 (32 bytes) or 0x06 (1312 bytes), "
                f"received type 0x{self.kind:02x} with {len(self.public)} bytes",
                code="bad-vkey",
            )

    @cached_property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which lines this key claims."""
        return digest(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    def sign_line(self, value: bytes) -> NoteSignature:
        """Return the line that carries the signature ``value`` made with this key's private half."""
        return NoteSignature(self.name, self.key_id, value)

    def encode(self) -> str:
        """Return ``name+id+base64(type ‖ key)``."""
        return f"{self.name}+{self.key_id.hex()}+{write_base64(bytes([self.kind]) + self.public)}"


def parse_vkey(unverified_text: str) -> VKey:
    """Return the key written in ``unverified_text``.

    Raises:
        PeerError: another form, an unknown type, a wrong length or a key id that does not fit (code
            ``bad-vkey``).
    """
    name, _, rest = unverified_text.partition("+")
    key_id, _, material = rest.partition("+")
    raw = read_base64(material, "bad-vkey")
    key = VKey(name, raw[0] if raw else 0, raw[1:])
    if key.key_id.hex() != key_id:
        raise PeerError("expected the key id that follows from name and key, received another", code="bad-vkey")
    return key


def parse_note(unverified_bytes: bytes) -> Note:
    """Return the note in ``unverified_bytes``; no signature has been verified.

    Raises:
        PeerError: too large, not UTF-8, no signature, or a line of another form (code ``bad-note``).
    """
    whole = read_text(unverified_bytes, MAX_NOTE_BYTES, "bad-note")
    text, gap, lines = whole.rpartition("\n\n")
    if not gap:
        raise PeerError("expected a text, an empty line and signature lines, received no empty line", code="bad-note")
    return Note(text + "\n", parse_lines(lines))


def parse_lines(text: str) -> tuple[NoteSignature, ...]:
    """Return the 1 to 64 signature lines of ``text``, each ended by a newline; else ``bad-note``."""
    *lines, tail = text.split("\n")
    if tail or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise PeerError(
            f"expected 1 to {MAX_SIGNATURES} signature lines ended by newlines, received {len(lines)}",
            code="bad-note",
        )
    return tuple(_parse_line(line) for line in lines)


def _parse_line(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    check_name(name, "bad-note")
    raw = read_base64(encoded, "bad-note")
    if dash != "\u2014" or len(raw) < 5:
        raise PeerError(
            "expected an em dash, a name, and base64 of at least 5 bytes, received another line",
            code="bad-note",
        )
    return NoteSignature(name, raw[:4], raw[4:])


def check_name(name: str, code: str) -> None:
    """Refuse what may not be a key name: nothing, spaces, plus signs, controls, bytes that are not UTF-8."""
    if not name or "+" in name or any(char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name):
        raise PeerError("expected a key name without spaces and plus signs, received another", code=code)


def add_signatures(note: Note, lines: Iterable[NoteSignature]) -> Note:
    """Return the note with ``lines`` behind its own, leaving out those it already has."""
    return Note(note.text, tuple(dict.fromkeys((*note.signatures, *lines))))
