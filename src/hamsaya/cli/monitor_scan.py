"""``hamsaya monitor scan``, ``zones``, ``contagion``, ``nowcast``, ``trend``: detection on files and on the store.

Nothing here speaks to a node: an analyst's machine needs none for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hamsaya.cli.command import Session, command
from hamsaya.cli.monitor_incidents import AsOf, Store, data_directory
from hamsaya.cli.output import Table, facts, remark
from hamsaya.cli.progress import counting

if TYPE_CHECKING:
    from hamsaya.node.detection import Laid, Period
    from hamsaya.node.scanning import Baseline, Wanted

app = typer.Typer()

Incidents = Annotated[Path | None, typer.Option(
    exists=True, dir_okay=False, metavar="FILE", help="A file of incidents; else the store.")]
InFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, metavar="FILE")]
Countries = Annotated[list[str] | None, typer.Option(
    help="Countries of the file, as it spells them: repeat, or separate by commas. Else all.")]
FromDay = Annotated[str, typer.Option("--from", metavar="YYYY-MM-DD", help="First day of the study.")]
ToDay = Annotated[str, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day; bins end with it.")]
UnitDays = Annotated[int, typer.Option(min=1, help="Days of a bin.")]
Workers = Annotated[int, typer.Option(min=0, help="Threads; 0 takes one for each processor.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the Monte Carlo replicates: the same seed, the same answer.")]
Source = Annotated[str | None, typer.Option(metavar="NAME", help="Of the store, where it holds several: this one.")]
FORECAST = "forecast"
CELL, FORECAST_CELL = 0.1, 0.5


@contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield so many threads; compiled code runs in them side by side."""
    with ThreadPoolExecutor(count or os.cpu_count() or 1) as executor:
        yield executor


def names(given: list[str] | None, more: list[str] | None = None) -> list[str]:
    """Return names that were repeated, separated by commas, or both."""
    return [name.strip() for text in [*(given or []), *(more or [])] for name in text.split(",") if name.strip()]


@command(app, "scan", "json")
def scan(
    session: Session,
    first: FromDay,
    last: ToDay,
    incidents: Incidents = None,
    countries: Countries = None,
    more: Annotated[list[str] | None, typer.Argument(metavar="[COUNTRY]...", help="More countries.")] = None,
    store: Store = None,
    as_of: AsOf = None,
    source: Source = None,
    nowcast: Annotated[bool, typer.Option(
        "--nowcast/--no-nowcast", help="Of the store: let what late reports still hide enter, and say how.")] = True,
    cell: Annotated[float | None, typer.Option(
        min=0.01, max=5.0, help=f"Size of the cells, degrees; else {CELL}, with a forecast {FORECAST_CELL}.")] = None,
    precise: Annotated[bool, typer.Option("--precise", help="Leave out incidents known by area only.")] = False,
    one_grid: Annotated[bool, typer.Option(
        "--one-grid", help="Do not scan again on a grid shifted by half a cell (alerts need both to agree).")] = False,
    cases: InFile = None,
    coordinates: InFile = None,
    baseline: Annotated[str | None, typer.Option(
        metavar="forecast|DIR|FILE", help="What is expected: our own forecast of incidents, made from the month before "
        "--from; one that monitor forecast --target incidents wrote; with --cases a file, ID mean date.")] = None,
    spread: Annotated[float, typer.Option(
        min=0.0, max=1e5, help="With --cases and --baseline: variance = mean + mean^2 x this; 0 is Poisson.")] = 0.0,
    region_box: Annotated[str | None, typer.Option(
        "--region-box", metavar="W,S,E,N", help="With --baseline forecast: the cells it is made for; else those around "
        "all incidents.")] = None,
    unit_days: UnitDays = 7,
    mode: Annotated[Literal["prospective", "retrospective"], typer.Option(help="Clusters alive now, or all.")]
    = "prospective",
    radius_km: Annotated[float, typer.Option(min=0.0, help="Largest radius; 0 for no limit.")] = 150.0,
    max_share: Annotated[float, typer.Option(min=0.001, max=1.0, help="Largest share of cases in a cluster.")] = 0.5,
    max_time: Annotated[float, typer.Option(min=0.001, max=1.0, help="Largest share of the period.")] = 0.5,
    replicates: Annotated[int, typer.Option(min=0, max=1_000_000, help="Monte Carlo replicates.")] = 999,
    stop_after: Annotated[int, typer.Option(
        min=0, help="Stop when so many replicates reach the top cluster; 0 draws all.")] = 0,
    alert_p: Annotated[float, typer.Option(min=0.0, max=1.0, help="A cluster alerts at this p or below.")] = 0.01,
    seed: Seed = 1,
    threads: Annotated[int, typer.Option("--workers", min=0, help="Threads; 0: one a processor.")] = 0,
) -> None:
    """Find clusters in space and time: more than chance accounts for, or with --baseline more than was expected."""
    from hamsaya.node import detection, scanning

    chosen = detection.period(first, last, unit_days)
    if (incidents is not None and cases is not None) or (cases is None) != (coordinates is None):
        raise typer.BadParameter("expected --incidents FILE, or --cases FILE with --coordinates FILE, or the store")
    if spread and (baseline is None or cases is None):
        raise typer.BadParameter("expected --spread with --cases and --baseline; a forecast has its own")
    if region_box is not None and (baseline != FORECAST or cases is not None):
        raise typer.BadParameter("expected --region-box with --baseline forecast")
    settings = detection.settings(mode == "prospective", radius_km, max_share, max_time, replicates, seed, stop_after)
    more_told: dict[str, Any] = {}
    if cases is not None and coordinates is not None:
        means = None if baseline is None else _there(baseline)
        grids = [detection.lay_cases(cases, coordinates, means, chosen, spread)]
    else:
        wanted = scanning.Wanted(incidents, store or data_directory() / "incidents", as_of, source,
                                 names(countries, more), chosen, precise, nowcast, seed)
        grids, more_told = _grids(wanted, cell, one_grid, baseline, region_box)
    with workers(threads) as executor, counting("scan", "replicates", replicates * len(grids)) as each:
        answer = detection.scan_answer(grids, settings, executor, each, alert_p)
    _say(session, {**answer, **more_told})
    _tell_bad(session, answer["bad_rows"])


