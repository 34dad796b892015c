"""Maps of layers with matplotlib: squares on a plain grid, split by what is least and most, hatched where unobserved.

Lines are laid over them: settled boundaries solid, disputed ones dashed, disputed areas ruled, none above another.
Colour is cividis, which readers with any colour vision tell apart; nothing is said by colour alone. Each square is two
triangles: the lower left shows ``low``, the upper right ``high``; one colour means that they agree. The same layer
gives the same bytes with the same version of the library: no dates, no random names, no fonts of the machine.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from hamsaya.base.errors import OperatorError
from hamsaya.ports.layers import Feature, Layer, MapLines, Square

LEVELS = (0, 1, 3, 10, 30, 100)
"""Lowest value of each colour, deaths; chances take tenths."""
HATCHES = {"unobserved": "////", "partly": "..", "not-covered": "xxxx", "blind": "\\\\\\\\\\\\"}
WORDS = {"unobserved": "nobody reported", "partly": "some months reported", "not-covered": "nobody's to report",
         "blind": "blind spot"}
CLAIMS = "---"
STROKES: tuple[tuple[str, float, Any], ...] = (
    ("settled", 0.6, "solid"), ("disputed", 1.0, (0, (4, 2.2))), ("undetermined", 0.7, (0, (3, 2))))
"""Lines of a map: name, width in points, dashes."""
LINE_WORDS = {"settled": "boundary no side is known to dispute", "disputed": "disputed boundary",
              "undetermined": "several report: undetermined"}
SHARES = ("alerts", "blind-spots")
"""Layers whose values are shares in [0, 1]."""
SETTINGS: Any = {"svg.hashsalt": "hamsaya", "svg.fonttype": "path", "font.family": ["DejaVu Sans"],
                 "pdf.compression": 6, "hatch.linewidth": 0.4, "path.simplify": False}


@contextmanager
def _library() -> Iterator[Any]:
    try:
        import matplotlib
    except ImportError:
        raise OperatorError("maps need the extra: install hamsaya[figures], or choose geojson",
                            code="missing-extra") from None
    with matplotlib.rc_context(SETTINGS):
        yield matplotlib


def draw(layer: Layer, form: Literal["svg", "png"]) -> bytes:
    """Return the map of a layer."""
    with _library():
        figure = _figure(layer)
        out = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
        figure.savefig(out, format=form, dpi=150, metadata=metadata)
    return out.getvalue()


def pages(texts: Sequence[str], layer: Layer | None, title: str) -> bytes:
    """Return a PDF: the lines of ``texts`` (headings begin with ``# ``) on A4 pages, then the map."""
    with _library():
        from matplotlib.backends.backend_pdf import PdfPages
        from matplotlib.figure import Figure

        out = io.BytesIO()
        said = {"Title": title, "CreationDate": None, "ModDate": None, "Creator": None, "Producer": None}
        with PdfPages(out, metadata=said) as file:
            for page in _broken(texts):
                figure = Figure(figsize=(8.27, 11.69))
                for place, (line, heading) in enumerate(page):
                    figure.text(0.08, 0.95 - place * 0.0155, line, fontsize=11 if heading else 8.5,
                                fontweight="bold" if heading else "normal", parse_math=False)
                file.savefig(figure)
            if layer is not None:
                file.savefig(_figure(layer))
    return out.getvalue()


def _broken(texts: Sequence[str], lines: int = 58, width: int = 108) -> Iterator[list[tuple[str, bool]]]:
    """Yield pages of (line, whether it is a heading)."""
    page: list[tuple[str, bool]] = []
    for text in texts:
        heading = text.startswith("# ")
        for line in textwrap.wrap(text.removeprefix("# "), width - 30 * heading) or [""]:
            page.append((line, heading))
            if len(page) == lines:
                yield page
                page = []
    if page:
        yield page


def _figure(layer: Layer) -> Any:
    from matplotlib.figure import Figure

    late = [f"As of: {layer.as_of}."] if layer.as_of else []
    notices = [line for text in [*layer.notices, *late, "Sources: " + "; ".join(layer.sources)]
               for line in textwrap.wrap(text, 170)]
    below = 0.75 + 0.105 * len(notices)
    height = 6.0 + below
    figure = Figure(figsize=(10.2, height))
    axes = figure.add_axes((0.06, below / height, 0.72, 5.6 / height))
    _areas(axes, layer)
    axes.set_title(layer.title, fontsize=11, parse_math=False)
    axes.set_xlabel("degrees east", fontsize=8)
    axes.set_ylabel("degrees north", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(True, linewidth=0.2, color="0.7")
    if layer.lines is not None:
        _lines(axes, layer.lines)
    _key(axes, layer)
    figure.text(0.06, (below - 0.55) / height, "\n".join(notices), fontsize=5.5, va="top", parse_math=False)
    return figure


def _lines(axes: Any, lines: MapLines) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    if lines.areas:
        axes.add_collection(PolyCollection(lines.areas, facecolors="none", edgecolors="0.25", linewidths=0,
                                           hatch=CLAIMS, zorder=2))
    for name, width, dashes in STROKES:
        strokes = getattr(lines, name)
        if strokes:
            axes.add_collection(LineCollection(strokes, colors="black", linewidths=width, linestyles=[dashes],
                                               zorder=3))


def _areas(axes: Any, layer: Layer) -> None:
    """Draw every area: whole squares where least and most have one colour, in runs; triangles elsewhere."""
    from matplotlib.collections import PolyCollection

    whole: dict[Any, list[Square]] = defaultdict(list)
    split: list[tuple[Any, list[tuple[float, float]]]] = []
    hatched: dict[str, list[Square]] = defaultdict(list)
    for one in layer.features:
        low, high = _colour(layer, one.low), _colour(layer, one.high)
        for west, south, east, north in one.squares:
            if low == high:
                whole[low].append((west, south, east, north))
            else:
                split += [(low, [(west, south), (east, south), (west, north)]),
                          (high, [(east, south), (east, north), (west, north)])]
        for name in _hatches(one):
            hatched[name] += one.squares
        if one.mark:
            _mark(axes, one)
    shapes = [(colour, _corners(run)) for colour in sorted(whole) for run in _runs(whole[colour])] + split
    axes.add_collection(PolyCollection([shape for _, shape in shapes], facecolors=[colour for colour, _ in shapes],
                                       edgecolors="face", linewidths=0.1, zorder=0))
    for name in sorted(hatched):
        axes.add_collection(PolyCollection([_corners(run) for run in _runs(hatched[name])], facecolors="none",
                                           edgecolors="black" if name == "blind" else "0.35", hatch=HATCHES[name],
                                           linewidths=0.9 if name == "blind" else 0, zorder=1))
    _bounds(axes, layer)


def _hatches(one: Feature) -> list[str]:
    return [name for name in (one.hatch, "blind" if one.blind else "") if name]


def _corners(one: Square) -> list[tuple[float, float]]:
    west, south, east, north = one
    return [(west, south), (east, south), (east, north), (west, north)]


def _runs(squares: Iterable[Square]) -> Iterator[Square]:
    """Yield squares of one row that touch as one rectangle; an area of cells has few of them."""
    held: Square | None = None
    for one in sorted(squares, key=lambda each: (each[1], each[3], each[0])):
        if held is not None and (held[1], held[3]) == (one[1], one[3]) and held[2] >= one[0]:
            held = (held[0], held[1], max(held[2], one[2]), held[3])
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _mark(axes: Any, one: Feature) -> None:
    from matplotlib.patches import Rectangle

    for west, south, east, north in one.squares:
        axes.add_patch(Rectangle((west, south), east - west, north - south, fill=False, linewidth=0.8,
                                 edgecolor="black"))
    west, south, east, north = one.squares[0]
    axes.text((west + east) / 2, (south + north) / 2, one.mark, fontsize=6, ha="center", va="center", color="black",
              bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "linewidth": 0.3}, parse_math=False)


def _bounds(axes: Any, layer: Layer) -> None:
    squares = [each for one in layer.features for each in one.squares] or [(0.0, 0.0, 1.0, 1.0)]
    west, south = min(each[0] for each in squares), min(each[1] for each in squares)
    east, north = max(each[2] for each in squares), max(each[3] for each in squares)
    axes.set_xlim(west - 0.5, east + 0.5)
    axes.set_ylim(south - 0.5, north + 0.5)
    axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))


