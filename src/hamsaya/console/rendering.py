"""Templates: one strict, escaping environment for each language, and what every page has in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamsaya import __version__
from hamsaya.base.instants import DAY, SECOND
from hamsaya.console.i18n import COOKIE, LANGUAGES, Language, choose, reader, translations
from hamsaya.node.agreement import Agreement
from hamsaya.node.listing import ListingView

TEMPLATES = Path(__file__).parent / "templates"
# Characters that embed, override or isolate a direction. <bdi> keeps them from turning the words around a text; inside
# it they can still show "exe.png" for "gnp.exe". No page lets one through.
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")


def visible(value: Any) -> Any:
    """Return what a template puts out, with every character that turns the direction of writing made visible."""
    return value.translate(TURNING) if isinstance(value, str) else value


@cache
def environment(locale: str) -> Environment:
    """Return the environment whose texts are those of one locale. Everything is escaped; nothing may be undefined."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False, finalize=visible, extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined]
    return made


def names(agreement: Agreement, language: Language) -> dict[str, str]:
    """Return the parties' display names in ``language``."""
    return {member: party.display(language.names) for member, party in agreement.charter.members.items()}


class Renderer:
    """Makes pages for one node: ``agreement`` returns the one in effect, ``disclaimers`` are the pack's by language;
    ``listing`` returns the UN list's date and state, which stand on every page."""

    def __init__(
        self, agreement: Callable[[], Agreement], disclaimers: Mapping[str, str],
        listing: Callable[[], ListingView] = lambda: ListingView(as_of=None),
    ) -> None:
        self._agreement, self._disclaimers, self._listing = agreement, disclaimers, listing

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return the page, and let the browser keep a language chosen in the address."""
        language = choose(request)
        context = {**self._common(request, language), **values}
        html = environment(language.locale).get_template(template).render(context)
        response = HTMLResponse(html, status)
        if request.query_params.get("lang") == language.tag:
            response.set_cookie(COOKIE, language.tag, max_age=365 * DAY // SECOND, httponly=True, samesite="strict")
        return response

    def _common(self, request: Request, language: Language) -> dict[str, Any]:
        agreement = self._agreement()
        known = names(agreement, language)

        def name(member: str) -> Markup:
            return Markup("<bdi>{}</bdi>").format(known.get(member, member))

        def others(tag: str) -> str:
            # Only a query: a path that begins with two slashes would lead to another host.
            query = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
            return "?" + urlencode([*query, ("lang", tag)])

        return {
            "t": reader(language), "name": name, "agreement": agreement, "languages": LANGUAGES.values(),
            "in_language": others, "version": __version__, "here": "", "inside": True,
            "disclaimer": self._disclaimers.get(language.names, ""), "un_list": self._listing(),
        }
