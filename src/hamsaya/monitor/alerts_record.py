"""What came of alerts: worked out from the reports, alike at every node that holds the same ones; typed by nobody.

Rules
1. An alert is open until its last month is over. Until then no report can count for or against it.
2. Then the joint picture of its cells and months is looked at, whatever the vintage that speaks now. Deaths are best
   estimates of all types of violence together; where several parties report on a cell, from the lowest to the highest.
3. ``hit``: even the lowest claims reach ``at_least``. ``miss``: the highest do not, and somebody reported on every cell
   for every month. Else ``cannot-tell``: ``silent`` when reports are lacking, ``contested`` when claims differ over it.
   Later reports may still turn it into a hit or a miss.
4. The record of a kind counts the last ``LAST`` alerts that came to a hit or a miss, by the end of their months, then
   their sending, then their reference. What cannot be told is counted apart, never as a miss.
5. The Brier score is the mean square of chance stated less what happened, over alerts that state a chance. Lower is
   better; beside it stands what one would get by always stating the share that came true.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from hamsaya.messages.alerts import AlertKind, ByForecast, ByScan
from hamsaya.monitor.alerts_rules import end_of
from hamsaya.monitor.alerts_types import RANGES, AlertState, Raised
from hamsaya.monitor.picture import picture
from hamsaya.monitor.types import Cell, State

LAST = 50
KINDS: tuple[AlertKind, ...] = get_args(AlertKind)
Outcome = Literal["open", "hit", "miss", "cannot-tell"]
Why = Literal["months-to-come", "reached", "not-reached", "silent", "contested"]


class Resolution(msgspec.Struct, frozen=True):
    """What came of one alert; ``low`` to ``high`` is what the reports say of its measure."""

    outcome: Outcome
    why: Why
    low: int
    high: int


class Rate(msgspec.Struct, frozen=True):
    """The record of one kind: of the last ``resolved``, ``true`` came true; ``unknown`` could not be told.

    ``stated`` is the mean chance stated of those that state one, ``brier`` and ``brier_constant`` as in rule 5; None
    where nothing is to be averaged.
    """

    kind: AlertKind
    resolved: int
    true: int
    unknown: int
    stated: float | None
    brier: float | None
    brier_constant: float | None
    sentence: str


class AskedView(msgspec.Struct, frozen=True):
    """One thing asked of one party, and what it said; ``late`` counts from the time named."""

    party: str
    action: str
    due: int
    outcome: Literal["done", "declined"] | None
    reason: str | None
    answered_at: int | None
    late: bool


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as readers see it, with what came of it and the record of its kind.

    ``heard_at`` is when it arrived here where that was more than a day after its date; None where it was not.
    """

    alert: str
    kind: AlertKind
    by: str
    at: int
    cells: list[int]
    zone: str | None
    reporters: list[str]
    first: str
    last: str
    measure: str
    at_least: int
    basis: ByForecast | ByScan
    as_of: int
    vintage: str
    model: str
    budget: int
    threshold: float
    asked: list[AskedView]
    resolution: Resolution
    record: str
    heard_at: int | None = None


class StanceView(msgspec.Struct, frozen=True):
    """What one party says of an assessment."""

    party: str
    stance: Literal["concur", "dissent"]
    text: str | None
    at: int


