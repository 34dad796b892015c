"""Verification without a node: how much to look, when to alarm, who errs how, what ratings add up to.

The compliance core does the arithmetic on numbers; here files and options become numbers, and the answers plain values.
Array libraries are loaded by the functions that need them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.compliance import panel, rating, sampling, streams
from hamsaya.compliance.course import day
from hamsaya.node.files import Strict, read_json, read_rows

RATING_FORM = ('expected {"as_of": "2026-03-01", "ratings": {"REF": "NC", ...}} with, as wanted, "scale", "points" and '
               '"triggers" [{"name", "words", "at_least", "of", "then", "rank", "also"}]')
SHOWN_PATH = 10_000


class SamplingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Items to inspect; ``visits_per_day`` where timeliness was asked for, else None."""

    population: int
    defects: int
    nondetection: float
    p_find: float
    approximate: int
    exact: int
    achieved_nondetection: float
    days: float | None
    visits_per_day: float | None
    visits_per_year: float | None


class PanelRow(msgspec.Struct, frozen=True, kw_only=True):
    """With so many colluding seats: how often a real breach is confirmed, and a fabricated one."""

    colluders: int
    detection: float
    false_alarm: float


class PanelView(msgspec.Struct, frozen=True, kw_only=True):
    """A panel of ``seats``, ``k`` of which decide, and the most seats that may lie without deciding or blocking."""

    seats: int
    k: int
    bears: int
    rows: list[PanelRow]
    words: list[str]


class SprtView(msgspec.Struct, frozen=True, kw_only=True):
    """Wald's bounds, the mean looks to a verdict, and where a stream ended (None without one)."""

    alpha: float
    beta: float
    ln_a: float
    ln_b: float
    looks_honest: float | None
    looks_breach: float | None
    verdict: str | None
    after: int | None
    path: list[float]


class CusumView(msgspec.Struct, frozen=True, kw_only=True):
    """A CUSUM's allowance and bound, its exact mean run lengths in periods, and where a stream alarmed."""

    allowance: int
    h: int
    run_length_honest: float
    run_length_breach: float
    alarm: int | None
    path: list[float]


class AttestorView(msgspec.Struct, frozen=True, kw_only=True):
    """One attestor (in one relation to the accused): its looks, and P(label | true class), a row for each class."""

    attestor: str
    relation: str
    looks: int
    confusion: dict[str, dict[str, float]]
    accuracy: float


