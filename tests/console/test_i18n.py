"""Languages: complete catalogues, the reader's choice, and numbers and dates as readers write them."""

from __future__ import annotations

import re

import pytest

from hamsaya.console.i18n import LANGUAGES, reader
from tests.console import catalogues, scene

PLACE = re.compile(r"%\(\w+\)s")
STYLE = catalogues.CONSOLE / "static" / "console.css"


@pytest.mark.parametrize("language", catalogues.TRANSLATED, ids=lambda each: each.tag)
def test_every_text_is_translated(language: catalogues.i18n.Language) -> None:
    """A page half in English reads as a page that was not meant for its reader."""
    catalogue = catalogues.load(language.locale)
    missing = []
    for message in catalogues.texts():
        found = catalogue.get(message.id, message.context) if message.id else None
        if message.id and (found is None or found.fuzzy or not all(_strings(found))):
            missing.append(message.id)
    assert not missing, "run: python -m tests.console.catalogues, then translate"
    assert len(catalogue) == len(catalogues.texts()), "the catalogue holds texts that no page uses"


@pytest.mark.parametrize("language", catalogues.TRANSLATED, ids=lambda each: each.tag)
def test_translations_keep_places_commands_and_no_markup(language: catalogues.i18n.Language) -> None:
    """A lost place shows a hole, a translated command does not run, and markup would not be escaped."""
    for message in catalogues.load(language.locale):
        first = message.id[0] if isinstance(message.id, tuple) else message.id
        for string in _strings(message) if first else []:
            assert set(PLACE.findall(string)) == set(PLACE.findall(first)), first
            assert all(command in string for command in re.findall(r"hamsaya [a-z]+(?: [a-z]+)?", first)), first
            assert "<" not in string and "&" not in string, first


def _strings(message: object) -> tuple[str, ...]:
    string = getattr(message, "string", "")
    return string if isinstance(string, tuple) else (string,)


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "tag"),
    [
        ("ur", "fa", "ru", "ur"),
        (None, "fa", "ru", "fa"),
        (None, None, "de, ru;q=0.5, fa;q=0.8", "fa"),
        (None, None, "zh-CN,zh;q=0.9", "zh-Hans"),
        (None, None, "fa-AF", "fa"),
        ("xx", "<b>", "tlh;q=x, ,;q=", "en"),
    ],
)
def test_the_reader_chooses_the_language(
    closed: scene.Console, asked: str | None, cookie: str | None, accepted: str, tag: str
) -> None:
    """The address wins over what was chosen before, and that over what the browser prefers."""
    headers = {"accept-language": accepted, **({"cookie": f"hamsaya-lang={cookie}"} if cookie else {})}
    response = closed.browser.get("/", params={"lang": asked} if asked else {}, headers=headers)
    language = LANGUAGES[tag]
    assert f'<html lang="{tag}" dir="{language.direction}">' in response.text


def test_a_language_once_chosen_is_kept(closed: scene.Console) -> None:
    """Nobody wants to choose on every page."""
    closed.browser.get("/", params={"lang": "ur"})
    assert '<html lang="ur" dir="rtl">' in closed.browser.get("/").text


def test_changing_the_language_stays_on_the_page_and_on_this_host(full: scene.Console) -> None:
    """The link keeps the query; it names no path, since a path that begins with two slashes is another host."""
    page = full.browser.get("/picture", params={"first": "2026-01", "last": "2026-02", "lang": "en"}).text
    assert '<a href="?first=2026-01&amp;last=2026-02&amp;lang=ur"' in page
    assert 'href="//' not in full.browser.get(f"{scene.ORIGIN}//evil.test/").text


def test_machine_drafts_say_so(closed: scene.Console) -> None:
    """An unreviewed translation that looks official may be quoted as if it were."""
    for tag, language in LANGUAGES.items():
        note = reader(language).text(
            "This translation was drafted by a machine and has not been reviewed by a native speaker. Where it "
            "matters, read the English.")
        assert (note in closed.browser.get("/", params={"lang": tag}).text) != language.reviewed


@pytest.mark.parametrize(
    ("tag", "number", "day"),
    [("en", "1,234.5", "8 Mar 2026"), ("fa", "۱٬۲۳۴٫۵", "۸ مارس ۲۰۲۶"), ("ru", "1\xa0234,5", "8 мар. 2026 г."),
     ("zh-Hans", "1,234.5", "2026年3月8日"), ("ur", "1,234.5", "8 مارچ، 2026")],
)
def test_numbers_and_days_are_written_as_the_language_writes_them(tag: str, number: str, day: str) -> None:
    """Half of the region's languages have no data for this in browsers, so the node does it."""
    t = reader(LANGUAGES[tag])
    assert t.number(1234.5) == number
    assert " ".join(t.day(1_772_928_000_000).striptags().split()) == day


def test_times_of_the_log_are_the_same_in_every_language() -> None:
    """A time of the log is compared between parties letter by letter."""
    stamps = {str(reader(language).stamp(1_772_928_000_000)) for language in LANGUAGES.values()}
    assert stamps == {'<time dir="ltr" datetime="2026-03-08T00:00:00Z">2026-03-08 00:00:00</time>'}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_time_that_no_calendar_holds_is_shown_raw(tag: str) -> None:
    """A peer may write any instant below 2**48; it must not take the page down."""
    t = reader(LANGUAGES[tag])
    beyond = 2**48 - 1
    assert all(str(beyond) in each for each in (t.instant(beyond), t.day(beyond), t.stamp(beyond)))
    assert "0000-01" in t.month("0000-01")


def test_a_word_without_a_label_is_shown_as_it_is() -> None:
    """A newer neighbour may use codes that this node has not learnt; they are text of a stranger."""
    t = reader(LANGUAGES["ur"])
    assert t.label("refusal", "<new-code>") == "<bdi><code>&lt;new-code&gt;</code></bdi>"
    assert t.label("refusal", "oversize") == "بہت بڑا"


def test_styles_know_no_left_and_no_right() -> None:
    """A rule with a side breaks in the other direction of writing, and nobody here would see it."""
    sides = r"[\s;{-](?:left|right)\b|(?:margin|padding|border)-(?:top|bottom)\b|(?<![-\w])(?:width|height)\s*:"
    assert not re.findall(sides, STYLE.read_text(encoding="utf-8"))
    assert len(re.findall(sides, "a { margin-left: 0 } b {text-align: right} c { width: 1em } d{padding-top:0}")) == 4


def test_styles_load_nothing_from_elsewhere() -> None:
    """No fonts, no images, no imports: the pages work without a network."""
    text = STYLE.read_text(encoding="utf-8")
    assert "url(" not in text and "@import" not in text
