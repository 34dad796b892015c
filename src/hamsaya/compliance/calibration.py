"""Does it happen as often as it was said? Stated probabilities against what came, and a world to try the method in.

    stated, happened, right = simulate(World(), histories=20, each=5000, seed=1)
    deciles(stated, happened)            # Decile(low=0.0, stated=.012, happened=.011, number=61234), ...

The world: attestors in blocs, some of them liars, who say the opposite of what they saw; towards the accused each is a
friend, indifferent or a rival, and errs accordingly; often a whole bloc repeats what its first member says; not
everybody speaks of everything. Nobody tells the method any of this. It sees a history of labels without truth, learns
every attestor's errors by relation and the blocs' correlation from it, and then states P(breach) for new commitments.
There are many histories, so that what was badly learned of one shows. Seeds are arguments, each history has its own:
the result is the same whatever the number of workers.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hamsaya.base.interval import Interval
from hamsaya.compliance.blocs import learn_with_blocs
from hamsaya.compliance.posterior import NORMAL, Record, Report, bloc_weight, log_ratio, logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
RELATIONS = 3
# Detection and false alarm of an honest attestor towards a friend, an indifferent party and a rival.
RATES = ((0.5, 0.1), (0.65, 0.12), (0.75, 0.25))
SHARP = ((0.65, 0.03), (0.85, 0.05), (0.9, 0.15))
"""Rates so modest that every tenth of probability is stated often enough to be counted, and better ones."""


class Decile(NamedTuple):
    """Commitments whose stated probability lies in one tenth: mean stated, share that happened, and their number."""

    low: float
    stated: float
    happened: float
    number: int


@dataclass(frozen=True, slots=True)
class World:
    """Attestors 0 to n-1 by bloc; ``liars`` say the opposite; ``copying`` is how often a bloc speaks with one voice,
    ``prevalence`` how often there is a breach, ``speaks`` how often an attestor says anything; ``history`` the items
    from which the method learns; ``rates`` detection and false alarm by relation."""

    blocs: tuple[int, ...] = (0, 0, 0, 1, 2, 3, 4, 5, 6)
    liars: tuple[int, ...] = (3, 7)
    copying: float = 0.6
    prevalence: float = 0.25
    speaks: float = 0.6
    history: int = 4000
    rates: tuple[tuple[float, float], ...] = RATES


class Method(NamedTuple):
    """What was learned: the prior, each attestor's record by relation, and the correlation within blocs."""

    prior: float
    records: tuple[tuple[Record, ...], ...]
    rho: float


class Drawn(NamedTuple):
    """Commitments of a world: the truth (item,); each attestor's relation, word and whether it spoke, all
    (item, attestor)."""

    truth: Flags
    relation: Ints
    reports: Ints
    spoke: Flags


def deciles(stated: Floats, happened: Flags) -> list[Decile]:
    """Return, for each tenth of [0, 1] in which something was stated, what was stated and what came.

    Args:
        stated: Probabilities in [0, 1].
        happened: Whether it came, same shape.
    Raises:
        ValueError: unlike shapes, nothing stated, or no probabilities.
    """
    if stated.shape != happened.shape or not stated.size or not ((stated >= 0.0) & (stated <= 1.0)).all():
        raise ValueError(f"expected probabilities and outcomes of one shape, received {stated.shape}, {happened.shape}")
    tenth = np.minimum((stated * 10.0).astype(np.int64), 9)
    return [Decile(number / 10.0, float(stated[inside].mean()), float(happened[inside].mean()), int(inside.sum()))
            for number in range(10) if (inside := tenth == number).any()]


def worst(rows: list[Decile]) -> float:
    """Return the largest gap between what was stated and what came, in any tenth; lower is better."""
    return max(abs(row.stated - row.happened) for row in rows)


def simulate(
    world: World, *, histories: int, each: int, seed: int, executor: Executor | None = None
) -> tuple[Floats, Flags, float]:
    """Return P(breach) as stated, whether there was one, and the share judged rightly at one half.

    Args:
        histories, each: So many times the method learns anew, and judges so many new commitments.
    """
    jobs = [(world, each, child) for child in np.random.SeedSequence(seed).spawn(histories)]
    parts = list(executor.map(_history, jobs) if executor else map(_history, jobs))
    stated, happened = (np.concatenate(column) for column in zip(*parts, strict=True))
    return stated, happened, float(((stated > 0.5) == happened).mean())


