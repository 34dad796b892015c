"""Where the sealed chunks of files lie, beside the store, each under its own digest.

What an implementer could fail:
- ``put`` is durable and whole when it returns, or nothing of it is there; the same bytes twice are kept once.
- ``get`` returns bytes of exactly that digest, or None: what the disk has altered is not there any more.
- Every method may be called from any thread, at the same time.
- A full or read-only disk raises StoreError and leaves what was there.

Chunks are ciphertext under keys that lie in the journal alone. Losing them loses no secret and no proof: a holder
fetches them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class ChunkStore(Protocol):
    """Sealed chunks by their SHA-256."""

    def put(self, sealed: bytes) -> bytes:
        """Keep ``sealed`` and return its digest."""
        ...

    def get(self, digest: bytes) -> bytes | None:
        """Return the chunk of that digest, or None."""
        ...

    def has(self, digest: bytes) -> bool:
        """Say whether there is a chunk under that digest; its bytes are looked at by ``get``."""
        ...

    def drop(self, digest: bytes) -> None:
        """Forget a chunk; one that is not there is forgotten already."""
        ...

    def digests(self) -> Iterable[bytes]:
        """Return the digest of every chunk, as they were when asked."""
        ...

    def used(self) -> int:
        """Return how many bytes all chunks take."""
        ...
