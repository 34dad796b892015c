"""A file that belongs to an item: its signed message names every sealed chunk by digest; the chunks travel beside it.

    chunk   = the next 1,048,576 bytes of the file; the last one is what is left, padded as bodies are
    sealed  = AES-256-GCM(key, index in 11 bytes || 1 for the last, else 0, chunk, bound), without the nonce
    bound   = "hamsaya/v1/chunk" 0x00 CBOR[ case, item, attachment ]

The key is fresh for each file, so a nonce is used once; index and last-flag in the nonce, and the list of digests in
the signed message, keep chunks from being moved, left out or added. The ``sheet`` says what the file is and holds the
key. Under D2 and D3 it travels locked under a key that follows from the item's (``node/sheets.py``): before the caveats
are accepted a holder knows how many bytes there are, and neither name, type, digest nor content.

Types are a closed list. No archive, program, script, markup or office document is on it: what cannot be named cannot be
sent. Whether a file is what it says is found by ``cases/filetypes.py``, on both sides.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hamsaya.messages.items import Key
from hamsaya.messages.kinds import Body, Hash, Ref, kind

CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
MAX_ATTACHMENT_BYTES = 100 << 20
"""100 MiB, a little more than 100 MB."""
MAX_CHUNKS = MAX_ATTACHMENT_BYTES // CHUNK_BYTES
MAX_LAST_BYTES = CHUNK_BYTES + CHUNK_BYTES // 32 + TAG_BYTES
"""The longest sealed last chunk: a whole chunk with its length, padded."""
MAX_SEALED_BYTES = MAX_CHUNKS * (CHUNK_BYTES + TAG_BYTES) + CHUNK_BYTES // 32

FileType = Literal[
    "application/pdf", "audio/flac", "audio/mpeg", "audio/ogg", "audio/wav", "image/jpeg", "image/png", "image/tiff",
    "image/webp", "text/plain", "video/mp4",
]
# No path, no control character, none that turns the direction of writing, no space at the ends, no leading dot.
FileName = Annotated[str, msgspec.Meta(
    pattern=r"^(?![. ])[^\x00-\x1f\x7f-\x9f/\\:*?\"<>|"
            r"\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]{1,120}(?<![. ])\Z"
)]


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a file is called, what it is, how long, its SHA-256, and the key of its chunks."""

    file: FileName
    type: FileType
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_ATTACHMENT_BYTES)]
    digest: Hash
    key: Key


@kind("case.attach")
class Attach(Body, frozen=True):
    """The originator gives a file with an item, to all who hold the item; one person prepares it, another releases it.

    ``chunks`` are the SHA-256 digests of the sealed chunks, in order. The sheet is ``locked`` where the item is. Once
    the item has been deleted here all three are empty: the journal keeps that there was a file.
    """

    item: Ref
    attachment: Ref
    chunks: Annotated[list[Hash], msgspec.Meta(max_length=MAX_CHUNKS)]
    sealed_bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEALED_BYTES)]
    sheet: Sheet | None
    locked: Annotated[bytes, msgspec.Meta(min_length=29, max_length=2000)] | None
    prepared_by: Ref
    released_by: Ref
