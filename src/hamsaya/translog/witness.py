"""The witness (C2SP tlog-witness): cosign a log's next checkpoint only when it extends the last one cosigned.

Rules of ``add_checkpoint``, in this order; the number is the HTTP status the specification gives
1. 400  the request is not ``old <size>``, at most 63 hashes, an empty line and a checkpoint note.
2. 404  the origin is no log this witness watches.
3. 403  a key of that log has no valid line on the note.
4. 400  the old size exceeds the checkpoint's size.
5. 409  the old size is not the size last cosigned (0 for never); the body tells that size.
6. 409  the sizes are equal and the roots differ: the log has forked (code ``fork``; keep the note as
   evidence).
7. 422  the proof does not verify. From size 0, and between equal sizes, it must be empty.
8. 200  otherwise: the body holds the cosignature lines, and ``seen`` is what to remember.

Reading the last ``Seen``, calling this function, and storing the new ``seen`` must be one transaction,
committed before the answer leaves: two requests judged by one old state would roll the log back. A witness
that has lost its state retires its key; it never starts again from nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hamsaya.base.errors import PeerError
from hamsaya.crypto.signing import SigningKey
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.cosignature import cosign, open_note, verify_note
from hamsaya.translog.note import MAX_NOTE_BYTES, Note, VKey, add_signatures, parse_lines, parse_note
from hamsaya.translog.text import read_decimal, read_hash, read_text, write_base64
from hamsaya.translog.tree import EMPTY_ROOT, verify_consistency

MAX_HASHES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4096
SIZE_TYPE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest tree of one log this witness has cosigned."""

    size: int
    root: bytes


NEVER = Seen(0, EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request as parsed: nothing verified."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, what to remember (``seen``, only with status 200), and why (``code``, '' for 200)."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    seen: Seen | None = None
    code: str = ""


def encode_add_checkpoint(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the request body that asks to cosign ``note``, given the consistency proof from ``old_size``."""
    return "\n".join((f"old {old_size}", *map(write_base64, proof), "", "")).encode() + note


def parse_add_checkpoint(unverified_bytes: bytes) -> AddCheckpoint:
    """Return the request in ``unverified_bytes``.

    Raises:
        PeerError: rule 1 (codes ``bad-request``, ``bad-note``, ``bad-checkpoint``).
    """
    head, gap, note = read_text(unverified_bytes, MAX_REQUEST_BYTES, "bad-request").partition("\n\n")
    old, *hashes = head.split("\n")
    if not gap or not old.startswith("old ") or len(hashes) > MAX_HASHES:
        raise PeerError(
            f"expected an old size, at most {MAX_HASHES} hashes, an empty line and a checkpoint, received another body",
            code="bad-request",
        )
    parsed = parse_note(note.encode())
    return AddCheckpoint(
        read_decimal(old[4:], "bad-request"),
        tuple(read_hash(line, "bad-request") for line in hashes),
        parsed,
        parse_checkpoint(parsed.text),
    )


def add_checkpoint(
    request: AddCheckpoint,
    logs: Mapping[str, Sequence[VKey]],
    seen: Seen,
    signing_key: SigningKey,
    witness_name: str,
    now_s: int,
) -> Answer:
    """Return the answer to ``request`` by rules 2 to 8.

    Args:
        request: As parsed; what does not parse is answered with ``malformed``.
        logs: Origin to all keys of each log watched, every one of which must have signed.
        seen: The last tree cosigned for the request's origin, ``NEVER`` for none.
        signing_key: The witness's key.
        witness_name: The witness's name, which is no log's origin.
        now_s: POSIX time in seconds, >= 1.
    """
    checkpoint = request.checkpoint
    if checkpoint.origin not in logs:
        return _refuse(404, "unknown-log", "this witness does not watch that log; ask its operator to add it")
    try:
        open_note(request.note, logs[checkpoint.origin])
    except PeerError as error:
        return _refuse(403, error.code, str(error))
    refusal = _refuse_step(request, seen)
    if refusal:
        return refusal
    lines = cosign(checkpoint, signing_key, witness_name, now_s)
    body = "".join(line.encode() for line in lines).encode()
    return Answer(200, body, seen=Seen(checkpoint.size, checkpoint.root))


def malformed(error: PeerError) -> Answer:
    """Return the answer to a request that does not parse (rule 1)."""
    return _refuse(400, error.code, str(error))


def _refuse_step(request: AddCheckpoint, seen: Seen) -> Answer | None:
    """Judge the step from the old tree to the new one (rules 4 to 7); None permits it."""
    old, new = request.old_size, request.checkpoint
    if old > new.size:
        return _refuse(400, "bad-request", f"expected an old size of at most {new.size}, received {old}")
    if old != seen.size:
        return Answer(409, f"{seen.size}\n".encode(), SIZE_TYPE, code="stale")
    if old == new.size and seen.root != new.root:
        return _refuse(409, "fork", f"expected the root already cosigned for size {old}, received another")
    try:
        if old:
            verify_consistency(old, new.size, request.proof, seen.root, new.root)
        elif request.proof:
            raise PeerError("expected an empty proof from size 0, received hashes", code="bad-proof")
    except PeerError as error:
        return _refuse(422, error.code, str(error))
    return None


def _refuse(status: int, code: str, sentence: str) -> Answer:
    return Answer(status, f"{sentence}\n".encode(), code=code)


def accept_cosignatures(note: bytes, unverified_body: bytes, witness_keys: Sequence[VKey]) -> bytes:
    """Return ``note`` with the witness's lines from a 200 answer, each of ``witness_keys`` having signed.

    Raises:
        PeerError: malformed, or a key of the witness without a valid line (code ``bad-signature``). Lines of
            other keys are left out.
    """
    lines = parse_lines(read_text(unverified_body, MAX_NOTE_BYTES, "bad-note"))
    own = parse_note(note)
    valid = [line for line in lines if verify_note(Note(own.text, (line,)), witness_keys)]
    if len({(line.name, line.key_id) for line in valid}) != len(set(witness_keys)) or not valid:
        raise PeerError("expected a valid line of every key of the witness, received fewer", code="bad-signature")
    return add_signatures(own, valid).encode()


def parse_conflict(unverified_body: bytes) -> int:
    """Return the size last cosigned from the body of a 409 answer of type ``text/x.tlog.size``."""
    text = read_text(unverified_body, 32, "bad-request")
    return read_decimal(text[:-1] if text.endswith("\n") else "", "bad-request")
