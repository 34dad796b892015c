"""``hamsaya bench price [--part NAME]``: what prices, schedules and judgements take, and whether they hold.

    law          largest gap between the linear program and the closed form (must be below 1e-9)
    schedule     seconds for 9 members, 40 quarters and 12 projects; worlds in which somebody's incentive breaks
    what-if      seconds from two settings to the answer at ten nodes in turn, each with a record of findings
    calibration  largest gap between stated and realised frequency in any tenth, and the share judged rightly; the same
                 with readings of a joint picture in (``readings``), and among those that a reading moved
    attestors    labels a second learned from, by expectation-maximisation
    shapley      seconds for exact shares of twenty members
    visits       ``bench_visits``: cost of visits ÷ uniform visiting that finds as many in time (lower is better)
    ten-nodes    a what-if from the command line to its answer at ten running nodes: ``cli/bench_price_nodes.py``

Ratios: the schedule's two programs ÷ the same first program handed to the solver ready made (lower is better); a
sampled world ÷ one vectorised pass over as many numbers (lower is better). Wall clock, medians of rounds.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hamsaya.base.errors import OperatorError
from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.charter.types import document_from_plain
from hamsaya.cli.bench_visits import visits
from hamsaya.compliance.types import EMPTY_COMPLIANCE, Attested, ComplianceState, EvidenceItem, FindingCase
from hamsaya.linkage.plan import Member, Plan, Project, Sender
from hamsaya.linkage.types import EMPTY_LINKAGE
from hamsaya.node.observed import observed
from hamsaya.node.packs import open_named_pack, pack_priors
from hamsaya.node.price_setup import setup_of
from hamsaya.node.what_if import what_if

WORLDS, COMMITMENTS, NODES, FINDINGS = 100_000, 100_000, 10, 1000
NOW = 1_790_000_000_000


def price(quick: bool, parts: tuple[str, ...] = ()) -> dict[str, Any]:
    """Measure the parts named, or all; raises OperatorError for one that there is not."""
    rounds = 2 if quick else 5
    known: dict[str, Callable[[], dict[str, Any]]] = {
        "law": lambda: _law(rounds), "schedule": lambda: _schedule(rounds), "what-if": lambda: _what_if(rounds),
        "calibration": lambda: _calibration(quick), "attestors": lambda: _attestors(rounds), "shapley": _shapley,
        "visits": lambda: visits(quick), "ten-nodes": lambda: _ten_nodes(quick),
    }
    if unknown := [name for name in parts if name not in known]:
        raise OperatorError(f"expected parts among {', '.join(known)}, received {', '.join(unknown)}",
                            code="unknown-bench")
    figures: dict[str, Any] = {}
    for name in parts or known:
        figures |= known[name]()
    return figures


def _ten_nodes(quick: bool) -> dict[str, Any]:
    from hamsaya.cli.bench_price_nodes import ten_nodes

    return ten_nodes(quick)


def corridor(seed: int) -> Plan:
    """Return a made-up plan of 9 members, 12 projects and 40 quarters, every figure an interval of 20 percent."""
    rng = random.Random(seed)
    names = [f"m{number}" for number in range(9)]
    box = {"a": Interval(0.02, 0.05, 0.08), "b": Interval(0.5, 0.7, 1.0), "r": Interval(0.1, 0.2, 0.4)}

    def around(value: float) -> Interval:
        return Interval(0.8 * value, value, 1.2 * value)

    def some(count: int, most: float) -> dict[str, Interval]:
        return {name: around(rng.uniform(1.0, most)) for name in rng.sample(names, count)}

    return Plan(
        tuple(Member(name, around(rng.uniform(1, 10)), **box, outside=around(rng.uniform(0, 5))) for name in names),
        tuple(Project(f"p{number}", some(3, 15.0), some(2, 8.0), some(2, 2.0), start=rng.randrange(12))
              for number in range(12)),
        tuple(Sender(name, around(60.0), Interval(0.05, 0.1, 0.15), 1.0 / 9.0) for name in names),
        quarters=40, suspension=8.0,
    )


def _timed(act: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _law(rounds: int) -> dict[str, Any]:
    from hamsaya.linkage.schedule import solve
    from hamsaya.linkage.suspension import stationary_price

    rng, gaps = random.Random(1), []
    for _ in range(10 * rounds):
        alpha, delta, periods = rng.uniform(0, 0.3), rng.uniform(0.6, 0.98), rng.choice([1.0, 4.0, 12.0, math.inf])
        beta = alpha + rng.uniform(0.05, 0.6)
        a, b, r = (_exact(-4.0 * math.log(x)) for x in (1.0 - alpha, 1.0 - beta, delta))
        plan = Plan((Member("m0", _exact(1.0), a, b, r),), quarters=6, suspension=periods, slack=0.0, flat=True)
        found = solve(plan).flows.topups["m0"][0]
        gaps.append(abs(float(found) - stationary_price(alpha, beta, delta, periods)))
    return {"law_worst_gap": f"{max(gaps):.1e}", "law_cases": len(gaps)}


def _exact(value: float) -> Interval:
    return Interval(value, value, value)


def _schedule(rounds: int) -> dict[str, Any]:
    import numpy as np
    from scipy.optimize import linprog

    from hamsaya.linkage import schedule, worlds
    from hamsaya.linkage.plan import worst

    plan = corridor(4)
    schedule.solve(corridor(5))  # Loading and first use are not part of it.
    program = schedule._build(plan, [(n, worst(plan, member)) for n, member in enumerate(plan.members)])
    most, equal = (schedule._matrix(rows, program.width) for rows in (program.most, program.equal))
    goal, bounds = schedule._costs(program), schedule._bounds(program, False)
    raw = _timed(lambda: linprog(goal, *most, *equal, bounds, method="highs"), rounds)
    seconds = _timed(lambda: schedule.solve(plan), rounds)
    found = schedule.solve(plan)
    trial = worlds.sample(plan, found.flows, WORLDS, seed=7)
    sampling = _timed(lambda: worlds.sample(plan, found.flows, WORLDS, seed=7), rounds)
    table = np.ones((40, WORLDS))
    passed = _timed(lambda: table * 1.5 + 2.5, rounds)
    return {
        "schedule_s": round(seconds, 3), "schedule_per_raw_program": round(seconds / raw, 2),
        "schedule_columns": program.width, "schedule_worlds": trial.worlds,
        "schedule_incentive_breaks": trial.incentive, "schedule_least_slack_musd": round(trial.least, 3),
        "worlds_s": round(sampling, 3), "worlds_per_pass": round(sampling / (9 * passed), 1),
    }


def _what_if(rounds: int) -> dict[str, Any]:
    pack = open_named_pack(None)
    document, priors = document_from_plain(pack.charter), pack_priors(pack)
    records = [_record(number) for number in range(NODES)]
    settings = ["charter.finding.rule=negative-consensus", "visits=12"]

    def ask() -> None:
        for record in records:
            seen = observed(priors, record, EMPTY_LINKAGE, NOW)
            what_if(setup_of(document, seen.priors, seen=seen.words), settings)

    return {"what_if_ten_nodes_s": round(_timed(ask, rounds), 3), "what_if_findings_a_node": FINDINGS}


def _record(seed: int) -> ComplianceState:
    """Return a node's record of many findings, each with a visit and five verdicts."""
    rng, state = random.Random(seed), EMPTY_COMPLIANCE
    evidence, findings = {}, {}
    for number in range(FINDINGS):
        at = NOW - rng.randrange(700) * DAY
        ref, commitment = f"E-{number}", f"K-{number % 50}"
        evidence[commitment, ref] = EvidenceItem(
            commitment=commitment, evidence=ref, lodged_by="m1",
            evidence_class=rng.choice(("joint-visit", "access-denied")),
            observed_from=at, observed_to=at, value=None, unit=None, replaces=None, digest=bytes(32),
            summary="bench", lodged_at=at)
        findings[f"F-{number}"] = FindingCase(
            finding=f"F-{number}", commitment=commitment, raised_by="m1", raised_at=at, conductor="m1", proposed="NC",
            evidence=(ref,), reopens=None, notified_at=at, reply_due=at, rating=rng.choice(("C", "NC")), adopted_at=at,
            verdicts=tuple(Attested(member=f"m{n}", verdict=rng.choice(("breach", "no-breach")), at=at, reason=None)
                           for n in range(5)))
    return replace(state, evidence=state.evidence.update(evidence), findings=state.findings.update(findings))


