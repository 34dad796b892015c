"""The dated bulletin: one HTML file that needs nothing else, or a PDF, from what one node holds.

Rules
1. It says what it is not for before it says anything else, and whether it is an exercise.
2. Uncertainty stands in words, the record of past alerts beside the present ones, a dissent beside its assessment.
3. Small counts are not told (``exporting``, rule 2); what was not observed is never written as nothing happened. Where
   nobody is looking has a section of its own, also when no list of blind spots is given.
4. Every text of a party is escaped and isolated (``bdi``); the page has a language and a direction, and no script.
5. Its date is an argument: the same material gives the same bytes.
6. The page prints as it stands: A4, page numbers, headings that stay with what follows, a table's head on each of its
   pages. A browser shapes and turns every script; the PDF made here sets Latin and Cyrillic only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Any, NamedTuple

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import to_text
from hamsaya.messages.alerts import ByForecast, ByScan
from hamsaya.monitor.alerts_record import AlertView, AssessmentView
from hamsaya.monitor.types import Cell, PictureDoc
from hamsaya.node.bulletin_words import TONGUES, Tongue
from hamsaya.node.data_files import draw_layer, print_pages
from hamsaya.node.desk import BlindSpots
from hamsaya.node.exporting import SUPPRESS, TURNING, Material, picture_layer, sources_of, told, with_lines
from hamsaya.ports.layers import Layer, MapLines

ROWS = 40
ALERTS = 60
STYLE = (
    "html{line-height:1.55}body{"
    "font:15px/1.55 system-ui,\"Noto Sans\",sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#111;"
    "background:#fff}"
    "html:lang(ur) body,html:lang(fa) body{"
    "font-family:\"Noto Naskh Arabic\",Vazirmatn,\"Urdu Typesetting\",\"Geeza Pro\",\"Noto Sans\",sans-serif;"
    "line-height:1.85}"
    "html:lang(zh) body{"
    "font-family:\"Noto Sans CJK SC\",\"Source Han Sans SC\",\"PingFang SC\",\"Microsoft YaHei\","
    "\"WenQuanYi Zen Hei\",\"Noto Sans\",sans-serif}"
    "h1,h2,h3{line-height:1.4;text-wrap:balance}table{"
    "border-collapse:collapse;width:100%;font-size:13px;margin:.6rem 0}th,td{"
    "border:1px solid #999;padding:.25rem .5rem;text-align:start;vertical-align:top;overflow-wrap:break-word}"
    "caption{text-align:start;font-weight:600;padding:.3rem 0}.notice{border:2px solid #111;padding:.6rem 1rem}"
    ".dissent{border-inline-start:4px solid #111;padding-inline-start:.8rem}figure{margin:1rem 0}svg{"
    "max-width:100%;height:auto}:lang(en){line-height:1.5}@media print{body{"
    "max-width:none;margin:0;padding:0;font-size:10.5pt}table{font-size:8.5pt}h1,h2,h3,caption{break-after:avoid}"
    "thead{display:table-header-group}tr,.dissent,.notice,figure{break-inside:avoid}p{orphans:3;widows:3}svg{"
    "max-height:235mm}}"
)


class More(NamedTuple):
    """What a bulletin holds beside the node's material: blind spots, and what its map is drawn over."""

    blind: BlindSpots | None = None
    areas: Mapping[int, frozenset[str]] = MappingProxyType({})
    lines: MapLines | None = None


NOTHING_MORE = More()


def html(
    found: Material, date: str, tongue: str = "en", suppress: int = SUPPRESS, more: More = NOTHING_MORE
) -> bytes:
    """Return the bulletin as one HTML file that prints as it stands.

    Args:
        date: ISO date printed on it. tongue: A key of ``TONGUES``.
        suppress: Counts above zero and below this are not told.
    """
    language = TONGUES[tongue]
    layer = _layer(found, suppress, more)
    body = [_head(found, date, language), *_picture(found, language, layer, suppress),
            *_unseen(found, language, more), *_alerts(found, language, suppress),
            *_assessments(found, language), *_sources(found, language, more)]
    title = escape(f"{language.words['title']} {date}")
    page = (f'<!doctype html>\n<html lang="{language.tag}" dir="{language.direction}">\n<head>\n'
            '<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
            f"<style>{STYLE}{_sheet(language, date)}</style>\n</head>\n<body>\n"
            + "\n".join(body) + "\n</body>\n</html>\n")
    return page.encode()


