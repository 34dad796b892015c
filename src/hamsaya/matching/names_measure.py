"""How well keys and scores do on labelled pairs: recall and precision, per group, per pair of scripts, and over all.

    found = measure([Pair("Ahmad Zahir", "احمد ظاهر", True, "fa"), …])
    found.overall.keys.recall, found.overall.rank.precision

Recall is the share of true pairs that are found, precision the share of found pairs that are true; both higher is
better, and None where nothing was there to find, or nothing found. Precision depends on how many false pairs the set
holds for each true one, recall does not: read it together with ``false_hits_per_million``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from hamsaya.matching.keys import MAX_KEYS, keys
from hamsaya.matching.names import THRESHOLD, Candidate, fit
from hamsaya.matching.names_written import folded, is_han, script_of
from hamsaya.matching.scripts import VERSION


class Pair(NamedTuple):
    """Two names as written, whether they are one person's, and the group to count them under."""

    first: str
    second: str
    is_match: bool
    group: str = ""


class Quality(msgspec.Struct, frozen=True):
    """What one way of matching found: recall and precision in [0, 1], None where undefined."""

    recall: float | None
    precision: float | None
    hits: int
    false_hits: int
    false_hits_per_million: float | None


class Counted(msgspec.Struct, frozen=True):
    """The pairs of one group, and how keys and scores did on them."""

    pairs: int
    matches: int
    keys: Quality
    rank: Quality


class Measured(msgspec.Struct, frozen=True):
    """The whole evaluation, with the version of the tables and the threshold it holds for."""

    version: str
    max_keys: int
    threshold: float
    overall: Counted
    groups: dict[str, Counted]
    scripts: dict[str, Counted]


@dataclass
class _Tally:
    matches: int = 0
    others: int = 0
    hits: dict[tuple[str, bool], int] = field(default_factory=dict)

    def add(self, is_match: bool, by_key: bool, by_rank: bool) -> None:
        self.matches += is_match
        self.others += not is_match
        for way, hit in (("keys", by_key), ("rank", by_rank)):
            self.hits[way, is_match] = self.hits.get((way, is_match), 0) + hit

    def counted(self) -> Counted:
        return Counted(self.matches + self.others, self.matches, self._quality("keys"), self._quality("rank"))

    def _quality(self, way: str) -> Quality:
        true, false = self.hits.get((way, True), 0), self.hits.get((way, False), 0)
        return Quality(_share(true, self.matches), _share(true, true + false), true, false,
                       None if not self.others else round(1e6 * false / self.others, 1))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def measure(pairs: Iterable[Pair], threshold: float = THRESHOLD) -> Measured:
    """Return recall and precision on the pairs, which are read once and not kept."""
    overall = _Tally()
    groups: dict[str, _Tally] = {}
    scripts: dict[str, _Tally] = {}
    for pair in pairs:
        by_key = not set(keys(pair.first)).isdisjoint(keys(pair.second))
        by_rank = fit(pair.first, Candidate(pair.second)).score >= threshold
        both = "-".join(sorted((script_name(pair.first), script_name(pair.second))))
        named = [groups.setdefault(pair.group, _Tally())] if pair.group else []
        for tally in (overall, scripts.setdefault(both, _Tally()), *named):
            tally.add(pair.is_match, by_key, by_rank)
    return Measured(VERSION, MAX_KEYS, threshold, overall.counted(), _sorted(groups), _sorted(scripts))


def _sorted(tallies: dict[str, _Tally]) -> dict[str, Counted]:
    return {name: tallies[name].counted() for name in sorted(tallies)}


def script_name(name: str) -> str:
    """Return the script of a name by its first letter: arabic, cyrillic, han or latin (which stands for the rest)."""
    text = next(filter(str.isalpha, folded(name)), "")
    return "han" if is_han(text) else script_of(text)