def _calibration(quick: bool) -> dict[str, Any]:
    from hamsaya.compliance.calibration import SHARP, World, deciles, simulate, worst

    gaps, rights, fewest = [], [], COMMITMENTS
    start = time.perf_counter()
    for seed in range(1, 2 if quick else 4):
        stated, happened, right = simulate(World(), histories=20, each=COMMITMENTS // 20, seed=seed)
        rows = deciles(stated, happened)
        gaps.append(worst(rows))
        rights.append(right)
        fewest = min(fewest, *(row.number for row in rows))
    _, _, right = simulate(World(rates=SHARP, speaks=1.0, history=1000), histories=4, each=COMMITMENTS // 20, seed=3)
    seconds = time.perf_counter() - start
    mixed, moved = _with_readings(1 if quick else 3)
    return {
        "all_nine_speak_two_lie_right_share": round(right, 4),
        "calibration_worst_gap_points": [round(100.0 * gap, 1) for gap in gaps],
        "calibration_fewest_in_a_tenth": fewest, "calibration_right_share": round(statistics.median(rights), 4),
        "calibration_commitments_each": COMMITMENTS,
        "readings_worst_gap_points": mixed, "readings_worst_gap_points_moved": moved,
        "calibration_s_each": round(seconds / len(gaps), 2),
    }


def _with_readings(seeds: int) -> tuple[list[float], list[float]]:
    """Return the largest gaps in points, by seed: of all commitments, and of those that a reading moved."""
    from hamsaya.compliance.calibration import World, deciles, worst
    from hamsaya.compliance.calibration_readings import Pictures, simulate_with_readings

    of_all, of_moved = [], []
    for seed in range(1, seeds + 1):
        stated, happened, moved = simulate_with_readings(World(), Pictures(), histories=20, each=COMMITMENTS // 20,
                                                         seed=seed)
        of_all.append(round(100.0 * worst(deciles(stated, happened)), 1))
        of_moved.append(round(100.0 * worst(deciles(stated[moved], happened[moved])), 1))
    return of_all, of_moved


def _attestors(rounds: int) -> dict[str, Any]:
    import numpy as np

    from hamsaya.compliance.attestors import learn

    rng = np.random.default_rng(1)
    item, rater = (axis.ravel() for axis in np.meshgrid(np.arange(20_000), np.arange(9), indexing="ij"))
    truth = rng.integers(0, 2, 20_000)
    label = np.where(rng.random(len(item)) < 0.8, truth[item], 1 - truth[item])
    seconds = _timed(lambda: learn(item, rater, label, classes=2, tolerance=1e-6), rounds)
    return {"attestors_labels": len(item), "attestors_s": round(seconds, 2),
            "attestors_labels_per_s": round(len(item) / seconds)}


def _shapley() -> dict[str, Any]:
    import numpy as np

    from hamsaya.linkage.shares import shapley

    worth = np.random.default_rng(1).random(1 << 20)
    worth[0] = 0.0
    return {"shapley_twenty_s": round(_timed(lambda: shapley(worth), 1), 2)}