def _history(job: tuple[World, int, np.random.SeedSequence]) -> tuple[Floats, Flags]:
    world, each, seed = job
    rng = np.random.default_rng(seed)
    method = study(world, draw(world, world.history, rng))
    new = draw(world, each, rng)
    return state(world, method, new), new.truth


def draw(world: World, items: int, rng: np.random.Generator) -> Drawn:
    """Return ``items`` commitments of ``world``."""
    blocs, most = np.asarray(world.blocs), max(world.blocs) + 1
    truth = rng.random(items) < world.prevalence
    relation = rng.integers(0, RELATIONS, (items, most))[:, blocs]  # A bloc stands as one towards an accused.
    rates = np.asarray(world.rates)[relation]
    p = np.where(truth[:, None], rates[..., 0], rates[..., 1])
    reports = (rng.random(p.shape) < p).astype(np.int64)
    one_voice = (rng.random((items, most)) < world.copying)[:, blocs]
    reports = np.where(one_voice, reports[:, [world.blocs.index(bloc) for bloc in world.blocs]], reports)
    liars = np.isin(np.arange(len(blocs)), world.liars)
    return Drawn(truth, relation, np.where(liars, 1 - reports, reports), rng.random(p.shape) < world.speaks)


def study(world: World, past: Drawn) -> Method:
    """Return what the method learns of ``past``, without looking at its truth."""
    heard = past.spoke.any(axis=1)
    item, member = np.nonzero(past.spoke[heard])
    relation, label = past.relation[heard][item, member], past.reports[heard][item, member]
    found, rho = learn_with_blocs(
        item, member * RELATIONS + relation, label, np.asarray(world.blocs)[member], classes=2, diagonal=1.0,
        elsewhere=0.25, groups=np.tile(np.arange(RELATIONS), len(world.blocs)), pool=2.0, tolerance=1e-4,
    )
    counts = found.counts.reshape(len(world.blocs), RELATIONS, 2, 2)
    return Method(float(found.prevalence[1]), _records(counts), rho)


def _records(counts: Floats) -> tuple[tuple[Record, ...], ...]:
    return tuple(tuple(Record(hits=float(c[1, 1]), misses=float(c[1, 0]), false=float(c[0, 1]), right=float(c[0, 0]))
                       for c in row) for row in counts)


def reports_of(world: World, method: Method, drawn: Drawn, item: int) -> tuple[Interval, list[Report]]:
    """Return the prior and the reports on one commitment, as ``posterior.judge`` takes them."""
    reports = [Report(str(m), str(world.blocs[m]), bool(drawn.reports[item, m]),
                      method.records[m][drawn.relation[item, m]]) for m in np.nonzero(drawn.spoke[item])[0]]
    return Interval(method.prior, method.prior, method.prior), reports


def state(world: World, method: Method, drawn: Drawn) -> Floats:
    """Return P(breach) for every commitment at once, as ``posterior.judge`` gives it one by one."""
    return average(*odds(world, method, drawn))


def odds(world: World, method: Method, drawn: Drawn) -> tuple[Floats, Floats]:
    """Return the mean and the variance of every commitment's log odds of a breach."""
    members, blocs = np.arange(len(world.blocs)), np.asarray(world.blocs)
    pairs = np.array([[[log_ratio(Report("", "", bool(said), record)) for said in (0, 1)] for record in row]
                      for row in method.records])
    of_bloc = np.zeros_like(drawn.reports)
    for bloc in set(world.blocs):
        of_bloc[:, blocs == bloc] = drawn.spoke[:, blocs == bloc].sum(axis=1, keepdims=True)
    by_size = np.array([0.0, *(bloc_weight(size, method.rho) for size in range(1, len(members) + 1))])
    weight = np.where(drawn.spoke, by_size[of_bloc], 0.0)
    found = pairs[members, drawn.relation, drawn.reports]
    middle = logit(method.prior) + (weight * found[..., 0]).sum(axis=1)
    return middle, np.asarray((weight**2 * found[..., 1]).sum(axis=1))


def average(middle: Floats, variance: Floats) -> Floats:
    """Return the mean probability at normal log odds."""
    sd, total = np.sqrt(variance), np.zeros(len(middle))
    for z, share in NORMAL:
        total += share / (1.0 + np.exp(-(middle + sd * z)))
    return np.minimum(total, 1.0)
