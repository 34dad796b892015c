"""Rank candidates by how well they fit a name, whatever the scripts, and say why in plain words.

    found = rank("Мухаммад Иқбол", ["محمد اقبال", "Mahmud Iqbal"])
    found[0].candidate == "محمد اقبال"
    found[0].reasons[0] == "мухаммад ~ محمد: same skeleton MMT"

Rules
1. Words are paired, the most alike first. Equal skeletons in any reading are alike to 1; else Jaro-Winkler similarity,
   tempered by the letters in common, of the skeletons, and within one script of the letters, counts where it reaches
   ``ALIKE``. Chinese words are compared as pinyin. An initial fits a word that begins with it. Hasan and Husayn,
   Muhammad and Mahmud, are different names however alike; of compounds with abd the second half is compared.
2. A word weighs by its consonants, a frequent one half, a title that may be left out little.
3. The score is the mean of two shares of weight that found a partner: of the name with less weight, so that a part of a
   long name still fits, and of both. It is lowered where only a word or two fit, and for each name whose first word,
   mostly the person's own, found no partner: relatives share all the others.
4. Names whose run of consonants is the same, only divided otherwise, score at least ``SAME_RUN``.
5. Years of birth, where both are known: at most one apart raises the score a little, more lowers it.

The score is symmetric, in [0, 1], higher is more alike. It is no probability. Measured precision and recall at
``THRESHOLD`` are in docs/matching.md; a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Indel, JaroWinkler

from hamsaya.matching.names_joined import PINYIN, Word
from hamsaya.matching.names_skeleton import skeletons
from hamsaya.matching.names_written import words_of
from hamsaya.matching.scripts import words
from hamsaya.matching.scripts.pinyin import spelled

THRESHOLD = 0.78
"""Default score from which a candidate is shown as a match; chosen on the tuning half of the UN list."""
ALIKE = 0.70
ENOUGH = 6
"""Consonants in paired words from which a fit is not lowered."""
SAME_RUN = 0.95
FREQUENT_WEIGHT, WEAK_WEIGHT, INITIAL_WEIGHT = 0.5, 0.2, 0.2
OTHER_FIRST = 0.8
SHORT = 0.85
SERVANT = "ABT"
"""The skeleton of abd, with which every compound of it begins."""
NEAR_YEARS, FAR_YEARS = 0.03, -0.25


class Candidate(NamedTuple):
    """A name to compare with, as written, and the year of birth where known."""

    name: str
    born: int | None = None


class Ranked(NamedTuple):
    """A candidate as written, its score in [0, 1] (higher is more alike), and why."""

    candidate: str
    score: float
    reasons: tuple[str, ...]


class _Part(NamedTuple):
    word: Word
    skeletons: tuple[str, ...]
    weight: float


class _Pair(NamedTuple):
    similarity: float
    first: int
    second: int
    reason: str


def rank(name: str, candidates: Iterable[str | Candidate], born: int | None = None) -> list[Ranked]:
    """Return every candidate with its score and reasons, the best first; equal scores stay in the given order.

    Args:
        name: As written, in any script.
        candidates: Names, or names with a year of birth.
        born: Year of birth that belongs to ``name``, when known.
    """
    found = [fit(name, one if isinstance(one, Candidate) else Candidate(one), born) for one in candidates]
    return sorted(found, key=lambda one: -one.score)


def fit(name: str, candidate: Candidate, born: int | None = None) -> Ranked:
    """Return how well one candidate fits the name."""
    first, second = _parts(name), _parts(candidate.name)
    pairs = _paired(first, second)
    score = _score(first, second, pairs)
    reasons = [pair.reason for pair in sorted(pairs, key=lambda pair: pair.first)]
    if score < SAME_RUN and len(run := _run(first)) >= ENOUGH and run == _run(second):
        score = SAME_RUN
        reasons.append(f"same run of consonants {run}")
    if score and born is not None and candidate.born is not None:
        near = abs(born - candidate.born) <= 1
        score += NEAR_YEARS if near else FAR_YEARS
        reasons.append(f"years of birth {born} and {candidate.born}")
    return Ranked(candidate.name, round(min(1.0, max(0.0, score)), 4), tuple(reasons or ["no word in common"]))


@lru_cache(maxsize=4_096)
def _parts(name: str) -> tuple[_Part, ...]:
    return tuple(_Part(word, found, _weight(word, found[0])) for word in words_of(name)
                 if any(found := skeletons(word)))


def _weight(word: Word, skeleton: str) -> float:
    if len(word.text) == 1 and word.script != PINYIN:
        return INITIAL_WEIGHT
    weight = min(max(len(skeleton), 1), 5) ** 0.5
    return float(weight) * (WEAK_WEIGHT if word.weak else FREQUENT_WEIGHT if skeleton in words.FREQUENT else 1.0)


def _paired(first: Sequence[_Part], second: Sequence[_Part]) -> list[_Pair]:
    """Return the pairs of words, each word in one at most, the most alike first (rule 1)."""
    every = [pair for here, one in enumerate(first) for there, other in enumerate(second)
             if (pair := _alike(one, other, here, there)).similarity >= ALIKE]
    # The order is the same whichever name comes first, so that the score is symmetric.
    every.sort(key=lambda pair: (-pair.similarity, -first[pair.first].weight - second[pair.second].weight,
                                 sorted((first[pair.first].word.text, second[pair.second].word.text))))
    taken_here: set[int] = set()
    taken_there: set[int] = set()
    kept = []
    for pair in every:
        if pair.first not in taken_here and pair.second not in taken_there:
            taken_here.add(pair.first)
            taken_there.add(pair.second)
            kept.append(pair)
    return kept


def _alike(one: _Part, other: _Part, here: int, there: int) -> _Pair:
    similarity, why = _similarity(one, other)
    return _Pair(similarity, here, there, f"{one.word.text} ~ {other.word.text}: {why}")


def _similarity(one: _Part, other: _Part) -> tuple[float, str]:
    if 1 in (len(one.word.text), len(other.word.text)) and one.word.script == other.word.script != PINYIN:
        same = one.word.text[0] == other.word.text[0]
        return float(same), "an initial" if len(one.word.text) != len(other.word.text) else "same letter"
    if PINYIN in (one.word.script, other.word.script):
        here, there = (spelled(part.word.text, part.word.script) for part in (one, other))
        if here and there:
            return (1.0, f"same pinyin {here}") if here == there else (0.0, "other pinyin")
    if shared := [skeleton for skeleton in one.skeletons if skeleton and skeleton in other.skeletons]:
        return 1.0, f"same skeleton {shared[0]}"
    if one.word.text in words.FIXED and other.word.text in words.FIXED:
        return 0.0, "two different names"
    servants = one.skeletons[0].startswith(SERVANT) and other.skeletons[0].startswith(SERVANT)
    close, pair = max((_near(x, y, servants), f"{x} / {y}") for x in one.skeletons for y in other.skeletons)
    if one.word.script == other.word.script and not servants:
        letters = _close(one.word.text, other.word.text)
        if letters > close:
            return letters, f"letters alike to {letters:.2f}"
    return close, f"skeletons {pair} alike to {close:.2f}"


def _near(one: str, other: str, servants: bool) -> float:
    """Return how close two skeletons are; short ones, and the beginning that all names with abd share, prove less."""
    if servants:
        one, other = one.removeprefix(SERVANT), other.removeprefix(SERVANT)
    return _close(one, other) * (SHORT if min(len(one), len(other)) < 3 else 1.0)


def _close(one: str, other: str) -> float:
    """Return Jaro-Winkler similarity, tempered by the share of letters that both have in order."""
    one, other = sorted((one, other))  # Jaro's count of transpositions depends on the order.
    return (JaroWinkler.similarity(one, other) + Indel.normalized_similarity(one, other)) / 2


def _score(first: Sequence[_Part], second: Sequence[_Part], pairs: Sequence[_Pair]) -> float:
    """Return the score of rules 2 and 3."""
    here, there = sum(part.weight for part in first), sum(part.weight for part in second)
    if not pairs or not here or not there:
        return 0.0
    fitting = [(pair.similarity ** 2, first[pair.first], second[pair.second]) for pair in pairs]
    share_here = sum(alike * one.weight for alike, one, _ in fitting) / here
    share_there = sum(alike * other.weight for alike, _, other in fitting) / there
    both = (share_here * here + share_there * there) / (here + there)
    part = share_here if here < there else share_there if there < here else min(share_here, share_there)
    codes = sum(min(len(one.skeletons[0]), len(other.skeletons[0])) / (2 if _frequent(one) or _frequent(other) else 1)
                for _, one, other in fitting)
    thin = 1.0 if len(first) == len(second) == len(pairs) else min(1.0, 0.7 + 0.3 * codes / ENOUGH)
    return (part + both) / 2 * thin * _given_name(first, second, pairs)


def _given_name(first: Sequence[_Part], second: Sequence[_Part], pairs: Sequence[_Pair]) -> float:
    """Return by what the score falls when the first word of a name, mostly the person's own, has no partner."""
    lost = (_tells(first) and all(pair.first for pair in pairs)) + (
        _tells(second) and all(pair.second for pair in pairs))
    return float(OTHER_FIRST ** lost)


def _tells(parts: Sequence[_Part]) -> bool:
    return not parts[0].word.weak and parts[0].skeletons[0] not in ("MMT", "AB") and len(parts[0].word.text) > 1


def _frequent(part: _Part) -> bool:
    return part.word.weak or part.skeletons[0] in words.FREQUENT


def _run(parts: Sequence[_Part]) -> str:
    return "".join(part.skeletons[0] if not place else part.skeletons[0].lstrip("AHV")
                   for place, part in enumerate(parts))
