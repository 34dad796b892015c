"""``hamsaya monitor forecast``, ``backtest``: which deaths to expect where, in three tiers, and how good that was.

Nothing here speaks to a node: an analyst's machine needs none for it.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hamsaya.base.errors import OperatorError
from hamsaya.cli.command import Session, command, instant, read_text
from hamsaya.cli.output import Table, complain, facts, remark
from hamsaya.cli.progress import counting

if TYPE_CHECKING:
    from hamsaya.node.forecasting import Asked

app = typer.Typer()

TIERS = ("conflictology", "kernel", "ladder")
MONTH_FORM = "YYYY-MM"
MOST_AHEAD = 36


def _month(text: str) -> str:
    if len(text) == 7 and text[4] == "-" and text[:4].isdecimal() and "01" <= text[5:] <= "12":
        return text
    raise typer.BadParameter(f"expected a month such as 2019-08, received {text!r}")


def _tiers(text: str) -> str:
    named = text.split(",")
    if named[0] != TIERS[0] or len(set(named)) < len(named) or set(named) - set(TIERS):
        raise typer.BadParameter(f"expected {TIERS[0]} and any of {', '.join(TIERS[1:])}, received {text!r}")
    return text


def _types(text: str) -> str:
    if set(text.split(",")) - {"1", "2", "3"}:
        raise typer.BadParameter(f"expected types of violence among 1, 2, 3, received {text!r}")
    return text


def _horizons(text: str) -> str:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and 1 <= int(first) <= int(last or first) <= MOST_AHEAD):
        raise typer.BadParameter(f"expected months ahead such as 1-6, at most {MOST_AHEAD}, received {text!r}")
    return text


Incidents = Annotated[Path | None, typer.Option(
    "--incidents", exists=True, dir_okay=False, metavar="FILE", help="A file of incidents; else the store.")]
Store = Annotated[Path | None, typer.Option(
    "--store", envvar="HAMSAYA_INCIDENTS", metavar="DIR", help="Where the incidents are kept; else the user's data.")]
AsOf = Annotated[int | None, typer.Option(
    parser=instant, metavar="DATE", help="The store as it was known then.")]
RegionBox = Annotated[str, typer.Option(
    "--region-box", metavar="W,S,E,N", help="Degrees; the cells whose centre lies in it.")]
Chosen = Annotated[str | None, typer.Option(
    "--tiers", parser=_tiers, metavar="NAMES",
    help="Separated by commas, conflictology first; else all that are installed.")]
Types = Annotated[str, typer.Option(
    parser=_types, metavar="1,2,3", help="Types of violence that count: 1 state-based, 2 non-state, 3 one-sided.")]
Places = Annotated[Literal["spread", "point", "drop"], typer.Option(
    help="Incidents known by area only: spread over it, left at its point, or left out.")]
Cells = Annotated[Path | None, typer.Option(
    exists=True, dir_okay=False, metavar="FILE",
    help="CSV with a column gid (and land_share): only these cells, and any with an incident.")]
LearnMonths = Annotated[int, typer.Option(min=36, max=600, help="Months that a release learns from.")]
Horizons = Annotated[str, typer.Option(parser=_horizons, metavar="FIRST-LAST", help="Months ahead.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the rows drawn to learn from and of the resampled months.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes; the result is the same with any number.")]


@command(app, "backtest", "json")
def backtest(
    session: Session,
    first: Annotated[str, typer.Option("--from", parser=_month, metavar=MONTH_FORM, help="First target month.")],
    last: Annotated[str, typer.Option("--to", parser=_month, metavar=MONTH_FORM, help="Last target month.")],
    region_box: RegionBox,
    incidents: Incidents = None,
    store: Store = None,
    as_of: AsOf = None,
    zone_box: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="A second box, scored apart.")] = None,
    protocol: Annotated[Literal["rolling", "challenge"], typer.Option(
        help="Every month an origin; or each October, for the 3rd to 14th month after it.")] = "rolling",
    horizons: Horizons = "1-6",
    tiers: Chosen = None,
    types: Types = "1,2,3",
    places: Places = "spread",
    cells: Cells = None,
    learn_months: LearnMonths = 180,
    seed: Seed = 7,
    workers: Workers = 2,
    check: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE",
        help="JSON list of committed figures; ends with 1 where one got worse than its tolerance.")] = None,
) -> int:
    """Replay past forecasts as they would have been made then, and score them beside the benchmarks."""
    _one_thread()
    from hamsaya.node import forecasting

    tiers, absent = _at_hand(tiers)
    asked = _asked(incidents, store, as_of, region_box, zone_box, tiers, types, places, cells, learn_months, seed,
                   horizons)
    with counting("replay", "origins and horizons") as each:
        found = forecasting.replay(asked, first=first, last=last, workers=workers, protocol=protocol,
                                   each=lambda done, of: each(done))
    found["warnings"] += absent
    complaints = [] if check is None else forecasting.worse(found, _committed(check))
    session.answer({**found, "worse": complaints} if check is not None else found, *_blocks(found))
    if complaints and not session.as_json:
        for one in complaints:
            complain("worse", one, as_json=False)
    _warn(session, found["warnings"])
    return 1 if complaints else 0


@command(app, "forecast", "json")
def forecast(
    session: Session,
    origin: Annotated[str, typer.Option(parser=_month, metavar=MONTH_FORM, help="The last month known.")],
    region_box: RegionBox,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the forecast and its model card are written.")],
    incidents: Incidents = None,
    store: Store = None,
    as_of: AsOf = None,
    target: Annotated[Literal["deaths", "incidents"], typer.Option(
        help="What is forecast; monitor scan --baseline takes incidents.")] = "deaths",
    form: Annotated[Literal["parquet", "json"], typer.Option("--format", help="Of the distributions.")] = "parquet",
    horizons: Horizons = "1-6",
    tiers: Chosen = None,
    types: Types = "1,2,3",
    places: Annotated[Literal["spread", "point", "drop"] | None, typer.Option(
        help="Incidents known by area only: spread over it (else, of deaths), left at its point (else, of incidents), "
        "or left out.")] = None,
    cells: Cells = None,
    learn_months: LearnMonths = 180,
    seed: Seed = 7,
    workers: Workers = 2,
    scores: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, metavar="FILE", help="A backtest's JSON, quoted in the card.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Cells to print.")] = 20,
) -> None:
    """Forecast deaths, or incidents, by cell and month in all tiers, each a whole distribution, with a model card."""
    _one_thread()
    from hamsaya.node import forecasting

    tiers, absent = _at_hand(tiers)
    where = places or ("spread" if target == "deaths" else "point")
    asked = replace(_asked(incidents, store, as_of, region_box, None, tiers, types, where, cells, learn_months, seed,
                           horizons), target=target)
    quoted = None if scores is None else _json(scores)
    made = forecasting.forecast_from(asked, origin=origin, workers=workers, quoted=quoted)
    made.about["warnings"] += absent
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"forecast-{origin}.{form}"
    (_write_parquet if form == "parquet" else _write_json)(file, made.columns, made.about)
    card = out / f"forecast-{origin}.card.md"
    card.write_text(made.card, encoding="utf-8")
    top = forecasting.most_at_risk(made, limit)
    session.answer({**made.about, "file": str(file), "card": str(card), "top": top},
                   facts(origin=origin, release=made.about["release"], cells=made.about["cells"],
                         written=f"{file}, {card}"),
                   Table(("cell", "longitude", "latitude", "chance", "mean", "90 % interval", "conflictology's chance"),
                         [(row["gid"], row["longitude"], row["latitude"], f"{row['chance']:.2f}", f"{row['mean']:.1f}",
                           f"{row['low']} to {row['high']}", f"{row['conflictology']:.2f}") for row in top],
                         f"Most at risk in {top[0]['month']}, {top[0]['tier']}" if top else "Most at risk"))
    if not session.as_json:
        remark(made.about["notice"])
    _warn(session, made.about["warnings"])


def _warn(session: Session, warnings: list[str]) -> None:
    for one in [] if session.as_json else warnings:
        remark(f"Warning: {one}")


def _at_hand(tiers: str | None) -> tuple[str, list[str]]:
    """Return the tiers that were asked for, or all that can be computed here; and in words those that cannot."""
    if tiers is not None:
        return tiers, []
    from hamsaya.node.forecasting import tiers_at_hand

    held = tiers_at_hand()
    return ",".join(held), [f"the tier {name} is left out: LightGBM is not installed or does not load; install "
                            f"hamsaya[{name}]" for name in TIERS if name not in held]


def _one_thread() -> None:
    """Hold the array libraries to one thread a process: sums come out the same everywhere, and workers do the rest."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _asked(
    incidents: Path | None, store: Path | None, as_of: int | None, box: str, zone: str | None, tiers: str, types: str,
    places: Literal["spread", "point", "drop"], cells: Path | None, learn_months: int, seed: int, horizons: str,
) -> Asked:
    from hamsaya.cli.monitor_incidents import data_directory
    from hamsaya.node.forecasting import Asked, Plan

    nearest, _, farthest = horizons.partition("-")
    plan = Plan(horizons=tuple(range(int(nearest), int(farthest or nearest) + 1)), learn_months=learn_months, seed=seed,
                tiers=tuple(name for name in TIERS if name in tiers.split(",")))
    held = None if incidents is not None else store or data_directory() / "incidents"
    kinds = tuple(sorted({int(one) for one in types.split(",")}))
    return Asked(incidents, box, plan, places, kinds, None if cells is None else _gids(cells), zone, None, held, as_of)


