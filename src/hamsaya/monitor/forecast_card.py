"""The model card of a release: what it was made of, what it says badly, and the digests to hold it to.

Rules
1. The card is made from the release itself, not written beside it: data, features, what was learnt, digests.
2. It states the limits in every edition, and the scores of a replay where they are given; without them it says that
   there are none.
3. The same release gives the same card, to the byte; no date of making stands in it but the data's vintage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hamsaya.monitor.forecast import Release
from hamsaya.monitor.forecast_features import CALENDAR
from hamsaya.monitor.forecast_report import ONSET_NOTICE
from hamsaya.monitor.forecast_rows import Table
from hamsaya.monitor.forecast_settle import BANDS
from hamsaya.monitor.forecast_weights import PARTS, RANGES
from hamsaya.monitor.incidents import month_text

LIMITS = (
    "A forecast is of deaths in a cell of about 55 km by 55 km and a month: no ground for action against a person.",
    "History is most of what it knows. Turns of a war, offensives and ceasefires are not in the features.",
    ONSET_NOTICE,
    "A cell without reports looks like a cell at peace. Read it beside the list of blind spots.",
    "A replay uses the data as they are now. Sources revise their past, so a forecast of the day knew less.",
    "States report and code differently; figures of one are not to be compared with those of another.",
    "Counts of 3,000 and more in one cell and month are beyond the distribution.",
    "Where patrols follow forecasts and reports follow patrols, the forecast confirms itself.",
)


class Data(NamedTuple):
    """Where the incidents came from.

    Attributes:
        digest: SHA-256 of the file or of the store's rows, hex.
        incidents, left_out: Rows read, and rows that broke a rule.
        licences: What must be cited.
    """

    name: str
    digest: str
    incidents: int
    left_out: int
    places: str
    licences: Sequence[str]


def card(
    release: Release, table: Table, origin: int, data: Data, replay: Mapping[str, Any] | None = None,
    target: str = "deaths",
) -> str:
    """Return the card as Markdown.

    Args:
        origin: Index of the month forecast from.
        replay: A report of ``forecast_report.report`` to quote.
        target: What is counted by cell and month.
    """
    first = table.cube.first
    limits = (f"- {limit.replace('of deaths', f'of {target}')}" for limit in LIMITS)
    parts = (_title(release, first, origin, target), _data(table, data, first), _models(release, table),
             _learnt(release), _scores(replay), ["## Limits", "", *limits])
    return "\n".join(line for part in parts for line in (*part, ""))


def _title(release: Release, first: int, origin: int, target: str) -> list[str]:
    horizons = ", ".join(map(str, release.plan.horizons))
    return [f"# Forecast from {month_text(first + origin)}", "",
            f"{target.capitalize()} by cell and month, {horizons} months ahead, in the tiers "
            f"{', '.join(release.plan.tiers)}.", "",
            f"- release: knows the months up to {month_text(first + release.known)}, SHA-256 `{release.digest}`",
            f"- plan: learns from {release.plan.learn_months} months, a month's weight halves in "
            f"{release.plan.fading:g}, settled on the record of {release.plan.record_months} months, seed "
            f"{release.plan.seed}"]


def _data(table: Table, data: Data, first: int) -> list[str]:
    cube = table.cube
    return ["## Data", "", f"- {data.name}, SHA-256 `{data.digest}`",
            f"- {data.incidents} incidents read, {data.left_out} rows left out as bad",
            f"- months {month_text(first)} to {month_text(cube.last)}; nothing later was looked at",
            f"- box {', '.join(f'{edge:g}' for edge in cube.box)} (west, south, east, north), {len(cube.gid)} cells of "
            "PRIO-GRID, with a collar that is not forecast",
            f"- incidents known by area only: {data.places}", *(f"- {licence}" for licence in data.licences)]


def _models(release: Release, table: Table) -> list[str]:
    lines = ["## Tiers", "", "- conflictology: the cell's own last 12 months, equally likely"]
    if release.learnt.kernels:
        lines.append("- kernel: non-negative least squares on decays by blurs, then the distribution of what followed "
                     "such intensities")
    if release.settled is not None:
        lines += ["- ladder: boosted trees for the chance of any death and, step by step, for its size; mixed with "
                  "history; settled on its record", "",
                  f"{release.learnt.rows} rows learnt from; {len(table.names) + len(CALENDAR)} features: "
                  f"{', '.join((*table.names, *CALENDAR))}."]
    return lines


def _learnt(release: Release) -> list[str]:
    settled = release.settled
    if settled is None:
        return []
    lines = ["## What its record taught", "",
             f"{settled.rows} rows of record. Log-odds of any death moved by {settled.shift:+.3f}, times "
             f"{settled.slope:.3f}.", "", f"| deaths from | {' | '.join(PARTS)} |", f"|---|{'---|' * len(PARTS)}"]
    lines += [f"| {count:g} | {' | '.join(f'{weight:.2f}' for weight in row)} |"
              for count, row in zip(RANGES, settled.weights, strict=True)]
    if not settled.far:
        lines += ["", "These are an average row's weights: the more died in the cell of late, the more its own last "
                  "months count, and the further ahead, the less."]
    lines += ["", "| chance from | level of the 90 % interval | level of the size's |", "|---|---|---|"]
    lines += [f"| {low:g} | {level:.3f} | {size:.3f} |"
              for low, level, size in zip((0.0, *BANDS), settled.levels, settled.size_levels, strict=True)]
    return lines


def _scores(replay: Mapping[str, Any] | None) -> list[str]:
    if replay is None:
        return ["## Scores", "", "No replay was run for this release: `hamsaya monitor backtest` makes one."]
    lines = ["## Scores", "", f"Replay of {replay['from']} to {replay['to']}, {replay['cells']} cells, horizons "
             f"{', '.join(map(str, replay['horizons']))}; lower is better, except average precision (AP).", "",
             "| model | CRPS | log CRPS | IGN | MIS | Brier | AP |", "|---|---|---|---|---|---|---|"]
    for name, one in replay["models"].items():
        ap = "-" if one["ap"] is None else f"{one['ap']:.3f}"
        lines.append(f"| {name} | {one['crps']:.4f} | {one['log_crps']:.4f} | {one['ign']:.4f} | {one['mis']:.3f} | "
                     f"{one['brier']:.4f} | {ap} |")
    lines += ["", "| tier | against | set | CRPS gain | 95 % interval over months |", "|---|---|---|---|---|"]
    lines += [f"| {tier} | {benchmark} | {name} | {100 * one['gain']:.1f} % | {100 * one['low']:.1f} to "
              f"{100 * one['high']:.1f} % |"
              for tier, against in replay["gains"].items() for benchmark, sets in against.items()
              for name, one in sets.items()]
    best = replay["onset"]["models"].get(replay["tiers"][-1], {})
    if best.get("precision") is not None and best.get("recall") is not None:
        lines += ["", f"Onset: of {replay['onset']['alerts_a_month']} cells a month, {100 * best['precision']:.1f} % "
                  f"saw a death; the lists held {100 * best['recall']:.1f} % of all onsets."]
    return lines
