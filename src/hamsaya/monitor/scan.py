"""Space-time scan: where and since when there is more than chance, or more than a forecast, accounts for.

Rules
1. ``permutation`` needs cases only: it asks whether a place's cases lie closer in time than all places' do. ``poisson``
   is given what to expect in each place and bin, so that a cluster is more than we expected, not more than uniform;
   with a ``spread`` those counts are negative binomial, and the statistic is the score of ``scan_score``. With strata
   (states) permutation asks about a place beside its own stratum's cases: what moves all cases of a stratum alike in
   time, as a delay in reporting does, cancels, and so does a rise of the whole stratum.
2. Each centre offers its best zone and window; then the best whose window neither meets nor touches those it has
   offered and does not hold the last bin. From the highest statistic down, a candidate is kept unless it has a place
   in common with one kept before *and* meets or touches it in time. This was read off SaTScan's answers, all of which
   it gives; its guide says no more than "no geographical overlap".
3. p = (1 + replicates whose highest statistic reaches the cluster's) / (1 + replicates), for secondary clusters too,
   which is conservative. Shown are clusters down to SHOWN of the lowest replicate's highest: whether one near it was
   reached by all replicates or by all but one is chance, and the list shall not hang on the seed.
4. With ``stop_after`` = h replicates end with the h-th that reaches the top cluster; p is then the share among those
   drawn (Besag and Clifford 1991, Biometrika 78(2): 301-304). Replicates count in their order, whoever drew them.
5. Prospective: the recurrence interval is 1/p bins, how often chance alone shows such a cluster when one looks once a
   bin (Kleinman, Lazarus and Platt 2004, American Journal of Epidemiology 159(3): 217-224).
6. The same numbers, to the last bit, for any number of workers and any size of their pieces.

    found = scan(Study(lat, lon, place, bins, count), Settings(radius_km=150.0, replicates=999, seed=1), executor)

Left out: ellipses, covariates, several data sets. Not adjusted for: earlier analyses of the same data; chains of
attacks, which are clusters to this method, so read recurrence intervals and not bare p.
Source: Kulldorff, Heffernan, Hartman, Assuncao and Mostashari (2005), PLoS Medicine 2(3): e59; ``scan_kernel``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hamsaya.monitor.scan_kernel import Frame, candidates, highest_of, replicate
from hamsaya.monitor.scan_plan import NOTHING, Plan, plan
from hamsaya.monitor.scan_score import best_scores, draw, scores
from hamsaya.monitor.scan_space import Windows, Zones, circles, windows

Array = npt.NDArray[Any]

PIECE = 40  # replicates to a piece of work
WAVE = 8  # pieces asked for at once where replicates may stop early
PILOT, PILOT_BAR, PILOT_SHARE = 9, 2.5, 0.75
SHOWN = 0.9
SEEDS = 1 << 64
_Frames = tuple[Frame, ...]
_Cases = tuple[int, int, Array, Array]  # places, lanes, and each case's place and bin


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What is scanned: places, and cases at them by bin of time.

    Attributes:
        lat, lon: Degrees, shape (place,).
        place: int32, shape (case,), index into the places.
        bins: int32, shape (case,), from 0 to ``count`` - 1, in order of time.
        count: Bins of the study period, >= 0.
        expected: Mean of each place and bin, > 0, shape (place, bin); None for permutation.
        spread: With ``expected``: variance = mean + mean^2 x spread; 0 is Poisson.
        stratum: int32 >= 0, shape (case,): the stratum of each case, for permutation; None is one for all.
    """

    lat: Array
    lon: Array
    place: Array
    bins: Array
    count: int
    expected: Array | None = None
    spread: float = 0.0
    stratum: Array | None = None

    def __post_init__(self) -> None:
        places = len(self.lat)
        if len(self.lon) != places or len(self.place) != len(self.bins) or self.count < 0:
            raise ValueError("expected lat and lon of equal length, place and bins of equal length, and count >= 0")
        for name, values, limit in (("place", self.place, places), ("bins", self.bins, self.count)):
            if len(values) and not (int(values.min()) >= 0 and int(values.max()) < limit):
                raise ValueError(f"expected {name} from 0 to {limit - 1}, received {values.min()} to {values.max()}")
        if self.stratum is not None and (self.expected is not None or len(self.stratum) != len(self.place)):
            raise ValueError("expected a stratum for each case, and none where means are given")
        if not 0 <= self.spread < 1e6 or (self.spread and self.expected is None):
            raise ValueError(f"expected a spread of 0 or more, with means, received {self.spread}")
        if self.expected is not None and (
            self.expected.shape != (places, self.count) or not np.isfinite(self.expected).all()
            or not (self.expected > 0).all()
        ):
            raise ValueError(f"expected finite means above 0 of shape {(places, self.count)}, "
                             f"received shape {self.expected.shape}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How to scan.

    Attributes:
        prospective: Only windows that end with the last bin ("alive"); else all.
        radius_km: Largest radius, > 0; infinity for none.
        share, time_share: Largest part of the cases, and of the study period, in a cluster, in (0, 1].
        least: Fewest cases of a cluster, >= 1; one case is no cluster.
        replicates: Monte Carlo replicates, >= 0.
        seed: In [0, 2**64).
        stop_after: Stop after so many replicates reach the top cluster (rule 4); 0 draws all.
    """

    prospective: bool = True
    radius_km: float = float("inf")
    share: float = 0.5
    time_share: float = 0.5
    least: int = 2
    replicates: int = 999
    seed: int = 1
    stop_after: int = 0

    def __post_init__(self) -> None:
        if not (self.radius_km > 0 and 0 < self.share <= 1 and 0 < self.time_share <= 1):
            raise ValueError("expected a radius above 0 km and shares above 0, at most 1")
        if self.least < 1 or self.replicates < 0 or not 0 <= self.seed < SEEDS or self.stop_after < 0:
            raise ValueError("expected least >= 1, replicates >= 0, stop_after >= 0 and a seed from 0 to 2**64 - 1")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A circle and a window with more cases than expected.

    Attributes:
        places: Indices, nearest to the centre (the first) first.
        radius_km: Distance of the farthest place from the centre.
        first, last: Bins, both included.
        p_value: In (0, 1]; 1 where nothing was drawn.
        recurrence: Bins (rule 5); None for a retrospective scan.
    """

    places: tuple[int, ...]
    radius_km: float
    first: int
    last: int
    observed: int
    expected: float
    statistic: float
    p_value: float
    recurrence: float | None

    def overlaps(self, other: Cluster) -> bool:
        """Return whether both have a place in common and meet or touch in time."""
        return (self.first <= other.last + 1 and other.first <= self.last + 1
                and not set(self.places).isdisjoint(other.places))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Clusters from the most likely down, and each replicate's highest statistic, in order (0: nothing above 0)."""

    clusters: tuple[Cluster, ...]
    highest: Array
    stopped: bool = False


Progress = Callable[[int], None]


def scan(study: Study, settings: Settings, executor: Executor, each: Progress = lambda drawn: None) -> Found:
    """Return the clusters of a study; none where there are too few places, bins or cases for one.

    Args:
        executor: Threads serve (compiled code lets them run side by side), processes too.
        each: Told the number of replicates drawn so far.
    """
    if not len(study.place) or not len(study.lat):
        return Found((), np.zeros(0))
    window = windows(study.count, settings.prospective, settings.time_share)
    weight = (np.bincount(study.place, minlength=len(study.lat)) if study.expected is None
              else study.expected.sum(1))
    zones = circles(study.lat, study.lon, weight, settings.radius_km, settings.share)
    if not len(zones) or not len(window):
        return Found((), np.zeros(0))
    if study.spread:
        return _scan_scores(study, settings, zones, window, executor, each)
    study, expected, strata = _stratified(study)
    totals = _totals(study, settings)
    made = plan(zones, window, np.bincount(study.bins, minlength=study.count), len(study.place), settings.least,
                expected, max(len(study.place), int(totals.max(initial=0))), strata)
    cases = (len(study.lat), window.lanes, study.place.astype("i4"), study.bins.astype("i4"))
    frames, top = _frames(made, cases, totals, settings)
    highest, stopped = _replicates(frames, cases, totals, settings, top, executor, each)
    floor = SHOWN * float(highest.min()) if len(highest) else 0.0
    clusters = kept(study, expected, zones, window, *candidates(made.frame, *cases, floor))
    return Found(judged(clusters, highest, stopped, settings), highest, stopped)


def _scan_scores(
    study: Study, settings: Settings, zones: Zones, window: Windows, executor: Executor, each: Progress
) -> Found:
    """Return the clusters where counts are overdispersed; each centre offers its best zone and window only."""
    assert study.expected is not None
    counts = np.zeros(study.expected.shape, "i8")
    np.add.at(counts, (study.place, study.bins), 1)
    best, where = _scored(study, settings, zones, window, counts)
    above = best > 0
    if not above.any():
        return Found((), np.zeros(0))

    def submit(start: int, stop: int) -> Future[Array]:
        return executor.submit(_score_piece, study, settings, zones, window, range(start, stop))

    highest, stopped = replicated(submit, settings, float(best.max()), each)
    above &= best > (SHOWN * highest.min() if len(highest) else 0.0)
    clusters = kept(study, study.expected, zones, window, best[above], where[above])
    return Found(judged(clusters, highest, stopped, settings), highest, stopped)


def _scored(study: Study, settings: Settings, zones: Zones, window: Windows, counts: Array) -> tuple[Array, Array]:
    assert study.expected is not None
    above, weight = (window.cumulated(one) for one in scores(counts, study.expected, study.spread))
    cases = window.cumulated(counts.astype("f8"))
    return best_scores(zones.first, zones.place, window.before, window.after, above, weight, cases, settings.least)


def _score_piece(study: Study, settings: Settings, zones: Zones, window: Windows, numbers: range) -> Array:
    assert study.expected is not None
    drawn = (draw(study.expected, study.spread, settings.seed, number) for number in numbers)
    return np.array([_scored(study, settings, zones, window, counts)[0].max() for counts in drawn])


def _stratified(study: Study) -> tuple[Study, Array | None, Array | None]:
    """Return a study with its cases in order of stratum, what is expected, and where each stratum starts.

    A stratum expects its cases at a place x its cases in a bin / its cases. Without strata nothing is changed.
    """
    if study.stratum is None:
        return study, study.expected, None
    order = np.argsort(study.stratum, kind="stable")
    place, bins, stratum = study.place[order], study.bins[order], study.stratum[order]
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(stratum)) + 1, [len(order)]]).astype("i8")
    expected = np.zeros((len(study.lat), study.count))
    for start, end in pairwise(bounds.tolist()):
        at_place = np.bincount(place[start:end], minlength=len(study.lat))
        expected += np.outer(at_place, np.bincount(bins[start:end], minlength=study.count)) / (end - start)
    return replace(study, place=place, bins=bins, stratum=stratum), expected, bounds