def _gids(path: Path) -> tuple[int, ...]:
    """Return the cells of a CSV file that have land; raises OperatorError ``bad-cells``."""
    import csv
    import gzip

    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as text:
            rows = csv.DictReader(text)
            return tuple(int(row["gid"]) for row in rows if float(row.get("land_share") or 1) > 0)
    except (ValueError, KeyError, TypeError, csv.Error, gzip.BadGzipFile):
        raise OperatorError(f"{path.name}: expected CSV with a column gid of PRIO-GRID cells",
                            code="bad-cells") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except ValueError:
        raise OperatorError(f"{path.name}: expected JSON", code="bad-file") from None


def _committed(path: Path) -> list[dict[str, Any]]:
    figures = _json(path)
    wanted = {"figure": str, "value": int | float, "tolerance": int | float, "better": str}
    for one in figures if isinstance(figures, list) else [None]:
        if not (isinstance(one, dict) and all(isinstance(one.get(name), kind) for name, kind in wanted.items())
                and one["better"] in ("higher", "lower") and one["tolerance"] >= 0):
            raise OperatorError(f"{path.name}: expected a list of figure, value, tolerance >= 0 and better (higher or "
                                "lower)", code="bad-figures")
    return list(figures)


def _write_parquet(path: Path, columns: dict[str, Any], about: dict[str, Any]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise OperatorError("Parquet needs the extra: install hamsaya[parquet], or give --format json",
                            code="missing-extra") from None
    arrays = {name: pyarrow.array(list(values) if values.ndim == 2 else values) for name, values in columns.items()}
    table = pyarrow.table(arrays).replace_schema_metadata({b"hamsaya": json.dumps(about, sort_keys=True).encode()})
    parquet.write_table(table, path, compression="zstd")


def _write_json(path: Path, columns: dict[str, Any], about: dict[str, Any]) -> None:
    import msgspec

    path.write_bytes(msgspec.json.encode({**about, "columns": {name: values.tolist()
                                                               for name, values in columns.items()}}))


def _blocks(found: dict[str, Any]) -> list[Table | str]:
    models = [(name, f"{one['crps']:.4f}", f"{one['log_crps']:.4f}", f"{one['ign']:.4f}", f"{one['mis']:.3f}",
               f"{one['brier']:.4f}", "-" if one["ap"] is None else f"{one['ap']:.3f}")
              for name, one in found["models"].items()]
    gains = [(tier, benchmark, name, f"{100 * one['gain']:.1f} %",
              f"{100 * one['low']:.1f} to {100 * one['high']:.1f} %", f"{100 * one['months_won']:.0f} %")
             for tier, against in found["gains"].items() for benchmark, sets in against.items()
             for name, one in sets.items()]
    bands = [(name, f"{one['low']:g} to {one['high']:g}", one["rows"], one["coverage"], one["sizes"])
             for name, each in found["bands"].items() for one in each]
    onset = [(name, one["precision"], one["recall"], one["base_rate"])
             for name, one in found["onset"]["models"].items()]
    return [
        facts(months=f"{found['from']} to {found['to']}", cells=found["cells"], horizons=found["horizons"]),
        Table(("model", "CRPS", "log CRPS", "IGN", "MIS", "Brier", "AP"), models, "Scores: lower is better, except AP"),
        Table(("tier", "against", "set", "CRPS gain", "95 % over months", "months won"), gains, "Gains"),
        Table(("model", "forecast chance", "rows", "held by 90 %", "size held"), bands, "Coverage by forecast band"),
        Table(("model", "precision", "recall", "base rate"), onset,
              f"Onset, {found['onset']['alerts_a_month']} cells a month"),
        found["onset"]["notice"],
    ]