def _colour(layer: Layer, value: float | None) -> Any:
    from matplotlib import colormaps

    if value is None:
        return (0.93, 0.93, 0.93, 1.0)
    if value <= 0:
        return (1.0, 0.97, 0.84, 1.0)
    shade = value if layer.what in SHARES else (sum(value >= level for level in LEVELS) - 1) / (len(LEVELS) - 1)
    return tuple(map(float, colormaps["cividis_r"](min(max(shade, 0.0), 1.0))))


def _key(axes: Any, layer: Layer) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if layer.unit:
        levels = (0.0, 0.25, 0.5, 0.75, 1.0) if layer.what in SHARES else LEVELS
        handles = [Patch(facecolor=_colour(layer, value), edgecolor="0.4", label=f"{value:g}"
                         f"{'+' if value and layer.what not in SHARES else ''} {layer.unit}") for value in levels]
    handles.append(Patch(facecolor=_colour(layer, None), edgecolor="0.4", label="unknown or not told"))
    used = {name for one in layer.features for name in _hatches(one)}
    handles += [Patch(facecolor="white", edgecolor="0.35", hatch=HATCHES[name], label=WORDS[name])
                for name in HATCHES if name in used]
    if layer.lines is not None:
        handles += [Line2D([], [], color="black", linewidth=width, linestyle=dashes, label=LINE_WORDS[name])
                    for name, width, dashes in STROKES if getattr(layer.lines, name)]
        handles += [Patch(facecolor="white", edgecolor="0.25", hatch=CLAIMS * 2, label="disputed area")] * bool(
            layer.lines.areas)
    axes.legend(handles=handles, fontsize=6, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0,
                title="lower left: least, upper right: most" if layer.unit and layer.what != "alerts" else None,
                title_fontsize=6)