class AssessmentView(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment with every concurrence and dissent; ``low`` to ``high`` per cent is what its word stands for."""

    assessment: str
    by: str
    at: int
    digest: str
    title: str
    first: str
    last: str
    cells: list[int]
    text: list[str]
    confidence: str
    low: int
    high: int
    sources: list[tuple[str, str, str]]
    alerts: list[str]
    picture: str | None
    stances: list[StanceView]


def resolve(raised: Raised, cells: Mapping[int, Cell], now: int) -> Resolution:
    """Return what came of an alert (rules 1 to 3); ``cells`` is the joint picture of its months, by cell."""
    alert = raised.alert
    if now < end_of(alert.last):
        return Resolution("open", "months-to-come", 0, 0)
    held = [cells[gid] for gid in alert.cells if gid in cells]
    pooled = [pooled for cell in held for pooled in cell.pooled]
    if alert.measure == "deaths":
        low, high = sum(one.best_low for one in pooled), sum(one.best_high for one in pooled)
    else:
        low, high = sum(one.incidents_low for one in pooled), sum(one.incidents_high for one in pooled)
    observed = len(held) == len(alert.cells) and all(cell.status == "observed" for cell in held)
    if low >= alert.at_least:
        return Resolution("hit", "reached", low, high)
    if high >= alert.at_least:
        return Resolution("cannot-tell", "contested", low, high)
    return Resolution("miss", "not-reached", low, high) if observed else Resolution("cannot-tell", "silent", low, high)


def resolutions(state: State, areas: Mapping[int, frozenset[str]], now: int) -> dict[str, Resolution]:
    """Return what came of every alert, by reference."""
    together: dict[tuple[str, str], list[Raised]] = defaultdict(list)
    for raised in state.alerts.alerts.values():
        together[raised.alert.first, raised.alert.last].append(raised)
    found: dict[str, Resolution] = {}
    for (first, last), alerts in together.items():
        over = now >= end_of(last)
        wanted = {gid: areas[gid] for raised in alerts for gid in raised.alert.cells if gid in areas} if over else {}
        cells = {cell.gid: cell for cell in picture(state, wanted, first, last).cells} if wanted else {}
        found |= {raised.alert.alert: resolve(raised, cells, now) for raised in alerts}
    return dict(sorted(found.items()))


def record(alerts: AlertState, found: Mapping[str, Resolution]) -> list[Rate]:
    """Return the record of every kind (rules 4 and 5)."""
    return [_rate(kind, [raised for raised in alerts.alerts.values() if raised.alert.kind == kind], found)
            for kind in KINDS]


def _rate(kind: AlertKind, alerts: Iterable[Raised], found: Mapping[str, Resolution]) -> Rate:
    ordered = sorted(alerts, key=lambda raised: (raised.alert.last, raised.at, raised.alert.alert))
    told = [(raised, found[raised.alert.alert].outcome == "hit") for raised in ordered
            if found[raised.alert.alert].outcome in ("hit", "miss")][-LAST:]
    unknown = sum(found[raised.alert.alert].outcome == "cannot-tell" for raised in ordered)
    true = sum(hit for _, hit in told)
    stated = [(raised.alert.basis.chance, hit) for raised, hit in told if isinstance(raised.alert.basis, ByForecast)]
    share = _mean([float(hit) for _, hit in stated])
    return Rate(
        kind, len(told), true, unknown, _mean([chance for chance, _ in stated]),
        _mean([(chance - hit) ** 2 for chance, hit in stated]), None if share is None else share * (1 - share),
        sentence(kind, len(told), true, unknown),
    )


def sentence(kind: AlertKind, resolved: int, true: int, unknown: int) -> str:
    """Return the record of a kind in words, to be printed beside its next alert."""
    lacking = f"; {unknown} could not be told" if unknown else ""
    if not resolved:
        return f"no {kind} alert has been resolved yet{lacking}"
    return f"of the last {resolved} resolved {kind} alerts, {true} came true{lacking}"


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def views(state: State, areas: Mapping[int, frozenset[str]], now: int) -> tuple[list[AlertView], list[Rate]]:
    """Return every alert, the latest first, each with the record of its kind, and the records."""
    found = resolutions(state, areas, now)
    rates = record(state.alerts, found)
    words = {rate.kind: rate.sentence for rate in rates}
    ordered = sorted(state.alerts.alerts.values(), key=lambda raised: (-raised.at, raised.alert.alert))
    return [_view(state.alerts, raised, areas, found[raised.alert.alert], words[raised.alert.kind], now)
            for raised in ordered], rates


def _view(
    state: AlertState, raised: Raised, areas: Mapping[int, frozenset[str]], resolution: Resolution, words: str, now: int
) -> AlertView:
    alert = raised.alert
    reporters = frozenset[str]().union(*(areas.get(gid, frozenset()) for gid in alert.cells))
    return AlertView(
        alert=alert.alert, kind=alert.kind, by=raised.by, at=raised.at, cells=alert.cells, zone=alert.zone,
        reporters=sorted(reporters), first=alert.first, last=alert.last, measure=alert.measure,
        at_least=alert.at_least, basis=alert.basis, as_of=alert.as_of, vintage=alert.vintage.hex(),
        model=alert.model.hex(), budget=alert.budget, threshold=alert.threshold, asked=_asked(state, raised, now),
        resolution=resolution, record=words, heard_at=raised.heard_at,
    )


def _asked(state: AlertState, raised: Raised, now: int) -> list[AskedView]:
    made = []
    for asked in raised.alert.asked:
        answer = state.answers.get((raised.alert.alert, asked.party, asked.action))
        at = None if answer is None else answer.at
        made.append(AskedView(
            asked.party, asked.action, asked.due, None if answer is None else answer.said.outcome,
            None if answer is None else answer.said.reason, at, (now if at is None else at) > asked.due,
        ))
    return made


def assessments(state: AlertState) -> list[AssessmentView]:
    """Return every assessment, the latest first, with what each party says of it."""
    said: dict[str, list[StanceView]] = defaultdict(list)
    for (reference, party), held in sorted(state.stances.items(), key=lambda item: item[0]):
        said[reference].append(StanceView(party, held.said.stance, held.said.text, held.at))
    made = []
    for one in sorted(state.assessments.values(), key=lambda held: (-held.at, held.assessment.assessment)):
        body = one.assessment
        low, high = RANGES[body.confidence]
        made.append(AssessmentView(
            assessment=body.assessment, by=one.by, at=one.at, digest=one.digest.hex(), title=body.title,
            first=body.first, last=body.last, cells=body.cells, text=body.text, confidence=body.confidence, low=low,
            high=high, sources=[(each.title, each.licence, each.digest.hex()) for each in body.sources],
            alerts=body.alerts, picture=None if body.picture is None else body.picture.hex(),
            stances=said[body.assessment],
        ))
    return made
