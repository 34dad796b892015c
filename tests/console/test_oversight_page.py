"""The page of a node that oversees: what it shows is true, names a stranger's words safely, and holds no content."""

from __future__ import annotations

from functools import cache

import pytest
from starlette.testclient import TestClient

from hamsaya.base.instants import HOUR, MINUTE
from hamsaya.console.app import console_app
from hamsaya.console.i18n import LANGUAGES
from hamsaya.messages.cases import Acknowledge
from hamsaya.messages.oversight import Freeze
from hamsaya.node.service import Service
from tests.console import scene
from tests.console.markup import Page
from tests.node.making import CASE, SECRET, answer, asking
from tests.node.wires import Wires
from tests.support.watching import MEMBERS, WATCH, Watched


@cache
def watched() -> Watched:
    """A case with a question and an answer, frozen; one member whose log stays closed."""
    made = Watched()
    made.opens("A. Person")
    made.says("pk", asking().body, "ir")
    made.says("ir", Acknowledge(request="R-1", officer="desk-1"), "pk")
    made.says("ir", answer("pk"), "pk")
    made.turn("pk", "ir", WATCH)
    made.says(WATCH, Freeze(freeze="F-1", reason="complaint", officer="desk-1"), *MEMBERS)
    made.cosign("uz")
    made.turn("pk", "ir", WATCH)
    made.fed.clock.advance(HOUR + 10 * MINUTE)
    return made


def page(member: str, language: str = "en") -> Page:
    service = Service(watched().node(member), Wires(watched().fed))
    try:
        app = console_app(service, login_token=scene.TOKEN, control_routes=[], session_key=b"k" * 32)
        with TestClient(app, base_url=scene.ORIGIN) as browser:
            browser.get(f"/login/{scene.TOKEN}")
            found = browser.get("/oversight", headers={"accept-language": language})
            assert found.status_code == 200
            return Page(found.text)
    finally:
        service.writer.stop()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_oversight_sees(language: str) -> None:
    """Every section has something, in every language, under headings that skip no level."""
    found = page(WATCH, language)
    assert len(found.all("table")) == len(found.all("caption")) == 7
    assert [each.tag for each in found.all("h1", "h2")] == ["h1", *["h2"] * 7]
    text = found.all("main")[0].text
    assert SECRET not in text and "A. Person" not in text and CASE in text


def test_the_closed_log_is_a_finding() -> None:
    """A member that reports nothing is named, not shown as quiet."""
    text = page(WATCH).all("main")[0].text
    assert "Entries of a log were not opened" in text and "none yet" in text
    assert "a complaint" in text and "still frozen" in text and "day is to come" in text


def test_a_member_sees_how_far_it_was_told() -> None:
    """And nothing of others' headers."""
    found = page("pk")
    text = found.all("main")[0].text
    assert "What oversight is told of this node" in text and "still frozen" in text
    assert "Headers" not in text