def _tell_bad(session: Session, bad: int) -> None:
    """Say on standard error that rows were left out; with --json ``scan`` has them as a field."""
    if bad and not session.as_json:
        remark(f"{bad} bad rows were left out; hamsaya monitor ingest names them by line and field.")


def _there(name: str) -> Path:
    path = Path(name)
    if not path.exists():
        raise typer.BadParameter(f"expected forecast, or a file or folder that is there, received {name!r}")
    return path


def _grids(
    wanted: Wanted, cell: float | None, one_grid: bool, baseline: str | None, box: str | None
) -> tuple[list[Laid], dict[str, Any]]:
    """Return incidents laid on one grid or on two, and what the answer says of the store and of the forecast."""
    from hamsaya.node import scanning

    found = scanning.material(wanted)
    told = scanning.told_nowcast(found, wanted.chosen, baseline is not None)
    if baseline is None:
        return scanning.grids_of(found, cell or CELL, wanted.chosen, one_grid), told
    made: Baseline = (scanning.own_forecast(found, wanted.chosen, box, wanted.precise) if baseline == FORECAST
                      else scanning.saved(_there(baseline), wanted.chosen, wanted.precise))
    grids = scanning.grids_above(found, made, cell or FORECAST_CELL, wanted.chosen, one_grid, wanted.seed)
    expected = round(float(grids[0].study.expected.sum()), 4) if grids[0].study.expected is not None else None
    return grids, {**told, "baseline": {**made.about, "expected": expected}}


def _say(session: Session, answer: dict[str, Any]) -> None:
    shown, nowcast, baseline = answer["clusters"], answer.get("nowcast"), answer.get("baseline")
    if nowcast is not None and not session.as_json:
        remark(f"nowcast: {nowcast['done']}, {nowcast['why']}")
    bins = nowcast["bins"] if nowcast is not None else []
    session.answer(
        answer,
        facts(cases=answer["cases"], places=answer["places"], left_out=answer["outside"] + answer["imprecise"],
              replicates=answer["replicates"], cpu_seconds=answer["cpu_seconds"]),
        *([facts(forecast_from=baseline["forecast"], tier=baseline["tier"], expected=baseline["expected"],
                 lasts_over_months=baseline["persistence"])] if baseline is not None else []),
        *([Table(("state", "from", "to", "known by now", "low", "high"),
                 [(one["state"], one["from"], one["to"], f"{one['share']:.0%}", f"{one['low']:.0%}",
                   f"{one['high']:.0%}") for one in bins], "Not reported whole yet")] if bins else []),
        Table(("latitude", "longitude", "radius km", "from", "to", "observed", "expected", "statistic", "p",
               "returns every, days", "alert"),
              [(one["lat"], one["lon"], round(one["radius_km"], 1), one["start"], one["end"], one["observed"],
                round(one["expected"], 2), round(one["statistic"], 4), round(one["p_value"], 4),
                one["recurrence_days"], one["alert"]) for one in shown], "Clusters"),
    )


def _table(
    session: Session, incidents: Path | None, store: Path | None, as_of: int | None, source: str | None,
    countries: list[str], chosen: Period, precise: bool,
) -> Any:
    """Return the incidents of some days, of a file or of the store."""
    from hamsaya.node import scanning

    found = scanning.material(scanning.Wanted(incidents, store or data_directory() / "incidents", as_of, source,
                                              countries, chosen, precise, nowcast=False, seed=1))
    _tell_bad(session, found.bad)
    return found.table


