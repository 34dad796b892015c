"""Every page, in every language: what it shows, and rules of markup that hold on all of them."""

from __future__ import annotations

import re

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from hamsaya.base.instants import DAY
from hamsaya.console.app import console_app
from hamsaya.console.i18n import LANGUAGES
from hamsaya.console.pages import LOG_ROWS
from hamsaya.node.core import Node
from hamsaya.node.service import Service
from hamsaya.ports.listed import Listing
from tests.console import scene
from tests.console.markup import Page

PAGES = ["/", "/cases", f"/cases/{scene.CASE}", "/cases/EX/hostile", "/picture", "/findings", "/price", "/log",
         "/about", "/oversight", "/alerts", "/coverage", "/incidents",
         "/charter", "/charter/articles/case-exchange", "/charter/articles/founding", "/charter/decisions/pk/standing",
         "/charter/decisions/ir/budget"]
PROBLEMS = [("/nothing", 404), ("/cases/nothing", 404), ("/cases/a b", 404), ("/log/00", 404),
            ("/log/" + "0" * 32, 404), ("/picture?first=2026-05&last=2026-01", 400), ("/picture?first=2026-01", 400),
            ("/picture?first=0000-01&last=9999-12", 400), ("/charter/articles/nothing", 404),
            ("/charter/decisions/nothing", 404), ("/charter/decisions/<b>", 404),
            ("/log?before=x", 400), ("/log?before=" + "9" * 40, 400)]


def node() -> Node:
    return scene.federation().node("pk")


def get(console: scene.Console, path: str, language: str = "en") -> Page:
    return Page(console.browser.get(path, headers={"cookie": _cookies(console, language)}).text)


def _cookies(console: scene.Console, language: str) -> str:
    cookies = {**dict(console.browser.cookies), "hamsaya-lang": language}
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


# --- rules of markup -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_markup_holds_on_every_page(full: scene.Console, path: str, language: str) -> None:
    """No script, no inline style, one h1, landmarks, named tables, and a skip link that leads somewhere."""
    page = get(full, path, language)
    assert not page.all("script", "style", "iframe", "object", "base")
    assert not [each for each in page.elements for name in each.attributes if name == "style" or name.startswith("on")]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == len(page.all("footer")) == 1
    assert len(page.all("table")) == len(page.all("caption")) and all(each.text.strip() for each in page.all("caption"))
    assert all(each.attributes.get("scope") in ("col", "row") for each in page.all("th"))
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    skip = page.all("a")[0]
    assert skip.attributes["class"] == "skip" and skip.attributes["href"].removeprefix("#") in ids


@pytest.mark.parametrize("path", PAGES)
def test_headings_skip_no_level(full: scene.Console, path: str) -> None:
    """Readers who cannot see the page walk it by its headings."""
    levels = [int(each.tag[1]) for each in get(full, path).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("path", PAGES)
def test_wide_content_scrolls_by_keyboard_in_its_own_box(full: scene.Console, path: str) -> None:
    """The page itself never scrolls sideways, and a box that does can be reached and is named."""
    page = get(full, path)
    boxes = [each for each in page.elements if each.attributes.get("class") == "scroll"]
    assert len(boxes) >= len(page.all("table"))
    assert all(each.attributes.get("tabindex") == "0" and each.attributes.get("aria-label") for each in boxes)
    assert all(each.attributes.get("tabindex") == "0" for each in page.all("pre"))


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
def test_an_exercise_is_marked_on_every_page(full: scene.Console, path: str) -> None:
    """A screenshot of any page must not pass for the real thing."""
    assert [each for each in get(full, path).all("strong") if each.text == "EXERCISE"]


def test_an_exercise_is_marked_for_those_outside_too(closed: scene.Console) -> None:
    """The page of refusal is the one most people will photograph."""
    assert "EXERCISE" in closed.browser.get("/").text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/", "/cases", "/picture", "/findings", "/charter", "/charter/articles/linkage",
                                  "/log", "/about", "/oversight", "/alerts", "/coverage", "/incidents"])
