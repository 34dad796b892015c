"""Charts of verification and incentives as SVG or PNG files, by matplotlib (the extra ``figures``).

Each function takes what its command prints and draws it: nothing is computed here. The colours are told apart in print
and by colour-blind readers; every axis has its unit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hamsaya.base.errors import OperatorError

if TYPE_CHECKING:
    from hamsaya.node.incentives import BreakEven, ReviewView
    from hamsaya.node.schedules import ScheduleView
    from hamsaya.node.verification import AttestorsView, CusumView, SprtView
    from hamsaya.node.visits import VisitsView
    from hamsaya.node.what_if import WhatIf

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#666666"
FORMATS = (".svg", ".png")


def draw(file: Path, paint: Callable[[Any], None], size: tuple[float, float] = (7.0, 4.2)) -> str:
    """Write the chart that ``paint`` puts on a figure, and return the file's name.

    Raises:
        OperatorError: another ending than .svg or .png, no matplotlib, or a file that cannot be written.
    """
    if file.suffix.lower() not in FORMATS:
        raise OperatorError(f"expected a chart's file to end in {' or '.join(FORMATS)}, received {file.name}",
                            code="bad-file")
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise OperatorError("charts need matplotlib: install hamsaya with its extra, as hamsaya[figures]",
                            code="no-figures") from None
    with matplotlib.rc_context({"svg.hashsalt": "hamsaya", "font.size": 10}):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        try:
            figure.savefig(file, metadata={"Date": None} if file.suffix.lower() == ".svg" else None, dpi=150)
        except OSError as error:
            raise OperatorError(f"{file}: {error.strerror}", code="bad-file") from None
    return str(file)


def sequential(view: SprtView) -> Callable[[Any], None]:
    """Return a chart of the sum of log ratios between its two bounds."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.step(range(len(view.path) + 1), [0.0, *view.path], where="post", color=BLUE)
        axes.axhline(view.ln_a, color=ORANGE, linestyle="--", label=f"breach: {view.ln_a:.3f}")
        axes.axhline(view.ln_b, color=GREEN, linestyle="--", label=f"no breach: {view.ln_b:.3f}")
        axes.set(xlabel="looks", ylabel="sum of log likelihood ratios", title=f"Sequential test: {view.verdict}")
        axes.legend()

    return paint


def cumulative(view: CusumView) -> Callable[[Any], None]:
    """Return a chart of a CUSUM against its bound."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.step(range(len(view.path) + 1), [0.0, *view.path], where="post", color=BLUE)
        axes.axhline(view.h, color=ORANGE, linestyle="--", label=f"alarm: {view.h}")
        alarm = "no alarm" if view.alarm is None else f"alarm in period {view.alarm}"
        axes.set(xlabel="periods", ylabel="counts above the allowance", title=f"CUSUM: {alarm}")
        axes.legend()

    return paint


def attestors(view: AttestorsView) -> Callable[[Any], None]:
    """Return confusion matrices side by side, at most twelve."""
    shown = view.attestors[:12]
    wide = min(4, len(shown))

    def paint(figure: Any) -> None:
        grid = figure.subplots(-(-len(shown) // wide), wide, squeeze=False)
        for place, axes in enumerate(grid.ravel()):
            if place >= len(shown):
                axes.axis("off")
                continue
            each = shown[place]
            cells = [[each.confusion[truth][label] for label in view.classes] for truth in view.classes]
            axes.imshow(cells, vmin=0.0, vmax=1.0, cmap="cividis")
            for row, values in enumerate(cells):
                for column, value in enumerate(values):
                    axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8,
                              color="black" if value > 0.5 else "white")
            axes.set_xticks(range(len(view.classes)), view.classes, fontsize=8)
            axes.set_yticks(range(len(view.classes)), view.classes, fontsize=8)
            axes.set_title(f"{each.attestor} {each.relation}".strip(), fontsize=9)
        figure.supxlabel("label given")
        figure.supylabel("true class")

    return paint


def review_windows(view: ReviewView) -> Callable[[Any], None]:
    """Return the price of each window, for breaches that are all or nothing and against slices."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        days = [each.window_days for each in view.windows]
        axes.plot(days, [each.price for each in view.windows], "o-", color=BLUE, label="all or nothing")
        axes.plot(days, [each.sliced_price for each in view.windows], "s--", color=ORANGE, label="small breaches too")
        axes.axhline(view.at_once, color=GREY, linestyle=":", label="reacting to each incident")
        for each in view.windows:
            axes.annotate(f"{each.trigger}+", (each.window_days, each.price), textcoords="offset points",
                          xytext=(0, -13), ha="center", fontsize=8)
        axes.set(xscale="log", xlabel="review window, days (numbers: incidents that make it bad)",
                 ylabel="price of compliance")
        axes.set_xticks(days, [f"{day:.0f}" for day in days])
        axes.minorticks_off()
        axes.margins(y=0.12)
        axes.legend()

    return paint