Threads = Annotated[int, typer.Option("--workers", min=0, help="Threads; 0: one a processor.")]
Precise = Annotated[bool, typer.Option("--precise", help="Leave out incidents known by area only.")]


@command(app, "zones", "json")
def zones(
    session: Session,
    first: FromDay,
    last: ToDay,
    incidents: Incidents = None,
    store: Store = None,
    as_of: AsOf = None,
    source: Source = None,
    countries: Countries = None,
    step_days: Annotated[int, typer.Option(min=1, help="Days from look to look.")] = 28,
    window_days: Annotated[int, typer.Option(min=14, help="Days that each look scans.")] = 728,
    unit_days: UnitDays = 7,
    cell: Annotated[float, typer.Option(min=0.05, max=5.0, help="Size of the cells, degrees.")] = 0.25,
    radius_km: Annotated[float, typer.Option(min=0.0, help="Largest radius; 0 for no limit.")] = 150.0,
    level: Annotated[float, typer.Option(min=0.0, max=1.0, help="Clusters with this p or less make zones.")] = 0.05,
    replicates: Annotated[int, typer.Option(min=19, max=1_000_000, help="Monte Carlo replicates a look.")] = 999,
    pack: Annotated[str | None, typer.Option(help="Region pack whose annex says who reports where.")] = None,
    risk: Annotated[Path | None, typer.Option(
        exists=True, metavar="DIR|FILE", help="A forecast's cells, joined at the end: what monitor forecast wrote, or "
        "gid,risk a line.")] = None,
    risk_month: Annotated[str | None, typer.Option(
        metavar="YYYY-MM", help="Of the forecast; else the month after the last look.")] = None,
    risk_above: Annotated[float, typer.Option(min=0.0, max=1.0, help="Cells of --risk from here on.")] = 0.5,
    precise: Precise = False,
    seed: Seed = 1,
    threads: Threads = 0,
) -> None:
    """Follow zones from look to look: born, grown, shrunk, split, merged, ended; those across borders by name."""
    from hamsaya.node import detection, detection_series

    span = detection.period(first, last, unit_days)
    looks = list(range(span.last, span.first - 1, -step_days))[::-1]
    early = detection.Period(looks[0] - window_days + 1, span.last, unit_days)
    at_risk = None if risk is None else detection_series.read_risk(risk, span.last, risk_month)
    table = _table(session, incidents, store, as_of, source, names(countries), early, precise)
    chosen = detection.Period(span.last - window_days + 1, span.last, unit_days)
    how = detection.settings(True, radius_km, 0.5, 0.5, replicates, seed, 0)
    with workers(threads) as executor, counting("zones", "looks", len(looks)) as each:
        answer = detection_series.zones_over_time(table, chosen, looks, cell, how, level, pack, executor, each,
                                                  at_risk.chances if at_risk else None, risk_above)
    if at_risk is not None and at_risk.about:
        answer["risk"] = {**at_risk.about, "above": risk_above}
    rows = [(look["day"], one["change"], one["label"], one["area_km2"], one["lat"], one["lon"], one["related"])
            for look in answer["looks"] for one in look["events"] if one["change"] != "held"]
    answer = {**answer, "citations": table.citations()}
    session.answer(answer, Table(("day", "change", "zone", "km2", "latitude", "longitude", "related"), rows, "Story"),
                   f"{len(answer['zones'])} zones on {last}.")


@command(app, "contagion", "json")
def contagion(
    session: Session,
    first: FromDay,
    last: ToDay,
    incidents: Incidents = None,
    store: Store = None,
    as_of: AsOf = None,
    source: Source = None,
    countries: Countries = None,
    jitter_km: Annotated[float, typer.Option(min=0.0, max=50.0, help="Places are spread by this.")] = 2.0,
    replicates: Annotated[int, typer.Option(min=0, max=100_000, help="Simulations for the interval.")] = 99,
    precise: Precise = False,
    seed: Seed = 1,
    threads: Threads = 0,
) -> None:
    """Fit how many incidents another incident brings about (branching ratio), how soon and how near."""
    from hamsaya.node import detection, detection_series

    chosen = detection.period(first, last, 1)
    table = _table(session, incidents, store, as_of, source, names(countries), chosen, precise)
    with workers(threads) as executor, counting("contagion", "simulations", replicates) as each:
        answer = detection_series.contagion_of(table, chosen, jitter_km, replicates, seed, executor, each)
    low, high = answer["interval"] or (None, None)
    session.answer(answer, facts(
        incidents=answer["incidents"], branching_ratio=round(answer["branching"], 3),
        interval_95=f"{low:.3f} to {high:.3f}" if low is not None else None, mean_lag_days=round(answer["lag_days"], 1),
        reach_km=round(answer["sigma_km"], 1), background_share=round(answer["background_share"], 3),
        bandwidth_km=answer["bandwidth_km"], gain_nats_an_incident=round(answer["gain"], 3)))