def _sheet(language: Tongue, date: str) -> str:
    """Return the rules of the printed sheet: its footer names the bulletin and numbers the pages."""
    start, end = ("left", "right") if language.direction == "ltr" else ("right", "left")
    title = language.words["title"]
    box = "font:8pt sans-serif;color:#333"
    # Isolated, as CSS writes it: in a margin the date and the numbers would else be turned with the words.
    return (f'@page{{size:A4;margin:18mm 15mm 20mm;@bottom-{start}{{content:"{title} \\2066  {date}\\2069 ";{box}}}'
            f'@bottom-{end}{{content:"\\2066 " counter(page) " / " counter(pages) "\\2069 ";{box}}}}}')


def pdf(
    found: Material, date: str, tongue: str = "en", suppress: int = SUPPRESS, more: More = NOTHING_MORE
) -> bytes:
    """Return the bulletin as PDF.

    Raises:
        OperatorError: the script of the language needs shaping or a font that is not there (``bad-language``), or
            the extra is missing (``missing-extra``).
    """
    language = TONGUES[tongue]
    if not language.printable:
        raise OperatorError(f"the PDF made here cannot set the script of {tongue}; write .html and print it from a "
                            "browser (chromium --headless --no-pdf-header-footer --print-to-pdf=OUT.pdf FILE.html)",
                            code="bad-language")
    return print_pages(list(_lines(found, date, language, suppress, more)), _layer(found, suppress, more),
                       f"{language.words['title']} {date}")


def _layer(found: Material, suppress: int, more: More) -> Layer | None:
    if found.picture is None:
        return None
    return with_lines(picture_layer(found.picture, found.digest, suppress, more.blind), more.areas, more.lines)


