"""A file of one's own, sealed piece by piece as it is read, before a message names it.

Nothing here is durable but the sealed chunks: a break before the message is prepared or sent leaves chunks that no
message names, which are dropped. What a file is, is found while it passes; another type than it says ends the staging.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec

from hamsaya.base.errors import OperatorError, PeerError
from hamsaya.base.instants import HOUR
from hamsaya.cases.attached import MOST
from hamsaya.cases.filetypes import EXTENSIONS, Inspector
from hamsaya.messages.attachments import CHUNK_BYTES, MAX_ATTACHMENT_BYTES, Attach, FileName, FileType, Sheet
from hamsaya.messages.items import Key
from hamsaya.node.core import Node
from hamsaya.node.items import find
from hamsaya.node.sheets import lock_sheet, seal_chunk
from hamsaya.ports.chunks import ChunkStore

KEPT_FOR = HOUR
"""How long sealed chunks wait for the message that names them, machine milliseconds."""
MOST_AT_ONCE = 8


class _Names(msgspec.Struct, frozen=True):
    file: FileName


@dataclass
class Stage:
    """One file on its way into the chunk store."""

    names: tuple[str, str, str]
    file: str
    type: FileType
    size: int
    key: Key
    began: int
    look: Inspector = field(default_factory=Inspector)
    hashed: hashlib._Hash = field(default_factory=hashlib.sha256)
    chunks: list[bytes] = field(default_factory=list)
    sealed_bytes: int = 0
    done: int = 0

    def add(self, store: ChunkStore, piece: bytes) -> None:
        """Seal the next piece; every one but the last is ``CHUNK_BYTES`` long."""
        wanted = min(CHUNK_BYTES, self.size - self.done)
        if not piece or len(piece) != wanted:
            raise PeerError(f"expected a piece of {wanted} bytes, received {len(piece)}: the file has changed",
                            code="wrong-file")
        self.look.update(piece)
        self.hashed.update(piece)
        self.done += len(piece)
        sealed = seal_chunk(self.key, self.names, len(self.chunks), self.done == self.size, piece)
        # Named before it is kept, so that no sweep between the two takes it away.
        self.chunks.append(hashlib.sha256(sealed).digest())
        self.sealed_bytes += len(sealed)
        store.put(sealed)


@dataclass
class Stages:
    """The files that are being sealed; an abandoned one is forgotten after an hour."""

    waiting: dict[tuple[str, str, str], Stage] = field(default_factory=dict)

    def begin(self, node: Node, names: tuple[str, str, str], file: str, size: int) -> Stage:
        """Begin to seal a file for an item of this node's own, in the place of one begun before under these names.

        Raises:
            OperatorError: no such item (``unknown-item``), too many at once (``too-many-files``).
            PeerError: not its originator (``not-yours``), a name that cannot travel (``bad-file-name``), a type that is
                not on the list (``unknown-type``), an empty or too long file (``oversize``).
        """
        item, now = find(node, *names[:2]), node.clock.ticks()
        self.waiting = {key: each for key, each in self.waiting.items() if now - each.began < KEPT_FOR}
        if item.originator != node.own:
            raise PeerError("the originator of an item gives files with it", code="not-yours")
        if len(item.attachments) >= MOST or len(self.waiting) >= MOST_AT_ONCE:
            raise OperatorError(f"an item has at most {MOST} files, and {MOST_AT_ONCE} are sealed at once",
                                code="too-many-files")
        if not 0 < size <= MAX_ATTACHMENT_BYTES:
            raise PeerError(f"expected 1 to {MAX_ATTACHMENT_BYTES} bytes, received {size}", code="oversize")
        stage = Stage(names, _name(file), _type(file), size, node.random.bytes(32), now)
        self.waiting[names] = stage
        return stage

    def get(self, names: tuple[str, str, str]) -> Stage:
        """Return a file begun; raises OperatorError ``not-begun``."""
        stage = self.waiting.get(names)
        if stage is None:
            raise OperatorError("this file was not begun, or the node has restarted since; begin again",
                                code="not-begun")
        return stage

    def finish(self, node: Node, names: tuple[str, str, str], prepared_by: str, released_by: str) -> Attach:
        """Return the message that names the file's chunks; they are kept while it is not sent, for an hour.

        Raises:
            PolicyRefusal: by its bytes it is no file of the type its name says.
            PeerError: pieces are missing (``wrong-file``).
        """
        stage = self.get(names)
        if stage.done != stage.size:
            raise PeerError(f"expected {stage.size} bytes, received {stage.done}", code="wrong-file")
        decision = stage.look.verdict(stage.type)
        if not decision.allowed:
            del self.waiting[names]
        decision.require()
        sheet = Sheet(file=stage.file, type=stage.type, size=stage.size, digest=stage.hashed.digest(), key=stage.key)
        item = find(node, *names[:2])
        locked = None if item.locked is None else lock_sheet(node, item, names[2], stage.chunks, sheet)
        return Attach(item=names[1], attachment=names[2], chunks=list(stage.chunks), sealed_bytes=stage.sealed_bytes,
                      sheet=None if locked else sheet, locked=locked, prepared_by=prepared_by, released_by=released_by)

    def digests(self) -> set[bytes]:
        """Return the digests of all chunks of files that no message names yet."""
        return {digest for stage in list(self.waiting.values()) for digest in list(stage.chunks)}


def _name(file: str) -> str:
    try:
        return msgspec.convert({"file": file}, _Names).file
    except msgspec.ValidationError:
        raise PeerError("expected a file name of 1 to 120 characters without a path or control characters; give "
                        "another: --name", code="bad-file-name") from None


def _type(file: str) -> FileType:
    found = EXTENSIONS.get(file.rpartition(".")[2].lower())
    if found is None:
        raise PeerError(f"expected a name that ends in one of: {', '.join(sorted(EXTENSIONS))}", code="unknown-type")
    return found
