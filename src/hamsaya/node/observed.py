"""What this node's own record says about the links of the price: visits made, seats' judgement, payers' word kept.

A prior counts as much as one year of visits, or as a few cases; what was seen is added to it, so that a short record
moves a figure a little and a long one replaces it. The bounds move with the middle and never become exact.

Left out: how often members refuse one another, for votes are few and secret until recorded; which attestor errs how,
which ``compliance.attestors`` learns from a table of labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from hamsaya.base.instants import DAY
from hamsaya.base.interval import Interval
from hamsaya.compliance.types import ComplianceState, FindingCase
from hamsaya.linkage.types import LinkageState, Quantity

YEAR = 365 * DAY
PRIOR_CASES = 4.0
PRIOR_VERDICTS = 10.0
VISITS = frozenset(("joint-visit", "third-party-observation"))
STOPPED = frozenset(("notice", "suspended"))


class Observed(NamedTuple):
    """The priors as the record moves them, and what was seen in words."""

    priors: dict[str, Quantity]
    words: list[str]


def observed(
    priors: Mapping[str, Quantity], compliance: ComplianceState, linkage: LinkageState, now: int
) -> Observed:
    """Return ``priors`` moved by the node's own record; figures without a record stay as they are."""
    found, words = dict(priors), list[str]()
    _visits(found, words, compliance, now)
    adopted = [each for each in compliance.findings.values() if each.rating in ("C", "LC", "PC", "NC")
               and each.finding not in compliance.voted_down]
    _seats(found, words, adopted)
    _payers(found, words, adopted, linkage)
    return Observed(found, words)


def _visits(found: dict[str, Quantity], words: list[str], compliance: ComplianceState, now: int) -> None:
    replaced = {(item.commitment, item.replaces) for item in compliance.evidence.values()}
    recent = [item for key, item in compliance.evidence.items()
              if now - YEAR < item.observed_to <= now and key not in replaced]
    made = sum(item.evidence_class in VISITS for item in recent)
    denied = sum(item.evidence_class == "access-denied" for item in recent)
    if made + denied and "visits_per_year" in found:
        told = f"{made} visits took place in the last year, and access was denied {denied} times"
        words.append(f"{told}.")
        # One year of prior and one year seen.
        found["visits_per_year"] = _moved(found["visits_per_year"], lambda x: (x + made) / 2.0, told)


def _seats(found: dict[str, Quantity], words: list[str], adopted: list[FindingCase]) -> None:
    for name, breach in (("p_seat_detect", True), ("p_seat_false", False)):
        verdicts = [verdict.verdict for each in adopted if (each.rating in ("PC", "NC")) == breach
                    for verdict in each.verdicts]
        if verdicts and name in found:
            said = verdicts.count("breach")
            told = (f"{said} of {len(verdicts)} verdicts saw a breach where "
                    f"{'one was found' if breach else 'none was found'}")
            words.append(f"{told}.")
            found[name] = _share(found[name], PRIOR_VERDICTS, said, len(verdicts), told)


def _payers(found: dict[str, Quantity], words: list[str], adopted: list[FindingCase], linkage: LinkageState) -> None:
    grounds = {each.finding: each.commitment for each in adopted if each.rating == "NC"}
    tied = {tranche.commitment for tranche in linkage.tranches.values()}
    owed = {finding for finding, commitment in grounds.items() if commitment in tied}
    kept = {step.ground for tranche in linkage.tranches.values() for step in tranche.steps if step.to in STOPPED}
    if owed and "p_honoured" in found:
        told = f"payers acted on {len(owed & kept)} of {len(owed)} findings of non-compliance with a benefit tied"
        words.append(f"{told[0].upper()}{told[1:]}.")
        found["p_honoured"] = _share(found["p_honoured"], PRIOR_CASES, len(owed & kept), len(owed), told)


def _share(prior: Quantity, worth: float, hits: int, total: int, told: str) -> Quantity:
    return _moved(prior, lambda x: (worth * x + hits) / (worth + total), told)


def _moved(prior: Quantity, move: Callable[[float], float], told: str) -> Quantity:
    low, mid, high = (move(x) for x in (prior.value.low, prior.value.mid, prior.value.high))
    return replace(prior, value=Interval(low, mid, high), source=f"{prior.source}; {told}")
