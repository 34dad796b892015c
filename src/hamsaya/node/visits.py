"""Visits at least cost: of the sites in a file, or of the commitments that this node knows and their live P(breach).

Rules
1. A suggestion: nothing is sent, ordered or stored by it, and every visit still needs the consent its clause asks for.
2. Of a node: P(breach) and its bounds are those of ``posteriors``, the days and the required detection those of the
   commitment's own terms; how well a visit sees and what it costs are the pack's published figures.
3. Left out, and said so: a commitment whose mandate has ended; one on which a finding says that it is not kept, since
   that needs no finding out and its follow-up says when it is looked at again; one whose terms ask for no detection,
   or for certainty, which no random visit gives.
4. A drawn calendar is a file that only its holder may read; what is told to others is its digest, by which they can
   check afterwards, from the same file, that the dates were drawn and not chosen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY, to_text
from hamsaya.base.interval import Interval
from hamsaya.canon import digest, tagged
from hamsaya.compliance.course import day
from hamsaya.compliance.visits import Aim, Plan, Site, calendar, plan
from hamsaya.node.core import Node
from hamsaya.node.files import Span, Strict, interval, read_json
from hamsaya.node.posteriors import RATES, PosteriorView, posteriors

FORM = ('expected {"days": 30, "required": 0.9, "floor": 0.0, "cost_unit": "USD", "sites": [{"site", "breach": [low, '
        'middle, high], "detect", "cost"} …]}; a site may have days, required and floor of its own')
CALENDAR_FORM = 'expected a file written by hamsaya compliance visits --calendar'
DOMAIN = "hamsaya/v1/visit-calendar"
YEAR = 365.25
GOAL = 0.6
"""The share of uniform visiting's cost that was aimed at; a plan above it says so."""
SEED_BYTES = 32
GUARANTEES: dict[Aim, str] = {
    "average": "Held on average over what is believed, at its middle: where the probabilities are wrong, so is this.",
    "bounds": "Held on average for every belief between the bounds of P(breach).",
    "each": "Held at every site whatever is believed, against a breaker who knows the rates and picks the place.",
}


class SiteFile(Strict, frozen=True):
    site: str
    breach: Span
    detect: float
    cost: float = 1.0
    days: float | None = None
    required: float | None = None
    floor: float | None = None


class VisitsFile(Strict, frozen=True):
    sites: list[SiteFile]
    days: float = 30.0
    required: float = 0.9
    floor: float = 0.0
    cost_unit: str = "visits"


class CalendarFile(Strict, frozen=True):
    """What the conductor keeps: the seed, the window, the rates a day, and the dates that follow from them."""

    seed: str
    start: str
    days: int
    per_day: dict[str, float]
    visits: list[tuple[str, str]]


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """One site: what is believed, its rate, and the detection that brings; ``alone_per_year`` would meet its own terms.

    ``short``: that it is looked at less than its own required detection asks, since only the whole must meet it.
    """

    site: str
    breach: Interval
    detect: float
    cost: float
    days: float
    required: float
    per_year: float
    days_between: float | None
    detection: float
    alone_per_year: float
    short: bool


class VisitsView(msgspec.Struct, frozen=True, kw_only=True):
    """Rates of least cost beside uniform visiting to the same aim (``share`` of its cost), and what is guaranteed.

    Costs are a year, in ``cost_unit``. ``detection`` is of breaches as believed, ``at_worst`` of those at the worst
    belief within the bounds, ``least`` of a breach at ``weakest``, the site looked at least.
    """

    aim: Aim
    sites: list[SiteView]
    cost: float
    cost_unit: str
    uniform_cost: float
    uniform_per_year: float
    share: float
    each_cost: float
    detection: float
    required: float
    at_worst: float
    least: float
    weakest: str
    left_out: dict[str, str]
    words: list[str]