def test_empty_pages_say_what_would_appear(empty: scene.Console, path: str, language: str) -> None:
    """A blank page looks broken; a new operator needs the next step."""
    page = get(empty, path, language)
    assert len(page.all("h1")) == 1
    assert path in ("/", "/log") or [each for each in page.all("div") if each.attributes.get("class") == "empty"]


@pytest.mark.parametrize("path", PAGES)
def test_no_english_is_left_in_a_translated_page(full: scene.Console, path: str) -> None:
    """Texts that bypass the catalogue show here: headings of a Chinese page hold no Latin words."""
    page = get(full, path, "zh-Hans")
    shown = [each for each in page.all("h2", "dt", "caption", "label", "th") if each.attributes.get("scope") != "row"]
    assert shown
    assert not [each.text for each in shown if re.search(r"\b[a-z]{3,}", each.text)]


# --- what strangers wrote --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/cases", "/cases/EX/hostile", "/charter", "/alerts",
                                  "/charter/decisions/ir/budget",
                                  "/charter/decisions/kz/finding"])
def test_hostile_text_is_text(full: scene.Console, path: str) -> None:
    """A case's title is a neighbour's text: it must not become markup, nor turn the words around it."""
    html = full.browser.get(path).text
    page = Page(html)
    assert not page.all("script") and "<script" not in html
    assert not any(chr(code) in html for code in [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
    holders = page.holding("alert(1)")
    assert holders and all(each.tag in ("bdi", "blockquote") for each in holders)
    assert all(each.attributes.get("dir", "auto") == "auto" for each in holders)


@pytest.mark.parametrize(("path", "status"), PROBLEMS)
def test_what_cannot_be_shown_says_so_and_what_to_do(full: scene.Console, path: str, status: int) -> None:
    """The next step, and nothing of the inside: no exception, no path of a file, no echo of what was asked."""
    response = full.browser.get(path)
    page = Page(response.text)
    assert response.status_code == status
    assert [each for each in page.all("div") if each.attributes.get("class") == "next"]
    assert not re.search(r"Traceback|Error|\.py\b|hamsaya\.", page.all("main")[0].text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_change_nothing(full: scene.Console, method: str, path: str) -> None:
    """The first face is for reading: there is no method by which a page elsewhere could make it act."""
    assert full.browser.request(method, path).status_code == 405


# --- signing in ------------------------------------------------------------------------------------------


def test_the_link_signs_in_once(closed: scene.Console) -> None:
    """The second to come finds it void, and is told what that may mean."""
    first = closed.browser.get(f"/login/{scene.TOKEN}")
    assert first.status_code == 200 and "http-equiv" not in first.text
    cookie = first.headers["set-cookie"].lower()
    assert "hamsaya-pk=" in cookie and "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert closed.browser.get("/").status_code == 200
    second = closed.browser.get(f"/login/{scene.TOKEN}")
    assert second.status_code == 403 and "set-cookie" not in second.headers


def test_a_look_ahead_does_not_use_up_the_link(closed: scene.Console) -> None:
    """Mail filters ask for headers and browsers guess the next page; the person comes after them."""
    assert closed.browser.head(f"/login/{scene.TOKEN}").status_code == 403
    assert closed.browser.get(f"/login/{scene.TOKEN}", headers={"sec-purpose": "prefetch"}).status_code == 403
    assert closed.browser.get(f"/login/{scene.TOKEN}").status_code == 200


# --- what each page shows --------------------------------------------------------------------------------


def test_overview_shows_the_log_and_what_is_to_do(full: scene.Console) -> None:
    """What happened is the log; what waits for this node comes first."""
    page = get(full, "/")
    text = page.all("main")[0].text
    assert "Acknowledge the request" in text and "past due" in text
    assert "ir/budget" in text, "a vote that is waited for is something to do"
    figures = [each.text for each in page.all("p") if each.attributes.get("class") == "figure"]
    assert figures[:2] == ["2", str(node().tree.size)]


def test_case_shows_every_end_of_a_request(full: scene.Console) -> None:
    """Answered, declined with its code, overdue, revoked and purged: each is there in words."""
    text = get(full, f"/cases/{scene.CASE}").all("main")[0].text
    for words in ("answered", "open investigation", "recorded as overdue", "revoked", "The text has been purged here",
                  "not where torture or the death penalty may follow", "purged"):
        assert words in text
    assert "seen once" not in text, "the purged text is gone from the page too"


def test_picture_table_holds_what_the_map_draws(full: scene.Console) -> None:
    """Every reader gets the same values, also without seeing the map."""
    page = get(full, "/picture")
    text = page.all("main")[0].text
    statuses = {each.attributes["class"] for each in page.all("path") if "cell" in each.attributes.get("class", "")}
    assert statuses == {"cell observed", "cell partly", "cell silent"}
    fills = [each.attributes.get("fill") for each in page.all("path") if "cell" in each.attributes.get("class", "")]
    assert len(set(fills)) == len(fills), "each status has a pattern of its own"
    assert "without prejudice to any claim" in text
    assert "same picture" in text and "another picture" in text


def test_picture_of_another_period_is_another_picture(full: scene.Console) -> None:
    """The state of the page is in its address."""
    whole, part = (get(full, path).all("main")[0].text for path in
                   ("/picture", "/picture?first=2026-01&last=2026-02"))
    assert "Partly observed" in part and whole != part
    assert 'value="2026-02"' in full.browser.get("/picture?first=2026-01&last=2026-02").text


def test_alerts_show_their_record_what_was_asked_and_every_dissent(full: scene.Console) -> None:
    """The next alert is read beside what the last ones were worth, and no assessment without who dissents."""
    text = get(full, "/alerts").all("main")[0].text
    for words in ("0 of the last 0 came true", "offer a joint visit", "declined", "no access", "not yet", "dissents",
                  "Onset alerts are mostly wrong", "Drawn by lot", "likely", "quieter than before"):
        assert words in text, words


def test_findings_show_rating_verdicts_reply_and_tranche(full: scene.Console) -> None:
    """The chain from promise to money on one page."""
    text = get(full, "/findings").all("main")[0].text
    for words in ("not compliant", "access denied", "cannot tell", "closed by snow", "on notice", "EX-F-001"):
        assert words in text


def test_charter_shows_what_is_decided_and_who_stands_where(full: scene.Console) -> None:
    """Three questions in three states, who is waited for, and the bodies that act."""
    page = get(full, "/charter")
    rows = {each.attributes["href"].rpartition("/decisions/")[2] for each in page.all("a")
            if "/decisions/" in each.attributes["href"]}
    assert rows == {"pk/standing", "kz/finding", "ir/budget"}
    text = page.all("main")[0].text
    for words in ("adopted, not yet in effect", "not adopted", "open to votes", "absent: the seat is kept",
                  "EXERCISE bureau of cases", "draft: it binds nobody", "under negotiation"):
        assert words in text


def test_a_decision_shows_votes_counted_record_and_effect(full: scene.Console) -> None:
    """Everybody can count again: each vote, whether it was counted, and the record's own proof."""
    page = get(full, "/charter/decisions/pk/standing")
    text = page.all("main")[0].text
    assert "Standing of Tajikistan under case-exchange: suspended" in text
    badges = [each.text for each in page.all("span") if each.attributes.get("class", "").startswith("badge")]
    assert (badges.count("in favour"), badges.count("abstains"), text.count("not counted")) == (4, 1, 0)
    assert "Takes effect" in text
    assert any(each.attributes["href"].startswith("/log/") for each in page.all("a"))
    waiting = get(full, "/charter/decisions/ir/budget").all("main")[0].text
    assert "No record yet." in waiting and "Pakistan" in waiting


@pytest.mark.parametrize("language", LANGUAGES)
def test_articles_are_read_in_the_readers_language_and_the_english_stays_at_hand(
    full: scene.Console, language: str
) -> None:
    """A translation is a draft: its reader is told so and can open the authentic text beside it."""
    clauses = node().agreement.charter.instruments["case-exchange"].clauses
    page = get(full, "/charter/articles/case-exchange", language)
    quotes = [each.text for each in page.all("blockquote")]
    assert all(clause.words(LANGUAGES[language].names) in quotes and clause.text in quotes for clause in clauses)
    assert len(page.all("details")) == (0 if language == "en" else len(clauses))
    english = [each for each in page.all("blockquote") if each.attributes.get("lang") == "en"]
    assert english and all(each.attributes["dir"] == "ltr" for each in english)


def test_a_reservation_stands_with_its_answers_and_what_is_left(full: scene.Console) -> None:
    """Between this party and the reserving one the article falls away; with the others it stands."""
    text = get(full, "/charter/articles/case-exchange").all("main")[0].text
    for words in ("no clocks are recorded", "objected to", "does not apply between the two"):
        assert words in text


def test_log_is_paged_and_complete(full: scene.Console) -> None:
    """Walking the pages meets every leaf exactly once."""
    seen: list[int] = []
    path = "/log"
    while path:
        page = get(full, path)
        rows = [each.text for each in page.all("td") if each.inside[-2:] == ("tbody", "tr")
                and each.attributes.get("class") == "number" and each.text.strip().isdigit()]
        seen += [int(row) for row in rows if int(row) < node().tree.size][:LOG_ROWS]
        older = [each.attributes["href"] for each in page.all("a") if each.text == "Older"]
        path = f"/log{older[0]}" if older else ""
    assert sorted(set(seen)) == list(range(node().tree.size))


def test_every_entry_has_its_proof_and_receipts(full: scene.Console) -> None:
    """The page gives the very text that a stranger's verifier takes."""
    row = next(row for row in node().store.journal() if row.role == "sent" and row.kind == "case.open")
    page = get(full, f"/log/{row.message_id.hex()}")
    texts = [each.text for each in page.all("pre")]
    assert all(text.startswith("c2sp.org/tlog-proof@v1\n") for text in texts)
    assert len(texts) == 1 + len(row.header.rcp)
    assert f"index {row.index}\n" in texts[0] and texts[0].endswith("\n")


def test_refused_bytes_are_shown_by_reason_and_digest(full: scene.Console) -> None:
    """What was tried against this node is on record, without the bytes themselves."""
    text = get(full, "/log").all("main")[0].text
    assert "The bytes are not in the agreed form" in text and "no envelope" not in text


def test_control_routes_guard_themselves() -> None:
    """The command line has a token and no cookie; the gate of the pages must leave it alone."""
    async def act(request: object) -> PlainTextResponse:
        return PlainTextResponse("asked for a token", 401)

    service = Service(scene.empty_federation().node("pk"), scene.Silent())
    app = console_app(service, login_token=scene.TOKEN, session_key=bytes(32),
                      control_routes=[Route("/control/{action}", act, methods=["POST"])])
    browser = TestClient(app, base_url=scene.ORIGIN)
    assert browser.post("/control/status").text == "asked for a token"
    assert browser.get("/").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_pages_stay_light(full: scene.Console, path: str) -> None:
    """Many readers sit behind slow lines: 150 kB is the most a page may weigh."""
    assert len(full.browser.get(path).content) <= 150_000


@pytest.mark.parametrize("path", ["/", "/cases", "/log", "/about"])
def test_the_date_of_the_un_list_stands_on_every_page(full: scene.Console, path: str) -> None:
    """Without one it says so, since whoever reads "listed" must know as of when; outside nothing of it is said."""
    assert "none is loaded" in full.browser.get(path).text
    node = full.service.node
    try:
        node.listed = Listing(node.clock.now() - 3 * DAY, node.clock.now(), bytes(32), ())
        text = full.browser.get(path).text
        assert "UN Security Council list" in text and "none is loaded" not in text and "out of date" not in text
        node.listed = node.listed._replace(as_of=node.clock.now() - 31 * DAY)
        assert "out of date" in full.browser.get(path).text
    finally:
        node.listed = None