@command(app, "nowcast", "json")
def nowcast(
    session: Session,
    file: Annotated[Path | None, typer.Argument(
        exists=True, dir_okay=False, help="CSV: event, reported [, area, count]; else the store and its vintages.")]
    = None,
    as_of: Annotated[str | None, typer.Option(
        metavar="YYYY-MM-DD", help="As it was known on this day; with a file it must be said, else today.")] = None,
    bins: Annotated[int, typer.Option(min=1, max=10_000, help="Bins to tell.")] = 26,
    unit_days: UnitDays = 7,
    longest: Annotated[int, typer.Option(min=0, max=1_000, help="Bins after which no report comes any more.")] = 12,
    seed: Seed = 1,
    store: Store = None,
    source: Source = None,
    by: Annotated[Literal["all", "country"], typer.Option(help="Of the store: one series, or one a country.")] = "all",
) -> None:
    """Tell how many incidents of the last weeks there are, with those that are not reported yet."""
    from hamsaya.node import detection, detection_series

    if file is not None and (as_of is None or source is not None or by != "all"):
        raise typer.BadParameter("expected --as-of with a file, and neither --source nor --by")
    day = None if as_of is None else detection.period(as_of, as_of, unit_days).last
    if file is not None and day is not None:
        answer = detection_series.nowcast_of(file, day, bins, unit_days, longest, seed)
    else:
        answer = _nowcast_of_store(store, source, day, bins, unit_days, max(longest, 1), seed, by)
    session.answer(
        answer,
        *([facts(source=answer["source"], vintages=answer["vintages"], last_vintage=answer["last_vintage"])]
          if "vintages" in answer else []),
        *(Table(("from", "to", "reported", "share", "nowcast", "low", "high"),
                [(one["from"], one["to"], one["reported"], round(one["share"], 3), one["median"], one["low"],
                  one["high"]) for one in series["bins"]], series["area"]) for series in answer["series"]))


def _nowcast_of_store(
    directory: Path | None, source: str | None, day: int | None, bins: int, unit_days: int, longest: int, seed: int,
    by: Literal["all", "country"],
) -> dict[str, Any]:
    from contextlib import closing

    from hamsaya.base.instants import DAY
    from hamsaya.cli.monitor_incidents import open_store
    from hamsaya.node.data_files import machine_now
    from hamsaya.node.reported import nowcast_of_store, reported

    day = machine_now() // DAY if day is None else day
    with closing(open_store(directory)) as kept:
        known = reported(kept, (day + 1) * DAY - 1, source)
    return nowcast_of_store(known, day, bins, unit_days, longest, seed, by)


@command(app, "trend", "json")
def trend(
    session: Session,
    first: FromDay,
    last: ToDay,
    watch_from: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Days before it say what is usual.")],
    incidents: Incidents = None,
    store: Store = None,
    as_of: AsOf = None,
    source: Source = None,
    countries: Countries = None,
    areas: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE", help="area,gid a line: series by area (a corridor), not country.")]
    = None,
    unit_days: UnitDays = 7,
    false_alarms: Annotated[float, typer.Option(min=0.001, help="Accepted a year, over all series.")] = 1.0,
    precise: Precise = False,
    seed: Seed = 1,
) -> None:
    """Tell sudden rises and the trend of each country or area, within a budget of false alarms set first."""
    from hamsaya.node import detection, detection_series

    chosen = detection.period(first, last, unit_days)
    start = detection.period(watch_from, watch_from, unit_days).last
    table = _table(session, incidents, store, as_of, source, names(countries), chosen, precise)
    series = detection_series.series_of(table, chosen, areas)
    answer = detection_series.rises_of(series, chosen, start, false_alarms, seed)
    rows = [(one["series"], one["incidents"], round(one["usual"], 2), len(one["rises"]),
             one["rises"][-1]["began"] if one["rises"] else None, _percent(one["trend"])) for one in answer]
    session.answer({"false_alarms_a_year": false_alarms, "watch_from": watch_from, "series": answer},
                   Table(("series", "incidents", "usual a bin", "rises", "last began", "trend a month"), rows))


def _percent(trend: dict[str, float] | None) -> str | None:
    if trend is None:
        return None
    low, ratio, high = (100 * (trend[name] - 1) for name in ("low", "ratio", "high"))
    return f"{ratio:+.1f} % ({low:+.1f} to {high:+.1f})"
