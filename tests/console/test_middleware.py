"""The layers round every page."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hamsaya.console.middleware import HEADERS, KnownHosts, SecurityHeaders
from tests.console import scene

PAGES = ["/", "/cases", f"/cases/{scene.CASE}", "/picture", "/findings", "/price", "/log", "/about", "/healthz"]
REFUSED = ["/nothing", "/cases/nothing", "/log/00", "/picture?first=x", "/login/wrong", "/static/nothing.css"]


@pytest.mark.parametrize("path", [*PAGES, *REFUSED, "/static/console.css"])
def test_every_response_carries_the_headers(full: scene.Console, path: str) -> None:
    """One page without the policy is the page an injected script will be found on."""
    headers = full.browser.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_a_defect_carries_the_headers_and_no_internals(
    full: scene.Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a defect is made outside of all layers; it must not be the one page without them."""

    async def broken(question: object) -> object:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(full.service, "ask", broken)
    response = full.browser.get("/")
    assert response.status_code == 500
    assert "secret" not in response.text and "Traceback" not in response.text
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_the_policy_allows_no_script_and_nothing_from_elsewhere() -> None:
    """The pages have no script; whatever is injected must not run, phone home, or frame them."""
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in HEADERS["Content-Security-Policy"] and "http" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:80", "127.8.9.1", "node.test:9"])
def test_our_own_names_are_known(host: str) -> None:
    """An operator reaches the page by the address printed or by the name that was configured."""
    assert _status(host) == 404


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "evil.test:80", "", "10.0.0.1", "a.localhost"])
def test_a_name_that_was_pointed_at_us_is_refused(host: str) -> None:
    """DNS rebinding: a page elsewhere makes its own name point to loopback and reads what it likes."""
    assert _status(host) == 421


def _status(host: str) -> int:
    app = SecurityHeaders(KnownHosts(Starlette(), hosts=["node.test"]))
    return TestClient(app, base_url=scene.ORIGIN).get("/", headers={"host": host}).status_code


@pytest.mark.parametrize("path", [*PAGES[:-1], "/nothing", "/log/00", "/loginx", "/Static/console.css"])
def test_without_a_session_nothing_is_shown(closed: scene.Console, path: str) -> None:
    """Closed by default: also what does not exist must not tell the difference."""
    response = closed.browser.get(path)
    assert response.status_code == 403
    assert "hamsaya node link" in response.text
    assert "EX-" not in response.text


@pytest.mark.parametrize("path", ["/static/console.css", "/healthz"])
def test_what_holds_nothing_is_open(closed: scene.Console, path: str) -> None:
    """The page that refuses needs its style sheet, and a supervisor needs a sign of life."""
    assert closed.browser.get(path).status_code == 200


def test_static_files_do_not_lead_out_of_their_folder(closed: scene.Console) -> None:
    """The static folder is open to all, so a way out of it would open the disk."""
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        response = closed.browser.get(path)
        assert response.status_code in (403, 404) and "console_app" not in response.text