def _said(text: object) -> str:
    return f'<bdi dir="auto">{escape(str(text).translate(TURNING))}</bdi>'


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    lines = "".join("<tr>" + "".join(f"<td>{_said(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _head(found: Material, date: str, language: Tongue) -> str:
    words = language.words
    exercise = f"<p><strong>{escape(words['exercise'])}</strong></p>" if found.exercise else ""
    draft = f"<p>{escape(words['draft'])}</p>" if words["draft"] else ""
    return (f"<header><h1>{escape(words['title'])} <bdi dir=\"ltr\">{escape(date)}</bdi></h1>"
            f"<p>{_said(found.federation)} · {_said(found.names.get(found.own, found.own))}</p>"
            f'<div class="notice">{exercise}<p>{escape(words["dual"])}</p>{draft}</div></header>')


def _picture(found: Material, language: Tongue, layer: Layer | None, suppress: int) -> list[str]:
    words, document = language.words, found.picture
    parts = [f"<h2>{escape(words['picture'])}</h2>"]
    if document is None or layer is None:
        return [*parts, f"<p>{escape(words['none'])}</p>"]
    drawing = re.sub(r"^.*?(?=<svg)|<metadata>.*?</metadata>", "", draw_layer(layer, "svg").decode(), flags=re.DOTALL)
    return [
        *parts, f'<p><bdi dir="ltr">{document.first} – {document.last}</bdi></p>',
        _table(words["cells"], (words["status"], words["cells"]),
               [(words[status], count) for status, count in document.statuses.items()]),
        # The drawing's own words are English and run from the left.
        f'<figure dir="ltr" lang="en" role="img" aria-label="{escape(layer.title, quote=True)}">{drawing}</figure>',
        _table(words["picture"], [words[name] for name in ("cell", "status", "reporters", "incidents", "deaths")],
               _rows(found, language, suppress)),
        f"<h2>{escape(words['uncertain'])}</h2><p>{escape(words['uncertainty'])}</p>"
        f"<p>{escape(words['small'])} {suppress}</p><p>{escape(words['lines'])}</p>",
    ]


def _unseen(found: Material, language: Tongue, more: More) -> list[str]:
    """Return the section on where nobody is looking: what nobody observed, and the list of blind spots."""
    words = language.words
    parts = [f"<h2>{escape(words['blind'])}</h2>"]
    if found.picture is not None:
        parts.append(f"<p>{escape(_unobserved(found.picture, words))}</p>")
    if more.blind is None:
        return [*parts, f"<p>{escape(words['noblind'])}</p>"]
    columns = [words[name] for name in ("cell", "chance", "anybody", "unseen")]
    return [*parts, f"<p>{escape(words['blindtext'])} <bdi dir=\"ltr\">{escape(more.blind.month)}</bdi></p>",
            _table(words["blind"], columns, _spots(more.blind, words))]


def _unobserved(document: PictureDoc, words: Mapping[str, str]) -> str:
    return "; ".join(f"{words[status]}: {document.statuses.get(status, 0)}"
                     for status in ("silent", "partly", "not-covered"))


def _spots(blind: BlindSpots, words: Mapping[str, str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for one in blind.spots[:ROWS]:
        low, high = blind.unseen(one)
        rows.append((one.gid, f"{one.probability:.0%}", f"{one.coverage:.0%}",
                     words["between"].format(low=round(100 * low), high=round(100 * high))))
    return rows


def _rows(found: Material, language: Tongue, suppress: int) -> list[tuple[object, ...]]:
    assert found.picture is not None
    cells = sorted((cell for cell in found.picture.cells if cell.pooled), key=lambda cell: (-_most(cell), cell.gid))
    return [(cell.gid, language.words[cell.status], ", ".join(found.names.get(one, one) for one in cell.reporters),
             _span(sum(one.incidents_low for one in cell.pooled), sum(one.incidents_high for one in cell.pooled),
                   suppress),
             _span(sum(one.best_low for one in cell.pooled), _most(cell), suppress)) for cell in cells[:ROWS]]


def _most(cell: Cell) -> int:
    return sum(one.best_high for one in cell.pooled)


def _span(low: int, high: int, suppress: int) -> str:
    shown = [f"< {suppress}" if told(value, suppress) is None else str(value) for value in (low, high)]
    return shown[0] if shown[0] == shown[1] else f"{shown[0]} – {shown[1]}"


def _basis(one: AlertView, suppress: int) -> str:
    match one.basis:
        case ByForecast(tier=tier, chance=chance, low=low, high=high):
            return f"{100 * chance:.0f} % ({tier}); 90 %: {low} – {high}"
        case ByScan(observed=observed, expected=expected, p_value=p_value):
            return f"{_span(observed, observed, suppress)} / {expected:.1f}; p {p_value:.3g}"


def _alert_row(one: AlertView, suppress: int) -> tuple[object, ...]:
    asked = "; ".join(f"{each.party} {each.action}: {each.outcome or '–'}" for each in one.asked)
    return (one.alert, one.kind, ", ".join(map(str, one.cells)), f"{one.first} – {one.last}",
            f"{one.at_least} {one.measure}", _basis(one, suppress), asked,
            f"{one.resolution.outcome} ({one.resolution.why})")


def _alerts(found: Material, language: Tongue, suppress: int) -> list[str]:
    words = language.words
    parts = [f"<h2>{escape(words['alerts'])}</h2>"]
    if found.alerts.alerts:
        columns = [words[name] for name in ("alerts", "kind", "cell", "months", "true", "basis", "asked", "became")]
        rows = [_alert_row(one, suppress) for one in found.alerts.alerts[:ALERTS]]
        parts.append(_table(words["alerts"], columns, rows))
    else:
        parts.append(f"<p>{escape(words['noalerts'])}</p>")
    rates = [(rate.kind, rate.resolved, rate.true, rate.unknown, _short(rate.brier), rate.sentence)
            for rate in found.alerts.rates]
    columns = [words["kind"], words["resolved"], words["came"], words["unknown"], "Brier", words["record"]]
    return [*parts, _table(words["record"], columns, rates), f"<p>{escape(words['onset'])}</p>"]


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _assessments(found: Material, language: Tongue) -> list[str]:
    words = language.words
    parts = [f"<h2>{escape(words['assessments'])}</h2>"]
    if not found.assessments:
        return [*parts, f"<p>{escape(words['noassessments'])}</p>"]
    for one in found.assessments:
        parts.append(f"<article><h3>{_said(one.title)}</h3><p>{_said(found.names.get(one.by, one.by))} · "
                     f'<bdi dir="ltr">{one.first} – {one.last}</bdi> · {_likelihood(one)}</p>')
        parts += [f"<p>{_said(text)}</p>" for text in one.text]
        for each in one.stances:
            mark = ' class="dissent"' if each.stance == "dissent" else ""
            parts.append(f"<p{mark}><strong>{_said(found.names.get(each.party, each.party))} "
                         f"{escape(words[each.stance])}</strong> {_said(each.text) if each.text else ''}</p>")
        parts.append("</article>")
    return parts


def _likelihood(one: AssessmentView) -> str:
    return _said(f"{one.confidence} ({one.low} – {one.high} %)")


def _all_sources(found: Material, more: More) -> list[str]:
    read = [f"{title} ({licence}), SHA-256 {digest}" for one in found.assessments
            for title, licence, digest in one.sources]
    blind = [f"{source} ({licence})" for source, licence in more.blind.sources] if more.blind else []
    lines = [more.lines.source] if more.lines and more.lines.source else []
    return [*dict.fromkeys([*sources_of(found.picture), *blind, *read, *lines])]


def _sources(found: Material, language: Tongue, more: More) -> list[str]:
    items = "".join(f"<li>{_said(source)}</li>" for source in _all_sources(found, more))
    late = f"<p>{escape(language.words['asof'])} {_said(_known(found))}</p>" if _known(found) else ""
    return [f"<h2>{escape(language.words['sources'])}</h2>{late}<ul>{items}</ul>"]


def _known(found: Material) -> str:
    """Return how late each reporter's word is, by name."""
    return "; ".join(f"{found.names.get(one.member, one.member)} {to_text(one.as_of)[:10]}"
                     for one in (found.picture.reporters if found.picture else []) if one.as_of is not None)


def _lines(found: Material, date: str, language: Tongue, suppress: int, more: More) -> Iterable[str]:
    """Yield the lines of the PDF; headings begin with ``# ``."""
    words = language.words
    yield f"# {words['title']} {date}"
    yield f"{found.federation} · {found.names.get(found.own, found.own)}"
    yield from [text for text in (words["exercise"] if found.exercise else "", words["dual"], words["draft"]) if text]
    yield f"# {words['picture']}"
    if found.picture is None:
        yield words["none"]
    else:
        yield f"{found.picture.first} – {found.picture.last}"
        yield "; ".join(f"{words[status]}: {count}" for status, count in found.picture.statuses.items())
        for gid, status, reporters, incidents, deaths in _rows(found, language, suppress):
            yield (f"{words['cell']} {gid}: {status}; {reporters}; {words['incidents']} {incidents}; "
                   f"{words['deaths']} {deaths}")
        yield from (f"# {words['uncertain']}", words["uncertainty"], f"{words['small']} {suppress}", words["lines"])
    yield f"# {words['blind']}"
    yield from [_unobserved(found.picture, words)] if found.picture is not None else []
    if more.blind is None:
        yield words["noblind"]
    else:
        yield f"{words['blindtext']} {more.blind.month}"
        yield from [f"{words['cell']} {gid}: {words['chance']} {chance}; {words['anybody']} {share}; "
                    f"{words['unseen']} {said}" for gid, chance, share, said in _spots(more.blind, words)]
    yield f"# {words['alerts']}"
    yield from [" · ".join(map(_plain, _alert_row(one, suppress)))
                for one in found.alerts.alerts[:ALERTS]] or [words["noalerts"]]
    yield f"# {words['record']}"
    yield from [f"{rate.sentence}; Brier {_short(rate.brier)}" for rate in found.alerts.rates]
    yield words["onset"]
    yield f"# {words['assessments']}"
    for one in found.assessments:
        yield _plain(f"{one.title} · {found.names.get(one.by, one.by)} · {one.confidence} ({one.low} – {one.high} %)")
        yield from map(_plain, one.text)
        yield from [_plain(f"{found.names.get(each.party, each.party)} {words[each.stance]} {each.text or ''}")
                    for each in one.stances]
    if not found.assessments:
        yield words["noassessments"]
    yield f"# {words['sources']}"
    yield from [_plain(f"{words['asof']} {_known(found)}")] if _known(found) else []
    yield from map(_plain, _all_sources(found, more))


def _plain(value: Any) -> str:
    """Return a party's text as a line that is no heading."""
    return " ".join(str(value).translate(TURNING).split()).removeprefix("# ")