def _totals(study: Study, settings: Settings) -> Array:
    """Return the cases of each replicate: those observed, or drawn where what is expected is given."""
    if study.expected is None:
        return np.full(settings.replicates, len(study.place), "i8")
    rng = np.random.default_rng([settings.seed, 0])
    return rng.poisson(study.expected.sum(), settings.replicates).astype("i8")


def _frames(made: Plan, cases: _Cases, totals: Array, settings: Settings) -> tuple[_Frames, float]:
    """Return frames with falling bars, the first one surpassed by nearly all replicates, and the observed highest."""
    open_frame, low = made.at(NOTHING), made.at(PILOT_BAR)
    pilot = _piece((low, open_frame), cases, totals[:PILOT], np.uint64(settings.seed), 0)
    bar = PILOT_SHARE * float(np.median(pilot)) if len(pilot) else 0.0
    frames = (made.at(bar), made.at(bar / 2), open_frame) if bar > 2 * NOTHING else (low, open_frame)
    return frames, next((top for frame in frames if (top := float(highest_of(frame, *cases)))), 0.0)


def kept(
    study: Study, expected: Array | None, zones: Zones, window: Windows, statistics: Array, where: Array
) -> list[Cluster]:
    """Return the candidates that rule 2 keeps, without p."""
    kept: list[Cluster] = []
    for number in np.lexsort((where[:, 0], -statistics)):
        zone, span = where[number].tolist()
        one = _cluster(study, expected, zones, window, zone, span, float(statistics[number]))
        if not any(one.overlaps(other) for other in kept):
            kept.append(one)
    return kept


