"""Sealed chunks as files: DIR/chunks/ab/abcdef…, each written beside its place, flushed, and moved into it.

A file of the wrong length or bytes is taken away when it is read: what is missing is fetched again, what is wrong would
stay wrong. What a kill leaves half written has another name and goes at the next start.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from hamsaya.base.errors import StoreError

_PART = ".part"


class FileChunks:
    """``ports.chunks.ChunkStore`` below one folder, which is made when the first chunk comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for left in folder.glob(f"*/*{_PART}"):
            left.unlink(missing_ok=True)

    def _place(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._folder / name[:2] / name

    def put(self, sealed: bytes) -> bytes:
        digest = hashlib.sha256(sealed).digest()
        place = self._place(digest)
        if not place.exists():
            try:
                self._write(place, sealed)
            except OSError as error:
                raise StoreError(f"the disk refused a chunk ({error.strerror}): nothing was kept of it; make room and "
                                 "go on", code="disk-full") from None
        return digest

    def _write(self, place: Path, sealed: bytes) -> None:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = place.with_name(f"{place.name}-{token_hex(4)}{_PART}")
        try:
            descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, place)
        finally:
            part.unlink(missing_ok=True)

    def get(self, digest: bytes) -> bytes | None:
        place = self._place(digest)
        try:
            sealed = place.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"the disk does not give a chunk back ({error.strerror})", code="store") from None
        if hashlib.sha256(sealed).digest() == digest:
            return sealed
        self.drop(digest)
        return None

    def has(self, digest: bytes) -> bool:
        return self._place(digest).exists()

    def drop(self, digest: bytes) -> None:
        self._place(digest).unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("*/*") if len(path.name) == 64)

    def digests(self) -> list[bytes]:
        return [bytes.fromhex(path.name) for path in self._files()]

    def used(self) -> int:
        total = 0
        for path in self._files():
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                continue
        return total