class AttestorsView(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of a table of labels; ``contradictions``: one attestor, one item, unlike labels."""

    items: int
    rows: int
    classes: list[str]
    prevalence: dict[str, float]
    attestors: list[AttestorView]
    posterior: dict[str, dict[str, float]]
    rho: float | None
    loglikelihood: float
    iterations: int
    converged: bool
    swapped: list[str]
    contradictions: list[str]


class TriggerFile(Strict, frozen=True):
    name: str
    words: list[str]
    at_least: int
    of: list[str] = []
    then: str = "enhanced"
    rank: int = 1
    also: TriggerFile | None = None


class RatingFile(Strict, frozen=True):
    ratings: dict[str, str]
    as_of: str | None = None
    scale: tuple[str, ...] = rating.SCALE
    points: dict[str, float] | None = None
    triggers: list[TriggerFile] = []


class TriggerView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    counted: int
    at_least: int
    met: bool
    then: str
    sentence: str


class RatingView(msgspec.Struct, frozen=True, kw_only=True):
    """Tallies, the score where points were given, each trigger, and the strictest follow-up met (None: none)."""

    as_of: str | None
    tally: dict[str, int]
    rated: int
    unverified: int
    score: float | None
    triggers: list[TriggerView]
    follow_up: str | None


def panel_of(
    liars: int | None, seats: int | None, k: int | None, detect: float, false: float, colluders: int | None
) -> PanelView:
    """Return how a panel errs: the least that bears ``liars``, or the one of ``seats`` and ``k``.

    Args:
        colluders: Show this number of lying seats alone; None shows 0 to k.
    Raises:
        OperatorError: ``bad-figure``; a panel or a chance out of range.
    """
    try:
        n, needed = panel.minimum_panel(liars) if liars is not None else (seats or 0, k or 0)
        shown = range(min(needed, n) + 1) if colluders is None else [colluders]
        rates = [panel.panel_rates(n, needed, detect, false, number) for number in shown]
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    bears = min(needed - 1, n - needed)
    words = [f"A panel of {n} seats in which {needed} decide bears {bears} that lie: by themselves they neither force "
             f"a finding nor block it. No bloc may hold {needed} of the seats."]
    return PanelView(seats=n, k=needed, bears=bears, words=words, rows=[
        PanelRow(colluders=number, detection=each.detection, false_alarm=each.false_alarm)
        for number, each in zip(shown, rates, strict=True)])


def sampling_plan(
    population: int, defects: int, nondetection: float, p_find: float = 1.0, days: float | None = None
) -> SamplingPlan:
    """Return how many of a list to inspect, and the random visits a day that meet the same goal within ``days``.

    Raises:
        OperatorError: ``bad-figure``; a number out of range or a goal out of reach.
    """
    try:
        found = sampling.sample_size(population, defects, nondetection, p_find)
        rate = None if days is None else sampling.visit_rate(nondetection, p_find, days)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    return SamplingPlan(
        population=population, defects=defects, nondetection=nondetection, p_find=p_find, days=days,
        approximate=found.approximate, exact=found.exact, achieved_nondetection=found.nondetection,
        visits_per_day=rate, visits_per_year=None if rate is None else rate * 365.25,
    )


def sprt_of(
    alpha: float, beta: float, honest: float | None, breach: float | None, stream: Sequence[float], counts: bool
) -> SprtView:
    """Return Wald's bounds and, with ``honest`` and ``breach``, what they make of ``stream``.

    Args:
        honest, breach: Probability of a 1 in each look, or with ``counts`` the mean count of a period.
    Raises:
        OperatorError: ``bad-figure``.
    """
    try:
        bounds = streams.thresholds(alpha, beta)
        ratio = None
        if honest is not None and breach is not None:
            ratio = (streams.poisson if counts else streams.bernoulli)(honest, breach)
        elif stream:
            raise ValueError("expected --p0 and --p1 with a stream: what an honest member and a breaker would show")
        found = streams.sprt(stream, ratio, bounds) if ratio and stream else None
        looks = (streams.expected_looks(honest, breach, alpha, beta)
                 if honest is not None and breach is not None and not counts else (None, None))
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    return SprtView(
        alpha=alpha, beta=beta, ln_a=bounds.ln_a, ln_b=bounds.ln_b, looks_honest=looks[0], looks_breach=looks[1],
        verdict=found.verdict if found else None, after=found.after if found else None,
        path=list(found.path[:SHOWN_PATH]) if found else [],
    )


def cusum_of(honest: float, breach: float, allowance: int | None, h: int, stream: Sequence[float]) -> CusumView:
    """Return a Poisson CUSUM's exact run lengths at both means, and where it alarms on ``stream``.

    Args:
        allowance: Counts forgiven each period; by default the whole number nearest the most powerful one.
    Raises:
        OperatorError: ``bad-figure``.
    """
    try:
        forgiven = round(streams.reference_value(honest, breach)) if allowance is None else allowance
        lengths = [streams.cusum_run_length(mean, forgiven, h) for mean in (honest, breach)]
        alarm, path = streams.cusum(stream, forgiven, h)
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
    return CusumView(allowance=forgiven, h=h, run_length_honest=lengths[0], run_length_breach=lengths[1], alarm=alarm,
                     path=list(path[:SHOWN_PATH]))


def attestors_of(path: Path, prior: float = 0.0, pool: float = 2.0) -> AttestorsView:
    """Return prevalences and confusion matrices learned from a CSV of item, attestor, label.

    Args:
        path: Columns item, attestor, label; where known also relation (of the attestor to the accused) and bloc.
        prior: Pseudo-items by which each attestor is taken to be right beforehand, and a quarter of that wrong.
        pool: Pseudo-items by which an attestor is drawn to its relation, where the file has relations.
    Raises:
        OperatorError: ``bad-file``; the table cannot be read, or holds fewer than two labels.
    """
    from hamsaya.compliance.attestors import learn
    from hamsaya.compliance.blocs import learn_with_blocs

    rows = [row for _, row in read_rows(path, ("item", "attestor", "label"), ("relation", "bloc"))]
    classes = sorted({row["label"] for row in rows})
    items = sorted({row["item"] for row in rows})
    sources = sorted({(row["attestor"], row["relation"]) for row in rows})
    relations = sorted({relation for _, relation in sources})
    if len(classes) < 2:
        raise OperatorError(f"{path}: expected rows with at least two labels, received "
                            f"{classes[0] if classes else 'no row'}", code="bad-file")
    number = {name: {value: place for place, value in enumerate(values)}
              for name, values in (("item", items), ("label", classes), ("relation", relations))}
    source = {pair: place for place, pair in enumerate(sources)}
    columns = ([number["item"][row["item"]] for row in rows],
               [source[row["attestor"], row["relation"]] for row in rows],
               [number["label"][row["label"]] for row in rows])
    options = {"classes": len(classes), "diagonal": prior, "elsewhere": prior / 4.0,
               "groups": [number["relation"][relation] for _, relation in sources],
               "pool": pool if len(relations) > 1 else 0.0}
    blocs = sorted({row["bloc"] for row in rows})
    rho: float | None = None
    try:
        if len(blocs) > 1:
            place = {bloc: index for index, bloc in enumerate(blocs)}
            found, rho = learn_with_blocs(*columns, [place[row["bloc"]] for row in rows], **options)  # type: ignore[arg-type]
        else:
            found = learn(*columns, **options)  # type: ignore[arg-type]
    except ValueError as error:
        raise OperatorError(f"{path}: {error}", code="bad-file") from None
    looks = Counter(columns[1])
    return AttestorsView(
        items=len(items), rows=len(rows), classes=classes,
        prevalence=dict(zip(classes, map(float, found.prevalence), strict=True)),
        attestors=[AttestorView(
            attestor=attestor, relation=relation, looks=looks[place],
            confusion={truth: dict(zip(classes, map(float, row), strict=True))
                       for truth, row in zip(classes, found.confusion[place], strict=True)},
            accuracy=float((found.prevalence * found.confusion[place].diagonal()).sum()),
        ) for (attestor, relation), place in source.items()],
        posterior={item: dict(zip(classes, map(float, row), strict=True))
                   for item, row in zip(items, found.posterior, strict=True)},
        rho=rho, loglikelihood=found.loglikelihood, iterations=found.iterations, converged=found.converged,
        swapped=[classes[k] for k in found.swapped], contradictions=_contradictions(rows),
    )


def _contradictions(rows: Sequence[dict[str, str]]) -> list[str]:
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        said[row["attestor"], row["item"]].add(row["label"])
    return [f"{attestor} called {item} {' and '.join(sorted(labels))}"
            for (attestor, item), labels in sorted(said.items()) if len(labels) > 1]


def ratings_of(path: Path) -> RatingView:
    """Return the tallies of a rating file, its score where it gives points, and the follow-up its triggers ask for.

    Raises:
        OperatorError: ``bad-file``; no such form, a word outside the scale, or a date of another calendar.
    """
    file = read_json(path, RatingFile, RATING_FORM)
    try:
        if file.as_of is not None:
            day(file.as_of)
        if not file.ratings:
            raise ValueError("expected at least one rating, received none")
        tallied = rating.tally(file.ratings.values(), file.scale)
        score = None if file.points is None else rating.score(
            {word: count for word, count in tallied.items() if word != rating.UNVERIFIED}, file.points)
        met, then = rating.follow_up(file.ratings, [_trigger(each, file.scale) for each in file.triggers])
    except ValueError as error:
        raise OperatorError(f"{path}: {error}", code="bad-file") from None
    return RatingView(
        as_of=file.as_of, tally=tallied, rated=len(file.ratings), unverified=tallied.get(rating.UNVERIFIED, 0),
        score=score, triggers=[TriggerView(**each._asdict()) for each in met], follow_up=then,
    )


def _trigger(file: TriggerFile, scale: Sequence[str]) -> rating.Trigger:
    if strangers := sorted(set(file.words) - set(scale)):
        raise ValueError(f"the trigger {file.name} names {strangers[0]!r}, which is no word of the scale")
    return rating.Trigger(file.name, tuple(file.words), file.at_least, tuple(file.of), file.then, file.rank,
                          None if file.also is None else _trigger(file.also, scale))
