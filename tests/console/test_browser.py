"""The pages in a real browser: nothing is blocked and nothing complains."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from hamsaya.console.app import console_app
from hamsaya.node.service import Service
from tests.console import scene

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed: the pages were not looked at in a browser"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A served console whose every visitor is signed in: a browser started anew for each page keeps no cookie."""
    service = Service(scene.federation().node("pk"), scene.Silent())
    app = console_app(service, login_token=scene.TOKEN, control_routes=[], session_key=bytes(32), desk=scene.desk())
    cookie = f"{app.state.door.cookie}={app.state.door.take(scene.TOKEN)}".encode()

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], (b"cookie", cookie)]
        await app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(signed_in, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive(), "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(
    ("path", "width"),
    [("/?lang=ur", 1280), ("/coverage?lang=ur", 360), ("/incidents?lang=fa", 360),
     ("/picture?lang=en", 360), (f"/cases/{scene.CASE}?lang=fa", 360), ("/log?lang=ru", 1280),
     ("/charter/articles/case-exchange?lang=ur", 360), ("/price?lang=ur&visits=12", 360)],
)
def test_a_browser_draws_the_page_and_complains_of_nothing(
    address: str, tmp_path: Path, path: str, width: int
) -> None:
    """The policy is only as good as pages that live under it: a blocked style or image would be reported here."""
    picture = tmp_path / "page.png"
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900",
         f"--screenshot={picture}", address + path],
        capture_output=True, text=True, timeout=120, check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Content Security Policy" in line]
    assert not complaints
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000
