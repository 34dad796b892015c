"""What a file is, by its bytes, as they stream by; and whether it is what it is said to be.

Rules, in the order in which they are applied
1. what begins as an archive, a program, a script, markup, an office document or another container is refused by what it
   is                                                          ``archive``, ``program``, ``active-document``
2. what is on the closed list by its first bytes, and text that is text from end to end, has that type; everything else
   is refused                                                                                   ``unknown-type``
3. an archive's directory at the end makes any file an archive as well: programs read either end        ``archive``
4. a PDF that names a script, an action on opening, a launch, a form with scripts, rich media or a file within, in plain
   sight or spelt with #-escapes, or that is encrypted                                    ``active-document``
5. the type found is the type said                                                           ``type-mismatch``

    look = Inspector()
    for piece in pieces: look.update(piece)
    look.verdict("image/png").require()

What this does not do: it finds types, not malice. A picture may attack the program that opens it; a PDF may hide a
script in a compressed stream, which is not unpacked here. Files are opened away from the node, if at all.
"""

from __future__ import annotations

import codecs
import re
from typing import get_args

from hamsaya.base.decision import Decision, permit, refuse
from hamsaya.messages.attachments import FileType

HEAD_BYTES = 512
TAIL_BYTES = 65_557
"""The longest end of a ZIP archive: its last record and a comment."""
TYPES: tuple[FileType, ...] = get_args(FileType)
EXTENSIONS: dict[str, FileType] = {
    "pdf": "application/pdf", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg", "oga": "audio/ogg",
    "wav": "audio/wav", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "tif": "image/tiff",
    "tiff": "image/tiff", "webp": "image/webp", "txt": "text/plain", "csv": "text/plain", "mp4": "video/mp4",
}
"""What a file's name says that it is."""

_ARCHIVES = (
    b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"BZh",
    b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"MSCF", b"\x60\xea", b"xar!", b"\x04\x22\x4d\x18", b"\x1f\x9d", b"\x1f\xa0",
    b"!<arch>",
)
_PROGRAMS = (
    b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"\x00asm", b"dex\n", b"L\x00\x00\x00\x01\x14\x02\x00", b"#!", b"\x1bLua",
)
_DOCUMENTS = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf", b"%!PS", b"ITSF", b"<")
_MAGIC: tuple[tuple[bytes, FileType], ...] = (
    (b"%PDF-", "application/pdf"), (b"fLaC", "audio/flac"), (b"ID3", "audio/mpeg"), (b"OggS", "audio/ogg"),
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_FRAMES: dict[bytes, FileType] = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}
_FILM = re.compile(rb"isom|iso[2-6]|mp4[12]|avc1|M4V |M4A |mmp4|MSNV|dash|3gp[4-7]")
# Layer III of MPEG 1, 2 and 2.5: eleven bits of synchronisation, then version and layer.
_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\x0f\x1f\x2f\xf0-\xff]", re.DOTALL)
# A short name would be found by chance in compressed bytes; it counts with the beginning of its value.
_ACTIVE = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|OpenAction|XFA|RichMedia|ImportData|SubmitForm|GoToE|GoToR|Encrypt)"
    rb"(?=[^A-Za-z0-9])|/(?:JS|AA)\s*(?:\(|<|%|[0-9]+\s+[0-9]+\s+R)"
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_LONGEST_NAME = 3 * 16
# What plain text does not hold: control characters but for tab, line feed, carriage return and form feed.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_ZIP_END = b"PK\x05\x06"


class Inspector:
    """Looks at one file as it streams by, keeping its first bytes, its last ones and what was found between."""

    def __init__(self) -> None:
        self._head, self._tail, self._size = b"", b"", 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._active, self._rest = True, False, b""

    def update(self, piece: bytes) -> None:
        """Look at the next bytes."""
        self._size += len(piece)
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]
        self._tail = (self._tail + piece[-TAIL_BYTES:])[-TAIL_BYTES:]
        if self._head.startswith(b"%PDF-"):
            self._look_for_names(piece)
        elif self._text:
            self._text = self._reads(piece)

    def _look_for_names(self, piece: bytes) -> None:
        window = self._rest + piece
        plain = _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), window) if b"#" in window else window
        self._active = self._active or _ACTIVE.search(plain) is not None or _ACTIVE.search(window) is not None
        self._rest = window[-_LONGEST_NAME:]

    def _reads(self, piece: bytes, final: bool = False) -> bool:
        try:
            return not _CONTROL.search(self._decoder.decode(piece, final))
        except UnicodeDecodeError:
            return False

    def found(self) -> FileType | str:
        """Return the type found, or the code of the rule that refuses the file; the file has streamed by whole."""
        head = self._head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x0c")
        for code, begins in (("archive", _ARCHIVES), ("program", _PROGRAMS), ("active-document", _DOCUMENTS)):
            if self._head.startswith(begins) or head.startswith(begins):
                return code
        if self._head[257:262] == b"ustar" or _ends_as_archive(self._tail):
            return "archive"
        known = _by_magic(self._head)
        if known == "application/pdf" and self._active:
            return "active-document"
        if known is None and self._text and self._size and self._reads(b"", final=True):
            return "text/plain"
        return known or "unknown-type"

    def verdict(self, said: FileType) -> Decision:
        """Return whether the file may travel as ``said``."""
        found = self.found()
        if found not in TYPES:
            return refuse(found, "filetypes:list", f"expected {said}, received {_REASONS[found]}")
        if found != said:
            return refuse("type-mismatch", "filetypes:5", f"expected {said}, by its bytes it is {found}")
        return permit("filetypes:list", f"it is {found} by its bytes")


_REASONS = {
    "archive": "an archive, which may hold anything",
    "program": "a program or a script",
    "active-document": "a document that can act when it is opened",
    "unknown-type": "bytes of no type on the list",
}


def _by_magic(head: bytes) -> FileType | None:
    for begins, known in _MAGIC:
        if head.startswith(begins):
            return known
    if head[:4] == b"RIFF":
        return _FRAMES.get(head[8:12])
    if head[4:8] == b"ftyp" and _FILM.match(head[8:12]):
        return "video/mp4"
    return "audio/mpeg" if _FRAME.match(head) else None


def _ends_as_archive(tail: bytes) -> bool:
    """Say whether the file ends with the last record of a ZIP archive, whose comment reaches to the very end."""
    at = tail.find(_ZIP_END)
    while at >= 0:
        comment = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + 22 + comment == len(tail):
            return True
        at = tail.find(_ZIP_END, at + 1)
    return False
