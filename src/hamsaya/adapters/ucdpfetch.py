"""Download a public release of UCDP: resumed where it broke off, checked, and never taken for more than it is.

Rules
1. HTTPS, or plain HTTP to this machine; redirects are not followed. At most MAX_BYTES.
2. What has come is kept beside the target as ``.part`` with the server's mark of that version (``ETag`` or
   ``Last-Modified``). A later call asks for the rest, if it is still that version (Range, If-Range: RFC 9110, sections
   14.2 and 13.1.5); where the server sends the whole, the whole is taken.
3. The target appears when all bytes announced are there, the digest asked for is theirs, and a zip opens.

Licence of the data: CC BY 4.0; cite it (``eventformats``).
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from hamsaya.base.errors import OperatorError, PeerError

ADDRESS = "https://ucdp.uu.se/downloads"
NEWEST = "26.1"
MAX_BYTES = 2 << 30
BLOCK = 1 << 16
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that came whole: where it is, its size and digest, and from which byte it was resumed."""

    path: Path
    size: int
    sha256: str
    resumed_from: int


def release_path(version: str) -> str:
    """Return where a release lies under ADDRESS: annual for ``26.1``, candidate for ``26.0.2`` and ``25.01.25.12``.

    Raises:
        OperatorError: ``unknown-release``.
    """
    parts = version.split(".")
    if not all(part.isascii() and part.isdecimal() and len(part) <= 2 for part in parts) or len(parts) not in (2, 3, 4):
        raise OperatorError(f"expected a version such as 26.1, 26.0.2 or 25.01.25.12, received {version[:20]!r}",
                            code="unknown-release")
    if len(parts) == 2:
        return f"ged/ged{parts[0]}{parts[1]}-csv.zip"
    return f"candidateged/GEDEvent_v{'_'.join(parts)}.csv"


def fetch(
    address: str, folder: Path, *, sha256: str = "", each: Callable[[int, int | None], None] = lambda have, all_: None
) -> Fetched:
    """Download a file into a folder under its own name.

    Args:
        sha256: Digest it must have, in hex; empty where none is known.
        each: Told the bytes that are there, and of how many.
    Raises:
        OperatorError: ``fetch-failed``, no network or not there; run it again to resume. ``bad-address``.
        PeerError: ``bad-download``, it is not what was announced or asked for.
    """
    parts = urlsplit(address)
    name = parts.path.rsplit("/", 1)[-1]
    if not name or parts.scheme not in ("https", "http") or (
            parts.scheme == "http" and parts.hostname not in LOOPBACK):
        raise OperatorError(f"expected the https address of a file, received {address[:100]!r}", code="bad-address")
    folder.mkdir(parents=True, exist_ok=True)
    target, part = folder / name, folder / f"{name}.part"
    try:
        start, total = _receive(address, part, each)
    except httpx.HTTPError as error:
        raise OperatorError(f"{parts.hostname}: the download broke off ({type(error).__name__}); run it again to go on",
                            code="fetch-failed") from None
    size = part.stat().st_size
    if total is not None and size != total:
        raise OperatorError(f"expected {total} bytes, received {size}; run it again to go on", code="fetch-failed")
    digest = _digest(part)
    if problem := _problem(part, target, digest, sha256):
        _forget(part)
        raise PeerError(f"{name}: {problem}; what had come was thrown away", code="bad-download")
    os.replace(part, target)
    _forget(part)
    return Fetched(target, size, digest, start)


def _problem(part: Path, target: Path, digest: str, wanted: str) -> str:
    if wanted and digest != wanted.lower():
        return f"expected sha256 {wanted}, received {digest}"
    if target.suffix == ".zip" and not zipfile.is_zipfile(part):
        return "expected a zip, received something else"
    return ""


def _receive(address: str, part: Path, each: Callable[[int, int | None], None]) -> tuple[int, int | None]:
    """Bring ``part`` to its whole length; return the byte it was resumed from, and the length announced."""
    have, mark = _held(part, address)
    headers = {"Accept-Encoding": "identity"}
    if have and mark:
        headers |= {"Range": f"bytes={have}-", "If-Range": mark}
    with httpx.Client(timeout=TIMEOUT_S) as client, client.stream("GET", address, headers=headers) as answer:
        start = have if _goes_on(answer, have) else 0
        if answer.status_code not in (200, 206) or (answer.status_code == 206 and start != have):
            if answer.status_code in (206, 416):
                _forget(part)
            raise OperatorError(f"{address}: expected the file, received HTTP {answer.status_code}; look at the "
                                "version and the address", code="fetch-failed")
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        _mark(part).write_text(json.dumps({"address": address, "mark": _mark_of(answer)}), encoding="utf-8")
        with part.open("ab" if start else "wb") as file:
            for block in answer.iter_raw(BLOCK):
                file.write(block)
                if file.tell() > MAX_BYTES:
                    raise PeerError(f"expected at most {MAX_BYTES} bytes", code="bad-download")
                each(file.tell(), total)
            file.flush()
            os.fsync(file.fileno())
    return start, total


def _goes_on(answer: httpx.Response, have: int) -> bool:
    return answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _mark_of(answer: httpx.Response) -> str:
    """Return what tells this version of the file from another; a weak ETag does not."""
    etag = answer.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else str(answer.headers.get("Last-Modified", ""))


def _mark(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _held(part: Path, address: str) -> tuple[int, str]:
    """Return how many bytes of this address are there, and of which version of it."""
    try:
        said = json.loads(_mark(part).read_text(encoding="utf-8"))
        return (part.stat().st_size, str(said["mark"])) if said["address"] == address else (0, "")
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark(part).unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