class CalendarView(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar by its digest; ``as_drawn``: that its dates are those its seed yields."""

    file: str
    digest: str
    visits: int
    as_drawn: bool


class _Asked(NamedTuple):
    sites: list[Site]
    unit: str
    left_out: dict[str, str]


def visits_of_file(path: Path, aim: Aim, floor: float | None = None) -> VisitsView:
    """Return the plan for a file's sites.

    Args:
        floor: Least detection at every site, instead of the file's.
    Raises:
        OperatorError: ``bad-file``; the sentence says what does not fit.
    """
    file = read_json(path, VisitsFile, FORM)
    try:
        sites = [_of_file(file, each, floor) for each in file.sites]
        return _view(plan(sites, aim), _Asked(sites, file.cost_unit, {}))
    except ValueError as error:
        raise OperatorError(f"{path}: {error}", code="bad-file") from None


def _of_file(file: VisitsFile, each: SiteFile, floor: float | None) -> Site:
    own = {"days": each.days, "required": each.required, "floor": each.floor if floor is None else floor}
    held = {name: getattr(file, name) if value is None else value for name, value in own.items()}
    return Site(each.site, interval(each.breach, f"{each.site}: breach"), each.detect, each.cost, **held)


def visits_of_node(node: Node, aim: Aim, floor: float = 0.0) -> VisitsView:
    """Return the plan that the live P(breach) of this node's commitments suggests.

    Raises:
        OperatorError: no commitment is left to visit (``no-sites``), or a number out of range (``bad-figure``).
    """
    judged = posteriors(node)
    left_out = dict(_left_out(node, judged))
    priors, state = node.agreement.priors, node.state.compliance
    detect = priors["p_detect"].value.mid if "p_detect" in priors else RATES["p_detect"]
    priced = "visit_cost_musd" in priors
    cost = priors["visit_cost_musd"].value.mid if priced else 1.0
    try:
        sites = [Site(each.commitment, each.breach, detect, cost, float(terms.timeliness_days),
                      terms.required_detection, floor)
                 for each in judged if each.commitment not in left_out
                 for terms in (state.commitments[each.commitment].terms,)]
        if not sites:
            why = "; ".join(f"{ref}: {reason}" for ref, reason in left_out.items()) or "no commitment is known here"
            raise OperatorError(f"nothing is left to visit: {why}", code="no-sites")
        return _view(plan(sites, aim), _Asked(sites, "million US$" if priced else "visits", left_out))
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None


def _left_out(node: Node, judged: Sequence[PosteriorView]) -> Iterator[tuple[str, str]]:
    """Rule 3."""
    now = node.clock.now()
    for each in judged:
        ref, terms = each.commitment, node.state.compliance.commitments[each.commitment].terms
        if terms.until < now:
            yield ref, f"its mandate ended on {to_text(terms.until)[:10]}; its owner may make another"
        elif each.rating in ("LC", "PC", "NC"):
            yield ref, f"found {each.rating}: its follow-up says when it is looked at again"
        elif not 0.0 < terms.required_detection < 1.0:
            yield ref, ("its terms ask for no detection" if terms.required_detection == 0.0 else
                        "its terms ask for certain detection, which no random visit gives")


def _view(found: Plan, asked: _Asked) -> VisitsView:
    rows = [SiteView(
        site=site.name, breach=site.breach, detect=site.p_find, cost=site.cost, days=site.days,
        required=site.required, per_year=rate.per_day * YEAR,
        days_between=1.0 / rate.per_day if rate.per_day > 0.0 else None, detection=rate.detection,
        alone_per_year=rate.alone_per_day * YEAR, short=rate.detection < site.required - 1e-9,
    ) for site, rate in zip(asked.sites, found.rates, strict=True)]
    weakest = min(rows, key=lambda row: row.detection)
    return VisitsView(
        aim=found.aim, sites=rows, cost=found.cost * YEAR, cost_unit=asked.unit,
        uniform_cost=found.uniform_cost * YEAR, uniform_per_year=found.uniform_per_day * YEAR, share=found.share,
        each_cost=found.each_cost * YEAR, detection=found.detection, required=found.required,
        at_worst=found.at_worst, least=found.least, weakest=weakest.site, left_out=asked.left_out,
        words=_words(found, weakest, asked),
    )


def _words(found: Plan, weakest: SiteView, asked: _Asked) -> list[str]:
    told = [f"These rates cost {found.cost * YEAR:.3g} {asked.unit} a year, {found.share:.0%} of visiting every site "
            f"alike to the same aim ({found.uniform_cost * YEAR:.3g}). Each site by itself to its own required "
            f"detection: {found.each_cost * YEAR:.3g}."]
    if found.share > 1.0 - 1e-6:
        told.append("Nothing is saved: by what is believed and by what a visit costs the sites are alike.")
    elif found.share > GOAL:
        told.append(f"That is above {GOAL:.0%}: what is believed of the sites and what a visit there costs differ too "
                    "little to save more.")
    told += [f"Of breaches as believed {found.detection:.0%} are found in time, {found.at_worst:.0%} at the worst "
             f"belief within the bounds. {GUARANTEES[found.aim]}",
             f"Whoever knows these rates and breaks at {weakest.site} is found in time with {found.least:.0%}."]
    told += [f"{ref} is left out: {why}." for ref, why in asked.left_out.items()]
    told.append("A suggestion: nothing is ordered by it, and every visit needs its consent.")
    return told


def draw_calendar(path: Path, view: VisitsView, start: int, days: int, seed: bytes) -> CalendarView:
    """Write the calendar that ``seed`` yields at the view's rates to a new file that only its owner may read.

    Args:
        start: UTC ms of the first day.
        days: Its length, >= 1.
    Raises:
        OperatorError: the file exists or cannot be written (``bad-file``), or a number out of range (``bad-figure``).
    """
    if len(seed) < SEED_BYTES:
        raise OperatorError(f"expected a seed of at least {SEED_BYTES} bytes in hexadecimal, received {len(seed)}; who "
                            "guesses it knows every date", code="bad-figure")
    rates = {row.site: row.per_year / YEAR for row in view.sites}
    begins = to_text(start)[:10]
    file = CalendarFile(seed=seed.hex(), start=begins, days=days, per_day=rates,
                        visits=_dates(rates, days, seed, begins))
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; a calendar is written to a new file", code="bad-file") from None
    return check_calendar(path)


def check_calendar(path: Path) -> CalendarView:
    """Return a calendar's digest, and whether its dates are those that its seed yields at its rates.

    Raises:
        OperatorError: ``bad-file``.
    """
    file = read_json(path, CalendarFile, CALENDAR_FORM)
    try:
        seed = bytes.fromhex(file.seed)
        dates = _dates(file.per_day, file.days, seed, file.start)
    except (ValueError, OperatorError) as error:
        raise OperatorError(f"{path}: {error}; {CALENDAR_FORM}", code="bad-file") from None
    sealed = digest(tagged(DOMAIN, [seed, file.start, file.days, file.per_day]))
    return CalendarView(file=str(path), digest=sealed.hex(), visits=len(file.visits), as_drawn=dates == file.visits)


def _dates(per_day: Mapping[str, float], days: int, seed: bytes, start: str) -> list[tuple[str, str]]:
    first = day(start)
    try:
        return [(to_text(first + int(visit.day) * DAY)[:10], visit.site)
                for visit in calendar(per_day, float(days), seed)]
    except ValueError as error:
        raise OperatorError(str(error), code="bad-figure") from None
