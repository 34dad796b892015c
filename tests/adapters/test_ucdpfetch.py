"""Downloads over loopback: resumed, restarted, checked, and refused where they are not what was announced."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hamsaya.adapters import ucdpfetch
from hamsaya.adapters.ucdpfetch import fetch, release_path
from hamsaya.base.errors import OperatorError, PeerError

DATA = bytes(range(256)) * 2_000


class Site:
    """A small web server that can break off, forget ranges, change its file or lie about its length."""

    def __init__(self) -> None:
        self.data, self.etag = DATA, '"one"'
        self.stop_after: int | None = None
        self.ranges, self.status = True, 200
        self.asked: list[str | None] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *given: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/downloads/ged.csv"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request as RFC 9110 says, or as broken as was asked for."""
        asked = handler.headers.get("Range")
        self.asked.append(asked)
        same = handler.headers.get("If-Range") == self.etag
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and same and self.ranges else 0
        if self.status != 200:
            handler.send_error(self.status)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("ETag", self.etag)
        handler.send_header("Content-Length", str(len(self.data) - start))
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.data) - 1}/{len(self.data)}")
        handler.end_headers()
        handler.wfile.write(self.data[start:][: self.stop_after])


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on loopback."""
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def broken_off(site: Site, folder: Path) -> None:
    """Download until the line breaks."""
    site.stop_after = 200_000
    with pytest.raises(OperatorError, match="run it again"):
        fetch(site.address, folder)
    site.stop_after = None


def test_a_whole_file_comes_with_its_digest(site: Site, tmp_path: Path) -> None:
    """Nothing is left beside it."""
    told: list[tuple[int, int | None]] = []
    digest = hashlib.sha256(DATA).hexdigest()
    got = fetch(site.address, tmp_path / "new", sha256=digest.upper(), each=lambda *said: told.append(said))
    assert (got.path.read_bytes(), got.sha256, got.resumed_from) == (DATA, digest, 0)
    assert told[-1] == (len(DATA), len(DATA))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ged.csv"]


def test_a_broken_download_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    """Forty megabytes over a bad line need not begin again."""
    broken_off(site, tmp_path)
    assert not (tmp_path / "ged.csv").exists()
    got = fetch(site.address, tmp_path)
    assert got.path.read_bytes() == DATA and 0 < got.resumed_from <= 200_000
    assert site.asked == [None, f"bytes={got.resumed_from}-"]


@pytest.mark.parametrize("change", ["another version", "no ranges"])
def test_a_file_that_changed_meanwhile_is_taken_whole(site: Site, tmp_path: Path, change: str) -> None:
    """Two halves of two releases would be a file that nobody published."""
    broken_off(site, tmp_path)
    if change == "another version":
        site.data, site.etag = DATA[::-1], '"two"'
    else:
        site.ranges = False
    got = fetch(site.address, tmp_path)
    assert got.path.read_bytes() == site.data and got.resumed_from == 0


def test_another_address_does_not_go_on_with_this_part(site: Site, tmp_path: Path) -> None:
    """A mirror may hold something else under the same name."""
    broken_off(site, tmp_path)
    assert fetch(site.address.replace("downloads", "mirror"), tmp_path).resumed_from == 0


def test_a_wrong_digest_is_thrown_away(site: Site, tmp_path: Path) -> None:
    """Then the next call starts clean instead of resuming what is wrong."""
    with pytest.raises(PeerError, match="sha256") as refused:
        fetch(site.address, tmp_path, sha256="00" * 32)
    assert refused.value.code == "bad-download"
    assert list(tmp_path.iterdir()) == []


def test_a_zip_must_open(site: Site, tmp_path: Path) -> None:
    """A page that says sorry with status 200 is no release."""
    with pytest.raises(PeerError, match="zip"):
        fetch(site.address.replace("ged.csv", "ged251-csv.zip"), tmp_path)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "id")
    site.data = packed.getvalue()
    assert fetch(site.address.replace("ged.csv", "ged251-csv.zip"), tmp_path).size == len(site.data)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_answer_is_the_operator_s_to_look_at(site: Site, tmp_path: Path, status: int) -> None:
    """A redirect is not followed: the address is part of what was decided."""
    site.status = status
    with pytest.raises(OperatorError, match=str(status)):
        fetch(site.address, tmp_path)
    assert not (tmp_path / "ged.csv").exists()


def test_a_file_without_end_is_cut(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk is finite."""
    monkeypatch.setattr(ucdpfetch, "MAX_BYTES", 100_000)
    with pytest.raises(PeerError, match="at most"):
        fetch(site.address, tmp_path)


@pytest.mark.parametrize("address", ["http://example.org/a.zip", "ftp://x/a", "file:///etc/passwd", "https://x/", "a"])
def test_only_https_leaves_this_machine(tmp_path: Path, address: str) -> None:
    """What is not signed must at least come from where it says."""
    with pytest.raises(OperatorError) as refused:
        fetch(address, tmp_path)
    assert refused.value.code == "bad-address"


def test_releases_by_their_version() -> None:
    """As UCDP names its files."""
    assert release_path("26.1") == "ged/ged261-csv.zip"
    assert release_path("26.0.2") == "candidateged/GEDEvent_v26_0_2.csv"
    assert release_path("25.01.25.12") == "candidateged/GEDEvent_v25_01_25_12.csv"
    for wrong in ("", "26", "26.1.1.1.1", "../x", "26.x", "2026.1"):
        with pytest.raises(OperatorError):
            release_path(wrong)