def break_even(view: BreakEven) -> Callable[[Any], None]:
    """Return the cost that the flow sustains at each discount rate."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        bars = axes.bar([f"{row.r:.0%}" for row in view.rows], [row.c_max_musd for row in view.rows], color=BLUE)
        axes.bar_label(bars, fmt="%.0f")
        axes.axhline(view.tau_musd, color=GREY, linestyle=":", label=f"the flow, ${view.tau_musd:g}m a year")
        axes.set(xlabel="discount rate a year", ylabel="break-even cost, million US$ a year")
        axes.legend()

    return paint


def schedule(view: ScheduleView) -> Callable[[Any], None]:
    """Return what each member receives in each quarter, and the level of each project."""

    def paint(figure: Any) -> None:
        flows, levels = figure.subplots(2, 1, sharex=True)
        for name, member in view.members.items():
            flows.step(range(view.quarters), member.flow_musd, where="post", label=name)
        for name, project in view.projects.items():
            levels.step(range(view.quarters), project.levels, where="post", label=name)
        flows.set(ylabel="million US$ a quarter", title="Received by each member")
        levels.set(ylabel="level, 0 to 1", xlabel="quarter", title="Projects")
        for axes, named in ((flows, view.members), (levels, view.projects)):
            if named:
                axes.legend(fontsize=7, ncols=3)

    return paint


def what_if(view: WhatIf) -> Callable[[Any], None]:
    """Return the price and its interval before and after, and what each link at its best would make of it."""

    def paint(figure: Any) -> None:
        prices, levers = figure.subplots(1, 2, width_ratios=(1, 2))
        for place, (name, side, colour) in enumerate((("before", view.before, GREY), ("after", view.after, BLUE))):
            top = min(side.price.high, 10.0)
            prices.plot([place, place], [min(side.price.low, top), top], color=colour, linewidth=3)
            if side.price.mid <= 10.0:
                prices.plot(place, side.price.mid, "o", color=colour)
            prices.annotate(name, (place, top), textcoords="offset points", xytext=(0, 6), ha="center")
        prices.set(xlim=(-0.6, 1.6), ylabel="price of compliance (cut at 10)", xticks=[])
        prices.margins(y=0.15)
        shown = [lever for lever in view.after.levers][::-1]
        levers.barh([lever.link for lever in shown], [max(0.0, lever.sustained) for lever in shown], color=GREEN)
        levers.axvline(max(0.0, 1.0 / view.after.price.mid), color=ORANGE, linestyle="--", label="now")
        levers.set(xlabel="cost sustained by each US$ of flow, the link at its best", xlim=(0, 1))
        levers.legend(loc="lower left")

    return paint


def visits(view: VisitsView) -> Callable[[Any], None]:
    """Return the visits a year at each site beside uniform visiting, and the share of its breaches found in time."""

    def paint(figure: Any) -> None:
        rates, found = figure.subplots(1, 2, sharey=True, width_ratios=(2, 1))
        rows = view.sites[::-1]
        names = [f"{row.site} ({row.breach.mid:.2f})" for row in rows]
        rates.barh(names, [row.per_year for row in rows], color=BLUE)
        rates.axvline(view.uniform_per_year, color=ORANGE, linestyle="--", label="every site alike")
        rates.set(xlabel="visits a year", ylabel="site (P(breach))", title=f"{view.share:.0%} of the cost of uniform")
        rates.legend()
        found.barh(names, [row.detection for row in rows], color=GREEN)
        found.axvline(view.required, color=GREY, linestyle=":", label="required on the whole")
        found.set(xlabel="found in time", xlim=(0, 1))
        found.legend(fontsize=7)

    return paint
