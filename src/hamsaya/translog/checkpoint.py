"""The checkpoint (C2SP tlog-checkpoint): which log, how many leaves, which root.

Rules
1. Line 1 is the origin, line 2 the size in decimal, line 3 the root in base64; further lines are extensions.
2. Every line is non-empty and ends with a newline. Hamsaya's own logs write no extension lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from hamsaya.base.errors import PeerError
from hamsaya.translog.text import MAX_SIZE, read_decimal, read_hash, write_base64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: ``origin`` names the log, ``size`` counts its leaves, ``root`` has 32 bytes."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != 32:
            raise PeerError(
                f"expected a size below 2^63 and a root of 32 bytes, received {self.size} and {len(self.root)} bytes",
                code="bad-checkpoint",
            )
        if not all(line and "\n" not in line for line in (self.origin, *self.extensions)):
            raise PeerError("expected non-empty lines, received an empty one", code="bad-checkpoint")

    def encode(self) -> str:
        """Return the note text, final newline included."""
        return "\n".join((self.origin, str(self.size), write_base64(self.root), *self.extensions, ""))


def parse_checkpoint(unverified_text: str) -> Checkpoint:
    """Return the checkpoint in a note's text.

    Raises:
        PeerError: fewer than three lines, or a line of another form (code ``bad-checkpoint``).
    """
    *lines, tail = unverified_text.split("\n")
    if tail or len(lines) < 3:
        raise PeerError(
            f"expected origin, size and root, each on its line, received {len(lines)} lines",
            code="bad-checkpoint",
        )
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin, read_decimal(size, "bad-checkpoint"), read_hash(root, "bad-checkpoint"), tuple(extensions)
    )
