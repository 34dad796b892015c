"""Matching keys of a name: what two parties compare without showing each other their lists.

    set(keys("Muhammad Tahir Anwari")) & set(keys("محمد طاهر انوری"))     # not empty: the same name
    keys("Wang Wei", born=1980)                                           # bare Chinese keys collide: give the year

Rules
1. A key is the version, a kind, and the consonants of the words: ``w`` the words in alphabetical order, so their order
   does not matter; ``r`` the run of all words in their order, so it does not matter where a word ends; ``p`` two words
   that are rare enough to stand for a longer name: the first and the last, or the first two.
2. Patronymics, and titles that are often part of a name, are left out where two other words remain.
3. At most 4 keys. A name with several readings keeps the plainest ones.
4. With a year of birth the two best keys are joined with two spans, (year - 1, year) and (year, year + 1): two people
   share a span exactly when their years differ by at most one.
5. A name of fewer than ``MIN_CODES`` consonants has no key without a year: it would hit by chance.

The key holds the consonants in clear: it goes into the private comparison, never over the wire or into a log. A hit is
a reason for a person to look, and no finding that two people are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from hamsaya.matching.names_joined import PINYIN, Word
from hamsaya.matching.names_skeleton import READINGS, skeletons
from hamsaya.matching.names_written import words_of
from hamsaya.matching.scripts import VERSION, words
from hamsaya.matching.scripts.pinyin import spelled

MAX_KEYS = 4
MIN_CODES = 4
MIN_CHINESE_CODES = 6
MIN_RUN_CODES = 8
MIN_PAIR_CODES = 6
YEARS = range(1000, 3000)


def keys(name: str, born: int | None = None) -> tuple[str, ...]:
    """Return the name's matching keys, the best first: 0 to 4, each at most 128 characters.

    Args:
        name: As written, in any script; what has no letters has no key.
        born: Year of birth in the common era, when known.
    Raises:
        ValueError: a year outside 1000 to 2999.
    """
    if born is not None and born not in YEARS:
        raise ValueError(f"expected a year of birth from {YEARS.start} to {YEARS.stop - 1}, received {born}")
    bare = tuple(dict.fromkeys(_bare(name, MIN_CODES if born is None else 1)))
    if born is None:
        return bare[:MAX_KEYS]
    return tuple(f"{key}:{span}" for key in bare[: MAX_KEYS // 2] for span in (born - 1, born))


def core_words(name: str) -> tuple[Word, ...]:
    """Return the words that identify: without weak titles and patronymics where two other words remain."""
    named = [word for word in words_of(name) if any(skeletons(word))]
    strong = [word for word in named if not word.weak]
    strong = strong if len(strong) >= 2 else named
    proper = [word for word in strong if not word.text.endswith(words.PATRONYMICS)]
    return tuple(proper if len(proper) >= 2 else strong)


def _bare(name: str, least: int) -> Iterator[str]:
    core = core_words(name)
    if spelling := _mandarin(core):
        yield _key("c", sorted(spelling))
        least = max(least, MIN_CHINESE_CODES) if any(word.script == PINYIN for word in core) else least
    readings = _readings(core)
    whole = [reading for reading in readings if sum(map(len, reading)) >= least]
    yield from (_key("w", sorted(reading)) for reading in whole[:1])
    if whole and len(run := _run(whole[0])) >= MIN_RUN_CODES:
        yield _key("r", [run])
    yield from (_key("w", sorted(reading)) for reading in whole[1:2])
    if len(core) > 2 and whole:
        first = readings[0]
        yield from (_key("w", sorted(pair)) for pair in ((first[0], first[-1]), (first[0], first[1])) if _rare(pair))


def _readings(core: Sequence[Word]) -> list[tuple[str, ...]]:
    """Return the name as all its words' first readings, then as all their second ones, then mixed."""
    each = [tuple(filter(None, skeletons(word))) for word in core]
    if not each:
        return []
    straight = [tuple(found[min(number, len(found) - 1)] for found in each) for number in range(READINGS)]
    return list(dict.fromkeys([*straight, *islice(product(*each), MAX_KEYS)]))


def _mandarin(core: Sequence[Word]) -> list[str]:
    """Return the words in pinyin where all of a short name may be Mandarin, else nothing."""
    found = [spelling for word in core if (spelling := spelled(word.text, word.script))]
    return found if 2 <= len(core) <= 3 and len(found) == len(core) else []


def _key(kind: str, parts: Sequence[str]) -> str:
    return f"{VERSION}{kind}:{'-'.join(parts)}"


def _run(reading: Sequence[str]) -> str:
    """Return the words' codes as one word: what counts at the head of a word only goes from the later ones."""
    codes = reading[0] + "".join(part.lstrip("AHV") for part in reading[1:])
    return "".join(code for place, code in enumerate(codes) if not place or code != codes[place - 1])


def _rare(pair: Sequence[str]) -> bool:
    frequent = sum(part in words.FREQUENT for part in pair)
    return frequent < 2 and sum(map(len, pair)) >= MIN_PAIR_CODES + frequent
