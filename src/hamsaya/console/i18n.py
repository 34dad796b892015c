"""Languages: catalogues, the reader's choice, and dates, numbers and months as the reader writes them.

Catalogues are gettext ``.po`` files, read when the first reader of a language comes; the words of the templates are
English and are their own catalogue. Whatever comes from a message stands in ``<bdi>``, so that its direction cannot
turn the words around it. Times of the log, identifiers and digests keep Latin digits in every language.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.core import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape
from starlette.requests import Request

from hamsaya.base import instants
from hamsaya.console.labels import LABELS

CATALOGUES = Path(__file__).parent / "locale"
NATIVE_DIGITS = {"arabext": "۰۱۲۳۴۵۶۷۸۹", "arab": "٠١٢٣٤٥٦٧٨٩"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the pages.

    Attributes:
        tag: As in ``?lang=`` and ``<html lang>``.
        locale: As in Babel and in the folder of its catalogue.
        name: What its readers call it.
        names: The key under which the region pack keeps parties' names and disclaimers.
        reviewed: Whether a native speaker has read the catalogue; otherwise every page says so.
    """

    tag: str
    locale: str
    name: str
    names: str
    direction: str = "ltr"
    reviewed: bool = False


LANGUAGES: dict[str, Language] = {
    each.tag: each
    for each in (
        Language("en", "en_001", "English", "en", reviewed=True),
        Language("ur", "ur", "اردو", "ur", "rtl"),
        Language("fa", "fa", "فارسی", "fa", "rtl"),
        Language("ru", "ru", "Русский", "ru"),
        Language("zh-Hans", "zh_Hans", "简体中文", "zh"),
    )
}
DEFAULT = LANGUAGES["en"]
COOKIE = "hamsaya-lang"


def choose(request: Request) -> Language:
    """Return the language of ``?lang=``, else of the cookie, else the browser's best of ours, else English."""
    for tag in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if tag in LANGUAGES:
            return LANGUAGES[tag]
    return _accepted(request.headers.get("accept-language", ""))


def _accepted(header: str) -> Language:
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), tag.strip().lower()))
        except ValueError:
            continue
    for _, wish in sorted(wishes, key=lambda each: each[0]):
        for tag, language in LANGUAGES.items():
            if wish.split("-")[0] == tag.split("-")[0].lower():
                return language
    return DEFAULT


@cache
def translations(locale: str) -> NullTranslations:
    """Return the catalogue of one of ``LANGUAGES``' locales; English texts are their own."""
    if locale == DEFAULT.locale:
        return NullTranslations()
    # Only readers of other languages need the parser.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with open(CATALOGUES / locale / "LC_MESSAGES" / "console.po", "rb") as file:
        write_mo(compiled, read_po(file, locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


class Reader:
    """One language at work: its catalogue, its numbers, its dates."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.catalogue = translations(language.locale)
        self._locale = Locale.parse(language.locale)
        system = self._locale.default_numbering_system
        self._digits = str.maketrans("0123456789", NATIVE_DIGITS.get(system, "0123456789"))

    def text(self, message: str) -> str:
        """Return a message of the catalogue."""
        return self.catalogue.gettext(message)

    def label(self, family: str, word: str) -> Markup:
        """Return what readers call a protocol word; one without a label is shown as it is."""
        known = LABELS[family].get(word)
        if known is None:
            return Markup("<bdi><code>{}</code></bdi>").format(word)
        return escape(self.catalogue.pgettext(family, known))

    def number(self, value: float) -> str:
        """Return a number with the language's digits and separators."""
        words = format_decimal(value, locale=self._locale, numbering_system="default")
        return words.translate(self._digits)

    def figure(self, value: float) -> str:
        """Return a number at three significant digits, however small."""
        rounded = float(f"{value:.3g}") + 0.0  # Nought has no sign.
        words = format_decimal(rounded, format="#,##0.########", locale=self._locale, numbering_system="default")
        return words.translate(self._digits)

    def share(self, value: float) -> Markup:
        """Return a share in [0, 1] as whole per cent, as the language writes it."""
        words = format_percent(value, locale=self._locale, numbering_system="default")
        # Its digits are native, and the sign of them is not among the symbols that Babel takes for the system.
        words = words.replace("%", "\N{ARABIC PERCENT SIGN}") if self._digits[ord("0")] != ord("0") else words
        return Markup('<bdi dir="ltr">{}</bdi>').format(words.translate(self._digits))

    def span(self, low: float, high: float) -> str:
        """Return an interval in words, or one number when it is one."""
        if low == high:
            return self.number(low)
        return self.text("%(low)s to %(high)s") % {"low": self.number(low), "high": self.number(high)}

    def instant(self, instant: int) -> Markup:
        """Return an instant as date and time of day, UTC."""
        try:
            moment = datetime.fromtimestamp(instant // 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return self._raw(instant)
        words = self.text("%(date)s, %(time)s UTC") % {
            "date": format_date(moment, "medium", locale=self._locale),
            "time": format_time(moment, "HH:mm", locale=self._locale),
        }
        return self._time(instant, words.translate(self._digits))

    def day(self, instant: int) -> Markup:
        """Return the date of an instant, UTC."""
        try:
            moment = datetime.fromtimestamp(instant // 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return self._raw(instant)
        return self._time(instant, format_date(moment, "medium", locale=self._locale).translate(self._digits))

    def stamp(self, instant: int) -> Markup:
        """Return an instant as the log writes it: ISO 8601, UTC, Latin digits."""
        try:
            text = instants.to_text(instant)
        except (ValueError, OverflowError, OSError):
            return self._raw(instant)
        return Markup('<time dir="ltr" datetime="{0}">{1}</time>').format(text, text[:-1].replace("T", " "))

    def month(self, month: str) -> Markup:
        """Return ``YYYY-MM`` in words."""
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            return self._raw(month)
        words = format_skeleton("yMMMM", first, locale=self._locale).translate(self._digits)
        return Markup("<bdi>{}</bdi>").format(words)

    @staticmethod
    def _time(instant: int, words: str) -> Markup:
        return Markup('<time datetime="{}">{}</time>').format(instants.to_text(instant), words)

    @staticmethod
    def _raw(value: object) -> Markup:
        # What a peer may write and no calendar holds.
        return Markup('<bdi dir="ltr">{}</bdi>').format(value)


@cache
def reader(language: Language) -> Reader:
    """Return the reader of a language; there is one for each that anybody asked for."""
    return Reader(language)