def _cluster(
    study: Study, given: Array | None, zones: Zones, window: Windows, zone: int, span: int, statistic: float
) -> Cluster:
    places = zones.places(zone)
    first, last = window.span(span)
    there, then = np.isin(study.place, places), (study.bins >= first) & (study.bins <= last)
    inside = there & then
    if given is None:
        expected = float(there.sum()) * float(then.sum()) / len(study.place)
    else:
        expected = float(given[places, first: last + 1].sum())
    return Cluster(tuple(places.tolist()), float(zones.reach_km[zone]), first, last, int(inside.sum()), expected,
                   float(statistic), 1.0, None)


def _replicates(
    frames: _Frames, cases: _Cases, totals: Array, settings: Settings, top: float, executor: Executor, each: Progress
) -> tuple[Array, bool]:
    """Return the highest statistic of each replicate drawn, and whether drawing stopped early."""
    seed = np.uint64(settings.seed)

    def submit(start: int, stop: int) -> Future[Array]:
        return executor.submit(_piece, frames, cases, totals[start:stop], seed, start)

    return replicated(submit, settings, top, each)


def replicated(
    submit: Callable[[int, int], Future[Array]], settings: Settings, top: float, each: Progress
) -> tuple[Array, bool]:
    """Return what pieces of work give, in order, and whether they ended with the replicate of rule 4."""
    starts = range(0, settings.replicates, PIECE)
    drawn: list[Array] = [np.zeros(0)]
    step = WAVE if settings.stop_after else max(len(starts), 1)
    for wave in range(0, len(starts), step):
        futures = [submit(start, min(start + PIECE, settings.replicates)) for start in starts[wave: wave + step]]
        for future in futures:
            drawn.append(future.result())
            each(sum(map(len, drawn)))
        highest = np.concatenate(drawn)
        reached = np.flatnonzero(highest >= top)
        if settings.stop_after and len(reached) >= settings.stop_after:
            return highest[: int(reached[settings.stop_after - 1]) + 1], True
    return np.concatenate(drawn), False


def _piece(frames: _Frames, cases: _Cases, totals: Array, seed: Any, first: int) -> Array:
    """Return the highest statistic of some replicates; those that stay below a bar are drawn again with the next."""
    highest: Array = replicate(frames[0], *cases, totals, seed, first)
    for frame in frames[1:]:
        for number in np.flatnonzero(highest == 0).tolist():
            highest[number] = replicate(frame, *cases, totals[number: number + 1], seed, first + number)[0]
    return highest


def judged(kept: list[Cluster], highest: Array, stopped: bool, settings: Settings) -> tuple[Cluster, ...]:
    """Return the clusters with p and recurrence interval (rules 3 to 5)."""
    more = 0 if stopped else 1
    judged = []
    for one in kept:
        p = (int((highest >= one.statistic).sum()) + more) / (len(highest) + more) if len(highest) else 1.0
        recurrence = 1 / p if settings.prospective and len(highest) else None
        judged.append(replace(one, p_value=p, recurrence=recurrence))
    return tuple(judged)
