"""A case's page: what was said in it, safe to read, and its files, which are saved and never shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from hamsaya.adapters.memory import MemoryChunks
from hamsaya.messages.talk import Read, Say
from hamsaya.node import talk
from hamsaya.node.send import Draft
from hamsaya.node.staging import Stages
from tests.cases.story import caveats
from tests.console import scene
from tests.console.markup import Page
from tests.node.making import CASE, answer, asking, clone, parties
from tests.support.federation import Federation

PICTURE = b"\x89PNG\r\n\x1a\n" + b"<script>alert(1)</script>" * 9
NAME = "گیٹ <3>'.png".replace("<", "‹").replace(">", "›")
FILE = f"/files?case={CASE}&item=I-1&file=f-1"


@dataclass
class Told:
    """A federation in which much was said and a file given, with the chunks that the reader holds."""

    fed: Federation
    chunks: MemoryChunks

    def console(self, member: str = "pk") -> TestClient:
        made = scene.make_console(self.fed.node(member), chunks=self.chunks)
        return made.browser


@pytest.fixture
def told() -> Told:
    fed, chunks = clone(parties("pk", "ir", with_case=True)), MemoryChunks()
    fed.send("pk", asking())
    fed.carry_all()
    fed.send("ir", Draft(answer("pk", "R-1", "I-1", "the text"), ("pk",), case=CASE))
    fed.carry_all()
    says(fed, "ir", scene.HOSTILE)
    says(fed, "ir", "for the border alone", audience=("pk/border",))
    stages, node = Stages(), fed.node("ir")
    stage = stages.begin(node, (CASE, "I-1", "f-1"), NAME, len(PICTURE))
    stage.add(chunks, PICTURE)
    body = stages.finish(node, (CASE, "I-1", "f-1"), "o-1", "o-2")
    fed.send("ir", Draft(body, ("pk",), case=CASE))
    fed.carry_all()
    return Told(fed, chunks)


def says(fed: Federation, sender: str, text: str, audience: tuple[str, ...] = ("pk",)) -> None:
    fed.clock.advance(1000)
    heads = [bytes.fromhex(each) for each in talk.conversation(fed.node(sender), CASE).heads]
    body = Say(text=text, seen=heads, caveats=caveats(audience=audience), officer="desk-1")
    fed.send(sender, Draft(body, ("pk",), case=CASE))
    fed.carry_all()


def test_words_of_strangers_are_text_in_their_own_direction(told: Told) -> None:
    """Neither markup nor a turned line, and what conditions keep from the desk is not on its page."""
    html = told.console().get(f"/cases/{CASE}").text
    page = Page(html)
    assert not page.all("script") and "<script" not in html and "\u202e" not in html
    (quote,) = [each for each in page.all("blockquote") if "alert(1)" in each.text]
    assert quote.attributes.get("dir") == "auto"
    assert "for the border alone" not in html and "outside-audience" in html


def test_who_has_read_it_stands_beside_it(told: Told) -> None:
    """Delivered and read are two things; the person is named by pseudonym."""
    page = told.console("ir").get(f"/cases/{CASE}").text
    assert "delivered, not read yet" in page
    (said,) = talk.to_read(told.fed.node("pk"), CASE)
    told.fed.send("pk", Draft(Read(words=said.words, officer="desk-1"), tuple(said.to), case=CASE))
    told.fed.carry_all()
    assert "read by" in told.console("ir").get(f"/cases/{CASE}").text


def test_a_file_is_saved_and_never_shown(told: Told) -> None:
    """Whatever it is: an attachment of no type that a browser would open, its name in any script."""
    browser = told.console()
    page = Page(browser.get(f"/cases/{CASE}").text)
    (link,) = [each for each in page.all("a") if each.attributes.get("href", "").startswith("/files")]
    response = browser.get(link.attributes["href"].replace("&amp;", "&"))  # type: ignore[union-attr]
    assert response.content == PICTURE
    headers: Any = response.headers
    assert headers["content-type"] == "application/octet-stream" and headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert headers["content-disposition"].isascii() and "default-src 'none'" in headers["content-security-policy"]
    assert int(headers["content-length"]) == len(PICTURE)


@pytest.mark.parametrize("address", [FILE + "9", "/files", FILE.replace("I-1", "I-9"), FILE.replace(CASE, "C-9")])
def test_what_is_not_there_is_one_page_of_refusal(told: Told, address: str) -> None:
    """A page with the next step, the same for all."""
    response = told.console().get(address)
    assert response.status_code == 404 and "This file cannot be given" in response.text


def test_a_file_that_is_not_whole_or_was_altered_is_not_given(told: Told) -> None:
    """Not a byte of it: it is checked before the first is sent."""
    (digest,) = told.chunks.kept
    kept = told.chunks.kept.pop(digest)
    page = told.console().get(f"/cases/{CASE}").text
    assert "0 of 1 parts are here" in page and "/files?" not in page
    assert told.console().get(FILE).status_code == 404
    told.chunks.kept[digest] = kept[:-1] + bytes([kept[-1] ^ 1])
    assert told.console().get(FILE).status_code == 404


def test_without_a_session_nothing_is_given(told: Told) -> None:
    """The gate stands before files as before pages."""
    outside = scene.make_console(told.fed.node("pk"), signed_in=False, chunks=told.chunks).browser
    response = outside.get(FILE)
    assert response.status_code == 403 and PICTURE not in response.content
