"""The world of ``calibration`` with a joint picture beside its attestors: does what is stated still come as often?

    stated, happened = simulate_with_readings(World(), Pictures(), histories=20, each=5000, seed=1)

A promise's conduct has a mean count, in its range or beyond. What a picture shows is that conduct, or with the chances
of one look's record other conduct: kept out of sight, or made up. Of what it shows some is not seen, some counted twice
or placed wrongly, counts scatter, and some cells are not reported on; how much of each differs from promise to promise
within the doubts that ``reading`` has, and nobody tells the method. Reporters disagree, and their span is what it sees.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache

import numpy as np

from hamsaya.compliance import calibration
from hamsaya.compliance.calibration import Flags, Floats, World
from hamsaya.compliance.indicator import Count, Figure, figure
from hamsaya.compliance.posterior import Record
from hamsaya.compliance.reading import DOUBTS, Weight, means, weigh
from hamsaya.messages.compliance import Commit, Query, Seat

CELLS = 4
WORTH = 10.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """How many promises a picture answers, how often a cell is reported on, how often a reporter's count is one off,
    and d and f of the look that it counts as."""

    share: float = 0.7
    covered: float = 0.95
    unlike: float = 0.3
    hit: float = 0.5
    false: float = 0.05
    targets: tuple[tuple[float, float, float], ...] = ((0, 0, 0), (0, 3, 1), (0, 10, 2), (0, 20, 5), (8, 20, 2))


def simulate_with_readings(
    world: World, pictures: Pictures, *, histories: int, each: int, seed: int, executor: Executor | None = None
) -> tuple[Floats, Flags, Flags]:
    """Return P(breach) as stated, whether there was one, and whether a reading moved it."""
    jobs = [(world, pictures, each, child) for child in np.random.SeedSequence(seed).spawn(histories)]
    parts = list(executor.map(_history, jobs) if executor else map(_history, jobs))
    stated, happened, moved = (np.concatenate(column) for column in zip(*parts, strict=True))
    return stated, happened, moved


def _history(job: tuple[World, Pictures, int, np.random.SeedSequence]) -> tuple[Floats, Flags, Flags]:
    world, pictures, each, seed = job
    rng = np.random.default_rng(seed)
    method = calibration.study(world, calibration.draw(world, world.history, rng))
    new = calibration.draw(world, each, rng)
    middle, variance = calibration.odds(world, method, new)
    moved = np.zeros(each, dtype=np.bool_)
    for item in np.nonzero(rng.random(each) < pictures.share)[0]:
        found = _weight(pictures, bool(new.truth[item]), rng)
        if found is not None:
            middle[item] += found.log
            variance[item] += found.variance
            moved[item] = True
    return calibration.average(middle, variance), new.truth, moved


def _weight(pictures: Pictures, broken: bool, rng: np.random.Generator) -> Weight | None:
    """Return what the method makes of one promise's reading, drawn for conduct that is ``broken`` or not."""
    which = int(rng.integers(len(pictures.targets)))
    terms = _terms(pictures.targets[which])
    d, f = (rng.beta(WORTH * p, WORTH * (1.0 - p)) for p in (pictures.hit, pictures.false))
    kept, beyond = means(terms)
    shown = kept if rng.random() >= (d if broken else f) else beyond[int(rng.integers(len(beyond)))]
    count, observed = _counted(float(shown[int(rng.integers(len(shown)))]), pictures, rng)
    low, high = (max(0, count + step * int(rng.random() < pictures.unlike)) for step in (-1, 1))
    return _weighed(pictures, which, low, high, observed)


def _counted(mean: float, pictures: Pictures, rng: np.random.Generator) -> tuple[int, int]:
    """Return the count in the cells that were reported on, and how many of them there are."""
    doubt = DOUBTS["incidents"]
    seen = rng.uniform(doubt.seen.low, doubt.seen.high)
    stray = rng.uniform(doubt.stray.low, 2.0 * doubt.stray.mid)
    size = doubt.size.mid * np.exp(rng.normal(0.0, 0.5))
    total = int(rng.poisson((seen * mean + stray) * rng.gamma(size) / size))
    observed = int((rng.random(CELLS) < pictures.covered).sum())
    return int(rng.binomial(total, observed / CELLS)), observed


@cache
def _terms(target: tuple[float, float, float]) -> Commit:
    low, high, material = target
    return Commit(
        commitment="K", title="K", indicator="incidents", unit="incidents", target_low=low, target_high=high,
        materiality=material, until=1, publication="members", cadence_days=30, timeliness_days=10, k=1,
        required_detection=0.9, max_false_alarm=0.1, evidence_classes=["joint-visit"],
        panel=[Seat(member="ava", bloc="north")],
        query=Query(measure="incidents", violence=0, cells=list(range(1, CELLS + 1)), months=1))


@cache
def _weighed(pictures: Pictures, which: int, low: int, high: int, observed: int) -> Weight | None:
    terms = _terms(pictures.targets[which])
    record = Record(WORTH * pictures.hit, WORTH * (1.0 - pictures.hit), WORTH * pictures.false,
                    WORTH * (1.0 - pictures.false))
    return weigh(terms, _figure(terms, low, high, observed), record)


def _figure(terms: Commit, low: int, high: int, observed: int) -> Figure:
    cells = frozenset(range(1, observed + 1))
    return figure(terms, "2026-01", "2026-01", cells, [Count(1, 1, (low, high), (low, high))])
