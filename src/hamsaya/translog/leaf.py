"""What Hamsaya writes into a log: a salted hash of a statement, never the statement.

The signed statement of an envelope is low in entropy (who wrote to whom, when, about which case), so a bare
hash could be guessed. The entry is therefore ``SHA-256("hamsaya/v1/leaf" ‖ 0x00 ‖ CBOR[salt, statement])``
with a random 32-byte salt kept beside the statement; whoever may oversee the statement receives both and
recomputes the entry. Entry bundles carry these 32 bytes; the leaf hash of the tree is taken over them (RFC
6962).
"""

from __future__ import annotations

from hamsaya.base.errors import PeerError
from hamsaya.canon import digest, tagged

DOMAIN = "hamsaya/v1/leaf"
SALT_BYTES = 32


def leaf_entry(salt: bytes, statement: bytes) -> bytes:
    """Return the 32-byte log entry for ``statement`` under ``salt`` (32 random bytes, used once).

    Raises:
        PeerError: the salt has another length (code ``bad-leaf``).
    """
    if len(salt) != SALT_BYTES:
        raise PeerError(f"expected a salt of {SALT_BYTES} bytes, received {len(salt)}", code="bad-leaf")
    return digest(tagged(DOMAIN, [salt, statement]))
